#!/usr/bin/env node
import { run } from "./cli/program.js";

// A secret among the arguments is in the list of processes no longer than this takes.
process.title = "matter-session";
process.exitCode = await run(process.argv);
