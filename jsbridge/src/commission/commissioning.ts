/** One commissioning: the core's questions to the host, answered by callbacks, credentials and discovery. */
import { CancelledError, ImplementationError, MatterCommissionError, TransportError, type RetryPoint } from "../errors.js";
import { octetsOf } from "../hex.js";
import type { CoreEvent, Events, Scanned } from "../operations.js";
import { parseAddress } from "./address.js";
import { discoverInto, timingOf } from "./discovery.js";
import type { Driver } from "./driver.js";
import { operate } from "./operation.js";
import type {
    AttestationDecision, AttestationReport, FabricAuthority, NetworkCredentials, NetworkRequest, PeerAddress, ScannedNetwork, Stage, StepEvent, StepId, ThreadDataset,
    WifiCredentials,
} from "./types.js";

export interface CommissionOptions {
    /** Where the device is, if known: no discovery then. Text as {@link parseAddress} reads it. */
    address?: PeerAddress | string;
    /** The network that the device shall join, if it is on none. */
    network?: WifiCredentials | ThreadDataset;
    /** Where network credentials come from otherwise: the one stored network of the kind is taken. */
    networks?: NetworkCredentials;
    /** Asked when the device needs a network, also again after one that did not work. undefined stops. */
    onNetwork?: (request: NetworkRequest) => Promise<WifiCredentials | ThreadDataset | undefined> | WifiCredentials | ThreadDataset | undefined;
    onProgress?: (step: StepEvent) => void;
    /**
     * Decides about a device that is not certified. Default: refuse. Called for information when the
     * verdict is "certified" or "invalid": an invalid proof is never accepted. question: whether the device
     * waits for the answer.
     */
    onAttestation?: (report: AttestationReport, about: { readonly question: boolean }) => Promise<AttestationDecision> | AttestationDecision;
    /** Goes on with certified devices only, and does not ask. */
    certifiedOnly?: boolean;
    /** Where the device stands, told to devices that may be at either: 0 indoors, 1 outdoors, 2 both. */
    location?: 0 | 1 | 2;
    /** Two letters, such as "DE". */
    country?: string;
    /** Which payload of a QR code that holds several, from 0. */
    device?: number;
    /** The device's node ID, for hosts with an authority of their own; default: the authority's, or a random one. */
    nodeId?: bigint;
    /** Stops: what was done on the device is undone, then the promise rejects with the signal's reason. */
    signal?: AbortSignal;
}

/** Runs a commissioning to its end. ended is told how it failed, also when the promise rejects with another reason: that of a signal or a callback. */
export async function runCommissioning(
    driver: Driver,
    fabricIndex: number,
    code: string,
    options: CommissionOptions,
    authority: FabricAuthority | undefined,
    ended: (failure: MatterCommissionError) => void = () => {},
): Promise<Events["commissioned"]> {
    const { signal } = options;
    const address = typeof options.address === "string" ? parseAddress(options.address) : options.address;
    const peer = address === undefined ? undefined : await driver.peer(address, signal);
    const nodeId = options.nodeId ?? (await authority?.allocateNodeId());
    signal?.throwIfAborted();
    if (options.network !== undefined) networkMembers(options.network); // refused before anything is started
    const run = new Commissioning(driver, options, authority);
    const request = {
        fabricIndex, code, peer, place: options.location, country: options.country, certifiedOnly: options.certifiedOnly, nodeId, device: options.device,
        // A network that is given is meant, also for a device that was reached over IP.
        network: options.network === undefined ? undefined : 1,
        // Over Bluetooth nothing is retransmitted, and the device is told a network.
        link: peer === undefined ? undefined : driver.link(peer),
    };
    let id: number | undefined;
    // Not operate()'s own abort: the device is told first, and the core says when that is done.
    const aborted = (): void => {
        if (id !== undefined) driver.answer("cancel", { id });
    };
    signal?.addEventListener("abort", aborted);
    try {
        return await operate<"commission", Events["commissioned"]>(driver, "commission", request, (event, ending) => {
            id = ending.id;
            if (event.type === "commissioned") ending.done(event);
            else if (event.type === "commissionFailed") {
                const failure = failureOf(event, run.cause);
                ended(failure);
                ending.fail(signal?.aborted ? signal.reason : (run.failure ?? failure));
            } else run.handle(event);
            if (signal?.aborted) aborted();
        });
    } finally {
        signal?.removeEventListener("abort", aborted);
        run.end();
    }
}

