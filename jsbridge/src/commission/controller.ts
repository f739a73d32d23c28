/** A fabric's administrator: brings devices into the fabric and talks to them. Over any transport and storage that a host gives. */
import type { Cluster } from "../cluster.js";
import { BasicInformation, Identify } from "../clusters.js";
import { start, type Core } from "../core.js";
import { ClosedError, MatterCommissionError, SessionClosedError, StorageError } from "../errors.js";
import { hexOf } from "../hex.js";
import type { BlobSource } from "../load.js";
import type { CoreConfig, CoreEvent, Events, FabricInfo, ParsedCode } from "../operations.js";
import { loadTrust, type TrustOptions } from "../trust.js";
import { HostWork, type WorkOptions } from "../work.js";
import { parseAddress, showAddress } from "./address.js";
import { CommissioningWindow, type WindowOptions } from "./administration.js";
import { runCommissioning, type CommissionOptions } from "./commissioning.js";
import { establish, type ConnectOptions } from "./connecting.js";
import {
    Connection, type InteractionOptions, type InvokeOptions, type ReadOptions, type Report, type SubscribeOptions, type Subscription, type WriteOptions,
} from "./connection.js";
import { describe, describeFrom, type DescribedDevice } from "./device.js";
import { Driver } from "./driver.js";
import type { AttributeName, AttributeValue, ClusterRef, CommandFields, CommandName, CommandResponse, MemberRef } from "./interaction.js";
import { NodeStore, saveDurably, type KnownNode } from "./nodes.js";
import { CommissioningRun } from "./run.js";
import type { Commissioned, CredentialStore, FabricAuthority, HostTransport, PeerAddress } from "./types.js";

export interface ControllerOptions {
    /** Where the fabric's keys and nodes are kept. One store holds one fabric. */
    storage: CredentialStore;
    transport: HostTransport;
    /** A certificate authority of the host's. Default: one of our own, its keys in storage. */
    authority?: FabricAuthority;
    /** For a fabric that is made now; false: none is made, an empty storage is an error. */
    fabric?: { label?: string; adminVendorId?: number; withIcac?: boolean } | false;
    trust?: TrustOptions;
    /** A core of one's own, or where the blob lies. Default: the shared core. */
    core?: Core | BlobSource;
    config?: Omit<CoreConfig, "delegate">;
    /** Which work WebCrypto does instead of the core. */
    work?: WorkOptions;
    /** Called once when the controller has ended, by {@link Controller.close} or by the core's death. */
    onClosed?: (reason: Error) => void | Promise<void>;
}

/** Seconds from 1970 to 2000, where Matter's time begins. */
const matterEpoch = 946_684_800;
const fabricKey = "fabric";
/** For the texts of a new device, beside retransmission. */
const textsMs = 5_000;

export class Controller implements Disposable, AsyncDisposable {
    readonly fabricId: bigint;
    /** Our own node ID. */
    readonly nodeId: bigint;
    /** Sixteen upper-case hex digits. */
    readonly compressedFabricId: string;
    readonly #driver: Driver;
    readonly #fabricIndex: number;
    readonly #nodes: NodeStore;
    readonly #authority: FabricAuthority | undefined;
    readonly #live: Live;
    readonly #onClosed: ((reason: Error) => void | Promise<void>) | undefined;
    readonly #connecting = new Map<bigint, Promise<Connection>>();
    #closing: Promise<void> | undefined;

    /** Creates a fabric in an empty storage, or opens the one that is there. */
    static async open(options: ControllerOptions): Promise<Controller> {
        const [core, trust] = await Promise.all([coreOf(options.core), loadTrust(options.trust)]);
        const live = new Live(new HostWork(options.work));
        const config = { ...options.config, delegate: live.host.delegate };
        const driver = new Driver(core, options.transport, config, event => live.unclaimed(event), () => live.peers());
        live.driver = driver;
        try {
            driver.request("setTrust", trust);
            driver.request("setUtc", { seconds: utc() });
            const fabric = options.authority === undefined ? await ownFabric(driver, options) : await foreignFabric(driver, options.authority, live);
            const nodes = new NodeStore(options.storage, fabric.compressedId);
            live.nodes = nodes;
            for (const record of await nodes.resumptions()) driver.answer("addResumption", { record });
            return new Controller(driver, fabric, nodes, live, options);
        } catch (error) {
            driver.close();
            throw error;
        }
    }

