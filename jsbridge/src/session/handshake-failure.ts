/** How a handshake's failure is told: to the peer in a StatusReport, to the caller in matter.js's words. */
import { UnexpectedDataError } from "../common/MatterError.js";
import { ValidationError } from "../common/ValidationError.js";
import { WrongPasscodeError } from "../errors.js";
import { platform } from "../platform.js";
import { GeneralStatusCode, MessageType, ProtocolStatusCode, SECURE_CHANNEL_PROTOCOL_ID } from "../protocol/securechannel/SecureChannelMessages.js";
import { TlvSecureChannelStatusMessage } from "../protocol/securechannel/SecureChannelStatusMessageSchema.js";
import type { HandshakeExchange } from "./handshake-types.js";
import type { HandshakeRun } from "./handshake.js";

/** How long an initiator is asked to wait that comes while another one is at it. */
const busyWaitMs = 1000;

const invalidParam: Uint8Array = TlvSecureChannelStatusMessage.encode({
    generalStatus: GeneralStatusCode.Failure, protocolId: SECURE_CHANNEL_PROTOCOL_ID, protocolStatus: ProtocolStatusCode.InvalidParam,
});

/** Matter Core §4.11.1.4. */
const busy: Uint8Array = TlvSecureChannelStatusMessage.encode(
    { generalStatus: GeneralStatusCode.Busy, protocolId: SECURE_CHANNEL_PROTOCOL_ID, protocolStatus: ProtocolStatusCode.Busy },
    Uint8Array.of(busyWaitMs & 0xff, busyWaitMs >> 8),
);

/** Tells a peer that it comes at the wrong time. */
export async function tellBusy(exchange: HandshakeExchange<unknown>): Promise<void> {
    await exchange.send(MessageType.StatusReport, busy);
}

/**
 * Tells the peer, when it is at fault, that an initiator has given up; else it would wait for the next
 * message. Does not wait for its acknowledgement: the caller learns of the failure now.
 */
export function tellFailure(exchange: HandshakeExchange<unknown>, run: HandshakeRun, error: unknown): void {
    const peersFault = error instanceof UnexpectedDataError || error instanceof ValidationError || error instanceof RangeError;
    const report = run.report ?? (peersFault ? invalidParam : undefined);
    if (report === undefined) return;
    const send = async (): Promise<void> => exchange.send(MessageType.StatusReport, report);
    send().catch((reason: unknown) => platform().logger("Handshake").debug("The peer could not be told of a failed handshake:", reason));
}

/** An error of the core in the words that matter.js has for it; any other error as it is. */
export function inTheirWords(error: unknown, words: readonly (readonly [test: RegExp | "wrong passcode", say: (match: RegExpExecArray | null) => string])[]): unknown {
    if (!(error instanceof Error)) return error;
    const wrongPasscode = error instanceof WrongPasscodeError || error.cause instanceof WrongPasscodeError;
    for (const [test, say] of words) {
        const match = test === "wrong passcode" ? null : test.exec(error.message);
        if (test === "wrong passcode" ? wrongPasscode : match !== null) return new UnexpectedDataError(say(match), { cause: error });
    }
    return error;
}
