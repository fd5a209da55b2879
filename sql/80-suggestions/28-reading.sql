/*
 * reading suggestions
 *
 * A page of people to follow. It takes the viewer's list in its order (27-order.sql), asks the rules and
 * the reasons again, and leaves out everybody who fails. Then:
 *
 *   - One in ten rows is a newcomer, if there is one. The day decides where.
 *   - At most two rows in a row have the same source, as long as the list has somebody else.
 *
 * Nothing here is left to chance. The page of a viewer is the same all day, until the list is computed
 * again, or a rule or reason changes.
 */

create type public.suggestion as (
  profile      public.author,
  is_private   boolean,
  follows_you  boolean,
  reasons      public.suggestion_reason[]
);

comment on type public.suggestion is 'Somebody to follow, as lists of people show them. reasons: why, the strongest first. There is always one.';

-- Rows -----------------------------------------------------------------------

-- It reads the people around the viewer (21-known-by.sql) only for the sources that need them.
create function private.suggestion_grounds(viewer_id uuid, profile_ids uuid[], sources smallint[])
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
declare
  followee_ids uuid[];
  follower_ids uuid[];
begin
  if suggestion_grounds.sources && '{1,3,4}' then
    followee_ids := private.newest_followees(suggestion_grounds.viewer_id);
  end if;
  if suggestion_grounds.sources && '{5}' then
    follower_ids := private.newest_followers(suggestion_grounds.viewer_id);
  end if;

  if suggestion_grounds.sources && '{1,3,5}' then
    return query
    select found.*
    from private.direct_grounds(
      suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, followee_ids, follower_ids
    ) as found;
  end if;
  if suggestion_grounds.sources && '{4}' then
    return query
    select found.*
    from private.alongside_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, followee_ids) as found;
  end if;
  if suggestion_grounds.sources && '{6}' then
    return query
    select found.*
    from private.tag_grounds(
      suggestion_grounds.profile_ids, suggestion_grounds.sources, private.tags_of_interest(suggestion_grounds.viewer_id)
    ) as found;
  end if;
  if suggestion_grounds.sources && '{2,7,8}' then
    return query
    select found.*
    from private.plain_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources) as found;
  end if;
end;
$$;

comment on function private.suggestion_grounds is 'The grounds of these people, those of each by the source given. Nobody is in it whose reason is not true now, or not for the viewer to see.';
revoke all on function private.suggestion_grounds (uuid, uuid[], smallint[]) from public, anon, authenticated, service_role;

-- In SQL, not a definer and a set, so that Postgres puts it into the query around it.
create function private.suggestion_rows(
  viewer_id uuid, profile_ids uuid[], sources smallint[], grounds private.suggestion_ground[], places integer[]
)
returns setof public.suggestion
language sql
stable
security invoker
rows 10
begin atomic
  select
    (profile.id, profile.username, profile.display_name, profile.avatar_url)::public.author,
    profile.is_private,
    back.follows_you,
    array[(
      -- All kinds, looked up once.
      (select enum_range(null::public.suggestion_kind))[shown.source],
      case
        when other.id is not null then array[
          (one.id, one.username, one.display_name, one.avatar_url)::public.author,
          (other.id, other.username, other.display_name, other.avatar_url)::public.author
        ]
        when one.id is not null then array[(one.id, one.username, one.display_name, one.avatar_url)::public.author]
        else '{}'
      end,
      (shown.ground).others,
      (shown.ground).tag
    )::public.suggestion_reason] || case
      when back.follows_you and shown.source <> 2
        then array[('follows_you', '{}', 0, null)::public.suggestion_reason]
    end
  from unnest(suggestion_rows.places) with ordinality as asked (place, turn)
  cross join lateral (
    select
      suggestion_rows.profile_ids[asked.place] as id, suggestion_rows.sources[asked.place] as source,
      suggestion_rows.grounds[asked.place] as ground
  ) as shown
  -- With a limit, these are not joins: Postgres looks up one person after the other. In a small town it would read everybody.
  cross join lateral (
    select profiles.* from public.profiles where profiles.id = shown.id limit 1
  ) as profile
  left join lateral (
    select profiles.* from public.profiles where profiles.id = (shown.ground).people[1] limit 1
  ) as one on true
  left join lateral (
    select profiles.* from public.profiles where profiles.id = (shown.ground).people[2] limit 1
  ) as other on true
  -- A count, because Postgres would look up the follow once more for each place that needs it.
  cross join lateral (
    select count(*) > 0 as follows_you from public.follows
    where follows.follower_id = shown.id and follows.followee_id = suggestion_rows.viewer_id
  ) as back
  order by asked.turn;
end;

comment on function private.suggestion_rows is 'The rows for the people at these places, in the order given.';
revoke all on function private.suggestion_rows (uuid, uuid[], smallint[], private.suggestion_ground[], integer[]) from public, anon, authenticated, service_role;

-- Places -----------------------------------------------------------------------

-- Newcomers stand after the list. Before `last` reaches them, they only come where the page explores.
create function private.suggestion_page(
  sources smallint[], may_show boolean[], last integer, explore_at integer, page_size integer
)
returns integer[]
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  is_open boolean[] := suggestion_page.may_show;
  page integer[] := '{}';
  -- Everybody before it is on the page, or may not be.
  start integer := 1;
  barred smallint;
  passed_source smallint;
  -- From start to before it, everybody has passed_source.
  passed integer := 1;
  chosen integer;
