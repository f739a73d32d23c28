/**
 * Runs one instance of the core for a host: carries its datagrams, keeps its timer, hands its events
 * to whoever asked. Knows nothing of commissioning.
 */
import type { Core, CoreHandle, Output } from "../core.js";
import { ClosedError, ImplementationError, MatterError } from "../errors.js";
import type { CoreConfig, CoreEvent, Operations } from "../operations.js";
import { showAddress } from "./address.js";
import type { Channel, HostTransport, PeerAddress } from "./types.js";

/** Events of one operation go to one of these, until {@link Driver.forget}. */
export interface Listener {
    event(event: CoreEvent): void;
    /** The core is gone, the driver closed, or an event of this operation could not be read. */
    fail(error: Error): void;
}

interface Peer {
    readonly number: number;
    readonly address: PeerAddress;
    readonly channel: Channel;
    usedAt: number;
}

/** Channels that nothing has used lately are closed beyond this many. */
const maxPeers = 64;
/** A browser's setTimeout takes at most 2^31 - 1 ms; an early tick is harmless. */
const maxTimerMs = 3_600_000;

export class Driver {
    /** Shared with others, maybe. */
    readonly core: Core;
    readonly #transport: HostTransport;
    readonly #handle: CoreHandle;
    readonly #peers = new Map<number, Peer>();
    readonly #opening = new Map<string, Promise<number>>();
    readonly #listeners = new Map<number, Listener>();
    readonly #abort = new AbortController();
    /** Events that belong to no operation. */
    readonly #unclaimed: (event: CoreEvent) => void;
    /** Peers that sessions need: never closed by themselves. */
    readonly #needed: () => ReadonlySet<number>;
    #lastPeer = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #draining = false;
    #ended: Error | undefined;

    constructor(core: Core, transport: HostTransport, config: CoreConfig, unclaimed: (event: CoreEvent) => void, needed: () => ReadonlySet<number>) {
        this.core = core;
        this.#transport = transport;
        this.#unclaimed = unclaimed;
        this.#needed = needed;
        this.#handle = core.open(config, whenLost(new WeakRef(this)));
    }

    get transport(): HostTransport {
        return this.#transport;
    }

    /** Aborts when the driver ends. */
    get signal(): AbortSignal {
        return this.#abort.signal;
    }

    /** Why nothing works any more, or undefined while it does. */
    get ended(): Error | undefined {
        return this.#ended;
    }

    /** Asks the core for something that is done at once. */
    request<K extends keyof Operations>(operation: K, request: Operations[K][0]): Operations[K][1] {
        this.#check();
        return this.#run(() => this.#handle.request(performance.now(), operation, request));
    }

