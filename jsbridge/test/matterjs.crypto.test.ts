import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
    Bytes, Crypto, CryptoDecryptError, CryptoInputError, CryptoVerifyError, EcdsaSignature, Entropy, Environment, PrivateKey, PublicKey, StandardCrypto,
    type HashAlgorithm,
} from "@matter/general";
import { NodeJsCrypto } from "@matter/nodejs";
import { start } from "matter-session";
import { installCrypto, MatterSessionCrypto, type Primitive } from "matter-session/matterjs/crypto";
import { outcomeOf, Seeded, type Outcome } from "./support/parity.js";

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const bits = (value: bigint): Bytes => Bytes.fromBigInt(value, 32);

/** Results as hexadecimal, which class of array holds them set aside; errors as the names of their classes. */
function plain(outcome: Outcome): unknown {
    if ("error" in outcome) return outcome.error.classes;
    const { value } = outcome;
    return Bytes.isBytes(value) ? Bytes.toHex(value) : value;
}

async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* parts;
}

const stands: [string, () => Crypto][] = [["NodeJsCrypto", () => new NodeJsCrypto()], ["StandardCrypto", () => new StandardCrypto()]];
for (const [name, make] of stands) {
    for (const choice of ["core", "fastest"] as const) {
        describe(`matter.js 0.17.9's Crypto, ours (${choice}) beside ${name}`, () => {
            const theirs = make();
            let ours: MatterSessionCrypto;
            before(async () => {
                await start();
                ours = new MatterSessionCrypto({ choice, platform: theirs });
            });

            /** The same call into both. @returns whether it came to a value */
            async function same(call: (crypto: Crypto) => unknown, what: string): Promise<boolean> {
                const [mine, other] = [await outcomeOf(() => call(ours)), await outcomeOf(() => call(theirs))];
                assert.deepEqual(plain(mine), plain(other), what);
                return "value" in other;
            }

            function counted(primitive: Primitive): void {
                const { core, platform } = ours.calls;
                assert.ok(core[primitive] + platform[primitive] > 0, primitive);
                if (choice === "core") assert.ok(core[primitive] > 0, `${primitive} never ran on the core`);
            }

            it("seals and opens alike: 2,000 texts of 0 to 1,300 octets", () => {
                const random = new Seeded(17);
                for (let i = 0; i < 2000; i++) {
                    const [key, nonce, text] = [random.octets(16), random.octets(13), random.octets(random.below(1300))];
                    const aad = random.chance() ? random.octets(random.below(64)) : undefined;
                    const sealed = theirs.encrypt(key, text, nonce, aad);
                    assert.equal(Bytes.toHex(ours.encrypt(key, text, nonce, aad)), Bytes.toHex(sealed));
                    assert.equal(Bytes.toHex(ours.decrypt(key, sealed, nonce, aad)), Bytes.toHex(text));
                }
                counted("encrypt");
                counted("decrypt");
            });

            it("takes octets in any kind of array, and leaves them as they were", () => {
                const random = new Seeded(18);
                const [key, nonce, text, aad] = [random.octets(16), random.octets(13), random.octets(40), random.octets(8)];
                const wide = new Uint8Array(60).fill(9);
                wide.set(text, 7);
                const shared = new Uint8Array(new SharedArrayBuffer(40));
                shared.set(text);
                const expected = Bytes.toHex(theirs.encrypt(key, text, nonce, aad));
                for (const kind of [text, wide.subarray(7, 47), text.slice().buffer, new DataView(wide.buffer, 7, 40), Buffer.from(text), shared, shared.buffer]) {
                    assert.equal(Bytes.toHex(ours.encrypt(Uint8Array.from(key).buffer, kind, Buffer.from(nonce), aad)), expected);
                }
                assert.deepEqual([...wide.subarray(0, 7), ...wide.subarray(47)], new Array(20).fill(9));
                assert.equal(Bytes.toHex(shared), Bytes.toHex(text));
            });

            it("throws CryptoDecryptError for each octet that was changed", async () => {
                const random = new Seeded(19);
                for (const size of [0, 1, 40, 300]) {
                    const [key, nonce, aad] = [random.octets(16), random.octets(13), random.octets(8)];
                    const sealed = Bytes.of(theirs.encrypt(key, random.octets(size), nonce, aad));
                    for (let at = 0; at < sealed.length; at++) {
                        const forged = sealed.slice();
                        forged[at]! ^= 1 << random.below(8);
                        assert.throws(() => ours.decrypt(key, forged, nonce, aad), CryptoDecryptError);
                    }
                    await same(crypto => crypto.decrypt(key, sealed, nonce, random.octets(8)), "other associated data");
                    await same(crypto => crypto.decrypt(random.octets(16), sealed, nonce, aad), "another key");
                    await same(crypto => crypto.decrypt(key, sealed, nonce), "no associated data");
                }
            });

            it("answers every length of key, nonce, tag and text alike, errors' classes included", async () => {
                const random = new Seeded(20);
                const lengths = [0, 1, 4, 8, 12, 13, 14, 15, 16, 17, 24, 32];
                for (const key of lengths) for (const nonce of lengths) await same(c => c.encrypt(new Uint8Array(key).fill(1), new Uint8Array(20), new Uint8Array(nonce)), `key ${key}, nonce ${nonce}`);
                for (let tag = 0; tag <= 18; tag++) {
                    const [k, n, text, aad] = [random.octets(16), random.octets(13), random.octets(50), random.octets(3)];
                    const good = await same(c => c.encrypt(k, text, n, aad, tag), `tag ${tag}`);
                    if (good) await same(c => c.decrypt(k, theirs.encrypt(k, text, n, aad, tag), n, aad, tag), `opening tag ${tag}`);
                    await same(c => c.decrypt(k, new Uint8Array(tag === 0 ? 0 : tag - 1), n, aad, tag), `shorter than tag ${tag}`);
                }
                for (let length = 0; length < 16; length++) assert.throws(() => ours.decrypt(new Uint8Array(16), new Uint8Array(length), new Uint8Array(13)), CryptoInputError);
                for (const length of [65_518, 65_519, 65_520, 65_535, 65_536, 70_000]) await same(c => c.encrypt(new Uint8Array(16), new Uint8Array(length), new Uint8Array(13)), `text of ${length}`);
                for (const length of [0, 1, 13, 14, 15, 1000, 65_000]) await same(c => c.encrypt(new Uint8Array(16), new Uint8Array(5), new Uint8Array(13), new Uint8Array(length)), `associated data of ${length}`);
            });

            it("hashes alike, in one piece, in parts and streamed, by every algorithm", async () => {
                const random = new Seeded(21);
                for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 127, 128, 129, 500, 1000, 5000, 300_000]) {
                    const octets = random.octets(size);
                    await same(c => c.computeHash(octets), `${size}`);
                    const cut = random.below(size + 1), parts = [octets.subarray(0, cut), octets.subarray(cut)];
                    await same(c => c.computeHash(parts), `${size} in parts`);
                    await same(c => c.computeHash(chunks(parts)), `${size} streamed`);
                }
                await same(c => c.computeHash([]), "no parts");
                for (const algorithm of ["SHA-1", "SHA-256", "SHA-512", "SHA-384", "SHA3-256", "SHA-512/256", "MD7"] as HashAlgorithm[]) {
                    const [mine, other] = [await outcomeOf(() => ours.computeHash(random.octets(0), algorithm)), await outcomeOf(() => theirs.computeHash(random.octets(0), algorithm))];
                    assert.deepEqual(plain(mine), plain(other), algorithm);
                }
                counted("computeHash");
            });

            it("derives alike", async () => {
                const random = new Seeded(22);
                for (let i = 0; i < 200; i++) {
                    const [secret, salt, info] = [random.octets(random.below(64)), random.octets(random.below(64)), random.octets(random.below(40))];
                    const length = 1 + random.below(96);
                    await same(c => c.createHkdfKey(secret, salt, info, length), "createHkdfKey");
                    await same(c => c.createHkdfKey(secret, salt, info), "createHkdfKey of 16");
                    await same(c => c.signHmac(secret, random.octets(0)), "signHmac of nothing");
                    await same(c => c.signHmac(secret, info), "signHmac");
                }
                for (const length of [0, 8160, 8161]) await same(c => c.createHkdfKey(new Uint8Array(16), new Uint8Array(0), new Uint8Array(0), length), `createHkdfKey of ${length}`);
                for (const size of [0, 1, 63, 64, 65, 128, 129, 1000, 3000]) await same(c => c.signHmac(new Uint8Array(size).fill(3), new Uint8Array(size)), `signHmac ${size}`);
                for (const iterations of [1, 2, 1000]) await same(c => c.createPbkdf2Key(random.octets(0), Uint8Array.of(1, 2, 3), iterations, 80), "createPbkdf2Key");
                await same(c => c.createPbkdf2Key(Uint8Array.of(9, 8, 7, 6), new Uint8Array(32).fill(4), 1000, 80), "createPbkdf2Key");
                for (const iterations of [0, -1]) await same(c => c.createPbkdf2Key(Uint8Array.of(9), new Uint8Array(16), iterations, 80), `${iterations} iterations`);
                for (const primitive of ["createHkdfKey", "signHmac", "createPbkdf2Key"] as const) counted(primitive);
                assert.ok(ours.calls.core.createHkdfKey > 0);
            });

            it("signs what the other verifies, and verifies what the other signs", async () => {
                const random = new Seeded(23);
                for (let i = 0; i < 12; i++) {
                    const [signer, other] = i % 2 === 0 ? [ours, theirs] : [theirs, ours];
                    const key = await signer.createKeyPair();
                    assert.equal(key.privateBits.byteLength, 32);
                    const message = random.octets(random.below(600)), parts = [message.subarray(0, message.length >> 1), message.subarray(message.length >> 1)];
                    const publicKey = PublicKey(key.publicBits);
                    for (const signature of [await signer.signEcdsa(key, message), await signer.signEcdsa(key, parts), new EcdsaSignature((await signer.signEcdsa(key, message)).der, "der")]) {
                        assert.equal(await other.verifyEcdsa(publicKey, message, signature), undefined);
                        const forged = Bytes.of(signature.bytes).slice();
                        forged[random.below(64)]! ^= 1;
                        await assert.rejects(async () => ours.verifyEcdsa(publicKey, message, new EcdsaSignature(forged)), CryptoVerifyError);
                        await assert.rejects(async () => ours.verifyEcdsa(publicKey, Uint8Array.of(...message, 0), signature), CryptoVerifyError);
                        assert.equal((await outcomeOf(() => ours.verifyEcdsa(PublicKey(peer.publicBits), message, signature)) as { error: { classes: string[] } }).error.classes[0], "CryptoVerifyError");
                    }
                    await same(c => c.verifyEcdsa(publicKey, message, new EcdsaSignature(new Uint8Array(64))), "a signature of zeros");
                }
                for (const primitive of ["createKeyPair", "signEcdsa", "verifyEcdsa"] as const) counted(primitive);
            });

            const peer = PrivateKey(bits(0x1234567890abcdefn));

            it("agrees on secrets alike", async () => {
                for (let i = 0; i < 10; i++) {
                    const [a, b] = [await ours.createKeyPair(), await theirs.createKeyPair()];
                    assert.equal(Bytes.toHex(await ours.generateDhSecret(a, PublicKey(b.publicBits))), Bytes.toHex(await theirs.generateDhSecret(b, PublicKey(a.publicBits))));
                    await same(c => c.generateDhSecret(a, PublicKey(peer.publicBits)), "generateDhSecret");
                }
                counted("generateDhSecret");
            });

            it("refuses keys that are none alike", async () => {
                const offCurve = Bytes.of(Bytes.concat(peer.publicBits)).slice();
                offCurve[64]! ^= 1;
                const key = await theirs.createKeyPair();
                const message = Uint8Array.of(1, 2, 3), signature = await theirs.signEcdsa(key, message);
                await same(c => c.generateDhSecret(key, PublicKey(offCurve)), "a point off the curve");
                await same(c => c.verifyEcdsa(PublicKey(offCurve), message, signature), "a key off the curve");
                const jwk = { kty: "EC", crv: "P-256", d: key.d, x: key.x, y: key.y };
                for (const [what, broken] of Object.entries({ x: { ...jwk, x: "AA" }, kty: { ...jwk, kty: "oct" }, none: {}, crv: { ...jwk, crv: "P-999" } })) {
                    await same(c => c.signEcdsa(broken, message), `a private key with a broken ${what}`);
                    await same(c => c.verifyEcdsa(broken, message, signature), `a public key with a broken ${what}`);
                }
            });

            it("calculates with points alike", async () => {
                const random = new Seeded(24);
                let [a, b] = [peer.publicBits, PrivateKey(bits(7n)).publicBits];
                for (let i = 0; i < 40; i++) {
                    const scalar = random.octets(32);
                    const [left, right] = [a, b];
                    await same(c => c.ecMultiply(left, scalar), "ecMultiply");
                    await same(c => c.ecAdd(left, right), "ecAdd");
                    await same(c => c.ecNegate(left), "ecNegate");
                    [a, b] = [ours.ecMultiply(right, scalar), ours.ecAdd(left, right)];
                }
                await same(c => c.ecAdd(a, a), "doubling");
                await same(c => c.ecAdd(a, ours.ecNegate(a)), "a sum that is infinity");
                for (const scalar of [0n, 1n, 2n, order - 2n, order - 1n, order, order + 1n, 2n ** 256n - 1n]) await same(c => c.ecMultiply(a, bits(scalar)), `times ${scalar}`);
                for (const length of [0, 1, 31, 33]) await same(c => c.ecMultiply(a, new Uint8Array(length).fill(1)), `a scalar of ${length} octets`);
                const broken = Bytes.of(a).slice();
                broken[40]! ^= 4;
                const compressed = Uint8Array.of(2 + (Bytes.of(a)[64]! & 1), ...Bytes.of(a).subarray(1, 33));
                for (const point of [broken, compressed, new Uint8Array(65), Uint8Array.of(0), new Uint8Array(0), Bytes.of(a).subarray(1)]) {
                    await same(c => c.ecMultiply(point, bits(3n)), "ecMultiply of another point");
                    await same(c => c.ecAdd(point, a), "ecAdd of another point");
                    await same(c => c.ecAdd(a, point), "ecAdd of another point");
                    await same(c => c.ecNegate(point), "ecNegate of another point");
                }
                for (const primitive of ["ecMultiply", "ecAdd", "ecNegate"] as const) assert.ok(ours.calls.core[primitive] > 0);
            });

            it("has the rest: cmac and randomness", async () => {
                const random = new Seeded(25);
                for (const size of [0, 1, 15, 16, 17, 64]) await same(c => c.cmac(new Uint8Array(16).fill(size), random.octets(0)), "cmac");
                await same(c => c.cmac(new Uint8Array(15), new Uint8Array(3)), "cmac with a short key");
                assert.equal(ours.randomBytes(48).byteLength, 48);
                assert.notDeepEqual(Bytes.of(ours.randomBytes(16)), Bytes.of(ours.randomBytes(16)));
                assert.ok(ours.randomBigInt(32, order) < order);
                assert.ok(Number.isInteger(ours.randomUint32));
            });
        });
    }
}

