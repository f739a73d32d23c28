/** What sessions need of a fabric. matter.js's Fabric is one; so is any object of this shape. */
import type { NodeId } from "../datatype/NodeId.js";

export interface Fabric {
    readonly fabricId: bigint;
    /** Tells fabrics of one node apart, also those whose IDs are equal. */
    readonly fabricIndex: number;
    /** The node's own ID in this fabric. */
    readonly nodeId: NodeId;
    /** The ID of the node that commissioned this one. */
    readonly rootNodeId: NodeId;
    readonly caseAuthenticatedTags?: readonly number[] | undefined;
    /** What a list of sessions tells of the fabric. */
    readonly externalInformation?: unknown;
    /** Sessions in a fabric, to be ended with it. */
    addSession(session: FabricSession): void;
    removeSession(session: FabricSession): void;
}

/** What a fabric may ask of a session of its own. */
export interface FabricSession {
    readonly id: number;
    readonly name: string;
    readonly peerNodeId: NodeId;
    /** Ends it, now or after the exchange that is under way. */
    destroy(sendClose?: boolean, closeAfterExchangeFinished?: boolean): Promise<void>;
}

/** Whether two objects stand for the same fabric: an ID is only unique below its root. */
export function sameFabric(a: Fabric, b: Fabric): boolean {
    return a === b || (a.fabricId === b.fabricId && (a.fabricIndex === undefined || b.fabricIndex === undefined || a.fabricIndex === b.fabricIndex));
}
