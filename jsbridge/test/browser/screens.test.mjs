// Every screen of the wizard in a browser, in the states of web/view/gallery: accessible, inside the narrowest page, in
// light and dark, in two languages, with hostile names, and without a trace when it is gone. Leaves pictures of all of them in
// dist/screens.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { openPage } from "./harness.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const go = process.env.GO ?? "go";
const pictures = process.env.SCREENS ?? join(root, "dist/screens");
const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 860 } };
const themes = ["light", "dark"];
const read = path => readFileSync(join(root, path), "utf8");

// As strict as web-ux asks of a host page: a style or script that is not ours would be a console error.
const html = `<!doctype html><html lang=en><meta charset=utf-8>
<meta http-equiv=content-security-policy content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:">
<meta name=viewport content="width=device-width"><title>Gallery</title><link rel=icon href=data:,>
<main><h1 class=unseen>Gallery</h1><matter-commission id=host></matter-commission></main><script src=/wasm_exec.js></script><script type=module src=/page.js></script></html>`;
// A host page with manners of its own, which must not get in.
const css = `* { text-transform: uppercase; letter-spacing: 5px } html { font-size: 31px; color-scheme: light; background: Canvas } html[data-theme=dark] { color-scheme: dark }
body { margin: 0; font-family: fantasy; line-height: 3 } main { padding: 24px } @media (max-width: 500px) { main { padding: 0 } }
matter-commission { display: block } .unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; margin: 0 }`;
const script = `
const instance = new Go();
const { instance: program } = await WebAssembly.instantiateStreaming(fetch("/gallery.wasm"), instance.importObject);
instance.run(program);
const page = new CSSStyleSheet();
page.replaceSync(${JSON.stringify(css)});
document.adoptedStyleSheets = [page];
const sheet = new CSSStyleSheet();
sheet.replaceSync(await (await fetch("/style.css.txt")).text());
const host = document.getElementById("host");
const shadow = host.attachShadow({ mode: "open" });
shadow.adoptedStyleSheets = [sheet];
const div = shadow.appendChild(document.createElement("div"));
for (const language of ["en", "de"]) gallery.speak(language, await (await fetch("/" + language + ".json")).json());
gallery.open(div, "en");
Object.assign(window, { div, shadow, host, go: instance });
document.documentElement.dataset.ready = "";
`;

/** A language's texts as the build merges them. */
const messages = language => JSON.stringify({ ...JSON.parse(read(`web/messages/screens.${language}.json`)), ...JSON.parse(read(`web/messages/errors.${language}.json`)) });

let browser, page, names, devtools;
before(async () => {
    const wasm = join(root, ".cache/gallery/gallery.wasm");
    execFileSync(go, ["build", "-trimpath", "-ldflags=-s -w", "-o", wasm, "./web/view/gallery"], { cwd: root, env: { ...process.env, GOOS: "js", GOARCH: "wasm" }, stdio: "inherit" });
    const goroot = execFileSync(go, ["env", "GOROOT"], { encoding: "utf8" }).trim();
    browser = await openPage({
        "/": html,
        "/page.js": script,
        "/wasm_exec.js": readFileSync(join(goroot, "lib/wasm/wasm_exec.js")),
        "/gallery.wasm": readFileSync(wasm),
        "/style.css.txt": read("web/view/style.css"),
        "/en.json": messages("en"),
        "/de.json": messages("de"),
    });
    page = browser.page;
    await page.locator("html[data-ready]").waitFor({ state: "attached" });
    names = await page.evaluate("gallery.names");
    devtools = await page.context().newCDPSession(page);
    await page.evaluate(read("node_modules/axe-core/axe.min.js"));
    mkdirSync(pictures, { recursive: true });
    for (const old of readdirSync(pictures).filter(name => !name.startsWith("shell-"))) { // those are of what the element draws itself
        rmSync(join(pictures, old));
    }
});
after(() => browser?.close());

const language = tag => page.evaluate(tag => { document.documentElement.lang = tag; host.lang = tag; gallery.open(div, tag); }, tag);
const theme = name => page.evaluate(name => { host.setAttribute("theme", name); document.documentElement.dataset.theme = name; }, name);
const show = name => page.evaluate(name => gallery.show(name), name);

