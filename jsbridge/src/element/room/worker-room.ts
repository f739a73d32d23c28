/** The Worker's side of a room: effects of the page become calls of the commissioner, what comes of them page events. */
import type { AgentDiscovered } from "../../commission/agent.js";
import { showAddress } from "../../commission/address.js";
import type { Commissioner } from "../../commission/commissioner.js";
import type { Commissioned } from "../../commission/types.js";
import { DeadError } from "../../errors.js";
import type { ParsedCode } from "../../operations.js";
import type { Availability, PageEvent } from "../protocol.js";
import { Attempt, type AttemptEnd } from "./attempt.js";
import { Devices } from "./devices.js";
import { failureOf, homeProblem, technicalOf, type AttemptContext, type Failed } from "./failures.js";
import { hex64, HomeKeeper, realParts, type HomeParts } from "./home.js";
import { HostProxies } from "./proxies.js";
import { Recorder } from "./recorder.js";
import type { Report, RoomEffect, WireOptions, WireSettings } from "./types.js";
import { Ways } from "./ways.js";
import { Wire, type Port } from "./wire.js";

type Effect<T extends RoomEffect["type"]> = Extract<RoomEffect, { type: T }>;

/** How long a search for a device to be set up goes on without a result. */
const searchMs = 60_000;
/** How long another tab may be at the end of its own attempt. */
const otherTabMs = 1_500;
/** How often an agent is asked for that was not there. */
const agentAgainMs = 5_000;
const maxCandidates = 64;
/** Of one device. */
const maxAddresses = 16;

const nothing: AttemptContext = {
    ssid: "", thread: { name: "", channel: "" }, step: "payload", stepMs: 0, finding: "", address: "", link: undefined, alone: false, refused: false,
};

export class WorkerRoom {
    readonly #wire: Wire;
    readonly #parts: HomeParts;
    readonly #recorder = new Recorder();
    readonly #proxies: HostProxies;
    readonly #ways: Ways;
    #home: HomeKeeper | undefined;
    #devices: Devices | undefined;
    /** Kept for another try, until it is used or to be forgotten. Outside the core, so that it outlives that. */
    #code = "";
    #wrongCodes = 0;
    #attempt: Attempt | undefined;
    /** From the first thought of an attempt to its last word. */
    #attempting: Promise<AttemptEnd | undefined> | undefined;
    #stopBefore = false;
    /** How often it was stopped: what waited to begin then does not. */
    #stops = 0;
    #search: AbortController | undefined;
    #found = new Map<string, AgentDiscovered[]>();
    #agentTimer: ReturnType<typeof setTimeout> | undefined;
    #agentState: Availability | undefined;
    #settings: WireSettings | undefined;
    #lastNumber = 0;
    #death: DeadError | undefined;
    #closed = false;

