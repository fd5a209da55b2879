import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  alice,
  anon,
  bob,
  type Follower,
  type Frame,
  follow,
  person,
  service,
  useDatabaseSide,
} from "./side.ts";

const server = useDatabaseSide();
const sql = (text: string) => server.owner.unsafe(text);

/** Everybody hears of it: what came before has been delivered by then. */
let everything: Follower;
let marks = 0;
async function settled(): Promise<void> {
  const id = ++marks;
  await server.owner`insert into public.marks values (${id})`;
  await everything.until(({ table, record }) => table === "marks" && record?.id === id);
}

beforeAll(async () => {
  await sql(`
    create table public.marks (id integer primary key);
    grant select on public.marks to service_role;
    alter publication supabase_realtime add table public.marks;
    create type public.mood as enum ('sad', 'it''s "fine"');
    create domain public.positive as integer check (value > 0);
    create type public.place as (street text, number integer);
  `);
  everything = await follow(server, service, { schema: "*" });
});
afterAll(() => everything?.[Symbol.asyncDispose]());
afterEach(() => sql("drop table if exists public.notes"));

/** A published table that signed-in people may read. */
async function createNotes(columns: string, more = ""): Promise<void> {
  await sql(`
    create table public.notes (${columns});
    grant select on public.notes to authenticated, service_role;
    alter publication supabase_realtime add table public.notes;
    ${more}
  `);
}

const own = `
  alter table public.notes enable row level security;
  create policy "authors read their notes" on public.notes
    for select to authenticated using (author = (select auth.uid()));
`;

