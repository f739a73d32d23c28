/**
 * The core's boundary: the only file that knows of WebAssembly's memory and of the exports over it.
 *
 * All octets cross in one buffer that the blob owns and that never moves. No call waits; a call that
 * fails returns a negative number, and the reason is then fetched. wasm/README.md has the other side.
 */
import {
    AuthenticationError, CancelledError, CertificateError, ClosedError, CounterUsedError, DeadError, FabricError, HandshakeError, HostError, ImplementationError,
    MatterError, NoResponseTimeoutError, NotStartedError, ResourceExhaustedError, SessionClosedError, SetupCodeError, StatusResponseError,
    TlvError, UnexpectedDataError, WrongPasscodeError, type SetupCodeFault,
} from "./errors.js";
import { load, loadNow, type BlobSource, type Instance } from "./load.js";
import { idOfEvent, operations, readEvent, writeConfig, writeRequest, type CoreConfig, type CoreEvent, type FreeOperation, type Operations } from "./operations.js";
import { decodeAs, field, octets, optional, struct, text, uint16, uint32, type Schema } from "./schema.js";

const bufferSize = 262_144;

/** What the core asks for or tells. An event that cannot be read concerns the operation `id`, or nobody. */
export type Output =
    | { readonly kind: "datagram"; readonly peer: number; readonly octets: Uint8Array }
    | { readonly kind: "event"; readonly event: CoreEvent }
    | { readonly kind: "unreadable"; readonly id: number | undefined; readonly error: MatterError };

/** Where the blob lies when nothing else is said: beside this file. */
export const defaultBlob: URL = new URL("./matter-session.wasm", import.meta.url);

let shared: Promise<Core> | undefined;
let running: Core | undefined;

/**
 * Starts the core that this process or page shares, or returns it. After a failure, or when the core
 * has died, the next call starts anew.
 */
export function start(source: BlobSource = defaultBlob): Promise<Core> {
    if (shared === undefined || running?.dead !== undefined) {
        running = undefined;
        const starting = Core.start(source);
        shared = starting;
        starting.then(
            core => {
                if (shared === starting) running = core;
            },
            () => {
                if (shared === starting) shared = undefined;
            },
        );
    }
    return shared;
}

/**
 * Starts the core that this process shares before it returns, unless it runs already: for programs that
 * cannot wait, such as CommonJS ones.
 */
export function startNow(octets: () => Uint8Array): void {
    if (running !== undefined && running.dead === undefined) return;
    running = Core.startNow(octets());
    shared = Promise.resolve(running);
}

/** The shared core, which must be running. */
export function core(): Core {
    if (running === undefined) throw new NotStartedError("the core is not started: call start() and await it first");
    return running;
}

/** One running blob. Its instances are independent of each other, but die together. */
export class Core {
    readonly #instance: Instance;
    readonly #address: number;
    readonly #lost = new Map<number, (error: DeadError) => void>();
    #view: Uint8Array;
    #dead: DeadError | undefined;

    /** Starts a core of one's own. */
    static async start(source: BlobSource = defaultBlob): Promise<Core> {
        return new Core(await load(source));
    }

    /** The same, before it returns. */
    static startNow(octets: Uint8Array): Core {
        return new Core(loadNow(octets));
    }

    private constructor(instance: Instance) {
        this.#instance = instance;
        const missing = exportNames.find(name => typeof instance.exports[name] !== "function");
        if (missing !== undefined) throw new ImplementationError(`the WebAssembly file has no export "${missing}": it is not of this version`);
        this.#address = instance.exports["buffer"]?.() ?? 0;
        instance.check();
        this.#view = new Uint8Array(instance.memory.buffer, this.#address, bufferSize);
    }

    /** Why this core takes no more calls, or undefined while it does. */
    get dead(): DeadError | undefined {
        return this.#dead;
    }

    /** Octets of linear memory; they only grow. */
    get memorySize(): number {
        return this.#instance.memory.buffer.byteLength;
    }

