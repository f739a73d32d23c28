import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AuthenticationError, core, CounterUsedError, ImplementationError, NotStartedError, octetsOf, start, StatusResponseError, UnexpectedDataError } from "matter-session";
import { MessageCodec } from "matter-session/codec";
import { DuplicateMessageError, MessageCounter, MessageReceptionState } from "matter-session/protocol";
import { assertSecureSession, InsecureSession, NoAssociatedFabricError, SecureSession } from "matter-session/session";
import { datagram, messageOf, pair, receive, sessionOf, TestFabric } from "./support/fabric.js";
import { vectors } from "./support/vectors.js";

const insecure = (isInitiator = false): InsecureSession<string> =>
    new InsecureSession({ context: "context", messageCounter: new MessageCounter(), closeCallback: async () => {}, initiatorNodeId: 17n, isInitiator });

describe("before the core is started", () => {
    it("a session says so in one sentence", async () => {
        const sentence = 'The core is not started: await start() of "matter-session" before anything is done with a session.';
        const isIt = (error: Error): boolean => error instanceof NotStartedError && error.message === sentence;
        await assert.rejects(sessionOf(), isIt);
        const keys = { decryptKey: new Uint8Array(16), encryptKey: new Uint8Array(16), attestationKey: new Uint8Array(16) };
        assert.throws(() => new SecureSession({ ...keys, context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, closeCallback: async () => {}, isInitiator: true }), isIt);
        const session = insecure();
        session.updateMessageCounter(1);
        assert.throws(() => session.updateMessageCounter(2), isIt);
    });
});

