import type { Driver } from "./driver.js";
import type { Discovered, DiscoverQuery } from "./types.js";

/** What a host's discovery may know beside {@link Discovered}: the peer's timing, as its TXT record has it. */
export type DiscoveredWithTiming = Discovered & { idleIntervalMs?: number; activeIntervalMs?: number; activeThresholdMs?: number };

/** Timing as the core takes it. */
export function timingOf(found: DiscoveredWithTiming): { idleMs?: number | undefined; activeMs?: number | undefined; thresholdMs?: number | undefined } {
    return { idleMs: found.idleIntervalMs, activeMs: found.activeIntervalMs, thresholdMs: found.activeThresholdMs };
}

/**
 * Runs a host's discovery until signal aborts. Never rejects: ended is called with why it ended,
 * unless it was aborted. A device whose address cannot be opened is left out.
 */
export async function discoverInto(
    driver: Driver,
    query: DiscoverQuery,
    signal: AbortSignal,
    found: (peer: number, device: DiscoveredWithTiming) => void,
    ended: (message: string) => void,
): Promise<void> {
    const { transport } = driver;
    if (transport.discover === undefined) return ended("this host cannot search for devices: give an address");
    try {
        for await (const device of transport.discover(query, signal)) {
            if (signal.aborted) return;
            let peer: number;
            try {
                peer = await driver.peer(device.peer, signal);
            } catch {
                continue; // an interface that is gone, an address family that is switched off
            }
            if (signal.aborted) return;
            found(peer, device);
        }
        if (!signal.aborted) ended("the search ended");
    } catch (error) {
        if (!signal.aborted) ended(`the search failed: ${error instanceof Error ? error.message : String(error)}`);
    }
}
