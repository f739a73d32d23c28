// matter.js 0.9.4 on our sessions in a page: bundled by Vite, bundled by esbuild, and not bundled at all.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { importMap } from "matter-session/matterjs/import-map";
import { matterSession as forEsbuild } from "matter-session/matterjs/esbuild";
import { matterSession as forVite } from "matter-session/matterjs/vite";
import { createServer, build as vite } from "vite";
import { openPage } from "./harness.mjs";

const page = fileURLToPath(new URL("matterjs-page.mjs", import.meta.url));
const root = fileURLToPath(new URL("../../../", import.meta.url));

/** All files below a directory that a page may ask for, by the paths under which they are served. */
function served(directory, prefix, wanted = /\.(js|wasm)$/) {
    const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter(file => wanted.test(file));
    return Object.fromEntries(files.map(file => [`${prefix}/${file.split(sep).join("/")}`, readFileSync(join(directory, file))]));
}

/** Runs the page's module, and checks what came of it. Without files, it is at another server's address. */
async function assertRuns(files, module, address) {
    assert.ok(existsSync(join(root, "dist/matter-session.wasm")), "dist/matter-session.wasm is not built: run make build");
    const browser = await openPage(files);
    try {
        if (address !== undefined) await browser.page.goto(address);
        const { early, heard, base, oneClass, report } = await browser.page.evaluate(async path => (await import(path)).run(), module);
        assert.match(early, /await start\(\)/);
        assert.deepEqual([heard, base, oneClass], [["over", "and out"], true, true]);
        assert.deepEqual([report.encodes, report.decodes], [2, 2]);
        assert.deepEqual(report.handshakes, { pase: 2, case: 0, resumed: 0 });
        for (const name of ["codec/MessageCodec.js", "session/SecureSession.js", "session/SessionManager.js", "session/pase/PaseClient.js"]) assert.ok(report.modules.includes(name), name);
        assert.deepEqual(browser.problems, []);
    } finally {
        await browser.close();
    }
}

async function inDirectory(work) {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-bundle-"));
    try {
        await work(directory);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}

test("bundled by Vite", async () => {
    await inDirectory(async outDir => {
        await vite({
            root,
            configFile: false,
            logLevel: "error",
            plugins: [forVite()],
            build: { outDir, emptyOutDir: false, minify: false, target: "es2022", lib: { entry: page, formats: ["es"], fileName: () => "page.js" }, assetsInlineLimit: 0 },
        });
        await assertRuns(served(outDir, ""), "/page.js");
    });
});

test("by Vite's development server", async () => {
    await inDirectory(async cacheDir => {
        const html = (_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><link rel=icon href=data:,><title>test</title>");
        const blank = { name: "blank", configureServer: ({ middlewares }) => void middlewares.use("/blank.html", html) };
        const server = await createServer({ root, cacheDir, configFile: false, logLevel: "error", appType: "custom", plugins: [forVite(), blank], server: { host: "127.0.0.1", hmr: false, watch: null } });
        try {
            await server.listen(0);
            await assertRuns({}, "/jsbridge/test/browser/matterjs-page.mjs", new URL("blank.html", server.resolvedUrls.local[0]).href);
        } finally {
            await server.close();
        }
    });
});

test("bundled by esbuild", async () => {
    await inDirectory(async outdir => {
        await esbuild({ entryPoints: [page], bundle: true, format: "esm", platform: "browser", target: "es2022", outdir, external: ["node:*"], plugins: [forEsbuild()], logLevel: "error" });
        await assertRuns(served(outdir, ""), "/matterjs-page.js");
    });
});

test("with an import map and no bundler", async () => {
    const matterJs = join(root, "node_modules/@project-chip/matter.js");
    // Where npm has put what matter.js depends on.
    const curves = dirname(createRequire(join(matterJs, "package.json")).resolve("@noble/curves/p256"));
    const hashes = dirname(createRequire(join(curves, "p256.js")).resolve("@noble/hashes/utils"));
    const { imports } = importMap("/matter.js", "/matter-session");
    const map = {
        imports: {
            ...imports,
            "matter-session": "/matter-session/dist/index.js",
            "matter-session/matterjs/report": "/matter-session/dist/matterjs/report.js",
            ...Object.fromEntries(["codec", "common", "crypto", "session", "storage", "time"].map(name => [`@project-chip/matter.js/${name}`, `/matter.js/dist/esm/${name}/export.js`])),
            ...Object.fromEntries(["p256", "abstract/modular", "abstract/utils"].map(name => [`@noble/curves/${name}`, `/curves/${name}.js`])),
            ...Object.fromEntries(["crypto", "utils"].map(name => [`@noble/hashes/${name}`, `/hashes/${name}.js`])),
            "@noble/hashes/": "/hashes/",
        },
    };
    const head = `<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>test</title><script type=importmap>${JSON.stringify(map)}</script>`;
    await assertRuns(
        {
            "/": head,
            "/page.js": readFileSync(page),
            ...served(join(matterJs, "dist/esm"), "/matter.js/dist/esm"),
            ...served(join(root, "dist"), "/matter-session/dist"),
            ...served(join(curves, "esm"), "/curves"),
            ...served(join(hashes, "esm"), "/hashes"),
        },
        "/page.js",
    );
});
