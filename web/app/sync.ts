/**
 * The one sync of the page: the state of the connection, the unread counts, and the outbox with what the
 * person did offline. Pages listen with `onChange()` and `onNews()`, and write with `send()`.
 */
import { effect, signal } from "@preact/signals";
import type { Refusal } from "../../clients/call.ts";
import type { Change, OutboxEntry, Sync, SyncState, Write } from "../../clients/sync.ts";
import { dropEarly, earlyWrites, keepEarly } from "./early-writes.ts";
import { wordsOf } from "./errors.ts";
import { plaza, supabaseLoaded } from "./plaza.ts";
import { userId } from "./session.ts";
import { toast } from "./toasts.ts";

export interface Unread {
  notifications: number;
  requests: number;
  messages: number;
  message_requests: number;
}

export const syncState = signal<SyncState>("offline");
/** The browser says that there is no network, or the last try failed. The page says so. */
export const isOffline = signal(!navigator.onLine);
export const unread = signal<Unread>({ notifications: 0, requests: 0, messages: 0, message_requests: 0 });
/** The writes that wait for the network, oldest first. */
export const waiting = signal<OutboxEntry[]>([]);
/** The sync, while somebody is signed in. The chat opens its conversations with it. */
export const sync = signal<Sync | undefined>(undefined);
/** It begins, or has begun. */
let isBegun = false;

const changeListeners = new Set<(change: Change) => void | Promise<void>>();
const newsListeners = new Set<(conversationId: number | null) => void>();
/** Who waits for the answer to a write of this page. */
const answers = new Map<string, { done: (data: unknown) => void; refused: (error: Refusal) => void }>();
/** Called for each write that the server refused and for which nobody waits: it was made before a reload. */
const refusalListeners = new Set<(entry: OutboxEntry, error: Refusal) => boolean>();
const doneListeners = new Set<(entry: OutboxEntry, data: unknown) => void>();

/** Hears every change of the person's streams, in order. @returns how to stop */
export function onChange(listener: (change: Change) => void | Promise<void>): () => void {
  changeListeners.add(listener);
  return () => void changeListeners.delete(listener);
}

/** Hears of new messages. Null: maybe in any conversation. @returns how to stop */
export function onNews(listener: (conversationId: number | null) => void): () => void {
  newsListeners.add(listener);
  return () => void newsListeners.delete(listener);
}

/** Whether a list of conversations was read before what the sync heard of could be read. */
export const isTooOld = (rows: Parameters<Sync["isTooOld"]>[0]): boolean =>
  sync.peek()?.isTooOld(rows) ?? false;

/** Hears of every write that the server has done. @returns how to stop */
export function onDone(listener: (entry: OutboxEntry, data: unknown) => void): () => void {
  doneListeners.add(listener);
  return () => void doneListeners.delete(listener);
}

/**
 * Takes writes that were refused after a reload.
 * @param listener answers whether it told the person. If nobody did, a toast does
 */
export function onRefusedLater(listener: (entry: OutboxEntry, error: Refusal) => boolean): () => void {
  refusalListeners.add(listener);
  return () => void refusalListeners.delete(listener);
}

/**
 * Puts a write into the outbox. Offline it waits there, also over a reload.
 * @returns the key at once, and a promise of the server's answer, which may take days
 * @throws OutboxFullError when 100 writes wait. The promise fails with the refusal of the server
 */
export async function send(
  write: Write,
  key: string = crypto.randomUUID(),
): Promise<{ key: string; answer: Promise<unknown> }> {
  const id = userId.peek();
  if (id === null) throw new Error("Nobody is signed in");
  const answer = new Promise<unknown>((done, refused) => answers.set(key, { done, refused }));
  // A caller that does not wait for the answer hears nothing of a refusal.
  answer.catch(() => {});
  try {
    const outbox = sync.peek();
    if (outbox) await outbox.send(write, key);
    else keepEarly(id, { key, write, sentAtMs: Date.now() });
  } catch (error) {
    answers.delete(key);
    throw error;
  }
  await readWaiting();
  return { key, answer };
}

