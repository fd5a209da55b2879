import { expect, test, vi } from "vitest";
import { silent } from "../../../../platform/log.ts";
import { createDatabaseSide } from "../../../../platform/realtime/database/index.ts";
import type { StoredMessage } from "../../../../platform/realtime/database-side.ts";
import { connect, urlOf } from "../../postgres/supabase-server.ts";
import { alice, bob, follow, hearing, person, service, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();
const sql = (text: string) => server.owner.unsafe(text);

test("within two seconds it is noticed that a table was added to the publication or removed", async () => {
  await sql("create table public.notes (id integer primary key)");
  await sql("grant select on public.notes to authenticated");
  await using follower = await follow(server, alice, { table: "notes" });
  await using wildcard = await follow(server, service, { schema: "*" });
  expect(follower.told.all).toMatchObject([{ status: "error" }]);

  await sql("alter publication supabase_realtime add table public.notes");
  await follower.told.until(({ status }) => status === "ok");
  await sql("insert into public.notes values (1)");
  expect(await follower.until(() => true)).toMatchObject([{ record: { id: 1 } }]);

  await sql("alter publication supabase_realtime drop table public.notes");
  await follower.told.until(() => follower.told.all.length === 3);
  expect(follower.told.all.at(-1)).toMatchObject({
    status: "error",
    message: expect.stringContaining("Please check Realtime is enabled"),
  });
  await sql("insert into public.notes values (2)");
  await sql("alter publication supabase_realtime add table public.notes");
  await wildcard.told.until(() => wildcard.told.all.at(-1)?.status === "ok" && wildcard.told.all.length > 2);
  await follower.told.until(() => follower.told.all.length === 4);
  await sql("insert into public.notes values (3)");
  expect((await follower.until(({ record }) => record?.id === 3)).map(({ record }) => record?.id)).toEqual([
    1, 3,
  ]);
  await sql("drop table public.notes");
});

test("it is noticed that a role lost its membership in a role that may read", async () => {
  await sql(`
    create table public.notes (id integer primary key, body text);
    create role readers;
    grant select on public.notes to readers;
    grant readers to authenticated;
    grant select (id) on public.notes to authenticated;
    alter publication supabase_realtime add table public.notes;
  `);
  await using follower = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1, 'a')");
  await follower.until(({ record }) => record?.id === 1);
  await sql("revoke readers from authenticated");
  let id = 2;
  await vi.waitFor(
    async () => {
      await sql(`insert into public.notes values (${++id}, 'b')`);
      await follower.until(({ record }) => record?.id === id);
      expect(follower.all.at(-1)?.record).toEqual({ id });
    },
    { timeout: 10_000, interval: 50 },
  );
  await sql("drop table public.notes; drop role readers");
});

test("a change is heard even if it commits right after the subscription", async () => {
  await sql("create table public.notes (id integer generated always as identity primary key)");
  await sql("grant select on public.notes to authenticated");
  for (let round = 0; round < 20; round++) {
    // The publication has just changed.
    await sql("alter publication supabase_realtime add table public.notes");
    await using follower = await follow(server, alice, { table: "notes" });
    expect(follower.told.all).toMatchObject([{ status: "ok" }]);
    const [row] = await sql("insert into public.notes default values returning id");
    expect(await follower.until(() => true)).toMatchObject([{ record: { id: row?.id } }]);
    await sql("alter publication supabase_realtime drop table public.notes");
  }
  await sql("drop table public.notes");
});

test("a table that is dropped while the catalog is read costs other tables no change", async () => {
  await sql(`
    create table public.kept (id integer primary key);
    create table public.dropped (id integer primary key);
    grant select on public.kept to authenticated;
    alter publication supabase_realtime add table public.kept, public.dropped;
  `);
  await using follower = await follow(server, alice, { table: "kept" });
  await server.admin.begin(async (dropping) => {
    await dropping`drop table public.dropped`;
    // The stream describes the table again, so the catalog is read. The reading waits for the other table.
    await sql("alter table public.kept add column body text; insert into public.kept values (1)");
    await vi.waitFor(async () => {
      const waiting = await dropping`
        select from pg_stat_activity where application_name = 'realtime_catalog' and wait_event_type = 'Lock'`;
      expect(waiting.length).toBeGreaterThan(0);
    }, 30_000);
  });
  await Promise.race([follower.until(() => true), follower.told.until(({ status }) => status === "error")]);
  expect(follower.told.all.map(({ status }) => status)).not.toContain("error");
  expect(follower.all).toMatchObject([{ record: { id: 1 } }]);
  await sql("drop table public.kept");
});

