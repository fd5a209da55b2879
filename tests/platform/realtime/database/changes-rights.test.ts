import { expect, test, vi } from "vitest";
import { own, useNotes } from "./notes.ts";
import { alice, anon, bob, type Follower, follow, person, service, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();
const notes = useNotes(server);

test("with row level security everybody hears of the rows that they may read", async () => {
  await notes.create("id integer primary key, author uuid, body text", own);
  await using hers = await follow(server, alice, { table: "notes" });
  await using his = await follow(server, bob, { table: "notes" });
  await notes.sql(
    `insert into public.notes values (1, '${alice.claims.sub}', 'hers'), (2, '${bob.claims.sub}', 'his')`,
  );
  await notes.sql("update public.notes set body = 'new'");
  await notes.settled();
  const seen = ({ all }: Follower) => all.map(({ type, record }) => `${type} ${record?.id}`);
  expect(seen(hers)).toEqual(["INSERT 1", "UPDATE 1"]);
  expect(seen(his)).toEqual(["INSERT 2", "UPDATE 2"]);
  expect(seen(notes.everything).filter((each) => each !== "INSERT 1")).toEqual(
    expect.arrayContaining(["UPDATE 1", "UPDATE 2"]),
  );
});

test("with row level security everybody hears of a delete, but only its key", async () => {
  await notes.create(
    "id integer primary key, author uuid, body text",
    `${own} alter table public.notes replica identity full;`,
  );
  await notes.sql(`insert into public.notes values (1, '${alice.claims.sub}', 'secret')`);
  await using his = await follow(server, bob, { event: "DELETE", table: "notes" });
  await using filtered = await follow(server, bob, { table: "notes", filter: "body=eq.secret" });
  await using other = await follow(server, bob, { table: "notes", filter: "body=eq.other" });
  await notes.sql("delete from public.notes");
  await notes.settled();
  expect(his.all).toMatchObject([{ type: "DELETE", old_record: { id: 1 } }]);
  expect(his.all[0]?.old_record).toEqual({ id: 1 });
  expect(filtered.all).toMatchObject([{ old_record: { id: 1 } }]);
  expect(other.all).toEqual([]);
});

test("columns that the role may not read are left out; a role that may not read the key gets no row", async () => {
  await notes.sql(`
    create table public.notes (id integer primary key, body text, secret text);
    grant select (id, body) on public.notes to authenticated;
    grant select (body) on public.notes to anon;
    grant select on public.notes to service_role;
    alter publication supabase_realtime add table public.notes;
  `);
  await using hers = await follow(server, alice, { table: "notes" });
  await using nobodys = await follow(server, anon, { table: "notes" });
  await using services = await follow(server, service, { table: "notes" });
  await notes.sql("insert into public.notes values (1, 'a', 's')");
  await notes.settled();
  expect(hers.all).toMatchObject([{ columns: [{ name: "id" }, { name: "body" }] }]);
  expect(hers.all[0]?.record).toEqual({ id: 1, body: "a" });
  expect(nobodys.all).toMatchObject([{ errors: ["Error 401: Unauthorized"], columns: [] }]);
  expect(nobodys.all[0]).not.toHaveProperty("record");
  expect(services.all).toMatchObject([{ record: { id: 1, body: "a", secret: "s" } }]);
});

test("a revoked right applies from the next change on", async () => {
  await notes.create("id integer primary key, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1, 'a')");
  // A change is decided by the rights at the time of the decision.
  await notes.settled();
  await notes.sql(
    "revoke select on public.notes from authenticated; grant select (id) on public.notes to authenticated",
  );
  await notes.sql("insert into public.notes values (2, 'b')");
  await notes.settled();
  await notes.sql("grant select on public.notes to authenticated");
  await notes.sql("insert into public.notes values (3, 'c')");
  await notes.settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, body: "a" },
    { id: 2 },
    { id: 3, body: "c" },
  ]);
});

