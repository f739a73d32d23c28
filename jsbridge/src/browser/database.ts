/** One IndexedDB database: opened when first needed, its failures told as {@link StorageError}. */
import { StorageError } from "../errors.js";

/** The database when no other is named. */
export const defaultDatabase = "matter-session";

/** values: octets by name. home: one record. allocated: the node IDs that were given away, as keys. */
export type StoreName = "values" | "home" | "allocated";
const storeNames: readonly StoreName[] = ["values", "home", "allocated"];
const version = 1;
/** Other tabs are waited for, and not longer than this. A backup takes a second or two, with its lock held. */
const openPatienceMs = 15_000, deletePatienceMs = 5_000, lockPatienceMs = 30_000;

/** A connection for one user of the database. Once the database is deleted, here or in another tab, it stays lost: nothing is made anew. */
export class Database {
    readonly name: string;
    #opening: Promise<IDBDatabase> | undefined;
    #ended: string | undefined;

    constructor(name: string) {
        this.name = name;
    }

    /** @throws {@link StorageError} if this connection has ended */
    check(): void {
        if (this.#ended !== undefined) throw new StorageError(this.#ended);
    }

    /** Runs fn's request in a transaction of its own. */
    read<T>(names: readonly StoreName[], what: string, fn: (transaction: IDBTransaction) => IDBRequest<T>): Promise<T> {
        return this.#run(names, "readonly", what, fn);
    }

    /** Resolves when what fn does is on disk, all of it, or rejects and nothing is. */
    async write(names: readonly StoreName[], what: string, fn: (transaction: IDBTransaction) => void): Promise<void> {
        await this.#run<void>(names, "readwrite", what, transaction => void fn(transaction));
    }

    /** Harmless when repeated. What is asked for later rejects. */
    close(): void {
        this.#end("this storage was closed");
    }

    async #run<T>(names: readonly StoreName[], mode: IDBTransactionMode, what: string, fn: (transaction: IDBTransaction) => IDBRequest<T> | undefined): Promise<T> {
        const connection = await this.#connection(what);
        return new Promise<T>((resolve, reject) => {
            let transaction: IDBTransaction | undefined;
            try {
                // strict: complete comes after the disk has it, not after the operating system has.
                transaction = connection.transaction(names, mode, { durability: "strict" });
                const request = fn(transaction);
                transaction.oncomplete = () => resolve(request?.result as T);
                transaction.onabort = () => reject(this.#failed(what, transaction?.error));
            } catch (cause) {
                abort(transaction);
                reject(this.#failed(what, cause));
            }
        });
    }

    async #connection(what: string): Promise<IDBDatabase> {
        this.check();
        this.#opening ??= this.#open();
        try {
            const connection = await this.#opening;
            this.check();
            return connection;
        } catch (cause) {
            this.#opening = undefined;
            throw this.#failed(what, cause);
        }
    }

    async #open(): Promise<IDBDatabase> {
        const connection = await openDatabase(this.name, true);
        if (connection === undefined) throw new StorageError("it was deleted meanwhile");
        if (this.#ended !== undefined) connection.close();
        connection.onversionchange = () => this.#end("what was stored here has been deleted, or taken over by a newer version, in another tab: reload the page");
        connection.onclose = () => this.#end("the browser has closed this site's storage: reload the page");
        return connection;
    }

    #end(reason: string): void {
        if (this.#ended !== undefined) return;
        this.#ended = reason;
        this.#opening?.then(connection => connection.close(), () => {});
    }

    #failed(what: string, cause: unknown): StorageError {
        if (this.#ended !== undefined) return new StorageError(this.#ended, { cause });
        return cause instanceof StorageError ? cause : new StorageError(`${what}: ${reasonOf(cause)}`, { cause });
    }
}

/** Whether there is a value under key. Makes no database by asking. */
export async function holds(name: string, store: StoreName, key: string): Promise<boolean> {
    const connection = await openDatabase(name, false);
    if (connection === undefined) return false;
    try {
        return await new Promise<boolean>((resolve, reject) => {
            const request = connection.transaction(store).objectStore(store).count(key);
            request.onsuccess = () => resolve(request.result > 0);
            request.onerror = () => reject(request.error);
        });
    } catch (cause) {
        throw new StorageError(`what is stored could not be read: ${reasonOf(cause)}`, { cause });
    } finally {
        connection.close();
    }
}

/** Opens a database. Unless create, undefined if there is none, and none is made by asking. */
function openDatabase(name: string, create: boolean): Promise<IDBDatabase | undefined> {
    return patiently(openPatienceMs, "the browser's storage does not answer: close other tabs of this site", (resolve, reject) => {
        const request = factory().open(name, version);
        request.onupgradeneeded = () => {
            if (create) for (const store of storeNames) request.result.createObjectStore(store);
            else request.transaction?.abort();
        };
        request.onsuccess = () => {
            // Nobody waits for it any more.
            if (!resolve(request.result)) request.result.close();
        };
        request.onerror = event => {
            event.preventDefault();
            if (!create && request.error?.name === "AbortError") resolve(undefined);
            else reject(new StorageError(`the browser's storage cannot be opened: ${reasonOf(request.error)}`, { cause: request.error }));
        };
    });
}

/** Deletes a database and all that is in it. Connections that {@link Database} holds, in any tab, close for it. */
export function deleteDatabase(name: string): Promise<void> {
    return patiently(deletePatienceMs, "another tab of this site still uses what is stored here: it goes when that tab is closed", (resolve, reject) => {
        const request = factory().deleteDatabase(name);
        request.onsuccess = () => void resolve(undefined);
        request.onerror = event => {
            event.preventDefault();
            reject(new StorageError(`what is stored here cannot be deleted: ${reasonOf(request.error)}`, { cause: request.error }));
        };
        // blocked: some connection has not closed by itself, say in a frozen tab. It goes on when that closes; patience decides.
    });
}

/**
 * Runs fn while no other tab, frame or Worker of this origin holds the same name.
 *
 * @throws {@link StorageError} if the name is not free in time, or nothing can be locked here
 */
export async function exclusive<T>(database: string, name: string, fn: () => Promise<T>): Promise<T> {
    const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
    if (locks === undefined) {
        throw new StorageError("there are no Web Locks here, so two tabs could destroy each other's work: they need a secure context (https or localhost) and a browser of 2022 or later");
    }
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), lockPatienceMs);
    let started = false;
    try {
        return await (locks.request(`${database}: ${name}`, { signal: waiting.signal }, () => {
            started = true;
            clearTimeout(timer);
            return fn();
        }) as Promise<T>);
    } catch (cause) {
        if (started) throw cause;
        throw new StorageError(waiting.signal.aborted ? `"${name}" is in use by another tab of this site` : `"${name}" could not be locked: ${reasonOf(cause)}`, { cause });
    } finally {
        clearTimeout(timer);
    }
}

