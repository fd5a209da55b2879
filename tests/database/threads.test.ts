/** Threads: a post, the posts it answers and its replies. They stay whole when a post is missing. */
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
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const say = async (by: Person, content: string, to: number | null = null, audience = "everyone") => {
  const [row] = await by.asks(
    (sql) => sql`
      insert into posts (content, reply_to_id, audience) values (${content}, ${to}, ${audience}) returning id`,
  );
  return row?.id as number;
};
const remove = (by: Person, id: number) =>
  by.asks((sql) => sql`delete from posts where id = ${id} returning id`);
/** A thread as lines: one for each post, indented by depth. A place without a post is … */
const read = (who: Person, id: number, maxDepth = 10) =>
  who.asks(async (sql) => {
    const rows = await sql`select depth, (post).content from thread(${id}, ${maxDepth})`;
    return rows.map(({ depth, content }) => `${depth} ${content ?? "…"}`);
  });

/** alice asks, bob and carol answer, and are answered. */
async function talk() {
  const root = await say(alice, "root");
  const b = await say(bob, "b", root);
  const c = await say(carol, "c", root);
  const ba = await say(alice, "ba", b);
  const ca = await say(alice, "ca", c);
  const bab = await say(bob, "bab", ba);
  const bc = await say(carol, "bc", b);
  return { root, b, c, ba, ca, bab, bc };
}

describe("a thread", () => {
  test("has each post before its replies, and older replies first", async () => {
    const { root } = await talk();
    expect(await read(bob, root)).toEqual(["0 root", "1 b", "2 ba", "3 bab", "2 bc", "1 c", "2 ca"]);
  });

  test("has a cursor: with after come the newer posts, and the places of posts that bob does not see", async () => {
    const { root, b, ca, bc } = await talk();
    const newer = (after: number) =>
      bob.asks(async (sql) => {
        const rows = await sql`select depth, (post).content from thread(${root}, after => ${after})`;
        return rows.map(({ depth, content }) => `${depth} ${content ?? "…"}`);
      });
    expect(await newer(ca)).toEqual(["3 bab", "2 bc"]);
    expect(await newer(bc)).toEqual([]);
    await say(carol, "late", b);
    await remove(bob, b);
    expect(await newer(bc)).toEqual(["1 …", "2 late"]);
  });

  test("of a reply has the posts that it answers above it, and not their other replies", async () => {
    const { ba, bab } = await talk();
    expect(await read(bob, ba)).toEqual(["-2 root", "-1 b", "0 ba", "1 bab"]);
    expect(await read(bob, bab)).toEqual(["-3 root", "-2 b", "-1 ba", "0 bab"]);
  });

  test("is as deep as asked", async () => {
    const { root } = await talk();
    expect(await read(bob, root, 1)).toEqual(["0 root", "1 b", "1 c"]);
    expect(await read(bob, root, 2)).toEqual(["0 root", "1 b", "2 ba", "2 bc", "1 c", "2 ca"]);
    for (const depth of [0, 51]) {
      expect(await refusal(read(bob, root, depth))).toMatchObject({
        code: "PT400",
        detail: "max_depth_range",
      });
    }
  });

  test("names the author of the answered post, and counts replies", async () => {
    const { root, b } = await talk();
    const [, row] = await carol.asks(
      (sql) => sql`select id, reply_to_id, (reply_to).username, (post).replies from thread(${root})`,
    );
    expect(row).toEqual({ id: b, reply_to_id: root, username: "alice", replies: 2 });
  });

  test("of a repost is the thread of the post it shows; a missing post has no thread", async () => {
    const { root, c } = await talk();
    const [repost] = await bob.asks(
      (sql) => sql`insert into posts (repost_of_id) values (${c}) returning id`,
    );
    expect(await read(bob, repost?.id)).toEqual(["-1 root", "0 c", "1 ca"]);
    await remove(bob, repost?.id);
    expect(await read(bob, repost?.id)).toEqual([]);
    expect(await read(bob, -root)).toEqual([]);
  });
});

