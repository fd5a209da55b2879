/**
 * The Standard Webhooks signature that Auth puts on hook requests
 * (https://github.com/standard-webhooks/standard-webhooks). Secrets rotate by
 * listing the old and the new one: any of them will do.
 */
import { Webhook } from "standardwebhooks";

/**
 * @param secrets in Auth's notation: `v1,whsec_<base64>`, several split by `|`
 * @throws Error when one of them is malformed
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

/** Whether the body was signed with one of the secrets, at most five minutes ago. */
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
