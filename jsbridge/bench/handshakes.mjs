// make bench: PASE (1,000 iterations), CASE and its resumption, messages handed over in one process: our classes (the blob)
// and matter.js 0.9.4's (node:crypto, and noble's curve for SPAKE2+), in every pairing and in turns. A role's time is what
// passes from handing it a message until it has answered.

import { start } from "../../dist/index.js";
import { PaseServer as OurPaseServer } from "../../dist/session/index.js";
import { PaseClient, PaseServer } from "@project-chip/matter.js/session";
import { LegacyAuthority, LegacyNode } from "../interop/peers/legacy.mjs";
import { MirrorNode } from "../interop/peers/mirror.mjs";

const rounds = Number(process.env.ROUNDS ?? 40);
const passcode = 20202021;
const parameters = { iterations: 1000, salt: new Uint8Array(32).fill(7) };
await start();
const verifier = await PaseClient.generatePakePasscodeVerifier(passcode, parameters);
const authority = await LegacyAuthority.create();

async function side(Node, nodeId) {
    const node = await Node.create();
    return { node, nodeId, fabric: await node.join(authority, nodeId) };
}

/** Runs one handshake. @returns the time of each role in ms */
async function run(initiator, responder) {
    const time = [0, 0];
    const hand = async (who, to, message) => {
        const before = performance.now();
        const answers = await to.handle(message);
        time[who] += performance.now() - before;
        return answers;
    };
    let toResponder = await hand(0, initiator);
    while (toResponder.length > 0) {
        const toInitiator = [];
        for (const message of toResponder.splice(0)) toInitiator.push(...(await hand(1, responder, message)));
        for (const message of toInitiator) toResponder.push(...(await hand(0, initiator, message)));
    }
    if (!initiator.session || !responder.session) throw new Error(`no session: ${initiator.error} ${responder.error}`);
    for (const { session } of [initiator, responder]) await session.destroy(false, false);
    return time;
}

const Server = { ours: OurPaseServer, theirs: PaseServer };
const sides = {};
for (const who of ["ours", "theirs"]) {
    const Node = who === "ours" ? MirrorNode : LegacyNode;
    sides[who] = { initiator: await side(Node, who === "ours" ? 0x11n : 0x12n), responder: await side(Node, who === "ours" ? 0x21n : 0x22n) };
}

const forget = async (node, nodeId) => {
    await node.sessionManager.removeResumptionRecord(nodeId);
};
const handshakes = {
    "PASE": (a, b, B) => [a.node.initiatePASE(passcode), b.node.respond(exchange => Server[B].fromVerificationValue(verifier, parameters).onNewExchange(exchange))],
    "CASE": async (a, b) => {
        await forget(a.node, b.nodeId);
        await forget(b.node, a.nodeId);
        return [a.node.initiateCASE(a.fabric, b.nodeId), b.node.respondCASE()];
    },
    "CASE resumed": (a, b) => [a.node.initiateCASE(a.fabric, b.nodeId), b.node.respondCASE()],
};

const median = values => values.toSorted((x, y) => x - y)[values.length >> 1];
const times = {};
for (let round = -3; round < rounds; round++) {
    for (const A of ["ours", "theirs"]) {
        for (const B of round % 2 === 0 ? ["ours", "theirs"] : ["theirs", "ours"]) {
            for (const [name, make] of Object.entries(handshakes)) {
                const [initiator, responder] = await make(sides[A].initiator, sides[B].responder, B);
                const [i, r] = await run(initiator, responder);
                if (round < 0) continue; // warm-up
                ((times[`${name} initiator`] ??= {})[A] ??= []).push(i);
                ((times[`${name} responder`] ??= {})[B] ??= []).push(r);
                if (A === B) ((times[`${name}, both`] ??= {})[A] ??= []).push(i + r);
            }
        }
    }
}
console.log(`handshakes in one process, ${rounds} rounds in turns, medians in ms`);
console.log(`${"".padEnd(26)}${"ours".padStart(8)}${"0.9.4".padStart(8)}   ours takes`);
for (const [name, { ours, theirs }] of Object.entries(times)) {
    const [x, y] = [median(ours), median(theirs)];
    console.log(`${name.padEnd(26)}${x.toFixed(2).padStart(8)}${y.toFixed(2).padStart(8)}   ${((100 * x) / y).toFixed(0)} %`);
}
