/**
 * Datagrams and discovery for a host that has neither UDP nor multicast: by an agent, a program on
 * the same network, over a WebSocket. The agent carries Matter's ciphertext; it never gets a key or
 * a passcode. What the two say to each other is in relay.ts.
 */
import { ClosedError, ImplementationError, TransportError } from "../errors.js";
import { showAddress } from "./address.js";
import type { DiscoveredWithTiming } from "./discovery.js";
import {
    closeCodes, decodeFrame, encodeFrame, isPeer, isQuery, maxDatagram, subprotocol, tokenSubprotocol, type AgentFrame, type Cause, type PageFrame, type Reason, type RelayQuery,
} from "./relay.js";
import type { Channel, DiscoverQuery, HostTransport, PeerAddress } from "./types.js";

/** "token": it wants the token that it printed at its start. "blocked": the browser lets no page of this site reach the local network. */
export type AgentState = "ready" | "unreachable" | "blocked" | "token";

/** Why an agent cannot be used; "unreachable" may pass by itself, the others need a person. */
export class AgentError extends TransportError {
    readonly state: Exclude<AgentState, "ready">;
    constructor(state: Exclude<AgentState, "ready">, message: string) {
        super(message);
        this.state = state;
    }
}

/** What is used of a WebSocket: the browser's, or that of the npm package ws. */
export interface AgentWebSocket {
    binaryType: string;
    readonly bufferedAmount: number;
    send(data: Uint8Array<ArrayBuffer>): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: string, listener: (event: any) => void): void;
}

export interface AgentOptions {
    /** The agent's token; default: what the URL's fragment says (`#token=…`). */
    token?: string;
    /** Default: the host's WebSocket. Node has one from its version 22 on. */
    webSocket?: new (url: string, protocols: string[]) => AgentWebSocket;
}

/** {@link DiscoverQuery}, or every node that can be commissioned. */
export type AgentQuery = DiscoverQuery | { all: "commissionable" };

/** A node that the agent has found, at one of its addresses. A later one of the same address replaces it. */
export interface AgentDiscovered extends DiscoveredWithTiming {
    peer: { host: string; port: number; zone?: string };
    /** The first label of the service's name; `{ id: instance }` is an address for this transport. */
    instance: string;
    name?: string;
    deviceType?: number;
    pairingHint?: number;
    pairingInstruction?: string;
    icd?: number;
}

export interface AgentTransport extends HostTransport {
    discover(query: AgentQuery, signal: AbortSignal): AsyncGenerator<AgentDiscovered, void, undefined>;
    /**
     * Opens a channel. While the agent cannot be reached it tries again, until signal aborts.
     *
     * @throws {@link AgentError} if only a person can help
     * @throws {@link TransportError} if the agent carries nothing to this address
     */
    open(peer: PeerAddress, signal: AbortSignal): Promise<Channel>;
    /** Connects, unless it is connected, and says how that went. */
    state(): Promise<AgentState>;
    /** Datagrams that the agent got and carried no further: too fast, or of no Matter message's shape. */
    readonly dropped: number;
    /** Closes all channels and the connection, for good. */
    close(): void;
}

/**
 * Reaches devices through an agent. Connects when something is first asked of it, and again by
 * itself: when the connection is lost, channels end, searches go on, and new channels wait.
 *
 * @param url - the agent's address as it prints it, or the WebSocket's, as in `ws://127.0.0.1:5580/agent`
 */
export function agentTransport(url: string | URL, options: AgentOptions = {}): AgentTransport {
    return new Agent(url, options);
}

/** How long a connection may take. While the browser asks its user for permission it takes longer. */
const attemptMs = 10_000;
const firstRetryMs = 250;
const maxRetryMs = 10_000;
/** Octets that wait in the WebSocket. More datagrams are lost, as in any network. */
const maxBuffered = 256 * 1024;
/** Datagrams kept for a channel whose handler is not set yet. */
const maxEarly = 16;
const maxFound = 1024;

class Agent implements AgentTransport {
    readonly #url: URL;
    readonly #protocols: string[];
    readonly #webSocket: NonNullable<AgentOptions["webSocket"]>;
    readonly #over = new AbortController();
    #link: Link | undefined;
    #dialling: Promise<Link> | undefined;
    #retryMs = firstRetryMs;
    #retryAt = 0;
    #droppedBefore = 0;

