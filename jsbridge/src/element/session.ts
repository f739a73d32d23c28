/**
 * Runs the wizard of one element: loads the page's program and opens the room, carries what they tell each other, makes the
 * host page's events of it, and does what only a window can: files, clipboard, wake lock, the camera by scan.ts.
 */
import type { AttestationDecision, Commissioned, StepEvent, StepId, ThreadDataset, WifiCredentials } from "../commission/types.js";
import type { RetryPoint } from "../errors.js";
import { agentOf } from "./agent.js";
import { assetUrl } from "./assets.js";
import type { CloseDetail, MatterCommissionEventMap, ScreenId } from "./events.js";
import type { MatterCommissionElement } from "./index.js";
import { expected, messages } from "./made.js";
import type { EventName } from "./manifest.js";
import { ask, bigintOf, hexOf, hexOfOctets, reportBlob, save, statusOf, wakeful, writeClipboard } from "./parts.js";
import { loadProgram, type PageHost, type PageInstance, type PageProgram } from "./program.js";
import type { Availability, Options, PageEffect, PageEvent, Route } from "./protocol.js";
import { Room, type RoomSettings } from "./room/room.js";
import type { Scanner } from "./scan.js";
import { bluetooth, support } from "./support.js";

type Texts = Readonly<Record<string, string>>;

/** What the shell gives. */
export interface Shell {
    readonly element: MatterCommissionElement;
    /** Where the program draws. */
    readonly place: HTMLElement;
    language(): string;
    fire<K extends EventName>(name: K, detail: MatterCommissionEventMap[K]["detail"], cancelable?: boolean): boolean;
    progress(done: number, total: number): void;
    screen(state: ScreenId): void;
    /** The program cannot be had, or has died: the shell says so, by itself if need be. */
    broken(id: string, cause: string, text?: string): void;
    ended(outcome: CloseDetail["outcome"]): void;
}

/** What one page needs once, by the URL it was loaded from. A failure is not kept. */
const programs = new Map<string, { program: Promise<PageProgram>; done: number; listeners: Set<(done: number, total: number) => void> }>();
const sheets = new Map<string, Promise<CSSStyleSheet>>();

function programFrom(base: string, progress: (done: number, total: number) => void): Promise<PageProgram> {
    const url = assetUrl("matter-page.wasm", base);
    const { size } = expected["matter-page.wasm"];
    let entry = programs.get(url.href);
    if (entry === undefined) {
        const listeners = new Set<(done: number, total: number) => void>();
        const made = entry = { done: 0, listeners, program: loadProgram(url, expected["matter-page.wasm"], (done, total) => {
            made.done = done;
            for (const listener of listeners) listener(done, total);
        }) };
        entry.program.catch(() => programs.delete(url.href));
        programs.set(url.href, entry);
    }
    const { listeners, program } = entry;
    progress(entry.done, size);
    listeners.add(progress);
    return program.finally(() => listeners.delete(progress));
}

function sheetFrom(base: string): Promise<CSSStyleSheet> {
    const url = assetUrl("style.css", base);
    const made = sheets.get(url.href) ?? fetch(url).then(async response => {
        if (!response.ok) throw new Error(`${url.pathname}: the server answered ${response.status}`);
        return new CSSStyleSheet().replace(await response.text());
    });
    made.catch(() => sheets.delete(url.href));
    sheets.set(url.href, made);
    return made;
}

/** The texts of a language, over those of English. */
async function textsOf(language: string): Promise<Texts> {
    const load = async (tag: string): Promise<Texts> => (await messages[tag]?.())?.messages ?? {};
    const short = language.toLowerCase().split("-")[0] as string;
    const [own, english] = await Promise.all([short === "en" ? {} : load(short), load("en")]);
    return { ...english, ...own };
}

type Scanning = Promise<Scanner | undefined>;

