import { createInterface } from "node:readline/promises";
import { Option, type Command } from "commander";
import { parseAddress, showAddress } from "../../commission/address.js";
import type { Connection } from "../../commission/connection.js";
import type { Controller } from "../../commission/controller.js";
import {
    attributeJson, attributeOf, clusterOf, commandOf, eventJson, type AttributeResult, type AttributeSelector, type EventResult, type EventSelector,
} from "../../commission/interaction.js";
import type { AttestationDecision, AttestationReport, StepEvent, ThreadDataset, WifiCredentials } from "../../commission/types.js";
import { start } from "../../core.js";
import { TlvError, UnexpectedDataError } from "../../errors.js";
import { toJson, type Json } from "../../json.js";
import type { TlvValue } from "../../tlv.js";
import { discover } from "../dnssd.js";
import { openController } from "../open.js";
import { Interrupted, UsageError } from "./exit.js";
import { hex64, integerArgument, jsonArgument, nodeArgument, progress, result, secret, type GlobalOptions } from "./io.js";

interface CommissionFlags {
    codeFile?: string;
    address?: string;
    wifi?: string;
    wifiPassword?: string;
    wifiPasswordFile?: string;
    threadDataset?: string;
    threadDatasetFile?: string;
    label?: string;
    country?: string;
    location?: "indoor" | "outdoor" | "both";
    device?: string;
    allowTestDevices?: boolean;
    allowUnlisted?: boolean;
    certifiedOnly?: boolean;
}
interface NodeFlags {
    address?: string;
    timeout?: string;
    interface?: string[];
}

/** Opens the controller, runs fn, closes it whatever happens. Interrupting fails what is pending. */
async function withController<T>(
    global: GlobalOptions,
    options: { test?: boolean; fabric?: { label?: string }; search?: boolean; interfaces?: string[] },
    fn: (controller: Controller) => Promise<T>,
): Promise<T> {
    const controller = await openController({
        directory: global.directory,
        trust: { test: options.test === true },
        // Only a commissioning makes a home where there is none.
        fabric: options.fabric ?? false,
        ...(options.search === false ? { discovery: false } : options.interfaces === undefined ? {} : { discovery: { interfaces: options.interfaces } }),
    });
    try {
        return await fn(controller);
    } finally {
        await controller.close();
    }
}

export function addDevices(program: Command, global: () => GlobalOptions, signal: AbortSignal): void {
    addCommission(program, global, signal);
    const reached = (command: Command): Command =>
        command
            .option("--address <ADDRESS>", "where the node is: HOST, HOST:PORT or [IPV6]:PORT; default: its last address and what discovery finds")
            .option("--timeout <SECONDS>", "how long to try to reach the node", "45")
            .option("--interface <NAME...>", "network interfaces to search on");
    const withNode = async <T>(node: string, flags: NodeFlags, fn: (connection: Connection) => Promise<T>): Promise<T> => {
        const nodeId = nodeArgument(node);
        const timeoutMs = 1000 * integerArgument("--timeout", flags.timeout ?? "45", 1, 3600);
        if (flags.address !== undefined) parseAddress(flags.address);
        const interfaces = flags.interface === undefined ? {} : { interfaces: flags.interface };
        return withController(global(), { search: flags.address === undefined, ...interfaces }, async controller => {
            const connection = await controller.connect(nodeId, { ...(flags.address === undefined ? {} : { address: flags.address }), signal, timeoutMs });
            progress(global(), `${connection.resumed ? "Resumed the session with" : "Connected to"} ${hex64(nodeId)}`);
            return fn(connection);
        });
    };
    addInteractions(program, global, signal, reached, withNode);
    addNodes(program, global);
    addDiscover(program, global, signal);
}

