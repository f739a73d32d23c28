/**
 * Starts a Go blob (GOOS=js) in Node, a browser window or a worker, without Go's wasm_exec.js.
 *
 * The blob has no timers, no files and no syscall/js, so of the runtime's host interface only the
 * eight functions below are left. That interface carries no version: a test compares the list here
 * with the blob's imports and with the wasm_exec.js of the Go that built it.
 */
import { DeadError, LoadError } from "./errors.js";

/** What a blob can be started from. A string is an URL; a URL may have the scheme `file:` in Node. */
export type BlobSource = URL | string | Response | PromiseLike<Response> | ArrayBuffer | Uint8Array | WebAssembly.Module;

/** A started blob. After every call into {@link exports}, call {@link check}. */
export interface Instance {
    readonly exports: Readonly<Record<string, (...args: number[]) => number>>;
    readonly memory: WebAssembly.Memory;
    /**
     * Throws {@link DeadError} once the Go program has ended. A panic that nothing recovered makes
     * an export return as if all were well, and so do all later ones: only this tells.
     */
    check(): void;
    /** Declares the instance dead, as if it had ended by itself. */
    kill(reason: string): void;
}

/** Linear memory below this address is argv's. cmd/link/internal/ld/data.go: wasmMinDataAddr. */
const argvAddress = 4096;
const decoder: TextDecoder = new TextDecoder();

/** Compiles, instantiates and runs a blob. Keeps nothing on failure: calling it again tries again. */
export async function load(source: BlobSource): Promise<Instance> {
    return instantiate(await compile(source));
}

/** Compiles a blob. A Module can be posted to a worker and instantiated many times. */
export async function compile(source: BlobSource): Promise<WebAssembly.Module> {
    try {
        let from = source;
        if (typeof from === "string") from = new URL(from, globalThis.location?.href);
        if (from instanceof URL) from = from.protocol === "file:" ? await readFile(from) : fetch(from);
        if (from instanceof WebAssembly.Module) return from;
        if (from instanceof ArrayBuffer) return await WebAssembly.compile(from);
        if (ArrayBuffer.isView(from)) return await WebAssembly.compile(from as Uint8Array<ArrayBuffer>);
        const response = await from;
        if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
        // compileStreaming() takes this type alone, without parameters.
        const streaming = response.headers.get("content-type")?.trim().toLowerCase() === "application/wasm";
        if (streaming && "compileStreaming" in WebAssembly) return await WebAssembly.compileStreaming(response);
        return await WebAssembly.compile(await response.arrayBuffer());
    } catch (cause) {
        throw new LoadError(`the WebAssembly file could not be loaded: ${messageOf(cause)}`, { cause });
    }
}

/** Instantiates a compiled blob and runs its main function up to the point where exports are callable. */
export async function instantiate(module: WebAssembly.Module): Promise<Instance> {
    const host = new Host();
    try {
        return run(await WebAssembly.instantiate(module, importsOf(host)), host);
    } catch (error) {
        throw unfit(error);
    }
}

/** As {@link load}, before it returns. Browsers refuse that in a window, as it takes too long. */
export function loadNow(octets: Uint8Array): Instance {
    const host = new Host();
    try {
        return run(new WebAssembly.Instance(new WebAssembly.Module(octets as Uint8Array<ArrayBuffer>), importsOf(host)), host);
    } catch (error) {
        throw unfit(error);
    }
}

function unfit(cause: unknown): LoadError {
    return cause instanceof LoadError ? cause : new LoadError(`the WebAssembly file does not fit this loader: ${messageOf(cause)}`, { cause });
}

function run(instance: WebAssembly.Instance, host: Host): Instance {
    const { mem, run: main } = instance.exports;
    if (!(mem instanceof WebAssembly.Memory) || typeof main !== "function") {
        throw new LoadError("the WebAssembly file is not a Go program built with GOOS=js");
    }
    host.attach(mem);
    try {
        main(1, host.writeArguments("js"));
        host.check();
    } catch (cause) {
        throw new LoadError(`the WebAssembly program ended while starting: ${messageOf(cause)}`, { cause });
    }
    return {
        exports: instance.exports as Instance["exports"],
        memory: mem,
        check: () => host.check(),
        kill: reason => host.end(reason),
    };
}

