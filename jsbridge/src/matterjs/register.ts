/** `node --import matter-session/matterjs/register app.js`: matter.js 0.9.4 or 0.17.9 on this package's sessions. */
import * as nodeModule from "node:module";
import { ImplementationError } from "../errors.js";
import "./boot.js";
import { load, resolve } from "./hooks.js";
import { installRequireHook } from "./require-hook.js";

/** Since Node 22.15; register() is deprecated since. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { load: typeof load; resolve: typeof resolve }) => void };

if (registerHooks !== undefined) registerHooks({ load, resolve });
else if (process.versions["bun"] === undefined) nodeModule.register("./hooks.js", import.meta.url);
else throw new ImplementationError("Bun cannot replace ES modules as they are loaded (its register() does nothing): use matter-session/matterjs/register-cjs with CommonJS, or a bundler");
installRequireHook(); // for what the program loads in CommonJS
