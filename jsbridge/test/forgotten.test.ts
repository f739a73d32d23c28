import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Controller, Core, ResourceExhaustedError, type CoreHandle } from "matter-session";
import { LoopPeer, MemoryStore } from "./support/loop.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
/** Finalizers run in a turn of their own. */
const collected = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
        collect();
        await new Promise(turn => setTimeout(turn, 5));
    }
};

describe("instances that nobody closes", () => {
    let core: Core;
    before(async () => {
        core = await Core.start();
    });
    /** In a function of its own, so that no frame keeps the last one. */
    const forget = async (): Promise<void> => {
        await Controller.open({ storage: new MemoryStore(), transport: new LoopPeer(core), core });
    };
    const many = 40; // 64 are all there is, and each of these takes two

    it("give their places back when they are collected", async () => {
        for (let i = 0; i < 4; i++) {
            for (let n = 0; n < many / 2; n++) await forget();
            await collected();
        }
    });

    it("are too many if they are held, in one sentence; closing one makes room", async () => {
        await collected();
        const held: CoreHandle[] = [];
        assert.throws(() => {
            for (;;) held.push(core.open());
        }, (error: Error) => error instanceof ResourceExhaustedError && /too many open controllers/.test(error.message));
        assert.equal(held.length, 64);
        const [first, ...others] = held;
        first?.close(0);
        assert.equal(first?.next(), undefined);
        const last = core.open();
        for (const handle of [last, ...others]) {
            handle.close(0);
            handle.next();
        }
    });

    it("are closed by using and by await using", async () => {
        for (let n = 0; n < 70; n++) {
            if (n % 2 === 0) {
                using controller = await Controller.open({ storage: new MemoryStore(), transport: { open: () => Promise.reject(new Error("none")) }, core });
                assert.equal(controller.ended, undefined);
            } else {
                await using controller = await Controller.open({ storage: new MemoryStore(), transport: { open: () => Promise.reject(new Error("none")) }, core });
                assert.equal(controller.ended, undefined);
            }
        }
    });

    it("live on while a channel or a timer of theirs does", async () => {
        const peer = new LoopPeer(core);
        const open = async (): Promise<void> => {
            const storage = new MemoryStore();
            const controller = await Controller.open({ storage, transport: peer, core });
            peer.handle.request(performance.now(), "openAuthority", { authority: storage.values.get("fabric")! });
            await controller.connect(controller.nodeId, { address: "192.0.2.1" });
        };
        await open();
        await collected();
        const closed = peer.events.filter(event => event.type === "sessionClosed");
        assert.deepEqual([peer.channels.size, closed.length], [1, 0]);
        for (const channel of peer.channels) channel.close();
        peer.handle.close(0);
    });
});
