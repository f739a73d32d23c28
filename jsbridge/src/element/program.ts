/**
 * The page's program: Go in WebAssembly that knows the wizard, draws it and speaks Bluetooth. One program serves all
 * elements of a page; each mount() is a wizard of its own.
 */
import type { PageEffect, PageEvent, Screen } from "./protocol.js";
import { GoProgram } from "./runtime.js";

export interface PageProgram {
    /** Starts a wizard in an empty element. It shows nothing before it gets events: `configured`, then `started`. */
    mount(root: HTMLElement, host: PageHost, config: PageConfig): PageInstance;
    /** What the program holds now, for tests of leaks: JavaScript's values, Go's functions, octets of memory. */
    usage(): { values: number; functions: number; memory: number };
}

export interface PageConfig {
    /** Texts by id, of one language. */
    readonly messages: Readonly<Record<string, string>>;
    readonly language: string;
}

/** What a wizard asks of who mounted it. What these throw is reported as an error of the page and changes nothing. */
export interface PageHost {
    effect(effect: PageEffect): void;
    /** After each change; for the first screen `previous` is "idle". */
    screen(screen: Screen, previous: Screen): void;
    /** A file that a person gave, before the event or effect that uses it. */
    file(kind: "picture" | "backup", file: Blob): void;
    /** The wizard found a problem itself, which no event told it of, and shows it already. */
    problem?(id: string, technical: string): void;
    /** The heading of a new screen. */
    heading?(text: string): void;
    /** The wizard is beyond repair: its root is empty, nothing more comes from it, close() need not be called. */
    died(technical: string): void;
    /** From the Bluetooth device that was picked. */
    readonly link: {
        received(message: Uint8Array): void;
        closed(reason: string): void;
    };
}

export interface PageInstance {
    /** @throws TypeError if a field is missing or has the wrong type; nothing has happened then */
    event(event: PageEvent): void;
    /** To the Bluetooth device that was picked. */
    readonly link: {
        /** Connects. Rejects with an Error whose message is "<problem's id>: <cause>". */
        open(): Promise<{ maxMessage: number }>;
        send(message: Uint8Array): void;
        close(): void;
    };
    /** Releases every listener, timer and Go function, drops the Bluetooth device, empties root. */
    close(): void;
}

/** The program could not be had. Trying again is sensible: nothing is kept of an attempt that failed. */
export class ProgramError extends Error {
    /** `load-failed`: not fetched, or not started; `load-corrupt`: not the program that this page was built with. */
    readonly code: "load-failed" | "load-corrupt";
    constructor(code: "load-failed" | "load-corrupt", message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = "ProgramError";
        this.code = code;
    }
}

/** An instance as Go gives it: functions that return the text of an error, or nothing. */
interface GoInstance {
    event(event: unknown): string | null;
    open(opened: (maxMessage: number) => void, failed: (reason: string) => void): void;
    send(message: Uint8Array): void;
    closeLink(): void;
    close(): void;
}

type GoMount = (root: HTMLElement, host: Record<string, unknown>, messages: object, language: string) => GoInstance | string;

/**
 * Fetches the program, checks that it is the expected one, and runs it.
 *
 * @param expected - size in octets and SHA-256 in hex, both of the file before any content encoding
 * @param progress - told of decoded octets; `total` is the expected size, which `done` never passes
 * @throws {@link ProgramError}
 */
export async function loadProgram(
    url: string | URL,
    expected: { readonly size: number; readonly sha256: string },
    progress?: (done: number, total: number) => void,
): Promise<PageProgram> {
    const octets = await fetched(url, expected.size, progress);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", octets));
    const found = Array.from(digest, octet => octet.toString(16).padStart(2, "0")).join("");
    if (found !== expected.sha256.toLowerCase()) {
        throw new ProgramError("load-corrupt", `${url} has the SHA-256 ${found}, not ${expected.sha256}`);
    }
    try {
        return await started(await WebAssembly.compile(octets));
    } catch (cause) {
        throw failed(`${url} could not be started`, cause);
    }
}

