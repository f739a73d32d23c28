/** matter.js's light in a process of its own, and what tests of the controller need around it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Controller } from "matter-session";
import { openController, type NodeControllerOptions } from "matter-session/node";
import { root } from "./vectors.js";

export interface Device {
    readonly ready: { port: number; qr: string; manual: string; passcode: number; discriminator: number };
    ask(command: { do: "state" }): Promise<{ onOff: boolean; commissioned: boolean; fabrics: number; sessions: { id: number; isPase: boolean }[] }>;
    ask(command: { do: "set"; onOff: boolean } | { do: "erase" }): Promise<object>;
    next(match: (line: Record<string, unknown>) => boolean, what: string): Promise<Record<string, unknown>>;
    stop(): Promise<void>;
}

export async function startDevice(...args: string[]): Promise<Device> {
    const { startPeer } = (await import(new URL("jsbridge/interop/peers/start.mjs", root).href)) as { startPeer(script: string, args: string[]): Promise<Device> };
    return startPeer("device.mjs", args);
}

/** A controller in a new directory, without discovery and with test roots; both go with dispose. */
export async function controllerFor(options: NodeControllerOptions = {}): Promise<{ controller: Controller; directory: string; [Symbol.asyncDispose](): Promise<void> }> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "matter-session-test-")));
    const controller = await openController({ discovery: false, trust: { test: true }, ...options, directory });
    return {
        controller,
        directory,
        async [Symbol.asyncDispose]() {
            await controller.close();
            await rm(directory, { recursive: true, force: true });
        },
    };
}
