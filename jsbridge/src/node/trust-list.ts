/**
 * The lists of product attestation authorities (PAA) by which devices are judged: read, made of
 * certificates, kept, and renewed from the public ledger. Form: session/commission/trust.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { CredentialStore } from "../commission/types.js";
import { MatterError, TlvError } from "../errors.js";
import { hexOf } from "../hex.js";
import { octetsFrom } from "../load.js";
import { arrayOf, bool, decodeAs, encodeAs, field, octets, optional, struct, uint16, uint32, uint8, type Schema } from "../schema.js";
import { parse, toValue, type TlvElement } from "../tlv.js";
import { productionTrust, testTrust } from "../trust.js";

/** One authority. Times are seconds since 2000. */
export interface Authority {
    /** The name, DER. */
    subject: Uint8Array;
    /** When stated, it vouches for this vendor alone. */
    vendorId?: number | undefined;
    subjectKeyId: Uint8Array;
    publicKey: Uint8Array;
    notBefore: number | bigint;
    notAfter: number | bigint;
    /** Of the certificate. */
    sha256: Uint8Array;
    test?: boolean | undefined;
}

export interface TrustList {
    form: number;
    /** When the list was made, seconds since 2000. */
    collected: number;
    authorities: readonly Authority[];
}

/** Seconds up to the year 9999: more than 32 bits, far from 64. */
const seconds: Schema<number | bigint> = {
    name: "seconds",
    toElement: (value, tag) => ({ tag, type: "uint", value }),
    fromElement(element: TlvElement, path) {
        if (element.type !== "uint") throw new TlvError(`${element.type} where seconds are due`, path);
        return toValue(element) as number | bigint;
    },
    toJson: value => Number(value),
    fromJson: json => Number(json),
};
const list: Schema<TrustList> = struct({
    form: field(0, uint8),
    collected: field(1, uint32),
    authorities: field(2, arrayOf(struct<Authority>({
        subject: field(0, octets()), vendorId: optional(1, uint16), subjectKeyId: field(2, octets(20, 20)), publicKey: field(3, octets(65, 65)),
        notBefore: field(4, seconds), notAfter: field(5, seconds), sha256: field(6, octets(32, 32)), test: optional(7, bool),
    }))),
});

/** Something is wrong with a certificate or with what the ledger said. */
export class TrustError extends MatterError {}

const matterEpoch = 946_684_800;
/** The public ledger's REST address. */
export const ledgerUrl = "https://on.dcl.csa-iot.org";
const maxCertificates = 1000;
/** Requests at a time. */
const parallel = 8;

export function parseTrustList(octets: Uint8Array): TrustList {
    parse(octets);
    const parsed = decodeAs(list, octets);
    if (parsed.form !== 1) throw new TrustError(`a trust list of form ${parsed.form}, this version reads form 1`);
    return parsed;
}

export function writeTrustList(authorities: readonly Authority[], collected: number): Uint8Array {
    return encodeAs(list, { form: 1, collected, authorities });
}

/** The authorities of certificates in PEM (any number) or DER (one). Each must be a self-signed P-256 CA certificate. */
export function authoritiesOf(file: Uint8Array, options: { test?: boolean } = {}): Authority[] {
    const text = new TextDecoder("latin1").decode(file);
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
    if (blocks === null && text.includes("-----BEGIN")) throw new TrustError("the PEM file holds no certificate");
    return (blocks ?? [file]).map(block => authorityOf(block, options.test === true));
}

function authorityOf(encoded: string | Uint8Array, test: boolean): Authority {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(encoded);
    } catch (cause) {
        throw new TrustError("not an X.509 certificate", { cause });
    }
    const name = certificate.subject.replaceAll("\n", ", ");
    const { kty, crv, x, y } = keyOf(certificate);
    if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined) throw new TrustError(`"${name}" has no P-256 key`);
    if (!certificate.ca) throw new TrustError(`"${name}" is not an authority's certificate`);
    if (!certificate.verify(certificate.publicKey)) throw new TrustError(`"${name}" is not signed by itself: a product authority is its own root`);
    const publicKey = Uint8Array.of(4, ...Buffer.from(x, "base64url"), ...Buffer.from(y, "base64url"));
    const subject = subjectOf(new Uint8Array(certificate.raw));
    const vendor = vendorOf(subject);
    const authority: Authority = {
        subject,
        // Matter Core §6.2.2.3: the SHA-1 of the public key.
        subjectKeyId: new Uint8Array(createHash("sha1").update(publicKey).digest()),
        publicKey,
        notBefore: secondsOf(certificate.validFrom),
        notAfter: secondsOf(certificate.validTo),
        sha256: new Uint8Array(createHash("sha256").update(certificate.raw).digest()),
    };
    if (vendor !== undefined) authority.vendorId = vendor;
    if (test) authority.test = true;
    return authority;
}

