/**
 * Runs a Go program (GOOS=js) that uses syscall/js, without Go's wasm_exec.js: that one puts `fs`, `process`, `path` and
 * `Go` on globalThis, where libraries of the embedding page take them for Node. Here js.Global() is the page's globalThis,
 * and what the program gets besides is seen by it alone.
 *
 * What Go's runtime asks of its host carries no version: a test compares this with the wasm_exec.js of the Go that built
 * the program.
 */
import { importsOf, Host } from "../load.js";

type Import = (sp: number) => void;

interface Exports {
    readonly mem: WebAssembly.Memory;
    run(argc: number, argv: number): void;
    resume(): void;
    getsp(): number;
}

/** Go's representation of a reference: a NaN whose low word is an index, and whose high word tells the kind. */
const nanHead = 0x7ff80000;
const kinds: Readonly<Record<string, number>> = { object: 1, string: 2, symbol: 3, function: 4 };
const encoder: TextEncoder = new TextEncoder();
const decoder: TextDecoder = new TextDecoder();

/** What package syscall looks for when it starts. The program uses no files and no process. */
const absent: Readonly<Record<string, unknown>> = {
    fs: { constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 } },
    process: {},
    path: {},
};

/** JavaScript's values that Go holds, by number, with a count of Go's references to each. */
class Values {
    readonly #values: unknown[];
    readonly #counts: number[];
    readonly #numbers: Map<unknown, number> = new Map();
    readonly #free: number[] = [];

    /** @param fixed - those whose numbers package syscall/js knows */
    constructor(fixed: readonly unknown[]) {
        this.#values = [...fixed];
        this.#counts = fixed.map(() => Infinity);
        for (const [number, value] of fixed.entries()) this.#numbers.set(value, number);
    }

    get(number: number): unknown {
        return this.#values[number];
    }

