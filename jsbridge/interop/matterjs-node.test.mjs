// matter.js 0.9.4 as npm has it, on our sessions by a hook of Node's loader: over real UDP and DNS-SD, in a network of the
// test's own, device and controller each in its own process.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inNamespace } from "./namespace.mjs";
import { ours } from "./peers/ours.mjs";

const here = name => fileURLToPath(new URL(name, import.meta.url));
const none = { modules: [], encodes: 0, decodes: 0, handshakes: { pase: 0, case: 0, resumed: 0 } };

/** Runs a script in a namespace. @returns what it printed, by step; of a step that came twice, all */
async function steps(script, args) {
    assert.equal(spawnSync("unshare", process.getuid() === 0 ? ["--net", "true"] : ["--net", "--map-root-user", "true"]).status, 0, "this test makes a network namespace, which takes root or a kernel that lets users make them");
    const by = {};
    for (const { step, after: _, ...rest } of await inNamespace(here(script), args, { milliseconds: 180_000 })) {
        (by[step] ??= []).push(rest);
    }
    return by;
}

/** Ours did the work, all of it and nobody else's. */
function assertOurs(report, handshakes, what) {
    for (const module of ["codec/MessageCodec.js", "protocol/MessageReceptionState.js", "session/SecureSession.js", "session/SessionManager.js", "session/case/CaseClient.js", "session/pase/PaseServer.js"]) {
        assert.ok(report.modules.includes(module), `${what}: ${module}`);
    }
    assert.deepEqual(report.handshakes, handshakes, what);
    assert.ok(report.encodes > 10 && report.decodes > 10, `${what}: ${report.encodes} encodes, ${report.decodes} decodes`);
}

const combinations = [
    ["ours", "ours"],
    ["ours", "original"],
    ["original", "ours"],
    ["original", "original"],
    ["ours", "ours", "--cjs"],
];
for (const [device, controller, ...options] of combinations) {
    test(`device: ${device}, controller: ${controller}${options.length > 0 ? ", both in CommonJS" : ""}: commission, toggle, report, resume, remove`, async () => {
        const by = await steps("matterjs-inside.mjs", [device, controller, ...options]);
        assert.deepEqual(by.fabric, [{ fabrics: 1 }, { fabrics: 0 }]);
        assert.deepEqual(by["first session"], [{ session: "made" }]);
        assert.deepEqual(by["second session"], [{ session: "made" }]);
        assert.deepEqual(by["third session"], [{ session: "resumed" }]);
        assert.deepEqual(by.toggle, [{ onOff: true, value: true }, { onOff: false, value: false }, { onOff: false, value: false }]);
        assert.deepEqual(by.reported, [{ reported: "1/6/onOff", value: true }]);
        assert.deepEqual(by["connected again"], [{ nodeId: by.commissioned[0].nodeId }]);
        assert.deepEqual(by.removed, [{ nodes: [] }]);

        const [[{ report: atDevice }], [{ report: first }], [{ report: second }]] = [by.device, by.controller, by["restarted controller"]];
        if (device === "ours") assertOurs(atDevice, { pase: 1, case: 1, resumed: 1 }, "device");
        else assert.deepEqual(atDevice, none);
        if (controller === "ours") {
            assertOurs(first, { pase: 1, case: 1, resumed: 0 }, "controller");
            assertOurs(second, { pase: 0, case: 0, resumed: 1 }, "restarted controller");
        } else {
            assert.deepEqual([first, second], [none, none]);
        }
    });
}

test("a forged datagram with the last counter: a device on our sessions hears its peer as before", async () => {
    const by = await steps("matterjs-attack-inside.mjs", ["ours"]);
    const [{ octets, session, sessions }] = by.forged;
    assert.deepEqual([octets, sessions], [38, [`secure/${session}`]]);
    assert.deepEqual(by.after, [{ heard: true, answered: true, sessions }]);
});

test("a forged datagram with the last counter: matter.js 0.9.4's own device never hears its peer again", async () => {
    const by = await steps("matterjs-attack-inside.mjs", ["original"]);
    const [{ octets, session, sessions }] = by.forged;
    assert.deepEqual([octets, sessions], [38, [`secure/${session}`]]);
    assert.deepEqual(by.after, [{ heard: false, answered: false, sessions }]);
});

/** Runs a program of a few lines. @returns what it printed, parsed */
function run(text, node = []) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...node, "--input-type=module", "--eval", text], { cwd: here("."), encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
}

test("the stand-ins export what matter.js's modules export, and each is the one class to every importer", () => {
    const names = `
        import { replaced } from ${JSON.stringify(new URL("../../dist/matterjs/modules.js", import.meta.url).href)};
        const base = new URL("../../", import.meta.resolve("@project-chip/matter.js/session"));
        const found = {};
        for (const path of Object.keys(replaced)) found[path] = Object.keys(await import(new URL("esm/" + path, base).href)).sort();
    `;
    const print = "console.log(JSON.stringify(found));";
    const originals = run(names + print);
    assert.deepEqual(run(`${names} found.wanted = replaced; ${print}`).wanted, originals);
    const { identity, modules, ...standIns } = run(
        `${names}
        import * as viaNode from "@project-chip/matter-node.js/session";
        import * as via from "@project-chip/matter.js/session";
        import { StatusResponseError } from "@project-chip/matter.js/interaction";
        import { report } from "matter-session/matterjs/report";
        const direct = await import(new URL("esm/session/SecureSession.js", base).href);
        found.identity = [
            via.SecureSession === viaNode.SecureSession, via.SecureSession === direct.SecureSession, Object.keys(viaNode).length,
            new via.NoAssociatedFabricError("x") instanceof StatusResponseError, via.SecureSession.name,
        ];
        found.modules = report().modules;
        ${print}`,
        ours(),
    );
    assert.deepEqual(standIns, originals);
    assert.deepEqual(identity, [true, true, 43, true, "SecureSession"]);
    assert.deepEqual(modules, Object.keys(originals).sort());
});

test("the same by require()", () => {
    const program = `
        const { createRequire } = require("node:module");
        const { dirname, join } = require("node:path");
        const found = {};
        const base = dirname(dirname(require.resolve("@project-chip/matter.js/session")));
        const { SecureSession, NoAssociatedFabricError, ...all } = require("@project-chip/matter-node.js/session");
        const { StatusResponseError } = require("@project-chip/matter-node.js/interaction");
        found.names = Object.keys(all).length + 2;
        found.same = SecureSession === require(join(base, "session/SecureSession.js")).SecureSession;
        found.base = new NoAssociatedFabricError("x") instanceof StatusResponseError;
        import("matter-session/matterjs/report").then(({ report }) => {
            found.modules = report().modules.length;
            console.log(JSON.stringify(found));
        });`;
    const of = node => JSON.parse(spawnSync(process.execPath, [...node, "--input-type=commonjs", "--eval", program], { cwd: here("."), encoding: "utf8" }).stdout);
    assert.deepEqual(of([]), { names: 43, same: true, base: true, modules: 0 });
    const { modules, ...rest } = of(ours(["--cjs"]));
    assert.deepEqual(rest, { names: 43, same: true, base: true });
    assert.ok(modules > 10);
});
