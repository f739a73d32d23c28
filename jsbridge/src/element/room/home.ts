/** The home that a room works for: the host page's, or the one of this origin; opened when it is first needed. */
import { BrowserHome, IndexedDbStore } from "../../browser/index.js";
import { agentTransport, type AgentTransport } from "../../commission/agent.js";
import { createCommissioner, type Commissioner } from "../../commission/commissioner.js";
import type { KnownNode } from "../../commission/nodes.js";
import type { Commissioned, CredentialStore } from "../../commission/types.js";
import { Core } from "../../core.js";
import { hexOf } from "../../hex.js";
import type { TrustOptions } from "../../trust.js";
import type { Home, Node } from "../protocol.js";
import type { HostProxies } from "./proxies.js";
import type { WireOptions, WireSettings } from "./types.js";
import type { Ways } from "./ways.js";

/** What a test gives instead. */
export interface HomeParts {
    startCore(blob: string): Promise<Core>;
    agent(url: string, token: string | undefined): AgentTransport;
    exists(database: string): Promise<boolean>;
    open: typeof BrowserHome.open;
    import: typeof BrowserHome.import;
    forget(database: string): Promise<void>;
}

export const realParts: HomeParts = {
    startCore: blob => Core.start(new URL(blob)),
    // It comes out of a link. One that cannot be a token is as good as none, which the agent tells.
    agent: (url, token = "") => agentTransport(url, /^[\w.~-]+$/.test(token) ? { token } : {}),
    exists: database => BrowserHome.exists(database),
    open: options => BrowserHome.open(options),
    import: (file, passphrase, options) => BrowserHome.import(file, passphrase, options),
    forget: database => BrowserHome.forget(database),
};

export class HomeKeeper {
    readonly #options: WireOptions;
    readonly #parts: HomeParts;
    readonly #proxies: HostProxies;
    readonly #ways: Ways;
    readonly #lost: (reason: Error) => void;
    /** A home was made: the browser should be asked to keep it. */
    readonly #made: () => void;
    #settings: WireSettings;
    #core: Promise<Core> | undefined;
    #home: BrowserHome | undefined;
    #commissioner: Promise<Commissioner> | undefined;
    #storage: CredentialStore | undefined;

    constructor(options: WireOptions, parts: HomeParts, proxies: HostProxies, ways: Ways, on: { lost(reason: Error): void; made(): void }) {
        this.#options = options;
        this.#settings = options.settings;
        this.#parts = parts;
        this.#proxies = proxies;
        this.#ways = ways;
        this.#lost = on.lost;
        this.#made = on.made;
        this.#wire();
    }

    get settings(): WireSettings {
        return this.#settings;
    }

    /** To be called while nothing is under way: what is open is opened anew. */
    async configure(settings: WireSettings): Promise<void> {
        const { agent, agentToken, ...before } = this.#settings;
        const { agent: newAgent, agentToken: newToken, ...after } = settings;
        this.#settings = settings;
        if (agent !== newAgent || agentToken !== newToken || before.transport !== after.transport) this.#wire();
        if (sameButForRoutes(before, after)) return;
        await this.close();
    }

    /** The first agent that there is may come at any time: a device may be waiting for it. */
    connectAgent({ agent, agentToken }: WireSettings): void {
        if (this.#ways.agent !== undefined || agent === undefined) return;
        this.#settings = { ...this.#settings, agent, agentToken };
        this.#wire();
    }

    /** Octets of the core's memory. */
    async memory(): Promise<number> {
        return (await this.#core?.catch(() => undefined))?.memorySize ?? 0;
    }

    core(): Promise<Core> {
        this.#core ??= this.#parts.startCore(this.#options.blob).catch(error => {
            this.#core = undefined;
            throw error;
        });
        return this.#core;
    }

    /** Whether there is a home; makes none. */
    async exists(): Promise<boolean> {
        const { authority, hasStorage } = this.#settings;
        if (authority !== undefined || this.#commissioner !== undefined) return true;
        return hasStorage ? (await this.#proxies.storage.load("fabric")) !== undefined : this.#parts.exists(this.#options.database);
    }

    /** The commissioner of the home, which is made if there is none. Everything is stored, and was read back, when it is there. */
    commissioner(): Promise<Commissioner> {
        this.#commissioner ??= this.#open().catch(error => {
            this.#commissioner = undefined;
            throw error;
        });
        return this.#commissioner;
    }

