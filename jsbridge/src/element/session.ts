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
import { forgetProgram, programFrom, sheetFrom, textsOf, type Texts } from "./loading.js";
import { expected, versions } from "./made.js";
import type { EventName } from "./manifest.js";
import { ask, bigintOf, hexOf, hexOfOctets, reportBlob, save, statusOf, wakeful, writeClipboard } from "./parts.js";
import type { PageHost, PageInstance, PageProgram } from "./program.js";
import type { Availability, Options, PageEffect, PageEvent, Route } from "./protocol.js";
import { Room, type RoomSettings } from "./room/room.js";
import type { Scanner } from "./scan.js";
import { bluetooth, support } from "./support.js";

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
    /** focused: the focus was in the wizard, and must go somewhere. */
    ended(outcome: CloseDetail["outcome"], focused: boolean): void;
}

/** A room, and the wizard in it while one runs. */
interface Lodging { readonly room: Room; instance?: PageInstance | undefined; root?: HTMLElement | undefined }

export class Session {
    readonly #shell: Shell;
    readonly #awake: (on: boolean) => void = wakeful();
    #lodging: Lodging | undefined;
    #scanning: Promise<Scanner | undefined> | undefined;
    #agent = "";
    #agentState: Availability = "none";
    #bluetooth: Availability = "none";
    #camera = false;
    /** Undefined until they are loaded. */
    #texts: Texts | undefined;
    #files: { picture?: Blob; backup?: Blob } = {};
    #screen: ScreenId = "idle";
    /** Grows with each run and at its end, so that what was asked in one is not answered in the next. */
    #run = 0;
    #running = false;
    /** Nodes with a window open for another app, and until when. */
    readonly #windows = new Map<string, number>();
    /** Of the last run. */
    #report: Blob | undefined;
    #again: ReturnType<typeof setTimeout> | undefined;
    readonly #availability = (): void => void this.#lookAround().then(() => this.#configure());

    constructor(shell: Shell) {
        this.#shell = shell;
    }

