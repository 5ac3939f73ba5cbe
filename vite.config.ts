import { join } from "node:path";
import { defineConfig } from "vite";

const root = join(import.meta.dirname, "src/web");

/**
 * The pages: one entry each, built into dist/web. The files stay apart (no inlining), so that
 * `script-src 'self'` is enough.
 */
export default defineConfig({
  root,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: join(import.meta.dirname, "dist/web"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        "index",
        "live",
        "object",
        "search",
        "sky",
        "filters",
        "docs",
        "status",
        "aggregation",
        "account",
        "404",
      ].map((page) => join(root, `${page}.html`)),
    },
  },
});
