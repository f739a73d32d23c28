// The page as a person uses it in Firefox, which has no Web Bluetooth: everything goes through the agent that serves the
// page, to matter.js 0.17.9's light, found by multicast in a network namespace of the test's own. Mouse and keys are the
// browser's own input (WebDriver BiDi), at the place where a button is seen.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { enterNamespace } from "./namespace.mjs";
enterNamespace();

const { openFirefox } = await import("../test/browser/firefox.mjs");
const { buildAgent, readPicture, startAgent } = await import("./page.mjs");
const { startPeer } = await import("./peers/start.mjs");

let agent, device, firefox;
before(async () => {
    [agent, device] = await Promise.all([startAgent(buildAgent()), startPeer("device.mjs", ["--multicast"])]);
    firefox = await openFirefox(`${agent.url}&test-devices=`);
});
after(async () => {
    await firefox?.close();
    await agent?.stop();
    await device?.stop();
});

/** Runs fn(element, argument, visible) in the page: visible gives everything that is shown in the element's tree, in order. */
function inPage(fn, argument = null) {
    return firefox.evaluate(`(${fn})(document.querySelector("matter-commission"), ${JSON.stringify(argument)}, (element) => {
        const found = [];
        const walk = node => {
            for (const child of (node.shadowRoot ?? node).children) {
                if (child.localName === "style" || !child.checkVisibility()) continue;
                found.push(child);
                walk(child);
            }
        };
        walk(element);
        return found;
    })`);
}

/** Asks until the answer is one; what was seen last is told if it never comes. */
async function wait(what, ask) {
    const limit = Date.now() + 40_000;
    for (;;) {
        const answer = await ask();
        if (answer) return answer;
        if (Date.now() > limit) throw new Error(`${what} did not come; the page is at ${await screen()}: ${await text()}`);
        await new Promise(resolve => setTimeout(resolve, 50));
    }
}

const screen = () => inPage(element => element.state);

const text = () => inPage((element, _, visible) =>
    visible(element).flatMap(node => [...node.childNodes]).filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data.trim()).filter(Boolean).join(" "));

const says = sentence => wait(`"${sentence}"`, async () => (await text()).includes(sentence));

const reach = (...screens) => wait(screens.join(" or "), async () => {
    const now = await screen();
    assert.ok(screens.includes(now) || (now !== "failed" && now !== "stopped"), `${now}: ${await text()}`);
    return screens.includes(now) && now;
});

/** Where the first thing is that has this selector and, if one is given, this text; scrolled to, and nothing lies over it. */
const placeOf = (selector, name) => wait(`${selector} ${name ?? ""}`, () => inPage((element, [selector, name], visible) => {
    const nameOf = node => (node.ariaLabel ?? node.textContent).trim().replace(/\s+/g, " ");
    const found = visible(element).find(node => node.matches(selector) && !node.disabled && (name === null || nameOf(node).startsWith(name)));
    if (found === undefined) return undefined;
    found.scrollIntoView({ block: "center" });
    const { x, y, width, height } = found.getBoundingClientRect();
    const [middle, centre] = [x + width / 2, y + height / 2];
    let top = document.elementFromPoint(middle, centre);
    while (top?.shadowRoot?.elementFromPoint(middle, centre)) top = top.shadowRoot.elementFromPoint(middle, centre);
    return found.contains(top) || top?.closest("label, button")?.contains(found) ? { x, y, width, height } : undefined;
}, [selector, name ?? null]));

/** A person presses what has come to rest. */
async function press(name, selector = "button, [role=button]") {
    let box = await placeOf(selector, name);
    for (;;) {
        const before = box;
        await new Promise(resolve => setTimeout(resolve, 50));
        box = await placeOf(selector, name);
        if (box.x === before.x && box.y === before.y) break;
    }
    await firefox.click(box.x + box.width / 2, box.y + box.height / 2);
}

async function typeCode(code) {
    await reach("code");
    await press(undefined, "input:not([type]), input[type=text], textarea");
    await firefox.type(code);
    await press("Continue");
}

/** Switches the light twice, and hears of each from the light itself. */
async function toggle() {
    await reach("device");
    const state = () => inPage((element, _, visible) => visible(element).find(node => node.role === "switch" || node.getAttribute("role") === "switch")?.ariaChecked);
    for (let i = 0; i < 2; i++) {
        const on = (await wait("the light's switch", state)) !== "true";
        await press(undefined, "[role=switch]");
        await device.next(line => line.onOff === on && !("answer" in line), `the light to go ${on ? "on" : "off"}`);
        await wait(`the switch to show it`, async () => (await state()) === String(on));
    }
}

describe("in Firefox, through the agent", () => {
    test("the way without Web Bluetooth is offered, the other one is not, and says why", async () => {
        await reach("home");
        assert.equal(await firefox.evaluate("'bluetooth' in navigator"), false, "this Firefox has Web Bluetooth: the test is about one that has not");
        await press("Add a device");
        await typeCode(device.ready.manual);
        await reach("transport");
        await says("This browser has no Web Bluetooth.");
    });

    test("a light joins from a typed code, and then obeys", async () => {
        await press("Continue");
        await reach("decide");
        await press("Set it up anyway");
        await reach("done");
        await press("Try it");
        await toggle();
    });

    test("a reload loses nothing: the light still obeys, by the keys that this browser keeps", async () => {
        await firefox.reload();
        await reach("home");
        await press("Test light");
        await toggle();
    });

    test("the code for another app is drawn, and can be read", async () => {
        await press("Share");
        await reach("share");
        await press("Show the code");
        const box = await placeOf("[role=img], img, svg, canvas", "QR code for the other app");
        const code = await readPicture(await firefox.screenshot(box));
        assert.match(code, /^MT:[0-9A-Z.-]{19}$/);
        assert.notEqual(code, device.ready.qr);
        await press("Back");
        await reach("device");
    });

    test("the light is removed, and is new again", async () => {
        await press("Remove");
        await press("Remove it");
        await reach("home");
        await says("No devices yet");
        await device.next(line => line.commissioned === false, "the light to be new again");
    });

    test("nothing was thrown, logged as an error, or asked of anybody but the agent", () => {
        assert.deepEqual(firefox.problems, []);
        const { host } = new URL(agent.url);
        assert.ok(firefox.requests.some(url => url.endsWith("/matter-page.wasm")), "the requests were not seen");
        assert.deepEqual(firefox.requests.filter(url => /^(http|ws)s?:/.test(url) && new URL(url).host !== host), []);
    });
});
