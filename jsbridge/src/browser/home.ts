/** A home: the fabric of this origin, its keys where script can use them and not read them. */
import { NodeStore } from "../commission/nodes.js";
import type { CredentialStore, FabricAuthority } from "../commission/types.js";
import type { Core } from "../core.js";
import { BackupError, ImplementationError, ResourceExhaustedError, StorageError } from "../errors.js";
import { hexOf } from "../hex.js";
import { HomeAuthority, issueNoc, issueRoot, randomFabricId, randomNodeId } from "./authority.js";
import { checkBackup, checkPassphrase, openBackup, sealBackup, subtle, type BackupContent } from "./backup.js";
import { Database, defaultDatabase, deleteDatabase, exclusive, holds } from "./database.js";
import { exportKey, generateKey, importKey, openIpk, prove, sealIpk, type Identity, type SealedIpk, type SigningKeys } from "./keys.js";
import { IndexedDbStore, isPersisted } from "./store.js";

export interface BrowserHomeOptions {
    /** The IndexedDB database. Default "matter-session". One holds one home. */
    database?: string;
    core: Core;
}

export interface OpenHomeOptions extends BrowserHomeOptions {
    /** Of a home that is made now: its name, at most 32 octets. One that is there keeps its own. */
    label?: string;
    /** Of a home that is made now. Default 0xFFF1, which is for tests. */
    adminVendorId?: number;
}

/** What is stored under `record` in the store `home`, whole or not at all. */
interface HomeRecord extends Identity, SigningKeys {
    version: number;
    ipk: SealedIpk;
    createdAt: number;
    /** The last backup that was made or imported: what a later one gets the keys from. */
    backup?: Uint8Array;
}

const recordVersion = 1;
const recordKey = "record";
/** The lock around making, importing, backing up and forgetting. */
const homeLock = "home";
const nodesKey = "nodes";
/** Octets. Matter Core §11.18.4.5. */
const maxLabel = 32;

/**
 * The keys of homes that were made in this realm and have no backup yet, by database, in a form that can be read. A home
 * may be closed and opened again meanwhile.
 */
const readable = new Map<string, SigningKeys & { root: string }>();

export class BrowserHome {
    /** Where a controller of this home keeps its list of nodes. */
    readonly storage: CredentialStore;
    readonly authority: FabricAuthority;
    readonly label: string;
    readonly fabricId: bigint;
    readonly adminNodeId: bigint;
    /** Sixteen upper-case hex digits. */
    readonly compressedFabricId: string;
    readonly #core: Core;
    readonly #database: Database;
    readonly #compressedId: Uint8Array;
    #backedUp: boolean;
    #persisted = false;

    /** Whether there is a home. Makes nothing. */
    static exists(database: string = defaultDatabase): Promise<boolean> {
        return holds(database, "home", recordKey);
    }

    /**
     * Opens the home of this origin, or makes one. It is on disk, read back and tried when this resolves.
     *
     * @throws {@link StorageError} and then nothing has been stored
     */
    static async open(options: OpenHomeOptions): Promise<BrowserHome> {
        const { database: name = defaultDatabase, core } = options;
        subtle();
        const database = new Database(name);
        try {
            const stored = await load(database);
            if (stored !== undefined) return await BrowserHome.#restore(core, database, stored);
            // Two tabs that come here at once make one home.
            return await exclusive(name, homeLock, async () => {
                const other = await load(database);
                return other === undefined ? BrowserHome.#create(core, database, options) : BrowserHome.#restore(core, database, other);
            });
        } catch (error) {
            database.close();
            throw error;
        }
    }

    /**
     * Makes the home of a backup. It can be backed up again under the same passphrase.
     *
     * @throws {@link BackupError} if the file is none, or there is a home already, which stays as it is
     * @throws {@link StorageError} and then nothing has been stored
     */
    static async import(file: Uint8Array, passphrase: string, options: BrowserHomeOptions): Promise<BrowserHome> {
        const { database: name = defaultDatabase, core } = options;
        if (await BrowserHome.exists(name)) throw alreadyThere();
        const kept = new Uint8Array(file);
        const content = await openBackup(kept, passphrase);
        try {
            return await exclusive(name, homeLock, async () => {
                const database = new Database(name);
                try {
                    if ((await load(database)) !== undefined) throw alreadyThere();
                    await requireEmpty(database);
                    return await BrowserHome.#import(core, database, content, kept);
                } catch (error) {
                    database.close();
                    throw error;
                }
            });
        } finally {
            erase(content);
        }
    }