    add(value: unknown): number {
        let number = this.#numbers.get(value);
        if (number === undefined) {
            number = this.#free.pop() ?? this.#values.length;
            this.#values[number] = value;
            this.#counts[number] = 0;
            this.#numbers.set(value, number);
        }
        (this.#counts[number] as number)++;
        return number;
    }

    drop(number: number): void {
        if (--(this.#counts[number] as number) > 0) return;
        this.#numbers.delete(this.#values[number]);
        this.#values[number] = null;
        this.#free.push(number);
    }

    /** How many are held now. */
    get size(): number {
        return this.#values.length - this.#free.length;
    }
}

/** One running program. */
export class GoProgram {
    readonly #host: Host = new Host();
    readonly #globals: Readonly<Record<string, unknown>>;
    readonly #died: (technical: string) => void;
    readonly #values: Values;
    readonly #timers: Map<number, ReturnType<typeof setTimeout>> = new Map();
    /** Go's view of this program; package syscall/js knows these names. */
    readonly #go: { _pendingEvent: unknown; _makeFuncWrapper: (id: number) => unknown };
    #exports!: Exports;
    #lastTimer = 0;
    #dead = false;

    /**
     * @param globals - what js.Global() has for this program besides what globalThis has
     * @param died - called once when the program has ended: nothing that it made does anything after that
     */
    constructor(globals: Readonly<Record<string, unknown>>, died: (technical: string) => void) {
        this.#globals = { ...absent, ...globals };
        this.#died = died;
        this.#go = { _pendingEvent: null, _makeFuncWrapper: id => this.#wrapper(id) };
        this.#values = new Values([NaN, 0, null, true, false, globalThis, this.#go]);
    }

    /** Runs main up to where it waits for ever. */
    async start(module: WebAssembly.Module): Promise<void> {
        const imports = { ...importsOf(this.#host).gojs, ...this.#guarded() };
        const instance = await WebAssembly.instantiate(module, { gojs: imports });
        this.#exports = instance.exports as unknown as Exports;
        this.#host.attach(this.#exports.mem);
        this.#enter(() => this.#exports.run(1, this.#host.writeArguments("js")));
        this.#host.check();
    }

    /** How many of JavaScript's values the program holds: for tests of leaks. */
    get held(): number {
        return this.#values.size;
    }

    /** Octets of the program's memory. */
    get memory(): number {
        return this.#exports.mem.buffer.byteLength;
    }

    /** Calls into Go. What comes out of there as an exception is a trap: the program is beyond repair. */
    #enter(call: () => void): void {
        if (this.#dead) return;
        try {
            call();
        } catch (error) {
            this.#host.end(error instanceof Error ? error.message : String(error));
        }
        this.#look();
    }

    #look(): void {
        if (this.#dead) return;
        try {
            this.#host.check();
        } catch (error) {
            this.#dead = true;
            for (const timer of this.#timers.values()) clearTimeout(timer);
            this.#timers.clear();
            this.#died((error as Error).message);
        }
    }

    /** The JavaScript side of a js.Func. */
    #wrapper(id: number): unknown {
        const program = this;
        return function (this: unknown, ...args: unknown[]): unknown {
            const event: { id: number; this: unknown; args: unknown[]; result?: unknown } = { id, this: this, args };
            program.#enter(() => {
                program.#go._pendingEvent = event;
                program.#exports.resume();
            });
            return event.result;
        };
    }

    /**
     * An exception that unwinds Go's frames leaves its stack behind, so none may. What a page's own getters and setters
     * throw is reported as the page's error. A dead program's frames may go: they shall not run on.
     */
    #guarded(): Record<string, Import> {
        const out: Record<string, Import> = {};
        for (const [name, fn] of Object.entries(this.#imports())) {
            out[name] = sp => {
                if (this.#dead) throw new Error("the program has ended");
                try {
                    fn(sp >>> 0);
                } catch (error) {
                    reportError(error);
                }
            };
        }
        return out;
    }

    #imports(): Record<string, Import> {
        const host = this.#host;
        const int64 = (address: number): number => host.view.getUint32(address, true) + host.view.getInt32(address + 4, true) * 2 ** 32;
        const setInt64 = (address: number, value: number): void => {
            host.view.setUint32(address, value, true);
            host.view.setUint32(address + 4, Math.floor(value / 2 ** 32), true);
        };
        const octets = (address: number): Uint8Array<ArrayBuffer> => host.octets(int64(address), int64(address + 8));
        const text = (address: number): string => decoder.decode(octets(address));
        const load = (address: number): unknown => {
            const float = host.view.getFloat64(address, true);
            if (float === 0) return undefined;
            return Number.isNaN(float) ? this.#values.get(host.view.getUint32(address, true)) : float;
        };
        const many = (address: number): unknown[] => Array.from({ length: int64(address + 8) }, (_, i) => load(int64(address) + i * 8));
        const store = (address: number, value: unknown): void => {
            // A BigInt has no kind in Go, which would panic: it does not cross.
            if (value === undefined || typeof value === "bigint") {
                host.view.setFloat64(address, 0, true);
            } else if (typeof value === "number" && value !== 0 && !Number.isNaN(value)) {
                host.view.setFloat64(address, value, true);
            } else {
                const number = typeof value === "number" && value !== 0 ? 0 : this.#values.add(value);
                host.view.setUint32(address + 4, nanHead | (value === null ? 0 : (kinds[typeof value] ?? 0)), true);
                host.view.setUint32(address, number, true);
            }
        };
        const get = (object: unknown, name: string): unknown =>
            object === globalThis && Object.hasOwn(this.#globals, name) ? this.#globals[name] : Reflect.get(object as object, name);
        /**
         * A call may enter Go again, and that may move Go's stack: where the result belongs is known only afterwards.
         * `at` is its place; whether it was no exception stands behind it.
         */
        const answer = (at: number, call: () => unknown): void => {
            let value: unknown;
            let fine = true;
            try {
                value = call();
            } catch (error) {
                value = error;
                fine = false;
            }
            if (this.#dead) return;
            const sp = this.#exports.getsp() >>> 0;
            store(sp + at, value);
            host.view.setUint8(sp + at + 8, fine ? 1 : 0);
        };
        return {
            "runtime.scheduleTimeoutEvent": sp => {
                const id = ++this.#lastTimer;
                const wake = (): void => {
                    this.#enter(() => this.#exports.resume());
                    // Go may wake too early by its own clock and leave the timer: golang.org/issue/28975.
                    if (this.#timers.has(id)) this.#timers.set(id, setTimeout(wake, 1));
                };
                this.#timers.set(id, setTimeout(wake, int64(sp + 8)));
                host.view.setInt32(sp + 16, id, true);
            },
            "runtime.clearTimeoutEvent": sp => {
                const id = host.view.getInt32(sp + 8, true);
                clearTimeout(this.#timers.get(id));
                this.#timers.delete(id);
            },
            "syscall/js.finalizeRef": sp => this.#values.drop(host.view.getUint32(sp + 8, true)),
            "syscall/js.stringVal": sp => store(sp + 24, text(sp + 8)),
            "syscall/js.valueGet": sp => {
                let result: unknown;
                try {
                    result = get(load(sp + 8), text(sp + 16));
                } catch (error) {
                    reportError(error);
                }
                if (!this.#dead) store((this.#exports.getsp() >>> 0) + 32, result);
            },
            "syscall/js.valueSet": sp => void Reflect.set(load(sp + 8) as object, text(sp + 16), load(sp + 32)),
            "syscall/js.valueDelete": sp => void Reflect.deleteProperty(load(sp + 8) as object, text(sp + 16)),
            "syscall/js.valueIndex": sp => store(sp + 24, Reflect.get(load(sp + 8) as object, int64(sp + 16))),
            "syscall/js.valueSetIndex": sp => void Reflect.set(load(sp + 8) as object, int64(sp + 16), load(sp + 24)),
            "syscall/js.valueCall": sp => {
                const [object, name, args] = [load(sp + 8), text(sp + 16), many(sp + 32)];
                answer(56, () => Reflect.apply(get(object, name) as () => unknown, object, args));
            },
            "syscall/js.valueInvoke": sp => {
                const [fn, args] = [load(sp + 8), many(sp + 16)];
                answer(40, () => Reflect.apply(fn as () => unknown, undefined, args));
            },
            "syscall/js.valueNew": sp => {
                const [constructor, args] = [load(sp + 8), many(sp + 16)];
                answer(40, () => Reflect.construct(constructor as () => void, args));
            },
            "syscall/js.valueLength": sp => setInt64(sp + 16, Number((load(sp + 8) as ArrayLike<unknown>).length)),
            "syscall/js.valuePrepareString": sp => {
                const encoded = encoder.encode(String(load(sp + 8)));
                store(sp + 16, encoded);
                setInt64(sp + 24, encoded.length);
            },
            "syscall/js.valueLoadString": sp => octets(sp + 16).set(load(sp + 8) as Uint8Array),
            "syscall/js.valueInstanceOf": sp =>
                host.view.setUint8(sp + 24, (load(sp + 8) as object) instanceof (load(sp + 16) as () => void) ? 1 : 0),
            "syscall/js.copyBytesToGo": sp => {
                const [to, from] = [octets(sp + 8), load(sp + 32)];
                const fine = from instanceof Uint8Array || from instanceof Uint8ClampedArray;
                host.view.setUint8(sp + 48, fine ? 1 : 0);
                if (!fine) return;
                const part = from.subarray(0, to.length);
                to.set(part);
                setInt64(sp + 40, part.length);
            },
            "syscall/js.copyBytesToJS": sp => {
                const [to, from] = [load(sp + 8), octets(sp + 16)];
                const fine = to instanceof Uint8Array || to instanceof Uint8ClampedArray;
                host.view.setUint8(sp + 48, fine ? 1 : 0);
                if (!fine) return;
                const part = from.subarray(0, to.length);
                to.set(part);
                setInt64(sp + 40, part.length);
            },
        };
    }
}
