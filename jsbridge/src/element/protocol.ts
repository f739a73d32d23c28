/** What passes between the page program (Go, web/app) and its host. Made from the types of web/flow: durations and instants are milliseconds, 64-bit IDs are hex. */
export type Screen = "idle" | "unsupported" | "loading" | "home" | "device" | "code" | "scan" | "transport" | "pick" | "discover" | "connecting" | "securing" | "checking" | "decide" | "network" | "joining" | "finding" | "finishing" | "done" | "share" | "failed" | "stopped";
export type Route = "bluetooth" | "agent" | "host";
export type Availability = "ready" | "none" | "missing" | "disabled" | "insecure" | "frame" | "off" | "checking" | "unreachable" | "blocked" | "token";
export type StepStatus = "start" | "slow" | "done" | "failed" | "skipped";
export interface Options { manage: boolean; fabricLabel: string; routes: readonly Route[]; bluetooth: Availability; agent: Availability; agentUrl: string; camera: boolean; allowTest: boolean; language: string }
export interface CodeEntry { text: string; caret: number; form: string; digits: number; length: number; complete: boolean; problem?: Problem | undefined; payloads: readonly Payload[]; chosen: number; accepted: boolean }
export interface Payload { form: string; length: number; discriminator: number; short: boolean; hasProduct: boolean; vendorId: number; productId: number; flow: number; hasDiscovery: boolean; discovery: number }
export interface Problem { id: string; params: Readonly<Record<string, string>> }
export interface Scan { phase: string; cameras: readonly Camera[]; camera: string; torch: number; problem?: Problem | undefined; since: number }
export interface Camera { id: string; label: string }
export interface Candidate { id: string; name: string; vendorId: number; productId: number; discriminator: number; exact: boolean; open: number; address: string }
export interface Step { id: string; stage: number; status: StepStatus; startedAt: number; elapsed: number; expected: number }
export interface Attestation { request: number; verdict: string; findings: readonly string[]; vendorId: number; productId: number; certificateId: string }
export interface NetworkQuestion { request: number; kind: string; scanned: readonly Network[]; stored: readonly StoredNetwork[]; chosen: number; other: boolean; ssid: string; problem?: Problem | undefined; dataset?: ThreadSummary | undefined }
export interface Network { name: string; id: Uint8Array; rssi: number; bars: number; channel: number; band: string; open: boolean; security: number; hidden: boolean }
export interface StoredNetwork { id: string; label: string }
export interface ThreadSummary { name: string; channel: number; panid: string; problem?: Problem | undefined; complete: boolean }
export interface Failure { problem: Problem; step: string; retry: string; status: string; technical: string; until: number }
export interface Node { id: string; name: string; vendorName: string; productName: string; serial: string; vendorId: number; productId: number; fabricId: string; compressedId: string; address: string; commissionedAt: number; credentialsBackup: boolean }
export interface DeviceView { node: Node; phase: string; endpoints: readonly Endpoint[]; problem?: Problem | undefined; confirm: boolean }
export interface Endpoint { id: number; types: readonly number[]; label: string; hasOnOff: boolean; on: boolean; hasLevel: boolean; level: number; identify: boolean; pending: boolean; problem?: Problem | undefined }
export interface Share { node: Node; seconds: number; phase: string; qr: string; manual: string; until: number; vendor: string; problem?: Problem | undefined; from: Screen }
export interface Home { phase: string; label: string; fabricId: string; nodes: readonly Node[]; exists: boolean; persisted: boolean; backup: string; panel: string; notice: string; problem?: Problem | undefined }
export interface Stopped { phase: string; rolledBack: boolean; until: number }
export interface State { screen: Screen; now: number; entered: number; options: Options; code: CodeEntry; scan: Scan; route: Route; candidates: readonly Candidate[]; candidate: string; pickedName: string; searching: boolean; steps: readonly Step[]; attempts: number; attestation?: Attestation | undefined; network?: NetworkQuestion | undefined; armed: boolean; done?: Node | undefined; share: Share; failure?: Failure | undefined; stopped: Stopped; home: Home; device: DeviceView; confirmStop: boolean; notice: string }