describe("a deleted post", () => {
  test("keeps its place as long as there is a reply below it", async () => {
    const { root, b, ba, bab, bc } = await talk();
    await remove(bob, b);
    expect(await read(bob, root)).toEqual(["0 root", "1 …", "2 ba", "3 bab", "2 bc", "1 c", "2 ca"]);
    expect(await read(bob, bab)).toEqual(["-3 root", "-2 …", "-1 ba", "0 bab"]);
    expect(await read(bob, b)).toEqual([]);
    await remove(alice, ba);
    expect(await read(bob, root)).toEqual(["0 root", "1 …", "2 …", "3 bab", "2 bc", "1 c", "2 ca"]);
    await remove(bob, bab);
    expect(await read(bob, root)).toEqual(["0 root", "1 …", "2 bc", "1 c", "2 ca"]);
    await remove(carol, bc);
    expect(await read(bob, root)).toEqual(["0 root", "1 c", "2 ca"]);
    await db.owner`select private.forget_places()`;
    expect(await db.admin`select from private.deleted_posts where id in (${b}, ${ba})`).toHaveLength(0);
  });

  test("reveals nothing about itself", async () => {
    const { root, b, ba } = await talk();
    await remove(bob, b);
    const rows = await carol.asks((sql) => sql`select * from thread(${root}) where id in (${b}, ${ba})`);
    expect(rows[0]).toEqual({ id: b, reply_to_id: root, depth: 1, post: null, reply_to: null, quoted: null });
    expect(rows[1]).toMatchObject({ reply_to_id: b, reply_to: null });
  });

  test("at the root keeps a place above its replies", async () => {
    const { root, c } = await talk();
    await remove(alice, root);
    expect(await read(bob, root)).toEqual([]);
    expect(await read(bob, c)).toEqual(["-1 …", "0 c", "1 ca"]);
  });

  test("keeps its place when only a deleted reply is below it, which has a reply itself", async () => {
    const root = await say(alice, "root");
    const b = await say(bob, "b", root);
    const c = await say(carol, "c", b);
    await remove(bob, b);
    await remove(alice, root);
    expect(await read(carol, c)).toEqual(["-2 …", "-1 …", "0 c"]);
    await remove(carol, c);
    await db.owner`select private.forget_places()`;
    expect(await db.admin`select from private.deleted_posts where id in (${root}, ${b})`).toHaveLength(0);
  });

  test("keeps its place in a long thread until the job has gone up to it, which it does step by step", async () => {
    const thread = [await say(alice, "root")];
    for (let depth = 1; depth <= 20; depth++) thread.push(await say(alice, "reply", thread.at(-1)));
    const [root, ...replies] = thread;
    await db.owner`select private.forget_places()`;
    for (const id of [...replies.slice(0, -1), root]) await remove(alice, id as number);
    const places = () => db.admin`select from private.deleted_posts where id = any (${thread}::bigint[])`;
    const checks = (most: number) => db.owner`select private.forget_places(${most}) as checked`;
    // Each was noted when its post was deleted.
    await checks(1000);
    expect(await checks(1000)).toEqual([{ checked: 0 }]);
    await remove(alice, replies.at(-1) as number);
    expect(await places()).toHaveLength(20);
    expect(await checks(15)).toEqual([{ checked: 15 }]);
    expect(await places()).toHaveLength(5);
    expect(await checks(15)).toEqual([{ checked: 5 }]);
    expect(await places()).toHaveLength(0);
  });

  test("keeps no place when its replies are deleted with it", async () => {
    const { root, c, ca } = await talk();
    await db.admin`delete from posts where id in (${c}, ${ca})`;
    expect(await read(bob, root)).toEqual(["0 root", "1 b", "2 ba", "3 bab", "2 bc"]);
    await db.owner`select private.forget_places()`;
    expect(await db.admin`select from private.deleted_posts where id in (${c}, ${ca})`).toHaveLength(0);
  });

  test("keeps its place when its author's account is deleted", async () => {
    const dave = await db.signUp("dave");
    const root = await say(alice, "root");
    const d = await say(dave, "d", await say(dave, "dd", root));
    await say(bob, "b", d);
    await say(dave, "ddd", d);
    await db.admin`delete from auth.users where id = ${dave.id}`;
    expect(await read(bob, root)).toEqual(["0 root", "1 …", "2 …", "3 b"]);
  });
});

