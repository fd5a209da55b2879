/*
 * search flood
 *
 * Writes the 50,000 newest posts, with every word that the scenario looks for. Their :authors
 * authors have no followers. They are private accounts, public ones who write for followers,
 * and public ones who are not searchable. A single author is a private account.
 */

set session_replication_role = replica;

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
select
  md5('flooder ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  'flooder_' || n || '@example.com', jsonb_build_object('username', 'flooder_' || n), '2026-01-01'
from generate_series(0, :authors - 1) as n;

insert into public.profiles (id, username, is_private, is_searchable)
select md5('flooder ' || n)::uuid, 'flooder_' || n, n % 3 = 0, n % 3 <> 2
from generate_series(0, :authors - 1) as n;

insert into private.follow_counts (profile_id)
select id from public.profiles where username like 'flooder%';

insert into public.posts (id, author_id, content, language, audience, is_open, entities)
select
  (select max(id) from public.posts) + p::bigint * 400000,
  md5('flooder ' || p % :authors)::uuid,
  'evenly sevenths thousandth singular side by #topic13',
  'en',
  case when p % :authors % 3 = 1 then 'followers' else 'everyone' end::public.audience,
  p % :authors % 3 = 2,
  '[{"type": "tag", "tag": "topic13"}]'
from generate_series(1, 50000) as p;

insert into private.post_counts (post_id)
select id from public.posts where author_id in (select id from public.profiles where username like 'flooder%');

set session_replication_role = origin;

select private.index_posts(array(
  select id from public.posts where author_id in (select id from public.profiles where username like 'flooder%') order by id
));
