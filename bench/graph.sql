/*
 * graph
 *
 * Makes a social network of :users people, the same at every run. It is made inside
 * Postgres, with triggers and foreign keys off (session_replication_role). graph.ts runs
 * the sections one after the other. These follow power laws: followers, followees, the
 * activity of authors, the size of threads and the use of tags.
 *
 * People are numbers from 1, and 1 is the most popular. A random number is a hash of the
 * thing that is drawn and of a stream. A person's stream is positive, other streams are negative.
 */

-- Chance -----------------------------------------------------------------------

create schema bench;

create function bench.uniform(item bigint, stream bigint)
returns double precision
language sql
immutable
parallel safe
return ((hashint8extended(item, stream) >> 11) & 9007199254740991) / 9007199254740992::double precision;

-- The chance of a person falls with the power 0.8 of their rank. So the numbers of followers
-- follow a power law with exponent 2.25.
create function bench.popular(chance double precision)
returns integer
language sql
immutable
parallel safe
return least(:users, floor(
  pow(chance * (pow(:users + 3, 0.2::double precision) - pow(3, 0.2::double precision)) + pow(3, 0.2::double precision), 5) - 2
)::integer);

create function bench.lomax(chance double precision, scale double precision, shape double precision)
returns double precision
language sql
immutable
parallel safe
return scale * (pow(1 - chance, -1 / shape) - 1);

-- An id as private.new_id() makes it, from milliseconds since 2026.
create function bench.id_at(ms bigint, item bigint)
returns bigint
language sql
immutable
parallel safe
return (ms << 12) | (hashint8extended(item, -1) & 4095);

create function bench.time_of(id bigint)
returns timestamptz
language sql
immutable
parallel safe
return to_timestamp(1767225600 + (id >> 12) / 1000.0);

-- People -----------------------------------------------------------------------

-- Eight readers of each kind. Each follows exactly this number of people.
create table bench.readers as
select :users - 8 * kind - place as n, followees
from unnest(array[10, 100, 1000, 10000]) with ordinality as kinds (followees, kind)
cross join generate_series(0, 7) as place;

-- Two authors. Exactly this number of people follows each.
create table bench.authors as
values (1, :users / 2), (:users / 2, 10);
alter table bench.authors rename column1 to n;
alter table bench.authors rename column2 to followers;

create table bench.people as
select
  n,
  md5('person ' || n)::uuid as id,
  case when n in (select readers.n from bench.readers) then 0
  else least(:users / 20, round(bench.lomax(bench.uniform(n, -2), 48, 1.85))) end::integer as draws,
  -- Popular people write more. Most people write little or nothing.
  least(3000, bench.lomax(bench.uniform(n, -3), 10, 1.5) * pow(n::double precision, -0.15)) as activity,
  bench.uniform(n, -4) < 0.05
    and n not in (select readers.n from bench.readers)
    and n not in (select authors.n from bench.authors) as is_private
from generate_series(1, :users) as n;
alter table bench.people add primary key (n);
analyze bench.people;

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
select
  id, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
  'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), '2026-01-01 00:00:00+00'
from bench.people
order by id;

insert into public.profiles (id, username, display_name, is_private, created_at)
select id, 'person_' || n, 'Person ' || n, is_private, '2026-01-01 00:00:00+00'
from bench.people
order by id;

-- Follows ----------------------------------------------------------------------

create table bench.follows as
select distinct people.n as follower, bench.popular(bench.uniform(draw, people.n)) as followee
from bench.people
cross join lateral generate_series(1, people.draws) as draw
where bench.popular(bench.uniform(draw, people.n)) <> all (array[people.n, 1, :users / 2]);

-- Draws followees by popularity, each at most once: those with the smallest exponential times.
insert into bench.follows (follower, followee)
select readers.n, chosen.n
from bench.readers
cross join lateral (
  select people.n
  from bench.people
  where people.n not in (readers.n, :users / 2)
  order by -ln(1 - bench.uniform(people.n, readers.n)) * pow(people.n + 2.5::double precision, 0.8)
  limit readers.followees
) as chosen;

