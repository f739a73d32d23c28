// Runs in a network namespace, for matterjs-node.test.mjs: a light and a controller of matter.js 0.9.4, each in a process
// of its own, each on its own sessions or on ours. Prints what happened, step by step.
//
//     node matterjs-inside.mjs DEVICE CONTROLLER [--cjs] [--verbose]    each "ours", "original", or a bundled peer's path;
//                                                     the controller also two of them, "ours,original": the second restarted

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ours } from "./peers/ours.mjs";
import { startPeer } from "./peers/start.mjs";

const [device, controllers, ...more] = process.argv.slice(2);
/** Starts a peer, unless it is to be another one instead. */
const start = (which, script, args) =>
    isAbsolute(which) ? startPeer(pathToFileURL(which).href, args) : startPeer(script, args, { node: which === "ours" ? ours(more) : [] });
const print = (step, value = {}) => console.log(JSON.stringify({ step, after: Math.round(performance.now()), ...value }));
const storage = mkdtempSync(join(tmpdir(), "matter-session-controller-"));
const [controller, restarted = controller] = controllers.split(",");
const startController = which => start(which, "legacy-controller.mjs", ["--storage", storage, ...more]);

const light = await start(device, "legacy-device.mjs", ["--port", "5540", "--discriminator", "2748", ...more]);
let home = await startController(controller);
try {
    print("commissioned", await home.ask({ do: "commission", ...light.ready }));
    print("fabric", await light.next(line => line.fabrics !== undefined));
    print("first session", await light.next(line => line.session !== undefined));
    print("second session", await light.next(line => line.session !== undefined));

    const toggle = async () => {
        await home.ask({ do: "toggle" });
        return { ...(await light.next(line => line.onOff !== undefined)), ...(await home.ask({ do: "read" })) };
    };
    print("toggle", await toggle());
    print("toggle", await toggle());

    // Toggled twice, it is off; what is set at the device itself only a subscription can tell.
    await light.ask({ do: "set", onOff: true });
    print("reported", await home.next(line => line.reported === "1/6/onOff" && line.value === true));
    await light.next(line => line.onOff === true);
    print("controller", await home.ask({ do: "report" }));

    await home.stop();
    home = await startController(restarted);
    print("connected again", await home.ask({ do: "connect" }));
    print("third session", await light.next(line => line.session !== undefined));
    print("toggle", await toggle());
    print("removed", await home.ask({ do: "remove" }));
    print("fabric", await light.next(line => line.fabrics === 0));
    print("restarted controller", await home.ask({ do: "report" }));
    print("device", await light.ask({ do: "report" }));
} finally {
    await Promise.all([light.stop(), home.stop()]);
    rmSync(storage, { recursive: true, force: true });
}
process.exit(0);
