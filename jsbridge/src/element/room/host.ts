/** The window's side of what a host page brings: its objects, called by name from the Worker. */
import type { Channel, DiscoverQuery, PeerAddress } from "../../commission/types.js";
import { ClosedError, ImplementationError } from "../../errors.js";
import type { HostParts } from "./types.js";
import type { Handler, Wire } from "./wire.js";

type Issue = { csr: Uint8Array; nodeId: bigint };

export class HostServer {
    /** Set right after construction: the wire needs the handlers first. */
    wire: Wire | undefined;
    readonly handlers: Readonly<Record<string, Handler>>;
    readonly #parts: () => HostParts;
    readonly #locks = new Map<number, () => void>();
    readonly #searches = new Map<number, AbortController>();
    readonly #channels = new Map<number, Channel>();
    /** Ends what is still opening. */
    readonly #over = new AbortController();
    #identity: { sign(data: Uint8Array): Promise<Uint8Array> } | undefined;
    #ended = false;

    constructor(parts: () => HostParts) {
        this.#parts = parts;
        this.handlers = {
            "storage.load": (key: string) => this.#part("storage").load(key),
            "storage.save": (key: string, value: Uint8Array) => this.#part("storage").save(key, value),
            "storage.remove": (key: string) => this.#part("storage").remove(key),
            "storage.lock": (id: number, name: string) => this.#lock(id, name),
            "storage.unlock": (id: number) => this.#unlock(id),
            "authority.ipk": () => this.#part("authority").ipk(),
            "authority.allocateNodeId": () => this.#part("authority").allocateNodeId(),
            "authority.issue": (request: Issue) => this.#part("authority").issue(request),
            "authority.identity": async () => {
                const identity = await this.#part("authority").operationalIdentity();
                this.#identity = identity;
                return { noc: identity.noc, icac: identity.icac };
            },
            "authority.sign": (data: Uint8Array) => {
                if (this.#identity === undefined) throw new ImplementationError("the authority's identity was not asked for");
                return this.#identity.sign(data);
            },
            "networks.list": (kind: "wifi" | "thread") => this.#part("networks").list(kind),
            "networks.get": (id: string) => this.#part("networks").get(id),
            "transport.search": (id: number, query: DiscoverQuery) => void this.#search(id, query),
            "transport.stop": (id: number) => this.#searches.get(id)?.abort(),
            "transport.open": (id: number, peer: PeerAddress) => this.#open(id, peer),
            "transport.send": (id: number, message: Uint8Array) => this.#send(id, message),
            "transport.close": (id: number) => this.#channels.get(id)?.close(),
        };
    }

    /** Gives up all that the Worker held. */
    end(): void {
        this.#ended = true;
        this.#over.abort();
        for (const unlock of this.#locks.values()) unlock();
        for (const search of this.#searches.values()) search.abort();
        for (const channel of this.#channels.values()) shut(channel);
        this.#locks.clear();
        this.#searches.clear();
        this.#channels.clear();
        this.#identity = undefined;
    }

    #part<K extends keyof HostParts>(name: K): NonNullable<HostParts[K]> {
        const part = this.#parts()[name];
        if (part === undefined || part === null) throw new ImplementationError(`the page gave no ${name}`);
        return part as NonNullable<HostParts[K]>;
    }

    /** Answers when the lock is held; it is, until unlock. */
    #lock(id: number, name: string): Promise<void> {
        const storage = this.#part("storage");
        return new Promise<void>((resolve, reject) => {
            const held = (): Promise<void> =>
                new Promise<void>(release => {
                    if (this.#ended) return release();
                    this.#locks.set(id, release);
                    resolve();
                });
            storage.exclusive(name, held).catch(reject);
        });
    }

    #unlock(id: number): void {
        this.#locks.get(id)?.();
        this.#locks.delete(id);
    }

    /** Never throws: how it ends is told. */
    async #search(id: number, query: DiscoverQuery): Promise<void> {
        const abort = new AbortController();
        this.#searches.set(id, abort);
        let problem: string | undefined;
        try {
            const found = this.#part("transport").discover?.(query, abort.signal);
            if (found === undefined) throw new ImplementationError("the page's transport cannot search");
            for await (const device of found) {
                if (abort.signal.aborted) return;
                this.wire?.tell("transport.found", id, device);
            }
        } catch (error) {
            problem = error instanceof Error ? error.message : String(error);
        } finally {
            this.#searches.delete(id);
            this.wire?.tell("transport.ended", id, problem);
        }
    }

    async #open(id: number, peer: PeerAddress): Promise<{ kind: "datagram" | "btp"; maxMessage: number }> {
        // Of its own: the page's listeners go with it.
        const abort = new AbortController();
        const over = (): void => abort.abort(new ClosedError("the room was closed"));
        this.#over.signal.addEventListener("abort", over);
        let channel: Channel;
        try {
            channel = await this.#part("transport").open(peer, abort.signal);
        } finally {
            this.#over.signal.removeEventListener("abort", over);
        }
        if (this.#ended) {
            shut(channel);
            throw new ImplementationError("the room was closed");
        }
        this.#channels.set(id, channel);
        const closed = (reason: string): void => {
            this.#channels.delete(id);
            this.wire?.tell("transport.closed", id, reason);
        };
        channel.closed.then(({ reason }) => closed(reason), error => closed(String(error)));
        channel.receive(message => this.wire?.tell("transport.message", id, message));
        return { kind: channel.kind, maxMessage: channel.maxMessage };
    }

    #send(id: number, message: Uint8Array): void {
        try {
            this.#channels.get(id)?.send(message);
        } catch {
            // A lost datagram, as the core expects them.
        }
    }
}

/** Closes a host's channel, whose exception is nobody's. */
function shut(channel: Channel): void {
    try {
        channel.close();
    } catch {
        // It is as closed as it gets.
    }
}
