/**
 * What the core can be asked, and what it tells: numbers, names and members, as wasm/README.md has
 * them. Structures cross as TLV; this file is their only description on this side.
 */
import { ImplementationError } from "./errors.js";
import {
    arrayOf, bool, encodeAs, field, id64, int16, octets, optional, raw, struct, text, uint16, uint32, uint64, uint8, type Schema,
} from "./schema.js";
import { parse, serialize, type TlvElement } from "./tlv.js";

/** A member that may be absent, as a type. */
type Maybe<T> = { [K in keyof T]?: T[K] | undefined };

export interface FabricInfo {
    fabricIndex: number;
    fabricId: bigint;
    adminNodeId: bigint;
    compressedId: Uint8Array;
}
export type Timing = Maybe<{ idleMs: number; activeMs: number; thresholdMs: number }>;
export type AttributePath = Maybe<{ endpoint: number; cluster: number; attribute: number }>;
export type EventPath = Maybe<{ endpoint: number; cluster: number; event: number }>;
export type ReadRequest = { session: number } & Maybe<{
    attributes: readonly AttributePath[];
    events: readonly EventPath[];
    fabricFiltered: boolean;
    eventMin: bigint;
    patienceMs: number;
}>;
export interface WriteItem {
    endpoint: number;
    cluster: number;
    attribute: number;
    value: TlvElement;
    dataVersion?: number | undefined;
}
export interface InvokeItem {
    endpoint: number;
    cluster: number;
    command: number;
    fields?: TlvElement | undefined;
}
export interface ParsedCode {
    /** 1 QR, 2 manual. */
    form: number;
    vendorId?: number | undefined;
    productId?: number | undefined;
    flow?: number | undefined;
    /** Bits: 0 SoftAP, 1 Bluetooth, 2 IP network, 3 Wi-Fi aware, 4 NFC, 5 Thread. */
    discovery?: number | undefined;
    discriminator: number;
    /** True when only the upper four bits of the discriminator are known. */
    short: boolean;
    passcode: number;
    tlv?: Uint8Array | undefined;
}
export interface SessionInfo {
    session: number;
    peerSession: number;
    /** 1 PASE, 2 CASE. */
    kind: number;
    initiator: boolean;
    resumed: boolean;
    fabricIndex?: number | undefined;
    localNode?: bigint | undefined;
    peerNode?: bigint | undefined;
    peer: number;
    attestationChallenge: Uint8Array;
}
type Id = { id: number };
/** A question of a commissioning and its answer carry the same number. */
type Question = Id & { request: number };
type CommissionRequest = { fabricIndex: number; code: string } & Timing & Maybe<{
    peer: number;
    place: number;
    country: string;
    certifiedOnly: boolean;
    network: number;
    nodeId: bigint;
    device: number;
    termsVersion: number;
    termsAccepted: number;
    link: number;
}>;

