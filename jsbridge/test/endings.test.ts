import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { compile, Controller, Core } from "matter-session";
import { play, sceneNames, type Stage } from "./support/endings.js";
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
});
