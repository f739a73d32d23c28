/** Where the files of `matter-session/assets` are. */

/** Each as a whole expression that bundlers know: they put the file beside their output and its new address here. */
const beside = {
    "matter-page.wasm": (): URL => new URL("../assets/matter-page.wasm", import.meta.url),
    "matter-session.wasm": (): URL => new URL("../assets/matter-session.wasm", import.meta.url),
    "zxing_reader.wasm": (): URL => new URL("../assets/zxing_reader.wasm", import.meta.url),
    "worker.js": (): URL => new URL("../assets/worker.js", import.meta.url),
    "style.css": (): URL => new URL("../assets/style.css", import.meta.url),
    "paa.tlv": (): URL => new URL("../assets/paa.tlv", import.meta.url),
    // It is small, and Vite would put it into the script as an address of the scheme data:, which strict policies forbid.
    "paa-test.tlv": (): URL => new URL("../assets/paa-test.tlv?no-inline", import.meta.url),
} as const;

/** @param base - what the attribute `assets` says, or empty for beside this script */
export function assetUrl(name: keyof typeof beside, base: string): URL {
    return base === "" ? beside[name]() : new URL(name, new URL(base.endsWith("/") ? base : `${base}/`, document.baseURI));
}
