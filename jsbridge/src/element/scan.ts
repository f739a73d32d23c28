/**
 * Reads QR codes by the camera and from pictures. Loaded when a person first wants to scan; the decoder's program (0.4 MB
 * compressed) only then, and not where the browser's own decoder is proved to work.
 */
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import type { Expected } from "./made.js";
import type { Camera, PageEvent } from "./protocol.js";

export interface ScannerOptions {
    /** Below it the wizard puts a `<video data-scan>` while it shows the scanner. */
    readonly root: HTMLElement;
    readonly wasm: URL;
    readonly expected: Expected;
    tell(event: PageEvent): unknown;
}

type Phase = "starting" | "live" | "reading" | "denied" | "none" | "unreadable" | "failed";

/** No torch, off, on: flow.TorchState. */
type Torch = 0 | 1 | 2;

/** Longer texts and more codes are no setup code, whatever they are. */
const limits = { texts: 16, length: 4096, pictureOctets: 64 << 20, side: 2048, frame: 1280 };
/** A frame is looked at this often, and what was read already is told again only after so long. */
const timing = { frameMs: 120, againMs: 1500 };

/** What TypeScript's library does not know. */
interface NativeDetector { detect(image: CanvasImageSource): Promise<readonly { rawValue: string }[]> }
interface Capabilities { torch?: boolean }

/** A QR code of the text "MT:TEST", by rows of 21 modules, black is 1. */
const knownText = "MT:TEST";
const knownRows = [
    0x1fcb7f, 0x104e41, 0x175b5d, 0x174a5d, 0x17455d, 0x104141, 0x1fd57f, 0x001b00, 0x1dfec4, 0x029045, 0x02c918,
    0x0c0c4d, 0x0fd55a, 0x001ea9, 0x1fd6e0, 0x1053bd, 0x1756e1, 0x174062, 0x175d15, 0x105c4f, 0x1fd16d,
];

/** A canvas whose pixels are read again and again. */
function canvasOf(width: number, height: number): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width));
    canvas.height = Math.max(1, Math.round(height));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("this browser gives no canvas");
    return { canvas, context };
}

/**
 * The browser's own decoder, if it can read: some have one that never finds anything.
 *
 * @returns undefined where there is none, or none that works
 */
async function nativeDetector(): Promise<NativeDetector | undefined> {
    const { BarcodeDetector } = globalThis as { BarcodeDetector?: new (options: { formats: string[] }) => NativeDetector };
    if (BarcodeDetector === undefined) return undefined;
    try {
        const detector = new BarcodeDetector({ formats: ["qr_code"] });
        const { canvas, context } = canvasOf(29 * 6, 29 * 6);
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.fillStyle = "#000";
        knownRows.forEach((row, y) => {
            for (let x = 0; x < 21; x++) if (row >> (20 - x) & 1) context.fillRect((x + 4) * 6, (y + 4) * 6, 6, 6);
        });
        return (await detector.detect(canvas)).some(({ rawValue }) => rawValue === knownText) ? detector : undefined;
    } catch {
        return undefined;
    }
}

/** Fetches the decoder's program, and takes it only if it is the one that this script was built with. */
async function loadDecoder(wasm: URL, { size, sha256 }: Expected): Promise<void> {
    const response = await fetch(wasm);
    if (!response.ok) throw new Error(`${wasm.pathname}: the server answered ${response.status}`);
    const wasmBinary = await response.arrayBuffer();
    const digest = wasmBinary.byteLength === size ? new Uint8Array(await crypto.subtle.digest("SHA-256", wasmBinary)) : new Uint8Array();
    if (Array.from(digest, octet => octet.toString(16).padStart(2, "0")).join("") !== sha256) throw new Error(`${wasm.pathname} is not the program that this page was built with`);
    await prepareZXingModule({ overrides: { wasmBinary, locateFile: () => wasm.href }, equalityFn: () => true, fireImmediately: true });
}

/** Both decoders, for one page: what is loaded is kept. */
let native: Promise<NativeDetector | undefined> | undefined;
let decoder: Promise<void> | undefined;

