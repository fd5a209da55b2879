/*
 * search people
 *
 * People by name.
 */

create extension if not exists pg_trgm with schema extensions;

-- Part of a name, also misspelt.
create index profiles_search_idx on public.profiles
  using gin (private.folded(username || ' ' || display_name) extensions.gin_trgm_ops)
  where is_searchable;
-- The beginning of a name, however short.
create index profiles_username_pattern_idx on public.profiles (lower(username) text_pattern_ops);
create index profiles_display_name_pattern_idx on public.profiles (private.folded(display_name) text_pattern_ops);
-- API ------------------------------------------------------------------------

/*
 * Ranked: by how the name fits (the username itself, its beginning, part of a
 * name, a misspelling), then by relation (whom the viewer follows, who follows
 * them), then by followers. Of very many that fit, those one follows and a
 * thousand others are ranked.
 *
 * Definer, because row-level security, asked for every row that is compared,
 * costs more than the search. Planned for each name: a short one is looked for
 * in another index than a long one.
 */
create function private.search_people(query text, page_size integer)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  wanted text := private.folded(regexp_replace(btrim(search_people.query), '^@', ''));
  pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(search_people.page_size);
  if coalesce(char_length(wanted), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'Search for a name of 1 to 100 characters', detail = 'search_query';
  end if;

  -- Half of the letters in order, as in alise for alice. Not a set clause of the
  -- function, which takes a superuser unless the library is loaded by chance.
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);

  select array_agg(ranked.place order by ranked.place), array_agg(ranked.id order by ranked.place)
  into row_ids, profile_ids
  from (
    select
      candidate.id,
      row_number() over (
        order by
          lower(candidate.username) = wanted desc,
          lower(candidate.username) like pattern || '%' desc,
          candidate.name like '%' || pattern || '%' desc,
          case when candidate.name like '%' || pattern || '%' then 0
          else -round(extensions.word_similarity(wanted, candidate.name)::numeric, 1) end,
          exists (
            select from public.follows
            where follows.follower_id = viewer_id and follows.followee_id = candidate.id
          ) desc,
          exists (
            select from public.follows
            where follows.follower_id = candidate.id and follows.followee_id = viewer_id
          ) desc,
          follow_counts.followers desc,
          candidate.id
      ) as place
    from (
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name) as name
        from public.follows
        join public.profiles on profiles.id = follows.followee_id
        where follows.follower_id = viewer_id
          and profiles.is_searchable
          and private.folded(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
      )
      union
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and lower(profiles.username) = wanted
      )
      union
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and lower(profiles.username) like pattern || '%'
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and private.folded(profiles.display_name) like pattern || '%'
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where char_length(wanted) >= 3
          and profiles.is_searchable
          and (
            private.folded(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
            or wanted operator(extensions.<%) private.folded(profiles.username || ' ' || profiles.display_name)
          )
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.folded(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.id = viewer_id
          and private.folded(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
      )
    ) as candidate
    join private.follow_counts on follow_counts.profile_id = candidate.id
    where candidate.id <> all (hidden_ids)
    limit search_people.page_size
  ) as ranked;

  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.search_people is 'What public.search_people() answers.';
revoke all on function private.search_people (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.search_people (text, integer) to anon, authenticated;

create function public.search_people(query text, page_size integer default 20)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.search_people(search_people.query, search_people.page_size) as listed;
end;

comment on function public.search_people is 'People by the beginning of a name, a part of it or nearly so, best first; id is the place. page_size is 1 to 100, and the first page is all there is.';
revoke all on function public.search_people (text, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_people (text, integer) to anon, authenticated;
