/**
 * Checks the Standard Webhooks signature with which Auth signs hook requests
 * (https://github.com/standard-webhooks/standard-webhooks). To rotate a secret, list the
 * old and the new one. A signature by any of them is valid.
 */
import { Webhook } from "standardwebhooks";

/**
 * @param secrets in Auth's notation: `v1,whsec_<base64>`, with `|` between several
 * @throws Error if one of them is malformed
 */
export function parseSecrets(secrets: string): Webhook[] {
  return secrets
    .split("|")
    .map((secret) => secret.trim())
    .filter(Boolean)
    .map((secret) => {
      if (!/^v1,whsec_[A-Za-z0-9+/=]{32,88}$/.test(secret)) throw new Error("malformed hook secret");
      return new Webhook(secret.slice("v1,".length));
    });
}

/** True if one of the secrets signed the body, at most five minutes ago. */
export function isSigned(body: string, headers: Headers, webhooks: Webhook[]): boolean {
  const signed = Object.fromEntries(
    ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [name, headers.get(name) ?? ""]),
  );
  return webhooks.some((webhook) => {
    try {
      webhook.verify(body, signed, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });
}
