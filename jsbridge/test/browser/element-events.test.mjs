// What an element tells a page and asks of it, and what it does for its wizard in the window, with stand-ins for the page's
// program and the room.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { attestation, fine, heard, question, running, setUp, show, started } from "./element-stage.mjs";

setUp();

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

