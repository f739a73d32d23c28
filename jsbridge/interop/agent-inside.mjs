// Runs in a namespace, for agent.test.mjs: a device with multicast, the agent, and our controller, which has neither UDP nor
// multicast of its own but reaches the device through the agent. Prints what it found, one JSON object per line.
//
//     node agent-inside.mjs PROGRAM     the agent's program

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { agentTransport, Controller } from "../../dist/commission/index.js";
import { OnOff } from "../../dist/index.js";
import { DirectoryStore } from "../../dist/node/index.js";
import { startPeer } from "./peers/start.mjs";

const [, , program] = process.argv;
const print = (what, value) => console.log(JSON.stringify({ what, after: Math.round(performance.now()), ...value }));

const logs = { text: "" };
/** @returns the child, and the address that it prints */
async function startAgent(token = "", port = 0) {
    const child = spawn(program, ["-page", "none", "-port", String(port)], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, MATTER_AGENT_TOKEN: token } });
    process.on("exit", () => child.kill("SIGKILL"));
    child.stderr.setEncoding("utf8").on("data", text => (logs.text += text));
    const [line] = await Promise.race([
        once(createInterface({ input: child.stdout }), "line"),
        once(child, "exit").then(([code]) => {
            throw new Error(`the agent ended with ${code}: ${logs.text}`);
        }),
    ]);
    return { child, url: line };
}

async function kill({ child }, signal) {
    const ended = once(child, "exit");
    child.kill(signal);
    return ended;
}

async function first(transport, query, match = () => true) {
    for await (const found of transport.discover(query, AbortSignal.timeout(20_000))) {
        if (match(found)) {
            return found;
        }
    }
    throw new Error(`nothing found of ${JSON.stringify(query)}`);
}

const device = await startPeer("device.mjs", ["--multicast", "--discriminator", "2748"]);
let agent = await startAgent();
const token = new URLSearchParams(new URL(agent.url).hash.slice(1)).get("token");
const { port } = new URL(agent.url);
const directory = mkdtempSync(join(tmpdir(), "matter-session-agent-"));
const transport = agentTransport(agent.url, { webSocket: WebSocket });
const isChange = line => "onOff" in line && !("answer" in line);
const light = { endpoint: 1, cluster: OnOff };
try {
    print("device", device.ready);
    print("state", { state: await transport.state() });
    const stranger = agentTransport(`ws://127.0.0.1:${port}/agent`, { token: "not the token at all".replaceAll(" ", "-"), webSocket: WebSocket });
    print("stranger", { state: await stranger.state() });
    stranger.close();
    for (const [what, query] of [
        ["long", { discriminator: 2748, short: false }], ["short", { discriminator: 2748 >> 8, short: true }], ["all", { all: "commissionable" }],
    ]) {
        print(what, await first(transport, query));
    }

    const controller = await Controller.open({ storage: new DirectoryStore(directory), transport, trust: { test: true } });
    const steps = [];
    const commission = () =>
        controller.commission(device.ready.manual, {
            onAttestation: () => "accept",
            onProgress: ({ step, status }) => {
                if (status === "done") {
                    steps.push(step);
                }
                if (step === "noc" && status === "start" && interrupt !== undefined) {
                    interrupt();
                }
            },
        });

    // The agent dies in the middle of a commissioning. The device takes the second try once it has given up the first.
    const restarted = {};
    let interrupt = () => {
        interrupt = undefined;
        restarted.agent = kill(agent, "SIGKILL").then(() => startAgent(token, port));
    };
    const failure = await commission().then(() => undefined, error => error);
    agent = await restarted.agent;
    print("interrupted", { code: failure?.code, retry: failure?.retry, state: await transport.state() });
    await device.ask({ do: "erase" });

    steps.length = 0;
    const began = performance.now();
    const { nodeId, address } = await commission();
    print("commissioned", { steps, address, ms: Math.round(performance.now() - began) });
    await controller.invoke(nodeId, { ...light, command: "toggle" });
    print("toggled", { onOff: (await device.next(isChange, "the change")).onOff });

    // Between two commands the agent is stopped as its user would, and comes back at the same place with the same token.
    const [code] = await kill(agent, "SIGTERM");
    let state;
    for (const end = Date.now() + 5000; (state = await transport.state()) === "ready" && Date.now() < end;) {
        await new Promise(resolve => setTimeout(resolve, 5)); // this side hears a little later that it has gone
    }
    print("stopped", { code, state });
    agent = await startAgent(token, port);
    const connection = await controller.connect(nodeId);
    await connection.invoke({ ...light, command: "toggle" });
    print("toggled again", { onOff: (await device.next(isChange, "the change")).onOff });

    const instance = `${controller.compressedFabricId}-${nodeId.toString(16).toUpperCase().padStart(16, "0")}`;
    print("operational", { ...(await first(transport, { operational: instance })), expected: instance });
    const channel = await transport.open({ id: instance }, AbortSignal.timeout(10_000));
    channel.close();
    print("by name", await channel.closed);
    // Addresses that nobody has found or named.
    for (const peer of [{ host: "fe80::a", port: 5541, zone: "m0" }, { host: "192.0.2.1", port: device.ready.port }, { host: "169.254.169.254", port: 8080 }]) {
        const error = await transport.open(peer, AbortSignal.timeout(10_000)).then(() => undefined, error => error);
        print("refused", { message: error?.message });
    }
    await controller.close();
    transport.close();
    await kill(agent, "SIGTERM");
    print("logs", { text: logs.text, token });
} finally {
    rmSync(directory, { recursive: true });
    await device.stop();
}
process.exit(0);