function factory(): IDBFactory {
    let found: IDBFactory | undefined;
    try {
        found = globalThis.indexedDB;
    } catch (cause) {
        throw new StorageError(`the browser refuses storage to this page: ${reasonOf(cause)}`, { cause });
    }
    if (found == null) throw new StorageError("there is no IndexedDB here");
    return found;
}

/** Rejects with late after patienceMs. resolve tells whether it came in time. */
function patiently<T>(patienceMs: number, late: string, fn: (resolve: (value: T) => boolean, reject: (error: unknown) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
        let waiting = true;
        const end = (): boolean => {
            const first = waiting;
            waiting = false;
            clearTimeout(timer);
            return first;
        };
        const timer = setTimeout(() => {
            if (end()) reject(new StorageError(late));
        }, patienceMs);
        try {
            fn(
                value => {
                    const first = end();
                    if (first) resolve(value);
                    return first;
                },
                error => {
                    if (end()) reject(error);
                },
            );
        } catch (error) {
            end();
            reject(error instanceof StorageError ? error : new StorageError(`the browser's storage cannot be opened: ${reasonOf(error)}`, { cause: error }));
        }
    });
}

function abort(transaction: IDBTransaction | undefined): void {
    try {
        transaction?.abort();
    } catch {
        // It has ended already.
    }
}

/** What a person can do something about, by the exception's name; else what the browser says. */
function reasonOf(cause: unknown): string {
    if (!(cause instanceof Error) && !(cause instanceof DOMException)) return "the browser gives no reason";
    switch (cause.name) {
        case "QuotaExceededError":
            return "there is no room left (disk full, this site's share used up, or a private window)";
        case "DataCloneError":
            return "this browser cannot keep keys here (a private window?)";
        case "SecurityError":
            return "the browser refuses storage to this page (cookies blocked, or a sandboxed frame)";
        case "VersionError":
            return "it was written by a newer version";
        default:
            return cause.message === "" ? cause.name : cause.message;
    }
}
