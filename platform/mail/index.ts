/**
 * The mail catcher: an SMTP server that keeps every mail, Mailpit's API to read them, and
 * an inbox page. Auth and the edge functions send mail here. Tests and people read it.
 */
import { readFile } from "node:fs/promises";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { listen } from "../listen.ts";
import type { Log } from "../log.ts";
import { createApi } from "./api.ts";
import { guard } from "./guard.ts";
import { createMailbox } from "./mailbox.ts";
import { type SmtpLimits, startSmtp } from "./smtp.ts";

export interface MailLimits extends SmtpLimits {
  /** The most mails to keep. Then the oldest are dropped. */
  messages: number;
  /** The most bytes of all kept mails together. */
  mailboxBytes: number;
}

export interface MailOptions {
  /** The SMTP port. 0 picks a free one. */
  smtpPort: number;
  /** The port of the API and the page. 0 picks a free one. */
  httpPort: number;
  log: Log;
  limits?: Partial<MailLimits>;
}

export interface Mail extends AsyncDisposable {
  /** The address of the API and the page, without a slash at the end. */
  url: string;
  smtpPort: number;
}

const defaultLimits: MailLimits = {
  messages: 500,
  mailboxBytes: 100 * 1024 * 1024,
  messageBytes: 5 * 1024 * 1024,
  recipients: 100,
  connections: 50,
};

/** Listens only on 127.0.0.1. @throws PlatformError port_taken */
export async function createMail(options: MailOptions): Promise<Mail> {
  const { log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  await using started = new AsyncDisposableStack();

  const mailbox = createMailbox({ messages: limits.messages, bytes: limits.mailboxBytes });
  const smtp = started.use(await startSmtp(mailbox, { port: options.smtpPort, limits, log }));

  const app = new Hono();
  app.use(guard);
  for (const [path, file, type] of pageFiles) {
    const content = await readFile(new URL(file, new URL("page/", import.meta.url)), "utf8");
    app.get(path, (context) => context.body(content, 200, { "content-type": `${type}; charset=utf-8` }));
  }
  app.route("/", createApi(mailbox, smtp.rejected));
  app.notFound((context) => context.text("404 page not found", 404));
  app.onError((error, context) => {
    log("error", `${context.req.method} ${context.req.path}: ${error.stack ?? error}`);
    return context.text("Internal error", 500);
  });
  const port = await serve(app, options.httpPort, started);

  const running = started.move();
  return {
    url: `http://127.0.0.1:${port}`,
    smtpPort: smtp.port,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const pageFiles = [
  ["/", "inbox.html", "text/html"],
  ["/inbox.js", "inbox.js", "text/javascript"],
  ["/inbox.css", "inbox.css", "text/css"],
] as const;

async function serve(app: Hono, port: number, started: AsyncDisposableStack): Promise<number> {
  const server = createAdaptorServer({ fetch: app.fetch });
  const bound = await listen(server, { port, host: "127.0.0.1" }, "[local_smtp] port");
  started.defer(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    if ("closeAllConnections" in server) server.closeAllConnections();
    await closed;
  });
  return bound;
}
