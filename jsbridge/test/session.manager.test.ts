import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { core, start } from "matter-session";
import * as session from "matter-session/session";
import { SessionManager, type ResumptionRecord, type SecureSession } from "matter-session/session";
import { datagram, messageOf, receive, TestFabric, TestStorage } from "./support/fabric.js";

before(() => start());

const parameters = { idleIntervalMs: 1, activeIntervalMs: 2, activeThresholdMs: 3 };

let storage: TestStorage;
let manager: SessionManager<string>;
beforeEach(() => {
    storage = new TestStorage();
    manager = new SessionManager("context", storage);
});

interface Made {
    sessionId?: number;
    fabric?: TestFabric;
    peerNodeId?: bigint;
    isInitiator?: boolean;
    in?: SessionManager<string>;
}

async function make({ sessionId, fabric, peerNodeId = 0n, isInitiator = true, in: owner = manager }: Made = {}): Promise<SecureSession<string>> {
    return owner.createSecureSession({
        sessionId: sessionId ?? (await owner.getNextAvailableSessionId()), fabric, peerNodeId, peerSessionId: 1, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator, isResumption: false,
    });
}

const record = (fabric: TestFabric, peerNodeId: bigint, id: number): ResumptionRecord => ({
    sharedSecret: new Uint8Array(32).fill(id), resumptionId: new Uint8Array(16).fill(id), fabric, peerNodeId, sessionParameters: parameters, caseAuthenticatedTags: [0x10001],
});

