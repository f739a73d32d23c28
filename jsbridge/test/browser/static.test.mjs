// The page as it is served: its policy, its languages, what it takes from the address, and that it opens without a network.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { extname } from "node:path";
import { after, before, test } from "node:test";
import { openPage } from "./harness.mjs";

const folder = new URL("../../../dist/page/", import.meta.url);
const types = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json", ".tlv": "application/octet-stream", ".json": "application/json", ".txt": "text/plain",
};

let browser;
let page;
let server;
let origin;
const asked = []; // of any server
const newer = {}; // files of a newer build, by path

before(async () => {
    assert.ok(existsSync(new URL("index.html", folder)), "dist/page is not built: run make build");
    const headers = JSON.parse(readFileSync(new URL("headers.json", folder), "utf8"));
    server = createServer((request, response) => {
        const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
        const file = new URL(path, folder);
        if (path === "agent" || !existsSync(file)) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { ...headers, "content-type": types[extname(path)], "cache-control": "no-cache" }).end(newer[path] ?? readFileSync(file));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${server.address().port}`;
    browser = await openPage();
    page = browser.page;
    browser.context.on("request", request => asked.push(request.url()));
});
after(async () => {
    server?.closeAllConnections();
    server?.close();
    await browser?.close();
});

const element = () => page.locator("matter-commission");
const shown = state => page.waitForFunction(wanted => document.querySelector("matter-commission").state === wanted, state);

/** Asks again until nothing throws, for ten seconds. */
async function eventually(ask) {
    for (const end = Date.now() + 10_000; ; await new Promise(resolve => setTimeout(resolve, 100))) {
        try {
            return await ask();
        } catch (error) {
            if (Date.now() > end) throw error;
        }
    }
}

test("the headers say what the document says, and what a document cannot", () => {
    const headers = JSON.parse(readFileSync(new URL("headers.json", folder), "utf8"));
    const [, inDocument] = /http-equiv="content-security-policy" content="([^"]*)"/.exec(readFileSync(new URL("index.html", folder), "utf8"));
    assert.equal(headers["content-security-policy"], `${inDocument}; frame-ancestors 'none'`);
    assert.match(inDocument, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/);
    assert.doesNotMatch(inDocument, /unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|https?:/);
});

test("the document has no script and no style of its own, and names no other place", () => {
    const html = readFileSync(new URL("index.html", folder), "utf8");
    assert.doesNotMatch(html, /<style|style=|<script>|\son\w+=/);
    for (const [, address] of html.matchAll(/(?:href|src)="([^"]*)"/g)) assert.doesNotMatch(address, /^(https?:|\/)/);
});

test("the page comes up in the browser's language, with the element in it", async () => {
    await page.goto(`${origin}/`);
    assert.equal(await page.getAttribute("html", "lang"), "en");
    assert.match(await page.title(), /^(.+ – )?Add a Matter device$/); // with the heading's text as soon as there is one
    assert.equal(await page.locator("h1").innerText(), "Add a Matter device");
    await element().waitFor();
    assert.equal(await page.evaluate(() => typeof customElements.get("matter-commission")), "function");
});

test("in German it is German throughout", async () => {
    const other = await browser.context.newPage();
    await other.addInitScript(() => Object.defineProperty(navigator, "languages", { value: ["de-AT", "en"] }));
    await other.goto(`${origin}/`);
    assert.equal(await other.getAttribute("html", "lang"), "de");
    assert.match(await other.title(), /^(.+ – )?Matter-Gerät hinzufügen$/);
    const text = await other.evaluate(() => document.body.innerText);
    assert.match(text, /Was hier bleibt/);
    assert.doesNotMatch(text, /What stays here/);
    await other.close();
});

test("token and code are taken from the address, and leave it", async () => {
    const other = await browser.context.newPage();
    // The element never comes to life: what the boot script gave is seen as it was given.
    await other.addInitScript(() => (customElements.define = () => {}));
    await other.goto(`${origin}/#token=${"ab".repeat(16)}&code=MT:Y.K9042C00KA0648G00`);
    assert.equal(other.url(), `${origin}/`);
    const given = () => other.evaluate(() => (({ agentToken, code }) => ({ agentToken, code }))(document.querySelector("matter-commission")));
    assert.deepEqual(await given(), { agentToken: "ab".repeat(16), code: "MT:Y.K9042C00KA0648G00" });
    await other.reload();
    assert.deepEqual(await given(), { agentToken: "ab".repeat(16), code: undefined });
    assert.equal(asked.some(url => url.includes("ababab") || url.includes("Y.K9042")), false, "what stood in the fragment was sent");
    await other.close();
});

test("without a script it says what it needs, in both languages", async () => {
    const html = readFileSync(new URL("index.html", folder), "utf8");
    const [, inside] = /<noscript>([\s\S]*?)<\/noscript>/.exec(html);
    assert.match(inside, /needs JavaScript/);
    assert.match(inside, /lang="de">[^<]*braucht JavaScript/);
});

test("at 320 pixels and at 1280 nothing is wider than the window", async () => {
    for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 720 });
        await page.goto(`${origin}/`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `at ${width}`);
    }
});

