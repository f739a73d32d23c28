/**
 * Finds commissionable and operational nodes by DNS-SD, over multicast DNS on every interface and in
 * both families. Matter Core §4.3, RFC 6762, RFC 6763.
 *
 * multicast-dns does the packets and sockets; one of its instances per interface and family, because
 * a link-local IPv6 address means nothing without the interface on which it was heard.
 */
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import multicastDns, { type MulticastDNS, type QueryOutgoingPacket, type ResponsePacket } from "multicast-dns";
import type { Discovered, DiscoverQuery } from "../commission/types.js";
import { ImplementationError } from "../errors.js";
import { parseTxt, type TxtInfo } from "./txt.js";

/** A node that was found, at one of its addresses; each address of a node comes as one of these. */
export interface DiscoveredNode extends Discovered, Omit<TxtInfo, keyof Discovered> {
    peer: { host: string; port: number; zone?: string };
    /** The first label of the service's name: random for commissionable nodes, fabric and node for operational ones. */
    instance: string;
}

export interface DnssdOptions {
    /** Interfaces by name. Default: all but the loopback, or the loopback when there is nothing else. */
    interfaces?: readonly string[];
    /** Asks this address by unicast instead, as a discovery proxy is asked. */
    server?: { host: string; port: number };
}

/** What to look for: {@link DiscoverQuery}, or every node of a service. */
export type BrowseQuery = DiscoverQuery | { all: "commissionable" | "operational" };

const maxServices = 256;
const maxAddresses = 16;
const maxFound = 1024;
/** RFC 6762 §5.2: a second between the first two questions, doubling, at most an hour; a minute suits a person who waits. */
const firstRepeatMs = 1000;
const maxRepeatMs = 60_000;

/** Yields nodes as they are heard, each address once, IPv6 before IPv4. Ends when signal aborts; never by itself. */
export async function* discover(query: BrowseQuery, signal: AbortSignal, options: DnssdOptions = {}): AsyncGenerator<DiscoveredNode, void, undefined> {
    const search = new Search(query);
    let wake = (): void => {};
    const found: DiscoveredNode[] = [];
    const links = openLinks(options, (packet, zone) => {
        // Who is slow to take them hears fewer, however much a network tells.
        found.push(...search.learn(packet, zone).slice(0, maxFound - found.length));
        const more = search.missing();
        if (more.length > 0) for (const link of links) link.ask({ questions: more });
        wake();
    });
    let repeatMs = firstRepeatMs;
    let timer: NodeJS.Timeout | undefined;
    const ask = (): void => {
        if (signal.aborted) return;
        const packet = search.round();
        for (const link of links) link.ask(packet);
        timer = setTimeout(ask, repeatMs);
        repeatMs = Math.min(maxRepeatMs, repeatMs * 2);
    };
    const stop = (): void => wake();
    signal.addEventListener("abort", stop);
    try {
        ask();
        while (!signal.aborted) {
            const next = found.shift();
            if (next !== undefined) yield next;
            else await new Promise<void>(resolve => (wake = resolve));
        }
    } finally {
        signal.removeEventListener("abort", stop);
        clearTimeout(timer);
        for (const link of links) link.close();
    }
}

type Questions = NonNullable<QueryOutgoingPacket["questions"]>;

interface Service {
    readonly name: string;
    host?: string;
    port?: number;
    txt?: TxtInfo;
    /** Addresses that were handed out, as host%zone:port. */
    readonly told: Set<string>;
}

/** What one search has heard. No sockets, no clock. */
class Search {
    readonly #query: BrowseQuery;
    readonly #service: string;
    /** What is asked in every round. */
    readonly #questions: Questions;
    readonly #services = new Map<string, Service>();
    readonly #hosts = new Map<string, { address: string; zone?: string }[]>();
    /** Follow-up questions of this round. */
    readonly #asked = new Set<string>();

