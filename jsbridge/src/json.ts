/**
 * TLV values without a schema ↔ JSON. What JSON cannot say itself is an object with one key that
 * starts with `$`; no TLV tag does. `docs/tlv-json.md` has the rules.
 */
import { TlvError } from "./errors.js";
import { hexOf, octetsOf } from "./hex.js";
import { TlvList, TlvTyped, type TlvStructure, type TlvValue } from "./tlv.js";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The JSON form of a value. */
export function toJson(value: TlvValue): Json {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? value : { $double: showFloat(value) };
    if (typeof value === "bigint") return { [value < 0n ? "$int" : "$uint"]: value.toString() };
    if (value instanceof Uint8Array) return { $bytes: hexOf(value) };
    if (value instanceof TlvTyped) return { [`$${value.type}`]: typeof value.value === "number" ? showFloat(value.value) : value.value.toString() };
    if (value instanceof TlvList) return { $list: value.items.map(([tag, item]) => [tag, toJson(item)]) };
    if (Array.isArray(value)) return value.map(toJson);
    return Object.fromEntries(Object.entries(value).map(([tag, item]) => [tag, toJson(item)]));
}

/** The value of a JSON form. Members of structures are keyed by tag. */
export function fromJson(json: Json, path = ""): TlvValue {
    if (json === null || typeof json !== "object") return json;
    if (Array.isArray(json)) return json.map((item, i) => fromJson(item, `${path}[${i}]`));
    const keys = Object.keys(json);
    const [key] = keys;
    if (keys.length === 1 && key?.startsWith("$")) return special(key, json[key] ?? null, path);
    const structure: TlvStructure = {};
    for (const [tag, item] of Object.entries(json)) structure[tag] = fromJson(item, path === "" ? tag : `${path}.${tag}`);
    return structure;
}

function special(key: string, content: Json, path: string): TlvValue {
    switch (key) {
        case "$bytes":
            if (typeof content === "string") return octetsOf(content, path);
            break;
        case "$int": case "$uint":
            if ((typeof content === "string" && /^(?:-?[0-9]+|0x[0-9a-f]+)$/i.test(content)) || Number.isSafeInteger(content)) {
                return new TlvTyped(key === "$int" ? "int" : "uint", BigInt(content as string | number));
            }
            break;
        case "$float": case "$double":
            if (typeof content === "number" || (typeof content === "string" && /^(?:-?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Infinity)|NaN)$/i.test(content))) {
                return new TlvTyped(key === "$float" ? "float" : "double", Number(content));
            }
            break;
        case "$list":
            if (Array.isArray(content) && content.every(isPair)) {
                return new TlvList(content.map(([tag, item], i) => [tag, fromJson(item, `${path}[${i}]`)] as const));
            }
            break;
        default:
            throw new TlvError(`"${key}" is none of $bytes, $int, $uint, $float, $double, $list`, path);
    }
    throw new TlvError(`the content of "${key}" has the wrong form`, path);
}

function isPair(item: Json): item is [string, Json] {
    return Array.isArray(item) && item.length === 2 && typeof item[0] === "string";
}

function showFloat(value: number): string {
    return Object.is(value, -0) ? "-0" : String(value);
}
