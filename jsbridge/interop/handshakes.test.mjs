// The mirrored PaseClient, PaseServer, CaseClient and CaseServer with each other and with matter.js 0.9.4's, in one
// process. After each handshake both sides speak on the session that came of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TlvCaseSigma1, TlvCaseSigma2, TlvPbkdfParamRequest, TlvPbkdfParamResponse } from "../../dist/session/index.js";
import { IntermediateAuthority } from "./peers/intermediate.mjs";
import { LegacyAuthority, LegacyNode, open, seal } from "./peers/legacy.mjs";
import { converse, MirrorNode } from "./peers/mirror.mjs";

const passcode = 20202021;
const opcodesOf = messages => messages.map(({ opcode }) => opcode);
const pairs = [
    ["ours", MirrorNode, "0.9.4's", LegacyNode],
    ["0.9.4's", LegacyNode, "ours", MirrorNode],
    ["ours", MirrorNode, "ours", MirrorNode],
];

async function assertKeysMatch(a, b) {
    assert.deepEqual([a.peerSessionId, b.peerSessionId], [b.id, a.id]);
    for (const [from, to] of [[a, b], [b, a]]) {
        const payload = Buffer.from("over and out");
        const opened = open(to, await seal(from, { opcode: 8, exchangeId: 77, payload }));
        assert.deepEqual([Buffer.from(opened.payload), opened.payloadHeader.exchangeId], [payload, 77]);
    }
    assert.deepEqual(Buffer.from(a.getAttestationChallengeKey()), Buffer.from(b.getAttestationChallengeKey()));
}

for (const [clients, A, servers, B] of pairs) {
    const between = `${clients} client and ${servers} server`;

    test(`PASE: ${between}`, async () => {
        const [a, b] = [await A.create(), await B.create()];
        const [initiator, responder] = [a.initiatePASE(passcode), b.respondPASE(passcode)];
        const messages = await converse(initiator, responder);
        assert.deepEqual(opcodesOf(messages), [0x20, 0x21, 0x22, 0x23, 0x24, 0x40]);
        assert.deepEqual([initiator.error, responder.error], [undefined, undefined]);
        assert.ok(initiator.session.isPase && responder.session.isPase);
        await assertKeysMatch(initiator.session, responder.session);
        if (B === MirrorNode) assert.equal(b.context.existsOpenPaseSession(), true);
    });

    test(`PASE with the wrong passcode: ${between}`, async () => {
        const [a, b] = [await A.create(), await B.create()];
        const [initiator, responder] = [a.initiatePASE(passcode + 1), b.respondPASE(passcode)];
        const messages = await converse(initiator, responder);
        assert.equal(initiator.error.message, "Received incorrect key confirmation from the receiver.");
        assert.equal(initiator.error.constructor.name, "UnexpectedDataError");
        if (A === MirrorNode) {
            // matter.js's client leaves its server waiting; ours tells it.
            assert.deepEqual(opcodesOf(messages), [0x20, 0x21, 0x22, 0x23, 0x40]);
            assert.equal(Buffer.from(messages.at(-1).payload).toString("hex"), "0100000000000200");
        } else {
            // Its server waits for a minute unless it is told.
            await responder.handle({ opcode: 0x40, payload: Buffer.from("0100000000000200", "hex") });
        }
        assert.match(String(responder.error), /without a session/);
    });

    test(`CASE in full and resumed, twice: ${between}`, async () => {
        const authority = await LegacyAuthority.create();
        const [a, b] = [await A.create(), await B.create()];
        const fabric = await a.join(authority, 0x1111n);
        await b.join(authority, 0xfff0_0000_2222n);
        for (const expected of [[0x30, 0x31, 0x32, 0x40], [0x30, 0x33, 0x40], [0x30, 0x33, 0x40]]) {
            const [initiator, responder] = [a.initiateCASE(fabric, 0xfff0_0000_2222n), b.respondCASE()];
            const messages = await converse(initiator, responder);
            assert.deepEqual([initiator.error, responder.error], [undefined, undefined]);
            assert.deepEqual(opcodesOf(messages), expected);
            assert.deepEqual([initiator.session.peerNodeId, responder.session.peerNodeId], [0xfff0_0000_2222n, 0x1111n]);
            assert.deepEqual([initiator.session.nodeId, responder.session.nodeId], [0x1111n, 0xfff0_0000_2222n]);
            await assertKeysMatch(initiator.session, responder.session);
        }
    });

    test(`CASE with another fabric: ${between}`, async () => {
        const [a, b] = [await A.create(), await B.create()];
        const fabric = await a.join(await LegacyAuthority.create(), 0x1111n);
        await b.join(await LegacyAuthority.create(), 0x2222n);
        const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
        assert.deepEqual(opcodesOf(await converse(initiator, responder)), [0x30, 0x40]);
        assert.equal(initiator.error.message, "(1/1) Received general error status for protocol 0 (CASE Sigma2 or Sigma2Resume)");
        assert.equal(initiator.error.generalStatusCode, 1);
        assert.match(String(responder.error), /without a session/);
    });

    test(`CASE authenticated tags: ${between}`, async () => {
        const authority = await LegacyAuthority.create();
        const [a, b] = [await A.create(), await B.create()];
        const fabric = await a.join(authority, 0x1111n, [0xabcd_0001, 0x1234_0002]);
        await b.join(authority, 0x2222n);
        for (const resumed of [false, true]) {
            const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
            const messages = await converse(initiator, responder);
            assert.equal(opcodesOf(messages)[1], resumed ? 0x33 : 0x31);
            assert.deepEqual([...responder.session.caseAuthenticatedTags], [0xabcd_0001, 0x1234_0002]);
            // matter.js's client takes its own for its peer's, which has none.
            assert.deepEqual([...initiator.session.caseAuthenticatedTags], A === MirrorNode ? [] : [...fabric.caseAuthenticatedTags]);
            await assertKeysMatch(initiator.session, responder.session);
        }
    });

    test(`a bad resumption MIC: ${between}`, async () => {
        const authority = await LegacyAuthority.create();
        const [a, b] = [await A.create(), await B.create()];
        const fabric = await a.join(authority, 0x1111n);
        await b.join(authority, 0x2222n);
        await converse(a.initiateCASE(fabric, 0x2222n), b.respondCASE());
        // The server's secret is another one now: every MIC is wrong, and nothing else is.
        b.sessionManager.findResumptionRecordByNodeId(0x1111n).sharedSecret.fill(0);
        const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
        const messages = opcodesOf(await converse(initiator, responder));
        if (B === MirrorNode) {
            assert.deepEqual(messages, [0x30, 0x31, 0x32, 0x40]);
            await assertKeysMatch(initiator.session, responder.session);
        } else {
            assert.deepEqual(messages, [0x30, 0x40]); // matter.js gives up
        }
    });
}

