import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runCommissioning, type CommissionOptions } from "#dist/commission/commissioning.js";
import type { Driver, Listener } from "#dist/commission/driver.js";
import { ImplementationError, MatterCommissionError, parseAddress, showAddress, type CoreEvent, type NetworkRequest } from "matter-session";

type Answer = [operation: string, request: Record<string, unknown>];

/** A driver without a core: the test says what the core would, and sees what it is answered. */
class Script {
    readonly answers: Answer[] = [];
    readonly started: Answer[] = [];
    listener: Listener | undefined;
    readonly transport = {};
    begin(operation: string, request: Record<string, unknown>, listener: Listener, started: (id: number) => void): void {
        this.started.push([operation, request]);
        this.listener = listener;
        started(7);
    }
    answer(operation: string, request: Record<string, unknown>): void {
        this.answers.push([operation, request]);
    }
    async peer(): Promise<number> {
        return 3;
    }
    link(): number {
        return 0;
    }
    forget(): void {}

    run(options: CommissionOptions): Promise<unknown> {
        const result = runCommissioning(this as unknown as Driver, 1, "MT:…", options, undefined);
        result.catch(() => {});
        return result;
    }
    async tell(event: object): Promise<void> {
        // The run has begun once its first awaits are through.
        for (let i = 0; i < 10 && this.listener === undefined; i++) await Promise.resolve();
        this.listener?.event({ id: 7, ...event } as CoreEvent);
        await new Promise(tick => setTimeout(tick, 0));
    }
    fail(): Promise<void> {
        return this.tell({ type: "commissionFailed", code: "wifi-auth", step: "connect", retry: "network", statusName: "AuthFailure", statusValue: 7, waitMs: 1500, message: "Refused.", rolledBack: true });
    }
}

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const scanned = [{ name: octets("Home"), rssi: -40, security: 8, channel: 6 }];
const wifi = (request: number, problem?: string): object => ({ type: "network", request, networkKind: "wifi", scanned, problem });

describe("a commissioning's networks", () => {
    it("come from the options, once; then the user is asked, with why", async () => {
        const script = new Script();
        const asked: NetworkRequest[] = [];
        void script.run({ network: { kind: "wifi", ssid: "Home", password: "wrong" }, onNetwork: request => (asked.push(request), { kind: "wifi", ssid: "Home", password: "right" }) });
        await script.tell(wifi(1));
        assert.deepEqual(script.answers, [["networkChoice", { id: 7, request: 1, ssid: octets("Home"), password: octets("wrong") }]]);
        assert.deepEqual(asked, []);
        await script.tell(wifi(2, "wifi-auth"));
        assert.deepEqual(asked, [{ kind: "wifi", scanned: [{ name: "Home", id: octets("Home"), rssi: -40, channel: 6, security: 8 }], problem: "wifi-auth" }]);
        assert.deepEqual(script.answers[1], ["networkChoice", { id: 7, request: 2, ssid: octets("Home"), password: octets("right") }]);
        assert.equal(script.started[0]?.[1]["network"], 1, "the core is told that a network is meant");
    });

    it("come from the host's store when it has one of the kind, and none is guessed", async () => {
        for (const [ids, expected] of [[["a"], { dataset: Uint8Array.of(0x0e, 8) }], [["a", "b"], {}], [[], {}]] as const) {
            const script = new Script();
            void script.run({ networks: { list: async () => ids.map(id => ({ id, label: id })), get: async () => ({ kind: "thread", dataset: "0e 08" }) } });
            await script.tell({ type: "network", request: 1, networkKind: "thread", scanned: [{ name: octets("Mesh"), rssi: -60, channel: 15, extendedPanId: 0x0102030405060708n }] });
            assert.deepEqual(script.answers, [["networkChoice", { id: 7, request: 1, ...expected }]]);
            await script.tell({ type: "network", request: 2, networkKind: "thread", scanned: [], problem: "thread-not-found" });
            assert.deepEqual(script.answers[1], ["networkChoice", { id: 7, request: 2 }], "a store is asked once");
        }
    });

    it("of Thread carry the extended PAN ID's octets", async () => {
        const script = new Script();
        const asked: NetworkRequest[] = [];
        void script.run({ onNetwork: request => void asked.push(request) });
        await script.tell({ type: "network", request: 1, networkKind: "thread", scanned: [{ name: octets("Mesh"), rssi: -60, channel: 15, extendedPanId: 0x0102030405060708n }] });
        assert.deepEqual(asked, [{ kind: "thread", scanned: [{ name: "Mesh", id: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), rssi: -60, channel: 15 }] }]);
        assert.deepEqual(script.answers, [["networkChoice", { id: 7, request: 1 }]], "no answer stops");
    });

    it("that cannot be meant are refused before anything starts", async () => {
        const bad: [CommissionOptions["network"], RegExp][] = [
            [{ kind: "wifi", ssid: "", password: "" }, /an SSID has 1 to 32 octets, this has 0/], [{ kind: "wifi", ssid: "ü".repeat(17), password: "" }, /this has 34/],
            [{ kind: "wifi", ssid: "a", password: "x".repeat(65) }, /at most 64 octets, this has 65/], [{ kind: "thread", dataset: "hex:0e08" }, /remove the "hex:" in front/],
            [{ kind: "thread", dataset: "0e0" }, /odd number of hex digits/], [{ kind: "thread", dataset: "0ex8" }, /not hex at character 3/],
        ];
        for (const [network, message] of bad) {
            const script = new Script();
            await assert.rejects(script.run({ network: network! }), (error: unknown) => error instanceof ImplementationError && message.test(error.message));
            assert.deepEqual(script.started, []);
        }
    });
});

