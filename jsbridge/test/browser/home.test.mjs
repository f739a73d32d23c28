// A home in Chromium: made, opened again, used by a controller, backed up, brought back, forgotten; and what goes wrong.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { bundle, openPage } from "./harness.mjs";

const blobFile = new URL("../../../dist/matter-session.wasm", import.meta.url);
const passphrase = "correct horse battery stäple";

let browser;
/** Every error text that a page gave: nothing in them may be secret. */
const told = [];
before(async () => {
    assert.ok(existsSync(blobFile), "dist/matter-session.wasm is not built: run make build");
    const home = await bundle(new URL("home-page.mjs", import.meta.url));
    browser = await openPage({
        "/home.js": home,
        "/worker.js": `import { BrowserHome, Core } from "/home.js";
            onmessage = async ({ data: { database, passphrase } }) => {
                const core = await Core.start("/matter-session.wasm");
                const home = await BrowserHome.open({ database, core, label: "from a Worker" });
                const file = await home.export(passphrase);
                postMessage({ fabricId: home.fabricId, backup: home.backup, file });
            };`,
        "/matter-session.wasm": readFileSync(blobFile),
        "/paa.tlv": readFileSync(new URL("../../../session/commission/trust/paa.tlv", import.meta.url)),
    });
    browser.page.context().on("page", page => page.on("pageerror", error => browser.problems.push(String(error))));
    await prepare(browser.page);
});
after(() => browser?.close());

/** Puts the modules and a core where the functions of a test find them. */
async function prepare(page) {
    await page.evaluate(async () => {
        globalThis.lib = await import("/home.js");
        globalThis.core = await lib.Core.start("/matter-session.wasm");
    });
}

async function reload(page = browser.page) {
    await page.reload();
    await prepare(page);
}

async function newTab(url = browser.page.url()) {
    const tab = await browser.page.context().newPage();
    await tab.goto(String(url));
    await prepare(tab);
    return tab;
}

/** Runs fn in the page and expects its error. */
async function fails(fn, argument, page = browser.page) {
    const source = `async argument => await lib.outcome(() => (${fn})(argument))`;
    const result = await page.evaluate(`(${source})(${JSON.stringify(argument ?? null)})`);
    told.push(result.text ?? "");
    return result;
}

const exists = (database, page = browser.page) => page.evaluate(name => lib.BrowserHome.exists(name), database);
const databases = () => browser.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

test("a home is made once, is there after a reload, and its keys cannot be read", async () => {
    const { page } = browser;
    assert.equal(await exists("first"), false);
    assert.ok(!(await databases()).includes("first"), "asking made a database");
    const open = () => page.evaluate(async () => {
        const home = await lib.BrowserHome.open({ database: "first", core, label: "Zuhause" });
        const { fabricId, adminNodeId, label, backup, compressedFabricId, persisted } = home;
        const seen = {
            fabricId, adminNodeId, label, backup, compressedFabricId, persisted,
            root: String(home.authority.rootCertificate), noc: String((await home.authority.operationalIdentity()).noc), ipk: String(await home.authority.ipk()),
        };
        home.close();
        return seen;
    });
    const made = await open();
    assert.ok(made.fabricId > 0n && made.adminNodeId > 0n && made.adminNodeId <= 0xffff_ffef_ffff_ffffn);
    assert.match(made.compressedFabricId, /^[0-9A-F]{16}$/);
    assert.deepEqual([made.label, made.backup], ["Zuhause", "none"]);
    assert.equal(await exists("first"), true);
    assert.deepEqual(await open(), made, "closed and opened again: its keys are still at hand");
    await reload();
    assert.deepEqual(await open(), { ...made, backup: "impossible" });

    const kept = await page.evaluate(async ipk => {
        const record = await lib.recordOf("first");
        const keys = { root: record.rootKey, operational: record.operationalKey, ipk: record.ipk.key };
        const read = {};
        for (const [name, key] of Object.entries(keys)) {
            read[name] = [];
            for (const format of ["raw", "pkcs8", "jwk"]) read[name].push(await crypto.subtle.exportKey(format, key).then(() => "read", error => error.name));
        }
        const octets = Object.values(record).concat(Object.values(record.ipk)).filter(value => value instanceof Uint8Array);
        return { read, members: Object.keys(record).sort(), plain: octets.some(value => String(value).includes(ipk)), usages: Object.values(keys).map(key => key.usages.join()) };
    }, made.ipk);
    for (const [name, results] of Object.entries(kept.read)) assert.ok(results.every(result => result !== "read"), `the ${name} key was exported: ${results}`);
    assert.deepEqual(kept.usages, ["sign", "sign", "encrypt,decrypt"]);
    assert.equal(kept.plain, false, "the IPK lies in the record as it is");
    assert.deepEqual(kept.members, ["adminNodeId", "adminVendorId", "createdAt", "fabricId", "ipk", "label", "noc", "operationalKey", "rootCertificate", "rootKey", "version"]);
});

