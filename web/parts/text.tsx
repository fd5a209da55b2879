/**
 * What people write, as text nodes and links. The server says where tags, mentions and links are
 * (`entities`), so nothing here parses text, and no text ever becomes HTML.
 */
import type { ComponentChildren } from "preact";
import type { Entity } from "../../supabase/database.types.ts";
import type { Card } from "../app/plaza.ts";

export interface TextProps {
  text: string;
  field: Entity["field"];
  entities: Entity[];
  mentions: Card["mentions"];
  language?: string | null;
  id?: string;
  class?: string;
}

export function Text({
  text,
  field,
  entities,
  mentions,
  language,
  id,
  class: className = "text",
}: TextProps) {
  return (
    <div class={className} dir="auto" lang={language ?? undefined} id={id}>
      {nodesOf(
        text,
        entities.filter((each) => each.field === field),
        mentions,
      )}
    </div>
  );
}

function nodesOf(text: string, entities: Entity[], mentions: Card["mentions"]): ComponentChildren[] {
  const nodes: ComponentChildren[] = [];
  let at = 0;
  for (const entity of entities.toSorted((a, b) => a.start - b.start)) {
    // An entity that does not fit the text is left out: it stays plain text.
    if (entity.start < at || entity.end > text.length) continue;
    nodes.push(text.slice(at, entity.start), linkOf(text.slice(entity.start, entity.end), entity, mentions));
    at = entity.end;
  }
  nodes.push(text.slice(at));
  return nodes;
}

function linkOf(words: string, entity: Entity, mentions: Card["mentions"]): ComponentChildren {
  if (entity.type === "tag") return <a href={`/tags/${encodeURIComponent(entity.tag)}`}>{words}</a>;
  if (entity.type === "mention") {
    const person = mentions.find(({ username }) => username === entity.username.toLowerCase())?.profile;
    return person ? <a href={`/@${person.username}`}>{words}</a> : words;
  }
  return <OuterLink url={entity.url}>{words}</OuterLink>;
}

/** The address of a link is on the link. Its first letters are enough to read, if they have the whole host. */
const mostLetters = 60;

/** The words of a link up to the end of the host. The host is the first group. */
const toHost = /^(?:https?:\/\/)?(?:www\.)?([^/?#\\]*)/i;

/**
 * A link that leads away. If the words show another host than the real one, such as other letters (punycode) or a
 * name before an @, the real host is shown beside it: `аррӏе.com` is not apple.com.
 */
export function OuterLink({ url, children }: { url: string; children: string }) {
  const parsed = URL.parse(url);
  if (!parsed || !["https:", "http:"].includes(parsed.protocol)) return <>{children}</>;
  const [start, host] = toHost.exec(children) ?? ["", ""];
  const shown = host?.toLowerCase().replace(/:\d*$/, "");
  const isStrange = shown !== parsed.hostname.replace(/^www\./, "");
  const most = Math.max(mostLetters, start.length);
  return (
    <>
      <a href={parsed.href} title={parsed.href} rel="nofollow noopener noreferrer ugc" target="_blank">
        {children.length > most ? `${children.slice(0, most)}…` : children}
      </a>
      {isStrange && <span class="punycode"> ({parsed.hostname})</span>}
    </>
  );
}
