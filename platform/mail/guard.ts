/**
 * The rules for every HTTP answer of the catcher. The catcher trusts everybody who can
 * reach it, so other web sites must not reach it. A site could point its own name at
 * 127.0.0.1: the Host header shows that, and we refuse it. Other origins get no CORS
 * grant. Nothing that a mail contains may run.
 */
import type { MiddlewareHandler } from "hono";

const ownHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const guard: MiddlewareHandler = async (context, next) => {
  const host = context.req.header("host") ?? "";
  if (!ownHosts.has(hostName(host))) {
    context.res = context.text("The mail catcher answers only to localhost", 403);
  } else {
    await next();
  }
  const { headers } = context.res;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", pagePolicy);
  if (!headers.has("cross-origin-resource-policy"))
    headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cache-control", "no-store");
};

function hostName(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return "";
  }
}
