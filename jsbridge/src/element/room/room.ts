/**
 * The window's side of the room in which the sessions run: a Worker. Setup codes and passwords go in and never come
 * back; keys never leave it. A Worker that dies is replaced by the next thing that is asked of the room.
 */
import { HostServer } from "./host.js";
import type { Report, RoomEffect, RoomOptions, RoomSettings, WireOptions, WireSettings, WorkerLike } from "./types.js";
import { Wire } from "./wire.js";
import { ClosedError } from "../../errors.js";
import type { Commissioned } from "../../commission/types.js";
import type { Availability, PageEvent } from "../protocol.js";
import type { TrustOptions } from "../../trust.js";

export type { HostParts, Report, ReportEntry, RoomEffect, RoomOptions, RoomSettings, WorkerLike } from "./types.js";

/** One Worker, while it lives. */
interface Lodger {
    readonly worker: WorkerLike;
    readonly wire: Wire;
    readonly server: HostServer;
    readonly listeners: readonly (readonly ["error" | "messageerror", (event: Event) => void])[];
}

/** How long a Worker may take to undo what it has begun, before it is ended anyway. */
const closingMs = 5000;

export class Room {
    /** What the Bluetooth device of the window sends. */
    readonly link: { received(message: Uint8Array): void; closed(reason: string): void };
    readonly #options: RoomOptions;
    #lodger: Lodger | undefined;
    #closed = false;

    constructor(options: RoomOptions) {
        this.#options = { ...options };
        this.link = {
            received: message => this.#lodger?.wire.tell("link.message", message),
            closed: reason => this.#lodger?.wire.tell("link.closed", reason),
        };
    }

    /** Does what the page program wants done; what comes of it are events. */
    effect(effect: RoomEffect): void {
        if (!this.#closed) this.#live().wire.tell("effect", effect);
    }

    /** Changes settings. A commissioning that is under way keeps those with which it began. */
    configure(change: Partial<RoomSettings>): void {
        Object.assign(this.#options, change);
        this.#lodger?.wire.tell("configure", wireSettings(this.#options));
    }

    /** Stops the commissioning that is under way and undoes it. */
    async cancel(): Promise<{ rolledBack: boolean }> {
        return this.#lodger === undefined ? { rolledBack: true } : this.#lodger.wire.call("cancel");
    }

    /** Opens a device's commissioning window for another app. Its end is told as `windowEnded`. */
    async share(node: bigint, seconds?: number): Promise<{ qr: string; manual: string; expiresAt: number }> {
        if (this.#closed) throw new ClosedError("the room was closed");
        return this.#live().wire.call("share", node, seconds);
    }

    /** What happened, without secrets; network names and addresses only when asked for. */
    async report(withNames: boolean): Promise<Report> {
        if (this.#closed) throw new ClosedError("the room was closed");
        return this.#live().wire.call("report", withNames);
    }

    /** Stops and undoes what is under way, then ends the Worker. Harmless when repeated. */
    async close(): Promise<void> {
        if (this.#closed) return;
        this.#closed = true;
        const lodger = this.#lodger;
        if (lodger === undefined) return;
        let timer: ReturnType<typeof setTimeout> | undefined;
        const enough = new Promise<void>(resolve => (timer = setTimeout(resolve, closingMs)));
        await Promise.race([lodger.wire.call("close").catch(() => {}), enough]);
        clearTimeout(timer);
        this.#leave(lodger, new ClosedError("the room was closed"));
    }

    /** The Worker, started if there is none. */
    #live(): Lodger {
        this.#lodger ??= this.#move();
        return this.#lodger;
    }

    #move(): Lodger {
        const options = this.#options;
        const worker = options.spawn?.() ?? new Worker(options.worker, { type: "module", name: "matter-session" });
        const died = (technical: string): void => this.#died(lodger, technical);
        const server = new HostServer(() => options);
        const wire = new Wire(worker, {
            ...server.handlers,
            event: (event: PageEvent) => options.onEvent(event),
            agent: (state: Availability) => options.onAgent?.(state),
            commissioned: (detail: Commissioned) => options.onCommissioned?.(detail),
            file: (name: string, octets: Uint8Array) => options.onFile?.(name, octets),
            died,
            // Only a window can ask.
            persist: () => void (globalThis.navigator as Partial<Navigator> | undefined)?.storage?.persist?.().catch(() => false),
            "link.open": () => options.link.open(),
            "link.send": (message: Uint8Array) => options.link.send(message),
            "link.close": () => options.link.close(),
        }, reportLoudly);
        server.wire = wire;
        const listeners = [
            ["error", (event: Event) => died(errorText(event))], ["messageerror", () => died("a message of the Worker could not be read")],
        ] as const;
        for (const [type, listener] of listeners) worker.addEventListener(type, listener);
        const lodger: Lodger = { worker, wire, server, listeners };
        wire.tell("open", wireOptions(options));
        return lodger;
    }

    #died(lodger: Lodger, technical: string): void {
        if (this.#lodger !== lodger) return;
        this.#leave(lodger, new ClosedError("the Worker has died"));
        if (!this.#closed) this.#options.onEvent({ type: "died", technical });
    }

    #leave(lodger: Lodger, reason: Error): void {
        if (this.#lodger === lodger) this.#lodger = undefined;
        lodger.wire.end(reason);
        lodger.server.end();
        for (const [type, listener] of lodger.listeners) lodger.worker.removeEventListener(type, listener);
        lodger.worker.terminate();
    }
}

/** A host's callback has thrown: its own affair, but not to be lost. */
function reportLoudly(error: unknown): void {
    if (typeof reportError === "function") reportError(error);
    else queueMicrotask(() => { throw error; });
}

function errorText(event: Event): string {
    const { message } = event as ErrorEvent;
    return typeof message === "string" && message !== "" ? message : "the Worker could not be started";
}

function wireOptions(options: RoomOptions): WireOptions {
    const { paa, test } = options.lists;
    // The Worker has another base.
    const whole = (url: string | URL): string => new URL(url, globalThis.location?.href).href;
    return {
        blob: whole(options.blob), lists: { paa: whole(paa), test: whole(test) }, database: options.database ?? "matter-session",
        versions: { ...options.versions }, settings: wireSettings(options),
    };
}

function wireSettings(options: RoomSettings): WireSettings {
    const { authority, transport, trust } = options;
    const { agent, agentToken, routes, fabricLabel, attestation, allowTestDevices } = options;
    return {
        agent, agentToken, routes: [...routes], fabricLabel, attestation, allowTestDevices,
        hasStorage: options.storage !== undefined, hasNetworks: options.networks !== undefined,
        transport: transport === undefined ? "none" : transport.discover === undefined ? "open" : "discover",
        authority: authority === undefined ? undefined : {
            fabricId: authority.fabricId, rootCertificate: authority.rootCertificate, adminNodeId: authority.adminNodeId, adminVendorId: authority.adminVendorId,
            ...(authority.label === undefined ? {} : { label: authority.label }),
        },
        trust: trust === undefined ? undefined : wireTrust(trust),
    };
}

/** A URL cannot be cloned. */
function wireTrust({ production, test }: TrustOptions): NonNullable<WireSettings["trust"]> {
    return { production: production instanceof URL ? production.href : production, test: test instanceof URL ? test.href : test };
}
