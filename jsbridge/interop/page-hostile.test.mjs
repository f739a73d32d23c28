// The page against those who mean harm: devices, whoever speaks on the network, and an agent. What they may reach is a clear
// failure. They put nothing into the document, run no script, do not hold the page up, and do not fill its memory.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { enterNamespace } from "./namespace.mjs";
enterNamespace();

const { buildAgent, startAgent, startBrowser } = await import("./page.mjs");
const { startPeer } = await import("./peers/start.mjs");

const manual = "34970112332"; // of discriminator 3840 and passcode 20202021
const sentences = JSON.parse(readFileSync(new URL("../../web/messages/errors.en.json", import.meta.url), "utf8"));

/** How long the window may be deaf at a time: what is still felt as an answer, thrice, for a machine that others use too. */
const maxDeafMs = 1500;
/** By how much the browser's renderers may grow: an attempt alone takes half of it, for programs are compiled again as they get hot. */
const maxGrowth = 160 * 1024 * 1024;

let program, agent, browser;
before(async () => {
    execFileSync("ip", ["addr", "add", "10.66.0.66/24", "dev", "m0"]); // whom nobody trusts
    program = buildAgent();
    [agent, browser] = await Promise.all([startAgent(program), startBrowser()]);
    await browser.context.addInitScript(() => {
        // Wires that script of a stranger would trip over.
        globalThis.tripped = [];
        for (const name of ["alert", "confirm", "prompt", "open", "print"]) globalThis[name] = () => globalThis.tripped.push(name);
        addEventListener("securitypolicyviolation", event => globalThis.tripped.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
        let last = performance.now();
        globalThis.deafMs = 0;
        setInterval(() => {
            const now = performance.now();
            globalThis.deafMs = Math.max(globalThis.deafMs, now - last - 20);
            last = now;
        }, 20);
    });
});
after(async () => {
    await browser?.close();
    await agent?.stop();
});

/** Octets that the renderers of this test's browser have for themselves: documents, Workers, and the memories of their programs. */
function rendererMemory() {
    const processes = new Map();
    for (const pid of readdirSync("/proc").filter(name => /^\d+$/.test(name))) {
        try {
            const status = readFileSync(`/proc/${pid}/status`, "utf8");
            const number = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
            processes.set(Number(pid), { parent: number("PPid"), octets: 1024 * (number("RssAnon") + number("RssShmem")), command: readFileSync(`/proc/${pid}/cmdline`, "utf8") });
        } catch {
            // It ended meanwhile.
        }
    }
    const ours = pid => pid === process.pid || (processes.has(pid) && ours(processes.get(pid).parent));
    const renderers = [...processes].filter(([pid, { command }]) => command.includes("--type=renderer") && ours(pid));
    assert.ok(renderers.length > 0, "no renderer was found");
    return renderers.reduce((sum, [, { octets }]) => sum + octets, 0);
}

/** A page on which nothing may go wrong unseen. @param expected - errors that the browser itself writes to the console */
async function onPage(run, { url = agent.url, expected = /^$/, ...how } = {}) {
    const person = await browser.open(url, how);
    person.page.on("dialog", dialog => person.problems.push(`a dialog: ${dialog.message()}`));
    try {
        await run(person);
        assert.deepEqual(person.problems.filter(problem => !expected.test(problem)), []);
        await unharmed(person);
    } finally {
        await person.page.close();
    }
}

async function unharmed(person) {
    const { tripped, deafMs, strangers } = await person.page.evaluate(() => {
        const strangers = [];
        const walk = node => {
            for (const child of node.querySelectorAll("*")) {
                if (["script", "iframe", "object", "embed", "link", "base", "form", "meta", "marquee"].includes(child.localName)) strangers.push(child.outerHTML);
                if (["b", "i", "u", "font"].includes(child.localName)) strangers.push(child.outerHTML);
                for (const { name, value } of child.attributes) {
                    if (/^on/.test(name) || (/^(src|href|action|data)$/.test(name) && /^\s*(javascript|https?):/i.test(value))) strangers.push(`${name}=${value}`);
                }
                if (child.shadowRoot) walk(child.shadowRoot);
            }
        };
        walk(document.querySelector("matter-commission").shadowRoot);
        return { tripped: globalThis.tripped, deafMs: globalThis.deafMs, strangers };
    });
    assert.deepEqual([tripped, strangers], [[], []]);
    assert.ok(deafMs < maxDeafMs, `the window did not answer for ${Math.round(deafMs)} ms`);
    const text = await person.text();
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/, "characters that change how others are read");
}

