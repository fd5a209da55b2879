/**
 * The lists of the person's conversations. A list is read again when there is news, because each message moves its
 * conversation to the top.
 */
import { type Signal, signal } from "@preact/signals";
import type { Enums } from "../../supabase/database.types.ts";
import { isOffline } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { type Author, type Conversation, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { isTooOld, onChange, onNews } from "../app/sync.ts";
import { nameOf } from "../parts/person-line.tsx";

export type Folder = Enums<"conversation_folder">;

export interface ConversationList {
  rows: Signal<Conversation[]>;
  state: Signal<"new" | "ready" | "failed">;
  error: Signal<unknown>;
  hasMore: Signal<boolean>;
  /** Reads the first pages again: as many rows as are shown. */
  read(): Promise<void>;
  more(): Promise<void>;
}

const pageSize = 30;
/** A list that was turned over for long is read again from its top. */
const mostAtOnce = 100;
/** News comes in bursts, and a moment before it can be read. */
const waitMs = 250;
/** When the list was read too early. */
const againMs = 1_000;
const lists = new Map<Folder, ConversationList>();
let isWatching = false;

export function listOf(folder: Folder): ConversationList {
  const list = lists.get(folder) ?? create(folder);
  lists.set(folder, list);
  watch();
  return list;
}

function create(folder: Folder): ConversationList {
  const rows = signal<Conversation[]>([]);
  const state = signal<"new" | "ready" | "failed">("new");
  const error = signal<unknown>(undefined);
  const hasMore = signal(false);
  /** Only the newest answer counts. */
  let turn = 0;

  async function read(): Promise<void> {
    const own = ++turn;
    const page_size = Math.min(mostAtOnce, Math.max(pageSize, rows.peek().length));
    const answer = await plaza.rpc("conversations", { folder, page_size });
    if (own !== turn) return;
    if (answer.error) {
      error.value = answer.error;
      if (state.peek() === "new") state.value = "failed";
      if (isOffline(answer.error) && rows.peek().length === 0) showKept();
      return;
    }
    rows.value = answer.data;
    if (isTooOld(answer.data)) setTimeout(read, againMs);
    keep(answer.data);
    hasMore.value = answer.data.length === page_size;
    state.value = "ready";
    for (const row of answer.data) void delivered(row);
  }

  /** The list of the last visit, for a page without a network. */
  const keptKey = `plaza.chat.list.${folder}`;
  function keep(page: Conversation[]): void {
    try {
      localStorage.setItem(keptKey, JSON.stringify(page.slice(0, pageSize)));
    } catch {
      // No room on the device.
    }
  }
  function showKept(): void {
    try {
      rows.value = JSON.parse(localStorage.getItem(keptKey) ?? "[]");
      if (rows.value.length > 0) state.value = "ready";
    } catch {
      rows.value = [];
    }
  }

  async function more(): Promise<void> {
    const own = ++turn;
    const before = rows.peek().at(-1)?.place;
    const { data } = await plaza.rpc("conversations", { folder, before, page_size: pageSize }).throwOnError();
    if (own !== turn) return;
    const known = new Set(rows.peek().map(({ id }) => id));
    rows.value = [...rows.peek(), ...data.filter(({ id }) => !known.has(id))];
    hasMore.value = data.length === pageSize;
  }

  return { rows, state, error, hasMore, read, more };
}

/** What the others were told to be on this device, by conversation. */
const told = new Map<number, number>();

/** Tells the others that this device has their messages. */
async function delivered({ id, unread, is_request, last_seq }: Conversation): Promise<void> {
  if (unread === 0 || is_request || (told.get(id) ?? 0) >= last_seq) return;
  told.set(id, last_seq);
  await plaza.rpc("mark_conversation_delivered", { conversation_id: id, seq: last_seq });
}

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      for (const list of lists.values()) if (list.state.peek() !== "new") void list.read();
    }, waitMs);
  };
  onNews(soon);
  onChange((change) => {
    if (change.type === "event" && change.kind === "conversation" && change.stream.startsWith("user:"))
      soon();
  });
}

/** The other person of a direct conversation. Undefined in a group, in your own notes, and after a block. */
export function otherOf({ kind, members }: Conversation): Author | undefined {
  return kind === "direct" ? members.find(({ id }) => id !== userId.value) : undefined;
}

/** What a conversation is called. */
export function titleOf(conversation: Conversation): string {
  if (conversation.kind === "group") return conversation.name ?? "";
  const other = otherOf(conversation);
  if (other) return nameOf(other);
  return conversation.is_frozen ? t("chat_somebody_gone") : t("chat_notes");
}

/** Whether its messages are not told. */
export function isMuted({ muted_until }: Conversation): boolean {
  return muted_until !== null && (muted_until === "infinity" || new Date(muted_until).getTime() > Date.now());
}
