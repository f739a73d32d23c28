// createCommissioner, the commissioner without a DOM, and what an administrator does afterwards, against matter.js
// 0.17.9's light: watched, stopped, tried again, shared with another home, left.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { after, before, beforeEach, test } from "node:test";
import { createCommissioner, LevelControl, OnOff } from "../../dist/index.js";
import { DirectoryStore, UdpTransport } from "../../dist/node/index.js";
import { startPeer } from "./peers/start.mjs";

let device;
let address;
const ends = [];
before(async () => {
    device = await startPeer("device.mjs");
    address = `127.0.0.1:${device.ready.port}`;
});
beforeEach(() => device.ask({ do: "erase" }));
after(async () => {
    for (const end of ends.reverse()) await end();
    await device?.stop();
});

/** A commissioner of a home that is new. It takes development devices for what they are. */
async function open(options = {}) {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-test-"));
    const transport = new UdpTransport();
    const commissioner = await createCommissioner({ storage: new DirectoryStore(directory), transport, trust: { test: true }, decide: { attestation: () => "accept" }, ...options });
    ends.push(async () => {
        await commissioner.close();
        await transport.close();
        rmSync(directory, { recursive: true });
    });
    return commissioner;
}

const state = () => device.ask({ do: "state" });
const failure = code => error => assert.equal(error.code, code, error.stack) ?? true;

test("a run tells its steps as they are, to whoever comes and however late", async () => {
    const commissioner = await open();
    const run = commissioner.start(device.ready.qr, { address });
    const live = [];
    for await (const step of run) live.push(step);
    const done = await run.commissioned;
    assert.deepEqual([done.vendorId, done.productId, done.name, done.vendorName, done.productName, done.serialNumber],
        [0xfff1, 0x8000, "Test light", "matter-session", "Test light", "L-1"]);
    const late = [];
    for await (const step of run) late.push(step);
    assert.deepEqual(late, live);
    assert.deepEqual(live[0], { step: "payload", stage: 1, status: "start", elapsedMs: live[0].elapsedMs, expectedMs: live[0].expectedMs });
    assert.ok(["pase", "attestation", "noc", "case", "complete"].every(step => live.some(each => each.step === step && each.status === "done")));
    assert.equal((await state()).fabrics, 1);
    const [node] = await commissioner.controller.nodes();
    assert.deepEqual([node.nodeId, node.serialNumber, node.vendorName], [done.nodeId, "L-1", "matter-session"]);
    assert.deepEqual(await run.cancel(), { rolledBack: false }, "too late: it stays");
    assert.throws(() => run.retry(), /went well/);
});

test("attestation refused: the device is as it was, and a second try asks again", async () => {
    let decision = "refuse";
    const asked = [];
    const commissioner = await open({ decide: { attestation: (report, about) => (asked.push([report.verdict, about.question]), decision) } });
    const run = commissioner.start(device.ready.qr, { address });
    await assert.rejects(run.commissioned, error => failure("attestation-refused")(error) && error.rolledBack === true);
    assert.deepEqual([(await state()).fabrics, (await state()).commissioned], [0, false]);
    decision = "accept";
    await run.retry().commissioned;
    assert.deepEqual(asked, [["test", true], ["test", true]]);
    assert.equal((await state()).fabrics, 1);
});

test("stopped in the middle, at each of these steps: rolled back, and the same code works at once", async () => {
    const commissioner = await open();
    for (const at of ["facts", "csr", "noc", "case"]) {
        const run = commissioner.start(device.ready.qr, { address });
        let outcome;
        for await (const { step, status } of run) {
            if (step === at && status === "start") outcome = run.cancel();
        }
        assert.deepEqual(await outcome, { rolledBack: true }, at);
        await assert.rejects(run.commissioned, error => failure("cancelled")(error) && error.rolledBack === true, at);
        assert.deepEqual([(await state()).fabrics, (await state()).commissioned], [0, false], at);
    }
    const early = commissioner.start(device.ready.qr, { address });
    assert.deepEqual(await early.cancel(), { rolledBack: true });
    await early.retry().commissioned;
});

test("the wrong code wants another one; what is wrong with a code is told before anything is sent", async () => {
    const commissioner = await open();
    const { qr } = commissioner.controller.core.request("makeCode", { vendorId: 0, productId: 0, flow: 0, discovery: 4, discriminator: 3840, passcode: 20202022 });
    const run = commissioner.start(qr, { address });
    assert.throws(() => run.retry(), /under way/);
    await assert.rejects(run.commissioned, failure("wrong-code"));
    assert.throws(() => run.retry(), /give another/);
    const typo = run.retry({ code: "34970112333" });
    await assert.rejects(typo.commissioned, error => error.fault === "check-digit");
    for await (const step of typo) assert.fail(JSON.stringify(step));
    await typo.retry({ code: device.ready.manual }).commissioned;
});

