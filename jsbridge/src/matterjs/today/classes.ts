/** All that stands in for modules of matter.js 0.17.9. The build makes one file of this. */
import "./bind.js";

export * from "./MessageCodec.js";
export * from "./MessageCounter.js";
export * from "./MessageReceptionState.js";
export { NodeSession } from "./NodeSession.js";
