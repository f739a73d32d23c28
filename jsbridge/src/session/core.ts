import { fromCore, NoProviderError } from "../common/MatterError.js";
import { core, type Core } from "../core.js";
import { NotStartedError } from "../errors.js";

/** The shared core. Sessions are synchronous, so it must have been started before. */
export function sessionCore(): Core {
    try {
        return core();
    } catch (error) {
        if (!(error instanceof NotStartedError)) throw fromCore(error);
        throw new NoProviderError('The core is not started: await start() of "matter-session" before anything is done with a session.');
    }
}