export class Scanner {
    readonly #options: ScannerOptions;
    #stream: MediaStream | undefined;
    #video: HTMLVideoElement | undefined;
    #cameras: readonly Camera[] = [];
    #camera = "";
    #torch: Torch = 0;
    /** Grows whenever what was begun is no longer wanted. */
    #turn = 0;
    #told = { texts: "", at: 0 };

    constructor(options: ScannerOptions) {
        this.#options = options;
    }

    /** @param camera - its ID, or empty for the one that looks away from the person */
    async start(camera: string): Promise<void> {
        const turn = this.#end();
        this.#say("starting");
        let stream: MediaStream;
        try {
            if (navigator.mediaDevices === undefined) throw new DOMException("no cameras in this page", "NotFoundError");
            const video = { width: { ideal: limits.frame }, ...(camera === "" ? { facingMode: { ideal: "environment" } } : { deviceId: { exact: camera } }) };
            stream = await navigator.mediaDevices.getUserMedia({ video });
        } catch (error) {
            if (turn === this.#turn) this.#say(phaseOf(error));
            return;
        }
        if (turn !== this.#turn) return stop(stream);
        this.#stream = stream;
        const [track] = stream.getVideoTracks();
        this.#camera = track?.getSettings().deviceId ?? camera;
        this.#torch = (track?.getCapabilities?.() as Capabilities | undefined)?.torch ? 1 : 0;
        // Unplugged, or taken away in the browser's settings.
        track?.addEventListener("ended", () => {
            if (turn !== this.#turn) return;
            this.#end();
            this.#say("failed");
        });
        const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
        if (turn !== this.#turn) return;
        this.#cameras = devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ id: deviceId, label }));
        await this.#watch(turn);
    }

    stop(): void {
        this.#end();
        this.#told = { texts: "", at: 0 };
    }

    async torch(on: boolean): Promise<void> {
        const track = this.#stream?.getVideoTracks()[0];
        if (track === undefined || this.#torch === 0) return;
        const turn = this.#turn;
        const done = await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] }).then(() => true, () => false);
        if (turn !== this.#turn) return;
        if (done) this.#torch = on ? 2 : 1;
        this.#say("live");
    }

    /** Reads all codes of a picture that was chosen, pasted or dropped. */
    async picture(file: Blob | undefined): Promise<void> {
        const turn = this.#end();
        this.#say("reading");
        let texts: readonly string[] = [];
        try {
            if (file !== undefined && file.size <= limits.pictureOctets) texts = await this.#readPicture(file);
        } catch {
            // Not a picture, or a damaged one: for the person it is the same as one without a code.
        }
        if (turn !== this.#turn) return;
        if (texts.length === 0) this.#say("unreadable");
        else this.#options.tell({ type: "scanned", texts });
    }

    close(): void {
        this.#end();
    }

    /** Ends whatever is under way. @returns the turn of what comes now */
    #end(): number {
        if (this.#stream !== undefined) stop(this.#stream);
        if (this.#video !== undefined) this.#video.srcObject = null;
        this.#stream = this.#video = undefined;
        this.#torch = 0;
        return ++this.#turn;
    }

    #say(phase: Phase): void {
        this.#options.tell({ type: "scanChanged", phase, cameras: this.#cameras, camera: this.#camera, torch: this.#torch });
    }

    /** Looks at the live picture until something else is wanted. */
    async #watch(turn: number): Promise<void> {
        const began = performance.now();
        let live = false, canvas: ReturnType<typeof canvasOf> | undefined;
        while (turn === this.#turn) {
            // The wizard may draw its video later than it asks for the camera, and anew.
            const video = this.#options.root.querySelector<HTMLVideoElement>("video[data-scan]");
            if (video !== null && video !== this.#video) await this.#attach(video);
            const shown = video !== null && video.readyState >= video.HAVE_CURRENT_DATA && video.videoWidth > 0;
            if (shown && !live) {
                live = true;
                this.#say("live");
            }
            if (shown && document.visibilityState === "visible") {
                const scale = Math.min(1, limits.frame / Math.max(video.videoWidth, video.videoHeight));
                const [width, height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
                if (canvas?.canvas.width !== width || canvas.canvas.height !== height) canvas = canvasOf(width, height);
                canvas.context.drawImage(video, 0, 0, width, height);
                try {
                    // The browser's own is quick but does not know inverted codes: after a while both look.
                    const texts = await this.#read(canvas, performance.now() - began > 3000);
                    if (turn === this.#turn) this.#found(texts);
                } catch {
                    if (turn !== this.#turn) return;
                    this.#end();
                    return this.#say("failed");
                }
            }
            await new Promise(resolve => setTimeout(resolve, timing.frameMs));
        }
    }

    async #attach(video: HTMLVideoElement): Promise<void> {
        this.#video = video;
        video.muted = true;
        video.playsInline = true;
        video.srcObject = this.#stream ?? null;
        await video.play().catch(() => undefined); // interrupted by the next attach
    }

    #found(texts: readonly string[]): void {
        if (texts.length === 0) return;
        const key = JSON.stringify(texts);
        const now = performance.now();
        if (key === this.#told.texts && now - this.#told.at < timing.againMs) return;
        this.#told = { texts: key, at: now };
        this.#options.tell({ type: "scanned", texts });
    }

    async #readPicture(file: Blob): Promise<readonly string[]> {
        const image = await pictureOf(file);
        const [width, height] = image instanceof HTMLImageElement ? [image.naturalWidth || 1024, image.naturalHeight || 1024] : [image.width, image.height];
        const scale = Math.min(1, limits.side / Math.max(width, height));
        const drawn = canvasOf(width * scale, height * scale);
        // Codes are drawn on transparent ground too.
        drawn.context.fillStyle = "#fff";
        drawn.context.fillRect(0, 0, drawn.canvas.width, drawn.canvas.height);
        drawn.context.drawImage(image, 0, 0, drawn.canvas.width, drawn.canvas.height);
        if (!(image instanceof HTMLImageElement)) image.close();
        return this.#read(drawn, true);
    }

    /** @param thorough - also where the browser's own decoder finds nothing */
    async #read({ canvas, context }: ReturnType<typeof canvasOf>, thorough: boolean): Promise<readonly string[]> {
        const own = await (native ??= nativeDetector());
        let texts: string[] = [];
        if (own !== undefined) texts = (await own.detect(canvas).catch(() => [])).map(({ rawValue }) => rawValue);
        if (texts.length === 0 && (own === undefined || thorough)) {
            decoder ??= loadDecoder(this.#options.wasm, this.#options.expected);
            decoder.catch(() => (decoder = undefined));
            await decoder;
            const found = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), {
                formats: ["QRCode"], tryHarder: true, tryInvert: true, tryRotate: false, tryDownscale: true, maxNumberOfSymbols: limits.texts,
            });
            texts = found.filter(({ isValid }) => isValid).map(({ text }) => text);
        }
        return [...new Set(texts.filter(text => text !== "").map(text => text.slice(0, limits.length)))].slice(0, limits.texts);
    }
}

function stop(stream: MediaStream): void {
    for (const track of stream.getTracks()) track.stop();
}

function phaseOf(error: unknown): Phase {
    switch ((error as DOMException).name) {
        case "NotAllowedError":
        case "SecurityError":
            return "denied";
        case "NotFoundError":
        case "OverconstrainedError":
            return "none";
    }
    return "failed"; // in use by another program
}

/** Vector pictures have no bitmap in every browser: those go by an image element. */
async function pictureOf(file: Blob): Promise<ImageBitmap | HTMLImageElement> {
    try {
        return await createImageBitmap(file);
    } catch {
        const image = new Image();
        image.src = URL.createObjectURL(file);
        try {
            await image.decode();
            return image;
        } finally {
            URL.revokeObjectURL(image.src);
        }
    }
}
