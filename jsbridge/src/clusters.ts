/**
 * The clusters that commissioning and on/off need, by name. Any other is reached by numbers and
 * untyped values. Identifiers and field tags: Matter Core chapters 9 and 11, Matter Application
 * Cluster Specification chapter 1.
 */
import { empty, type Cluster, type Empty } from "./cluster.js";
import {
    arrayOf, bool, field, id64, int32, int8, nullable, octets, optional, struct, text, uint16, uint32, uint64, uint8, type Schema,
} from "./schema.js";

export const Identify: Cluster<{ identifyTime: number; identifyType: number }, { identify: [{ identifyTime: number }, void] }> = {
    id: 0x0003,
    name: "Identify",
    attributes: { identifyTime: { id: 0, schema: uint16, writable: true }, identifyType: { id: 1, schema: uint8 } },
    commands: { identify: { id: 0, request: struct({ identifyTime: field(0, uint16) }) } },
    events: {},
};

export const OnOff: Cluster<
    { onOff: boolean; globalSceneControl: boolean; onTime: number; offWaitTime: number; startUpOnOff: number | null },
    {
        off: [Empty, void];
        on: [Empty, void];
        toggle: [Empty, void];
        offWithEffect: [{ effectIdentifier: number; effectVariant: number }, void];
        onWithRecallGlobalScene: [Empty, void];
        onWithTimedOff: [{ onOffControl: number; onTime: number; offWaitTime: number }, void];
    }
> = {
    id: 0x0006,
    name: "OnOff",
    attributes: {
        onOff: { id: 0, schema: bool },
        globalSceneControl: { id: 0x4000, schema: bool },
        onTime: { id: 0x4001, schema: uint16, writable: true },
        offWaitTime: { id: 0x4002, schema: uint16, writable: true },
        startUpOnOff: { id: 0x4003, schema: nullable(uint8), writable: true },
    },
    commands: {
        off: { id: 0, request: empty },
        on: { id: 1, request: empty },
        toggle: { id: 2, request: empty },
        offWithEffect: { id: 0x40, request: struct({ effectIdentifier: field(0, uint8), effectVariant: field(1, uint8) }) },
        onWithRecallGlobalScene: { id: 0x41, request: empty },
        onWithTimedOff: { id: 0x42, request: struct({ onOffControl: field(0, uint8), onTime: field(1, uint16), offWaitTime: field(2, uint16) }) },
    },
    events: {},
};

interface LevelOptions {
    optionsMask: number;
    optionsOverride: number;
}
type MoveToLevel = LevelOptions & { level: number; transitionTime: number | null };
type Move = LevelOptions & { moveMode: number; rate: number | null };
type Step = LevelOptions & { stepMode: number; stepSize: number; transitionTime: number | null };
const moveToLevel: Schema<MoveToLevel> = struct({
    level: field(0, uint8), transitionTime: field(1, nullable(uint16)), optionsMask: field(2, uint8), optionsOverride: field(3, uint8),
});
const move: Schema<Move> = struct({
    moveMode: field(0, uint8), rate: field(1, nullable(uint8)), optionsMask: field(2, uint8), optionsOverride: field(3, uint8),
});
const step: Schema<Step> = struct({
    stepMode: field(0, uint8), stepSize: field(1, uint8), transitionTime: field(2, nullable(uint16)), optionsMask: field(3, uint8), optionsOverride: field(4, uint8),
});
const stop: Schema<LevelOptions> = struct({ optionsMask: field(0, uint8), optionsOverride: field(1, uint8) });

export const LevelControl: Cluster<
    { currentLevel: number | null; remainingTime: number; minLevel: number; maxLevel: number; options: number; onOffTransitionTime: number; onLevel: number | null },
    {
        moveToLevel: [MoveToLevel, void];
        move: [Move, void];
        step: [Step, void];
        stop: [LevelOptions, void];
        moveToLevelWithOnOff: [MoveToLevel, void];
        moveWithOnOff: [Move, void];
        stepWithOnOff: [Step, void];
        stopWithOnOff: [LevelOptions, void];
    }
