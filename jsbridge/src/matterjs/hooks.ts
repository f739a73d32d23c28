/** Customization hooks of Node's loader. They never wait: newer versions of Node run them between two imports, older ones in a thread. */
import { readFileSync } from "node:fs";
import { original, recognise, scheme, standInFor } from "./modules.js";

interface Resolved {
    url: string;
    format?: string | null | undefined;
    shortCircuit?: boolean | undefined;
}
interface Loaded {
    format: string;
    source?: string | Uint8Array | null | undefined;
    shortCircuit?: boolean | undefined;
}
/** The next hook, which answers at once or later as its Node does. */
type Next<R> = (specifier: string, context?: object) => R;

const query = "matterjs";
const standIns: string = new URL("./stand-in.js", import.meta.url).href, today: string = new URL("./stand-in-today.js", import.meta.url).href;
const report: string = new URL("./report.js", import.meta.url).href;

export function resolve(specifier: string, context: { parentURL?: string | undefined }, next: Next<Resolved>): Resolved {
    if (!specifier.startsWith(scheme) || context.parentURL === undefined) return next(specifier, context);
    const base = new URL(context.parentURL).searchParams.get(query);
    if (base === null) return next(specifier, context);
    const name = specifier.slice(scheme.length);
    return name.startsWith("@") ? next(name, { ...context, parentURL: new URL("index.js", base).href }) : next(new URL(name, base).href, context);
}

export function load(url: string, context: object, next: Next<Loaded>): Loaded {
    const file = url.replace(/[?#].*$/, "");
    if (file === standIns || file === today) return { format: "module", source: readFileSync(new URL(file)), shortCircuit: true };
    if (url.endsWith(original)) return next(url, context);
    // What lies below dist/cjs is require()'s, also when it is imported.
    const found = file.startsWith("file:") && file.includes("/dist/esm/") ? recognise(file, ["0.9.4", "today"]) : undefined;
    if (found === undefined) return next(url, context);
    const from = found.kind === "today" ? today : standIns;
    const source = standInFor(found.path, `${from}?${query}=${encodeURIComponent(found.base)}`, report, found.names);
    return { format: "module", source, shortCircuit: true };
}
