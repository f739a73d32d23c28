import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { getEventListeners } from "node:events";
import { Driver } from "#dist/commission/driver.js";
import { operate } from "#dist/commission/operation.js";
import { idOfEvent } from "#dist/operations.js";
import { Controller, ClosedError, SessionClosedError, UnexpectedDataError, type Core, type CoreEvent, type HostTransport, type Output } from "matter-session";
import { MemoryStore } from "./support/loop.js";

/** A core that says what the test tells it to. */
class FakeCore {
    readonly outputs: Output[] = [];
    readonly requests: [operation: string, request: object][] = [];
    #lastId = 0;
    /** Answers to requests that start nothing. */
    results: Record<string, () => object> = {};

    get core(): Core {
        const handle = {
            isOpen: true,
            request: (_now: number, operation: string, request: object) => {
                this.requests.push([operation, request]);
                return this.results[operation]?.() ?? { id: ++this.#lastId };
            },
            next: () => this.outputs.shift(),
            deadline: () => undefined,
            tick: () => {},
            receive: () => {},
            close: () => {},
        };
        return { open: () => handle, request: () => ({}) } as unknown as Core;
    }
}

const noTransport: HostTransport = { open: () => Promise.reject(new Error("no network")) };
/** Opens to silence. */
const silent: HostTransport = { open: async () => ({ kind: "datagram", maxMessage: 1280, send() {}, receive() {}, close() {}, closed: new Promise(() => {}) }) };

describe("the driver", () => {
    it("ends the one operation whose event cannot be read, on both sides, and goes on with the others", async () => {
        const fake = new FakeCore();
        const driver = new Driver(fake.core, noTransport, {}, () => {}, () => new Set());
        const read = (): Promise<string> => operate<"read", string>(driver, "read", { session: 1 }, (event, ending) => {
            if (event.type === "report") ending.done("read");
        });
        const [first, second] = [read(), read()];
        const error = new UnexpectedDataError("garbage");
        fake.outputs.push({ kind: "unreadable", id: 1, error }, { kind: "unreadable", id: undefined, error }, { kind: "unreadable", id: 99, error });
        fake.outputs.push({ kind: "event", event: { type: "report", id: 2, last: true } });
        driver.request("setUtc", { seconds: 0 });
        await assert.rejects(first, error);
        assert.equal(await second, "read");
        assert.deepEqual(fake.requests.filter(([operation]) => operation === "cancel"), [["cancel", { id: 1 }]]);
        assert.equal(driver.ended, undefined);
        driver.close();
    });

    it("leaves no listener on a signal, also of an operation that ends as soon as it begins", async () => {
        const fake = new FakeCore();
        const driver = new Driver(fake.core, noTransport, {}, () => {}, () => new Set());
        const { signal } = new AbortController();
        fake.outputs.push({ kind: "event", event: { type: "report", id: 1, last: true } });
        await operate<"read", void>(driver, "read", { session: 1 }, (_, ending) => ending.done(), signal);
        assert.deepEqual(getEventListeners(signal, "abort"), []);
        driver.close();
    });
});

describe("the ID of an event", () => {
    it("is read of the event's first octets, whatever follows", () => {
        const head = [0x15, 0x24, 0, 11, 0x24, 1, 7];
        assert.equal(idOfEvent(Uint8Array.of(...head, 0xff, 0xff)), 7);
        assert.equal(idOfEvent(Uint8Array.of(0x15, 0x24, 0, 8, 0x26, 1, 1, 0, 0, 0x80, 0xff)), 0x80000001);
        assert.equal(idOfEvent(Uint8Array.of(0x15, 0x24, 0, 8, 0x25, 1, 1, 2)), 0x0201);
        for (let length = 0; length < head.length; length++) assert.equal(idOfEvent(Uint8Array.from(head).subarray(0, length)), undefined);
    });

    it("is none of events that belong to no operation", () => {
        for (const number of [16, 17, 18]) assert.equal(idOfEvent(Uint8Array.of(0x15, 0x24, 0, number, 0x24, 1, 7)), undefined);
    });
});

describe("a controller", () => {
    const fabric = { fabricIndex: 1, fabricId: 1n, adminNodeId: 2n, compressedId: new Uint8Array(8), authority: new Uint8Array(1) };
    const done: CoreEvent = { type: "commissioned", id: 1, nodeId: 5n, fabricIndex: 1, vendorId: 1, productId: 1, session: 9, peer: 1 };

    async function commissioning(storage: MemoryStore, sessionInfo: () => object, fake = new FakeCore()): Promise<{ outcome: Promise<unknown>; controller: Controller }> {
        Object.assign(fake.results, { createAuthority: () => fabric, parseCode: () => ({ codes: [] }), sessionInfo });
        const controller = await Controller.open({ storage, transport: silent, core: fake.core, trust: { production: new Uint8Array() } });
        fake.results["commission"] = () => (fake.outputs.push({ kind: "event", event: done }), { id: 1 });
        return { controller, outcome: controller.commission("…") };
    }

    it("says which node a device is now when that could not be stored", async () => {
        class Full extends MemoryStore {
            saves = 0;
            override async save(key: string, value: Uint8Array): Promise<void> {
                if (key === "nodes" && ++this.saves > 1) throw new Error("disk full");
                return super.save(key, value);
            }
        }
        const { outcome, controller } = await commissioning(new Full(), () => ({}));
        await assert.rejects(outcome, /in the fabric now, as node 0x0000000000000005, .*disk full/);
        await controller.close();
    });

    it("has commissioned a device also when its session ends at once, and hands out no connection that is gone", async () => {
        const fake = new FakeCore();
        const gone = (): never => {
            throw new ClosedError("no such session");
        };
        const { outcome, controller } = await commissioning(new MemoryStore(), gone, fake);
        assert.equal((await outcome as { nodeId: bigint }).nodeId, 5n);
        assert.deepEqual((await controller.nodes()).map(node => node.nodeId), [5n]);
        fake.results["connect"] = () => (fake.outputs.push({ kind: "event", event: { type: "session", id: 2, session: 10, peer: 1 } }), { id: 2 });
        await assert.rejects(controller.connect(5n, { address: "192.0.2.1" }), SessionClosedError);
        await controller.close();
    });
});
