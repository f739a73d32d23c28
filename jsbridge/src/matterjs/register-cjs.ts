/** `node -r matter-session/matterjs/register-cjs app.cjs`: matter.js 0.9.4 or 0.17.9 on this package's sessions. */
import "./boot.js";
import { installRequireHook } from "./require-hook.js";

installRequireHook();
