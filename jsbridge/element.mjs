// node jsbridge/element.mjs DIR   makes what the custom elements need, after tsc has filled DIR and with
// DIR/matter-session.wasm and DIR/assets/matter-page.wasm there: DIR/element, DIR/assets, DIR/messages,
// DIR/custom-elements.json and DIR/page.

import { build, transform } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = join(root, "jsbridge/src/element");
const zxing = join(root, "node_modules/zxing-wasm");

/** What the shell says itself, before any other text is loaded; and what only some browsers need, in a script of its own. */
const shellIds = /^(idle\.activate|loading\.(progress|starting)|unsupported\.agent|action\.(retry|close)|error\.load-failed(\.action)?)$/;
const whyIds = /^error\.(bluetooth-missing|bluetooth-disabled|insecure-context|blocked-by-frame)(\.cause|\.action)?$/;

const common = {
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    keepNames: true, // errors are told by the names of their classes, also across the worker's border
    charset: "utf8",
    preserveSymlinks: true, // source maps name no directory but the project's
    sourcemap: true,
    logLevel: "warning",
    external: ["node:*"], // imported only where the host is Node
    legalComments: "none", // their notices are in assets/NOTICES.txt
};

/** Texts by language, of all files web/messages/NAME.LANGUAGE.json. */
export function readMessages(folder = join(root, "web/messages")) {
    const languages = {};
    for (const file of readdirSync(folder).sort()) {
        const [, language] = /^[a-z]+\.([a-z]{2,3})\.json$/.exec(file) ?? [];
        if (language === undefined) continue;
        for (const [id, text] of Object.entries(JSON.parse(readFileSync(join(folder, file), "utf8")))) {
            languages[language] ??= {};
            if (id in languages[language]) throw new Error(`${file} has ${id}, which another file has too`);
            languages[language][id] = text;
        }
    }
    if (languages.en === undefined) throw new Error(`${folder} has no English texts`);
    return languages;
}

function expectedOf(file) {
    if (!existsSync(file)) throw new Error(`${file} is not built`);
    const octets = readFileSync(file);
    return { size: octets.length, sha256: createHash("sha256").update(octets).digest("hex") };
}

