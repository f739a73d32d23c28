// The elements in Chromium, with stand-ins for the page's program and the room: what a host page sees and can do. Whole, and
// in other people's pages: element-pages.test.mjs; the scanner: element-scan.test.mjs.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildElement, loadManifest } from "../../element.mjs";
import { launch, open, serve } from "./site.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const stubs = fileURLToPath(new URL("element-stubs.mjs", import.meta.url));
const pictures = process.env.SCREENS ?? join(root, "dist/screens");
const manifest = await loadManifest();
const page = elements => `<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,><title>test</title><script type=module src="/ms/element/index.js"></script>${elements}`;

let directory, browser, site, opened;
before(async () => {
    directory = mkdtempSync(join(tmpdir(), "matter-session-element-"));
    writeFileSync(join(directory, "page.wasm"), "\0asm\x01\0\0\0");
    await buildElement(join(directory, "dist"), {
        page: join(directory, "page.wasm"),
        blob: join(directory, "page.wasm"),
        worker: stubs,
        plugins: [{ name: "stubs", setup: build => build.onResolve({ filter: /^\.\/(program|room\/room)\.js$/ }, () => ({ path: stubs })) }],
    });
    site = await serve({ "/agent": (request, response) => response.writeHead(site.agent === undefined ? 404 : 200, { "content-type": "application/json" }).end(site.agent), "/ms/": join(directory, "dist"), "/": (request, response) => response.writeHead(200, { "content-type": "text/html", ...site.headers }).end(site.page) });
    browser = await launch({ args: ["--enable-features=WebBluetooth"], permissions: ["clipboard-read", "clipboard-write"] });
});
after(async () => {
    await browser?.close();
    site?.close();
    rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
    await opened?.page.close();
    opened = undefined;
});

const names = manifest.events.map(({ name }) => name);

/** Opens a page with these elements; `heard` gives the events so far as [name, the element's id, detail]. */
async function show(elements, { init, arg, html } = {}) {
    site.page = html ?? page(elements);
    site.asked.length = 0;
    const context = browser.context;
    opened = await open(context, "about:blank");
    if (init !== undefined) await opened.page.addInitScript(init, arg);
    await opened.page.addInitScript(names => {
        globalThis.heard = [];
        const plain = value => JSON.parse(JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? [...part] : part)));
        for (const name of names) document.addEventListener(name, event => heard.push([event.type, event.target.id, plain(event.detail)]));
    }, names);
    await opened.page.goto(`${site.url}/`);
    await opened.page.waitForFunction(() => [...document.querySelectorAll("matter-commission,matter-commission-button")].every(element => element.hasAttribute("state")));
    return opened.page;
}
const heard = (page, ...wanted) => page.evaluate(wanted => heard.filter(([name]) => wanted.length === 0 || wanted.includes(name)), wanted);
const started = async (page, id = "a") => {
    await page.evaluate(id => document.getElementById(id).start(), id);
    await page.waitForFunction(count => stubs.instances.length >= count && stubs.instances.at(-1).events.some(({ type }) => type === "started"), 1);
};
const filesOf = (folder, names) => readdirSync(join(root, folder)).filter(name => names.test(name) && !/_test\.go$/.test(name)).map(name => readFileSync(join(root, folder, name), "utf8")).join("\n");
const fine = () => assert.deepEqual({ problems: opened.problems, foreign: opened.foreign.filter(url => !url.startsWith(site.url)) }, { problems: [], foreign: [] });

describe("what a page loads", () => {
    test("is one script of at most 4,000 octets, compressed, until somebody wants to add a device", async () => {
        const view = await show("<matter-commission id=a></matter-commission><matter-commission-button id=b></matter-commission-button>");
        await view.waitForTimeout(200);
        assert.deepEqual(site.asked, ["/", "/ms/element/index.js"]);
        const size = gzipSync(readFileSync(join(directory, "dist/element/index.js")), { level: 9 }).length;
        assert.ok(size <= 4000, `${size} octets`);
        fine();
    });

    for (const [what, act] of [
        ["pointing at the button", view => view.hover("#b >> button")],
        ["the focus on the button", view => view.focus("#b >> button")],
        ["start()", view => view.evaluate(() => void document.getElementById("b").start())],
    ]) {
        test(`more comes with ${what}`, async () => {
            const view = await show("<matter-commission-button id=b></matter-commission-button>");
            await act(view);
            await view.waitForFunction(() => globalThis.stubs?.programs.length === 1);
            assert.equal(await view.evaluate(() => stubs.rooms.length), what === "start()" ? 1 : 0);
            const [program] = await view.evaluate(() => stubs.programs.map(({ url, expected }) => ({ url, expected })));
            assert.equal(program.url, `${site.url}/ms/assets/matter-page.wasm`);
            assert.deepEqual(program.expected, { size: 8, sha256: "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476" });
            fine();
        });
    }

    test("loads once for two elements, and gives each a wizard and a room", async () => {
        const view = await show("<matter-commission id=a></matter-commission><matter-commission id=b></matter-commission>");
        await started(view, "a");
        await started(view, "b");
        await view.waitForFunction(() => stubs.instances.length === 2);
        assert.deepEqual(await view.evaluate(() => [stubs.programs.length, stubs.rooms.length, document.getElementById("a").state, document.getElementById("b").state]), [1, 2, "code", "code"]);
        await view.evaluate(() => stubs.instances[1].screen("done"));
        assert.deepEqual(await view.evaluate(() => [document.getElementById("a").state, document.getElementById("b").state]), ["code", "done"]);
        fine();
    });

    test("comes from the address in `assets`, but for the scripts", async () => {
        const view = await show('<matter-commission id=a assets="elsewhere/here"></matter-commission>');
        await view.route("**/elsewhere/here/style.css", route => route.fulfill({ contentType: "text/css", body: "" }));
        await started(view);
        const [options] = await view.evaluate(() => stubs.rooms.map(({ options: { worker, blob, lists } }) => [worker, blob, lists.paa, lists.test].map(String)));
        assert.deepEqual(options, ["worker.js", "matter-session.wasm", "paa.tlv", "paa-test.tlv"].map(name => `${site.url}/elsewhere/here/${name}`));
        assert.equal(await view.evaluate(() => stubs.programs[0].url), `${site.url}/elsewhere/here/matter-page.wasm`);
    });
});

