import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { root } from "./support/vectors.js";

const base = fileURLToPath(root);
const text = (path: string): string => readFileSync(join(base, path), "utf8");
const documents = ["README.md", "SECURITY.md", "CHANGELOG.md", "wasm/README.md", ...readdirSync(join(base, "docs")).map(name => join("docs", name))];

/** Every file that may hold a test, by its path from the root. */
const tests = ["session", "wasm", "jsbridge", "web"].flatMap(folder => readdirSync(join(base, folder), { recursive: true, encoding: "utf8" }).map(file => join(folder, file)))
    .filter(file => /(_test\.go|\.test\.m?[jt]s)$/.test(file) && !file.includes(join("test", "build")));
const names = new Set(tests.flatMap(file => {
    const go = file.endsWith(".go") ? /^func ((?:Test|Fuzz|Benchmark)\w+)\(/gm : /\b(?:describe|it|test)\(\s*["'`]((?:Test|Fuzz)\w+)/g;
    return [...text(file).matchAll(go)].map(([, name = ""]) => name);
}));

/** What is set in code type, outside of blocks. */
function quoted(document: string): string[] {
    return [...text(document).replace(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

describe("the documents", () => {
    it("name tests and files of tests that are in the tree", () => {
        const wrong: string[] = [];
        let count = 0;
        for (const document of documents) {
            for (const code of quoted(document)) {
                const [, name, rest] = /^((?:Test|Fuzz)\w+)(…)?$/.exec(code) ?? [];
                const file = /(_test\.go|\.test\.m?[jt]s)$/.test(code);
                if (name === undefined && !file) continue;
                count++;
                const there = file ? tests.some(path => path === code || path.endsWith(`/${code}`)) : [...names].some(known => (rest === undefined ? known === name : known.startsWith(name as string)));
                if (!there) wrong.push(`${document}: ${code}`);
            }
        }
        assert.deepEqual(wrong, []);
        assert.ok(count > 25, `${count} names were found: the documents are no longer read as they are written`);
    });

    it("name targets that make has", () => {
        const targets = new Set([...text("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));
        const wrong = documents.flatMap(document => quoted(document).flatMap(code => {
            const [, target] = /^make ([a-z-]+)$/.exec(code) ?? [];
            return target === undefined || targets.has(target) ? [] : [`${document}: ${code}`];
        }));
        assert.deepEqual(wrong, []);
    });

    it("link to files that are there", () => {
        for (const document of documents) {
            for (const [, target = ""] of text(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
                assert.doesNotThrow(() => readFileSync(join(base, document, "..", target)), `${document}: ${target}`);
            }
        }
    });
});
