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

-- The sources that are absent cost nothing: Postgres does not call a function whose condition is false.
create function private.suggestion_grounds(
  viewer_id uuid, profile_ids uuid[], sources smallint[], followee_ids uuid[], follower_ids uuid[], tags text[]
)
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
begin
  return query
  select found.*
  from private.direct_grounds(
    suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources,
    suggestion_grounds.followee_ids, suggestion_grounds.follower_ids
  ) as found
  where suggestion_grounds.sources && '{1,3,5}'
  union all
  select found.*
  from private.alongside_grounds(
    suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, suggestion_grounds.followee_ids
  ) as found
  where suggestion_grounds.sources && '{4}'
  union all
  select found.*
  from private.tag_grounds(suggestion_grounds.profile_ids, suggestion_grounds.sources, suggestion_grounds.tags) as found
  where suggestion_grounds.sources && '{6}'
  union all
  select found.*
  from private.plain_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources) as found
  where suggestion_grounds.sources && '{2,7,8}';
end;
$$;

comment on function private.suggestion_grounds is 'The grounds of these people, those of each by the source given. Nobody is in it whose reason is not true now, or not for the viewer to see.';
revoke all on function private.suggestion_grounds (uuid, uuid[], smallint[], uuid[], uuid[], text[]) from public, anon, authenticated, service_role;

create function private.suggestion_rows(viewer_id uuid, profile_ids uuid[], sources smallint[], grounds private.suggestion_ground[])
returns setof public.suggestion
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
declare
  kinds constant public.suggestion_kind[] := enum_range(null::public.suggestion_kind);
begin
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    profiles.is_private,
    back.follows_you,
    array[(
      kinds[shown.source],
      array(
        select (person.id, person.username, person.display_name, person.avatar_url)::public.author
        from unnest((suggestion_rows.grounds[shown.place]).people) with ordinality as named (id, place)
        join public.profiles as person on person.id = named.id
        order by named.place
      ),
      (suggestion_rows.grounds[shown.place]).others,
      (suggestion_rows.grounds[shown.place]).tag
    )::public.suggestion_reason] || case
      when back.follows_you and shown.source <> 2
        then array[('follows_you', '{}', 0, null)::public.suggestion_reason]
    end
  from unnest(suggestion_rows.profile_ids, suggestion_rows.sources) with ordinality as shown (id, source, place)
  join public.profiles on profiles.id = shown.id
  cross join lateral (
    select (
      select true from public.follows
      where follows.follower_id = shown.id and follows.followee_id = suggestion_rows.viewer_id
    ) is true as follows_you
  ) as back
  order by shown.place;
end;
$$;

comment on function private.suggestion_rows is 'The rows for these people, in the order given.';
revoke all on function private.suggestion_rows (uuid, uuid[], smallint[], private.suggestion_ground[]) from public, anon, authenticated, service_role;

-- Definer, because nobody may read lists, and most of what it asks about. At most 146 people are
-- asked about: 60 of the list, 6 newcomers and 80 more. A page of ten is usually full after twelve.
-- Without plan_cache_mode, Postgres would plan at each call, which takes as long as the reading.
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
  ids uuid[];
  sources smallint[];
  listed integer;
  newcomers uuid[];
  more private.suggestion_candidates;
  has_more boolean := false;
  followee_ids uuid[];
  follower_ids uuid[];
  tags text[];
  -- By place. Null: not asked yet. True: may be shown. False: may not, or is on the page already.
  is_left boolean[] := '{}';
  grounds private.suggestion_ground[] := '{}';
  ground private.suggestion_ground;
  explores boolean;
  barred smallint;
  first_newcomer integer;
  first_allowed integer;
  first_barred integer;
  next integer;
  asked integer[];
  asked_ids uuid[];
  asked_sources smallint[];
  fit integer[];
  page integer[] := '{}';
  filled integer := 0;
  batch integer;
begin
  perform private.check_page_size(suggestions.page_size);
  if private.hides_suggestions(viewer_id) then
    return;
  end if;
  select ordered.profile_ids, ordered.sources into ids, sources
  from private.suggestion_order(viewer_id) as ordered;
  listed := cardinality(ids);
  newcomers := private.pool_part(7::smallint, '', viewer_id, 6);
  ids := ids || newcomers;
  sources := sources || array_fill(7::smallint, array[cardinality(newcomers)]);

  while filled < suggestions.page_size loop
    -- Whose turn is it?
    barred := case when filled >= 2 and sources[page[filled]] = sources[page[filled - 1]] then sources[page[filled]] end;
    explores := mod(filled, 10) = explore_at and barred is distinct from 7;
    first_newcomer := null;
    first_allowed := null;
    first_barred := null;
    for place in 1..cardinality(ids) loop
      continue when is_left[place] is false;
      if explores and sources[place] = 7 then
        first_newcomer := place;
        exit;
      end if;
      continue when place > listed and not has_more;
      if sources[place] is distinct from barred then
        first_allowed := coalesce(first_allowed, place);
        exit when not explores;
      else
        first_barred := coalesce(first_barred, place);
      end if;
    end loop;
    next := coalesce(first_newcomer, first_allowed, first_barred);

    if next is null then
      exit when has_more;
      has_more := true;
      tags := coalesce(tags, private.tags_of_interest(viewer_id));
      more := private.more_people(viewer_id, tags);
      ids := ids || more.profile_ids;
      sources := sources || more.sources;
    elsif is_left[next] then
      page := page || next;
      filled := filled + 1;
      is_left[next] := false;
    else
      -- Ask about this person, and about those who come next: as many as the page needs. Somebody may be
      -- in the list and also among the others: only their first place counts.
      batch := case when first_newcomer is null then least(suggestions.page_size - filled, 20) + 1 else 3 end;
      asked := '{}';
      asked_ids := '{}';
      asked_sources := '{}';
      for place in next..cardinality(ids) loop
        continue when is_left[place] is not null;
        if first_newcomer is not null then
          continue when sources[place] <> 7;
        else
          continue when place > listed and not has_more;
        end if;
        is_left[place] := false;
        if array_position(ids, ids[place]) = place then
          asked := asked || place;
          asked_ids := asked_ids || ids[place];
          asked_sources := asked_sources || sources[place];
          exit when cardinality(asked) = batch;
        end if;
      end loop;

      if followee_ids is null and asked_sources && '{1,3,4}' then
        followee_ids := private.newest_followees(viewer_id);
      end if;
      if follower_ids is null and asked_sources && '{5}' then
        follower_ids := private.newest_followers(viewer_id);
      end if;
      if tags is null and asked_sources && '{6}' then
        tags := private.tags_of_interest(viewer_id);
      end if;
      fit := private.suggestible(viewer_id, asked_ids, asked_sources);
      for ground in
        select found.*
        from private.suggestion_grounds(
          viewer_id,
          array(select asked_ids[place] from unnest(fit) with ordinality as one (place, number) order by number),
          array(select asked_sources[place] from unnest(fit) with ordinality as one (place, number) order by number),
          followee_ids, follower_ids, tags
        ) as found
      loop
        next := asked[fit[ground.place]];
        grounds[next] := ground;
        is_left[next] := true;
      end loop;
    end if;
  end loop;

  return query
  select shown.*
  from private.suggestion_rows(
    viewer_id,
    array(select ids[place] from unnest(page) with ordinality as one (place, number) order by number),
    array(select sources[place] from unnest(page) with ordinality as one (place, number) order by number),
    array(select grounds[place] from unnest(page) with ordinality as one (place, number) order by number)
  ) as shown;
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
