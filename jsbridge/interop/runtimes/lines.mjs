// Runs a module in whose scope the values of a JSON object are there by name.
//
//     PROGRAM lines.mjs MODULE JSON

Object.assign(globalThis, JSON.parse(process.argv[3]));
await import(process.argv[2]);
