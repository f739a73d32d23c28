/**
 * `Crypto` of matter.js 0.17.9 on this package's core:
 *
 * ```js
 * import "@matter/main";
 * import { installCrypto } from "matter-session/matterjs/crypto";
 * await installCrypto();
 * ```
 *
 * What the platform has and does faster stays with it. docs/matterjs.md says what, and by which measurement.
 */
import {
    Bytes, Crypto, CryptoDecryptError, CryptoVerifyError, EcdsaSignature, Entropy, Environment, NodeJsStyleCrypto, PrivateKey, StandardCrypto,
    type HashAlgorithm, type PublicKey,
} from "@matter/general";
import { start } from "../core.js";
import { AuthenticationError, ImplementationError } from "../errors.js";
import type { BlobSource } from "../load.js";
import * as primitives from "./primitives.js";

type Streamed = ReadableStreamDefaultReader<Bytes> | AsyncIterator<Bytes>;

/** The members of matter.js's Crypto that compute something. */
export type Primitive =
    | "encrypt" | "decrypt" | "cmac" | "randomBytes" | "computeHash" | "createPbkdf2Key" | "createHkdfKey" | "signHmac" | "signEcdsa"
    | "verifyEcdsa" | "createKeyPair" | "generateDhSecret" | "ecMultiply" | "ecAdd" | "ecNegate";

/** How often each was called, by who computed it. */
export interface CryptoCalls {
    readonly core: Readonly<Record<Primitive, number>>;
    readonly platform: Readonly<Record<Primitive, number>>;
}

/** `core`: whatever the core has is done there. `fastest`: what the platform does faster stays with it. */
export type CryptoChoice = "fastest" | "core";

export interface CryptoOptions {
    /** "fastest" when not given. */
    choice?: CryptoChoice | undefined;
    /** What is there besides the core; when not given, what the environment has, or else matter.js's StandardCrypto. */
    platform?: Crypto | undefined;
}

/** Up to how many octets the core is the faster one. */
interface Limits {
    readonly encrypt: number;
    readonly computeHash: number;
    readonly signHmac: number;
    /** Whether operations with a private or public key of P-256 are the core's. */
    readonly keys: boolean;
    readonly createPbkdf2Key: boolean;
}

// Measured by jsbridge/bench/crypto.mjs; docs/matterjs.md.
const limits: Readonly<Record<"core" | "node" | "web", Limits>> = {
    core: { encrypt: Infinity, computeHash: Infinity, signHmac: Infinity, keys: true, createPbkdf2Key: true },
    node: { encrypt: 200, computeHash: 64, signHmac: 64, keys: false, createPbkdf2Key: false },
    web: { encrypt: Infinity, computeHash: 300, signHmac: 300, keys: false, createPbkdf2Key: false },
};

/** One below the order of P-256: the largest scalar that matter.js multiplies by. */
const maxScalar = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550n;

/**
 * matter.js's cryptographic service. The core must have been started.
 *
 * Calls that the core has no part for — tags other than 16 octets, nonces other than 13, other hashes,
 * inputs that are refused — go to the platform's implementation, so their results and errors are its own.
 */
export class MatterSessionCrypto extends Crypto {
    override implementationName = "matter-session";
    readonly #platform: Crypto;
    readonly #limits: Limits;
    readonly #core: Record<Primitive, number> = zeros();
    readonly #others: Record<Primitive, number> = zeros();

    constructor({ choice = "fastest", platform = new StandardCrypto() }: CryptoOptions = {}) {
        super();
        if (choice !== "fastest" && choice !== "core") throw new ImplementationError(`choice is ${String(choice)}, it must be "fastest" or "core"`);
        if (!(platform instanceof Crypto)) throw new ImplementationError("platform must be a Crypto of the same @matter/general");
        this.#platform = platform;
        this.#limits = limits[choice === "core" ? "core" : platform instanceof NodeJsStyleCrypto ? "node" : "web"];
    }

