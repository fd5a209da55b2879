/** A channel's postgres_changes: their ids, their subscription, their frames. */
import { createHash } from "node:crypto";
import { type ChangeSubscription, DatabaseError } from "./database-side.ts";
import { JoinError, unknownError } from "./errors.ts";
import { changeParameters } from "./join-payload.ts";
import { sendSystem } from "./outgoing.ts";
import { isObject, textFanout } from "./protocol.ts";
import { deliverPaid } from "./publish.ts";
import type { Changes, Channel, Context } from "./state.ts";
import { after } from "./timers.ts";

export interface ChangeEntry {
  id: number;
  /** As the client wrote them. */
  parameters: Record<string, unknown>;
}

/** Between attempts, and as much again at random: many subscribers lose the database at once. */
const retryMs = 5_000;
/** While a client waits for its join. */
const waitedRetryMs = 250;
/** Within 31 bits, which every client's integers have; clients take 0 for no id. */
const idMax = 2 ** 31 - 1;

/** @throws JoinError for what is no list of objects, or too long a one */
export function changeEntries(changes: unknown[], { changesPerChannel }: Context["limits"]): ChangeEntry[] {
  if (changes.length > changesPerChannel || !changes.every(isObject)) throw new JoinError(unknownError);
  return changes.map((parameters) => ({ id: idOf(parameters), parameters }));
}

/** The same for the same parameters, in whatever order and whichever process. */
function idOf(parameters: Record<string, unknown>): number {
  const text = JSON.stringify(
    Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  return 1 + (createHash("sha256").update(text).digest().readUInt32BE() % idMax);
}

/** The reply's echo; JSON text. */
export function echo(entries: ChangeEntry[]): string {
  return JSON.stringify(entries.map(({ id, parameters }) => ({ ...parameters, id })));
}

/**
 * Subscribes, and tries again when the database is in trouble.
 * @param waited a join waits for the outcome, which is then all that it is told
 */
export function follow(context: Context, channel: Channel, entries: ChangeEntry[], waited: boolean): Changes {
  let subscription: ChangeSubscription | undefined;
  let { identity } = channel.token;
  let stopRetry: (() => void) | undefined;
  let attempting = false;
  let ended = false;
  let refusal: string | undefined;
  const { promise: outcome, resolve: settle } = Promise.withResolvers<string | undefined>();
  context.tallies.subscriptions++;

  async function attempt(): Promise<void> {
    attempting = true;
    const asked = identity;
    try {
      subscription = await context.database.subscribe({
        identity: asked,
        entries: entries.map(({ id, parameters }) => ({ id, parameters: changeParameters(parameters) })),
        deliver(ids, data) {
          // Under another token's rights, which it does not know of yet.
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
    renew(another) {
      identity = another;
      subscription?.renew(another);
    },
    end() {
      if (ended) return;
      ended = true;
      settle(undefined);
      if (!attempting) void close();
    },
  };
}

function deliverChange(context: Context, channel: Channel, ids: number[], data: string): void {
  if (channel.closed) return;
  const key = `${ids.join()} ${channel.wire}`;
  let last = context.lastChange;
  if (last?.key !== key || last.data !== data) {
    const payload = `{"ids":[${ids.join()}],"data":${data}}`;
    last = { key, data, fanout: textFanout(channel.wire, "postgres_changes", payload) };
    context.lastChange = last;
  }
  deliverPaid(context, channel, last.fanout.frame(channel.connection.version) as Buffer);
}
