/** The mirrored classes inside matter.js: their errors are its errors, their randomness and time are its own. */
import "@project-chip/matter-node.js";
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as theirErrors from "@project-chip/matter.js/common";
import { Crypto } from "@project-chip/matter.js/crypto";
import { StatusResponseError } from "@project-chip/matter.js/interaction";
import { Diagnostic, Level, Logger } from "@project-chip/matter.js/log";
import { Time } from "@project-chip/matter.js/time";
import { AsyncObservable, Observable } from "@project-chip/matter.js/util";
import { AuthenticationError, start } from "matter-session";
import type * as Codec from "matter-session/codec";
import type * as Protocol from "matter-session/protocol";
import type * as Sessions from "matter-session/session";
import { setPlatform } from "#dist/platform.js";
import { root } from "./support/vectors.js";
import type * as Errors from "#dist/common/MatterError.js";

let session: typeof Sessions, protocol: typeof Protocol, codec: typeof Codec, errors: typeof Errors;

before(async () => {
    Logger.defaultLogLevel = Level.FATAL;
    // As the adapter must: it has no name of its own outside.
    const { AsyncConstruction } = (await import(new URL("node_modules/@project-chip/matter.js/dist/esm/util/AsyncConstruction.js", root).href)) as { AsyncConstruction: (...args: unknown[]) => never };
    const { MatterError, InternalError, NotImplementedError, MatterFlowError, UnexpectedDataError, ImplementationError, NoProviderError, CrashedDependencyError } = theirErrors;
    setPlatform({
        errors: { MatterError, InternalError, NotImplementedError, MatterFlowError, UnexpectedDataError, ImplementationError, NoProviderError, StatusResponseError, CrashedDependencyError },
        observable: () => Observable() as never,
        asyncObservable: () => AsyncObservable() as never,
        randomBytes: length => Crypto.getRandomData(length),
        nowMs: () => Time.nowMs(),
        logger: name => Logger.get(name) as never,
        dict: entries => Diagnostic.dict(entries),
        construction: (subject, work) => AsyncConstruction(subject, work),
    });
    session = await import("matter-session/session");
    protocol = await import("matter-session/protocol");
    codec = await import("matter-session/codec");
    errors = await import("#dist/common/MatterError.js");
});

const keys = { decryptKey: new Uint8Array(16), encryptKey: new Uint8Array(16), attestationKey: new Uint8Array(16) };
const secure = (): Sessions.SecureSession<number> =>
    new session.SecureSession({ ...keys, context: 0, id: 1, fabric: undefined, peerNodeId: 0n, peerSessionId: 2, closeCallback: async () => {}, isInitiator: true });

describe("under matter.js's platform", () => {
    it("the core that is not started is a missing provider", () => {
        assert.throws(secure, (error: Error) => error instanceof theirErrors.NoProviderError && /The core is not started/.test(error.message));
    });

    it("errors are matter.js's", async () => {
        await start();
        const made = secure();
        assert.throws(() => made.associatedFabric, (error: Error) => error instanceof StatusResponseError && error instanceof session.NoAssociatedFabricError && error.message.startsWith("(126) PASE"));
        assert.ok(new session.NoAssociatedFabricError("x") instanceof theirErrors.MatterError);
        assert.ok(new protocol.DuplicateMessageError("x") instanceof theirErrors.MatterError);
        const header = { sessionId: 1, sessionType: 0, hasPrivacyEnhancements: false, isControlMessage: false, hasMessageExtensions: false, messageId: 1, securityFlags: 0 } as const;
        const packet = { header, applicationPayload: new Uint8Array(20) };
        // What the core says is told in matter.js's classes, with the core's own error as the cause.
        assert.throws(() => made.decode(packet, Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 0)), (error: Error) => error instanceof theirErrors.UnexpectedDataError && error.cause instanceof AuthenticationError);
        assert.throws(() => made.encode({ packetHeader: header, payloadHeader: {} as never, payload: 1 as never }), theirErrors.ImplementationError);
        assert.throws(() => codec.MessageCodec.decodePacket(Uint8Array.of(0x10)), theirErrors.NotImplementedError);
        assert.throws(() => codec.MessageCodec.decodePacket(Uint8Array.of(0)), theirErrors.UnexpectedDataError);
        assert.throws(() => protocol.MessageReceptionState.prototype.updateMessageCounter.call(undefined, 1), TypeError);
        assert.throws(() => new protocol.MessageReceptionStateEncryptedWithRollover().updateMessageCounter(-1), theirErrors.InternalError);
        await made.destroy(false, false);
        assert.throws(() => made.encode({ packetHeader: header, payloadHeader: {} as never, payload: new Uint8Array() }), theirErrors.MatterFlowError);
        assert.equal(errors.fromCore("not ours"), "not ours");
    });

    it("randomness, time and events are matter.js's", async () => {
        const { getRandomData } = Crypto.get();
        const asked: number[] = [];
        Crypto.get().getRandomData = (length: number) => {
            asked.push(length);
            return new Uint8Array(length).fill(1);
        };
        const manager = new session.SessionManager("context", { get: <T>() => [] as T, has: () => false, set: () => {} });
        assert.deepEqual(asked, [2, 4]); // as it asks itself
        assert.equal(await manager.getNextAvailableSessionId(), 0x0101);
        assert.equal(manager.createUnsecureSession({}).nodeId, 0x0101_0101_0101_0101n);
        Crypto.get().getRandomData = getRandomData;
        assert.equal(manager.sessionClosed.isAsync, true);
        assert.ok(manager.sessionOpened.constructor === Observable().constructor);
        const clock = Time.get();
        const { nowMs } = clock;
        clock.nowMs = () => 12345;
        assert.equal(secure().timestamp, 12345);
        clock.nowMs = nowMs;
    });

    it("what is made in the background is made by matter.js", async () => {
        const broken = new protocol.PersistedMessageCounter({ get: <T>() => -1 as T, has: () => true, set: () => {} }, "counter");
        await assert.rejects(async () => broken.construction, theirErrors.CrashedDependencyError);
        assert.equal((broken.construction as unknown as { status: string }).status, "crashed");
        const counter = await protocol.PersistedMessageCounter.create({ get: <T>() => 5 as T, has: () => true, set: () => {} }, "counter");
        assert.equal(await counter.getIncrementedCounter(), 6);
    });

    it("it is too late to change the platform", () => {
        assert.throws(() => setPlatform({}), /^ImplementationError: setPlatform\(\) comes too late: the session classes are already made$/);
    });
});
