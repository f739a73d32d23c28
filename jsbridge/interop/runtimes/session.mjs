// Imports the mirrored classes beside matter.js's, has two sessions talk, and prints what came of it as one JSON object.

import * as theirs from "@project-chip/matter-node.js/session";
import { start } from "matter-session";
import { MessageCodec } from "matter-session/codec";
import * as ours from "matter-session/session";

await start();
const common = { context: "context", fabric: undefined, peerNodeId: 0n, sharedSecret: new Uint8Array(32).fill(7), salt: Uint8Array.of(1), isResumption: false, closeCallback: async () => {} };
const initiator = await ours.SecureSession.create({ ...common, id: 1, peerSessionId: 2, isInitiator: true });
const responder = await ours.SecureSession.create({ ...common, id: 2, peerSessionId: 1, isInitiator: false });
const answers = [];
for (const [from, to] of [[initiator, responder], [responder, initiator]]) {
    const messageId = await from.getIncrementedMessageCounter();
    const packetHeader = { sessionId: 0, sessionType: 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false, messageId };
    const payloadHeader = { exchangeId: 7, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, hasSecuredExtension: false };
    const datagram = MessageCodec.encodePacket(from.encode({ packetHeader, payloadHeader, payload: Uint8Array.of(1, 2, 3) }));
    const packet = MessageCodec.decodePacket(datagram);
    const aad = datagram.slice(0, datagram.length - packet.applicationPayload.length);
    answers.push([...to.decode(packet, aad).payload]);
}
console.log(JSON.stringify({ ours: Object.keys(ours).sort(), theirs: Object.keys(theirs).sort(), answers }));
