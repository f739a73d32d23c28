import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { AgentError, BackupError, parseAddress, StorageError, type AgentState, type AgentTransport, type Discovered, type DiscoverQuery, type HostTransport } from "matter-session";
import { UdpTransport } from "matter-session/node";
import type { BrowserHome } from "#dist/browser/index.js";
import { startDevice, type Device } from "./support/device.js";
import { MemoryStore } from "./support/loop.js";
import { flatten, forms, Page, type PageOptions } from "./support/room.js";

let device: Device;
const pages: Page[] = [];
const transports: UdpTransport[] = [];
before(async () => {
    device = await startDevice();
});
after(() => device.stop());
beforeEach(() => device.ask({ do: "erase" }));
afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    for (const transport of transports.splice(0)) await transport.close();
});

/** UDP, and a discovery that knows the light. */
function network(): HostTransport & { sent: number } {
    const udp = new UdpTransport();
    transports.push(udp);
    const peer = parseAddress(`127.0.0.1:${device.ready.port}`);
    return {
        sent: 0,
        async open(address, signal) {
            const channel = await udp.open(address, signal);
            const count = (): number => this.sent++;
            return {
                kind: channel.kind, maxMessage: channel.maxMessage, closed: channel.closed, close: () => channel.close(), receive: handler => channel.receive(handler),
                send: message => (count(), channel.send(message)),
            };
        },
        async *discover(query: DiscoverQuery, signal: AbortSignal): AsyncGenerator<Discovered, void, undefined> {
            // Whatever discriminator it has just now: that of its label, or of a window.
            if ("operational" in query) yield { peer };
            else yield { peer, discriminator: query.short ? query.discriminator << 8 : query.discriminator, vendorId: 0xfff1, productId: 0x8000, open: 1 };
            if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve()));
        },
    };
}

function open(options: PageOptions = {}): Page {
    const page = new Page({ storage: new MemoryStore(), transport: network(), fabricLabel: "Test home", ...options });
    pages.push(page);
    return page;
}

const begin = { type: "begin", route: "host", candidate: "", payload: 0 } as const;
const keep = (code: string) => ({ type: "keepCode", code }) as const;

async function accept(page: Page): Promise<void> {
    const { attestation } = await page.next("attestationAsked");
    page.do({ type: "decide", request: attestation.request, accept: true });
}

async function commission(page: Page, code: string = device.ready.qr): Promise<string> {
    page.do(keep(code), begin);
    await accept(page);
    return (await page.next("commissioned")).node.id;
}

