/**
 * The replacement in bundles of esbuild:
 *
 * ```js
 * await esbuild.build({ …, plugins: [matterSession()] });
 * ```
 *
 * For Node the bundle starts the core by itself. For a browser the program does:
 * `import { start } from "matter-session"; await start();` before its first node. Either way the blob is put
 * beside the bundle.
 */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { recognise, scheme, standInFor } from "./modules.js";

/** As much of esbuild's plugin as is used; esbuild takes it for its own type. */
export interface EsbuildPlugin {
    name: string;
    setup(build: EsbuildBuild): void;
}

interface EsbuildBuild {
    initialOptions: { format?: string; platform?: string; outfile?: string; outdir?: string; write?: boolean; absWorkingDir?: string };
    onResolve(options: { filter: RegExp; namespace?: string }, callback: (args: { path: string; importer: string; pluginData: unknown }) => EsbuildResolved | undefined): void;
    onLoad(options: { filter: RegExp; namespace?: string }, callback: (args: { path: string; pluginData: unknown }) => Promise<EsbuildLoaded | undefined>): void;
    onEnd(callback: (result: { outputFiles?: { path: string; contents: Uint8Array; hash: string; readonly text: string }[] | undefined; errors: unknown[] }) => Promise<void>): void;
}

interface EsbuildResolved {
    path: string;
    namespace?: string;
    pluginData?: unknown;
    sideEffects?: boolean;
}

interface EsbuildLoaded {
    contents: string;
    loader: "js";
    resolveDir: string;
    pluginData?: unknown;
}

const here: string = fileURLToPath(new URL(".", import.meta.url));
const dist: string = dirname(here.replace(/[\\/]$/, ""));
const blob: string = join(dist, "matter-session.wasm");
const namespace = "matter-session";
/** What a replaced module imports in the place of its content; after it comes the base. */
const standIns = "matter-session:stand-in?";

export function matterSession(): EsbuildPlugin {
    return {
        name: "matter-session",
        setup(build) {
            const { format, platform = "browser", outfile, outdir, write, absWorkingDir = process.cwd() } = build.initialOptions;
            const target = outdir ?? (outfile === undefined ? undefined : dirname(outfile));
            const output = format ?? (platform === "browser" ? "iife" : platform === "node" ? "cjs" : "esm");

            build.onLoad({ filter: /[\\/]dist[\\/](?:esm|cjs)[\\/](?:session|protocol|codec)[\\/]/ }, async ({ path }) => {
                const found = recognise(path);
                if (found === undefined) return undefined;
                return { contents: standInFor(found.path, standIns + found.base, "./report.js"), loader: "js", resolveDir: here };
            });
            build.onResolve({ filter: /^matter-session:stand-in\?/ }, ({ path }) => ({ path: path.slice(standIns.length), namespace }));
            build.onLoad({ filter: /.*/, namespace }, async ({ path }) => ({
                contents: (platform === "node" ? 'import "./boot.js";\n' : "") + (await readFile(join(here, "stand-in.js"), "utf8")),
                loader: "js",
                resolveDir: here,
                pluginData: path,
            }));
            build.onResolve({ filter: /^matterjs:/ }, ({ path, pluginData }) => ({ path: join(pluginData as string, path.slice(scheme.length)) }));

            // Outside ES modules nothing says where the bundle is, but the host.
            const place = output === "esm" ? undefined : output === "cjs" ? 'require("node:url").pathToFileURL(__filename).href' : "(globalThis.document?.currentScript?.src ?? globalThis.location.href)";
            if (place !== undefined) {
                build.onLoad({ filter: /[\\/]dist[\\/]core\.js$/ }, async ({ path }) =>
                    path === join(dist, "core.js") ? { contents: (await readFile(path, "utf8")).replace("import.meta.url", place), loader: "js", resolveDir: dist } : undefined,
                );
            }
            build.onEnd(async ({ outputFiles, errors }) => {
                if (target === undefined || errors.length > 0) return;
                const path = join(resolve(absWorkingDir, target), "matter-session.wasm");
                if (write === false) {
                    outputFiles?.push({ path, contents: await readFile(blob), hash: "", text: "" });
                } else {
                    await mkdir(dirname(path), { recursive: true });
                    await copyFile(blob, path);
                }
            });
        },
    };
}
