/** What runs on this package's sessions: counted here, by whichever way the modules were replaced. */

/** Numbers since the program began. */
export interface Report {
    /** Modules of matter.js that were replaced and loaded, as `session/SecureSession.js`, sorted. */
    readonly modules: readonly string[];
    /** Messages of secure sessions that the core has sealed, those that were repeated counted again. */
    readonly encodes: number;
    /** Messages of secure sessions that the core has opened. */
    readonly decodes: number;
    /** Handshakes that have ended in a session. */
    readonly handshakes: { readonly pase: number; readonly case: number; readonly resumed: number };
}

interface State {
    modules: Set<string>;
    encodes: number;
    decodes: number;
    handshakes: { pase: number; case: number; resumed: number };
}

// A program may hold this module twice, as an ES module and in a CommonJS file.
const key: unique symbol = Symbol.for("matter-session.matterjs.report") as never;
const holder = globalThis as { [key]?: State };

/** @internal */
export const state: State = (holder[key] ??= { modules: new Set(), encodes: 0, decodes: 0, handshakes: { pase: 0, case: 0, resumed: 0 } });

/** Which modules of matter.js run on this package's code, and how much they have done there. */
export function report(): Report {
    const { modules, encodes, decodes, handshakes } = state;
    return { modules: [...modules].sort(), encodes, decodes, handshakes: { ...handshakes } };
}

/** @internal */
export function note(module: string): void {
    state.modules.add(module);
}
