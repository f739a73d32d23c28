// The package as npm packs it: built anew in another directory, checked, and installed beside matter.js under each program
// that runs it.

import { build } from "esbuild";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inNamespace } from "./namespace.mjs";
import { startPeer } from "./peers/start.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const runtimes = join(root, ".cache/runtimes/node_modules");
const cpu = process.arch;
const programs = [
    { name: "this Node", command: [process.execPath], extension: "mjs" },
    { name: "Node 26.10.0", command: [join(runtimes, `node-linux-${cpu}/bin/node`)], extension: "mts" },
    { name: "Bun 1.4.5", command: [join(runtimes, `@oven/bun-linux-${cpu === "arm64" ? "aarch64" : cpu}/bin/bun`)], extension: "mts" },
    { name: "Deno 2.9.6", command: [join(runtimes, `@deno/linux-${cpu}-glibc/deno`), "run", "--allow-all"], extension: "mts" },
];

let directory, tarball, unpacked;
before(async () => {
    directory = await mkdtemp(join(tmpdir(), "matter-session-package-"));
    Object.assign(process.env, { DENO_DIR: join(directory, "deno"), DENO_NO_UPDATE_CHECK: "1" });
    const copy = join(directory, "elsewhere");
    const left = new Set(["node_modules", "dist", "coverage", ".cache", ".git", join("jsbridge", "test", "build")]);
    await cp(root, copy, { recursive: true, filter: path => !left.has(relative(root, path)) });
    await symlink(join(root, "node_modules"), join(copy, "node_modules"));
    // What an earlier build may have left.
    await mkdir(join(copy, "dist/session"), { recursive: true });
    await writeFile(join(copy, "dist/matter-session.wasm"), "\0asm\x01\0\0\0");
    for (const stale of ["left.js", "session/left.test.js"]) await writeFile(join(copy, "dist", stale), "stale");
    await run("npm", ["pack"], { cwd: copy });
    tarball = join(directory, "matter-session.tgz");
    const [packed] = (await readdir(copy)).filter(file => file.endsWith(".tgz"));
    await cp(join(copy, packed), tarball);
    await run("tar", ["-xzf", tarball, "-C", directory]);
    unpacked = join(directory, "package");
});
after(() => rm(directory, { recursive: true, force: true }));

async function filesOf(folder) {
    const files = [];
    for (const entry of await readdir(folder, { recursive: true })) {
        if ((await stat(join(folder, entry))).isFile()) files.push(entry.split(sep).join("/"));
    }
    return files.sort();
}

