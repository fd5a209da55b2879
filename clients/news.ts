/**
 * What a client hears of conversations on the person's own topic: that there is a new message, and how the
 * person sees a conversation now. A list of conversations is read again then. Postgres tells of a change a moment
 * before others can read it. So the client waits a little, and can ask whether a list was read too early.
 */
import { epochOf } from "./conversations.ts";

/** A row of `conversations()`, as far as this module uses it. */
export interface ListedRow {
  id: number;
  last_seq: number;
  view: number;
  topic: string | null;
}

export interface News {
  /** There is a message with this number. */
  message(id: number, seq: number): void;
  /** The person sees the conversation like this now. Null: they are not in it. */
  seen(id: number, row: Pick<ListedRow, "view" | "topic"> | null): void;
  /** Whether a list lacks something that was heard of its rows in the last seconds. */
  isTooOld(rows: readonly ListedRow[]): boolean;
  end(): void;
}

const pauseMs = 200;
/** If more conversations have news at once, `tell` gets null. */
const mostNews = 20;
/** The module forgets what it heard after this time. So a list that never has it is not read for ever. */
const keptMs = 10_000;
/** The oldest is forgotten if more are heard of. */
const mostKept = 100;

interface Heard {
  seq: number;
  view: number;
  epoch: number;
  atMs: number;
}

/** @param tell called a little after a new message, for each conversation. Null: maybe in any */
export function createNews(tell: (conversationId: number | null) => void): News {
  const fresh = new Set<number>();
  const kept = new Map<number, Heard>();
  let telling: ReturnType<typeof setTimeout> | undefined;

  function keep(id: number, { seq, view, epoch }: Omit<Heard, "atMs">): void {
    const before = kept.get(id) ?? { seq: 0, view: 0, epoch: 0 };
    // The last one of a Map is the one that was put in last.
    kept.delete(id);
    kept.set(id, {
      seq: Math.max(seq, before.seq),
      view: Math.max(view, before.view),
      epoch: Math.max(epoch, before.epoch),
      atMs: performance.now(),
    });
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  }

  return {
    message(id, seq) {
      keep(id, { seq, view: 0, epoch: 0 });
      fresh.add(id);
      telling ??= setTimeout(() => {
        telling = undefined;
        const ids = fresh.size > mostNews ? [null] : [...fresh];
        fresh.clear();
        for (const id of ids) tell(id);
      }, pauseMs);
    },
    seen(id, row) {
      if (row) keep(id, { seq: 0, view: row.view, epoch: epochOf(`conversation:${id}`, row.topic) ?? 0 });
      else kept.delete(id);
    },
    isTooOld(rows) {
      return rows.some((row) => {
        const heard = kept.get(row.id);
        if (!heard || performance.now() - heard.atMs > keptMs) return false;
        const isBehind = (epochOf(`conversation:${row.id}`, row.topic) ?? heard.epoch) < heard.epoch;
        return isBehind || row.last_seq < heard.seq || row.view < heard.view;
      });
    },
    end: () => clearTimeout(telling),
  };
}
