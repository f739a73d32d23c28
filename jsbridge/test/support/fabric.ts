/** A fabric as a host without matter.js writes it, a storage, and sessions in pairs. */
import { MessageCodec, type Message } from "matter-session/codec";
import { SecureSession, type Fabric, type StorageContext } from "matter-session/session";

export class TestFabric implements Fabric {
    readonly sessions = new Set<unknown>();
    readonly fabricId: bigint;
    readonly fabricIndex: number;
    readonly nodeId: bigint;
    readonly rootNodeId: bigint;
    readonly caseAuthenticatedTags: readonly number[] = [0x10002];

    constructor({ fabricId = 1n, fabricIndex = 1, nodeId = 100n, rootNodeId = 1n }: { fabricId?: bigint; fabricIndex?: number; nodeId?: bigint; rootNodeId?: bigint } = {}) {
        this.fabricId = fabricId;
        this.fabricIndex = fabricIndex;
        this.nodeId = nodeId;
        this.rootNodeId = rootNodeId;
    }

    get externalInformation(): { label: string } {
        return { label: `fabric ${this.fabricIndex}` };
    }

    addSession(session: unknown): void {
        this.sessions.add(session);
    }

    removeSession(session: unknown): void {
        this.sessions.delete(session);
    }
}

export class TestStorage implements StorageContext {
    readonly values = new Map<string, unknown>();

    get<T>(key: string, defaultValue?: T): T {
        return (this.values.has(key) ? this.values.get(key) : defaultValue) as T;
    }

    has(key: string): boolean {
        return this.values.has(key);
    }

    set(key: string, value: unknown): void {
        this.values.set(key, structuredClone(value));
    }
}

export interface SessionOptions {
    id?: number;
    peerSessionId?: number;
    fabric?: Fabric;
    peerNodeId?: bigint;
    isInitiator?: boolean;
    closeCallback?: () => Promise<void>;
}

const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const salt = Uint8Array.of(9, 8, 7);

export function sessionOf({ id = 1, peerSessionId = 2, fabric, peerNodeId = 0n, isInitiator = true, closeCallback = async () => {} }: SessionOptions = {}): Promise<SecureSession<string>> {
    return SecureSession.create({ context: "context", id, fabric, peerNodeId, peerSessionId, sharedSecret: secret, salt, isInitiator, isResumption: false, closeCallback });
}

/** The two ends of a PASE session. */
export async function pair(): Promise<{ initiator: SecureSession<string>; responder: SecureSession<string> }> {
    return { initiator: await sessionOf({ id: 1, peerSessionId: 2 }), responder: await sessionOf({ id: 2, peerSessionId: 1, isInitiator: false }) };
}

export function messageOf(messageId: number, payload: Uint8Array = Uint8Array.of(1, 2, 3)): Message {
    return {
        packetHeader: { sessionId: 0, sessionType: 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false, messageId },
        payloadHeader: { exchangeId: 7, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, hasSecuredExtension: false },
        payload,
    };
}

interface Codec {
    encode(message: Message): ReturnType<SecureSession<unknown>["encode"]>;
}

/** A message as a datagram. */
export function datagram(session: Codec, message: Message): Uint8Array {
    return MessageCodec.encodePacket(session.encode(message));
}

/** What a receiver does with a datagram, in matter.js's order: look the counter up, then open. */
export function receive(session: Pick<SecureSession<unknown>, "decode" | "updateMessageCounter">, octets: Uint8Array): ReturnType<SecureSession<unknown>["decode"]> {
    const packet = MessageCodec.decodePacket(octets);
    let duplicate: unknown;
    try {
        session.updateMessageCounter(packet.header.messageId, packet.header.sourceNodeId);
    } catch (error) {
        duplicate = error;
    }
    const message = session.decode(packet, octets.slice(0, octets.length - packet.applicationPayload.length));
    if (duplicate !== undefined) throw duplicate;
    return message;
}
