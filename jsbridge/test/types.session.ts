/** Compiled, never run: where the types of matter.js 0.9.4 fit ours, and what does not compile. */
import type { DecodedPacket as TheirDecodedPacket, Message as TheirMessage, Packet as TheirPacket } from "@project-chip/matter.js/codec";
import type { Fabric as TheirFabric } from "@project-chip/matter.js/fabric";
import type { SessionParameterOptions as TheirOptions, SessionParameters as TheirParameters } from "@project-chip/matter.js/session";
import type { StorageContext as TheirStorage } from "@project-chip/matter.js/storage";
import { MessageCodec, SessionType, type DecodedPacket, type Message, type Packet } from "matter-session/codec";
import { MessageCounter, MessageReceptionStateEncryptedWithRollover, PersistedMessageCounter } from "matter-session/protocol";
import {
    assertSecureSession, InsecureSession, SecureSession, Session, SessionManager, type Fabric, type ResumptionRecord, type SessionParameterOptions, type SessionParameters, type StorageContext,
} from "matter-session/session";

// Theirs may be given where ours is asked for.
export function fits(fabric: TheirFabric, storage: TheirStorage, message: TheirMessage, packet: TheirPacket, decoded: TheirDecodedPacket, parameters: TheirParameters, options: TheirOptions): void {
    const _fabric: Fabric = fabric;
    const _storage: StorageContext = storage;
    const _message: Message = message;
    const _packet: Packet = packet;
    const _decoded: DecodedPacket = decoded;
    const _parameters: SessionParameters = parameters;
    const _options: SessionParameterOptions = options;
    void [_fabric, _storage, _message, _packet, _decoded, _parameters, _options];
    void new SessionManager("context", storage);
    void PersistedMessageCounter.create(storage, "key");
    void MessageCodec.encodePacket(packet);
    void MessageCodec.decodePayload(decoded);
}

export async function typed(session: Session<number>, manager: SessionManager<string>, fabric: Fabric, record: ResumptionRecord): Promise<void> {
    assertSecureSession(session);
    const secure: SecureSession<number> = session;
    const context: number = secure.context;
    const text: string = (await manager.createSecureSession({ sessionId: 1, fabric, peerNodeId: 1n, peerSessionId: 2, sharedSecret: new Uint8Array(), salt: new Uint8Array(), isInitiator: true, isResumption: false })).context;
    const group: 1 = SessionType.Group;
    void [context, text, group, record.fabric.fabricId];

    // @ts-expect-error: a node ID is a bigint
    void manager.getSessionForNode(fabric, 1);
    // @ts-expect-error: abstract
    void new Session({});
    // @ts-expect-error: read-only
    secure.id = 5;
    // @ts-expect-error: of no use outside
    void secure.messageCounter;
    // @ts-expect-error: a step of its own
    void new MessageReceptionStateEncryptedWithRollover().calculateDiff(1);
    // @ts-expect-error: keys are octets
    void new SecureSession({ context: 1, id: 1, fabric, peerNodeId: 1n, peerSessionId: 1, decryptKey: "", encryptKey: "", attestationKey: "", closeCallback: async () => {}, isInitiator: true });
    // @ts-expect-error: a session without a counter
    void new InsecureSession({ context: 1, closeCallback: async () => {} });
    // @ts-expect-error: no third kind
    const kind: SessionType = 2;
    // @ts-expect-error: asynchronous
    const counter: number = new MessageCounter().getIncrementedCounter();
    void [kind, counter];
}
