import { MessageCodec as TheirCodec } from "@project-chip/matter.js/codec";
import * as theirs from "@project-chip/matter.js/session";
import { octetsOf } from "matter-session";
import { MessageCodec, type Message } from "matter-session/codec";
import * as ours from "matter-session/session";
import { datagram, messageOf, receive, TestFabric } from "../support/fabric.js";
import { area, check, equalValues, explained, outcome, outcomeOf, same, sameOf, Seeded } from "../support/parity.js";

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

area("SecureSession", () => {
    check("seals 10,000 messages of 400 sessions to the same octets, and each opens the other's", async () => {
        const random = new Seeded(11);
        for (let run = 0; run < 400; run++) {
            const pase = run % 4 === 0;
            const [a, b] = [new TestFabric({ nodeId: random.uint64() }), new TestFabric({ nodeId: random.uint64() })];
            const shared = { secret: random.octets(pase ? 16 : 32), salt: random.octets(random.below(64)), isResumption: random.chance() };
            const initiator = { ...shared, fabric: pase ? undefined : a, peerNodeId: pase ? 0n : b.nodeId, isInitiator: true };
            const responder = { ...shared, fabric: pase ? undefined : b, peerNodeId: pase ? 0n : a.nodeId, isInitiator: false };
            const [ourEnds, theirEnds] = [[await create(ours, initiator), await create(ours, responder)], [await create(Theirs, initiator), await create(Theirs, responder)]] as const;
            for (let i = 0; i < 2; i++) same(() => ourEnds[i]?.getAttestationChallengeKey(), () => theirEnds[i]?.getAttestationChallengeKey(), "getAttestationChallengeKey");
            const counters = [random.uint32(), random.uint32()];
            for (let i = 0; i < 25; i++) {
                const way = random.below(2);
                counters[way] = ((counters[way] as number) + 1 + random.below(5)) >>> 0;
                if ((counters[way] as number) > 0xfffffff0) break;
                const sent = message(random, counters[way] as number);
                const [ourSender, theirSender] = [ourEnds[way] as ours.SecureSession<string>, theirEnds[way] as ours.SecureSession<string>];
                const [ourReceiver, theirReceiver] = [ourEnds[1 - way] as ours.SecureSession<string>, theirEnds[1 - way] as ours.SecureSession<string>];
                const [octets, theirOctets] = [MessageCodec.encodePacket(ourSender.encode(structuredClone(sent))), theirCodec.encodePacket(theirSender.encode(structuredClone(sent)))];
                equalValues(octets, theirOctets, `run ${run}, message ${i}, sealed`);
                same(() => receive(ourReceiver, theirOctets), () => receive(theirReceiver, octets), `run ${run}, message ${i}`);
            }
            for (const session of ourEnds) await session.destroy(false, false);
        }
    });

    check("says of itself the same, as PASE and as CASE, with and without a fabric", async () => {
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
                    equalValues(our.activeTimestamp === our.timestamp, their.activeTimestamp === their.timestamp, "activeTimestamp");
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

    check("ends subscriptions alike, by every way to end", async () => {
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

    check("refuses duplicates with the same words, once messages were authentic", async () => {
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

    check("refuses extensions alike, and ignores those of a peer", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false };
        const [our, their] = [await create(ours, args), await create(Theirs, args)];
        const extended = { ...messageOf(1), securityExtension: Uint8Array.of(1) };
        same(() => our.encode(extended), () => their.encode(extended), "security extension");
        // The flag of a message extension is not encoded, in either.
        const flagged = messageOf(2);
        flagged.packetHeader.hasMessageExtensions = true;
        same(() => our.encode(flagged), () => their.encode(flagged), "message extension");
    });

    check("one forged datagram with the largest counter", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false };
        const sender = await create(ours, { ...args, isInitiator: true });
        const forged = octetsOf(`00${"0300"}00feffffff${"00".repeat(30)}`);
        const [our, their] = [await create(ours, { ...args, isInitiator: false }), await create(Theirs, { ...args, isInitiator: false })];
        const first = datagram(sender, messageOf(1000));
        same(() => receive(our, first), () => receive(their, first), "the first message");
        explained("Forged messages", outcome(() => receive(our, forged)), outcome(() => receive(their, forged)), "the forged one");
        for (const counter of [1001, 1002, 1003]) {
            const octets = datagram(sender, messageOf(counter));
            explained("Order", outcome(() => receive(our, octets)), outcome(() => receive(their, octets)), `${counter} after it`);
        }
    });

    check("messages that are older than the first to arrive", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false };
        const sender = await create(ours, { ...args, isInitiator: true });
        const [our, their] = [await create(ours, { ...args, isInitiator: false }), await create(Theirs, { ...args, isInitiator: false })];
        const [older, first] = [datagram(sender, messageOf(50)), datagram(sender, messageOf(51))];
        same(() => receive(our, first), () => receive(their, first), "the first");
        explained("First message", outcome(() => receive(our, older)), outcome(() => receive(their, older)), "an older one");
        same(() => receive(our, older), () => receive(their, older), "and again");
    });

    check("what is no message of the session", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false };
        const forged = octetsOf(`00${"0300"}0001000000${"00".repeat(30)}`);
        for (let n = 8; n <= forged.length; n++) {
            const [our, their] = [await create(ours, args), await create(Theirs, args)];
            explained("Forged messages", outcome(() => receive(our, forged.subarray(0, n))), outcome(() => receive(their, forged.subarray(0, n))), `${n} octets`);
            await our.destroy(false, false);
        }
    });

    check("a header that is not that of the octets", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isResumption: false };
        const sender = await create(ours, { ...args, isInitiator: true });
        const [our, their] = [await create(ours, { ...args, isInitiator: false }), await create(Theirs, { ...args, isInitiator: false })];
        const octets = datagram(sender, messageOf(9));
        const packet = MessageCodec.decodePacket(octets), aad = octets.subarray(0, 8);
        // The nonce is made of one of them, what is authentic is the other: neither opens that, in words of its own.
        const other = { ...packet, header: { ...packet.header, messageId: 10 } };
        explained("Forged messages", outcome(() => our.decode(other, aad)), outcome(() => their.decode(other, aad)), "another counter");
        // The session ID is in no nonce.
        same(() => our.decode(packet, aad), () => their.decode(packet, aad), "its own");
    });

    check("two messages of one counter, and a session that is destroyed", async () => {
        const args = { peerNodeId: 0n, secret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false };
        const [our, their] = [await create(ours, args), await create(Theirs, args)];
        for (const session of [our, their]) session.encode(messageOf(5));
        const other = messageOf(5, Uint8Array.of(9));
        explained("Used counters", outcome(() => our.encode(structuredClone(other))), outcome(() => their.encode(structuredClone(other))), "another message");
        for (const session of [our, their]) await session.destroy(false, false);
        const uses = [
            (session: typeof our) => session.encode(messageOf(6)),
            (session: typeof our) => session.getAttestationChallengeKey(),
            (session: typeof our) => session.updateMessageCounter(6),
        ];
        for (const use of uses) explained("Destroyed sessions", outcome(() => use(our)), outcome(() => use(their)), `${use}`);
    });

    check("arguments of other types", async () => {
        const good = { fabric: undefined, context: 0, id: 3, peerSessionId: 4, peerNodeId: 0n, sharedSecret: new Uint8Array(16), salt: new Uint8Array(), isInitiator: true, isResumption: false, closeCallback: async () => {} };
        const wrong = { id: "3", peerSessionId: 0x10000, peerNodeId: "0", sharedSecret: "secret", salt: [1], fabric: { nodeId: "7", addSession() {} } };
        for (const [name, value] of Object.entries(wrong)) {
            const args = { ...good, peerNodeId: name === "fabric" ? 5n : 0n, [name]: value } as never;
            const shown = (from: Sessions) => async (): Promise<unknown> => {
                const session = await from.SecureSession.create(args);
                return session.encode(messageOf(1)).applicationPayload;
            };
            explained("Arguments", await outcomeOf(shown(ours)), await outcomeOf(shown(Theirs)), name);
        }
    });
});

area("InsecureSession", () => {
    check("is the same in everything, messages included", async () => {
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
                equalValues(our.activeTimestamp === 0, their.activeTimestamp === 0, "activeTimestamp");
                const sent = message(random, random.uint32());
                same(() => our.encode(sent), () => their.encode(sent), "encode");
                const packet = MessageCodec.decodePacket(datagram(our, sent));
                same(() => our.decode(packet), () => their.decode(packet), "decode");
                same(() => ours.assertSecureSession(our), () => Theirs.assertSecureSession(their), "assertSecureSession");
            }
        }
    });

    check("handshake messages out of their order", () => {
        const run = (from: Sessions): ours.InsecureSession<string> => new from.InsecureSession({ context: "context", messageCounter: {} as never, closeCallback: async () => {}, initiatorNodeId: 99n });
        const [our, their] = [run(ours), run(Theirs)];
        same(() => our.updateMessageCounter(51), () => their.updateMessageCounter(51), "the first");
        explained("First message", outcome(() => our.updateMessageCounter(50)), outcome(() => their.updateMessageCounter(50)), "an older one");
    });
});
