import { octets } from "../../common/arguments.js";
import { ImplementationError, MatterFlowError, UnexpectedDataError } from "../../common/MatterError.js";
import { NodeId } from "../../datatype/NodeId.js";
import { platform } from "../../platform.js";
import { MessageType, ProtocolStatusCode, SECURE_CHANNEL_PROTOCOL_ID } from "../../protocol/securechannel/SecureChannelMessages.js";
import { ChannelStatusResponseError } from "../../protocol/securechannel/SecureChannelMessenger.js";
import { inTheirWords, tellBusy } from "../handshake-failure.js";
import type { EstablishedSession, HandshakeExchange, HandshakeTimer, PaseServerContext } from "../handshake-types.js";
import { createSession, HandshakeRun, nextSessionId, ownParameters, resultFrom, sendStep } from "../handshake.js";
import { DEFAULT_PASSCODE_ID, PaseServerMessenger } from "./PaseMessenger.js";
import { numberOf, octetsOf, verifierOf, type PbkdfParameters } from "./verifier.js";

/** Both are Matter Core §4.14.1's. */
const attemptTimeoutMs = 60_000, maxFailures = 20;
const words = [["wrong passcode", () => "Received incorrect key confirmation from the initiator."]] as const;

/** So many initiators had the wrong passcode, or gave up, that nobody may try any more. */
export class MaximumPasePairingErrorsReachedError extends MatterFlowError {}

/** One initiator's attempt, from its first message to a session or an error. */
class Attempt {
    /** Rejects when the attempt is given up. */
    readonly givenUp: Promise<never>;
    readonly messenger: PaseServerMessenger;
    ended = false;
    readonly #timer: HandshakeTimer;
    #reject: (reason: Error) => void = () => {};

