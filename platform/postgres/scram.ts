/**
 * Passwords in the form in which Postgres keeps them (SCRAM-SHA-256, RFC 5802 and
 * RFC 7677): made here, so that no password travels in a statement that the
 * server might log, and recognised, so that an unchanged one is not set again.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const iterations = 4096;
const form = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/;

/** What `alter role … password` accepts in place of a password. */
export function scramVerifier(password: string): string {
  return verifierOf(password, randomBytes(16), iterations);
}

/** Whether `verifier` (pg_authid.rolpassword, null for none) was made from this password. */
export function matchesVerifier(verifier: string | null, password: string): boolean {
  const [, count, salt] = verifier?.match(form) ?? [];
  if (!verifier || !count || !salt) return false;
  const expected = verifierOf(password, Buffer.from(salt, "base64"), Number(count));
  return expected.length === verifier.length && timingSafeEqual(Buffer.from(expected), Buffer.from(verifier));
}

function verifierOf(password: string, salt: Buffer, count: number): string {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, count, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${count}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
