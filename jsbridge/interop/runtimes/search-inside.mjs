// Runs in a namespace, for package.test.mjs: under each program a module that commissions a device whose address it is not
// given. Prints what each has printed.
//
//     node search-inside.mjs DIRECTORY MODULES COMMANDS    MODULES and COMMANDS: JSON arrays of equal length

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { startPeer } from "../peers/start.mjs";

const [directory, modules, commands] = [process.argv[2], JSON.parse(process.argv[3]), JSON.parse(process.argv[4])];
const device = await startPeer("device.mjs", ["--multicast"]);
try {
    let { qr: code } = device.ready;
    for (const [index, [program, ...options]] of commands.entries()) {
        if (index > 0) ({ qr: code } = await device.ask({ do: "erase" }));
        const values = JSON.stringify({ code, directory: join(directory, `found-${index}`) });
        const { stdout } = await promisify(execFile)(program, [...options, "lines.mjs", modules[index], values], { cwd: directory, timeout: 60_000 });
        console.log(JSON.stringify(stdout));
    }
} finally {
    await device.stop();
}
process.exit(0);