test("an insert, an update and a delete arrive in the form of Supabase Realtime", async () => {
  await createNotes("id bigint generated always as identity primary key, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  expect(follower.told.all).toEqual([{ status: "ok", message: "Subscribed to PostgreSQL" }]);
  await sql("insert into public.notes (body) values ('a')");
  await sql("update public.notes set body = 'b'");
  await sql("delete from public.notes");
  const common = {
    ids: [1],
    schema: "public",
    table: "notes",
    commit_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    columns: [
      { name: "id", type: "int8" },
      { name: "body", type: "text" },
    ],
    errors: null,
  };
  expect(await follower.until(({ type }) => type === "DELETE")).toEqual([
    { ...common, type: "INSERT", record: { id: 1, body: "a" } },
    { ...common, type: "UPDATE", record: { id: 1, body: "b" }, old_record: { id: 1 } },
    { ...common, type: "DELETE", old_record: { id: 1 } },
  ]);
  const [first] = follower.all;
  expect(Math.abs(Date.parse(String(first?.commit_timestamp)) - Date.now())).toBeLessThan(60_000);
});

test("changes arrive in the order of the commits, and of the statements within", async () => {
  await createNotes("id integer primary key, author uuid, body text", own);
  await using follower = await follow(server, alice, { table: "notes" });
  for (let round = 0; round < 5; round++) {
    await sql(`
      insert into public.notes
        select n, '${alice.claims.sub}', 'new' from generate_series(${round * 60 + 1}, ${round * 60 + 60}) as n;
    `);
  }
  const frames = await follower.until(({ record }) => record?.id === 300);
  expect(frames.map(({ record }) => record?.id)).toEqual(
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

const values: Record<string, string> = {
  boolean: "true",
  smallint: "-3",
  bigint: "9007199254740993",
  numeric: "1.50",
  real: "1.5",
  "double precision": "-1e-7",
  text: `'it''s "quoted" \\ grüß'`,
  "varchar(10)": "'v'",
  "char(4)": "'c'",
  '"char"': "'x'",
  name: "'n'",
  uuid: "'A11CE000-0000-4000-8000-000000000001'",
  json: `'{"b": 1,  "a": [null, 1.0]}'`,
  jsonb: `'{"b": 1,  "a": [null, 1.0]}'`,
  date: "'2026-02-01'",
  time: "'01:02:03.4'",
  timetz: "'01:02:03+02'",
  timestamp: "'2026-02-01 01:02:03.456789'",
  timestamptz: "'2026-02-01 01:02:03+02'",
  interval: "'1 day 2 hours'",
  inet: "'10.0.0.1/8'",
  oid: "42",
  int4range: "'[1,5)'",
  point: "'(1,2)'",
  "text[]": `'{a,NULL,"b c"}'`,
  "integer[]": "'{{1,2},{3,4}}'",
  "timestamptz[]": "'{2026-02-01 01:02:03+02}'",
  "public.mood": `'it''s "fine"'`,
  "public.mood[]": `'{sad}'`,
  "public.positive": "7",
  "public.place": "row('High Street', 3)",
  tsvector: "'a fat cat'",
};
/** Forms of one type that are special. */
const odd: [string, string][] = [
  ["numeric", "'NaN'"],
  ["numeric", "'-Infinity'"],
  ["double precision", "'Infinity'"],
  ["double precision", "1e300"],
  ["date", "'infinity'"],
  ["date", "'0044-03-15 BC'"],
  ["timestamp", "'0044-03-15 01:02:03 BC'"],
  ["timestamptz", "'0044-03-15 01:02:03+00 BC'"],
  ["timestamptz", "'-infinity'"],
  ["timestamptz", "'12026-01-01 00:00:00+00'"],
  ["boolean", "null"],
  ["text", "''"],
];

test("values are the JSON that to_jsonb makes of them", async () => {
  const all: [string, string][] = [...Object.entries(values), ...odd];
  await createNotes(`id integer primary key, ${all.map(([type], index) => `c${index} ${type}`).join(", ")}`);
  await using follower = await follow(server, alice, { table: "notes" });
  await sql(`insert into public.notes values (1, ${all.map(([, value]) => value).join(", ")})`);
  const [frame] = await follower.until(() => true);
  // Both as JavaScript reads them.
  const [row] = await server.owner`select to_jsonb(notes) as expected from public.notes`;
  expect(frame?.record).toEqual(row?.expected);
});

test("bytea is bare hexadecimal digits", async () => {
  await createNotes("id bytea primary key, data bytea");
  await using follower = await follow(server, alice, { table: "notes", filter: "data=eq.00ff" });
  await sql("insert into public.notes values ('\\x01', '\\x00ff'), ('\\x02', '\\x00fe')");
  await sql("delete from public.notes");
  await settled();
  expect(follower.all).toMatchObject([{ record: { id: "01", data: "00ff" } }]);
});

test("names are as they are, however odd", async () => {
  await sql(`
    create schema "Odd ""Schema""";
    grant usage on schema "Odd ""Schema""" to authenticated;
    create table "Odd ""Schema""".";Table $1 'x'" ("Id" integer primary key, "a,b=c.d" text);
    grant select on "Odd ""Schema""".";Table $1 'x'" to authenticated;
    alter table "Odd ""Schema""".";Table $1 'x'" enable row level security;
    create policy everybody on "Odd ""Schema""".";Table $1 'x'" for select to authenticated using (true);
    alter publication supabase_realtime add table "Odd ""Schema""".";Table $1 'x'";
  `);
  await using follower = await follow(server, alice, {
    schema: 'Odd "Schema"',
    table: ";Table $1 'x'",
    filter: "Id=eq.1",
  });
  await sql(`insert into "Odd ""Schema""".";Table $1 'x'" values (2, 'b'), (1, 'a')`);
  expect(await follower.until(() => true)).toMatchObject([
    { schema: 'Odd "Schema"', table: ";Table $1 'x'", record: { Id: 1, "a,b=c.d": "a" } },
  ]);
  await sql(`drop schema "Odd ""Schema""" cascade`);
});

test("with row level security everybody hears of the rows that they may read", async () => {
  await createNotes("id integer primary key, author uuid, body text", own);
  await using hers = await follow(server, alice, { table: "notes" });
  await using his = await follow(server, bob, { table: "notes" });
  await sql(
    `insert into public.notes values (1, '${alice.claims.sub}', 'hers'), (2, '${bob.claims.sub}', 'his')`,
  );
  await sql("update public.notes set body = 'new'");
  await settled();
  const seen = ({ all }: Follower) => all.map(({ type, record }) => `${type} ${record?.id}`);
  expect(seen(hers)).toEqual(["INSERT 1", "UPDATE 1"]);
  expect(seen(his)).toEqual(["INSERT 2", "UPDATE 2"]);
  expect(seen(everything).filter((each) => each !== "INSERT 1")).toEqual(
    expect.arrayContaining(["UPDATE 1", "UPDATE 2"]),
  );
});

test("a delete is told to all, with the key alone, where rows are protected", async () => {
  await createNotes(
    "id integer primary key, author uuid, body text",
    `${own} alter table public.notes replica identity full;`,
  );
  await sql(`insert into public.notes values (1, '${alice.claims.sub}', 'secret')`);
  await using his = await follow(server, bob, { event: "DELETE", table: "notes" });
  await using filtered = await follow(server, bob, { table: "notes", filter: "body=eq.secret" });
  await using other = await follow(server, bob, { table: "notes", filter: "body=eq.other" });
  await sql("delete from public.notes");
  await settled();
  expect(his.all).toMatchObject([{ type: "DELETE", old_record: { id: 1 } }]);
  expect(his.all[0]?.old_record).toEqual({ id: 1 });
  expect(filtered.all).toMatchObject([{ old_record: { id: 1 } }]);
  expect(other.all).toEqual([]);
});

test("a delete's other columns are known with replica identity full only", async () => {
  await createNotes("id integer primary key, body text");
  await sql("insert into public.notes values (1, 'a'), (2, 'a')");
  await using byKey = await follow(server, alice, { event: "DELETE", table: "notes", filter: "id=eq.1" });
  await using byBody = await follow(server, alice, { event: "DELETE", table: "notes", filter: "body=eq.a" });
  await using byNone = await follow(server, alice, {
    event: "DELETE",
    table: "notes",
    filter: "body=is.null",
  });
  await sql("delete from public.notes where id = 1");
  await sql("alter table public.notes replica identity full");
  await sql("delete from public.notes where id = 2");
  await settled();
  expect(byKey.all.map(({ old_record }) => old_record)).toEqual([{ id: 1 }]);
  expect(byBody.all.map(({ old_record }) => old_record)).toEqual([{ id: 2, body: "a" }]);
  expect(byNone.all).toEqual([]);
});

test("an update has the old key, or the whole old row with replica identity full", async () => {
  await createNotes("id integer primary key, body text");
  await sql("insert into public.notes values (1, 'a')");
  await using follower = await follow(server, alice, { event: "UPDATE", table: "notes" });
  await sql("update public.notes set id = 2");
  await sql("alter table public.notes replica identity full");
  await sql("update public.notes set body = 'b'");
  await settled();
  expect(follower.all.map(({ record, old_record }) => ({ record, old_record }))).toEqual([
    { record: { id: 2, body: "a" }, old_record: { id: 1 } },
    { record: { id: 2, body: "b" }, old_record: { id: 2, body: "a" } },
  ]);
});

test("an unchanged TOASTed value is absent, or from the old row with replica identity full", async () => {
  const long = "x".repeat(100_000);
  await createNotes("id integer primary key, body text, n integer");
  await sql("alter table public.notes alter column body set storage external");
  await sql(`insert into public.notes values (1, '${long}', 1)`);
  await using follower = await follow(server, alice, { event: "UPDATE", table: "notes" });
  await using filtered = await follow(server, alice, {
    event: "UPDATE",
    table: "notes",
    filter: "body=like.x%",
  });
  await sql("update public.notes set n = 2");
  await sql("alter table public.notes replica identity full");
  await sql("update public.notes set n = 3");
  await settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, n: 2 },
    { id: 1, n: 3, body: long },
  ]);
  expect(filtered.all.map(({ record }) => record?.n)).toEqual([3]);
});

test("a table without a primary key gives an error for what is not a delete", async () => {
  await createNotes("id integer, body text", "alter table public.notes replica identity full;");
  await using follower = await follow(server, alice, { table: "notes", filter: "id=eq.99" });
  await sql("insert into public.notes values (1, 'a')");
  await sql("delete from public.notes");
  await settled();
  expect(follower.all).toMatchObject([
    { type: "INSERT", errors: ["Error 400: Bad Request, no primary key"] },
  ]);
  expect(follower.all[0]).not.toHaveProperty("record");
});

test("columns that the role may not read are left out, and without the key there is no row", async () => {
  await sql(`
    create table public.notes (id integer primary key, body text, secret text);
    grant select (id, body) on public.notes to authenticated;
    grant select (body) on public.notes to anon;
    grant select on public.notes to service_role;
    alter publication supabase_realtime add table public.notes;
  `);
  await using hers = await follow(server, alice, { table: "notes" });
  await using nobodys = await follow(server, anon, { table: "notes" });
  await using services = await follow(server, service, { table: "notes" });
  await sql("insert into public.notes values (1, 'a', 's')");
  await settled();
  expect(hers.all).toMatchObject([{ columns: [{ name: "id" }, { name: "body" }] }]);
  expect(hers.all[0]?.record).toEqual({ id: 1, body: "a" });
  expect(nobodys.all).toMatchObject([{ errors: ["Error 401: Unauthorized"], columns: [] }]);
  expect(nobodys.all[0]).not.toHaveProperty("record");
  expect(services.all).toMatchObject([{ record: { id: 1, body: "a", secret: "s" } }]);
});

test("rights that are taken away count from the next change on", async () => {
  await createNotes("id integer primary key, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1, 'a')");
  // Changes are judged by what holds when they are.
  await settled();
  await sql(
    "revoke select on public.notes from authenticated; grant select (id) on public.notes to authenticated",
  );
  await sql("insert into public.notes values (2, 'b')");
  await settled();
  await sql("grant select on public.notes to authenticated");
  await sql("insert into public.notes values (3, 'c')");
  await settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, body: "a" },
    { id: 2 },
    { id: 3, body: "c" },
  ]);
});

