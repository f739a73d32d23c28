export {
    MAX_MESSAGE_SIZE, MessageCodec, SessionType,
    type DecodedMessage, type DecodedPacket, type DecodedPacketHeader, type Message, type Packet, type PacketHeader, type PayloadHeader,
} from "./MessageCodec.js";
