/**
 * The database's side of Realtime: asks what policies allow, reads stored messages, and
 * follows what the database commits. The sockets' side uses it through
 * ../database-side.ts.
 */
import type { Log } from "../../log.ts";
import type { DatabaseSide, StoredMessage } from "../database-side.ts";
import { mayRead, mayWrite } from "./authorize.ts";
import { createChanges } from "./changes/index.ts";
import { type ConnectionOptions, createConnections } from "./connections.ts";
import { isMessages, toMessage } from "./messages.ts";
import { keepPartitions } from "./partitions.ts";
import { changesPublication, createPublications } from "./publications.ts";
import { replay } from "./replay.ts";
import { createReplication } from "./replication.ts";

export interface DatabaseSideOptions {
  /** Connects as a superuser, to replicate. Its password is also that of `postgres`, who asks the policies. */
  databaseUrl: string;
  log: Log;
  limits?: Partial<DatabaseLimits>;
}

export interface DatabaseLimits {
  /** Connections for questions to policies and for replay. All joins share them. */
  probeConnections: number;
  /** The most questions to policies that wait, and how long they wait. */
  probeQueueMax: number;
  probeWaitMs: number;
  /** The time for one statement. A policy that takes longer fails. */
  statementTimeoutMs: number;
  /** The time for filters of changes. A subscription with a filter that takes longer is ended. */
  filterTimeoutMs: number;
  /** Connections for questions to policies about changes. */
  checkConnections: number;
  /** The most changes that wait to be evaluated, and the most bytes of their values. More are dropped. */
  pendingChangesMax: number;
  pendingChangeBytesMax: number;
  /** The most bytes of a change's values. Above it, subscribers get the small values and an error. */
  recordBytesMax: number;
  /** How often we check whether a publication has changed. */
  publicationPollMs: number;
}

const defaults: DatabaseLimits = {
  probeConnections: 4,
  probeQueueMax: 1_000,
  probeWaitMs: 10_000,
  statementTimeoutMs: 10_000,
  filterTimeoutMs: 500,
  checkConnections: 2,
  pendingChangesMax: 50_000,
  pendingChangeBytesMax: 64 * 1024 * 1024,
  recordBytesMax: 1024 * 1024,
  publicationPollMs: 1_000,
};

/** @throws DatabaseError when the database cannot be reached */
export async function createDatabaseSide(options: DatabaseSideOptions): Promise<DatabaseSide> {
  const { databaseUrl, log } = options;
  const limits = { ...defaults, ...options.limits };
  await using starting = new AsyncDisposableStack();
  const open = (name: string, size: number, queueMax: number, more?: Partial<ConnectionOptions>) =>
    createConnections({
      databaseUrl,
      name,
      size,
      queueMax,
      waitMs: limits.probeWaitMs,
      statementTimeoutMs: limits.statementTimeoutMs,
      ...more,
    });
  const connections = (...of: Parameters<typeof open>) => starting.use(open(...of));
  // They run code of the project, which can go back to the role that logged in.
  const asProject = { username: "postgres" };
  const probes = connections("realtime_probes", limits.probeConnections, limits.probeQueueMax, asProject);
  const catalog = connections("realtime_catalog", 2, limits.probeQueueMax, {
    settings: { search_path: "" },
  });
  // Long enough for dropping a partition, which is slow.
  const upkeep = () => open("realtime_upkeep", 1, 1, { statementTimeoutMs: 60_000 });
  starting.use(await keepPartitions(upkeep, log));

  const changes = starting.use(
    createChanges({
      publication: changesPublication,
      catalog,
      filters: connections("realtime_filters", 2, limits.probeQueueMax, {
        ...asProject,
        // As in the project's sessions, so that operators of its extensions are found.
        settings: { search_path: "public, extensions" },
      }),
      checks: connections("realtime_checks", limits.checkConnections, 10_000, asProject),
      streaming: (timeoutMs) => replication.streaming(timeoutMs),
      limits: {
        pendingMax: limits.pendingChangesMax,
        pendingBytesMax: limits.pendingChangeBytesMax,
        recordBytesMax: limits.recordBytesMax,
        publicationPollMs: limits.publicationPollMs,
        statementTimeoutMs: limits.statementTimeoutMs,
        filterTimeoutMs: limits.filterTimeoutMs,
      },
      log,
    }),
  );
  const publications = starting.use(
    createPublications(catalog, limits.publicationPollMs, () => replication.restart()),
  );
  const listeners = new Set<(message: StoredMessage) => void>();
  let interrupted = false;
  const replication = starting.use(
    createReplication({
      databaseUrl,
      log,
      publications: () => publications.names(),
      started() {
        if (interrupted) changes.resumed();
        interrupted = false;
      },
      lost() {
        interrupted = true;
      },
      relation(relation) {
        if (!isMessages(relation)) changes.relation(relation);
      },
      change(change) {
        if (!isMessages(change.relation)) return changes.change(change);
        if (change.type !== "INSERT" || !change.row) return;
        const message = toMessage(change.relation, change.row, log);
        if (!message) return;
        for (const listener of listeners) {
          try {
            listener(message);
          } catch (error) {
            log("error", `a message could not be delivered: ${(error as Error).stack}`);
          }
        }
      },
    }),
  );

  const running = starting.move();
  return {
    mayRead: (topic, identity, extensions) => mayRead(probes, log, topic, identity, extensions),
    mayWrite: (topic, identity, extensions) => mayWrite(probes, topic, identity, extensions),
    replay: (topic, sinceMs, limit) => replay(probes, topic, sinceMs, limit),
    onMessage(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    streaming: (timeoutMs) => replication.streaming(timeoutMs),
    subscribe: (subscriber) => changes.subscribe(subscriber),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
