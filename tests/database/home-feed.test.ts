/**
 * The home feed, compared with two other answers: a simple model in TypeScript, and the
 * plain query under row-level security.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, openTransaction, type Person, refusal } from "./database.ts";

let db: Database;
let people: Person[];
let alice: Person;
let bob: Person;
beforeAll(async () => {
  db = await createDatabase();
  const names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
  people = await Promise.all(names.map((name) => db.signUp(name)));
  [alice, bob] = people as [Person, Person];
});
afterAll(() => db?.[Symbol.asyncDispose]());

interface Item {
  id: number;
  post: { id: number; content: string; author: { id: string } };
  [column: string]: unknown;
}

const page = (viewer: Person, before: number | null, pageSize: number): Promise<Item[]> =>
  viewer.asks(async (sql) => {
    const rows = await sql`select to_jsonb(feed) as item from home_feed(${before}, ${pageSize}) as feed`;
    return rows.map((row) => row.item as Item);
  });

/** The same page by a plain query, under the viewer's row-level security. */
const plainPage = (viewer: Person, before: number | null, pageSize: number): Promise<Item[]> =>
  viewer.asks(async (sql) => {
    const rows = await sql`
      select jsonb_build_object(
        'id', posts.id,
        'post', to_jsonb(posts) - 'author_id' - 'repost_of_id' - 'thread_id' || jsonb_build_object(
          'author', jsonb_build_object(
            'id', profiles.id, 'username', username, 'display_name', display_name, 'avatar_url', avatar_url
          ),
          'mentions', '[]'::jsonb, 'liked', false, 'bookmarked', false, 'reposted', false,
          'likes', 0, 'replies', 0, 'reposts', 0, 'quotes', 0
        ),
        'reposted_by', null, 'reply_to', null, 'quoted', null
      ) as item
      from posts
      join profiles on profiles.id = author_id
      where (
          author_id = (select auth.uid())
          or author_id in (select followee_id from follows where follower_id = (select auth.uid()))
        )
        and (${before}::bigint is null or posts.id < ${before})
      order by posts.id desc
      limit ${pageSize}
    `;
    return rows.map((row) => row.item as Item);
  });

/** Reads every page from the top. The caller may do something between two pages. */
async function readAll(
  viewer: Person,
  pageSize: number,
  between: () => Promise<void> = async () => {},
): Promise<Item[]> {
  const read: Item[] = [];
  for (;;) {
    const items = await page(viewer, read.at(-1)?.id ?? null, pageSize);
    expect(items.length).toBeLessThanOrEqual(pageSize);
    // The ids must get lower, or this would never end.
    for (const { id } of items) expect(id).toBeLessThan(read.at(-1)?.id ?? Number.MAX_SAFE_INTEGER);
    read.push(...items);
    if (items.length < pageSize) return read;
    await between();
  }
}

async function post(author: Person): Promise<number> {
  const [row] = await author.asks((sql) => sql`insert into posts (content) values ('…') returning id`);
  return row?.id;
}

describe("bob's home feed", () => {
  test("has the newest posts by alice, because he follows her, and by himself, with their authors", async () => {
    const carol = people[2] as Person;
    await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
    await alice.asks(
      (sql) => sql`update profiles set display_name = 'Alice L.', avatar_url = 'https://example.com/a.png'
        where id = ${alice.id}`,
    );
    const [first, , third] = [await post(alice), await post(carol), await post(bob)];
    const feed = await page(bob, null, 20);
    expect(feed.map((item) => item.id)).toEqual([third, first]);
    expect(feed[1]).toEqual({
      id: first,
      post: {
        id: first,
        author: {
          id: alice.id,
          username: "alice",
          display_name: "Alice L.",
          avatar_url: "https://example.com/a.png",
        },
        title: "",
        content: "…",
        content_warning: "",
        language: null,
        entities: [],
        mentions: [],
        audience: "everyone",
        is_open: true,
        reply_to_id: null,
        quote_of_id: null,
        created_at: expect.any(String),
        edited_at: null,
        likes: 0,
        replies: 0,
        reposts: 0,
        quotes: 0,
        liked: false,
        bookmarked: false,
        reposted: false,
      },
      reposted_by: null,
      reply_to: null,
      quoted: null,
    });
    const [carols] = await db.admin`select count(*) from posts where author_id = ${carol.id}`;
    expect(carols?.count).toBe(1);
  });

  test("has 20 posts a page unless he asks for more or fewer", async () => {
    for (let n = 0; n < 3; n++) {
      await alice.asks(
        (sql) => sql`insert into posts (content) select n::text from generate_series(1, 50) as n`,
      );
    }
    const ask = (call: string) => bob.asks(async (sql) => (await sql.unsafe(`select from ${call}`)).length);
    expect(await ask("home_feed()")).toBe(20);
    expect(await ask("home_feed(page_size => 1)")).toBe(1);
    expect(await ask("home_feed(page_size => 100)")).toBe(100);
  });

  test.each([0, -1, 101, null])("has no page of %s posts", async (pageSize) => {
    const refused = await refusal(bob.asks((sql) => sql`select from home_feed(null, ${pageSize})`));
    expect(refused).toMatchObject({ code: "PT400", detail: "page_size_range" });
  });

  test("ends below the lowest id", async () => {
    expect(await page(bob, 1, 20)).toEqual([]);
  });

  test("changes with the next read when he unfollows alice", async () => {
    expect((await page(bob, null, 100)).some((item) => item.post.author.id === alice.id)).toBe(true);
    await bob.asks((sql) => sql`delete from follows where followee_id = ${alice.id}`);
    expect((await page(bob, null, 100)).some((item) => item.post.author.id === alice.id)).toBe(false);
  });

  test("has a post that commits late at the next read from the top, and has no post twice", async () => {
    await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
    await using stack = new AsyncDisposableStack();
    const writing = await openTransaction(db.admin, stack);
    const [late] =
      await writing`insert into posts (author_id, content) values (${alice.id}, 'late') returning id`;
    const last = await post(bob);

    const first = await page(bob, null, 3);
    expect(first[0]?.id).toBe(last);
    await writing`commit`;
    const second = await page(bob, first.at(-1)?.id ?? null, 3);
    const read = [...first, ...second].map((item) => item.id);
    expect(new Set(read).size).toBe(6);
    expect(read).not.toContain(late?.id);
    expect((await page(bob, null, 3))[1]?.id).toBe(late?.id);
    await bob.asks((sql) => sql`delete from follows`);
  });

  test("counts what is newer, and asks which feed is meant", async () => {
    const newer = (feed: string | null) => bob.asks((sql) => sql`select count_newer(${feed}, 0) as count`);
    expect((await newer("home"))[0]?.count).toBeGreaterThan(0);
    expect(await refusal(newer(null))).toMatchObject({ code: "PT400", detail: "feed_required" });
  });

  test("is only for people who are signed in", async () => {
    const anonymous = refusal(db.as("anon")((sql) => sql`select from home_feed()`));
    expect(await anonymous).toMatchObject({ code: "42501" });
    const nobody = refusal(db.as("authenticated")((sql) => sql`select from home_feed()`));
    expect(await nobody).toMatchObject({ code: "PT401", detail: "not_signed_in" });
  });
});

