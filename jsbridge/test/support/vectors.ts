/** The vectors that the Go tests read too. A missing file fails. */
import { readFileSync } from "node:fs";

export const root: URL = new URL("../../../../", import.meta.url);

export function vectors<T>(name: string): T {
    return JSON.parse(readFileSync(new URL(`session/testdata/${name}`, root), "utf8")) as T;
}
