/** What the elements' events carry. No detail has a passcode, a password, a dataset or a key. */
import type { AttestationDecision, AttestationReport, Commissioned, NetworkRequest, StepEvent, StepId, ThreadDataset, WifiCredentials } from "../commission/types.js";
import type { RetryPoint } from "../errors.js";
import type { Screen } from "./protocol.js";

export type ScreenId = Screen;

/** What this browser and this page can do. */
export interface Support {
    bluetooth: "ready" | "off" | Unsupported;
    camera: boolean;
}

/** Why Bluetooth cannot be used. */
export type Unsupported = "missing" | "disabled" | "insecure" | "frame";

export interface StateDetail { state: ScreenId; previous: ScreenId }
export type StepDetail = StepEvent;
/** respondWith: at most once, and before the event's dispatch has ended. */
export interface AttestationDetail extends AttestationReport { respondWith(decision: PromiseLike<AttestationDecision> | AttestationDecision): void }
export interface NetworkDetail extends NetworkRequest { respondWith(network: PromiseLike<WifiCredentials | ThreadDataset> | WifiCredentials | ThreadDataset): void }
export interface ErrorDetail { code: string; step: StepId | undefined; retry: RetryPoint; status?: { name: string; value: number }; waitMs?: number; message: string }
export type CommissionedDetail = Commissioned;
/** expiresAt: Unix milliseconds. */
export interface ShareDetail { nodeId: bigint; expiresAt: number; status: "open" | "joined" | "closed" }
export interface CloseDetail { outcome: "commissioned" | "cancelled" | "failed" }

/** By event name, for addEventListener. */
export interface MatterCommissionEventMap {
    "matter-state": CustomEvent<StateDetail>;
    "matter-step": CustomEvent<StepDetail>;
    "matter-attestation": CustomEvent<AttestationDetail>;
    "matter-network": CustomEvent<NetworkDetail>;
    "matter-error": CustomEvent<ErrorDetail>;
    "matter-commissioned": CustomEvent<CommissionedDetail>;
    "matter-share": CustomEvent<ShareDetail>;
    "matter-close": CustomEvent<CloseDetail>;
}
