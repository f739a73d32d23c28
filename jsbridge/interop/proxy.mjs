// A UDP proxy on loopback that treats datagrams badly, the same way for the same seed: what happens to the n-th datagram
// of a direction depends on the seed, the direction and n, never on time or on the other direction.

import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Marsaglia's xorshift over 32 bits, seeded through a mixer so that neighbouring seeds differ. @returns numbers in [0, 1) */
export function random(seed) {
    let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
    const step = () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) / 2 ** 32;
    };
    for (let i = 0; i < 8; i++) {
        step();
    }
    return step;
}

/** What happens to the datagrams of one direction, one after the other. */
export function* fates(seed, { loss = 0.1, duplicate = 0.05, reorder = 0.1, delay = 5, late = 60 } = {}) {
    const next = random(seed);
    for (;;) {
        // Always as many numbers for a datagram, so that changing one rate leaves the rest of the sequence as it was.
        const [lost, twice, held, wait, echo] = [next(), next(), next(), next(), next()];
        if (lost < loss) {
            yield [];
            continue;
        }
        const after = wait * delay + (held < reorder ? late : 0);
        yield twice < duplicate ? [after, after + echo * late] : [after];
    }
}

/**
 * Starts a proxy in front of a port on loopback.
 *
 * @param target - the port behind it
 * @param options - seed, and the rates and milliseconds of {@link fates}; host, "::1" unless given
 * @returns its port; counts of what it did; `close()`
 */
export async function startProxy(target, { seed, host = "::1", ...rates }) {
    const type = host.includes(":") ? "udp6" : "udp4";
    const front = createSocket(type);
    const backs = new Map(); // by client port: a socket towards the target, so that clients stay apart
    const timers = new Set();
    const counts = { forwarded: 0, lost: 0, duplicated: 0 };
    const toTarget = fates(seed * 2, rates);
    const toClient = fates(seed * 2 + 1, rates);
    let closed = false;

    function treat(fate, send) {
        const times = fate.next().value;
        counts.lost += times.length === 0;
        counts.duplicated += times.length > 1;
        for (const time of times) {
            const timer = setTimeout(() => {
                timers.delete(timer);
                counts.forwarded++;
                send();
            }, time);
            timers.add(timer);
        }
    }

    front.on("message", (octets, client) => {
        let back = backs.get(client.port);
        if (back === undefined) {
            back = createSocket(type);
            backs.set(client.port, back);
            back.on("message", answer => treat(toClient, () => front.send(answer, client.port, host)));
            back.on("error", () => {}); // an unreachable target is silence, as on a real network
        }
        treat(toTarget, () => back.send(octets, target, host));
    });
    front.bind(0, host);
    await once(front, "listening");
    return {
        port: front.address().port,
        counts,
        close() {
            if (closed) {
                return;
            }
            closed = true;
            timers.forEach(clearTimeout);
            front.close();
            backs.forEach(back => back.close());
        },
    };
}
