/**
 * Auth's own mails, sent over SMTP when the project has no send_email hook.
 */
import type { Transporter } from "nodemailer";
import { type MailContent, renderMail } from "./templates.ts";

export interface Mailer {
  /** @throws the transport's error */
  send(to: string, content: MailContent): Promise<void>;
  close(): void;
}

const timeoutMs = 10_000;

export function createMailer(smtp: { host: string; port: number }, from: string): Mailer {
  let transport: Promise<Transporter> | undefined;

  /** The package is large, and a project with a hook never needs it. So the first mail loads it. */
  async function open(): Promise<Transporter> {
    const { createTransport } = await import("nodemailer");
    return createTransport({
      host: smtp.host,
      port: smtp.port,
      secure: false,
      // The local mail catcher has no certificate.
      ignoreTLS: true,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
  }

  return {
    async send(to, content) {
      transport ??= open();
      // As an object, so that the mailer never reads one address as a list of addresses.
      await (await transport).sendMail({ from, to: { name: "", address: to }, ...renderMail(content) });
    },
    close: () => void transport?.then((opened) => opened.close()),
  };
}
