/**
 * What the two elements offer to a host page, as data: custom-elements.json and the tables of docs/element.md are made of it,
 * the types below and in events.ts are checked against it, and a test holds the real elements to it. No script of the
 * elements loads it.
 */

export interface AttributeRow { readonly name: string; readonly property?: string; readonly type: string; readonly default?: string; readonly text: string; readonly reflects?: true }
export interface Row { readonly name: string; readonly type?: string; readonly text: string }

/** Read by the element. `property` is the one of the same meaning, where its name differs. */
export const attributes = [
    { name: "agent", type: "string", default: "the page's own origin if an agent serves it, else none", text: "WebSocket URL of the local agent, which carries datagrams to the home network. Empty: none. An agent says in each page's header `Server-Timing: matter-agent` that it is one; with `manage` the origin is also asked." },
    { name: "transports", type: "string", default: "all that exist", text: "Ways to reach a device, separated by blanks, the preferred one first: `bluetooth`, `agent`, `host` (the property `transport`)." },
    { name: "assets", type: "string", default: "beside the script", text: "Base URL of the files in `matter-session/assets`: the programs, the style sheet, the lists of authorities. The worker among them must be of the page's origin." },
    { name: "fabric-label", property: "fabricLabel", type: "string", default: "none", text: "The home's name, at most 32 characters: shown, and written to each device." },
    { name: "attestation", type: "certified | ask", default: "`ask`", text: "What happens to a device that is not known to be certified: refused, or the person is asked. A device whose proof is invalid is always refused." },
    { name: "allow-test-devices", property: "allowTestDevices", type: "boolean", default: "absent: test roots are not even loaded", text: "Devices in development can be accepted, after asking." },
    { name: "theme", type: "auto | light | dark", default: "`auto`: as the page", text: "Colours." },
    { name: "lang", type: "string", default: "of the nearest ancestor that has one, then the browser's", text: "Language of all texts; English where there is none of it. Taken at the start." },
    { name: "manage", type: "boolean", default: "absent", text: "Starts with the list of this home's devices, and back-up, import and removal of its keys. The inline element then starts by itself when it is connected." },
] as const;

/** Set by the element, for the host's style sheet. Properties of the same names, read-only. */
export const reflected = [
    { name: "state", type: "ScreenId", text: "The screen that is shown.", reflects: true },
    { name: "supported", type: "boolean", text: "There is a way to reach a device from here.", reflects: true },
    { name: "unsupported", type: "missing | disabled | insecure | frame", text: "Why Bluetooth cannot be used: no such interface in this browser, switched off in it, the page came without https, or the embedding page does not allow it. Absent where it can be used.", reflects: true },
] as const;

/** Secrets and objects: never attributes. */
export const properties = [
    { name: "code", type: "string | undefined", text: "A setup code that is known already. Read once, at the start, and forgotten." },
    { name: "agentToken", type: "string | undefined", text: "The token that the agent printed." },
    { name: "storage", type: "CredentialStore | undefined", text: "Where the home's credentials are kept; default: IndexedDB of this origin." },
    { name: "authority", type: "FabricAuthority | undefined", text: "The page's own certificate authority; default: one in this browser, its keys not extractable." },
    { name: "networks", type: "NetworkCredentials | undefined", text: "Networks that the page knows: listed by label, a secret is fetched for one use." },
    { name: "transport", type: "HostTransport | undefined", text: "The page's own way to devices." },
    { name: "trust", type: "TrustOptions | undefined", text: "Lists of attestation authorities and of signers of certification declarations instead of those that are shipped." },
    { name: "messages", type: "Readonly<Record<string, string>> | undefined", text: "Texts by id, instead of or in addition to those of the language." },
] as const;

export const methods = [
    { name: "start", type: "() => Promise<void>", text: "Loads what is needed and shows the first screen; the button's dialog opens. Resolves when it is shown, and does not reject: what fails is shown and told by `matter-error`." },
    { name: "cancel", type: "() => Promise<{ rolledBack: boolean }>", text: "Stops. `rolledBack`: the device is as it was before; otherwise it undoes everything by itself within minutes." },
    { name: "retry", type: "() => void", text: "After a failure: the same as its primary button." },
    { name: "share", type: "(nodeId: bigint, seconds?: number) => Promise<{ qr: string; manual: string; expiresAt: number }>", text: "Opens a commissioning window of a device of this home for another app: 180 to 900 seconds, default 300. `expiresAt` is in Unix milliseconds." },
    { name: "report", type: "() => Promise<Blob>", text: "What happened, as JSON with a readable summary. It has no secret, no SSID and no address." },
] as const;

