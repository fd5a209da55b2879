/**
 * Keeps a client in step with Plaza: everything that happens to somebody, once, in order, and never lost.
 * Sockets are hints, and `sync()` is the truth. A broadcast that continues the cursor is applied. For
 * anything else this module asks `sync()` what is missing. docs/how-to/stay-in-sync.md is its recipe.
 *
 * The folder has no dependencies but the client of supabase-js that it is given. Copy it into your project.
 */
import type { AuthChangeEvent, Session, SupabaseClient } from "@supabase/supabase-js";
import { type Calling, call } from "./call.ts";
import { type Change, createCatchUp, type Timing } from "./catch-up.ts";
import {
  type Conversation,
  type ConversationOptions,
  createConversations,
  ownConversation,
} from "./conversations.ts";
import { createNews, type ListedRow } from "./news.ts";
import { createOutbox, type Outbox, type OutboxOptions } from "./outbox.ts";
import type { Heard } from "./stream.ts";
import { joinTopic, type Topic } from "./topic.ts";
import { onWake } from "./wake.ts";

export { backOffMs } from "./back-off.ts";
export type { Change, Timing } from "./catch-up.ts";
export type { Conversation, ConversationOptions } from "./conversations.ts";
export { type OutboxEntry, OutboxFullError, type OutboxStorage, type Write } from "./outbox.ts";

/**
 * - `live`: what happens is here at once.
 * - `catching up`: something may be missing, and is being asked for.
 * - `offline`: the last try failed. The next one comes by itself.
 */
export type SyncState = "offline" | "catching up" | "live";

export interface SyncOptions {
  /**
   * Called for one change at a time, in the order of each stream. The next change waits for the promise.
   * If it throws, the stream starts over with a snapshot after a pause.
   */
  apply(change: Change): void | Promise<void>;
  /**
   * There is a new message in this conversation, open or not. Null: there may be something new in any of
   * them, so read the list again. It comes null after each join, too, and when the page or network is back.
   */
  onNews?(conversationId: number | null): void;
  /** Called whenever the state changes. The first state is `offline`. */
  onState?(state: SyncState): void;
  /** What failed. The module goes on by itself, so this is for a log. */
  onError?(error: Error): void;
  /** Where an earlier page stopped, if you keep your state: what `cursors()` was then. */
  cursors?: Record<string, number>;
  /** Whose stream it is, if you know it. Else it is the person who is signed in. Offline, Auth may not know. */
  userId?: string;
  outbox?: OutboxOptions;
  /** For tests. */
  timing?: Partial<Timing>;
}

export interface Sync extends Outbox {
  state(): SyncState;
  /**
   * Opens a conversation: `apply` gets a snapshot of it, and then what happens in it, until it is closed
   * or the person may not read it any more (`gone`).
   * @throws Error if it is open already. RangeError if 20 are open.
   */
  open(conversationId: number, options?: ConversationOptions): Conversation;
  /**
   * How far the person's own stream has come. Keep it together with your state, and give it to the next
   * page. A conversation begins with a snapshot each time it is opened.
   */
  cursors(): Record<string, number>;
  /**
   * Whether rows of `conversations()` lack something that was heard of them in the last seconds: Postgres tells of a change a
   * moment before others can read it. Then show them, and read them again after a second.
   */
  isTooOld(rows: readonly ListedRow[]): boolean;
  /** Asks what is missing, now. For a platform that says in its own way that the app is in front again. */
  wake(): void;
  /**
   * Ends everything. After it `apply` is not called any more. The outbox stays stored.
   * The promise waits for an `apply` that runs, so do not wait for it there.
   */
  stop(): Promise<void>;
}

/** A row of `unread()`, as far as this module uses it. */
interface Unread {
  messages: number;
  message_requests: number;
  cursors: Record<string, number>;
}

const usual: Timing = { checkEveryMs: 60_000, checkAfterJoinMs: 2_000, callTimeoutMs: 20_000, pageSize: 200 };

/** The sync of each client. `end`: when it left its topics. */
const ofClients = new WeakMap<SupabaseClient, { isRunning: boolean; end: Promise<unknown> }>();

/**
 * Starts at once, or when somebody signs in. Stops when they sign out.
 * @throws Error if the client has a sync already that was not stopped
 */
