import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { LogLevel, Logger } from "@matter/general";
import { BtpCodec, BtpSessionHandler } from "@matter/main/protocol";
import { parseAddress, type AgentDiscovered, type AgentState, type AgentTransport } from "matter-session";
import { UdpTransport } from "matter-session/node";
import { MemoryStore } from "./support/loop.js";
import { flatten, forms, Page, type PageOptions } from "./support/room.js";
import { root } from "./support/vectors.js";

Logger.level = LogLevel.FATAL;

/** matter.js's light behind GATT, new and on no network. */
interface Light {
    ready: { qr: string; manual: string; port: number };
    ask(command: { do: string; value?: string; on?: boolean; silently?: boolean }): Promise<{ joined: boolean; commissioned: boolean; fabrics: number; armed: boolean }>;
    next(match: (line: Record<string, unknown>) => boolean, what: string, ms?: number): Promise<Record<string, unknown>>;
    stop(): Promise<void>;
}

let light: Light;
const pages: Page[] = [];
const links: Link[] = [];
const transports: UdpTransport[] = [];
const sessions: BtpSessionHandler[] = [];
before(async () => {
    const { startPeer } = (await import(new URL("jsbridge/interop/peers/start.mjs", root).href)) as { startPeer(script: string): Promise<Light> };
    light = await startPeer("ble-device.mjs");
});
after(async () => {
    // A closed session of matter.js's that still had something to say waits for its acknowledgement.
    for (const btp of sessions) for (const timer of ["ackReceiveTimer", "sendAckTimer", "idleTimeout"]) (btp as unknown as Record<string, { stop(): void }>)[timer]?.stop();
    await light.ask({ do: "erase" }); // or it would wait for peers that are gone
    await light.stop();
});
beforeEach(() => light.ask({ do: "erase" }));
afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    for (const link of links.splice(0)) link.close();
    for (const transport of transports.splice(0)) await transport.close();
});

/** The window's Bluetooth: matter.js's own BTP, as the central. */
class Link {
    page: Page | undefined;
    opened = 0;
    #btp: BtpSessionHandler | undefined;
    #open = false;

    async open(): Promise<{ maxMessage: number }> {
        this.opened++;
        this.#open = true;
        await light.ask({ do: "connected" });
        await this.#write(new Uint8Array(BtpCodec.encodeBtpHandshakeRequest({ versions: [4, 0, 0, 0, 0, 0, 0, 0], attMtu: 247, clientWindowSize: 6 }) as ArrayBuffer));
        await light.ask({ do: "subscribe", on: true });
        const first = await this.#indicated();
        if (first === undefined) throw new Error("connect-failed: no answer to the handshake");
        const octets = (value: unknown): Uint8Array => new Uint8Array(value as ArrayBuffer);
        this.#btp = await BtpSessionHandler.createAsCentral(
            first as Uint8Array<ArrayBuffer>, value => this.#write(octets(value)), async () => this.close(), async message => this.page?.room.link.received(octets(message).slice()),
        );
        sessions.push(this.#btp);
        void this.#pump(this.#btp);
        return { maxMessage: 1280 };
    }

    send(message: Uint8Array): void {
        void this.#btp?.sendMatterMessage(message as Uint8Array<ArrayBuffer>).catch(() => {});
    }

    close(): void {
        if (!this.#open) return;
        this.#open = false;
        void this.#btp?.close().catch(() => {});
        this.#btp = undefined;
        void light.ask({ do: "disconnected" });
        this.page?.room.link.closed("closed: by this side");
    }

    async #write(value: Uint8Array): Promise<void> {
        if (this.#open) await light.ask({ do: "write", value: Buffer.from(value).toString("base64") });
    }

    /** What C2 says next; undefined: the device broke off, or says nothing any more. */
    async #indicated(): Promise<Uint8Array | undefined> {
        const line = await light.next(line => "indicate" in line || "disconnect" in line, "an indication", 60_000).catch(() => undefined);
        if (typeof line?.["indicate"] !== "string") return undefined;
        await light.ask({ do: "confirmed" });
        return Uint8Array.from(Buffer.from(line["indicate"], "base64"));
    }

    async #pump(btp: BtpSessionHandler): Promise<void> {
        for (let value = await this.#indicated(); value !== undefined && this.#btp === btp; value = await this.#indicated()) {
            await btp.handleIncomingBleData(value as Uint8Array<ArrayBuffer>).catch(() => {});
        }
        if (this.#btp !== btp) return;
        this.#open = false;
        this.#btp = undefined;
        void btp.close().catch(() => {});
        this.page?.room.link.closed("connection-lost: the device broke off");
    }
}

