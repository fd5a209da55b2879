/** Private accounts: how others become followers, and what only followers see. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  await turn(alice, true);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const turn = (who: Person, isPrivate: boolean) =>
  who.asks((sql) => sql`update profiles set is_private = ${isPrivate} where id = ${who.id}`);
/** Calls a function with somebody's id. */
const call = async (who: Person, name: string, whom: Person) => {
  const [row] = await who.asks((sql) => sql.unsafe(`select ${name}($1) as answer`, [whom.id]));
  return row?.answer;
};
const follows = async (who: Person, whom: Person) =>
  (await db.admin`select from follows where (follower_id, followee_id) = (${who.id}, ${whom.id})`).length ===
  1;
const requests = () => db.admin`
  select requester.username as asks, target.username as of
  from follow_requests
  join profiles as requester on requester.id = requester_id
  join profiles as target on target.id = target_id`;
const post = async (by: Person, values: Record<string, unknown>): Promise<number> => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};

describe("carol asks alice, whose account is private", () => {
  test("and follows her after alice accepts, until alice removes her", async () => {
    expect(await call(carol, "follow", alice)).toBe("requested");
    expect(await call(carol, "follow", alice)).toBe("requested");
    expect(await requests()).toEqual([{ asks: "carol", of: "alice" }]);
    expect(await follows(carol, alice)).toBe(false);

    expect(await call(alice, "accept_follow_request", carol)).toBe(true);
    expect(await requests()).toEqual([]);
    expect(await follows(carol, alice)).toBe(true);
    expect(await call(carol, "follow", alice)).toBe("following");

    expect(await call(alice, "remove_follower", carol)).toBe(true);
    expect(await call(alice, "remove_follower", carol)).toBe(false);
    expect(await follows(carol, alice)).toBe(false);
  });

  test("and may ask again after alice declines", async () => {
    await call(carol, "follow", alice);
    expect(await call(alice, "decline_follow_request", carol)).toBe(true);
    expect(await call(alice, "decline_follow_request", carol)).toBe(false);
    expect(await follows(carol, alice)).toBe(false);
    expect(await call(carol, "follow", alice)).toBe("requested");
  });

  test("and takes the request back; then alice has nothing to accept", async () => {
    await call(carol, "follow", alice);
    await carol.asks((sql) => sql`delete from follow_requests where target_id = ${alice.id}`);
    expect(await requests()).toEqual([]);
    expect(await call(alice, "accept_follow_request", carol)).toBe(false);
    expect(await follows(carol, alice)).toBe(false);
  });

  test("and only the two see the request, and only alice answers it", async () => {
    await call(carol, "follow", alice);
    const read = (who: Person) => who.asks((sql) => sql`select from follow_requests`);
    expect(await read(carol)).toHaveLength(1);
    expect(await read(alice)).toHaveLength(1);
    expect(await read(bob)).toHaveLength(0);
    const page = async (who: Person, name: string) =>
      (await who.asks((sql) => sql`select is_requested, requests_you from profile(${name})`))[0];
    expect(await page(carol, "alice")).toEqual({ is_requested: true, requests_you: false });
    expect(await page(alice, "carol")).toEqual({ is_requested: false, requests_you: true });

    for (const who of [bob, carol]) expect(await call(who, "accept_follow_request", carol)).toBe(false);
    expect(await follows(carol, alice)).toBe(false);
    await call(alice, "decline_follow_request", carol);
  });

  test.each([
    ["follow_needs_request", "follows (followee_id)", "alice"],
    ["follow_yourself", "follow_requests (target_id)", "carol"],
    ["follow_needs_no_request", "follow_requests (target_id)", "bob"],
    ["profile_not_found", "follow_requests (target_id)", "nobody"],
  ])("%s: into %s of %s", async (detail, into, of) => {
    const insert = carol.asks((sql) =>
      sql.unsafe(
        `insert into ${into} select coalesce((select id from profiles where username = $1), gen_random_uuid())`,
        [of],
      ),
    );
    expect(await refusal(insert)).toMatchObject({ detail });
    await carol.asks((sql) => sql`insert into follow_requests (target_id) values (${alice.id})`);
    expect(await requests()).toEqual([{ asks: "carol", of: "alice" }]);
    await carol.asks((sql) => sql`delete from follow_requests where target_id = ${alice.id}`);
  });

  test("and bob, who follows her already, cannot ask", async () => {
    const asking = bob.asks((sql) => sql`insert into follow_requests (target_id) values (${alice.id})`);
    expect(await refusal(asking)).toMatchObject({ code: "PT409", detail: "already_following" });
    expect(await call(bob, "follow", alice)).toBe("following");
  });

  test("and follows her when alice becomes public", async () => {
    const [erin, frank] = [await db.signUp("erin"), await db.signUp("frank")];
    await turn(erin, true);
    await call(carol, "follow", erin);
    await call(frank, "follow", erin);
    await turn(erin, false);
    expect(await requests()).toEqual([]);
    expect([await follows(carol, erin), await follows(frank, erin)]).toEqual([true, true]);
    expect(await differences(db.admin)).toEqual({});
  });
});

