import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
    decode, encode, fromJson, hexOf, maxDepth, octetsOf, parse, serialize, TlvError, TlvList, TlvTyped, toJson, type TlvElement, type TlvTag, type TlvValue,
} from "matter-session";
import { vectors } from "./support/vectors.js";

const cases = vectors<{ tests: { name: string; hex: string }[] }>("spec_tlv.json").tests;

/** What the examples of the specification's appendix A.12 say in words. */
const meaning: Record<string, TlvValue> = {
    "08": false, "09": true, "002a": 42, "00ef": -17, "042a": 42, "012a00": 42, "02f067fdff": -170000, "0300902f5009000000": 40000000000,
    "0c0648656c6c6f21": "Hello!", "0c0754736368c3bc73": "Tschüs", "10050001020304": Uint8Array.of(0, 1, 2, 3, 4), "14": null,
    "0a00000000": 0, "0aabaaaa3e": Math.fround(1 / 3), "0a33338f41": Math.fround(17.9), "0a0000807f": Infinity, "0a000080ff": -Infinity,
    "0b0000000000000000": 0, "0b555555555555d53f": 1 / 3, "0b6666666666e63140": 17.9, "0b000000000000f07f": Infinity, "0b000000000000f0ff": -Infinity,
    "1518": {}, "1618": [], "1718": new TlvList([]), "1520002a2001ef18": { 0: 42, 1: -17 }, "160000000100020003000418": [0, 1, 2, 3, 4],
    "17000120002a000200032000ef18": new TlvList([["", 1], ["0", 42], ["", 2], ["", 3], ["0", -17]]),
    "16002a02f067fdff15180a33338f410c0648656c6c6f2118": [42, -170000, {}, Math.fround(17.9), "Hello!"],
};
const tags: Record<string, TlvTag> = {
    "24012a": "1", "4401002a": "common:1", "64a08601002a": "common:100000", "c4f1ffedde01002a": "fff1:deed:1",
    "e4f1ffeddeedfe55aa2a": "fff1:deed:2857762541",
};
/** Written wider than needed: they read, but are not what we would write. */
const wide = new Set(["012a00"]);

describe("TLV", () => {
    it("reads every vector of the specification and writes it back", () => {
        assert.ok(cases.length >= 34);
        for (const { name, hex } of cases) {
            const octets = octetsOf(hex);
            const element = parse(octets);
            if (!wide.has(hex)) assert.equal(hexOf(serialize(element)), hex, name);
            if (hex in tags) assert.equal(element.tag, tags[hex], name);
            else assert.deepEqual(decode(octets), meaning[hex], name);
        }
    });

    it("refuses every vector cut at every octet, and with an octet too many", () => {
        for (const { name, hex } of cases) {
            const octets = octetsOf(hex);
            for (let n = 0; n < octets.length; n++) assert.throws(() => parse(octets.subarray(0, n)), TlvError, `${name}, ${n} octets`);
            assert.throws(() => parse(Uint8Array.of(...octets, 0)), TlvError, name);
        }
    });

    it("refuses what is not TLV", () => {
        const bad: Record<string, string> = {
            "18": "an end of container alone", "19": "a reserved type", "1f": "a reserved type", "153818": "a tagged end of container",
            "15042a18": "an anonymous member of a structure", "1624002a18": "a tagged member of an array", "1524002a24002b18": "a tag twice",
            "0c01ff": "no UTF-8", "0fffffffffffffffff": "a length beyond all memory", "12ffffffff00": "a length beyond the input",
        };
        for (const [hex, why] of Object.entries(bad)) assert.throws(() => parse(octetsOf(hex)), TlvError, why);
    });

    it("takes sixteen levels and no seventeenth", () => {
        const nested = (depth: number): Uint8Array => octetsOf("16".repeat(depth) + "18".repeat(depth));
        assert.deepEqual(serialize(parse(nested(maxDepth))), nested(maxDepth));
        assert.throws(() => parse(nested(maxDepth + 1)), /deeper than 16/);
        let value: TlvValue = [];
        for (let i = 0; i < maxDepth; i++) value = [value];
        assert.throws(() => encode(value), /deeper than 16/);
    });

    it("writes integers in the shortest width", () => {
        const widths: [number | bigint, string][] = [
            [0, "0400"], [255, "04ff"], [256, "050001"], [65536, "0600000100"], [2 ** 32, "070000000001000000"], [2n ** 64n - 1n, "07ffffffffffffffff"],
            [-1, "00ff"], [-128, "0080"], [-129, "017fff"], [-(2n ** 63n), "030000000000000080"],
        ];
        for (const [value, hex] of widths) {
            assert.equal(hexOf(encode(value)), hex);
            assert.equal(decode(octetsOf(hex)), value);
        }
        assert.throws(() => encode(2n ** 64n), TlvError);
        assert.equal(hexOf(encode(2 ** 53)), "0b0000000000004043", "a number that is not safe is a double");
        assert.throws(() => encode(-(2n ** 63n) - 1n), TlvError);
    });

    it("gives a number below 2^53 and a bigint from there, whatever the width", () => {
        assert.equal(decode(octetsOf("07ffffffffffff1f00")), Number.MAX_SAFE_INTEGER);
        assert.equal(decode(octetsOf("070000000000002000")), 2n ** 53n);
        assert.equal(decode(octetsOf("070100000000000000")), 1);
    });

    it("refuses values that have no TLV form, naming the place", () => {
        assert.throws(() => encode({ 0: [undefined as unknown as null] }), /0\[0\]: a undefined/);
        assert.throws(() => encode({ name: 1 }), /"name" is not a tag/);
        assert.throws(() => encode({ 256: 1 }), /above 255/);
        assert.throws(() => encode({ 0: new Date() as unknown as null }), /object of a class/);
    });

    it("round-trips every element", () => {
        fc.assert(fc.property(element(true), e => {
            const octets = serialize(e);
            assert.deepEqual(parse(octets), e);
            for (let n = 0; n < octets.length; n += 1 + (octets.length >> 4)) assert.throws(() => parse(octets.subarray(0, n)), TlvError);
        }), { numRuns: 300 });
    });

    it("round-trips every element through its JSON form, but for the types that plain values merge", () => {
        fc.assert(fc.property(element(true), e => {
            const value = decode(serialize(e));
            assert.deepEqual(decode(encode(fromJson(JSON.parse(JSON.stringify(toJson(value)))))), decode(encode(value)));
        }), { numRuns: 300 });
    });

    it("never throws anything but TlvError on any octets", () => {
        fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), octets => {
            let e: TlvElement;
            try {
                e = parse(octets);
            } catch (error) {
                assert.ok(error instanceof TlvError);
                return;
            }
            assert.deepEqual(parse(serialize(e)), e);
        }), { numRuns: 2000 });
    });

    it("reads the tagged JSON forms and refuses malformed ones", () => {
        assert.deepEqual(encode(fromJson({ $int: "5" })), octetsOf("0005"));
        assert.deepEqual(encode(fromJson({ $uint: "0xffffffffffffffff" })), octetsOf("07ffffffffffffffff"));
        assert.deepEqual(encode(fromJson({ $float: 1.5 })), octetsOf("0a0000c03f"));
        assert.deepEqual(encode(fromJson({ $double: "NaN" })), octetsOf("0b000000000000f87f"));
        assert.deepEqual(encode(fromJson({ 0: { $bytes: "00 ff" } })), octetsOf("1530000200ff18"));
        for (const bad of [{ $bytes: "0" }, { $bytes: 1 }, { $int: "x" }, { $int: 1.5 }, { $what: 1 }, { $list: [1] }, { $float: "one" }]) {
            assert.throws(() => fromJson(bad), TlvError, JSON.stringify(bad));
        }
        assert.throws(() => encode(new TlvTyped("uint", -1n)), TlvError);
    });
});

