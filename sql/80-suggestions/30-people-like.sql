/*
 * people like somebody
 *
 * For the page of a profile: other people with the same followers. It is computed when
 * somebody reads it, from the first 100 trusted followers of the person, and from the newest 50
 * people that each of them follows. So it reads at most 5,000 follows. The first followers, because
 * nobody can push them out by following later, however many accounts they have.
 */

-- A person that everybody follows is like nobody in particular. So the number of common followers is
-- divided by the root of all followers.
create function private.followed_alike(viewer_id uuid, profile_id uuid)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    with witness as materialized (
      select early.follower_id as id
      from (
        select follows.follower_id, follows.id
        from public.follows
        where follows.followee_id = followed_alike.profile_id
        order by follows.id
        limit 500
      ) as early
      where (select true from private.trusted(early.follower_id))
        and exists (select from private.lets_in(followed_alike.viewer_id, early.follower_id))
        and (select true from private.block_between(followed_alike.viewer_id, early.follower_id) limit 1) is null
      order by early.id
      limit 100
    ),
    alike as materialized (
      select theirs.followee_id as id, count(*) as common
      from witness
      cross join lateral (
        select follows.followee_id
        from public.follows
        where follows.follower_id = witness.id
        order by follows.id desc
        limit 50
      ) as theirs
      where theirs.followee_id <> followed_alike.profile_id
      group by theirs.followee_id
      having count(*) >= 2
      order by common desc, theirs.followee_id
      limit 200
    )
    select alike.id
    from alike
    join private.follow_counts as counts on counts.profile_id = alike.id
    order by alike.common / sqrt(1 + counts.followers) desc, alike.id
  );
end;
$$;

comment on function private.followed_alike is 'At most 200 people that at least two of the followers of somebody follow, the most alike first. Only follows that the viewer may see count.';
revoke all on function private.followed_alike (uuid, uuid) from public, anon, authenticated, service_role;

-- Definer, because nobody may read most of what it asks about. Without plan_cache_mode, Postgres would plan at each call.
create function private.people_like(profile_id uuid, page_size integer)
returns setof public.suggestion
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 10
as $$
declare
  viewer_id uuid := auth.uid();
  batch integer;
  ids uuid[];
  sources smallint[];
  grounds private.suggestion_ground[];
  page integer[] := '{}';
  asked integer := 0;
begin
  perform private.check_page_size(people_like.page_size);
  batch := people_like.page_size + 5;
  if private.hides_suggestions(viewer_id) or not private.looks_into(viewer_id, people_like.profile_id) then
    return;
  end if;
  ids := private.followed_alike(viewer_id, people_like.profile_id);
  sources := array_fill(4::smallint, array[cardinality(ids)]);
  grounds := array_fill((0, array[people_like.profile_id], 0, null)::private.suggestion_ground, array[cardinality(ids)]);
  while asked < cardinality(ids) and cardinality(page) < people_like.page_size loop
    page := page || array(
      select fit.place
      from unnest(private.suggestible(
        viewer_id, ids, sources, '{}', array(select generate_series(asked + 1, least(asked + batch, cardinality(ids))))
      )) with ordinality as fit (place, people, others, tag, turn)
      order by fit.turn
    );
    asked := asked + batch;
  end loop;

  return query
  select shown.*
  from private.suggestion_rows(viewer_id, ids, sources, grounds, page[:people_like.page_size]) as shown;
end;
$$;

comment on function private.people_like is 'What public.people_like() answers.';
revoke all on function private.people_like (uuid, integer) from public, anon, authenticated, service_role;
grant execute on function private.people_like (uuid, integer) to anon, authenticated;

create function public.people_like(profile_id uuid, page_size integer default 10)
returns setof public.suggestion
language sql
stable
security invoker
rows 10
begin atomic
  select shown.*
  from private.people_like(people_like.profile_id, people_like.page_size) as shown;
end;

comment on function public.people_like is 'People who are followed by the same people as this person, the most alike first. They are people that suggestions() may show you too. Nobody, if you may not look into the account. page_size is 1 to 100. There are no further pages.';
revoke all on function public.people_like (uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.people_like (uuid, integer) to anon, authenticated;
