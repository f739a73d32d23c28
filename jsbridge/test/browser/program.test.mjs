// The page's program in a page: loading it, its errors, wizards that come and go, and one that falls while others stand.
// The page has the content security policy that the element asks of its host.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle, openPage } from "./harness.mjs";

const file = new URL("../../../dist/assets/matter-page.wasm", import.meta.url);
const messages = ["screens", "errors"].map(name => new URL(`../../../web/messages/${name}.en.json`, import.meta.url));
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:*; style-src 'self'; img-src 'self' data:";

let browser;
let page;
let uncommon; // a server whose answers are unusual
let sha256;
let size;

before(async () => {
    assert.ok(existsSync(file), "dist/assets/matter-page.wasm is not built: run make build");
    const program = readFileSync(file);
    size = program.length;
    sha256 = createHash("sha256").update(program).digest("hex");
    browser = await openPage({
        "/": `<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=content-security-policy content="${policy}"><link rel=icon href=data:,><title>test</title>`,
        "/program.js": await bundle(new URL("../../src/element/program.ts", import.meta.url)),
        "/common.js": common,
        "/messages.json": JSON.stringify(Object.assign({}, ...messages.map(url => JSON.parse(readFileSync(url, "utf8"))))),
        "/matter-page.wasm": program,
        "/short.wasm": program.subarray(0, -1),
        "/long.wasm": Buffer.concat([program, Buffer.from([0])]),
        "/other.wasm": Buffer.concat([program.subarray(0, -1), Buffer.from([program.at(-1) ^ 1])]),
        "/none.wasm": Buffer.from("no WebAssembly"),
    });
    page = browser.page;
    await page.evaluate(async expected => {
        const { ready } = await import("/common.js");
        await ready(expected);
    }, { size, sha256 });

    const compressed = gzipSync(program);
    uncommon = createServer((request, response) => {
        const path = request.url.slice(1);
        response.setHeader("access-control-allow-origin", "*");
        if (path === "gzip") {
            response.writeHead(200, { "content-type": "application/wasm", "content-encoding": "gzip", "content-length": compressed.length }).end(compressed);
        } else if (path === "nothing-said") {
            response.writeHead(200, { "transfer-encoding": "chunked" });
            for (let at = 0; at < size; at += 100_000) response.write(program.subarray(at, at + 100_000));
            response.end();
        } else if (path === "broken-off") {
            response.writeHead(200, { "content-type": "application/wasm", "content-length": size });
            response.write(program.subarray(0, 1000), () => response.destroy());
        }
    });
    uncommon.listen(0, "127.0.0.1");
    await once(uncommon, "listening");
});
after(async () => {
    uncommon?.close();
    await browser?.close();
});

// In the page: one program, and a host that writes down what it is told.
const common = `
import { loadProgram } from "/program.js";
export { loadProgram };
export let program;
export let expected;
let messages;
export const globalsBefore = Object.keys(globalThis);

export async function ready(size) {
    expected = size;
    messages = await (await fetch("/messages.json")).json();
    program = await loadProgram("/matter-page.wasm", expected);
    globalThis.common = await import("/common.js");
}

const options = {
    manage: false, fabricLabel: "Home", routes: ["bluetooth", "agent"], bluetooth: "ready", agent: "ready",
    agentUrl: "ws://127.0.0.1/agent", camera: false, allowTest: false, language: "en",
};

/** A wizard at its first screen, and all that its host was told. */
export function wizard(more = {}) {
    const root = document.body.appendChild(document.createElement("div"));
    const told = { effects: [], screens: [], files: [], problems: [], died: [] };
    const instance = program.mount(root, {
        effect: effect => told.effects.push(effect),
        screen: (screen, previous) => told.screens.push([screen, previous]),
        file: (kind, file) => told.files.push([kind, file]),
        problem: (id, technical) => told.problems.push([id, technical]),
        died: technical => told.died.push(technical),
        link: { received() {}, closed() {} },
        ...more,
    }, { messages, language: "en" });
    instance.event({ type: "configured", options });
    instance.event({ type: "started", code: "" });
    return { root, told, instance };
}

export function attempt(url, expected, progress) {
    return loadProgram(url, expected, progress).then(() => "loaded", error => ({ code: error.code, message: error.message, name: error.name }));
}
`;

