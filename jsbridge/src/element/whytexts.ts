/** Why Bluetooth cannot be used, by language. Filled by the build. */
export const whyTexts: Readonly<Record<string, () => Promise<{ text: Readonly<Record<string, string>> }>>> = {};
