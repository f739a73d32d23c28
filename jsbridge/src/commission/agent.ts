/**
 * Datagrams and discovery for a host that has neither UDP nor multicast: by an agent, a program on
 * the same network, over a WebSocket. The agent carries Matter's ciphertext; it never gets a key or
 * a passcode. What the two say to each other is in relay.ts.
 */
import { ClosedError, ImplementationError, TransportError } from "../errors.js";
import { showAddress } from "./address.js";
import { AgentLink, sentences, type AgentWebSocketClass } from "./agent-link.js";
import type { DiscoveredWithTiming } from "./discovery.js";
import { closeCodes, isPeer, isQuery, subprotocol, tokenSubprotocol, type Reason, type RelayQuery } from "./relay.js";
import type { Channel, DiscoverQuery, HostTransport, PeerAddress } from "./types.js";

/** "token": it wants the token that it printed at its start. "blocked": the browser lets no page of this site reach the local network. */
export type AgentState = "ready" | "unreachable" | "blocked" | "token";

/** Why an agent cannot be used; "unreachable" may pass by itself, the others need a person. */
export class AgentError extends TransportError {
    readonly state: Exclude<AgentState, "ready">;
    constructor(state: Exclude<AgentState, "ready">, message: string, options?: ErrorOptions) {
        super(message, options);
        this.state = state;
    }
}

export interface AgentOptions {
    /** The agent's token; default: what the URL's fragment says (`#token=…`). */
    token?: string;
    /** Default: the host's WebSocket. Node has one from its version 22 on. */
    webSocket?: AgentWebSocketClass;
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
/** A connection that is lost sooner was none: an agent that greets and hangs up is not to be asked at once again. */
const settledMs = 5_000;
const maxFound = 1024;

class Agent implements AgentTransport {
    readonly #url: URL;
    readonly #protocols: string[];
    readonly #webSocket: AgentWebSocketClass;
    readonly #over = new AbortController();
    #link: AgentLink | undefined;
    #dialling: Promise<AgentLink> | undefined;
    #retryMs = firstRetryMs;
    #retryAt = 0;
    #droppedBefore = 0;

    constructor(url: string | URL, options: AgentOptions) {
        const { webSocket = (globalThis as { WebSocket?: AgentWebSocketClass }).WebSocket } = options;
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
                let link: AgentLink;
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
    async #connected(signal: AbortSignal): Promise<AgentLink> {
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
    #dial(): Promise<AgentLink> {
        if (this.#link !== undefined) return Promise.resolve(this.#link);
        this.#dialling ??= this.#attempt().finally(() => (this.#dialling = undefined));
        return this.#dialling;
    }

    async #attempt(): Promise<AgentLink> {
        this.#over.signal.throwIfAborted();
        const link = this.#begin();
        const abort = (): void => link.close("the transport was closed");
        this.#over.signal.addEventListener("abort", abort);
        try {
            await this.#ready(link);
        } catch (error) {
            this.#over.signal.throwIfAborted();
            this.#later();
            throw error;
        } finally {
            this.#over.signal.removeEventListener("abort", abort);
        }
        this.#link = link;
        const since = performance.now();
        void link.lost.then(() => {
            this.#droppedBefore += link.dropped;
            this.#link = undefined;
            if (performance.now() - since < settledMs) return this.#later();
            this.#retryMs = firstRetryMs;
            this.#retryAt = 0;
        });
        return link;
    }

    #begin(): AgentLink {
        try {
            return new AgentLink(this.#webSocket, this.#url, this.#protocols);
        } catch (cause) {
            // Say, an unencrypted one to another machine, for a page that came by HTTPS.
            throw new AgentError("blocked", `the browser opens no connection to the agent at ${this.#url.host}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        }
    }

    #later(): void {
        // Half to whole: pages that lost the same agent do not come back as one.
        this.#retryAt = performance.now() + this.#retryMs * (0.5 + Math.random() / 2);
        this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    }

    async #ready(link: AgentLink): Promise<void> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        let over = false;
        const late = new Promise<"late">(resolve => {
            const check = async (): Promise<void> => {
                const asking = (await permission(this.#url)) === "prompt";
                if (over) return;
                if (asking) timer = setTimeout(check, attemptMs);
                else resolve("late");
            };
            timer = setTimeout(check, attemptMs);
        });
        const result = await Promise.race([link.greeted, link.lost, late]);
        over = true;
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
