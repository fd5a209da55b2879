/*
 * people of a post
 *
 * Pages of the people who like a post, and of the people who repost it. Newest first. The
 * cursor is the id of the like or of the repost. For a repost they answer the people of the
 * post that it shows.
 *
 * Most people do not show their likes, and a private account shows its reposts to its
 * followers only. So a page reads past rows that the viewer may not know about. It reads at
 * most 2,000 rows for a page. If there are more before the next row that the viewer may know
 * about, the list ends there.
 */

-- The people who like a post, and those who repost it, newest first. The indexes are on
-- expressions. Otherwise Postgres could use them to ask whether one person likes or reposts
-- a post, and would read all likes or reposts for that.
create index likes_of_post_id_idx on public.likes ((post_id + 0), id desc) include (user_id, post_id);
create index posts_reposts_id_idx on public.posts ((repost_of_id + 0), id desc) include (author_id, repost_of_id)
  where repost_of_id is not null;

-- Definer, because Postgres would ask row-level security about every row it reads. The
-- function asks the same rules itself. Somebody who sees the post sees the reposts of the
-- accounts that they may look into. It takes out hidden people before it counts to 2,000,
-- so that the end of a list cannot reveal that they exist. Bitmaps are off: with one, Postgres
-- would read all likes of a post that has many, and sort them.
create function private.people_of_post(
  post_id bigint, of_likes boolean, before bigint, page_size integer, after bigint
)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  below bigint := coalesce(people_of_post.before, 9223372036854775807);
  above bigint := coalesce(people_of_post.after, 0);
  target_id bigint;
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(people_of_post.page_size);

  select coalesce(posts.repost_of_id, posts.id) into target_id
  from public.posts
  where posts.id = people_of_post.post_id and private.sees_post(viewer_id, posts.id);
  if target_id is null then
    return;
  end if;

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select newest.id, newest.user_id
      from (
        select likes.id, likes.user_id
        from public.likes
        where of_likes
          and likes.post_id + 0 = target_id
          and likes.id < below and likes.id > above
          and likes.user_id <> all (hidden_ids)
        order by likes.id desc
        limit 2000
      ) as newest
      where private.sees_like(viewer_id, newest.user_id, target_id)
      limit people_of_post.page_size
    )
    union all
    (
      select newest.id, newest.author_id
      from (
        select posts.id, posts.author_id
        from public.posts
        where not of_likes
          and posts.repost_of_id + 0 = target_id
          and posts.repost_of_id is not null
          and posts.id < below and posts.id > above
          and posts.author_id <> all (hidden_ids)
        order by posts.id desc
        limit 2000
      ) as newest
      where private.looks_into(viewer_id, newest.author_id)
      limit people_of_post.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.people_of_post is 'What public.likers() and public.reposters() answer.';
revoke all on function private.people_of_post (bigint, boolean, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.people_of_post (bigint, boolean, bigint, integer, bigint) to anon, authenticated;

create function public.likers(
  post_id bigint,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.people_of_post(likers.post_id, true, likers.before, likers.page_size, likers.after) as listed;
end;

comment on function public.likers is 'The people who like a post, newest first. You see the likes of your own posts, and the likes of people who show them. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.likers (bigint, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.likers (bigint, bigint, integer, bigint) to anon, authenticated;

create function public.reposters(
  post_id bigint,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.people_of_post(reposters.post_id, false, reposters.before, reposters.page_size, reposters.after) as listed;
end;

comment on function public.reposters is 'The people who repost a post, newest first, if you may look into their accounts. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.reposters (bigint, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.reposters (bigint, bigint, integer, bigint) to anon, authenticated;