    constructor(query: BrowseQuery) {
        this.#query = query;
        const operational = "operational" in query || ("all" in query && query.all === "operational");
        this.#service = operational ? "_matter._tcp.local" : "_matterc._udp.local";
        if ("operational" in query) {
            if (!/^[0-9a-f]{16}-[0-9a-f]{16}$/i.test(query.operational)) throw new ImplementationError(`"${query.operational}" is not an operational instance name`);
            const name = `${query.operational.toUpperCase()}.${this.#service}`;
            this.#services.set(name.toLowerCase(), { name, told: new Set() });
            this.#questions = [];
        } else if ("all" in query) {
            this.#questions = [{ name: this.#service, type: "PTR" }];
        } else {
            // The plain service too: a subtype is easily forgotten by a responder, the TXT record decides.
            const subtype = query.short ? `_S${query.discriminator}` : `_L${query.discriminator}`;
            this.#questions = [{ name: `${subtype}._sub.${this.#service}`, type: "PTR" }, { name: this.#service, type: "PTR" }];
        }
    }

    /** The questions of a new round, with the answers that need not be repeated (RFC 6762 §7.1). */
    round(): QueryOutgoingPacket {
        this.#asked.clear();
        const complete = [...this.#services.values()].filter(service => service.told.size > 0);
        const answers = this.#questions.some(question => question.name === this.#service)
            ? complete.slice(0, 16).map(service => ({ type: "PTR" as const, name: this.#service, ttl: 120, data: service.name }))
            : [];
        return { questions: [...this.#questions, ...this.missing()], answers };
    }

    /** Follow-up questions that were not yet asked in this round. */
    missing(): Questions {
        const questions: Questions = [];
        const want = (name: string, type: "SRV" | "TXT" | "AAAA" | "A"): void => {
            const key = `${type} ${name.toLowerCase()}`;
            if (this.#asked.has(key) || questions.length >= 32) return;
            this.#asked.add(key);
            questions.push({ name, type });
        };
        for (const service of this.#services.values()) {
            if (service.host === undefined) want(service.name, "SRV");
            else if (!this.#hosts.has(service.host.toLowerCase())) {
                want(service.host, "AAAA");
                want(service.host, "A");
            }
            if (service.txt === undefined) want(service.name, "TXT");
        }
        return questions;
    }

    /** Takes in one response; returns the nodes that it made known. */
    learn(packet: ResponsePacket, zone: string | undefined): DiscoveredNode[] {
        for (const record of [...(packet.answers ?? []), ...(packet.additionals ?? [])]) {
            const name = record.name.toLowerCase();
            const gone = "ttl" in record && record.ttl === 0;
            if (record.type === "PTR" && (name === this.#service || name.endsWith(`._sub.${this.#service}`))) {
                if (gone) this.#services.delete(record.data.toLowerCase());
                else this.#serviceOf(record.data);
            } else if (record.type === "SRV") {
                const service = this.#serviceOf(record.name);
                if (gone) this.#services.delete(name);
                else if (service !== undefined) {
                    service.host = record.data.target;
                    service.port = record.data.port;
                }
            } else if (record.type === "TXT" && !gone) {
                const service = this.#serviceOf(record.name);
                if (service !== undefined) service.txt = parseTxt([record.data].flat().map(part => (typeof part === "string" ? new TextEncoder().encode(part) : part)));
            } else if ((record.type === "A" || record.type === "AAAA") && !gone) {
                this.#address(name, record.data, zone);
            }
        }
        return [...this.#services.values()].flatMap(service => this.#tell(service));
    }

    #serviceOf(name: string): Service | undefined {
        const key = name.toLowerCase();
        const known = this.#services.get(key);
        if (known !== undefined) return known;
        if ("operational" in this.#query || !key.endsWith(`.${this.#service}`) || this.#services.size >= maxServices) return undefined;
        const service: Service = { name, told: new Set() };
        this.#services.set(key, service);
        return service;
    }

    #address(host: string, address: string, zone: string | undefined): void {
        const entry = zone !== undefined && /^fe[89ab]/i.test(address) ? { address, zone } : { address };
        const list = this.#hosts.get(host) ?? [];
        if (list.length >= maxAddresses || list.some(other => other.address === address && other.zone === entry.zone)) return;
        if (list.length === 0 && this.#hosts.size >= 2 * maxServices) return;
        this.#hosts.set(host, [...list, entry].sort((a, b) => rank(a.address) - rank(b.address)));
    }

    #tell(service: Service): DiscoveredNode[] {
        const { host, port, txt } = service;
        if (host === undefined || port === undefined || port === 0) return [];
        // An operational node is found by its name; what a commissionable one is, only its TXT tells.
        if (txt === undefined && !("operational" in this.#query)) return [];
        if (txt !== undefined && !this.#fits(txt)) return [];
        const nodes: DiscoveredNode[] = [];
        for (const { address, zone } of this.#hosts.get(host.toLowerCase()) ?? []) {
            const key = `${address}%${zone}:${port}`;
            if (service.told.has(key)) continue;
            service.told.add(key);
            const peer = zone === undefined ? { host: address, port } : { host: address, port, zone };
            nodes.push({ peer, instance: service.name.slice(0, -this.#service.length - 1), ...txt });
        }
        return nodes;
    }

    #fits(txt: TxtInfo): boolean {
        if (!("discriminator" in this.#query)) return true;
        if (txt.discriminator === undefined) return false;
        return this.#query.short ? txt.discriminator >> 8 === this.#query.discriminator : txt.discriminator === this.#query.discriminator;
    }
}

/** IPv6 before IPv4, routable before link-local. */
function rank(address: string): number {
    if (!address.includes(":")) return 2;
    return /^fe[89ab]/i.test(address) ? 1 : 0;
}

interface Link {
    ask(packet: QueryOutgoingPacket): void;
    close(): void;
}

function openLinks(options: DnssdOptions, heard: (packet: ResponsePacket, zone: string | undefined) => void): Link[] {
    const { server } = options;
    if (server !== undefined) {
        const type = server.host.includes(":") ? "udp6" : "udp4";
        return [openLink({ type, ip: server.host, port: server.port, interface: server.host, bind: false, multicast: false }, undefined, heard)];
    }
    const all = Object.entries(networkInterfaces());
    const outer = all.filter(([, addresses]) => addresses?.some(address => !address.internal));
    const unknown = options.interfaces?.find(name => !all.some(([known]) => known === name));
    if (unknown !== undefined) throw new ImplementationError(`there is no network interface "${unknown}" (${all.map(([name]) => name).join(", ") || "none at all"})`);
    const chosen = options.interfaces === undefined ? (outer.length > 0 ? outer : all) : all.filter(([name]) => options.interfaces?.includes(name));
    const links: Link[] = [];
    for (const [name, addresses = []] of chosen) {
        const four = addresses.find(address => address.family === "IPv4");
        if (four !== undefined) links.push(openLink({ type: "udp4", interface: four.address, bind: "0.0.0.0" }, name, heard));
        if (addresses.some(address => address.family === "IPv6")) {
            links.push(openLink({ type: "udp6", ip: "ff02::fb", interface: `::%${name}`, bind: "::" }, name, heard));
        }
    }
    return links;
}

type LinkOptions = { type: "udp4" | "udp6"; ip?: string; port?: number; interface: string; bind: string | false; multicast?: false };

function openLink(options: LinkOptions, zone: string | undefined, heard: (packet: ResponsePacket, zone: string | undefined) => void): Link {
    let closed = false;
    let mdns = start(options);

    function start(how: LinkOptions): MulticastDNS {
        const socket = createSocket({ type: how.type, reuseAddr: true, ipv6Only: how.type === "udp6" });
        const made = multicastDns({ ...how, socket });
        made.on("response", (packet, from) => {
            // RFC 6762 §6: answers come from the port that was asked, all others are forged or lost.
            if (!closed && from.port === (how.port ?? 5353)) heard(packet, from.address.split("%")[1] ?? zone);
        });
        // Single datagrams that cannot be sent or read: the next round asks again.
        made.on("warning", () => {});
        made.on("error", () => {
            // The port is taken by a program that does not share it: ask from another one, and be
            // answered by unicast (RFC 6762 §6.7).
            if (closed || how.bind === false) return;
            made.destroy();
            mdns = start({ ...how, bind: false });
        });
        return made;
    }

    return {
        ask(packet) {
            // Questions are cut into datagrams of a size that every responder takes.
            const questions = packet.questions ?? [];
            for (let at = 0; at < questions.length; at += 10) {
                const answers = at === 0 ? (packet.answers ?? []) : [];
                mdns.query({ ...packet, questions: questions.slice(at, at + 10), answers }, () => {});
            }
        },
        close() {
            closed = true;
            mdns.destroy();
        },
    };
}