describe("while alice's account is private", () => {
  let bobs: number;
  let hers: number;
  beforeAll(async () => {
    bobs = await post(bob, { content: "what do you grow?" });
    hers = await post(alice, { content: "tomatoes #garden", reply_to_id: bobs });
    await post(alice, { content: "a quote", quote_of_id: bobs });
    await post(alice, { repost_of_id: bobs });
    await alice.asks((sql) => sql`select follow(${bob.id})`);
    await alice.asks((sql) => sql`update profiles set shows_likes = true where id = ${alice.id}`);
    await alice.asks((sql) => sql`insert into likes (post_id) values (${bobs})`);
    await alice.asks((sql) => sql`insert into lists (name, is_private) values ('gardeners', false)`);
  });

  const places = () => ({
    posts: `posts where author_id = '${alice.id}'`,
    tags: "post_tags where tag = 'garden'",
    follows: `follows where follower_id = '${alice.id}' or followee_id = '${alice.id}'`,
    likes: "likes",
    lists: "lists",
    page: `author_counts where author_id = '${alice.id}' and posts is not null`,
    followers: `followers('${bob.id}') where (profile).id = '${alice.id}'`,
    profile_feed: `profile_feed('${alice.id}')`,
    profile_replies: `profile_replies('${alice.id}')`,
    profile_likes: `profile_likes('${alice.id}')`,
    tag_feed: "tag_feed('garden')",
    search: "search_posts('tomatoes')",
    thread: `thread(${bobs}) where id = ${hers}`,
    itself: `thread(${hers})`,
    replies: `replies(${bobs})`,
    quotes: `quotes(${bobs})`,
  });
  const finds = async (who: Person["asks"]) => {
    const found: string[] = [];
    for (const [place, rows] of Object.entries(places())) {
      if ((await who((sql) => sql.unsafe(`select from ${rows}`))).length > 0) found.push(place);
    }
    return found;
  };
  const counts = async (who: Person["asks"]) =>
    (await who((sql) => sql`select replies, quotes, reposts from post_counts where post_id = ${bobs}`))[0];
  const anyone = () => [carol.asks, mallory.asks, db.as("anon")];
  const counted = { replies: 1, quotes: 1, reposts: 1 };
  const notCounted = { replies: 0, quotes: 0, reposts: 0 };

  test("bob finds everything she does, and nobody else finds it", async () => {
    for (const who of [alice.asks, bob.asks]) expect(await finds(who)).toEqual(Object.keys(places()));
    for (const who of anyone()) expect(await finds(who)).toEqual([]);
  });

  test("the counts of bob's post include it only for him, also after alice was public for a while", async () => {
    const isClosed = async () => {
      for (const who of [alice.asks, bob.asks]) expect(await counts(who)).toEqual(counted);
      for (const who of anyone()) expect(await counts(who)).toEqual(notCounted);
    };
    await isClosed();
    await turn(alice, false);
    for (const who of [carol.asks, db.as("anon")]) expect(await counts(who)).toEqual(counted);
    expect(await counts(mallory.asks)).toEqual(notCounted);
    expect(await differences(db.admin)).toEqual({});
    await turn(alice, true);
    await isClosed();
    expect(await differences(db.admin)).toEqual({});
  });

  test("everybody except mallory sees her profile and how many people follow her", async () => {
    const page = (who: Person) =>
      who.asks((sql) => sql`select is_private, followers, following, posts from profile('alice')`);
    expect(await page(carol)).toEqual([{ is_private: true, followers: 1, following: 1, posts: null }]);
    expect(await page(bob)).toEqual([{ is_private: true, followers: 1, following: 1, posts: 2 }]);
    expect(await page(mallory)).toEqual([]);
    const found = (who: Person) => who.asks((sql) => sql`select from search_people('alice')`);
    expect(await found(carol)).toHaveLength(1);
    expect(await found(mallory)).toHaveLength(0);
  });

  test("a person she names in a post for mentioned people reads that post, and answers it", async () => {
    const addressed = await post(alice, { content: "for @carol and @mallory", audience: "mentioned" });
    const read = (who: Person) => who.asks((sql) => sql`select id from posts where author_id = ${alice.id}`);
    expect(await read(carol)).toEqual([{ id: addressed }]);
    expect(await read(mallory)).toEqual([]);
    const answer = await post(carol, { content: "thanks", reply_to_id: addressed });
    expect(await alice.asks((sql) => sql`select id from replies(${addressed})`)).toEqual([{ id: answer }]);
  });

  test("carol gets the same refusals as for things that do not exist", async () => {
    for (const insert of [
      `likes (post_id) values (${hers})`,
      `bookmarks (post_id) values (${hers})`,
      `posts (content, reply_to_id) values ('and me?', ${hers})`,
      `posts (content, quote_of_id) values ('look', ${hers})`,
    ]) {
      const refused = await refusal(carol.asks((sql) => sql.unsafe(`insert into ${insert}`)));
      expect(refused).toMatchObject({ code: "PT404", detail: "post_not_found" });
    }
    await bob.asks((sql) => sql`insert into likes (post_id) values (${hers})`);
    const quoting = await refusal(post(bob, { content: "look", quote_of_id: hers }));
    expect(quoting).toMatchObject({ code: "PT403", detail: "post_not_open" });
  });
});
