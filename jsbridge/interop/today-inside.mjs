// Runs in a network namespace, for matterjs-today.test.mjs: a light and a controller of matter.js 0.17.9, each in a process
// of its own, each with its own sessions or with ours. Prints what happened, step by step.
//
//     node today-inside.mjs DEVICE CONTROLLER [--verbose]     each "ours", "original", or "all ours" with our Crypto too

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPeer } from "./peers/start.mjs";

const [device, controller, ...more] = process.argv.slice(2);
const start = (which, script, args) => {
    const peer = name => new URL(`peers/${name}`, import.meta.url).href;
    const modules = [peer("today-report.mjs")];
    if (which === "all ours") modules.unshift(peer("matterjs-crypto.mjs"));
    if (which !== "original") modules.unshift(import.meta.resolve("matter-session/matterjs/register"));
    return startPeer(script, [...args, ...more], { node: modules.flatMap(module => ["--import", module]) });
};
const print = (step, value = {}) => console.log(JSON.stringify({ step, after: Math.round(performance.now()), ...value }));
const report = async peer => {
    peer.child.kill("SIGUSR2");
    return peer.next(line => line.ours !== undefined, "its report");
};
const storage = mkdtempSync(join(tmpdir(), "matter-session-controller-"));
const startController = () => start(controller, "today-controller.mjs", ["--directory", storage]);

const light = await start(device, "device.mjs", ["--multicast", "--port", "5540", "--discriminator", "2748"]);
let home = await startController();
const changed = line => "onOff" in line && !("answer" in line);
try {
    print("commissioned", await home.ask({ do: "commission", passcode: light.ready.passcode, discriminator: 2748 }));
    await light.next(line => line.commissioned === true);

    const toggle = async () => {
        await home.ask({ do: "toggle" });
        return { ...(await light.next(changed)), ...(await home.ask({ do: "read" })) };
    };
    print("toggle", await toggle());
    print("toggle", await toggle());

    // Toggled twice, it is off; what is set at the device itself only a subscription can tell.
    // What it may still bring of the toggles is none of it.
    while (await home.next(line => line.reported !== undefined, "a report", 2000).catch(() => undefined));
    await light.ask({ do: "set", onOff: true });
    print("reported", await home.next(line => line.reported === true));
    await light.next(changed);
    print("controller", await report(home));

    await home.stop();
    home = await startController();
    print("connected again", await home.ask({ do: "connect" }, 90_000));
    print("toggle", await toggle());
    print("removed", await home.ask({ do: "remove" }));
    await light.next(line => line.commissioned === false, "the end of its last fabric");
    // It starts anew then.
    let fabrics;
    for (const limit = Date.now() + 20_000; fabrics !== 0 && Date.now() < limit; await new Promise(resolve => setTimeout(resolve, 100))) {
        fabrics = await light.ask({ do: "state" }).then(state => state.fabrics, () => undefined);
    }
    print("fabric", { fabrics });
    print("restarted controller", await report(home));
    print("device", await report(light));
} finally {
    await Promise.all([light.stop(), home.stop()]);
    rmSync(storage, { recursive: true, force: true });
}
process.exit(0);
