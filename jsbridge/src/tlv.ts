/**
 * Matter TLV in plain JavaScript values, without a schema. `docs/tlv-json.md` has the whole mapping.
 *
 * Two levels: {@link parse} and {@link serialize} work on {@link TlvElement}s and lose nothing but the
 * widths of integers and lengths; {@link decode} and {@link encode} work on plain values, in which
 * signed and unsigned, float and double look alike. Schemas (schema.ts) stand on the first level.
 *
 * Matter Core appendix A.
 */
import { TlvError } from "./errors.js";

/** Containers may nest this deep, the outermost included. */
export const maxDepth = 16;

/**
 * A tag as text: `"0"`…`"255"` is context-specific, `"common:N"`, `"implicit:N"` and `"VENDOR:PROFILE:N"`
 * (hex:hex:decimal, such as `"fff1:deed:1"`) the profile forms, `""` anonymous.
 */
export type TlvTag = string;

/** One element. Integers are numbers when safe (below 2^53 either way), else bigints. */
export type TlvElement = { readonly tag: TlvTag } & (
    | { readonly type: "int" | "uint"; readonly value: number | bigint }
    | { readonly type: "float" | "double"; readonly value: number }
    | { readonly type: "bool"; readonly value: boolean }
    | { readonly type: "string"; readonly value: string }
    | { readonly type: "bytes"; readonly value: Uint8Array }
    | { readonly type: "null"; readonly value: null }
    | { readonly type: "structure" | "array" | "list"; readonly value: readonly TlvElement[] }
);

/** The names of element types. */
export type TlvType = TlvElement["type"];

/** A plain value: what {@link decode} gives and {@link encode} takes. */
export type TlvValue = null | boolean | number | bigint | string | Uint8Array | TlvValue[] | TlvStructure | TlvList | TlvTyped;
/** A structure: members under their tags. */
export interface TlvStructure {
    [tag: TlvTag]: TlvValue;
}

/** A list: members in order, some tagged, a tag perhaps more than once. */
export class TlvList {
    readonly items: readonly (readonly [tag: TlvTag, value: TlvValue])[];
    constructor(items: readonly (readonly [TlvTag, TlvValue])[]) {
        this.items = items;
    }
}

/** A value that {@link encode} shall write as a type it would not choose by itself. {@link decode} never makes one. */
export class TlvTyped {
    readonly type: "int" | "uint" | "float" | "double";
    readonly value: number | bigint;
    constructor(type: "int" | "uint" | "float" | "double", value: number | bigint) {
        this.type = type;
        this.value = value;
    }
}

/** Reads one anonymous or tagged element that fills octets exactly. Octet strings are copies. */
export function parse(octets: Uint8Array): TlvElement {
    const reader = new Reader(octets);
    const element = reader.element(0);
    if (element === undefined) throw new TlvError("an end of container without a container");
    if (reader.at !== octets.length) throw new TlvError(`${octets.length - reader.at} octets after the end of the element`);
    return element;
}

/** Writes one element, every integer and length in its shortest width. */
export function serialize(element: TlvElement): Uint8Array {
    const writer = new Writer();
    writer.element(element, 0);
    return writer.octets();
}

/** Reads one element as a plain value; the outer tag is dropped. */
export function decode(octets: Uint8Array): TlvValue {
    return toValue(parse(octets));
}

/** Writes a plain value as one element with the given tag (anonymous by default). */
export function encode(value: TlvValue, tag: TlvTag = ""): Uint8Array {
    return serialize(toElement(value, tag));
}

/** The plain value of an element. */
export function toValue(element: TlvElement): TlvValue {
    switch (element.type) {
        case "structure": {
            const structure: TlvStructure = {};
            for (const member of element.value) structure[member.tag] = toValue(member);
            return structure;
        }
        case "array":
            return element.value.map(toValue);
        case "list":
            return new TlvList(element.value.map(member => [member.tag, toValue(member)]));
        default:
            return element.value;
    }
}