/** Nothing of keys that have no such form: other curves than JSON Web Keys know, DSA. */
function keyOf(certificate: X509Certificate): JsonWebKey {
    try {
        return certificate.publicKey.export({ format: "jwk" });
    } catch {
        return {};
    }
}

function secondsOf(date: string): number {
    return Math.max(0, Math.floor(Date.parse(date) / 1000) - matterEpoch);
}

/** The subject of a certificate, as it stands: the sixth member of the part that is signed. RFC 5280 §4.1. */
function subjectOf(der: Uint8Array): Uint8Array {
    const element = (at: number): { content: number; end: number } => {
        const first = der[at + 1] ?? 0;
        if (first < 0x80) return { content: at + 2, end: at + 2 + first };
        const count = first & 0x7f;
        const length = der.subarray(at + 2, at + 2 + count).reduce((sum, octet) => sum * 256 + octet, 0);
        return { content: at + 2 + count, end: at + 2 + count + length };
    };
    // Certificate, tbsCertificate; then version, serial, algorithm, issuer and validity are passed over.
    let at = element(element(0).content).content;
    for (let i = 0; i < 5; i++) at = element(at).end;
    return der.slice(at, element(at).end);
}

/** The vendor in a name: its own attribute, else `Mvid:XXXX` in the common name. Matter Core §6.2.2.2. */
function vendorOf(subject: Uint8Array): number | undefined {
    const text = Array.from(subject, octet => String.fromCharCode(octet)).join("");
    const oid = "\x06\x0a\x2b\x06\x01\x04\x01\x82\xa2\x7c\x02\x01";
    const at = text.indexOf(oid);
    const stated = at < 0 ? /Mvid:([0-9A-F]{4})/.exec(text)?.[1] : /^[\x0c\x13]\x04([0-9A-F]{4})/.exec(text.slice(at + oid.length))?.[1];
    return stated === undefined ? undefined : parseInt(stated, 16);
}

/** What is kept in a directory beside the fabric. */
const keys = { imported: "trust-imported", ledger: "trust-ledger", test: "trust-test" } as const;
export type TrustKind = keyof typeof keys;

export class TrustStore {
    readonly #storage: CredentialStore;
    constructor(storage: CredentialStore) {
        this.#storage = storage;
    }

    async load(kind: TrustKind): Promise<TrustList | undefined> {
        const stored = await this.#storage.load(keys[kind]);
        try {
            return stored === undefined ? undefined : parseTrustList(stored);
        } catch (cause) {
            throw new TrustError(`the stored trust list "${keys[kind]}" cannot be read: it is damaged, or of a newer version`, { cause });
        }
    }

