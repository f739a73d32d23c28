// The elements as they are shipped, in other people's pages: plain HTML, React, Vue, a page built by Vite, hostile styles, a
// strict policy, frames, the keyboard alone. Nothing but the page's own origin can be reached.

import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import { build as buildByVite } from "vite";
import { openFirefox } from "./firefox.mjs";
import { launch, open, serve } from "./site.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const dist = process.env.DIST ?? join(root, "dist");
const example = name => readFileSync(new URL(`examples/${name}`, import.meta.url), "utf8");
/** The policy that docs/element.md asks of a page, and nothing more. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' blob:; media-src 'self' blob:; worker-src 'self'; style-src 'self'; frame-src *; base-uri 'none'; form-action 'none'";
const code = "34970112332";

let browser, sites = [], opened;
before(async () => {
    for (const file of ["element/index.js", "assets/matter-page.wasm", "assets/worker.js"]) assert.ok(existsSync(join(dist, file)), `dist/${file} is not built: run make build`);
    browser = await launch({ args: ["--enable-features=WebBluetooth"] });
});
after(() => browser?.close());
afterEach(async () => {
    await opened?.page.close();
    for (const site of sites) site.close();
    opened = undefined;
    sites = [];
});

async function site(files, headers = { "content-security-policy": policy }) {
    const made = await serve({ "/favicon.ico": "", "/matter-session/": dist, ...files }, headers);
    sites.push(made);
    return made;
}
async function show(files, { headers, init, allow } = {}) {
    const made = await site(files, headers);
    opened = await open(browser.context, "about:blank", { allow: [made.url, ...(allow ?? [])] });
    if (init !== undefined) await opened.page.addInitScript(init);
    await opened.page.goto(`${made.url}/`);
    return { view: opened.page, asked: made.asked, url: made.url };
}
const html = (body, head = "") => `<!doctype html><html lang=en><meta charset=utf-8><title>test</title>${head}<script type=module src="/matter-session/element/index.js"></script>${body}`;
const until = (view, id, state) => view.waitForFunction(([id, state]) => document.querySelector(id)?.state === state, [id, state]);
const fine = () => assert.deepEqual({ problems: opened.problems, foreign: opened.foreign }, { problems: [], foreign: [] });
/** What has the focus, through every shadow root. */
const focused = view => view.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return `${element.localName} ${element.textContent.trim().slice(0, 40)}`.trim();
});

