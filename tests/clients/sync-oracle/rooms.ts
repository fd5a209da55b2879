/**
 * What a device knows of conversations: the open ones by `apply`, and its list, which it reads again
 * whenever the sync says that it may have changed. device.ts uses it.
 */
import { isDeepStrictEqual } from "node:util";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { ListedRow } from "../../../clients/news.ts";
import type { StreamEvent } from "../../../clients/stream.ts";
import type { Change, Conversation, Sync } from "../../../clients/sync.ts";

export type Message = Record<string, unknown> & { id: number; seq: number };
export type Receipt = { profile_id: string; delivered_seq: number; read_seq: number };

/** An open conversation. */
export interface KnownRoom {
  cursor: number;
  row: Record<string, unknown>;
  /** By id. */
  messages: Record<string, Message>;
  /** The changes of messages that it does not have: they are too old, or the person deleted them. By id. */
  others: Record<string, Message>;
  /** Messages with this number or a higher one are all known. */
  from: number;
  /** By profile. */
  receipts: Record<string, Receipt>;
}

/** What a list shows. */
export interface KnownList {
  rows: Record<string, unknown>[];
  messages: number;
  message_requests: number;
}

/** How many messages a snapshot has at most. */
const snapshotSize = 50;
const pageSize = 5;
/** Longer ones close the oldest. */
const mostOpen = 6;
/** Each reading is four requests. */
const listPauseMs = 400;
const listTimeoutMs = 3_000;

/** What of a row of `conversations()` a list shows. The rest changes without news. */
export function listed(row: Record<string, unknown>): Record<string, unknown> {
  const { id, unread, is_marked_unread, is_request, is_archived, is_pinned, is_frozen, muted_until } = row;
  const last = (row.last_message as Message | null)?.id ?? null;
  const { topic, view } = row;
  return {
    id,
    topic,
    view,
    unread,
    is_marked_unread,
    is_request,
    is_archived,
    is_pinned,
    is_frozen,
    muted_until,
    last,
  };
}

/** Reads the list as a frontend does. Undefined: something failed. */
export async function readList(
  client: SupabaseClient,
): Promise<{ list: KnownList; whole: ListedRow[] } | undefined> {
  const folders = ["inbox", "requests", "archived"];
  const [totals, ...pages] = await Promise.all([
    client.rpc("unread"),
    ...folders.map((folder) => client.rpc("conversations", { folder, page_size: 100 })),
  ]);
  if (totals.error || pages.some(({ error }) => error)) return undefined;
  const [{ messages, message_requests }] = totals.data;
  const whole = pages.flatMap(({ data }) => data);
  return { list: { rows: whole.map(listed), messages, message_requests }, whole };
}

export interface Rooms {
  /** A new page: everything open is opened again, with what was kept. */
  begin(sync: Sync, client: SupabaseClient, userId: string): void;
  end(): void;
  /** Which opening of a conversation this is. It is another one after the person closed it and came back. */
  opening(stream: string): unknown;
  apply(change: Change, violations: string[]): void;
  /** A failed `apply`: nobody knows what it has done. */
  forget(stream: string): void;
  news(): void;
  enter(id: number): void;
  exit(id: number): void;
  /** Loads older messages. */
  scrollBack(id: number): Promise<void>;
  known(): { rooms: Record<string, KnownRoom>; list: KnownList | undefined; wanted: number[] };
  /** @param expected without `list`, the list does not matter */
  isSettled(expected: { cursors: Record<string, number>; list: KnownList | undefined }): boolean;
}

