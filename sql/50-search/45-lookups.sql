/*
 * lookups
 *
 * How 50-posts.sql reads the index of posts.
 *
 *   - search_newest() reads the newest 100 posts that everyone may find, one by one.
 *   - search_back() asks the index for one stretch of time after the other, back in time.
 *     Each stretch is longer than the one before. If one holds too many posts, it is cut.
 *
 * The planner cannot know how common a word is. So each kind of scan has a function, which
 * switches the other kinds of scan off.
 *
 * A search may want a rare word and a common one. To intersect them, the index reads the whole
 * list of the common word, which may be half of all posts. So search_newest() counts how many of
 * the newest 100 posts match each term. If some terms are common and others are not, the index
 * is asked only for the others. That is the narrow search. The rows answer the rest. If there are
 * too many rows, the terms were not rare, and the index is asked for all of them.
 */

-- Asks the index for a stretch of time too, with the longest steps that fill it. So search
-- does not read the posts just before or after the stretch, to within 4 seconds.
create function private.search_within(wanted tsquery, since_id bigint, before_id bigint)
returns tsquery
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  at bigint := (since_id >> 24) << 24;
  step integer;
  lexemes text[] := '{}';
begin
  while at < before_id loop
    step := 1;
    while step < 6 and at & ((1::bigint << (24 + 4 * step)) - 1) = 0 and at + (1::bigint << (24 + 4 * step)) <= before_id loop
      step := step + 1;
    end loop;
    lexemes := lexemes || ('''' || private.time_lexeme(step, at) || '''');
    at := at + (1::bigint << (20 + 4 * step));
  end loop;
  return wanted && array_to_string(lexemes, ' | ')::tsquery;
end;
$$;

comment on function private.search_within is 'A search within a stretch of time. The index knows times to within 4 seconds.';
revoke all on function private.search_within (tsquery, bigint, bigint) from public, anon, authenticated, service_role;

-- post_id + 0 keeps Postgres from using an index on post_id. Only the exact search has the
-- words of a phrase, and the rows answer it. The index would read many posts for these
-- words, and gain nothing.
create function private.search_findable(asked tsquery, exact tsquery, rest tsquery, since_id bigint, before_id bigint, most integer)
returns table (post_id bigint, author_id uuid, matches boolean)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = off
set jit = off
rows 100
as $$
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
$$;

comment on function private.search_findable is 'The posts of a stretch of time that match and that everyone may find, in any order. matches: whether they also match the rest.';
revoke all on function private.search_findable (tsquery, tsquery, tsquery, bigint, bigint, integer) from public, anon, authenticated, service_role;

create function private.search_limited(asked tsquery, exact tsquery, rest tsquery, since_id bigint, before_id bigint, most integer)
returns table (post_id bigint, author_id uuid, matches boolean)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = off
set jit = off
rows 100
as $$
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
$$;

comment on function private.search_limited is 'The posts of a stretch of time that match and that not everyone may find, in any order. matches: whether they also match the rest.';
revoke all on function private.search_limited (tsquery, tsquery, tsquery, bigint, bigint, integer) from public, anon, authenticated, service_role;

/*
 * Reads one stretch after the other, back in time. A stretch may hold more posts than one
 * read may take. Then some of the posts it read may have authors that the viewer may not
 * find. Search leaves those authors out and reads again. If there are none, it cuts the
 * stretch to a sixteenth. A narrow search that finds too many rows is given up first.
 *
 * A stretch may be at least half of all time. Then the index is not asked for its time,
 * because that would take longer than to read past the posts after it. There are few: search
 * has read them already.
 */
create function private.search_back(
  viewer_id uuid, hidden_ids uuid[], is_findable boolean, wanted tsquery, exact tsquery, narrow tsquery,
  since_id bigint, before_id bigint, width bigint, all_time bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.search_back is 'The newest wanted posts that the viewer may find. is_findable: only posts that everyone may find, or only the others. narrow: what to ask the index in place of wanted (null: wanted). all_time is how long all posts together last.';
revoke all on function private.search_back (uuid, uuid[], boolean, tsquery, tsquery, tsquery, bigint, bigint, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- Reads the newest 100 posts. Their times show how many posts a stretch of time holds.
create function private.search_newest(
  hidden_ids uuid[], wanted tsquery, exact tsquery, terms text[], since_id bigint, before_id bigint, page_size integer,
  out post_ids bigint[], out first_id bigint, out last_id bigint, out narrow tsquery
)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
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
$$;

comment on function private.search_newest is 'The wanted ones of the newest 100 posts that everyone may find. If they do not fill the page, also the first and the last post that it read. The last is null if there are no more posts. narrow is the search without its common terms (null: all or none are common).';
revoke all on function private.search_newest (uuid[], tsquery, tsquery, text[], bigint, bigint, integer)
  from public, anon, authenticated, service_role;
