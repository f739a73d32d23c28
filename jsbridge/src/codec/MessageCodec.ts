/** Message and protocol headers. Matter Core §4.4. */
import { octets, structure, unsigned } from "../common/arguments.js";
import { ImplementationError, NotImplementedError, UnexpectedDataError } from "../common/MatterError.js";
import { NodeId } from "../datatype/NodeId.js";
import { platform } from "../platform.js";

/** Matter Core §4.4.4. */
export const MAX_MESSAGE_SIZE = 1280;

/** Both directions, as TypeScript's enums have them. */
export const SessionType: { readonly Unicast: 0; readonly Group: 1; readonly 0: "Unicast"; readonly 1: "Group" } = { Unicast: 0, Group: 1, 0: "Unicast", 1: "Group" };
export type SessionType = 0 | 1;

export interface PacketHeader {
    sessionId: number;
    sessionType: SessionType;
    hasPrivacyEnhancements: boolean;
    isControlMessage: boolean;
    hasMessageExtensions: boolean;
    /** The message counter. */
    messageId: number;
    sourceNodeId?: NodeId | undefined;
    destNodeId?: NodeId | undefined;
    destGroupId?: number | undefined;
}

export interface DecodedPacketHeader extends PacketHeader {
    /** The octet as received, which is part of the nonce. */
    securityFlags: number;
}

export interface PayloadHeader {
    exchangeId: number;
    /** Vendor ID in the upper, protocol in the lower 16 bits. */
    protocolId: number;
    messageType: number;
    isInitiatorMessage: boolean;
    requiresAck: boolean;
    ackedMessageId?: number | undefined;
    hasSecuredExtension: boolean;
}

export interface Packet {
    header: PacketHeader;
    messageExtension?: Uint8Array | undefined;
    /** Encrypted in secure sessions. */
    applicationPayload: Uint8Array;
}

export interface DecodedPacket extends Packet {
    header: DecodedPacketHeader;
}

export interface Message {
    packetHeader: PacketHeader;
    payloadHeader: PayloadHeader;
    securityExtension?: Uint8Array | undefined;
    payload: Uint8Array;
}

export interface DecodedMessage extends Message {
    packetHeader: DecodedPacketHeader;
}

/** Message flags, then security flags, then exchange flags. */
const destinationNode = 0x01, destinationGroup = 0x02, source = 0x04;
const sessionTypeMask = 0x03, messageExtensions = 0x20, control = 0x40, privacy = 0x80;
const initiator = 0x01, acknowledgement = 0x02, reliable = 0x04, securedExtensions = 0x08, vendor = 0x10;

/** At most this many octets does a header have that {@link writePacketHeader} or {@link writePayloadHeader} writes. */
export const MAX_HEADER_SIZE = 24;

export class MessageCodec {
    /**
     * Takes a datagram apart. The payload is a part of data, not a copy.
     *
     * @throws {@link UnexpectedDataError} if it is malformed
     * @throws {@link NotImplementedError} if it is of another version, or has privacy or control flags
     */
    static decodePacket(data: Uint8Array): DecodedPacket {
        const reader = new Reader(data, "message header");
        const header = readPacketHeader(reader);
        return { header, messageExtension: header.hasMessageExtensions ? reader.counted() : undefined, applicationPayload: reader.rest() };
    }

    /** Takes a decrypted payload apart. @throws {@link UnexpectedDataError} if it is malformed */
    static decodePayload(packet: DecodedPacket): DecodedMessage {
        const { header, applicationPayload } = structure("packet", packet);
        const reader = new Reader(applicationPayload, "protocol header");
        const payloadHeader = readPayloadHeader(reader);
        return { packetHeader: header, payloadHeader, securityExtension: payloadHeader.hasSecuredExtension ? reader.counted() : undefined, payload: reader.rest() };
    }

    static encodePayload(message: Message): Packet {
        structure("payloadHeader", structure("message", message).payloadHeader);
        refuseSecuredExtensions(message);
        const payload = octets("payload", message.payload);
        const room = new Uint8Array(MAX_HEADER_SIZE + payload.length);
        const at = writePayloadHeader(message.payloadHeader, room, 0);
        room.set(payload, at);
        return { header: message.packetHeader, applicationPayload: room.slice(0, at + payload.length) };
    }

