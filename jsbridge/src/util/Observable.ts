/** An event with observers, shaped as matter.js's Observable. */

/** An observer may answer: emit then returns the answer, and later observers do not hear of the event. */
export type Observer<T extends unknown[], R = void> = (...payload: T) => R | undefined | PromiseLike<R | undefined>;

export interface Observable<T extends unknown[], R = void> extends AsyncIterable<T[0]>, PromiseLike<T> {
    /** True if emit waits for observers that return promises; else their failures are lost. */
    readonly isAsync?: boolean | undefined;
    readonly isObserved: boolean;
    emit(...payload: T): R | undefined;
    on(observer: Observer<T, R>): void;
    off(observer: Observer<T, R>): void;
    /** Like on, for one event. */
    once(observer: Observer<T, R>): void;
    [Symbol.dispose](): void;
}

export class BasicObservable<T extends unknown[], R = void> implements Observable<T, R> {
    readonly isAsync: boolean;
    readonly #observers = new Set<Observer<T, R>>();
    readonly #once = new Set<Observer<T, R>>();

    constructor(isAsync = false) {
        this.isAsync = isAsync;
    }

    get isObserved(): boolean {
        return this.#observers.size > 0;
    }

    on(observer: Observer<T, R>): void {
        this.#observers.add(observer);
    }

    off(observer: Observer<T, R>): void {
        this.#observers.delete(observer);
        this.#once.delete(observer);
    }

    once(observer: Observer<T, R>): void {
        this.#observers.add(observer);
        this.#once.add(observer);
    }

    emit(...payload: T): R | undefined {
        return this.#tell([...this.#observers], 0, payload);
    }

    #tell(observers: Observer<T, R>[], from: number, payload: T): R | undefined {
        for (let i = from; i < observers.length; i++) {
            const observer = observers[i] as Observer<T, R>;
            if (this.#once.delete(observer)) this.#observers.delete(observer);
            const answer = observer(...payload);
            if (answer === undefined) continue;
            if (!isPromise(answer)) return answer as R;
            if (this.isAsync) {
                return answer.then(result => (result === undefined ? this.#tell(observers, i + 1, payload) : result)) as R;
            }
            answer.then(undefined, () => {});
        }
        return undefined;
    }

    then<A = T, B = never>(fulfilled?: ((payload: T) => A | PromiseLike<A>) | null, rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
        return new Promise<T>(resolve => {
            this.once((...payload) => {
                resolve(payload);
                return undefined;
            });
        }).then(fulfilled, rejected);
    }

    async *[Symbol.asyncIterator](): AsyncIterator<T[0]> {
        const waiting: T[0][] = [];
        let wake = (): void => {};
        const observer: Observer<T, R> = (...payload) => {
            waiting.push(payload[0]);
            wake();
            return undefined;
        };
        this.on(observer);
        try {
            for (;;) {
                while (waiting.length > 0) yield waiting.shift() as T[0];
                await new Promise<void>(resolve => (wake = resolve));
            }
        } finally {
            this.off(observer);
        }
    }

    [Symbol.dispose](): void {
        this.#observers.clear();
        this.#once.clear();
    }
}

function isPromise(value: unknown): value is PromiseLike<never> {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
