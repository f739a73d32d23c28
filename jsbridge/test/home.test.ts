import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CertificateError, ImplementationError, OnOff, start, type Core, type FabricAuthority } from "matter-session";
import { openController } from "matter-session/node";
import { HomeAuthority, issueNoc, issueRoot, randomFabricId, randomNodeId } from "#dist/browser/authority.js";
import { exportKey, generateKey, importKey, openIpk, prove, sealIpk, sign, type Identity, type SigningKeys } from "#dist/browser/keys.js";
import { startDevice, type Device } from "./support/device.js";

interface Home {
    identity: Identity;
    keys: SigningKeys;
    ipk: Uint8Array;
    authority: FabricAuthority;
    reserved: bigint[];
}

/** What BrowserHome makes, without a database. */
async function makeHome(core: Core): Promise<Home> {
    const [root, operational] = await Promise.all([generateKey(), generateKey()]);
    const fabricId = randomFabricId(), adminNodeId = randomNodeId();
    const rootCertificate = await issueRoot(core, root.key, root.publicKey);
    const noc = await issueNoc(core, root.key, { rootCertificate, fabricId, nodeId: adminNodeId, publicKey: operational.publicKey });
    const identity: Identity = { label: "Of the browser", fabricId, adminNodeId, adminVendorId: 0xfff1, rootCertificate, noc };
    const keys = { rootKey: root.key, operationalKey: operational.key };
    const ipk = crypto.getRandomValues(new Uint8Array(16));
    const sealed = await sealIpk(ipk, fabricId);
    const reserved: bigint[] = [];
    const authority = new HomeAuthority(core, identity, keys, {
        check() {}, ipk: () => openIpk(sealed, fabricId), allocateNodeId: async () => randomNodeId(), reserve: async nodeId => void reserved.push(nodeId),
    });
    return { identity, keys, ipk, authority, reserved };
}

let core: Core;
before(async () => { core = await start(); });

describe("a home of keys that cannot be read", () => {
    let device: Device;
    before(async () => { device = await startDevice(); });
    after(() => device.stop());

    it("takes matter.js's device in, which keeps its root, certificate and label", async () => {
        const { authority, identity, reserved } = await makeHome(core);
        const directory = await mkdtemp(join(tmpdir(), "matter-session-test-"));
        const controller = await openController({ directory, authority, core, discovery: false, trust: { test: true } });
        try {
            const { nodeId } = await controller.commission(device.ready.qr, { address: `127.0.0.1:${device.ready.port}`, onAttestation: () => "accept" });
            assert.deepEqual(reserved, [nodeId]);
            const node = await controller.connect(nodeId, { full: true });
            await node.invoke({ endpoint: 1, cluster: OnOff, command: "toggle" });
            const fabrics = (await node.read({ endpoint: 0, cluster: 0x3e, attribute: 1 })) as Record<string, unknown>[];
            assert.equal(fabrics.length, 1);
            assert.ok(Object.values(fabrics[0] ?? {}).includes(identity.label), "the home's label");
            const roots = (await node.read({ endpoint: 0, cluster: 0x3e, attribute: 4 })) as Uint8Array[];
            assert.deepEqual(roots.map(String), [String(identity.rootCertificate)]);
        } finally {
            await controller.close();
            await device.ask({ do: "erase" });
            await rm(directory, { recursive: true, force: true });
        }
    });
});

