/** Names of the mirrored handshakes, and what their messages refuse. How they compare with matter.js 0.9.4's call by call: parity/messages.ts. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@project-chip/matter-node.js";
import * as theirs from "@project-chip/matter.js/session";
import { start } from "matter-session";
import * as ours from "matter-session/session";

before(() => start());

describe("names", () => {
    it("are exactly matter.js 0.9.4's", () => {
        assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
        assert.equal(Object.keys(ours).length, 43);
    });

    it("are classes with its methods", () => {
        const inherited = (of: object | null): string[] =>
            of === null || of === Object.prototype ? [] : [...Object.getOwnPropertyNames(of), ...inherited(Object.getPrototypeOf(of) as object | null)];
        // What TypeScript calls private there and nobody calls.
        const hidden = new Set(["handlePairingRequest", "handleSigma1", "sendStatusReport"]);
        for (const name of ["PaseClient", "PaseServer", "CaseClient", "CaseServer", "PaseClientMessenger", "PaseServerMessenger", "CaseClientMessenger", "CaseServerMessenger"] as const) {
            const wanted = inherited(theirs[name].prototype).filter(method => !hidden.has(method));
            assert.deepEqual(wanted.filter(method => !inherited(ours[name].prototype).includes(method)), [], name);
            const statics = Object.getOwnPropertyNames(theirs[name]).filter(key => typeof theirs[name][key as never] === "function" && key !== "prototype");
            assert.deepEqual(statics.filter(key => typeof ours[name][key as never] !== "function"), [], name);
            assert.equal(ours[name].length, theirs[name].length, `${name}'s constructor`);
        }
    });
});

describe("TLV messages", () => {
    it("refuse what matter.js takes or falls over, by name", () => {
        const good = { random: new Uint8Array(32), sessionId: 1, passcodeId: 0, hasPbkdfParameters: false };
        assert.throws(() => ours.TlvPbkdfParamRequest.encode({ ...good, sessionId: 1.5 }), { message: "(Validation/135) Invalid value: 1.5 is not an integer.", fieldName: "sessionId" });
        assert.throws(() => ours.TlvSessionParameters.encode({ idleIntervalMs: NaN }), { message: "(Validation/135) Invalid value: NaN is not an integer.", fieldName: "idleIntervalMs" });
        assert.throws(() => ours.TlvPbkdfParamRequest.encode({ ...good, sessionParams: "x" as never }), { message: "(Validation/135) Expected object, got string.", fieldName: "sessionParams" });
        assert.throws(() => ours.TlvPbkdfParamRequest.encode(null as never), { message: "(Validation/135) Expected object, got null." });
        assert.throws(() => ours.TlvPbkdfParamRequest.decode("x" as never), { message: "Expected ByteArray, got string." });
    });

    it("take Buffers, subarrays and octets in shared memory", () => {
        const value = { verifier: new Uint8Array(32).fill(3) };
        const octets = ours.TlvPasePake3.encode(value);
        const shared = new Uint8Array(new SharedArrayBuffer(32)).fill(3);
        for (const verifier of [Buffer.alloc(32, 3), new Uint8Array(64).fill(3).subarray(16, 48), shared]) assert.deepEqual(ours.TlvPasePake3.encode({ verifier }), octets);
        const far = Buffer.concat([Buffer.alloc(7), octets]).subarray(7);
        assert.deepEqual(ours.TlvPasePake3.decode(far), value);
        assert.equal(Object.getPrototypeOf(ours.TlvPasePake3.decode(far).verifier), Uint8Array.prototype);
    });
});
