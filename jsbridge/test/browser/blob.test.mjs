// The blob in a page: loaded by URL, Response, octets and Module, and PASE of our two roles against each other.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { bundle, openPage } from "./harness.mjs";

const blobFile = new URL("../../../dist/matter-session.wasm", import.meta.url);

let browser;
before(async () => {
    assert.ok(existsSync(blobFile), "dist/matter-session.wasm is not built: run make build");
    browser = await openPage({
        "/core.js": await bundle(new URL("../../src/core.ts", import.meta.url)),
        "/matter-session.wasm": readFileSync(blobFile),
        "/not.wasm": Buffer.from("no WebAssembly"),
    });
});
after(() => browser?.close());

test("the blob starts from a URL, a Response, octets and a Module", async () => {
    const sizes = await browser.page.evaluate(async () => {
        const { Core } = await import("/core.js");
        const octets = await (await fetch("/matter-session.wasm")).arrayBuffer();
        const sources = ["/matter-session.wasm", fetch("/matter-session.wasm"), octets, new Uint8Array(octets), await WebAssembly.compile(octets)];
        const cores = await Promise.all(sources.map(source => Core.start(source)));
        return cores.map(core => core.memorySize);
    });
    assert.equal(sizes.length, 5);
    assert.ok(sizes.every(size => size > 0));
});

test("a start that fails says so, and the next one starts", async () => {
    const { message, memorySize, before } = await browser.page.evaluate(async () => {
        const { core, start } = await import("/core.js");
        const textOf = fn => {
            try {
                fn();
                return "no error";
            } catch (error) {
                return error.message;
            }
        };
        const before = textOf(core);
        const message = await start("/not.wasm").then(() => "no error", error => error.message);
        return { before, message, memorySize: (await start("/matter-session.wasm")).memorySize };
    });
    assert.match(before, /not started/);
    assert.match(message, /could not be loaded/);
    assert.ok(memorySize > 0);
});

test("PASE of our two roles in a page", async () => {
    const result = await browser.page.evaluate(async () => {
        const { Core } = await import("/core.js");
        const cores = [await Core.start("/matter-session.wasm"), await Core.start("/matter-session.wasm")];
        const ends = cores.map(core => ({ handle: core.open({}), events: [] }));
        const [initiator, responder] = ends;
        const settle = () => {
            for (let moved = true; moved; ) {
                moved = false;
                for (const [i, { handle, events }] of ends.entries()) {
                    for (let output; (output = handle.next()) !== undefined; moved = true) {
                        if (output.kind === "datagram") {
                            ends[1 - i].handle.receive(performance.now(), 1, output.octets);
                        } else {
                            events.push(output.event);
                        }
                    }
                }
            }
        };
        const event = ({ events }, type) => events.find(e => e.type === type);

        responder.handle.request(performance.now(), "openPase", { passcode: 20202021, iterations: 1000, salt: new Uint8Array(32) });
        initiator.handle.request(performance.now(), "pase", { peer: 1, passcode: 20202021 });
        settle();
        const infos = ends.map(end => end.handle.request(performance.now(), "sessionInfo", { session: event(end, "session").session }));
        initiator.handle.request(performance.now(), "closeSession", { session: infos[0].session });
        settle();
        return {
            ids: infos.map(({ session, peerSession }) => [session, peerSession]),
            challenges: infos.map(info => String(info.attestationChallenge)),
            closed: event(responder, "sessionClosed").session,
        };
    });
    assert.deepEqual(result.ids[0], result.ids[1].toReversed());
    assert.equal(result.challenges[0], result.challenges[1]);
    assert.equal(result.closed, result.ids[1][0], "CloseSession, sealed with the session's key, was not understood");
});

test("nothing was thrown or logged as an error in the page", () => {
    assert.deepEqual(browser.problems, []);
});