    static encodePacket(packet: Packet): Uint8Array {
        const { header, applicationPayload, messageExtension } = structure("packet", packet);
        structure("header", header);
        if (messageExtension !== undefined || header.hasMessageExtensions) {
            throw new NotImplementedError("Message extensions not supported when encoding a packet.");
        }
        const payload = octets("applicationPayload", applicationPayload);
        const head = this.encodePacketHeader(header);
        const datagram = new Uint8Array(head.length + payload.length);
        datagram.set(head);
        datagram.set(payload, head.length);
        return datagram;
    }

    static encodePacketHeader(header: PacketHeader): Uint8Array {
        structure("header", header);
        const room = new Uint8Array(MAX_HEADER_SIZE);
        return room.slice(0, writePacketHeader(header, room, 0));
    }

    /** What a log line tells of a message. */
    static messageDiagnostics({ packetHeader, payloadHeader, payload }: Message, isDuplicate = false): Record<string, unknown> {
        const { exchangeId, protocolId, messageType, ackedMessageId, requiresAck } = payloadHeader;
        return platform().dict({
            id: `${packetHeader.sessionId}/${exchangeId}/${packetHeader.messageId}`,
            type: `${protocolId}/${messageType}`,
            acked: ackedMessageId,
            reqAck: requiresAck,
            duplicate: isDuplicate,
            payload,
        });
    }
}

/** @throws {@link NotImplementedError}: there are none in any revision so far */
export function refuseSecuredExtensions(message: Message): void {
    if (message.securityExtension !== undefined || message.payloadHeader.hasSecuredExtension) {
        throw new NotImplementedError("Security extensions not supported when encoding a payload.");
    }
}

function readPacketHeader(reader: Reader): DecodedPacketHeader {
    const flags = reader.uint8();
    if ((flags & destinationNode) !== 0 && (flags & destinationGroup) !== 0) {
        throw new UnexpectedDataError("The header cannot contain destination group and node at the same time. Reserved for future use. Discard message.");
    }
    if (flags >> 4 !== 0) throw new NotImplementedError(`Unsupported header version ${flags >> 4}.`);
    const sessionId = reader.uint16();
    const securityFlags = reader.uint8();
    const messageId = reader.uint32();
    const sourceNodeId = (flags & source) !== 0 ? reader.uint64() : undefined;
    const destNodeId = (flags & destinationNode) !== 0 ? reader.uint64() : undefined;
    const destGroupId = (flags & destinationGroup) !== 0 ? reader.uint16() : undefined;
    const sessionType = securityFlags & sessionTypeMask;
    if (sessionType !== SessionType.Unicast && sessionType !== SessionType.Group) throw new UnexpectedDataError(`Unsupported session type ${sessionType}`);
    if ((securityFlags & privacy) !== 0) throw new NotImplementedError("Privacy enhancements not supported");
    if ((securityFlags & control) !== 0) throw new NotImplementedError("Control Messages not supported");
    return {
        securityFlags, sessionId, sourceNodeId, messageId, destGroupId, destNodeId, sessionType,
        hasPrivacyEnhancements: false,
        isControlMessage: false,
        hasMessageExtensions: (securityFlags & messageExtensions) !== 0,
    };
}

function readPayloadHeader(reader: Reader): PayloadHeader {
    const flags = reader.uint8();
    const messageType = reader.uint8();
    const exchangeId = reader.uint16();
    // The vendor ID comes first. Matter Core §4.4.3.4.
    const vendorId = (flags & vendor) !== 0 ? reader.uint16() : 0;
    const protocolId = vendorId * 0x10000 + reader.uint16();
    const ackedMessageId = (flags & acknowledgement) !== 0 ? reader.uint32() : undefined;
    return {
        protocolId, exchangeId, messageType,
        isInitiatorMessage: (flags & initiator) !== 0,
        requiresAck: (flags & reliable) !== 0,
        ackedMessageId,
        hasSecuredExtension: (flags & securedExtensions) !== 0,
    };
}

