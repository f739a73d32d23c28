/** The keys of a home, all of WebCrypto: P-256 to sign with, AES-GCM around the identity protection key. */
import type { Core } from "../core.js";
import { StorageError } from "../errors.js";
import { decodeAs, field, octets, struct, type Schema } from "../schema.js";
import { subtle } from "./backup.js";

const ecdsa = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;
const nonceSize = 12;

/** What a home is, apart from how its keys are kept. Certificates are Matter TLV. */
export interface Identity {
    label: string;
    fabricId: bigint;
    adminNodeId: bigint;
    adminVendorId: number;
    rootCertificate: Uint8Array;
    noc: Uint8Array;
}

export interface SigningKeys {
    rootKey: CryptoKey;
    operationalKey: CryptoKey;
}

/** The identity protection key, encrypted under a key that cannot be read. */
export interface SealedIpk {
    key: CryptoKey;
    nonce: Uint8Array;
    octets: Uint8Array;
}

/** A new key to sign with. extractable is the same key, to be let go when there is a backup. */
export async function generateKey(): Promise<{ key: CryptoKey; extractable: CryptoKey; publicKey: Uint8Array }> {
    const pair = await subtle().generateKey(ecdsa, true, ["sign", "verify"]);
    const pkcs8 = await exportKey(pair.privateKey);
    try {
        const publicKey = new Uint8Array(await subtle().exportKey("raw", pair.publicKey));
        return { key: await importKey(pkcs8), extractable: pair.privateKey, publicKey };
    } finally {
        pkcs8.fill(0);
    }
}

/** PKCS #8, the caller's to erase. */
export async function exportKey(key: CryptoKey): Promise<Uint8Array> {
    return new Uint8Array(await subtle().exportKey("pkcs8", key));
}

/** A key that can sign and cannot be read. */
export function importKey(pkcs8: Uint8Array): Promise<CryptoKey> {
    return subtle().importKey("pkcs8", pkcs8 as BufferSource, ecdsa, false, ["sign"]);
}

/** r‖s, 64 octets. */
export async function sign(key: CryptoKey, data: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await subtle().sign(signing, key, data as BufferSource));
}

/** fabric is authenticated with the key: one home's does not open as another's. */
export async function sealIpk(ipk: Uint8Array, fabricId: bigint): Promise<SealedIpk> {
    const key = await subtle().generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const nonce = crypto.getRandomValues(new Uint8Array(nonceSize));
    const sealed = await subtle().encrypt({ name: "AES-GCM", iv: nonce, additionalData: fabricOctets(fabricId) }, key, ipk as BufferSource);
    return { key, nonce, octets: new Uint8Array(sealed) };
}

/** The caller's to erase. */
export async function openIpk(sealed: SealedIpk, fabricId: bigint): Promise<Uint8Array> {
    const algorithm = { name: "AES-GCM", iv: sealed.nonce as BufferSource, additionalData: fabricOctets(fabricId) };
    return new Uint8Array(await subtle().decrypt(algorithm, sealed.key, sealed.octets as BufferSource));
}

/**
 * Makes sure that keys, certificates and identity protection key belong together and work.
 *
 * @returns the compressed fabric ID, 8 octets
 * @throws an error that says what does not
 */
export async function prove(core: Core, identity: Identity, keys: SigningKeys, ipk: Uint8Array): Promise<Uint8Array> {
    const { fabricId, adminNodeId, adminVendorId, rootCertificate, noc } = identity;
    const handle = core.open();
    try {
        const fabric = handle.request(performance.now(), "openExternal", { rootCertificate, noc, ipk, adminVendorId });
        if (fabric.fabricId !== fabricId || fabric.adminNodeId !== adminNodeId) throw new StorageError("the home's certificate is of another fabric or node");
        await Promise.all([proveKey(keys.rootKey, rootCertificate), proveKey(keys.operationalKey, noc)]);
        return fabric.compressedId;
    } finally {
        handle.close(performance.now());
        while (handle.next() !== undefined); // nothing was sent: the handle is given back
    }
}

/** A signature of the key must be one by the key of the certificate. */
async function proveKey(key: CryptoKey, certificate: Uint8Array): Promise<void> {
    const { publicKey } = decodeAs(withPublicKey, certificate);
    const verifying = await subtle().importKey("raw", publicKey as BufferSource, ecdsa, true, ["verify"]);
    const challenge = crypto.getRandomValues(new Uint8Array(32));
    const signature = await sign(key, challenge);
    if (!(await subtle().verify(signing, verifying, signature as BufferSource, challenge))) throw new StorageError("a key of the home is not the one of its certificate");
}

const withPublicKey: Schema<{ publicKey: Uint8Array }> = struct({ publicKey: field(9, octets(65, 65)) });

function fabricOctets(fabricId: bigint): Uint8Array<ArrayBuffer> {
    const octets = new Uint8Array(8);
    new DataView(octets.buffer).setBigUint64(0, fabricId);
    return octets;
}
