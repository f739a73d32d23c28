import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { root } from "./support/vectors.js";

interface Package {
    bin: Record<string, string>;
    exports: Record<string, string | { types: string; default: string }>;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
    files: string[];
}
const base = fileURLToPath(root);
const text = (path: string): string => readFileSync(join(base, path), "utf8");
const manifest = JSON.parse(text("package.json")) as Package;

describe("the package", () => {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-test-"));
    after(() => rmSync(directory, { recursive: true, force: true }));

    it("pins every dependency exactly, and its lock file names no registry", () => {
        for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
        assert.doesNotMatch(text("package-lock.json"), /"resolved"|https?:\/\/[^"]*\/-\//);
    });

    it("exports files that are there, and one pattern, the assets", () => {
        for (const [name, target] of Object.entries(manifest.exports)) {
            if (name === "./assets/*") continue;
            assert.ok(!name.includes("*"), name);
            for (const file of typeof target === "string" ? [target] : [target.types, target.default]) assert.ok(existsSync(join(base, file)), `${name}: ${file}`);
        }
        for (const file of Object.values(manifest.bin)) assert.match(text(file), /^#!\/usr\/bin\/env node\n/);
    });

    it("ships the blob with the notices that its parts ask for, the trust lists, and no test", () => {
        const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: base, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as [{ files: { path: string }[] }];
        const paths = files.map(file => file.path);
        for (const wanted of ["dist/matter-session.wasm", "dist/NOTICES.txt", "dist/paa.tlv", "dist/paa-test.tlv", "dist/index.d.ts", "dist/node/main.js", "dist/element/index.js", "dist/assets/worker.js", "dist/assets/NOTICES.txt", "dist/custom-elements.json", "LICENSE", "README.md", "SECURITY.md", "docs/cli.md"]) {
            assert.ok(paths.includes(wanted), wanted);
        }
        assert.deepEqual(paths.filter(path => /test\/|\.test\.|\.go$|^jsbridge|^dist\/page\//.test(path)), []);
        const notices = text("dist/NOTICES.txt");
        for (const part of ["the Go runtime", "filippo.io/nistec", "filippo.io/bigmod", "golang.org/x/sys"]) assert.ok(notices.includes(`== ${part}`), part);
        assert.ok((notices.match(/Redistributions in binary form/g)?.length ?? 0) >= 4);
    });

    it("type-checks in a strict project of its own, without Node's types, libraries checked", () => {
        mkdirSync(join(directory, "node_modules"));
        symlinkSync(base, join(directory, "node_modules", "matter-session"));
        writeFileSync(join(directory, "package.json"), '{"type": "module"}');
        writeFileSync(join(directory, "user.ts"), user);
        const options = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, target: "es2022", module: "nodenext", lib: ["es2023", "dom", "esnext.disposable"], types: [], skipLibCheck: false, noEmit: true };
        writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["user.ts"] }));
        try {
            execFileSync(process.execPath, [join(base, "node_modules/typescript/bin/tsc"), "-p", directory], { encoding: "utf8", stdio: "pipe" });
        } catch (error) {
            assert.fail((error as { stdout: string }).stdout);
        }
    });

    it("imports no module of Node's outside node/ and matterjs/, but where the host is Node", () => {
        const browser = readdirSync(join(base, "dist"), { recursive: true, encoding: "utf8" }).filter(file => file.endsWith(".js") && !/^(node|matterjs)\//.test(file));
        assert.ok(browser.length > 20);
        for (const file of browser) assert.doesNotMatch(text(join("dist", file)), /^import .* from "node:/m, file);
    });
});

/** What a user writes; each line that must not compile says so. */
const user = `
import { Controller, OnOff, BasicInformation, GeneralCommissioning, StatusResponseError, type CredentialStore, type HostTransport, type Commissioned } from "matter-session";
import type { Channel, FabricAuthority, StepEvent } from "matter-session/commission";

export async function main(storage: CredentialStore, transport: HostTransport): Promise<void> {
    await using controller = await Controller.open({ storage, transport });
    const light: Commissioned = await controller.commission("MT:…", { onProgress: (step: StepEvent) => step.elapsedMs.toFixed(), onAttestation: report => (report.verdict === "certified" ? "accept" : "refuse") });
    const on: boolean = await controller.read(light.nodeId, { endpoint: 1, cluster: OnOff, attribute: "onOff" });
    const crumb: bigint = await controller.read(light.nodeId, { endpoint: 0, cluster: GeneralCommissioning, attribute: "breadcrumb" });
    const features: number = await controller.read(light.nodeId, { endpoint: 0, cluster: OnOff, attribute: "featureMap" });
    const unknown: unknown = await controller.read(light.nodeId, { endpoint: 1, cluster: 0x0300, attribute: 0 });
    await controller.write(light.nodeId, { endpoint: 0, cluster: BasicInformation, attribute: "nodeLabel", value: "Hall" });
    await controller.invoke(light.nodeId, { endpoint: 1, cluster: OnOff, command: "onWithTimedOff", fields: { onOffControl: 0, onTime: 1, offWaitTime: 2 } });
    const answer = await controller.invoke(light.nodeId, { endpoint: 0, cluster: GeneralCommissioning, command: "armFailSafe", fields: { expiryLengthSeconds: 1, breadcrumb: 1n } });
    const code: number = answer.errorCode;
    // @ts-expect-error no such attribute
    await controller.read(light.nodeId, { endpoint: 1, cluster: OnOff, attribute: "brightness" } as const satisfies { cluster: typeof OnOff; endpoint: number; attribute: keyof typeof OnOff.attributes });
    // @ts-expect-error a 64-bit field is a bigint
    const wrong: number = crumb;
    try {
        void [on, features, unknown, code, wrong];
    } catch (error) {
        if (error instanceof StatusResponseError) error.code.toFixed();
    }
}
export type Parts = [Channel, FabricAuthority];
`;
