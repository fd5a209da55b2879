/**
 * A conversation that is open: its messages in both directions, who is there, who types, and how far the others
 * have read. The messages are a run without gaps. It ends with the newest one, except after a jump into the past.
 */
import { batch, type Signal, signal } from "@preact/signals";
import type { Change, Conversation as OpenConversation } from "../../clients/sync.ts";
import { type Conversation, type Message, plaza, type Receipt } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { isOffline, onChange, onDone, sync } from "../app/sync.ts";
import { forgetRoom, keepRoom, keptRoom, type Snapshot } from "./kept-rooms.ts";
import { type Pointer, withPointer } from "./receipts.ts";
import { createTyping } from "./typing.ts";

export interface Room {
  id: number;
  conversation: Signal<Conversation | undefined>;
  /** In order, without gaps. */
  messages: Signal<Message[]>;
  receipts: Signal<Receipt[]>;
  /** The ids of the members who have it open. */
  online: Signal<string[]>;
  /** The ids of the members who write at this moment. */
  typing: Signal<string[]>;
  hasOlder: Signal<boolean>;
  /** The newest message is below the last one that is shown. */
  hasNewer: Signal<boolean>;
  state: Signal<"opening" | "open" | "gone">;
  older(): Promise<void>;
  newer(): Promise<void>;
  /** Shows what was said around a message. */
  around(seq: number): Promise<void>;
  /** Goes back to the newest messages. */
  toEnd(): void;
  /** Changes what is shown of a message, before the server answers. */
  change(id: number, to: (message: Message) => Message): void;
  /** The person presses a key. */
  tellTyping(): void;
  close(): void;
}

const pageSize = 50;

