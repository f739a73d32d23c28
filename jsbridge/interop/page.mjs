// The whole of the page for tests and the demo: the agent as a process, Chromium on what it serves, and a person who sees
// and presses what a person would.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { prepareZXingModule, readBarcodes, writeBarcode } from "zxing-wasm";
import { launchBrowser } from "../test/browser/harness.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Its own program, from the package instead of a public network.
prepareZXingModule({ overrides: { wasmBinary: readFileSync(join(root, "node_modules/zxing-wasm/dist/full/zxing_full.wasm")).buffer } });

/** Reads the one code of a picture, by a decoder of another make. @param picture - PNG, JPEG… */
export async function readPicture(picture) {
    const found = await readBarcodes(new Blob([picture]), { formats: ["QRCode"] });
    assert.equal(found.length, 1, "the picture holds no QR code, or several");
    return found[0].text;
}

/** The picture of a code, as PNG. */
export async function codePicture(text) {
    const { image, error } = await writeBarcode(text, { format: "QRCode", scale: 6 });
    assert.equal(error, "");
    return Buffer.from(await image.arrayBuffer());
}

/** Builds the agent. @returns its program */
export function buildAgent() {
    const program = join(root, ".cache/agent");
    execFileSync(process.env.GO ?? "go", ["build", "-o", program, "./web/agent"], { cwd: root, stdio: "inherit" });
    return program;
}

/**
 * Starts the agent, which serves dist/page.
 *
 * @returns `url`, what it prints; `logs`, its standard error so far; `stop(signal)`; `restart()`, at the same port with the same token
 */
export async function startAgent(program, args = []) {
    assert.ok(existsSync(join(root, "dist/page/index.html")), "dist/page is not built: run make build");
    const agent = { url: "", logs: "" };
    let child;
    const start = async (more, env) => {
        child = spawn(program, ["-page", join(root, "dist/page"), ...args, ...more], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
        const started = child;
        process.on("exit", () => started.kill("SIGKILL"));
        child.stderr.setEncoding("utf8").on("data", text => (agent.logs += text));
        const [line] = await Promise.race([
            once(createInterface({ input: child.stdout }), "line"),
            once(child, "exit").then(([code]) => {
                throw new Error(`the agent ended with ${code}: ${agent.logs}`);
            }),
        ]);
        return line;
    };
    agent.stop = async (signal = "SIGTERM") => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        child.kill(signal);
        await ended;
    };
    agent.url = await start(["-port", "0"], {});
    const token = new URLSearchParams(new URL(agent.url).hash.slice(1)).get("token");
    agent.token = token;
    agent.restart = async () => {
        await agent.stop();
        await start(["-port", new URL(agent.url).port], { MATTER_AGENT_TOKEN: token });
    };
    return agent;
}

/** A Chromium with a profile of its own. @returns `open(url)`, a page with its person, any number of them; `close()` */
export async function startBrowser(options = {}) {
    const { context, close } = await launchBrowser(options);
    return { context, close, open: async (url, how) => new Person(await context.newPage(), url).arrive(how) };
}

/** Somebody before the page. Sees what is visible, finds things by their names, waits as long as a person would. */
export class Person {
    constructor(page, url) {
        this.page = page;
        this.url = url;
        /** What the page threw or logged as an error, and requests to other origins. */
        this.problems = [];
        this.requests = [];
        page.setDefaultTimeout(20_000);
        page.on("pageerror", error => this.problems.push(String(error)));
        page.on("console", message => message.type() === "error" && this.problems.push(message.text()));
        page.on("request", request => {
            this.requests.push(request.url());
            const { protocol, host } = new URL(request.url());
            if (/^(http|ws)s?:$/.test(protocol) && host !== new URL(url).host) this.problems.push(`a request to another origin: ${request.url()}`);
        });
    }

