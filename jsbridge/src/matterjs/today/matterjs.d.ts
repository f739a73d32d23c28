/** What the stand-ins for 0.17.9 take from the copy that they are used in. */
declare module "matterjs:@matter/general" {
    export * from "@matter/general";
}
declare module "matterjs:@matter/types" {
    export * from "@matter/types";
}
declare module "matterjs:codec/MessageCodec.js?original" {
    export { Message, MessageCodec, SessionType } from "@matter/protocol";
}
declare module "matterjs:protocol/MessageCounter.js?original" {
    export { MAX_COUNTER_VALUE_32BIT, MessageCounterTypes } from "@matter/protocol";
}
declare module "matterjs:session/NodeSession.js?original" {
    export { NodeSession } from "@matter/protocol";
}
