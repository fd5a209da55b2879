/**
 * postgres_changes: follows the tables of the publication supabase_realtime. Each
 * subscriber has its own filters and its own rights.
 */
import type { Log } from "../../../log.ts";
import type { ChangeSubscriber, ChangeSubscription, Identity } from "../../database-side.ts";
import type { Connections } from "../connections.ts";
import type { Relation, RowChange } from "../pgoutput.ts";
import { basisOf, type Definition, define, type WantedEntry } from "./define.ts";
import { createEvaluator, type EvaluatorLimits } from "./evaluate.ts";
import { RefusedError } from "./filter.ts";
import { createInterests, type Target } from "./interests.ts";
import { createJudge, type JudgeLimits } from "./judge.ts";
import { parseParameters } from "./parameters.ts";
import { createTables, type Table } from "./tables.ts";

export interface ChangesOptions {
  publication: string;
  /**
   * Two sets for subscriptions and one for changes, so that neither waits for the other. The latter two run
   * code of the project, so they must not log in as a superuser.
   */
  catalog: Connections;
  filters: Connections;
  checks: Connections;
  /** @throws DatabaseError */
  streaming(timeoutMs: number): Promise<void>;
  limits: EvaluatorLimits & JudgeLimits & { publicationPollMs: number };
  log: Log;
}

export interface Changes extends Disposable {
  subscribe(subscriber: ChangeSubscriber): Promise<ChangeSubscription>;
  /** Called by the stream. */
  relation(relation: Relation): void;
  change(change: RowChange): void;
  /** The stream runs again. Subscribers are told, because they may have missed changes. */
  resumed(): void;
}

const subscribed = "Subscribed to PostgreSQL";
const streamingTimeoutMs = 15_000;
/** The pause before a subscription is tried again, plus up to the same again at random. */
const retryMs = 5_000;
/** The longest time that changes wait for a subscriber whose role is new. */
const renewalMs = 500;

interface Subscription extends Target {
  subscriber: ChangeSubscriber;
  identity: Identity;
  wanted: WantedEntry[];
  definitions: Definition[];
  /** Functions that remove its interests. */
  release: (() => void)[];
  /** What its definitions depend on, as `basisOf` says. */
  basis: string;
  /** What the subscriber was told last. */
  status: "ok" | "error" | undefined;
  /** Its work. One piece starts after the other ends. */
  turn: Promise<void>;
  /** Work that waits to define it again. It will use the identity of that time, so it serves all renewals before. */
  restart: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
  closed: boolean;
}

