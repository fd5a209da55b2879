/** explain_visibility says which rule decides. It reveals no more than the post itself would. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
/** By name: alice is public and erin is private. Bob follows both, carol follows neither, and both block mallory. */
let people: Record<string, Person>;
const viewers = ["alice", "bob", "carol", "mallory", "erin", "anon"];
/** By name, such as `alice everyone`. There are also reposts of some of them by others. */
const posts: Record<string, number> = {};

const asks = (name: string) => people[name]?.asks ?? db.as("anon");
const write = async (by: string, values: Record<string, unknown>): Promise<number> => {
  const [row] = await asks(by)((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};
const explain = async (name: string, id: number) => {
  const [row] = await asks(name)(
    (sql) => sql`select visible, rule, explanation from explain_visibility(${id})`,
  );
  return row as { visible: boolean; rule: string; explanation: string };
};

beforeAll(async () => {
  db = await createDatabase();
  people = Object.fromEntries(
    await Promise.all(viewers.slice(0, 5).map(async (name) => [name, await db.signUp(name)] as const)),
  );
  for (const author of ["alice", "erin"]) {
    await asks("bob")((sql) => sql`select follow(${people[author]?.id as string})`);
    for (const audience of ["everyone", "followers"]) {
      posts[`${author} ${audience}`] = await write(author, { content: "hello", audience });
    }
    posts[`${author} mentioned`] = await write(author, { content: "hello @carol", audience: "mentioned" });
  }
  posts["erin reposts"] = await write("erin", { repost_of_id: posts["alice everyone"] });
  posts["carol reposts"] = await write("carol", { repost_of_id: posts["alice everyone"] });
  posts["alice reposts"] = await write("alice", { repost_of_id: posts["alice followers"] });
  for (const author of ["alice", "erin"]) {
    await asks(author)(
      (sql) => sql`insert into blocks (blocked_id) values (${people.mallory?.id as string})`,
    );
  }
  await asks("erin")((sql) => sql`update profiles set is_private = true where username = 'erin'`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const grid: [post: string, ...rules: string[]][] = [
  ["alice everyone", "own", "everyone", "everyone", "not_found", "everyone", "everyone"],
  ["alice followers", "own", "follower", "followers_only", "not_found", "followers_only", "followers_only"],
  ["alice mentioned", "own", "mentioned_only", "mentioned", "not_found", "mentioned_only", "mentioned_only"],
  ["erin everyone", "private_account", "follower", "private_account", "not_found", "own", "private_account"],
  ["erin followers", "private_account", "follower", "private_account", "not_found", "own", "private_account"],
  ["erin mentioned", "mentioned_only", "mentioned_only", "mentioned", "not_found", "own", "mentioned_only"],
  ["carol reposts", "own", "everyone", "everyone", "not_found", "everyone", "everyone"],
  [
    "erin reposts",
    "private_account",
    "everyone",
    "private_account",
    "not_found",
    "everyone",
    "private_account",
  ],
  ["alice reposts", "own", "follower", "not_found", "not_found", "not_found", "not_found"],
];

test.each(grid)("%s is explained to alice, bob, carol, mallory, erin and anon", async (post, ...rules) => {
  const found = await Promise.all(viewers.map((name) => explain(name, posts[post] as number)));
  expect(found.map(({ rule }) => rule)).toEqual(rules);
});

describe("after every change", () => {
  const visible = new Set(["own", "everyone", "follower", "mentioned"]);
  /** For each viewer and post: visible in the explanation means that the viewer reads the post. */
  const agree = async () => {
    for (const name of viewers) {
      const read = await asks(name)((sql) => sql`select id from posts`);
      const ids = new Set(read.map((row) => row.id));
      for (const [post, id] of Object.entries(posts)) {
        const told = await explain(name, id);
        expect({ name, post, ...told }).toMatchObject({ visible: ids.has(id) });
        expect(visible.has(told.rule)).toBe(told.visible);
      }
    }
  };

  const id = (name: string) => `(select id from profiles where username = '${name}')`;
  test.each([
    ["as it is", null],
    ["bob unfollows", `delete from follows where follower_id = ${id("bob")}`],
    ["erin becomes public", "update profiles set is_private = false where username = 'erin'"],
    ["alice becomes private", "update profiles set is_private = true where username = 'alice'"],
    [
      "carol blocks alice",
      `insert into blocks (blocker_id, blocked_id) values (${id("carol")}, ${id("alice")})`,
    ],
    ["all unblock all", "delete from blocks"],
    ["alice mentions nobody", "update posts set content = 'hello' where content = 'hello @carol'"],
    [
      "carol deletes her repost",
      `delete from posts where repost_of_id is not null and author_id = ${id("carol")}`,
    ],
    ["alice leaves", `delete from auth.users where id = ${id("alice")}`],
  ])("%s: the explanation says visible for exactly the posts that are read", async (_, change) => {
    if (change) await db.admin.unsafe(change);
    await agree();
  });
});

describe("for a person who cannot know of a post", () => {
  let missing: Awaited<ReturnType<typeof explain>>;
  let hers: number;
  beforeAll(async () => {
    missing = await explain("bob", -1);
    people.frank = await db.signUp("frank");
    hers = await write("frank", { content: "public #and open" });
    await asks("frank")(
      (sql) => sql`insert into blocks (blocked_id) values (${people.mallory?.id as string})`,
    );
  });

  test("the explanation is that of a post that does not exist", async () => {
    expect(missing).toEqual({ visible: false, rule: "not_found", explanation: expect.any(String) });
    expect(await explain("bob", hers)).toMatchObject({ visible: true, rule: "everyone" });
    expect(await explain("mallory", hers)).toEqual(missing);
  });

  test("also when he blocks its author too; somebody who blocks and is not blocked is told of the block", async () => {
    await asks("carol")((sql) => sql`insert into blocks (blocked_id) values (${people.frank?.id as string})`);
    expect(await explain("carol", hers)).toMatchObject({ visible: false, rule: "you_block_author" });
    await db.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`insert into blocks (blocker_id, blocked_id)
        values (${people.frank?.id as string}, ${people.carol?.id as string})`;
    });
    expect(await explain("carol", hers)).toEqual(missing);
  });
});

test("mallory gets the same answer about a repost of alice's post when she blocks him and when she is gone", async () => {
  await using own = await createDatabase();
  const [author, reposter, reader] = [
    await own.signUp("author"),
    await own.signUp("reposter"),
    await own.signUp("reader"),
  ];
  const reposts: number[] = [];
  for (let n = 0; n < 2; n++) {
    const [post] = await author.asks((sql) => sql`insert into posts (content) values ('seen') returning id`);
    const [repost] = await reposter.asks(
      (sql) => sql`insert into posts (repost_of_id) values (${post?.id}) returning id`,
    );
    reposts.push(repost?.id);
  }
  const [kept, gone] = reposts as [number, number];
  const rule = async (id: number) =>
    (await reader.asks((sql) => sql`select rule from explain_visibility(${id})`))[0]?.rule;

  await reader.asks((sql) => sql`insert into blocks (blocked_id) values (${reposter.id})`);
  expect([await rule(kept), await rule(gone)]).toEqual(["you_block_author", "you_block_author"]);
  await own.admin`delete from posts where id = (select repost_of_id from posts where id = ${gone})`;
  await author.asks((sql) => sql`insert into blocks (blocked_id) values (${reader.id})`);
  expect([await rule(kept), await rule(gone)]).toEqual(["not_found", "not_found"]);
  expect(await own.admin`select from posts where id = ${kept}`).toHaveLength(1);
});
