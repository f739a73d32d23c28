/**
 * Datagrams by node:dgram: one socket per family, shared by all channels, opened with the first
 * channel that needs it and closed with the transport. A second channel to the same address gets a
 * socket of its own, because only the local port can tell whose an answer is.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { BaseChannel } from "../commission/base-channel.js";
import type { Channel, Discovered, DiscoverQuery, HostTransport, PeerAddress } from "../commission/types.js";
import { ClosedError, ImplementationError, TransportError } from "../errors.js";

/** The longest Matter message over UDP: the IPv6 minimum MTU. Matter Core §4.4.4. */
const maxMessage = 1280;
/** More than any controller needs; a leak shows here instead of in memory. */
const maxChannels = 1024;
const maxSockets = 16;

export interface UdpOptions {
    /** Local ports of the first socket of each family; default: any. */
    port4?: number;
    port6?: number;
    /** Addresses to bind to; default: all. */
    host4?: string;
    host6?: string;
    /** How devices are found; default: not at all. {@link discovery} of dnssd.ts fits. */
    discover?: (query: DiscoverQuery, signal: AbortSignal) => AsyncIterable<Discovered>;
    /** Receives datagrams from addresses without a channel: a responder opens one by it. */
    onUnknownPeer?: (channel: Channel, peer: PeerAddress) => void;
}

type Family = "udp4" | "udp6";

interface Port {
    readonly family: Family;
    readonly socket: Promise<Socket>;
    /** By remote address. */
    readonly channels: Map<string, UdpChannel>;
}

/** A {@link HostTransport} over UDP, IPv4 and IPv6. */
export class UdpTransport implements HostTransport {
    readonly discover?: (query: DiscoverQuery, signal: AbortSignal) => AsyncIterable<Discovered>;
    readonly #options: UdpOptions;
    readonly #ports: Port[] = [];
    #closed = false;
    /** Datagrams on their way to the system; their errors are swallowed. */
    readonly #sending = new Set<Promise<void>>();

    constructor(options: UdpOptions = {}) {
        this.#options = options;
        if (options.discover !== undefined) this.discover = options.discover;
    }

    /** Opens a channel to an address. A host name is resolved first, IPv6 preferred. */
    async open(peer: PeerAddress, signal: AbortSignal): Promise<Channel> {
        signal.throwIfAborted();
        if (!("host" in peer)) throw new ImplementationError("a UDP peer needs host and port");
        if (!Number.isInteger(peer.port) || peer.port < 1 || peer.port > 65535) throw new TransportError(`${peer.port} is not a UDP port`);
        const { address, family } = await resolve(peer);
        const key = keyOf(address, peer.port);
        const port = this.#port(family, key);
        // Taken before the wait: two opens at once must not get the same socket.
        const channel = this.#channel(port, key, address, peer.port);
        try {
            channel.attach(await port.socket);
            signal.throwIfAborted();
            return channel;
        } catch (error) {
            channel.close();
            throw error;
        }
    }

