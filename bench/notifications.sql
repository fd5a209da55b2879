/*
 * notifications
 *
 * Fills a town for the scenario notifications, with triggers off: :large notifications for
 * person 1, 1,000 for person 2, and :others for others.
 */

set session_replication_role = replica;

-- Persons 1 and 2 have written 200 posts each.
create temporary table bench_posts as
select person.n as person, post.n as place, private.new_id(now() - interval '1 day' + post.n * interval '1 second') as id
from generate_series(1, 2) as person (n)
cross join generate_series(0, 199) as post (n);

insert into public.posts (id, author_id, content, is_open)
select id, md5('person ' || person)::uuid, 'A post that many people like.', true
from bench_posts;

-- The likes come post by post in turns, each by another person. The likes of the first 100
-- posts form one group each, and the other likes form groups of five.
create temporary table bench_likes as
select
  person.n as person, likes.n as n, likes.n * 4096::bigint as id, bench_posts.id as object_id,
  4096::bigint * case
    when bench_posts.place < 100 and person.n = 1 then bench_posts.place + 1000
    else likes.n - likes.n / 200 % 5 * 200
  end as group_id,
  md5('person ' || 10 + likes.n / 200)::uuid as actor_id
from (values (1, :large), (2, 1000)) as person (n, likes)
cross join lateral generate_series(1000, 999 + person.likes) as likes (n)
join bench_posts on bench_posts.person = person.n and bench_posts.place = likes.n % 200;

delete from private.notifications where recipient_id in (md5('person 1')::uuid, md5('person 2')::uuid);
delete from private.notification_groups where recipient_id in (md5('person 1')::uuid, md5('person 2')::uuid);
delete from private.stream_events where user_id in (md5('person 1')::uuid, md5('person 2')::uuid);

insert into private.notifications (id, group_id, recipient_id, kind, actor_id, object_id)
select id, group_id, md5('person ' || person)::uuid, 'like', actor_id, object_id
from bench_likes;

-- The newest group of each post is unread.
insert into private.notification_groups (group_id, recipient_id, kind, object_id, is_quiet, shown, latest_id, place)
select group_id, md5('person ' || person)::uuid, 'like', min(object_id), false, count(*), max(id), max(id)
from bench_likes
group by person, group_id;

update private.streams
set last_seq = 0, unread = newest.groups, last_id = newest.id, read_up_to = newest.read_up_to, newest_group = null
from (
  select
    md5('person ' || bench_likes.person)::uuid as user_id, max(bench_likes.id) as id,
    max(bench_likes.id) - 200 * 4096 as read_up_to, 200 as groups
  from bench_likes
  group by bench_likes.person
) as newest
where streams.user_id = newest.user_id;

-- Others have 200 notifications each: people follow them.
create temporary table bench_follows as
select recipient.n as person, actor.n as n, md5('person ' || 1 + (recipient.n + actor.n) % 10000)::uuid as actor_id
from generate_series(10, 9 + :others / 200) as recipient (n)
cross join generate_series(1, 200) as actor (n);

insert into private.notifications (id, group_id, recipient_id, kind, actor_id, object_id)
select n * 4096::bigint, 4096, md5('person ' || person)::uuid, 'follow', actor_id, 0
from bench_follows;

insert into private.notification_groups (group_id, recipient_id, kind, object_id, is_quiet, shown, latest_id, place)
select 4096, md5('person ' || person)::uuid, 'follow', 0, false, 200, 200 * 4096, 200 * 4096
from bench_follows
group by person;

update private.streams
set unread = streams.unread + 1
from (select distinct md5('person ' || person)::uuid as user_id from bench_follows) as followed
where streams.user_id = followed.user_id and streams.read_up_to < 200 * 4096;

set session_replication_role = origin;