/** The element of a plain value. Safe integers become unsigned or, below zero, signed; other numbers double. */
export function toElement(value: TlvValue, tag: TlvTag = "", path = ""): TlvElement {
    if (value === null) return { tag, type: "null", value };
    switch (typeof value) {
        case "boolean":
            return { tag, type: "bool", value };
        case "string":
            return { tag, type: "string", value };
        case "bigint":
            return { tag, type: value < 0n ? "int" : "uint", value };
        case "number":
            // An integer of 2^53 or more is a bigint here, so a number of that size is a double.
            if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { tag, type: "double", value };
            return { tag, type: value < 0 ? "int" : "uint", value };
        case "object":
            return objectToElement(value, tag, path);
        default:
            throw new TlvError(`a ${typeof value} has no TLV form`, path);
    }
}

function objectToElement(value: Exclude<TlvValue, null | boolean | number | bigint | string>, tag: TlvTag, path: string): TlvElement {
    if (value instanceof Uint8Array) return { tag, type: "bytes", value };
    if (Array.isArray(value)) return { tag, type: "array", value: value.map((item, i) => toElement(item, "", `${path}[${i}]`)) };
    if (value instanceof TlvList) return { tag, type: "list", value: value.items.map(([t, item], i) => toElement(item, t, `${path}[${i}]`)) };
    if (value instanceof TlvTyped) {
        if (value.type === "int" || value.type === "uint") return { tag, type: value.type, value: value.value };
        return { tag, type: value.type, value: Number(value.value) };
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new TlvError("an object of a class has no TLV form", path);
    const members = Object.entries(value).map(([t, item]) => toElement(item, t, path === "" ? t : `${path}.${t}`));
    return { tag, type: "structure", value: members };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const hex = (n: number): string => n.toString(16).padStart(4, "0");

class Reader {
    at = 0;
    readonly #octets: Uint8Array;
    readonly #view: DataView;
    constructor(octets: Uint8Array) {
        this.#octets = octets;
        this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    }

    /** The next element, or undefined at the end of a container. depth counts the containers around it. */
    element(depth: number): TlvElement | undefined {
        const control = this.#uint(1);
        const type = control & 0x1f;
        if (type === 0x18) {
            if (control !== 0x18) throw new TlvError("a tagged end of container");
            return undefined;
        }
        const tag = this.#tag(control >> 5);
        switch (type) {
            case 0x00: case 0x01: case 0x02: case 0x03:
                return { tag, type: "int", value: this.#integer(1 << type, true) };
            case 0x04: case 0x05: case 0x06: case 0x07:
                return { tag, type: "uint", value: this.#integer(1 << (type - 4), false) };
            case 0x08: case 0x09:
                return { tag, type: "bool", value: type === 0x09 };
            case 0x0a:
                return { tag, type: "float", value: this.#view.getFloat32(this.#take(4), true) };
            case 0x0b:
                return { tag, type: "double", value: this.#view.getFloat64(this.#take(8), true) };
            case 0x0c: case 0x0d: case 0x0e: case 0x0f:
                return { tag, type: "string", value: this.#text(this.#bytes(1 << (type - 0x0c))) };
            case 0x10: case 0x11: case 0x12: case 0x13:
                return { tag, type: "bytes", value: this.#bytes(1 << (type - 0x10)).slice() };
            case 0x14:
                return { tag, type: "null", value: null };
            case 0x15:
                return { tag, type: "structure", value: this.#members("structure", depth) };
            case 0x16:
                return { tag, type: "array", value: this.#members("array", depth) };
            case 0x17:
                return { tag, type: "list", value: this.#members("list", depth) };
            default:
                throw new TlvError(`the reserved element type 0x${type.toString(16)}`);
        }
    }

    #members(type: "structure" | "array" | "list", depth: number): TlvElement[] {
        if (depth + 1 > maxDepth) throw new TlvError(`containers nested deeper than ${maxDepth}`);
        const members: TlvElement[] = [];
        const seen = new Set<TlvTag>();
        for (;;) {
            const member = this.element(depth + 1);
            if (member === undefined) return members;
            checkMember(type, member.tag, seen);
            members.push(member);
        }
    }

    #tag(control: number): TlvTag {
        switch (control) {
            case 0:
                return "";
            case 1:
                return String(this.#uint(1));
            case 2: case 3:
                return `common:${this.#uint(control === 2 ? 2 : 4)}`;
            case 4: case 5:
                return `implicit:${this.#uint(control === 4 ? 2 : 4)}`;
            default: {
                const vendor = this.#uint(2), profile = this.#uint(2);
                return `${hex(vendor)}:${hex(profile)}:${this.#uint(control === 6 ? 2 : 4)}`;
            }
        }
    }

    #take(n: number): number {
        const at = this.at;
        if (n > this.#octets.length - at) throw new TlvError(`cut off after ${this.#octets.length} octets`);
        this.at += n;
        return at;
    }

    #uint(width: number): number {
        const at = this.#take(width);
        return width === 1 ? this.#view.getUint8(at) : width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
    }

    #integer(width: number, signed: boolean): number | bigint {
        if (!signed && width < 8) return this.#uint(width);
        const at = this.#take(width);
        switch (width) {
            case 1: return this.#view.getInt8(at);
            case 2: return this.#view.getInt16(at, true);
            case 4: return this.#view.getInt32(at, true);
            default: return narrow(signed ? this.#view.getBigInt64(at, true) : this.#view.getBigUint64(at, true));
        }
    }

    #bytes(width: number): Uint8Array {
        const length = width === 8 ? Number(this.#integer(8, false)) : this.#uint(width);
        const at = this.#take(length);
        return this.#octets.subarray(at, at + length);
    }

    #text(octets: Uint8Array): string {
        try {
            return utf8.decode(octets);
        } catch (cause) {
            throw new TlvError("a text that is not UTF-8", "", { cause });
        }
    }
}

class Writer {
    #buffer = new Uint8Array(64);
    #view = new DataView(this.#buffer.buffer);
    #at = 0;

    octets(): Uint8Array {
        return this.#buffer.slice(0, this.#at);
    }

    element(element: TlvElement, depth: number): void {
        switch (element.type) {
            case "int": case "uint":
                this.#integer(element.tag, element.type, element.value);
                break;
            case "bool":
                this.#control(element.tag, element.value ? 0x09 : 0x08);
                break;
            case "float":
                this.#control(element.tag, 0x0a);
                this.#float(4, element.value);
                break;
            case "double":
                this.#control(element.tag, 0x0b);
                this.#float(8, element.value);
                break;
            case "string":
                this.#bytes(element.tag, 0x0c, encoder.encode(element.value));
                break;
            case "bytes":
                this.#bytes(element.tag, 0x10, element.value);
                break;
            case "null":
                this.#control(element.tag, 0x14);
                break;
            case "structure": case "array": case "list":
                this.#container(element, depth);
                break;
            default:
                element satisfies never;
        }
    }

    #container(element: Extract<TlvElement, { value: readonly TlvElement[] }>, depth: number): void {
        if (depth + 1 > maxDepth) throw new TlvError(`containers nested deeper than ${maxDepth}`);
        this.#control(element.tag, element.type === "structure" ? 0x15 : element.type === "array" ? 0x16 : 0x17);
        const seen = new Set<TlvTag>();
        for (const member of element.value) {
            checkMember(element.type, member.tag, seen);
            this.element(member, depth + 1);
        }
        this.#put(1, 0x18n);
    }

    #integer(tag: TlvTag, type: "int" | "uint", value: number | bigint): void {
        if (typeof value === "number" && !Number.isSafeInteger(value)) throw new TlvError(`${value} is not a safe integer`, tag);
        const n = BigInt(value);
        const fits = type === "int" ? BigInt.asIntN : BigInt.asUintN;
        const exponent = [0, 1, 2, 3].find(e => fits(8 << e, n) === n);
        if (exponent === undefined) throw new TlvError(`${n} does not fit a ${type} of 64 bits`, tag);
        this.#control(tag, (type === "int" ? 0x00 : 0x04) + exponent);
        this.#put(1 << exponent, n);
    }

    // Growing replaces buffer and view: make room first, then touch them.
    #float(width: 4 | 8, value: number): void {
        const at = this.#grow(width);
        if (width === 4) this.#view.setFloat32(at, value, true);
        else this.#view.setFloat64(at, value, true);
    }

    #bytes(tag: TlvTag, type: number, octets: Uint8Array): void {
        const exponent = octets.length < 0x100 ? 0 : octets.length < 0x10000 ? 1 : 2;
        this.#control(tag, type + exponent);
        this.#put(1 << exponent, BigInt(octets.length));
        const at = this.#grow(octets.length);
        this.#buffer.set(octets, at);
    }

    #control(tag: TlvTag, type: number): void {
        const parts = parseTag(tag);
        const wide = parts.number > 0xffff ? 1 : 0;
        const form = parts.kind === "anonymous" ? 0 : parts.kind === "context" ? 1 : { common: 2, implicit: 4, full: 6 }[parts.kind] + wide;
        this.#put(1, BigInt((form << 5) | type));
        if (form === 0) return;
        if (parts.kind === "full") {
            this.#put(2, BigInt(parts.vendor));
            this.#put(2, BigInt(parts.profile));
        }
        this.#put(form === 1 ? 1 : wide ? 4 : 2, BigInt(parts.number));
    }

    #put(width: number, value: bigint): void {
        const at = this.#grow(width);
        for (let i = 0; i < width; i++) this.#buffer[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }

    #grow(n: number): number {
        const at = this.#at;
        this.#at += n;
        if (this.#at > this.#buffer.length) {
            const bigger = new Uint8Array(Math.max(this.#at, 2 * this.#buffer.length));
            bigger.set(this.#buffer.subarray(0, at));
            this.#buffer = bigger;
            this.#view = new DataView(bigger.buffer);
        }
        return at;
    }
}

/** Members of an array are anonymous, those of a structure tagged and each tag once. Appendix A.5. */
function checkMember(container: "structure" | "array" | "list", tag: TlvTag, seen: Set<TlvTag>): void {
    if (container === "list") return;
    if (container === "array") {
        if (tag !== "") throw new TlvError(`the tag ${tag} on a member of an array`);
        return;
    }
    if (tag === "") throw new TlvError("a member of a structure without a tag");
    if (seen.has(tag)) throw new TlvError(`the tag ${tag} twice in a structure`);
    seen.add(tag);
}

type TagParts = { kind: "anonymous" | "context" | "common" | "implicit"; number: number } | { kind: "full"; vendor: number; profile: number; number: number };

function parseTag(tag: TlvTag): TagParts {
    if (tag === "") return { kind: "anonymous", number: 0 };
    const match = /^(?:(common|implicit):|([0-9a-f]{1,4}):([0-9a-f]{1,4}):)?(0|[1-9][0-9]{0,9})$/i.exec(tag);
    const number = Number(match?.[4]);
    if (match === null || number > 0xffffffff) throw new TlvError(`"${tag}" is not a tag`);
    const [, profile, vendor, vendorProfile] = match;
    if (vendor !== undefined && vendorProfile !== undefined) {
        return { kind: "full", vendor: parseInt(vendor, 16), profile: parseInt(vendorProfile, 16), number };
    }
    if (profile !== undefined) return { kind: profile.toLowerCase() === "common" ? "common" : "implicit", number };
    if (number > 255) throw new TlvError(`the context tag ${tag} is above 255`);
    return { kind: "context", number };
}

/** A number when it is one exactly, else the bigint. */
export function narrow(value: bigint): number | bigint {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
