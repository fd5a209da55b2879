import { expect, test } from "vitest";
import { silent } from "../../../../platform/log.ts";
import { bootstrapDatabase } from "../../../../platform/postgres/bootstrap.ts";
import { createDatabaseSide } from "../../../../platform/realtime/database/index.ts";
import {
  bootstrapOptions,
  connect,
  createDatabase,
  urlOf,
  useSupabaseServer,
} from "../../postgres/supabase-server.ts";

const server = useSupabaseServer();

test("partitions exist from yesterday to three days ahead, are made again when missing, and dropped after three days", async () => {
  const database = await createDatabase(server, "partitions");
  const url = urlOf(server, "supabase_admin", database);
  await bootstrapDatabase(url, bootstrapOptions);
  const sql = connect(server, "supabase_admin", database);
  const day = (offset: number) =>
    `messages_${new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "_")}`;
  const partitions = async () => {
    const rows = await sql`
      select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = 'realtime.messages'::regclass
      order by relname
    `;
    return rows.map(({ relname }) => relname);
  };
  const expected = [-1, 0, 1, 2, 3].map(day);
  expect(await partitions()).toEqual(expected);

  const from = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  for (const offset of [-2, -4, -9]) {
    await sql.unsafe(
      `create table realtime.${day(offset)} partition of realtime.messages
       for values from ('${from(offset)}') to ('${from(offset + 1)}')`,
    );
  }
  // Dropping one was interrupted, because somebody was reading.
  const reader = connect(server, "supabase_admin", database);
  await reader.begin(async (reading) => {
    await reading`select from realtime.messages`;
    await sql.unsafe("set statement_timeout = '100ms'");
    await expect(
      sql.unsafe(`alter table realtime.messages detach partition realtime.${day(-9)} concurrently`),
    ).rejects.toMatchObject({ code: "57014" });
    await sql.unsafe("reset statement_timeout");
  });
  await reader.end();
  expect(await sql`select from pg_inherits where inhdetachpending`).toHaveLength(1);
  await sql.unsafe(`drop table realtime.${day(2)}`);
  const side = await createDatabaseSide({ databaseUrl: url, log: silent });
  expect(await partitions()).toEqual([day(-2), ...expected]);
  await side[Symbol.asyncDispose]();
  await sql.end();
});