    constructor(url: string | URL, options: AgentOptions) {
        const { webSocket = (globalThis as { WebSocket?: AgentOptions["webSocket"] }).WebSocket } = options;
        if (webSocket === undefined) throw new ImplementationError("this host has no WebSocket: give one, such as that of the package ws, as the option webSocket");
        this.#webSocket = webSocket;
        this.#url = agentUrl(url);
        const token = options.token ?? new URLSearchParams(this.#url.hash.slice(1)).get("token") ?? "";
        this.#url.hash = "";
        // What may stand in the name of a subprotocol: RFC 6455 §4.1, RFC 9110 §5.6.2.
        if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/.test(token)) throw new ImplementationError("an agent's token has no blanks, commas or the like");
        this.#protocols = token === "" ? [subprotocol] : [subprotocol, tokenSubprotocol + token];
    }

    get dropped(): number {
        return this.#droppedBefore + (this.#link?.dropped ?? 0);
    }

    async state(): Promise<AgentState> {
        if (this.#over.signal.aborted) return "unreachable";
        try {
            await this.#dial();
            return "ready";
        } catch (error) {
            if (error instanceof AgentError) return error.state;
            if (error instanceof ClosedError) return "unreachable";
            throw error;
        }
    }

    async open(peer: PeerAddress, signal: AbortSignal): Promise<Channel> {
        const asked = relayPeer(peer);
        for (;;) {
            const link = await this.#connected(signal);
            const channel = await before(link.open(asked, signal), signal);
            if (channel !== undefined) return channel;
        }
    }

    async *discover(query: AgentQuery, signal: AbortSignal): AsyncGenerator<AgentDiscovered, void, undefined> {
        const asked = relayQuery(query);
        const found: AgentDiscovered[] = [];
        let wake = (): void => {};
        const abort = (): void => wake();
        signal.addEventListener("abort", abort);
        try {
            while (!signal.aborted) {
                let link: Link;
                try {
                    link = await this.#connected(signal);
                } catch (error) {
                    if (signal.aborted) return;
                    throw error;
                }
                let ended: Reason | "lost" | undefined;
                const stop = link.search(asked, node => {
                    // Who is slow to take them hears fewer, however much a network tells.
                    if (found.length < maxFound) found.push(node as AgentDiscovered);
                    wake();
                }, reason => {
                    ended = reason;
                    wake();
                });
                try {
                    for (;;) {
                        for (let next = found.shift(); next !== undefined && !signal.aborted; next = found.shift()) yield next;
                        if (signal.aborted || ended !== undefined) break;
                        await new Promise<void>(resolve => {
                            wake = resolve;
                            if (signal.aborted || ended !== undefined || found.length > 0) resolve();
                        });
                    }
                } finally {
                    stop();
                }
                if (!signal.aborted && ended !== "lost" && ended !== undefined) throw new TransportError(`the agent ended the search: ${sentences[ended]}`);
            }
        } finally {
            signal.removeEventListener("abort", abort);
        }
    }

    close(): void {
        if (this.#over.signal.aborted) return;
        this.#over.abort(new ClosedError("the agent's transport was closed"));
        this.#link?.close("the transport was closed");
    }

    /** The connection; while there is none, tries again and again, ever more slowly. */
    async #connected(signal: AbortSignal): Promise<Link> {
        for (;;) {
            signal.throwIfAborted();
            this.#over.signal.throwIfAborted();
            if (this.#link !== undefined) return this.#link;
            await pause(this.#retryAt - performance.now(), [signal, this.#over.signal]);
            signal.throwIfAborted();
            try {
                return await before(this.#dial(), signal);
            } catch (error) {
                if (!(error instanceof AgentError) || error.state !== "unreachable") throw error;
            }
        }
    }

    /** One attempt, whoever asks; all who ask meanwhile wait for the same. */
    #dial(): Promise<Link> {
        if (this.#link !== undefined) return Promise.resolve(this.#link);
        this.#dialling ??= this.#attempt().finally(() => (this.#dialling = undefined));
        return this.#dialling;
    }

    async #attempt(): Promise<Link> {
        this.#over.signal.throwIfAborted();
        const link = new Link(this.#webSocket, this.#url, this.#protocols);
        const abort = (): void => link.close("the transport was closed");
        this.#over.signal.addEventListener("abort", abort);
        try {
            await this.#ready(link);
        } catch (error) {
            this.#over.signal.throwIfAborted();
            // Half to whole: pages that lost the same agent do not come back as one.
            this.#retryAt = performance.now() + this.#retryMs * (0.5 + Math.random() / 2);
            this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
            throw error;
        } finally {
            this.#over.signal.removeEventListener("abort", abort);
        }
        this.#link = link;
        this.#retryMs = firstRetryMs;
        this.#retryAt = 0;
        void link.lost.then(() => {
            this.#droppedBefore += link.dropped;
            this.#link = undefined;
        });
        return link;
    }

    async #ready(link: Link): Promise<void> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<"late">(resolve => {
            const check = async (): Promise<void> => {
                if ((await permission(this.#url)) === "prompt") timer = setTimeout(check, attemptMs);
                else resolve("late");
            };
            timer = setTimeout(check, attemptMs);
        });
        const result = await Promise.race([link.greeted, link.lost, late]);
        clearTimeout(timer);
        if (result === "greeted") return;
        link.close("the agent did not answer in time");
        if (typeof result === "object") {
            const { token, attempts, full } = closeCodes;
            if (result.code === token) throw new AgentError("token", `the agent at ${this.#url.host} does not know this token: it prints its own when it starts`);
            if (result.code === attempts) throw new AgentError("token", `the agent at ${this.#url.host} got too many wrong tokens: wait a minute, or start it again`);
            if (result.code === full) throw new AgentError("unreachable", `the agent at ${this.#url.host} has as many pages as it takes`);
        }
        if ((await permission(this.#url)) === "denied") {
            throw new AgentError("blocked", `the browser does not let this page reach your local network, and so not the agent at ${this.#url.host}`);
        }
        throw new AgentError("unreachable", `no answer from the agent at ${this.#url.host}`);
    }
}

/** One WebSocket, from its opening to its end. */
class Link {
    readonly greeted: Promise<"greeted">;
    /** Resolves when the connection is gone, or never came. */
    readonly lost: Promise<{ code: number }>;
    dropped = 0;
    readonly #socket: AgentWebSocket;
    readonly #channels = new Map<number, AgentChannel>();
    readonly #searches = new Map<number, { found(node: unknown): void; ended(reason: Reason | "lost"): void }>();
    /** By channel and cause. */
    readonly #drops = new Map<number, Map<Cause, number>>();
    #greet: (value: "greeted") => void = () => {};
    #lose: (value: { code: number }) => void = () => {};
    #hello = false;
    #gone = false;
    #last = 0;

    constructor(webSocket: NonNullable<AgentOptions["webSocket"]>, url: URL, protocols: string[]) {
        this.greeted = new Promise(resolve => (this.#greet = resolve));
        this.lost = new Promise(resolve => (this.#lose = resolve));
        this.#socket = new webSocket(url.href, protocols);
        this.#socket.binaryType = "arraybuffer";
        this.#socket.addEventListener("message", ({ data }: { data: unknown }) => this.#receive(data));
        this.#socket.addEventListener("close", ({ code }: { code: number }) => this.#end(code, code === closeCodes.stopping ? "the agent was stopped" : "the connection to the agent was lost"));
        // A close follows.
        this.#socket.addEventListener("error", () => {});
    }

    /** Undefined if the connection was lost before the agent answered. */
    async open(peer: PeerAddress, signal: AbortSignal): Promise<Channel | undefined> {
        if (this.#gone) return undefined;
        const number = this.#number(this.#channels);
        const channel = new AgentChannel(message => this.#datagram(number, message), () => this.#send({ kind: "close", channel: number }));
        this.#send({ kind: "open", channel: number, peer });
        this.#channels.set(number, channel);
        const abort = (): void => channel.close();
        signal.addEventListener("abort", abort);
        try {
            const refused = await channel.opened;
            if (this.#gone && refused !== undefined) return undefined;
            signal.throwIfAborted();
            if (refused !== undefined) throw new TransportError(`the agent opens no channel to ${showAddress(peer)}: ${sentences[refused] ?? refused}`);
            return channel;
        } finally {
            signal.removeEventListener("abort", abort);
        }
    }

    /** @returns ends it */
    search(query: RelayQuery, found: (node: unknown) => void, ended: (reason: Reason | "lost") => void): () => void {
        if (this.#gone) {
            ended("lost");
            return () => {};
        }
        const number = this.#number(this.#searches);
        this.#send({ kind: "search", search: number, query });
        this.#searches.set(number, { found, ended });
        return () => {
            // Its number is taken until the agent has said that it stopped.
            if (this.#searches.has(number)) this.#send({ kind: "stop", search: number });
        };
    }

    close(reason: string): void {
        this.#end(1000, reason);
        try {
            this.#socket.close(1000);
        } catch {
            // ws throws where a browser does not.
        }
    }

    #number(used: ReadonlyMap<number, unknown>): number {
        if (used.size >= 0xffff) throw new TransportError("65,535 channels or searches are open: close some first");
        do this.#last = (this.#last % 0xffff) + 1;
        while (used.has(this.#last));
        return this.#last;
    }

    #send(frame: PageFrame): void {
        if (!this.#gone) this.#socket.send(encodeFrame(frame));
    }

    #datagram(channel: number, octets: Uint8Array): void {
        if (this.#socket.bufferedAmount <= maxBuffered) this.#send({ kind: "datagram", channel, octets });
    }

    #receive(data: unknown): void {
        if (this.#gone) return;
        let frame: AgentFrame;
        try {
            if (!(data instanceof ArrayBuffer)) throw new TransportError("a text message");
            frame = decodeFrame(new Uint8Array(data));
            if (this.#hello === (frame.kind === "hello")) throw new TransportError("a greeting that comes twice or late");
        } catch {
            return this.close("the agent broke its protocol");
        }
        this.#handle(frame);
    }

    #handle(frame: AgentFrame): void {
        switch (frame.kind) {
            case "hello":
                this.#hello = true;
                return this.#greet("greeted");
            case "opened":
                return this.#channels.get(frame.channel)?.begin();
            case "closed": {
                const channel = this.#channels.get(frame.channel);
                this.#channels.delete(frame.channel);
                this.#drops.delete(frame.channel);
                return channel?.end(frame.reason, sentences[frame.reason]);
            }
            case "datagram":
                return this.#channels.get(frame.channel)?.deliver(frame.octets);
            case "dropped":
                return this.#count(frame);
            case "found":
                return this.#searches.get(frame.search)?.found(frame.node);
            case "stopped": {
                const search = this.#searches.get(frame.search);
                this.#searches.delete(frame.search);
                return search?.ended(frame.reason);
            }
        }
    }

    /** The agent counts from the channel's opening. */
    #count({ channel, cause, count }: AgentFrame & { kind: "dropped" }): void {
        // Another channel's number would stay in the table for ever.
        if (!this.#channels.has(channel)) return;
        const counts = this.#drops.get(channel) ?? new Map<Cause, number>();
        this.dropped += Math.max(0, count - (counts.get(cause) ?? 0));
        this.#drops.set(channel, counts.set(cause, count));
    }

    #end(code: number, reason: string): void {
        if (this.#gone) return;
        this.#gone = true;
        this.#lose({ code });
        const channels = [...this.#channels.values()];
        const searches = [...this.#searches.values()];
        this.#channels.clear();
        this.#searches.clear();
        for (const channel of channels) channel.end("failed", reason);
        for (const search of searches) search.ended("lost");
    }
}

class AgentChannel implements Channel {
    readonly kind = "datagram";
    readonly maxMessage = maxDatagram;
    readonly closed: Promise<{ reason: string }>;
    /** Undefined once the agent has opened it, else why it did not. */
    readonly opened: Promise<Reason | undefined>;
    readonly #send: (message: Uint8Array) => void;
    readonly #close: () => void;
    #begun: (refused: Reason | undefined) => void = () => {};
    #resolveClosed: (value: { reason: string }) => void = () => {};
    #handler: ((message: Uint8Array) => void) | undefined;
    #early: Uint8Array[] = [];
    #open = true;

    constructor(send: (message: Uint8Array) => void, close: () => void) {
        this.#send = send;
        this.#close = close;
        this.closed = new Promise(resolve => (this.#resolveClosed = resolve));
        this.opened = new Promise(resolve => (this.#begun = resolve));
    }

    begin(): void {
        this.#begun(undefined);
    }

    send(message: Uint8Array): void {
        if (!this.#open) throw new ClosedError("the channel is closed");
        if (message.length > maxDatagram) throw new TransportError(`a message of ${message.length} octets, at most ${maxDatagram} fit a datagram`);
        this.#send(message);
    }

    receive(handler: (message: Uint8Array) => void): void {
        this.#handler = handler;
        const early = this.#early;
        this.#early = [];
        for (const message of early) this.deliver(message);
    }

    deliver(message: Uint8Array): void {
        if (!this.#open) return;
        if (this.#handler !== undefined) this.#handler(message);
        else if (this.#early.length < maxEarly) this.#early.push(message);
    }

    close(): void {
        if (!this.#open) return;
        this.#close();
        this.end("by-page", "closed by this side");
    }

    end(refused: Reason, reason: string): void {
        if (!this.#open) return;
        this.#open = false;
        this.#early = [];
        this.#handler = undefined;
        this.#begun(refused);
        this.#resolveClosed({ reason });
    }
}

const sentences: Readonly<Record<Reason, string>> = {
    "by-page": "closed by this side",
    refused: "it carries datagrams to private, link-local and loopback addresses only",
    unknown: "it has not found this device, and nobody named the address to it (-allow)",
    full: "a limit of the agent is reached",
    unreachable: "nothing leads there from where the agent runs",
    failed: "its system did not let it",
};

function agentUrl(url: string | URL): URL {
    let parsed: URL;
    try {
        parsed = new URL(url);
    } catch (cause) {
        throw new ImplementationError("an agent's address looks like ws://127.0.0.1:5580/agent", { cause });
    }
    parsed.protocol = parsed.protocol.replace(/^http/, "ws");
    if (!/^wss?:$/.test(parsed.protocol)) throw new ImplementationError("an agent's address looks like ws://127.0.0.1:5580/agent");
    if (parsed.pathname === "/") parsed.pathname = "/agent";
    return parsed;
}

/** A host as people write it, in brackets or with its zone. */
function relayPeer(peer: PeerAddress): PeerAddress {
    let asked = peer;
    if ("host" in peer) {
        const [host = "", inline] = peer.host.replace(/^\[(.*)\]$/, "$1").split("%", 2);
        const zone = peer.zone ?? inline;
        asked = zone === undefined ? { host, port: peer.port } : { host, port: peer.port, zone };
    }
    if (!isPeer(asked)) throw new TransportError(`an agent takes an address and a port, or a device's name in DNS-SD: not ${JSON.stringify(showAddress(peer))}`);
    return asked;
}

function relayQuery(query: AgentQuery): RelayQuery {
    const asked: RelayQuery =
        "operational" in query ? { kind: "operational", instance: query.operational }
        : "all" in query ? { kind: "commissionable" }
        : { kind: query.short ? "short" : "long", discriminator: query.discriminator };
    if (!isQuery(asked)) throw new ImplementationError("a search is for a discriminator of 12 bits (short: 4), or for COMPRESSEDFABRICID-NODEID in hex");
    return asked;
}

/**
 * What the browser lets this page do in the local network. A browser that does not ask for such
 * permission, or asks under another name, says nothing, and so does a page from the agent's own host,
 * which needs none.
 */
async function permission(url: URL): Promise<"granted" | "denied" | "prompt" | undefined> {
    const { navigator, location } = globalThis as { navigator?: Navigator; location?: Location };
    if (navigator?.permissions === undefined || location?.hostname === url.hostname) return undefined;
    const names = [loopback(url.hostname) ? "loopback-network" : "local-network", "local-network-access"];
    for (const name of names) {
        try {
            return (await navigator.permissions.query({ name: name as PermissionName })).state;
        } catch {
            continue; // a name that this browser does not know
        }
    }
    return undefined;
}

function loopback(host: string): boolean {
    return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host);
}

/** Waits for a promise, but not beyond an abort. */
function before<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
        const abort = (): void => reject(signal.reason);
        if (signal.aborted) abort();
        signal.addEventListener("abort", abort);
        promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
}

/** Ends early, without an error, when one of the signals aborts. */
function pause(milliseconds: number, signals: readonly AbortSignal[]): Promise<void> {
    if (milliseconds <= 0 || signals.some(signal => signal.aborted)) return Promise.resolve();
    return new Promise(resolve => {
        const done = (): void => {
            clearTimeout(timer);
            for (const signal of signals) signal.removeEventListener("abort", done);
            resolve();
        };
        const timer = setTimeout(done, milliseconds);
        for (const signal of signals) signal.addEventListener("abort", done);
    });
}