insert into bench.follows (follower, followee)
select chosen.n, authors.n
from bench.authors
cross join lateral (
  select people.n
  from bench.people
  where people.n <> authors.n and people.n not in (select readers.n from bench.readers)
  order by bench.uniform(people.n, -5 - authors.n)
  limit authors.followers - (select count(*) from bench.follows where follows.followee = authors.n)
) as chosen;
analyze bench.follows;

insert into public.follows (follower_id, followee_id, id, created_at)
select follower_id, followee_id, id, bench.time_of(id)
from (
  select
    follower.id as follower_id,
    followee.id as followee_id,
    bench.id_at((86400000 + 7776000000 * bench.uniform(follows.followee, -:users - follower))::bigint, followee) as id
  from bench.follows
  join bench.people as follower on follower.n = follows.follower
  join bench.people as followee on followee.n = follows.followee
) as follow
order by id;

-- Blocks -----------------------------------------------------------------------

create table bench.pairs as
select people.n as one, bench.popular(bench.uniform(place, -6 * :users - people.n)) as other, place
from bench.people
cross join generate_series(1, 4) as place
where people.n % 20 = 7;

insert into public.blocks (blocker_id, blocked_id, id, created_at)
select blocker.id, blocked.id, bench.id_at(86400000, one), '2026-01-02 00:00:00+00'
from (
  select distinct one, other
  from bench.pairs
  where place <= 2 and one <> other
    and (one, other) not in (select follower, followee from bench.follows)
    and (other, one) not in (select follower, followee from bench.follows)
) as pair
join bench.people as blocker on blocker.n = pair.one
join bench.people as blocked on blocked.n = pair.other;

insert into public.mutes (muter_id, muted_id)
select muter.id, muted.id
from (select distinct one, other from bench.pairs where place > 2 and one <> other) as pair
join bench.people as muter on muter.n = pair.one
join bench.people as muted on muted.n = pair.other;

-- Posts ------------------------------------------------------------------------

-- An urn to draw authors from. An active author has more slots in it.
create table bench.urn as
select row_number() over (order by people.n, slot)::integer - 1 as slot, people.n
from bench.people
cross join lateral generate_series(1, ceil(people.activity - 0.5)::integer) as slot;

create table bench.posts as
select
  drawn.p,
  bench.id_at(
    (86400000 + 7776000000.0 * (drawn.p + 0.9 * bench.uniform(drawn.p, -7)) / :posts)::bigint, drawn.p
  ) as id,
  urn.n as author,
  drawn.kind,
  drawn.kind <> 'repost' and bench.uniform(drawn.p, -8) < 0.03 as is_limited
from (
  select
    p,
    floor(bench.uniform(p, -9) * (select count(*) from bench.urn))::integer as slot,
    case
      when bench.uniform(p, -10) < 0.25 then 'reply'
      when bench.uniform(p, -10) < 0.35 then 'repost'
      when bench.uniform(p, -10) < 0.37 then 'quote'
      else 'plain'
    end as kind
  from generate_series(1, :posts) as p
) as drawn
join bench.urn using (slot);
create index on bench.posts (author, p) include (kind, is_limited) where kind <> 'repost';
analyze bench.posts;

create table bench.followees as
select follower as n, array_agg(followee order by followee) as followees
from bench.follows
group by follower;
alter table bench.followees add primary key (n);
analyze bench.followees;

-- The post that each reply, repost or quote refers to. It is the newest earlier post of another
-- person, who is popular or followed by the author. Everybody may see it, except if a follower replies.
create table bench.targets as
select distinct on (posts.kind, posts.author, case posts.kind when 'repost' then target.p else posts.p end)
  posts.p, posts.kind, target.p as target, target.author as target_author
