// Runs in the page of agent.test.mjs.

import { agentTransport } from "../../../dist/commission/index.js";

/** Whether an agent can be used from here. */
globalThis.stateOf = async (url, token) => {
    const transport = agentTransport(url, token === undefined ? {} : { token });
    const state = await transport.state();
    transport.close();
    return state;
};

/** Sends a datagram to a device that answers with the same, and says what came back. */
globalThis.echo = async (url, peer, octets) => {
    const transport = agentTransport(url);
    const channel = await transport.open(peer, AbortSignal.timeout(10_000));
    const answer = new Promise(resolve => channel.receive(resolve));
    channel.send(Uint8Array.from(octets));
    const got = [...(await answer)];
    transport.close();
    return got;
};
globalThis.ready = true;
