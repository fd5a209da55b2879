/**
 * The Realtime server: channels over websockets with broadcast, presence and changes of
 * the database, and broadcast over HTTP. SPEC.md says what it promises, README.md what
 * it leaves out.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { answerBroadcast } from "./broadcast-http.ts";
import { createContext } from "./context.ts";
import { createDatabaseSide } from "./database/index.ts";
import type { DatabaseSide, StoredMessage } from "./database-side.ts";
import { topicPrefix } from "./hub.ts";
import { defaultLimits, type RealtimeLimits } from "./limits.ts";
import { broadcastFanout } from "./protocol.ts";
import { isTooLarge, publish } from "./publish.ts";
import { hear } from "./stream.ts";
import { startSweep } from "./sweep.ts";
import { type Credentials, createUpgrader } from "./upgrade.ts";

export interface RealtimeOptions {
  /** Connects as a superuser, to try policies as other roles and to read the replication stream. */
  databaseUrl: string;
  keys: Pick<Keys, "verify">;
  config: Pick<Config["realtime"], "private_only">;
  /** Replace the defaults. */
  limits?: Partial<RealtimeLimits>;
  log: Log;
}

export interface Realtime extends AsyncDisposable {
  /** Broadcast over HTTP. The request's path has no /realtime/v1. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Takes over a websocket handshake. Its path does not matter. Also answers it when it is refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, credentials: Credentials): void;
  /** What the server holds now. All of it comes from clients and ends with them. */
  counts(): Counts;
}

export interface Counts {
  connections: number;
  /** Connections that have joined a channel. */
  users: number;
  channels: number;
  topics: number;
  presences: number;
  timers: number;
  subscriptions: number;
}

/** The close code of a server that will be back soon. @see https://www.iana.org/assignments/websocket */
const serviceRestart = 1012;

/** Resolves before the database answers. Until it does, everything that needs it answers with an error. */
export async function createRealtime(options: RealtimeOptions): Promise<Realtime> {
  const { log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  await using starting = new AsyncDisposableStack();
  const database: DatabaseSide = starting.use(
    await createDatabaseSide({ databaseUrl: options.databaseUrl, log: log.child("database") }),
  );
  const context = createContext({
    database,
    keys: options.keys,
    privateOnly: options.config.private_only,
    limits,
    log,
  });
  const upgrader = createUpgrader(context);
  starting.use(startSweep(context));
  starting.use(database.onMessage((message) => publishStored(message)));

  /** Over the limits a message is dropped, because the database does not wait for sockets. */
  function publishStored(message: StoredMessage): void {
    deliverStored(message);
    hear(context, message);
  }

  function deliverStored({ id, topic: name, private: isPrivate, event, payload }: StoredMessage): void {
    const topic = context.hub.find(name, isPrivate);
    if (!topic) return;
    if (context.rates.events.exceeded() || isTooLarge(context, payload)) {
      log("warn", `dropped a message of the database to ${name}`);
      return;
    }
    context.rates.events.add();
    publish(context, topic, broadcastFanout(topicPrefix + name, { event, payload }, id), undefined);
  }

  const running = starting.move();
  return {
    fetch: (request) => answerBroadcast(context, request),
    upgrade: upgrader.upgrade,
    counts() {
      const topics = [...context.hub.topics.values()];
      return {
        connections: context.connections.size,
        users: context.tallies.users,
        channels: topics.reduce((sum, topic) => sum + topic.channels.size, 0),
        topics: topics.length,
        presences: topics.reduce((sum, topic) => sum + topic.present.size, 0),
        timers: context.tallies.timers,
        subscriptions: context.tallies.subscriptions,
      };
    },
    async [Symbol.asyncDispose]() {
      context.stopping = true;
      upgrader.stop();
      await Promise.all(
        [...context.connections].map(({ ws }) => {
          const closed = new Promise((resolve) => ws.once("close", resolve));
          // If the client does not answer the close, ws ends the socket after limits.drainMs.
          ws.resume();
          ws.close(serviceRestart);
          return closed;
        }),
      );
      await running.disposeAsync();
    },
  };
}
