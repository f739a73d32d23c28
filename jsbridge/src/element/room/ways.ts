/** The ways out of the Worker: the window's Bluetooth device, the agent, the page's own transport; as one transport. */
import type { AgentDiscovered, AgentTransport } from "../../commission/agent.js";
import type { Channel, Discovered, DiscoverQuery, HostTransport, PeerAddress } from "../../commission/types.js";
import { TransportError } from "../../errors.js";
import type { Route } from "../protocol.js";
import { ProxyChannel } from "./proxies.js";
import type { Traffic } from "./types.js";
import type { Handler, Wire } from "./wire.js";

/** How often it is looked whether there is a way over the network by now. */
const lookAgainMs = 2_000;

/** Why Bluetooth is over: `id: technical`, as the page's program says it. */
export interface LinkEnd {
    id: string;
    technical: string;
}

export class Ways implements HostTransport {
    agent: AgentTransport | undefined;
    host: HostTransport | undefined;
    /** Which way devices are set up. Those that are in the fabric are reached by any over the network. */
    route: Route = "agent";
    /** Where the device to be set up is, if it was chosen: nothing else is found then. */
    chosen: readonly Discovered[] | undefined;
    /** Since the attempt began: how Bluetooth ended, and whether there was a way over the network. */
    linkEnd: LinkEnd | undefined;
    networkSeen = false;
    #joining = false;
    #joined: (() => void)[] = [];
    readonly traffic: { sent: Traffic; received: Traffic } = { sent: none(), received: none() };
    readonly handlers: Readonly<Record<string, Handler>>;
    readonly #wire: () => Wire;
    readonly #told: (state: "open" | "closed", about: { maxMessage?: number; reason?: string }) => void;
    #link: ProxyChannel | undefined;
    #links = 0;

    constructor(wire: () => Wire, told: (state: "open" | "closed", about: { maxMessage?: number; reason?: string }) => void) {
        this.#wire = wire;
        this.#told = told;
        this.handlers = {
            "link.message": (message: Uint8Array) => this.#link?.deliver(message),
            "link.closed": (reason: string) => this.#linkClosed(reason),
        };
    }

    /** An address for the Bluetooth device that is chosen now: each attempt has its own, so that no old channel is taken for it. */
    linkAddress(): PeerAddress {
        return { id: `bluetooth:${++this.#links}` };
    }

