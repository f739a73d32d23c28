/**
 * PASE and CASE in the core: one object per run, fed with the peer's messages, answering with what to
 * send. What the core asks its host for meanwhile (a signature, a stretched passcode) is done here too.
 */
import { fromCore, ImplementationError, InternalError } from "../common/MatterError.js";
import { reportOf, type Core } from "../core.js";
import { NodeId } from "../datatype/NodeId.js";
import { decode, encode, type TlvStructure, type TlvValue } from "../tlv.js";
import { HostWork, type Sign } from "../work.js";
import { sessionCore } from "./core.js";
import type { AgreedSession, EstablishedSession, HandshakeContext, HandshakeFabric, PeerParameters } from "./handshake-types.js";
import type { ResumptionRecord } from "./SessionManager.js";

/** What a peer is told of a node's intervals when its host says nothing else: the specification's defaults. Matter Core §4.12.8. */
const defaultParameters: PeerParameters = { idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 };

/** A message that a step wants sent. */
export interface HandshakeSend {
    readonly opcode: number;
    readonly payload: Uint8Array;
}

/** What came of a handshake. The handle of its session is to be closed if no session is made of it. */
export interface HandshakeResult {
    readonly handle: number;
    readonly peerSessionId: number;
    /** As the peer stated them; undefined if it stated none. */
    readonly peerParameters: PeerParameters | undefined;
    readonly resumed: boolean;
    /** CASE only. */
    readonly peerNodeId: NodeId;
    readonly peerCats: readonly number[];
    readonly record: { readonly resumptionId: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
}

/** What is to be done, in this order: forget the record that is spent, keep the result, send. */
export interface HandshakeStep {
    readonly spent: boolean;
    readonly result: HandshakeResult | undefined;
    readonly send: HandshakeSend | undefined;
}

/** What every run is made with. */
export interface HandshakeOptions {
    readonly sessionId: number;
    readonly parameters?: PeerParameters | undefined;
}

/** PASE's verifier as a device keeps it: w0 (32 octets) and L (65 octets). */
export interface PaseVerifier {
    readonly w0AndL: Uint8Array;
    readonly pbkdfParameters: { readonly iterations: number; readonly salt: Uint8Array } | undefined;
}

const forgotten = new FinalizationRegistry<{ core: Core; handle: number }>(({ core, handle }) => {
    try {
        core.call("handshakeClose", handle);
    } catch {
        // It has ended by itself, or the core has.
    }
});

/** One run of a handshake in one role. Always to be closed: until then it holds secrets and one of the core's places. */
export class HandshakeRun {
    /** What the peer must be sent because of the error that ended the run, if any. */
    report: Uint8Array | undefined;
    readonly #core: Core;
    readonly #handle: number;
    readonly #work: HostWork;
    #open = true;

