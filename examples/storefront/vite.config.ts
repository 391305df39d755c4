import { defineConfig } from "vite";

export default defineConfig({
  base: "/storefront/",
  build: { outDir: "dist", emptyOutDir: true, modulePreload: { polyfill: false } },
  // `npx vite examples/storefront` works beside a running stack.
  server: { proxy: { "/storefront/config.json": "http://127.0.0.1:54326" } },
});
