/**
 * The core's cryptographic primitives, on plain octets. Each throws the core's errors. wasm/README.md,
 * "Primitives", has the other side.
 */
import { core } from "../core.js";

/** The most octets that one call may bring. */
export const roomSize = 262_144;
/** Octets of the keys, nonces and tags that the core's AES-CCM has, and its longest texts. Matter Core §3.6. */
export const ccm = { keySize: 16, nonceSize: 13, tagSize: 16, maxText: 0xffff, maxAssociated: 0xfeff } as const;
/** Octets of scalars, points and signatures of P-256. */
export const scalarSize = 32, pointSize = 65, signatureSize = 64;
/** The most octets that a key derivation gives. */
export const maxDerived: number = 255 * 32;

const none: Uint8Array = new Uint8Array(0);

/** Brings octets, one part after the other. They must fit. */
function bring(...parts: readonly Uint8Array[]): void {
    const { buffer } = core();
    let at = 0;
    for (const part of parts) {
        buffer.set(part, at);
        at += part.length;
    }
}

/** A copy of a result, which is erased where it was: it may be a secret. */
function take(length: number): Uint8Array {
    const there = core().buffer.subarray(0, length);
    const octets = there.slice();
    there.fill(0);
    return octets;
}

/** AES-128-CCM with a tag of 16 octets. */
export function seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array = none, text: Uint8Array): Uint8Array {
    return transform("cryptoSeal", key, nonce, associated, text);
}

/** @throws AuthenticationError if it was not sealed so */
export function open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array = none, sealed: Uint8Array): Uint8Array {
    return transform("cryptoOpen", key, nonce, associated, sealed);
}

function transform(name: "cryptoSeal" | "cryptoOpen", key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, text: Uint8Array): Uint8Array {
    bring(key, nonce, associated, text);
    const start = ccm.keySize + ccm.nonceSize + associated.length;
    try {
        const length = core().call(name, associated.length, text.length);
        return core().octets(start + length, start);
    } finally {
        core().buffer.fill(0, 0, ccm.keySize);
    }
}

export function sha256(octets: Uint8Array): Uint8Array {
    bring(octets);
    return core().octets(core().call("cryptoSHA256", octets.length));
}

export function hmac(key: Uint8Array, octets: Uint8Array): Uint8Array {
    bring(key, octets);
    return take(core().call("cryptoHMAC", key.length, octets.length));
}

export function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    bring(secret, salt, info);
    return take(core().call("cryptoHKDF", secret.length, salt.length, info.length, length));
}

export function pbkdf2(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array {
    bring(password, salt);
    return take(core().call("cryptoPBKDF2", password.length, salt.length, iterations, length));
}

export function keyPair(): { privateKey: Uint8Array; publicKey: Uint8Array } {
    const both = take(core().call("cryptoKeyPair"));
    return { privateKey: both.slice(0, scalarSize), publicKey: both.slice(scalarSize) };
}

export function ecdh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    bring(privateKey, publicKey);
    return take(core().call("cryptoECDH"));
}

/** ECDSA over SHA-256 of the message. @returns r ‖ s */
export function sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
    bring(privateKey, message);
    return core().octets(core().call("cryptoSign", message.length));
}

export function verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
    bring(publicKey, signature, message);
    return core().call("cryptoVerify", message.length) === 1;
}

export function multiply(point: Uint8Array, scalar: Uint8Array): Uint8Array {
    bring(point, scalar);
    return take(core().call("cryptoMultiply"));
}

export function add(a: Uint8Array, b: Uint8Array): Uint8Array {
    bring(a, b);
    return take(core().call("cryptoAdd"));
}

export function negate(point: Uint8Array): Uint8Array {
    bring(point);
    return take(core().call("cryptoNegate"));
}
