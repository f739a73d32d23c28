// node web/static/build.mjs DIR   makes DIR/page: the page and all that it needs, from what the build put into DIR
//
// Each file of the page is listed, with its hash, in the page's service worker; headers.json says what a server should
// send with them.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL(".", import.meta.url));
const from = process.argv[2] ?? "dist";
const page = join(from, "page");

rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });
for (const name of ["index.html", "page.css", "boot.js", "favicon.svg", "manifest.webmanifest"]) {
    cpSync(join(source, name), join(page, name));
}
for (const folder of ["element", "assets", "messages"]) {
    if (!existsSync(join(from, folder))) {
        throw new Error(`${join(from, folder)} is not built: it is part of the page`);
    }
    cpSync(join(from, folder), join(page, folder), { recursive: true, filter: path => statSync(path).isDirectory() || !/\.d\.ts$|\.map$/.test(path) });
}

const files = {};
const walk = folder => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else files[relative(page, path).replaceAll("\\", "/")] = createHash("sha256").update(readFileSync(path)).digest("base64");
    }
};
walk(page);
const version = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
const worker = readFileSync(join(source, "sw.js"), "utf8")
    .replace('const version = "";', `const version = "${version}";`)
    .replace("const files = {};", `const files = ${JSON.stringify(files, null, 4)};`);
if (!worker.includes(version) || !worker.includes("index.html\":")) throw new Error("web/static/sw.js has no place for the list of files");
writeFileSync(join(page, "sw.js"), worker);

const policy = /http-equiv="content-security-policy" content="([^"]*)"/.exec(readFileSync(join(page, "index.html"), "utf8"))?.[1];
if (policy === undefined) throw new Error("web/static/index.html has no content security policy");
const headers = {
    // Bluetooth is for the page itself by default, and browsers without it complain about its name.
    // What a document cannot ask for itself is added.
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
};
writeFileSync(join(page, "headers.json"), `${JSON.stringify(headers, null, 4)}\n`);
