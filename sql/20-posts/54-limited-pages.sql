/*
 * limited pages
 *
 * The limited posts of a place that are for the viewer: a page of them, and how many there
 * are. Posts that address the viewer come from 53-addressed-posts.sql. The posts of people
 * that the viewer follows come from 52-limited-posts.sql: when the place has few posts,
 * each is asked about; when it has more, they are looked up by author.
 *
 * A followee is never hidden, because a block ends follows. So only posts that address the
 * viewer are asked about hidden people.
 */

create function private.few_posts()
returns integer
language sql
immutable
parallel safe
security invoker
return 200;

comment on function private.few_posts is 'The most limited posts of a place that are asked about one by one.';
revoke all on function private.few_posts () from public, anon, authenticated, service_role;

-- Every plan must use indexes. If one person wrote most of the rows, the statistics mislead
-- the planner, and it would read the whole table.
create function private.limited_page(
  viewer_id uuid, place text, below bigint, above bigint, most integer, unwanted_ids uuid[]
)
returns setof bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
rows 5
as $$
declare
  few constant integer := private.few_posts();
  read_rows integer;
  few_ids bigint[];
begin
  if viewer_id is null then
    return;
  end if;
  -- The query below lists the posts that address the viewer. Here nobody is addressed.
  select
    count(*),
    array_agg(newest.post_id) filter (where newest.author_id <> all (unwanted_ids) and private.admits(
      limited_page.viewer_id, newest.author_id, newest.audience, false,
      (
        select true from public.follows
        where follows.follower_id = limited_page.viewer_id and follows.followee_id = newest.author_id
      ) is true,
      false
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
    from private.limited_posts
    where limited_posts.place = limited_page.place
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;
  if read_rows = 0 then
    return;
  end if;

  return query
  select found.post_id
  from (
    select unnest(few_ids) where read_rows < few
    union
    (
      select theirs.post_id
      from (
        select limited_page.viewer_id
        union all
        select follows.followee_id from public.follows where follows.follower_id = limited_page.viewer_id
      ) as author (id)
      cross join lateral (
        select limited_posts.post_id
        from private.limited_posts
        where limited_posts.author_place = limited_page.place || ' ' || author.id::text
          and (limited_posts.audience <> 'mentioned' or author.id = limited_page.viewer_id)
          and limited_posts.post_id < below and limited_posts.post_id > above
        order by limited_posts.post_id desc
        limit most
      ) as theirs
      where read_rows = few and author.id <> all (unwanted_ids)
      order by theirs.post_id desc
      limit most
    )
    union
    (
      select addressed_posts.post_id
      from private.addressed_posts
      where addressed_posts.reader_place = limited_page.place || ' ' || limited_page.viewer_id::text
        and addressed_posts.author_id <> all (unwanted_ids)
        and addressed_posts.post_id < below and addressed_posts.post_id > above
      order by addressed_posts.post_id desc
      limit most
    )
  ) as found (post_id)
  order by found.post_id desc
  limit most;
end;
$$;

comment on function private.limited_page is 'The ids of the newest limited posts of a place that the viewer sees, between two ids, newest first, at most as many as most. Posts by the people in unwanted_ids are left out: give at least those who are hidden from the viewer.';
revoke all on function private.limited_page (uuid, text, bigint, bigint, integer, uuid[]) from public, anon, authenticated, service_role;

-- A page full of open posts shows only limited posts that are newer than the last of them. A
-- full page that is only counted needs none: nothing is above the highest id.
create function private.above_page(open_ids bigint[], above bigint, page_size integer, is_counted boolean)
returns bigint
language sql
immutable
security invoker
return case
  when cardinality(open_ids) < page_size then above
  when is_counted then 9223372036854775807
  else open_ids[page_size]
end;

comment on function private.above_page is 'The id that a limited post must be above to be on the page with these open posts, which are in order, newest first.';
revoke all on function private.above_page (bigint[], bigint, integer, boolean) from public, anon, authenticated, service_role;

-- For places with many limited posts. Every plan must use indexes, as above. To start other processes for one
-- count takes longer than the count.
create function private.many_limited_seen(viewer_id uuid, place text, hidden_ids uuid[])
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set max_parallel_workers_per_gather = 0
as $$
begin
  return (
    select count(*)
    from private.addressed_posts
    where addressed_posts.reader_place = many_limited_seen.place || ' ' || many_limited_seen.viewer_id::text
      and addressed_posts.author_id <> many_limited_seen.viewer_id
      and addressed_posts.author_id <> all (many_limited_seen.hidden_ids)
  ) + (
    select coalesce(sum(theirs.amount), 0)
    from (
      select many_limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = many_limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = many_limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = many_limited_seen.viewer_id)
    ) as theirs
  );
end;
$$;

comment on function private.many_limited_seen is 'What limited_seen() answers for a place with many limited posts.';
revoke all on function private.many_limited_seen (uuid, text, uuid[]) from public, anon, authenticated, service_role;

-- It orders the posts of the place. So it reads the index of places, also when the statistics are wrong.
create function private.limited_seen(viewer_id uuid, place text, amount bigint, hidden_ids uuid[])
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if viewer_id is null then
    return 0;
  elsif amount > private.few_posts() then
    return private.many_limited_seen(viewer_id, place, hidden_ids);
  end if;
  return (
    select count(*)
    from (
      select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
      from private.limited_posts
      where limited_posts.place collate "C" = limited_seen.place collate "C"
      order by limited_posts.post_id desc
      limit limited_seen.amount
    ) as theirs
    where theirs.author_id <> all (limited_seen.hidden_ids)
      and (
        select true
        from private.is_for(limited_seen.viewer_id, theirs.post_id, theirs.author_id, theirs.audience, false)
      ) is true
  );
end;
$$;

comment on function private.limited_seen is 'How many limited posts of a place the viewer sees. amount is how many the place has.';
revoke all on function private.limited_seen (uuid, text, bigint, uuid[]) from public, anon, authenticated, service_role;
