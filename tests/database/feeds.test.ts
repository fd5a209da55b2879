/**
 * The feeds do not use row-level security. Here they are compared with plain queries that
 * do. For random towns, every viewer gets the same rows in the same order from every feed.
 */
import fc from "fast-check";
import type { TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let people: Person[];
beforeAll(async () => {
  db = await createDatabase();
  people = await Promise.all(
    ["alice", "bob", "carol", "dave", "erin", "mallory"].map((name) => db.signUp(name)),
  );
});
afterAll(() => db?.[Symbol.asyncDispose]());

/**
 * Makes some rows of every kind by chance, in any combination. There is one exception, as in
 * the product: two people never follow each other across a block.
 */
async function town(seed: number): Promise<void> {
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`select setseed(${seed / 2 ** 31})`;
    await sql.unsafe(`
      truncate follows, blocks, mutes, posts, post_tags, post_mentions, likes, bookmarks, lists, list_members,
        tag_follows, post_versions, private.post_counts, private.limited_posts, private.limited_counts, private.addressed_posts,
        private.post_search,
        private.deleted_posts;
      update profiles set is_private = random() < 0.3, shows_likes = random() < 0.5;
      insert into blocks (blocker_id, blocked_id)
        select a.id, b.id from profiles a, profiles b where a.id <> b.id and random() < 0.08;
      insert into follows (follower_id, followee_id)
        select a.id, b.id from profiles a, profiles b
        where a.id <> b.id and random() < 0.45
          and not exists (select from blocks where (blocker_id, blocked_id) in ((a.id, b.id), (b.id, a.id)));
      insert into mutes (muter_id, muted_id, muted_until)
        select a.id, b.id, case when random() < 0.5 then now() + (random() - 0.5) * interval '1 hour' end
        from profiles a, profiles b where a.id <> b.id and random() < 0.2;
      insert into posts (id, author_id, content, audience, reply_to_id, quote_of_id)
        select n, (select id from profiles where n > 0 order by random() limit 1), n::text,
          (array['everyone', 'everyone', 'followers', 'mentioned'])[1 + floor(random() * 4)]::audience,
          case when n > 5 and random() < 0.4 then 1 + floor(random() * (n - 1)) end,
          case when n > 5 and random() < 0.2 then 1 + floor(random() * (n - 1)) end
        from generate_series(1, 60) as n;
      insert into posts (id, author_id, repost_of_id)
        select 60 + row_number() over (order by random()), profiles.id, posts.id
        from posts, profiles where random() < 0.25 and (audience = 'everyone' or profiles.id = author_id);
      update posts set is_open = audience = 'everyone'
        and not (select is_private from profiles where profiles.id = posts.author_id);
      update posts set is_open = false
        where repost_of_id in (select id from posts as original where not is_open);
      -- Some are deleted, and are still referred to.
      delete from posts where id % 11 = 0 and repost_of_id is null;
      delete from posts where repost_of_id is not null
        and not exists (select from posts as original where original.id = posts.repost_of_id);
      insert into post_mentions (post_id, profile_id, usernames)
        select posts.id, profiles.id, array[lower(username)] from posts, profiles
        where repost_of_id is null and random() < 0.15;
      insert into post_tags (post_id, tag) select id, 'garden' from posts where repost_of_id is null and random() < 0.2;
      update post_tags set is_open = posts.is_open from posts where posts.id = post_id;
      insert into private.limited_posts (place, post_id, author_id, audience)
        select place, post_id, author_id, audience from private.limited_places(array(select id from posts));
      insert into private.addressed_posts (place, profile_id, post_id, author_id)
        select place, profile_id, post_id, author_id
        from private.addressed_places(array(select id from posts));
      insert into private.limited_counts (place, amount)
        select place, count(*) from private.limited_posts where place ~ '^(reply|quote|repost):' group by place;
      insert into private.post_counts (post_id, likes, replies, reposts, quotes)
        select id, 0,
          (select count(*) from posts as reply where reply.reply_to_id = posts.id),
          (select count(*) from posts as repost where repost.repost_of_id = posts.id),
          (select count(*) from posts as quote where quote.quote_of_id = posts.id)
        from posts where repost_of_id is null;
      insert into tag_follows (user_id, tag) select id, 'garden' from profiles where random() < 0.5;
      insert into likes (user_id, post_id) select profiles.id, posts.id from posts, profiles
        where repost_of_id is null and random() < 0.1;
      insert into bookmarks (user_id, post_id) select profiles.id, posts.id from posts, profiles
        where repost_of_id is null and random() < 0.1;
      insert into lists (owner_id, name, is_private) select id, 'list', random() < 0.5 from profiles;
      insert into list_members (list_id, profile_id)
        select lists.id, profiles.id from lists, profiles where random() < 0.4;
    `);
  });
}

