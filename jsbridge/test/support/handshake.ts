/** Two ends of an exchange in one process, and nodes for handshakes between them: a host without matter.js. */
import { createHmac, createPrivateKey, hkdfSync, sign, type KeyObject } from "node:crypto";
import { Core, decode, type TlvStructure } from "matter-session";
import {
    SessionManager, type CaseClientContext, type CaseServerContext, type HandshakeExchange, type HandshakeFabric, type HandshakeMessage, type PaseServerContext, type ResumptionRecord,
    type SecureSession,
} from "matter-session/session";
import { FabricNotFoundError } from "#dist/fabric/FabricManager.js";
import { TestStorage } from "./fabric.js";

export interface Carried {
    readonly opcode: number;
    readonly payload: Uint8Array;
}

/** One end. What is sent is the other end's to read; {@link sent} keeps it. */
export class End<ContextT> implements HandshakeExchange<ContextT> {
    readonly channel = { channel: { name: "loop" } };
    readonly session: HandshakeExchange<ContextT>["session"];
    readonly sent: Carried[] = [];
    destroyed = 0;
    closed = 0;
    /** What becomes of a message of this end; undefined: it is lost. */
    change: (message: Carried) => Carried | undefined = message => message;
    other: End<unknown> | undefined;
    /** Why sending fails, if it does. */
    broken: ((opcode: number) => boolean) | undefined;
    readonly #queue: HandshakeMessage[] = [];
    #waiting: ((message: HandshakeMessage) => void) | undefined;

    constructor(context: ContextT) {
        this.session = { context, getSessionParameters: () => ({ idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 }), destroy: async () => void this.destroyed++ };
    }

    async send(opcode: number, payload: Uint8Array): Promise<void> {
        if (this.broken?.(opcode)) throw new Error("nobody acknowledged it");
        this.sent.push({ opcode, payload });
        const message = this.change({ opcode, payload });
        if (message !== undefined) this.other?.receive(message);
    }

    receive({ opcode, payload }: Carried): void {
        const message = { payloadHeader: { messageType: opcode }, payload };
        if (this.#waiting === undefined) this.#queue.push(message);
        else this.#waiting(message);
        this.#waiting = undefined;
    }

    nextMessage(): Promise<HandshakeMessage> {
        const next = this.#queue.shift();
        return next !== undefined ? Promise.resolve(next) : new Promise(resolve => (this.#waiting = resolve));
    }

    async close(): Promise<void> {
        this.closed++;
    }
}

export function ends<A, B>(a: A, b: B): [End<A>, End<B>] {
    const [left, right] = [new End(a), new End(b)];
    [left.other, right.other] = [right, left];
    return [left, right];
}

/** Waits until something is so, whatever threads it takes. */
export async function until(is: () => boolean): Promise<void> {
    for (const end = performance.now() + 10_000; !is(); await new Promise(resolve => setImmediate(resolve))) {
        if (performance.now() > end) throw new Error(`in vain: ${is}`);
    }
}

/** Lets everything come to rest that is under way on this thread. */
export async function rest(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve));
}

type Session = SecureSession<Node>;

/** A node: what a controller and a device are to the handshakes. */
export class Node implements PaseServerContext<Session>, CaseClientContext<Session>, CaseServerContext<Session> {
    readonly sessionManager: SessionManager<Node> = new SessionManager<Node>(this, new TestStorage());
    readonly opened: Session[] = [];
    readonly fabrics: HandshakeFabric[] = [];

    constructor(...fabrics: HandshakeFabric[]) {
        this.fabrics.push(...fabrics);
        this.sessionManager.sessionOpened.on(session => void this.opened.push(session));
    }

    existsOpenPaseSession(): boolean {
        return this.sessionManager.getPaseSession() !== undefined;
    }

    getNextAvailableSessionId(): Promise<number> {
        return this.sessionManager.getNextAvailableSessionId();
    }

    findResumptionRecordByNodeId(nodeId: bigint, fabric?: HandshakeFabric): ResumptionRecord | undefined {
        return this.sessionManager.findResumptionRecordByNodeId(nodeId, fabric);
    }