/** @throws Error if it is open already. RangeError if too many are open */
export function openRoom(id: number): Room {
  const stream = `conversation:${id}`;
  const conversation = signal<Conversation | undefined>(undefined);
  const messages = signal<Message[]>([]);
  const receipts = signal<Receipt[]>([]);
  const online = signal<string[]>([]);
  const { typing, typed, stopTyping } = createTyping();
  const hasOlder = signal(false);
  const hasNewer = signal(false);
  const state = signal<"opening" | "open" | "gone">("opening");
  /** The newest run, while another one is shown. */
  let end = new Map<number, Message>();
  /** Messages that changed and are not shown: docs/how-to/chat.md. */
  const changed = new Map<number, Message>();
  /** Sent here before the conversation was open again. The snapshot that opens it may be older. */
  let early: Message[] = [];
  let isClosed = false;
  /** Grows when all that was read is dropped. */
  let epoch = 0;
  let opened: OpenConversation | undefined;

  const stopChanges = onChange(apply);
  const stopDone = onDone((_, data) => {
    // The answer to a message that was sent here. Its event comes too.
    const message = data as Message | null;
    if (message?.conversation_id !== id || message.seq === undefined || message.content === undefined) return;
    if (state.value !== "opening") return put(message, true);
    early.push(message);
    messages.value = inOrder([...messages.value, message]);
  });
  const stopWaiting = sync.subscribe(() => {
    if (!opened) open();
  });

  // Without a network, what was read the last time is better than nothing.
  const stopOffline = isOffline.subscribe((is) => {
    const kept = is && state.peek() === "opening" ? keptRoom(id) : undefined;
    if (kept) show({ ...kept, receipts: [] });
  });
  addEventListener("pagehide", keepNewest);

  function keepNewest(): void {
    const row = conversation.peek();
    if (state.peek() !== "open" || !row || hasNewer.peek()) return;
    keepRoom({ conversation: row, messages: messages.peek(), receipts: receipts.peek() });
  }

  function open(): void {
    if (isClosed) return;
    opened = sync.peek()?.open(id, {
      onPresence: (ids) => {
        online.value = ids;
      },
      onTyping: typed,
    });
  }

  function apply(change: Change): void {
    if (change.stream === `user:${userId.value}`) own(change);
    else if (change.stream !== stream) return;
    else if (change.type === "gone") gone();
    else if (change.type === "replace") replace(change.snapshot as unknown as Snapshot);
    else if (change.kind === "message") {
      const message = change.payload as unknown as Message;
      put(message, message.seq === change.seq);
      if (message.sender) wrote(message.sender, message.seq);
    } else if (change.kind === "conversation" && conversation.value) {
      conversation.value = { ...conversation.value, ...(change.payload as Partial<Conversation>) };
    } else if (change.kind === "pointer") point(change.payload as unknown as Pointer);
  }

  /** The person changed their side of it, maybe on another device. */
  function own(change: Change): void {
    if (change.type !== "event" || change.kind !== "conversation") return;
    const payload = change.payload as { conversation_id: number; conversation: Partial<Conversation> | null };
    if (payload.conversation_id !== id) return;
    if (payload.conversation === null) {
      gone();
      return;
    }
    // The person was let in again.
    if (state.value === "gone" && !isClosed) {
      state.value = "opening";
      open();
    }
    const { last_message: _, ...row } = payload.conversation;
    if (conversation.value) conversation.value = { ...conversation.value, ...row };
  }

  function replace(snapshot: Snapshot): void {
    keepRoom(snapshot);
    show(snapshot);
    early = [];
    state.value = "open";
  }

  function show(snapshot: Snapshot): void {
    epoch++;
    changed.clear();
    batch(() => {
      conversation.value = snapshot.conversation;
      receipts.value = snapshot.receipts;
      messages.value = inOrder([...early, ...snapshot.messages]);
      hasOlder.value = snapshot.messages.length >= pageSize;
      hasNewer.value = false;
    });
  }

  function gone(): void {
    epoch++;
    forgetRoom(id);
    batch(() => {
      state.value = "gone";
      messages.value = [];
      receipts.value = [];
      typing.value = [];
      online.value = [];
    });
  }

  /** @param isNew it belongs behind all others. Else it is shown only in the place of itself */
  function put(message: Message, isNew: boolean): void {
    if (state.value !== "open") return;
    const at = messages.value.findIndex((each) => each.id === message.id);
    const before = messages.value[at] ?? end.get(message.id);
    // An event says neither what is answered nor what is shared.
    const whole = before
      ? { ...message, reply_to: message.reply_to ?? before.reply_to, post: message.post ?? before.post }
      : message;
    if (hasNewer.value && (isNew || end.has(message.id))) end.set(message.id, whole);
    if (at >= 0) messages.value = messages.value.with(at, whole);
    else if (!isNew) changed.set(message.id, message);
    else if (!hasNewer.value) messages.value = inOrder([...messages.value, whole]);
    if (isNew && !message.change && message.sender?.id === userId.value) sentBySelf(message.seq);
    if (isNew && needsMore(whole)) void complete(whole);
    if (message.sender && isNew) stopTyping(message.sender.id);
  }

  /** With a message the server forgets the draft, and the sender has read everything. No event says so. */
  function sentBySelf(seq: number): void {
    const row = conversation.value;
    if (row && row.read_seq < seq) conversation.value = { ...row, read_seq: seq, draft: "", unread: 0 };
  }

  const needsMore = (message: Message) =>
    (message.post_id !== null && !message.post) ||
    (message.reply_to_id !== null &&
      !message.reply_to &&
      !messages.value.some((each) => each.id === message.reply_to_id));

  /** Reads a message again, with what it answers and the post that it shares. */
  async function complete({ id: message_id }: Message): Promise<void> {
    const { data } = await plaza.rpc("message", { message_id }).maybeSingle();
    if (data) change(message_id, (shown) => ({ ...shown, reply_to: data.reply_to, post: data.post }));
  }

  function change(messageId: number, to: (message: Message) => Message): void {
    messages.value = messages.value.map((each) => (each.id === messageId ? to(each) : each));
  }

  /** A person who writes has read everything before. No pointer says so. */
  function wrote(profile: Receipt["profile"], seq: number): void {
    const known = receipts.value.find((each) => each.profile.id === profile.id);
    if (known && known.read_seq < seq) point({ profile_id: profile.id, delivered_seq: seq, read_seq: seq });
  }

  function point(pointer: Pointer): void {
    receipts.value = withPointer(receipts.value, pointer, conversation.value?.members ?? []);
  }

  async function read(cursors: {
    before?: number;
    after?: number;
    around?: number;
  }): Promise<Message[] | undefined> {
    const asked = epoch;
    const { data } = await plaza
      .rpc("messages", { conversation_id: id, page_size: pageSize, ...cursors })
      .throwOnError();
    // All of it was replaced meanwhile.
    if (asked !== epoch || isClosed) return undefined;
    return data.map((each) => changed.get(each.id) ?? each);
  }

  async function older(): Promise<void> {
    const [first] = messages.value;
    if (!first || !hasOlder.value) return;
    const page = await read({ before: first.seq });
    if (!page || messages.value[0]?.id !== first.id) return;
    batch(() => {
      messages.value = inOrder([...page, ...messages.value]);
      hasOlder.value = page.length >= pageSize;
    });
  }

  async function newer(): Promise<void> {
    const last = messages.value.at(-1);
    if (!last || !hasNewer.value) return;
    const page = await read({ after: last.seq });
    if (!page || messages.value.at(-1)?.id !== last.id) return;
    const isEnd = page.length < pageSize;
    batch(() => {
      // Messages that came during the read are in `end`.
      messages.value = inOrder([
        ...messages.value,
        ...page,
        ...(isEnd ? [...end.values()].filter(({ seq }) => seq > last.seq) : []),
      ]);
      if (isEnd) hasNewer.value = false;
    });
  }

  async function around(seq: number): Promise<void> {
    if (messages.value.some((each) => each.seq === seq)) return;
    const page = await read({ around: seq });
    if (!page) return;
    if (!hasNewer.value) end = new Map(messages.value.map((each) => [each.id, each]));
    batch(() => {
      messages.value = inOrder(page);
      hasOlder.value = true;
      hasNewer.value = true;
    });
  }

  function toEnd(): void {
    if (!hasNewer.value) return;
    batch(() => {
      messages.value = inOrder([...end.values()]);
      hasOlder.value = true;
      hasNewer.value = false;
    });
  }

  return {
    id,
    conversation,
    messages,
    receipts,
    online,
    typing,
    hasOlder,
    hasNewer,
    state,
    older,
    newer,
    around,
    toEnd,
    change,
    tellTyping: () => opened?.typing(),
    close() {
      isClosed = true;
      keepNewest();
      removeEventListener("pagehide", keepNewest);
      stopOffline();
      stopChanges();
      stopDone();
      stopWaiting();
      void opened?.close();
    },
  };
}

/** Each message once, by its number. The last one of the same id counts. */
function inOrder(messages: Message[]): Message[] {
  return [...new Map(messages.map((each) => [each.id, each])).values()].sort((a, b) => a.seq - b.seq);
}
