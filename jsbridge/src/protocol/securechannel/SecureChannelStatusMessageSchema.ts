/** The StatusReport message: no TLV, eight octets and perhaps data. Matter Core appendix D. */
export interface SecureChannelStatus {
    generalStatus: number;
    protocolId: number;
    protocolStatus: number;
}

export const TlvSecureChannelStatusMessage: {
    encode(status: SecureChannelStatus, data?: Uint8Array): Uint8Array;
    decode(octets: Uint8Array): SecureChannelStatus;
} = {
    encode({ generalStatus, protocolId, protocolStatus }, data = new Uint8Array()) {
        const octets = new Uint8Array(8 + data.length);
        const view = new DataView(octets.buffer);
        view.setUint16(0, generalStatus, true);
        view.setUint32(2, protocolId, true);
        view.setUint16(6, protocolStatus, true);
        octets.set(data, 8);
        return octets;
    },
    decode(octets) {
        const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
        return { generalStatus: view.getUint16(0, true), protocolId: view.getUint32(2, true), protocolStatus: view.getUint16(6, true) };
    },
};
