/** How Vite builds the web client. `web/build.ts` and `npm start` use it. */
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  // A strict Content-Security-Policy has no room for scripts in the page or for data: URLs.
  build: {
    outDir: "built",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  logLevel: "warn",
  clearScreen: false,
});
