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

/**
 * Makes missing partitions before it returns.
 * @param open makes a set of one connection. It is closed each time, because an hour passes until the next
 * @throws DatabaseError
 */
export async function keepPartitions(open: () => Connections, log: Log): Promise<Disposable> {
  let timer: NodeJS.Timeout;
  const again = (afterMs: number) => {
    timer = setTimeout(async () => {
      try {
        await roll(open, log);
        again(intervalMs);
      } catch (error) {
        log("warn", `the partitions of realtime.messages wait: ${(error as Error).message}`);
        again(retryMs);
      }
    }, afterMs).unref();
  };
  await roll(open, log);
  again(intervalMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/**
 * Makes the partitions from yesterday to three days ahead, one process at a time. Each is made beside the
 * table and then attached: that locks nobody out, and gives up soon. They belong to the table's owner.
 */
export const makePartitions = `
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('realtime.messages', 0));
  set local lock_timeout = '500ms';
  do $partitions$
  declare
    day timestamp;
    partition text;
    owner text := (select relowner::regrole from pg_catalog.pg_class where oid = 'realtime.messages'::regclass);
  begin
    for offset_days in -1..3 loop
      day := pg_catalog.timezone('UTC', pg_catalog.now())::date + offset_days;
      partition := pg_catalog.format('realtime.messages_%s', pg_catalog.to_char(day, 'YYYY_MM_DD'));
      continue when pg_catalog.to_regclass(partition) is not null;
      execute pg_catalog.format('create table %s (like realtime.messages including all)', partition);
      execute pg_catalog.format('alter table %s enable row level security', partition);
      execute pg_catalog.format('alter table %s owner to %s', partition, owner);
      execute pg_catalog.format(
        'alter table realtime.messages attach partition %s for values from (%L) to (%L)',
        partition, day, day + interval '1 day'
      );
    end loop;
  end
  $partitions$`;

const oldPartitions = `
  select child.relname
  from pg_catalog.pg_inherits as link
  join pg_catalog.pg_class as child on child.oid = link.inhrelid
  where link.inhparent = 'realtime.messages'::regclass
    and child.relname ~ '^messages_\\d{4}_\\d\\d_\\d\\d$'
    and pg_catalog.to_date(substr(child.relname, 10), 'YYYY_MM_DD')
      < pg_catalog.timezone('UTC', pg_catalog.now() - interval '72 hours')::date
  order by 1`;

async function roll(open: () => Connections, log: Log): Promise<void> {
  await using connections = open();
  await connections.use(async (connection) => {
    await connection.send([makePartitions]);
    const [old = []] = await connection.send([oldPartitions]);
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