    private constructor(driver: Driver, fabric: FabricInfo, nodes: NodeStore, live: Live, options: ControllerOptions) {
        this.#driver = driver;
        this.#fabricIndex = fabric.fabricIndex;
        this.#nodes = nodes;
        this.#live = live;
        this.#authority = options.authority;
        this.#onClosed = options.onClosed;
        this.fabricId = fabric.fabricId;
        this.nodeId = fabric.adminNodeId;
        this.compressedFabricId = hexOf(fabric.compressedId).toUpperCase();
        driver.signal.addEventListener("abort", () => this.#ended(driver.signal.reason as Error));
    }

    /** Why nothing works any more (closed, or the core died), or undefined while it does. */
    get ended(): Error | undefined {
        return this.#driver.ended;
    }

    /** The core that runs the sessions. */
    get core(): Core {
        return this.#driver.core;
    }

    /** Reads a setup code without using it. A QR code may hold several payloads. */
    parseCode(code: string): readonly ParsedCode[] {
        return this.#driver.request("parseCode", { text: code }).codes;
    }

    /**
     * Brings a device into the fabric.
     *
     * @throws {@link SetupCodeError} before anything is sent, if no device can have this code
     * @throws {@link MatterCommissionError} naming the step, the cause and where to try again
     */
    commission(code: string, options: CommissionOptions = {}): Promise<Commissioned> {
        return this.startCommissioning(code, options).commissioned;
    }

    /** The same, to be watched step by step, stopped, and tried again. */
    startCommissioning(code: string, options: CommissionOptions = {}): CommissioningRun {
        return new CommissioningRun((...run) => this.#commission(...run), code, options);
    }

    async #commission(code: string, options: CommissionOptions, ended: (failure: MatterCommissionError) => void): Promise<Commissioned> {
        this.#driver.request("setUtc", { seconds: utc() });
        this.parseCode(code);
        try {
            await this.#nodes.check();
        } catch (cause) {
            const message = `The home's keys could not be saved (${messageOf(cause)}), so nothing was started: without them this device would have to be reset.`;
            throw new MatterCommissionError(message, { code: "storage-failed", retry: "same" }, { cause });
        }
        const event = await runCommissioning(this.#driver, this.#fabricIndex, code, options, this.#authority, ended);
        const { nodeId, fabricIndex, vendorId, productId, name } = event;
        const where = this.#driver.address(event.peer);
        const address = where ?? parseAddress("0.0.0.0");
        let connection: Connection | undefined;
        try {
            connection = this.#live.adopt({ nodeId, session: event.session, resumed: false, peer: event.peer });
        } catch {
            // The session has ended already, or the controller: the device is in the fabric all the same.
        }
        const known = { nodeId, vendorId, productId, name, productName: name, address: storedAddress(where), commissionedAt: BigInt(Date.now()) };
        try {
            await this.#nodes.put(known);
        } catch (cause) {
            // The device is in the fabric all the same: whoever knows its ID can reach it.
            const id = `0x${nodeId.toString(16).padStart(16, "0")}`;
            throw new StorageError(`the device is in the fabric now, as node ${id}, but could not be put on the list of nodes: ${messageOf(cause)}`, { cause });
        }
        const texts = await this.#texts(connection, name);
        if (Object.keys(texts).length > 0) await this.#nodes.put({ ...known, ...texts }).catch(() => {}); // it is on the list
        return { nodeId, fabricId: this.fabricId, compressedFabricId: this.compressedFabricId, fabricIndex, vendorId, productId, ...texts, address };
    }

    /** What a new device says of itself. It is in the fabric: nothing that goes wrong here matters. */
    async #texts(connection: Connection | undefined, name: string | undefined): Promise<Pick<Commissioned, "name" | "vendorName" | "productName" | "serialNumber">> {
        const texts = name === undefined ? {} : { name, productName: name };
        try {
            const attributes = ["vendorName", "productName", "nodeLabel", "serialNumber"].map(attribute => ({ endpoint: 0, cluster: BasicInformation, attribute }));
            const { nodeLabel, ...found } = textsOf(await connection?.readMany({ attributes }, { timeoutMs: textsMs }));
            const known = nodeLabel ?? found.productName ?? name;
            return { ...texts, ...found, ...(known === undefined ? {} : { name: known }) };
        } catch {
            return texts;
        }
    }

    /** A session with a node: the open one, a resumed one, or a new one. Calls without options that come meanwhile share it. */
    async connect(nodeId: bigint, options: ConnectOptions = {}): Promise<Connection> {
        const open = this.#live.connection(nodeId);
        if (open !== undefined && options.full !== true && options.address === undefined) return open;
        if (Object.values(options).some(option => option !== undefined)) return this.#connect(nodeId, options);
        let connecting = this.#connecting.get(nodeId);
        if (connecting === undefined) {
            connecting = this.#connect(nodeId, {}).finally(() => this.#connecting.delete(nodeId));
            this.#connecting.set(nodeId, connecting);
        }
        return connecting;
    }

    async #connect(nodeId: bigint, options: ConnectOptions): Promise<Connection> {
        const known = (await this.#nodes.list()).find(node => node.nodeId === nodeId);
        const instance = `${this.compressedFabricId}-${nodeId.toString(16).padStart(16, "0").toUpperCase()}`;
        this.#driver.request("setUtc", { seconds: utc() });
        const event = await establish(this.#driver, { fabricIndex: this.#fabricIndex, nodeId, instance, lastAddress: known?.address }, options);
        if (event.peer === undefined) throw new SessionClosedError(`the session with node 0x${nodeId.toString(16)} ended as soon as it was there`);
        const connection = this.#live.adopt({ nodeId, session: event.session, resumed: event.resumed ?? false, peer: event.peer });
        const address = storedAddress(connection.address);
        if (address !== undefined) this.#live.background(() => this.#nodes.moved(nodeId, address));
        return connection;
    }

    /** The nodes that were commissioned here. */
    nodes(): Promise<readonly KnownNode[]> {
        return this.#nodes.list();
    }

    /** Forgets a node on this side only: the device keeps the fabric until it is reset or told to remove it. */
    async forget(nodeId: bigint): Promise<void> {
        this.#live.connection(nodeId)?.close();
        await this.#nodes.remove(nodeId);
    }

    /**
     * Opens a device's commissioning window, so that another app can have the device too.
     *
     * @throws {@link StatusResponseError} if the device refuses: another window is open already, say
     */
    async openCommissioningWindow(nodeId: bigint, options: WindowOptions = {}): Promise<CommissioningWindow> {
        const opened = await (await this.connect(nodeId, signalOf(options))).openWindow(options);
        return new CommissioningWindow(nodeId, opened, signal => this.connect(nodeId, { signal }));
    }

    /** {@link Connection.closeCommissioningWindow} */
    async closeCommissioningWindow(nodeId: bigint, options: InteractionOptions = {}): Promise<void> {
        await (await this.connect(nodeId, signalOf(options))).closeCommissioningWindow(options);
    }

    /** What a device is, and how it stands. */
    async describe(nodeId: bigint, options: InteractionOptions = {}): Promise<DescribedDevice> {
        return describe(await this.connect(nodeId, signalOf(options)), options);
    }

    /** Has a device show which one it is: by blinking, say. Zero seconds end it. */
    async identify(nodeId: bigint, path: { endpoint: number; seconds: number }, options?: InvokeOptions): Promise<void> {
        await this.invoke(nodeId, { endpoint: path.endpoint, cluster: Identify, command: "identify", fields: { identifyTime: path.seconds } }, options);
    }

    /** Takes a device out of the fabric, on both sides. For one that is gone there is {@link forget}. */
    async removeDevice(nodeId: bigint, options: InteractionOptions = {}): Promise<void> {
        await (await this.connect(nodeId, signalOf(options))).removeFabric(options);
        await this.forget(nodeId);
    }

    /** {@link Connection.read}, over a session that is opened when there is none. */
    read<C extends Cluster, K extends AttributeName<C>>(nodeId: bigint, path: { endpoint: number; cluster: C; attribute: K }, options?: ReadOptions): Promise<AttributeValue<C, K>>;
    read(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef }, options?: ReadOptions): Promise<unknown>;
    async read(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef }, options?: ReadOptions): Promise<unknown> {
        return (await this.connect(nodeId, signalOf(options))).read(path, options);
    }

