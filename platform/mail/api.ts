/**
 * Mailpit's HTTP API, version 1 (https://mailpit.axllent.org/docs/api-v1/), for the
 * mailbox. As in Mailpit, an error is text with status 400 or 404.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { Entry, Mailbox } from "./mailbox.ts";
import { readPart } from "./message.ts";
import { parseSearch } from "./search.ts";
import { viewHtml, viewPolicy } from "./view.ts";

const version = "v1.0.0-plaza";
const defaultLimit = 50;
const maxLimit = 500;
const maxBodyBytes = 256 * 1024;

const idsBody = z.object({ IDs: z.array(z.string()).max(5000).default([]) });
const readBody = idsBody.extend({ Read: z.boolean().default(false), Search: z.string().default("") });

/** @param smtpRejected returns how many mails the SMTP server refused, for /api/v1/info */
export function createApi(mailbox: Mailbox, smtpRejected: () => number): Hono {
  const app = new Hono();
  const startedAt = Date.now();
  app.use(
    "/api/*",
    bodyLimit({ maxSize: maxBodyBytes, onError: (context) => context.text("Body too large", 413) }),
  );

  app.get("/livez", (context) => context.text("ok"));
  app.get("/readyz", (context) => context.text("ok"));

  app.get("/api/v1/info", async (context) => {
    const { messages, bytes, accepted, acceptedBytes, deleted } = mailbox.counts();
    const entries = await mailbox.entries();
    return context.json({
      Version: version,
      LatestVersion: version,
      Database: "memory",
      DatabaseSize: bytes,
      Messages: messages,
      Unread: unread(entries),
      Tags: {},
      RuntimeStats: {
        Uptime: Math.floor((Date.now() - startedAt) / 1000),
        Memory: process.memoryUsage.rss(),
        MessagesDeleted: deleted,
        SMTPAccepted: accepted,
        SMTPAcceptedSize: acceptedBytes,
        SMTPRejected: smtpRejected(),
        SMTPIgnored: 0,
      },
    });
  });

  app.get("/api/v1/messages", async (context) => {
    const all = await mailbox.entries();
    return context.json(page(context, all, all));
  });

  app.put("/api/v1/messages", async (context) => {
    const body = readBody.safeParse(await jsonOf(context, undefined));
    if (!body.success) return context.text(z.prettifyError(body.error), 400);
    const { IDs, Read, Search } = body.data;
    if (IDs.length > 0 && Search !== "") {
      return context.text("You may specify either IDs or a search query, not both", 400);
    }
    for (const entry of await chosen(mailbox, IDs, Search)) entry.summary.Read = Read;
    return context.text("ok");
  });

  // If Mailpit cannot read the body, it deletes all mails. We refuse it: a typo should not lose mail.
  app.delete("/api/v1/messages", async (context) => {
    const body = idsBody.safeParse(await jsonOf(context, {}));
    if (!body.success) return context.text(z.prettifyError(body.error), 400);
    mailbox.remove(idsOf(await chosen(mailbox, body.data.IDs, "")));
    return context.text("ok");
  });

  app.get("/api/v1/search", async (context) => {
    const query = context.req.query("query")?.trim();
    if (!query) return context.text("Error: no search query", 400);
    const all = await mailbox.entries();
    return context.json(page(context, all, all.filter(parseSearch(query))));
  });

  app.delete("/api/v1/search", async (context) => {
    const query = context.req.query("query")?.trim();
    if (!query) return context.text("Error: no search query", 400);
    mailbox.remove(idsOf(await chosen(mailbox, [], query)));
    return context.text("ok");
  });

  app.get("/api/v1/message/:id", async (context) => {
    const entry = await find(context, mailbox);
    if (!entry) return context.notFound();
    entry.summary.Read = true;
    return context.json(entry.message);
  });

  app.get("/api/v1/message/:id/headers", async (context) => {
    const entry = await find(context, mailbox);
    return entry ? context.json(entry.headers) : context.notFound();
  });

  app.get("/api/v1/message/:id/raw", async (context) => {
    const entry = await find(context, mailbox);
    if (!entry) return context.notFound();
    const download = context.req.query("dl") === "1";
    return context.body(new Uint8Array(entry.raw), 200, {
      "content-type": "text/plain; charset=utf-8",
      ...(download && { "content-disposition": `attachment; filename="${entry.summary.ID}.eml"` }),
    });
  });

  app.get("/api/v1/message/:id/part/:partId", async (context) => {
    const entry = await find(context, mailbox);
    const part = entry && (await readPart(entry.raw, context.req.param("partId")));
    if (!part) return context.notFound();
    // A browser shows only these images. It saves any other attachment.
    const image = /^image\/(?:png|jpeg|gif|webp|avif)$/.test(part.contentType);
    const name = encodeURIComponent(part.fileName).slice(0, 500);
    return context.body(new Uint8Array(part.content), 200, {
      "content-type": image ? part.contentType : "application/octet-stream",
      "content-disposition": `${image ? "inline" : "attachment"}; filename*=UTF-8''${name}`,
      // The sandboxed mail counts as another origin, and it must be able to show the image.
      "cross-origin-resource-policy": "cross-origin",
    });
  });

  app.get("/view/:file{.+\\.html}", async (context) => {
    const entry = await find(context, mailbox, context.req.param("file").slice(0, -".html".length));
    if (!entry?.message.HTML) return context.notFound();
    return context.body(viewHtml(entry.message), 200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": viewPolicy(new URL(context.req.url).origin),
    });
  });

  app.get("/view/:file{.+\\.txt}", async (context) => {
    const entry = await find(context, mailbox, context.req.param("file").slice(0, -".txt".length));
    return entry ? context.text(entry.message.Text) : context.notFound();
  });

  return app;
}

/** Mailpit's list: one page of `entries`, and the totals of all mails. */
function page(context: Context, all: readonly Entry[], entries: readonly Entry[]) {
  const start = integer(context.req.query("start"), 0, Number.MAX_SAFE_INTEGER);
  const limit = integer(context.req.query("limit"), defaultLimit, maxLimit);
  const messages = entries.slice(start, start + limit).map((entry) => entry.summary);
  return {
    total: all.length,
    unread: unread(all),
    count: messages.length,
    messages_count: entries.length,
    messages_unread: unread(entries),
    start,
    tags: [],
    messages,
  };
}

function integer(text: string | undefined, fallback: number, most: number): number {
  return text && /^\d{1,15}$/.test(text) ? Math.min(Number(text), most) : fallback;
}

function unread(entries: readonly Entry[]): number {
  return entries.filter((entry) => !entry.summary.Read).length;
}

/** Finds a message by its ID. `latest` means the newest message, or the newest that matches ?query=. */
async function find(
  context: Context,
  mailbox: Mailbox,
  id = context.req.param("id") ?? "",
): Promise<Entry | undefined> {
  if (id !== "latest") return mailbox.get(id);
  const [newest] = await chosen(mailbox, [], context.req.query("query") ?? "");
  return newest;
}

async function chosen(mailbox: Mailbox, ids: string[], query: string): Promise<readonly Entry[]> {
  const entries = await mailbox.entries();
  if (ids.length > 0) {
    const wanted = new Set(ids);
    return entries.filter((entry) => wanted.has(entry.summary.ID));
  }
  return query === "" ? entries : entries.filter(parseSearch(query));
}

function idsOf(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map((entry) => entry.summary.ID));
}

/** @returns `empty` for an empty body, and undefined for a body that is not JSON */
async function jsonOf(context: Context, empty: unknown): Promise<unknown> {
  const text = await context.req.text();
  if (text.trim() === "") return empty;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
