/**
 * The replacement for modules that Node's require() loads. A replaced module keeps its place in require's
 * cache; what differs is what it exports.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import * as core from "../core.js";
import * as errors from "../errors.js";
import * as hex from "../hex.js";
import * as tlv from "../tlv.js";
import * as work from "../work.js";
import { recognise, replaced, scheme } from "./modules.js";
import * as report from "./report.js";

type Exports = Record<string, unknown>;
type Loader = (module: { exports: Exports }, filename: string) => void;

/** What the stand-ins share with the rest of this package. */
const shared: Record<string, unknown> = {
    "../core.js": core, "../errors.js": errors, "../hex.js": hex, "../tlv.js": tlv, "../work.js": work, "./report.js": report,
};
const standIns: string = fileURLToPath(new URL("./matterjs/stand-in.cjs", core.defaultBlob));
/** By the place of the copy of matter.js that they extend. */
const made = new Map<string, Exports>();

/** Installs the replacement, once. */
export function installRequireHook(): void {
    const { extensions } = createRequire(standIns) as unknown as { extensions: Record<string, Loader & { [installed]?: true }> };
    const load = extensions[".js"];
    if (load === undefined || load[installed]) return;
    const hook: Loader & { [installed]?: true } = (module, filename) => {
        const found = recognise(filename);
        if (found === undefined) return load(module, filename);
        const from = standInsOf(found.base);
        const exports: Exports = Object.defineProperty({}, "__esModule", { value: true });
        for (const name of replaced[found.path] ?? []) exports[name] = from[name];
        module.exports = exports;
        report.note(found.path);
    };
    hook[installed] = true;
    extensions[".js"] = hook;
}

// Also of another copy of this file.
const installed: unique symbol = Symbol.for("matter-session.matterjs.require") as never;

function standInsOf(base: string): Exports {
    let exports = made.get(base);
    if (exports === undefined) {
        const theirs = createRequire(join(base, "export.js"));
        const require = (name: string): unknown => (name.startsWith(scheme) ? theirs(join(base, name.slice(scheme.length))) : own(name));
        const module: { exports: Exports } = { exports: {} };
        compileFunction(readFileSync(standIns, "utf8"), ["module", "exports", "require"], { filename: standIns })(module, module.exports, require);
        made.set(base, (exports = module.exports));
    }
    return exports;
}

function own(name: string): unknown {
    const module = shared[name];
    if (module === undefined) throw new Error(`matter-session: the stand-ins ask for ${name}, which they are not given`);
    return module;
}
