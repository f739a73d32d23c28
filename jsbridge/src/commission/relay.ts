/**
 * The frames between a page and an agent: what the Go package web/transport/relay says in full, for
 * the page's side. One vector file is read by the tests of both.
 */
import { UnexpectedDataError } from "../errors.js";
import type { PeerAddress } from "./types.js";

export const subprotocol = "matter-session.relay.1";
export const tokenSubprotocol = "matter-session.token.";

/** Why the agent closed the WebSocket. */
export const closeCodes = { stopping: 1001, malformed: 4400, token: 4401, attempts: 4429, full: 4503 } as const;

export const maxDatagram = 1280;

export type RelayQuery =
    | { kind: "long" | "short"; discriminator: number }
    | { kind: "operational"; instance: string }
    | { kind: "commissionable" };

/** Why a channel or a search ended, by number. */
export const reasons = ["", "by-page", "refused", "unknown", "full", "unreachable", "failed"] as const;
export type Reason = Exclude<(typeof reasons)[number], "">;
/** Why a datagram went no further, by number. */
export const causes = ["", "shape", "rate", "slow", "unsent"] as const;
export type Cause = Exclude<(typeof causes)[number], "">;

/** The numbers that a node tells about itself, in the order of their bits, with what Matter allows at most. */
const numbers = [
    ["discriminator", 0xfff], ["vendorId", 0xffff], ["productId", 0xffff], ["open", 3], ["deviceType", 0xffffffff], ["pairingHint", 0xffffffff],
    ["idleIntervalMs", 3_600_000], ["activeIntervalMs", 3_600_000], ["activeThresholdMs", 0xffff], ["icd", 1],
] as const;

export interface RelayNode extends Partial<Record<(typeof numbers)[number][0], number>> {
    peer: { host: string; port: number; zone?: string };
    instance: string;
    name?: string;
    pairingInstruction?: string;
}

export type PageFrame =
    | { kind: "open"; channel: number; peer: PeerAddress }
    | { kind: "close"; channel: number }
    | { kind: "datagram"; channel: number; octets: Uint8Array }
    | { kind: "search"; search: number; query: RelayQuery }
    | { kind: "stop"; search: number };

export type AgentFrame =
    | { kind: "hello"; channels: number; searches: number; version: string }
    | { kind: "opened"; channel: number }
    | { kind: "closed"; channel: number; reason: Reason }
    | { kind: "datagram"; channel: number; octets: Uint8Array }
    | { kind: "dropped"; channel: number; cause: Cause; count: number }
    | { kind: "found"; search: number; node: RelayNode }
    | { kind: "stopped"; search: number; reason: Reason };

const encoder = new TextEncoder();

/** Whether a peer can stand in a frame: an address, not a host's name, or the name of a service's instance. */
export function isPeer(peer: PeerAddress): boolean {
    if ("id" in peer) return plain(peer.id, 1, 63);
    return isHost(peer.host) && Number.isInteger(peer.port) && peer.port >= 1 && peer.port <= 0xffff && plain(peer.zone ?? "", 0, 64);
}

/** Likewise. */
export function isQuery(query: RelayQuery): boolean {
    if ("instance" in query) return /^[0-9a-f]{16}-[0-9a-f]{16}$/i.test(query.instance);
    if (!("discriminator" in query)) return true;
    return Number.isInteger(query.discriminator) && query.discriminator >= 0 && query.discriminator <= (query.kind === "long" ? 0xfff : 0xf);
}

function isHost(text: string): boolean {
    return /^[0-9a-f.:]{2,45}$/i.test(text);
}

/** Others wrote it, and it goes to people's screens. */
function plain(text: string, least: number, greatest: number): boolean {
    const { length } = encoder.encode(text);
    return length >= least && length <= greatest && !/[\u0000-\u001f\u007f-\u009f]/.test(text);
}

const queries = { long: 1, short: 2, operational: 3, commissionable: 4 } as const;

/** Encodes a frame of the page; a datagram is copied. The agent hangs up at what {@link isPeer} and {@link isQuery} do not let through. */
export function encodeFrame(frame: PageFrame): Uint8Array<ArrayBuffer> {
    const out = new Writer();
    switch (frame.kind) {
        case "open":
            out.uint8(2).uint16(frame.channel);
            if ("id" in frame.peer) out.uint8(2).text(frame.peer.id);
            else out.uint8(1).text(frame.peer.host).uint16(frame.peer.port).text(frame.peer.zone ?? "");
            break;
        case "close":
            out.uint8(4).uint16(frame.channel);
            break;
        case "datagram":
            out.uint8(6).uint16(frame.channel).octets(frame.octets);
            break;
        case "search":
            out.uint8(8).uint16(frame.search).uint8(queries[frame.query.kind]);
            if ("discriminator" in frame.query) out.uint16(frame.query.discriminator);
            if ("instance" in frame.query) out.octets(encoder.encode(frame.query.instance));
            break;
        case "stop":
            out.uint8(10).uint16(frame.search);
            break;
    }
    return out.done();
}

