/** Compiled, never run: the plugins are what their bundlers take, without a type of theirs in our declarations. */
import { build, type Plugin as EsbuildPlugin } from "esbuild";
import { matterSession as forEsbuild } from "matter-session/matterjs/esbuild";
import { importMap } from "matter-session/matterjs/import-map";
import { report } from "matter-session/matterjs/report";
import { matterSession as forVite } from "matter-session/matterjs/vite";
import { defineConfig, type Plugin as VitePlugin, type UserConfig } from "vite";

export const esbuildPlugin: EsbuildPlugin = forEsbuild();
export const vitePlugin: VitePlugin = forVite();
export const config: UserConfig = defineConfig({ plugins: [forVite()] });
export const bundle = (): Promise<unknown> => build({ plugins: [forEsbuild()] });
export const counted: number = report().handshakes.resumed;
export const map: { imports: Record<string, string> } = importMap("/a", "/b");
