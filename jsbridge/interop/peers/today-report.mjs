// Node's --import of this, after the register hook or without it: on SIGUSR2 the peer prints {"ours": report()}.

import { report } from "matter-session/matterjs/report";

process.on("SIGUSR2", () => process.stdout.write(`${JSON.stringify({ ours: report() })}\n`));
