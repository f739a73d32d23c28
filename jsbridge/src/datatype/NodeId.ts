import { ImplementationError, UnexpectedDataError } from "../common/MatterError.js";
import { platform } from "../platform.js";

/** 64 bits, always a bigint: no float holds one. Matter Core §2.5.5. */
export type NodeId = bigint;

const largest = 0xffff_ffff_ffff_ffffn;
const largestOperational = 0xffff_ffef_ffff_ffffn;

export interface NodeIdNamespace {
    (value: bigint | number): NodeId;
    /** The same; an error says whose value it is. */
    checked(name: string, value: bigint | number): NodeId;
    readonly UNSPECIFIED_NODE_ID: NodeId;
    /** 16 upper-case digits. */
    toHexString(nodeId: NodeId): string;
    randomOperationalNodeId(): NodeId;
    isOperationalNodeId(nodeId: NodeId): boolean;
    fromGroupNodeId(groupId: number): NodeId;
    fromTemporaryLocalNodeId(id: number): NodeId;
}

/** Checks a node ID. A number is taken if it is exact. */
function checked(name: string, value: bigint | number): NodeId {
    const id = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof id !== "bigint" || id < 0n || id > largest) {
        throw new ImplementationError(`${name}: expected a node ID, which is a bigint of 64 bits, got ${typeof value === "bigint" ? value : typeof value}`);
    }
    return id;
}

function below(prefix: bigint, id: number, size: number, what: string): NodeId {
    if (!(id >= 0 && id < 2 ** size)) throw new UnexpectedDataError(`Invalid ${what}: ${id}`);
    return (prefix << BigInt(size)) | BigInt(id);
}

export const NodeId: NodeIdNamespace = Object.assign((value: bigint | number) => checked("nodeId", value), {
    checked,
    UNSPECIFIED_NODE_ID: 0n,
    toHexString: (nodeId: NodeId) => nodeId.toString(16).toUpperCase().padStart(16, "0"),
    randomOperationalNodeId(): NodeId {
        for (;;) {
            const id = platform().randomBytes(8).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
            if (NodeId.isOperationalNodeId(id)) return id;
        }
    },
    isOperationalNodeId: (nodeId: NodeId) => nodeId >= 1n && nodeId <= largestOperational,
    fromGroupNodeId: (groupId: number) => below(0xffff_ffff_ffffn, groupId, 16, "group ID"),
    fromTemporaryLocalNodeId: (id: number) => below(0xffff_fffen, id, 32, "ID"),
});
