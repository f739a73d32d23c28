// What the page's tests run inside the page.

import { Controller, Core, core as sharedCore, start } from "matter-session";
import { play, sceneNames } from "../support/endings.ts";
import { LoopPeer, MemoryStore } from "../support/loop.ts";

export { sceneNames };

const blob = "/matter-session.wasm";
const noTrust = Uint8Array.of(0x15, 0x24, 0, 1, 0x24, 1, 0, 0x36, 2, 0x18, 0x18);
const address = "192.0.2.1";

/** Notes how long each call of an export keeps the thread. Returns what was noted so far, and forgets it. */
export function timeCalls() {
    const real = Core.prototype.call;
    let longest = {};
    Core.prototype.call = function (name, ...args) {
        const from = performance.now();
        try {
            return real.call(this, name, ...args);
        } finally {
            longest[name] = Math.max(longest[name] ?? 0, performance.now() - from);
        }
    };
    return () => {
        const noted = longest;
        longest = {};
        return noted;
    };
}

/** Gathers tasks that kept the thread for more than 50 ms. */
function watchTasks() {
    const tasks = [];
    const take = entries => tasks.push(...entries.map(({ duration }) => duration));
    const observer = new PerformanceObserver(list => take(list.getEntries()));
    observer.observe({ type: "longtask" });
    return {
        tasks,
        async end() {
            // A task is told after it has ended.
            await new Promise(resolve => setTimeout(resolve, 100));
            take(observer.takeRecords());
            observer.disconnect();
        },
    };
}

/** A peer whose datagrams come in tasks of their own, as those of a network do. */
function peerAcrossTasks(core) {
    const peer = new LoopPeer(core);
    peer.later = deliver => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
            port1.close();
            deliver();
        };
        port2.postMessage(undefined);
    };
    return peer;
}

const until = async condition => {
    for (const from = performance.now(); !condition(); ) {
        if (performance.now() - from > 20_000) throw new Error("it takes too long");
        await new Promise(resolve => setTimeout(resolve, 5));
    }
};

/** PASE of a controller with a device. @returns long tasks meanwhile, and the longest calls of exports */
export async function pair(device, work, calls) {
    const [core, peerCore] = await Promise.all([Core.start(blob), Core.start(blob)]);
    const peer = peerAcrossTasks(peerCore);
    peer.handle.request(performance.now(), "openPase", device);
    const controller = await Controller.open({ storage: new MemoryStore(), transport: peer, core, work, trust: { production: noTrust } });
    const { manual } = core.request("makeCode", { vendorId: 0xfff1, productId: 0x8000, flow: 0, discovery: 4, discriminator: 3840, passcode: 20202021 });
    await new Promise(resolve => setTimeout(resolve, 100));
    const watched = watchTasks();
    calls();
    const from = performance.now();
    controller.commission(manual, { address }).catch(() => {}); // the peer is no device: it ends after PASE
    await until(() => peer.events.some(({ type }) => type === "session"));
    const took = performance.now() - from;
    await watched.end();
    const longest = calls();
    await controller.close();
    return { took, tasks: watched.tasks, longest };
}

/** CASE of two nodes of one fabric, full and resumed. @returns the longest calls of exports */
export async function connect(calls) {
    const [core, peerCore] = await Promise.all([Core.start(blob), Core.start(blob)]);
    const peer = peerAcrossTasks(peerCore);
    const storage = new MemoryStore();
    calls();
    const controller = await Controller.open({ storage, transport: peer, core, trust: { production: noTrust } });
    const opened = calls();
    peer.handle.request(performance.now(), "openAuthority", { authority: storage.values.get("fabric") });
    const watched = watchTasks();
    calls();
    const first = await controller.connect(controller.nodeId, { address });
    const full = calls();
    first.close();
    const second = await controller.connect(controller.nodeId, { address });
    const resumed = calls();
    await watched.end();
    await controller.close();
    return { tasks: watched.tasks, resumptions: [first.resumed, second.resumed], opened, full, resumed };
}

/** Every scene, each ended as end says: "close", or by the death of the core that file makes. */
export async function playAll(device, end) {
    const hooked = end === "close" ? undefined : await WebAssembly.compile(await (await fetch("/hooked.wasm")).arrayBuffer());
    const unhandled = [];
    const note = event => unhandled.push(String(event.reason ?? event.message));
    addEventListener("unhandledrejection", note);
    addEventListener("error", note);
    try {
        const stage = { core: await Core.start(hooked ?? blob), peerCore: await Core.start(blob), device };
        const outcomes = {};
        for (const [i, name] of sceneNames.entries()) {
            if (hooked !== undefined) stage.core = await Core.start(hooked);
            const { core } = stage;
            outcomes[name] = (await play(name, stage, controller => (hooked === undefined ? controller.close() : kill(core, 1 + (i % 2))))).outcomes;
        }
        return { outcomes, unhandled };
    } finally {
        removeEventListener("unhandledrejection", note);
        removeEventListener("error", note);
    }
}

function kill(core, hook) {
    try {
        core.call("request", 0, 0, core.put(Uint8Array.of(0x15, 0x24, 0, 255, 0x24, 1, hook, 0x18)));
    } catch {
        // As it should.
    }
}

/** The shared core dies; the next one is another, and works. */
export async function startAgain() {
    const first = await start("/hooked.wasm");
    kill(first, 2);
    const dead = first.dead.constructor.name;
    const second = await start("/hooked.wasm");
    const handle = second.open();
    handle.tick(performance.now());
    handle.close(performance.now());
    return { dead, another: second !== first && sharedCore() === second };
}
