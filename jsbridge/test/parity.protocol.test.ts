import "@project-chip/matter-node.js";
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { Crypto } from "@project-chip/matter.js/crypto";
import * as theirs from "@project-chip/matter.js/protocol";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";
import { core, start } from "matter-session";
import * as ours from "matter-session/protocol";
import { outcomeOf, same, sameOf, Seeded } from "./support/parity.js";

before(() => start());

const names = ["MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateEncryptedWithRollover", "MessageReceptionStateUnencryptedWithRollover"] as const;

/** Counters of one sender, mostly close to one another, never 32 ahead of the largest nor around the end of the numbers. */
function* sequence(random: Seeded): Generator<number> {
    let largest = 1000 + random.below(2 ** 30);
    yield largest;
    for (let i = 0; i < 12; i++) {
        const far = random.below(12) === 0;
        let step = far ? random.below(2 ** 29) - 2 ** 28 : random.below(80) - 40;
        if (step === 32) step = 33;
        const next = Math.max(100, largest + step);
        if (next - largest === 32) continue;
        yield next;
        // Unsecured windows go back too: the distance that counts is the one from there.
        if (next > largest || next < largest - 32) largest = next;
    }
}

describe("parity with matter.js 0.9.4: reception", () => {
    for (const name of names) {
        it(`${name}: 20,000 sequences, by verdict, text and window`, () => {
            const random = new Seeded(names.indexOf(name) + 1);
            for (let run = 0; run < 20_000; run++) {
                const first = run % 3 === 0 ? random.below(2 ** 30) : undefined;
                const ourState = new ours[name](first), theirState = new theirs[name](first);
                let previous = first;
                for (const counter of sequence(random)) {
                    if (previous !== undefined && counter - previous === 32) continue;
                    same(() => ourState.updateMessageCounter(counter), () => theirState.updateMessageCounter(counter), `run ${run}, counter ${counter}`);
                    const window = (state: object): unknown => ({ ...state });
                    assert.deepEqual(window(ourState), window(theirState), `run ${run}, counter ${counter}`);
                    previous = (theirState as unknown as { maximumMessageCounter: number }).maximumMessageCounter;
                }
            }
        });

        it(`${name}: refuses what is no counter`, () => {
            for (const wrong of [-1, 2 ** 32, Infinity]) {
                same(() => new ours[name](5).updateMessageCounter(wrong), () => new theirs[name](5).updateMessageCounter(wrong), `${wrong}`);
            }
        });
    }

    it("differs: a jump by exactly 32 keeps no counter that was not seen", () => {
        const run = (state: { updateMessageCounter(counter: number): void }): void => {
            for (const counter of [1000, 2000, 2001, 2033]) state.updateMessageCounter(counter);
            state.updateMessageCounter(2032); // never sent before
        };
        for (const name of names) {
            run(new ours[name]());
            assert.throws(() => run(new theirs[name]()), theirs.DuplicateMessageError, name);
        }
    });

    it("differs: 0xffffffff is a counter", () => {
        for (const name of names) {
            const [ourState, theirState] = [new ours[name](0xfffffff0), new theirs[name](0xfffffff0)];
            ourState.updateMessageCounter(0xffffffff);
            assert.throws(() => ourState.updateMessageCounter(0xffffffff), ours.DuplicateMessageError);
            assert.throws(() => theirState.updateMessageCounter(0xffffffff), /Invalid message counter value: 4294967295/);
        }
        assert.equal(ours.MAX_COUNTER_VALUE_32BIT, 0xffffffff);
        assert.equal(theirs.MAX_COUNTER_VALUE_32BIT, 0xfffffffe);
    });

    it("differs: after the end of the numbers unsecured counters go on at 0, once", () => {
        const ourState = new ours.MessageReceptionStateUnencryptedWithRollover(0xfffffffe), theirState = new theirs.MessageReceptionStateUnencryptedWithRollover(0xfffffffe);
        ourState.updateMessageCounter(0);
        assert.throws(() => ourState.updateMessageCounter(0), ours.DuplicateMessageError);
        theirState.updateMessageCounter(0);
        theirState.updateMessageCounter(0);
    });

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

describe("parity with matter.js 0.9.4: counters", () => {
    /** Both start at the same number. */
    const pinned = <T>(start: number, make: () => T): T => {
        const [random, theirRandom] = [crypto.getRandomValues, Crypto.get().getRandomData];
        const octets = Uint8Array.of(start, start >>> 8, start >>> 16, start >>> 24);
        crypto.getRandomValues = <A>(array: A): A => {
            assert.equal((array as Uint8Array).length, 4);
            (array as Uint8Array).set(octets);
            return array;
        };
        Crypto.get().getRandomData = () => octets;
        try {
            return make();
        } finally {
            crypto.getRandomValues = random;
            Crypto.get().getRandomData = theirRandom;
        }
    };

    it("start at 28 random bits and 1, and are taken one by one", async () => {
        for (const start of [0, 0x12345678, 0xffffffff]) {
            const our = pinned(start, () => new ours.MessageCounter()), their = pinned(start, () => new theirs.MessageCounter());
            for (let i = 0; i < 3; i++) await sameOf(() => our.getIncrementedCounter(), () => their.getIncrementedCounter(), `${start}`);
            assert.equal(await our.getIncrementedCounter(), (start >>> 4) + 5);
        }
    });

    const storage = async (value?: unknown): Promise<never> => {
        const manager = new StorageManager(new StorageBackendMemory());
        await manager.initialize();
        const context = manager.createContext("Test");
        if (value !== undefined) await context.set("counter", value as number);
        return context as never;
    };

    it("persist, tell of the end, and stop or go on there", async () => {
        for (const callback of [false, true]) {
            for (const distance of [0, 1, 2, 99, 100, 101, 102, 5000]) {
                const run = async ({ PersistedMessageCounter, MAX_COUNTER_VALUE_32BIT: largest }: typeof ours | typeof theirs): Promise<unknown[]> => {
                    const told: string[] = [];
                    const context = await storage(largest - distance);
                    const counter = await PersistedMessageCounter.create(context, "counter", callback ? () => told.push("told") : undefined, 100);
                    for (let i = 0; i < 4; i++) told.push(JSON.stringify(await outcomeOf(async () => (await counter.getIncrementedCounter()) + (0xffffffff - largest))));
                    // What was stored in the end, counted from the end.
                    told.push(`${largest - (await (context as { get(key: string): Promise<number> }).get("counter"))}`);
                    return told;
                };
                const [our, their] = [await run(ours), await run(theirs)];
                // 0 after the end is 0 in both, and no distance.
                const comparable = (told: unknown[]): unknown[] => (callback && distance < 4 ? told.filter(line => line === "told") : told);
                assert.deepEqual(comparable(our), comparable(their), `callback ${callback}, ${distance} before the end`);
                if (callback && distance < 4) assert.ok(our.includes(JSON.stringify({ value: 0 })));
            }
        }
    });

    it("refuse a stored value that is no counter, when they are made", async () => {
        for (const wrong of [-1, 2 ** 32]) {
            await assert.rejects(theirs.PersistedMessageCounter.create(await storage(wrong), "counter"), (error: Error) => {
                assert.equal(error.constructor.name, "CrashedDependencyError");
                assert.equal(`${error.message}`, "PersistedMessageCounter unavailable due to initialization error");
                return true;
            });
            await assert.rejects(ours.PersistedMessageCounter.create(await storage(wrong), "counter"), {
                name: "CrashedDependencyError", message: "PersistedMessageCounter unavailable due to initialization error",
            });
        }
    });

    it("have the same kinds", () => {
        assert.deepEqual({ ...ours.MessageCounterTypes }, { ...theirs.MessageCounterTypes });
    });

    it("differs: a counter that is still being read is waited for, and none is given if that failed", async () => {
        const counter = new ours.PersistedMessageCounter(await storage(41), "counter");
        assert.equal(await counter.getIncrementedCounter(), 42);
        const broken = new ours.PersistedMessageCounter(await storage(-1), "counter");
        await assert.rejects(broken.getIncrementedCounter(), /unavailable due to initialization error/);
        assert.equal(broken.construction.ready, true);
        assert.equal(broken.construction.error?.message, "Invalid message counter value: -1");
    });
});
