/**
 * What a page of suggestions reads does not depend on what the tables hold, or who filled them: bob follows 10,000
 * people, everybody follows carol and bob, mallory wrote 10,000 posts that nobody sees, and dave blocks 3,000 people.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import { giveList, type Kind, kinds, peopleLike, suggestionsOf } from "./suggestion-claims.ts";

let db: Database;
let bob: Person;
let carol: Person;
let dave: Person;
let mallory: Person;
/** People of the crowd. Bob does not follow them. */
let others: Person[];
const crowd = 12_000;
beforeAll(async () => {
  db = await createDatabase();
  [bob, carol, dave, mallory] = [
    await db.signUp("bob"),
    await db.signUp("carol"),
    await db.signUp("dave"),
    await db.signUp("mallory"),
  ];
  const made = await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    const rows = await sql`
      with made as (
        insert into auth.users (id, email, email_confirmed_at)
        select gen_random_uuid(), 'crowd_' || n || '@example.com', now() from generate_series(1, ${crowd}) as n
        returning id, split_part(email, '@', 1) as username
      )
      insert into profiles (id, username)
      select id, username from made
      returning id, username, substring(username from 7)::int as number`;
    const all = { bob: bob.id, carol: carol.id, dave: dave.id, mallory: mallory.id };
    await sql`insert into private.trust (profile_id) select id from profiles`;
    await sql`
      insert into follows (follower_id, followee_id, id)
      select profiles.id, target.id, row_number() over ()
      from profiles cross join unnest(${Object.values(all)}::uuid[]) as target (id)
      where profiles.username like 'crowd%'`;
    await sql`
      insert into follows (follower_id, followee_id, id)
      select ${bob.id}, profiles.id, 1000000 + row_number() over ()
      from profiles
      where profiles.username like 'crowd%' and substring(username from 7)::int <= 10000`;
    // Everybody in the crowd follows 20 others.
    await sql`
      insert into follows (follower_id, followee_id, id)
      select one.id, other.id, 2000000 + row_number() over ()
      from profiles as one
      cross join generate_series(1, 20) as step
      join profiles as other
        on other.username = 'crowd_' || (1 + (substring(one.username from 7)::int * 7 + step * 601) % ${crowd})
      where one.username like 'crowd%' and one.id <> other.id
      on conflict do nothing`;
    await sql`
      insert into posts (id, author_id, content, audience)
      select private.new_id(now() - n * interval '1 minute'), ${mallory.id}, '#tea', 'mentioned'
      from generate_series(1, 10000) as n`;
    await sql`insert into post_tags (post_id, tag) select id, 'tea' from posts`;
    await sql`
      insert into posts (id, author_id, content, is_open)
      select private.new_id(now() - row_number() over () * interval '1 second'), id, 'Hello', true
      from profiles where username like 'crowd%'`;
    await sql`insert into tag_follows (user_id, tag) values (${bob.id}, 'tea'), (${dave.id}, 'tea')`;
    await sql`
      insert into blocks (blocker_id, blocked_id)
      select ${dave.id}, profiles.id from profiles
      where profiles.username like 'crowd%' and substring(username from 7)::int between 4001 and 7000`;
    await sql`
      insert into private.follow_counts
      select profiles.id, (select count(*) from follows where followee_id = profiles.id), 0 from profiles
      on conflict (profile_id) do update set followers = excluded.followers`;
    return rows;
  });
  await db.admin`analyze`;
  others = made
    .filter(({ number }) => number > 11_900)
    .map(({ id, username }) => ({ id, username, asks: db.as("authenticated", id) }));
}, 120_000);
afterAll(() => db?.[Symbol.asyncDispose]());

/** How many pages of tables and indexes a call reads. */
async function pagesRead(who: Person, call: string): Promise<number> {
  return who.asks(async (sql) => {
    // The second time, catalogs are known and plans are made.
    await sql.unsafe(`select from ${call}`);
    const [row] = await sql.unsafe(`explain (analyze, buffers, format json) select * from ${call}`);
    const plan = row?.["QUERY PLAN"][0].Plan;
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  });
}

/** 60 people, all by one source. */
const listOf = (kind: Kind): [Person, Kind][] => others.slice(0, 60).map((one) => [one, kind]);

test.each(kinds.slice(0, 7))("a list of 60 people, all %s, for somebody who follows 10,000", async (kind) => {
  await giveList(db, bob, listOf(kind));
  const pages = await pagesRead(bob, "suggestions(10)");
  // 60 people, with 200 followees or followers of the viewer each, and three pages to find a follow or none.
  expect(pages).toBeLessThan(60 * 200 * 3.5);
  console.log(`${kind}: ${pages} pages, ${(await suggestionsOf(bob)).length} rows`);
});

test("a candidate that everybody follows, and one who wrote 10,000 posts that nobody sees", async () => {
  await giveList(db, others[0] as Person, [
    [carol, "followed_by"],
    [mallory, "writes_about"],
    [dave, "followed_alongside"],
  ]);
  expect(await pagesRead(others[0] as Person, "suggestions(10)")).toBeLessThan(10_000);
});

test("somebody without a list, who blocks 3,000 people", async () => {
  await db.owner`select private.refresh_suggestion_pools()`;
  const pages = await pagesRead(dave, "suggestions(10)");
  console.log(`no list: ${pages} pages`);
  expect(await suggestionsOf(dave)).toHaveLength(10);
  expect(pages).toBeLessThan(10_000);
});

test("people like somebody that everybody follows", async () => {
  const pages = await pagesRead(bob, `people_like('${carol.id}')`);
  console.log(`people like carol: ${pages} pages`);
  expect((await peopleLike(bob.asks, carol)).length).toBeGreaterThan(0);
  expect(pages).toBeLessThan(20_000);
});
