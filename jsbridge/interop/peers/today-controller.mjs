// A peer for tests: a controller of matter.js 0.17.9, in a process of its own, on the network as matter.js finds it.
//
//     node [--import matter-session/matterjs/register] today-controller.mjs --directory DIR [--verbose]
//
// Prints {"ready": true}, and {"reported": bool} whenever a subscription brings a change of the light. Commands:
// {"do": "commission", "passcode", "discriminator"}, {"do": "connect"} (after a restart: until the subscription is there
// again), {"do": "toggle"}, {"do": "read"}, {"do": "remove"}. It knows one node.

import { ControllerBehavior, ServerNode } from "@matter/main";
import { OnOffClient } from "@matter/main/behaviors/on-off";
import { OnOff } from "@matter/main/clusters/on-off";
import { Read, SessionManager } from "@matter/main/protocol";
import { parseArgs } from "node:util";
import { prepare, print, serve } from "./matterjs.mjs";

const { values: options } = parseArgs({ options: { directory: { type: "string" }, verbose: { type: "boolean", default: false } } });

const environment = prepare({ multicast: true, verbose: options.verbose });
environment.vars.set("storage.path", options.directory);
environment.vars.set("storage.driver", "file");
const controller = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
    environment,
    id: "controller",
    network: { port: 5541 },
    commissioning: { enabled: false },
    controller: { adminFabricLabel: "home" },
});
await controller.start();

let node;
const light = () => node.parts.get("ep1");

function watch() {
    light().eventsOf(OnOffClient).onOff$Changed.on(value => print({ reported: value }));
}

serve(
    {
        commission: async ({ passcode, discriminator }) => {
            node = await controller.peers.commission({ passcode, discriminator, autoSubscribe: true, onAttestationFailure: true });
            watch();
            return { nodeId: node.state.commissioning.peerAddress.nodeId };
        },
        connect: async () => {
            [node] = [...controller.peers];
            if (light() === undefined) throw new Error("the stored node has no light");
            watch();
            const address = node.state.commissioning.peerAddress;
            const sessions = controller.env.get(SessionManager);
            for (const limit = Date.now() + 60_000; [...sessions.sessionsFor(address)].length === 0; await new Promise(resolve => setTimeout(resolve, 50))) {
                if (Date.now() > limit) throw new Error("no session after a minute");
            }
            return { nodeId: address.nodeId };
        },
        toggle: async () => {
            await light().commandsOf(OnOffClient).toggle();
            return {};
        },
        read: async () => {
            for await (const chunk of node.interaction.read(Read(Read.Attribute({ endpoint: 1, cluster: OnOff, attributes: "onOff" })))) {
                for (const report of chunk) if (report.kind === "attr-value") return { value: report.value };
            }
            throw new Error("the device reported no value");
        },
        remove: async () => {
            await node.decommission();
            return { nodes: [...controller.peers].length };
        },
    },
    () => controller.close(),
);
print({ ready: true });
