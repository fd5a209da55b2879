/**
 * The page of the web client: its two values, and the headers that keep it safe. The server uses it for each
 * request, and `npm run web:build` for static files.
 */
import { createHash } from "node:crypto";

/** What the page has to know. Both values are public. */
export interface PageConfig {
  /** The origin of the API. */
  url: string;
  /** The publishable key. */
  key: string;
}

/** @returns the built index.html with its values */
export function fillIn(html: string, config: PageConfig): string {
  return html
    .replace("%PLAZA_POLICY%", escaped(policyOf(html, config, "page")))
    .replaceAll("%PLAZA_URL%", escaped(config.url))
    .replace("%PLAZA_PUBLISHABLE_KEY%", escaped(config.key));
}

/** @param html the built index.html. @returns the headers of every answer */
export function headersOf(html: string, config: PageConfig): Record<string, string> {
  return {
    "content-security-policy": policyOf(html, config, "header"),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}

/**
 * @param html the built index.html
 * @returns a Link header with the page's own script and style. A browser asks for both before it reads the page.
 */
export function linksOf(html: string): string {
  const script = /<script type="module"[^>]* src="([^"]+)"/.exec(html)?.[1];
  const style = /<link rel="stylesheet"[^>]* href="([^"]+)"/.exec(html)?.[1];
  return [
    script && `<${script}>; rel=modulepreload`,
    style && `<${style}>; rel=preload; as=style; crossorigin`,
  ]
    .filter(Boolean)
    .join(", ");
}

/**
 * Everything comes from the page's own origin. The page talks only to the API, and shows only pictures that
 * are stored there. One script is in the page itself (web/boot.ts), and its hash is here. No script is ever made from
 * text (trusted types).
 */
function policyOf(html: string, { url }: PageConfig, place: "page" | "header"): string {
  const socket = url.replace(/^http/, "ws");
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scriptHashes(html)].join(" "),
    "style-src 'self'",
    `img-src 'self' blob: data: ${url}`,
    `media-src 'self' blob: ${url}`,
    `connect-src 'self' ${url} ${socket}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types plaza",
    // A page cannot say this about itself.
    ...(place === "header" ? ["frame-ancestors 'none'"] : []),
  ].join("; ");
}

function scriptHashes(html: string): string[] {
  return [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, script = ""]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  );
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
