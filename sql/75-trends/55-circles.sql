/*
 * circles
 *
 * Trends around one person. A circle is the people that the viewer follows, and the people that
 * those follow. Its trends are computed when somebody reads them: the terms that at least three
 * people of the circle use, and that more of them use than one expects from the network.
 */

create type public.trend_scope as enum ('everybody', 'network');
comment on type public.trend_scope is 'Whose trends. everybody: of all people. network: of the people you follow and those that they follow.';

-- The newest 1,000 followees, and the newest 50 of each. So a circle has at most 51,000 people.
create function private.circle_ids(viewer_id uuid, hidden_ids uuid[])
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    with followed as materialized (
      select follows.followee_id as id
      from public.follows
      where follows.follower_id = circle_ids.viewer_id
        and follows.followee_id <> all (circle_ids.hidden_ids)
      order by follows.id desc
      limit 1000
    )
    select followed.id
    from followed
    union
    select theirs.followee_id
    from followed
    cross join lateral (
      select follows.followee_id
      from public.follows
      where follows.follower_id = followed.id
      order by follows.id desc
      limit 50
    ) as theirs
    where theirs.followee_id <> all (circle_ids.hidden_ids)
      and theirs.followee_id <> circle_ids.viewer_id
  );
end;
$$;

comment on function private.circle_ids is 'The circle of the viewer, without the viewer and without these people.';
revoke all on function private.circle_ids (uuid, uuid[]) from public, anon, authenticated, service_role;

create function private.people_in(counts private.trend_counts, level integer)
returns integer
language sql
immutable
parallel safe
security invoker
return (array[(counts).in_hour, (counts).in_half_day, (counts).in_day, (counts).in_week])[people_in.level];

comment on function private.people_in is 'The count of a window.';
revoke all on function private.people_in (private.trend_counts, integer) from public, anon, authenticated, service_role;

-- It reads the 5,000 people of the circle who were active last, and 1,000 terms of each person. Almost everybody has
-- fewer in a week.
create function private.circle_trends(kind public.trend_kind, period public.trend_period, circle_ids uuid[])
returns table (term text, people integer, expected double precision, score double precision, language text, post_ids bigint[])
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  fewest constant integer := 3;
  most_people constant integer := 5000;
  most_terms constant integer := 1000;
  level integer := private.shown_level(circle_trends.period);
  first_id bigint := private.first_id(
    (select trend_state.refreshed_at from private.trend_state) - private.trend_window(level)
  );
begin
  return query
  with active as materialized (
    -- People who count. For most people of a circle, the search ends here. It is one lookup for each of them: a join
    -- could read everybody.
    select person.id as profile_id
    from unnest(circle_trends.circle_ids) as person (id)
    cross join lateral (
      select trend_people.post_id
      from private.trend_people
      where trend_people.profile_id = person.id and trend_people.kind = circle_trends.kind and trend_people.term = ''
      limit 1
    ) as latest
    where latest.post_id >= first_id
    order by latest.post_id desc
    limit most_people
  ),
  said as materialized (
    select uses.term, uses.voice, uses.language, uses.post_id
    from active
    cross join lateral (
      select trend_people.term, trend_people.voice, trend_people.language, trend_people.post_id
      from private.trend_people
      where trend_people.profile_id = active.profile_id and trend_people.kind = circle_trends.kind
      limit most_terms
    ) as uses
    where uses.post_id >= first_id
  ),
  counted as (
    select
      said.term, count(distinct said.voice)::integer as people, mode() within group (order by said.language) as language,
      (array_agg(said.post_id order by said.post_id desc))[:100] as post_ids
    from said
    group by said.term
  )
  select
    counted.term, counted.people, share.expected,
    private.surprise(counted.people, share.expected, 0.15), counted.language, counted.post_ids
  from counted
  join private.trend_counts as everywhere on everywhere.kind = circle_trends.kind and everywhere.term = counted.term
  join private.trend_counts as network on network.kind = circle_trends.kind and network.term = ''
  join counted as circle on circle.term = ''
  cross join lateral (
    select greatest(1 / 24.0, circle.people * private.people_in(everywhere, level)
      / greatest(1, private.people_in(network, level))::double precision) as expected
  ) as share
  where counted.term <> '' and counted.people >= fewest;
end;
$$;

comment on function private.circle_trends is 'The terms that at least three people of a circle use in the window of a period. It reads the 5,000 people who were active last. expected is what there would be if the circle used the term as the network does. post_ids are the newest posts.';
revoke all on function private.circle_trends (public.trend_kind, public.trend_period, uuid[]) from public, anon, authenticated, service_role;