    constructor(messenger: PaseServerMessenger) {
        this.messenger = messenger;
        this.givenUp = new Promise((_, reject) => (this.#reject = reject));
        this.givenUp.catch(() => {}); // nobody may be waiting any more
        const giveUp = (): void => this.end(new MatterFlowError(`Pase server: The initiator took longer than ${attemptTimeoutMs} ms.`));
        this.#timer = platform().timer("PASE pairing timeout", attemptTimeoutMs, giveUp).start();
    }

    end(reason?: Error): void {
        this.ended = true;
        this.#timer.stop();
        if (reason !== undefined) this.#reject(reason);
    }
}

/**
 * The device's side of PASE, for as long as its commissioning window is open: one initiator at a time,
 * a minute for each, and twenty failures in all. An initiator that comes while another one is at it is
 * told to come back, and touches neither. Matter Core §4.14.1.
 */
export class PaseServer {
    readonly #w0AndL: Uint8Array;
    readonly #pbkdfParameters: PbkdfParameters | undefined;
    #attempt: Attempt | undefined;
    #failures = 0;

    static async fromPin(setupPinCode: number, pbkdfParameters: PbkdfParameters): Promise<PaseServer> {
        return PaseServer.fromVerificationValue(await verifierOf(setupPinCode, pbkdfParameters), pbkdfParameters);
    }

    /** @param verificationValue - w0 ‖ L, 97 octets, as {@link PaseClient.generatePakePasscodeVerifier} gives them */
    static fromVerificationValue(verificationValue: Uint8Array, pbkdfParameters?: PbkdfParameters): PaseServer {
        octets("verificationValue", verificationValue, 97);
        return new PaseServer(numberOf(verificationValue.subarray(0, 32)), verificationValue.slice(32), pbkdfParameters);
    }

    /** @param pbkdfParameters - told to initiators that ask for them */
    constructor(w0: bigint, L: Uint8Array, pbkdfParameters?: PbkdfParameters) {
        this.#w0AndL = new Uint8Array(97);
        if (typeof w0 !== "bigint") throw new ImplementationError(`w0: expected a bigint, got ${typeof w0}`);
        this.#w0AndL.set(octetsOf(w0));
        this.#w0AndL.set(octets("L", L, 65), 32);
        this.#pbkdfParameters = pbkdfParameters;
    }

    getId(): number {
        return SECURE_CHANNEL_PROTOCOL_ID;
    }

    /**
     * Answers an initiator, and destroys its unsecured session in the end. Failures are logged.
     *
     * @throws {@link MaximumPasePairingErrorsReachedError} when there were too many of them
     */
    async onNewExchange<S extends EstablishedSession>(exchange: HandshakeExchange<PaseServerContext<S>>): Promise<void> {
        try {
            const reason = this.#failures < maxFailures ? this.#inProgress(exchange.session.context) : undefined;
            if (reason !== undefined) {
                platform().logger("PaseServer").info(reason);
                await tellBusy(exchange);
                await exchange.close();
                return;
            }
            await this.#take(exchange);
        } finally {
            await exchange.session.destroy();
        }
    }

    /** Gives up the attempt of a messenger; that of another one goes on. */
    async cancelPairing(messenger: PaseServerMessenger, sendError = true): Promise<void> {
        if (this.#attempt?.messenger === messenger) {
            const attempt = this.#attempt;
            this.#attempt = undefined;
            attempt.end(new MatterFlowError("Pase server: Pairing cancelled."));
        }
        if (sendError) await messenger.sendError(ProtocolStatusCode.InvalidParam);
        await messenger.close();
    }

    /** Gives up the attempt that is under way, if any. */
    async close(): Promise<void> {
        if (this.#attempt !== undefined) await this.cancelPairing(this.#attempt.messenger);
    }

    #inProgress(server: PaseServerContext): Error | undefined {
        if (server.existsOpenPaseSession()) {
            return new MatterFlowError("Pase server: Pairing already in progress (PASE session exists), ignoring new exchange.");
        }
        if (this.#attempt !== undefined) {
            return new MatterFlowError("Pase server: Pairing already in progress (PASE establishment Timer running), ignoring new exchange.");
        }
        return undefined;
    }

    async #take<S extends EstablishedSession>(exchange: HandshakeExchange<PaseServerContext<S>>): Promise<void> {
        const messenger = new PaseServerMessenger(exchange);
        if (this.#failures >= maxFailures) {
            await messenger.sendError(ProtocolStatusCode.InvalidParam);
            await messenger.close();
            throw tooMany();
        }
        const attempt = new Attempt(messenger);
        this.#attempt = attempt;
        try {
            await Promise.race([this.#pair(exchange.session.context, attempt), attempt.givenUp]);
        } catch (error) {
            this.#failures++;
            const said = inTheirWords(error, words);
            platform().logger("PaseServer").error(`PASE failed (${this.#failures} of ${maxFailures} times):`, said);
            await this.#fail(attempt, !(error instanceof ChannelStatusResponseError));
            if (this.#failures >= maxFailures) throw tooMany();
        } finally {
            attempt.end();
            if (this.#attempt === attempt) this.#attempt = undefined;
        }
    }

    /** A cancelled attempt's peer has been told by whoever cancelled it. */
    async #fail(attempt: Attempt, sendError: boolean): Promise<void> {
        if (this.#attempt !== attempt) return;
        attempt.end();
        try {
            await this.cancelPairing(attempt.messenger, sendError);
        } catch (error) {
            platform().logger("PaseServer").debug("The initiator could not be told that PASE failed:", error);
        }
    }

    async #pair<S extends EstablishedSession>(server: PaseServerContext<S>, attempt: Attempt): Promise<void> {
        const { messenger } = attempt;
        const { requestPayload, request } = await messenger.readPbkdfParamRequest();
        if (request.passcodeId !== DEFAULT_PASSCODE_ID) throw new UnexpectedDataError(`Unsupported passcode ID ${request.passcodeId}.`);
        const sessionId = await nextSessionId(server);
        if (attempt.ended) return;
        const verifier = { w0AndL: this.#w0AndL, pbkdfParameters: this.#pbkdfParameters };
        const run = HandshakeRun.paseResponder({ sessionId, parameters: ownParameters(server) }, verifier);
        attempt.givenUp.catch(() => run.close());
        try {
            await sendStep(messenger, await run.receive(MessageType.PbkdfParamRequest, requestPayload));
            const pake1 = await messenger.nextMessage("PASE Pake1", MessageType.PasePake1);
            await sendStep(messenger, await run.receive(MessageType.PasePake1, pake1.payload));
            const pake3 = await messenger.nextMessage("PASE Pake3", MessageType.PasePake3);
            const last = await run.receive(MessageType.PasePake3, pake3.payload);
            const result = resultFrom(last);
            const session = await createSession(server, result, {
                sessionId, fabric: undefined, peerNodeId: NodeId.UNSPECIFIED_NODE_ID, isInitiator: false, isResumption: false, sessionParameters: result.peerParameters,
            });
            try {
                if (attempt.ended) throw new MatterFlowError("Pase server: Pairing cancelled.");
                await sendStep(messenger, last);
            } catch (error) {
                // A session that the initiator does not know of would keep everybody else out.
                await session.destroy(false, false);
                throw error;
            }
            platform().logger("PaseServer").info(`Session ${sessionId} made with ${messenger.getChannelName()}`);
            await messenger.close();
        } finally {
            run.close();
        }
    }
}

function tooMany(): MaximumPasePairingErrorsReachedError {
    return new MaximumPasePairingErrorsReachedError("Pase server: Too many errors during PASE commissioning, aborting commissioning window");
}