test("a controller and a device of the home find each other by its certificates", async () => {
    const result = await browser.page.evaluate(async () => {
        const home = await lib.BrowserHome.open({ database: "used", core, label: "Home" });
        const device = await lib.Device.start(core, home.authority);
        const controller = await lib.Controller.open({ core, storage: home.storage, authority: home.authority, transport: device.transport, trust: { production: new URL("/paa.tlv", location.href), test: false } });
        const connection = await controller.connect(device.nodeId, { address: { id: "device" }, full: true });
        const seen = {
            controller: [controller.fabricId, controller.nodeId, controller.compressedFabricId], home: [home.fabricId, home.adminNodeId, home.compressedFabricId],
            device: device.fabric.fabricId, deviceNode: device.fabric.adminNodeId === device.nodeId, connected: connection.nodeId === device.nodeId, events: device.events,
        };
        // And the same by what both remember.
        connection.close();
        const again = await controller.connect(device.nodeId, { address: { id: "device" } });
        seen.resumed = again.resumed;
        await controller.close();
        home.close();
        return seen;
    });
    assert.deepEqual(result.controller, result.home);
    assert.equal(result.device, result.home[0]);
    assert.ok(result.deviceNode && result.connected);
    assert.deepEqual(result.events.filter(type => type === "work").length, 1, "the device signed once");
    assert.ok(result.events.includes("session"));
    assert.equal(result.resumed, true);
});

