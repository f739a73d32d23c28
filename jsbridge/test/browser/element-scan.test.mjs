// The scanner in Chromium: pictures and a camera whose film is made here, through the element as it is shipped.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { deflateSync, crc32 } from "node:zlib";
import { launch, open, serve } from "./site.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const dist = process.env.DIST ?? join(root, "dist");
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' blob:; media-src 'self' blob:; worker-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";
const text = "MT:Y.K9042C00KA0648G00";
const html = "<!doctype html><html lang=en><meta charset=utf-8><title>test</title><script type=module src=/matter-session/element/index.js></script><matter-commission id=a agent=''></matter-commission>";

const drawn = new Map();
/** The modules of a code, by rows. */
function codeOf(text) {
    if (!drawn.has(text)) drawn.set(text, JSON.parse(execFileSync("go", ["run", "./jsbridge/test/browser/qr", text], { cwd: root, encoding: "utf8" })));
    return drawn.get(text);
}

/** Grey values by rows: codes side by side on a light ground, at `scale` pixels for each module. */
function picture(texts, { scale = 6, inverted = false, width, height, dark = 20, light = 235 } = {}) {
    const codes = texts.map(codeOf);
    const side = Math.max(...codes.map(rows => rows.length)) + 8;
    const [wide, high] = [width ?? side * scale * codes.length, height ?? side * scale];
    const pixels = Buffer.alloc(wide * high, inverted ? dark : light);
    codes.forEach((rows, index) => {
        const left = Math.floor((wide / codes.length) * index + (wide / codes.length - rows.length * scale) / 2), top = Math.floor((high - rows.length * scale) / 2);
        rows.forEach((row, y) => {
            for (let x = 0; x < row.length; x++) {
                if (row[x] !== "1") continue;
                for (let line = 0; line < scale; line++) pixels.fill(inverted ? light : dark, (top + y * scale + line) * wide + left + x * scale, (top + y * scale + line) * wide + left + (x + 1) * scale);
            }
        });
    });
    return { pixels, width: wide, height: high };
}

function png({ pixels, width, height }) {
    const chunk = (name, data) => {
        const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
        const head = Buffer.alloc(4), foot = Buffer.alloc(4);
        head.writeUInt32BE(data.length);
        foot.writeUInt32BE(checksum(body));
        return Buffer.concat([head, body, foot]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 0, 0, 0, 0], 8); // 8 bits of grey
    const rows = Array.from({ length: height }, (_, y) => Buffer.concat([Buffer.from([0]), pixels.subarray(y * width, (y + 1) * width)]));
    return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))]);
}

/** CRC-32 of PNG. */
function checksum(octets) {
    if (crc32 !== undefined) return crc32(octets); // since Node 20.15
    let crc = ~0;
    for (const octet of octets) {
        crc ^= octet;
        for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}

/** A film for Chromium's camera: frames of grey, as YUV4MPEG2. */
function film(frames) {
    const [{ width, height }] = frames;
    const colour = Buffer.alloc((width * height) / 2, 128);
    return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), ...frames.flatMap(({ pixels }) => [Buffer.from("FRAME\n"), pixels, colour])]);
}

let directory, plain, browser, site, opened;
before(async () => {
    assert.ok(existsSync(join(dist, "element/index.js")), "dist/element is not built: run make build");
    directory = mkdtempSync(join(tmpdir(), "matter-session-scan-"));
    plain = await launch({ args: ["--enable-features=WebBluetooth"] });
});
after(async () => {
    await plain?.close();
    rmSync(directory, { recursive: true, force: true });
});
const leave = async () => {
    await opened?.page.close();
    await browser?.close();
    site?.close();
    browser = site = opened = undefined;
};
afterEach(leave);

