/** A second instance of the core as the peer of a controller, without a network. For any host: pages run it too. */
import { Core, type Channel, type CoreHandle, type CoreEvent, type CredentialStore, type HostTransport, type PeerAddress } from "matter-session";

export class MemoryStore implements CredentialStore {
    readonly values = new Map<string, Uint8Array>();

    async load(key: string): Promise<Uint8Array | undefined> {
        return this.values.get(key)?.slice();
    }

    async save(key: string, value: Uint8Array): Promise<void> {
        this.values.set(key, value.slice());
    }

    async remove(key: string): Promise<void> {
        this.values.delete(key);
    }

    exclusive<T>(_name: string, fn: () => Promise<T>): Promise<T> {
        return fn();
    }
}

/** Of 20202021, published by another implementation with 1,000 rounds of PBKDF2. */
export interface Verifier {
    iterations: number;
    salt: Uint8Array;
    verifier: Uint8Array;
}

/** A node that speaks PASE and CASE and never answers a read. */
export class LoopPeer implements HostTransport {
    readonly handle: CoreHandle;
    readonly events: CoreEvent[] = [];
    /** How many of its datagrams still get through. */
    allowed: number;
    /** Resolves when the first one did not. */
    readonly silent: Promise<void>;
    readonly channels = new Set<LoopChannel>();
    /** How datagrams travel: in a later turn, at any rate. */
    later: (deliver: () => void) => void = deliver => queueMicrotask(deliver);
    #fallSilent: () => void = () => {};

    constructor(core: Core, allowed = Infinity) {
        this.handle = core.open();
        this.allowed = allowed;
        this.silent = new Promise(resolve => (this.#fallSilent = resolve));
    }

    async open(_peer: PeerAddress, _signal: AbortSignal): Promise<Channel> {
        const channel = new LoopChannel(this);
        this.channels.add(channel);
        return channel;
    }

    /** @internal */
    receive(from: LoopChannel, octets: Uint8Array): void {
        this.handle.receive(performance.now(), 1, octets);
        for (let output = this.handle.next(); output !== undefined; output = this.handle.next()) {
            if (output.kind === "event") this.events.push(output.event);
            else if (output.kind === "datagram" && this.allowed-- > 0) from.deliver(output.octets);
            else this.#fallSilent();
        }
    }
}

export class LoopChannel implements Channel {
    readonly kind = "datagram";
    readonly maxMessage = 1280;
    readonly closed: Promise<{ reason: string }>;
    isOpen = true;
    #resolve: (value: { reason: string }) => void = () => {};
    readonly #peer: LoopPeer;
    #handler: (message: Uint8Array) => void = () => {};

    constructor(peer: LoopPeer) {
        this.#peer = peer;
        this.closed = new Promise(resolve => (this.#resolve = resolve));
    }

    send(message: Uint8Array): void {
        if (!this.isOpen) throw new Error("closed");
        const copy = message.slice();
        this.#peer.later(() => {
            if (this.#peer.handle.isOpen) this.#peer.receive(this, copy);
        });
    }

    receive(handler: (message: Uint8Array) => void): void {
        this.#handler = handler;
    }

    /** Hands a datagram to the controller, also when the channel is closed: it may be under way. */
    deliver(octets: Uint8Array): void {
        this.#peer.later(() => this.#handler(octets));
    }

    close(): void {
        if (!this.isOpen) return;
        this.isOpen = false;
        this.#peer.channels.delete(this);
        this.#resolve({ reason: "closed" });
    }
}

/** Another process's reading of setTimeout: what was set is also run when it was cleared, late, on demand. */
export class LateTimers {
    readonly #original = globalThis.setTimeout;
    readonly #real = globalThis.setTimeout.bind(globalThis); // a browser's wants its window as this
    readonly #set = new Set<() => void>();

    constructor() {
        const fake = (fn: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
            const run = (): void => {
                if (this.#set.delete(run)) fn(...args);
            };
            this.#set.add(run);
            return this.#real(run, ms);
        };
        globalThis.setTimeout = fake as typeof setTimeout;
    }

    /** Runs every timer that has not run, and those that they set. */
    fire(): number {
        let count = 0;
        for (const run of this.#set) {
            run();
            if (++count > 1000) throw new Error("timers that set timers, without end");
        }
        return count;
    }

    wait(ms: number): Promise<void> {
        return new Promise(resolve => void this.#real(resolve, ms));
    }

    restore(): void {
        globalThis.setTimeout = this.#original;
    }
}
