// Starts a peer of this folder as a child process and speaks its JSON lines.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const running = new Set();
process.on("exit", () => {
    for (const child of running) {
        child.kill("SIGKILL");
    }
});

/**
 * Starts a peer and waits until it is ready.
 *
 * @param script - its file in this folder, such as "device.mjs"
 * @param options - `node`: Node's own options, before the script
 * @returns `ready`, its first line; `next(match)`, the first line, past or to come, that match accepts, once;
 *   `ask(command)`, the answer to a command, thrown as an Error if it failed; `stop()`
 */
export async function startPeer(script, args = [], { node = [], patience = 30_000, bootPatience = 120_000 } = {}) {
    const child = spawn(process.execPath, [...node, fileURLToPath(new URL(script, import.meta.url)), ...args], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    running.add(child);
    child.stdin.on("error", () => {}); // a peer that died is told by next()
    // A test that failed before it came to stop() must still end; the peer then ends with it.
    child.unref();
    child.stdin.unref();
    child.stdout.unref();
    const lines = [];
    const waiting = new Set();
    let ended = false;
    const wake = () => waiting.forEach(resolve => resolve());
    createInterface({ input: child.stdout }).on("line", line => {
        lines.push(JSON.parse(line));
        wake();
    });
    child.on("close", () => {
        running.delete(child);
        ended = true;
        wake();
    });

    async function next(match, what = "the line waited for", milliseconds = patience) {
        const limit = Date.now() + milliseconds;
        for (;;) {
            const at = lines.findIndex(match);
            if (at >= 0) {
                return lines.splice(at, 1)[0];
            }
            if (ended) {
                throw new Error(`${script} ended before ${what}`);
            }
            if (Date.now() >= limit) {
                throw new Error(`${script}: ${what} did not come within ${milliseconds} ms`);
            }
            await new Promise(resolve => {
                const timer = setTimeout(done, limit - Date.now());
                function done() {
                    clearTimeout(timer);
                    waiting.delete(done);
                    resolve();
                }
                waiting.add(done);
            });
        }
    }

    let ready;
    try {
        ready = await next(line => line.ready, "it was ready", bootPatience); // much to compile, on a busy machine
    } catch (error) {
        child.kill("SIGKILL");
        throw error;
    }
    return {
        child,
        ready,
        next,
        async ask(command, milliseconds) {
            child.stdin.write(`${JSON.stringify(command)}\n`);
            const name = command.do;
            const { answer: _, error, ...result } = await next(l => l.answer === name, `its answer to ${name}`, milliseconds);
            if (error !== undefined) {
                throw new Error(error);
            }
            return result;
        },
        async stop() {
            if (!ended) {
                child.ref();
                const closed = once(child, "close");
                child.stdin.end();
                await closed;
            }
        },
    };
}
