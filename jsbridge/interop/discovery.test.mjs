// Our DNS-SD against matter.js 0.17.9's, by multicast.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inNamespace } from "./namespace.mjs";

test("a device is found by its discriminators, and by its node ID once it is commissioned", async () => {
    const lines = await inNamespace(fileURLToPath(new URL("discovery-inside.mjs", import.meta.url)));
    const by = what => lines.find(line => line.what === what);
    for (const what of ["long", "short"]) {
        const { peer, discriminator, vendorId, productId, open } = by(what);
        assert.equal(peer.port, by("device").port, what);
        assert.deepEqual([discriminator, vendorId, productId, open], [2748, 0xfff1, 0x8000, 1], what);
    }
    const operational = by("operational");
    const nodeId = BigInt(by("node").nodeId).toString(16).toUpperCase().padStart(16, "0");
    assert.match(operational.instance, /^[0-9A-F]{16}-[0-9A-F]{16}$/);
    assert.ok(operational.instance.endsWith(nodeId));
    assert.equal(by("by name").instance, operational.instance);
    assert.equal(by("by name").peer.port, by("device").port);
});
