/** What an administrator does with a device that is in its fabric: shows it to another app, takes it out again. */
import type { Core } from "../core.js";
import { AdministratorCommissioning, BasicInformation, OperationalCredentials, type FabricDescriptor } from "../clusters.js";
import { ImplementationError, SessionClosedError, SetupCodeError, StatusResponseError, UnexpectedDataError } from "../errors.js";
import { verifierFrom } from "../verifier.js";
import type { Connection, InteractionOptions, Report } from "./connection.js";

export interface WindowOptions extends InteractionOptions {
    /** How long the window is open: 180 to 900, default 300. */
    seconds?: number;
    /** 12 bits. Default: a random one. */
    discriminator?: number;
    /** Default: a random one, for this window only. */
    passcode?: number;
}

/** How a window ended. The label is the other fabric's, untrusted text; empty if it is not on the device yet: homes write it after they have joined. */
export type WindowEnd =
    | { reason: "joined"; fabricIndex: number; vendorId: number; label: string }
    | { reason: "closed" | "expired" };

const defaultSeconds = 300;
/** Of the new passcode's verifier. Devices have to take 1,000 to 100,000; the other app does these. */
const iterations = 10_000;
const root = 0;
const isAdministrator = { endpoint: root, cluster: AdministratorCommissioning };
const hasFabrics = { endpoint: root, cluster: OperationalCredentials };
/** A window is closed as soon as another app is at it, on some devices: it may still join. */
const joiningMs = 30_000;
/** A fabric is listed from the moment on when it may still be undone. */
const settlingMs = 5_000;
const againMs = 2_000;

