/**
 * One stream as a client sees it: how far it has come, and what it heard but cannot apply yet. A stream's
 * name, its topic and its cursor are three things: the name stays, the topic may change.
 */

/** One event of a stream, as a broadcast and as `sync()` have it: docs/reference/streams.md. */
export interface StreamEvent {
  seq: number;
  kind: string;
  payload: Record<string, unknown>;
}

/** What a broadcast says. Without a payload it says only that there is something: `sync()` knows what. */
export type Heard = Omit<StreamEvent, "payload"> & { payload: StreamEvent["payload"] | null };

export interface Stream {
  readonly name: string;
  /** The number of the last event that was applied. Undefined: a snapshot is needed. */
  cursor: number | undefined;
  /** Events that were heard and not applied yet, by number. `asks`: how often `sync()` did not know it. */
  readonly held: Map<number, { event: Heard; asks: number }>;
  /** Whether `sync()` has answered it. */
  isKnown: boolean;
  /** How often `sync()` had no answer for it so far, or one that was too old. */
  refusals: number;
}

/** A client that heard more than this while it could not apply anything asks `sync()` for all of it. */
const mostHeld = 1_000;
/** If `sync()` does not know an event or a stream after this number of questions, it does not exist. */
export const mostAsks = 6;

export function createStream(name: string, cursor?: number): Stream {
  return { name, cursor, held: new Map(), isKnown: false, refusals: 0 };
}

/**
 * Keeps a broadcast until its turn comes.
 * @returns `dropped` if it is old or malformed; `full` if there is no place for it
 */
export function hold(stream: Stream, event: Heard): "held" | "dropped" | "full" {
  if (!Number.isSafeInteger(event?.seq) || typeof event.kind !== "string") return "dropped";
  if (stream.cursor !== undefined && event.seq <= stream.cursor) return "dropped";
  // The event itself may be here already.
  if (!event.payload && stream.held.has(event.seq)) return "held";
  if (stream.held.size >= mostHeld) return "full";
  stream.held.set(event.seq, { event, asks: 0 });
  return "held";
}

/**
 * Notes that `sync()` answered everything it knows, and not these events. Postgres sends an event a
 * moment before others can read it, so the next answer may have them.
 * @returns how often the one was asked for that waits longest. 0: none waits any more
 */
export function missed(stream: Stream, seqs: number[]): number {
  let most = 0;
  for (const seq of seqs) {
    const waiting = stream.held.get(seq);
    if (!waiting || (stream.cursor !== undefined && seq <= stream.cursor) || next(stream)?.seq === seq)
      continue;
    waiting.asks++;
    if (waiting.asks >= mostAsks) stream.held.delete(seq);
    else most = Math.max(most, waiting.asks);
  }
  return most;
}

/** The event that continues the cursor, if all of it was heard. Forgets what the cursor has passed. */
export function next(stream: Stream): StreamEvent | undefined {
  const { cursor, held } = stream;
  if (cursor === undefined) return undefined;
  for (const seq of held.keys()) if (seq <= cursor) held.delete(seq);
  const event = held.get(cursor + 1)?.event;
  return event?.payload ? (event as StreamEvent) : undefined;
}
