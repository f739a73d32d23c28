// Headless Chromium on pages served from loopback: what a test needs to run this project's modules in a browser.

import { build } from "esbuild";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

// Without these Chromium asks its maker's servers for updates at every start.
const quiet = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/** Bundles a TypeScript or JavaScript module for a browser. @returns the text of an ES module */
export async function bundle(entry) {
    const result = await build({
        entryPoints: [entry instanceof URL ? fileURLToPath(entry) : entry],
        bundle: true,
        write: false,
        format: "esm",
        platform: "browser",
        target: "es2022",
        external: ["node:*"], // imported only where the host is Node
        sourcemap: "inline",
    });
    return result.outputFiles[0].text;
}

/** Starts headless Chromium with a profile of its own. @returns Playwright's `context`; `close()`, which removes the profile */
export async function launchBrowser({ args = [], ...options } = {}) {
    if (!existsSync(executablePath)) {
        throw new Error(`no browser at ${executablePath}: run make setup, or set CHROMIUM`);
    }
    // Chromium's sandbox needs a kernel feature that containers lack, and refuses to run as root.
    const root = process.getuid?.() === 0;
    const profile = mkdtempSync(join(tmpdir(), "matter-session-browser-"));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath,
        headless: true,
        chromiumSandbox: !root,
        args: [...quiet, ...args],
        ...options,
    });
    return {
        context,
        async close() {
            await context.close();
            rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
        },
    };
}

/**
 * Serves files on loopback and opens a page there.
 *
 * @param files - by path: { "/page.js": text or octets }; the type is told from the extension
 * @param options - `args`: more switches for Chromium
 * @returns Playwright's `page` and `context`; `problems`, what the page threw or logged as an error so far; `close()`
 */
export async function openPage(files = {}, { args = [] } = {}) {
    const types = { html: "text/html; charset=utf-8", js: "text/javascript", wasm: "application/wasm", json: "application/json" };
    const all = { "/": "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>test</title>", ...files };
    const server = createServer((request, response) => {
        const path = new URL(request.url, "http://localhost").pathname;
        if (!Object.hasOwn(all, path)) {
            response.writeHead(404).end();
            return;
        }
        const extension = path === "/" ? "html" : path.slice(path.lastIndexOf(".") + 1);
        response.writeHead(200, { "content-type": types[extension] ?? "application/octet-stream" }).end(all[path]);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");

    const { context, close } = await launchBrowser({ args });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", error => problems.push(String(error)));
    page.on("console", message => message.type() === "error" && problems.push(message.text()));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return {
        page,
        context,
        problems,
        async close() {
            await close();
            server.close();
        },
    };
}
