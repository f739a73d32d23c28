/**
 * Work that the core hands to its host: what WebCrypto does off the thread, and what only the host
 * can do because the key is its own. A core call never waits, so this is all that is asynchronous
 * about a handshake.
 */
import { MatterError } from "./errors.js";
import type { Events } from "./operations.js";

export interface WorkOptions {
    /**
     * Stretching the passcode (PBKDF2, up to 100,000 rounds) is WebCrypto's, so that the thread does
     * not stand still. Default: wherever there is WebCrypto, which is Node and secure contexts.
     */
    pbkdf2?: boolean;
    /** CASE's ephemeral keys are WebCrypto's, non-extractable, so that no such key lies in WebAssembly's memory. Default false. */
    ecdh?: boolean;
}

/** What a host signs with: ECDSA P-256 with SHA-256, as 64 octets r‖s. */
export type Sign = (data: Uint8Array) => Promise<Uint8Array>;

const ecdhBit = 2, pbkdf2Bit = 4;
/** The size of ws, from which w0 and w1 come. Matter Core §3.10. */
const stretchedSize = 80;
/** Key pairs whose handshake has not come to its ECDH; those of handshakes that failed before are among them. */
const maxKeys = 64;

/** Answers the work of one instance of the core. */
export class HostWork {
    /** The {@link CoreConfig.delegate} bits of what is done here although the core could do it. */
    readonly delegate: number;
    /** Signs with the operational key of a fabric whose key the host keeps. */
    sign: Sign | undefined;
    readonly #subtle: SubtleCrypto | undefined;
    readonly #keys = new Map<number, CryptoKey>();

    /** @throws {@link MatterError} if WebCrypto is asked for but missing */
    constructor(options: WorkOptions = {}, subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle) {
        this.#subtle = subtle;
        const { pbkdf2 = subtle !== undefined, ecdh = false } = options;
        if (subtle === undefined && (pbkdf2 || ecdh)) {
            throw new MatterError("there is no WebCrypto here: a page has it only in a secure context (https or localhost)");
        }
        this.delegate = (pbkdf2 ? pbkdf2Bit : 0) | (ecdh ? ecdhBit : 0);
    }

    /**
     * Does one piece of work. Octets that hold a passcode are erased, whatever comes of it.
     *
     * @returns what the core wants as its answer, the caller's to erase
     */
    async do(work: Events["work"]): Promise<Uint8Array> {
        const { kind, key = 0, data = new Uint8Array(), salt = new Uint8Array(), iterations = 0 } = work;
        switch (kind) {
            case 1:
                if (this.sign === undefined) throw new MatterError("there is no key here to sign with");
                return signature(await this.sign(data));
            case 2:
                return this.#keyPair(key);
            case 3:
                return this.#agree(key, data);
            case 4:
                try {
                    return await this.#stretch(data, salt, iterations);
                } finally {
                    data.fill(0);
                }
            default:
                throw new MatterError(`work of kind ${kind} is unknown to this version`);
        }
    }

    /** Drops every key. */
    clear(): void {
        this.#keys.clear();
    }

    async #stretch(passcode: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
        const subtle = this.#crypto();
        const material = await subtle.importKey("raw", passcode as BufferSource, "PBKDF2", false, ["deriveBits"]);
        passcode.fill(0); // before the long part
        return new Uint8Array(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: salt as BufferSource, iterations }, material, stretchedSize * 8));
    }

    async #keyPair(name: number): Promise<Uint8Array> {
        const subtle = this.#crypto();
        const { publicKey, privateKey } = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
        const octets = new Uint8Array(await subtle.exportKey("raw", publicKey));
        // A handshake under the same name has ended: its key is of no use any more.
        this.#keys.delete(name);
        const [oldest] = this.#keys.keys();
        if (oldest !== undefined && this.#keys.size >= maxKeys) this.#keys.delete(oldest);
        this.#keys.set(name, privateKey);
        return octets;
    }

    async #agree(name: number, peer: Uint8Array): Promise<Uint8Array> {
        const subtle = this.#crypto();
        const key = this.#keys.get(name);
        this.#keys.delete(name); // used once
        if (key === undefined) throw new MatterError("the ephemeral key is gone");
        const publicKey = await subtle.importKey("raw", peer as BufferSource, { name: "ECDH", namedCurve: "P-256" }, true, []);
        return new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: publicKey }, key, 256));
    }

    #crypto(): SubtleCrypto {
        if (this.#subtle === undefined) throw new MatterError("there is no WebCrypto here");
        return this.#subtle;
    }
}

/** An authority's code is not ours: what it gives is looked at, and copied, since the answer will be erased. */
function signature(octets: Uint8Array): Uint8Array {
    if (!ArrayBuffer.isView(octets) || octets.byteLength !== 64) throw new MatterError("the authority's signature is not 64 octets r‖s");
    return new Uint8Array(octets.buffer, octets.byteOffset, 64).slice();
}