export function createChanges(options: ChangesOptions): Changes {
  const { catalog: connections, log } = options;
  const interests = createInterests();
  const subscriptions = new Set<Subscription>();
  const tables = createTables(
    connections,
    options.publication,
    () => new Set([...subscriptions].map(({ identity }) => identity.role)),
  );
  /** Tables that the stream has described again since they were read. They may have changed. */
  const stale = new Set<number>();
  /** Subscribers whose new role is being read. Changes wait for them, within `renewalMs`. */
  const renewals = new Map<Promise<void>, Promise<void>>();

  /** The catalog that all subscriptions are defined by. */
  let adapted = tables.current;
  let adapting: Promise<unknown> = Promise.resolve();

  const evaluator = createEvaluator({
    interests,
    judge: createJudge(options.checks, log, options.limits),
    limits: options.limits,
    log,
    table: (id) => (stale.has(id) || renewals.size > 0 ? freshTable(id) : tables.current.tables.get(id)),
    dropped(count) {
      for (const { subscriber, status } of subscriptions) {
        if (status === "ok") subscriber.tell("error", `${count} changes could not be delivered`);
      }
    },
  });

  async function freshTable(id: number): Promise<Table | undefined> {
    await Promise.all(renewals.values());
    if (stale.has(id)) {
      const described = [...stale];
      await tables.read();
      for (const each of described) stale.delete(each);
      await adapt();
    }
    return tables.current.tables.get(id);
  }

  /** Defines the subscriptions again whose tables have changed. Resolves when all are done. */
  function adapt(): Promise<unknown> {
    if (adapted === tables.current) return adapting;
    adapted = tables.current;
    const affected = [...subscriptions].filter(
      ({ status, basis, wanted, identity }) =>
        status !== undefined && basis !== basisOf(wanted, identity.role, adapted),
    );
    const started = affected.map((each) => inTurn(each, () => begin(each, false)).catch(later(each)));
    adapting = Promise.all([adapting, ...started]);
    return adapting;
  }

  function inTurn(subscription: Subscription, work: () => Promise<void>): Promise<void> {
    const turn = subscription.turn.then(() => (subscription.closed ? undefined : work()));
    subscription.turn = turn.catch(() => {});
    return turn;
  }

  /**
   * Follows what the subscription wants and the catalog has. Tells the subscriber if `news`
   * is set or its status changes. Until then it follows what it followed before.
   * @throws DatabaseError
   */
  async function begin(subscription: Subscription, news: boolean): Promise<void> {
    const { wanted, subscriber } = subscription;
    let outcome: Definition[] | RefusedError;
    let basis: string;
    do {
      const { role } = subscription.identity;
      // The role may be new: the catalog was read for the roles that existed then.
      if (!tables.current.roles.has(role)) await tables.read();
      basis = basisOf(wanted, role, tables.current);
      outcome = await define(options.filters, wanted, role, tables.current, options.limits).catch((error) => {
        if (error instanceof RefusedError) return error;
        throw error;
      });
      // The catalog or the identity may have changed meanwhile.
    } while (!subscription.closed && basis !== basisOf(wanted, subscription.identity.role, tables.current));
    if (subscription.closed) return;

    const before = subscription.status;
    subscription.basis = basis;
    subscription.definitions = outcome instanceof RefusedError ? [] : outcome;
    follow(subscription);
    if (outcome instanceof RefusedError) {
      subscription.status = "error";
      if (news || before !== "error") subscriber.tell("error", outcome.message);
      return;
    }
    if (before === undefined) await options.streaming(streamingTimeoutMs);
    if (subscription.closed) return;
    subscription.status = "ok";
    if (news || before !== "ok") subscriber.tell("ok", subscribed);
  }

  /** Replaces the interests of the subscription, without a gap. */
  function follow(subscription: Subscription): void {
    const before = subscription.release;
    const claims = JSON.stringify(subscription.identity.claims);
    subscription.release = subscription.definitions.map(({ id, definition }) =>
      interests.add(definition, claims, subscription, id),
    );
    for (const release of before) release();
  }

  function startOver(subscription: Subscription): Promise<void> {
    clearTimeout(subscription.timer);
    subscription.restart ??= inTurn(subscription, async () => {
      subscription.restart = undefined;
      await tables.read();
      await begin(subscription, true);
    }).catch(later(subscription));
    return subscription.restart;
  }

  /** Lets changes wait until the subscription follows what its new role may see. */
  function hold(started: Promise<void>): void {
    if (renewals.has(started)) return;
    const renewal = Promise.race([started, new Promise<void>((end) => setTimeout(end, renewalMs).unref())]);
    renewals.set(started, renewal);
    void renewal.then(() => renewals.delete(started));
  }

  function later(subscription: Subscription): (error: unknown) => void {
    return (error) => {
      log("warn", `a subscription is tried again: ${(error as Error).message}`);
      if (subscription.closed) return;
      clearTimeout(subscription.timer);
      subscription.timer = setTimeout(() => void startOver(subscription), retryMs * (1 + Math.random()));
    };
  }

  function close(subscription: Subscription): void {
    subscription.closed = true;
    subscription.definitions = [];
    follow(subscription);
    clearTimeout(subscription.timer);
    subscriptions.delete(subscription);
  }

  let polling = false;
  async function poll(): Promise<void> {
    if (polling || subscriptions.size === 0) return;
    polling = true;
    try {
      if (await tables.changed()) await tables.read();
      await adapt();
    } catch (error) {
      log("debug", `the publication could not be read: ${(error as Error).message}`);
    }
    polling = false;
  }
  const timer = setInterval(poll, options.limits.publicationPollMs);

  return {
    async subscribe(subscriber) {
      let wanted: WantedEntry[];
      try {
        wanted = subscriber.entries.map(({ id, parameters }) => ({
          id,
          wanted: parseParameters(parameters),
        }));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        subscriber.tell("error", error.message);
        return { renew() {}, async [Symbol.asyncDispose]() {} };
      }
      const subscription: Subscription = {
        subscriber,
        identity: subscriber.identity,
        wanted,
        definitions: [],
        release: [],
        basis: "",
        status: undefined,
        turn: Promise.resolve(),
        restart: undefined,
        timer: undefined,
        closed: false,
        deliver: (ids, data) => subscriber.deliver(ids, data),
        end(reason) {
          close(subscription);
          subscriber.tell("error", reason);
        },
      };
      subscriptions.add(subscription);
      try {
        await inTurn(subscription, async () => {
          await tables.read();
          await begin(subscription, true);
        });
      } catch (error) {
        close(subscription);
        throw error;
      }
      return {
        renew(identity) {
          const sameRole = identity.role === subscription.identity.role;
          subscription.identity = identity;
          // Another role may read other columns, so that the catalog has to be read first.
          if (sameRole) follow(subscription);
          const started = startOver(subscription);
          if (!sameRole) hold(started);
        },
        async [Symbol.asyncDispose]() {
          close(subscription);
        },
      };
    },
    relation({ id }) {
      if (interests.has(id)) stale.add(id);
      // The table is new. A subscriber may want all tables.
      else if (!tables.current.tables.has(id)) void poll();
    },
    change: (change) => evaluator.change(change),
    resumed() {
      for (const subscription of subscriptions)
        if (subscription.status === "ok") void startOver(subscription);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      evaluator.stop();
      for (const subscription of subscriptions) close(subscription);
    },
  };
}