    /**
     * Deletes the home and all that is stored beside it. Devices know nothing of it: they stay in the fabric until they
     * are reset. Every home and storage that is open on this database, in any tab, is at its end.
     *
     * @throws {@link StorageError} if another tab holds on to it; it is deleted when that tab is closed
     */
    static async forget(database: string = defaultDatabase): Promise<void> {
        await exclusive(database, homeLock, async () => {
            await deleteDatabase(database);
            readable.delete(database);
        });
    }

    private constructor(core: Core, database: Database, record: HomeRecord, compressedId: Uint8Array) {
        this.storage = new IndexedDbStore(database);
        this.label = record.label;
        this.fabricId = record.fabricId;
        this.adminNodeId = record.adminNodeId;
        this.compressedFabricId = hexOf(compressedId).toUpperCase();
        this.#core = core;
        this.#database = database;
        this.#compressedId = compressedId;
        this.#backedUp = record.backup !== undefined;
        this.authority = new HomeAuthority(core, record, record, {
            check: () => database.check(),
            ipk: () => openIpk(record.ipk, record.fabricId),
            allocateNodeId: () => allocateNodeId(database),
            reserve: nodeId => reserve(database, nodeId),
        });
    }

    /** Whether the browser keeps this site's storage when disk space gets short, as of opening or {@link refresh}. See {@link askPersistence}. */
    get persisted(): boolean {
        return this.#persisted;
    }

