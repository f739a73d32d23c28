import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { compile, Core, core, DeadError, instantiate, load, LoadError, NotStartedError, SessionClosedError, start } from "matter-session";
import { Host, importsOf } from "#dist/load.js";
import { root } from "./support/vectors.js";

const blob = new URL("dist/matter-session.wasm", root);
const fault = new URL("jsbridge/test/build/fault.wasm", root);
before(() => {
    const go = { cwd: root, env: { ...process.env, GOOS: "js", GOARCH: "wasm" } };
    execFileSync("go", ["build", "-o", fault.pathname, "./jsbridge/test/testdata/fault"], go);
});

const ours = importsOf(new Host());
const names = Object.entries(ours).flatMap(([module, functions]) => Object.keys(functions as object).map(name => `${module}.${name}`)).sort();

describe("the import list", () => {
    it("of the blob is exactly what the loader supplies", async () => {
        const module = await compile(blob);
        assert.deepEqual(WebAssembly.Module.imports(module).map(entry => `${entry.module}.${entry.name}`).sort(), names);
    });

    it("of the loader is part of what this Go's wasm_exec.js supplies, beside our own module", () => {
        const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
        const source = readFileSync(`${goroot}/lib/wasm/wasm_exec.js`, "utf8");
        const theirs = new Set([...source.matchAll(/^\t*"((?:runtime|syscall\/js)\.\w+)": \(sp\) =>/gm)].map(match => `gojs.${match[1]}`));
        const runtime = names.filter(name => name.startsWith("gojs."));
        assert.equal(runtime.length, 8);
        assert.deepEqual(runtime.filter(name => !theirs.has(name)), []);
        assert.deepEqual([...theirs].filter(name => name.startsWith("gojs.runtime.") && !names.includes(name)), []);
        assert.deepEqual(names.filter(name => !name.startsWith("gojs.")), ["matter.random"]);
    });
});

describe("the loader", () => {
    it("starts from URL, text, bytes, Response, a promise of one, and Module", async () => {
        const octets = readFileSync(blob);
        const server = createServer((_, response) => response.setHeader("content-type", "application/wasm").end(octets));
        await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
        try {
            const http = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
            const sources = [
                blob, blob.href, octets, new Uint8Array(octets).buffer, new Response(octets), new Response(octets, { headers: { "content-type": "application/wasm" } }), new Response(octets, { headers: { "content-type": "application/wasm; charset=utf-8" } }),
                fetch(http), http, await compile(octets),
            ];
            for (const source of sources) assert.ok((await load(source)).memory instanceof WebAssembly.Memory);
        } finally {
            server.close();
        }
    });

    it("says in one sentence what failed, and starts the next time", async () => {
        const missing = pathToFileURL("/no/such/file.wasm");
        await assert.rejects(load(missing), (error: Error) => error instanceof LoadError && /could not be loaded: ENOENT/.test(error.message));
        await assert.rejects(load(new Response("gone", { status: 404, statusText: "Not Found" })), /the server answered 404 Not Found/);
        await assert.rejects(load(Uint8Array.of(1, 2, 3)), LoadError);
        await assert.rejects(load("data:application/wasm;base64,AAAA"), LoadError);
        // An empty module: valid, but no Go program.
        await assert.rejects(load(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)), /not a Go program/);
        await load(blob);
    });

    it("refuses a program that wants more of its host, as one with syscall/js does", async () => {
        const greedy = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0);
        await assert.rejects(load(greedy), /does not fit this loader/);
    });

    it("starts in a worker", async () => {
        const code = `const { parentPort, workerData } = require("node:worker_threads");
            import(workerData.index).then(({ Core }) => Core.start(workerData.module)).then(core => parentPort.postMessage(core.memorySize));`;
        const worker = new Worker(code, { eval: true, workerData: { index: new URL("dist/index.js", root).href, module: await compile(blob) } });
        const size = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
        assert.ok((size as number) > 0);
        await worker.terminate();
    });
});

