/*
 * ended accounts
 *
 * When an account is deleted, its follows, posts and likes are deleted with it. The foreign
 * keys delete the rest.
 */

-- What the deletion of an account deletes, and others may lock or delete at this moment. Somebody who deletes
-- a post deletes the person's like and bookmark of it, and somebody who becomes public takes the person's
-- request. The other rows need no lock here. They belong to the deleted person, who cannot write any more.
create function private.try_account(profile_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- $1 is the person, $2 their posts. Postgres locks the rows that nobody else has.
  lock_rows constant text := $query$
    with held as materialized (
      select from public.%1$I where %2$s for update skip locked
    )
    select (select count(*) from held) = (select count(*) from public.%1$I where %2$s)
  $query$;
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = try_account.profile_id);
  rows record;
  are_held boolean;
  all_held boolean := true;
begin
  for rows in
    values
      ('profiles', 'id = $1'),
      ('posts', 'author_id = $1'),
      ('posts', 'repost_of_id = any ($2)'),
      ('likes', 'user_id = $1 or post_id = any ($2)'),
      ('bookmarks', 'user_id = $1 or post_id = any ($2)'),
      ('post_mentions', 'profile_id = $1'),
      ('list_members', 'profile_id = $1'),
      ('follows', 'follower_id = $1 or followee_id = $1'),
      ('follow_requests', 'requester_id = $1 or target_id = $1'),
      ('mutes', 'muted_id = $1'),
      ('blocks', 'blocked_id = $1')
  loop
    execute format(lock_rows, rows.column1, rows.column2) into are_held using try_account.profile_id, ids;
    all_held := all_held and are_held;
    -- The person may be writing. Their statement keeps the profile, and may need the other rows.
    exit when rows.column1 = 'profiles' and not are_held;
  end loop;
  return all_held;
end;
$$;

comment on function private.try_account is 'Locks the profile, posts, likes and follows of somebody, and what others keep of them. False if others hold some of them. Then what it got stays locked.';
revoke all on function private.try_account (uuid) from public, anon, authenticated, service_role;

-- A person may delete several likes, bookmarks, list members or posts in one statement, in
-- any order. And a person who blocks this one holds the profile, and waits for the turns of
-- others. So this function never waits for a row. From then on nobody refers to the profile and the
-- posts: they are locked.
create function private.lock_account(profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if not private.keep_trying('private.try_account', lock_account.profile_id, 'kept account', 'kept posts') then
    raise sqlstate 'PT503' using
      message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
  end if;
end;
$$;

comment on function private.lock_account is 'Locks what is deleted with an account. It tries as long as keep_trying(). Then the error PT503, if others still change some of it.';
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
-- lock counts in another order. So this trigger locks the counts before, in the order of
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
  -- What others keep of the account may be many rows. So it is deleted first, while this deletion holds
  -- neither counts nor conversations, which others need. Blocks stay until profiles_end_chat() has read them.
  delete from public.post_mentions
  where post_mentions.profile_id = old.id;
  delete from public.list_members
  where list_members.profile_id = old.id;
  delete from public.follow_requests
  where follow_requests.target_id = old.id;
  delete from public.mutes
  where mutes.muted_id = old.id;

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

comment on function private.profiles_end_account is 'Deletes the posts, likes and follows of a deleted profile, and what others keep of it.';
revoke all on function private.profiles_end_account () from public, anon, authenticated, service_role;

create trigger profiles_end_account
  before delete on public.profiles
  for each row
  execute function private.profiles_end_account();
