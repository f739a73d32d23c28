/** Where values are kept: matter.js's StorageContext, or any object of this shape. Values are plain objects, bigints and octets among them. */
export interface StorageContext {
    /** What was set under the key, or else the default. */
    get(key: string, defaultValue?: never[]): unknown;
    has(key: string): boolean | PromiseLike<boolean>;
    set(key: string, value: unknown): void | PromiseLike<void>;
}
