import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exitCodes } from "#dist/node/cli/exit.js";
import { printable, secret } from "#dist/node/cli/io.js";
import { cli, type Outcome } from "./support/cli.js";
import { startDevice, type Device } from "./support/device.js";
import { root } from "./support/vectors.js";

let home = "";
before(async () => { home = await mkdtemp(join(tmpdir(), "matter-session-test-")); });
after(() => rm(home, { recursive: true, force: true }));
const run = (...args: string[]): Promise<Outcome> => cli(args, { home });

/** One sentence on standard error, nothing on standard output. */
async function refused(code: number, message: RegExp, ...args: string[]): Promise<void> {
    const result = await run(...args);
    assert.equal(result.code, code, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, "");
}

describe("matter-session", () => {
    it("has the exit codes that docs/cli.md and --help have", async () => {
        const documented = [...readFileSync(new URL("docs/cli.md", root), "utf8").matchAll(/^\| (\d+) \| /gm)].map(match => Number(match[1]));
        assert.deepEqual(documented, Object.values(exitCodes));
        const help = (await run("--help")).stdout;
        for (const code of documented) assert.match(help, new RegExp(`[:;]\\s${code} `));
    });

    it("lists every command in docs/cli.md and in --help", async () => {
        const help = (await run("--help")).stdout, docs = readFileSync(new URL("docs/cli.md", root), "utf8");
        for (const command of ["commission", "read", "write", "invoke", "subscribe", "discover", "nodes", "trust", "code"]) {
            assert.match(help, new RegExp(`^ {2}${command}\\b`, "m"));
            assert.ok(docs.includes(`| \`${command}`), command);
            assert.equal((await run(command, "--help")).code, 0);
        }
        const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
        assert.equal((await run("--version")).stdout, `${version}\n`);
    });

    it("refuses wrong use with 2 and one sentence", async () => {
        await refused(2, /unknown command 'dance'/, "dance");
        await refused(2, /unknown option '--frob'/, "nodes", "--frob");
        await refused(2, /missing required argument 'NODE'/, "read");
        await refused(2, /NODE is a node ID/, "read", "kitchen", "1/6/0");
        await refused(2, /not the ID of a node/, "read", "0", "1/6/0");
        await refused(2, /no cluster is known as "lamp"/, "read", "5", "1/lamp/0");
        await refused(2, /no attribute of OnOff is known as "x"/, "read", "5", "1/on-off/x");
        await refused(2, /is not ENDPOINT\/CLUSTER\/MEMBER/, "read", "5", "1/6/0/0");
        await refused(2, /ENDPOINT is a whole number from 0 to 65534/, "read", "5", "x/6/0");
        await refused(2, /nothing may be left open/, "write", "5", "1/on-off", "1");
        await refused(2, /VALUE is not JSON/, "write", "5", "1/on-off/on-time", "{");
        await refused(2, /VALUE: 70000 is not uint16 \(0 to 65535\)/, "write", "5", "1/on-off/on-time", "70000");
        await refused(2, /FIELDS: no member "level"/, "invoke", "5", "1/on-off/toggle", '{"level": 1}');
        await refused(2, /is not an address/, "commission", "34970112332", "--address", "127.0.0.1:99999");
        await refused(2, /give a setup code/, "commission");
        await refused(2, /not both/, "commission", "34970112332", "--code-file", "x");
        await refused(2, /x cannot be read/, "commission", "--code-file", "x");
        await refused(2, /not both/, "commission", "34970112332", "--wifi", "a", "--thread-dataset", "00");
        await refused(2, /--timeout is a whole number/, "discover", "--timeout", "0");
        await refused(2, /no network interface "nowhere0"/, "discover", "--interface", "nowhere0");
        await refused(2, /devices in use tell no discriminator/, "discover", "--kind", "operational", "--discriminator", "5");
        await refused(2, /createAuthority.label: a text of 33 octets, at most 32/, "commission", "34970112332", "--label", "x".repeat(33));
    });

    it("takes one secret from standard input, and not two", async () => {
        const both = await cli(["commission", "-", "--wifi", "Home", "--wifi-password-file", "-"], { home, input: "34970112332\npassword\n" });
        assert.equal(both.code, 2);
        assert.match(both.stderr, /the Wi-Fi password: standard input holds the setup code already/);
    });

    it("ends by Ctrl-C while it waits for standard input, and by the first line of one that stays open", async () => {
        const abort = new AbortController();
        const { signal } = abort;
        setTimeout(() => abort.abort(new Error("stopped")), 1);
        await assert.rejects(secret("a code", "-", undefined, signal), /stopped/);
        const result = await cli(["code", "parse", "-"], { home, input: "34970112332\n", openInput: true });
        assert.deepEqual([result.code, result.stderr], [0, ""]);
    });

    it("keeps the blanks around a Wi-Fi password, and reads no more of a file than a secret can be", async () => {
        const file = join(home, "password"), { signal } = new AbortController();
        await writeFile(file, "  two blanks \r\nmore\n");
        assert.equal(await secret("the password", undefined, file, signal, true), "  two blanks ");
        assert.equal(await secret("the code", undefined, file, signal), "two blanks");
        assert.equal((await secret("the code", undefined, "/dev/zero", signal))?.length, 65_536);
    });

    it("lets no control character of a device reach a terminal", () => {
        assert.equal(printable("a\x1b[2Jb\x9b1mc\r\x7f\n\td"), "a\ufffd[2Jb\ufffd1mc\ufffd\ufffd\n\td");
    });

    it("says of a damaged trust list that it is that, with 10", async () => {
        const damaged = join(home, "damaged");
        await mkdir(damaged);
        await writeFile(join(damaged, "trust-ledger.bin"), "?");
        await refused(10, /the stored trust list "trust-ledger" cannot be read/, "-d", damaged, "trust", "show");
    });

    it("refuses to talk about a home that is not there, and makes none by it", async () => {
        await refused(9, /there is no home here yet: commission a device first/, "nodes");
        await refused(9, /there is no home here yet/, "read", "5", "1/6/0", "--address", "127.0.0.1");
    });

    it("reads setup codes from arguments, files and standard input, and says what is wrong with them", async () => {
        const file = join(home, "code");
        await writeFile(file, "3497-011-2332\nmore\n");
        for (const result of [
            await run("--json", "code", "parse", "34970112332"), await run("--json", "code", "parse", "--code-file", file),
            await cli(["--json", "code", "parse", "-"], { home, input: "34970112332\n" }), await cli(["--json", "code", "parse", "--code-file", "-"], { home, input: "34970112332" }),
        ]) {
            assert.equal(result.code, 0, result.stderr);
            const { form, passcode, discriminatorBits } = JSON.parse(result.stdout);
            assert.deepEqual([form, passcode, discriminatorBits], ["manual", 20202021, 4]);
        }
        await refused(3, /check digit/, "code", "parse", "34970112333");
        await refused(3, /newer/, "code", "parse", "84970112332");
        await refused(3, /6 of 11 digits/, "code", "parse", "349701");
        const empty = await cli(["code", "parse", "-"], { home, input: "" });
        assert.equal(empty.code, 2);
        assert.match(empty.stderr, /standard input is empty/);
    });

    it("makes setup codes that it reads", async () => {
        const made = JSON.parse((await run("--json", "code", "make", "--vendor", "0xfff1", "--product", "0x8000", "--passcode", "20202021", "--discriminator", "3840", "--discovery", "ble")).stdout);
        assert.deepEqual(made, { qr: "MT:Y.K9042C00KA0648G00", manual: "34970112332", passcode: 20202021, discriminator: 3840 });
        const random = JSON.parse((await run("--json", "code", "make")).stdout);
        for (const code of [random.qr, random.manual]) assert.equal(JSON.parse((await run("--json", "code", "parse", code)).stdout).passcode, random.passcode);
        await refused(3, /forbid/, "code", "make", "--passcode", "12345678");
        await refused(2, /--discriminator is a whole number from 0 to 4095/, "code", "make", "--discriminator", "4096");
        await refused(2, /"radio" is none of/, "code", "make", "--discovery", "radio");
    });
});