from (
  select
    posts.*,
    case when bench.uniform(posts.p, -11) < 0.5
      then followees.followees[1 + floor(bench.uniform(posts.p, -12) * cardinality(followees.followees))::integer]
    end as followee,
    bench.popular(bench.uniform(posts.p, -13)) as popular
  from bench.posts
  left join bench.followees on followees.n = posts.author
  where posts.kind <> 'plain'
) as posts
join bench.people as addressee on addressee.n = coalesce(posts.followee, posts.popular)
cross join lateral (
  select earlier.p, earlier.author
  from bench.posts as earlier
  where earlier.author = addressee.n and earlier.p < posts.p and earlier.kind <> 'repost'
    and (
      (posts.followee is not null and posts.kind = 'reply')
      or (not earlier.is_limited and not addressee.is_private)
    )
  order by earlier.p desc
  limit 1
) as target
order by posts.kind, posts.author, case posts.kind when 'repost' then target.p else posts.p end, posts.p;

create table bench.texts as
select text, string_agg(
  left(translate(md5('word ' || word), '0123456789', 'ghijklmnop'), 3 + word % 7), ' ' order by place
) as content
from generate_series(0, 4095) as text
cross join lateral generate_series(1, 4 + floor(bench.lomax(bench.uniform(text, -14), 40, 3))::integer) as place
cross join lateral (values (floor(pow(5000::double precision, bench.uniform(place, text)))::integer)) as drawn (word)
where place <= 150
group by text;
analyze bench.texts;

-- A post starts with at most one mention and one tag.
create table bench.written as
select
  posts.p, posts.id, posts.author,
  reply.id as reply_to_id, quote.id as quote_of_id, repost.id as repost_of_id,
  case when repost.id is null and posts.is_limited then 'followers' else 'everyone' end as audience,
  case when repost.id is null and bench.uniform(posts.p, -15) < 0.1
    then 'topic' || floor(pow(3000::double precision, bench.uniform(posts.p, -16)))::integer end as tag,
  case when reply.id is not null and bench.uniform(posts.p, -17) < 0.2
    and (posts.author, refs.target_author) not in (
      select one, other from bench.pairs where place <= 2
      union all
      select other, one from bench.pairs where place <= 2
    ) then refs.target_author end as mentioned
from bench.posts
left join bench.targets as refs on refs.p = posts.p
left join bench.posts as reply on reply.p = refs.target and refs.kind = 'reply'
left join bench.posts as quote on quote.p = refs.target and refs.kind = 'quote'
left join bench.posts as repost on repost.p = refs.target and refs.kind = 'repost';
analyze bench.written;

insert into public.posts (
  id, author_id, content, language, entities, audience, is_open, reply_to_id, quote_of_id, repost_of_id, created_at
)
select
  written.id, people.id,
  case when repost_of_id is null then
    coalesce('@person_' || mentioned || ' ', '') || coalesce('#' || tag || ' ', '') || texts.content
  else '' end,
  case when repost_of_id is null and written.p % 4 > 0 then 'en' end,
  case when mentioned is null then '[]' else jsonb_build_array(jsonb_build_object(
    'type', 'mention', 'field', 'content', 'start', 0, 'end', length('@person_' || mentioned), 'username', 'person_' || mentioned
  )) end
  || case when tag is null then '[]' else jsonb_build_array(jsonb_build_object(
    'type', 'tag', 'field', 'content', 'start', coalesce(length('@person_' || mentioned) + 1, 0),
    'end', coalesce(length('@person_' || mentioned) + 1, 0) + length('#' || tag), 'tag', tag
  )) end,
  audience::public.audience, audience = 'everyone' and not people.is_private,
  reply_to_id, quote_of_id, repost_of_id, bench.time_of(written.id)
from bench.written
join bench.people on people.n = written.author
join bench.texts on texts.text = hashint8extended(written.p, -18) & 4095
order by written.p;

update public.posts
set is_open = false
from public.posts as original
where original.id = posts.repost_of_id and posts.is_open and not original.is_open;

insert into public.post_tags (post_id, tag)
select id, tag
from bench.written
where tag is not null;

insert into public.post_mentions (post_id, profile_id, usernames)
select written.id, people.id, array['person_' || mentioned]
from bench.written
join bench.people on people.n = written.mentioned;

insert into public.tag_follows (user_id, tag)
select distinct people.id, 'topic' || floor(pow(3000::double precision, bench.uniform(place, -19 * :users - people.n)))::integer
from bench.people
cross join generate_series(1, 3) as place
where people.n % 10 = 3;

