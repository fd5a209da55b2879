/**
 * Connections to the SMTP server. They stay open for a moment, so a crowd that signs up shares a few:
 * opening one takes longer than sending a mail.
 */
import nodemailer from "nodemailer";
import type { SmtpDelivery } from "./settings.ts";

/** Each of these limits one step. A caller's signal limits all of them together. */
const stepMs = 3000;
/** An idle connection is closed after this time: it is the socket's time limit too. */
const idleMs = stepMs;
const connectionsMax = 5;

type Transport = ReturnType<typeof create>;

let kept: { transport: Transport; key: string; usedAtMs: number } | undefined;

/** Returns a transport to the server of the settings. Nobody closes it: its connections close by themselves. */
export function transportTo(smtp: SmtpDelivery): Transport {
  const key = JSON.stringify(smtp);
  const nowMs = Date.now();
  // A worker may have been frozen. Then the server has closed the connections, and nothing here knows it.
  if (kept?.key !== key || nowMs - kept.usedAtMs > idleMs) {
    kept?.transport.close();
    kept = { transport: create(smtp), key, usedAtMs: nowMs };
  }
  kept.usedAtMs = nowMs;
  return kept.transport;
}

function create(smtp: SmtpDelivery) {
  return nodemailer.createTransport({
    pool: true,
    maxConnections: connectionsMax,
    // If a server closes a connection under a mail, the mail has one more try.
    maxRequeues: 1,
    host: smtp.host,
    port: smtp.port,
    secure: smtp.security === "tls",
    requireTLS: smtp.security === "starttls",
    ignoreTLS: smtp.security === "none",
    auth: smtp.login,
    dnsTimeout: stepMs,
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