/** Writes a message header into room at a place; returns where it ends. */
export function writePacketHeader(header: PacketHeader, room: Uint8Array, at: number): number {
    const { sourceNodeId, destNodeId, destGroupId } = header;
    if (destNodeId !== undefined && destGroupId !== undefined) throw new ImplementationError("header: expected destNodeId or destGroupId, got both");
    room[at] = (destGroupId !== undefined ? destinationGroup : 0) | (destNodeId !== undefined ? destinationNode : 0) | (sourceNodeId !== undefined ? source : 0);
    put16(room, at + 1, unsigned("sessionId", header.sessionId, 16));
    const sessionType = unsigned("sessionType", header.sessionType, 8);
    if (sessionType > SessionType.Group) throw new ImplementationError(`sessionType: expected 0 or 1, got ${sessionType}`);
    room[at + 3] = sessionType;
    put32(room, at + 4, unsigned("messageId", header.messageId, 32));
    let end = at + 8;
    if (sourceNodeId !== undefined) end = put64(room, end, "sourceNodeId", sourceNodeId);
    if (destNodeId !== undefined) end = put64(room, end, "destNodeId", destNodeId);
    if (destGroupId !== undefined) end = put16(room, end, unsigned("destGroupId", destGroupId, 16));
    return end;
}

/** Writes a protocol header into room at a place; returns where it ends. */
export function writePayloadHeader(header: PayloadHeader, room: Uint8Array, at: number): number {
    const { ackedMessageId } = header;
    const protocolId = unsigned("protocolId", header.protocolId, 32);
    const vendorId = protocolId >>> 16;
    room[at] =
        (header.isInitiatorMessage ? initiator : 0) | (ackedMessageId !== undefined ? acknowledgement : 0) | (header.requiresAck ? reliable : 0) | (vendorId !== 0 ? vendor : 0);
    room[at + 1] = unsigned("messageType", header.messageType, 8);
    let end = put16(room, at + 2, unsigned("exchangeId", header.exchangeId, 16));
    if (vendorId !== 0) end = put16(room, end, vendorId);
    end = put16(room, end, protocolId & 0xffff);
    if (ackedMessageId !== undefined) end = put32(room, end, unsigned("ackedMessageId", ackedMessageId, 32));
    return end;
}

function put16(room: Uint8Array, at: number, value: number): number {
    room[at] = value;
    room[at + 1] = value >>> 8;
    return at + 2;
}

function put32(room: Uint8Array, at: number, value: number): number {
    put16(room, at, value);
    return put16(room, at + 2, value >>> 16);
}

const scratch: DataView = new DataView(new ArrayBuffer(8));

function put64(room: Uint8Array, at: number, name: string, value: NodeId): number {
    scratch.setBigUint64(0, NodeId.checked(name, value), true);
    put32(room, at, scratch.getUint32(0, true));
    return put32(room, at + 4, scratch.getUint32(4, true));
}

/** Reads octets in order, little-endian, and not past their end. */
class Reader {
    readonly #octets: Uint8Array;
    readonly #view: DataView;
    readonly #what: string;
    #at = 0;

    constructor(data: Uint8Array, what: string) {
        this.#octets = octets("data", data);
        this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
        this.#what = what;
    }

    uint8(): number {
        return this.#view.getUint8(this.#advance(1));
    }

    uint16(): number {
        return this.#view.getUint16(this.#advance(2), true);
    }

    uint32(): number {
        return this.#view.getUint32(this.#advance(4), true);
    }

    uint64(): bigint {
        return this.#view.getBigUint64(this.#advance(8), true);
    }

    /** Octets after their 16-bit length. */
    counted(): Uint8Array {
        const length = this.uint16();
        const from = this.#advance(length);
        return this.#octets.subarray(from, from + length);
    }

    rest(): Uint8Array {
        return this.#octets.subarray(this.#at);
    }

    #advance(length: number): number {
        const from = this.#at;
        if (from + length > this.#octets.length) {
            throw new UnexpectedDataError(`The message ends in its ${this.#what}: ${this.#octets.length} octets, at least ${from + length} expected.`);
        }
        this.#at = from + length;
        return from;
    }
}
