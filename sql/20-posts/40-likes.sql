/*
 * likes
 *
 * A like says that a person likes a post. The author of the post sees every like of it.
 * Others see a like only if the person who gave it shows their likes (shows_likes), and if
 * they may look into that account. A like of a repost goes to the post that it shows.
 * The counts of likes are in 56-post-counts.sql.
 */

-- Tables ---------------------------------------------------------------------

create table public.likes (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- A person likes a post once.
  primary key (user_id, post_id)
);

comment on table  public.likes is 'A row for each post that a person likes. Insert to like, delete to take the like back.';
comment on column public.likes.user_id is 'The person who likes the post. When left out, it is you.';
comment on column public.likes.id is 'Made of the time of liking. Order and page by it.';

-- The people who like a post.
create index likes_post_id_user_id_idx on public.likes (post_id, user_id);
-- The likes of somebody, newest first.
create index likes_user_id_id_idx on public.likes (user_id, id desc);

-- Rules ----------------------------------------------------------------------

alter table public.likes enable row level security;

-- Definer, here and below, because it asks whether the viewer may look into the account.
create function private.shows_likes_to(viewer_id uuid, user_id uuid, shows_likes boolean)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return coalesce(shows_likes_to.user_id = shows_likes_to.viewer_id, false)
    or (shows_likes_to.shows_likes and private.looks_into(shows_likes_to.viewer_id, shows_likes_to.user_id));
end;
$$;

comment on function private.shows_likes_to is 'Whether the viewer sees what somebody likes.';
revoke all on function private.shows_likes_to (uuid, uuid, boolean) from public, anon, authenticated, service_role;

create function private.sees_like(viewer_id uuid, user_id uuid, post_id bigint)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (
    select private.shows_likes_to(sees_like.viewer_id, profiles.id, profiles.shows_likes)
    from public.profiles
    where profiles.id = sees_like.user_id
  ) or (
    exists (
      select from public.posts
      where posts.id = sees_like.post_id and posts.author_id = sees_like.viewer_id
    )
    and not exists (select from private.block_between(sees_like.viewer_id, sees_like.user_id))
  );
end;
$$;

comment on function private.sees_like is 'Whether the viewer sees that somebody likes a post. The caller has checked that the viewer sees the post.';
revoke all on function private.sees_like (uuid, uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function private.sees_like (uuid, uuid, bigint) to anon, authenticated;

create policy "people read likes of their own posts, and likes that are shown"
  on public.likes for select
  to anon, authenticated
  using (
    exists (select from public.posts where posts.id = likes.post_id)
    and private.sees_like((select auth.uid()), user_id, post_id)
  );

create policy "people like posts in their own name"
  on public.likes for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people delete their own likes of posts that they see"
  on public.likes for delete
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = likes.post_id)
  );

revoke all on public.likes from public, anon, authenticated, service_role;
grant select on public.likes to anon, authenticated, service_role;
grant insert (user_id, post_id) on public.likes to authenticated, service_role;
grant delete on public.likes to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because it checks a post that the person may not see.
create function private.require_seen_post()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.post_id := (private.find_post(coalesce(auth.uid(), new.user_id), new.post_id)).id;
  return new;
end;
$$;

comment on function private.require_seen_post is 'Refuses a like or bookmark of a post that the person does not see. For a repost, it takes the post that the repost shows.';
revoke all on function private.require_seen_post () from public, anon, authenticated, service_role;

create trigger require_seen_post
  before insert on public.likes
  for each row
  execute function private.require_seen_post();

create trigger "Keep_post"
  after insert on public.likes
  for each row
  execute function private.keep_post();