/** Into the program. */
export type PageEvent =
    | { type: "tick"; now: number }
    | { type: "configured"; options: Options }
    | { type: "started"; code: string }
    | { type: "died"; technical: string }
    | { type: "codeTyped"; text: string; caret: number }
    | { type: "codeLeft" }
    | { type: "payloadPicked"; index: number }
    | { type: "continue" }
    | { type: "back" }
    | { type: "stop" }
    | { type: "stopAnswered"; yes: boolean }
    | { type: "again" }
    | { type: "close" }
    | { type: "scanWanted" }
    | { type: "typeInstead" }
    | { type: "cameraPicked"; id: string }
    | { type: "torchToggled" }
    | { type: "pictureGiven" }
    | { type: "routePicked"; route: Route }
    | { type: "pickWanted" }
    | { type: "notListed" }
    | { type: "candidatePicked"; id: string }
    | { type: "attestationAnswered"; accept: boolean }
    | { type: "networkPicked"; index: number }
    | { type: "ssidTyped"; text: string }
    | { type: "datasetTyped"; text: string }
    | { type: "joinWiFi"; password: string }
    | { type: "joinThread"; dataset: string }
    | { type: "joinStored"; id: string }
    | { type: "shareWanted"; node: string }
    | { type: "shareSeconds"; seconds: number }
    | { type: "shareOpen" }
    | { type: "shareClose" }
    | { type: "copyWanted"; text: string }
    | { type: "reportWanted"; withNames: boolean }
    | { type: "addWanted" }
    | { type: "deviceWanted"; node: string }
    | { type: "switched"; endpoint: number; on: boolean }
    | { type: "levelSet"; endpoint: number; level: number }
    | { type: "identifyWanted"; endpoint: number }
    | { type: "removeWanted" }
    | { type: "removeAnswered"; yes: boolean; forgetOnly: boolean }
    | { type: "homePanel"; panel: string }
    | { type: "exportWanted"; passphrase: string }
    | { type: "importWanted"; passphrase: string }
    | { type: "forgetAnswered"; yes: boolean }
    | { type: "scanned"; texts: readonly string[] }
    | { type: "scanChanged"; phase: string; cameras: readonly Camera[]; camera: string; torch: number }
    | { type: "picked"; name: string }
    | { type: "pickFailed"; id: string; technical: string }
    | { type: "candidateFound"; candidate: Candidate }
    | { type: "searchEnded"; id: string; technical: string }
    | { type: "stepReported"; step: Step }
    | { type: "attestationAsked"; attestation: Attestation }
    | { type: "networkAsked"; question: NetworkQuestion; problem: string }
    | { type: "failed"; id: string; step: string; retry: string; status: string; technical: string; wait: number; params: Readonly<Record<string, string>> }
    | { type: "commissioned"; node: Node }
    | { type: "stopDone"; rolledBack: boolean; wait: number }
    | { type: "windowOpened"; node: string; qr: string; manual: string; lasts: number }
    | { type: "windowEnded"; node: string; reason: string; vendor: string }
    | { type: "windowFailed"; node: string; status: string }
    | { type: "homeRead"; home: Home }
    | { type: "homeDone"; what: string }
    | { type: "homeFailed"; what: string; id: string; technical: string }
    | { type: "deviceRead"; node: Node; endpoints: readonly Endpoint[] }
    | { type: "deviceFailed"; node: string; id: string; technical: string }
    | { type: "attributeTold"; node: string; endpoint: number; on?: boolean | undefined; level?: number | undefined }
    | { type: "commandDone"; node: string; endpoint: number; id: string; technical: string }
    | { type: "deviceRemoved"; node: string }
    | { type: "copied"; oK: boolean }
    | { type: "reportSaved" };

/** Out of it. */
export type PageEffect =
    | { type: "pick" }
    | { type: "unpick" }
    | { type: "keepCode"; code: string }
    | { type: "forgetCode" }
    | { type: "startScan"; camera: string }
    | { type: "stopScan" }
    | { type: "setTorch"; on: boolean }
    | { type: "readPicture" }
    | { type: "checkAgent" }
    | { type: "search"; payload: number }
    | { type: "stopSearch" }
    | { type: "begin"; route: Route; candidate: string; payload: number }
    | { type: "decide"; request: number; accept: boolean }
    | { type: "join"; request: number; kind: string; ssid: Uint8Array; password: string; dataset: string; stored: string }
    | { type: "cancel" }
    | { type: "openWindow"; node: string; seconds: number }
    | { type: "closeWindow"; node: string }
    | { type: "readHome" }
    | { type: "readDevice"; node: string }
    | { type: "leaveDevice"; node: string }
    | { type: "command"; node: string; endpoint: number; command: string }
    | { type: "setLevel"; node: string; endpoint: number; level: number }
    | { type: "removeDevice"; node: string; forgetOnly: boolean }
    | { type: "exportHome"; passphrase: string }
    | { type: "importHome"; passphrase: string }
    | { type: "forgetHome" }
    | { type: "copy"; text: string }
    | { type: "saveReport"; withNames: boolean }
    | { type: "closed"; outcome: string };
