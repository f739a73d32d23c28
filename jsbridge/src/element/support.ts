import type { Support, Unsupported } from "./events.js";

/** What TypeScript's library does not know, as far as it is used here. */
export interface Bluetooth extends EventTarget { getAvailability(): Promise<boolean> }
interface Policy { allowsFeature(feature: string): boolean }

export function bluetooth(): Bluetooth | undefined {
    return (navigator as { bluetooth?: Bluetooth }).bluetooth;
}

/** What the page that embeds this one, or its own server, forbids. Only Chromium tells. */
export function allowed(feature: string): boolean {
    return (document as { featurePolicy?: Policy }).featurePolicy?.allowsFeature(feature) ?? true;
}

/** Why Bluetooth cannot be used here at all; undefined if it can be tried. */
export function unusable(): Unsupported | undefined {
    if (!isSecureContext) return "insecure";
    if (bluetooth() === undefined) {
        // Chromium hides the whole interface where it is switched off: in Brave, and on Linux without its flag. A WebView never has it.
        const brands = (navigator as { userAgentData?: { brands: { brand: string }[] } }).userAgentData?.brands.map(({ brand }) => brand) ?? [];
        return brands.includes("Chromium") && !brands.includes("Android WebView") ? "disabled" : "missing";
    }
    return allowed("bluetooth") ? undefined : "frame";
}

export async function support(): Promise<Support> {
    const cause = unusable();
    return {
        // Without an adapter, or switched off: either may change.
        bluetooth: cause ?? (await bluetooth()?.getAvailability().catch(() => false) ? "ready" : "off"),
        camera: navigator.mediaDevices !== undefined && allowed("camera"),
    };
}
