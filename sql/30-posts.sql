/*
 * posts
 *
 * What people write. A post belongs to its author and goes with their account.
 * Its text is plain text, stored as it came and never HTML: whoever shows it
 * escapes it. What it said before an edit stays readable to whoever can read it.
 */

-- Tables ---------------------------------------------------------------------

create table public.posts (
  id          bigint       primary key default private.new_id(),
  author_id   uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  title       text         not null default '',
  content     text         not null,
  -- As the id, the time of the insert itself and not of its transaction.
  created_at  timestamptz  not null default clock_timestamp(),
  edited_at   timestamptz,

  constraint posts_title_format check (private.rule(
    char_length(title) <= 200 and title !~ '[[:cntrl:]]',
    'title_format', 'A title has at most 200 characters, on one line'
  )),
  constraint posts_content_length check (private.rule(
    char_length(content) between 1 and 10000 and content ~ '[^[:space:]]',
    'content_length', 'A post has 1 to 10,000 characters, not only spaces'
  ))
);

comment on table  public.posts is 'What people write: plain text, to be escaped by whoever shows it. A higher id was written later: order and page by it.';
comment on column public.posts.id is 'Made of the time of writing; a JSON number carries it exactly.';
comment on column public.posts.author_id is 'Who wrote it: yourself, when left out.';
comment on column public.posts.title is 'At most 200 characters, on one line; may be empty.';
comment on column public.posts.content is '1 to 10,000 characters of plain text.';
comment on column public.posts.edited_at is 'When it was last edited, null when never. What it said before is in post_versions.';

-- A profile's posts, newest first, and each followee's part of a home feed.
create index posts_author_id_id_idx on public.posts (author_id, id desc);

create table public.post_versions (
  post_id      bigint       not null references public.posts (id) on delete cascade,
  version      integer      not null,
  title        text         not null,
  content      text         not null,
  created_at   timestamptz  not null,
  replaced_at  timestamptz  not null,

  -- A post's history, in order.
  primary key (post_id, version)
);

comment on table  public.post_versions is 'What posts said before they were edited. Whoever can read the post can read them.';
comment on column public.post_versions.version is '1 is what was first written; the post itself is the one after the highest.';
comment on column public.post_versions.created_at is 'From when the post said this.';
comment on column public.post_versions.replaced_at is 'Until when the post said this.';

-- Beside profiles for the reasons of follow_counts, and apart from that because
-- it is for those who can read somebody's posts, not for those who see them.
create table public.author_counts (
  author_id  uuid    primary key references public.profiles (id) on delete cascade,
  posts      bigint  not null default 0 check (posts >= 0)
) with (fillfactor = 50);

comment on table  public.author_counts is 'How much somebody wrote. One row for each profile.';
comment on column public.author_counts.posts is 'How many posts they wrote and did not delete.';

-- Rules ----------------------------------------------------------------------

alter table public.posts enable row level security;
alter table public.post_versions enable row level security;
alter table public.author_counts enable row level security;

create policy "anyone reads posts"
  on public.posts for select
  to anon, authenticated
  using (true);

create policy "people post in their own name"
  on public.posts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

create policy "authors edit their own posts"
  on public.posts for update
  to authenticated
  using (author_id = (select auth.uid()))
  with check (author_id = (select auth.uid()));

create policy "authors delete their own posts"
  on public.posts for delete
  to authenticated
  using (author_id = (select auth.uid()));

-- The question goes through the rules of posts: whatever they come to be, they
-- hold for earlier versions too.
create policy "whoever reads a post reads its earlier versions"
  on public.post_versions for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_versions.post_id));

create policy "anyone reads how much somebody wrote"
  on public.author_counts for select
  to anon, authenticated
  using (true);

-- The columns that a client may write are the API: id, created_at and edited_at
-- are ours to fill in, and a post never changes its author. Versions and counts
-- are the triggers' alone.
revoke all on public.posts, public.post_versions, public.author_counts from public, anon, authenticated, service_role;
grant select on public.posts, public.post_versions, public.author_counts to anon, authenticated, service_role;
grant insert (author_id, title, content) on public.posts to authenticated, service_role;
grant update (title, content) on public.posts to authenticated, service_role;
grant delete on public.posts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write history. The post's row is locked by now, so
-- its versions are numbered one after the other.
create function private.posts_keep_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
begin
  -- Never before the version it replaces, whatever became of the clock.
  new.edited_at := greatest(clock_timestamp(), written_at);

  insert into public.post_versions (post_id, version, title, content, created_at, replaced_at)
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id;
  return new;
end;
$$;

comment on function private.posts_keep_version is 'Keeps what a post said before an edit.';
revoke all on function private.posts_keep_version () from public, anon, authenticated, service_role;

create trigger posts_keep_version
  before update of title, content on public.posts
  for each row
  when (old.title is distinct from new.title or old.content is distinct from new.content)
  execute function private.posts_keep_version();

-- Definer, because nobody may write counts.
create function private.profiles_create_author_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.author_counts (author_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_author_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_author_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_author_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_author_counts();

-- Definer, because nobody may write counts. Locked and counted as in follows_count().
create function private.posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from public.author_counts
  where author_counts.author_id in (select changed.author_id from changed)
  order by author_counts.author_id
  for no key update;

  update public.author_counts
  set posts = author_counts.posts + step * change.posts
  from (
    select changed.author_id, count(*) as posts
    from changed
    group by changed.author_id
  ) as change
  where author_counts.author_id = change.author_id;
  return null;
end;
$$;

comment on function private.posts_count is 'Keeps author_counts equal to a count of posts.';
revoke all on function private.posts_count () from public, anon, authenticated, service_role;

create trigger posts_count_inserted
  after insert on public.posts
  referencing new table as changed
  for each statement
  execute function private.posts_count();

create trigger posts_count_deleted
  after delete on public.posts
  referencing old table as changed
  for each statement
  execute function private.posts_count();
