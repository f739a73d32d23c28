// matter.js 0.17.9's device and controller, each in a process of its own, with our Crypto in one or both of them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPeer } from "./peers/start.mjs";

const ours = ["--import", new URL("peers/matterjs-crypto.mjs", import.meta.url).href];

/** What a peer's calls were so far. */
async function calls(peer) {
    peer.child.kill("SIGUSR2");
    return (await peer.next(line => "crypto" in line, "its calls")).crypto;
}

function assertCalled(counts, names, who) {
    for (const name of names) assert.ok(counts[name] > 0, `${who}: ${name} was never called, of ${JSON.stringify(counts)}`);
}

for (const [title, node, choice] of [
    ["our Crypto on both sides, the platform's where that is faster", [ours, ours], "fastest"],
    ["our Crypto on both sides, all on the core", [ours, ours], "core"],
    ["our Crypto in the device, all on the core", [ours, []], "core"],
    ["our Crypto in the controller, all on the core", [[], ours], "core"],
]) {
    describe(title, () => {
        let device;
        let controller;
        before(async () => {
            process.env.MATTER_SESSION_CHOICE = choice;
            [device, controller] = await Promise.all(["device.mjs", "controller.mjs"].map((script, at) => startPeer(script, [], { node: node[at] })));
        });
        after(() => Promise.all([device?.stop(), controller?.stop()]));

        const at = () => ({ port: device.ready.port, passcode: device.ready.passcode });

        test("the wrong passcode is told", async () => {
            await assert.rejects(controller.ask({ do: "pase", ...at(), passcode: 11223344 }), /incorrect key confirmation/);
        });

        test("commissioning, a command, a read, resumption", async () => {
            const { steps } = await controller.ask({ do: "commission", ...at() });
            assert.deepEqual(steps.map(([name]) => name), ["pase", "case"]);
            await device.next(line => line.commissioned === true, "the end of commissioning");
            const { onOff } = await device.ask({ do: "state" });
            await controller.ask({ do: "toggle" });
            assert.equal((await device.next(line => "onOff" in line && !("answer" in line), "the change")).onOff, !onOff);
            assert.equal((await controller.ask({ do: "read" })).onOff, !onOff);
            assert.equal((await controller.ask({ do: "close" })).closed, 1);
            assert.equal((await controller.ask({ do: "connect" })).resumed, true);
            assert.equal((await controller.ask({ do: "read" })).onOff, !onOff);
        });

        test("it was our Crypto that did it", async () => {
            const both = ["encrypt", "decrypt", "createHkdfKey", "ecMultiply", "ecAdd", "ecNegate"];
            for (const [who, peer, is] of [["device", device, node[0]], ["controller", controller, node[1]]]) {
                if (is !== ours) continue;
                const { core, platform } = await calls(peer);
                assertCalled(core, both, who);
                const all = Object.fromEntries(Object.keys(core).map(name => [name, core[name] + platform[name]]));
                assertCalled(all, ["computeHash", "signHmac", "signEcdsa", "verifyEcdsa", "createKeyPair", "generateDhSecret", "createPbkdf2Key", "randomBytes"], who);
                if (choice === "core") assertCalled(core, ["computeHash", "signHmac", "signEcdsa", "verifyEcdsa", "createKeyPair", "generateDhSecret"], who);
            }
        });
    });
}
