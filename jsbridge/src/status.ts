import { StatusResponseError } from "./errors.js";

/** Names of the Interaction Model's status codes. Matter Core §8.10.1. */
const names: Readonly<Record<number, string>> = {
    0x00: "success", 0x01: "failure", 0x7d: "invalid subscription", 0x7e: "unsupported access", 0x7f: "unsupported endpoint", 0x80: "invalid action",
    0x81: "unsupported command", 0x85: "invalid command", 0x86: "unsupported attribute", 0x87: "constraint error", 0x88: "unsupported write",
    0x89: "resource exhausted", 0x8b: "not found", 0x8c: "unreportable attribute", 0x8d: "invalid data type", 0x8f: "unsupported read",
    0x92: "data version mismatch", 0x94: "timeout", 0x9b: "unsupported node", 0x9c: "busy", 0x9d: "access restricted", 0xc3: "unsupported cluster",
    0xc5: "no upstream subscription", 0xc6: "needs timed interaction", 0xc7: "unsupported event", 0xc8: "paths exhausted", 0xc9: "timed request mismatch",
    0xca: "fail-safe required", 0xcb: "invalid in state", 0xcc: "no command response", 0xcd: "terms and conditions changed", 0xce: "maintenance required",
    0xcf: "dynamic constraint error", 0xd0: "already exists", 0xd1: "invalid transport type",
};

/** The specification's name of a status, in lower case. */
export function statusName(status: number): string {
    return names[status] ?? "unknown status";
}

/** The error of a status other than success. */
export function statusError(what: string, status: number, clusterStatus?: number): StatusResponseError {
    const own = clusterStatus === undefined ? "" : `, the cluster's own status ${clusterStatus}`;
    return new StatusResponseError(`${what}: ${statusName(status)}${own}`, status, clusterStatus);
}
