// What a page does with matter.js 0.9.4, for the tests of a bundler and of an import map: two nodes pair by PASE, in
// memory, and speak on the session that comes of it. matter.js brings no crypto for pages, and none is added here but
// randomness: what happens, our sessions do.

import { Crypto } from "@project-chip/matter.js/crypto";
import { MatterFlowError } from "@project-chip/matter.js/common";
import { MessageCodec, SessionType } from "@project-chip/matter.js/codec";
import { PaseClient, PaseServer, SecureSession, SessionManager } from "@project-chip/matter.js/session";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";
import { Time } from "@project-chip/matter.js/time";
import { start } from "matter-session";
import { report } from "matter-session/matterjs/report";

class PageCrypto extends Crypto {
    getRandomData(length) {
        return crypto.getRandomValues(new Uint8Array(length));
    }
}

class PageTime extends Time {
    now() {
        return new Date();
    }
    nowMs() {
        return Date.now();
    }
    getTimer(_name, milliseconds, callback) {
        let running;
        return {
            get isRunning() {
                return running !== undefined;
            },
            start() {
                running = setTimeout(callback, milliseconds);
                return this;
            },
            stop() {
                clearTimeout(running);
                running = undefined;
                return this;
            },
        };
    }
}

/** The two ends of an exchange. */
function exchanges(contexts) {
    const queues = [[], []];
    const wake = [undefined, undefined];
    return contexts.map((context, at) => ({
        channel: { channel: { name: "memory" } },
        session: { context, getSessionParameters: () => ({ idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 }), destroy: async () => {} },
        async send(messageType, payload) {
            queues[1 - at].push({ payloadHeader: { messageType }, payload: Uint8Array.from(payload) });
            wake[1 - at]?.();
        },
        async nextMessage() {
            while (queues[at].length === 0) await new Promise(resolve => (wake[at] = resolve));
            return queues[at].shift();
        },
        close: async () => {},
    }));
}

async function node() {
    const storage = new StorageManager(new StorageBackendMemory());
    await storage.initialize();
    const sessionManager = new SessionManager(undefined, storage.createContext("sessions"));
    return {
        sessionManager,
        getNextAvailableSessionId: () => sessionManager.getNextAvailableSessionId(),
        existsOpenPaseSession: () => sessionManager.getPaseSession() !== undefined,
    };
}

async function message(from, to, payload) {
    const messageId = await from.getIncrementedMessageCounter();
    const packet = from.encode({
        packetHeader: { sessionId: 0, sessionType: SessionType.Unicast, messageId, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false },
        payloadHeader: { exchangeId: 1, protocolId: 1, messageType: 8, isInitiatorMessage: true, requiresAck: true, hasSecuredExtension: false },
        payload: new TextEncoder().encode(payload),
    });
    const octets = MessageCodec.encodePacket(packet);
    const received = MessageCodec.decodePacket(octets);
    to.updateMessageCounter(messageId);
    return new TextDecoder().decode(to.decode(received, octets.slice(0, octets.length - received.applicationPayload.length)).payload);
}

/** @param blob - where the blob is; without it, beside the module that loads it */
export async function run(blob) {
    Crypto.get = () => page;
    const page = new PageCrypto();
    const time = new PageTime();
    Time.get = () => time;

    let early = "no error";
    try {
        const create = { context: undefined, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, closeCallback: async () => {}, isInitiator: true };
        await SecureSession.create({ ...create, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false });
    } catch (error) {
        early = error.message;
    }
    await start(blob);

    const [client, server] = [await node(), await node()];
    const [a, b] = exchanges([client, server]);
    const paseServer = await PaseServer.fromPin(20202021, { iterations: 1000, salt: new Uint8Array(32).fill(7) });
    const [session] = await Promise.all([new PaseClient().pair(client, a, 20202021), paseServer.onNewExchange(b)]);
    const other = server.sessionManager.getPaseSession();
    const heard = [await message(session, other, "over"), await message(other, session, "and out")];
    let base = false;
    try {
        session.addAssociatedFabric({});
        session.addAssociatedFabric({});
    } catch (error) {
        base = error instanceof MatterFlowError;
    }
    return { early, heard, base, oneClass: session instanceof SecureSession, report: report() };
}