test("both sides state their own session parameters", async () => {
    const own = { idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 };
    const authority = await LegacyAuthority.create();
    const [a, b] = [await MirrorNode.create(), await MirrorNode.create()];
    b.context.sessionManager.sessionParameters = { idleIntervalMs: 2000 };
    const pase = await converse(a.initiatePASE(passcode), b.respondPASE(passcode));
    assert.deepEqual(TlvPbkdfParamRequest.decode(pase[0].payload).sessionParams, own);
    assert.deepEqual(TlvPbkdfParamResponse.decode(pase[1].payload).sessionParams, { ...own, idleIntervalMs: 2000 });

    const fabric = await a.join(authority, 0x1111n);
    await b.join(authority, 0x2222n);
    const initiator = a.initiateCASE(fabric, 0x2222n);
    const full = await converse(initiator, b.respondCASE());
    assert.deepEqual(TlvCaseSigma1.decode(full[0].payload).sessionParams, own);
    assert.deepEqual(TlvCaseSigma2.decode(full[1].payload).sessionParams, { ...own, idleIntervalMs: 2000 });
    assert.equal(initiator.session.getSessionParameters().idleIntervalMs, 2000);
});

test("a node ID that is in two fabrics has a record in each", async () => {
    const authorities = [await LegacyAuthority.create({ fabricId: 0x11n }), await LegacyAuthority.create({ fabricId: 0x22n })];
    const [a, b] = [await MirrorNode.create(), await MirrorNode.create()];
    const fabrics = [];
    for (const authority of authorities) {
        fabrics.push(await a.join(authority, 0x1111n));
        await b.join(authority, 0x2222n);
    }
    for (const expected of [0x31, 0x33]) {
        for (const fabric of fabrics) {
            const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
            const messages = await converse(initiator, responder);
            assert.equal(messages[1].opcode, expected);
            assert.equal(initiator.session.fabric.fabricId, fabric.fabricId);
            assert.equal(responder.session.fabric.fabricId, fabric.fabricId);
            await assertKeysMatch(initiator.session, responder.session);
        }
    }
});

