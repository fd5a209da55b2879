/** Blocks: each of two people sees a world without the other. */
import type { PendingQuery, Row, TransactionSql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
/** A post by bob, which alice and mallory both like, answer, quote and repost. */
let square: number;
/** A post by alice. */
let hers: number;
/** A public list by carol, with alice and mallory on it. */
let list: string;

const post = async (by: Person, values: Record<string, unknown>): Promise<number> => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};
const makeList = async (by: Person, is_private: boolean): Promise<string> => {
  const [row] = await by.asks(
    (sql) => sql`insert into lists ${sql({ name: "people", is_private })} returning id`,
  );
  return row?.id;
};
const block = (by: Person, { id }: Person) =>
  by.asks((sql) => sql`insert into blocks (blocked_id) values (${id})`);
const unblock = (by: Person, { id }: Person) =>
  by.asks((sql) => sql`delete from blocks where blocked_id = ${id}`);

beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  square = await post(bob, { content: "a square" });
  await post(carol, { content: "@alice meet @mallory" });
  list = await makeList(carol, false);
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  for (const [one, other] of [[alice, mallory] as const, [mallory, alice] as const]) {
    await one.asks(async (sql) => {
      await sql`update profiles set shows_likes = true where id = ${one.id}`;
      await sql`select follow(${other.id}), follow(${carol.id})`;
      await sql`insert into likes (post_id) values (${square})`;
    });
    await carol.asks(async (sql) => {
      await sql`select follow(${one.id})`;
      await sql`insert into list_members values (${list}, ${one.id})`;
    });
    const own = await post(one, { content: `here and there #of_${one.username}` });
    await one.asks(
      (sql) => sql`update posts set content = ${`here #everywhere #of_${one.username}`} where id = ${own}`,
    );
    if (one === alice) hers = own;
    await post(one, { content: "my answer", reply_to_id: square });
    await post(one, { content: "quite so", quote_of_id: square });
    await post(one, { repost_of_id: square });
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** All places where somebody may be found. */
const places = ({ id, username }: Person): Record<string, string> => ({
  profiles: `profiles where id = '${id}'`,
  posts: `posts where author_id = '${id}'`,
  post_versions: `post_versions where content like '%#of_${username}'`,
  post_tags: `post_tags where tag = 'of_${username}'`,
  post_mentions: `post_mentions where profile_id = '${id}'`,
  likes: `likes where user_id = '${id}'`,
  list_members: `list_members where profile_id = '${id}'`,
  follows: `follows where (follower_id, followee_id) in (('${id}', '${carol.id}'), ('${carol.id}', '${id}'))`,
  follow_counts: `follow_counts where profile_id = '${id}'`,
  author_counts: `author_counts where author_id = '${id}'`,
  followers: `followers('${carol.id}') where (profile).id = '${id}'`,
  following: `following('${carol.id}') where (profile).id = '${id}'`,
  profile_feed: `profile_feed('${id}')`,
  profile_replies: `profile_replies('${id}')`,
  profile_likes: `profile_likes('${id}')`,
  public_feed: `public_feed() where ((post).author).id = '${id}'`,
  tag_feed: `tag_feed('everywhere') where ((post).author).id = '${id}'`,
  list_feed: `list_feed('${list}') where '${id}' in (((post).author).id, (reposted_by).id)`,
  home_feed: `home_feed() where '${id}' in (((post).author).id, (reposted_by).id)`,
  mentions: `public_feed() cross join unnest((post).mentions) as m where (m.profile).id = '${id}'`,
  replies: `replies(${square}) where ((post).author).id = '${id}'`,
  quotes: `quotes(${square}) where ((post).author).id = '${id}'`,
  thread: `thread(${square}) where ((post).author).id = '${id}'`,
  search_people: `search_people('${username}') where (profile).id = '${id}'`,
  search_posts: `search_posts('here') where ((post).author).id = '${id}'`,
});
const meets = (one: Person, other: Person) =>
  one.asks(async (sql) => {
    const met: string[] = [];
    for (const [place, rows] of Object.entries(places(other))) {
      if ((await sql.unsafe(`select from ${rows}`)).length > 0) met.push(place);
    }
    return met;
  });
/** The counts of bob's post and of carol's page: 2 of each, for alice and mallory. */
const counts = (viewer: Person) =>
  viewer.asks(async (sql) => [
    ...(await sql`select likes, replies, reposts, quotes from post_counts where post_id = ${square}`),
    ...(await sql`select followers, following from follow_counts where profile_id = ${carol.id}`),
  ]);
const counting = (n: number) => [
  { likes: n, replies: n, reposts: n, quotes: n },
  { followers: n, following: n },
];

test("alice blocks mallory: neither finds the other anywhere or in a count, until she unblocks him", async () => {
  const everywhere = Object.keys(places(alice));
  expect(await meets(alice, mallory)).toEqual(everywhere);
  expect(await meets(mallory, alice)).toEqual(everywhere);

  await block(alice, mallory);
  expect(await meets(alice, mallory)).toEqual([]);
  expect(await meets(mallory, alice)).toEqual([]);
  for (const one of [alice, mallory]) expect(await counts(one)).toEqual(counting(1));
  for (const one of [bob, carol]) expect(await counts(one)).toEqual(counting(2));

  await unblock(alice, mallory);
  // Their follows of each other have ended.
  const rest = everywhere.filter((place) => place !== "home_feed");
  expect(await meets(alice, mallory)).toEqual(rest);
  expect(await meets(mallory, alice)).toEqual(rest);
  for (const one of [alice, mallory]) expect(await counts(one)).toEqual(counting(2));
  expect(await differences(db.admin)).toEqual({});
});

test("a block ends the follow requests between the two", async () => {
  const [erin, frank] = [await db.signUp("erin"), await db.signUp("frank")];
  await db.admin`update profiles set is_private = true where id in (${erin.id}, ${frank.id})`;
  await erin.asks((sql) => sql`select follow(${frank.id})`);
  await frank.asks((sql) => sql`select follow(${erin.id})`);
  expect(await db.admin`select from follow_requests`).toHaveLength(2);
  await block(erin, frank);
  expect(await db.admin`select from follow_requests`).toHaveLength(0);
});

test("nobody can block themselves", async () => {
  expect(await refusal(block(bob, bob))).toMatchObject({ code: "PT400", detail: "block_yourself" });
});

describe("while alice blocks mallory", () => {
  /** Somebody who deleted their account. Before, mallory did the same with them as with alice. */
  let gone: Person;
  let lost: number;
  let ownList: string;
  beforeAll(async () => {
    gone = await db.signUp("gone");
    lost = await post(gone, { content: "soon gone" });
    ownList = await makeList(mallory, true);
    await mallory.asks(async (sql) => {
      await sql`insert into mutes (muted_id) values (${alice.id}), (${gone.id})`;
      await sql`insert into bookmarks (post_id) values (${hers}), (${lost})`;
      await sql`insert into likes (post_id) values (${hers}), (${lost})`;
      await sql`insert into list_members values (${ownList}, ${alice.id}), (${ownList}, ${gone.id})`;
    });
    await db.admin`delete from auth.users where id = ${gone.id}`;
    await block(alice, mallory);
  });

  interface Target {
    id: string;
    post: number;
    list: string;
  }
  type Write = (sql: TransactionSql, target: Target) => PendingQuery<Row[]>;
  const writes: Record<string, Write> = {
    follow: (sql, { id }) => sql`select follow(${id})`,
    "a follow": (sql, { id }) => sql`insert into follows (followee_id) values (${id})`,
    "a request": (sql, { id }) => sql`insert into follow_requests (target_id) values (${id})`,
    "a block": (sql, { id }) => sql`insert into blocks (blocked_id) values (${id})`,
    "a mute": (sql, { id }) => sql`insert into mutes (muted_id) values (${id})`,
    "a place on his list": (sql, { id, list }) => sql`insert into list_members values (${list}, ${id})`,
    "a like": (sql, { post }) => sql`insert into likes (post_id) values (${post})`,
    "a bookmark": (sql, { post }) => sql`insert into bookmarks (post_id) values (${post})`,
    "a reply": (sql, { post }) => sql`insert into posts (content, reply_to_id) values ('hm', ${post})`,
    "a quote": (sql, { post }) => sql`insert into posts (content, quote_of_id) values ('hm', ${post})`,
    "a repost": (sql, { post }) => sql`insert into posts (repost_of_id) values (${post})`,
  };

  test.each(Object.entries(writes))(
    "%s is refused in the same words as for a deleted account",
    async (name, write) => {
      const ofAlice = { id: alice.id, post: hers, list: ownList };
      const ofGone = { id: gone.id, post: lost, list: ownList };
      const [told, toldOfGone] = [
        await refusal(mallory.asks((sql) => write(sql, ofAlice))),
        await refusal(mallory.asks((sql) => write(sql, ofGone))),
      ];
      expect(told.code).toBe("PT404");
      for (const part of ["code", "message", "detail", "hint"] as const) {
        expect(told[part]).toBe(toldOfGone[part]);
      }
      // A newcomer may do it. Only a follow request is refused, because her account is public.
      const newcomer = await db.signUp(`new_${Object.keys(writes).indexOf(name)}`);
      const theirs = { ...ofAlice, list: await makeList(newcomer, true) };
      const code = await newcomer
        .asks((sql) => write(sql, theirs))
        .then(
          () => "done",
          ({ detail }) => detail,
        );
      expect(code).toBe(name === "a request" ? "follow_needs_no_request" : "done");
    },
  );

  test("mallory does not find his mute, bookmark, like and list member of her, until she unblocks him", async () => {
    const kept = () =>
      mallory.asks(
        (sql) => sql`
          select 'mute' from mutes
          union all select 'bookmark' from bookmarks
          union all select 'like' from likes where post_id = ${hers}
          union all select 'list' from list_members where list_id = ${ownList}`,
      );
    expect(await kept()).toHaveLength(0);
    await unblock(alice, mallory);
    expect(await kept()).toHaveLength(4);
    await block(alice, mallory);
  });

  test.each([
    ["mutes", "update mutes set muted_until = null"],
    ["mutes", "delete from mutes"],
    ["bookmarks", "delete from bookmarks"],
    ["likes where user_id = auth.uid()", "delete from likes"],
    [
      "list_members where list_id in (select id from lists where owner_id = auth.uid())",
      "delete from list_members",
    ],
  ])("on %s, “%s” finds no more rows than he reads", async (readable, write) => {
    const undone = mallory.asks(async (sql) => {
      const [read, written] = [await sql.unsafe(`select from ${readable}`), await sql.unsafe(write)];
      throw new Error(`${written.count - read.count} more`);
    });
    await expect(undone).rejects.toThrow("0 more");
  });

  test("her name stays taken, although he does not find her page", async () => {
    const ask = (who: Person) =>
      who.asks(
        (sql) => sql`select (select username from profile('alice')), (username_available('alice')).available`,
      );
    expect(await ask(mallory)).toEqual([{ username: null, available: false }]);
    expect(await ask(carol)).toEqual([{ username: "alice", available: false }]);
  });

  test("she finds him in the list of people she blocks, and finds his page without counts", async () => {
    const blocked = (who: Person) => who.asks((sql) => sql`select (profile).username from blocked_people()`);
    expect(await blocked(alice)).toEqual([{ username: "mallory" }]);
    expect(await blocked(mallory)).toEqual([]);
    const page = async (who: Person) => (await who.asks((sql) => sql`select * from profile('Mallory')`))[0];
    const hidden = { is_blocked: true, followers: null, following: null, posts: null };
    expect(await page(alice)).toMatchObject({ id: mallory.id, ...hidden });
    expect(await page(bob)).toMatchObject({ is_blocked: false, followers: 1, following: 1, posts: 3 });
  });

  test("her own block is hidden from her as long as he blocks her too", async () => {
    const seen = () =>
      alice.asks(
        (sql) => sql`
          select from blocks union all select from blocked_people() union all select from profile('mallory')`,
      );
    expect(await seen()).toHaveLength(3);
    // This happens when both block at the same moment. Later, he cannot block her.
    await db.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`insert into blocks (blocker_id, blocked_id) values (${mallory.id}, ${alice.id})`;
    });
    expect(await seen()).toHaveLength(0);
    // To block him again is answered as if his account were deleted.
    expect(await refusal(block(alice, mallory))).toMatchObject({
      code: "PT404",
      detail: "profile_not_found",
    });
    await db.admin`delete from blocks where blocker_id = ${mallory.id}`;
    expect(await seen()).toHaveLength(3);
  });
});