    /**
     * none: there is none, and one can be made here, until this window or Worker ends. made: one can be made again, under
     * the same passphrase. impossible: the keys can no longer be read.
     */
    get backup(): "none" | "made" | "impossible" {
        if (this.#backedUp) return "made";
        return this.#readable === undefined ? "impossible" : "none";
    }

    get #readable(): SigningKeys | undefined {
        const keys = readable.get(this.#database.name);
        return keys?.root === hexOf(this.authority.rootCertificate) ? keys : undefined;
    }

    /** Looks again at what other tabs may have changed: {@link persisted}, {@link backup}. */
    async refresh(): Promise<void> {
        const record = await load(this.#database);
        if (record === undefined) throw new StorageError("the home is not in this browser any more");
        this.#backedUp = record.backup !== undefined;
        this.#persisted = await isPersisted();
    }

    /**
     * Makes a backup: keys, certificates and the list of nodes as it is now, encrypted with a passphrase. After the first
     * one the keys are in reach only by its passphrase.
     *
     * @returns the file, which has been opened and tried
     * @throws {@link BackupError}
     */
    async export(passphrase: string): Promise<Uint8Array> {
        checkPassphrase(passphrase);
        return exclusive(this.#database.name, homeLock, async () => {
            const record = await load(this.#database);
            if (record === undefined) throw new StorageError("the home is not in this browser any more");
            const content = await this.#content(record, passphrase);
            try {
                const file = await sealBackup(content, passphrase);
                await this.#try(file, passphrase);
                await this.#database.write(["home"], "the backup could not be kept", transaction => transaction.objectStore("home").put({ ...record, backup: file }, recordKey));
                this.#backedUp = true;
                readable.delete(this.#database.name);
                return file;
            } finally {
                erase(content);
            }
        });
    }

    /** Lets go of the storage; what is asked for later rejects. The home stays. Harmless when repeated. */
    close(): void {
        this.#database.close();
    }

    static async #create(core: Core, database: Database, options: OpenHomeOptions): Promise<BrowserHome> {
        const { label = "", adminVendorId = 0xfff1 } = options;
        if (new TextEncoder().encode(label).length > maxLabel) throw new ImplementationError(`a home's label has at most ${maxLabel} octets`);
        await requireEmpty(database);
        const [root, operational] = await Promise.all([generateKey(), generateKey()]);
        const fabricId = randomFabricId(), adminNodeId = randomNodeId();
        const rootCertificate = await issueRoot(core, root.key, root.publicKey);
        const noc = await issueNoc(core, root.key, { rootCertificate, fabricId, nodeId: adminNodeId, publicKey: operational.publicKey });
        const identity: Identity = { label, fabricId, adminNodeId, adminVendorId, rootCertificate, noc };
        const ipk = crypto.getRandomValues(new Uint8Array(16));
        try {
            const keys: SigningKeys = { rootKey: root.key, operationalKey: operational.key };
            await prove(core, identity, keys, ipk);
            const record: HomeRecord = { version: recordVersion, ...identity, ...keys, ipk: await sealIpk(ipk, fabricId), createdAt: Date.now() };
            const home = await BrowserHome.#store(core, database, record, ipk, {});
            readable.set(database.name, { rootKey: root.extractable, operationalKey: operational.extractable, root: hexOf(rootCertificate) });
            return home;
        } finally {
            ipk.fill(0);
        }
    }

    static async #import(core: Core, database: Database, content: BackupContent, file: Uint8Array): Promise<BrowserHome> {
        const { label, fabricId, adminNodeId, adminVendorId, rootCertificate, noc, ipk, nodes } = content;
        const identity: Identity = { label, fabricId, adminNodeId, adminVendorId, rootCertificate, noc };
        let keys: SigningKeys, listed: readonly bigint[];
        try {
            keys = { rootKey: await importKey(content.rootKey), operationalKey: await importKey(content.operationalKey) };
            const compressedId = await prove(core, identity, keys, ipk);
            listed = nodes === undefined ? [] : (await new NodeStore(holding(nodes), compressedId).list()).map(node => node.nodeId);
        } catch (cause) {
            if (unrelated(core, cause)) throw cause;
            throw new BackupError("damaged", "the backup's keys, certificates and list of nodes do not belong together", { cause });
        }
        const record: HomeRecord = { version: recordVersion, ...identity, ...keys, ipk: await sealIpk(ipk, fabricId), createdAt: Number(content.createdAt), backup: file };
        return BrowserHome.#store(core, database, record, ipk, { nodes, listed });
    }

    /** Stores a home in one transaction, reads it back and tries it. What does not stand the test is removed. */
    static async #store(
        core: Core,
        database: Database,
        record: HomeRecord,
        ipk: Uint8Array,
        beside: { nodes?: Uint8Array | undefined; listed?: readonly bigint[] },
    ): Promise<BrowserHome> {
        await database.write(["home", "values", "allocated"], "the home's keys could not be saved", transaction => {
            transaction.objectStore("home").add(record, recordKey);
            if (beside.nodes !== undefined) transaction.objectStore("values").add(beside.nodes, nodesKey);
            for (const nodeId of [record.adminNodeId, ...(beside.listed ?? [])]) transaction.objectStore("allocated").put(true, hex(nodeId));
        });
        try {
            const stored = await load(database);
            if (stored === undefined) throw new StorageError("the home's keys were saved but are not there");
            const same = (["rootCertificate", "noc"] as const).every(name => hexOf(stored[name]) === hexOf(record[name]));
            const readBack = await openIpk(stored.ipk, stored.fabricId);
            if (!same || hexOf(readBack) !== hexOf(ipk) || stored.rootKey.extractable || stored.operationalKey.extractable || stored.ipk.key.extractable) {
                throw new StorageError("the home's keys were saved but do not read back the same");
            }
            return await BrowserHome.#restore(core, database, stored);
        } catch (error) {
            // Best effort: a home of which nobody has been told has no devices.
            await database.write(["home", "values", "allocated"], "", transaction => {
                for (const name of ["home", "values", "allocated"] as const) transaction.objectStore(name).clear();
            }).catch(() => {});
            throw error;
        }
    }

