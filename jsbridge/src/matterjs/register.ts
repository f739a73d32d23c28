/** `node --import matter-session/matterjs/register app.js`: matter.js 0.9.4 on this package's sessions. */
import * as nodeModule from "node:module";
import "./boot.js";
import { load, resolve } from "./hooks.js";
import { installRequireHook } from "./require-hook.js";

/** Since Node 22.15; register() is deprecated since. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { load: typeof load; resolve: typeof resolve }) => void };

if (registerHooks !== undefined) registerHooks({ load, resolve });
else nodeModule.register("./hooks.js", import.meta.url);
installRequireHook(); // for what the program loads in CommonJS
