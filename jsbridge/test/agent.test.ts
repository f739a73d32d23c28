// The page's side of the agent's protocol, against an agent of the test's own: by the vectors that the agent's side has too,
// and in every way that a connection can go.

import { deepEqual, equal, match, notEqual, ok, rejects, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { decodeFrame, encodeFrame, subprotocol, tokenSubprotocol, type AgentFrame, type PageFrame } from "#dist/commission/relay.js";
import { ClosedError, ImplementationError, TransportError, UnexpectedDataError } from "matter-session";
import { AgentError, agentTransport, type AgentDiscovered, type AgentTransport, type Channel } from "matter-session/commission";
import { WebSocket, WebSocketServer } from "ws";

interface Vectors {
    frames: { name: string; from: "page" | "agent" | "both"; frame: Record<string, unknown>; hex: string }[];
    refused: { name: string; from: "page" | "agent" | "both"; hex: string; shape?: true }[];
}
const vectors = JSON.parse(readFileSync(new URL("../../../web/transport/relay/testdata/frames.json", import.meta.url), "utf8")) as Vectors;
const octetsOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const withOctets = (frame: Record<string, unknown>): Record<string, unknown> => (typeof frame["octets"] === "string" ? { ...frame, octets: octetsOf(frame["octets"]) } : frame);

describe("frames", () => {
    it("of the page are encoded as the agent reads them", () => {
        const mine = vectors.frames.filter(({ from }) => from !== "agent");
        ok(mine.length >= 10);
        for (const { name, frame, hex } of mine) equal(hexOf(encodeFrame(withOctets(frame) as unknown as PageFrame)), hex, name);
    });

    it("of the agent are decoded, and refused when cut or lengthened", () => {
        const theirs = vectors.frames.filter(({ from }) => from !== "page");
        ok(theirs.length >= 12);
        for (const { name, frame, hex } of theirs) {
            const octets = octetsOf(hex);
            deepEqual(decodeFrame(octets), withOctets(frame), name);
            if (frame["kind"] === "datagram") continue; // has no length of its own
            for (let n = 0; n < octets.length; n++) throws(() => decodeFrame(octets.subarray(0, n)), UnexpectedDataError, `${name}, ${n} octets`);
            throws(() => decodeFrame(Uint8Array.of(...octets, 0)), UnexpectedDataError, name);
        }
    });

    it("that the agent's side refuses are refused", () => {
        for (const { name, hex, shape } of vectors.refused) {
            if (!shape) throws(() => decodeFrame(octetsOf(hex)), UnexpectedDataError, name);
        }
        // What a page says is none of an agent's.
        for (const { name, from, hex } of vectors.frames) if (from === "page") throws(() => decodeFrame(octetsOf(hex)), UnexpectedDataError, name);
    });
});

type Answer = (frame: Record<string, unknown>, send: (frame: Record<string, unknown> | Uint8Array | string) => void, socket: WebSocket) => void;

/** Encodes what only an agent says, by the vectors' words. */
function encodeAgent(frame: Record<string, unknown>): Uint8Array {
    const number = (value: unknown): number[] => [Number(value) & 0xff, Number(value) >> 8];
    const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
    switch (frame["kind"]) {
        case "hello": return Uint8Array.of(1, 64, 0, 8, 0, ...text("0.1.0"));
        case "opened": return Uint8Array.of(3, ...number(frame["channel"]));
        case "closed": return Uint8Array.of(5, ...number(frame["channel"]), Number(frame["reason"]));
        case "datagram": return Uint8Array.of(6, ...number(frame["channel"]), ...(frame["octets"] as Uint8Array));
        case "dropped": return Uint8Array.of(7, ...number(frame["channel"]), Number(frame["cause"]), ...number(frame["count"]), 0, 0);
        case "found": return Uint8Array.of(9, ...number(frame["search"]), ...text("fe80::a"), ...number(frame["port"]), ...text("eth0"), ...text("A"), 0, 0, 1, 0, 0xbc, 0x0a, 0, 0);
        case "stopped": return Uint8Array.of(11, ...number(frame["search"]), Number(frame["reason"]));
        default: throw new Error(`the test's agent does not say ${String(frame["kind"])}`);
    }
}

/** Decodes what only a page says, by its first octets. */
function decodePage(octets: Uint8Array): Record<string, unknown> {
    const number = octets[1]! | (octets[2]! << 8);
    switch (octets[0]) {
        case 2: return { kind: "open", channel: number };
        case 4: return { kind: "close", channel: number };
        case 6: return { kind: "datagram", channel: number, octets: octets.slice(3) };
        case 8: return { kind: "search", search: number, query: octets.slice(3) };
        case 10: return { kind: "stop", search: number };
        default: throw new Error(`no page sends kind ${octets[0]}`);
    }
}

/** Does as an agent: echoes datagrams, ends what is asked to end. */
const polite: Answer = (frame, send) => {
    if (frame["kind"] === "open") send({ kind: "opened", channel: frame["channel"] });
    if (frame["kind"] === "close") send({ kind: "closed", channel: frame["channel"], reason: 1 });
    if (frame["kind"] === "datagram") send(frame);
    if (frame["kind"] === "search") send({ kind: "found", search: frame["search"], port: 5540 });
    if (frame["kind"] === "stop") send({ kind: "stopped", search: frame["search"], reason: 1 });
};

class FakeAgent {
    readonly received: Record<string, unknown>[] = [];
    protocols: string[] = [];
    connections = 0;
    url = "";
    port = 0;
    #server: WebSocketServer | undefined;
    readonly #answer: Answer;
    readonly #greet: boolean;

    constructor(answer: Answer = polite, greet = true) {
        this.#answer = answer;
        this.#greet = greet;
    }

    async start(): Promise<this> {
        const server = new WebSocketServer({ host: "127.0.0.1", port: this.port, path: "/agent", handleProtocols: protocols => (this.protocols = [...protocols], subprotocol) });
        server.on("connection", socket => {
            this.connections++;
            const send = (frame: Record<string, unknown> | Uint8Array | string): void => {
                if (socket.readyState === WebSocket.OPEN) socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : encodeAgent(frame));
            };
            if (this.#greet) send({ kind: "hello" });
            socket.on("message", (data: Buffer) => {
                const frame = decodePage(new Uint8Array(data));
                this.received.push(frame);
                this.#answer(frame, send, socket);
            });
            if (!this.#greet) this.#answer({ kind: "connected" }, send, socket);
        });
        await new Promise<void>(resolve => server.once("listening", resolve));
        this.#server = server;
        this.port = (server.address() as AddressInfo).port;
        this.url = `ws://127.0.0.1:${this.port}/agent`;
        return this;
    }

    /** Ends as by the power switch. */
    async stop(code?: number): Promise<void> {
        const server = this.#server;
        this.#server = undefined;
        if (server === undefined) return;
        for (const socket of server.clients) code === undefined ? socket.terminate() : socket.close(code);
        await new Promise<void>(resolve => server.close(() => resolve()));
    }
}

const agents: FakeAgent[] = [];
const transports: AgentTransport[] = [];
afterEach(async () => {
    for (const transport of transports.splice(0)) transport.close();
    await Promise.all(agents.splice(0).map(agent => agent.stop()));
});

async function startAgent(answer?: Answer, greet?: boolean): Promise<FakeAgent> {
    const agent = await new FakeAgent(answer, greet).start();
    agents.push(agent);
    return agent;
}

function connect(url: string, token?: string): AgentTransport {
    const transport = agentTransport(url, token === undefined ? { webSocket: WebSocket } : { token, webSocket: WebSocket });
    transports.push(transport);
    return transport;
}

const soon = (milliseconds = 5000): AbortSignal => AbortSignal.timeout(milliseconds);
const lamp = { host: "fe80::a", port: 5540, zone: "eth0" };
const next = (channel: Channel): Promise<Uint8Array> => new Promise(resolve => channel.receive(resolve));
async function until(what: string, done: () => boolean): Promise<void> {
    for (const end = Date.now() + 5000; !done(); await new Promise(resolve => setTimeout(resolve, 2))) if (Date.now() > end) throw new Error(`not within 5 s: ${what}`);
}

describe("an agent's transport", () => {
    it("sends its token as a subprotocol, and never in the address", async () => {
        const agent = await startAgent();
        equal(await connect(agent.url, "0123456789abcdef").state(), "ready");
        deepEqual(agent.protocols, [subprotocol, `${tokenSubprotocol}0123456789abcdef`]);
        // What an agent prints will do.
        equal(await connect(`http://127.0.0.1:${agent.port}/#token=fedcba9876543210`).state(), "ready");
        deepEqual(agent.protocols, [subprotocol, `${tokenSubprotocol}fedcba9876543210`]);
        equal(await connect(agent.url).state(), "ready");
        deepEqual(agent.protocols, [subprotocol]);
    });

    it("carries datagrams, keeps those that come early, and closes", async () => {
        const agent = await startAgent();
        const transport = connect(agent.url);
        const channel = await transport.open(lamp, soon());
        deepEqual([channel.kind, channel.maxMessage], ["datagram", 1280]);
        channel.send(Uint8Array.of(1, 2, 3));
        await new Promise(resolve => setTimeout(resolve, 50));
        deepEqual(await next(channel), Uint8Array.of(1, 2, 3));
        throws(() => channel.send(new Uint8Array(1281)), TransportError);
        channel.close();
        deepEqual(await channel.closed, { reason: "closed by this side" });
        throws(() => channel.send(Uint8Array.of(1)), ClosedError);
        await until("the agent hears of the end", () => agent.received.some(({ kind }) => kind === "close"));
        // Two at once are two channels, also to one address.
        const [one, other] = await Promise.all([transport.open(lamp, soon()), transport.open({ id: "A" }, soon())]);
        const answers = Promise.all([next(one), next(other)]);
        one.send(Uint8Array.of(1));
        other.send(Uint8Array.of(2));
        deepEqual(await answers, [Uint8Array.of(1), Uint8Array.of(2)]);
        equal(agent.connections, 1);
    });

    it("says why the agent opens no channel", async () => {
        let reason = 2;
        const agent = await startAgent((frame, send) => frame["kind"] === "open" && send({ kind: "closed", channel: frame["channel"], reason }));
        const transport = connect(agent.url);
        for (const [code, sentence] of [[2, /private/], [3, /not found/], [4, /limit/], [5, /nothing leads there/], [6, /system/]] as const) {
            reason = code;
            await rejects(transport.open(lamp, soon()), (error: Error) => error instanceof TransportError && !(error instanceof AgentError) && sentence.test(error.message));
        }
    });

    it("tells a channel that the agent ended it", async () => {
        let close = (): void => {};
        const agent = await startAgent((frame, send) => {
            polite(frame, send, undefined as never);
            close = () => send({ kind: "closed", channel: frame["channel"], reason: 6 });
        });
        const channel = await connect(agent.url).open(lamp, soon());
        close();
        match((await channel.closed).reason, /system/);
    });

    it("stops waiting when its caller does", async () => {
        const agent = await startAgent(() => {});
        const transport = connect(agent.url);
        await rejects(transport.open(lamp, soon(50)), { name: "TimeoutError" });
        await until("the agent hears of it", () => agent.received.some(({ kind }) => kind === "close"));
        const gone = connect("ws://127.0.0.1:1/agent");
        await rejects(gone.open(lamp, soon(50)), { name: "TimeoutError" });
        await rejects(gone.open(lamp, AbortSignal.abort(new Error("never mind"))), /never mind/);
        const found = [];
        for await (const node of gone.discover({ operational: "87E1B004E235A130-8FC7772401CD0696" }, soon(50))) found.push(node);
        deepEqual(found, []);
    });

    it("ends channels with a reason when the agent goes, and waits with new ones until it is back", async () => {
        const agent = await startAgent();
        const transport = connect(agent.url);
        const channel = await transport.open(lamp, soon());
        await agent.stop();
        match((await channel.closed).reason, /connection to the agent was lost/);
        equal(await transport.state(), "unreachable");
        const waiting = transport.open(lamp, soon());
        await new Promise(resolve => setTimeout(resolve, 300));
        await agent.start();
        const again = await waiting;
        const answer = next(again);
        again.send(Uint8Array.of(7));
        deepEqual(await answer, Uint8Array.of(7));
        await agent.stop(1001);
        match((await again.closed).reason, /agent was stopped/);
    });

    it("opens a channel after all when the agent goes between question and answer", async () => {
        let deaf = true;
        const agent = await startAgent((frame, send, socket) => (deaf ? socket.terminate() : polite(frame, send, socket)));
        const opening = connect(agent.url).open(lamp, soon());
        await until("the first question", () => agent.received.length > 0);
        deaf = false;
        (await opening).close();
        equal(agent.connections, 2);
    });

    it("asks a restarting agent ever more slowly", async () => {
        const agent = await startAgent(({ kind }, _, socket) => kind === "connected" && socket.close(1011), false);
        await rejects(connect(agent.url).open(lamp, soon(1500)), { name: "TimeoutError" });
        // 0, 0.13–0.25, 0.38–0.75, 0.88–1.75 s
        ok(agent.connections >= 3 && agent.connections <= 5, `${agent.connections} attempts in 1.5 s`);
    });

    it("asks an agent that greets and hangs up, as one of another version may, ever more slowly", async () => {
        const agent = await startAgent(({ kind }, _, socket) => kind === "search" && socket.close(4400));
        for await (const _ of connect(agent.url).discover({ all: "commissionable" }, soon(1500))) throw new Error("found");
        ok(agent.connections >= 3 && agent.connections <= 5, `${agent.connections} connections in 1.5 s`);
    });

    it("says that it is blocked where the browser makes no WebSocket for it, as on a page that came by HTTPS", async () => {
        class Refused {
            constructor() {
                throw new DOMException("An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.", "SecurityError");
            }
        }
        const transport = agentTransport("ws://192.168.1.7:5570/agent", { webSocket: Refused as unknown as typeof WebSocket });
        transports.push(transport);
        equal(await transport.state(), "blocked");
        await rejects(transport.open(lamp, soon()), (error: unknown) => error instanceof AgentError && error.state === "blocked" && /192\.168\.1\.7:5570.*insecure WebSocket/.test(error.message));
    });

    it("goes on searching when the agent comes back", async () => {
        const agent = await startAgent();
        const over = new AbortController();
        const found: AgentDiscovered[] = [];
        const search = (async () => {
            for await (const node of connect(agent.url).discover({ discriminator: 2748, short: false }, over.signal)) {
                found.push(node);
                if (found.length === 1) {
                    await agent.stop();
                    void agent.start();
                }
                if (found.length === 2) over.abort();
            }
        })();
        await search;
        deepEqual(found[0], { peer: { host: "fe80::a", port: 5540, zone: "eth0" }, instance: "A", discriminator: 2748 });
        deepEqual(found[1], found[0]);
        deepEqual(agent.received.map(({ kind, query }) => [kind, query && hexOf(query as Uint8Array)]).slice(0, 2), [["search", "01bc0a"], ["search", "01bc0a"]]);
        await until("the agent hears of the end", () => agent.received.some(({ kind }) => kind === "stop"));
    });

    it("says why the agent ends a search", async () => {
        const agent = await startAgent((frame, send) => send({ kind: "stopped", search: frame["search"], reason: 4 }));
        await rejects(async () => {
            for await (const _ of connect(agent.url).discover({ all: "commissionable" }, soon())) throw new Error("found");
        }, /the agent ended the search: a limit/);
    });

    it("tells a refused token from an agent that is not there or has no room", async () => {
        for (const [code, state, sentence] of [[4401, "token", /does not know this token/], [4429, "token", /wait a minute/], [4503, "unreachable", /as many pages/], [4400, "unreachable", /no answer/]] as const) {
            const agent = await startAgent((_, __, socket) => socket.close(code), false);
            const transport = connect(agent.url, "0123456789abcdef");
            equal(await transport.state(), state);
            if (state === "token") await rejects(transport.open(lamp, soon()), (error: unknown) => error instanceof AgentError && error.state === state && sentence.test(error.message));
            else await rejects(transport.open(lamp, soon(50)), { name: "TimeoutError" });
            if (state === "token") {
                await rejects(async () => {
                    for await (const _ of transport.discover({ all: "commissionable" }, soon())) throw new Error("found");
                }, AgentError);
            }
        }
        equal(await connect("ws://127.0.0.1:1/agent").state(), "unreachable");
    });

    it("closes a connection on which something else is spoken", async () => {
        for (const said of ["text", Uint8Array.of(0x80), Uint8Array.of(), encodeAgent({ kind: "opened", channel: 1 })]) {
            const agent = await startAgent((_, send) => send(said), false);
            equal(await connect(agent.url).state(), "unreachable", String(said));
        }
        const agent = await startAgent((frame, send) => send(frame["kind"] === "open" ? { kind: "opened", channel: frame["channel"] } : { kind: "hello" }));
        const channel = await connect(agent.url).open(lamp, soon());
        channel.send(Uint8Array.of(1));
        match((await channel.closed).reason, /broke its protocol/);
    });

    it("counts what the agent dropped", async () => {
        const agent = await startAgent((frame, send, socket) => {
            polite(frame, send, socket);
            if (frame["kind"] !== "open") return;
            for (const [cause, count] of [[1, 2], [2, 10], [1, 3]]) send({ kind: "dropped", channel: frame["channel"], cause, count });
            send({ kind: "dropped", channel: 999, cause: 1, count: 50 });
        });
        const transport = connect(agent.url);
        (await transport.open(lamp, soon())).close();
        await until("13 are counted", () => transport.dropped === 13);
        (await transport.open(lamp, soon())).close();
        await until("13 more are", () => transport.dropped === 26);
        await agent.stop();
        await until("they stay counted", () => transport.dropped === 26);
    });

    it("ends everything when it is closed", async () => {
        const agent = await startAgent();
        const transport = connect(agent.url);
        const channel = await transport.open(lamp, soon());
        transport.close();
        transport.close();
        deepEqual(await channel.closed, { reason: "the transport was closed" });
        await rejects(transport.open(lamp, soon()), ClosedError);
        equal(await transport.state(), "unreachable");
        const waiting = connect("ws://127.0.0.1:1/agent");
        const opening = rejects(waiting.open(lamp, soon()), ClosedError);
        waiting.close();
        await opening;
    });

    it("refuses what no agent can be asked", () => {
        for (const url of ["", "nowhere", "ftp://127.0.0.1/", "/agent"]) throws(() => agentTransport(url, { webSocket: WebSocket }), ImplementationError, url);
        throws(() => agentTransport("ws://127.0.0.1/", { token: "a b", webSocket: WebSocket }), ImplementationError);
        const kept = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
        Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true });
        try {
            throws(() => agentTransport("ws://127.0.0.1/"), /no WebSocket/);
        } finally {
            if (kept === undefined) Reflect.deleteProperty(globalThis, "WebSocket");
            else Object.defineProperty(globalThis, "WebSocket", kept);
        }
    });

    it("refuses addresses and searches that no agent takes, before it asks", async () => {
        const agent = await startAgent();
        const transport = connect(agent.url);
        for (const peer of [
            { host: "lamp.local", port: 5540 }, { host: "", port: 5540 }, { host: "::1", port: 0 }, { host: "::1", port: 65536 }, { host: "::1", port: 1.5 },
            { host: "fe80::1", port: 5540, zone: "a\nb" }, { id: "" }, { id: "a".repeat(64) }, { id: "é".repeat(32) }, { host: "1".repeat(46), port: 1 },
        ]) await rejects(transport.open(peer, soon()), TransportError, JSON.stringify(peer));
        for (const query of [{ operational: "A-B" }, { discriminator: 4096, short: false }, { discriminator: 16, short: true }, { discriminator: -1, short: true }, { discriminator: 0.5, short: false }]) {
            await rejects(transport.discover(query, soon()).next(), ImplementationError, JSON.stringify(query));
        }
        equal(agent.connections, 0);
        for (const peer of [{ host: "[::1]", port: 5540 }, { host: "fe80::1%eth0", port: 5540 }]) (await transport.open(peer, soon())).close();
        equal(agent.connections, 1);
    });

    it("takes a browser's WebSocket by its type", () => {
        const Native = class extends EventTarget {} as unknown as typeof globalThis.WebSocket;
        ok(agentTransport("ws://127.0.0.1/", { webSocket: Native }));
    });
});

