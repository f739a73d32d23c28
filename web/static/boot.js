// Before anything is drawn: the language, and what came in the address. A plain script, so that it runs before the
// element's own does.
"use strict";

(() => {
    const languages = ["en", "de"];
    const wanted = navigator.languages.map(tag => tag.toLowerCase().split("-")[0]).find(tag => languages.includes(tag));
    document.documentElement.lang = wanted ?? "en";

    // The agent prints an address with its token in the fragment, which no request carries. It leaves the address bar
    // and the history at once; a copy lives as long as this tab, so that a reload still reaches the agent.
    const tokenKey = "agent-token";
    const given = new URLSearchParams(location.hash.slice(1));
    const code = given.get("code") ?? undefined;
    let token = given.get("token") ?? undefined;
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
    try {
        if (token !== undefined) sessionStorage.setItem(tokenKey, token);
        else token = sessionStorage.getItem(tokenKey) ?? undefined;
    } catch {
        // A browser that keeps nothing for this page: the token is good until the page is left.
    }

    // An address with a fragment, opened where the page is open already, loads nothing: so this does.
    addEventListener("hashchange", () => location.reload());

    // "interactive" comes when the element is there, and before the script that brings it to life.
    document.addEventListener("readystatechange", () => {
        if (document.readyState !== "interactive") return;
        const title = document.querySelector(`h1 [lang="${document.documentElement.lang}"]`);
        document.title = title.textContent;
        // The tab says where the person is, as the heading does.
        document.addEventListener("matter-state", ({ target }) => setTimeout(() => {
            const heading = target.shadowRoot?.querySelector("[part~=heading]")?.lastElementChild?.textContent;
            document.title = heading ? `${heading} – ${title.textContent}` : title.textContent;
        }));
        const element = document.querySelector("matter-commission");
        element.agentToken = token;
        // For makers: devices with test certificates may be let in, after a question.
        element.allowTestDevices = given.has("test-devices");
        element.code = code;
        // While a device is being set up, leaving by mistake would cost it: browsers ask first.
        addEventListener("beforeunload", event => {
            if (!resting()) event.preventDefault();
        });
    });

    const resting = () => {
        const { state = "idle" } = document.querySelector("matter-commission");
        return ["idle", "unsupported", "loading", "home", "device", "code", "done", "share", "failed", "stopped"].includes(state);
    };

    // Offline once loaded. A newer build is fetched whole beside the one that is shown, and takes over when the page is
    // opened the next time: files of two builds never meet.
    if ("serviceWorker" in navigator && isSecureContext) {
        const { serviceWorker } = navigator;
        // Not before the page is usable: the worker would load beside it what the page itself is waiting for. A page that
        // stays as it is, with its button, is kept after a while.
        const usable = new Promise(resolve => {
            document.addEventListener("matter-state", ({ detail }) => !["idle", "loading"].includes(detail.state) && resolve());
            addEventListener("load", () => setTimeout(resolve, 10_000));
        });
        usable.then(async () => {
            try {
                const { waiting } = await serviceWorker.register("sw.js");
                if (waiting === null || serviceWorker.controller === null || code !== undefined || !resting()) return;
                serviceWorker.addEventListener("controllerchange", () => {
                    if (resting()) location.reload();
                });
                waiting.postMessage("take over");
            } catch {
                // The page works without.
            }
        });
    }
})();