/** Opens a window; what the other app is shown comes back. */
export async function openWindow(core: Core, connection: Connection, options: WindowOptions = {}): Promise<OpenedWindow> {
    const { seconds = defaultSeconds, discriminator = random(1 << 12), signal, timeoutMs } = options;
    if (!Number.isInteger(seconds) || seconds < 180 || seconds > 900) throw new ImplementationError(`a commissioning window is open for 180 to 900 seconds, not ${seconds}`);
    const interaction = { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const about = await connection.readMany({
        attributes: [
            { endpoint: root, cluster: BasicInformation, attribute: "vendorId" }, { endpoint: root, cluster: BasicInformation, attribute: "productId" },
            { ...hasFabrics, attribute: "fabrics" },
        ],
    }, { ...interaction, fabricFiltered: false });
    const value = (attribute: string): unknown => about.attributes.find(each => each.name.endsWith(`.${attribute}`))?.value;
    const number = (attribute: string): number => (typeof value(attribute) === "number" ? (value(attribute) as number) : 0);
    const { passcode, qr, manual } = codeOf(core, { vendorId: number("vendorId"), productId: number("productId"), discriminator, passcode: options.passcode });
    const salt = crypto.getRandomValues(new Uint8Array(32));
    const pakePasscodeVerifier = await verifierFrom(core, passcode, { iterations, salt });
    const fields = { commissioningTimeout: seconds, pakePasscodeVerifier, discriminator, iterations, salt };
    await connection.invoke({ ...isAdministrator, command: "openCommissioningWindow", fields }, interaction);
    return { qr, manual, discriminator, expiresAt: Date.now() + seconds * 1000, fabrics: new Set(fabricsOf(value("fabrics")).map(fabric => fabric.fabricIndex)) };
}

export interface OpenedWindow {
    qr: string;
    manual: string;
    discriminator: number;
    expiresAt: number;
    /** Indices of those that were in before. */
    fabrics: ReadonlySet<number>;
}

/** Closes it. A window that is closed already is as good. */
export async function closeWindow(connection: Connection, options: InteractionOptions = {}): Promise<void> {
    try {
        await connection.invoke({ ...isAdministrator, command: "revokeCommissioning" }, options);
    } catch (error) {
        if (!(error instanceof StatusResponseError) || error.clusterCode !== windowNotOpen) throw error;
    }
}
const windowNotOpen = 4;

/** Takes our own fabric out of a device. It may leave before it has answered. */
export async function removeOwnFabric(connection: Connection, options: InteractionOptions = {}): Promise<void> {
    const fabricIndex = await connection.read({ ...hasFabrics, attribute: "currentFabricIndex" }, options);
    try {
        const { statusCode, debugText } = await connection.invoke({ ...hasFabrics, command: "removeFabric", fields: { fabricIndex } }, options);
        if (statusCode !== 0) throw new UnexpectedDataError(`the device did not leave: status ${statusCode}${debugText === undefined || debugText === "" ? "" : ` (${debugText})`}`);
    } catch (error) {
        if (!(error instanceof SessionClosedError)) throw error;
    }
}

/** A commissioning window of a device of ours. The passcode is in the codes and nowhere else. */
export class CommissioningWindow {
    readonly nodeId: bigint;
    /** What the other app scans, or a person types into it. Whoever has it can have the device, until the window ends. */
    readonly qr: string;
    /** Eleven digits. */
    readonly manual: string;
    readonly discriminator: number;
    /** Milliseconds since 1970. */
    readonly expiresAt: number;
    readonly #fabrics: ReadonlySet<number>;
    readonly #connect: (signal: AbortSignal) => Promise<Connection>;
    readonly #closed = new AbortController();
    #end: Promise<WindowEnd> | undefined;

    /** @internal */
    constructor(nodeId: bigint, opened: OpenedWindow, connect: (signal: AbortSignal) => Promise<Connection>) {
        this.nodeId = nodeId;
        this.qr = opened.qr;
        this.manual = opened.manual;
        this.discriminator = opened.discriminator;
        this.expiresAt = opened.expiresAt;
        this.#fabrics = opened.fabrics;
        this.#connect = connect;
    }

    /** Watches the device until the window ends, and says how it did. */
    ended(): Promise<WindowEnd> {
        this.#end ??= this.#watch();
        return this.#end;
    }

    /** Closes the window. */
    async close(options: InteractionOptions = {}): Promise<void> {
        await closeWindow(await this.#connect(options.signal ?? new AbortController().signal), options);
        this.#closed.abort();
    }

    /** Stops watching, as {@link ended} tells by "closed". The window stays. */
    forget(): void {
        this.#closed.abort();
    }

    async #watch(): Promise<WindowEnd> {
        const over = new AbortController();
        const closed = (): void => over.abort();
        this.#closed.signal.addEventListener("abort", closed);
        const expiry = setTimeout(closed, Math.max(0, this.expiresAt - Date.now()));
        const state = new Watched(this.#fabrics, closed);
        try {
            while (!this.#closed.signal.aborted && !over.signal.aborted) {
                await this.#follow(state, over.signal);
                if (!over.signal.aborted) await new Promise<void>(resolve => setTimeout(resolve, againMs));
            }
            return state.joined ?? { reason: this.#closed.signal.aborted || state.shut ? "closed" : "expired" };
        } finally {
            clearTimeout(expiry);
            state.end();
            this.#closed.signal.removeEventListener("abort", closed);
        }
    }

    /** One subscription, to its end. What fails is tried again by the caller. */
    async #follow(state: Watched, signal: AbortSignal): Promise<void> {
        try {
            const connection = await this.#connect(signal);
            const subscription = await connection.subscribe({
                attributes: [{ ...hasFabrics, attribute: "fabrics" }, { ...hasFabrics, attribute: "commissionedFabrics" }, { ...isAdministrator, attribute: "windowStatus" }],
                fabricFiltered: false, minFloorS: 0, maxCeilingS: 30, signal, onReport: report => state.take(report),
            });
            const aborted = new Promise<void>(resolve => signal.addEventListener("abort", () => resolve()));
            if (!signal.aborted) await Promise.race([subscription.ended, aborted]);
            subscription.close();
        } catch {
            // The device is away, or the session: it is asked again.
        }
    }
}

/** What is known of a window from reports. */
class Watched {
    joined: WindowEnd | undefined;
    /** It was closed by somebody. */
    shut = false;
    readonly #before: ReadonlySet<number>;
    readonly #over: () => void;
    #candidate: FabricDescriptor | undefined;
    #open = true;
    #timer: ReturnType<typeof setTimeout> | undefined;

    constructor(before: ReadonlySet<number>, over: () => void) {
        this.#before = before;
        this.#over = over;
    }

    take(report: Report): void {
        for (const { name, value } of report.attributes) {
            if (name === "OperationalCredentials.fabrics") this.#candidate = fabricsOf(value).find(fabric => !this.#before.has(fabric.fabricIndex));
            if (name === "AdministratorCommissioning.windowStatus" && typeof value === "number") this.#open = value !== 0;
        }
        clearTimeout(this.#timer);
        const { fabricIndex, vendorId, label } = this.#candidate ?? {};
        if (fabricIndex !== undefined && vendorId !== undefined) {
            const settle = (): void => {
                this.joined = { reason: "joined", fabricIndex, vendorId, label: label ?? "" };
                this.#over();
            };
            if (this.#open) this.#timer = setTimeout(settle, settlingMs);
            else settle();
        } else if (!this.#open) {
            this.#timer = setTimeout(() => {
                this.shut = true;
                this.#over();
            }, joiningMs);
        }
    }

    end(): void {
        clearTimeout(this.#timer);
    }
}

/** The fabrics of a report; what a device sends instead of them is none. */
function fabricsOf(value: unknown): readonly FabricDescriptor[] {
    return Array.isArray(value) ? value.filter((fabric): fabric is FabricDescriptor => typeof (fabric as FabricDescriptor | null)?.fabricIndex === "number") : [];
}

function codeOf(
    core: Core,
    about: { vendorId: number; productId: number; discriminator: number; passcode: number | undefined },
): { passcode: number; qr: string; manual: string } {
    const { passcode: given, ...rest } = about;
    for (;;) {
        const passcode = given ?? random(2 ** 27);
        try {
            // On the IP network, without anything to press before.
            return { passcode, ...core.request("makeCode", { ...rest, flow: 0, discovery: 4, passcode }) };
        } catch (error) {
            // One that the standard forbids, or that is beyond the last one: another is drawn.
            if (given !== undefined || !(error instanceof SetupCodeError)) throw error;
        }
    }
}

/** A random number below a power of two, at most 2^32. */
function random(below: number): number {
    const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
    return number % below;
}
