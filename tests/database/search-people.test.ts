/** Search for people by name, typed in many ways. It finds nobody that the viewer may not find. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  await follow(bob, "alice");
  const named = {
    zoe_k: "Zoë Königin",
    wang_xf: "王芳",
    chaika77: "Иван Чайка",
    lukasz99: "Łukasz Żółw",
    yamada: "山田太郎",
    somchai: "สมชายใจดี",
    player_li: "Li Na",
    king_99: "Οδυσσεύς",
    bjork77: "Þóra Haukur",
    kanaka: "Hawaiʻi Bo",
  };
  for (const [username, display_name] of Object.entries(named)) {
    await db.signUp(username, { username, display_name });
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

const follow = (who: Person, username: string) =>
  who.asks((sql) => sql`select follow(id) from profiles where username = ${username}`);
const search = async (query: string, who = bob.asks) => {
  const rows = await who((sql) => sql`select (profile).username from search_people(${query})`);
  return rows.map((row) => row.username as string);
};

test.each([
  ["her name, in any case", "ALICE", "alice"],
  ["her name with its sign", "@alice", "alice"],
  ["her name with spaces around it", "  alice ", "alice"],
  ["its beginning, even one letter", "a", "alice"],
  ["a part of it", "lic", "alice"],
  ["an accent too many", "álice", "alice"],
  ["a letter too many", "alicee", "alice"],
  ["another letter", "alise", "alice"],
  ["two letters in the wrong order", "mallroy", "mallory"],
  ["the underscore in it", "zoe_", "zoe_k"],
  ["a display name", "zoë königin", "zoe_k"],
  ["a part of that", "önig", "zoe_k"],
  ["it without its accents", "konigin", "zoe_k"],
  ["it without strokes and dots", "lukasz zolw", "lukasz99"],
  ["accents that are encoded otherwise", "ko\u0308nigin", "zoe_k"],
  ["its beginning in Cyrillic", "чай", "chaika77"],
  ["it in Chinese", "王芳", "wang_xf"],
  ["the first character of that", "王", "wang_xf"],
  ["a given name of two characters", "太郎", "yamada"],
  ["the last character of it", "郎", "yamada"],
  ["two characters from the middle", "田太", "yamada"],
  ["a part of a name in Thai", "ใจดี", "somchai"],
  ["a second name of two letters", "na", "player_li"],
  ["the beginning of a second name", "ha", "bjork77"],
  ["it in Greek capitals", "ΟΔΥΣΣΕΥΣ", "king_99"],
  ["it without Icelandic letters", "thora", "bjork77"],
  ["it without the okina", "hawaii", "kanaka"],
])("somebody is found by %s", async (_, query, username) => {
  expect(await search(query)).toContain(username);
  expect(await search(query, db.as("anon"))).toContain(username);
});

test("people are ranked by how the name fits, then by relation, then by followers", async () => {
  for (const name of ["sun", "sunny_1", "sunny_2", "sunny_3", "sunny_5", "my_sun"]) await db.signUp(name);
  const fan = await db.signUp("sunny_4");
  // A name that fits less well stays below, even with more followers.
  for (const who of [alice, carol, mallory]) await follow(who, "my_sun");
  await follow(carol, "sunny_2");
  for (const who of [alice, carol]) await follow(who, "sunny_3");
  await follow(fan, "bob");
  await follow(bob, "sunny_5");
  const found = ["sun", "sunny_5", "sunny_4", "sunny_3", "sunny_2", "sunny_1", "my_sun"];
  expect((await search("sun")).slice(0, found.length)).toEqual(found);

  const rows = await bob.asks(
    (sql) =>
      sql`select id, (profile).username, is_following, follows_you from search_people('sunny_') limit 2`,
  );
  expect(rows).toEqual([
    { id: 1, username: "sunny_5", is_following: true, follows_you: false },
    { id: 2, username: "sunny_4", is_following: false, follows_you: true },
  ]);
});

test("a person whose name is the whole query comes first, also if very many names begin with it", async () => {
  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'ann_' || n)
    from generate_series(1, 2000) as n`;
  await db.signUp("ann");
  const found = await search("ann");
  expect(found).toHaveLength(20);
  expect(found[0]).toBe("ann");
  // Also in full width, and copied with marks that nobody sees.
  for (const query of ["\u3000＠ann", "＠ａｎｎ", "\u200eann\u200f\ufeff"]) {
    expect([query, (await search(query))[0]]).toEqual([query, "ann"]);
  }

  // Search ranks only some of these people, but always those that the viewer follows.
  const friend = await db.signUp("ann_1999b", { username: "ann_1999b", display_name: "Zz" });
  await follow(bob, friend.username);
  for (const query of ["an", "ann", "ann_"]) {
    expect((await search(query)).filter((name) => name !== "ann")[0]).toBe("ann_1999b");
  }
  expect((await search("nn_"))[0]).toBe("ann_1999b");
});

test("characters that are not side by side in a name do not find it", async () => {
  for (const query of ["郎太", "山太", "山太郎"]) expect(await search(query)).not.toContain("yamada");
  expect(await search("山田太")).toEqual(["yamada"]);
});

test("a new name is found, and the old name is not found any more", async () => {
  const dora = await db.signUp("dora_dee");
  await dora.asks((sql) => sql`update profiles set display_name = 'Pandora Quux' where id = ${dora.id}`);
  expect(await search("quux")).toEqual(["dora_dee"]);
  await dora.asks((sql) => sql`update profiles set display_name = 'Vex' where id = ${dora.id}`);
  expect([await search("quux"), await search("vex")]).toEqual([[], ["dora_dee"]]);
});

test("only they themselves find a person who is not searchable", async () => {
  const shy = await db.signUp("shy_one");
  expect(await search("shy_one")).toEqual(["shy_one"]);
  await shy.asks((sql) => sql`update profiles set is_searchable = false where id = ${shy.id}`);
  for (const query of ["shy_one", "shy", "hy_on", "shy_onne"]) expect(await search(query)).toEqual([]);
  expect(await search("shy_one", shy.asks)).toEqual(["shy_one"]);
  expect(await bob.asks((sql) => sql`select from profile('shy_one')`)).toHaveLength(1);
  await follow(bob, "shy_one");
  expect(await search("shy_one")).toEqual([]);
});

test("a block hides both from each other, also if the query is half of the name", async () => {
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
  for (const query of ["alice", "ali", "alise"]) {
    expect(await search(query, mallory.asks)).not.toContain("alice");
    expect(await search(query)).toContain("alice");
  }
  expect(await search("mallory", alice.asks)).toEqual([]);
  expect(await search("mallory")).toEqual(["mallory"]);
});

test.each(["%", "%%%%", "l%e", "\\", "\\%", "'", "') or true --", "';drop table profiles;--", "🌱"])(
  "%s is plain text for search, and nobody has it",
  async (query) => {
    expect(await search(query)).toEqual([]);
  },
);

test.each([
  ["nothing", ""],
  ["spaces", "  "],
  ["only the sign", "@"],
  ["101 characters", "x".repeat(101)],
])("%s cannot be looked for", async (_, query) => {
  expect(await refusal(search(query))).toMatchObject({ code: "PT400", detail: "search_query" });
});

test("search takes a hundred characters, and Postgres itself refuses U+0000", async () => {
  expect(await search("x".repeat(100))).toEqual([]);
  expect(await refusal(search("a\0b"))).toMatchObject({ code: "22021" });
});
