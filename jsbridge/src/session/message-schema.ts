/**
 * Schemas of the handshakes' messages, with the members that users of matter.js's TlvSchema call:
 * encode, decode and validate. Matter Core appendix A.
 *
 * Reading is as lenient as matter.js's: unknown members are skipped, of a member that is there twice
 * the last counts, and octets after the structure are nobody's. The core, which reads every message of
 * a handshake itself, is strict.
 */
import { NotImplementedError, UnexpectedDataError } from "../common/MatterError.js";
import { ValidationError } from "../common/ValidationError.js";

/** A TLV structure and its JavaScript object. */
export interface MessageSchema<T> {
    /** @throws {@link ValidationError} naming the member that does not fit */
    encode(value: T): Uint8Array;
    /** Octet strings in the result are copies. validate = false leaves missing members and bounds unchecked. */
    decode(encoded: Uint8Array, validate?: boolean): T;
    validate(value: T): void;
}

/** One kind of member: what it is in octets and in JavaScript. */
interface Kind {
    validate(value: unknown): void;
    write(out: number[], tag: number, value: unknown): void;
    read(reader: Reader, type: number): unknown;
}

interface Member {
    readonly tag: number;
    readonly kind: Kind;
    readonly optional: boolean;
}

const types = { uint: 4, bool: 8, bytes: 16, structure: 21, endOfContainer: 24 } as const;
/** The bit of a control octet by which a tag is context-specific. */
const contextTag = 0x20;

export const member = (tag: number, kind: Kind): Member => ({ tag, kind, optional: false });
export const optionalMember = (tag: number, kind: Kind): Member => ({ tag, kind, optional: true });

function unsigned(max: number): Kind {
    return {
        validate(value) {
            if (typeof value !== "number") throw new ValidationError(`Expected number, got ${typeof value}.`);
            if (value < 0) throw new ValidationError(`Invalid value: ${value} is below the minimum, 0.`);
            if (value > max) throw new ValidationError(`Invalid value: ${value} is above the maximum, ${max}.`);
            if (!Number.isInteger(value)) throw new ValidationError(`Invalid value: ${value} is not an integer.`);
        },
        write: (out, tag, value) => writeNumber(out, contextTag | types.uint, tag, value as number),
        read(reader, type) {
            if ((type & 0x1c) !== types.uint) throw new UnexpectedDataError(`Unexpected type ${kindOf(type)}, was expecting ${types.uint}.`);
            return reader.unsigned(1 << (type & 3));
        },
    };
}

export const uint16: Kind = unsigned(0xffff);
export const uint32: Kind = unsigned(0xffffffff);

export const bool: Kind = {
    validate(value) {
        if (typeof value !== "boolean") throw new ValidationError(`Expected boolean, got ${typeof value}.`);
    },
    write: (out, tag, value) => void out.push(contextTag | types.bool | (value === true ? 1 : 0), tag),
    read(_reader, type) {
        if ((type & 0x1e) !== types.bool) throw new UnexpectedDataError(`Unexpected type ${kindOf(type)}.`);
        return (type & 1) === 1;
    },
};

/** An octet string of min to max octets. */
export function bytes(min = 0, max = 1024): Kind {
    return {
        validate(value) {
            if (!isOctets(value)) throw new ValidationError(`Expected ByteArray, got ${typeof value}.`);
            const size = value.length;
            if (size > max) throw new ValidationError(`String ${hex(value)} is too long: ${size}, max ${max}.`);
            if (size < min) throw new ValidationError(`String ${hex(value)} is too short: ${size}, min ${min}.`);
        },
        write(out, tag, value) {
            const octets = value as Uint8Array;
            writeNumber(out, contextTag | types.bytes, tag, octets.length);
            for (const octet of octets) out.push(octet);
        },
        read(reader, type) {
            if ((type & 0x1c) !== types.bytes) throw new UnexpectedDataError(`Unexpected type ${kindOf(type)}.`);
            return reader.octets(reader.unsigned(1 << (type & 3)));
        },
    };
}

/** A structure, as a message by itself and as a member of another. */
export class StructureSchema<T> implements MessageSchema<T>, Kind {
    readonly #members: readonly (readonly [name: string, Member])[];

    constructor(members: { readonly [K in keyof T]-?: Member }) {
        this.#members = Object.entries<Member>(members);
    }

    encode(value: T): Uint8Array {
        this.validate(value);
        const out: number[] = [types.structure];
        this.#body(out, value);
        return Uint8Array.from(out);
    }

    decode(encoded: Uint8Array, validate = true): T {
        if (!isOctets(encoded)) throw new UnexpectedDataError(`Expected ByteArray, got ${typeof encoded}.`);
        const reader = new Reader(encoded);
        const { type } = reader.control();
        const value = this.read(reader, type);
        if (validate) this.validate(value);
        return value;
    }

