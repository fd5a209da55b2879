/**
 * Reads what a client asks for with `phx_join`. A value that cannot be understood
 * counts as absent, as in supabase/realtime lib/realtime_web/channels/payloads.
 */
import { randomUUID } from "node:crypto";
import type { ChangeParameters } from "./database-side.ts";
import { isObject } from "./protocol.ts";

export interface JoinPayload {
  /** The client's own token. Absent for an API key: the connection's token says as much. */
  token?: string;
  private: boolean;
  broadcastSelf: boolean;
  broadcastAck: boolean;
  /** The replay that the client asks for. `null` when the request is not valid. */
  replay?: { sinceMs: number; limit: number } | null;
  replicationReady: boolean;
  presenceEnabled: boolean;
  presenceKey: string;
  /** As the client sent them, because the reply repeats them. */
  changes: unknown[];
  /** How long the reply may wait for the changes' subscription. Undefined when it shall not wait. */
  changesWaitMs?: number;
}

const replayMax = 25;
const defaultChangesWaitMs = 15_000;

export function parseJoin(payload: unknown, limits: { changesWaitMs: number }): JoinPayload {
  const join = object(payload);
  const config = object(join.config);
  const broadcast = object(config.broadcast);
  return {
    token: token(join),
    private: boolean(config.private),
    broadcastSelf: boolean(broadcast.self),
    broadcastAck: boolean(broadcast.ack),
    replay: replay(broadcast.replay),
    replicationReady: boolean(broadcast.replication_ready),
    // Older clients do not know this option and expect presence.
    presenceEnabled: isObject(config.presence) ? boolean(config.presence.enabled) : true,
    presenceKey: presenceKey(object(config.presence).key),
    changes: Array.isArray(config.postgres_changes)
      ? config.postgres_changes.filter((item) => item !== null)
      : [],
    changesWaitMs: changesWait(object(config.postgres_changes_options), limits.changesWaitMs),
  };
}

/**
 * The parts of one entry of postgres_changes that the database understands. It refuses what it cannot
 * understand: without its table or its columns, an entry would follow more than the client asks for.
 */
export function changeParameters(entry: Record<string, unknown>): ChangeParameters {
  const { event, schema, table, filter, select } = entry;
  return {
    event: text(event) ?? "*",
    schema: schema ?? undefined,
    table: table ?? undefined,
    filter: text(filter),
    select,
  };
}

function token({ user_token, access_token }: Record<string, unknown>): string | undefined {
  const given = text(user_token) ?? text(access_token);
  return given?.startsWith("sb_") ? undefined : given;
}

function replay(asked: unknown): JoinPayload["replay"] {
  if (asked === undefined || asked === null) return undefined;
  const { since = 0, limit = replayMax } = object(asked);
  if (!isObject(asked) || !Number.isSafeInteger(since) || !Number.isSafeInteger(limit)) return null;
  return { sinceMs: since as number, limit: Math.min(replayMax, Math.max(1, limit as number)) };
}

function presenceKey(key: unknown): string {
  if (typeof key === "number" || typeof key === "boolean") return String(key);
  return text(key) ?? randomUUID();
}

function changesWait({ wait, timeout }: Record<string, unknown>, mostMs: number): number | undefined {
  if (!boolean(wait)) return undefined;
  const askedMs = Number.isSafeInteger(timeout) && (timeout as number) > 0 ? timeout : defaultChangesWaitMs;
  return Math.min(askedMs as number, mostMs);
}

function object(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function boolean(value: unknown): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

/** The value if it is a text that is not empty. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
