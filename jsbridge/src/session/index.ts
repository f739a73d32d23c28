/** The Session API of matter.js 0.9.4, on the core. Its names at run time are exactly that version's. */
export { CaseClient } from "./case/CaseClient.js";
export {
    KDFSR1_KEY_INFO, KDFSR2_INFO, KDFSR2_KEY_INFO, KDFSR3_INFO, RESUME1_MIC_NONCE, RESUME2_MIC_NONCE, TBE_DATA2_NONCE, TBE_DATA3_NONCE,
    TlvCaseSigma1, TlvCaseSigma2, TlvCaseSigma2Resume, TlvCaseSigma3, TlvEncryptedDataSigma2, TlvEncryptedDataSigma3, TlvSignedData,
} from "./case/CaseMessages.js";
export { CaseClientMessenger, CaseServerMessenger } from "./case/CaseMessenger.js";
export { CaseServer } from "./case/CaseServer.js";
export { InsecureSession } from "./InsecureSession.js";
export { assertSecureSession, NoAssociatedFabricError, SecureSession } from "./SecureSession.js";
export {
    MRP_MAX_TRANSMISSIONS, Session, SESSION_ACTIVE_INTERVAL_MS, SESSION_ACTIVE_THRESHOLD_MS, SESSION_IDLE_INTERVAL_MS,
    type SessionParameterOptions, type SessionParameters,
} from "./Session.js";
export { SessionManager, UNICAST_UNSECURE_SESSION_ID, type ResumptionRecord } from "./SessionManager.js";
export { PaseClient } from "./pase/PaseClient.js";
export { TlvPasePake1, TlvPasePake2, TlvPasePake3, TlvPbkdfParamRequest, TlvPbkdfParamResponse, TlvSessionParameters } from "./pase/PaseMessages.js";
export { DEFAULT_PASSCODE_ID, PaseClientMessenger, PaseServerMessenger, SPAKE_CONTEXT } from "./pase/PaseMessenger.js";
export { MaximumPasePairingErrorsReachedError, PaseServer } from "./pase/PaseServer.js";

// What a host that has no matter.js writes, and what it is given.
export type { Fabric } from "../fabric/Fabric.js";
export type { StorageContext } from "../storage/StorageContext.js";
export type {
    CaseClientContext, CaseServerContext, EstablishedSession, HandshakeExchange, HandshakeFabric, HandshakeMessage, PaseClientContext, PaseServerContext, PeerParameters,
} from "./handshake-types.js";
export type { PbkdfParameters } from "./pase/verifier.js";