> = {
    id: 0x0008,
    name: "LevelControl",
    attributes: {
        currentLevel: { id: 0, schema: nullable(uint8) },
        remainingTime: { id: 1, schema: uint16 },
        minLevel: { id: 2, schema: uint8 },
        maxLevel: { id: 3, schema: uint8 },
        options: { id: 0x0f, schema: uint8, writable: true },
        onOffTransitionTime: { id: 0x10, schema: uint16, writable: true },
        onLevel: { id: 0x11, schema: nullable(uint8), writable: true },
    },
    commands: {
        moveToLevel: { id: 0, request: moveToLevel },
        move: { id: 1, request: move },
        step: { id: 2, request: step },
        stop: { id: 3, request: stop },
        moveToLevelWithOnOff: { id: 4, request: moveToLevel },
        moveWithOnOff: { id: 5, request: move },
        stepWithOnOff: { id: 6, request: step },
        stopWithOnOff: { id: 7, request: stop },
    },
    events: {},
};

export interface DeviceType {
    deviceType: number;
    revision: number;
}

export const Descriptor: Cluster<{
    deviceTypeList: readonly DeviceType[];
    serverList: readonly number[];
    clientList: readonly number[];
    partsList: readonly number[];
}> = {
    id: 0x001d,
    name: "Descriptor",
    attributes: {
        deviceTypeList: { id: 0, schema: arrayOf(struct<DeviceType>({ deviceType: field(0, uint32), revision: field(1, uint16) })) },
        serverList: { id: 1, schema: arrayOf(uint32) },
        clientList: { id: 2, schema: arrayOf(uint32) },
        partsList: { id: 3, schema: arrayOf(uint16) },
    },
    commands: {},
    events: {},
};

export interface CapabilityMinima {
    caseSessionsPerFabric: number;
    subscriptionsPerFabric: number;
}

export const BasicInformation: Cluster<
    {
        dataModelRevision: number;
        vendorName: string;
        vendorId: number;
        productName: string;
        productId: number;
        nodeLabel: string;
        location: string;
        hardwareVersion: number;
        hardwareVersionString: string;
        softwareVersion: number;
        softwareVersionString: string;
        manufacturingDate: string;
        partNumber: string;
        productUrl: string;
        productLabel: string;
        serialNumber: string;
        localConfigDisabled: boolean;
        reachable: boolean;
        uniqueId: string;
        capabilityMinima: CapabilityMinima;
        specificationVersion: number;
        maxPathsPerInvoke: number;
    },
    object,
    { startUp: { softwareVersion: number }; shutDown: Empty; leave: { fabricIndex: number }; reachableChanged: { reachableNewValue: boolean } }
> = {
    id: 0x0028,
    name: "BasicInformation",
    attributes: {
        dataModelRevision: { id: 0, schema: uint16 },
        vendorName: { id: 1, schema: text(32) },
        vendorId: { id: 2, schema: uint16 },
        productName: { id: 3, schema: text(32) },
        productId: { id: 4, schema: uint16 },
        nodeLabel: { id: 5, schema: text(32), writable: true },
        location: { id: 6, schema: text(2), writable: true },
        hardwareVersion: { id: 7, schema: uint16 },
        hardwareVersionString: { id: 8, schema: text(64) },
        softwareVersion: { id: 9, schema: uint32 },
        softwareVersionString: { id: 10, schema: text(64) },
        manufacturingDate: { id: 11, schema: text(16) },
        partNumber: { id: 12, schema: text(32) },
        productUrl: { id: 13, schema: text(256) },
        productLabel: { id: 14, schema: text(64) },
        serialNumber: { id: 15, schema: text(32) },
        localConfigDisabled: { id: 16, schema: bool, writable: true },
        reachable: { id: 17, schema: bool },
        uniqueId: { id: 18, schema: text(32) },
        capabilityMinima: { id: 19, schema: struct<CapabilityMinima>({ caseSessionsPerFabric: field(0, uint16), subscriptionsPerFabric: field(1, uint16) }) },
        specificationVersion: { id: 21, schema: uint32 },
        maxPathsPerInvoke: { id: 22, schema: uint16 },
    },
    commands: {},
    events: {
        startUp: { id: 0, schema: struct({ softwareVersion: field(0, uint32) }) },
        shutDown: { id: 1, schema: empty },
        leave: { id: 2, schema: struct({ fabricIndex: field(0, uint8) }) },
        reachableChanged: { id: 3, schema: struct({ reachableNewValue: field(0, bool) }) },
    },
};

