/**
 * Takes mail by SMTP from any sender to any recipient, and keeps it. It never sends mail
 * on. It accepts any login, so clients with credentials need no change.
 */
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { listen } from "../listen.ts";
import type { Log } from "../log.ts";
import type { Mailbox } from "./mailbox.ts";

export interface Smtp extends AsyncDisposable {
  port: number;
  /** The number of mails refused so far. */
  rejected(): number;
}

export interface SmtpLimits {
  messageBytes: number;
  recipients: number;
  connections: number;
}

const closeMs = 200;

/** @throws PlatformError port_taken */
export async function startSmtp(
  mailbox: Mailbox,
  options: { port: number; limits: SmtpLimits; log: Log },
): Promise<Smtp> {
  const { limits, log } = options;
  let rejected = 0;
  const server = new SMTPServer({
    name: "localhost",
    banner: "Plaza mail catcher",
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? "user" }),
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    size: limits.messageBytes,
    maxRecipients: limits.recipients,
    maxClients: limits.connections,
    socketTimeout: 30_000,
    closeTimeout: closeMs,
    logger: false,
    onData(stream, session, done) {
      receive(stream, session, mailbox, limits).then(
        (id) => done(null, `Ok: kept as ${id}`),
        (error: Error) => {
          rejected += 1;
          log("warn", `refused a mail: ${error.message}`);
          done(Object.assign(new Error(error.message), { responseCode: codeOf(error) }));
        },
      );
    },
  });
  // Errors of single connections come here. Errors of listening are caught below.
  server.on("error", (error) => log("debug", error.message));

  const port = await listen(
    server.server,
    { port: options.port, host: "127.0.0.1" },
    "[local_smtp] smtp_port",
  );
  return {
    port,
    rejected: () => rejected,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

class Oversized extends Error {}

function codeOf(error: Error): number {
  return error instanceof Oversized ? 552 : 554;
}

async function receive(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  mailbox: Mailbox,
  limits: SmtpLimits,
): Promise<string> {
  const chunks: Buffer[] = [];
  // Read to the end even if the mail is too large: SMTP allows a reply only after the mail.
  for await (const chunk of stream) {
    if (stream.sizeExceeded) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (stream.sizeExceeded) throw new Oversized(`Larger than ${limits.messageBytes} bytes`);
  const { mailFrom, rcptTo } = session.envelope;
  return mailbox.add(Buffer.concat(chunks), {
    from: mailFrom ? mailFrom.address : "",
    to: rcptTo.map((recipient) => recipient.address),
    username: typeof session.user === "string" ? session.user : "",
  });
}
