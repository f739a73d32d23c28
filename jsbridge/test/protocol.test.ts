/** The reception states beside the core, and the steps that matter.js's own tests intercept. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { core, start } from "matter-session";
import * as ours from "matter-session/protocol";
import { Seeded } from "./support/parity.js";

before(() => start());

const names = ["MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateEncryptedWithRollover", "MessageReceptionStateUnencryptedWithRollover"] as const;

describe("reception states", () => {
    it("moves the window as the core does, also around the end of the numbers", () => {
        const random = new Seeded(9);
        for (const [rule, name] of names.entries()) {
            for (let run = 0; run < 3_000; run++) {
                const first = random.chance() ? (random.below(200) - 100) >>> 0 : random.uint32();
                const state = new ours[name](first);
                let max = first, seen = 0xffffffff;
                for (let i = 0; i < 30; i++) {
                    const jump = [random.below(40), -random.below(40), random.below(2) * 32, 2 ** 31 - 2 + random.below(4), random.uint32()][random.below(5)] as number;
                    const counter = (max + jump) >>> 0;
                    let duplicate = false;
                    try {
                        state.updateMessageCounter(counter);
                    } catch (error) {
                        assert.ok(error instanceof ours.DuplicateMessageError);
                        duplicate = true;
                    }
                    const verdict = core().call("reception", rule | 0x100, max | 0, seen | 0, counter | 0);
                    assert.equal(duplicate, verdict !== 0, `${name}: ${counter} after ${max}`);
                    const view = new DataView(core().octets(8).buffer);
                    [max, seen] = [view.getUint32(0, true), view.getUint32(4, true)];
                    assert.deepEqual({ ...(state as object) }, { maximumMessageCounter: max, messageCounterBitmap: seen }, `${name}: ${counter}`);
                }
            }
        }
    });
});

describe("what matter.js's own tests look at", () => {
    /** Calls update with a counter; returns what the steps on the class's own prototype returned. */
    const watched = (name: (typeof names)[number], state: object, counter: number): { diff?: unknown; bitmap?: unknown; updated: boolean; duplicate: boolean } => {
        const prototype = ours[name].prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
        const seen: Record<string, unknown> = {};
        const restore: (() => void)[] = [];
        for (const step of ["calculateDiff", "calculateMessageCounterBitmap", "updateMessageCounterAndBitmap"]) {
            const own = Object.getOwnPropertyDescriptor(prototype, step), original = prototype[step] as (...args: unknown[]) => unknown;
            prototype[step] = function (this: unknown, ...args: unknown[]) {
                return (seen[step] = original.apply(this, args)) ?? (seen[step] = true, undefined);
            };
            restore.push(() => (own === undefined ? delete prototype[step] : Object.defineProperty(prototype, step, own)));
        }
        let duplicate = false;
        try {
            (state as { updateMessageCounter(counter: number): void }).updateMessageCounter(counter);
        } catch (error) {
            assert.ok(error instanceof ours.DuplicateMessageError);
            duplicate = true;
        } finally {
            for (const undo of restore) undo();
        }
        return { diff: seen["calculateDiff"], bitmap: seen["calculateMessageCounterBitmap"], updated: seen["updateMessageCounterAndBitmap"] === true, duplicate };
    };
    const MAX = ours.MAX_COUNTER_VALUE_32BIT, half = 2 ** 31;
    const bits = (...at: number[]): number => at.reduce((sum, bit) => sum + 2 ** bit, 0);

    for (const name of names) {
        it(`${name}: the steps are on the path, and return what they did`, () => {
            const state = new ours[name]();
            assert.deepEqual(watched(name, state, 0x1234), { diff: undefined, bitmap: undefined, updated: true, duplicate: false });
            assert.deepEqual(watched(name, state, 0x1235), { diff: 1, bitmap: 0xffffffff, updated: true, duplicate: false });
            assert.deepEqual(watched(name, state, 0x1235), { diff: undefined, bitmap: undefined, updated: false, duplicate: true });
            assert.deepEqual(watched(name, state, 0x1234), { diff: -1, bitmap: undefined, updated: false, duplicate: true });
            const moved = new ours[name]();
            for (const counter of [1, 96]) moved.updateMessageCounter(counter);
            for (const [counter, diff, bitmap] of [[100, 4, 0b1000], [97, -3, 0b1100], [101, 1, 0b11001], [103, 2, 0b1100110], [95, -8, 0b11100110], [71, -32, bits(31, 7, 6, 5, 2, 1)]] as const) {
                assert.deepEqual(watched(name, moved, counter), { diff, bitmap, updated: true, duplicate: false }, `${counter}`);
            }
        });
    }

    it("with rollover: distances far away", () => {
        const name = "MessageReceptionStateEncryptedWithRollover";
        const low = (): object => new ours[name](103);
        for (const [counter, diff, duplicate] of [[70, -33, true], [0, -103, true], [MAX, -104, true], [103 + half, 1 - half, true], [102 + half, half - 1, false]] as const) {
            const { diff: found, duplicate: refused } = watched(name, low(), counter);
            assert.deepEqual({ found, refused }, { found: diff, refused: duplicate }, `${counter}`);
        }
        assert.equal(watched(name, new ours[name](half + 100_000), 100_000).diff, -half);
        assert.equal(watched(name, new ours[name](half + 100_000), 99_999).diff, MAX - half);
    });

    it("unsecured: what is behind the window moves it there", () => {
        const name = "MessageReceptionStateUnencryptedWithRollover";
        const state = new ours[name]();
        for (const counter of [1, 103]) state.updateMessageCounter(counter);
        assert.deepEqual(watched(name, state, 70), { diff: MAX - 33, bitmap: 0, updated: true, duplicate: false });
        assert.deepEqual(watched(name, state, 71), { diff: 1, bitmap: 1, updated: true, duplicate: false });
        const high = new ours[name]();
        for (const counter of [2 ** 30, 10]) high.updateMessageCounter(counter);
        assert.deepEqual(watched(name, high, MAX - 10), { diff: -21, bitmap: bits(20), updated: true, duplicate: false });
        assert.deepEqual(watched(name, high, MAX - 21), { diff: -32, bitmap: bits(31, 20), updated: true, duplicate: false });
        assert.deepEqual(watched(name, high, MAX - 22), { diff: MAX - 32, bitmap: 0, updated: true, duplicate: false });
    });
});