describe("the shell", () => {
    test("draws a button, in the language around it, or the page's own", async () => {
        const view = await show('<matter-commission-button id=a></matter-commission-button><div lang=de-AT><matter-commission-button id=b></matter-commission-button></div><matter-commission id=c><button slot=activate>Mine</button></matter-commission>');
        await view.waitForFunction(() => document.getElementById("b").shadowRoot.textContent.includes("hinzufügen"));
        assert.equal(await view.locator("#a >> button").textContent(), JSON.parse(readFileSync(join(root, "web/messages/screens.en.json")))["idle.activate"]);
        await view.click("#c >> text=Mine");
        await view.waitForFunction(() => document.getElementById("c").state === "code");
        assert.equal(await view.locator("#c >> text=Mine").isVisible(), false);
        fine();
    });

    test("takes texts that the page brings", async () => {
        const view = await show("<script>customElements.whenDefined('matter-commission').then(() => { const e = document.createElement('matter-commission'); e.id = 'a'; e.messages = { 'idle.activate': 'Nieuw toestel' }; document.body.append(e); })</script>");
        await view.waitForSelector("#a >> text=Nieuw toestel");
        await started(view);
        assert.equal(await view.evaluate(() => stubs.instances[0].config.messages["idle.activate"]), "Nieuw toestel");
        assert.ok(await view.evaluate(() => stubs.instances[0].config.messages["title.code"]));
    });

    test("shows how far loading is in octets, then that it starts", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        await view.evaluate(async () => {
            await document.getElementById("a").report(); // so that the stand-ins are there
            stubs.load = progress => new Promise(resolve => Object.assign(stubs, { progress, resolve }));
            void document.getElementById("a").start();
        });
        await view.waitForFunction(() => stubs.progress !== undefined);
        const drawn = () => view.evaluate(() => {
            const busy = document.getElementById("a").shadowRoot.getElementById("busy");
            const bar = busy.querySelector("progress");
            return { value: bar.value, max: bar.max, text: busy.querySelector("p").textContent, status: busy.querySelector("[role=status]").textContent, state: document.getElementById("a").state };
        });
        await view.evaluate(() => stubs.progress(1_200_000, 5_900_000));
        assert.deepEqual(await drawn(), { value: 1_200_000, max: 5_900_000, text: "Loading the setup program (1.2 of 5.9 MB)…", status: "", state: "loading" });
        await view.evaluate(() => stubs.progress(5_900_000, 5_900_000));
        assert.deepEqual(await drawn(), { value: 5_900_000, max: 5_900_000, text: "", status: "Starting…", state: "loading" });
        await view.evaluate(() => stubs.resolve());
        await view.waitForFunction(() => document.getElementById("a").state === "code");
        assert.equal(await view.evaluate(() => document.getElementById("a").shadowRoot.getElementById("busy").childElementCount), 0);
        fine();
    });

    for (const code of ["load-failed", "load-corrupt"]) {
        test(`says that the program could not be had (${code}), and tries again when asked`, async () => {
            const view = await show("<matter-commission id=a></matter-commission>");
            await view.evaluate(async code => {
                await document.getElementById("a").report();
                stubs.load = async (_, count) => {
                    if (count === 1) throw Object.assign(new Error("no way"), { code });
                };
                await document.getElementById("a").start();
            }, code);
            const alert = view.locator("#a >> [role=alert]");
            assert.match(await alert.textContent(), code === "load-failed" ? /could not be loaded \(no way\)/ : /not the one this page was built with/);
            const [[, , detail]] = await heard(view, "matter-error");
            assert.deepEqual({ ...detail, message: undefined }, { code, retry: "same", message: undefined });
            assert.equal(await view.evaluate(() => document.getElementById("a").state), "loading");
            await view.click("#a >> [part=primary]");
            await view.waitForFunction(() => document.getElementById("a").state === "code");
            assert.equal(await alert.count(), 0);
        });
    }

    test("says the same where even its own script is missing, and tries again", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        let missing = true;
        await view.route("**/session-*.js", route => (missing ? route.abort() : route.continue()));
        await view.evaluate(() => document.getElementById("a").start());
        assert.match(await view.locator("#a >> [role=alert]").textContent(), /could not be loaded/);
        missing = false;
        await view.evaluate(() => document.getElementById("a").retry());
        await view.waitForFunction(() => document.getElementById("a").state === "code");
    });
});

describe("a browser without Bluetooth", () => {
    const without = brands => `Object.defineProperty(Navigator.prototype, "bluetooth", { value: undefined }); Object.defineProperty(Navigator.prototype, "userAgentData", { value: ${brands === undefined ? "undefined" : `{ brands: ${JSON.stringify(brands.map(brand => ({ brand })))} }`} });`;
    const both = agent => `<matter-commission id=a ${agent}></matter-commission><matter-commission-button id=b ${agent}><p slot=unsupported>Use our app.</p><p slot=not-allowed>Not here.</p></matter-commission-button>`;
    const cases = [
        { cause: "missing", init: without(), says: /has no Web Bluetooth.*Chrome/s, slot: "Use our app.", offered: true },
        { cause: "missing", what: "in a WebView", init: without(["Chromium", "Android WebView"]), says: /has no Web Bluetooth/, slot: "Use our app.", offered: true },
        { cause: "disabled", init: without(["Not:A-Brand", "Chromium", "Brave"]), says: /switched off in this browser/, slot: "Use our app.", offered: true },
        { cause: "insecure", init: 'Object.defineProperty(window, "isSecureContext", { value: false });', says: /without https/, slot: "Not here.", offered: false },
        { cause: "frame", init: 'Object.defineProperty(document, "featurePolicy", { value: { allowsFeature: feature => feature !== "bluetooth" } });', says: /does not allow Bluetooth/, slot: "Not here.", offered: true },
    ];
    for (const { cause, what = "", init, says, slot, offered } of cases) {
        test(`says why: ${cause} ${what}`.trim(), async () => {
            const view = await show(both('agent=""'), { init });
            const state = await view.evaluate(() => [...document.querySelectorAll("#a,#b")].map(({ state, supported, unsupported, outerHTML }) => ({ state, supported, unsupported, cause: /unsupported="(\w+)"/.exec(outerHTML)?.[1] })));
            assert.deepEqual(state, [1, 2].map(() => ({ state: "unsupported", supported: false, unsupported: cause, cause })));
            assert.match(await view.locator("#a >> slot").textContent(), says);
            assert.equal(await view.locator("#a >> button").count(), 0);
            assert.equal(await view.locator("#b >> p:visible").textContent(), slot);
            await view.evaluate(() => document.getElementById("a").start());
            assert.equal(await view.evaluate(() => typeof globalThis.stubs), "undefined", "nothing is loaded where nothing can be done");
            fine();
        });
        test(`${offered ? "offers" : "does not offer"} the agent all the same: ${cause} ${what}`.trim(), async () => {
            const view = await show(both('agent="wss://home.example/agent"'), { init });
            assert.equal(await view.evaluate(() => document.getElementById("a").supported), offered);
            assert.equal(await view.locator("#a >> button").count(), offered ? 1 : 0);
            if (!offered) return;
            assert.match(await view.locator("#a >> slot").textContent(), says);
            await view.click("#b >> button");
            await view.waitForFunction(() => document.getElementById("b").state === "code");
            const [options] = await view.evaluate(() => stubs.instances[0].events.filter(({ type }) => type === "configured").map(({ options }) => options));
            assert.deepEqual([options.bluetooth, options.agentUrl, options.routes], [cause, "wss://home.example/agent", ["bluetooth", "agent"]]);
            fine();
        });
    }

    test("is no matter for a page that wants other ways alone, or brings its own", async () => {
        const view = await show("<matter-commission id=a agent='wss://x/agent' transports=agent></matter-commission><matter-commission id=b agent=''></matter-commission>", { init: without() });
        await view.evaluate(() => {
            const element = document.getElementById("b");
            element.transport = { open: () => Promise.reject(new Error("none")) };
            element.transports = "host";
        });
        await view.waitForFunction(() => document.getElementById("b").state === "idle");
        assert.deepEqual(await view.evaluate(() => ["a", "b"].map(id => [document.getElementById(id).state, document.getElementById(id).supported, document.getElementById(id).unsupported])), [["idle", true, "missing"], ["idle", true, "missing"]]);
        await started(view, "b");
        assert.deepEqual(await view.evaluate(() => stubs.instances[0].events[0].options.routes), ["host"]);
    });

    test("is told by support() as well, with what the adapter says", async () => {
        let view = await show("<matter-commission id=a agent=''></matter-commission>", { init: without() });
        const support = () => view.evaluate(() => customElements.get("matter-commission").support());
        assert.deepEqual(await support(), { bluetooth: "missing", camera: true });
        await opened.page.close();
        view = await show("<matter-commission id=a></matter-commission>", { init: "navigator.bluetooth.getAvailability = async () => false;" });
        assert.deepEqual(await support(), { bluetooth: "off", camera: true });
        await view.evaluate(() => (navigator.bluetooth.getAvailability = async () => true));
        assert.deepEqual(await support(), { bluetooth: "ready", camera: true });
    });
});