test("there is a state for each screen", () => {
    const screens = read("web/flow/state.go").match(/ScreenHome[\s\S]*?\n\)/)[0].matchAll(/Screen = "(\w+)"/g);
    const states = read("web/view/gallery/states.go");
    for (const [, screen] of screens) {
        assert.match(states, new RegExp(`flow\\.Screen${screen[0].toUpperCase()}${screen.slice(1)}\\b`), screen);
    }
});

test("axe finds nothing on any screen, light and dark", { timeout: 180_000 }, async () => {
    await page.setViewportSize(sizes.phone);
    await language("en");
    const examine = (state, name) => page.evaluate(async ([state, name]) => {
        gallery.show(state);
        if (name === "bad") {
            shadow.querySelector("h2").textContent = "";
        }
        const { violations } = await axe.run(document, { resultTypes: ["violations"] });
        return violations.map(v => `${state} ${name}: ${v.id}: ${v.nodes.map(n => `${n.html.slice(0, 120)} ${n.failureSummary}`).join(" | ")}`);
    }, [state, name]);
    assert.notDeepEqual(await examine("code-empty", "bad"), [], "axe looks into the shadow tree");
    const found = [];
    for (const name of themes) {
        await theme(name);
        for (const state of names) {
            found.push(...(await examine(state, name)));
        }
    }
    assert.deepEqual(found, []);
});

/** As a function of the page: what is wrong with the state that is shown. */
const complaints = {
    narrow: () => {
        const wide = [...shadow.querySelectorAll("*")].filter(it => !it.closest(".unseen, .scroll, svg, video, .viewfinder, select") && it.getClientRects().length > 0
            && !(it.localName === "input") && (it.getBoundingClientRect().right > innerWidth + 0.5 || it.getBoundingClientRect().left < -0.5));
        const all = document.scrollingElement;
        return [...(all.scrollWidth > innerWidth ? [`${all.scrollWidth} of ${innerWidth} px`] : []), ...wide.map(it => `${it.localName}.${it.className} sticks out`)];
    },
    rules: () => {
        const wrong = [];
        const count = (selector, n) => shadow.querySelectorAll(selector).length === n || wrong.push(`${selector}: ${shadow.querySelectorAll(selector).length}, not ${n}`);
        count("[role=status]", 1);
        count("[role=alert]", 1);
        count("[role=status][aria-live]", 0);
        count("h2", 1);
        count("[style]", 0);
        count("img, b, script, i", 0); // what the hostile names would make
        for (const it of shadow.querySelectorAll("*")) {
            for (const { name } of it.attributes) {
                /^on/.test(name) && wrong.push(`${it.localName} has ${name}`);
            }
            it.id && !/^mv\d+-/.test(it.id) && wrong.push(`id ${it.id}`);
            for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
                for (const id of (it.getAttribute(name) ?? "").split(" ").filter(Boolean)) {
                    shadow.getElementById(id) ?? wrong.push(`${name} of ${it.localName} leads nowhere: ${id}`);
                }
            }
        }
        const ids = [...shadow.querySelectorAll("[id]")].map(it => it.id);
        new Set(ids).size === ids.length || wrong.push("an id occurs twice");
        const heading = shadow.querySelector("h2");
        heading.textContent.trim() === "" && wrong.push("no heading");
        shadow.activeElement === null && wrong.push("nothing has the focus");
        shadow.querySelectorAll(".bar .primary:not([hidden])").length > 1 && wrong.push("two primary buttons");
        /\{\w+\}/.test(div.textContent.replaceAll("{vendor} **bold**", "")) && wrong.push(`an open parameter: ${div.textContent.match(/.{20}\{\w+\}/)}`);
        return wrong;
    },
    targets: () => [...shadow.querySelectorAll("button, .option, summary, input:not([type=radio], [type=checkbox], [type=file]), select, .tickbox")]
        .filter(it => it.getClientRects().length > 0)
        .map(it => [it, it.getBoundingClientRect()])
        .filter(([, box]) => box.width < 43.9 || box.height < 43.9)
        .map(([it, box]) => `${it.localName}.${it.className} "${it.textContent.slice(0, 20)}" is ${box.width.toFixed(0)} by ${box.height.toFixed(0)}`),
};
const complain = async kind => page.evaluate(`(() => { const look = ${complaints[kind]}; return gallery.names.flatMap(name => { gallery.show(name); return look().map(c => name + ": " + c); }); })()`);

