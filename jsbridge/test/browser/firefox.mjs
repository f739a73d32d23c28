// Debian's Firefox, headless, by WebDriver BiDi over a plain WebSocket: what a test of a page needs, no more.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";

const executablePath = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

/** Opens url in a browser of its own. evaluate() runs an expression that may be a promise and gives back what JSON can carry. */
export async function openFirefox(url) {
    if (executablePath === undefined) throw new Error("these tests need Firefox: as root on Debian, make setup (package firefox-esr)");
    const profile = mkdtempSync(join(tmpdir(), "matter-session-firefox-"));
    const browser = spawn(executablePath, ["--headless", "--remote-debugging-port=0", "--profile", profile, "--no-remote", "about:blank"], {
        // Its own home: a user without one gets no browser otherwise.
        env: { ...process.env, HOME: profile, MOZ_HEADLESS: "1" },
        stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(browser, "exit");
    const end = async () => {
        browser.kill("SIGTERM");
        await ended;
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    };
    let address;
    for await (const line of createInterface({ input: browser.stderr })) {
        address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
        if (address !== undefined) break;
    }
    browser.stderr.resume();
    if (address === undefined) {
        await end();
        throw new Error("Firefox ended before it listened");
    }

    const socket = new WebSocket(`${address}/session`);
    await once(socket, "open");
    const pending = new Map();
    const problems = [];
    const requests = [];
    let last = 0;
    socket.on("message", data => {
        const message = JSON.parse(data);
        if (message.type === "event") {
            const { level, text, request } = message.params;
            if (message.method === "log.entryAdded" && level === "error") problems.push(text);
            if (message.method === "network.beforeRequestSent") requests.push(request.url);
            return;
        }
        const { resolve, reject } = pending.get(message.id);
        pending.delete(message.id);
        if (message.type === "success") resolve(message.result);
        else reject(new Error(`${message.error}: ${message.message}`));
    });
    const command = (method, params) =>
        new Promise((resolve, reject) => {
            pending.set(++last, { resolve, reject });
            socket.send(JSON.stringify({ id: last, method, params }));
        });

    await command("session.new", { capabilities: {} });
    await command("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
    const { contexts } = await command("browsingContext.getTree", {});
    const context = contexts[0].context;
    await command("browsingContext.navigate", { context, url, wait: "complete" });
    const perform = (type, id, actions) => command("input.performActions", { context, actions: [{ type, id, actions }] });
    return {
        /** What the page logged as an error or threw, and the addresses that it asked for. */
        problems,
        requests,
        async reload() {
            await command("browsingContext.reload", { context, wait: "complete" });
        },
        /** The mouse's left button, at a point of the viewport: input as of a person, which pages cannot tell apart. */
        async click(x, y) {
            await perform("pointer", "mouse", [{ type: "pointerMove", x: Math.round(x), y: Math.round(y) }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }]);
        },
        /** Keys, into what has the focus. */
        async type(text) {
            await perform("key", "keyboard", [...text].flatMap(value => [{ type: "keyDown", value }, { type: "keyUp", value }]));
        },
        async evaluate(expression) {
            const wrapped = `(async () => JSON.stringify(await (${expression})))()`;
            const answer = await command("script.evaluate", { expression: wrapped, target: { context }, awaitPromise: true, userActivation: true });
            if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
            return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
        },
        /** A PNG of what is visible, or of a part of it. @param box - x, y, width, height in the viewport */
        async screenshot(box) {
            const clip = box === undefined ? {} : { clip: { type: "box", ...box } };
            return Buffer.from((await command("browsingContext.captureScreenshot", { context, ...clip })).data, "base64");
        },
        async close() {
            await command("browser.close", {}).catch(() => {});
            socket.close();
            await end();
        },
    };
}