function addCommission(program: Command, global: () => GlobalOptions, signal: AbortSignal): void {
    program.command("commission")
        .description("bring a device into the home")
        .argument("[CODE]", "its setup code, QR text (MT:…) or digits; - reads it from standard input")
        .option("--code-file <FILE>", "read the setup code from a file (- is standard input)")
        .option("--address <ADDRESS>", "where the device is: HOST, HOST:PORT or [IPV6]:PORT; default: search by DNS-SD")
        .option("--wifi <SSID>", "the Wi-Fi network that it shall join")
        .option("--wifi-password <PASSWORD>", "its password (others on this machine may see it: prefer the file)")
        .option("--wifi-password-file <FILE>", "its password, from a file (- is standard input)")
        .option("--thread-dataset <HEX>", "the Thread network that it shall join")
        .option("--thread-dataset-file <FILE>", "the same from a file (- is standard input)")
        .option("--label <TEXT>", "name of a home that is made now, at most 32 octets")
        .option("--country <CC>", "where the device stands, two letters")
        .addOption(new Option("--location <WHERE>", "indoors or outdoors, for devices that may be at either").choices(["indoor", "outdoor", "both"]))
        .option("--device <N>", "which device of a QR code that holds several, from 1")
        .option("--allow-test-devices", "accept development devices: anybody can make one")
        .option("--allow-unlisted", "accept devices whose maker's authority is not on the list")
        .option("--certified-only", "never ask: certified devices or none")
        .action(async (argument: string | undefined, flags: CommissionFlags) => {
            const options = global();
            const code = await secret("the setup code", argument, flags.codeFile, signal);
            if (code === undefined) throw new UsageError("give a setup code, - or --code-file");
            const network = await networkOf(flags, signal);
            // Before a home is made of it: what cannot be meant makes none.
            (await start()).request("parseCode", { text: code });
            if (flags.address !== undefined) parseAddress(flags.address);
            const device = flags.device === undefined ? {} : { device: integerArgument("--device", flags.device, 1, 255) - 1 };
            await withController(options, { test: flags.allowTestDevices === true, fabric: flags.label === undefined ? {} : { label: flags.label }, search: flags.address === undefined }, async controller => {
                const begun = performance.now();
                const done = await controller.commission(code, {
                    ...(flags.address === undefined ? {} : { address: flags.address }),
                    ...(network === undefined ? {} : { network }),
                    ...(flags.country === undefined ? {} : { country: flags.country }),
                    ...(flags.location === undefined ? {} : { location: ({ indoor: 0, outdoor: 1, both: 2 } as const)[flags.location] }),
                    ...device,
                    certifiedOnly: flags.certifiedOnly === true,
                    onProgress: step => tellStep(options, step),
                    onAttestation: report => decide(options, flags, report, signal),
                    signal,
                });
                progress(options, `Commissioned in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
                const { nodeId, fabricId, address, ...rest } = done;
                result(options, { nodeId: hex64(nodeId), fabricId: hex64(fabricId), ...rest, address: showAddress(address) }, hex64(nodeId));
            });
        });
}

async function networkOf(flags: CommissionFlags, signal: AbortSignal): Promise<WifiCredentials | ThreadDataset | undefined> {
    const dataset = await secret("the Thread dataset", flags.threadDataset, flags.threadDatasetFile, signal);
    if (dataset !== undefined && flags.wifi !== undefined) throw new UsageError("give a Wi-Fi or a Thread network, not both");
    if (dataset !== undefined) return { kind: "thread", dataset };
    const password = await secret("the Wi-Fi password", flags.wifiPassword, flags.wifiPasswordFile, signal, true);
    if (flags.wifi !== undefined) return { kind: "wifi", ssid: flags.wifi, password: password ?? "" };
    if (password !== undefined) throw new UsageError("a Wi-Fi password without --wifi");
    return undefined;
}

function tellStep(options: GlobalOptions, step: StepEvent): void {
    const seconds = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);
    if (step.status === "done") progress(options, `  ✓ ${step.step.padEnd(12)} ${seconds(step.elapsedMs)}`);
    else if (step.status === "slow") progress(options, `  … ${step.step.padEnd(12)} still waiting (${seconds(step.elapsedMs)}; usually under ${seconds(step.expectedMs)})`);
    else if (step.status === "failed") progress(options, `  ✗ ${step.step.padEnd(12)} ${seconds(step.elapsedMs)}`);
}

/** By the flags; otherwise a person at a terminal is asked, and nobody else's silence is consent. */
async function decide(options: GlobalOptions, flags: CommissionFlags, report: AttestationReport, signal: AbortSignal): Promise<AttestationDecision> {
    if (report.verdict === "certified") return "accept";
    for (const finding of report.findings) progress(options, `    ${finding}`);
    if (report.verdict === "invalid") return "refuse";
    if (report.verdict === "test" && flags.allowTestDevices === true) return "accept";
    if (report.verdict === "unlisted" && flags.allowUnlisted === true) return "accept";
    if (flags.certifiedOnly === true || !process.stdin.isTTY || !process.stderr.isTTY) {
        progress(options, `    Refused: ${report.verdict === "test" ? "--allow-test-devices" : "--allow-unlisted"} would accept it.`);
        return "refuse";
    }
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    try {
        const answer = await prompt.question("Set this device up anyway? Type yes: ", { signal });
        return answer.trim().toLowerCase() === "yes" ? "accept" : "refuse";
    } finally {
        prompt.close();
    }
}

type WithNode = <T>(node: string, flags: NodeFlags, fn: (connection: Connection) => Promise<T>) => Promise<T>;

function addInteractions(program: Command, global: () => GlobalOptions, signal: AbortSignal, reached: (command: Command) => Command, withNode: WithNode): void {
    reached(program.command("read").description("read attributes").argument("<NODE>").argument("<PATH...>", "ENDPOINT/CLUSTER/ATTRIBUTE, * for any"))
        .option("--event <PATH...>", "events too: ENDPOINT/CLUSTER/EVENT, * for any")
        .option("--all-fabrics", "also what belongs to other fabrics, where it may be seen")
        .action(async (node: string, paths: string[], flags: NodeFlags & { event?: string[]; allFabrics?: boolean }) => {
            const attributes = paths.map(attributeSelector), events = (flags.event ?? []).map(eventSelector);
            const report = await withNode(node, flags, connection => connection.readMany({ attributes, events }, { fabricFiltered: flags.allFabrics !== true, signal }));
            const [only] = report.attributes;
            // One exact path: its value alone, or its error as the command's.
            const [path = ""] = paths;
            if (paths.length === 1 && events.length === 0 && isExact(path)) {
                if (only === undefined) throw new UnexpectedDataError(`the node did not answer for ${path}`);
                if (only.error !== undefined) throw only.error;
                const { value = null } = attributeJson(only);
                return result(global(), value, typeof value === "string" ? value : JSON.stringify(value));
            }
            result(global(), reportJson(report), reportText(report));
        });
    reached(program.command("write").description("write one attribute").argument("<NODE>").argument("<PATH>", "ENDPOINT/CLUSTER/ATTRIBUTE").argument("<VALUE>", "JSON, as docs/tlv-json.md has it"))
        .action(async (node: string, path: string, text: string, flags: NodeFlags) => {
            const { endpoint, cluster, member: attribute } = exactPath(path, "ATTRIBUTE");
            const value = typedArgument("VALUE", attributeOf(cluster, attribute).schema, text);
            await withNode(node, flags, connection => connection.write({ endpoint, cluster, attribute, value }, { signal }));
        });
    reached(program.command("invoke").description("run one command").argument("<NODE>").argument("<PATH>", "ENDPOINT/CLUSTER/COMMAND").argument("[FIELDS]", "JSON object", "{}"))
        .option("--timed <MS>", "announce it as timed; commands that demand it are anyway")
        .action(async (node: string, path: string, text: string, flags: NodeFlags & { timed?: string }) => {
            const { endpoint, cluster, member: command } = exactPath(path, "COMMAND");
            const described = commandOf(cluster, command);
            const fields = typedArgument("FIELDS", described.request, text);
            const timed = flags.timed === undefined ? {} : { timedMs: integerArgument("--timed", flags.timed, 1, 65535) };
            const response = await withNode(node, flags, connection => connection.invoke({ endpoint, cluster, command, fields }, { signal, ...timed }));
            if (response === undefined) return;
            const json = described.response === undefined ? toJson(response as TlvValue) : described.response.schema.toJson(response);
            result(global(), json, JSON.stringify(json));
        });
    reached(program.command("subscribe").description("report attributes as they change, until interrupted").argument("<NODE>").argument("<PATH...>", "ENDPOINT/CLUSTER/ATTRIBUTE, * for any"))
        .option("--event <PATH...>", "events too: ENDPOINT/CLUSTER/EVENT, * for any")
        .option("--min <SECONDS>", "least time between reports", "0")
        .option("--max <SECONDS>", "longest time between reports", "60")
        .option("--count <N>", "end after so many reports")
        .action(async (node: string, paths: string[], flags: NodeFlags & { event?: string[]; min: string; max: string; count?: string }) => {
            const attributes = paths.map(attributeSelector), events = (flags.event ?? []).map(eventSelector);
            const [minFloorS, maxCeilingS] = [integerArgument("--min", flags.min, 0, 65535), integerArgument("--max", flags.max, 1, 65535)];
            let left = flags.count === undefined ? Infinity : integerArgument("--count", flags.count, 1, Number.MAX_SAFE_INTEGER);
            await withNode(node, flags, async connection => {
                let enough = (): void => {};
                const counted = new Promise<undefined>(resolve => (enough = () => resolve(undefined)));
                const subscription = await connection.subscribe({
                    attributes, events, minFloorS, maxCeilingS, signal,
                    onReport(report) {
                        if (left <= 0 || report.attributes.length + report.events.length === 0) return;
                        result(global(), reportJson(report), reportText(report));
                        if (--left <= 0) enough();
                    },
                });
                progress(global(), `Subscribed; a sign of life at least every ${subscription.maxIntervalS} s`);
                const ended = await Promise.race([subscription.ended, counted]);
                subscription.close();
                // Interrupting is how a subscription ends.
                if (ended !== undefined && !(ended instanceof Interrupted)) throw ended;
            });
        });
}

function addNodes(program: Command, global: () => GlobalOptions): void {
    program.command("nodes").description("list the devices of the home").action(async () => {
        const nodes = await withController(global(), { search: false }, controller => controller.nodes());
        const rows = nodes.map(({ nodeId, vendorId, productId, name = "", address = "", commissionedAt }) =>
            ({ nodeId: hex64(nodeId), vendorId, productId, name, address, commissionedAt: new Date(Number(commissionedAt)).toISOString() }));
        result(global(), rows, rows.map(row => `${row.nodeId}  ${row.name.padEnd(24)} ${row.address}`).join("\n") || "no devices yet");
    });
}

function addDiscover(program: Command, global: () => GlobalOptions, signal: AbortSignal): void {
    program.command("discover")
        .description("list Matter devices on the network")
        .addOption(new Option("--kind <KIND>", "those that can be set up, or those in use").choices(["commissionable", "operational"]).default("commissionable"))
        .option("--discriminator <N>", "only devices with this 12-bit discriminator")
        .option("--timeout <SECONDS>", "how long to listen", "5")
        .option("--interface <NAME...>", "network interfaces to search on")
        .action(async (flags: { kind: "commissionable" | "operational"; discriminator?: string; timeout: string; interface?: string[] }) => {
            const seconds = integerArgument("--timeout", flags.timeout, 1, 3600);
            if (flags.discriminator !== undefined && flags.kind === "operational") throw new UsageError("devices in use tell no discriminator: --discriminator is for --kind commissionable");
            const query = flags.discriminator === undefined ? { all: flags.kind } : { discriminator: integerArgument("--discriminator", flags.discriminator, 0, 4095), short: false };
            const end = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
            const found = new Map<string, { [key: string]: Json }>();
            for await (const { peer, instance, ...about } of discover(query, end, flags.interface === undefined ? {} : { interfaces: flags.interface })) {
                const known = found.get(instance);
                if (known !== undefined) (known["addresses"] as Json[]).push(showAddress(peer));
                else {
                    found.set(instance, { instance, ...(about as { [key: string]: Json }), addresses: [showAddress(peer)] });
                    progress(global(), `  ${instance}`);
                }
            }
            if (signal.aborted) throw signal.reason;
            const rows = [...found.values()];
            result(global(), rows, rows.map(showFound).join("\n") || "nothing found");
        });
}

function showFound(row: { [key: string]: Json }): string {
    const { instance, addresses, ...about } = row;
    const details = Object.entries(about).map(([key, value]) => `${key}=${String(value)}`).join(" ");
    return `${String(instance)}  ${(addresses as string[]).join(" ")}  ${details}`.trimEnd();
}

interface Report {
    attributes: AttributeResult[];
    events: EventResult[];
}

function reportJson(report: Report): Json {
    return report.events.length === 0 ? { attributes: report.attributes.map(attributeJson) } : { attributes: report.attributes.map(attributeJson), events: report.events.map(eventJson) };
}

function reportText(report: Report): string {
    const line = (json: { [key: string]: Json }): string => {
        const outcome = json["value"] === undefined && json["message"] !== undefined ? `! ${String(json["message"])}` : `= ${JSON.stringify(json["value"] ?? null)}`;
        return `${String(json["endpoint"])}/${String(json["name"]).replace(".", "/")} ${outcome}`;
    };
    return [...report.attributes.map(attributeJson), ...report.events.map(eventJson)].map(line).join("\n") || "nothing there";
}

/** `ENDPOINT/CLUSTER/MEMBER`; a part that is `*` or left out at the end is a wildcard. */
function parts(path: string): { endpoint?: number; cluster?: string; member?: string } {
    const [endpoint = "*", cluster = "*", member = "*", ...rest] = path.split("/");
    if (rest.length > 0 || endpoint === "" || cluster === "" || member === "") throw new UsageError(`"${path}" is not ENDPOINT/CLUSTER/MEMBER`);
    return {
        ...(endpoint === "*" ? {} : { endpoint: integerArgument("ENDPOINT", endpoint, 0, 0xfffe) }),
        ...(cluster === "*" ? {} : { cluster }),
        ...(member === "*" ? {} : { member }),
    };
}

function attributeSelector(path: string): AttributeSelector {
    const { member, ...rest } = parts(path);
    if (rest.cluster !== undefined) clusterOf(rest.cluster); // an unknown name is told before anything is sent
    if (rest.cluster !== undefined && member !== undefined) attributeOf(rest.cluster, member);
    return member === undefined ? rest : { ...rest, attribute: numberOr(member) };
}

function eventSelector(path: string): EventSelector {
    const { member, ...rest } = parts(path);
    return member === undefined ? rest : { ...rest, event: numberOr(member) };
}

function isExact(path: string): boolean {
    const { endpoint, cluster, member } = parts(path);
    return endpoint !== undefined && cluster !== undefined && member !== undefined;
}

function exactPath(path: string, what: string): { endpoint: number; cluster: string; member: string } {
    const { endpoint, cluster, member } = parts(path);
    if (endpoint === undefined || cluster === undefined || member === undefined) throw new UsageError(`"${path}" is not ENDPOINT/CLUSTER/${what}: nothing may be left open`);
    return { endpoint, cluster, member };
}

function numberOr(text: string): string | number {
    return /^(?:[0-9]+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : text;
}

/** JSON from the command line by a schema; what does not fit is wrong use, told with its place. */
function typedArgument(what: string, schema: { fromJson(json: Json, path: string): unknown }, text: string): unknown {
    try {
        return schema.fromJson(jsonArgument(what, text), "");
    } catch (error) {
        throw error instanceof TlvError ? new UsageError(`${what}: ${error.message.replace(/^tlv: /, "")}`) : error;
    }
}
