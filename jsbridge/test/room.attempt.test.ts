import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Attempt, type AttemptEnd, type AttemptHost, type AttemptOptions } from "#dist/element/room/attempt.js";
import type { PageEvent } from "#dist/element/protocol.js";
import { Recorder } from "#dist/element/room/recorder.js";
import { Ways } from "#dist/element/room/ways.js";
import {
    DeadError, MatterCommissionError, SetupCodeError, type AgentDiscovered, type AgentTransport, type CancelOutcome, type Commissioned, type CommissionOptions, type Commissioner,
    type NetworkCredentials, type RetryPoint, type ScannedNetwork, type StepId, type ThreadDataset, type WifiCredentials,
} from "matter-session";
import { flatten, forms } from "./support/room.js";

type Told<T extends PageEvent["type"]> = Extract<PageEvent, { type: T }>;

/** A commissioner of which the test says what it asks and how it ends. */
class Script {
    readonly events: PageEvent[] = [];
    readonly recorder = new Recorder();
    readonly ways = new Ways(() => assert.fail("nothing crosses here"), () => {});
    readonly ended: Promise<AttemptEnd>;
    readonly attempt: Attempt;
    options!: CommissionOptions;
    code = "";
    cancelled = 0;
    finish!: (done: Commissioned) => void;
    fail!: (error: Error) => void;
    #last = 0;

    constructor({ networks, ...about }: Partial<AttemptOptions> & { networks?: NetworkCredentials } = {}) {
        const commissioned = new Promise<Commissioned>((resolve, reject) => ([this.finish, this.fail] = [resolve, reject]));
        commissioned.catch(() => {});
        const cancel = async (): Promise<CancelOutcome> => {
            this.cancelled++;
            this.fail(new MatterCommissionError("The commissioning was stopped.", { code: "cancelled", rolledBack: false, waitMs: 42_000 }));
            return { rolledBack: false, waitMs: 42_000 };
        };
        const commissioner = {
            start: (code: string, options: CommissionOptions) => {
                [this.code, this.options] = [code, options];
                return { commissioned, cancel };
            },
        } as unknown as Commissioner;
        const host: AttemptHost = {
            ways: this.ways, recorder: this.recorder, networks, certifiedOnly: false, emit: event => this.events.push(event), number: () => ++this.#last,
        };
        this.attempt = new Attempt(host, commissioner, { route: "bluetooth", code: "MT:Y.K9042C00KA0648G00", device: undefined, found: undefined, ...about });
        this.ended = this.attempt.ended;
        this.ended.catch(() => {});
    }

    step(step: StepId, status: "start" | "done" | "failed" = "start"): void {
        this.options.onProgress?.({ step, stage: 2, status, elapsedMs: 1, expectedMs: 5000 });
    }

    last<T extends PageEvent["type"]>(type: T): Told<T> {
        const event = this.events.filter(event => event.type === type).at(-1);
        assert.ok(event !== undefined, `no ${type}`);
        return event as Told<T>;
    }

    network(kind: "wifi" | "thread", problem?: string): Promise<WifiCredentials | ThreadDataset | undefined> {
        return Promise.resolve(this.options.onNetwork?.({ kind, scanned: kind === "wifi" ? scanned : [], ...(problem === undefined ? {} : { problem }) }));
    }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const tick = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));
const scanned: ScannedNetwork[] = [
    { name: "Home", id: text("Home"), rssi: -50, channel: 6, security: 8 }, { name: "", id: new Uint8Array(), rssi: -90, channel: 36, security: 1 },
];
const join = { type: "join", ssid: new Uint8Array(), password: "", dataset: "", stored: "" } as const;
const dataset = "000300000f0208dead00beef00cafe0102123403054c616d7073051000112233445566778899aabbccddeeff";

