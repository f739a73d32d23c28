import "@project-chip/matter-node.js";
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { MessageCodec as TheirCodec } from "@project-chip/matter.js/codec";
import { Level, Logger } from "@project-chip/matter.js/log";
import * as theirs from "@project-chip/matter.js/session";
import { StorageBackendMemory, StorageManager } from "@project-chip/matter.js/storage";
import { octetsOf, start } from "matter-session";
import { MessageCodec, type Message } from "matter-session/codec";
import * as ours from "matter-session/session";
import { datagram, messageOf, receive, TestFabric, TestStorage } from "./support/fabric.js";
import { equal, outcome, same, sameOf, Seeded } from "./support/parity.js";

before(async () => {
    Logger.defaultLogLevel = Level.FATAL;
    await start();
});

// The types differ where theirs are branded: both classes are used by what they do.
type Sessions = typeof ours;
const Theirs = theirs as unknown as Sessions;
const theirCodec = TheirCodec as unknown as typeof MessageCodec;

interface Arguments {
    fabric?: TestFabric | undefined;
    peerNodeId: bigint;
    secret: Uint8Array;
    salt: Uint8Array;
    isInitiator: boolean;
    isResumption: boolean;
    caseAuthenticatedTags?: readonly number[] | undefined;
}

function create(from: Sessions, { secret, salt, ...rest }: Arguments): Promise<ours.SecureSession<string>> {
    return from.SecureSession.create({ fabric: undefined, ...rest, context: "context", id: 3, peerSessionId: 4, sharedSecret: secret, salt, closeCallback: async () => {} });
}

/** A message with a counter that is new to the session. */
function message(random: Seeded, messageId: number): Message {
    const made = messageOf(messageId, random.octets(random.below(100)));
    if (random.chance()) made.packetHeader.sourceNodeId = random.uint64();
    if (random.chance()) made.packetHeader.destNodeId = random.uint64();
    if (random.chance()) made.payloadHeader.ackedMessageId = random.uint32();
    return made;
}

