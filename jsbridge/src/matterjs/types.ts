/** The one cast between this package's types and matter.js 0.9.4's. */
import type * as codec from "@project-chip/matter.js/codec";
import type * as protocol from "@project-chip/matter.js/protocol";
import type * as session from "@project-chip/matter.js/session";
import type { DecodedMessage, DecodedPacket, Message, Packet } from "../codec/index.js";
import type { MessageCounter, MessageReceptionState } from "../protocol/index.js";
import type { CaseClient, CaseServer, InsecureSession, PaseClient, PaseServer, ResumptionRecord, SecureSession, Session, SessionManager } from "../session/index.js";

/**
 * The same object, by matter.js's type. TypeScript does not see by itself that one class stands in for
 * another: matter.js's have private members, and its IDs are branded. Objects of `matter-session/session`
 * are no `instanceof` of matter.js's classes; those that matter.js makes on these sessions are.
 */
export function asMatterJs<T>(ours: SecureSession<T>): session.SecureSession<T>;
export function asMatterJs<T>(ours: InsecureSession<T>): session.InsecureSession<T>;
export function asMatterJs<T>(ours: Session<T>): session.Session<T>;
export function asMatterJs<T>(ours: SessionManager<T>): session.SessionManager<T>;
export function asMatterJs(ours: MessageCounter): protocol.MessageCounter;
export function asMatterJs(ours: MessageReceptionState): protocol.MessageReceptionState;
export function asMatterJs(ours: PaseServer): session.PaseServer;
export function asMatterJs(ours: ResumptionRecord): session.ResumptionRecord;
export function asMatterJs(ours: DecodedMessage): codec.DecodedMessage;
export function asMatterJs(ours: Message): codec.Message;
export function asMatterJs(ours: DecodedPacket): codec.DecodedPacket;
export function asMatterJs(ours: Packet): codec.Packet;
export function asMatterJs(ours: CaseServer): session.CaseServer;
export function asMatterJs(ours: PaseClient): session.PaseClient;
export function asMatterJs(ours: CaseClient): session.CaseClient;
export function asMatterJs(ours: object): object {
    return ours;
}
