import { beforeAll, expect, test } from "vitest";
import { own, useNotes } from "./notes.ts";
import { alice, type Frame, follow, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();
const notes = useNotes(server);

beforeAll(async () => {
  await notes.sql(`
    create type public.mood as enum ('sad', 'it''s "fine"');
    create domain public.positive as integer check (value > 0);
    create type public.place as (street text, number integer);
  `);
});

test("an insert, an update and a delete arrive in the form of Supabase Realtime", async () => {
  await notes.create("id bigint generated always as identity primary key, body text");
  await using follower = await follow(server, alice, { table: "notes" });
  expect(follower.told.all).toEqual([{ status: "ok", message: "Subscribed to PostgreSQL" }]);
  await notes.sql("insert into public.notes (body) values ('a')");
  await notes.sql("update public.notes set body = 'b'");
  await notes.sql("delete from public.notes");
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

test("generated columns arrive too, and filters and policies can read them", async () => {
  await notes.create(
    `id integer,
     key text generated always as ('k' || id) stored primary key,
     "a ""b" text,
     upper text generated always as (upper("a ""b")) stored,
     rate numeric(10, 2) generated always as (id * 1.5) stored,
     even boolean generated always as (id % 2 = 0) stored,
     words tsvector generated always as (to_tsvector('english', "a ""b")) stored,
     place public.place generated always as (row("a ""b", id)::public.place) stored`,
    `alter table public.notes enable row level security;
     create policy "some rows" on public.notes for select to authenticated using (upper is distinct from 'HIDDEN');`,
  );
  await using follower = await follow(server, alice, { table: "notes" });
  await using hello = await follow(server, alice, {
    table: "notes",
    filter: "upper=eq.HELLO,rate=gt.1.4,even=is.false",
    select: ["upper"],
  });
  await notes.sql(`insert into public.notes (id, "a ""b") values (1, 'hello'), (2, null), (3, 'hidden')`);
  // The policies are asked about the row as it is, so each change has to be judged before the next one.
  await notes.settled();
  await notes.sql(`update public.notes set "a ""b" = 'it''s \\' where id = 1`);
  await notes.settled();
  await notes.sql("alter table public.notes replica identity full");
  await notes.sql("update public.notes set id = 5 where id = 1");
  await notes.settled();
  await notes.sql("delete from public.notes where id = 5");
  await notes.settled();
  const made = (
    id: number,
    key: string,
    text: string | null,
    upper: string | null,
    words: string | null,
  ) => ({
    id,
    key,
    'a "b': text,
    upper,
    rate: id * 1.5,
    even: id % 2 === 0,
    words,
    place: { street: text, number: id },
  });
  const changed = made(1, "k1", "it's \\", "IT'S \\", "");
  expect(follower.all.map(({ type, record, old_record }) => [type, record, old_record])).toEqual([
    ["INSERT", made(1, "k1", "hello", "HELLO", "'hello':1"), undefined],
    ["INSERT", made(2, "k2", null, null, null), undefined],
    ["UPDATE", changed, { key: "k1" }],
    ["UPDATE", { ...changed, ...made(5, "k5", "it's \\", "IT'S \\", "") }, changed],
    ["DELETE", undefined, { key: "k5" }],
  ]);
  expect(hello.all.map(({ type, record }) => [type, record])).toEqual([
    ["INSERT", { key: "k1", upper: "HELLO" }],
  ]);
});

test("changes arrive in the order of the commits, and within one in the order of its statements", async () => {
  await notes.create("id integer primary key, author uuid, body text", own);
  await using follower = await follow(server, alice, { table: "notes" });
  for (let round = 0; round < 5; round++) {
    await notes.sql(`
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
/** Values with a special form. */
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
  await notes.create(`id integer primary key, ${all.map(([type], index) => `c${index} ${type}`).join(", ")}`);
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql(`insert into public.notes values (1, ${all.map(([, value]) => value).join(", ")})`);
  const [frame] = await follower.until(() => true);
  // Both are compared as JavaScript reads them.
  const [row] = await server.owner`select to_jsonb(notes) as expected from public.notes`;
  expect(frame?.record).toEqual(row?.expected);
});

test("bytea is sent as hexadecimal digits without a prefix", async () => {
  await notes.create("id bytea primary key, data bytea");
  await using follower = await follow(server, alice, { table: "notes", filter: "data=eq.00ff" });
  await notes.sql("insert into public.notes values ('\\x01', '\\x00ff'), ('\\x02', '\\x00fe')");
  await notes.sql("delete from public.notes");
  await notes.settled();
  expect(follower.all).toMatchObject([{ record: { id: "01", data: "00ff" } }]);
});

test("names may contain any characters", async () => {
  await notes.sql(`
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
  await notes.sql(`insert into "Odd ""Schema""".";Table $1 'x'" values (2, 'b'), (1, 'a')`);
  expect(await follower.until(() => true)).toMatchObject([
    { schema: 'Odd "Schema"', table: ";Table $1 'x'", record: { Id: 1, "a,b=c.d": "a" } },
  ]);
  await notes.sql(`drop schema "Odd ""Schema""" cascade`);
});

test("a delete has columns besides the key only with replica identity full", async () => {
  await notes.create("id integer primary key, body text");
  await notes.sql("insert into public.notes values (1, 'a'), (2, 'a')");
  await using byKey = await follow(server, alice, { event: "DELETE", table: "notes", filter: "id=eq.1" });
  await using byBody = await follow(server, alice, { event: "DELETE", table: "notes", filter: "body=eq.a" });
  await using byNone = await follow(server, alice, {
    event: "DELETE",
    table: "notes",
    filter: "body=is.null",
  });
  await notes.sql("delete from public.notes where id = 1");
  await notes.sql("alter table public.notes replica identity full");
  await notes.sql("delete from public.notes where id = 2");
  await notes.settled();
  expect(byKey.all.map(({ old_record }) => old_record)).toEqual([{ id: 1 }]);
  expect(byBody.all.map(({ old_record }) => old_record)).toEqual([{ id: 2, body: "a" }]);
  expect(byNone.all).toEqual([]);
});

test("an update has the old key, or the whole old row with replica identity full", async () => {
  await notes.create("id integer primary key, body text");
  await notes.sql("insert into public.notes values (1, 'a')");
  await using follower = await follow(server, alice, { event: "UPDATE", table: "notes" });
  await notes.sql("update public.notes set id = 2");
  await notes.sql("alter table public.notes replica identity full");
  await notes.sql("update public.notes set body = 'b'");
  await notes.settled();
  expect(follower.all.map(({ record, old_record }) => ({ record, old_record }))).toEqual([
    { record: { id: 2, body: "a" }, old_record: { id: 1 } },
    { record: { id: 2, body: "b" }, old_record: { id: 2, body: "a" } },
  ]);
});

test("an unchanged TOASTed value is absent, or from the old row with replica identity full", async () => {
  const long = "x".repeat(100_000);
  await notes.create("id integer primary key, body text, n integer");
  await notes.sql("alter table public.notes alter column body set storage external");
  await notes.sql(`insert into public.notes values (1, '${long}', 1)`);
  await using follower = await follow(server, alice, { event: "UPDATE", table: "notes" });
  await using filtered = await follow(server, alice, {
    event: "UPDATE",
    table: "notes",
    filter: "body=like.x%",
  });
  await notes.sql("update public.notes set n = 2");
  await notes.sql("alter table public.notes replica identity full");
  await notes.sql("update public.notes set n = 3");
  await notes.settled();
  expect(follower.all.map(({ record }) => record)).toEqual([
    { id: 1, n: 2 },
    { id: 1, n: 3, body: long },
  ]);
  expect(filtered.all.map(({ record }) => record?.n)).toEqual([3]);
});

test("an unchanged TOASTed key is sent", async () => {
  await notes.create(
    "id text primary key, n integer",
    `alter table public.notes alter column id set storage external;
     alter table public.notes enable row level security;
     create policy everybody on public.notes for select to authenticated using (true);`,
  );
  const id = "k".repeat(2_500);
  await notes.sql(`insert into public.notes values ('${id}', 1)`);
  await notes.settled();
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("update public.notes set n = 2");
  await notes.settled();
  expect(follower.all.map(({ record, old_record }) => [record, old_record])).toEqual([
    [{ id, n: 2 }, { id }],
  ]);
});

test("a table without a primary key gives an error for inserts and updates", async () => {
  await notes.create("id integer, body text", "alter table public.notes replica identity full;");
  await using follower = await follow(server, alice, { table: "notes", filter: "id=eq.99" });
  await notes.sql("insert into public.notes values (1, 'a')");
  await notes.sql("delete from public.notes");
  await notes.settled();
  expect(follower.all).toMatchObject([
    { type: "INSERT", errors: ["Error 400: Bad Request, no primary key"] },
  ]);
  expect(follower.all[0]).not.toHaveProperty("record");
});

test("a change over a mebibyte arrives without its large values", async () => {
  await notes.create("id integer primary key, body text, note text");
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1, repeat('x', 1100000), 'small')");
  await notes.sql("insert into public.notes values (2, repeat('x', 900000), 'small')");
  await notes.settled();
  const [large, small] = follower.all as [Frame, Frame];
  expect(large).toMatchObject({ errors: ["Error 413: Payload Too Large"], record: { id: 1, note: "small" } });
  expect(large.record).not.toHaveProperty("body");
  expect(small.errors).toBeNull();
  expect(small.record?.body).toHaveLength(900_000);
});

test("nobody is told of a truncate", async () => {
  await notes.create("id integer primary key");
  await using follower = await follow(server, alice, { table: "notes" });
  await notes.sql("insert into public.notes values (1)");
  await notes.sql("truncate public.notes");
  await notes.settled();
  expect(follower.all.map(({ type }) => type)).toEqual(["INSERT"]);
});

test("changes of a partitioned table are those of its partitions, or its own when published so", async () => {
  await notes.create(
    "id integer primary key, body text) partition by range (id",
    "create table public.notes_1 partition of public.notes for values from (0) to (10); grant select on public.notes_1 to authenticated;",
  );
  await using ofPartition = await follow(server, alice, { table: "notes_1" });
  await notes.sql("insert into public.notes values (1, 'a')");
  expect(await ofPartition.until(() => true)).toMatchObject([{ table: "notes_1", record: { id: 1 } }]);
  await notes.sql("alter publication supabase_realtime set (publish_via_partition_root = true)");
  await using ofRoot = await follow(server, alice, { table: "notes" });
  expect(ofRoot.told.all).toMatchObject([{ status: "ok" }]);
  await notes.sql("insert into public.notes values (2, 'b')");
  expect(await ofRoot.until(() => true)).toMatchObject([{ table: "notes", record: { id: 2 } }]);
  await notes.sql("alter publication supabase_realtime set (publish_via_partition_root = false)");
});
