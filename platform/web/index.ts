/**
 * Serves the web client at the site's URL, to which mails link. It gives the page the API's address and the
 * publishable key, so the built files fit every project.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { type BrotliOptions, brotliCompress, constants, gzip } from "node:zlib";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { listen } from "../listen.ts";
import type { Log } from "../log.ts";
import { allBuilds, buildWeb, newestBuild } from "./build.ts";
import { fillIn, headersOf, linksOf, type PageConfig } from "./page.ts";

export interface WebOptions {
  /** The folder web/ with the sources. */
  dir: string;
  /** 0 picks a free one. */
  port: number;
  log: Log;
}

export interface Web extends AsyncDisposable {
  /** The address of the client, without a slash at the end. */
  url: string;
  /** Builds the client if its sources changed, and answers from then on. Before, or if that fails, it answers 503. */
  open(config: PageConfig): Promise<void>;
}

const compress = promisify(gzip);
const brotli = promisify<Uint8Array, BrotliOptions, Buffer>(brotliCompress);

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".png": "image/png",
};

/** The best first. Browsers ask for Brotli only from secure origins and from this machine. */
const encodings = ["br", "gzip"] as const;
/** The most files whose compressed bytes are kept. A build has a few dozen. */
const mostKept = 500;

/** Whether the project has a web client. */
export function hasWeb(projectDir: string): boolean {
  return existsSync(join(projectDir, "web", "index.html"));
}

/** Listens only on 127.0.0.1. @throws PlatformError port_taken */
export async function createWeb({ dir, port, log }: WebOptions): Promise<Web> {
  const app = new Hono();
  const closing = new AbortController();
  let config: PageConfig | undefined;
  /** Why there is nothing to show yet. */
  let excuse = "Plaza is starting. Try again in a moment.";
  /** Compressed files, by their encoding and the path of the request. Their names have their hash, so they never change. */
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  /** The page of the newest build, before its values are filled in. */
  let page: { build: string; html: string } | undefined;

  app.get("*", async (context) => {
    const build = config && (await newestBuild(dir));
    if (!config || !build) return context.text(excuse, 503, { "retry-after": "2" });
    // The policy of every answer has the hash of a script in the page, and a build never changes.
    if (page?.build !== build) page = { build, html: await readFile(join(build, "index.html"), "utf8") };
    const { html } = page;
    const headers = headersOf(html, config);
    const { path } = context.req;
    const isForever = path.startsWith("/assets/");
    const file = await fileOf(path, isForever ? [build, ...(await allBuilds(dir))] : [build]);
    if (!file && onlyFiles.test(path)) return context.text("404 not found", 404, headers);
    if (!file) headers.link = linksOf(html);
    const bytes = file ?? new TextEncoder().encode(fillIn(html, config));
    headers["content-type"] = types[file ? extname(path) : ".html"] ?? "application/octet-stream";
    headers["cache-control"] = isForever ? "public, max-age=31536000, immutable" : "no-cache";
    headers.vary = "accept-encoding";
    const encoding = encodings.find((each) =>
      new RegExp(`\\b${each}\\b`).test(context.req.header("accept-encoding") ?? ""),
    );
    if (!encoding) return context.body(bytes, 200, headers);
    headers["content-encoding"] = encoding;
    const name = `${encoding} ${path}`;
    const packed = (isForever && kept.get(name)) || (await pack(bytes, encoding, isForever));
    if (isForever && kept.size < mostKept) kept.set(name, packed);
    return context.body(packed, 200, headers);
  });
  app.onError((error, context) => {
    log("error", `${context.req.method} ${context.req.path}: ${error.stack ?? error}`);
    return context.text("Internal error", 500);
  });

  const server = createAdaptorServer({ fetch: app.fetch });
  const bound = await listen(server, { port, host: "127.0.0.1" }, "[auth] site_url");
  return {
    url: `http://127.0.0.1:${bound}`,
    async open(given) {
      const startedMs = performance.now();
      try {
        if (await buildWeb(dir, closing.signal))
          log("info", `built in ${Math.round(performance.now() - startedMs)} ms`);
        config = given;
      } catch (error) {
        if (closing.signal.aborted) return;
        // The platform is of use without it.
        excuse = "The web client could not be built. The log says why.";
        log("error", `cannot build ${dir}: ${(error as Error).stack ?? error}`);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}

/** @param isOnce it is packed once, so it may take long: 0.2 s for the largest file */
async function pack(
  bytes: Uint8Array,
  encoding: (typeof encodings)[number],
  isOnce: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: isOnce ? 11 : 5 };
  const packed = encoding === "br" ? brotli(bytes, { params }) : compress(bytes, { level: isOnce ? 9 : 6 });
  return new Uint8Array(await packed);
}

/**
 * No page has such a path: those in assets/, hidden ones, and names with a dot at the top, such as /robots.txt.
 * Every other path without a file is a page, also /tags/a.b.
 */
const onlyFiles = /^\/(assets\/|\.|(?!index\.html$)[^/@][^/]*\.[^/]*$)/;

/** The file of a request, from the first folder that has it. Undefined also for a path that would leave the folder. */
async function fileOf(path: string, folders: string[]): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // The names of built files have only such letters. The page is not sent as a file: its values must be filled in.
  if (!/^(\/[\w-][\w.-]*)+$/.test(path) || path === "/index.html") return undefined;
  for (const folder of folders) {
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    if (bytes) return bytes;
  }
  return undefined;
}
