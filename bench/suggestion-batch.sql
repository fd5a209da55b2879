/*
 * suggestion batch
 *
 * What the passes of suggestion-speed are compared with: batch SQL for many people at once, which also
 * writes the lists. bench_friends counts the people in common (u follows x, x follows v). bench_paths adds up the
 * three-step paths (u follows x, w follows x, w follows v) with degrees, which is most of what the core does.
 */

create table private.bench_lists (
  viewer_id    uuid    primary key,
  profile_ids  uuid[]  not null,
  scores       real[]  not null
);

create function private.bench_friends(viewer_ids uuid[])
returns bigint
language sql
set search_path = ''
set work_mem = '512MB'
begin atomic
  with scored as (
    select own.follower_id as viewer_id, further.followee_id as profile_id, count(*) as score
    from public.follows as own
    join public.follows as further on further.follower_id = own.followee_id
    where own.follower_id = any (viewer_ids) and further.followee_id <> own.follower_id
    group by own.follower_id, further.followee_id
  ),
  ranked as (
    select scored.*, row_number() over (partition by scored.viewer_id order by scored.score desc, scored.profile_id) as place
    from scored
    where not exists (
      select from public.follows
      where follows.follower_id = scored.viewer_id and follows.followee_id = scored.profile_id
    )
  ),
  written as (
    insert into private.bench_lists (viewer_id, profile_ids, scores)
    select ranked.viewer_id, array_agg(ranked.profile_id order by ranked.place), array_agg(ranked.score::real order by ranked.place)
    from ranked
    where ranked.place <= 60
    group by ranked.viewer_id
    on conflict (viewer_id) do update set profile_ids = excluded.profile_ids, scores = excluded.scores
    returning 1
  )
  select count(*) from written;
end;

create function private.bench_paths(viewer_ids uuid[])
returns bigint
language sql
set search_path = ''
set work_mem = '512MB'
begin atomic
  with alike as (
    select own.follower_id as viewer_id, other.follower_id as person_id,
      sum(1 / sqrt(1 + followee.followers::float8)) as score
    from public.follows as own
    join public.follows as other on other.followee_id = own.followee_id
    join private.follow_counts as followee on followee.profile_id = own.followee_id
    where own.follower_id = any (viewer_ids) and other.follower_id <> own.follower_id
    group by own.follower_id, other.follower_id
  ),
  scored as (
    select alike.viewer_id, further.followee_id as profile_id, sum(alike.score / (1 + person.following)) as score
    from alike
    join private.follow_counts as person on person.profile_id = alike.person_id
    join public.follows as further on further.follower_id = alike.person_id
    where further.followee_id <> alike.viewer_id
    group by alike.viewer_id, further.followee_id
  ),
  ranked as (
    select scored.*, row_number() over (partition by scored.viewer_id order by scored.score desc, scored.profile_id) as place
    from scored
    where not exists (
      select from public.follows
      where follows.follower_id = scored.viewer_id and follows.followee_id = scored.profile_id
    )
  ),
  written as (
    insert into private.bench_lists (viewer_id, profile_ids, scores)
    select ranked.viewer_id, array_agg(ranked.profile_id order by ranked.place), array_agg(ranked.score::real order by ranked.place)
    from ranked
    where ranked.place <= 60
    group by ranked.viewer_id
    on conflict (viewer_id) do update set profile_ids = excluded.profile_ids, scores = excluded.scores
    returning 1
  )
  select count(*) from written;
end;
