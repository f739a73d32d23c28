// Prints how many modules of matter.js are this package's.

await import("@project-chip/matter-node.js/session");
const { report } = await import("matter-session/matterjs/report");
console.log(report().modules.length);