describe("SecureSession", () => {
    before(() => start());

    it("seals and opens what another implementation does", () => {
        const { tests } = vectors<{ tests: { name: string; plain: string; encrypted: string; encryptKey: string; payload: string; sessionId?: number; accept?: boolean }[] }>("chip_messages.json");
        let opened = 0, refused = 0;
        for (const { name, plain, encrypted, encryptKey, payload, sessionId, accept } of tests) {
            if (sessionId === undefined || /privacy|private|group/.test(name)) continue;
            const key = octetsOf(encryptKey);
            const session = new SecureSession({
                context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: sessionId, decryptKey: key, encryptKey: key, attestationKey: key, closeCallback: async () => {}, isInitiator: true,
            });
            const octets = octetsOf(encrypted);
            if (accept !== true) {
                assert.throws(() => receive(session, octets), AuthenticationError, name);
                refused++;
                continue;
            }
            assert.deepEqual(receive(session, octets).payload, octetsOf(payload), name);
            assert.deepEqual(datagram(session, MessageCodec.decodePayload(MessageCodec.decodePacket(octetsOf(plain)))), octets, name);
            opened++;
        }
        assert.deepEqual({ opened, refused }, { opened: 2, refused: 2 });
    });

    it("carries messages of every size both ways, and counts them", async () => {
        const { initiator, responder } = await pair();
        for (const length of [0, 1, 15, 16, 17, 1200, 60_000]) {
            const payload = Uint8Array.from({ length }, (_, i) => i);
            for (const [from, to] of [[initiator, responder], [responder, initiator]] as const) {
                const got = receive(to, datagram(from, messageOf(await from.getIncrementedMessageCounter(), payload)));
                assert.deepEqual(got.payload, payload);
                assert.equal(got.packetHeader.sessionId, to.id);
            }
        }
    });

    it("gives a message that is sealed again the same octets and the same header object", async () => {
        const { initiator } = await pair();
        const message = messageOf(5);
        const packet = initiator.encode(message);
        assert.equal(packet.header, message.packetHeader);
        assert.equal(message.packetHeader.sessionId, 2);
        assert.deepEqual(initiator.encode(message), packet);
    });

    it("seals no second message under a counter, and tells which error that is", async () => {
        const { initiator, responder } = await pair();
        const first = datagram(initiator, messageOf(5));
        assert.throws(() => initiator.encode(messageOf(5, Uint8Array.of(9))), CounterUsedError);
        assert.throws(() => initiator.encode(messageOf(5, Uint8Array.of(9))), ImplementationError);
        assert.deepEqual(receive(responder, first).payload, Uint8Array.of(1, 2, 3));
    });

    it("repeats a reliable message also after many others, and after its end; no other message", async () => {
        const { initiator, responder } = await pair();
        const [reliable, loose] = [messageOf(5), messageOf(6)];
        loose.payloadHeader.requiresAck = false;
        const first = initiator.encode(reliable).applicationPayload;
        initiator.encode(loose);
        for (let counter = 7; counter < 100; counter++) initiator.encode(messageOf(counter));
        const again = initiator.encode(reliable);
        assert.deepEqual(again, { header: reliable.packetHeader, applicationPayload: first });
        again.applicationPayload.fill(0); // it was the caller's
        assert.throws(() => initiator.encode(loose), CounterUsedError);
        await initiator.destroy(false, false);
        assert.deepEqual(receive(responder, datagram(initiator, reliable)).payload, reliable.payload);
        assert.throws(() => initiator.encode({ ...reliable }), /destroyed/);
        reliable.packetHeader.messageId++;
        assert.throws(() => initiator.encode(reliable), /destroyed/);
        reliable.packetHeader.messageId--;
        await responder.destroy(false, false);
        assert.throws(() => responder.encode(reliable), /destroyed/); // another session's
    });

    it("takes Buffers, parts of arrays and shared memory, and gives octets of its own", async () => {
        const { initiator, responder } = await pair();
        const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 3);
        shared.set([1, 2, 3]);
        const kinds = [Buffer.from([1, 2, 3]), shared, Uint8Array.of(0, 1, 2, 3, 0).subarray(1, 4)];
        for (const [i, payload] of kinds.entries()) {
            const octets = datagram(initiator, messageOf(i + 1, payload));
            const held = new Uint8Array(new SharedArrayBuffer(octets.length));
            held.set(octets);
            const got = receive(responder, i === 1 ? held : Buffer.from(octets)).payload;
            held.fill(0);
            assert.deepEqual(got, Uint8Array.of(1, 2, 3));
        }
    });

    it("difference 1: one forged datagram with the largest counter changes nothing", async () => {
        const { initiator, responder } = await pair();
        receive(responder, datagram(initiator, messageOf(1000)));
        const forged = octetsOf(`00${"0200"}00feffffff${"00".repeat(30)}`);
        assert.equal(forged.length, 38);
        assert.throws(() => receive(responder, forged), UnexpectedDataError);
        for (const counter of [1001, 1003, 1002]) receive(responder, datagram(initiator, messageOf(counter)));
    });

    it("difference 6: the messages before the first one to arrive are taken too, each once", async () => {
        const { initiator, responder } = await pair();
        const sent = [50, 51, 52].map(counter => datagram(initiator, messageOf(counter)));
        for (const i of [2, 0, 1]) receive(responder, sent[i] as Uint8Array);
        const texts = ["Message counter is within the message counter window and duplicate.", "Message counter is within the message counter window and duplicate.", "Message counter equals the maximum message counter."];
        for (const [i, message] of texts.entries()) {
            assert.throws(() => responder.updateMessageCounter(50 + i), { name: "DuplicateMessageError", message });
            // It is opened all the same: its acknowledgement is owed again.
            assert.deepEqual(responder.decode(...opening(sent[i] as Uint8Array)).payload, Uint8Array.of(1, 2, 3));
        }
        assert.throws(() => responder.updateMessageCounter(19), { name: "DuplicateMessageError", message: "Message counter is considered duplicate." });
        assert.throws(() => responder.updateMessageCounter(2 ** 32), { name: "InternalError", message: "Invalid message counter value: 4294967296" });
        responder.updateMessageCounter(0xffffffff);
        responder.updateMessageCounter(0xffffffff); // only looked up, still
    });

    it("refuses every message of which one bit is changed, or that is cut off", async () => {
        const { initiator, responder } = await pair();
        const message = messageOf(77);
        Object.assign(message.packetHeader, { sourceNodeId: 5n, destNodeId: 6n });
        const octets = datagram(initiator, message);
        for (let at = 0; at < octets.length; at++) {
            for (let bit = 0; bit < 8; bit++) {
                const changed = octets.slice();
                changed[at] = (changed[at] as number) ^ (1 << bit);
                // The session ID is who it is for, which the host looked up; anything else is in the header or sealed.
                assert.throws(() => receive(responder, changed), `octet ${at}, bit ${bit}`);
            }
        }
        for (let n = 0; n < octets.length; n++) assert.throws(() => receive(responder, octets.slice(0, n)), UnexpectedDataError, `${n} octets`);
        assert.deepEqual(receive(responder, octets).payload, message.payload);
    });

    it("opens no message under another header than its own", async () => {
        const { initiator, responder } = await pair();
        const [packet, aad] = opening(datagram(initiator, messageOf(9)));
        assert.throws(() => responder.decode({ ...packet, header: { ...packet.header, messageId: 10 } }, aad), AuthenticationError);
        assert.throws(() => responder.decode({ ...packet, header: { ...packet.header, securityFlags: 1 } }, aad), AuthenticationError);
        assert.throws(() => responder.decode(packet), /^ImplementationError: aad: expected a Uint8Array, got undefined$/);
        assert.throws(() => responder.decode(packet, aad.subarray(1)), AuthenticationError);
        responder.decode(packet, aad);
    });

    it("uses each end's operational node ID in CASE, all 64 bits of it", async () => {
        const [a, b] = [new TestFabric({ nodeId: 0xf123_4567_89ab_cdefn }), new TestFabric({ nodeId: 2n ** 53n + 1n })];
        const one = await sessionOf({ id: 1, peerSessionId: 2, fabric: a, peerNodeId: b.nodeId });
        const other = await sessionOf({ id: 2, peerSessionId: 1, fabric: b, peerNodeId: a.nodeId, isInitiator: false });
        receive(other, datagram(one, messageOf(1)));
        receive(one, datagram(other, messageOf(1)));
        const stranger = await sessionOf({ id: 2, peerSessionId: 1, fabric: b, peerNodeId: a.nodeId + 1n, isInitiator: false });
        assert.throws(() => receive(stranger, datagram(one, messageOf(2))), AuthenticationError);
        assert.ok(a.sessions.has(one) && b.sessions.has(other));
        assert.deepEqual(one.caseAuthenticatedTags, [0x10002]);
    });

    it("has an associated fabric once it was given one", async () => {
        const session = await sessionOf();
        assert.throws(() => session.associatedFabric, (error: Error) => {
            return error instanceof NoAssociatedFabricError && error instanceof StatusResponseError && error.code === 126 &&
                error.message === "(126) PASE Session needs to have an associated Fabric for fabric sensitive data handling.";
        });
        const fabric = new TestFabric();
        session.addAssociatedFabric(fabric);
        assert.equal(session.associatedFabric, fabric);
        assert.equal(session.nodeId, 100n);
        assert.equal(session.isPase, true);
        assert.equal(fabric.sessions.size, 0);
        assert.throws(() => session.addAssociatedFabric(fabric), { name: "MatterFlowError", message: "Session already has an associated Fabric. Cannot change this." });
    });

    it("gives the attestation challenge by both names, and copies of it", async () => {
        const { initiator, responder } = await pair();
        const challenge = initiator.getAttestationChallengeKey();
        assert.equal(challenge.length, 16);
        assert.deepEqual(responder.attestationChallengeKey, challenge);
        challenge.fill(0);
        assert.notDeepEqual(initiator.getAttestationChallengeKey(), challenge);
    });

    it("erases its keys when it is destroyed, after its observers were heard", async () => {
        const before = core().call("sessionCount");
        let heard: string | undefined;
        const session = await sessionOf({ closeCallback: async () => void (heard = session.encode(messageOf(1)).applicationPayload.length > 0 ? "usable" : "") });
        assert.equal(core().call("sessionCount"), before + 1);
        await session.destroy();
        assert.equal(session.closingAfterExchangeFinished, true);
        assert.equal(session.sendCloseMessageWhenClosing, false);
        session.encode(messageOf(2)); // its exchange goes on
        await session.destroy(false, false);
        assert.equal(heard, "usable");
        assert.equal(core().call("sessionCount"), before);
        const gone = { name: "MatterFlowError", message: "The session was destroyed: its keys are gone." };
        const [packet, aad] = opening(datagram((await pair()).initiator, messageOf(3)));
        for (const use of [() => session.encode(messageOf(3)), () => session.decode(packet, aad), () => session.updateMessageCounter(1), () => session.getAttestationChallengeKey()]) {
            assert.throws(use, gone);
        }
        const twice = await sessionOf();
        await twice.destroy(true, false);
        await twice.destroy(true, false);
    });

    it("ends its subscriptions, flushed by end() and not by destroy()", async () => {
        let changes = 0;
        const session = new SecureSession({
            context: 0, id: 5, fabric: undefined, peerNodeId: 0n, peerSessionId: 6, decryptKey: new Uint8Array(16), encryptKey: new Uint8Array(16), attestationKey: new Uint8Array(0),
            closeCallback: async () => {}, isInitiator: true, subscriptionChangedCallback: () => changes++,
        });
        assert.equal(session.getAttestationChallengeKey().length, 0);
        const cancelled: [number, boolean | undefined][] = [];
        const subscribe = (subscriptionId: number): void =>
            session.addSubscription({
                subscriptionId,
                cancel: async flush => {
                    cancelled.push([subscriptionId, flush]);
                    session.removeSubscription(subscriptionId);
                },
            });
        subscribe(1);
        subscribe(2);
        session.removeSubscription(3);
        assert.deepEqual([session.numberOfActiveSubscriptions, changes], [2, 2]);
        await session.end(true);
        assert.deepEqual(cancelled, [[1, true], [2, true]]);
        assert.deepEqual([session.numberOfActiveSubscriptions, changes, session.sendCloseMessageWhenClosing], [0, 4, true]);
    });

    it("closes at once if its peer sleeps, else after the exchange", async () => {
        let closed = 0;
        const session = await sessionOf({ closeCallback: async () => void closed++ });
        await session.close();
        assert.deepEqual([closed, session.closingAfterExchangeFinished], [0, true]);
        session.activeTimestamp = 1;
        await session.close();
        assert.equal(closed, 1);
    });

    it("ends itself before its counters do", async () => {
        let closed = 0;
        const session = await sessionOf({ closeCallback: async () => void closed++ });
        (session as unknown as { messageCounter: { messageCounter: number } }).messageCounter.messageCounter = 0xffffffff - 1001;
        assert.equal(await session.getIncrementedMessageCounter(), 0xffffffff - 1000);
        await new Promise(turn => setImmediate(turn));
        assert.deepEqual([session.closingAfterExchangeFinished, session.sendCloseMessageWhenClosing], [true, true]);
        session.encode(messageOf(0xffffffff));
        // Also a host that went on would not use a nonce twice.
        assert.throws(() => session.encode(messageOf(31)), CounterUsedError);
    });

    it("names the argument that is wrong, and what was expected", async () => {
        const wrong: [RegExp, object][] = [
            [/^id: expected an unsigned integer of 16 bits, got 65536$/, { id: 0x10000 }],
            [/^peerSessionId: .* got undefined$/, { peerSessionId: undefined }],
            [/^peerNodeId: expected a node ID, .* got string$/, { peerNodeId: "0" }],
            [/^peerNodeId: expected a node ID, .* got number$/, { peerNodeId: 2 ** 60 }],
            [/^fabric.nodeId: expected a node ID, .* got string$/, { peerNodeId: 1n, fabric: new TestFabric({ nodeId: "1" as never }) }],
            [/^sharedSecret: expected a Uint8Array, got string$/, { sharedSecret: "secret" }],
            [/^salt: expected a Uint8Array, got a ArrayBuffer$/, { salt: new ArrayBuffer(1) }],
        ];
        const count = core().call("sessionCount");
        for (const [text, change] of wrong) {
            const args = {
                context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false, closeCallback: async () => {},
            };
            await assert.rejects(SecureSession.create({ ...args, ...change }), (error: Error) => error instanceof ImplementationError && text.test(error.message), `${text}`);
        }
        assert.throws(
            () => new SecureSession({ context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, decryptKey: new Uint8Array(15), encryptKey: new Uint8Array(16), attestationKey: new Uint8Array(16), closeCallback: async () => {}, isInitiator: true }),
            /^ImplementationError: decryptKey: expected a Uint8Array of 16 octets, got 15$/,
        );
        assert.equal(core().call("sessionCount"), count);
        const { initiator } = await pair();
        assert.throws(() => initiator.encode(messageOf(1, "x" as never)), /payload: expected a Uint8Array, got string/);
        assert.throws(() => initiator.encode(messageOf(1, new Uint8Array(300_000))), /payload: expected at most 65535 octets, got 300000/);
        assert.throws(() => initiator.encode(messageOf(1, new Uint8Array(70_000))), ImplementationError);
    });

    it("speaks both versions' names", async () => {
        const session = await SecureSession.create({
            context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false, closeCallback: async () => {},
            peerSessionParameters: { idleIntervalMs: 1, activeIntervalMs: undefined },
        });
        assert.deepEqual(session.getSessionParameters(), { idleIntervalMs: 1, activeIntervalMs: 500, activeThresholdMs: 4000 });
        assert.deepEqual(session.parameters, {
            idleIntervalMs: 1, activeIntervalMs: 500, activeThresholdMs: 4000, dataModelRevision: 17, interactionModelRevision: 11, specificationVersion: 0, maxPathsPerInvoke: 1,
        });
        assert.equal(session.supportsMRP, true);
    });

    it("is collected when nobody closes it", async () => {
        setFlagsFromString("--expose-gc");
        const collect = runInNewContext("gc") as () => void;
        const before = core().call("sessionCount");
        const forget = async (): Promise<void> => {
            for (let i = 0; i < 100; i++) receive((await pair()).responder, datagram(await sessionOf(), messageOf(1)));
        };
        await forget();
        for (let i = 0; i < 20 && core().call("sessionCount") > before; i++) {
            collect();
            await new Promise(turn => setTimeout(turn, 5));
        }
        assert.ok(core().call("sessionCount") <= before);
    });
});

