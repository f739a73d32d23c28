// The agent between our controller and matter.js 0.17.9's device: all that a page does, without a page.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inNamespace } from "./namespace.mjs";

const directory = mkdtempSync(join(tmpdir(), "matter-session-agent-"));
after(() => rmSync(directory, { recursive: true }));

let lines;
const by = what => lines.find(line => line.what === what) ?? assert.fail(`"${what}" was not reached`);
before(async () => {
    const program = join(directory, "agent");
    execFileSync(process.env.GO ?? "go", ["build", "-o", program, "./web/agent"], { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: "inherit" });
    lines = await inNamespace(fileURLToPath(new URL("agent-inside.mjs", import.meta.url)), [program], { milliseconds: 180_000 });
});

test("an agent lets in who has its token", () => {
    assert.equal(by("state").state, "ready");
    assert.equal(by("stranger").state, "token");
});

test("it finds a device by its discriminators, at addresses that it carries to", () => {
    for (const what of ["long", "short", "all"]) {
        const { peer, discriminator, vendorId, productId, open } = by(what);
        // The device tells its address of documentation (192.0.2.1) too, which is no private one.
        assert.match(`${peer.host}%${peer.zone}`, /^fe80::[0-9a-f:]+%m[01]$/, what);
        assert.equal(peer.port, by("device").port, what);
        assert.deepEqual([discriminator, vendorId, productId, open], [2748, 0xfff1, 0x8000, 1], what);
    }
});

test("the whole of a commissioning goes through it, from a code alone, and then a command", () => {
    const expected = ["pase", "attestation", "csr", "root", "noc", "discover", "case", "complete"];
    assert.deepEqual(by("commissioned").steps.filter(step => expected.includes(step)), expected);
    assert.equal(by("toggled").onOff, true);
});

test("when it dies in the middle of a commissioning, that fails, and the next one goes through its successor", () => {
    assert.notEqual(by("interrupted").code, undefined);
    assert.equal(by("interrupted").state, "ready");
});

test("when it is started again, the same controller goes on", () => {
    assert.equal(by("stopped").code, 0);
    assert.equal(by("stopped").state, "unreachable");
    assert.equal(by("toggled again").onOff, false);
});

test("it finds a commissioned node by its name, and opens a channel to that name", () => {
    const { instance, expected, peer } = by("operational");
    assert.equal(instance, expected);
    // Its port is not the first one: it was reset in between.
    assert.equal(peer.port, by("commissioned").address.port);
    assert.equal(by("by name").reason, "closed by this side");
});

test("it carries nothing to an address that nobody has found or named, or that is public", () => {
    const messages = lines.filter(line => line.what === "refused").map(line => line.message);
    assert.equal(messages.length, 3);
    assert.match(messages[0], /not found/);
    assert.match(messages[1], /private/);
    assert.match(messages[2], /private/);
});

test("its log holds no token, no code and no address", () => {
    const { text, token } = by("logs");
    assert.match(text, /page 1 has gone after/);
    const { manual, passcode, qr, port } = by("device");
    for (const secret of [token, "not-the-token", manual, String(passcode), qr, passcode.toString(16), "fe80", "192.0.2", String(port), "127.0.0.1"]) {
        assert.ok(!text.includes(secret), `"${secret}" in ${text}`);
    }
});
