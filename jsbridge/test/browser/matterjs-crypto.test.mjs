// matter.js 0.17.9 in a page on our Crypto: whole nodes, in memory, commission and speak.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { bundle, openPage } from "./harness.mjs";

let browser;
before(async () => {
    browser = await openPage({
        "/page.js": await bundle(new URL("matterjs-crypto-page.mjs", import.meta.url)),
        "/matter-session.wasm": readFileSync(new URL("../../../dist/matter-session.wasm", import.meta.url)),
    });
});
after(() => browser?.close());

const run = options => browser.page.evaluate(async options => (await import("/page.js")).run(new URL("/matter-session.wasm", location.href), options), options);

for (const choice of ["fastest", "core"]) {
    test(`the controller commissions the light, toggles it, resumes its session: ${choice}`, async () => {
        const { states, sessions, fabrics, names, calls } = await run({ choice });
        assert.deepEqual(states, [false, true, false, true]);
        assert.deepEqual([sessions, fabrics], [[{ isPase: false, isSecure: true }], 1]);
        assert.deepEqual(names, ["matter-session", "matter-session"]);
        assert.equal(calls.length, 2);
        for (const { core, platform } of calls) {
            // Every message, PASE's points and every key derivation.
            for (const name of ["encrypt", "decrypt", "createHkdfKey", "ecMultiply", "ecAdd", "ecNegate"]) assert.ok(core[name] > 0 && platform[name] === 0, `${name}: ${core[name]} on the core, ${platform[name]} elsewhere`);
            for (const name of ["signEcdsa", "verifyEcdsa", "createKeyPair", "generateDhSecret", "createPbkdf2Key"]) {
                const [on, off] = choice === "core" ? [core, platform] : [platform, core];
                assert.ok(on[name] > 0 && off[name] === 0, `${name}: ${on[name]} and ${off[name]}`);
            }
        }
        // What one sealed, the other opened.
        assert.ok(calls[0].core.encrypt + calls[1].core.encrypt > 40);
        assert.deepEqual(browser.problems, []);
    });
}

test("the same nodes run there on matter.js's own Crypto", async () => {
    const { states, names, calls } = await run({ theirs: true });
    assert.deepEqual([states, names, calls], [[false, true, false, true], ["JS", "JS"], []]);
});
