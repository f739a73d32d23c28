/** One commissioning as the page sees it: the machine's steps, questions and end as page events, the page's answers back. */
import type { Commissioner } from "../../commission/commissioner.js";
import type { CommissioningRun } from "../../commission/run.js";
import type {
    AttestationDecision, AttestationReport, Commissioned, Discovered, NetworkCredentials, NetworkRequest, PeerAddress, ScannedNetwork, StepEvent, ThreadDataset, WifiCredentials,
} from "../../commission/types.js";
import { DeadError } from "../../errors.js";
import { octetsOf } from "../../hex.js";
import type { Network, PageEffect, PageEvent, Route } from "../protocol.js";
import { failureOf, type AttemptContext, type Failed } from "./failures.js";
import type { Recorder } from "./recorder.js";
import type { Ways } from "./ways.js";

type Decide = Extract<PageEffect, { type: "decide" }>;
type Join = Extract<PageEffect, { type: "join" }>;

export interface AttemptHost {
    readonly ways: Ways;
    readonly recorder: Recorder;
    readonly networks: NetworkCredentials | undefined;
    readonly certifiedOnly: boolean;
    emit(event: PageEvent): void;
    /** A number for a question, never used before. */
    number(): number;
}

export interface AttemptOptions {
    route: Route;
    code: string;
    /** Which device of a code that has several. */
    device: number | undefined;
    /** Where it is, if it was chosen among those that were found. */
    found: readonly Discovered[] | undefined;
}

export type AttemptEnd = { commissioned: Commissioned } | { failed: Failed } | { stopped: { rolledBack: boolean; waitMs: number } };

export class Attempt {
    /** How it ended. Rejects only when the core died of it. */
    readonly ended: Promise<AttemptEnd>;
    readonly #host: AttemptHost;
    readonly #run: CommissioningRun;
    readonly #decisions = new Map<number, (accept: boolean) => void>();
    readonly #choices = new Map<number, (join: Join) => void>();
    #stopped = false;
    readonly #about: Omit<AttemptContext, "link" | "alone">;
    readonly #route: Route;
    #stepAt = Date.now();

