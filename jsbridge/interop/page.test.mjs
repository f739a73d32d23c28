// The page as a person uses it: Chromium, the agent that serves it, and matter.js 0.17.9's light, found by multicast in a
// network namespace of the test's own.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { enterNamespace } from "./namespace.mjs";
enterNamespace();

const { start: startCore } = await import("../../dist/index.js");
const { buildAgent, codePicture, readPicture, startAgent, startBrowser } = await import("./page.mjs");
const { startPeer } = await import("./peers/start.mjs");
const { openController } = await import("../../dist/node/index.js");

const codeParts = { vendorId: 0, productId: 0, flow: 0, discovery: 4, discriminator: 3840 };

let program, agent, device, browser;
before(async () => {
    program = buildAgent();
    [agent, device, browser] = await Promise.all([startAgent(program), startPeer("device.mjs", ["--multicast", "--port", "5540"]), startBrowser()]);
});
after(async () => {
    await browser?.close();
    await agent?.stop();
    await device?.stop();
});


/** From the code to the question about the device's maker. */
async function toDecision(person, code = device.ready.manual) {
    await person.reach("home");
    await person.press("Add a device");
    await person.typeCode(code);
    await person.reach("transport");
    await person.press("Continue");
    await person.choose();
    await person.reach("decide");
}

/** A page on which nothing may go wrong unseen. */
async function onPage(run, how) {
    const person = await browser.open(agent.url, how);
    try {
        await run(person);
        assert.deepEqual(person.problems, []);
    } finally {
        await person.page.close();
    }
}

/** A new light each time: its home is the test's. */
const erase = () => device.ask({ do: "erase" });

describe("a light joins", () => {
    test("from a typed code, and then obeys", () => onPage(async person => {
        await toDecision(person);
        await person.press("Set it up anyway");
        await person.reach("done");
        assert.equal(await person.page.title(), "Test light is ready – Add a Matter device");
        const [commissioned] = await person.told("matter-commissioned");
        assert.equal(commissioned.vendorId, 0xfff1);
        assert.equal(commissioned.serialNumber, "L-1");
        await person.press("Try it");
        await person.toggle(device);
    }));

    test("the agent is started again in between, and the page goes on", () => onPage(async person => {
        await person.reach("home");
        await person.page.getByText("Test light").first().click();
        await person.toggle(device);
        await agent.restart();
        await person.toggle(device);
    }));

    test("a reload loses nothing; another app joins by the code that is drawn; then the light is removed", () => onPage(async person => {
        await person.reach("home");
        await person.page.getByText("Test light").first().click();
        await person.press("Share");
        await person.reach("share");
        await person.press("Show the code");
        const drawn = person.page.getByRole("img", { name: "QR code for the other app" });
        await drawn.waitFor();
        const code = await readPicture(await drawn.screenshot());
        const directory = mkdtempSync(join(tmpdir(), "matter-session-other-"));
        const other = await openController({ directory, trust: { test: true } });
        try {
            const joined = await other.commission(code, { onAttestation: () => "accept" });
            assert.equal(joined.productId, 0x8000);
            await person.page.getByText(/Added by/).first().waitFor();
        } finally {
            await other.close();
            rmSync(directory, { recursive: true });
        }
        await person.press(/Done|Back|Close/);
        await person.reach("device");
        await person.press("Remove");
        await person.press("Remove it");
        await person.reach("home");
        await person.page.getByText("No devices yet").waitFor();
        await erase();
    }));

    test("from the picture of a QR code, in German", () => onPage(async person => {
        await person.reach("home");
        await person.press("Gerät hinzufügen");
        await person.reach("code");
        const picture = { name: "label.png", mimeType: "image/png", buffer: await codePicture(device.ready.qr) };
        await person.page.locator("input[type=file]").first().setInputFiles(picture);
        await person.page.getByText(/^Code gelesen/).first().waitFor();
        await person.press("Weiter");
        await person.reach("transport");
        await person.press("Weiter");
        await person.choose();
        await person.reach("decide");
        assert.match(await person.text(), /Testgerät/);
        await person.press("Trotzdem einrichten");
        await person.reach("done");
        await erase();
    }, { language: "de-DE" }));
});

