/** Numbers of the Secure Channel protocol. Matter Core §4.11.1 and appendix D. */

export const SECURE_CHANNEL_PROTOCOL_ID = 0;

/** Opcodes of the protocol. */
export const MessageType = {
    StandaloneAck: 0x10,
    PbkdfParamRequest: 0x20,
    PbkdfParamResponse: 0x21,
    PasePake1: 0x22,
    PasePake2: 0x23,
    PasePake3: 0x24,
    Sigma1: 0x30,
    Sigma2: 0x31,
    Sigma3: 0x32,
    Sigma2Resume: 0x33,
    StatusReport: 0x40,
} as const;

/** Protocol codes of a StatusReport. */
export const ProtocolStatusCode = {
    Success: 0,
    NoSharedTrustRoots: 1,
    InvalidParam: 2,
    CloseSession: 3,
    Busy: 4,
} as const;
export type ProtocolStatusCode = number;

/** General codes of a StatusReport. */
export const GeneralStatusCode = {
    Success: 0,
    Failure: 1,
    BadPrecondition: 2,
    OutOfRange: 3,
    BadRequest: 4,
    Unsupported: 5,
    Unexpected: 6,
    ResourceExhausted: 7,
    Busy: 8,
    Timeout: 9,
    Continue: 10,
    Aborted: 11,
    InvalidArgument: 12,
    NotFound: 13,
    AlreadyExists: 14,
    PermissionDenied: 15,
    DataLoss: 16,
} as const;
export type GeneralStatusCode = number;
