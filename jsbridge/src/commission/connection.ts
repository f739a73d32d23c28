import type { Cluster } from "../cluster.js";
import { errorOf } from "../core.js";
import { ImplementationError, SessionClosedError, UnexpectedDataError } from "../errors.js";
import type { InvokeItem, WriteItem } from "../operations.js";
import { statusError } from "../status.js";
import { toValue } from "../tlv.js";
import { closeWindow, openWindow, removeOwnFabric, type OpenedWindow, type WindowOptions } from "./administration.js";
import type { Driver } from "./driver.js";
import {
    attributeOf, attributePath, attributeResult, clusterOf, commandOf, eventPath, eventResult, type AttributeName, type AttributeResult, type AttributeSelector,
    type AttributeValue, type ClusterRef, type CommandFields, type CommandName, type CommandResponse, type EventResult, type EventSelector, type MemberRef,
} from "./interaction.js";
import { operate } from "./operation.js";
import type { PeerAddress } from "./types.js";

export interface InteractionOptions {
    signal?: AbortSignal;
    /** How long the peer may take to answer, beside retransmission. Default: the core's. */
    timeoutMs?: number;
}
export interface ReadOptions extends InteractionOptions {
    /** Only what belongs to our fabric, in lists that are kept per fabric. Default true. */
    fabricFiltered?: boolean;
    /** Only events from this number on. */
    eventMin?: bigint;
}
export interface WriteOptions extends InteractionOptions {
    /** Makes the write timed, with this limit. */
    timedMs?: number;
}
export type InvokeOptions = WriteOptions;

export interface SubscribeOptions extends ReadOptions {
    attributes?: readonly AttributeSelector[];
    events?: readonly EventSelector[];
    /** Seconds between reports: at least, and at most (a report without changes is the sign of life). */
    minFloorS?: number;
    maxCeilingS?: number;
    /** Keeps the peer's other subscriptions of ours. Default true. */
    keep?: boolean;
    /** Called with every report, the first ones before {@link Connection.subscribe} resolves. */
    onReport(report: Report): void;
}

export interface Report {
    attributes: AttributeResult[];
    events: EventResult[];
}

/** A subscription that lasts. */
export interface Subscription extends Disposable {
    readonly id: number;
    readonly maxIntervalS: number;
    /** Resolves at the end: undefined after {@link close}, else why. Never rejects. */
    readonly ended: Promise<Error | undefined>;
    close(): void;
}

/** A timed interaction must follow its announcement within this. */
const defaultTimedMs = 10_000;

/** One session with one node. It ends when either side closes it, or when the peer is gone. */
export class Connection implements Disposable {
    readonly nodeId: bigint;
    /** The session's number in the core. */
    readonly session: number;
    /** Whether an earlier session was resumed instead of a full handshake. */
    readonly resumed: boolean;
    readonly address: PeerAddress | undefined;
    /** @internal */
    readonly peer: number;
    /** Resolves when the session is gone, with the reason; never rejects. */
    readonly closed: Promise<Error>;
    readonly #driver: Driver;
    #end: Error | undefined;
    #resolveClosed: (error: Error) => void = () => {};

    /** @internal */
    constructor(driver: Driver, about: { nodeId: bigint; session: number; resumed: boolean; peer: number }) {
        this.#driver = driver;
        this.nodeId = about.nodeId;
        this.session = about.session;
        this.resumed = about.resumed;
        this.peer = about.peer;
        this.address = driver.address(about.peer);
        this.closed = new Promise(resolve => (this.#resolveClosed = resolve));
    }

    get isOpen(): boolean {
        return this.#end === undefined && this.#driver.ended === undefined;
    }

    /** Reads one attribute. */
    read<C extends Cluster, K extends AttributeName<C>>(path: { endpoint: number; cluster: C; attribute: K }, options?: ReadOptions): Promise<AttributeValue<C, K>>;
    /** Reads one attribute by number or name; its value is untyped where the cluster has no description. */
    read(path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef }, options?: ReadOptions): Promise<unknown>;
    async read(path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef }, options: ReadOptions = {}): Promise<unknown> {
        const { schema, path: name } = attributeOf(path.cluster, path.attribute);
        const [result] = (await this.readMany({ attributes: [path] }, options)).attributes;
        if (result === undefined) throw new UnexpectedDataError(`the node did not answer for ${name} on endpoint ${path.endpoint}`);
        if (result.error !== undefined) throw result.error;
        // By the schema once more: readMany() is lenient, a value that is asked for by name is not.
        return result.element === undefined ? undefined : schema.fromElement(result.element, name);
    }

