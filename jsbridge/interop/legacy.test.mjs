// matter.js 0.9.4 against itself, through the adapter that drives its handshake classes message by message.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LegacyAuthority, LegacyNode, LegacyWire, open, seal } from "./peers/legacy.mjs";

/** Carries messages between two handshakes until nothing is left to carry. @returns the opcodes, in order */
async function converse(initiator, responder) {
    const opcodes = [];
    let toResponder = await initiator.handle();
    while (toResponder.length > 0) {
        const toInitiator = [];
        for (const message of toResponder.splice(0)) {
            opcodes.push(message.opcode);
            toInitiator.push(...(await responder.handle(message)));
        }
        for (const message of toInitiator) {
            opcodes.push(message.opcode);
            toResponder.push(...(await initiator.handle(message)));
        }
    }
    return opcodes;
}

async function assertKeysMatch(a, b) {
    for (const [from, to] of [[a, b], [b, a]]) {
        const payload = Buffer.from("over and out");
        const opened = open(to, await seal(from, { opcode: 8, exchangeId: 77, payload }));
        assert.deepEqual([Buffer.from(opened.payload), opened.payloadHeader.exchangeId], [payload, 77]);
    }
    assert.deepEqual(a.getAttestationChallengeKey(), b.getAttestationChallengeKey());
}

test("PASE", async () => {
    const [a, b] = [await LegacyNode.create(), await LegacyNode.create()];
    const [initiator, responder] = [a.initiatePASE(20202021), b.respondPASE(20202021)];
    assert.deepEqual(await converse(initiator, responder), [0x20, 0x21, 0x22, 0x23, 0x24, 0x40]);
    assert.ok(initiator.done && responder.done);
    assert.equal(initiator.session.peerSessionId, responder.session.id);
    await assertKeysMatch(initiator.session, responder.session);
});

test("PASE with the wrong passcode", async () => {
    const [a, b] = [await LegacyNode.create(), await LegacyNode.create()];
    const [initiator, responder] = [a.initiatePASE(20202022), b.respondPASE(20202021)];
    await converse(initiator, responder);
    assert.match(String(initiator.error), /incorrect key confirmation/);
    // The client ends without a word; its server waits a minute unless it is told.
    const invalidParameter = Buffer.from("0100000000000200", "hex");
    await responder.handle({ opcode: 0x40, payload: invalidParameter });
    assert.ok(responder.done && responder.session === undefined);
});

test("CASE, and its resumption", async () => {
    const authority = await LegacyAuthority.create();
    const [a, b] = [await LegacyNode.create(), await LegacyNode.create()];
    const fabric = await a.join(authority, 0x1111n);
    await b.join(authority, 0x2222n);

    let [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
    assert.deepEqual(await converse(initiator, responder), [0x30, 0x31, 0x32, 0x40]);
    assert.equal(responder.session.peerNodeId, 0x1111n);
    await assertKeysMatch(initiator.session, responder.session);

    [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
    assert.deepEqual(await converse(initiator, responder), [0x30, 0x33, 0x40]);
    await assertKeysMatch(initiator.session, responder.session);
});

test("CASE with another fabric", async () => {
    const [a, b] = [await LegacyNode.create(), await LegacyNode.create()];
    const fabric = await a.join(await LegacyAuthority.create(), 0x1111n);
    await b.join(await LegacyAuthority.create(), 0x2222n);
    const [initiator, responder] = [a.initiateCASE(fabric, 0x2222n), b.respondCASE()];
    assert.deepEqual(await converse(initiator, responder), [0x30, 0x40]);
    assert.match(String(initiator.error), /\(1\/1\)/);
    assert.match(String(responder.error), /without a session/);
});

test("PASE in datagrams", async () => {
    const [a, b] = [await LegacyNode.create(), await LegacyNode.create()];
    const [initiator, responder] = [a.initiatePASE(20202021), b.respondPASE(20202021)];
    const ends = [new LegacyWire(responder, { initiator: false }), new LegacyWire(initiator, { initiator: true })];
    let datagrams = await ends[1].start();
    let carried = 0;
    for (let to = 0; datagrams.length > 0; to = 1 - to) {
        carried += datagrams.length;
        datagrams = (await Promise.all(datagrams.map(datagram => ends[to].receive(datagram)))).flat();
    }
    assert.equal(carried, 7); // six messages, and the acknowledgement of the last
    await assertKeysMatch(initiator.session, responder.session);
});
