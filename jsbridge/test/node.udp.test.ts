import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, it } from "node:test";
import { ClosedError, ImplementationError, TransportError } from "matter-session";
import type { Channel, PeerAddress } from "matter-session/commission";
import { UdpTransport } from "matter-session/node";

const never = new AbortController().signal;
const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const next = (channel: Channel): Promise<Uint8Array> => new Promise(resolve => channel.receive(resolve));

/** A transport that answers every datagram with its octets reversed. */
function echo(): UdpTransport {
    return new UdpTransport({
        host4: "127.0.0.1",
        host6: "::1",
        onUnknownPeer: channel => channel.receive(message => channel.send(message.slice().reverse())),
    });
}

async function using(...args: [...UdpTransport[], (...transports: UdpTransport[]) => Promise<void>]): Promise<void> {
    const fn = args.pop() as (...transports: UdpTransport[]) => Promise<void>;
    const transports = args as UdpTransport[];
    try {
        await fn(...transports);
    } finally {
        await Promise.all(transports.map(transport => transport.close()));
    }
}

describe("UDP transport", () => {
    for (const [family, host] of [[4, "127.0.0.1"], [6, "::1"], [6, "[::1]"], [6, "0:0:0:0:0:0:0:1"]] as const) {
        it(`exchanges datagrams with ${host}`, () => using(echo(), new UdpTransport(), async (server, client) => {
            const channel = await client.open({ host, port: await server!.listen(family) }, never);
            assert.equal(channel.kind, "datagram");
            assert.equal(channel.maxMessage, 1280);
            channel.send(bytes(1, 2, 3));
            assert.deepEqual(await next(channel), bytes(3, 2, 1));
        }));
    }

    it("resolves host names", () => using(echo(), new UdpTransport(), async (server, client) => {
        const port = await server!.listen(4);
        await server!.listen(6);
        const channel = await client.open({ host: "localhost", port }, never);
        assert.equal(channel.kind, "datagram");
        await assert.rejects(client.open({ host: "no-such-host.invalid", port }, never), /could not be resolved/);
    }));

    it("keeps channels apart, also those to one address", () => using(echo(), echo(), new UdpTransport(), async (a, b, client) => {
        const one = await client.open({ host: "127.0.0.1", port: await a!.listen(4) }, never);
        const two = await client.open({ host: "127.0.0.1", port: await b!.listen(4) }, never);
        const answers = Promise.all([next(one), next(two)]);
        one.send(bytes(1, 0));
        two.send(bytes(2, 0));
        assert.deepEqual(await answers, [bytes(0, 1), bytes(0, 2)]);
        const others = await Promise.all([3, 4].map(async n => {
            const channel = await client.open({ host: "127.0.0.1", port: await a!.listen(4) }, never);
            channel.send(bytes(n, 0));
            return next(channel);
        }));
        assert.deepEqual(others, [bytes(0, 3), bytes(0, 4)], "two more to the same address, at the same time");
        one.close();
        assert.deepEqual(await one.closed, { reason: "closed by this side" });
        const again = await client.open({ host: "127.0.0.1", port: await a!.listen(4) }, never);
        again.send(bytes(7, 8));
        assert.deepEqual(await next(again), bytes(8, 7));
    }));

    it("keeps order, copies what it sends, and holds what comes before the handler is set", () => {
        const peers: PeerAddress[] = [];
        const server: UdpTransport = new UdpTransport({
            host4: "127.0.0.1",
            onUnknownPeer: (channel, peer) => {
                peers.push(peer);
                for (let i = 0; i < 5; i++) channel.send(bytes(i));
            },
        });
        return using(server, new UdpTransport(), async (_, client) => {
            const channel = await client.open({ host: "127.0.0.1", port: await server.listen(4) }, never);
            const hello = bytes(9);
            channel.send(hello);
            hello[0] = 0;
            await new Promise(done => setTimeout(done, 50));
            const got: number[] = [];
            await new Promise<void>(resolve => channel.receive(message => got.push(message[0]!) === 5 && resolve()));
            assert.deepEqual(got, [0, 1, 2, 3, 4]);
            assert.equal(peers.length, 1);
        });
    });

    it("drops what is too long for Matter and what comes from strangers", () => using(new UdpTransport({ host4: "127.0.0.1" }), async client => {
        const stranger = createSocket("udp4"), peer = createSocket("udp4");
        await new Promise<void>(done => peer.bind(0, "127.0.0.1", done));
        const channel = await client.open({ host: "127.0.0.1", port: peer.address().port }, never);
        const got: Uint8Array[] = [];
        const heard = new Promise<void>(resolve => channel.receive(message => (got.push(message), resolve())));
        const port = await client.listen(4);
        await new Promise(done => stranger.send(bytes(1), port, "127.0.0.1", done));
        await new Promise(done => peer.send(new Uint8Array(1281), port, "127.0.0.1", done));
        await new Promise(done => peer.send(new Uint8Array(1280), port, "127.0.0.1", done));
        await heard; // the loopback keeps order
        stranger.close();
        peer.close();
        assert.deepEqual(got.map(message => message.length), [1280]);
    }));

    it("refuses addresses that mean nothing, each with its sentence", () => using(new UdpTransport(), async client => {
        await assert.rejects(client.open({ host: "fe80::1", port: 5540 }, never), /needs its interface, as in fe80::1%eth0/);
        await assert.rejects(client.open({ host: "127.0.0.1", port: 0 }, never), TransportError);
        await assert.rejects(client.open({ host: "127.0.0.1", port: 65536 }, never), TransportError);
        await assert.rejects(client.open({ id: "bluetooth" }, never), ImplementationError);
        await assert.rejects(client.open({ host: "127.0.0.1", port: 5540 }, AbortSignal.abort()), { name: "AbortError" });
        const channel = await client.open({ host: "127.0.0.1", port: 5540 }, never);
        assert.throws(() => channel.send(new Uint8Array(1281)), /1281 octets, at most 1280/);
    }));

    it("takes no stranger when every channel is in use, whatever its family", async () => {
        const strangers: PeerAddress[] = [];
        await using(new UdpTransport({ host4: "127.0.0.1", host6: "::1", onUnknownPeer: (_, peer) => strangers.push(peer) }), async transport => {
            const port = await transport.listen(6), signal = new AbortController().signal;
            for (let at = 1; at < 1024; at++) await transport.open({ host: "127.0.0.1", port: at }, signal);
            const [stranger, known] = [createSocket("udp6"), createSocket("udp6")];
            await new Promise<void>(bound => known.bind(0, "::1", bound));
            const channel = await transport.open({ host: "::1", port: known.address().port }, signal);
            await assert.rejects(transport.open({ host: "127.0.0.1", port: 2000 }, signal), /1024 channels are open/);
            // The loopback keeps order: once the second datagram is there, the first has been dealt with.
            const heard = new Promise<void>(resolve => channel.receive(() => resolve()));
            for (const socket of [stranger, known]) await new Promise<void>((done, failed) => socket.send("?", port, "::1", error => (error === null ? done() : failed(error))));
            await heard;
            for (const socket of [stranger, known]) socket.close();
            assert.deepEqual(strangers, []);
        });
    });

    it("takes a send to nobody as a lost datagram", () => using(new UdpTransport(), async client => {
        const channel = await client.open({ host: "127.0.0.1", port: 9 }, never);
        for (let i = 0; i < 3; i++) channel.send(bytes(i));
        const odd = await client.open({ host: "fe80::1", port: 5540, zone: "no-such-interface" }, never);
        odd.send(bytes(1));
        await new Promise(done => setTimeout(done, 50));
    }));

    it("closes its channels when it closes, once, and refuses everything after", async () => {
        const client = new UdpTransport();
        const channel = await client.open({ host: "127.0.0.1", port: 5540 }, never);
        await client.close();
        await client.close();
        assert.deepEqual(await channel.closed, { reason: "the transport was closed" });
        assert.throws(() => channel.send(bytes(1)), ClosedError);
        await assert.rejects(client.open({ host: "127.0.0.1", port: 5540 }, never), ClosedError);
    });

    it("reports a port that is taken, and tries again later", () => using(echo(), async server => {
        const port = await server.listen(4);
        const client = new UdpTransport({ host4: "127.0.0.1", port4: port });
        await assert.rejects(client.open({ host: "127.0.0.1", port: 5540 }, never), /no IPv4 socket could be opened/);
        await server.close();
        await client.open({ host: "127.0.0.1", port: 5540 }, never);
        await client.close();
    }));
});