    /** Reads attributes and events; members that are absent from a path are wildcards. */
    async readMany(
        paths: { attributes?: readonly AttributeSelector[]; events?: readonly EventSelector[] },
        options: ReadOptions = {},
    ): Promise<Report> {
        const report: Report = { attributes: [], events: [] };
        const request = { ...this.#reading(paths, options) };
        return operate<"read", Report>(this.#live(), "read", request, (event, ending) => {
            if (event.type !== "report") return;
            report.attributes.push(...(event.attributes ?? []).map(attributeResult));
            report.events.push(...(event.events ?? []).map(eventResult));
            if (event.last) ending.done(report);
        }, options.signal);
    }

    /** Writes one attribute. */
    write<C extends Cluster, K extends AttributeName<C>>(
        path: { endpoint: number; cluster: C; attribute: K; value: AttributeValue<C, K>; dataVersion?: number },
        options?: WriteOptions,
    ): Promise<void>;
    write(path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef; value: unknown; dataVersion?: number }, options?: WriteOptions): Promise<void>;
    async write(path: { endpoint: number; cluster: ClusterRef; attribute: MemberRef; value: unknown; dataVersion?: number }, options: WriteOptions = {}): Promise<void> {
        const { id, schema, path: name } = attributeOf(path.cluster, path.attribute);
        const item: WriteItem = {
            endpoint: path.endpoint, cluster: clusterOf(path.cluster).id, attribute: id, value: schema.toElement(path.value, "", name), dataVersion: path.dataVersion,
        };
        const request = { session: this.session, items: [item], timedMs: options.timedMs, patienceMs: options.timeoutMs };
        const statuses = await operate<"write", readonly { status: number; clusterStatus?: number | undefined }[]>(this.#live(), "write", request, (event, ending) => {
            if (event.type === "writeDone") ending.done(event.statuses);
        }, options.signal);
        const failed = statuses.find(each => each.status !== 0);
        if (failed !== undefined) throw statusError(`${name} on endpoint ${path.endpoint}`, failed.status, failed.clusterStatus);
    }

    /** Runs one command; resolves with its response, or with undefined when it answers with a status only. */
    invoke<C extends Cluster, K extends CommandName<C>>(
        path: { endpoint: number; cluster: C; command: K; fields?: CommandFields<C, K> },
        options?: InvokeOptions,
    ): Promise<CommandResponse<C, K>>;
    invoke(path: { endpoint: number; cluster: ClusterRef; command: MemberRef; fields?: unknown }, options?: InvokeOptions): Promise<unknown>;
    async invoke(path: { endpoint: number; cluster: ClusterRef; command: MemberRef; fields?: unknown }, options: InvokeOptions = {}): Promise<unknown> {
        const command = commandOf(path.cluster, path.command);
        const item: InvokeItem = {
            endpoint: path.endpoint, cluster: clusterOf(path.cluster).id, command: command.id, fields: command.request.toElement(path.fields ?? {}, "", command.path),
        };
        const timedMs = options.timedMs ?? (command.timed === true ? defaultTimedMs : undefined);
        const request = { session: this.session, items: [item], timedMs, patienceMs: options.timeoutMs };
        return operate<"invoke", unknown>(this.#live(), "invoke", request, (event, ending) => {
            if (event.type !== "invokeDone") return;
            const [result] = event.results;
            if (result?.data !== undefined) {
                const { response } = command;
                if (response !== undefined && result.command !== response.id) {
                    throw new UnexpectedDataError(`${command.path} was answered by command ${result.command} instead of ${response.id}`);
                }
                ending.done(response === undefined ? toValue(result.data) : response.schema.fromElement(result.data, `${command.path} response`));
            } else if (result?.status === 0) ending.done(undefined);
            else ending.fail(statusError(`${command.path} on endpoint ${path.endpoint}`, result?.status ?? 0xcc, result?.clusterStatus));
        }, options.signal);
    }

    /** Subscribes; resolves when the peer has accepted and the first report is through. */
    async subscribe(options: SubscribeOptions): Promise<Subscription> {
        const driver = this.#live();
        const { minFloorS = 0, maxCeilingS = 60, keep = true } = options;
        if (minFloorS > maxCeilingS) throw new ImplementationError(`the least interval, ${minFloorS} s, is above the longest, ${maxCeilingS} s`);
        let endWith: (error: Error | undefined) => void = () => {};
        const ended = new Promise<Error | undefined>(resolve => (endWith = resolve));
        const request = { ...this.#reading(options, options), minFloorS, maxCeilingS, keep };
        return new Promise<Subscription>((resolve, reject) => {
            options.signal?.throwIfAborted();
            let id = 0;
            let over = false;
            const stop = (error: Error | undefined, tellCore: boolean): void => {
                over = true;
                options.signal?.removeEventListener("abort", aborted);
                driver.forget(id);
                if (tellCore) driver.answer("cancel", { id });
                endWith(error);
                // Settled long ago, unless the subscription ends before it begins.
                reject(error ?? new SessionClosedError("the subscription was closed"));
            };
            const aborted = (): void => stop(options.signal?.reason as Error, true);
            driver.begin("subscribe", request, {
                event(event) {
                    if (event.type === "failed") stop(errorOf(event.code, event.message, event), false);
                    else if (event.type === "subscriptionLost") stop(errorOf(event.code, event.message), false);
                    else if (event.type === "subscribed") {
                        const close = (): void => stop(undefined, true);
                        resolve({ id: event.subscriptionId, maxIntervalS: event.maxIntervalS, ended, close, [Symbol.dispose]: close });
                    } else if (event.type === "report") {
                        try {
                            options.onReport({ attributes: (event.attributes ?? []).map(attributeResult), events: (event.events ?? []).map(eventResult) });
                        } catch (error) {
                            stop(error as Error, true);
                        }
                    }
                },
                fail: error => stop(error, false),
            }, started => (id = started));
            if (!over) options.signal?.addEventListener("abort", aborted);
        });
    }

    /** {@link Controller.openCommissioningWindow} without anything that watches it. @internal */
    openWindow(options: WindowOptions = {}): Promise<OpenedWindow> {
        return openWindow(this.#live().core, this, options);
    }

    /** Closes the device's commissioning window, whoever opened it. Harmless when there is none. */
    closeCommissioningWindow(options: InteractionOptions = {}): Promise<void> {
        return closeWindow(this, options);
    }

    /** Takes our fabric out of the device, which forgets us and everything that we told it. */
    removeFabric(options: InteractionOptions = {}): Promise<void> {
        return removeOwnFabric(this, options);
    }

    /** Closes the session on both sides. Harmless when repeated. */
    close(): void {
        if (this.#end !== undefined) return;
        this.end(new SessionClosedError("the session was closed by this side"));
        this.#driver.answer("closeSession", { session: this.session });
    }

    [Symbol.dispose](): void {
        this.close();
    }

    /** @internal */
    end(error: Error): void {
        if (this.#end !== undefined) return;
        this.#end = error;
        this.#resolveClosed(error);
    }

    #live(): Driver {
        if (this.#end !== undefined) throw this.#end;
        return this.#driver;
    }

    #reading(paths: { attributes?: readonly AttributeSelector[]; events?: readonly EventSelector[] }, options: ReadOptions) {
        return {
            session: this.session,
            attributes: paths.attributes?.map(attributePath),
            events: paths.events?.map(eventPath),
            fabricFiltered: options.fabricFiltered ?? true,
            eventMin: options.eventMin,
            patienceMs: options.timeoutMs,
        };
    }
}