describe("plain HTML", () => {
    const plain = () => ({ "/": example("plain.html").replace("wss://home.example/agent", ""), "/plain.js": example("plain.js") });

    test("the example, by keyboard alone, under the strict policy", async () => {
        const { view, asked } = await show(plain());
        await view.waitForSelector("matter-commission-button[state=idle]");
        assert.deepEqual(asked.filter(path => path.startsWith("/matter-session/")), ["/matter-session/element/index.js"]);
        await view.keyboard.press("Tab");
        assert.equal(await focused(view), "button Add device");
        await view.keyboard.press("Enter");
        await until(view, "matter-commission-button", "code");
        assert.match(await focused(view), /^h2/, "the heading is read first");
        for (let i = 0; i < 8 && !(await focused(view)).startsWith("input"); i++) await view.keyboard.press("Tab");
        assert.match(await focused(view), /^input/);
        await view.keyboard.type(code, { delay: 10 });
        await view.keyboard.press("Enter");
        await until(view, "matter-commission-button", "transport");
        assert.doesNotMatch(await view.evaluate(() => document.documentElement.outerHTML + document.querySelector("matter-commission-button").shadowRoot.innerHTML), /34970112332|3497-011-2332/, "the code has left the document");
        await view.keyboard.press("Escape");
        await until(view, "matter-commission-button", "idle");
        assert.equal(await focused(view), "button Add device");
        await view.evaluate(() => document.querySelector("matter-commission-button").dispatchEvent(new CustomEvent("matter-commissioned", { detail: { nodeId: 0xabn, name: "Lamp" } })));
        assert.equal(await view.textContent("#devices"), "Lamp is node ab");
        assert.ok(!asked.some(path => path.includes("zxing")), "the decoder comes with the first scan");
        fine();
    });

    test("two elements at once: one program, two wizards that know nothing of each other", async () => {
        const { view, asked } = await show({ "/": html("<matter-commission id=a agent=''></matter-commission><matter-commission id=b agent='' lang=de></matter-commission>") });
        for (const id of ["a", "b"]) {
            await view.click(`#${id} >> button`);
            await until(view, `#${id}`, "code");
        }
        await view.locator("#a >> input").first().fill(code);
        await view.keyboard.press("Enter");
        await until(view, "#a", "transport");
        assert.equal(await view.evaluate(() => document.querySelector("#b").state), "code");
        assert.deepEqual(await view.evaluate(() => ["a", "b"].map(id => document.getElementById(id).shadowRoot.querySelector("h2").textContent.split(" ")[0])), ["Step", "Schritt"]);
        assert.equal(asked.filter(path => path.endsWith("matter-page.wasm")).length, 1);
        fine();
    });

    test("removed in mid-flight: the worker ends, and the other element goes on", async () => {
        const { view } = await show({ "/": html("<matter-commission id=a agent=''></matter-commission><matter-commission id=b agent=''></matter-commission>") });
        for (const id of ["a", "b"]) {
            await view.click(`#${id} >> button`);
            await until(view, `#${id}`, "code");
        }
        for (let i = 0; i < 60 && view.workers().length < 2; i++) await view.waitForTimeout(100);
        assert.equal(view.workers().length, 2);
        await view.evaluate(() => document.querySelector("#a").remove());
        for (let i = 0; i < 60 && view.workers().length > 1; i++) await view.waitForTimeout(100);
        assert.equal(view.workers().length, 1);
        await view.locator("#b >> input").first().fill(code);
        await view.keyboard.press("Enter");
        await until(view, "#b", "transport");
        fine();
    });

    test("the report says what ran, and has nothing of the code", async () => {
        const { view } = await show({ "/": html("<matter-commission id=a agent='' fabric-label='Canary home'></matter-commission>") });
        await view.evaluate(code => {
            const element = document.querySelector("#a");
            element.code = code;
            element.agentToken = "canary-token";
            void element.start();
        }, code);
        await until(view, "#a", "code");
        const texts = await view.evaluate(async () => {
            const element = document.querySelector("#a");
            const during = await (await element.report()).text();
            await element.cancel();
            return { during, after: await (await element.report()).text() };
        });
        for (const text of [texts.during, texts.after]) {
            const report = JSON.parse(text);
            assert.equal(report.format, "matter-session report");
            assert.ok(report.summary.length >= 3 && report.summary.every(line => typeof line === "string"));
            // As digits, in hex, in base64, as a number, and the passcode in it (20202021).
            for (const canary of [code, "canary-token", Buffer.from(code).toString("hex"), Buffer.from(code).toString("base64"), "20202021", Number(code).toString(16)]) assert.ok(!text.includes(canary), canary);
        }
        assert.doesNotMatch(await view.evaluate(() => document.querySelector("#a").outerHTML), /canary-token|34970112332/);
        fine();
    });

    test("is told apart when a file is not the one it was built with", async () => {
        const { view } = await show({ "/": html("<matter-commission id=a agent=''></matter-commission>"), "/matter-session/assets/matter-page.wasm": Buffer.alloc(readFileSync(join(dist, "assets/matter-page.wasm")).length) });
        await view.click("#a >> button");
        await view.waitForSelector("#a >> [role=alert] >> text=/not the one this page was built with/");
        assert.equal(await view.locator("#a >> [part=primary]").isVisible(), true);
        assert.deepEqual(await view.evaluate(() => document.querySelector("#a").shadowRoot.querySelectorAll("h2").length), 0);
    });
});

