// What the page of bluetooth.test.mjs runs: the bridge's Controller over the Go program that speaks Bluetooth, and over a
// WebSocket whose messages are datagrams, once the device is on a network.

import { Controller } from "../../src/commission/index.ts";
import { OnOff } from "../../src/index.ts";

const runtime = "/wasm_exec.js"; // Go's, as it is: not for the bundle
await import(runtime);
const go = new globalThis.Go();
const { instance } = await WebAssembly.instantiateStreaming(fetch("/bluetooth.wasm"), go.importObject);
void go.run(instance);
/** @see web/transport/testpage */
const { bluetooth } = globalThis;

class MemoryStore {
    #values = new Map();
    async load(key) {
        return this.#values.get(key);
    }
    async save(key, value) {
        this.#values.set(key, value.slice());
    }
    async remove(key) {
        this.#values.delete(key);
    }
    exclusive(_, fn) {
        return fn();
    }
}

let told = {};

/** Must run in a click. @returns { name, problem } */
export function pick(all) {
    return new Promise(resolve => bluetooth.pick(all, (name, problem) => resolve({ name, problem })));
}

/** A link alone, without a session. @returns why it ended, and what it told until then */
export function link({ send = [] } = {}) {
    const told = { opened: 0, received: 0, stalled: 0 };
    return new Promise(resolve =>
        bluetooth.open({
            opened: () => {
                told.opened++;
                send.forEach(length => bluetooth.send(new Uint8Array(length)));
            },
            received: () => told.received++,
            stalled: () => told.stalled++,
            closed: reason => resolve({ ...told, reason }),
        }),
    );
}

function bluetoothChannel() {
    return new Promise((resolve, reject) => {
        let handler = () => {};
        let end;
        const closed = new Promise(done => (end = done));
        bluetooth.open({
            opened: maxMessage =>
                resolve({
                    kind: "btp", maxMessage, closed,
                    send: message => {
                        const problem = bluetooth.send(message);
                        if (problem !== null) throw new Error(problem);
                    },
                    receive: receiver => (handler = receiver),
                    close: () => bluetooth.close(),
                }),
            received: message => handler(message),
            stalled: () => told.stalled++,
            closed: reason => {
                told.closed.push(reason);
                end({ reason });
                reject(new Error(reason)); // nothing, if it was open
            },
        });
    });
}

function datagramChannel({ port }) {
    return new Promise((resolve, reject) => {
        const socket = new WebSocket(`${globalThis.relay}?port=${port}`);
        socket.binaryType = "arraybuffer";
        const closed = new Promise(done => socket.addEventListener("close", () => done({ reason: "closed" })));
        socket.onerror = () => reject(new Error("the relay cannot be reached"));
        socket.onopen = () =>
            resolve({
                kind: "datagram", maxMessage: 1280, closed,
                send: message => socket.send(message),
                receive: handler => (socket.onmessage = ({ data }) => handler(new Uint8Array(data))),
                close: () => socket.close(),
            });
    });
}

const transport = {
    open: peer => ("id" in peer ? bluetoothChannel() : datagramChannel(peer)),
    async *discover(query, signal) {
        if (!("operational" in query)) return;
        while (!signal.aborted) {
            const port = await globalThis.seenOnNetwork();
            if (port !== undefined) yield { peer: { host: "::1", port } };
            await new Promise(resolve => setTimeout(resolve, 100));
        }
    },
};

let controller;
let nodeId;

async function open() {
    return Controller.open({
        storage: new MemoryStore(), transport, core: "/matter-session.wasm",
        trust: { production: new URL("/paa.tlv", location.href), test: new URL("/paa-test.tlv", location.href) },
    });
}

/**
 * Commissions the picked device.
 *
 * @param networks - what is answered when it asks for a network, one after the other; then undefined
 * @param cutAt - the step at whose start the test is told to cut the connection
 */
export async function commission({ code, networks, cutAt, patienceMs = 60_000 }) {
    controller ??= await open();
    told = { steps: [], asked: [], closed: [], stalled: 0 };
    const answers = [...networks];
    let cut;
    try {
        const device = await controller.commission(code, {
            address: { id: "bluetooth" },
            signal: AbortSignal.timeout(patienceMs),
            onProgress: ({ step, status }) => {
                if (status === "done" || status === "failed") told.steps.push(status === "done" ? step : `${step}!`);
                if (status === "start" && step === cutAt) cut ??= globalThis.cutNow();
            },
            onAttestation: ({ verdict }) => ((told.verdict = verdict), "accept"),
            onNetwork: ({ kind, scanned, problem }) => {
                told.asked.push({ kind, names: scanned.map(({ name }) => name), problem });
                return answers.shift();
            },
        });
        nodeId = device.nodeId;
        told.device = { vendorId: device.vendorId, productId: device.productId, address: device.address };
    } catch (error) {
        told.failure = { code: error.code, step: error.step, retry: error.retry, waitMs: error.waitMs, message: error.message };
    }
    await cut;
    return told;
}

/** Toggles the light that was commissioned last. @returns whether it is on */
export async function toggle() {
    await controller.invoke(nodeId, { endpoint: 1, cluster: OnOff, command: "toggle" });
    return controller.read(nodeId, { endpoint: 1, cluster: OnOff, attribute: "onOff" });
}

/** Forgets the fabric. */
export async function end() {
    await controller?.close();
    controller = undefined;
}
