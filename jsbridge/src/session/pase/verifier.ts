/** From a passcode to what a device keeps of it. Matter Core §3.10. */
import { octets, structure, unsigned } from "../../common/arguments.js";
import { fromCore } from "../../common/MatterError.js";
import { core } from "../../core.js";
import { verifierFrom, type PbkdfParameters } from "../../verifier.js";

export type { PbkdfParameters } from "../../verifier.js";

/** w0 ‖ L, 97 octets. */
export async function verifierOf(setupPinCode: number, pbkdfParameters: PbkdfParameters): Promise<Uint8Array> {
    unsigned("setupPinCode", setupPinCode, 32);
    const iterations = unsigned("iterations", structure("pbkdfParameters", pbkdfParameters).iterations, 32);
    const salt = Uint8Array.from(octets("salt", pbkdfParameters.salt)); // of shared memory too, which WebCrypto refuses
    try {
        return await verifierFrom(core(), setupPinCode, { iterations, salt });
    } catch (error) {
        throw fromCore(error);
    }
}

/** w0 as matter.js has it, a number, in 32 octets. */
export function octetsOf(number: bigint): Uint8Array {
    const octets = new Uint8Array(32);
    for (let i = 31, rest = number; i >= 0; i--, rest >>= 8n) octets[i] = Number(rest & 0xffn);
    return octets;
}

export function numberOf(octets: Uint8Array): bigint {
    let number = 0n;
    for (const octet of octets) number = (number << 8n) | BigInt(octet);
    return number;
}
