/**
 * `npm run web` builds the web client, and again on each change, for the platform that runs.
 * `npm run web:build` makes static files for a host, in web/dist or in the folder that it is given. See
 * docs/how-to/put-the-web-client-online.md.
 */
import { watch } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buildWeb, newestBuild } from "../platform/web/build.ts";
import { fillIn, headersOf, linksOf, type PageConfig } from "../platform/web/page.ts";

const dir = import.meta.dirname;
/** An editor writes several times. */
const pauseMs = 50;

if (process.argv[2] === "watch") await buildOnChange();
else {
  const config = { url: needed("PLAZA_URL").replace(/\/+$/, ""), key: needed("PLAZA_PUBLISHABLE_KEY") };
  await writeFiles(config, resolve(process.argv[2] ?? join(dir, "dist")));
}

async function buildOnChange(): Promise<void> {
  await build();
  console.log("Waiting for changes. Ctrl-C ends this.");
  let timer: NodeJS.Timeout | undefined;
  let building = Promise.resolve();
  for (const folder of [dir, join(dir, "../clients")]) {
    watch(folder, { recursive: true }, (_, name) => {
      if (name?.startsWith("built") || name?.startsWith("dist")) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        building = building.then(build);
      }, pauseMs);
    });
  }
}

async function build(): Promise<void> {
  const startedMs = performance.now();
  try {
    if (await buildWeb(dir))
      console.log(`Built in ${Math.round(performance.now() - startedMs)} ms. Reload the page.`);
  } catch (error) {
    // The next change may mend it.
    console.error(`${(error as Error).message}`);
  }
}

/** Writes the built files, the page with its two values, and the headers that hosts read from a file. */
async function writeFiles(config: PageConfig, to: string): Promise<void> {
  await buildWeb(dir);
  const built = await newestBuild(dir);
  await rm(to, { recursive: true, force: true });
  await cp(built as string, to, { recursive: true });
  const page = join(to, "index.html");
  const html = await readFile(page, "utf8");
  await writeFile(page, fillIn(html, config));
  const headers = Object.entries(headersOf(html, config)).map(([name, value]) => `  ${name}: ${value}\n`);
  const forever = "/assets/*\n  cache-control: public, max-age=31536000, immutable\n";
  const links = `/\n  link: ${linksOf(html)}\n`;
  await writeFile(join(to, "_headers"), `/*\n${headers.join("")}${links}${forever}`);
  await writeFile(join(to, "_redirects"), "/* /index.html 200\n");
  console.log(`The web client is in ${to}`);
}

function needed(name: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(
    `Set ${name}. For example:\nPLAZA_URL=https://abc.supabase.co PLAZA_PUBLISHABLE_KEY=sb_publishable_… npm run web:build`,
  );
  process.exit(1);
}
