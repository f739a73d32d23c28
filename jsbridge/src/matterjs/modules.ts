/**
 * Which modules of matter.js are replaced, by their paths below its `dist/esm` and `dist/cjs`, and the
 * names that each of them exports at run time.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";


/** The versions of `@project-chip/matter.js` whose modules are known. */
export const supported: readonly string[] = ["0.9.4"];
/** The versions of `@matter/protocol`. */
export const supportedToday: readonly string[] = ["0.17.9"];

/** Of `@project-chip/matter.js`. */
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

/** Of `@matter/protocol`: the rest of its sessions stays as it is. */
export const replacedToday: Readonly<Record<string, readonly string[]>> = {
    "codec/MessageCodec.js": ["Message", "MessageCodec", "SessionType"],
    "protocol/MessageCounter.js": ["MAX_COUNTER_VALUE_32BIT", "MessageCounter", "MessageCounterTypes", "PersistedMessageCounter"],
    "protocol/MessageReceptionState.js": [
        "DuplicateMessageError", "MessageReceptionState", "MessageReceptionStateEncryptedWithRollover",
        "MessageReceptionStateEncryptedWithoutRollover", "MessageReceptionStateUnencryptedWithRollover",
    ],
    "session/NodeSession.js": ["NodeSession"],
};

/** Which of them a way of replacing has stand-ins for. */
export type Kind = "0.9.4" | "today";

/** How the stand-ins name what they take from matter.js: `matterjs:common/MatterError.js`. */
export const scheme = "matterjs:";
/** What follows the path of a module that is replaced, when what it was before is meant. */
export const original = "?original";

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
export function standInFor(path: string, standIns: string, report: string, names: readonly string[] = replaced[path] ?? []): string {
    return `export { ${names.join(", ")} } from ${JSON.stringify(standIns)};
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
    readonly kind: Kind;
    /** What it exports. */
    readonly names: readonly string[];
}

const shape: RegExp = /^(.*[\\/]dist[\\/](?:esm|cjs)[\\/])((?:session|protocol|codec)[\\/][^?#]*)$/;
const verdicts = new Map<string, Kind | undefined>();

/**
 * Whether a module is one of matter.js's that are replaced.
 *
 * @param module - its path, or its URL without query
 * @param kinds - which there are stand-ins for
 * @throws Error if it is matter.js, but of a version whose modules are not known
 */
export function recognise(module: string, kinds: readonly Kind[] = ["0.9.4"]): Found | undefined {
    const match = shape.exec(module);
    if (match === null) return undefined;
    const base = match[1] as string, path = (match[2] as string).replaceAll("\\", "/");
    if (!Object.hasOwn(replaced, path) && !Object.hasOwn(replacedToday, path)) return undefined;
    if (!verdicts.has(base)) verdicts.set(base, kindOf(base, kinds));
    const kind = verdicts.get(base);
    const names = kind === undefined ? undefined : (kind === "today" ? replacedToday : replaced)[path];
    return kind === undefined || names === undefined ? undefined : { base, path, kind, names };
}

function kindOf(base: string, kinds: readonly Kind[]): Kind | undefined {
    const manifest = manifestOf(base);
    if (manifest === undefined) return undefined;
    const { name, version = "" } = JSON.parse(manifest) as { name?: string; version?: string };
    if (name !== "@project-chip/matter.js" && name !== "@matter/protocol") return undefined;
    if (name === "@project-chip/matter.js" && supported.includes(version)) return "0.9.4";
    if (name === "@matter/protocol" && supportedToday.includes(version) && kinds.includes("today")) return "today";
    throw new Error(
        `matter-session cannot stand in for the sessions of ${name} ${version} (${base}): it knows those of @project-chip/matter.js ${supported.join(", ")}, `
        + `and of @matter/protocol ${supportedToday.join(", ")} in Node, by matter-session/matterjs/register or register-cjs`,
    );
}

function manifestOf(base: string): string | undefined {
    try {
        return readFileSync(base.startsWith("file:") ? new URL("../../package.json", base) : join(base, "../../package.json"), "utf8");
    } catch {
        return undefined;
    }
}
