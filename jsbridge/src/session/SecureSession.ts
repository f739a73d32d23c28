import { MessageCodec, MAX_HEADER_SIZE, refuseSecuredExtensions, writePacketHeader, writePayloadHeader, type DecodedMessage, type DecodedPacket, type Message, type Packet } from "../codec/MessageCodec.js";
import { callable, having, octets, structure, unsigned } from "../common/arguments.js";
import { ImplementationError, MatterFlowError, StatusResponseError } from "../common/MatterError.js";
import { NodeId } from "../datatype/NodeId.js";
import type { Fabric } from "../fabric/Fabric.js";
import { hexOf } from "../hex.js";
import { platform, type Logger } from "../platform.js";
import { MessageCounter } from "../protocol/MessageCounter.js";
import { checkCounter, MessageReceptionState, refuseDuplicate } from "../protocol/MessageReceptionState.js";
import { Session, type SessionParameterOptions } from "./Session.js";
import { forged, SessionKeys } from "./SessionKeys.js";

const logger: Logger = platform().logger("SecureSession");

/** Interaction Model status. Matter Core §8.10. */
const unsupportedAccess = 0x7e;
const tagSize = 16;

export class NoAssociatedFabricError extends StatusResponseError {
    constructor(message: string) {
        super(message, unsupportedAccess);
    }
}

/** As much of a subscription as a session needs, to end it. */
export interface SubscriptionHandler {
    readonly subscriptionId: number;
    /** @param flush - whether what is waiting to be reported is reported first */
    cancel(flush?: boolean): Promise<void>;
}

interface Common<T> {
    context: T;
    /** The session ID that the peer puts into its messages. */
    id: number;
    fabric: Fabric | undefined;
    /** 0 in PASE. */
    peerNodeId: NodeId;
    peerSessionId: number;
    closeCallback: () => Promise<void>;
    subscriptionChangedCallback?: (() => void) | undefined;
    sessionParameters?: SessionParameterOptions | undefined;
    /** Absent: the fabric's. */
    caseAuthenticatedTags?: readonly number[] | undefined;
    isInitiator: boolean;
}

/** What a session is derived from. */
export interface SecureSessionCreation<T> extends Common<T> {
    sharedSecret: Uint8Array;
    salt: Uint8Array;
    isResumption: boolean;
    /** A later version's name for sessionParameters. */
    peerSessionParameters?: SessionParameterOptions | undefined;
}

/** A session that a handshake in the core has agreed on, and whose keys are there already. */
export interface SecureSessionAdoption<T> extends Common<T> {
    /** The shared core's session, which is the new one's to close from here on, whatever comes of it. */
    handle: number;
    isResumption?: boolean | undefined;
}

/** What a session is made of. */
export type SecureSessionArguments<T> = Common<T> & ({ decryptKey: Uint8Array; encryptKey: Uint8Array; attestationKey: Uint8Array; keys?: undefined } | { keys: SessionKeys });

/** Counters of a session whose window is in the core, where only an authenticated message moves it. */
class MessageReceptionStateInCore extends MessageReceptionState {
    readonly #keys: SessionKeys;

    constructor(keys: SessionKeys) {
        super();
        this.#keys = keys;
    }

    /** Looks a counter up, and leaves it. */
    override updateMessageCounter(messageCounter: number): void {
        checkCounter(messageCounter);
        refuseDuplicate(this.#keys.check(messageCounter));
    }
}

/**
 * What was sealed of the reliable messages that still exist: an exchange keeps the one that it may have to
 * repeat. The core seals again only what it surely has not sealed otherwise, and nothing when its session
 * is gone; an exchange that could not repeat its message would wait for ever.
 */
const sent = new WeakMap<Message, { session: unknown; messageId: number; payload: Uint8Array; sealed: Uint8Array }>();

/** A unicast session with keys, from PASE or CASE. Matter Core §4.13.2.1. */
export class SecureSession<T> extends Session<T> {
    readonly #context: T;
    readonly #id: number;
    readonly #peerSessionId: number;
    readonly #peerNodeId: NodeId;
    readonly #keys: SessionKeys;
    readonly #subscriptions: SubscriptionHandler[] = [];
    readonly #subscriptionChanged: () => void;
    #fabric: Fabric | undefined;
    #caseAuthenticatedTags: readonly number[];
    #closingAfterExchangeFinished = false;
    #sendCloseMessageWhenClosing = true;

    /** Makes the session in which a handshake has ended. */
    static async create<T>(args: SecureSessionCreation<T> | SecureSessionAdoption<T>): Promise<SecureSession<T>> {
        structure("create's argument", args);
        const keys = "handle" in args ? SessionKeys.adopt(args.handle, localNodeOf(args.peerNodeId, args.fabric)) : derive(args);
        try {
            const { peerSessionParameters } = args as SecureSessionCreation<T>;
            return new SecureSession({ ...args, keys, sessionParameters: args.sessionParameters ?? peerSessionParameters });
        } catch (error) {
            keys.close();
            throw error;
        }
    }

