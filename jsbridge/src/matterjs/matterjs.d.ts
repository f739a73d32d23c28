/** What this folder takes from matter.js itself, whose package exports none of these modules. */
declare module "matterjs:common/Lifecycle.js" {
    export const CrashedDependencyError: import("../platform.js").PlatformErrors["CrashedDependencyError"];
}
declare module "matterjs:common/MatterError.js" {
    type Errors = import("../platform.js").PlatformErrors;
    export const MatterError: Errors["MatterError"];
    export const InternalError: Errors["InternalError"];
    export const NotImplementedError: Errors["NotImplementedError"];
    export const MatterFlowError: Errors["MatterFlowError"];
    export const UnexpectedDataError: Errors["UnexpectedDataError"];
    export const ImplementationError: Errors["ImplementationError"];
    export const NoProviderError: Errors["NoProviderError"];
}
declare module "matterjs:common/ValidationError.js" {
    export const ValidationError: import("../session/handshake-types.js").ValidationErrorClass;
}
declare module "matterjs:crypto/Crypto.js" {
    export const Crypto: { getRandomData(length: number): Uint8Array };
}
declare module "matterjs:fabric/FabricManager.js" {
    export const FabricNotFoundError: import("../platform.js").ErrorClass;
}
declare module "matterjs:log/Diagnostic.js" {
    export const Diagnostic: { dict(entries: object): Record<string, unknown> };
}
declare module "matterjs:log/Logger.js" {
    export const Logger: { get(name: string): import("../platform.js").Logger };
}
declare module "matterjs:protocol/interaction/StatusCode.js" {
    export const StatusResponseError: import("../platform.js").StatusErrorClass;
}
declare module "matterjs:protocol/securechannel/SecureChannelMessenger.js" {
    export const ChannelStatusResponseError: import("../session/handshake-types.js").ChannelStatusErrorClass;
}
declare module "matterjs:time/Time.js" {
    export const Time: { nowMs(): number; getTimer(name: string, durationMs: number, callback: () => void): import("../session/handshake-types.js").HandshakeTimer };
}
declare module "matterjs:util/AsyncConstruction.js" {
    export function AsyncConstruction<T extends object>(subject: T, work: () => Promise<void>): import("../platform.js").Construction<T>;
}
declare module "matterjs:util/Observable.js" {
    type Observable<T extends unknown[], R> = import("../util/Observable.js").Observable<T, R>;
    export const Observable: { <T extends unknown[], R>(): Observable<T, R> };
    export const AsyncObservable: { <T extends unknown[], R>(): Observable<T, R | PromiseLike<R>> };
}
