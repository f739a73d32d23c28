// What the elements' shell draws and loads in Chromium, and that the tables say what the elements are. Its wizard is in
// element-life.test.mjs and element-events.test.mjs, the scanner in element-scan.test.mjs, all of it in other people's pages in
// element-pages.test.mjs.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { made } from "../../element-docs.mjs";
import { attestation, fine, heard, manifest, page, question, root, setUp, show, stage, started } from "./element-stage.mjs";

setUp();

const pictures = process.env.SCREENS ?? join(root, "dist/screens");
const filesOf = (folder, names) => readdirSync(join(root, folder)).filter(name => names.test(name) && !/_test\.go$/.test(name)).map(name => readFileSync(join(root, folder, name), "utf8")).join("\n");

describe("what a page loads", () => {
    test("is one script of at most 4,000 octets, compressed, until somebody wants to add a device", async () => {
        const view = await show("<matter-commission id=a></matter-commission><matter-commission-button id=b></matter-commission-button>");
        await view.waitForTimeout(200);
        assert.deepEqual(stage.site.asked, ["/", "/ms/element/index.js"]);
        const size = gzipSync(readFileSync(join(stage.directory, "dist/element/index.js")), { level: 9 }).length;
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
            assert.equal(program.url, `${stage.site.url}/ms/assets/matter-page.wasm`);
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
        assert.deepEqual(options, ["worker.js", "matter-session.wasm", "paa.tlv", "paa-test.tlv"].map(name => `${stage.site.url}/elsewhere/here/${name}`));
        assert.equal(await view.evaluate(() => stubs.programs[0].url), `${stage.site.url}/elsewhere/here/matter-page.wasm`);
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
        await stage.opened.page.close();
        view = await show("<matter-commission id=a></matter-commission>", { init: "navigator.bluetooth.getAvailability = async () => false;" });
        assert.deepEqual(await support(), { bluetooth: "off", camera: true });
        await view.evaluate(() => (navigator.bluetooth.getAvailability = async () => true));
        assert.deepEqual(await support(), { bluetooth: "ready", camera: true });
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
        const session = await stage.browser.context.newCDPSession(view);
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
        assert.deepEqual(JSON.parse(readFileSync(join(stage.directory, "dist/custom-elements.json"), "utf8")), JSON.parse(JSON.stringify(manifest.customElementsManifest(version))));
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
