// A peer for tests and for `make bench`: matter.js's own controller in a process of its own, on loopback.
//
//     node controller.mjs [--multicast] [--verbose]
//
// Prints {"ready": true, "port"}, then answers commands on standard input, one JSON object per line:
//     {"do": "commission", "port", "passcode", "ip"?: "::1"}
//         → {"answer": "commission", "nodeId", "steps": [[name, ms], …], "flow": ms until CommissioningComplete was answered,
//            "total": ms until matter.js had also read the device's structure}
//     {"do": "pase", "port", "passcode", "ip"?}       only the PASE session, closed again → {"answer": "pase", "total": ms}
//     {"do": "toggle"}, {"do": "read"}                 the on/off cluster of the device commissioned last → "onOff"
//     {"do": "issue", "publicKey", "nodeId"}          a certificate from its authority: for a responder that is no device
//         → {"answer": "issue", "root", "icac", "noc", "ipk" (the epoch key), "fabricId", "controllerNodeId"}
//     {"do": "connect", "nodeId"?, "port"?, "ip"?}    CASE: with the device commissioned last, or one with such a certificate
//         → {"answer": "connect", "total": ms, "id", "peerId", "resumed": bool}
//     {"do": "close"}                                  sends CloseSession on every session to it
// or {"answer": name, "error": text}. Octets are hexadecimal. The address is given, so no discovery takes part. It ends as device.mjs does.

import { ControllerBehavior, NodeId, Seconds, ServerNode } from "@matter/main";
import { OnOffClient } from "@matter/main/behaviors/on-off";
import { OnOff } from "@matter/main/clusters/on-off";
import {
    ControllerCommissioner,
    ControllerCommissioningFlow,
    FabricAuthority,
    NodeSession,
    PeerSet,
    Read,
    SessionManager,
} from "@matter/main/protocol";
import { parseArgs } from "node:util";
import { prepare, print, serve } from "./matterjs.mjs";

const { values: options } = parseArgs({
    options: { multicast: { type: "boolean", default: false }, verbose: { type: "boolean", default: false } },
});

const environment = prepare(options);
const controller = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
    environment,
    id: "controller",
    network: { port: 0 },
    commissioning: { enabled: false },
    controller: { adminFabricLabel: "matter.js" },
});
await controller.start();

let count = 0;
let device; // the ClientNode commissioned last
let peerAddress; // its node ID and fabric, or those of the peer that connect was told of
let address; // where it is

async function located(at) {
    address = { type: "udp", ip: at.ip ?? "::1", port: at.port };
    // A fresh identifier each time: matter.js would take the same one for a device that it has commissioned already.
    return controller.peers.forDescriptor({
        addresses: [address],
        deviceIdentifier: `known-address-${++count}`,
        discoveredAt: Date.now(),
        ttl: Seconds(3600),
        D: 0,
        CM: 1,
    });
}

/** matter.js's own flow, with each step's time and the device's address known in the move to CASE. */
function timedFlow(steps) {
    return class extends ControllerCommissioningFlow {
        constructor(interaction, ca, fabric, flowOptions, transition) {
            super(interaction, ca, fabric, flowOptions, async (peer, ...rest) => {
                controller.env.get(PeerSet).for(peer).descriptor.operationalAddress = address;
                const start = performance.now();
                try {
                    return await transition(peer, ...rest);
                } finally {
                    steps.push(["case", performance.now() - start]);
                }
            });
        }

        async executeCommissioning() {
            await super.executeCommissioning();
            steps.end = performance.now();
        }
    };
}

async function ownFabric() {
    const config = await controller.act(async agent => (await agent.load(ControllerBehavior)).fabricAuthorityConfig);
    return controller.env.get(FabricAuthority).defaultFabric(config, false);
}

// How a session came to be is known only where it is made.
let resumed = false;
const create = NodeSession.create;
NodeSession.create = function (config) {
    resumed = config.isResumption;
    return create.call(this, config);
};

async function readOnOff() {
    const request = Read(Read.Attribute({ endpoint: 1, cluster: OnOff, attributes: "onOff" }));
    for await (const chunk of device.interaction.read(request)) {
        for (const report of chunk) {
            if (report.kind === "attr-value") {
                return report.value;
            }
        }
    }
    throw new Error("the device reported no value");
}

serve(
    {
        pase: async at => {
            const start = performance.now();
            const { paseSession } = await controller.env.get(ControllerCommissioner).establishPase({
                addresses: [{ type: "udp", ip: at.ip ?? "::1", port: at.port }],
                passcode: at.passcode,
                timeout: Seconds(20),
            });
            const total = performance.now() - start;
            await paseSession.initiateClose();
            return { total, id: paseSession.id, peerId: paseSession.peerSessionId };
        },
        commission: async at => {
            const node = await located(at);
            const steps = [];
            const start = performance.now();
            let pase;
            await node.commission({
                passcode: at.passcode,
                autoSubscribe: false,
                commissioningFlowImpl: timedFlow(steps),
                onAttestationFailure: true,
                continueCommissioningAfterPase: () => {
                    pase ??= performance.now() - start;
                    return true;
                },
            });
            device = node;
            peerAddress = node.state.commissioning.peerAddress;
            return {
                nodeId: peerAddress.nodeId,
                steps: [["pase", pase], ...steps],
                flow: steps.end - start,
                total: performance.now() - start,
            };
        },
        toggle: async () => {
            await device.parts.get("ep1").commandsOf(OnOffClient).toggle();
            return {};
        },
        read: async () => ({ onOff: await readOnOff() }),
        issue: async ({ publicKey, nodeId }) => {
            const fabric = await ownFabric();
            const { ca } = controller.env.get(FabricAuthority);
            const noc = await ca.generateNoc(Buffer.from(publicKey, "hex"), fabric.fabricId, NodeId(BigInt(nodeId)));
            const hex = octets => octets && Buffer.from(octets).toString("hex");
            return {
                root: hex(ca.rootCert),
                icac: hex(ca.icacCert),
                noc: hex(noc),
                ipk: hex(fabric.identityProtectionKey),
                fabricId: fabric.fabricId,
                controllerNodeId: fabric.nodeId,
            };
        },
        connect: async ({ nodeId, port, ip }) => {
            if (nodeId !== undefined) {
                peerAddress = (await ownFabric()).addressOf(NodeId(BigInt(nodeId)));
                address = { type: "udp", ip: ip ?? "::1", port };
            }
            const peer = controller.env.get(PeerSet).for(peerAddress);
            peer.descriptor.operationalAddress = address;
            const start = performance.now();
            await peer.connect({ connectionTimeout: Seconds(20) });
            const total = performance.now() - start;
            const [session] = controller.env.get(SessionManager).sessionsFor(peerAddress);
            return { total, id: session.id, peerId: session.peerSessionId, resumed };
        },
        close: async () => {
            const sessions = [...controller.env.get(SessionManager).sessionsFor(peerAddress)];
            await Promise.all(sessions.map(session => session.initiateClose()));
            return { closed: sessions.length };
        },
    },
    () => controller.close(),
);
print({ ready: true, port: controller.state.network.operationalPort });
