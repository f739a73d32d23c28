// What jsbridge/bench/crypto.mjs measures, in Node and in a page: each primitive by the core and by what the platform has.

import * as primitives from "../../dist/matterjs/primitives.js";

/**
 * @param rivals - implementations of matter.js's Crypto, by name
 * @param keyOf - matter.js's PrivateKey()
 * @returns microseconds per call: { what: { who: median } }
 */
export async function measure(rivals, { PrivateKey, PublicKey, EcdsaSignature }, { rounds = 9, milliseconds = 5 } = {}) {
    const random = n => crypto.getRandomValues(new Uint8Array(n));
    const key = random(16), nonce = random(13), header = random(8), secret = random(32), salt = random(32), info = new TextEncoder().encode("SessionKeys");
    const own = primitives.keyPair();
    const privateKey = PrivateKey(own.privateKey, { publicKey: own.publicKey });
    const peer = PublicKey(primitives.keyPair().publicKey);
    const peerBits = peer.publicBits;
    const message = random(400);
    const signature = primitives.sign(own.privateKey, message);
    const wrapped = new EcdsaSignature(signature);
    const scalar = primitives.keyPair().privateKey;

    const cases = {};
    for (const size of [32, 100, 200, 400, 1200]) {
        const text = random(size), sealed = primitives.seal(key, nonce, header, text);
        cases[`encrypt ${size}`] = [() => primitives.seal(key, nonce, header, text), c => c.encrypt(key, text, nonce, header)];
        cases[`decrypt ${size}`] = [() => primitives.open(key, nonce, header, sealed), c => c.decrypt(key, sealed, nonce, header)];
    }
    for (const size of [64, 300, 1000, 4000, 16000]) {
        const octets = random(size);
        cases[`computeHash ${size}`] = [() => primitives.sha256(octets), c => c.computeHash(octets)];
        cases[`signHmac ${size}`] = [() => primitives.hmac(secret, octets), c => c.signHmac(secret, octets)];
    }
    cases["createHkdfKey 48"] = [() => primitives.hkdf(secret, salt, info, 48), c => c.createHkdfKey(secret, salt, info, 48)];
    cases["createPbkdf2Key 1000"] = [() => primitives.pbkdf2(secret, salt, 1000, 80), c => c.createPbkdf2Key(secret, salt, 1000, 80)];
    cases["createKeyPair"] = [
        () => {
            const { privateKey, publicKey } = primitives.keyPair();
            return PrivateKey(privateKey, { publicKey });
        },
        c => c.createKeyPair(),
    ];
    cases["generateDhSecret"] = [() => primitives.ecdh(privateKey.privateBits, peer.publicBits), c => c.generateDhSecret(privateKey, peer)];
    cases["signEcdsa 400"] = [() => new EcdsaSignature(primitives.sign(privateKey.privateBits, message)), c => c.signEcdsa(privateKey, message)];
    cases["verifyEcdsa 400"] = [() => primitives.verify(privateKey.publicBits, wrapped.bytes, message), c => c.verifyEcdsa(privateKey, message, wrapped)];
    cases["ecMultiply"] = [() => primitives.multiply(peerBits, scalar), c => c.ecMultiply(peerBits, scalar)];
    cases["ecAdd"] = [() => primitives.add(peerBits, own.publicKey), c => c.ecAdd(peerBits, own.publicKey)];
    cases["ecNegate"] = [() => primitives.negate(peerBits), c => c.ecNegate(peerBits)];

    const results = {};
    for (const [what, [ours, theirs]] of Object.entries(cases)) {
        const runs = { core: ours, ...Object.fromEntries(Object.entries(rivals).map(([name, rival]) => [name, () => theirs(rival)])) };
        const times = Object.fromEntries(Object.keys(runs).map(name => [name, []]));
        const counts = {};
        // Short batches flatter OpenSSL: what its wrappers leave is collected later. Long ones pay for it.
        const length = what.includes("crypt") ? 40 * milliseconds : milliseconds;
        for (let round = -2; round < rounds; round++) {
            for (const [name, run] of Object.entries(runs)) {
                const count = counts[name] ?? 8;
                const begin = performance.now();
                for (let i = 0; i < count; i++) {
                    const result = run();
                    if (result instanceof Promise) await result;
                }
                const each = (performance.now() - begin) / count;
                if (round < 0) counts[name] = Math.max(2, Math.ceil(length / Math.max(each, 1e-4)));
                else times[name].push(each * 1000);
            }
        }
        results[what] = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[all.length >> 1]]));
    }
    return results;
}
