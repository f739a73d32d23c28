/**
 * What can be pending when a controller ends, one scene each. A scene is ended first, and then all
 * that the host still had to say comes: answers, errors, datagrams, timers.
 */
import { Controller, type Channel, type Core, type Discovered, type HostTransport } from "matter-session";
import { LateTimers, LoopPeer, MemoryStore, type Verifier } from "./loop.js";

export interface Stage {
    core: Core;
    /** The responder's: alive when the controller's dies. */
    peerCore: Core;
    device: Verifier;
}

interface Scene {
    controller: Controller;
    /** What must fail, and soon. */
    pending: readonly Promise<unknown>[];
    /** What the host does after the end. */
    late?: () => void;
}

const passcode = 20202021;
/** A list of no authorities: nobody gets so far as to be attested. */
const noTrust = Uint8Array.of(0x15, 0x24, 0, 1, 0x24, 1, 0, 0x36, 2, 0x18, 0x18);
const address = { host: "192.0.2.1", port: 5540 };
const never = <T>(): Promise<T> => new Promise<T>(() => {});

class Later<T> {
    resolve: (value: T) => void = () => {};
    reject: (error: Error) => void = () => {};
    readonly promise = new Promise<T>((resolve, reject) => {
        this.resolve = resolve;
        this.reject = reject;
    });
}

type Options = Partial<Parameters<typeof Controller.open>[0]>;

async function controllerOn(stage: Stage, transport: HostTransport, options: Options = {}): Promise<Controller> {
    return Controller.open({ storage: new MemoryStore(), transport, core: stage.core, trust: { production: noTrust }, ...options });
}
function codeOf(stage: Stage): string {
    return stage.peerCore.request("makeCode", { vendorId: 0xfff1, productId: 0x8000, flow: 0, discovery: 4, discriminator: 3840, passcode }).manual;
}

/** A peer that falls silent after some datagrams, with a controller of the same fabric. */
async function sameFabric(stage: Stage, allowed: number, options: Options = {}): Promise<{ controller: Controller; peer: LoopPeer }> {
    const peer = new LoopPeer(stage.peerCore, allowed);
    const storage = new MemoryStore();
    const controller = await controllerOn(stage, peer, { storage, ...options });
    peer.handle.request(performance.now(), "openAuthority", { authority: storage.values.get("fabric") ?? new Uint8Array() });
    return { controller, peer };
}

/** Both handshakes, with an opener that the scene keeps in hand. */
async function opening(stage: Stage, late: (opened: Later<Channel>) => void): Promise<Scene> {
    const opened = new Later<Channel>();
    opened.promise.catch(() => {}); // the scene's own
    const controller = await controllerOn(stage, { open: () => opened.promise });
    const pending = [controller.commission(codeOf(stage), { address }), controller.connect(7n, { address })];
    return { controller, pending, late: () => late(opened) };
}

async function discovering(stage: Stage, late: (found: Later<Discovered>) => void): Promise<Scene> {
    const found = new Later<Discovered>();
    found.promise.catch(() => {});
    const controller = await controllerOn(stage, {
        open: () => never(),
        async *discover() {
            yield await found.promise;
        },
    });
    return { controller, pending: [controller.commission(codeOf(stage)), controller.connect(7n)], late: () => late(found) };
}

/** A host's channel that keeps none of its promises. */
async function breaking(stage: Stage): Promise<Scene> {
    const closed = new Later<{ reason: string }>(), sent = new Later<undefined>();
    const broken: Channel = {
        kind: "datagram", maxMessage: 1280, closed: closed.promise, receive() {},
        send() {
            sent.resolve(undefined);
            throw failure();
        },
        close() {
            throw failure();
        },
    };
    const controller = await controllerOn(stage, { open: async () => broken });
    const pending = [controller.commission(codeOf(stage), { address }), controller.connect(7n, { address })];
    await sent.promise;
    return { controller, pending, late: () => closed.reject(failure()) };
}

/** Commissioning, with as many answers of the device as allowed says. */
async function pairing(stage: Stage, allowed: number): Promise<Scene> {
    const peer = new LoopPeer(stage.peerCore, allowed);
    peer.handle.request(performance.now(), "openPase", stage.device);
    const controller = await controllerOn(stage, peer);
    const pending = [controller.commission(codeOf(stage), { address })];
    await Promise.race([peer.silent, settled(pending)]);
    return { controller, pending, late: () => sayAgain(peer) };
}

async function connecting(stage: Stage, allowed: number): Promise<Scene> {
    const { controller, peer } = await sameFabric(stage, allowed);
    const pending = [controller.connect(controller.nodeId, { address })];
    await Promise.race([peer.silent, settled(pending)]);
    return { controller, pending, late: () => sayAgain(peer) };
}

type Interaction = "read" | "write" | "invoke" | "subscribe";