describe("a page with styles of its own", () => {
    const hostile = `
        html { font-size: 64px; color-scheme: normal; }
        * { all: unset; }
        body, div, p, matter-commission, matter-commission-button { color: #eee; background: #111; text-transform: uppercase; letter-spacing: 1em; line-height: 4; font-family: fantasy; text-align: right; }
        button, input, dialog, section, h2, ol, progress, slot, svg { display: none !important; color: red !important; width: 1px !important; }
        h2::before, button::after { content: "hostile"; }
        .frame, .button, .primary { position: fixed; left: -9999px; }
    `;
    const page = elements => ({ "/": html(elements, "<link rel=stylesheet href=/hostile.css>"), "/hostile.css": hostile });

    for (const [name, start] of [["matter-commission", "inline"], ["matter-commission-button", "in the dialog"]]) {
        test(`does not get in, ${start}`, async () => {
            const { view } = await show(page(`<${name} id=a agent=''></${name}>`));
            await view.waitForSelector("#a[state=idle]");
            const look = () => view.evaluate(() => {
                const { shadowRoot } = document.getElementById("a");
                const visible = [...shadowRoot.querySelectorAll("button, input, h2")].filter(element => element.getClientRects().length > 0);
                const styles = visible.map(element => getComputedStyle(element));
                return {
                    seen: visible.map(({ localName }) => localName),
                    red: styles.filter(({ color }) => color === "rgb(255, 0, 0)").length,
                    upper: styles.filter(({ textTransform }) => textTransform === "uppercase").length,
                    spaced: styles.filter(({ letterSpacing }) => parseFloat(letterSpacing) > 4).length,
                    fonts: Math.max(...styles.map(({ fontSize }) => parseFloat(fontSize))),
                    small: visible.filter(element => element.matches("button") && element.getBoundingClientRect().height < 44).length,
                    scheme: getComputedStyle(shadowRoot.querySelector("#outer")).colorScheme,
                };
            });
            const idle = await look();
            assert.deepEqual({ ...idle, fonts: 0 }, { seen: ["button"], red: 0, upper: 0, spaced: 0, fonts: 0, small: 0, scheme: "dark" });
            await view.click("#a >> button");
            await until(view, "#a", "code");
            const wizard = await look();
            assert.ok(wizard.seen.includes("h2") && wizard.seen.includes("input"), wizard.seen.join());
            assert.deepEqual({ ...wizard, seen: [], fonts: 0 }, { seen: [], red: 0, upper: 0, spaced: 0, fonts: 0, small: 0, scheme: "dark" });
            assert.ok(wizard.fonts < 48, `letters of ${wizard.fonts} px`);
            fine();
        });
    }

    test("can give light or dark, in three ways", async () => {
        const scheme = (view, id) => view.evaluate(id => getComputedStyle(document.getElementById(id).shadowRoot.querySelector("#outer")).colorScheme, id);
        const { view } = await show({
            "/": html("<matter-commission id=plain></matter-commission><div class=dark><matter-commission id=declared></matter-commission></div><div class=pale><matter-commission id=pale></matter-commission><matter-commission id=forced theme=light></matter-commission></div>", "<link rel=stylesheet href=/own.css>"),
            "/own.css": ".dark { color-scheme: dark; } .pale { color: #ddd; background: #222; }",
        });
        await view.waitForSelector("#forced[state=idle]");
        const ids = ["plain", "declared", "pale", "forced"];
        assert.deepEqual(await Promise.all(ids.map(id => scheme(view, id))), ["light", "dark", "dark", "light"]);
        for (const id of ids) {
            await view.evaluate(id => document.getElementById(id).start(), id);
            await until(view, `#${id}`, "code");
        }
        assert.deepEqual(await Promise.all(ids.map(id => scheme(view, id))), ["light", "dark", "dark", "light"], "also with the wizard's own style");
        const bright = id => view.locator(`#${id} >> h2`).evaluate(heading => getComputedStyle(heading).color.match(/\d+/g).every(part => part > 128));
        assert.deepEqual(await Promise.all(ids.map(bright)), [false, true, true, false]);
        await view.evaluate(() => (document.getElementById("plain").theme = "dark"));
        assert.equal(await scheme(view, "plain"), "dark");
    });

    test("can set the colours, and style parts", async () => {
        const { view } = await show({ "/": html("<matter-commission id=a agent=''></matter-commission>", "<link rel=stylesheet href=/own.css>"), "/own.css": "matter-commission { --matter-accent: rgb(1, 2, 3); } matter-commission::part(heading) { color: rgb(4, 5, 6); }" });
        assert.equal(await view.locator("#a >> button").evaluate(button => getComputedStyle(button).backgroundColor), "rgb(1, 2, 3)");
        await view.click("#a >> button");
        await until(view, "#a", "code");
        assert.equal(await view.locator("#a >> h2").evaluate(heading => getComputedStyle(heading).color), "rgb(4, 5, 6)");
        assert.equal(await view.locator("#a >> [part=primary]").first().evaluate(button => getComputedStyle(button).backgroundColor), "rgb(1, 2, 3)");
    });
});

