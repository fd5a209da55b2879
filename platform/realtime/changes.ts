/** A channel's postgres_changes: the ids of its entries, its subscription, and the frames it gets. */
import { createHash } from "node:crypto";
import { type ChangeSubscription, DatabaseError } from "./database-side.ts";
import { JoinError, unknownError } from "./errors.ts";
import { changeParameters } from "./join-payload.ts";
import { deliver, sendSystem } from "./outgoing.ts";
import { charge, hasRoom } from "./parties.ts";
import { isObject, textFanout } from "./protocol.ts";
import type { Changes, Channel, Context } from "./state.ts";
import { after } from "./timers.ts";

export interface ChangeEntry {
  id: number;
  /** As the client sent them. */
  parameters: Record<string, unknown>;
}

const tooManyChanges = "Too many changes per second, some are not delivered";

/**
 * The pause between two attempts, plus up to the same again at random: all subscribers lose the
 * database at once.
 */
const retryMs = 5_000;
/** The same pause while a client waits for the answer to its join. */
const waitedRetryMs = 250;
/**
 * Ids have at most 31 bits, so that every client can hold them. They start at 1, because clients
 * read 0 as no id.
 */
const idMax = 2 ** 31 - 1;

/** Gives each entry an id. @throws JoinError when the list is too long, or an entry is not an object */
export function changeEntries(changes: unknown[], { changesPerChannel }: Context["limits"]): ChangeEntry[] {
  if (changes.length > changesPerChannel || !changes.every(isObject)) throw new JoinError(unknownError);
  return changes.map((parameters) => ({ id: idOf(parameters), parameters }));
}

/** Equal parameters give equal ids, in any order and in any process. */
function idOf(parameters: Record<string, unknown>): number {
  const text = JSON.stringify(
    Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  return 1 + (createHash("sha256").update(text).digest().readUInt32BE() % idMax);
}

/** The entries as the join's reply repeats them. JSON text. */
export function echo(entries: ChangeEntry[]): string {
  return JSON.stringify(entries.map(({ id, parameters }) => ({ ...parameters, id })));
}

/**
 * Subscribes. Tries again when the database is in trouble.
 * @param waited whether a join waits for the outcome. Then the client is told nothing else
 */
export function follow(context: Context, channel: Channel, entries: ChangeEntry[], waited: boolean): Changes {
  let subscription: ChangeSubscription | undefined;
  let { identity } = channel.token;
  let stopRetry: (() => void) | undefined;
  let attempting = false;
  let ended = false;
  let refusal: string | undefined;
  const { promise: outcome, resolve: settle } = Promise.withResolvers<string | undefined>();
  const { promise: tried, resolve: triedOnce } = Promise.withResolvers<void>();
  context.tallies.subscriptions++;

  async function attempt(): Promise<void> {
    attempting = true;
    const asked = identity;
    try {
      subscription = await context.database.subscribe({
        identity: asked,
        entries: entries.map(({ id, parameters }) => ({ id, parameters: changeParameters(parameters) })),
        deliver(ids, data) {
          // The channel may have a new token that the database does not know yet. Then this change
          // was judged by the rights of the old one, and is dropped.
          if (subscription || asked === identity) deliverChange(context, channel, ids, data);
        },
        tell(status, message) {
          if (status === "error") refusal = message;
          if (!ended) sendSystem(context, channel, "postgres_changes", status, message);
        },
      });
      if (asked !== identity) subscription.renew(identity);
      settle(refusal);
    } catch (error) {
      if (!ended) later(error);
    } finally {
      attempting = false;
      triedOnce();
    }
    if (ended) await close();
  }

  function later(error: unknown): void {
    context.log("warn", `postgres_changes: ${(error as Error).message}`);
    const message = error instanceof DatabaseError ? error.message : unknownError;
    if (!waited) sendSystem(context, channel, "postgres_changes", "error", message);
    const leastMs = waited ? waitedRetryMs : retryMs;
    stopRetry = after(context, leastMs + Math.random() * leastMs, () => void attempt());
  }

  async function close(): Promise<void> {
    stopRetry?.();
    try {
      await subscription?.[Symbol.asyncDispose]();
    } catch (error) {
      context.log("warn", `unsubscribe: ${(error as Error).message}`);
    }
    context.tallies.subscriptions--;
  }

  void attempt();
  return {
    outcome,
    tried,
    renew(another) {
      identity = another;
      subscription?.renew(another);
    },
    end() {
      if (ended) return;
      ended = true;
      settle(undefined);
      triedOnce();
      if (!attempting) void close();
    },
  };
}

/**
 * Sends a change to a channel, which pays for it. Over the limit the change is dropped, because the
 * database does not wait for sockets. The channel stays, and is told once for all that it misses in a row.
 */
function deliverChange(context: Context, channel: Channel, ids: number[], data: string): void {
  if (channel.closed) return;
  if (context.rates.changes.exceeded() || !hasRoom(context, channel.party, "changes")) {
    if (!channel.missesChanges) sendSystem(context, channel, "postgres_changes", "error", tooManyChanges);
    channel.missesChanges = true;
    return;
  }
  channel.missesChanges = false;
  charge(context, channel.party, "changes");
  const key = `${ids.join()} ${channel.wire}`;
  let last = context.lastChange;
  if (last?.key !== key || last.data !== data) {
    const payload = `{"ids":[${ids.join()}],"data":${data}}`;
    last = { key, data, fanout: textFanout(channel.wire, "postgres_changes", payload) };
    context.lastChange = last;
  }
  deliver(context, channel, last.fanout.frame(channel.connection.version) as Buffer);
}
