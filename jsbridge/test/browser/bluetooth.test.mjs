// Web Bluetooth in headless Chromium: web/transport in a page, over Chromium's emulated adapter, with a matter.js light
// behind it whose messages matter.js's own BTP session handler takes apart and puts together. The bridge's Controller
// commissions it: all of it up to ConnectNetwork over Bluetooth, the rest over loopback, where the device is heard only
// after it was told its network.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { startPeer } from "../../interop/peers/start.mjs";
import { bundle, openPage } from "./harness.mjs";
import { openBluetoothPage } from "./peripheral.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const home = { kind: "wifi", ssid: "Home", password: "correct horse" };
/** Of "Home Thread": active timestamp, channel, PAN ID, extended PAN ID, mesh prefix, key, name. */
const homeThread = {
    kind: "thread",
    dataset: `0e080000000000010000000300000f01021234020811111111222222220708fd00000000000000051000112233445566778899aabbccddeeff030b${Buffer.from("Home Thread").toString("hex")}`,
};

let files;
let browser;
let page;
let adapter;
/** By kind of network: the peer, its codes, and its Bluetooth. */
const lights = {};
let current;
let relay;
let relayed = 0;

before(async () => {
    for (const name of ["matter-session.wasm", "paa.tlv", "paa-test.tlv"]) assert.ok(existsSync(join(root, "dist", name)), `dist/${name} is not built: run make build`);
    const folder = mkdtempSync(join(tmpdir(), "bluetooth-"));
    const program = join(folder, "bluetooth.wasm");
    execFileSync("go", ["build", "-ldflags=-s -w", "-o", program, "./web/transport/testpage"], { cwd: root, env: { ...process.env, GOOS: "js", GOARCH: "wasm" } });
    const goroot = execFileSync("go", ["env", "GOROOT"], { cwd: root, encoding: "utf8" }).trim();
    files = {
        "/wasm_exec.js": readFileSync(join(goroot, "lib/wasm/wasm_exec.js")),
        "/bluetooth.wasm": readFileSync(program),
        "/page.js": await bundle(new URL("bluetooth-page.mjs", import.meta.url)),
        "/matter-session.wasm": readFileSync(join(root, "dist/matter-session.wasm")),
        "/paa.tlv": readFileSync(join(root, "dist/paa.tlv")),
        "/paa-test.tlv": readFileSync(join(root, "dist/paa-test.tlv")),
    };
    rmSync(folder, { recursive: true });

    relay = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(relay, "listening");
    relay.on("connection", (socket, { url }) => {
        const port = Number(new URL(url, "ws://relay").searchParams.get("port"));
        const udp = createSocket("udp6");
        udp.on("message", datagram => socket.send(datagram));
        socket.on("message", datagram => {
            relayed++;
            udp.send(datagram, port, "::1");
        });
        socket.on("close", () => udp.close());
    });

    browser = await openBluetoothPage(files, { args: ["--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
    ({ page, adapter } = browser);
    await page.exposeFunction("seenOnNetwork", async () => ((await current.peer.ask({ do: "state" })).joined ? current.ready.port : undefined));
    await page.exposeFunction("cutNow", () => current.device.cut());
    for (const kind of ["wifi", "thread"]) {
        const peer = await startPeer("ble-device.mjs", ["--network", kind]);
        const device = await adapter.add({ name: kind });
        device.serve(peer);
        lights[kind] = { kind, peer, device, ready: peer.ready };
    }
    await load();
});

after(async () => {
    await browser?.close();
    await Promise.all(Object.values(lights).map(({ peer }) => peer.stop()));
    relay?.close();
});

beforeEach(() => adapter.choose(undefined));

/** Loads the page anew, without what an earlier test left. */
async function load(target = page) {
    if (target === page) await adapter.reload();
    await target.evaluate(async relay => {
        globalThis.relay = relay;
        globalThis.test = await import("/page.js");
        const button = document.createElement("button");
        button.id = "pick";
        button.onclick = () => (globalThis.picked = globalThis.test.pick(globalThis.all));
        document.body.append(button);
    }, `ws://127.0.0.1:${relay.address().port}/`);
}

/** Clicks, and answers the browser's list. */
async function pick(name, { all = false } = {}) {
    adapter.choose(name);
    await page.evaluate(all => (globalThis.all = all), all);
    await page.click("#pick");
    const late = sleep(20_000, undefined, { ref: false }).then(() => assert.fail(`the browser's list was not answered; it offered ${adapter.offered}`));
    return Promise.race([page.evaluate(() => globalThis.picked), late]);
}

/** A new light that was picked, and a home without devices. */
async function fresh(kind, { largest = 244 } = {}) {
    current = lights[kind];
    const { device, peer } = current;
    await page.evaluate(() => globalThis.test.end());
    Object.assign(device, { swallow: Infinity, delay: 0, accept: () => true, written: [], indicated: [] });
    current.ready = await peer.ask({ do: "erase" });
    await peer.ask({ do: "largest", octets: largest });
    relayed = 0;
    assert.deepEqual(await pick(kind), { name: kind, problem: null });
    return current;
}

function commission(options) {
    return page.evaluate(options => globalThis.test.commission(options), { code: current.ready.qr, ...options });
}

/** What must be true at the end of every commissioning that went well. */
async function works({ peer, ready }, told) {
    assert.equal(told.failure, undefined, JSON.stringify(told.failure));
    assert.equal(told.verdict, "test");
    assert.deepEqual(told.device, { vendorId: 0xfff1, productId: 0x8000, address: { host: "::1", port: ready.port } });
    const state = await peer.ask({ do: "state" });
    assert.deepEqual([state.commissioned, state.fabrics, state.armed, state.joined], [true, 1, false, true]);
    assert.ok(state.networks.some(network => network.connected));
    assert.equal(await page.evaluate(() => globalThis.test.toggle()), true);
    assert.equal((await peer.ask({ do: "state" })).onOff, true);
    assert.ok(relayed > 0);
}

/** No function of ours is left in the page, and no connection, once it has settled what was under way. */
async function nothingIsLeft({ device } = current) {
    const until = Date.now() + 5_000;
    while ((device.connected || (await page.evaluate(() => globalThis.bluetooth.funcs())) > 0) && Date.now() < until) await sleep(20);
    assert.equal(await page.evaluate(() => globalThis.bluetooth.funcs()), 0, "Go functions are left");
    assert.equal(device.connected, false, "the device is still connected");
}

const early = ["payload", "link", "pase", "facts", "fail-safe", "regulatory", "attestation", "scan", "csr", "root", "noc"];
const late = ["discover", "case", "complete"];

test("a whole commissioning to Wi-Fi, the first password wrong", async () => {
    const light = await fresh("wifi");
    const told = await commission({ networks: [{ ...home, password: "wrong" }, home] });
    await works(light, told);
    assert.deepEqual(told.steps, [...early, "network", "connect!", "network", "connect", ...late]);
    const names = ["Home", "Home", "Café ☕", ""];
    assert.deepEqual(told.asked, [{ kind: "wifi", names, problem: undefined }, { kind: "wifi", names, problem: "wifi-auth" }]);
    await nothingIsLeft();
});

test("a whole commissioning to Thread", async () => {
    const light = await fresh("thread");
    const told = await commission({ networks: [homeThread] });
    await works(light, told);
    assert.deepEqual(told.steps, [...early, "network", "connect", ...late]);
    assert.deepEqual(told.asked, [{ kind: "thread", names: ["Home Thread"], problem: undefined }]);
    await nothingIsLeft();
});

for (const [largest, longest] of [[20, 20], [182, 182], [512, 244]]) {
    test(`a device whose link carries ${largest} octets: segments of at most ${longest}`, async () => {
        const light = await fresh("wifi", { largest });
        await works(light, await commission({ networks: [home] }));
        const { written, indicated } = light.device;
        assert.equal(Math.max(...written), longest);
        assert.equal(Math.max(...indicated), longest);
        // Messages of several hundred octets went both ways, in as many segments as they need.
        if (largest === 20) assert.ok(written.length > 100 && indicated.length > 100, `${written.length} and ${indicated.length} segments`);
        await nothingIsLeft();
    });
}

test("slow operations: nothing overlaps, nothing is lost", async () => {
    const light = await fresh("wifi", { largest: 100 });
    light.device.delay = 25;
    await works(light, await commission({ networks: [home] }));
    await nothingIsLeft();
});

// A disconnect in each step. Before the device has its certificate that is the end, and said so; what it was told it
// forgets with its fail-safe, and then a second attempt works, with the device that is still picked.
for (const step of ["pase", "facts", "fail-safe", "regulatory", "attestation", "scan", "csr", "root", "noc"]) {
    test(`disconnected in step ${step}`, async () => {
        const light = await fresh("wifi");
        const told = await commission({ networks: [home], cutAt: step });
        assert.equal(told.failure?.code, "connection-lost", JSON.stringify(told));
        assert.deepEqual([told.failure.step, told.failure.retry], [step, "restart"]);
        assert.match(told.failure.message, /connection to the device (was lost|could not be made)/);
        assert.deepEqual(told.closed, ["connection-lost: btp: the Bluetooth connection was lost"]);
        await nothingIsLeft();
        const before = await light.peer.ask({ do: "state" });
        assert.equal(before.commissioned, false);
        const { armed } = await light.peer.ask({ do: "lapse" });
        assert.equal(armed, step !== "pase");
        // The person is told how long the device still counts.
        if (armed) assert.ok(told.failure.waitMs > 0 && told.failure.waitMs <= 120_000, `wait ${told.failure.waitMs}`);
        const undone = await light.peer.ask({ do: "state" });
        assert.deepEqual([undone.fabrics, undone.armed, undone.breadcrumb, undone.sessions], [0, false, 0, []]);
        await works(light, await commission({ networks: [home] }));
        await nothingIsLeft();
    });
}

// After that devices may drop Bluetooth on their way to the network: the device is looked for until its fail-safe ends.
for (const step of ["network", "connect"]) {
    test(`disconnected in step ${step}, and the device never joins`, async () => {
        const light = await fresh("wifi");
        const told = await commission({ networks: [home], cutAt: step, patienceMs: 5_000 });
        assert.equal(told.failure?.message, "signal timed out");
        assert.equal(told.steps.at(-1), "discover!");
        await nothingIsLeft();
        assert.equal((await light.peer.ask({ do: "lapse" })).armed, true);
        assert.equal((await light.peer.ask({ do: "state" })).fabrics, 0);
        await works(light, await commission({ networks: [home] }));
        await nothingIsLeft();
    });
}

test("a device that breaks off instead of answering ConnectNetwork, and joins", async () => {
    const light = await fresh("wifi");
    await light.peer.ask({ do: "joining", silently: true });
    const told = await commission({ networks: [home] });
    await works(light, told);
    assert.deepEqual(told.steps.slice(-3), late);
    await nothingIsLeft();
});

test("connections that are refused or break at once are tried again, three in all", async () => {
    const light = await fresh("wifi");
    let refusals = 2;
    light.device.accept = () => refusals-- <= 0;
    await works(light, await commission({ networks: [home] }));
    await nothingIsLeft();

    await fresh("wifi");
    let asked = 0;
    light.device.accept = () => {
        asked++;
        return false;
    };
    const told = await page.evaluate(() => globalThis.test.link());
    assert.match(told.reason, /^connect-failed: /);
    assert.equal(asked, 3);
    assert.equal(told.opened, 0);
    await nothingIsLeft();
});

test("packets over 27 octets are lost: the second try uses small ones, and says so once", async () => {
    const light = await fresh("wifi");
    light.device.swallow = 27;
    const told = await commission({ networks: [home] });
    await works(light, told);
    assert.equal(told.stalled, 1);
    assert.ok(Math.max(...light.device.written.slice(-20)) <= 23);
    await nothingIsLeft();
});

test("closing disconnects, whatever is under way", async () => {
    await fresh("wifi");
    for (const wait of [0, 1, 3, 5, 10, 20, 40, 80]) {
        const told = await page.evaluate(async wait => {
            const ended = globalThis.test.link({ send: [1000] });
            await new Promise(resolve => setTimeout(resolve, wait));
            globalThis.bluetooth.close();
            return ended;
        }, wait);
        assert.equal(told.reason, "closed");
        await nothingIsLeft();
        await sleep(100);
    }
    // Unpicking does, too.
    const told = await page.evaluate(async () => {
        const ended = globalThis.test.link();
        await new Promise(resolve => setTimeout(resolve, 20));
        globalThis.bluetooth.unpick();
        return { ...(await ended), picked: globalThis.bluetooth.picked(), send: globalThis.bluetooth.send(new Uint8Array(1)) };
    });
    assert.deepEqual([told.reason, told.picked, told.send], ["closed", false, "transport: the link is not open"]);
    await nothingIsLeft();
});

test("the list dismissed", async () => {
    await fresh("wifi");
    const { name, problem } = await pick(undefined);
    assert.equal(name, "");
    assert.match(problem, /^picker-dismissed: NotFoundError/);
    assert.equal(await page.evaluate(() => globalThis.bluetooth.picked()), false, "the device picked before is still there");
    assert.deepEqual(await pick("wifi"), { name: "wifi", problem: null }, "the second time");
    await nothingIsLeft();
});

test("devices without Matter, and those that do not say that they have it", async () => {
    await adapter.add({ name: "headphones", matter: false });
    await adapter.add({ name: "quiet", says: false });
    const empty = await adapter.add({ name: "empty", says: false, characteristics: false });
    current = { device: empty };
    await pick(undefined);
    assert.ok(!adapter.offered.includes("headphones") && !adapter.offered.includes("quiet"), `offered: ${adapter.offered}`);
    assert.ok(adapter.offered.includes("wifi"));
    for (const name of ["headphones", "empty"]) {
        const { problem } = await pick(name, { all: true });
        assert.match(problem, /^not-matter-device: /, name);
        assert.equal(await page.evaluate(() => globalThis.bluetooth.picked()), false);
        await nothingIsLeft();
    }
    assert.deepEqual(await pick("quiet", { all: true }), { name: "quiet", problem: null });
    assert.equal(await page.evaluate(() => globalThis.bluetooth.picked()), true);
    // What offered Matter when it was picked may not do so later.
    await nothingIsLeft();
});

test("the adapter switched off and on", async () => {
    assert.equal(await page.evaluate(() => new Promise(resolve => globalThis.bluetooth.availability(resolve))), "ready");
    await adapter.state("absent");
    try {
        const { name, problem } = await pick("wifi");
        assert.equal(name, "");
        assert.match(problem, /^bluetooth-off: NotFoundError/);
        await page.evaluate(() => {
            globalThis.states = [];
            globalThis.stop = globalThis.bluetooth.watch(state => globalThis.states.push(state));
        });
        await page.waitForFunction(() => globalThis.states.length > 0);
    } finally {
        await adapter.state("powered-on");
    }
    await page.waitForFunction(() => globalThis.states.length > 1);
    assert.deepEqual(await page.evaluate(() => globalThis.states), ["off", "ready"]);
    await page.evaluate(() => globalThis.stop());
    assert.deepEqual(await pick("wifi"), { name: "wifi", problem: null });
    current = lights.wifi;
    await nothingIsLeft();
});

test("a frame that may not use Bluetooth, and a page without https", async () => {
    await page.evaluate(() => {
        const frame = document.createElement("iframe");
        frame.allow = "bluetooth 'none'";
        frame.src = "/";
        document.body.append(frame);
        return new Promise(resolve => (frame.onload = resolve));
    });
    const frame = page.frames()[1];
    await load(frame);
    const problem = await frame.evaluate(async () => {
        const state = await new Promise(resolve => globalThis.bluetooth.availability(resolve));
        return { state, ...(await globalThis.test.pick(false)) };
    });
    assert.equal(problem.state, "frame");
    assert.deepEqual([problem.name, problem.problem], ["", "blocked-by-frame"]);

    const insecure = await browser.context.newPage();
    await insecure.goto(page.url().replace("127.0.0.1", "insecure.test"));
    await load(insecure);
    const result = await insecure.evaluate(async () => {
        const state = await new Promise(resolve => globalThis.bluetooth.availability(resolve));
        return { state, ...(await globalThis.test.pick(false)) };
    });
    assert.deepEqual(result, { state: "insecure", name: "", problem: "insecure-context" });
    await insecure.close();
    await load();
});

test("a browser whose Bluetooth is switched off", async () => {
    const other = await openPage(files);
    try {
        await load(other.page);
        const result = await other.page.evaluate(async () => {
            const state = await new Promise(resolve => globalThis.bluetooth.availability(resolve));
            return { state, ...(await globalThis.test.pick(false)) };
        });
        assert.deepEqual(result, { state: "disabled", name: "", problem: "bluetooth-disabled" });
    } finally {
        await other.close();
    }
});

// ---- Devices that mean ill

/** Octets by which the heap may differ from one look to the next. */
const slack = 100_000;

const response = Buffer.from([0x65, 0x6c, 4, 244, 0, 255]);
const random = length => Buffer.from(Array.from({ length }, () => Math.floor(Math.random() * 256)));
const begin = (sequence, length) => Buffer.concat([Buffer.from([0x01, sequence, length & 0xff, length >> 8]), Buffer.alloc(240)]);

/** next: the nth value that it indicates, from 0; undefined ends. */
const hostile = {
    "random octets instead of a handshake": { reason: /^connect-failed: btp: /, next: n => (n < 20 ? random(50) : undefined) },
    "random octets after the handshake": { reason: /^connection-lost: btp: /, next: n => (n === 0 ? response : random(200)) },
    "empty values": { reason: /^connection-lost: btp: /, next: n => (n === 0 ? response : Buffer.alloc(0)) },
    "one value of 64 KiB": { reason: /^connection-lost: btp: octets of a segment/, next: n => (n === 0 ? response : random(65_536)) },
    "a message that claims 64 KiB": { reason: /^connection-lost: btp: announced octets of a message 65535/, next: n => (n === 0 ? response : begin(n, 65_535)) },
    "fragments without end": {
        reason: /^connection-lost: btp: /,
        next: n => (n === 0 ? response : n === 1 ? begin(1, 300) : Buffer.from([0x02, n, n])),
    },
    "a handshake that grants 64 KiB": { reason: /^(connect-failed|connection-lost): btp: /, next: n => (n === 0 ? Buffer.from([0x65, 0x6c, 4, 0xff, 0xff, 255]) : random(5_000)) },
};

test("devices that send what they like end their own link, and nothing else", async () => {
    const device = await adapter.add({ name: "hostile" });
    current = { device };
    assert.deepEqual(await pick("hostile"), { name: "hostile", problem: null });
    let next;
    device.on.subscribe = async () => {
        for (let n = 0, value; device.connected && (value = next(n)) !== undefined; n++) await device.indicate(value);
    };
    const suffer = async (name, times) => {
        next = hostile[name].next;
        for (let i = 0; i < times; i++) {
            const told = await page.evaluate(() => globalThis.test.link({ send: [50] }));
            assert.match(told.reason, hostile[name].reason, name);
            assert.ok(told.opened <= 1 && told.received === 0, name);
            await nothingIsLeft();
            await device.cut();
        }
        return page.evaluate(() => globalThis.bluetooth.heap());
    };
    for (const name of Object.keys(hostile)) await suffer(name, 3);
    // If what is too long were kept, or only copied, 50 of them would show.
    const early = await suffer("one value of 64 KiB", 10);
    const late = await suffer("one value of 64 KiB", 50);
    assert.ok(late <= early + slack, `the program's heap grew from ${early} to ${late} octets`);
});

test("a flood of well-formed messages is handed on and not kept", async () => {
    const device = await adapter.add({ name: "flood" });
    current = { device };
    assert.deepEqual(await pick("flood"), { name: "flood", problem: null });
    // Seven segments make a message of 1,280 octets. The first acknowledges what we acknowledged meanwhile.
    let ours = 0;
    let theirs = 0;
    let acknowledged = -1;
    device.on.write = value => (ours = value[0] & 0x08 ? value[2] : value[1]);
    const message = () => {
        const segments = [];
        for (let left = 1280; left > 0; ) {
            const first = left === 1280;
            const ack = first && ours !== acknowledged;
            const header = [(ack ? 0x08 : 0) | (first ? 0x01 : 0x02), ...(ack ? [ours] : []), ++theirs, ...(first ? [0x00, 0x05] : [])];
            if (ack) acknowledged = ours;
            const size = Math.min(left, 200);
            left -= size;
            if (left === 0) header[0] |= 0x04;
            segments.push(Buffer.concat([Buffer.from(header), Buffer.alloc(size)]));
        }
        return segments;
    };
    let many;
    device.on.subscribe = async () => {
        [ours, theirs, acknowledged] = [255, 0, 255]; // of the request nothing is acknowledged
        await device.indicate(response);
        for (let n = 0; n < many && device.connected; n++) await device.indicate(...message());
        await device.cut();
    };
    const flood = async times => {
        many = times;
        const told = await page.evaluate(() => globalThis.test.link());
        assert.deepEqual([told.received, told.opened], [many, 1], told.reason);
        await nothingIsLeft();
        return page.evaluate(() => globalThis.bluetooth.heap());
    };
    const early = await flood(50);
    const late = await flood(500); // 640,000 octets
    assert.ok(late <= early + slack, `the program's heap grew from ${early} to ${late} octets`);
});

test("garbage from the device in the middle of a session ends that session with an error", async () => {
    const light = await fresh("wifi");
    const { device } = light;
    let indications = 0;
    const indicate = device.indicate.bind(device);
    device.indicate = value => indicate(++indications === 12 ? random(value.length) : value);
    const told = await commission({ networks: [home] });
    delete device.indicate;
    assert.equal(told.failure?.code, "connection-lost", JSON.stringify(told));
    await nothingIsLeft();
    await light.peer.ask({ do: "lapse" });
    await works(light, await commission({ networks: [home] }));
});

test("opened and closed 100 times: no Go function is left, and memory stays", async () => {
    const { device } = await fresh("wifi");
    const cycle = async times => {
        for (let i = 0; i < times; i++) {
            const opened = await page.evaluate(
                () =>
                    new Promise(resolve => {
                        let opened = 0;
                        globalThis.bluetooth.open({
                            opened: () => {
                                opened++;
                                globalThis.bluetooth.close();
                            },
                            received() {},
                            stalled() {},
                            closed: reason => resolve(`${opened} ${reason}`),
                        });
                    }),
            );
            assert.equal(opened, "1 closed");
            await device.cut(); // until the emulation has ended it too
        }
        await nothingIsLeft();
        return page.evaluate(() => globalThis.bluetooth.heap());
    };
    const early = await cycle(50);
    const late = await cycle(100);
    assert.ok(late <= early + slack, `the program's heap grew from ${early} to ${late} octets`);
});

test("nothing was thrown or logged as an error in the page", () => {
    assert.deepEqual(browser.problems, []);
});
