// make bench: each primitive that matter.js 0.17.9's Crypto asks for, by the core and by what matter.js has for the
// platform, in turns in one run: medians in microseconds per call, in Node and in headless Chromium. By these numbers
// jsbridge/src/matterjs/crypto.ts chooses.

import { EcdsaSignature, PrivateKey, PublicKey, StandardCrypto } from "@matter/general";
import { NodeJsCrypto } from "@matter/nodejs";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { start } from "../../dist/index.js";
import { bundle, openPage } from "../test/browser/harness.mjs";
import { measure } from "./crypto-measure.mjs";

function print(title, results) {
    const names = Object.keys(Object.values(results)[0]);
    console.log(`${title.padEnd(24)}${names.map(name => name.padStart(16)).join("")}   core takes, of the fastest other's time`);
    for (const [what, times] of Object.entries(results)) {
        const { core, ...others } = times;
        console.log(`${what.padEnd(24)}${names.map(name => times[name].toFixed(1).padStart(16)).join("")}   ${((100 * core) / Math.min(...Object.values(others))).toFixed(0)} %`);
    }
}

await start();
print("Node, us", await measure({ NodeJsCrypto: new NodeJsCrypto(), StandardCrypto: new StandardCrypto() }, { PrivateKey, PublicKey, EcdsaSignature }));

const files = {
    "/page.js": await bundle(fileURLToPath(new URL("crypto-page.mjs", import.meta.url))),
    "/matter-session.wasm": readFileSync(new URL("../../dist/matter-session.wasm", import.meta.url)),
};
const { page, close } = await openPage(files);
try {
    print("Chromium, us", await page.evaluate(async () => (await import("/page.js")).run(new URL("/matter-session.wasm", location.href))));
} finally {
    await close();
}
