/** `matter-session/commission`: the commissioner without a DOM, and the interfaces that a host implements. */
export type * from "./types.js";
