import type { CredentialStore } from "../commission/types.js";
import { StorageError } from "../errors.js";
import { Database, defaultDatabase, exclusive } from "./database.js";

/**
 * Credentials in IndexedDB, of a window or a Worker. A value is on disk when save() has resolved. Locks are Web Locks:
 * they end with the tab that holds them.
 */
export class IndexedDbStore implements CredentialStore {
    readonly #database: Database;

    /** database: its name, or one that is shared with a home. */
    constructor(database: string | Database = defaultDatabase) {
        this.#database = typeof database === "string" ? new Database(database) : database;
    }

    async load(key: string): Promise<Uint8Array | undefined> {
        const value: unknown = await this.#database.read(["values"], `"${key}" could not be read`, transaction => transaction.objectStore("values").get(key));
        if (value === undefined || value instanceof Uint8Array) return value;
        throw new StorageError(`"${key}" could not be read: it is not what was stored`);
    }

    async save(key: string, value: Uint8Array): Promise<void> {
        // A view is stored with all that lies behind it: only its own octets are meant.
        const octets = new Uint8Array(value);
        await this.#database.write(["values"], `"${key}" could not be saved`, transaction => transaction.objectStore("values").put(octets, key));
    }

    remove(key: string): Promise<void> {
        return this.#database.write(["values"], `"${key}" could not be removed`, transaction => transaction.objectStore("values").delete(key));
    }

    exclusive<T>(name: string, fn: () => Promise<T>): Promise<T> {
        return exclusive(this.#database.name, name, fn);
    }

    /** Closes the connection. Harmless when repeated. */
    close(): void {
        this.#database.close();
    }
}

/**
 * Asks the browser to keep this site's storage when disk space gets short. Only a window can ask; browsers grant it by
 * rules of their own, Firefox asks the person.
 *
 * @returns whether it is kept from now on; false also where there is nothing to ask
 */
export async function askPersistence(): Promise<boolean> {
    try {
        return (await (globalThis.navigator as Partial<Navigator> | undefined)?.storage?.persist?.()) ?? false;
    } catch {
        return false;
    }
}

/** Whether the browser keeps this site's storage when disk space gets short. */
export async function isPersisted(): Promise<boolean> {
    try {
        return (await (globalThis.navigator as Partial<Navigator> | undefined)?.storage?.persisted?.()) ?? false;
    } catch {
        return false;
    }
}
