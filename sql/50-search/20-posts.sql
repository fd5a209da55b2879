/*
 * search posts
 *
 * Posts by their words, tags, authors and days.
 */

-- What is compared -------------------------------------------------------------

-- Chinese and Japanese are written without spaces: every character is a word, and
-- what is searched for a phrase of them. Full-width letters are letters.
create function private.search_text(words text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return regexp_replace(normalize(words, nfkc), '([\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f])', ' \1 ', 'g');
end;
$$;

comment on function private.search_text is 'A text as search takes its words.';
revoke all on function private.search_text (text) from public, anon, authenticated, service_role;
grant execute on function private.search_text (text) to authenticated, service_role;

create function private.search_config(language text)
returns regconfig
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return case split_part(language, '-', 1)
    when 'ar' then 'pg_catalog.arabic'
    when 'ca' then 'pg_catalog.catalan'
    when 'da' then 'pg_catalog.danish'
    when 'de' then 'pg_catalog.german'
    when 'el' then 'pg_catalog.greek'
    when 'en' then 'pg_catalog.english'
    when 'es' then 'pg_catalog.spanish'
    when 'eu' then 'pg_catalog.basque'
    when 'fi' then 'pg_catalog.finnish'
    when 'fr' then 'pg_catalog.french'
    when 'ga' then 'pg_catalog.irish'
    when 'hi' then 'pg_catalog.hindi'
    when 'hu' then 'pg_catalog.hungarian'
    when 'hy' then 'pg_catalog.armenian'
    when 'id' then 'pg_catalog.indonesian'
    when 'it' then 'pg_catalog.italian'
    when 'lt' then 'pg_catalog.lithuanian'
    when 'nb' then 'pg_catalog.norwegian'
    when 'ne' then 'pg_catalog.nepali'
    when 'nl' then 'pg_catalog.dutch'
    when 'nn' then 'pg_catalog.norwegian'
    when 'no' then 'pg_catalog.norwegian'
    when 'pt' then 'pg_catalog.portuguese'
    when 'ro' then 'pg_catalog.romanian'
    when 'ru' then 'pg_catalog.russian'
    when 'sr' then 'pg_catalog.serbian'
    when 'sv' then 'pg_catalog.swedish'
    when 'ta' then 'pg_catalog.tamil'
    when 'tr' then 'pg_catalog.turkish'
    when 'yi' then 'pg_catalog.yiddish'
    else 'pg_catalog.simple'
  end::regconfig;
end;
$$;

comment on function private.search_config is 'By whose grammar words of a language are compared; simple compares them as they are.';
revoke all on function private.search_config (text) from public, anon, authenticated, service_role;
grant execute on function private.search_config (text) to authenticated, service_role;

create function private.search_vector(language text, title text, content text)
returns tsvector
language plpgsql
immutable
parallel safe
security invoker
cost 4000
set search_path = ''
as $$
begin
  return to_tsvector(private.search_config(language), private.search_text(title || ' ' || content));
end;
$$;

comment on function private.search_vector is 'The words of a post as search compares them.';
revoke all on function private.search_vector (text, text, text) from public, anon, authenticated, service_role;
grant execute on function private.search_vector (text, text, text) to authenticated, service_role;

-- The words of a post.
create index posts_search_idx on public.posts
  using gin (private.search_vector(language, title, content))
  where repost_of_id is null;

-- API ------------------------------------------------------------------------

-- One operator out of a query: its values, without the sign.
create function private.search_operator(query text, operator text)
returns text[]
language sql
immutable
security invoker
return array(
  select found.parts[1]
  from regexp_matches(search_operator.query, '(?:^|\s)' || search_operator.operator || '(\S+)', 'gi') as found (parts)
);

comment on function private.search_operator is 'The values of an operator in a search.';
revoke all on function private.search_operator (text, text) from public, anon, authenticated, service_role;

create function private.search_day(day text)
returns bigint
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if day !~ '^\d{4}-\d{2}-\d{2}$' then
    raise sqlstate '22007';
  end if;
  -- The lowest id of that day: see new_id().
  return floor((extract(epoch from (day || 'T00:00:00Z')::timestamptz) - 1767225600) * 1000)::bigint << 12;
exception when datetime_field_overflow or invalid_datetime_format then
  raise sqlstate 'PT400' using message = 'A date in a search is written YYYY-MM-DD', detail = 'search_date';
end;
$$;

comment on function private.search_day is 'The id at which a day (UTC) begins.';
revoke all on function private.search_day (text) from public, anon, authenticated, service_role;

/*
 * Words are compared by the grammar of each post's own language. So the index is
 * asked for what the words may mean in any language, and every post found is
 * asked once more in its own. Definer and planned for each query, as
 * search_people() is: rare words come out of the index, and of common ones the
 * newest posts have enough.
 */
create function private.search_posts(query text, before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  from_names text[] := private.search_operator(query, 'from:@?');
  signed_tags text[] := array(
    select rtrim(tag, '.,;:!?()''"') from unnest(private.search_operator(query, '[#＃]')) as tag
  );
  tags text[];
  from_id uuid;
  below bigint := least(
    coalesce(search_posts.before, 9223372036854775807),
    (select min(private.search_day(day)) from unnest(private.search_operator(query, 'until:')) as day)
  );
  above bigint := (
    select coalesce(max(private.search_day(day)), 0) from unnest(private.search_operator(query, 'since:')) as day
  );
  -- Of several minus signs one, whatever is between them that is no word: Postgres
  -- keeps no more than 32 of them in mind.
  words text := regexp_replace(
    regexp_replace(query, '(^|\s)(from:|since:|until:|[#＃])\S+', ' ', 'gi'),
    '(^|[\s!&|()])-[-\s!&|()]*-', '\1-', 'g'
  );
  any_grammar tsquery;
  post_ids bigint[];
begin
  perform private.check_page_size(search_posts.page_size);
  if coalesce(char_length(query), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  -- A run of characters that are words each is searched as a phrase, unless it is
  -- within one: between quotation marks.
  select private.search_text(string_agg(case when part.place % 2 = 0 then part.words else regexp_replace(
    part.words,
    '([\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]{2,})',
    '"\1" ', 'g'
  ) end, '"' order by part.place))
  into words
  from string_to_table(words, '"') with ordinality as part (words, place);
  select string_agg(distinct grammar.query::text, ' | ')::tsquery into any_grammar
  from (
    select websearch_to_tsquery(config.name, words) as query
    from (
      select distinct private.search_config(language) as name
      from unnest(string_to_array(
        'ar ca da de el en es eu fi fr ga hi hu hy id it lt ne nl no pt ro ru sr sv ta tr yi und', ' '
      )) as language
    ) as config
  ) as grammar
  where numnode(grammar.query) > 0;

  tags := array(select private.tag_name(tag) from unnest(signed_tags) as tag where private.tag_name(tag) is not null);
  if cardinality(from_names) > 0 then
    select profiles.id into from_id
    from public.profiles
    where lower(profiles.username) = lower(from_names[1]);
  end if;

  if cardinality(signed_tags) = 0 and cardinality(from_names) = 0
    and querytree(websearch_to_tsquery('pg_catalog.simple', words)) in ('', 'T') then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  -- Nobody has that name, or nothing can have that tag, or be from two people.
  if (cardinality(from_names) > 0 and from_id is null)
    or cardinality(from_names) > 1
    or cardinality(tags) < cardinality(signed_tags) then
    return;
  end if;

  if cardinality(tags) > 0 then
    post_ids := array(
      select posts.id
      from public.post_tags
      join public.posts on posts.id = post_tags.post_id
      join public.profiles on profiles.id = posts.author_id
      cross join lateral (
        select websearch_to_tsquery(private.search_config(posts.language), words) as query
      ) as own_grammar
      where post_tags.tag = tags[1]
        and post_tags.post_id < below and post_tags.post_id >= above
        and (from_id is null or posts.author_id = from_id)
        and (profiles.is_searchable or posts.author_id = viewer_id)
        and not exists (
          select from unnest(tags) as wanted (tag)
          where not exists (
            select from public.post_tags as other
            where other.post_id = posts.id and other.tag = wanted.tag
          )
        )
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ own_grammar.query
          or numnode(own_grammar.query) = 0
        )
        and private.sees_post(viewer_id, posts.id)
      order by post_tags.post_id desc
      limit search_posts.page_size
    );
  else
    post_ids := array(
      select posts.id
      from public.posts
      join public.profiles on profiles.id = posts.author_id
      cross join lateral (
        select websearch_to_tsquery(private.search_config(posts.language), words) as query
      ) as own_grammar
      where posts.id < below and posts.id >= above
        and posts.repost_of_id is null
        and (from_id is null or posts.author_id = from_id)
        and (profiles.is_searchable or posts.author_id = viewer_id)
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ any_grammar
          or from_id is not null
        )
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ own_grammar.query
          or numnode(own_grammar.query) = 0
        )
        and private.sees_post(viewer_id, posts.id)
      order by posts.id desc
      limit search_posts.page_size
    );
  end if;

  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids) as items;
end;
$$;

comment on function private.search_posts is 'What public.search_posts() answers.';
revoke all on function private.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.search_posts (text, bigint, integer) to anon, authenticated;

-- Volatile, because a search by somebody who is signed in is counted.
create function public.search_posts(query text, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
volatile
security invoker
rows 20
begin atomic
  select private.spend('search');
  select items.*
  from private.search_posts(search_posts.query, search_posts.before, search_posts.page_size) as items;
end;

comment on function public.search_posts is 'Posts by their words, "phrases" and -unwanted words, #tags, from:somebody, since:2026-01-31 and until:2026-12-31 (days in UTC; until is exclusive), newest first. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_posts (text, bigint, integer) to anon, authenticated;
