/**
 * What the person is writing, kept on the device with each letter, so a reload loses nothing. And posts that
 * could not be sent: they stay until the person sends them again or throws them away.
 */
import { effect, signal } from "@preact/signals";
import type { OutboxEntry } from "../../clients/sync.ts";
import { wordsOf } from "../app/errors.ts";
import { loadLater, t } from "../app/messages.ts";
import type { Audience, FeedRow } from "../app/plaza.ts";
import { navigate } from "../app/router.ts";
import { userId } from "../app/session.ts";
import { onDone, onRefusedLater, send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";
import { feedsLike } from "./feeds.ts";
import { change, reread } from "./posts.ts";

export interface Writing {
  title: string;
  content: string;
  content_warning: string;
  language: string | null;
  audience: Audience;
  reply_to_id?: number;
  quote_of_id?: number;
  /** When the server publishes it. */
  publish_at?: string | null;
  /** When the text on the server was changed from which this one began. */
  base?: string;
}

/** A post that the server refused, or that could not be kept for sending. */
export interface Unsent {
  key: string;
  writing: Writing;
  /** Why, in words. */
  problem: string;
}

/** What a text is written for: `new`, `reply:1`, `quote:1`, `draft:…` or `edit:1`. */
export type Occasion = string;

const lastLanguageKey = "plaza.drafts.language";
/** Texts that are kept. The oldest go first. */
const mostTexts = 30;

export function emptyWriting(): Writing {
  const language = localStorage.getItem(lastLanguageKey) ?? navigator.language.split("-")[0] ?? null;
  return { title: "", content: "", content_warning: "", language: language || null, audience: "everyone" };
}

function textsKey(): string {
  return `plaza.drafts.${userId.value}`;
}

function texts(): Record<Occasion, Writing> {
  return read(textsKey(), {});
}

/** The text for this occasion that is not sent yet. */
export function keptText(occasion: Occasion): Writing | undefined {
  return texts()[occasion];
}

/**
 * What the person goes on with: the text that was kept here, unless another device has saved a later one.
 * @returns `other`: the text that was kept here, if it is not the one
 */
export function newestText(occasion: Occasion, saved: Writing): { writing: Writing; other?: Writing } {
  const kept = keptText(occasion);
  if (!kept || isSame(kept, saved)) return { writing: saved };
  const own = { ...kept, base: saved.base };
  return kept.base === undefined || kept.base === saved.base
    ? { writing: own }
    : { writing: saved, other: own };
}

export function keepText(occasion: Occasion, writing: Writing): void {
  const { [occasion]: _, ...others } = texts();
  const kept = [...Object.entries(others), [occasion, writing] as const].slice(-mostTexts);
  write(textsKey(), Object.fromEntries(kept));
  localStorage.setItem(lastLanguageKey, writing.language ?? "");
}

/** @param sent if given, another text is not dropped: the person may have written on, maybe in another tab */
export function dropText(occasion: Occasion, sent?: Partial<Writing>): void {
  const { [occasion]: kept, ...others } = texts();
  if (!sent || !kept || isSame(kept, sent)) write(textsKey(), others);
}

function isSame(one: Partial<Writing>, two: Partial<Writing>): boolean {
  return (["title", "content", "content_warning", "publish_at"] as const).every(
    (name) => (one[name] ?? null) === (two[name] ?? null),
  );
}

/** As a new post: without what is only about the text on the server. */
function asNew({ publish_at: _, base: __, ...writing }: Writing): Writing {
  return writing;
}

export const unsent = signal<Unsent[]>([]);

function unsentKey(): string {
  return `plaza.drafts.unsent.${userId.value}`;
}

function keepUnsent(list: Unsent[]): void {
  unsent.value = list;
  write(unsentKey(), list);
}

export function dropUnsent(key: string): void {
  keepUnsent(unsent.value.filter((each) => each.key !== key));
}

/** Call it once at the start. */
export function watchWriting(): void {
  effect(() => {
    unsent.value = read(unsentKey(), []);
  });
  onDone((entry, data) => {
    const edited = editIn(entry);
    if (edited && !editsHere.delete(entry.key)) void edited.finish().catch(edited.notSaved);
    if (!("rpc" in entry.write) || entry.write.rpc !== "write_post") return;
    dropUnsent(entry.key);
    // A repost shows with the post that it shares.
    const { args = {} } = entry.write;
    const row = data as FeedRow;
    if (args.repost_of_id === undefined) arrived(row);
    // The key is that of a draft, and the server had published it at its time, with the text before.
    if (args.content !== undefined && row.post.edited_at === null && row.post.content !== args.content)
      refused(crypto.randomUUID(), args as unknown as Writing, { details: "draft_not_found" });
  });
  onRefusedLater((entry, error) => {
    const { write } = entry;
    const edited = editIn(entry);
    edited?.notSaved(error);
    if (edited) return true;
    if (!("rpc" in write) || write.rpc !== "write_post" || write.args?.content === undefined) return false;
    refused(entry.key, write.args as unknown as Writing, error);
    return true;
  });
}

/**
 * Sends a post through the outbox.
 * @param key the same for every try, so the post is written once
 * @returns the promise of the post as a row of a feed. Without a network it takes long
 */
export async function sendPost(writing: Writing, key: string): Promise<{ answer: Promise<FeedRow> }> {
  const { reply_to_id, quote_of_id, ...words } = asNew(writing);
  const args = { ...words, ...(reply_to_id && { reply_to_id }), ...(quote_of_id && { quote_of_id }) };
  const { answer } = await send({ rpc: "write_post", args }, key);
  return { answer: answer as Promise<FeedRow> };
}

/** The changes of posts that this page has sent, by their keys. */
const editsHere = new Set<string>();

/**
 * Sends a change of an own post through the outbox. The text stays kept on the device until the server has it.
 * @returns a promise that fails if the server refused the change, or if the post is not there any more
 */
export async function sendEdit(
  id: number,
  { title, content, content_warning, language }: Writing,
): Promise<{
  answer: Promise<void>;
  /** Tells of a failure after the editor was closed. */
  notSaved: (error: unknown) => void;
}> {
  const values = { title, content, content_warning, language };
  const key = crypto.randomUUID();
  const write = { update: "posts", values, match: { id } };
  editsHere.add(key);
  const { finish, notSaved } = editIn({ write }) as Edit;
  const { answer } = await send(write, key);
  answer.catch(() => editsHere.delete(key));
  return { answer: answer.then(finish), notSaved };
}

interface Edit {
  /** The server changes nothing, and says so in no way, if the post is not there. */
  finish: () => Promise<void>;
  notSaved: (error: unknown) => void;
}

/** @returns what to do after the answer, or undefined if this is not a change of a post */
function editIn({ write }: Pick<OutboxEntry, "write">): Edit | undefined {
  if (!("update" in write) || write.update !== "posts") return undefined;
  const id = Number(write.match.id);
  return {
    async finish() {
      if (!(await reread(id)))
        throw Object.assign(new Error("There is no such post"), { details: "post_not_found" });
      dropText(`edit:${id}`, write.values as Partial<Writing>);
    },
    notSaved(error) {
      const action = { label: t("edit"), run: () => navigate(`/compose?edit=${id}`) };
      // The sentence may be among the words that are loaded later.
      const tell = () => toast(`${t("post_not_sent")} ${wordsOf(error)}`, { isError: true, action });
      void loadLater().then(tell, tell);
    },
  };
}

/** Keeps a post that was refused after the person went on to something else. */
export function refused(key: string, writing: Writing, error: unknown): void {
  const keep = () =>
    keepUnsent([
      ...unsent.value.filter((each) => each.key !== key),
      { key, writing: asNew(writing), problem: wordsOf(error) },
    ]);
  // It is kept at once. The sentence may be among the words that are loaded later.
  keep();
  void loadLater()
    .catch(() => {})
    .then(() => {
      if (unsent.value.some((each) => each.key === key)) keep();
      toast(`${t("post_not_sent")} ${wordsOf(error)}`, { isError: true });
    });
}

/** Puts a new post where it belongs. */
function arrived(row: FeedRow | null): void {
  if (!row?.post) return;
  const { post } = row;
  for (const feed of feedsLike<FeedRow>("home"))
    if (feed.blocks.value.length > 0 || feed.state.value === "ready") feed.add(row);
  if (post.reply_to_id !== null) change(post.reply_to_id, ({ replies }) => ({ replies: replies + 1 }));
  if (post.quote_of_id !== null) change(post.quote_of_id, ({ quotes }) => ({ quotes: quotes + 1 }));
}

function read<T>(key: string, otherwise: T): T {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // No room. The text is still on the page.
  }
}
