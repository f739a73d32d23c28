import { homedir } from "node:os";
import { join } from "node:path";
import { Controller, type ControllerOptions } from "../commission/controller.js";
import { discover, type DnssdOptions } from "./dnssd.js";
import { DirectoryStore } from "./storage.js";
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
        return await Controller.open({ ...rest, storage: new DirectoryStore(directory), transport, onClosed });
    } catch (error) {
        await transport.close();
        throw error;
    }
}
