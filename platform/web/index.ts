/**
 * Serves the web client at the site's URL, to which mails link. It gives the page the API's address and the
 * publishable key, so the built files fit every project.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { listen } from "../listen.ts";
import type { Log } from "../log.ts";
import { buildWeb, builtDir } from "./build.ts";
import { fillIn, headersOf, type PageConfig } from "./page.ts";

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
  /** Builds the client if its sources changed, and answers from then on. Before, it answers 503. */
  open(config: PageConfig): Promise<void>;
}

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

const compress = promisify(gzip);
/** The most files whose compressed bytes are kept. A build has a few dozen. */
const mostKept = 500;

/** Whether the project has a web client. */
export function hasWeb(projectDir: string): boolean {
  return existsSync(join(projectDir, "web", "index.html"));
}

/** Listens only on 127.0.0.1. @throws PlatformError port_taken */
export async function createWeb({ dir, port, log }: WebOptions): Promise<Web> {
  const app = new Hono();
  let config: PageConfig | undefined;
  /** Files under assets/ have their hash in the name, so they never change. */
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();

  app.get("*", async (context) => {
    if (!config)
      return context.text("Plaza is starting. Try again in a moment.", 503, { "retry-after": "2" });
    const headers = headersOf(config);
    const path = decoded(context.req.path);
    const file = path === undefined ? undefined : inside(builtDir(dir), path);
    const isPage = file === undefined || extname(file) === "";
    const bytes = isPage
      ? await page(join(builtDir(dir), "index.html"), config)
      : await readFile(file).catch(() => undefined);
    if (!bytes) return context.text("404 not found", 404, headers);
    const isForever = context.req.path.startsWith("/assets/");
    headers["content-type"] = types[isPage ? ".html" : extname(file)] ?? "application/octet-stream";
    headers["cache-control"] = isForever ? "public, max-age=31536000, immutable" : "no-cache";
    headers.vary = "accept-encoding";
    if (!/\bgzip\b/.test(context.req.header("accept-encoding") ?? ""))
      return context.body(bytes, 200, headers);
    headers["content-encoding"] = "gzip";
    const packed = (isForever && kept.get(context.req.path)) || new Uint8Array(await compress(bytes));
    if (isForever && kept.size < mostKept) kept.set(context.req.path, packed);
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
      if (await buildWeb(dir)) log("info", `built in ${Math.round(performance.now() - startedMs)} ms`);
      config = given;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}

/** The page, with its values. Read for each request: `npm run web` may have built it anew. */
async function page(path: string, config: PageConfig): Promise<Uint8Array<ArrayBuffer>> {
  return new TextEncoder().encode(fillIn(await readFile(path, "utf8"), config));
}

/** Undefined for a path that is not valid percent-encoding. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The file of a path, or undefined if it would be outside of the folder. */
function inside(dir: string, path: string): string | undefined {
  if (path.includes("\0")) return undefined;
  const file = normalize(join(dir, path));
  return file.startsWith(dir + sep) ? file : undefined;
}
