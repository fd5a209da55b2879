/**
 * Reads the stored private broadcasts of a topic.
 * https://supabase.com/docs/guides/realtime/broadcast#broadcast-replay
 */
import type { StoredMessage } from "../database-side.ts";
import type { Connections } from "./connections.ts";
import { literal } from "./sql.ts";

const limitMax = 25;
/** Clocks may differ this much. A message from further in the future is not replayed yet. */
const aheadMs = 60_000;

// Messages of one transaction have the same inserted_at. They keep the order of their rows.
const query = `(text, timestamp, integer) as
  select id, event, payload::text, encode(binary_payload, 'hex')
  from realtime.messages
  where topic = $1
    and private is true
    and extension = 'broadcast'
    and inserted_at >= $2
    and inserted_at < timezone('utc', now()) + interval '${aheadMs} milliseconds'
  order by inserted_at desc, tableoid desc, ctid desc
  limit $3`;

/** @throws DatabaseError */
export function replay(
  connections: Connections,
  topic: string,
  sinceMs: number,
  limit: number,
): Promise<StoredMessage[]> {
  return connections.use(async (connection) => {
    const name = await connection.prepare("replay", query);
    const since = new Date(Math.min(Math.max(sinceMs || 0, 0), Date.now() + aheadMs)).toISOString();
    const count = Math.min(Math.max(Math.trunc(limit) || limitMax, 1), limitMax);
    const [rows = []] = await connection.send([`execute ${name} (${literal(topic)}, '${since}', ${count})`]);
    return rows.reverse().flatMap(([id, event, json, binary]) => {
      if (typeof id !== "string" || typeof event !== "string") return [];
      const payload =
        typeof binary === "string" ? { binary: Buffer.from(binary, "hex") } : { json: json ?? "null" };
      return [{ id, topic, private: true, event, payload }];
    });
  });
}
