/**
 * The conversations that are open. Each has a stream `conversation:<id>`, and a topic that moves when
 * somebody may not listen any more. sync.ts makes this, and tells it everything that was applied.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Calling } from "./call.ts";
import type { CatchUp, Change, Timing } from "./catch-up.ts";
import { joinTopic, type Topic } from "./topic.ts";

export interface ConversationOptions {
  /**
   * The other members who have the conversation open now, by the ids of their profiles. Called whenever
   * they change. With it, the others also see that this person is there.
   */
  onPresence?(profileIds: string[]): void;
  /** A member is typing. Show it for 5 seconds. */
  onTyping?(profileId: string): void;
}

export interface Conversation {
  /** Its name in `apply`. */
  readonly stream: string;
  /** Call it at each key. It tells the others at most every 3 seconds. It needs `onTyping`. */
  typing(): void;
  /** `apply` gets nothing more of it, except one that runs. The promise waits until the topic is left. */
  close(): Promise<void>;
}

/** A row of `conversation()`, as far as this module uses it. */
interface Row {
  topic: string | null;
  view: number;
  member_count: number;
}

interface Room {
  readonly id: number;
  readonly stream: string;
  readonly options: ConversationOptions;
  /** What the last snapshot said. A topic that is null: the person may not listen. */
  row: Row | undefined;
  /** The newest view that the person's own stream told of. */
  view: number;
  /** The epoch of the newest topic that was heard of. */
  epoch: number;
  topic: string | null;
  main: Topic | undefined;
  typing: Topic | undefined;
  /** A move that waits. */
  moving: ReturnType<typeof setTimeout> | undefined;
  typedAtMs: number;
}

export interface Conversations {
  /** @throws Error if it is open already. RangeError if too many are open. */
  open(id: number, options?: ConversationOptions): Conversation;
  /** Something was applied. It may say that a topic moved, or that a conversation has to begin again. */
  applied(change: Change): void;
  /** Whether a snapshot of a stream is older than what the person's own stream told. */
  isTooOld(stream: string, snapshot: Record<string, unknown>): boolean;
  /** The person's own topic told of something new in a conversation. */
  news(id: number, lastSeq: number): void;
  areJoined(): boolean;
  anyOpen(): boolean;
  /** Joins at once where it waits for its next try. */
  retry(): void;
  end(): Promise<void>;
}

/** `sync()` takes up to 100 at a time. Each has one or two topics, and Realtime limits those. */
const mostOpen = 20;
/** Larger conversations have neither presence nor typing. */
const mostSeen = 50;
/**
 * A topic moves for all members at about the same moment. Each of them waits for a random part of this time
 * for each member. So Realtime has about 100 joins in a second.
 */
const moveMsPerMember = 10;
const typingEveryMs = 3_000;

