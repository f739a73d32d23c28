/**
 * Puts the classes on matter.js: its errors are their bases, its Crypto, Time and Logger are used. None of
 * the modules imported here reaches one that is replaced, so there is no cycle through this file.
 */
import { CrashedDependencyError } from "matterjs:common/Lifecycle.js";
import {
    ImplementationError, InternalError, MatterError, MatterFlowError, NoProviderError, NotImplementedError, UnexpectedDataError,
} from "matterjs:common/MatterError.js";
import { ValidationError } from "matterjs:common/ValidationError.js";
import { Crypto } from "matterjs:crypto/Crypto.js";
import { FabricNotFoundError } from "matterjs:fabric/FabricManager.js";
import { Diagnostic } from "matterjs:log/Diagnostic.js";
import { Logger } from "matterjs:log/Logger.js";
import { StatusResponseError } from "matterjs:protocol/interaction/StatusCode.js";
import { ChannelStatusResponseError } from "matterjs:protocol/securechannel/SecureChannelMessenger.js";
import { Time } from "matterjs:time/Time.js";
import { AsyncConstruction } from "matterjs:util/AsyncConstruction.js";
import { AsyncObservable, Observable } from "matterjs:util/Observable.js";
import { setPlatform } from "../platform.js";

setPlatform({
    errors: {
        MatterError, InternalError, NotImplementedError, MatterFlowError, UnexpectedDataError, ImplementationError, NoProviderError,
        StatusResponseError, CrashedDependencyError,
    },
    ValidationError,
    FabricNotFoundError,
    ChannelStatusResponseError,
    observable: () => Observable(),
    asyncObservable: () => AsyncObservable(),
    // By name at each call: tests and hosts replace the providers behind them.
    randomBytes: length => Crypto.getRandomData(length),
    nowMs: () => Time.nowMs(),
    timer: (name, durationMs, callback) => Time.getTimer(name, durationMs, callback),
    logger: name => Logger.get(name),
    dict: entries => Diagnostic.dict(entries),
    construction: (subject, work) => AsyncConstruction(subject, work),
});
