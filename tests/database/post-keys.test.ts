/** A post with a key of the client: a repeated request writes nothing. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let people = 0;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const write = (who: Person, content: string, key: string | null) =>
  who.asks(async (sql) => {
    const [row] = await sql`
      select id::bigint, (post).content from write_post(content => ${content}, client_id => ${key})`;
    return row as unknown as { id: number; content: string };
  });
const postsBy = async (who: Person) =>
  (await db.admin`select id from posts where author_id = ${who.id} order by id`).map(({ id }) => id);
const used = async (who: Person) =>
  (await db.admin`select day_used from private.usage where profile_id = ${who.id} and action = 'post'`)[0]
    ?.day_used ?? 0;

test("alice sends a post twice with one key: it is written once, and both get it", async () => {
  const key = randomUUID();
  const first = await write(alice, "once", key);
  expect(await write(alice, "once", key)).toEqual(first);
  // Also if the text differs: the key decides.
  expect(await write(alice, "twice", key)).toEqual(first);
  expect(await postsBy(alice)).toEqual([first.id]);
  expect(await used(alice)).toBe(1);
  // Without a key, and with another one, it is a new post.
  const others = [await write(alice, "once", null), await write(alice, "once", null)];
  others.push(await write(alice, "once", randomUUID()));
  expect(await postsBy(alice)).toEqual([first, ...others].map(({ id }) => id));
});

test("a key belongs to one person: bob's post with alice's key is his own", async () => {
  const key = randomUUID();
  const [hers, his] = [await write(alice, "hers", key), await write(bob, "his", key)];
  expect(his).toMatchObject({ content: "his" });
  expect(his.id).not.toBe(hers.id);
});

test("two requests with one key at the same moment write one post", async () => {
  const key = randomUUID();
  const before = await postsBy(bob);
  const waits = () =>
    db.admin`select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  let second: Promise<{ id: number }> | undefined;
  const first = await bob.asks(async (sql) => {
    const [row] = await sql`select id::bigint from write_post(content => 'race', client_id => ${key})`;
    // The first request has written and not committed yet.
    second = write(bob, "race", key);
    await vi.waitFor(async () => expect(await waits()).toHaveLength(1), { timeout: 20_000 });
    return row as unknown as { id: number };
  });
  expect((await second)?.id).toBe(first.id);
  expect(await postsBy(bob)).toEqual([...before, first.id]);
});

test("twenty requests with one key at once write one post", async () => {
  const key = randomUUID();
  const before = await postsBy(alice);
  const answers = await Promise.all(Array.from({ length: 20 }, () => write(alice, "storm", key)));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await postsBy(alice)).toEqual([...before, answers[0]?.id]);
});

test("a request that is refused leaves its key free", async () => {
  const key = randomUUID();
  expect(await refusal(write(alice, " ", key))).toMatchObject({ detail: "content_length" });
  expect(await write(alice, "with words", key)).toMatchObject({ content: "with words" });
});

test("a repost is repeated with its key, and refused with another one", async () => {
  const post = await write(alice, "to repost", null);
  const key = randomUUID();
  const repost = (client_id: string) =>
    bob.asks(async (sql) => {
      const [row] = await sql`
        select (reposted_by).id from write_post(repost_of_id => ${post.id}, client_id => ${client_id})`;
      return row;
    });
  const first = await repost(key);
  expect(await repost(key)).toEqual(first);
  expect(await refusal(repost(randomUUID()))).toMatchObject({ detail: "already_reposted" });
});

test.each([
  [
    "blocks him",
    (by: Person, other: Person) =>
      by.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`),
  ],
  [
    "is private",
    (by: Person) => by.asks((sql) => sql`update profiles set is_private = true where id = ${by.id}`),
  ],
] as const)("a repost of somebody who by now %s is answered like one of a deleted post", async (_, hide) => {
  const [author, other] = [await db.signUp(`author_${++people}`), await db.signUp(`other_${people}`)];
  const post = await write(author, "for everyone", null);
  const key = randomUUID();
  const repost = () =>
    other.asks(
      (sql) => sql`select (post).content from write_post(repost_of_id => ${post.id}, client_id => ${key})`,
    );
  expect(await repost()).toEqual([{ content: "for everyone" }]);
  await hide(author, other);
  await author.asks((sql) => sql`update posts set content = 'not for him' where id = ${post.id}`);
  expect(await refusal(repost())).toMatchObject({ code: "PT404", detail: "post_not_found" });
});

test("a post that alice deleted does not come back with its key", async () => {
  const key = randomUUID();
  const { id } = await write(alice, "soon gone", key);
  await alice.asks((sql) => sql`delete from posts where id = ${id}`);
  expect(await refusal(write(alice, "soon gone", key))).toMatchObject({
    code: "PT404",
    detail: "post_not_found",
  });
  expect(await postsBy(alice)).not.toContain(id);
});

test("a request is answered with its post even when the budget is used up", async () => {
  const carol = await db.signUp("carol");
  const key = randomUUID();
  const first = await write(carol, "the last one", key);
  await db.owner`select set_limits(${carol.id}, 0, 0, 0, 'post')`;
  expect(await refusal(write(carol, "one too many", randomUUID()))).toMatchObject({ code: "PGRST" });
  expect(await write(carol, "the last one", key)).toEqual(first);
});

test("a key is kept for 30 days, and goes with the account", async () => {
  const [dave, erin] = [await db.signUp("dave"), await db.signUp("erin")];
  const [old, young] = [randomUUID(), randomUUID()];
  const first = await write(dave, "old", old);
  await write(dave, "young", young);
  await db.admin`update private.post_keys set created_at = now() - interval '31 days' where client_id = ${old}`;
  const keys = async () =>
    (await db.admin`select client_id from private.post_keys where author_id in (${dave.id}, ${erin.id})`).map(
      ({ client_id }) => client_id,
    );
  expect(await db.admin`select private.forget_post_keys() as forgotten`).toEqual([{ forgotten: 1 }]);
  expect(await keys()).toEqual([young]);
  // So the same key writes a new post.
  expect((await write(dave, "old", old)).id).not.toBe(first.id);
  await write(erin, "hers", randomUUID());
  expect(await keys()).toHaveLength(3);
  for (const { id } of [dave, erin]) await db.admin`delete from auth.users where id = ${id}`;
  expect(await keys()).toEqual([]);
});