describe("matter-session and a light of another make", () => {
    let device: Device, where: string[], node = "";
    before(async () => {
        device = await startDevice();
        where = ["--address", `127.0.0.1:${device.ready.port}`];
    });
    after(() => device.stop());

    it("refuses a test device unless told otherwise, and nobody is asked who is not there", async () => {
        await refused(6, /--allow-test-devices would accept it[\s\S]*\(attestation-refused, at step "attestation"/, "commission", device.ready.qr, ...where);
        await refused(6, /The device was not accepted/, "-q", "commission", device.ready.qr, ...where, "--certified-only", "--allow-test-devices");
    });

    it("says with 4 that the code does not fit", async () => {
        const { qr } = JSON.parse((await run("--json", "code", "make", "--passcode", "20202022", "--discriminator", "3840")).stdout);
        await refused(4, /The setup code does not fit this device/, "commission", qr, ...where);
    });

    it("refuses what no network or country can be before it asks the device", async () => {
        await refused(2, /the Thread dataset: not hex at character 1/, "commission", device.ready.qr, ...where, "--thread-dataset", "zz");
        await refused(2, /commission.country: a text of 3 octets, at most 2/, "commission", device.ready.qr, ...where, "--country", "DEU");
    });

    it("does not leave a setup code in the list of processes", async () => {
        let seen = "";
        const { qr } = device.ready;
        const result = await cli(["commission", qr, ...where], { home, started: pid => void (async () => {
            // The interpreter's start is not ours; from the first step on nothing is left.
            while (seen !== "matter-session") seen = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replace(/\0+$/, "");
        })() });
        assert.deepEqual([result.code, seen], [6, "matter-session"]);
    });

    it("undoes a commissioning that is interrupted, and ends with 130", async () => {
        const result = await cli(["commission", device.ready.qr, ...where, "--allow-test-devices"], { home, interruptAt: "attestation" });
        assert.equal(result.code, 130, result.stderr);
        assert.equal((await device.ask({ do: "state" })).commissioned, false);
    });

    it("commissions by a code from standard input: the node ID alone on standard output, a private directory", async () => {
        const result = await cli(["commission", "-", ...where, "--allow-test-devices", "--label", "Test home"], { home, input: `${device.ready.qr}\n` });
        assert.equal(result.code, 0, result.stderr);
        assert.match(result.stdout, /^0x[0-9a-f]{16}\n$/);
        assert.match(result.stderr, /✓ pase[\s\S]*✓ complete[\s\S]*Commissioned in/);
        for (const secret of [device.ready.qr, String(device.ready.passcode)]) assert.ok(!(result.stdout + result.stderr).includes(secret));
        node = result.stdout.trim();
        assert.equal((await stat(home)).mode & 0o777, 0o700);
        const nodes = JSON.parse((await run("--json", "nodes")).stdout);
        assert.deepEqual([nodes.length, nodes[0].nodeId, nodes[0].name], [1, node, "Test light"]);
    });

    it("toggles and reads, from the address that it remembers", async () => {
        const before = (await run("read", node, "1/on-off/on-off")).stdout;
        const toggled = await run("invoke", node, "1/on-off/toggle");
        assert.deepEqual([toggled.code, toggled.stdout], [0, ""]);
        assert.match(toggled.stderr, /Resumed the session/);
        const after = await run("--json", "read", node, "1/6/0");
        assert.deepEqual(JSON.parse(after.stdout), before !== "true\n");
    });

    it("writes, and reads several paths with their errors among them", async () => {
        assert.equal((await run("write", node, "0/basic-information/node-label", '"Hall"', ...where)).code, 0);
        const text = (await run("read", node, "0/basic-information/node-label", "9/6/0")).stdout;
        assert.match(text, /^0\/BasicInformation\/nodeLabel = "Hall"$/m);
        assert.match(text, /^9\/OnOff\/onOff ! .*unsupported endpoint$/m);
        const json = JSON.parse((await run("--json", "read", node, "0/*/feature-map", "--event", "0/basic-information/start-up")).stdout);
        assert.ok(json.attributes.length > 3 && json.events.length === 1);
        // A path that leaves its end open is no exact one.
        assert.ok((await run("read", node, "1/on-off")).stdout.trim().split("\n").length > 5);
        assert.equal((await run("read", node, "9/6/0")).code, 7);
        assert.equal((await run("write", node, "0/basic-information/vendor-name", '"x"')).code, 7);
        const armed = await run("invoke", node, "0/general-commissioning/arm-fail-safe", '{"expiryLengthSeconds": 0, "breadcrumb": "0"}');
        assert.deepEqual(JSON.parse(armed.stdout), { errorCode: 0, debugText: "" });
    });

    it("subscribes for a number of reports, or until interrupted", async () => {
        const one = await run("--json", "subscribe", node, "1/on-off/on-off", "--count", "1");
        assert.equal(one.code, 0, one.stderr);
        assert.equal(JSON.parse(one.stdout).attributes[0].name, "OnOff.onOff");
        const stopped = await cli(["subscribe", node, "1/on-off/on-off"], { home, interruptAt: "Subscribed" });
        assert.deepEqual([stopped.code, stopped.stderr.includes("interrupted")], [0, false], stopped.stderr);
        await refused(2, /least interval/, "subscribe", node, "1/6/0", "--min", "9", "--max", "5");
    });

    it("ends in order when nobody reads its results any more", async () => {
        // The second report finds that out.
        let on = false;
        const changes = setInterval(() => void device.ask({ do: "set", onOff: (on = !on) }), 500);
        const result = await cli(["subscribe", node, "1/on-off/on-off"], { home, deafAt: "OnOff" }).finally(() => clearInterval(changes));
        assert.equal(result.code, 0, result.stderr);
        assert.doesNotMatch(result.stderr, /EPIPE|at .*node:/);
    });

    it("gives up with 5 on an address where nobody answers", async () => {
        await refused(5, /did not answer within 1 s/, "read", node, "1/6/0", "--address", "127.0.0.1:9", "--timeout", "1");
    });
});
