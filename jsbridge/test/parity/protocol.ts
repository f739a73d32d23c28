import * as theirs from "@project-chip/matter.js/protocol";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";
import * as ours from "matter-session/protocol";
import { area, check, equalValues, explained, explainedValues, outcome, outcomeOf, same, sameOf, Seeded, type Outcome } from "../support/parity.js";
import { pinned } from "../support/pinned.js";

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

area("reception", () => {
    for (const name of names) {
        check(`${name}: 34,000 sequences, by verdict, text and window`, () => {
            const random = new Seeded(names.indexOf(name) + 1);
            for (let run = 0; run < 34_000; run++) {
                const first = run % 3 === 0 ? random.below(2 ** 30) : undefined;
                const ourState = new ours[name](first), theirState = new theirs[name](first);
                let previous = first;
                for (const counter of sequence(random)) {
                    if (previous !== undefined && counter - previous === 32) continue;
                    same(() => ourState.updateMessageCounter(counter), () => theirState.updateMessageCounter(counter), `run ${run}, counter ${counter}`);
                    const window = (state: object): unknown => ({ ...state });
                    equalValues(window(ourState), window(theirState), `run ${run}, window after ${counter}`);
                    previous = (theirState as unknown as { maximumMessageCounter: number }).maximumMessageCounter;
                }
            }
        });

        check(`${name}: refuses what is no counter`, () => {
            for (const wrong of [-1, 2 ** 32, Infinity]) {
                same(() => new ours[name](5).updateMessageCounter(wrong), () => new theirs[name](5).updateMessageCounter(wrong), `${wrong}`);
            }
        });
    }

    check("a jump by exactly 32 keeps no counter that was not seen", () => {
        for (const name of names) {
            const [our, their] = [new ours[name](), new theirs[name]()];
            for (const counter of [1000, 2000, 2001, 2033]) same(() => our.updateMessageCounter(counter), () => their.updateMessageCounter(counter), name);
            // Never sent before.
            explained("Replay window", outcome(() => our.updateMessageCounter(2032)), outcome(() => their.updateMessageCounter(2032)), name);
        }
    });

    check("the largest counter", () => {
        for (const name of names) {
            const [our, their] = [new ours[name](0xfffffff0), new theirs[name](0xfffffff0)];
            for (const when of ["first", "again"]) {
                explained("Largest counter", outcome(() => our.updateMessageCounter(0xffffffff)), outcome(() => their.updateMessageCounter(0xffffffff)), `${name}, ${when}`);
            }
        }
        explainedValues("Largest counter", ours.MAX_COUNTER_VALUE_32BIT, theirs.MAX_COUNTER_VALUE_32BIT, "MAX_COUNTER_VALUE_32BIT");
    });

    check("after the end of the numbers unsecured counters go on at 0, once", () => {
        const name = "MessageReceptionStateUnencryptedWithRollover";
        const [our, their] = [new ours[name](0xfffffffe), new theirs[name](0xfffffffe)];
        same(() => our.updateMessageCounter(0), () => their.updateMessageCounter(0), "first");
        explained("Counter 0", outcome(() => our.updateMessageCounter(0)), outcome(() => their.updateMessageCounter(0)), "again");
    });
});

area("counters", () => {
    check("start at 28 random bits and 1, and are taken one by one", async () => {
        const random = new Seeded(8);
        for (const start of [0, 0x12345678, 0xffffffff, ...Array.from({ length: 200 }, () => random.uint32())]) {
            const octets = Uint8Array.of(start, start >>> 8, start >>> 16, start >>> 24);
            const [our, their] = await pinned(octets, () => [new ours.MessageCounter(), new theirs.MessageCounter()]);
            for (let i = 0; i < 3; i++) await sameOf(() => our.getIncrementedCounter(), () => their.getIncrementedCounter(), `${start}`);
            equalValues(await our.getIncrementedCounter(), (start >>> 4) + 5, "the fourth");
        }
    });

    const storage = async (value?: unknown): Promise<never> => {
        const manager = new StorageManager(new StorageBackendMemory());
        await manager.initialize();
        const context = manager.createContext("Test");
        if (value !== undefined) await context.set("counter", value as number);
        return context as never;
    };

    check("persist, tell of the end, and stop or go on there", async () => {
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
                equalValues(comparable(our), comparable(their), `callback ${callback}, ${distance} before the end`);
                for (const told of callback && distance < 4 ? [our, their] : []) equalValues(told.some(line => /^{"value":[01]}$/.test(`${line}`)), true, "goes on at 0");
            }
        }
    });

    check("refuse a stored value that is no counter, when they are made", async () => {
        for (const wrong of [-1, 2 ** 32]) {
            const create = async (from: typeof ours | typeof theirs): Promise<unknown> => from.PersistedMessageCounter.create(await storage(wrong), "counter");
            await sameOf(() => create(ours), () => create(theirs), `${wrong}`);
        }
    });

    check("have the same kinds", () => {
        equalValues({ ...ours.MessageCounterTypes }, { ...theirs.MessageCounterTypes }, "MessageCounterTypes");
    });

    check("while the stored value is still being read, and when it cannot be", async () => {
        for (const stored of [41, -1]) {
            const at = async (from: typeof ours | typeof theirs): Promise<Outcome> => {
                const context = await storage(stored);
                const counter = new from.PersistedMessageCounter(context, "counter");
                Promise.resolve(counter.construction).catch(() => {}); // it is the counter that is asked
                return outcomeOf(() => counter.getIncrementedCounter());
            };
            explained("Persisted counters", await at(ours), await at(theirs), `${stored} is stored`);
        }
    });
});
