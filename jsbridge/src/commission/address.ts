import { ImplementationError } from "../errors.js";
import type { PeerAddress } from "./types.js";

/** The port that a device listens on when nothing else is said. Matter Core §2.5.6.3. */
export const defaultPort = 5540;

/** Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address, a zone after `%`. */
export function parseAddress(text: string): PeerAddress {
    const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(text);
    const plain = /^([^:\s[\]]+)(?::([0-9]{1,5}))?$/.exec(text);
    const [, host, port] = bracketed ?? plain ?? (/^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[^\s]+)?$/i.test(text) ? [text, text, undefined] : []);
    if (host === undefined || (port !== undefined && (Number(port) < 1 || Number(port) > 65535))) {
        throw new ImplementationError(`"${text}" is not an address: give HOST, HOST:PORT or [IPV6]:PORT`);
    }
    const [bare = host, zone] = host.split("%", 2);
    const address = { host: bare, port: port === undefined ? defaultPort : Number(port) };
    return zone === undefined ? address : { ...address, zone };
}

/** An address as text that {@link parseAddress} reads, for those that have host and port. */
export function showAddress(address: PeerAddress): string {
    if (!("host" in address)) return address.id;
    const host = address.zone === undefined ? address.host : `${address.host}%${address.zone}`;
    return host.includes(":") ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}