export function createConversations(
  supabase: SupabaseClient,
  calling: Calling,
  host: {
    catchUp: CatchUp;
    userId(): string | undefined;
    /** The topic of a conversation was joined, so earlier broadcasts may be lost. */
    joined(): void;
    /** `areJoined()` may have changed. */
    changed(): void;
    failed(error: Error): void;
    timing: Timing;
  },
): Conversations {
  const { catchUp, timing } = host;
  const rooms = new Map<number, Room>();
  /** The topics that are being left. supabase-js has one channel for each topic, so the next one waits. */
  const leaving = new Map<string, Promise<unknown>>();

  function open(id: number, options: ConversationOptions = {}): Conversation {
    if (calling.stopped.aborted) throw new Error("The sync is stopped");
    if (!Number.isSafeInteger(id)) throw new TypeError("The id of a conversation is a whole number");
    if (rooms.has(id)) throw new Error("This conversation is open already");
    if (rooms.size >= mostOpen) throw new RangeError(`Up to ${mostOpen} conversations are open at a time`);
    const room: Room = {
      id,
      stream: `conversation:${id}`,
      options,
      row: undefined,
      view: 0,
      epoch: 0,
      topic: null,
      main: undefined,
      typing: undefined,
      moving: undefined,
      typedAtMs: Number.NEGATIVE_INFINITY,
    };
    rooms.set(id, room);
    catchUp.follow(room.stream);
    catchUp.want();
    return { stream: room.stream, typing: () => tellTyping(room), close: () => close(room) };
  }

  const roomOf = (name: string): Room | undefined =>
    [...rooms.values()].find(({ stream }) => stream === name);

  function applied(change: Change): void {
    // A snapshot of the person's own stream does not say which views changed before it.
    if (change.type === "replace" && change.stream.startsWith("user:")) {
      restartAll();
      return;
    }
    const own = ownConversation(change);
    if (own) {
      const room = rooms.get(own.conversation_id);
      if (room) seenBySelf(room, own.conversation);
      return;
    }
    const room = roomOf(change.stream);
    if (!room) return;
    if (change.type === "gone") void close(room);
    else if (change.type === "replace") {
      room.row = change.snapshot.conversation as Row;
      room.view = room.row.view;
      move(room, room.row.topic);
    } else if (change.kind === "moved") {
      move(room, change.payload.topic as string | null, shareOfMoveMs(room));
    } else if (change.kind === "conversation" && room.row) {
      room.row = { ...room.row, member_count: Number(change.payload.member_count) };
    }
  }

  /** The person's own stream has the conversation as they see it now. Null: they are not in it. */
  function seenBySelf(room: Room, row: Row | null): void {
    room.view = row ? Math.max(room.view, row.view) : 0;
    // Before the snapshot there is nothing to compare. The snapshot is newer.
    if (!room.row) return;
    // If the view is another one, the person sees old messages in another way now. `sync()` says which,
    // and whether they may read it at all.
    if (row && row.view === room.row.view) move(room, row.topic, shareOfMoveMs(room));
    else catchUp.restart(room.stream);
  }

  function restartAll(): void {
    for (const { stream } of rooms.values()) {
      if (catchUp.cursorOf(stream) !== undefined) catchUp.restart(stream);
    }
  }

  /** Goes to another topic of the conversation. An older one comes late, and is left aside. */
  function move(room: Room, topic: string | null, afterMs = 0): void {
    const epoch = topic === null ? room.epoch : epochOf(room.stream, topic);
    if (epoch === undefined || epoch < room.epoch) return;
    room.epoch = epoch;
    if (topic !== room.topic) leave(room);
    room.topic = topic;
    if (topic !== null && !room.main) {
      if (afterMs === 0) join(room, topic);
      else room.moving ??= setTimeout(() => join(room, topic), afterMs);
    }
    host.changed();
  }

  function join(room: Room, topic: string): void {
    clearTimeout(room.moving);
    room.moving = undefined;
    const { onPresence, onTyping } = room.options;
    const own = host.userId() ?? "";
    const isSmall = (room.row?.member_count ?? Number.POSITIVE_INFINITY) <= mostSeen;
    const listener = {
      heard: (event: string, payload: unknown) => {
        if (event === "event") catchUp.heard(room.stream, payload as never);
      },
      joined: host.joined,
      lost(why: Error) {
        host.failed(why);
        // `moved` names the next topic to everybody, also to a person who may not listen to it. A snapshot
        // says what this person may do.
        if (why.message.startsWith("Unauthorized")) catchUp.restart(room.stream);
        else catchUp.want();
      },
      presence:
        onPresence && isSmall
          ? { key: own, changed: (keys: string[]) => onPresence(keys.filter((key) => key !== own)) }
          : undefined,
    };
    room.main = joinTopic(supabase, topic, listener, calling, timing, leaving.get(topic));
    if (!onTyping || !isSmall) return;
    const typing = {
      heard(event: string, payload: unknown) {
        const { profile_id } = (payload ?? {}) as { profile_id?: unknown };
        if (event === "typing" && typeof profile_id === "string" && profile_id !== own) onTyping(profile_id);
      },
      joined() {},
      lost: host.failed,
    };
    room.typing = joinTopic(supabase, `${topic}:typing`, typing, calling, timing, leaving.get(topic));
  }

  function leave(room: Room): Promise<unknown> {
    clearTimeout(room.moving);
    room.moving = undefined;
    const { topic, main, typing } = room;
    if (topic === null || !main) return Promise.resolve();
    room.main = undefined;
    room.typing = undefined;
    room.options.onPresence?.([]);
    const left = Promise.all([main.leave(), typing?.leave()]).finally(() => {
      if (leaving.get(topic) === left) leaving.delete(topic);
    });
    leaving.set(topic, left);
    return left;
  }

  async function close(room: Room): Promise<void> {
    if (rooms.get(room.id) !== room) return;
    rooms.delete(room.id);
    catchUp.unfollow(room.stream);
    const left = leave(room);
    host.changed();
    await left;
  }

  const shareOfMoveMs = (room: Room): number =>
    Math.random() * moveMsPerMember * (room.row?.member_count ?? 1);

  function tellTyping(room: Room): void {
    const nowMs = performance.now();
    if (!room.typing?.isJoined() || nowMs - room.typedAtMs < typingEveryMs) return;
    room.typedAtMs = nowMs;
    room.typing.send("typing", { profile_id: host.userId() });
  }

  return {
    open,
    applied,
    isTooOld(stream, snapshot) {
      const row = snapshot.conversation as Row | undefined;
      // Postgres sends an event a moment before others can read it.
      return row !== undefined && row.view < (roomOf(stream)?.view ?? 0);
    },
    news(id, seq) {
      const room = rooms.get(id);
      if (room) catchUp.heard(room.stream, { seq, kind: "news", payload: null });
    },
    areJoined: () => [...rooms.values()].every(({ topic, main }) => topic === null || main?.isJoined()),
    anyOpen: () => rooms.size > 0,
    retry() {
      for (const { main, typing } of rooms.values()) {
        main?.retry();
        typing?.retry();
      }
    },
    async end() {
      for (const room of rooms.values()) void close(room);
      await Promise.all(leaving.values());
    },
  };
}

/** What the person's own stream says of a conversation. Undefined: the change is another one. */
export function ownConversation(
  change: Change,
): { conversation_id: number; conversation: Row | null } | undefined {
  if (change.type !== "event" || change.kind !== "conversation" || !change.stream.startsWith("user:"))
    return undefined;
  return change.payload as unknown as { conversation_id: number; conversation: Row | null };
}

/** The epoch in the name of a topic. Undefined: it is not a topic of this conversation. */
export function epochOf(stream: string, topic: unknown): number | undefined {
  if (typeof topic !== "string" || !topic.startsWith(`${stream}:`)) return undefined;
  const epoch = Number(topic.slice(stream.length + 1));
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}
