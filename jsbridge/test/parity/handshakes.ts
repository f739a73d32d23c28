/**
 * PASE and CASE, octet by octet: ours with ours beside matter.js's with matter.js's, each side's randomness
 * pinned. matter.js states no session parameters of its own, which changes the transcript and all that
 * comes of it; made to state them, it sends the same octets. Its Sigma2Resume has no place for them.
 */
import * as theirs from "@project-chip/matter.js/session";
import { messageOf } from "../support/fabric.js";
import { area, check, equalValues, explainedValues, Seeded } from "../support/parity.js";
import { pinned } from "../support/pinned.js";
import { root } from "../support/vectors.js";

interface Message {
    opcode: number;
    payload: Uint8Array;
}

interface Session {
    id: number;
    peerSessionId: number;
    nodeId: bigint;
    peerNodeId: bigint;
    isPase: boolean;
    caseAuthenticatedTags: readonly number[];
    getSessionParameters(): object;
    getAttestationChallengeKey(): Uint8Array;
    getIncrementedMessageCounter(): Promise<number>;
    encode(message: ReturnType<typeof messageOf>): { applicationPayload: Uint8Array };
}

interface Handshake {
    readonly session?: Session;
    readonly error?: Error;
    handle(message?: Message): Promise<Message[]>;
}

interface Fabric {
    sign(data: Uint8Array): Uint8Array;
}

interface Node {
    readonly sessionManager: { findResumptionRecordByNodeId(nodeId: bigint): { sharedSecret: Uint8Array; resumptionId: Uint8Array } | undefined };
    join(authority: object, nodeId: bigint, tags?: readonly number[]): Promise<Fabric>;
    enter(fabric: Fabric): void;
    initiatePASE(passcode: number): Handshake;
    respondPASE(passcode: number, parameters: { iterations: number; salt: Uint8Array }): Handshake;
    initiateCASE(fabric: Fabric, peerNodeId: bigint): Handshake;
    respondCASE(): Handshake;
}

interface Maker {
    create(): Promise<Node>;
}

/** The peers that interop pairs, which are driven message by message. */
async function peers(): Promise<{ ours: Maker; theirs: Maker; authority(): Promise<object>; intermediate(): { join(nodeId: bigint): Promise<Fabric> } }> {
    const from = async (name: string): Promise<Record<string, never>> => (await import(new URL(`jsbridge/interop/peers/${name}`, root).href)) as Record<string, never>;
    const [{ LegacyAuthority, LegacyNode }, { MirrorNode }, { IntermediateAuthority }] = [await from("legacy.mjs"), await from("mirror.mjs"), await from("intermediate.mjs")];
    return {
        ours: MirrorNode as unknown as Maker,
        theirs: LegacyNode as unknown as Maker,
        authority: () => (LegacyAuthority as unknown as { create(): Promise<object> }).create(),
        intermediate: () => new (IntermediateAuthority as unknown as new () => { join(nodeId: bigint): Promise<Fabric> })(),
    };
}

/** What this package's sides state. */
const own = { idleIntervalMs: 500, activeIntervalMs: 300, activeThresholdMs: 4000 };
const stating = ["PaseClientMessenger.sendPbkdfParamRequest", "PaseServerMessenger.sendPbkdfParamResponse", "CaseClientMessenger.sendSigma1", "CaseServerMessenger.sendSigma2"];

/** While work runs, matter.js's sides state what ours do. */
async function alsoStated<T>(work: () => Promise<T>): Promise<T> {
    const undo = stating.map(name => {
        const [of, method] = name.split(".") as [keyof typeof theirs, string];
        const prototype = (theirs[of] as unknown as { prototype: Record<string, (message: object) => unknown> }).prototype;
        const before = prototype[method] as (message: object) => unknown;
        prototype[method] = function (this: unknown, message: object) {
            return before.call(this, { ...message, sessionParams: own });
        };
        return () => (prototype[method] = before);
    });
    try {
        return await work();
    } finally {
        for (const each of undo) each();
    }
}

/** One random string for each side, so small that it is a scalar, too. */
interface Randomness {
    readonly initiator: Uint8Array;
    readonly responder: Uint8Array;
}

function randomness(random: Seeded): Randomness {
    const [initiator, responder] = [random.octets(32), random.octets(32)];
    for (const octets of [initiator, responder]) octets[0] = (octets[0] as number) & 0x7f;
    return { initiator, responder };
}

interface Conversation {
    messages: Message[];
    sides: [Handshake, Handshake];
}

