// What the two peers of matter.js 0.9.4 share: which import it from ES modules or, told so, from CommonJS; quiet logs, one
// JSON object per line on standard output, commands on standard input, and an end that cannot be missed.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { report } from "../../../dist/matterjs/report.js";

export const { values: options } = parseArgs({
    options: {
        storage: { type: "string" },
        port: { type: "string" },
        passcode: { type: "string", default: "20202021" },
        discriminator: { type: "string", default: "3840" },
        cjs: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
    },
});

// Each by its name, so that a bundler finds it.
const modules = {
    main: () => import("@project-chip/matter-node.js"),
    cluster: () => import("@project-chip/matter-node.js/cluster"),
    datatype: () => import("@project-chip/matter-node.js/datatype"),
    device: () => import("@project-chip/matter-node.js/device"),
    log: () => import("@project-chip/matter-node.js/log"),
    storage: () => import("@project-chip/matter-node.js/storage"),
};

/** All that a module of matter-node.js exports. */
export async function matter(name) {
    const require = createRequire(import.meta.url);
    return options.cjs ? require(name === "main" ? "@project-chip/matter-node.js" : `@project-chip/matter-node.js/${name}`) : modules[name]();
}

export const print = object => console.log(JSON.stringify(object, (_, value) => (typeof value === "bigint" ? String(value) : value)));

/** Lets logs through that tell how a CASE session came to be, and with --verbose all of them on standard error. */
export function listen({ Logger, Level }) {
    Logger.defaultLogLevel = options.verbose ? Level.DEBUG : Level.INFO;
    Logger.log = (_level, line) => {
        const how = /session \d+ (created|made|resumed) with/i.exec(line);
        if (how !== null) {
            print({ session: how[1] === "resumed" ? "resumed" : "made" });
        }
        if (options.verbose) {
            process.stderr.write(`${line}\n`);
        }
    };
}

/** Runs commands by their names until standard input ends, then close, then ends the process. */
export function serve(commands, close) {
    const all = { report: () => ({ report: report() }), ...commands };
    const input = createInterface({ input: process.stdin });
    let last = Promise.resolve();
    input.on("line", line => {
        const command = JSON.parse(line);
        last = last.then(async () => {
            try {
                print({ answer: command.do, ...(await all[command.do](command)) });
            } catch (error) {
                print({ answer: command.do, error: error.stack ?? String(error) });
            }
        });
    });
    input.on("close", async () => {
        const timer = setTimeout(() => process.exit(1), 10_000);
        try {
            await close();
        } finally {
            clearTimeout(timer);
            process.exit(0);
        }
    });
}