export function createSync(supabase: SupabaseClient, options: SyncOptions): Sync {
  const before = ofClients.get(supabase);
  if (before?.isRunning) throw new Error("This client has a sync already. Stop it first.");
  const running = { isRunning: true, end: Promise.resolve() as Promise<unknown> };
  ofClients.set(supabase, running);

  const timing = { ...usual, ...options.timing };
  const stopping = new AbortController();
  const stopped = stopping.signal;
  /** The topic of the person's own stream. */
  let own: Topic | undefined;
  let userId: string | undefined;
  let told: SyncState = "offline";
  /** The socket worked when it was last heard of. */
  let isReachable = true;
  /** Something was not sent, because there was no valid token. */
  let lacksToken = false;
  let checkAfterJoin: ReturnType<typeof setTimeout> | undefined;
  const news = createNews((id) => options.onNews?.(id));
  /** The sums of unread messages at the last check. */
  let messages: string | undefined;
  let end: Promise<void> | undefined;

  const calling: Calling = {
    timeoutMs: timing.callTimeoutMs,
    stopped,
    async isSignedIn() {
      const { data } = await supabase.auth.getSession();
      lacksToken = data.session?.user.id !== userId;
      return !lacksToken;
    },
    renewToken: () => supabase.auth.refreshSession(),
  };
  const catchUp = createCatchUp(supabase, calling, {
    apply,
    isTooOld: (name, snapshot) => conversations.isTooOld(name, snapshot),
    changed: tell,
    failed,
    timing,
  });
  const conversations = createConversations(supabase, calling, {
    catchUp,
    userId: () => userId,
    joined,
    changed: tell,
    failed,
    timing,
  });
  for (const [name, cursor] of Object.entries(options.cursors ?? {})) catchUp.follow(name, cursor);
  const outbox = createOutbox(supabase, calling, { onError: failed, ...options.outbox });
  const stopWaking = onWake(timing.checkEveryMs, { wake, check: () => void check() });
  const { data: auth } = supabase.auth.onAuthStateChange((event, session) => {
    // Auth holds its lock while it calls this. So nothing may ask it anything before this returns.
    setTimeout(() => signedIn(event, session));
  });
  if (options.userId !== undefined) void begin(options.userId);

  function signedIn(event: AuthChangeEvent, session: Session | null): void {
    if (stopped.aborted) return;
    const isOther = session !== null && userId !== undefined && session.user.id !== userId;
    if (event === "SIGNED_OUT" || isOther) void stop();
    else if (session && userId === undefined) void begin(session.user.id);
    else if (session && event === "TOKEN_REFRESHED") refreshed(session.access_token);
  }

  /**
   * If the server closed a channel because its token expired, it lets it in again now. Nothing else is
   * asked for no reason: if the clock of the device is wrong, supabase-js refreshes the token before each
   * request.
   */
  function refreshed(token: string): void {
    supabase.realtime.setAuth(token).catch(failed);
    own?.retry();
    conversations.retry();
    if (lacksToken) wake();
  }

  async function begin(id: string): Promise<void> {
    userId = id;
    await before?.end;
    if (stopped.aborted) return;
    const stream = `user:${id}`;
    catchUp.follow(stream);
    const listener = {
      heard: (event: string, payload: unknown) => heard(stream, event, payload),
      joined() {
        isReachable = true;
        joined();
        options.onNews?.(null);
      },
      lost(why: Error) {
        isReachable = false;
        failed(why);
      },
    };
    own = joinTopic(supabase, stream, listener, calling, timing);
    outbox.begin(id);
    catchUp.want();
  }

  function heard(stream: string, event: string, payload: unknown): void {
    if (event === "event") catchUp.heard(stream, payload as Heard);
    if (event !== "news") return;
    const { conversation_id, last_seq } = payload as { conversation_id: number; last_seq: number };
    conversations.news(conversation_id, last_seq);
    news.message(conversation_id, last_seq);
  }

  function joined(): void {
    catchUpAll();
    clearTimeout(checkAfterJoin);
    checkAfterJoin = setTimeout(() => void check(), timing.checkAfterJoinMs * (1 + Math.random()));
  }

  async function apply(change: Change): Promise<void> {
    const seen = ownConversation(change);
    if (seen) news.seen(seen.conversation_id, seen.conversation);
    await options.apply(change);
    if (!stopped.aborted) conversations.applied(change);
  }

  /** The network or the page is back. News has no number, so some may be lost. */
  function wake(): void {
    catchUpAll();
    if (!stopped.aborted && own) options.onNews?.(null);
  }

  /** Something may be missing. */
  function catchUpAll(): void {
    if (stopped.aborted || !own) return;
    own.retry();
    conversations.retry();
    outbox.flush();
    catchUp.hurry();
    catchUp.want();
  }

  /** The cheap question of every minute. */
  async function check(): Promise<void> {
    if (!own || catchUp.isCatchingUp()) return;
    const answer = await call(supabase.rpc("unread"), calling);
    if (stopped.aborted || answer.error) return;
    const [row] = [answer.data].flat() as Unread[];
    const stream = `user:${userId}`;
    const isBehind = (catchUp.cursorOf(stream) ?? -1) < (row?.cursors?.[stream] ?? -1);
    if (isBehind || (conversations.anyOpen() && (await catchUp.isBehind()))) catchUp.want();
    const sums = `${row?.messages} ${row?.message_requests}`;
    if (sums === messages || stopped.aborted) return;
    messages = sums;
    options.onNews?.(null);
  }

  function state(): SyncState {
    if (stopped.aborted || !own) return "offline";
    if (own.isJoined() && conversations.areJoined() && !catchUp.isCatchingUp()) return "live";
    return isReachable && catchUp.isReachable() && !catchUp.isPaused() ? "catching up" : "offline";
  }

  function tell(): void {
    const now = state();
    if (now === told) return;
    told = now;
    options.onState?.(now);
  }

  function failed(error: Error): void {
    if (!stopped.aborted) options.onError?.(error);
    tell();
  }

  function stop(): Promise<void> {
    end ??= (async () => {
      stopping.abort();
      stopWaking();
      clearTimeout(checkAfterJoin);
      news.end();
      auth.subscription.unsubscribe();
      running.isRunning = false;
      running.end = Promise.all([own?.leave(), conversations.end(), catchUp.end(), outbox.end()]);
      tell();
      await running.end;
    })();
    return end;
  }

  return {
    state,
    open: conversations.open,
    cursors() {
      const isOwn = ([name]: [string, number]) => name.startsWith("user:");
      return Object.fromEntries(Object.entries(catchUp.cursors()).filter(isOwn));
    },
    isTooOld: news.isTooOld,
    wake,
    send: outbox.send,
    pending: outbox.pending,
    stop,
  };
}
