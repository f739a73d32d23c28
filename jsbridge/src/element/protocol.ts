/**
 * What passes between the page's program (Go, web/app) and its host.
 *
 * Made by `go generate ./web/app/codec` from the types of web/flow: change those. Instants are Unix
 * milliseconds, durations milliseconds, 64-bit IDs hex strings. Every field must be there with its type, apart from
 * those marked with "?"; the program refuses an event that is not so.
 */

/** Availability says whether a way can be used, or why not. */
export type Availability = "ready" | "none" | "missing" | "disabled" | "insecure" | "frame" | "off" | "checking" | "unreachable" | "blocked" | "token";

/** A Route is how the page reaches the device. */
export type Route = "bluetooth" | "agent" | "host";

/** A Screen is one kind of state. The names are public: hosts see them as matter-state. */
export type Screen = "idle" | "unsupported" | "loading" | "home" | "device" | "code" | "scan" | "transport" | "pick" | "discover" | "connecting" | "securing" | "checking" | "decide" | "network" | "joining" | "finding" | "finishing" | "done" | "share" | "failed" | "stopped";

/** A StepStatus is as the sessions report it. */
export type StepStatus = "start" | "slow" | "done" | "failed" | "skipped";

/** Attestation is what was found out about the device's maker. */
export interface Attestation {
    readonly request: number;
    /** certified, unlisted, test, invalid */
    readonly verdict: string;
    readonly findings: readonly string[];
    readonly vendorId: number;
    readonly productId: number;
    readonly certificateId: string;
}

/** A Camera is one that can be chosen. */
export interface Camera {
    readonly id: string;
    readonly label: string;
}

/** A Candidate is a device that was found and may be the one. */
export interface Candidate {
    /** the host's */
    readonly id: string;
    /** untrusted text */
    readonly name: string;
    readonly vendorId: number;
    readonly productId: number;
    readonly discriminator: number;
    /** long discriminator, or vendor and product, match as well */
    readonly exact: boolean;
    /** TXT CM: 0 not in pairing mode */
    readonly open: number;
    readonly address: string;
}

/** An Endpoint is a part of a device. */
export interface Endpoint {
    readonly id: number;
    /** device types */
    readonly types: readonly number[];
    /** untrusted text */
    readonly label: string;
    readonly hasOnOff: boolean;
    readonly on: boolean;
    readonly hasLevel: boolean;
    /** 1..254 */
    readonly level: number;
    readonly identify: boolean;
    readonly pending: boolean;
    readonly problem?: Problem | undefined;
}

/** Home is all that this browser keeps. */
export interface Home {
    /** "reading", "ready", "failed" */
    readonly phase: string;
    readonly label: string;
    readonly fabricId: string;
    readonly nodes: readonly Node[];
    /** there is a home */
    readonly exists: boolean;
    /** the browser promised to keep it */
    readonly persisted: boolean;
    /** Backup: "none" (can be made now), "made", "impossible" (the keys can no longer be read) */
    readonly backup: string;
    /** "", "export", "import", "forget" */
    readonly panel: string;
    /** message ID of what has just been done */
    readonly notice: string;
    readonly problem?: Problem | undefined;
}

/** A Network is one that the device sees. Several access points of one SSID are merged, the strongest counts. */
export interface Network {
    /** untrusted text */
    readonly name: string;
    readonly id: Uint8Array;
    readonly rssi: number;
    /** 0..4 */
    readonly bars: number;
    readonly channel: number;
    /** "2.4", "5", "6" or "" */
    readonly band: string;
    readonly open: boolean;
    readonly security: number;
    readonly hidden: boolean;
}

/** NetworkQuestion asks for the network that the device shall join. */
export interface NetworkQuestion {
    readonly request: number;
    /** wifi, thread */
    readonly kind: string;
    readonly scanned: readonly Network[];
    readonly stored: readonly StoredNetwork[];
    /** Chosen is an index of Scanned, or -1 for another network. */
    readonly chosen: number;
    readonly other: boolean;
    /** of the other network, kept after a failure */
    readonly ssid: string;
    /** Problem is why it is asked again. */
    readonly problem?: Problem | undefined;
    /** Dataset is what a pasted Thread dataset says, without its key. */
    readonly dataset?: ThreadSummary | undefined;
}

/** A Node is a device of this home. IDs are hex, since they have 64 bits. */
export interface Node {
    /** 16 upper-case hex digits */
    readonly id: string;
    /** untrusted text */
    readonly name: string;
    /** untrusted text */
    readonly vendorName: string;
    /** untrusted text */
    readonly productName: string;
    /** untrusted text */
    readonly serial: string;
    readonly vendorId: number;
    readonly productId: number;
    readonly fabricId: string;
    readonly compressedId: string;
    readonly address: string;
    /** Unix milliseconds */
    readonly commissionedAt: number;
    /** of the home: an encrypted backup exists */
    readonly credentialsBackup: boolean;
}