    /** {@link Connection.write}, over a session that is opened when there is none. */
    write<C extends Cluster, K extends AttributeName<C>>(
        nodeId: bigint,
        path: { endpoint: number; cluster: C; attribute: K; value: AttributeValue<C, K> },
        options?: WriteOptions,
    ): Promise<void>;
    write(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef; value: unknown }, options?: WriteOptions): Promise<void>;
    async write(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef; value: unknown }, options?: WriteOptions): Promise<void> {
        return (await this.connect(nodeId, signalOf(options))).write(path, options);
    }

    /** {@link Connection.invoke}, over a session that is opened when there is none. */
    invoke<C extends Cluster, K extends CommandName<C>>(
        nodeId: bigint,
        path: { endpoint: number; cluster: C; command: K; fields?: CommandFields<C, K> },
        options?: InvokeOptions,
    ): Promise<CommandResponse<C, K>>;
    invoke(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; command: MemberRef; fields?: unknown }, options?: InvokeOptions): Promise<unknown>;
    async invoke(nodeId: bigint, path: { endpoint: number; cluster: ClusterRef; command: MemberRef; fields?: unknown }, options?: InvokeOptions): Promise<unknown> {
        return (await this.connect(nodeId, signalOf(options))).invoke(path, options);
    }

    /** {@link Connection.subscribe}, over a session that is opened when there is none. */
    async subscribe(nodeId: bigint, options: SubscribeOptions): Promise<Subscription> {
        return (await this.connect(nodeId, signalOf(options))).subscribe(options);
    }

    /** Closes sessions and channels; what is pending fails. Resolves when storage is written. Harmless when repeated. */
    async close(): Promise<void> {
        this.#driver.close();
        await this.#live.settled();
        await this.#closing;
    }

    [Symbol.dispose](): void {
        this.#driver.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.close();
    }

    #ended(reason: Error): void {
        this.#live.end(reason);
        // Kept for close(); a rejection is the host's own and ends here.
        this.#closing = (async () => this.#onClosed?.(reason))().catch(() => {});
    }
}

