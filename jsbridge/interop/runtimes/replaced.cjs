// The same in CommonJS.

require("@project-chip/matter-node.js/session");
console.log(require("matter-session/matterjs/report").report().modules.length);
