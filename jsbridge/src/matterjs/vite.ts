/**
 * The replacement in Vite, and in Rollup whose plugins have the same shape:
 *
 * ```js
 * export default defineConfig({ plugins: [matterSession()] });
 * ```
 *
 * The program does `import { start } from "matter-session"; await start();` before its first node. Vite puts
 * the blob among the assets by itself.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { recognise, scheme, standInFor } from "./modules.js";

/** As much of a plugin as is used; Vite and Rollup take it for their own types. */
export interface VitePlugin {
    name: string;
    enforce: "pre";
    config(): { optimizeDeps: { exclude: string[] } };
    resolveId(this: VitePluginContext, source: string, importer: string | undefined): Promise<string | undefined>;
    load(id: string): Promise<{ code: string; moduleSideEffects: boolean } | undefined>;
}

interface VitePluginContext {
    resolve(source: string, importer: string): Promise<{ id: string } | null>;
}

const here: string = fileURLToPath(new URL(".", import.meta.url));
const standIns: string = join(here, "stand-in.js?matterjs=");

export function matterSession(): VitePlugin {
    return {
        name: "matter-session",
        enforce: "pre",
        // Bundled beforehand, modules have other paths.
        config: () => ({ optimizeDeps: { exclude: ["@project-chip/matter.js", "@project-chip/matter-node.js", "matter-session"] } }),
        async resolveId(source, importer) {
            if (source.startsWith(standIns)) return source;
            if (importer?.startsWith(standIns) !== true) return undefined;
            // As their neighbours ask for them, since Vite may add to a path: nothing must be there twice.
            if (source.startsWith(scheme)) return (await this.resolve(`./${source.slice(scheme.length)}`, join(decodeURIComponent(importer.slice(standIns.length)), "export.js")))?.id;
            return source.startsWith(".") ? (await this.resolve(source, join(here, "report.js")))?.id : undefined;
        },
        async load(id) {
            if (id.startsWith(standIns)) return { code: await readFile(join(here, "stand-in.js"), "utf8"), moduleSideEffects: true };
            const found = recognise(id.replace(/[?#].*$/, ""));
            if (found === undefined) return undefined;
            return { code: standInFor(found.path, standIns + encodeURIComponent(found.base), join(here, "report.js")), moduleSideEffects: true };
        },
    };
}