/** Operation → [request, result]. */
export interface Operations {
    createAuthority: [Maybe<{ label: string; withIcac: boolean; adminVendorId: number; nodeId: bigint; fabricId: bigint }>, FabricInfo & { authority: Uint8Array }];
    openAuthority: [{ authority: Uint8Array }, FabricInfo];
    openExternal: [{ rootCertificate: Uint8Array; noc: Uint8Array; icac?: Uint8Array | undefined; ipk: Uint8Array; adminVendorId: number; label?: string | undefined }, FabricInfo];
    addResumption: [{ record: Uint8Array }, void];
    setTrust: [Maybe<{ production: Uint8Array; test: Uint8Array }>, void];
    setUtc: [{ seconds: number }, void];
    setStream: [{ peer: number; stream: boolean }, void];
    removeFabric: [{ fabricIndex: number }, void];
    commission: [CommissionRequest, Id];
    connect: [{ fabricIndex: number; nodeId: bigint; peer: number } & Timing & Maybe<{ full: boolean; link: number }>, Id];
    pase: [{ peer: number; passcode: number } & Timing & Maybe<{ link: number }>, Id];
    cancel: [Id, void];
    read: [ReadRequest, Id];
    write: [{ session: number; items: readonly WriteItem[] } & Maybe<{ timedMs: number; patienceMs: number }>, Id];
    invoke: [{ session: number; items: readonly InvokeItem[] } & Maybe<{ timedMs: number; patienceMs: number }>, Id];
    subscribe: [ReadRequest & { minFloorS: number; maxCeilingS: number; keep?: boolean | undefined }, Id];
    closeSession: [{ session: number }, void];
    /** By passcode, which takes as long as iterations say, or by its verifier: w0 ‖ L, 97 octets. */
    openPase: [{ iterations: number; salt: Uint8Array } & Maybe<{ passcode: number; verifier: Uint8Array }>, void];
    closePase: [object, void];
    sessionInfo: [{ session: number }, SessionInfo];
    parseCode: [{ text: string }, { codes: readonly ParsedCode[] }];
    makeCode: [{ vendorId: number; productId: number; flow: number; discovery: number; discriminator: number; passcode: number }, { qr: string; manual: string }];
    discovered: [Question & { peer: number } & Timing & Maybe<{ discriminator: number; vendorId: number; productId: number; link: number }>, void];
    discoveryEnded: [Question & Maybe<{ message: string }>, void];
    attestationDecision: [Question & { accept: boolean }, void];
    networkChoice: [Question & Maybe<{ ssid: Uint8Array; password: Uint8Array; dataset: Uint8Array }>, void];
    issued: [Question & Maybe<{ noc: Uint8Array; icac: Uint8Array; error: string }>, void];
    channelLost: [{ peer: number }, void];
    workAnswer: [{ work: number } & Maybe<{ result: Uint8Array; error: string }>, void];
    /** utc: now, in seconds since 2000. */
    prepareRoot: [{ publicKey: Uint8Array } & Maybe<{ utc: number }>, PreparedCertificate];
    /** Of csr and publicKey, one. */
    prepareNoc: [{ rootCertificate: Uint8Array; fabricId: bigint; nodeId: bigint } & Maybe<{ csr: Uint8Array; publicKey: Uint8Array; utc: number }>, PreparedCertificate];
    /** signature: of tbs, r‖s; it is checked. Without a root certificate it is to be a root itself. The result is Matter TLV. */
    finishCertificate: [{ pending: Uint8Array; signature: Uint8Array } & Maybe<{ rootCertificate: Uint8Array }>, { certificate: Uint8Array }];
}

/** A certificate that lacks its signature. */
export interface PreparedCertificate {
    /** To be signed by the root's key: ECDSA P-256 with SHA-256. */
    tbs: Uint8Array;
    /** For finishCertificate. */
    pending: Uint8Array;
}

/** Operations that need no instance. */
export type FreeOperation = "parseCode" | "makeCode" | "prepareRoot" | "prepareNoc" | "finishCertificate";

interface Operation<Request, Result> {
    readonly number: number;
    readonly request: Schema<Request>;
    readonly result?: Schema<Result>;
}

const timing = (tag: number) => ({ idleMs: optional(tag, uint32), activeMs: optional(tag + 1, uint32), thresholdMs: optional(tag + 2, uint32) });
const fabricInfo = { fabricIndex: field(1, uint8), fabricId: field(2, id64), adminNodeId: field(3, id64), compressedId: field(4, octets(8, 8)) };
const idOnly: Schema<Id> = struct({ id: field(1, uint32) });
const question = { id: field(1, uint32), request: field(15, uint32) };
const attributePath: Schema<AttributePath> = struct({ endpoint: optional(0, uint16), cluster: optional(1, uint32), attribute: optional(2, uint32) });
const eventPath: Schema<EventPath> = struct({ endpoint: optional(0, uint16), cluster: optional(1, uint32), event: optional(2, uint32) });
const reading = {
    session: field(1, uint32), attributes: optional(2, arrayOf(attributePath)), events: optional(3, arrayOf(eventPath)),
    fabricFiltered: optional(4, bool), eventMin: optional(5, uint64), patienceMs: optional(6, uint32),
};
const patience = { timedMs: optional(5, uint16), patienceMs: optional(6, uint32) };

const prepared: Schema<PreparedCertificate> = struct({ tbs: field(1, octets()), pending: field(2, octets()) });

