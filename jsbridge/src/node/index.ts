/** `matter-session/node`: what Node adds. */
export { discover, type BrowseQuery, type DiscoveredNode, type DnssdOptions } from "./dnssd.js";
export { defaultDirectory, openController, type NodeControllerOptions } from "./open.js";
export { DirectoryStore, type DirectoryOptions } from "./storage.js";
export { parseTxt, type TxtInfo } from "./txt.js";
export { UdpTransport, type UdpOptions } from "./udp.js";
