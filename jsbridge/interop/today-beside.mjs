// Run with register, for matterjs-today-peers.test.mjs: compares, in one process, each class of matter.js 0.17.9 that is replaced with what stands in for it.
// Prints {"compared": N, "failed": [text, …]}.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Bytes, Crypto, Environment, Logger, LogLevel, MatterError, NotImplementedError, UnexpectedDataError } from "@matter/general";
import "@matter/main";
import * as ours from "@matter/protocol";

const base = new URL("../esm/", pathToFileURL(createRequire(import.meta.url).resolve("@matter/protocol")));
const load = path => import(new URL(`${path}?original`, base).href);
const theirs = { ...(await load("codec/MessageCodec.js")), ...(await load("protocol/MessageCounter.js")), ...(await load("protocol/MessageReceptionState.js")), ...(await load("session/NodeSession.js")) };
Logger.level = LogLevel.FATAL;
const crypto = Environment.default.get(Crypto);

let compared = 0;
const failed = [];
function equal(actual, expected, what) {
    compared++;
    if (text(actual) !== text(expected) && failed.length < 20) failed.push(`${what}: ${text(actual)}, wanted ${text(expected)}`);
}
function text(value) {
    return JSON.stringify(sorted(value)) ?? "undefined";
}
/** A result, or of an error its class; a malformed message may have more than one fault. */
function outcome(work) {
    try {
        return { value: work() };
    } catch (error) {
        const refused = error instanceof RangeError || error instanceof UnexpectedDataError || error instanceof NotImplementedError;
        return { error: refused ? "refused" : error instanceof MatterError ? error.constructor.name : `not a MatterError: ${error}` };
    }
}
/** The same whatever the order of its names and the kind of its octets. */
function sorted(value) {
    if (typeof value === "bigint") return `${value}n`;
    if (value === null || typeof value !== "object") return value;
    if (value instanceof ArrayBuffer || value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (Array.isArray(value)) return value.map(sorted);
    return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]));
}

let seed = 17;
function random(limit) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
}
const octets = length => Uint8Array.from({ length }, () => random(256));
const maybe = value => (random(2) === 0 ? undefined : value);

function message() {
    const sessionType = random(4) === 0 ? 1 : 0;
    return {
        packetHeader: {
            sessionId: random(65536), sessionType, hasPrivacyEnhancements: random(8) === 0, isControlMessage: false, hasMessageExtensions: random(40) === 0, messageId: random(2 ** 32),
            sourceNodeId: sessionType === 1 ? BigInt(random(2 ** 32)) : maybe(BigInt(random(2 ** 32)) << 31n), destNodeId: random(4) === 0 ? 5n : undefined, destGroupId: sessionType === 1 ? random(65536) : undefined,
        },
        payloadHeader: {
            exchangeId: random(65536), protocolId: random(3) === 0 ? random(2 ** 32) : random(5), messageType: random(256), isInitiatorMessage: random(2) === 0,
            requiresAck: sessionType === 0 && random(2) === 0, ackedMessageId: sessionType === 0 ? maybe(random(2 ** 32)) : undefined, hasSecuredExtension: random(40) === 0,
        },
        payload: octets(random(60)),
    };
}

// Messages as they are made, as they are read, and mutilated.
for (let n = 0; n < 3000; n++) {
    const one = message();
    if (one.packetHeader.destNodeId !== undefined && one.packetHeader.destGroupId !== undefined && one.packetHeader.sessionType === 0) continue;
    for (const encode of [C => C.encodePacketHeader(one.packetHeader), C => C.encodePayload(one), C => C.encodePacket(C.encodePayload(one)), C => C.encodePacket({ ...C.encodePayload(one), headerBytes: octets(0) })]) {
        equal(outcome(() => encode(ours.MessageCodec)), outcome(() => encode(theirs.MessageCodec)), "encoding");
    }
    const packet = outcome(() => theirs.MessageCodec.encodePacket(theirs.MessageCodec.encodePayload(one))).value ?? octets(40);
    for (const data of [packet, packet.subarray(0, random(packet.length)), packet.map(octet => (random(24) === 0 ? random(256) : octet)), octets(random(40))]) {
        for (const view of [data, data.slice().buffer]) {
            equal(outcome(() => ours.MessageCodec.decodePacket(view)), outcome(() => theirs.MessageCodec.decodePacket(view)), "packet");
        }
        const header = { sessionType: random(2), isControlMessage: false };
        equal(outcome(() => ours.MessageCodec.decodePayload({ header, applicationPayload: data })), outcome(() => theirs.MessageCodec.decodePayload({ header, applicationPayload: data })), "payload");
    }
}

