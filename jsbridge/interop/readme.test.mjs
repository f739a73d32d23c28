// The TypeScript of README, run as it stands there against a live device.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startPeer } from "./peers/start.mjs";

const root = new URL("../../", import.meta.url);

test("README's ten lines commission a device and switch it on", async () => {
    const readme = await readFile(new URL("README.md", root), "utf8");
    const [, code] = /```ts\n([^]*?)```/.exec(readme) ?? [];
    assert.ok(code, "README.md has no ts block");
    const [imports, body] = code.split("\n\n");
    assert.match(imports, /^import/);

    const device = await startPeer("device.mjs");
    const directory = await mkdtemp(join(tmpdir(), "matter-session-readme-"));
    // Inside the package, so that its own name resolves as an importer's would.
    const folder = new URL(".cache/readme/", root);
    await mkdir(folder, { recursive: true });
    const file = new URL("lines.mjs", folder);
    after(() => Promise.all([device.stop(), rm(directory, { recursive: true, force: true }), rm(folder, { recursive: true, force: true })]));

    await writeFile(file, `${imports}\nexport async function run({ code, address, directory, console }) {\n${body}}\n`);
    const printed = [];
    const { run } = await import(file.href);
    await run({
        code: device.ready.qr,
        address: `[::1]:${device.ready.port}`,
        directory: join(directory, "fabric"),
        console: { log: value => printed.push(value) },
    });
    assert.deepEqual(printed, [true]);
    await device.next(line => line.onOff === true, "the light to go on");
});
