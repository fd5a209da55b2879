/**
 * Compares search for posts with a plain definition of it. In random small towns, for
 * random queries and viewers, both give the same posts in the same order on all pages.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

type Language = "en" | "de" | null;
type Audience = "everyone" | "followers" | "mentioned";
type Name = (typeof names)[number];

interface Post {
  author: Name;
  /** Seconds since the town was founded; another one for each post. */
  at: number;
  language: Language;
  audience: Audience;
  words: string[];
  tag: string | null;
  mentions: Name | null;
}

type Term = { words: string[] } | { tag: string } | { from: Name };

interface Query {
  all: { term: Term; unwanted: boolean }[];
  /** The word after `or`. */
  or: string | null;
  sinceDay: number | null;
  untilDay: number | null;
}

interface Town {
  posts: Post[];
  follows: [Name, Name][];
  blocks: [Name, Name][];
  isPrivate: Name[];
  isUnsearchable: Name[];
  edits: { post: number; words: string[]; language: Language }[];
  deletions: number[];
}

const names = ["alice", "bob", "carol", "mallory"] as const;
const tags = ["green", "blue"];
const vocabulary = "run running runs haus häuser house houses café cafe the who 東 京 都 19".split(" ");

/** The words that are the same in the grammar of a language. Without a grammar, only accents fold. */
const same: Record<string, string[][]> = {
  en: [
    ["run", "running", "runs"],
    ["house", "houses"],
    ["café", "cafe"],
  ],
  de: [
    ["haus", "häuser"],
    ["house", "houses"],
    ["café", "cafe"],
    ["run", "runs"],
  ],
  null: [["café", "cafe"]],
};
const isSame = (one: string, other: string, language: Language) =>
  one === other ||
  (same[String(language)] ?? []).some((group) => group.includes(one) && group.includes(other));

const word = fc.constantFrom(...vocabulary);
const name = fc.constantFrom(...names);
const language = fc.constantFrom<Language>("en", "de", null);
const words = fc.array(word, { minLength: 1, maxLength: 6 });
const pair = fc.tuple(name, name).filter(([one, other]) => one !== other);
const term: fc.Arbitrary<Term> = fc.oneof(
  { weight: 4, arbitrary: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => ({ words })) },
  { weight: 1, arbitrary: fc.constantFrom(...tags).map((tag) => ({ tag })) },
  { weight: 1, arbitrary: name.map((from) => ({ from })) },
);

const query: fc.Arbitrary<Query> = fc
  .record({
    all: fc.array(fc.record({ term, unwanted: fc.boolean() }), { minLength: 1, maxLength: 3 }),
    or: fc.option(word, { freq: 3 }),
    sinceDay: fc.option(fc.nat(400), { freq: 3 }),
    untilDay: fc.option(fc.nat(400), { freq: 3 }),
  })
  .filter(({ all }) => all.some(({ unwanted }) => !unwanted));

const town: fc.Arbitrary<Town> = fc.record({
  posts: fc.uniqueArray(
    fc.record({
      author: name,
      // Close together and far apart: a second, an hour, a year.
      at: fc.oneof(fc.nat(300), fc.nat(50_000), fc.nat(30_000_000)),
      language,
      audience: fc.constantFrom<Audience>("everyone", "everyone", "everyone", "followers", "mentioned"),
      words,
      tag: fc.option(fc.constantFrom(...tags)),
      mentions: fc.option(name),
    }),
    { minLength: 150, maxLength: 300, size: "max", selector: ({ at }) => at },
  ),
  follows: fc.array(pair, { maxLength: 6 }),
  blocks: fc.array(pair, { maxLength: 1 }),
  isPrivate: fc.uniqueArray(name, { maxLength: 2 }),
  isUnsearchable: fc.uniqueArray(name, { maxLength: 2 }),
  edits: fc.array(fc.record({ post: fc.nat(149), words, language }), { maxLength: 10 }),
  deletions: fc.uniqueArray(fc.nat(149), { maxLength: 10 }),
});