export const operations: { readonly [K in keyof Operations]: Operation<Operations[K][0], Operations[K][1]> } = {
    createAuthority: {
        number: 1,
        request: struct({
            label: optional(1, text(32)), withIcac: optional(2, bool), adminVendorId: optional(3, uint16), nodeId: optional(6, id64), fabricId: optional(7, id64),
        }),
        result: struct({ ...fabricInfo, authority: field(5, octets()) }),
    },
    openAuthority: { number: 2, request: struct({ authority: field(1, octets()) }), result: struct(fabricInfo) },
    openExternal: {
        number: 3,
        request: struct({
            rootCertificate: field(1, octets()), noc: field(2, octets()), icac: optional(3, octets()), ipk: field(4, octets(16, 16)), adminVendorId: field(5, uint16),
            label: optional(6, text(32)),
        }),
        result: struct(fabricInfo),
    },
    addResumption: { number: 4, request: struct({ record: field(1, octets()) }) },
    setTrust: { number: 5, request: struct({ production: optional(1, octets(0, 130_000)), test: optional(2, octets(0, 130_000)) }) },
    setUtc: { number: 6, request: struct({ seconds: field(1, uint32) }) },
    setStream: { number: 7, request: struct({ peer: field(1, uint32), stream: field(2, bool) }) },
    removeFabric: { number: 8, request: struct({ fabricIndex: field(1, uint8) }) },
    commission: {
        number: 16,
        request: struct<CommissionRequest>({
            fabricIndex: field(1, uint8), code: field(2, text()), peer: optional(3, uint32), ...timing(4), place: optional(7, uint8), country: optional(8, text(2)),
            certifiedOnly: optional(10, bool), network: optional(14, uint8), nodeId: optional(15, id64), device: optional(17, uint8), termsVersion: optional(18, uint16),
            termsAccepted: optional(19, uint16), link: optional(20, uint8),
        }),
        result: idOnly,
    },
    connect: {
        number: 17,
        request: struct({ fabricIndex: field(1, uint8), nodeId: field(2, id64), peer: field(3, uint32), ...timing(4), full: optional(7, bool), link: optional(8, uint8) }),
        result: idOnly,
    },
    pase: { number: 18, request: struct({ peer: field(1, uint32), passcode: field(2, uint32), ...timing(4), link: optional(8, uint8) }), result: idOnly },
    cancel: { number: 19, request: idOnly },
    read: { number: 20, request: struct<ReadRequest>(reading), result: idOnly },
    write: {
        number: 21,
        request: struct({
            session: field(1, uint32),
            items: field(2, arrayOf(struct<WriteItem>({
                endpoint: field(0, uint16), cluster: field(1, uint32), attribute: field(2, uint32), value: field(3, raw), dataVersion: optional(4, uint32),
            }))),
            ...patience,
        }),
        result: idOnly,
    },
    invoke: {
        number: 22,
        request: struct({
            session: field(1, uint32),
            items: field(2, arrayOf(struct<InvokeItem>({ endpoint: field(0, uint16), cluster: field(1, uint32), command: field(2, uint32), fields: optional(3, raw) }))),
            ...patience,
        }),
        result: idOnly,
    },
    subscribe: {
        number: 23,
        request: struct({ ...reading, minFloorS: field(7, uint16), maxCeilingS: field(8, uint16), keep: optional(9, bool) }),
        result: idOnly,
    },
    closeSession: { number: 24, request: struct({ session: field(1, uint32) }) },
    openPase: { number: 25, request: struct({ passcode: optional(1, uint32), iterations: field(2, uint32), salt: field(3, octets(16, 32)), verifier: optional(4, octets(97, 97)) }) },
    closePase: { number: 26, request: struct({}) },
    sessionInfo: {
        number: 27,
        request: struct({ session: field(1, uint32) }),
        result: struct<SessionInfo>({
            session: field(1, uint32), peerSession: field(2, uint32), kind: field(3, uint8), initiator: field(4, bool), resumed: field(5, bool),
            fabricIndex: optional(6, uint8), localNode: optional(7, id64), peerNode: optional(8, id64), peer: field(9, uint32), attestationChallenge: field(10, octets(16, 16)),
        }),
    },
    parseCode: {
        number: 30,
        request: struct({ text: field(1, text()) }),
        result: struct({
            codes: field(1, arrayOf(struct<ParsedCode>({
                form: field(0, uint8), vendorId: optional(1, uint16), productId: optional(2, uint16), flow: optional(3, uint8), discovery: optional(4, uint8),
                discriminator: field(5, uint16), short: field(6, bool), passcode: field(7, uint32), tlv: optional(8, octets()),
            }))),
        }),
    },
    makeCode: {
        number: 31,
        request: struct({
            vendorId: field(1, uint16), productId: field(2, uint16), flow: field(3, uint8), discovery: field(4, uint8), discriminator: field(5, uint16), passcode: field(6, uint32),
        }),
        result: struct({ qr: field(1, text()), manual: field(2, text()) }),
    },
    discovered: {
        number: 32,
        request: struct({
            ...question, peer: field(2, uint32), discriminator: optional(3, uint16), vendorId: optional(4, uint16), productId: optional(5, uint16), ...timing(7), link: optional(10, uint8),
        }),
    },
    discoveryEnded: { number: 33, request: struct({ ...question, message: optional(2, text()) }) },
    attestationDecision: { number: 34, request: struct({ ...question, accept: field(2, bool) }) },
    networkChoice: { number: 35, request: struct({ ...question, ssid: optional(2, octets(0, 32)), password: optional(3, octets(0, 64)), dataset: optional(4, octets(0, 254)) }) },
    issued: { number: 36, request: struct({ ...question, noc: optional(2, octets()), icac: optional(3, octets()), error: optional(4, text()) }) },
    channelLost: { number: 37, request: struct({ peer: field(1, uint32) }) },
    workAnswer: { number: 38, request: struct({ work: field(1, uint32), result: optional(2, octets()), error: optional(3, text()) }) },
    prepareRoot: { number: 40, request: struct({ publicKey: field(1, octets(65, 65)), utc: optional(2, uint32) }), result: prepared },
    prepareNoc: {
        number: 41,
        request: struct({
            rootCertificate: field(1, octets()), csr: optional(2, octets()), publicKey: optional(3, octets(65, 65)), fabricId: field(4, id64), nodeId: field(5, id64), utc: optional(6, uint32),
        }),
        result: prepared,
    },
    finishCertificate: {
        number: 42,
        request: struct({ pending: field(1, octets()), signature: field(2, octets(64, 64)), rootCertificate: optional(3, octets()) }),
        result: struct({ certificate: field(1, octets()) }),
    },
};

