// What sessions without the controller take of memory, and that sealing and opening take none.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "#dist/load.js";
import { root } from "./support/vectors.js";

const { exports, memory } = await load(new URL("dist/matter-session.wasm", root));

function call(name: string, ...args: number[]): number {
    const result = exports[name]?.(...args);
    assert.ok(result !== undefined && result >= 0, `${name}: ${result}`);
    return result;
}
const buffer = call("buffer");
const octets = (): Uint8Array => new Uint8Array(memory.buffer, buffer, 2048);

/** A session of a secret of 32 octets; node 1 is the initiator, node 2 the responder. */
function derive(initiator: boolean): number {
    const b = octets();
    b.fill(0, 0, 20);
    b[0] = initiator ? 1 : 2;
    b[8] = initiator ? 2 : 1;
    b[16] = 1; // first counter
    b.fill(7, 20, 52);
    return call("sessionDerive", initiator ? 1 : 0, 32, 0);
}

describe("sessions without the controller", () => {
    it("take less than 440 octets each, 65,535 of them, and nothing more when they are closed and made again", () => {
        const before = memory.buffer.byteLength;
        let after = 0;
        for (let round = 0; round < 3; round++) {
            const handles = Array.from({ length: 65_535 }, () => derive(true));
            assert.equal(call("sessionCount"), 65_535);
            assert.equal(new Set(handles).size, 65_535);
            for (const handle of handles) call("sessionClose", handle);
            if (round === 0) after = memory.buffer.byteLength;
        }
        assert.equal(call("sessionCount"), 0);
        assert.ok(after - before < 440 * 65_535, `${(after - before) / 65_535} octets each`);
        assert.equal(memory.buffer.byteLength, after);
    });

    it("seal and open a million messages in the memory that they have", () => {
        const [a, b] = [derive(true), derive(false)];
        const header = new DataView(new ArrayBuffer(8));
        const text = new Uint8Array(200).fill(9);
        let before = 0;
        for (let i = 0; i < 1_000_000; i++) {
            if (i === 1000) before = memory.buffer.byteLength;
            header.setUint32(4, call("sessionNext", a), true);
            const place = octets();
            place.set(new Uint8Array(header.buffer));
            place.set(text, 8);
            const length = call("sessionSeal", a, 8, 208);
            assert.ok(length === 224 && call("sessionOpen", b, 8, length) === 208, `message ${i}`);
        }
        assert.deepEqual(octets().slice(8, 208), text);
        assert.equal(memory.buffer.byteLength, before);
    });
});
