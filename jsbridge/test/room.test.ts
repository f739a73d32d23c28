import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { parseAddress, type Discovered, type DiscoverQuery, type HostTransport } from "matter-session";
import { UdpTransport } from "matter-session/node";
import { startDevice, type Device } from "./support/device.js";
import { MemoryStore } from "./support/loop.js";
import { Page, type PageOptions } from "./support/room.js";

let device: Device;
const pages: Page[] = [];
const transports: UdpTransport[] = [];
before(async () => {
    device = await startDevice();
});
after(() => device.stop());
beforeEach(() => device.ask({ do: "erase" }));
afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    for (const transport of transports.splice(0)) await transport.close();
});

/** UDP, and a discovery that knows the light. */
function network(): HostTransport & { sent: number } {
    const udp = new UdpTransport();
    transports.push(udp);
    const peer = parseAddress(`127.0.0.1:${device.ready.port}`);
    return {
        sent: 0,
        async open(address, signal) {
            const channel = await udp.open(address, signal);
            const count = (): number => this.sent++;
            return {
                kind: channel.kind, maxMessage: channel.maxMessage, closed: channel.closed, close: () => channel.close(), receive: handler => channel.receive(handler),
                send: message => (count(), channel.send(message)),
            };
        },
        async *discover(query: DiscoverQuery, signal: AbortSignal): AsyncGenerator<Discovered, void, undefined> {
            // Whatever discriminator it has just now: that of its label, or of a window.
            if ("operational" in query) yield { peer };
            else yield { peer, discriminator: query.short ? query.discriminator << 8 : query.discriminator, vendorId: 0xfff1, productId: 0x8000, open: 1 };
            if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener("abort", () => resolve()));
        },
    };
}

function open(options: PageOptions = {}): Page {
    const page = new Page({ storage: new MemoryStore(), transport: network(), fabricLabel: "Test home", ...options });
    pages.push(page);
    return page;
}

const begin = { type: "begin", route: "host", candidate: "", payload: 0 } as const;
const keep = (code: string) => ({ type: "keepCode", code }) as const;

async function accept(page: Page): Promise<void> {
    const { attestation } = await page.next("attestationAsked");
    page.do({ type: "decide", request: attestation.request, accept: true });
}

async function commission(page: Page, code: string = device.ready.qr): Promise<string> {
    page.do(keep(code), begin);
    await accept(page);
    return (await page.next("commissioned")).node.id;
}

