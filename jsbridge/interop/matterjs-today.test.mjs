// matter.js 0.17.9 as npm has it, its unicast sessions on ours by a hook of Node's loader: over real UDP and DNS-SD, in a
// network of the test's own, device and controller each in its own process.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inNamespace } from "./namespace.mjs";

const modules = ["codec/MessageCodec.js", "protocol/MessageCounter.js", "protocol/MessageReceptionState.js", "session/NodeSession.js"];

function assertReport({ ours }, which, handshakes, what) {
    if (which === "original") {
        assert.deepEqual(ours, { modules: [], encodes: 0, decodes: 0, handshakes: { pase: 0, case: 0, resumed: 0 } }, what);
        return;
    }
    assert.deepEqual(ours.modules, modules, what);
    assert.deepEqual(ours.handshakes, handshakes, what);
    assert.ok(ours.encodes > 5 && ours.decodes > 5, `${what}: ${ours.encodes} encodes, ${ours.decodes} decodes`);
}

for (const [device, controller] of [["ours", "ours"], ["ours", "original"], ["original", "ours"], ["original", "original"], ["all ours", "all ours"]]) {
    test(`device ${device}, controller ${controller}: commissioning, toggles, a subscription, a restart, removal`, async () => {
        const by = {};
        for (const { step, after: _, ...rest } of await inNamespace(fileURLToPath(new URL("today-inside.mjs", import.meta.url)), [device, controller], { milliseconds: 180_000 })) {
            (by[step] ??= []).push(rest);
        }
        assert.deepEqual(by.toggle, [{ onOff: true, value: true }, { onOff: false, value: false }, { onOff: false, value: false }]);
        assert.deepEqual(by.reported, [{ reported: true }]);
        assert.deepEqual(by["connected again"], by.commissioned);
        assert.deepEqual([by.removed, by.fabric], [[{ nodes: 0 }], [{ fabrics: 0 }]]);
        assertReport(by.controller[0], controller, { pase: 1, case: 1, resumed: 0 }, "controller");
        assertReport(by["restarted controller"][0], controller, { pase: 0, case: 0, resumed: 1 }, "restarted controller");
        assertReport(by.device[0], device, { pase: 1, case: 1, resumed: 1 }, "device");
    });
}

test("another version is refused, with a sentence that names those that are known", () => {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-version-"));
    try {
        const target = join(directory, "node_modules/@matter/protocol");
        mkdirSync(join(target, "dist/esm/session"), { recursive: true });
        writeFileSync(join(target, "package.json"), JSON.stringify({ name: "@matter/protocol", version: "0.17.8", type: "module" }));
        writeFileSync(join(target, "dist/esm/session/NodeSession.js"), "export class NodeSession {}\n");
        writeFileSync(join(directory, "app.mjs"), 'import "./node_modules/@matter/protocol/dist/esm/session/NodeSession.js";\n');
        const { status, stderr } = spawnSync(process.execPath, ["--import", import.meta.resolve("matter-session/matterjs/register"), join(directory, "app.mjs")], { encoding: "utf8" });
        assert.equal(status, 1);
        assert.match(stderr, /matter-session cannot stand in for the sessions of @matter\/protocol 0\.17\.8 \(.*\): it knows those of @project-chip\/matter\.js 0\.9\.4, and of @matter\/protocol 0\.17\.9 in Node/);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
});
