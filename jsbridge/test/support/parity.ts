/** The same calls into matter.js 0.9.4 and into ours. */
import assert from "node:assert/strict";

/** What came of a call: a value, or an error's class, the classes below it, and its message. */
export type Outcome = { value: unknown } | { error: { classes: string[]; message: string } };

export function outcome(call: () => unknown): Outcome {
    try {
        return { value: call() };
    } catch (error) {
        return { error: told(error) };
    }
}

export async function outcomeOf(call: () => unknown): Promise<Outcome> {
    try {
        return { value: await call() };
    } catch (error) {
        return { error: told(error) };
    }
}

function told(error: unknown): { classes: string[]; message: string } {
    assert.ok(error instanceof Error, `${error} is no Error`);
    const classes: string[] = [];
    for (let at = Object.getPrototypeOf(error); at !== null && at !== Error.prototype; at = Object.getPrototypeOf(at)) {
        const { name } = at.constructor;
        // This package's StatusResponseError has one of matter.js's form above it.
        if (classes.at(-1) !== name) classes.push(name);
    }
    return { classes, message: error.message };
}

/** Whether both came to the same, in every class that both name and in their order. */
export function equal(ours: Outcome, theirs: Outcome, what: string): void {
    assert.deepEqual(plain(ours), plain(theirs), what);
}

/** Octets are compared as octets, whatever class they are of: node's Buffer is one. */
function plain(value: unknown): unknown {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
    return value;
}

export function same(ours: () => unknown, theirs: () => unknown, what: string): void {
    equal(outcome(ours), outcome(theirs), what);
}

export async function sameOf(ours: () => unknown, theirs: () => unknown, what: string): Promise<void> {
    equal(await outcomeOf(ours), await outcomeOf(theirs), what);
}

/** Random numbers that are the same in every run. */
export class Seeded {
    #state: number;

    constructor(seed: number) {
        this.#state = seed >>> 0;
    }

    /** Below n, which is at most 2^32. */
    below(n: number): number {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let t = this.#state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
    }

    chance(): boolean {
        return this.below(2) === 1;
    }

    uint32(): number {
        return this.below(2 ** 32);
    }

    uint64(): bigint {
        return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
    }

    octets(length: number): Uint8Array {
        return Uint8Array.from({ length }, () => this.below(256));
    }
}
