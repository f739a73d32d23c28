/** `matter-session/node`: what Node adds. */
export { discover, type BrowseQuery, type DiscoveredNode, type DnssdOptions } from "./dnssd.js";
export { defaultDirectory, openController, type NodeControllerOptions } from "./open.js";
export { DirectoryStore, type DirectoryOptions } from "./storage.js";
export {
    authoritiesOf, fetchLedger, ledgerUrl, parseTrustList, TrustError, TrustStore, writeTrustList, type Authority, type TrustKind, type TrustList,
} from "./trust-list.js";
export { parseTxt, type TxtInfo } from "./txt.js";
export { UdpTransport, type UdpOptions } from "./udp.js";
