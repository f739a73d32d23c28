import { having, octets, structure } from "../common/arguments.js";
import { MatterFlowError } from "../common/MatterError.js";
import { NodeId } from "../datatype/NodeId.js";
import { sameFabric, type Fabric } from "../fabric/Fabric.js";
import { platform, type Logger } from "../platform.js";
import { MessageCounter } from "../protocol/MessageCounter.js";
import type { StorageContext } from "../storage/StorageContext.js";
import type { Observable } from "../util/Observable.js";
import { InsecureSession } from "./InsecureSession.js";
import { SecureSession, type SecureSessionCreation } from "./SecureSession.js";
import type { AgreedSession, HandshakeFabric } from "./handshake-types.js";
import type { SessionParameterOptions, SessionParameters } from "./Session.js";

const logger: Logger = platform().logger("SessionManager");

export const UNICAST_UNSECURE_SESSION_ID = 0x0000;

const largestSessionId = 0xffff;
const storageKey = "resumptionRecords";

/** What a CASE session leaves for the next one with its peer. */
export interface ResumptionRecord {
    sharedSecret: Uint8Array;
    resumptionId: Uint8Array;
    fabric: Fabric;
    peerNodeId: NodeId;
    sessionParameters: SessionParameters;
    caseAuthenticatedTags?: readonly number[] | undefined;
}

/** A record as stored. matter.js does not know fabricIndex, and does without. */
interface StoredRecord extends Omit<ResumptionRecord, "fabric"> {
    nodeId: NodeId;
    fabricId: bigint;
    fabricIndex?: number | undefined;
}

/** What a list of sessions tells of one. */
export interface ActiveSessionInformation {
    name: string;
    nodeId: NodeId;
    peerNodeId: NodeId;
    fabric: unknown;
    isPeerActive: boolean;
    secure: boolean;
    lastInteractionTimestamp: number;
    lastActiveTimestamp: number;
    numberOfActiveSubscriptions: number;
}

/** What a manager adds to the arguments of {@link SecureSession.create}. */
type Added = "context" | "id" | "closeCallback" | "subscriptionChangedCallback";
type Creation<T> = Omit<SecureSessionCreation<T>, Added> & { sessionId: number };

/** The sessions of one node, and the records by which sessions are resumed. */
export class SessionManager<ContextT> {
    readonly #context: ContextT;
    readonly #storage: StorageContext;
    readonly #unsecured = new Map<NodeId, InsecureSession<ContextT>>();
    readonly #sessions = new Set<SecureSession<ContextT>>();
    /** The first session of each ID. */
    readonly #byId = new Map<number, SecureSession<ContextT>>();
    #nextSessionId: number = randomSessionId();
    #records: ResumptionRecord[] = [];
    readonly #unencryptedCounter: MessageCounter = new MessageCounter();
    readonly #subscriptionsChanged: Observable<[session: SecureSession<ContextT>]> = platform().observable();
    readonly #sessionOpened: Observable<[session: SecureSession<ContextT>]> = platform().observable();
    readonly #sessionClosed: Observable<[session: SecureSession<ContextT>], void | PromiseLike<void>> = platform().asyncObservable();

    constructor(context: ContextT, sessionStorage: StorageContext) {
        this.#context = context;
        this.#storage = sessionStorage;
    }

    get subscriptionsChanged(): Observable<[session: SecureSession<ContextT>]> {
        return this.#subscriptionsChanged;
    }

    get sessionOpened(): Observable<[session: SecureSession<ContextT>]> {
        return this.#sessionOpened;
    }

    /** Its observers are waited for before a session's keys are erased. */
    get sessionClosed(): Observable<[session: SecureSession<ContextT>], void | PromiseLike<void>> {
        return this.#sessionClosed;
    }

