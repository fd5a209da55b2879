/** Audiences: the people a post is for, what its readers may do with it, and what an edit changes. */
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
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const post = async (by: Person, values: Record<string, unknown>): Promise<number> => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};
const edit = (by: Person, id: number, values: Record<string, unknown>) =>
  by.asks((sql) => sql`update posts set ${sql(values)} where id = ${id} returning *`);
/** The people who read a post. */
const readers = async (id: number) => {
  const found: string[] = [];
  for (const who of [alice, bob, carol, mallory]) {
    const rows = await who.asks((sql) => sql`select from posts where id = ${id}`);
    if (rows.length > 0) found.push(who.username);
  }
  if ((await db.as("anon")((sql) => sql`select from posts where id = ${id}`)).length > 0) found.push("anon");
  return found;
};

describe("a post of alice's", () => {
  test("for everyone is read by everybody except mallory", async () => {
    const id = await post(alice, { content: "hello" });
    expect(await readers(id)).toEqual(["alice", "bob", "carol", "anon"]);
  });

  test("for followers is read by bob", async () => {
    const id = await post(alice, { content: "hello @carol", audience: "followers" });
    expect(await readers(id)).toEqual(["alice", "bob"]);
  });

  test("for those mentioned is read by them, whether they follow or not", async () => {
    const id = await post(alice, { content: "hello @Carol, @mallory, @nobody", audience: "mentioned" });
    expect(await readers(id)).toEqual(["alice", "carol"]);
    const mentioned = await alice.asks(
      (sql) => sql`select username from thread(${id}) cross join unnest((post).mentions)`,
    );
    expect(mentioned).toEqual([{ username: "carol" }]);
  });

  test("is read by the people its edits mention", async () => {
    const id = await post(alice, { title: "@bob", content: "and @carol", audience: "mentioned" });
    expect(await readers(id)).toEqual(["alice", "bob", "carol"]);
    await edit(alice, id, { title: "" });
    expect(await readers(id)).toEqual(["alice", "carol"]);
    await edit(alice, id, { content: "@bob, not you" });
    expect(await readers(id)).toEqual(["alice", "bob"]);
    // The same holds for its history.
    const history = (who: Person) => who.asks((sql) => sql`select from post_versions where post_id = ${id}`);
    expect(await history(alice)).toHaveLength(2);
    // One edit left bob out. He reads only what was said since he came back. mentions.test.ts has more.
    expect(await history(bob)).toHaveLength(0);
    await edit(alice, id, { content: "@bob, once more" });
    expect(await history(bob)).toHaveLength(1);
    expect(await history(carol)).toHaveLength(0);
  });

  test("keeps its audience, its author and the posts it refers to", async () => {
    const id = await post(alice, { content: "mine", audience: "followers" });
    const values = {
      audience: "everyone",
      author_id: bob.id,
      reply_to_id: id,
      quote_of_id: id,
      entities: "[]",
    };
    for (const [column, value] of Object.entries(values)) {
      expect(await refusal(edit(alice, id, { [column]: value }))).toMatchObject({ code: "42501" });
    }
    expect(await edit(alice, id, { content: "still mine" })).toMatchObject([{ audience: "followers" }]);
  });
});

describe("a post that is not for everyone", () => {
  test.each(["followers", "mentioned"])(
    "it is for %s: bob may answer and like it, and may not repost or quote it",
    async (audience) => {
      const id = await post(alice, { content: "psst @bob", audience });
      await post(bob, { content: "what?", reply_to_id: id });
      await bob.asks((sql) => sql`insert into likes (post_id) values (${id})`);
      for (const values of [{ repost_of_id: id }, { content: "hear!", quote_of_id: id }]) {
        expect(await refusal(post(bob, values))).toMatchObject({ code: "PT403", detail: "post_not_open" });
      }
      const stranger = await db.signUp(`stranger_${audience}`);
      for (const values of [{ repost_of_id: id }, { content: "hear!", quote_of_id: id }]) {
        expect(await refusal(post(stranger, values))).toMatchObject({
          code: "PT404",
          detail: "post_not_found",
        });
      }
    },
  );

  test("alice may repost and quote it herself, and nobody else can read it by that", async () => {
    const id = await post(alice, { content: "psst", audience: "followers" });
    const repost = await post(alice, { repost_of_id: id });
    const quote = await post(alice, { content: "I said:", quote_of_id: id });
    expect(await readers(repost)).toEqual(["alice", "bob"]);
    expect(await readers(quote)).toEqual(["alice", "bob", "carol", "anon"]);
    const quoted = async (who: Person) =>
      (await who.asks((sql) => sql`select (quoted).content from thread(${quote})`))[0]?.content;
    expect(await quoted(bob)).toBe("psst");
    expect(await quoted(carol)).toBe(null);
  });
});