/** Sessions that are open, and what the core tells that nobody asked for. */
class Live {
    driver: Driver | undefined;
    nodes: NodeStore | undefined;
    readonly host: HostWork;
    readonly #connections = new Map<number, Connection>();
    readonly #background = new Set<Promise<void>>();

    constructor(host: HostWork) {
        this.host = host;
    }

    adopt(about: { nodeId: bigint; session: number; resumed: boolean; peer: number }): Connection {
        if (this.driver === undefined || this.driver.ended !== undefined) throw this.driver?.ended ?? new ClosedError("the controller was closed");
        const connection = new Connection(this.driver, about);
        this.#connections.set(about.session, connection);
        try {
            // It may have ended since the event that told of it: nothing would tell a second time.
            this.driver.request("sessionInfo", { session: about.session });
        } catch (cause) {
            this.#connections.delete(about.session);
            throw this.driver.ended ?? new SessionClosedError(`the session with node 0x${about.nodeId.toString(16)} ended as soon as it was there`, { cause });
        }
        return connection;
    }

    /** The newest open connection with a node. */
    connection(nodeId: bigint): Connection | undefined {
        return [...this.#connections.values()].reverse().find(connection => connection.nodeId === nodeId && connection.isOpen);
    }

    peers(): ReadonlySet<number> {
        return new Set([...this.#connections.values()].filter(connection => connection.isOpen).map(connection => connection.peer));
    }

    unclaimed(event: CoreEvent): void {
        switch (event.type) {
            case "sessionClosed": {
                const connection = this.#connections.get(event.session);
                this.#connections.delete(event.session);
                connection?.end(new SessionClosedError(event.message));
                break;
            }
            case "resumption":
                // Lost, it costs a full handshake next time; it must not cost the session.
                this.background(async () => this.nodes?.saveResumption(event.nodeId, event.record));
                break;
            case "work":
                void this.#work(event);
                break;
            default:
                break;
        }
    }

    /** Keeps track of a write that nobody waits for, until {@link settled}. Its failure is no failure of the caller's. */
    background(work: () => Promise<void>): void {
        const tracked: Promise<void> = (async () => work())().catch(() => {}).finally(() => this.#background.delete(tracked));
        this.#background.add(tracked);
    }

    async settled(): Promise<void> {
        while (this.#background.size > 0) await Promise.all(this.#background);
    }

    end(reason: Error): void {
        for (const connection of this.#connections.values()) connection.end(reason);
        this.#connections.clear();
        this.host.clear();
    }

    /** Never rejects. An answer that comes too late, or after the end, is dropped by {@link Driver.answer}. */
    async #work(event: Events["work"]): Promise<void> {
        const { work } = event;
        let answer: { result: Uint8Array } | { error: string };
        try {
            answer = { result: await this.host.do(event) };
        } catch (error) {
            answer = { error: messageOf(error) };
        }
        this.driver?.answer("workAnswer", { work, ...answer });
        // Secret, and made for us alone, unless it is a signature or a public key.
        if ("result" in answer && event.kind > 2) answer.result.fill(0);
    }
}

async function coreOf(core: Core | BlobSource | undefined): Promise<Core> {
    return typeof core === "object" && "open" in core ? (core as Core) : start(core);
}

/** The fabric in storage, or a new one that is in storage before anything else happens. */
async function ownFabric(driver: Driver, options: ControllerOptions): Promise<FabricInfo> {
    const { storage } = options;
    return storage.exclusive(fabricKey, async () => {
        const stored = await storage.load(fabricKey);
        if (stored !== undefined) {
            try {
                return driver.request("openAuthority", { authority: stored });
            } catch (cause) {
                throw new StorageError(`the stored fabric cannot be opened: ${messageOf(cause)}`, { cause });
            }
        }
        if (options.fabric === false) throw new StorageError("there is no home here yet: commission a device first");
        const { authority, ...fabric } = driver.request("createAuthority", options.fabric ?? {});
        await saveDurably(storage, fabricKey, authority);
        return fabric;
    });
}

async function foreignFabric(driver: Driver, authority: FabricAuthority, live: Live): Promise<FabricInfo> {
    const [identity, ipk] = await Promise.all([authority.operationalIdentity(), authority.ipk()]);
    live.host.sign = data => identity.sign(data);
    const { noc, icac } = identity;
    return driver.request("openExternal", { rootCertificate: authority.rootCertificate, noc, icac, ipk, adminVendorId: authority.adminVendorId, label: authority.label });
}

/** Those texts of a report that are texts, not empty and not beyond all measure. */
function textsOf(report: Report | undefined): { vendorName?: string; productName?: string; nodeLabel?: string; serialNumber?: string } {
    // Beside what it was asked for, a device may report anything: of its name, or with a name of ours.
    const { vendorName, productName, nodeLabel, serialNumber } = describeFrom(report ?? { attributes: [], events: [] });
    return Object.fromEntries(Object.entries({ vendorName, productName, nodeLabel, serialNumber }).filter(([, text]) => text !== undefined));
}

/** An address as it is remembered; one that only the transport understands is not. */
function storedAddress(address: PeerAddress | undefined): string | undefined {
    return address !== undefined && "host" in address ? showAddress(address) : undefined;
}

function signalOf(options: { signal?: AbortSignal } | undefined): { signal?: AbortSignal } {
    return options?.signal === undefined ? {} : { signal: options.signal };
}

function utc(): number {
    return Math.floor(Date.now() / 1000) - matterEpoch;
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
