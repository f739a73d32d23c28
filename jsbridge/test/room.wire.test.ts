import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { HostServer } from "#dist/element/room/host.js";
import { HostProxies } from "#dist/element/room/proxies.js";
import type { HostParts } from "#dist/element/room/types.js";
import { RemoteError, Wire, type Handler, type Port } from "#dist/element/room/wire.js";
import { StorageError, type Channel, type Discovered, type FabricAuthority } from "matter-session";
import { MemoryStore } from "./support/loop.js";

const ends: (() => void)[] = [];
after(() => {
    for (const end of ends) end();
});

/** Two ends of a wire. */
function wires(left: Record<string, Handler>, right: Record<string, Handler>): { left: Wire; right: Wire; thrown: unknown[] } {
    const { port1, port2 } = new MessageChannel();
    const thrown: unknown[] = [];
    const ends2 = { left: new Wire(port1 as unknown as Port, left, error => thrown.push(error)), right: new Wire(port2 as unknown as Port, right, error => thrown.push(error)), thrown };
    port1.start();
    port2.start();
    ends.push(() => (port1.close(), port2.close()));
    return ends2;
}

/** A page's objects, and what the Worker has of them. */
function host(parts: HostParts): { proxies: HostProxies; server: HostServer; worker: Wire } {
    const server = new HostServer(() => parts);
    const proxies: HostProxies = new HostProxies(() => worker);
    const { left, right: worker } = wires(server.handlers, proxies.handlers);
    server.wire = left;
    return { proxies, server, worker };
}

const settle = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 30));

describe("a wire", () => {
    it("answers calls in any order, with values and errors of the other side", async () => {
        const { left } = wires({}, {
            slow: async (value: bigint) => (await settle(), value + 1n), quick: () => new Uint8Array(2),
            fail: () => { throw Object.assign(new StorageError("the disk is full"), { code: "ENOSPC", secret: "not told" }); },
        });
        const slow = left.call<bigint>("slow", 2n ** 63n);
        assert.deepEqual(await left.call("quick"), new Uint8Array(2));
        assert.equal(await slow, 2n ** 63n + 1n);
        await assert.rejects(left.call("fail"), (error: unknown) => error instanceof RemoteError && error.remoteName === "StorageError" && error.message === "the disk is full" && error.code === "ENOSPC" && !("secret" in error));
        await assert.rejects(left.call("toString"), /unknown on this side/);
    });

    it("rejects what cannot be cloned, on either side, and goes on", async () => {
        const { left, thrown } = wires({}, { give: () => () => {}, echo: (value: number) => value, bad: () => { throw new Error("of news"); } });
        await assert.rejects(left.call("echo", () => {}));
        await assert.rejects(left.call("give"), /could not be cloned/);
        left.tell("bad");
        assert.equal(await left.call("echo", 5), 5);
        assert.deepEqual(thrown.map(String), ["Error: of news"]);
    });

    it("fails what is pending when it ends, and then says nothing", async () => {
        let heard = 0;
        const { left } = wires({}, { never: () => new Promise(() => {}), news: () => heard++ });
        const pending = left.call("never");
        left.end(new Error("over"));
        left.tell("news");
        await assert.rejects(pending, /over/);
        await assert.rejects(left.call("never"), /over/);
        await settle();
        assert.equal(heard, 0);
    });
});

