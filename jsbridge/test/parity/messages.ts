/** Constants, TLV messages and messengers of the mirrored handshakes, call by call beside matter.js 0.9.4's. */
import assert from "node:assert/strict";
import { FabricNotFoundError as TheirFabricNotFoundError } from "@project-chip/matter.js/fabric";
import { ChannelStatusResponseError as TheirStatusError, SecureChannelMessenger as TheirMessenger } from "@project-chip/matter.js/securechannel";
import * as theirs from "@project-chip/matter.js/session";
import * as ours from "matter-session/session";
import { FabricNotFoundError } from "#dist/fabric/FabricManager.js";
import { ChannelStatusResponseError, SecureChannelMessenger } from "#dist/protocol/securechannel/SecureChannelMessenger.js";
import { area, check, equal, equalValues, explainedOrEqual, outcome, outcomeOf, same, sameOf, Seeded, type Outcome } from "../support/parity.js";
import { pinned } from "../support/pinned.js";

type Codec = { encode(value: unknown): Uint8Array; decode(octets: Uint8Array, validate?: boolean): unknown };
const schemaNames = [
    "TlvSessionParameters", "TlvPbkdfParamRequest", "TlvPbkdfParamResponse", "TlvPasePake1", "TlvPasePake2", "TlvPasePake3", "TlvCaseSigma1", "TlvCaseSigma2",
    "TlvCaseSigma2Resume", "TlvCaseSigma3", "TlvSignedData", "TlvEncryptedDataSigma2", "TlvEncryptedDataSigma3",
] as const;
const pairs = schemaNames.map(name => [name, ours[name] as unknown as Codec, theirs[name] as unknown as Codec] as const);

/** What each member may be: how many octets, or the largest number. */
const intervals = { idleIntervalMs: 0xffffffff, activeIntervalMs: 0xffffffff, activeThresholdMs: 0xffff };
const shapes: Record<(typeof schemaNames)[number], Record<string, unknown>> = {
    TlvSessionParameters: intervals,
    TlvPbkdfParamRequest: { random: [32], sessionId: 0xffff, passcodeId: 0xffff, hasPbkdfParameters: true, sessionParams: intervals },
    TlvPbkdfParamResponse: { peerRandom: [32], random: [32], sessionId: 0xffff, pbkdfParameters: { iterations: 0xffffffff, salt: [16, 32] }, sessionParams: intervals },
    TlvPasePake1: { x: [65] },
    TlvPasePake2: { y: [65], verifier: [32] },
    TlvPasePake3: { verifier: [32] },
    TlvCaseSigma1: { random: [32], sessionId: 0xffff, destinationId: [32], ecdhPublicKey: [65], sessionParams: intervals, resumptionId: [16], resumeMic: [16] },
    TlvCaseSigma2: { random: [32], sessionId: 0xffff, ecdhPublicKey: [65], encrypted: [0, 1024], sessionParams: intervals },
    TlvCaseSigma2Resume: { resumptionId: [16], resumeMic: [16], sessionId: 0xffff },
    TlvCaseSigma3: { encrypted: [0, 1024] },
    TlvSignedData: { nodeOpCert: [0, 1024], intermediateCACert: [0, 1024], ecdhPublicKey: [65], peerEcdhPublicKey: [65] },
    TlvEncryptedDataSigma2: { nodeOpCert: [0, 1024], intermediateCACert: [0, 1024], signature: [64], resumptionId: [16] },
    TlvEncryptedDataSigma3: { nodeOpCert: [0, 1024], intermediateCACert: [0, 1024], signature: [64] },
};

/** A value of a shape; where the seed says so, a member is missing, out of its bounds or of another type. */
function make(random: Seeded, shape: unknown): unknown {
    const wrong = random.below(40);
    if (wrong === 0) return undefined;
    if (wrong === 1) return ["text", 7, true, 7n][random.below(4)];
    if (typeof shape === "boolean") return random.below(2) === 1;
    if (typeof shape === "number") return [random.below(0x100), random.below(0x10000), random.below(shape), shape, shape + (wrong === 2 ? 1 : 0), wrong === 3 ? -1 : 0][random.below(6)];
    if (Array.isArray(shape)) {
        const [least, most = least] = shape as number[];
        const length = (least as number) + random.below((most as number) - (least as number) + 1) + (wrong === 2 ? 1 : wrong === 3 ? -1 : 0);
        return random.octets(Math.max(0, length));
    }
    return Object.fromEntries(Object.entries(shape as object).map(([name, inner]) => [name, make(random, inner)]));
}