describe("everybody's home feed", () => {
  interface Town {
    /** follower and followee, by number */
    follows: [number, number][];
    /** authors in order of writing, by number */
    posts: number[];
  }

  const person = fc.nat({ max: 7 });
  const town: fc.Arbitrary<Town> = fc.record({
    follows: fc
      .uniqueArray(fc.tuple(person, person), { selector: (pair) => pair.join(), maxLength: 40 })
      .map((pairs) => pairs.filter(([follower, followee]) => follower !== followee)),
    // Some people write much and others little.
    posts: fc.array(fc.oneof(person, fc.nat({ max: 1 })), { maxLength: 60 }),
  });

  /** @returns who wrote what, by id */
  async function populate({ follows, posts }: Town): Promise<Map<number, string>> {
    const at = (n: number) => (people[n] as Person).id;
    return db.admin.begin(async (sql) => {
      await sql`delete from posts`;
      await sql`delete from follows`;
      if (follows.length > 0) {
        await sql`insert into follows ${sql(follows.map(([a, b]) => ({ follower_id: at(a), followee_id: at(b) })))}`;
      }
      const written = await sql`
        insert into posts (id, author_id, content)
        select private.new_id('2026-11-01'::timestamptz + n * interval '1 second'), author_id, n::text
        from unnest(${posts.map(at)}::uuid[]) with ordinality as post (author_id, n)
        returning id, author_id
      `;
      return new Map(written.map((row) => [row.id, row.author_id]));
    });
  }

  /** The feed, computed in the simplest way. */
  function model(viewer: number, { follows }: Town, posts: Map<number, string>): number[] {
    const followed = follows.filter(([follower]) => follower === viewer).map(([, followee]) => followee);
    const sources = new Set([viewer, ...followed].map((n) => people[n]?.id));
    return [...posts]
      .filter(([, author]) => sources.has(author))
      .map(([id]) => id)
      .sort((a, b) => b - a);
  }

  test("equals the model, page by page", async () => {
    await fc.assert(
      fc.asyncProperty(town, person, fc.integer({ min: 1, max: 12 }), async (town, viewer, pageSize) => {
        const posts = await populate(town);
        const read = await readAll(people[viewer] as Person, pageSize);
        expect(read.map((item) => item.id)).toEqual(model(viewer, town, posts));
      }),
      { numRuns: 60 },
    );
  });

  test("equals the plain query under row-level security, row by row", async () => {
    await fc.assert(
      fc.asyncProperty(
        town,
        person,
        fc.integer({ min: 1, max: 12 }),
        fc.option(fc.nat({ max: 60 })),
        async (town, viewer, pageSize, cursor) => {
          const ids = [...(await populate(town)).keys()];
          // The cursor is at a post, between two posts, or above all of them.
          const before = cursor === null ? null : (ids[cursor] ?? 1) + (cursor % 2);
          const reader = people[viewer] as Person;
          expect(await page(reader, before, pageSize)).toEqual(await plainPage(reader, before, pageSize));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("skips and repeats no post while others post and delete between two pages", async () => {
    const change = fc.record({ author: person, deletes: fc.option(fc.nat({ max: 59 }), { freq: 2 }) });
    await fc.assert(
      fc.asyncProperty(
        town,
        person,
        fc.integer({ min: 1, max: 8 }),
        fc.array(change, { maxLength: 8 }),
        async (town, viewer, pageSize, changes) => {
          const posts = await populate(town);
          const ids = [...posts.keys()];
          const deleted = new Set<number>();
          const pending = [...changes];
          const read = await readAll(people[viewer] as Person, pageSize, async () => {
            const next = pending.shift();
            if (!next) return;
            await post(people[next.author] as Person);
            const victim = next.deletes === null ? undefined : ids[next.deletes];
            if (victim === undefined) return;
            deleted.add(victim);
            await db.admin`delete from posts where id = ${victim}`;
          });
          const seen = read.map((item) => item.id);
          expect(new Set(seen).size).toBe(seen.length);
          const mustSee = model(viewer, town, posts).filter((id) => !deleted.has(id));
          expect(mustSee.filter((id) => !seen.includes(id))).toEqual([]);
          // Posts that were written meanwhile are above the cursor. They come with the next read from the top.
          expect(seen.filter((id) => !posts.has(id))).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
