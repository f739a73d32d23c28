/** matter.js 0.17.9's unicast sessions: keys, nonces and windows lie in the core, the rest is matter.js's. */
import { Bytes, Logger } from "matterjs:@matter/general";
import { NodeSession as Theirs } from "matterjs:session/NodeSession.js?original";
import type { DecodedMessage, DecodedPacket, Message, Packet } from "../../codec/MessageCodec.js";
import type { NodeId } from "../../datatype/NodeId.js";
import { checkCounter, refuseDuplicate } from "../../protocol/MessageReceptionState.js";
import { forged, SessionKeys } from "../../session/SessionKeys.js";
import { state } from "../report.js";
import { MessageCodec } from "./MessageCodec.js";

const logger = Logger.get("SecureSession");
const tagSize = 16;
const none = new Uint8Array(0);

/** As much of matter.js's configuration as is read here. */
interface Config {
    manager?: { construction: PromiseLike<unknown>; sessions: { add(session: object): unknown } } | undefined;
    delayManagerRegistration?: boolean | undefined;
    fabric?: { nodeId: NodeId } | undefined;
    peerNodeId: NodeId;
    isInitiator: boolean;
    /** Instead of the keys themselves. */
    keys?: SessionKeys | undefined;
    decryptKey: Bytes;
    encryptKey: Bytes;
    attestationKey: Bytes;
}

interface CreateConfig extends Config {
    sharedSecret: Bytes;
    salt: Bytes;
    isResumption: boolean;
    peerSessionParameters?: unknown;
}

/** matter.js's class, as this file sees it. */
const Base = Theirs as unknown as {
    new (config: Config): {
        readonly isPase: boolean;
        readonly nodeId: NodeId;
        readonly peerSessionId: number;
        close(): Promise<void>;
    };
};

/** What was sealed of reliable messages, which are repeated as they were, also when others came between. */
const sent = new WeakMap<Message, { session: unknown; messageId: number; payload: unknown; sealed: Uint8Array }>();

export class NodeSession extends Base {
    readonly #keys: SessionKeys;
    /** The counter of the message that was opened last, and what the window said of it. */
    #opened: { counter: number; verdict: number } | undefined;

    static async create(config: CreateConfig): Promise<NodeSession> {
        await config.manager?.construction;
        const { sharedSecret, salt, peerNodeId: peerNode, isInitiator, isResumption } = config;
        const keys = SessionKeys.derive({ localNode: localNodeOf(config), peerNode, sharedSecret: Bytes.of(sharedSecret), salt: Bytes.of(salt), isInitiator, isResumption });
        try {
            const session = new this({ ...config, sessionParameters: config.peerSessionParameters, keys } as Config);
            state.handshakes[session.isPase ? "pase" : isResumption ? "resumed" : "case"]++;
            return session;
        } catch (error) {
            keys.close();
            throw error;
        }
    }

    constructor(config: Config) {
        const { decryptKey, encryptKey, attestationKey, peerNodeId: peerNode } = config;
        const keys = config.keys ?? SessionKeys.from({ localNode: localNodeOf(config), peerNode, decryptKey: Bytes.of(decryptKey), encryptKey: Bytes.of(encryptKey), attestationKey: Bytes.of(attestationKey) });
        // Whoever is told of the session may use it at once: it is registered when it has its keys.
        super({ ...config, decryptKey: none, encryptKey: none, attestationKey: none, delayManagerRegistration: true });
        this.#keys = keys;
        if (config.delayManagerRegistration !== true) config.manager?.sessions.add(this);
    }

    get attestationChallengeKey(): Uint8Array {
        return this.#keys.attestationChallenge;
    }

    /** @throws UnexpectedDataError if the message is not the session's, or malformed */
    decode({ header, applicationPayload, messageExtension }: DecodedPacket, aad: Bytes): DecodedMessage {
        if (header.hasMessageExtensions) logger.info("Message extensions are not supported. Ignoring", messageExtension && Bytes.toHex(messageExtension));
        const head = Bytes.of(aad), sealed = Bytes.of(applicationPayload);
        // The nonce is made of the octets: the header that the caller acts on must be theirs.
        if (!belongs(header, head)) throw forged("The header is not that of the octets that were received.");
        if (sealed.length < tagSize) throw forged(`The message is too short to be authentic: ${sealed.length} octets, at least ${tagSize} expected.`);
        const verdict = this.#keys.check(header.messageId);
        const message = MessageCodec.decodePayload({ header, applicationPayload: this.#keys.open(head, sealed) });
        this.#opened = { counter: header.messageId, verdict };
        state.decodes++;
        if (message.payloadHeader.hasSecuredExtension) logger.info("Secured extensions are not supported. Ignoring", message.securityExtension && Bytes.toHex(message.securityExtension));
        return message;
    }

    /** Tells of the message that was opened whether it is new: its counter was taken note of then. */
    updateMessageCounter(messageCounter: number): void {
        checkCounter(messageCounter);
        const verdict = this.#opened?.counter === messageCounter ? this.#opened.verdict : this.#keys.check(messageCounter);
        this.#opened = undefined;
        refuseDuplicate(verdict);
    }

    encode(message: Message): Packet {
        const header = message.packetHeader;
        header.sessionId = this.peerSessionId;
        const { applicationPayload } = MessageCodec.encodePayload(message);
        try {
            const head = MessageCodec.encodePacketHeader(header), room = this.#keys.room;
            room.set(head);
            room.set(applicationPayload, head.length);
            const sealed = this.#keys.seal(head.length, head.length + applicationPayload.length, this.isPase ? (0n as NodeId) : this.nodeId);
            if (message.payloadHeader.requiresAck) sent.set(message, { session: this, messageId: header.messageId, payload: message.payload, sealed: sealed.slice() });
            state.encodes++;
            return { header, applicationPayload: sealed };
        } catch (error) {
            const before = sent.get(message);
            if (before?.session !== this || before.messageId !== header.messageId || before.payload !== message.payload) throw error;
            return { header, applicationPayload: before.sealed.slice() };
        }
    }

    override async close(): Promise<void> {
        try {
            await super.close();
        } finally {
            this.#keys.close();
        }
    }
}

/** Whose node ID is in our nonces: nobody's in PASE. Matter Core §4.8.1.1. */
function localNodeOf({ peerNodeId, fabric }: Config): NodeId {
    return (peerNodeId === 0n ? 0n : (fabric?.nodeId ?? 0n)) as NodeId;
}

function belongs(header: DecodedPacket["header"], head: Uint8Array): boolean {
    if (head.length < 8) return false;
    const counter = new DataView(head.buffer, head.byteOffset, 8).getUint32(4, true);
    return head[3] === header.securityFlags && counter === header.messageId;
}