async function readWaiting(): Promise<void> {
  const id = userId.peek();
  const stored = (await sync.peek()?.pending()) ?? [];
  const early = id === null ? [] : earlyWrites(id);
  const entries = [...stored, ...early.filter(({ key }) => !stored.some((entry) => entry.key === key))];
  if (entries.length > 0 || waiting.peek().length > 0) waiting.value = entries;
}

/** Postgres sends an event a moment before others can read it. */
const readablePauseMs = 250;
let isReadingUnread = false;
let mustReadAgain = false;

/** One read at a time: news often comes twice. If something comes during a read, its answer may lack it. */
export function readUnread(): void {
  mustReadAgain = isReadingUnread;
  if (isReadingUnread) return;
  isReadingUnread = true;
  void readCounts().finally(() => {
    isReadingUnread = false;
    if (mustReadAgain) readUnread();
  });
}

async function readCounts(): Promise<void> {
  const { data } = await plaza.rpc("unread").maybeSingle();
  if (!data) return;
  const { notifications, requests, messages, message_requests } = data;
  unread.value = { notifications, requests, messages, message_requests };
}

/** Call it once, at the start. It follows the session. */
export function watchSync(): void {
  effect(() => {
    const id = userId.value;
    // When somebody signs out, the page is loaded again.
    if (id === null || isBegun) return;
    isBegun = true;
    void begin(id);
    // Also those of a page that was closed before the outbox was there.
    void readWaiting();
  });
  addEventListener("online", tellOffline);
  addEventListener("offline", tellOffline);
  syncState.subscribe(tellOffline);
}

/** A try failed since the connection was last there. Before the first try, the page does not say that it is offline. */
let hasFailed = false;

/** Browsers know only sometimes that there is no network. So what the sync met counts, too. */
function tellOffline(): void {
  isOffline.value = !navigator.onLine || (hasFailed && syncState.value === "offline");
}

async function begin(id: string): Promise<void> {
  const { createSync, supabase } = await supabaseLoaded();
  const created = createSync(supabase, {
    userId: id,
    async apply(change) {
      count(change);
      // The person read a conversation, maybe on another device. No event has the sums of messages.
      if (change.type === "event" && change.kind === "conversation" && change.stream.startsWith("user:"))
        setTimeout(readUnread, readablePauseMs);
      for (const listener of changeListeners) await listener(change);
    },
    onNews(conversationId) {
      readUnread();
      for (const listener of newsListeners) listener(conversationId);
    },
    onState(state) {
      if (state === "live") hasFailed = false;
      syncState.value = state;
    },
    onError() {
      hasFailed = true;
      tellOffline();
    },
    outbox: {
      storage: localStorage,
      onDone(entry, data) {
        void readWaiting();
        answers.get(entry.key)?.done(data);
        answers.delete(entry.key);
        for (const listener of doneListeners) listener(entry, data);
      },
      onRefused: refused,
      onTooOften(entry, error) {
        if (isText(entry.write)) {
          refused(entry, error);
          return true;
        }
        toast(wordsOf(error));
        return false;
      },
    },
  });
  // At once and in order: they come before what is sent from now on.
  for (const entry of earlyWrites(id))
    void created
      .send(entry.write, entry.key)
      .catch((error: Refusal) => refused(entry, error))
      .finally(() => dropEarly(id, entry.key));
  sync.value = created;
  void readWaiting();
}

/** A text that others read. After minutes or hours, the person decides again whether to send it. */
function isText(write: Write): boolean {
  if ("update" in write) return write.update === "posts";
  return "rpc" in write && ["write_post", "send_message"].includes(write.rpc) && Boolean(write.args?.content);
}

function refused(entry: OutboxEntry, error: Refusal): void {
  void readWaiting();
  const waits = answers.get(entry.key);
  answers.delete(entry.key);
  if (waits) waits.refused(error);
  else if (![...refusalListeners].some((listener) => listener(entry, error)))
    toast(wordsOf(error), { isError: true });
}

/** Every event of the own stream carries the new counts. */
function count(change: Change): void {
  const source =
    change.type === "replace" ? change.snapshot : change.type === "event" ? change.payload : undefined;
  const counts = (source as { unread?: Partial<Unread> } | undefined)?.unread;
  if (counts && change.stream.startsWith("user:")) unread.value = { ...unread.value, ...counts };
}
