// matter.js 0.9.4's PaseClient, PaseServer, CaseClient and CaseServer, each driven message by message in this process:
// no socket, no reliable messaging, only the handshakes' own messages.
//
//     const node = await LegacyNode.create();
//     const handshake = node.initiatePASE(20202021);
//     let out = await handshake.handle();              // its first messages: [{ opcode, payload }]
//     out = await handshake.handle({ opcode, payload }) // … and what it answers to each
//     handshake.done, handshake.session, handshake.error
//
// A node is initiator and responder, has one session manager and, once it has joined, one fabric.

import "@project-chip/matter-node.js"; // registers its crypto and its clock
import { RootCertificateManager } from "@project-chip/matter.js/certificate";
import { MessageCodec, SessionType } from "@project-chip/matter.js/codec";
import { Crypto } from "@project-chip/matter.js/crypto";
import { FabricId, FabricIndex, NodeId, VendorId } from "@project-chip/matter.js/datatype";
import { FabricBuilder, FabricNotFoundError } from "@project-chip/matter.js/fabric";
import { Level, Logger } from "@project-chip/matter.js/log";
import { CaseClient, CaseServer, PaseClient, PaseServer, SessionManager } from "@project-chip/matter.js/session";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";

Logger.defaultLogLevel = Level.FATAL;

const STANDALONE_ACK = 0x10;

/** One run of a handshake in one role. */
export class Handshake {
    #incoming = [];
    #outgoing = [];
    #wanted; // resolves the class's wait for a message
    #settled; // resolves our wait for it to want one, or to end

    done = false;
    session;
    error;

    constructor(context, run) {
        this.exchange = {
            channel: { channel: { name: "legacy" } },
            session: {
                context,
                getSessionParameters: () => ({ idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 }),
                destroy: async () => {},
            },
            send: async (opcode, payload) => void this.#outgoing.push({ opcode, payload: new Uint8Array(payload) }),
            nextMessage: async () => {
                while (this.#incoming.length === 0) {
                    await new Promise(resolve => {
                        this.#wanted = resolve;
                        this.#settled?.();
                    });
                }
                const { opcode, payload } = this.#incoming.shift();
                return { payloadHeader: { messageType: opcode }, payload };
            },
            close: async () => {},
        };
        this.#run = run;
    }
    #run;

