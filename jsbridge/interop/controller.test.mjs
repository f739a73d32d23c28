// The whole of our side, from a Node script through the blob, against matter.js 0.17.9's light.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { OnOff } from "../../dist/index.js";
import { openController } from "../../dist/node/index.js";
import { startPeer } from "./peers/start.mjs";

let device;
let address;
const directories = [];
const open = [];
before(async () => {
    device = await startPeer("device.mjs");
    address = `[::1]:${device.ready.port}`;
});
beforeEach(() => device.ask({ do: "erase" }));
after(async () => {
    await Promise.all(open.map(controller => controller.close()));
    await device?.stop();
    directories.forEach(directory => rmSync(directory, { recursive: true }));
});

function newDirectory() {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-test-"));
    directories.push(directory);
    return directory;
}

/** A controller of a fabric that is new, or the one in a directory. It takes development devices for what they are. */
async function start(directory = newDirectory(), options = {}) {
    const controller = await openController({ directory, discovery: false, trust: { test: true }, ...options });
    open.push(controller);
    return controller;
}

const accept = { onAttestation: () => "accept" };
const light = { endpoint: 1, cluster: OnOff };
const isChange = line => "onOff" in line && !("answer" in line);

test("commissioning by QR code, commands, a read, resumption, CloseSession", async () => {
    const directory = newDirectory();
    const controller = await start(directory);
    const steps = [];
    let verdict;
    const commissioned = await controller.commission(device.ready.qr, {
        address,
        onProgress: ({ step, status }) => status === "done" && steps.push(step),
        onAttestation: report => ((verdict = report), "accept"),
    });
    assert.equal(verdict.verdict, "test");
    assert.deepEqual([commissioned.vendorId, commissioned.productId], [0xfff1, 0x8000]);
    const expected = ["pase", "attestation", "csr", "root", "noc", "case", "complete"];
    assert.deepEqual(steps.filter(step => expected.includes(step)), expected);
    await device.next(line => line.commissioned === true, "the end of commissioning");

    const { nodeId } = commissioned;
    await controller.invoke(nodeId, { ...light, command: "toggle" });
    assert.equal((await device.next(isChange, "the first change")).onOff, true);
    assert.equal(await controller.read(nodeId, { ...light, attribute: "onOff" }), true);
    await controller.invoke(nodeId, { ...light, command: "toggle" });
    assert.equal((await device.next(isChange, "the second change")).onOff, false);
    assert.equal(await controller.read(nodeId, { ...light, attribute: "onOff" }), false);

    // The session that commissioning left goes with the controller; another process resumes it.
    const first = await device.next(line => line.session === "opened" && line.kind === "case", "the first session");
    await controller.close();
    await device.next(line => line.session === "closed by peer" && line.id === first.id, "CloseSession");
    await device.next(line => line.resumed === false, "the first handshake");

    const later = await start(directory);
    const connection = await later.connect(nodeId, { address });
    assert.equal(connection.resumed, true);
    await device.next(line => line.resumed === true, "the resumption, as the device saw it");
    assert.equal(await connection.read({ ...light, attribute: "onOff" }), false);
    connection.close();
    const second = await device.next(line => line.session === "opened" && line.kind === "case", "the second session");
    await device.next(line => line.session === "closed by peer" && line.id === second.id, "CloseSession of the second session");
});

test("commissioning by manual code, and a subscription", async () => {
    const controller = await start();
    const { nodeId } = await controller.commission(device.ready.manual, { address, ...accept });
    const seen = [];
    let wake;
    const subscription = await controller.subscribe(nodeId, {
        attributes: [{ ...light, attribute: "onOff" }],
        minIntervalS: 0,
        maxIntervalS: 60,
        onReport: report => {
            seen.push(...report.attributes.map(({ value }) => value));
            wake?.();
        },
    });
    const until = async n => {
        while (seen.length < n) {
            await new Promise(resolve => (wake = resolve));
        }
    };
    await until(1);
    await device.ask({ do: "set", onOff: true });
    await until(2);
    assert.deepEqual(seen, [false, true]);
    subscription.close();
});

test("two homes share a device's window only one after the other", async () => {
    const controllers = [await start(), await start()];
    const outcomes = await Promise.allSettled(
        controllers.map(controller => controller.commission(device.ready.qr, { address, ...accept, signal: AbortSignal.timeout(5000) })),
    );
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1, JSON.stringify(outcomes.map(o => String(o.reason))));
    assert.equal((await device.ask({ do: "state" })).fabrics, 1);
});

/** Checks a rejection's code and where it says to go on. */
function failure(code, retry) {
    return error => {
        assert.deepEqual([error.code, error.retry], [code, retry], error.message);
        return true;
    };
}

test("the wrong passcode says so, and the right one works after it", async () => {
    const controller = await start();
    // The code of another device: the discriminator fits, the passcode doesn't.
    const other = await startPeer("device.mjs", ["--passcode", "34567890"]);
    await other.stop();
    await assert.rejects(controller.commission(other.ready.qr, { address, ...accept }), failure("wrong-code", "code"));
    await controller.commission(device.ready.qr, { address, ...accept });
});

test("a refusal of the device's attestation leaves it as it was", async () => {
    const controller = await start();
    for (const options of [{ onAttestation: () => "refuse" }, { certifiedOnly: true }, {}]) {
        await assert.rejects(controller.commission(device.ready.qr, { address, ...options }), failure("attestation-refused", "none"));
        const { fabrics, commissioned } = await device.ask({ do: "state" });
        assert.deepEqual([fabrics, commissioned], [0, false]);
    }
    await controller.commission(device.ready.qr, { address, ...accept });
});

test("codes with a typo are refused before anything is sent", async () => {
    const controller = await start();
    const [last] = device.ready.manual.slice(-1);
    const typo = device.ready.manual.slice(0, -1) + ((Number(last) + 1) % 10);
    await assert.rejects(controller.commission(typo, { address }), /check digit/);
    await assert.rejects(controller.commission(`${device.ready.qr}!`, { address }));
    await assert.rejects(controller.commission("no code", { address }));
});

test("an address where nobody answers ends by itself, and says so", async () => {
    const controller = await start();
    await assert.rejects(controller.commission(device.ready.qr, { address: "[::1]:9", ...accept }), failure("pase-timeout", "restart"));
});

test("a node of another fabric, and one that nobody knows", async () => {
    const controller = await start();
    await (await start()).commission(device.ready.qr, { address, ...accept });
    await assert.rejects(controller.connect(77n, { address }), /trust root/);
    await assert.rejects(controller.connect(77n), /no address/);
});
