/** What is called with arguments of other types says which one it is and what was expected, before anything has happened. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { core, ImplementationError, start } from "matter-session";
import { MessageCodec } from "matter-session/codec";
import { MessageCounter, PersistedMessageCounter } from "matter-session/protocol";
import { CaseClient, InsecureSession, PaseClient, PaseServer, SecureSession, SessionManager, type HandshakeExchange, type HandshakeFabric } from "matter-session/session";
import { messageOf, pair, TestFabric, TestStorage } from "./support/fabric.js";
import { Node } from "./support/handshake.js";

before(() => start());

const wrong = undefined as never;
const exchange = (context: Node): HandshakeExchange<Node> => ({
    channel: { channel: { name: "none" } }, session: { context, getSessionParameters: () => ({}), destroy: async () => {} },
    send: () => assert.fail("something was sent"), nextMessage: () => assert.fail("something was read"), close: async () => {},
});
const secure = { context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false, closeCallback: async () => {} };
const salt = new Uint8Array(16);

const cases: Record<string, [call: (manager: SessionManager<Node>, node: Node) => unknown, message: RegExp]> = {
    "SecureSession.create()": [() => SecureSession.create(wrong), /^create's argument: expected an object, got undefined$/],
    "a fabric that is none": [() => SecureSession.create({ ...secure, fabric: {} as never }), /^fabric: expected an object with addSession\(\), got a Object$/],
    "no closeCallback": [() => SecureSession.create({ ...secure, closeCallback: wrong }), /^closeCallback: expected a function, got undefined$/],
    "clamped octets": [() => SecureSession.create({ ...secure, sharedSecret: new Uint8ClampedArray(16) as never }), /^sharedSecret: expected a Uint8Array, got a Uint8ClampedArray$/],
    "new InsecureSession()": [() => new InsecureSession(wrong), /^InsecureSession's argument: expected an object, got undefined$/],
    "an initiator's node ID as a float": [() => new InsecureSession({ context: 0, messageCounter: new MessageCounter(), closeCallback: async () => {}, initiatorNodeId: 2 ** 60 as never }), /^initiatorNodeId: .* got number$/],
    "createUnsecureSession()": [manager => manager.createUnsecureSession(wrong), /^options: expected an object/],
    "createSecureSession()": [manager => manager.createSecureSession(wrong), /^createSecureSession's argument: expected an object/],
    "saveResumptionRecord()": [manager => manager.saveResumptionRecord(wrong), /^resumptionRecord: expected an object/],
    "a record without its secret": [manager => manager.saveResumptionRecord({} as never), /^sharedSecret: expected a Uint8Array/],
    "findResumptionRecordById()": [manager => manager.findResumptionRecordById("id" as never), /^resumptionId: expected a Uint8Array, got string$/],
    "updateFabricForResumptionRecords()": [manager => manager.updateFabricForResumptionRecords(wrong), /^fabric: expected an object/],
    "a storage that is none": [(_, node) => new SessionManager(node, wrong).initFromStorage([]), /^sessionStorage: expected an object with get\(\), got undefined$/],
    "a verifier's passcode": [() => PaseClient.generatePakePasscodeVerifier("20202021" as never, { iterations: 1000, salt }), /^setupPinCode: expected an unsigned integer of 32 bits, got string$/],
    "a verifier's iterations": [() => PaseClient.generatePakePasscodeVerifier(1, { iterations: "1000" as never, salt }), /^iterations: .* got string$/],
    "a verifier's salt": [() => PaseClient.generatePakePasscodeVerifier(1, { iterations: 1000, salt: "salt" as never }), /^salt: expected a Uint8Array, got string$/],
    "a verifier's parameters": [() => PaseClient.generatePakePasscodeVerifier(1, wrong), /^pbkdfParameters: expected an object, got undefined$/],
    "fromVerificationValue()": [() => PaseServer.fromVerificationValue("00" as never), /^verificationValue: expected a Uint8Array of 97 octets, got string$/],
    "a verification value of 96 octets": [() => PaseServer.fromVerificationValue(new Uint8Array(96)), /^verificationValue: expected a Uint8Array of 97 octets, got 96$/],
    "w0 as a number": [() => new PaseServer(5 as never, new Uint8Array(65)), /^w0: expected a bigint, got number$/],
    "L of 64 octets": [() => new PaseServer(5n, new Uint8Array(64)), /^L: expected a Uint8Array of 65 octets, got 64$/],
    "PaseClient.pair's passcode": [(_, node) => new PaseClient().pair(node, exchange(node), "20202021" as never), /^setupPin: .* got string$/],
    "PaseClient.pair's client": [(_, node) => new PaseClient().pair(wrong, exchange(node), 20202021), /^client: expected an object/],
    "PaseClient.pair's exchange": [(_, node) => new PaseClient().pair(node, wrong, 20202021), /^exchange: expected an object/],
    "CaseClient.pair's fabric": [(_, node) => new CaseClient().pair(node, exchange(node), wrong, 1n), /^fabric: expected an object/],
    "CaseClient.pair's node ID": [(_, node) => new CaseClient().pair(node, exchange(node), new TestFabric() as unknown as HandshakeFabric, 2 ** 60 as never), /^peerNodeId: .* got number$/],
    "a counter's callback": [() => new MessageCounter("callback" as never), /^aboutToRolloverCallback: expected a function, got string$/],
    "a counter's storage": [() => PersistedMessageCounter.create(wrong, "key"), /^storageContext: expected an object with get\(\) and has\(\) and set\(\), got undefined$/],
    "decodePayload()": [() => MessageCodec.decodePayload(wrong), /^packet: expected an object/],
    "encodePayload()": [() => MessageCodec.encodePayload(wrong), /^message: expected an object/],
    "a message without its header": [() => MessageCodec.encodePayload({ ...messageOf(1), payloadHeader: wrong }), /^payloadHeader: expected an object/],
    "encodePacket()": [() => MessageCodec.encodePacket(wrong), /^packet: expected an object/],
    "encodePacketHeader()": [() => MessageCodec.encodePacketHeader(wrong), /^header: expected an object/],
};

describe("arguments of other types", () => {
    for (const [name, [call, message]] of Object.entries(cases)) {
        it(name, async () => {
            const node = new Node(), sessions = core().call("sessionCount");
            await assert.rejects(async () => call(new SessionManager(node, new TestStorage()), node), (error: Error) => {
                assert.ok(error instanceof ImplementationError, `${error}`);
                assert.match(error.message, message);
                return true;
            });
            assert.equal(core().call("sessionCount"), sessions);
        });
    }

    it("of a session's own methods", async () => {
        const { initiator } = await pair();
        const calls: [() => unknown, RegExp][] = [
            [() => initiator.encode(wrong), /^message: expected an object/],
            [() => initiator.encode({} as never), /^packetHeader: expected an object/],
            [() => initiator.decode(wrong), /^packet: expected an object/],
            [() => initiator.decode({} as never), /^header: expected an object/],
            [() => initiator.addSubscription(wrong), /^subscription: expected an object with cancel\(\), got undefined$/],
            [() => initiator.addAssociatedFabric(wrong), /^fabric: expected an object/],
        ];
        for (const [call, message] of calls) assert.throws(call, (error: Error) => error instanceof ImplementationError && message.test(error.message), `${message}`);
        // matter.js's own words.
        assert.throws(() => initiator.updateMessageCounter("1" as never), { name: "InternalError", message: "Invalid message counter value: 1" });
    });

    it("an exact number is a node ID, the same one as the bigint", () => {
        const manager = new SessionManager(0, new TestStorage());
        const session = manager.createUnsecureSession({ initiatorNodeId: 7 as never });
        assert.equal(session.nodeId, 7n);
        assert.equal(manager.getUnsecureSession(7n), session);
        assert.throws(() => manager.createUnsecureSession({ initiatorNodeId: 7 as never }), { message: "UnsecureSession with NodeId 7 already exists." });
    });

    it("Buffers, parts of arrays and shared memory are octets, of another realm too", async () => {
        const parameters = { iterations: 1000, salt };
        const verifier = await PaseClient.generatePakePasscodeVerifier(20202021, parameters);
        const { runInNewContext } = await import("node:vm");
        const kinds = [Buffer.alloc(16), new Uint8Array(new SharedArrayBuffer(20), 4), Buffer.from(new SharedArrayBuffer(16)), runInNewContext("new Uint8Array(16)") as Uint8Array];
        for (const each of kinds) {
            assert.deepEqual(await PaseClient.generatePakePasscodeVerifier(20202021, { iterations: 1000, salt: each }), verifier);
            const session = await SecureSession.create({ ...secure, sharedSecret: each, salt: each });
            assert.equal(session.getAttestationChallengeKey().length, 16);
            await session.destroy(false, false);
        }
        const shared = new Uint8Array(new SharedArrayBuffer(97));
        shared.set(verifier);
        for (const each of [Buffer.from(verifier), shared]) assert.ok(PaseServer.fromVerificationValue(each, parameters) instanceof PaseServer);
    });
});