describe("what the browser allows", () => {
    const kept = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    const location = Object.getOwnPropertyDescriptor(globalThis, "location");
    afterEach(() => {
        for (const [name, descriptor] of [["navigator", kept], ["location", location]] as const) {
            if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
            else Object.defineProperty(globalThis, name, descriptor);
        }
    });
    function browser(states: Record<string, string>, host = "page.example"): string[] {
        const asked: string[] = [];
        const query = async ({ name }: { name: string }): Promise<{ state: string }> => {
            asked.push(name);
            const state = states[name];
            if (state === undefined) throw new TypeError(`no permission ${name}`);
            return { state };
        };
        Object.defineProperty(globalThis, "navigator", { value: { permissions: { query } }, configurable: true });
        Object.defineProperty(globalThis, "location", { value: { hostname: host }, configurable: true });
        return asked;
    }

    it("tells an agent that is blocked from one that is not there", async () => {
        const asked = browser({ "loopback-network": "denied", "local-network": "granted" });
        equal(await connect("ws://127.0.0.1:1/agent").state(), "blocked");
        equal(await connect("ws://[::1]:1/agent").state(), "blocked");
        deepEqual(asked, ["loopback-network", "loopback-network"]);
        await rejects(connect("ws://localhost:1/agent").open(lamp, soon()), (error: unknown) => error instanceof AgentError && error.state === "blocked" && /local network/.test(error.message));
        browser({ "loopback-network": "granted" });
        equal(await connect("ws://127.0.0.1:1/agent").state(), "unreachable");
        browser({ "local-network-access": "denied" });
        equal(await connect("ws://127.0.0.1:1/agent").state(), "blocked");
        browser({});
        equal(await connect("ws://127.0.0.1:1/agent").state(), "unreachable");
    });

    it("does not say so of the agent's own page, which needs no permission", async () => {
        const asked = browser({ "loopback-network": "denied" }, "127.0.0.1");
        equal(await connect("ws://127.0.0.1:1/agent").state(), "unreachable");
        deepEqual(asked, []);
    });

    it("does not ask when the agent answers", async () => {
        const asked = browser({ "loopback-network": "denied" });
        const agent = await startAgent();
        equal(await connect(agent.url).state(), "ready");
        deepEqual(asked, []);
    });
});

it("the agent's frames are of the kinds that are told apart", () => {
    const kinds = new Set(vectors.frames.map(({ frame }) => frame["kind"]));
    const known: Record<AgentFrame["kind"] | PageFrame["kind"], true> = {
        hello: true, open: true, opened: true, close: true, closed: true, datagram: true, dropped: true, search: true, found: true, stop: true, stopped: true,
    };
    deepEqual([...kinds].sort(), Object.keys(known).sort());
    notEqual(kinds.size, 0);
});