test("row level security applies from the first change after it is switched on", async () => {
  await notes.create("id integer primary key, author uuid, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1)");
  await notes.settled();
  await notes.sql("alter table public.notes enable row level security");
  await notes.sql("insert into public.notes values (2)");
  await notes.settled();
  await notes.sql(`create policy everybody on public.notes for select to authenticated using (true)`);
  await notes.sql("insert into public.notes values (3)");
  await notes.settled();
  expect(follower.all.map(({ record }) => record?.id)).toEqual([1, 3]);
});

test("added, removed and changed columns are noticed", async () => {
  await notes.create("id integer primary key, body text, n integer");
  await using follower = await follow(server, alice, { table: "notes", filter: "n=gt.9" });
  await notes.sql("insert into public.notes values (1, 'a', 10)");
  await notes.settled();
  await notes.sql(
    "alter table public.notes drop column body, add column title text default 't', alter column n type text",
  );
  // Compared as text, 9 is greater than 10.
  await notes.sql("insert into public.notes (id, n) values (2, '10'), (3, '91')");
  await notes.settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, body: "a", n: 10 },
    { id: 3, n: "91", title: "t" },
  ]);
  await notes.sql("alter table public.notes drop column n");
  await notes.sql("insert into public.notes values (4)");
  await follower.told.until(({ status }) => status === "error");
  expect(follower.told.all.at(-1)?.message).toContain("invalid column for filter n");
});

test("when a policy fails for some subscribers, only they do not get the row", async () => {
  await notes.create(
    "id integer primary key, body text",
    `alter table public.notes enable row level security;
     create policy "teams read" on public.notes
       for select to authenticated using ((auth.jwt() ->> 'team')::integer = id);`,
  );
  await using good = await follow(server, person("g", "authenticated", { team: 1 }), { table: "notes" });
  await using bad = await follow(server, person("b", "authenticated", { team: "none" }), { table: "notes" });
  await notes.sql("insert into public.notes values (1, 'a'), (2, 'b')");
  await notes.settled();
  expect(good.all).toMatchObject([{ record: { id: 1, body: "a" }, errors: null }]);
  const error = "Error 500: Internal Server Error, RLS policy evaluation failed";
  expect(bad.all).toMatchObject([{ errors: [error] }, { errors: [error] }]);
  for (const frame of bad.all) expect(frame).not.toHaveProperty("record");
});

test("a policy that gives up its role does not become a superuser", async () => {
  await notes.create(
    "id integer primary key",
    `create function public.climb() returns boolean language plpgsql as $$
     begin
       perform set_config('role', 'none', true);
       return current_setting('is_superuser') = 'off';
     end
     $$;
     alter table public.notes enable row level security;
     create policy climbs on public.notes for select to authenticated using (public.climb());`,
  );
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1)");
  await notes.settled();
  expect(follower.all).toMatchObject([{ record: { id: 1 }, errors: null }]);
  await notes.sql("drop function public.climb() cascade");
});

test("a subscriber with several entries gets one frame with the ids of all that match", async () => {
  await notes.create("id integer primary key, body text");
  await using follower = await follow(
    server,
    alice,
    { table: "notes" },
    { table: "notes", filter: "id=eq.1" },
    { table: "notes", event: "update" },
    { table: "notes", select: ["body"] },
    { table: "notes", filter: "id=eq.1" },
  );
  await notes.sql("insert into public.notes values (1, 'a'), (2, 'b')");
  await notes.settled();
  expect(follower.all.map(({ ids, record }) => [ids.toSorted(), record])).toEqual([
    [[1, 2, 4, 5], { id: 1, body: "a" }],
    [[1, 4], { id: 2, body: "b" }],
  ]);
});

test("a subscriber that has left hears nothing", async () => {
  await notes.create("id integer primary key");
  const gone = await follow(server, alice, { table: "notes" });
  await gone.subscription[Symbol.asyncDispose]();
  await using there = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1)");
  await notes.settled();
  expect(there.all).toHaveLength(1);
  expect(gone.all).toEqual([]);
});