test("shared with another home by its window's code: told as joined; then our home leaves", async () => {
    const [ours, theirs] = [await open(), await open({ fabric: { label: "Next door", adminVendorId: 0xfff4 } })];
    const { nodeId } = await ours.start(device.ready.qr, { address }).commissioned;
    const window = await ours.controller.openCommissioningWindow(nodeId, { seconds: 180 });
    const [code] = ours.controller.parseCode(window.qr);
    assert.deepEqual([code.vendorId, code.productId, code.discriminator], [0xfff1, 0x8000, window.discriminator]);
    assert.equal(ours.controller.parseCode(window.manual)[0].passcode, code.passcode);
    assert.ok(window.expiresAt > Date.now() + 170_000 && window.expiresAt <= Date.now() + 180_000);
    await assert.rejects(ours.controller.openCommissioningWindow(nodeId), error => error.clusterCode === 2 || failure("busy")(error), "one window at a time");
    const ended = window.ended();
    const joined = await theirs.start(window.qr, { address }).commissioned;
    const { fabricIndex, label, ...end } = await ended;
    assert.deepEqual(end, { reason: "joined", vendorId: 0xfff4 });
    // The other home writes it after it has joined: the end may be told before, but the label is there now.
    assert.ok(["", "Next door"].includes(label), label);
    const fabrics = await ours.controller.read(nodeId, { endpoint: 0, cluster: 0x3e, attribute: 1 }, { fabricFiltered: false });
    assert.match(inspect(fabrics, { depth: 9 }), /Next door/);
    assert.equal(fabricIndex, joined.fabricIndex);
    assert.equal((await state()).fabrics, 2);

    await ours.controller.removeDevice(nodeId);
    assert.deepEqual(await ours.controller.nodes(), []);
    assert.equal((await state()).fabrics, 1);
    await theirs.controller.invoke(joined.nodeId, { endpoint: 1, cluster: OnOff, command: "on" });
    assert.equal((await state()).onOff, true);
    await theirs.controller.removeDevice(joined.nodeId);
    // Without a home it resets itself, and cannot be asked while it is at that.
    let last;
    for (const until = Date.now() + 10_000; last?.fabrics !== 0 && Date.now() < until; ) {
        last = await state().catch(() => new Promise(resolve => setTimeout(resolve, 50)));
    }
    assert.deepEqual([last.fabrics, last.commissioned], [0, false]);
});

test("a window that is closed is told as closed, its code is of no use, and the next has another", async () => {
    const [ours, theirs] = [await open(), await open()];
    const { nodeId } = await ours.start(device.ready.qr, { address }).commissioned;
    const window = await ours.controller.openCommissioningWindow(nodeId, { seconds: 180 });
    const ended = window.ended();
    await window.close();
    assert.deepEqual(await ended, { reason: "closed" });
    await ours.controller.closeCommissioningWindow(nodeId); // none is open: as good
    await assert.rejects(theirs.start(window.qr, { address, signal: AbortSignal.timeout(3000) }).commissioned);
    const next = await ours.controller.openCommissioningWindow(nodeId, { seconds: 180 });
    assert.notEqual(next.manual, window.manual);
    await next.close();
    for (const seconds of [179, 901, 200.5]) await assert.rejects(ours.controller.openCommissioningWindow(nodeId, { seconds }), /180 to 900/);
    await assert.rejects(ours.controller.openCommissioningWindow(nodeId, { passcode: 12345678 }), error => error.fault === "passcode");
});

test("the commissioner's controller reads and commands what it has brought in", async () => {
    const commissioner = await open();
    const { nodeId } = await commissioner.start(device.ready.manual, { address }).commissioned;
    const described = await commissioner.controller.describe(nodeId);
    const light = described.endpoints.find(endpoint => endpoint.id === 1);
    assert.deepEqual([light.types, light.onOff, light.identify], [[0x0100], false, true]);
    assert.equal(light.level, undefined, "matter.js's light has no level");
    await commissioner.controller.identify(nodeId, { endpoint: 1, seconds: 3 });
    assert.equal(await commissioner.controller.read(nodeId, { endpoint: 1, cluster: "identify", attribute: "identifyTime" }) > 0, true);
    await assert.rejects(commissioner.controller.invoke(nodeId, { endpoint: 1, cluster: LevelControl, command: "moveToLevelWithOnOff", fields: { level: 9, transitionTime: 0, optionsMask: 0, optionsOverride: 0 } }));
});