    /** @param how - `code`: filled in by the address, as a link does; `testDevices`: the page may let in those; `language` */
    async arrive({ code, testDevices = true, language } = {}) {
        const url = new URL(this.url);
        const fragment = new URLSearchParams(url.hash.slice(1));
        if (code !== undefined) fragment.set("code", code);
        if (testDevices) fragment.set("test-devices", "");
        url.hash = fragment.toString();
        if (language !== undefined) await this.page.addInitScript(all => Object.defineProperty(navigator, "languages", { value: all }), [language]);
        await this.page.addInitScript(() => {
            // Collects what the element tells its host.
            globalThis.told = [];
            for (const name of ["matter-state", "matter-step", "matter-attestation", "matter-network", "matter-error", "matter-commissioned", "matter-share", "matter-close"]) {
                addEventListener(name, event => globalThis.told.push({ name, detail: event.detail }));
            }
        });
        await this.page.goto(url.href);
        return this;
    }

    /** The screen that is shown. */
    screen() {
        return this.page.evaluate(() => document.querySelector("matter-commission").state);
    }

    /** Waits for one of these screens; another end (failed, stopped) is told with its sentence. */
    async reach(...screens) {
        const ends = ["failed", "stopped"].filter(screen => !screens.includes(screen));
        const handle = await this.page.waitForFunction(
            all => {
                const { state } = document.querySelector("matter-commission");
                return all.includes(state) ? state : undefined;
            },
            [...screens, ...ends],
            { timeout: 40_000 },
        ).catch(async error => {
            throw new Error(`${screens.join(" or ")} was not reached; the page is at ${await this.screen()}: ${await this.text()}`, { cause: error });
        });
        const screen = await handle.jsonValue();
        assert.ok(screens.includes(screen), `${screens.join(" or ")} was not reached: ${await this.text()}`);
        return screen;
    }

    /** All that can be read. */
    async text() {
        return this.page.locator("matter-commission").evaluate(element => {
            const texts = [];
            const walk = node => {
                for (const child of (node.shadowRoot ?? node).childNodes) {
                    if (child.nodeType === Node.TEXT_NODE) texts.push(child.data.trim());
                    else if (child.nodeType === Node.ELEMENT_NODE && child.localName !== "style" && child.checkVisibility()) walk(child);
                }
            };
            walk(element);
            return texts.filter(Boolean).join(" ");
        });
    }

    button(name) {
        return this.page.getByRole("button", { name });
    }

    async press(name) {
        await this.button(name).first().click();
    }

    /** Types a code and goes on. */
    async typeCode(code) {
        await this.reach("code");
        await this.page.getByRole("textbox").pressSequentially(code, { delay: 3 });
        await this.press("Continue");
    }

    /** Switches the light of the device's screen, and waits until the light itself says so: twice, so that it is as before. */
    async toggle(device) {
        await this.reach("device");
        const light = this.page.getByRole("switch");
        await light.waitFor();
        for (let i = 0; i < 2; i++) {
            const on = !(await light.isChecked());
            await light.click();
            await device.next(line => line.onOff === on && !("answer" in line), `the light to go ${on ? "on" : "off"}`);
            await this.page.waitForFunction(on => document.querySelector("matter-commission").shadowRoot.querySelector("[role=switch]").ariaChecked === String(on), on);
        }
    }

    /** All that the shadow trees hold. */
    markup() {
        return this.page.locator("matter-commission").evaluate(element => {
            const parts = [];
            const walk = node => {
                for (const child of node.querySelectorAll("*")) {
                    parts.push(child.outerHTML, child.value ?? "");
                    if (child.shadowRoot) walk(child.shadowRoot);
                }
            };
            walk(element.shadowRoot);
            return parts.join("\n");
        });
    }

    /** Takes the one device that is found, unless the page goes on by itself. */
    async choose() {
        const found = this.page.getByText("In pairing mode", { exact: true });
        await Promise.race([found.first().click(), this.reach("securing", "checking", "decide", "failed")]);
    }

    /** What the element has told its host, by event name. */
    told(name) {
        return this.page.evaluate(
            name => JSON.parse(JSON.stringify(globalThis.told.filter(event => event.name === name).map(event => event.detail), (_, value) => (typeof value === "bigint" ? value.toString() : value))),
            name,
        );
    }
}
