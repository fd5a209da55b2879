/*
 * open and close
 *
 * An account becomes private or public. Its posts, and the reposts of them, are opened or
 * closed: is_open changes (36-visibility.sql), and the places of limited posts change with
 * it (52-limited-posts.sql).
 */

-- A trusted backend takes no person's turn. So the author may be writing a post, which nobody
-- else sees yet. A statement about many accounts waits here while it holds other profiles:
-- somebody who writes a post waits for none of them. Definer, because nobody may take
-- another person's queue.
create function private.profiles_wait_for_post()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is null then
    perform pg_advisory_xact_lock(private.queue_key('posts', new.id));
  end if;
  return new;
end;
$$;

comment on function private.profiles_wait_for_post is 'Waits for a post that the author of an account writes at this moment, before a trusted backend changes whether its posts are open, or found by search.';
revoke all on function private.profiles_wait_for_post () from public, anon, authenticated, service_role;

create trigger profiles_wait_for_post
  before update of is_private, is_searchable on public.profiles
  for each row
  when (old.is_private <> new.is_private or old.is_searchable <> new.is_searchable)
  execute function private.profiles_wait_for_post();

-- The same check as the constraint posts_repost_is_bare, which an edit without words would pass.
create function private.reposts_refuse_edit()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT400' using
    message = 'A repost has no text of its own. To add words, quote the post', detail = 'repost_is_bare';
end;
$$;

comment on function private.reposts_refuse_edit is 'Refuses to edit a repost.';
revoke all on function private.reposts_refuse_edit () from public, anon, authenticated, service_role;

create trigger reposts_refuse_edit
  before update of title, content, content_warning, language on public.posts
  for each row
  when (old.repost_of_id is not null)
  execute function private.reposts_refuse_edit();

create function private.try_posts_of(profile_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  own_ids bigint[] := array(
    select posts.id
    from public.posts
    where posts.author_id = try_posts_of.profile_id
    for no key update skip locked
  );
  repost_ids bigint[];
begin
  if cardinality(own_ids) < (
    select count(*) from public.posts where posts.author_id = try_posts_of.profile_id
  ) then
    return false;
  end if;

  repost_ids := array(
    select posts.id
    from public.posts
    where posts.repost_of_id = any (own_ids)
    for no key update skip locked
  );
  return cardinality(repost_ids) = (
    select count(*) from public.posts where posts.repost_of_id = any (own_ids)
  );
end;
$$;

comment on function private.try_posts_of is 'Locks all posts of somebody, and the reposts of these posts. False if others hold some of them. Then what it got stays locked.';
revoke all on function private.try_posts_of (uuid) from public, anon, authenticated, service_role;

-- A person may delete or repost several posts in one statement, in any order. If this
-- function waited for one of them while it holds another, the two could wait for each other
-- for ever. So it never waits for a post.
-- The posts are locked before their reposts are read. hold_post() keeps new reposts out
-- from then on. Others can still like the posts, answer them and quote them.
create function private.lock_posts_of(profile_id uuid)
returns bigint[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if not private.keep_trying('private.try_posts_of', lock_posts_of.profile_id, 'kept posts') then
    raise sqlstate 'PT503' using
      message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
  end if;
  return array(
    select posts.id from public.posts where posts.author_id = lock_posts_of.profile_id
    union
    select reposts.id
    from public.posts
    join public.posts as reposts on reposts.repost_of_id = posts.id
    where posts.author_id = lock_posts_of.profile_id
  );
end;
$$;

comment on function private.lock_posts_of is 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. It tries as long as keep_trying(). Then the error PT503, if others still change some of them.';
revoke all on function private.lock_posts_of (uuid) from public, anon, authenticated, service_role;

/*
 * An account becomes private or public. lock_posts_of() first locks its posts and the
 * reposts of them. Another account may change at the same moment. Each later statement then
 * sees what that account committed. Tags get the is_open of their posts.
 */
create function private.profiles_open_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[] := private.lock_posts_of(new.id);
begin
  update public.posts
  set is_open = not new.is_private
  where posts.author_id = new.id
    and posts.repost_of_id is null
    and posts.audience = 'everyone'
    and posts.is_open = new.is_private;

  update public.posts
  set is_open = not posts.is_open
  from public.posts as original, public.profiles as author
  where posts.id = any (ids)
    and original.id = posts.repost_of_id
    and author.id = posts.author_id
    and posts.is_open <> (original.is_open and not author.is_private);

  update public.post_tags
  set is_open = posts.is_open
  from public.posts
  where posts.id = post_tags.post_id
    and posts.author_id = new.id
    and post_tags.is_open <> posts.is_open;

  if new.is_private then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    order by limited.place
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.post_id = any (ids)
      and (limited_posts.place, limited_posts.post_id) not in (
        select still.place, still.post_id from private.limited_places(ids) as still
      );
  end if;
  return null;
end;
$$;

comment on function private.profiles_open_posts is 'Sets is_open of the posts of an account that becomes public or private, and of the reposts of them.';
revoke all on function private.profiles_open_posts () from public, anon, authenticated, service_role;

create trigger profiles_open_posts
  after update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_open_posts();