/** errorCode: 0 OK, 1 ValueOutsideRange, 2 InvalidAuthentication, 3 NoFailSafe, 4 BusyWithOtherAdmin, 5–7 terms. */
export interface CommissioningResponse {
    errorCode: number;
    debugText: string;
}
const commissioningResponse: Schema<CommissioningResponse> = struct({ errorCode: field(0, uint8), debugText: field(1, text(512)) });

export interface BasicCommissioningInfo {
    failSafeExpiryLengthSeconds: number;
    maxCumulativeFailsafeSeconds: number;
}

export const GeneralCommissioning: Cluster<
    {
        breadcrumb: bigint;
        basicCommissioningInfo: BasicCommissioningInfo;
        regulatoryConfig: number;
        locationCapability: number;
        supportsConcurrentConnection: boolean;
        tcAcceptedVersion: number;
        tcMinRequiredVersion: number;
        tcAcknowledgements: number;
        tcAcknowledgementsRequired: boolean;
        tcUpdateDeadline: number | null;
    },
    {
        armFailSafe: [{ expiryLengthSeconds: number; breadcrumb: bigint }, CommissioningResponse];
        setRegulatoryConfig: [{ newRegulatoryConfig: number; countryCode: string; breadcrumb: bigint }, CommissioningResponse];
        commissioningComplete: [Empty, CommissioningResponse];
        setTcAcknowledgements: [{ tcVersion: number; tcUserResponse: number }, { errorCode: number }];
    }
> = {
    id: 0x0030,
    name: "GeneralCommissioning",
    attributes: {
        breadcrumb: { id: 0, schema: uint64, writable: true },
        basicCommissioningInfo: {
            id: 1,
            schema: struct<BasicCommissioningInfo>({ failSafeExpiryLengthSeconds: field(0, uint16), maxCumulativeFailsafeSeconds: field(1, uint16) }),
        },
        regulatoryConfig: { id: 2, schema: uint8 },
        locationCapability: { id: 3, schema: uint8 },
        supportsConcurrentConnection: { id: 4, schema: bool },
        tcAcceptedVersion: { id: 5, schema: uint16 },
        tcMinRequiredVersion: { id: 6, schema: uint16 },
        tcAcknowledgements: { id: 7, schema: uint16 },
        tcAcknowledgementsRequired: { id: 8, schema: bool },
        tcUpdateDeadline: { id: 9, schema: nullable(uint32) },
    },
    commands: {
        armFailSafe: {
            id: 0,
            request: struct({ expiryLengthSeconds: field(0, uint16), breadcrumb: field(1, uint64) }),
            response: { id: 1, schema: commissioningResponse },
        },
        setRegulatoryConfig: {
            id: 2,
            request: struct({ newRegulatoryConfig: field(0, uint8), countryCode: field(1, text(2)), breadcrumb: field(2, uint64) }),
            response: { id: 3, schema: commissioningResponse },
        },
        commissioningComplete: { id: 4, request: empty, response: { id: 5, schema: commissioningResponse } },
        setTcAcknowledgements: {
            id: 6,
            request: struct({ tcVersion: field(0, uint16), tcUserResponse: field(1, uint16) }),
            response: { id: 7, schema: struct({ errorCode: field(0, uint8) }) },
        },
    },
    events: {},
};

export interface NetworkInfo {
    networkId: Uint8Array;
    connected: boolean;
}
/** security: bit 0 open, 1 WEP, 2 WPA, 3 WPA2, 4 WPA3. */
export interface WiFiScanResult {
    security: number;
    ssid: Uint8Array;
    bssid: Uint8Array;
    channel: number;
    wiFiBand: number;
    rssi: number;
}
export interface ThreadScanResult {
    panId: number;
    extendedPanId: bigint;
    networkName: string;
    channel: number;
    version: number;
    extendedAddress: Uint8Array;
    rssi: number;
    lqi: number;
}
export interface ScanNetworksResponse {
    networkingStatus: number;
    debugText?: string | undefined;
    wiFiScanResults?: readonly WiFiScanResult[] | undefined;
    threadScanResults?: readonly ThreadScanResult[] | undefined;
}
export interface NetworkConfigResponse {
    networkingStatus: number;
    debugText?: string | undefined;
    networkIndex?: number | undefined;
}
export interface ConnectNetworkResponse {
    networkingStatus: number;
    debugText?: string | undefined;
    errorValue: number | null;
}
type Breadcrumb = { breadcrumb?: bigint | undefined };
const networkConfigResponse: { id: number; schema: Schema<NetworkConfigResponse> } = {
    id: 5,
    schema: struct({ networkingStatus: field(0, uint8), debugText: optional(1, text(512)), networkIndex: optional(2, uint8) }),
};

