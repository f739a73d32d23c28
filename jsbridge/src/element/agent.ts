/** What the page's own origin answered; undefined until it was asked. */
let served: Promise<string> | undefined;

/**
 * Finds the local agent.
 *
 * @param given - the attribute; null where the page says nothing, and its own origin may serve one
 * @param ask - whether that origin may be asked. A server that has no agent answers 404, which is in the console for good, so
 *   pages of others are not: there the agent names itself, in a header of the page
 * @returns its WebSocket URL, or an empty string
 */
export async function agentOf(given: string | null, ask: boolean): Promise<string> {
    const socket = (url: URL): string => url.href.replace(/^http/, "ws");
    if (given !== null) return given === "" ? "" : socket(new URL(given, document.baseURI));
    const own = new URL("/agent", location.href);
    const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    if (page?.serverTiming?.some(({ name }) => name === "matter-agent")) return socket(own);
    if (!ask) return "";
    return served ??= fetch(own, { headers: { accept: "application/json" } })
        .then(async response => response.ok && (await response.json() as { agent?: string }).agent === "matter-session" ? socket(own) : "")
        .catch(() => "");
}
