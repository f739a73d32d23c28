import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Controller, Core, core, DeadError, ImplementationError, start } from "matter-session";
import { play, sceneNames } from "./support/endings.js";
import { buildHooked, pull, type Hook } from "./support/hooked.js";
import { LoopPeer, MemoryStore } from "./support/loop.js";
import { verifierOf20202021 } from "./support/vectors.js";

const device = verifierOf20202021();

const unhandled: unknown[] = [];
const note = (reason: unknown): number => unhandled.push(reason);
let module: WebAssembly.Module;
before(async () => {
    process.on("unhandledRejection", note).on("uncaughtException", note);
    module = await buildHooked("death.wasm");
});
after(() => process.off("unhandledRejection", note).off("uncaughtException", note));

const ways = [[1, "a panic", /nil pointer/], [2, "a panic that nothing recovers", /panic: hook: on purpose/], [3, "a failed allocation", /out of memory/]] as const;

/** Kills a core, and checks how the caller hears of it. */
function kill(victim: Core, hook: Hook, why: RegExp): void {
    assert.throws(() => pull(victim, hook), (error: Error) => error instanceof DeadError && why.test(error.message) && /sessions are lost, start a new one$/.test(error.message));
}

describe("TestField_F28: the blob dies", () => {
    for (const [i, name] of sceneNames.entries()) {
        // Memory for its own sake once: four gigabytes take a while.
        const [hook, what, why] = ways[i % 2]!;
        it(`of ${what}: ${name}`, async () => {
            const victim = await Core.start(module);
            const { outcomes, ended } = await play(name, { core: victim, peerCore: await Core.start(module), device }, () => kill(victim, hook, why));
            assert.ok(outcomes.length > 0);
            assert.deepEqual(outcomes, outcomes.map(() => "DeadError"));
            assert.equal(ended, "DeadError");
            assert.deepEqual(unhandled.splice(0), []);
        });
    }

    for (const [hook, what, why] of ways) {
        it(`of ${what}: sessions are reported as lost, once, and the next start() works`, async () => {
            const open = async (told: Error[]) => {
                const peer = new LoopPeer(await Core.start(module));
                const storage = new MemoryStore();
                const controller = await Controller.open({ storage, transport: peer, core: module, onClosed: reason => void told.push(reason) });
                peer.handle.request(performance.now(), "openAuthority", { authority: storage.values.get("fabric")! });
                return { controller, connection: await controller.connect(controller.nodeId, { address: "192.0.2.1" }) };
            };
            const told: Error[] = [], toldLater: Error[] = [];
            const { controller, connection } = await open(told);
            const victim = core();
            kill(victim, hook, why);
            assert.equal(await connection.closed, victim.dead);
            assert.equal(connection.isOpen, false);
            await assert.rejects(connection.read({ endpoint: 0, cluster: 6, attribute: 0 }), DeadError);
            await assert.rejects(controller.connect(1n), DeadError);
            await controller.close();
            assert.deepEqual(told, [victim.dead]);

            const next = await open(toldLater);
            assert.notEqual(core(), victim);
            assert.equal(await start(module), core());
            assert.equal(next.connection.isOpen, true);
            await next.controller.close();
            assert.deepEqual([toldLater.length, unhandled.length], [1, 0]);
        });
    }

    it("only where it was built for this: the shipped blob knows no such request", async () => {
        const shipped = await Core.start();
        for (const hook of [1, 2, 3, 4] as const) {
            assert.throws(() => pull(shipped, hook), (error: Error) => error instanceof ImplementationError && /malformed request/.test(error.message));
        }
        assert.equal(shipped.dead, undefined);
        shipped.open().close(0);
    });
});