export const NetworkCommissioning: Cluster<
    {
        maxNetworks: number;
        networks: readonly NetworkInfo[];
        scanMaxTimeSeconds: number;
        connectMaxTimeSeconds: number;
        interfaceEnabled: boolean;
        lastNetworkingStatus: number | null;
        lastNetworkId: Uint8Array | null;
        lastConnectErrorValue: number | null;
    },
    {
        scanNetworks: [{ ssid?: Uint8Array | null | undefined } & Breadcrumb, ScanNetworksResponse];
        addOrUpdateWiFiNetwork: [{ ssid: Uint8Array; credentials: Uint8Array } & Breadcrumb, NetworkConfigResponse];
        addOrUpdateThreadNetwork: [{ operationalDataset: Uint8Array } & Breadcrumb, NetworkConfigResponse];
        removeNetwork: [{ networkId: Uint8Array } & Breadcrumb, NetworkConfigResponse];
        connectNetwork: [{ networkId: Uint8Array } & Breadcrumb, ConnectNetworkResponse];
        reorderNetwork: [{ networkId: Uint8Array; networkIndex: number } & Breadcrumb, NetworkConfigResponse];
    }
> = {
    id: 0x0031,
    name: "NetworkCommissioning",
    attributes: {
        maxNetworks: { id: 0, schema: uint8 },
        networks: { id: 1, schema: arrayOf(struct<NetworkInfo>({ networkId: field(0, octets(1, 32)), connected: field(1, bool) })) },
        scanMaxTimeSeconds: { id: 2, schema: uint8 },
        connectMaxTimeSeconds: { id: 3, schema: uint8 },
        interfaceEnabled: { id: 4, schema: bool, writable: true },
        lastNetworkingStatus: { id: 5, schema: nullable(uint8) },
        lastNetworkId: { id: 6, schema: nullable(octets(1, 32)) },
        lastConnectErrorValue: { id: 7, schema: nullable(int32) },
    },
    commands: {
        scanNetworks: {
            id: 0,
            request: struct({ ssid: optional(0, nullable(octets(0, 32))), breadcrumb: optional(1, uint64) }),
            response: {
                id: 1,
                schema: struct<ScanNetworksResponse>({
                    networkingStatus: field(0, uint8),
                    debugText: optional(1, text(512)),
                    wiFiScanResults: optional(2, arrayOf(struct<WiFiScanResult>({
                        security: field(0, uint8), ssid: field(1, octets(0, 32)), bssid: field(2, octets(6, 6)), channel: field(3, uint16), wiFiBand: field(4, uint8), rssi: field(5, int8),
                    }))),
                    threadScanResults: optional(3, arrayOf(struct<ThreadScanResult>({
                        panId: field(0, uint16), extendedPanId: field(1, id64), networkName: field(2, text(16)), channel: field(3, uint16),
                        version: field(4, uint8), extendedAddress: field(5, octets(2, 8)), rssi: field(6, int8), lqi: field(7, uint8),
                    }))),
                }),
            },
        },
        addOrUpdateWiFiNetwork: {
            id: 2,
            request: struct({ ssid: field(0, octets(1, 32)), credentials: field(1, octets(0, 64)), breadcrumb: optional(2, uint64) }),
            response: networkConfigResponse,
        },
        addOrUpdateThreadNetwork: {
            id: 3,
            request: struct({ operationalDataset: field(0, octets(1, 254)), breadcrumb: optional(1, uint64) }),
            response: networkConfigResponse,
        },
        removeNetwork: { id: 4, request: struct({ networkId: field(0, octets(1, 32)), breadcrumb: optional(1, uint64) }), response: networkConfigResponse },
        connectNetwork: {
            id: 6,
            request: struct({ networkId: field(0, octets(1, 32)), breadcrumb: optional(1, uint64) }),
            response: {
                id: 7,
                schema: struct({ networkingStatus: field(0, uint8), debugText: optional(1, text(512)), errorValue: field(2, nullable(int32)) }),
            },
        },
        reorderNetwork: {
            id: 8,
            request: struct({ networkId: field(0, octets(1, 32)), networkIndex: field(1, uint8), breadcrumb: optional(2, uint64) }),
            response: networkConfigResponse,
        },
    },
    events: {},
};

