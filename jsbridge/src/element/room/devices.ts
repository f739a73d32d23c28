/** Devices of the home, as the page shows them: what they are, their switches, windows for other apps. */
import type { CommissioningWindow, WindowEnd } from "../../commission/administration.js";
import type { Report as DeviceReport } from "../../commission/connection.js";
import type { Controller } from "../../commission/controller.js";
import { describeFrom, shownAttributes, type DescribedDevice } from "../../commission/device.js";
import { LevelControl, OnOff } from "../../clusters.js";
import { ImplementationError } from "../../errors.js";
import type { Endpoint, Node, PageEvent } from "../protocol.js";
import { deviceProblem, statusOf, technicalOf } from "./failures.js";
import type { HomeKeeper } from "./home.js";
import type { Recorder } from "./recorder.js";

const againMs = 3_000;
const identifySeconds = 10;
/** A level is to be seen at once, and the light goes on for it. */
const atOnce = { transitionTime: 0, optionsMask: 0, optionsOverride: 0 };

export class Devices {
    readonly #home: HomeKeeper;
    readonly #recorder: Recorder;
    readonly #emit: (event: PageEvent) => void;
    readonly #views = new Map<string, AbortController>();
    readonly #windows = new Map<string, CommissioningWindow>();

    constructor(home: HomeKeeper, recorder: Recorder, emit: (event: PageEvent) => void) {
        this.#home = home;
        this.#recorder = recorder;
        this.#emit = emit;
    }

    /** Tells what a device is, then what changes on it, until {@link leave}. */
    async show(node: string): Promise<void> {
        this.leave(node);
        const end = new AbortController();
        this.#views.set(node, end);
        try {
            const { controller } = await this.#home.commissioner();
            const device = await controller.describe(idOf(node), { signal: end.signal });
            this.#recorder.add({ what: "device", action: "read" });
            this.#emit({ type: "deviceRead", node: await this.#node(node, controller, device), endpoints: device.endpoints.filter(({ id }) => id !== 0).map(endpointOf) });
            void this.#watch(node, controller, end.signal);
        } catch (error) {
            if (end.signal.aborted) return;
            this.#recorder.add({ what: "device", action: "read", problem: deviceProblem(error) });
            this.#emit({ type: "deviceFailed", node, id: deviceProblem(error), technical: technicalOf(error) });
        }
    }

    leave(node: string): void {
        this.#views.get(node)?.abort();
        this.#views.delete(node);
    }

