/*
 * bookmarks
 *
 * What somebody wants to find again.
 */

create table public.bookmarks (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whether somebody bookmarked a post.
  primary key (user_id, post_id)
);

comment on table  public.bookmarks is 'What one wants to find again. Known to oneself alone.';
comment on column public.bookmarks.user_id is 'Whose it is: yours, when left out.';
comment on column public.bookmarks.id is 'Made of the time of bookmarking: order and page by it.';

-- What goes with a post.
create index bookmarks_post_id_idx on public.bookmarks (post_id);
-- What somebody bookmarked, newest first.
create index bookmarks_user_id_id_idx on public.bookmarks (user_id, id desc);
alter table public.bookmarks enable row level security;

create policy "people read their own bookmarks of what they see"
  on public.bookmarks for select
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = bookmarks.post_id)
  );

create policy "people bookmark in their own name"
  on public.bookmarks for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people remove their bookmarks"
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