test("every state keeps the rules of all screens", async () => {
    await page.setViewportSize(sizes.phone);
    for (const tag of ["en", "de"]) {
        await language(tag);
        assert.deepEqual(await complain("rules"), []);
    }
});

test("targets are at least 44 px wide and high", async () => {
    await language("en");
    assert.deepEqual(await complain("targets"), []);
});

test("no sideways scrolling: 320 px, text of 200 %, German, right to left", async () => {
    const tries = [[320, 16, "en", "ltr"], [320, 16, "de", "ltr"], [640, 32, "de", "ltr"], [360, 32, "en", "ltr"], [360, 32, "de", "ltr"], [320, 16, "de", "rtl"]];
    for (const [width, standard, tag, direction] of tries) {
        await devtools.send("Page.setFontSizes", { fontSizes: { standard, fixed: standard } });
        await page.setViewportSize({ width, height: 640 });
        await page.reload(); // a document keeps the size that it began with
        await page.locator("html[data-ready]").waitFor({ state: "attached" });
        await language(tag);
        await page.evaluate(direction => { host.dir = direction; }, direction);
        await show("code-empty");
        const size = await page.evaluate(() => getComputedStyle(shadow.querySelector(".lead")).fontSize);
        assert.equal(size, `${standard}px`, "the text has the reader's size, whatever the host page says");
        assert.deepEqual(await complain("narrow"), [], `${width} px, text of ${standard} px, ${tag}, ${direction}`);
    }
    await devtools.send("Page.setFontSizes", { fontSizes: { standard: 16, fixed: 13 } });
    await page.reload();
    await page.locator("html[data-ready]").waitFor({ state: "attached" });
});

test("the host page's manners stay outside", async () => {
    await language("en");
    await show("code-empty");
    const style = await page.evaluate(() => {
        const { textTransform, letterSpacing, fontFamily, lineHeight, fontSize } = getComputedStyle(shadow.querySelector(".lead"));
        return { textTransform, letterSpacing, fantasy: fontFamily.includes("fantasy"), lineHeight, fontSize };
    });
    assert.deepEqual(style, { textTransform: "none", letterSpacing: "normal", fantasy: false, lineHeight: "24px", fontSize: "16px" });
});

test("names that are markup stay text", async () => {
    for (const state of ["home-twelve", "device-parts", "discover-several", "decide-invalid", "done-hostile"]) {
        await show(state);
        assert.ok(await page.evaluate(() => div.textContent.includes('<img src=x onerror="alert(1)"><b>"Lamp"</b> &amp; {vendor} **bold**')), state);
    }
});

