/** Posts: their ids, their texts, and their earlier versions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
});
afterAll(() => db?.[Symbol.asyncDispose]());

const post = async (values: Record<string, unknown>, by = alice) => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning *`);
  if (!row) throw new Error("no row");
  return row;
};
const edit = (id: number, values: Record<string, unknown>) =>
  alice.asks((sql) => sql`update posts set ${sql(values)} where id = ${id} returning *`);
const versions = (id: number) =>
  db.as("anon")((sql) => sql`select * from post_versions where post_id = ${id} order by version`);

describe("an id", () => {
  const epochMs = Date.UTC(2026, 0, 1);
  const timeOf = (id: number) => Math.floor(id / 4096) + epochMs;

  test("is the time of writing, and a number that JSON carries", async () => {
    const { id, created_at } = await post({ content: "now" });
    expect(Number.isSafeInteger(id)).toBe(true);
    // The id and created_at each read the clock, one after the other.
    expect(Math.abs(timeOf(id) - created_at.getTime())).toBeLessThan(1000);
  });

  test("stays such a number until 2095", async () => {
    const [row] = await db.admin`select private.new_id('2095-09-01') as id`;
    expect(Number.isSafeInteger(row?.id)).toBe(true);
    expect(timeOf(row?.id)).toBe(Date.UTC(2095, 8, 1));
  });

  test("is higher for a post of a later millisecond", async () => {
    const rows = await db.admin`
      select private.new_id('2026-11-23T12:00:00Z'::timestamptz + n * interval '1 ms') as id
      from generate_series(1, 5000) as n
    `;
    const ids = rows.map((row) => row.id as number);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  test("is taken once, 4096 times within one millisecond", async () => {
    const [row] = await db.admin`
      select count(distinct private.new_id('2026-11-23T12:00:00Z')) from generate_series(1, 4096)
    `;
    expect(row?.count).toBe(4096);
  });

  test("is taken once by many connections", async () => {
    const batches = await Promise.all(
      Array.from({ length: 16 }, () =>
        alice.asks((sql) => sql`select private.new_id() as id from generate_series(1, 500)`),
      ),
    );
    const ids = batches.flat().map((row) => row.id as number);
    expect(new Set(ids).size).toBe(16 * 500);
  });

  test("has the time of its number, even if alice's connection is held up before she gets one", async () => {
    let taken: Promise<number | undefined> | undefined;
    const endedMs = await db.admin.begin(async (sql) => {
      // A connection that takes a number waits until this transaction ends.
      await sql`alter sequence private.id_counter owned by none`;
      taken = alice.asks((own) => own`select private.new_id() as id`).then(([row]) => row?.id);
      const waits = () => db.owner`
        select from pg_locks where relation = 'private.id_counter'::regclass and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      await expect.poll(waits, { timeout: 10_000 }).toHaveLength(1);
      const [clock] = await sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`;
      return clock?.ms as number;
    });
    expect(timeOf((await taken) as number)).toBeGreaterThanOrEqual(Math.floor(endedMs));
  });

  test("does not reveal how many posts were written in between", async () => {
    const low = async (ms: number) => {
      const [row] = await db.admin`
        select private.new_id('2026-11-23T12:00:00Z'::timestamptz + ${ms} * interval '1 ms') as id
      `;
      return (row?.id as number) % 4096;
    };
    const steps = new Set<number>();
    let before = await low(0);
    for (let ms = 1; ms <= 50; ms++) {
      const next = await low(ms);
      steps.add((next - before + 4096) % 4096);
      before = next;
    }
    // It takes one id each time. A counter without a shift would always step by one.
    expect(steps.size).toBeGreaterThan(25);
  });
});

describe("a post", () => {
  test("is plain text, stored as it came", async () => {
    const content = `<script>alert("no")</script>\n\t& 'quotes' \\ \u202e 🌱 ${"e\u0301"}`;
    const row = await post({ title: "<b>Title</b>", content });
    expect(row).toMatchObject({ title: "<b>Title</b>", content, author_id: alice.id, edited_at: null });
  });

  test("needs no title", async () => {
    expect(await post({ content: "untitled" })).toMatchObject({ title: "" });
  });

  test.each([
    ["title_format", { title: "x".repeat(201), content: "x" }],
    ["title_format", { title: "two\nlines", content: "x" }],
    ["content_length", { content: "" }],
    ["content_length", { content: " \n\t\u3000 " }],
    ["content_length", { content: "x".repeat(10_001) }],
  ])("breaks the rule %s", async (detail, values) => {
    expect(await refusal(post(values))).toMatchObject({ code: "PT400", detail });
    const { id } = await post({ content: "fine" });
    expect(await refusal(edit(id, values))).toMatchObject({ code: "PT400", detail });
  });

  test("may be as long as allowed, counted in characters", async () => {
    await post({ title: "🌱".repeat(200), content: "🌱".repeat(10_000) });
  });

  test("is counted for its author until it is deleted", async () => {
    const dave = await db.signUp("dave");
    const count = async () =>
      (await db.admin`select posts from author_counts where author_id = ${dave.id}`)[0]?.posts;
    await dave.asks((sql) => sql`insert into posts (content) values ('one'), ('two'), ('three')`);
    expect(await count()).toBe(3);
    await dave.asks((sql) => sql`delete from posts where content <> 'two' and author_id = ${dave.id}`);
    expect(await count()).toBe(1);
    await Promise.all(Array.from({ length: 20 }, (_, n) => post({ content: `at once ${n}` }, dave)));
    expect(await count()).toBe(21);
  });
});

describe("an edit", () => {
  test("keeps every earlier version for everybody to read", async () => {
    const first = await post({ title: "One", content: "first" });
    const [second] = await edit(first.id, { content: "second" });
    const [third] = await edit(first.id, { title: "Three", content: "third" });

    expect(third).toMatchObject({ title: "Three", content: "third", created_at: first.created_at });
    expect(await versions(first.id)).toEqual([
      {
        post_id: first.id,
        version: 1,
        title: "One",
        content: "first",
        content_warning: "",
        created_at: first.created_at,
        replaced_at: second?.edited_at,
      },
      {
        post_id: first.id,
        version: 2,
        title: "One",
        content: "second",
        content_warning: "",
        created_at: second?.edited_at,
        replaced_at: third?.edited_at,
      },
    ]);
    expect(third?.edited_at >= second?.edited_at && second?.edited_at >= first.created_at).toBe(true);
  });

  test("without a change makes no version", async () => {
    const row = await post({ title: "Same", content: "same" });
    expect(await edit(row.id, { title: "Same", content: "same" })).toEqual([row]);
    expect(await versions(row.id)).toEqual([]);
  });

  test("loses no version when many come at once", async () => {
    const row = await post({ content: "0" });
    await Promise.all(Array.from({ length: 12 }, (_, n) => edit(row.id, { content: `${n + 1}` })));
    const kept = await versions(row.id);
    const [now] = await db.admin`select content from posts where id = ${row.id}`;
    expect(kept.map((version) => version.version)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    const said = [...kept.map((version) => version.content), now?.content];
    expect(said.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 13 }, (_, n) => n));
    // Each version ends when the next one begins.
    for (const [n, version] of kept.entries()) {
      if (n > 0) expect(version.created_at).toEqual(kept[n - 1]?.replaced_at);
    }
  });

  test("keeps the first version and the newest 50, each with its number", async () => {
    const row = await post({ content: "0" });
    for (let n = 1; n <= 54; n++) await edit(row.id, { content: `${n}` });
    const kept = await versions(row.id);
    const numbers = [1, ...Array.from({ length: 50 }, (_, n) => n + 5)];
    expect(kept.map(({ version }) => version)).toEqual(numbers);
    expect(kept.map(({ content }) => Number(content))).toEqual(numbers.map((n) => n - 1));
  });

  test("keeps nothing when the post is deleted: its versions are deleted too", async () => {
    const row = await post({ content: "regret" });
    await edit(row.id, { content: "less regret" });
    expect(await versions(row.id)).toHaveLength(1);
    await alice.asks((sql) => sql`delete from posts where id = ${row.id}`);
    expect(await versions(row.id)).toEqual([]);
  });
});
