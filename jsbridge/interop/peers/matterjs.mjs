// What the matter.js peers of this folder share: a network that never leaves the loopback interface, quiet logs on
// standard error, storage that disappears, one JSON object per line on standard output, and an end that cannot be missed.

import { Environment, LogDestination, Logger, LogLevel, Network } from "@matter/main";
import { NodeJsNetwork } from "@matter/nodejs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const MDNS_PORT = 5353;

/** A socket that hears nothing and whose datagrams go nowhere: the DNS-SD socket of a peer that is given addresses. */
class MuteSocket {
    maxPayloadSize = 1232;
    port = MDNS_PORT;
    addMembership() {}
    dropMembership() {}
    onData() {
        return { close: async () => {} };
    }
    async send() {}
    async close() {}
    supports() {
        return false;
    }
}

/**
 * Binds every socket to the loopback interface and keeps DNS-SD silent, so that a peer boots without a multicast route,
 * without a right to port 5353, next to other peers, and sends nothing beyond this machine.
 */
class LoopbackNetwork extends NodeJsNetwork {
    #port = 0; // the one the system gave first: a factory reset must not move the peer

    async createUdpSocket(options) {
        if (options.listeningPort === MDNS_PORT) {
            return new MuteSocket();
        }
        const socket = await super.createUdpSocket({
            ...options,
            listeningPort: options.listeningPort || this.#port,
            listeningAddress: options.type === "udp4" ? "127.0.0.1" : "::1",
        });
        this.#port ||= socket.port;
        return socket;
    }
}

/**
 * Prepares matter.js's environment. With multicast the host's own network is used as matter.js finds it.
 *
 * @returns the environment, and a function that removes its storage
 */
export function prepare({ multicast = false, verbose = false } = {}) {
    const environment = Environment.default;
    const storage = mkdtempSync(join(tmpdir(), "matter-session-peer-"));
    process.on("exit", () => rmSync(storage, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }));
    environment.vars.set("storage.path", storage);
    environment.vars.set("storage.driver", "memory");
    if (!multicast) {
        environment.set(Network, new LoopbackNetwork());
    }
    Logger.destinations.default = LogDestination({
        name: "default",
        level: verbose ? LogLevel.DEBUG : LogLevel.FATAL,
        write: text => process.stderr.write(`${text}\n`),
    });
    return environment;
}

/** Prints one JSON line. 64-bit numbers become decimal text. */
export function print(value) {
    process.stdout.write(`${JSON.stringify(value, (_, v) => (typeof v === "bigint" ? v.toString() : v))}\n`);
}

/**
 * Runs commands from standard input, one JSON object per line, one after the other, each answered by one JSON line
 * `{"answer": name, …}` or `{"answer": name, "error": text}`. When standard input ends, when a signal comes or when the
 * parent is gone, close is called and the process exits, after three seconds at the latest.
 */
export function serve(commands, close) {
    let ending = false;
    const end = async () => {
        if (ending) {
            return;
        }
        ending = true;
        setTimeout(() => process.exit(1), 3000).unref();
        try {
            await close();
        } finally {
            process.exit(0);
        }
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
        process.on(signal, end);
    }
    process.stdout.on("error", end);
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && end(), 500).unref();

    let turn = Promise.resolve();
    const input = createInterface({ input: process.stdin });
    input.on("line", line => {
        turn = turn.then(async () => {
            let name = "?";
            try {
                const { do: command, ...options } = JSON.parse(line);
                name = command;
                if (!Object.hasOwn(commands, command)) {
                    throw new Error(`no such command: ${command}`);
                }
                print({ answer: name, ...(await commands[command](options)) });
            } catch (error) {
                print({ answer: name, error: describe(error) });
            }
        });
    });
    input.on("close", () => turn.then(end));
}

/** The messages of an error and its causes, on one line. */
export function describe(error) {
    const texts = [];
    for (let e = error; e instanceof Error; e = e.cause) {
        texts.push(`${e.constructor.name}: ${e.message}`);
    }
    return texts.join(" < ").replaceAll("\n", " ") || String(error);
}
