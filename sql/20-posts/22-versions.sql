/*
 * versions
 *
 * A version is what a post said before an edit. Of each post, the first version and the
 * newest 50 are kept. If you can read a post, you can read its versions. If the post is for
 * the people it mentions, you read the versions from the first one that mentions you. The
 * rule is in 36-visibility.sql.
 */

create table public.post_versions (
  post_id          bigint       not null references public.posts (id) on delete cascade,
  version          integer      not null,
  title            text         not null,
  content          text         not null,
  content_warning  text         not null default '',
  created_at       timestamptz  not null,
  replaced_at      timestamptz  not null,

  -- A post's history, in order.
  primary key (post_id, version)
);

comment on table  public.post_versions is 'What posts said before they were edited: the first version of each post, and the newest 50. If you can read the post, you can read them. If it is for the people it mentions, you read the versions from the first one that mentions you.';
comment on column public.post_versions.version is '1 is what was first written. The post itself is the version after the highest one. Numbers never change. A post with many edits has version 1 and then the newest ones.';
comment on column public.post_versions.content_warning is 'The content warning of this version.';
comment on column public.post_versions.created_at is 'From when the post said this.';
comment on column public.post_versions.replaced_at is 'Until when the post said this.';
alter table public.post_versions enable row level security;

revoke all on public.post_versions from public, anon, authenticated, service_role;
grant select on public.post_versions to anon, authenticated, service_role;

-- Definer, because nobody may write versions. The update already locked the post's row, so
-- its versions are numbered one after the other. It keeps the first version, because people
-- answered and reposted that one, and the newest 50 of the others.
create function private.posts_keep_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
  newest integer;
begin
  -- Never before the version it replaces, even if somebody sets the clock back.
  new.edited_at := greatest(clock_timestamp(), written_at);
  new.entities := private.text_entities(new.title, new.content);

  insert into public.post_versions (
    post_id, version, title, content, content_warning, created_at, replaced_at
  )
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, old.content_warning,
    written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id
  returning post_versions.version into newest;

  delete from public.post_versions
  where post_versions.post_id = old.id and post_versions.version between 2 and newest - 50;
  return new;
end;
$$;

comment on function private.posts_keep_version is 'Keeps what a post said before an edit.';
revoke all on function private.posts_keep_version () from public, anon, authenticated, service_role;

create trigger posts_keep_version
  before update of title, content, content_warning on public.posts
  for each row
  when (
    (old.title, old.content, old.content_warning) is distinct from (new.title, new.content, new.content_warning)
  )
  execute function private.posts_keep_version();