    /** Whether the home that is open has gone from this browser: another tab has forgotten it, or the browser has. It is closed then. */
    async gone(): Promise<boolean> {
        if (this.#home === undefined || (await this.#parts.exists(this.#options.database).catch(() => true))) return false;
        await this.close();
        return true;
    }

    /** Runs fn as the only one of all tabs, unless another one is at it for longer than a moment: undefined then. */
    async alone<T>(fn: () => Promise<T>, patienceMs: number): Promise<T | undefined> {
        await this.commissioner();
        const storage = this.#storage;
        if (storage === undefined) return fn();
        return new Promise<T | undefined>((resolve, reject) => {
            let late = false;
            const timer = setTimeout(() => {
                late = true;
                resolve(undefined);
            }, patienceMs);
            storage.exclusive("commissioning", async () => {
                clearTimeout(timer);
                if (!late) resolve(await fn());
            }).catch(reject);
        });
    }

    /** What the home screen shows. */
    async read(): Promise<Home> {
        const empty: Home = { phase: "ready", label: this.#settings.fabricLabel ?? "", fabricId: "", nodes: [], exists: false, persisted: false, backup: "impossible", panel: "", notice: "" };
        if (!(await this.exists())) return empty;
        const { controller } = await this.commissioner();
        await this.#home?.refresh();
        const nodes = await controller.nodes();
        return {
            ...empty, exists: true, fabricId: hex64(controller.fabricId), label: this.#home?.label ?? this.#settings.authority?.label ?? empty.label,
            nodes: nodes.map(node => this.node(node, controller)), persisted: this.#home?.persisted ?? true, backup: this.#home?.backup ?? "impossible",
        };
    }

    node(known: KnownNode, of: { fabricId: bigint; compressedFabricId: string }): Node {
        return {
            id: hex64(known.nodeId), name: known.name ?? "", vendorName: known.vendorName ?? "", productName: known.productName ?? "", serial: known.serialNumber ?? "",
            vendorId: known.vendorId, productId: known.productId, fabricId: hex64(of.fabricId), compressedId: of.compressedFabricId, address: known.address ?? "",
            commissionedAt: Number(known.commissionedAt), credentialsBackup: this.#home?.backup === "made",
        };
    }

    /** A device that has just come in. */
    newNode(done: Commissioned, address: string): Node {
        return this.node({ ...done, address, commissionedAt: BigInt(Date.now()) }, done);
    }

    async export(passphrase: string): Promise<{ name: string; file: Uint8Array }> {
        await this.commissioner();
        if (this.#home === undefined) throw new Error("the keys of this home are not this page's to give away");
        return { name: `matter-home-${this.#home.compressedFabricId}.backup`, file: await this.#home.export(passphrase) };
    }

    async import(file: Uint8Array, passphrase: string): Promise<void> {
        const home = await this.#parts.import(file, passphrase, { database: this.#options.database, core: await this.core() });
        await this.close();
        home.close();
    }

    async forget(): Promise<void> {
        await this.close();
        await this.#parts.forget(this.#options.database);
    }

    /** Closes what is open; it is opened again when it is needed. */
    async close(): Promise<void> {
        const commissioner = this.#commissioner, home = this.#home;
        this.#commissioner = undefined;
        this.#home = undefined;
        this.#storage = undefined;
        await (await commissioner?.catch(() => undefined))?.close();
        home?.close();
    }

    /** For good: the agent too. */
    async end(): Promise<void> {
        await this.close();
        this.#ways.agent?.close();
        this.#ways.agent = undefined;
    }

    /** The core has died: all that it ran is lost, the next need starts another. */
    died(): void {
        this.#core = undefined;
        void this.close().catch(() => {});
    }

    #wire(): void {
        const { agent, agentToken, transport } = this.#settings;
        this.#ways.agent?.close();
        this.#ways.agent = agent === undefined || agent === "" ? undefined : this.#parts.agent(agent, agentToken);
        this.#ways.host = transport === "none" ? undefined : this.#proxies.transport(transport === "discover");
    }

    async #open(): Promise<Commissioner> {
        const { authority, hasStorage, fabricLabel } = this.#settings;
        const { database } = this.#options;
        const label = fabricLabel === undefined || fabricLabel === "" ? {} : { label: fabricLabel };
        const core = await this.core();
        const shared = {
            core, transport: this.#ways, trust: this.#trust(),
            // The way to an agent and back.
            config: { extraDelayMs: this.#ways.agent === undefined ? 0 : 100 },
            onClosed: (reason: Error) => this.#lost(reason),
        };
        if (authority !== undefined || hasStorage) {
            // A host's fabric is not mixed with the home of this origin.
            const storage = hasStorage ? this.#proxies.storage : new IndexedDbStore(`${database}-host`);
            this.#storage = storage;
            return createCommissioner({ ...shared, storage, ...(authority === undefined ? { fabric: label } : { authority: this.#proxies.authority(authority) }) });
        }
        const isNew = !(await this.#parts.exists(database));
        const home = await this.#parts.open({ database, core, ...label });
        try {
            this.#home = home;
            this.#storage = home.storage;
            const commissioner = await createCommissioner({ ...shared, storage: home.storage, authority: home.authority });
            if (isNew) this.#made();
            return commissioner;
        } catch (error) {
            home.close();
            throw error;
        }
    }

    #trust(): TrustOptions {
        const { trust, allowTestDevices } = this.#settings;
        const { paa, test } = this.#options.lists;
        const whole = (list: Uint8Array | string): Uint8Array | URL => (typeof list === "string" ? new URL(list) : list);
        const tested = trust?.test === undefined || trust.test === true ? test : trust.test;
        return { production: whole(trust?.production ?? paa), test: allowTestDevices && tested !== false ? whole(tested) : false };
    }
}

export function hex64(id: bigint): string {
    return id.toString(16).padStart(16, "0").toUpperCase();
}

/** Whether a controller that is open can stay. */
function sameButForRoutes(before: Omit<WireSettings, "agent" | "agentToken">, after: Omit<WireSettings, "agent" | "agentToken">): boolean {
    const key = ({ routes: _, attestation: __, hasNetworks: ___, ...rest }: typeof before): string =>
        JSON.stringify(rest, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? hexOf(value) : value));
    return key(before) === key(after);
}