/** Ends what every test of a running wizard begins with: one inline element that shows the code screen. */
async function running(elements = "<matter-commission id=a></matter-commission>", init) {
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
const question = (kind, problem = "") => ({
    type: "networkAsked", problem,
    question: {
        request: 7, kind, scanned: [{ name: "Home", id: [72, 111], rssi: -40, bars: 4, channel: 6, band: "2.4", open: false, security: 8, hidden: false }],
        stored: [], chosen: 0, other: false, ssid: "",
    },
});
const attestation = verdict => ({ type: "attestationAsked", attestation: { request: 5, verdict, findings: ["root-not-listed"], vendorId: 0xfff1, productId: 0x8000, certificateId: "" } });

describe("the wizard's life in an element", () => {
    test("begins with what the page said, and the code is forgotten", async () => {
        const view = await show('<matter-commission id=a agent="/agent" transports="agent bluetooth" fabric-label="My home" attestation=certified allow-test-devices lang=de></matter-commission>');
        await view.evaluate(async () => {
            const element = document.getElementById("a");
            Object.assign(element, { code: "34970112332", agentToken: "secret-token", storage: { is: "storage" }, authority: { is: "authority" }, networks: { is: "networks" }, trust: { is: "trust" } });
            await element.start();
        });
        const { events, settings, code, language, html } = await view.evaluate(() => ({
            events: stubs.instances[0].events, settings: JSON.parse(JSON.stringify(stubs.rooms[0].settings)), code: typeof document.getElementById("a").code, language: stubs.instances[0].config.language,
            html: document.documentElement.outerHTML,
        }));
        assert.equal(events[0].type, "configured");
        assert.deepEqual({ ...events[0].options, bluetooth: "" }, {
            manage: false, fabricLabel: "My home", routes: ["agent", "bluetooth"], bluetooth: "", agent: "checking", agentUrl: `${site.url.replace("http", "ws")}/agent`, camera: true, allowTest: true, language: "de",
        });
        assert.deepEqual(events[1], { type: "started", code: "34970112332" });
        assert.deepEqual([code, language], ["undefined", "de"]);
        assert.deepEqual(Object.keys(await view.evaluate(() => stubs.rooms[0].settings.versions)), ["matter-session", "matter-session.wasm", "matter-page.wasm"]);
        for (const [name, value] of Object.entries({ agentToken: "secret-token", fabricLabel: "My home", attestation: "certified", allowTestDevices: true })) assert.deepEqual(settings[name], value, name);
        for (const name of ["storage", "authority", "networks", "trust"]) assert.deepEqual(settings[name], { is: name });
        assert.doesNotMatch(html, /secret-token|34970112332/);
        fine();
    });

    for (const [what, { headers, agent, elements, found, asked }] of Object.entries({
        "is the page's own where the agent says so with the page": { headers: { "server-timing": "matter-agent" }, elements: "<matter-commission id=a></matter-commission>", found: true, asked: false },
        "is none on a page of anybody else, which is not even asked": { elements: "<matter-commission id=a></matter-commission>", found: false, asked: false },
        "is asked for on a page that manages a home": { agent: '{"agent":"matter-session"}', elements: "<matter-commission id=a manage></matter-commission>", found: true, asked: true },
        "is not whatever else answers there": { agent: '{"agent":"another"}', elements: "<matter-commission id=a manage></matter-commission>", found: false, asked: true },
        "is none where the page says so": { headers: { "server-timing": "matter-agent" }, elements: "<matter-commission id=a agent=''></matter-commission>", found: false, asked: false },
    })) {
        test(`the agent ${what}`, async () => {
            Object.assign(site, { headers, agent });
            try {
                const view = await show(elements);
                if (!elements.includes("manage")) await started(view);
                await view.waitForFunction(() => document.getElementById("a").state === "code");
                assert.deepEqual([await view.evaluate(() => stubs.rooms[0].settings.agent), site.asked.includes("/agent")], [found ? `${site.url.replace("http", "ws")}/agent` : undefined, asked]);
                fine();
            } finally {
                Object.assign(site, { headers: undefined, agent: undefined });
            }
        });
    }

    test("follows changed attributes, the agent's state and the adapter's", async () => {
        const view = await running("<matter-commission id=a agent='wss://one/agent'></matter-commission>", "Object.assign(navigator.bluetooth, { getAvailability: async () => globalThis.adapter !== false });");
        const last = () => view.evaluate(() => instance.events.filter(({ type }) => type === "configured").at(-1).options);
        assert.deepEqual([(await last()).bluetooth, (await last()).agent], ["ready", "checking"]);
        await view.evaluate(() => room.options.onAgent("ready"));
        assert.equal((await last()).agent, "ready");
        await view.evaluate(() => {
            globalThis.adapter = false;
            navigator.bluetooth.dispatchEvent(new Event("availabilitychanged"));
        });
        await view.waitForFunction(() => instance.events.at(-1).options?.bluetooth === "off");
        await view.evaluate(() => {
            element.agent = "wss://two/agent";
            element.fabricLabel = "x".repeat(40);
        });
        await view.waitForFunction(() => room.settings.agent === "wss://two/agent" && room.effects.filter(({ type }) => type === "checkAgent").length === 2);
        assert.equal((await last()).fabricLabel, "x".repeat(32));
        // Not every browser tells that it was switched on again.
        await view.evaluate(() => (globalThis.adapter = true));
        await view.waitForFunction(() => instance.events.filter(({ type }) => type === "configured").at(-1).options.bluetooth === "ready");
        // After the end nobody listens to the adapter any more.
        await view.evaluate(() => instance.host.effect({ type: "closed", outcome: "cancelled" }));
        const count = await view.evaluate(() => instance.events.length);
        await view.evaluate(() => navigator.bluetooth.dispatchEvent(new Event("availabilitychanged")));
        await view.waitForTimeout(50);
        assert.equal(await view.evaluate(() => instance.events.length), count);
        fine();
    });

    test("carries effects to the room and events to the wizard, and messages both ways", async () => {
        const view = await running();
        const result = await view.evaluate(() => {
            for (const effect of [{ type: "keepCode", code: "x" }, { type: "search", payload: 0 }, { type: "begin", route: "agent", candidate: "", payload: 0 }, { type: "forgetHome" }]) instance.host.effect(effect);
            tell({ type: "searchEnded", id: "", technical: "" });
            instance.host.link.received(new Uint8Array([1]));
            instance.host.link.closed("why");
            room.options.link.send(new Uint8Array([2]));
            return room.options.link.open().then(opened => ({ opened, effects: room.effects.map(({ type }) => type), received: room.received, sent: instance.sent, last: instance.events.at(-1) }));
        });
        assert.deepEqual(result, { opened: { maxMessage: 244 }, effects: ["checkAgent", "keepCode", "search", "begin", "forgetHome"], received: [[1], "why"], sent: [[2]], last: { type: "searchEnded", id: "", technical: "" } });
        fine();
    });

    test("ends as the wizard says: nothing is left, and the next start is a new one", async () => {
        const view = await running();
        await view.evaluate(() => {
            instance.screen("done");
            instance.host.effect({ type: "closed", outcome: "commissioned" });
        });
        await view.waitForFunction(() => room.closed);
        assert.deepEqual(await view.evaluate(() => [instance.closed, element.state, element.shadowRoot.textContent.trim()]), [true, "idle", "Add a Matter device"]);
        assert.deepEqual((await heard(view, "matter-close", "matter-state")).map(([name, , detail]) => [name, detail.outcome ?? detail.state]), [["matter-state", "loading"], ["matter-state", "code"], ["matter-state", "done"], ["matter-state", "idle"], ["matter-close", "commissioned"]]);
        await started(view);
        await view.waitForFunction(() => stubs.instances.length === 2 && stubs.rooms.length === 2);
        assert.equal(await view.evaluate(() => stubs.programs.length), 1);
        fine();
    });

    test("cancel() undoes, ends the wizard and says whether the device is as it was", async () => {
        const view = await running();
        const result = await view.evaluate(async () => {
            instance.screen("checking");
            room.cancelled = { rolledBack: false };
            return element.cancel();
        });
        assert.deepEqual(result, { rolledBack: false });
        assert.deepEqual(await view.evaluate(() => [element.state, instance.closed, room.effects.map(({ type }) => type)]), ["idle", true, ["checkAgent", "cancel"]]);
        assert.deepEqual((await heard(view, "matter-close")).map(([, , detail]) => detail), [{ outcome: "cancelled" }]);
        assert.deepEqual(await view.evaluate(() => element.cancel()), { rolledBack: true }, "nothing runs");
        fine();
    });

    test("cancel() while it is still loading", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        await view.evaluate(async () => {
            await document.getElementById("a").report();
            stubs.load = () => new Promise(resolve => (stubs.resolve = resolve));
            void document.getElementById("a").start();
        });
        await view.waitForFunction(() => stubs.resolve !== undefined);
        assert.deepEqual(await view.evaluate(() => document.getElementById("a").cancel()), { rolledBack: true });
        await view.evaluate(() => stubs.resolve());
        await view.waitForTimeout(50);
        assert.deepEqual(await view.evaluate(() => [document.getElementById("a").state, stubs.instances.length]), ["idle", 0]);
        assert.deepEqual((await heard(view, "matter-close")).map(([, , detail]) => detail), [{ outcome: "cancelled" }]);
        fine();
    });

    test("retry() is the primary button of a failure", async () => {
        const view = await running();
        assert.deepEqual(await view.evaluate(async () => {
            instance.screen("failed");
            element.retry();
            await null;
            await null;
            return instance.events.at(-1);
        }), { type: "again" });
    });

    test("removed in mid-flight: undoes by the wizard's own Bluetooth, then lets go of everything", async () => {
        const view = await running();
        const order = await view.evaluate(async () => {
            const order = [];
            instance.screen("joining");
            element.addEventListener("matter-close", event => order.push(`close ${event.detail.outcome}`));
            room.closing = async () => {
                await new Promise(resolve => setTimeout(resolve, 30));
                room.options.link.send(new Uint8Array([9])); // disarms the fail-safe
                order.push(`room closes, wizard ${instance.closed ? "gone" : "there"}`);
            };
            const close = instance.close.bind(instance);
            instance.close = () => (order.push("wizard closes"), close());
            element.remove();
            await new Promise(resolve => setTimeout(resolve, 100));
            tell({ type: "stopDone", rolledBack: true, wait: 0 });
            return { order, sent: instance.sent, state: element.state, left: element.shadowRoot.querySelectorAll("h2").length };
        });
        assert.deepEqual(order, { order: ["room closes, wizard there", "wizard closes", "close cancelled"], sent: [[9]], state: "idle", left: 0 });
        await view.evaluate(() => document.body.append(element));
        await started(view);
        await view.waitForFunction(() => element.state === "code" && stubs.instances.length === 2);
        fine();
    });

    test("moved within the page it goes on", async () => {
        const view = await running();
        await view.evaluate(async () => {
            document.body.append(document.createElement("section"));
            document.querySelector("section").append(element);
            await new Promise(resolve => setTimeout(resolve, 20));
        });
        assert.deepEqual(await view.evaluate(() => [element.state, instance.closed, room.closed]), ["code", false, false]);
        fine();
    });

    test("a program that dies is told, and a new start tries again", async () => {
        const view = await running();
        await view.evaluate(() => {
            instance.screen("checking");
            instance.host.died("panic");
        });
        assert.match(await view.locator("#a >> [role=alert]").textContent(), /stopped unexpectedly/);
        assert.deepEqual((await heard(view, "matter-error")).map(([, , { code }]) => code), ["core-dead"]);
        await view.click("#a >> [part=primary]");
        await view.waitForFunction(() => stubs.instances.length === 2 && element.state === "code");
        assert.equal(await view.evaluate(() => stubs.programs.length), 2, "the program is loaded anew");
        fine();
    });

    test("a worker that cannot be had is told as everything else that fails to load", async () => {
        const view = await running();
        await view.evaluate(async () => {
            await element.cancel();
            stubs.refuse = new DOMException("not of this origin", "SecurityError");
            await element.start();
        });
        assert.match(await view.locator("#a >> [role=alert]").textContent(), /could not be loaded \(not of this origin\)/);
        await view.evaluate(() => (stubs.refuse = undefined));
        await view.click("#a >> [part=primary]");
        await view.waitForFunction(() => element.state === "code");
        fine();
    });

    test("with `manage` the inline element starts by itself, the button does not", async () => {
        const view = await show("<matter-commission id=a manage agent=''></matter-commission><matter-commission-button id=b manage agent=''></matter-commission-button>");
        await view.waitForFunction(() => document.getElementById("a").state === "code");
        assert.deepEqual(await view.evaluate(() => [document.getElementById("b").state, stubs.instances[0].events[0].options.manage]), ["idle", true]);
        await view.evaluate(() => document.getElementById("a").cancel());
        await view.waitForTimeout(50);
        assert.equal(await view.evaluate(() => document.getElementById("a").state), "idle");
        fine();
    });

    test("keeps the screen awake from connecting to done, also after the tab was hidden", async () => {
        const view = await running(undefined, `
            globalThis.locks = [];
            navigator.wakeLock.request = async () => {
                const lock = { released: false, release: async () => void (lock.released = true) };
                locks.push(lock);
                return lock;
            };`);
        const held = () => view.evaluate(async () => (await new Promise(resolve => setTimeout(resolve, 5)), locks.filter(({ released }) => !released).length));
        assert.equal(await held(), 0);
        for (const screen of ["connecting", "securing", "network", "finding"]) {
            await view.evaluate(screen => instance.screen(screen), screen);
            assert.equal(await held(), 1, screen);
        }
        await view.evaluate(() => {
            for (const lock of locks) lock.released = true; // as browsers do when a tab is hidden
            document.dispatchEvent(new Event("visibilitychange"));
        });
        assert.equal(await held(), 1);
        await view.evaluate(() => instance.screen("done"));
        assert.equal(await held(), 0);
        await view.evaluate(() => instance.screen("connecting"));
        assert.equal(await held(), 1);
        await view.evaluate(() => element.remove());
        assert.equal(await held(), 0);
        fine();
    });
});

