/**
 * `matter-session/element`: defines `<matter-commission>` and `<matter-commission-button>`.
 *
 * This is the shell, all that a page loads before anybody wants to add a device: it draws the button, the reasons why there
 * is none, and the bar while the rest is loaded. The rest is session.ts, the page's program and the worker.
 */
import type { CredentialStore, FabricAuthority, HostTransport, NetworkCredentials } from "../commission/types.js";
import type { TrustOptions } from "../trust.js";
import type { CloseDetail, MatterCommissionEventMap, ScreenId, Support, Unsupported } from "./events.js";
import type { AttributeName, EventName } from "./manifest.js";
import type { Session, Shell } from "./session.js";
import { shellText, shellTexts } from "./shelltexts.js";
import { support, unusable } from "./support.js";

export type * from "./events.js";
export type * from "../commission/types.js";
export type { TrustOptions } from "../trust.js";

/** Where there is no DOM, as on a server that renders pages, the module loads and defines nothing. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

const texts = ["agent", "transports", "assets", "fabric-label", "attestation", "theme"] as const satisfies readonly AttributeName[];
const flags = ["allow-test-devices", "manage"] as const satisfies readonly AttributeName[];
const objects = ["code", "agentToken", "storage", "authority", "networks", "transport", "trust", "messages"] as const;
const propertyOf = (attribute: string): string => attribute.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The same colours as in web/view/style.css. Pixels, not rem: the page's root may have any size. #outer takes nothing from the page but what is set here. A transparent border is seen where colours are forced. */
const css = `
:host{display:block;color-scheme:inherit}
:host(matter-commission-button){display:inline-block}
:host([hidden]){display:none}
#outer{all:initial;display:block;direction:inherit;font:16px/1.5 var(--matter-font,system-ui,sans-serif);color:var(--matter-on-surface,light-dark(#1a1e24,#e9ebee))}
#outer{--a:var(--matter-accent,light-dark(#0a58a6,#86bdff));--s:var(--matter-surface,light-dark(#fff,#16191e))}
:host(:is([theme=light],[theme=dark])) #outer{background:var(--s)}
[part=button],#busy button{font:inherit;min-height:44px;padding:8px 20px;margin-block:4px;margin-inline-end:8px;border:1px solid transparent;border-radius:var(--matter-radius,12px);background:var(--a);color:var(--matter-on-accent,light-dark(#fff,#04203d));cursor:pointer}
#busy [part=secondary]{background:none;color:inherit;border-color:currentColor}
:focus-visible{outline:3px solid var(--matter-focus,var(--a));outline-offset:2px}
#dialog{width:min(100%,var(--matter-max-width,42em));padding:0;box-sizing:border-box;border:1px solid var(--matter-border,light-dark(#d9dde2,#373d46));border-radius:var(--matter-radius,12px);background:var(--s);color:inherit}
#dialog::backdrop{background:#0008}
#busy:not(:empty){max-width:var(--matter-max-width,42em);padding:24px}
#busy [role=alert]:not(:empty){padding-inline-start:12px;border-inline-start:4px solid var(--matter-danger,light-dark(#b0231b,#ffa198))}
#busy progress{width:100%;accent-color:var(--a)}
#outer>*>p,slot>p,#busy p{margin:8px 0}`;
let sheet: CSSStyleSheet | undefined;

function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Readonly<Record<string, string>> = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name] as string);
    element.append(...children);
    return element;
}

/** `<matter-commission>`: the wizard in the page. */
export class MatterCommissionElement extends Base {
    static readonly observedAttributes: readonly AttributeName[] = [...texts, ...flags, "lang"];
    /** What this browser and page can do. */
    static readonly support: () => Promise<Support> = support;

    declare agent: string | null;
    declare transports: string | null;
    declare assets: string | null;
    declare fabricLabel: string | null;
    declare attestation: "certified" | "ask" | null;
    declare theme: "auto" | "light" | "dark" | null;
    declare allowTestDevices: boolean;
    declare manage: boolean;
    declare code: string | undefined;
    declare agentToken: string | undefined;
    declare storage: CredentialStore | undefined;
    declare authority: FabricAuthority | undefined;
    declare networks: NetworkCredentials | undefined;
    declare transport: HostTransport | undefined;
    declare trust: TrustOptions | undefined;
    declare messages: Readonly<Record<string, string>> | undefined;

