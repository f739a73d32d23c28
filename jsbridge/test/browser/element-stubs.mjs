// Stand in for the page's program and the room, so that tests of the elements decide what those two say and see what they
// are told. They hold to the interfaces of program.ts and room/room.ts.

const stubs = globalThis.stubs = { programs: [], instances: [], rooms: [], load: undefined };

/** stubs.load, if a test sets it, is called in its place. */
export async function loadProgram(url, expected, progress) {
    stubs.programs.push({ url: String(url), expected, progress });
    await stubs.load?.(progress, stubs.programs.length);
    progress?.(expected.size, expected.size);
    return {
        mount(root, host, config) {
            const instance = {
                root, host, config, events: [], sent: [], opened: 0, closed: false, screenNow: "idle",
                event(event) {
                    this.events.push(event);
                    this.on?.(event);
                    if (event.type === "started") this.screen("code");
                },
                screen(screen) {
                    const heading = document.createElement("h2");
                    heading.tabIndex = -1;
                    heading.textContent = screen;
                    root.replaceChildren(heading, document.createElement("button"));
                    heading.focus();
                    host.screen(screen, this.screenNow);
                    this.screenNow = screen;
                },
                link: {
                    open: async () => ({ maxMessage: ++instance.opened && 244 }),
                    send: message => void instance.sent.push([...message]),
                    close: () => void (instance.opened = 0),
                },
                close() {
                    this.closed = true;
                    root.replaceChildren();
                },
            };
            stubs.instances.push(instance);
            return instance;
        },
    };
}

export class Room {
    constructor(options) {
        const { onEvent, onAgent, onCommissioned, onFile, link, ...settings } = options;
        Object.assign(this, { options, settings, effects: [], received: [], closed: false, closing: undefined });
        this.link = { received: message => this.received.push([...message]), closed: reason => this.received.push(reason) };
        stubs.rooms.push(this);
    }
    effect(effect) {
        if (stubs.refuse !== undefined) throw stubs.refuse;
        this.effects.push(effect);
    }
    configure(change) {
        Object.assign(this.settings, change);
    }
    async cancel() {
        this.effects.push({ type: "cancel" });
        return this.cancelled ?? { rolledBack: true };
    }
    async share(node, seconds) {
        return { qr: "MT:Y.K9042C00KA0648G00", manual: "3497-011-2332", expiresAt: Date.now() + seconds * 1000, node };
    }
    async report(withNames) {
        return {
            format: "matter-session report", version: 1, begun: "2026-01-01T00:00:00Z", saved: "2026-01-01T00:01:00Z", browser: "test", core: { memory: 1, died: false }, withNames,
            entries: [{ at: 61_250, what: "step", step: "pase", stage: 2, status: "done", elapsedMs: 812, expectedMs: 2000 }], traffic: { sent: { messages: 1 }, received: { messages: 2 } },
        };
    }
    async close() {
        await this.closing?.();
        this.closed = true;
    }
}
