/** The same calls into matter.js 0.9.4 and into ours, compared and counted. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

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
    // One of matter.js's is a String object.
    return { classes, message: String(error.message) };
}

/** What was compared so far. */
export const tally: { equal: number; explained: number; different: number } = { equal: 0, explained: 0, different: 0 };

/** How often each row of README's table was the explanation. */
export const rows: Map<string, number> = new Map();

/** Where differences are told, instead of thrown. */
export let differences: ((what: string, ours: unknown, theirs: unknown) => void) | undefined;

export function collect(tell: typeof differences): void {
    differences = tell;
}

/** Whether both came to the same, in every class that both name and in their order. */
export function equal(ours: Outcome, theirs: Outcome, what: string): void {
    if (alike(ours, theirs)) {
        tally.equal++;
        return;
    }
    const [a, b] = [plain(ours), plain(theirs)];
    tally.different++;
    if (differences === undefined) assert.deepEqual(a, b, what);
    else differences(what, a, b);
}

/** Values, or what was sent. */
export function equalValues(ours: unknown, theirs: unknown, what: string): void {
    equal({ value: ours }, { value: theirs }, what);
}

export function same(ours: () => unknown, theirs: () => unknown, what: string): void {
    equal(outcome(ours), outcome(theirs), what);
}

export async function sameOf(ours: () => unknown, theirs: () => unknown, what: string): Promise<void> {
    equal(await outcomeOf(ours), await outcomeOf(theirs), what);
}

/** A difference that is wanted, and the row of README's table that tells of it. There must be one. */
export function explained(row: string, ours: Outcome, theirs: Outcome, what: string): void {
    assert.ok(!alike(ours, theirs), `${what}: no difference any more, README's row "${row}" says there is one`);
    tally.explained++;
    rows.set(row, (rows.get(row) ?? 0) + 1);
}

/** The same where both may come to the same by chance, as when what one refuses is malformed in other ways too. */
export function explainedOrEqual(row: string, ours: Outcome, theirs: Outcome, what: string): void {
    if (alike(ours, theirs)) tally.equal++;
    else explained(row, ours, theirs, what);
}

export function explainedValues(row: string, ours: unknown, theirs: unknown, what: string): void {
    explained(row, { value: ours }, { value: theirs }, what);
}

function alike(ours: Outcome, theirs: Outcome): boolean {
    if ("value" in ours && "value" in theirs && typeof ours.value !== "object" && Object.is(ours.value, theirs.value)) return true;
    return isDeepStrictEqual(plain(ours), plain(theirs));
}

/** Octets are compared as octets, whatever class they are of: node's Buffer is one. */
function plain(value: unknown): unknown {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
    return value;
}

/** What is compared together. */
export interface Check {
    readonly area: string;
    readonly name: string;
    readonly run: () => unknown;
}

export const checks: Check[] = [];
let current = "";

export function area(name: string, body: () => void): void {
    current = name;
    body();
}

export function check(name: string, run: () => unknown): void {
    checks.push({ area: current, name, run });
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
