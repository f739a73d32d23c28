/** For browsers without Bluetooth, and loaded by those alone: why, and whether there is an agent instead. */
import { agentOf } from "./agent.js";
import type { Unsupported } from "./events.js";
import { whyTexts } from "./whytexts.js";

const kinds = {
    missing: { id: "bluetooth-missing", slot: "unsupported" },
    disabled: { id: "bluetooth-disabled", slot: "unsupported" },
    insecure: { id: "insecure-context", slot: "not-allowed" },
    frame: { id: "blocked-by-frame", slot: "not-allowed" },
} as const;

/** @returns what is to be shown instead of the button, and whether an agent can be used all the same */
export async function reasonsOf(cause: Unsupported, language: string, given: string | null, ask: boolean, own: Readonly<Record<string, string>>): Promise<{ agent: boolean; draw(): HTMLElement }> {
    // Without https a page has no keys either.
    const [texts, agent] = await Promise.all([(whyTexts[language] ?? whyTexts["en"])?.(), cause === "insecure" ? "" : agentOf(given, ask)]);
    const { id, slot } = kinds[cause];
    const all = { ...texts?.text, ...own };
    const say = (part: string): string => all[`error.${id}${part}`] ?? "";
    return {
        agent: agent !== "",
        draw() {
            const paragraph = document.createElement("p");
            paragraph.append(`${say("")} ${say(".cause")} `);
            if (cause === "frame") {
                const link = document.createElement("a");
                Object.assign(link, { href: location.href, target: "_blank", rel: "noopener", textContent: say(".action") });
                paragraph.append(link);
            } else {
                paragraph.append(say(".action"));
            }
            const element = document.createElement("slot");
            element.name = slot;
            element.append(paragraph);
            return element;
        },
    };
}