export interface TimeZone {
    offset: number;
    validAt: bigint;
    name?: string | undefined;
}
export interface DstOffset {
    offset: number;
    validStarting: bigint;
    validUntil: bigint | null;
}

/** Times are microseconds since 2000-01-01T00:00:00Z. */
export const TimeSynchronization: Cluster<
    { utcTime: bigint | null; granularity: number; timeSource: number },
    {
        setUtcTime: [{ utcTime: bigint; granularity: number; timeSource?: number | undefined }, void];
        setTimeZone: [{ timeZone: readonly TimeZone[] }, { dstOffsetRequired: boolean }];
        setDstOffset: [{ dstOffset: readonly DstOffset[] }, void];
        setDefaultNtp: [{ defaultNtp: string | null }, void];
    }
> = {
    id: 0x0038,
    name: "TimeSynchronization",
    attributes: {
        utcTime: { id: 0, schema: nullable(uint64) },
        granularity: { id: 1, schema: uint8 },
        timeSource: { id: 2, schema: uint8 },
    },
    commands: {
        setUtcTime: { id: 0, request: struct({ utcTime: field(0, uint64), granularity: field(1, uint8), timeSource: optional(2, uint8) }) },
        setTimeZone: {
            id: 2,
            request: struct({
                timeZone: field(0, arrayOf(struct<TimeZone>({ offset: field(0, int32), validAt: field(1, uint64), name: optional(2, text(64)) }))),
            }),
            response: { id: 3, schema: struct({ dstOffsetRequired: field(0, bool) }) },
        },
        setDstOffset: {
            id: 4,
            request: struct({
                dstOffset: field(0, arrayOf(struct<DstOffset>({ offset: field(0, int32), validStarting: field(1, uint64), validUntil: field(2, nullable(uint64)) }))),
            }),
        },
        setDefaultNtp: { id: 5, request: struct({ defaultNtp: field(0, nullable(text(128))) }) },
    },
    events: {},
};

export const AdministratorCommissioning: Cluster<
    { windowStatus: number; adminFabricIndex: number | null; adminVendorId: number | null },
    {
        openCommissioningWindow: [
            { commissioningTimeout: number; pakePasscodeVerifier: Uint8Array; discriminator: number; iterations: number; salt: Uint8Array },
            void,
        ];
        openBasicCommissioningWindow: [{ commissioningTimeout: number }, void];
        revokeCommissioning: [Empty, void];
    }
> = {
    id: 0x003c,
    name: "AdministratorCommissioning",
    attributes: {
        windowStatus: { id: 0, schema: uint8 },
        adminFabricIndex: { id: 1, schema: nullable(uint8) },
        adminVendorId: { id: 2, schema: nullable(uint16) },
    },
    commands: {
        openCommissioningWindow: {
            id: 0,
            request: struct({
                commissioningTimeout: field(0, uint16), pakePasscodeVerifier: field(1, octets(97, 97)), discriminator: field(2, uint16),
                iterations: field(3, uint32), salt: field(4, octets(16, 32)),
            }),
            timed: true,
        },
        openBasicCommissioningWindow: { id: 1, request: struct({ commissioningTimeout: field(0, uint16) }), timed: true },
        revokeCommissioning: { id: 2, request: empty, timed: true },
    },
    events: {},
};

export interface Noc {
    noc: Uint8Array;
    icac: Uint8Array | null;
    fabricIndex: number;
}
export interface FabricDescriptor {
    rootPublicKey: Uint8Array;
    vendorId: number;
    fabricId: bigint;
    nodeId: bigint;
    label: string;
    fabricIndex: number;
}
/** statusCode: 0 OK, 1 InvalidPublicKey, 2 InvalidNodeOpId, 3 InvalidNOC, 4 MissingCsr, 5 TableFull, 6 InvalidAdminSubject, 9 FabricConflict, 10 LabelConflict, 11 InvalidFabricIndex. */
export interface NocResponse {
    statusCode: number;
    fabricIndex?: number | undefined;
    debugText?: string | undefined;
}
const nocResponse: { id: number; schema: Schema<NocResponse> } = {
    id: 8,
    schema: struct({ statusCode: field(0, uint8), fabricIndex: optional(1, uint8), debugText: optional(2, text(512)) }),
};

