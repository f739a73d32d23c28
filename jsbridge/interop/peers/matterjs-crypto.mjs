// Node's --import of this puts a matter.js 0.17.9 peer of this folder on our Crypto: MATTER_SESSION_CHOICE says how much of
// it. On SIGUSR2 the peer prints {"crypto": {"core": {…}, "platform": {…}}}, how often each primitive was called.

import { Environment } from "@matter/main";
import { installCrypto } from "matter-session/matterjs/crypto";

const crypto = await installCrypto(Environment.default, { choice: process.env.MATTER_SESSION_CHOICE || undefined });
process.on("SIGUSR2", () => process.stdout.write(`${JSON.stringify({ crypto: crypto.calls })}\n`));
