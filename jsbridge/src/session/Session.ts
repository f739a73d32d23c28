/** What secure and unsecured sessions share. Matter Core §4.13.2. */
import type { DecodedMessage, DecodedPacket, Message, Packet } from "../codec/MessageCodec.js";
import type { NodeId } from "../datatype/NodeId.js";
import type { Fabric } from "../fabric/Fabric.js";
import { platform } from "../platform.js";
import type { MessageCounter } from "../protocol/MessageCounter.js";
import type { MessageReceptionState } from "../protocol/MessageReceptionState.js";

/** How often a reliable message is sent at most. Matter Core §4.12.8. */
export const MRP_MAX_TRANSMISSIONS = 5;

/**
 * The defaults of matter.js 0.9.4, which has exchanged the specification's: a peer is 500 ms in idle
 * and 300 ms in active mode. Matter Core §4.12.8.
 */
export const SESSION_ACTIVE_INTERVAL_MS = 500;
export const SESSION_IDLE_INTERVAL_MS = 300;

/** How long a peer stays active after its last message. Matter Core §4.12.8. */
export const SESSION_ACTIVE_THRESHOLD_MS = 4000;

export interface SessionParameters {
    idleIntervalMs: number;
    activeIntervalMs: number;
    activeThresholdMs: number;
}

export type SessionParameterOptions = { [K in keyof SessionParameters]?: SessionParameters[K] | undefined };

/** The parameters that later revisions added, for those who ask by the later name. */
export interface ExtendedSessionParameters extends SessionParameters {
    dataModelRevision: number;
    interactionModelRevision: number;
    specificationVersion: number;
    maxPathsPerInvoke: number;
}

/** What a peer that does not state them is taken to have. Matter Core §4.13.1. */
const unstated = { dataModelRevision: 17, interactionModelRevision: 11, specificationVersion: 0, maxPathsPerInvoke: 1 };

export abstract class Session<T> {
    /** When a message was last sent or received, in milliseconds since 1970. */
    timestamp: number = platform().nowMs();
    /** When a message was last received; 0: never. */
    activeTimestamp = 0;
    protected readonly idleIntervalMs: number;
    protected readonly activeIntervalMs: number;
    protected readonly activeThresholdMs: number;
    protected readonly closeCallback: () => Promise<void>;
    protected readonly messageCounter: MessageCounter;
    protected readonly messageReceptionState: MessageReceptionState;
    readonly #stated: Partial<ExtendedSessionParameters>;

    constructor(args: {
        messageCounter: MessageCounter;
        messageReceptionState: MessageReceptionState;
        closeCallback: () => Promise<void>;
        sessionParameters?: SessionParameterOptions | undefined;
        setActiveTimestamp: boolean;
    }) {
        const stated = (args.sessionParameters ?? {}) as Partial<ExtendedSessionParameters>;
        this.messageCounter = args.messageCounter;
        this.messageReceptionState = args.messageReceptionState;
        this.closeCallback = args.closeCallback;
        this.idleIntervalMs = stated.idleIntervalMs ?? SESSION_IDLE_INTERVAL_MS;
        this.activeIntervalMs = stated.activeIntervalMs ?? SESSION_ACTIVE_INTERVAL_MS;
        this.activeThresholdMs = stated.activeThresholdMs ?? SESSION_ACTIVE_THRESHOLD_MS;
        this.#stated = stated;
        if (args.setActiveTimestamp) this.activeTimestamp = this.timestamp;
    }

    /** To be called for every message: it keeps the peer's activity. */
    notifyActivity(messageReceived: boolean): void {
        this.timestamp = platform().nowMs();
        if (messageReceived) this.activeTimestamp = this.timestamp;
    }

    /** Whether the peer is awake, so that its active interval counts. */
    isPeerActive(): boolean {
        return platform().nowMs() - this.activeTimestamp < this.activeThresholdMs;
    }

    /** The counter of the next message. @throws {@link InternalError} if there is none left */
    getIncrementedMessageCounter(): Promise<number> {
        return this.messageCounter.getIncrementedCounter();
    }

    /** Looks at a received counter, before {@link decode}. @throws {@link DuplicateMessageError} if it is not new */
    updateMessageCounter(messageCounter: number, _sourceNodeId?: NodeId): void {
        this.messageReceptionState.updateMessageCounter(messageCounter);
    }

    /** What the peer states of itself, or the defaults. */
    getSessionParameters(): SessionParameters {
        const { idleIntervalMs, activeIntervalMs, activeThresholdMs } = this;
        return { idleIntervalMs, activeIntervalMs, activeThresholdMs };
    }

    /** All that a peer may state, by the name of later versions. */
    get parameters(): ExtendedSessionParameters {
        const { dataModelRevision, interactionModelRevision, specificationVersion, maxPathsPerInvoke } = this.#stated;
        return {
            ...this.getSessionParameters(),
            dataModelRevision: dataModelRevision ?? unstated.dataModelRevision,
            interactionModelRevision: interactionModelRevision ?? unstated.interactionModelRevision,
            specificationVersion: specificationVersion ?? unstated.specificationVersion,
            maxPathsPerInvoke: maxPathsPerInvoke ?? unstated.maxPathsPerInvoke,
        };
    }

    /** Reliable messages are acknowledged and repeated: the transport does not do it. */
    get supportsMRP(): boolean {
        return true;
    }

    abstract get name(): string;
    abstract get closingAfterExchangeFinished(): boolean;
    abstract get isSecure(): boolean;
    abstract get isPase(): boolean;
    abstract get context(): T;
    abstract get id(): number;
    abstract get peerSessionId(): number;
    abstract get nodeId(): NodeId | undefined;
    abstract get peerNodeId(): NodeId | undefined;
    abstract get associatedFabric(): Fabric;

    abstract decode(packet: DecodedPacket, aad?: Uint8Array): DecodedMessage;
    abstract encode(message: Message): Packet;
    abstract end(sendClose: boolean): Promise<void>;
    abstract destroy(sendClose?: boolean, closeAfterExchangeFinished?: boolean): Promise<void>;
}
