/** The blob with request 255, which the shipped one lacks: wasm/abi/panichook.go. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { compile, type Core } from "matter-session";
import { root } from "./vectors.js";

/** Builds it into file, which is a name within jsbridge/test/build. */
export function buildHooked(file: string): Promise<WebAssembly.Module> {
    const path = `jsbridge/test/build/${file}`;
    execFileSync("bash", ["wasm/build.sh", path, "-tags=panichook", "-ldflags=-s -w -buildid="], { cwd: root });
    return compile(readFileSync(new URL(path, root)));
}

/** 1 a panic that is recovered, 2 one that is not, 3 more memory than there is, 4 64 MiB more. */
export type Hook = 1 | 2 | 3 | 4;

export function pull(core: Core, hook: Hook): void {
    core.call("request", 0, 0, core.put(Uint8Array.of(0x15, 0x24, 0, 255, 0x24, 1, hook, 0x18)));
}