/** The plain query for home or a list's feed, by its members and tags. It may be slow. */
const timeline = (members: string, tags: string) => `
  with muted as (select muted_id from mutes where muted_until is null or muted_until > now()),
  source as (
    select id from profiles where id in (${members}) and id not in (table muted)
  ),
  native as (
    select * from posts
    where repost_of_id is null and author_id not in (table muted)
      and not exists (
        select from posts as quoted where quoted.id = posts.quote_of_id and quoted.author_id in (table muted)
      )
      and (
        author_id in (table source)
        or exists (select from post_tags where post_id = posts.id and tag in (${tags}))
      )
      and (reply_to_id is null or exists (
        select from posts as parent where parent.id = posts.reply_to_id
          and (parent.author_id = auth.uid() or parent.author_id in (table source))
      ))
  )
  select id from native
  union all
  select min(posts.id) from posts
  join posts as original on original.id = posts.repost_of_id
  where posts.author_id in (table source) and original.author_id not in (table muted)
    and not exists (
      select from posts as other
      where other.id in (original.quote_of_id, original.reply_to_id) and other.author_id in (table muted)
    )
    and original.id not in (select id from native)
  group by original.id`;
const muted = "select muted_id from mutes where muted_until is null or muted_until > now()";
const unmuted = `author_id not in (${muted}) and not exists (
  select from posts as quoted where quoted.id = posts.quote_of_id and quoted.author_id in (${muted})
)`;

/** For each feed: its call, and the plain query. Both take $1, which `of` selects: the tag, list, person or post. */
const feeds: Record<string, { of: string; call: string; plain: string }> = {
  home: {
    of: "select null",
    call: "home_feed(page_size => 100)",
    plain: timeline(
      "select auth.uid() union all select followee_id from follows where follower_id = auth.uid()",
      "select tag from tag_follows",
    ),
  },
  list: {
    of: "select id from lists",
    call: "list_feed($1::uuid, page_size => 100)",
    // The viewer may not look into every member. Row-level security cannot show that, so the query asks the rule.
    plain: timeline(
      `select profile_id from list_members where list_id = $1::uuid
        and private.looks_into(auth.uid(), profile_id)`,
      "select 'none' where false",
    ),
  },
  public: {
    of: "select null",
    call: "public_feed(page_size => 100)",
    plain: `select id from posts where reply_to_id is null and repost_of_id is null and audience = 'everyone' and ${unmuted}
      and not (select is_private from profiles where profiles.id = author_id)`,
  },
  tag: {
    of: "select 'garden'",
    call: "tag_feed($1, page_size => 100)",
    plain: `select id from posts where id in (select post_id from post_tags where tag = $1) and ${unmuted}`,
  },
  profile: {
    of: "select id from profiles",
    call: "profile_feed($1::uuid, page_size => 100)",
    plain: "select id from posts where author_id = $1::uuid and reply_to_id is null",
  },
  profile_replies: {
    of: "select id from profiles",
    call: "profile_replies($1::uuid, page_size => 100)",
    plain: "select id from posts where author_id = $1::uuid and reply_to_id is not null",
  },
  profile_likes: {
    of: "select id from profiles",
    call: "profile_likes($1::uuid, page_size => 100)",
    // Authors also read the likes of their posts. Those are not on the page of the person who likes.
    plain: `select id from likes where user_id = $1::uuid and (user_id = auth.uid() or (
      (select shows_likes from profiles where profiles.id = user_id) and private.looks_into(auth.uid(), user_id)
    ))`,
  },
  bookmarks: {
    of: "select null",
    call: "bookmarks_feed(page_size => 100)",
    plain: "select id from bookmarks",
  },
  replies: {
    of: "select id from posts",
    call: "replies($1::bigint, page_size => 100)",
    plain: `select id from posts where reply_to_id = (
        select coalesce(repost_of_id, id) from posts as parent where parent.id = $1::bigint
      )`,
  },
  quotes: {
    of: "select id from posts",
    call: "quotes($1::bigint, page_size => 100)",
    plain: `select id from posts where quote_of_id = (
        select coalesce(repost_of_id, id) from posts as quoted where quoted.id = $1::bigint
      )`,
  },
};

