import { defineConfig } from "vite";

export default defineConfig({
  base: "/dashboard/",
  build: { outDir: "dist", emptyOutDir: true, modulePreload: { polyfill: false } },
  // `npx vite examples/dashboard` works beside a running stack.
  server: { proxy: { "/dashboard/config.json": "http://127.0.0.1:54326" } },
});