/** Nothing may be wider than a small phone. */
async function fits(person, width = 360) {
    await person.page.setViewportSize({ width, height: 740 });
    const wide = await person.page.evaluate(width => {
        const wide = [];
        const walk = node => {
            for (const child of node.querySelectorAll("*")) {
                const { right, left, width: own } = child.getBoundingClientRect();
                if (own > 0 && child.checkVisibility() && getComputedStyle(child).position !== "absolute" && (right > width + 1 || left < -1)) wide.push(`${child.localName}.${child.className} ${left}–${right}: ${child.textContent.slice(0, 80)}`);
                if (child.shadowRoot) walk(child.shadowRoot);
            }
        };
        walk(document.body);
        if (document.documentElement.scrollWidth > width) wide.push(`the document: ${document.documentElement.scrollWidth}`);
        return wide;
    }, width);
    assert.deepEqual(wide, []);
}

/** Memory before and after something that is to take none. The page is where all its programs are loaded. */
async function bounded(what) {
    let before = rendererMemory();
    for (let last = 0; Math.abs(before - last) > 2 ** 21; before = rendererMemory()) {
        last = before;
        await pause(150);
    }
    await what();
    const grown = rendererMemory() - before;
    assert.ok(grown < maxGrowth, `the renderers grew by ${Math.round(grown / 2 ** 20)} MiB`);
}

/** From the first screen to where an attempt begins with "Continue". */
async function ready(person, code = manual) {
    await person.reach("home");
    await person.press("Add a device");
    await person.typeCode(code);
    await person.reach("transport");
}

async function attempt(person) {
    await person.press("Continue");
    await person.choose();
}