test("a screen reader hears a heading, and the keyboard reaches all that can be pressed", async () => {
    await page.setViewportSize(sizes.phone);
    await language("en");
    await theme("light");
    for (const state of names.filter(name => name !== "stop-asked")) {
        await show(state);
        const tree = await page.locator("main").ariaSnapshot();
        assert.match(tree, /- '?heading "[^\n]*[A-Za-z][^\n]*" \[level=2\]/, state);
        const order = [];
        // From the heading, where the focus is after a change of screens.
        const expected = await page.evaluate(() => {
            shadow.querySelector("h2").focus();
            const groups = new Set();
            return [...shadow.querySelectorAll("button, input, select, summary, video[controls]")]
                .filter(it => it.getClientRects().length > 0 && !it.disabled)
                .filter(it => it.type !== "radio" || it.checked || (![...shadow.querySelectorAll(`[name="${it.name}"]`)].some(other => other.checked) && !groups.has(it.name) && groups.add(it.name)))
                .length;
        });
        while (order.length < expected) {
            await page.keyboard.press("Tab");
            const at = await page.evaluate(() => {
                const it = shadow.activeElement;
                if (it === null) {
                    return null;
                }
                const ring = getComputedStyle(it.matches(".radio") ? it.closest(".option") : it);
                const label = it.getAttribute("aria-label") ?? (it.labels?.length ? it.labels[0].textContent : it.textContent);
                return { ring: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2, label: `${it.type ?? it.localName} ${label}` };
            });
            assert.ok(at !== null, `${state}: the focus left after ${order.length} of ${expected}: ${order.join(", ")}`);
            assert.ok(at.ring, `${state}: no ring around ${at.label}`);
            // A list that scrolls is a stop of its own in Chromium while nothing in it is one.
            at.label.startsWith("div ") || order.push(at.label);
        }
        writeFileSync(join(pictures, `${state}.txt`), `${tree}\n\nTab order:\n${order.map((label, i) => `${i + 1}. ${label}`).join("\n")}\n`);
    }
});

test("focus, caret and text stay while the same screen is brought up to date", async () => {
    await language("en");
    const at = () => page.evaluate(() => [shadow.activeElement?.localName, shadow.activeElement?.value, shadow.activeElement?.selectionStart]);
    await show("code-4");
    await page.evaluate(() => shadow.querySelector("input.code").focus());
    await page.evaluate(() => gallery.render("code-10"));
    assert.deepEqual(await at(), ["input", "3497-011-233", 12]);
    await show("wifi-one");
    await page.locator("input[type=password]").fill("right horse");
    await page.evaluate(() => gallery.render("wifi-refused"));
    assert.deepEqual((await at()).slice(0, 2), ["input", "right horse"]);
    await page.evaluate(() => shadow.querySelector("input[type=radio]").focus());
    await page.evaluate(() => gallery.render("wifi-many"));
    assert.deepEqual(await at(), ["input", "0", null]);
    assert.equal(await page.locator("input[type=password]").inputValue(), "right horse");
});

test("a new screen has the focus on its heading, unless a button of the frame keeps it while a device is set up", async () => {
    const focused = () => page.evaluate(() => shadow.activeElement?.textContent);
    await show("connecting-5s");
    assert.match(await focused(), /Step 2 of 5: Connect/);
    await page.getByRole("button", { name: "Back", exact: true }).focus();
    await page.evaluate(() => gallery.render("checking"));
    assert.equal(await focused(), "Stop", "the same button, now that there is something to undo");
    assert.match(await page.getByRole("status").textContent(), /Step 3 of 5: Check/);
    await page.evaluate(() => gallery.render("decide-test"));
    assert.equal(await focused(), "Stop here");
    await page.evaluate(() => gallery.render("failed-code"));
    assert.match(await focused(), /The setup did not finish/);
    assert.match(await page.getByRole("alert").textContent(), /code/);
    await show("wifi-refused");
    assert.equal(await page.evaluate(() => shadow.activeElement.type), "password", "asked again for the password, the field has the focus");
});

test("a sentence in two seconds at most is spoken", async () => {
    await show("connecting-0.3s");
    const spoken = await page.evaluate(async () => {
        const region = shadow.querySelector("[role=status]");
        const seen = [];
        const start = performance.now();
        new MutationObserver(() => seen.push([Math.round(performance.now() - start), region.textContent])).observe(region, { childList: true });
        shadow.querySelector(".bar button").focus();
        for (const name of ["securing", "checking", "joining", "finding-long", "finishing"]) {
            gallery.render(name);
        }
        await new Promise(done => setTimeout(done, 2300));
        return seen;
    });
    assert.equal(spoken.length, 2, JSON.stringify(spoken));
    assert.ok(spoken[1][0] - spoken[0][0] >= 1900, JSON.stringify(spoken));
    assert.match(spoken[1][1], /Finish/);
});

test("secrets leave the document the moment they are read", async () => {
    const after = () => page.evaluate(() => ({ events: gallery.events(), inputs: [...shadow.querySelectorAll("input")].map(it => it.value), markup: div.innerHTML }));
    for (const [state, field, button, event] of [
        ["wifi-one", "Wi-Fi password", "Join", "flow.JoinWiFi{Password:correct horse}"],
        ["thread-complete", "Thread dataset", "Join", "flow.JoinThread{Dataset:correct horse}"],
        ["home-export", "Passphrase", "Save the backup", "flow.ExportWanted{Passphrase:correct horse}"],
    ]) {
        await show(state);
        await page.evaluate(() => gallery.events());
        await page.getByRole("textbox", { name: field }).or(page.getByLabel(field)).and(page.locator(":visible")).fill("correct horse");
        await page.getByRole("button", { name: button }).click();
        const { events, inputs, markup } = await after();
        assert.ok(events.includes(event), `${state}: ${events}`);
        assert.ok(!inputs.includes("correct horse") && !markup.includes("correct horse"), state);
    }
    await show("wifi-one");
    await page.getByLabel("Wi-Fi password").fill("correct horse");
    await page.getByRole("button", { name: "Show" }).click();
    assert.equal(await page.getByLabel("Wi-Fi password").getAttribute("type"), "text");
    await page.getByLabel("Wi-Fi password").press("Enter");
    assert.ok((await after()).events.includes("flow.JoinWiFi{Password:correct horse}"));
});

test("a picture or a code is taken wherever it is dropped or pasted", async () => {
    await show("code-empty");
    const events = await page.evaluate(() => {
        gallery.events();
        const carry = fill => { const data = new DataTransfer(); fill(data); return data; };
        const heading = shadow.querySelector("h2");
        const options = { bubbles: true, composed: true, cancelable: true };
        const file = new File(["x"], "label.png", { type: "image/png" });
        heading.dispatchEvent(new DragEvent("drop", { ...options, dataTransfer: carry(data => data.items.add(file)) }));
        heading.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: carry(data => data.items.add(file)) }));
        heading.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: carry(data => data.setData("text/plain", "MT:Y.K9042C00KA0648G00")) }));
        return gallery.events();
    });
    assert.deepEqual(events, ["file picture label.png", "flow.PictureGiven{}", "file picture label.png", "flow.PictureGiven{}", "flow.CodeTyped{Text:MT:Y.K9042C00KA0648G00 Caret:22}"]);
});

