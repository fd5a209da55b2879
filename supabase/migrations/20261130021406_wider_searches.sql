/*
 * Search folds more letters, knows more quotation marks, and finds second names of two letters.
 * The index of posts is asked for the rare words of a search, and the rows answer for the common
 * ones.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Rows are indexed for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

DROP FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, bigint, integer);

DROP FUNCTION "private"."search_circle"(uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer);

DROP FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, bigint, integer);

ALTER TYPE "private"."search" ADD ATTRIBUTE "terms" text[] CASCADE;

CREATE OR REPLACE FUNCTION private.count_newer (
  feed  public.feed,
  of    text,
  after bigint
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  viewer_id uuid := case when count_newer.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  if count_newer.feed is null then
    raise sqlstate 'PT400' using message = 'Name a feed', detail = 'feed_required';
  end if;
  page := private.feed_page(
    count_newer.feed, count_newer.of, viewer_id, hidden_ids,
    9223372036854775807, coalesce(count_newer.after, 0), 100, true
  );
  return coalesce(cardinality(page.item_ids), 0);
end;
$function$;

CREATE OR REPLACE FUNCTION private.folded (
  words text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
begin
  return normalize(replace(replace(replace(replace(
    translate(
      lower(regexp_replace(
        normalize(words, nfkd),
        '[\u02bb-\u02bd\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]', '', 'g'
      ) collate pg_catalog.pg_c_utf8),
      'łøđħıŋŧς', 'lodhintσ'
    ),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), nfkc);
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_like (
  profile_id uuid,
  page_size  integer
)
  RETURNS SETOF public.suggestion
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 10
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.read_search (
  query text
)
  RETURNS private.search
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  grammars text[] := array(select search_grammars.grammar from private.search_grammars union select '');
  tag_start constant text := '^[#＃]([' || private.tag_characters() || '︎️]+)';
  found private.search := (null, null, null, -9223372036854775808, 9223372036854775807, null);
  filters text[] := '{}';       -- for every alternative
  alternatives text[] := '{}';
  terms text[] := '{}';         -- in the current alternative
  index_alternatives text[] := '{}';
  index_terms text[] := '{}';   -- the same for the index, which cannot answer all of them
  has_filter boolean := false;  -- the query wants a tag or an author
  has_word boolean := false;    -- the current alternative wants a word
  is_vague boolean := false;    -- an alternative wants no word
  is_nothing boolean := false;  -- nobody has that name, or no post can have that tag
  said record;
  value text;
  author_id uuid;
  words text[];
  asked record;
begin
  if coalesce(char_length(query), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  for said in select * from private.search_pieces(query) loop
    if said.is_quoted then
      words := private.search_words(said.piece);

    elsif lower(said.piece) = 'or' and not said.is_unwanted then
      if cardinality(terms) > 0 then
        alternatives := alternatives || private.all_of(terms);
        index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
        is_vague := is_vague or not has_word;
        terms := '{}';
        index_terms := '{}';
        has_word := false;
      end if;
      continue;

    elsif said.piece ~* '^since:.' and not said.is_unwanted then
      found.since_id := greatest(found.since_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^until:.' and not said.is_unwanted then
      found.until_id := least(found.until_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^from:@?[^@]' then
      -- A hidden person is nobody, like a deleted account.
      select profiles.id into author_id
      from public.profiles
      where lower(profiles.username) = lower(regexp_replace(said.piece, '^from:@?', '', 'i'))
        and profiles.id not in (select private.hidden_ids((select auth.uid())));
      if said.is_unwanted and author_id is not null then
        filters := filters || format('!''from:%s''', author_id);
      elsif not said.is_unwanted then
        has_filter := true;
        is_nothing := is_nothing or author_id is null or coalesce(found.from_id <> author_id, false);
        found.from_id := author_id;
        filters := filters || format('''from:%s''', author_id);
      end if;
      continue;

    else
      -- A tag ends at the first character that it cannot have. The rest is read as words.
      value := (regexp_match(said.piece, tag_start))[1];
      if value is not null then
        value := private.tag_name(value);
        if said.is_unwanted and value is not null then
          filters := filters || format('!''#%s''', value);
        elsif not said.is_unwanted then
          has_filter := true;
          is_nothing := is_nothing or value is null;
          filters := filters || format('''#%s''', value);
        end if;
        said.is_unwanted := false;
      end if;
      words := private.search_words(regexp_replace(said.piece, tag_start, ''));
    end if;

    if cardinality(words) > 0 then
      asked := private.words_query(words, grammars);
      terms := terms || (case when said.is_unwanted then '!' else '' end || asked.exact);
      -- A post may have all pairs of an unwanted phrase, but not the phrase itself. So the
      -- index cannot exclude it.
      if not said.is_unwanted then
        index_terms := index_terms || asked.indexed;
      elsif cardinality(words) = 1 then
        index_terms := index_terms || ('!' || asked.indexed);
      end if;
      has_word := has_word or not said.is_unwanted;
    end if;
  end loop;

  if cardinality(terms) > 0 then
    alternatives := alternatives || private.all_of(terms);
    index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
    is_vague := is_vague or not has_word;
  end if;
  if not has_filter and (is_vague or cardinality(alternatives) = 0) then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  is_nothing := is_nothing or (cardinality(alternatives) > 0 and array_remove(alternatives, null) = '{}');
  if not is_nothing then
    found.wanted := array_to_string(
      case when cardinality(alternatives) = 0 or '' = any (index_alternatives) then filters
      else filters || ('(' || array_to_string(index_alternatives, ' | ') || ')') end,
      ' & '
    )::tsquery;
    if cardinality(alternatives) < 2 then
      found.terms := filters || index_terms;
    end if;
    if alternatives <> index_alternatives then
      found.exact := array_to_string(alternatives, ' | ')::tsquery;
    end if;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_authors (
  viewer_id  uuid,
  hidden_ids uuid[],
  author_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  narrow     tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  authors tsquery;
  found bigint[] := '{}';
begin
  for authors in
    select string_agg(format('''from:%s''', author.id), ' | ')::tsquery && !!('''to:mentioned'''::tsquery)
    from (
      select writer.id, (writer.place - 1) / 50 as turn
      from unnest(author_ids) with ordinality as writer (id, place)
    ) as author
    group by author.turn
    union all
    select format('''from:%s'' | ''to:%s''', viewer_id, viewer_id)::tsquery
  loop
    found := found || private.search_back(
      viewer_id, hidden_ids, false, wanted && authors, exact, narrow && authors, since_id, before_id,
      before_id - since_id, null, page_size
    );
  end loop;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_back (
  viewer_id   uuid,
  hidden_ids  uuid[],
  is_findable boolean,
  wanted      tsquery,
  exact       tsquery,
  narrow      tsquery,
  since_id    bigint,
  before_id   bigint,
  width       bigint,
  all_time    bigint,
  page_size   integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  shortest constant bigint := 1 << 24;  -- 4 seconds
  most_narrow constant integer := 2000;
  most integer := 500;
  rest tsquery := case when narrow is not null then coalesce(wanted && exact, wanted) end;
  found bigint[] := '{}';
  top bigint := before_id;
  bottom bigint;
  span bigint;
  shift integer;
  reads integer;
  read_rows integer;
  fitting bigint[];
  unwanted text;
  asked tsquery;
begin
  width := greatest(width, shortest);
  while top > since_id and cardinality(found) < page_size loop
    -- The stretch begins where a long step begins, so that few steps fill it.
    shift := 20 + 4 * least(6, greatest(1, floor((log(2, width) - 22) / 4)::integer));
    bottom := greatest(since_id, ((top - width) >> shift) << shift);
    asked := coalesce(narrow, wanted);
    if not is_findable then
      asked := private.search_within(asked, bottom, top);
    elsif (top - bottom) * 2 < all_time then
      asked := private.search_within(asked, bottom, (((top - 1) >> shift) + 1) << shift);
    end if;
    reads := case when narrow is null then most else most_narrow end;

    select count(*), array_agg(row.post_id order by row.post_id desc) filter (where row.fits and row.matches),
      string_agg(distinct '''from:' || row.author_id || '''', ' | ') filter (where not row.fits)
    into read_rows, fitting, unwanted
    from (
      select
        match.post_id, match.author_id, match.matches,
        match.author_id <> all (hidden_ids)
          and (search_back.is_findable or match.author_id = viewer_id or (
            select profiles.is_searchable from public.profiles where profiles.id = match.author_id
          )) as fits
      from (
        select findable.*
        from private.search_findable(asked, case when narrow is null then exact end, rest, bottom, top, reads) as findable
        where search_back.is_findable
        union all
        select limited.*
        from private.search_limited(asked, case when narrow is null then exact end, rest, bottom, top, reads) as limited
        where not search_back.is_findable
      ) as match
    ) as row;

    if read_rows = reads and narrow is not null then
      narrow := null;
      rest := null;
    elsif read_rows = reads and unwanted is not null then
      wanted := wanted && !!(unwanted::tsquery);
    elsif read_rows = reads and width > shortest then
      width := greatest(shortest, least(width, top - bottom) / 16);
    elsif read_rows = reads then
      most := most * 8;
    else
      found := found || fitting;
      span := top - bottom;
      top := bottom;
      most := 500;
      -- The next stretch is 1.5 times as long as the rest of the page should need.
      width := least(width, 1::bigint << 55) * case
        when cardinality(found) = 0 then 64
        else greatest(2, least(16, 1.5 * (page_size - cardinality(found)) / greatest(coalesce(cardinality(fitting), 0), 0.1)))
      end;
      -- The list of a common word takes as long as the rows of some hundred posts.
      if narrow is not null and read_rows * (least(width, top - since_id) / span::numeric) > 600 then
        narrow := null;
        rest := null;
      end if;
    end if;
  end loop;
  return found[:page_size];
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_circle (
  viewer_id  uuid,
  hidden_ids uuid[],
  search     private.search,
  narrow     tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 200;
  author_ids uuid[];
  last_ids bigint[];
  middle_id bigint;
  found bigint[];
  read_rows integer;
  fitting bigint[];
begin
  select coalesce(array_agg(writer.id order by writer.last_id desc), '{}'), array_agg(writer.last_id order by writer.last_id desc)
  into author_ids, last_ids
  from (
    select follows.followee_id as id, (
      select post_search.post_id
      from private.post_search
      where post_search.author_id = follows.followee_id and not post_search.is_findable
        and post_search.post_id < before_id
      order by post_search.post_id desc
      limit 1
    ) as last_id
    from public.follows
    where follows.follower_id = viewer_id and (search.from_id is null or follows.followee_id = search.from_id)
  ) as writer
  where writer.last_id >= since_id;

  middle_id := greatest(since_id, last_ids[51] + 1);
  found := private.search_authors(
    viewer_id, hidden_ids, author_ids[:50], search.wanted, search.exact, narrow, middle_id, before_id, page_size
  );
  if middle_id = since_id or cardinality(found) >= page_size then
    return found;
  end if;

  select count(*), array_agg(match.post_id) filter (where match.matches and (
    select true
    from public.posts
    join public.profiles on profiles.id = posts.author_id
    cross join lateral private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    where posts.id = match.post_id
      and (posts.author_id = viewer_id or profiles.is_searchable)
      and posts.author_id <> all (hidden_ids)
  ))
  into read_rows, fitting
  from private.search_limited(
    private.search_within(coalesce(narrow, search.wanted), since_id, middle_id),
    case when narrow is null then search.exact end,
    case when narrow is not null then coalesce(search.wanted && search.exact, search.wanted) end,
    since_id, middle_id, most
  ) as match;
  if read_rows = most then
    fitting := private.search_authors(
      viewer_id, hidden_ids, author_ids, search.wanted, search.exact, narrow, since_id, middle_id, page_size
    );
  end if;
  return found || fitting;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_findable (
  asked     tsquery,
  exact     tsquery,
  rest      tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid,
    matches   boolean
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
begin
  return query
  select post_search.post_id, post_search.author_id, rest is null or ts_match_vq(post_search.vector, rest)
  from private.post_search
  where post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_findable.since_id
    and post_search.post_id + 0 < search_findable.before_id
  limit search_findable.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_limited (
  asked     tsquery,
  exact     tsquery,
  rest      tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid,
    matches   boolean
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
begin
  return query
  select post_search.post_id, post_search.author_id, rest is null or ts_match_vq(post_search.vector, rest)
  from private.post_search
  where not post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_limited.since_id
    and post_search.post_id + 0 < search_limited.before_id
  limit search_limited.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_newest (
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  terms      text[],
  since_id   bigint,
  before_id  bigint,
  page_size  integer,
  OUT        post_ids bigint[],
  OUT        first_id bigint,
  OUT        last_id bigint,
  OUT        narrow tsquery
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_bitmapscan TO 'off'
  SET jit TO 'off'
  AS $function$
declare
  few constant integer := 100;
  common constant integer := 5;
  rare constant integer := 1;
begin
  post_ids := array(
    select newest.post_id
    from (
      select post_search.post_id, post_search.author_id, post_search.vector
      from private.post_search
      where post_search.is_findable
        and -post_search.post_id > -search_newest.before_id
        and -post_search.post_id <= -search_newest.since_id
      order by -post_search.post_id
      limit few
    ) as newest
    where newest.vector @@ wanted
      and (exact is null or newest.vector @@ exact)
      and newest.author_id <> all (hidden_ids)
    limit search_newest.page_size
  );
  if cardinality(post_ids) < search_newest.page_size then
    with newest as materialized (
      select post_search.post_id, post_search.vector
      from private.post_search
      where post_search.is_findable
        and -post_search.post_id > -search_newest.before_id
        and -post_search.post_id <= -search_newest.since_id
      order by -post_search.post_id
      limit few
    )
    select max(newest.post_id), case when count(*) = few then min(newest.post_id) end, case
      when count(*) = few and cardinality(terms) > 1 then (
        select case when bool_or(counted.amount >= common) then
          (string_agg(counted.term, ' & ') filter (where counted.amount < common and not counted.term ^@ '!'))::tsquery
        end
        from (
          select asked.term, (select count(*) from newest where newest.vector @@ asked.query) as amount
          -- With "offset 0", Postgres reads each term once, and not once for each post.
          from (select term, term::tsquery as query from unnest(terms) as term offset 0) as asked
        ) as counted
        having min(counted.amount) filter (where not counted.term ^@ '!') <= rare
      )
    end
    into first_id, last_id, narrow
    from newest;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_open_posts (
  viewer_id  uuid,
  hidden_ids uuid[],
  search     private.search,
  since_id   bigint,
  before_id  bigint,
  all_time   bigint,
  page_size  integer,
  OUT        post_ids bigint[],
  OUT        narrow tsquery
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  newest record;
begin
  newest := private.search_newest(
    hidden_ids, search.wanted, search.exact, search.terms, since_id, before_id, page_size
  );
  post_ids := newest.post_ids;
  narrow := newest.narrow;
  if newest.last_id is not null then
    post_ids := post_ids || private.search_back(
      viewer_id, hidden_ids, true, search.wanted, search.exact, narrow, since_id, newest.last_id,
      (newest.first_id - newest.last_id) * 8, all_time, page_size - cardinality(post_ids)
    );
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_people (
  query     text,
  page_size integer
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_custom_plan'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.search_pieces (
  query text
)
  RETURNS TABLE (
    is_unwanted boolean,
    is_quoted   boolean,
    piece       text
  )
  LANGUAGE sql
  IMMUTABLE
  ROWS 10
BEGIN ATOMIC
 SELECT (COALESCE(found.parts[1], found.parts[3]) ~ '^-'::text),
     (found.parts[2] IS NOT NULL),
     COALESCE(found.parts[2], ltrim(found.parts[3], '-'::text))
  AS "coalesce"
    FROM regexp_matches(regexp_replace(regexp_replace(translate(search_pieces.query, '“”„‟«»‹›「」『』＂〝〞〟｢｣《》〈〉❝❞'::text, repeat('"'::text, 24)), '(^|[[:space:]])[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+|[\u061C\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+(?=$|[[:space:]])'::text, '\1'::text, 'g'::text), '(^|[[:space:]-])[‘‚‛]([^‘’‚‛"]+)[’‘](?=$|[[:space:]])'::text, '\1"\2"'::text, 'g'::text), '(-*)"([^"]*)"?|([^"[:space:]   -​ -  　]+)'::text, 'g'::text) found(parts);
END;

CREATE OR REPLACE FUNCTION private.search_posts (
  query     text,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  search private.search;
  since_id bigint;
  before_id bigint;
  post_ids bigint[];
  narrow tsquery;
  circle_ids bigint[];
  first_id bigint;
  end_id bigint;
begin
  perform private.check_page_size(search_posts.page_size);
  search := private.read_search(search_posts.query);
  if search.wanted is null then
    return;
  end if;
  -- From the oldest to the newest post, in steps of 50 days. So the first stretch of time
  -- has a useful length.
  select (min(post_search.post_id) >> 44) << 44, ((max(post_search.post_id) >> 44) + 1) << 44
  into first_id, end_id
  from private.post_search;
  since_id := greatest(search.since_id, first_id);
  before_id := least(search.until_id, search_posts.before, end_id);
  if since_id >= before_id or search_posts.after >= before_id - 1 or first_id is null then
    return;
  end if;
  since_id := greatest(since_id, search_posts.after + 1);

  -- The index may be out of date for accounts that have just switched. They are hidden
  -- here.
  select found.* into post_ids, narrow
  from private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search, since_id, before_id, end_id - first_id, search_posts.page_size
  ) as found;
  if viewer_id is not null then
    -- If the page is full, only limited posts that are newer than its last post can
    -- still come into it.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- A statement of its own. Inside the query below, the planner would run it to make an
    -- estimate, and then run it again.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search, narrow, since_id, before_id, search_posts.page_size
    );
    post_ids := array(
      select found.id
      from unnest(post_ids || circle_ids) as found (id)
      order by found.id desc
      limit search_posts.page_size
    );
  end if;

  -- Only the rule of the post decides who sees it, and not the index.
  post_ids := array(
    select posts.id
    from unnest(post_ids) with ordinality as found (id, place)
    join public.posts on posts.id = found.id
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids, hidden_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_post (
  content         text,
  title           text,
  content_warning text,
  language        text,
  audience        public.audience,
  reply_to_id     bigint,
  quote_of_id     bigint,
  repost_of_id    bigint,
  client_id       uuid
)
  RETURNS public.feed_item
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  is_repeated boolean := false;
  item public.feed_item;
begin
  if write_post.client_id is not null then
    -- Two such requests may come at the same moment. The second waits here, and then finds the
    -- key of the first. It spends nothing, so it is answered even if the budget is used up.
    perform private.take_own_turn(viewer_id);
    select post_keys.post_id into new_id
    from private.post_keys
    where post_keys.author_id = viewer_id and post_keys.client_id = write_post.client_id;
    is_repeated := found;
  end if;

  if not is_repeated then
    insert into public.posts (
      author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
    )
    -- Null means the same as nothing, as for the other arguments.
    values (
      viewer_id, coalesce(write_post.title, ''), coalesce(write_post.content, ''),
      coalesce(write_post.content_warning, ''), write_post.language, coalesce(write_post.audience, 'everyone'),
      write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
    )
    returning posts.id into new_id;
    if write_post.client_id is not null then
      insert into private.post_keys (author_id, client_id, post_id)
      values (viewer_id, write_post.client_id, new_id);
    end if;
  end if;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$function$;

COMMENT ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, tsquery, bigint, bigint, integer) IS 'The newest wanted posts that not everyone may find: posts of these authors for their followers, posts of the viewer, and posts that address the viewer. In any order.';

COMMENT ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) IS 'The newest wanted posts that the viewer may find. is_findable: only posts that everyone may find, or only the others. narrow: what to ask the index in place of wanted (null: wanted). all_time is how long all posts together last.';

COMMENT ON FUNCTION "private"."search_circle"(uuid, uuid[], private.search, tsquery, bigint, bigint, integer) IS 'A page, or more, of the newest wanted posts that not everyone may find. The viewer wrote them, is addressed by them, or sees them as a follower. In any order.';

COMMENT ON FUNCTION "private"."search_findable"(tsquery, tsquery, tsquery, bigint, bigint, integer) IS 'The posts of a stretch of time that match and that everyone may find, in any order. matches: whether they also match the rest.';

COMMENT ON FUNCTION "private"."search_limited"(tsquery, tsquery, tsquery, bigint, bigint, integer) IS 'The posts of a stretch of time that match and that not everyone may find, in any order. matches: whether they also match the rest.';

COMMENT ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, text[], bigint, bigint, integer) IS 'The wanted ones of the newest 100 posts that everyone may find. If they do not fill the page, also the first and the last post that it read. The last is null if there are no more posts. narrow is the search without its common terms (null: all or none are common).';

COMMENT ON FUNCTION "private"."search_open_posts"(uuid, uuid[], private.search, bigint, bigint, bigint, integer) IS 'The newest wanted posts that everyone may find and no block hides. narrow: what to ask the index of the other posts in place of wanted (null: wanted).';

COMMENT ON TYPE "private"."search" IS 'A search. wanted is for the index (null: the search finds nothing). exact is for the posts that the index finds (null: there is no more to ask). from_id is the author (null: all authors). since_id and until_id are the first id and the first id after the last. terms are the terms of wanted, when a post must match all of them (null: it has alternatives).';

REVOKE ALL ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_circle"(uuid, uuid[], private.search, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_circle"(uuid, uuid[], private.search, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_circle"(uuid, uuid[], private.search, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_findable"(tsquery, tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_limited"(tsquery, tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, text[], bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, text[], bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, text[], bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], private.search, bigint, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], private.search, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_open_posts"(uuid, uuid[], private.search, bigint, bigint, bigint, integer) TO "postgres";

-- Names, posts and messages with letters that fold in another way now.
update private.names
set display_name = private.folded(profiles.display_name)
from public.profiles
where profiles.id = names.profile_id and profiles.display_name ~ '[ςϲþÞŋŊŧŦŉʻʼʽ]';

select private.index_posts(array(
  select posts.id
  from public.posts
  where posts.repost_of_id is null and posts.title || posts.content ~ '[ςϲþÞŋŊŧŦŉʻʼʽ]'
));

select private.index_message(messages)
from private.messages
where messages.content ~ '[ςϲþÞŋŊŧŦŉʻʼʽ]';
