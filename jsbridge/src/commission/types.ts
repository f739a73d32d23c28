/**
 * What a host brings to a commissioning, and what it is told. The same for Node, the page and the
 * elements: no file of this directory knows a host.
 */
import type { RetryPoint } from "../errors.js";

/** Octets under a name. save() resolves only when durable; the commissioner reads back before it starts. */
export interface CredentialStore {
    load(key: string): Promise<Uint8Array | undefined>;
    save(key: string, value: Uint8Array): Promise<void>;
    remove(key: string): Promise<void>;
    /** Runs fn while no other tab or process holds the same name. */
    exclusive<T>(name: string, fn: () => Promise<T>): Promise<T>;
}

/** For hosts with their own CA: the root key and the IPK's origin stay outside. */
export interface FabricAuthority {
    readonly fabricId: bigint;
    /** Matter TLV. */
    readonly rootCertificate: Uint8Array;
    readonly adminNodeId: bigint;
    readonly adminVendorId: number;
    /** The fabric's name, for people; written to the devices. At most 32 octets. */
    readonly label?: string;
    /** The epoch key, 16 octets. */
    ipk(): Promise<Uint8Array>;
    allocateNodeId(): Promise<bigint>;
    /** csr: DER PKCS#10 as the device sent it, its self-signature checked. Certificates come back as Matter TLV. */
    issue(request: { csr: Uint8Array; nodeId: bigint }): Promise<{ noc: Uint8Array; icac?: Uint8Array }>;
    /** sign: ECDSA P-256 with SHA-256 over data, as 64 octets r‖s. */
    operationalIdentity(): Promise<{ noc: Uint8Array; icac?: Uint8Array; sign(data: Uint8Array): Promise<Uint8Array> }>;
}

/** Labels are listed; a secret is fetched for one use and not kept. */
export interface NetworkCredentials {
    list(kind: "wifi" | "thread"): Promise<readonly { id: string; label: string }[]>;
    get(id: string): Promise<WifiCredentials | ThreadDataset>;
}

/** How datagrams reach devices, and how devices are found. */
export interface HostTransport {
    /** Ends when signal aborts or nothing more can come. operational: the instance name, `COMPRESSEDFABRICID-NODEID`. */
    discover?(query: DiscoverQuery, signal: AbortSignal): AsyncIterable<Discovered>;
    open(peer: PeerAddress, signal: AbortSignal): Promise<Channel>;
}

export type DiscoverQuery = { discriminator: number; short: boolean } | { operational: string };

export interface Channel {
    readonly kind: "datagram" | "btp";
    /** The longest message that {@link send} takes, in octets. */
    readonly maxMessage: number;
    send(message: Uint8Array): void;
    /** Sets the one handler. Order is the order of calls. */
    receive(handler: (message: Uint8Array) => void): void;
    /** Resolves when the channel is gone, whoever closed it; never rejects. */
    readonly closed: Promise<{ reason: string }>;
    close(): void;
}

export interface Discovered {
    peer: PeerAddress;
    /** 12 bits. */
    discriminator?: number;
    vendorId?: number;
    productId?: number;
    /** TXT CM: 0 closed, 1 the label's passcode, 2 an opened window, 3 joint fabric. */
    open?: 0 | 1 | 2 | 3;
}

/** id: whatever the host's transport understands. */
export type PeerAddress = { host: string; port: number; zone?: string } | { id: string };

export type StepId =
    | "payload" | "link" | "pase" | "facts" | "fail-safe" | "regulatory" | "time" | "attestation" | "csr" | "root" | "noc"
    | "scan" | "network" | "connect" | "discover" | "case" | "complete" | "label";

export type WifiCredentials = { kind: "wifi"; ssid: Uint8Array | string; password: string };
/** The operational dataset: TLVs, or their hex. */
export type ThreadDataset = { kind: "thread"; dataset: Uint8Array | string };

/** 1 Code, 2 Connect, 3 Check, 4 Network, 5 Finish. */
export type Stage = 1 | 2 | 3 | 4 | 5;

/** One step's start, delay or end: what `matter-step` carries and `onProgress` is called with. */
export interface StepEvent {
    step: StepId;
    stage: Stage;
    status: "start" | "slow" | "done" | "failed" | "skipped";
    elapsedMs: number;
    expectedMs: number;
    /** Until the device undoes everything by itself; absent while there is nothing to undo. */
    failSafeMs?: number;
}

/** What was found out about a device's maker. Only "invalid" can never be accepted. */
export interface AttestationReport {
    verdict: "certified" | "unlisted" | "test" | "invalid";
    findings: readonly string[];
    vendorId: number;
    productId: number;
    certificateId?: string;
}

export type AttestationDecision = "accept" | "refuse";

/** The device needs a network: which kind, and what it sees. */
export interface NetworkRequest {
    kind: "wifi" | "thread";
    scanned: readonly ScannedNetwork[];
    /** Why it is asked again: "wifi-auth", "wifi-not-found"… */
    problem?: string;
}

/** One network as the device sees it. */
export interface ScannedNetwork {
    /** Text of the SSID or the Thread network's name; empty when hidden. */
    name: string;
    /** The SSID's octets, or the 8 octets of the extended PAN ID. */
    id: Uint8Array;
    channel: number;
    /** dBm. */
    rssi: number;
    /** Wi-Fi only. bit 0 open, 1 WEP, 2 WPA, 3 WPA2, 4 WPA3. */
    security?: number;
}

/** Why a commissioning failed: what `matter-error` carries. */
export interface CommissionFailure {
    code: string;
    step: StepId | undefined;
    retry: RetryPoint;
    status?: { name: string; value: number };
    waitMs?: number;
    message: string;
}

/** A device that is now in the fabric. */
export interface Commissioned {
    nodeId: bigint;
    fabricId: bigint;
    /** Sixteen upper-case hex digits. */
    compressedFabricId: string;
    fabricIndex: number;
    vendorId: number;
    productId: number;
    /** The label that somebody gave it, or else its product's name. These texts are the device's: untrusted. */
    name?: string;
    vendorName?: string;
    productName?: string;
    serialNumber?: string;
    address: PeerAddress;
}
