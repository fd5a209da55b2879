/*
 * home_feed
 *
 * The newest posts of oneself and of those one follows. Nothing is copied when
 * somebody posts: the feed is read from follows and posts each time, so a
 * follow, an unfollow or a deletion shows on the next read, and a post costs the
 * same whatever its author's audience.
 *
 * The cursor is the id of the last post on a page. Ids never change and the next
 * page holds only lower ones, so no post comes twice; and every post that could
 * be read when the first page was, and that nobody deletes meanwhile, comes once.
 *
 * A post takes its id a moment before its transaction commits. One that commits
 * while somebody turns pages comes on a later page if its id is below their
 * cursor, and otherwise, as nearly always, at the next read from the top.
 */

/*
 * Two phases: (1) of every followee the newest post below the cursor, one probe
 * of the index each, and of those the newest page_size; (2) only their authors
 * can have posts on the page, and none older than the oldest of those heads, if
 * there are as many. The rest of a post is read for what is on the page alone.
 *
 * Definer, because row-level security, asked for every row that is probed, costs
 * more than the feed itself; its conditions are repeated here, and a test proves
 * that the answers are the same. Plpgsql, because its plan is kept.
 */
create function private.home_feed(before bigint, page_size integer)
returns table (
  id          bigint,
  author_id   uuid,
  title       text,
  content     text,
  created_at  timestamptz,
  edited_at   timestamptz,
  author      public.author
)
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
begin
  if viewer_id is null then
    raise sqlstate 'PT401' using message = 'Sign in to read your home feed', detail = 'not_signed_in';
  end if;
  if page_size is null or page_size not between 1 and 100 then
    raise sqlstate 'PT400' using
      message = 'A page has 1 to 100 posts', detail = 'page_size_range';
  end if;

  return query
  with head as materialized (
    select newest.author_id, newest.id
    from (
      select follows.followee_id
      from public.follows
      where follows.follower_id = viewer_id
      union all
      select viewer_id
    ) as source (author_id)
    cross join lateral (
      select posts.author_id, posts.id
      from public.posts
      where posts.author_id = source.author_id
        and posts.id < coalesce(home_feed.before, 9223372036854775807)
      order by posts.id desc
      limit 1
    ) as newest
    order by newest.id desc
    limit page_size
  ),
  page as materialized (
    select candidate.id
    from head
    cross join lateral (
      select posts.id
      from public.posts
      where posts.author_id = head.author_id
        and posts.id <= head.id
        and posts.id >= (
          select case when count(*) = page_size then min(lowest.id) else -9223372036854775808 end
          from head as lowest
        )
      order by posts.id desc
      limit page_size
    ) as candidate
    order by candidate.id desc
    limit page_size
  )
  select
    posts.id, posts.author_id, posts.title, posts.content, posts.created_at, posts.edited_at,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
  from page
  join public.posts on posts.id = page.id
  join public.profiles on profiles.id = posts.author_id
  order by posts.id desc;
end;
$$;

comment on function private.home_feed is 'What public.home_feed() answers.';
revoke all on function private.home_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.home_feed (bigint, integer) to authenticated;

create function public.home_feed(before bigint default null, page_size integer default 20)
returns table (
  id          bigint,
  author_id   uuid,
  title       text,
  content     text,
  created_at  timestamptz,
  edited_at   timestamptz,
  author      public.author
)
language sql
stable
security invoker
rows 20
begin atomic
  select feed.*
  from private.home_feed(home_feed.before, home_feed.page_size) as feed;
end;

comment on function public.home_feed is 'The newest posts of yourself and those you follow, newest first, with their authors. Give the id of the last post as before to turn the page; page_size is 1 to 100.';
revoke all on function public.home_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.home_feed (bigint, integer) to authenticated;
