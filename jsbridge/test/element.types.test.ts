import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { root } from "./support/vectors.js";

const base = fileURLToPath(root);

/** What users write; each line that must not compile says so. */
const page = `
import { MatterCommissionElement, type CredentialStore, type NetworkCredentials, type ScreenId } from "matter-session/element";
import { messages } from "matter-session/messages/de";

export async function use(storage: CredentialStore, networks: NetworkCredentials): Promise<void> {
    const element = document.querySelector("matter-commission");
    const button = document.createElement("matter-commission-button");
    if (element === null) return;
    Object.assign(button, { storage, networks });
    element.storage = storage;
    element.messages = messages;
    element.attestation = "certified";
    const state: ScreenId = element.state;
    element.addEventListener("matter-commissioned", ({ detail }) => detail.nodeId.toString(16));
    element.addEventListener("matter-attestation", ({ detail }) => detail.respondWith(detail.verdict === "certified" ? "accept" : Promise.resolve("refuse")));
    element.addEventListener("matter-network", ({ detail }) => detail.kind === "wifi" && detail.respondWith({ kind: "wifi", ssid: "Home", password: "" }));
    element.addEventListener("matter-close", ({ detail }) => detail.outcome === "failed");
    element.addEventListener("click", event => event.clientX);
    const { rolledBack } = await element.cancel();
    const { expiresAt } = await element.share(1n, 180);
    const { bluetooth } = await MatterCommissionElement.support();
    void [state, rolledBack, expiresAt.toFixed(), bluetooth === "frame", (await element.report()).size];
    // @ts-expect-error read-only
    element.state = "done";
    // @ts-expect-error no such answer
    element.addEventListener("matter-attestation", ({ detail }) => detail.respondWith("maybe"));
    // @ts-expect-error IDs are bigint
    await element.share(1);
    // @ts-expect-error no such theme
    element.theme = "pink";
}
`;
const react = `
import type { HTMLAttributes } from "react";
import type { MatterCommissionElement, MatterCommissionProps } from "matter-session/element";
declare module "react" {
    namespace JSX {
        interface IntrinsicElements { "matter-commission": MatterCommissionProps & HTMLAttributes<MatterCommissionElement> }
    }
}
export const wizard = <matter-commission agent="wss://home.example/agent" fabricLabel="My home" className="wizard" onmatter-commissioned={event => event.detail.nodeId.toString()} />;
// @ts-expect-error no such outcome
export const wrong = <matter-commission onmatter-close={event => event.detail.outcome === "lost"} />;
`;

describe("the elements' types", () => {
    const directory = mkdtempSync(join(tmpdir(), "matter-session-test-"));
    after(() => rmSync(directory, { recursive: true, force: true }));

    it("serve a strict project, with the DOM alone and in React 19", () => {
        mkdirSync(join(directory, "node_modules/@types"), { recursive: true });
        symlinkSync(base, join(directory, "node_modules/matter-session"));
        for (const name of ["@types/react", "csstype"]) symlinkSync(join(base, "node_modules", name), join(directory, "node_modules", name));
        writeFileSync(join(directory, "package.json"), '{"type": "module"}');
        writeFileSync(join(directory, "page.ts"), page);
        writeFileSync(join(directory, "react.tsx"), react);
        const options = {
            strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, target: "es2022", module: "nodenext", lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"], jsx: "react-jsx", types: [],
            skipLibCheck: false, noEmit: true,
        };
        writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["page.ts", "react.tsx"] }));
        try {
            execFileSync(process.execPath, [join(base, "node_modules/typescript/bin/tsc"), "-p", directory], { encoding: "utf8", stdio: "pipe" });
        } catch (error) {
            assert.fail((error as { stdout: string }).stdout);
        }
    });
});
