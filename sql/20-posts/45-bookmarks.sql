/*
 * bookmarks
 *
 * A bookmark marks a post that a person wants to find again. Only that person sees it.
 * A bookmark of a repost goes to the post that it shows. Bookmarks are not counted.
 */

create table public.bookmarks (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- A person bookmarks a post once.
  primary key (user_id, post_id)
);

comment on table  public.bookmarks is 'The posts that you want to find again. Only you see your bookmarks.';
comment on column public.bookmarks.user_id is 'The person who bookmarks the post. When left out, it is you.';
comment on column public.bookmarks.id is 'Made of the time of bookmarking. Order and page by it.';

-- The bookmarks that are deleted with a post.
create index bookmarks_post_id_idx on public.bookmarks (post_id);
-- The bookmarks of somebody, newest first.
create index bookmarks_user_id_id_idx on public.bookmarks (user_id, id desc);

alter table public.bookmarks enable row level security;

create policy "people read their own bookmarks of posts that they see"
  on public.bookmarks for select
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = bookmarks.post_id)
  );

create policy "people bookmark posts in their own name"
  on public.bookmarks for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people delete their own bookmarks of posts that they see"
  on public.bookmarks for delete
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = bookmarks.post_id)
  );

revoke all on public.bookmarks from public, anon, authenticated, service_role;
grant select on public.bookmarks to authenticated, service_role;
grant insert (user_id, post_id) on public.bookmarks to authenticated, service_role;
grant delete on public.bookmarks to authenticated, service_role;

create trigger require_seen_post
  before insert on public.bookmarks
  for each row
  execute function private.require_seen_post();

create trigger "Keep_post"
  after insert on public.bookmarks
  for each row
  execute function private.keep_post();
