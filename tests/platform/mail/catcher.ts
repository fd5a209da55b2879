/** A mail catcher and an SMTP client for it, for the tests of this folder. */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import nodemailer, { type SendMailOptions } from "nodemailer";
import type { Mail } from "../../../platform/mail/index.ts";

export async function send(mail: Mail, message: SendMailOptions): Promise<void> {
  const transport = nodemailer.createTransport({ host: "127.0.0.1", port: mail.smtpPort, secure: false });
  await transport.sendMail({ from: "Plaza <plaza@example.com>", ...message });
}

/** Sends bytes that no mail library would write. @returns the server's reply to the mail itself */
export async function sendRaw(mail: Mail, raw: string, recipients = ["alice@example.com"]): Promise<string> {
  const socket = connect(mail.smtpPort, "127.0.0.1");
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const reply = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done || !/^\d{3}-/.test(value)) return value as string;
    }
  };
  try {
    await reply();
    for (const command of ["EHLO test", "MAIL FROM:<mallory@example.com>"]) {
      socket.write(`${command}\r\n`);
      await reply();
    }
    for (const recipient of recipients) {
      socket.write(`RCPT TO:<${recipient}>\r\n`);
      const answer = await reply();
      if (!answer.startsWith("250")) return answer;
    }
    socket.write("DATA\r\n");
    await reply();
    socket.write(Buffer.from(`${raw.replace(/^\./gm, "..")}\r\n.\r\n`, "latin1"));
    return await reply();
  } finally {
    socket.destroy();
  }
}

/** @returns the JSON at a path of the API */
export async function get<T = Record<string, never>>(mail: Mail, path: string): Promise<T> {
  const response = await fetch(`${mail.url}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export async function clear(mail: Mail): Promise<void> {
  await fetch(`${mail.url}/api/v1/messages`, { method: "DELETE" });
}
