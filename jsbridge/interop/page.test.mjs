// The page as a person uses it: Chromium, the agent that serves it, and matter.js 0.17.9's light, found by multicast in a
// network namespace of the test's own.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { enterNamespace } from "./namespace.mjs";
enterNamespace();

const { buildAgent, startAgent, startBrowser } = await import("./page.mjs");
const { startPeer } = await import("./peers/start.mjs");

let program, agent, device, browser;
before(async () => {
    program = buildAgent();
    [agent, device, browser] = await Promise.all([startAgent(program), startPeer("device.mjs", ["--multicast"]), startBrowser()]);
});
after(async () => {
    await browser?.close();
    await agent?.stop();
    await device?.stop();
});

const isChange = line => "onOff" in line && !("answer" in line);

/** From the code to the question about the device's maker. */
async function toDecision(person, { code = device.ready.manual } = {}) {
    await person.reach("home");
    await person.press(/Add a device/);
    await person.reach("code");
    await person.page.getByRole("textbox").pressSequentially(code, { delay: 5 });
    await person.press("Continue");
    await person.reach("transport");
    await person.press("Continue");
    await person.choose();
    await person.reach("decide");
}

describe("a light joins", () => {
    let person;
    before(async () => (person = await browser.open(agent.url)));
    afterEach(() => assert.deepEqual(person.problems, []));
    after(() => person?.page.close());

    test("from a typed code to the end, by the keyboard alone", async () => {
        await toDecision(person);
        await person.press("Set it up anyway");
        await person.reach("done");
        const [commissioned] = await person.told("matter-commissioned");
        assert.equal(commissioned.vendorId, 0xfff1);
        assert.equal(commissioned.serialNumber, "L-1");
    });

    test("then it obeys", async () => {
        await person.press("Try it");
        await person.reach("device");
        for (const on of [true, false]) {
            await person.page.getByRole("switch").click();
            await device.next(line => isChange(line) && line.onOff === on, `the light to go ${on ? "on" : "off"}`);
        }
    });
});