/** Lets two sides talk until neither has anything to say. */
async function converse(initiator: Handshake, responder: Handshake, drawn: Randomness): Promise<Conversation> {
    const messages: Message[] = [];
    let waiting = await pinned(drawn.initiator, () => initiator.handle());
    while (waiting.length > 0) {
        const answers: Message[] = [];
        for (const message of waiting) {
            messages.push(message);
            answers.push(...(await pinned(drawn.responder, () => responder.handle(message))));
        }
        waiting = [];
        for (const message of answers) {
            messages.push(message);
            waiting.push(...(await pinned(drawn.initiator, () => initiator.handle(message))));
        }
    }
    return { messages, sides: [initiator, responder] };
}

/** What came of a side: its session, with its keys in what it seals, or its error. */
async function result({ session, error }: Handshake): Promise<unknown> {
    if (session === undefined) return [error?.constructor.name, error?.message];
    const { id, peerSessionId, nodeId, peerNodeId, isPase, caseAuthenticatedTags } = session;
    const sealed = session.encode(messageOf(await session.getIncrementedMessageCounter())).applicationPayload;
    return { id, peerSessionId, nodeId, peerNodeId, isPase, caseAuthenticatedTags: [...caseAuthenticatedTags], parameters: session.getSessionParameters(), challenge: session.getAttestationChallengeKey(), sealed };
}

/** Signatures are random: here each is made once, and serves both implementations. */
function signOnce(fabric: Fabric): Fabric {
    const made = new Map<string, Uint8Array>();
    const sign = fabric.sign.bind(fabric);
    return Object.defineProperty(fabric, "sign", {
        value: (data: Uint8Array) => {
            const key = Buffer.from(data).toString("hex");
            const signature = made.get(key) ?? sign(Uint8Array.from(data));
            made.set(key, signature);
            return signature;
        },
    });
}

/** Compares all of two conversations; a message that is in explanations only differs by its row. */
async function compare(our: Conversation, their: Conversation, explanations: Partial<Record<number | "initiator" | "responder" | "count", string>>, what: string): Promise<void> {
    const compareOne = (key: number | "initiator" | "responder" | "count", a: unknown, b: unknown, name: string): void => {
        const row = explanations[key];
        if (row === undefined) equalValues(a, b, name);
        else explainedValues(row, a, b, name);
    };
    compareOne("count", our.messages.map(({ opcode }) => opcode), their.messages.map(({ opcode }) => opcode), `${what}: opcodes`);
    for (const [i, message] of our.messages.entries()) {
        const other = their.messages[i];
        if (other?.opcode === message.opcode) compareOne(message.opcode, message.payload, other.payload, `${what}: 0x${message.opcode.toString(16)}`);
    }
    for (const [i, key] of (["initiator", "responder"] as const).entries()) {
        compareOne(key, await result(our.sides[i] as Handshake), await result(their.sides[i] as Handshake), `${what}: ${key}`);
    }
}

/** Makes the two nodes of each implementation, of the same randomness. */
async function nodes(from: Maker, drawn: Randomness): Promise<[Node, Node]> {
    return [await pinned(drawn.initiator, () => from.create()), await pinned(drawn.responder, () => from.create())];
}

const stated = "Session parameters in handshakes";

area("PASE, with pinned randomness", () => {
    const pair = async (maker: Maker, drawn: Randomness, [initiatorsPasscode, passcode]: readonly [number, number], parameters: { iterations: number; salt: Uint8Array }): Promise<Conversation> => {
        const [a, b] = await nodes(maker, drawn);
        return converse(a.initiatePASE(initiatorsPasscode), b.respondPASE(passcode, parameters), drawn);
    };

    check("every octet, when both state their parameters", async () => {
        const { ours, theirs: other } = await peers();
        const random = new Seeded(51);
        for (let i = 0; i < 25; i++) {
            const drawn = randomness(random), parameters = { iterations: 1000, salt: random.octets(16 + random.below(17)) };
            const passcode = 1 + random.below(11111110);
            const our = await pair(ours, drawn, [passcode, passcode], parameters);
            const their = await alsoStated(() => pair(other, drawn, [passcode, passcode], parameters));
            await compare(our, their, {}, `run ${i}`);
        }
    });

    check("and as matter.js is", async () => {
        const { ours, theirs: other } = await peers();
        const random = new Seeded(52);
        for (let i = 0; i < 5; i++) {
            const drawn = randomness(random), parameters = { iterations: 1000, salt: random.octets(32) };
            const [our, their] = [await pair(ours, drawn, [20202021, 20202021], parameters), await pair(other, drawn, [20202021, 20202021], parameters)];
            // X is of the random number and the passcode alone.
            await compare(our, their, { 0x20: stated, 0x21: stated, 0x23: stated, 0x24: stated, initiator: stated, responder: stated }, `run ${i}`);
        }
    });

    check("the wrong passcode", async () => {
        const { ours, theirs: other } = await peers();
        const random = new Seeded(53);
        for (let i = 0; i < 5; i++) {
            const drawn = randomness(random), parameters = { iterations: 1000, salt: random.octets(32) };
            const our = await pair(ours, drawn, [20202022, 20202021], parameters);
            const their = await alsoStated(() => pair(other, drawn, [20202022, 20202021], parameters));
            // Theirs says nothing, and its server is still waiting.
            await compare(our, their, { count: "An initiator that gives up", responder: "An initiator that gives up" }, `run ${i}`);
        }
    });
});