    static async #restore(core: Core, database: Database, record: HomeRecord): Promise<BrowserHome> {
        let compressedId: Uint8Array;
        try {
            const ipk = await openIpk(record.ipk, record.fabricId);
            compressedId = await prove(core, record, record, ipk);
            ipk.fill(0);
        } catch (cause) {
            if (unrelated(core, cause)) throw cause;
            throw new StorageError("the home's keys cannot be used: what is stored is damaged", { cause });
        }
        const home = new BrowserHome(core, database, record, compressedId);
        home.#persisted = await isPersisted();
        return home;
    }

    /** What a backup is to hold: the keys that are still at hand, or those of the backup before. */
    async #content(record: HomeRecord, passphrase: string): Promise<BackupContent> {
        const { label, fabricId, adminNodeId, adminVendorId, rootCertificate, noc } = record;
        const nodes = await this.storage.load(nodesKey);
        const rest = { label, fabricId, adminNodeId, adminVendorId, rootCertificate, noc, nodes, createdAt: BigInt(record.createdAt) };
        const keys = this.#readable;
        if (keys !== undefined) {
            const [rootKey, operationalKey] = await Promise.all([exportKey(keys.rootKey), exportKey(keys.operationalKey)]);
            return { ...rest, rootKey, operationalKey, ipk: await openIpk(record.ipk, fabricId) };
        }
        if (record.backup === undefined) {
            throw new BackupError("impossible", "the keys of this home can no longer be read: a backup can be made only before the window or Worker that made the home ends");
        }
        const { rootKey, operationalKey, ipk } = await openBackup(record.backup, passphrase);
        return { ...rest, rootKey, operationalKey, ipk };
    }

    /** Opens a file as an import would, and signs with its keys. */
    async #try(file: Uint8Array, passphrase: string): Promise<void> {
        await checkBackup(file);
        const content = await openBackup(file, passphrase);
        try {
            const keys = { rootKey: await importKey(content.rootKey), operationalKey: await importKey(content.operationalKey) };
            const compressedId = await prove(this.#core, content, keys, content.ipk);
            if (hexOf(compressedId) !== hexOf(this.#compressedId)) throw new StorageError("the backup is of another home");
            if (content.nodes !== undefined) await new NodeStore(holding(content.nodes), compressedId).list();
        } finally {
            erase(content);
        }
    }
}

async function load(database: Database): Promise<HomeRecord | undefined> {
    const record = (await database.read(["home"], "the home's keys could not be read", transaction => transaction.objectStore("home").get(recordKey))) as HomeRecord | undefined;
    if (record === undefined) return undefined;
    if (record.version !== recordVersion) throw new StorageError("the home was stored by a newer version");
    return record;
}

/** A database may serve a controller without a home, whose fabric must not be mixed with another. */
async function requireEmpty(database: Database): Promise<void> {
    const names = await database.read(["values"], "what is stored could not be read", transaction => transaction.objectStore("values").getAllKeys());
    if (names.length > 0) throw new StorageError(`the database "${database.name}" holds a fabric of another kind: a home needs one of its own`);
}

/** Draws node IDs until one was never given away here. */
async function allocateNodeId(database: Database): Promise<bigint> {
    for (let tries = 0; tries < 16; tries++) {
        const nodeId = randomNodeId();
        try {
            await database.write(["allocated"], "a node ID could not be kept", transaction => transaction.objectStore("allocated").add(true, hex(nodeId)));
            return nodeId;
        } catch (error) {
            if (!(error instanceof StorageError) || (error.cause as Partial<Error> | undefined)?.name !== "ConstraintError") throw error;
        }
    }
    throw new StorageError("no node ID is free: this browser's random numbers are none");
}

function reserve(database: Database, nodeId: bigint): Promise<void> {
    return database.write(["allocated"], "a node ID could not be kept", transaction => transaction.objectStore("allocated").put(true, hex(nodeId)));
}

/** A storage of one list of nodes, for reading. */
function holding(nodes: Uint8Array): CredentialStore {
    const refuse = (): never => {
        throw new StorageError("this storage is for reading");
    };
    return { load: async key => (key === nodesKey ? nodes : undefined), save: async () => refuse(), remove: async () => refuse(), exclusive: (_name, fn) => fn() };
}

/** Whether a trial failed for a reason that says nothing of what was tried. */
function unrelated(core: Core, cause: unknown): boolean {
    return core.dead !== undefined || cause instanceof ResourceExhaustedError;
}

function alreadyThere(): BackupError {
    return new BackupError("exists", "there is a home in this browser already: forget it first");
}

function erase(content: BackupContent): void {
    for (const secret of [content.rootKey, content.operationalKey, content.ipk]) secret.fill(0);
}

function hex(id: bigint): string {
    return id.toString(16).padStart(16, "0");
}