export const statics = [
    { name: "support", type: "() => Promise<Support>", text: "What this browser and page can do: `{ bluetooth: \"ready\" | \"off\" | \"missing\" | \"disabled\" | \"insecure\" | \"frame\", camera: boolean }`." },
] as const;

/** All bubble and are composed. */
export const events = [
    { name: "matter-state", type: "StateDetail", text: "Another screen is shown: `{ state, previous }`." },
    { name: "matter-step", type: "StepDetail", text: "A step of the protocol began, takes long, or ended: `{ step, stage, status, elapsedMs, expectedMs }`." },
    { name: "matter-attestation", type: "AttestationDetail", text: "Cancelable. What is known about the device's maker: `{ verdict, findings, vendorId, productId, certificateId?, respondWith(p) }`. `respondWith(promise)` of `\"accept\"` or `\"refuse\"` decides instead of the person; a rejection refuses. A certified device goes on meanwhile: a refusal has what was done undone, unless all is done already." },
    { name: "matter-network", type: "NetworkDetail", text: "Cancelable. The device needs a network: `{ kind, scanned, problem?, respondWith(p) }`. `respondWith(promise)` of `WifiCredentials` or a `ThreadDataset` answers instead of the person; after a rejection the person is asked." },
    { name: "matter-error", type: "ErrorDetail", text: "Something failed: `{ code, step, retry, status?, waitMs?, message }`." },
    { name: "matter-commissioned", type: "CommissionedDetail", text: "The device is in the home: `{ nodeId, fabricId, compressedFabricId, fabricIndex, vendorId, productId, name?, serialNumber?, address }`. 64-bit IDs are `bigint`." },
    { name: "matter-share", type: "ShareDetail", text: "A commissioning window: `{ nodeId, expiresAt, status }`, status `\"open\"`, `\"joined\"` or `\"closed\"`." },
    { name: "matter-close", type: "CloseDetail", text: "The wizard has ended: `{ outcome }`, `\"commissioned\"`, `\"cancelled\"` or `\"failed\"`." },
] as const;

export const slots = [
    { name: "activate", text: "The button that starts, instead of ours. A `<button>`, so that the keyboard reaches it." },
    { name: "unsupported", text: "Instead of our sentence where the browser has no Bluetooth, or has it switched off." },
    { name: "not-allowed", text: "Instead of our sentence where the page came without https, or its frame does not allow Bluetooth." },
    { name: "intro", text: "Above the code field." },
    { name: "network-help", text: "Below the choice of a network." },
    { name: "done", text: "Below the result." },
    { name: "footer", text: "Below every screen." },
] as const;

export const parts = [
    { name: "button", text: "The button that starts." },
    { name: "dialog", text: "The dialog of `<matter-commission-button>`." },
    { name: "header", text: "Heading and stages." },
    { name: "stages", text: "The list of the five stages." },
    { name: "stage", text: "One of them." },
    { name: "panel", text: "All that a screen shows." },
    { name: "heading", text: "The screen's heading." },
    { name: "field", text: "A label with its input." },
    { name: "input", text: "An input." },
    { name: "list", text: "A list to choose from." },
    { name: "option", text: "One line of it." },
    { name: "primary", text: "The button that goes on." },
    { name: "secondary", text: "Every other button." },
    { name: "video", text: "The camera's picture." },
    { name: "alert", text: "What went wrong." },
] as const;

export const customProperties = [
    { name: "--matter-accent", text: "Buttons, links, progress." },
    { name: "--matter-on-accent", text: "Text on them." },
    { name: "--matter-surface", text: "Background." },
    { name: "--matter-on-surface", text: "Text." },
    { name: "--matter-muted", text: "Secondary text." },
    { name: "--matter-border", text: "Lines." },
    { name: "--matter-danger", text: "Failures." },
    { name: "--matter-warning", text: "Warnings." },
    { name: "--matter-success", text: "What is done." },
    { name: "--matter-focus", text: "The focus ring." },
    { name: "--matter-radius", text: "Corners." },
    { name: "--matter-font", text: "Typeface." },
    { name: "--matter-font-mono", text: "Typeface of codes and identifiers." },
    { name: "--matter-max-width", text: "Greatest width." },
] as const;

