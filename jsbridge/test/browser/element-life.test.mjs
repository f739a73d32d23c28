// The wizard's life in an element in Chromium, with stand-ins for the page's program and the room: from start() to the end,
// whoever brings it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fine, heard, running, setUp, show, stage, started } from "./element-stage.mjs";

setUp();

describe("the wizard's life in an element", () => {
    test("begins with what the page said, and the code is forgotten", async () => {
        const view = await show('<matter-commission id=a agent="/agent" transports="agent bluetooth" fabric-label="My home" attestation=certified allow-test-devices lang=de></matter-commission>');
        await view.evaluate(async () => {
            const element = document.getElementById("a");
            Object.assign(element, { code: "34970112332", agentToken: "secret-token", storage: { is: "storage" }, authority: { is: "authority" }, networks: { is: "networks" }, trust: { is: "trust" } });
            await element.start();
        });
        const { events, settings, code, language, html } = await view.evaluate(() => ({
            events: stubs.instances[0].events, settings: JSON.parse(JSON.stringify(stubs.rooms[0].settings)), code: typeof document.getElementById("a").code, language: stubs.instances[0].config.language,
            html: document.documentElement.outerHTML,
        }));
        assert.equal(events[0].type, "configured");
        assert.deepEqual({ ...events[0].options, bluetooth: "" }, {
            manage: false, fabricLabel: "My home", routes: ["agent", "bluetooth"], bluetooth: "", agent: "checking", agentUrl: `${stage.site.url.replace("http", "ws")}/agent`, camera: true, allowTest: true, language: "de",
        });
        assert.deepEqual(events[1], { type: "started", code: "34970112332" });
        assert.deepEqual([code, language], ["undefined", "de"]);
        assert.deepEqual(Object.keys(await view.evaluate(() => stubs.rooms[0].settings.versions)), ["matter-session", "matter-session.wasm", "matter-page.wasm"]);
        for (const [name, value] of Object.entries({ agentToken: "secret-token", fabricLabel: "My home", attestation: "certified", allowTestDevices: true })) assert.deepEqual(settings[name], value, name);
        for (const name of ["storage", "authority", "networks", "trust"]) assert.deepEqual(settings[name], { is: name });
        assert.doesNotMatch(html, /secret-token|34970112332/);
        fine();
    });

    for (const [what, { headers, agent, elements, found, asked }] of Object.entries({
        "is the page's own where the agent says so with the page": { headers: { "server-timing": "matter-agent" }, elements: "<matter-commission id=a></matter-commission>", found: true, asked: false },
        "is none on a page of anybody else, which is not even asked": { elements: "<matter-commission id=a></matter-commission>", found: false, asked: false },
        "is asked for on a page that manages a home": { agent: '{"agent":"matter-session"}', elements: "<matter-commission id=a manage></matter-commission>", found: true, asked: true },
        "is not whatever else answers there": { agent: '{"agent":"another"}', elements: "<matter-commission id=a manage></matter-commission>", found: false, asked: true },
        "is none where the page says so": { headers: { "server-timing": "matter-agent" }, elements: "<matter-commission id=a agent=''></matter-commission>", found: false, asked: false },
    })) {
        test(`the agent ${what}`, async () => {
            Object.assign(stage.site, { headers, agent });
            try {
                const view = await show(elements);
                if (!elements.includes("manage")) await started(view);
                await view.waitForFunction(() => document.getElementById("a").state === "code");
                assert.deepEqual([await view.evaluate(() => stubs.rooms[0].settings.agent), stage.site.asked.includes("/agent")], [found ? `${stage.site.url.replace("http", "ws")}/agent` : undefined, asked]);
                fine();
            } finally {
                Object.assign(stage.site, { headers: undefined, agent: undefined });
            }
        });
    }

    test("follows changed attributes, the agent's state and the adapter's", async () => {
        const view = await running("<matter-commission id=a agent='wss://one/agent'></matter-commission>", "Object.assign(navigator.bluetooth, { getAvailability: async () => globalThis.adapter !== false });");
        const last = () => view.evaluate(() => instance.events.filter(({ type }) => type === "configured").at(-1).options);
        assert.deepEqual([(await last()).bluetooth, (await last()).agent], ["ready", "checking"]);
        await view.evaluate(() => room.options.onAgent("ready"));
        assert.equal((await last()).agent, "ready");
        await view.evaluate(() => {
            globalThis.adapter = false;
            navigator.bluetooth.dispatchEvent(new Event("availabilitychanged"));
        });
        await view.waitForFunction(() => instance.events.at(-1).options?.bluetooth === "off");
        await view.evaluate(() => {
            element.agent = "wss://two/agent";
            element.fabricLabel = "x".repeat(40);
        });
        await view.waitForFunction(() => room.settings.agent === "wss://two/agent" && room.effects.filter(({ type }) => type === "checkAgent").length === 2);
        assert.equal((await last()).fabricLabel, "x".repeat(32));
        // Not every browser tells that it was switched on again.
        await view.evaluate(() => (globalThis.adapter = true));
        await view.waitForFunction(() => instance.events.filter(({ type }) => type === "configured").at(-1).options.bluetooth === "ready");
        // After the end nobody listens to the adapter any more.
        await view.evaluate(() => instance.host.effect({ type: "closed", outcome: "cancelled" }));
        const count = await view.evaluate(() => instance.events.length);
        await view.evaluate(() => navigator.bluetooth.dispatchEvent(new Event("availabilitychanged")));
        await view.waitForTimeout(50);
        assert.equal(await view.evaluate(() => instance.events.length), count);
        fine();
    });

    test("carries effects to the room and events to the wizard, and messages both ways", async () => {
        const view = await running();
        const result = await view.evaluate(() => {
            for (const effect of [{ type: "keepCode", code: "x" }, { type: "search", payload: 0 }, { type: "begin", route: "agent", candidate: "", payload: 0 }, { type: "forgetHome" }]) instance.host.effect(effect);
            tell({ type: "searchEnded", id: "", technical: "" });
            instance.host.link.received(new Uint8Array([1]));
            instance.host.link.closed("why");
            room.options.link.send(new Uint8Array([2]));
            return room.options.link.open().then(opened => ({ opened, effects: room.effects.map(({ type }) => type), received: room.received, sent: instance.sent, last: instance.events.at(-1) }));
        });
        assert.deepEqual(result, { opened: { maxMessage: 244 }, effects: ["checkAgent", "keepCode", "search", "begin", "forgetHome"], received: [[1], "why"], sent: [[2]], last: { type: "searchEnded", id: "", technical: "" } });
        fine();
    });

    test("ends as the wizard says: nothing is left, and the next start is a new one", async () => {
        const view = await running();
        await view.evaluate(() => {
            instance.screen("done");
            instance.host.effect({ type: "closed", outcome: "commissioned" });
        });
        await view.waitForFunction(() => room.closed);
        assert.deepEqual(await view.evaluate(() => [instance.closed, element.state, element.shadowRoot.textContent.trim()]), [true, "idle", "Add a Matter device"]);
        assert.deepEqual((await heard(view, "matter-close", "matter-state")).map(([name, , detail]) => [name, detail.outcome ?? detail.state]), [["matter-state", "loading"], ["matter-state", "code"], ["matter-state", "done"], ["matter-state", "idle"], ["matter-close", "commissioned"]]);
        await started(view);
        await view.waitForFunction(() => stubs.instances.length === 2 && stubs.rooms.length === 2);
        assert.equal(await view.evaluate(() => stubs.programs.length), 1);
        fine();
    });

    test("cancel() undoes, ends the wizard and says whether the device is as it was", async () => {
        const view = await running();
        const result = await view.evaluate(async () => {
            instance.screen("checking");
            room.cancelled = { rolledBack: false };
            return element.cancel();
        });
        assert.deepEqual(result, { rolledBack: false });
        assert.deepEqual(await view.evaluate(() => [element.state, instance.closed, room.effects.map(({ type }) => type)]), ["idle", true, ["checkAgent", "cancel"]]);
        assert.deepEqual((await heard(view, "matter-close")).map(([, , detail]) => detail), [{ outcome: "cancelled" }]);
        assert.deepEqual(await view.evaluate(() => element.cancel()), { rolledBack: true }, "nothing runs");
        fine();
    });

    test("cancel() while it is still loading", async () => {
        const view = await show("<matter-commission id=a></matter-commission>");
        await view.evaluate(async () => {
            await document.getElementById("a").report();
            stubs.load = () => new Promise(resolve => (stubs.resolve = resolve));
            void document.getElementById("a").start();
        });
        await view.waitForFunction(() => stubs.resolve !== undefined);
        assert.deepEqual(await view.evaluate(() => document.getElementById("a").cancel()), { rolledBack: true });
        await view.evaluate(() => stubs.resolve());
        await view.waitForTimeout(50);
        assert.deepEqual(await view.evaluate(() => [document.getElementById("a").state, stubs.instances.length]), ["idle", 0]);
        assert.deepEqual((await heard(view, "matter-close")).map(([, , detail]) => detail), [{ outcome: "cancelled" }]);
        fine();
    });

    test("retry() is the primary button of a failure", async () => {
        const view = await running();
        assert.deepEqual(await view.evaluate(async () => {
            instance.screen("failed");
            element.retry();
            await null;
            await null;
            return instance.events.at(-1);
        }), { type: "again" });
    });

    test("removed in mid-flight: undoes by the wizard's own Bluetooth, then lets go of everything", async () => {
        const view = await running();
        const order = await view.evaluate(async () => {
            const order = [];
            instance.screen("joining");
            element.addEventListener("matter-close", event => order.push(`close ${event.detail.outcome}`));
            room.closing = async () => {
                await new Promise(resolve => setTimeout(resolve, 30));
                room.options.link.send(new Uint8Array([9])); // disarms the fail-safe
                order.push(`room closes, wizard ${instance.closed ? "gone" : "there"}`);
            };
            const close = instance.close.bind(instance);
            instance.close = () => (order.push("wizard closes"), close());
            element.remove();
            await new Promise(resolve => setTimeout(resolve, 100));
            tell({ type: "stopDone", rolledBack: true, wait: 0 });
            return { order, sent: instance.sent, state: element.state, left: element.shadowRoot.querySelectorAll("h2").length };
        });
        assert.deepEqual(order, { order: ["room closes, wizard there", "wizard closes", "close cancelled"], sent: [[9]], state: "idle", left: 0 });
        await view.evaluate(() => document.body.append(element));
        await started(view);
        await view.waitForFunction(() => element.state === "code" && stubs.instances.length === 2);
        fine();
    });

    test("moved within the page it goes on", async () => {
        const view = await running();
        await view.evaluate(async () => {
            document.body.append(document.createElement("section"));
            document.querySelector("section").append(element);
            await new Promise(resolve => setTimeout(resolve, 20));
        });
        assert.deepEqual(await view.evaluate(() => [element.state, instance.closed, room.closed]), ["code", false, false]);
        fine();
    });

    test("a program that dies is told, and a new start tries again", async () => {
        const view = await running();
        await view.evaluate(() => {
            instance.screen("checking");
            instance.host.died("panic");
        });
        assert.match(await view.locator("#a >> [role=alert]").textContent(), /stopped unexpectedly/);
        assert.deepEqual((await heard(view, "matter-error")).map(([, , { code }]) => code), ["core-dead"]);
        await view.click("#a >> [part=primary]");
        await view.waitForFunction(() => stubs.instances.length === 2 && element.state === "code");
        assert.equal(await view.evaluate(() => stubs.programs.length), 2, "the program is loaded anew");
        fine();
    });

    test("a worker that cannot be had is told as everything else that fails to load", async () => {
        const view = await running();
        await view.evaluate(async () => {
            await element.cancel();
            stubs.refuse = new DOMException("not of this origin", "SecurityError");
            await element.start();
        });
        assert.match(await view.locator("#a >> [role=alert]").textContent(), /could not be loaded \(not of this origin\)/);
        await view.evaluate(() => (stubs.refuse = undefined));
        await view.click("#a >> [part=primary]");
        await view.waitForFunction(() => element.state === "code");
        fine();
    });

    test("with `manage` the inline element starts by itself, the button does not", async () => {
        const view = await show("<matter-commission id=a manage agent=''></matter-commission><matter-commission-button id=b manage agent=''></matter-commission-button>");
        await view.waitForFunction(() => document.getElementById("a").state === "code");
        assert.deepEqual(await view.evaluate(() => [document.getElementById("b").state, stubs.instances[0].events[0].options.manage]), ["idle", true]);
        await view.evaluate(() => document.getElementById("a").cancel());
        await view.waitForTimeout(50);
        assert.equal(await view.evaluate(() => document.getElementById("a").state), "idle");
        fine();
    });

    test("keeps the screen awake from connecting to done, also after the tab was hidden", async () => {
        const view = await running(undefined, `
            globalThis.locks = [];
            navigator.wakeLock.request = async () => {
                const lock = { released: false, release: async () => void (lock.released = true) };
                locks.push(lock);
                return lock;
            };`);
        const held = () => view.evaluate(async () => (await new Promise(resolve => setTimeout(resolve, 5)), locks.filter(({ released }) => !released).length));
        assert.equal(await held(), 0);
        for (const screen of ["connecting", "securing", "network", "finding"]) {
            await view.evaluate(screen => instance.screen(screen), screen);
            assert.equal(await held(), 1, screen);
        }
        await view.evaluate(() => {
            for (const lock of locks) lock.released = true; // as browsers do when a tab is hidden
            document.dispatchEvent(new Event("visibilitychange"));
        });
        assert.equal(await held(), 1);
        await view.evaluate(() => instance.screen("done"));
        assert.equal(await held(), 0);
        await view.evaluate(() => instance.screen("connecting"));
        assert.equal(await held(), 1);
        await view.evaluate(() => element.remove());
        assert.equal(await held(), 0);
        fine();
    });
});

