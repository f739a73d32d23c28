/** One commissioning that can be watched, stopped and tried again. */
import { CancelledError, ImplementationError, MatterCommissionError } from "../errors.js";
import type { CommissionOptions } from "./commissioning.js";
import type { Commissioned, StepEvent } from "./types.js";

/** Another try: what shall be otherwise. */
export interface RetryOptions extends CommissionOptions {
    /** Another setup code. */
    code?: string;
}

/** How a commissioning that was stopped left the device. */
export interface CancelOutcome {
    /** The device is as it was before. */
    rolledBack: boolean;
    /** If not: when it will have undone everything by itself. */
    waitMs?: number;
}

/** @internal */
export type Work = (code: string, options: CommissionOptions, ended: (failure: MatterCommissionError) => void) => Promise<Commissioned>;

/**
 * One commissioning. Iterating gives its steps from the first one on, whenever that begins and however often, and
 * ends with the commissioning, well or badly: {@link commissioned} says which.
 */
export class CommissioningRun implements AsyncIterable<StepEvent> {
    /** Rejects like {@link Controller.commission}; nobody has to wait for it. */
    readonly commissioned: Promise<Commissioned>;
    readonly #work: Work;
    readonly #options: CommissionOptions;
    readonly #abort = new AbortController();
    readonly #steps: StepEvent[] = [];
    /** Kept for {@link retry}; given up when the device is in the fabric. */
    #code: string;
    #wake: () => void = () => {};
    #changed: Promise<void> = Promise.resolve();
    #over = false;
    #failure: unknown;
    #outcome: CancelOutcome = { rolledBack: true };
    #endedAt = 0;

    /** @internal */
    constructor(work: Work, code: string, options: CommissionOptions, waitMs = 0) {
        this.#work = work;
        this.#code = code;
        this.#options = options;
        this.#expectChange();
        this.commissioned = this.#run(waitMs);
        this.commissioned.catch(() => {});
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<StepEvent, void, undefined> {
        for (let next = 0; ; ) {
            const changed = this.#changed;
            for (let step = this.#steps[next]; step !== undefined; step = this.#steps[next]) {
                next++;
                yield step;
            }
            if (next < this.#steps.length) continue;
            if (this.#over) return;
            await changed;
        }
    }

    /**
     * Stops: what was done on the device is undone. Resolves when that has come to its end. A device that is in the
     * fabric by then stays there, and {@link commissioned} resolves.
     */
    async cancel(): Promise<CancelOutcome> {
        this.#abort.abort(new CancelledError("the commissioning was stopped"));
        await this.commissioned.catch(() => {});
        return this.#outcome;
    }

    /**
     * Tries again, with the same code and options but for what is changed. Waits before that as long as the failure said.
     *
     * @throws {@link ImplementationError} while this one is under way, after it went well, and where only another code can help
     */
    retry(change: RetryOptions = {}): CommissioningRun {
        if (!this.#over) throw new ImplementationError("this commissioning is still under way");
        if (this.#failure === undefined) throw new ImplementationError("this commissioning went well: there is nothing to try again");
        const { code = this.#code, ...options } = change;
        const { retry, waitMs = 0 } = this.#failure instanceof MatterCommissionError ? this.#failure : {};
        if (retry === "code" && change.code === undefined) throw new ImplementationError("the setup code does not fit this device: give another one");
        const { signal: _, ...kept } = this.#options;
        return new CommissioningRun(this.#work, code, { ...kept, ...options }, Math.max(0, this.#endedAt + waitMs - performance.now()));
    }

    async #run(waitMs: number): Promise<Commissioned> {
        const { signal, onProgress } = this.#options;
        const follow = (): void => this.#abort.abort(signal?.reason);
        signal?.addEventListener("abort", follow);
        let told: MatterCommissionError | undefined;
        try {
            if (signal?.aborted) follow();
            await pause(waitMs, this.#abort.signal);
            const options: CommissionOptions = {
                ...this.#options, signal: this.#abort.signal,
                onProgress: step => {
                    this.#steps.push(step);
                    this.#tell();
                    onProgress?.(step);
                },
            };
            // Until the core is asked nothing is begun on the device; what fails afterwards without a word of it may have been.
            const commissioned = await this.#work(this.#code, options, failure => (told = failure));
            this.#code = "";
            this.#outcome = { rolledBack: false };
            return commissioned;
        } catch (error) {
            this.#outcome = told === undefined ? { rolledBack: this.#steps.length === 0 } : outcomeOf(told);
            this.#failure = this.#abort.signal.reason === error && error instanceof CancelledError ? (told ?? stopped(error)) : error;
            throw this.#failure;
        } finally {
            signal?.removeEventListener("abort", follow);
            this.#over = true;
            this.#endedAt = performance.now();
            this.#tell();
        }
    }

    #expectChange(): void {
        this.#changed = new Promise(resolve => (this.#wake = resolve));
    }

    #tell(): void {
        const wake = this.#wake;
        this.#expectChange();
        wake();
    }
}

function outcomeOf(failure: MatterCommissionError): CancelOutcome {
    const rolledBack = failure.rolledBack === true;
    return rolledBack || failure.waitMs === undefined ? { rolledBack } : { rolledBack, waitMs: failure.waitMs };
}

/** Stopped before the core was asked. */
function stopped(cause: unknown): MatterCommissionError {
    return new MatterCommissionError("The commissioning was stopped.", { code: "cancelled", retry: "restart", rolledBack: true }, { cause });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (ms <= 0) return resolve();
        const aborted = (): void => {
            clearTimeout(timer);
            reject(signal.reason);
        };
        const timer = setTimeout(() => {
            signal.removeEventListener("abort", aborted);
            resolve();
        }, ms);
        signal.addEventListener("abort", aborted);
    });
}