export interface AttributeReport {
    endpoint: number;
    cluster: number;
    attribute: number;
    dataVersion?: number | undefined;
    value?: TlvElement | undefined;
    status?: number | undefined;
    clusterStatus?: number | undefined;
}
export interface EventReport {
    endpoint: number;
    cluster: number;
    event: number;
    number?: bigint | undefined;
    priority?: number | undefined;
    epochMs?: bigint | undefined;
    systemMs?: bigint | undefined;
    data?: TlvElement | undefined;
    status?: number | undefined;
    clusterStatus?: number | undefined;
}
export interface WriteStatus {
    endpoint: number;
    cluster: number;
    attribute: number;
    status: number;
    clusterStatus?: number | undefined;
}
export interface InvokeResult {
    endpoint: number;
    cluster: number;
    command: number;
    data?: TlvElement | undefined;
    status?: number | undefined;
    clusterStatus?: number | undefined;
}
type Status = Maybe<{ statusName: string; statusValue: number }>;

/** Event → members. */
export interface Events {
    step: Id & { step: string; status: string; elapsedMs: number; expectedMs?: number | undefined; stage: number; failSafeMs?: number | undefined };
    discover: Question & Maybe<{ discriminator: number; short: boolean; vendorId: number; productId: number; operational: string }>;
    stopDiscovery: Question;
    /** request 0: for information, nobody waits for a decision. */
    attestation: Question & { verdict: string; findings: readonly { id: string; sentence: string }[] } & Maybe<{ vendorId: number; productId: number; certificateId: string }>;
    network: Question & { networkKind: string; scanned: readonly Scanned[] } & Maybe<{ problem: string; deviceStatus: string }>;
    issue: Question & { csr: Uint8Array; nodeId: bigint; publicKey: Uint8Array };
    commissioned: Id & {
        nodeId: bigint; fabricIndex: number; vendorId: number; productId: number; name?: string | undefined; session: number; peer: number;
    };
    commissionFailed: Id & Status & { code: string; step: string; retry: string; waitMs?: number | undefined; message: string; rolledBack: boolean };
    /** Without the rest when it is gone again already: its end follows. */
    session: Id & { session: number } & Maybe<{ kind: number; resumed: boolean; node: bigint; fabricIndex: number; peer: number }>;
    failed: Id & Status & { code: number; message: string };
    report: Id & { attributes?: readonly AttributeReport[] | undefined; events?: readonly EventReport[] | undefined; last: boolean };
    writeDone: Id & { statuses: readonly WriteStatus[] };
    invokeDone: Id & { results: readonly InvokeResult[] };
    subscribed: Id & { subscriptionId: number; maxIntervalS: number };
    subscriptionLost: Id & { code: number; message: string };
    sessionClosed: { session: number; code: number; message: string };
    work: { work: number; kind: number } & Maybe<{ fabricIndex: number; key: number; data: Uint8Array; salt: Uint8Array; iterations: number }>;
    resumption: { record: Uint8Array; fabricIndex: number; nodeId: bigint };
    paseClosed: object;
}
export interface Scanned {
    name: Uint8Array;
    rssi?: number | undefined;
    security?: number | undefined;
    channel?: number | undefined;
    extendedPanId?: bigint | undefined;
}

