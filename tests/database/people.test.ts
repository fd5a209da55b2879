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
  list: "followers" | "following" | "blocked_people" | "muted_people" | "follow_requests",
  between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const read: string[] = [];
  let before: number | null = null;
  for (let pages = 0; pages < 10; pages++) {
    const rows: { id: number; username: string }[] = await reader.asks((sql) =>
      list !== "followers" && list !== "following"
        ? sql<{ id: number; username: string }[]>`
            select id, (profile).username from ${sql(list)}(before => ${before}, page_size => 2)`
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
  for (const size of [0, 101, 2147483647, null]) {
    for (const page of [
      () => alice.asks((sql) => sql`select from followers(${alice.id}, null, ${size})`),
      () => alice.asks((sql) => sql`select from people_like(${alice.id}, ${size})`),
    ]) {
      expect(await refusal(page())).toMatchObject({ code: "PT400", detail: "page_size_range" });
    }
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

test("the people that alice mutes come page by page, with the end of each mute, and without mutes that ended", async () => {
  const reader = await db.signUp("reader");
  for (const fan of fans) await reader.asks((sql) => sql`insert into mutes (muted_id) values (${fan.id})`);
  expect(await readAll(reader, "muted_people")).toEqual(newestFirst);
  const first = fans[0]?.id as string;
  await reader.asks(
    (sql) => sql`
      insert into mutes (muted_id, muted_until, hides_notifications)
      values (${first}, '2100-01-01Z', false)
      on conflict (muter_id, muted_id)
      do update set muted_until = excluded.muted_until, hides_notifications = excluded.hides_notifications`,
  );
  const [row] = await reader.asks(
    (sql) => sql`select *, (profile).id as person from muted_people() where (profile).id = ${first}`,
  );
  expect(row).toMatchObject({ person: first, is_following: false, hides_notifications: false });
  expect(row?.muted_until).toEqual(new Date("2100-01-01Z"));
  await reader.asks((sql) => sql`update mutes set muted_until = now() where muted_id = ${first}`);
  expect(await readAll(reader, "muted_people")).toEqual(newestFirst.slice(0, 4));
  // A person who blocks the reader is gone for the reader, also from this list.
  await fans[4]?.asks((sql) => sql`insert into blocks (blocked_id) values (${reader.id})`);
  expect(await readAll(reader, "muted_people")).toEqual(["fan_3", "fan_2", "fan_1"]);
  expect((await db.admin`select from mutes where muter_id = ${reader.id}`).count).toBe(5);
});

test("requests to follow come page by page for the person who is asked, and for the person who asks", async () => {
  const [shy, other, asker] = await Promise.all(["shy", "other_shy", "asker"].map((name) => db.signUp(name)));
  for (const person of [shy, other] as Person[])
    await person.asks((sql) => sql`update profiles set is_private = true where id = ${person.id}`);
  for (const fan of fans) await fan.asks((sql) => sql`select follow(${shy?.id as string})`);
  expect(await readAll(shy as Person, "follow_requests")).toEqual(newestFirst);
  const withdraw = () =>
    fans[1]?.asks((sql) => sql`delete from follow_requests where requester_id = ${fans[1]?.id as string}`) ??
    Promise.reject();
  expect(await readAll(shy as Person, "follow_requests", withdraw)).toEqual([
    "fan_4",
    "fan_3",
    "fan_2",
    "fan_0",
  ]);

  for (const person of [shy, other] as Person[]) await asker?.asks((sql) => sql`select follow(${person.id})`);
  const sent = await (asker as Person).asks(
    (sql) => sql`select (profile).username, is_private, is_requested from follow_requests(true)`,
  );
  expect([...sent]).toEqual([
    { username: "other_shy", is_private: true, is_requested: true },
    { username: "shy", is_private: true, is_requested: true },
  ]);
  const [newest] = await (asker as Person).asks((sql) => sql`select id from follow_requests(sent => true)`);
  const newer = await (asker as Person).asks(
    (sql) => sql`select from follow_requests(true, after => ${newest?.id})`,
  );
  expect(newer.count).toBe(0);
});
