/** matter.js's error classes: its own where it runs, this package's otherwise. See platform.ts. */
import * as own from "../errors.js";
import { platform, standsAlone, type PlatformErrors } from "../platform.js";

const errors: PlatformErrors = platform().errors;

export const MatterError: PlatformErrors["MatterError"] = errors.MatterError;
export const InternalError: PlatformErrors["InternalError"] = errors.InternalError;
export const NotImplementedError: PlatformErrors["NotImplementedError"] = errors.NotImplementedError;
export const MatterFlowError: PlatformErrors["MatterFlowError"] = errors.MatterFlowError;
export const UnexpectedDataError: PlatformErrors["UnexpectedDataError"] = errors.UnexpectedDataError;
export const ImplementationError: PlatformErrors["ImplementationError"] = errors.ImplementationError;
export const NoProviderError: PlatformErrors["NoProviderError"] = errors.NoProviderError;
export const StatusResponseError: PlatformErrors["StatusResponseError"] = errors.StatusResponseError;
export const CrashedDependencyError: PlatformErrors["CrashedDependencyError"] = errors.CrashedDependencyError;

/**
 * The error to throw for one of the core's: itself, unless a library needs one of its own classes. Give
 * it every error that comes out of a call of the core.
 */
export function fromCore(error: unknown): unknown {
    if (standsAlone() || !(error instanceof own.MatterError)) return error;
    return new (classFor(error))(error.message, { cause: error });
}

function classFor(error: own.MatterError): PlatformErrors["MatterError"] {
    if (error instanceof own.UnexpectedDataError) return UnexpectedDataError;
    if (error instanceof own.ImplementationError) return ImplementationError;
    if (error instanceof own.NotStartedError) return NoProviderError;
    if (error instanceof own.DeadError) return InternalError;
    return MatterFlowError;
}
