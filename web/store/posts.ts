/**
 * The posts that were read, each once. A like shows at once wherever the post is shown. A post that was
 * deleted is null.
 */
import { type Signal, signal } from "@preact/signals";
import type { Write } from "../../clients/sync.ts";
import { wordsOf } from "../app/errors.ts";
import { type Card, type FeedRow, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { send, waiting } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";

const cards = new Map<number, Signal<Card | null>>();
/** Then the oldest are forgotten. A post on the page keeps its own signal. */
const mostCards = 10_000;

// Somebody who signs in has other likes.
userId.subscribe(() => cards.clear());

/** Keeps what the server says about a post. @returns the post everywhere */
export function keep(card: Card): Signal<Card | null> {
  const known = cards.get(card.id);
  if (known) {
    known.value = withWaiting(card);
    return known;
  }
  const made = signal<Card | null>(withWaiting(card));
  cards.set(card.id, made);
  if (cards.size > mostCards) {
    const [oldest] = cards.keys();
    if (oldest !== undefined) cards.delete(oldest);
  }
  return made;
}

/** @returns the post as it is known now. It is kept if it is new */
export function cardOf(card: Card): Signal<Card | null> {
  return cards.get(card.id) ?? keep(card);
}

export function keepRows(rows: Pick<FeedRow, "post" | "quoted">[]): void {
  for (const { post, quoted } of rows) {
    if (post) keep(post);
    if (quoted) keep(quoted);
  }
}

/** Changes what is shown of a post, if it is known. */
export function change(id: number, with_: (card: Card) => Partial<Card>): void {
  const known = cards.get(id);
  if (known?.value) known.value = { ...known.value, ...with_(known.value) };
}

export function forget(id: number): void {
  const known = cards.get(id);
  if (known) known.value = null;
}

/** Reads a post again, for example after an edit. @returns false if it is not there. Without an answer, true */
export async function reread(id: number): Promise<boolean> {
  const { data, error } = await plaza.rpc("post", { post_id: id }).maybeSingle();
  if (data) keepRows([data]);
  return Boolean(data ?? error);
}

/** @returns the post, read if it is not known yet; null if it is not there */
export async function cardById(id: number): Promise<Card | null> {
  const known = cards.get(id);
  if (known) return known.value;
  const { data } = await plaza.rpc("post", { post_id: id }).maybeSingle().throwOnError();
  if (!data) return null;
  keepRows([data]);
  return data.post;
}

type Toggle = "liked" | "bookmarked" | "reposted";
const counts = { liked: "likes", reposted: "reposts", bookmarked: undefined } as const;

/**
 * Likes, bookmarks or reposts a post, or takes it back. It shows at once, waits in the outbox while there is
 * no network, and is taken back if the server refuses it.
 */
export async function toggle(id: number, what: Toggle): Promise<void> {
  const card = cards.get(id)?.value;
  const me = userId.value;
  if (!card || me === null) return;
  const wanted = !card[what];
  show(id, what, wanted);
  const refused = (error: unknown) => {
    show(id, what, !wanted);
    toast(wordsOf(error), { isError: true });
  };
  try {
    const { answer } = await send(writeOf(id, what, wanted, me));
    answer.catch(refused);
  } catch (error) {
    refused(error);
  }
}

function show(id: number, what: Toggle, is: boolean): void {
  change(id, (card) => toggled(card, what, is));
}

function toggled(card: Card, what: Toggle, is: boolean): Partial<Card> {
  const count = counts[what];
  if (card[what] === is) return {};
  return { [what]: is, ...(count && { [count]: Math.max(0, card[count] + (is ? 1 : -1)) }) };
}

/** The server does not know yet what waits in the outbox. So it is put on top of what the server says. */
function withWaiting(card: Card): Card {
  let result = card;
  for (const { write } of waiting.peek()) {
    const wish = wishOf(write);
    if (wish?.id === card.id) result = { ...result, ...toggled(result, wish.what, wish.is) };
  }
  return result;
}

// After a reload, the outbox is read a moment later than the posts.
waiting.subscribe((entries) => {
  for (const { write } of entries) {
    const wish = wishOf(write);
    if (wish) show(wish.id, wish.what, wish.is);
  }
});

/** What a write of `writeOf()` wants. */
function wishOf(write: Write): { id: number; what: Toggle; is: boolean } | undefined {
  const isNew = "upsert" in write || "rpc" in write;
  const table = "upsert" in write ? write.upsert : "delete" in write ? write.delete : "";
  const row =
    "upsert" in write
      ? write.values
      : "delete" in write
        ? write.match
        : "rpc" in write
          ? write.args
          : undefined;
  if (!row || Array.isArray(row)) return undefined;
  if (row.repost_of_id) return { id: Number(row.repost_of_id), what: "reposted", is: isNew };
  if (table === "likes" || table === "bookmarks") {
    return { id: Number(row.post_id), what: table === "likes" ? "liked" : "bookmarked", is: isNew };
  }
  return undefined;
}

function writeOf(id: number, what: Toggle, wanted: boolean, me: string): Write {
  if (what === "reposted") {
    if (wanted) return { rpc: "write_post", args: { repost_of_id: id } };
    return { delete: "posts", match: { repost_of_id: id, author_id: me } };
  }
  const table = what === "liked" ? "likes" : "bookmarks";
  if (wanted) return { upsert: table, values: { post_id: id } };
  return { delete: table, match: { post_id: id, user_id: me } };
}