describe("the dialog", () => {
    const dialog = async init => {
        const view = await show("<input id=before><matter-commission-button id=a></matter-commission-button><input id=after>", { init });
        await view.focus("#before");
        await view.keyboard.press("Tab");
        await view.keyboard.press("Enter");
        await view.waitForFunction(() => globalThis.stubs?.instances.at(-1)?.screenNow === "code");
        return view;
    };
    const where = view => view.evaluate(() => {
        const { activeElement } = document;
        return `${activeElement.id} ${activeElement.shadowRoot?.activeElement?.localName ?? ""}`.trim();
    });

    test("opens by key, holds the focus, and gives it back", async () => {
        const view = await dialog();
        assert.ok(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").matches(":modal")));
        assert.equal(await where(view), "a h2");
        for (let i = 0; i < 4; i++) {
            await view.keyboard.press("Tab");
            assert.match(await where(view), /^(a button)?$|^body/, "not the page behind"); // "" is the browser's own bar
        }
        await view.evaluate(() => stubs.instances[0].host.effect({ type: "closed", outcome: "cancelled" }));
        assert.equal(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").open), false);
        assert.equal(await where(view), "a button");
        fine();
    });

    test("Escape asks the wizard, which decides, every time", async () => {
        const view = await dialog();
        for (let i = 0; i < 3; i++) await view.keyboard.press("Escape");
        assert.deepEqual(await view.evaluate(() => [stubs.instances[0].events.slice(-3).map(({ type }) => type), document.getElementById("a").shadowRoot.querySelector("dialog").open]), [["stop", "stop", "stop"], true]);
        fine();
    });

    test("Escape in a question of the wizard is the question's own", async () => {
        const view = await dialog();
        const events = await view.evaluate(() => {
            const inner = document.createElement("dialog");
            inner.append(document.createElement("button"));
            stubs.instances[0].root.append(inner);
            inner.showModal();
            return stubs.instances[0].events.length;
        });
        await view.keyboard.press("Escape");
        assert.deepEqual(await view.evaluate(() => [stubs.instances[0].events.length, document.getElementById("a").shadowRoot.querySelectorAll("dialog[open]").length]), [events, 1]);
        fine();
    });

    test("Escape and Close end what is still loading, and the button works again", async () => {
        const view = await show("<matter-commission-button id=a></matter-commission-button>");
        for (const leave of [() => view.keyboard.press("Escape"), () => view.click("#a >> dialog >> text=Close")]) {
            await view.evaluate(async () => {
                await document.getElementById("a").report();
                stubs.load = () => new Promise(() => {});
            });
            await view.click("#a >> button");
            await view.waitForSelector("#a >> dialog >> text=Close");
            await leave();
            await view.waitForFunction(() => document.getElementById("a").state === "idle" && !document.getElementById("a").shadowRoot.querySelector("dialog").open);
            assert.equal(await where(view), "a button");
        }
        assert.deepEqual((await heard(view, "matter-close")).map(([, , { outcome }]) => outcome), ["cancelled", "cancelled"]);
        assert.equal(await view.evaluate(() => stubs.instances.length), 0);
        fine();
    });

    test("is named for those who hear it, and out of the page's reach when the element goes", async () => {
        const view = await dialog();
        assert.ok(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").getAttribute("aria-label")));
        await view.evaluate(() => document.getElementById("a").remove());
        await view.waitForFunction(() => stubs.instances[0].closed && stubs.rooms[0].closed);
        await view.evaluate(() => document.getElementById("after").focus());
        assert.equal(await where(view), "after");
        fine();
    });
});

describe("what the shell draws", () => {
    const axe = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");
    const both = "<main><h1>Page</h1><matter-commission id=a agent='wss://x/agent'></matter-commission><matter-commission-button id=b agent='wss://x/agent'></matter-commission-button></main>";
    const load = view => view.evaluate(async () => {
        await document.getElementById("a").report();
        stubs.load = progress => new Promise((resolve, reject) => Object.assign(stubs, { progress, reject }));
    });
    const states = {
        idle: { go: async () => {} },
        unsupported: { init: 'Object.defineProperty(Navigator.prototype, "bluetooth", { value: undefined });', go: async () => {} },
        loading: { go: async view => {
            await load(view);
            await view.evaluate(() => ["a", "b"].forEach(id => void document.getElementById(id).start()));
            await view.waitForFunction(() => stubs.progress !== undefined);
            await view.evaluate(() => stubs.progress(1_200_000, 5_900_000));
        } },
        failed: { go: async view => {
            await load(view);
            await view.evaluate(() => ["a", "b"].forEach(id => void document.getElementById(id).start()));
            await view.waitForFunction(() => stubs.reject !== undefined);
            await view.evaluate(() => stubs.reject(new Error("no network")));
            await view.waitForFunction(() => ["a", "b"].every(id => document.getElementById(id).shadowRoot.querySelector("[role=alert]")?.textContent));
        } },
    };
    for (const [state, { init, go }] of Object.entries(states)) {
        for (const theme of ["light", "dark"]) {
            test(`is accessible: ${state}, ${theme}`, async () => {
                const view = await show(both, { init, html: page(`<meta name=viewport content="width=device-width"><style>body{font-family:system-ui}html{color-scheme:${theme};background:${theme === "dark" ? "#121212" : "#fff"}}</style>${both}`) });
                await go(view);
                await view.evaluate(axe);
                const { violations, checked } = await view.evaluate(async () => {
                    const { violations, passes } = await axe.run(document);
                    return { violations: violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.flat()} ${failureSummary}`).join("; ")}`), checked: passes.map(({ id }) => id) };
                });
                for (const [size, viewport] of Object.entries({ phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 860 } })) {
                    await view.setViewportSize(viewport);
                    assert.ok(await view.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `wider than ${size}`);
                    await view.screenshot({ path: join(pictures, `shell-${state}-${theme}-${size}.png`) });
                }
                assert.deepEqual(violations, []);
                assert.ok(checked.includes("color-contrast") && checked.includes("button-name"), checked.join());
            });
        }
    }

    test("leaves nothing behind: elements that came and went cost no nodes and no listeners", async () => {
        const view = await show("");
        await view.evaluate(() => import("/ms/element/index.js"));
        const session = await browser.context.newCDPSession(view);
        const round = count => view.evaluate(async count => {
            for (let i = 0; i < count; i++) {
                const element = document.createElement(i % 2 ? "matter-commission" : "matter-commission-button");
                element.agent = "";
                document.body.append(element);
                await element.start();
                stubs.instances.at(-1).screen("checking");
                element.remove();
                await new Promise(resolve => setTimeout(resolve, 5));
            }
            const left = [stubs.instances, stubs.rooms].map(all => all.filter(({ closed }) => !closed).length);
            stubs.instances.length = stubs.rooms.length = globalThis.heard.length = 0;
            return left;
        }, count);
        const measure = async () => {
            await session.send("HeapProfiler.enable");
            for (let i = 0; i < 2; i++) await session.send("HeapProfiler.collectGarbage");
            const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
            return { nodes, jsEventListeners };
        };
        await round(10);
        const before = await measure();
        assert.deepEqual(await round(60), [0, 0]);
        const after = await measure();
        assert.ok(after.nodes - before.nodes < 20 && after.jsEventListeners - before.jsEventListeners < 10, JSON.stringify({ before, after }));
        fine();
    });
});

