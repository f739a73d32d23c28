// Handshakes and sessions of the blob without its controller, message by message, and matter.js 0.9.4's PaseClient,
// PaseServer, CaseClient, CaseServer and SecureSession: each pair, in one process.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Blob, makeKey } from "./hosted.mjs";
import { LegacyAuthority, LegacyNode, open, seal } from "./peers/legacy.mjs";

const passcode = 20202021;
const blob = await Blob.start();

/** Carries messages until nobody has any left. */
async function converse(initiator, responder) {
    let messages = await initiator.handle();
    for (let [to, from] = [responder, initiator]; messages.length > 0; [to, from] = [from, to]) {
        const answers = [];
        for (const message of messages) {
            if (!to.done && to.error === undefined && to.session === undefined) {
                answers.push(...(await to.handle(message)));
            }
        }
        messages = answers;
    }
}

/** One message each way, one repeated, one changed. */
async function speak(ours, legacy) {
    assert.deepEqual(ours.result["8"], legacy.id);
    assert.deepEqual(Buffer.from(ours.session.challenge()), Buffer.from(legacy.getAttestationChallengeKey()));

    const counter = ours.session.next();
    const message = Buffer.alloc(8 + 6 + 5);
    message.writeUInt16LE(legacy.id, 1);
    message.writeUInt32LE(counter, 4);
    Buffer.from("0502010001000102030405", "hex").copy(message, 8); // protocol header and payload
    const sealed = ours.session.seal(message, 8);
    assert.deepEqual(ours.session.seal(message, 8), sealed, "a retransmission");
    const { payloadHeader, payload } = open(legacy, sealed);
    assert.deepEqual([payloadHeader.messageType, payloadHeader.exchangeId, Buffer.from(payload).toString("hex")], [2, 1, "0102030405"]);
    message[18] ^= 1;
    assert.throws(() => ours.session.seal(message, 8), { code: 20 });

    const theirs = await seal(legacy, { payload: Buffer.from("hello") });
    const changed = theirs.slice();
    changed[changed.length - 1] ^= 1;
    assert.throws(() => ours.session.open(changed, 8), { code: 17 });
    for (const duplicate of [false, true]) {
        const opened = ours.session.open(theirs, 8);
        assert.equal(opened.duplicate, duplicate);
        assert.equal(Buffer.from(opened.message.subarray(-5)).toString(), "hello");
    }
    ours.session.close();
    assert.throws(() => ours.session.next(), { code: 2 });
}

for (const delegate of [0, 4]) {
    test(`our PASE initiator and PaseServer; delegated work: ${delegate}`, async () => {
        const theirs = (await LegacyNode.create()).respondPASE(passcode);
        const ours = blob.handshake("paseInitiator", { 1: 0x1111, 2: passcode, 3: delegate });
        await converse(ours, theirs);
        assert.deepEqual(ours.work, delegate === 0 ? [] : [4]);
        await speak(ours, theirs.session);
    });
}

test("PaseClient and our PASE responder", async () => {
    const theirs = (await LegacyNode.create()).initiatePASE(passcode);
    const { PaseClient } = await import("@project-chip/matter.js/session");
    const pbkdf = { iterations: 1000, salt: new Uint8Array(32).fill(5) };
    const verifier = new Uint8Array(await PaseClient.generatePakePasscodeVerifier(passcode, pbkdf));
    const parameters = { 1: 4321, 2: 321, 3: 4000 };
    const ours = blob.handshake("paseResponder", { 1: 0x2222, 2: verifier, 4: parameters, 5: pbkdf.iterations, 6: pbkdf.salt });
    await converse(theirs, ours);
    assert.equal(theirs.error, undefined);
    assert.deepEqual(theirs.session.getSessionParameters(), { idleIntervalMs: 4321, activeIntervalMs: 321, activeThresholdMs: 4000 });
    await speak(ours, theirs.session);
});

test("PaseClient with the wrong passcode and our PASE responder", async () => {
    const theirs = (await LegacyNode.create()).initiatePASE(passcode + 1);
    const { PaseClient } = await import("@project-chip/matter.js/session");
    const pbkdf = { iterations: 1000, salt: new Uint8Array(32).fill(5) };
    const verifier = new Uint8Array(await PaseClient.generatePakePasscodeVerifier(passcode, pbkdf));
    const ours = blob.handshake("paseResponder", { 1: 0x2222, 2: verifier, 5: pbkdf.iterations, 6: pbkdf.salt });
    await converse(theirs, ours);
    assert.match(String(theirs.error), /incorrect key confirmation/);
    assert.equal(ours.session, undefined);
});

/** What a host has of a 0.9.4 fabric for one of its nodes, as the members of a configuration. */
function member(fabric, authority, nodeId) {
    const { key, publicKey } = makeKey();
    const members = { 1: authority.rootCertificate, 2: authority.issue(publicKey, nodeId), 4: [new Uint8Array(fabric.operationalIdentityProtectionKey)] };
    return { key, fabric: members };
}

/** The record that a host keeps. */
const recordOf = ({ result }, peer) => ({ 1: result["12"]["1"], 2: result["12"]["2"], 3: peer, 4: result["11"] });

test("our CASE initiator and CaseServer, in full and resumed", async () => {
    const [authority, node] = [await LegacyAuthority.create(), await LegacyNode.create()];
    const { key, fabric } = member(await node.join(authority, 0x2222n), authority, 0x1111n);
    let record;
    for (const resumed of [false, true]) {
        const theirs = node.respondCASE();
        const ours = blob.handshake("caseInitiator", { 1: 0x1111, 2: fabric, 3: 3, 5: 0x2222, ...(record && { 6: record }) }, { key });
        await converse(ours, theirs);
        assert.equal(theirs.error, undefined);
        assert.deepEqual([ours.result["13"], ours.result["10"], theirs.session.peerNodeId], [resumed, 0x2222, 0x1111n]);
        assert.deepEqual(ours.work, resumed ? [2] : [2, 3, 1]);
        record = recordOf(ours, 0x2222);
        await speak(ours, theirs.session);
    }
});

test("CaseClient and our CASE responder, in full and resumed", async () => {
    const [authority, node] = [await LegacyAuthority.create(), await LegacyNode.create()];
    const theirFabric = await node.join(authority, 0x2222n, [0x00010002]);
    const { key, fabric } = member(theirFabric, authority, 0x1111n);
    let record;
    for (const resumed of [false, true]) {
        const theirs = node.initiateCASE(theirFabric, 0x1111n);
        const [sigma1] = await theirs.handle();
        const asked = blob.sigma1(sigma1.payload);
        assert.deepEqual(Buffer.from(asked["3"]), Buffer.from(theirFabric.getDestinationId(0x1111n, asked["1"])));
        assert.deepEqual(asked["6"], resumed ? record["1"] : undefined);
        const ours = blob.handshake("caseResponder", { 1: 0x1111, 2: fabric, 3: 1, ...(record && { 6: record }) }, { key });
        await converse({ handle: message => ours.handle(message ?? sigma1) }, theirs);
        assert.equal(theirs.error, undefined);
        assert.deepEqual([ours.result["13"], ours.result["10"], ours.spent], [resumed, 0x2222, resumed]);
        assert.deepEqual(ours.result["11"], [0x00010002]);
        record = recordOf(ours, 0x2222);
        await speak(ours, theirs.session);
    }
});
