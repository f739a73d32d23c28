/** Outgoing counters as matter.js 0.17.9 has them: their randomness is given, and a stored one may be reserved ahead. */
import { asyncNew, Construction, InternalError, type Crypto, type StorageContext } from "matterjs:@matter/general";
import { MAX_COUNTER_VALUE_32BIT, MessageCounterTypes } from "matterjs:protocol/MessageCounter.js?original";

export { MAX_COUNTER_VALUE_32BIT, MessageCounterTypes };

const rolloverNotice = 100_000;

/** Counts messages from a random number of 28 bits on. Matter Core §4.6.1.1. */
export class MessageCounter {
    /** The last counter that was given. */
    protected messageCounter: number;
    protected readonly onRollover: (() => Promise<void>) | undefined;
    protected readonly rolloverInfoDifference: number;

    /** @param onRollover - called rolloverInfoDifference messages before the largest counter. With it the counter goes on from 0; without it, it stops */
    constructor(crypto: Crypto, onRollover?: () => Promise<void>, rolloverInfoDifference: number = rolloverNotice) {
        this.messageCounter = (crypto.randomUint32 >>> 4) + 1;
        this.onRollover = onRollover;
        this.rolloverInfoDifference = rolloverInfoDifference;
    }

    /** The next counter. @throws InternalError if there is none */
    async getIncrementedCounter(): Promise<number> {
        const next = this.messageCounter + 1;
        if (next > MAX_COUNTER_VALUE_32BIT && this.onRollover === undefined) throw new InternalError("Message counter rollover not allowed.");
        this.messageCounter = next > MAX_COUNTER_VALUE_32BIT ? 0 : next;
        const given = this.messageCounter;
        if (given === MAX_COUNTER_VALUE_32BIT - this.rolloverInfoDifference) await this.onRollover?.();
        return given;
    }
}

export interface PersistedMessageCounterOptions {
    aboutToRolloverCallback?: (() => Promise<void>) | undefined;
    rolloverInfoDifference?: number | undefined;
    /** How far ahead of the counter the stored value is, so that not every message is stored. Absent: each is. */
    reserve?: number | undefined;
    /** Where to begin when nothing is stored. Absent: at random. */
    seed?: number | undefined;
}

/** A counter that no restart takes back. Matter Core §4.6.1.3. */
export class PersistedMessageCounter extends MessageCounter {
    readonly #storage: StorageContext;
    readonly #key: string;
    readonly #reserve: number | undefined;
    readonly #construction: Construction<PersistedMessageCounter>;
    /** The stored value, if it is ahead. */
    #reserved = Infinity;

    static async create(crypto: Crypto, storageContext: StorageContext, storageKey: string, options: PersistedMessageCounterOptions = {}): Promise<PersistedMessageCounter> {
        return asyncNew(PersistedMessageCounter, crypto, storageContext, storageKey, options);
    }

    constructor(crypto: Crypto, storageContext: StorageContext, storageKey: string, { aboutToRolloverCallback, rolloverInfoDifference, reserve, seed }: PersistedMessageCounterOptions = {}) {
        if (reserve !== undefined && (!Number.isInteger(reserve) || reserve <= 0)) throw new InternalError(`Invalid message counter reserve: ${reserve}`);
        super(crypto, aboutToRolloverCallback, rolloverInfoDifference);
        this.#storage = storageContext;
        this.#key = storageKey;
        this.#reserve = reserve;
        this.#construction = Construction(this, () => this.#restore(seed));
    }

    get construction(): Construction<PersistedMessageCounter> {
        return this.#construction;
    }

    override async getIncrementedCounter(): Promise<number> {
        const counter = await super.getIncrementedCounter();
        if (this.#reserve === undefined) await this.#storage.set(this.#key, counter);
        // Past what is stored; or far below it, because the counter has started again.
        else if (counter >= this.#reserved || counter < this.#reserved - this.#reserve) await this.#storeAhead(this.#reserve);
        return counter;
    }

    async #restore(seed: number | undefined): Promise<void> {
        if (await this.#storage.has(this.#key)) {
            this.messageCounter = checked("value", await this.#storage.get(this.#key));
            if (this.messageCounter >= MAX_COUNTER_VALUE_32BIT - this.rolloverInfoDifference) await this.onRollover?.();
        } else if (seed !== undefined) {
            this.messageCounter = checked("seed", seed);
        }
        if (this.#reserve !== undefined) await this.#storeAhead(this.#reserve);
    }

    async #storeAhead(reserve: number): Promise<void> {
        this.#reserved = Math.min(this.messageCounter + reserve, MAX_COUNTER_VALUE_32BIT);
        await this.#storage.set(this.#key, this.#reserved);
    }
}

function checked(what: string, counter: unknown): number {
    if (typeof counter !== "number" || !(counter >= 0) || counter > MAX_COUNTER_VALUE_32BIT) throw new InternalError(`Invalid message counter ${what}: ${String(counter)}`);
    return counter;
}
