/** Results go to standard output, all else to standard error. */
import { createReadStream } from "node:fs";
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
    process.stdout.write(`${options.json ? JSON.stringify(json) : printable(text)}\n`);
}

/** Tells how it goes, unless --quiet. */
export function progress(options: GlobalOptions, text: string): void {
    if (!options.quiet) process.stderr.write(`${printable(text)}\n`);
}

/** Names and texts are a device's: none of their control characters reaches the terminal. */
export function printable(text: string): string {
    return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}

/** A secret's first line is far shorter, whatever the file holds. */
const maxSecret = 65_536;

/**
 * A secret from the command line, a file, or standard input (`-`): its first line, without the line's end and, unless
 * blanks may belong to it, those around it.
 */
export async function secret(what: string, given: string | undefined, file: string | undefined, signal: AbortSignal, blanks = false): Promise<string | undefined> {
    if (given !== undefined && file !== undefined) throw new UsageError(`${what}: give it as an argument or by a file, not both`);
    if (given !== undefined && given !== "-") return given;
    if (given === undefined && file === undefined) return undefined;
    const standard = file === undefined || file === "-";
    const [line = ""] = (standard ? await standardInput(what, signal) : await fileBeginning(what, file)).split(/\r?\n/, 1);
    if (line.trim() === "") throw new UsageError(`${what}: ${standard ? "standard input" : file} is empty`);
    return blanks ? line : line.trim();
}

async function fileBeginning(what: string, file: string): Promise<string> {
    try {
        const chunks: Buffer[] = [];
        for await (const chunk of createReadStream(file, { end: maxSecret - 1 })) chunks.push(chunk as Buffer);
        return new TextDecoder().decode(Buffer.concat(chunks));
    } catch (cause) {
        throw unreadable(what, file, cause);
    }
}

export async function fileOctets(what: string, file: string): Promise<Uint8Array> {
    try {
        return new Uint8Array(await readFile(file));
    } catch (cause) {
        throw unreadable(what, file, cause);
    }
}

function unreadable(what: string, file: string, cause: unknown): UsageError {
    return new UsageError(`${what}: ${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
}

let taken: string | undefined;

/** Reads up to the first line's end, which at a terminal is Return. What follows stays there for a later question. */
function standardInput(what: string, signal: AbortSignal): Promise<string> {
    if (taken !== undefined) throw new UsageError(`${what}: standard input holds ${taken} already, and one of them only`);
    taken = what;
    const { stdin } = process;
    return new Promise((resolve, reject) => {
        let text = "";
        const decoder = new TextDecoder();
        const end = (settle: () => void): void => {
            stdin.off("data", read).off("end", ended).off("error", ended).pause();
            // One that stays open, as a terminal does, must not keep the command from ending.
            (stdin as { unref?(): void }).unref?.();
            signal.removeEventListener("abort", aborted);
            settle();
        };
        const ended = (): void => end(() => resolve(text));
        const aborted = (): void => end(() => reject(signal.reason as Error));
        const read = (chunk: Buffer): void => {
            text += decoder.decode(chunk, { stream: true });
            if (text.includes("\n") || text.length >= maxSecret) ended();
        };
        if (signal.aborted) return aborted();
        signal.addEventListener("abort", aborted);
        (stdin as { ref?(): void }).ref?.();
        stdin.on("data", read).on("end", ended).on("error", ended);
    });
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
