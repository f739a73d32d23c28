/** The report: what happened, entry by entry. Only what is typed here can get in, so there is nothing to be scrubbed. */
import type { Route } from "../protocol.js";
import type { Report, ReportEntry } from "./types.js";
import type { Ways } from "./ways.js";

type Entry = ReportEntry extends infer E ? (E extends { at: number } ? Omit<E, "at"> : never) : never;

/** The oldest are dropped beyond this many. */
const maxEntries = 2_000;
const maxNames = 64;

export class Recorder {
    readonly #begun = Date.now();
    #entries: ReportEntry[] = [];
    #died = false;
    versions: Readonly<Record<string, string>> = {};
    route: Route | undefined;
    code: { form: string; length: number } | undefined;
    product: { vendorId: number; productId: number } | undefined;
    attestation: NonNullable<Report["attestation"]> | undefined;
    /** Names that only a person can allow into the report. */
    readonly #names = { networks: new Set<string>(), addresses: new Set<string>(), devices: new Set<string>(), messages: new Set<string>() };

    add(entry: Entry): void {
        if (entry.what === "died") this.#died = true;
        this.#entries.push({ at: Date.now() - this.#begun, ...entry } as ReportEntry);
        if (this.#entries.length > maxEntries) this.#entries.shift();
    }

    name(kind: "networks" | "addresses" | "devices" | "messages", text: string | undefined): void {
        const names = this.#names[kind];
        if (text === undefined || text === "") return;
        names.delete(text);
        names.add(text.slice(0, 400));
        const [oldest] = names;
        if (names.size > maxNames && oldest !== undefined) names.delete(oldest);
    }

    report(ways: Ways, memory: number, withNames: boolean): Report {
        const { sent, received } = ways.traffic;
        return {
            format: "matter-session report",
            version: 1,
            begun: new Date(this.#begun).toISOString(),
            saved: new Date().toISOString(),
            versions: this.versions,
            browser: (globalThis.navigator as Partial<Navigator> | undefined)?.userAgent ?? "",
            core: { memory, died: this.#died },
            ...(this.route === undefined ? {} : { route: this.route }),
            ...(this.code === undefined ? {} : { code: this.code }),
            ...this.product,
            ...(this.attestation === undefined ? {} : { attestation: this.attestation }),
            entries: [...this.#entries],
            traffic: { sent: { ...sent }, received: { ...received }, dropped: ways.agent?.dropped ?? 0 },
            ...(withNames ? { names: Object.fromEntries(Object.entries(this.#names).map(([kind, names]) => [kind, [...names]])) as unknown as NonNullable<Report["names"]> } : {}),
        };
    }
}
