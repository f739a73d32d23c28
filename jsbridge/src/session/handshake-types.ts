/**
 * What the handshakes ask of their host, as structures: matter.js's Fabric, MessageExchange,
 * MatterController and MatterDevice fit them, and so does what a host without matter.js writes.
 */
import type { NodeId } from "../datatype/NodeId.js";
import type { Fabric } from "../fabric/Fabric.js";
import type { ErrorClass } from "../platform.js";
import type { SessionParameters } from "./Session.js";
import type { ResumptionRecord } from "./SessionManager.js";

/** One message as an exchange gives it. */
export interface HandshakeMessage {
    readonly payloadHeader: { readonly messageType: number };
    readonly payload: Uint8Array;
}

/** Intervals of a peer in milliseconds, each as far as it is known. */
export interface PeerParameters {
    idleIntervalMs?: number | undefined;
    activeIntervalMs?: number | undefined;
    activeThresholdMs?: number | undefined;
}

/** The exchange that a handshake has with its peer, on an unsecured session. */
export interface HandshakeExchange<ContextT> {
    readonly channel: { readonly channel: { readonly name: string } };
    readonly session: {
        readonly context: ContextT;
        /** What is known of the peer before it has stated anything. */
        getSessionParameters(): PeerParameters;
        destroy(): Promise<void>;
    };
    /** Sends reliably unless requiresAck is false; resolves when it is acknowledged, rejects when it never is. */
    send(messageType: number, payload: Uint8Array, options?: { requiresAck?: boolean | undefined }): Promise<void>;
    nextMessage(): Promise<HandshakeMessage>;
    close(): Promise<void>;
}

/** A fabric as CASE needs it. Certificates are in Matter TLV. */
export interface HandshakeFabric extends Fabric {
    readonly rootCert: Uint8Array;
    readonly operationalCert: Uint8Array;
    readonly intermediateCACert?: Uint8Array | undefined;
    /** 16 octets: the key as it is derived from its epoch key. */
    readonly operationalIdentityProtectionKey: Uint8Array;
    /** ECDSA with SHA-256 by the key of operationalCert: 64 octets, r‖s. */
    sign(data: Uint8Array): Uint8Array | PromiseLike<Uint8Array>;
}

/** A session that a handshake has agreed on. */
export interface AgreedSession {
    sessionId: number;
    fabric: HandshakeFabric | undefined;
    /** 0 for PASE. */
    peerNodeId: NodeId;
    peerSessionId: number;
    /** The core's session with its keys, instead of a secret and a salt. It is the receiver's to close. */
    handle: number;
    isInitiator: boolean;
    isResumption: boolean;
    sessionParameters?: PeerParameters | undefined;
    caseAuthenticatedTags?: readonly number[] | undefined;
}

/** As much of a secure session as a handshake reads. */
export interface EstablishedSession {
    readonly id: number;
    getSessionParameters(): SessionParameters;
    destroy(sendClose?: boolean, closeAfterExchangeFinished?: boolean): Promise<void>;
}

/** What every side of every handshake asks. S is the class of secure sessions that the manager makes. */
export interface HandshakeContext<S extends EstablishedSession = EstablishedSession> {
    readonly sessionManager: {
        createSecureSession(session: AgreedSession): Promise<S>;
        /** What peers are told of this node's intervals; the specification's defaults if it is absent. */
        readonly sessionParameters?: PeerParameters | undefined;
    };
    getNextAvailableSessionId(): Promise<number>;
}

export type PaseClientContext<S extends EstablishedSession = EstablishedSession> = HandshakeContext<S>;

export interface PaseServerContext<S extends EstablishedSession = EstablishedSession> extends HandshakeContext<S> {
    existsOpenPaseSession(): boolean;
}

export interface CaseClientContext<S extends EstablishedSession = EstablishedSession> extends HandshakeContext<S> {
    /** A record of another fabric is not used; a host that keeps several of a node picks by the second argument. */
    findResumptionRecordByNodeId(nodeId: NodeId, fabric?: HandshakeFabric): ResumptionRecord | undefined;
    saveResumptionRecord(record: ResumptionRecord): void | PromiseLike<void>;
}

export interface CaseServerContext<S extends EstablishedSession = EstablishedSession> extends HandshakeContext<S> {
    findResumptionRecordById(resumptionId: Uint8Array): ResumptionRecord | undefined;
    /** @throws FabricNotFoundError if no fabric has that destination ID */
    findFabricFromDestinationId(destinationId: Uint8Array, random: Uint8Array): HandshakeFabric;
    saveResumptionRecord(record: ResumptionRecord): void | PromiseLike<void>;
}

/** A timer that runs down once. */
export interface HandshakeTimer {
    readonly isRunning: boolean;
    start(): HandshakeTimer;
    stop(): unknown;
}

/** An error of a value that does not fit its schema; `.message` is `(Validation/135) text`. */
export interface ValidationErrorClass {
    new (message: string, fieldName?: string): Error & { fieldName?: string | undefined };
}

/** An error of a StatusReport; `.message` is `(1/2) text`. */
export interface ChannelStatusErrorClass {
    new (message: string, generalStatusCode: number, protocolStatusCode: number): Error & { readonly generalStatusCode: number; readonly protocolStatusCode: number };
}

/** What the handshakes take from where they run, beside the rest: see platform.ts. Absent classes are this package's. */
export interface HandshakePlatform {
    /** A timer that start() starts. */
    timer(name: string, durationMs: number, callback: () => void): HandshakeTimer;
    readonly ValidationError?: ValidationErrorClass | undefined;
    /** Which a host's findFabricFromDestinationId throws. */
    readonly FabricNotFoundError?: ErrorClass | undefined;
    readonly ChannelStatusResponseError?: ChannelStatusErrorClass | undefined;
}