test("a replayed Sigma1 resumes nothing", async () => {
    const authority = await LegacyAuthority.create();
    const [a, b] = [await MirrorNode.create(), await MirrorNode.create()];
    const fabric = await a.join(authority, 0x1111n);
    await b.join(authority, 0x2222n);
    await converse(a.initiateCASE(fabric, 0x2222n), b.respondCASE());
    const [sigma1] = await a.initiateCASE(fabric, 0x2222n).handle();
    assert.deepEqual(opcodesOf(await b.respondCASE().handle(sigma1)), [0x33]);
    assert.deepEqual(opcodesOf(await b.respondCASE().handle(sigma1)), [0x31]);
});

test("a peer of another node ID than the one that was asked for", async () => {
    const authority = await LegacyAuthority.create();
    for (const B of [MirrorNode, LegacyNode]) {
        const [a, b] = [await MirrorNode.create(), await B.create()];
        const fabric = await a.join(authority, 0x1111n);
        const theirs = await b.join(authority, 0x2222n);
        // It answers to a name that its certificate does not have.
        Object.defineProperty(theirs, "getDestinationId", { value: (nodeId, random) => fabric.getDestinationId(0x3333n, random) });
        const initiator = a.initiateCASE(fabric, 0x3333n);
        const responder = b.respondCASE();
        const messages = await converse(initiator, responder);
        if (B === MirrorNode) {
            // The core looks at the destination ID itself.
            assert.deepEqual(opcodesOf(messages), [0x30, 0x40]);
            assert.match(initiator.error.message, /^\(1\/1\)/);
        } else {
            assert.equal(initiator.error.message, "The node ID in the peer certificate doesn't match the expected peer node ID");
            assert.equal(initiator.error.constructor.name, "UnexpectedDataError");
            assert.equal(messages.at(-1).opcode, 0x40);
        }
    }
});

test("a peer of another fabric ID below the same root", async () => {
    for (const B of [MirrorNode, LegacyNode]) {
        const authority = await LegacyAuthority.create({ fabricId: 0x11n });
        const [a, b] = [await MirrorNode.create(), await B.create()];
        const fabric = await a.join(authority, 0x1111n);
        authority.fabricId = 0x22n;
        const theirs = await b.join(authority, 0x2222n);
        Object.defineProperty(theirs, "getDestinationId", { value: (nodeId, random) => fabric.getDestinationId(0x2222n, random) });
        const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
        const messages = await converse(initiator, responder);
        if (B === MirrorNode) assert.match(initiator.error.message, /^\(1\/1\)/);
        else {
            // Its key is derived for the other fabric: not even the encrypted part can be read, unless it is the same.
            assert.equal(initiator.error.constructor.name, "UnexpectedDataError");
            assert.equal(messages.at(-1).opcode, 0x40);
        }
    }
    // With the same key, it is the certificate that tells.
    const authority = await LegacyAuthority.create({ fabricId: 0x11n });
    const [a, b] = [await MirrorNode.create(), await LegacyNode.create()];
    const fabric = await a.join(authority, 0x1111n);
    authority.fabricId = 0x22n;
    const theirs = await b.join(authority, 0x2222n);
    Object.defineProperty(theirs, "getDestinationId", { value: (nodeId, random) => fabric.getDestinationId(0x2222n, random) });
    Object.defineProperty(theirs, "operationalIdentityProtectionKey", { value: fabric.operationalIdentityProtectionKey });
    const initiator = a.initiateCASE(fabric, 0x2222n);
    await converse(initiator, b.respondCASE());
    assert.equal(initiator.error.message, "The fabric ID in the peer certificate doesn't match the expected fabric ID");
    assert.equal(initiator.error.constructor.name, "UnexpectedDataError");
});

for (const [clients, A, servers, B] of pairs) {
    test(`an intermediate certificate: ${clients} client and ${servers} server`, async () => {
        const authority = new IntermediateAuthority();
        const [a, b] = [await A.create(), await B.create()];
        const fabric = await authority.join(0x1111n);
        a.enter(fabric);
        b.enter(await authority.join(0x2222n));
        assert.ok(fabric.intermediateCACert.length > 0);
        for (const expected of [0x31, 0x33]) {
            const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
            const messages = await converse(initiator, responder);
            assert.deepEqual([initiator.error, responder.error], [undefined, undefined]);
            assert.equal(messages[1].opcode, expected);
            await assertKeysMatch(initiator.session, responder.session);
        }
    });
}
