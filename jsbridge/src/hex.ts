import { TlvError } from "./errors.js";

/** Lower-case hex. */
export function hexOf(octets: Uint8Array): string {
    return Array.from(octets, octet => octet.toString(16).padStart(2, "0")).join("");
}

/** The octets of a hex text; white space, colons and dashes are skipped. */
export function octetsOf(text: string, path = ""): Uint8Array {
    const digits = text.replace(/[\s:-]/g, "");
    const bad = /[^0-9a-f]/i.exec(digits);
    if (bad !== null) throw new TlvError(`not hex at character ${text.indexOf(bad[0]) + 1}`, path);
    if (digits.length % 2 !== 0) throw new TlvError("an odd number of hex digits", path);
    return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
