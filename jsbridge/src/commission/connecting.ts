import { ClosedError, MatterError, NoResponseTimeoutError } from "../errors.js";
import type { Events } from "../operations.js";
import { parseAddress, showAddress } from "./address.js";
import { discoverInto, timingOf } from "./discovery.js";
import type { Driver } from "./driver.js";
import { operate } from "./operation.js";
import type { PeerAddress } from "./types.js";

export interface ConnectOptions {
    /** Where the node is; default: its last address and what discovery finds, whichever answers first. */
    address?: PeerAddress | string;
    /** A full handshake also where an earlier session could be resumed. */
    full?: boolean;
    signal?: AbortSignal;
    /** Default 45 s. */
    timeoutMs?: number;
}

export interface Target {
    fabricIndex: number;
    nodeId: bigint;
    /** The node's name in DNS-SD. */
    instance: string;
    lastAddress: string | undefined;
}

const defaultTimeoutMs = 45_000;
/** Handshakes at a time: one per address that is known. */
const maxAttempts = 4;
/** Addresses that are tried at all, however many a network tells. */
const maxAddresses = 32;

/** Opens a session with a node, at the first of its addresses that answers; the other attempts are stopped. */
export async function establish(driver: Driver, target: Target, options: ConnectOptions): Promise<Events["session"]> {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const over = new AbortController();
    const given = typeof options.address === "string" ? parseAddress(options.address) : options.address;
    const causes: Error[] = [];
    const tried = new Set<string>();
    /** Addresses that wait until an earlier attempt has failed. */
    const waiting: (() => void)[] = [];
    let running = 0;
    let searching = given === undefined && driver.transport.discover !== undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => over.abort(options.signal?.reason);
    const ended = (): void => over.abort(driver.signal.reason);
    options.signal?.addEventListener("abort", abort);
    driver.signal.addEventListener("abort", ended);
    try {
        options.signal?.throwIfAborted();
        return await new Promise<Events["session"]>((resolve, reject) => {
            const settle = (): void => {
                if (running > 0 || searching) return;
                reject(failure(target, causes));
            };
            const attempt = (address: PeerAddress, timing: object, opened?: number): void => {
                const key = showAddress(address).toLowerCase();
                if (tried.has(key) || tried.size >= maxAddresses || over.signal.aborted) return;
                tried.add(key);
                if (running < maxAttempts) run(address, timing, opened);
                else waiting.push(() => run(address, timing, opened));
            };
            const run = (address: PeerAddress, timing: object, opened: number | undefined): void => {
                running++;
                void (async () => {
                    try {
                        const peer = opened ?? (await driver.peer(address, over.signal));
                        const request = { fabricIndex: target.fabricIndex, nodeId: target.nodeId, peer, full: options.full, link: driver.link(peer), ...timing };
                        resolve(await operate<"connect", Events["session"]>(driver, "connect", request, (event, ending) => {
                            if (event.type === "session") ending.done(event);
                        }, over.signal));
                    } catch (error) {
                        causes.push(error instanceof Error ? error : new MatterError(String(error)));
                        running--;
                        if (!over.signal.aborted) waiting.shift()?.();
                        settle();
                    }
                })();
            };
            over.signal.addEventListener("abort", () => reject(over.signal.reason));
            timer = setTimeout(() => {
                const sought = searching ? ", and it was not seen on the network" : "";
                over.abort(new NoResponseTimeoutError(`node ${show(target.nodeId)} did not answer within ${timeoutMs / 1000} s${sought}`, { cause: combined(causes) }));
            }, timeoutMs);
            if (given !== undefined) attempt(given, {});
            else if (target.lastAddress !== undefined) attempt(parseAddress(target.lastAddress), {});
            if (searching) {
                void discoverInto(
                    driver, { operational: target.instance }, over.signal,
                    (peer, device) => attempt(device.peer, timingOf(device), peer),
                    message => {
                        searching = false;
                        causes.push(new MatterError(message));
                        settle();
                    },
                );
            }
            settle();
        });
    } finally {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", abort);
        driver.signal.removeEventListener("abort", ended);
        over.abort(new ClosedError("another attempt has succeeded"));
    }
}

function failure(target: Target, causes: readonly Error[]): Error {
    const [first, ...others] = causes;
    if (first === undefined) return new NoResponseTimeoutError(`no address of node ${show(target.nodeId)} is known, and this host cannot search: give one`);
    return others.length === 0 ? first : new NoResponseTimeoutError(`node ${show(target.nodeId)} could not be reached: ${first.message}`, { cause: combined(causes) });
}

function combined(causes: readonly Error[]): Error | undefined {
    return causes.length < 2 ? causes[0] : new AggregateError(causes, causes.map(cause => cause.message).join("; "));
}

function show(nodeId: bigint): string {
    return `0x${nodeId.toString(16).padStart(16, "0")}`;
}

