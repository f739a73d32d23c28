/** A DNS-SD responder on loopback that answers by unicast, for tests without multicast. */
import { createSocket } from "node:dgram";
import { createRequire } from "node:module";

export interface Record {
    name: string;
    type: "PTR" | "SRV" | "TXT" | "A" | "AAAA";
    ttl?: number;
    data: unknown;
}
interface DnsPacket {
    encode(packet: object): Uint8Array;
    decode(octets: Uint8Array): { type: string; questions: { name: string; type: string }[]; answers: Record[] };
}
// dns-packet is what multicast-dns stands on; its own types are not worth a dependency.
const dnsPacket = createRequire(createRequire(import.meta.url).resolve("multicast-dns"))("dns-packet") as DnsPacket;

export interface Responder {
    readonly port: number;
    /** Every question asked so far, as "TYPE name". */
    readonly asked: string[];
    /** Known answers that came with the questions. */
    readonly known: Record[];
    /** Sends a response to whoever asked last. */
    push(records: Record[]): void;
    /** Sends raw octets to whoever asked last, from the responder's port or another one. */
    raw(octets: Uint8Array): void;
    forge(records: Record[]): Promise<void>;
    close(): Promise<void>;
}

/** Answers each question with the records whose name and type fit, and nothing else, unless bundle adds them. */
export async function responder(records: readonly Record[], options: { bundle?: boolean; silent?: boolean } = {}): Promise<Responder> {
    const socket = createSocket("udp4");
    const asked: string[] = [], known: Record[] = [];
    let last: { address: string; port: number } | undefined;
    const encode = (answers: readonly Record[], additionals: readonly Record[] = []): Uint8Array =>
        dnsPacket.encode({ type: "response", flags: 0x400, answers: answers.map(r => ({ ttl: 120, ...r })), additionals: additionals.map(r => ({ ttl: 120, ...r })) });
    socket.on("message", (octets, from) => {
        const packet = dnsPacket.decode(octets);
        last = from;
        known.push(...packet.answers);
        asked.push(...packet.questions.map(q => `${q.type} ${q.name}`));
        if (options.silent) return;
        const hits = records.filter(r => packet.questions.some(q => q.name.toLowerCase() === r.name.toLowerCase() && q.type === r.type));
        if (hits.length === 0) return;
        socket.send(encode(hits, options.bundle ? records.filter(r => !hits.includes(r)) : []), from.port, from.address);
    });
    await new Promise<void>(done => socket.bind(0, "127.0.0.1", done));
    const send = (octets: Uint8Array): void => {
        if (last !== undefined) socket.send(octets, last.port, last.address);
    };
    return {
        port: socket.address().port,
        asked,
        known,
        push: answers => send(encode(answers)),
        raw: send,
        async forge(answers) {
            const other = createSocket("udp4");
            await new Promise<void>(done => other.send(encode(answers), last?.port ?? 0, "127.0.0.1", () => other.close(done)));
        },
        close: () => new Promise(done => socket.close(done)),
    };
}

/** The records of one commissionable node. */
export function commissionable(instance: string, discriminator: number, more: { txt?: string[]; addresses?: string[]; port?: number } = {}): Record[] {
    const name = `${instance}._matterc._udp.local`, host = `${instance.slice(0, 12)}.local`;
    return [
        { name: "_matterc._udp.local", type: "PTR", data: name },
        { name: `_L${discriminator}._sub._matterc._udp.local`, type: "PTR", data: name },
        { name: `_S${discriminator >> 8}._sub._matterc._udp.local`, type: "PTR", data: name },
        { name, type: "SRV", data: { port: more.port ?? 5540, target: host, priority: 0, weight: 0 } },
        { name, type: "TXT", data: (more.txt ?? [`D=${discriminator}`, "CM=1", "VP=65521+32768"]).map(s => Buffer.from(s)) },
        ...(more.addresses ?? ["127.0.0.1"]).map(address => ({ name: host, type: address.includes(":") ? "AAAA" as const : "A" as const, data: address })),
    ];
}
