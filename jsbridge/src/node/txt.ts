/** The TXT records of Matter's DNS-SD services. Matter Core §4.3. */

/** What a node says about itself beside its address. Absent or malformed entries are left out. */
export interface TxtInfo {
    /** D, 12 bits. */
    discriminator?: number;
    /** CM */
    open?: 0 | 1 | 2 | 3;
    /** VP */
    vendorId?: number;
    productId?: number;
    /** DT */
    deviceType?: number;
    /** DN */
    name?: string;
    /** RI, hex as sent */
    rotatingId?: string;
    /** PH, bits */
    pairingHint?: number;
    /** PI */
    pairingInstruction?: string;
    /** SII, SAI, SAT, in milliseconds */
    idleIntervalMs?: number;
    activeIntervalMs?: number;
    activeThresholdMs?: number;
    /** T, bits: 1 TCP client, 2 TCP server */
    tcp?: number;
    /** ICD: 1 when the device's long idle time mode is in use */
    icd?: number;
}

/** Reads `key=value` strings: keys in any case, the first of several equal keys counts (RFC 6763 §6.4). */
export function parseTxt(strings: readonly Uint8Array[]): TxtInfo {
    const entries = new Map<string, string>();
    for (const octets of strings) {
        const [, key, value] = /^([^=]+)=?(.*)$/s.exec(decoder.decode(octets)) ?? [];
        if (key !== undefined && !entries.has(key.toUpperCase())) entries.set(key.toUpperCase(), value ?? "");
    }
    const number = (key: string, max: number): number | undefined => {
        const text = entries.get(key);
        return text !== undefined && /^[0-9]{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
    };
    const text = (key: string, max: number): string | undefined => {
        const value = entries.get(key);
        return value !== undefined && value !== "" && value.length <= max ? value : undefined;
    };
    const [, vendor, product] = /^([0-9]{1,5})(?:\+([0-9]{1,5}))?$/.exec(entries.get("VP") ?? "") ?? [];
    const id = (value: string | undefined): number | undefined => (value !== undefined && Number(value) <= 0xffff ? Number(value) : undefined);
    return compact({
        discriminator: number("D", 0xfff),
        open: number("CM", 3) as 0 | 1 | 2 | 3 | undefined,
        vendorId: id(vendor),
        productId: id(product),
        deviceType: number("DT", 0xffffffff),
        name: text("DN", 32),
        rotatingId: text("RI", 100),
        pairingHint: number("PH", 0xffffffff),
        pairingInstruction: text("PI", 128),
        idleIntervalMs: number("SII", 3_600_000),
        activeIntervalMs: number("SAI", 3_600_000),
        activeThresholdMs: number("SAT", 65_535),
        tcp: number("T", 0xff),
        icd: number("ICD", 1),
    });
}

const decoder: TextDecoder = new TextDecoder();

/** Leaves out the members that are undefined. */
function compact<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
