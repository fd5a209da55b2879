/**
 * Makes the text for an HTML mail without a text part, as Mailpit does. It drops the tags
 * and writes each link after its words. It reads the input once, because a mail may be
 * written to make this slow.
 */
const hidden = new Set(["head", "style", "script", "title", "template", "noscript"]);
const blocks =
  /^(?:address|article|blockquote|br|div|dl|dt|dd|fieldset|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|tr|ul)$/;
const maxTagLength = 8192;

export function htmlToText(html: string): string {
  let text = "";
  let skipping: string | undefined;
  const links: string[] = [];
  for (const [index, piece] of withoutComments(html).split("<").entries()) {
    if (index === 0) {
      text += piece;
      continue;
    }
    const end = piece.indexOf(">");
    const name = /^\/?([a-z][a-z0-9]*)/i.exec(piece)?.[1]?.toLowerCase();
    if (end < 0 || name === undefined) {
      if (!skipping) text += end < 0 ? `<${piece}` : piece.slice(end + 1);
      continue;
    }
    const closing = piece.startsWith("/");
    if (skipping) {
      if (!closing || name !== skipping) continue;
      skipping = undefined;
    } else if (hidden.has(name) && !closing) {
      skipping = name;
      continue;
    }
    if (name === "a") {
      const link = closing ? links.pop() : links.push(hrefOf(piece.slice(0, end))) && undefined;
      if (link) text += ` ( ${link} )`;
    }
    if (blocks.test(name)) text += "\n";
    text += piece.slice(end + 1);
  }
  return tidy(decodeEntities(text));
}

function withoutComments(html: string): string {
  let kept = "";
  let from = 0;
  for (;;) {
    const start = html.indexOf("<!--", from);
    if (start < 0) return kept + html.slice(from);
    kept += html.slice(from, start);
    const end = html.indexOf("-->", start + 4);
    if (end < 0) return kept;
    from = end + 3;
  }
}

function hrefOf(tag: string): string {
  const match = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))/i.exec(tag.slice(0, maxTagLength));
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? "";
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (name) return entities[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function tidy(text: string): string {
  const lines = text.split("\n").map((line) => line.split(/\s+/).filter(Boolean).join(" "));
  return lines
    .filter((line, index) => line !== "" || lines[index - 1] !== "")
    .join("\n")
    .trim();
}
