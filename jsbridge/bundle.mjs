// node jsbridge/bundle.mjs DIR   makes the files of DIR/matterjs that are not one module each: the classes that stand in
// for matter.js's, apart from those that run alone, and what Node's require() needs, in CommonJS.

import { build } from "esbuild";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const source = fileURLToPath(new URL("src/", import.meta.url));
const target = join(process.argv[2] ?? "dist", "matterjs");

// The core, its errors and its formats are the program's only ones: also the classes that run alone use them.
const shared = {
    name: "shared",
    setup(build) {
        build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, kind }) => {
            const file = join(dirname(importer), path);
            const own = basename(file) === "platform.js" || join(dirname(file), "/") !== source;
            const alone = file === join(source, "matterjs/report.js");
            return kind !== "entry-point" && (!own || alone) ? { path: alone ? "./report.js" : `../${basename(file)}`, external: true } : undefined;
        });
    },
};

const common = {
    bundle: true,
    platform: "node",
    target: "es2022",
    external: ["matterjs:*"],
    ignoreAnnotations: true, // bind.ts is imported for what it does
    keepNames: true, // errors and sessions are told by the names of their classes
    sourcemap: true,
    logLevel: "warning",
};
const classes = { ...common, entryPoints: [join(source, "matterjs/classes.ts")], plugins: [shared] };

await Promise.all([
    build({ ...classes, format: "esm", outfile: join(target, "stand-in.js"), platform: "neutral" }),
    build({ ...classes, entryPoints: [join(source, "matterjs/today/classes.ts")], format: "esm", outfile: join(target, "stand-in-today.js"), platform: "neutral" }),
    build({ ...classes, format: "cjs", outfile: join(target, "stand-in.cjs") }),
    build({ ...classes, entryPoints: [join(source, "matterjs/today/classes.ts")], format: "cjs", outfile: join(target, "stand-in-today.cjs") }),
    build({ ...common, entryPoints: [join(source, "matterjs/report.ts")], format: "cjs", outfile: join(target, "report.cjs") }),
    build({
        ...common,
        entryPoints: [join(source, "matterjs/register-cjs.ts")],
        format: "cjs",
        outfile: join(target, "register-cjs.cjs"),
        // What lies beside core.js is looked for there.
        define: { "import.meta.url": "besideCore" },
        banner: { js: 'const besideCore = new URL("../core.js", require("node:url").pathToFileURL(__filename)).href;' },
    }),
]);

// What went into them and nothing else uses.
for (const name of ["bind", "classes", "register-cjs"]) {
    for (const extension of ["js", "js.map", "d.ts"]) {
        rmSync(join(target, `${name}.${extension}`), { force: true });
    }
}

rmSync(join(target, "today"), { recursive: true, force: true });

writeFileSync(join(target, "register-cjs.d.cts"), "export {};\n");
copyFileSync(join(target, "report.d.ts"), join(target, "report.d.cts"));

// One module for each that is replaced: what an import map points to.
const { replaced, standInFor } = await import(pathToFileURL(join(resolve(target), "modules.js")));
for (const path of Object.keys(replaced)) {
    const file = join(target, "stand-in", path);
    const up = name => relative(dirname(file), join(target, name)).replaceAll("\\", "/");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, standInFor(path, up("stand-in.js"), up("report.js")));
}
