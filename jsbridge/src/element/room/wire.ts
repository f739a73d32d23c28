/** Calls and news between the window and the Worker, both ways, over anything that carries structured clones in order. */
import { ClosedError, MatterError } from "../../errors.js";

/** What a Worker, a MessagePort and a Worker's own scope have in common. */
export interface Port {
    postMessage(message: unknown): void;
    addEventListener(type: "message" | "messageerror", listener: (event: Event) => void): void;
    removeEventListener(type: "message" | "messageerror", listener: (event: Event) => void): void;
}

/** Answers a call; what it throws is told to the caller. */
export type Handler = (...args: never[]) => unknown;

interface Failure {
    name: string;
    message: string;
    /** Of a MatterCommissionError and the like: what a caller tells errors apart by. */
    code?: string;
}

type Message =
    | { readonly type: "call"; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
    | { readonly type: "news"; readonly name: string; readonly args: readonly unknown[] }
    | { readonly type: "value"; readonly id: number; readonly value: unknown }
    | { readonly type: "error"; readonly id: number; readonly error: Failure };

/** An error of the other side. */
export class RemoteError extends MatterError {
    /** Its class there. */
    readonly remoteName: string;
    readonly code: string | undefined;
    constructor({ name, message, code }: Failure) {
        super(message);
        this.remoteName = name;
        this.code = code;
    }
}

export class Wire {
    readonly #port: Port;
    readonly #handlers: Readonly<Record<string, Handler>>;
    readonly #failed: (error: unknown) => void;
    readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
    readonly #listener = (event: Event): void => this.#receive((event as MessageEvent<Message>).data);
    #lastId = 0;
    #ended: Error | undefined;

    /** failed is told what a handler of news throws: nobody waits for those. */
    constructor(port: Port, handlers: Readonly<Record<string, Handler>>, failed: (error: unknown) => void) {
        this.#port = port;
        this.#handlers = handlers;
        this.#failed = failed;
        port.addEventListener("message", this.#listener);
    }

    /** Asks the other side. */
    call<T>(name: string, ...args: unknown[]): Promise<T> {
        return new Promise<T>((resolve, reject) => {
            if (this.#ended !== undefined) return reject(this.#ended);
            const id = ++this.#lastId;
            this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
            try {
                this.#port.postMessage({ type: "call", id, name, args } satisfies Message);
            } catch (error) {
                this.#pending.delete(id);
                reject(error);
            }
        });
    }

    /** Tells the other side. After the end: nothing. */
    tell(name: string, ...args: unknown[]): void {
        if (this.#ended === undefined) this.#port.postMessage({ type: "news", name, args } satisfies Message);
    }

    /** Nothing is heard or sent any more; what is pending fails. */
    end(reason: Error = new ClosedError("the other side is gone")): void {
        if (this.#ended !== undefined) return;
        this.#ended = reason;
        this.#port.removeEventListener("message", this.#listener);
        for (const { reject } of this.#pending.values()) reject(reason);
        this.#pending.clear();
    }

    #receive(message: Message): void {
        switch (message.type) {
            case "call":
                void this.#answer(message.id, message.name, message.args);
                break;
            case "news":
                try {
                    this.#handler(message.name)(...(message.args as never[]));
                } catch (error) {
                    this.#failed(error);
                }
                break;
            case "value":
                this.#pending.get(message.id)?.resolve(message.value);
                this.#pending.delete(message.id);
                break;
            case "error":
                this.#pending.get(message.id)?.reject(new RemoteError(message.error));
                this.#pending.delete(message.id);
                break;
            default:
                message satisfies never;
        }
    }

    async #answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
        let answer: Message;
        try {
            answer = { type: "value", id, value: await this.#handler(name)(...(args as never[])) };
        } catch (error) {
            answer = { type: "error", id, error: failureOf(error) };
        }
        if (this.#ended !== undefined) return;
        try {
            this.#port.postMessage(answer);
        } catch (error) {
            // A host's answer that cannot be cloned.
            this.#port.postMessage({ type: "error", id, error: failureOf(error) } satisfies Message);
        }
    }

    #handler(name: string): Handler {
        const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
        if (handler === undefined) throw new MatterError(`"${name}" is unknown on this side: the Worker and the page are of different versions`);
        return handler;
    }
}

function failureOf(error: unknown): Failure {
    if (!(error instanceof Error)) return { name: "Error", message: String(error) };
    const { code } = error as { code?: unknown };
    return { name: error.name, message: error.message, ...(typeof code === "string" ? { code } : {}) };
}