/** Whether there is no object where one is due: matter.js writes a structure of it all the same, or falls over it; ours names the member. */
function lacksObject(value: unknown): boolean {
    if (typeof value !== "object") return true;
    const { sessionParams = {}, pbkdfParameters = {} } = value as Record<string, unknown>;
    return typeof sessionParams !== "object" || typeof pbkdfParameters !== "object";
}

area("handshake constants", () => {
    check("have its values", () => {
        const constants = Object.entries(theirs).filter(([, value]) => typeof value === "number" || value instanceof Uint8Array);
        for (const [name, value] of constants) equalValues(ours[name as keyof typeof ours], value, name);
        equalValues(constants.length, 15, "how many");
    });
});

area("TLV messages", () => {
    check("are the same octets, values and errors in 13,000 generated cases", () => {
        const random = new Seeded(41);
        let encoded = 0, refused = 0;
        for (const [name, our, their] of pairs) {
            for (let i = 0; i < 1000; i++) {
                const value = make(random, shapes[name]);
                const [a, b] = [outcome(() => our.encode(value)), outcome(() => their.encode(value))];
                if (lacksObject(value)) {
                    explainedOrEqual("Handshake messages as TLV", a, b, `${name} ${i}`);
                    continue;
                }
                equal(a, b, `${name} ${i}`);
                if ("error" in b) {
                    refused++;
                    continue;
                }
                encoded++;
                same(() => our.decode((a as { value: Uint8Array }).value), () => their.decode((b as { value: Uint8Array }).value), `${name} ${i} back`);
            }
        }
        assert.ok(encoded > 6000 && refused > 1000, `${encoded} encoded, ${refused} refused`);
    });

    check("are refused alike when cut off at any octet", () => {
        const random = new Seeded(42);
        for (const [name, our, their] of pairs) {
            const full = Object.fromEntries(Object.entries(shapes[name]).map(([key, shape]) => [key, sure(random, shape)]));
            const octets = their.encode(full);
            for (let n = 0; n < octets.length; n++) same(() => our.decode(octets.slice(0, n)), () => their.decode(octets.slice(0, n)), `${name}, ${n} octets`);
        }
    });

    check("are read alike when octets are changed, taken out and put in", () => {
        const random = new Seeded(46);
        let read = 0, refused = 0;
        for (const [name, our, their] of pairs) {
            for (let i = 0; i < 3000; i++) {
                const octets = [...their.encode(sure(random, shapes[name]))];
                for (let n = 1 + random.below(3); n > 0; n--) {
                    const at = random.below(octets.length);
                    // What structures are made of, more often than not.
                    const octet = [random.below(256), 0x15, 0x18, 0x24, 0x30, 0x35, 0x36, 0x37, 0x29, 0x0a, random.below(10)][random.below(11)] as number;
                    octets.splice(at, random.below(2), ...(random.chance() ? [octet] : []));
                }
                const changed = Uint8Array.from(octets);
                const [a, b] = [outcome(() => our.decode(changed)), outcome(() => their.decode(changed))];
                if ("error" in b) refused++;
                else read++;
                // Of a type that TLV reserves nobody knows the length: matter.js goes on as if it had none.
                if ("error" in a && /^Unexpected type (2[5-9]|3[01])\.$/.test(a.error.message)) explainedOrEqual("TLV of reserved types", a, b, `${name} ${i}`);
                else equal(a, b, `${name} ${i}: ${Buffer.from(changed).toString("hex")}`);
            }
        }
        assert.ok(read > 2000 && refused > 2000, `${read} read, ${refused} refused`);
    });

    check("are read alike when foreign members, wide integers and wrong types are in them", () => {
        const st = (...inner: number[]): Uint8Array => Uint8Array.from([0x15, ...inner, 0x18]);
        const cases: Record<string, Uint8Array> = {
            "an array": Uint8Array.of(0x16, 0x18), "a list": Uint8Array.of(0x17, 0x18), "a number": Uint8Array.of(0x04, 1), "nothing inside": st(),
            "a member twice": st(0x24, 1, 5, 0x24, 1, 6), "unknown members": st(0x24, 9, 5, 0x35, 8, 0x24, 1, 1, 0x18, 0x37, 7, 0x17, 0x18, 0x18, 0x24, 1, 6),
            "unknown texts and floats": st(0x2c, 9, 2, 65, 66, 0x2a, 8, 0, 0, 0, 0, 0x2b, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0x34, 6, 0x24, 1, 6),
            "deep": st(0x35, 9, ...Array<number>(40).fill(0x15).flatMap(octet => [octet | 0x20, 1]), ...Array<number>(40).fill(0x18), 0x18, 0x24, 1, 6),
            "an anonymous member": st(0x04, 5), "a profile tag": st(0x44, 1, 0, 5), "a full tag": st(0xc4, 1, 0, 2, 0, 3, 0, 5), "64 bits": st(0x27, 1, 5, 0, 0, 0, 0, 0, 0, 0),
            "too large": st(0x27, 1, 5, 0, 0, 0, 1, 0, 0, 0), "far too large": st(0x27, 1, 255, 255, 255, 255, 255, 255, 255, 255), "32 bits where 16 are due": st(0x26, 3, 5, 0, 1, 0),
            "signed": st(0x20, 1, 5), "a bool": st(0x29, 1), "a text": st(0x2c, 1, 1, 65), "octets": st(0x30, 1, 1, 65), "null": st(0x34, 1), "a structure": st(0x35, 1, 0x18),
            "more octets after it": Uint8Array.from([...st(0x24, 1, 6), 1, 2]), "a 16 bit length": st(0x31, 1, 1, 0, 65), "a 64 bit length": st(0x33, 1, 1, 0, 0, 0, 0, 0, 0, 0, 65),
            "a length past the end": st(0x30, 1, 200, 65), "a bool for a bool": st(0x29, 4), "a number for a bool": st(0x24, 4, 1),
        };
        for (const [name, our, their] of pairs) {
            for (const [what, octets] of Object.entries(cases)) {
                same(() => our.decode(octets), () => their.decode(octets), `${name}: ${what}`);
                same(() => our.decode(octets, false), () => their.decode(octets, false), `${name}: ${what}, unchecked`);
            }
        }
    });
});