describe("events for the page", () => {
    test("steps, failures, windows and the new device are told whole, with 64-bit numbers as bigint", async () => {
        const view = await running();
        await view.evaluate(() => {
            tell({ type: "stepReported", step: { id: "pase", stage: 2, status: "done", startedAt: 1, elapsed: 812, expected: 2000 } });
            tell({ type: "failed", id: "wrong-code", step: "pase", retry: "code", status: "Failure (1)", technical: "x", wait: 1500, params: { n: "2" } });
            tell({ type: "failed", id: "connection-lost", step: "noc", retry: "restart", status: "", technical: "x", wait: 0, params: { step: "noc" } });
            tell({ type: "windowOpened", node: "00000000000000AB", qr: "MT:SECRET", manual: "3497-011-2332", lasts: 300_000 });
            tell({ type: "windowEnded", node: "00000000000000AB", reason: "joined", vendor: "Other" });
            tell({ type: "windowFailed", node: "00000000000000AB", status: "Busy (2)" });
            tell({ type: "searchEnded", id: "not-found", technical: "" });
            tell({ type: "died", technical: "panic" });
            instance.host.problem("picker-dismissed", "NotFoundError");
            for (const state of ["checking", "unreachable", "unreachable", "ready"]) room.options.onAgent(state);
            room.options.onCommissioned({ nodeId: 0xffff_ffff_ffff_fff0n, fabricId: 1n, compressedFabricId: "0123456789ABCDEF", fabricIndex: 1, vendorId: 0xfff1, productId: 0x8000, address: { host: "::1", port: 5540 } });
        });
        const events = await heard(view);
        const find = (name, index = 0) => events.filter(([type]) => type === name)[index]?.[2];
        assert.deepEqual(find("matter-step"), { step: "pase", stage: 2, status: "done", elapsedMs: 812, expectedMs: 2000 });
        const { message, ...wrong } = find("matter-error");
        assert.deepEqual(wrong, { code: "wrong-code", step: "pase", retry: "code", status: { name: "Failure", value: 1 }, waitMs: 1500 });
        assert.match(message, /does not fit this device/);
        assert.doesNotMatch(find("matter-error", 1).message, /[{}]|"noc"/, "a step is named in words");
        assert.deepEqual(events.filter(([name]) => name === "matter-error").map(([, , { code, retry }]) => [code, retry]), [["wrong-code", "code"], ["connection-lost", "restart"], ["share-failed", "same"], ["not-found", "same"], ["core-dead", "restart"], ["picker-dismissed", "same"], ["agent-unreachable", "same"]]);
        const [opened, ended] = [find("matter-share"), find("matter-share", 1)];
        assert.deepEqual([opened.nodeId, opened.status, ended.status, ended.expiresAt], ["171n", "open", "joined", opened.expiresAt]);
        assert.equal(find("matter-commissioned").nodeId, "18446744073709551600n");
        assert.doesNotMatch(JSON.stringify(events), /MT:|3497/);
        fine();
    });

    test("bubble out of other shadow roots, and are typed by their names only", async () => {
        const view = await show("<div id=host></div>");
        await view.evaluate(async () => {
            const shadow = document.getElementById("host").attachShadow({ mode: "open" });
            shadow.innerHTML = "<div lang=de><matter-commission></matter-commission></div>";
            await shadow.querySelector("matter-commission").start();
        });
        assert.deepEqual((await heard(view, "matter-state")).map(([, id, detail]) => [id, detail.state]), [["host", "loading"], ["host", "code"]]);
        assert.equal(await view.evaluate(() => stubs.instances[0].config.language), "de");
    });

    test("what fails before the texts are there is told in words all the same", async () => {
        const view = await show("<matter-commission id=a agent='wss://x/agent'></matter-commission>");
        await view.evaluate(async () => {
            await document.getElementById("a").report();
            stubs.load = () => new Promise(resolve => (stubs.resolve = resolve));
            void document.getElementById("a").start();
        });
        await view.waitForFunction(() => stubs.resolve !== undefined);
        await view.evaluate(() => stubs.rooms.at(-1).options.onAgent("unreachable"));
        await view.waitForFunction(() => heard.some(([name]) => name === "matter-error"));
        const [[, , detail]] = await heard(view, "matter-error");
        assert.equal(detail.code, "agent-unreachable");
        assert.match(detail.message, /agent.*wss:\/\/x\/agent/);
    });

    for (const [what, answer, decided] of [
        ["accept", "'accept'", true],
        ["a promise of refuse", "Promise.resolve('refuse')", false],
        ["anything else, a refusal", "Promise.resolve('yes')", false],
        ["a rejection, a refusal", "Promise.reject(new Error('no'))", false],
    ]) {
        test(`matter-attestation is answered by ${what}, and the wizard does not ask`, async () => {
            const view = await running();
            const result = await view.evaluate(async ({ attestation, answer }) => {
                element.addEventListener("matter-attestation", event => event.detail.respondWith(eval(answer)), { once: true });
                const before = instance.events.length;
                tell(attestation);
                await new Promise(resolve => setTimeout(resolve, 10));
                return { effects: room.effects.filter(({ type }) => type !== "checkAgent"), told: instance.events.length - before };
            }, { attestation: attestation("unlisted"), answer });
            assert.deepEqual(result, { effects: [{ type: "decide", request: 5, accept: decided }], told: 0 });
            const [[, , detail]] = await heard(view, "matter-attestation");
            assert.deepEqual(detail, { verdict: "unlisted", findings: ["root-not-listed"], vendorId: 0xfff1, productId: 0x8000 });
            fine();
        });
    }

    test("without an answer the wizard asks; an invalid proof nobody can accept; too late is too late", async () => {
        const view = await running();
        const result = await view.evaluate(async ([unlisted, invalid]) => {
            tell(unlisted);
            const asked = instance.events.at(-1).type;
            let late, again;
            element.addEventListener("matter-attestation", event => {
                event.detail.respondWith("accept");
                try {
                    event.detail.respondWith("accept");
                } catch (error) {
                    again = error.name;
                }
                late = event.detail;
            }, { once: true });
            tell(invalid);
            await new Promise(resolve => setTimeout(resolve, 10));
            let name;
            try {
                late.respondWith("accept");
            } catch (error) {
                name = error.name;
            }
            return { asked, name, again, effects: room.effects.filter(({ type }) => type === "decide"), last: instance.events.at(-1).attestation.verdict };
        }, [attestation("unlisted"), attestation("invalid")]);
        assert.deepEqual(result, { asked: "attestationAsked", name: "InvalidStateError", again: "InvalidStateError", effects: [], last: "invalid" });
    });

    for (const [what, kind, answer, join] of [
        ["Wi-Fi in text", "wifi", "{ kind: 'wifi', ssid: 'Hö', password: 'secret' }", { kind: "wifi", ssid: [72, 195, 182], password: "secret", dataset: "" }],
        ["Wi-Fi in octets", "wifi", "Promise.resolve({ kind: 'wifi', ssid: new Uint8Array([1, 2]), password: '' })", { kind: "wifi", ssid: [1, 2], password: "", dataset: "" }],
        ["a Thread dataset in octets", "thread", "{ kind: 'thread', dataset: new Uint8Array([14, 8]) }", { kind: "thread", ssid: [], password: "", dataset: "0e08" }],
        ["a Thread dataset in hex", "thread", "{ kind: 'thread', dataset: '0E08' }", { kind: "thread", ssid: [], password: "", dataset: "0E08" }],
    ]) {
        test(`matter-network is answered by ${what}`, async () => {
            const view = await running();
            const result = await view.evaluate(async ({ question, answer }) => {
                question.question.scanned[0].id = new Uint8Array(question.question.scanned[0].id);
                element.addEventListener("matter-network", event => event.detail.respondWith(eval(`(${answer})`)), { once: true });
                const before = instance.events.length;
                tell(question);
                await new Promise(resolve => setTimeout(resolve, 10));
                return { effects: room.effects.filter(({ type }) => type === "join").map(effect => ({ ...effect, ssid: [...effect.ssid] })), told: instance.events.length - before };
            }, { question: question(kind), answer });
            assert.deepEqual(result, { effects: [{ type: "join", request: 7, stored: "", ...join }], told: 0 });
            const [[, , detail]] = await heard(view, "matter-network");
            assert.deepEqual(detail, { kind, scanned: [{ name: "Home", id: [72, 111], channel: 6, rssi: -40, ...(kind === "wifi" ? { security: 8 } : {}) }] });
            assert.doesNotMatch(JSON.stringify(await heard(view)), /secret|0e08/i);
            fine();
        });
    }

    for (const [what, answer] of [["a rejection", "Promise.reject(new Error('none'))"], ["the wrong kind", "({ kind: 'thread', dataset: '00' })"], ["nothing of use", "undefined"]]) {
        test(`after ${what} for matter-network the person is asked`, async () => {
            const view = await running();
            const last = await view.evaluate(async ({ question, answer }) => {
                element.addEventListener("matter-network", event => event.detail.respondWith(eval(answer)), { once: true });
                tell(question);
                await new Promise(resolve => setTimeout(resolve, 10));
                return [instance.events.at(-1).type, instance.events.at(-1).problem, room.effects.filter(({ type }) => type === "join").length];
            }, { question: question("wifi", "wifi-auth"), answer });
            assert.deepEqual(last, ["networkAsked", "wifi-auth", 0]);
            assert.equal((await heard(view, "matter-network"))[0][2].problem, "wifi-auth");
        });
    }

    test("an answer that comes after the end does nothing", async () => {
        const view = await running();
        const effects = await view.evaluate(async attestation => {
            let answer;
            element.addEventListener("matter-attestation", event => event.detail.respondWith(new Promise(resolve => (answer = resolve))), { once: true });
            tell(attestation);
            await element.cancel();
            await element.start();
            answer("accept");
            await new Promise(resolve => setTimeout(resolve, 10));
            return stubs.rooms.map(({ effects }) => effects.map(({ type }) => type).filter(type => type === "decide"));
        }, attestation("test"));
        assert.deepEqual(effects, [[], []]);
    });
});

