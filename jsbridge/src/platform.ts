/**
 * What the mirrored classes (session, codec, protocol, common, datatype, util) take from where they run.
 *
 * Standing alone, that is this package's own errors, Web Crypto's randomness, the machine's clock and no
 * log. Under matter.js it is matter.js: its errors must be the base classes of ours, or its `instanceof`
 * would not know them; its Crypto, Time and Logger are what its tests and its users configure.
 *
 * The one rule: {@link setPlatform} comes before the first import of a module that reads it, since
 * `class A extends platform.errors.B` is settled while that module is evaluated. setPlatform throws when
 * it comes too late. An adapter therefore does, in this order:
 *
 * ```ts
 * const { setPlatform } = await import("./platform.js");
 * setPlatform({ errors: { MatterError, … }, observable: () => Observable(), … });
 * const { SecureSession } = await import("./session/SecureSession.js");
 * ```
 *
 * What an adapter leaves out stays as it is standing alone, except the error classes: all or none.
 * This module imports nothing that needs the core to be started.
 */
import * as own from "./errors.js";
import type { HandshakePlatform, HandshakeTimer } from "./session/handshake-types.js";
import { BasicObservable, type Observable } from "./util/Observable.js";

/** A constructor of errors with a message. */
export interface ErrorClass {
    new (message: string, options?: ErrorOptions): Error;
}

/** A constructor of errors with an Interaction Model status; the message that results is `(126) text`. */
export interface StatusErrorClass {
    new (message: string, code: number, clusterCode?: number): Error & { readonly code: number; readonly clusterCode?: number | undefined };
}

/** matter.js's error classes, by its names and in its hierarchy: all extend MatterError, NotImplementedError extends InternalError. */
export interface PlatformErrors {
    MatterError: ErrorClass;
    InternalError: ErrorClass;
    NotImplementedError: ErrorClass;
    MatterFlowError: ErrorClass;
    UnexpectedDataError: ErrorClass;
    ImplementationError: ErrorClass;
    /** Thrown too when the core is not started. */
    NoProviderError: ErrorClass;
    StatusResponseError: StatusErrorClass;
    /** Its constructor takes what could not be made, and why. */
    CrashedDependencyError: new (what: string, why: string) => Error;
}

/** As much of a logger as is used. */
export interface Logger {
    debug(...values: unknown[]): void;
    info(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
}

/** What an object that is made in the background offers as its `construction`. */
export type Construction<T> = PromiseLike<T> & { readonly ready: boolean; readonly error?: Error };

export interface Platform extends HandshakePlatform {
    readonly errors: PlatformErrors;
    /** An Observable; its emit returns what its first observer with an answer says. */
    observable<T extends unknown[], R = void>(): Observable<T, R>;
    /** The same, but emit awaits its observers, one after the other, if they return promises. */
    asyncObservable<T extends unknown[], R = void>(): Observable<T, R | PromiseLike<R>>;
    /** Fresh random octets. */
    randomBytes(length: number): Uint8Array;
    /** Milliseconds since 1970. */
    nowMs(): number;
    logger(name: string): Logger;
    /** A value that a logger prints as `name: value` pairs. */
    dict(entries: object): Record<string, unknown>;
    /** Runs work for subject and tells of its end by what it returns, which resolves to subject. */
    construction<T extends object>(subject: T, work: () => Promise<void>): Construction<T>;
}

class InternalError extends own.MatterError {}
class NotImplementedError extends InternalError {}
class MatterFlowError extends own.MatterError {}

/** matter.js writes the status in decimal. */
class StatusResponseError extends own.StatusResponseError {
    constructor(message: string, code: number, clusterCode?: number) {
        super(message, code, clusterCode);
        this.message = `(${code}) ${message}`;
    }
}

class DependencyLifecycleError extends own.ImplementationError {}

class CrashedDependencyError extends DependencyLifecycleError {
    constructor(what: string, why: string) {
        super(`${what} ${why}`);
    }
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const alone: Platform = {
    errors: {
        MatterError: own.MatterError,
        InternalError,
        NotImplementedError,
        MatterFlowError,
        UnexpectedDataError: own.UnexpectedDataError,
        ImplementationError: own.ImplementationError,
        NoProviderError: own.NotStartedError,
        StatusResponseError,
        CrashedDependencyError,
    },
    observable: () => new BasicObservable(),
    asyncObservable: () => new BasicObservable(true),
    randomBytes: length => crypto.getRandomValues(new Uint8Array(length)),
    nowMs: () => Date.now(),
    timer: (_name, durationMs, callback) => timeout(durationMs, callback),
    logger: () => silent,
    dict: entries => ({ ...entries }),
    construction(subject, work) {
        const state: { ready: boolean; error?: Error } = { ready: false };
        const done = work().then(
            () => {
                state.ready = true;
                return subject;
            },
            (cause: unknown) => {
                state.ready = true;
                state.error = cause instanceof Error ? cause : new Error(String(cause));
                throw new CrashedDependencyError(subject.constructor.name, "unavailable due to initialization error");
            },
        );
        done.catch(() => {}); // whoever waits is told; nobody has to wait
        return {
            get ready() {
                return state.ready;
            },
            get error() {
                return state.error as Error;
            },
            then: (fulfilled, rejected) => done.then(fulfilled, rejected),
        };
    },
};

/** Runs on setTimeout; callback is called in the timer's turn. */
function timeout(durationMs: number, callback: () => void): HandshakeTimer {
    let running: ReturnType<typeof setTimeout> | undefined;
    const timer: HandshakeTimer = {
        get isRunning() {
            return running !== undefined;
        },
        start() {
            clearTimeout(running);
            running = setTimeout(() => {
                running = undefined;
                callback();
            }, durationMs);
            return timer;
        },
        stop() {
            clearTimeout(running);
            running = undefined;
        },
    };
    return timer;
}

let current: Platform = alone;
let read = false;

/** The platform. From the first call on it is settled. */
export function platform(): Platform {
    read = true;
    return current;
}

/** Whether the classes run by themselves, without another library's errors. */
export function standsAlone(): boolean {
    return platform().errors === alone.errors;
}

/** Replaces the platform, or parts of it, before anything was made of it. */
export function setPlatform(parts: Partial<Platform>): void {
    if (read) throw new own.ImplementationError("setPlatform() comes too late: the session classes are already made");
    current = { ...alone, ...parts };
}
