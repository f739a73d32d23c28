import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { compile, Controller, Core } from "matter-session";
import { discover, UdpTransport } from "matter-session/node";
import { play, sceneNames, type Stage } from "./support/endings.js";
import { LateTimers } from "./support/loop.js";
import { root, verifierOf20202021 } from "./support/vectors.js";

const device = verifierOf20202021();

const unhandled: unknown[] = [];
const note = (reason: unknown): number => unhandled.push(reason);
before(() => process.on("unhandledRejection", note).on("uncaughtException", note));
after(() => process.off("unhandledRejection", note).off("uncaughtException", note));

describe("TestField_F17: what comes after the end does nothing", () => {
    let stage: Stage;
    before(async () => {
        const module = await compile(readFileSync(new URL("dist/matter-session.wasm", root)));
        stage = { core: await Core.start(module), peerCore: await Core.start(module), device };
    });
    const ends: Record<string, (controller: Controller) => unknown> = { "close()": controller => controller.close(), "Symbol.dispose": controller => controller[Symbol.dispose]() };
    for (const name of sceneNames) {
        for (const [how, end] of Object.entries(ends)) {
            it(`${name}, ${how}`, async () => {
                const { outcomes, ended } = await play(name, stage, end);
                assert.ok(outcomes.length > 0);
                assert.deepEqual(outcomes, outcomes.map(() => "ClosedError"));
                assert.equal(ended, "ClosedError");
                assert.deepEqual(unhandled.splice(0), []);
            });
        }
    }

    it("a search of Node's, whose next question comes too late", async () => {
        const timers = new LateTimers();
        try {
            for (const query of [{ discriminator: 3840, short: false }, { operational: "0123456789ABCDEF-0000000000000001" }, { all: "commissionable" }] as const) {
                const abort = new AbortController();
                const next = discover(query, abort.signal, { server: { host: "127.0.0.1", port: 9 } }).next();
                abort.abort();
                assert.deepEqual(await next, { done: true, value: undefined });
                timers.fire();
                await timers.wait(20);
                assert.deepEqual(unhandled.splice(0), []);
            }
        } finally {
            timers.restore();
        }
    });

    it("a socket that opens, or a name that is resolved, when the transport is closed", async () => {
        for (const host of ["127.0.0.1", "::1", "localhost", "no-such-host.invalid"]) {
            const transport = new UdpTransport();
            const opening = transport.open({ host, port: 5540 }, new AbortController().signal).then(() => "opened", (error: Error) => error.constructor.name);
            await transport.close();
            assert.match(await opening, /^(ClosedError|TransportError)$/);
            await new Promise(turn => setTimeout(turn, 5));
            assert.deepEqual(unhandled.splice(0), []);
        }
    });
});