test("requests that are not a key's own, and node IDs that are taken, get no certificate", async () => {
    const issue = change => fails(`async change => {
        const home = await lib.BrowserHome.open({ database: "used", core });
        const { csr } = await lib.deviceKey();
        let nodeId = await home.authority.allocateNodeId();
        if (change === "signature") csr[csr.length - 1] ^= 1;
        if (change === "empty") csr.fill(0);
        if (change === "admin") nodeId = home.adminNodeId;
        if (change === "zero") nodeId = 0n;
        await home.authority.issue({ csr, nodeId });
    }`, change);
    assert.equal((await issue("none")).name, "");
    assert.equal((await issue("signature")).name, "CertificateError");
    assert.equal((await issue("empty")).name, "CertificateError");
    assert.match((await issue("admin")).message, /administrator's own/);
    assert.notEqual((await issue("zero")).name, "");
});

test("no node ID is given away twice, whatever the random numbers are", async () => {
    const ids = await browser.page.evaluate(async () => {
        const home = await lib.BrowserHome.open({ database: "used", core });
        const other = await lib.BrowserHome.open({ database: "used", core });
        const real = crypto.getRandomValues.bind(crypto);
        const fixed = [home.adminNodeId, 7n, 7n, 7n, 8n, 0n, 0xffff_fff0_0000_0000n, 8n, 9n];
        crypto.getRandomValues = array => {
            real(array);
            if (array instanceof BigUint64Array && fixed.length > 0) array[0] = fixed.shift();
            return array;
        };
        try {
            const ids = [await home.authority.allocateNodeId(), await other.authority.allocateNodeId()];
            const { csr } = await lib.deviceKey();
            await home.authority.issue({ csr, nodeId: 9n }); // chosen by the host
            ids.push(await other.authority.allocateNodeId());
            crypto.getRandomValues = array => array.fill(7n);
            ids.push((await lib.outcome(() => home.authority.allocateNodeId())).message);
            return ids;
        } finally {
            crypto.getRandomValues = real;
            home.close();
            other.close();
        }
    });
    assert.deepEqual(ids.slice(0, 2), [7n, 8n]);
    assert.ok(typeof ids[2] === "bigint" && ![7n, 8n, 9n].includes(ids[2]));
    assert.match(ids[3], /random numbers/);
});

test("two tabs that make a home at once make one", async () => {
    const tab = await newTab();
    for (let round = 0; round < 3; round++) {
        const database = `race ${round}`;
        const open = page => page.evaluate(async database => {
            const home = await lib.BrowserHome.open({ database, core, label: "race" });
            const seen = { fabricId: home.fabricId, root: String(home.authority.rootCertificate), backup: home.backup };
            home.close();
            return seen;
        }, database);
        const homes = await Promise.all([open(browser.page), open(tab), open(browser.page), open(tab)]);
        for (const home of homes) assert.deepEqual([home.fabricId, home.root], [homes[0].fabricId, homes[0].root]);
        const [here, there] = [0, 1].map(realm => [homes[realm], homes[realm + 2]].some(home => home.backup === "none"));
        assert.notEqual(here, there, "one of the tabs made it, and has its keys");
    }
    await tab.close();
});

test("a tab that ends while it makes a home leaves none or a whole one", async () => {
    for (const [step, want] of [["generateKey", "none"], ["exportKey", "none"], ["sign", "none"], ["encrypt", "none"], ["decrypt", "impossible"], ["verify", "none"], ["get", "impossible"], ["add", "none or impossible"]]) {
        const database = `ended at ${step}`;
        const tab = await newTab();
        await tab.evaluate(({ database, step }) => new Promise(reached => {
            const { add, get } = IDBObjectStore.prototype;
            let added = false;
            if (step === "add" || step === "get") {
                IDBObjectStore.prototype.add = function (...args) {
                    added = true;
                    if (step === "add") reached();
                    return add.apply(this, args);
                };
                IDBObjectStore.prototype.get = function (...args) {
                    if (added && step === "get") reached();
                    return get.apply(this, args);
                };
            } else {
                SubtleCrypto.prototype[step] = () => {
                    reached();
                    return new Promise(() => {});
                };
            }
            void lib.BrowserHome.open({ database, core });
        }), { database, step });
        await tab.close();
        const backup = await browser.page.evaluate(async database => {
            const home = await lib.BrowserHome.open({ database, core });
            const device = await lib.Device.start(core, home.authority);
            device.handle.close(performance.now());
            const { backup } = home;
            home.close();
            return backup;
        }, database);
        assert.ok(want.includes(backup), `${step}: ${backup}`);
    }
});

/** A home with a node, its backup, and its secrets, which only a test asks for. */
async function backedUp(database) {
    const made = await browser.page.evaluate(async ({ database, passphrase }) => {
        const home = await lib.BrowserHome.open({ database, core, label: "Backed up" });
        const nodes = new lib.NodeStore(home.storage, Uint8Array.from(home.compressedFabricId.match(/../g), hex => parseInt(hex, 16)));
        await nodes.put({ nodeId: 0x1234n, vendorId: 0xfff1, productId: 0x8001, name: "A lamp called Änne", commissionedAt: 5n });
        await nodes.saveResumption(0x1234n, new TextEncoder().encode("a resumption record, which is secret"));
        const before = home.backup;
        const file = await home.export(passphrase);
        const content = await lib.openBackup(file, passphrase);
        const seen = {
            before, after: home.backup, file: Array.from(file), fabricId: home.fabricId, root: Array.from(home.authority.rootCertificate), ipk: Array.from(await home.authority.ipk()),
            keys: [Array.from(content.rootKey), Array.from(content.operationalKey)], same: String(content.ipk) === String(await home.authority.ipk()),
        };
        home.close();
        return seen;
    }, { database, passphrase });
    return made;
}

let backup;
test("a backup is made once the page has the keys, and again after a reload under its passphrase", async () => {
    backup = await backedUp("kept");
    assert.deepEqual([backup.before, backup.after, backup.same], ["none", "made", true]);
    const again = file => browser.page.evaluate(async ({ passphrase, file }) => {
        const home = await lib.BrowserHome.open({ database: "kept", core });
        const next = await home.export(` ${passphrase.normalize("NFD")}\n`); // typed on another keyboard, pasted with a line's end
        const [one, two] = [await lib.openBackup(Uint8Array.from(file), passphrase), await lib.openBackup(next, passphrase)];
        const { backup } = home;
        home.close();
        return { backup, keys: String(one.rootKey) === String(two.rootKey), fresh: String(next.slice(16, 44)) !== String(file.slice(16, 44)), length: next.length };
    }, { passphrase, file });
    await reload();
    assert.deepEqual(await again(backup.file), { backup: "made", keys: true, fresh: true, length: backup.file.length });
    await reload();
    assert.equal((await again(backup.file)).keys, true);

    const wrong = await fails(`async () => (await lib.BrowserHome.open({ database: "kept", core })).export("another passphrase")`);
    assert.deepEqual([wrong.name, wrong.fault], ["BackupError", "wrong-passphrase"]);
    const weak = await fails(`async () => (await lib.BrowserHome.open({ database: "kept", core })).export("  1234567 ")`);
    assert.deepEqual([weak.name, weak.fault], ["BackupError", "passphrase"]);
    const gone = await fails(`async passphrase => (await lib.BrowserHome.open({ database: "first", core })).export(passphrase)`, passphrase);
    assert.deepEqual([gone.name, gone.fault], ["BackupError", "impossible"]);
    assert.equal(await browser.page.evaluate(async () => {
        const home = await lib.BrowserHome.open({ database: "first", core });
        const { backup } = home;
        home.close();
        return backup;
    }), "impossible");
});

test("a backup brings the home to another database, with its nodes and without what resumes sessions", async () => {
    const brought = await browser.page.evaluate(async ({ file, passphrase }) => {
        const home = await lib.BrowserHome.import(Uint8Array.from(file), passphrase, { database: "brought", core });
        const nodes = new lib.NodeStore(home.storage, Uint8Array.from(home.compressedFabricId.match(/../g), hex => parseInt(hex, 16)));
        const record = await lib.recordOf("brought");
        const real = crypto.getRandomValues.bind(crypto);
        const fixed = [0x1234n, 0x1235n];
        crypto.getRandomValues = array => (array instanceof BigUint64Array && fixed.length > 0 ? array.fill(fixed.shift()) : real(array));
        const allocated = await home.authority.allocateNodeId();
        crypto.getRandomValues = real;
        const device = await lib.Device.start(core, home.authority);
        const controller = await lib.Controller.open({ core, storage: home.storage, authority: home.authority, transport: device.transport, trust: { production: new URL("/paa.tlv", location.href), test: false } });
        const connected = (await controller.connect(device.nodeId, { address: { id: "device" }, full: true })).nodeId === device.nodeId;
        await controller.close();
        const seen = {
            fabricId: home.fabricId, root: Array.from(home.authority.rootCertificate), label: home.label, backup: home.backup, nodes: await nodes.list(), resumption: (await nodes.resumptions()).length, connected, allocated,
            extractable: [record.rootKey.extractable, record.operationalKey.extractable, record.ipk.key.extractable],
        };
        await home.export(passphrase);
        home.close();
        return seen;
    }, { file: backup.file, passphrase });
    assert.deepEqual([brought.fabricId, brought.root, brought.label, brought.backup], [backup.fabricId, backup.root, "Backed up", "made"]);
    assert.deepEqual(brought.nodes.map(({ nodeId, name }) => [nodeId, name]), [[0x1234n, "A lamp called Änne"]]);
    assert.deepEqual(brought.extractable, [false, false, false]);
    assert.equal(brought.resumption, 0);
    assert.equal(brought.connected, true);
    assert.equal(brought.allocated, 0x1235n, "the ID of a node in the backup was given away");
});

const importing = (file, { database = "nowhere", with: word = passphrase } = {}) =>
    fails(`async ({ file, database, word }) => (await lib.BrowserHome.import(Uint8Array.from(file), word, { database, core })).close()`, { file: Array.from(file), database, word });
const faultOf = result => [result.name, result.fault].join(" ");

test("a file that is not the whole backup is told for what it is, and nothing is stored", async () => {
    const { file } = backup;
    const changed = (at, bits = 1) => file.map((octet, i) => (i === at ? octet ^ bits : octet));
    for (const [name, octets, want] of [
        ["nothing", [], "not-a-backup"],
        ["a text", Array.from(Buffer.from("<!doctype html><title>Sign in</title>")), "not-a-backup"],
        ["another first octet", changed(0), "not-a-backup"],
        ["the head alone", file.slice(0, 48), "damaged"],
        ["all but one octet", file.slice(0, -1), "damaged"],
        ["one octet more", [...file, 0], "damaged"],
        ["line ends changed", [...file.slice(0, 4), ...file.slice(5)], "not-a-backup"],
        ["version", changed(9, 3), "damaged"],
        ["derivation", changed(10), "damaged"],
        ["cipher", changed(11), "damaged"],
        ["iterations", changed(12), "damaged"],
        ["salt", changed(20), "damaged"],
        ["nonce", changed(35), "damaged"],
        ["length", changed(47), "damaged"],
        ["sealed", changed(100), "damaged"],
        ["tag", changed(file.length - 33), "damaged"],
        ["hash", changed(file.length - 1), "damaged"],
    ]) {
        assert.equal(faultOf(await importing(octets)), `BackupError ${want}`, name);
    }
    assert.equal(faultOf(await importing(file, { with: "correct horse battery staple" })), "BackupError wrong-passphrase");
    assert.equal(faultOf(await importing(file, { with: "" })), "BackupError wrong-passphrase");
    const future = Buffer.from(file);
    future.writeUInt16BE(2, 8);
    const hash = await crypto.subtle.digest("SHA-256", future.subarray(0, -32));
    Buffer.from(hash).copy(future, future.length - 32);
    assert.equal(faultOf(await importing(future)), "BackupError newer");
    assert.equal(await exists("nowhere"), false);
    assert.ok(!(await databases()).includes("nowhere"));
});

test("a backup whose parts do not belong together brings no home", async () => {
    const mixed = await browser.page.evaluate(async ({ file, passphrase }) => {
        const content = await lib.openBackup(Uint8Array.from(file), passphrase);
        const home = await lib.BrowserHome.open({ database: "other", core });
        const other = await lib.openBackup(await home.export(passphrase), passphrase);
        home.close();
        const files = {};
        for (const member of ["rootKey", "operationalKey", "rootCertificate", "noc", "fabricId", "adminNodeId"]) {
            files[member] = Array.from(await lib.sealBackup({ ...content, [member]: other[member] }, passphrase));
        }
        files.key = Array.from(await lib.sealBackup({ ...content, rootKey: content.rootKey.slice(1) }, passphrase));
        files.nodes = Array.from(await lib.sealBackup({ ...content, nodes: content.nodes.slice(0, -1) }, passphrase));
        return files;
    }, { file: backup.file, passphrase });
    for (const [member, file] of Object.entries(mixed)) assert.equal(faultOf(await importing(file)), "BackupError damaged", member);
    assert.equal(await exists("nowhere"), false);
});

test("a home that is there is not overwritten", async () => {
    const { file } = backup;
    assert.equal(faultOf(await importing(file, { database: "used" })), "BackupError exists");
    const result = await browser.page.evaluate(async ({ file, passphrase }) => {
        const bring = () => lib.BrowserHome.import(Uint8Array.from(file), passphrase, { database: "once", core });
        const results = await Promise.allSettled([bring(), bring()]);
        const store = new lib.IndexedDbStore("controller");
        await store.save("fabric", Uint8Array.of(1));
        return { states: results.map(({ status }) => status).sort(), faults: results.filter(({ reason }) => reason).map(({ reason }) => reason.fault) };
    }, { file, passphrase });
    assert.deepEqual(result, { states: ["fulfilled", "rejected"], faults: ["exists"] });
    for (const fn of [
        `async ({ file, passphrase }) => lib.BrowserHome.import(Uint8Array.from(file), passphrase, { database: "controller", core })`,
        `async () => lib.BrowserHome.open({ database: "controller", core })`,
    ]) {
        const mixed = await fails(fn, { file, passphrase });
        assert.equal(mixed.name, "StorageError");
        assert.match(mixed.message, /of another kind/);
    }
    assert.equal(await exists("controller"), false);
});

test("storage that fails leaves no home, says why, and the next try works", async () => {
    for (const [name, spoil, want] of [
        ["a full disk", `IDBObjectStore.prototype.add = () => { throw new DOMException("full", "QuotaExceededError"); };`, /no room left/],
        ["a key that cannot be stored", `IDBObjectStore.prototype.add = () => { throw new DOMException("could not be cloned", "DataCloneError"); };`, /cannot keep keys here/],
        ["an aborted transaction", `const add = IDBObjectStore.prototype.add;
            IDBObjectStore.prototype.add = function (...args) { const request = add.apply(this, args); this.transaction.abort(); return request; };`, /could not be saved/],
        ["another key than was stored", `const add = IDBObjectStore.prototype.add; const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
            IDBObjectStore.prototype.add = function (value, ...rest) { return add.call(this, value.rootKey ? { ...value, rootKey: pair.privateKey } : value, ...rest); };`, /cannot be used/],
        ["a certificate changed on its way", `const add = IDBObjectStore.prototype.add;
            IDBObjectStore.prototype.add = function (value, ...rest) { return add.call(this, value.noc ? { ...value, noc: value.rootCertificate } : value, ...rest); };`, /do not read back the same/],
        ["nothing stored", `IDBObjectStore.prototype.add = function (value, ...rest) { return this.count(); };`, /are not there/],
        ["refused by the browser", `IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); };`, /refuses storage/],
        ["no IndexedDB", `Object.defineProperty(globalThis, "indexedDB", { value: undefined, configurable: true });`, /no IndexedDB/],
        ["no locks", `Object.defineProperty(Navigator.prototype, "locks", { value: undefined, configurable: true });`, /no Web Locks here/],
    ]) {
        const result = await fails(`async () => { ${spoil} await lib.BrowserHome.open({ database: "spoilt", core }); }`);
        assert.equal(result.name, "StorageError", `${name}: ${result.text}`);
        assert.match(result.message, want, name);
        await reload();
        assert.equal(await exists("spoilt"), false, name);
    }
    assert.equal(await browser.page.evaluate(async () => (await lib.BrowserHome.open({ database: "spoilt", core })).backup), "none");
});

test("an origin without room is told so by the browser itself", async () => {
    // An origin of its own: the browser goes by what it has found out about the room of one for a while.
    const tab = await newTab(new URL(browser.page.url().replace("127.0.0.1", "localhost")));
    const session = await tab.context().newCDPSession(tab);
    const { origin } = new URL(tab.url());
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
    const made = await fails(`async () => { await lib.BrowserHome.open({ database: "full", core }); }`, null, tab);
    assert.deepEqual([made.name, /no room left/.test(made.message)], ["StorageError", true], made.text);
    const saved = await fails(`async () => new lib.IndexedDbStore("full").save("k", new Uint8Array(100))`, null, tab);
    assert.deepEqual([saved.name, /no room left/.test(saved.message)], ["StorageError", true], saved.text);
    assert.equal(await exists("full", tab), false);
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    assert.equal((await fails(`async () => { await lib.BrowserHome.open({ database: "full", core }); }`, null, tab)).text, undefined);
    await tab.close();
});

test("a backup that cannot be kept is not given out, and can be made later", async () => {
    const result = await fails(`async passphrase => {
        globalThis.stubborn = await lib.BrowserHome.open({ database: "stubborn", core });
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
        try { await stubborn.export(passphrase); } finally { IDBObjectStore.prototype.put = put; }
    }`, passphrase);
    assert.deepEqual([result.name, /no room left/.test(result.message)], ["StorageError", true]);
    assert.deepEqual(await browser.page.evaluate(async passphrase => [stubborn.backup, (await stubborn.export(passphrase)).length > 0, stubborn.backup], passphrase), ["none", true, "made"]);
});

test("the store keeps octets, whole and apart, and locks out the other tab", async () => {
    const tab = await newTab();
    const kept = await browser.page.evaluate(async () => {
        const store = new lib.IndexedDbStore("plain");
        const behind = Uint8Array.from({ length: 1000 }, (_, i) => i);
        await store.save("a view", behind.subarray(10, 20));
        await store.save("empty", new Uint8Array());
        await store.save("", Uint8Array.of(1));
        await store.save("over", Uint8Array.of(1));
        await store.save("over", Uint8Array.of(2));
        await store.save("gone", Uint8Array.of(1));
        await store.remove("gone");
        await store.remove("never there");
        const view = await store.load("a view");
        store.close();
        return [Array.from(view), view.buffer.byteLength, (await lib.outcome(() => store.load("empty"))).message];
    });
    assert.deepEqual(kept, [[10, 11, 12, 13, 14, 15, 16, 17, 18, 19], 10, "this storage was closed"]);
    assert.deepEqual(await tab.evaluate(async () => {
        const store = new lib.IndexedDbStore("plain");
        return Promise.all(["empty", "", "over", "gone"].map(async key => (await store.load(key))?.join()));
    }), ["", "1", "2", undefined]);

    // Each adds 1 to a number, ten times at once: no addition is lost.
    const add = page => page.evaluate(async () => {
        const store = new lib.IndexedDbStore("plain");
        await Promise.all(Array.from({ length: 10 }, () => store.exclusive("count", async () => {
            const [count = 0] = (await store.load("count")) ?? [];
            await new Promise(resolve => setTimeout(resolve));
            await store.save("count", Uint8Array.of(count + 1));
        })));
    });
    await Promise.all([add(browser.page), add(tab)]);
    assert.deepEqual(await tab.evaluate(async () => Array.from(await new lib.IndexedDbStore("plain").load("count"))), [20]);
    const own = await fails(`async () => new lib.IndexedDbStore("plain").exclusive("x", async () => { throw new RangeError("its own"); })`);
    assert.deepEqual([own.name, own.message], ["RangeError", "its own"]);
    await tab.close();
});

test("a tab that never gives its lock back is told of, and what it kept from happening has not happened", async () => {
    const [holder, tab] = [await newTab(), await newTab()];
    await holder.evaluate(() => new Promise(held => void navigator.locks.request("locked: home", () => {
        held();
        return new Promise(() => {});
    })));
    await tab.clock.install();
    const opening = fails(`async () => lib.BrowserHome.open({ database: "locked", core })`, null, tab);
    for (let waiting = false; !waiting; ) waiting = await tab.evaluate(async () => (await navigator.locks.query()).pending.length > 0);
    await tab.clock.fastForward(31_000);
    const result = await opening;
    assert.deepEqual([result.name, /in use by another tab/.test(result.message)], ["StorageError", true], result.text);
    assert.equal(await exists("locked"), false);
    await holder.close();
    assert.equal((await fails(`async () => { await lib.BrowserHome.open({ database: "locked", core }); }`, null, tab)).text, undefined);
    await tab.close();
});

test("forgetting deletes all, also under another tab, and nothing comes back by itself", async () => {
    const tab = await newTab();
    await tab.evaluate(async () => {
        globalThis.home = await lib.BrowserHome.open({ database: "forgotten", core });
        await home.storage.save("nodes-elsewhere", Uint8Array.of(1));
        globalThis.identity = await home.authority.operationalIdentity();
    });
    await browser.page.evaluate(() => lib.BrowserHome.forget("forgotten"));
    assert.ok(!(await databases()).includes("forgotten"));
    for (const call of [
        "home.storage.load('nodes')", "home.storage.save('nodes', new Uint8Array(1))", "home.authority.ipk()", "home.authority.allocateNodeId()", "home.authority.operationalIdentity()",
        "identity.sign(new Uint8Array(1))", "home.export('a passphrase')", "home.refresh()", "home.authority.issue({ csr: new Uint8Array(), nodeId: 5n })",
    ]) {
        const result = await fails(`async () => await ${call}`, null, tab);
        assert.deepEqual([result.name, /another tab: reload/.test(result.message)], ["StorageError", true], `${call}: ${result.message}`);
    }
    assert.equal(await exists("forgotten", tab), false);
    // Another home of the same name has other keys: those of the one before are not at hand for it.
    assert.deepEqual(await browser.page.evaluate(async () => {
        const seen = [];
        for (const database of ["forgotten", "forgotten"]) {
            const home = await lib.BrowserHome.open({ database, core });
            seen.push(home.backup);
            home.close();
        }
        return seen;
    }), ["none", "none"]);
    assert.equal(await tab.evaluate(async () => {
        const home = await lib.BrowserHome.open({ database: "forgotten", core });
        const { backup } = home;
        home.close();
        return backup;
    }), "impossible");
    await browser.page.evaluate(() => lib.BrowserHome.forget("forgotten"));
    assert.ok(!(await databases()).includes("forgotten"));
    await browser.page.evaluate(() => lib.BrowserHome.forget("forgotten")); // harmless when repeated

    // A tab with a connection that does not make way, as a page of other code has.
    await tab.evaluate(() => new Promise(resolve => {
        const opening = indexedDB.open("held", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("home");
        opening.onsuccess = () => {
            globalThis.held = opening.result;
            resolve();
        };
    }));
    const blocked = await fails(`async () => lib.BrowserHome.forget("held")`);
    assert.deepEqual([blocked.name, /when that tab is closed/.test(blocked.message)], ["StorageError", true], blocked.text);
    await tab.close();
    for (let tries = 0; (await databases()).includes("held"); tries++) {
        assert.ok(tries < 50, "it is still there after the tab was closed");
        await new Promise(resolve => setTimeout(resolve, 100));
    }
});

test("a home works in a Worker, and persistence is the window's to ask for", async () => {
    const result = await browser.page.evaluate(async passphrase => {
        const worker = new Worker("/worker.js", { type: "module" });
        const answer = await new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = event => reject(new Error(event.message));
            worker.postMessage({ database: "worker", passphrase });
        });
        worker.terminate();
        const home = await lib.BrowserHome.open({ database: "worker", core });
        const asked = await lib.askPersistence();
        await home.refresh();
        const seen = { same: home.fabricId === answer.fabricId, label: home.label, backup: [answer.backup, home.backup], size: answer.file.length, asked: typeof asked, agrees: home.persisted === (await navigator.storage.persisted()) };
        home.close();
        return seen;
    }, passphrase);
    assert.ok(result.size > 500);
    assert.deepEqual({ ...result, size: 0 }, { same: true, label: "from a Worker", backup: ["made", "made"], size: 0, asked: "boolean", agrees: true });
});

