import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
    AdministratorCommissioning, any, arrayOf, BasicInformation, clusters, decodeAs, encodeAs, field, findAttribute, findCluster, findCommand, findEvent,
    GeneralCommissioning, hexOf, id64, ImplementationError, int8, nullable, octets, octetsOf, OnOff, OperationalCredentials, optional, struct, text, TlvError,
    uint16, uint64, uint8, type Json, type Schema,
} from "matter-session";

interface Sample {
    id: bigint;
    count?: bigint | undefined;
    label: string | null;
    key: Uint8Array;
    items: readonly number[];
}
const sample: Schema<Sample> = struct({
    id: field(0, id64), count: optional(1, uint64), label: field(2, nullable(text(4))), key: field(3, octets(2, 2)), items: field(4, arrayOf(uint8)),
});
const value: Sample = { id: 1n, count: 2n, label: "ab", key: Uint8Array.of(0, 255), items: [1, 2] };

describe("schemas", () => {
    it("write fields by tag, read them by name, 64-bit fields as bigint", () => {
        const written = encodeAs(sample, value);
        assert.equal(hexOf(written), "152400012401022c0202616230030200ff360404010402" + "1818");
        assert.deepEqual(decodeAs(sample, written), value);
        const { count: _, ...rest } = value;
        assert.deepEqual(decodeAs(sample, encodeAs(sample, { ...rest, label: null })), { ...rest, label: null });
    });

    it("give JSON with hex IDs, decimal counts, hex octets, and read it back", () => {
        const json = sample.toJson(value);
        assert.deepEqual(json, { id: "0x0000000000000001", count: "2", label: "ab", key: "00ff", items: [1, 2] });
        assert.deepEqual(sample.fromJson(json, ""), value);
        assert.deepEqual(sample.fromJson({ id: 1, count: "0x2", label: "ab", key: "00:FF", items: ["1", "0x02"] }, ""), value);
    });

    it("skip unknown members of any depth and accept any width that fits", () => {
        assert.deepEqual(decodeAs(struct({ a: field(0, uint8) }), octetsOf("1527000700000000000000" + "35203701181818")), { a: 7 });
    });

    it("refuse what does not fit, naming the place", () => {
        const bad: [unknown, RegExp][] = [
            [{ ...value, id: 1 }, /id: 1 is not id64/], [{ ...value, id: 2n ** 64n }, /id: 18446744073709551616 is not id64/],
            [{ ...value, label: "abcde" }, /label: a text of 5 octets, at most 4/], [{ ...value, key: Uint8Array.of(1) }, /key: 1 octets, not 2 octets/],
            [{ ...value, items: [1, 256] }, /items\[1\]: 256 is not uint8 \(0 to 255\)/], [{ ...value, items: undefined }, /items: missing/],
            [{ ...value, other: 1 }, /no member "other": there are id, count/], [[], /an array is not a structure/],
        ];
        for (const [wrong, message] of bad) assert.throws(() => encodeAs(sample, wrong as Sample), message);
    });

    it("refuse elements of the wrong type: signed for unsigned, text for octets", () => {
        assert.throws(() => decodeAs(uint16, octetsOf("0005")), /int where uint16 is due/);
        assert.throws(() => decodeAs(int8, octetsOf("0405")), /uint where int8 is due/);
        assert.throws(() => decodeAs(octets(), octetsOf("0c0161")), /string where .* octets is due/);
        assert.throws(() => decodeAs(uint8, octetsOf("050001")), /256 is not uint8/);
        assert.throws(() => decodeAs(struct({ a: field(0, uint8) }), octetsOf("1518")), /a: missing/);
        assert.throws(() => decodeAs(struct({ a: field(0, uint8) }), octetsOf("1618")), TlvError);
        assert.equal(decodeAs(any, octetsOf("0005")), 5);
    });

    it("refuse JSON of the wrong form", () => {
        const bad: [Json, RegExp][] = [
            [{ ...jsonOf(), id: "one" }, /id: a text that is not a decimal/], [{ ...jsonOf(), id: 2 ** 60 }, /id: .* is not id64/],
            [{ ...jsonOf(), key: "0g00" }, /key: not hex at character 2/], [{ ...jsonOf(), key: "000" }, /odd number/], [{ ...jsonOf(), items: 1 }, /items: 1 is not an array/],
        ];
        for (const [wrong, message] of bad) assert.throws(() => sample.fromJson(wrong, ""), message);
    });

    it("never put a text or octets into an error", () => {
        for (const secret of ["hunter2-hunter2", new TextEncoder().encode("hunter2")]) {
            assert.throws(() => encodeAs(sample, { ...value, items: secret as unknown as number[] }), error => !String(error).includes("hunter"));
        }
    });
});

describe("clusters", () => {
    it("have each number and name once", () => {
        assert.equal(new Set(clusters.map(c => c.id)).size, clusters.length);
        assert.equal(new Set(clusters.map(c => c.name)).size, clusters.length);
        for (const cluster of clusters) {
            for (const table of [cluster.attributes, cluster.commands, cluster.events]) {
                const ids = Object.values(table as Record<string, { id: number }>).map(entry => entry.id);
                assert.equal(new Set(ids).size, ids.length, cluster.name);
            }
        }
    });

    it("write the octets that the specification's structures have", () => {
        assert.equal(hexOf(encodeAs(GeneralCommissioning.commands.armFailSafe.request, { expiryLengthSeconds: 60, breadcrumb: 1n })), "1524003c24010118");
        assert.equal(hexOf(encodeAs(OnOff.commands.toggle.request, {})), "1518");
        assert.equal(AdministratorCommissioning.commands.openCommissioningWindow.timed, true);
        const noc = { nocValue: Uint8Array.of(1), ipkValue: new Uint8Array(16), caseAdminSubject: 0x1234n, adminVendorId: 0xfff1 };
        assert.equal(hexOf(encodeAs(OperationalCredentials.commands.addNoc.request, noc)), `1530000101300210${"00".repeat(16)}250334122504f1ff18`);
    });

    it("are found by number, by name in any spelling, and untyped when unknown", () => {
        for (const text of ["6", "0x6", "0x0006", "OnOff", "on-off", "onoff", "on_off"]) assert.equal(findCluster(clusters, text).id, 6);
        assert.equal(findCluster(clusters, "0xfff1fc00").id, 0xfff1fc00);
        assert.throws(() => findCluster(clusters, "lamp"), /no cluster is known as "lamp"/);
        const onOff = findCluster(clusters, "6"), basic = findCluster(clusters, "BasicInformation");
        assert.equal(findAttribute(onOff, "on-off").name, "onOff");
        assert.equal(findAttribute(onOff, "feature-map").id, 0xfffc);
        assert.equal(findAttribute(basic, "0x15").name, "specificationVersion");
        assert.equal(findAttribute(onOff, "0x1234").schema, any);
        assert.equal(findCommand(onOff, "2").name, "toggle");
        assert.equal(findEvent(basic, "start-up").id, BasicInformation.events.startUp.id);
        assert.throws(() => findCommand(onOff, "dance"), ImplementationError);
    });
});

function jsonOf(): { [key: string]: Json } {
    return sample.toJson(value) as { [key: string]: Json };
}