// Windows: near the largest, around the ends, and far away.
for (const name of ["MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateEncryptedWithRollover", "MessageReceptionStateUnencryptedWithRollover"]) {
    for (let n = 0; n < 300; n++) {
        const first = [undefined, 0, 0xffffffff, random(2 ** 32)][random(4)];
        const a = new ours[name](first), b = new theirs[name](first);
        let around = first ?? random(2 ** 32);
        for (let i = 0; i < 25; i++) {
            const counter = random(12) === 0 ? random(2 ** 32) : (around + random(80) - 45 + 2 ** 32) % 2 ** 32;
            const [x, y] = [a, b].map(state => outcome(() => state.updateMessageCounter(counter)));
            equal({ x, at: b.maximumMessageCounter }, { x: y, at: b.maximumMessageCounter }, `${name} ${counter} of ${text([b.maximumMessageCounter, b.messageCounterBitmap])}`);
            if (text(x) !== text(y)) break;
            around = b.maximumMessageCounter;
        }
    }
}

// Counters, stored ones too.
class Storage {
    values = new Map();
    has = async key => this.values.has(key);
    get = async key => this.values.get(key);
    set = async (key, value) => void this.values.set(key, value);
}
const pinned = { randomUint32: 0xfffffff0 };
for (const options of [{}, { reserve: 5 }, { seed: 7 }, { seed: 0xfffffffd, aboutToRolloverCallback: async () => {}, reserve: 3 }, { seed: 0xfffffffd }, { seed: -1 }, { reserve: 0 }, { seed: 0xffffffff - 12, rolloverInfoDifference: 10, aboutToRolloverCallback: async () => {} }]) {
    const run = async ({ MessageCounter, PersistedMessageCounter }) => {
        const said = [], storage = new Storage(), told = options.aboutToRolloverCallback && { aboutToRolloverCallback: async () => void said.push("told") };
        try {
            const plain = new MessageCounter(pinned);
            said.push(await plain.getIncrementedCounter(), await plain.getIncrementedCounter());
            for (const round of [1, 2]) {
                const counter = await PersistedMessageCounter.create(pinned, storage, "c", { ...options, ...told });
                for (let i = 0; i < 8; i++) said.push(round, await counter.getIncrementedCounter(), storage.values.get("c"));
            }
        } catch (error) {
            said.push(error.constructor.name);
        }
        return said;
    };
    equal(await run(ours), await run(theirs), `counters ${text(options)}`);
}

// Sessions: what one class seals, the other opens.
const [sharedSecret, salt] = [octets(32), octets(16)];
const fabric = { nodeId: 0x1122334455667788n, fabricIndex: 1, addSession() {}, deleteSession() {} };
const make = (C, isInitiator, more = {}) =>
    C.NodeSession.create({ crypto, id: isInitiator ? 1 : 2, peerSessionId: isInitiator ? 2 : 1, fabric: { ...fabric, nodeId: isInitiator ? 10n : 20n }, peerNodeId: isInitiator ? 20n : 10n, sharedSecret, salt, isInitiator, isResumption: false, ...more });
const header = messageId => ({ sessionId: 0, sessionType: 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false, messageId });
const payloadHeader = { exchangeId: 3, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, hasSecuredExtension: false };
/** Opens what came as an ExchangeManager does. */
function receive(session, data) {
    const packet = ours.MessageCodec.decodePacket(data);
    const message = session.decode(packet, data.slice(0, data.length - packet.applicationPayload.byteLength));
    let duplicate = false;
    try {
        session.updateMessageCounter(message.packetHeader.messageId);
    } catch (error) {
        ours.DuplicateMessageError.accept(error);
        duplicate = true;
    }
    return { payload: message.payload, header: message.payloadHeader, duplicate };
}
for (const more of [{}, { isResumption: true }, { peerNodeId: 0n, fabric: undefined }]) {
    const [a, b, c] = [await make(ours, true, more), await make(theirs, true, more), await make(ours, false, more)];
    equal(a.attestationChallengeKey, b.attestationChallengeKey, "attestation challenge");
    equal([a.id, a.peerSessionId, a.nodeId, a.peerNodeId, a.isPase, a.isInitiator, a.isSecure, a.type, a.supportsMRP], [b.id, b.peerSessionId, b.nodeId, b.peerNodeId, b.isPase, b.isInitiator, b.isSecure, b.type, b.supportsMRP], "members");
    let largest = 100;
    for (let n = 0; n < 400; n++) {
        const messageId = Math.max(1, largest + random(12) - 6), payload = new Uint8Array([messageId & 255, 1, 2, 3]);
        if (messageId > largest) largest = messageId;
        const seal = session => Bytes.of(ours.MessageCodec.encodePacket(session.encode({ packetHeader: header(messageId), payloadHeader, payload })));
        const sealed = seal(b);
        equal(seal(a), sealed, "sealed");
        const d = (c.twin ??= await make(theirs, false, more));
        equal(receive(c, sealed), receive(d, sealed), `opened ${messageId}`);
        if (n % 10 === 0) {
            const forged = sealed.slice();
            forged[4 + random(forged.length - 4)] ^= 1 << random(8);
            equal(outcome(() => receive(c, forged)).error !== undefined, true, "forged");
        }
    }
    // Keys stay where nobody reads them.
    equal(JSON.stringify(Object.values(a)).length > 0 && [a.decryptKey, a.encryptKey], [null, null], "keys");
}

