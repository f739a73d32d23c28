// A peer for tests: matter.js's light, found by multicast, that makes right sessions and then says what no device may.
//
//     node hostile-device.mjs [--port N] [--passcode N] [--discriminator N] [--verbose]
//
// Prints one JSON object per line. First {"ready": true, "qr", "manual"}, then {"said": mode, "messages": n} at the end of each
// answer that was not a true one, and {"commissioned": bool}.
// Commands on standard input: {"do": "be", "what": mode, "texts": {attribute: text}}, {"do": "erase"}. The modes:
//     honest     as it is
//     texts      the texts of its basic information are those given, however long
//     types      each value is of another type than it should be, and there are values that nobody asked for
//     nested     each value is 400 arrays in each other
//     endless    reports that never end: many values, and one list to which there is always more
//     statuses   status responses instead of reports, one after the other
//     random     random octets in the place of reports and of answers to commands

import { ServerNode, VendorId } from "@matter/main";
import { OnOffLightDevice } from "@matter/main/devices/on-off-light";
import { InteractionServerMessenger, MessageType, SessionManager } from "@matter/main/protocol";
import { randomBytes, randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { prepare, print, serve } from "./matterjs.mjs";

const { values: options } = parseArgs({
    options: {
        port: { type: "string", default: "5541" },
        passcode: { type: "string", default: "20202021" },
        discriminator: { type: "string", default: "3840" },
        verbose: { type: "boolean", default: false },
    },
});

const environment = prepare({ multicast: true, ...options });
const node = await ServerNode.create({
    environment,
    id: "light",
    network: { port: Number(options.port) },
    commissioning: { passcode: Number(options.passcode), discriminator: Number(options.discriminator) },
    productDescription: { name: "Light", deviceType: OnOffLightDevice.deviceType },
    basicInformation: { vendorName: "matter-session", vendorId: VendorId(0xfff1), productName: "Test light", productId: 0x8000, serialNumber: "L-1", uniqueId: "light-1" },
});
await node.add(OnOffLightDevice, { id: "onoff" });
node.lifecycle.commissioned.on(() => print({ commissioned: true }));

let mode = "honest";
let texts = {};

// TLV by hand: what matter.js's own encoder would refuse to write.
const context = n => [0x20, n];
const uint = (n, control = []) => (control.length > 0 ? [control[0] | 0x06, control[1], ...u32(n)] : [0x06, ...u32(n)]);
const u32 = n => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24];
const struct = (control, ...members) => [control.length > 0 ? control[0] | 0x15 : 0x15, ...control.slice(1), ...members.flat(), 0x18];
const array = (control, ...members) => [control.length > 0 ? control[0] | 0x16 : 0x16, ...control.slice(1), ...members.flat(), 0x18];
const path = (endpoint, cluster, attribute, append) => [0x37, 1, ...uint(endpoint, context(2)), ...uint(cluster, context(3)), ...uint(attribute, context(4)), ...(append ? [0x34, 5] : []), 0x18];
/** One attribute; value is TLV with the tag 2. */
const report = (endpoint, cluster, attribute, value, append = false) => struct([], struct(context(1), uint(1, context(0)), path(endpoint, cluster, attribute, append), value));
const text = string => {
    const octets = Buffer.from(string);
    return [0x2d, 2, octets.length & 0xff, octets.length >> 8, ...octets];
};
const chunk = (reports, more) => Buffer.from(struct([], array(context(1), ...reports), more ? [0x29, 3] : [0x29, 4], [0x24, 0xff, 12]));

/** As many as fit into a datagram, with a room for the headers. */
const full = report => Array.from({ length: Math.floor(1100 / report.length) }, () => report);
const basic = 0x28;
const deep = [...Buffer.concat([Buffer.from([0x36, 2]), Buffer.alloc(400, 0x16), Buffer.alloc(401, 0x18)])];

/** Values that are no text, number, list or flag where one is due. */
const others = [
    text("<b>not a number</b>"), [0x2b, 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], [0x27, 2, ...Buffer.alloc(8, 0xff)], [0x30, 2, 3, 1, 2, 3], struct(context(2), uint(7, context(0))),
    array(context(2), [0x14], [0x15, 0x18], [0x10, 4, 1, 2, 3, 4], [0x0b, 0, 0, 0, 0, 0, 0, 0xf0, 0xff]), [0x34, 2], [0x23, 2, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x29, 2],
];

