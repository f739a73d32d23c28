/** The messages of CASE, and the names that its keys and nonces are made with. Matter Core §4.14.2. */
import { bytes, member, optionalMember, StructureSchema, uint16, type MessageSchema } from "../message-schema.js";
import { TlvSessionParameters, type StatedParameters } from "../pase/PaseMessages.js";

export interface CaseSigma1 {
    random: Uint8Array;
    sessionId: number;
    destinationId: Uint8Array;
    ecdhPublicKey: Uint8Array;
    sessionParams?: StatedParameters | undefined;
    resumptionId?: Uint8Array | undefined;
    resumeMic?: Uint8Array | undefined;
}

export interface CaseSigma2 {
    random: Uint8Array;
    sessionId: number;
    ecdhPublicKey: Uint8Array;
    encrypted: Uint8Array;
    sessionParams?: StatedParameters | undefined;
}

export interface CaseSigma2Resume {
    resumptionId: Uint8Array;
    resumeMic: Uint8Array;
    sessionId: number;
}

export interface CaseSigma3 {
    encrypted: Uint8Array;
}

export interface SignedData {
    nodeOpCert: Uint8Array;
    intermediateCACert?: Uint8Array | undefined;
    ecdhPublicKey: Uint8Array;
    peerEcdhPublicKey: Uint8Array;
}

export interface EncryptedDataSigma2 {
    nodeOpCert: Uint8Array;
    intermediateCACert?: Uint8Array | undefined;
    signature: Uint8Array;
    resumptionId: Uint8Array;
}

export interface EncryptedDataSigma3 {
    nodeOpCert: Uint8Array;
    intermediateCACert?: Uint8Array | undefined;
    signature: Uint8Array;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export const KDFSR1_KEY_INFO: Uint8Array = ascii("Sigma1_Resume");
export const KDFSR2_KEY_INFO: Uint8Array = ascii("Sigma2_Resume");
export const KDFSR2_INFO: Uint8Array = ascii("Sigma2");
export const KDFSR3_INFO: Uint8Array = ascii("Sigma3");
export const RESUME1_MIC_NONCE: Uint8Array = ascii("NCASE_SigmaS1");
export const RESUME2_MIC_NONCE: Uint8Array = ascii("NCASE_SigmaS2");
export const TBE_DATA2_NONCE: Uint8Array = ascii("NCASE_Sigma2N");
export const TBE_DATA3_NONCE: Uint8Array = ascii("NCASE_Sigma3N");

const random = bytes(32, 32);
const digest = bytes(32, 32);
const point = bytes(65, 65);
const signature = bytes(64, 64);
const resumptionId = bytes(16, 16);
const mic = bytes(16, 16);

export const TlvCaseSigma1: MessageSchema<CaseSigma1> = new StructureSchema<CaseSigma1>({
    random: member(1, random),
    sessionId: member(2, uint16),
    destinationId: member(3, digest),
    ecdhPublicKey: member(4, point),
    sessionParams: optionalMember(5, TlvSessionParameters),
    resumptionId: optionalMember(6, resumptionId),
    resumeMic: optionalMember(7, mic),
});

export const TlvCaseSigma2: MessageSchema<CaseSigma2> = new StructureSchema<CaseSigma2>({
    random: member(1, random),
    sessionId: member(2, uint16),
    ecdhPublicKey: member(3, point),
    encrypted: member(4, bytes()),
    sessionParams: optionalMember(5, TlvSessionParameters),
});

export const TlvCaseSigma2Resume: MessageSchema<CaseSigma2Resume> = new StructureSchema<CaseSigma2Resume>({
    resumptionId: member(1, resumptionId),
    resumeMic: member(2, mic),
    sessionId: member(3, uint16),
});

export const TlvCaseSigma3: MessageSchema<CaseSigma3> = new StructureSchema<CaseSigma3>({ encrypted: member(1, bytes()) });

export const TlvSignedData: MessageSchema<SignedData> = new StructureSchema<SignedData>({
    nodeOpCert: member(1, bytes()),
    intermediateCACert: optionalMember(2, bytes()),
    ecdhPublicKey: member(3, point),
    peerEcdhPublicKey: member(4, point),
});

export const TlvEncryptedDataSigma2: MessageSchema<EncryptedDataSigma2> = new StructureSchema<EncryptedDataSigma2>({
    nodeOpCert: member(1, bytes()),
    intermediateCACert: optionalMember(2, bytes()),
    signature: member(3, signature),
    resumptionId: member(4, resumptionId),
});

export const TlvEncryptedDataSigma3: MessageSchema<EncryptedDataSigma3> = new StructureSchema<EncryptedDataSigma3>({
    nodeOpCert: member(1, bytes()),
    intermediateCACert: optionalMember(2, bytes()),
    signature: member(3, signature),
});
