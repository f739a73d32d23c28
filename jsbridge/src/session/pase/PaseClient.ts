import { structure, unsigned } from "../../common/arguments.js";
import { UnexpectedDataError } from "../../common/MatterError.js";
import { NodeId } from "../../datatype/NodeId.js";
import { platform } from "../../platform.js";
import { MessageType } from "../../protocol/securechannel/SecureChannelMessages.js";
import { inTheirWords, tellFailure } from "../handshake-failure.js";
import type { EstablishedSession, HandshakeExchange, PaseClientContext } from "../handshake-types.js";
import { createSession, HandshakeRun, nextSessionId, overlay, ownParameters, resultFrom, sendStep } from "../handshake.js";
import { PaseClientMessenger } from "./PaseMessenger.js";
import { verifierOf, type PbkdfParameters } from "./verifier.js";

/** Passcodes that no device may have. Matter Core §5.1.7.1. */
const forbidden = [0, 12345678, 87654321, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(digit => digit * 11111111)];
const words = [["wrong passcode", () => "Received incorrect key confirmation from the receiver."]] as const;

/** The commissioner's side of PASE. Matter Core §4.14.1. */
export class PaseClient {
    /** What a device keeps of its passcode: w0 (32 octets) ‖ L (65 octets). */
    static async generatePakePasscodeVerifier(setupPinCode: number, pbkdfParameters: PbkdfParameters): Promise<Uint8Array> {
        return verifierOf(setupPinCode, pbkdfParameters);
    }

    static generateRandomPasscode(): number {
        const passcode = (random(4) % 99999998) + 1;
        return forbidden.includes(passcode) ? passcode + 1 : passcode;
    }

    static generateRandomDiscriminator(): number {
        return random(2) % 4096;
    }

    /**
     * Agrees on a session with a device by its passcode. The exchange is closed if that succeeds.
     *
     * @throws {@link UnexpectedDataError} if the device has another passcode, or sent something malformed
     * @throws ChannelStatusResponseError if the device refused
     */
    async pair<S extends EstablishedSession>(client: PaseClientContext<S>, exchange: HandshakeExchange<PaseClientContext<S>>, setupPin: number): Promise<S> {
        structure("client", client);
        unsigned("setupPin", setupPin, 32);
        const messenger = new PaseClientMessenger(structure("exchange", exchange));
        const sessionId = await nextSessionId(client);
        const run = HandshakeRun.paseInitiator({ sessionId, parameters: ownParameters(client) }, setupPin);
        try {
            await sendStep(messenger, await run.start());
            const { responsePayload, response } = await messenger.readPbkdfParamResponse();
            if (response.pbkdfParameters === undefined) throw new UnexpectedDataError("Missing requested PbkdfParameters in the response.");
            await sendStep(messenger, await run.receive(MessageType.PbkdfParamResponse, responsePayload));
            const pake2 = await messenger.nextMessage("PASE Pake2", MessageType.PasePake2);
            await sendStep(messenger, await run.receive(MessageType.PasePake2, pake2.payload));
            const success = await messenger.nextMessage("Success after PASE Pake3", MessageType.StatusReport);
            const result = resultFrom(await run.receive(MessageType.StatusReport, success.payload));
            const session = await createSession(client, result, {
                sessionId, fabric: undefined, peerNodeId: NodeId.UNSPECIFIED_NODE_ID, isInitiator: true, isResumption: false,
                sessionParameters: overlay(exchange.session.getSessionParameters(), result.peerParameters),
            });
            await messenger.close();
            platform().logger("PaseClient").info(`Paired with ${messenger.getChannelName()} by passcode`);
            return session;
        } catch (error) {
            tellFailure(exchange, run, error);
            throw inTheirWords(error, words);
        } finally {
            run.close();
        }
    }
}

/** A little-endian number of so many octets. */
function random(length: number): number {
    return platform().randomBytes(length).reduceRight((sum, octet) => sum * 256 + octet, 0);
}
