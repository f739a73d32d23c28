// make bench-page: what a person waits for at the page, in headless Chromium, served by the agent on loopback.
//
// 1. How long commissioning takes, from the click on the device that was found (the last one before the device is touched)
//    to the commissioned event, through page, Worker and agent; beside it, in turns and in the same run, matter.js 0.17.9's
//    own controller in Node on the same device, from its call to the answer to CommissioningComplete. Both know the
//    address. The question about the maker is answered by the host page, so no person is in it. Each round opens the page
//    anew. The first round of each is shown apart: it makes the home, and compiles.
// 2. How long the page takes until a code can be entered, cold (a browser that has never seen it) and warm (the second
//    time in the same browser, by its service worker), and what is transferred.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildAgent, startAgent, startBrowser } from "../interop/page.mjs";
import { startPeer } from "../interop/peers/start.mjs";

const rounds = Number(process.env.ROUNDS ?? 7);
const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = value => `${value.toFixed(0)} ms`.padStart(9);
const octets = value => value.toLocaleString("en").padStart(11);

const [device, theirs] = await Promise.all([startPeer("device.mjs"), startPeer("controller.mjs")]);
const { port, passcode, qr } = device.ready;
const agent = await startAgent(buildAgent(), ["-allow", `[::1]:${port}`, ...(process.env.PAGE === undefined ? [] : ["-page", process.env.PAGE])]);
const browser = await startBrowser();

// The host page: it answers for the person, and holds the clock.
await browser.context.addInitScript(() => {
    addEventListener("click", () => (globalThis.clicked = performance.now()), true);
    addEventListener("matter-attestation", ({ detail }) => detail.respondWith("accept"));
    addEventListener("matter-commissioned", () => (globalThis.commissioned = performance.now()));
    globalThis.steps = [];
    addEventListener("matter-step", ({ detail: { step, status, elapsedMs } }) => globalThis.steps.push([step, status, elapsedMs, performance.now()]));
});

async function commissionOurs() {
    const person = await browser.open(agent.url, { code: qr });
    await person.reach("code");
    await person.press("Continue");
    await person.reach("transport");
    await person.press("Continue");
    await person.reach("discover");
    await person.page.getByText("In pairing mode", { exact: true }).first().click();
    await person.reach("done");
    const seen = await person.page.evaluate(() => ({
        total: globalThis.commissioned - globalThis.clicked,
        before: globalThis.steps[0][3] - globalThis.clicked,
        steps: globalThis.steps.filter(([, status]) => status === "done").map(([step, , elapsed]) => [step, elapsed]),
    }));
    if (person.problems.length > 0) throw new Error(person.problems.join("\n"));
    await person.page.close();
    return seen;
}

async function commissionTheirs() {
    return { total: (await theirs.ask({ do: "commission", port, passcode })).flow };
}

/** What the page's files are to a person: @returns the part of the page that a request belongs to */
function partOf(url) {
    const { pathname } = new URL(url);
    if (pathname.endsWith("matter-page.wasm")) return "page program";
    if (pathname.endsWith("matter-session.wasm")) return "session program";
    if (pathname.endsWith("worker.js")) return "worker";
    return "document";
}

/** Opens the page with a code, which leads to its first screen at once. @returns ms from the navigation until that is drawn, and octets by part */
async function open(context) {
    const page = await context.newPage();
    const bodies = {};
    const all = [];
    context.on("response", response => all.push((async () => {
        if (response.fromServiceWorker() || !response.ok()) return;
        const part = partOf(response.url());
        bodies[part] = (bodies[part] ?? 0) + Number(await response.headerValue("content-length"));
    })()));
    await page.addInitScript(() => {
        addEventListener("matter-state", ({ detail }) => {
            // Two frames on, it has been drawn.
            if (detail.state === "code") requestAnimationFrame(() => requestAnimationFrame(() => (globalThis.usable = performance.now())));
        });
    });
    const url = new URL(agent.url);
    url.hash += `&${new URLSearchParams({ code: qr })}`;
    await page.goto(url.href);
    const time = await (await page.waitForFunction(() => globalThis.usable)).jsonValue();
    await page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) => active.state === "activated" || new Promise(resolve => active.addEventListener("statechange", resolve))));
    await page.waitForTimeout(200);
    await Promise.all(all);
    context.removeAllListeners("response");
    await page.close();
    return { time, bodies };
}

async function openBoth() {
    const fresh = await startBrowser();
    try {
        return { cold: await open(fresh.context), warm: await open(fresh.context) };
    } finally {
        await fresh.close();
    }
}

const results = { ours: [], theirs: [], opened: [] };
try {
    for (let round = 0; round <= rounds; round++) {
        for (const who of round % 2 === 0 ? ["ours", "theirs"] : ["theirs", "ours"]) {
            await device.ask({ do: "erase" });
            await new Promise(resolve => setTimeout(resolve, 100)); // the device settles
            results[who].push(who === "ours" ? await commissionOurs() : await commissionTheirs());
        }
        results.opened.push(await openBoth());
    }
} finally {
    await browser.close();
    await agent.stop();
    await Promise.all([device.stop(), theirs.stop()]);
}

const line = (name, all) => {
    const [first, ...rest] = all;
    console.log(`${name.padEnd(46)}${ms(first)}${ms(median(rest))}${ms(Math.min(...rest))}${ms(Math.max(...rest))}`);
    return median(rest);
};
console.log(`${rounds} rounds in turns`);
console.log(`${"".padEnd(46)}${["first", "median", "least", "most"].map(text => text.padStart(9)).join("")}`);
const ours = line("commissioned by the page (Chromium, agent)", results.ours.map(({ total }) => total));
const other = line("by matter.js 0.17.9's own controller (Node)", results.theirs.map(({ total }) => total));
line("  of ours, before the first step", results.ours.map(({ before }) => before));
console.log(`the page takes ${((100 * ours) / other).toFixed(0)} % of its time`);
const names = [...new Set(results.ours.flatMap(({ steps }) => steps.map(([step]) => step)))];
const parts = names.map(name => [name, median(results.ours.slice(1).flatMap(({ steps }) => steps.filter(([step]) => step === name).map(([, time]) => time)))]);
console.log(`its steps: ${parts.filter(([, time]) => time > 0).map(([name, time]) => `${name} ${time.toFixed(0)}`).join(", ")} ms`);
const cold = line("page opened until a code can be entered, cold", results.opened.map(({ cold }) => cold.time));
const warm = line("  warm", results.opened.map(({ warm }) => warm.time));
console.log(`warm takes ${((100 * warm) / cold).toFixed(0)} % of cold`);

console.log(`${"transferred for that, octets".padEnd(46)}${["cold", "warm", "gzip -9", "brotli"].map(text => text.padStart(11)).join("")}`);
const last = results.opened.at(-1);
const files = { "page program": "matter-page.wasm", "session program": "matter-session.wasm", worker: "worker.js" };
for (const part of ["document", "page program", "worker", "session program"]) {
    const file = files[part] && readFileSync(fileURLToPath(new URL(`../../dist/page/assets/${files[part]}`, import.meta.url)));
    const packed = file === undefined ? "" : `${octets(gzipSync(file, { level: 9 }).length)}${octets(brotliCompressSync(file).length)}`;
    console.log(`  ${part.padEnd(44)}${octets(last.cold.bodies[part] ?? 0)}${octets(last.warm.bodies[part] ?? 0)}${packed}`);
}
