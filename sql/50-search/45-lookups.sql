/*
 * lookups
 *
 * How the index of posts is read, for 50-posts.sql.
 *
 *   - search_newest() reads a few of the newest posts that everyone may find, one by one.
 *   - search_back() asks the index for one stretch of time after the other, back in time.
 *     Each stretch is longer than the one before. One that holds too much is cut.
 *
 * The scans run in functions of their own that switch all other kinds of scan off, so that
 * the planner has no choice: it cannot know how common a word is.
 */

-- The stretch of time is asked of the index too, by the longest steps that fill it: what
-- others wrote just before or after it is not read. To 4 seconds.
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

comment on function private.search_within is 'A search, and between which ids, as far as the index knows.';
revoke all on function private.search_within (tsquery, bigint, bigint) from public, anon, authenticated, service_role;

-- Adding nothing to post_id keeps its own indexes out. The words of a phrase stand only in
-- the exact search, which is asked of the rows: for the index they would be many, and of no use.
create function private.search_findable(wanted tsquery, exact tsquery, since_id bigint, before_id bigint, most integer)
returns table (post_id bigint, author_id uuid)
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
declare
  asked tsquery := private.search_within(wanted, since_id, before_id);
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_findable.since_id
    and post_search.post_id + 0 < search_findable.before_id
  limit search_findable.most;
end;
$$;

comment on function private.search_findable is 'Of the posts that everyone may find, those that are wanted, in any order.';
revoke all on function private.search_findable (tsquery, tsquery, bigint, bigint, integer) from public, anon, authenticated, service_role;

create function private.search_limited(wanted tsquery, exact tsquery, since_id bigint, before_id bigint, most integer)
returns table (post_id bigint, author_id uuid)
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
declare
  asked tsquery := private.search_within(wanted, since_id, before_id);
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where not post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_limited.since_id
    and post_search.post_id + 0 < search_limited.before_id
  limit search_limited.most;
end;
$$;

comment on function private.search_limited is 'Of the posts that not everyone may find, those that are wanted, in any order.';
revoke all on function private.search_limited (tsquery, tsquery, bigint, bigint, integer) from public, anon, authenticated, service_role;

/*
 * Stretch by stretch, back in time. Where a stretch holds more than can be read, first
 * the authors are left out whom the viewer may not find and who were met in it; then
 * the stretch is cut to a sixteenth.
 */
create function private.search_back(
  viewer_id uuid, hidden_ids uuid[], is_findable boolean, wanted tsquery, exact tsquery,
  since_id bigint, before_id bigint, width bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  shortest constant bigint := 1 << 24;  -- 4 seconds
  most integer := 500;
  found bigint[] := '{}';
  top bigint := before_id;
  bottom bigint;
  shift integer;
  read_rows integer;
  fitting bigint[];
  unwanted text;
begin
  width := greatest(width, shortest);
  while top > since_id and cardinality(found) < page_size loop
    -- Where steps begin, so that few of them fill the stretch.
    shift := 20 + 4 * least(6, greatest(1, floor((log(2, width) - 22) / 4)::integer));
    bottom := greatest(since_id, ((top - width) >> shift) << shift);

    select count(*), array_agg(row.post_id order by row.post_id desc) filter (where row.fits),
      string_agg(distinct '''from:' || row.author_id || '''', ' | ') filter (where not row.fits)
    into read_rows, fitting, unwanted
    from (
      select
        match.post_id, match.author_id,
        match.author_id <> all (hidden_ids)
          and (search_back.is_findable or match.author_id = viewer_id or (
            select profiles.is_searchable from public.profiles where profiles.id = match.author_id
          )) as fits
      from (
        select findable.* from private.search_findable(wanted, exact, bottom, top, most) as findable
        where search_back.is_findable
        union all
        select limited.* from private.search_limited(wanted, exact, bottom, top, most) as limited
        where not search_back.is_findable
      ) as match
    ) as row;

    if read_rows = most and unwanted is not null then
      wanted := wanted && !!(unwanted::tsquery);
    elsif read_rows = most and width > shortest then
      width := greatest(shortest, least(width, top - bottom) / 16);
    elsif read_rows = most then
      most := most * 8;
    else
      found := found || fitting;
      top := bottom;
      most := 500;
      -- As long as the rest of the page should take, and half as much again.
      width := least(width, 1::bigint << 55) * case
        when cardinality(found) = 0 then 64
        else greatest(2, least(16, 1.5 * (page_size - cardinality(found)) / greatest(coalesce(cardinality(fitting), 0), 0.1)))
      end;
    end if;
  end loop;
  return found[:page_size];
end;
$$;

comment on function private.search_back is 'The newest posts that are wanted and the viewer may find: of those that everyone finds, or of the others.';
revoke all on function private.search_back (uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- Of the newest few. So many are read that one can tell how much time a few take.
create function private.search_newest(
  hidden_ids uuid[], wanted tsquery, exact tsquery, since_id bigint, before_id bigint, page_size integer,
  out post_ids bigint[], out first_id bigint, out last_id bigint
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
    select max(newest.post_id), case when count(*) = few then min(newest.post_id) end
    into first_id, last_id
    from (
      select post_search.post_id
      from private.post_search
      where post_search.is_findable
        and -post_search.post_id > -search_newest.before_id
        and -post_search.post_id <= -search_newest.since_id
      order by -post_search.post_id
      limit few
    ) as newest;
  end if;
end;
$$;

comment on function private.search_newest is 'The newest posts that are wanted, of the few newest that everyone may find; unless they fill the page, the first and the last that were read. The last is null when there are no more.';
revoke all on function private.search_newest (uuid[], tsquery, tsquery, bigint, bigint, integer)
  from public, anon, authenticated, service_role;