describe("installCrypto", () => {
    it("sets the service of an environment, once, over what was there", async () => {
        const environment = new Environment("test", Environment.default);
        const [before, outside] = [environment.get(Crypto), Environment.default.get(Crypto)];
        assert.ok(!(before instanceof MatterSessionCrypto));
        const crypto = await installCrypto(environment);
        assert.ok(environment.get(Crypto) === crypto && environment.get(Entropy) === crypto);
        assert.equal(Environment.default.get(Crypto), outside);
        assert.equal(await installCrypto(environment), crypto);
        assert.equal(await installCrypto(new Environment("child", environment)), crypto);
        const other = await installCrypto(environment, { choice: "core" });
        assert.notEqual(other, crypto);
        other.encrypt(new Uint8Array(16), new Uint8Array(1000), new Uint8Array(13));
        assert.deepEqual([other.calls.core.encrypt, other.calls.platform.encrypt, crypto.calls.core.encrypt], [1, 0, 0]);
        other.reportUsage("tests");
    });

    it("names what it was given instead", async () => {
        await assert.rejects(installCrypto({} as Environment), /environment must be an Environment/);
        await assert.rejects(installCrypto(new Environment("test"), { choice: "best" as never }), /choice is best/);
        await assert.rejects(installCrypto(new Environment("test"), { platform: {} as Crypto }), /platform must be a Crypto/);
    });
});
