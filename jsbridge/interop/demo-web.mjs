// make demo-web: the page, the agent that serves it, and a real device of another make to try it on, all on loopback.
//
//     node demo-web.mjs          prints one address with the code filled in, and waits until Ctrl-C
//     node demo-web.mjs --auto   Chromium goes through it; the last screen is left in dist/screens/demo-web.png

import { mkdir } from "node:fs/promises";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { buildAgent, startAgent, startBrowser } from "./page.mjs";
import { startPeer } from "./peers/start.mjs";

const auto = process.argv.includes("--auto");
const picture = new URL("../../dist/screens/demo-web.png", import.meta.url);

/** The device's light goes on and off under the eyes of whoever waits. */
async function tell(device) {
    for (;;) {
        const { onOff } = await device.next(line => "onOff" in line && !("answer" in line), "the light to change", 2 ** 31 - 1);
        console.log(`  the light is ${onOff ? "on" : "off"}`);
    }
}

async function drive(url) {
    const browser = await startBrowser({ viewport: { width: 1000, height: 1250 } });
    try {
        const begun = performance.now();
        const person = await browser.open(url);
        await person.reach("code");
        await person.press("Continue");
        await person.reach("transport");
        const clicked = performance.now();
        await person.press("Continue");
        await person.choose();
        await person.reach("decide");
        console.log("  the page asks about the maker: a development device, let in here");
        await person.press("Set it up anyway");
        await person.reach("done");
        console.log(`  commissioned, ${Math.round(performance.now() - clicked)} ms after the last Continue, ${Math.round(performance.now() - begun)} ms after the page was opened`);
        await person.press("Try it");
        await person.toggle(device);
        console.log("  the light went on, and off again");
        if (person.problems.length > 0) throw new Error(person.problems.join("\n"));
        await mkdir(new URL(".", picture), { recursive: true });
        await person.page.screenshot({ path: fileURLToPath(picture), fullPage: true });
        console.log("  its last screen is in dist/screens/demo-web.png");
    } finally {
        await browser.close();
    }
}

let device, agent;
try {
    device = await startPeer("device.mjs");
    agent = await startAgent(buildAgent(), ["-allow", `[::1]:${device.ready.port}`]);
    console.log(`  matter.js's on/off light listens at [::1]:${device.ready.port}; its label says ${device.ready.qr}`);
    const url = new URL(agent.url);
    url.hash += `&${new URLSearchParams({ code: device.ready.qr, "test-devices": "" })}`;
    console.log(`\n${url.href}\n`);
    if (auto) {
        await drive(url.href);
    } else {
        void tell(device).catch(() => {}); // until it ends
        console.log("  open it in a browser of this machine; Ctrl-C ends all of it");
        await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    }
} finally {
    await agent?.stop();
    await device?.stop();
}
