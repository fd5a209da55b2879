/**
 * The HTML of one mail as a document, for the frame of the inbox page or for a browser
 * tab. The answer's own policy says `sandbox`, so no script of the mail runs anywhere.
 */
import type { Message } from "./message.ts";

/** Links open in a new tab, which is an ordinary tab without the sandbox. */
const sandbox = "allow-popups allow-popups-to-escape-sandbox";

/** @param origin the catcher's origin. Images may come only from there and from the mail itself. */
export function viewPolicy(origin: string): string {
  return [
    `sandbox ${sandbox}`,
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src data: ${origin}`,
    "font-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join("; ");
}

/** @returns the HTML, in which inline images (`cid:`) load from the API and links open in a new tab */
export function viewHtml(message: Message): string {
  const html = message.HTML.replace(/(\ssrc\s*=\s*["']?)cid:([^"'\s>]{1,250})/gi, (whole, before, id) => {
    const part = [...message.Inline, ...message.Attachments].find((known) => known.ContentID === decode(id));
    return part ? `${before}/api/v1/message/${message.ID}/part/${part.PartID}` : whole;
  });
  const base = '<base target="_blank">';
  const head = /<head(?:\s[^>]*)?>/i.exec(html);
  if (!head) return `<!doctype html>${base}${html}`;
  const end = head.index + head[0].length;
  return html.slice(0, end) + base + html.slice(end);
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