test("progress is told in decoded octets, never backwards and never past the whole", async () => {
    for (const url of ["/matter-page.wasm", ...["gzip", "nothing-said"].map(name => `http://127.0.0.1:${uncommon.address().port}/${name}`)]) {
        const { outcome, seen } = await page.evaluate(async url => {
            const seen = [];
            const outcome = await common.attempt(url, common.expected, (done, total) => seen.push([done, total]));
            return { outcome, seen };
        }, url);
        assert.equal(outcome, "loaded", url);
        assert.ok(seen.length > 1, url);
        assert.deepEqual(seen[0], [0, size], url);
        assert.deepEqual(seen.at(-1), [size, size], url);
        for (const [i, [done, total]] of seen.entries()) {
            assert.equal(total, size);
            assert.ok(done <= total && (i === 0 || done >= seen[i - 1][0]), `${url}: ${done} of ${total}`);
        }
    }
});

test("a program that is not the expected one is refused, and the next attempt works", async () => {
    for (const name of ["short", "long", "other"]) {
        const outcome = await page.evaluate(url => common.attempt(url, common.expected), `/${name}.wasm`);
        assert.equal(outcome.code, "load-corrupt", name);
        assert.equal(outcome.name, "ProgramError");
    }
    const done = await page.evaluate(async () => {
        const seen = [];
        await common.attempt("/long.wasm", common.expected, done => seen.push(done));
        return Math.max(...seen);
    });
    assert.ok(done <= size, "progress went past the whole");
    assert.equal(await page.evaluate(() => common.attempt("/matter-page.wasm", common.expected)), "loaded");
});

test("a program that cannot be had or started is told as that", async () => {
    const missing = await page.evaluate(() => common.attempt("/nowhere.wasm", common.expected));
    assert.equal(missing.code, "load-failed");
    assert.match(missing.message, /404/);
    const closed = await page.evaluate(() => common.attempt("http://127.0.0.1:9/", common.expected));
    assert.equal(closed.code, "load-failed");
    const broken = await page.evaluate(url => common.attempt(url, common.expected), `http://127.0.0.1:${uncommon.address().port}/broken-off`);
    assert.equal(broken.code, "load-failed");
    const none = await page.evaluate(expected => common.attempt("/none.wasm", expected), {
        size: 14, sha256: createHash("sha256").update("no WebAssembly").digest("hex"),
    });
    assert.equal(none.code, "load-failed");
    assert.match(none.message, /could not be started/);
    // Chromium logs each of these as an error of the page's.
    browser.problems.length = 0;
});

// The interface between Go's runtime and its host carries no version.
test("the host of the program is the one that this Go's own is", () => {
    const own = ["runtime", "program", "../load"].map(name => readFileSync(new URL(`../../src/element/${name}.ts`, import.meta.url), "utf8")).join("");
    const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
    const theirs = readFileSync(join(goroot, "lib/wasm/wasm_exec.js"), "utf8");
    const names = text => [...new Set([...text.matchAll(/"((?:runtime|syscall\/js)\.\w+)":/g)].map(([, name]) => name))].sort();
    assert.deepEqual(names(own), names(theirs));
    // Where the results lie in Go's frames: every number that is added to the stack pointer, by function.
    const places = text => Object.fromEntries(names(text).filter(name => name.startsWith("syscall/js.")).map(name => {
        const body = text.slice(text.indexOf(`"${name}":`)).split(/\n\s*(?:"[\w/]+\.\w+":|"debug":|};\n)/)[0];
        return [name, [...body.matchAll(/(?:sp \+|>>> 0\) \+|answer\()\s*(\d+)/g)].map(([, at]) => Number(at)).filter((at, i, all) => all.indexOf(at) === i)];
    }));
    for (const [name, at] of Object.entries(places(own))) {
        const want = places(theirs)[name];
        assert.ok(at.every(place => want.includes(place)), `${name} uses ${at}, Go's own ${want}`);
    }
    const needed = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file))).map(({ module, name }) => `${module} ${name}`);
    assert.deepEqual(needed.filter(name => !names(own).map(each => `gojs ${each}`).includes(name)), []);
});