    /**
     * Hands over one message (none at an initiator's start) and returns all that the class sends before it waits for the
     * next, or ends.
     */
    async handle(message) {
        if (message !== undefined) {
            this.#incoming.push({ opcode: message.opcode, payload: Uint8Array.from(message.payload) });
        }
        const settled = new Promise(resolve => (this.#settled = resolve));
        if (this.#run !== undefined) {
            const run = this.#run;
            this.#run = undefined;
            run(this.exchange)
                .then(
                    session => (this.session = session),
                    error => (this.error = error),
                )
                .finally(() => {
                    this.done = true;
                    this.#settled();
                });
        } else if (!this.done) {
            this.#wanted();
        }
        if (!this.done) {
            await settled;
        }
        return this.#outgoing.splice(0);
    }
}

/**
 * A handshake in datagrams: its messages on an unsecured session, with reliable messaging's acknowledgements but no
 * retransmission.
 */
export class LegacyWire {
    #handshake;
    #initiator;
    #nodeId; // the initiator's ephemeral one, which names the unsecured session
    #exchangeId = Crypto.getRandomUInt16();
    #counter = Crypto.getRandomUInt32() >>> 4;
    #received = new Set();

    constructor(handshake, { initiator }) {
        this.#handshake = handshake;
        this.#initiator = initiator;
        if (initiator) {
            this.#nodeId = NodeId.randomOperationalNodeId();
        }
    }

    /** An initiator's first datagrams. */
    async start() {
        return this.#encode(await this.#handshake.handle());
    }

    /** Takes a datagram and returns those that answer it. */
    async receive(datagram) {
        const { packetHeader: header, payloadHeader, payload } = MessageCodec.decodePayload(MessageCodec.decodePacket(Uint8Array.from(datagram)));
        const acknowledge = payloadHeader.requiresAck ? header.messageId : undefined;
        if (!this.#initiator) {
            this.#nodeId ??= header.sourceNodeId;
            this.#exchangeId = payloadHeader.exchangeId;
        }
        const duplicate = this.#received.has(header.messageId);
        this.#received.add(header.messageId);
        if (payloadHeader.messageType === STANDALONE_ACK) {
            return [];
        }
        const answers = duplicate ? [] : await this.#handshake.handle({ opcode: payloadHeader.messageType, payload });
        return this.#encode(answers, acknowledge);
    }

    #encode(messages, acknowledge) {
        const all = messages.length === 0 && acknowledge !== undefined ? [{ opcode: STANDALONE_ACK, payload: [] }] : messages;
        return all.map(({ opcode, payload }, i) => {
            const packet = MessageCodec.encodePayload({
                packetHeader: {
                    sessionId: 0,
                    sessionType: SessionType.Unicast,
                    messageId: (this.#counter = (this.#counter + 1) >>> 0),
                    hasPrivacyEnhancements: false,
                    isControlMessage: false,
                    hasMessageExtensions: false,
                    ...(this.#initiator ? { sourceNodeId: this.#nodeId } : { destNodeId: this.#nodeId }),
                },
                payloadHeader: {
                    exchangeId: this.#exchangeId,
                    protocolId: 0,
                    messageType: opcode,
                    isInitiatorMessage: this.#initiator,
                    requiresAck: opcode !== STANDALONE_ACK,
                    ackedMessageId: i === 0 ? acknowledge : undefined,
                    hasSecuredExtension: false,
                },
                payload: Uint8Array.from(payload),
            });
            return new Uint8Array(MessageCodec.encodePacket(packet));
        });
    }
}

/** A root that issues operational certificates of one fabric. */
export class LegacyAuthority {
    static async create({ fabricId = 0x2906_c908_d115_d362n } = {}) {
        const storage = new StorageManager(new StorageBackendMemory());
        await storage.initialize();
        const root = await RootCertificateManager.create(storage.createContext("root"));
        return new LegacyAuthority(root, FabricId(fabricId));
    }
    #root;

    constructor(root, fabricId) {
        this.#root = root;
        this.fabricId = fabricId;
        this.rootCertificate = new Uint8Array(root.getRootCert());
        /** The identity protection key as AddNOC carries it: an epoch key. */
        this.epochKey = new Uint8Array(Crypto.getRandomData(16));
    }

    /** A node operational certificate in Matter TLV, for a public key of 65 octets. */
    issue(publicKey, nodeId, tags) {
        return new Uint8Array(this.#root.generateNoc(Uint8Array.from(publicKey), this.fabricId, NodeId(nodeId), tags));
    }
}

export class LegacyNode {
    static async create() {
        const storage = new StorageManager(new StorageBackendMemory());
        await storage.initialize();
        return new LegacyNode(storage.createContext("sessions"));
    }
    #fabrics = [];
    #context;
    #opened = [];

    constructor(storage) {
        const sessionManager = new SessionManager(undefined, storage);
        sessionManager.sessionOpened.on(session => void this.#opened.push(session));
        this.sessionManager = sessionManager;
        // What the four classes ask of MatterController and MatterDevice.
        this.#context = {
            sessionManager,
            existsOpenPaseSession: () => sessionManager.getPaseSession() !== undefined,
            getNextAvailableSessionId: () => sessionManager.getNextAvailableSessionId(),
            findResumptionRecordById: id => sessionManager.findResumptionRecordById(id),
            findResumptionRecordByNodeId: id => sessionManager.findResumptionRecordByNodeId(id),
            saveResumptionRecord: record => sessionManager.saveResumptionRecord(record),
            findFabricFromDestinationId: (destinationId, random) => {
                for (const fabric of this.#fabrics) {
                    const candidate = fabric.getDestinationId(fabric.nodeId, random);
                    if (Buffer.from(candidate).equals(Buffer.from(destinationId))) {
                        return fabric;
                    }
                }
                throw new FabricNotFoundError("no fabric of this destination ID");
            },
        };
    }

    /** Makes the node a member of an authority's fabric. */
    async join(authority, nodeId, tags) {
        const builder = new FabricBuilder()
            .setRootCert(authority.rootCertificate)
            .setRootNodeId(NodeId(nodeId))
            .setRootVendorId(VendorId(0xfff1))
            .setIdentityProtectionKey(authority.epochKey);
        builder.setOperationalCert(authority.issue(builder.publicKey, nodeId, tags));
        const fabric = await builder.build(FabricIndex(this.#fabrics.length + 1));
        this.#fabrics.push(fabric);
        return fabric;
    }

    /** Takes a fabric that was made elsewhere. */
    enter(fabric) {
        this.#fabrics.push(fabric);
    }

    initiatePASE(passcode) {
        return new Handshake(this.#context, exchange => new PaseClient().pair(this.#context, exchange, passcode));
    }

    respondPASE(passcode, parameters = { iterations: 1000, salt: Crypto.getRandomData(32) }) {
        return this.respond(async exchange => (await PaseServer.fromPin(passcode, parameters)).onNewExchange(exchange));
    }

    /** Resumes by itself if the node has a record of that peer. */
    initiateCASE(fabric, peerNodeId) {
        return new Handshake(this.#context, exchange =>
            new CaseClient().pair(this.#context, exchange, fabric, NodeId(peerNodeId)),
        );
    }

    respondCASE() {
        return this.respond(exchange => new CaseServer().onNewExchange(exchange));
    }

    /** A responder class returns nothing and swallows its errors: what it did is the session that it opened, or none. */
    respond(run) {
        return new Handshake(this.#context, async exchange => {
            const before = this.#opened.length;
            await run(exchange);
            if (this.#opened.length === before) {
                throw new Error("the responder ended without a session");
            }
            return this.#opened.at(-1);
        });
    }
}

/** Seals one message on a session of a handshake: a whole datagram. */
export async function seal(session, { protocolId = 1, opcode = 2, exchangeId = 1, initiator = true, payload }) {
    const packet = session.encode({
        packetHeader: {
            sessionId: session.peerSessionId,
            sessionType: SessionType.Unicast,
            messageId: await session.getIncrementedMessageCounter(),
            hasPrivacyEnhancements: false,
            isControlMessage: false,
            hasMessageExtensions: false,
        },
        payloadHeader: {
            exchangeId,
            protocolId,
            messageType: opcode,
            isInitiatorMessage: initiator,
            requiresAck: true,
            hasSecuredExtension: false,
        },
        payload: Uint8Array.from(payload),
    });
    return new Uint8Array(MessageCodec.encodePacket(packet));
}

/** Opens a datagram on a session of a handshake. @returns the payload header and the payload */
export function open(session, datagram) {
    const octets = Uint8Array.from(datagram);
    const packet = MessageCodec.decodePacket(octets);
    const header = octets.slice(0, octets.length - packet.applicationPayload.length);
    const { payloadHeader, payload } = session.decode(packet, header);
    return { payloadHeader, payload: new Uint8Array(payload) };
}