describe("an attempt's networks", () => {
    it("are asked for with what the device sees, and again with why and the name", async () => {
        const script = new Script();
        const first = script.network("wifi");
        await tick();
        const { question, problem } = script.last("networkAsked");
        assert.equal(problem, "");
        assert.deepEqual(question.scanned.map(({ name, bars, band, open, hidden }) => [name, bars, band, open, hidden]), [["Home", 4, "2.4", false, false], ["", 0, "5", true, true]]);
        script.attempt.join({ ...join, request: question.request + 7, kind: "wifi", ssid: text("Other"), password: "x" }); // of no question
        script.attempt.join({ ...join, request: question.request, kind: "wifi", ssid: text("Home"), password: "wrong horse" });
        assert.deepEqual(await first, { kind: "wifi", ssid: text("Home"), password: "wrong horse" });
        const second = script.network("wifi", "wifi-auth");
        await tick();
        const again = script.last("networkAsked");
        assert.deepEqual([again.problem, again.question.ssid], ["wifi-auth", "Home"]);
        assert.notEqual(again.question.request, question.request);
        script.attempt.join({ ...join, request: again.question.request, kind: "wifi", ssid: text("Home"), password: "right horse" });
        assert.equal(((await second) as WifiCredentials).password, "right horse");
    });

    it("come from the host's store by label", async () => {
        const networks: NetworkCredentials = {
            list: async kind => (kind === "thread" ? [{ id: "1", label: "Lamps" }] : []), get: async id => (assert.equal(id, "1"), { kind: "thread", dataset }),
        };
        const script = new Script({ networks });
        const chosen = script.network("thread");
        await tick();
        const { question } = script.last("networkAsked");
        assert.deepEqual(question.stored, [{ id: "1", label: "Lamps" }]);
        script.attempt.join({ ...join, request: question.request, kind: "thread", stored: "1" });
        assert.deepEqual(await chosen, { kind: "thread", dataset: Uint8Array.from(Buffer.from(dataset, "hex")) });
    });

    it("are asked for again when no device could take what was given", async () => {
        const script = new Script();
        void script.network("thread");
        await tick();
        for (const bad of ["hex:0102", "012", "not hex", "00".repeat(255)]) {
            script.attempt.join({ ...join, request: script.last("networkAsked").question.request, kind: "thread", dataset: bad });
            await tick();
            assert.equal(script.last("networkAsked").problem, "thread-dataset", bad);
        }
        assert.equal(script.events.length, 5);
        const wifi = new Script();
        void wifi.network("wifi");
        await tick();
        for (const [ssid, password] of [[text("x".repeat(33)), "p"], [new Uint8Array(), "p"], [text("Home"), "ä".repeat(33)]] as const) {
            wifi.attempt.join({ ...join, request: wifi.last("networkAsked").question.request, kind: "wifi", ssid, password });
            await tick();
            assert.equal(wifi.last("networkAsked").problem, "wifi-auth");
        }
    });
});

describe("an attempt's end", () => {
    const failed = async (script: Script, error: Error) => {
        script.fail(error);
        const end = await script.ended;
        assert.ok("failed" in end, JSON.stringify(end));
        return end.failed;
    };
    const of = (code: string, detail: { step?: StepId; retry?: RetryPoint; status?: { name: string; value: number }; waitMs?: number; message?: string } = {}) =>
        new MatterCommissionError(detail.message ?? "So it is.", { code, ...detail });

    it("names what its sentence names", async () => {
        const table: readonly [MatterCommissionError | SetupCodeError, string, Record<string, string>, RetryPoint?][] = [
            [of("wifi-auth", { retry: "network" }), "wifi-auth", { ssid: "Home" }, "network"], [of("wifi-not-found"), "wifi-not-found", { ssid: "Home" }],
            [of("ip-failed"), "ip-failed", { ssid: "Home" }], [of("pase-timeout"), "pase-timeout", { s: "0" }],
            [of("connection-lost", { step: "csr" }), "connection-lost", { step: "csr" }],
            [of("csr-invalid", { message: "The device's key request was faulty: the nonce is not ours." }), "csr-invalid", { check: "the nonce is not ours" }],
            [of("noc-rejected", { status: { name: "InvalidNOC", value: 3 } }), "noc-rejected", { status: "InvalidNOC", number: "3" }],
            [of("fabric-table-full", { status: { name: "CommissionedFabrics", value: 5 } }), "fabric-table-full", { n: "5" }],
            [of("device-busy", { waitMs: 60_000, retry: "same" }), "device-busy", {}, "same"],
            [of("case-failed", { status: { name: "InvalidParameter", value: 2 } }), "case-failed", { status: "InvalidParameter", number: "2", address: "" }],
            [new SetupCodeError("check-digit", "no"), "code-check-digit", {}, "code"], [new SetupCodeError("padding", "no"), "code-inconsistent", {}, "code"],
        ];
        for (const [error, id, params, retry = "restart"] of table) {
            const script = new Script({ route: "agent" });
            script.step("pase");
            const chosen = script.network("wifi");
            await tick();
            script.attempt.join({ ...join, request: script.last("networkAsked").question.request, kind: "wifi", ssid: text("Home"), password: "secret horse" });
            await chosen;
            const failure = await failed(script, error);
            assert.deepEqual([failure.id, failure.params, failure.retry], [id, params, retry], id);
            assert.equal(failure.waitMs, id === "device-busy" ? 60_000 : 0);
        }
    });

    it("is no-ip-path where only Bluetooth was there, not-seen where the network was looked through", async () => {
        const alone = new Script();
        assert.equal((await failed(alone, of("not-seen"))).id, "no-ip-path");
        const seen = new Script();
        seen.ways.networkSeen = true;
        assert.equal((await failed(seen, of("not-seen"))).id, "not-seen");
    });

    it("has the link's reason, and what it said", async () => {
        const script = new Script();
        script.ways.linkEnd = { id: "btp-stalled", technical: "no acknowledgement" };
        const { id, technical } = await failed(script, of("connection-lost", { step: "noc" }));
        assert.deepEqual([id, technical], ["btp-stalled", "So it is. (no acknowledgement)"]);
        const closed = new Script();
        closed.ways.linkEnd = { id: "closed", technical: "by this side" };
        assert.equal((await failed(closed, of("connection-lost"))).id, "connection-lost");
    });

    it("is told as stopped when it was stopped, with how long the device still remembers", async () => {
        const script = new Script();
        script.attempt.stop();
        assert.deepEqual(await script.ended, { stopped: { rolledBack: false, waitMs: 42_000 } });
    });

    it("refuses a certified device afterwards if the page says so, and no other that way", async () => {
        for (const [verdict, refused] of [["certified", true], ["invalid", false]] as const) {
            const script = new Script();
            const report = { verdict, findings: ["A finding."], vendorId: 1, productId: 2 };
            assert.equal(await script.options.onAttestation?.(report, { question: false }), "accept");
            script.attempt.decide({ type: "decide", request: script.last("attestationAsked").attestation.request, accept: false });
            assert.equal(script.cancelled, refused ? 1 : 0);
            if (refused) assert.deepEqual(await script.ended.then(end => "failed" in end && [end.failed.id, end.failed.retry, end.failed.params]), ["attestation-refused", "none", { finding: "A finding." }]);
        }
    });

    it("is no failure of the attempt's when the core dies", async () => {
        const script = new Script();
        const dead = new DeadError("gone");
        script.fail(dead);
        await assert.rejects(script.ended, dead);
    });

    it("gives each attempt over Bluetooth a channel of its own, others an address only if there is one", () => {
        const script = new Script();
        assert.deepEqual(script.options.address, { id: "bluetooth:1" });
        const peer = { host: "192.0.2.1", port: 5540 };
        assert.deepEqual(new Script({ route: "agent", found: [{ peer }] }).options.address, peer);
        const several = new Script({ route: "agent", found: [{ peer }, { peer: { ...peer, port: 1 } }] });
        assert.equal(several.options.address, undefined);
        assert.equal(several.ways.chosen?.length, 2);
        assert.equal(new Script({ route: "agent", device: 1 }).options.device, 1);
    });
});