describe("InsecureSession", () => {
    before(() => start());

    it("difference 7: messages that overtake each other are all taken, each once", () => {
        const session = insecure();
        for (const counter of [1002, 1000, 1001]) session.updateMessageCounter(counter);
        for (const counter of [1002, 1000, 1001]) assert.throws(() => session.updateMessageCounter(counter), DuplicateMessageError);
        session.updateMessageCounter(5); // it has restarted
        assert.throws(() => session.updateMessageCounter(5), DuplicateMessageError);
    });

    it("encodes in the clear, and has neither keys nor fabric", async () => {
        let closed = 0;
        const session = new InsecureSession({ context: "context", messageCounter: new MessageCounter(), closeCallback: async () => void closed++, isInitiator: true });
        assert.equal(session.activeTimestamp, 0);
        assert.ok(session.nodeId > 0n && session.nodeId <= 0xffff_ffef_ffff_ffffn);
        assert.equal(session.name, `insecure/${session.nodeId}`);
        const octets = datagram(session, messageOf(3));
        assert.deepEqual(session.decode(MessageCodec.decodePacket(octets)).payload, Uint8Array.of(1, 2, 3));
        for (const use of [() => session.getAttestationChallengeKey(), () => session.attestationChallengeKey, () => session.setFabric(new TestFabric())]) {
            assert.throws(use, { name: "MatterFlowError", message: "Not supported on an unsecure session" });
        }
        assert.throws(() => session.associatedFabric, { name: "NoAssociatedFabricError", message: "(126) Session needs to be a secure session" });
        assert.throws(() => assertSecureSession(session), { name: "MatterFlowError", message: "Insecure session in secure context" });
        assert.throws(() => assertSecureSession(session, "text"), { message: "text" });
        await session.destroy();
        await session.end();
        assert.equal(closed, 2);
        assert.ok((session as unknown as { messageReceptionState: unknown }).messageReceptionState instanceof MessageReceptionState);
    });

    it("keeps the time of activity", async () => {
        const session = insecure(true);
        session.timestamp = 0;
        session.notifyActivity(false);
        assert.ok(session.timestamp > 0);
        assert.deepEqual([session.activeTimestamp, session.isPeerActive()], [0, false]);
        session.notifyActivity(true);
        assert.deepEqual([session.activeTimestamp, session.isPeerActive()], [session.timestamp, true]);
        assertSecureSession(await sessionOf());
    });
});

/** The arguments of decode. */
function opening(octets: Uint8Array): [ReturnType<typeof MessageCodec.decodePacket>, Uint8Array] {
    const packet = MessageCodec.decodePacket(octets);
    return [packet, octets.slice(0, octets.length - packet.applicationPayload.length)];
}