begin
  for turn in 0..suggestion_page.page_size - 1 loop
    barred := case when turn >= 2 and sources[page[turn]] = sources[page[turn - 1]] then sources[page[turn]] end;
    chosen := null;
    if mod(turn, 10) = suggestion_page.explore_at and barred is distinct from 7 then
      chosen := array_position(sources, 7::smallint);
      while is_open[chosen] is false loop
        chosen := array_position(sources, 7::smallint, chosen + 1);
      end loop;
    end if;
    if chosen is null then
      while is_open[start] is false loop
        start := start + 1;
      end loop;
      if sources[start] is distinct from barred then
        chosen := start;
      else
        passed := greatest(start, case when passed_source = barred then passed else 1 end);
        passed_source := barred;
        while passed <= suggestion_page.last and (is_open[passed] is false or sources[passed] = barred) loop
          passed := passed + 1;
        end loop;
        chosen := case when passed <= suggestion_page.last then passed else start end;
      end if;
      exit when chosen > suggestion_page.last;
    end if;
    page := page || chosen;
    is_open[chosen] := false;
  end loop;
  return page;
end;
$$;

comment on function private.suggestion_page is 'The places of a page, in its order, if everybody who was not asked about yet may be shown. may_show is by place. Null: not asked yet.';
revoke all on function private.suggestion_page (smallint[], boolean[], integer, integer, integer) from public, anon, authenticated, service_role;

/*
 * Definer, because nobody may read lists, and most of what it asks about. At most 226 people are asked about: 60 of the
 * list, 6 newcomers and 160 more. It asks at once about everybody that the page needs, and about one more. Most of the
 * time they all may be shown, and then the page is ready. Otherwise it makes the page again without those who failed.
 *
 * Without plan_cache_mode, Postgres would plan at each call, which takes as long as the reading.
 */
create function private.suggestions(page_size integer)
returns setof public.suggestion
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 10
as $$
declare
  viewer_id uuid := private.viewer();
  explore_at constant integer := mod(private.suggestion_draw(viewer_id), 10);
  people private.suggestion_candidates;
  more private.suggestion_candidates;
  newcomers uuid[];
  listed integer;
  has_more boolean := false;
  -- These two are by place. False also for somebody who has another place before.
  may_show boolean[] := '{}';
  grounds private.suggestion_ground[] := '{}';
  page integer[];
  asked integer[];
  searched integer[];
  ground private.suggestion_ground;
  failed integer;
begin
  perform private.check_page_size(suggestions.page_size);
  if private.hides_suggestions(viewer_id) then
    return;
  end if;
  people := private.suggestion_order(viewer_id);
  listed := cardinality(people.profile_ids);
  newcomers := private.newcomers(viewer_id, 6);
  people.profile_ids := people.profile_ids || newcomers;
  people.sources := people.sources || array_fill(7::smallint, array[cardinality(newcomers)]);
  for place in listed + 1..cardinality(people.profile_ids) loop
    may_show[place] := nullif(array_position(people.profile_ids, people.profile_ids[place]) = place, true);
  end loop;

  loop
    page := private.suggestion_page(
      people.sources, may_show, case when has_more then cardinality(people.profile_ids) else listed end,
      explore_at, suggestions.page_size + 1
    );
    asked := '{}';
    for turn in 1..cardinality(page) loop
      if may_show[page[turn]] is null then
        asked := asked || page[turn];
      end if;
    end loop;
    if asked = '{}' then
      exit when has_more or cardinality(page) >= suggestions.page_size;
      has_more := true;
      more := private.more_people(viewer_id, private.tags_of_interest(viewer_id));
      people.profile_ids := people.profile_ids || more.profile_ids;
      people.sources := people.sources || more.sources;
      for place in cardinality(people.profile_ids) - cardinality(more.profile_ids) + 1..cardinality(people.profile_ids) loop
        may_show[place] := nullif(array_position(people.profile_ids, people.profile_ids[place]) = place, true);
      end loop;
      continue;
    end if;

    for turn in 1..cardinality(asked) loop
      may_show[asked[turn]] := false;
    end loop;
    failed := cardinality(asked);
    searched := '{}';
    foreach ground in array private.suggestible(viewer_id, people.profile_ids, people.sources, people.witness_ids, asked) loop
      if ground.people is null then
        searched := searched || ground.place;
      else
        grounds[ground.place] := ground;
        may_show[ground.place] := true;
        failed := failed - 1;
      end if;
    end loop;
    if searched <> '{}' then
      for ground in
        select found.*
        from private.suggestion_grounds(
          viewer_id,
          array(select people.profile_ids[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number),
          array(select people.sources[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number)
        ) as found
      loop
        grounds[searched[ground.place]] := ground;
        may_show[searched[ground.place]] := true;
        failed := failed - 1;
      end loop;
    end if;
    exit when failed = 0 and cardinality(page) >= suggestions.page_size;
  end loop;

  page := page[:suggestions.page_size];
  return query
  select shown.*
  from private.suggestion_rows(viewer_id, people.profile_ids, people.sources, grounds, page) as shown;
end;
$$;

comment on function private.suggestions is 'What public.suggestions() answers.';
revoke all on function private.suggestions (integer) from public, anon, authenticated, service_role;
grant execute on function private.suggestions (integer) to authenticated;

-- API ------------------------------------------------------------------------

create function public.suggestions(page_size integer default 10)
returns setof public.suggestion
language sql
stable
security invoker
rows 10
begin atomic
  select shown.*
  from private.suggestions(suggestions.page_size) as shown;
end;

comment on function public.suggestions is 'People that you may want to follow, the best first, each with reasons that are true now. They are the same all day, unless something changes. One in ten is new here. page_size is 1 to 100. There are no further pages.';
revoke all on function public.suggestions (integer) from public, anon, authenticated, service_role;
grant execute on function public.suggestions (integer) to authenticated;