describe("SessionManager", () => {
    it("keeps sessions by ID, and tells of them", async () => {
        const heard: string[] = [];
        manager.sessionOpened.on(opened => void heard.push(`opened ${opened.name}`));
        manager.sessionClosed.on(async closed => {
            await new Promise(turn => setImmediate(turn));
            closed.encode(messageOf(1)); // its last words
            heard.push(`closed ${closed.name}`);
        });
        manager.subscriptionsChanged.on(changed => void heard.push(`subscriptions ${changed.numberOfActiveSubscriptions}`));
        const one = await make({ sessionId: 5 });
        assert.equal(one.context, "context");
        assert.equal(manager.getSession(5), one);
        one.addSubscription({ subscriptionId: 1, cancel: async () => one.removeSubscription(1) });
        await one.destroy(true, false);
        assert.equal(manager.getSession(5), undefined);
        assert.deepEqual(heard, ["opened secure/5", "subscriptions 1", "subscriptions 0", "closed secure/5"]);
        assert.throws(() => one.encode(messageOf(2)), /destroyed/);
        await make({ sessionId: 6 });
        manager.removeSession(6);
        manager.removeSession(7);
        assert.equal(manager.getSession(6), undefined);
    });

    it("has one unsecured session for each initiator", async () => {
        const one = manager.createUnsecureSession({ initiatorNodeId: 17n });
        assert.equal(manager.getUnsecureSession(17n), one);
        assert.equal(manager.getUnsecureSession(), undefined);
        const none = manager.createUnsecureSession({ initiatorNodeId: 0n });
        assert.equal(manager.getUnsecureSession(), none);
        assert.throws(() => manager.createUnsecureSession({ initiatorNodeId: 17n }), { name: "MatterFlowError", message: "UnsecureSession with NodeId 17 already exists." });
        const random = manager.createUnsecureSession({ isInitiator: true, sessionParameters: parameters });
        assert.deepEqual(random.getSessionParameters(), parameters);
        assert.equal(manager.getUnsecureSession(random.nodeId), random);
        await one.destroy();
        assert.equal(manager.getUnsecureSession(17n), undefined);
        // One counter for all of them: no two messages in the clear have the same.
        assert.equal((await none.getIncrementedMessageCounter()) + 1, await random.getIncrementedMessageCounter());
        assert.throws(() => manager.findGroupSession(1, 2), { message: "Not implemented 1 2" });
    });

    it("difference 12: never gives out session ID 0, wherever it starts", async () => {
        const original = crypto.getRandomValues;
        crypto.getRandomValues = <T>(array: T): T => {
            (array as Uint8Array).fill(0);
            return array;
        };
        const fromZero = new SessionManager("context", storage);
        crypto.getRandomValues = original;
        assert.equal(await fromZero.getNextAvailableSessionId(), 1);
        (await make({ sessionId: 2, in: fromZero })).notifyActivity(true);
        assert.equal(await fromZero.getNextAvailableSessionId(), 3);
        const ids = new Set<number>();
        for (let i = 0; i < 70_000; i++) ids.add(await fromZero.getNextAvailableSessionId());
        assert.equal(ids.size, 0xffff - 1);
        assert.ok(!ids.has(0) && !ids.has(2) && ids.has(0xffff));
        await fromZero.close();
    });

    it("finds sessions by what they are", async () => {
        const [fabric, other] = [new TestFabric({ fabricIndex: 1 }), new TestFabric({ fabricIndex: 2 })];
        const pase = await make();
        const one = await make({ fabric, peerNodeId: 5n });
        const two = await make({ fabric: other, peerNodeId: 5n });
        assert.equal(manager.getPaseSession(), pase);
        await pase.destroy();
        assert.equal(manager.getPaseSession(), undefined);
        // Both fabrics have ID 1, below different roots.
        assert.equal(manager.getSessionForNode(fabric, 5n), one);
        assert.equal(manager.getSessionForNode(other, 5n), two);
        assert.equal(manager.getSessionForNode(fabric, 6n), undefined);
        const [told] = manager.getActiveSessionInformation();
        assert.deepEqual(told, {
            name: one.name, nodeId: 100n, peerNodeId: 5n, fabric: { label: "fabric 1" }, isPeerActive: true, secure: true,
            lastInteractionTimestamp: one.timestamp, lastActiveTimestamp: one.activeTimestamp, numberOfActiveSubscriptions: 0,
        });
        assert.equal(manager.getActiveSessionInformation().length, 2);
        const cancelled: unknown[] = [];
        for (const each of [one, two]) each.addSubscription({ subscriptionId: 9, cancel: async flush => void cancelled.push([each.name, flush]) });
        await manager.clearSubscriptionsForNode(2, 5n, true);
        assert.deepEqual(cancelled, [[two.name, true]]);
    });

    it("ends the sessions with a node, in one fabric if asked", async () => {
        const [fabric, other] = [new TestFabric({ fabricIndex: 1 }), new TestFabric({ fabricIndex: 2 })];
        const sessions = [await make({ fabric, peerNodeId: 5n }), await make({ fabric: other, peerNodeId: 5n }), await make({ fabric, peerNodeId: 6n })];
        await manager.removeAllSessionsForNode(5n, true, fabric);
        assert.deepEqual(sessions.map(each => manager.getSession(each.id) !== undefined), [false, true, true]);
        assert.equal(fabric.sessions.size, 1);
        await manager.removeAllSessionsForNode(5n);
        assert.deepEqual(sessions.map(each => manager.getSession(each.id) !== undefined), [false, false, true]);
        await manager.close();
        assert.equal(fabric.sessions.size, 0);
    });

    it("difference 13: keeps one record for each node of each fabric", async () => {
        const [fabric, other] = [new TestFabric({ fabricIndex: 1 }), new TestFabric({ fabricIndex: 2 })];
        await manager.saveResumptionRecord(record(fabric, 1n, 1));
        await manager.saveResumptionRecord(record(other, 1n, 2));
        await manager.saveResumptionRecord(record(fabric, 7n, 3));
        await manager.saveResumptionRecord(record(fabric, 7n, 4));
        const find = (id: number): ResumptionRecord | undefined => manager.findResumptionRecordById(new Uint8Array(16).fill(id));
        assert.deepEqual([1, 2, 3, 4].map(id => find(id)?.fabric.fabricIndex), [1, 2, undefined, 1]);
        assert.equal(manager.findResumptionRecordByNodeId(1n, fabric), find(1));
        assert.equal(manager.findResumptionRecordByNodeId(1n), find(2));
        assert.equal(manager.findResumptionRecordByNodeId(8n), undefined);

        const stored = storage.get<Record<string, unknown>[]>("resumptionRecords");
        assert.deepEqual(stored[0], {
            nodeId: 1n, sharedSecret: new Uint8Array(32).fill(1), resumptionId: new Uint8Array(16).fill(1), fabricId: 1n, fabricIndex: 1, peerNodeId: 1n, sessionParameters: parameters, caseAuthenticatedTags: [0x10001],
        });
        const restored = new SessionManager("context", storage);
        await restored.initFromStorage([fabric, other]);
        assert.equal(restored.findResumptionRecordByNodeId(1n, other)?.resumptionId[0], 2);
        // As 0.9.4 stores them.
        storage.set("resumptionRecords", stored.map(({ fabricIndex: _, ...rest }) => rest));
        const old = new SessionManager("context", storage);
        await old.initFromStorage([other]);
        assert.equal(old.findResumptionRecordByNodeId(7n)?.fabric, other);
        const none = new SessionManager("context", storage);
        await none.initFromStorage([new TestFabric({ fabricId: 2n })]);
        assert.equal(none.findResumptionRecordByNodeId(7n), undefined);
        await new SessionManager("context", new TestStorage()).initFromStorage([fabric]);

        // New credentials: only the fabric's own records follow them.
        const renewed = new TestFabric({ fabricIndex: 1, nodeId: 101n });
        await manager.updateFabricForResumptionRecords(renewed);
        assert.deepEqual([1, 2, 4].map(id => find(id)?.fabric), [renewed, other, renewed]);
        await assert.rejects(manager.updateFabricForResumptionRecords(new TestFabric({ fabricId: 3n })), { name: "MatterFlowError", message: "Resumption record not found. Should never happen." });
        await manager.removeResumptionRecord(1n, other);
        assert.equal(find(2), undefined);
        await manager.removeResumptionRecord(1n);
        assert.deepEqual([find(1), find(4)?.peerNodeId], [undefined, 7n]);
        assert.equal(storage.get<unknown[]>("resumptionRecords").length, 1);
    });

    it("has nothing to close when there is no session", () => {
        assert.throws(() => manager.findOldestInactiveSession(), { name: "MatterFlowError", message: "No session found to close and all session ids are taken." });
    });

    it("holds 65,535 sessions at once in less than 40 MiB of memory, then ends the one that was silent for longest", async () => {
        const before = core().memorySize, count = core().call("sessionCount");
        const ids: number[] = [];
        let oldest: SecureSession<string> | undefined;
        for (let i = 0; i < 0xffff; i++) {
            const made = await make({ isInitiator: i % 2 === 0 });
            ids.push(made.id);
            if (i === 12_345) oldest = made;
        }
        assert.equal(new Set(ids).size, 0xffff);
        assert.equal(core().call("sessionCount") - count, 0xffff);
        // Each of them works, and keeps working when others had the place of its key schedules meanwhile.
        for (const round of [1, 2]) {
            for (let i = 0; i + 1 < 0xffff; i += 2) {
                if (i % 64 !== 0 && round === 1) continue;
                const [from, to] = [manager.getSession(ids[i] as number), manager.getSession(ids[i + 1] as number)];
                receive(to as SecureSession<string>, datagram(from as SecureSession<string>, messageOf(1 + (round - 1) * 40)));
            }
        }
        const grown = core().memorySize - before;
        assert.ok(grown < 40 * 2 ** 20, `${grown} octets`);
        assert.ok(oldest !== undefined);
        oldest.activeTimestamp = 1;
        assert.equal(await manager.getNextAvailableSessionId(), oldest.id);
        assert.equal(oldest.sendCloseMessageWhenClosing, true);
        assert.equal(core().call("sessionCount") - count, 0xfffe);
        const again = await make({ sessionId: oldest.id });
        assert.equal(manager.getSession(oldest.id), again);
        await manager.close();
        assert.equal(core().call("sessionCount"), count);
    });
});

describe("matter-session/session", () => {
    it("exports the 43 names of matter.js 0.9.4, and no others", async () => {
        const theirs = await import("@project-chip/matter.js/session");
        assert.deepEqual(Object.keys(session).sort(), Object.keys(theirs).sort());
        assert.equal(Object.keys(session).length, 43);
    });
});