test("a change waits until others can see its commit", async () => {
  await sql(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    alter table public.notes enable row level security;
    create policy everybody on public.notes for select to authenticated using (true);
    alter publication supabase_realtime add table public.notes;
  `);
  await using follower = await follow(server, alice, { table: "notes" });
  // Many at once, so that some are decoded while the server still lists others as running.
  const writers = Array.from({ length: 8 }, () => connect(server, "postgres"));
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let n = 0; n < 50; n++) await writer`insert into public.notes values (${index * 50 + n})`;
      await writer.end();
    }),
  );
  await follower.until(() => follower.all.length === 400);
  expect(new Set(follower.all.map(({ record }) => record?.id)).size).toBe(400);
  await sql("drop table public.notes");
});

test("a slow policy of a table delays its changes, but no messages", async () => {
  await sql(`
    create table public.slow (id integer primary key);
    grant select on public.slow to authenticated, service_role;
    alter table public.slow enable row level security;
    create policy slow on public.slow for select to authenticated using (pg_sleep(1) is not null);
    alter publication supabase_realtime add table public.slow;
  `);
  await using follower = await follow(server, alice, { table: "slow" });
  const order: string[] = [];
  const heard = hearing<StoredMessage>();
  using _listener = server.side.onMessage((message) => {
    order.push("message");
    heard.add(message);
  });
  await sql("insert into public.slow values (1), (2)");
  await sql("select realtime.send('{}', 'end', 'room')");
  await heard.until(() => true);
  await follower.until(({ record }) => record?.id === 2);
  expect(follower.all.map(({ record }) => record?.id)).toEqual([1, 2]);
  expect(order).toEqual(["message"]);
  await sql("drop table public.slow");
});

test("when too many changes wait, the rest is dropped and subscribers are told", async () => {
  await using side = await createDatabaseSide({
    databaseUrl: urlOf(server, "supabase_admin"),
    log: silent,
    limits: { pendingChangesMax: 10 },
  });
  await side.streaming(30_000);
  await sql(`
    create table public.slow (id integer primary key);
    grant select on public.slow to authenticated;
    alter table public.slow enable row level security;
    create policy slow on public.slow for select to authenticated using (id > 0 or pg_sleep(0.3) is not null);
    alter publication supabase_realtime add table public.slow;
  `);
  await using follower = await follow({ side }, alice, { table: "slow" });
  await sql("insert into public.slow values (0)");
  await sql("insert into public.slow select generate_series(1, 100)");
  await follower.told.until(({ status }) => status === "error");
  expect(follower.told.all.at(-1)?.message).toMatch(/^\d+ changes could not be delivered$/);
  await sql("insert into public.slow values (1000)");
  await follower.until(({ record }) => record?.id === 1000);
  expect(follower.all.length).toBeLessThan(60);
  await sql("drop table public.slow");
});

test("hundreds of subscribers with different filters each hear what theirs lets through", async () => {
  await sql(`
    create table public.inbox (id integer primary key, owner uuid, n integer);
    grant select on public.inbox to authenticated;
    alter table public.inbox enable row level security;
    create policy own on public.inbox for select to authenticated using (owner = (select auth.uid()));
    alter publication supabase_realtime add table public.inbox;
  `);
  const people = Array.from({ length: 300 }, (_, index) =>
    person(`00000000-0000-4000-8000-${String(index).padStart(12, "0")}`),
  );
  const followers = await Promise.all(
    people.map((each, index) =>
      follow(server, each, {
        table: "inbox",
        ...(index % 2 ? { filter: `owner=eq.${each.claims.sub}` } : {}),
      }),
    ),
  );
  await sql(`
    insert into public.inbox
    select n, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, n from generate_series(0, 299) as n
  `);
  await Promise.all(followers.map((follower) => follower.until(() => true)));
  await using last = await follow(server, bob, { table: "inbox", event: "DELETE" });
  await sql("delete from public.inbox where id = 0");
  await last.until(() => true);
  for (const [index, follower] of followers.entries()) {
    expect(follower.all.filter(({ type }) => type === "INSERT").map(({ record }) => record?.id)).toEqual([
      index,
    ]);
    await follower[Symbol.asyncDispose]();
  }
  await sql("drop table public.inbox");
});

test("many subscriptions leave nothing behind", async () => {
  await sql(`
    create table public.notes (id integer primary key);
    grant select on public.notes to authenticated;
    alter table public.notes enable row level security;
    create policy everybody on public.notes for select to authenticated using (true);
    alter publication supabase_realtime add table public.notes;
  `);
  // The number of questions about a row, as the server counts them.
  const asked = async () => {
    const [row] = await server.admin`
      select coalesce(sum(calls), 0)::integer as calls
      from extensions.pg_stat_statements
      where query like '%exists (select from "public"."notes"%'
    `;
    return row?.calls;
  };
  for (let round = 0; round < 30; round++) {
    const follower = await follow(
      server,
      alice,
      { table: "notes", filter: `id=gt.${-round}` },
      { table: "notes" },
    );
    if (round % 3 === 0) follower.subscription.renew(person(`${round}`));
    if (round === 0) {
      await sql("insert into public.notes values (0)");
      await follower.until(() => true);
    }
    await follower[Symbol.asyncDispose]();
  }
  const before = await asked();
  expect(before).toBeGreaterThan(0);
  const heard = hearing<StoredMessage>();
  using _listener = server.side.onMessage((message) => heard.add(message));
  await sql("insert into public.notes values (1)");
  await sql("select realtime.send('{}', 'end', 'room')");
  await heard.until(() => true);
  await using last = await follow(server, alice, { table: "notes", event: "DELETE" });
  await sql("delete from public.notes where id = 1");
  await last.until(() => true);
  expect(await asked()).toBe(before);
  await sql("drop table public.notes");
});
