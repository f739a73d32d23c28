/** Outgoing message counters. Matter Core §4.6. */
import { callable, having } from "../common/arguments.js";
import { InternalError } from "../common/MatterError.js";
import { platform, type Construction } from "../platform.js";
import type { StorageContext } from "../storage/StorageContext.js";

/** The largest counter there is. */
export const MAX_COUNTER_VALUE_32BIT = 0xffffffff;

/** How many messages before the end its user is told of it. */
const rolloverNotice = 1000;

/** What counters there are, in both directions as TypeScript's enums have them. */
export const MessageCounterTypes: {
    readonly GlobalUnencrypted: 0; readonly GlobalEncryptedData: 1; readonly GlobalEncryptedControl: 2; readonly SecureSession: 3;
    readonly 0: "GlobalUnencrypted"; readonly 1: "GlobalEncryptedData"; readonly 2: "GlobalEncryptedControl"; readonly 3: "SecureSession";
} = {
    GlobalUnencrypted: 0, GlobalEncryptedData: 1, GlobalEncryptedControl: 2, SecureSession: 3,
    0: "GlobalUnencrypted", 1: "GlobalEncryptedData", 2: "GlobalEncryptedControl", 3: "SecureSession",
};
export type MessageCounterTypes = 0 | 1 | 2 | 3;

/** Counts messages from a random number of 28 bits on. */
export class MessageCounter {
    /** The last counter that was given. */
    protected messageCounter: number = randomStart();
    protected readonly aboutToRolloverCallback: (() => void) | undefined;
    protected readonly rolloverInfoDifference: number;

    /**
     * @param aboutToRolloverCallback - called once, rolloverInfoDifference messages before the largest
     * counter. With it the counter goes on from 0; without it, it stops
     */
    constructor(aboutToRolloverCallback?: () => void, rolloverInfoDifference: number = rolloverNotice) {
        if (aboutToRolloverCallback !== undefined) callable("aboutToRolloverCallback", aboutToRolloverCallback);
        this.aboutToRolloverCallback = aboutToRolloverCallback;
        this.rolloverInfoDifference = rolloverInfoDifference;
    }

    /** The next counter. @throws {@link InternalError} if there is none */
    async getIncrementedCounter(): Promise<number> {
        if (this.messageCounter >= MAX_COUNTER_VALUE_32BIT && this.aboutToRolloverCallback === undefined) {
            throw new InternalError("Message counter rollover not allowed.");
        }
        this.messageCounter = this.messageCounter >= MAX_COUNTER_VALUE_32BIT ? 0 : this.messageCounter + 1;
        if (this.messageCounter === MAX_COUNTER_VALUE_32BIT - this.rolloverInfoDifference) this.aboutToRolloverCallback?.();
        return this.messageCounter;
    }
}

/** A counter whose value outlives the program: it is stored before it is given. */
export class PersistedMessageCounter extends MessageCounter {
    readonly #construction: Construction<PersistedMessageCounter>;
    readonly #storage: StorageContext;
    readonly #key: string;

    /** Makes a counter that goes on where the stored one ended. */
    static async create(storageContext: StorageContext, storageKey: string, aboutToRolloverCallback?: () => void, rolloverInfoDifference?: number): Promise<PersistedMessageCounter> {
        return new PersistedMessageCounter(storageContext, storageKey, aboutToRolloverCallback, rolloverInfoDifference).construction;
    }

    constructor(storageContext: StorageContext, storageKey: string, aboutToRolloverCallback?: () => void, rolloverInfoDifference?: number) {
        super(aboutToRolloverCallback, rolloverInfoDifference);
        this.#storage = having("storageContext", storageContext, "get", "has", "set");
        this.#key = storageKey;
        this.#construction = platform().construction<PersistedMessageCounter>(this, () => this.#restore());
    }

    /** Resolves to this counter when the stored value has been read. */
    get construction(): Construction<PersistedMessageCounter> {
        return this.#construction;
    }

    override async getIncrementedCounter(): Promise<number> {
        await this.#construction;
        const counter = await super.getIncrementedCounter();
        await this.#storage.set(this.#key, counter);
        return counter;
    }

    async #restore(): Promise<void> {
        if (!(await this.#storage.has(this.#key))) return;
        const stored = await this.#storage.get(this.#key);
        if (typeof stored !== "number" || !Number.isInteger(stored) || stored < 0 || stored > MAX_COUNTER_VALUE_32BIT) throw new InternalError(`Invalid message counter value: ${stored}`);
        this.messageCounter = stored;
        if (stored >= MAX_COUNTER_VALUE_32BIT - this.rolloverInfoDifference) this.aboutToRolloverCallback?.();
    }
}

function randomStart(): number {
    const octets = platform().randomBytes(4);
    return (new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0, true) >>> 4) + 1;
}