    private constructor(kind: "paseInitiator" | "paseResponder" | "caseInitiator" | "caseResponder", config: TlvStructure, work: HostWork) {
        this.#work = work;
        if (work.delegate !== 0) config["3"] = work.delegate;
        const octets = encode(config);
        try {
            this.#core = sessionCore();
            this.#handle = this.#core.call(kind, this.#core.put(octets));
        } catch (error) {
            this.#open = false;
            this.report = reportOf(error);
            throw fromCore(error);
        } finally {
            octets.fill(0);
        }
        forgotten.register(this, { core: this.#core, handle: this.#handle }, this);
    }

    static paseInitiator(options: HandshakeOptions, passcode: number): HandshakeRun {
        return new HandshakeRun("paseInitiator", { ...base(options), 2: passcode }, new HostWork());
    }

    static paseResponder(options: HandshakeOptions, { w0AndL, pbkdfParameters }: PaseVerifier): HandshakeRun {
        const set = pbkdfParameters === undefined ? {} : { 5: pbkdfParameters.iterations, 6: pbkdfParameters.salt };
        return new HandshakeRun("paseResponder", { ...base(options), 2: w0AndL, ...set }, new HostWork());
    }

    static caseInitiator(options: HandshakeOptions, fabric: HandshakeFabric, peerNodeId: NodeId, record: ResumptionRecord | undefined): HandshakeRun {
        return new HandshakeRun("caseInitiator", { ...base(options), 2: fabricOf(fabric), 5: peerNodeId, ...recordOf(record) }, signing(fabric));
    }

    /** @param record - the one that Sigma1 asks to resume, if it is known and of this fabric */
    static caseResponder(options: HandshakeOptions, fabric: HandshakeFabric, record: ResumptionRecord | undefined): HandshakeRun {
        return new HandshakeRun("caseResponder", { ...base(options), 2: fabricOf(fabric), ...recordOf(record) }, signing(fabric));
    }

    /** An initiator's first step. */
    start(): Promise<HandshakeStep> {
        return this.#step(() => this.#core.call("handshakeStart", this.#handle));
    }

    /** The step that a message of the peer leads to. After an error the run has ended. */
    receive(opcode: number, payload: Uint8Array): Promise<HandshakeStep> {
        return this.#step(() => this.#core.call("handshakeReceive", this.#handle, opcode, this.#core.put(payload)));
    }

    /** Erases what is left of the run. Harmless when repeated. */
    close(): void {
        if (!this.#open) return;
        this.#ended();
        if (this.#core.dead !== undefined) return;
        this.#core.call("handshakeClose", this.#handle);
    }

    async #step(call: () => number): Promise<HandshakeStep> {
        if (!this.#open) throw new ImplementationError("this handshake has ended");
        for (;;) {
            const members = this.#members(call);
            const kind = members["3"];
            if (kind === undefined) return this.#done(members);
            const answer = await this.#answer(Number(kind), members);
            // What it waited for may have taken longer than somebody's patience.
            if (!this.#open) throw new ImplementationError("this handshake was ended while its host was at work");
            call = () => {
                try {
                    return this.#core.call("handshakeAnswer", this.#handle, this.#core.put(answer));
                } finally {
                    answer.fill(0);
                }
            };
        }
    }

    #members(call: () => number): TlvStructure {
        try {
            const octets = this.#core.octets(call());
            const members = decode(octets) as TlvStructure;
            octets.fill(0);
            return members;
        } catch (error) {
            this.#ended();
            this.report = reportOf(error);
            throw fromCore(error);
        }
    }

    async #answer(kind: number, members: TlvStructure): Promise<Uint8Array> {
        const work = {
            type: "work", work: 0, kind, fabricIndex: 0, key: 0, data: octetsOf(members["4"]), salt: octetsOf(members["5"]), iterations: Number(members["6"] ?? 0),
        } as const;
        try {
            return await this.#work.do(work);
        } catch (error) {
            if (this.#open) this.#fail();
            throw error;
        }
    }

    /** The host failed at its work: the core says what the peer is told of that, the error is the host's own. */
    #fail(): void {
        try {
            this.#core.call("handshakeAnswer", this.#handle, -1);
        } catch (error) {
            this.report = reportOf(error);
        }
        this.#ended();
    }

    #done(members: TlvStructure): HandshakeStep {
        const opcode = members["1"], handle = members["7"];
        if (handle !== undefined) this.#ended();
        return {
            spent: members["14"] === true,
            result: handle === undefined ? undefined : resultOf(Number(handle), members),
            send: opcode === undefined ? undefined : { opcode: Number(opcode), payload: octetsOf(members["2"]) },
        };
    }

    #ended(): void {
        this.#open = false;
        this.#work.clear();
        forgotten.unregister(this);
    }
}

/** Has the manager make a session of what a handshake ended with. */
export async function createSession<S extends EstablishedSession>(
    context: HandshakeContext<S>, { handle, peerSessionId }: HandshakeResult, agreed: Omit<AgreedSession, "handle" | "peerSessionId">,
): Promise<S> {
    try {
        return await context.sessionManager.createSecureSession({ ...agreed, peerSessionId, handle });
    } catch (error) {
        try {
            sessionCore().call("sessionClose", handle);
        } catch {
            // It was closed, as it should be: handles are never given twice.
        }
        throw error;
    }
}

/** Sends what a step wants sent. */
export async function sendStep(messenger: StepMessenger, step: HandshakeStep): Promise<void> {
    if (step.send !== undefined) await messenger.send(step.send.payload, step.send.opcode, made);
}

interface StepMessenger {
    send(message: Uint8Array, type: number, schema: { encode(octets: Uint8Array): Uint8Array }): Promise<Uint8Array>;
}

/** The core has made the octets: nothing is left to encode. */
const made = { encode: (octets: Uint8Array): Uint8Array => octets };

/** The result of a step that must have one. */
export function resultFrom({ result }: HandshakeStep): HandshakeResult {
    if (result === undefined) throw new InternalError("The handshake ended without a session");
    return result;
}

/** A session ID for a new session. 0 is the unsecured session's, though matter.js's own manager may give it. Matter Core §4.13.1. */
export async function nextSessionId(context: HandshakeContext): Promise<number> {
    for (let tries = 0; tries < 3; tries++) {
        const id = await context.getNextAvailableSessionId();
        if (id !== 0) return id;
    }
    throw new ImplementationError("the session manager gives session ID 0, which is the unsecured session's");
}

/** What this node states of itself. */
export function ownParameters(context: HandshakeContext): PeerParameters {
    return { ...defaultParameters, ...stated(context.sessionManager.sessionParameters) };
}

/** What is known of a peer: what it stated, over what was known before. */
export function overlay(known: PeerParameters | undefined, stated_: PeerParameters | undefined): PeerParameters {
    return { ...known, ...stated(stated_) };
}

function stated(parameters: PeerParameters | undefined): PeerParameters {
    const { idleIntervalMs, activeIntervalMs, activeThresholdMs } = parameters ?? {};
    return {
        ...(idleIntervalMs === undefined ? {} : { idleIntervalMs }),
        ...(activeIntervalMs === undefined ? {} : { activeIntervalMs }),
        ...(activeThresholdMs === undefined ? {} : { activeThresholdMs }),
    };
}

function base({ sessionId, parameters }: HandshakeOptions): TlvStructure {
    return { 1: sessionId, ...(parameters === undefined ? {} : { 4: parametersOf(parameters) }) };
}

function parametersOf({ idleIntervalMs, activeIntervalMs, activeThresholdMs }: PeerParameters): TlvStructure {
    return {
        ...(idleIntervalMs === undefined ? {} : { 1: idleIntervalMs }),
        ...(activeIntervalMs === undefined ? {} : { 2: activeIntervalMs }),
        ...(activeThresholdMs === undefined ? {} : { 3: activeThresholdMs }),
    };
}

function fabricOf(fabric: HandshakeFabric): TlvStructure {
    const { rootCert, operationalCert, intermediateCACert, operationalIdentityProtectionKey } = fabric;
    return {
        1: member(rootCert, "rootCert"),
        2: member(operationalCert, "operationalCert"),
        ...(intermediateCACert === undefined ? {} : { 3: member(intermediateCACert, "intermediateCACert") }),
        4: [member(operationalIdentityProtectionKey, "operationalIdentityProtectionKey")],
    };
}

function member(octets: Uint8Array, name: string): Uint8Array {
    if (Object.prototype.toString.call(octets) === "[object Uint8Array]") return plain(octets);
    throw new ImplementationError(`fabric.${name} is not a Uint8Array`);
}

/** A view of another realm is none for the writer. */
function plain(octets: Uint8Array): Uint8Array {
    return octets instanceof Uint8Array ? octets : Uint8Array.from(octets);
}

function recordOf(record: ResumptionRecord | undefined): TlvStructure {
    if (record === undefined) return {};
    const { resumptionId, sharedSecret, peerNodeId, caseAuthenticatedTags, sessionParameters } = record;
    return {
        6: {
            1: plain(resumptionId),
            2: plain(sharedSecret),
            3: peerNodeId,
            ...(caseAuthenticatedTags === undefined ? {} : { 4: [...caseAuthenticatedTags] }),
            ...(sessionParameters === undefined ? {} : { 5: parametersOf(sessionParameters) }),
        },
    };
}

function signing(fabric: HandshakeFabric): HostWork {
    const work = new HostWork();
    const sign: Sign = async data => fabric.sign(data);
    work.sign = sign;
    return work;
}

function resultOf(handle: number, members: TlvStructure): HandshakeResult {
    const record = members["12"] as TlvStructure | undefined;
    const peerParameters = members["9"] as TlvStructure | undefined;
    return {
        handle,
        peerSessionId: Number(members["8"]),
        peerParameters: peerParameters === undefined ? undefined : statedOf(peerParameters),
        resumed: members["13"] === true,
        peerNodeId: NodeId(BigInt((members["10"] as number | bigint | undefined) ?? 0)),
        peerCats: ((members["11"] as TlvValue[] | undefined) ?? []).map(Number),
        record: record === undefined ? undefined : { resumptionId: octetsOf(record["1"]), sharedSecret: octetsOf(record["2"]) },
    };
}

function statedOf(members: TlvStructure): PeerParameters | undefined {
    const values = stated({
        idleIntervalMs: members["1"] as number | undefined,
        activeIntervalMs: members["2"] as number | undefined,
        activeThresholdMs: members["3"] as number | undefined,
    });
    return Object.keys(values).length === 0 ? undefined : values;
}

function octetsOf(value: TlvValue | undefined): Uint8Array {
    return value instanceof Uint8Array ? value : new Uint8Array();
}
