/** A room whose Worker is not one: both sides in one process, over a MessageChannel, with what a page would see of it. */
import type { HomeParts } from "#dist/element/room/home.js";
import { Room, type RoomEffect, type RoomOptions, type WorkerLike } from "#dist/element/room/room.js";
import { WorkerRoom } from "#dist/element/room/worker-room.js";
import type { Port } from "#dist/element/room/wire.js";
import type { Availability, PageEvent } from "#dist/element/protocol.js";
import { Core, type Commissioned } from "matter-session";
import { root } from "./vectors.js";

type Told<T extends PageEvent["type"]> = Extract<PageEvent, { type: T }>;

/** The other side of a room. */
export class FakeWorker implements WorkerLike {
    readonly #events = new EventTarget();
    readonly #channel = new MessageChannel();
    terminated = false;

    constructor(parts: HomeParts) {
        const { port1, port2 } = this.#channel;
        new WorkerRoom(port2 as unknown as Port, parts);
        port1.addEventListener("message", event => this.#events.dispatchEvent(new MessageEvent("message", { data: event.data })));
        port1.start();
        port2.start();
    }

    postMessage(message: unknown): void {
        this.#channel.port1.postMessage(message);
    }

    addEventListener(type: string, listener: (event: Event) => void): void {
        this.#events.addEventListener(type, listener);
    }

    removeEventListener(type: string, listener: (event: Event) => void): void {
        this.#events.removeEventListener(type, listener);
    }

    /** As a browser does when the Worker's program throws. */
    crash(message: string): void {
        this.#events.dispatchEvent(Object.assign(new Event("error"), { message }));
    }

    terminate(): void {
        this.terminated = true;
        this.#channel.port1.close();
    }
}

export interface PageOptions extends Partial<Omit<RoomOptions, "onEvent" | "onAgent" | "onFile" | "onCommissioned" | "spawn">> {
    parts?: Partial<HomeParts>;
}

/** No home of a browser's is here: tests that need one give it. */
function noHome(): never {
    throw new Error("there is no browser here");
}

/** A page around a room. */
export class Page {
    readonly room: Room;
    readonly events: PageEvent[] = [];
    readonly agent: Availability[] = [];
    readonly files: { name: string; octets: Uint8Array }[] = [];
    readonly commissioned: Commissioned[] = [];
    readonly workers: FakeWorker[] = [];
    #seen = 0;
    #wake: () => void = () => {};

    constructor({ parts = {}, ...options }: PageOptions = {}) {
        const all: HomeParts = {
            startCore: blob => Core.start(new URL(blob)), agent: noHome, exists: async () => false, open: noHome, import: noHome, forget: noHome, ...parts,
        };
        this.room = new Room({
            worker: "unused:", blob: new URL("dist/matter-session.wasm", root), lists: { paa: new URL("dist/paa.tlv", root), test: new URL("dist/paa-test.tlv", root) },
            routes: ["host"], attestation: "ask", allowTestDevices: true,
            link: { open: noHome, send() {}, close() {} },
            ...options,
            onEvent: event => {
                this.events.push(event);
                this.#wake();
            },
            onAgent: state => {
                this.agent.push(state);
                this.#wake();
            },
            onFile: (name, octets) => this.files.push({ name, octets }),
            onCommissioned: detail => this.commissioned.push(detail),
            spawn: () => {
                const worker = new FakeWorker(all);
                this.workers.push(worker);
                return worker;
            },
        });
    }

    do(...effects: RoomEffect[]): void {
        for (const effect of effects) this.room.effect(effect);
    }

    /** The next event of a type; those before it are passed over. Fails with what came instead. */
    async next<T extends PageEvent["type"]>(type: T, match: (event: Told<T>) => boolean = () => true, ms = 20_000): Promise<Told<T>> {
        const until = Date.now() + ms;
        for (;;) {
            for (; this.#seen < this.events.length; ) {
                const event = this.events[this.#seen++] as PageEvent;
                if (event.type === type && match(event as Told<T>)) return event as Told<T>;
                if (event.type === "failed" || event.type === "died") throw new Error(`waiting for ${type}: ${JSON.stringify(event)}`);
            }
            if (Date.now() > until) throw new Error(`no ${type} within ${ms} ms; there were ${this.events.map(event => event.type).join(" ")}`);
            await this.#change(until - Date.now());
        }
    }

    async agentIs(state: Availability): Promise<void> {
        for (const until = Date.now() + 10_000; this.agent.at(-1) !== state; ) {
            if (Date.now() > until) throw new Error(`the agent is ${this.agent.join(", ")}, not ${state}`);
            await this.#change(1000);
        }
    }

    close(): Promise<void> {
        return this.room.close();
    }

    async #change(ms: number): Promise<void> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        await new Promise<void>(resolve => {
            this.#wake = resolve;
            timer = setTimeout(resolve, Math.max(1, ms));
        });
        clearTimeout(timer);
    }
}

/** The forms in which something that was planted may have been written. */
export function forms(secret: string | Uint8Array): string[] {
    const octets = Buffer.from(secret as string);
    const hex = octets.toString("hex");
    // In base64 it depends on what stands before: three ways, without the characters that its neighbours share.
    const base64 = [0, 1, 2].map(before => Buffer.concat([Buffer.alloc(before), octets]).toString("base64").replace(/=+$/, "").slice(before === 0 ? 0 : before + 1, -1));
    const texts = [hex, hex.replace(/(..)(?=.)/g, "$1:"), [...octets].join(","), ...base64, ...base64.map(text => text.replace(/\+/g, "-").replace(/\//g, "_"))];
    if (typeof secret === "string") {
        texts.push(secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), [...secret].map(c => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));
        if (/^\d+$/.test(secret)) texts.push(Number(secret).toString(16));
    }
    return [...new Set(texts)];
}

/** Everything that can be read of a value, octets in several ways. */
export function flatten(value: unknown): string {
    const octets: string[] = [];
    const text = JSON.stringify(value, (_key, member: unknown) => {
        if (typeof member === "bigint") return `${member} ${member.toString(16)}`;
        if (member instanceof Uint8Array) {
            octets.push(Buffer.from(member).toString("hex"), Buffer.from(member).toString("latin1"));
            return "octets";
        }
        if (member instanceof Error) return { ...member, name: member.name, message: member.message, stack: member.stack, cause: member.cause };
        return member;
    });
    return [text, ...octets].join("\n");
}

