/**
 * The replacement for modules that Node's require() loads. A replaced module keeps its place in require's
 * cache; what differs is what it exports.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import * as core from "../core.js";
import * as errors from "../errors.js";
import * as hex from "../hex.js";
import * as tlv from "../tlv.js";
import * as verifier from "../verifier.js";
import * as work from "../work.js";
import { original, recognise, scheme, type Kind } from "./modules.js";
import * as report from "./report.js";

type Exports = Record<string, unknown>;
type Module = { exports: Exports };
type Loader = (module: Module, filename: string) => void;

/** What the stand-ins share with the rest of this package. */
const shared: Record<string, unknown> = {
    "../core.js": core, "../errors.js": errors, "../hex.js": hex, "../tlv.js": tlv, "../verifier.js": verifier, "../work.js": work, "./report.js": report,
};
const directory: string = fileURLToPath(new URL("./matterjs/", core.defaultBlob));
const standIns: Readonly<Record<Kind, string>> = { "0.9.4": join(directory, "stand-in.cjs"), "today": join(directory, "stand-in-today.cjs") };
/** By the place of the copy of matter.js that they extend. */
const made = new Map<string, Module>();

/** Installs the replacement, once. */
export function installRequireHook(): void {
    const { extensions } = createRequire(standIns["0.9.4"]) as unknown as { extensions: Record<string, Loader & { [installed]?: true }> };
    const load = extensions[".js"];
    if (load === undefined || load[installed]) return;
    const hook: Loader & { [installed]?: true } = (module, filename) => {
        const found = recognise(filename, ["0.9.4", "today"]);
        if (found === undefined) return load(module, filename);
        // Today's modules import each other in circles: whoever comes by early reads the names when it needs them.
        const exports: Exports = Object.defineProperty({}, "__esModule", { value: true });
        for (const name of found.names) Object.defineProperty(exports, name, { enumerable: true, get: () => made.get(found.base)?.exports[name] });
        module.exports = exports;
        makeStandIns(found.base, found.kind);
        report.note(found.path);
    };
    hook[installed] = true;
    extensions[".js"] = hook;
}

// Also of another copy of this file.
const installed: unique symbol = Symbol.for("matter-session.matterjs.require") as never;

function makeStandIns(base: string, kind: Kind): void {
    if (made.has(base)) return;
    const module: Module = { exports: {} };
    made.set(base, module);
    const theirs = createRequire(join(base, "export.js"));
    const originals = new Map<string, Exports>();
    const require = (name: string): unknown => {
        if (!name.startsWith(scheme)) return own(name);
        const path = name.slice(scheme.length);
        if (path.startsWith("@")) return theirs(path);
        if (!path.endsWith(original)) return theirs(join(base, path));
        let exports = originals.get(path);
        if (exports === undefined) originals.set(path, (exports = originalOf(join(base, path.slice(0, -original.length)))));
        return exports;
    };
    run(module, standIns[kind], require);
}

/** What a replaced module would export: it is loaded beside require's cache, where its stand-in is. */
function originalOf(filename: string): Exports {
    const module: Module = { exports: {} };
    run(module, filename, createRequire(filename));
    return module.exports;
}

function run(module: Module, filename: string, require: (name: string) => unknown): void {
    const names = ["module", "exports", "require", "__filename", "__dirname"];
    compileFunction(readFileSync(filename, "utf8"), names, { filename })(module, module.exports, require, filename, dirname(filename));
}

function own(name: string): unknown {
    const module = shared[name];
    if (module === undefined) throw new Error(`matter-session: the stand-ins ask for ${name}, which they are not given`);
    return module;
}
