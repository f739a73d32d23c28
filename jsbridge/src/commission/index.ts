/** `matter-session/commission`: the controller without a host, and the interfaces that a host implements. */
export { CommissioningWindow, type WindowEnd, type WindowOptions } from "./administration.js";
export { defaultPort, parseAddress, showAddress } from "./address.js";
export {
    AgentError, agentTransport, type AgentDiscovered, type AgentOptions, type AgentQuery, type AgentState, type AgentTransport,
} from "./agent.js";
export type { AgentWebSocket, AgentWebSocketClass } from "./agent-link.js";
export { Commissioner, createCommissioner, type CommissionerOptions, type Decisions } from "./commissioner.js";
export type { CommissionOptions } from "./commissioning.js";
export type { ConnectOptions } from "./connecting.js";
export {
    Connection, type InteractionOptions, type InvokeOptions, type ReadOptions, type Report, type SubscribeOptions, type Subscription, type WriteOptions,
} from "./connection.js";
export { Controller, type ControllerOptions } from "./controller.js";
export { describe, describeFrom, shownAttributes, type DescribedDevice, type DescribedEndpoint } from "./device.js";
export type { DiscoveredWithTiming } from "./discovery.js";
export {
    attributeJson, attributeOf, clusterOf, commandOf, eventJson, valueJson, type AttributeName, type AttributeResult, type AttributeSelector, type AttributeValue,
    type ClusterRef, type CommandFields, type CommandName, type CommandResponse, type EventResult, type EventSelector, type MemberRef,
} from "./interaction.js";
export type { KnownNode } from "./nodes.js";
export { CommissioningRun, type CancelOutcome, type RetryOptions } from "./run.js";
export type * from "./types.js";
