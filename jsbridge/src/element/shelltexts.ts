/** The shell's own texts: in English, and in other languages each in a small script. Filled by the build. */
type Texts = Readonly<Record<string, string>>;

export const shellText: Texts = {};
export const shellTexts: Readonly<Record<string, () => Promise<{ text: Texts }>>> = {};
