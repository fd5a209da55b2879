/** Mutes: bob's feeds without alice, who does not find out. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let list: string;
let question: number;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol"].map((name) => db.signUp(name)));
  [alice, bob, carol] = people as [Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id}), follow(${carol.id})`);
  const [made] = await bob.asks((sql) => sql`insert into lists (name) values ('people') returning id`);
  list = made?.id;
  await bob.asks(
    (sql) => sql`insert into list_members values (${list}, ${alice.id}), (${list}, ${carol.id})`,
  );
  const [asked] = await bob.asks((sql) => sql`insert into posts (content) values ('who?') returning id`);
  question = asked?.id;
  const [own] = await alice.asks((sql) => sql`insert into posts (content) values ('news #day') returning id`);
  await alice.asks((sql) => sql`insert into posts (content, reply_to_id) values ('me', ${question})`);
  await alice.asks((sql) => sql`insert into posts (repost_of_id) values (${question})`);
  await carol.asks((sql) => sql`insert into posts (repost_of_id) values (${own?.id})`);
  await carol.asks((sql) => sql`insert into posts (content, reply_to_id) values ('oh', ${own?.id})`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const feeds = ["home_feed()", "public_feed()", "tag_feed('day')", "list_feed"];
/** The feeds in which bob finds alice, as an author or by a repost, or in which carol answers her. */
const meets = () =>
  bob.asks(async (sql) => {
    const met: string[] = [];
    for (const feed of feeds) {
      const call = feed === "list_feed" ? `list_feed('${list}')` : feed;
      const rows = await sql.unsafe(
        `select from ${call} where $1 in (((post).author).id, (reposted_by).id, (reply_to).id)`,
        [alice.id],
      );
      if (rows.length > 0) met.push(feed);
    }
    return met;
  });
const mute = (until: string | null) =>
  bob.asks(
    (sql) => sql`
      insert into mutes (muted_id, muted_until) values (${alice.id}, now() + ${until}::interval)
      on conflict (muter_id, muted_id) do update set muted_until = excluded.muted_until`,
  );
const unmute = () => bob.asks((sql) => sql`delete from mutes where muted_id = ${alice.id}`);

test("nothing is left of a mute that is over", async () => {
  const [one, other] = [await db.signUp("one"), await db.signUp("other")];
  const ends = () => db.admin`select muted_until from private.mute_ends where muter_id = ${one.id}`;
  const mute = () =>
    one.asks((sql) => sql`insert into mutes (muted_id, muted_until) values (${other.id}, '2099-01-01')`);
  await mute();
  expect(await ends()).toHaveLength(1);
  await one.asks((sql) => sql`update mutes set muted_until = null`);
  expect(await ends()).toHaveLength(0);
  await one.asks((sql) => sql`delete from mutes`);
  await mute();
  expect(await ends()).toHaveLength(1);
  await db.admin`delete from auth.users where id = ${other.id}`;
  expect(await ends()).toHaveLength(0);
});

test("bob mutes alice, and his feeds are without her: until he deletes the mute, or until a time", async () => {
  expect(await meets()).toEqual(feeds);
  await mute(null);
  expect(await meets()).toEqual([]);
  await mute("1 hour");
  expect(await meets()).toEqual([]);
  await mute("-1 second");
  expect(await meets()).toEqual(feeds);
  await mute(null);
  await unmute();
  expect(await meets()).toEqual(feeds);
});

test("bob mutes alice and still finds her wherever he looks for her", async () => {
  const looks = () =>
    bob.asks(async (sql) => [
      await sql`select username, followers, posts from profile('alice')`,
      await sql`select id from profile_feed(${alice.id})`,
      await sql`select id from profile_replies(${alice.id})`,
      await sql`select id from thread(${question})`,
      await sql`select id from replies(${question})`,
      await sql`select id from search_posts('news')`,
      await sql`select id from search_people('alice')`,
      await sql`select post_id, replies, reposts from post_counts order by post_id`,
    ]);
  const before = await looks();
  for (const rows of before) expect(rows).not.toHaveLength(0);
  await mute(null);
  expect(await looks()).toEqual(before);
});

test("alice does not find out, and bob sees on her page how long he mutes her", async () => {
  await mute("1 hour");
  const [page] = await bob.asks((sql) => sql`select is_muted, muted_until from profile('alice')`);
  expect(page).toEqual({ is_muted: true, muted_until: expect.any(Date) });
  expect(await bob.asks((sql) => sql`select from mutes`)).toHaveLength(1);
  for (const who of [alice, carol]) expect(await who.asks((sql) => sql`select from mutes`)).toHaveLength(0);
  const [hers] = await alice.asks((sql) => sql`select * from profile('bob')`);
  expect(hers).toMatchObject({ follows_you: true, is_muted: false, is_blocked: false });
  await mute("-1 second");
  const [over] = await bob.asks((sql) => sql`select is_muted, muted_until from profile('alice')`);
  expect(over).toEqual({ is_muted: false, muted_until: null });
});

test("posts for followers with a tag are left out too: those of a muted person, and quotes of them", async () => {
  await unmute();
  const [open] = await alice.asks((sql) => sql`insert into posts (content) values ('open') returning id`);
  await alice.asks((sql) => sql`insert into posts (content, audience) values ('#dusk', 'followers')`);
  await carol.asks(
    (sql) => sql`
      insert into posts (content, audience, quote_of_id) values ('#dusk', 'followers', ${open?.id})`,
  );
  const found = () => bob.asks((sql) => sql`select id from tag_feed('dusk')`);
  expect(await found()).toHaveLength(2);
  await mute(null);
  expect(await found()).toHaveLength(0);
  await unmute();
});

test("a mute is not moved to somebody who is hidden, or to an account that is gone", async () => {
  const [muter, muted, hidden] = [
    await db.signUp("muter"),
    await db.signUp("muted"),
    await db.signUp("hidden"),
  ];
  await muter.asks((sql) => sql`insert into mutes (muted_id) values (${muted.id})`);
  await hidden.asks((sql) => sql`insert into blocks (blocked_id) values (${muter.id})`);
  for (const id of [hidden.id, randomUUID()]) {
    const moved = muter.asks((sql) => sql`update mutes set muted_id = ${id}`);
    expect(await refusal(moved)).toMatchObject({ code: "PT404", detail: "profile_not_found" });
  }
});

test("bob cannot mute himself, and cannot mute in alice's name", async () => {
  const himself = bob.asks((sql) => sql`insert into mutes (muted_id) values (${bob.id})`);
  expect(await refusal(himself)).toMatchObject({ code: "PT400", detail: "mute_yourself" });
  const forged = bob.asks(
    (sql) => sql`insert into mutes (muter_id, muted_id) values (${alice.id}, ${carol.id})`,
  );
  expect(await refusal(forged)).toMatchObject({ code: "42501" });
});
