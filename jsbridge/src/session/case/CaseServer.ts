import { UnexpectedDataError } from "../../common/MatterError.js";
import { FabricNotFoundError } from "../../fabric/FabricManager.js";
import { platform } from "../../platform.js";
import { MessageType, ProtocolStatusCode, SECURE_CHANNEL_PROTOCOL_ID } from "../../protocol/securechannel/SecureChannelMessages.js";
import { ChannelStatusResponseError } from "../../protocol/securechannel/SecureChannelMessenger.js";
import { inTheirWords } from "../handshake-failure.js";
import type { CaseServerContext, EstablishedSession, HandshakeExchange, HandshakeFabric } from "../handshake-types.js";
import { createSession, HandshakeRun, nextSessionId, ownParameters, resultFrom, sendStep, type HandshakeStep } from "../handshake.js";
import { TlvCaseSigma2Resume, type CaseSigma1 } from "./CaseMessages.js";
import { CaseServerMessenger } from "./CaseMessenger.js";
import type { ResumptionRecord } from "../SessionManager.js";
import { ofFabric } from "./records.js";

const words = [
    [/names fabric ID (0x[0-9a-f]+), not (0x[0-9a-f]+)/, (match: RegExpExecArray | null) => `Fabric ID mismatch: ${BigInt(match?.[2] ?? 0)} !== ${BigInt(match?.[1] ?? 0)}`],
] as const;

/** The side of CASE that is asked for a session. Matter Core §4.14.2. */
export class CaseServer {
    /** Answers an initiator, and destroys its unsecured session in the end. Failures are logged and told to the initiator. */
    async onNewExchange<S extends EstablishedSession>(exchange: HandshakeExchange<CaseServerContext<S>>): Promise<void> {
        const messenger = new CaseServerMessenger(exchange);
        const attempt: Attempt = { run: undefined };
        try {
            await this.#answer(exchange.session.context, messenger, attempt);
        } catch (error) {
            platform().logger("CaseServer").error("CASE failed:", inTheirWords(error, words));
            await tell(exchange, messenger, attempt, error);
        } finally {
            attempt.run?.close();
            await exchange.session.destroy();
        }
    }

    getId(): number {
        return SECURE_CHANNEL_PROTOCOL_ID;
    }

    async close(): Promise<void> {}

    async #answer<S extends EstablishedSession>(server: CaseServerContext<S>, messenger: CaseServerMessenger, attempt: Attempt): Promise<void> {
        const { sigma1Bytes, sigma1 } = await messenger.readSigma1();
        const { fabric, record } = find(server, sigma1);
        const sessionId = await nextSessionId(server);
        const run = HandshakeRun.caseResponder({ sessionId, parameters: ownParameters(server) }, fabric, record);
        attempt.run = run;

        const first = await run.receive(MessageType.Sigma1, sigma1Bytes);
        if (first.spent && record !== undefined) spend(record, first);
        await sendStep(messenger, first);

        const [what, type] = first.spent ? ["Success after CASE Sigma2Resume", MessageType.StatusReport] as const : ["CASE Sigma3", MessageType.Sigma3] as const;
        const message = await messenger.nextMessage(what, type);
        const last = await run.receive(type, message.payload);
        const result = resultFrom(last);
        const { peerNodeId, peerParameters, peerCats, resumed, record: kept } = result;
        const session = await createSession(server, result, {
            sessionId, fabric, peerNodeId, isInitiator: false, isResumption: resumed,
            sessionParameters: peerParameters, caseAuthenticatedTags: peerCats,
        });
        try {
            await sendStep(messenger, last);
        } catch (error) {
            // The initiator does not know of it.
            await session.destroy(false, false);
            throw error;
        }
        platform().logger("CaseServer").info(`Session ${sessionId} ${resumed ? "resumed" : "made"} with ${messenger.getChannelName()}`);
        await messenger.close();
        if (kept === undefined) return;
        if (resumed && record !== undefined) await server.saveResumptionRecord(Object.assign(record, kept));
        else await server.saveResumptionRecord({ peerNodeId, fabric, ...kept, sessionParameters: session.getSessionParameters(), caseAuthenticatedTags: peerCats });
    }
}

interface Attempt {
    run: HandshakeRun | undefined;
}

/** The fabric that Sigma1 is for, and the record that it asks to resume if that is of the same fabric. */
function find(server: CaseServerContext, sigma1: CaseSigma1): { fabric: HandshakeFabric; record: ResumptionRecord | undefined } {
    const { resumptionId, resumeMic, destinationId, random } = sigma1;
    if ((resumptionId === undefined) !== (resumeMic === undefined)) throw new UnexpectedDataError("Invalid resumption ID or resume MIC.");
    const fabric = server.findFabricFromDestinationId(destinationId, random);
    const record = resumptionId === undefined ? undefined : server.findResumptionRecordById(resumptionId);
    return { fabric, record: ofFabric(record, fabric) };
}

/** From here on the record has the ID that Sigma2Resume tells: a replay of Sigma1 must not resume anything, it would lead to the same keys. */
function spend(record: ResumptionRecord, { send }: HandshakeStep): void {
    if (send !== undefined) record.resumptionId = TlvCaseSigma2Resume.decode(send.payload).resumptionId;
}

async function tell(exchange: HandshakeExchange<CaseServerContext>, messenger: CaseServerMessenger, { run }: Attempt, error: unknown): Promise<void> {
    if (error instanceof ChannelStatusResponseError) return;
    try {
        if (error instanceof FabricNotFoundError) await messenger.sendError(ProtocolStatusCode.NoSharedTrustRoots);
        else if (run?.report !== undefined) await exchange.send(MessageType.StatusReport, run.report);
        else await messenger.sendError(ProtocolStatusCode.InvalidParam);
    } catch (failure) {
        platform().logger("CaseServer").debug("The initiator could not be told that CASE failed:", failure);
    }
}
