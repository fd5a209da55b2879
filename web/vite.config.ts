/** How Vite builds the web client. `web/build.ts` and `npm start` use it. */
import { join } from "node:path";
import { defineConfig } from "vite";

/** Parts of supabase-js that the client does not use. */
const leftOut = ["@supabase/storage-js", "@supabase/functions-js"];

export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: leftOut.map((find) => ({ find, replacement: join(import.meta.dirname, "left-out.ts") })),
  },
  build: {
    outDir: "built",
    emptyOutDir: true,
    // The list of files, for public/sw.js.
    manifest: "files.json",
    // A strict Content-Security-Policy has no room for scripts in the page or for data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    reportCompressedSize: false,
    rolldownOptions: {
      // Vite would tell of a busy machine on the terminal.
      checks: { pluginTimings: false },
      output: {
        codeSplitting: {
          groups: [
            // What the first page needs is one file. It is smaller than many, and no file waits for another.
            { name: "first", tags: ["$initial"] },
          ],
        },
      },
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  logLevel: "warn",
  clearScreen: false,
});