test("row level security that is switched on counts from the next change on", async () => {
  await createNotes("id integer primary key, author uuid, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1)");
  await settled();
  await sql("alter table public.notes enable row level security");
  await sql("insert into public.notes values (2)");
  await settled();
  await sql(`create policy everybody on public.notes for select to authenticated using (true)`);
  await sql("insert into public.notes values (3)");
  await settled();
  expect(follower.all.map(({ record }) => record?.id)).toEqual([1, 3]);
});

test("columns that come, go and change their type are followed", async () => {
  await createNotes("id integer primary key, body text, n integer");
  await using follower = await follow(server, alice, { table: "notes", filter: "n=gt.9" });
  await sql("insert into public.notes values (1, 'a', 10)");
  await settled();
  await sql(
    "alter table public.notes drop column body, add column title text default 't', alter column n type text",
  );
  // As text, 9 is greater than 10.
  await sql("insert into public.notes (id, n) values (2, '10'), (3, '91')");
  await settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, body: "a", n: 10 },
    { id: 3, n: "91", title: "t" },
  ]);
  await sql("alter table public.notes drop column n");
  await sql("insert into public.notes values (4)");
  await follower.told.until(({ status }) => status === "error");
  expect(follower.told.all.at(-1)?.message).toContain("invalid column for filter n");
});

