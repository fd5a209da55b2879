/**
 * `npm run web` builds the web client and again on each change, for the platform that runs.
 * `npm run web:build` makes static files for a host. See docs/how-to/put-the-web-client-online.md.
 */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { buildWeb, builtDir } from "../platform/web/build.ts";
import { fillIn, headersOf, type PageConfig } from "../platform/web/page.ts";

const dir = import.meta.dirname;
const [command] = process.argv.slice(2);

if (command === "watch") {
  await build({ configFile: join(dir, "vite.config.ts"), build: { watch: {} }, logLevel: "info" });
} else {
  await files({ url: needed("PLAZA_URL").replace(/\/+$/, ""), key: needed("PLAZA_PUBLISHABLE_KEY") });
}

/** Writes web/dist: the built files, the page with its two values, and the headers that hosts read from a file. */
async function files(config: PageConfig): Promise<void> {
  await buildWeb(dir);
  const to = join(dir, "dist");
  await rm(to, { recursive: true, force: true });
  await cp(builtDir(dir), to, { recursive: true });
  await rm(join(to, "sources.txt"));
  const page = join(to, "index.html");
  await writeFile(page, fillIn(await readFile(page, "utf8"), config));
  const headers = Object.entries(headersOf(config)).map(([name, value]) => `  ${name}: ${value}\n`);
  const forever = "/assets/*\n  cache-control: public, max-age=31536000, immutable\n";
  await writeFile(join(to, "_headers"), `/*\n${headers.join("")}${forever}`);
  await writeFile(join(to, "_redirects"), "/* /index.html 200\n");
  console.log(`The web client is in ${to}`);
}

function needed(name: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(
    `Set ${name}, for example: PLAZA_URL=https://abc.supabase.co PLAZA_PUBLISHABLE_KEY=sb_publishable_… npm run web:build`,
  );
  process.exit(1);
}