    constructor(host: AttemptHost, commissioner: Commissioner, options: AttemptOptions) {
        const { ways } = host;
        this.#host = host;
        this.#route = options.route;
        this.#about = { ssid: "", thread: { name: "", channel: "" }, step: "payload", stepMs: 0, finding: "", address: "", refused: false };
        ways.route = options.route;
        ways.linkEnd = undefined;
        ways.networkSeen = false;
        const [only, ...others] = options.found ?? [];
        ways.chosen = others.length > 0 ? options.found : undefined;
        const address = this.#address(only?.peer);
        this.#run = commissioner.start(options.code, {
            ...(address === undefined || others.length > 0 ? {} : { address }), ...(options.device === undefined ? {} : { device: options.device }),
            certifiedOnly: host.certifiedOnly,
            onProgress: step => this.#step(step),
            onAttestation: (report, { question }) => this.#attestation(report, question),
            onNetwork: request => this.#network(request),
        });
        this.ended = this.#follow();
    }

    /** The page's answer to a question. Late ones are ignored. */
    decide({ request, accept }: Decide): void {
        const decided = this.#decisions.get(request);
        this.#decisions.delete(request);
        decided?.(accept);
    }

    join(join: Join): void {
        const chosen = this.#choices.get(join.request);
        this.#choices.delete(join.request);
        chosen?.(join);
    }

    /** Undoes; {@link ended} tells how that went. */
    stop(): void {
        this.#stopped = true;
        void this.#run.cancel();
    }

    #address(found: PeerAddress | undefined): PeerAddress | undefined {
        const { ways } = this.#host;
        if (this.#route === "bluetooth") return ways.linkAddress();
        if (found !== undefined) return found;
        return this.#route === "host" && ways.host !== undefined && ways.host.discover === undefined ? { id: "" } : undefined;
    }

    async #follow(): Promise<AttemptEnd> {
        const { ways } = this.#host;
        try {
            return { commissioned: await this.#run.commissioned };
        } catch (error) {
            if (error instanceof DeadError) throw error;
            if (this.#stopped && !this.#about.refused) {
                const { rolledBack, waitMs = 0 } = await this.#run.cancel();
                return { stopped: { rolledBack, waitMs } };
            }
            const alone = this.#route === "bluetooth" && !ways.networkSeen;
            return { failed: failureOf(error, { ...this.#about, link: ways.linkEnd, alone }) };
        } finally {
            ways.chosen = undefined;
            ways.closeLink();
            this.#decisions.clear();
            this.#choices.clear();
        }
    }

    #step({ step, stage, status, elapsedMs, expectedMs, failSafeMs }: StepEvent): void {
        const { recorder, emit } = this.#host;
        const now = Date.now();
        if (status === "start") this.#stepAt = now;
        this.#about.step = step;
        this.#host.ways.joining = step === "connect" && (status === "start" || status === "slow");
        this.#about.stepMs = now - this.#stepAt;
        recorder.add({ what: "step", step, stage, status, elapsedMs, expectedMs });
        emit({ type: "stepReported", step: { id: step, stage, status, startedAt: status === "start" ? now : this.#stepAt, elapsed: now - this.#stepAt, expected: expectedMs, failSafe: failSafeMs } });
    }

    #attestation(report: AttestationReport, question: boolean): Promise<AttestationDecision> | AttestationDecision {
        const { recorder, emit, number } = this.#host;
        const { verdict, findings, vendorId, productId, certificateId } = report;
        recorder.product = { vendorId, productId };
        recorder.attestation = { verdict, findings, ...(certificateId === undefined ? {} : { certificateId }) };
        recorder.add({ what: "verdict", verdict });
        this.#about.finding = findings[0] ?? verdict;
        const request = number();
        emit({ type: "attestationAsked", attestation: { request, verdict, findings: [...findings], vendorId, productId, certificateId: certificateId ?? "" } });
        if (!question) {
            this.#decisions.set(request, accept => {
                if (accept || verdict !== "certified") return;
                recorder.add({ what: "decision", accepted: false });
                this.#about.refused = true;
                void this.#run.cancel();
            });
            return "accept"; // the machine knows what it may accept
        }
        return new Promise<AttestationDecision>(resolve => {
            this.#decisions.set(request, accept => {
                recorder.add({ what: "decision", accepted: accept });
                resolve(accept ? "accept" : "refuse");
            });
        });
    }

    async #network({ kind, scanned, problem }: NetworkRequest): Promise<WifiCredentials | ThreadDataset | undefined> {
        const { recorder, networks } = this.#host;
        const stored = (await networks?.list(kind).catch(() => [])) ?? [];
        for (const { name } of scanned) recorder.name("networks", name);
        let why = problem;
        for (;;) {
            recorder.add({ what: "network", kind, scanned: scanned.length, ...(why === undefined ? {} : { problem: why }) });
            const join = await this.#asked(kind, scanned, stored, why);
            const credentials = await this.#credentials(join, kind).catch(() => undefined);
            if (credentials !== undefined) return credentials;
            why = kind === "thread" ? "thread-dataset" : "wifi-auth";
        }
    }

    #asked(kind: "wifi" | "thread", scanned: readonly ScannedNetwork[], stored: readonly { id: string; label: string }[], problem: string | undefined): Promise<Join> {
        const { emit, number } = this.#host;
        const request = number();
        return new Promise<Join>(resolve => {
            this.#choices.set(request, resolve);
            emit({
                type: "networkAsked", problem: problem ?? "",
                question: {
                    request, kind, scanned: scanned.map(each => networkOf(each, kind)), stored: stored.map(({ id, label }) => ({ id, label })), chosen: -1, other: false,
                    ssid: problem === undefined ? "" : this.#about.ssid,
                },
            });
        });
    }

    /** What the page chose, if a device can be given it. */
    async #credentials(join: Join, kind: "wifi" | "thread"): Promise<WifiCredentials | ThreadDataset | undefined> {
        const { networks, recorder } = this.#host;
        const given: WifiCredentials | ThreadDataset | undefined = join.stored !== "" ? await networks?.get(join.stored)
            : kind === "wifi" ? { kind, ssid: join.ssid, password: join.password } : { kind, dataset: join.dataset };
        if (given?.kind !== kind) return undefined;
        if (given.kind === "wifi") {
            const ssid = typeof given.ssid === "string" ? new TextEncoder().encode(given.ssid) : given.ssid;
            this.#about.ssid = new TextDecoder().decode(ssid);
            recorder.name("networks", this.#about.ssid);
            return ssid.length >= 1 && ssid.length <= 32 && new TextEncoder().encode(given.password).length <= 64 ? given : undefined;
        }
        const dataset = typeof given.dataset === "string" ? octetsOf(given.dataset.trim()) : given.dataset;
        this.#about.thread = threadNamesOf(dataset);
        recorder.name("networks", this.#about.thread.name);
        return dataset.length <= 254 ? { kind: "thread", dataset } : undefined;
    }
}

function networkOf({ name, id, rssi, channel, security = 0 }: ScannedNetwork, kind: "wifi" | "thread"): Network {
    const bars = rssi >= -55 ? 4 : rssi >= -67 ? 3 : rssi >= -75 ? 2 : rssi >= -85 ? 1 : 0;
    const band = kind === "thread" ? "" : channel >= 1 && channel <= 14 ? "2.4" : channel >= 32 && channel <= 177 ? "5" : "";
    return { name, id, rssi, bars, channel, band, open: kind === "wifi" && security === 1, security, hidden: name === "" };
}

/** Name and channel of a Thread dataset, for sentences. Types of its TLVs: 0 channel, 3 name. */
function threadNamesOf(dataset: Uint8Array): { name: string; channel: string } {
    const names = { name: "", channel: "" };
    for (let at = 0; at + 2 <= dataset.length; at += 2 + (dataset[at + 1] ?? 0)) {
        const value = dataset.subarray(at + 2, at + 2 + (dataset[at + 1] ?? 0));
        if (dataset[at] === 3) names.name = new TextDecoder().decode(value);
        else if (dataset[at] === 0 && value.length === 3) names.channel = String(((value[1] ?? 0) << 8) | (value[2] ?? 0));
    }
    return names;
}