/** Options come from the element's attributes and the host, before anything happens and whenever they change. */
export interface Options {
    /** begin with ScreenHome */
    readonly manage: boolean;
    readonly fabricLabel: string;
    /** Routes in the order of preference; only those that can exist here. */
    readonly routes: readonly Route[];
    readonly bluetooth: Availability;
    readonly agent: Availability;
    readonly agentUrl: string;
    readonly camera: boolean;
    /** AllowTest: test roots are loaded, so "test" verdicts can be accepted. */
    readonly allowTest: boolean;
    readonly language: string;
}

/** A Problem is something that a person can do something about. ID names its sentences: messages "error.<ID>", "error.<ID>.cause", "error.<ID>.action". */
export interface Problem {
    readonly id: string;
    readonly params: Readonly<Record<string, string>>;
    /** Detail is the cause as the sessions or the browser tell it; never secret. */
    readonly detail: string;
}

/** A Step is one protocol step, as "Details" lists it. */
export interface Step {
    /** commission.StepID */
    readonly id: string;
    readonly stage: number;
    readonly status: StepStatus;
    readonly startedAt: number;
    readonly elapsed: number;
    readonly expected: number;
    /** FailSafe is how long the device still waits before it undoes everything by itself; nil: unknown. It becomes State.FailSafeEnds. */
    readonly failSafe?: number | undefined;
}

/** A StoredNetwork is one whose credentials the host has. */
export interface StoredNetwork {
    readonly id: string;
    readonly label: string;
}

/** ThreadSummary is what a dataset says that is not secret. */
export interface ThreadSummary {
    readonly name: string;
    readonly channel: number;
    /** extended, 16 hex digits */
    readonly panId: string;
    readonly problem?: Problem | undefined;
    readonly complete: boolean;
}

/** Into the program: what happened. */
export type PageEvent =
    /** Configured replaces the options. */
    | { readonly type: "configured"; readonly options: Options }
    /** Started begins at the first screen. Code is one that the host gave, or "". */
    | { readonly type: "started"; readonly code: string }
    /** Died: the sessions' program stopped unexpectedly. */
    | { readonly type: "died"; readonly technical: string }
    | { readonly type: "codeTyped"; readonly text: string; readonly caret: number }
    | { readonly type: "codeLeft" }
    | { readonly type: "payloadPicked"; readonly index: number }
    | { readonly type: "continue" }
    | { readonly type: "back" }
    | { readonly type: "stop" }
    | { readonly type: "stopAnswered"; readonly yes: boolean }
    | { readonly type: "again" }
    | { readonly type: "close" }
    | { readonly type: "scanWanted" }
    | { readonly type: "typeInstead" }
    | { readonly type: "cameraPicked"; readonly id: string }
    | { readonly type: "torchToggled" }
    | { readonly type: "pictureGiven" }
    | { readonly type: "routePicked"; readonly route: Route }
    | { readonly type: "pickWanted" }
    | { readonly type: "notListed" }
    | { readonly type: "candidatePicked"; readonly id: string }
    /** GoOnAlone: over Bluetooth without a way over the network, after no-ip-path. */
    | { readonly type: "goOnAlone" }
    | { readonly type: "attestationAnswered"; readonly accept: boolean }
    | { readonly type: "networkPicked"; readonly index: number }
    | { readonly type: "ssidTyped"; readonly text: string }
    | { readonly type: "datasetTyped"; readonly text: string }
    /** JoinWiFi and JoinThread carry secrets; they go into an effect and nowhere else. */
    | { readonly type: "joinWiFi"; readonly password: string }
    | { readonly type: "joinThread"; readonly dataset: string }
    | { readonly type: "joinStored"; readonly id: string }
    | { readonly type: "shareWanted"; readonly node: string }
    | { readonly type: "shareSeconds"; readonly seconds: number }
    | { readonly type: "shareOpen" }
    | { readonly type: "shareClose" }
    | { readonly type: "copyWanted"; readonly text: string }
    | { readonly type: "reportWanted"; readonly withNames: boolean }
    | { readonly type: "addWanted" }
    | { readonly type: "deviceWanted"; readonly node: string }
    | { readonly type: "switched"; readonly endpoint: number; readonly on: boolean }
    | { readonly type: "levelSet"; readonly endpoint: number; readonly level: number }
    | { readonly type: "identifyWanted"; readonly endpoint: number }
    | { readonly type: "removeWanted" }
    | { readonly type: "removeAnswered"; readonly yes: boolean; readonly forgetOnly: boolean }
    | { readonly type: "homePanel"; readonly panel: string }
    | { readonly type: "exportWanted"; readonly passphrase: string }
    | { readonly type: "importWanted"; readonly passphrase: string }
    | { readonly type: "forgetAnswered"; readonly yes: boolean }
    | { readonly type: "scanned"; readonly texts: readonly string[] }
    | { readonly type: "scanChanged"; readonly phase: string; readonly cameras: readonly Camera[]; readonly camera: string; readonly torch: number }
    /** Picked: a device was chosen in the browser's list. */
    | { readonly type: "picked"; readonly name: string }
    /** PickFailed: ID is a problem's (picker-dismissed, bluetooth-off, not-matter-device…). */
    | { readonly type: "pickFailed"; readonly id: string; readonly technical: string }
    /** LinkStalled: the device stopped answering on Bluetooth; one more try runs. */
    | { readonly type: "linkStalled" }
    | { readonly type: "candidateFound"; readonly candidate: Candidate }
    | { readonly type: "searchEnded"; readonly id: string; readonly technical: string }
    | { readonly type: "stepReported"; readonly step: Step }
    | { readonly type: "attestationAsked"; readonly attestation: Attestation }
    | { readonly type: "networkAsked"; readonly question: NetworkQuestion; readonly problem: string }
    | { readonly type: "failed"; readonly id: string; readonly step: string; readonly retry: string; readonly status: string; readonly technical: string; readonly wait: number; readonly params: Readonly<Record<string, string>> }
    | { readonly type: "commissioned"; readonly node: Node }
    | { readonly type: "stopDone"; readonly rolledBack: boolean; readonly wait: number }
    | { readonly type: "windowOpened"; readonly node: string; readonly qr: string; readonly manual: string; readonly lasts: number }
    /** WindowEnded: Reason is joined, closed or expired. */
    | { readonly type: "windowEnded"; readonly node: string; readonly reason: string; readonly vendor: string }
    | { readonly type: "windowFailed"; readonly node: string; readonly status: string }
    | { readonly type: "homeRead"; readonly home: Home }
    | { readonly type: "homeDone"; readonly what: string }
    /** HomeFailed: What is export, import, forget or read. */
    | { readonly type: "homeFailed"; readonly what: string; readonly id: string; readonly technical: string }
    | { readonly type: "deviceRead"; readonly node: Node; readonly endpoints: readonly Endpoint[] }
    | { readonly type: "deviceFailed"; readonly node: string; readonly id: string; readonly technical: string }
    /** AttributeTold: something changed on a device that is shown. */
    | { readonly type: "attributeTold"; readonly node: string; readonly endpoint: number; readonly on?: boolean | undefined; readonly level?: number | undefined }
    | { readonly type: "commandDone"; readonly node: string; readonly endpoint: number; readonly id: string; readonly technical: string }
    | { readonly type: "deviceRemoved"; readonly node: string }
    | { readonly type: "copied"; readonly ok: boolean }
    | { readonly type: "reportSaved" };