const emptyTown: Town = {
  posts: [],
  follows: [],
  blocks: [],
  isPrivate: [],
  isUnsearchable: [],
  edits: [],
  deletions: [],
};

let db: Database;
let people: Record<Name, Person>;
beforeAll(async () => {
  db = await createDatabase();
  const signedUp = await Promise.all(names.map((name) => db.signUp(name)));
  people = Object.fromEntries(signedUp.map((person) => [person.username, person])) as Record<Name, Person>;
});
afterAll(() => db?.[Symbol.asyncDispose]());

const isLone = (word: string) => /^[東京都]$/.test(word);
/** Writes lone characters side by side, without a space. */
const textOf = (words: string[]) =>
  words
    .reduce(
      (text, word, place) => text + (isLone(word) && isLone(words[place - 1] ?? "") ? "" : " ") + word,
      "",
    )
    .trim();
const contentOf = ({ words, mentions, tag }: Post) =>
  [mentions && `@${mentions}`, textOf(words), tag && `#${tag}`].filter(Boolean).join(" ");
/** As search takes them from the content. */
const wordsOf = ({ words, mentions, tag }: Post) => [
  ...(mentions ? [mentions] : []),
  ...words,
  ...(tag ? [tag] : []),
];

function queryText({ all, or, sinceDay, untilDay }: Query): string {
  const day = (days: number) => new Date(Date.UTC(2026, 0, 2 + days)).toISOString().slice(0, 10);
  const terms = all.map(({ term, unwanted }) => {
    const sign = unwanted ? "-" : "";
    if ("tag" in term) return `${sign}#${term.tag}`;
    if ("from" in term) return `${sign}from:${term.from}`;
    return sign + (term.words.length > 1 ? `"${textOf(term.words)}"` : term.words[0]);
  });
  return [
    ...terms,
    ...(or ? ["or", or] : []),
    ...(sinceDay === null ? [] : [`since:${day(sinceDay)}`]),
    ...(untilDay === null ? [] : [`until:${day(untilDay)}`]),
  ].join(" ");
}

function isWanted(post: Post, { all, or, sinceDay, untilDay }: Query): boolean {
  const has = (wanted: string[]) =>
    wordsOf(post).some((_, start) =>
      wanted.every((word, place) => isSame(word, wordsOf(post)[start + place] ?? "", post.language)),
    );
  const fits = ({ term, unwanted }: Query["all"][number]) =>
    unwanted !==
    ("tag" in term ? post.tag === term.tag : "from" in term ? post.author === term.from : has(term.words));
  return (
    (all.every(fits) || (or !== null && has([or]))) &&
    (sinceDay === null || post.at >= sinceDay * 86_400) &&
    (untilDay === null || post.at < untilDay * 86_400)
  );
}

function isFound(town: Town, post: Post, viewer: Name | null): boolean {
  const tie = (ties: [Name, Name][], one: Name | null, other: Name) =>
    ties.some(([by, to]) => by === one && to === other);
  const { author } = post;
  if (author === viewer) return true;
  if (town.isUnsearchable.includes(author)) return false;
  if (viewer !== null && (tie(town.blocks, viewer, author) || tie(town.blocks, author, viewer))) return false;
  if (post.audience === "mentioned") {
    // A block also hides the author from a person that the post mentions.
    return viewer !== null && post.mentions === viewer;
  }
  const isOpen = post.audience === "everyone" && !town.isPrivate.includes(author);
  return isOpen || tie(follows(town), viewer, author);
}

/** A block ends follows both ways. */
const follows = ({ follows, blocks }: Town) =>
  follows.filter(
    ([by, to]) =>
      !blocks.some(([one, other]) => (one === by && other === to) || (one === to && other === by)),
  );