/** Puts text in the place of the modules that are the build's, and makes small ones of the shell's texts by language. */
function made(languages, expected, versions) {
    const of = (language, ids) => Object.fromEntries(Object.entries(languages[language]).filter(([id]) => ids.test(id)));
    const all = Object.keys(languages);
    const loaders = (names, path) => `{${names.map(name => `${name}: () => import("${path}${name}.js")`)}}`;
    const modules = {
        made: [`export const messages = ${loaders(all, "../messages/")};`, `export const expected = ${JSON.stringify(expected)};`, `export const versions = ${JSON.stringify(versions)};`],
        shelltexts: [`export const shellText = ${JSON.stringify(of("en", shellIds))};`, `export const shellTexts = ${loaders(all.filter(language => language !== "en"), "./text/shell-")};`],
        whytexts: [`export const whyTexts = ${loaders(all, "./text/why-")};`],
    };
    const element = name => new RegExp(`[\\\\/]src[\\\\/]element[\\\\/]${name}$`);
    return {
        name: "made",
        setup(build) {
            build.onLoad({ filter: element("(made|shelltexts|whytexts)\\.ts") }, ({ path }) => ({ contents: modules[basename(path, ".ts")].join("\n"), loader: "js", resolveDir: source }));
            build.onResolve({ filter: /^\.\/text\// }, ({ path }) => ({ path: join(source, path.replace(/\.js$/, ".ts")) }));
            build.onLoad({ filter: element("text[\\\\/][a-z-]+\\.ts") }, ({ path }) => {
                const [kind, language] = basename(path, ".ts").split("-");
                return { contents: `export const text = ${JSON.stringify(of(language, kind === "shell" ? shellIds : whyIds))};`, loader: "js" };
            });
            build.onResolve({ filter: /^\.\.\/messages\// }, ({ path }) => ({ path, external: true }));
        },
    };
}

/** The decoder's package would fetch its program from a public network if it were not told where ours is; now it cannot. */
const noForeignOrigin = {
    name: "no-foreign-origin",
    setup(build) {
        build.onLoad({ filter: /[\\/]zxing-wasm[\\/].*[\\/]share\.js$/ }, ({ path }) => {
            const text = readFileSync(path, "utf8");
            const contents = text.replaceAll("https://fastly.jsdelivr.net/npm/", "./");
            if (contents === text || contents.includes("https://")) throw new Error(`${path} names other addresses than it did`);
            return { contents, loader: "js" };
        });
    },
};

/** The scripts that tsc has made of what is now in the bundles; but the room's, which tests look into, and which are not packed. */
function removeParts(folder) {
    if (!existsSync(folder)) return;
    for (const file of readdirSync(folder, { encoding: "utf8" })) {
        if (/\.js(\.map)?$/.test(file)) rmSync(join(folder, file));
    }
}

function notices(target) {
    const list = execFileSync(process.env.GO ?? "go", ["list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}", "./web/app"], { cwd: root, encoding: "utf8", env: { ...process.env, GOOS: "js", GOARCH: "wasm" } });
    const goroot = execFileSync(process.env.GO ?? "go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
    const own = /^module (\S+)$/m.exec(readFileSync(join(root, "go.mod"), "utf8"))[1];
    const modules = [...new Set(list.split("\n"))].filter(line => line !== "" && !line.startsWith(`${own}\t`)).sort().map(line => line.split("\t"));
    const parts = [
        ["matter-page.wasm and matter-session.wasm: the Go runtime and standard library", join(goroot, "LICENSE")],
        ...modules.map(([name, folder]) => [`matter-page.wasm: ${name}`, join(folder, "LICENSE")]),
        ["the scanner's script: zxing-wasm", join(zxing, "LICENSE")],
        ["zxing_reader.wasm: ZXing-C++ (Copyright 2016 Nu-book Inc., 2019 and later Axel Waggershauser and the authors of ZXing)", join(root, "LICENSE")],
    ];
    const text = parts.map(([name, file]) => `== ${name}\n\n${readFileSync(file, "utf8").trimEnd()}\n`);
    writeFileSync(join(target, "NOTICES.txt"), `The files of this directory contain code of the following projects; matter-session.wasm also of those in ../NOTICES.txt.\n\n${text.join("\n")}`);
}

/** The manifest's module, without a build. */
export async function loadManifest() {
    const { outputFiles } = await build({ entryPoints: [join(source, "manifest.ts")], bundle: true, write: false, format: "esm" });
    return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

/** @param from - for tests: other inputs than the project's own, and plugins for the script behind the shell */
export async function buildElement(target, from = {}) {
    const messages = from.messages ?? readMessages();
    const page = from.page ?? join(target, "assets/matter-page.wasm");
    const blob = from.blob ?? join(target, "matter-session.wasm");
    const worker = from.worker ?? join(source, "room/worker.ts");
    const css = from.style ?? join(root, "web/view/style.css");
    const assets = join(target, "assets");
    for (const folder of ["element", "assets", "messages"]) mkdirSync(join(target, folder), { recursive: true });
    const copy = (file, name) => resolve(file) === resolve(assets, name) || copyFileSync(file, join(assets, name));
    if (!existsSync(blob)) throw new Error(`${blob} is not built`);
    copy(blob, "matter-session.wasm");
    copy(page, "matter-page.wasm");
    copy(join(zxing, "dist/reader/zxing_reader.wasm"), "zxing_reader.wasm");
    for (const list of ["paa.tlv", "paa-test.tlv"]) copy(join(root, "session/commission/trust", list), list);
    const style = await transform(readFileSync(css, "utf8"), { loader: "css", minify: true });
    writeFileSync(join(assets, "style.css"), style.code);

    for (const [language, texts] of Object.entries(messages)) {
        writeFileSync(join(target, "messages", `${language}.js`), `export const messages = ${JSON.stringify(texts, undefined, 1)};\n`);
        writeFileSync(join(target, "messages", `${language}.d.ts`), "/** Texts by id; parameters in braces. */\nexport declare const messages: Readonly<Record<string, string>>;\n");
    }

    removeParts(join(target, "element"));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const expected = { "matter-page.wasm": expectedOf(join(assets, "matter-page.wasm")), "zxing_reader.wasm": expectedOf(join(assets, "zxing_reader.wasm")) };
    const versions = { "matter-session": version, "matter-session.wasm": expectedOf(join(assets, "matter-session.wasm")).sha256, "matter-page.wasm": expected["matter-page.wasm"].sha256 };
    const script = { ...common, outdir: join(target, "element"), chunkNames: "[name]-[hash]", absWorkingDir: root, metafile: true };
    // Each stage knows the name of the one behind it, which changes with its content.
    const behind = (name, { metafile }) => {
        const [file] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(`/${name}.ts`));
        return { name, setup: build => build.onResolve({ filter: new RegExp(`^\\./${name}\\.js$`) }, () => ({ path: `./${basename(file)}`, external: true })) };
    };
    const stage = (name, options, ...plugins) => build({ ...script, entryPoints: [join(source, `${name}.ts`)], entryNames: "[name]-[hash]", ...options, plugins: [made(messages, expected, versions), ...plugins] });
    const scan = await stage("scan", {}, noForeignOrigin);
    const session = await stage("session", {}, behind("scan", scan), ...(from.plugins ?? []));
    await stage("index", { entryNames: "[name]", splitting: true, keepNames: false }, behind("session", session));
    await build({ ...common, entryPoints: [worker], outfile: join(assets, "worker.js"), absWorkingDir: root });

    const { customElementsManifest } = await loadManifest();
    writeFileSync(join(target, "custom-elements.json"), `${JSON.stringify(customElementsManifest(version), undefined, 2)}\n`);
    notices(assets);
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? "")).href) {
    const target = resolve(process.argv[2] ?? "dist");
    await buildElement(target);
    execFileSync(process.execPath, [join(root, "web/static/build.mjs"), target], { stdio: "inherit" });
}
