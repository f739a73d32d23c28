/**
 * The secret half of a secure session: its keys, the nonces that were used and the counters that were
 * seen. They lie in the core and are never read from it.
 */
import { octets } from "../common/arguments.js";
import { fromCore, ImplementationError, MatterFlowError } from "../common/MatterError.js";
import type { Core } from "../core.js";
import { NodeId } from "../datatype/NodeId.js";
import { AuthenticationError } from "../errors.js";
import { sessionCore } from "./core.js";

const keySize = 16;
/** Local node ID, peer node ID, first counter: what a new session's octets begin with. */
const prefixSize = 20;
const initiatorFlag = 1, resumptionFlag = 2;
/** The flag beside the length of what was opened. */
const duplicate = 1 << 24;

/** Closes the core's sessions whose owners are gone without having said so. */
const forgotten = new FinalizationRegistry<{ core: Core; handle: number }>(({ core, handle }) => {
    if (core.dead !== undefined) return;
    try {
        core.call("sessionClose", handle);
    } catch {
        // Closed already, or the core died of it: there is nobody to tell.
    }
});

export class SessionKeys {
    readonly #core: Core;
    readonly #handle: number;
    readonly #oddAttestationKey: Uint8Array | undefined;
    #localNode: NodeId;
    #closed = false;

    /** Derives keys from what a handshake ended in. Matter Core §4.14.2.6. */
    static derive(from: { localNode: NodeId; peerNode: NodeId; sharedSecret: Uint8Array; salt: Uint8Array; isInitiator: boolean; isResumption: boolean }): SessionKeys {
        const secret = octets("sharedSecret", from.sharedSecret), salt = octets("salt", from.salt);
        const core = sessionCore();
        const room = prefix(core, from, secret.length + salt.length);
        room.set(secret, prefixSize);
        room.set(salt, prefixSize + secret.length);
        const flags = (from.isInitiator ? initiatorFlag : 0) | (from.isResumption ? resumptionFlag : 0);
        return new SessionKeys(core, call(core, "sessionDerive", flags, secret.length, salt.length), from.localNode);
    }

    /** Takes keys as they are. */
    static from(from: { localNode: NodeId; peerNode: NodeId; decryptKey: Uint8Array; encryptKey: Uint8Array; attestationKey: Uint8Array }): SessionKeys {
        const decrypt = octets("decryptKey", from.decryptKey, keySize), encrypt = octets("encryptKey", from.encryptKey, keySize);
        const core = sessionCore();
        const room = prefix(core, from, 3 * keySize);
        room.set(decrypt, prefixSize);
        room.set(encrypt, prefixSize + keySize);
        const attestation = octets("attestationKey", from.attestationKey);
        // 0.9.4 takes one of any size, and code that never attests gives an empty one: it is only kept.
        const fits = attestation.length === keySize;
        if (fits) room.set(attestation, prefixSize + 2 * keySize);
        else room.fill(0, prefixSize + 2 * keySize, prefixSize + 3 * keySize);
        return new SessionKeys(core, call(core, "sessionFromKeys"), from.localNode, fits ? undefined : attestation.slice());
    }

    /** Takes over the session in which a handshake of the shared core ended. localNode is who it was made for. */
    static adopt(handle: number, localNode: NodeId): SessionKeys {
        return new SessionKeys(sessionCore(), handle, localNode);
    }

    private constructor(core: Core, handle: number, localNode: NodeId, oddAttestationKey?: Uint8Array) {
        this.#core = core;
        this.#handle = handle;
        this.#localNode = localNode;
        this.#oddAttestationKey = oddAttestationKey;
        forgotten.register(this, { core, handle }, this);
    }

    /** Room for one message: write a header and a plaintext, then call {@link seal}. */
    get room(): Uint8Array {
        this.#check();
        return this.#core.buffer;
    }

    /**
     * Seals what was written into {@link room}. The same message may be sealed again, to be repeated.
     *
     * @param header - length of the message header; the message counter in it makes the nonce
     * @param length - length of header and plaintext
     * @param localNode - whose message it is: 0 in PASE
     * @returns ciphertext and tag, without the header
     */
    seal(header: number, length: number, localNode: NodeId): Uint8Array {
        this.#check();
        if (localNode !== this.#localNode) {
            call(this.#core, "sessionSetLocalNode", this.#handle, Number(localNode & 0xffffffffn) | 0, Number(localNode >> 32n) | 0);
            this.#localNode = localNode;
        }
        const total = call(this.#core, "sessionSeal", this.#handle, header, length);
        return this.#core.octets(total, header);
    }

    /**
     * Authenticates and decrypts a message; only then is its counter taken note of.
     *
     * @param header - the header's octets as received
     * @returns the plaintext, in a fresh array
     * @throws {@link UnexpectedDataError} if the message is not the session's; nothing has changed then
     */
    open(header: Uint8Array, sealed: Uint8Array): Uint8Array {
        this.#check();
        const length = header.length + sealed.length;
        const room = this.#core.buffer;
        if (length > room.length) throw new ImplementationError(`a message of ${length} octets: at most ${room.length} are taken`);
        room.set(header);
        room.set(sealed, header.length);
        const opened = call(this.#core, "sessionOpen", this.#handle, header.length, length);
        // Whether it was seen before is told by check(), which is asked first: the answer is owed again.
        return this.#core.octets(opened & (duplicate - 1), header.length);
    }

    /** What {@link open} would find of a counter: 0 new, 1 the largest, 2 behind the window, 3 seen. */
    check(counter: number): number {
        this.#check();
        return call(this.#core, "sessionCheck", this.#handle, counter | 0);
    }

    get attestationChallenge(): Uint8Array {
        this.#check();
        if (this.#oddAttestationKey !== undefined) return this.#oddAttestationKey.slice();
        const length = call(this.#core, "sessionChallenge", this.#handle);
        const challenge = this.#core.octets(length);
        this.#core.buffer.fill(0, 0, length);
        return challenge;
    }

    /** Erases the keys. Harmless when repeated. */
    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        forgotten.unregister(this);
        if (this.#core.dead === undefined) call(this.#core, "sessionClose", this.#handle);
    }

    #check(): void {
        if (this.#closed) throw new MatterFlowError("The session was destroyed: its keys are gone.");
    }
}

/** The error of a message that is not the session's. */
export function forged(why: string): unknown {
    return fromCore(new AuthenticationError(why));
}

function prefix(core: Core, from: { localNode: NodeId; peerNode: NodeId }, rest: number): Uint8Array {
    const room = core.buffer;
    const localNode = NodeId.checked("fabric.nodeId", from.localNode);
    if (prefixSize + rest > room.length) throw new ImplementationError(`${rest} octets of key material: at most ${room.length - prefixSize} are taken`);
    const view = new DataView(room.buffer, room.byteOffset, prefixSize);
    view.setBigUint64(0, localNode, true);
    view.setBigUint64(8, from.peerNode, true);
    view.setUint32(16, 1, true); // counters are the host's
    return room;
}

function call(core: Core, ...args: Parameters<Core["call"]>): number {
    try {
        return core.call(...args);
    } catch (error) {
        throw fromCore(error);
    }
}