test("a change over a mebibyte arrives without its large values", async () => {
  await createNotes("id integer primary key, body text, note text");
  await using follower = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1, repeat('x', 1100000), 'small')");
  await sql("insert into public.notes values (2, repeat('x', 900000), 'small')");
  await settled();
  const [large, small] = follower.all as [Frame, Frame];
  expect(large).toMatchObject({ errors: ["Error 413: Payload Too Large"], record: { id: 1, note: "small" } });
  expect(large.record).not.toHaveProperty("body");
  expect(small.errors).toBeNull();
  expect(small.record?.body).toHaveLength(900_000);
});

test("a policy that fails withholds the row from those for whom it fails, and nobody else", async () => {
  await createNotes(
    "id integer primary key, body text",
    `alter table public.notes enable row level security;
     create policy "teams read" on public.notes
       for select to authenticated using ((auth.jwt() ->> 'team')::integer = id);`,
  );
  await using good = await follow(server, person("g", "authenticated", { team: 1 }), { table: "notes" });
  await using bad = await follow(server, person("b", "authenticated", { team: "none" }), { table: "notes" });
  await sql("insert into public.notes values (1, 'a'), (2, 'b')");
  await settled();
  expect(good.all).toMatchObject([{ record: { id: 1, body: "a" }, errors: null }]);
  const error = "Error 500: Internal Server Error, RLS policy evaluation failed";
  expect(bad.all).toMatchObject([{ errors: [error] }, { errors: [error] }]);
  for (const frame of bad.all) expect(frame).not.toHaveProperty("record");
});