    /**
     * Opens a controller instance. lost is called once, at a later time than any call, if the core
     * dies. The core keeps lost until then: if that refers to the handle, only close() frees it.
     * A handle that is collected without having been closed is closed then, and says no goodbyes.
     */
    open(config: CoreConfig = {}, lost: (error: DeadError) => void = () => {}): CoreHandle {
        const number = this.call("open", this.put(writeConfig(config)));
        this.#lost.set(number, lost);
        const handle = new CoreHandle(this, number);
        forgotten.register(handle, { core: this, number }, handle);
        return handle;
    }

    /** What a handle leaves behind is given up. @internal */
    forget(number: number, handle: CoreHandle): void {
        forgotten.unregister(handle);
        this.#lost.delete(number);
    }

    /** Closes an instance whose handle is gone. @internal */
    abandon(number: number): void {
        this.#lost.delete(number);
        if (this.#dead !== undefined) return;
        try {
            this.call("close", number, performance.now());
            while (this.call("next", number) !== 0);
        } catch {
            // It is stale already, or the core has died of it, which the others are told.
        }
    }

    /** Runs an operation that needs no instance: setup codes, certificates for keys of the host's. */
    request<K extends FreeOperation>(operation: K, request: Operations[K][0]): Operations[K][1] {
        return this.requestOn(0, 0, operation, request);
    }

    /** @internal */
    requestOn<K extends keyof Operations>(handle: number, now: number, operation: K, request: Operations[K][0]): Operations[K][1] {
        const octets = requestOctets(operation, request);
        const size = this.put(octets);
        octets.fill(0); // may be a passcode, or what came of it
        const length = this.call("request", handle, now, size);
        const { result } = operations[operation];
        return (result === undefined ? undefined : decodeAs(result as Schema<unknown>, this.octets(length))) as Operations[K][1];
    }

    /** Copies octets into the buffer; returns their number. @internal */
    put(octets: Uint8Array): number {
        if (octets.length > bufferSize) throw new ImplementationError(`${octets.length} octets, at most ${bufferSize} cross at once`);
        this.#buffer().set(octets);
        return octets.length;
    }

    /** A copy of the first octets of the buffer: the next call overwrites them. @internal */
    octets(length: number, from = 0): Uint8Array {
        return this.#buffer().slice(from, length);
    }

    /** The buffer itself, valid until the next call. @internal */
    get buffer(): Uint8Array {
        return this.#buffer();
    }

    /** The event in the buffer, which is erased: it may be a passcode to be stretched. @internal */
    takeEvent(length: number): Output {
        const octets = this.#buffer().subarray(0, length);
        try {
            return { kind: "event", event: readEvent(octets) };
        } catch (error) {
            // One operation's misfortune must not be everybody's.
            if (!(error instanceof MatterError)) throw error;
            return { kind: "unreadable", id: idOfEvent(octets), error };
        } finally {
            octets.fill(0);
        }
    }

    /** Calls an export. A negative result becomes the error that it stands for. @internal */
    call(name: ExportName, ...args: number[]): number {
        if (this.#dead !== undefined) throw this.#dead;
        let result: number;
        try {
            const run = this.#instance.exports[name];
            if (run === undefined) throw new ImplementationError(`the WebAssembly file has no export "${name}": it is not of this version`);
            result = run(...args);
            this.#instance.check();
            // The result of deadline() is a time, -1 its "none".
            if (result >= 0 || name === "deadline") return result;
            return this.#fail();
        } catch (error) {
            // A trap (RuntimeError), a stack overflow (RangeError): the Go side has not unwound.
            if (!(error instanceof MatterError)) this.#instance.kill(error instanceof Error ? error.message : String(error));
            this.#die();
            throw this.#dead ?? error;
        }
    }

    /** Throws the error that the last call left. */
    #fail(): never {
        const length = this.#instance.exports["lastError"]?.() ?? 0;
        this.#instance.check();
        const { code, message, statusName, statusValue, report } = decodeAs(lastError, this.octets(length));
        if (code === 1) this.#instance.kill(message);
        const error = errorOf(code, message, { statusName, statusValue });
        if (report !== undefined) reports.set(error, report);
        throw error;
    }

    /** Notices death: everyone is told, from a fresh stack. */
    #die(): void {
        try {
            this.#instance.check();
        } catch (error) {
            if (this.#dead !== undefined || !(error instanceof DeadError)) return;
            this.#dead = error;
            const lost = [...this.#lost.values()];
            this.#lost.clear();
            for (const tell of lost) queueMicrotask(() => tell(error));
        }
    }

    /** Growth of the memory detaches every view. */
    #buffer(): Uint8Array {
        if (this.#view.byteLength === 0 || this.#view.buffer !== this.#instance.memory.buffer) {
            this.#view = new Uint8Array(this.#instance.memory.buffer, this.#address, bufferSize);
        }
        return this.#view;
    }
}

/** A request that cannot be written is its caller's fault, not a peer's. */
function requestOctets<K extends keyof Operations>(operation: K, request: Operations[K][0]): Uint8Array {
    try {
        return writeRequest(operation, request);
    } catch (cause) {
        if (!(cause instanceof TlvError)) throw cause;
        throw new ImplementationError(cause.message.replace(/^tlv: /, ""), { cause });
    }
}

/** A blob has 64 instances. A program that forgets to close its controllers should not run out of them. */
const forgotten = new FinalizationRegistry<{ core: Core; number: number }>(({ core, number }) => core.abandon(number));

/** One controller instance in a core. now is milliseconds of one monotonic clock, such as performance.now(). */
export class CoreHandle {
    readonly #core: Core;
    readonly #handle: number;
    #state: "open" | "closing" | "closed" = "open";