async function interacting(stage: Stage, what: Interaction): Promise<Scene> {
    const { controller, peer } = await sameFabric(stage, Infinity);
    const connection = await controller.connect(controller.nodeId, { address });
    peer.allowed = 0;
    const path = { endpoint: 1, cluster: 6 };
    const pending = [{
        read: () => connection.read({ ...path, attribute: 0 }),
        write: () => connection.write({ ...path, attribute: 0x4003, value: 1 }),
        invoke: () => connection.invoke({ ...path, command: 2 }),
        subscribe: () => connection.subscribe({ attributes: [{ ...path, attribute: 0 }], onReport() {} }),
    }[what]()];
    await peer.silent;
    return { controller, pending, late: () => sayAgain(peer) };
}

/** Work of WebCrypto that lasts beyond the end. */
async function working(stage: Stage, method: "deriveBits" | "generateKey", late: (work: Later<never>) => void): Promise<Scene> {
    const work = new Later<never>(), asked = new Later<undefined>();
    work.promise.catch(() => {});
    const prototype = Object.getPrototypeOf(crypto.subtle) as Record<string, unknown>;
    const real = prototype[method];
    prototype[method] = () => {
        prototype[method] = real;
        asked.resolve(undefined);
        return work.promise;
    };
    if (method === "generateKey") {
        const { controller } = await sameFabric(stage, Infinity, { work: { ecdh: true } });
        const pending = [controller.connect(controller.nodeId, { address })];
        await asked.promise;
        return { controller, pending, late: () => late(work) };
    }
    const peer = new LoopPeer(stage.peerCore);
    peer.handle.request(performance.now(), "openPase", stage.device);
    const controller = await controllerOn(stage, peer);
    const pending = [controller.commission(codeOf(stage), { address })];
    await asked.promise;
    return { controller, pending, late: () => late(work) };
}

/** A datagram that was under way when its receiver closed. */
function sayAgain(peer: LoopPeer): void {
    for (const channel of peer.channels) channel.deliver(new Uint8Array(40));
}

const settled = (promises: readonly Promise<unknown>[]): Promise<unknown> => Promise.allSettled(promises);
const upTo = (n: number): number[] => [...Array(n).keys()];
const interactions: readonly Interaction[] = ["read", "write", "invoke", "subscribe"];
const failure = (): Error => new Error("told too late");
const channel = (): Channel => ({ kind: "datagram", maxMessage: 1280, send() {}, receive() {}, closed: never(), close() {} });

const scenes: Readonly<Record<string, (stage: Stage) => Promise<Scene>>> = {
    "a transport that opens for ever": stage => opening(stage, () => {}),
    "a transport that opens too late": stage => opening(stage, opened => opened.resolve(channel())),
    "a transport that fails too late": stage => opening(stage, opened => opened.reject(failure())),
    "a channel that keeps no promise": breaking,
    "a search for ever": stage => discovering(stage, () => {}),
    "a search that finds too late": stage => discovering(stage, found => found.resolve({ peer: address, discriminator: 3840 })),
    "a search that fails too late": stage => discovering(stage, found => found.reject(failure())),
    ...Object.fromEntries(upTo(5).map(n => [`PASE after ${n} datagrams`, (stage: Stage) => pairing(stage, n)])),
    ...Object.fromEntries(upTo(2).map(n => [`CASE after ${n} datagrams`, (stage: Stage) => connecting(stage, n)])),
    ...Object.fromEntries(interactions.map(what => [`${what} without an answer`, (stage: Stage) => interacting(stage, what)])),
    "a passcode that is stretched for ever": stage => working(stage, "deriveBits", () => {}),
    "a passcode that is stretched too late": stage => working(stage, "deriveBits", work => work.resolve(new ArrayBuffer(80) as never)),
    "a passcode whose stretching fails too late": stage => working(stage, "deriveBits", work => work.reject(failure())),
    "a key pair that is made too late": stage => working(stage, "generateKey", work => work.reject(failure())),
};

export const sceneNames: readonly string[] = Object.keys(scenes);

export interface Outcome {
    /** Names of the classes of what each pending promise rejected with; "hangs" or "resolved" for one that did not. */
    outcomes: string[];
    ended: string;
    timers: number;
}

/** Plays a scene: ends it by end, then lets everything come too late. */
export async function play(name: string, stage: Stage, end: (controller: Controller) => unknown): Promise<Outcome> {
    const timers = new LateTimers();
    try {
        const { controller, pending, late } = await scenes[name]!(stage);
        const outcomes = pending.map(promise => promise.then(() => "resolved", (error: unknown) => (error as Error).constructor.name));
        await Promise.race([end(controller), timers.wait(2000)]);
        const hangs = timers.wait(1000).then(() => "hangs");
        const soon = await Promise.all(outcomes.map(outcome => Promise.race([outcome, hangs])));
        const count = timers.fire();
        late?.();
        timers.fire();
        // Two turns, for rejections to be noticed as unhandled.
        await timers.wait(0);
        await timers.wait(0);
        timers.fire();
        await timers.wait(0);
        return { outcomes: soon, ended: controller.ended?.constructor.name ?? "not ended", timers: count };
    } finally {
        timers.restore();
    }
}
