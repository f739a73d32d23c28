import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { describe, it } from "node:test";
import { Controller, Core, HostError, MatterCommissionError, octetsOf } from "matter-session";
import { HostWork } from "#dist/work.js";
import { LoopPeer, MemoryStore } from "./support/loop.js";
import { vectors, verifierOf20202021 } from "./support/vectors.js";

const stretching = (data: Uint8Array, salt: Uint8Array, iterations: number) => ({ work: 1, kind: 4, data, salt, iterations });

describe("PBKDF2 by WebCrypto", () => {
    it("makes the ws of another implementation's verifier, and erases the passcode", async () => {
        const { tests } = vectors<{ tests: { passcode: number; salt: string; iterations: number; ws: string }[] }>("pase_verifier.json");
        assert.ok(tests.length > 0);
        for (const { passcode, salt, iterations, ws } of tests) {
            const data = new Uint8Array(4);
            new DataView(data.buffer).setUint32(0, passcode, true);
            assert.deepEqual(await new HostWork().do(stretching(data, octetsOf(salt), iterations)), octetsOf(ws));
            assert.deepEqual(data, new Uint8Array(4));
        }
    });

    it("agrees with Wycheproof", async () => {
        interface Case { tcId: number; password: string; salt: string; iterationCount: number; dkLen: number; dk: string }
        const { testGroups } = vectors<{ testGroups: { tests: Case[] }[] }>("wycheproof_pbkdf2_hmacsha256.json");
        const tests = testGroups.flatMap(group => group.tests);
        assert.ok(tests.length >= 60);
        for (const { tcId, password, salt, iterationCount, dk } of tests) {
            const got = await new HostWork().do(stretching(octetsOf(password), octetsOf(salt), iterationCount));
            // Output blocks do not depend on how many follow.
            const want = octetsOf(dk).slice(0, 80);
            assert.deepEqual(got.slice(0, want.length), want, `test ${tcId}`);
        }
    });

    it("fails in one sentence, and erases the passcode all the same", async () => {
        const subtle = { importKey: () => Promise.reject(new DOMException("not in this mode", "OperationError")) } as unknown as SubtleCrypto;
        const data = Uint8Array.of(1, 2, 3, 4);
        await assert.rejects(new HostWork({}, subtle).do(stretching(data, new Uint8Array(16), 1000)), /not in this mode/);
        assert.deepEqual(data, new Uint8Array(4));
    });
});

describe("ECDH by WebCrypto", () => {
    const work = (kind: number, key: number, data?: Uint8Array) => ({ work: 1, kind, key, ...(data === undefined ? {} : { data }) });

    it("agrees with another implementation, once", async () => {
        const host = new HostWork({ ecdh: true }), peer = createECDH("prime256v1");
        const theirs = new Uint8Array(peer.generateKeys());
        const ours = await host.do(work(2, 7));
        assert.equal(ours.length, 65);
        assert.deepEqual(await host.do(work(3, 7, theirs)), new Uint8Array(peer.computeSecret(ours)));
        await assert.rejects(host.do(work(3, 7, theirs)), /ephemeral key is gone/);
    });

    it("replaces the key of a name that comes again, and keeps names apart", async () => {
        const host = new HostWork({ ecdh: true }), peer = createECDH("prime256v1");
        const theirs = new Uint8Array(peer.generateKeys());
        await host.do(work(2, 1));
        const [second, other] = [await host.do(work(2, 1)), await host.do(work(2, 2))];
        assert.deepEqual(await host.do(work(3, 2, theirs)), new Uint8Array(peer.computeSecret(other)));
        assert.deepEqual(await host.do(work(3, 1, theirs)), new Uint8Array(peer.computeSecret(second)));
    });

    it("keeps 64 keys at most, and none after the end", async () => {
        const host = new HostWork({ ecdh: true });
        const theirs = new Uint8Array(createECDH("prime256v1").generateKeys());
        for (let name = 0; name < 65; name++) await host.do(work(2, name));
        await assert.rejects(host.do(work(3, 0, theirs)), /ephemeral key is gone/);
        assert.equal((await host.do(work(3, 1, theirs))).length, 32);
        host.clear();
        await assert.rejects(host.do(work(3, 64, theirs)), /ephemeral key is gone/);
    });

    it("refuses a point that is not on the curve", async () => {
        const host = new HostWork({ ecdh: true });
        const wrong = new Uint8Array(createECDH("prime256v1").generateKeys());
        wrong[64]! ^= 1;
        await host.do(work(2, 1));
        await assert.rejects(host.do(work(3, 1, wrong)));
    });
});