export const OperationalCredentials: Cluster<
    {
        nocs: readonly Noc[];
        fabrics: readonly FabricDescriptor[];
        supportedFabrics: number;
        commissionedFabrics: number;
        trustedRootCertificates: readonly Uint8Array[];
        currentFabricIndex: number;
    },
    {
        attestationRequest: [{ attestationNonce: Uint8Array }, { attestationElements: Uint8Array; attestationSignature: Uint8Array }];
        certificateChainRequest: [{ certificateType: number }, { certificate: Uint8Array }];
        csrRequest: [{ csrNonce: Uint8Array; isForUpdateNoc?: boolean | undefined }, { nocsrElements: Uint8Array; attestationSignature: Uint8Array }];
        addNoc: [
            { nocValue: Uint8Array; icacValue?: Uint8Array | undefined; ipkValue: Uint8Array; caseAdminSubject: bigint; adminVendorId: number },
            NocResponse,
        ];
        updateNoc: [{ nocValue: Uint8Array; icacValue?: Uint8Array | undefined }, NocResponse];
        updateFabricLabel: [{ label: string }, NocResponse];
        removeFabric: [{ fabricIndex: number }, NocResponse];
        addTrustedRootCertificate: [{ rootCaCertificate: Uint8Array }, void];
    }
> = {
    id: 0x003e,
    name: "OperationalCredentials",
    attributes: {
        nocs: {
            id: 0,
            schema: arrayOf(struct<Noc>({ noc: field(1, octets(0, 400)), icac: field(2, nullable(octets(0, 400))), fabricIndex: field(254, uint8) })),
        },
        fabrics: {
            id: 1,
            schema: arrayOf(struct<FabricDescriptor>({
                rootPublicKey: field(1, octets(65, 65)), vendorId: field(2, uint16), fabricId: field(3, id64), nodeId: field(4, id64),
                label: field(5, text(32)), fabricIndex: field(254, uint8),
            })),
        },
        supportedFabrics: { id: 2, schema: uint8 },
        commissionedFabrics: { id: 3, schema: uint8 },
        trustedRootCertificates: { id: 4, schema: arrayOf(octets(0, 400)) },
        currentFabricIndex: { id: 5, schema: uint8 },
    },
    commands: {
        attestationRequest: {
            id: 0,
            request: struct({ attestationNonce: field(0, octets(32, 32)) }),
            response: { id: 1, schema: struct({ attestationElements: field(0, octets(0, 900)), attestationSignature: field(1, octets(64, 64)) }) },
        },
        certificateChainRequest: {
            id: 2,
            request: struct({ certificateType: field(0, uint8) }),
            response: { id: 3, schema: struct({ certificate: field(0, octets(0, 600)) }) },
        },
        csrRequest: {
            id: 4,
            request: struct({ csrNonce: field(0, octets(32, 32)), isForUpdateNoc: optional(1, bool) }),
            response: { id: 5, schema: struct({ nocsrElements: field(0, octets(0, 900)), attestationSignature: field(1, octets(64, 64)) }) },
        },
        addNoc: {
            id: 6,
            request: struct({
                nocValue: field(0, octets(0, 400)), icacValue: optional(1, octets(0, 400)), ipkValue: field(2, octets(16, 16)),
                caseAdminSubject: field(3, id64), adminVendorId: field(4, uint16),
            }),
            response: nocResponse,
        },
        updateNoc: { id: 7, request: struct({ nocValue: field(0, octets(0, 400)), icacValue: optional(1, octets(0, 400)) }), response: nocResponse },
        updateFabricLabel: { id: 9, request: struct({ label: field(0, text(32)) }), response: nocResponse },
        removeFabric: { id: 10, request: struct({ fabricIndex: field(0, uint8) }), response: nocResponse },
        addTrustedRootCertificate: { id: 11, request: struct({ rootCaCertificate: field(0, octets(0, 400)) }) },
    },
    events: {},
};

/** Every cluster that has a description here. */
export const clusters: readonly Cluster[] = [
    Identify, OnOff, LevelControl, Descriptor, BasicInformation, GeneralCommissioning, NetworkCommissioning, TimeSynchronization,
    AdministratorCommissioning, OperationalCredentials,
];
