import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { silent } from "../../../../platform/log.ts";
import { bootstrapDatabase } from "../../../../platform/postgres/bootstrap.ts";
import { freePort, startServer } from "../../../../platform/postgres/server.ts";
import { createDatabaseSide } from "../../../../platform/realtime/database/index.ts";
import type { StoredMessage } from "../../../../platform/realtime/database-side.ts";
import { bootstrapOptions, connect, createDatabase, urlOf } from "../../postgres/supabase-server.ts";
import { alice, follow, hearing, listen, service, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();

const end = ({ event }: StoredMessage) => event === "end";
const sendEnd = (sql = server.owner) => sql`select realtime.send('{}', 'end', 'room')`;

test("messages are heard as they were stored", async () => {
  using heard = listen(server);
  await server.owner`select realtime.send('{"id": "mine", "text": "grüß 🐘 \\u0007", "n": 1.50}', 'greeting', 'ro:om')`;
  await server.owner`select realtime.send('{"id": "theirs"}', 'greeting', 'room', false)`;
  await server.owner`select realtime.send_binary('\\x00ff7f', 'file', 'room')`;
  await sendEnd();
  const messages = await heard.until(end);
  const rows = await server.owner`select id from realtime.messages order by inserted_at`;
  expect(messages.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  expect(messages.slice(0, 3)).toMatchObject([
    {
      topic: "ro:om",
      event: "greeting",
      private: true,
      payload: { json: '{"n": 1.50, "id": "mine", "text": "grüß 🐘 \\u0007"}' },
    },
    { topic: "room", event: "greeting", private: false, payload: { json: '{"id": "theirs"}' } },
    { topic: "room", event: "file", private: true, payload: { binary: Buffer.from([0, 255, 127]) } },
  ]);
});

test("messages are heard once each, in the order of the commits", async () => {
  using heard = listen(server);
  const late = connect(server, "postgres");
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const transaction = late.begin(async (sql) => {
    await sql`select realtime.send('{"n": 0}', 'late', 'room')`;
    begin();
    await released;
  });
  await begun;
  await server.owner`select realtime.send(jsonb_build_object('n', n), 'many', 'room') from generate_series(1, 500) as n`;
  release();
  await transaction;
  await late.end();
  await sendEnd();
  const messages = await heard.until(end);
  expect(messages.map(({ event }) => event)).toEqual([...Array(500).fill("many"), "late", "end"]);
  const numbers = messages
    .slice(0, 500)
    .map(({ payload }) => ("json" in payload ? JSON.parse(payload.json).n : 0));
  expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
});

test("a message larger than any buffer arrives whole", async () => {
  using heard = listen(server);
  await server.owner`select realtime.send(jsonb_build_object('text', repeat('é', 1500000)), 'large', 'room')`;
  await sendEnd();
  const [large] = await heard.until(end);
  const { json } = (large as StoredMessage).payload as { json: string };
  expect(JSON.parse(json).text).toBe("é".repeat(1_500_000));
});

test("a row that is rolled back, skipped, changed or no broadcast is not heard", async () => {
  using heard = listen(server);
  await server.owner
    .begin(async (sql) => {
      await sql`select realtime.send('{}', 'undone', 'room')`;
      throw new Error("undo");
    })
    .catch(() => {});
  await server.owner`
    insert into realtime.messages (topic, extension, event, payload, skip_broadcast)
    values ('room', 'broadcast', 'skipped', '{}', true), ('room', 'presence', 'presence', '{}', false)
  `;
  await server.owner`insert into realtime.messages (topic, extension, event) values ('room', 'broadcast', 'empty')`;
  await server.owner`update realtime.messages set event = 'changed'`;
  await server.owner`delete from realtime.messages`;
  await sendEnd();
  expect(await heard.until(end)).toHaveLength(1);
});

test("a listener that was removed hears nothing, the others do", async () => {
  const gone = listen(server);
  using heard = listen(server);
  gone[Symbol.dispose]();
  await sendEnd();
  expect(await heard.until(end)).toHaveLength(1);
  expect(gone.all).toEqual([]);
});

const walsenders = () =>
  server.admin<{ pid: number }[]>`
    select active_pid as pid from pg_replication_slots where database = 'postgres' and temporary
  `;

test("there is one temporary slot, which ends with the service", async () => {
  expect(await walsenders()).toHaveLength(1);
  const side = await createDatabaseSide({ databaseUrl: urlOf(server, "supabase_admin"), log: silent });
  await side.streaming(30_000);
  expect(await walsenders()).toHaveLength(2);
  await side[Symbol.asyncDispose]();
  while ((await walsenders()).length > 1) await pause(10);
  const left =
    await server.admin`select application_name from pg_stat_activity where application_name ~ '^realtime'`;
  // The slots of the side that all tests share.
  expect(new Set(left.map(({ application_name }) => application_name)).size).toBe(left.length);
});

test("a lost slot is replaced, and subscribers are told that they may have missed something", async () => {
  await server.owner.unsafe(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    alter publication supabase_realtime add table public.notes;
  `);
  await using follower = await follow(server, alice, { table: "notes" });
  using heard = listen(server);
  const [before] = await walsenders();
  await server.admin`select pg_terminate_backend(${before?.pid ?? 0})`;
  while ((await walsenders()).every(({ pid }) => pid === before?.pid)) await pause(10);
  await server.side.streaming(30_000);
  await follower.told.until(() => follower.told.all.length === 2);
  expect(follower.told.all.map(({ status }) => status)).toEqual(["ok", "ok"]);
  await server.owner`insert into public.notes values (1)`;
  await sendEnd();
  expect(await heard.until(end)).toHaveLength(1);
  expect(await follower.until(() => true)).toMatchObject([{ type: "INSERT", record: { id: 1 } }]);
  await server.owner.unsafe("drop table public.notes");
});

test("a publication that is made again does not interrupt the stream, while another transaction is open", async () => {
  await server.owner.unsafe(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    alter publication supabase_realtime add table public.notes;
  `);
  await using follower = await follow(server, alice, { table: "notes" });
  using heard = listen(server);
  const before = await walsenders();
  const another = connect(server, "supabase_admin");
  onTestFinished(() => another.end());
  await another.begin(async (open) => {
    // A new slot would wait for this transaction.
    await open`select pg_current_xact_id()`;
    await server.owner.begin(async (sql) => {
      await sql`drop publication supabase_realtime`;
      await sql`create publication supabase_realtime for table public.notes`;
    });
    const looks = async () => {
      const [row] = await open`
        select sum(calls)::integer as calls from extensions.pg_stat_statements where query like '%pubname in%'`;
      return row?.calls;
    };
    const looked = await looks();
    // The next look may have begun before.
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(looked + 1), 10_000);
    await server.owner`insert into public.notes values (1)`;
    await sendEnd();
    expect(await walsenders()).toEqual(before);
    expect(await follower.until(() => true)).toMatchObject([{ record: { id: 1 } }]);
    expect(await heard.until(end)).toHaveLength(1);
  });
  expect(follower.told.all.map(({ status }) => status)).toEqual(["ok"]);
  await server.owner.unsafe("drop table public.notes");
});

test("a dropped publication of messages is made again, and one of changes is not needed", async () => {
  const database = await createDatabase(server, "publications");
  const url = urlOf(server, "supabase_admin", database);
  await bootstrapDatabase(url, bootstrapOptions);
  const sql = connect(server, "supabase_admin", database);
  onTestFinished(() => sql.end());
  await sql.unsafe("drop publication supabase_realtime, supabase_realtime_messages_publication");
  await using side = await createDatabaseSide({ databaseUrl: url, log: silent });
  await side.streaming(30_000);
  const heard = hearing<StoredMessage>();
  side.onMessage((message) => heard.add(message));
  await sendEnd(sql);
  await heard.until(end);

  await sql.unsafe(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    create publication supabase_realtime for table public.notes;
  `);
  const follower = await follow({ side }, alice, { table: "notes" });
  expect(follower.told.all).toMatchObject([{ status: "ok" }]);
  // The stream notices the new publication by itself.
  let id = 0;
  const writing = setInterval(() => void sql`insert into public.notes values (${id++})`.catch(() => {}), 100);
  await follower.until(() => true);
  clearInterval(writing);
  await side[Symbol.asyncDispose]();
});

test("when Postgres restarts, questions fail meanwhile, and everything works afterwards", async () => {
  const dataDir = join(server.dir, "restarted");
  const options = { dataDir, port: await freePort(), password: "postgres", durable: false, log: silent };
  const first = await startServer(options);
  const url = urlOf(options, "supabase_admin");
  await bootstrapDatabase(url, bootstrapOptions);
  const owner = connect(options, "postgres");
  await owner.unsafe(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    alter table public.notes enable row level security;
    create policy "everybody reads" on public.notes for select to authenticated using (true);
    alter publication supabase_realtime add table public.notes;
  `);
  await using side = await createDatabaseSide({ databaseUrl: url, log: silent });
  await side.streaming(30_000);
  const heard = hearing<StoredMessage>();
  side.onMessage((message) => heard.add(message));
  const follower = await follow({ side }, alice, { table: "notes" });
  expect(await side.mayRead("room", service, ["broadcast"])).toMatchObject({ broadcast: true });

  await owner.end();
  await first[Symbol.asyncDispose]();
  const unreachable = { code: "UnableToConnectToProject" };
  await expect(side.mayRead("room", service, ["broadcast"])).rejects.toMatchObject(unreachable);
  await expect(side.mayWrite("room", service, ["broadcast"])).rejects.toMatchObject(unreachable);
  await expect(side.replay("room", 0, 25)).rejects.toMatchObject(unreachable);
  await expect(side.streaming(50)).rejects.toMatchObject({ name: "DatabaseError" });
  await expect(follow({ side }, alice, { table: "notes" })).rejects.toMatchObject(unreachable);

  await using _second = await startServer(options);
  await side.streaming(30_000);
  expect(await side.mayRead("room", service, ["broadcast"])).toMatchObject({ broadcast: true });
  const again = connect(options, "postgres");
  await again`insert into public.notes values (1)`;
  await sendEnd(again);
  await heard.until(end);
  expect(await follower.until(() => true)).toMatchObject([{ record: { id: 1 } }]);
  await follower.told.until(() => follower.told.all.length >= 2);
  await again.end();
  await side[Symbol.asyncDispose]();
});

test("a service that stops answers everybody who waits", async () => {
  const side = await createDatabaseSide({ databaseUrl: urlOf(server, "supabase_admin"), log: silent });
  const waiting = side.streaming(60_000).then(
    () => "streams",
    (error) => error.code,
  );
  await side[Symbol.asyncDispose]();
  expect(["streams", "UnableToConnectToProject"]).toContain(await waiting);
  await expect(side.streaming(60_000)).rejects.toMatchObject({ code: "UnableToConnectToProject" });
  await expect(side.mayRead("room", alice, ["broadcast"])).rejects.toMatchObject({ name: "DatabaseError" });
});

test("a database that cannot be reached is an error", async () => {
  await expect(
    createDatabaseSide({ databaseUrl: urlOf(server, "supabase_admin", "nowhere"), log: silent }),
  ).rejects.toMatchObject({ code: "UnableToConnectToProject" });
});
