/**
 * Sends mails to an SMTP server or to an HTTP mail API, one after the other, within the
 * time that Auth gives a hook.
 */
import { createHash } from "node:crypto";
import type { Mail } from "./render.ts";
import type { ApiDelivery, Settings, SmtpDelivery } from "./settings.ts";
import { transportTo } from "./smtp.ts";

/** The server did not take a mail. The message is for the log, so it has no address and no content. */
export class SendError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SendError";
  }
}

/**
 * Sends the mails one by one. If the mail server is down, the first mail fails and no mail is sent.
 * @param occasion names this request of Auth, as occasionOf() makes it. The same occasion gives the
 *   same Message-IDs and idempotency keys, so that a receiver can recognise a repeated request.
 * @param signal stops the waiting
 * @throws SendError
 */
export async function sendMails(
  mails: Mail[],
  settings: Pick<Settings, "from" | "delivery">,
  occasion: string,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, mail] of mails.entries()) {
    const id = digest(`${occasion}\n${mail.to}`);
    try {
      signal.throwIfAborted();
      await within(signal, sendOne(mail, settings, id, signal));
    } catch (error) {
      throw new SendError(`mail ${index + 1} of ${mails.length}: ${reason(error)}`);
    }
  }
}

function sendOne(
  mail: Mail,
  { from, delivery }: Pick<Settings, "from" | "delivery">,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  return delivery.by === "smtp"
    ? sendBySmtp(mail, from, delivery, id, signal)
    : sendByApi(mail, from, delivery, id, signal);
}

async function sendBySmtp(
  mail: Mail,
  from: Settings["from"],
  smtp: SmtpDelivery,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await transportTo(smtp).sendMail({
    from,
    // An object is always one address. A string could be a list.
    to: { name: "", address: mail.to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: `<${id}@${from.address.split("@")[1]}>`,
    headers: { "Auto-Submitted": "auto-generated" },
    signal,
  });
}

/** Resend's request (https://resend.com/docs/api-reference/emails/send-email). Other mail APIs accept it too. */
async function sendByApi(
  mail: Mail,
  from: Settings["from"],
  api: ApiDelivery,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(api.url, {
    method: "POST",
    redirect: "error",
    signal,
    headers: {
      authorization: `Bearer ${api.key}`,
      "content-type": "application/json",
      "idempotency-key": id,
    },
    body: JSON.stringify({
      from: from.name ? `${from.name} <${from.address}>` : from.address,
      to: [mail.to],
      subject: mail.subject,
      html: mail.html,
      text: mail.text,
      headers: { "Auto-Submitted": "auto-generated" },
    }),
  });
  await response.body?.cancel();
  if (!response.ok) throw new SendError(`the mail API answered ${response.status}`);
}

/** Rejects as soon as the signal fires. The work itself may continue for a moment. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Returns a code, never a text, because the texts of mail servers contain addresses. */
function reason(error: unknown): string {
  if (error instanceof SendError) return error.message;
  if (!(error instanceof Error)) return "unknown error";
  const { code, command, responseCode } = error as Error & Record<string, unknown>;
  return [error.name, code, command, responseCode].filter(Boolean).join(" ");
}

/**
 * A name for a request of Auth. Auth puts a new uuid into each, and a request that comes again has
 * the same body, so the same body is the same occasion.
 */
export const occasionOf = (body: string): string => digest(body);

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
