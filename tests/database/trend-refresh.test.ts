/**
 * What a refresh of trends promises besides right counts: slow transactions lose nothing, one
 * refresh runs at a time, a killed one changes nothing, and nobody keeps others waiting.
 */
import postgres from "postgres";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import { countsAt, firstId, readFacts } from "./recount-trends.ts";

let db: Database;
let alice: Person;
let bob: Person;
beforeEach(async () => {
  await db?.[Symbol.asyncDispose]();
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  // Others wait while somebody writes the first post in a language, because of the search index.
  await say(bob, "Good morning");
  await refreshTrust(db.owner);
  await refreshAll();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const refresh = async (most = 20_000): Promise<number> =>
  (
    await db.owner`select private.refresh_trends(clock_timestamp() + interval '1 second', ${most}) as waiting`
  )[0]?.waiting;
async function refreshAll(): Promise<void> {
  while ((await refresh()) > 0);
}
const say = async ({ asks }: Person, content: string): Promise<number> =>
  (await asks((sql) => sql`insert into posts (content) values (${content}) returning id`))[0]?.id;
const people = async (tag: string): Promise<number> =>
  (await db.admin`select in_hour from private.trend_counts where kind = 'tag' and term = ${tag}`)[0]
    ?.in_hour ?? 0;
const waiting = async (lane: string): Promise<number> =>
  (await db.admin`select count(*) from private.trend_changes where lane = ${lane}::private.trend_lane`)[0]
    ?.count;

async function session(stack: AsyncDisposableStack): Promise<postgres.ReservedSql & { pid: number }> {
  const sql = await db.admin.reserve();
  stack.defer(() => sql.release());
  const [row] = await sql`select pg_backend_pid() as pid`;
  return Object.assign(sql, { pid: row?.pid as number });
}
const toWait = (pid: number) =>
  vi.waitFor(async () => {
    expect(await db.admin`select from pg_locks where pid = ${pid} and not granted`).not.toHaveLength(0);
  });

test("alice's slow request commits after a refresh that saw bob's later post, and nothing is lost", async () => {
  await using stack = new AsyncDisposableStack();
  const hers = await session(stack);
  await hers`begin`;
  await hers`select set_config('role', 'authenticated', true),
    set_config('request.jwt.claims', ${JSON.stringify({ sub: alice.id, role: "authenticated" })}, true)`;
  await hers`insert into posts (content) values ('First #tea')`;
  // Bob's row of the queue is newer, and seen first. The empty term counts all tags.
  await say(bob, "Later #coffee");
  expect(await refresh()).toBe(0);
  expect([await people("tea"), await people("coffee"), await people("")]).toEqual([0, 1, 1]);
  await hers`commit`;
  expect(await refresh()).toBe(0);
  expect([await people("tea"), await people("coffee"), await people("")]).toEqual([1, 1, 2]);
});

test("a like that commits after a refresh, and a post that is deleted before one", async () => {
  const post = await say(alice, "Some #tea");
  await refresh();
  const heat = () =>
    db.admin`select people, score > 0 as is_shown from private.post_heat where post_id = ${post}`;
  await using stack = new AsyncDisposableStack();
  const his = await session(stack);
  await his`begin`;
  await his`insert into likes (user_id, post_id) values (${bob.id}, ${post})`;
  await refresh();
  expect(await heat()).toHaveLength(0);
  await his`commit`;
  await refresh();
  expect([...(await heat())]).toEqual([{ people: 1, is_shown: true }]);

  await alice.asks((sql) => sql`delete from posts where id = ${post}`);
  await refresh();
  expect(await heat()).toHaveLength(0);
  expect(await people("tea")).toBe(0);
});

test("a second refresh waits for the first one, and counts nothing twice", async () => {
  await say(alice, "Some #tea");
  await using stack = new AsyncDisposableStack();
  const [first, second] = [await session(stack), await session(stack)];
  await first`begin`;
  await first`select private.refresh_trends(clock_timestamp() + interval '1 second')`;
  const other =
    second`select private.refresh_trends(clock_timestamp() + interval '1 second') as waiting`.execute();
  await toWait(second.pid);
  await first`commit`;
  expect((await other)[0]?.waiting).toBe(0);
  expect(await people("tea")).toBe(1);
});

test("a refresh that is killed changes nothing, and the next one does its work", async () => {
  await say(alice, "Some #tea");
  await refresh();
  await say(bob, "More #tea");
  const everything = async () => {
    const tables = ["changes", "uses", "people", "voices", "counts", "hours", "state"];
    return Promise.all(
      tables.map(async (name) => [...(await db.admin`select * from ${db.admin(`private.trend_${name}`)}`)]),
    );
  };
  const before = await everything();
  await using stack = new AsyncDisposableStack();
  const holder = await session(stack);
  const killed = postgres(db.url, { max: 1, onnotice() {} });
  stack.defer(() => killed.end({ timeout: 1 }));
  const [backend] = await killed`select pg_backend_pid() as pid`;
  // The refresh has written the uses and people when it meets this row.
  await holder`begin`;
  await holder`select from private.trend_counts where term = 'tea' for update`;
  const outcome = killed`select private.refresh_trends(clock_timestamp() + interval '1 second')`.then(
    () => "it ended",
    (error: Error) => error.message,
  );
  await toWait(backend?.pid);
  await db.admin`select pg_terminate_backend(${backend?.pid})`;
  expect(await outcome).toMatch(/terminat|CONNECTION/);
  await holder`rollback`;
  expect(await everything()).toEqual(before);
  expect(await refresh()).toBe(0);
  expect(await people("tea")).toBe(2);
});

describe("erin wrote 5,000 posts this week", () => {
  const amount = 5000;
  let erin: Person;
  beforeEach(async () => {
    erin = await db.signUp("erin");
    await refreshTrust(db.owner);
    const oldest = firstId(Date.now() - 6 * 86_400_000);
    await db.admin`insert into posts (id, author_id, content)
      select ${oldest} + n * 4096, ${erin.id}, 'Number #n' || n || ' #many' from generate_series(1, ${amount}::bigint) as n`;
    await refreshAll();
  }, 60_000);

  const recounted = async () => {
    const [state] = await db.admin`select refreshed_at from private.trend_state`;
    const expected = countsAt(await readFacts(db.admin), state?.refreshed_at.getTime());
    const rows = await db.admin`select kind || ':' || term as term, in_week from private.trend_counts`;
    expect(Object.fromEntries(rows.map(({ term, in_week }) => [term, in_week]))).toEqual(
      Object.fromEntries(Object.entries(expected).map(([term, row]) => [term, row[3]])),
    );
  };

  test("a refresh reads what one new post changes, and none of her posts", async () => {
    await db.owner`analyze`;
    // All of hers are newer. So to find his latest use of any tag, a wrong index would read past them.
    const id = firstId(Date.now() - 6.5 * 86_400_000);
    await db.admin`insert into posts (id, author_id, content) values (${id}, ${bob.id}, 'My #tea')`;
    await db.owner.begin(async (sql) => {
      await sql`select private.refresh_trends(clock_timestamp() + interval '1 second')`;
      const read = await sql`
        select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows
        from pg_stat_xact_user_tables
        where relname ~ '^(posts|likes|profiles|trust|post_fans|post_heat|trend_.*)$'`;
      const rows = Object.fromEntries(read.map((table) => [table.relname, table.rows]));
      expect(rows.trend_uses).toBeGreaterThan(0);
      for (const [table, amount] of Object.entries(rows)) expect(amount, table).toBeLessThan(20);
    });
    expect(await db.admin`select from private.trend_counts where term = 'tea' and in_week = 1`).toHaveLength(
      1,
    );
  }, 60_000);

  test("she goes private: bob's post waits for half a refresh, and each refresh has its bound", async () => {
    await erin.asks((sql) => sql`update profiles set is_private = true where id = ${erin.id}`);
    expect(await waiting("bulk")).toBe(amount);
    for (let n = 0; n < 5; n++) await say(bob, `My #tea${n}`);
    const most = 1000;
    expect(await refresh(most)).toBe(amount - most + 5);
    for (let n = 0; n < 5; n++) expect(await people(`tea${n}`)).toBe(1);
    const [left] =
      await db.admin`select count(*) from private.trend_uses where profile_id = ${erin.id} and term <> ''`;
    expect(left?.count).toBe(2 * (amount - most + 5));

    let refreshes = 1;
    while ((await refresh(most)) > 0) refreshes++;
    expect(refreshes).toBeLessThanOrEqual(amount / most + 1);
    expect(await db.admin`select from private.trend_uses where profile_id = ${erin.id}`).toHaveLength(0);
    await recounted();
  }, 60_000);

  test("she is not discoverable any more: one row in the queue, and then her posts in the lane bulk", async () => {
    await erin.asks((sql) => sql`update profiles set is_discoverable = false where id = ${erin.id}`);
    expect([await waiting("person"), await waiting("bulk")]).toEqual([1, 0]);
    await say(bob, "My #tea");
    await refresh(1000);
    expect([await waiting("person"), await waiting("bulk")]).toEqual([0, amount - 999]);
    expect(await people("tea")).toBe(1);
    await refreshAll();
    await recounted();
    expect(await db.admin`select from private.trend_uses where profile_id = ${erin.id}`).toHaveLength(0);
  }, 60_000);
});

describe("erin wrote 60 posts this week, each with 50 tags and 50 links", () => {
  const amount = 60;
  const most = 100;
  let erin: Person;
  beforeEach(async () => {
    erin = await db.signUp("erin");
    await refreshTrust(db.owner);
    const oldest = firstId(Date.now() - 6 * 86_400_000);
    await db.admin`insert into posts (id, author_id, content)
      select
        ${oldest} + n * 4096, ${erin.id},
        (select string_agg('#t' || n || '_' || k || ' https://a.co/' || n || '/' || k, ' ') from generate_series(1, 50) as k)
      from generate_series(1, ${amount}::bigint) as n`;
    await refreshAll();
  }, 60_000);

  const said = async () =>
    (await db.admin`select count(distinct post_id) from private.trend_uses where profile_id = ${erin.id}`)[0]
      ?.count;

  test("she switches off and on: a refresh does a few of her posts, and all that bob wrote", async () => {
    await erin.asks((sql) => sql`update profiles set is_discoverable = false where id = ${erin.id}`);
    await say(bob, "My #tea");
    expect(await refresh(most)).toBeGreaterThan(0);
    expect(await people("tea")).toBe(1);
    expect(await said()).toBeLessThan(amount);
    expect(await said()).toBeGreaterThanOrEqual(amount - 10);

    await erin.asks((sql) => sql`update profiles set is_discoverable = true where id = ${erin.id}`);
    let refreshes = 0;
    for (let left = 1; left > 0; refreshes++) left = await refresh(most);
    expect(refreshes).toBeLessThan(20);
    expect(await said()).toBe(amount);
  }, 60_000);

  test("all her posts are deleted at once: a refresh does a few of them, and all that bob wrote", async () => {
    await db.admin`delete from posts where author_id = ${erin.id}`;
    await say(bob, "My #tea");
    expect(await refresh(most)).toBeGreaterThan(0);
    expect(await people("tea")).toBe(1);
    expect(await said()).toBeGreaterThanOrEqual(amount - 10);
    await refreshAll();
    expect(await said()).toBe(0);
  }, 60_000);
});

test("erin switches again and again: while many of her changes wait, no others are added", async () => {
  const erin = await db.signUp("erin");
  await refreshTrust(db.owner);
  const oldest = firstId(Date.now() - 6 * 86_400_000);
  await db.admin`insert into posts (id, author_id, content)
    select ${oldest} + n * 4096, ${erin.id}, 'Some #tea' from generate_series(1, 1500::bigint) as n`;
  await refreshAll();
  for (const is_discoverable of [false, true, false]) {
    await erin.asks(
      (sql) => sql`update profiles set is_discoverable = ${is_discoverable} where id = ${erin.id}`,
    );
    await refresh(100);
  }
  expect([await waiting("person"), await waiting("bulk")]).toEqual([2, 1200]);
  await refreshAll();
  expect(await db.admin`select from private.trend_uses where profile_id = ${erin.id}`).toHaveLength(0);
});
