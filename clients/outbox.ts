/**
 * Writes that wait for the network. They are sent in order, one at a time, until the server has done or
 * refused each of them. If the person did something too often, only the writes that may need this one wait with
 * it. An answer may get lost after the server has done the write. So the outbox takes only writes that may be
 * repeated.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type BackOff, backOffMs } from "./back-off.ts";
import { type Answer, type Calling, call, type Query, type Refusal } from "./call.ts";
import { groupOfWrite, nextOf } from "./groups.ts";
import type { OutboxEntry, Write } from "./write.ts";

export type { OutboxEntry, Write };

/** `localStorage` fits. So does React Native's `AsyncStorage`. */
export interface OutboxStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
}

export interface OutboxOptions {
  /** Where the entries are kept. By default in memory, so they are lost with the page. */
  storage?: OutboxStorage;
  /** How many entries may wait. */
  limit?: number;
  /** The server has done it. `data` is what it answered. */
  onDone?(entry: OutboxEntry, data: unknown): void;
  /** The server refused it, and would again. The entry is dropped. */
  onRefused?(entry: OutboxEntry, error: Refusal): void;
  /**
   * The person did this too often. `error.hint` has the time when they can go on. The entry waits for it, and
   * so do the later ones that may need it. Answer true to take it back: then the entry is dropped.
   */
  onTooOften?(entry: OutboxEntry, error: Refusal): boolean;
  backOff?: BackOff;
}

export interface Outbox {
  /**
   * Stores a write and sends it as soon as possible.
   * @param key for a write that was made before; by default a new one
   * @returns the entry, when it is stored
   * @throws OutboxFullError when too many entries wait. RangeError when the write is too large.
   */
  send(write: Write, key?: string): Promise<OutboxEntry>;
  /** What waits, oldest first. */
  pending(): Promise<OutboxEntry[]>;
}

/** Sync starts and ends it, and says when the network may be back. */
export interface OwnOutbox extends Outbox {
  begin(userId: string): void;
  flush(): void;
  end(): Promise<void>;
}

export class OutboxFullError extends Error {
  override name = "OutboxFullError";
}

/** The functions with an argument `client_id`: a repeated call with the same one changes nothing. */
const keyed = new Set(["write_post", "send_message"]);
const usualLimit = 100;
/** The size of an entry: ten times the longest post. */
const mostLetters = 100_000;
/** If one entry gets this number of such answers, it counts as refused. */
const mostFailures = 20;