describe("a commissioning at a given address", () => {
    it("says by which kind of link: over Bluetooth nothing is retransmitted, and a network is told", async () => {
        for (const link of [0, 1]) {
            const script = new Script();
            script.link = () => link;
            void script.run({ address: { id: "gatt-1" } });
            await script.fail();
            assert.deepEqual([script.started[0]?.[1]["peer"], script.started[0]?.[1]["link"]], [3, link]);
        }
        const searching = new Script();
        void searching.run({});
        await searching.fail();
        assert.equal(searching.started[0]?.[1]["link"], undefined);
    });
});

describe("a commissioning's end", () => {
    it("is an error with the device's word, the step and where to go on", async () => {
        const script = new Script();
        const result = script.run({});
        await script.fail();
        await assert.rejects(result, (error: unknown) => {
            assert.ok(error instanceof MatterCommissionError);
            assert.deepEqual([error.code, error.step, error.retry, error.status, error.waitMs, error.rolledBack], ["wifi-auth", "connect", "network", { name: "AuthFailure", value: 7 }, 1500, true]);
            return true;
        });
    });

    it("leaves no answer of a question that is still open", async () => {
        const script = new Script();
        let answer = (_: "accept"): void => {};
        const result = script.run({ onAttestation: () => new Promise(resolve => (answer = resolve)) });
        await script.tell({ type: "attestation", request: 4, verdict: "unlisted", findings: [], vendorId: 1, productId: 2 });
        await script.fail();
        await assert.rejects(result, MatterCommissionError);
        answer("accept");
        await new Promise(tick => setTimeout(tick, 0));
        assert.deepEqual(script.answers, []);
    });

    it("accepts no device whose proof is invalid, and refuses a certified one only when told", async () => {
        for (const [verdict, request, decision, expected] of [
            ["unlisted", 4, "accept", [["attestationDecision", { id: 7, request: 4, accept: true }]]], ["unlisted", 4, undefined, [["attestationDecision", { id: 7, request: 4, accept: false }]]],
            ["certified", 0, undefined, []], ["certified", 0, "refuse", [["cancel", { id: 7 }]]], ["invalid", 0, "accept", []],
        ] as const) {
            const script = new Script();
            void script.run(decision === undefined ? {} : { onAttestation: () => decision });
            await script.tell({ type: "attestation", request, verdict, findings: [], vendorId: 1, productId: 2 });
            assert.deepEqual(script.answers, expected, `${verdict} ${decision}`);
        }
    });
});

describe("addresses", () => {
    it("are read and shown", () => {
        for (const [text, address, shown] of [
            ["192.0.2.1", { host: "192.0.2.1", port: 5540 }, "192.0.2.1:5540"], ["lamp.local:1234", { host: "lamp.local", port: 1234 }, "lamp.local:1234"],
            ["2001:db8::1", { host: "2001:db8::1", port: 5540 }, "[2001:db8::1]:5540"], ["[2001:db8::1]:99", { host: "2001:db8::1", port: 99 }, "[2001:db8::1]:99"],
            ["fe80::1%eth0", { host: "fe80::1", port: 5540, zone: "eth0" }, "[fe80::1%eth0]:5540"], ["[fe80::1%eth0]:7", { host: "fe80::1", port: 7, zone: "eth0" }, "[fe80::1%eth0]:7"],
        ] as const) {
            assert.deepEqual(parseAddress(text), address);
            assert.equal(showAddress(address), shown);
            assert.deepEqual(parseAddress(shown), address);
        }
        assert.equal(showAddress({ id: "gatt-1" }), "gatt-1");
        for (const bad of ["", "a b", "host:0", "host:65536", "host:123456", "[::1]:x", "[]", ":80"]) assert.throws(() => parseAddress(bad), ImplementationError, bad);
    });
});
