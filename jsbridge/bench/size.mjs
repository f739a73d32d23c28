// node size.mjs BLOB NAMED: what BLOB weighs, raw and compressed, and which packages weigh most, told from the function
// names of NAMED, the same program built without -s -w. Data (type descriptions, tables, strings) has no names: one sum.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [blobPath, namedPath] = process.argv.slice(2);
const blob = readFileSync(blobPath);
const row = (name, octets) => console.log(`${name.padEnd(52)} ${octets.toLocaleString("en").padStart(12)}`);

row("raw", blob.length);
row("gzip -9", gzipSync(blob, { level: 9 }).length);
row("brotli -q 11", brotliCompressSync(blob, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: blob.length } }).length);

/** Reads the sizes of function bodies, their names, and the data section of a WebAssembly module. */
function measure(b) {
    let at = 8;
    const leb = () => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const octet = b[at++];
            value += (octet & 0x7f) * 2 ** shift;
            if (octet < 0x80) {
                return value;
            }
        }
    };
    const text = () => {
        const length = leb();
        at += length;
        return b.toString("utf8", at - length, at);
    };
    const bodies = [];
    const names = new Map();
    let imports = 0;
    let data = 0;
    while (at < b.length) {
        const id = b[at++];
        const end = leb() + at;
        if (id === 2) {
            imports = leb(); // every import of a Go program is a function
        } else if (id === 10) {
            for (let n = leb(); n > 0; n--) {
                const size = leb();
                bodies.push(size);
                at += size;
            }
        } else if (id === 11) {
            data = end - at;
        } else if (id === 0 && text() === "name") {
            while (at < end) {
                const kind = b[at++];
                const stop = leb() + at;
                if (kind === 1) {
                    for (let n = leb(); n > 0; n--) {
                        const index = leb();
                        names.set(index, text());
                    }
                }
                at = stop;
            }
        }
        at = end;
    }
    return { data, functions: bodies.map((size, i) => ({ size, name: names.get(imports + i) ?? "?" })) };
}

/** The linker writes a path's slashes as underscores: "host.tld_path_package.Type.Method". */
function packageOf(name) {
    if (/^type[_:]/.test(name)) {
        return "(generated: equality and hash of types)";
    }
    const path = /^((?:github\.com|filippo\.io)_[^.(]*|[\w-]+)\./.exec(name);
    return path ? path[1].replace("github.com_matter-session_matter-session_", "") : "(assembly and wrappers)";
}

const { functions, data } = measure(readFileSync(namedPath));
const packages = new Map();
for (const { size, name } of functions) {
    packages.set(packageOf(name), (packages.get(packageOf(name)) ?? 0) + size);
}
console.log();
row("data section", data);
row(`code of ${functions.length} functions`, functions.reduce((sum, f) => sum + f.size, 0));
for (const [name, size] of [...packages].sort((a, b) => b[1] - a[1]).slice(0, 20)) {
    row(`  ${name}`, size);
}
