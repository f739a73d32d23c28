// make demo: a real device of another make joins a fabric of ours and obeys it, before the reader's eyes.
//
// matter.js's on/off light runs in a process of its own and listens on loopback. On our side of the wire there is only
// this project: Go, compiled to dist/matter-session.wasm, called from this script. The device's address is known, so
// neither multicast nor root is needed. The fabric's keys live in a directory that is removed at the end.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../dist/index.js";
import { Controller } from "../../dist/commission/index.js";
import { OnOff } from "../../dist/index.js";
import { DirectoryStore, UdpTransport } from "../../dist/node/index.js";
import { startPeer } from "./peers/start.mjs";

const names = {
    payload: "read the setup code",
    link: "reach the device",
    pase: "session by passcode (PASE)",
    facts: "ask what it is",
    "fail-safe": "arm its fail-safe",
    regulatory: "tell it where it is",
    time: "set its clock",
    attestation: "check who made it",
    csr: "have it make its key",
    root: "install our root certificate",
    noc: "issue and install its certificate",
    scan: "look for networks",
    network: "hand over network credentials",
    connect: "join the network",
    discover: "find it on the network",
    case: "session by certificate (CASE)",
    complete: "complete the commissioning",
    label: "name our fabric on it",
};

const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const dim = text => (colour ? `\x1b[2m${text}\x1b[22m` : text);
const bold = text => (colour ? `\x1b[1m${text}\x1b[22m` : text);
const say = (mark, text, note = "") => console.log(`  ${mark} ${text.padEnd(38)}${dim(note)}`);
const heading = text => console.log(`\n${bold(text)}`);
const ms = milliseconds => `${Math.round(milliseconds)} ms`.padStart(8);

/** Runs one step and prints how long it took; note may add to that. */
async function step(text, run, note = () => "") {
    const begun = performance.now();
    const result = await run();
    const took = performance.now() - begun;
    const more = note(result);
    say("✓", text, more === "" ? ms(took) : `${ms(took)}   ${more}`);
    return result;
}

function expect(condition, complaint) {
    if (!condition) {
        throw new Error(complaint);
    }
}

const begun = performance.now();
const { version } = JSON.parse(await readFile(new URL("../../node_modules/@matter/main/package.json", import.meta.url), "utf8"));
const transport = new UdpTransport();
let device, controller, directory;
try {
    heading("A device of another make");
    device = await step(
        `matter.js ${version} on/off light starts`,
        () => startPeer("device.mjs"),
        d => `process ${d.child.pid}, [::1]:${d.ready.port}`,
    );
    const { qr, manual, port } = device.ready;
    say("·", `its label says ${qr}`, `         or ${manual.replace(/^(....)(...)(....)$/, "$1-$2-$3")}`);
    say("·", "its address is known", "         so nothing is searched for, and no multicast is needed");

    heading("Our side");
    const core = await step("load the WebAssembly blob", () => start(), () => "dist/matter-session.wasm");
    directory = await mkdtemp(join(tmpdir(), "matter-session-demo-"));
    const open = () => Controller.open({ core, storage: new DirectoryStore(directory), transport, trust: { test: true }, fabric: { label: "Demo home" } });
    controller = await step("make a fabric and store its keys", open, c => `fabric ${c.fabricId.toString(16).toUpperCase()}`);

    heading("Commissioning");
    const commissioning = performance.now();
    let verdict;
    const { nodeId } = await controller.commission(qr, {
        address: `[::1]:${port}`,
        onAttestation(report) {
            verdict = report.verdict;
            return "accept"; // matter.js's light has a certificate for tests, and says so
        },
        onProgress({ step, status, elapsedMs }) {
            if (status === "done") {
                const note = step === "attestation" ? `   ${verdict}: a development device, let through here` : "";
                say("✓", names[step] ?? step, ms(elapsedMs) + note);
            } else if (status === "skipped") {
                say("–", names[step] ?? step, "          not needed");
            } else if (status === "slow" || status === "failed") {
                say("…", names[step] ?? step, `          ${status}`);
            }
        },
    });
    say(" ", bold(`node ${nodeId.toString(16).toUpperCase().padStart(16, "0")} is ours`), ms(performance.now() - commissioning));

    heading("At work");
    const light = { endpoint: 1, cluster: OnOff };
    const node = await controller.connect(nodeId);
    for (const on of [true, false]) {
        await step(`switch it ${on ? "on" : "off"}`, async () => {
            await node.invoke({ ...light, command: "toggle" });
            await device.next(line => line.onOff === on, `the light to go ${on ? "on" : "off"}`);
        }, () => "the light confirms");
    }
    await step("read its state back", () => node.read({ ...light, attribute: "onOff" }), state => {
        expect(state === false, `the state reads ${state}, not false`);
        return "off";
    });
    node.close();
    await step("close the session, resume it", () => controller.connect(nodeId), again => {
        expect(again.resumed, "the session was set up anew, not resumed");
        return "without a signature";
    });
    await step("start again from storage, resume", async () => {
        await controller.close();
        controller = await open();
        return controller.connect(nodeId);
    }, again => {
        expect(again.resumed, "the session was set up anew, not resumed");
        return "a new controller on the stored keys";
    });
    expect((await controller.read(nodeId, { ...light, attribute: "onOff" })) === false, "the resumed session reads another state");
    await step("close the session", () => controller.close());
} catch (error) {
    process.exitCode = 1;
    console.error(`\n  ✗ ${error?.stack ?? error}`);
} finally {
    await controller?.close();
    await transport.close();
    await device?.stop();
    if (directory !== undefined) {
        await rm(directory, { recursive: true, force: true });
    }
}
if (process.exitCode !== 1) {
    console.log(`\nDone in ${((performance.now() - begun) / 1000).toFixed(1)} s. Nothing is left running, and nothing on disk.`);
}
