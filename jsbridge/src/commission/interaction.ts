/** Paths, values and results of reads, writes and commands, between names and numbers. */
import { findAttribute, findCluster, findCommand, findEvent, type AnyCluster, type Attribute, type Cluster, type ClusterEvent, type Command, type GlobalAttributes } from "../cluster.js";
import { clusters } from "../clusters.js";
import { MatterError, type StatusResponseError } from "../errors.js";
import { toJson, type Json } from "../json.js";
import type { AttributePath, AttributeReport, EventPath, EventReport } from "../operations.js";
import type { Schema } from "../schema.js";
import { statusError } from "../status.js";
import { toValue, type TlvElement } from "../tlv.js";

/** A cluster's description, or its number or name. */
export type ClusterRef = Cluster | number | string;
/** A member of a cluster: its name, or its number. */
export type MemberRef = string | number;

/** Absent members are wildcards. */
export interface AttributeSelector {
    endpoint?: number;
    cluster?: ClusterRef;
    attribute?: MemberRef;
}
export interface EventSelector {
    endpoint?: number;
    cluster?: ClusterRef;
    event?: MemberRef;
}

/** The value type of an attribute of a described cluster. */
export type AttributeValue<C extends Cluster, K> = K extends keyof C["attributes"]
    ? C["attributes"][K] extends Attribute<infer T> ? T : never
    : K extends keyof GlobalAttributes ? GlobalAttributes[K] : never;
export type AttributeName<C extends Cluster> = (keyof C["attributes"] & string) | keyof GlobalAttributes;
export type CommandName<C extends Cluster> = keyof C["commands"] & string;
export type CommandFields<C extends Cluster, K extends keyof C["commands"]> = C["commands"][K] extends Command<infer T, infer _> ? T : never;
export type CommandResponse<C extends Cluster, K extends keyof C["commands"]> = C["commands"][K] extends Command<infer _, infer T> ? T : never;

/** One attribute as reported. Exactly one of value and error is there. */
export interface AttributeResult {
    endpoint: number;
    cluster: number;
    attribute: number;
    /** `Cluster.attribute` by name where there is a description, else by number. */
    name: string;
    dataVersion?: number;
    /** Typed by the cluster's description; untyped where there is none, or where the peer's value does not fit it. */
    value?: unknown;
    /** The TLV as it came. */
    element?: TlvElement;
    error?: StatusResponseError;
}

/** One event as reported. */
export interface EventResult {
    endpoint: number;
    cluster: number;
    event: number;
    name: string;
    number?: bigint;
    priority?: number;
    /** Milliseconds since 1970 by the device's clock, or since its start. */
    epochMs?: bigint;
    systemMs?: bigint;
    value?: unknown;
    element?: TlvElement;
    error?: StatusResponseError;
}

export function clusterOf(ref: ClusterRef): AnyCluster {
    return typeof ref === "object" ? (ref as unknown as AnyCluster) : findCluster(clusters, String(ref));
}

export function attributePath(selector: AttributeSelector): AttributePath {
    const cluster = selector.cluster === undefined ? undefined : clusterOf(selector.cluster);
    let attribute: number | undefined;
    if (selector.attribute !== undefined) {
        attribute = typeof selector.attribute === "number" ? selector.attribute : findAttribute(cluster ?? globalsOnly, selector.attribute).id;
    }
    return { endpoint: selector.endpoint, cluster: cluster?.id, attribute };
}

export function eventPath(selector: EventSelector): EventPath {
    const cluster = selector.cluster === undefined ? undefined : clusterOf(selector.cluster);
    const event = selector.event === undefined ? undefined : findEvent(cluster ?? globalsOnly, String(selector.event)).id;
    return { endpoint: selector.endpoint, cluster: cluster?.id, event };
}

const globalsOnly: AnyCluster = { id: 0, name: "every cluster", attributes: {}, commands: {}, events: {} };

