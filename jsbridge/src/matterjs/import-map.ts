/** The replacement in pages without a bundler: an import map, whose keys may be addresses of modules too. */
import { borrowed, replaced, scheme } from "./modules.js";

/**
 * The entries that put matter.js on this package's sessions; the page's own come beside them.
 *
 * @param matterJs - where the page finds the directory of `@project-chip/matter.js`, as "/node_modules/@project-chip/matter.js"
 * @param matterSession - where it finds that of `matter-session`
 */
export function importMap(matterJs: string, matterSession: string): { imports: Record<string, string> } {
    const theirs = `${matterJs.replace(/\/$/, "")}/dist/esm/`, ours = `${matterSession.replace(/\/$/, "")}/dist/matterjs/`;
    return {
        imports: Object.fromEntries([
            ...Object.keys(replaced).map(path => [theirs + path, `${ours}stand-in/${path}`]),
            ...borrowed.map(path => [scheme + path, theirs + path]),
        ]),
    };
}