test("renewed claims apply without a gap, and the subscriber is told", async () => {
  await notes.create("id integer primary key, author uuid", own);
  await using follower = await follow(server, alice, { table: "notes" });
  const add = (id: number, { claims }: typeof alice) =>
    notes.sql(`insert into public.notes values (${id}, '${claims.sub}')`);
  await add(1, alice);
  await notes.settled();
  follower.subscription.renew(bob);
  await add(2, alice);
  await add(3, bob);
  await follower.until(({ record }) => record?.id === 3);
  follower.subscription.renew(anon);
  await follower.told.until(() => follower.told.all.length === 3);
  // anon may not read the table. It is told so, without the row.
  await add(4, bob);
  await follower.until(({ errors }) => errors !== null);
  follower.subscription.renew(alice);
  await follower.told.until(() => follower.told.all.length === 4);
  await add(5, alice);
  await notes.settled();
  expect(follower.all.map(({ record, errors }) => record?.id ?? errors)).toEqual([
    1,
    3,
    ["Error 401: Unauthorized"],
    5,
  ]);
  expect(follower.told.all.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok"]);
});

test("a change that is being judged reaches a subscriber whose token or role is replaced meanwhile", async () => {
  await notes.create(
    "id integer primary key",
    `create function public.judged() returns boolean language plpgsql as $$
       begin perform pg_advisory_xact_lock_shared(1); return true; end $$;
     grant select on public.notes to anon;
     alter table public.notes enable row level security;
     create policy slow on public.notes for select to anon, authenticated using (public.judged());`,
  );
  await using refreshed = await follow(server, alice, { table: "notes" });
  await using other = await follow(server, anon, { table: "notes" });
  await server.admin.begin(async (locked) => {
    await locked`select pg_advisory_xact_lock(1)`;
    await notes.sql("insert into public.notes values (1)");
    await vi.waitFor(async () => {
      const held = await locked`select from pg_locks where not granted and locktype = 'advisory'`;
      expect(held.length).toBeGreaterThan(0);
    }, 30_000);
    refreshed.subscription.renew(person(alice.claims.sub as string, "authenticated", { iat: 2 }));
    other.subscription.renew(bob);
    await other.told.until(() => other.told.all.length === 2);
  });
  await notes.settled();
  for (const { all } of [refreshed, other]) expect(all).toMatchObject([{ record: { id: 1 }, errors: null }]);
  await notes.sql("drop table public.notes; drop function public.judged()");
});

test("a role is known even if it subscribes while the catalog is read for another role", async () => {
  await notes.create("id integer primary key");
  await using follower = await follow(server, alice, { table: "notes" });
  await server.admin.begin(async (locked) => {
    await locked`lock table pg_catalog.pg_publication in access exclusive mode`;
    follower.subscription.renew(alice);
    await vi.waitFor(async () => {
      const held = await locked`
        select from pg_locks where not granted and relation = 'pg_catalog.pg_publication'::regclass`;
      expect(held.length).toBeGreaterThan(0);
    }, 30_000);
    follower.subscription.renew(anon);
  });
  await follower.told.until(() => follower.told.all.length === 3);
  expect(follower.told.all.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
});

test("tokens that come faster than the catalog is read cost one more reading together", async () => {
  await notes.create("id integer primary key, author uuid", own);
  await using follower = await follow(server, alice, { table: "notes" });
  await server.admin.begin(async (locked) => {
    await locked`lock table pg_catalog.pg_publication in access exclusive mode`;
    follower.subscription.renew(alice);
    await vi.waitFor(async () => {
      const held = await locked`
        select from pg_locks where not granted and relation = 'pg_catalog.pg_publication'::regclass`;
      expect(held.length).toBeGreaterThan(0);
    }, 30_000);
    for (let count = 0; count < 100; count++) follower.subscription.renew(count % 2 ? bob : alice);
  });
  await follower.told.until(() => follower.told.all.length === 3);
  // Each subscription reads the catalog too, so any reading that waits comes before.
  for (let count = 0; count < 5; count++) {
    await using _other = await follow(server, bob, { table: "notes" });
  }
  expect(follower.told.all).toHaveLength(3);
  await notes.sql(`insert into public.notes values (1, '${alice.claims.sub}'), (2, '${bob.claims.sub}')`);
  await notes.settled();
  expect(follower.all).toMatchObject([{ record: { id: 2 } }]);
});