describe("what an attempt tells", () => {
    it("has no password and no dataset, in no form", async () => {
        const secrets = ["canary pässword 7", dataset, "00112233445566778899aabbccddeeff"];
        const script = new Script();
        script.step("scan", "done");
        const wifi = script.network("wifi");
        await tick();
        script.attempt.join({ ...join, request: script.last("networkAsked").question.request, kind: "wifi", ssid: text("Café"), password: secrets[0] as string });
        await wifi;
        const thread = script.network("thread", "wifi-auth");
        await tick();
        script.attempt.join({ ...join, request: script.last("networkAsked").question.request, kind: "thread", dataset });
        await thread;
        script.fail(new MatterCommissionError("Refused.", { code: "thread-not-found" }));
        const end = await script.ended;
        assert.deepEqual("failed" in end && end.failed.params, { name: "Lamps", channel: "15" });
        const report = (withNames: boolean) => script.recorder.report(script.ways, 0, withNames);
        for (const value of [script.events, end, report(false), report(true)]) {
            const all = flatten(value).toLowerCase();
            for (const secret of [...secrets, Uint8Array.from(Buffer.from(dataset, "hex")), Uint8Array.from(Buffer.from(secrets[2] as string, "hex"))]) {
                for (const form of forms(secret)) assert.ok(!all.includes(form.toLowerCase()), form);
            }
        }
        assert.ok(!flatten(report(false)).includes("Caf") && !flatten(report(false)).includes("Lamps") && !flatten(report(false)).includes("Home"));
        assert.deepEqual(report(true).names?.networks, ["", "Home", "Café", "Lamps"].slice(1));
    });
});

describe("the ways out of a room", () => {
    it("wait for an agent that is started while the device is looked for", async () => {
        const ways = new Ways(() => assert.fail("nothing crosses here"), () => {});
        const device: AgentDiscovered = { peer: { host: "192.0.2.7", port: 5540 }, instance: "A" };
        const agent = {
            state: async () => "ready",
            async *discover(_query: unknown, signal: AbortSignal) {
                yield device;
                if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve()));
            },
        } as unknown as AgentTransport;
        const abort = new AbortController();
        const found: unknown[] = [];
        const searching = (async () => {
            for await (const each of ways.discover({ operational: "X" }, abort.signal)) {
                found.push(each);
                abort.abort();
            }
        })();
        await tick();
        assert.equal(ways.networkSeen, false);
        await assert.rejects(ways.open(device.peer, abort.signal), /no way over the network/);
        ways.agent = agent;
        await searching;
        assert.deepEqual([found, ways.networkSeen], [[device], true]);
    });
});
