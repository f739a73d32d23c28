import * as their from "@project-chip/matter.js/codec";
import { octetsOf } from "matter-session";
import * as ours from "matter-session/codec";
import { MessageCodec as Ours, type Message } from "matter-session/codec";
import { area, check, equalValues, explained, outcome, same, Seeded, type Outcome } from "../support/parity.js";
import { vectors } from "../support/vectors.js";

const theirs = their.MessageCodec as unknown as typeof Ours;

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

area("MessageCodec", () => {
    check("encodes 10,000 messages to the same octets, and each decodes the other's", () => {
        const random = new Seeded(1);
        for (let i = 0; i < 10_000; i++) {
            const message = ordinary(random);
            const octets = Ours.encodePacket(Ours.encodePayload(message));
            equalValues(octets, theirs.encodePacket(theirs.encodePayload(message)), "encodePacket");
            same(() => Ours.decodePacket(octets), () => theirs.decodePacket(octets), "decodePacket");
            same(() => Ours.decodePayload(Ours.decodePacket(octets)), () => theirs.decodePayload(theirs.decodePacket(octets)), "decodePayload");
            same(() => Ours.messageDiagnostics(message, i % 2 === 0), () => theirs.messageDiagnostics(message, i % 2 === 0), "messageDiagnostics");
        }
    });

    check("takes the vectors' headers apart alike", () => {
        const { tests } = vectors<{ tests: { name: string; plain: string; encrypted: string; privacy?: string }[] }>("chip_messages.json");
        for (const { name, plain, encrypted, privacy } of tests) {
            for (const hex of [plain, encrypted, privacy ?? plain]) {
                const octets = octetsOf(hex);
                same(() => Ours.decodePacket(octets), () => theirs.decodePacket(octets), name);
            }
        }
    });

    check("answers every pair of flag octets alike, errors and their order included", () => {
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

    check("answers every octet of exchange flags alike, but for a vendor's protocol", () => {
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

    check("refuses to encode extensions with the same errors", () => {
        const message = ordinary(new Seeded(4));
        const extension = { ...message, securityExtension: Uint8Array.of(1) };
        const flag = { ...message, payloadHeader: { ...message.payloadHeader, hasSecuredExtension: true } };
        for (const given of [extension, flag]) same(() => Ours.encodePayload(given), () => theirs.encodePayload(given), "security extension");
        const packet = Ours.encodePayload(message);
        for (const given of [{ ...packet, messageExtension: Uint8Array.of(1) }, { ...packet, header: { ...packet.header, hasMessageExtensions: true } }]) {
            same(() => Ours.encodePacket(given), () => theirs.encodePacket(given), "message extension");
        }
    });

    check("has the same constants", () => {
        equalValues({ ...ours.SessionType }, { ...their.SessionType }, "SessionType");
        equalValues(ours.MAX_MESSAGE_SIZE, their.MAX_MESSAGE_SIZE, "MAX_MESSAGE_SIZE");
    });

    check("vendors' protocols and groups come back as they went", () => {
        const random = new Seeded(5);
        const back = (codec: typeof Ours, message: Message): Message => codec.decodePayload(codec.decodePacket(codec.encodePacket(codec.encodePayload(message))));
        for (let i = 0; i < 500; i++) {
            const vendor = ordinary(random);
            vendor.payloadHeader.protocolId = 0x10000 + random.below(0xffff0000);
            const group = ordinary(random);
            group.packetHeader = { ...group.packetHeader, sessionType: 1, destNodeId: undefined, destGroupId: random.below(0x10000) };
            for (const message of [vendor, group]) {
                explained("Header codec", outcome(() => back(Ours, message)), outcome(() => back(theirs, message)), `message ${i}`);
                const { protocolId } = back(Ours, message).payloadHeader, { destGroupId } = back(Ours, message).packetHeader;
                equalValues([protocolId, destGroupId], [message.payloadHeader.protocolId, message.packetHeader.destGroupId], "what was written");
                // What is written rightly, theirs reads; a large vendor's ID as a negative number.
                const octets = Ours.encodePacket(Ours.encodePayload(message));
                const read = theirs.decodePayload(theirs.decodePacket(octets));
                read.payloadHeader.protocolId >>>= 0;
                equalValues(Ours.decodePayload(Ours.decodePacket(octets)), read, "read");
            }
        }
    });

    check("what is cut off anywhere", () => {
        const random = new Seeded(6);
        for (let i = 0; i < 50; i++) {
            const octets = Ours.encodePacket(Ours.encodePayload({ ...ordinary(random), payload: new Uint8Array() }));
            const { header, applicationPayload } = Ours.decodePacket(octets);
            const head = octets.length - applicationPayload.length;
            for (let n = 0; n < octets.length; n++) {
                const cut = octets.subarray(0, n);
                if (n < head) explained("Cut-off headers", outcome(() => Ours.decodePacket(cut)), outcome(() => theirs.decodePacket(cut)), `${n} octets`);
                else {
                    const packet = { header, applicationPayload: cut.subarray(head) };
                    explained("Cut-off headers", outcome(() => Ours.decodePayload(packet)), outcome(() => theirs.decodePayload(packet)), `${n} octets`);
                }
            }
        }
        // An extension that is shorter than it says.
        const short = octetsOf("0000002001000000" + "0900" + "0102");
        explained("Cut-off headers", outcome(() => Ours.decodePacket(short)), outcome(() => theirs.decodePacket(short)), "extension");
    });

    check("arguments of other types", () => {
        const wrong: [string, (message: Message) => unknown][] = [
            ["sessionId", message => (message.packetHeader.sessionId = 0x10000)], ["messageId", message => (message.packetHeader.messageId = -1)],
            ["sourceNodeId", message => (message.packetHeader.sourceNodeId = 2 ** 60 as never)], ["exchangeId", message => (message.payloadHeader.exchangeId = 1.5)],
            ["messageType", message => (message.payloadHeader.messageType = "8" as never)], ["payload", message => (message.payload = [1, 2] as never)],
        ];
        for (const [name, change] of wrong) {
            const message = { ...ordinary(new Seeded(7)), payload: Uint8Array.of(1) };
            change(message);
            const encode = (codec: typeof Ours): Outcome => outcome(() => codec.encodePacket(codec.encodePayload(structuredClone(message))));
            explained("Arguments", encode(Ours), encode(theirs), name);
        }
    });
});
