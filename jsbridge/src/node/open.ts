import { homedir } from "node:os";
import { join } from "node:path";
import { Controller, type ControllerOptions } from "../commission/controller.js";
import type { TrustOptions } from "../trust.js";
import { discover, type DnssdOptions } from "./dnssd.js";
import { DirectoryStore } from "./storage.js";
import { TrustStore } from "./trust-list.js";
import { UdpTransport, type UdpOptions } from "./udp.js";

export interface NodeControllerOptions extends Omit<ControllerOptions, "storage" | "transport"> {
    /** Where the fabric is kept. Default: {@link defaultDirectory}. */
    directory?: string;
    udp?: UdpOptions;
    /** How to search; false: not at all, every address is given or remembered. */
    discovery?: DnssdOptions | false;
}

/** `$MATTER_SESSION_HOME`, or `.matter-session` in the user's home. */
export function defaultDirectory(): string {
    return process.env["MATTER_SESSION_HOME"] ?? join(homedir(), ".matter-session");
}

/** A controller on Node: its fabric in a directory, UDP with a transport of its own, DNS-SD. Closing it closes the sockets. */
export async function openController(options: NodeControllerOptions = {}): Promise<Controller> {
    const { directory = defaultDirectory(), udp = {}, discovery = {}, ...rest } = options;
    const searching = discovery === false ? {} : { discover: (query: Parameters<typeof discover>[0], signal: AbortSignal) => discover(query, signal, discovery) };
    const transport = new UdpTransport({ ...searching, ...udp });
    const onClosed = async (reason: Error): Promise<void> => {
        await transport.close();
        await rest.onClosed?.(reason);
    };
    try {
        const storage = new DirectoryStore(directory);
        return await Controller.open({ ...rest, trust: await trustOf(storage, rest.trust), storage, transport, onClosed });
    } catch (error) {
        await transport.close();
        throw error;
    }
}

/** Lists that were imported or fetched into the directory go before those of the package. */
async function trustOf(storage: DirectoryStore, trust: TrustOptions = {}): Promise<TrustOptions> {
    const store = new TrustStore(storage);
    const production = trust.production ?? (await store.production()).octets;
    return { production, test: trust.test === true ? (await store.test()).octets : (trust.test ?? false) };
}
