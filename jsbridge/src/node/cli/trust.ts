import type { Command } from "commander";
import type { Json } from "../../json.js";
import { hexOf } from "../../hex.js";
import { DirectoryStore } from "../storage.js";
import { authoritiesOf, fetchLedger, ledgerUrl, TrustStore, type Authority } from "../trust-list.js";
import { UsageError } from "./exit.js";
import { fileOctets, progress, result, type GlobalOptions } from "./io.js";

/** `matter-session trust`: by whose word devices are taken for genuine. */
export function addTrust(program: Command, global: () => GlobalOptions, signal: AbortSignal): void {
    const trust = program.command("trust").description("the authorities (PAA) that vouch for devices");
    const store = (): TrustStore => new TrustStore(new DirectoryStore(global().directory));
    trust.command("show").description("list the authorities in force").option("--test", "those for tests instead").action(async (options: { test?: boolean }) => {
        const { list, source } = options.test === true ? { ...(await store().test()), source: "shipped" } : await store().production();
        const collected = new Date((list.collected + 946_684_800) * 1000).toISOString().slice(0, 10);
        const rows = list.authorities.map(describe);
        result(global(), { source, collected, authorities: rows }, [
            ...list.authorities.map(authority => `${vendor(authority).padEnd(8)}${hexOf(authority.subjectKeyId)}  ${name(authority)}`),
            `${rows.length} authorities, ${source === "ledger" ? "from the ledger" : "shipped with this package"}, as of ${collected}`,
        ].join("\n"));
    });
    trust.command("import").argument("<FILE...>", "certificates, PEM or DER").option("--test", "for development devices: used only with --allow-test-devices").description("trust further authorities")
        .action(async (files: string[], options: { test?: boolean }) => {
            const authorities: Authority[] = [];
            for (const file of files) {
                try {
                    authorities.push(...authoritiesOf(await fileOctets("certificate", file), options.test === true ? { test: true } : {}));
                } catch (error) {
                    throw error instanceof UsageError ? error : Object.assign(error as Error, { message: `${file}: ${(error as Error).message}` });
                }
            }
            const added = await store().add(options.test === true ? "test" : "imported", authorities);
            result(global(), { read: authorities.length, added, authorities: authorities.map(describe) }, `${added} added, ${authorities.length - added} known already`);
        });
    trust.command("update").description("fetch the authorities from the public ledger, in place of the shipped list").option("--url <URL>", "the ledger's REST address", ledgerUrl)
        .action(async (options: { url: string }) => {
            if (!URL.canParse(options.url)) throw new UsageError(`--url: "${options.url}" is not an URL`);
            progress(global(), `Asking ${new URL(options.url).origin}…`);
            const before = (await store().production()).list;
            const authorities = await fetchLedger(options.url.replace(/\/+$/, ""), signal);
            await store().replaceLedger(authorities);
            const after = (await store().production()).list;
            const ids = (list: { authorities: readonly Authority[] }): Set<string> => new Set(list.authorities.map(authority => hexOf(authority.sha256)));
            const [old, fresh] = [ids(before), ids(after)];
            const added = [...fresh].filter(id => !old.has(id)).length, removed = [...old].filter(id => !fresh.has(id)).length;
            result(global(), { authorities: authorities.length, added, removed }, `${authorities.length} authorities on the ledger: ${added} new here, ${removed} gone`);
        });
}

function describe(authority: Authority): { [key: string]: Json } {
    return {
        name: name(authority),
        vendorId: authority.vendorId ?? null,
        subjectKeyId: hexOf(authority.subjectKeyId),
        sha256: hexOf(authority.sha256),
        ...(authority.test === true ? { test: true } : {}),
    };
}

function vendor(authority: Authority): string {
    return authority.vendorId === undefined ? "any" : authority.vendorId.toString(16).toUpperCase().padStart(4, "0");
}

/** The common name (2.5.4.3) in a DER name, as far as a list needs it: the text after its object identifier. */
function name(authority: Authority): string {
    const { subject } = authority;
    for (let at = 0; at + 5 < subject.length; at++) {
        if (subject[at] === 0x06 && subject[at + 1] === 3 && subject[at + 2] === 0x55 && subject[at + 3] === 0x04 && subject[at + 4] === 0x03) {
            return new TextDecoder().decode(subject.subarray(at + 7, at + 7 + (subject[at + 6] ?? 0)));
        }
    }
    return "";
}
