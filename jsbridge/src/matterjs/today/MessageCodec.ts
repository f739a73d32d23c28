/** Headers as matter.js 0.17.9 has them, by this package's codec; what groups protect for privacy stays matter.js's. */
import { Bytes, InternalError, NotImplementedError, UnexpectedDataError } from "matterjs:@matter/general";
import { MessageCodec as Theirs } from "matterjs:codec/MessageCodec.js?original";
import { MessageCodec as Ours, type DecodedMessage, type DecodedPacket, type Message, type Packet, type PacketHeader } from "../../codec/MessageCodec.js";

export { Message, SessionType } from "matterjs:codec/MessageCodec.js?original";

const unicast = 0, group = 1;
/** Message flags, then security flags. */
const toNode = 0x01, toGroup = 0x02, from = 0x04;
const sessionTypeMask = 0x03, privacy = 0x80;

/** matter.js's, as this file sees it. */
const Base = Theirs as unknown as {
    new (): object;
    decodePacket(data: Bytes): DecodedPacket;
    encodePacketHeader(header: PacketHeader): Uint8Array;
};

export class MessageCodec extends Base {
    static override decodePacket(data: Bytes): DecodedPacket {
        const octets = Bytes.of(data);
        if (((octets[3] ?? 0) & privacy) !== 0) return super.decodePacket(data);
        refuseDestination(octets);
        return Ours.decodePacket(octets);
    }

    static decodePayload(packet: DecodedPacket): DecodedMessage {
        const message = Ours.decodePayload({ ...packet, applicationPayload: Bytes.of(packet.applicationPayload) });
        const { header: { sessionType, isControlMessage } } = packet;
        const { requiresAck, ackedMessageId } = message.payloadHeader;
        if (sessionType === group && !isControlMessage && (requiresAck || ackedMessageId)) throw new UnexpectedDataError("A group's message asks for an acknowledgement, or has one.");
        return message;
    }

    static encodePayload(message: Message): Packet {
        return Ours.encodePayload({ ...message, payload: Bytes.of(message.payload) });
    }

    static encodePacket({ header, applicationPayload, messageExtension, headerBytes }: Packet & { headerBytes?: Bytes }): Uint8Array {
        if (messageExtension !== undefined || header.hasMessageExtensions) throw new NotImplementedError("Message extensions not supported when encoding a packet.");
        return Bytes.of(Bytes.concat(headerBytes ?? this.encodePacketHeader(header), applicationPayload));
    }

    static override encodePacketHeader(header: PacketHeader): Uint8Array {
        const { sessionType, destGroupId, destNodeId, sourceNodeId, hasPrivacyEnhancements } = header;
        if (sessionType === group && (destGroupId === undefined || sourceNodeId === undefined || destNodeId !== undefined)) {
            throw new InternalError("A message of a group session must have a group as its destination, a source, and no other destination.");
        }
        return hasPrivacyEnhancements ? super.encodePacketHeader(header) : Ours.encodePacketHeader(header);
    }
}

/** What must hold of the destinations of either type of session. Matter Core §4.4.1.2. */
function refuseDestination(octets: Uint8Array): void {
    const flags = octets[0] ?? 0, type = (octets[3] ?? 0) & sessionTypeMask;
    if (octets.length < 4 || flags >> 4 !== 0) return; // refused for that
    if (type === unicast && (flags & toGroup) !== 0) throw new UnexpectedDataError("A message of a unicast session has a group as its destination.");
    if (type !== group) return;
    if ((flags & (toGroup | toNode)) === 0) throw new UnexpectedDataError("A message of a group session has no destination.");
    if ((flags & from) === 0) throw new UnexpectedDataError("A message of a group session has no source.");
}