describe("the shared core", () => {
    it("says that it is not started, retries after a failure, and is one for all", async () => {
        assert.throws(() => core(), (error: Error) => error instanceof NotStartedError && /call start\(\) and await it first/.test(error.message));
        await assert.rejects(start(pathToFileURL("/no/such/file.wasm")), LoadError);
        assert.throws(() => core(), NotStartedError);
        const [a, b] = await Promise.all([start(fault), start(fault)]);
        assert.equal(a, b);
        assert.equal(core(), a);
        const handle = a.open();
        assert.throws(() => handle.tick(1), DeadError);
        const next = await start(fault);
        assert.notEqual(next, a);
        next.open().tick(0);
    });
});

describe("TestField_F28: a dead core", () => {
    for (const [what, now, why] of [["a panic", 1, /nil pointer dereference/], ["a panic of its own", 2, /panic: told/], ["an endless recursion", 7, /./]] as const) {
        it(`is noticed at once after ${what}, stays dead, tells everyone once, and the next one works`, async () => {
            const started = await Core.start(fault);
            const told: Error[] = [];
            const handles = [0, 1].map(() => started.open({}, error => told.push(error)));
            assert.throws(() => handles[0]!.tick(now), (error: Error) => error instanceof DeadError && why.test(error.message) && /sessions are lost/.test(error.message));
            assert.ok(started.dead instanceof DeadError);
            assert.deepEqual(told, [], "not from within the call");
            await Promise.resolve();
            assert.deepEqual(told, [started.dead, started.dead]);
            for (const handle of handles) {
                assert.throws(() => handle.tick(0), DeadError);
                assert.throws(() => handle.receive(0, 1, Uint8Array.of(1)), DeadError);
                assert.throws(() => handle.next(), DeadError);
                assert.throws(() => handle.deadline(), DeadError);
                handle.close(0);
                handle.close(0);
                assert.equal(handle.next(), undefined);
            }
            assert.throws(() => started.open(), DeadError);
            (await Core.start(fault)).open().tick(0);
        });
    }

    it("is not what an error or a recovered panic makes", async () => {
        const handle = (await Core.start(fault)).open();
        assert.throws(() => handle.tick(4), (error: Error) => error instanceof SessionClosedError && error.message === "closed");
        handle.tick(5);
        handle.tick(0);
        assert.equal(handle.deadline(), undefined);
        assert.equal(handle.next(), undefined);
    });

    it("is what a host without randomness makes, and the exception does not cross", async () => {
        const handle = (await Core.start(fault)).open();
        handle.tick(6);
        const real = crypto.getRandomValues;
        crypto.getRandomValues = () => {
            throw new Error("no entropy");
        };
        try {
            assert.throws(() => handle.tick(6), /the host gave no randomness: no entropy/);
        } finally {
            crypto.getRandomValues = real;
        }
    });

    it("ends what draws until it has a usable number, instead of letting it draw for ever", async () => {
        const handle = (await Core.start(blob)).open({});
        const real = crypto.getRandomValues;
        crypto.getRandomValues = () => {
            throw new Error("no entropy");
        };
        try {
            assert.throws(() => handle.request(0, "createAuthority", {}), /the host gave no randomness: no entropy/);
        } finally {
            crypto.getRandomValues = real;
        }
    });

    it("can be declared from outside", async () => {
        const instance = await instantiate(await compile(fault));
        instance.check();
        instance.kill("test");
        instance.kill("a later reason");
        assert.throws(() => instance.check(), /the core has stopped \(test\)/);
    });
});

describe("TestField_F26: growing memory", () => {
    it("detaches no view that is used later", async () => {
        const started = await Core.start(fault);
        const handle = started.open();
        const before = started.memorySize;
        handle.receive(0, 1, new Uint8Array(1280));
        handle.tick(3);
        assert.ok(started.memorySize > before);
        handle.receive(0, 1, new Uint8Array(1280));
        assert.throws(() => handle.tick(4), /closed/);
    });
});
