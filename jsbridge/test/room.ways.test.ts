import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { realParts } from "#dist/element/room/home.js";
import { Ways } from "#dist/element/room/ways.js";
import type { AgentDiscovered, AgentTransport } from "matter-session";

const operational = "2906C908D115D362-8FC7772401CD0696";
const guess: AgentDiscovered = { peer: { host: "::1", port: 5540 }, instance: "[::1]:5540" };
const itself: AgentDiscovered = { peer: { host: "fe80::a", port: 5540, zone: "m0" }, instance: operational };

/** An agent that has found all of these, and looks on. */
function ways(found: readonly AgentDiscovered[]): Ways {
    const ways = new Ways(() => assert.fail("nothing is asked of the window"), () => {});
    ways.agent = {
        state: async () => "ready",
        async *discover(_query: unknown, signal: AbortSignal) {
            yield* found;
            await new Promise(resolve => signal.addEventListener("abort", resolve));
        },
    } as unknown as AgentTransport;
    return ways;
}

describe("devices that an agent's user named", () => {
    it("are no proof that a device has joined its network: they wait until it has answered", async () => {
        const all = ways([guess, itself]);
        const over = new AbortController();
        const told: AgentDiscovered[] = [];
        all.joining = true;
        const search = (async () => {
            for await (const device of all.discover({ operational }, over.signal)) told.push(device as AgentDiscovered);
        })();
        await new Promise(resolve => setTimeout(resolve, 20));
        assert.deepEqual(told, [itself]);
        all.joining = false;
        await new Promise(resolve => setTimeout(resolve, 20));
        assert.deepEqual(told, [itself, guess]);
        over.abort();
        await search;
    });

    it("are found at once otherwise", async () => {
        const over = new AbortController();
        for (const query of [{ operational }, { discriminator: 3840, short: false }]) {
            for await (const device of ways([guess]).discover(query, over.signal)) {
                assert.deepEqual(device, guess);
                break;
            }
        }
        over.abort();
    });
});

describe("an agent's token", () => {
    it("that cannot be one, as of a link that was cut or forged, is as good as none: the room lives and the agent asks for it", () => {
        const asked: (string[] | string | undefined)[] = [];
        class Socket extends EventTarget {
            constructor(_url: string, protocols?: string[] | string) {
                super();
                asked.push(protocols);
            }
            close(): void {}
        }
        const kept = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
        Object.defineProperty(globalThis, "WebSocket", { value: Socket, configurable: true });
        try {
            for (const token of ["0123456789abcdef", "a b", "\u{1F4A1}", ","]) {
                const agent = realParts.agent("ws://127.0.0.1:1/agent", token);
                void agent.state();
                agent.close();
            }
        } finally {
            if (kept === undefined) Reflect.deleteProperty(globalThis, "WebSocket");
            else Object.defineProperty(globalThis, "WebSocket", kept);
        }
        const none = ["matter-session.relay.1"];
        assert.deepEqual(asked, [[...none, "matter-session.token.0123456789abcdef"], none, none, none]);
    });
});
