// What home.test.mjs runs in its pages: the modules, and a device of a home, as another core in the same page.

export { Core } from "../../src/core.ts";
export * from "../../src/errors.ts";
export { Controller } from "../../src/commission/index.ts";
export { NodeStore } from "../../src/commission/nodes.ts";
export * from "../../src/browser/index.ts";
export { openBackup, sealBackup } from "../../src/browser/backup.ts";

const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };

const der = (tag, ...parts) => {
    const content = parts.flatMap(part => Array.from(part));
    const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255];
    return Uint8Array.from([tag, ...length, ...content]);
};
const integer = octets => {
    const from = octets.findIndex(octet => octet !== 0);
    const digits = Array.from(octets.slice(from));
    return der(0x02, digits[0] >= 0x80 ? [0, ...digits] : digits);
};

/** A key and a PKCS #10 request for it, as a device makes them. */
export async function deviceKey() {
    const pair = await crypto.subtle.generateKey(ecdsa, false, ["sign", "verify"]);
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
    const info = der(0x30, [0x02, 0x01, 0x00], der(0x30), spki, [0xa0, 0x00]);
    const signature = new Uint8Array(await crypto.subtle.sign(signing, pair.privateKey, info));
    const algorithm = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
    const value = der(0x30, integer(signature.slice(0, 32)), integer(signature.slice(32)));
    return { key: pair.privateKey, csr: der(0x30, info, algorithm, der(0x03, [0], value)) };
}

/** A node of the home, and the transport of a controller that knows it alone. */
export class Device {
    events = [];
    #receive = () => {};

    static async start(core, authority) {
        const device = new Device();
        const { key, csr } = await deviceKey();
        device.nodeId = await authority.allocateNodeId();
        const { noc } = await authority.issue({ csr, nodeId: device.nodeId });
        device.key = key;
        device.handle = core.open();
        device.fabric = device.handle.request(performance.now(), "openExternal", {
            rootCertificate: authority.rootCertificate, noc, ipk: await authority.ipk(), adminVendorId: authority.adminVendorId,
        });
        return device;
    }

    get transport() {
        return {
            open: async () => ({
                kind: "datagram", maxMessage: 1280, closed: new Promise(() => {}), close() {},
                send: message => {
                    const copy = message.slice();
                    setTimeout(() => this.#handle(copy));
                },
                receive: handler => (this.#receive = handler),
            }),
        };
    }

    #handle(message) {
        this.handle.receive(performance.now(), 1, message);
        this.#drain();
    }

    #drain() {
        for (let output; (output = this.handle.next()) !== undefined; ) {
            if (output.kind === "datagram") {
                const { octets } = output;
                setTimeout(() => this.#receive(octets));
            } else if (output.kind === "event") {
                this.events.push(output.event.type);
                if (output.event.type === "work") void this.#work(output.event);
            }
        }
    }

    async #work({ work, kind, data }) {
        if (kind !== 1) throw new Error(`work of kind ${kind} for a device`);
        const result = new Uint8Array(await crypto.subtle.sign(signing, this.key, data));
        this.handle.request(performance.now(), "workAnswer", { work, result });
        this.#drain();
    }
}

/** The record as it lies in the database, by the browser's own interface. */
export function recordOf(database) {
    return new Promise((resolve, reject) => {
        const opening = indexedDB.open(database);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
            const reading = opening.result.transaction("home").objectStore("home").get("record");
            reading.onsuccess = () => {
                opening.result.close();
                resolve(reading.result);
            };
        };
    });
}

/** What an operation came to, in a form that a test can look at. */
export async function outcome(run) {
    try {
        await run();
        return { name: "", fault: "", message: "" };
    } catch (error) {
        const causes = [];
        for (let cause = error.cause; cause !== undefined && cause !== null; cause = cause.cause) causes.push(`${cause.name}: ${cause.message}`);
        return { name: error.name, fault: error.fault ?? "", message: error.message, text: [error.name, error.message, ...causes, error.stack].join("\n") };
    }
}
