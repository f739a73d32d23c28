// Both roles of ours, in the blob, and matter.js 0.9.4's PaseClient, PaseServer, CaseClient and CaseServer: each pair, in
// one process. After each handshake both sides speak on the session that came of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BlobNode } from "./blob-node.mjs";
import { LegacyAuthority, LegacyNode, LegacyWire, open, seal } from "./peers/legacy.mjs";

const PEER = 7;
const passcode = 20202021;
const READ_REQUEST = 2;
const REPORT_DATA = 5;
const NOTHING_MATCHED = Buffer.from("15290424ff0c18", "hex");
const nodes = [];
after(() => nodes.forEach(node => node.close()));

async function startBlob() {
    const node = await BlobNode.start();
    nodes.push(node);
    return node;
}

/** Makes a node of ours a member of an authority's fabric; its key stays outside the blob. */
function join(node, authority, nodeId, publicKey) {
    return node.request("openExternal", {
        rootCertificate: authority.rootCertificate,
        noc: authority.issue(publicKey, nodeId),
        ipk: authority.epochKey,
        adminVendorId: 0xfff1,
    }).fabricIndex;
}

/** Carries datagrams until nobody has any left. */
async function converse(ours, wire, toOurs = []) {
    let toWire = ours.take();
    while (toWire.length + toOurs.length > 0) {
        const answers = [];
        for (const datagram of toWire) {
            answers.push(...(await wire.receive(datagram)));
        }
        toWire = [...toOurs, ...answers].flatMap(datagram => ours.receive(PEER, datagram));
        toOurs = [];
    }
}

/** A question of ours and their answer, on the session that both have. */
async function speak(ours, session, legacy, theyInitiated) {
    const info = ours.request("sessionInfo", { session });
    assert.deepEqual([info.session, info.peerSession], [legacy.peerSessionId, legacy.id]);
    assert.equal(info.initiator, !theyInitiated);
    assert.deepEqual(Buffer.from(info.attestationChallenge), Buffer.from(legacy.getAttestationChallengeKey()));

    const { id } = ours.request("read", { session, attributes: [{ endpoint: 1, cluster: 6, attribute: 0 }] });
    const { payloadHeader } = open(legacy, ours.take()[0]);
    assert.deepEqual([payloadHeader.protocolId, payloadHeader.messageType], [1, READ_REQUEST]);
    const answer = { opcode: REPORT_DATA, exchangeId: payloadHeader.exchangeId, initiator: false, payload: NOTHING_MATCHED };
    ours.receive(PEER, await seal(legacy, answer));
    const report = ours.event("report");
    assert.deepEqual([report.id, report.last], [id, true]);
}

test("our PASE initiator and PaseServer", async () => {
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    const handshake = theirs.respondPASE(passcode);
    ours.request("pase", { peer: PEER, passcode });
    await converse(ours, new LegacyWire(handshake, { initiator: false }));
    await speak(ours, ours.event("session").session, handshake.session, false);
});

test("our PASE initiator with the wrong passcode and PaseServer", async () => {
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    const handshake = theirs.respondPASE(passcode);
    ours.request("pase", { peer: PEER, passcode: passcode + 1 });
    await converse(ours, new LegacyWire(handshake, { initiator: false }));
    assert.equal(ours.event("failed").code, 10);
    assert.ok(handshake.done && handshake.session === undefined, "PaseServer was not told");
});

test("PaseClient and our PASE responder", async () => {
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    ours.request("openPase", { passcode, iterations: 1000, salt: new Uint8Array(32).fill(5) });
    const handshake = theirs.initiatePASE(passcode);
    const wire = new LegacyWire(handshake, { initiator: true });
    await converse(ours, wire, await wire.start());
    assert.equal(handshake.error, undefined);
    await speak(ours, ours.event("session").session, handshake.session, true);
});

test("PaseClient with the wrong passcode and our PASE responder", async () => {
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    ours.request("openPase", { passcode, iterations: 1000, salt: new Uint8Array(32).fill(5) });
    const handshake = theirs.initiatePASE(passcode + 1);
    const wire = new LegacyWire(handshake, { initiator: true });
    await converse(ours, wire, await wire.start());
    assert.match(String(handshake.error), /incorrect key confirmation/);
    assert.deepEqual(ours.events.filter(({ type }) => type === "session"), []);
});

test("our CASE initiator and CaseServer, in full and resumed", async () => {
    const authority = await LegacyAuthority.create();
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    const fabricIndex = join(ours, authority, 0x1111n, ours.makeKey());
    await theirs.join(authority, 0x2222n);
    for (const resumed of [false, true]) {
        const handshake = theirs.respondCASE();
        ours.request("connect", { fabricIndex, nodeId: 0x2222n, peer: PEER });
        await converse(ours, new LegacyWire(handshake, { initiator: false }));
        const session = ours.event("session");
        assert.deepEqual([session.resumed, session.node], [resumed, 0x2222n]);
        assert.equal(handshake.session.peerNodeId, 0x1111n);
        await speak(ours, session.session, handshake.session, false);
    }
});

test("CaseClient and our CASE responder, in full and resumed", async () => {
    const authority = await LegacyAuthority.create();
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    join(ours, authority, 0x1111n, ours.makeKey());
    const fabric = await theirs.join(authority, 0x2222n);
    for (const resumed of [false, true]) {
        const handshake = theirs.initiateCASE(fabric, 0x1111n);
        const wire = new LegacyWire(handshake, { initiator: true });
        await converse(ours, wire, await wire.start());
        assert.equal(handshake.error, undefined);
        const session = ours.event("session");
        assert.deepEqual([session.resumed, session.node], [resumed, 0x2222n]);
        await speak(ours, session.session, handshake.session, true);
    }
});

test("CaseClient of another fabric and our CASE responder", async () => {
    const [ours, theirs] = [await startBlob(), await LegacyNode.create()];
    join(ours, await LegacyAuthority.create(), 0x1111n, ours.makeKey());
    const handshake = theirs.initiateCASE(await theirs.join(await LegacyAuthority.create(), 0x2222n), 0x1111n);
    const wire = new LegacyWire(handshake, { initiator: true });
    await converse(ours, wire, await wire.start());
    assert.match(String(handshake.error), /\(1\/1\)/); // failure, no shared trust roots
});