export function createRooms(): Rooms {
  /** What the person looks at. After they are let in again, it opens again. */
  let wanted: number[] = [];
  const known = new Map<number, KnownRoom>();
  const open = new Map<number, Conversation>();
  let list: KnownList | undefined;
  let page: { sync: Sync; client: SupabaseClient; userId: string } | undefined;
  let isReading = false;
  let isStale = false;

  function enter(id: number): void {
    if (!wanted.includes(id)) wanted.push(id);
    for (const old of wanted.slice(0, -mostOpen)) exit(old);
    if (page && !open.has(id)) open.set(id, page.sync.open(id));
  }

  function exit(id: number): void {
    wanted = wanted.filter((other) => other !== id);
    known.delete(id);
    void open.get(id)?.close();
    open.delete(id);
  }

  async function readAgain(): Promise<void> {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale && page) {
      // A device hears of a change a moment before it can read it.
      await new Promise((resolve) => setTimeout(resolve, listPauseMs));
      if (!page) break;
      isStale = false;
      const { client, sync } = page;
      // supabase-js bounds no refresh of a token: one whose answer was lost may wait for ever.
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, listTimeoutMs));
      const read = await Promise.race([readList(client).catch(() => undefined), late]);
      if (client === page?.client) list = read?.list ?? list;
      isStale ||= !read || sync.isTooOld(read.whole);
    }
    isReading = false;
  }

  /** The person's own stream. */
  function applyOwn(change: Change): void {
    if (change.type !== "event") {
      for (const id of wanted) enter(id);
      return void readAgain();
    }
    if (change.kind !== "conversation") return;
    const { conversation_id, conversation } = change.payload as {
      conversation_id: number;
      conversation: object | null;
    };
    if (conversation && wanted.includes(conversation_id)) enter(conversation_id);
    void readAgain();
  }

  function apply(change: Change, violations: string[]): void {
    if (!change.stream.startsWith("conversation:")) {
      applyOwn(change);
      return;
    }
    const id = idOf(change.stream);
    if (change.type === "gone") {
      known.delete(id);
      open.delete(id);
    } else if (change.type === "replace") {
      known.set(id, fromSnapshot(change.cursor, change.snapshot));
    } else {
      const room = known.get(id);
      if (!room) return void violations.push(`${change.stream}: ${change.seq} without a snapshot before it`);
      if (change.seq !== room.cursor + 1) {
        violations.push(`${change.stream}: ${change.seq} after ${room.cursor}`);
      }
      room.cursor = change.seq;
      applyTo(room, change);
    }
  }

  return {
    begin(sync, client, userId) {
      page = { sync, client, userId };
      open.clear();
      known.clear();
      for (const id of wanted) enter(id);
    },
    end() {
      page = undefined;
    },
    opening: (stream) => open.get(idOf(stream)),
    apply,
    forget: (stream) => void known.delete(idOf(stream)),
    news: () => void readAgain(),
    enter,
    exit,
    async scrollBack(id) {
      const room = known.get(id);
      if (!room || !page || room.from === 0) return;
      const args = { conversation_id: id, before: room.from, page_size: pageSize };
      const { data, error } = await page.client.rpc("messages", args);
      // After a new snapshot, an old page may show what the person does not see any more.
      if (error || known.get(id) !== room || args.before !== room.from) return;
      // A message of an event is as new as this one, or newer.
      for (const message of data as Message[]) {
        room.messages[message.id] ??= room.others[message.id] ?? message;
      }
      room.from = data.length < pageSize ? 0 : data[0].seq;
    },
    known: () => ({ rooms: Object.fromEntries(known), list, wanted }),
    isSettled(expected) {
      const cursors = Object.fromEntries([...known].map(([id, { cursor }]) => [id, cursor]));
      const names = Object.keys(expected.cursors);
      return (
        isDeepStrictEqual(cursors, expected.cursors) &&
        names.length === open.size &&
        (!expected.list || isDeepStrictEqual(list, expected.list))
      );
    },
  };
}

const idOf = (stream: string): number => Number(stream.slice("conversation:".length));

function fromSnapshot(cursor: number, snapshot: Record<string, unknown>): KnownRoom {
  const { conversation, messages, receipts } = snapshot as {
    conversation: Record<string, unknown>;
    messages: Message[];
    receipts: (Omit<Receipt, "profile_id"> & { profile: { id: string } })[];
  };
  return {
    cursor,
    row: conversation,
    messages: Object.fromEntries(messages.map((message) => [message.id, message])),
    others: {},
    from: messages.length < snapshotSize ? 0 : (messages[0] as Message).seq,
    receipts: Object.fromEntries(
      receipts.map(({ profile, delivered_seq, read_seq }) => [
        profile.id,
        { profile_id: profile.id, delivered_seq, read_seq },
      ]),
    ),
  };
}

/** What docs/reference/chat.md asks of a client. */
function applyTo(room: KnownRoom, { seq, kind, payload }: StreamEvent): void {
  if (kind === "message") {
    const message = payload as Message & { change: string | null; sender: { id: string } | null };
    const isKnown = message.seq === seq || message.id in room.messages;
    (isKnown ? room.messages : room.others)[message.id] = message;
    // A new message: who says something has read everything before it.
    if (message.seq === seq && message.sender && message.change === null) {
      room.receipts[message.sender.id] = { profile_id: message.sender.id, delivered_seq: seq, read_seq: seq };
    }
  }
  if (kind === "conversation") room.row = { ...room.row, ...payload };
  if (kind === "pointer") {
    const receipt = payload as Receipt;
    if (receipt.read_seq === null) delete room.receipts[receipt.profile_id];
    else room.receipts[receipt.profile_id] = receipt;
  }
}
