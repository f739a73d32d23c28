import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ImplementationError, octetsOf, UnexpectedDataError } from "matter-session";
import { MessageCodec, type DecodedPacket, type Message } from "matter-session/codec";
import { vectors } from "./support/vectors.js";

const everything = octetsOf(
    "05" + "2211" + "20" + "66554433" + "0807060504030201" + "1817161514131211" + "0300" + "aabbcc" + // message header
    "1e" + "42" + "8877" + "34120500" + "ddccbbaa" + "0200" + "eeff" + // protocol header
    "010203",
);
/** Where message and protocol header end. */
const headEnd = 29, protocolEnd = headEnd + 16;

const decoded = (octets: Uint8Array): Message => MessageCodec.decodePayload(MessageCodec.decodePacket(octets));
const message = (): Message => {
    const { packetHeader, payloadHeader, payload } = decoded(everything);
    return { packetHeader: { ...packetHeader, hasMessageExtensions: false }, payloadHeader: { ...payloadHeader, hasSecuredExtension: false }, payload };
};

describe("MessageCodec", () => {
    it("decodes every field", () => {
        const packet = MessageCodec.decodePacket(everything);
        assert.deepEqual(packet.header, {
            securityFlags: 0x20, sessionId: 0x1122, sessionType: 0, messageId: 0x33445566, sourceNodeId: 0x0102030405060708n, destNodeId: 0x1112131415161718n, destGroupId: undefined,
            hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: true,
        });
        assert.deepEqual(packet.messageExtension, octetsOf("aabbcc"));
        const { payloadHeader, securityExtension, payload } = MessageCodec.decodePayload(packet);
        assert.deepEqual(payloadHeader, {
            exchangeId: 0x7788, protocolId: 0x12340005, messageType: 0x42, isInitiatorMessage: false, requiresAck: true, ackedMessageId: 0xaabbccdd, hasSecuredExtension: true,
        });
        assert.deepEqual(securityExtension, octetsOf("eeff"));
        assert.deepEqual(payload, octetsOf("010203"));
    });

    it("refuses a message that ends within a header, at every octet", () => {
        for (let n = 0; n < headEnd; n++) assert.throws(() => MessageCodec.decodePacket(everything.subarray(0, n)), UnexpectedDataError, `${n} octets`);
        for (let n = headEnd; n < protocolEnd; n++) {
            const packet = MessageCodec.decodePacket(everything.subarray(0, n));
            assert.throws(() => MessageCodec.decodePayload(packet), UnexpectedDataError, `${n} octets`);
        }
        assert.equal(decoded(everything.subarray(0, protocolEnd)).payload.length, 0);
    });

    it("takes Buffers, parts of arrays and shared memory", () => {
        const shared = new Uint8Array(new SharedArrayBuffer(everything.length + 7), 7);
        shared.set(everything);
        const part = new Uint8Array(everything.length + 9);
        part.set(everything, 5);
        for (const given of [Buffer.from(everything), shared, part.subarray(5, 5 + everything.length)]) {
            const { packetHeader, payloadHeader, payload } = decoded(given);
            assert.deepEqual({ packetHeader, payloadHeader }, { packetHeader: decoded(everything).packetHeader, payloadHeader: decoded(everything).payloadHeader });
            assert.deepEqual(Uint8Array.from(payload), decoded(everything).payload);
            const again = MessageCodec.encodePacket(MessageCodec.encodePayload({ ...message(), payload: given }));
            assert.deepEqual(again.subarray(again.length - given.length), everything);
        }
    });

    it("names the argument that is wrong, and what was expected", () => {
        const cases: [what: RegExp, change: (given: Message) => void][] = [
            [/^sessionId: expected an unsigned integer of 16 bits, got 65536$/, given => (given.packetHeader.sessionId = 0x10000)],
            [/^sessionType: expected 0 or 1, got 2$/, given => (given.packetHeader.sessionType = 2 as 1)],
            [/^messageId: .* 32 bits, got string$/, given => (given.packetHeader.messageId = "1" as never)],
            [/^messageId: .* 32 bits, got 1.5$/, given => (given.packetHeader.messageId = 1.5)],
            [/^sourceNodeId: expected a node ID, .* got 18446744073709551616$/, given => (given.packetHeader.sourceNodeId = 1n << 64n)],
            [/^destNodeId: expected a node ID, .* got number$/, given => (given.packetHeader.destNodeId = 2 ** 60 as never)],
            [/^header: expected destNodeId or destGroupId, got both$/, given => (given.packetHeader.destGroupId = 1)],
            [/^exchangeId: .* got -1$/, given => (given.payloadHeader.exchangeId = -1)],
            [/^protocolId: .* got undefined$/, given => delete (given.payloadHeader as { protocolId?: number }).protocolId],
            [/^messageType: .* 8 bits, got 256$/, given => (given.payloadHeader.messageType = 256)],
            [/^ackedMessageId: .* got null$/, given => (given.payloadHeader.ackedMessageId = null as never)],
            [/^payload: expected a Uint8Array, got a Array$/, given => (given.payload = [1] as never)],
        ];
        for (const [text, change] of cases) {
            const given = message();
            change(given);
            assert.throws(() => MessageCodec.encodePacket(MessageCodec.encodePayload(given)), (error: Error) => error instanceof ImplementationError && text.test(error.message), `${text}`);
        }
        assert.throws(() => MessageCodec.decodePacket("05" as never), /^ImplementationError: data: expected a Uint8Array, got string$/);
        assert.throws(() => MessageCodec.decodePayload({ header: {}, applicationPayload: undefined } as unknown as DecodedPacket), /data: expected a Uint8Array, got undefined/);
    });

    it("keeps all bits of a node ID", () => {
        for (const id of [0n, 1n, 2n ** 53n + 1n, 0xffff_ffff_ffff_ffffn]) {
            const given = message();
            given.packetHeader.sourceNodeId = id;
            assert.equal(decoded(MessageCodec.encodePacket(MessageCodec.encodePayload(given))).packetHeader.sourceNodeId, id);
        }
    });

    it("decodes the headers of messages of another implementation", () => {
        const { tests } = vectors<{ tests: { name: string; plain: string; payload: string; sessionId: number }[] }>("chip_messages.json");
        let seen = 0;
        for (const { plain, payload, sessionId } of tests.filter(test => !/privacy|private/.test(test.name) || /no privacy/.test(test.name))) {
            const { packetHeader, payloadHeader, payload: read } = decoded(octetsOf(plain));
            if (sessionId !== undefined) assert.equal(packetHeader.sessionId, sessionId);
            assert.equal(payloadHeader.exchangeId, 0x0eee);
            assert.equal(payloadHeader.protocolId, 0x7d20);
            assert.deepEqual(read, octetsOf(payload));
            seen++;
        }
        assert.ok(seen >= 5);
    });
});
