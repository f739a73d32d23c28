import { structure } from "../../common/arguments.js";
import { UnexpectedDataError } from "../../common/MatterError.js";
import { NodeId } from "../../datatype/NodeId.js";
import { platform } from "../../platform.js";
import { MessageType } from "../../protocol/securechannel/SecureChannelMessages.js";
import { inTheirWords, tellFailure } from "../handshake-failure.js";
import type { CaseClientContext, EstablishedSession, HandshakeExchange, HandshakeFabric } from "../handshake-types.js";
import { createSession, HandshakeRun, nextSessionId, overlay, ownParameters, resultFrom, sendStep } from "../handshake.js";
import { CaseClientMessenger } from "./CaseMessenger.js";
import { ofFabric } from "./records.js";

const words = [
    [/certificate names node ID /, () => "The node ID in the peer certificate doesn't match the expected peer node ID"],
    [/certificate names fabric ID |^node certificate: its fabric ID /, () => "The fabric ID in the peer certificate doesn't match the expected fabric ID"],
    [/^intermediate certificate: its fabric ID /, () => "The fabric ID in the peer intermediate CA certificate doesn't match the expected fabric ID"],
] as const;

/** The side of CASE that asks for a session. Matter Core §4.14.2. */
export class CaseClient {
    /**
     * Agrees on a session with a node of a fabric, by resumption if both still have the record of the
     * last one. The exchange is closed if that succeeds.
     *
     * @throws {@link UnexpectedDataError} if the peer is not who it should be, or sent something malformed
     * @throws ChannelStatusResponseError if the peer refused
     */
    async pair<S extends EstablishedSession>(
        client: CaseClientContext<S>, exchange: HandshakeExchange<CaseClientContext<S>>, fabric: HandshakeFabric, peerNodeId: NodeId,
    ): Promise<S> {
        structure("client", client);
        structure("fabric", fabric);
        NodeId.checked("peerNodeId", peerNodeId);
        const messenger = new CaseClientMessenger(structure("exchange", exchange));
        const sessionId = await nextSessionId(client);
        const record = ofFabric(client.findResumptionRecordByNodeId(peerNodeId, fabric), fabric);
        const run = HandshakeRun.caseInitiator({ sessionId, parameters: ownParameters(client) }, fabric, peerNodeId, record);
        try {
            await sendStep(messenger, await run.start());
            const { payloadHeader, payload } = await messenger.nextSigma2();
            if (payloadHeader.messageType === MessageType.Sigma2Resume && record === undefined) {
                throw new UnexpectedDataError("Received an unexpected sigma2Resume.");
            }
            let last = await run.receive(payloadHeader.messageType, payload);
            if (last.result === undefined) {
                await sendStep(messenger, last);
                const success = await messenger.nextMessage("Success after CASE Sigma3", MessageType.StatusReport);
                last = await run.receive(MessageType.StatusReport, success.payload);
            }
            const result = resultFrom(last);
            const { peerParameters, peerCats, resumed, record: kept } = result;
            const known = resumed ? overlay(exchange.session.getSessionParameters(), record?.sessionParameters) : exchange.session.getSessionParameters();
            const session = await createSession(client, result, {
                sessionId, fabric, peerNodeId, isInitiator: true, isResumption: resumed,
                sessionParameters: overlay(known, peerParameters), caseAuthenticatedTags: peerCats,
            });
            try {
                await sendStep(messenger, last);
                await messenger.close();
                if (kept !== undefined) {
                    const next = { ...kept, sessionParameters: session.getSessionParameters(), caseAuthenticatedTags: peerCats };
                    await client.saveResumptionRecord(resumed && record !== undefined ? Object.assign(record, next) : { fabric, peerNodeId, ...next });
                }
            } catch (error) {
                await session.destroy(false, false);
                throw error;
            }
            platform().logger("CaseClient").info(`Session ${sessionId} ${resumed ? "resumed" : "made"} with ${messenger.getChannelName()}`);
            return session;
        } catch (error) {
            tellFailure(exchange, run, error);
            throw inTheirWords(error, words);
        } finally {
            run.close();
        }
    }
}
