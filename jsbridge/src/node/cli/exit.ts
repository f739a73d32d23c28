/** Exit codes of the command. docs/cli.md has the table; a test compares the two. */
import { CommanderError } from "commander";
import {
    CancelledError, HandshakeError, ImplementationError, MatterCommissionError, NoResponseTimeoutError, SessionClosedError, SetupCodeError, StatusResponseError, StorageError,
    TransportError, UnexpectedDataError, WrongPasscodeError,
} from "../../errors.js";
import { TrustError } from "../trust-list.js";

export const exitCodes = {
    done: 0,
    unexpected: 1,
    usage: 2,
    setupCode: 3,
    wrongCode: 4,
    noAnswer: 5,
    attestation: 6,
    refused: 7,
    network: 8,
    storage: 9,
    trust: 10,
    interrupted: 130,
} as const;

/** Wrong use of the command: an argument that cannot be meant. */
export class UsageError extends Error {}

/** The user pressed Ctrl-C, or the process was told to end. */
export class Interrupted extends Error {}

/** Whoever read the results has gone. */
export class Unread extends Interrupted {}

const noAnswer = new Set(["not-found", "pase-timeout", "not-seen", "connection-lost", "connect-failed", "case-failed"]);
const network = new Set([
    "scan-failed", "wifi-not-found", "wifi-auth", "wifi-security", "network-table-full", "ip-failed", "thread-dataset", "thread-not-found", "retry-refused",
]);

export function exitCodeOf(error: unknown): number {
    if (error instanceof Unread) return exitCodes.done;
    if (error instanceof Interrupted) return exitCodes.interrupted;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof MatterCommissionError) return commissionCode(error.code);
    if (error instanceof SetupCodeError) return exitCodes.setupCode;
    if (error instanceof WrongPasscodeError) return exitCodes.wrongCode;
    if (error instanceof UsageError || error instanceof ImplementationError) return exitCodes.usage;
    if (error instanceof NoResponseTimeoutError || error instanceof TransportError || error instanceof SessionClosedError) return exitCodes.noAnswer;
    if (error instanceof TrustError) return exitCodes.trust;
    if (error instanceof StorageError) return exitCodes.storage;
    if (error instanceof StatusResponseError || error instanceof HandshakeError || error instanceof UnexpectedDataError) return exitCodes.refused;
    if (error instanceof CancelledError) return exitCodes.interrupted;
    return exitCodes.unexpected;
}

function commissionCode(code: string): number {
    if (code === "wrong-code") return exitCodes.wrongCode;
    if (code.startsWith("attestation-")) return exitCodes.attestation;
    if (code.startsWith("storage-")) return exitCodes.storage;
    if (code === "cancelled") return exitCodes.interrupted;
    if (noAnswer.has(code)) return exitCodes.noAnswer;
    if (network.has(code)) return exitCodes.network;
    return code === "unexpected" ? exitCodes.unexpected : exitCodes.refused;
}
