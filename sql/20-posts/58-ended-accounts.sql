/*
 * ended accounts
 *
 * What somebody wrote and liked is deleted with their account.
 */

-- The foreign keys would delete posts and likes in statements of their own. Each would
-- lock counts in another order. Here everything is locked first, in the order of
-- locks, with the reposts and likes that are deleted along. Definer, because nobody
-- may write counts.
create function private.profiles_end_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.lock_posts_of(old.id, true);

  perform
  from public.likes
  where likes.user_id = old.id
    or likes.post_id in (select posts.id from public.posts where posts.author_id = old.id)
  order by likes.user_id, likes.post_id
  for update;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select target.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.repost_of_id, posts.quote_of_id]) as target (id)
    where posts.author_id = old.id
  )
  order by post_counts.post_id
  for update;

  perform
  from private.limited_counts
  where limited_counts.place in (
    select limited_posts.place
    from private.limited_posts
    where limited_posts.post_id in (select posts.id from public.posts where posts.author_id = old.id)
  )
  order by limited_counts.place
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_posts is 'Deletes what somebody wrote and liked, when their profile is deleted.';
revoke all on function private.profiles_end_posts () from public, anon, authenticated, service_role;

create trigger profiles_end_posts
  before delete on public.profiles
  for each row
  execute function private.profiles_end_posts();
