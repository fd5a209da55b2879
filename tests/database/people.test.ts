/** Lists of people have pages by a cursor, newest first, also when rows are added or deleted in between. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let fans: Person[];
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
  fans = [];
  for (let n = 0; n < 5; n++) fans.push(await db.signUp(`fan_${n}`));
  for (const fan of fans) {
    await fan.asks((sql) => sql`select follow(${alice.id})`);
    await alice.asks((sql) => sql`select follow(${fan.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Reads every page of two people, and does something between the first page and the second. */
async function readAll(
  reader: Person,
  list: "followers" | "following" | "blocked_people",
  between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const read: string[] = [];
  let before: number | null = null;
  for (let pages = 0; pages < 10; pages++) {
    const rows: { id: number; username: string }[] = await reader.asks((sql) =>
      list === "blocked_people"
        ? sql<{ id: number; username: string }[]>`
            select id, (profile).username from blocked_people(${before}, 2)`
        : sql<{ id: number; username: string }[]>`
            select id, (profile).username from ${sql(list)}(${alice.id}, ${before}, 2)`,
    );
    expect(rows.length).toBeLessThanOrEqual(2);
    read.push(...rows.map(({ username }) => username));
    if (rows.length < 2) return read;
    before = rows.at(-1)?.id ?? null;
    if (pages === 0) await between();
  }
  throw new Error("it never ends");
}

const newestFirst = ["fan_4", "fan_3", "fan_2", "fan_1", "fan_0"];

test("alice's followers and the people she follows come page by page, newest first, each once", async () => {
  expect(await readAll(fans[0] as Person, "followers")).toEqual(newestFirst);
  expect(await readAll(fans[0] as Person, "following")).toEqual(newestFirst);
});

test("a new follower comes at the next read from the top, and a follower who deletes their account is gone", async () => {
  const late = await db.signUp("late");
  const between = async () => {
    await late.asks((sql) => sql`select follow(${alice.id})`);
    await alice.asks((sql) => sql`select remove_follower(${fans[1]?.id as string})`);
  };
  expect(await readAll(alice, "followers", between)).toEqual(["fan_4", "fan_3", "fan_2", "fan_0"]);
  expect(await readAll(alice, "followers")).toEqual(["late", "fan_4", "fan_3", "fan_2", "fan_0"]);
});

test("only alice reads the people she blocks, page by page", async () => {
  const blocked = [];
  for (let n = 0; n < 3; n++) blocked.push(await db.signUp(`blocked_${n}`));
  for (const { id } of blocked)
    await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${id})`);
  expect(await readAll(alice, "blocked_people")).toEqual(["blocked_2", "blocked_1", "blocked_0"]);
  expect(await readAll(fans[0] as Person, "blocked_people")).toEqual([]);
});

test("a page has 1 to 100 people", async () => {
  for (const size of [0, 101, null]) {
    const refused = await refusal(
      alice.asks((sql) => sql`select from followers(${alice.id}, null, ${size})`),
    );
    expect(refused).toMatchObject({ code: "PT400", detail: "page_size_range" });
  }
});

test("a reader asks for the rows that are newer than the first row of a page", async () => {
  const ids = async (call: string) =>
    (await alice.asks((sql) => sql.unsafe(`select id from ${call}`))).map((row) => row.id as number);
  for (const fan of fans)
    await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${fan.id}) on conflict do nothing`);
  const rows = await ids("blocked_people()");
  expect(rows.length).toBeGreaterThanOrEqual(5);
  expect(await ids(`blocked_people(after => ${rows[2]})`)).toEqual(rows.slice(0, 2));
  for (const list of ["followers", "following"]) {
    for (let n = 0; n < 3; n++) {
      const name = `${list}_${n}`;
      const one = await db.signUp(name);
      const [by, to] = list === "followers" ? [one, alice] : [alice, one];
      await by.asks((sql) => sql`select follow(${to.id})`);
    }
    const all = await ids(`${list}('${alice.id}')`);
    expect(all.length).toBeGreaterThanOrEqual(3);
    expect(await ids(`${list}(username => 'alice', after => ${all[2]})`)).toEqual(all.slice(0, 2));
    expect(await ids(`${list}('${alice.id}', before => ${all[0]}, after => ${all[2]})`)).toEqual([all[1]]);
  }
});
