// Pages of several files, with headers of their own, and a browser that reaches nothing else: for tests of the elements.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const types = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
};

/**
 * Serves files and folders on loopback.
 *
 * @param site - by path: text or octets, or for a path that ends in "/" a folder's name; or a function of the request and
 *   the response. What is not there gives 404
 * @param headers - for every answer
 * @returns `url`, and `asked`: the paths that were asked for, in order
 */
export async function serve(site, headers = {}) {
    const asked = [];
    const server = createServer((request, response) => {
        const { pathname } = new URL(request.url, "http://localhost");
        asked.push(pathname);
        const answer = contentOf(site, pathname);
        if (typeof answer === "function") return answer(request, response);
        if (answer === undefined) return response.writeHead(404, headers).end();
        response.writeHead(200, { "content-type": pathname.endsWith("/") ? types[".html"] : types[extname(pathname)] ?? "application/octet-stream", ...headers }).end(answer);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${server.address().port}`, asked, server, close: () => (server.closeAllConnections(), server.close()) };
}

function contentOf(site, pathname) {
    if (Object.hasOwn(site, pathname)) return site[pathname];
    const folder = Object.keys(site).find(path => path !== "/" && path.endsWith("/") && pathname.startsWith(path));
    if (folder === undefined || pathname.includes("..")) return undefined;
    const file = join(site[folder], pathname.slice(folder.length));
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
}

/** Starts Chromium. It resolves no name, so that a page reaches nothing but what a test serves. */
export async function launch({ args = [], ...options } = {}) {
    if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: run make setup, or set CHROMIUM`);
    const profile = mkdtempSync(join(tmpdir(), "matter-session-browser-"));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath,
        headless: true,
        chromiumSandbox: process.getuid?.() !== 0, // it needs a kernel feature that containers lack, and refuses to run as root
        args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", ...args],
        ...options,
    });
    return {
        context,
        async close() {
            await context.close();
            rmSync(profile, { recursive: true, force: true });
        },
    };
}

/**
 * Opens a page and writes down what goes wrong in it.
 *
 * @returns Playwright's `page`; `problems`: thrown, logged as an error, or a breach of the page's policy; `foreign`: requests
 *   to other origins
 */
export async function open(context, url, { allow = [] } = {}) {
    const page = await context.newPage();
    const problems = [];
    const foreign = [];
    page.on("pageerror", error => problems.push(String(error)));
    page.on("console", message => message.type() === "error" && problems.push(`${message.text()} ${message.location().url}`));
    const own = [new URL(url).origin, ...allow];
    page.on("request", request => {
        const { protocol, origin } = new URL(request.url());
        if (!["data:", "blob:"].includes(protocol) && !own.includes(origin)) foreign.push(request.url());
    });
    await page.addInitScript(() => {
        addEventListener("securitypolicyviolation", event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
    });
    await page.goto(url);
    return { page, problems, foreign };
}
