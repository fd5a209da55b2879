/**
 * Keeps the daily partitions of realtime.messages. Makes them ahead, so that every message
 * has one, and drops those older than three days. Neither blocks anybody who uses the table.
 */
import type { Log } from "../../log.ts";
import type { Connections } from "./connections.ts";
import { identifier } from "./sql.ts";

/** Partitions exist for the next three days, so missing a few turns does no harm. */
const intervalMs = 60 * 60_000;
const retryMs = 60_000;

/** Makes missing partitions before it returns. @throws DatabaseError */
export async function keepPartitions(connections: Connections, log: Log): Promise<Disposable> {
  let timer: NodeJS.Timeout;
  const again = (afterMs: number) => {
    timer = setTimeout(async () => {
      try {
        await roll(connections, log);
        again(intervalMs);
      } catch (error) {
        log("warn", `the partitions of realtime.messages wait: ${(error as Error).message}`);
        again(retryMs);
      }
    }, afterMs).unref();
  };
  await roll(connections, log);
  again(intervalMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

async function roll(connections: Connections, log: Log): Promise<void> {
  await connections.use(async (connection) => {
    const [old = []] = await connection.send(["select platform.make_message_partitions()"]);
    for (const [name] of old) {
      const partition = `realtime.${identifier(name as string)}`;
      // An earlier attempt may have been interrupted.
      const [[[pending] = []] = []] = await connection.send([
        `select inhdetachpending from pg_catalog.pg_inherits where inhrelid = '${partition}'::regclass`,
      ]);
      const how = pending === "t" ? "finalize" : "concurrently";
      await connection.send([`alter table realtime.messages detach partition ${partition} ${how}`]);
      await connection.send([`drop table ${partition}`]);
      log("info", `dropped ${partition}`);
    }
  });
}
