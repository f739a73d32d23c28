import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Crypto, Environment } from "@matter/main";
import { CertificateAuthority } from "@matter/main/protocol";
import { FabricId, NodeId } from "@matter/main/types";
import { CertificateError, Controller, HandshakeError, MatterCommissionError, OnOff, OperationalCredentials, type FabricAuthority } from "matter-session";
import { openController } from "matter-session/node";
import "@matter/nodejs";
import { startDevice, type Device } from "./support/device.js";

/** A certificate authority of another make (matter.js's), behind the interface that a host implements. */
async function foreignAuthority(withIcac: boolean): Promise<FabricAuthority & { issued: bigint[]; signed: number }> {
    const ca = await CertificateAuthority.create(Environment.default.get(Crypto), withIcac);
    const fabricId = 0x1122334455667788n, adminNodeId = 0x0102030405060708n;
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }));
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const point = Uint8Array.of(4, ...Buffer.from(x, "base64url"), ...Buffer.from(y, "base64url"));
    const octets = (value: unknown): Uint8Array => new Uint8Array(value as ArrayBuffer);
    const certify = async (publicKeyPoint: Uint8Array, nodeId: bigint): Promise<{ noc: Uint8Array; icac?: Uint8Array }> => {
        const noc = octets(await ca.generateNoc(publicKeyPoint as Uint8Array<ArrayBuffer>, FabricId(fabricId), NodeId(nodeId)));
        return ca.icacCert === undefined ? { noc } : { noc, icac: octets(ca.icacCert) };
    };
    let next = 0x1000n;
    const authority = {
        fabricId, rootCertificate: octets(ca.rootCert), adminNodeId, adminVendorId: 0xfff1, issued: [] as bigint[], signed: 0,
        ipk: async () => new Uint8Array(16).fill(7),
        allocateNodeId: async () => ++next,
        issue: ({ csr, nodeId }: { csr: Uint8Array; nodeId: bigint }) => {
            authority.issued.push(nodeId);
            // The point is what the only BIT STRING of 66 octets in the request holds after its first.
            const at = Buffer.from(csr).indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04]));
            return certify(csr.slice(at + 3, at + 68), nodeId);
        },
        operationalIdentity: async () => ({
            ...(await certify(point, adminNodeId)),
            sign: async (data: Uint8Array) => {
                authority.signed++;
                return new Uint8Array(sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }));
            },
        }),
    };
    return authority;
}

let device: Device, directory = "", controller: Controller | undefined;
before(async () => { device = await startDevice(); });
after(() => device.stop());
beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), "matter-session-test-")); });
afterEach(async () => {
    await controller?.close();
    controller = undefined;
    await rm(directory, { recursive: true, force: true });
});
const open = async (authority: FabricAuthority): Promise<Controller> => (controller = await openController({ directory, authority, discovery: false, trust: { test: true } }));
const options = () => ({ address: `127.0.0.1:${device.ready.port}`, onAttestation: () => "accept" as const });

describe("a host's own certificate authority", () => {
    for (const withIcac of [false, true]) {
        it(`issues the device's certificate and signs for us, ${withIcac ? "with" : "without"} an intermediate`, async () => {
            const authority = await foreignAuthority(withIcac);
            const opened = await open(authority);
            assert.deepEqual([opened.fabricId, opened.nodeId], [authority.fabricId, authority.adminNodeId]);
            const { nodeId } = await opened.commission(device.ready.qr, options());
            assert.equal(nodeId, 0x1001n, "the node ID that the authority chose");
            assert.deepEqual(authority.issued, [nodeId]);
            assert.ok(authority.signed >= 1);
            const [noc] = await opened.read(nodeId, { endpoint: 0, cluster: OperationalCredentials, attribute: "nocs" });
            assert.equal(noc?.icac === null, !withIcac);
            const before = authority.signed;
            const full = await opened.connect(nodeId, { full: true });
            assert.ok(authority.signed > before, "each full handshake is signed outside");
            assert.equal(typeof (await full.read({ endpoint: 1, cluster: OnOff, attribute: "onOff" })), "boolean");
            await device.ask({ do: "erase" });
        });
    }

    it("that fails to issue stops the commissioning with its reason, and the device is free", async () => {
        const authority = await foreignAuthority(false);
        const issue = authority.issue;
        authority.issue = () => Promise.reject(new Error("the vault is sealed"));
        const opened = await open(authority);
        await assert.rejects(opened.commission(device.ready.qr, options()), (error: unknown) => error instanceof MatterCommissionError && error.step === "csr" && /vault is sealed/.test(String(error.cause)));
        authority.issue = issue;
        await opened.commission(device.ready.qr, options());
        await device.ask({ do: "erase" });
    });

    it("whose certificate is for another key is not sent to the device", async () => {
        const authority = await foreignAuthority(false);
        const stranger = await authority.operationalIdentity();
        authority.issue = async () => ({ noc: stranger.noc });
        const opened = await open(authority);
        await assert.rejects(opened.commission(device.ready.qr, options()), (error: unknown) => error instanceof MatterCommissionError && /it is for another key/.test(error.message));
        assert.equal((await device.ask({ do: "state" })).fabrics, 0);
    });

    it("that cannot sign ends the connection with its reason", async () => {
        const authority = await foreignAuthority(false);
        const identity = authority.operationalIdentity;
        let refuse = false;
        authority.operationalIdentity = async () => {
            const { sign: real, ...rest } = await identity();
            return { ...rest, sign: data => (refuse ? Promise.reject(new Error("the key is locked")) : real(data)) };
        };
        const opened = await open(authority);
        const { nodeId } = await opened.commission(device.ready.qr, options());
        refuse = true;
        await assert.rejects(opened.connect(nodeId, { full: true }), /the key is locked/);
        refuse = false;
        assert.equal((await opened.connect(nodeId, { full: true })).isOpen, true);
        await device.ask({ do: "erase" });
    });

    it("with a root and an identity that do not belong together is refused at once", async () => {
        const [one, two] = await Promise.all([foreignAuthority(false), foreignAuthority(false)]);
        await assert.rejects(open({ ...one, rootCertificate: two.rootCertificate }), (error: unknown) => error instanceof CertificateError || error instanceof HandshakeError);
    });
});