test("nothing is left on the page's globalThis", async () => {
    const added = await page.evaluate(() => Object.keys(globalThis).filter(key => !common.globalsBefore.includes(key)));
    assert.deepEqual(added, ["common"]);
    assert.equal(await page.evaluate(() => [typeof fs, typeof process, typeof Go].join()), "undefined,undefined,undefined");
});

test("a code that is typed reaches the host once, and leaves the page", async () => {
    await page.evaluate(() => void (globalThis.typing = common.wizard()));
    assert.deepEqual(await page.evaluate(() => typing.told.screens), [["code", "idle"]]);
    const field = page.locator("input:not([type=radio], [type=file])");
    await field.pressSequentially("34970112332");
    assert.equal(await field.inputValue(), "3497-011-2332");
    await field.press("Enter");
    const { effects, screens, html } = await page.evaluate(() => ({ ...typing.told, html: typing.root.innerHTML }));
    assert.deepEqual(effects.filter(effect => effect.type === "keepCode").map(effect => effect.code.replaceAll("-", "")), ["34970112332"]);
    assert.equal(html.replaceAll("-", "").includes("34970112332"), false);
    assert.equal(screens.length > 1, true, "the code's screen is still shown");
    // This Chromium has no Bluetooth to pick from: that is the wizard's own finding.
    const problems = await page.evaluate(() => {
        typing.instance.event({ type: "routePicked", route: "bluetooth" });
        typing.instance.event({ type: "continue" });
        typing.instance.event({ type: "pickFailed", id: "picker-dismissed", technical: "test" });
        return typing.told.problems;
    });
    assert.ok(problems.some(([id]) => id === "picker-dismissed" || id === "bluetooth-missing" || id === "no-ip-path"), JSON.stringify(problems));
});

test("a wizard that is closed leaves nothing, and does nothing any more", async () => {
    const left = await page.evaluate(() => {
        typing.instance.close();
        typing.instance.close();
        const before = typing.told.effects.length;
        typing.instance.event({ type: "started", code: "" });
        typing.instance.link.send(new Uint8Array(1));
        typing.instance.link.close();
        return { html: typing.root.innerHTML, effects: typing.told.effects.length - before };
    });
    assert.deepEqual(left, { html: "", effects: 0 });
    await assert.rejects(page.evaluate(() => typing.instance.link.open()), /closed/);
});

test("an event that is none is an error, and changes nothing", async () => {
    const messages = await page.evaluate(() => {
        const { instance, root } = common.wizard();
        const before = root.innerHTML;
        const messages = [undefined, {}, { type: "started" }, { type: "deviceRead", node: 1n }, new Proxy({}, { get() { throw new Error("mine"); } })].map(event => {
            try {
                instance.event(event);
                return "no error";
            } catch (error) {
                return `${error.name}: ${error.message}`;
            }
        });
        const same = before === root.innerHTML;
        instance.close();
        return [...messages, same];
    });
    assert.match(messages[0], /^TypeError: event: an object is expected/);
    assert.match(messages[1], /^TypeError: event: type must be a string/);
    assert.match(messages[2], /^TypeError: event "started": code must be a string/);
    assert.match(messages[3], /^TypeError: event "deviceRead": node must be an object/);
    assert.match(messages[4], /^TypeError: event: type must be a string/);
    assert.equal(messages[5], true);
    // What the proxy threw is the page's.
    assert.match(browser.problems.splice(0).join(), /mine/);
});

