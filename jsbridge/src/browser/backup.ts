/**
 * The file that a home's backup is: its form, and what can be told apart when one is read. docs/storage.md describes it
 * for other readers.
 *
 *     magic 8 │ version u16 │ derivation u8 │ cipher u8 │ iterations u32 │ salt 16 │ nonce 12 │ length u32 │ sealed │ SHA-256 32
 *
 * Numbers are big-endian. All before "sealed" is authenticated with it. The hash at the end is of all before it, in
 * this and in every later version: it has no key and protects against nothing but accidents, and so tells a damaged
 * file from a wrong passphrase.
 */
import { BackupError, MatterError } from "../errors.js";
import { decodeAs, encodeAs, field, id64, octets, optional, struct, text, uint16, uint64, uint8, type Schema } from "../schema.js";

/** What a backup holds. Keys are PKCS #8. */
export interface BackupContent {
    label: string;
    fabricId: bigint;
    adminNodeId: bigint;
    adminVendorId: number;
    /** Matter TLV. */
    rootCertificate: Uint8Array;
    noc: Uint8Array;
    ipk: Uint8Array;
    rootKey: Uint8Array;
    operationalKey: Uint8Array;
    /** The list of nodes as it is stored. */
    nodes?: Uint8Array | undefined;
    /** When this home was made, milliseconds since 1970. */
    createdAt: bigint;
}

type Content = BackupContent & { version: number };
const contentVersion = 1;
const head: Schema<{ version: number }> = struct({ version: field(0, uint8) });
const content: Schema<Content> = struct<Content>({
    version: field(0, uint8), label: field(1, text(32)), fabricId: field(2, id64), adminNodeId: field(3, id64), adminVendorId: field(4, uint16),
    rootCertificate: field(5, octets(1, 400)), noc: field(6, octets(1, 400)), ipk: field(7, octets(16, 16)), rootKey: field(8, octets(1, 512)),
    operationalKey: field(9, octets(1, 512)), nodes: optional(10, octets(0, 0xffffff)), createdAt: field(11, uint64),
});

/** Not text to begin with, and changed by whatever takes it for text. */
const magic = Uint8Array.of(0x89, 0x4d, 0x53, 0x48, 0x0d, 0x0a, 0x1a, 0x0a);
const version = 1;
const pbkdf2Sha256 = 1, aes256Gcm = 1;
/** OWASP's recommendation for PBKDF2 with SHA-256 of 2023. */
export const iterations = 600_000;
/** A file that asks for more would only keep the reader busy. */
const maxIterations = 10_000_000;
const minPassphrase = 8;
const at = { version: 8, derivation: 10, cipher: 11, iterations: 12, salt: 16, nonce: 32, length: 44, sealed: 48 } as const;
const tagSize = 16, hashSize = 32;

/**
 * @returns the passphrase as it is used: composed (NFC), without white space around it, so that it is the same on every
 * keyboard and after pasting
 * @throws {@link BackupError} if it is shorter than 8 characters
 */
export function checkPassphrase(passphrase: string): string {
    const normal = normalize(passphrase);
    if ([...normal].length < minPassphrase) throw new BackupError("passphrase", `a passphrase has at least ${minPassphrase} characters`);
    return normal;
}

/** Encrypts content into a file, under a salt and a nonce of its own. */
export async function sealBackup(value: BackupContent, passphrase: string): Promise<Uint8Array> {
    const normal = checkPassphrase(passphrase);
    const plain = encodeAs(content, { ...value, version: contentVersion });
    try {
        const file = new Uint8Array(at.sealed + plain.length + tagSize + hashSize);
        const view = new DataView(file.buffer);
        file.set(magic);
        view.setUint16(at.version, version);
        view.setUint8(at.derivation, pbkdf2Sha256);
        view.setUint8(at.cipher, aes256Gcm);
        view.setUint32(at.iterations, iterations);
        const salt = crypto.getRandomValues(file.subarray(at.salt, at.nonce));
        const nonce = crypto.getRandomValues(file.subarray(at.nonce, at.length));
        view.setUint32(at.length, plain.length + tagSize);
        const key = await derive(normal, salt, iterations);
        const sealed = await subtle().encrypt({ name: "AES-GCM", iv: nonce, additionalData: file.slice(0, at.sealed) }, key, plain as BufferSource);
        file.set(new Uint8Array(sealed), at.sealed);
        file.set(await hash(file.subarray(0, file.length - hashSize)), file.length - hashSize);
        return file;
    } finally {
        plain.fill(0);
    }
}

