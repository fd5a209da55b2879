/** A process that bundle.ts starts: it puts the platform's modules together in a folder, and ends. */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "vite";

const [outDir = ""] = process.argv.slice(2);
const here = import.meta.dirname;

/**
 * These stay packages. The first is machine code. A platform loads the others when somebody needs them, and it may
 * then run an older bundle.
 */
const packages = ["@node-rs/bcrypt", "bcryptjs", "nodemailer", "postal-mime"];

/** A module still finds its own folder, because some start programs or read files that lie beside them. */
const places: Plugin = {
  name: "places",
  enforce: "pre",
  transform(code, id) {
    if (!id.startsWith(here)) return undefined;
    return code
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
      .replaceAll("import.meta.dirname", JSON.stringify(dirname(id)));
  },
};

await build({
  configFile: false,
  root: here,
  logLevel: "error",
  plugins: [places],
  ssr: { noExternal: true, external: packages },
  build: {
    ssr: true,
    outDir,
    target: "esnext",
    minify: false,
    rolldownOptions: {
      // Two entries: what both need is in files of its own. In main.js, platform.js would wait for main.js to end.
      input: { main: join(here, "main.ts"), platform: join(here, "platform.ts") },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        // A stack in the log still has the functions' names.
        comments: { annotation: false, jsdoc: false, legal: false },
      },
    },
  },
});
