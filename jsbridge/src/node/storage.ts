/**
 * Credentials in a directory: one file per key, readable by the owner alone. A file is replaced whole
 * (written beside, synced, renamed, the directory synced), so a crash leaves the old value or the new.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, link, mkdir, open, readdir, readFile, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { CredentialStore } from "../commission/types.js";
import { StorageError } from "../errors.js";

const suffix = ".bin";
/** A holder touches its lock this often. */
const refreshMs = 15_000;
/** A lock whose holder cannot be asked (another host) is stale after this long without a sign of life. */
const staleMs = 60_000;
/** One whose process number is in use is stale only then: the number has gone to another program. */
const recycledMs = 600_000;

export interface DirectoryOptions {
    /** How long exclusive() waits for another holder, in milliseconds. Default 10,000. */
    lockTimeoutMs?: number;
}

/** A {@link CredentialStore} in a directory. Made with mode 0700 on the first save; files have 0600. */
export class DirectoryStore implements CredentialStore {
    readonly path: string;
    readonly #lockTimeoutMs: number;

    constructor(path: string, options: DirectoryOptions = {}) {
        this.path = path;
        this.#lockTimeoutMs = options.lockTimeoutMs ?? 10_000;
    }

    async load(key: string): Promise<Uint8Array | undefined> {
        try {
            return new Uint8Array(await readFile(this.#file(key)));
        } catch (error) {
            if (codeOf(error) === "ENOENT") return undefined;
            throw failed("read", key, error);
        }
    }

    async save(key: string, value: Uint8Array): Promise<void> {
        const file = this.#file(key);
        const temporary = `${file}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
        try {
            await this.#directory();
            try {
                const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
                await writeDurably(handle, value);
                await rename(temporary, file);
            } catch (error) {
                await unlink(temporary).catch(() => {});
                throw error;
            }
            await this.#sync();
        } catch (error) {
            throw failed("saved", key, error);
        }
    }

    async remove(key: string): Promise<void> {
        try {
            await unlink(this.#file(key));
            await this.#sync();
        } catch (error) {
            if (codeOf(error) !== "ENOENT") throw failed("removed", key, error);
        }
    }

    /** The keys that hold a value, sorted. */
    async keys(): Promise<string[]> {
        try {
            const names = await readdir(this.path);
            return names.filter(name => name.endsWith(suffix)).map(name => decodeURIComponent(name.slice(0, -suffix.length))).sort();
        } catch (error) {
            if (codeOf(error) === "ENOENT") return [];
            throw failed("read", ".", error);
        }
    }

    /**
     * Holds a lock file while fn runs. A lock is taken over when its process is gone (same host) or
     * has not touched it for a minute (another host) or for ten (same host, the number in use again).
     *
     * @throws {@link StorageError} naming the holder when the lock is not free in time
     */
    async exclusive<T>(name: string, fn: () => Promise<T>): Promise<T> {
        const file = join(this.path, `${encode(name)}.lock`);
        const token = `${process.pid} ${hostname()} ${randomBytes(8).toString("hex")}`;
        try {
            await this.#directory();
        } catch (error) {
            throw failed("locked", name, error);
        }
        await this.#acquire(file, token, name);
        // The time of the last change is the sign of life; the timer keeps no process alive.
        const refresh = setInterval(() => void touch(file), refreshMs);
        refresh.unref();
        try {
            return await fn();
        } finally {
            clearInterval(refresh);
            // Only our own: a lock that was taken over belongs to its new holder.
            if ((await readFile(file, "utf8").catch(() => "")) === token) await unlink(file).catch(() => {});
        }
    }

    async #acquire(file: string, token: string, name: string): Promise<void> {
        const deadline = Date.now() + this.#lockTimeoutMs;
        for (let wait = 5; ; wait = Math.min(200, wait * 2)) {
            if (await create(file, token)) return;
            const holder = await staleOrHolder(file);
            if (holder === undefined) {
                await takeAway(file);
                continue;
            }
            if (Date.now() >= deadline) throw new StorageError(`"${name}" in ${this.path} is in use by process ${holder}`);
            await new Promise(resolve => setTimeout(resolve, wait));
        }
    }

    async #directory(): Promise<void> {
        if ((await mkdir(this.path, { recursive: true, mode: 0o700 })) === undefined) {
            // It was there: a store readable by others is made private rather than trusted.
            const { mode } = await stat(this.path);
            if ((mode & 0o077) !== 0) await chmod(this.path, 0o700);
        }
    }

    async #sync(): Promise<void> {
        if (process.platform === "win32") return; // a directory cannot be opened there
        const handle = await open(this.path, "r");
        try {
            await handle.sync();
        } finally {
            await handle.close();
        }
    }

    #file(key: string): string {
        return join(this.path, encode(key) + suffix);
    }
}

/** Any key becomes a plain file name, different keys different ones also where case is ignored. */
function encode(key: string): string {
    if (key === "") throw new StorageError("an empty key");
    return Array.from(new TextEncoder().encode(key), octet => {
        const char = String.fromCharCode(octet);
        return /[a-z0-9_-]/.test(char) ? char : `%${octet.toString(16).padStart(2, "0")}`;
    }).join("");
}

async function writeDurably(handle: FileHandle, value: Uint8Array): Promise<void> {
    try {
        await handle.writeFile(value);
        await handle.sync();
    } finally {
        await handle.close();
    }
}

/** Creates the lock with its content in one step (a link), so that nobody ever reads it half written. */
async function create(file: string, token: string): Promise<boolean> {
    const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
    try {
        const handle = await open(temporary, "wx", 0o600);
        await writeDurably(handle, new TextEncoder().encode(token));
        await link(temporary, file);
        return true;
    } catch (error) {
        if (codeOf(error) === "EEXIST") return false;
        throw new StorageError(`no lock file can be made: ${messageOf(error)}`, { cause: error });
    } finally {
        await unlink(temporary).catch(() => {});
    }
}

/** The holder as "PID on HOST", or undefined when the lock is gone or nobody's any more. */
async function staleOrHolder(file: string): Promise<string | undefined> {
    try {
        const [pid, host] = (await readFile(file, "utf8")).split(" ");
        const { mtimeMs } = await stat(file);
        const age = Date.now() - mtimeMs;
        if (host === hostname()) return alive(Number(pid)) && age < recycledMs ? `${pid} on this machine` : undefined;
        return age < staleMs ? `${pid} on ${host}` : undefined;
    } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw new StorageError(`a lock file cannot be read: ${messageOf(error)}`, { cause: error });
    }
}

/**
 * Removes a stale lock. Renaming first makes sure that of several processes that found it stale only
 * one removes it; a fresh lock that slipped in between is put back.
 */
async function takeAway(file: string): Promise<void> {
    const aside = `${file}.${randomBytes(6).toString("hex")}.stale`;
    try {
        await rename(file, aside);
    } catch {
        return;
    }
    if ((await staleOrHolder(aside)) !== undefined) await link(aside, file).catch(() => {});
    await unlink(aside).catch(() => {});
}

async function touch(file: string): Promise<void> {
    try {
        const handle = await open(file, "r+");
        try {
            const now = new Date();
            await handle.utimes(now, now);
        } finally {
            await handle.close();
        }
    } catch {
        // Gone: the lock was taken over or the directory removed. The holder's own release finds out.
    }
}

function alive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return codeOf(error) === "EPERM";
    }
}

function failed(what: string, key: string, cause: unknown): StorageError {
    return new StorageError(`the credential "${key}" could not be ${what}: ${messageOf(cause)}`, { cause });
}

function codeOf(error: unknown): unknown {
    return (error as { code?: unknown } | undefined)?.code;
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