describe("a repost", () => {
  let original: number;
  let repost: number;
  beforeAll(async () => {
    original = await post(alice, { content: "worth telling" });
    repost = await post(bob, { repost_of_id: original });
  });

  test("is read by everybody who reads both bob and alice", async () => {
    expect(await readers(repost)).toEqual(["alice", "bob", "carol", "anon"]);
    expect(await mallory.asks((sql) => sql`select from profiles where id = ${bob.id}`)).toHaveLength(1);
  });

  test("passes likes, bookmarks, replies and quotes to the post that it shows", async () => {
    const [row] = await carol.asks(async (sql) => {
      await sql`insert into posts (content, reply_to_id) values ('so true', ${repost})`;
      await sql`insert into posts (content, quote_of_id) values ('see', ${repost})`;
      await sql`insert into posts (repost_of_id) values (${repost})`;
      await sql`insert into likes (post_id) values (${repost})`;
      await sql`insert into bookmarks (post_id) values (${repost})`;
      return sql`
        select likes, replies, reposts, quotes, (select post_id from bookmarks)
        from post_counts where post_id = ${original}`;
    });
    expect(row).toEqual({ likes: 1, replies: 1, reposts: 2, quotes: 1, post_id: original });
    const [bare] = await db.admin`
      select from posts where ${repost} in (reply_to_id, quote_of_id, repost_of_id)`;
    expect(bare).toBeUndefined();
  });

  test("can be made once by each person", async () => {
    for (const repost_of_id of [original, repost]) {
      expect(await refusal(post(bob, { repost_of_id }))).toMatchObject({
        code: "PT409",
        detail: "already_reposted",
      });
    }
    // Nobody learns who reposted it by a repost in their name.
    for (const author_id of [bob.id, mallory.id]) {
      expect((await refusal(post(alice, { author_id, repost_of_id: original }))).code).toBe("42501");
    }
    await bob.asks((sql) => sql`delete from posts where id = ${repost}`);
    repost = await post(bob, { repost_of_id: original });
  });

  test("cannot be edited, also without words", async () => {
    const refused = { code: "PT400", detail: "repost_is_bare" };
    expect(await refusal(edit(bob, repost, { content: "" }))).toMatchObject(refused);
  });

  test.each([
    { title: "my" },
    { content: "two cents" },
    { content_warning: "cents" },
    { language: "en" },
    { audience: "followers" },
  ])("has no text or audience of its own: not %o", async (own) => {
    const again = await post(alice, { content: "again" });
    const refused = { code: "PT400", detail: "repost_is_bare" };
    expect(await refusal(post(bob, { ...own, repost_of_id: again }))).toMatchObject(refused);
    if (!("audience" in own)) expect(await refusal(edit(bob, repost, own))).toMatchObject(refused);
    await post(bob, { repost_of_id: again });
  });

  test("does not answer or quote", async () => {
    const again = await post(alice, { content: "again" });
    for (const other of ["reply_to_id", "quote_of_id"]) {
      const refused = await refusal(post(bob, { repost_of_id: again, [other]: original }));
      expect(refused).toMatchObject({ code: "PT400", detail: "repost_is_bare" });
    }
  });

  test("is deleted with the post, while replies and quotes stay", async () => {
    const quote = await post(bob, { content: "gone?", quote_of_id: original, reply_to_id: original });
    await alice.asks((sql) => sql`delete from posts where id = ${original}`);
    expect(await readers(repost)).toEqual([]);
    const [left] = await db.admin`select reply_to_id, quote_of_id from posts where id = ${quote}`;
    expect(left).toEqual({ reply_to_id: original, quote_of_id: original });
  });
});

describe("an edit", () => {
  test("of only the content warning makes a version too, with the old warning", async () => {
    const id = await post(alice, { content: "the end", content_warning: "spoilers" });
    await edit(alice, id, { content_warning: "big spoilers" });
    await edit(alice, id, { content: "the very end" });
    const history = await bob.asks(
      (sql) => sql`select content_warning, content from post_versions where post_id = ${id} order by version`,
    );
    expect(history).toEqual([
      { content_warning: "spoilers", content: "the end" },
      { content_warning: "big spoilers", content: "the end" },
    ]);
  });

  test("changes the tags and mentions of a post", async () => {
    const id = await post(alice, { content: "#One #two @bob" });
    const found = async () => [
      (await carol.asks((sql) => sql`select tag from post_tags where post_id = ${id} order by tag`)).map(
        (row) => row.tag,
      ),
      (
        await carol.asks(
          (sql) => sql`select unnest(usernames) as username from post_mentions where post_id = ${id}`,
        )
      ).map((row) => row.username),
    ];
    expect(await found()).toEqual([["one", "two"], ["bob"]]);
    await edit(alice, id, { content: "#two #THREE @carol @Carol" });
    expect(await found()).toEqual([["three", "two"], ["carol"]]);
    await edit(alice, id, { content: "nothing" });
    expect(await found()).toEqual([[], []]);
  });

  test("of only the language makes no version", async () => {
    const id = await post(alice, { content: "hallo", language: "en" });
    expect(await edit(alice, id, { language: "de" })).toMatchObject([{ language: "de", edited_at: null }]);
  });
});

test.each([
  ["content_warning_format", { content_warning: "x".repeat(201) }],
  ["content_warning_format", { content_warning: "two\nlines" }],
  ["language_format", { language: "e" }],
  ["language_format", { language: "" }],
  ["language_format", { language: "e_n" }],
  ["language_format", { language: "en-US-" }],
])("a post breaks the rule %s", async (detail, values) => {
  expect(await refusal(post(alice, { content: "x", ...values }))).toMatchObject({ code: "PT400", detail });
  await post(alice, { content: "x", content_warning: "x".repeat(200), language: "zh-Hant-TW" });
});
