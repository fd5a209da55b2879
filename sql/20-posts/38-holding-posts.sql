/*
 * holding posts
 *
 * How a statement that refers to a post keeps it from being deleted or changed until the statement
 * is written. The statement never waits for the post: 00-foundations/30-turns.sql says why.
 */

-- The lock skips a post that is being deleted, so nobody waits for a deletion while they hold
-- other locks.
create function private.hold_existing_post(post_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform
  from public.posts
  where posts.id = hold_existing_post.post_id
  for key share skip locked;
  if not found then
    perform private.refuse_post();
  end if;
end;
$$;

comment on function private.hold_existing_post is 'Nobody can delete the post until the transaction ends. The error PT404 when it is gone.';
revoke all on function private.hold_existing_post (bigint) from public, anon, authenticated, service_role;

create function private.refuse_busy_post()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT503' using
    message = 'Somebody is changing this post at this moment. Try again', detail = 'posts_busy';
end;
$$;

comment on function private.refuse_busy_post is 'Raises the error PT503.';
revoke all on function private.refuse_busy_post () from public, anon, authenticated, service_role;

-- A function may hold a post for seconds: see share_queue(). A like, a bookmark and a muted thread do not. They
-- hold the post when their answer has been read.
create function private.keep_existing_post(post_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  author_id uuid := (select posts.author_id from public.posts where posts.id = keep_existing_post.post_id);
  has_share boolean := author_id is null or private.share_queue('kept posts', author_id);
begin
  -- If it is this post that the author deletes, the caller learns that.
  perform private.hold_existing_post(keep_existing_post.post_id);
  if not has_share then
    perform private.refuse_busy_post();
  end if;
end;
$$;

comment on function private.keep_existing_post is 'Like hold_existing_post(), and the author can wait until nobody keeps the post. The error PT503 when the author edits or deletes posts at this moment.';
revoke all on function private.keep_existing_post (bigint) from public, anon, authenticated, service_role;

create function private.require_post(viewer_id uuid, post_id bigint)
returns public.posts
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts := private.find_post(viewer_id, post_id);
begin
  perform private.start_clock(3);
  perform private.keep_existing_post(post.id);
  return post;
end;
$$;

comment on function private.require_post is 'Like find_post(), and nobody can delete the post until the transaction ends.';
revoke all on function private.require_post (uuid, bigint) from public, anon, authenticated, service_role;

-- Keeps the post of a new like, bookmark or muted thread. Definer, because the person may not
-- see it. 10-people/30-blocks.sql says why the triggers have a capital letter.
create function private.keep_post()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.hold_existing_post(new.post_id);
  return null;
end;
$$;

comment on function private.keep_post is 'Keeps the post that a new row refers to until the transaction ends.';
revoke all on function private.keep_post () from public, anon, authenticated, service_role;

-- An edit of the post, or a switch of its author's account, may wait for a lock of the
-- caller. So the caller does not wait for them. It tries again until they end.
create function private.hold_post(post_id bigint)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 50;
  is_open boolean;
begin
  for try in 1..most_tries loop
    select posts.is_open into is_open
    from public.posts
    where posts.id = hold_post.post_id
    for share skip locked;
    if found then
      return is_open;
    end if;
    perform pg_sleep(0.02);
  end loop;
  perform private.refuse_busy_post();
end;
$$;

comment on function private.hold_post is 'Whether a post is open. It does not change until the transaction ends. It tries for about a second. Then the error PT503, if somebody still changes the post.';
revoke all on function private.hold_post (bigint) from public, anon, authenticated, service_role;