    /** Adds authorities to those of a kind that are kept; returns how many are new. */
    add(kind: "imported" | "test", authorities: readonly Authority[]): Promise<number> {
        return this.#storage.exclusive(keys[kind], async () => {
            const known = (await this.load(kind))?.authorities ?? [];
            const all = distinct([...known, ...authorities]);
            await this.#storage.save(keys[kind], writeTrustList(all, now()));
            return all.length - known.length;
        });
    }

    /** Keeps what the ledger says, in place of the list that ships with the package. */
    replaceLedger(authorities: readonly Authority[]): Promise<void> {
        return this.#storage.save(keys.ledger, writeTrustList(authorities, now()));
    }

    /** The list in force: the ledger's if it was fetched, else the shipped one; and what was imported. */
    async production(): Promise<{ list: TrustList; octets: Uint8Array; source: "shipped" | "ledger" }> {
        const [ledger, imported] = await Promise.all([this.load("ledger"), this.load("imported")]);
        const base = ledger ?? parseTrustList(await octetsFrom(productionTrust));
        const authorities = distinct([...base.authorities, ...(imported?.authorities ?? [])]);
        const { collected } = base;
        return { list: { form: 1, collected, authorities }, octets: writeTrustList(authorities, collected), source: ledger === undefined ? "shipped" : "ledger" };
    }

    /** Authorities for tests: the shipped ones and those imported as such. */
    async test(): Promise<{ list: TrustList; octets: Uint8Array }> {
        const [shipped, imported] = [parseTrustList(await octetsFrom(testTrust)), await this.load("test")];
        const authorities = distinct([...shipped.authorities, ...(imported?.authorities ?? [])]);
        return { list: { ...shipped, authorities }, octets: writeTrustList(authorities, shipped.collected) };
    }
}

function distinct(authorities: readonly Authority[]): Authority[] {
    return [...new Map(authorities.map(authority => [hexOf(authority.sha256), authority])).values()];
}

function now(): number {
    return Math.floor(Date.now() / 1000) - matterEpoch;
}

/**
 * Fetches the product attestation authorities that the ledger holds approved.
 *
 * The answers are not signed: they are as good as the connection's certificate. Each authority's
 * own signature is checked all the same. One bad answer fails the whole: half a list is worse than
 * an old one.
 */
export async function fetchLedger(url: string = ledgerUrl, signal?: AbortSignal): Promise<Authority[]> {
    const roots = await getJson(`${url}/dcl/pki/root-certificates`, signal);
    const entries = arrayAt(roots, "approvedRootCertificates", "certs");
    if (entries.length === 0) throw new TrustError("the ledger names no authority at all: its list is not taken over");
    if (entries.length > maxCertificates) throw new TrustError(`the ledger names ${entries.length} roots, at most ${maxCertificates} are taken`);
    const authorities: Authority[] = [];
    const one = async (entry: unknown): Promise<void> => {
        const { subject, subjectKeyId } = entry as { subject?: unknown; subjectKeyId?: unknown };
        if (typeof subject !== "string" || typeof subjectKeyId !== "string") throw new TrustError("the ledger's list has an entry without subject or key ID");
        const answer = await getJson(`${url}/dcl/pki/certificates/${encodeURIComponent(subject)}/${encodeURIComponent(subjectKeyId)}`, signal);
        for (const certificate of arrayAt(answer, "approvedCertificates", "certs")) {
            const { pemCert, isRoot, certificateType } = certificate as { pemCert?: unknown; isRoot?: unknown; certificateType?: unknown };
            // The ledger also holds operational roots and vendors' signers: they vouch for no device.
            if (isRoot === false || (typeof certificateType === "string" && certificateType !== "DeviceAttestationPKI")) continue;
            if (typeof pemCert !== "string") throw new TrustError(`the ledger gave no certificate for ${subjectKeyId}`);
            authorities.push(...authoritiesOf(new TextEncoder().encode(pemCert)));
        }
    };
    const queue = [...entries];
    await Promise.all(Array.from({ length: parallel }, async () => {
        for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) await one(entry);
    }));
    return distinct(authorities).sort((a, b) => hexOf(a.subjectKeyId).localeCompare(hexOf(b.subjectKeyId)));
}

async function getJson(url: string, signal: AbortSignal | undefined): Promise<unknown> {
    try {
        const limit = AbortSignal.timeout(30_000);
        const response = await fetch(url, { signal: signal === undefined ? limit : AbortSignal.any([signal, limit]), headers: { accept: "application/json" } });
        if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
        return await response.json();
    } catch (cause) {
        if (signal?.aborted) throw signal.reason;
        const reason = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
        throw new TrustError(`the ledger could not be asked (${new URL(url).origin}): ${reason}`, { cause });
    }
}

function arrayAt(value: unknown, outer: string, inner: string): readonly unknown[] {
    const found = (value as Record<string, Record<string, unknown> | undefined> | null)?.[outer]?.[inner];
    if (!Array.isArray(found)) throw new TrustError(`the ledger's answer has no ${outer}.${inner}`);
    return found;
}