    /** The port that the first socket of a family is bound to; binds it if it is not yet. */
    async listen(family: 4 | 6): Promise<number> {
        return (await this.#port(family === 4 ? "udp4" : "udp6", undefined).socket).address().port;
    }

    /** Closes every channel and socket. Resolves when the ports are free. */
    async close(): Promise<void> {
        this.#closed = true;
        const ports = this.#ports.splice(0);
        for (const channel of ports.flatMap(port => [...port.channels.values()])) channel.end("the transport was closed");
        // A socket that closes forgets what it has not handed to the system yet: the last words to every peer.
        while (this.#sending.size > 0) await Promise.all(this.#sending);
        const sockets = await Promise.allSettled(ports.map(port => port.socket));
        await Promise.all(sockets.map(async result => {
            if (result.status === "fulfilled") await new Promise<void>(done => result.value.close(done));
        }));
    }

    #channel(port: Port, key: string, address: string, remotePort: number): UdpChannel {
        if (this.#count() >= maxChannels) throw new TransportError(`${maxChannels} channels are open: close some first`);
        const channel = new UdpChannel(address, remotePort, this.#sending, () => port.channels.delete(key));
        port.channels.set(key, channel);
        return channel;
    }

    #count(): number {
        return this.#ports.reduce((sum, each) => sum + each.channels.size, 0);
    }

    /** The first socket of a family that has no channel to an address; binds one if there is none. */
    #port(family: Family, key: string | undefined): Port {
        if (this.#closed) throw new ClosedError("the UDP transport is closed");
        const mine = this.#ports.filter(port => port.family === family);
        const free = mine.find(port => key === undefined || !port.channels.has(key));
        if (free !== undefined) return free;
        if (mine.length >= maxSockets) throw new TransportError(`${maxSockets} channels to one address are open: close some first`);
        const port: Port = { family, socket: this.#bind(family, mine.length === 0), channels: new Map() };
        this.#ports.push(port);
        port.socket.then(
            socket => socket.on("message", (message, from) => this.#receive(port, socket, message, from)),
            // A failure is not kept: the next open tries again.
            () => {
                if (this.#ports.includes(port)) this.#ports.splice(this.#ports.indexOf(port), 1);
            },
        );
        return port;
    }

    #bind(family: Family, first: boolean): Promise<Socket> {
        const four = family === "udp4";
        const port = first ? (four ? this.#options.port4 : this.#options.port6) : undefined;
        const address = (four ? this.#options.host4 : this.#options.host6) ?? (four ? "0.0.0.0" : "::");
        return new Promise((resolve, reject) => {
            const socket = createSocket({ type: family, ipv6Only: !four });
            const failed = (cause: Error): void => {
                socket.close();
                reject(new TransportError(`no ${four ? "IPv4" : "IPv6"} socket could be opened: ${cause.message}`, { cause }));
            };
            socket.once("error", failed);
            socket.bind({ port: port ?? 0, address }, () => {
                socket.off("error", failed);
                // Errors that the system reports later (port unreachable) concern single datagrams.
                socket.on("error", () => {});
                resolve(socket);
            });
        });
    }

    #receive(port: Port, socket: Socket, message: Uint8Array, from: RemoteInfo): void {
        if (message.length > maxMessage || this.#closed) return;
        const key = keyOf(from.address, from.port);
        let channel = port.channels.get(key) ?? onAnyLink(port.channels, key);
        if (channel === undefined) {
            if (this.#options.onUnknownPeer === undefined || this.#count() >= maxChannels) return;
            channel = this.#channel(port, key, from.address, from.port);
            channel.attach(socket);
            this.#options.onUnknownPeer(channel, addressOf(from.address, from.port));
        }
        channel.deliver(new Uint8Array(message));
    }
}

class UdpChannel extends BaseChannel {
    readonly kind = "datagram";
    readonly maxMessage = maxMessage;
    sentAt = 0;
    readonly #address: string;
    readonly #port: number;
    readonly #sending: Set<Promise<void>>;
    readonly #forget: () => void;
    #socket: Socket | undefined;

    constructor(address: string, port: number, sending: Set<Promise<void>>, forget: () => void) {
        super();
        this.#address = address;
        this.#port = port;
        this.#sending = sending;
        this.#forget = forget;
    }

    attach(socket: Socket): void {
        if (!this.isOpen) throw new ClosedError("the channel was closed while it opened");
        this.#socket = socket;
    }

    protected override transmit(message: Uint8Array): void {
        // dgram may send later: the caller's array is its own again after this call. An error of one
        // send (no route, no such zone) is a lost datagram: the peer's silence tells.
        const socket = this.#socket;
        if (socket === undefined) return;
        this.sentAt = performance.now();
        const sent = new Promise<void>(done => socket.send(message.slice(), this.#port, this.#address, () => done()));
        this.#sending.add(sent);
        void sent.then(() => this.#sending.delete(sent));
    }

    protected override ended(): void {
        this.#forget();
    }
}

async function resolve(peer: { host: string; zone?: string }): Promise<{ address: string; family: Family }> {
    const host = peer.host.replace(/^\[(.*)\]$/, "$1");
    const [bare = "", inline] = host.split("%", 2);
    const zone = peer.zone ?? inline;
    if (isIP(bare) === 4) return { address: bare, family: "udp4" };
    if (isIP(bare) === 6) {
        if (linkLocal(bare) && zone === undefined) {
            throw new TransportError(`the link-local address ${bare} needs its interface, as in ${bare}%eth0`);
        }
        return { address: zone === undefined ? bare : `${bare}%${zone}`, family: "udp6" };
    }
    try {
        const found = await lookup(host, { all: true });
        const best = found.find(entry => entry.family === 6) ?? found[0];
        if (best !== undefined) return { address: best.address, family: best.family === 6 ? "udp6" : "udp4" };
    } catch (cause) {
        throw new TransportError(`the host name "${host}" could not be resolved`, { cause });
    }
    throw new TransportError(`the host name "${host}" has no address`);
}

function linkLocal(address: string): boolean {
    return /^fe[89ab]/i.test(address);
}

/** The system writes an IPv6 address in its own form: both sides of the table go through the same one. */
function keyOf(address: string, port: number): string {
    const [bare = "", zone] = address.split("%", 2);
    const normal = isIP(bare) === 6 ? new URL(`http://[${bare}]/`).hostname : bare;
    return `${normal}%${linkLocal(bare) ? zone : ""}:${port}`;
}

/** Deno names no interface of a link-local sender. That of the channel which asked last will do: who answers proves itself later. */
function onAnyLink(channels: ReadonlyMap<string, UdpChannel>, key: string): UdpChannel | undefined {
    if (!key.includes("%undefined:")) return undefined;
    const found = [...channels].filter(([other]) => other.replace(/%[^:]+:/, "%undefined:") === key);
    return found.sort(([, a], [, b]) => b.sentAt - a.sentAt)[0]?.[1];
}

function addressOf(address: string, port: number): PeerAddress {
    const [host = "", zone] = address.split("%", 2);
    return zone === undefined ? { host, port } : { host, port, zone };
}
