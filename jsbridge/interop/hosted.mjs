// The blob's sessions without the controller, as a bridge calls them: handshakes message by message, and the session that
// comes of one. Work is done with this process's own cryptography.

import { createECDH, generateKeyPairSync, hkdfSync, pbkdf2Sync, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { load } from "../../dist/load.js";
import { decode, encode } from "../../dist/tlv.js";

const kinds = { sign: 1, keyPair: 2, ecdh: 3, pbkdf2: 4 };

/** A call's error: what lastError says. `report` is what the peer is to be sent, if anything. */
export class CallError extends Error {
    constructor(members) {
        super(members["1"]);
        this.code = members["0"];
        this.report = members["4"];
    }
}

export class Blob {
    static async start() {
        const instance = await load(await readFile(new URL("../../dist/matter-session.wasm", import.meta.url)));
        return new Blob(instance);
    }

    constructor(instance) {
        this.instance = instance;
        this.address = instance.exports.buffer();
    }

    /** The first length octets of the buffer, in place. */
    octets(length) {
        return new Uint8Array(this.instance.memory.buffer, this.address, length);
    }

    /** Calls an export with octets in the buffer. A negative result is thrown. */
    call(name, octets = [], ...args) {
        this.octets(octets.length).set(octets);
        const result = this.instance.exports[name](...args);
        this.instance.check();
        if (result < 0) {
            throw new CallError(decode(this.octets(this.instance.exports.lastError()).slice()));
        }
        return result;
    }

    /** Makes a handshake: `name` is an export, the members those of its configuration. */
    handshake(name, members, host = {}) {
        const octets = encode(members);
        return new HostedHandshake(this, this.call(name, octets, octets.length), host);
    }

    sigma1(payload) {
        return decode(this.octets(this.call("sigma1", payload, payload.length)).slice());
    }
}

/** One handshake, driven as peers/legacy.mjs drives matter.js's. */
export class HostedHandshake {
    #blob;
    #handle;
    #host;
    #ephemeral;
    session;
    result;
    error;
    work = [];
    spent = false;

    constructor(blob, handle, host) {
        this.#blob = blob;
        this.#handle = handle;
        this.#host = host;
    }

    /** Hands over one message, none at an initiator's start. @returns messages to send */
    handle(message) {
        try {
            return message === undefined
                ? this.#take(this.#blob.call("handshakeStart", [], this.#handle))
                : this.#take(this.#blob.call("handshakeReceive", message.payload, this.#handle, message.opcode, message.payload.length));
        } catch (error) {
            if (!(error instanceof CallError)) throw error;
            this.error = error;
            return error.report === undefined ? [] : [{ opcode: 0x40, payload: error.report }];
        }
    }

    #take(length) {
        let step = decode(this.#blob.octets(length).slice());
        while (step["3"] !== undefined) {
            this.work.push(step["3"]);
            const answer = this.#answer(step);
            step = decode(this.#blob.octets(this.#blob.call("handshakeAnswer", answer, this.#handle, answer.length)).slice());
        }
        if (step["7"] !== undefined) {
            this.result = step;
            this.session = new HostedSession(this.#blob, step["7"]);
        }
        this.spent ||= step["14"] === true;
        return step["1"] === undefined ? [] : [{ opcode: step["1"], payload: step["2"] }];
    }

    #answer({ 3: kind, 4: data, 5: salt, 6: iterations }) {
        switch (kind) {
            case kinds.sign:
                return sign("sha256", data, { key: this.#host.key, dsaEncoding: "ieee-p1363" });
            case kinds.keyPair:
                this.#ephemeral = createECDH("prime256v1");
                return this.#ephemeral.generateKeys();
            case kinds.ecdh:
                return this.#ephemeral.computeSecret(data);
            case kinds.pbkdf2:
                return pbkdf2Sync(data, salt, iterations, 80, "sha256");
        }
        throw new Error(`unknown work ${kind}`);
    }
}

/** A secure session in the blob. */
export class HostedSession {
    #blob;
    handle;

    constructor(blob, handle) {
        this.#blob = blob;
        this.handle = handle;
    }

    /** Seals header and plaintext; the counter in the header is the caller's. */
    seal(message, header) {
        return this.#blob.octets(this.#blob.call("sessionSeal", message, this.handle, header, message.length)).slice();
    }

    /** @returns header and plaintext, and whether they were there before */
    open(message, header) {
        const result = this.#blob.call("sessionOpen", message, this.handle, header, message.length);
        return { message: this.#blob.octets(result & 0xffffff).slice(), duplicate: result >> 24 === 1 };
    }

    check(counter) {
        return this.#blob.call("sessionCheck", [], this.handle, counter);
    }

    next() {
        return this.#blob.call("sessionNext", [], this.handle);
    }

    challenge() {
        return this.#blob.octets(this.#blob.call("sessionChallenge", [], this.handle)).slice();
    }

    close() {
        this.#blob.call("sessionClose", [], this.handle);
    }
}

/** A key that stays with the host. @returns it and its public key, 65 octets */
export function makeKey() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    return { key: privateKey, publicKey: Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]) };
}

/** The operational form of an identity protection key. */
export function operationalKey(epochKey, compressedFabricId) {
    return new Uint8Array(hkdfSync("sha256", epochKey, compressedFabricId, "GroupKey v1.0", 16));
}