describe("its parts", () => {
    it("are proved to belong together, and those of two homes do not", async () => {
        const [one, two] = await Promise.all([makeHome(core), makeHome(core)]);
        const compressed = await prove(core, one.identity, one.keys, one.ipk);
        assert.equal(compressed.length, 8);
        const mixed: [string, Identity, SigningKeys][] = [
            ["root key", one.identity, { ...one.keys, rootKey: two.keys.rootKey }],
            ["operational key", one.identity, { ...one.keys, operationalKey: two.keys.operationalKey }],
            ["keys the other way round", one.identity, { rootKey: one.keys.operationalKey, operationalKey: one.keys.rootKey }],
            ["root", { ...one.identity, rootCertificate: two.identity.rootCertificate }, one.keys],
            ["certificate", { ...one.identity, noc: two.identity.noc }, one.keys],
            ["fabric", { ...one.identity, fabricId: two.identity.fabricId }, one.keys],
            ["node", { ...one.identity, adminNodeId: two.identity.adminNodeId }, one.keys],
        ];
        // More often than a core has instances: each trial gives its own back.
        for (let round = 0; round < 10; round++) {
            for (const [name, identity, keys] of mixed) await assert.rejects(prove(core, identity, keys, one.ipk), name);
        }
        await prove(core, one.identity, one.keys, one.ipk);
    });

    it("sign and cannot be read, but for what a backup is made of", async () => {
        const { key, extractable } = await generateKey();
        assert.equal(key.extractable, false);
        await assert.rejects(exportKey(key));
        const pkcs8 = await exportKey(extractable);
        const again = await importKey(pkcs8);
        assert.equal(again.extractable, false);
        assert.equal((await sign(again, Uint8Array.of(1))).length, 64);
        await assert.rejects(importKey(pkcs8.subarray(0, -1)));
    });

    it("hold the identity protection key under a key that cannot be read, for one fabric", async () => {
        const ipk = crypto.getRandomValues(new Uint8Array(16));
        const sealed = await sealIpk(ipk, 5n);
        assert.deepEqual(await openIpk(sealed, 5n), ipk);
        assert.ok(!Buffer.from(sealed.octets).includes(Buffer.from(ipk)));
        await assert.rejects(crypto.subtle.exportKey("raw", sealed.key));
        await assert.rejects(openIpk(sealed, 6n));
        await assert.rejects(openIpk({ ...sealed, nonce: new Uint8Array(12) }, 5n));
        const changed = sealed.octets.slice();
        changed[0] = (changed[0] ?? 0) ^ 1;
        await assert.rejects(openIpk({ ...sealed, octets: changed }, 5n));
    });

    it("issue for signed requests only, and never in the administrator's name", async () => {
        const { authority, identity, reserved } = await makeHome(core);
        await assert.rejects(authority.issue({ csr: new Uint8Array(100), nodeId: 5n }), CertificateError);
        await assert.rejects(authority.issue({ csr: new Uint8Array(100), nodeId: identity.adminNodeId }), ImplementationError);
        assert.deepEqual(reserved, []);
        const { key, publicKey } = await generateKey();
        await assert.rejects(issueNoc(core, key, { rootCertificate: identity.rootCertificate, fabricId: 1n, nodeId: 1n, publicKey }), CertificateError, "signed by another key than the root's");
        await assert.rejects(issueRoot(core, (await generateKey()).key, publicKey), CertificateError);
        await assert.rejects(issueNoc(core, key, { rootCertificate: identity.rootCertificate, fabricId: 0n, nodeId: 1n, publicKey }), CertificateError);
    });

    it("draw IDs that a fabric and a node may have", () => {
        const real = crypto.getRandomValues.bind(crypto);
        const drawn = [0n, 5n, 0n, 0xffff_ffff_ffff_ffffn, 0xffff_fff0_0000_0000n, 0xffff_ffef_ffff_ffffn];
        const draw = (octets: ArrayBufferView<ArrayBuffer>): ArrayBufferView => (octets instanceof BigUint64Array ? octets.fill(drawn.shift() ?? 1n) : real(octets));
        crypto.getRandomValues = draw as typeof crypto.getRandomValues;
        try {
            assert.equal(randomFabricId(), 5n);
            assert.equal(randomNodeId(), 0xffff_ffef_ffff_ffffn);
        } finally {
            crypto.getRandomValues = real;
        }
    });
});
