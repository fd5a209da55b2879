/*
 * limited pages
 *
 * The limited posts of a place (52-limited-posts.sql) that are for the viewer: a page of
 * them, and how many there are.
 *
 * Most places have few limited posts. Of up to 200, each is asked about. In a place with
 * more, the posts of the people that the viewer follows are looked up by author, and the
 * posts that address the viewer by mention.
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
create function private.limited_page(viewer_id uuid, place text, below bigint, above bigint, most integer)
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
  -- sees_post() asks about blocks and reposts too, but it is slow. So it is only asked about
  -- posts that are for the viewer. On an author's page a repost may be for them because of
  -- the post that it shows.
  select
    count(*),
    array_agg(newest.post_id) filter (where private.admits(
      limited_page.viewer_id, newest.author_id, newest.audience, false,
      (
        select true from public.follows
        where follows.follower_id = limited_page.viewer_id and follows.followee_id = newest.author_id
      ) is true,
      limited_page.place like 'by:%' or (
        select true from public.post_mentions
        where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
      ) is true
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
  if read_rows < few then
    return query
    select one.id
    from (
      select candidate.id
      from unnest(few_ids) as candidate (id)
      order by candidate.id desc
      -- It is asked about one after the other, until there are enough.
      offset 0
    ) as one
    where private.sees_post(limited_page.viewer_id, one.id)
    limit most;
    return;
  end if;

  -- If few posts of the place address people, each is asked whether it mentions the viewer.
  -- If there are more, the viewer's mentions are read instead.
  select
    count(*),
    array_agg(newest.post_id) filter (where limited_page.place like 'by:%' or (
      select true from public.post_mentions
      where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id
    from private.limited_posts
    where limited_posts.place = limited_page.place and limited_posts.audience = 'mentioned'
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;

  return query
  select found.post_id
  from (
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
      order by theirs.post_id desc
      limit most
    )
    union
    (
      select one.id
      from (
        select candidate.id
        from unnest(few_ids) as candidate (id)
        where read_rows < few
        order by candidate.id desc
        offset 0
      ) as one
      where private.sees_post(limited_page.viewer_id, one.id)
      limit most
    )
    union
    (
      -- The posts that address the viewer. Read from the newest, until there are enough.
      select addressed.post_id
      from (
        select post_mentions.post_id
        from public.post_mentions
        where read_rows = few
          and post_mentions.profile_id = limited_page.viewer_id
          and post_mentions.post_id < below and post_mentions.post_id > above
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place = limited_page.place and limited_posts.post_id = post_mentions.post_id
          )
        order by post_mentions.post_id desc
        offset 0
      ) as addressed
      where private.sees_post(limited_page.viewer_id, addressed.post_id)
      limit most
    )
    union
    (
      -- On the page of an author, the author's reposts of such posts. This is a subquery, so
      -- that every plan starts with the viewer's mentions.
      select repost.id
      from (
        select (
          select posts.id
          from public.posts
          where posts.repost_of_id = post_mentions.post_id
            and posts.author_id = (select original.author_id from public.posts as original where original.id = post_mentions.post_id)
        )
        from public.post_mentions
        where read_rows = few
          and limited_page.place like 'by:%'
          and post_mentions.profile_id = limited_page.viewer_id
          -- The author may repost a reply. It is on the other page.
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place in (limited_page.place, 'replies-' || limited_page.place)
              and limited_posts.post_id = post_mentions.post_id
          )
        offset 0
      ) as repost (id)
      where repost.id < below and repost.id > above and private.sees_post(limited_page.viewer_id, repost.id)
      order by repost.id desc
      limit most
    )
  ) as found (post_id)
  order by found.post_id desc
  limit most;
end;
$$;

comment on function private.limited_page is 'The ids of the newest limited posts of a place that the viewer sees, between two ids, newest first. At most as many as most; all, when most is null.';
revoke all on function private.limited_page (uuid, text, bigint, bigint, integer) from public, anon, authenticated, service_role;

-- A followee is never hidden, because a block ends follows. So only the mentions ask about
-- hidden people in a place with many posts. Every plan must use indexes, as above.
create function private.limited_seen(viewer_id uuid, place text, amount bigint, hidden_ids uuid[])
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  if viewer_id is null then
    return 0;
  elsif amount <= private.few_posts() then
    return (
      select count(*)
      from private.limited_posts
      where limited_posts.place = limited_seen.place
        and limited_posts.author_id <> all (limited_seen.hidden_ids)
        and exists (
          select from private.is_for(
            limited_seen.viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
          )
        )
    );
  end if;
  return (
    select coalesce(sum(theirs.amount), 0)
    from (
      select limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = limited_seen.viewer_id)
    ) as theirs
  ) + (
    select count(*)
    from public.post_mentions
    where post_mentions.profile_id = limited_seen.viewer_id
      and (
        select limited_posts.audience = 'mentioned'
          and limited_posts.author_id <> limited_seen.viewer_id
          and limited_posts.author_id <> all (limited_seen.hidden_ids)
        from private.limited_posts
        where limited_posts.place = limited_seen.place and limited_posts.post_id = post_mentions.post_id
      )
  );
end;
$$;

comment on function private.limited_seen is 'How many limited posts of a place the viewer sees. amount is how many the place has.';
revoke all on function private.limited_seen (uuid, text, bigint, uuid[]) from public, anon, authenticated, service_role;