describe("what only a window can do", () => {
    test("copies, also where the clipboard is not allowed, and says if it cannot", async () => {
        const view = await running();
        const copy = text => view.evaluate(async text => {
            instance.host.effect({ type: "copy", text });
            await new Promise(resolve => setTimeout(resolve, 50));
            return instance.events.at(-1);
        }, text);
        await view.focus("#a >> button");
        assert.deepEqual(await copy("3497-011-2332"), { type: "copied", ok: true });
        assert.equal(await view.evaluate(() => navigator.clipboard.readText()), "3497-011-2332");
        await view.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: { writeText: async () => { throw new Error("not allowed"); } }, configurable: true }));
        assert.deepEqual(await copy("another"), { type: "copied", ok: true });
        await view.evaluate(() => delete navigator.clipboard);
        assert.equal(await view.evaluate(() => navigator.clipboard.readText()), "another");
        assert.equal(await view.evaluate(() => element.shadowRoot.activeElement.localName), "button", "the focus is where it was");
        await view.evaluate(() => {
            Object.defineProperty(navigator, "clipboard", { value: undefined });
            document.execCommand = () => false;
        });
        assert.deepEqual(await copy("a third"), { type: "copied", ok: false });
        fine();
    });

    test("saves the report as JSON that begins with lines for people, and gives it to the page", async () => {
        const view = await running();
        const [download] = await Promise.all([view.waitForEvent("download"), view.evaluate(() => instance.host.effect({ type: "saveReport", withNames: true }))]);
        assert.match(download.suggestedFilename(), /^matter-session-report-[\dT-]+\.json$/);
        const report = JSON.parse(readFileSync(await download.path(), "utf8"));
        assert.equal(Object.keys(report)[0], "summary");
        assert.ok(report.summary.includes("1:01.3  step, step pase, stage 2, status done, elapsedMs 812, expectedMs 2000"), report.summary.join("\n"));
        assert.deepEqual([report.format, report.withNames, report.entries.length], ["matter-session report", true, 1]);
        assert.equal(await view.evaluate(() => instance.events.at(-1).type), "reportSaved");
        const given = await view.evaluate(async () => {
            const blob = await element.report();
            return { type: blob.type, ...JSON.parse(await blob.text()) };
        });
        assert.deepEqual([given.type, given.withNames], ["application/json", false]);
        await view.evaluate(() => element.cancel());
        await view.waitForFunction(() => room.closed);
        assert.equal(await view.evaluate(async () => JSON.parse(await (await element.report()).text()).withNames), false, "also after the end");
        assert.equal(await view.evaluate(() => stubs.rooms.length), 1);
        fine();
    });

    test("saves a back-up, and brings one in", async () => {
        const view = await running();
        const [download] = await Promise.all([view.waitForEvent("download"), view.evaluate(() => room.options.onFile("home.backup", new Uint8Array([1, 2, 3])))]);
        assert.equal(download.suggestedFilename(), "home.backup");
        assert.deepEqual([...readFileSync(await download.path())], [1, 2, 3]);
        const effect = await view.evaluate(async () => {
            instance.host.file("backup", new Blob([new Uint8Array([4, 5])]));
            instance.host.effect({ type: "importHome", passphrase: "p" });
            await new Promise(resolve => setTimeout(resolve, 20));
            return { ...room.effects.at(-1), file: [...room.effects.at(-1).file] };
        });
        assert.deepEqual(effect, { type: "importHome", passphrase: "p", file: [4, 5] });
        fine();
    });

    test("opens a window for another app without a wizard, and keeps the room until it ends", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        const shared = await view.evaluate(async () => {
            const { expiresAt, ...shared } = await document.getElementById("a").share(0xabn);
            return { ...shared, node: String(shared.node), lasts: Math.round((expiresAt - Date.now()) / 1000), state: document.getElementById("a").state };
        });
        assert.deepEqual(shared, { qr: "MT:Y.K9042C00KA0648G00", manual: "3497-011-2332", node: "171", lasts: 300, state: "idle" });
        await started(view);
        await view.evaluate(() => document.getElementById("a").cancel());
        await view.waitForTimeout(20);
        assert.deepEqual(await view.evaluate(() => [stubs.rooms.length, stubs.rooms[0].closed]), [1, false]);
        await view.evaluate(() => stubs.rooms[0].options.onEvent({ type: "windowEnded", node: "00000000000000AB", reason: "expired", vendor: "" }));
        await view.waitForFunction(() => stubs.rooms[0].closed);
        assert.deepEqual((await heard(view, "matter-share")).map(([, , { nodeId, status }]) => [nodeId, status]), [["171n", "open"], ["171n", "closed"]]);
        fine();
    });
});