    findResumptionRecordById(id: Uint8Array): ResumptionRecord | undefined {
        return this.sessionManager.findResumptionRecordById(id);
    }

    saveResumptionRecord(record: ResumptionRecord): Promise<void> {
        return this.sessionManager.saveResumptionRecord(record);
    }

    findFabricFromDestinationId(destinationId: Uint8Array, random: Uint8Array): HandshakeFabric {
        const found = this.fabrics.find(fabric => Buffer.from((fabric as HostFabric).destinationOf(fabric.nodeId, random)).equals(destinationId));
        if (found === undefined) throw new FabricNotFoundError("No fabric has that destination ID");
        return found;
    }
}

/** A fabric of a host that keeps its operational key to itself, and signs in its own time. */
export class HostFabric implements HandshakeFabric {
    readonly fabricIndex: number = 1;
    readonly rootNodeId: bigint;
    readonly sessions = new Set<unknown>();
    signatures = 0;
    readonly #root: Uint8Array;
    readonly fabricId: bigint;
    readonly nodeId: bigint;
    readonly rootCert: Uint8Array;
    readonly operationalCert: Uint8Array;
    readonly intermediateCACert: Uint8Array | undefined;
    readonly operationalIdentityProtectionKey: Uint8Array;
    readonly #key: KeyObject;

    /** One node of a fabric of its own, whose certificates the core has issued. */
    static async create(withICAC = false): Promise<HostFabric> {
        const handle = (await Core.start()).open();
        const made = handle.request(0, "createAuthority", { label: "test", withIcac: withICAC, adminVendorId: 0xfff1 });
        handle.close(0);
        return new HostFabric(decode(made.authority) as TlvStructure, made);
    }

    private constructor(stored: TlvStructure, { fabricId, adminNodeId, compressedId }: { fabricId: bigint; adminNodeId: bigint; compressedId: Uint8Array }) {
        const octets = (tag: string): Uint8Array => stored[tag] as Uint8Array;
        this.fabricId = fabricId;
        this.nodeId = this.rootNodeId = adminNodeId;
        this.rootCert = octets(tags.root);
        this.intermediateCACert = stored[tags.sub] as Uint8Array | undefined;
        this.operationalCert = octets(tags.noc);
        this.operationalIdentityProtectionKey = new Uint8Array(hkdfSync("sha256", octets(tags.ipk), compressedId, "GroupKey v1.0", 16));
        this.#root = publicKeyOf(this.rootCert);
        const own = publicKeyOf(this.operationalCert), text = (part: Uint8Array): string => Buffer.from(part).toString("base64url");
        this.#key = createPrivateKey({ format: "jwk", key: { kty: "EC", crv: "P-256", d: text(octets(tags.key)), x: text(own.subarray(1, 33)), y: text(own.subarray(33)) } });
    }

    async sign(data: Uint8Array): Promise<Uint8Array> {
        await new Promise(resolve => setImmediate(resolve));
        this.signatures++;
        return sign("sha256", data, { key: this.#key, dsaEncoding: "ieee-p1363" });
    }

    /** Matter Core §4.14.2.4.1. */
    destinationOf(nodeId: bigint, random: Uint8Array): Uint8Array {
        const ids = Buffer.alloc(16);
        ids.writeBigUInt64LE(this.fabricId);
        ids.writeBigUInt64LE(nodeId, 8);
        return createHmac("sha256", this.operationalIdentityProtectionKey).update(random).update(this.#root).update(ids).digest();
    }

    addSession(session: unknown): void {
        this.sessions.add(session);
    }

    removeSession(session: unknown): void {
        this.sessions.delete(session);
    }
}

/** The core's stored form of an authority: wasm/README.md names it a secret, session/commission/authority.go has the members. */
const tags = { ipk: "4", root: "6", sub: "8", key: "10", noc: "11" } as const;

function publicKeyOf(certificate: Uint8Array): Uint8Array {
    return (decode(certificate) as TlvStructure)["9"] as Uint8Array;
}
