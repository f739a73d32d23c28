import { sameFabric } from "../../fabric/Fabric.js";
import type { HandshakeFabric } from "../handshake-types.js";
import type { ResumptionRecord } from "../SessionManager.js";

/**
 * The record if it is of this fabric. Nodes of two fabrics may have one node ID, and two fabrics of
 * different roots one fabric ID: a fabric is its root and its ID.
 */
export function ofFabric(record: ResumptionRecord | undefined, fabric: HandshakeFabric): ResumptionRecord | undefined {
    if (record === undefined || record.fabric === fabric) return record;
    if (!sameFabric(record.fabric, fabric)) return undefined;
    const { rootCert } = record.fabric as Partial<HandshakeFabric>;
    return rootCert === undefined || same(rootCert, fabric.rootCert) ? record : undefined;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
