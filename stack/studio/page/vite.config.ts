import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  // Nothing inlined: the page's policy allows its own files only.
  build: { outDir: "dist", emptyOutDir: true, modulePreload: false, assetsInlineLimit: 0 },
});
