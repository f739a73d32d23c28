/** matter-session: what needs no particular host. See `matter-session/node` for sockets, discovery and storage. */
export * from "./cluster.js";
export * from "./clusters.js";
export * from "./commission/index.js";
export { core, Core, CoreHandle, defaultBlob, errorOf, start, type ErrorCode, type ErrorDetail, type Output } from "./core.js";
export * from "./errors.js";
export { hexOf, octetsOf } from "./hex.js";
export { fromJson, toJson, type Json } from "./json.js";
export { compile, instantiate, load, type BlobSource, type Instance } from "./load.js";
export type * from "./operations.js";
export * from "./schema.js";
export * from "./tlv.js";
export { loadTrust, productionTrust, testTrust, type TrustOptions } from "./trust.js";
export type { Sign, WorkOptions } from "./work.js";