/** An agent on the device's network. */
function agentOnNetwork(): AgentTransport {
    const udp = new UdpTransport();
    transports.push(udp);
    return {
        dropped: 0, close() {}, state: async (): Promise<AgentState> => "ready", open: (peer, signal) => udp.open(peer, signal),
        async *discover(query, signal): AsyncGenerator<AgentDiscovered, void, undefined> {
            while (!signal.aborted && "operational" in query) {
                if ((await light.ask({ do: "state" })).joined) {
                    yield { peer: parseAddress(`127.0.0.1:${light.ready.port}`) as { host: string; port: number }, instance: query.operational };
                    return;
                }
                await new Promise(again => setTimeout(again, 100));
            }
        },
    };
}

function open(options: PageOptions = {}): { page: Page; link: Link } {
    const link = new Link();
    const page = new Page({ storage: new MemoryStore(), routes: ["bluetooth"], fabricLabel: "Test home", link, parts: { agent: agentOnNetwork }, ...options });
    link.page = page;
    pages.push(page);
    links.push(link);
    return { page, link };
}

const agent = "ws://127.0.0.1:5580/agent";
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

/** From the code to the question about the network. */
async function toNetwork(page: Page) {
    page.do({ type: "keepCode", code: light.ready.qr }, { type: "begin", route: "bluetooth", candidate: "", payload: 0 });
    const { attestation } = await page.next("attestationAsked");
    page.do({ type: "decide", request: attestation.request, accept: true });
    return page.next("networkAsked");
}

const join = (request: number, password: string) => ({ type: "join", request, kind: "wifi", ssid: octets("Home"), password, dataset: "", stored: "" }) as const;

describe("a room, over Bluetooth and then the network", () => {
    it("asks for the network with what the device sees, again after a wrong password, and ends over the agent", async () => {
        const { page, link } = open({ agent });
        const first = await toNetwork(page);
        assert.equal(first.question.kind, "wifi");
        const home = first.question.scanned.filter(({ name }) => name === "Home");
        assert.deepEqual(home.map(({ channel, band, open }) => [channel, band, open]), [[6, "2.4", false], [44, "5", false]]);
        assert.ok(first.question.scanned.some(({ name, open }) => name === "Café ☕" && open) && first.question.scanned.some(({ hidden }) => hidden));
        page.do(join(first.question.request, "canary horse"));
        const again = await page.next("networkAsked");
        assert.deepEqual([again.problem, again.question.ssid], ["wifi-auth", "Home"]);
        page.do(join(again.question.request, "correct horse"));
        const { node } = await page.next("commissioned");
        assert.deepEqual([node.address, node.serial], [`127.0.0.1:${light.ready.port}`, "L-1"]);
        const state = await light.ask({ do: "state" });
        assert.deepEqual([state.joined, state.commissioned, state.fabrics, link.opened], [true, true, 1, 1]);

        const report = [await page.room.report(false), await page.room.report(true)] as const;
        for (const value of [page.events, page.commissioned, ...report]) {
            const text = flatten(value).toLowerCase();
            for (const secret of ["canary horse", "correct horse", light.ready.qr, light.ready.manual, "20202021"]) {
                for (const form of forms(secret)) assert.ok(!text.includes(form.toLowerCase()), form);
            }
        }
        assert.ok(!flatten(report[0]).includes("Home") && (report[1].names?.networks.includes("Home") ?? false));
        assert.ok(report[0].entries.some(entry => entry.what === "network" && entry.problem === "wifi-auth"));
    });

    it("goes on when Bluetooth drops as the device joins, and when the agent comes only then", async () => {
        const { page } = open();
        await light.ask({ do: "joining", silently: true });
        const { question } = await toNetwork(page);
        page.do(join(question.request, "correct horse"));
        await page.next("stepReported", ({ step }) => step.id === "discover" && step.status === "start");
        assert.equal((await light.ask({ do: "state" })).commissioned, false);
        page.room.configure({ agent });
        await page.next("commissioned");
        assert.equal((await light.ask({ do: "state" })).commissioned, true);
    });

    it("is undone over Bluetooth when it is stopped at the question, and works again", async () => {
        const { page, link } = open({ agent });
        await toNetwork(page);
        page.do({ type: "cancel" });
        assert.deepEqual(await page.next("stopDone"), { type: "stopDone", rolledBack: true, wait: 0 });
        assert.equal((await light.ask({ do: "state" })).fabrics, 0);
        const { question } = await toNetwork(page);
        page.do(join(question.request, "correct horse"));
        await page.next("commissioned");
        assert.equal(link.opened, 2);
    });
});