/** One event, told apart by its type. */
export type CoreEvent = { [K in keyof Events]: { readonly type: K } & Events[K] }[keyof Events];

const status = { statusName: optional(5, text()), statusValue: optional(6, uint32) };

const events: { readonly [K in keyof Events]: { readonly number: number; readonly schema: Schema<Events[K]> } } = {
    step: {
        number: 1,
        schema: struct({ id: field(1, uint32), step: field(2, text()), status: field(3, text()), elapsedMs: field(4, uint32), expectedMs: optional(5, uint32), stage: field(6, uint8), failSafeMs: optional(7, uint32) }),
    },
    discover: {
        number: 2,
        schema: struct({
            ...question, discriminator: optional(2, uint16), short: optional(3, bool), vendorId: optional(4, uint16), productId: optional(5, uint16), operational: optional(6, text()),
        }),
    },
    stopDiscovery: { number: 3, schema: struct(question) },
    attestation: {
        number: 4,
        schema: struct({
            ...question, verdict: field(2, text()), findings: field(3, arrayOf(struct<{ id: string; sentence: string }>({ id: field(0, text()), sentence: field(1, text()) }))),
            vendorId: optional(4, uint16), productId: optional(5, uint16), certificateId: optional(6, text()),
        }),
    },
    network: {
        number: 5,
        schema: struct({
            ...question, networkKind: field(2, text()),
            scanned: field(3, arrayOf(struct<Scanned>({
                name: field(0, octets(0, 32)), rssi: optional(1, int16), security: optional(2, uint8), channel: optional(3, uint16), extendedPanId: optional(4, id64),
            }))),
            problem: optional(4, text()),
            deviceStatus: optional(5, text()),
        }),
    },
    issue: { number: 6, schema: struct({ ...question, csr: field(2, octets()), nodeId: field(3, id64), publicKey: field(4, octets(65, 65)) }) },
    commissioned: {
        number: 7,
        schema: struct({
            id: field(1, uint32), nodeId: field(2, id64), fabricIndex: field(3, uint8), vendorId: field(4, uint16), productId: field(5, uint16), name: optional(6, text()),
            session: field(8, uint32), peer: field(9, uint32),
        }),
    },
    commissionFailed: {
        number: 8,
        schema: struct({
            id: field(1, uint32), code: field(2, text()), step: field(3, text()), retry: field(4, text()), ...status, waitMs: optional(7, uint32), message: field(8, text()),
            rolledBack: field(9, bool),
        }),
    },
    session: {
        number: 9,
        schema: struct({
            id: field(1, uint32), session: field(2, uint32), kind: optional(3, uint8), resumed: optional(4, bool), node: optional(5, id64), fabricIndex: optional(6, uint8),
            peer: optional(7, uint32),
        }),
    },
    failed: { number: 10, schema: struct({ id: field(1, uint32), code: field(2, uint16), message: field(3, text()), statusName: optional(4, text()), statusValue: optional(5, uint32) }) },
    report: {
        number: 11,
        schema: struct({
            id: field(1, uint32),
            attributes: optional(2, arrayOf(struct<AttributeReport>({
                endpoint: field(0, uint16), cluster: field(1, uint32), attribute: field(2, uint32), dataVersion: optional(3, uint32), value: optional(4, raw),
                status: optional(5, uint8), clusterStatus: optional(6, uint8),
            }))),
            events: optional(3, arrayOf(struct<EventReport>({
                endpoint: field(0, uint16), cluster: field(1, uint32), event: field(2, uint32), number: optional(3, uint64), priority: optional(4, uint8), epochMs: optional(5, uint64),
                systemMs: optional(6, uint64), data: optional(7, raw), status: optional(8, uint8), clusterStatus: optional(9, uint8),
            }))),
            last: field(4, bool),
        }),
    },
    writeDone: {
        number: 12,
        schema: struct({
            id: field(1, uint32),
            statuses: field(2, arrayOf(struct<WriteStatus>({
                endpoint: field(0, uint16), cluster: field(1, uint32), attribute: field(2, uint32), status: field(5, uint8), clusterStatus: optional(6, uint8),
            }))),
        }),
    },
    invokeDone: {
        number: 13,
        schema: struct({
            id: field(1, uint32),
            results: field(2, arrayOf(struct<InvokeResult>({
                endpoint: field(0, uint16), cluster: field(1, uint32), command: field(2, uint32), data: optional(4, raw), status: optional(5, uint8), clusterStatus: optional(6, uint8),
            }))),
        }),
    },
    subscribed: { number: 14, schema: struct({ id: field(1, uint32), subscriptionId: field(2, uint32), maxIntervalS: field(3, uint16) }) },
    subscriptionLost: { number: 15, schema: struct({ id: field(1, uint32), code: field(2, uint16), message: field(3, text()) }) },
    sessionClosed: { number: 16, schema: struct({ session: field(1, uint32), code: field(2, uint16), message: field(3, text()) }) },
    work: {
        number: 17,
        schema: struct({
            work: field(1, uint32), kind: field(2, uint8), fabricIndex: optional(3, uint8), key: optional(4, uint32), data: optional(5, octets()), salt: optional(6, octets()),
            iterations: optional(7, uint32),
        }),
    },
    resumption: { number: 18, schema: struct({ record: field(1, octets()), fabricIndex: field(2, uint8), nodeId: field(3, id64) }) },
    paseClosed: { number: 22, schema: struct({}) },
};
const eventByNumber = new Map(Object.entries(events).map(([type, entry]) => [entry.number, { type, schema: entry.schema as Schema<object> }]));

