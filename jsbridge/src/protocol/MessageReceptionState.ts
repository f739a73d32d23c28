/**
 * Which of a sender's message counters were seen, in the three ways of Matter Core §4.6.5. The rule is
 * the core's; what is here keeps its state, and the steps that matter.js's own tests look at.
 */
import { InternalError, MatterError } from "../common/MatterError.js";
import { sessionCore } from "../session/core.js";
import { MAX_COUNTER_VALUE_32BIT } from "./MessageCounter.js";

const windowSize = 32;
const allSeen = 0xffffffff;
const circle = 2 ** 32;
const half = 2 ** 31;

/** The rules by the core's numbers. */
const secureUnicast = 0, group = 1, unsecured = 2;
const started = 0x100;

export class DuplicateMessageError extends MatterError {}

/** What the core says of a counter that is not new. */
const duplicates: readonly string[] = [
    "",
    "Message counter equals the maximum message counter.",
    "Message counter is considered duplicate.",
    "Message counter is within the message counter window and duplicate.",
];

/** @throws {@link DuplicateMessageError} unless verdict is 0 */
export function refuseDuplicate(verdict: number): void {
    if (verdict !== 0) throw new DuplicateMessageError(duplicates[verdict] ?? "Message counter is considered duplicate.");
}

/** @throws {@link InternalError} if it is no counter */
export function checkCounter(messageCounter: number): void {
    if (!Number.isInteger(messageCounter) || messageCounter < 0 || messageCounter > MAX_COUNTER_VALUE_32BIT) {
        throw new InternalError(`Invalid message counter value: ${messageCounter}`);
    }
}

export abstract class MessageReceptionState {
    /** Takes note of a counter. @throws {@link DuplicateMessageError} if it is not new */
    abstract updateMessageCounter(messageCounter: number): void;
}

/** Secure unicast: counters never start again, and what is behind the window is a duplicate. */
export class MessageReceptionStateEncryptedWithoutRollover extends MessageReceptionState {
    /** The largest counter seen; undefined before the first. */
    protected maximumMessageCounter: number | undefined;
    /** Bit i: counter maximum - 1 - i was seen. */
    private messageCounterBitmap: number;
    readonly #beforeFirst: number;

    /**
     * @param messageCounter - a counter that counts as seen; absent: the first message is believed
     * @param beforeFirst - which counters before that one count as seen, as a window
     */
    constructor(messageCounter?: number, beforeFirst: number = allSeen) {
        super();
        this.#beforeFirst = beforeFirst;
        this.messageCounterBitmap = beforeFirst;
        if (messageCounter !== undefined) {
            checkCounter(messageCounter);
            this.maximumMessageCounter = messageCounter;
        }
    }

    override updateMessageCounter(messageCounter: number): void {
        checkCounter(messageCounter);
        let diff = 0;
        if (this.maximumMessageCounter !== undefined) {
            if (messageCounter !== this.maximumMessageCounter) diff = this.calculateDiff(messageCounter);
            refuseDuplicate(receive(this.rule(), this.maximumMessageCounter, this.messageCounterBitmap, messageCounter).verdict);
        }
        this.updateMessageCounterAndBitmap(messageCounter, diff);
    }

    /** The rule by which the core judges. */
    protected rule(): number {
        return secureUnicast;
    }

    /** How far a counter is from the largest one seen; negative: behind it. */
    protected calculateDiff(messageCounter: number): number {
        return this.maximumMessageCounter === undefined ? 0 : messageCounter - this.maximumMessageCounter;
    }

    /** The window after a counter at that distance, as the core moves it. */
    protected calculateMessageCounterBitmap(messageCounterBitmap: number, diff: number): number {
        if (diff === 0) return messageCounterBitmap >>> 0;
        // A window is the same wherever among the numbers it lies: from 0 ahead, or back to 0, none rolls over.
        return diff > 0 ? receive(this.rule(), 0, messageCounterBitmap, diff).seen : receive(secureUnicast, -diff, messageCounterBitmap, 0).seen;
    }

    /** Takes note of a counter at that distance, which is new. */
    protected updateMessageCounterAndBitmap(messageCounter: number, diff: number): void {
        if (this.maximumMessageCounter === undefined) {
            this.maximumMessageCounter = messageCounter;
            this.messageCounterBitmap = this.#beforeFirst;
            return;
        }
        this.messageCounterBitmap = this.calculateMessageCounterBitmap(this.messageCounterBitmap, diff);
        if (diff > 0 || diff < -windowSize) this.maximumMessageCounter = messageCounter;
    }
}

/** Groups: counters start again at 0, so half of the numbers are ahead and half are behind. */
export class MessageReceptionStateEncryptedWithRollover extends MessageReceptionStateEncryptedWithoutRollover {
    protected override rule(): number {
        return group;
    }

    protected override calculateDiff(messageCounter: number): number {
        if (this.maximumMessageCounter === undefined) return 0;
        const diff = messageCounter - this.maximumMessageCounter;
        // The number opposite is behind either way; from this side matter.js counts it one short.
        if (diff >= half) return Math.max(diff - circle, 1 - half);
        return diff < -half ? diff + circle : diff;
    }
}

/** Unsecured: counters start again at any time, so what is behind the window is new and moves it there. */
export class MessageReceptionStateUnencryptedWithRollover extends MessageReceptionStateEncryptedWithoutRollover {
    protected override rule(): number {
        return unsecured;
    }

    protected override calculateDiff(messageCounter: number): number {
        if (this.maximumMessageCounter === undefined) return 0;
        const diff = messageCounter - this.maximumMessageCounter;
        if (diff >= circle - windowSize) return diff - circle;
        if (diff >= -windowSize) return diff;
        // Ahead, around the end of the numbers; or so far behind that it can only be a restart, which
        // counts as ahead too, and which matter.js counts one short.
        return diff < -half ? diff + circle : diff + circle - 1;
    }
}

/** Asks the core of a counter, and of the window that follows. */
function receive(rule: number, max: number, seen: number, counter: number): { verdict: number; seen: number } {
    const core = sessionCore();
    const verdict = core.call("reception", rule | started, max | 0, seen | 0, counter | 0);
    const octets = core.buffer;
    return { verdict, seen: ((octets[4] ?? 0) | ((octets[5] ?? 0) << 8) | ((octets[6] ?? 0) << 16) | ((octets[7] ?? 0) << 24)) >>> 0 };
}