-- Likes ------------------------------------------------------------------------

insert into public.likes (user_id, post_id, id, created_at)
select distinct on (giver.id, liked.id)
  giver.id, liked.id, bench.id_at(liked.id >> 12, draw), bench.time_of(liked.id)
from (
  select
    draw,
    1 + floor(bench.uniform(draw, -20) * :users)::integer as n,
    floor(bench.uniform(draw, -21) * :posts)::integer as p
  from generate_series(1, :likes) as draw
) as drawn
join bench.people as giver on giver.n = drawn.n
join bench.followees on followees.n = drawn.n
cross join lateral (
  select posts.id
  from bench.posts
  where posts.author = followees.followees[1 + floor(bench.uniform(draw, -22) * cardinality(followees.followees))::integer]
    and posts.p < drawn.p and posts.kind <> 'repost'
  order by posts.p desc
  limit 1
) as liked
order by giver.id, liked.id, draw;

-- Counts -----------------------------------------------------------------------

insert into private.follow_counts (profile_id, followers, following)
select people.id, coalesce(followers.count, 0), coalesce(following.count, 0)
from bench.people
left join (select followee as n, count(*) from bench.follows group by followee) as followers using (n)
left join (select follower as n, count(*) from bench.follows group by follower) as following using (n);

insert into private.author_counts (author_id, for_everyone, for_followers)
select people.id, coalesce(written.for_everyone, 0), coalesce(written.for_followers, 0)
from bench.people
left join (
  select
    author,
    count(*) filter (where audience = 'everyone') as for_everyone,
    count(*) filter (where audience = 'followers') as for_followers
  from bench.written
  where repost_of_id is null
  group by author
) as written on written.author = people.n;

insert into private.post_counts (post_id, likes, replies, reposts, quotes)
select
  post_id,
  count(*) filter (where relation = 'like'),
  count(*) filter (where relation = 'reply'),
  count(*) filter (where relation = 'repost'),
  count(*) filter (where relation = 'quote')
from (
  select post_id, 'like' as relation from public.likes
  union all
  select reply_to_id, 'reply' from bench.written where reply_to_id is not null
  union all
  select repost_of_id, 'repost' from bench.written where repost_of_id is not null
  union all
  select quote_of_id, 'quote' from bench.written where quote_of_id is not null
) as reference
group by post_id;

update public.post_tags
set is_open = true
from public.posts
where posts.id = post_tags.post_id and posts.is_open;

-- What private.limited_places() says, for all posts at once and without indexes.
insert into private.limited_posts (place, post_id, author_id, audience)
select 'reply:' || reply_to_id, id, author_id, audience
from public.posts
where not is_open and reply_to_id is not null
union all
select 'quote:' || quote_of_id, id, author_id, audience
from public.posts
where not is_open and quote_of_id is not null
union all
select 'repost:' || repost_of_id, posts.id, author_id, audience
from public.posts
join public.profiles on profiles.id = posts.author_id
where repost_of_id is not null and profiles.is_private
union all
select 'tag:' || post_tags.tag, posts.id, author_id, audience
from public.post_tags
join public.posts on posts.id = post_tags.post_id
where not posts.is_open
union all
select case when reply_to_id is null then 'by:' else 'replies-by:' end || author_id, id, author_id, audience
from public.posts
where audience = 'mentioned'
union all
select 'shown-by:' || posts.author_id, posts.id, original.author_id, original.audience
from public.posts
join public.posts as original on original.id = posts.repost_of_id
where not original.is_open and (original.author_id <> posts.author_id or original.audience = 'mentioned');

insert into private.addressed_posts (place, profile_id, post_id, author_id)
select limited_posts.place, post_mentions.profile_id, limited_posts.post_id, limited_posts.author_id
from private.limited_posts
join public.posts on posts.id = limited_posts.post_id
join public.post_mentions on post_mentions.post_id = coalesce(posts.repost_of_id, posts.id)
where limited_posts.audience = 'mentioned';

insert into private.limited_counts (place, amount)
select place, count(*)
from private.limited_posts
where place ~ '^(reply|quote|repost):'
group by place;
