/**
 * All that stands in for matter.js's modules. The build makes one file of this and of every class below
 * it, apart from those that run alone: a program can have both, and each copy of matter.js has its own.
 */
import "./bind.js";
import { SecureSession } from "../session/SecureSession.js";
import { state } from "./report.js";

export * from "../codec/MessageCodec.js";
export * from "../protocol/MessageCounter.js";
export * from "../protocol/MessageReceptionState.js";
export * from "../session/index.js";

const { decode, encode } = SecureSession.prototype;
SecureSession.prototype.encode = function (this: SecureSession<unknown>, message) {
    const packet = encode.call(this, message);
    state.encodes++;
    return packet;
};
SecureSession.prototype.decode = function (this: SecureSession<unknown>, packet, aad) {
    const message = decode.call(this, packet, aad);
    state.decodes++;
    return message;
};

const { create } = SecureSession;
SecureSession.create = async <T>(args: Parameters<typeof create<T>>[0]) => {
    const session = await create<T>(args);
    // With a handle instead of a secret, the session is what a handshake in the core has ended in.
    if ("handle" in args) state.handshakes[session.isPase ? "pase" : args.isResumption === true ? "resumed" : "case"]++;
    return session;
};
