import "@project-chip/matter-node.js";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageCodec as Theirs } from "@project-chip/matter.js/codec";
import { octetsOf } from "matter-session";
import * as ours from "matter-session/codec";
import { MessageCodec as Ours, type Message } from "matter-session/codec";
import { same, Seeded } from "./support/parity.js";
import { vectors } from "./support/vectors.js";

const theirs = Theirs as unknown as typeof Ours;

/** Any message that 0.9.4 encodes rightly: no vendor's protocol, no group. */
export function ordinary(random: Seeded): Message {
    const optional = <T>(make: () => T): T | undefined => (random.chance() ? make() : undefined);
    return {
        packetHeader: {
            sessionId: random.below(0x10000), sessionType: random.chance() ? 0 : 1,
            hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false,
            messageId: random.uint32(), sourceNodeId: optional(() => random.uint64()), destNodeId: optional(() => random.uint64()),
        },
        payloadHeader: {
            exchangeId: random.below(0x10000), protocolId: random.below(0x10000), messageType: random.below(256),
            isInitiatorMessage: random.chance(), requiresAck: random.chance(), ackedMessageId: optional(() => random.uint32()), hasSecuredExtension: false,
        },
        payload: random.octets(random.below(64)),
    };
}

describe("parity with matter.js 0.9.4: MessageCodec", () => {
    it("encodes 10,000 messages to the same octets, and each decodes the other's", () => {
        const random = new Seeded(1);
        for (let i = 0; i < 10_000; i++) {
            const message = ordinary(random);
            const octets = Ours.encodePacket(Ours.encodePayload(message));
            assert.deepEqual(octets, theirs.encodePacket(theirs.encodePayload(message)));
            same(() => Ours.decodePacket(octets), () => theirs.decodePacket(octets), "decodePacket");
            same(() => Ours.decodePayload(Ours.decodePacket(octets)), () => theirs.decodePayload(theirs.decodePacket(octets)), "decodePayload");
            same(() => Ours.messageDiagnostics(message, i % 2 === 0), () => theirs.messageDiagnostics(message, i % 2 === 0), "messageDiagnostics");
        }
    });

    it("takes the vectors' headers apart alike", () => {
        const { tests } = vectors<{ tests: { name: string; plain: string; encrypted: string; privacy?: string }[] }>("chip_messages.json");
        for (const { name, plain, encrypted, privacy } of tests) {
            for (const hex of [plain, encrypted, privacy ?? plain]) {
                const octets = octetsOf(hex);
                same(() => Ours.decodePacket(octets), () => theirs.decodePacket(octets), name);
            }
        }
    });

    it("answers every pair of flag octets alike, errors and their order included", () => {
        const random = new Seeded(2);
        for (let message = 0; message < 256; message++) {
            for (let security = 0; security < 256; security++) {
                const octets = random.octets(48);
                octets[0] = message;
                octets[3] = security;
                // An extension's length that fits.
                if ((security & 0x20) !== 0) {
                    const at = 8 + ((message & 4) !== 0 ? 8 : 0) + ((message & 3) === 1 ? 8 : (message & 3) === 2 ? 2 : 0);
                    octets[at] = random.below(8);
                    octets[at + 1] = 0;
                }
                same(() => Ours.decodePacket(octets), () => theirs.decodePacket(octets), `flags ${message}, ${security}`);
            }
        }
    });

    it("answers every octet of exchange flags alike, but for a vendor's protocol", () => {
        const random = new Seeded(3);
        const { header } = Ours.decodePacket(new Uint8Array(8));
        for (let flags = 0; flags < 256; flags++) {
            if ((flags & 0x10) !== 0) continue;
            const applicationPayload = random.octets(32);
            applicationPayload[0] = flags;
            const at = 6 + ((flags & 2) !== 0 ? 4 : 0);
            if ((flags & 8) !== 0) applicationPayload.set([5, 0], at);
            same(() => Ours.decodePayload({ header, applicationPayload }), () => theirs.decodePayload({ header, applicationPayload }), `flags ${flags}`);
        }
    });

    it("refuses to encode extensions with the same errors", () => {
        const message = ordinary(new Seeded(4));
        const extension = { ...message, securityExtension: Uint8Array.of(1) };
        const flag = { ...message, payloadHeader: { ...message.payloadHeader, hasSecuredExtension: true } };
        for (const given of [extension, flag]) same(() => Ours.encodePayload(given), () => theirs.encodePayload(given), "security extension");
        const packet = Ours.encodePayload(message);
        for (const given of [{ ...packet, messageExtension: Uint8Array.of(1) }, { ...packet, header: { ...packet.header, hasMessageExtensions: true } }]) {
            same(() => Ours.encodePacket(given), () => theirs.encodePacket(given), "message extension");
        }
    });

    it("has the same constants", async () => {
        const { MAX_MESSAGE_SIZE, SessionType } = await import("@project-chip/matter.js/codec");
        assert.deepEqual({ ...ours.SessionType }, { ...SessionType });
        assert.equal(ours.MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE);
    });

    it("differs: a vendor's protocol ID has the vendor first, and is read as it was written", () => {
        for (const protocolId of [0x12340005, 0xfff1fffe]) {
            const message = ordinary(new Seeded(5));
            message.payloadHeader.protocolId = protocolId;
            const octets = Ours.encodePacket(Ours.encodePayload(message));
            assert.equal(Ours.decodePayload(Ours.decodePacket(octets)).payloadHeader.protocolId, protocolId);
            // Theirs reads what is right, but as a signed number, and writes what it does not read.
            assert.equal(theirs.decodePayload(theirs.decodePacket(octets)).payloadHeader.protocolId, protocolId | 0);
            const wrong = theirs.encodePacket(theirs.encodePayload(message));
            assert.notEqual(theirs.decodePayload(theirs.decodePacket(wrong)).payloadHeader.protocolId, protocolId);
        }
    });

    it("differs: a destination group has 2 octets", () => {
        const message = ordinary(new Seeded(6));
        message.packetHeader.destNodeId = undefined;
        message.packetHeader.destGroupId = 0x1234;
        message.packetHeader.sessionType = 1;
        const octets = Ours.encodePacket(Ours.encodePayload(message));
        same(() => Ours.decodePayload(Ours.decodePacket(octets)), () => theirs.decodePayload(theirs.decodePacket(octets)), "group");
        const wrong = theirs.encodePacket(theirs.encodePayload(message));
        assert.equal(wrong.length, octets.length + 2);
        assert.notDeepEqual(theirs.decodePayload(theirs.decodePacket(wrong)).payload, message.payload);
    });

    it("differs: what ends too early is an UnexpectedDataError, also where theirs takes less than was announced", () => {
        const short = octetsOf("0000002001000000" + "0900" + "0102");
        assert.equal(theirs.decodePacket(short).messageExtension?.length, 2);
        assert.throws(() => Ours.decodePacket(short), { name: "UnexpectedDataError", message: "The message ends in its message header: 12 octets, at least 19 expected." });
        assert.throws(() => theirs.decodePacket(short.subarray(0, 6)), RangeError);
        assert.throws(() => Ours.decodePacket(short.subarray(0, 6)), { name: "UnexpectedDataError" });
    });
});