describe("parity with matter.js 0.9.4: SecureSession", () => {
    it("seals 10,000 messages of 400 sessions to the same octets, and each opens the other's", async () => {
        const random = new Seeded(11);
        for (let run = 0; run < 400; run++) {
            const pase = run % 4 === 0;
            const [a, b] = [new TestFabric({ nodeId: random.uint64() }), new TestFabric({ nodeId: random.uint64() })];
            const shared = { secret: random.octets(pase ? 16 : 32), salt: random.octets(random.below(64)), isResumption: random.chance() };
            const initiator = { ...shared, fabric: pase ? undefined : a, peerNodeId: pase ? 0n : b.nodeId, isInitiator: true };
            const responder = { ...shared, fabric: pase ? undefined : b, peerNodeId: pase ? 0n : a.nodeId, isInitiator: false };
            const [ourEnds, theirEnds] = [[await create(ours, initiator), await create(ours, responder)], [await create(Theirs, initiator), await create(Theirs, responder)]] as const;
            for (let i = 0; i < 2; i++) assert.deepEqual(ourEnds[i]?.getAttestationChallengeKey(), Uint8Array.from(theirEnds[i]?.getAttestationChallengeKey() ?? []));
            const counters = [random.uint32(), random.uint32()];
            for (let i = 0; i < 25; i++) {
                const way = random.below(2);
                counters[way] = ((counters[way] as number) + 1 + random.below(5)) >>> 0;
                if ((counters[way] as number) > 0xfffffff0) break;
                const sent = message(random, counters[way] as number);
                const [ourSender, theirSender] = [ourEnds[way] as ours.SecureSession<string>, theirEnds[way] as ours.SecureSession<string>];
                const [ourReceiver, theirReceiver] = [ourEnds[1 - way] as ours.SecureSession<string>, theirEnds[1 - way] as ours.SecureSession<string>];
                const [octets, theirOctets] = [MessageCodec.encodePacket(ourSender.encode(structuredClone(sent))), theirCodec.encodePacket(theirSender.encode(structuredClone(sent)))];
                assert.deepEqual(octets, Uint8Array.from(theirOctets));
                same(() => receive(ourReceiver, theirOctets), () => receive(theirReceiver, octets), `run ${run}, message ${i}`);
            }
            for (const session of ourEnds) await session.destroy(false, false);
        }
    });

    it("says of itself the same, as PASE and as CASE, with and without a fabric", async () => {
        const members = [
            "name", "id", "peerSessionId", "context", "isSecure", "isPase", "nodeId", "peerNodeId", "caseAuthenticatedTags", "closingAfterExchangeFinished",
            "sendCloseMessageWhenClosing", "numberOfActiveSubscriptions", "associatedFabric", "fabric",
        ] as const;
        const fabric = new TestFabric();
        for (const given of [undefined, fabric]) {
            for (const peerNodeId of [0n, 77n]) {
                for (const caseAuthenticatedTags of [undefined, [3]]) {
                    const args = { fabric: given, peerNodeId, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false, caseAuthenticatedTags };
                    const [our, their] = [await create(ours, args), await create(Theirs, args)];
                    for (const member of members) same(() => our[member], () => their[member], member);
                    same(() => our.getSessionParameters(), () => their.getSessionParameters(), "parameters");
                    same(() => our.isPeerActive(), () => their.isPeerActive(), "isPeerActive");
                    assert.equal(our.activeTimestamp, our.timestamp);
                    same(() => our.addAssociatedFabric(fabric), () => their.addAssociatedFabric(fabric), "addAssociatedFabric");
                    for (const member of members) same(() => our[member], () => their[member], member);
                    for (const after of [true, false]) {
                        await sameOf(() => our.destroy(after, after), () => their.destroy(after, after), "destroy");
                        for (const member of members) same(() => our[member], () => their[member], member);
                    }
                }
            }
        }
    });

    it("ends subscriptions alike, by every way to end", async () => {
        for (const end of ["close", "end", "destroy", "clearSubscriptions"] as const) {
            for (const first of [undefined, true, false]) {
                const run = async (from: Sessions): Promise<unknown> => {
                    const told: unknown[] = [];
                    const session = await from.SecureSession.create({
                        context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false,
                        closeCallback: async () => void told.push("closed"), subscriptionChangedCallback: () => told.push("changed"),
                    });
                    for (const subscriptionId of [1, 2, 3]) {
                        session.addSubscription({ subscriptionId, cancel: async flush => void told.push([subscriptionId, flush]) });
                    }
                    session.removeSubscription(2);
                    session.removeSubscription(4);
                    await (session[end] as (first?: boolean) => Promise<void>)(first);
                    return [...told, session.numberOfActiveSubscriptions, session.closingAfterExchangeFinished, session.sendCloseMessageWhenClosing];
                };
                await sameOf(() => run(ours), () => run(Theirs), `${end}(${first})`);
            }
        }
    });

    it("refuses duplicates with the same words, once messages were authentic", async () => {
        const random = new Seeded(12);
        for (let run = 0; run < 100; run++) {
            const args = { peerNodeId: 0n, secret: random.octets(16), salt: new Uint8Array(), isResumption: false };
            const sender = await create(Theirs, { ...args, isInitiator: true }); // ours seals nothing that it may have sealed before
            const [our, their] = [await create(ours, { ...args, isInitiator: false }), await create(Theirs, { ...args, isInitiator: false })];
            let largest = 1000 + random.below(2 ** 20);
            const sent = new Map<number, Uint8Array>();
            const receiveBoth = (counter: number): void => {
                const octets = sent.get(counter) ?? datagram(sender, messageOf(counter));
                sent.set(counter, octets);
                same(() => receive(our, octets), () => receive(their, octets), `run ${run}, counter ${counter}`);
            };
            receiveBoth(largest);
            receiveBoth((largest += 100)); // beyond what 0.9.4 believes of the first message
            for (let i = 0; i < 40; i++) {
                const step = random.below(40) - 36;
                receiveBoth(largest + step);
                largest = Math.max(largest, largest + step);
            }
        }
    });

    it("refuses extensions alike, and ignores those of a peer", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false };
        const [our, their] = [await create(ours, args), await create(Theirs, args)];
        const extended = { ...messageOf(1), securityExtension: Uint8Array.of(1) };
        same(() => our.encode(extended), () => their.encode(extended), "security extension");
        // The flag of a message extension is not encoded, in either.
        const flagged = messageOf(2);
        flagged.packetHeader.hasMessageExtensions = true;
        same(() => our.encode(flagged), () => their.encode(flagged), "message extension");
    });

    it("difference 1: after one forged datagram theirs never hears its peer again", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false };
        const sender = await create(ours, { ...args, isInitiator: true });
        const forged = octetsOf(`00${"0300"}00feffffff${"00".repeat(30)}`);
        for (const [from, expected] of [[ours, 3], [Theirs, 0]] as const) {
            const session = await create(from, { ...args, isInitiator: false });
            receive(session, datagram(sender, messageOf(1000)));
            assert.throws(() => receive(session, forged));
            let heard = 0;
            for (const counter of [1001, 1002, 1003]) {
                const { value } = outcome(() => receive(session, datagram(sender, messageOf(counter)))) as { value?: unknown };
                if (value !== undefined) heard++;
            }
            assert.equal(heard, expected);
        }
    });

    it("differs: a forged message is an UnexpectedDataError, not the platform's own", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false };
        const forged = octetsOf(`00${"0300"}0001000000${"00".repeat(30)}`), short = forged.subarray(0, 12);
        for (const octets of [forged, short]) {
            const [our, their] = [await create(ours, args), await create(Theirs, args)];
            const classes = (session: typeof our): string[] | undefined => {
                const came = outcome(() => receive(session, octets));
                return "error" in came ? came.error.classes : undefined;
            };
            assert.deepEqual(classes(our), ["AuthenticationError", "UnexpectedDataError", "MatterError"]);
            assert.equal(classes(their)?.includes("MatterError"), false);
        }
    });
});