    validate(value: unknown): void {
        if (typeof value !== "object" || value === null) throw new ValidationError(`Expected object, got ${value === null ? "null" : typeof value}.`);
        for (const [name, { kind, optional }] of this.#members) {
            const content = (value as Record<string, unknown>)[name];
            if (content === undefined) {
                if (optional) continue;
                throw new ValidationError(`Missing mandatory field ${name}`, name);
            }
            try {
                kind.validate(content);
            } catch (error) {
                if (error instanceof ValidationError) error.fieldName = error.fieldName === undefined ? name : `${name}.${error.fieldName}`;
                throw error;
            }
        }
    }

    /** @internal */
    write(out: number[], tag: number, value: unknown): void {
        out.push(contextTag | types.structure, tag);
        this.#body(out, value);
    }

    /** @internal */
    read(reader: Reader, type: number): T {
        if (type !== types.structure) throw new UnexpectedDataError(`Unexpected type ${kindOf(type)} (expected ${types.structure}).`);
        const value: Record<string, unknown> = {};
        for (;;) {
            const { form, tag, type } = reader.control();
            if (type === types.endOfContainer) return value as T;
            if (form > 1) throw new UnexpectedDataError("Structure element tags should be context-specific.");
            if (form === 0) throw new UnexpectedDataError("Structure element tags should have an id.");
            const found = this.#members.find(([, { tag: known }]) => known === tag);
            if (found === undefined) reader.skip(type);
            else value[found[0]] = found[1].kind.read(reader, type);
        }
    }

    #body(out: number[], value: unknown): void {
        for (const [name, { tag, kind }] of this.#members) {
            const content = (value as Record<string, unknown>)[name];
            if (content !== undefined) kind.write(out, tag, content);
        }
        out.push(types.endOfContainer);
    }
}

/** Views of other realms and Buffers are octets too. */
function isOctets(value: unknown): value is Uint8Array {
    return Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function writeNumber(out: number[], control: number, tag: number, value: number): void {
    const exponent = value < 0x100 ? 0 : value < 0x10000 ? 1 : 2;
    out.push(control | exponent, tag);
    for (let i = 0; i < 1 << exponent; i++) out.push((value >>> (8 * i)) & 0xff);
}

function hex(octets: Uint8Array): string {
    return Array.from(octets, octet => octet.toString(16).padStart(2, "0")).join("");
}

/** The type without its width, as errors name it. */
function kindOf(type: number): number {
    if (type < 8) return type & 0x1c;
    if (type < 12) return type & 0x1e;
    return type < 20 ? type & 0x1c : type;
}

/** Reads forward. Past the end everything throws the DataView's RangeError, as matter.js's reader does. */
class Reader {
    #at = 0;
    readonly #octets: Uint8Array;
    readonly #view: DataView;

    constructor(octets: Uint8Array) {
        this.#octets = octets;
        this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    }

    /** A control octet and its tag; of a tag that is not context-specific the number does not matter. */
    control(): { form: number; tag: number; type: number } {
        const control = this.#view.getUint8(this.#at++);
        const form = control >> 5;
        const tag = form === 1 ? this.#view.getUint8(this.#at++) : 0;
        if (form === 4 || form === 5) throw new NotImplementedError(`Unsupported implicit profile ${form}`);
        if (form === 7) throw new NotImplementedError(`Unexpected tagControl ${form}`);
        if (form > 1) this.octets([0, 0, 2, 4, 0, 0, 6][form] ?? 0);
        return { form, tag, type: control & 0x1f };
    }

    unsigned(width: number): number {
        const at = this.#at;
        this.#at += width;
        switch (width) {
            case 1:
                return this.#view.getUint8(at);
            case 2:
                return this.#view.getUint16(at, true);
            case 4:
                return this.#view.getUint32(at, true);
            default: // members have 32 bits at most: rounded, it is as much too large
                return Number(this.#view.getBigUint64(at, true));
        }
    }

    octets(length: number): Uint8Array {
        if (length > this.#octets.length - this.#at) throw new RangeError("Offset is outside the bounds of the DataView");
        this.#at += length;
        // Not slice(): a Buffer's is a Buffer, and shared memory's is shared.
        const copy = new Uint8Array(length);
        copy.set(this.#octets.subarray(this.#at - length, this.#at));
        return copy;
    }

    /** Skips an element, to any depth, without recursion. */
    skip(type: number): void {
        for (let depth = 0; ; type = this.control().type) {
            if (type < 8) this.octets(1 << (type & 3));
            else if (type === 10) this.octets(4);
            else if (type === 11) this.octets(8);
            else if (type >= 12 && type < 20) this.octets(this.unsigned(1 << (type & 3)));
            else if (type >= 21 && type < types.endOfContainer) depth++;
            else if (type === types.endOfContainer) depth--;
            else if (type > types.endOfContainer) throw new UnexpectedDataError(`Unexpected type ${type}.`);
            if (depth <= 0) return;
        }
    }
}
