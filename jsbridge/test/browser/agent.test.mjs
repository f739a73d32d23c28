// The agent and real browsers: the page that it serves under its own policy, pages of other origins, and what a browser lets
// a page of the public network do.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openFirefox } from "./firefox.mjs";
import { bundle, launchBrowser, openPage } from "./harness.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "matter-session-agent-"));
const program = join(directory, "agent");
/** A secured message's shape. */
const message = [0, 0x39, 0x30, 0, 1, 0, 0, 0, ...Array(22).fill(7)];
const running = new Set();
let script;
let device;

before(async () => {
    assert.ok(existsSync(join(root, "dist/commission/agent.js")), "dist is not built: run make build");
    execFileSync(process.env.GO ?? "go", ["build", "-o", program, "./web/agent"], { cwd: root, stdio: "inherit" });
    script = await bundle(new URL("agent-page.mjs", import.meta.url));
    writeFileSync(join(directory, "index.html"), '<!doctype html><meta charset=utf-8><title>test</title><script type="module" src="page.js"></script>');
    writeFileSync(join(directory, "page.js"), script.replace(/^\/\/# sourceMappingURL.*$/m, ""));
    device = createSocket("udp4").on("message", (octets, from) => device.send(octets, from.port, from.address));
    device.bind(0, "127.0.0.1");
    await once(device, "listening");
});
after(async () => {
    for (const child of running) child.kill("SIGKILL");
    device?.close();
    rmSync(directory, { recursive: true });
});

async function startAgent(args = [], token = "") {
    const child = spawn(program, ["-page", directory, "-port", "0", "-allow", `127.0.0.1:${device.address().port}`, ...args], {
        stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, MATTER_AGENT_TOKEN: token },
    });
    running.add(child);
    const [url] = await once(createInterface({ input: child.stdout }), "line");
    return { child, url, origin: new URL(url).origin };
}

const peer = () => ({ host: "127.0.0.1", port: device.address().port });
const ready = page => page.waitForFunction(() => globalThis.ready);

test("the page that the agent serves reaches a device by it, under the agent's policy, and tells when it has gone", async () => {
    const agent = await startAgent();
    const { context, close } = await launchBrowser();
    try {
        const page = await context.newPage();
        const problems = [];
        page.on("pageerror", error => problems.push(String(error)));
        page.on("console", said => said.type() === "error" && !said.text().includes("favicon") && problems.push(said.text()));
        const asked = [];
        page.on("request", request => asked.push(request.url()));
        await page.goto(agent.url);
        await ready(page);
        assert.deepEqual(await page.evaluate(([url, peer, octets]) => echo(url, peer, octets), [agent.url, peer(), message]), message);
        assert.deepEqual(problems.filter(text => !text.includes("404")), []);
        // The token stays in the page.
        const token = new URLSearchParams(new URL(agent.url).hash.slice(1)).get("token");
        assert.ok(token.length >= 26 && asked.length >= 2);
        assert.deepEqual(asked.filter(url => new URL(url).origin !== agent.origin || (url.includes(token) && !url.includes("#"))), []);
        assert.equal(await page.evaluate(url => stateOf(url, "0123456789abcdefghij"), agent.origin), "token");
        // By name and by IPv6 it is the same agent.
        for (const host of ["localhost", "[::1]"]) {
            await page.goto(agent.url.replace("127.0.0.1", host));
            await ready(page);
            assert.equal(await page.evaluate(url => stateOf(url), page.url()), "ready", host);
        }
        agent.child.kill("SIGTERM");
        await once(agent.child, "exit");
        assert.equal(await page.evaluate(url => stateOf(url), page.url()), "unreachable");
    } finally {
        await close();
    }
});

test("a page of another origin gets nothing, unless the agent's user allows it", async () => {
    const token = "0123456789abcdefghij";
    const { page, close } = await openPage({ "/page.js": script });
    try {
        await page.addScriptTag({ url: "/page.js", type: "module" });
        await ready(page);
        const strict = await startAgent([], token);
        const open = await startAgent(["-origin", new URL(page.url()).origin], token);
        const state = agent => page.evaluate(([url, token]) => stateOf(url, token), [agent.origin, token]);
        assert.equal(await state(strict), "unreachable");
        assert.equal(await state(open), "ready");
        // Nor can it read what the agent says of itself.
        const about = url => page.evaluate(url => fetch(`${url}/agent`).then(response => response.json(), () => "refused"), url);
        assert.equal(await about(strict.origin), "refused");
        assert.equal((await about(open.origin)).agent, "matter-session");
    } finally {
        await close();
    }
});

test("a page of the public network is told that its browser blocks the way", async () => {
    const token = "0123456789abcdefghij";
    const server = createServer((request, response) => {
        const isScript = request.url === "/page.js";
        response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" }).end(isScript ? script : "<!doctype html><meta charset=utf-8><title>test</title>");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${server.address().port}`;
    // To this browser the page's server is one of the public network; the agent is not.
    const { context, close } = await launchBrowser({ args: [`--ip-address-space-overrides=${host}=public`] });
    try {
        const page = await context.newPage();
        await page.goto(`http://${host}/`);
        await page.addScriptTag({ url: "/page.js", type: "module" });
        await ready(page);
        const agent = await startAgent(["-origin", `http://${host}`], token);
        const url = agent.origin.replace("127.0.0.1", "localhost"); // not this page's own host
        assert.equal(await page.evaluate(([url, token]) => stateOf(url, token), [url, token]), "blocked");
    } finally {
        await close();
        server.close();
    }
});

test("Firefox takes the agent's page and its policy too", async () => {
    const agent = await startAgent();
    const firefox = await openFirefox(agent.url);
    try {
        assert.deepEqual(await firefox.evaluate(`echo(${JSON.stringify(agent.url)}, ${JSON.stringify(peer())}, ${JSON.stringify(message)})`), message);
    } finally {
        await firefox.close();
    }
});
