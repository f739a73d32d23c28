import { spawn } from "node:child_process";
import { root } from "./vectors.js";

export interface Outcome {
    code: number | null;
    stdout: string;
    stderr: string;
}

const main = new URL("dist/node/main.js", root).pathname;

/**
 * Runs `matter-session` in a process of its own. interruptAt: SIGINT is sent when standard error or output contains this.
 * openInput: standard input stays open after input. deafAt: nobody reads standard output any more once it contains this.
 */
export function cli(args: readonly string[], options: { input?: string; openInput?: boolean; home?: string; interruptAt?: string; deafAt?: string; started?: (pid: number) => void } = {}): Promise<Outcome> {
    const environment = { ...process.env, ...(options.home === undefined ? {} : { MATTER_SESSION_HOME: options.home }) };
    const child = spawn(process.execPath, [main, ...args], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, stderr, interrupted] = ["", "", false];
    if (child.pid !== undefined) options.started?.(child.pid);
    const watch = (): void => {
        if (options.deafAt !== undefined && stdout.includes(options.deafAt)) child.stdout.destroy();
        if (options.interruptAt === undefined || interrupted || !(stdout + stderr).includes(options.interruptAt)) return;
        interrupted = true;
        child.kill("SIGINT");
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => ((stdout += text), watch()));
    child.stderr.setEncoding("utf8").on("data", (text: string) => ((stderr += text), watch()));
    child.stdin.on("error", () => {}).write(options.input ?? "");
    if (options.openInput !== true) child.stdin.end();
    return new Promise((resolve, reject) => child.once("error", reject).once("close", code => resolve({ code, stdout, stderr })));
}
