import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { fates, startProxy } from "./proxy.mjs";

function take(n, seed, rates) {
    const fate = fates(seed, rates);
    return Array.from({ length: n }, () => fate.next().value);
}

test("the same seed treats datagrams the same way, another one differently", () => {
    assert.deepEqual(take(500, 7), take(500, 7));
    assert.notDeepEqual(take(500, 7), take(500, 8));
});

test("over many seeds the rates are those asked for", () => {
    const all = Array.from({ length: 200 }, (_, seed) => take(100, seed, { loss: 0.1, duplicate: 0.05, reorder: 0.1, late: 1000 })).flat();
    const rate = match => all.filter(match).length / all.length;
    assert.ok(Math.abs(rate(f => f.length === 0) - 0.1) < 0.01);
    assert.ok(Math.abs(rate(f => f.length === 2) - 0.045) < 0.01);
    assert.ok(Math.abs(rate(f => f[0] >= 1000) - 0.09) < 0.01);
});

test("datagrams pass in both directions, clients apart", async () => {
    const target = createSocket("udp6");
    target.on("message", (octets, from) => target.send(Buffer.concat([Buffer.from("re: "), octets]), from.port, "::1"));
    target.bind(0, "::1");
    await once(target, "listening");
    const proxy = await startProxy(target.address().port, { seed: 1, loss: 0, duplicate: 0, reorder: 0 });
    const clients = [createSocket("udp6"), createSocket("udp6")];
    const answers = await Promise.all(
        clients.map(async (client, i) => {
            client.send(`client ${i}`, proxy.port, "::1");
            const [octets] = await once(client, "message");
            return String(octets);
        }),
    );
    assert.deepEqual(answers, ["re: client 0", "re: client 1"]);
    assert.deepEqual(proxy.counts, { forwarded: 4, lost: 0, duplicated: 0 });
    clients.forEach(client => client.close());
    proxy.close();
    target.close();
});
