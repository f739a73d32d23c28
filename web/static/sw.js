// Keeps the page, so that it opens without a network. The build writes the two lines below: which files there are, and
// the SHA-256 that each must have; a file that is not of this build is not kept.
"use strict";

const version = "";
const files = {};

const own = "matter-session-page-";
const here = new URL("./", self.location.href);

/** Fetched when it is first used: the picture reader is large, and many never scan. */
const later = /\/zxing_/;

const requestOf = path => new Request(new URL(path, here), { integrity: `sha256-${files[path]}`, cache: "no-cache" });

self.addEventListener("install", event => {
    const now = Object.keys(files).filter(path => !later.test(path));
    event.waitUntil(caches.open(own + version).then(cache => cache.addAll(now.map(requestOf))));
});

// A page that has just been opened, and is the only one, may have the newer build at once.
self.addEventListener("message", event => {
    if (event.data !== "take over") return;
    event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(all => (all.length === 1 ? self.skipWaiting() : undefined)));
});

self.addEventListener("activate", event => {
    event.waitUntil(
        caches.keys().then(names => Promise.all(names.filter(name => name.startsWith(own) && name !== own + version).map(name => caches.delete(name)))),
    );
});

self.addEventListener("fetch", event => {
    const url = new URL(event.request.url);
    if (event.request.method !== "GET" || !url.href.startsWith(here.href)) return;
    const path = url.pathname.slice(here.pathname.length) || "index.html";
    // Anything else, as the agent's own addresses, is none of the page's files.
    if (!Object.hasOwn(files, path)) return;
    event.respondWith(kept(path));
});

async function kept(path) {
    const cache = await caches.open(own + version);
    const found = await cache.match(new URL(path, here));
    if (found !== undefined) return found;
    const response = await fetch(requestOf(path));
    await cache.put(new URL(path, here), response.clone());
    return response;
}
