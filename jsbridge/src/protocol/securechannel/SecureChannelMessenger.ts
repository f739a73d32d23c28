/** Messages of the Secure Channel protocol on one exchange. */
import { MatterError, UnexpectedDataError } from "../../common/MatterError.js";
import { platform } from "../../platform.js";
import type { ChannelStatusErrorClass, HandshakeExchange, HandshakeMessage } from "../../session/handshake-types.js";
import { GeneralStatusCode, MessageType, ProtocolStatusCode, SECURE_CHANNEL_PROTOCOL_ID } from "./SecureChannelMessages.js";
import { TlvSecureChannelStatusMessage } from "./SecureChannelStatusMessageSchema.js";

function own(): ChannelStatusErrorClass {
    return class ChannelStatusResponseError extends MatterError {
        readonly generalStatusCode: GeneralStatusCode;
        readonly protocolStatusCode: ProtocolStatusCode;

        constructor(message: string, generalStatusCode: GeneralStatusCode, protocolStatusCode: ProtocolStatusCode) {
            super(`(${generalStatusCode}/${protocolStatusCode}) ${message}`);
            this.generalStatusCode = generalStatusCode;
            this.protocolStatusCode = protocolStatusCode;
        }
    };
}

/** The peer answered with a StatusReport that is no success. */
export const ChannelStatusResponseError: ChannelStatusErrorClass = platform().ChannelStatusResponseError ?? own();

export class SecureChannelMessenger<ContextT> {
    protected readonly exchange: HandshakeExchange<ContextT>;

    constructor(exchange: HandshakeExchange<ContextT>) {
        this.exchange = exchange;
    }

    /**
     * The next message of the exchange.
     *
     * @param expectedMessageInfo - what is waited for, as an error names it
     * @throws {@link ChannelStatusResponseError} if it is a StatusReport other than success
     * @throws {@link UnexpectedDataError} if it is of another type than the one that is expected
     */
    async nextMessage(expectedMessageInfo: string, expectedMessageType?: number): Promise<HandshakeMessage> {
        const message = await this.exchange.nextMessage();
        const { messageType } = message.payloadHeader;
        this.throwIfErrorStatusReport(message, expectedMessageInfo);
        if (expectedMessageType === undefined || messageType === expectedMessageType) return message;
        throw new UnexpectedDataError(`Received unexpected message type: ${messageType}, expected: ${expectedMessageType} (${expectedMessageInfo})`);
    }

    async nextMessageDecoded<T>(expectedMessageType: number, schema: { decode(octets: Uint8Array): T }, expectedMessageInfo: string): Promise<T> {
        const { payload } = await this.nextMessage(expectedMessageInfo, expectedMessageType);
        return schema.decode(payload);
    }

    async waitForSuccess(expectedMessageInfo: string): Promise<void> {
        await this.nextMessage(expectedMessageInfo, MessageType.StatusReport);
    }

    /** Sends a message and returns its octets, of which transcripts are made. */
    async send<T>(message: T, type: number, schema: { encode(value: T): Uint8Array }): Promise<Uint8Array> {
        const octets = schema.encode(message);
        await this.exchange.send(type, octets);
        return octets;
    }

    sendError(code: ProtocolStatusCode): Promise<void> {
        return this.#report(GeneralStatusCode.Failure, code);
    }

    sendSuccess(): Promise<void> {
        return this.#report(GeneralStatusCode.Success, ProtocolStatusCode.Success);
    }

    /** Without asking for an acknowledgement: the peer's side of the session is gone when it comes. */
    sendCloseSession(): Promise<void> {
        return this.#report(GeneralStatusCode.Success, ProtocolStatusCode.CloseSession, false);
    }

    getChannelName(): string {
        return this.exchange.channel.channel.name;
    }

    async close(): Promise<void> {
        await this.exchange.close();
    }

    protected throwIfErrorStatusReport(message: HandshakeMessage, logHint?: string): void {
        if (message.payloadHeader.messageType !== MessageType.StatusReport) return;
        const { generalStatus, protocolId, protocolStatus } = TlvSecureChannelStatusMessage.decode(message.payload);
        const hint = logHint ? ` (${logHint})` : "";
        if (generalStatus !== GeneralStatusCode.Success) {
            throw new ChannelStatusResponseError(`Received general error status for protocol ${protocolId}${hint}`, generalStatus, protocolStatus);
        }
        if (protocolStatus !== ProtocolStatusCode.Success) {
            throw new ChannelStatusResponseError(`Received general success status, but protocol status is not Success${hint}`, generalStatus, protocolStatus);
        }
    }

    async #report(generalStatus: GeneralStatusCode, protocolStatus: ProtocolStatusCode, requiresAck?: boolean): Promise<void> {
        const octets = TlvSecureChannelStatusMessage.encode({ generalStatus, protocolId: SECURE_CHANNEL_PROTOCOL_ID, protocolStatus });
        await this.exchange.send(MessageType.StatusReport, octets, { requiresAck });
    }
}
