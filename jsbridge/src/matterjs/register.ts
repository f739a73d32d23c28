/** `node --import matter-session/matterjs/register app.js`: matter.js 0.9.4 on this package's sessions. */
import { register } from "node:module";
import "./boot.js";
import { installRequireHook } from "./require-hook.js";

register("./hooks.js", import.meta.url);
installRequireHook(); // of what the program loads in CommonJS
