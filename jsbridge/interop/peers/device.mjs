// A peer for tests: matter.js's on/off light in a process of its own, on loopback.
//
//     node device.mjs [--port N] [--passcode N] [--discriminator N] [--multicast] [--verbose]
//
// Prints one JSON object per line. First, when it can be commissioned:
//     {"ready": true, "port", "qr", "manual", "passcode", "discriminator"}
// then what happens to it:
//     {"onOff": bool}  {"commissioned": bool}  {"session": "opened" | "closed by peer" | "closed", "kind": "pase" | "case", "id", "peerId", "peerNodeId"}
//     {"resumed": bool}, how the last CASE session came to be: by resumption or in full
// Commands on standard input: {"do": "state"}, {"do": "set", "onOff": bool}, {"do": "erase"} (factory reset, which also
// opens a new commissioning window). It ends with its standard input, by a signal, and with its parent.

import { NodeId, ServerNode, VendorId } from "@matter/main";
import { OnOffLightDevice } from "@matter/main/devices/on-off-light";
import { NodeSession, SessionManager } from "@matter/main/protocol";
import { parseArgs } from "node:util";
import { prepare, print, serve } from "./matterjs.mjs";

const { values: options } = parseArgs({
    options: {
        port: { type: "string", default: "0" },
        passcode: { type: "string", default: "20202021" },
        discriminator: { type: "string", default: "3840" },
        multicast: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
    },
});

const environment = prepare(options);
const node = await ServerNode.create({
    environment,
    id: "light",
    network: { port: Number(options.port) },
    commissioning: { passcode: Number(options.passcode), discriminator: Number(options.discriminator) },
    productDescription: { name: "Light", deviceType: OnOffLightDevice.deviceType },
    basicInformation: {
        vendorName: "matter-session",
        vendorId: VendorId(0xfff1),
        productName: "Test light",
        productId: 0x8000,
        serialNumber: "L-1",
        uniqueId: "light-1",
        hardwareVersion: 1,
        softwareVersion: 1,
    },
});
const light = await node.add(OnOffLightDevice, { id: "onoff" });
node.lifecycle.commissioned.on(() => print({ commissioned: true }));
node.lifecycle.decommissioned.on(() => print({ commissioned: false }));

// A factory reset makes some of these anew: watch those in use each time the node is online.
const watched = new WeakSet();
function watch() {
    const changed = light.events.onOff.onOff$Changed;
    if (!watched.has(changed)) {
        watched.add(changed);
        changed.on(onOff => print({ onOff }));
    }
    const sessions = node.env.get(SessionManager).sessions;
    if (watched.has(sessions)) {
        return;
    }
    watched.add(sessions);
    const tell = what => session =>
        print({
            session: what,
            kind: session.isPase ? "pase" : "case",
            id: session.id,
            peerId: session.peerSessionId,
            peerNodeId: session.peerNodeId,
        });
    sessions.added.on(session => {
        tell("opened")(session);
        // matter.js 0.17.9 keeps a session that its peer closed until the exchange that brought the news ends, which
        // nothing does: "closed" may come only with the node's end.
        session.closedByPeer.on(() => tell("closed by peer")(session));
    });
    sessions.deleted.on(tell("closed"));
}
node.lifecycle.online.on(watch);

// How a session came to be is known only where it is made.
const create = NodeSession.create;
NodeSession.create = function (config) {
    if (config.peerNodeId !== NodeId.UNSPECIFIED_NODE_ID) {
        print({ resumed: config.isResumption });
    }
    return create.call(this, config);
};

function ready() {
    const { pairingCodes } = node.state.commissioning;
    return {
        ready: true,
        port: node.state.network.operationalPort,
        qr: pairingCodes.qrPairingCode,
        manual: pairingCodes.manualPairingCode,
        passcode: Number(options.passcode),
        discriminator: Number(options.discriminator),
    };
}

serve(
    {
        state: async () => ({
            onOff: light.state.onOff.onOff,
            commissioned: node.lifecycle.isCommissioned,
            fabrics: Object.keys(node.state.commissioning.fabrics).length,
            sessions: [...node.env.get(SessionManager).sessions].map(({ id, isPase, isClosing }) => ({ id, isPase, isClosing })),
        }),
        set: async ({ onOff }) => {
            await light.set({ onOff: { onOff } });
            return { onOff: light.state.onOff.onOff };
        },
        erase: async () => {
            // Peers that are gone would each be told, and waited for until retransmission gives up.
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
