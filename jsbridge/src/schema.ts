/**
 * Schemas: typed values ↔ TLV elements ↔ JSON, by field name. `docs/tlv-json.md` has the mapping.
 *
 * A schema decides what an integer is in JavaScript: fields of up to 32 bits are numbers, fields of
 * 64 bits are bigints, whatever their value. Reading accepts any width that fits; a signed element
 * where unsigned is due is refused.
 */
import { TlvError } from "./errors.js";
import { hexOf, octetsOf } from "./hex.js";
import { fromJson, toJson, type Json } from "./json.js";
import { parse, serialize, toElement, toValue, type TlvElement, type TlvTag, type TlvValue } from "./tlv.js";

/** How one kind of value is read, written and shown. Paths name the place in an error. */
export interface Schema<T> {
    /** What it is, as errors name it: "uint16", "structure"… */
    readonly name: string;
    toElement(value: T, tag: TlvTag, path: string): TlvElement;
    fromElement(element: TlvElement, path: string): T;
    toJson(value: T): Json;
    fromJson(json: Json, path: string): T;
}

/** A member of a structure: its context tag, its schema, and whether it may be absent. */
export interface Field<T> {
    readonly tag: number;
    readonly schema: Schema<T>;
    readonly optional: boolean;
}

/** Reads one element that fills octets. */
export function decodeAs<T>(schema: Schema<T>, octets: Uint8Array): T {
    return schema.fromElement(parse(octets), "");
}

/** Writes one anonymous element. */
export function encodeAs<T>(schema: Schema<T>, value: T): Uint8Array {
    return serialize(schema.toElement(value, "", ""));
}

function integer(name: string, bits: number, signed: boolean): Schema<number> {
    const min = signed ? -(2 ** (bits - 1)) : 0;
    const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
    const check = (value: unknown, path: string): number => {
        if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
        throw new TlvError(`${show(value)} is not ${name} (${min} to ${max})`, path);
    };
    return {
        name,
        toElement: (value, tag, path) => ({ tag, type: signed ? "int" : "uint", value: check(value, path) }),
        fromElement: (element, path) => check(expect(element, signed ? "int" : "uint", name, path), path),
        toJson: value => value,
        fromJson: (json, path) => check(typeof json === "string" ? integerOf(json, path, Number) : json, path),
    };
}

function integer64(name: string, signed: boolean, shown: "hex" | "decimal"): Schema<bigint> {
    const fits = signed ? BigInt.asIntN : BigInt.asUintN;
    const check = (value: unknown, path: string): bigint => {
        if (typeof value === "bigint" && fits(64, value) === value) return value;
        throw new TlvError(`${show(value)} is not ${name} (a bigint of 64 bits)`, path);
    };
    return {
        name,
        toElement: (value, tag, path) => ({ tag, type: signed ? "int" : "uint", value: check(value, path) }),
        fromElement: (element, path) => BigInt(expect(element, signed ? "int" : "uint", name, path) as number | bigint),
        toJson: value => (shown === "hex" ? `0x${value.toString(16).padStart(16, "0")}` : value.toString()),
        fromJson(json, path) {
            if (typeof json === "number" && Number.isSafeInteger(json)) return check(BigInt(json), path);
            if (typeof json === "string") return check(integerOf(json, path, BigInt), path);
            throw new TlvError(`${show(json)} is not ${name}: give a decimal or 0x… string`, path);
        },
    };
}

export const uint8: Schema<number> = integer("uint8", 8, false);
export const uint16: Schema<number> = integer("uint16", 16, false);
export const uint32: Schema<number> = integer("uint32", 32, false);
export const int8: Schema<number> = integer("int8", 8, true);
export const int16: Schema<number> = integer("int16", 16, true);
export const int32: Schema<number> = integer("int32", 32, true);
/** An unsigned count or time of 64 bits: decimal in JSON. */
export const uint64: Schema<bigint> = integer64("uint64", false, "decimal");
export const int64: Schema<bigint> = integer64("int64", true, "decimal");
/** A node ID, fabric ID or the like: hexadecimal in JSON, sixteen digits. */
export const id64: Schema<bigint> = integer64("id64", false, "hex");

export const bool: Schema<boolean> = {
    name: "bool",
    toElement: (value, tag, path) => ({ tag, type: "bool", value: want(value, "boolean", "bool", path) }),
    fromElement: (element, path) => expect(element, "bool", "bool", path) as boolean,
    toJson: value => value,
    fromJson: (json, path) => want(json, "boolean", "bool", path),
};

/** A text of at most max octets of UTF-8. */
export function text(max = 65535): Schema<string> {
    const name = `text of at most ${max} octets`;
    const check = (value: unknown, path: string): string => {
        const string = want<string>(value, "string", name, path);
        const length = new TextEncoder().encode(string).length;
        if (length > max) throw new TlvError(`a text of ${length} octets, at most ${max} may be`, path);
        return string;
    };
    return {
        name,
        toElement: (value, tag, path) => ({ tag, type: "string", value: check(value, path) }),
        fromElement: (element, path) => check(expect(element, "string", name, path), path),
        toJson: value => value,
        fromJson: check,
    };
}

/** An octet string of min to max octets: lower-case hex in JSON. */
export function octets(min = 0, max = 65535): Schema<Uint8Array> {
    const name = min === max ? `${min} octets` : `${min} to ${max} octets`;
    const check = (value: unknown, path: string): Uint8Array => {
        if (!(value instanceof Uint8Array)) throw new TlvError(`${show(value)} is not an octet string`, path);
        if (value.length < min || value.length > max) throw new TlvError(`${value.length} octets, not ${name}`, path);
        return value;
    };
    return {
        name,
        toElement: (value, tag, path) => ({ tag, type: "bytes", value: check(value, path) }),
        fromElement: (element, path) => check(expect(element, "bytes", name, path), path),
        toJson: hexOf,
        fromJson: (json, path) => check(octetsOf(want(json, "string", name, path), path), path),
    };
}

