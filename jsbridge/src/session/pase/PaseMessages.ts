/** The messages of PASE. Matter Core §4.14.1.2. */
import { bool, bytes, member, optionalMember, StructureSchema, uint16, uint32, type MessageSchema } from "../message-schema.js";

/** Intervals in milliseconds, each as far as it was stated. */
export interface StatedParameters {
    idleIntervalMs?: number | undefined;
    activeIntervalMs?: number | undefined;
    activeThresholdMs?: number | undefined;
}

export interface PbkdfParamRequest {
    random: Uint8Array;
    sessionId: number;
    passcodeId: number;
    hasPbkdfParameters: boolean;
    sessionParams?: StatedParameters | undefined;
}

export interface PbkdfParamResponse {
    peerRandom: Uint8Array;
    random: Uint8Array;
    sessionId: number;
    pbkdfParameters?: { iterations: number; salt: Uint8Array } | undefined;
    sessionParams?: StatedParameters | undefined;
}

export interface PasePake1 {
    /** pA: the initiator's share, an uncompressed point. */
    x: Uint8Array;
}

export interface PasePake2 {
    /** pB: the responder's share. */
    y: Uint8Array;
    /** cB: the responder's confirmation. */
    verifier: Uint8Array;
}

export interface PasePake3 {
    /** cA: the initiator's confirmation. */
    verifier: Uint8Array;
}

const sessionParameters = new StructureSchema<StatedParameters>({
    idleIntervalMs: optionalMember(1, uint32),
    activeIntervalMs: optionalMember(2, uint32),
    activeThresholdMs: optionalMember(3, uint16),
});
const point = bytes(65, 65);
const confirmation = bytes(32, 32);
const random = bytes(32, 32);

export const TlvSessionParameters: StructureSchema<StatedParameters> = sessionParameters;

export const TlvPbkdfParamRequest: MessageSchema<PbkdfParamRequest> = new StructureSchema<PbkdfParamRequest>({
    random: member(1, random),
    sessionId: member(2, uint16),
    passcodeId: member(3, uint16),
    hasPbkdfParameters: member(4, bool),
    sessionParams: optionalMember(5, sessionParameters),
});

export const TlvPbkdfParamResponse: MessageSchema<PbkdfParamResponse> = new StructureSchema<PbkdfParamResponse>({
    peerRandom: member(1, random),
    random: member(2, random),
    sessionId: member(3, uint16),
    pbkdfParameters: optionalMember(4, new StructureSchema<{ iterations: number; salt: Uint8Array }>({ iterations: member(1, uint32), salt: member(2, bytes(16, 32)) })),
    sessionParams: optionalMember(5, sessionParameters),
});

export const TlvPasePake1: MessageSchema<PasePake1> = new StructureSchema<PasePake1>({ x: member(1, point) });

export const TlvPasePake2: MessageSchema<PasePake2> = new StructureSchema<PasePake2>({ y: member(1, point), verifier: member(2, confirmation) });

export const TlvPasePake3: MessageSchema<PasePake3> = new StructureSchema<PasePake3>({ verifier: member(1, confirmation) });
