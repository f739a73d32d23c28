/** Puts the classes on matter.js 0.17.9: its errors are their bases, its Logger is used. */
import {
    CrashedDependencyError, ImplementationError, InternalError, Logger, MatterError, MatterFlowError, NoProviderError, NotImplementedError, UnexpectedDataError,
} from "matterjs:@matter/general";
import { StatusResponseError } from "matterjs:@matter/types";
import { setPlatform, type PlatformErrors } from "../../platform.js";

setPlatform({
    errors: {
        MatterError, InternalError, NotImplementedError, MatterFlowError, UnexpectedDataError, ImplementationError, NoProviderError,
        StatusResponseError, CrashedDependencyError,
    } as unknown as PlatformErrors,
    logger: name => Logger.get(name),
});