    /** @throws {@link MatterFlowError} if there is one of that initiator */
    createUnsecureSession(options: { initiatorNodeId?: NodeId | undefined; sessionParameters?: SessionParameterOptions | undefined; isInitiator?: boolean | undefined }): InsecureSession<ContextT> {
        const { sessionParameters, isInitiator = false } = structure("options", options);
        const initiatorNodeId = options.initiatorNodeId === undefined ? undefined : NodeId.checked("initiatorNodeId", options.initiatorNodeId);
        if (initiatorNodeId !== undefined && this.#unsecured.has(initiatorNodeId)) {
            throw new MatterFlowError(`UnsecureSession with NodeId ${initiatorNodeId} already exists.`);
        }
        for (;;) {
            const session: InsecureSession<ContextT> = new InsecureSession({
                context: this.#context,
                messageCounter: this.#unencryptedCounter,
                closeCallback: async () => {
                    logger.info(`End insecure session ${session.name}`);
                    if (this.#unsecured.get(session.nodeId) === session) this.#unsecured.delete(session.nodeId);
                },
                initiatorNodeId,
                sessionParameters,
                isInitiator,
            });
            if (this.#unsecured.has(session.nodeId)) continue;
            this.#unsecured.set(session.nodeId, session);
            return session;
        }
    }

    /** Makes the session in which a handshake has ended. */
    createSecureSession(args: Creation<ContextT>): Promise<SecureSession<ContextT>>;
    /** Makes the session in which a handshake in the core has ended. */
    createSecureSession(args: AgreedSession & { fabric: (Fabric & HandshakeFabric) | undefined }): Promise<SecureSession<ContextT>>;
    async createSecureSession(args: Creation<ContextT> | (AgreedSession & { fabric: (Fabric & HandshakeFabric) | undefined })): Promise<SecureSession<ContextT>> {
        const { sessionId, ...rest } = structure("createSecureSession's argument", args);
        const session: SecureSession<ContextT> = await SecureSession.create<ContextT>({
            ...rest,
            context: this.#context,
            id: sessionId,
            closeCallback: async () => {
                logger.info(`End ${session.isPase ? "PASE" : "CASE"} session ${session.name}`);
                this.#delete(session);
                await this.#sessionClosed.emit(session);
            },
            subscriptionChangedCallback: () => void this.#subscriptionsChanged.emit(session),
        });
        this.#sessions.add(session);
        if (!this.#byId.has(sessionId)) this.#byId.set(sessionId, session);
        this.#sessionOpened.emit(session);
        return session;
    }

    /** Forgets a session without ending it. */
    removeSession(sessionId: number): void {
        const session = this.#byId.get(sessionId);
        if (session !== undefined) this.#delete(session);
    }

    getSession(sessionId: number): SecureSession<ContextT> | undefined {
        return this.#byId.get(sessionId);
    }

    getPaseSession(): SecureSession<ContextT> | undefined {
        return this.#find(session => session.isPase && !session.closingAfterExchangeFinished);
    }

    getSessionForNode(fabric: Fabric, nodeId: NodeId): SecureSession<ContextT> | undefined {
        return this.#find(session => session.peerNodeId === nodeId && session.fabric !== undefined && sameFabric(session.fabric, fabric));
    }

    /** The session of an initiator; without its node ID, that of one who sends none. */
    getUnsecureSession(sourceNodeId?: NodeId): InsecureSession<ContextT> | undefined {
        return this.#unsecured.get(sourceNodeId ?? NodeId.UNSPECIFIED_NODE_ID);
    }

    findGroupSession(groupId: number, groupSessionId: number): never {
        throw new Error(`Not implemented ${groupId} ${groupSessionId}`);
    }

    /** The session that has not heard of its peer for longest. @throws {@link MatterFlowError} if there is none */
    findOldestInactiveSession(): SecureSession<ContextT> {
        let oldest: SecureSession<ContextT> | undefined;
        for (const session of this.#sessions) {
            if (oldest === undefined || session.activeTimestamp < oldest.activeTimestamp) oldest = session;
        }
        if (oldest === undefined) throw new MatterFlowError("No session found to close and all session ids are taken.");
        return oldest;
    }

    /** A session ID that is not in use, never 0. When all are, the oldest session is ended. */
    async getNextAvailableSessionId(): Promise<number> {
        for (let i = 0; i < largestSessionId; i++) {
            const id = this.#takeSessionId();
            if (!this.#byId.has(id)) return id;
        }
        const oldest = this.findOldestInactiveSession();
        await oldest.end(true, false);
        this.#nextSessionId = oldest.id;
        return this.#takeSessionId();
    }

    /** Ends all sessions with a node, in one fabric if that is given, else in all of them. */
    async removeAllSessionsForNode(nodeId: NodeId, sendClose = false, fabric?: Fabric): Promise<void> {
        for (const session of [...this.#sessions]) {
            if (session.peerNodeId !== nodeId) continue;
            if (fabric !== undefined && (session.fabric === undefined || !sameFabric(session.fabric, fabric))) continue;
            await session.destroy(sendClose, false);
        }
    }

    async clearSubscriptionsForNode(fabricIndex: number, nodeId: NodeId, flushSubscriptions?: boolean): Promise<void> {
        for (const session of [...this.#sessions]) {
            if (session.fabric?.fabricIndex === fabricIndex && session.peerNodeId === nodeId) await session.clearSubscriptions(flushSubscriptions);
        }
    }

    /** The CASE sessions. */
    getActiveSessionInformation(): ActiveSessionInformation[] {
        return [...this.#sessions]
            .filter(session => !session.isPase)
            .map(session => ({
                name: session.name,
                nodeId: session.nodeId,
                peerNodeId: session.peerNodeId,
                fabric: session.fabric?.externalInformation,
                isPeerActive: session.isPeerActive(),
                secure: session.isSecure,
                lastInteractionTimestamp: session.timestamp,
                lastActiveTimestamp: session.activeTimestamp,
                numberOfActiveSubscriptions: session.numberOfActiveSubscriptions,
            }));
    }

    findResumptionRecordById(resumptionId: Uint8Array): ResumptionRecord | undefined {
        const wanted = octets("resumptionId", resumptionId);
        return this.#records.find(record => equal(record.resumptionId, wanted));
    }

    /** The record of a node; the same ID may be another node's in another fabric, which fabric then tells apart. */
    findResumptionRecordByNodeId(nodeId: NodeId, fabric?: Fabric): ResumptionRecord | undefined {
        return this.#records.findLast(record => record.peerNodeId === nodeId && (fabric === undefined || sameFabric(record.fabric, fabric)));
    }

    /** Keeps a record, in the place of that of the same node in the same fabric. */
    async saveResumptionRecord(resumptionRecord: ResumptionRecord): Promise<void> {
        const { sharedSecret, resumptionId, fabric, peerNodeId } = structure("resumptionRecord", resumptionRecord);
        octets("sharedSecret", sharedSecret);
        octets("resumptionId", resumptionId);
        structure("fabric", fabric);
        NodeId.checked("peerNodeId", peerNodeId);
        this.#keep(resumptionRecord);
        await this.storeResumptionRecords();
    }

    /** Forgets the records of a node, in one fabric if that is given. */
    async removeResumptionRecord(peerNodeId: NodeId, fabric?: Fabric): Promise<void> {
        this.#records = this.#records.filter(record => record.peerNodeId !== peerNodeId || (fabric !== undefined && !sameFabric(record.fabric, fabric)));
        await this.storeResumptionRecords();
    }

    /** To be called when a fabric has new credentials. @throws {@link MatterFlowError} if its commissioner has no record */
    async updateFabricForResumptionRecords(fabric: Fabric): Promise<void> {
        if (this.findResumptionRecordByNodeId(structure("fabric", fabric).rootNodeId, fabric) === undefined) {
            throw new MatterFlowError("Resumption record not found. Should never happen.");
        }
        // By a new object: callers hold the old one.
        this.#records = this.#records.map(record => (sameFabric(record.fabric, fabric) ? { ...record, fabric } : record));
        await this.storeResumptionRecords();
    }

    async storeResumptionRecords(): Promise<void> {
        const stored = this.#records.map(({ fabric, ...record }): StoredRecord => ({
            nodeId: record.peerNodeId,
            sharedSecret: record.sharedSecret,
            resumptionId: record.resumptionId,
            fabricId: fabric.fabricId,
            ...(fabric.fabricIndex === undefined ? {} : { fabricIndex: fabric.fabricIndex }),
            peerNodeId: record.peerNodeId,
            sessionParameters: record.sessionParameters,
            caseAuthenticatedTags: record.caseAuthenticatedTags,
        }));
        await having("sessionStorage", this.#storage, "set").set(storageKey, stored);
    }

    /** Reads the records. Those of a fabric that is gone are left out. */
    async initFromStorage(fabrics: readonly Fabric[]): Promise<void> {
        for (const { nodeId, fabricId, fabricIndex, ...record } of (await having("sessionStorage", this.#storage, "get").get(storageKey, [])) as StoredRecord[]) {
            logger.info("restoring resumption record for node", nodeId);
            const candidates = fabrics.filter(fabric => fabric.fabricId === fabricId);
            const fabric = candidates.find(candidate => fabricIndex !== undefined && candidate.fabricIndex === fabricIndex) ?? candidates[0];
            if (fabric === undefined) {
                logger.error("fabric not found for resumption record", fabricId);
                continue;
            }
            this.#keep({ ...record, fabric });
        }
    }

    /** Ends everything without a word to the peers. */
    async close(): Promise<void> {
        await this.storeResumptionRecords();
        for (const session of [...this.#sessions]) {
            await session.end(false);
            this.#delete(session);
        }
        for (const session of [...this.#unsecured.values()]) await session.end();
        this.#unsecured.clear();
    }

    #keep(record: ResumptionRecord): void {
        const at = this.#records.findIndex(known => known.peerNodeId === record.peerNodeId && sameFabric(known.fabric, record.fabric));
        if (at < 0) this.#records.push(record);
        else this.#records[at] = record;
    }

    #find(test: (session: SecureSession<ContextT>) => boolean): SecureSession<ContextT> | undefined {
        for (const session of this.#sessions) if (test(session)) return session;
        return undefined;
    }

    #delete(session: SecureSession<ContextT>): void {
        this.#sessions.delete(session);
        if (this.#byId.get(session.id) === session) this.#byId.delete(session.id);
    }

    #takeSessionId(): number {
        const id = this.#nextSessionId;
        this.#nextSessionId = id === largestSessionId ? 1 : id + 1;
        return id;
    }
}

/** 0 is the unsecured session's. */
function randomSessionId(): number {
    const [low, high] = platform().randomBytes(2);
    return (low as number) | ((high as number) << 8) || 1;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
