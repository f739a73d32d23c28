/** Results go to standard output, all else to standard error. */
import { readFile } from "node:fs/promises";
import type { Json } from "../../json.js";
import { UsageError } from "./exit.js";

export interface GlobalOptions {
    directory: string;
    json: boolean;
    quiet: boolean;
}

/** Prints a result: as JSON on one line, or as the text that a person reads. */
export function result(options: GlobalOptions, json: Json, text: string): void {
    process.stdout.write(`${options.json ? JSON.stringify(json) : text}\n`);
}

/** Tells how it goes, unless --quiet. */
export function progress(options: GlobalOptions, text: string): void {
    if (!options.quiet) process.stderr.write(`${text}\n`);
}

/** A secret from the command line, a file, or standard input (`-`): its first line. */
export async function secret(what: string, given: string | undefined, file: string | undefined): Promise<string | undefined> {
    if (given !== undefined && file !== undefined) throw new UsageError(`${what}: give it as an argument or by a file, not both`);
    if (given !== undefined && given !== "-") return given;
    if (given === undefined && file === undefined) return undefined;
    const content = file === undefined || file === "-" ? await standardInput() : await fileContent(what, file);
    const [line = ""] = content.split(/\r?\n/, 1);
    if (line.trim() === "") throw new UsageError(`${what}: ${file === undefined || file === "-" ? "standard input" : file} is empty`);
    return line.trim();
}

export async function fileContent(what: string, file: string): Promise<string> {
    return new TextDecoder().decode(await fileOctets(what, file));
}

export async function fileOctets(what: string, file: string): Promise<Uint8Array> {
    try {
        return new Uint8Array(await readFile(file));
    } catch (cause) {
        throw new UsageError(`${what}: ${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
    }
}

async function standardInput(): Promise<string> {
    process.stdin.setEncoding("utf8");
    let text = "";
    for await (const chunk of process.stdin) {
        text += chunk as string;
        // The first line is all that is wanted: a person at a terminal ends it with Return.
        if (text.includes("\n")) break;
    }
    process.stdin.destroy();
    return text;
}

/** A whole number in a range. */
export function integerArgument(what: string, text: string, min: number, max: number): number {
    const number = /^(?:[0-9]+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : NaN;
    if (!(number >= min && number <= max)) throw new UsageError(`${what} is a whole number from ${min} to ${max}, not "${text}"`);
    return number;
}

/** A node ID, decimal or 0x…. */
export function nodeArgument(text: string): bigint {
    if (!/^(?:[0-9]+|0x[0-9a-f]{1,16})$/i.test(text)) throw new UsageError(`NODE is a node ID, decimal or 0x…, not "${text}"`);
    const id = BigInt(text);
    if (id < 1n || id > 0xffffffefffffffffn) throw new UsageError(`${text} is not the ID of a node`);
    return id;
}

export function hex64(value: bigint): string {
    return `0x${value.toString(16).padStart(16, "0")}`;
}

/** JSON from the command line. */
export function jsonArgument(what: string, text: string): Json {
    try {
        return JSON.parse(text) as Json;
    } catch {
        throw new UsageError(`${what} is not JSON (a text needs quotes: '"text"')`);
    }
}
