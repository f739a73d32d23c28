/** From a passcode to what a device keeps of it. Matter Core §3.10. */
import { octets, structure, unsigned } from "../../common/arguments.js";
import { fromCore } from "../../common/MatterError.js";
import { core, type Core } from "../../core.js";
import { HostWork } from "../../work.js";

export interface PbkdfParameters {
    /** 1,000 to 100,000. */
    iterations: number;
    /** 16 to 32 octets. */
    salt: Uint8Array;
}

/** w0 ‖ L, 97 octets. */
export async function verifierOf(setupPinCode: number, pbkdfParameters: PbkdfParameters): Promise<Uint8Array> {
    unsigned("setupPinCode", setupPinCode, 32);
    const iterations = unsigned("iterations", structure("pbkdfParameters", pbkdfParameters).iterations, 32);
    const salt = Uint8Array.from(octets("salt", pbkdfParameters.salt)); // of shared memory too, which WebCrypto refuses
    return verifierFrom(core(), setupPinCode, { iterations, salt });
}

/** The same, by a core of one's own. */
export async function verifierFrom(running: Core, passcode: number, { iterations, salt }: PbkdfParameters): Promise<Uint8Array> {
    const pin = new Uint8Array(4);
    new DataView(pin.buffer).setUint32(0, passcode, true);
    const ws = await stretch(running, pin, salt, iterations);
    try {
        return running.octets(running.call("paseVerifier", running.put(ws)));
    } catch (error) {
        throw fromCore(error);
    } finally {
        ws.fill(0);
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

async function stretch(running: Core, pin: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
    const work = new HostWork();
    if (work.delegate !== 0) return work.do({ work: 0, kind: 4, data: pin, salt, iterations });
    try {
        const octets = new Uint8Array(pin.length + salt.length);
        octets.set(pin);
        octets.set(salt, pin.length);
        running.put(octets);
        return running.octets(running.call("cryptoPBKDF2", pin.length, salt.length, iterations, 80));
    } catch (error) {
        throw fromCore(error);
    }
}