export const elements = [
    { name: "matter-commission", class: "MatterCommissionElement", text: "The wizard in the page." },
    { name: "matter-commission-button", class: "MatterCommissionButtonElement", text: "A button, and the wizard in a modal dialog." },
] as const;

export type AttributeName = (typeof attributes)[number]["name"];
export type EventName = (typeof events)[number]["name"];
export type SlotName = (typeof slots)[number]["name"];
export type PartName = (typeof parts)[number]["name"];

/** The manifest of https://github.com/webcomponents/custom-elements-manifest, as an object. */
export function customElementsManifest(version: string): object {
    const type = (text: string): object => ({ type: { text } });
    const attribute = (row: AttributeRow): object => ({ name: row.name, fieldName: row.property ?? row.name, description: row.text, ...type(row.type.replaceAll(/[a-z]+(?= \||$)/g, word => (/^(string|boolean)$/.test(word) ? word : `"${word}"`))), ...(row.default === undefined ? {} : { default: row.default }) });
    const shared = {
        attributes: [...attributes, ...reflected].map(attribute),
        members: [
            ...[...attributes, ...reflected].map((row: AttributeRow) => ({ kind: "field", name: row.property ?? row.name, attribute: row.name, description: row.text, ...type(row.type), ...(row.reflects ? { readonly: true, reflects: true } : {}) })),
            ...properties.map(row => ({ kind: "field", name: row.name, description: row.text, ...type(row.type) })),
            ...methods.map(row => ({ kind: "method", name: row.name, description: row.text, ...type(row.type) })),
            ...statics.map(row => ({ kind: "method", name: row.name, static: true, description: row.text, ...type(row.type) })),
        ],
        events: events.map(row => ({ name: row.name, description: row.text, ...type(`CustomEvent<${row.type}>`) })),
        slots: slots.map(row => ({ name: row.name, description: row.text })),
        cssParts: parts.map(row => ({ name: row.name, description: row.text })),
        cssProperties: customProperties.map(row => ({ name: row.name, description: row.text })),
    };
    return {
        schemaVersion: "1.0.0",
        readme: "docs/element.md",
        modules: [{
            kind: "javascript-module",
            path: "dist/element/index.js",
            declarations: elements.map((element, index) => ({ kind: "class", customElement: true, name: element.class, tagName: element.name, description: element.text, ...(index === 0 ? { superclass: { name: "HTMLElement" } } : { superclass: { name: elements[0].class, module: "dist/element/index.js" } }), ...shared })),
            exports: [
                ...elements.map(element => ({ kind: "js", name: element.class, declaration: { name: element.class } })),
                ...elements.map(element => ({ kind: "custom-element-definition", name: element.name, declaration: { name: element.class } })),
            ],
        }],
        package: { name: "matter-session", version },
    };
}

/** The tables of docs/element.md by name, in Markdown. */
export function tables(): Record<"attributes" | "reflected" | "properties" | "methods" | "events" | "slots" | "parts" | "custom-properties", string> {
    const cell = (text: string): string => text.replaceAll("|", "\\|");
    const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [head, head.map(() => "---"), ...rows.map(row => row.map(cell))].map(row => `| ${row.join(" | ")} |`).join("\n");
    const code = (text: string): string => `\`${text}\``;
    return {
        attributes: table(["attribute (property)", "type", "default", "meaning"], attributes.map((row: AttributeRow) => [code(row.name) + (row.property === undefined ? "" : ` (${code(row.property)})`), code(row.type), row.default ?? "", row.text])),
        reflected: table(["attribute", "type", "meaning"], reflected.map(row => [code(row.name), code(row.type), row.text])),
        properties: table(["property", "type", "meaning"], properties.map(row => [code(row.name), code(row.type), row.text])),
        methods: table(["method", "type", "meaning"], [...methods.map(row => [code(row.name), code(row.type), row.text]), ...statics.map(row => [`static ${code(row.name)}`, code(row.type), row.text])]),
        events: table(["event", "detail", "when and what"], events.map(row => [code(row.name), code(row.type), row.text])),
        slots: table(["slot", "content"], slots.map(row => [code(row.name), row.text])),
        parts: table(["part", "what"], parts.map(row => [code(row.name), row.text])),
        "custom-properties": table(["property", "what"], customProperties.map(row => [code(row.name), row.text])),
    };
}
