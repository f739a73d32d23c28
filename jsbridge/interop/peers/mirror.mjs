// This package's PaseClient, PaseServer, CaseClient and CaseServer, driven as legacy.mjs drives matter.js 0.9.4's: the
// same methods, so that a test can pair either with either.

import "./legacy.mjs"; // registers matter.js's crypto, for its Fabric
import { FabricNotFoundError } from "../../../dist/fabric/FabricManager.js";
import { start } from "../../../dist/index.js";
import { CaseClient, CaseServer, PaseClient, PaseServer, SessionManager } from "../../../dist/session/index.js";
import { Handshake, LegacyNode } from "./legacy.mjs";

/** What SessionManager asks of a storage. */
export class MemoryStorage {
    values = new Map();
    get = (key, otherwise) => this.values.get(key) ?? otherwise;
    has = key => this.values.has(key);
    set = (key, value) => void this.values.set(key, structuredClone(value));
}

export class MirrorNode {
    static async create() {
        await start();
        return new MirrorNode(await LegacyNode.create());
    }
    #legacy; // makes fabrics
    #fabrics = [];
    #opened = [];
    context;

    constructor(legacy) {
        this.#legacy = legacy;
        this.storage = new MemoryStorage();
        const sessionManager = new SessionManager(this, this.storage);
        sessionManager.sessionOpened.on(session => void this.#opened.push(session));
        this.sessionManager = sessionManager;
        this.context = {
            sessionManager,
            existsOpenPaseSession: () => sessionManager.getPaseSession() !== undefined,
            getNextAvailableSessionId: () => sessionManager.getNextAvailableSessionId(),
            findResumptionRecordById: id => sessionManager.findResumptionRecordById(id),
            findResumptionRecordByNodeId: (id, fabric) => sessionManager.findResumptionRecordByNodeId(id, fabric),
            saveResumptionRecord: record => sessionManager.saveResumptionRecord(record),
            findFabricFromDestinationId: (destinationId, random) => {
                for (const fabric of this.#fabrics) {
                    if (Buffer.from(fabric.getDestinationId(fabric.nodeId, random)).equals(Buffer.from(destinationId))) return fabric;
                }
                throw new FabricNotFoundError("no fabric of this destination ID");
            },
        };
    }

    async join(authority, nodeId, tags) {
        const fabric = await this.#legacy.join(authority, nodeId, tags);
        this.#fabrics.push(fabric);
        return fabric;
    }

    /** Takes a fabric that was made elsewhere. */
    enter(fabric) {
        this.#fabrics.push(fabric);
        return fabric;
    }

    initiatePASE(passcode) {
        return new Handshake(this.context, exchange => new PaseClient().pair(this.context, exchange, passcode));
    }

    respondPASE(passcode, parameters = { iterations: 1000, salt: new Uint8Array(32).fill(7) }) {
        return this.respond(async exchange => (await PaseServer.fromPin(passcode, parameters)).onNewExchange(exchange));
    }

    initiateCASE(fabric, peerNodeId) {
        return new Handshake(this.context, exchange => new CaseClient().pair(this.context, exchange, fabric, peerNodeId));
    }

    respondCASE() {
        return this.respond(exchange => new CaseServer().onNewExchange(exchange));
    }

    respond(run) {
        return new Handshake(this.context, async exchange => {
            const before = this.#opened.length;
            await run(exchange);
            if (this.#opened.length === before) throw new Error("the responder ended without a session");
            return this.#opened.at(-1);
        });
    }
}

/** Carries messages between two handshakes until nothing is left to carry. @returns the opcodes and payloads, in order */
export async function converse(initiator, responder, change = message => message) {
    const carried = [];
    let toResponder = await initiator.handle();
    while (toResponder.length > 0) {
        const toInitiator = [];
        for (const message of toResponder.splice(0)) {
            carried.push(message);
            toInitiator.push(...(await responder.handle(change(message))));
        }
        for (const message of toInitiator) {
            carried.push(message);
            toResponder.push(...(await initiator.handle(change(message))));
        }
    }
    return carried;
}
