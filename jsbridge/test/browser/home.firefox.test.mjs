// A home in Firefox: what differs between browsers is how keys are stored, whether a store is durable, and what a lock is.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { openFirefox } from "./firefox.mjs";
import { bundle } from "./harness.mjs";
import { serve } from "./site.mjs";

const blobFile = new URL("../../../dist/matter-session.wasm", import.meta.url);

let site, firefox;
before(async () => {
    assert.ok(existsSync(blobFile), "dist/matter-session.wasm is not built: run make build");
    site = await serve({
        "/": "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>test</title>",
        "/home.js": await bundle(new URL("home-page.mjs", import.meta.url)),
        "/matter-session.wasm": readFileSync(blobFile),
        "/paa.tlv": readFileSync(new URL("../../../session/commission/trust/paa.tlv", import.meta.url)),
        "/worker.js": `import { BrowserHome, Core } from "/home.js";
            onmessage = async ({ data }) => {
                const home = await BrowserHome.open({ database: data, core: await Core.start("/matter-session.wasm") });
                const device = await home.authority.operationalIdentity();
                postMessage({ fabric: home.compressedFabricId, signed: (await device.sign(new Uint8Array(5))).length });
                home.close();
            };`,
    });
    firefox = await openFirefox(site.url);
});
after(async () => {
    await firefox?.close();
    site?.close();
});

const run = fn => firefox.evaluate(`(${fn})()`);

test("a home is made, kept without its keys being readable, used, backed up, brought elsewhere and forgotten", async () => {
    const seen = await run(async () => {
        const lib = await import("/home.js");
        const core = await lib.Core.start("/matter-session.wasm");
        const seen = { before: await lib.BrowserHome.exists("fox") };
        const homes = await Promise.all([1, 2].map(() => lib.BrowserHome.open({ database: "fox", core, label: "Bau" })));
        seen.one = homes[0].compressedFabricId === homes[1].compressedFabricId;
        const made = homes.find(home => home.backup === "none");
        const file = await made.export("a passphrase of some length");
        for (const home of homes) home.close();

        const home = await lib.BrowserHome.open({ database: "fox", core });
        const record = await lib.recordOf("fox");
        seen.read = [];
        for (const key of [record.rootKey, record.operationalKey, record.ipk.key]) {
            for (const format of ["raw", "pkcs8", "jwk"]) seen.read.push(await crypto.subtle.exportKey(format, key).then(() => "read", () => "refused"));
        }
        const device = await lib.Device.start(core, home.authority);
        const controller = await lib.Controller.open({ core, storage: home.storage, authority: home.authority, transport: device.transport, trust: { production: new URL("/paa.tlv", location.href), test: false } });
        seen.connected = (await controller.connect(device.nodeId, { address: { id: "device" }, full: true })).nodeId === device.nodeId;
        await controller.close();

        const again = await home.export("a passphrase of some length");
        const brought = await lib.BrowserHome.import(again, "a passphrase of some length", { database: "elsewhere", core });
        seen.brought = brought.compressedFabricId === home.compressedFabricId;
        seen.wrong = (await lib.outcome(() => lib.BrowserHome.import(file, "another passphrase", { database: "nowhere", core }))).fault;
        const worker = new Worker("/worker.js", { type: "module" });
        seen.worker = await new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = event => reject(new Error(event.message));
            worker.postMessage("fox");
        });
        worker.terminate();
        seen.worker.fabric = seen.worker.fabric === home.compressedFabricId;
        await lib.BrowserHome.forget("fox");
        seen.gone = (await lib.outcome(() => home.authority.ipk())).name;
        seen.after = [await lib.BrowserHome.exists("fox"), (await indexedDB.databases()).map(({ name }) => name)];
        await lib.BrowserHome.forget("elsewhere");
        return seen;
    });
    assert.deepEqual(seen, {
        before: false, one: true, read: Array(9).fill("refused"), connected: true, brought: true, wrong: "wrong-passphrase", worker: { fabric: true, signed: 64 }, gone: "StorageError",
        after: [false, ["elsewhere"]],
    });
});

test("storage that fails leaves no home there either", async () => {
    const seen = await run(async () => {
        const lib = await import("/home.js");
        const core = await lib.Core.start("/matter-session.wasm");
        const { add } = IDBObjectStore.prototype;
        const results = [];
        for (const spoil of [
            () => { throw new DOMException("full", "QuotaExceededError"); },
            function (...args) { const request = add.apply(this, args); this.transaction.abort(); return request; },
            function (...args) { add.apply(this, args); return add.apply(this, args); }, // refused: the key is taken
        ]) {
            IDBObjectStore.prototype.add = spoil;
            results.push((await lib.outcome(() => lib.BrowserHome.open({ database: "spoilt", core }))).name, await lib.BrowserHome.exists("spoilt"));
        }
        IDBObjectStore.prototype.add = add;
        const home = await lib.BrowserHome.open({ database: "spoilt", core });
        results.push(home.backup);
        home.close();
        return results;
    });
    assert.deepEqual(seen, ["StorageError", false, "StorageError", false, "StorageError", false, "none"]);
});

test("nothing was thrown or logged as an error in the page", () => {
    assert.deepEqual(firefox.problems, []);
});
