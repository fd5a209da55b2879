/**
 * Lists that grow at both ends: feeds of posts, people, notifications. A feed is kept when its page is left, so
 * going back shows the same rows at the same place. A link to the page reads it again. While somebody reads, new
 * rows never come in by themselves: they are counted, and the reader asks for them.
 */
import { batch, type Signal, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { isOffline } from "../app/errors.ts";
import { firstShown } from "../app/first.ts";
import { userId } from "../app/session.ts";

export interface Cursors {
  before?: number;
  after?: number;
}

export interface FeedSource<Row> {
  /** Reads a page, newest first. What supabase-js answers. */
  read(cursors: Cursors): PromiseLike<{ data: Row[] | null; error: unknown }>;
  /** The first page, if it is here already: it is shown with the page, without a moment of waiting. */
  given?(): Row[] | undefined;
  /** How many rows are newer than this one. Without it, nothing is counted. */
  count?(after: number): PromiseLike<{ data: number | null; error: unknown }>;
  /** Called with all rows that come in, before they are shown. */
  seen?(rows: Row[]): void;
  /** Keeps the first page in localStorage. It is shown at the next visit, at once and without the network. */
  isStored?: boolean;
}

export interface Feed<Row> {
  /** Blocks of rows, newest first. A block never changes its place, so it is what the window shows or drops. */
  blocks: Signal<Row[][]>;
  state: Signal<"new" | "loading" | "ready" | "failed">;
  /** Why the last read failed. */
  error: Signal<unknown>;
  hasMore: Signal<boolean>;
  /** How many newer rows wait. */
  newer: Signal<number>;
  /** The rows are those of an earlier visit, because there is no network. */
  isOld: Signal<boolean>;
  /** Reads the first page, or the next one. */
  more(): Promise<void>;
  /** A link leads to the feed. Reads its first page again, and shows the rows of before until then. */
  visit(): Promise<void>;
  /** Asks how many newer rows there are. */
  look(): Promise<void>;
  /** Puts the newer rows on top. */
  showNewer(): Promise<void>;
  /** Starts over with the first page. */
  restart(): Promise<void>;
  /** Puts a row on top, such as the post that the person has just written. */
  add(row: Row): void;
  /** Takes rows out. */
  drop(isGone: (row: Row) => boolean): void;
}

export const pageSize = 20;
/** The feeds that are kept. The one that was left longest ago goes first. */
const mostFeeds = 12;
const feeds = new Map<string, Feed<never>>();

// Somebody who signs in sees other rows.
userId.subscribe(() => feeds.clear());

/** @param key names the feed: a page that comes back finds it */
export function feedOf<Row extends { id: number }>(key: string, source: FeedSource<Row>): Feed<Row> {
  const known = feeds.get(key) as Feed<Row> | undefined;
  const feed = known ?? createFeed(key, source);
  feeds.delete(key);
  feeds.set(key, feed as unknown as Feed<never>);
  const [oldest] = feeds.keys();
  if (feeds.size > mostFeeds && oldest !== undefined) feeds.delete(oldest);
  return feed;
}

/** A feed that is read again with each visit of its page: a list that other pages change. */
export function useFreshFeed<Row extends { id: number }>(key: string, source: FeedSource<Row>): Feed<Row> {
  return useMemo(() => {
    feeds.delete(key);
    return feedOf(key, source);
  }, [key]);
}

/** The feeds that are kept, whose keys begin so. To put a new post on top of home. */
export function feedsLike<Row>(start: string): Feed<Row>[] {
  return [...feeds].filter(([key]) => key.startsWith(start)).map(([, feed]) => feed as unknown as Feed<Row>);
}

export function forgetFeed(key: string): void {
  feeds.delete(key);
}

function createFeed<Row extends { id: number }>(key: string, source: FeedSource<Row>): Feed<Row> {
  /** Nobody sees what another person read. */
  const storedKey = `plaza.feed.${userId.peek() ?? "guest"}.${key}`;
  const feed = {
    blocks: signal<Row[][]>([]),
    state: signal<"new" | "loading" | "ready" | "failed">("new"),
    error: signal<unknown>(undefined),
    hasMore: signal(true),
    newer: signal(0),
    isOld: signal(false),
  };
  const { blocks, state, error, hasMore, newer, isOld } = feed;
  /** One read at a time. */
  let reading: Promise<void> | undefined;

  function once(read: () => Promise<void>): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  /** Waits for the read that is under way. What the reader asks for is never left out. */
  async function afterThat(read: () => Promise<void>): Promise<void> {
    while (reading) await reading.catch(() => {});
    return once(read);
  }

  async function first(): Promise<void> {
    const given = state.value === "new" ? source.given?.() : undefined;
    if (given) return take(given);
    const old = state.value === "new" && source.isStored ? stored() : [];
    batch(() => {
      state.value = "loading";
      if (old.length === 0) return;
      source.seen?.(old);
      blocks.value = inBlocks(old);
    });
    const answer = await source.read({});
    if (answer.error || !answer.data) return failed(answer.error, true);
    take(answer.data, old);
  }

  async function again(): Promise<void> {
    const old = blocks.value.flat();
    if (old.length === 0 || isOld.value) return first();
    const { data } = await source.read({});
    // Without an answer the old rows stay. They are better than nothing.
    if (data) take(data, old);
  }

  /** @param old the rows of the last visit that are shown */
  function take(rows: Row[], old: Row[] = []): void {
    source.seen?.(rows);
    if (source.isStored) void firstShown().then(() => store(rows));
    if (old.length > 0 && isBeingRead()) {
      waitForReader(rows);
      return;
    }
    batch(() => {
      blocks.value = inBlocks(rows);
      hasMore.value = rows.length >= pageSize;
      newer.value = 0;
      isOld.value = false;
      error.value = undefined;
      state.value = "ready";
    });
  }

  /** The reader is at the rows of the last visit already. So the new ones are counted. Only what is gone leaves. */
  function waitForReader(rows: Row[]): void {
    const now = idsIn([rows]);
    const oldest = rows.at(-1)?.id ?? 0;
    const isThere = ({ id }: Row) => now.has(id) || (id < oldest && rows.length >= pageSize);
    const top = topId() ?? 0;
    batch(() => {
      blocks.value = blocks.value.map((block) => block.filter(isThere)).filter((block) => block.length > 0);
      newer.value = rows.filter(({ id }) => id > top).length;
      state.value = "ready";
    });
  }

  function failed(why: unknown, isFirst = false): void {
    batch(() => {
      error.value = why;
      state.value = "failed";
      const isShort = idsIn(blocks.value).size <= pageSize;
      const old = source.isStored && isFirst && isShort && isOffline(why) ? stored() : [];
      if (old.length === 0) return;
      source.seen?.(old);
      blocks.value = inBlocks(old);
      hasMore.value = false;
      isOld.value = true;
      state.value = "ready";
    });
  }

  async function next(): Promise<void> {
    const last = blocks.value.at(-1)?.at(-1);
    if (!last || isOld.value) return first();
    state.value = "loading";
    const answer = await source.read({ before: last.id });
    if (answer.error || !answer.data) return failed(answer.error);
    const rows = answer.data;
    source.seen?.(rows);
    batch(() => {
      const known = idsIn(blocks.value);
      const fresh = rows.filter(({ id }) => !known.has(id));
      if (fresh.length > 0) blocks.value = [...blocks.value, ...inBlocks(fresh)];
      hasMore.value = rows.length >= pageSize;
      error.value = undefined;
      state.value = "ready";
    });
  }

  async function newest(): Promise<void> {
    const top = topId();
    if (top === undefined || isOld.value) return first();
    const answer = await source.read({ after: top });
    if (answer.error || !answer.data) throw answer.error;
    // More than a page: the reader was away for long, and starts over.
    if (answer.data.length >= pageSize) return first();
    source.seen?.(answer.data);
    batch(() => {
      const known = idsIn(blocks.value);
      const fresh = answer.data?.filter(({ id }) => !known.has(id)) ?? [];
      if (fresh.length > 0) blocks.value = [...inBlocks(fresh), ...blocks.value];
      newer.value = 0;
    });
  }

  const topId = () => blocks.value[0]?.[0]?.id;

  function store(rows: Row[]): void {
    try {
      localStorage.setItem(storedKey, JSON.stringify(rows));
    } catch {
      // No room. Then this feed cannot be read without the network.
    }
  }

  function stored(): Row[] {
    try {
      const rows = JSON.parse(localStorage.getItem(storedKey) ?? "[]");
      return Array.isArray(rows) ? rows : [];
    } catch {
      return [];
    }
  }

  return {
    ...feed,
    more: () => once(blocks.value.length === 0 ? first : next),
    visit: () => once(again),
    async look() {
      const top = topId();
      if (isOld.value || (state.value === "failed" && blocks.value.length === 0)) return once(first);
      if (!source.count || top === undefined || reading) return;
      const { data } = await source.count(top);
      // Something may have come in meanwhile.
      if (typeof data === "number" && topId() === top) newer.value = data;
    },
    showNewer: () => afterThat(newest),
    restart: () => afterThat(first),
    add(row) {
      source.seen?.([row]);
      if (idsIn(blocks.value).has(row.id)) return;
      blocks.value = [[row], ...blocks.value];
    },
    drop(isGone) {
      const kept = blocks.value.map((rows) =>
        rows.some(isGone) ? rows.filter((row) => !isGone(row)) : rows,
      );
      blocks.value = kept.filter((rows) => rows.length > 0);
      if (source.isStored) store(stored().filter((row) => !isGone(row)));
    },
  };
}

/** Somebody scrolled, or the focus is in a feed. */
function isBeingRead(): boolean {
  return scrollY > 0 || document.activeElement?.closest("[role=feed]") != null;
}

/** Small blocks, so that the document grows by few rows in each frame. */
const blockSize = 5;

function inBlocks<Row>(rows: Row[]): Row[][] {
  const blocks: Row[][] = [];
  for (let from = 0; from < rows.length; from += blockSize) blocks.push(rows.slice(from, from + blockSize));
  return blocks;
}

function idsIn(blocks: { id: number }[][]): Set<number> {
  return new Set(blocks.flatMap((rows) => rows.map(({ id }) => id)));
}