/** Out of it: what the host has to do. */
export type PageEffect =
    /** KeepCode hands the setup code to the worker, which keeps it for retries. */
    | { readonly type: "keepCode"; readonly code: string }
    | { readonly type: "forgetCode" }
    | { readonly type: "startScan"; readonly camera: string }
    | { readonly type: "stopScan" }
    | { readonly type: "setTorch"; readonly on: boolean }
    | { readonly type: "readPicture" }
    | { readonly type: "checkAgent" }
    /** Search looks for devices that the kept code may belong to. */
    | { readonly type: "search"; readonly payload: number }
    | { readonly type: "stopSearch" }
    /** Begin commissions with the kept code. */
    | { readonly type: "begin"; readonly route: Route; readonly candidate: string; readonly payload: number }
    | { readonly type: "decide"; readonly request: number; readonly accept: boolean }
    | { readonly type: "join"; readonly request: number; readonly kind: string; readonly ssid: Uint8Array; readonly password: string; readonly dataset: string; readonly stored: string }
    /** Cancel undoes what was done on the device; StopDone follows. */
    | { readonly type: "cancel" }
    | { readonly type: "openWindow"; readonly node: string; readonly seconds: number }
    | { readonly type: "closeWindow"; readonly node: string }
    | { readonly type: "readHome" }
    | { readonly type: "readDevice"; readonly node: string }
    | { readonly type: "leaveDevice"; readonly node: string }
    /** Command: on, off, identify. */
    | { readonly type: "command"; readonly node: string; readonly endpoint: number; readonly command: string }
    | { readonly type: "setLevel"; readonly node: string; readonly endpoint: number; readonly level: number }
    | { readonly type: "removeDevice"; readonly node: string; readonly forgetOnly: boolean }
    | { readonly type: "exportHome"; readonly passphrase: string }
    | { readonly type: "importHome"; readonly passphrase: string }
    | { readonly type: "forgetHome" }
    | { readonly type: "copy"; readonly text: string }
    | { readonly type: "saveReport"; readonly withNames: boolean }
    /** Closed ends the wizard. Outcome: commissioned, cancelled, failed. */
    | { readonly type: "closed"; readonly outcome: string };
