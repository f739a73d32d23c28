/** The Worker's side of what a host page brings: objects whose work is done in the window. */
import type {
    Channel, CredentialStore, Discovered, DiscoverQuery, FabricAuthority, HostTransport, NetworkCredentials, PeerAddress, ThreadDataset, WifiCredentials,
} from "../../commission/types.js";
import { TransportError } from "../../errors.js";
import type { WireSettings } from "./types.js";
import type { Handler, Wire } from "./wire.js";

/** Datagrams that come before somebody listens. */
const maxEarly = 16;
/** Found devices that nobody has taken yet. */
const maxFound = 256;

interface Search {
    found(device: Discovered): void;
    ended(problem: string | undefined): void;
}

export class HostProxies {
    readonly storage: CredentialStore;
    readonly networks: NetworkCredentials;
    readonly handlers: Readonly<Record<string, Handler>>;
    readonly #wire: () => Wire;
    readonly #searches = new Map<number, Search>();
    readonly #channels = new Map<number, ProxyChannel>();
    #lastId = 0;

    constructor(wire: () => Wire) {
        this.#wire = wire;
        this.storage = {
            load: key => wire().call<Uint8Array | undefined>("storage.load", key),
            save: (key, value) => wire().call<void>("storage.save", key, value),
            remove: key => wire().call<void>("storage.remove", key),
            exclusive: (name, fn) => this.#exclusive(name, fn),
        };
        this.networks = {
            list: kind => wire().call<readonly { id: string; label: string }[]>("networks.list", kind),
            get: id => wire().call<WifiCredentials | ThreadDataset>("networks.get", id),
        };
        this.handlers = {
            "transport.found": (id: number, device: Discovered) => this.#searches.get(id)?.found(device),
            "transport.ended": (id: number, problem: string | undefined) => this.#searches.get(id)?.ended(problem),
            "transport.message": (id: number, message: Uint8Array) => this.#channels.get(id)?.deliver(message),
            "transport.closed": (id: number, reason: string) => {
                this.#channels.get(id)?.end(reason);
                this.#channels.delete(id);
            },
        };
    }

    authority(about: NonNullable<WireSettings["authority"]>): FabricAuthority {
        const wire = this.#wire;
        return {
            ...about,
            ipk: () => wire().call<Uint8Array>("authority.ipk"),
            allocateNodeId: () => wire().call<bigint>("authority.allocateNodeId"),
            issue: request => wire().call<{ noc: Uint8Array; icac?: Uint8Array }>("authority.issue", request),
            operationalIdentity: async () => {
                const identity = await wire().call<{ noc: Uint8Array; icac?: Uint8Array }>("authority.identity");
                return { ...identity, sign: (data: Uint8Array) => wire().call<Uint8Array>("authority.sign", data) };
            },
        };
    }

    transport(discover: boolean): HostTransport {
        const open = (peer: PeerAddress, signal: AbortSignal): Promise<Channel> => this.#open(peer, signal);
        return discover ? { open, discover: (query, signal) => this.#discover(query, signal) } : { open };
    }

    async #exclusive<T>(name: string, fn: () => Promise<T>): Promise<T> {
        const id = ++this.#lastId;
        await this.#wire().call<void>("storage.lock", id, name);
        try {
            return await fn();
        } finally {
            this.#wire().tell("storage.unlock", id);
        }
    }

    async *#discover(query: DiscoverQuery, signal: AbortSignal): AsyncGenerator<Discovered, void, undefined> {
        const id = ++this.#lastId;
        const found: Discovered[] = [];
        let wake = (): void => {};
        let over = false;
        let problem: string | undefined;
        this.#searches.set(id, {
            found: device => {
                if (found.length < maxFound) found.push(device);
                wake();
            },
            ended: why => {
                over = true;
                problem = why;
                wake();
            },
        });
        const aborted = (): void => wake();
        signal.addEventListener("abort", aborted);
        this.#wire().tell("transport.search", id, query);
        try {
            while (!signal.aborted) {
                const device = found.shift();
                if (device !== undefined) yield device;
                else if (over) break;
                else await new Promise<void>(resolve => (wake = resolve));
            }
        } finally {
            signal.removeEventListener("abort", aborted);
            this.#searches.delete(id);
            if (!over) this.#wire().tell("transport.stop", id);
        }
        if (problem !== undefined && !signal.aborted) throw new TransportError(problem);
    }

    async #open(peer: PeerAddress, signal: AbortSignal): Promise<Channel> {
        signal.throwIfAborted();
        const id = ++this.#lastId;
        const channel = new ProxyChannel(
            message => this.#wire().tell("transport.send", id, message),
            () => this.#wire().tell("transport.close", id),
        );
        // Before the answer: the first message may overtake it.
        this.#channels.set(id, channel);
        try {
            const { kind, maxMessage } = await this.#wire().call<{ kind: "datagram" | "btp"; maxMessage: number }>("transport.open", id, peer);
            channel.opened(kind, maxMessage);
        } catch (error) {
            this.#channels.delete(id);
            throw error;
        }
        if (signal.aborted) {
            channel.close();
            throw signal.reason;
        }
        return channel;
    }
}

/** A channel whose socket, or radio, is on the other side. */
export class ProxyChannel implements Channel {
    kind: "datagram" | "btp" = "datagram";
    maxMessage = 0;
    readonly closed: Promise<{ reason: string }>;
    readonly #send: (message: Uint8Array) => void;
    readonly #close: () => void;
    #resolveClosed: (value: { reason: string }) => void = () => {};
    #handler: ((message: Uint8Array) => void) | undefined;
    #early: Uint8Array[] = [];
    #open = true;

    constructor(send: (message: Uint8Array) => void, close: () => void) {
        this.#send = send;
        this.#close = close;
        this.closed = new Promise(resolve => (this.#resolveClosed = resolve));
    }

    opened(kind: "datagram" | "btp", maxMessage: number): void {
        this.kind = kind;
        this.maxMessage = maxMessage;
    }

    send(message: Uint8Array): void {
        if (!this.#open) throw new TransportError("the channel is closed");
        if (message.length > this.maxMessage) throw new TransportError(`a message of ${message.length} octets, at most ${this.maxMessage} are possible`);
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
        this.end("closed by this side");
    }

    end(reason: string): void {
        if (!this.#open) return;
        this.#open = false;
        this.#early = [];
        this.#handler = undefined;
        this.#resolveClosed({ reason });
    }
}
