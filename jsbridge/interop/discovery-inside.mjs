// Runs in a namespace, for discovery.test.mjs: a device with multicast, and our search for it.

import { discover } from "../../dist/node/dnssd.js";
import { startPeer } from "./peers/start.mjs";

async function first(query, match = () => true) {
    for await (const found of discover(query, AbortSignal.timeout(20_000))) {
        if (match(found)) {
            return found;
        }
    }
    throw new Error(`nothing found of ${JSON.stringify(query)}`);
}

const [device, controller] = await Promise.all([
    startPeer("device.mjs", ["--multicast", "--discriminator", "2748"]),
    startPeer("controller.mjs", ["--multicast"]),
]);
const print = (what, value) => console.log(JSON.stringify({ what, after: Math.round(performance.now()), ...value }));
try {
    print("device", device.ready);
    print("long", await first({ discriminator: 2748, short: false }));
    print("short", await first({ discriminator: 2748 >> 8, short: true }));
    const { nodeId } = await controller.ask({ do: "commission", port: device.ready.port, passcode: device.ready.passcode });
    print("node", { nodeId });
    // The controller announces itself too.
    const operational = await first({ all: "operational" }, ({ peer }) => peer.port === device.ready.port);
    print("operational", operational);
    print("by name", await first({ operational: operational.instance }));
} finally {
    await Promise.all([device.stop(), controller.stop()]);
}
process.exit(0);
