/*
 * trust
 *
 * A network of :people people. :interactions of them have answered each other, and :friends times two people follow each
 * other. Popular people are answered more: their numbers are low. :people are made without triggers.
 */

set session_replication_role = replica;

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
select
  md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), '2025-01-01'
from generate_series(1, :people) as n;

insert into public.profiles (id, username, created_at)
select md5('person ' || n)::uuid, 'person_' || n, '2025-01-01'::timestamptz + hashint4(n) * interval '5 milliseconds'
from generate_series(1, :people) as n;

create temporary table pairs as
select
  n,
  md5('person ' || 1 + abs(hashint8extended(n, 1)) % :people)::uuid as one,
  md5('person ' || 1 + floor(:people * (abs(hashint8extended(n, 2)) % 1000000 / 1000000.0) ^ 1.5)::integer)::uuid as other
from generate_series(1, :interactions + :friends) as n;

insert into private.interactions (giver_id, receiver_id, post_id)
select one, other, 1
from pairs
where n <= :interactions and one <> other
on conflict do nothing;

insert into public.follows (follower_id, followee_id)
select follow.one, follow.other
from pairs
cross join lateral (values (one, other), (other, one)) as follow (one, other)
where n > :interactions and pairs.one <> pairs.other
on conflict do nothing;

drop table pairs;