export class Session {
    readonly #shell: Shell;
    readonly #awake: (on: boolean) => void = wakeful();
    /** The room and the wizard of one run. */
    #room: Room | undefined;
    #instance: PageInstance | undefined;
    #root: HTMLElement | undefined;
    #scanning: Scanning | undefined;
    #agent = "";
    #agentState: Availability = "none";
    #bluetooth: Availability = "none";
    #camera = false;
    #texts: Texts = {};
    #files: { picture?: Blob; backup?: Blob } = {};
    #screen: ScreenId = "idle";
    /** Grows with each run, so that what was asked in one is not answered in the next. */
    #run = 0;
    /** Nodes with a window open for another app, and until when. */
    readonly #windows = new Map<string, number>();
    readonly #availability = (): void => void this.#lookAround().then(() => this.#configure());

    constructor(shell: Shell) {
        this.#shell = shell;
    }

    /** Loads what a start needs, and shows nothing. */
    async prepare(progress: (done: number, total: number) => void = () => undefined): Promise<{ program: PageProgram; texts: Texts }> {
        const base = this.#shell.element.assets ?? "";
        const [program, sheet, texts] = await Promise.all([programFrom(base, progress), sheetFrom(base), textsOf(this.#shell.language())]);
        const root = this.#shell.place.getRootNode() as ShadowRoot;
        if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
        return { program, texts };
    }

    async start(): Promise<void> {
        const run = ++this.#run;
        const { element } = this.#shell;
        bluetooth()?.addEventListener("availabilitychanged", this.#availability);
        const looking = this.#lookAround();
        this.#agent = await agentOf(this.#shell.element.agent);
        if (run !== this.#run) return;
        this.#open(); // its own program is loaded beside this one
        let ready;
        try {
            ready = await this.prepare((done, total) => run === this.#run && this.#shell.progress(done, total));
            await looking;
        } catch (error) {
            if (run === this.#run) await this.#broken((error as { code?: string }).code ?? "load-failed", (error as Error).message);
            return;
        }
        if (run !== this.#run) return;
        this.#texts = { ...ready.texts, ...element.messages };
        const code = element.code ?? "";
        element.code = undefined;
        this.#root = document.createElement("div");
        this.#shell.place.replaceChildren(this.#root);
        this.#instance = ready.program.mount(this.#root, this.#host(), { messages: this.#texts, language: this.#shell.language() });
        this.#configure();
        this.#tell({ type: "started", code });
    }

    /** Escape: the wizard knows whether to ask first. */
    leave(): void {
        if (this.#instance === undefined) this.#finish("cancelled");
        else this.#tell({ type: "stop" });
    }

    retry(): void {
        this.#tell({ type: "again" });
    }

    /** Stops without asking, and ends the wizard. */
    async cancel(): Promise<{ rolledBack: boolean }> {
        const run = this.#run;
        const result = this.#instance === undefined ? { rolledBack: true } : await this.#room?.cancel() ?? { rolledBack: true };
        if (run === this.#run && this.#screen !== "idle") this.#finish(this.#screen === "failed" ? "failed" : /^(done|share)$/.test(this.#screen) ? "commissioned" : "cancelled");
        return result;
    }

    async share(node: bigint, seconds: number): Promise<{ qr: string; manual: string; expiresAt: number }> {
        if (this.#room === undefined) this.#agent = await agentOf(this.#shell.element.agent);
        const result = await this.#open().share(node, seconds);
        this.#windows.set(hexOf(node), result.expiresAt);
        this.#shell.fire("matter-share", { nodeId: node, expiresAt: result.expiresAt, status: "open" });
        return result;
    }

    async report(withNames: boolean): Promise<Blob> {
        const blob = reportBlob(await this.#open().report(withNames));
        this.#rest();
        return blob;
    }

    /** An attribute has changed. */
    async changed(): Promise<void> {
        const run = this.#run;
        const agent = await agentOf(this.#shell.element.agent);
        if (run !== this.#run || this.#room === undefined) return;
        const another = agent !== this.#agent;
        this.#agent = agent;
        this.#room.configure(this.#settings());
        if (another) this.#room.effect({ type: "checkAgent" });
        this.#configure();
    }

    /** The element is gone: undoes on the device what has begun, then releases everything. */
    async close(): Promise<void> {
        this.#run++;
        const { room, release } = this.#take();
        const running = this.#screen !== "idle";
        this.#screen = "idle";
        // What undoes may travel by the wizard's Bluetooth. The room gives up by itself after a while.
        await room?.close();
        release();
        if (running) this.#shell.fire("matter-close", { outcome: "cancelled" });
    }

    #finish(outcome: CloseDetail["outcome"]): void {
        this.#run++;
        this.#end();
        this.#shell.ended(outcome);
    }

    async #broken(id: string, cause: string): Promise<void> {
        this.#end();
        const texts = await textsOf(this.#shell.language()).catch((): Texts => ({}));
        const said = [`error.${id}`, `error.${id}.action`].map(id => texts[id]?.replace("{cause}", cause) ?? "");
        this.#shell.broken(id, cause, said[0] === "" ? undefined : said.join(" ").trim());
    }

    /** Nothing runs on a device any more. */
    #end(): void {
        this.#screen = "idle";
        const { room, release } = this.#take();
        release();
        if (this.#windows.size > 0) this.#room = room;
        else void room?.close();
    }

    /** Ends a room that nothing needs: outside of a run, only an open window does. */
    #rest(): void {
        if (this.#screen !== "idle" || this.#root !== undefined || this.#windows.size > 0) return;
        void this.#room?.close();
        this.#room = undefined;
    }

    #take(): { room: Room | undefined; release: () => void } {
        const [room, instance, root] = [this.#room, this.#instance, this.#root];
        this.#room = this.#instance = this.#root = undefined;
        bluetooth()?.removeEventListener("availabilitychanged", this.#availability);
        this.#awake(false);
        void this.#scanning?.then(scanner => scanner?.close());
        this.#scanning = undefined;
        this.#files = {};
        return { room, release: () => (instance?.close(), root?.remove()) };
    }

    #open(): Room {
        const base = this.#shell.element.assets ?? "";
        this.#room ??= new Room({
            worker: assetUrl("worker.js", base),
            blob: assetUrl("matter-session.wasm", base),
            lists: { paa: assetUrl("paa.tlv", base), test: assetUrl("paa-test.tlv", base) },
            ...this.#settings(),
            link: {
                open: () => this.#instance?.link.open() ?? Promise.reject(new Error("closed: there is no wizard")),
                send: message => this.#instance?.link.send(message),
                close: () => this.#instance?.link.close(),
            },
            onEvent: event => this.#heard(event),
            onAgent: state => {
                this.#agentState = state;
                this.#configure();
            },
            onCommissioned: (detail: Commissioned) => void this.#shell.fire("matter-commissioned", detail),
            onFile: (name, octets) => save(new Blob([octets as Uint8Array<ArrayBuffer>]), name),
        });
        this.#room.configure(this.#settings());
        return this.#room;
    }

    #settings(): RoomSettings {
        const { element } = this.#shell;
        return {
            agent: this.#agent === "" ? undefined : this.#agent,
            agentToken: element.agentToken,
            routes: this.#routes(),
            storage: element.storage,
            authority: element.authority,
            networks: element.networks,
            transport: element.transport,
            trust: element.trust,
            fabricLabel: this.#label() || undefined,
            attestation: element.attestation === "certified" ? "certified" : "ask",
            allowTestDevices: element.allowTestDevices,
        };
    }

    #label(): string {
        return [...(this.#shell.element.fabricLabel ?? "")].slice(0, 32).join("");
    }

    #routes(): Route[] {
        const known: readonly Route[] = ["bluetooth", "agent", "host"];
        const wanted = this.#shell.element.transports?.trim().split(/\s+/).filter(way => (known as readonly string[]).includes(way)) as Route[] | undefined;
        return [...new Set(wanted?.length ? wanted : known)].filter(way => way !== "host" || this.#shell.element.transport !== undefined);
    }

    #options(): Options {
        const { element } = this.#shell;
        const routes = this.#routes();
        return {
            manage: element.manage,
            fabricLabel: this.#label(),
            routes,
            bluetooth: routes.includes("bluetooth") ? this.#bluetooth : "none",
            agent: routes.includes("agent") && this.#agent !== "" ? this.#agentState : "none",
            agentUrl: this.#agent,
            camera: this.#camera,
            allowTest: element.allowTestDevices,
            language: this.#shell.language(),
        };
    }

    async #lookAround(): Promise<void> {
        const found = await support();
        this.#bluetooth = found.bluetooth;
        this.#camera = found.camera;
    }

    #configure(): void {
        this.#tell({ type: "configured", options: this.#options() });
    }

    #tell(event: PageEvent): void {
        this.#instance?.event(event);
    }

    #host(): PageHost {
        return {
            effect: effect => this.#effect(effect),
            screen: screen => {
                this.#screen = screen;
                this.#awake(lively.has(screen));
                if (screen !== "idle") this.#shell.screen(screen);
            },
            file: (kind, file) => void (this.#files[kind] = file),
            problem: (id, technical) => this.#problem({ id, technical }),
            heading: () => undefined,
            died: technical => void this.#broken("core-dead", technical),
            link: {
                received: message => this.#room?.link.received(message),
                closed: reason => this.#room?.link.closed(reason),
            },
        };
    }

    #effect(effect: PageEffect): void {
        switch (effect.type) {
            case "startScan":
                return this.#scan(scanner => scanner.start(effect.camera));
            case "stopScan":
                return void this.#scanning?.then(scanner => scanner?.stop());
            case "setTorch":
                return this.#scan(scanner => scanner.torch(effect.on));
            case "readPicture": {
                const { picture } = this.#files;
                delete this.#files.picture;
                return this.#scan(scanner => scanner.picture(picture));
            }
            case "copy":
                return void writeClipboard(effect.text, this.#shell.place).then(ok => this.#tell({ type: "copied", ok }));
            case "saveReport":
                return void this.#saveReport(effect.withNames);
            case "importHome":
                return void this.#import(effect);
            case "closed":
                return this.#finish(effect.outcome as CloseDetail["outcome"]);
            case "begin":
                // Only a window can ask for it, and only now is there something to be kept.
                if (this.#shell.element.storage === undefined) void navigator.storage?.persist?.().catch(() => false);
        }
        this.#room?.effect(effect);
    }

    #scan(what: (scanner: Scanner) => void): void {
        const run = this.#run;
        this.#scanning ??= import("./scan.js").then(
            ({ Scanner }) => new Scanner({
                root: this.#shell.place,
                wasm: assetUrl("zxing_reader.wasm", this.#shell.element.assets ?? ""),
                expected: expected["zxing_reader.wasm"],
                tell: event => run === this.#run && this.#tell(event),
            }),
            () => {
                this.#scanning = undefined;
                if (run === this.#run) this.#tell({ type: "scanChanged", phase: "failed", cameras: [], camera: "", torch: 0 });
                return undefined;
            },
        );
        void this.#scanning.then(scanner => scanner !== undefined && run === this.#run && what(scanner));
    }

    async #saveReport(withNames: boolean): Promise<void> {
        const { blob, name } = await this.report(withNames).then(blob => ({ blob, name: `matter-session-report-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.json` }));
        save(blob, name);
        this.#tell({ type: "reportSaved" });
    }

    async #import(effect: PageEffect & { type: "importHome" }): Promise<void> {
        const run = this.#run;
        const { backup } = this.#files;
        delete this.#files.backup;
        const file = new Uint8Array(await backup?.arrayBuffer().catch(() => undefined) ?? new ArrayBuffer(0));
        if (run === this.#run) this.#room?.effect({ ...effect, file });
    }

    /** What the room tells: to the host page as events, to the wizard unless the host page has answered. */
    #heard(event: PageEvent): void {
        const { fire } = this.#shell;
        switch (event.type) {
            case "attestationAsked":
                return this.#attestation(event);
            case "networkAsked":
                return this.#network(event);
            case "stepReported": {
                const { id, stage, status, elapsed, expected } = event.step;
                fire("matter-step", { step: id as StepId, stage: stage as StepEvent["stage"], status, elapsedMs: elapsed, expectedMs: expected });
                break;
            }
            case "failed":
                this.#problem(event);
                break;
            case "died":
                this.#problem({ id: "core-dead", technical: event.technical, retry: "restart" });
                break;
            case "windowFailed":
                this.#problem({ id: "share-failed", technical: event.status, status: event.status });
                break;
            case "searchEnded":
            case "homeFailed":
            case "deviceFailed":
            case "commandDone":
                if (event.id !== "") this.#problem(event);
                break;
            case "windowOpened": {
                const expiresAt = Date.now() + event.lasts;
                this.#windows.set(event.node, expiresAt);
                fire("matter-share", { nodeId: bigintOf(event.node), expiresAt, status: "open" });
                break;
            }
            case "windowEnded":
                fire("matter-share", { nodeId: bigintOf(event.node), expiresAt: this.#windows.get(event.node) ?? Date.now(), status: event.reason === "joined" ? "joined" : "closed" });
                this.#windows.delete(event.node);
                this.#rest();
        }
        this.#tell(event);
    }

    #attestation(event: PageEvent & { type: "attestationAsked" }): void {
        const run = this.#run;
        const { request, verdict, findings, vendorId, productId, certificateId } = event.attestation;
        const answer = ask<AttestationDecision>(respondWith => this.#shell.fire("matter-attestation", {
            verdict: verdict as "certified", findings, vendorId, productId, ...(certificateId === "" ? {} : { certificateId }), respondWith,
        }, true));
        if (answer === undefined || verdict === "invalid") return this.#tell(event);
        answer.then(decision => decision === "accept", () => false)
            .then(accept => run === this.#run && this.#room?.effect({ type: "decide", request, accept }));
    }

    #network(event: PageEvent & { type: "networkAsked" }): void {
        const run = this.#run;
        const { request, kind, scanned } = event.question;
        const answer = ask<WifiCredentials | ThreadDataset>(respondWith => this.#shell.fire("matter-network", {
            kind: kind as "wifi",
            scanned: scanned.map(({ name, id, channel, rssi, security }) => ({ name, id, channel, rssi, ...(kind === "wifi" ? { security } : {}) })),
            ...(event.problem === "" ? {} : { problem: event.problem }),
            respondWith,
        }, true));
        if (answer === undefined) return this.#tell(event);
        answer.then(network => joinOf(request, kind, network)).then(
            join => run === this.#run && this.#room?.effect(join),
            () => run === this.#run && this.#tell(event),
        );
    }

    #problem({ id, step = "", retry = "same", status = "", wait = 0, params = {} }: Trouble): void {
        const sentence = this.#texts[`error.${id}`] ?? this.#texts["error.unexpected"] ?? id;
        const message = sentence.replace(/\{(\w+)\}/g, (all, name: string) => (name === "step" ? this.#texts[`step.${params["step"]}`] : params[name]) ?? all);
        const code = statusOf(status);
        this.#shell.fire("matter-error", {
            code: id, step: step === "" ? undefined : step as StepId, retry: retry as RetryPoint, ...(code === undefined ? {} : { status: code }), ...(wait > 0 ? { waitMs: wait } : {}), message,
        });
    }
}

interface Trouble { id: string; technical?: string; step?: string; retry?: string; status?: string; wait?: number; params?: Texts }

/** Screens while a device waits for us. */
const lively: ReadonlySet<ScreenId> = new Set<ScreenId>(["connecting", "securing", "checking", "decide", "network", "joining", "finding", "finishing"]);

/** A host page's answer as the room takes it. @throws if it is no answer to this question */
function joinOf(request: number, kind: string, network: WifiCredentials | ThreadDataset): PageEffect {
    if (network.kind !== kind) throw new TypeError(`the device asks for a network of the kind ${kind}`);
    const none = { type: "join", request, kind, ssid: new Uint8Array(), password: "", dataset: "", stored: "" } as const;
    if (network.kind === "thread") return { ...none, dataset: typeof network.dataset === "string" ? network.dataset : hexOfOctets(network.dataset) };
    return { ...none, ssid: typeof network.ssid === "string" ? new TextEncoder().encode(network.ssid) : network.ssid, password: network.password };
}
