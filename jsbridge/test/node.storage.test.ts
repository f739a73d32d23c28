import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { StorageError } from "matter-session";
import { DirectoryStore } from "matter-session/node";

let base = "";
beforeEach(async () => { base = await mkdtemp(join(tmpdir(), "matter-session-test-")); });
afterEach(() => rm(base, { recursive: true, force: true }));

const value = (text: string): Uint8Array => new TextEncoder().encode(text);
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("directory storage", () => {
    it("keeps values under any key, whole and apart", async () => {
        const store = new DirectoryStore(join(base, "deep", "store"));
        assert.equal(await store.load("fabric"), undefined);
        assert.deepEqual(await store.keys(), []);
        const keys = ["fabric", "Fabric", "FABRIC", "../etc/passwd", "a/b", "ä", ".", "%41", "a.lock"];
        for (const key of keys) await store.save(key, value(key));
        for (const key of keys) assert.deepEqual(await store.load(key), value(key), key);
        assert.deepEqual(await store.keys(), [...keys].sort());
        await store.save("fabric", value("second"));
        assert.deepEqual(await store.load("fabric"), value("second"));
        await store.remove("fabric");
        await store.remove("fabric");
        assert.equal(await store.load("fabric"), undefined);
        assert.deepEqual(await readdir(base), ["deep"], "nothing outside its directory");
        await assert.rejects(store.save("", value("x")), StorageError);
    });

    it("is readable by its owner alone, whatever the umask and whoever made the directory", async () => {
        const path = join(base, "store");
        const before = process.umask(0);
        try {
            await new DirectoryStore(path).save("key", value("secret"));
        } finally {
            process.umask(before);
        }
        assert.equal(await mode(path), 0o700);
        assert.equal(await mode(join(path, "key.bin")), 0o600);
        await chmod(path, 0o755);
        await new DirectoryStore(path).save("key", value("secret"));
        assert.equal(await mode(path), 0o700);
    });

    it("leaves the old value and no rest when a save fails", async () => {
        const store = new DirectoryStore(join(base, "store"));
        await store.save("key", value("old"));
        // A directory in the way of the rename: as good a failure as a full disk.
        await rm(join(base, "store", "key.bin"));
        await import("node:fs/promises").then(fs => fs.mkdir(join(base, "store", "key.bin", "x"), { recursive: true }));
        await assert.rejects(store.save("key", value("new")), /the credential "key" could not be saved/);
        assert.deepEqual(await readdir(join(base, "store")), ["key.bin"]);
        await assert.rejects(store.load("key"), StorageError);
        await assert.rejects(new DirectoryStore("/dev/null/store").save("key", value("x")), StorageError);
    });

    it("shows old or new, never a part, to readers during a hundred saves", async () => {
        const store = new DirectoryStore(base);
        const old = new Uint8Array(5000).fill(1), fresh = new Uint8Array(9000).fill(2);
        await store.save("key", old);
        let done = false;
        const reader = (async () => {
            let reads = 0;
            for (; !done; reads++) {
                const got = await store.load("key");
                assert.ok(got !== undefined && (got.length === 5000 || got.length === 9000) && got.every(octet => octet === got[0]));
            }
            return reads;
        })();
        for (let i = 0; i < 100; i++) await store.save("key", i % 2 === 0 ? fresh : old);
        done = true;
        assert.ok((await reader) > 0);
    });

    it("survives being killed in the middle of saves: the value is whole", async () => {
        const script = `import { DirectoryStore } from "matter-session/node";
            const store = new DirectoryStore(process.argv[1]);
            for (let i = 0; ; i++) await store.save("key", new Uint8Array(20000).fill(i));`;
        const child = spawn(process.execPath, ["--input-type=module", "-e", script, base], { cwd: new URL(".", import.meta.url), stdio: ["ignore", "inherit", "inherit"] });
        const store = new DirectoryStore(base);
        while ((await store.load("key")) === undefined) await new Promise(tick => setTimeout(tick, 10));
        await new Promise(tick => setTimeout(tick, 100));
        child.kill("SIGKILL");
        await new Promise(resolve => child.once("exit", resolve));
        const got = await store.load("key");
        assert.ok(got?.length === 20000 && got.every(octet => octet === got[0]));
    });

    it("runs one holder of a name at a time, other names beside it, and gives the name back after an error", async () => {
        const a = new DirectoryStore(base), b = new DirectoryStore(base);
        let inside = 0, most = 0;
        const work = async (): Promise<void> => {
            most = Math.max(most, ++inside);
            await new Promise(tick => setTimeout(tick, 5));
            inside--;
        };
        await Promise.all([a, b, a, b, a, b].map(store => store.exclusive("fabric", work)));
        assert.equal(most, 1);
        await a.exclusive("fabric", () => b.exclusive("other", work));
        await assert.rejects(a.exclusive("fabric", () => Promise.reject(new Error("mine"))), /mine/);
        assert.equal(await b.exclusive("fabric", async () => 7), 7);
        assert.deepEqual(await readdir(base), []);
    });

    it("says who holds a name that does not become free", async () => {
        const store = new DirectoryStore(base, { lockTimeoutMs: 50 });
        await store.exclusive("fabric", async () => {
            await assert.rejects(store.exclusive("fabric", async () => {}), new RegExp(`in use by process ${process.pid} on this machine`));
        });
    });

    it("takes over the lock of a process that died, and only one of many does", async () => {
        const dead = (await promisify(execFile)(process.execPath, ["-p", "process.pid"])).stdout.trim();
        await writeFile(join(base, "fabric.lock"), `${dead} ${hostname()} 00`);
        let inside = 0;
        await Promise.all(Array.from({ length: 8 }, () => new DirectoryStore(base).exclusive("fabric", async () => {
            assert.equal(++inside, 1);
            await new Promise(tick => setTimeout(tick, 2));
            inside--;
        })));
        assert.deepEqual(await readdir(base), []);
    });

    it("respects a lock of another machine for a minute, then takes it over", async () => {
        const file = join(base, "fabric.lock");
        await writeFile(file, "1 elsewhere 00");
        const store = new DirectoryStore(base, { lockTimeoutMs: 30 });
        await assert.rejects(store.exclusive("fabric", async () => {}), /in use by process 1 on elsewhere/);
        const past = new Date(Date.now() - 61_000);
        await utimes(file, past, past);
        assert.equal(await store.exclusive("fabric", async () => 1), 1);
    });

    it("leaves a lock alone that was taken over from it", async () => {
        const store = new DirectoryStore(base);
        await store.exclusive("fabric", () => writeFile(join(base, "fabric.lock"), "1 elsewhere 00"));
        assert.equal(await readFile(join(base, "fabric.lock"), "utf8"), "1 elsewhere 00");
    });
});