describe("what npm packs", () => {
    test("is made of today's sources, in any directory to the octet: no old blob and nothing of a file that is gone", async () => {
        const files = await filesOf(join(unpacked, "dist"));
        assert.deepEqual(files, (await filesOf(join(root, "dist"))).filter(file => !/^(page|screens)\/|^element\/room\/.*\.js(\.map)?$/.test(file)), "dist has other files than a fresh build: make clean build");
        for (const file of files) {
            const [fresh, present] = await Promise.all([unpacked, root].map(base => readFile(join(base, "dist", file))));
            assert.ok(fresh.equals(present), `dist/${file} is not what its sources give: make clean build`);
        }
    });

    test("is what package.json lists, and no more", async () => {
        const wanted = /^(LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|package\.json|docs\/[\w-]+\.md|dist\/(matter-session\.wasm|NOTICES\.txt|paa(-test)?\.tlv|custom-elements\.json|assets\/(NOTICES\.txt|style\.css|paa(-test)?\.tlv|(matter-page|matter-session|zxing_reader)\.wasm)|[\w./-]+\.(d\.[cm]?ts|[cm]?js|[cm]?js\.map)))$/;
        const files = await filesOf(unpacked);
        assert.deepEqual(files.filter(file => !wanted.test(file) || /\.test\.|test(data|s)?\/|corpus|fuzz/.test(file)), []);
        for (const file of ["LICENSE", "dist/NOTICES.txt", "dist/matter-session.wasm"]) assert.ok(files.includes(file), file);
    });

    test("has for each script a source map with its sources, which name no directory of the build", async () => {
        const maps = (await filesOf(unpacked)).filter(file => file.endsWith("js.map"));
        const scripts = (await filesOf(join(unpacked, "dist"))).filter(file => /\.[cm]?js$/.test(file) && !/^(matterjs\/stand-in|messages)\//.test(file)); // these are made, not translated
        assert.deepEqual(maps, scripts.map(file => `dist/${file}.map`).sort());
        for (const file of scripts) {
            assert.match(await readFile(join(unpacked, "dist", file), "utf8"), new RegExp(`//# sourceMappingURL=${file.split("/").at(-1)}\\.map\\n?$`), file);
        }
        for (const file of maps) {
            const { sources, sourcesContent } = JSON.parse(await readFile(join(unpacked, file), "utf8"));
            assert.ok(sources.length > 0 && sources.length === sourcesContent?.length && sourcesContent.every(Boolean), file);
            for (const source of sources) assert.match(source, /^(\.\.\/)+(jsbridge\/src\/[\w./-]+\.ts|node_modules\/zxing-wasm\/dist\/es\/[\w./-]+\.js)$/, file);
        }
    });

    test("is in order for publint", async () => {
        const { stdout } = await run(join(root, "node_modules/.bin/publint"), [tarball, "--strict"]);
        assert.match(stdout, /All good!/);
    });

    // It is a package of ES modules, which require() loads since Node 20.19; the blob is no module.
    test("has types that resolve as its modules do, for arethetypeswrong", async () => {
        await run(join(root, "node_modules/.bin/attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", "matter-session.wasm", "--no-emoji"]).catch(({ stdout }) => assert.fail(stdout));
    });
});

describe("the package beside matter.js 0.9.4 in an empty directory", () => {
    let place, device, used = false;
    before(async () => {
        place = join(directory, "place");
        await mkdir(place);
        await writeFile(join(place, "package.json"), '{ "private": true, "type": "module" }\n');
        await run("npm", ["install", "--prefer-offline", "--ignore-scripts", tarball, "@project-chip/matter-node.js@0.9.4"], { cwd: place });
        const [, code] = /```ts\n([^]*?)```/.exec(await readFile(join(root, "README.md"), "utf8")) ?? [];
        assert.ok(code, "README.md has no ts block");
        assert.ok(code.includes("{ address, "), "README's ten lines give an address, which one may leave out");
        for (const extension of ["mjs", "mts"]) {
            await writeFile(join(place, `readme.${extension}`), code);
            await writeFile(join(place, `search.${extension}`), code.replace("{ address, ", "{ "));
        }
        for (const file of ["lines.mjs", "session.mjs", "replaced.mjs", "replaced.cjs"]) await cp(join(root, "jsbridge/interop/runtimes", file), join(place, file));
        device = await startPeer("device.mjs");
    });
    after(() => device?.stop());

    function start([program, ...options], ...args) {
        assert.ok(existsSync(program), `${program} is missing: make runtimes`);
        return run(program, [...options, ...args], { cwd: place, timeout: 60_000 });
    }

    test("brings what it depends on, and nothing else", async () => {
        const { dependencies, peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8"));
        const entryPoints = (await filesOf(join(unpacked, "dist"))).filter(file => /\.[cm]?js$/.test(file)).map((file, index) => ({ in: join(unpacked, "dist", file), out: String(index) }));
        const { metafile } = await build({ entryPoints, bundle: true, packages: "external", external: ["matterjs:*"], platform: "node", format: "esm", write: false, outdir: directory, metafile: true, logLevel: "silent" });
        const imported = new Set(Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path)));
        const packages = new Set([...imported].filter(name => !/^(node|matterjs):/.test(name)).map(name => name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/")));
        assert.deepEqual([...packages].sort(), [...Object.keys(dependencies), ...Object.keys(peerDependencies)].sort());
        for (const name of Object.keys(peerDependencies)) assert.equal(peerDependenciesMeta[name]?.optional, true, name);
    });

    test("is loaded by require(), too", async () => {
        const { stdout } = await start([process.execPath], "--input-type=commonjs", "--eval", 'console.log(["session", "codec", "protocol", "commission", "node"].map(name => typeof require("matter-session/" + name)).join())');
        assert.equal(stdout, "object,object,object,object,object\n");
    });

    test("changes nothing global by being imported, matterjs/ apart", async () => {
        const { exports } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8"));
        const paths = Object.keys(exports).filter(name => !/matterjs|json|wasm|assets/.test(name)).map(name => join("matter-session", name).replaceAll(sep, "/"));
        const script = `
            const all = () => [globalThis, ...Object.getOwnPropertyNames(globalThis).map(name => globalThis[name]?.prototype)].filter(Boolean).map(holder => Reflect.ownKeys(holder).map(String).join());
            for (const name of Object.getOwnPropertyNames(globalThis)) void globalThis[name]; // Node makes some when they are asked for
            const before = all();
            for (const path of ${JSON.stringify(paths)}) await import(path);
            console.log(JSON.stringify(all()) === JSON.stringify(before));`;
        assert.equal((await start([process.execPath], "--input-type=module", "--eval", script)).stdout, "true\n");
    });

    for (const { name, command, extension } of programs) {
        test(`under ${name}, README's ten lines switch a light on`, async () => {
            const { qr, port } = used ? await device.ask({ do: "erase" }) : device.ready;
            used = true;
            const values = { code: qr, address: `[::1]:${port}`, directory: await mkdtemp(join(directory, "fabric-")) };
            const { stdout } = await start(command, "lines.mjs", `./readme.${extension}`, JSON.stringify(values));
            assert.equal(stdout, "true\n");
            await device.next(line => line.onOff === true, "the light to go on");
        });

        test(`under ${name}, matter-session/session has matter.js's 43 names, and its sessions talk`, async () => {
            const { ours, theirs, answers } = JSON.parse((await start(command, "session.mjs")).stdout);
            assert.equal(ours.length, 43);
            assert.deepEqual(ours, theirs);
            assert.deepEqual(answers, [[1, 2, 3], [1, 2, 3]]);
        });
    }

    test("under each of them, README's ten lines without an address find the light", async () => {
        const modules = programs.map(({ extension }) => `./search.${extension}`), commands = programs.map(({ command }) => command);
        const lines = await inNamespace(join(root, "jsbridge/interop/runtimes/search-inside.mjs"), [place, JSON.stringify(modules), JSON.stringify(commands)], { milliseconds: 240_000 });
        assert.deepEqual(lines, programs.map(() => "true\n"));
    });

    test("matter.js is put on it under Node and Deno; under Bun only what is require()d, and it says so", async () => {
        const [node, newest, bun, deno] = programs.map(({ command }) => command);
        for (const command of [node, newest]) {
            assert.deepEqual(await start(command, "--import", "matter-session/matterjs/register", "replaced.mjs"), { stdout: "12\n", stderr: "" });
            assert.deepEqual(await start(command, "-r", "matter-session/matterjs/register-cjs", "replaced.cjs"), { stdout: "12\n", stderr: "" });
        }
        assert.equal((await start(deno, "--preload", "./node_modules/matter-session/dist/matterjs/register.js", "replaced.mjs")).stdout, "12\n");
        assert.equal((await start(bun, "--preload", "matter-session/matterjs/register-cjs", "replaced.cjs")).stdout, "12\n");
        await assert.rejects(start(bun, "--preload", "matter-session/matterjs/register", "replaced.mjs"), /Bun cannot replace ES modules/);
    });
});
