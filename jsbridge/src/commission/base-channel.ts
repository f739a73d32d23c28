import { ClosedError, TransportError } from "../errors.js";
import type { Channel } from "./types.js";

/** Messages that are kept until somebody listens. More are lost, as in any network. */
const maxEarly = 16;

/** What all channels do alike: their end comes once, what comes early is kept in order, and nothing comes after the end. */
export abstract class BaseChannel implements Channel {
    abstract readonly kind: Channel["kind"];
    abstract readonly maxMessage: number;
    readonly closed: Promise<{ reason: string }>;
    #resolveClosed: (value: { reason: string }) => void = () => {};
    #handler: ((message: Uint8Array) => void) | undefined;
    #early: Uint8Array[] = [];
    #open = true;

    constructor() {
        this.closed = new Promise(resolve => (this.#resolveClosed = resolve));
    }

    get isOpen(): boolean {
        return this.#open;
    }

    send(message: Uint8Array): void {
        if (!this.#open) throw new ClosedError("the channel is closed");
        if (message.length > this.maxMessage) throw new TransportError(`a message of ${message.length} octets, at most ${this.maxMessage} fit this channel`);
        this.transmit(message);
    }

    receive(handler: (message: Uint8Array) => void): void {
        this.#handler = handler;
        const early = this.#early;
        this.#early = [];
        for (const message of early) this.deliver(message);
    }

    /** A message has come. */
    deliver(message: Uint8Array): void {
        if (!this.#open) return;
        if (this.#handler !== undefined) this.#handler(message);
        else if (this.#early.length < maxEarly) this.#early.push(message);
    }

    close(): void {
        if (!this.#open) return;
        this.leave();
        this.end("closed by this side");
    }

    /** It is over, whoever ended it. Harmless when repeated. */
    end(reason: string): void {
        if (!this.#open) return;
        this.#open = false;
        this.#early = [];
        this.#handler = undefined;
        this.ended();
        this.#resolveClosed({ reason });
    }

    /** Sends on an open channel what fits. */
    protected abstract transmit(message: Uint8Array): void;

    /** Tells the other end that this one closes. */
    protected leave(): void {}

    /** Lets go of what belongs to the channel. */
    protected ended(): void {}
}