test("pressing sends what the state machine knows", async () => {
    const sent = async (state, press) => {
        await show(state);
        await page.evaluate(() => gallery.events());
        await press();
        return page.evaluate(() => gallery.events());
    };
    const click = name => () => page.getByRole("button", { name, exact: true }).click();
    assert.deepEqual(await sent("code-empty", () => page.getByRole("textbox", { name: "Setup code" }).pressSequentially("34\u{1D7D7}")),
        ["flow.CodeTyped{Text:3 Caret:1}", "flow.CodeTyped{Text:34 Caret:2}", "flow.CodeTyped{Text:34\u{1D7D7} Caret:3}"], "the caret counts characters");
    assert.deepEqual(await sent("pick", click("Show the list")), ["flow.PickWanted{}"]);
    assert.deepEqual(await sent("code-4", async () => {
        await page.getByRole("textbox", { name: "Setup code" }).click();
        await click("Continue")();
    }), ["flow.Continue{}"], "not that the field was left, which would move the button away");
    assert.deepEqual(await sent("pick", click("Back")), ["flow.Back{}"]);
    assert.deepEqual(await sent("checking", click("Stop")), ["flow.Stop{}"]);
    assert.deepEqual(await sent("stop-asked", click("Go on setting up")), ["flow.StopAnswered{Yes:false}"]);
    assert.deepEqual(await sent("stop-asked", () => page.keyboard.press("Escape")), ["flow.StopAnswered{Yes:false}"]);
    assert.deepEqual(await sent("decide-test", () => page.keyboard.press("Enter")), ["flow.AttestationAnswered{Accept:false}"]);
    assert.deepEqual(await sent("decide-test", click("Set it up anyway")), ["flow.AttestationAnswered{Accept:true}"]);
    assert.deepEqual(await sent("transport-bluetooth", () => page.getByRole("radio", { name: /Home network/ }).check()), ["flow.RoutePicked{Route:agent}"]);
    assert.deepEqual(await sent("wifi-many", () => page.getByRole("radio", { name: /FreeWiFi/ }).check()), ["flow.NetworkPicked{Index:3}"]);
    assert.deepEqual(await sent("wifi-other", click("Use Guests")), ["flow.JoinStored{ID:s2}"]);
    assert.deepEqual(await sent("discover-several", () => page.getByRole("button", { name: /Nanoleaf/ }).click()), ["flow.CandidatePicked{ID:1}"]);
    assert.deepEqual(await sent("home-twelve", () => page.getByRole("button", { name: /^Hall/ }).click()), ["flow.DeviceWanted{Node:0000000000000000}"]);
    assert.deepEqual(await sent("device-light", () => page.getByRole("switch").click()), ["flow.Switched{Endpoint:1 On:false}"]);
    assert.deepEqual(await sent("device-light", () => page.getByRole("slider").fill("254")), ["flow.LevelSet{Endpoint:1 Level:254}"]);
    assert.deepEqual(await sent("failed-same", click("Try again")), ["flow.Again{}"], "also while it should wait: the device may have been restarted");
    assert.deepEqual(await sent("failed-network", click("Choose the network again")), ["flow.Again{}"]);
    assert.deepEqual(await sent("failed-none", click("Close")), ["flow.Close{}"]);
    assert.deepEqual(await sent("share-open", click("Copy: Setup code")), ["flow.CopyWanted{Text:34970112332}"]);
    assert.equal(await page.getByRole("button", { name: "Set it up anyway" }).count(), 0);
    await show("decide-invalid");
    assert.equal(await page.getByRole("button", { name: "Set it up anyway" }).count(), 0, "a proof that failed cannot be overridden");
});