/** One of the chunks that have no end. */
function another(n) {
    if (n === 0) return chunk([report(0, 0x1d, 3, [0x36, 2, 0x18])], true);
    return chunk(full(n % 2 === 0 ? report(0, 0x1d, 3, [0x24, 2, 7], true) : report(n & 0xff, 0x1234, n, [0x24, 2, 7])), true);
}

async function endless(messenger) {
    for (let n = 0; ; n++) {
        await messenger.exchange.send(MessageType.ReportData, another(n));
        said();
        await messenger.waitForSuccess("DataReport");
    }
}

let count = 0;
const said = () => count++;

const { sendDataReport } = InteractionServerMessenger.prototype;
InteractionServerMessenger.prototype.sendDataReport = async function (options) {
    if (mode === "honest") return sendDataReport.call(this, options);
    count = 0;
    const what = mode;
    try {
        if (mode === "endless") return await endless(this);
        if (mode === "random") return await this.exchange.send(MessageType.ReportData, randomBytes(randomInt(1, 1000))).finally(said);
        if (mode !== "statuses") return await otherValues(this, options);
        for (; count < 20_000; said()) await this.exchange.send(MessageType.StatusResponse, Buffer.from([0x15, 0x24, 0, 0, 0x24, 0xff, 12, 0x18]));
    } finally {
        print({ said: what, messages: count });
    }
};

/** What is asked for is answered, with other values. */
async function otherValues(messenger, { payload, baseDataReport }) {
    const reports = [];
    if (mode === "types") for (const attribute of [2, 4, 0, 18, 0xfffc]) reports.push(report(0, basic, attribute, text("<i>unasked</i>")), report(0x4321, 0x62, attribute, others[1]));
    for await (const { attributeData } of payload ?? []) {
        if (attributeData === undefined) continue;
        const { endpointId, clusterId, attributeId } = attributeData.path;
        const name = { 1: "vendorName", 3: "productName", 5: "nodeLabel", 15: "serialNumber" }[clusterId === basic ? attributeId : -1];
        if (mode === "texts") {
            const value = name !== undefined && name in texts ? text(texts[name]) : retagged(attributeData.tlv.encode(attributeData.payload));
            reports.push(report(endpointId, clusterId, attributeId, value));
        } else reports.push(report(endpointId, clusterId, attributeId, mode === "nested" ? deep : others[(clusterId + attributeId) % others.length]));
    }
    for (let left = reports; ; ) {
        let size = 0;
        const over = left.findIndex(each => (size += each.length) > 1100);
        const now = left.slice(0, over < 0 ? left.length : Math.max(1, over));
        left = left.slice(now.length);
        const more = left.length > 0;
        said();
        if (!more && baseDataReport.suppressResponse) {
            await messenger.exchange.send(MessageType.ReportData, chunk(now, false), { expectAckOnly: true });
            break;
        }
        await messenger.exchange.send(MessageType.ReportData, subscribed(chunk(now, more), baseDataReport.subscriptionId));
        await messenger.waitForSuccess("DataReport");
        if (!more) break;
    }
}

const { send } = InteractionServerMessenger.prototype;
InteractionServerMessenger.prototype.send = function (type, payload, options) {
    if (mode === "random" && type === MessageType.InvokeResponse) payload = randomBytes(randomInt(1, 1000));
    return send.call(this, type, payload, options);
};

/** An anonymous element under the tag 2. */
function retagged(element) {
    const octets = Buffer.from(element);
    return [octets[0] | 0x20, 2, ...octets.subarray(1)];
}

/** A report of a subscription names it, and wants an answer. */
function subscribed(octets, id) {
    return id === undefined ? octets : Buffer.concat([octets.subarray(0, 1), Buffer.from(uint(id, context(0))), octets.subarray(1)]);
}

function ready() {
    const { pairingCodes } = node.state.commissioning;
    return { ready: true, qr: pairingCodes.qrPairingCode, manual: pairingCodes.manualPairingCode };
}

serve(
    {
        be: async ({ what, texts: said = {} }) => {
            [mode, texts] = [what, said];
            return { mode };
        },
        erase: async () => {
            const cause = new Error("factory reset");
            await Promise.all([...node.env.get(SessionManager).sessions].map(session => session.initiateForceClose({ cause })));
            await node.erase();
            return ready();
        },
    },
    () => node.close(),
);
await node.start();
print(ready());
