/*
 * trends
 *
 * A town of 5,000 people and 500,000 posts of the 330 days before :end, the same at every run. The last
 * 36 days have 100,000 of them. These are what trends look at: the windows, and the hours of four weeks. The older ones
 * are history, and trend-history.sql adds more of it. Six of ten posts have a tag, one of ten has a link. There are
 * 3,000 of each, a few of them in many posts, most in a few. trend-recount.sql computes the tables of trends.
 */

set session_replication_role = replica;

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
select
  md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), '2025-01-01'
from generate_series(1, 5000) as n;

insert into public.profiles (id, username, created_at)
select md5('person ' || n)::uuid, 'person_' || n, '2025-01-01'
from generate_series(1, 5000) as n;

-- Four of five count.
insert into private.trust (profile_id)
select md5('person ' || n)::uuid
from generate_series(1, 4000) as n;

create temporary table said as
select tag, is_link, content, private.text_entities('', content) as entities
from (
  select tag, false as is_link, 'About #topic' || tag as content
  from generate_series(1, 3000) as tag
  union all
  select tag, true, 'Read https://example.com/' || tag
  from generate_series(1, 3000) as tag
) as texts;

insert into public.posts (id, author_id, content, is_open, entities)
select
  (floor((extract(epoch from drawn.at) - 1767225600) * 1000)::bigint << 12) | (drawn.n & 2047),
  md5('person ' || 1 + abs(hashint8extended(drawn.n, 1)) % 5000)::uuid,
  coalesce(said.content, 'Nothing'), true, coalesce(said.entities, '[]')
from (
  select
    n,
    case when n <= 400000
      then :end::timestamptz - interval '330 days' + n * interval '294 days' / 400000
      else :end::timestamptz - interval '36 days' + (n - 400000) * interval '36 days' / 100001
    end as at,
    floor(pow(3000::double precision, abs(hashint8extended(n, 2)) % 100000 / 100000.0))::integer as tag
  from generate_series(1, 500000) as n
) as drawn
left join said on said.tag = drawn.tag and said.is_link = (drawn.n % 10 = 6) and drawn.n % 10 < 7;

delete from private.trend_changes;
update private.trend_state set refreshed_at = :end, closed_at = :end;

set session_replication_role = origin;