area("CASE, with pinned randomness", () => {
    const [from, to] = [0x1111n, 0xfff0_0000_2222n];

    interface Fabrics {
        readonly near: Fabric;
        readonly far: Fabric;
    }

    const fabrics = async (tags?: readonly number[]): Promise<Fabrics> => {
        const { theirs: maker, authority } = await peers();
        const root = await authority();
        return { near: signOnce(await (await maker.create()).join(root, from, tags)), far: signOnce(await (await maker.create()).join(root, to)) };
    };

    const entered = async (maker: Maker, drawn: Randomness, { near, far }: Fabrics): Promise<[Node, Node]> => {
        const [a, b] = await nodes(maker, drawn);
        a.enter(near);
        b.enter(far);
        return [a, b];
    };
    const meet = ([a, b]: [Node, Node], { near }: Fabrics, drawn: Randomness): Promise<Conversation> => converse(a.initiateCASE(near, to), b.respondCASE(), drawn);

    check("every octet in full and resumed, when both state their parameters", async () => {
        const { ours, theirs: other, intermediate } = await peers();
        const random = new Seeded(54);
        for (let i = 0; i < 10; i++) {
            const authority = intermediate();
            const both = i % 2 === 0 ? await fabrics() : { near: signOnce(await authority.join(from)), far: signOnce(await authority.join(to)) };
            const first = randomness(random);
            const [our, their] = [await entered(ours, first, both), await entered(other, first, both)];
            for (const run of ["in full", "resumed", "resumed again"]) {
                const drawn = randomness(random);
                await compare(await meet(our, both, drawn), await alsoStated(() => meet(their, both, drawn)), { 0x33: stated }, `run ${i}, ${run}`);
                const record = (nodes: [Node, Node]): unknown[] => [nodes[0].sessionManager.findResumptionRecordByNodeId(to), nodes[1].sessionManager.findResumptionRecordByNodeId(from)].map(found => [found?.resumptionId, found?.sharedSecret]);
                equalValues(record(our), record(their), `run ${i}, ${run}: records`);
            }
        }
    });

    check("and as matter.js is", async () => {
        const { ours, theirs: other } = await peers();
        const random = new Seeded(55);
        const both = await fabrics();
        const drawn = randomness(random);
        const [our, their] = [await entered(ours, drawn, both), await entered(other, drawn, both)];
        await compare(await meet(our, both, drawn), await meet(their, both, drawn), { 0x30: stated, 0x31: stated, 0x32: stated, initiator: stated, responder: stated }, "in full");
    });

    check("tags in a client's certificate", async () => {
        const { ours, theirs: other } = await peers();
        const both = await fabrics([0xabcd_0001, 0x1234_0002]);
        const drawn = randomness(new Seeded(56));
        const [our, their] = [await entered(ours, drawn, both), await entered(other, drawn, both)];
        await compare(await meet(our, both, drawn), await alsoStated(() => meet(their, both, drawn)), { initiator: "A client's `caseAuthenticatedTags`" }, "tags");
    });

    check("a bad resumption MIC", async () => {
        const { ours, theirs: other } = await peers();
        const random = new Seeded(57);
        const both = await fabrics();
        const drawn = randomness(random);
        const [our, their] = [await entered(ours, drawn, both), await entered(other, drawn, both)];
        await compare(await meet(our, both, drawn), await alsoStated(() => meet(their, both, drawn)), {}, "in full");
        for (const pair of [our, their]) pair[1].sessionManager.findResumptionRecordByNodeId(from)?.sharedSecret.fill(0);
        const next = randomness(random), row = "A bad resumption MIC";
        await compare(await meet(our, both, next), await alsoStated(() => meet(their, both, next)), { count: row, initiator: row, responder: row }, "bad MIC");
    });

    check("another fabric", async () => {
        const { ours, theirs: other } = await peers();
        const both = { near: (await fabrics()).near, far: (await fabrics()).far };
        const drawn = randomness(new Seeded(58));
        const [our, their] = [await entered(ours, drawn, both), await entered(other, drawn, both)];
        await compare(await meet(our, both, drawn), await alsoStated(() => meet(their, both, drawn)), {}, "another fabric");
    });
});