    /** Starts an operation that lasts: its events go to listener until {@link forget}. */
    begin<K extends keyof Operations>(operation: K, request: Operations[K][0], listener: Listener, started: (id: number) => void): void {
        this.#check();
        // Registered before anything is drained: the first events may be there already.
        this.#run(() => {
            const { id } = this.#handle.request(performance.now(), operation, request) as { id: number };
            this.#listeners.set(id, listener);
            started(id);
        });
    }

    /** Like {@link request}, for an answer that may come too late to matter. */
    answer<K extends keyof Operations>(operation: K, request: Operations[K][0]): void {
        try {
            if (this.#ended === undefined) this.request(operation, request);
        } catch (error) {
            if (!(error instanceof MatterError)) throw error;
        }
    }

    /** No more events of this operation are wanted. */
    forget(id: number): void {
        this.#listeners.delete(id);
    }

    /** The core's number for an address; opens a channel to it if there is none. */
    async peer(address: PeerAddress, signal: AbortSignal = this.#abort.signal): Promise<number> {
        this.#check();
        const key = showAddress(address).toLowerCase();
        const known = [...this.#peers.values()].find(peer => showAddress(peer.address).toLowerCase() === key);
        if (known !== undefined) {
            known.usedAt = performance.now();
            return known.number;
        }
        let opening = this.#opening.get(key);
        if (opening === undefined) {
            opening = this.#open(address).finally(() => this.#opening.delete(key));
            this.#opening.set(key, opening);
        }
        // A transport that hangs must not keep its caller beyond the end.
        return settledBefore(opening, [signal, this.#abort.signal]);
    }

    /** The address behind a number of {@link peer}. */
    address(number: number): PeerAddress | undefined {
        return this.#peers.get(number)?.address;
    }

    /** How the core calls the way to a peer: 0 an IP network, 1 Bluetooth. */
    link(number: number): number {
        return this.#peers.get(number)?.channel.kind === "btp" ? 1 : 0;
    }

    /** Ends everything: what is pending fails, the core says goodbye, channels close. Harmless when repeated. */
    close(reason: Error = new ClosedError("the controller was closed")): void {
        if (this.#ended !== undefined) return;
        try {
            this.#handle.close(performance.now());
            // Here and not by #drain(): this may be called from an event, within it.
            for (let output = this.#handle.next(); output !== undefined; output = this.#handle.next()) {
                if (output.kind === "datagram") this.#send(output.peer, output.octets);
            }
        } catch {
            // A core that died is closed enough.
        }
        this.#end(reason);
    }

    /** The core has died. @internal */
    lost(error: Error): void {
        this.#end(error);
    }

    async #open(address: PeerAddress): Promise<number> {
        const channel = await this.#transport.open(address, this.#abort.signal);
        if (this.#ended !== undefined) {
            shut(channel);
            throw this.#ended;
        }
        this.#evict();
        const peer: Peer = { number: ++this.#lastPeer, address, channel, usedAt: performance.now() };
        this.#peers.set(peer.number, peer);
        // It is not to reject; a host's that does has ended all the same.
        channel.closed.then(() => this.#lost(peer), () => this.#lost(peer));
        try {
            if (channel.kind === "btp") this.request("setStream", { peer: peer.number, stream: true });
            channel.receive(message => this.#receive(peer, message));
        } catch (error) {
            this.#peers.delete(peer.number);
            shut(channel);
            throw error;
        }
        return peer.number;
    }

    #receive(peer: Peer, message: Uint8Array): void {
        if (this.#ended !== undefined || !this.#peers.has(peer.number)) return;
        peer.usedAt = performance.now();
        this.#guarded(() => this.#handle.receive(performance.now(), peer.number, message));
    }

    #lost(peer: Peer): void {
        if (!this.#peers.delete(peer.number) || this.#ended !== undefined) return;
        this.#guarded(() => this.#handle.request(performance.now(), "channelLost", { peer: peer.number }));
    }

    #evict(): void {
        if (this.#peers.size < maxPeers) return;
        const needed = this.#needed();
        const [oldest] = [...this.#peers.values()].filter(peer => !needed.has(peer.number)).sort((a, b) => a.usedAt - b.usedAt);
        if (oldest !== undefined) shut(oldest.channel);
    }

    /** A call from a timer or a socket: nobody is there to catch. */
    #guarded(call: () => void): void {
        try {
            this.#run(call);
        } catch (error) {
            this.#end(error instanceof Error ? error : new ImplementationError(String(error)));
        }
    }

    /** Calls the core, then does all that it wants done. */
    #run<T>(call: () => T): T {
        const result = call();
        this.#drain();
        return result;
    }

    #drain(): void {
        // An event's listener may call the core: the loop that is running takes what comes of it.
        if (this.#draining) return;
        this.#draining = true;
        try {
            for (let output = this.#next(); output !== undefined; output = this.#next()) {
                if (output.kind === "datagram") this.#send(output.peer, output.octets);
                else if (output.kind === "event") this.#dispatch(output.event);
                else this.#unreadable(output.id, output.error);
            }
        } finally {
            this.#draining = false;
        }
        if (this.#ended === undefined) this.#arm();
    }

    #next(): Output | undefined {
        return this.#ended === undefined ? this.#handle.next() : undefined;
    }

    #send(number: number, octets: Uint8Array): void {
        const peer = this.#peers.get(number);
        if (peer === undefined) return;
        peer.usedAt = performance.now();
        try {
            peer.channel.send(octets);
        } catch {
            // Closed under our hands or too long for it: a lost datagram, as the core expects them.
        }
    }

    #dispatch(event: CoreEvent): void {
        const listener = "id" in event ? this.#listeners.get(event.id) : undefined;
        if (listener !== undefined) listener.event(event);
        else this.#unclaimed(event);
    }

    /** Ends the operation whose event cannot be read, on both sides; all others go on. */
    #unreadable(id: number | undefined, error: Error): void {
        const listener = id === undefined ? undefined : this.#listeners.get(id);
        if (id === undefined || listener === undefined) return;
        this.#listeners.delete(id);
        this.answer("cancel", { id });
        listener.fail(error);
    }

    #arm(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        if (!this.#handle.isOpen) return;
        const deadline = this.#handle.deadline();
        if (deadline === undefined) return;
        const wait = Math.min(maxTimerMs, Math.max(0, deadline - performance.now()));
        this.#timer = setTimeout(() => {
            // F17: a timer that fires after the end does nothing.
            if (this.#ended === undefined) this.#guarded(() => this.#handle.tick(performance.now()));
        }, Math.ceil(wait));
    }

    #check(): void {
        if (this.#ended !== undefined) throw this.#ended;
    }

    #end(reason: Error): void {
        if (this.#ended !== undefined) return;
        this.#ended = reason;
        clearTimeout(this.#timer);
        this.#abort.abort(reason);
        const listeners = [...this.#listeners.values()];
        this.#listeners.clear();
        const peers = [...this.#peers.values()];
        this.#peers.clear();
        for (const peer of peers) shut(peer.channel);
        for (const listener of listeners) listener.fail(reason);
    }
}

/** Closes a host's channel, whose exception is nobody's: the caller is about to end, or deals with another peer. */
function shut(channel: Channel): void {
    try {
        channel.close();
    } catch {
        // It is as closed as it gets.
    }
}

/** The core holds its instances' callbacks: this one must not hold the driver, or no forgotten controller would ever be collected. */
function whenLost(driver: WeakRef<Driver>): (error: Error) => void {
    return error => driver.deref()?.lost(error);
}

/** What promise comes to, or the reason of the first signal that aborts before that. promise always has a handler. */
function settledBefore<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
        const aborted = (event: Event): void => end(() => reject((event.target as AbortSignal).reason));
        const end = (settle: () => void): void => {
            for (const signal of signals) signal.removeEventListener("abort", aborted);
            settle();
        };
        for (const signal of signals) signal.addEventListener("abort", aborted);
        promise.then(value => end(() => resolve(value)), error => end(() => reject(error)));
        const gone = signals.find(signal => signal.aborted);
        if (gone !== undefined) end(() => reject(gone.reason));
    });
}