describe("work of a host", () => {
    it("is taken on by what there is", () => {
        assert.equal(new HostWork().delegate, 4);
        assert.equal(new HostWork({ ecdh: true }).delegate, 6);
        assert.equal(new HostWork({ pbkdf2: false }).delegate, 0);
        // No second argument would mean the default; a page over http has none.
        const { subtle } = crypto;
        Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
        try {
            assert.equal(new HostWork().delegate, 0);
            assert.throws(() => new HostWork({ pbkdf2: true }), /secure context/);
            assert.throws(() => new HostWork({ ecdh: true }), /secure context/);
        } finally {
            Object.defineProperty(crypto, "subtle", { value: subtle, configurable: true });
        }
    });

    it("signs with the authority's key, and looks at what it gives", async () => {
        const host = new HostWork();
        const signing = { work: 1, kind: 1, data: Uint8Array.of(9) };
        await assert.rejects(host.do(signing), /no key here to sign with/);
        const signature = new Uint8Array(64).fill(5);
        host.sign = async data => (assert.deepEqual(data, Uint8Array.of(9)), signature);
        const answer = await host.do(signing);
        answer.fill(0); // the caller's to erase
        assert.deepEqual(signature, new Uint8Array(64).fill(5));
        assert.deepEqual(await host.do(signing), signature);
        for (const wrong of [new Uint8Array(63), undefined, "text"]) {
            host.sign = async () => wrong as Uint8Array;
            await assert.rejects(host.do(signing), /not 64 octets/);
        }
        host.sign = () => { throw new Error("locked"); };
        await assert.rejects(host.do(signing), /locked/);
        await assert.rejects(host.do({ work: 1, kind: 9 }), /unknown/);
    });
});

describe("a controller whose host fails", () => {
    const address = "192.0.2.1";

    /** Runs fn while a method of WebCrypto rejects. */
    async function without(method: "deriveBits" | "generateKey", fn: () => Promise<void>): Promise<void> {
        const prototype = Object.getPrototypeOf(crypto.subtle) as Record<string, unknown>;
        const real = prototype[method];
        prototype[method] = () => Promise.reject(new DOMException("the key store is locked", "OperationError"));
        try {
            await fn();
        } finally {
            prototype[method] = real;
        }
    }

    it("says so when it commissions, tells the device at once, and works the next time", async () => {
        const core = await Core.start(), peer = new LoopPeer(core);
        peer.handle.request(performance.now(), "openPase", verifierOf20202021());
        await using controller = await Controller.open({ storage: new MemoryStore(), transport: peer, core });
        const { manual } = core.request("makeCode", { vendorId: 0xfff1, productId: 0x8000, flow: 0, discovery: 4, discriminator: 3840, passcode: 20202021 });
        const from = performance.now();
        await without("deriveBits", () => assert.rejects(controller.commission(manual, { address }), (error: Error) => {
            assert.ok(error instanceof MatterCommissionError);
            assert.deepEqual([error.code, error.step, error.retry], ["unexpected", "pase", "restart"]);
            return /This computer could not do its part of the handshake: .*the key store is locked/.test(error.message);
        }));
        assert.ok(performance.now() - from < 5000);
        // A device that still waited would be busy; this one gets as far as to refuse what it does not serve.
        await assert.rejects(controller.commission(manual, { address, signal: AbortSignal.timeout(10_000) }), (error: Error) => !/busy/.test(error.message));
        assert.ok(peer.events.some(event => event.type === "session"));
    });

    it("says so when it connects", async () => {
        const core = await Core.start(), peer = new LoopPeer(core), storage = new MemoryStore();
        await using controller = await Controller.open({ storage, transport: peer, core, work: { ecdh: true } });
        peer.handle.request(performance.now(), "openAuthority", { authority: storage.values.get("fabric")! });
        for (const method of ["generateKey", "deriveBits"] as const) {
            await without(method, () => assert.rejects(controller.connect(controller.nodeId, { address }), (error: Error) => error instanceof HostError && /the key store is locked/.test(error.message)));
        }
        assert.equal((await controller.connect(controller.nodeId, { address })).resumed, false);
    });
});
