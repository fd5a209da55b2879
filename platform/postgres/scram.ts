/**
 * Makes and checks passwords in the form in which Postgres keeps them (SCRAM-SHA-256,
 * RFC 5802 and RFC 7677). We make this form here, because the server may log statements,
 * and a password must not be in one. We check it, so that we do not set an unchanged
 * password again.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const iterations = 4096;
const form = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/;

/** Makes a verifier. `alter role … password` accepts it in place of the password. */
export function scramVerifier(password: string): string {
  return verifierOf(password, randomBytes(16), iterations);
}

/** True if `verifier` was made from this password. It is pg_authid.rolpassword, and null without a password. */
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