function failed(what: string, cause: unknown): ProgramError {
    return new ProgramError("load-failed", `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/**
 * All octets, into one buffer of the expected size: no more than that is ever kept. They are compiled from there, since
 * WebCrypto does not hash in parts, and nothing may run before its hash is known.
 */
async function fetched(url: string | URL, size: number, progress?: (done: number, total: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const corrupt = (): ProgramError => new ProgramError("load-corrupt", `${url} does not have the expected ${size} octets`);
    const octets = new Uint8Array(size);
    let done = 0;
    try {
        const response = await fetch(url);
        if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
        progress?.(0, size);
        const reader = response.body.getReader();
        for (;;) {
            const { done: ended, value } = await reader.read();
            if (ended) break;
            if (done + value.length > size) {
                void reader.cancel().catch(() => {});
                throw corrupt();
            }
            octets.set(value, done);
            done += value.length;
            progress?.(done, size);
        }
    } catch (cause) {
        throw cause instanceof ProgramError ? cause : failed(`${url} could not be loaded`, cause);
    }
    if (done !== size) throw corrupt();
    return octets;
}

async function started(module: WebAssembly.Module): Promise<PageProgram> {
    const instances = new Set<(technical: string) => void>();
    let mount: GoMount | undefined;
    let functions: (() => number) | undefined;
    let death: string | undefined;
    const globals = {
        matterPage(...given: [GoMount, () => number]): void {
            [mount, functions] = given;
        },
    };
    const go = new GoProgram(globals, technical => {
        death = technical;
        for (const die of [...instances]) die(technical);
    });
    await go.start(module);
    if (mount === undefined || functions === undefined) throw new Error("the program is not the page's");
    const [into, count] = [mount, functions];
    return {
        mount: (root, host, config) => mounted(into, root, host, config, instances, () => death),
        usage: () => ({ values: go.held, functions: count(), memory: go.memory }),
    };
}

function mounted(
    mount: GoMount,
    root: HTMLElement,
    host: PageHost,
    config: PageConfig,
    instances: Set<(technical: string) => void>,
    death: () => string | undefined,
): PageInstance {
    let open = true;
    const die = (technical: string): void => {
        if (!open) return;
        open = false;
        instances.delete(die);
        root.replaceChildren();
        report(() => host.died(technical));
    };
    const alive = (): void => {
        const why = death();
        if (why !== undefined) throw new Error(why);
    };
    alive();
    // Go sees functions that cannot throw and that fall silent at the end.
    const safe = <A extends unknown[]>(fn: (...args: A) => void) => (...args: A): void => {
        if (open) report(() => fn(...args));
    };
    const go = mount(root, {
        effect: safe((effect: PageEffect) => host.effect(effect)),
        screen: safe((screen: Screen, previous: Screen) => host.screen(screen, previous)),
        file: safe((kind: "picture" | "backup", file: Blob) => host.file(kind, file)),
        problem: safe((id: string, technical: string) => host.problem?.(id, technical)),
        heading: safe((text: string) => host.heading?.(text)),
        received: safe((message: Uint8Array) => host.link.received(message)),
        closed: safe((reason: string) => host.link.closed(reason)),
        died: die,
    }, config.messages, config.language);
    if (typeof go !== "object") {
        alive();
        throw new TypeError(String(go));
    }
    instances.add(die);
    return {
        event(event) {
            if (!open) return;
            const problem = go.event(event);
            if (typeof problem === "string") throw new TypeError(problem);
        },
        link: {
            open: () => new Promise((resolve, reject) => {
                if (!open) reject(new Error("closed: the wizard was closed"));
                else go.open(maxMessage => resolve({ maxMessage }), reason => reject(new Error(reason)));
            }),
            send: message => void (open && go.send(message)),
            close: () => void (open && go.closeLink()),
        },
        close() {
            if (!open) return;
            open = false;
            instances.delete(die);
            go.close();
            root.replaceChildren();
        },
    };
}

function report(fn: () => void): void {
    try {
        fn();
    } catch (error) {
        reportError(error);
    }
}