describe("the tables", () => {
    test("name the attributes and properties that the elements have", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        const found = await view.evaluate(() => {
            const own = customElements.get("matter-commission");
            const described = Object.entries(Object.getOwnPropertyDescriptors(own.prototype)).filter(([name]) => !/^(constructor|\w+Callback)$/.test(name));
            return {
                observed: own.observedAttributes, statics: Object.getOwnPropertyNames(own).filter(name => !["length", "name", "prototype", "observedAttributes"].includes(name)),
                methods: described.filter(([, { value }]) => typeof value === "function").map(([name]) => name),
                readonly: described.filter(([, { get, set }]) => get && !set).map(([name]) => name),
                properties: described.filter(([, { get, set, value }]) => (get && set) || (typeof value !== "function" && !get)).map(([name]) => name),
                button: customElements.get("matter-commission-button").observedAttributes,
            };
        });
        const property = row => row.property ?? row.name;
        const wanted = manifest.attributes.map(({ name }) => name).sort();
        assert.deepEqual([...found.observed].sort(), wanted);
        assert.deepEqual([...found.button].sort(), wanted);
        assert.deepEqual(found.methods.sort(), manifest.methods.map(({ name }) => name).sort());
        assert.deepEqual(found.statics, manifest.statics.map(({ name }) => name));
        assert.deepEqual(found.readonly.sort(), manifest.reflected.map(({ name }) => name).sort());
        // `lang` is every element's.
        assert.deepEqual(found.properties.sort(), [...manifest.attributes.filter(({ name }) => name !== "lang").map(property), ...manifest.properties.map(property)].sort());
    });

    test("say which properties are attributes too, and how", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        for (const row of manifest.attributes) {
            const { off, attribute, on } = await view.evaluate(({ name, property, flag }) => {
                const element = document.getElementById("a");
                const off = element[property];
                element[property] = flag ? true : "value";
                const attribute = element.getAttribute(name);
                element.removeAttribute(name);
                element.setAttribute(name, flag ? "" : "other");
                const on = element[property];
                element.removeAttribute(name);
                return { off, attribute, on };
            }, { name: row.name, property: row.property ?? row.name, flag: row.type === "boolean" });
            assert.deepEqual({ off, attribute, on }, row.type === "boolean" ? { off: false, attribute: "", on: true } : { off: row.name === "lang" ? "" : null, attribute: "value", on: "other" }, row.name);
        }
        const html = await view.evaluate(() => {
            const element = document.getElementById("a");
            for (const name of ["code", "agentToken", "storage", "authority", "networks", "transport", "trust", "messages"]) element[name] = { toString: () => "secret" };
            return element.outerHTML;
        });
        assert.doesNotMatch(html, /secret|object/);
    });

    test("name the events that are dispatched, all of them and no other", async () => {
        const view = await show("<matter-commission id=a></matter-commission>", { init: `
            globalThis.dispatched = new Set();
            const { dispatchEvent } = EventTarget.prototype;
            EventTarget.prototype.dispatchEvent = function (event) {
                if (this.localName?.startsWith("matter-")) dispatched.add([event.type, event.bubbles, event.composed, event.cancelable].join());
                return dispatchEvent.call(this, event);
            };` });
        await started(view);
        await view.evaluate(([attestation, question]) => {
            const { options } = stubs.rooms[0];
            options.onEvent({ type: "stepReported", step: { id: "pase", stage: 2, status: "done", startedAt: 1, elapsed: 1, expected: 1 } });
            options.onEvent(attestation);
            options.onEvent(question);
            options.onEvent({ type: "failed", id: "wrong-code", step: "", retry: "code", status: "", technical: "", wait: 0, params: {} });
            options.onCommissioned({ nodeId: 1n });
            options.onEvent({ type: "windowOpened", node: "01", qr: "", manual: "", lasts: 1 });
            stubs.instances[0].host.effect({ type: "closed", outcome: "failed" });
        }, [attestation("test"), question("wifi")]);
        const wanted = manifest.events.map(({ name, text }) => [name, true, true, /^Cancelable/.test(text)].join()).sort();
        assert.deepEqual(await view.evaluate(() => [...dispatched].sort()), wanted);
    });

    test("are what docs/element.md and custom-elements.json show", () => {
        const text = readFileSync(join(root, "docs/element.md"), "utf8");
        for (const [name, table] of Object.entries(manifest.tables())) {
            assert.ok(text.includes(`<!-- ${name} -->\n${table}\n<!-- end -->`), `the table of ${name} is old: node jsbridge/element-docs.mjs`);
        }
        const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
        assert.deepEqual(JSON.parse(readFileSync(join(directory, "dist/custom-elements.json"), "utf8")), JSON.parse(JSON.stringify(manifest.customElementsManifest(version))));
    });

    test("name the slots, parts and custom properties that the screens and their style have", () => {
        const go = readFileSync(join(root, "jsbridge/src/element/index.ts"), "utf8") + readFileSync(join(root, "jsbridge/src/element/reasons.ts"), "utf8") + filesOf("web/view", /\.go$/);
        const css = readFileSync(join(root, "web/view/style.css"), "utf8") + readFileSync(join(root, "jsbridge/src/element/index.ts"), "utf8");
        const all = (text, expression) => new Set([...text.matchAll(expression)].map(([, name]) => name));
        assert.deepEqual([...all(css, /var\((--matter-[\w-]+)/g)].sort(), manifest.customProperties.map(({ name }) => name).sort());
        const parts = all(go, /(?:\.part\(|part: ?|"part", )"([\w-]+)"/g);
        assert.deepEqual([...parts].sort(), manifest.parts.map(({ name }) => name).sort());
        const slots = all(go, /(?:slot: |"slot", (?:\{ name: |""\)\.attr\("name", ))"([\w-]+)"/g);
        assert.deepEqual([...slots].sort(), manifest.slots.map(({ name }) => name).sort());
    });
});

test("properties that were set before the script came are taken", async () => {
    const view = await show("", { html: page("<matter-commission id=a></matter-commission>").replace("<script", "<script>addEventListener('DOMContentLoaded', () => {}, { once: true });</script><script") , init: `
        new MutationObserver((_, observer) => {
            const element = document.getElementById("a");
            if (element === null) return;
            observer.disconnect();
            Object.assign(element, { fabricLabel: "Early", allowTestDevices: true, code: "123", agent: "" });
        }).observe(document, { childList: true, subtree: true });` });
    await started(view);
    assert.deepEqual(await view.evaluate(() => {
        const element = document.getElementById("a");
        return [element.getAttribute("fabric-label"), element.hasAttribute("allow-test-devices"), Object.hasOwn(element, "fabricLabel"), stubs.instances[0].events.at(-1).code];
    }), ["Early", true, false, "123"]);
});
