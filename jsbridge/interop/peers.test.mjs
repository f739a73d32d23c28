// The peers against each other: what the tests of our own side against them may rely on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPeer } from "./peers/start.mjs";

let device;
let controller;
before(async () => {
    [device, controller] = await Promise.all([startPeer("device.mjs"), startPeer("controller.mjs")]);
});
after(() => Promise.all([device?.stop(), controller?.stop()]));

const at = () => ({ port: device.ready.port, passcode: device.ready.passcode });

test("the device tells its codes and where it is", () => {
    assert.match(device.ready.qr, /^MT:[0-9A-Z.-]{19}$/);
    assert.match(device.ready.manual, /^\d{11}$/);
    assert.ok(device.ready.port > 1023);
});

test("PASE at a known address, and the wrong passcode", async () => {
    const { id, peerId } = await controller.ask({ do: "pase", ...at() });
    const opened = await device.next(line => line.session === "opened", "the session");
    assert.deepEqual([opened.kind, opened.id, opened.peerId], ["pase", peerId, id]);
    await device.next(line => line.session === "closed" && line.id === peerId, "CloseSession");
    await assert.rejects(controller.ask({ do: "pase", ...at(), passcode: 11223344 }), /incorrect key confirmation/);
});

test("commissioning, commands, resumption, a factory reset", async () => {
    const { steps, total } = await controller.ask({ do: "commission", ...at() });
    assert.deepEqual(steps.map(([name]) => name), ["pase", "case"]);
    assert.ok(total > 0);
    await device.next(line => line.commissioned === true, "the end of commissioning");

    const { onOff } = await device.ask({ do: "state" });
    await controller.ask({ do: "toggle" });
    assert.equal((await device.next(line => "onOff" in line && !("answer" in line), "the change")).onOff, !onOff);
    assert.equal((await controller.ask({ do: "read" })).onOff, !onOff);

    assert.equal((await controller.ask({ do: "close" })).closed, 1);
    assert.equal((await controller.ask({ do: "connect" })).resumed, true);

    const again = await device.ask({ do: "erase" });
    assert.equal(again.port, device.ready.port, "a factory reset moved the device");
    assert.equal((await device.ask({ do: "state" })).fabrics, 0);
    await controller.ask({ do: "commission", ...at() });
});

test("the controller's authority issues certificates for a peer that is no device", async () => {
    const publicKey = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const issued = await controller.ask({ do: "issue", publicKey, nodeId: "4660" });
    assert.match(issued.noc, /^1530/);
    assert.match(issued.root, /^1530/);
    assert.equal(issued.ipk.length, 32);
});

test("a peer ends with its standard input and leaves nothing", async () => {
    const other = await startPeer("device.mjs", ["--passcode", "12345679", "--discriminator", "15"]);
    assert.deepEqual([other.ready.passcode, other.ready.discriminator], [12345679, 15]);
    await other.stop();
    assert.equal(other.child.exitCode, 0);
});
