/**
 * What fills the towns of the scenario attack: floods of posts that the reader does not
 * see, and single large things. Without triggers, which would take minutes: what they keep
 * is filled in afterwards.
 */
import type { Town } from "./attack-town.ts";

export const flood = Number(process.env.PLAZA_BENCH_FLOOD ?? 50_000);

/** Who floods: the number of accounts, and how their posts are limited. */
export const floods = {
  "one private account": { authors: 1, audience: "everyone", isPrivate: true },
  "100 private accounts": { authors: 100, audience: "everyone", isPrivate: true },
  "one account, for followers": { authors: 1, audience: "followers", isPrivate: false },
  "one account, for others": { authors: 1, audience: "mentioned", isPrivate: false },
} as const;

const countLimited = `
  truncate private.limited_posts, private.addressed_posts, private.limited_counts;
  insert into private.limited_posts (place, post_id, author_id, audience)
    select place, post_id, author_id, audience
    from private.limited_places(array(select id from public.posts where not is_open));
  insert into private.addressed_posts (place, profile_id, post_id, author_id)
    select place, profile_id, post_id, author_id
    from private.addressed_places(array(select id from public.posts where not is_open));
  insert into private.limited_counts (place, amount)
    select place, count(*) from private.limited_posts where place ~ '^(reply|quote|repost):' group by place;
`;

/** Person 201 and the next ones write, for others, where everybody looks. */
export async function addFlood(sql: Town, how: (typeof floods)[keyof typeof floods]): Promise<void> {
  const author = `md5('person ' || 201 + n % ${how.authors})::uuid`;
  await sql.unsafe("set session_replication_role = replica");
  if (how.isPrivate) {
    await sql.unsafe(`
      update public.profiles set is_private = true
      where username in (select 'person_' || n from generate_series(201, ${200 + how.authors}) as n);
      update public.posts set is_open = false
      where author_id in (select id from public.profiles where is_private);
      update private.post_search set is_findable = false
      where author_id in (select id from public.profiles where is_private)`);
  }
  await sql.unsafe("create temporary table flood (id bigint)");
  for (const reference of ["null, null", "1, null", "null, 2"]) {
    await sql.unsafe(`
      with added as (
        insert into public.posts (author_id, content, entities, audience, reply_to_id, quote_of_id)
        select ${author}, '@person_300 #garden beta flood ' || n,
          '[{"type": "mention", "field": "content", "start": 0, "end": 11, "username": "person_300"},
            {"type": "tag", "field": "content", "start": 12, "end": 19, "tag": "garden"}]',
          '${how.audience}', ${reference}
        from generate_series(1, ${flood}) as n
        returning id
      )
      insert into flood select id from added`);
  }
  await sql.unsafe(`
    insert into public.post_tags (post_id, tag) select id, 'garden' from flood;
    insert into public.post_mentions (post_id, profile_id, usernames)
      select id, md5('person 300')::uuid, '{person_300}' from flood;
    truncate private.post_counts;
    ${countLimited}
    insert into private.post_counts (post_id, replies, quotes)
      select 1, (select count(*) from public.posts where reply_to_id = 1), 0
      union all
      select 2, (select count(*) from public.posts where reply_to_id = 2),
        (select count(*) from public.posts where quote_of_id = 2)`);
  await index(sql);
  await sql.unsafe("set session_replication_role = origin");
  // As autovacuum leaves a table some time after a flood.
  await sql.unsafe("vacuum (analyze)");
}

/** Makes search know the flood. The index of words is dropped first: it is made much faster than it is filled. */
async function index(sql: Town): Promise<void> {
  const [words] =
    await sql`select pg_get_indexdef('private.post_search_limited_idx'::regclass) as definition`;
  await sql.unsafe("drop index private.post_search_limited_idx");
  await sql.unsafe("select private.index_posts(array(select id from flood order by id))");
  await sql.unsafe(words?.definition);
}

/** The same page of something large beside something small, in one database. */
export async function addLargeOnes(sql: Town): Promise<void> {
  await sql.unsafe(`
    set session_replication_role = replica;
    insert into public.posts (author_id, content, reply_to_id, is_open)
      select md5('person ' || 1 + n % 200)::uuid, 'reply ' || n, 2, true from generate_series(1, 36000) as n;
    insert into public.posts (id, author_id, content, is_open)
      values (3, md5('person 150')::uuid, 'ten limited replies', true),
        (4, md5('person 150')::uuid, '20,000 limited replies', true);
    insert into public.posts (author_id, content, reply_to_id, audience)
      select md5('person ' || 201 + n % 10)::uuid, 'limited ' || n, 3, 'followers' from generate_series(1, 10) as n;
    insert into public.posts (author_id, content, reply_to_id, audience)
      select md5('person ' || 201 + n % 10)::uuid, 'limited ' || n, 4, 'followers' from generate_series(1, 20000) as n;
    ${countLimited}
    insert into private.post_counts (post_id, replies)
      select reply_to_id, count(*) from public.posts where reply_to_id is not null group by 1
      on conflict (post_id) do update set replies = excluded.replies;
    set session_replication_role = origin;
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('other ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'other_' || n || '@example.com', jsonb_build_object('username', 'other_' || n), now() - interval '30 days'
      from generate_series(1, 6000) as n;
    insert into public.follows (follower_id, followee_id)
      select md5('person 2')::uuid, md5('other ' || n)::uuid from generate_series(1, 6000) as n;
  `);
  await sql.unsafe("vacuum (analyze)");
}
