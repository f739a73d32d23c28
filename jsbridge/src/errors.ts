/** Every error class of the package. Each message is one sentence that says what is wrong; none carries a secret. */

/** Base of everything thrown here on purpose. */
export class MatterError extends Error {
    constructor(message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = new.target.name;
    }
}

/** The blob could not be fetched, compiled or started. Trying again is sensible. */
export class LoadError extends MatterError {}

/** Something was asked of the core before it was started. */
export class NotStartedError extends MatterError {}

/** The core's program has ended: everything pending on it is lost, and it takes no more calls. */
export class DeadError extends MatterError {}

/** The object was closed before, or while, this was asked of it. */
export class ClosedError extends MatterError {}

/** The caller broke a rule of the interface; no peer is at fault. */
export class ImplementationError extends MatterError {}

/** The peer sent something malformed, forged or out of order. */
export class UnexpectedDataError extends MatterError {}

/** A table with a documented bound is full. */
export class ResourceExhaustedError extends MatterError {}

/** TLV octets, or a value to be written as TLV, break a rule. {@link path} names the place. */
export class TlvError extends UnexpectedDataError {
    readonly path: string;
    constructor(message: string, path = "", options?: ErrorOptions) {
        super(path === "" ? `tlv: ${message}` : `tlv: ${path}: ${message}`, options);
        this.path = path;
    }
}

/** What is wrong with a setup code. */
export type SetupCodeFault = "length" | "character" | "check-digit" | "version" | "inconsistent" | "range" | "passcode" | "padding" | "tlv";

/** A setup code that no device can have. */
export class SetupCodeError extends MatterError {
    readonly fault: SetupCodeFault;
    constructor(fault: SetupCodeFault, message: string) {
        super(message);
        this.fault = fault;
    }
}

/** The peer did not answer in time: wrong address, asleep, switched off, or behind a firewall. */
export class NoResponseTimeoutError extends MatterError {}

/** The peer refused a handshake. */
export class HandshakeError extends MatterError {}

/** The setup code does not fit the device. */
export class WrongPasscodeError extends HandshakeError {}

/** A certificate is malformed, expired, or not signed by whom it should be. */
export class CertificateError extends UnexpectedDataError {}

/** A message was not sealed with the session's key, or was changed on its way. */
export class AuthenticationError extends UnexpectedDataError {}

/** A message counter of a session was used already for other content. Sealing under it again would give the key away. */
export class CounterUsedError extends ImplementationError {}

/** This side's host failed at work that the handshake needed: WebCrypto, or an authority that signs. */
export class HostError extends MatterError {}

/** There is no such fabric, or the peer is not in it. */
export class FabricError extends MatterError {}

/** What was asked for was cancelled by this side. */
export class CancelledError extends MatterError {}

/** The session ended before the answer came. */
export class SessionClosedError extends MatterError {}

/** An Interaction Model status other than success. Matter Core §8.10. */
export class StatusResponseError extends MatterError {
    /** The status octet, such as 0x86 (unsupported attribute). */
    readonly code: number;
    /** The cluster's own status octet, when the cluster gave one. */
    readonly clusterCode: number | undefined;
    constructor(message: string, code: number, clusterCode?: number) {
        super(`(0x${code.toString(16).padStart(2, "0")}) ${message}`);
        this.code = code;
        this.clusterCode = clusterCode;
    }
}

/** Where a second try of a commissioning would enter. */
export type RetryPoint = "same" | "network" | "restart" | "code" | "none";

/** A commissioning that failed: which step, why, and where a second try would enter. */
export class MatterCommissionError extends MatterError {
    /** Public and stable, such as "wrong-code" or "device-busy". */
    readonly code: string;
    readonly step: string | undefined;
    readonly retry: RetryPoint;
    readonly status: { readonly name: string; readonly value: number } | undefined;
    readonly waitMs: number | undefined;
    /** Whether the device is as it was before; false if its fail-safe has yet to see to that, {@link waitMs} from then. undefined: nobody could say. */
    readonly rolledBack: boolean | undefined;
    constructor(
        message: string,
        detail: {
            code: string; step?: string | undefined; retry?: RetryPoint; status?: { name: string; value: number } | undefined; waitMs?: number | undefined;
            rolledBack?: boolean | undefined;
        },
        options?: ErrorOptions,
    ) {
        super(message, options);
        this.code = detail.code;
        this.step = detail.step;
        this.retry = detail.retry ?? "restart";
        this.status = detail.status;
        this.waitMs = detail.waitMs;
        this.rolledBack = detail.rolledBack;
    }
}

/** Credentials could not be read, written or locked. */
export class StorageError extends MatterError {}

/**
 * Why there is no backup, or none can be read. passphrase: too weak to protect one. wrong-passphrase: of an undamaged
 * file, or someone has changed the file on purpose. newer: of a later version. exists: there is a home already.
 * impossible: the keys cannot be read any more.
 */
export type BackupFault = "passphrase" | "wrong-passphrase" | "damaged" | "not-a-backup" | "newer" | "exists" | "impossible";

/** A backup of a home could not be made or read. */
export class BackupError extends MatterError {
    readonly fault: BackupFault;
    constructor(fault: BackupFault, message: string, options?: ErrorOptions) {
        super(message, options);
        this.fault = fault;
    }
}

/** A socket could not be opened, or an address means nothing here. */
export class TransportError extends MatterError {}