/** Opens the code screen. @param camera - a film, or nothing for no camera */
async function show({ camera, allowed = true, init, headers = {} } = {}) {
    if (camera !== undefined) {
        const file = join(directory, "camera.y4m");
        writeFileSync(file, camera);
        browser = await launch({ args: ["--enable-features=WebBluetooth", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`], permissions: allowed ? ["camera"] : [] });
    }
    site = await serve({ "/": html, "/favicon.ico": "", "/matter-session/": dist }, { "content-security-policy": policy, ...headers });
    opened = await open((browser ?? plain).context, "about:blank", { allow: [site.url] });
    if (init !== undefined) await opened.page.addInitScript(init);
    await opened.page.goto(`${site.url}/`);
    await opened.page.click("#a >> button");
    await until("code");
    return opened.page;
}
const until = state => opened.page.waitForFunction(state => document.querySelector("#a").state === state, state);
const fine = () => assert.deepEqual({ problems: opened.problems, foreign: opened.foreign }, { problems: [], foreign: [] });
const decoder = () => site.asked.filter(path => path.includes("zxing")).length;
const words = () => opened.page.evaluate(() => document.querySelector("#a").shadowRoot.querySelector("#outer").innerText);
const says = pattern => opened.page.waitForFunction(source => new RegExp(source, "s").test(document.querySelector("#a").shadowRoot.querySelector("#outer").innerText), pattern.source);
/** Gives a file to the first file input, as "Choose a picture" does. */
const choose = (name, buffer, mimeType = "image/png") => opened.page.locator("#a >> input[type=file]").first().setInputFiles({ name, mimeType, buffer });
const accepted = /Code read/;

describe("a picture", () => {
    for (const [what, options] of [["normal", {}], ["inverted", { inverted: true }], ["small, on a large ground", { scale: 3, width: 900, height: 700 }], ["pale", { dark: 150, light: 200 }]]) {
        test(`${what}: is read, by a decoder of our own origin that comes only now`, async () => {
            await show();
            assert.equal(decoder(), 0);
            await choose("code.png", png(picture([text], options)));
            await says(accepted);
            assert.equal(decoder(), 1);
            assert.doesNotMatch(await words(), /MT:Y/, "what was read is not shown");
            fine();
        });
    }

    test("dropped or pasted anywhere is the same", async () => {
        const view = await show();
        const octets = [...png(picture([text]))];
        const give = kind => view.evaluate(({ kind, octets }) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(octets)], "code.png", { type: "image/png" }));
            const target = document.querySelector("#a").shadowRoot.querySelector("h2");
            const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, composed: true, cancelable: true }) : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, composed: true, cancelable: true });
            if (kind === "drop") target.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, composed: true, cancelable: true }));
            target.dispatchEvent(event);
        }, { kind, octets });
        for (const kind of ["drop", "paste"]) {
            await give(kind);
            await says(accepted);
            await view.evaluate(() => document.querySelector("#a").cancel());
            await view.click("#a >> button");
            await until("code");
        }
        fine();
    });

    test("a drawing (SVG) is read too", async () => {
        await show();
        const rows = codeOf(text);
        const cells = rows.flatMap((row, y) => [...row].flatMap((cell, x) => (cell === "1" ? [`<rect x="${x + 4}" y="${y + 4}" width="1" height="1"/>`] : []))).join("");
        await choose("code.svg", Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400" viewBox="0 0 ${rows.length + 8} ${rows.length + 8}">${cells}</svg>`), "image/svg+xml");
        await says(accepted);
        fine();
    });

    test("with other codes in it: the Matter code among them counts, and without one it says what it is not", async () => {
        await show();
        await choose("both.png", png(picture(["https://example.com/manual", text])));
        await says(accepted);
        await opened.page.evaluate(() => document.querySelector("#a").cancel());
        await opened.page.click("#a >> button");
        await until("code");
        await choose("other.png", png(picture(["https://example.com/manual"])));
        await says(/not a Matter code/);
        fine();
    });

    for (const [what, octets] of [["without a code", () => png({ pixels: Buffer.alloc(200 * 200, 200), width: 200, height: 200 })], ["that is none", () => Buffer.from("no picture at all")], ["that is damaged", () => png(picture([text])).subarray(0, 200)]]) {
        test(`${what} says so, and another one is read`, async () => {
            await show();
            await choose("x.png", octets());
            await says(/No QR code could be read/);
            await choose("code.png", png(picture([text])));
            await says(accepted);
            assert.equal(decoder(), 1);
        });
    }

    test("a decoder that is not the one it was built with is not run", async () => {
        await show();
        await opened.page.route("**/zxing_reader.wasm", route => route.fulfill({ body: Buffer.alloc(953527), contentType: "application/wasm" }));
        await choose("code.png", png(picture([text])));
        await says(/No QR code could be read/);
        await opened.page.unroute("**/zxing_reader.wasm");
        await choose("code.png", png(picture([text])));
        await says(accepted);
    });
});

describe("the browser's own decoder", () => {
    const own = read => `globalThis.looked = []; globalThis.BarcodeDetector = class { async detect(image) { looked.push([image.width, image.height]); ${read} } };`;

    test("is used where it reads the built-in test picture: ours is not even loaded", async () => {
        // It stands in for one that works: whatever is square and small is the test picture.
        await show({ init: own(`return [{ rawValue: image.width === 174 ? "MT:TEST" : "${text}" }];`) });
        await choose("code.png", png(picture([text])));
        await says(accepted);
        assert.equal(decoder(), 0);
        assert.deepEqual(await opened.page.evaluate(() => looked.length), 2);
        fine();
    });

    for (const [what, read] of [["finds nothing", "return [];"], ["finds something else", 'return [{ rawValue: "MT:OTHER" }];'], ["throws", 'throw new Error("no service");']]) {
        test(`is not used where it ${what} in it`, async () => {
            await show({ init: own(read) });
            await choose("code.png", png(picture([text])));
            await says(accepted);
            assert.equal(decoder(), 1);
            assert.equal(await opened.page.evaluate(() => looked.length), 1);
            fine();
        });
    }

    test("finds the test picture true: another decoder reads it", async () => {
        // The picture as the scanner draws it, read by ours.
        await show({ init: own('globalThis.drawn ??= image.toDataURL("image/png"); return [];') });
        await choose("code.png", png(picture([text])));
        await says(accepted);
        const drawn = await opened.page.evaluate(() => globalThis.drawn);
        await opened.page.evaluate(() => document.querySelector("#a").cancel());
        await opened.page.click("#a >> button");
        await until("code");
        await choose("test.png", Buffer.from(drawn.split(",")[1], "base64"));
        // It is no setup code that a device can have, but it is a Matter QR code.
        await says(/not complete|no device|not a code|contains|QR code|newer/);
        assert.doesNotMatch(await words(), /No QR code could be read/);
    });
});