/** A value or null. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
    return {
        name: `${schema.name} or null`,
        toElement: (value, tag, path) => (value === null ? { tag, type: "null", value: null } : schema.toElement(value, tag, path)),
        fromElement: (element, path) => (element.type === "null" ? null : schema.fromElement(element, path)),
        toJson: value => (value === null ? null : schema.toJson(value)),
        fromJson: (json, path) => (json === null ? null : schema.fromJson(json, path)),
    };
}

/** An array of items of one schema. */
export function arrayOf<T>(schema: Schema<T>): Schema<readonly T[]> {
    const name = `array of ${schema.name}`;
    const each = <A, B>(value: unknown, path: string, fn: (item: A, path: string) => B): B[] => {
        if (!Array.isArray(value)) throw new TlvError(`${show(value)} is not an array`, path);
        return value.map((item, i) => fn(item as A, `${path}[${i}]`));
    };
    return {
        name,
        toElement: (value, tag, path) => ({ tag, type: "array", value: each(value, path, (item: T, at) => schema.toElement(item, "", at)) }),
        fromElement: (element, path) => each(expect(element, "array", name, path), path, schema.fromElement),
        toJson: value => value.map(schema.toJson),
        fromJson: (json, path) => each(json, path, schema.fromJson),
    };
}

/** A mandatory member. */
export function field<T>(tag: number, schema: Schema<T>): Field<T> {
    return { tag, schema, optional: false };
}

/** A member that may be absent. */
export function optional<T>(tag: number, schema: Schema<T>): Field<T | undefined> {
    return { tag, schema: schema as Schema<T | undefined>, optional: true };
}

/** A structure of named members. Unknown members are skipped when read and refused when written. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Field<T[K]> }): Schema<T> {
    const table = Object.entries(fields) as [string, Field<unknown>][];
    const byTag = new Map(table.map(([key, f]) => [String(f.tag), { key, ...f }]));
    const build = (value: unknown, path: string, put: (key: string, f: Field<unknown>, member: unknown, at: string) => void): void => {
        if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
            throw new TlvError(`${show(value)} is not a structure`, path);
        }
        const unknown = Object.keys(value).find(key => !Object.hasOwn(fields, key));
        if (unknown !== undefined) throw new TlvError(`no member "${unknown}": there are ${table.map(([key]) => key).join(", ") || "none"}`, path);
        for (const [key, f] of table) {
            const member = (value as Record<string, unknown>)[key];
            if (member !== undefined) put(key, f, member, join(path, key));
            else if (!f.optional) throw new TlvError("missing", join(path, key));
        }
    };
    return {
        name: "structure",
        toElement(value, tag, path) {
            const members: TlvElement[] = [];
            build(value, path, (_key, f, member, at) => members.push(f.schema.toElement(member, String(f.tag), at)));
            return { tag, type: "structure", value: members };
        },
        fromElement(element, path) {
            const out: Record<string, unknown> = {};
            for (const member of expect(element, "structure", "structure", path) as readonly TlvElement[]) {
                const f = byTag.get(member.tag);
                if (f !== undefined) out[f.key] = f.schema.fromElement(member, join(path, f.key));
            }
            const missing = table.find(([key, f]) => !f.optional && !Object.hasOwn(out, key));
            if (missing !== undefined) throw new TlvError("missing", join(path, missing[0]));
            return out as T;
        },
        toJson(value) {
            const out: { [key: string]: Json } = {};
            build(value, "", (key, f, member) => (out[key] = f.schema.toJson(member)));
            return out;
        },
        fromJson(json, path) {
            const out: Record<string, unknown> = {};
            build(json, path, (key, f, member, at) => (out[key] = f.schema.fromJson(member as Json, at)));
            return out as T;
        },
    };
}

/** Anything at all, by the rules without a schema. */
export const any: Schema<TlvValue> = {
    name: "any",
    toElement: (value, tag, path) => toElement(value, tag, path),
    fromElement: element => toValue(element),
    toJson,
    fromJson,
};

/** An element as it is, for a value whose schema is known elsewhere; written under any tag. */
export const raw: Schema<TlvElement> = {
    name: "element",
    toElement: (value, tag) => ({ ...value, tag }),
    fromElement: value => value,
    toJson: value => toJson(toValue(value)),
    fromJson: (json, path) => toElement(fromJson(json, path)),
};

function expect(element: TlvElement, type: TlvElement["type"], name: string, path: string): TlvElement["value"] {
    if (element.type !== type) throw new TlvError(`${element.type} where ${name} is due`, path);
    return element.value;
}

function want<T>(value: unknown, type: "boolean" | "string", name: string, path: string): T {
    if (typeof value !== type) throw new TlvError(`${show(value)} is not ${name}`, path);
    return value as T;
}

function join(path: string, key: string): string {
    return path === "" ? key : `${path}.${key}`;
}

/** A value's kind for an error text. Texts and octets are not shown: they may be passwords. */
function show(value: unknown): string {
    if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint" || value == null) return String(value);
    return Array.isArray(value) ? "an array" : value instanceof Uint8Array ? "an octet string" : typeof value === "string" ? "a text" : "an object";
}

function integerOf<T>(text: string, path: string, make: (text: string) => T): T {
    if (!/^(?:-?[0-9]+|0x[0-9a-f]+)$/i.test(text)) throw new TlvError("a text that is not a decimal or 0x… number", path);
    return make(text);
}