describe("the dialog", () => {
    const dialog = async init => {
        const view = await show("<input id=before><matter-commission-button id=a></matter-commission-button><input id=after>", { init });
        await view.focus("#before");
        await view.keyboard.press("Tab");
        await view.keyboard.press("Enter");
        await view.waitForFunction(() => globalThis.stubs?.instances.at(-1)?.screenNow === "code");
        return view;
    };
    const where = view => view.evaluate(() => {
        const { activeElement } = document;
        return `${activeElement.id} ${activeElement.shadowRoot?.activeElement?.localName ?? ""}`.trim();
    });

    test("opens by key, holds the focus, and gives it back", async () => {
        const view = await dialog();
        assert.ok(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").matches(":modal")));
        assert.equal(await where(view), "a h2");
        for (let i = 0; i < 4; i++) {
            await view.keyboard.press("Tab");
            assert.match(await where(view), /^(a button)?$|^body/, "not the page behind"); // "" is the browser's own bar
        }
        await view.evaluate(() => stubs.instances[0].host.effect({ type: "closed", outcome: "cancelled" }));
        assert.equal(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").open), false);
        assert.equal(await where(view), "a button");
        fine();
    });

    test("Escape asks the wizard, which decides, every time", async () => {
        const view = await dialog();
        for (let i = 0; i < 3; i++) await view.keyboard.press("Escape");
        assert.deepEqual(await view.evaluate(() => [stubs.instances[0].events.slice(-3).map(({ type }) => type), document.getElementById("a").shadowRoot.querySelector("dialog").open]), [["stop", "stop", "stop"], true]);
        fine();
    });

    test("Escape in a question of the wizard is the question's own", async () => {
        const view = await dialog();
        const events = await view.evaluate(() => {
            const inner = document.createElement("dialog");
            inner.append(document.createElement("button"));
            stubs.instances[0].root.append(inner);
            inner.showModal();
            return stubs.instances[0].events.length;
        });
        await view.keyboard.press("Escape");
        assert.deepEqual(await view.evaluate(() => [stubs.instances[0].events.length, document.getElementById("a").shadowRoot.querySelectorAll("dialog[open]").length]), [events, 1]);
        fine();
    });

    test("Escape and Close end what is still loading, and the button works again", async () => {
        const view = await show("<matter-commission-button id=a></matter-commission-button>");
        for (const leave of [() => view.keyboard.press("Escape"), () => view.click("#a >> dialog >> text=Close")]) {
            await view.evaluate(async () => {
                await document.getElementById("a").report();
                stubs.load = () => new Promise(() => {});
            });
            await view.click("#a >> button");
            await view.waitForSelector("#a >> dialog >> text=Close");
            await leave();
            await view.waitForFunction(() => document.getElementById("a").state === "idle" && !document.getElementById("a").shadowRoot.querySelector("dialog").open);
            assert.equal(await where(view), "a button");
        }
        assert.deepEqual((await heard(view, "matter-close")).map(([, , { outcome }]) => outcome), ["cancelled", "cancelled"]);
        assert.equal(await view.evaluate(() => stubs.instances.length), 0);
        fine();
    });

    test("is named for those who hear it, and out of the page's reach when the element goes", async () => {
        const view = await dialog();
        assert.ok(await view.evaluate(() => document.getElementById("a").shadowRoot.querySelector("dialog").getAttribute("aria-label")));
        await view.evaluate(() => document.getElementById("a").remove());
        await view.waitForFunction(() => stubs.instances[0].closed && stubs.rooms[0].closed);
        await view.evaluate(() => document.getElementById("after").focus());
        assert.equal(await where(view), "after");
        fine();
    });
});

