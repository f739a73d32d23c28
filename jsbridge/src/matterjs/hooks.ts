/** Customization hooks of Node's loader, which runs them in a thread of their own. */
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { recognise, replaced, scheme, type Found } from "./modules.js";

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
const standIns: string = new URL("./stand-in.js", import.meta.url).href;

export async function resolve(specifier: string, context: { parentURL?: string | undefined }, next: Next<object, Resolved>): Promise<Resolved> {
    if (!specifier.startsWith(scheme) || context.parentURL === undefined) return next(specifier, context);
    const base = new URL(context.parentURL).searchParams.get(query);
    return base === null ? next(specifier, context) : next(new URL(specifier.slice(scheme.length), base).href, context);
}

export async function load(url: string, context: object, next: Next<object, Loaded>): Promise<Loaded> {
    if (url.startsWith(`${standIns}?`)) return { format: "module", source: await readFile(new URL("./stand-in.js", import.meta.url)), shortCircuit: true };
    const found = url.startsWith("file:") ? recognise(url.replace(/[?#].*$/, ""), manifest) : undefined;
    return found === undefined ? next(url, context) : { format: "module", source: standIn(found), shortCircuit: true };
}

/** A module that exports what the replaced one exported; it lies where that lay, so all importers share it. */
function standIn({ base, path }: Found): string {
    return `export { ${replaced[path]?.join(", ")} } from ${JSON.stringify(`${standIns}?${query}=${encodeURIComponent(base)}`)};
import { note } from ${JSON.stringify(new URL("./report.js", import.meta.url).href)};
note(${JSON.stringify(path)});
`;
}

function manifest(base: string): string | undefined {
    try {
        return readFileSync(new URL("../../package.json", base), "utf8");
    } catch {
        return undefined;
    }
}
