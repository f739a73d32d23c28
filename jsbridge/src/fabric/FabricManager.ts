import { MatterError } from "../common/MatterError.js";
import { platform, type ErrorClass } from "../platform.js";

/** This node is in no fabric that the peer asks for. */
export const FabricNotFoundError: ErrorClass = platform().FabricNotFoundError ?? class FabricNotFoundError extends MatterError {};