/** The octets of a request: its members, and its operation's number under tag 0. */
export function writeRequest<K extends keyof Operations>(operation: K, request: Operations[K][0]): Uint8Array {
    const { number, request: schema } = operations[operation];
    const element = (schema as Schema<object>).toElement(request, "", operation) as Extract<TlvElement, { type: "structure" | "array" | "list" }>;
    return serialize({ ...element, value: [{ tag: "0", type: "uint", value: number }, ...element.value] });
}

/** An event from its octets. */
export function readEvent(octets: Uint8Array): CoreEvent {
    const element = parse(octets);
    const number = element.type === "structure" ? element.value.find(member => member.tag === "0")?.value : undefined;
    const entry = eventByNumber.get(number as number);
    if (entry === undefined) throw new ImplementationError(`the core gave the unknown event ${String(number)}`);
    return { type: entry.type, ...entry.schema.fromElement(element, entry.type) } as CoreEvent;
}

/**
 * The operation that an event belongs to, also of one that {@link readEvent} refuses: its ID is the second member, after
 * the event's number. Undefined for events of no operation.
 */
export function idOfEvent(octets: Uint8Array): number | undefined {
    // An anonymous structure, then two unsigned integers with context tags 0 and 1.
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    let at = 1;
    const uint = (tag: number): number | undefined => {
        const size = [1, 2, 4][(octets[at] ?? 0) - 0x24];
        if (size === undefined || octets[at + 1] !== tag || at + 2 + size > octets.length) return undefined;
        at += 2 + size;
        return size === 1 ? view.getUint8(at - 1) : size === 2 ? view.getUint16(at - 2, true) : view.getUint32(at - 4, true);
    };
    if (octets[0] !== 0x15) return undefined;
    const type = eventByNumber.get(uint(0) ?? -1)?.type;
    return type === "sessionClosed" || type === "work" || type === "resumption" ? undefined : uint(1);
}

/** What a core is opened with. */
export interface CoreConfig {
    /** Our own timing, told to peers: at most an hour, an hour, 65,535 ms. */
    idleMs?: number | undefined;
    activeMs?: number | undefined;
    thresholdMs?: number | undefined;
    /** Work that the host does instead of the core, bits: 0 sign, 1 ECDH, 2 PBKDF2. */
    delegate?: number | undefined;
    maxSessions?: number | undefined;
    /** Added to every retransmission interval: the round trip to an agent in between. */
    extraDelayMs?: number | undefined;
}
const config: Schema<CoreConfig> = struct({
    idleMs: optional(1, uint32), activeMs: optional(2, uint32), thresholdMs: optional(3, uint32), delegate: optional(4, uint8), maxSessions: optional(5, uint16),
    extraDelayMs: optional(6, uint32),
});

/** The octets of a configuration. */
export function writeConfig(value: CoreConfig): Uint8Array {
    return encodeAs(config, value);
}