/** Builds the town, and returns its posts as they are in the end, by their contents' ids. */
async function build(town: Town): Promise<Map<number, Post>> {
  const id = (name: Name) => people[name].id;
  await db.owner.begin(async (sql) => {
    await sql`delete from posts`;
    await sql`delete from follows`;
    await sql`delete from blocks`;
    await sql`update profiles set is_private = false, is_searchable = true`;
  });
  const made = await db.owner<{ id: number; at: number }[]>`
    insert into posts (id, author_id, content, language, audience)
    select
      private.new_id('2026-01-02T00:00:00.5Z'::timestamptz + (row ->> 'at')::integer * interval '1 second'),
      (row ->> 'author')::uuid, row ->> 'content', row ->> 'language', (row ->> 'audience')::audience
    from jsonb_array_elements(${db.owner.json(
      town.posts.map((post) => ({ ...post, author: id(post.author), content: contentOf(post) })) as never,
    )}) as row
    returning id, floor((id >> 12) / 1000 - 86400)::integer as at`;
  for (const [by, to] of follows(town)) {
    await db.owner`insert into follows (follower_id, followee_id) values (${id(by)}, ${id(to)}) on conflict do nothing`;
  }
  for (const [by, to] of town.blocks)
    await people[by].asks((sql) => sql`insert into blocks (blocked_id) values (${id(to)})`);
  for (const one of town.isPrivate)
    await people[one].asks((sql) => sql`update profiles set is_private = true where id = ${id(one)}`);
  for (const one of town.isUnsearchable) {
    await people[one].asks((sql) => sql`update profiles set is_searchable = false where id = ${id(one)}`);
  }
  const posts = new Map(
    made.map(({ id, at }) => [id, { ...(town.posts.find((post) => post.at === at) as Post) }]),
  );
  const idOf = (place: number) =>
    [...posts].find(([, { at }]) => at === town.posts[place]?.at)?.[0] as number;
  for (const { post, words, language } of town.edits) {
    const edited = posts.get(idOf(post)) as Post;
    Object.assign(edited, { words, language });
    await db.owner`update posts set content = ${contentOf(edited)}, language = ${language} where id = ${idOf(post)}`;
  }
  for (const gone of town.deletions.map(idOf)) {
    await db.owner`delete from posts where id = ${gone}`;
    posts.delete(gone);
  }
  return posts;
}

async function search(
  query: string,
  viewer: Name | null,
  pageSize: number,
  after: number | null = null,
): Promise<number[]> {
  const asks = viewer === null ? db.as("anon") : people[viewer].asks;
  const found: number[] = [];
  for (let before: number | null = null; ; before = found.at(-1) ?? null) {
    const page = await asks(
      (sql) => sql<{ id: number }[]>`select id from search_posts(${query}, ${before}, ${pageSize}, ${after})`,
    );
    found.push(...page.map(({ id }) => id));
    if (page.length < pageSize) return found;
  }
}