    /**
     * The device is being told to join a network: only what says that it is the device proves that it has. An address that
     * the agent's user named is a guess, and waits until this is over.
     */
    set joining(joining: boolean) {
        this.#joining = joining;
        if (joining) return;
        for (const resume of this.#joined.splice(0)) resume();
    }

    /** The attempt is over. */
    closeLink(): void {
        this.#link?.close();
    }

    async open(peer: PeerAddress, signal: AbortSignal): Promise<Channel> {
        if ("id" in peer && peer.id.startsWith("bluetooth:")) return this.#counted(await this.#openLink(signal));
        const way = this.#network();
        if (way === undefined) throw new TransportError("there is no way over the network: no agent, and no transport of the page");
        return this.#counted(await way.open(peer, signal));
    }

    /** Goes on while there is hope: an agent that is started meanwhile is found. */
    async *discover(query: DiscoverQuery, signal: AbortSignal): AsyncGenerator<Discovered, void, undefined> {
        if (this.chosen !== undefined && !("operational" in query)) yield* this.chosen;
        else {
            if (this.agent === undefined && this.host !== undefined && this.host.discover === undefined) throw new TransportError("the page's transport cannot search, and there is no agent");
            for (let way = this.#network(); !signal.aborted; way = this.#network()) {
                if (way?.discover !== undefined) {
                    this.networkSeen ||= way === this.host || (await this.agent?.state()) === "ready";
                    if (signal.aborted) return;
                    try {
                        yield* this.#noting(query, way.discover(query, signal));
                        // Its end is the end of a page's transport; an agent's has a reason.
                        if (way === this.host) return;
                    } catch (error) {
                        if (way === this.host) throw error;
                    }
                }
                await pause(lookAgainMs, signal);
            }
        }
    }

    async *#noting(query: DiscoverQuery, found: AsyncIterable<Discovered>): AsyncGenerator<Discovered, void, undefined> {
        const guesses: Discovered[] = [];
        const devices = found[Symbol.asyncIterator]();
        try {
            for (let next = devices.next(); ; ) {
                const step = guesses.length === 0 ? await next : await Promise.race([next, this.#joinedNow()]);
                if (step === undefined) {
                    yield* guesses.splice(0);
                    continue;
                }
                if (step.done === true) return;
                next = devices.next();
                const { instance } = step.value as AgentDiscovered;
                if (this.#joining && "operational" in query && instance !== undefined && instance.toUpperCase() !== query.operational.toUpperCase()) {
                    guesses.push(step.value);
                    continue;
                }
                this.networkSeen = true;
                yield step.value;
            }
        } finally {
            // Not waited for: what is asked for already comes first, and may come only with the end of the search.
            void devices.return?.().catch(() => {});
        }
    }

    #joinedNow(): Promise<undefined> {
        return new Promise(resolve => (this.#joining ? this.#joined.push(() => resolve(undefined)) : resolve(undefined)));
    }

    #network(): HostTransport | undefined {
        return this.route === "host" ? (this.host ?? this.agent) : (this.agent ?? this.host);
    }

    async #openLink(signal: AbortSignal): Promise<Channel> {
        this.#link?.close();
        const channel = new ProxyChannel(
            message => this.#wire().tell("link.send", message),
            () => this.#wire().tell("link.close"),
        );
        this.#link = channel;
        this.linkEnd = undefined;
        try {
            const { maxMessage } = await this.#wire().call<{ maxMessage: number }>("link.open");
            channel.opened("btp", maxMessage);
            this.#told("open", { maxMessage });
        } catch (error) {
            this.#link = undefined;
            this.linkEnd = linkEndOf(error instanceof Error ? error.message : String(error), "connect-failed");
            throw new TransportError(this.linkEnd.technical, { cause: error });
        }
        if (signal.aborted) {
            channel.close();
            throw signal.reason;
        }
        return channel;
    }

    #linkClosed(reason: string): void {
        const link = this.#link;
        // One that is not open yet says so by its opening: this is the end of the one before it.
        if (link === undefined || link.maxMessage === 0) return;
        this.#link = undefined;
        this.linkEnd ??= linkEndOf(reason, "connection-lost");
        this.#told("closed", { reason: this.linkEnd.id });
        link.end(reason);
    }

    #counted(channel: Channel): Channel {
        const { sent, received } = this.traffic;
        return {
            kind: channel.kind,
            maxMessage: channel.maxMessage,
            closed: channel.closed,
            close: () => channel.close(),
            send: message => {
                count(sent, message);
                channel.send(message);
            },
            receive: handler => channel.receive(message => {
                count(received, message);
                handler(message);
            }),
        };
    }
}

function none(): Traffic {
    return { messages: 0, octets: 0, longest: 0 };
}

function count(traffic: Traffic, message: Uint8Array): void {
    traffic.messages++;
    traffic.octets += message.length;
    traffic.longest = Math.max(traffic.longest, message.length);
}

function linkEndOf(reason: string, otherwise: string): LinkEnd {
    const [, id, technical] = /^([a-z][a-z-]*): ?(.*)$/s.exec(reason) ?? [];
    return id === undefined || technical === undefined ? { id: otherwise, technical: reason } : { id, technical };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
        if (signal.aborted) return resolve();
        const done = (): void => {
            clearTimeout(timer);
            signal.removeEventListener("abort", done);
            resolve();
        };
        const timer = setTimeout(done, ms);
        signal.addEventListener("abort", done);
    });
}
