/*
 * suggestion batch
 *
 * What the passes of suggestion-speed are compared with: batch SQL for many people at once, which also
 * writes the lists.
 *
 *   - bench_walks makes lists from the same walks as the core, with the same bounds (edge-functions/_shared/suggestions/limits.ts).
 *     It is the SQL to compare with. It does a little less: it ranks with a plain sum, and looks for no witnesses.
 *   - bench_friends only counts the people in common (u follows x, x follows v).
 *   - bench_paths adds up all three-step paths (u follows x, w follows x, w follows v), without a bound.
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

-- "Alongside" is a list of each person that others read. So a batch makes the lists of its own people, which is one for each
-- person after all batches, and reads those that there are.
create table private.bench_alongside (
  person_id   uuid  not null,
  profile_id  uuid  not null,
  score       real  not null,

  primary key (person_id, profile_id)
);

create function private.bench_walks(viewer_ids uuid[])
returns bigint
language sql
set search_path = ''
set work_mem = '512MB'
begin atomic
  insert into private.bench_alongside (person_id, profile_id, score)
  select ranked.person_id, ranked.profile_id, ranked.score
  from (
    select summed.*, row_number() over (
      partition by summed.person_id order by summed.score * power(greatest(1, counts.followers)::float8, -0.25) desc
    ) as place
    from (
      select one.person_id, further.followee_id as profile_id,
        sum(power(greatest(1, counts.following)::float8, -0.75)) as score
      from (
        select person.id as person_id, follower.follower_id, count(*) over (partition by person.id) as asked
        from unnest(viewer_ids) as person (id)
        cross join lateral (
          select follows.follower_id from public.follows where follows.followee_id = person.id limit 250
        ) as follower
      ) as one
      join private.follow_counts as counts on counts.profile_id = one.follower_id
      cross join lateral (
        select follows.followee_id from public.follows
        where follows.follower_id = one.follower_id
        limit 2000 / one.asked
      ) as further
      where further.followee_id <> one.person_id
      group by one.person_id, further.followee_id
    ) as summed
    join private.follow_counts as counts on counts.profile_id = summed.profile_id
  ) as ranked
  where ranked.place <= 32
  on conflict do nothing;

  with followed as (
    select viewer.id as viewer_id, mine.followee_id as person_id, count(*) over (partition by viewer.id) as asked
    from unnest(viewer_ids) as viewer (id)
    cross join lateral (
      select follows.followee_id from public.follows where follows.follower_id = viewer.id limit 40
    ) as mine
  ),
  following as (
    select viewer.id as viewer_id, mine.follower_id as person_id, count(*) over (partition by viewer.id) as asked
    from unnest(viewer_ids) as viewer (id)
    cross join lateral (
      select follows.follower_id from public.follows where follows.followee_id = viewer.id limit 40
    ) as mine
  ),
  alike as (
    select followed.viewer_id, other.follower_id as person_id, sum(1 / greatest(1, counts.followers)::float8) as score
    from followed
    join private.follow_counts as counts on counts.profile_id = followed.person_id
    cross join lateral (
      select follows.follower_id from public.follows
      where follows.followee_id = followed.person_id
      limit 800 / followed.asked
    ) as other
    where other.follower_id <> followed.viewer_id
    group by followed.viewer_id, other.follower_id
  ),
  peers as (
    select ranked.viewer_id, ranked.person_id, ranked.score
    from (
      select alike.viewer_id, alike.person_id, alike.score / sqrt(greatest(1, counts.following)) as score, row_number() over (
        partition by alike.viewer_id order by alike.score / sqrt(greatest(1, counts.following)) desc, alike.person_id
      ) as place
      from alike
      join private.follow_counts as counts on counts.profile_id = alike.person_id
    ) as ranked
    where ranked.place <= 16
  ),
  found as (
    select followed.viewer_id, further.followee_id as profile_id, 1 / greatest(1, counts.following)::float8 as score
    from followed
    join private.follow_counts as counts on counts.profile_id = followed.person_id
    cross join lateral (
      select follows.followee_id from public.follows
      where follows.follower_id = followed.person_id
      limit 800 / followed.asked
    ) as further
    union all
    select following.viewer_id, further.followee_id, 1 / greatest(1, counts.following)::float8
    from following
    join private.follow_counts as counts on counts.profile_id = following.person_id
    cross join lateral (
      select follows.followee_id from public.follows
      where follows.follower_id = following.person_id
      limit 800 / following.asked
    ) as further
    union all
    select alike.viewer_id, alike.person_id, alike.score from alike
    union all
    select peers.viewer_id, further.followee_id, peers.score
    from peers
    cross join lateral (
      select follows.followee_id from public.follows where follows.follower_id = peers.person_id limit 50
    ) as further
    union all
    select followed.viewer_id, alongside.profile_id, alongside.score
    from followed
    join private.bench_alongside as alongside on alongside.person_id = followed.person_id
  ),
  ranked as (
    select scored.*, row_number() over (partition by scored.viewer_id order by scored.score desc, scored.profile_id) as place
    from (
      select found.viewer_id, found.profile_id, sum(found.score) as score
      from found
      where found.profile_id <> found.viewer_id
      group by found.viewer_id, found.profile_id
    ) as scored
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
