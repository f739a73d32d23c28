/** One connection to an agent: frames in and out, what channels and searches they belong to. {@link agentTransport} makes a new one when it is lost. */
import { TransportError } from "../errors.js";
import { showAddress } from "./address.js";
import { BaseChannel } from "./base-channel.js";
import { closeCodes, decodeFrame, encodeFrame, maxDatagram, type AgentFrame, type Cause, type PageFrame, type Reason, type RelayNode, type RelayQuery } from "./relay.js";
import type { Channel, PeerAddress } from "./types.js";

/** What is used of a WebSocket: the browser's, or that of the npm package ws. */
export interface AgentWebSocket {
    binaryType: string;
    readonly bufferedAmount: number;
    send(data: Uint8Array<ArrayBuffer>): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: string, listener: (event: any) => void): void;
}

export type AgentWebSocketClass = new (url: string, protocols: string[]) => AgentWebSocket;

/** Octets that wait in the WebSocket. More datagrams are lost, as in any network. */
const maxBuffered = 256 * 1024;

/** Why the agent ended or refused something, after "the agent …: ". */
export const sentences: Readonly<Record<Reason, string>> = {
    "by-page": "closed by this side",
    refused: "it carries datagrams to private, link-local and loopback addresses only",
    unknown: "it has not found this device, and nobody named the address to it (-allow)",
    full: "a limit of the agent is reached",
    unreachable: "nothing leads there from where the agent runs",
    failed: "its system did not let it",
};

/** One WebSocket, from its opening to its end. */
export class AgentLink {
    readonly greeted: Promise<"greeted">;
    /** Resolves when the connection is gone, or never came. */
    readonly lost: Promise<{ code: number }>;
    dropped = 0;
    readonly #socket: AgentWebSocket;
    readonly #channels = new Map<number, AgentChannel>();
    readonly #searches = new Map<number, { found(node: RelayNode): void; ended(reason: Reason | "lost"): void }>();
    /** By channel and cause. */
    readonly #drops = new Map<number, Map<Cause, number>>();
    #greet: (value: "greeted") => void = () => {};
    #lose: (value: { code: number }) => void = () => {};
    #hello = false;
    #gone = false;
    #last = 0;

    constructor(webSocket: AgentWebSocketClass, url: URL, protocols: string[]) {
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
    search(query: RelayQuery, found: (node: RelayNode) => void, ended: (reason: Reason | "lost") => void): () => void {
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
                return channel?.refuse(frame.reason, sentences[frame.reason]);
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
        for (const channel of channels) channel.refuse("failed", reason);
        for (const search of searches) search.ended("lost");
    }
}

class AgentChannel extends BaseChannel {
    readonly kind = "datagram";
    readonly maxMessage = maxDatagram;
    /** Undefined once the agent has opened it, else why it did not. */
    readonly opened: Promise<Reason | undefined>;
    readonly #send: (message: Uint8Array) => void;
    readonly #close: () => void;
    #begun: (refused: Reason | undefined) => void = () => {};
    #refused: Reason = "by-page";

    constructor(send: (message: Uint8Array) => void, close: () => void) {
        super();
        this.#send = send;
        this.#close = close;
        this.opened = new Promise(resolve => (this.#begun = resolve));
    }

    begin(): void {
        this.#begun(undefined);
    }

    refuse(why: Reason, reason: string): void {
        this.#refused = why;
        this.end(reason);
    }

    protected override transmit(message: Uint8Array): void {
        this.#send(message);
    }

    protected override leave(): void {
        this.#close();
    }

    protected override ended(): void {
        this.#begun(this.#refused);
    }
}
