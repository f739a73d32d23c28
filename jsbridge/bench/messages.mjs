/**
 * Messages of secure sessions, ours and matter.js 0.9.4's own (AES by node:crypto), interleaved in one
 * run: microseconds per message as medians over the rounds, and their ratio.
 *
 * "session" is encode() and decode(); "path" is all that matter.js does with a message: encode, one
 * datagram, take it apart, look its counter up, decode.
 */
import "@project-chip/matter-node.js";
import { MessageCodec as TheirCodec } from "@project-chip/matter.js/codec";
import { Level, Logger } from "@project-chip/matter.js/log";
import { SecureSession as TheirSession } from "@project-chip/matter.js/session";
import { start } from "matter-session";
import { MessageCodec as OurCodec } from "matter-session/codec";
import { SecureSession as OurSession } from "matter-session/session";

const rounds = 41, perRound = 400, warmUp = 8;

Logger.defaultLogLevel = Level.FATAL;
await start();

const sides = await Promise.all([
    [OurSession, OurCodec],
    [TheirSession, TheirCodec],
].map(async ([SecureSession, codec]) => {
    const end = isInitiator =>
        SecureSession.create({
            context: undefined, id: isInitiator ? 1 : 2, fabric: undefined, peerNodeId: 0n, peerSessionId: isInitiator ? 2 : 1, sharedSecret: new Uint8Array(16).fill(1), salt: new Uint8Array(),
            isInitiator, isResumption: false, closeCallback: async () => {},
        });
    return { codec, sender: await end(true), receiver: await end(false) };
}));

let counter = 1;
const messages = size =>
    Array.from({ length: perRound }, () => ({
        packetHeader: { sessionId: 0, sessionType: 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false, messageId: counter++ },
        payloadHeader: { exchangeId: 7, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, ackedMessageId: 9, hasSecuredExtension: false },
        payload: new Uint8Array(size).fill(counter),
    }));

const ways = {
    session({ codec, sender, receiver }, all) {
        const begin = performance.now();
        const sealed = all.map(message => sender.encode(message));
        const between = performance.now();
        const packets = sealed.map(packet => {
            const octets = codec.encodePacket(packet);
            const opened = codec.decodePacket(octets);
            return [opened, octets.slice(0, octets.length - opened.applicationPayload.length)];
        });
        const again = performance.now();
        for (const [packet, aad] of packets) receiver.decode(packet, aad);
        return performance.now() - again + between - begin;
    },
    path({ codec, sender, receiver }, all) {
        const begin = performance.now();
        for (const message of all) {
            const octets = codec.encodePacket(sender.encode(message));
            const packet = codec.decodePacket(octets);
            receiver.updateMessageCounter(packet.header.messageId);
            receiver.decode(packet, octets.slice(0, octets.length - packet.applicationPayload.length));
        }
        return performance.now() - begin;
    },
};

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1];

for (const [name, way] of Object.entries(ways)) {
    for (const size of [32, 200, 1200]) {
        const spent = [[], []];
        for (let round = 0; round < rounds + warmUp; round++) {
            const all = messages(size);
            for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
                const ms = way(sides[i], all.map(message => ({ ...message, packetHeader: { ...message.packetHeader } })));
                if (round >= warmUp) spent[i].push((ms * 1000) / perRound);
            }
        }
        const [ours, theirs] = spent.map(median);
        console.log(`${name} ${size} octets: ours ${ours.toFixed(2)} µs, matter.js 0.9.4 ${theirs.toFixed(2)} µs, ratio ${(ours / theirs).toFixed(2)}`);
    }
}