    /** @internal */
    constructor(core: Core, handle: number) {
        this.#core = core;
        this.#handle = handle;
    }

    /** Hands in a datagram. peer is the host's number for its address. */
    receive(now: number, peer: number, octets: Uint8Array): void {
        this.#check();
        // Longer than any datagram: not even worth a copy.
        if (octets.length <= bufferSize) this.#core.call("receive", this.#handle, now, peer, this.#core.put(octets));
    }

    /** Lets time pass: to be called at {@link deadline}, harmless at any other time. */
    tick(now: number): void {
        this.#check();
        this.#core.call("tick", this.#handle, now);
    }

    request<K extends keyof Operations>(now: number, operation: K, request: Operations[K][0]): Operations[K][1] {
        this.#check();
        return this.#core.requestOn(this.#handle, now, operation, request);
    }

    /** False from {@link close} on. */
    get isOpen(): boolean {
        return this.#state === "open";
    }

    /** The next output, or undefined when there is no more. To be drained after every other call, close() included. */
    next(): Output | undefined {
        if (this.#state === "closed") return undefined;
        const packed = this.#core.call("next", this.#handle);
        const kind = packed >>> 24, length = packed & 0xffffff;
        switch (kind) {
            case 0:
                if (this.#state === "closing") this.#state = "closed";
                return undefined;
            case 1: {
                const head = this.#core.octets(4);
                const peer = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
                return { kind: "datagram", peer, octets: this.#core.octets(length, 4) };
            }
            case 2:
                return this.#core.takeEvent(length);
            default:
                throw new ImplementationError(`the core gave an output of unknown kind ${kind}`);
        }
    }

    /** When the core wants {@link tick}, or undefined when it waits for nothing. */
    deadline(): number | undefined {
        this.#check();
        const at = this.#core.call("deadline", this.#handle);
        return at < 0 ? undefined : at;
    }

    /** Ends the instance: its sessions say goodbye by what {@link next} then still gives. Harmless when repeated. */
    close(now: number): void {
        if (this.#state !== "open") return;
        this.#state = "closed";
        this.#core.forget(this.#handle, this);
        if (this.#core.dead !== undefined) return;
        this.#core.call("close", this.#handle, now);
        this.#state = "closing";
    }

    #check(): void {
        if (this.#state !== "open") throw new ClosedError("this instance of the core is closed");
    }
}

type ExportName = "buffer" | "open" | "close" | "receive" | "tick" | "request" | "next" | "deadline" | "lastError" | RawExportName;
/** Sessions, handshakes and primitives without the controller. wasm/README.md. */
type RawExportName =
    | "sessionDerive" | "sessionFromKeys" | "sessionSeal" | "sessionOpen" | "sessionCheck" | "sessionNext" | "sessionSetCounter"
    | "sessionSetLocalNode" | "sessionChallenge" | "sessionClose" | "sessionCount" | "reception"
    | "paseVerifier" | "paseInitiator" | "paseResponder" | "caseInitiator" | "caseResponder" | "sigma1"
    | "handshakeStart" | "handshakeReceive" | "handshakeAnswer" | "handshakeClose"
    | "cryptoSeal" | "cryptoOpen" | "cryptoForget" | "cryptoSHA256" | "cryptoHMAC" | "cryptoHKDF" | "cryptoPBKDF2" | "cryptoKeyPair"
    | "cryptoPublicKey" | "cryptoECDH" | "cryptoSign" | "cryptoVerify" | "cryptoMultiply" | "cryptoAdd" | "cryptoNegate";
/** What every blob must have to be started. */
const exportNames: readonly ExportName[] = ["buffer", "open", "close", "receive", "tick", "request", "next", "deadline", "lastError"];

const lastError: Schema<{ code: number; message: string } & ErrorDetail> = struct({
    code: field(0, uint16), message: field(1, text()), statusName: optional(2, text()), statusValue: optional(3, uint32),
    report: optional(4, octets()),
});

/** What may come with an error code: name and value of the peer's status, or of the fault of a setup code. */
export interface ErrorDetail {
    statusName?: string | undefined;
    statusValue?: number | undefined;
    /** The StatusReport that the peer must be sent, when a handshake failed and it is not to be silent. */
    report?: Uint8Array | undefined;
}

const reports = new WeakMap<object, Uint8Array>();

/** The StatusReport that the peer must be sent because of an error of a handshake, if any. @internal */
export function reportOf(error: unknown): Uint8Array | undefined {
    return typeof error === "object" && error !== null ? reports.get(error) : undefined;
}

/** The codes by which the core names errors. wasm/README.md. */
export type ErrorCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 20;

/** The error of a code. */
export function errorOf(code: number, message: string, detail: ErrorDetail = {}): MatterError {
    const known = code as ErrorCode;
    switch (known) {
        case 1:
            return new DeadError(message);
        case 2: // a handle that is not open
        case 5: // closed
        case 9: // counter exhausted
            return known === 2 ? new ClosedError(message) : new SessionClosedError(message);
        case 3: // malformed request
        case 4: // no such session, exchange, commissioning
        case 8: // too large for a message
            return new ImplementationError(message);
        case 6:
            return new NoResponseTimeoutError(message);
        case 7:
            return new ResourceExhaustedError(message);
        case 10:
            return new WrongPasscodeError(message);
        case 11:
            return new HandshakeError(message);
        case 12:
            return new StatusResponseError(message, detail.statusValue ?? 0x01);
        case 13:
            return new SetupCodeError(faultOf(detail.statusName), message);
        case 14:
            return new CertificateError(message);
        case 15:
            return new CancelledError(message);
        case 16:
            return new UnexpectedDataError(message);
        case 17:
            return new AuthenticationError(message);
        case 18:
            return new FabricError(message);
        case 19:
            return new HostError(message);
        case 20:
            return new CounterUsedError(message);
        default:
            known satisfies never;
            return new MatterError(`${message} (error ${code} of the core, unknown to this version)`);
    }
}

/** `CheckDigit` of the core is `check-digit` here. A passcode refused outside a code comes without a name. */
function faultOf(name: string | undefined): SetupCodeFault {
    return name === undefined ? "passcode" : (name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase() as SetupCodeFault);
}