    /** How often each primitive was called so far. */
    get calls(): CryptoCalls {
        return { core: { ...this.#core }, platform: { ...this.#others } };
    }

    override encrypt(key: Bytes, data: Bytes, nonce: Bytes, aad?: Bytes, tagLength: number = primitives.ccm.tagSize): Bytes {
        if (!this.#seals(key, data.byteLength, nonce, aad, tagLength)) return this.#elsewhere("encrypt").encrypt(key, data, nonce, aad, tagLength);
        this.#core.encrypt++;
        return primitives.seal(Bytes.of(key), Bytes.of(nonce), aad && Bytes.of(aad), Bytes.of(data));
    }

    override decrypt(key: Bytes, data: Bytes, nonce: Bytes, aad?: Bytes, tagLength: number = primitives.ccm.tagSize): Bytes {
        const length = data.byteLength - primitives.ccm.tagSize;
        if (length < 0 || !this.#seals(key, length, nonce, aad, tagLength)) return this.#elsewhere("decrypt").decrypt(key, data, nonce, aad, tagLength);
        this.#core.decrypt++;
        try {
            return primitives.open(Bytes.of(key), Bytes.of(nonce), aad && Bytes.of(aad), Bytes.of(data));
        } catch (cause) {
            if (cause instanceof AuthenticationError) throw new CryptoDecryptError("aes-128-ccm decryption failed: the tag does not fit", { cause });
            throw cause;
        }
    }

    override cmac(key: Bytes, data: Bytes): Bytes {
        return this.#elsewhere("cmac").cmac(key, data);
    }

    override randomBytes(length: number): Bytes {
        return this.#elsewhere("randomBytes").randomBytes(length);
    }

    override computeHash(data: Bytes | Bytes[] | Streamed, algorithm: HashAlgorithm = "SHA-256"): ReturnType<Crypto["computeHash"]> {
        const parts = algorithm !== "SHA-256" ? undefined : Bytes.isBytes(data) ? [data] : Array.isArray(data) ? data : undefined;
        if (parts === undefined || sizeOf(parts) > Math.min(this.#limits.computeHash, primitives.roomSize)) {
            return this.#elsewhere("computeHash").computeHash(data, algorithm);
        }
        this.#core.computeHash++;
        return primitives.sha256(joined(parts));
    }

    override createPbkdf2Key(secret: Bytes, salt: Bytes, iteration: number, keyLength: number): ReturnType<Crypto["createPbkdf2Key"]> {
        const fits = Number.isInteger(iteration) && iteration >= 1 && iteration < 2 ** 31 && derives(keyLength) && sizeOf([secret, salt]) <= primitives.roomSize;
        if (!this.#limits.createPbkdf2Key || !fits) return this.#elsewhere("createPbkdf2Key").createPbkdf2Key(secret, salt, iteration, keyLength);
        this.#core.createPbkdf2Key++;
        return primitives.pbkdf2(Bytes.of(secret), Bytes.of(salt), iteration, keyLength);
    }

    override createHkdfKey(secret: Bytes, salt: Bytes, info: Bytes, length: number = primitives.ccm.keySize): ReturnType<Crypto["createHkdfKey"]> {
        // node:crypto and WebCrypto bound info and salt otherwise.
        if (!derives(length) || sizeOf([secret, salt, info]) > 1024) return this.#elsewhere("createHkdfKey").createHkdfKey(secret, salt, info, length);
        this.#core.createHkdfKey++;
        return primitives.hkdf(Bytes.of(secret), Bytes.of(salt), Bytes.of(info), length);
    }

    override signHmac(key: Bytes, data: Bytes): ReturnType<Crypto["signHmac"]> {
        // WebCrypto refuses an empty key.
        if (key.byteLength === 0 || sizeOf([key, data]) > Math.min(this.#limits.signHmac, primitives.roomSize)) return this.#elsewhere("signHmac").signHmac(key, data);
        this.#core.signHmac++;
        return primitives.hmac(Bytes.of(key), Bytes.of(data));
    }

    override signEcdsa(privateKey: JsonWebKey, data: Bytes | Bytes[]): ReturnType<Crypto["signEcdsa"]> {
        const parts = Array.isArray(data) ? data : [data];
        const scalar = this.#limits.keys && fits(parts) ? scalarOf(privateKey) : undefined;
        const signature = scalar && this.#attempt("signEcdsa", () => primitives.sign(scalar, joined(parts)));
        return signature ? new EcdsaSignature(signature) : this.#elsewhere("signEcdsa").signEcdsa(privateKey, data);
    }

    override verifyEcdsa(publicKey: JsonWebKey, data: Bytes, signature: EcdsaSignature): ReturnType<Crypto["verifyEcdsa"]> {
        const point = this.#limits.keys && fits([data]) ? pointOf(publicKey) : undefined;
        // What is not valid here may be a key that the platform refuses by name.
        const good = point && this.#attempt("verifyEcdsa", () => primitives.negate(point) && primitives.verify(point, Bytes.of(signature.bytes), Bytes.of(data)));
        if (good === undefined) return this.#elsewhere("verifyEcdsa").verifyEcdsa(publicKey, data, signature);
        if (!good) throw new CryptoVerifyError("Signature verification failed");
    }

    override createKeyPair(): ReturnType<Crypto["createKeyPair"]> {
        if (!this.#limits.keys) return this.#elsewhere("createKeyPair").createKeyPair();
        this.#core.createKeyPair++;
        const { privateKey, publicKey } = primitives.keyPair();
        return PrivateKey(privateKey, { publicKey: publicKey });
    }

    override generateDhSecret(key: PrivateKey, peerKey: PublicKey): ReturnType<Crypto["generateDhSecret"]> {
        const scalar = this.#limits.keys ? scalarOf(key) : undefined;
        const point = scalar && pointOf(peerKey);
        const secret = scalar && point && this.#attempt("generateDhSecret", () => primitives.ecdh(scalar, point));
        return secret ? secret : this.#elsewhere("generateDhSecret").generateDhSecret(key, peerKey);
    }

    override ecMultiply(point: Bytes, scalar: Bytes): Bytes {
        const product = isPoint(point) && scalar.byteLength === primitives.scalarSize && inRange(scalar)
            ? this.#attempt("ecMultiply", () => primitives.multiply(Bytes.of(point), Bytes.of(scalar)))
            : undefined;
        return product ? product : this.#elsewhere("ecMultiply").ecMultiply(point, scalar);
    }

    override ecAdd(a: Bytes, b: Bytes): Bytes {
        const sum = isPoint(a) && isPoint(b) ? this.#attempt("ecAdd", () => primitives.add(Bytes.of(a), Bytes.of(b))) : undefined;
        return sum ? sum : this.#elsewhere("ecAdd").ecAdd(a, b);
    }

    override ecNegate(point: Bytes): Bytes {
        const mirrored = isPoint(point) ? this.#attempt("ecNegate", () => primitives.negate(Bytes.of(point))) : undefined;
        return mirrored ? mirrored : this.#elsewhere("ecNegate").ecNegate(point);
    }

    #seals(key: Bytes, length: number, nonce: Bytes, aad: Bytes | undefined, tagLength: number): boolean {
        const { keySize, nonceSize, tagSize, maxText, maxAssociated } = primitives.ccm;
        return key.byteLength === keySize && nonce.byteLength === nonceSize && tagLength === tagSize
            && length <= Math.min(this.#limits.encrypt, maxText - tagSize) && (aad?.byteLength ?? 0) <= maxAssociated;
    }

    /** What the core makes of it, or undefined if it refuses what was brought. */
    #attempt<T>(primitive: Primitive, run: () => T): T | undefined {
        try {
            const result = run();
            this.#core[primitive]++;
            return result;
        } catch (error) {
            if (error instanceof ImplementationError) return undefined;
            throw error;
        }
    }

    #elsewhere(primitive: Primitive): Crypto {
        this.#others[primitive]++;
        return this.#platform;
    }
}

/**
 * Starts the core, unless it runs, and makes it the environment's Crypto and Entropy. To be called when all
 * of matter.js has been imported, and before the first node is made.
 *
 * @param environment - matter.js's default environment when not given; its children have the service too
 * @returns the service, whose `calls` count
 */
export async function installCrypto(environment: Environment = Environment.default, { blob, choice, platform }: CryptoOptions & { blob?: BlobSource | undefined } = {}): Promise<MatterSessionCrypto> {
    if (!(environment instanceof Environment)) throw new ImplementationError("environment must be an Environment of the same @matter/general");
    await start(blob);
    const there = environment.has(Crypto) ? environment.get(Crypto) : undefined;
    // Once is enough: what lies underneath must not be one of these.
    if (there instanceof MatterSessionCrypto && choice === undefined && platform === undefined) return there;
    const crypto = new MatterSessionCrypto({ choice, platform: platform ?? (there instanceof MatterSessionCrypto ? undefined : there) });
    environment.set(Entropy, crypto);
    environment.set(Crypto, crypto);
    return crypto;
}

function zeros(): Record<Primitive, number> {
    return {
        encrypt: 0, decrypt: 0, cmac: 0, randomBytes: 0, computeHash: 0, createPbkdf2Key: 0, createHkdfKey: 0, signHmac: 0, signEcdsa: 0,
        verifyEcdsa: 0, createKeyPair: 0, generateDhSecret: 0, ecMultiply: 0, ecAdd: 0, ecNegate: 0,
    };
}

function sizeOf(parts: readonly Bytes[]): number {
    return parts.reduce((size, { byteLength }) => size + byteLength, 0);
}

/** Beside a key and a signature. */
function fits(parts: readonly Bytes[]): boolean {
    return sizeOf(parts) <= primitives.roomSize - primitives.pointSize - primitives.signatureSize;
}

function joined(parts: readonly Bytes[]): Uint8Array {
    return parts.length === 1 ? Bytes.of(parts[0] as Bytes) : Bytes.of(Bytes.concat(...parts));
}

function derives(length: number): boolean {
    return Number.isInteger(length) && length >= 1 && length <= primitives.maxDerived;
}

function isPoint(octets: Bytes): boolean {
    return octets.byteLength === primitives.pointSize;
}

function inRange(scalar: Bytes): boolean {
    return Bytes.of(scalar)[0] !== 0xff || Bytes.asBigInt(scalar) <= maxScalar;
}

/** The private scalar of a key of P-256, or undefined if it is not a complete one. */
function scalarOf(key: JsonWebKey): Uint8Array | undefined {
    return pointOf(key) && coordinate(key.d);
}

/** The public point of a key of P-256, which need not be on the curve, or undefined if the key is not a complete one. */
function pointOf({ kty, crv, x, y }: JsonWebKey): Uint8Array | undefined {
    const [left, right] = kty === "EC" && crv === "P-256" ? [coordinate(x), coordinate(y)] : [];
    return left && right && Bytes.of(Bytes.concat(Uint8Array.of(4), left, right));
}

function coordinate(text: string | undefined): Uint8Array | undefined {
    if (text === undefined || !/^[\w-]{43}$/.test(text)) return undefined;
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
}
