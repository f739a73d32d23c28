export * from "./MessageCounter.js";
export * from "./MessageReceptionState.js";