test("an effect may be answered at once, and a host that throws harms only itself", async () => {
    const result = await page.evaluate(() => {
        const wizard = common.wizard({
            effect(effect) {
                globalThis.inner ??= [];
                inner.push(effect.type);
                if (inner.length === 1) wizardLater?.event({ type: "codeLeft" });
                throw new Error("the host's own");
            },
        });
        globalThis.wizardLater = wizard.instance;
        wizard.instance.event({ type: "started", code: "34970112332" });
        const { html } = { html: wizard.root.innerHTML };
        wizard.instance.close();
        return { html: html.length, died: wizard.told.died, inner: inner.length };
    });
    assert.ok(result.html > 0);
    assert.ok(result.inner > 0);
    assert.deepEqual(result.died, []);
    assert.ok(browser.problems.splice(0).every(problem => problem.includes("the host's own")));
});

test("a wizard that cannot be drawn is given up; the others go on", async () => {
    const result = await page.evaluate(() => {
        const good = common.wizard();
        const bad = common.wizard();
        const create = document.createElement;
        document.createElement = () => {
            throw new Error("no more elements");
        };
        bad.instance.event({ type: "failed", id: "wrong-code", step: "pase", retry: "code", status: "", technical: "", wait: 0, params: {} });
        bad.instance.event({ type: "died", technical: "test" });
        document.createElement = create;
        good.instance.event({ type: "codeTyped", text: "3497", caret: 4 });
        const out = { bad: bad.told.died, empty: bad.root.innerHTML, good: good.root.innerHTML.includes("3497") || good.root.querySelector("input")?.value, died: good.told.died };
        good.instance.close();
        return out;
    });
    assert.deepEqual(result.bad.length, 1);
    assert.match(result.bad[0], /no more elements/);
    assert.equal(result.empty, "");
    assert.ok(result.good);
    assert.deepEqual(result.died, []);
    assert.match(browser.problems.splice(0).join(), /no more elements/);
});

test("a wizard that stumbles once says so, and can start again", async () => {
    const result = await page.evaluate(() => {
        const { instance, root, told } = common.wizard();
        const create = document.createElement;
        let once = true;
        document.createElement = function (...args) {
            if (once) {
                once = false;
                throw new Error("not this time");
            }
            return create.apply(this, args);
        };
        instance.event({ type: "shareWanted", node: "0000000000000001" });
        instance.event({ type: "died", technical: "another" });
        document.createElement = create;
        const out = { once, died: told.died, problems: told.problems, screen: told.screens.at(-1)?.[0], text: root.innerText };
        instance.event({ type: "again" });
        const again = told.screens.at(-1)?.[0];
        instance.close();
        root.remove();
        return { ...out, again };
    });
    assert.equal(result.once, false);
    assert.deepEqual(result.died, []);
    assert.deepEqual(result.problems.map(([id]) => id), ["core-dead"]);
    assert.match(result.problems[0][1], /not this time/);
    assert.equal(result.screen, "failed");
    assert.match(result.text, /stopped unexpectedly/);
    assert.notEqual(result.again, "failed");
    assert.match(browser.problems.splice(0).join(), /not this time/);
});

