/** The lists of product attestation authorities that ship with the package. */
import { octetsFrom } from "./load.js";

/** The authorities of certified products, in the form that the core reads. */
export const productionTrust: URL = new URL("./paa.tlv", import.meta.url);
/** Those of development devices: anybody has their keys. */
export const testTrust: URL = new URL("./paa-test.tlv", import.meta.url);

/** Trust lists, each as octets or where they lie. */
export interface TrustOptions {
    /** Default: the list that ships with the package. */
    production?: Uint8Array | URL;
    /** Accept development devices as such: their verdict is "test". Default: no test authority is even loaded. */
    test?: boolean | Uint8Array | URL;
}

/** Loads what options ask for. */
export async function loadTrust(options: TrustOptions = {}): Promise<{ production: Uint8Array; test?: Uint8Array }> {
    const load = (source: Uint8Array | URL): Promise<Uint8Array> => (source instanceof URL ? octetsFrom(source) : Promise.resolve(source));
    const test = options.test === true ? testTrust : options.test === false ? undefined : options.test;
    const [production, development] = await Promise.all([load(options.production ?? productionTrust), test === undefined ? undefined : load(test)]);
    return development === undefined ? { production } : { production, test: development };
}
