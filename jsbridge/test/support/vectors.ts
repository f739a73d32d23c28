/** The vectors that the Go tests read too. A missing file fails. */
import { readFileSync } from "node:fs";
import { octetsOf } from "matter-session";
import type { Verifier } from "./loop.js";

export const root: URL = new URL("../../../../", import.meta.url);

export function vectors<T>(name: string): T {
    return JSON.parse(readFileSync(new URL(`session/testdata/${name}`, root), "utf8")) as T;
}

/** What opens a device for the passcode 20202021, without a second of PBKDF2. */
export function verifierOf20202021(): Verifier {
    const { tests } = vectors<{ tests: { passcode: number; iterations: number; salt: string; serializedVerifier: string }[] }>("pase_verifier.json");
    const found = tests.find(test => test.passcode === 20202021);
    if (found === undefined) throw new Error("pase_verifier.json has no 20202021");
    return { iterations: found.iterations, salt: octetsOf(found.salt), verifier: octetsOf(found.serializedVerifier) };
}
