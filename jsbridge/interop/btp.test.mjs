// Our BTP (web/transport/btp, in a Go program) against matter.js's own session handler: both roles, the smallest and the
// largest segment, several windows; messages both ways at once, over writes that take their time.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LogLevel, Logger } from "@matter/general";
import { BtpCodec, BtpSessionHandler } from "@matter/protocol";

Logger.level = LogLevel.ERROR;

const folder = mkdtempSync(join(tmpdir(), "btp-"));
const program = join(folder, "btp");
before(() => {
    execFileSync("go", ["build", "-o", program, "./jsbridge/interop/btp"], { cwd: fileURLToPath(new URL("../..", import.meta.url)) });
});
after(() => rmSync(folder, { recursive: true }));

function deferred() {
    const d = {};
    d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
    return d;
}

/** Our engine in its program. `on` has a handler per letter that the program writes. */
class Ours {
    #child;
    #rest = Buffer.alloc(0);

    constructor(args, on) {
        this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
        this.#child.stdin.on("error", () => {}); // it ends by itself after an error, which it tells before
        this.#child.stdout.on("data", octets => {
            this.#rest = Buffer.concat([this.#rest, octets]);
            while (this.#rest.length >= 3 && this.#rest.length >= 3 + this.#rest.readUInt16LE(1)) {
                const end = 3 + this.#rest.readUInt16LE(1);
                on[String.fromCharCode(this.#rest[0])](Uint8Array.from(this.#rest.subarray(3, end)));
                this.#rest = this.#rest.subarray(end);
            }
        });
    }

    #write(kind, octets = []) {
        this.#child.stdin.write(Buffer.from([kind.charCodeAt(0), octets.length & 0xff, octets.length >> 8, ...octets]));
    }

    receive(segment) {
        this.#write("S", segment);
    }

    written() {
        this.#write("W");
    }

    send(message) {
        this.#write("M", message);
    }

    stop() {
        this.#child.kill("SIGKILL");
    }
}

/** One connection. `theirs` is matter.js's role. */
class Connection {
    segments = { ours: [], theirs: [] };
    received = { ours: [], theirs: [] };
    opened = deferred();
    failed = deferred();
    #handler = deferred();
    #inbound = Promise.resolve();
    #changed = deferred();

    constructor(theirs, { segment, window }) {
        this.failed.promise.catch(() => {}); // told by those that wait for something
        const args = [`-window=${window}`];
        if (theirs === "peripheral") {
            args.push(`-segment=${segment}`);
        } else {
            args.push("-peripheral", `-mtu=${segment + 3}`);
        }
        const write = async octets => {
            this.segments.theirs.push(octets);
            await sleep(Math.random() * 3);
            this.ours.receive(octets);
            // What arrives while matter.js 0.17.9 writes an acknowledgement is not acknowledged before something else is
            // sent either way: the write's end stops the timer. Under the smallest windows nothing else can be.
            if (window > 4) await sleep(Math.random() * 3);
        };
        const disconnect = async () => {
            this.failed.reject(new Error("matter.js disconnects"));
        };
        const deliver = async message => {
            this.received.theirs.push(message);
            this.#change();
        };
        const callbacks = [write, disconnect, deliver];
        const resolve = handler => this.#handler.resolve(handler);
        this.ours = new Ours(args, {
            S: segment => {
                const first = this.segments.ours.push(segment) === 1;
                // In order, as GATT has it, and one at a time.
                this.#inbound = this.#inbound.then(async () => {
                    await sleep(Math.random() * 3);
                    if (first && theirs === "peripheral") {
                        // The response is written inside, and so must be waited for outside.
                        this.ours.written();
                        resolve(await BtpSessionHandler.createFromHandshakeRequest(244, segment, ...callbacks));
                        return;
                    }
                    if (first) {
                        resolve(await BtpSessionHandler.createAsCentral(segment, ...callbacks));
                    } else {
                        (await this.#handler.promise).handleIncomingBleData(segment).catch(error => this.failed.reject(error));
                    }
                    await sleep(Math.random() * 3);
                    this.ours.written();
                });
            },
            M: message => {
                this.received.ours.push(message);
                this.#change();
            },
            O: ([low, high, window]) => this.opened.resolve({ segment: low | (high << 8), window }),
            E: text => this.failed.reject(new Error(`we: ${Buffer.from(text)}`)),
        });
        if (theirs === "central") {
            this.ours.receive(
                BtpCodec.encodeBtpHandshakeRequest({
                    versions: [4, 0, 0, 0, 0, 0, 0, 0],
                    attMtu: 0,
                    clientWindowSize: window,
                }),
            );
        }
    }

    #change() {
        this.#changed.resolve();
        this.#changed = deferred();
    }

    async send(from, message) {
        if (from === "ours") {
            this.ours.send(message);
        } else {
            await (await this.#handler.promise).sendMatterMessage(message);
        }
    }

    async until(condition) {
        while (!condition()) {
            await Promise.race([this.failed.promise, this.#changed.promise]);
        }
    }

    async stop() {
        this.ours.stop();
        await sleep(50); // a write that ends after close() starts a timer of matter.js's again
        await (await this.#handler.promise).close();
    }
}

function message(length, seed) {
    return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 0xff);
}

const lengths = [1, 2, 14, 15, 16, 17, 18, 33, 100, 237, 238, 239, 240, 241, 479, 480, 500, 1000, 1279, 1280];

describe("BTP with matter.js", { concurrency: true }, () => {
    for (const theirs of ["peripheral", "central"]) {
        for (const segment of [20, 244]) {
            for (const window of [1, 3, 6, 255]) {
                test(`matter.js as ${theirs}, segments of ${segment}, window ${window}: both ways at once, and again after a pause`, () =>
                    converse(theirs, segment, window));
            }
        }
    }
});

async function converse(theirs, segment, window) {
    const connection = new Connection(theirs, { segment, window });
    try {
        const agreed = await Promise.race([connection.opened.promise, connection.failed.promise]);
        // matter.js takes the MTU that we ask for without its header.
        assert.deepEqual(agreed, { segment: theirs === "peripheral" && segment === 20 ? 23 : segment, window });
        await exchange(connection, lengths);
        // Longer than either side's acknowledgement may wait: both go alone.
        await Promise.race([sleep(8_000), connection.failed.promise]);
        await exchange(connection, [...lengths].reverse());
        for (const side of ["ours", "theirs"]) {
            assert.ok(connection.segments[side].every(s => s.length <= agreed.segment), `${side}: a segment is too long`);
            assert.ok(connection.segments[side].some(s => s[0] === 8 && s.length === 3), `${side}: no acknowledgement went alone`);
        }
        if (segment === 20) {
            assert.ok(connection.segments.ours.length > 256, "the sequence numbers did not wrap");
        }
    } finally {
        await connection.stop();
    }
}

/** Sends messages of these lengths both ways at once, and checks what arrives. */
async function exchange(connection, lengths) {
    const { received, failed } = connection;
    received.ours.length = received.theirs.length = 0;
    lengths.forEach((length, i) => connection.send("ours", message(length, i)));
    lengths.forEach((length, i) => connection.send("theirs", message(length, i + 100)).catch(failed.reject));
    await connection.until(() => received.ours.length === lengths.length && received.theirs.length === lengths.length);
    assert.deepEqual(received.theirs.map(m => Uint8Array.from(m)), lengths.map((length, i) => message(length, i)));
    assert.deepEqual(received.ours, lengths.map((length, i) => message(length, i + 100)));
}