    constructor(args: SecureSessionArguments<T>) {
        const id = unsigned("id", args.id, 16), peerSessionId = unsigned("peerSessionId", args.peerSessionId, 16);
        const peerNodeId = NodeId.checked("peerNodeId", args.peerNodeId);
        callable("closeCallback", args.closeCallback);
        if (args.fabric !== undefined) having("fabric", args.fabric, "addSession");
        const keys = args.keys ?? SessionKeys.from({ ...args, localNode: localNodeOf(peerNodeId, args.fabric), peerNode: peerNodeId });
        super({
            closeCallback: args.closeCallback,
            sessionParameters: args.sessionParameters,
            setActiveTimestamp: true,
            messageCounter: new MessageCounter(() => {
                // Counters of a session do not start again: it ends before.
                this.end(true, true).catch((error: unknown) => logger.error(`Session ${this.name} did not end: ${error}`));
            }),
            messageReceptionState: new MessageReceptionStateInCore(keys),
        });
        this.#context = args.context;
        this.#id = id;
        this.#peerSessionId = peerSessionId;
        this.#peerNodeId = peerNodeId;
        this.#keys = keys;
        this.#fabric = args.fabric;
        this.#subscriptionChanged = args.subscriptionChangedCallback ?? (() => {});
        this.#caseAuthenticatedTags = args.caseAuthenticatedTags ?? args.fabric?.caseAuthenticatedTags ?? [];
        args.fabric?.addSession(this);
        logger.debug(`New ${this.isPase ? "PASE" : "CASE"} session`, this.name, platform().dict({ fabricIndex: args.fabric?.fabricIndex, ...this.getSessionParameters() }));
    }

    get caseAuthenticatedTags(): readonly number[] {
        return this.#caseAuthenticatedTags;
    }

    get closingAfterExchangeFinished(): boolean {
        return this.#closingAfterExchangeFinished;
    }

    get sendCloseMessageWhenClosing(): boolean {
        return this.#sendCloseMessageWhenClosing;
    }

    get isSecure(): boolean {
        return true;
    }

    get isPase(): boolean {
        return this.#peerNodeId === NodeId.UNSPECIFIED_NODE_ID;
    }

    get id(): number {
        return this.#id;
    }

    get name(): string {
        return `secure/${this.#id}`;
    }

    get context(): T {
        return this.#context;
    }

    get peerSessionId(): number {
        return this.#peerSessionId;
    }

    get peerNodeId(): NodeId {
        return this.#peerNodeId;
    }

    get fabric(): Fabric | undefined {
        return this.#fabric;
    }

    get nodeId(): NodeId {
        return this.#fabric?.nodeId ?? NodeId.UNSPECIFIED_NODE_ID;
    }

    get numberOfActiveSubscriptions(): number {
        return this.#subscriptions.length;
    }