test("truncation is not told", async () => {
  await createNotes("id integer primary key");
  await using follower = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1)");
  await sql("truncate public.notes");
  await settled();
  expect(follower.all.map(({ type }) => type)).toEqual(["INSERT"]);
});

test("changes of a partitioned table are those of its partitions, or its own when published so", async () => {
  await createNotes(
    "id integer primary key, body text) partition by range (id",
    "create table public.notes_1 partition of public.notes for values from (0) to (10); grant select on public.notes_1 to authenticated;",
  );
  await using ofPartition = await follow(server, alice, { table: "notes_1" });
  await sql("insert into public.notes values (1, 'a')");
  expect(await ofPartition.until(() => true)).toMatchObject([{ table: "notes_1", record: { id: 1 } }]);
  await sql("alter publication supabase_realtime set (publish_via_partition_root = true)");
  await using ofRoot = await follow(server, alice, { table: "notes" });
  expect(ofRoot.told.all).toMatchObject([{ status: "ok" }]);
  await sql("insert into public.notes values (2, 'b')");
  expect(await ofRoot.until(() => true)).toMatchObject([{ table: "notes", record: { id: 2 } }]);
  await sql("alter publication supabase_realtime set (publish_via_partition_root = false)");
});

test("a subscriber with several entries gets one frame with all that match", async () => {
  await createNotes("id integer primary key, body text");
  await using follower = await follow(
    server,
    alice,
    { table: "notes" },
    { table: "notes", filter: "id=eq.1" },
    { table: "notes", event: "update" },
    { table: "notes", select: ["body"] },
    { table: "notes", filter: "id=eq.1" },
  );
  await sql("insert into public.notes values (1, 'a'), (2, 'b')");
  await settled();
  expect(follower.all.map(({ ids, record }) => [ids.toSorted(), record])).toEqual([
    [[1, 2, 4, 5], { id: 1, body: "a" }],
    [[1, 4], { id: 2, body: "b" }],
  ]);
});

test("whoever has left hears nothing", async () => {
  await createNotes("id integer primary key");
  const gone = await follow(server, alice, { table: "notes" });
  await gone.subscription[Symbol.asyncDispose]();
  await using there = await follow(server, alice, { table: "notes" });
  await sql("insert into public.notes values (1)");
  await settled();
  expect(there.all).toHaveLength(1);
  expect(gone.all).toEqual([]);
});

test("renewed claims count from then on, without a gap, and are told", async () => {
  await createNotes("id integer primary key, author uuid", own);
  await using follower = await follow(server, alice, { table: "notes" });
  const add = (id: number, { claims }: typeof alice) =>
    sql(`insert into public.notes values (${id}, '${claims.sub}')`);
  await add(1, alice);
  await settled();
  follower.subscription.renew(bob);
  await add(2, alice);
  await add(3, bob);
  await follower.until(({ record }) => record?.id === 3);
  follower.subscription.renew(anon);
  await follower.told.until(() => follower.told.all.length === 3);
  await add(4, bob);
  follower.subscription.renew(alice);
  await follower.told.until(() => follower.told.all.length === 4);
  await add(5, alice);
  await settled();
  expect(follower.all.map(({ record, errors }) => record?.id ?? errors)).toEqual([1, 3, 5]);
  expect(follower.told.all.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok"]);
});