describe("a room", () => {
    it("commissions, tells every step, and who it is", async () => {
        const page = open();
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        assert.deepEqual([attestation.verdict, attestation.vendorId, attestation.productId], ["test", 0xfff1, 0x8000]);
        assert.ok(attestation.findings.length > 0 && attestation.request > 0);
        page.do({ type: "decide", request: attestation.request, accept: true });
        const { node } = await page.next("commissioned");
        assert.deepEqual([node.name, node.vendorName, node.productName, node.serial, node.vendorId, node.productId], ["Test light", "matter-session", "Test light", "L-1", 0xfff1, 0x8000]);
        assert.match(node.id, /^[0-9A-F]{16}$/);
        assert.equal(node.address, `127.0.0.1:${device.ready.port}`);
        const [detail] = page.commissioned;
        assert.equal(detail?.nodeId, BigInt(`0x${node.id}`));
        const steps = page.events.filter(event => event.type === "stepReported").map(({ step }) => step);
        for (const id of ["link", "pase", "attestation", "csr", "noc", "case", "complete"]) {
            assert.ok(steps.some(step => step.id === id && step.status === "done"), id);
        }
        for (const step of steps) assert.ok(Math.abs(step.startedAt - Date.now()) < 60_000 && step.elapsed >= 0 && step.elapsed < 60_000, JSON.stringify(step));
        page.do({ type: "readHome" });
        const { home } = await page.next("homeRead");
        assert.deepEqual([home.exists, home.label, home.nodes.map(({ id, serial }) => [id, serial])], [true, "Test home", [[node.id, "L-1"]]]);
    });

    it("shows a device, switches it, tells what changes on it, and leaves it", async () => {
        const page = open();
        const node = await commission(page);
        page.do({ type: "readDevice", node });
        const { endpoints, node: about } = await page.next("deviceRead");
        assert.equal(about.productName, "Test light");
        const [light] = endpoints;
        assert.deepEqual([light?.id, light?.types, light?.hasOnOff, light?.on, light?.hasLevel, light?.identify], [1, [0x0100], true, false, false, true]);
        await page.next("attributeTold", event => event.on === false);
        page.do({ type: "command", node, endpoint: 1, command: "on" });
        assert.equal((await page.next("commandDone")).id, "");
        await page.next("attributeTold", event => event.on === true);
        assert.equal((await device.ask({ do: "state" })).onOff, true);
        page.do({ type: "command", node, endpoint: 1, command: "identify" });
        assert.equal((await page.next("commandDone")).id, "");
        page.do({ type: "setLevel", node, endpoint: 1, level: 9 });
        assert.equal((await page.next("commandDone")).id, "device-refused", "it has no level");
        page.do({ type: "leaveDevice", node });
        page.do({ type: "removeDevice", node, forgetOnly: false });
        assert.equal((await page.next("deviceRemoved")).node, node);
        page.do({ type: "readHome" });
        assert.deepEqual((await page.next("homeRead")).home.nodes, []);
    });

    it("opens a window for another room, and tells that it was used", async () => {
        const [page, other] = [open(), open({ fabricLabel: "Other" })];
        const node = await commission(page);
        page.do({ type: "openWindow", node, seconds: 180 });
        const window = await page.next("windowOpened");
        assert.match(window.manual, /^\d{4}-\d{3}-\d{4}$/);
        assert.ok(window.lasts > 170_000 && window.lasts <= 180_000);
        page.do({ type: "openWindow", node, seconds: 180 });
        assert.equal((await page.next("windowFailed")).status, "Busy (2)");
        await commission(other, window.qr);
        assert.deepEqual(await page.next("windowEnded"), { type: "windowEnded", node, reason: "joined", vendor: "0xFFF1" });
        const shared = await page.room.share(BigInt(`0x${node}`), 200);
        assert.match(shared.manual, /^\d{11}$/);
        page.do({ type: "closeWindow", node });
        assert.equal((await page.next("windowEnded")).reason, "closed");
        assert.ok(!page.events.some(event => event.type === "windowOpened" && event.qr === shared.qr), "a host's share is not the page's");
        page.do({ type: "removeDevice", node, forgetOnly: true });
        await page.next("deviceRemoved");
        assert.equal((await device.ask({ do: "state" })).fabrics, 2, "forgotten on this side only");
    });

    it("stops: undone, told once; and the kept code works again", async () => {
        const page = open();
        page.do(keep(device.ready.manual), begin);
        await page.next("attestationAsked");
        page.do({ type: "cancel" });
        assert.deepEqual(await page.next("stopDone"), { type: "stopDone", rolledBack: true, wait: 0 });
        assert.equal((await device.ask({ do: "state" })).commissioned, false);
        page.do(begin);
        await accept(page);
        await page.next("commissioned");
        assert.deepEqual(page.events.filter(event => event.type === "failed"), []);
        page.do({ type: "cancel" });
        assert.equal((await page.next("stopDone")).rolledBack, true, "nothing was under way");
    });

    it("says what failed, why, and where to enter again", async () => {
        const page = open();
        const failed = async () => {
            const error = await page.next("commissioned").catch((error: Error) => error.message);
            return JSON.parse(String(error).replace(/^[^{]*/, "")) as { id: string; retry: string; step: string; params: Record<string, string> };
        };
        page.do(begin);
        assert.deepEqual([(await failed()).id, page.events.length], ["code-lost", 1]);
        page.do(keep("34970112333"), begin);
        const typo = await failed();
        assert.deepEqual([typo.id, typo.retry], ["code-check-digit", "code"]);
        page.do(keep(device.ready.qr), begin);
        const { attestation } = await page.next("attestationAsked");
        page.do({ type: "decide", request: attestation.request, accept: false });
        const refused = await failed();
        assert.deepEqual([refused.id, refused.retry, refused.step, refused.params["finding"]], ["attestation-refused", "none", "attestation", attestation.findings[0]]);
        page.room.configure({ attestation: "certified" });
        page.do(begin);
        assert.equal((await failed()).id, "attestation-refused");
        page.do({ type: "forgetCode" }, begin);
        assert.equal((await failed()).id, "code-lost");
    });
});
