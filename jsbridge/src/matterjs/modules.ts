/**
 * Which modules of matter.js are replaced, by their paths below its `dist/esm` and `dist/cjs`, and the
 * names that each of them exports at run time.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";


/** The versions of `@project-chip/matter.js` whose modules are known. */
export const supported: readonly string[] = ["0.9.4"];

export const replaced: Readonly<Record<string, readonly string[]>> = {
    "codec/MessageCodec.js": ["MAX_MESSAGE_SIZE", "MessageCodec", "SessionType"],
    "protocol/MessageCounter.js": ["MAX_COUNTER_VALUE_32BIT", "MessageCounter", "MessageCounterTypes", "PersistedMessageCounter"],
    "protocol/MessageReceptionState.js": [
        "DuplicateMessageError", "MessageReceptionState", "MessageReceptionStateEncryptedWithRollover",
        "MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateUnencryptedWithRollover",
    ],
    "session/InsecureSession.js": ["InsecureSession"],
    "session/SecureSession.js": ["NoAssociatedFabricError", "SecureSession", "assertSecureSession"],
    "session/Session.js": ["MRP_MAX_TRANSMISSIONS", "SESSION_ACTIVE_INTERVAL_MS", "SESSION_ACTIVE_THRESHOLD_MS", "SESSION_IDLE_INTERVAL_MS", "Session"],
    "session/SessionManager.js": ["SessionManager", "UNICAST_UNSECURE_SESSION_ID"],
    "session/case/CaseClient.js": ["CaseClient"],
    "session/case/CaseMessages.js": [
        "KDFSR1_KEY_INFO", "KDFSR2_INFO", "KDFSR2_KEY_INFO", "KDFSR3_INFO", "RESUME1_MIC_NONCE", "RESUME2_MIC_NONCE", "TBE_DATA2_NONCE",
        "TBE_DATA3_NONCE", "TlvCaseSigma1", "TlvCaseSigma2", "TlvCaseSigma2Resume", "TlvCaseSigma3", "TlvEncryptedDataSigma2",
        "TlvEncryptedDataSigma3", "TlvSignedData",
    ],
    "session/case/CaseMessenger.js": ["CaseClientMessenger", "CaseServerMessenger"],
    "session/case/CaseServer.js": ["CaseServer"],
    "session/pase/PaseClient.js": ["PaseClient"],
    "session/pase/PaseMessages.js": ["TlvPasePake1", "TlvPasePake2", "TlvPasePake3", "TlvPbkdfParamRequest", "TlvPbkdfParamResponse", "TlvSessionParameters"],
    "session/pase/PaseMessenger.js": ["DEFAULT_PASSCODE_ID", "PaseClientMessenger", "PaseServerMessenger", "SPAKE_CONTEXT"],
    "session/pase/PaseServer.js": ["MaximumPasePairingErrorsReachedError", "PaseServer"],
};

/** How the stand-ins name what they take from matter.js: `matterjs:common/MatterError.js`. */
export const scheme = "matterjs:";

/** What they take. */
export const borrowed: readonly string[] = [
    "common/Lifecycle.js", "common/MatterError.js", "common/ValidationError.js", "crypto/Crypto.js", "fabric/FabricManager.js",
    "log/Diagnostic.js", "log/Logger.js", "protocol/interaction/StatusCode.js", "protocol/securechannel/SecureChannelMessenger.js",
    "time/Time.js", "util/AsyncConstruction.js", "util/Observable.js",
];

/**
 * An ES module that exports what the replaced one exported.
 *
 * @param standIns - what it imports for stand-in.js, bound to its copy of matter.js
 * @param report - what it imports for report.js
 */
export function standInFor(path: string, standIns: string, report: string): string {
    return `export { ${(replaced[path] ?? []).join(", ")} } from ${JSON.stringify(standIns)};
import { note } from ${JSON.stringify(report)};
note(${JSON.stringify(path)});
`;
}

/** A module that is replaced. */
export interface Found {
    /** Where the copy of matter.js has its modules: a path or URL that ends in `dist/esm/` or `dist/cjs/`. */
    readonly base: string;
    /** The module's path below that. */
    readonly path: string;
}

const shape: RegExp = /^(.*[\\/]dist[\\/](?:esm|cjs)[\\/])((?:session|protocol|codec)[\\/][^?#]*)$/;
const verdicts = new Map<string, boolean>();

/**
 * Whether a module is one of matter.js's that are replaced.
 *
 * @param module - its path, or its URL without query
 * @throws Error if it is matter.js, but of a version whose modules are not known
 */
export function recognise(module: string): Found | undefined {
    const match = shape.exec(module);
    if (match === null) return undefined;
    const base = match[1] as string, path = (match[2] as string).replaceAll("\\", "/");
    if (!Object.hasOwn(replaced, path)) return undefined;
    let ours = verdicts.get(base);
    if (ours === undefined) verdicts.set(base, (ours = isMatterJs(base)));
    return ours ? { base, path } : undefined;
}

function isMatterJs(base: string): boolean {
    const manifest = manifestOf(base);
    if (manifest === undefined) return false;
    const { name, version } = JSON.parse(manifest) as { name?: string; version?: string };
    if (name !== "@project-chip/matter.js" && name !== "@matter/protocol") return false;
    if (name === "@project-chip/matter.js" && supported.includes(version ?? "")) return true;
    throw new Error(`matter-session cannot stand in for the sessions of ${name} ${version} (${base}): it knows those of @project-chip/matter.js ${supported.join(", ")}`);
}

function manifestOf(base: string): string | undefined {
    try {
        return readFileSync(base.startsWith("file:") ? new URL("../../package.json", base) : join(base, "../../package.json"), "utf8");
    } catch {
        return undefined;
    }
}
