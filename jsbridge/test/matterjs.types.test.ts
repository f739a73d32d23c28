/** matter.js 0.9.4's own code takes our objects by its types, through the one cast there is. */
import "@project-chip/matter-node.js";
import assert from "node:assert/strict";
import { before, it } from "node:test";
import { MessageCodec as TheirCodec, type Message as TheirMessage } from "@project-chip/matter.js/codec";
import * as theirs from "@project-chip/matter.js/session";
import { start } from "matter-session";
import type { Packet } from "matter-session/codec";
import { asMatterJs } from "matter-session/matterjs/types";
import { CaseClient, CaseServer, PaseClient, PaseServer, SessionManager, type InsecureSession, type ResumptionRecord, type SecureSession, type SessionParameters } from "matter-session/session";
import { messageOf, pair, TestStorage } from "./support/fabric.js";

before(() => start());

it("matter.js's codec and checks work on our sessions", async () => {
    const { initiator, responder } = await pair();
    const [near, far] = [asMatterJs(initiator), asMatterJs(responder)];
    const check: typeof theirs.assertSecureSession = theirs.assertSecureSession;
    check(near);
    const sent: TheirMessage = asMatterJs(messageOf(1));
    const octets = TheirCodec.encodePacket(near.encode(sent));
    const packet = TheirCodec.decodePacket(octets);
    far.updateMessageCounter(packet.header.messageId, packet.header.sourceNodeId);
    assert.deepEqual(Uint8Array.from(far.decode(packet, octets.slice(0, 8)).payload), sent.payload);
    assert.equal(asMatterJs(new SessionManager("context", new TestStorage())).getSession(1), undefined);
});

// Compiled, never run.
export function types(session: SecureSession<string>, insecure: InsecureSession<string>, manager: SessionManager<string>, record: ResumptionRecord, packet: Packet, parameters: SessionParameters): void {
    const _secure: theirs.SecureSession<string> = asMatterJs(session);
    const _session: theirs.Session<string> = asMatterJs(session);
    const _insecure: theirs.InsecureSession<string> = asMatterJs(insecure);
    const _manager: theirs.SessionManager<string> = asMatterJs(manager);
    const _record: theirs.ResumptionRecord = asMatterJs(record);
    const _server: theirs.PaseServer = asMatterJs(PaseServer.fromVerificationValue(new Uint8Array(97)));
    const _clients: [theirs.PaseClient, theirs.CaseClient, theirs.CaseServer] = [asMatterJs(new PaseClient()), asMatterJs(new CaseClient()), asMatterJs(new CaseServer())];
    const _octets: Uint8Array = TheirCodec.encodePacket(asMatterJs(packet));
    // Needs no cast.
    const _parameters: theirs.SessionParameters = parameters;
    void [_secure, _session, _insecure, _manager, _record, _server, _clients, _octets, _parameters];

    // @ts-expect-error: the context is another
    const _other: theirs.SecureSession<number> = asMatterJs(session);
    // @ts-expect-error: an unsecured session is no secure one
    const _unsecured: theirs.SecureSession<string> = asMatterJs(insecure);
    // @ts-expect-error: not without the cast: matter.js's classes have private members
    const _uncast: theirs.SecureSession<string> = session;
    // @ts-expect-error: the same of the manager
    const _uncastManager: theirs.SessionManager<string> = manager;
    // @ts-expect-error: no session at all
    asMatterJs("session");
    void [_other, _unsecured, _uncast, _uncastManager];
}
