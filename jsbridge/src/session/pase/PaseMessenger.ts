import { MessageType } from "../../protocol/securechannel/SecureChannelMessages.js";
import { SecureChannelMessenger } from "../../protocol/securechannel/SecureChannelMessenger.js";
import type { PaseClientContext, PaseServerContext } from "../handshake-types.js";
import {
    TlvPasePake1, TlvPasePake2, TlvPasePake3, TlvPbkdfParamRequest, TlvPbkdfParamResponse,
    type PasePake1, type PasePake2, type PasePake3, type PbkdfParamRequest, type PbkdfParamResponse,
} from "./PaseMessages.js";

/** The one passcode there is: others are of a PIN server. Matter Core §4.14.1.2. */
export const DEFAULT_PASSCODE_ID = 0;
/** What the transcript of SPAKE2+ begins with. Matter Core §3.10. */
export const SPAKE_CONTEXT: Uint8Array = new TextEncoder().encode("CHIP PAKE V1 Commissioning");

export class PaseServerMessenger extends SecureChannelMessenger<PaseServerContext> {
    async readPbkdfParamRequest(): Promise<{ requestPayload: Uint8Array; request: PbkdfParamRequest }> {
        const { payload } = await this.nextMessage("PASE PbkdfParamRequest", MessageType.PbkdfParamRequest);
        return { requestPayload: payload, request: TlvPbkdfParamRequest.decode(payload) };
    }

    async sendPbkdfParamResponse(response: PbkdfParamResponse): Promise<Uint8Array> {
        return this.send(response, MessageType.PbkdfParamResponse, TlvPbkdfParamResponse);
    }

    readPasePake1(): Promise<PasePake1> {
        return this.nextMessageDecoded(MessageType.PasePake1, TlvPasePake1, "PASE Pake1");
    }

    sendPasePake2(pasePake2: PasePake2): Promise<Uint8Array> {
        return this.send(pasePake2, MessageType.PasePake2, TlvPasePake2);
    }

    readPasePake3(): Promise<PasePake3> {
        return this.nextMessageDecoded(MessageType.PasePake3, TlvPasePake3, "PASE Pake3");
    }
}

export class PaseClientMessenger extends SecureChannelMessenger<PaseClientContext> {
    sendPbkdfParamRequest(request: PbkdfParamRequest): Promise<Uint8Array> {
        return this.send(request, MessageType.PbkdfParamRequest, TlvPbkdfParamRequest);
    }

    async readPbkdfParamResponse(): Promise<{ responsePayload: Uint8Array; response: PbkdfParamResponse }> {
        const { payload } = await this.nextMessage("PASE PbkdfParamResponse", MessageType.PbkdfParamResponse);
        return { responsePayload: payload, response: TlvPbkdfParamResponse.decode(payload) };
    }

    sendPasePake1(pasePake1: PasePake1): Promise<Uint8Array> {
        return this.send(pasePake1, MessageType.PasePake1, TlvPasePake1);
    }

    readPasePake2(): Promise<PasePake2> {
        return this.nextMessageDecoded(MessageType.PasePake2, TlvPasePake2, "PASE Pake2");
    }

    sendPasePake3(pasePake3: PasePake3): Promise<Uint8Array> {
        return this.send(pasePake3, MessageType.PasePake3, TlvPasePake3);
    }
}
