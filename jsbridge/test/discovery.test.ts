import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { MatterCommissionError, NoResponseTimeoutError, OnOff, TransportError, type Controller, type Discovered, type DiscoverQuery } from "matter-session";
import { DirectoryStore, openController } from "matter-session/node";
import { startDevice, type Device } from "./support/device.js";
import { until } from "./support/handshake.js";
import { commissionable, responder } from "./support/responder.js";

/** A host's discovery that a test writes: what it finds, when, and how it ends. */
type Script = (query: DiscoverQuery, signal: AbortSignal) => AsyncGenerator<Discovered, void, undefined>;

let device: Device, here: { host: string; port: number };
before(async () => {
    device = await startDevice();
    here = { host: "127.0.0.1", port: device.ready.port };
});
after(() => device.stop());

let directory = "", controller: Controller;
const queries: DiscoverQuery[] = [], signals: AbortSignal[] = [];
async function open(script: Script): Promise<void> {
    queries.length = signals.length = 0;
    const discover: Script = (query, signal) => {
        queries.push(query);
        signals.push(signal);
        return script(query, signal);
    };
    controller = await openController({ directory, trust: { test: true }, udp: { discover } });
}
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), "matter-session-test-")); });
afterEach(async () => {
    await controller.close();
    await rm(directory, { recursive: true, force: true });
});
const commission = (): ReturnType<Controller["commission"]> => controller.commission(device.ready.qr, { onAttestation: () => "accept" });
const erase = (): Promise<object> => device.ask({ do: "erase" });

describe("a controller that searches", () => {
    it("commissions and connects by DNS-SD alone", async () => {
        const records = commissionable("0011223344556677", 3840, { port: here.port });
        const peer = await responder(records);
        controller = await openController({ directory, trust: { test: true }, discovery: { server: { host: "127.0.0.1", port: peer.port } } });
        const running = commission();
        // The operational name is known when it is asked for.
        const names = setInterval(() => {
            const asked = peer.asked.map(question => /^SRV (.*\._matter\._tcp\.local)$/.exec(question)?.[1]).find(name => name !== undefined);
            if (asked === undefined || records.some(record => record.name === asked)) return;
            records.push({ name: asked, type: "SRV", data: { port: here.port, target: "light.local", priority: 0, weight: 0 } }, { name: asked, type: "TXT", data: [Buffer.from("SII=500")] },
                { name: "light.local", type: "A", data: "127.0.0.1" });
            peer.push(records.filter(record => record.name === asked || record.name === "light.local"));
        }, 10);
        const { nodeId } = await running;
        clearInterval(names);
        assert.equal(typeof (await controller.read(nodeId, { endpoint: 1, cluster: OnOff, attribute: "onOff" })), "boolean");
        assert.ok(peer.asked.includes("PTR _L3840._sub._matterc._udp.local"));
        await peer.close();
        await erase();
    });

    it("asks by the short discriminator for a manual code, tries every hit, and stops the search", async () => {
        await open(async function* (query) {
            if ("operational" in query) return yield { peer: here };
            // An address that cannot be opened is left out.
            yield { peer: { host: "fe80::1", port: 5540 }, discriminator: 3840 };
            yield { peer: here, discriminator: 3840, vendorId: 0xfff1, productId: 0x8000, open: 1 };
        });
        await controller.commission(device.ready.manual, { onAttestation: () => "accept" });
        assert.deepEqual(queries[0], { discriminator: 15, short: true });
        assert.ok(signals.every(signal => signal.aborted), "every search was stopped");
        await erase();
    });

    it("says not-found when the search ends or breaks, with why", async () => {
        for (const [script, why] of [[async function* () {}, /the search ended/], [async function* () { throw new TransportError("no interface is up"); }, /no interface is up/]] as [Script, RegExp][]) {
            await open(script);
            await assert.rejects(commission(), (error: unknown) => error instanceof MatterCommissionError && error.code === "not-found" && why.test(String(error.cause)), String(why));
            await controller.close();
        }
        await open(async function* () {});
        await assert.rejects(controller.connect(5n), (error: unknown) => error instanceof Error && /the search ended/.test(error.message));
    });

    it("stops the search when it is stopped itself", async () => {
        let started = 0;
        let ended = 0;
        await open(async function* (_, signal) {
            started++;
            try {
                await new Promise(resolve => signal.addEventListener("abort", resolve));
            } finally {
                ended++;
            }
        });
        const reason = new Error("stop");
        const abort = new AbortController();
        const running = controller.commission(device.ready.qr, { signal: abort.signal });
        await until(() => started === 1);
        abort.abort(reason);
        await assert.rejects(running, reason);
        await assert.rejects(controller.connect(5n, { timeoutMs: 300 }), (error: unknown) => error instanceof NoResponseTimeoutError && /was not seen on the network/.test(error.message));
        const pending = assert.rejects(controller.connect(5n));
        await until(() => started === 3);
        await controller.close();
        await pending;
        await until(() => ended === 3);
    });

    it("finds a node that has moved, though its last address is silent", async () => {
        await open(async function* () { yield { peer: here }; });
        const { nodeId } = await commission();
        await controller.close();
        // Its last address becomes that of somebody who never answers.
        const silent = createSocket("udp4");
        await new Promise<void>(done => silent.bind(0, "127.0.0.1", done));
        const stored = new DirectoryStore(directory);
        const list = decodeText(await stored.load("nodes")).replace(`127.0.0.1:${here.port}`, `127.0.0.1:${silent.address().port}`);
        await stored.save("nodes", encodeText(list));
        await open(async function* () { yield { peer: here }; });
        assert.equal((await controller.nodes())[0]?.address, `127.0.0.1:${silent.address().port}`);
        const connection = await controller.connect(nodeId);
        assert.deepEqual(connection.address, here);
        await controller.close();
        await open(async function* () {});
        assert.equal((await controller.nodes())[0]?.address, `127.0.0.1:${here.port}`, "remembered where it is now");
        silent.close();
        await erase();
    });
});

/** One character per octet, so that ports of equal length can be exchanged. */
function decodeText(octets: Uint8Array | undefined): string {
    return Array.from(octets ?? [], octet => String.fromCharCode(octet)).join("");
}

function encodeText(text: string): Uint8Array {
    return Uint8Array.from(text, char => char.charCodeAt(0));
}