export function createOutbox(
  supabase: SupabaseClient,
  calling: Calling,
  options: OutboxOptions & { onError(error: Error): void },
): OwnOutbox {
  const { stopped } = calling;
  const { storage = memory(), limit = usualLimit } = options;
  /** Each person has their own entries, so nobody sends what somebody else wrote. */
  let name: string | undefined;
  let begun = () => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let changing: Promise<unknown> = Promise.resolve();
  let flushing: Promise<void> | undefined;
  let isAsked = false;
  let pause: ReturnType<typeof setTimeout> | undefined;
  /** The server said when to come back. Then the pause ends only by itself. */
  let isHeldBack = false;
  let failures = 0;
  /** How often one entry got an answer for which it may be the cause. */
  let own = { key: "", failures: 0 };
  /** The groups of writes that wait until the person may go on, each with its timer. */
  const held = new Map<string, ReturnType<typeof setTimeout>>();

  async function send(write: Write, key: string = crypto.randomUUID()): Promise<OutboxEntry> {
    // A copy, so that the caller may change the object afterwards.
    const text = JSON.stringify(write);
    if (text.length > mostLetters) throw new RangeError(`A write has at most ${mostLetters} letters as JSON`);
    const entry: OutboxEntry = { key, write: JSON.parse(text), sentAtMs: Date.now() };
    await isBegun;
    if (stopped.aborted) throw new Error("The sync is stopped, so nothing is sent");
    await change((entries) => {
      if (entries.some((other) => other.key === key)) return entries;
      if (entries.length >= limit) {
        throw new OutboxFullError(`${limit} writes wait for the network already`);
      }
      return [...entries, entry];
    });
    flush();
    return entry;
  }

  function flush(): void {
    if (stopped.aborted || name === undefined || isHeldBack) return;
    clearTimeout(pause);
    isAsked = true;
    flushing ??= sendAll();
  }

  async function sendAll(): Promise<void> {
    try {
      while (isAsked && !isHeldBack) {
        isAsked = false;
        await sendEach();
      }
    } catch (error) {
      // The storage failed. The entries are still where they were.
      options.onError(error as Error);
      waitAfter({ retryAfterMs: 0 });
    } finally {
      flushing = undefined;
    }
  }

  async function sendEach(): Promise<void> {
    for (;;) {
      const entry = nextOf(await pending(), held.keys());
      if (!entry || stopped.aborted) return;
      const answer = await call(request(supabase, entry), calling);
      // The server may have done it. The next page sends the entry again, which changes nothing.
      if (stopped.aborted) return;
      if (isTooOften(answer)) await tooOften(entry, answer);
      else if (!(await settled(entry, answer))) return waitAfter(answer);
    }
  }

  /** The entry is taken back, or its group waits. */
  async function tooOften(entry: OutboxEntry, { error, retryAfterMs }: Answer): Promise<void> {
    failures = 0;
    if (told(() => options.onTooOften?.(entry, error as Refusal))) return drop(entry);
    const group = groupOfWrite(entry.write);
    const goOn = () => {
      held.delete(group);
      flush();
    };
    held.set(group, setTimeout(goOn, retryAfterMs));
  }

  /** @returns whether the entry is out of the way */
  async function settled(entry: OutboxEntry, answer: Answer): Promise<boolean> {
    if (answer.error && mayRepeat(answer.status)) {
      // An answer like this may be about this one entry. It must not hold up the others for ever.
      if (own.key !== entry.key) own = { key: entry.key, failures: 0 };
      if (answer.status === 500 || answer.status === 401) own.failures++;
      if (own.failures < mostFailures) return false;
    }
    failures = 0;
    await drop(entry);
    told(() =>
      answer.error ? options.onRefused?.(entry, answer.error) : options.onDone?.(entry, answer.data),
    );
    return true;
  }

  function drop({ key }: OutboxEntry): Promise<void> {
    return change((entries) => entries.filter((each) => each.key !== key));
  }

  /** What the listener answers. If it fails, the outbox goes on. */
  function told<T>(listener: () => T): T | undefined {
    try {
      return listener();
    } catch (error) {
      options.onError(error as Error);
      return undefined;
    }
  }

  function waitAfter({ retryAfterMs }: Pick<Answer, "retryAfterMs">): void {
    if (stopped.aborted) return;
    isHeldBack = retryAfterMs > 0;
    pause = setTimeout(
      () => {
        isHeldBack = false;
        flush();
      },
      Math.max(retryAfterMs, backOffMs(++failures, options.backOff)),
    );
  }

  async function pending(): Promise<OutboxEntry[]> {
    await isBegun;
    if (name === undefined) return [];
    const stored = await storage.getItem(name);
    if (!stored) return [];
    try {
      const entries = JSON.parse(stored);
      return Array.isArray(entries) ? entries : [];
    } catch (error) {
      options.onError(new Error("The stored outbox is damaged", { cause: error }));
      return [];
    }
  }

  /** Another page may use the same storage. So each change reads it again. One change at a time. */
  function change(step: (entries: OutboxEntry[]) => OutboxEntry[]): Promise<void> {
    const changed = changing.then(async () => {
      const entries = step(await pending());
      await storage.setItem(name as string, JSON.stringify(entries));
    });
    changing = changed.catch(() => {});
    return changed;
  }

  return {
    send,
    pending,
    flush,
    begin(userId) {
      name = `plaza.outbox.${userId}`;
      begun();
      flush();
    },
    async end() {
      clearTimeout(pause);
      for (const timer of held.values()) clearTimeout(timer);
      begun();
      await flushing;
      await changing;
    },
  };
}

/** No answer, too early, too often, or a fault of the server. 401: a token that expired on its way. */
function mayRepeat(status: number): boolean {
  return status === 0 || [401, 408, 425, 429].includes(status) || status >= 500;
}

/** A budget is spent, and the answer says for how long: docs/errors.md. Other 429 are about all requests. */
function isTooOften({ status, error, retryAfterMs }: Answer): boolean {
  return status === 429 && error?.details === "rate_limited" && retryAfterMs > 0;
}

function request(supabase: SupabaseClient, { key, write }: OutboxEntry): Query {
  if ("rpc" in write) {
    const args = keyed.has(write.rpc) ? { ...write.args, client_id: key } : (write.args ?? {});
    return supabase.rpc(write.rpc, args);
  }
  if ("upsert" in write) {
    const { upsert, values, onConflict } = write;
    return supabase.from(upsert).upsert(values, { ignoreDuplicates: true, onConflict });
  }
  if ("update" in write) return supabase.from(write.update).update(write.values).match(write.match);
  return supabase.from(write.delete).delete().match(write.match);
}

function memory(): OutboxStorage {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) };
}