/** The description of an attribute, an untyped one where there is none. */
export function attributeOf(cluster: ClusterRef, attribute: MemberRef): Attribute<unknown> & { name: string; path: string } {
    const described = clusterOf(cluster);
    const found = findAttribute(described, String(attribute));
    return { ...found, path: `${described.name}.${found.name}` };
}

export function commandOf(cluster: ClusterRef, command: MemberRef): Command<unknown, unknown> & { name: string; path: string } {
    const described = clusterOf(cluster);
    const found = findCommand(described, String(command));
    return { ...found, path: `${described.name}.${found.name}` };
}

export function attributeResult(report: AttributeReport): AttributeResult {
    const { endpoint, cluster, attribute, dataVersion, value, status, clusterStatus } = report;
    const described = attributeOf(cluster, attribute);
    const result: AttributeResult = { endpoint, cluster, attribute, name: described.path };
    if (dataVersion !== undefined) result.dataVersion = dataVersion;
    if (value === undefined) result.error = statusError(`${described.path} on endpoint ${endpoint}`, status ?? 0x01, clusterStatus);
    else Object.assign(result, { element: value, value: typed(described.schema, value) });
    return result;
}

export function eventResult(report: EventReport): EventResult {
    const { endpoint, cluster, event, data, status, clusterStatus } = report;
    const described = clusterOf(cluster);
    const known: ClusterEvent<unknown> & { name: string } = findEvent(described, String(event));
    const result: EventResult = { endpoint, cluster, event, name: `${described.name}.${known.name}` };
    for (const key of ["number", "priority", "epochMs", "systemMs"] as const) {
        if (report[key] !== undefined) Object.assign(result, { [key]: report[key] });
    }
    if (data !== undefined) Object.assign(result, { element: data, value: typed(known.schema, data) });
    else if (status !== undefined) result.error = statusError(`${result.name} on endpoint ${endpoint}`, status, clusterStatus);
    return result;
}

/** A value by its schema; untyped where a device does not keep to it, so that one attribute cannot spoil a whole report. */
function typed(schema: Schema<unknown>, element: TlvElement): unknown {
    try {
        return schema.fromElement(element, "");
    } catch (error) {
        if (!(error instanceof MatterError)) throw error;
        return toValue(element);
    }
}

/** The JSON form of a result: by schema where the value fits it. */
export function attributeJson(result: AttributeResult): { [key: string]: Json } {
    const { endpoint, cluster, attribute, name } = result;
    return { endpoint, cluster, attribute, name, ...outcomeJson(result, attributeOf(cluster, attribute).schema) };
}

export function eventJson(result: EventResult): { [key: string]: Json } {
    const { endpoint, cluster, event, name, number, priority, epochMs, systemMs } = result;
    const json: { [key: string]: Json } = { endpoint, cluster, event, name };
    if (number !== undefined) json["number"] = number.toString();
    if (priority !== undefined) json["priority"] = priority;
    if (epochMs !== undefined) json["epochMs"] = epochMs.toString();
    if (systemMs !== undefined) json["systemMs"] = systemMs.toString();
    return { ...json, ...outcomeJson(result, findEvent(clusterOf(cluster), String(event)).schema) };
}

function outcomeJson(result: { element?: TlvElement; error?: StatusResponseError }, schema: Schema<unknown>): { [key: string]: Json } {
    if (result.error !== undefined) {
        const { code, clusterCode, message } = result.error;
        return { status: code, ...(clusterCode === undefined ? {} : { clusterStatus: clusterCode }), message };
    }
    return result.element === undefined ? {} : { value: valueJson(schema, result.element) };
}

/** An element's JSON form by a schema, or by the rules without one where it does not fit. */
export function valueJson(schema: Schema<unknown>, element: TlvElement): Json {
    try {
        return schema.toJson(schema.fromElement(element, ""));
    } catch (error) {
        if (!(error instanceof MatterError)) throw error;
        return toJson(toValue(element));
    }
}

