/** Search for posts by their words, in the grammar of their language. It finds no post that the viewer may not see. */
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
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  for (const [language, content] of Object.entries(said)) await write(alice, { content, language });
  await write(alice, { content: none });
  await write(carol, { content: "a garden party" });
  await write(carol, { content: "my garden #green" });
  await write(carol, { content: "the party in a garden", title: "Headline", language: "en" });
});
afterAll(() => db?.[Symbol.asyncDispose]());

const said = {
  en: "The children were running through the park",
  de: "Die Häuser in den alten Städten",
  fr: "Les chevaux mangeaient lentement",
  es: "Los niños cantaban canciones",
  ru: "Собаки бежали по улицам",
  "pt-BR": "Os gatos dormiam nas janelas",
  ja: "東京タワーへ行きました",
  zh: "我们在北京学习中文",
  ko: "안녕하세요 세계",
};
/** A post without a language. */
const none = "京都の東にある running tower";

const write = (by: Person, values: Record<string, unknown>) =>
  by.asks((sql) => sql`insert into posts ${sql(values)}`);
const search = async (query: string, who = bob.asks): Promise<string[]> => {
  const rows = await who((sql) => sql`select (post).content from search_posts(${query})`);
  return rows.map((row) => row.content);
};

test.each([
  ["run", said.en],
  ["Haus", said.de],
  ["STADT", said.de],
  ["manger", said.fr],
  ["niño", said.es],
  ["nin\u0303o", said.es],
  ["собака", said.ru],
  ["gato", said["pt-BR"]],
  ["東京", said.ja],
  ['"東京"', said.ja],
  ["タワー", said.ja],
  ["北京", said.zh],
  ["学习中文", said.zh],
  ["세계", said.ko],
  ["京都", none],
  ['東 -"東京"', none],
  ["京都 tower", none],
])("%s is found in another form of it", async (query, content) => {
  expect(await search(query)).toEqual([content]);
  expect(await search(query, db.as("anon"))).toEqual([content]);
});

const [party, green, inside] = ["a garden party", "my garden #green", "the party in a garden"];
test.each([
  ["both words, in any order", "party garden", [inside, party]],
  ["a phrase", '"garden party"', [party]],
  ["one word and not another", "garden -party", [green]],
  ["two words that dashes join", "garden--party", [party]],
  ["a word and not a phrase", 'party -"garden party"', [inside]],
  ["either word", "green or headline", [inside, green]],
  ["either tag", "#green or #blue", [green]],
  ["either a tag or words", "#green or headline garden", [inside, green]],
  ["either a tag and a word, or another word", "#green party or headline", [inside]],
  ["what somebody wrote with a word, or another word", "from:carol green or headline", [inside, green]],
  ["what is nobody's, or has a word", "from:nobody garden or headline", [inside]],
  ["a word of the title", "headline", [inside]],
  ["a word beside one that stands in every text", "the party", [inside]],
  ["a tag", "#GREEN", [green]],
  ["a tag and a word", "#green garden", [green]],
  ["a tag and not a word", "#green -garden", []],
  ["a tag that has no post", "#green #blue", []],
  ["all of somebody's", "from:carol", [inside, green, party]],
  ["somebody's, with the sign and in capitals", "party from:@CAROL", [inside, party]],
  ["somebody's, copied with marks that nobody sees", "party \u200efrom:carol\u200f", [inside, party]],
  ["a tag, copied with such marks", "\u2067#green\u2069 \ufeffgarden", [green]],
  ["somebody's but a word", "from:carol -party", [green]],
  ["somebody else's", "garden from:alice", []],
  ["what is from two at once", "garden from:carol from:alice", []],
  ["nobody's", "garden from:nobody", []],
])("a search finds %s: %s", async (_, query, found) => {
  expect(await search(query)).toEqual(found);
});