class Commissioning {
    readonly #driver: Driver;
    readonly #options: CommissionOptions;
    readonly #authority: FabricAuthority | undefined;
    readonly #end = new AbortController();
    #search: AbortController | undefined;
    /** What a callback threw: told instead of "cancelled". */
    failure: unknown;
    /** What went wrong on the host's side last: the cause of a failure that may follow. */
    cause: Error | undefined;
    #networkTried = false;

    constructor(driver: Driver, options: CommissionOptions, authority: FabricAuthority | undefined) {
        this.#driver = driver;
        this.#options = options;
        this.#authority = authority;
    }

    end(): void {
        this.#search?.abort();
        this.#end.abort();
    }

    handle(event: CoreEvent): void {
        switch (event.type) {
            case "step":
                return this.#progress(event);
            case "discover":
                return this.#discover(event);
            case "stopDiscovery":
                return this.#search?.abort();
            case "attestation":
                return this.#ask(event.id, () => this.#attest(event), decision => {
                    if (event.request !== 0) this.#driver.answer("attestationDecision", { id: event.id, request: event.request, accept: decision === "accept" });
                });
            case "network":
                return this.#ask(event.id, () => this.#network(event), network => {
                    this.#driver.answer("networkChoice", { id: event.id, request: event.request, ...(network === undefined ? {} : networkMembers(network)) });
                });
            case "issue":
                return this.#issue(event);
            default:
                // Events of a later core that need no answer.
                return undefined;
        }
    }

    /** Asks the user's code and hands the answer on, unless the commissioning is over. Its exception stops the commissioning. */
    #ask<T>(id: number, question: () => Promise<T> | T, answer: (value: T) => void): void {
        void (async () => {
            try {
                const value = await question();
                if (!this.#end.signal.aborted) answer(value);
            } catch (error) {
                this.failure ??= error;
                if (!this.#end.signal.aborted) this.#driver.answer("cancel", { id });
            }
        })();
    }

    #progress(event: Events["step"]): void {
        const { id, step, stage, status, elapsedMs, expectedMs = 0, failSafeMs } = event;
        try {
            const safe = failSafeMs === undefined ? {} : { failSafeMs };
            this.#options.onProgress?.({ step: step as StepId, stage: stage as Stage, status: status as StepEvent["status"], elapsedMs, expectedMs, ...safe });
        } catch (error) {
            this.failure ??= error;
            this.#driver.answer("cancel", { id });
        }
    }

    #discover(event: Events["discover"]): void {
        this.#search?.abort();
        const search = new AbortController();
        this.#search = search;
        this.cause = undefined;
        const { id, request } = event;
        const query = event.operational !== undefined ? { operational: event.operational } : { discriminator: event.discriminator ?? 0, short: event.short ?? false };
        void discoverInto(
            this.#driver, query, search.signal,
            (peer, device) => {
                const { discriminator, vendorId, productId } = device;
                this.#driver.answer("discovered", { id, request, peer, discriminator, vendorId, productId, ...timingOf(device), link: this.#driver.link(peer) });
            },
            message => {
                this.cause = new TransportError(message);
                this.#driver.answer("discoveryEnded", { id, request, message });
            },
        );
    }

    async #attest(event: Events["attestation"]): Promise<AttestationDecision> {
        const { vendorId = 0, productId = 0, certificateId } = event;
        const report: AttestationReport = {
            verdict: event.verdict as AttestationReport["verdict"], findings: event.findings.map(finding => finding.sentence), vendorId, productId,
            ...(certificateId === undefined ? {} : { certificateId }),
        };
        const decision = await this.#options.onAttestation?.(report, { question: event.request !== 0 });
        if (event.request !== 0) return decision ?? "refuse";
        // For information only: a certified device goes on unless it is refused.
        if (report.verdict === "certified" && decision === "refuse") throw new CancelledError("the device was refused, though it is certified");
        return "accept";
    }

    async #network(event: Events["network"]): Promise<WifiCredentials | ThreadDataset | undefined> {
        const kind = event.networkKind === "thread" ? "thread" : "wifi";
        const { onNetwork, networks, network } = this.#options;
        // What was given or is stored is tried once: after a failure the same would fail again.
        const again = this.#networkTried;
        this.#networkTried = true;
        if (network?.kind === kind && !again) return network;
        if (onNetwork !== undefined) {
            const why = event.problem === undefined ? {} : { problem: event.problem };
            return onNetwork({ kind, scanned: event.scanned.map(scannedOf), ...why });
        }
        if (networks === undefined || again) return undefined;
        const [only, ...others] = await networks.list(kind);
        return only === undefined || others.length > 0 ? undefined : networks.get(only.id);
    }

    #issue(event: Events["issue"]): void {
        const authority = this.#authority;
        const { id, request } = event;
        void (async () => {
            try {
                if (authority === undefined) throw new ImplementationError("the core asks for a certificate, but there is no authority");
                const { noc, icac } = await authority.issue({ csr: event.csr, nodeId: event.nodeId });
                this.#driver.answer("issued", { id, request, noc, icac });
            } catch (error) {
                this.cause = error instanceof Error ? error : new Error(String(error));
                this.#driver.answer("issued", { id, request, error: this.cause.message });
            }
        })();
    }
}

