/*
 * search people
 *
 * Search for people by name. A table beside profiles keeps the folded names, because
 * folding a name takes longer than comparing it.
 */

create extension if not exists pg_trgm with schema extensions;

-- Table ----------------------------------------------------------------------

-- Any part of a name in Chinese or Japanese finds it. Two characters have no trigram, so
-- the index holds each character and each pair of neighbours.
create function private.name_characters(name text)
returns text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  characters text[] := '{}';
  run text;
begin
  if octet_length(name) = char_length(name) then
    return characters;
  end if;
  for run in
    select found.parts[1]
    from regexp_matches(name, '([' || private.lone_characters() || ']+)', 'g') as found (parts)
  loop
    for place in 1..char_length(run) loop
      characters := characters || substr(run, place, 1) || substr(run, place, 2);
    end loop;
  end loop;
  return characters;
end;
$$;

comment on function private.name_characters is 'The lone characters of a name, and each pair of neighbours among them.';
revoke all on function private.name_characters (text) from public, anon, authenticated, service_role;

create table private.names (
  profile_id     uuid     primary key references public.profiles (id) on delete cascade,
  username       text     not null,
  display_name   text     not null,
  is_searchable  boolean  not null,
  name           text     not null generated always as (username || ' ' || display_name) stored
);

comment on table  private.names is 'The folded names of people. Search compares these.';
revoke all on private.names from public, anon, authenticated, service_role;

-- A part of a name, also with a spelling mistake.
create index names_name_idx on private.names using gin (name extensions.gin_trgm_ops) with (fastupdate = off)
  where is_searchable;
-- A part of a name in lone characters.
create index names_characters_idx on private.names using gin (private.name_characters(name)) with (fastupdate = off)
  where is_searchable;
-- The beginning of a name, even one letter.
create index names_username_idx on private.names (username text_pattern_ops) where is_searchable;
create index names_display_name_idx on private.names (display_name text_pattern_ops) where is_searchable;

-- Definer, because nobody may write what search compares.
create function private.profiles_name()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.names (profile_id, username, display_name, is_searchable)
  values (new.id, private.folded(new.username), private.folded(new.display_name), new.is_searchable)
  on conflict (profile_id) do update
  set username = excluded.username, display_name = excluded.display_name, is_searchable = excluded.is_searchable;
  return null;
end;
$$;

comment on function private.profiles_name is 'Copies the names of a person, folded, for search.';
revoke all on function private.profiles_name () from public, anon, authenticated, service_role;

create trigger profiles_name
  after insert or update of username, display_name, is_searchable on public.profiles
  for each row
  execute function private.profiles_name();

-- API ------------------------------------------------------------------------

/*
 * The order of people is:
 *
 *   1. how the name fits: the username itself, its beginning, a part of a name, a name
 *      with a spelling mistake
 *   2. people that the viewer follows, then people who follow the viewer
 *   3. the number of followers, times how much the person is trusted. Followers can be made, and trust cannot
 *   4. the number of followers
 *
 * Very many people can have such a name. The search ranks everybody that the viewer
 * follows, and from each of its indexes at most 150 others. It looks for spelling mistakes
 * only if the page is not full.
 *
 * Definer, because row-level security would cost more than the search: Postgres would ask
 * it for every row. Postgres plans again for each name, because a short name needs another
 * index than a long one.
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
  most constant integer := 150;
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  -- Without what nobody sees at either end, and with the sign of any width.
  wanted text := regexp_replace(regexp_replace(
    private.folded(search_people.query),
    '^[' || private.blank_characters() || ']+|[' || private.blank_characters() || ']+$', '', 'g'
  ), '^@', '');
  pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
  characters text[];
  found_ids uuid[];
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(search_people.page_size);
  if coalesce(char_length(wanted), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'Search for a name of 1 to 100 characters', detail = 'search_query';
  end if;
  characters := private.name_characters(wanted);

  select array_agg(distinct candidate.profile_id) into found_ids
  from (
    (
      select names.profile_id
      from public.follows
      join private.names on names.profile_id = follows.followee_id
      where follows.follower_id = viewer_id and names.is_searchable and names.name like '%' || pattern || '%'
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username = wanted
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.display_name like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where char_length(wanted) >= 3
        and names.is_searchable and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      -- A second name of two letters, as in Li Na. The index knows the beginnings of words.
      select names.profile_id
      from private.names
      where char_length(wanted) = 2
        and names.is_searchable and names.name like '% ' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where cardinality(characters) > 0
        and names.is_searchable and private.name_characters(names.name) @> characters
        and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.profile_id = viewer_id and names.name like '%' || pattern || '%'
    )
  ) as candidate
  where candidate.profile_id <> all (hidden_ids);

  if char_length(wanted) >= 3 and coalesce(cardinality(found_ids), 0) < search_people.page_size then
    -- Half of the trigrams, as in alise for alice. This cannot be a set clause of the
    -- function: only a superuser may create it, unless the library is loaded already.
    perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
    found_ids := found_ids || array(
      select names.profile_id
      from private.names
      where names.is_searchable
        and wanted operator(extensions.<%) names.name
        and names.profile_id <> all (hidden_ids)
        and names.profile_id <> all (coalesce(found_ids, '{}'))
      limit most
    );
  end if;

  select array_agg(ranked.place order by ranked.place), array_agg(ranked.profile_id order by ranked.place)
  into row_ids, profile_ids
  from (
    select
      names.profile_id,
      row_number() over (
        order by
          names.username = wanted desc,
          names.username like pattern || '%' desc,
          names.name like '%' || pattern || '%' desc,
          case when names.name like '%' || pattern || '%' then 0
          else -round(extensions.word_similarity(wanted, names.name)::numeric, 1) end,
          exists (
            select from public.follows
            where follows.follower_id = viewer_id and follows.followee_id = names.profile_id
          ) desc,
          exists (
            select from public.follows
            where follows.follower_id = names.profile_id and follows.followee_id = viewer_id
          ) desc,
          follow_counts.followers * private.trust_of(names.profile_id) desc,
          follow_counts.followers desc,
          names.profile_id
      ) as place
    from unnest(found_ids) as found (id)
    join private.names on names.profile_id = found.id
    join private.follow_counts on follow_counts.profile_id = found.id
    order by place
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

-- Volatile, because a viewer who is signed in spends for a search.
create function public.search_people(query text, page_size integer default 20)
returns setof public.person
language sql
volatile
security invoker
rows 20
begin atomic
  select private.spend('search');
  select listed.*
  from private.search_people(search_people.query, search_people.page_size) as listed;
end;

comment on function public.search_people is 'People by the beginning of a name or a part of it, also with a spelling mistake. The best come first. id is the place in this list. page_size is 1 to 100. There is only one page.';
revoke all on function public.search_people (text, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_people (text, integer) to anon, authenticated;
