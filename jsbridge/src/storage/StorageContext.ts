/** Where values are kept: matter.js's StorageContext, or any object of this shape. Values are plain objects, bigints and octets among them. */
export interface StorageContext {
    get<T>(key: string, defaultValue?: T): T | PromiseLike<T>;
    has(key: string): boolean | PromiseLike<boolean>;
    set(key: string, value: unknown): void | PromiseLike<void>;
}
