// matter.js 0.17.9 as npm has it, its unicast sessions on ours by the hooks of import and of require(): its device and its
// controller on loopback, each in a process of its own, and each class beside the one that it stands in for.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ours } from "./peers/ours.mjs";
import { startPeer } from "./peers/start.mjs";

const here = name => fileURLToPath(new URL(name, import.meta.url));
const replaced = ["codec/MessageCodec.js", "protocol/MessageCounter.js", "protocol/MessageReceptionState.js", "session/NodeSession.js"];
const none = { modules: [], encodes: 0, decodes: 0, handshakes: { pase: 0, case: 0, resumed: 0 } };
const reporting = ["--import", new URL("peers/today-report.mjs", import.meta.url).href];

/** What has run on our sessions in a peer so far. */
async function reportOf(peer) {
    peer.child.kill("SIGUSR2");
    return (await peer.next(line => "ours" in line, "its report")).ours;
}

/** A peer of ES modules, as a program that require()s matter.js. @returns its path */
async function inCommonJs(script, directory) {
    const text = readFileSync(here(`peers/${script}`), "utf8").replace(/^import (\{[^}]*\}) from ("[^"]*");$/gm, "const $1 = require($2);");
    const outfile = join(directory, script.replace(/\.mjs$/, ".cjs"));
    const contents = `(async () => {\n${text}\n})();`;
    await build({ stdin: { contents, resolveDir: here("peers") }, outfile, bundle: true, platform: "node", format: "cjs", packages: "external", logLevel: "error" });
    return outfile;
}

const combinations = [
    ["ours", "ours"],
    ["ours", "original"],
    ["original", "ours"],
    ["ours", "ours", "--cjs"],
];
for (const [atDevice, atController, ...options] of combinations) {
    describe(`device: ${atDevice}, controller: ${atController}${options.length > 0 ? ", both in CommonJS" : ""}`, () => {
        let device;
        let controller;
        let directory;
        before(async () => {
            // Within the package, for what the peers import is looked for from there.
            mkdirSync(here("../../.cache"), { recursive: true });
            directory = mkdtempSync(here("../../.cache/commonjs-"));
            const cjs = options.includes("--cjs");
            const start = async (script, which) =>
                startPeer(cjs ? await inCommonJs(script, directory) : script, [], { node: [...(which === "ours" ? ours(options) : []), ...reporting] });
            [device, controller] = await Promise.all([start("device.mjs", atDevice), start("controller.mjs", atController)]);
        });
        after(async () => {
            await Promise.all([device?.stop(), controller?.stop()]);
            rmSync(directory, { recursive: true, force: true });
        });

        const at = () => ({ port: device.ready.port, passcode: device.ready.passcode });
        const changed = async () => (await device.next(line => "onOff" in line && !("answer" in line), "the change")).onOff;

        test("the wrong passcode is told", async () => {
            await assert.rejects(controller.ask({ do: "pase", ...at(), passcode: 11223344 }), /incorrect key confirmation/);
        });

        test("commission, toggle twice, read, resume", async () => {
            const { steps } = await controller.ask({ do: "commission", ...at() });
            assert.deepEqual(steps.map(([name]) => name), ["pase", "case"]);
            await device.next(line => line.commissioned === true, "the end of commissioning");
            assert.equal((await device.next(line => "resumed" in line, "the session's origin")).resumed, false);
            const { onOff } = await device.ask({ do: "state" });
            await controller.ask({ do: "toggle" });
            assert.equal(await changed(), !onOff);
            assert.equal((await controller.ask({ do: "read" })).onOff, !onOff);
            await controller.ask({ do: "toggle" });
            assert.equal(await changed(), onOff);
            assert.equal((await controller.ask({ do: "close" })).closed, 1);
            assert.equal((await controller.ask({ do: "connect" })).resumed, true);
            assert.equal((await device.next(line => "resumed" in line, "the session's origin")).resumed, true);
            assert.equal((await controller.ask({ do: "read" })).onOff, onOff);
        });

        test("our sessions did it, and only where they were asked to", async () => {
            for (const [peer, which, who] of [[device, atDevice, "device"], [controller, atController, "controller"]]) {
                const report = await reportOf(peer);
                if (which !== "ours") {
                    assert.deepEqual(report, none, who);
                    continue;
                }
                assert.deepEqual(report.modules, replaced, who);
                assert.deepEqual(report.handshakes, { pase: 1, case: 1, resumed: 1 }, who);
                assert.ok(report.encodes > 10 && report.decodes > 10, `${who}: ${report.encodes} encodes, ${report.decodes} decodes`);
            }
        });
    });
}

/** Runs a program of a few lines. @returns what it printed, parsed */
function run(text, node = [], kind = "module") {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...node, `--input-type=${kind}`, "--eval", text], { cwd: here("."), encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
}

for (const kind of ["module", "commonjs"]) {
    test(`each class is the same one to every importer, and the stand-ins export what there was (${kind})`, () => {
        const load = kind === "module" ? name => `await import(${name})` : name => `require(${name})`;
        const program = `
            ${kind === "module" ? 'import { createRequire } from "node:module"; const require = createRequire(process.cwd() + "/x.js");' : ""}
            const names = ${JSON.stringify(replaced)};
            (async () => {
                const all = ${load('"@matter/protocol"')}, viaMain = ${load('"@matter/main/protocol"')}, { MatterError } = ${load('"@matter/general"')};
                const base = require.resolve("@matter/protocol").replace(/cjs.index\\.js$/, "${kind === "module" ? "esm" : "cjs"}/");
                const found = {}, same = [];
                for (const name of names) {
                    const direct = ${load("base + name")};
                    found[name] = Object.keys(direct).filter(key => key !== "default" && key !== "module.exports").sort();
                    for (const key of found[name]) same.push(direct[key] === all[key] && direct[key] === viaMain[key]);
                }
                const { NodeSession, SecureSession, MessageReceptionStateUnencryptedWithRollover: State, MessageCodec, DuplicateMessageError } = all;
                console.log(JSON.stringify({
                    found, same: same.every(Boolean), names: [NodeSession.name, MessageCodec.name, State.name, DuplicateMessageError.name],
                    bases: [NodeSession.prototype instanceof SecureSession, DuplicateMessageError.prototype instanceof MatterError],
                    helpers: [typeof NodeSession.assert, typeof NodeSession.is, typeof NodeSession.logNew],
                }));
            })();`;
        const original = run(program, [], kind);
        assert.equal(original.same, true);
        assert.deepEqual(run(program, ours(kind === "module" ? [] : ["--cjs"]), kind), original);
    });
}

test("require() refuses another version in one sentence that names those that are known", () => {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-version-"));
    try {
        const file = join(directory, "dist/cjs/session/NodeSession.js");
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "@matter/protocol", version: "0.17.8", type: "commonjs" }));
        writeFileSync(file, "");
        const { status, stderr } = spawnSync(process.execPath, [...ours(["--cjs"]), file], { encoding: "utf8" });
        assert.equal(status, 1);
        assert.match(stderr, /matter-session cannot stand in for the sessions of @matter\/protocol 0\.17\.8 \(.*\): it knows those of @project-chip\/matter\.js 0\.9\.4, and of @matter\/protocol 0\.17\.9 /);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
});

test("one process, both classes: what one seals the other opens, duplicates are told the same, groups work", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...ours(), here("today-beside.mjs")], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const results = JSON.parse(stdout);
    assert.deepEqual(results.failed, []);
    assert.ok(results.compared > 20_000, `${results.compared} compared`);
});