function failureOf(event: Events["commissionFailed"], cause: Error | undefined): MatterCommissionError {
    const status = event.statusName === undefined || event.statusName === "" ? undefined : { name: event.statusName, value: event.statusValue ?? 0 };
    const detail = { code: event.code, step: event.step, retry: event.retry as RetryPoint, status, waitMs: event.waitMs, rolledBack: event.rolledBack };
    const ours = hostSteps.has(event.step) && cause !== undefined;
    return new MatterCommissionError(event.message, detail, ours ? { cause } : undefined);
}

/** Steps in which the host does something that can fail. */
const hostSteps: ReadonlySet<string> = new Set(["link", "csr", "noc", "discover"]);

const encoder = new TextEncoder();

function networkMembers(network: WifiCredentials | ThreadDataset): { ssid: Uint8Array; password: Uint8Array } | { dataset: Uint8Array } {
    if (network.kind === "wifi") {
        const ssid = typeof network.ssid === "string" ? encoder.encode(network.ssid) : network.ssid;
        if (ssid.length < 1 || ssid.length > 32) throw new ImplementationError(`an SSID has 1 to 32 octets, this has ${ssid.length}`);
        const password = encoder.encode(network.password);
        if (password.length > 64) throw new ImplementationError(`a Wi-Fi password has at most 64 octets, this has ${password.length}`);
        return { ssid, password };
    }
    if (typeof network.dataset !== "string") return { dataset: network.dataset };
    if (/^hex:/i.test(network.dataset)) throw new ImplementationError('a Thread dataset as hex: remove the "hex:" in front');
    try {
        return { dataset: octetsOf(network.dataset) };
    } catch (cause) {
        throw new ImplementationError(`the Thread dataset: ${messageOf(cause).replace(/^tlv: /, "")}`, { cause });
    }
}

function scannedOf(scanned: Scanned): ScannedNetwork {
    const { name, rssi = 0, channel = 0, security, extendedPanId } = scanned;
    const network: ScannedNetwork = { name: new TextDecoder().decode(name), id: extendedPanId === undefined ? name : octets64(extendedPanId), rssi, channel };
    if (security !== undefined) network.security = security;
    return network;
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** Eight octets, most significant first, as an extended PAN ID is written. */
function octets64(value: bigint): Uint8Array {
    const octets = new Uint8Array(8);
    new DataView(octets.buffer).setBigUint64(0, value);
    return octets;
}
