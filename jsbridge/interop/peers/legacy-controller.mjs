// A peer for tests: a controller of matter.js 0.9.4, in a process of its own, on the network as matter.js finds it.
//
//     node [--import matter-session/matterjs/register] legacy-controller.mjs --storage DIR [--cjs] [--verbose]
//
// Prints {"ready": true}, {"reported": path, "value"} for every attribute that a subscription brings a change of, and
// {"session": …}. Commands: {"do": "commission", "passcode", "discriminator"}, {"do": "connect"}, {"do": "toggle"},
// {"do": "read"}, {"do": "remove"}, {"do": "sessions"}, {"do": "report"}. It knows one node.

import { listen, matter, options, print, serve } from "./matterjs-0.9.4.mjs";

const { CommissioningController, MatterServer } = await matter("main");
const { OnOffCluster } = await matter("cluster");
const { Level, Logger } = await matter("log");
const { StorageBackendDisk, StorageManager } = await matter("storage");

listen({ Level, Logger });

const storage = new StorageManager(new StorageBackendDisk(options.storage));
await storage.initialize();
const server = new MatterServer(storage);
const controller = new CommissioningController({ autoConnect: false, subscribeMinIntervalFloorSeconds: 1, subscribeMaxIntervalCeilingSeconds: 20 });
await server.addCommissioningController(controller);
await server.start();

const callbacks = {
    attributeChangedCallback: (_nodeId, { path: { endpointId, clusterId, attributeName }, value }) => {
        print({ reported: `${endpointId}/${clusterId}/${attributeName}`, value });
    },
};
let node;
const onOff = async () => node.getDevices()[0].getClusterClient(OnOffCluster);

serve(
    {
        async commission({ passcode, discriminator }) {
            node = await controller.commissionNode({
                commissioning: { regulatoryLocation: 2, regulatoryCountryCode: "XX" },
                discovery: { identifierData: { longDiscriminator: discriminator }, discoveryCapabilities: { onIpNetwork: true }, timeoutSeconds: 30 },
                passcode,
                ...callbacks,
            });
            return { nodeId: node.nodeId };
        },
        async connect() {
            node = await controller.connectNode(controller.getCommissionedNodes()[0], callbacks);
            return { nodeId: node.nodeId };
        },
        async toggle() {
            await (await onOff()).toggle();
        },
        async read() {
            return { value: await (await onOff()).getOnOffAttribute(true) };
        },
        async remove() {
            await node.decommission();
            return { nodes: controller.getCommissionedNodes() };
        },
        sessions: () => ({ sessions: controller.getActiveSessionInformation() }),
    },
    () => server.close(),
);
print({ ready: true });