// A reliable message is repeated as it was, also after many others; another under its counter is refused.
{
    const [a, c] = [await make(ours, true), await make(theirs, false)];
    const first = { packetHeader: header(50), payloadHeader, payload: octets(8) };
    const before = Bytes.of(ours.MessageCodec.encodePacket(a.encode(first)));
    for (let messageId = 51; messageId < 150; messageId++) a.encode({ packetHeader: header(messageId), payloadHeader, payload: octets(3) });
    equal(Bytes.of(ours.MessageCodec.encodePacket(a.encode(first))), before, "repeated");
    equal(receive(c, before).duplicate, false, "repeated, opened");
    equal(outcome(() => a.encode({ packetHeader: header(149), payloadHeader, payload: octets(9) })).error !== undefined, true, "a counter twice");
    await a.close();
    equal(outcome(() => a.encode({ packetHeader: header(200), payloadHeader, payload: octets(9) })).error, "MatterFlowError", "closed");
}

// A session in the hands of its manager's observers can be used at once.
{
    let sealed;
    const sessions = { add: session => void (sealed = session.encode({ packetHeader: header(9), payloadHeader, payload: octets(3) })), delete() {} };
    await make(ours, true, { manager: { construction: Promise.resolve(), sessions } });
    equal(sealed?.applicationPayload.length, 6 + 3 + 16, "sealed while being registered");
}

// Groups are matter.js's own, over our codec and our windows.
{
    const { GroupSession, MessagePrivacy } = ours;
    const key = octets(16), id = 0x1234;
    const privacyKey = Bytes.of(await MessagePrivacy.deriveKey(crypto, key));
    const state = new ours.MessageReceptionStateEncryptedWithRollover();
    const group = { nodeId: 7n, fabricIndex: 1, crypto, addSession() {}, deleteSession() {}, groups: { sessions: new Map([[id, [{ key, privacyKey, keySetId: 1 }]]]), messaging: { receptionStateFor: () => state } } };
    const session = new GroupSession({ id, fabric: group, keySetId: 1, peerNodeId: 0xffffffffffff0001n, operationalGroupKey: key, operationalPrivacyKey: privacyKey, multicastAddress: "ff35::1", messageCounter: new ours.MessageCounter(crypto) });
    for (const hasPrivacyEnhancements of [false, true]) {
        const payload = octets(20), messageId = hasPrivacyEnhancements ? 6 : 5;
        const sent = { packetHeader: { ...header(messageId), sessionType: 1, sourceNodeId: 7n, destGroupId: 1, hasPrivacyEnhancements }, payloadHeader: { ...payloadHeader, requiresAck: false }, payload };
        const data = Bytes.of(ours.MessageCodec.encodePacket(session.encode(sent)));
        const packet = ours.MessageCodec.decodePacket(data);
        const opened = GroupSession.decode([group], packet, data.slice(0, data.length - packet.applicationPayload.byteLength));
        equal([opened.message.payload, opened.sourceNodeId, opened.message.packetHeader.messageId], [payload, 7n, messageId], "group");
        const update = () => session.updateMessageCounter(messageId, 7n, key);
        equal([outcome(update), outcome(update)], [{}, { error: "DuplicateMessageError" }], "group, again");
    }
    equal([GroupSession.is(session), ours.SecureSession.prototype.isPrototypeOf(session)], [true, true], "group's class");
}

console.log(JSON.stringify({ compared, failed }));
