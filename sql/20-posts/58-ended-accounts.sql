/*
 * ended accounts
 *
 * When an account is deleted, its posts and likes are deleted with it. 10-people/40-follows.sql
 * ends its follows.
 */

-- The foreign keys would delete posts and likes in several statements. Each would lock
-- counts in another order. So this trigger first locks everything, in the order of locks
-- (00-foundations/30-turns.sql), and also the reposts and likes that are deleted with the
-- posts. Definer, because nobody may write counts.
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

comment on function private.profiles_end_posts is 'Deletes the posts and likes of a deleted profile.';
revoke all on function private.profiles_end_posts () from public, anon, authenticated, service_role;

create trigger profiles_end_posts
  before delete on public.profiles
  for each row
  execute function private.profiles_end_posts();
