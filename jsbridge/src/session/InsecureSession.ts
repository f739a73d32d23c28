import { MessageCodec, type DecodedMessage, type DecodedPacket, type Message, type Packet } from "../codec/MessageCodec.js";
import { structure } from "../common/arguments.js";
import { MatterFlowError } from "../common/MatterError.js";
import { NodeId } from "../datatype/NodeId.js";
import type { Fabric } from "../fabric/Fabric.js";
import type { MessageCounter } from "../protocol/MessageCounter.js";
import { MessageReceptionStateUnencryptedWithRollover } from "../protocol/MessageReceptionState.js";
import { NoAssociatedFabricError } from "./SecureSession.js";
import { Session, type SessionParameterOptions } from "./Session.js";
import { UNICAST_UNSECURE_SESSION_ID } from "./SessionManager.js";

/** A session without keys, for handshakes. Matter Core §4.13.2.1. */
export class InsecureSession<T> extends Session<T> {
    readonly #context: T;
    readonly #initiatorNodeId: NodeId;

    /** @param args.initiatorNodeId - tells sessions of several initiators apart; absent: a random one */
    constructor(args: {
        context: T;
        messageCounter: MessageCounter;
        closeCallback: () => Promise<void>;
        initiatorNodeId?: NodeId | undefined;
        sessionParameters?: SessionParameterOptions | undefined;
        isInitiator?: boolean | undefined;
    }) {
        super({
            ...structure("InsecureSession's argument", args),
            // A peer that we speak to first may sleep.
            setActiveTimestamp: args.isInitiator !== true,
            // The first message to arrive need not be the first that was sent: nothing before it counts as seen.
            messageReceptionState: new MessageReceptionStateUnencryptedWithRollover(undefined, 0),
        });
        this.#context = args.context;
        this.#initiatorNodeId = args.initiatorNodeId === undefined ? NodeId.randomOperationalNodeId() : NodeId.checked("initiatorNodeId", args.initiatorNodeId);
    }

    get isSecure(): boolean {
        return false;
    }

    get isPase(): boolean {
        return false;
    }

    get closingAfterExchangeFinished(): boolean {
        return false;
    }

    get name(): string {
        return `insecure/${this.#initiatorNodeId}`;
    }

    get context(): T {
        return this.#context;
    }

    get id(): number {
        return UNICAST_UNSECURE_SESSION_ID;
    }

    get peerSessionId(): number {
        return UNICAST_UNSECURE_SESSION_ID;
    }

    get nodeId(): NodeId {
        return this.#initiatorNodeId;
    }

    get peerNodeId(): undefined {
        return undefined;
    }

    /** @throws {@link NoAssociatedFabricError} always */
    get associatedFabric(): Fabric {
        throw new NoAssociatedFabricError("Session needs to be a secure session");
    }

    decode(packet: DecodedPacket): DecodedMessage {
        return MessageCodec.decodePayload(packet);
    }

    encode(message: Message): Packet {
        return MessageCodec.encodePayload(message);
    }

    /** @throws {@link MatterFlowError} always */
    getAttestationChallengeKey(): Uint8Array {
        throw new MatterFlowError("Not supported on an unsecure session");
    }

    /** @throws {@link MatterFlowError} always */
    get attestationChallengeKey(): Uint8Array {
        return this.getAttestationChallengeKey();
    }

    /** @throws {@link MatterFlowError} always */
    setFabric(_fabric: Fabric): void {
        throw new MatterFlowError("Not supported on an unsecure session");
    }

    async destroy(): Promise<void> {
        await this.end();
    }

    async end(): Promise<void> {
        await this.closeCallback?.();
    }
}
