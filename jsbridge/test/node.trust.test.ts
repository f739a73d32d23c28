import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { core, hexOf, octetsOf, productionTrust, start, testTrust } from "matter-session";
import { authoritiesOf, DirectoryStore, fetchLedger, parseTrustList, TrustError, TrustStore, writeTrustList } from "matter-session/node";
import { cli } from "./support/cli.js";
import { vectors } from "./support/vectors.js";

const { values } = vectors<{ values: Record<string, string> }>("attestation.json");
const der = (name: string): Uint8Array => octetsOf(values[name] ?? "");
const pem = (octets: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(octets).toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
const paa = der("chip_paa_no_vendor");
const read = (url: URL): Uint8Array => new Uint8Array(readFileSync(url));

describe("trust lists", () => {
    it("of the package read and write back octet for octet", () => {
        for (const url of [productionTrust, testTrust]) {
            const octets = read(url);
            const { authorities, collected } = parseTrustList(octets);
            assert.ok(authorities.length >= 3);
            assert.equal(hexOf(writeTrustList(authorities, collected)), hexOf(octets));
        }
        assert.ok(parseTrustList(read(productionTrust)).authorities.every(authority => authority.test !== true));
        assert.ok(parseTrustList(read(testTrust)).authorities.every(authority => authority.test === true));
    });

    it("say of a certificate what the shipped list says, made by another program", () => {
        const [made] = authoritiesOf(paa, { test: true });
        const shipped = parseTrustList(read(testTrust)).authorities.find(authority => hexOf(authority.sha256) === hexOf(made!.sha256));
        assert.deepEqual(made, shipped);
    });

    it("take PEM with text around, several in one file, and DER", () => {
        const both = new TextEncoder().encode(`Some words\n${pem(paa)}between\n${pem(paa)}`);
        assert.equal(authoritiesOf(both).length, 2);
        assert.deepEqual(authoritiesOf(both)[0], authoritiesOf(paa)[0]);
    });

    it("refuse what vouches for no device, each with its sentence", () => {
        const bad: [Uint8Array, RegExp][] = [
            [der("chip_pai_fff1_8000"), /is not signed by itself/], [der("chip_dac_fff1_8000"), /is not an authority's certificate/],
            [Uint8Array.of(1, 2, 3), /not an X.509 certificate/], [paa.subarray(0, 200), /not an X.509 certificate/],
            [new TextEncoder().encode("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), /holds no certificate/],
        ];
        for (const [octets, message] of bad) assert.throws(() => authoritiesOf(octets), (error: unknown) => error instanceof TrustError && message.test(error.message), message.source);
        const forged = paa.slice();
        forged[forged.length - 1]! ^= 1;
        assert.throws(() => authoritiesOf(forged), TrustError);
    });

    it("are refused when cut, and when their form is newer", () => {
        const octets = read(testTrust);
        for (let n = 0; n < octets.length; n += 37) assert.throws(() => parseTrustList(octets.subarray(0, n)));
        const newer = octets.slice();
        newer[3] = 2; // 15 24 00 01: the form
        assert.throws(() => parseTrustList(newer), /form 2, this version reads form 1/);
    });

    it("that are made here are read by the core", async () => {
        await start();
        const handle = core().open();
        handle.request(0, "setTrust", { production: writeTrustList(authoritiesOf(paa), 1), test: read(testTrust) });
        assert.throws(() => handle.request(0, "setTrust", { production: Uint8Array.of(0x15, 0x18) }));
        handle.close(0);
    });
});

/** A ledger that says what a test tells it to. */
let ledger: Server, url = "";
let roots: object, certificates: Record<string, object>, failing: number | undefined;
const asked: string[] = [];
before(async () => {
    ledger = createServer((request, response) => {
        asked.push(request.url ?? "");
        if (failing !== undefined && asked.length > failing) return response.writeHead(500).end("no");
        const path = decodeURIComponent(request.url ?? "");
        const answer = path === "/dcl/pki/root-certificates" ? roots : certificates[path.replace("/dcl/pki/certificates/", "")];
        return answer === undefined ? response.writeHead(404).end() : response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    });
    await new Promise<void>(done => ledger.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(ledger.address() as AddressInfo).port}`;
});
after(() => ledger.close());

let home = "";
beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "matter-session-test-"));
    asked.length = 0;
    failing = undefined;
    roots = { approvedRootCertificates: { certs: [{ subject: "MBox/+=", subjectKeyId: "78:5C" }, { subject: "Other", subjectKeyId: "00:01" }] } };
    certificates = {
        "MBox/+=/78:5C": { approvedCertificates: { certs: [{ pemCert: pem(paa), isRoot: true, certificateType: "DeviceAttestationPKI" }] } },
        "Other/00:01": { approvedCertificates: { certs: [{ pemCert: pem(der("chip_pai_fff1_8000")), isRoot: true, certificateType: "OperationalPKI" }] } },
    };
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe("the ledger", () => {
    it("is asked for its list, then for each certificate; roots of other kinds are left out", async () => {
        const authorities = await fetchLedger(url);
        assert.deepEqual(authorities, authoritiesOf(paa));
        assert.deepEqual(asked.sort(), ["/dcl/pki/certificates/MBox%2F%2B%3D/78%3A5C", "/dcl/pki/certificates/Other/00%3A01", "/dcl/pki/root-certificates"]);
    });

    it("is not believed by half: one bad answer changes nothing", async () => {
        const cases: [() => void, RegExp][] = [
            [() => (failing = 0), /could not be asked \(http:\/\/127.0.0.1:\d+\): it answered 500/], [() => (failing = 2), /it answered 500/],
            [() => (roots = {}), /has no approvedRootCertificates.certs/], [() => (roots = { approvedRootCertificates: { certs: [] } }), /names no authority at all/],
            [() => (roots = { approvedRootCertificates: { certs: [{}] } }), /an entry without subject or key ID/],
            [() => (roots = { approvedRootCertificates: { certs: Array(1001).fill({}) } }), /1001 roots, at most 1000/],
            [() => delete certificates["Other/00:01"], /it answered 404/],
            [() => (certificates["Other/00:01"] = { approvedCertificates: { certs: [{ isRoot: true }] } }), /gave no certificate/],
            [() => (certificates["Other/00:01"] = { approvedCertificates: { certs: [{ pemCert: pem(der("chip_pai_fff1_8000")) }] } }), /not signed by itself/],
        ];
        const original = [roots, { ...certificates }] as const;
        for (const [spoil, message] of cases) {
            [roots, certificates, failing] = [original[0], { ...original[1] }, undefined];
            asked.length = 0;
            spoil();
            const result = await cli(["-d", home, "trust", "update", "--url", url]);
            assert.equal(result.code, 10, result.stderr);
            assert.match(result.stderr, message);
        }
        assert.deepEqual(await new DirectoryStore(home).keys(), []);
        const unreachable = await cli(["-d", home, "trust", "update", "--url", "http://127.0.0.1:1"]);
        assert.equal(unreachable.code, 10);
        assert.match(unreachable.stderr, /the ledger could not be asked/);
        assert.equal((await cli(["-d", home, "trust", "update", "--url", "here"])).code, 2);
    });

    it("replaces the shipped list; what was imported stays beside it", async () => {
        const shipped = parseTrustList(read(productionTrust)).authorities.length;
        const file = join(home, "paa.pem");
        await writeFile(file, pem(paa));
        const imported = await cli(["-d", home, "--json", "trust", "import", file]);
        assert.deepEqual([imported.code, JSON.parse(imported.stdout).added], [0, 1]);
        assert.match((await cli(["-d", home, "trust", "import", file])).stdout, /^0 added, 1 known already/);
        const show = async (): Promise<{ source: string; authorities: object[] }> => JSON.parse((await cli(["-d", home, "--json", "trust", "show"])).stdout);
        assert.deepEqual([(await show()).source, (await show()).authorities.length], ["shipped", shipped + 1]);
        const updated = await cli(["-d", home, "trust", "update", "--url", `${url}/`]);
        assert.equal(updated.code, 0, updated.stderr);
        assert.match(updated.stdout, new RegExp(`^1 authorities on the ledger: 0 new here, ${shipped} gone`));
        assert.deepEqual([(await show()).source, (await show()).authorities.length], ["ledger", 1]);
        assert.match((await cli(["-d", home, "trust", "show"])).stdout, /any {5}785ce705b86b8f4e6fc793aa60cb43ea696882d5 {2}Matter Test PAA\n1 authorities, from the ledger, as of \d{4}-/);
    });

    it("keeps test authorities apart, and says which file is bad", async () => {
        const [good, bad] = [join(home, "paa.der"), join(home, "bad.pem")];
        await writeFile(good, paa);
        await writeFile(bad, pem(der("chip_pai_fff1_8000")));
        const result = await cli(["-d", home, "trust", "import", good, bad]);
        assert.equal(result.code, 10);
        assert.match(result.stderr, /bad.pem: .* not signed by itself/);
        assert.equal((await cli(["-d", home, "trust", "import", join(home, "none.pem")])).code, 2);
        assert.equal((await cli(["-d", home, "trust", "import", "--test", good])).code, 0);
        const store = new TrustStore(new DirectoryStore(home));
        assert.equal(await store.load("imported"), undefined);
        assert.equal((await store.load("test"))?.authorities[0]?.test, true);
    });
});