/** Whether octets look like a whole file of this version. @throws {@link BackupError} that says what they are instead */
export function checkBackup(file: Uint8Array): Promise<void> {
    return parse(file).then(() => {});
}

/** Decrypts a file. @throws {@link BackupError} */
export async function openBackup(file: Uint8Array, passphrase: string): Promise<BackupContent> {
    const parts = await parse(file);
    const key = await derive(normalize(passphrase), parts.salt, parts.iterations);
    let plain: Uint8Array;
    try {
        plain = new Uint8Array(await subtle().decrypt({ name: "AES-GCM", iv: parts.nonce, additionalData: parts.header }, key, parts.sealed));
    } catch (cause) {
        throw new BackupError("wrong-passphrase", "this is not the passphrase of the backup", { cause });
    }
    try {
        if (decodeAs(head, plain).version > contentVersion) throw new BackupError("newer", "the backup was made by a newer version");
        const { version: _, ...value } = decodeAs(content, plain);
        return value;
    } catch (cause) {
        if (cause instanceof BackupError) throw cause;
        throw new BackupError("damaged", "the backup's content cannot be read", { cause });
    } finally {
        plain.fill(0);
    }
}

interface Parts {
    header: Uint8Array<ArrayBuffer>;
    salt: Uint8Array<ArrayBuffer>;
    nonce: Uint8Array<ArrayBuffer>;
    sealed: Uint8Array<ArrayBuffer>;
    iterations: number;
}

async function parse(given: Uint8Array): Promise<Parts> {
    const file = new Uint8Array(given); // a copy: the caller may change its own while this waits
    if (!magic.every((octet, i) => file[i] === octet)) throw new BackupError("not-a-backup", "this file is not a backup of a home");
    const body = file.subarray(0, Math.max(0, file.length - hashSize));
    const want = await hash(body);
    if (body.length < at.version + 2 || !want.every((octet, i) => file[body.length + i] === octet)) {
        throw new BackupError("damaged", "the backup is damaged: part of it is missing or was changed");
    }
    const view = new DataView(body.buffer, 0, body.length);
    if (view.getUint16(at.version) > version) throw new BackupError("newer", "the backup was made by a newer version");
    if (body.length < at.sealed + tagSize || view.getUint16(at.version) !== version || view.getUint32(at.length) !== body.length - at.sealed) {
        throw new BackupError("damaged", "the backup is damaged: its parts have other sizes than it says");
    }
    if (view.getUint8(at.derivation) !== pbkdf2Sha256 || view.getUint8(at.cipher) !== aes256Gcm) {
        throw new BackupError("damaged", "the backup is damaged: it names methods that this version never had");
    }
    const count = view.getUint32(at.iterations);
    if (count < iterations || count > maxIterations) throw new BackupError("damaged", "the backup is damaged: its number of iterations is out of range");
    return {
        header: body.slice(0, at.sealed), salt: body.slice(at.salt, at.nonce), nonce: body.slice(at.nonce, at.length), sealed: body.slice(at.sealed), iterations: count,
    };
}

async function derive(passphrase: string, salt: Uint8Array<ArrayBuffer>, count: number): Promise<CryptoKey> {
    const octets = new TextEncoder().encode(passphrase);
    const material = await subtle().importKey("raw", octets, "PBKDF2", false, ["deriveKey"]);
    octets.fill(0);
    return subtle().deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: count }, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function hash(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return new Uint8Array(await subtle().digest("SHA-256", data));
}

function normalize(passphrase: string): string {
    return passphrase.normalize("NFC").trim();
}

/** WebCrypto, which a page has in secure contexts only. */
export function subtle(): SubtleCrypto {
    const found = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
    if (found === undefined) throw new MatterError("there is no WebCrypto here: a page has it only in a secure context (https or localhost)");
    return found;
}
