/*
 * search
 *
 * A town of :posts posts by 2,000 people, the same at every run: made with triggers and
 * foreign keys off, in sections that search-town.ts runs one after the other. Chance is
 * a hash of what is drawn. The texts have 4 to 33 words of 8,000, by a power law, and
 * some words that the scenario looks for:
 *
 *     evenly       in every second post         sevenths     in every seventh
 *     thousandth   in one of a thousand         singular     in one
 *     side by      in one of a thousand, though by side is in every sixth
 *
 * One person in twenty is private, one post in thirty-three for followers. The first
 * person follows a hundred people, the second a thousand.
 */

-- People -----------------------------------------------------------------------

set session_replication_role = replica;

create function pg_temp.person(n integer)
returns uuid
language sql
immutable
return md5('person ' || n)::uuid;

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
select
  pg_temp.person(n), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), '2026-01-01'
from generate_series(1, 2000) as n;

insert into public.profiles (id, username, display_name, is_private)
select pg_temp.person(n), 'person_' || n, 'Person ' || n, n % 20 = 0
from generate_series(1, 2000) as n;

insert into private.follow_counts (profile_id)
select id from public.profiles;

insert into private.names (profile_id, username, display_name, is_searchable)
select id, private.folded(username), private.folded(display_name), is_searchable
from public.profiles;

insert into public.follows (follower_id, followee_id)
select pg_temp.person(follower), pg_temp.person(followee)
from (values (1, 100), (2, 1000)) as reader (follower, followees)
cross join lateral generate_series(3, 2 + followees) as followee;

-- Posts ------------------------------------------------------------------------

create temporary table texts as
select text, string_agg(
  left(translate(md5('word ' || word), '0123456789', 'ghijklmnop'), 3 + word % 7), ' ' order by place
) as content
from generate_series(0, 9999) as text
cross join lateral generate_series(1, 4 + abs(hashint4(text)) % 30) as place
cross join lateral (
  values (floor(pow(8000::double precision, abs(hashint8extended(place, text) % 100000) / 100000.0))::integer)
) as drawn (word)
group by text;

insert into public.posts (id, author_id, content, language, audience, is_open, entities)
select
  ((86400000 + 7776000000.0 * p / :posts)::bigint << 12) | (p & 4095),
  pg_temp.person(n),
  texts.content
    || case when p % 2 = 0 then ' evenly' else ' by' end
    || case when p % 3 = 0 then ' side' else '' end
    || case when p % 7 = 0 then ' sevenths' else '' end
    || case when p % 1000 = 7 then ' thousandth' else '' end
    || case when p % 1000 = 13 then ' side by' else '' end
    || case when p = :posts / 2 + 1 then ' singular' else '' end
    || case when p % 10 = 3 then ' #topic' || p % 100 else '' end,
  case when p % 10 < 7 then 'en' when p % 10 = 7 then 'de' end,
  case when p % 33 = 0 then 'followers' else 'everyone' end::public.audience,
  p % 33 <> 0 and n % 20 <> 0,
  case when p % 10 = 3 then jsonb_build_array(jsonb_build_object('type', 'tag', 'tag', 'topic' || p % 100)) else '[]' end
from (
  select p, 3 + (abs(hashint8extended(p, 7)) % 1998)::integer as n
  from generate_series(1, :posts) as p
) as drawn
join texts on texts.text = abs(hashint8extended(p, 8)) % 10000
order by p;

insert into public.post_tags (post_id, tag)
select posts.id, posts.entities -> 0 ->> 'tag'
from public.posts
where posts.entities <> '[]';

insert into private.post_counts (post_id)
select id from public.posts;

set session_replication_role = origin;

-- Readers ----------------------------------------------------------------------

-- The benchmark searches more often than a person may.
select private.set_limits(pg_temp.person(n), 1000000000, 1000000000, 1000000000, null)
from generate_series(1, 2) as n;
