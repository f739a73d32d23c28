import * as theirs from "@project-chip/matter.js/session";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";
import * as ours from "matter-session/session";
import { TestFabric, TestStorage } from "../support/fabric.js";
import { area, check, equalValues, explainedValues, same, sameOf, Seeded } from "../support/parity.js";
import { pinned } from "../support/pinned.js";

// The types differ where theirs are branded: both classes are used by what they do.
type Sessions = typeof ours;
const Theirs = theirs as unknown as Sessions;

area("SessionManager", () => {
    const managers = async (): Promise<[ours.SessionManager<string>, ours.SessionManager<string>, TestStorage, { get<T>(key: string): T | Promise<T> }]> => {
        const storage = new StorageManager(new StorageBackendMemory());
        await storage.initialize();
        const context = storage.createContext("SessionManager");
        const own = new TestStorage();
        return [new ours.SessionManager("context", own), new Theirs.SessionManager("context", context as never), own, context as never];
    };

    check("answers 5,000 random calls alike", async () => {
        const random = new Seeded(14);
        const fabrics = [new TestFabric({ fabricId: 1n, fabricIndex: 1, rootNodeId: 2n }), new TestFabric({ fabricId: 2n, fabricIndex: 2, rootNodeId: 1n })];
        const [our, their, , ] = await managers();
        const both = async (what: string, call: (manager: ours.SessionManager<string>) => unknown): Promise<void> => sameOf(() => call(our), () => call(their), what);
        const shown = (session: ours.Session<string> | undefined): unknown => session && [session.name, session.peerNodeId, session.isPase, session.closingAfterExchangeFinished];
        // 0.9.4 has one record for a node ID, ours one for each fabric: here every node is of one.
        const fabricOf = (node: number): TestFabric => fabrics[node % 2] as TestFabric;
        for (let i = 0; i < 5_000; i++) {
            const node = 1 + random.below(6), id = 1 + random.below(40), peerNodeId = BigInt(node);
            const fabric = fabricOf(node);
            switch (random.below(14)) {
                case 0:
                case 1:
                case 2:
                    if (our.getSession(id) !== undefined) break;
                    await both("createSecureSession", async manager =>
                        shown(await manager.createSecureSession({
                            sessionId: id, fabric: id % 3 === 0 ? undefined : fabric, peerNodeId: id % 3 === 0 ? 0n : peerNodeId, peerSessionId: id, sharedSecret: new Uint8Array(16),
                            salt: new Uint8Array(), isInitiator: true, isResumption: false,
                        })));
                    break;
                case 3:
                    await both("getSession", manager => shown(manager.getSession(id)));
                    break;
                case 4:
                    await both("getPaseSession", manager => shown(manager.getPaseSession()));
                    break;
                case 5:
                    await both("getSessionForNode", manager => shown(manager.getSessionForNode(fabric, peerNodeId)));
                    break;
                case 6:
                    if (random.below(4) === 0) await both("removeAllSessionsForNode", manager => manager.removeAllSessionsForNode(peerNodeId, random.chance()));
                    break;
                case 7:
                    await both("createUnsecureSession", manager => shown(manager.createUnsecureSession({ initiatorNodeId: peerNodeId })));
                    break;
                case 8:
                    await both("getUnsecureSession", manager => shown(manager.getUnsecureSession(peerNodeId)));
                    if (random.chance()) await both("destroy", manager => manager.getUnsecureSession(peerNodeId)?.destroy());
                    break;
                case 9:
                    await both("saveResumptionRecord", manager =>
                        manager.saveResumptionRecord({
                            sharedSecret: new Uint8Array(32), resumptionId: new Uint8Array(16).fill(id), fabric, peerNodeId, sessionParameters: { idleIntervalMs: 1, activeIntervalMs: 2, activeThresholdMs: 3 },
                        }));
                    break;
                case 10:
                    await both("findResumptionRecordByNodeId", manager => manager.findResumptionRecordByNodeId(peerNodeId)?.resumptionId);
                    await both("findResumptionRecordById", manager => manager.findResumptionRecordById(new Uint8Array(16).fill(id))?.peerNodeId);
                    break;
                case 11:
                    if (random.chance()) await both("removeResumptionRecord", manager => manager.removeResumptionRecord(peerNodeId));
                    else await both("updateFabricForResumptionRecords", manager => manager.updateFabricForResumptionRecords(fabric));
                    break;
                case 12:
                    await both("removeSession", manager => manager.removeSession(id));
                    await both("findGroupSession", manager => manager.findGroupSession(id, node));
                    break;
                default:
                    await both("getActiveSessionInformation", manager =>
                        manager.getActiveSessionInformation().map(({ lastInteractionTimestamp: _, lastActiveTimestamp: __, ...rest }) => rest));
            }
        }
        await both("close", manager => manager.close());
    });

    check("stores records that the other reads", async () => {
        const fabric = new TestFabric();
        const saved = {
            sharedSecret: new Uint8Array(32).fill(1), resumptionId: new Uint8Array(16).fill(2), fabric, peerNodeId: 7n,
            sessionParameters: { idleIntervalMs: 1, activeIntervalMs: 2, activeThresholdMs: 3 }, caseAuthenticatedTags: [0x10001],
        };
        const [our, their, ourStorage, theirStorage] = await managers();
        await our.saveResumptionRecord(saved);
        await their.saveResumptionRecord(saved);
        const [mine, other] = [ourStorage.get<object[]>("resumptionRecords"), await theirStorage.get<object[]>("resumptionRecords")];
        // The one member more is what tells fabrics with one ID apart.
        equalValues(mine, other.map(record => ({ ...record, fabricIndex: 1 })), "stored");
        for (const [from, stored] of [[Theirs, mine], [ours, other]] as const) {
            const storage = new TestStorage();
            storage.set("resumptionRecords", stored);
            const reader = new from.SessionManager("context", storage as never);
            await reader.initFromStorage([fabric]);
            equalValues(reader.findResumptionRecordByNodeId(7n), saved, "read");
        }
    });

    check("has the same constants and the same error classes", () => {
        for (const name of ["MRP_MAX_TRANSMISSIONS", "SESSION_ACTIVE_INTERVAL_MS", "SESSION_IDLE_INTERVAL_MS", "SESSION_ACTIVE_THRESHOLD_MS", "UNICAST_UNSECURE_SESSION_ID"] as const) {
            equalValues(ours[name], Theirs[name], name);
        }
        const raise = (from: Sessions) => (): never => {
            throw new from.NoAssociatedFabricError("text");
        };
        same(raise(ours), raise(Theirs), "NoAssociatedFabricError");
        equalValues(new ours.NoAssociatedFabricError("text").code, new Theirs.NoAssociatedFabricError("text").code, "code");
    });

    check("one node ID in two fabrics", async () => {
        const fabrics = [new TestFabric({ fabricId: 1n, fabricIndex: 1 }), new TestFabric({ fabricId: 2n, fabricIndex: 2 })];
        const [our, their] = await managers();
        for (const manager of [our, their]) {
            for (const [i, fabric] of fabrics.entries()) {
                await manager.saveResumptionRecord({
                    sharedSecret: new Uint8Array(32), resumptionId: new Uint8Array(16).fill(i + 1), fabric, peerNodeId: 7n, sessionParameters: { idleIntervalMs: 1, activeIntervalMs: 2, activeThresholdMs: 3 },
                });
            }
        }
        const found = (manager: typeof our, id: number): unknown => manager.findResumptionRecordById(new Uint8Array(16).fill(id))?.fabric.fabricIndex;
        explainedValues("Resumption", found(our, 1), found(their, 1), "the first one's record");
        equalValues(found(our, 2), found(their, 2), "the second one's");
    });

    check("session IDs from any start on", async () => {
        for (const start of [0, 1, 2, 0x1234, 0xfffe, 0xffff]) {
            const [our, their] = await pinned(Uint8Array.of(start, start >> 8), managers);
            const ids = async (manager: typeof our): Promise<number[]> => [await manager.getNextAvailableSessionId(), await manager.getNextAvailableSessionId(), await manager.getNextAvailableSessionId()];
            const [a, b] = [await ids(our), await ids(their)];
            if (start === 0) explainedValues("Session IDs", a, b, "from 0 on");
            else equalValues(a, b, `from ${start} on`);
        }
    });
});
