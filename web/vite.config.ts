/** How Vite builds the web client. `web/build.ts` and `npm start` use it. */
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Parts of supabase-js that the client does not use. */
const leftOut = [
  "@supabase/storage-js",
  "@supabase/functions-js",
  // Within realtime-js.
  /^\.\/(RealtimePostgresFilterBuilder|lib\/websocket-factory)$/,
  // Within auth-js.
  /^\.\/lib\/(webauthn|web3\/ethereum)$/,
];

/** It starts before the client. */
const boot = join(import.meta.dirname, "boot.ts");

/**
 * Puts the script boot.ts into the page, so that it starts with the first bytes, a round trip before the files are
 * there. The page's policy names its hash: platform/web/page.ts.
 */
const bootFirst: Plugin = {
  name: "boot-first",
  transformIndexHtml: {
    order: "post",
    handler: (html, { bundle = {} }) => {
      const file = Object.values(bundle).find(
        (each) => "facadeModuleId" in each && each.facadeModuleId === boot,
      );
      if (!file || !("code" in file)) throw new Error("The build lacks boot.ts");
      delete bundle[file.fileName];
      const words = Object.values(bundle).flatMap((each) => {
        const [, language] =
          /\/messages\/(\w\w)\.ts$/.exec(("facadeModuleId" in each && each.facadeModuleId) || "") ?? [];
        return language ? [`${language}=/${each.fileName}`] : [];
      });
      // A style sheet holds up the scripts behind it. The function keeps its names from other scripts.
      return html
        .replace("%PLAZA_WORDS%", words.join(" "))
        .replace("<title>", () => `<script>(()=>{${file.code.trim()}})()</script>\n    <title>`);
    },
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [bootFirst],
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
      input: [join(import.meta.dirname, "index.html"), boot],
      // Vite would tell of a busy machine on the terminal.
      checks: { pluginTimings: false },
      output: {
        codeSplitting: {
          groups: [
            // What the first page needs is one file. It is smaller than many, and no file waits for another.
            { name: "first", tags: ["$initial"], test: (id: string) => id !== boot },
          ],
        },
      },
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  logLevel: "warn",
  clearScreen: false,
});
