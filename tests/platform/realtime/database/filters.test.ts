import { afterAll, beforeAll, expect, test } from "vitest";
import { parseFilters, RefusedError } from "../../../../platform/realtime/database/changes/filter.ts";
import { alice, bob, type Follower, follow, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();
const sql = (text: string) => server.owner.unsafe(text);

const columns: Record<string, string> = {
  b: "boolean",
  i: "integer",
  l: "bigint",
  n: "numeric",
  f: "double precision",
  t: "text",
  v: "varchar(20)",
  c: "char(5)",
  u: "uuid",
  d: "date",
  z: "timestamptz",
  m: "public.mood",
  a: "integer[]",
  j: "jsonb",
  x: "extensions.citext",
};

beforeAll(async () => {
  await sql(`
    create extension citext with schema extensions;
    create type public.mood as enum ('sad', 'fine', 'happy');
    create table public.rows (
      id integer primary key,
      ${Object.entries(columns)
        .map(([name, type]) => `${name} ${type}`)
        .join(", ")}
    );
    grant select on public.rows to authenticated;
    create table public.private (id integer primary key, hidden text);
    grant select (id) on public.private to authenticated;
    alter publication supabase_realtime add table public.rows, public.private;
  `);
});

/** Two rows for each kind of value, and one row of nulls. */
const rows = `
  insert into public.rows values
    (1, true, 1, 9007199254740993, 1.0, 1.5, 'alice', 'alice', 'ab', 'a11ce000-0000-4000-8000-000000000001',
      '2026-01-01', '2026-01-01 00:00:00+00', 'sad', '{1,2}', '{"k": "one", "n": 1}', 'Alice'),
    (2, false, 2, 9007199254740992, 10.00, -0.0, 'a,b (c) "d" \\ e', 'bob', 'b', 'b0b00000-0000-4000-8000-000000000001',
      '2025-12-31', '2025-12-31 23:00:00+00', 'happy', '{}', '{"k": "two"}', 'BOB');
  insert into public.rows (id) values (3);
`;

/** A filter, and the same condition in SQL. */
const cases: [filter: string, where: string][] = [
  ["", "true"],
  ["  ", "true"],
  ["b=eq.true", "b"],
  ["b=eq.f", "not b"],
  ["b=neq.true", "b <> true"],
  ["b=is.true", "b is true"],
  ["b=is.false", "b is false"],
  ["b=is.unknown", "b is unknown"],
  ["b=not.is.true", "b is not true"],
  ["b=not.is.null", "b is not null"],
  ["i=eq.1", "i = 1"],
  ["i=eq. 1", "i = 1"],
  ["i=not.eq.1", "not i = 1"],
  ["i=neq.1", "i <> 1"],
  ["i=not.neq.1", "not i <> 1"],
  ["i=lt.2", "i < 2"],
  ["i=lte.2", "i <= 2"],
  ["i=gt.1", "i > 1"],
  ["i=gte.1", "i >= 1"],
  ["i=not.gte.2", "not i >= 2"],
  ["i=in.(1,3)", "i in (1, 3)"],
  ["i=in.()", "false"],
  ["i=not.in.(1)", "i not in (1)"],
  ["i=in.(1,null)", "i in (1, null)"],
  ["i=not.in.(1,null)", "i not in (1, null)"],
  ["i=is.null", "i is null"],
  ["i=isdistinct.1", "i is distinct from 1"],
  ["i=not.isdistinct.1", "i is not distinct from 1"],
  ["l=eq.9007199254740993", "l = 9007199254740993"],
  ["n=eq.1", "n = 1"],
  ["n=eq.10", "n = 10"],
  ["n=in.(1.000,7)", "n in (1, 7)"],
  ["n=not.in.(1.000)", "n not in (1)"],
  ["n=gt.9", "n > 9"],
  ["f=eq.0", "f = 0"],
  ["t=eq.alice", "t = 'alice'"],
  ['t=eq."alice"', "t = 'alice'"],
  ['t=eq."a,b (c) \\"d\\" \\\\ e"', `t = 'a,b (c) "d" \\ e'`],
  ['t=neq."a,b (c) \\"d\\" \\\\ e",i=eq.1', "i = 1"],
  ['t=in.("a,b (c) \\"d\\" \\\\ e",alice)', "t is not null"],
  ["t=eq.it's", "false"],
  ["t=lt.b", "t < 'b'"],
  ["t=like.al%", "t like 'al%'"],
  ["t=not.like.al%", "t not like 'al%'"],
  ["t=ilike.AL%", "t ilike 'AL%'"],
  ["t=match.^a.i", "t ~ '^a.i'"],
  ["t=imatch.^A", "t ~* '^A'"],
  [String.raw`t=match.^(?:a|\\1)\w+e\M`, String.raw`t ~ '^(?:a|\\1)\w+e\M'`],
  ["t=not.imatch.LICE$", "t !~* 'LICE$'"],
  ["t=eq.", "t = ''"],
  ["t=eq.null", "t = 'null'"],
  ["v=eq.alice", "v = 'alice'"],
  ["v=in.(alice,bob)", "v in ('alice', 'bob')"],
  ["c=eq.ab", "c = 'ab'"],
  ["c=eq.ab   ", "c = 'ab'"],
  ["u=eq.A11CE000-0000-4000-8000-000000000001", "u = 'a11ce000-0000-4000-8000-000000000001'"],
  ["u=in.({a11ce000000040008000000000000001})", "u = 'a11ce000-0000-4000-8000-000000000001'"],
  ["d=eq.2026-1-1", "d = '2026-01-01'"],
  ["d=gte.2026-01-01", "d >= '2026-01-01'"],
  ["z=eq.2026-01-01 01:00:00+01", "z = '2026-01-01 01:00:00+01'"],
  ["z=lt.2026-01-01T00:00:00Z", "z < '2026-01-01'"],
  ["m=eq.sad", "m = 'sad'"],
  ["m=gt.sad", "m > 'sad'"],
  ["m=in.(fine,happy)", "m in ('fine', 'happy')"],
  ['a=eq."{1,2}"', "a = '{1,2}'"],
  ["a=is.null", "a is null"],
  ['j=eq."{\\"n\\": 1.0, \\"k\\": \\"one\\"}"', `j = '{"n": 1, "k": "one"}'`],
  ["j->>k=eq.one", "j ->> 'k' = 'one'"],
  ['j->>"k"=in.(one,three)', "j ->> 'k' in ('one', 'three')"],
  ["j->>n=eq.1", "j ->> 'n' = '1'"],
  ["j->>n=is.null", "j ->> 'n' is null"],
  ["j->>k=not.like.o%", "j ->> 'k' not like 'o%'"],
  ["x=eq.aLICE", "x = 'alice'"],
  ["i=eq.1,t=like.a%", "i = 1 and t like 'a%'"],
  ["i=gt.0,i=lt.2", "i > 0 and i < 2"],
  ["i=eq.1,i=eq.2", "false"],
  ["id=in.(1,2),b=not.is.true", "id in (1, 2) and b is not true"],
];

test("filters mean what the database says they mean", async () => {
  const followers: Follower[] = [];
  for (const [filter] of cases) followers.push(await follow(server, alice, { table: "rows", filter }));
  for (const [index, { told }] of followers.entries()) {
    expect(told.all, cases[index]?.[0]).toMatchObject([{ status: "ok" }]);
  }
  await using last = await follow(server, alice, { table: "rows", event: "UPDATE" });
  await sql(rows);
  await sql("update public.rows set i = i where id = 3");
  await last.until(() => true);
  for (const [index, [filter, where]] of cases.entries()) {
    const expected = await sql(`select id from public.rows where ${where} order by id`);
    const got = (followers[index] as Follower).all.filter(({ type }) => type === "INSERT");
    expect(
      got.map(({ record }) => record?.id),
      filter,
    ).toEqual(expected.map(({ id }) => id));
  }
  for (const follower of followers) await follower[Symbol.asyncDispose]();
});

afterAll(() => server.owner?.unsafe("drop table if exists public.rows"));

const refused: [parameters: object, message: RegExp | string][] = [
  [{ table: "rows", filter: "i=foo.1" }, 'Error parsing `filter` params: ["foo", "1"]'],
  [{ table: "rows", filter: "undefined" }, 'Error parsing `filter` params: ["undefined"]'],
  [{ table: "rows", filter: "i=5" }, 'Error parsing `filter` params: ["5"]'],
  [{ table: "rows", filter: "t=eq.a\\,b" }, 'Error parsing `filter` params: ["b"]'],
  [{ table: "rows", filter: "i=eq.1," }, /must not contain empty segments/],
  [
    { table: "rows", filter: "i=in.1" },
    "Error parsing `filter` params: `in` filter value must be wrapped by parentheses",
  ],
  [{ table: "rows", filter: "t=eq.\0" }, /null character/],
  [{ table: "rows", filter: "nothing=eq.1" }, /invalid column for filter nothing/],
  [{ table: "rows", filter: "I=eq.1" }, /invalid column for filter I/],
  [{ table: "private", filter: "hidden=eq.1" }, /invalid column for filter hidden/],
  [{ table: "private", select: ["hidden"] }, /invalid column for select hidden/],
  [{ table: "rows", select: ["nothing"] }, /invalid column for select nothing/],
  [{ select: ["i"] }, /Column selection is not supported for wildcard subscriptions/],
  [
    { schema: "*", table: "rows", select: ["i"] },
    /Column selection is not supported for wildcard subscriptions/,
  ],
  [{ table: "rows", select: "i" }, /expected a list of column name strings/],
  [
    { table: "rows", filter: "i=eq.one" },
    /Exception: ERROR 22P02 invalid input syntax for type integer: "one"/,
  ],
  [{ table: "rows", filter: "u=in.(1)" }, /Exception: ERROR 22P02 invalid input syntax for type uuid/],
  [{ table: "rows", filter: "m=eq.angry" }, /invalid input value for enum mood/],
  [
    { table: "rows", filter: `i=in.(${Array.from({ length: 101 }, (_, n) => n)})` },
    /too many values for `in` filter. Maximum 100/,
  ],
  [{ table: "rows", filter: "i=is.true" }, /is true filter requires a boolean column, got integer/],
  [
    { table: "rows", filter: "b=is.maybe" },
    /invalid value for is filter: must be null, true, false, or unknown/,
  ],
  [
    { table: "rows", filter: "i=like.1%" },
    /operator like requires a text-compatible column type, got integer/,
  ],
  [
    { table: "rows", filter: "n=imatch.1" },
    /operator imatch requires a text-compatible column type, got numeric/,
  ],
  [{ table: "rows", filter: "t=match.(" }, /Exception: ERROR 2201B invalid regular expression/],
  [{ table: "rows", filter: 't=match."((a*b*){1,20}){1,20}"' }, /Exception: ERROR 57014 canceling statement/],
  ...["(a)\\1", "\\\\(a)\\\\\\1", "x(?=a)", "x(?!a)", "(?<=a)x", "[\\](?<!a)x"].map(
    (pattern): [object, RegExp] => [
      { table: "rows", filter: `t=not.imatch."${pattern.replaceAll("\\", "\\\\")}"` },
      /operator imatch does not allow back-references and lookaround constraints/,
    ],
  ),
  [{ table: "rows", filter: "t->>k=eq.1" }, /jsonb filter requires a jsonb column, got text/],
  [{ table: "rows", filter: "j->>=eq.1" }, /invalid jsonb filter expression/],
  [
    { table: "nowhere", filter: "i=eq.1", event: "INSERT" },
    "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect " +
      'parameters: [event: INSERT, schema: public, table: nowhere, filters: [{"i", "eq", "1", false}], select: nil]',
  ],
  [{ schema: "auth", table: "users" }, /Please check Realtime is enabled/],
];

test("a subscriber is told why a subscription is not possible", async () => {
  for (const [parameters, message] of refused) {
    await using follower = await follow(server, alice, parameters);
    expect(follower.told.all, JSON.stringify(parameters)).toEqual([
      { status: "error", message: typeof message === "string" ? message : expect.stringMatching(message) },
    ]);
  }
  const nobody = { ...alice, role: "nobody" };
  await using follower = await follow(server, nobody, { table: "rows" });
  expect(follower.told.all).toMatchObject([
    { status: "error", message: expect.stringContaining('role "nobody"') },
  ]);
  await using superuser = await follow(server, { ...alice, role: "supabase_admin" }, { table: "rows" });
  expect(superuser.told.all).toMatchObject([{ status: "error" }]);
});

test("one impossible entry refuses all entries", async () => {
  await using follower = await follow(server, alice, { table: "rows" }, { table: "nowhere" });
  await using fine = await follow(server, alice, { table: "rows", event: "DELETE" });
  expect(follower.told.all).toMatchObject([{ status: "error" }]);
  await sql("insert into public.rows (id) values (9)");
  await sql("delete from public.rows where id = 9");
  await fine.until(() => true);
  expect(follower.all).toEqual([]);
});

test("a filter's value is evaluated as postgres, never as a superuser", async () => {
  await sql(`
    create function public.is_safe(value text) returns boolean language plpgsql as
      'begin perform set_config(''role'', ''none'', true); return current_setting(''is_superuser'') = ''off''; end';
    create domain public.safe as text check (public.is_safe(value));
    create table public.traps (id integer primary key, value public.safe);
    grant select on public.traps to authenticated;
    alter publication supabase_realtime add table public.traps;
  `);
  await using follower = await follow(server, alice, { table: "traps", filter: "value=eq.a" });
  expect(follower.told.all).toMatchObject([{ status: "ok" }]);
  await sql("insert into public.traps values (1, 'a')");
  expect(await follower.until(() => true)).toMatchObject([{ record: { id: 1, value: "a" } }]);
  await expect(server.admin`select 'a'::public.safe`).rejects.toMatchObject({ code: "23514" });
  await sql("drop table public.traps; drop domain public.safe; drop function public.is_safe");
});

test("a filter that takes too long ends its subscription, and the others hear of the change", async () => {
  await sql(`
    create type public.slow as (value integer);
    create function public.slowly(public.slow, public.slow) returns boolean language plpgsql strict as
      'begin perform pg_sleep(100); return true; end';
    create operator public.= (function = public.slowly, leftarg = public.slow, rightarg = public.slow);
    create table public.traps (id integer primary key, value public.slow);
    grant select on public.traps to authenticated;
    alter publication supabase_realtime add table public.traps;
  `);
  await using slow = await follow(
    server,
    alice,
    { table: "traps", filter: "value=eq.(1)" },
    { table: "traps" },
  );
  await using other = await follow(server, bob, { table: "traps", filter: "id=gt.0" });
  expect(slow.told.all).toMatchObject([{ status: "ok" }]);
  await sql("insert into public.traps values (1, '(1)')");
  await other.until(({ record }) => record?.id === 1);
  expect(slow.told.all.at(-1)).toEqual({
    status: "error",
    message: "The subscription has ended, because its filter takes too long",
  });
  slow.subscription.renew(bob);
  await sql("insert into public.traps values (2, '(1)')");
  await other.until(({ record }) => record?.id === 2);
  expect(slow.all).toEqual([]);
  await sql("drop table public.traps; drop type public.slow cascade");
});

test("filters are split at commas outside of quotes and parentheses", () => {
  expect(parseFilters('a=in.(1,"x),y"),b=eq."c,d",e=not.like.f"g,h->>i=is.null')).toEqual([
    { column: "a", operator: "in", negated: false, value: '{1,"x),y"}' },
    { column: "b", operator: "eq", negated: false, value: "c,d" },
    { column: "e", operator: "like", negated: true, value: 'f"g' },
    { column: "h", key: "i", operator: "is", negated: false, value: "null" },
  ]);
  expect(() => parseFilters(Array(101).fill("a=eq.1").join(","))).toThrow(RefusedError);
});
