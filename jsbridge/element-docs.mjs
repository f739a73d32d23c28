// node jsbridge/element-docs.mjs   puts the elements' tables and the tested examples into docs/element.md

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadManifest } from "./element.mjs";

const file = fileURLToPath(new URL("../docs/element.md", import.meta.url));
const example = name => readFileSync(new URL(`test/browser/examples/${name}`, import.meta.url), "utf8").trimEnd();

/** Every part of the document that is made, by the name in its mark. */
export async function made() {
    const examples = Object.entries({ html: "plain.html", js: "plain.js", jsx: "react.jsx", vue: "vue.js" }).map(([kind, name]) => [name, `\`\`\`${kind === "vue" ? "js" : kind}\n${example(name)}\n\`\`\``]);
    return { ...(await loadManifest()).tables(), ...Object.fromEntries(examples) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    let text = readFileSync(file, "utf8");
    for (const [name, content] of Object.entries(await made())) {
        const mark = `<!-- ${name} -->\n`;
        const at = text.indexOf(mark);
        if (at < 0) throw new Error(`docs/element.md has no mark ${mark}`);
        const end = text.indexOf("<!-- end -->", at);
        text = text.slice(0, at + mark.length) + content + "\n" + text.slice(end);
    }
    writeFileSync(file, text);
}
