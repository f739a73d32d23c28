/** What all elements of a page share: the program, the style sheet, the texts. A failure is not kept. */
import { assetUrl } from "./assets.js";
import { expected, messages } from "./made.js";
import { loadProgram, type PageProgram } from "./program.js";

export type Texts = Readonly<Record<string, string>>;
type Progress = (done: number, total: number) => void;

const programs = new Map<string, { program: Promise<PageProgram>; done: number; listeners: Set<Progress> }>();
const sheets = new Map<string, Promise<CSSStyleSheet>>();

export function programFrom(base: string, progress: Progress): Promise<PageProgram> {
    const url = assetUrl("matter-page.wasm", base);
    const { size } = expected["matter-page.wasm"];
    let entry = programs.get(url.href);
    if (entry === undefined) {
        const listeners = new Set<Progress>();
        const made = entry = { done: 0, listeners, program: loadProgram(url, expected["matter-page.wasm"], (done, total) => {
            made.done = done;
            for (const listener of listeners) listener(done, total);
        }) };
        entry.program.catch(() => programs.get(url.href) === made && programs.delete(url.href));
        programs.set(url.href, entry);
    }
    const { listeners, program } = entry;
    progress(entry.done, size);
    listeners.add(progress);
    return program.finally(() => listeners.delete(progress));
}

/** The next one who wants the program loads it anew; who has it keeps it. */
export function forgetProgram(base: string): void {
    programs.delete(assetUrl("matter-page.wasm", base).href);
}

export function sheetFrom(base: string): Promise<CSSStyleSheet> {
    const url = assetUrl("style.css", base);
    const made = sheets.get(url.href) ?? fetch(url).then(async response => {
        if (!response.ok) throw new Error(`${url.pathname}: the server answered ${response.status}`);
        return new CSSStyleSheet().replace(await response.text());
    });
    made.catch(() => sheets.delete(url.href));
    sheets.set(url.href, made);
    return made;
}

/** The texts of a language, over those of English. */
export async function textsOf(language: string): Promise<Texts> {
    const load = async (tag: string): Promise<Texts> => (await messages[tag]?.())?.messages ?? {};
    const short = language.toLowerCase().split("-")[0] as string;
    const [own, english] = await Promise.all([short === "en" ? {} : load(short), load("en")]);
    return { ...english, ...own };
}
