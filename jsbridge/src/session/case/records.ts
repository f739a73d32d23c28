import type { HandshakeFabric, HandshakeRecord } from "../handshake-types.js";

/**
 * The record if it is of this fabric. Nodes of two fabrics may have one node ID, and two fabrics of
 * different roots one fabric ID: a fabric is its root and its ID.
 */
export function ofFabric(record: HandshakeRecord | undefined, fabric: HandshakeFabric): HandshakeRecord | undefined {
    if (record === undefined || record.fabric === fabric) return record;
    const { fabricId, fabricIndex, rootCert } = record.fabric;
    return fabricId === fabric.fabricId && fabricIndex === fabric.fabricIndex && same(rootCert, fabric.rootCert) ? record : undefined;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
