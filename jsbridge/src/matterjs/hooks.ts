/** Customization hooks of Node's loader, which runs them in a thread of their own. */
import { readFile } from "node:fs/promises";
import { recognise, scheme, standInFor } from "./modules.js";

type Next<C, R> = (specifier: string, context?: C) => R | Promise<R>;
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

const query = "matterjs";
const standIns: string = new URL("./stand-in.js", import.meta.url).href, report: string = new URL("./report.js", import.meta.url).href;

export async function resolve(specifier: string, context: { parentURL?: string | undefined }, next: Next<object, Resolved>): Promise<Resolved> {
    if (!specifier.startsWith(scheme) || context.parentURL === undefined) return next(specifier, context);
    const base = new URL(context.parentURL).searchParams.get(query);
    return base === null ? next(specifier, context) : next(new URL(specifier.slice(scheme.length), base).href, context);
}

export async function load(url: string, context: object, next: Next<object, Loaded>): Promise<Loaded> {
    if (url.startsWith(`${standIns}?`)) return { format: "module", source: await readFile(new URL("./stand-in.js", import.meta.url)), shortCircuit: true };
    const found = url.startsWith("file:") ? recognise(url.replace(/[?#].*$/, "")) : undefined;
    if (found === undefined) return next(url, context);
    const source = standInFor(found.path, `${standIns}?${query}=${encodeURIComponent(found.base)}`, report);
    return { format: "module", source, shortCircuit: true };
}
