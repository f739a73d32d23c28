import { errorOf } from "../core.js";
import type { CoreEvent, Operations } from "../operations.js";
import type { Driver } from "./driver.js";

/** What the handler of an operation's events is given to end it. */
export interface Ending<T> {
    readonly id: number;
    done(value: T): void;
    fail(error: unknown): void;
}

/** Operations whose result is an ID under which events follow. */
export type Lasting = { [K in keyof Operations]: Operations[K][1] extends { id: number } ? K : never }[keyof Operations];

/**
 * Runs one operation to its end. The handler sees every event but `failed`; when it throws (a
 * callback of the user, say), the operation fails with that. Aborting cancels it in the core.
 */
export function operate<K extends Lasting, T>(
    driver: Driver,
    operation: K,
    request: Operations[K][0],
    handle: (event: CoreEvent, ending: Ending<T>) => void,
    signal?: AbortSignal,
): Promise<T> {
    return new Promise<T>((resolve, reject) => {
        signal?.throwIfAborted();
        let id = 0;
        let over = false;
        const end = (finish: () => void): void => {
            over = true;
            signal?.removeEventListener("abort", aborted);
            driver.forget(id);
            finish();
        };
        const ending: Ending<T> = {
            get id() {
                return id;
            },
            done: value => end(() => resolve(value)),
            fail: error => end(() => reject(error)),
        };
        const cancel = (reason: unknown): void => {
            ending.fail(reason);
            driver.answer("cancel", { id });
        };
        const aborted = (): void => cancel(signal?.reason);
        driver.begin(operation, request, {
            event(event) {
                if ("id" in event) id = event.id;
                if (event.type === "failed") return ending.fail(errorOf(event.code, event.message, event));
                try {
                    handle(event, ending);
                } catch (error) {
                    cancel(error);
                }
            },
            fail: ending.fail,
        }, started => (id = started));
        // It may have ended within begin().
        if (!over) signal?.addEventListener("abort", aborted);
    });
}