describe("what goes wrong says so, and goes on from there", () => {
    test("a wrong passcode: the sentence, and the code is asked for again", () => onPage(async person => {
        const { manual } = (await startCore()).request("makeCode", { ...codeParts, passcode: device.ready.passcode + 1 });
        await person.reach("home");
        await person.press("Add a device");
        await person.typeCode(manual);
        await person.reach("transport");
        await person.press("Continue");
        await person.choose();
        await person.reach("failed");
        assert.match(await person.text(), /The setup code does not fit this device/);
        const [error] = await person.told("matter-error");
        assert.deepEqual([error.code, error.step, error.retry], ["wrong-code", "pase", "code"]);
        await person.press("Enter the code again");
        await person.typeCode(device.ready.manual);
        await person.reach("transport");
        await person.press("Continue");
        await person.choose();
        await person.reach("decide");
        await person.press("Stop here");
        await person.reach("failed");
    }));

    test("the maker is refused: the device is as it was, and can be set up at once", () => onPage(async person => {
        await toDecision(person);
        await person.press("Stop here");
        await person.reach("failed");
        assert.match(await person.text(), /The device is unchanged/);
        const [error] = await person.told("matter-error");
        assert.deepEqual([error.code, error.retry], ["attestation-refused", "none"]);
        assert.deepEqual(await person.told("matter-commissioned"), []);
        await person.press("Close");
        await toDecision(person);
        await person.press("Stop here");
        await person.reach("failed");
    }));

    test("a device without test roots on this page cannot be let in", () => onPage(async person => {
        await toDecision(person);
        assert.match(await person.text(), /This page accepts no test devices/);
        assert.equal(await person.button("Set it up anyway").count(), 0);
        await person.press("Stop here");
        await person.reach("failed");
    }, { testDevices: false }));

    test("the device is switched off in the middle: a clear end, and the next attempt needs no code", () => onPage(async person => {
        await toDecision(person);
        await device.stop();
        await person.press("Set it up anyway");
        await person.reach("failed", "stopped");
        const [error] = await person.told("matter-error");
        assert.equal(error.code, "connection-lost", JSON.stringify(error));
        device = await startPeer("device.mjs", ["--multicast", "--port", "5540"]);
        await person.press(/Start again|Try again/);
        await person.reach("transport");
        await person.press("Continue");
        await person.choose();
        await person.reach("decide");
        await person.press("Set it up anyway");
        await person.reach("done");
        await erase();
    }));

    test("two tabs at once: one sets up, the other says so and takes its turn", () => onPage(async first => {
        await toDecision(first);
        await onPage(async second => {
            await second.reach("home");
            await second.press("Add a device");
            await second.typeCode(device.ready.manual);
            await second.reach("transport");
            await second.press("Continue");
            await second.choose();
            await second.reach("failed");
            assert.match(await second.text(), /Another tab/);
            await first.press("Stop here");
            await first.reach("failed");
            await second.press(/Try again/);
            await second.choose();
            await second.reach("decide");
            await second.press("Set it up anyway");
            await second.reach("done");
        });
        await erase();
    }));
});

describe("what leaves the page", () => {
    test("no passcode, in no form, is in the document, in what the host is told, in the report or in the agent's log", () => onPage(async person => {
        await toDecision(person);
        const documents = [await person.page.content(), await person.markup()];
        await person.press("Set it up anyway");
        await person.reach("done");
        documents.push(await person.page.content(), await person.markup(), JSON.stringify(await person.page.evaluate(() => globalThis.told.map(event => JSON.stringify(event, (_, value) => (typeof value === "bigint" ? value.toString() : value))))));
        await person.page.getByRole("checkbox", { name: "with network name and addresses" }).check();
        const [download] = await Promise.all([person.page.waitForEvent("download"), person.press("Save report")]);
        documents.push(await readFile(await download.path(), "utf8"), agent.logs);
        const { manual, qr, passcode } = device.ready;
        const octets = Buffer.alloc(4);
        octets.writeUInt32LE(passcode);
        const secrets = [manual, manual.replace(/^(....)(...)(....)$/, "$1-$2-$3"), qr, qr.slice(3), String(passcode), passcode.toString(16), octets.toString("hex"), octets.toString("base64").replace(/=+$/, ""), Buffer.from(qr).toString("base64"), Buffer.from(manual).toString("hex"), agent.token];
        for (const [i, text] of documents.entries()) {
            assert.ok(text.length > 20, `document ${i} is empty`);
            for (const secret of secrets) assert.ok(!text.toLowerCase().includes(secret.toLowerCase()), `"${secret}" in document ${i}`);
        }
        await erase();
    }));
});