const ids = async (sql: TransactionSql, query: string, of: string | null): Promise<number[]> => {
  const rows = await sql.unsafe(query, query.includes("$1") ? [of] : []);
  return rows.map((row) => row.id);
};

let rows = 0;
test.each(Object.keys(feeds))("%s has the rows of the plain query", async (name) => {
  const { of, call, plain } = feeds[name] as (typeof feeds)[string];
  rows = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 - 1 }), async (seed) => {
      await town(seed);
      // A third of the towns are read as if every place had many limited posts, and many that
      // address people; another third as if three were many.
      await db.admin.unsafe(`
        create or replace function private.few_posts() returns integer language sql immutable
        return ${[200, 3, 1][seed % 3]}`);
      const targets = await db.admin.unsafe(of).values();
      for (const viewer of people) {
        await viewer.asks(async (sql) => {
          for (const [target] of targets) {
            const expected = await ids(
              sql,
              `select id from (${plain}) as rows order by id desc limit 100`,
              target,
            );
            const found = await ids(sql, `select id from ${call}`, target);
            expect(found, `${viewer.username}, ${name} of ${target}`).toEqual(expected);
            rows += found.length;

            // The rows between two of them: older than the first, and newer than the middle one.
            const [first, middle] = [found[0], found[Math.ceil(found.length / 2)]];
            if (!first || !middle) continue;
            const between = call.replace("page_size", `before => ${first}, after => ${middle}, page_size`);
            expect(await ids(sql, `select id from ${between}`, target), between).toEqual(
              found.filter((id) => id < first && id > middle),
            );
          }
        });
      }
    }),
    { numRuns: name === "replies" || name === "quotes" ? 3 : 12 },
  );
  expect(rows).toBeGreaterThan(10);
});

test("a page asks about the quotes that it shows, and no more, when Postgres believes that there are no posts", async () => {
  const [alice, bob, carol] = people as [Person, Person, Person];
  const asked = await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`truncate posts, follows, blocks, private.post_counts cascade`;
    await sql`insert into follows (follower_id, followee_id) values (${carol.id}, ${alice.id})`;
    // They are for followers. So the rule looks up whether carol follows alice.
    const fill = () => sql`
      insert into posts (id, author_id, content, audience)
      select n, ${alice.id}, 'A post', 'followers' from generate_series(1, 1500) as n
    `;
    await fill();
    await sql`delete from posts`;
    await sql`analyze posts`;
    await fill();
    await sql`
      insert into posts (id, author_id, content, is_open, quote_of_id)
      select 2000 + n, ${bob.id}, 'A quote', true, n from generate_series(1, 20) as n
    `;
    const page = Array.from({ length: 20 }, (_, n) => 2001 + n);
    const lookups = async () => {
      const [scans] = await sql`
        select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) as count
        from pg_stat_xact_user_tables where relname = 'follows'`;
      return Number(scans?.count);
    };
    const before = await lookups();
    const rows = await sql`select id, quoted from private.feed_items(${carol.id}, ${page}, ${page})`;
    expect(rows.filter(({ quoted }) => quoted !== null)).toHaveLength(20);
    return (await lookups()) - before;
  });
  expect(asked).toBe(20);
});