/** A value that fits. */
function sure(random: Seeded, shape: unknown): unknown {
    if (typeof shape === "boolean") return true;
    if (typeof shape === "number") return random.below(shape);
    if (Array.isArray(shape)) return random.octets((shape[0] as number) + 3 * (shape.length - 1));
    return Object.fromEntries(Object.entries(shape as object).map(([name, inner]) => [name, sure(random, inner)]));
}

area("random draws and verifiers", () => {
    check("passcodes and discriminators come of the same octets", async () => {
        const random = new Seeded(44);
        // The last three make 11111111, 12345678 and 87654321, which may not be.
        const special = [11111110, 12345677, 87654320].map(n => new Uint8Array(new Uint32Array([n]).buffer));
        for (const octets of [...Array.from({ length: 500 }, () => random.octets(4)), ...special]) {
            await pinned(octets, () => {
                same(() => ours.PaseClient.generateRandomPasscode(), () => theirs.PaseClient.generateRandomPasscode(), `passcode of ${octets}`);
                same(() => ours.PaseClient.generateRandomDiscriminator(), () => theirs.PaseClient.generateRandomDiscriminator(), `discriminator of ${octets}`);
            });
        }
    });

    check("verifiers are the same", async () => {
        const random = new Seeded(45);
        for (let i = 0; i < 20; i++) {
            const parameters = { iterations: 1000 + random.below(100), salt: random.octets(16 + random.below(17)) };
            const passcode = 1 + random.below(99999998);
            await sameOf(() => ours.PaseClient.generatePakePasscodeVerifier(passcode, parameters), () => theirs.PaseClient.generatePakePasscodeVerifier(passcode, parameters), `verifier ${i}`);
        }
    });
});