describe("the camera", () => {
    const scan = async () => {
        await opened.page.locator("#a >> text=Scan with camera").click();
        await until("scan");
    };
    const cameras = () => opened.page.evaluate(() => globalThis.streams.map(stream => stream.getVideoTracks()[0].readyState));
    const watch = `
        globalThis.streams = [];
        const { getUserMedia } = MediaDevices.prototype;
        MediaDevices.prototype.getUserMedia = async function (constraints) {
            globalThis.asked = constraints;
            const stream = await getUserMedia.call(this, constraints);
            streams.push(stream);
            return stream;
        };`;
    const frame = (options = {}) => picture([text], { width: 640, height: 480, scale: 8, ...options });
    const empty = { pixels: Buffer.alloc(640 * 480, 180), width: 640, height: 480 };

    for (const inverted of [false, true]) {
        test(`reads a code${inverted ? ", inverted," : ""} that comes into view, and stops`, async () => {
            await show({ camera: film([...Array(15).fill(empty), ...Array(100).fill(frame({ inverted }))]), init: watch });
            await scan();
            await until("code");
            await says(accepted);
            assert.deepEqual(await cameras(), ["ended"]);
            assert.deepEqual(await opened.page.evaluate(() => asked.video.facingMode), { ideal: "environment" });
            assert.equal(decoder(), 1);
            fine();
        });
    }

    test("shows its picture, and stops when the person types instead, leaves, or the element goes", async () => {
        await show({ camera: film([empty]), init: watch });
        const live = () => opened.page.waitForFunction(() => {
            const video = document.querySelector("#a")?.shadowRoot.querySelector("video[data-scan]");
            return video?.videoWidth > 0 && !video.paused && video.srcObject?.active;
        });
        await scan();
        await live();
        assert.deepEqual(await cameras(), ["live"]);
        await opened.page.locator("#a >> text=Type the code instead").click();
        await until("code");
        await opened.page.waitForFunction(() => streams[0].getVideoTracks()[0].readyState === "ended");
        await scan();
        await live();
        await opened.page.evaluate(() => document.querySelector("#a").cancel());
        await opened.page.waitForFunction(() => streams[1].getVideoTracks()[0].readyState === "ended");
        await opened.page.click("#a >> button");
        await until("code");
        await scan();
        await live();
        await opened.page.evaluate(() => document.querySelector("#a").remove());
        await opened.page.waitForFunction(() => streams[2].getVideoTracks()[0].readyState === "ended");
        fine();
    });

    test("that was refused, or is not there, says which", async () => {
        await show({ camera: film([empty]), allowed: false });
        await scan().catch(() => undefined);
        await says(/not allowed to use the camera/);
        await leave();
        await show({ init: 'Object.defineProperty(MediaDevices.prototype, "getUserMedia", { value: async () => { throw new DOMException("none", "NotFoundError"); } });' });
        await scan().catch(() => undefined);
        await says(/No camera was found/);
    });

    test("with a light and a second camera offers both", async () => {
        await show({
            camera: film([empty]),
            init: `${watch}
                MediaDevices.prototype.enumerateDevices = async () => [{ kind: "videoinput", deviceId: "one", label: "Front" }, { kind: "audioinput", deviceId: "ear", label: "" }, { kind: "videoinput", deviceId: "two", label: "Back" }];
                MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
                globalThis.torch = [];
                MediaStreamTrack.prototype.applyConstraints = async function ({ advanced: [{ torch: on }] }) { torch.push(on); };`,
        });
        await scan();
        const light = opened.page.locator("#a >> button", { hasText: /light|torch/i });
        await light.click();
        await opened.page.waitForFunction(() => torch.length === 1);
        await light.click();
        await opened.page.waitForFunction(() => torch.length === 2);
        assert.deepEqual(await opened.page.evaluate(() => torch), [true, false]);
        await opened.page.locator("#a >> select").selectOption({ label: "Back" });
        await opened.page.waitForFunction(() => JSON.stringify(globalThis.asked).includes("two"));
        assert.deepEqual(await opened.page.evaluate(() => asked.video.deviceId), { exact: "two" });
    });

    test("that a policy forbids is not offered", async () => {
        const view = await show({ camera: film([empty]), headers: { "permissions-policy": "camera=()" } });
        assert.equal(await view.evaluate(() => customElements.get("matter-commission").support().then(({ camera }) => camera)), false);
        assert.equal(await view.locator("#a >> text=Scan with camera >> visible=true").count(), 0);
    });
});
