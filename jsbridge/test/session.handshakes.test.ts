/** PASE and CASE by a host without matter.js: its own exchanges, its own fabric, a key that signs in its own time. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, it } from "node:test";
import { core, octetsOf, start } from "matter-session";
import {
    CaseClient, CaseServer, PaseClient, PaseServer, PaseServerMessenger, TlvCaseSigma1, TlvCaseSigma2Resume, TlvPasePake1, TlvPbkdfParamRequest, TlvPbkdfParamResponse,
    type SecureSession,
} from "matter-session/session";
import { ends, HostFabric, Node, rest, until, type End } from "./support/handshake.js";
import { root, vectors, verifierOf20202021 } from "./support/vectors.js";

const passcode = 20202021;
const invalidParam = "0100000000000200";
/** Failure, and no code of the protocol's own: the fault is not the peer's. */
const hostFailed = "010000000000ffff";
const busy = "0800000000000400e803";
const parameters = { iterations: 1000, salt: new Uint8Array(16).fill(3) };
let verifier: Uint8Array;
before(async () => {
    await start();
    verifier = await PaseClient.generatePakePasscodeVerifier(passcode, parameters);
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const opcodes = (end: End<unknown>): number[] => end.sent.map(({ opcode }) => opcode);
const last = (end: End<unknown>): string => hex(end.sent.at(-1)?.payload ?? assert.fail("nothing was sent"));
const server = (): PaseServer => PaseServer.fromVerificationValue(verifier, parameters);

interface Met {
    client: Node;
    device: Node;
    near: End<Node>;
    far: End<Node>;
    session: SecureSession<Node> | undefined;
    error: Error | undefined;
    /** What the server's onNewExchange threw. */
    thrown: Error | undefined;
}

interface Options {
    client?: Node;
    device?: Node;
    prepare?: (near: End<Node>, far: End<Node>) => void;
}

async function meet(options: Options, ask: (client: Node, near: End<Node>) => Promise<SecureSession<Node>>, answer: (far: End<Node>) => Promise<void>): Promise<Met> {
    const { client = new Node(), device = new Node(), prepare } = options;
    const [near, far] = ends(client, device);
    prepare?.(near, far);
    const met: Met = { client, device, near, far, session: undefined, error: undefined, thrown: undefined };
    let asked = false, answered = false;
    const asking = ask(client, near).then(session => void (met.session = session), (error: Error) => void (met.error = error)).finally(() => (asked = true));
    await until(() => asked || near.sent.length > 0);
    if (near.sent.length === 0) return met;
    const answering = answer(far).catch((error: Error) => void (met.thrown = error)).finally(() => (answered = true));
    await until(() => asked || answered);
    await rest();
    if (!answered) far.receive({ opcode: 0x40, payload: octetsOf(invalidParam) }); // as a polite initiator would
    await answering;
    await Promise.race([asking, rest()]);
    return met;
}

const pase = (on: PaseServer, options: Options = {}, code = passcode): Promise<Met> =>
    meet(options, (client, near) => new PaseClient().pair(client, near, code), far => on.onNewExchange(far));
const case_ = (client: Node, device: Node, options: Options = {}): Promise<Met> => {
    const [fabric] = client.fabrics, [peer] = device.fabrics;
    assert.ok(fabric !== undefined && peer !== undefined);
    return meet({ client, device, ...options }, (node, near) => new CaseClient().pair(node, near, fabric, peer.nodeId), far => new CaseServer().onNewExchange(far));
};

function assertSame(a: SecureSession<Node> | undefined, b: SecureSession<Node> | undefined): void {
    assert.ok(a !== undefined && b !== undefined);
    assert.deepEqual([a.peerSessionId, b.peerSessionId], [b.id, a.id]);
    assert.deepEqual(a.getAttestationChallengeKey(), b.getAttestationChallengeKey());
}

async function destroy(...nodes: Node[]): Promise<void> {
    for (const node of nodes) for (const session of node.opened) await session.destroy(false, false).catch(() => {});
}

describe("PASE", () => {
    it("makes a session, closes the exchange and destroys the unsecured session", async () => {
        const { session, device, client, near, far, thrown } = await pase(server());
        assertSame(session, device.opened[0]);
        assert.equal(thrown, undefined);
        assert.ok(session?.isPase && device.existsOpenPaseSession());
        assert.deepEqual([opcodes(near), opcodes(far)], [[0x20, 0x22, 0x24], [0x21, 0x23, 0x40]]);
        assert.deepEqual([near.closed, far.closed, near.destroyed, far.destroyed], [1, 1, 0, 1]);
        await destroy(client, device);
        assert.equal(core().call("sessionCount"), 0);
    });

    it("has the verifier of the published vectors, and takes it without the passcode", async () => {
        const { iterations, salt, verifier: wanted } = verifierOf20202021();
        assert.deepEqual(await PaseClient.generatePakePasscodeVerifier(passcode, { iterations, salt }), wanted);
        const { tests } = vectors<{ tests: { passcode: number; iterations: number; salt: string; serializedVerifier: string }[] }>("pase_verifier.json");
        for (const { passcode: code, iterations, salt, serializedVerifier } of tests) {
            assert.equal(hex(await PaseClient.generatePakePasscodeVerifier(code, { iterations, salt: octetsOf(salt) })), serializedVerifier);
        }
        const { session, device, client } = await pase(PaseServer.fromVerificationValue(wanted, { iterations, salt }));
        assertSame(session, device.opened[0]);
        await destroy(client, device);
    });

    it("is told apart by the passcode, on both sides", async () => {
        const { error, device, near, far, thrown } = await pase(await PaseServer.fromPin(passcode, parameters), {}, passcode + 1);
        assert.equal(error?.message, "Received incorrect key confirmation from the receiver.");
        assert.deepEqual([opcodes(near), last(near)], [[0x20, 0x22, 0x40], invalidParam]);
        assert.deepEqual(opcodes(far), [0x21, 0x23]); // it was told, and answers nothing
        assert.deepEqual([device.opened.length, far.destroyed, thrown], [0, 1, undefined]);
    });

    it("ends when the initiator's confirmation is wrong", async () => {
        const { error, far, device } = await pase(server(), {
            prepare: near => (near.change = message => (message.opcode === 0x24 ? { opcode: 0x24, payload: message.payload.map((octet, i) => (i === 20 ? octet ^ 1 : octet)) } : message)),
        });
        assert.match(error?.message ?? "", /^\(1\/2\) Received general error status for protocol 0 \(Success after PASE Pake3\)$/);
        assert.deepEqual([last(far), device.opened.length], [invalidParam, 0]);
    });

    it("refuses passcodes that no device has, and sends nothing", async () => {
        for (const code of [0, 11111111, 12345678, 99999999]) {
            const { error, near } = await pase(server(), {}, code);
            assert.match(error?.message ?? "", /passcode/);
            assert.deepEqual(near.sent, []);
        }
    });

    it("has no session 0, though a host may offer it", async () => {
        const client = new Node(), offered = [0, 0, 77];
        client.getNextAvailableSessionId = async () => offered.shift() ?? 0;
        const met = await pase(server(), { client });
        assert.equal(met.session?.id, 77);
        await destroy(client, met.device);
        const { error } = await pase(server(), { client });
        assert.match(error?.message ?? "", /session ID 0/);
    });

    it("draws passcodes and discriminators that may be", () => {
        for (let i = 0; i < 1000; i++) {
            const code = PaseClient.generateRandomPasscode(), discriminator = PaseClient.generateRandomDiscriminator();
            assert.ok(Number.isInteger(code) && code >= 1 && code <= 99999998 && code % 11111111 !== 0, `${code}`);
            assert.ok(Number.isInteger(discriminator) && discriminator >= 0 && discriminator < 4096);
        }
    });

    describe("one initiator at a time", () => {
        it("a second initiator is told to come back, and touches neither the first one nor the count of failures", async () => {
            const on = server();
            const first = new Node(), device = new Node();
            const [near, far] = ends(first, device);
            const held: { opcode: number; payload: Uint8Array }[] = [];
            near.change = message => (message.opcode === 0x24 ? void held.push(message) : message);
            const pairing = new PaseClient().pair(first, near, passcode);
            await until(() => near.sent.length > 0);
            const answering = on.onNewExchange(far);
            await until(() => held.length > 0);
            for (let i = 0; i < 25; i++) {
                const second = await pase(on, { device });
                assert.match(second.error?.message ?? "", /^\(8\/4\)/);
                assert.deepEqual([second.far.sent.map(({ payload }) => hex(payload)), second.far.closed, second.far.destroyed, second.thrown], [[busy], 1, 1, undefined]);
            }
            far.receive(held[0] ?? assert.fail());
            await answering;
            assertSame(await pairing, device.opened[0]);
            // And while there is a session, too.
            const late = await pase(on, { device });
            assert.equal(last(late.far), busy);
            await destroy(first, device);
            const next = await pase(on, { device });
            assertSame(next.session, device.opened[1]);
            await destroy(next.client, device);
        });

        it("an initiator has a minute", async t => {
            t.mock.timers.enable({ apis: ["setTimeout"] });
            const on = server(), device = new Node();
            const [near, far] = ends(new Node(), device);
            near.change = message => (message.opcode === 0x22 ? undefined : message);
            const pairing = new PaseClient().pair(new Node(), near, passcode);
            const refused = assert.rejects(pairing, { message: /^\(1\/2\)/ });
            await until(() => near.sent.length > 0);
            const answering = on.onNewExchange(far);
            await until(() => near.sent.length > 1);
            t.mock.timers.tick(59_999);
            await rest();
            assert.deepEqual([opcodes(far), far.destroyed], [[0x21], 0]);
            t.mock.timers.tick(1);
            await answering;
            assert.deepEqual([opcodes(far), last(far), far.closed, far.destroyed], [[0x21, 0x40], invalidParam, 1, 1]);
            await refused;
            // What it says now is too late, and the next one is welcome.
            far.receive({ opcode: 0x22, payload: TlvPasePake1.encode({ x: new Uint8Array(65) }) });
            const next = await pase(on, { device });
            assertSame(next.session, device.opened[0]);
            t.mock.timers.tick(120_000); // its own minute is over with its attempt
            assert.ok(device.existsOpenPaseSession());
            await destroy(next.client, device);
        });

        it("twenty failures close the window", async () => {
            const on = server();
            for (let i = 1; i < 20; i++) assert.equal((await pase(on, {}, passcode + 1)).thrown, undefined);
            const wanted = { name: "MaximumPasePairingErrorsReachedError", message: "Pase server: Too many errors during PASE commissioning, aborting commissioning window" };
            const twentieth = await pase(on, {}, passcode + 1);
            assert.deepEqual({ name: twentieth.thrown?.constructor.name, message: twentieth.thrown?.message }, wanted);
            assert.equal(twentieth.far.destroyed, 1);
            const good = await pase(on);
            assert.deepEqual({ name: good.thrown?.constructor.name, message: good.thrown?.message }, wanted);
            assert.deepEqual([good.device.opened.length, last(good.far), good.far.destroyed], [0, invalidParam, 1]);
        });

        it("close() gives up the attempt that is under way, cancelPairing() none but its own", async () => {
            const on = server();
            const [near, far] = ends(new Node(), new Node());
            near.change = message => (message.opcode === 0x22 ? undefined : message);
            const refused = assert.rejects(new PaseClient().pair(new Node(), near, passcode), { message: /^\(1\/2\)/ });
            await until(() => near.sent.length > 0);
            const answering = on.onNewExchange(far);
            await until(() => near.sent.length > 1);
            const [, stranger] = ends(new Node(), new Node());
            await on.cancelPairing(new PaseServerMessenger(stranger));
            assert.deepEqual([last(stranger), stranger.closed, far.closed, opcodes(far)], [invalidParam, 1, 0, [0x21]]);
            await on.close();
            await answering;
            await refused;
            assert.deepEqual([last(far), far.closed, far.destroyed], [invalidParam, 1, 1]);
            await on.close();
            const met = await pase(on);
            assertSame(met.session, met.device.opened[0]);
            await destroy(met.client, met.device);
        });
    });

    it("keeps no session of which the initiator cannot know", async () => {
        const on = server();
        const { device } = await pase(on, { prepare: (_, far) => (far.broken = opcode => opcode === 0x40) });
        assert.deepEqual([device.opened.length, device.existsOpenPaseSession(), core().call("sessionCount")], [1, false, 0]);
        const next = await pase(on, { device });
        assertSame(next.session, device.opened[1]);
        await destroy(next.client, device);
    });

    it("says what was wrong with a response", async () => {
        const cases: [string, (payload: Uint8Array) => { opcode: number; payload: Uint8Array }, string, string | undefined][] = [
            ["no parameters", payload => ({ opcode: 0x21, payload: TlvPbkdfParamResponse.encode({ ...TlvPbkdfParamResponse.decode(payload), pbkdfParameters: undefined }) }), "Missing requested PbkdfParameters in the response.", invalidParam],
            ["another message", payload => ({ opcode: 0x23, payload }), "Received unexpected message type: 35, expected: 33 (PASE PbkdfParamResponse)", invalidParam],
            ["a refusal", () => ({ opcode: 0x40, payload: octetsOf("0100000000000200") }), "(1/2) Received general error status for protocol 0 (PASE PbkdfParamResponse)", undefined],
            ["cut off", payload => ({ opcode: 0x21, payload: payload.slice(0, -1) }), "Offset is outside the bounds of the DataView", invalidParam],
            ["another's random number", payload => ({ opcode: 0x21, payload: TlvPbkdfParamResponse.encode({ ...TlvPbkdfParamResponse.decode(payload), peerRandom: new Uint8Array(32) }) }), "PASE: the response does not repeat our random number", invalidParam],
        ];
        for (const [what, change, message, told] of cases) {
            const { error, near } = await pase(server(), { prepare: (_, far) => (far.change = sent => (sent.opcode === 0x21 ? change(sent.payload) : sent)) });
            assert.equal(error?.message, message, what);
            assert.equal(near.sent.length === 1 ? undefined : last(near), told, what);
        }
    });

    it("says what was wrong with a request", async () => {
        const on = server();
        for (const change of [
            (payload: Uint8Array) => TlvPbkdfParamRequest.encode({ ...TlvPbkdfParamRequest.decode(payload), passcodeId: 1 }),
            (payload: Uint8Array) => payload.slice(0, -1),
            (payload: Uint8Array) => Uint8Array.from([...payload, 0]), // more octets after the message
        ]) {
            const { far, device } = await pase(on, { prepare: near => (near.change = sent => (sent.opcode === 0x20 ? { opcode: 0x20, payload: change(sent.payload) } : sent)) });
            assert.deepEqual([far.sent.map(({ payload }) => hex(payload)), device.opened.length], [[invalidParam], 0]);
        }
    });

    it("gives its places in the core back, however it ends", async () => {
        for (let i = 0; i < 5000; i++) {
            const [near] = ends(new Node(), new Node());
            near.broken = () => true;
            await assert.rejects(new PaseClient().pair(near.session.context, near, passcode), { message: "nobody acknowledged it" });
        }
    });

    it("says that the core is not started", () => {
        const script = `
            import { PaseClient } from "matter-session/session";
            const exchange = { send() {}, channel: { channel: { name: "" } }, session: { getSessionParameters: () => ({}) } };
            await new PaseClient().pair({ sessionManager: {}, getNextAvailableSessionId: async () => 1 }, exchange, 20202021).catch(error => console.log(error.message));`;
        const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
        assert.match(said, /^The core is not started: await start\(\)/);
    });
});

describe("CASE", () => {
    for (const withICAC of [false, true]) {
        it(`makes a session and resumes it, ${withICAC ? "with" : "without"} an intermediate certificate`, async () => {
            const fabric = await HostFabric.create(withICAC);
            assert.equal(fabric.intermediateCACert !== undefined, withICAC);
            const client = new Node(fabric), device = new Node(fabric);
            for (const [round, [ask, answer]] of ([[[0x30, 0x32], [0x31, 0x40]], [[0x30, 0x40], [0x33]], [[0x30, 0x40], [0x33]]] as const).entries()) {
                const { session, near, far, error } = await case_(client, device);
                assert.equal(error, undefined);
                assertSame(session, device.opened[round]);
                assert.deepEqual([opcodes(near), opcodes(far)], [ask, answer]);
                assert.deepEqual([near.closed, far.closed, near.destroyed, far.destroyed], [1, 1, 0, 1]);
                assert.equal(session?.peerNodeId, fabric.nodeId);
                assert.equal(fabric.signatures, 2); // each side's, in full
            }
            assert.equal(fabric.sessions.size, 6);
            await destroy(client, device);
            assert.deepEqual([fabric.sessions.size, core().call("sessionCount")], [0, 0]);
        });
    }

    it("without the device's record goes on in full", async () => {
        const fabric = await HostFabric.create();
        const client = new Node(fabric), device = new Node(fabric);
        await case_(client, device);
        await device.sessionManager.removeResumptionRecord(fabric.nodeId);
        const { session, far } = await case_(client, device);
        assert.equal(far.sent[0]?.opcode, 0x31);
        assertSame(session, device.opened[1]);
        await destroy(client, device);
    });

    it("is told that there is no such fabric", async () => {
        const client = new Node(await HostFabric.create()), device = new Node(await HostFabric.create());
        const { error, far, near } = await case_(client, device);
        assert.equal(error?.message, "(1/1) Received general error status for protocol 0 (CASE Sigma2 or Sigma2Resume)");
        assert.deepEqual([last(far), far.destroyed, opcodes(near)], ["0100000000000100", 1, [0x30]]);
    });

    it("tells the peer when its own key does not sign", async () => {
        const wrong: Record<string, () => Promise<Uint8Array>> = {
            "the key store is locked": async () => {
                throw new Error("the key store is locked");
            },
            "the authority's signature is not 64 octets r‖s": async () => new Uint8Array(72),
        };
        for (const [message, sign] of Object.entries(wrong)) {
            const fabric = await HostFabric.create();
            const mute = Object.create(fabric, { sign: { value: sign }, nodeId: { value: fabric.nodeId }, destinationOf: { value: (id: bigint, random: Uint8Array) => fabric.destinationOf(id, random) } }) as HostFabric;
            for (const name of ["fabricIndex", "fabricId", "rootCert", "operationalCert", "intermediateCACert", "operationalIdentityProtectionKey"] as const) {
                Object.defineProperty(mute, name, { value: fabric[name] });
            }
            Object.defineProperty(mute, "addSession", { value() {} });
            const asked = await case_(new Node(mute), new Node(fabric));
            assert.equal(asked.error?.message, message);
            assert.deepEqual([opcodes(asked.near), last(asked.near)], [[0x30, 0x40], hostFailed]);
            const answered = await case_(new Node(fabric), new Node(mute));
            assert.deepEqual([opcodes(answered.far), last(answered.far)], [[0x40], hostFailed]);
            assert.match(answered.error?.message ?? "", /^\(1\//);
            assert.deepEqual([answered.device.opened.length, asked.device.opened.length], [0, 0]);
        }
    });

    it("names what a fabric lacks", async () => {
        const fabric = await HostFabric.create();
        const lacking = Object.assign(Object.create(HostFabric.prototype) as HostFabric, fabric, { rootCert: undefined });
        const [near] = ends(new Node(), new Node());
        await assert.rejects(new CaseClient().pair(near.session.context, near, lacking, 1n), { message: "fabric.rootCert is not a Uint8Array" });
        assert.deepEqual(near.sent, []);
    });

    it("refuses answers that it did not ask for", async () => {
        const fabric = await HostFabric.create();
        const resume = TlvCaseSigma2Resume.encode({ resumptionId: new Uint8Array(16), resumeMic: new Uint8Array(16), sessionId: 9 });
        for (const [opcode, payload, message, told] of [
            [0x33, resume, "Received an unexpected sigma2Resume.", true],
            [0x32, resume, "Received unexpected message type while expecting CASE Sigma2: 50, expected: 49 or 51", false],
            [0x31, resume, /./, true],
        ] as const) {
            const { error, near } = await case_(new Node(fabric), new Node(fabric), { prepare: (_, far) => (far.change = sent => (sent.opcode === 0x31 ? { opcode, payload } : sent)) });
            if (typeof message === "string") assert.equal(error?.message, message);
            else assert.match(error?.message ?? "", message);
            assert.equal(opcodes(near).includes(0x40) && last(near) === invalidParam, told);
        }
    });

    it("refuses a resumption ID without its MIC", async () => {
        const fabric = await HostFabric.create();
        const half = (payload: Uint8Array): Uint8Array => TlvCaseSigma1.encode({ ...TlvCaseSigma1.decode(payload), resumptionId: new Uint8Array(16) });
        const { far } = await case_(new Node(fabric), new Node(fabric), { prepare: near => (near.change = sent => (sent.opcode === 0x30 ? { opcode: 0x30, payload: half(sent.payload) } : sent)) });
        assert.equal(last(far), invalidParam);
    });

    it("takes no record of another fabric with the same IDs", async () => {
        const [mine, other] = [await HostFabric.create(), await HostFabric.create()];
        const client = new Node(mine), device = new Node(mine);
        await case_(client, device);
        const record = client.findResumptionRecordByNodeId(mine.nodeId) ?? assert.fail();
        const twin = Object.assign(Object.create(HostFabric.prototype) as HostFabric, other, { fabricId: mine.fabricId, fabricIndex: mine.fabricIndex });
        client.findResumptionRecordByNodeId = () => ({ ...record, fabric: twin });
        const { near } = await case_(client, device);
        assert.equal(TlvCaseSigma1.decode(near.sent[0]?.payload ?? assert.fail()).resumptionId, undefined);
        await destroy(client, device);
    });

    it("keeps neither session nor record of which the initiator cannot know", async () => {
        const fabric = await HostFabric.create();
        const { device } = await case_(new Node(fabric), new Node(fabric), { prepare: (_, far) => (far.broken = opcode => opcode === 0x40) });
        assert.equal(device.opened.length, 1);
        assert.equal(device.findResumptionRecordByNodeId(fabric.nodeId), undefined);
        assert.equal(core().call("sessionCount"), 0);
    });
});
