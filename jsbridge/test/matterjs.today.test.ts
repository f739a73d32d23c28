import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { Bytes, Logger, LogLevel, MatterError, NodeJsStyleCrypto, StorageManager, MemoryStorageDriver, UnexpectedDataError } from "@matter/general";
import type * as Protocol from "@matter/protocol";
import type { FabricIndex, NodeId } from "@matter/types";
import { report } from "matter-session/matterjs/report";
import { outcome, Seeded, type Outcome } from "./support/parity.js";

type Message = Protocol.Message;
const crypto = new NodeJsStyleCrypto();

/** Results, and errors as their classes alone. */
function plain(result: Outcome): unknown {
    if ("error" in result) return result.error.classes;
    const show = (value: unknown): unknown => {
        if (Bytes.isBytes(value)) return Bytes.toHex(value);
        // What is undefined may be absent.
        if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).map(([key, inner]) => [key, show(inner)]));
        return value;
    };
    return show(result.value);
}

describe("@matter/protocol 0.17.9 with our stand-ins, beside its own modules", () => {
    let ours: typeof Protocol;
    let theirs: typeof Protocol;
    before(async () => {
        Logger.level = LogLevel.FATAL;
        await import("matter-session/matterjs/register");
        ours = await import("@matter/protocol");
        const original = (path: string): Promise<object> => import(new URL(`${path}?original`, import.meta.resolve("@matter/protocol")).href);
        const modules = await Promise.all(["codec/MessageCodec.js", "protocol/MessageCounter.js", "protocol/MessageReceptionState.js", "session/NodeSession.js"].map(original));
        theirs = Object.assign({}, ...modules);
        assert.notEqual(ours.NodeSession, theirs.NodeSession);
        assert.equal(ours.SessionType, theirs.SessionType);
    });

    const same = (call: (which: typeof Protocol) => unknown, what: string): Outcome => {
        const [mine, other] = [outcome(() => call(ours)), outcome(() => call(theirs))];
        assert.deepEqual(plain(mine), plain(other), what);
        return other;
    };

    function message(random: Seeded): Message {
        const optional = <T>(make: () => T): T | undefined => (random.chance() ? make() : undefined);
        const group = random.below(4) === 0;
        return {
            packetHeader: {
                sessionId: random.below(0x10000), sessionType: group ? 1 : 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false,
                messageId: random.uint32(), sourceNodeId: (group ? random.uint64() : optional(() => random.uint64())) as NodeId,
                destNodeId: (group ? undefined : optional(() => random.uint64())) as NodeId, destGroupId: group ? random.below(0x10000) : undefined as never,
            },
            payloadHeader: {
                exchangeId: random.below(0x10000), protocolId: random.chance() ? random.below(0x10000) : random.uint32(), messageType: random.below(256),
                isInitiatorMessage: random.chance(), requiresAck: !group && random.chance(), ackedMessageId: group ? undefined as never : optional(() => random.uint32()) as number, hasSecuredExtension: false,
            },
            payload: random.octets(random.below(64)),
        };
    }

    it("writes 5,000 messages to the same octets, and reads them alike", () => {
        const random = new Seeded(31);
        for (let i = 0; i < 5000; i++) {
            const one = message(random);
            const octets = same(({ MessageCodec }) => MessageCodec.encodePacket(MessageCodec.encodePayload(one)), "encode") as { value: Uint8Array };
            assert.ok("value" in octets);
            const packet = same(({ MessageCodec }) => MessageCodec.decodePacket(octets.value), "decodePacket") as { value: Protocol.DecodedPacket };
            same(({ MessageCodec }) => MessageCodec.decodePayload(packet.value), "decodePayload");
        }
        const { packetHeader } = message(random);
        same(({ MessageCodec }) => MessageCodec.encodePacketHeader({ ...packetHeader, sessionType: 0, hasPrivacyEnhancements: true, destGroupId: undefined as never }), "a header with the privacy flag");
        same(({ MessageCodec }) => MessageCodec.encodePacketHeader({ ...packetHeader, sessionType: 1, destGroupId: undefined as never }), "a group's header without a group");
    });

    it("answers every pair of flag octets with the same header, or an error of the same class", () => {
        const random = new Seeded(32);
        for (let flags = 0; flags < 256; flags++) {
            for (let security = 0; security < 256; security++) {
                const octets = random.octets(64);
                octets[0] = flags;
                octets[3] = security;
                // An extension's length that fits, wherever it begins.
                octets.fill(0, 8, 30);
                // Reserved flags and types are refused here, which Matter Core §4.4.1.1 asks of a receiver.
                const [mine, other] = [outcome(() => ours.MessageCodec.decodePacket(octets)), outcome(() => theirs.MessageCodec.decodePacket(octets))];
                if ("error" in mine && "value" in other) assert.ok((flags & 0x08) !== 0 || (security & 0x1c) !== 0, `${flags.toString(16)} ${security.toString(16)}`);
                else assert.deepEqual(plain(mine), plain(other), `${flags.toString(16)} ${security.toString(16)}`);
            }
        }
    });

    it("refuses what is cut off, as matter.js does, with UnexpectedDataError", () => {
        const random = new Seeded(33);
        for (let i = 0; i < 50; i++) {
            const octets = Bytes.of(ours.MessageCodec.encodePacketHeader(message(random).packetHeader));
            for (let length = 0; length < octets.length; length++) {
                const cut = octets.slice(0, length);
                assert.throws(() => ours.MessageCodec.decodePacket(cut), UnexpectedDataError);
                assert.throws(() => theirs.MessageCodec.decodePacket(cut));
            }
        }
    });

    it("judges 300 sequences of 200 counters alike, in each of the three ways", () => {
        const random = new Seeded(34);
        for (const name of ["MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateEncryptedWithRollover", "MessageReceptionStateUnencryptedWithRollover"] as const) {
            for (let i = 0; i < 100; i++) {
                const first = random.below(3) === 0 ? undefined : random.below(2) === 0 ? 0 : random.uint32();
                const [mine, other] = [new ours[name](first), new theirs[name](first)];
                let at = first ?? random.uint32();
                for (let step = 0; step < 200; step++) {
                    at = random.below(20) === 0 ? random.uint32() : (at + random.below(48) - 20 + 2 ** 32) % 2 ** 32;
                    const counter = at;
                    const [a, b] = [outcome(() => mine.updateMessageCounter(counter)), outcome(() => other.updateMessageCounter(counter))];
                    assert.deepEqual(plain(a), plain(b), `${name}: ${counter}, step ${step} from ${first}`);
                }
            }
            assert.throws(() => new ours[name]().updateMessageCounter(-1), MatterError);
            assert.throws(() => new ours[name]().updateMessageCounter(2 ** 32), MatterError);
        }
    });

    it("counts alike, stored and not, ahead and not, and around the end", async () => {
        for (const options of [{}, { seed: 7 }, { reserve: 10, seed: 5 }, { seed: 0xffffffff - 5, reserve: 4, aboutToRolloverCallback: async () => {} }, { seed: 0xfffffff0, rolloverInfoDifference: 8, aboutToRolloverCallback: async () => {} }]) {
            const runs = [];
            for (const { PersistedMessageCounter } of [ours, theirs]) {
                const manager = new StorageManager(MemoryStorageDriver.create());
                await manager.initialize();
                const storage = manager.createContext("counters");
                let told = 0;
                const all = "aboutToRolloverCallback" in options ? { ...options, aboutToRolloverCallback: async () => void told++ } : options;
                const random = { randomUint32: 0x12345678 } as never;
                const seen: unknown[] = [];
                for (let restart = 0; restart < 3; restart++) {
                    const counter = await PersistedMessageCounter.create(random, storage, "one", all);
                    for (let i = 0; i < 12; i++) seen.push(await counter.getIncrementedCounter(), await storage.get("one"));
                }
                runs.push([...seen, told]);
            }
            assert.deepEqual(runs[0], runs[1], JSON.stringify(options));
        }
        await assert.rejects(async () => {
            const counter = new ours.MessageCounter({ randomUint32: 0 } as never);
            Object.assign(counter, { messageCounter: 0xffffffff });
            await counter.getIncrementedCounter();
        }, MatterError);
    });

    describe("NodeSession", () => {
        const fabric = (nodeId: bigint): Protocol.Fabric => ({ nodeId, fabricIndex: 1 as FabricIndex, addSession() {}, deleteSession() {} }) as unknown as Protocol.Fabric;
        const session = (which: typeof Protocol, isInitiator: boolean, more: object = {}): Promise<Protocol.NodeSession> =>
            which.NodeSession.create({
                crypto, id: isInitiator ? 1 : 2, peerSessionId: isInitiator ? 2 : 1, peerNodeId: 0n as NodeId, sharedSecret: new Uint8Array(32).fill(5), salt: new Uint8Array(32).fill(6),
                isInitiator, isResumption: false, ...more,
            });

        const cases: [string, (isInitiator: boolean) => object][] = [
            ["PASE", () => ({ salt: new Uint8Array() })],
            ["CASE", isInitiator => ({ fabric: fabric(isInitiator ? 0x1111n : 0xfffffffe2222n), peerNodeId: isInitiator ? 0xfffffffe2222n : 0x1111n })],
            ["CASE resumed", isInitiator => ({ fabric: fabric(isInitiator ? 3n : 4n), peerNodeId: isInitiator ? 4n : 3n, isResumption: true })],
        ];
        for (const [what, more] of cases) {
            it(`seals what matter.js opens, and opens what it seals: ${what}`, async () => {
                const random = new Seeded(35);
                for (const [A, B] of [[ours, theirs], [theirs, ours], [ours, ours]] as const) {
                    const [a, b] = [await session(A, true, more(true)), await session(B, false, more(false))];
                    assert.deepEqual(Bytes.toHex(a.attestationChallengeKey), Bytes.toHex(b.attestationChallengeKey));
                    for (let counter = 1; counter < 100; counter++) {
                        const [from, to] = random.chance() ? [a, b] : [b, a];
                        const one = message(random);
                        Object.assign(one.packetHeader, { sessionType: 0, messageId: counter, destGroupId: undefined, destNodeId: undefined });
                        const octets = Bytes.of(ours.MessageCodec.encodePacket(from.encode(one)));
                        assert.equal(Bytes.toHex(ours.MessageCodec.encodePacket(from.encode(one))), Bytes.toHex(octets), "sealed again");
                        const packet = ours.MessageCodec.decodePacket(octets);
                        const opened = to.decode(packet, octets.slice(0, octets.length - packet.applicationPayload.byteLength));
                        assert.equal(Bytes.toHex(opened.payload), Bytes.toHex(one.payload));
                        to.updateMessageCounter(counter);
                    }
                }
            });
        }

        it("tells a message that comes again, and is not moved by a forged one", async () => {
            const [a, b] = [await session(ours, true), await session(ours, false)];
            const send = (messageId: number): [Protocol.DecodedPacket, Uint8Array] => {
                const one = message(new Seeded(messageId));
                Object.assign(one.packetHeader, { sessionType: 0, messageId, destGroupId: undefined });
                const octets = Bytes.of(ours.MessageCodec.encodePacket(a.encode(one)));
                const packet = ours.MessageCodec.decodePacket(octets);
                return [packet, octets.slice(0, octets.length - packet.applicationPayload.byteLength)];
            };
            const first = send(10);
            b.decode(...first);
            b.updateMessageCounter(10);
            b.decode(...first);
            assert.throws(() => b.updateMessageCounter(10), ours.DuplicateMessageError);

            const [forgedPacket, aad] = send(11);
            const forgedHead = aad.slice();
            new DataView(forgedHead.buffer).setUint32(4, 0xfffffffe, true);
            assert.throws(() => b.decode({ ...forgedPacket, header: { ...forgedPacket.header, messageId: 0xfffffffe } }, forgedHead), UnexpectedDataError);
            assert.throws(() => b.decode(forgedPacket, forgedHead), UnexpectedDataError);
            assert.throws(() => b.decode({ ...forgedPacket, applicationPayload: new Uint8Array(15) }, aad), UnexpectedDataError);
            b.decode(forgedPacket, aad);
            b.updateMessageCounter(11);
        });

        it("seals no second message under a counter", async () => {
            const a = await session(ours, true);
            const one = message(new Seeded(1));
            Object.assign(one.packetHeader, { sessionType: 0, messageId: 5, destGroupId: undefined });
            a.encode(one);
            assert.throws(() => a.encode({ ...one, payload: Uint8Array.of(1, 2, 3) }), MatterError);
        });
    });

    it("says that it was ours", () => {
        const { modules, encodes, decodes, handshakes } = report();
        assert.deepEqual(modules, ["codec/MessageCodec.js", "protocol/MessageCounter.js", "protocol/MessageReceptionState.js", "session/NodeSession.js"]);
        assert.ok(encodes > 300 && decodes > 300 && handshakes.pase > 0 && handshakes.case > 0 && handshakes.resumed > 0);
    });
});
