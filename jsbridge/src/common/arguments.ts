/** Checks of what callers without types hand in: each names the argument and what was expected. */
import { ImplementationError } from "./MatterError.js";

/** @returns value, which is an unsigned integer of that many bits */
export function unsigned(name: string, value: unknown, bits: 8 | 16 | 32): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
    throw new ImplementationError(`${name}: expected an unsigned integer of ${bits} bits, got ${described(value)}`);
}

/** @returns value, which is octets: a Uint8Array, thus also a Buffer, over any kind of memory */
export function octets(name: string, value: unknown, length?: number): Uint8Array {
    const wanted = length === undefined ? "a Uint8Array" : `a Uint8Array of ${length} octets`;
    if (!(value instanceof Uint8Array || Object.prototype.toString.call(value) === "[object Uint8Array]")) {
        throw new ImplementationError(`${name}: expected ${wanted}, got ${described(value)}`);
    }
    const given = value as Uint8Array;
    if (length !== undefined && given.length !== length) throw new ImplementationError(`${name}: expected ${wanted}, got ${given.length}`);
    return given;
}

/** @returns value, which has methods of those names */
export function having<T>(name: string, value: T, ...methods: readonly (keyof T & string)[]): T {
    for (const method of methods) {
        if (typeof (value as T | null | undefined)?.[method] !== "function") throw new ImplementationError(`${name}: expected an object with ${methods.join("() and ")}(), got ${described(value)}`);
    }
    return value;
}

/** @returns value, which is a function */
export function callable<T>(name: string, value: T): T {
    if (typeof value === "function") return value;
    throw new ImplementationError(`${name}: expected a function, got ${described(value)}`);
}

/** @returns value, which is an object */
export function structure<T>(name: string, value: T): T {
    if (typeof value === "object" && value !== null) return value;
    throw new ImplementationError(`${name}: expected an object, got ${described(value)}`);
}

/** What a value is, without its content: it may be a key. */
function described(value: unknown): string {
    if (value === null) return "null";
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    if (typeof value !== "object") return typeof value;
    return `a ${value.constructor?.name ?? "object"}`;
}
