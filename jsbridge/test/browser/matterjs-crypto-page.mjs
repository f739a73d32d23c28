// matter.js 0.17.9 in a page: an on/off light and a controller, whole nodes of it, whose datagrams stay in memory, on our
// Crypto. WebCrypto is all that matter.js brings for pages, and JavaScript for AES-CCM.

import { Crypto, Entropy, Environment, Logger, LogDestination, LogLevel, MockStorageService, Network, NetworkSimulator, Seconds, StandardCrypto } from "@matter/general";
import { ControllerBehavior, ServerNode } from "@matter/node";
import { OnOffClient } from "@matter/node/behaviors/on-off";
import { OnOffLightDevice } from "@matter/node/devices/on-off-light";
import { PeerSet, SessionManager } from "@matter/protocol";
import { installCrypto } from "matter-session/matterjs/crypto";

const log = [];

function setTheirs(environment) {
    const crypto = new StandardCrypto();
    environment.set(Crypto, crypto);
    environment.set(Entropy, crypto);
}

/**
 * @param blob - where the blob is
 * @param options - `choice`, or `theirs` for matter.js's own Crypto
 */
export async function run(blob, { choice, theirs = false, verbose = false } = {}) {
    Logger.destinations.default = LogDestination({ name: "default", level: verbose ? LogLevel.DEBUG : LogLevel.WARN, write: text => log.push(text) });
    const simulator = new NetworkSimulator();
    const cryptos = [];
    const environmentOf = async (name, host) => {
        const environment = new Environment(name); // services are shared below a root: each node has its own
        environment.set(Network, simulator.addHost(host));
        new MockStorageService(environment);
        if (theirs) setTheirs(environment);
        else cryptos.push(await installCrypto(environment, { blob, choice }));
        return environment;
    };

    const passcode = 20202021;
    const device = await ServerNode.create({
        environment: await environmentOf("device", 1),
        id: "light",
        network: { port: 5540 },
        commissioning: { passcode, discriminator: 3840 },
        basicInformation: { vendorName: "matter-session", vendorId: 0xfff1, productName: "Test light", productId: 0x8000, serialNumber: "L-1", uniqueId: "light-1" },
    });
    const light = await device.add(OnOffLightDevice, { id: "onoff" });
    const controller = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
        environment: await environmentOf("controller", 2),
        id: "controller",
        network: { port: 5541 },
        commissioning: { enabled: false },
        controller: { adminFabricLabel: "page" },
    });
    await Promise.all([device.start(), controller.start()]);

    const begin = performance.now();
    const address = { type: "udp", ip: "abcd::1", port: 5540 };
    const node = await controller.peers.forDescriptor({ addresses: [address], deviceIdentifier: "the light", discoveredAt: Date.now(), ttl: Seconds(3600), D: 0, CM: 1 });
    await node.commission({ passcode, autoSubscribe: false, onAttestationFailure: true });
    const commissioned = performance.now() - begin;

    const before = light.state.onOff.onOff;
    await node.parts.get("ep1").commandsOf(OnOffClient).toggle();
    const after = light.state.onOff.onOff;
    await node.parts.get("ep1").commandsOf(OnOffClient).toggle();
    const again = light.state.onOff.onOff;
    const peerAddress = node.state.commissioning.peerAddress;
    const sessions = [...controller.env.get(SessionManager).sessionsFor(peerAddress)].map(({ isPase, isSecure }) => ({ isPase, isSecure }));
    const fabrics = Object.keys(device.state.commissioning.fabrics).length;

    // A second CASE session, from the first one's resumption record.
    await Promise.all([...controller.env.get(SessionManager).sessionsFor(peerAddress)].map(session => session.initiateClose()));
    await controller.env.get(PeerSet).for(peerAddress).connect({ connectionTimeout: Seconds(10) });
    await node.parts.get("ep1").commandsOf(OnOffClient).toggle();
    const resumed = light.state.onOff.onOff;

    const names = [device, controller].map(({ env }) => env.get(Crypto).implementationName);
    await controller.close();
    await device.close();
    return { commissioned, states: [before, after, again, resumed], sessions, fabrics, names, calls: cryptos.map(({ calls }) => calls) };
}

export { log };