/** The whole import object. Nothing in it throws: an exception that unwinds Go's frames leaks its stack. */
export function importsOf(host: Host): { gojs: Record<string, (sp: number) => void>; matter: { random: (address: number, length: number) => number } } {
    const guarded = (fn: (sp: number) => void) => (sp: number): void => {
        try {
            fn(sp >>> 0);
        } catch (error) {
            host.end(messageOf(error));
        }
    };
    return {
        gojs: {
            "runtime.wasmExit": guarded(sp => host.end(`exit code ${host.view.getInt32(sp + 8, true)}`)),
            "runtime.wasmWrite": guarded(sp => host.log(int64(host.view, sp + 16), host.view.getInt32(sp + 24, true))),
            "runtime.resetMemoryDataView": guarded(() => host.reset()),
            "runtime.nanotime1": guarded(sp => setInt64(host.view, sp + 8, (performance.timeOrigin + performance.now()) * 1e6)),
            "runtime.walltime": guarded(sp => {
                const now = Date.now();
                setInt64(host.view, sp + 8, Math.floor(now / 1000));
                host.view.setInt32(sp + 16, (now % 1000) * 1e6, true);
            }),
            // No timer is ever armed: without syscall/js a resume() would end the program, and the
            // runtime's own timers (the scavenger's) may wait until the next call comes in.
            "runtime.scheduleTimeoutEvent": guarded(sp => host.view.setInt32(sp + 16, 1, true)),
            "runtime.clearTimeoutEvent": guarded(() => {}),
            "runtime.getRandomData": guarded(sp => host.random(int64(host.view, sp + 8), int64(host.view, sp + 16))),
        },
        matter: {
            /** Fills length octets at address with randomness; 0, or -1 after which the instance is dead. */
            random(address, length) {
                try {
                    host.random(address >>> 0, length >>> 0);
                    return 0;
                } catch (error) {
                    host.end(`the host gave no randomness: ${messageOf(error)}`);
                    return -1;
                }
            },
        },
    };
}

/** The state behind the imports of one instance. */
export class Host {
    view: DataView = new DataView(new ArrayBuffer(0));
    #memory: WebAssembly.Memory | undefined;
    #death: string | undefined;
    #written = "";

    attach(memory: WebAssembly.Memory): void {
        this.#memory = memory;
        this.reset();
    }

    /** Growth detaches every view of the old buffer. */
    reset(): void {
        if (this.#memory !== undefined) this.view = new DataView(this.#memory.buffer);
    }

    octets(address: number, length: number): Uint8Array<ArrayBuffer> {
        return new Uint8Array(this.#memory?.buffer as ArrayBuffer, address, length);
    }

    random(address: number, length: number): void {
        // One call of getRandomValues gives at most 65,536 octets.
        for (let at = 0; at < length; at += 65536) {
            crypto.getRandomValues(this.octets(address + at, Math.min(65536, length - at)));
        }
    }

    /** Keeps the beginning of what the runtime prints: the reason of a panic, told with the death. */
    log(address: number, length: number): void {
        if (this.#written.length < 4096) this.#written += decoder.decode(this.octets(address, length));
    }

    /** Latches: the first reason stays. */
    end(reason: string): void {
        this.#death ??= reason;
    }

    check(): void {
        if (this.#death === undefined) return;
        const [first] = this.#written.split("\n", 1);
        const why = first === undefined || first === "" ? this.#death : first;
        throw new DeadError(`the core has stopped (${why}): its sessions are lost, start a new one`);
    }

    /** Puts argv (one program name, no environment) where the runtime expects it; returns its address. */
    writeArguments(name: string): number {
        const text = new TextEncoder().encode(`${name}\0`);
        this.octets(argvAddress, text.length).set(text);
        const argv = argvAddress + Math.ceil(text.length / 8) * 8;
        // argv[0], the end of argv, the end of the environment: three 8-octet pointers.
        setInt64(this.view, argv, argvAddress);
        setInt64(this.view, argv + 8, 0);
        setInt64(this.view, argv + 16, 0);
        return argv;
    }
}

/** The octets that lie at a URL, `file:` in Node included. */
export async function octetsFrom(url: URL): Promise<Uint8Array> {
    try {
        if (url.protocol === "file:") return await readFile(url);
        const response = await fetch(url);
        if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
        return new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
        throw new LoadError(`${url.href} could not be loaded: ${messageOf(cause)}`, { cause });
    }
}

async function readFile(url: URL): Promise<Uint8Array> {
    const { readFile } = await import("node:fs/promises");
    return readFile(url);
}

function setInt64(view: DataView, address: number, value: number): void {
    view.setUint32(address, value, true);
    view.setUint32(address + 4, Math.floor(value / 2 ** 32), true);
}

function int64(view: DataView, address: number): number {
    return view.getUint32(address, true) + view.getInt32(address + 4, true) * 2 ** 32;
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