    /** Loads what a start needs, and shows nothing. */
    async prepare(progress: (done: number, total: number) => void = () => undefined): Promise<{ program: PageProgram; texts: Texts }> {
        const base = this.#shell.element.assets ?? "";
        const [program, sheet, texts] = await Promise.all([programFrom(base, progress), sheetFrom(base), textsOf(this.#shell.language())]);
        const root = this.#shell.place.getRootNode() as ShadowRoot;
        if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [sheet, ...root.adoptedStyleSheets]; // the shell's own rules count
        return { program, texts };
    }

    async start(): Promise<void> {
        const run = ++this.#run;
        this.#running = true;
        const { element } = this.#shell;
        bluetooth()?.addEventListener("availabilitychanged", this.#availability);
        const looking = this.#lookAround();
        this.#agent = await agentOf(element.agent, element.manage);
        if (run !== this.#run) return;
        try {
            const lodging = this.#open();
            this.#agentState = this.#agent === "" ? "none" : "checking";
            lodging.room.effect({ type: "checkAgent" }); // and so its own program is loaded beside the one that draws
            const { program, texts } = await this.prepare((done, total) => run === this.#run && this.#shell.progress(done, total));
            await looking;
            if (run === this.#run) this.#mount(lodging, program, texts);
        } catch (error) {
            if (run === this.#run) await this.#broken((error as { code?: string }).code ?? "load-failed", (error as Error).message);
        }
    }

    #mount(lodging: Lodging, program: PageProgram, texts: Texts): void {
        const { element, place } = this.#shell;
        this.#texts = { ...texts, ...element.messages };
        const code = element.code ?? "";
        element.code = undefined;
        lodging.root = document.createElement("div");
        place.replaceChildren(lodging.root);
        lodging.instance = program.mount(lodging.root, this.#host(lodging), { messages: this.#texts ?? {}, language: this.#shell.language() });
        this.#configure();
        this.#tell({ type: "started", code });
    }

    /** Escape: the wizard knows whether to ask first. */
    leave(): void {
        this.#tell({ type: "stop" });
    }

    /** Ends a run that shows nothing yet, or no longer. */
    abandon(): void {
        this.#end();
    }

    retry(): void {
        this.#tell({ type: "again" });
    }

    /** Stops without asking, and ends the wizard. */
    async cancel(): Promise<{ rolledBack: boolean }> {
        const run = this.#run;
        const { room, instance } = this.#lodging ?? {};
        const result = (instance === undefined ? undefined : await room?.cancel()) ?? { rolledBack: true };
        if (this.#running && run === this.#run) this.#finish(this.#screen === "failed" ? "failed" : this.#screen === "done" || this.#screen === "share" ? "commissioned" : "cancelled");
        return result;
    }

    async share(node: bigint, seconds: number): Promise<{ qr: string; manual: string; expiresAt: number }> {
        if (this.#lodging === undefined) this.#agent = await agentOf(this.#shell.element.agent, this.#shell.element.manage);
        try {
            const result = await this.#open().room.share(node, seconds);
            this.#windows.set(hexOf(node), result.expiresAt);
            this.#shell.fire("matter-share", { nodeId: node, expiresAt: result.expiresAt, status: "open" });
            return result;
        } finally {
            this.#rest();
        }
    }

    async report(withNames: boolean): Promise<Blob> {
        if (this.#lodging === undefined && this.#report !== undefined) return this.#report;
        try {
            return reportBlob(await this.#open().room.report(withNames));
        } finally {
            this.#rest();
        }
    }

    /** An attribute has changed. */
    async changed(): Promise<void> {
        const run = this.#run;
        const agent = await agentOf(this.#shell.element.agent, this.#shell.element.manage);
        if (run !== this.#run || this.#lodging === undefined) return;
        const another = agent !== this.#agent;
        this.#agent = agent;
        this.#lodging.room.configure(this.#settings());
        if (another) this.#lodging.room.effect({ type: "checkAgent" });
        this.#configure();
    }

    /** The element is gone: undoes on the device what has begun, then releases everything. */
    async close(): Promise<void> {
        const running = this.#running;
        const lodging = this.#take();
        // What undoes may travel by the wizard's Bluetooth. The room gives up by itself after a while.
        await lodging?.room.close();
        release(lodging);
        if (running) this.#shell.fire("matter-close", { outcome: "cancelled" });
    }

    #finish(outcome: CloseDetail["outcome"]): void {
        const focused = (this.#shell.place.getRootNode() as ShadowRoot).activeElement !== null;
        this.#end();
        this.#shell.ended(outcome, focused);
    }

    async #broken(id: string, cause: string): Promise<void> {
        forgetProgram(this.#shell.element.assets ?? ""); // it may be what is broken
        this.#end();
        const run = this.#run;
        const texts = await textsOf(this.#shell.language()).catch((): Texts => ({}));
        const said = ["", ".cause", ".action"].map(part => texts[`error.${id}${part}`]?.replace("{cause}", cause) ?? "").filter(text => text !== "");
        if (run === this.#run) this.#shell.broken(id, cause, said.length === 0 ? undefined : said.join(" "));
    }

    /** Ends a run in which nothing is under way on a device. */
    #end(): void {
        const lodging = this.#take();
        release(lodging);
        if (this.#windows.size > 0) this.#lodging = lodging;
        else void lodging?.room.report(false).then(report => (this.#report = reportBlob(report)), () => undefined).then(() => lodging.room.close());
    }

    /** Ends a room that nothing needs: outside of a run, only an open window does. */
    #rest(): void {
        if (this.#running || this.#windows.size > 0) return;
        void this.#lodging?.room.close();
        this.#lodging = undefined;
    }

    #take(): Lodging | undefined {
        const lodging = this.#lodging;
        this.#run++;
        this.#running = false;
        this.#screen = "idle";
        this.#lodging = undefined;
        bluetooth()?.removeEventListener("availabilitychanged", this.#availability);
        clearTimeout(this.#again);
        this.#awake(false);
        void this.#scanning?.then(scanner => scanner?.close());
        this.#scanning = undefined;
        this.#files = {};
        return lodging;
    }

    #open(): Lodging {
        if (this.#lodging !== undefined) {
            this.#lodging.room.configure(this.#settings());
            return this.#lodging;
        }
        const base = this.#shell.element.assets ?? "";
        const current = (): boolean => this.#lodging === lodging;
        const lodging: Lodging = {
            room: new Room({
                worker: assetUrl("worker.js", base),
                blob: assetUrl("matter-session.wasm", base),
                lists: { paa: assetUrl("paa.tlv", base), test: assetUrl("paa-test.tlv", base) },
                versions,
                ...this.#settings(),
                // The wizard's, also while a room undoes what that wizard began.
                link: {
                    open: () => lodging.instance?.link.open() ?? Promise.reject(new Error("closed: there is no wizard")),
                    send: message => lodging.instance?.link.send(message),
                    close: () => lodging.instance?.link.close(),
                },
                onEvent: event => current() && this.#heard(event),
                onAgent: state => {
                    if (!current()) return;
                    const another = state !== this.#agentState;
                    this.#agentState = state;
                    this.#configure();
                    if (another && (state === "unreachable" || state === "blocked" || state === "token")) this.#problem({ id: `agent-${state}`, params: { url: this.#agent, link: this.#agent } });
                },
                onCommissioned: (detail: Commissioned) => current() && this.#shell.fire("matter-commissioned", detail),
                onFile: (name, octets) => current() && save(new Blob([octets as Uint8Array<ArrayBuffer>]), name),
            }),
        };
        this.#lodging = lodging;
        return lodging;
    }

    #settings(): RoomSettings {
        const { element } = this.#shell;
        return {
            // A way that the host did not list is not taken for the last leg either.
            agent: this.#agent === "" || !this.#routes().includes("agent") ? undefined : this.#agent,
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
        const run = this.#run;
        const found = await support();
        if (run !== this.#run) return;
        this.#bluetooth = found.bluetooth;
        this.#camera = found.camera;
        // Not every browser tells when it is switched on.
        clearTimeout(this.#again);
        if (found.bluetooth === "off") this.#again = setTimeout(this.#availability, 2000);
    }

    #configure(): void {
        this.#tell({ type: "configured", options: this.#options() });
    }

    #tell(event: PageEvent): void {
        this.#lodging?.instance?.event(event);
    }

    #host({ room }: Lodging): PageHost {
        return {
            effect: effect => this.#effect(effect),
            screen: screen => {
                this.#screen = screen;
                this.#awake(lively.has(screen));
                if (screen !== "idle") this.#shell.screen(screen);
            },
            file: (kind, file) => void (this.#files[kind] = file),
            problem: (id, technical) => this.#problem({ id, technical }),
            died: technical => void this.#broken("core-dead", technical),
            link: {
                received: message => room.link.received(message),
                closed: reason => room.link.closed(reason),
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
        this.#lodging?.room.effect(effect);
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
        if (run === this.#run) this.#lodging?.room.effect({ ...effect, file });
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
            .then(accept => run === this.#run && this.#lodging?.room.effect({ type: "decide", request, accept }));
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
            join => run === this.#run && this.#lodging?.room.effect(join),
            () => run === this.#run && this.#tell(event),
        );
    }

    #problem(trouble: Trouble): void {
        const run = this.#run;
        if (this.#texts !== undefined) this.#tellProblem(trouble, this.#texts);
        else void textsOf(this.#shell.language()).catch((): Texts => ({})).then(texts => run === this.#run && this.#tellProblem(trouble, texts));
    }

    #tellProblem({ id, step = "", retry = "same", status = "", wait = 0, params = {} }: Trouble, texts: Texts): void {
        const sentence = texts[`error.${id}`] ?? texts["error.unexpected"] ?? id;
        const message = sentence.replace(/\{(\w+)\}/g, (all, name: string) => (name === "step" ? texts[`step.${params["step"]}`] : params[name]) ?? all);
        const code = statusOf(status);
        this.#shell.fire("matter-error", {
            code: id, step: step === "" ? undefined : step as StepId, retry: retry as RetryPoint, ...(code === undefined ? {} : { status: code }), ...(wait > 0 ? { waitMs: wait } : {}), message,
        });
    }
}

function release(lodging: Lodging | undefined): void {
    lodging?.instance?.close();
    lodging?.root?.remove();
    if (lodging !== undefined) lodging.instance = lodging.root = undefined;
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
