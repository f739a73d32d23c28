/** What the two sides of a room tell each other beside page events and effects. */
import type { Commissioned, CredentialStore, FabricAuthority, HostTransport, NetworkCredentials } from "../../commission/types.js";
import type { TrustOptions } from "../../trust.js";
import type { Availability, PageEffect, PageEvent, Route } from "../protocol.js";

/** What a host page brings, all of it optional. */
export interface HostParts {
    storage?: CredentialStore | undefined;
    authority?: FabricAuthority | undefined;
    networks?: NetworkCredentials | undefined;
    /** Without discover(), the device to be set up is opened as `{ id: "" }`. */
    transport?: HostTransport | undefined;
    trust?: TrustOptions | undefined;
}

/** What can change while a room is open. */
export interface RoomSettings extends HostParts {
    /** WebSocket URL of the agent; undefined: there is none. */
    agent?: string | undefined;
    agentToken?: string | undefined;
    routes: readonly Route[];
    fabricLabel?: string | undefined;
    attestation: "certified" | "ask";
    allowTestDevices: boolean;
}

export interface RoomOptions extends RoomSettings {
    worker: string | URL;
    blob: string | URL;
    /** The lists of product attestation authorities. */
    lists: { paa: string | URL; test: string | URL };
    /** Name of the IndexedDB. Default: "matter-session". */
    database?: string | undefined;
    /** What the report is to say of versions: names and versions, or hashes, of what runs. */
    versions?: Readonly<Record<string, string>>;
    /** The Bluetooth device that was picked in the window. */
    link: { open(): Promise<{ maxMessage: number }>; send(message: Uint8Array): void; close(): void };
    onEvent(event: PageEvent): void;
    /** Whether the agent can be used: the answer to `checkAgent`, and whenever it changes. */
    onAgent?(state: Availability): void;
    /** A device is in the fabric; the page event follows. */
    onCommissioned?(detail: Commissioned): void;
    /** A file for the person: the home's backup. */
    onFile?(name: string, octets: Uint8Array): void;
    /** Starts the Worker. Default: `new Worker(worker, { type: "module" })`. */
    spawn?(): WorkerLike;
}

/** What a room needs of a Worker. */
export interface WorkerLike {
    postMessage(message: unknown): void;
    addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
    removeEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
    terminate(): void;
}

/** An effect, and for `importHome` the file that was chosen before. */
export type RoomEffect = PageEffect & { file?: Uint8Array };

/** The settings as they cross: what cannot is only named, and asked for by call. */
export interface WireSettings {
    agent: string | undefined;
    agentToken: string | undefined;
    routes: readonly Route[];
    fabricLabel: string | undefined;
    attestation: "certified" | "ask";
    allowTestDevices: boolean;
    hasStorage: boolean;
    hasNetworks: boolean;
    transport: "none" | "open" | "discover";
    authority: { fabricId: bigint; rootCertificate: Uint8Array; adminNodeId: bigint; adminVendorId: number; label?: string } | undefined;
    trust: { production: Uint8Array | string | undefined; test: Uint8Array | string | boolean | undefined } | undefined;
}
export interface WireOptions {
    blob: string;
    lists: { paa: string; test: string };
    database: string;
    versions: Readonly<Record<string, string>>;
    settings: WireSettings;
}

/** "Save report": plain JSON. 64-bit numbers are hexadecimal texts, times are milliseconds since the report's begin. */
export interface Report {
    format: "matter-session report";
    version: 1;
    /** ISO 8601. */
    begun: string;
    saved: string;
    versions: Readonly<Record<string, string>>;
    browser: string;
    core: { memory: number; died: boolean };
    route?: Route;
    code?: { form: string; length: number };
    vendorId?: number;
    productId?: number;
    attestation?: { verdict: string; findings: readonly string[]; certificateId?: string };
    entries: readonly ReportEntry[];
    /** dropped: datagrams that the agent got and carried no further. */
    traffic: { sent: Traffic; received: Traffic; dropped: number };
    /** Only when asked for: network names, addresses, and texts that name them. */
    names?: { networks: readonly string[]; addresses: readonly string[]; devices: readonly string[]; messages: readonly string[] };
}
export interface Traffic {
    messages: number;
    octets: number;
    longest: number;
}
export type ReportEntry = { at: number } & (
    | { what: "attempt"; number: number; route: Route }
    | { what: "step"; step: string; stage: number; status: string; elapsedMs: number; expectedMs: number }
    | { what: "verdict"; verdict: string }
    | { what: "decision"; accepted: boolean }
    | { what: "network"; kind: string; scanned: number; problem?: string }
    | { what: "failed"; id: string; step: string; retry: string; status?: { name: string; value: number }; rolledBack?: boolean; waitMs?: number }
    | { what: "stopped"; rolledBack: boolean }
    | { what: "commissioned"; nodeId: string; fabricId: string }
    | { what: "agent"; state: string }
    | { what: "link"; state: "open" | "closed"; maxMessage?: number; reason?: string }
    | { what: "window"; state: "open" | "joined" | "closed" | "expired" | "failed" }
    | { what: "device"; action: string; problem?: string }
    | { what: "died" }
);
