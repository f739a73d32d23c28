/** What a device is, in few words: enough to show it and to try it. */
import { BasicInformation, Descriptor, Identify, LevelControl, OnOff } from "../clusters.js";
import type { Connection, InteractionOptions, Report } from "./connection.js";
import type { AttributeSelector } from "./interaction.js";

/** One endpoint. Texts are the device's: untrusted. Members that it does not have are absent. */
export interface DescribedEndpoint {
    id: number;
    /** Device types, such as 0x0100 for a light that goes on and off. */
    types: number[];
    /** What its user or maker calls it. */
    label?: string;
    onOff?: boolean;
    /** 1 to 254; null: it does not know. */
    level?: number | null;
    identify: boolean;
}

export interface DescribedDevice {
    vendorId?: number;
    productId?: number;
    vendorName?: string;
    productName?: string;
    nodeLabel?: string;
    serialNumber?: string;
    /** In ascending order; the root, 0, is among them. */
    endpoints: DescribedEndpoint[];
}

/** A device may list as many endpoints as it likes. */
const maxEndpoints = 64;

/** And as many types of one. */
const maxTypes = 64;

const texts = ["vendorName", "productName", "nodeLabel", "serialNumber"] as const;
const numbers = ["vendorId", "productId"] as const;

/** On which changes of a device to look, for {@link Connection.subscribe}. */
export const shownAttributes: readonly AttributeSelector[] = [{ cluster: OnOff, attribute: "onOff" }, { cluster: LevelControl, attribute: "currentLevel" }];

export async function describe(connection: Connection, options: InteractionOptions = {}): Promise<DescribedDevice> {
    const report = await connection.readMany({
        attributes: [
            ...[...texts, ...numbers].map(attribute => ({ endpoint: 0, cluster: BasicInformation, attribute })),
            { cluster: Descriptor, attribute: "deviceTypeList" }, { cluster: Descriptor, attribute: "serverList" }, ...shownAttributes,
        ],
    }, options);
    return describeFrom(report);
}

/** By what a device has reported. What does not have the form that it should is left out. */
export function describeFrom(report: Report): DescribedDevice {
    const endpoints = new Map<number, DescribedEndpoint>();
    const device: DescribedDevice = { endpoints: [] };
    for (const { endpoint, name, value } of report.attributes) {
        const [cluster, attribute = ""] = name.split(".");
        if (cluster === BasicInformation.name) {
            if (isOf(texts, attribute) ? isText(value) : isOf(numbers, attribute) && isNumber(value, 0xffff)) Object.assign(device, { [attribute]: value });
            continue;
        }
        const known = endpoints.get(endpoint) ?? { id: endpoint, types: [], identify: false };
        if (endpoints.size < maxEndpoints) endpoints.set(endpoint, known);
        if (attribute === "deviceTypeList" && Array.isArray(value)) known.types = value.map(type => (type as { deviceType?: unknown } | null)?.deviceType).filter(type => isNumber(type, 0xffffffff)).slice(0, maxTypes);
        else if (attribute === "serverList" && Array.isArray(value)) known.identify = value.includes(Identify.id);
        else if (cluster === OnOff.name && typeof value === "boolean") known.onOff = value;
        else if (cluster === LevelControl.name && (isNumber(value, 0xff) || value === null)) known.level = value;
    }
    device.endpoints = [...endpoints.values()].sort((a, b) => a.id - b.id);
    return device;
}

/** A text of a device that is worth showing. */
function isText(value: unknown): value is string {
    return typeof value === "string" && value !== "" && value.length <= 64;
}

function isNumber(value: unknown, max: number): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function isOf(names: readonly string[], name: string): boolean {
    return names.includes(name);
}