describe("parity with matter.js 0.9.4: InsecureSession", () => {
    it("is the same in everything, messages included", async () => {
        const random = new Seeded(13);
        for (const isInitiator of [undefined, true, false]) {
            for (const sessionParameters of [undefined, {}, { idleIntervalMs: 1 }, { activeIntervalMs: 2, activeThresholdMs: undefined }, { activeThresholdMs: 0 }]) {
                const run = (from: Sessions): ours.InsecureSession<string> =>
                    new from.InsecureSession({ context: "context", messageCounter: {} as never, closeCallback: async () => {}, initiatorNodeId: 99n, sessionParameters, isInitiator });
                const [our, their] = [run(ours), run(Theirs)];
                for (const member of ["name", "id", "peerSessionId", "context", "isSecure", "isPase", "nodeId", "peerNodeId", "closingAfterExchangeFinished", "associatedFabric"] as const) {
                    same(() => our[member], () => their[member], member);
                }
                for (const call of ["getSessionParameters", "isPeerActive", "getAttestationChallengeKey"] as const) same(() => our[call](), () => their[call](), call);
                same(() => our.setFabric(new TestFabric()), () => their.setFabric(new TestFabric()), "setFabric");
                assert.equal(our.activeTimestamp === 0, their.activeTimestamp === 0);
                const sent = message(random, random.uint32());
                same(() => our.encode(sent), () => their.encode(sent), "encode");
                const packet = MessageCodec.decodePacket(datagram(our, sent));
                same(() => our.decode(packet), () => their.decode(packet), "decode");
                same(() => ours.assertSecureSession(our), () => Theirs.assertSecureSession(their), "assertSecureSession");
            }
        }
    });
});

describe("parity with matter.js 0.9.4: SessionManager", () => {
    const managers = async (): Promise<[ours.SessionManager<string>, ours.SessionManager<string>, TestStorage, { get<T>(key: string): T | Promise<T> }]> => {
        const storage = new StorageManager(new StorageBackendMemory());
        await storage.initialize();
        const context = storage.createContext("SessionManager");
        const own = new TestStorage();
        return [new ours.SessionManager("context", own), new Theirs.SessionManager("context", context as never), own, context as never];
    };

    it("answers 5,000 random calls alike", async () => {
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

    it("stores records that the other reads", async () => {
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
        equal({ value: mine }, { value: other.map(record => ({ ...record, fabricIndex: 1 })) }, "stored");
        for (const [from, stored] of [[Theirs, mine], [ours, other]] as const) {
            const storage = new TestStorage();
            storage.set("resumptionRecords", stored);
            const reader = new from.SessionManager("context", storage as never);
            await reader.initFromStorage([fabric]);
            assert.deepEqual(reader.findResumptionRecordByNodeId(7n), saved);
        }
    });

    it("has the same constants and the same error classes", () => {
        for (const name of ["MRP_MAX_TRANSMISSIONS", "SESSION_ACTIVE_INTERVAL_MS", "SESSION_IDLE_INTERVAL_MS", "SESSION_ACTIVE_THRESHOLD_MS", "UNICAST_UNSECURE_SESSION_ID"] as const) {
            assert.equal(ours[name], Theirs[name], name);
        }
        const raise = (from: Sessions) => (): never => {
            throw new from.NoAssociatedFabricError("text");
        };
        same(raise(ours), raise(Theirs), "NoAssociatedFabricError");
        assert.equal(new ours.NoAssociatedFabricError("text").code, new Theirs.NoAssociatedFabricError("text").code);
    });

    it("difference 13: theirs has one record for a node ID, whatever the fabric", async () => {
        const [a, b] = [new TestFabric({ fabricId: 1n, fabricIndex: 1 }), new TestFabric({ fabricId: 2n, fabricIndex: 2 })];
        const [our, their] = await managers();
        for (const manager of [our, their]) {
            for (const [i, fabric] of [a, b].entries()) {
                await manager.saveResumptionRecord({
                    sharedSecret: new Uint8Array(32), resumptionId: new Uint8Array(16).fill(i + 1), fabric, peerNodeId: 7n, sessionParameters: { idleIntervalMs: 1, activeIntervalMs: 2, activeThresholdMs: 3 },
                });
            }
        }
        const first = new Uint8Array(16).fill(1);
        assert.equal(our.findResumptionRecordById(first)?.fabric, a);
        assert.equal(their.findResumptionRecordById(first), undefined);
    });
});

