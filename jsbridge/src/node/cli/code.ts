import { Option, type Command } from "commander";
import { start } from "../../core.js";
import { hexOf } from "../../hex.js";
import type { Json } from "../../json.js";
import type { ParsedCode } from "../../operations.js";
import { UsageError } from "./exit.js";
import { integerArgument, result, secret, type GlobalOptions } from "./io.js";

const flows = ["standard", "user-intent", "custom"] as const;
const transports = ["soft-ap", "ble", "ip", "wifi-paf", "nfc", "thread"] as const;

/** `matter-session code`: setup codes, read and made. */
export function addCode(program: Command, global: () => GlobalOptions, signal: AbortSignal): void {
    const code = program.command("code").description("read or make setup codes (QR text and manual codes)");
    code.command("parse")
        .argument("[CODE]", "the code; - reads it from standard input")
        .option("--code-file <FILE>", "read the code from a file (- is standard input)")
        .description("say what a setup code holds")
        .action(async (argument: string | undefined, options: { codeFile?: string }) => {
            const text = await secret("the setup code", argument, options.codeFile, signal);
            if (text === undefined) throw new UsageError("give a code, - or --code-file");
            const { codes } = (await start()).request("parseCode", { text });
            result(global(), codes.length === 1 ? describe(codes[0] as ParsedCode) : codes.map(describe), codes.map(show).join("\n\n"));
        });
    code.command("make")
        .description("make a QR text and a manual code; what is not given is drawn at random or 0")
        .option("--passcode <N>", "1 to 99999998, but for the forbidden ones")
        .option("--passcode-file <FILE>", "read the passcode from a file (- is standard input)")
        .option("--discriminator <N>", "0 to 4095")
        .option("--vendor <ID>", "vendor ID, 0 for none", "0")
        .option("--product <ID>", "product ID, 0 for none", "0")
        .addOption(new Option("--flow <FLOW>", "what the user must do first").choices([...flows]).default("standard"))
        .option("--discovery <LIST>", `ways to find the device, comma-separated: ${transports.join(" ")}`, "ip")
        .action(async (options: { passcode?: string; passcodeFile?: string; discriminator?: string; vendor: string; product: string; flow: string; discovery: string }) => {
            const passcode = await secret("the passcode", options.passcode, options.passcodeFile, signal);
            const core = await start();
            const request = {
                vendorId: integerArgument("--vendor", options.vendor, 0, 0xffff),
                productId: integerArgument("--product", options.product, 0, 0xffff),
                flow: flows.indexOf(options.flow as (typeof flows)[number]),
                discovery: options.discovery.split(",").reduce((bits, name) => bits | transportBit(name.trim()), 0),
                discriminator: options.discriminator === undefined ? randomBelow(4096) : integerArgument("--discriminator", options.discriminator, 0, 4095),
                passcode: passcode === undefined ? randomPasscode() : integerArgument("the passcode", passcode, 0, 0xffffffff),
            };
            const { qr, manual } = core.request("makeCode", request);
            result(global(), { qr, manual, passcode: request.passcode, discriminator: request.discriminator },
                `QR code       ${qr}\nManual code   ${group(manual)}\nPasscode      ${String(request.passcode).padStart(8, "0")}\nDiscriminator ${request.discriminator}`);
        });
}

function transportBit(name: string): number {
    const bit = transports.indexOf(name as (typeof transports)[number]);
    if (bit < 0) throw new UsageError(`--discovery: "${name}" is none of ${transports.join(" ")}`);
    return 1 << bit;
}

function randomBelow(bound: number): number {
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    // bound divides 2^32: no bias.
    return random % bound;
}

/** Uniform over the allowed ones: what is out of range or forbidden is drawn again. Matter Core §5.1.7. */
function randomPasscode(): number {
    for (;;) {
        const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
        const passcode = random >>> 5; // 27 bits
        const forbidden = passcode === 12345678 || passcode === 87654321 || (passcode % 11111111 === 0 && passcode <= 99999999);
        if (passcode >= 1 && passcode <= 99999998 && !forbidden) return passcode;
    }
}

/** 4-3-4, and 5-5 for the long form: as devices print it. */
function group(manual: string): string {
    return manual.replace(/^(\d{4})(\d{3})(\d{4})(?:(\d{5})(\d{5}))?$/, (_, a: string, b: string, c: string, d?: string, e?: string) => [a, b, c, d, e].filter(part => part !== undefined).join("-"));
}

function describe(code: ParsedCode): { [key: string]: Json } {
    const { form, vendorId, productId, flow, discovery, discriminator, short, passcode, tlv } = code;
    return {
        form: form === 1 ? "qr" : "manual",
        ...(vendorId === undefined ? {} : { vendorId }),
        ...(productId === undefined ? {} : { productId }),
        ...(flow === undefined ? {} : { flow: flows[flow] ?? `reserved (${flow})` }),
        ...(discovery === undefined ? {} : { discovery: transports.filter((_, bit) => (discovery & (1 << bit)) !== 0) }),
        discriminator,
        discriminatorBits: short ? 4 : 12,
        passcode,
        ...(tlv === undefined ? {} : { tlv: hexOf(tlv) }),
    };
}

function show(code: ParsedCode): string {
    const id = (value: unknown): string => `0x${(value as number).toString(16).toUpperCase().padStart(4, "0")}`;
    const rows: [string, string][] = Object.entries(describe(code)).filter(([key]) => key !== "discriminatorBits").map(([key, value]) => {
        switch (key) {
            case "form": return ["Form", value === "qr" ? "QR code" : "manual code"];
            case "vendorId": return ["Vendor", value === 0 ? "not stated" : id(value)];
            case "productId": return ["Product", value === 0 ? "not stated" : id(value)];
            case "flow": return ["Flow", String(value)];
            case "discovery": return ["Discovery", (value as string[]).join(", ") || "not stated"];
            case "discriminator": return ["Discriminator", code.short ? `${String(value)} (upper 4 bits)` : String(value)];
            case "passcode": return ["Passcode", String(value).padStart(8, "0")];
            default: return ["More", String(value)];
        }
    });
    return rows.map(([name, value]) => `${name.padEnd(14)}${value}`).join("\n");
}