area("messengers", () => {
    interface Sent { type: number; payload: Uint8Array; options: unknown }
    /** An exchange that has these messages for its reader and keeps what is sent. */
    function exchange(incoming: [number, Uint8Array][]): { sent: Sent[]; closed: number } & Record<string, unknown> {
        const queue = [...incoming];
        const made = {
            sent: [] as Sent[], closed: 0, channel: { channel: { name: "udp://there" } },
            session: { context: {}, getSessionParameters: () => ({}), destroy: async () => {} },
            send: async (type: number, payload: Uint8Array, options?: unknown) => void made.sent.push({ type, payload, options }),
            nextMessage: async () => {
                const [messageType, payload] = queue.shift() ?? assert.fail("nothing to read");
                return { payloadHeader: { messageType }, payload };
            },
            close: async () => void made.closed++,
        };
        return made;
    }
    type Any = Record<string, (...args: unknown[]) => unknown>;
    const report = (general: number, protocol: number): Uint8Array => Uint8Array.of(general, 0, 0, 0, 0, 0, protocol, 0);
    const make_ = { ours, theirs } as unknown as Record<"ours" | "theirs", Record<string, new (exchange: unknown) => Any>>;

    async function both(name: string, incoming: [number, Uint8Array][], call: (messenger: Any) => unknown): Promise<void> {
        const results: [Outcome, Sent[], number][] = [];
        for (const which of ["ours", "theirs"] as const) {
            const on = exchange(incoming);
            const Messenger = name === "" ? ({ ours: SecureChannelMessenger, theirs: TheirMessenger } as unknown as Record<string, new (e: unknown) => Any>)[which] : make_[which][name];
            assert.ok(Messenger !== undefined);
            results.push([await outcomeOf(() => call(new Messenger(on))), on.sent, on.closed]);
        }
        const [[a, sentA, closedA], [b, sentB, closedB]] = results as [[Outcome, Sent[], number], [Outcome, Sent[], number]];
        equal(a, b, name);
        equalValues([sentA, closedA], [sentB, closedB], `${name}: sent, and closed`);
    }

    const random = new Seeded(43);
    const reads = [
        ["PaseServerMessenger", "readPbkdfParamRequest", 0x20, "TlvPbkdfParamRequest"], ["PaseServerMessenger", "readPasePake1", 0x22, "TlvPasePake1"],
        ["PaseServerMessenger", "readPasePake3", 0x24, "TlvPasePake3"], ["PaseClientMessenger", "readPbkdfParamResponse", 0x21, "TlvPbkdfParamResponse"],
        ["PaseClientMessenger", "readPasePake2", 0x23, "TlvPasePake2"], ["CaseServerMessenger", "readSigma1", 0x30, "TlvCaseSigma1"],
        ["CaseServerMessenger", "readSigma3", 0x32, "TlvCaseSigma3"], ["CaseClientMessenger", "readSigma2", 0x31, "TlvCaseSigma2"], ["CaseClientMessenger", "readSigma2", 0x33, "TlvCaseSigma2Resume"],
    ] as const;
    for (const [name, method, type, schema] of reads) {
        check(`${name}.${method} of type ${type}`, async () => {
            const payload = (theirs[schema] as unknown as Codec).encode(sure(random, shapes[schema]));
            await both(name, [[type, payload]], messenger => messenger[method]?.());
            await both(name, [[type, payload.slice(0, -3)]], messenger => messenger[method]?.());
            await both(name, [[0x26, payload]], messenger => messenger[method]?.());
            for (const [general, protocol] of [[1, 2], [1, 1], [8, 4], [0, 3], [0, 0]] as const) {
                await both(name, [[0x40, report(general, protocol)]], messenger => messenger[method]?.());
            }
            await both(name, [[0x40, Uint8Array.of(1)]], messenger => messenger[method]?.());
        });
    }

    const sends = [
        ["PaseServerMessenger", "sendPbkdfParamResponse", "TlvPbkdfParamResponse"], ["PaseServerMessenger", "sendPasePake2", "TlvPasePake2"],
        ["PaseClientMessenger", "sendPbkdfParamRequest", "TlvPbkdfParamRequest"], ["PaseClientMessenger", "sendPasePake1", "TlvPasePake1"], ["PaseClientMessenger", "sendPasePake3", "TlvPasePake3"],
        ["CaseServerMessenger", "sendSigma2", "TlvCaseSigma2"], ["CaseServerMessenger", "sendSigma2Resume", "TlvCaseSigma2Resume"],
        ["CaseClientMessenger", "sendSigma1", "TlvCaseSigma1"], ["CaseClientMessenger", "sendSigma3", "TlvCaseSigma3"],
    ] as const;
    for (const [name, method, schema] of sends) {
        check(`${name}.${method}`, async () => {
            const value = sure(random, shapes[schema]);
            await both(name, [], messenger => messenger[method]?.(value));
            await both(name, [], messenger => messenger[method]?.({}));
        });
    }

    check("the base", async () => {
        for (const code of [0, 1, 2, 3, 4]) await both("", [], messenger => messenger["sendError"]?.(code));
        for (const method of ["sendSuccess", "sendCloseSession", "getChannelName", "close"]) await both("", [], messenger => messenger[method]?.());
        for (const message of [[0x40, report(0, 0)], [0x40, report(1, 2)], [0x24, report(0, 0)]] as [number, Uint8Array][]) {
            await both("", [message], messenger => messenger["waitForSuccess"]?.("what for"));
            await both("", [message], messenger => messenger["nextMessage"]?.("what for"));
            await both("", [message], messenger => messenger["nextMessage"]?.("", 0x24));
        }
    });

    check("errors", () => {
        const args = ["text", 1, 2] as const;
        same(() => { throw new ChannelStatusResponseError(...args); }, () => { throw new TheirStatusError(...args); }, "ChannelStatusResponseError");
        same(() => { throw new FabricNotFoundError("text"); }, () => { throw new TheirFabricNotFoundError("text"); }, "FabricNotFoundError");
        same(() => { throw new ours.MaximumPasePairingErrorsReachedError("text"); }, () => { throw new theirs.MaximumPasePairingErrorsReachedError("text"); }, "MaximumPasePairingErrorsReachedError");
    });
});