    /** @throws {@link NoAssociatedFabricError} if there is none */
    get associatedFabric(): Fabric {
        if (this.#fabric !== undefined) return this.#fabric;
        throw new NoAssociatedFabricError(`${this.isPase ? "PASE " : ""}Session needs to have an associated Fabric for fabric sensitive data handling.`);
    }

    /** Tells a PASE session which fabric it has commissioned. @throws {@link MatterFlowError} the second time */
    addAssociatedFabric(fabric: Fabric): void {
        structure("fabric", fabric);
        if (this.#fabric !== undefined) throw new MatterFlowError("Session already has an associated Fabric. Cannot change this.");
        this.#fabric = fabric;
        this.#caseAuthenticatedTags = fabric.caseAuthenticatedTags ?? [];
    }

    /** The third of the session's keys, which attestation signs. A copy. */
    getAttestationChallengeKey(): Uint8Array {
        return this.#keys.attestationChallenge;
    }

    get attestationChallengeKey(): Uint8Array {
        return this.getAttestationChallengeKey();
    }

    /**
     * Opens one packet: authenticates it, then commits its counter. A duplicate is told by
     * updateMessageCounter, not thrown here: its acknowledgement must still go out.
     *
     * @param packet - the packet as parsed; not modified, not kept
     * @param aad - the header octets as received
     * @returns payload header and payload, in a fresh array
     * @throws {@link UnexpectedDataError} if the packet is malformed or forged
     */
    decode(packet: DecodedPacket, aad?: Uint8Array): DecodedMessage {
        const { header, applicationPayload, messageExtension } = structure("packet", packet);
        structure("header", header);
        if (header.hasMessageExtensions) logger.info(`Message extensions are not supported. Ignoring ${messageExtension === undefined ? "" : hexOf(messageExtension)}`);
        const head = octets("aad", aad), sealed = octets("applicationPayload", applicationPayload);
        // The nonce is made of the octets: the header that the caller acts on must be theirs.
        if (!belongs(header, head)) throw forged("The header is not that of the octets that were received.");
        if (sealed.length < tagSize) throw forged(`The message is too short to be authentic: ${sealed.length} octets, at least ${tagSize} expected.`);
        const message = MessageCodec.decodePayload({ header, applicationPayload: this.#keys.open(head, sealed) });
        if (message.payloadHeader.hasSecuredExtension) {
            logger.info(`Secured extensions are not supported. Ignoring ${message.securityExtension === undefined ? "" : hexOf(message.securityExtension)}`);
        }
        return message;
    }

    /**
     * Seals one message. The same message may be sealed again, with the same octets as result: to be
     * repeated. A reliable one can be repeated even when the session has been destroyed meanwhile.
     *
     * @param message - its header is given the peer's session ID, and is the packet's
     * @throws {@link ImplementationError} if its counter has sealed another message
     */
    encode(message: Message): Packet {
        const header = structure("packetHeader", structure("message", message).packetHeader);
        structure("payloadHeader", message.payloadHeader);
        header.sessionId = this.#peerSessionId;
        refuseSecuredExtensions(message);
        const payload = octets("payload", message.payload);
        try {
            const applicationPayload = this.#seal(message, payload);
            if (message.payloadHeader.requiresAck) sent.set(message, { session: this, messageId: header.messageId, payload, sealed: applicationPayload.slice() });
            return { header, applicationPayload };
        } catch (error) {
            const before = sent.get(message);
            if (before?.session !== this || before.messageId !== header.messageId || before.payload !== payload) throw error;
            return { header, applicationPayload: before.sealed.slice() };
        }
    }

    addSubscription(subscription: SubscriptionHandler): void {
        having("subscription", subscription, "cancel");
        this.#subscriptions.push(subscription);
        logger.debug(`Added subscription ${subscription.subscriptionId} to ${this.name}`);
        this.#subscriptionChanged();
    }

    removeSubscription(subscriptionId: number): void {
        const at = this.#subscriptions.findIndex(subscription => subscription.subscriptionId === subscriptionId);
        if (at < 0) return;
        this.#subscriptions.splice(at, 1);
        logger.debug(`Removed subscription ${subscriptionId} from ${this.name}`);
        this.#subscriptionChanged();
    }

    async clearSubscriptions(flushSubscriptions = false): Promise<void> {
        // They remove themselves while they are cancelled.
        for (const subscription of [...this.#subscriptions]) await subscription.cancel(flushSubscriptions);
        this.#subscriptions.length = 0;
    }

    /** Ends the session with a word to the peer; if that is awake, after the exchange that is under way. */
    async close(closeAfterExchangeFinished?: boolean): Promise<void> {
        await this.end(true, closeAfterExchangeFinished ?? this.isPeerActive());
    }

    /** Ends the session, after what subscriptions still have to report. */
    async end(sendClose: boolean, closeAfterExchangeFinished = false): Promise<void> {
        await this.clearSubscriptions(true);
        await this.destroy(sendClose, closeAfterExchangeFinished);
    }

    /** Ends the session, now or after the exchange that is under way; then its keys are erased. */
    async destroy(sendClose = false, closeAfterExchangeFinished = true): Promise<void> {
        await this.clearSubscriptions(false);
        this.#fabric?.removeSession(this);
        if (!sendClose) this.#sendCloseMessageWhenClosing = false;
        if (closeAfterExchangeFinished) {
            logger.info(`Session ${this.name} closes when its exchange has ended.`);
            this.#closingAfterExchangeFinished = true;
            return;
        }
        try {
            await this.closeCallback();
        } finally {
            this.#keys.close();
        }
    }

    #seal(message: Message, payload: Uint8Array): Uint8Array {
        const room = this.#keys.room;
        if (2 * MAX_HEADER_SIZE + payload.length + tagSize > room.length) throw new ImplementationError(`payload: expected at most 65535 octets, got ${payload.length}`);
        const headerLength = writePacketHeader(message.packetHeader, room, 0);
        const at = writePayloadHeader(message.payloadHeader, room, headerLength);
        room.set(payload, at);
        return this.#keys.seal(headerLength, at + payload.length, localNodeOf(this.#peerNodeId, this.#fabric));
    }
}

/** @throws {@link MatterFlowError} if the session has no keys */
export function assertSecureSession<T>(session: Session<T>, errorText?: string): asserts session is SecureSession<T> {
    if (!session.isSecure) throw new MatterFlowError(errorText ?? "Insecure session in secure context");
}

function derive<T>(args: SecureSessionCreation<T>): SessionKeys {
    const { sharedSecret, salt, isInitiator, isResumption } = args;
    const peerNode = NodeId.checked("peerNodeId", args.peerNodeId);
    return SessionKeys.derive({ localNode: localNodeOf(peerNode, args.fabric), peerNode, sharedSecret, salt, isInitiator, isResumption });
}

/** Whose node ID is in our nonces. Matter Core §4.8.1.1. */
function localNodeOf(peerNodeId: NodeId, fabric: Fabric | undefined): NodeId {
    return peerNodeId === NodeId.UNSPECIFIED_NODE_ID ? NodeId.UNSPECIFIED_NODE_ID : (fabric?.nodeId ?? NodeId.UNSPECIFIED_NODE_ID);
}

function belongs(header: DecodedPacket["header"], head: Uint8Array): boolean {
    if (head.length < 8) return false;
    const counter = ((head[4] as number) | ((head[5] as number) << 8) | ((head[6] as number) << 16) | ((head[7] as number) << 24)) >>> 0;
    return head[3] === header.securityFlags && counter === header.messageId;
}
