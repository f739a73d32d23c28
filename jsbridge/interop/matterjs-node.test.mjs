// matter.js 0.9.4 as npm has it, on our sessions by a hook of Node's loader: over real UDP and DNS-SD, in a network of the
// test's own, device and controller each in its own process.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { matterSession } from "matter-session/matterjs/esbuild";
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

async function assertWorks(device, controllers, ...options) {
    const by = await steps("matterjs-inside.mjs", [device, controllers, ...options]);
    assert.deepEqual(by.fabric, [{ fabrics: 1 }, { fabrics: 0 }]);
    assert.deepEqual(by["first session"], [{ session: "made" }]);
    assert.deepEqual(by["second session"], [{ session: "made" }]);
    assert.deepEqual(by["third session"], [{ session: "resumed" }]);
    assert.deepEqual(by.toggle, [{ onOff: true, value: true }, { onOff: false, value: false }, { onOff: false, value: false }]);
    assert.deepEqual(by.reported, [{ reported: "1/6/onOff", value: true }]);
    assert.deepEqual(by["connected again"], [{ nodeId: by.commissioned[0].nodeId }]);
    assert.deepEqual(by.removed, [{ nodes: [] }]);

    const [[{ report: atDevice }], [{ report: first }], [{ report: second }]] = [by.device, by.controller, by["restarted controller"]];
    if (device !== "original") assertOurs(atDevice, { pase: 1, case: 1, resumed: 1 }, "device");
    else assert.deepEqual(atDevice, none);
    const [controller, restarted = controller] = controllers.split(",");
    if (controller !== "original") assertOurs(first, { pase: 1, case: 1, resumed: 0 }, "controller");
    else assert.deepEqual(first, none);
    if (restarted !== "original") assertOurs(second, { pase: 0, case: 0, resumed: 1 }, "restarted controller");
    else assert.deepEqual(second, none);
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
        await assertWorks(device, controller, ...options);
    });
}

for (const controllers of ["original,ours", "ours,original"]) {
    test(`what a controller has stored, the other one resumes: ${controllers.replace(",", ", then ")}`, async () => {
        await assertWorks("original", controllers);
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

/** Bundles for Node by esbuild. @returns the bundle's path */
async function bundled(entry, directory, format) {
    const outfile = join(directory, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    const input = entry.includes("\n") ? { stdin: { contents: entry, resolveDir: here(".") } } : { entryPoints: [here(entry)] };
    // Some that matter.js depends on is CommonJS: in an ES module it needs a require().
    const js = format === "esm" ? 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);' : "";
    await build({ ...input, outfile, bundle: true, platform: "node", format, target: "node20", banner: { js }, plugins: [matterSession()], logLevel: "error" });
    return outfile;
}

async function inDirectory(work) {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-bundle-"));
    try {
        await work(directory);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}

test("device bundled by esbuild, controller: original", async () => {
    await inDirectory(async directory => assertWorks(await bundled("peers/legacy-device.mjs", directory, "esm"), "original"));
});

for (const format of ["esm", "cjs"]) {
    test(`a program bundled by esbuild into ${format}: its first session is ours, and nothing had to be started`, async () => {
        const program = `
            import "@project-chip/matter-node.js";
            import { SecureSession } from "@project-chip/matter-node.js/session";
            import { report } from "matter-session/matterjs/report";
            const create = { context: undefined, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, closeCallback: async () => {}, isInitiator: true };
            SecureSession.create({ ...create, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false }).then(session => {
                session.encode({
                    packetHeader: { sessionId: 0, sessionType: 0, messageId: 1, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false },
                    payloadHeader: { exchangeId: 1, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, hasSecuredExtension: false },
                    payload: new Uint8Array(8),
                });
                console.log(JSON.stringify(report()));
            });`;
        await inDirectory(async directory => {
            const { status, stdout, stderr } = spawnSync(process.execPath, [await bundled(program, directory, format)], { encoding: "utf8" });
            assert.equal(status, 0, stderr);
            const { encodes, modules } = JSON.parse(stdout.split("\n").find(line => line.startsWith("{")));
            assert.equal(encodes, 1);
            assert.ok(modules.length > 10);
        });
    });
}

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
        found.modules = require("matter-session/matterjs/report").report().modules.length;
        console.log(JSON.stringify(found));`;
    const of = node => JSON.parse(spawnSync(process.execPath, [...node, "--input-type=commonjs", "--eval", program], { cwd: here("."), encoding: "utf8" }).stdout);
    assert.deepEqual(of([]), { names: 43, same: true, base: true, modules: 0 });
    const { modules, ...rest } = of(ours(["--cjs"]));
    assert.deepEqual(rest, { names: 43, same: true, base: true });
    assert.ok(modules > 10);
});

test("of two copies of matter.js in one program, each has classes that extend its own errors", async () => {
    const original = dirname(dirname(dirname(fileURLToPath(import.meta.resolve("@project-chip/matter.js/session")))));
    await inDirectory(async directory => {
        const copy = join(directory, "matter.js");
        mkdirSync(copy);
        cpSync(join(dirname(original), "package.json"), join(copy, "package.json"));
        cpSync(join(original, "esm"), join(copy, "dist/esm"), { recursive: true, filter: path => !/\.(ts|map)$/.test(path) });
        symlinkSync(join(dirname(original), "node_modules"), join(copy, "node_modules"));
        const program = `
            const [a, b] = await Promise.all(process.argv.slice(1).map(async base => {
                const { NoAssociatedFabricError } = await import(base + "/dist/esm/session/SecureSession.js");
                const { StatusResponseError } = await import(base + "/dist/esm/protocol/interaction/StatusCode.js");
                return { error: new NoAssociatedFabricError("x"), StatusResponseError };
            }));
            console.log(JSON.stringify([a, b].map(({ StatusResponseError }) => [a.error, b.error].map(error => error instanceof StatusResponseError))));
        `;
        const { stdout, stderr } = spawnSync(process.execPath, [...ours(), "--input-type=module", "--eval", program, dirname(original), copy], { encoding: "utf8" });
        assert.deepEqual(JSON.parse(stdout || stderr), [[true, false], [false, true]]);
    });
});

for (const kind of ["esm", "cjs"]) {
    test(`matter.js of another version is refused in one sentence (${kind})`, async () => {
        await inDirectory(async directory => {
            const file = join(directory, `dist/${kind}/session/SecureSession.js`);
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "@project-chip/matter.js", version: "0.9.5", type: kind === "esm" ? "module" : "commonjs" }));
            writeFileSync(file, "");
            const program = kind === "esm" ? `await import(${JSON.stringify(file)})` : `require(${JSON.stringify(file)})`;
            const { status, stderr } = spawnSync(process.execPath, [...ours(kind === "cjs" ? ["--cjs"] : []), `--input-type=${kind === "esm" ? "module" : "commonjs"}`, "--eval", program], { encoding: "utf8" });
            assert.notEqual(status, 0);
            assert.match(stderr, /matter-session cannot stand in for the sessions of @project-chip\/matter\.js 0\.9\.5 \(.*\): it knows those of @project-chip\/matter\.js 0\.9\.4/);
        });
    });
}

test("a module of that name in another package is left alone", async () => {
    await inDirectory(async directory => {
        const file = join(directory, "dist/esm/session/SecureSession.js");
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "another", version: "0.9.4", type: "module" }));
        writeFileSync(file, "export const SecureSession = 7;");
        assert.equal(run(`const { SecureSession } = await import(${JSON.stringify(file)}); console.log(SecureSession);`, ours()), 7);
    });
});
