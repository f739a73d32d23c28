// The page over Bluetooth, as a person uses it: Chromium's emulated adapter with a matter.js light behind it that is on no
// network, the agent for the last leg, and the page's own program, Worker and screens between them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enterNamespace } from "./namespace.mjs";
enterNamespace();

const { Adapter, bluetoothArgs } = await import("../test/browser/peripheral.mjs");
const { Person, buildAgent, startAgent, startBrowser } = await import("./page.mjs");
const { startPeer } = await import("./peers/start.mjs");

let light, agent, browser;
before(async () => {
    const program = buildAgent();
    [light, agent, browser] = await Promise.all([startPeer("ble-device.mjs", ["--multicast"]), startAgent(program), startBrowser({ args: bluetoothArgs })]);
});
after(async () => {
    await browser?.close();
    await agent?.stop();
    await light?.stop();
});

/** From the code to the question about the device's maker, with the light as `name` in the browser's list. */
async function connect(person, adapter, name) {
    await person.reach("home");
    await person.press("Add a device");
    await person.typeCode(light.ready.manual);
    await person.reach("transport");
    await person.page.getByRole("radio", { name: /Bluetooth/ }).check();
    await person.press("Continue");
    await person.reach("pick");
    adapter.choose(name);
    await person.press("Show the list");
}

/** A page, an adapter, and the light as a device that is new. */
async function begin(run) {
    await light.ask({ do: "erase" });
    const page = await browser.context.newPage();
    const adapter = await Adapter.create({ context: browser.context, page });
    const device = await adapter.add({ name: "lamp" });
    const stop = device.serve(light);
    const person = await new Person(page, agent.url).arrive();
    try {
        await run(person, adapter, device);
        assert.deepEqual(person.problems, []);
    } finally {
        stop();
        await adapter.close();
        await page.close();
    }
}

/** From the question about the maker to the end. */
async function finish(person, passwords) {
    await person.reach("decide");
    await person.press("Set it up anyway");
    for (const [i, password] of passwords.entries()) {
        await person.reach("network");
        await person.page.getByText("Home", { exact: true }).first().click();
        await person.page.getByLabel("Wi-Fi password", { exact: true }).fill(password);
        await person.press("Join");
        if (i < passwords.length - 1) await person.page.getByText("This password was refused").first().waitFor();
    }
    await person.reach("done");
    const state = await light.ask({ do: "state" });
    assert.deepEqual([state.commissioned, state.joined, state.armed], [true, true, false]);
}

test("a light on no network joins over Bluetooth: dismissed, picked, a wrong password, the right one", () =>
    begin(async (person, adapter) => {
        await connect(person, adapter, undefined);
        await person.page.getByText(/No device was chosen/).first().waitFor();
        adapter.choose("lamp");
        await person.press("Show the list");
        await finish(person, ["wrong password", "correct horse"]);
        const [commissioned] = await person.told("matter-commissioned");
        assert.equal(commissioned.serialNumber, "L-1");
        await person.press("Try it");
        await person.toggle(light);
    }));

test("the light goes out of reach while the person thinks, and joins the second time", () =>
    begin(async (person, adapter, device) => {
        await connect(person, adapter, "lamp");
        await person.reach("decide");
        await device.cut();
        await person.reach("failed");
        assert.match(await person.text(), /was lost/);
        const [error] = (await person.told("matter-error")).slice(-1);
        assert.equal(error.code, "connection-lost");
        await light.ask({ do: "lapse" });
        await person.press(/Try again|Start again/);
        await person.reach("transport");
        await person.press("Continue");
        await person.reach("pick");
        await person.press("Show the list");
        await finish(person, ["correct horse"]);
    }));

test("with Bluetooth alone the page says before and after what is left and for how long, and goes on when there is a way", () =>
    begin(async (person, adapter) => {
        await person.reach("home");
        await person.page.evaluate(() => document.querySelector("matter-commission").setAttribute("transports", "bluetooth"));
        await person.press("Add a device");
        await person.typeCode(light.ready.manual);
        await person.reach("transport");
        await person.press("Continue");
        await person.page.getByText(/the last step runs over your network/).first().waitFor();
        await person.press("Go on with Bluetooth only");
        await person.reach("pick");
        adapter.choose("lamp");
        await person.press("Show the list");
        await person.reach("decide");
        await person.press("Set it up anyway");
        await person.reach("network");
        await person.page.getByText("Home", { exact: true }).first().click();
        await person.page.getByLabel("Wi-Fi password", { exact: true }).fill("correct horse");
        await person.press("Join");
        await person.reach("finding");
        await person.page.getByText(/The device undoes everything by itself in \d:\d\d/).waitFor();
        assert.match(await person.text(), /The device has joined your network\. What is left is to meet it there/);
        await person.page.evaluate(() => document.querySelector("matter-commission").setAttribute("transports", "bluetooth agent"));
        await person.reach("done");
    }));