describe("a post that carol may not see", () => {
  test("keeps its place when she sees a reply below it, and has none otherwise", async () => {
    const root = await say(alice, "root");
    const limited = await say(alice, "for followers", root, "followers");
    expect(await read(bob, root)).toEqual(["0 root", "1 for followers"]);
    expect(await read(carol, root)).toEqual(["0 root"]);
    const more = await say(alice, "more", limited, "followers");
    expect(await read(carol, root)).toEqual(["0 root"]);
    await say(bob, "open", more);
    expect(await read(bob, root)).toEqual(["0 root", "1 for followers", "2 more", "3 open"]);
    expect(await read(carol, root)).toEqual(["0 root", "1 …", "2 …", "3 open"]);
    expect(await read(carol, more)).toEqual([]);
  });

  test("looks the same as a deleted post", async () => {
    const root = await say(alice, "root");
    const [hidden, gone] = [
      await say(alice, "h", root, "followers"),
      await say(alice, "g", root, "followers"),
    ];
    for (const parent of [hidden, gone]) await say(bob, "open", parent);
    await remove(alice, gone);
    const rows = await carol.asks(
      (sql) =>
        sql`select reply_to_id, depth, post, reply_to, quoted from thread(${root}) where id in (${hidden}, ${gone})`,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(rows[1]);
  });

  test("does not hide other people's replies below it: mallory reads them below the posts of alice, who blocks him", async () => {
    const root = await say(bob, "root");
    const hers = await say(alice, "hers", root);
    const under = await say(carol, "carols", hers);
    await say(alice, "hers too", root);
    await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
    expect(await read(mallory, root)).toEqual(["0 root", "1 …", "2 carols"]);
    expect(await read(mallory, under)).toEqual(["-2 root", "-1 …", "0 carols"]);
    expect(await read(mallory, hers)).toEqual([]);
    expect(await read(bob, root)).toEqual(["0 root", "1 hers", "2 carols", "1 hers too"]);
  });
});

describe("a very long thread", () => {
  const pile = (by: Person, to: number, many: number, audience = "everyone") => db.owner`
    insert into posts (author_id, content, reply_to_id, audience)
    select ${by.id}, n::text, ${to}, ${audience} from generate_series(1, ${many}) as n`;

  test("has only the 500 oldest replies; replies() has them all", async () => {
    const root = await say(alice, "root");
    await pile(bob, root, 700);
    const rows = await read(carol, root);
    expect(rows.length).toBeGreaterThan(500);
    expect(rows.length).toBeLessThanOrEqual(501);
    expect(rows.slice(0, 3)).toEqual(["0 root", "1 1", "1 2"]);
    const [last] = await carol.asks((sql) => sql`select (post).content from replies(${root}, null, 1)`);
    expect(last?.content).toBe("700");
  });

  test("shows carol the replies that she sees, even if there are many that she does not see", async () => {
    const root = await say(alice, "root");
    await pile(alice, root, 700, "followers");
    await say(bob, "here", root);
    expect(await read(carol, root)).toEqual(["0 root", "1 here"]);
    expect(await read(bob, root)).not.toContain("1 here");
  });

  test("has 100 posts above it", async () => {
    let last = await say(alice, "0");
    for (let n = 1; n <= 105; n++) last = await say(n % 2 ? bob : alice, `${n}`, last);
    const rows = await read(carol, last);
    expect(rows).toHaveLength(101);
    expect([rows.at(0), rows.at(-1)]).toEqual(["-100 5", "0 105"]);
  });
});
