import { MatterError } from "../common/MatterError.js";
import { platform, type ErrorClass } from "../platform.js";

class OwnFabricNotFoundError extends MatterError {}

/** This node is in no fabric that the peer asks for. */
export const FabricNotFoundError: ErrorClass = platform().FabricNotFoundError ?? OwnFabricNotFoundError;
