// jsbridge/bench/crypto.mjs in a page.

import { EcdsaSignature, PrivateKey, PublicKey, StandardCrypto } from "@matter/general";
import { start } from "../../dist/index.js";
import { measure } from "./crypto-measure.mjs";

export async function run(blob) {
    await start(blob);
    return measure({ StandardCrypto: new StandardCrypto() }, { PrivateKey, PublicKey, EcdsaSignature });
}