test("when the program itself ends, every wizard's host is told, and another can be loaded", async () => {
    const result = await page.evaluate(async () => {
        const { loadProgram, expected } = common;
        const program = await loadProgram("/matter-page.wasm", expected);
        const told = [];
        const host = name => ({ effect() {}, screen() {}, file() {}, died: technical => told.push([name, technical]), link: { received() {}, closed() {} } });
        const roots = ["a", "b"].map(() => document.body.appendChild(document.createElement("div")));
        const [one, two] = roots.map((root, i) => program.mount(root, host(i), { messages: {}, language: "en" }));
        one.event({ type: "started", code: "" });
        const drawn = roots[0].innerHTML.length;
        // Go asks for the time before it runs on; without an answer it cannot.
        const { now } = performance;
        performance.now = () => {
            throw new Error("no clock");
        };
        two.event({ type: "started", code: "" });
        performance.now = now;
        one.event({ type: "again" });
        one.link.send(new Uint8Array(1));
        one.close();
        const later = (() => {
            try {
                program.mount(roots[0], host("c"), { messages: {}, language: "en" });
                return "mounted";
            } catch (error) {
                return error.message;
            }
        })();
        const left = roots.map(root => root.innerHTML);
        const anew = await common.attempt("/matter-page.wasm", expected);
        roots.forEach(root => root.remove());
        return { drawn, told, left, later, anew };
    });
    assert.ok(result.drawn > 0);
    assert.deepEqual(result.told.map(([name]) => name), [0, 1]);
    assert.match(result.told[0][1], /no clock/);
    assert.deepEqual(result.left, ["", ""]);
    assert.match(result.later, /no clock/);
    assert.equal(result.anew, "loaded");
    browser.problems.length = 0;
});

test("a thousand wizards leave no Go function, no value, no node and no listener", async () => {
    const protocol = await page.context().newCDPSession(page);
    const open = count => page.evaluate(count => {
        for (let i = 0; i < count; i++) {
            const { root, instance } = common.wizard();
            instance.event({ type: "codeTyped", text: "34970112332", caret: 11 });
            instance.event({ type: "continue" });
            instance.close();
            root.remove();
        }
    }, count);
    // Go lets go of JavaScript's values when its own collector comes by, which is every 45 wizards or so: the least of the
    // counts after each of twice as many says what is held for good.
    const least = async () => {
        const all = [];
        for (let i = 0; i < 90; i++) {
            await open(1);
            await protocol.send("HeapProfiler.collectGarbage");
            const { nodes, jsEventListeners } = await protocol.send("Memory.getDOMCounters");
            all.push({ nodes, jsEventListeners, ...(await page.evaluate(() => common.program.usage())) });
        }
        return Object.fromEntries(Object.keys(all[0]).map(key => [key, Math.min(...all.map(each => each[key]))]));
    };
    await open(200); // until Go's memory, which never shrinks, has found its size
    const before = await least();
    await open(1000);
    const after = await least();
    assert.equal(after.functions, before.functions);
    // Less than one for each two wizards is none.
    for (const kind of ["nodes", "jsEventListeners", "values"]) {
        assert.ok(after[kind] < before[kind] + 500, `${before[kind]} ${kind} became ${after[kind]}`);
    }
    assert.ok(after.memory <= before.memory * 2, `${before.memory} octets of memory became ${after.memory}`);
});

test("time passes only where it is seen", async () => {
    const ticks = await page.evaluate(async () => {
        const { setTimeout: set, clearTimeout: clear } = globalThis;
        const timers = new Set();
        let made = 0;
        globalThis.setTimeout = (fn, ...rest) => {
            const id = set(() => (timers.delete(id), fn()), ...rest);
            timers.add(id);
            made++;
            return id;
        };
        globalThis.clearTimeout = id => (timers.delete(id), clear(id));
        const { instance, root } = common.wizard();
        const idle = made;
        instance.event({ type: "copied", ok: true }); // a notice is shown for some seconds
        await new Promise(resolve => set(resolve, 2300));
        const seen = made;
        instance.close();
        const left = timers.size;
        await new Promise(resolve => set(resolve, 1200));
        Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
        root.remove();
        return { idle, seen, left, later: made - seen };
    });
    assert.deepEqual(ticks, { idle: 0, seen: 3, left: 0, later: 0 });
});

test("nothing was thrown or logged as an error in the page", () => {
    assert.deepEqual(browser.problems, []);
});