    constructor(port: Port, parts: HomeParts = realParts) {
        this.#parts = parts;
        this.#proxies = new HostProxies(() => this.#wire);
        this.#ways = new Ways(() => this.#wire, (state, about) => this.#recorder.add({ what: "link", state, ...about }));
        this.#wire = new Wire(port, {
            ...this.#proxies.handlers,
            ...this.#ways.handlers,
            open: (options: WireOptions) => this.#open(options),
            configure: (settings: WireSettings) => this.#configure(settings),
            effect: (effect: RoomEffect) => void this.#effect(effect),
            cancel: () => this.#cancel(),
            share: (node: bigint, seconds: number | undefined) => this.#share(node, seconds),
            report: (withNames: boolean) => this.#report(withNames),
            close: () => this.#close(),
        }, error => this.#unforeseen(error));
    }

    #open(options: WireOptions): void {
        this.#settings = options.settings;
        this.#recorder.versions = options.versions;
        this.#home = new HomeKeeper(options, this.#parts, this.#proxies, this.#ways, {
            lost: reason => {
                if (reason instanceof DeadError) this.#died(reason);
            },
            made: () => this.#wire.tell("persist"),
        });
        // While a person still types: what fails now is told when it is needed.
        this.#home.core().catch(() => {});
        this.#devices = new Devices(this.#home, this.#recorder, event => this.#emit(event));
    }

    /** An attempt under way keeps what it began with: the change waits for its end. */
    #configure(settings: WireSettings): void {
        const before = this.#settings;
        this.#settings = settings;
        void (async () => {
            this.#keeper().connectAgent(settings);
            await this.#attempting;
            if (this.#settings === settings && !this.#closed) await this.#keeper().configure(settings);
            if (before?.agent !== settings.agent || before?.agentToken !== settings.agentToken) await this.#checkAgent();
        })().catch(error => this.#unforeseen(error));
    }

    async #effect(effect: RoomEffect): Promise<void> {
        try {
            await this.#perform(effect);
        } catch (error) {
            this.#unforeseen(error);
        }
    }

    async #perform(effect: RoomEffect): Promise<void> {
        const devices = this.#devices as Devices;
        switch (effect.type) {
            case "keepCode":
                this.#code = effect.code;
                this.#recorder.code = { form: /^\s*MT:/.test(effect.code) ? "qr" : "manual", length: effect.code.length };
                return;
            case "forgetCode":
                this.#code = "";
                return;
            case "checkAgent":
                return this.#checkAgent();
            case "search":
                return this.#searchFor(effect);
            case "stopSearch":
                return this.#stopSearch();
            case "begin":
                return this.#begin(effect);
            case "decide":
                return this.#attempt?.decide(effect);
            case "join":
                return this.#attempt?.join(effect);
            case "cancel": {
                const { rolledBack, waitMs } = await this.#cancel();
                return this.#emit({ type: "stopDone", rolledBack, wait: waitMs });
            }
            case "openWindow":
                return devices.openWindow(effect.node, effect.seconds);
            case "closeWindow":
                return devices.closeWindow(effect.node);
            case "readDevice":
                return devices.show(effect.node);
            case "leaveDevice":
                return devices.leave(effect.node);
            case "command":
                return devices.command(effect.node, effect.endpoint, effect.command);
            case "setLevel":
                return devices.setLevel(effect.node, effect.endpoint, effect.level);
            case "removeDevice":
                return devices.remove(effect.node, effect.forgetOnly);
            case "readHome":
            case "exportHome":
            case "importHome":
            case "forgetHome":
                return this.#homeEffect(effect);
            case "closed":
                clearTimeout(this.#agentTimer);
                this.#stopSearch();
                return;
            default:
                // What the window does.
                return;
        }
    }

    async #homeEffect(effect: Effect<"readHome" | "exportHome" | "importHome" | "forgetHome">): Promise<void> {
        const home = this.#keeper();
        const what = ({ readHome: "read", exportHome: "export", importHome: "import", forgetHome: "forget" } as const)[effect.type];
        try {
            switch (effect.type) {
                case "readHome":
                    return this.#emit({ type: "homeRead", home: await home.read() });
                case "exportHome": {
                    const { name, file } = await home.export(effect.passphrase);
                    this.#wire.tell("file", name, file);
                    return this.#emit({ type: "homeDone", what: "exported" });
                }
                case "importHome":
                    await home.import(effect.file ?? new Uint8Array(), effect.passphrase);
                    return this.#emit({ type: "homeDone", what: "imported" });
                case "forgetHome":
                    this.#devices?.end();
                    await home.forget();
                    return this.#emit({ type: "homeDone", what: "forgotten" });
            }
        } catch (error) {
            const id = homeProblem(error);
            this.#emit({ type: "homeFailed", what, id: id === "storage-failed" && (await home.gone()) ? "storage-lost" : id, technical: technicalOf(error) });
        }
    }

    // Attempts.

    async #begin(effect: Effect<"begin">): Promise<void> {
        const stops = this.#stops;
        // Others may have waited for the same end, and one of them has begun.
        while (this.#attempting !== undefined) await this.#attempting;
        if (this.#closed || stops !== this.#stops) return;
        this.#stopSearch();
        this.#stopBefore = false;
        const attempting = this.#try(effect).finally(() => {
            if (this.#attempting === attempting) this.#attempting = undefined;
            this.#attempt = undefined;
        });
        this.#attempting = attempting;
        await attempting;
    }

    /** Undefined: it did not come to an attempt, which has been told. */
    async #try(effect: Effect<"begin">): Promise<AttemptEnd | undefined> {
        const { route } = effect;
        this.#recorder.route = route;
        this.#recorder.add({ what: "attempt", number: this.#next(), route });
        if (this.#code === "") return this.#fail({ id: "code-lost", step: "payload", retry: "code", technical: "the setup code is not kept any more", waitMs: 0, params: {} });
        try {
            const state = route === "agent" ? await this.#agentNow() : "ready";
            if (state !== "ready") return this.#fail({ id: agentProblem(state), step: "link", retry: "same", technical: "", waitMs: 0, params: { url: this.#settings?.agent ?? "" } });
            const commissioner = await this.#keeper().commissioner();
            const end = await this.#keeper().alone(() => this.#attemptOnce(commissioner, effect), otherTabMs);
            if (end === undefined) return this.#fail({ id: "other-tab", step: "payload", retry: "same", technical: "the lock of this home is held by another tab", waitMs: 0, params: {} });
            return await this.#tell(end);
        } catch (error) {
            if (this.#deadBy(error)) return undefined;
            return this.#fail(await this.#orGone(failureOf(error, nothing)));
        }
    }

    async #attemptOnce(commissioner: Commissioner, effect: Effect<"begin">): Promise<AttemptEnd> {
        const settings = this.#settings as WireSettings;
        const codes = commissioner.controller.core.request("parseCode", { text: this.#code }).codes;
        if (this.#stopBefore) return { stopped: { rolledBack: true, waitMs: 0 } };
        const attempt = new Attempt({
            ways: this.#ways, recorder: this.#recorder, networks: settings.hasNetworks ? this.#proxies.networks : undefined, certifiedOnly: settings.attestation === "certified",
            emit: event => this.#emit(event), number: () => this.#next(),
        }, commissioner, {
            route: effect.route, code: this.#code, device: codes.length > 1 ? effect.payload : undefined,
            found: effect.candidate === "" ? undefined : this.#found.get(effect.candidate),
        });
        this.#attempt = attempt;
        return attempt.ended;
    }

    async #tell(end: AttemptEnd): Promise<AttemptEnd | undefined> {
        const recorder = this.#recorder;
        if ("commissioned" in end) {
            this.#code = "";
            this.#wrongCodes = 0;
            const done = end.commissioned;
            const address = "host" in done.address ? showAddress(done.address) : "";
            recorder.add({ what: "commissioned", nodeId: hex64(done.nodeId), fabricId: hex64(done.fabricId) });
            recorder.name("addresses", address);
            recorder.name("devices", [done.vendorName, done.productName, done.serialNumber].filter(text => text !== undefined).join(", "));
            this.#wire.tell("commissioned", done satisfies Commissioned);
            this.#emit({ type: "commissioned", node: this.#keeper().newNode(done, address) });
        } else if ("failed" in end) this.#fail(await this.#orGone(end.failed));
        else recorder.add({ what: "stopped", rolledBack: end.stopped.rolledBack });
        return end;
    }

    /** Keys that cannot be stored are one thing, a home that is no more another. */
    async #orGone(failed: Failed): Promise<Failed> {
        return failed.id === "storage-failed" && (await this.#keeper().gone()) ? { ...failed, id: "storage-lost", retry: "same" } : failed;
    }

    #fail(failed: Failed): undefined {
        const { id, step, retry, status, technical, waitMs, rolledBack, params } = failed;
        if (id === "wrong-code") this.#wrongCodes++;
        this.#recorder.add({
            what: "failed", id, step, retry, waitMs, ...(status === undefined ? {} : { status }), ...(rolledBack === undefined ? {} : { rolledBack }),
        });
        this.#emit({
            type: "failed", id, step, retry, technical, wait: waitMs, status: status === undefined ? "" : `${status.name} (${status.value})`,
            params: id === "wrong-code" ? { ...params, n: String(this.#wrongCodes) } : params,
        });
    }

    /** Stops what is under way; what became of the device. */
    async #cancel(): Promise<{ rolledBack: boolean; waitMs: number }> {
        this.#stopSearch();
        this.#stops++;
        const attempting = this.#attempting;
        if (attempting === undefined) return { rolledBack: true, waitMs: 0 };
        this.#stopBefore = true;
        this.#attempt?.stop();
        const end = await attempting.catch(() => undefined);
        if (end === undefined) return { rolledBack: true, waitMs: 0 };
        if ("stopped" in end) return end.stopped;
        return "failed" in end ? { rolledBack: end.failed.rolledBack ?? false, waitMs: end.failed.waitMs } : { rolledBack: false, waitMs: 0 };
    }

    // Searching.

    async #searchFor({ payload }: Effect<"search">): Promise<void> {
        this.#stopSearch();
        const search = new AbortController();
        this.#search = search;
        this.#found = new Map();
        const ended = (id: string, technical = ""): void => {
            if (this.#search !== search) return;
            this.#stopSearch();
            this.#emit({ type: "searchEnded", id, technical });
        };
        const timer = setTimeout(() => ended(this.#found.size === 0 ? "not-found" : ""), searchMs);
        search.signal.addEventListener("abort", () => clearTimeout(timer));
        try {
            const code = (await this.#keeper().core()).request("parseCode", { text: this.#code }).codes[payload];
            if (code === undefined) return ended("code-lost", "the setup code is not kept any more");
            // A home that there is already is opened while the network is asked; what fails is told when it is needed.
            void this.#keeper().exists().then(exists => (exists ? this.#keeper().commissioner() : undefined)).catch(() => {});
            const state = this.#ways.agent === undefined && this.#ways.host !== undefined ? "ready" : await this.#agentNow();
            if (state !== "ready") return ended(agentProblem(state));
            const query = { discriminator: code.short ? code.discriminator >> 8 : code.discriminator, short: code.short };
            for await (const device of this.#ways.discover(query, search.signal)) this.#candidate(code, device as AgentDiscovered);
            ended(this.#found.size === 0 ? "not-found" : "");
        } catch (error) {
            if (!this.#deadBy(error)) ended("unexpected", technicalOf(error));
        }
    }

    #stopSearch(): void {
        const search = this.#search;
        this.#search = undefined;
        search?.abort();
    }

    /** One address of a device; a device has several. */
    #candidate(code: ParsedCode, device: AgentDiscovered): void {
        const address = "host" in device.peer ? showAddress(device.peer) : (device.peer as { id: string }).id;
        const id = device.instance ?? address;
        const known = this.#found.get(id);
        if (known !== undefined) {
            if (known.length < maxAddresses && !known.some(other => showAddress(other.peer) === showAddress(device.peer))) known.push(device);
            return;
        }
        if (this.#found.size >= maxCandidates) return;
        this.#found.set(id, [device]);
        const { name = "", vendorId = 0, productId = 0, discriminator } = device;
        const sameProduct = (code.vendorId ?? 0) !== 0 && code.vendorId === vendorId && (productId === 0 || (code.productId ?? 0) === 0 || code.productId === productId);
        const exact = discriminator !== undefined && (code.short ? sameProduct && discriminator >> 8 === code.discriminator >> 8 : discriminator === code.discriminator);
        this.#recorder.name("addresses", address);
        this.#recorder.name("devices", name);
        this.#emit({
            type: "candidateFound",
            // Of a named address nothing is known: whether it takes part is seen when it is asked.
            candidate: { id, name, vendorId, productId, discriminator: discriminator ?? 0, exact, open: device.open ?? (discriminator === undefined ? 1 : 0), address },
        });
    }

    // The agent.

    async #checkAgent(): Promise<void> {
        clearTimeout(this.#agentTimer);
        if (this.#agentState === undefined && this.#ways.agent !== undefined) this.#wire.tell("agent", "checking");
        const state = await this.#agentNow();
        clearTimeout(this.#agentTimer);
        // The others need a person: what they do is told by configure.
        if (state === "unreachable" && !this.#closed) this.#agentTimer = setTimeout(() => void this.#checkAgent().catch(error => this.#unforeseen(error)), agentAgainMs);
    }

    async #agentNow(): Promise<Availability> {
        const state = (await this.#ways.agent?.state()) ?? "none";
        if (state !== this.#agentState) this.#recorder.add({ what: "agent", state });
        this.#agentState = state;
        this.#wire.tell("agent", state);
        return state;
    }

    // All else.

    async #share(node: bigint, seconds: number | undefined): Promise<{ qr: string; manual: string; expiresAt: number }> {
        const { qr, manual, expiresAt } = await (this.#devices as Devices).share(hex64(node), seconds);
        return { qr, manual, expiresAt };
    }

    async #report(withNames: boolean): Promise<Report> {
        return this.#recorder.report(this.#ways, (await this.#home?.memory()) ?? 0, withNames);
    }

    async #close(): Promise<void> {
        this.#closed = true;
        clearTimeout(this.#agentTimer);
        await this.#cancel();
        this.#code = "";
        this.#devices?.end();
        await this.#home?.end();
    }

    #keeper(): HomeKeeper {
        if (this.#home === undefined) throw new Error("the room was not opened");
        return this.#home;
    }

    #emit(event: PageEvent): void {
        if (!this.#closed) this.#wire.tell("event", event);
    }

    #next(): number {
        return ++this.#lastNumber;
    }

    /** Whether an error is the core's death, which is told on its own. */
    #deadBy(error: unknown): boolean {
        if (!(error instanceof DeadError)) return false;
        this.#died(error);
        return true;
    }

    /** What was going on is lost; the code is not. The next effect starts another core. */
    #died(reason: DeadError): void {
        if (this.#home === undefined) return;
        this.#stopSearch();
        this.#devices?.end();
        this.#home.died();
        if (this.#death === reason) return;
        this.#death = reason;
        this.#recorder.add({ what: "died" });
        this.#emit({ type: "died", technical: reason.message });
    }

    /** A fault of ours. The Worker is as good as dead: better a new one. */
    #unforeseen(error: unknown): void {
        if (this.#deadBy(error)) return;
        this.#recorder.add({ what: "died" });
        this.#wire.tell("died", technicalOf(error));
    }
}

/** An agent that is not configured is not reachable, either. */
function agentProblem(state: Availability): string {
    return state === "blocked" || state === "token" ? `agent-${state}` : "agent-unreachable";
}
