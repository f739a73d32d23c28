/** Starts the core in Node before anything else happens, which classes that may not wait rely on. */
import { readFileSync } from "node:fs";
import { defaultBlob, startNow } from "../core.js";

startNow(() => readFileSync(defaultBlob));
