// One instance of the blob in this process, on a clock that the test moves and without a network: datagrams come out as
// values. It signs with a key of its own where the core asks for a signature.

import { generateKeyPairSync, sign } from "node:crypto";
import { Core } from "../../dist/core.js";

export class BlobNode {
    #handle;
    #now = 1000;
    #key;
    datagrams = [];
    events = [];

    /** A key pair for a node that has no key in the blob. @returns the public key, 65 octets */
    makeKey() {
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        this.#key = privateKey;
        const { x, y } = publicKey.export({ format: "jwk" });
        return Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    }

    static async start() {
        return new BlobNode(await Core.start());
    }

    constructor(core) {
        this.#handle = core.open({});
    }

    request(operation, request) {
        const result = this.#handle.request(this.#now, operation, request);
        this.#settle();
        return result;
    }

    /** Hands in a datagram; returns those that come out at once. */
    receive(peer, octets) {
        this.#handle.receive(this.#now, peer, octets);
        this.#settle();
        return this.take();
    }

    /** Lets the time come at which the core wants to do something next, and returns what comes out. */
    wait() {
        const at = this.#handle.deadline();
        if (at !== undefined) {
            this.#now = Math.max(this.#now, at);
            this.#handle.tick(this.#now);
            this.#settle();
        }
        return this.take();
    }

    take() {
        return this.datagrams.splice(0);
    }

    /** The first event of a type so far, which is then forgotten. */
    event(type) {
        const at = this.events.findIndex(event => event.type === type);
        if (at < 0) {
            throw new Error(`no event "${type}" among ${JSON.stringify(this.events, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`);
        }
        return this.events.splice(at, 1)[0];
    }

    close() {
        this.#handle.close(this.#now);
    }

    #settle() {
        for (let output; (output = this.#handle.next()) !== undefined; ) {
            if (output.kind === "datagram") {
                this.datagrams.push(output.octets);
            } else if (output.event.type === "work") {
                const { work, data } = output.event;
                const result = sign("sha256", data, { key: this.#key, dsaEncoding: "ieee-p1363" });
                this.#handle.request(this.#now, "workAnswer", { work, result: new Uint8Array(result) });
            } else {
                this.events.push(output.event);
            }
        }
    }
}
