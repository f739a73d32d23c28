/** `make parity`: everything under parity/, and whether README tells of each difference that was explained. */
import { readdirSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import "@project-chip/matter-node.js";
import { Level, Logger } from "@project-chip/matter.js/log";
import { start } from "matter-session";
import "./parity/codec.js";
import "./parity/protocol.js";
import "./parity/session.js";
import "./parity/manager.js";
import "./parity/messages.js";
import "./parity/handshakes.js";
import { checks, collect, rows, tally } from "./support/parity.js";
import { root } from "./support/vectors.js";

/** How many differences are printed. */
const most = 20;

Logger.defaultLogLevel = Level.FATAL;
await start();

let failed = 0;
let place = "";
collect((what, ours, theirs) => {
    if (++failed <= most) console.error(`${place}: ${what}\n  ours:   ${inspect(ours, { depth: 9 })}\n  theirs: ${inspect(theirs, { depth: 9 })}`);
});

let last = { area: "", compared: 0 };
for (const { area, name, run } of checks) {
    place = `${area}: ${name}`;
    const before = tally.equal + tally.explained + tally.different;
    try {
        await run();
    } catch (error) {
        failed++;
        tally.different++;
        console.error(`${place}: ${inspect(error)}`);
    }
    if (area !== last.area) console.log(area);
    last = { area, compared: tally.equal + tally.explained + tally.different };
    console.log(`  ${String(last.compared - before).padStart(7)}  ${name}`);
}

/** Of README's table: what each row is called, and what shows it. */
const readme = readFileSync(new URL("README.md", root), "utf8");
const table = readme.split("## How it differs from matter.js")[1]?.split("\n## ")[0] ?? "";
const told = new Map(table.split("\n").filter(line => line.startsWith("| ")).map(line => line.split("|").map(cell => cell.trim())).map(cells => [cells[1] ?? "", cells.at(-2) ?? ""]));

console.log("explained by README's table");
for (const [row, times] of rows) {
    console.log(`  ${String(times).padStart(7)}  ${row}`);
    if (told.has(row)) continue;
    failed++;
    console.error(`README's table "How it differs from matter.js" has no row "${row}"`);
}
for (const [row, shownBy] of told) {
    if (!shownBy.includes("`make parity`") || rows.has(row)) continue;
    failed++;
    console.error(`README's row "${row}" is not shown by make parity: nothing was explained by it`);
}

/** Every test that the table names, by its function, its title or its file. */
const tests = ["session", "jsbridge/test", "jsbridge/interop"].flatMap(directory =>
    readdirSync(new URL(directory, root), { recursive: true, encoding: "utf8" }).filter(file => /(_test\.go|\.test\.ts|\.test\.mjs)$/.test(file)).map(file => new URL(`${directory}/${file}`, root)));
const sources = tests.map(file => `${file.pathname}\n${readFileSync(file, "utf8")}`).join("\n");
for (const [row, shownBy] of told) {
    for (const [, test = ""] of shownBy.matchAll(/[`"]([^`"]+)[`"]/g)) {
        if (test === "make parity" || sources.includes(test)) continue;
        failed++;
        console.error(`README's row "${row}" names a test that is not there: ${test}`);
    }
}

if (failed > 0) process.exitCode = 1;
console.log(`parity: ${tally.equal + tally.explained + tally.different} compared, ${tally.equal} equal, ${tally.explained} explained, ${tally.different} different`);
