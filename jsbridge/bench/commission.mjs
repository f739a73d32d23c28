// make bench: the same device, in the same run, commissioned by our controller (the blob, from a Node script) and by
// matter.js 0.17.9's own, in turns, from the call to the answer to CommissioningComplete. Both are told the address, so
// that no discovery is measured; what matter.js reads of the device afterwards is not counted. The first round of each is
// shown apart: it compiles.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../dist/index.js";
import { openController } from "../../dist/node/index.js";
import { startPeer } from "../interop/peers/start.mjs";

const rounds = Number(process.env.ROUNDS ?? 10);

const [device, theirs] = await Promise.all([startPeer("device.mjs"), startPeer("controller.mjs")]);
const { port, passcode, qr } = device.ready;
await start();
const directory = mkdtempSync(join(tmpdir(), "matter-session-bench-"));
const ours = await openController({ directory, discovery: false, trust: { test: true } });

async function commissionOurs() {
    const steps = [];
    const start = performance.now();
    await ours.commission(qr, {
        address: `[::1]:${port}`,
        onAttestation: () => "accept",
        onProgress: ({ step, status, elapsedMs }) => status === "done" && steps.push([step, elapsedMs]),
    });
    return { total: performance.now() - start, steps };
}

async function commissionTheirs() {
    const { flow, steps } = await theirs.ask({ do: "commission", port, passcode });
    return { total: flow, steps };
}

const results = { ours: [], theirs: [] };
try {
    for (let round = 0; round <= rounds; round++) {
        for (const who of round % 2 === 0 ? ["ours", "theirs"] : ["theirs", "ours"]) {
            await device.ask({ do: "erase" });
            await new Promise(resolve => setTimeout(resolve, 100)); // the device settles
            results[who].push(who === "ours" ? await commissionOurs() : await commissionTheirs());
        }
    }
} finally {
    await ours.close();
    await Promise.all([device.stop(), theirs.stop()]);
    rmSync(directory, { recursive: true });
}

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = value => `${value.toFixed(0)} ms`.padStart(8);
const line = (name, all) => {
    const [first, ...rest] = all.map(({ total }) => total);
    console.log(`${name.padEnd(34)}${ms(first)}${ms(median(rest))}${ms(Math.min(...rest))}${ms(Math.max(...rest))}`);
    return median(rest);
};
console.log(`commissioning matter.js 0.17.9's on/off light over loopback, ${rounds} rounds in turns`);
console.log(`${"".padEnd(34)}${["first", "median", "least", "most"].map(t => t.padStart(8)).join("")}`);
const [a, b] = [line("matter-session (blob, Node)", results.ours), line("matter.js 0.17.9's own controller", results.theirs)];
console.log(`ours takes ${((100 * a) / b).toFixed(0)} % of its time`);
const names = [...new Set(results.ours.flatMap(({ steps }) => steps.map(([step]) => step)))];
const parts = names.map(name => [name, median(results.ours.slice(1).flatMap(({ steps }) => steps.filter(([s]) => s === name).map(([, t]) => t)))]);
console.log(`our steps: ${parts.filter(([, t]) => t > 0).map(([name, t]) => `${name} ${t.toFixed(0)}`).join(", ")} ms`);