test("in random towns, search finds exactly what matches and is seen, newest first", {
  timeout: 300_000,
}, async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(town, fc.array(query, { minLength: 25, maxLength: 25 }), async (town, queries) => {
      const posts = await build(town);
      for (const [place, query] of queries.entries()) {
        const viewer = [null, ...names][place % 5] as Name | null;
        const expected = [...posts]
          .filter(([, post]) => isWanted(post, query) && isFound(town, post, viewer))
          .map(([id]) => id)
          .sort((a, b) => b - a);
        const text = queryText(query);
        // Every third search asks only for what is newer than a post in the middle.
        const after = place % 3 === 0 ? (expected[Math.floor(expected.length / 2)] ?? null) : null;
        expect([text, viewer, after, await search(text, viewer, 1 + ((place * 7) % 20), after)]).toEqual([
          text,
          viewer,
          after,
          expected.filter((id) => after === null || id > after),
        ]);
        found += expected.length;
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
  // Something was found, so that equal does not mean empty.
  expect(found).toBeGreaterThan(500);
});

test("posts that a viewer may not see fill the newest pages: search skips them, and nothing else", {
  timeout: 120_000,
}, async () => {
  await build({
    ...emptyTown,
    follows: [["bob", "carol"]],
    blocks: [["bob", "mallory"]],
    isPrivate: ["carol"],
  });
  const { alice, bob, carol, mallory } = people;
  // Mallory wrote most of the 3,000 posts. Every tenth is carol's, for her followers. Every fifteenth is alice's.
  await db.owner`
    insert into posts (author_id, content)
    select case when n % 10 = 0 then ${carol.id}::uuid when n % 15 = 0 then ${alice.id} else ${mallory.id} end, 'flood ' || n
    from generate_series(1, 3000) as n`;
  const all = await db.owner<
    { id: number; author: string }[]
  >`select id, author_id as author from posts order by id desc`;
  const by = (...authors: Person[]) =>
    all.filter(({ author }) => authors.some(({ id }) => id === author)).map(({ id }) => id);
  expect(await search("flood", "bob", 20)).toEqual(by(alice, carol));
  expect(await search("flood", "alice", 100)).toEqual(by(alice, mallory));
  expect(await search("flood", "carol", 100)).toEqual(by(alice, mallory, carol));
  expect(await search("flood from:carol", "bob", 7)).toEqual(by(carol));
  expect(await search("flood from:mallory", "bob", 100)).toEqual([]);
  expect(await search("15 or 30 or 2999", null, 20)).toHaveLength(2);
  expect(by(bob)).toEqual([]);
});

test("search loses no post between two stretches of time", { timeout: 120_000 }, async () => {
  await build(emptyTown);
  // Steps of time begin and end at multiples of 2^24, which is 4 seconds.
  const made = await db.owner<{ id: number }[]>`
    insert into posts (id, author_id, content)
    select ((300000 - step) << 24) - before, ${people.alice.id}, case when step < 150 then 'filler' else 'edge' end
    from generate_series(0::bigint, 900) as step
    cross join generate_series(0, 1) as before
    returning id`;
  const edges = made
    .map(({ id }) => id)
    .sort((a, b) => b - a)
    .slice(300);
  expect(await search("edge", null, 100)).toEqual(edges);
  expect(await search("edge", "bob", 7)).toEqual(edges);
});

test("bob finds the posts of a hundred private accounts that he follows, and strangers cannot prevent it", {
  timeout: 120_000,
}, async () => {
  await build(emptyTown);
  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'crowd_' || n)
    from generate_series(1, 200) as n`;
  await db.owner`
    insert into follows (follower_id, followee_id)
    select ${people.bob.id}, id from profiles
    where username like 'crowd%' and substr(username, 7)::integer <= 100`;
  await db.owner`update profiles set is_private = true where username like 'crowd%'`;
  // The accounts take turns. The last ones write later, in a stretch of time of their own.
  const made = await db.owner<{ id: number; author: string; content: string }[]>`
    insert into posts (id, author_id, content)
    select private.new_id('2026-02-01'::timestamptz + n * interval '1 hour'), profiles.id, 'murmur ' || n
    from generate_series(1, 900) as n
    join profiles on username = 'crowd_' || case when n > 850 then n - 850 else 1 + n % 200 end
    returning id, author_id as author, content`;
  const followed = new Set(
    (await db.owner`select followee_id from follows where follower_id = ${people.bob.id}`).map(
      (row) => row.followee_id,
    ),
  );
  const expected = made
    .filter(({ author }) => followed.has(author))
    .map(({ id }) => id)
    .sort((a, b) => b - a);
  expect(expected.length).toBeGreaterThan(400);
  for (const pageSize of [13, 100]) expect(await search("murmur", "bob", pageSize)).toEqual(expected);
  expect(await search("murmur", "alice", 100)).toEqual([]);
  // Few posts match, so search reads the posts of all authors.
  expect(await search("100 or 200 or 300 or 301", "bob", 20)).toEqual(
    made
      .filter(({ author, content }) => followed.has(author) && /\b(100|200|300|301)$/.test(content))
      .map(({ id }) => id)
      .sort((a, b) => b - a),
  );
});
