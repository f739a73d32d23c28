/** Small things that a window does for the wizard. */
import type { Report, ReportEntry } from "./room/room.js";

/** Sixteen upper-case hex digits, as IDs cross to the program. */
export const hexOf = (id: bigint): string => id.toString(16).toUpperCase().padStart(16, "0");
export const bigintOf = (hex: string): bigint => BigInt(`0x${hex}`);
export const hexOfOctets = (octets: Uint8Array): string => Array.from(octets, octet => octet.toString(16).padStart(2, "0")).join("");

/** "NAME (number)" as the event carries it. */
export function statusOf(text: string): { name: string; value: number } | undefined {
    const [, name, value] = /^(.*) \((\d+|0x[\dA-Fa-f]+)\)$/.exec(text) ?? [];
    return name === undefined ? undefined : { name, value: Number(value) };
}

/**
 * Asks the listeners of one event. Only while it is dispatched may one of them answer, and only one.
 *
 * @returns the answer, or undefined if nobody gives one
 */
export function ask<T>(dispatch: (respondWith: (answer: PromiseLike<T> | T) => void) => unknown): Promise<T> | undefined {
    let answer: Promise<T> | undefined;
    let open = true;
    dispatch(given => {
        if (!open) throw new DOMException("respondWith() is to be called while the event is dispatched", "InvalidStateError");
        if (answer !== undefined) throw new DOMException("respondWith() was called before", "InvalidStateError");
        answer = Promise.resolve(given);
    });
    open = false;
    return answer;
}

/** @returns a switch for the screen's wake lock, which browsers take away whenever the page is hidden */
export function wakeful(): (on: boolean) => void {
    let wanted = false;
    let lock: WakeLockSentinel | undefined;
    const settle = async (): Promise<void> => {
        if (!wanted || document.visibilityState !== "visible" || (lock !== undefined && !lock.released)) return;
        // Refused when the battery is low, or in a frame: then the screen may go dark, and nothing else happens.
        const got = await navigator.wakeLock?.request("screen").catch(() => undefined);
        if (wanted) lock = got;
        else void got?.release();
    };
    return on => {
        if (on === wanted) return;
        wanted = on;
        if (on) {
            document.addEventListener("visibilitychange", settle);
            void settle();
        } else {
            document.removeEventListener("visibilitychange", settle);
            void lock?.release();
            lock = undefined;
        }
    };
}

/** @param place - where the older way may put a field; it is needed in frames */
export async function writeClipboard(text: string, place: HTMLElement): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        const root = place.getRootNode() as ShadowRoot;
        const focused = root.activeElement as HTMLElement | null;
        const field = document.createElement("textarea");
        field.value = text;
        field.readOnly = true;
        place.append(field);
        field.select();
        try {
            return document.execCommand("copy");
        } catch {
            return false;
        } finally {
            field.remove();
            focused?.focus();
        }
    }
}

/** Gives a file to the person. */
export function save(file: Blob, name: string): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The report as one file: JSON, whose first member is the same for people. */
export function reportBlob(report: Report): Blob {
    return new Blob([`${JSON.stringify({ summary: summary(report), ...report }, undefined, 2)}\n`], { type: "application/json" });
}

function summary(report: Report): string[] {
    return [
        `matter-session report, begun ${report.begun}, saved ${report.saved}`,
        `browser: ${report.browser}`,
        ...(report.route === undefined ? [] : [`route: ${report.route}`]),
        ...(report.code === undefined ? [] : [`setup code: ${report.code.form}, ${report.code.length} characters (not recorded)`]),
        ...report.entries.map(entry => `${clock(entry.at)}  ${line(entry)}`),
        `messages: ${report.traffic.sent.messages} sent, ${report.traffic.received.messages} received`,
    ];
}

function clock(ms: number): string {
    const seconds = (ms % 60_000) / 1000;
    return `${Math.floor(ms / 60_000)}:${seconds.toFixed(1).padStart(4, "0")}`;
}

/** "step pase done, elapsedMs 812": what an entry is, and then all of it. */
function line({ at: _, what, ...rest }: ReportEntry): string {
    const value = (of: unknown): string => (typeof of === "object" && of !== null ? Object.values(of).join(" ") : String(of));
    return [what, ...Object.entries(rest).filter(([, of]) => of !== undefined && of !== "").map(([name, of]) => `${name} ${value(of)}`)].join(", ");
}