test("every file of the page is in the service worker's list with its hash", () => {
    const worker = readFileSync(new URL("sw.js", folder), "utf8");
    const files = JSON.parse(/const files = (\{[\s\S]*?\});/.exec(worker)[1]);
    assert.ok(Object.keys(files).length > 10);
    for (const [name, hash] of Object.entries(files)) {
        assert.equal(createHash("sha256").update(readFileSync(new URL(name, folder))).digest("base64"), hash, name);
    }
    for (const name of ["index.html", "boot.js", "page.css", "element/index.js", "assets/matter-page.wasm", "assets/matter-session.wasm", "assets/worker.js"]) {
        assert.ok(name in files, name);
    }
});

/** Until the page's registration has a worker in that place and state. */
const worker = (place, state) => page.evaluate(async ([place, state]) => {
    for (;;) {
        if ((await navigator.serviceWorker.getRegistration())?.[place]?.state === state) return;
        await new Promise(resolve => setTimeout(resolve, 50));
    }
}, [place, state]);
test("a newer build is shown whole, at the second opening", async () => {
    await page.goto(`${origin}/`);
    await worker("active", "activated");
    const css = `${readFileSync(new URL("page.css", folder), "utf8")}\nh1 { letter-spacing: 3px }`;
    const hash = text => createHash("sha256").update(text).digest("base64");
    newer["page.css"] = css;
    newer["sw.js"] = readFileSync(new URL("sw.js", folder), "utf8").replace(hash(readFileSync(new URL("page.css", folder))), hash(css)).replace(/version = "\w+"/, 'version = "newer"');
    const spacing = () => page.evaluate(() => getComputedStyle(document.querySelector("h1")).letterSpacing);
    await page.reload();
    assert.equal(await spacing(), "normal");
    await worker("waiting", "installed");
    await page.goto("about:blank");
    await page.goto(`${origin}/`, { waitUntil: "commit" }); // it loads itself once more
    // The document goes away under a question now and then, until the one that stays is there.
    await eventually(async () => {
        assert.equal(await spacing(), "3px");
        assert.deepEqual(await page.evaluate(async () => (await caches.keys()).filter(name => name.startsWith("matter-session-page-"))), ["matter-session-page-newer"]);
        assert.equal(await page.evaluate(() => navigator.serviceWorker.getRegistration().then(({ waiting }) => waiting)), null);
    });
    await shown("home");
});

test("a file that is not of the build is not kept", async () => {
    newer["sw.js"] = newer["sw.js"].replace('version = "newer"', 'version = "wrong"').replace(/"page\.css": "\w{8}/, '"page.css": "AAAAAAAA');
    await page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration();
        await registration.update().catch(() => {});
        const { installing } = registration;
        if (installing !== null) await new Promise(resolve => installing.addEventListener("statechange", resolve, { once: true }));
    });
    const { waiting, css } = await page.evaluate(async () => ({
        waiting: (await navigator.serviceWorker.getRegistration()).waiting?.state,
        css: await (await fetch("page.css")).text(),
    }));
    assert.equal(waiting, undefined);
    assert.match(css, /letter-spacing: 3px/);
    browser.problems.splice(0, browser.problems.length, ...browser.problems.filter(problem => !/integrity/i.test(problem)));
});

test("once loaded it opens without a network, whole", async () => {
    await page.goto(`${origin}/`);
    await worker("active", "activated");
    server.closeAllConnections();
    server.close();
    await page.goto(`${origin}/`);
    await shown("home"); // though nothing reaches a device now: there are keys to be backed up
    assert.equal(await page.locator("h1").innerText(), "Add a Matter device");
    // The agent is asked for, in vain: it is no file of the page.
    browser.problems.splice(0, browser.problems.length, ...browser.problems.filter(problem => !/ERR_CONNECTION_REFUSED|404/.test(problem)));
});

test("no other place was asked for anything, and nothing was thrown or refused by the policy", () => {
    assert.deepEqual(asked.filter(url => !url.startsWith(`${origin}/`) && !/^(blob|data|about):/.test(url)), []);
    assert.deepEqual(browser.problems.filter(problem => !/\/agent\b|404/.test(problem)), []);
});
