/** `matter-session/browser`: what a browser adds. */
export { defaultDatabase } from "./database.js";
export { BrowserHome, type BrowserHomeOptions, type OpenHomeOptions } from "./home.js";
export { askPersistence, IndexedDbStore } from "./store.js";
