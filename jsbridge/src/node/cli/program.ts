/** The command `matter-session`, put together. */
import { createRequire } from "node:module";
import { Command } from "commander";
import { defaultDirectory } from "../open.js";
import { addCode } from "./code.js";
import { addDevices } from "./devices.js";
import { exitCodeOf, exitCodes, Interrupted, Unread } from "./exit.js";
import { printable, type GlobalOptions } from "./io.js";
import { addTrust } from "./trust.js";

const exitHelp = `
Exit codes: 0 done; 1 unexpected error; 2 wrong use; 3 unreadable setup code; 4 the code does not fit the device;
5 no answer; 6 the device's origin was not accepted; 7 the device refused; 8 Wi-Fi or Thread failed; 9 storage;
10 trust list; 130 interrupted. NODE is a node ID (decimal or 0x…). PATH is ENDPOINT/CLUSTER/MEMBER by number or
name, such as 1/on-off/on-off; * is any. Secrets are read from files or standard input (-), or as arguments where
nobody else can list the processes.`;

/** Runs the command; resolves with its exit code. Never rejects. */
export async function run(argv: readonly string[]): Promise<number> {
    const abort = new AbortController();
    let interrupts = 0;
    const interrupt = (): void => {
        // The first undoes what was begun and ends in order; the second ends at once.
        if (++interrupts > 1) process.exit(exitCodes.interrupted);
        abort.abort(new Interrupted("interrupted"));
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    // Nobody reads the results any more (`| head -1`): as good as an interruption, and no error.
    process.stdout.on("error", () => abort.abort(new Unread("nobody reads the results")));
    process.stderr.on("error", () => {});
    const program = makeProgram(abort.signal);
    try {
        await program.parseAsync(argv as string[]);
        return exitCodes.done;
    } catch (error) {
        const code = exitCodeOf(error);
        report(program.opts<GlobalOptions>(), error, code);
        return code;
    } finally {
        process.off("SIGINT", interrupt);
        process.off("SIGTERM", interrupt);
    }
}

function makeProgram(signal: AbortSignal): Command {
    const { version } = createRequire(import.meta.url)("../../../package.json") as { version: string };
    const program = new Command("matter-session")
        .description("Brings Matter devices into a home of your own and talks to them.")
        .version(version)
        .option("-d, --directory <DIR>", "where the home's keys are kept (or $MATTER_SESSION_HOME)", defaultDirectory())
        .option("--json", "results as JSON, one document per line", false)
        .option("-q, --quiet", "no progress on standard error", false)
        .addHelpText("after", exitHelp)
        .showHelpAfterError("(--help has the usage)")
        .exitOverride();
    const global = (): GlobalOptions => program.opts<GlobalOptions>();
    addDevices(program, global, signal);
    addTrust(program, global, signal);
    addCode(program, global, signal);
    return program;
}

/** One sentence; commander has told its own already. */
function report(options: Partial<GlobalOptions>, error: unknown, code: number): void {
    if (code === exitCodes.done || error instanceof Unread || (error as { code?: unknown }).code?.toString().startsWith("commander.")) return;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`matter-session: ${printable(message)}\n`);
    if (code === exitCodes.unexpected && error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
    const { code: id, step, retry, waitMs } = error as { code?: unknown; step?: unknown; retry?: unknown; waitMs?: unknown };
    if (typeof id === "string" && retry !== undefined && options.quiet !== true) {
        const wait = typeof waitMs === "number" && waitMs > 0 ? `, in ${Math.ceil(waitMs / 1000)} s` : "";
        const { cause } = error as Error;
        if (cause instanceof Error) process.stderr.write(`  ${printable(cause.message)}\n`);
        process.stderr.write(`  (${id}, at step "${String(step)}"; try again: ${String(retry)}${wait})\n`);
    }
}
