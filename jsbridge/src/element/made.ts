/** What the build knows and the scripts do not: it puts its own text in the place of this module, of shelltexts.ts and of whytexts.ts. */

export interface Expected { readonly size: number; readonly sha256: string }

type Texts = Readonly<Record<string, string>>;

/** All texts, by language. */
export const messages: Readonly<Record<string, () => Promise<{ messages: Texts }>>> = {};
/** Octets, decoded, and SHA-256 in hex. */
export const expected: Readonly<Record<"matter-page.wasm" | "zxing_reader.wasm", Expected>> = {
    "matter-page.wasm": { size: 0, sha256: "" },
    "zxing_reader.wasm": { size: 0, sha256: "" },
};
/** For the report. */
export const versions: Readonly<Record<string, string>> = {};
