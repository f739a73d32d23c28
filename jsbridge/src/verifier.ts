/** From a passcode to what a device keeps of it. Matter Core §3.10. */
import type { Core } from "./core.js";
import { HostWork } from "./work.js";

export interface PbkdfParameters {
    /** 1,000 to 100,000. */
    iterations: number;
    /** 16 to 32 octets. */
    salt: Uint8Array;
}

/** w0 ‖ L, 97 octets, made by this core, and by WebCrypto where there is one. */
export async function verifierFrom(running: Core, passcode: number, { iterations, salt }: PbkdfParameters): Promise<Uint8Array> {
    const pin = new Uint8Array(4);
    new DataView(pin.buffer).setUint32(0, passcode, true);
    const ws = await stretch(running, pin, salt, iterations);
    try {
        return running.octets(running.call("paseVerifier", running.put(ws)));
    } finally {
        ws.fill(0);
    }
}

async function stretch(running: Core, pin: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
    const work = new HostWork();
    if (work.delegate !== 0) return work.do({ work: 0, kind: 4, data: pin, salt, iterations });
    const octets = new Uint8Array(pin.length + salt.length);
    octets.set(pin);
    octets.set(salt, pin.length);
    running.put(octets);
    return running.octets(running.call("cryptoPBKDF2", pin.length, salt.length, iterations, 80));
}
