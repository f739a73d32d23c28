// A network namespace of the test's own, with one interface that carries multicast: what DNS-SD needs, without touching
// or depending on the machine's network. Works as root, and as a user where the kernel lets users make namespaces.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

const setUp = [
    "ip link set lo up",
    "ip link add m0 type veth peer name m1",
    "ip link set m0 addrgenmode none",
    "ip link set m0 up",
    "ip link set m1 up",
    "ip addr add 192.0.2.1/24 dev m0",
    "ip addr add fe80::a/64 dev m0 nodad",
    "ip route add 224.0.0.0/4 dev m0",
].join(" && ");

const unshare = ["--net", ...(process.getuid() === 0 ? [] : ["--map-root-user"]), "--kill-child", "--fork", "sh", "-c", `${setUp} && exec "$0" "$@"`, process.execPath];

/**
 * For a test file as a whole: at its top, `enterNamespace()` runs it again in a namespace of its own, where the runner hears
 * it as before, and ends with its end; there the same call does nothing.
 */
export function enterNamespace() {
    if (process.env.MATTER_SESSION_NAMESPACE === "own") return;
    const env = { ...process.env, MATTER_SESSION_NAMESPACE: "own" };
    const { status, error } = spawnSync("unshare", [...unshare, ...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit", env });
    if (error !== undefined) throw new Error("there is no unshare(1) here: these tests need util-linux", { cause: error });
    process.exit(status ?? 1);
}

/** Runs a Node script in a namespace. @returns what it printed, one JSON value per line; throws unless it exits with 0 */
export async function inNamespace(script, args = [], { milliseconds = 60_000 } = {}) {
    const child = spawn("unshare", [...unshare, script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const outputs = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
        child[name].setEncoding("utf8").on("data", text => (outputs[name] += text));
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
    const [code, signal] = await once(child, "close");
    clearTimeout(timer);
    if (code !== 0) {
        throw new Error(`in its namespace ${script} ended with ${code ?? signal}: ${outputs.stderr}${outputs.stdout}`);
    }
    return outputs.stdout.trim().split("\n").map(line => JSON.parse(line));
}