describe("a room", () => {
    it("commissions, tells every step, and who it is", async () => {
        const page = open();
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        assert.deepEqual([attestation.verdict, attestation.vendorId, attestation.productId], ["test", 0xfff1, 0x8000]);
        assert.ok(attestation.findings.length > 0 && attestation.request > 0);
        page.do({ type: "decide", request: attestation.request, accept: true });
        const { node } = await page.next("commissioned");
        assert.deepEqual([node.name, node.vendorName, node.productName, node.serial, node.vendorId, node.productId], ["Test light", "matter-session", "Test light", "L-1", 0xfff1, 0x8000]);
        assert.match(node.id, /^[0-9A-F]{16}$/);
        assert.equal(node.address, `127.0.0.1:${device.ready.port}`);
        const [detail] = page.commissioned;
        assert.equal(detail?.nodeId, BigInt(`0x${node.id}`));
        const steps = page.events.filter(event => event.type === "stepReported").map(({ step }) => step);
        for (const id of ["link", "pase", "attestation", "csr", "noc", "case", "complete"]) {
            assert.ok(steps.some(step => step.id === id && step.status === "done"), id);
        }
        for (const step of steps) assert.ok(Math.abs(step.startedAt - Date.now()) < 60_000 && step.elapsed >= 0 && step.elapsed < 60_000, JSON.stringify(step));
        page.do({ type: "readHome" });
        const { home } = await page.next("homeRead");
        assert.deepEqual([home.exists, home.label, home.nodes.map(({ id, serial }) => [id, serial])], [true, "Test home", [[node.id, "L-1"]]]);
    });

    it("shows a device, switches it, tells what changes on it, and leaves it", async () => {
        const page = open();
        const node = await commission(page);
        page.do({ type: "readDevice", node });
        const { endpoints, node: about } = await page.next("deviceRead");
        assert.equal(about.productName, "Test light");
        const [light] = endpoints;
        assert.deepEqual([light?.id, light?.types, light?.hasOnOff, light?.on, light?.hasLevel, light?.identify], [1, [0x0100], true, false, false, true]);
        await page.next("attributeTold", event => event.on === false);
        page.do({ type: "command", node, endpoint: 1, command: "on" });
        assert.equal((await page.next("commandDone")).id, "");
        await page.next("attributeTold", event => event.on === true);
        assert.equal((await device.ask({ do: "state" })).onOff, true);
        page.do({ type: "command", node, endpoint: 1, command: "identify" });
        assert.equal((await page.next("commandDone")).id, "");
        page.do({ type: "setLevel", node, endpoint: 1, level: 9 });
        assert.equal((await page.next("commandDone")).id, "device-refused", "it has no level");
        page.do({ type: "leaveDevice", node });
        page.do({ type: "removeDevice", node, forgetOnly: false });
        assert.equal((await page.next("deviceRemoved")).node, node);
        page.do({ type: "readHome" });
        assert.deepEqual((await page.next("homeRead")).home.nodes, []);
    });

    it("opens a window for another room, and tells that it was used", async () => {
        const [page, other] = [open(), open({ fabricLabel: "Other" })];
        const node = await commission(page);
        page.do({ type: "openWindow", node, seconds: 180 });
        const window = await page.next("windowOpened");
        assert.match(window.manual, /^\d{4}-\d{3}-\d{4}$/);
        assert.ok(window.lasts > 170_000 && window.lasts <= 180_000);
        page.do({ type: "openWindow", node, seconds: 180 });
        assert.equal((await page.next("windowFailed")).status, "Busy (2)");
        await commission(other, window.qr);
        assert.deepEqual(await page.next("windowEnded"), { type: "windowEnded", node, reason: "joined", vendor: "0xFFF1" });
        const shared = await page.room.share(BigInt(`0x${node}`), 200);
        assert.match(shared.manual, /^\d{11}$/);
        page.do({ type: "closeWindow", node });
        assert.equal((await page.next("windowEnded")).reason, "closed");
        assert.ok(!page.events.some(event => event.type === "windowOpened" && event.qr === shared.qr), "a host's share is not the page's");
        page.do({ type: "removeDevice", node, forgetOnly: true });
        await page.next("deviceRemoved");
        assert.equal((await device.ask({ do: "state" })).fabrics, 2, "forgotten on this side only");
    });

    it("stops: undone, told once; and the kept code works again", async () => {
        const page = open();
        page.do(keep(device.ready.manual), begin);
        await page.next("attestationAsked");
        page.do({ type: "cancel" });
        assert.deepEqual(await page.next("stopDone"), { type: "stopDone", rolledBack: true, wait: 0 });
        assert.equal((await device.ask({ do: "state" })).commissioned, false);
        page.do(begin);
        await accept(page);
        await page.next("commissioned");
        assert.deepEqual(page.events.filter(event => event.type === "failed"), []);
        page.do({ type: "cancel" });
        assert.equal((await page.next("stopDone")).rolledBack, true, "nothing was under way");
    });

    it("says what failed, why, and where to enter again", async () => {
        const page = open();
        const failed = async () => {
            const error = await page.next("commissioned").catch((error: Error) => error.message);
            return JSON.parse(String(error).replace(/^[^{]*/, "")) as { id: string; retry: string; step: string; params: Record<string, string> };
        };
        page.do(begin);
        assert.deepEqual([(await failed()).id, page.events.length], ["code-lost", 1]);
        page.do(keep("34970112333"), begin);
        const typo = await failed();
        assert.deepEqual([typo.id, typo.retry], ["code-check-digit", "code"]);
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        page.do({ type: "decide", request: attestation.request, accept: false });
        const refused = await failed();
        assert.deepEqual([refused.id, refused.retry, refused.step, refused.params["finding"]], ["attestation-refused", "none", "attestation", attestation.findings[0]]);
        page.room.configure({ attestation: "certified" });
        page.do(begin);
        assert.equal((await failed()).id, "attestation-refused");
        page.do({ type: "forgetCode" }, begin);
        assert.equal((await failed()).id, "code-lost");
    });
});

/** What a page's next failure is; anything that comes before it is passed over. */
async function failure(page: Page): Promise<{ id: string; retry: string; step: string; technical: string; params: Record<string, string> }> {
    const error = await page.next("commissioned").catch((error: Error) => error.message);
    assert.equal(typeof error, "string", "it was commissioned");
    return JSON.parse(String(error).replace(/^[^{]*/, "")) as Awaited<ReturnType<typeof failure>>;
}

/** Locks as they are between tabs. */
class SharedStore extends MemoryStore {
    readonly #locks = new Map<string, Promise<unknown>>();
    override exclusive<T>(name: string, fn: () => Promise<T>): Promise<T> {
        const turn = (this.#locks.get(name) ?? Promise.resolve()).then(fn, fn);
        this.#locks.set(name, turn.catch(() => {}));
        return turn;
    }
}

describe("a room, when things go wrong around it", () => {
    it("starts nothing when the home's keys cannot be saved", async () => {
        const storage = new MemoryStore(), transport = network();
        storage.save = () => Promise.reject(new StorageError("the disk is full"));
        const page = open({ storage, transport });
        page.do(keep(device.ready.qr), begin);
        const { id, retry, technical, params } = await failure(page);
        assert.deepEqual([id, retry], ["storage-failed", "same"]);
        assert.match(technical + (params["cause"] ?? ""), /the disk is full/);
        assert.equal(transport.sent, 0);
        assert.ok(!page.events.some(event => event.type === "stepReported"));
    });

    it("lets one tab at a time set a device up, and says so in the other", async () => {
        const storage = new SharedStore();
        const [first, second] = [open({ storage }), open({ storage })];
        first.do(keep(device.ready.qr), begin);
        const { attestation } = await first.next("attestationAsked");
        second.do(keep(device.ready.qr), begin);
        const { id, retry } = await failure(second);
        assert.deepEqual([id, retry], ["other-tab", "same"]);
        first.do({ type: "decide", request: attestation.request, accept: false });
        assert.equal((await failure(first)).id, "attestation-refused");
        second.do(begin);
        await accept(second);
        await second.next("commissioned");
    });

    it("outlives the death of its core, with the code", async () => {
        const page = open();
        const real = crypto.getRandomValues;
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        crypto.getRandomValues = () => {
            throw new Error("no entropy");
        };
        page.do({ type: "decide", request: attestation.request, accept: true });
        for (const until = Date.now() + 10_000; !page.events.some(event => event.type === "died") && Date.now() < until; ) await new Promise(tick => setTimeout(tick, 20));
        crypto.getRandomValues = real;
        const dead = page.events.filter(event => event.type === "died");
        assert.equal(dead.length, 1, JSON.stringify(page.events));
        assert.match(dead[0]?.technical ?? "", /stopped/);
        assert.ok(!page.events.some(event => event.type === "failed"), "told once, as what it is");
        await page.next("died");
        // The device does not know, and is busy with what is no more: but the code is there, and a core that asks it.
        page.do(begin);
        await page.next("stepReported", ({ step }) => step.id === "pase" && step.status === "start");
        assert.equal(page.workers.length, 1);
        assert.equal((await page.room.report(false)).core.died, true);
    });

    it("is replaced when its Worker crashes; the code is gone with it", async () => {
        const page = open();
        page.do(keep(device.ready.qr));
        await page.room.report(false);
        page.workers[0]?.crash("Uncaught RangeError: out of memory");
        assert.deepEqual(page.events, [{ type: "died", technical: "Uncaught RangeError: out of memory" }]);
        assert.equal(page.workers[0]?.terminated, true);
        await page.next("died");
        page.do(begin);
        assert.equal((await failure(page)).id, "code-lost");
        assert.equal(page.workers.length, 2);
        assert.deepEqual(await page.room.cancel(), { rolledBack: true, waitMs: 0 });
    });

    it("undoes what is under way when it is closed", async () => {
        const page = open();
        page.do(keep(device.ready.qr), begin);
        await page.next("attestationAsked");
        const told = page.events.length;
        await page.close();
        assert.equal((await device.ask({ do: "state" })).commissioned, false);
        assert.equal(page.workers[0]?.terminated, true);
        assert.equal(page.events.length, told, "nobody listens any more");
        page.do(begin);
        await page.close();
        assert.equal(page.workers.length, 1);
        await assert.rejects(page.room.report(false), /closed/);
    });

    it("tells why Bluetooth could not be had, or was lost", async () => {
        const sent: Uint8Array[] = [];
        let closed = 0;
        const page: Page = open({
            routes: ["bluetooth"],
            link: {
                open: () => (sent.length === 0 && closed === 0 ? Promise.reject(new Error("connect-failed: GATT Server is disconnected")) : Promise.resolve({ maxMessage: 1280 })),
                send: message => {
                    sent.push(message);
                    page.room.link.closed("btp-stalled: no acknowledgement within 15 s");
                },
                close: () => closed++,
            },
        });
        page.do(keep(device.ready.qr), { ...begin, route: "bluetooth" });
        const first = await failure(page);
        assert.deepEqual([first.id, first.retry, first.technical], ["connect-failed", "restart", "GATT Server is disconnected: connect-failed: GATT Server is disconnected"]);
        closed = 1;
        page.do({ ...begin, route: "bluetooth" });
        const second = await failure(page);
        assert.deepEqual([second.id, second.retry, second.params["step"]], ["btp-stalled", "restart", "pase"]);
        assert.equal(sent.length, 1, "over Bluetooth nothing is retransmitted");
        const { entries } = await page.room.report(false);
        assert.deepEqual(entries.filter(entry => entry.what === "link").map(({ at: _, ...entry }) => entry), [
            { what: "link", state: "open", maxMessage: 1280 }, { what: "link", state: "closed", reason: "btp-stalled" },
        ]);
    });

    it("tells a home that is gone from keys that cannot be saved, and makes a new one then", async () => {
        const homes: MemoryStore[] = [];
        let there = false, lost: MemoryStore | undefined;
        const page = open({
            storage: undefined,
            parts: {
                exists: async () => there,
                // Without an authority the controller makes one in the storage: as good, for this.
                open: async () => {
                    const storage = new MemoryStore();
                    const { load, save } = storage;
                    const check = (): void => { if (lost === storage) throw new StorageError("the home is not in this browser any more"); };
                    storage.load = async key => (check(), load.call(storage, key));
                    storage.save = async (key, value) => (check(), save.call(storage, key, value));
                    homes.push(storage);
                    there = true;
                    return { storage, authority: undefined, label: "Here", persisted: false, backup: "none", refresh: async () => check(), close() {} } as unknown as BrowserHome;
                },
            },
        });
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        page.do({ type: "decide", request: attestation.request, accept: false });
        assert.equal((await failure(page)).id, "attestation-refused");
        lost = homes[0];
        page.do(begin);
        assert.equal((await failure(page)).id, "storage-failed", "it is there still");
        there = false;
        page.do(begin);
        const { id, retry } = await failure(page);
        assert.deepEqual([id, retry], ["storage-lost", "same"]);
        page.do(begin);
        await accept(page);
        await page.next("commissioned");
        assert.equal(homes.length, 2);
    });

    it("reads, gives away, takes and forgets the home of this browser, by its keeper", async () => {
        const done: unknown[] = [];
        const page = open({
            storage: undefined,
            parts: {
                import: async file => { throw new BackupError(file.length === 0 ? "not-a-backup" : "wrong-passphrase", "no"); },
                forget: async database => void done.push(database),
                open: async () => { throw new StorageError("private window"); },
            },
        });
        page.do({ type: "readHome" });
        assert.deepEqual((await page.next("homeRead")).home, {
            phase: "ready", label: "Test home", fabricId: "", nodes: [], exists: false, persisted: false, backup: "impossible", panel: "", notice: "",
        });
        page.do({ type: "importHome", passphrase: "correct horse", file: Uint8Array.of(1) });
        assert.equal((await page.next("homeFailed", ({ what }) => what === "import")).id, "backup-wrong-passphrase");
        page.do({ type: "importHome", passphrase: "correct horse" });
        assert.equal((await page.next("homeFailed", ({ what }) => what === "import")).id, "backup-not-a-backup");
        page.do({ type: "exportHome", passphrase: "correct horse" });
        assert.equal((await page.next("homeFailed", ({ what }) => what === "export")).id, "storage-failed");
        page.do(keep(device.ready.qr), begin);
        assert.equal((await failure(page)).id, "storage-failed");
        page.do({ type: "forgetHome" });
        assert.equal((await page.next("homeDone")).what, "forgotten");
        assert.deepEqual(done, ["matter-session"]);
    });
});

describe("a room and an agent", () => {
    /** An agent that comes and goes. */
    function fakeAgent(): AgentTransport & { now: AgentState } {
        const net = network();
        return {
            now: "ready", dropped: 0, close() {},
            async state() {
                return this.now;
            },
            async open(peer, signal) {
                if (this.now !== "ready") throw new AgentError(this.now, "not now");
                return net.open(peer, signal);
            },
            async *discover(query, signal) {
                if ("all" in query) return;
                for await (const found of net.discover?.(query, signal) ?? []) {
                    const peer = found.peer as { host: string; port: number };
                    // As a network tells: twice, and at an address where nobody answers.
                    for (const at of [peer, peer, { host: "127.0.0.1", port: 9 }]) yield { ...found, peer: at, instance: "7A1C0D2E3F405162", name: "Lamp <b>" };
                }
            },
        };
    }

    it("says whether it can be used, also when that changes", async () => {
        const agent = fakeAgent();
        const page = open({ transport: undefined, agent: "ws://127.0.0.1:5580/agent", parts: { agent: () => agent } });
        page.do({ type: "checkAgent" });
        await page.agentIs("ready");
        assert.deepEqual(page.agent, ["checking", "ready"]);
        agent.now = "unreachable";
        page.do(keep(device.ready.qr), { ...begin, route: "agent" });
        const { id, retry, params } = await failure(page);
        assert.deepEqual([id, retry, params["url"]], ["agent-unreachable", "same", "ws://127.0.0.1:5580/agent"]);
        agent.now = "token";
        page.do({ type: "search", payload: 0 });
        assert.equal((await page.next("searchEnded")).id, "agent-token");
        page.room.configure({ agent: undefined });
        await page.agentIs("none");
    });

    it("finds a device by the kept code, once, and commissions the one that was chosen", async () => {
        const page = open({ transport: undefined, agent: "ws://127.0.0.1:5580/agent", parts: { agent: fakeAgent } });
        page.do(keep(device.ready.qr), { type: "search", payload: 0 });
        const { candidate } = await page.next("candidateFound");
        assert.deepEqual([candidate.id, candidate.name, candidate.exact, candidate.open, candidate.discriminator], ["7A1C0D2E3F405162", "Lamp <b>", true, 1, 3840]);
        page.do({ ...begin, route: "agent", candidate: candidate.id });
        await accept(page);
        const { node } = await page.next("commissioned");
        assert.equal(page.events.filter(event => event.type === "candidateFound").length, 1);
        assert.equal(node.address, `127.0.0.1:${device.ready.port}`);
        page.do({ type: "search", payload: 0 });
        assert.equal((await page.next("searchEnded")).id, "unexpected", "the code is used up");
    });
});

describe("what leaves a room", () => {
    it("has nothing of the setup code, of keys and of what was typed, in any form", async () => {
        const storage = new MemoryStore(), page = open({ storage, versions: { "matter-session": "0.1.0" } });
        const secrets: (string | Uint8Array)[] = [
            device.ready.qr, device.ready.manual, String(device.ready.passcode), "canary-Wi-Fi \"p\u00e4ss\"", "0e080000000000010000000300000f35060004001fffe00208dead00beef00cafe", "canary passphrase",
        ];
        const written: string[] = [];
        const streams = [process.stdout, process.stderr].map(stream => {
            const real = stream.write.bind(stream);
            stream.write = ((chunk: unknown, ...rest: never[]) => (written.push(String(chunk)), real(chunk as string, ...rest))) as typeof stream.write;
            return () => void (stream.write = real);
        });
        let opened: Awaited<ReturnType<typeof page.room.share>>;
        const thrown: unknown[] = [];
        try {
            const join = { type: "join", request: 99, kind: "wifi", ssid: Uint8Array.of(65), password: String(secrets[3]), dataset: String(secrets[4]), stored: "" } as const;
            page.do(keep(device.ready.manual.slice(0, -1)), begin);
            await failure(page);
            page.do(join, keep(device.ready.qr), begin, join);
            const { attestation } = await page.next("attestationAsked");
            page.do({ type: "decide", request: attestation.request, accept: true }, { type: "exportHome", passphrase: String(secrets[5]) });
            const { node } = await page.next("commissioned");
            opened = await page.room.share(BigInt(`0x${node.id}`), 180);
            await page.room.share(BigInt(`0x${node.id}`), 1).catch(error => thrown.push(error));
            assert.equal(thrown.length, 1);
            page.do({ type: "closeWindow", node: node.id });
            await page.next("windowEnded");
        } finally {
            for (const restore of streams) restore();
        }
        secrets.push(opened.qr, opened.manual, device.ready.manual.slice(0, -1));
        // The home's secrets: whatever lies in its record, in pieces that nothing has by chance.
        const record = storage.values.get("fabric");
        assert.ok(record !== undefined && record.length > 300);
        for (let at = 0; at + 16 <= record.length; at += 8) {
            const piece = record.subarray(at, at + 16);
            if (new Set(piece).size > 8) secrets.push(piece);
        }
        for (const secret of secrets) assert.ok(forms(secret).some(form => flatten([{ member: secret }]).includes(form)), "the search finds what is there");
        const places: Record<string, unknown> = {
            events: page.events, commissioned: page.commissioned, thrown, written, report: await page.room.report(false), "report with names": await page.room.report(true),
        };
        for (const [place, value] of Object.entries(places)) {
            const text = flatten(value).toLowerCase();
            for (const secret of secrets) {
                for (const form of forms(secret)) assert.ok(!text.includes(form.toLowerCase()), `${place} has ${typeof secret === "string" ? secret : "octets of the home's record"} as ${form}`);
            }
        }
        const report = places["report"] as Awaited<ReturnType<typeof page.room.report>>;
        assert.deepEqual([report.code, report.vendorId, report.productId, report.attestation?.verdict], [{ form: "qr", length: device.ready.qr.length }, 0xfff1, 0x8000, "test"]);
        assert.deepEqual(report.versions, { "matter-session": "0.1.0" });
        assert.ok(report.traffic.sent.messages > 10 && report.traffic.received.octets > 1000 && report.core.memory > 1_000_000);
        assert.ok(report.entries.some(entry => entry.what === "commissioned"));
        assert.ok(!flatten(report).includes("127.0.0.1") && !flatten(report).includes("L-1"), "addresses and serial numbers only when asked for");
        assert.ok(flatten(places["report with names"]).includes(`127.0.0.1:${device.ready.port}`));
    });
});
