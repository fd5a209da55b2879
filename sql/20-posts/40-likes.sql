/*
 * likes
 *
 * Who likes which post.
 */

-- Tables ---------------------------------------------------------------------

create table public.likes (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whether somebody likes a post.
  primary key (user_id, post_id)
);

comment on table  public.likes is 'Who likes what. Insert to like, delete to take it back.';
comment on column public.likes.user_id is 'Who likes it: yourself, when left out.';
comment on column public.likes.id is 'Made of the time of liking: order and page by it.';

-- Who likes a post.
create index likes_post_id_user_id_idx on public.likes (post_id, user_id);
-- What somebody likes, newest first.
create index likes_user_id_id_idx on public.likes (user_id, id desc);

-- Rules ----------------------------------------------------------------------

alter table public.likes enable row level security;

-- Definer, here and below, because it asks who may look into the account.
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

comment on function private.shows_likes_to is 'Whether somebody shows the viewer what they like.';
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

comment on function private.sees_like is 'Whether the viewer, who sees the post, sees that somebody likes it.';
revoke all on function private.sees_like (uuid, uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function private.sees_like (uuid, uuid, bigint) to anon, authenticated;

create policy "people read likes of what they see, shown or of their own posts"
  on public.likes for select
  to anon, authenticated
  using (
    exists (select from public.posts where posts.id = likes.post_id)
    and private.sees_like((select auth.uid()), user_id, post_id)
  );

create policy "people like in their own name"
  on public.likes for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people take their likes back"
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

-- Definer, because the post is checked and locked past the rules.
create function private.require_seen_post()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.post_id := (private.require_post(coalesce(auth.uid(), new.user_id), new.post_id)).id;
  return new;
end;
$$;

comment on function private.require_seen_post is 'Refuses what is about a post that one does not see; of a repost, takes what it shows.';
revoke all on function private.require_seen_post () from public, anon, authenticated, service_role;

create trigger require_seen_post
  before insert on public.likes
  for each row
  execute function private.require_seen_post();