    #state: ScreenId = "idle";
    #cause: Unsupported | undefined;
    #reasons: { agent: boolean; draw(): HTMLElement } | undefined;
    #text = shellText;
    #session: Promise<Session> | undefined;
    /** What is possible here is known. */
    #settled: Promise<void> | undefined;
    #failure = "";
    #drawn = "";
    #frame!: HTMLElement;
    /** The button or why there is none, the bar, and where the program draws. */
    #own!: HTMLElement;
    #busy!: HTMLElement;
    #place!: HTMLElement;
    #dialog: HTMLDialogElement | undefined;

    get state(): ScreenId {
        return this.#state;
    }
    get supported(): boolean {
        return this.hasAttribute("supported");
    }
    get unsupported(): Unsupported | undefined {
        return this.#cause;
    }

    connectedCallback(): void {
        // A page may have set these before this script defined them.
        for (const name of [...texts, ...flags].map(propertyOf) as ("agent" | "transports")[]) {
            if (Object.hasOwn(this, name)) {
                const value = this[name];
                delete (this as Partial<this>)[name];
                this[name] = value;
            }
        }
        if (this.#frame === undefined) this.#build();
        if (this.#resting) this.#settled = this.#settle(true); // otherwise only moved
    }

    disconnectedCallback(): void {
        // Whoever moves an element in the tree takes it out and puts it in again, in one task.
        queueMicrotask(() => {
            if (this.isConnected || this.#session === undefined) return;
            const session = this.#session;
            this.#session = undefined;
            void session.then(session => session.close(), () => undefined);
            this.#failure = "";
            this.#dialog?.close();
            this.#show("idle");
        });
    }

    attributeChangedCallback(name: string): void {
        if (this.#frame === undefined) return;
        if (name === "theme") this.#paint();
        if (this.#resting) this.#settled = this.#settle(name === "manage");
        else void this.#session?.then(session => session.changed(), () => undefined);
    }

    async start(): Promise<void> {
        await this.#settled;
        const possible = this.#resting ? this.supported || this.#home : this.#failure !== "";
        if (!this.isConnected || !possible) return;
        this.#failure = "";
        this.#waiting();
        this.#show("loading");
        if (this.#dialog?.open === false) this.#dialog.showModal();
        try {
            await (await this.#use()).start();
        } catch (error) {
            this.#broken("load-failed", String((error as Error)?.message ?? error));
        }
    }

    async cancel(): Promise<{ rolledBack: boolean }> {
        return (await this.#session)?.cancel() ?? { rolledBack: true };
    }

    retry(): void {
        if (this.#failure !== "") void this.start();
        else void this.#session?.then(session => session.retry());
    }

    async share(nodeId: bigint, seconds = 300): Promise<{ qr: string; manual: string; expiresAt: number }> {
        return (await this.#use()).share(nodeId, seconds);
    }

    async report(): Promise<Blob> {
        return (await this.#use()).report(false);
    }

    /** The one who runs the wizard, loaded when first needed. After a failure the next call tries again. */
    #use(): Promise<Session> {
        return this.#session ??= import("./session.js").then(
            ({ Session }) => new Session(this.#shell()),
            (error: unknown) => {
                this.#session = undefined;
                throw error;
            },
        );
    }

    #shell(): Shell {
        return {
            element: this,
            place: this.#place,
            language: () => this.#language(),
            fire: (name, detail, cancelable) => this.#fire(name, detail, cancelable),
            progress: (done, total) => this.#progress(done, total),
            screen: state => this.#show(state),
            broken: (id, cause, text) => this.#broken(id, cause, text),
            ended: (outcome, focused) => this.#ended(outcome, focused),
        };
    }

    #build(): void {
        if (sheet === undefined) (sheet = new CSSStyleSheet()).replaceSync(css);
        const root = this.attachShadow({ mode: "open" });
        root.adoptedStyleSheets = [sheet];
        this.#own = make("div");
        this.#busy = make("div", { id: "busy" });
        this.#place = make("div");
        this.#frame = make("div", { id: "outer" }, this.#own);
        if (this instanceof MatterCommissionButtonElement) {
            this.#dialog = make("dialog", { id: "dialog", part: "dialog", closedby: "none" }, this.#busy, this.#place);
            // Before the browser closes it: what runs on the device is to be undone first, or the person asked.
            const leave = (event: Event): void => {
                event.preventDefault();
                this.#leave();
            };
            this.#dialog.addEventListener("cancel", leave);
            this.#dialog.addEventListener("keydown", event => {
                if (event.key === "Escape" && (event.target as Element).closest("dialog") === this.#dialog) leave(event);
            });
            this.#frame.append(this.#dialog);
        } else {
            this.#frame.append(this.#busy, this.#place);
        }
        // Who points at the button will probably press it.
        const hint = (): void => void (this.#state === "idle" && this.#use().then(session => session.prepare()).catch(() => undefined));
        this.#own.addEventListener("pointerover", hint);
        this.#own.addEventListener("focusin", hint);
        root.append(this.#frame);
    }

    /**
     * Finds out what is possible here, and draws the button or the reasons why there is none.
     *
     * @param fresh - with `manage`, the inline element starts by itself now
     */
    async #settle(fresh: boolean): Promise<void> {
        const language = this.#language().split("-")[0] as string;
        const wanted = this.transports?.trim().split(/\s+/) ?? [];
        const wants = (way: string): boolean => wanted.length === 0 || wanted.includes(way);
        const cause = unusable();
        const [own, reasons] = await Promise.all([
            shellTexts[language]?.(),
            cause && import("./reasons.js").then(({ reasonsOf }) => reasonsOf(cause, language, wants("agent") ? this.agent : "", this.manage, this.messages ?? {})),
        ]).catch(() => []);
        if (!this.isConnected || !this.#resting) return;
        this.#text = { ...shellText, ...own?.text, ...this.messages };
        this.#cause = cause;
        this.#reasons = reasons;
        if (cause === undefined) this.removeAttribute("unsupported");
        else this.setAttribute("unsupported", cause);
        const host = wants("host") && this.transport !== undefined;
        this.toggleAttribute("supported", cause === undefined || host || reasons?.agent);
        this.#show(cause !== undefined && !host && wants("bluetooth") && !this.#home ? "unsupported" : "idle");
        if (fresh && this.#home) void this.start();
    }

    /** There is a home to be shown, even where nothing can reach a device: keys to be backed up, devices to be looked up. */
    get #home(): boolean {
        return this.manage && this.#dialog === undefined && this.#cause !== "insecure";
    }

    get #resting(): boolean {
        return this.#state === "idle" || this.#state === "unsupported";
    }

    #show(state: ScreenId): void {
        const previous = this.#state;
        this.#state = state;
        this.setAttribute("state", state);
        if (state !== "loading") this.#busy.replaceChildren();
        // What is the same stays, and so does the focus on it. Behind the dialog the button stays too.
        const drawn = this.#resting ? [state, this.supported, this.#cause, this.#say("idle.activate")].join() : this.#dialog ? this.#drawn : "";
        if (drawn !== this.#drawn) {
            this.#drawn = drawn;
            this.#dialog?.setAttribute("aria-label", this.#say("idle.activate"));
            this.#own.replaceChildren(...state === "idle" ? [this.#button(true, "idle.activate")] : state === "unsupported" ? [this.#reasons?.draw() ?? "", ...this.supported ? [this.#button(false, "unsupported.agent")] : []] : []);
        }
        this.#paint();
        if (state !== previous) this.#fire("matter-state", { state, previous });
    }

    #button(slotted: boolean, text: string): HTMLElement {
        const button = make("button", { part: "button", type: "button" }, this.#say(text));
        const place = slotted ? make("slot", { name: "activate" }, button) : button;
        place.addEventListener("click", () => void this.start());
        return place;
    }

    #say(id: string, params: Readonly<Record<string, string>> = {}): string {
        return (this.#text[id] ?? "").replace(/\{(\w+)\}/g, (all, name: string) => params[name] ?? all);
    }

    /** Draws how far loading is: octets as decoded, so the bar ends where it should. */
    #progress(done: number, total: number): void {
        const [bar, text, status] = this.#busy.children as unknown as [HTMLProgressElement, HTMLElement, HTMLElement];
        if (this.#state !== "loading" || status === undefined) return;
        const mega = new Intl.NumberFormat(this.#language(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
        bar.max = total;
        bar.value = done;
        const all = done >= total;
        text.textContent = all ? "" : this.#say("loading.progress", { done: mega.format(done / 1e6), total: mega.format(total / 1e6) });
        status.textContent = all ? this.#say("loading.starting") : "";
    }

    #waiting(): void {
        const close = make("button", { part: "secondary", type: "button" }, this.#say("action.close"));
        close.addEventListener("click", () => this.#leave());
        this.#busy.replaceChildren(make("progress", { "aria-label": this.#say("loading.starting") }), make("p"), make("p", { role: "status" }), make("p", { role: "alert", part: "alert" }), close);
    }

    /** @param sentence - what is wrong, where the texts are there that say it */
    #broken(id: string, cause: string, sentence?: string): void {
        const message = sentence ?? `${this.#say("error.load-failed", { cause })} ${this.#say("error.load-failed.action")}`;
        this.#failure = id;
        if (this.#state !== "loading") this.#waiting();
        this.#show("loading");
        const [bar, text, status, alert, close] = this.#busy.children as unknown as HTMLElement[];
        for (const node of [bar, text, status]) if (node !== undefined) node.hidden = true;
        if (alert !== undefined) alert.textContent = message;
        const again = make("button", { part: "primary", type: "button" }, this.#say("action.retry"));
        again.addEventListener("click", () => this.retry());
        close?.before(again);
        this.#fire("matter-error", { code: id, step: undefined, retry: "same", message });
    }

    /** Escape, Close: at once where nothing runs, otherwise as the wizard decides. */
    #leave(): void {
        const loading = this.#state === "loading";
        void this.#session?.then(session => (loading ? session.abandon() : session.leave()), () => undefined);
        if (loading) this.#ended(this.#failure === "" ? "cancelled" : "failed", true);
    }

    #ended(outcome: CloseDetail["outcome"], focused: boolean): void {
        this.#failure = "";
        this.#dialog?.close();
        this.#show("idle");
        this.#settled = this.#settle(false);
        if (focused) (this.querySelector<HTMLElement>("[slot=activate]") ?? this.#own.querySelector("button"))?.focus();
        this.#fire("matter-close", { outcome });
    }

    #fire<K extends EventName>(name: K, detail: MatterCommissionEventMap[K]["detail"], cancelable = false): boolean {
        return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable, detail }));
    }

    /** Light or dark as the page is: by what it says, else by the colour of its text. */
    #paint(): void {
        const { color, colorScheme } = getComputedStyle(this);
        const [red = 0, green = 0, blue = 0] = color.match(/[\d.]+/g)?.map(Number) ?? [];
        const forced = /^(light|dark)$/.exec(this.theme ?? "")?.[0];
        this.#frame.style.colorScheme = forced ?? (colorScheme !== "normal" ? colorScheme : red + green + blue > 382 ? "dark" : "light");
    }

    #language(): string {
        for (let node: Node | null = this; node !== null; node = node instanceof ShadowRoot ? node.host : node.parentNode) {
            if (node instanceof HTMLElement && node.lang !== "") return node.lang;
        }
        return navigator.language;
    }
}

/** For JSX: what may be written in a tag of either element, besides what every element takes. */
export type MatterCommissionProps = {
    [K in "agent" | "transports" | "assets" | "fabricLabel" | "attestation" | "theme" | "allowTestDevices" | "manage" | (typeof objects)[number]]?: MatterCommissionElement[K] | undefined;
} & { [K in keyof MatterCommissionEventMap as `on${K}`]?: (event: MatterCommissionEventMap[K]) => void };

/** Typed listeners. */
export interface MatterCommissionElement {
    addEventListener<K extends keyof MatterCommissionEventMap>(type: K, listener: (this: MatterCommissionElement, event: MatterCommissionEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
    addEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (this: MatterCommissionElement, event: HTMLElementEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** `<matter-commission-button>`: a button, and the wizard in a modal dialog. */
export class MatterCommissionButtonElement extends MatterCommissionElement {}

const prototype = MatterCommissionElement.prototype;
for (const name of [...texts, ...flags]) {
    const flag = (flags as readonly string[]).includes(name);
    Object.defineProperty(prototype, propertyOf(name), {
        enumerable: true,
        get(this: Element) {
            return flag ? this.hasAttribute(name) : this.getAttribute(name);
        },
        set(this: Element, value: unknown) {
            if (flag) this.toggleAttribute(name, Boolean(value));
            else if (value === null || value === undefined) this.removeAttribute(name);
            else this.setAttribute(name, String(value));
        },
    });
}
// On the prototype, since frameworks look there for what is to be set as a property rather than as an attribute.
for (const name of objects) prototype[name] = undefined;

if (globalThis.customElements?.get("matter-commission") === undefined) {
    globalThis.customElements?.define("matter-commission", MatterCommissionElement);
    globalThis.customElements?.define("matter-commission-button", MatterCommissionButtonElement);
}

declare global {
    interface HTMLElementTagNameMap {
        "matter-commission": MatterCommissionElement;
        "matter-commission-button": MatterCommissionButtonElement;
    }
}
