/**
 * Counts trends again from scratch: from posts, likes and profiles, in plain loops. The tables
 * that private.refresh_trends() keeps must be equal to this.
 */
import type { Sql } from "postgres";

const hourMs = 3_600_000;
export const weekMs = 168 * hourMs;
const windowsMs = [hourMs, 12 * hourMs, 24 * hourMs, weekMs];

/** @returns the lowest id of a millisecond */
export const firstId = (ms: number): number => (Math.floor(ms) - Date.UTC(2026, 0, 1)) * 4096;

interface Post {
  id: number;
  author_id: string;
  title: string;
  content: string;
  language: string | null;
  entities: { type: string; tag?: string; url?: string }[];
  is_open: boolean;
  reply_to_id: number | null;
  quote_of_id: number | null;
  repost_of_id: number | null;
}

/** Everything that decides about trends. */
export interface Facts {
  posts: Post[];
  likes: { user_id: string; post_id: number }[];
  discoverable: Set<string>;
  banned: Set<string>;
  trusted: Set<string>;
}

export async function readFacts(sql: Sql): Promise<Facts> {
  const ids = async (query: Promise<readonly { id?: string }[]>) =>
    new Set((await query).map(({ id }) => String(id)));
  return {
    posts: [...(await sql<Post[]>`select * from posts order by id`)],
    likes: [...(await sql<Facts["likes"]>`select user_id, post_id from likes`)],
    discoverable: await ids(sql`select id from profiles where is_discoverable`),
    banned: await ids(sql`select id from auth.users where banned_until > now()`),
    trusted: await ids(sql`select profile_id as id from private.trust where counts`),
  };
}

const counts = (facts: Facts, id: string) =>
  facts.trusted.has(id) && facts.discoverable.has(id) && !facts.banned.has(id);

const primary = (language: string | null) => language?.split("-")[0] ?? null;

/** The parts of the address as they are written: scheme and host in lower case, no fragment. */
function linkTerm(url: string): string {
  const [page = ""] = url.split("#");
  const [scheme, rest = ""] = page.split("//", 2);
  const host = rest.split(/[/?]/)[0] ?? "";
  return `${scheme}//${host}`.toLowerCase() + page.slice(`${scheme}//${host}`.length);
}

function termsOf({ entities }: Post): string[] {
  const terms = new Set<string>();
  for (const { type, tag, url } of entities) {
    const term = type === "tag" ? tag : type === "link" ? linkTerm(String(url)) : undefined;
    if (term === undefined || term.length > 500) continue;
    terms.add(`${type}:${term}`).add(`${type}:`);
  }
  return [...terms];
}

/** The letters that the text has besides tags, mentions and links, or else the author. */
function speakerOf({ title, content, author_id }: Post): string {
  const words = `${title} ${content}`.split(/\s+/).map((word) => word.split(/https?:\/\/|[#＃@＠]/i)[0]);
  const letters = words.join("").normalize("NFKC").toLowerCase().replaceAll(/\P{L}/gu, "");
  return letters.length < 24 ? author_id : letters;
}

export interface Use {
  term: string;
  profile: string;
  post: number;
  speaker: string;
  language: string | null;
}

/** The uses at a moment: those that were written before, and are still there. */
export function usesAt(facts: Facts, ms: number): Use[] {
  return facts.posts
    .filter(
      (post) =>
        post.is_open &&
        post.repost_of_id === null &&
        post.id >= firstId(ms - weekMs) &&
        post.id < firstId(ms) &&
        facts.discoverable.has(post.author_id),
    )
    .flatMap((post) =>
      termsOf(post).map((term) => ({
        term,
        profile: post.author_id,
        post: post.id,
        speaker: speakerOf(post),
        language: primary(post.language),
      })),
    );
}

/** The latest of these uses for each key. Uses are ordered by time. */
function latest(uses: Use[], key: (use: Use) => string): Use[] {
  return [...new Map(uses.map((use) => [key(use), use])).values()];
}

export const peopleAt = (facts: Facts, ms: number): Use[] =>
  latest(
    usesAt(facts, ms).filter(({ profile }) => counts(facts, profile)),
    ({ term, profile }) => `${term} ${profile}`,
  ).sort((one, other) => one.post - other.post);

export const voicesAt = (facts: Facts, ms: number): Use[] =>
  latest(peopleAt(facts, ms), ({ term, speaker }) => `${term} ${speaker}`);

/** @returns the voices in the last hour, 12 hours, 24 hours and seven days, for each term */
export function countsAt(facts: Facts, ms: number): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { term, post } of voicesAt(facts, ms)) {
    const row = found[term] ?? [0, 0, 0, 0];
    found[term] = row.map((count, window) => count + +(post >= firstId(ms - (windowsMs[window] ?? 0))));
  }
  return found;
}

/** @returns what trend_hours has for an hour that ends at a moment */
export function hourAt(facts: Facts, ms: number): Record<string, number[]> {
  const all = countsAt(facts, ms);
  const shown = Object.entries(all).filter(([term, row]) => !term.endsWith(":") && (row[2] ?? 0) >= 3);
  const network = ["tag:", "link:"].map((term) => [term, all[term] ?? [0, 0, 0, 0]]);
  return Object.fromEntries([...shown, ...network]);
}

/** @returns the fans of each post of the last seven days that has any */
export function fansAt(facts: Facts, ms: number): Map<number, Set<string>> {
  const fans = new Map<number, Set<string>>();
  const young = new Map(
    facts.posts
      .filter(
        ({ id, repost_of_id }) => repost_of_id === null && id >= firstId(ms - weekMs) && id < firstId(ms),
      )
      .map((post) => [post.id, post]),
  );
  const add = (postId: number | null, fan: string) => {
    const post = young.get(postId ?? -1);
    if (!post || post.author_id === fan || !counts(facts, fan)) return;
    fans.set(post.id, (fans.get(post.id) ?? new Set()).add(fan));
  };
  for (const { user_id, post_id } of facts.likes) add(post_id, user_id);
  for (const { author_id, is_open, reply_to_id, quote_of_id, repost_of_id } of facts.posts) {
    if (is_open) for (const target of [reply_to_id, quote_of_id, repost_of_id]) add(target, author_id);
  }
  return fans;
}

/** @returns people, score and language of each post with fans, as post_heat has them */
export function heatAt(facts: Facts, ms: number): Record<number, [number, string | null, string | null]> {
  const posts = new Map(facts.posts.map((post) => [post.id, post]));
  const heat: Record<number, [number, string | null, string | null]> = {};
  for (const [id, fans] of fansAt(facts, ms)) {
    const post = posts.get(id);
    if (!post) continue;
    const shown = post.is_open && facts.discoverable.has(post.author_id) && !facts.banned.has(post.author_id);
    const seconds = (Date.UTC(2026, 0, 1) + Math.floor(id / 4096)) / 1000;
    const score = shown ? (Math.log10(fans.size) + seconds / 45_000).toFixed(6) : null;
    heat[id] = [fans.size, score, primary(post.language)];
  }
  return heat;
}