test("another decoder reads the QR code, in light and dark", async () => {
    prepareZXingModule({ overrides: { wasmBinary: readFileSync(join(root, "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm")) } });
    for (const name of themes) {
        await theme(name);
        await show("share-open");
        const found = await readBarcodes(await page.locator(".qr").screenshot(), { formats: ["QRCode"] });
        assert.deepEqual(found.map(it => it.text), ["MT:Y.K9042C00KA0648G00"], name);
    }
});

test("after the wizard there is nothing to see, and it can begin again", async () => {
    const seen = await page.evaluate(() => {
        gallery.show("code-empty");
        gallery.render("idle");
        const gone = shadow.querySelector(".frame").getClientRects().length === 0 && shadow.querySelectorAll("input").length === 0;
        gallery.render("code-4");
        return [gone, shadow.querySelector("input.code").value, shadow.querySelector(".frame").getClientRects().length];
    });
    assert.deepEqual(seen, [true, "3497", 1]);
});

test("in a dialog there is a button to leave it, beside nothing else", async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const sent = await page.evaluate(() => {
        const dialog = document.createElement("dialog");
        const inside = dialog.appendChild(document.createElement("div"));
        shadow.append(dialog);
        dialog.showModal();
        gallery.open(inside, "en");
        gallery.render("code-empty");
        const close = inside.querySelector(".close");
        const box = close.getBoundingClientRect();
        const over = [...inside.querySelectorAll(".stage-mark, .title")].filter(it => {
            const other = it.getBoundingClientRect();
            return other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top;
        }).length;
        gallery.events();
        close.click();
        const result = { over, events: gallery.events(), wide: inside.getBoundingClientRect().width > 250 };
        gallery.open(div, "en");
        dialog.remove();
        return result;
    });
    assert.deepEqual(sent, { over: 0, events: ["flow.Stop{}"], wide: true });
});

test("a thousand wizards leave nothing behind", { timeout: 180_000 }, async t => {
    await page.evaluate(() => gallery.close());
    const measure = async () => {
        for (let i = 0; i < 3; i++) {
            await page.evaluate(() => gallery.collect());
            await page.waitForTimeout(50); // finalizers of references to the page run in between
        }
        await devtools.send("HeapProfiler.collectGarbage");
        const { metrics } = await devtools.send("Performance.getMetrics");
        const of = name => metrics.find(it => it.name === name).value;
        const page_ = await page.evaluate(() => ({ functions: gallery.functions(), references: go._values.filter(it => it !== null && it !== undefined).length, children: div.childNodes.length }));
        return { nodes: of("Nodes"), listeners: of("JSEventListeners"), ...page_ };
    };
    await devtools.send("Performance.enable");
    await page.evaluate(() => gallery.walk(60));
    const before = await measure();
    const start = Date.now();
    for (let i = 0; i < 10; i++) {
        await page.evaluate(() => gallery.walk(100));
    }
    const took = Date.now() - start;
    const after = await measure();
    t.diagnostic(`1,000 wizards in ${(took / 1000).toFixed(1)} s; before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    assert.equal(after.functions, 0);
    assert.equal(after.children, 0);
    assert.ok(after.listeners <= before.listeners, "event listeners");
    assert.ok(after.nodes <= before.nodes + 100, "nodes of the document");
    assert.ok(after.references <= before.references + 200, "references that Go holds");
});

test("a picture of every state", { timeout: 180_000 }, async () => {
    await page.evaluate(() => gallery.open(div, "en"));
    await page.keyboard.press("Shift"); // somebody with a keyboard: the focus is to be seen
    for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        for (const name of themes) {
            await theme(name);
            for (const state of names) {
                await show(state);
                await page.screenshot({ path: join(pictures, `${state}-${name}-${size}.png`), fullPage: true, animations: "allow", caret: "initial" });
            }
        }
    }
});

test("nothing was thrown, and nothing that the page's policy forbids", () => assert.deepEqual(browser.problems, []));
