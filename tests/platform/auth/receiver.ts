/**
 * The endpoint of the send_email hook. It verifies signatures, keeps what it got, and
 * fails when a test tells it to.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export const hookSecret = "v1,whsec_cGxhemEtc2VuZC1lbWFpbC1ob29rLXNlY3JldA==";

/** The parts of a send_email payload that tests look at. */
export interface SentMail {
  metadata: { uuid: string; name: string; ip_address?: string };
  user: Record<string, unknown> & { id: string; email: string; new_email?: string };
  email_data: Record<
    | "token"
    | "token_hash"
    | "token_new"
    | "token_hash_new"
    | "redirect_to"
    | "site_url"
    | "email_action_type",
    string
  >;
}

export interface Receiver extends AsyncDisposable {
  url: string;
  /** Every mail, oldest first. */
  mails: SentMail[];
  /** The mails to one user's address, oldest first. */
  to(email: string): SentMail[];
  /** The newest mail to an address. */
  last(email: string): SentMail;
  /** The answers to the next requests, instead of 200 {}. Each is used once. */
  answers: Answer[];
  /** The number of requests, however they were answered. */
  calls: number;
}

export type Answer = { status: number; headers?: Record<string, string>; body?: string } | "hang";

export async function startReceiver(): Promise<Receiver> {
  const mails: SentMail[] = [];
  const server = createServer(async (request, response) => {
    receiver.calls++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const payload = Buffer.concat(chunks).toString();
    const answer = receiver.answers.shift();
    if (answer === "hang") return;
    if (answer) {
      response.writeHead(answer.status, answer.headers ?? { "content-type": "application/json" });
      response.end(answer.body ?? "{}");
      return;
    }
    try {
      new Webhook(hookSecret.replace("v1,", "")).verify(payload, request.headers as Record<string, string>);
    } catch {
      response.writeHead(401, { "content-type": "application/json" }).end("{}");
      return;
    }
    mails.push(JSON.parse(payload) as SentMail);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  const receiver: Receiver = {
    url: await listen(server),
    mails,
    to: (email) => mails.filter((mail) => mail.user.email === email),
    last(email) {
      const mail = receiver.to(email).at(-1);
      if (!mail) throw new Error(`no mail to ${email}`);
      return mail;
    },
    answers: [],
    calls: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Listens on a free port. @returns the URL */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