test("no key, IPK or passphrase is in an error or readable in the file", () => {
    const file = Buffer.from(backup.file);
    const secrets = { ipk: backup.ipk, root: backup.keys[0].slice(36, 68), operational: backup.keys[1].slice(36, 68), passphrase: [...Buffer.from(passphrase)], words: [...Buffer.from("battery")] };
    const texts = told.join("\n");
    assert.ok(told.filter(text => text !== "").length > 40, "the tests before this one gave no errors to search");
    for (const [name, octets] of Object.entries(secrets)) {
        const secret = Buffer.from(octets);
        assert.ok(secret.length >= 7 && !file.includes(secret), `${name} is in the file`);
        for (const form of [secret.toString("latin1"), secret.toString("utf8"), secret.toString("hex"), secret.toString("base64").slice(0, -4), [...secret].join(","), [...secret].join(", ")]) {
            assert.ok(!texts.toLowerCase().includes(form.toLowerCase()), `${name} is in an error`);
            assert.ok(!file.toString("latin1").includes(form), `${name} is in the file`);
        }
    }
    for (const word of ["Backed up", "Änne", "lamp"]) assert.ok(!file.includes(Buffer.from(word)), `"${word}" is readable in the file`);
});

test("nothing was thrown or logged as an error in the pages", () => {
    assert.deepEqual(browser.problems, []);
});
