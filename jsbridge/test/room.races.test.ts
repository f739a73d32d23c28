// What comes in an order that nobody meant.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { ProxyChannel } from "#dist/element/room/proxies.js";
import { Ways } from "#dist/element/room/ways.js";
import type { Wire } from "#dist/element/room/wire.js";
import type { AgentState, AgentTransport, HostTransport } from "matter-session/commission";
import { MemoryStore } from "./support/loop.js";
import { Page } from "./support/room.js";

const pages: Page[] = [];
afterEach(async () => {
    for (const page of pages.splice(0)) await page.room.close();
});

const turns = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 50));

describe("attempts", () => {
    /** An agent that answers when the test lets it. */
    function waiting(): { page: Page; asked: () => number; answer: () => void } {
        const answers: (() => void)[] = [];
        const state = (): Promise<AgentState> => new Promise(resolve => answers.push(() => resolve("unreachable")));
        const page = new Page({ agent: "ws://127.0.0.1:1/agent", routes: ["agent"], parts: { agent: () => ({ state, close() {}, dropped: 0 }) as unknown as AgentTransport } });
        pages.push(page);
        page.room.effect({ type: "keepCode", code: "34970112332" });
        return { page, asked: () => answers.length, answer: () => answers.shift()?.() };
    }
    const begin = { type: "begin", route: "agent", payload: 0, candidate: "" } as const;

    it("that wait for the same end begin one after the other", async () => {
        const { page, asked, answer } = waiting();
        for (let i = 0; i < 3; i++) page.room.effect(begin);
        for (let i = 0; i < 3; i++) {
            await turns();
            assert.equal(asked(), 1, `attempts under way after ${i} have ended`);
            answer();
        }
        await turns();
        assert.deepEqual(page.events.map(({ type }) => type), ["failed", "failed", "failed"]);
    });

    it("that wait are stopped with the one that is under way", async () => {
        const { page, asked, answer } = waiting();
        page.room.effect(begin);
        page.room.effect(begin);
        await turns();
        page.room.effect({ type: "cancel" });
        await turns();
        answer();
        await turns();
        assert.equal(asked(), 0, "another was begun after the stop");
        assert.deepEqual(page.events.map(({ type }) => type), ["failed", "stopDone"]);
    });
});

describe("the window's link", () => {
    it("is not ended by the end of the one before it, which comes late", async () => {
        const sent: string[] = [];
        let opened: (value: { maxMessage: number }) => void = () => {};
        const wire = {
            call: () => new Promise(resolve => (opened = resolve)),
            tell: (name: string) => sent.push(name),
        } as unknown as Wire;
        const ways = new Ways(() => wire, () => {});
        const closed = ways.handlers["link.closed"] as (reason: string) => void;
        const open = async (before: () => void): Promise<ProxyChannel> => {
            const opening = ways.open(ways.linkAddress(), new AbortController().signal);
            before();
            opened({ maxMessage: 1280 });
            return (await opening) as ProxyChannel;
        };
        await open(() => {});
        ways.closeLink();
        const again = await open(() => closed("closed: by this side"));
        again.send(Uint8Array.of(1));
        assert.deepEqual(sent, ["link.close", "link.send"]);
        assert.equal(ways.linkEnd, undefined);
        closed("connection-lost: the device broke off");
        assert.deepEqual(await again.closed, { reason: "connection-lost: the device broke off" });
    });
});

describe("a transport of the page's", () => {
    it("that is still opening is told when the room is closed", async () => {
        let signal: AbortSignal | undefined;
        const transport: HostTransport = {
            open: (_peer, given) => {
                signal = given;
                return new Promise((_, reject) => given.addEventListener("abort", () => reject(given.reason)));
            },
        };
        const page = new Page({ transport, storage: new MemoryStore() });
        pages.push(page);
        page.room.effect({ type: "keepCode", code: "34970112332" });
        page.room.effect({ type: "begin", route: "host", payload: 0, candidate: "" });
        for (const end = Date.now() + 5000; signal === undefined && Date.now() < end; ) await turns();
        assert.equal(signal?.aborted, false);
        await page.room.close();
        assert.equal(signal?.aborted, true);
    });
});