/** The failed screen, with the sentence of the catalogue. @returns what the element tells its host */
async function failure(person) {
    await person.reach("failed");
    const error = (await person.told("matter-error")).at(-1);
    const sentence = sentences[`error.${error.code}`];
    assert.ok(sentence !== undefined, `there is no sentence for ${error.code}`);
    const pattern = sentence.split(/\{\w+\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
    assert.match(await person.text(), new RegExp(pattern));
    assert.notEqual(error.code, "unexpected", JSON.stringify(error));
    return error;
}

describe("who answers a device's datagrams is no device", () => {
    let other, socket, answer;
    before(async () => {
        socket = createSocket("udp6");
        socket.on("message", (message, from) => answer(message, octets => socket.send(octets, from.port, from.address)));
        socket.bind(0, "::1");
        await once(socket, "listening");
        other = await startAgent(program, ["-allow", `[::1]:${socket.address().port}`]);
    });
    after(async () => {
        await other?.stop();
        socket?.close();
    });

    test("it sends back what it got, again and with faults", () => onPage(async person => {
        const got = [];
        answer = (message, send) => {
            got.push(Buffer.from(message));
            for (const old of got.slice(-8)) {
                send(old);
                const flipped = Buffer.from(old);
                flipped[randomInt(flipped.length)] ^= 1 << randomInt(8);
                send(flipped);
            }
        };
        await ready(person);
        await bounded(async () => {
            await attempt(person);
            await failure(person);
        });
        assert.ok(got.length > 1, `${got.length} messages came`);
        await person.press("Start again");
        await person.reach("transport");
    }, { url: other.url }));

    test("it sends random octets, and 100,000 datagrams that look like messages", () => onPage(async person => {
        let sent = 0, flooding;
        answer = (message, send) => {
            for (let i = 0; i < 4; i++) send(randomBytes(randomInt(1, 1280)));
            flooding ??= (async () => {
                // Of a session that there is not, of no session, and of one that there may be soon.
                const datagram = randomBytes(1200);
                for (; sent < 100_000; sent++) {
                    datagram[0] = 4 * (sent % 2);
                    datagram[3] = 0;
                    datagram.writeUInt16LE(sent % 3 === 0 ? 0 : sent & 0xffff, 1);
                    datagram.writeUInt32LE(sent, 4);
                    send(datagram.subarray(0, 40 + (sent % 1160)));
                    if (sent % 200 === 0) await pause(1);
                }
            })();
        };
        await ready(person);
        await bounded(async () => {
            await attempt(person);
            assert.equal((await failure(person)).code, "pase-timeout");
            await flooding;
        });
        assert.equal(sent, 100_000);
        await person.press("Start again");
        await person.reach("transport");
    }, { url: other.url }));
});

describe("a device with a right session says what no device may", () => {
    let device;
    before(async () => {
        device = await startPeer("hostile-device.mjs");
    });
    after(() => device?.stop());

    const kinds = { random: "random octets", nested: "400 arrays in each other", statuses: "one status response after the other", endless: "reports and a list without an end", types: "values of other types" };
    for (const [what, name] of Object.entries(kinds)) {
        test(`while it is set up: ${name}`, () => onPage(async person => {
            await device.ask({ do: "be", what });
            await ready(person);
            await bounded(async () => {
                await attempt(person);
                // What it says of itself in other types is as if it had said nothing; it may go on to the question.
                await person.reach("failed", ...(what === "types" ? ["decide"] : []));
                if (what === "types" && (await person.screen()) === "decide") await person.press("Stop here");
                const error = await failure(person);
                const { messages } = await device.next(line => line.said === what, "its answers");
                assert.ok(messages >= (what === "endless" ? 500 : 1), `it came to say ${messages} messages`);
            });
            await device.ask({ do: "be", what: "honest" });
            await device.ask({ do: "erase" });
            // It was none of the page's faults: what is honest again joins.
            if (what !== "random") return;
            await person.press("Start again");
            await person.reach("transport");
            await attempt(person);
            await person.reach("decide");
            await person.press("Stop here");
            await person.reach("failed");
            await device.ask({ do: "erase" });
        }));
    }

    const bidi = "\u202egnp.\u2066\u0007\u001b[31m\u05d0\u05d1\u05d2\u2069\u0000";
    test("once it is in the home: markup, script, signs that turn the writing round, and texts of any length", () => onPage(async person => {
        await ready(person);
        await attempt(person);
        await person.reach("decide");
        const texts = {
            vendorName: "<img src=http://192.0.2.99/x onerror=\"tripped.push('v')\">", productName: "<script>tripped.push('p')</script><b>lamp</b>",
            nodeLabel: bidi, serialNumber: "W".repeat(64),
        };
        await device.ask({ do: "be", what: "texts", texts });
        await person.press("Set it up anyway");
        await person.reach("done");
        await device.next(line => line.said === "texts", "its texts");
        const look = async what => {
            await fits(person);
            await unharmed(person);
            const text = await person.text();
            for (const part of what) assert.ok(text.includes(part), `"${part}" is not shown: ${text}`);
        };
        await look(["<script>tripped"]);
        await person.press("Try it");
        await person.reach("device");
        await person.page.getByRole("switch").waitFor();
        await look(["<img src=http://192.0.2.99/x", "<script>tripped", "WWWWWWWW"]);
        await device.ask({ do: "be", what: "texts", texts: { vendorName: "V".repeat(1000), productName: "\u0e49".repeat(60) + "\ud83d", nodeLabel: "javascript:tripped.push(1)//".padEnd(64, "\u00a0"), serialNumber: " " } });
        await person.page.reload();
        await person.reach("home");
        await look([]);
        await person.page.locator("[data-id]").first().click();
        await person.page.getByRole("switch").waitFor();
        await look(["javascript:tripped"]);
        assert.doesNotMatch(await person.text(), /VVVVVVVV/);
    }));

    test("once it is in the home: values of other types, and some that nobody asked for", () => onPage(async person => {
        await device.ask({ do: "be", what: "types" });
        await person.reach("home");
        await person.page.locator("[data-id]").first().click();
        await device.next(line => line.said === "types", "its values");
        await person.page.getByText("Reading", { exact: false }).waitFor({ state: "hidden" });
        await unharmed(person);
        await device.ask({ do: "be", what: "honest" });
        // Nothing is broken for good.
        await person.page.reload();
        await person.reach("home");
        await person.page.locator("[data-id]").first().click();
        await person.page.getByRole("switch").waitFor();
    }));

    test("a new one in other types is in the home all the same", () => onPage(async person => {
        await device.ask({ do: "erase" });
        await ready(person);
        await attempt(person);
        await person.reach("decide");
        await device.ask({ do: "be", what: "types" });
        await person.press("Set it up anyway");
        await person.reach("done");
        const [commissioned] = await person.told("matter-commissioned");
        assert.deepEqual([commissioned.vendorId, commissioned.productId], [0xfff1, 0x8000]);
    }));
});

describe("hundreds of services on the network say that they are the device", () => {
    let device, speaker, mirror, timer;
    const { encode } = createRequire(createRequire(import.meta.url).resolve("multicast-dns"))("dns-packet");
    const service = (i, ttl) => {
        const name = `EV1L${i.toString(16).padStart(12, "0").toUpperCase()}._matterc._udp.local`, host = `EV1L${i % 7}.local`;
        const said = ["<img src=x onerror=alert(1)>", "\u202egnihton\u2066", "W".repeat(32), "<script>alert(1)</script>"][i % 4];
        return [
            { name: "_matterc._udp.local", type: "PTR", ttl, data: name }, { name: "_L3840._sub._matterc._udp.local", type: "PTR", ttl, data: name }, { name: "_S15._sub._matterc._udp.local", type: "PTR", ttl, data: name },
            { name, type: "SRV", ttl, data: { port: mirror.address().port, target: host, priority: 0, weight: 0 } },
            { name, type: "TXT", ttl, data: ["D=3840", "CM=1", "VP=65521+32768", `DN=${said}`, `PI=${"p".repeat(128)}`].map(text => Buffer.from(text)) },
            { name: host, type: "A", ttl, data: "10.66.0.66" },
        ];
    };
    const announce = ttl => {
        for (let i = 0; i < 400; i += 2) speaker.send(encode({ type: "response", flags: 0x400, answers: [...service(i, ttl), ...service(i + 1, ttl)] }), 5353, "224.0.0.251");
    };
    before(async () => {
        device = await startPeer("hostile-device.mjs");
        speaker = createSocket({ type: "udp4", reuseAddr: true });
        mirror = createSocket("udp4");
        mirror.on("message", (message, from) => mirror.send(message, from.port, from.address));
        mirror.bind(0, "10.66.0.66");
        speaker.bind(5353, "10.66.0.66");
        await Promise.all([once(mirror, "listening"), once(speaker, "listening")]);
        speaker.setMulticastInterface("10.66.0.66");
        speaker.setMulticastLoopback(true);
    });
    after(async () => {
        clearInterval(timer);
        speaker?.close();
        mirror?.close();
        await device?.stop();
    });

    test("a short list, which can be used; and the device, once they are gone", () => onPage(async person => {
        await ready(person);
        announce(120);
        timer = setInterval(() => announce(120), 500);
        const listed = person.page.getByText("In pairing mode", { exact: true });
        await bounded(async () => {
            await person.press("Continue");
            await person.reach("discover");
            await listed.nth(20).waitFor();
            await pause(1500);
        });
        const shown = await listed.count();
        assert.ok(shown <= 32, `${shown} devices are listed`);
        await fits(person);
        await unharmed(person);
        await person.page.getByText("<script>alert(1)</script>").first().click();
        assert.ok((await failure(person)).code.length > 0);
        clearInterval(timer);
        // More than once: so many at once do not all arrive.
        for (let i = 0; i < 3; i++) {
            announce(0);
            await pause(700);
        }
        await person.press("Start again");
        await person.reach("transport");
        await attempt(person);
        await person.reach("decide");
        await person.press("Stop here");
        await person.reach("failed");
    }));
});

describe("an agent that means harm", () => {
    const folder = new URL("../../dist/page/", import.meta.url);
    const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json", ".tlv": "application/octet-stream" };
    let server, url, misdeed;

    const short = (...numbers) => numbers.flatMap(n => [n & 0xff, n >> 8]);
    const word = text => [Buffer.byteLength(text), ...Buffer.from(text)];
    const hello = Buffer.from([1, ...short(64, 8), ...word("1.0.0")]);
    const found = (search, instance, host, name) => Buffer.from([9, ...short(search), ...word(host), ...short(5540), ...word(""), ...word(instance), ...word(name), ...word(""), ...short(0b1001), ...short(3840, 0), ...short(1, 0)]);
    /** As fast as it is taken, for so long. */
    const flood = async (socket, milliseconds, make) => {
        const end = Date.now() + milliseconds;
        let octets = 0;
        for (let i = 0; Date.now() < end && socket.readyState === WebSocket.OPEN; i++) {
            const frame = make(i);
            octets += frame.length;
            socket.send(frame);
            if (i % 256 === 0) await pause(0);
            while (socket.bufferedAmount > 2 ** 22 && Date.now() < end) await pause(1);
        }
        return octets;
    };
    before(async () => {
        assert.ok(existsSync(new URL("index.html", folder)), "dist/page is not built: run make build");
        const headers = JSON.parse(readFileSync(new URL("headers.json", folder), "utf8"));
        server = createServer((request, response) => {
            const path = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
            const file = new URL(path, folder);
            if (!existsSync(file)) return response.writeHead(404).end();
            response.writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "application/octet-stream", "server-timing": "matter-agent" }).end(readFileSync(file));
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        url = `http://127.0.0.1:${server.address().port}/`;
        new WebSocketServer({ server, path: "/agent" }).on("connection", socket => {
            socket.on("error", () => {});
            misdeed(socket);
        });
    });
    after(() => {
        server?.closeAllConnections();
        server?.close();
    });
    const aside = { expected: /WebSocket connection to/ };

    const greetings = {
        "a text": socket => socket.send("hello"),
        "octets of no frame": socket => socket.send(randomBytes(500)),
        "16 MiB": socket => socket.send(Buffer.alloc(16 << 20, 9)),
        "an end without a word": socket => socket.terminate(),
    };
    for (const [name, greet] of Object.entries(greetings)) {
        test(`it greets with ${name}`, () => onPage(async person => {
            let greeted = 0;
            misdeed = socket => {
                greeted++;
                greet(socket);
            };
            await ready(person);
            await bounded(async () => {
                await person.press("Continue");
                await person.page.getByText(/No answer from the agent/).first().waitFor();
            });
            assert.ok(greeted > 0);
            assert.ok(["transport", "discover"].includes(await person.screen()), await person.screen());
        }, { url, ...aside }));
    }

    test("it finds devices without end, and ever more addresses of one", () => onPage(async person => {
        let octets;
        misdeed = socket => {
            socket.send(hello);
            socket.on("message", message => {
                if (message[0] !== 8) return;
                const search = message.readUInt16LE(1);
                octets = flood(socket, 3000, i => found(i % 3 === 0 ? search : i % 3 === 1 ? (search + i) & 0xffff : search, i % 2 === 0 ? `<b>${i}</b>` : "one", `fe80::${(i & 0xffff).toString(16)}`, "\u202e<img src=x>"));
            });
        };
        await ready(person);
        await bounded(async () => {
            await person.press("Continue");
            await person.reach("discover");
            await person.page.getByText("In pairing mode", { exact: true }).nth(20).waitFor();
            assert.ok((await octets) > 2 ** 19, `it came to say ${await octets} octets`);
        });
        assert.ok((await person.page.getByText("In pairing mode", { exact: true }).count()) <= 32);
        await fits(person);
    }, { url, ...aside }));

    test("it carries datagrams that no device sent, of channels that nobody opened, and hangs up in the middle", () => onPage(async person => {
        let octets;
        misdeed = socket => {
            socket.send(hello);
            socket.on("message", message => {
                if (message[0] === 8) socket.send(found(message.readUInt16LE(1), "lamp", "fe80::1", "Lamp"));
                if (message[0] !== 2) return;
                const channel = message.readUInt16LE(1);
                socket.send(Buffer.from([3, ...short(channel)]));
                const body = randomBytes(1200);
                octets ??= flood(socket, 3000, i => {
                    body.writeUInt32LE(i, 4);
                    return Buffer.concat([Buffer.from([6, ...short(i % 4 === 0 ? (channel + i) & 0xffff : channel)]), body]);
                }).finally(() => socket.terminate());
            });
        };
        await ready(person);
        await bounded(async () => {
            await attempt(person);
            await failure(person);
            assert.ok((await octets) > 2 ** 23, `it came to say ${await octets} octets`);
        });
    }, { url, ...aside }));
});
