import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { discover, parseTxt, type BrowseQuery, type DiscoveredNode } from "matter-session/node";
import { commissionable, responder, type Record, type Responder } from "./support/responder.js";

/** Collects until count nodes came or ms passed. */
async function collect(peer: Responder, query: BrowseQuery, count: number, ms = 2000): Promise<DiscoveredNode[]> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ms);
    const found: DiscoveredNode[] = [];
    for await (const node of discover(query, abort.signal, { server: { host: "127.0.0.1", port: peer.port } })) {
        found.push(node);
        if (found.length === count) break;
    }
    clearTimeout(timer);
    return found;
}

async function withResponder<T>(records: Record[], options: { bundle?: boolean; silent?: boolean }, fn: (peer: Responder) => Promise<T>): Promise<T> {
    const peer = await responder(records, options);
    try {
        return await fn(peer);
    } finally {
        await peer.close();
    }
}

const first = commissionable("0011223344556677", 3840, { addresses: ["192.0.2.1", "fe80::1", "2001:db8::1"] });

describe("DNS-SD", () => {
    it("finds a node by its long discriminator when the responder sends everything at once", () => withResponder(first, { bundle: true }, async peer => {
        const found = await collect(peer, { discriminator: 3840, short: false }, 3);
        assert.deepEqual(found.map(node => node.peer.host), ["2001:db8::1", "fe80::1", "192.0.2.1"], "IPv6 first, routable before link-local");
        const { peer: _, ...rest } = found[0] as DiscoveredNode;
        assert.deepEqual(rest, { instance: "0011223344556677", discriminator: 3840, open: 1, vendorId: 0xfff1, productId: 0x8000 });
        assert.deepEqual(peer.asked.slice(0, 2), ["PTR _L3840._sub._matterc._udp.local", "PTR _matterc._udp.local"]);
    }));

    it("asks for what a frugal responder left out: SRV, TXT, addresses", () => withResponder(first, {}, async peer => {
        assert.equal((await collect(peer, { discriminator: 15, short: true }, 3)).length, 3);
        assert.ok(peer.asked.includes("PTR _S15._sub._matterc._udp.local"));
        for (const type of ["SRV 0011223344556677._matterc._udp.local", "TXT 0011223344556677._matterc._udp.local", "AAAA 001122334455.local", "A 001122334455.local"]) {
            assert.equal(peer.asked.filter(question => question === type).length, 1, type);
        }
    }));

    it("tells nodes apart by the TXT record, not by the subtype that a responder claims", () => withResponder(
        [...first, ...commissionable("AAAABBBBCCCCDDDD", 3841), { name: "_L3840._sub._matterc._udp.local", type: "PTR", data: "AAAABBBBCCCCDDDD._matterc._udp.local" }],
        { bundle: true },
        async peer => assert.deepEqual(new Set((await collect(peer, { discriminator: 3840, short: false }, 9, 300)).map(node => node.instance)), new Set(["0011223344556677"])),
    ));

    it("finds every node of a service", () => withResponder([...first, ...commissionable("AAAABBBBCCCCDDDD", 3841)], {}, async peer => {
        const found = await collect(peer, { all: "commissionable" }, 4);
        assert.deepEqual(new Set(found.map(node => node.discriminator)), new Set([3840, 3841]));
    }));

    it("gives each address once, however often it is announced", () => withResponder(first, { bundle: true }, async peer => {
        const again = setInterval(() => peer.push(first), 20);
        const found = await collect(peer, { discriminator: 3840, short: false }, 9, 300);
        clearInterval(again);
        assert.equal(found.length, 3);
    }));

    it("finds an operational node by its name, in any case of letters", async () => {
        const name = "2906c908d115d362-8fc7772401cd0696._matter._tcp.local";
        await withResponder([
            { name, type: "SRV", data: { port: 5541, target: "HOST.local", priority: 0, weight: 0 } },
            { name, type: "TXT", data: [Buffer.from("SII=500"), Buffer.from("sai=300"), Buffer.from("T=0")] },
            { name: "host.LOCAL", type: "AAAA", data: "2001:db8::2" },
        ], {}, async peer => {
            const found = await collect(peer, { operational: "2906C908D115D362-8FC7772401CD0696" }, 1);
            assert.deepEqual(found[0]?.peer, { host: "2001:db8::2", port: 5541 });
            assert.equal(found[0]?.instance.toUpperCase(), "2906C908D115D362-8FC7772401CD0696");
        });
        await assert.rejects(collect({ port: 1 } as Responder, { operational: "kitchen" }, 1), /not an operational instance name/);
    });

    it("sends known answers, so that a node that was found keeps quiet", () => withResponder(first, { bundle: true }, async peer => {
        await collect(peer, { discriminator: 3840, short: false }, 9, 1300);
        assert.ok(peer.known.some(record => record.type === "PTR" && record.data === "0011223344556677._matterc._udp.local"));
    }));

    it("forgets a node that says goodbye and finds it again", () => withResponder(first, { silent: true }, async peer => {
        const abort = new AbortController();
        const nodes = discover({ discriminator: 3840, short: false }, abort.signal, { server: { host: "127.0.0.1", port: peer.port } });
        const one = nodes.next();
        while (peer.asked.length === 0) await new Promise(done => setTimeout(done, 5));
        peer.push(first);
        assert.equal((await one).value?.instance, "0011223344556677");
        await nodes.next();
        await nodes.next();
        const again = nodes.next();
        peer.push([{ name: "_matterc._udp.local", type: "PTR", ttl: 0, data: "0011223344556677._matterc._udp.local" }]);
        peer.push(first);
        assert.equal((await again).value?.instance, "0011223344556677");
        abort.abort();
        assert.equal((await nodes.next()).done, true);
    }));

    it("survives garbage and ignores answers from another port", () => withResponder(first, { silent: true }, async peer => {
        const pump = setInterval(() => {
            for (const octets of [new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(40).fill(0xff)]) peer.raw(octets);
            peer.push([{ name: "_matterc._udp.local", type: "PTR", data: "unrelated._http._tcp.local" }, ...commissionable("FFFFFFFFFFFFFFFF", 3840, { port: 0 })]);
            void peer.forge(first);
        }, 20);
        const found = await collect(peer, { discriminator: 3840, short: false }, 1, 300);
        clearInterval(pump);
        assert.deepEqual(found, []);
    }));

    it("ends when aborted before, between and after, and leaves no socket", () => withResponder([], {}, async peer => {
        const server = { server: { host: "127.0.0.1", port: peer.port } };
        assert.equal((await discover({ all: "commissionable" }, AbortSignal.abort(), server).next()).done, true);
        const abort = new AbortController();
        const waiting = discover({ all: "commissionable" }, abort.signal, server).next();
        abort.abort();
        assert.equal((await waiting).done, true);
    }));
});

describe("TXT records", () => {
    const txt = (...strings: string[]): ReturnType<typeof parseTxt> => parseTxt(strings.map(s => new TextEncoder().encode(s)));

    it("are read whole", () => {
        assert.deepEqual(txt("D=840", "CM=2", "VP=123+456", "DT=266", "DN=Lamp", "RI=0A0B", "PH=33", "PI=5", "SII=5000", "SAI=300", "SAT=4000", "T=4", "ICD=1"), {
            discriminator: 840, open: 2, vendorId: 123, productId: 456, deviceType: 266, name: "Lamp", rotatingId: "0A0B", pairingHint: 33,
            pairingInstruction: "5", idleIntervalMs: 5000, activeIntervalMs: 300, activeThresholdMs: 4000, tcp: 4, icd: 1,
        });
    });

    it("lose what is malformed or out of range, and nothing else", () => {
        assert.deepEqual(txt("D=4096", "CM=4", "VP=65536", "SII=3600001", "SAT=65536", "DT=x", "DN=", "=1", "", "T"), {});
        assert.deepEqual(txt("D=1", "d=2", "VP=7", "SII=-1"), { discriminator: 1, vendorId: 7 });
    });
});
