/** The Worker's side of what a host page brings: objects whose work is done in the window. */
import { BaseChannel } from "../../commission/base-channel.js";
import type {
    Channel, CredentialStore, Discovered, DiscoverQuery, FabricAuthority, HostTransport, NetworkCredentials, PeerAddress, ThreadDataset, WifiCredentials,
} from "../../commission/types.js";
import { TransportError } from "../../errors.js";
import type { WireSettings } from "./types.js";
import type { Handler, Wire } from "./wire.js";

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
export class ProxyChannel extends BaseChannel {
    kind: Channel["kind"] = "datagram";
    maxMessage = 0;
    readonly #send: (message: Uint8Array) => void;
    readonly #close: () => void;

    constructor(send: (message: Uint8Array) => void, close: () => void) {
        super();
        this.#send = send;
        this.#close = close;
    }

    opened(kind: Channel["kind"], maxMessage: number): void {
        this.kind = kind;
        this.maxMessage = maxMessage;
    }

    protected override transmit(message: Uint8Array): void {
        this.#send(message);
    }

    protected override leave(): void {
        this.#close();
    }
}