test("bob finds a word with other joiners, accents or quotation marks", async () => {
  const texts: [string | null, string, string[], string[]][] = [
    // language, content, queries that find it, queries that do not
    [null, "Alpha/Beta night", ["beta", "alpha", "alpha/beta", "Alpha-Beta", '"beta night"'], ["beta/alpha"]],
    [
      null,
      "rock+roll, rythm.blues",
      ["roll", "rock+roll", "blues", "rythm.blues", "rock roll"],
      ["roll+rock"],
    ],
    [null, "COVID-19 again", ["covid 19", "COVID-19", "covid", "19 covid"], ["covid -19", "19-covid"]],
    ["en", "The Who played", ["the who", '"The Who"', "the who -beatles"], ['"who the"', "the -who"]],
    ["de", "Ich + Ich live", ["ich + ich", "ich live", "Ich"], ["du + ich"]],
    ["en", "Them! is a film", ["them", "them!", "THEM film"], ["them -film"]],
    [
      null,
      "wug then blick",
      ["wug blick", '"wug then"'],
      ["“wug blick”", "„wug blick“", "«wug blick»", "‹wug blick›", "「wug blick」", "»wug blick«"],
    ],
    [
      null,
      "zog then plim",
      ["zog plim", "‘zog then’ plim", "zog’s or plim", "《zog then》", "｢then plim｣", "〝zog then〟"],
      [
        "‘zog plim’",
        "‚zog plim‘",
        "《zog plim》",
        "〈zog plim〉",
        "｢zog plim｣",
        "〝zog plim〟",
        "❝zog plim❞",
      ],
    ],
    [null, "Οδυσσεύς και ΛΌΓΟΣ", ["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "λόγος", "λογοσ"], ["λόγοι"]],
    ["el", "ο λόγος του", ["ΛΟΓΟΣ", "λογος"], []],
    ["is", "Þór í Hawaiʻi", ["thor", "ÞÓR", "hawaii", "Hawaiʻi"], ["hawai"]],
    [null, "Café Élan", ["cafe elan", "CAFÉ", "café élan", '"cafe elan"', "cafe\u0301"], []],
    ["fr", "des cafés fermés", ["cafe", "café", "fermer", "fermes"], ["ferrer"]],
    [null, "a plain cafe table", ["café tablé"], []],
    ["tr", "Işık ılık", ["isik", "ışık"], []],
    ["ru", "новый день", ["новая", "новыми"], []],
    ["th", "ฉันชอบกินข้าวผัด", ["ข้าว", "กินข้าว", '"ข้าวผัด"'], ["ผัดข้าว"]],
    [null, "ຂ້ອຍມັກກິນເຂົ້າ", ["ກິນເຂົ້າ"], ["ເຂົ້າກິນ"]],
    [null, "ខ្ញុំចូលចិត្តបាយ", ["បាយ"], ["បាយចូល"]],
    [null, "မြန်မာစာကိုလေ့လာ", ["စာ", "မြန်မာ"], ["စာမြန်မာ"]],
    ["ko", "대한민국에서만들었다", ["민국", "대한민국", "만들"], ["국민"]],
    [null, "お知らせ #タグ。", ["#タグ。", "#タグ、", "#タグ 知らせ", "#タグ。知らせ"], ["#タ", "#タグー"]],
    [null, "Ｐｌａｚａ ２０２６", ["plaza 2026", "ｐｌａｚａ"], []],
    [null, "planted 🌱🌻 today", ["🌱", "🌻 planted", "🌱🌻"], ["🌻🌱", "🌳"]],
    ["fa", "می\u200cخواهم", ["میخواهم", "می\u200cخواهم"], []],
    ["ar", "كِتَابٌ", ["كتاب"], []],
    [
      null,
      "snake_case and x@example.com",
      ["case", "snake_case", "example", "x@example.com"],
      ["case_snake"],
    ],
  ];
  for (const [language, content] of texts) await write(alice, { content, language });
  for (const [, content, finders, others] of texts) {
    for (const query of finders)
      expect([query, await search(query)]).toEqual([query, expect.arrayContaining([content])]);
    for (const query of others)
      expect([query, await search(query)]).not.toEqual([query, expect.arrayContaining([content])]);
  }
  await db.owner`delete from posts where content = any (${texts.map(([, content]) => content)})`;
});

test("a query can exclude a tag, a person or a phrase too", async () => {
  expect(await search("garden -#green")).toEqual([inside, party]);
  expect(await search("garden -from:carol")).toEqual([]);
  expect(await search("garden -from:nobody")).toEqual([inside, green, party]);
  expect(await search("garden -garden")).toEqual([]);
  expect(await search("garden -garden or headline")).toEqual([inside]);
});

test("since: and until: take days in UTC, and the day of until: is not included", async () => {
  for (const day of ["2026-03-01", "2026-03-02"]) {
    await db.owner`
      insert into posts (id, author_id, content)
      values (private.new_id(${`${day}T00:00:00Z`}), ${alice.id}, ${`dated ${day}`})`;
  }
  const [first, second] = ["dated 2026-03-01", "dated 2026-03-02"];
  expect(await search("dated since:2026-03-01 until:2026-03-03")).toEqual([second, first]);
  expect(await search("dated since:2026-03-02")).toEqual([second]);
  expect(await search("dated until:2026-03-02")).toEqual([first]);
  expect(await search("dated from:alice until:2026-01-01")).toEqual([]);
});

test.each(["2026-13-01", "2026-02-30", "yesterday", "26-1-1", "2026-03-01T00:00"])(
  "%s is not a day",
  async (day) => {
    for (const operator of ["since", "until"]) {
      const refused = await refusal(search(`garden ${operator}:${day}`));
      expect(refused).toMatchObject({ code: "PT400", detail: "search_date" });
    }
  },
);

test("nobody finds a post that they may not see", async () => {
  const dave = await db.signUp("dave");
  await alice.asks((sql) => sql`select follow(${dave.id})`);
  await write(dave, { content: "quiet everyone" });
  await write(dave, { content: "quiet followers", audience: "followers" });
  await write(dave, { content: "quiet @alice #hush", audience: "mentioned" });
  const all = ["quiet @alice #hush", "quiet followers", "quiet everyone"];
  expect(await search("quiet", alice.asks)).toEqual(all);
  for (const query of ["quiet", "from:dave"]) expect(await search(query)).toEqual(["quiet everyone"]);
  expect(await search("#hush")).toEqual([]);

  await dave.asks((sql) => sql`update profiles set is_private = true where id = ${dave.id}`);
  for (const query of ["quiet", "from:dave", "#hush"]) expect(await search(query)).toEqual([]);
  expect(await search("quiet", alice.asks)).toEqual(all);

  await dave.asks((sql) => sql`update profiles set is_private = false where id = ${dave.id}`);
  await dave.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
  for (const query of ["quiet", "from:dave"]) expect(await search(query, mallory.asks)).toEqual([]);
  expect(await search("quiet")).toEqual(["quiet everyone"]);
});

test("only the author finds the posts of a person who is not searchable", async () => {
  const shy = await db.signUp("shy_one");
  await write(shy, { content: "a timid #word" });
  for (const query of ["timid", "from:shy_one", "#word"]) {
    await shy.asks((sql) => sql`update profiles set is_searchable = true where id = ${shy.id}`);
    expect(await search(query)).toEqual(["a timid #word"]);
    await shy.asks((sql) => sql`update profiles set is_searchable = false where id = ${shy.id}`);
    expect(await search(query)).toEqual([]);
    expect(await search(query, shy.asks)).toEqual(["a timid #word"]);
  }
});

test("a post is not found if its author stops being searchable while it is written", async () => {
  const shy = await db.signUp("shy_two");
  const gate = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const writing = shy.asks(async (sql) => {
    await sql`insert into posts (content) values ('bashful')`;
    written.resolve();
    await gate.promise;
  });
  await written.promise;
  const switching = shy.asks((sql) => sql`update profiles set is_searchable = false where id = ${shy.id}`);
  const waits = () => db.admin`
    select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%is_searchable = false%'`;
  while ((await waits()).length === 0);
  gate.resolve();
  await Promise.all([writing, switching]);
  expect(await search("bashful")).toEqual([]);
  expect(await search("bashful", shy.asks)).toEqual(["bashful"]);
});

test("an edited post is found by its new text, and a deleted post is not found", async () => {
  await write(alice, { content: "firstly" });
  await alice.asks((sql) => sql`update posts set content = 'secondly' where content = 'firstly'`);
  expect([await search("firstly"), await search("secondly")]).toEqual([[], ["secondly"]]);
  await alice.asks((sql) => sql`delete from posts where content = 'secondly'`);
  expect(await search("secondly")).toEqual([]);

  await write(alice, { content: "Wälder und Seen" });
  expect(await search("Wald")).toEqual([]);
  await alice.asks((sql) => sql`update posts set language = 'de' where content like 'Wälder%'`);
  expect(await search("Wald")).toEqual(["Wälder und Seen"]);
});

test("nothing is found on days outside of all posts, or if there is no post", async () => {
  for (const query of [
    "garden since:9999-12-31",
    "garden until:0001-01-01",
    "garden since:2026-03-02 until:2026-03-01",
  ]) {
    expect(await search(query)).toEqual([]);
  }
  for (const before of [0, -1, "-9223372036854775808"]) {
    expect(await bob.asks((sql) => sql`select from search_posts('garden', ${before}::bigint)`)).toEqual([]);
  }
  expect(
    await bob.asks((sql) => sql`select from search_posts('garden', ${"9223372036854775807"}::bigint)`),
  ).not.toEqual([]);
  const after = (id: string) =>
    bob.asks((sql) => sql`select from search_posts('garden', null, 20, ${id}::bigint)`);
  expect(await after("9223372036854775807")).toEqual([]);
  expect(await after("-9223372036854775808")).not.toEqual([]);
  await using empty = await createDatabase();
  const first = await empty.signUp("first");
  expect(await search("garden", first.asks)).toEqual([]);
  expect(await search("garden", empty.as("anon"))).toEqual([]);
});

test("pages go back in time, and each post comes once", async () => {
  await alice.asks(
    (sql) => sql`insert into posts (content) select 'page ' || n from generate_series(1, 25) as n`,
  );
  const read: string[] = [];
  for (let before: number | null = null; read.length === 0 || before !== null; ) {
    const rows = await bob.asks(
      (sql) => sql<{ id: number; content: string }[]>`
        select id, (post).content from search_posts('page', ${before}, 10)`,
    );
    read.push(...rows.map((row) => row.content));
    before = rows[9]?.id ?? null;
  }
  expect(read).toEqual(Array.from({ length: 25 }, (_, n) => `page ${25 - n}`));
});

test.each([
  ["nothing", ""],
  ["spaces", "  "],
  ["only what is unwanted", "-garden"],
  ["only days", "since:2026-01-01"],
  ["only operators", "& | ! ( ) <-> :*"],
  ["a wildcard", "%"],
  ["a quotation mark", '"'],
  ["a backslash", "\\"],
  ["501 characters", "x".repeat(501)],
  ["21 pieces that are unwanted", `garden ${"-x ".repeat(10)}${"-#x ".repeat(10)}-from:alice`],
])("%s cannot be looked for", async (_, query) => {
  expect(await refusal(search(query))).toMatchObject({ code: "PT400", detail: "search_query" });
});

test.each([
  ["a wildcard within a word", "gar%en"],
  ["another", "g_rden"],
  ["SQL", "') or true --"],
  ["more SQL", "'; drop table posts; --"],
  ["a dollar quote", "$$; drop table posts; $$"],
  ["an open phrase", '"garden'],
  ["the syntax of tsquery", "garden:*A <2> party"],
  ["open parentheses", "((((garden"],
  ["an operator without a value", "from:"],
  ["250 minus signs", `${"-".repeat(250)}garden`],
  ["minus signs with spaces", `${"- ".repeat(200)}garden`],
  ["minus signs with parentheses", `${"-(".repeat(200)}garden`],
  ["minus signs with other signs", `${"-!&|".repeat(100)}garden`],
  ["250 quotation marks", `${'"'.repeat(250)}garden`],
  ["50 alternatives", "garden or ".repeat(50)],
  ["one word of 500 characters", "x".repeat(500)],
])("%s breaks nothing", async (_, query) => {
  const found = await search(query).catch((error) => {
    expect(error).toMatchObject({ code: "PT400", detail: "search_query" });
    return [];
  });
  for (const content of found) expect(content).toContain("garden");
  expect(await search("headline")).toEqual([inside]);
});

test("20 pieces may be unwanted, and a dash is not one", async () => {
  const [other] = await bob.asks(
    (sql) => sql`insert into posts (content) values ('left out of many') returning content`,
  );
  expect(await search(`left ${"-x ".repeat(20)}${"- ".repeat(30)}`)).toEqual([other?.content]);
  expect(await search(`left ${"-x ".repeat(19)}-many`)).toEqual([]);
});

test("U+0000 is refused by Postgres itself", async () => {
  expect(await refusal(search("a\0b"))).toMatchObject({ code: "22021" });
});

test("an account with many posts switches at once, and search follows", async () => {
  const [writer, stranger] = [await db.signUp("prolific"), await db.signUp("passer_by")];
  await db.owner`
    insert into posts (author_id, content) select ${writer.id}, 'zephyr ' || n from generate_series(1, 1200) as n`;
  const found = async () => {
    const ids: number[] = [];
    for (;;) {
      const rows = await stranger.asks(
        (sql) => sql`select id from search_posts('zephyr', ${ids.at(-1) ?? null}, 100)`,
      );
      ids.push(...rows.map((row) => row.id));
      if (rows.length < 100) return ids.length;
    }
  };
  const waiting = () => db.admin`select from private.search_switches`;
  const finish = async () => {
    for (let run = 0; run < 100 && (await waiting()).length > 0; run++)
      await db.owner`select private.finish_search_switches()`;
    expect(await waiting()).toHaveLength(0);
  };
  expect(await found()).toBe(1200);
  await writer.asks((sql) => sql`update profiles set is_private = true where id = ${writer.id}`);
  expect(await waiting()).toHaveLength(1);
  expect(await found()).toBe(0);
  await finish();
  expect(await found()).toBe(0);
  await writer.asks((sql) => sql`update profiles set is_private = false where id = ${writer.id}`);
  await finish();
  expect(await found()).toBe(1200);
});

test("what a hidden person wrote to the reader, and a person who is not searchable, is not found behind the posts of many others", async () => {
  const [reader, hidden, unlisted] = await Promise.all(
    ["reader_52", "hidden_52", "unlisted_52"].map((name) => db.signUp(name)),
  );
  if (!reader || !hidden || !unlisted) throw new Error("nobody");
  const write = (by: Person, content: string, audience: string) =>
    by.asks((sql) => sql`insert into posts (content, audience) values (${content}, ${audience})`);
  await reader.asks((sql) => sql`select follow(${unlisted.id})`);
  await write(hidden, "@reader_52 a jacaranda", "mentioned");
  await write(unlisted, "a jacaranda", "followers");
  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'crowd_52_' || n)
    from generate_series(1, 55) as n`;
  await db.admin`
    insert into follows (follower_id, followee_id)
    select ${reader.id}, id from profiles where username like 'crowd\\_52\\_%'`;
  await db.admin`
    insert into posts (author_id, content, audience)
    select id, 'a stone', 'followers' from profiles where username like 'crowd\\_52\\_%'`;
  const found = async () =>
    (
      await reader.asks(
        (sql) => sql`select ((post).author).username as by from search_posts('jacaranda') order by 1`,
      )
    ).map(({ by }) => by);
  expect(await found()).toEqual(["hidden_52", "unlisted_52"]);
  await unlisted.asks((sql) => sql`update profiles set is_searchable = false where id = ${unlisted.id}`);
  await hidden.asks((sql) => sql`insert into blocks (blocked_id) values (${reader.id})`);
  expect(await found()).toEqual([]);
});