describe("a page's objects, from the Worker", () => {
    it("store, and keep a lock as long as the work under it takes", async () => {
        const storage = new MemoryStore();
        const locks: string[] = [];
        storage.exclusive = async (name, fn) => {
            locks.push(`+${name}`);
            try {
                return await fn();
            } finally {
                locks.push(`-${name}`);
            }
        };
        const { proxies, server } = host({ storage });
        await proxies.storage.save("a", Uint8Array.of(1));
        assert.deepEqual(await proxies.storage.load("a"), Uint8Array.of(1));
        await proxies.storage.remove("a");
        assert.equal(await proxies.storage.load("a"), undefined);
        const result = await proxies.storage.exclusive("nodes", async () => (await settle(), locks.push("work"), 7));
        await settle();
        assert.deepEqual([result, locks], [7, ["+nodes", "work", "-nodes"]]);
        await assert.rejects(proxies.storage.exclusive("nodes", async () => { throw new Error("mine"); }), /mine/);
        void proxies.storage.exclusive("commissioning", () => new Promise(() => {})).catch(() => {});
        await settle();
        assert.equal(locks.at(-1), "+commissioning");
        server.end(); // the Worker has died
        await settle();
        assert.equal(locks.at(-1), "-commissioning");
        await assert.rejects(host({}).proxies.storage.load("a"), /the page gave no storage/);
    });

    it("certify, and sign with a key that stays", async () => {
        const asked: unknown[] = [];
        const about = { fabricId: 1n, rootCertificate: Uint8Array.of(9), adminNodeId: 2n, adminVendorId: 0xfff1, label: "Theirs" };
        const authority: FabricAuthority = {
            ...about, ipk: async () => new Uint8Array(16), allocateNodeId: async () => 2n ** 60n,
            issue: async request => (asked.push(request), { noc: Uint8Array.of(1), icac: Uint8Array.of(2) }),
            operationalIdentity: async () => ({ noc: Uint8Array.of(3), sign: async data => Uint8Array.from(data, x => x + 1) }),
        };
        const proxy = host({ authority }).proxies.authority(about);
        assert.deepEqual([proxy.fabricId, proxy.label, await proxy.allocateNodeId(), (await proxy.ipk()).length], [1n, "Theirs", 2n ** 60n, 16]);
        assert.deepEqual(await proxy.issue({ csr: Uint8Array.of(5), nodeId: 77n }), { noc: Uint8Array.of(1), icac: Uint8Array.of(2) });
        assert.deepEqual(asked, [{ csr: Uint8Array.of(5), nodeId: 77n }]);
        const { noc, sign } = await proxy.operationalIdentity();
        assert.deepEqual([noc, await sign(Uint8Array.of(1, 2))], [Uint8Array.of(3), Uint8Array.of(2, 3)]);
    });

    it("find devices until nobody wants more, and tell why a search ends", async () => {
        let aborted = false;
        const found: Discovered = { peer: { id: "x" }, discriminator: 5 };
        const { proxies } = host({
            transport: {
                open: () => Promise.reject(new Error("no route")),
                async *discover(query, signal) {
                    if ("operational" in query) throw new Error("multicast is off");
                    yield found;
                    yield found;
                    await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve()));
                    aborted = true;
                },
            },
        });
        const transport = proxies.transport(true);
        const abort = new AbortController();
        const seen: Discovered[] = [];
        for await (const device of transport.discover?.({ discriminator: 5, short: false }, abort.signal) ?? []) if (seen.push(device) === 2) break;
        await settle();
        assert.deepEqual([seen, aborted], [[found, found], true]);
        await assert.rejects(async () => {
            for await (const _ of transport.discover?.({ operational: "A-B" }, abort.signal) ?? []) assert.fail("none");
        }, /multicast is off/);
        await assert.rejects(transport.open({ id: "x" }, abort.signal), /no route/);
        assert.equal(proxies.transport(false).discover, undefined);
    });

    it("carry messages in order, the first ones too, until either side closes", async () => {
        const sent: number[] = [];
        let handler = (_message: Uint8Array): void => {};
        let close: (value: { reason: string }) => void = () => {};
        let closedByUs = 0;
        const channel = (): Channel => ({
            kind: "btp", maxMessage: 5, closed: new Promise(resolve => (close = resolve)), close: () => (closedByUs++, close({ reason: "by us" })),
            send: message => {
                if (message[0] === 0) throw new Error("lost");
                sent.push(...message);
            },
            receive: set => {
                handler = set;
                handler(Uint8Array.of(100)); // before the other side has heard that it is open
            },
        });
        const { proxies, server } = host({ transport: { open: async () => channel() } });
        const open = (): Promise<Channel> => proxies.transport(false).open({ id: "x" }, new AbortController().signal);
        const near = await open();
        assert.deepEqual([near.kind, near.maxMessage], ["btp", 5]);
        await settle();
        const heard: number[] = [];
        near.receive(message => heard.push(...message));
        for (let i = 0; i < 5; i++) {
            near.send(Uint8Array.of(i));
            handler(Uint8Array.of(i));
        }
        assert.throws(() => near.send(new Uint8Array(6)), /at most 5/);
        await settle();
        assert.deepEqual([sent, heard], [[1, 2, 3, 4], [100, 0, 1, 2, 3, 4]]);
        close({ reason: "out of range" });
        assert.deepEqual(await near.closed, { reason: "out of range" });
        assert.throws(() => near.send(Uint8Array.of(1)), /closed/);
        const again = await open();
        again.close();
        await settle();
        assert.equal(closedByUs, 1);
        await open();
        server.end();
        assert.equal(closedByUs, 2, "channels go with the Worker");
    });
});