describe("a frame of another origin", () => {
    for (const [allow, state, cause] of [["", "unsupported", "frame"], ["bluetooth; camera", "idle", null]]) {
        test(allow === "" ? "without permission says so, and leads out" : "with permission works", async () => {
            const inner = await site({ "/": html("<matter-commission id=a agent=''></matter-commission>") });
            const { view } = await show({ "/": `<!doctype html><title>outer</title><iframe src="${inner.url}/" allow="${allow}"></iframe>` }, { headers: {}, allow: [inner.url] });
            const [, frame] = view.frames();
            await frame.waitForSelector(`#a[state=${state}]`);
            assert.equal(await frame.getAttribute("#a", "unsupported"), cause);
            if (cause === null) {
                await frame.click("#a >> button");
                await frame.waitForFunction(() => document.querySelector("#a").state === "code");
            } else {
                assert.match(await frame.locator("#a >> slot").textContent(), /does not allow Bluetooth.*allow="bluetooth; camera"/s);
                assert.equal(await frame.locator("#a >> a").getAttribute("href"), `${inner.url}/`);
            }
            fine();
        });
    }
});

describe("a page without https", () => {
    test("says so", async () => {
        const plain = await site({ "/": html("<matter-commission id=a></matter-commission>") });
        const other = await launch({ args: ["--enable-features=WebBluetooth", "--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
        try {
            const { page, problems } = await open(other.context, plain.url.replace("127.0.0.1", "insecure.test") + "/");
            await page.waitForSelector("#a[unsupported=insecure]");
            assert.match(await page.locator("#a >> slot").textContent(), /without https/);
            assert.deepEqual(problems, []);
        } finally {
            await other.close();
        }
    });
});

/** An example in a framework, with what mounts it, as one script that imports the element from where it is served. */
async function framework(entry, name) {
    const { outputFiles } = await bundle({
        stdin: { contents: entry, resolveDir: fileURLToPath(new URL("examples/", import.meta.url)), loader: "jsx" }, bundle: true, write: false, format: "esm", target: "es2022", jsx: "automatic",
        define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
        plugins: [{ name: "element", setup: build => build.onResolve({ filter: /^matter-session\/element$/ }, () => ({ path: "/matter-session/element/index.js", external: true })) }],
    });
    return { "/": `<!doctype html><html lang=en><meta charset=utf-8><title>${name}</title><div id=app></div><script type=module src=/app.js></script>`, "/app.js": outputFiles[0].text };
}
const frameworks = {
    "React 19": ["matter-commission-button", `
        import { createRoot } from "react-dom/client";
        import { AddDevice } from "./react.jsx";
        const root = createRoot(document.getElementById("app"));
        globalThis.networks = { list: async () => [], get: async () => { throw new Error("none"); } };
        root.render(<AddDevice agent="" networks={networks} />);
        globalThis.unmount = () => root.unmount();`],
    "Vue 3": ["matter-commission", `
        import { createApp } from "vue";
        import { AddDevice } from "./vue.js";
        globalThis.networks = { list: async () => [], get: async () => { throw new Error("none"); } };
        const app = createApp(AddDevice, { agent: "", networks });
        app.mount("#app");
        globalThis.unmount = () => app.unmount();`],
};
describe("a framework", () => {
    for (const [name, [tag, entry]] of Object.entries(frameworks)) {
        test(`${name}: attributes, properties, events, and the end in mid-flight`, async () => {
            const { view } = await show(await framework(entry, name));
            await view.waitForSelector(`${tag}[state=idle]`);
            assert.deepEqual(await view.evaluate(tag => {
                const element = document.querySelector(tag);
                return [element.networks === networks, element.hasAttribute("networks"), element.fabricLabel, element.agent];
            }, tag), [true, false, "My home", ""]);
            await view.click(tag === "matter-commission" ? `${tag} >> button` : "text=Add device");
            await until(view, tag, "code");
            const answer = await view.evaluate(tag => {
                const element = document.querySelector(tag);
                let answer;
                element.dispatchEvent(new CustomEvent("matter-attestation", { detail: { verdict: "certified", respondWith: given => (answer = given) } }));
                element.dispatchEvent(new CustomEvent("matter-commissioned", { detail: { nodeId: 1n, name: "Lamp" } }));
                return answer;
            }, tag);
            assert.equal(answer, name === "React 19" ? "accept" : undefined);
            await view.waitForSelector("li:text('Lamp')");
            assert.equal(await view.evaluate(tag => document.querySelector(tag).state, tag), "code", "drawing anew does not start anew");
            await view.evaluate(() => unmount());
            for (let i = 0; i < 60 && view.workers().length > 0; i++) await view.waitForTimeout(100);
            assert.equal(view.workers().length, 0);
            fine();
        });
    }

    test("a page built by Vite finds all files, and keeps to the policy", async () => {
        const directory = mkdtempSync(join(tmpdir(), "matter-session-vite-"));
        try {
            mkdirSync(join(directory, "node_modules/matter-session"), { recursive: true });
            copyFileSync(join(root, "package.json"), join(directory, "node_modules/matter-session/package.json"));
            for (const folder of ["element", "assets", "messages"]) cpSync(join(dist, folder), join(directory, "node_modules/matter-session/dist", folder), { recursive: true });
            writeFileSync(join(directory, "index.html"), '<!doctype html><html lang=de><meta charset=utf-8><title>Vite</title><matter-commission id=a agent="" allow-test-devices></matter-commission><script type=module src="/main.js"></script>');
            writeFileSync(join(directory, "main.js"), 'import "matter-session/element";');
            await buildByVite({ root: directory, logLevel: "error", configFile: false });
            const { view, asked } = await show({ "/": readFileSync(join(directory, "dist/index.html")), "/assets/": join(directory, "dist/assets") });
            await view.click("#a >> button");
            await until(view, "#a", "code");
            await view.locator("#a >> input").first().fill(code);
            await view.keyboard.press("Enter");
            await until(view, "#a", "transport");
            for (const file of [/^\/assets\/matter-page-[\w-]+\.wasm$/, /^\/assets\/worker-[\w-]+\.js$/, /^\/assets\/style-[\w-]+\.css$/]) assert.ok(asked.some(path => file.test(path)), `${file}: ${asked.join()}`);
            assert.ok(!asked.some(path => path.startsWith("/matter-session/")));
            // Small files are none the less files: in a script they would be addresses of the scheme data:, which the policy forbids.
            const built = readdirSync(join(directory, "dist/assets"));
            for (const file of [/^matter-session-.*\.wasm$/, /^zxing_reader-.*\.wasm$/, /^paa-[\w-]{8}\.tlv$/, /^paa-test-[\w-]{8}\.tlv$/]) assert.ok(built.some(name => file.test(name)), `${file}: ${built.join()}`);
            fine();
        } finally {
            rmSync(directory, { recursive: true, force: true });
        }
    });
});

test("in Firefox, which has no Bluetooth: it says so, offers the agent, and the wizard runs under the same policy", async () => {
    const made = await site({ "/": html("<matter-commission id=a agent=/agent></matter-commission>") });
    const firefox = await openFirefox(`${made.url}/`);
    const state = wanted => firefox.evaluate(`new Promise((resolve, reject) => {
        const element = document.querySelector("#a");
        const look = () => element.state === "${wanted}" && resolve({ state: element.state, cause: element.unsupported, supported: element.supported, text: element.shadowRoot.textContent });
        element.addEventListener("matter-state", look);
        element.addEventListener("matter-error", ({ detail }) => detail.code === "agent-unreachable" || reject(new Error(detail.message)));
        customElements.whenDefined("matter-commission").then(look);
    })`);
    try {
        const { cause, supported, text } = await state("unsupported");
        assert.deepEqual([cause, supported], ["missing", true]);
        assert.match(text, /no Web Bluetooth.*Use the local agent/s);
        await firefox.evaluate('document.querySelector("#a").shadowRoot.querySelector("button").click()');
        await state("code");
        await firefox.evaluate(`(() => {
            const input = document.querySelector("#a").shadowRoot.querySelector("input");
            input.value = "${code}";
            input.dispatchEvent(new InputEvent("input", { bubbles: true }));
            document.querySelector("#a").shadowRoot.querySelector("[part~=primary]").click();
        })()`);
        await state("transport");
        // There is no agent at that address, and Firefox says so once for each try.
        assert.deepEqual(firefox.problems.filter(text => !/can.t establish a connection to the server at ws:/.test(text)), []);
    } finally {
        await firefox.close();
    }
});

test("on a server that renders pages, importing the module does no harm", async () => {
    const { MatterCommissionElement } = await import(join(dist, "element/index.js"));
    assert.equal(typeof MatterCommissionElement, "function");
});
