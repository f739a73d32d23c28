/** What a person is told when something went wrong: problem ids, with what their sentences name. */
import { AgentError } from "../../commission/agent.js";
import { BackupError, CancelledError, LoadError, MatterCommissionError, NoResponseTimeoutError, SetupCodeError, StatusResponseError, StorageError, type RetryPoint } from "../../errors.js";
import type { LinkEnd } from "./ways.js";
import { RemoteError } from "./wire.js";

/** What is known of an attempt beside its failure. */
export interface AttemptContext {
    /** Of the last network that was tried. */
    ssid: string;
    thread: { name: string; channel: string };
    /** The step that failed, and how long it had been at it. */
    step: string;
    stepMs: number;
    finding: string;
    address: string;
    link: LinkEnd | undefined;
    /** Over Bluetooth, and no way over the network was there. */
    alone: boolean;
    /** A certified device was refused. */
    refused: boolean;
}

export interface Failed {
    id: string;
    step: string;
    retry: RetryPoint;
    status?: { name: string; value: number };
    technical: string;
    waitMs: number;
    rolledBack?: boolean;
    params: Record<string, string>;
}

export function failureOf(error: unknown, about: AttemptContext): Failed {
    const failed = { step: about.step, technical: technicalOf(error), waitMs: 0, params: {} };
    if (error instanceof MatterCommissionError) return commissionFailure(error, about);
    if (error instanceof SetupCodeError) return { ...failed, id: codeIds[error.fault] ?? "code-inconsistent", step: "payload", retry: "code" };
    if (error instanceof AgentError) return { ...failed, id: `agent-${error.state}`, retry: "same" };
    if (error instanceof LoadError) return { ...failed, id: "load-failed", retry: "same", params: { cause: messageOf(error) } };
    if (about.link !== undefined) return { ...failed, id: about.link.id, step: "link", retry: "restart" };
    if (error instanceof StorageError || isRemote(error, "StorageError")) return { ...failed, id: "storage-failed", retry: "same", params: { cause: messageOf(error) } };
    if (error instanceof CancelledError && about.refused) return { ...failed, id: "attestation-refused", step: "attestation", retry: "none", params: { finding: about.finding } };
    return { ...failed, id: "unexpected", retry: "restart" };
}

function commissionFailure(error: MatterCommissionError, about: AttemptContext): Failed {
    const { status, waitMs = 0, rolledBack, step = about.step } = error;
    let { code: id, retry } = error;
    // The link knows better than the session why it is gone, and the search why it found nothing.
    if (id === "connection-lost" && about.link !== undefined && about.link.id !== "closed") id = about.link.id;
    if (id === "not-seen" && about.alone) id = "no-ip-path";
    if (id === "cancelled" && about.refused) [id, retry] = ["attestation-refused", "none"];
    const failed: Failed = { id, step, retry, technical: about.link === undefined ? technicalOf(error) : `${technicalOf(error)} (${about.link.technical})`, waitMs, params: paramsOf(id, error, about) };
    if (status !== undefined) failed.status = status;
    if (rolledBack !== undefined) failed.rolledBack = rolledBack;
    return failed;
}

/** What the sentence of an id names. All texts, for they are put into sentences. */
export function paramsOf(id: string, error: MatterCommissionError | undefined, about: AttemptContext): Record<string, string> {
    const status: Record<string, string> = error?.status === undefined ? {} : { status: error.status.name, number: String(error.status.value) };
    switch (id) {
        case "wifi-not-found":
        case "wifi-auth":
        case "wifi-security":
        case "ip-failed":
        case "network-table-full":
        case "not-seen":
            return { ...status, ssid: about.ssid === "" ? about.thread.name : about.ssid };
        case "thread-not-found":
        case "thread-dataset":
            return { ...status, name: about.thread.name, channel: about.thread.channel };
        case "pase-timeout":
            return { s: String(Math.round(about.stepMs / 1000)) };
        case "connection-lost":
        case "btp-stalled":
            return { step: error?.step ?? about.step };
        case "csr-invalid":
            return { check: error?.message.replace(/^The device's key request was faulty: |\.$/g, "") ?? "" };
        case "fabric-table-full":
            return error?.status?.name === "CommissionedFabrics" ? { n: String(error.status.value) } : status;
        case "attestation-refused":
        case "attestation-invalid":
            return { finding: about.finding };
        case "storage-failed":
            return { cause: messageOf(error?.cause ?? error) };
        case "case-failed":
            return { ...status, address: about.address };
        case "complete-refused":
            return { ...status, error: error?.status?.name ?? error?.message ?? "" };
        default:
            return status;
    }
}

const codeIds: Readonly<Record<SetupCodeError["fault"], string>> = {
    length: "code-length", character: "code-character", "check-digit": "code-check-digit", version: "code-version", inconsistent: "code-inconsistent", range: "code-range",
    passcode: "code-passcode", padding: "code-inconsistent", tlv: "code-inconsistent",
};

/** The id of what went wrong with a home. */
export function homeProblem(error: unknown): string {
    if (error instanceof BackupError) return `backup-${error.fault}`;
    return error instanceof StorageError || isRemote(error, "StorageError") ? "storage-failed" : "unexpected";
}

/** The id of what went wrong with a device of the home. */
export function deviceProblem(error: unknown): string {
    if (error instanceof AgentError) return `agent-${error.state}`;
    if (error instanceof NoResponseTimeoutError) return "device-unreachable";
    return error instanceof StatusResponseError ? "device-refused" : "unexpected";
}

export function statusOf(error: unknown): string {
    if (error instanceof StatusResponseError) return error.clusterCode === undefined ? `status (${error.code})` : (windowStatus[error.clusterCode] ?? `status (${error.clusterCode})`);
    return messageOf(error);
}

/** Of the administrator commissioning cluster. Matter Core §11.19.6. */
const windowStatus: Readonly<Record<number, string>> = { 2: "Busy (2)", 3: "PAKEParameterError (3)", 4: "WindowNotOpen (4)" };

/** The whole chain of causes, as "Details" shows it. */
export function technicalOf(error: unknown): string {
    const parts: string[] = [];
    for (let at = error; at !== undefined && parts.length < 4; at = at instanceof Error ? at.cause : undefined) {
        const message = messageOf(at);
        if (!parts.some(part => part.includes(message))) parts.push(message);
    }
    return parts.join(": ");
}

export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function isRemote(error: unknown, name: string): boolean {
    return error instanceof RemoteError && error.remoteName === name;
}
