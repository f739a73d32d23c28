// What the tests of the elements share: a build with stand-ins for the page's program and the room, and pages with it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before } from "node:test";
import { fileURLToPath } from "node:url";
import { buildElement, loadManifest } from "../../element.mjs";
import { launch, open, serve } from "./site.mjs";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const manifest = await loadManifest();
const stubs = fileURLToPath(new URL("element-stubs.mjs", import.meta.url));

export const page = elements => `<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,><title>test</title><script type=module src="/ms/element/index.js"></script>${elements}`;

/** `directory`/dist is the build, `site` what is served: its `page`, `headers` and `agent` are the test's. */
export const stage = { directory: "", browser: undefined, site: undefined, opened: undefined };

/** To be called once by each file of tests. */
export function setUp() {
    before(async () => {
        stage.directory = mkdtempSync(join(tmpdir(), "matter-session-element-"));
        const file = join(stage.directory, "page.wasm");
        writeFileSync(file, "\0asm\x01\0\0\0");
        await buildElement(join(stage.directory, "dist"), {
            page: file,
            blob: file,
            worker: stubs,
            plugins: [{ name: "stubs", setup: build => build.onResolve({ filter: /^\.\/(program|room\/room)\.js$/ }, () => ({ path: stubs })) }],
        });
        const { directory } = stage;
        stage.site = await serve({
            "/": (request, response) => response.writeHead(200, { "content-type": "text/html", ...stage.site.headers }).end(stage.site.page),
            "/agent": (request, response) => response.writeHead(stage.site.agent === undefined ? 404 : 200, { "content-type": "application/json" }).end(stage.site.agent),
            "/ms/": join(directory, "dist"),
        });
        stage.browser = await launch({ args: ["--enable-features=WebBluetooth"], permissions: ["clipboard-read", "clipboard-write"] });
    });
    after(async () => {
        await stage.browser?.close();
        stage.site?.close();
        rmSync(stage.directory, { recursive: true, force: true });
    });
    afterEach(async () => {
        await stage.opened?.page.close();
        stage.opened = undefined;
    });
}

const names = manifest.events.map(({ name }) => name);

/** Opens a page with these elements; `heard` gives the events so far as [name, the element's id, detail]. */
export async function show(elements, { init, arg, html } = {}) {
    stage.site.page = html ?? page(elements);
    stage.site.asked.length = 0;
        const opened = stage.opened = await open(stage.browser.context, "about:blank");
    if (init !== undefined) await opened.page.addInitScript(init, arg);
    await opened.page.addInitScript(names => {
        globalThis.heard = [];
        const plain = value => JSON.parse(JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? [...part] : part)));
        for (const name of names) document.addEventListener(name, event => heard.push([event.type, event.target.id, plain(event.detail)]));
    }, names);
    await opened.page.goto(`${stage.site.url}/`);
    await opened.page.waitForFunction(() => [...document.querySelectorAll("matter-commission,matter-commission-button")].every(element => element.hasAttribute("state")));
    return opened.page;
}
export const heard = (page, ...wanted) => page.evaluate(wanted => heard.filter(([name]) => wanted.length === 0 || wanted.includes(name)), wanted);
export const started = async (page, id = "a") => {
    await page.evaluate(id => document.getElementById(id).start(), id);
    await page.waitForFunction(count => stubs.instances.length >= count && stubs.instances.at(-1).events.some(({ type }) => type === "started"), 1);
};
export const fine = () => assert.deepEqual({ problems: stage.opened.problems, foreign: stage.opened.foreign.filter(url => !url.startsWith(stage.site.url)) }, { problems: [], foreign: [] });

/** Ends what every test of a running wizard begins with: one inline element that shows the code screen. */
export async function running(elements = "<matter-commission id=a></matter-commission>", init) {
    const view = await show(elements, { init });
    await view.evaluate(async () => {
        const element = globalThis.element = document.getElementById("a");
        await element.start();
        globalThis.instance = stubs.instances[0];
        globalThis.room = stubs.rooms[0];
        globalThis.tell = event => room.options.onEvent(event);
    });
    return view;
}
export const question = (kind, problem = "") => ({
    type: "networkAsked", problem,
    question: {
        request: 7, kind, scanned: [{ name: "Home", id: [72, 111], rssi: -40, bars: 4, channel: 6, band: "2.4", open: false, security: 8, hidden: false }],
        stored: [], chosen: 0, other: false, ssid: "",
    },
});
export const attestation = verdict => ({ type: "attestationAsked", attestation: { request: 5, verdict, findings: ["root-not-listed"], vendorId: 0xfff1, productId: 0x8000, certificateId: "" } });
