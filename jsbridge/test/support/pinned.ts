/** Randomness that both implementations draw alike. */
import { createECDH } from "node:crypto";
import { Crypto } from "@project-chip/matter.js/crypto";

/**
 * While work runs, every draw is of these octets, over and over: it does not matter then in which order
 * an implementation draws. matter.js's key pairs, which it has from the platform, are of the first 32.
 */
export async function pinned<T>(octets: Uint8Array, work: () => T | Promise<T>): Promise<T> {
    const theirs = Crypto.get();
    const before = crypto.getRandomValues;
    const draw = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => octets[i % octets.length] as number);
    const keyPair = (): ReturnType<typeof createECDH> => {
        const pair = createECDH("prime256v1");
        pair.setPrivateKey(draw(32));
        return pair;
    };
    crypto.getRandomValues = <A>(into: A): A => {
        (into as Uint8Array).set(draw((into as Uint8Array).length));
        return into;
    };
    Object.assign(theirs, {
        getRandomData: draw,
        ecdhGeneratePublicKey: () => {
            const ecdh = keyPair();
            return { publicKey: Uint8Array.from(ecdh.getPublicKey()), ecdh };
        },
        ecdhGeneratePublicKeyAndSecret: (peer: Uint8Array) => {
            const ecdh = keyPair();
            return { publicKey: Uint8Array.from(ecdh.getPublicKey()), sharedSecret: Uint8Array.from(ecdh.computeSecret(peer)) };
        },
    });
    try {
        return await work();
    } finally {
        crypto.getRandomValues = before;
        // What was assigned hides what the class has.
        for (const name of ["getRandomData", "ecdhGeneratePublicKey", "ecdhGeneratePublicKeyAndSecret"]) delete (theirs as unknown as Record<string, unknown>)[name];
    }
}
