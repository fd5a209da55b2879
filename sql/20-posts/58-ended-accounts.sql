/*
 * ended accounts
 *
 * When an account is deleted, its follows, posts and likes are deleted with it. The foreign
 * keys delete the rest.
 */

/*
 * A person may delete several likes, bookmarks, list members or posts in one statement, in
 * any order. And a person who blocks this one holds the profile, and waits for the turns of
 * others. So this function never waits while it holds a row. It releases all of them and
 * tries again. From then on nobody refers to the profile and the posts: they are locked.
 *
 * The other rows need no lock here. They belong to the deleted person, who cannot write any
 * more, or each belongs to another person.
 */
create function private.lock_account(profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 200;
  ids bigint[];
begin
  for try in 1..most_tries loop
    begin
      perform from public.profiles
      where profiles.id = lock_account.profile_id
      for update nowait;

      ids := array(
        select posts.id
        from public.posts
        where posts.author_id = lock_account.profile_id
        order by posts.id
        for update nowait
      );
      perform from public.posts
      where posts.repost_of_id = any (ids)
      order by posts.id
      for update nowait;

      perform from public.likes
      where likes.user_id = lock_account.profile_id or likes.post_id = any (ids)
      order by likes.user_id, likes.post_id
      for update nowait;

      perform from public.bookmarks
      where bookmarks.post_id = any (ids)
      order by bookmarks.user_id, bookmarks.post_id
      for update nowait;

      perform from public.post_mentions
      where post_mentions.profile_id = lock_account.profile_id
      order by post_mentions.post_id
      for update nowait;

      perform from public.list_members
      where list_members.profile_id = lock_account.profile_id
      order by list_members.list_id
      for update nowait;

      perform from public.follows
      where follows.follower_id = lock_account.profile_id or follows.followee_id = lock_account.profile_id
      order by follows.follower_id, follows.followee_id
      for update nowait;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
end;
$$;

comment on function private.lock_account is 'Locks the profile, posts, likes and follows of somebody, and what others keep of them. It tries for about 4 seconds. Then the error PT503, if others still change some of them.';
revoke all on function private.lock_account (uuid) from public, anon, authenticated, service_role;

-- Definer, because Auth has no rights here.
create function private.users_end_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.lock_account(old.id);
  return old;
end;
$$;

comment on function private.users_end_account is 'Locks what is deleted with an account.';
revoke all on function private.users_end_account () from public, anon, authenticated, service_role;

create trigger users_end_account
  before delete on auth.users
  for each row
  execute function private.users_end_account();

-- The foreign keys would delete follows, posts and likes in several statements. Each would
-- lock counts in another order. So this trigger first locks the counts, in the order of
-- locks (00-foundations/30-turns.sql). Definer, because nobody may write counts.
create function private.profiles_end_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = old.id);
begin
  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select unnest(ids)
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
    where limited_posts.post_id = any (ids)
  )
  order by limited_counts.place
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_account is 'Deletes the posts, likes and follows of a deleted profile.';
revoke all on function private.profiles_end_account () from public, anon, authenticated, service_role;

create trigger profiles_end_account
  before delete on public.profiles
  for each row
  execute function private.profiles_end_account();
