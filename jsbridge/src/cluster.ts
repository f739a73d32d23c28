/** What a cluster's description is made of. The descriptions themselves are in clusters.ts. */
import { ImplementationError } from "./errors.js";
import { any, arrayOf, struct, uint16, uint32, type Schema } from "./schema.js";

export interface Attribute<T> {
    readonly id: number;
    readonly schema: Schema<T>;
    readonly writable?: boolean;
}

export interface Command<Request, Response> {
    readonly id: number;
    readonly request: Schema<Request>;
    /** Absent when the command answers with a status only. */
    readonly response?: { readonly id: number; readonly schema: Schema<Response> };
    /** Must be preceded by a TimedRequest. */
    readonly timed?: boolean;
}

export interface ClusterEvent<T> {
    readonly id: number;
    readonly schema: Schema<T>;
}

/** A: attribute name → value; C: command name → [request, response]; E: event name → fields. */
export interface Cluster<A extends object = object, C extends object = object, E extends object = object> {
    readonly id: number;
    readonly name: string;
    readonly attributes: { readonly [K in keyof A]: Attribute<A[K]> };
    readonly commands: { readonly [K in keyof C]: C[K] extends [infer Request, infer Response] ? Command<Request, Response> : never };
    readonly events: { readonly [K in keyof E]: ClusterEvent<E[K]> };
}

/** The attributes that every cluster has. Matter Core §7.13. */
export interface GlobalAttributes {
    generatedCommandList: readonly number[];
    acceptedCommandList: readonly number[];
    attributeList: readonly number[];
    featureMap: number;
    clusterRevision: number;
}

/** A command without fields. */
export type Empty = Record<never, never>;
export const empty: Schema<Empty> = struct<Empty>({});

export const globalAttributes: { readonly [K in keyof GlobalAttributes]: Attribute<GlobalAttributes[K]> } = {
    generatedCommandList: { id: 0xfff8, schema: arrayOf(uint32) },
    acceptedCommandList: { id: 0xfff9, schema: arrayOf(uint32) },
    attributeList: { id: 0xfffb, schema: arrayOf(uint32) },
    featureMap: { id: 0xfffc, schema: uint32 },
    clusterRevision: { id: 0xfffd, schema: uint16 },
};

/** A cluster without a description: its numbers are the names, its values the untyped ones. */
export type AnyCluster = Cluster<Record<string, unknown>, Record<string, [unknown, unknown]>, Record<string, unknown>>;
export type AnyAttribute = Attribute<unknown>;
export type AnyCommand = Command<unknown, unknown>;

/** Compares names as people type them: `on-off`, `OnOff` and `onoff` are one. */
function plain(name: string): string {
    return name.replace(/[\s_-]/g, "").toLowerCase();
}

/** A number given as decimal or 0x… hexadecimal, or undefined when the text is a name. */
function numberOf(text: string): number | undefined {
    return /^(?:[0-9]+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined;
}

/** Finds a cluster by name or number; a number that has no description here still works, untyped. */
export function findCluster(clusters: readonly Cluster[], text: string): AnyCluster {
    const number = numberOf(text);
    const found = clusters.find(cluster => (number === undefined ? plain(cluster.name) === plain(text) : cluster.id === number));
    if (found !== undefined) return found as unknown as AnyCluster;
    if (number === undefined) {
        throw new ImplementationError(`no cluster is known as "${text}": use its number, or one of ${clusters.map(cluster => cluster.name).join(", ")}`);
    }
    return { id: number, name: `0x${number.toString(16).padStart(4, "0")}`, attributes: {}, commands: {}, events: {} };
}

/** Finds an attribute by name or number. */
export function findAttribute(cluster: AnyCluster, text: string): AnyAttribute & { name: string } {
    return find({ ...cluster.attributes, ...globalAttributes } as Record<string, AnyAttribute>, text, `attribute of ${cluster.name}`, id => ({ id, schema: any as Schema<unknown>, writable: true }));
}

/** Finds a command by name or number. */
export function findCommand(cluster: AnyCluster, text: string): AnyCommand & { name: string } {
    return find(cluster.commands as Record<string, AnyCommand>, text, `command of ${cluster.name}`, id => ({ id, request: any as Schema<unknown> }));
}

/** Finds an event by name or number. */
export function findEvent(cluster: AnyCluster, text: string): ClusterEvent<unknown> & { name: string } {
    return find(cluster.events as Record<string, ClusterEvent<unknown>>, text, `event of ${cluster.name}`, id => ({ id, schema: any as Schema<unknown> }));
}

function find<T extends { readonly id: number }>(table: Record<string, T>, text: string, kind: string, untyped: (id: number) => T): T & { name: string } {
    const number = numberOf(text);
    const found = Object.entries(table).find(([name, entry]) => (number === undefined ? plain(name) === plain(text) : entry.id === number));
    if (found !== undefined) return { ...found[1], name: found[0] };
    if (number === undefined) throw new ImplementationError(`no ${kind} is known as "${text}": use its number, or one of ${Object.keys(table).join(", ")}`);
    return { ...untyped(number), name: `0x${number.toString(16).padStart(4, "0")}` };
}
