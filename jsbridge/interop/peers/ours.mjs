import { fileURLToPath } from "node:url";

/** Node's options that put matter.js on our sessions, for a peer with those arguments. */
export function ours(args = []) {
    return args.includes("--cjs")
        ? ["-r", fileURLToPath(import.meta.resolve("matter-session/matterjs/register-cjs"))]
        : ["--import", import.meta.resolve("matter-session/matterjs/register")];
}