    async command(node: string, endpoint: number, command: string): Promise<void> {
        await this.#do(node, endpoint, command, async controller => {
            if (command === "identify") await controller.identify(idOf(node), { endpoint, seconds: identifySeconds });
            else if (command === "on" || command === "off") await controller.invoke(idOf(node), { endpoint, cluster: OnOff, command });
            else throw new ImplementationError("there is no such command");
        });
    }

    async setLevel(node: string, endpoint: number, level: number): Promise<void> {
        await this.#do(node, endpoint, "level", controller =>
            controller.invoke(idOf(node), { endpoint, cluster: LevelControl, command: "moveToLevelWithOnOff", fields: { level, ...atOnce } }));
    }

    /** Takes a device out of the home; with forgetOnly on this side alone. */
    async remove(node: string, forgetOnly: boolean): Promise<void> {
        try {
            const { controller } = await this.#home.commissioner();
            this.#windows.get(node)?.forget();
            if (forgetOnly) await controller.forget(idOf(node));
            else await controller.removeDevice(idOf(node));
            this.leave(node);
            this.#recorder.add({ what: "device", action: forgetOnly ? "forgotten" : "removed" });
            this.#emit({ type: "deviceRemoved", node });
        } catch (error) {
            this.#recorder.add({ what: "device", action: "removed", problem: deviceProblem(error) });
            this.#emit({ type: "deviceFailed", node, id: deviceProblem(error), technical: technicalOf(error) });
        }
    }

    /** Opens a window for another app; its end is told as `windowEnded`. */
    async share(node: string, seconds: number | undefined): Promise<CommissioningWindow> {
        try {
            const { controller } = await this.#home.commissioner();
            const window = await controller.openCommissioningWindow(idOf(node), seconds === undefined || seconds === 0 ? {} : { seconds });
            const before = this.#windows.get(node);
            this.#windows.set(node, window);
            before?.forget(); // it is over, or the device would not have opened another
            this.#recorder.add({ what: "window", state: "open" });
            void window.ended().then(end => this.#windowEnded(node, window, end));
            return window;
        } catch (error) {
            this.#recorder.add({ what: "window", state: "failed" });
            throw error;
        }
    }

    async openWindow(node: string, seconds: number): Promise<void> {
        try {
            const { qr, manual, expiresAt } = await this.share(node, seconds);
            this.#emit({ type: "windowOpened", node, qr, manual: manual.replace(/^(.{4})(.{3})/, "$1-$2-"), lasts: Math.max(0, expiresAt - Date.now()) });
        } catch (error) {
            this.#emit({ type: "windowFailed", node, status: statusOf(error) });
        }
    }

    async closeWindow(node: string): Promise<void> {
        try {
            const window = this.#windows.get(node);
            if (window !== undefined) await window.close();
            else await (await this.#home.commissioner()).controller.closeCommissioningWindow(idOf(node));
        } catch (error) {
            this.#emit({ type: "windowFailed", node, status: statusOf(error) });
        }
    }

    /** Nothing is shown or watched any more. */
    end(): void {
        for (const node of [...this.#views.keys()]) this.leave(node);
        const windows = [...this.#windows.values()];
        this.#windows.clear();
        for (const window of windows) window.forget();
    }

    #windowEnded(node: string, window: CommissioningWindow, end: WindowEnd): void {
        // Another one of the same device has taken its place, or nobody is interested.
        if (this.#windows.get(node) !== window) return;
        this.#windows.delete(node);
        this.#recorder.add({ what: "window", state: end.reason });
        this.#emit({ type: "windowEnded", node, reason: end.reason, vendor: end.reason === "joined" ? vendorName(end.vendorId) : "" });
    }

    async #watch(node: string, controller: Controller, signal: AbortSignal): Promise<void> {
        while (!signal.aborted && controller.ended === undefined) {
            try {
                const subscription = await controller.subscribe(idOf(node), {
                    attributes: shownAttributes, minFloorS: 0, maxCeilingS: 60, signal, onReport: report => this.#told(node, report),
                });
                const left = (): void => subscription.close();
                signal.addEventListener("abort", left);
                await subscription.ended;
                signal.removeEventListener("abort", left);
            } catch {
                // It is away; or it is left.
            }
            if (!signal.aborted) await new Promise<void>(resolve => setTimeout(resolve, againMs));
        }
    }

    #told(node: string, report: DeviceReport): void {
        for (const { id, onOff, level } of describeFrom(report).endpoints) {
            if (onOff === undefined && typeof level !== "number") continue;
            this.#emit({ type: "attributeTold", node, endpoint: id, ...(onOff === undefined ? {} : { on: onOff }), ...(typeof level === "number" ? { level: clamp(level) } : {}) });
        }
    }

    async #do(node: string, endpoint: number, action: string, work: (controller: Controller) => Promise<unknown>): Promise<void> {
        let id = "", technical = "";
        try {
            await work((await this.#home.commissioner()).controller);
        } catch (error) {
            id = deviceProblem(error);
            technical = technicalOf(error);
        }
        this.#recorder.add({ what: "device", action, ...(id === "" ? {} : { problem: id }) });
        this.#emit({ type: "commandDone", node, endpoint, id, technical });
    }

    async #node(node: string, controller: Controller, device: DescribedDevice): Promise<Node> {
        const known = (await controller.nodes()).find(({ nodeId }) => nodeId === idOf(node)) ?? { nodeId: idOf(node), vendorId: 0, productId: 0, commissionedAt: 0n };
        const { vendorId = known.vendorId, productId = known.productId, vendorName, productName, serialNumber } = device;
        return this.#home.node({
            ...known, vendorId, productId, name: device.nodeLabel ?? known.name ?? productName,
            ...(vendorName === undefined ? {} : { vendorName }), ...(productName === undefined ? {} : { productName }), ...(serialNumber === undefined ? {} : { serialNumber }),
        }, controller);
    }
}

export function idOf(node: string): bigint {
    if (!/^[0-9A-F]{1,16}$/i.test(node)) throw new ImplementationError("a node ID has up to 16 hexadecimal digits");
    return BigInt(`0x${node}`);
}

function endpointOf({ id, types, label, onOff, level, identify }: DescribedDevice["endpoints"][number]): Endpoint {
    return {
        id, types: [...types], label: label ?? "", hasOnOff: onOff !== undefined, on: onOff ?? false, hasLevel: level !== undefined, level: clamp(level ?? 1), identify, pending: false,
    };
}

function clamp(level: number): number {
    return Math.min(254, Math.max(1, Math.trunc(level)));
}

/** Of those whose apps people use; any other by its number. */
function vendorName(id: number): string {
    return vendors[id] ?? `0x${id.toString(16).toUpperCase().padStart(4, "0")}`;
}
const vendors: Readonly<Record<number, string>> = {
    0x10e1: "Samsung SmartThings", 0x1217: "Amazon", 0x134b: "Nabu Casa (Home Assistant)", 0x1349: "Apple Home", 0x1384: "Apple Keychain", 0x6006: "Google",
};
