import { MatterFlowError } from "../../common/MatterError.js";
import { MessageType } from "../../protocol/securechannel/SecureChannelMessages.js";
import { SecureChannelMessenger } from "../../protocol/securechannel/SecureChannelMessenger.js";
import type { CaseClientContext, CaseServerContext, HandshakeMessage } from "../handshake-types.js";
import {
    TlvCaseSigma1, TlvCaseSigma2, TlvCaseSigma2Resume, TlvCaseSigma3, type CaseSigma1, type CaseSigma2, type CaseSigma2Resume, type CaseSigma3,
} from "./CaseMessages.js";

export class CaseServerMessenger extends SecureChannelMessenger<CaseServerContext> {
    async readSigma1(): Promise<{ sigma1Bytes: Uint8Array; sigma1: CaseSigma1 }> {
        const { payload } = await this.nextMessage("CASE Sigma1", MessageType.Sigma1);
        return { sigma1Bytes: payload, sigma1: TlvCaseSigma1.decode(payload) };
    }

    sendSigma2(sigma2: CaseSigma2): Promise<Uint8Array> {
        return this.send(sigma2, MessageType.Sigma2, TlvCaseSigma2);
    }

    sendSigma2Resume(sigma2Resume: CaseSigma2Resume): Promise<Uint8Array> {
        return this.send(sigma2Resume, MessageType.Sigma2Resume, TlvCaseSigma2Resume);
    }

    async readSigma3(): Promise<{ sigma3Bytes: Uint8Array; sigma3: CaseSigma3 }> {
        const { payload } = await this.nextMessage("CASE Sigma3", MessageType.Sigma3);
        return { sigma3Bytes: payload, sigma3: TlvCaseSigma3.decode(payload) };
    }
}

/** What may come after Sigma1. */
export type Sigma2Answer =
    | { sigma2Bytes: Uint8Array; sigma2: CaseSigma2; sigma2Resume?: undefined }
    | { sigma2Resume: CaseSigma2Resume; sigma2Bytes?: undefined; sigma2?: undefined };

export class CaseClientMessenger extends SecureChannelMessenger<CaseClientContext> {
    sendSigma1(sigma1: CaseSigma1): Promise<Uint8Array> {
        return this.send(sigma1, MessageType.Sigma1, TlvCaseSigma1);
    }

    async readSigma2(): Promise<Sigma2Answer> {
        const { payload, payloadHeader } = await this.nextSigma2();
        if (payloadHeader.messageType === MessageType.Sigma2) return { sigma2Bytes: payload, sigma2: TlvCaseSigma2.decode(payload) };
        return { sigma2Resume: TlvCaseSigma2Resume.decode(payload) };
    }

    /** Sigma2 or Sigma2Resume as it came. */
    async nextSigma2(): Promise<HandshakeMessage> {
        const message = await this.nextMessage("CASE Sigma2 or Sigma2Resume");
        const { messageType } = message.payloadHeader;
        if (messageType === MessageType.Sigma2 || messageType === MessageType.Sigma2Resume) return message;
        throw new MatterFlowError(
            `Received unexpected message type while expecting CASE Sigma2: ${messageType}, expected: ${MessageType.Sigma2} or ${MessageType.Sigma2Resume}`,
        );
    }

    sendSigma3(sigma3: CaseSigma3): Promise<Uint8Array> {
        return this.send(sigma3, MessageType.Sigma3, TlvCaseSigma3);
    }
}