/**
 * Decodes a frame of the agent. A datagram's octets alias the argument.
 *
 * @throws {@link UnexpectedDataError} if it is malformed: then this is no agent that we know
 */
export function decodeFrame(octets: Uint8Array): AgentFrame {
    const input = new Reader(octets);
    const frame = decode(input);
    input.end();
    return frame;
}

function decode(input: Reader): AgentFrame {
    switch (input.uint8()) {
        case 1:
            return { kind: "hello", channels: input.uint16(), searches: input.uint16(), version: input.text(0, 32) };
        case 3:
            return { kind: "opened", channel: input.uint16() };
        case 5:
            return { kind: "closed", channel: input.uint16(), reason: input.named(reasons) };
        case 6:
            return { kind: "datagram", channel: input.uint16(), octets: input.rest(1, maxDatagram) };
        case 7:
            return { kind: "dropped", channel: input.uint16(), cause: input.named(causes), count: input.uint32() };
        case 9:
            return { kind: "found", search: input.uint16(), node: decodeNode(input) };
        case 11:
            return { kind: "stopped", search: input.uint16(), reason: input.named(reasons) };
        default:
            throw new UnexpectedDataError("the agent sent a frame of no known kind");
    }
}

function decodeNode(input: Reader): RelayNode {
    const host = input.text(2, 45);
    const port = input.uint16();
    const zone = input.text(0, 64);
    if (!isHost(host) || port === 0) malformed();
    const node: RelayNode = { peer: zone === "" ? { host, port } : { host, port, zone }, instance: input.text(1, 63) };
    const name = input.text(0, 32);
    const pairingInstruction = input.text(0, 128);
    if (name !== "") node.name = name;
    if (pairingInstruction !== "") node.pairingInstruction = pairingInstruction;
    const known = input.uint16();
    if (known >> numbers.length !== 0) malformed();
    for (const [bit, [key, max]] of numbers.entries()) {
        if ((known & (1 << bit)) === 0) continue;
        const value = input.uint32();
        if (value > max) malformed();
        node[key] = value;
    }
    return node;
}

function malformed(): never {
    throw new UnexpectedDataError("the agent sent a malformed frame");
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Writer {
    #octets = new Uint8Array(1400);
    #length = 0;

    uint8(value: number): this {
        return this.octets(Uint8Array.of(value));
    }

    uint16(value: number): this {
        return this.octets(Uint8Array.of(value, value >> 8));
    }

    /** With its length before it. */
    text(value: string): this {
        const octets = encoder.encode(value);
        return this.uint8(octets.length).octets(octets);
    }

    octets(octets: Uint8Array): this {
        this.#octets.set(octets, this.#length);
        this.#length += octets.length;
        return this;
    }

    done(): Uint8Array<ArrayBuffer> {
        return this.#octets.slice(0, this.#length);
    }
}

class Reader {
    readonly #octets: Uint8Array;
    #at = 0;

    constructor(octets: Uint8Array) {
        this.#octets = octets;
    }

    uint8(): number {
        return this.#octets[this.#at++] ?? malformed();
    }

    uint16(): number {
        return this.uint8() | (this.uint8() << 8);
    }

    uint32(): number {
        return this.uint16() + this.uint16() * 0x10000;
    }

    named<T extends string>(names: readonly ["", ...T[]]): T {
        const value = this.uint8();
        const name = names[value];
        return name === undefined || name === "" ? malformed() : (name as T);
    }

    text(least: number, greatest: number): string {
        const length = this.uint8();
        if (length < least || length > greatest) malformed();
        let text: string;
        try {
            text = decoder.decode(this.#take(length));
        } catch (cause) {
            throw new UnexpectedDataError("the agent sent a malformed frame", { cause });
        }
        return plain(text, least, greatest) ? text : malformed();
    }

    rest(least: number, greatest: number): Uint8Array {
        const length = this.#octets.length - this.#at;
        return length < least || length > greatest ? malformed() : this.#take(length);
    }

    end(): void {
        if (this.#at !== this.#octets.length) malformed();
    }

    #take(length: number): Uint8Array {
        if (this.#at + length > this.#octets.length) malformed();
        return this.#octets.subarray(this.#at, (this.#at += length));
    }
}