/** Elements of every type, with legal tags in each kind of container. */
function element(anonymous: boolean, depth = 0): fc.Arbitrary<TlvElement> {
    const tag = anonymous ? fc.constant("") : tagArbitrary;
    const leaf = tag.chain(t => fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(v => ({ tag: t, type: "uint" as const, value: safe(v) })),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(v => ({ tag: t, type: "int" as const, value: safe(v) })),
        fc.boolean().map(value => ({ tag: t, type: "bool" as const, value })),
        fc.float().map(value => ({ tag: t, type: "float" as const, value })),
        fc.double().map(value => ({ tag: t, type: "double" as const, value })),
        fc.string({ unit: "grapheme", maxLength: 300 }).map(value => ({ tag: t, type: "string" as const, value })),
        fc.uint8Array({ maxLength: 300 }).map(value => ({ tag: t, type: "bytes" as const, value })),
        fc.constant({ tag: t, type: "null" as const, value: null }),
    ));
    if (depth >= 3) return leaf;
    const container = tag.chain(t => fc.oneof(
        fc.uniqueArray(fc.nat(255), { maxLength: 4 }).chain(numbers => fc.tuple(...numbers.map(n => element(true, depth + 1).map(e => ({ ...e, tag: String(n) })))))
            .map(value => ({ tag: t, type: "structure" as const, value: [...value].sort((a, b) => Number(a.tag) - Number(b.tag)) })),
        fc.array(element(true, depth + 1), { maxLength: 4 }).map(value => ({ tag: t, type: "array" as const, value })),
        fc.array(fc.boolean().chain(a => element(a, depth + 1)), { maxLength: 4 }).map(value => ({ tag: t, type: "list" as const, value })),
    ));
    return fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: container });
}

const tagArbitrary: fc.Arbitrary<TlvTag> = fc.oneof(
    fc.nat(255).map(String),
    fc.nat(2 ** 32 - 1).map(n => `common:${n}`),
    fc.nat(2 ** 32 - 1).map(n => `implicit:${n}`),
    fc.tuple(fc.nat(0xffff), fc.nat(0xffff), fc.nat(2 ** 32 - 1)).map(([v, p, n]) => `${v.toString(16).padStart(4, "0")}:${p.toString(16).padStart(4, "0")}:${n}`),
);

function safe(value: bigint): number | bigint {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
