/*
 * tags and mentions
 *
 * What posts are about and whom they address.
 */

-- Tables ---------------------------------------------------------------------

create table public.post_tags (
  post_id  bigint   not null references public.posts (id) on delete cascade,
  tag      text     not null,
  is_open  boolean  not null default false,

  -- What a post is about.
  primary key (post_id, tag)
);

comment on table  public.post_tags is 'Which posts have which tags. Whoever can read the post can read them.';
comment on column public.post_tags.tag is 'Without the sign, in lower case.';
comment on column public.post_tags.is_open is 'Whether everyone sees the post, as in posts.';

-- A tag's feed, newest first. Limited posts are added from private.limited_posts.
create index post_tags_tag_post_id_idx on public.post_tags (tag, post_id desc) where is_open;

create table public.post_mentions (
  post_id     bigint  not null references public.posts (id) on delete cascade,
  profile_id  uuid    not null references public.profiles (id) on delete cascade,
  username    text    not null,

  -- Whom a post addresses, and whether it addresses somebody.
  primary key (post_id, profile_id)
);

comment on table  public.post_mentions is 'Whom posts address. Read by whoever can read the post and see the person.';
comment on column public.post_mentions.username is 'As it stands in the text, in lower case: the person may have another name by now.';

-- What addresses somebody, newest first.
create index post_mentions_profile_id_post_id_idx on public.post_mentions (profile_id, post_id desc);

-- Rules ----------------------------------------------------------------------

alter table public.post_tags enable row level security;
alter table public.post_mentions enable row level security;

revoke all on public.post_tags, public.post_mentions from public, anon, authenticated, service_role;
grant select on public.post_tags, public.post_mentions to anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Whoever has the name now, unless a block hides the two from each other.
create function private.mentions_of(author_id uuid, entities jsonb)
returns table (profile_id uuid, username text)
language sql
stable
security invoker
rows 2
begin atomic
  select distinct profiles.id, lower(entity.value ->> 'username')
  from jsonb_array_elements(mentions_of.entities) as entity
  join public.profiles on lower(profiles.username) = lower(entity.value ->> 'username')
  where entity.value ->> 'type' = 'mention'
    and profiles.id not in (select private.hidden_ids(mentions_of.author_id));
end;

comment on function private.mentions_of is 'Whom the mentions in a text address.';
revoke all on function private.mentions_of (uuid, jsonb) from public, anon, authenticated, service_role;

-- Definer, because nobody may write what is found in a text. Its name comes before
-- posts_count: what is mentioned is locked before what is counted.
create function private.posts_annotate()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.post_tags (post_id, tag, is_open)
  select distinct added.id, entity ->> 'tag', added.is_open
  from added
  cross join lateral jsonb_array_elements(added.entities) as entity
  where entity ->> 'type' = 'tag';

  insert into public.post_mentions (post_id, profile_id, username)
  select added.id, found.profile_id, found.username
  from added
  cross join lateral private.mentions_of(added.author_id, added.entities) as found;
  return null;
end;
$$;

comment on function private.posts_annotate is 'Notes the tags and mentions of new posts.';
revoke all on function private.posts_annotate () from public, anon, authenticated, service_role;

create trigger posts_annotate
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_annotate();

-- Definer, because nobody may write what is found in a text. Rows that stay are
-- left alone.
create function private.posts_annotate_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (
    select from after
    join before using (id)
    where (after.title, after.content) <> (before.title, before.content)
  ) then
    return null;
  end if;

  delete from public.post_tags
  using after
  where post_tags.post_id = after.id
    and post_tags.tag not in (
      select entity ->> 'tag'
      from jsonb_array_elements(after.entities) as entity
      where entity ->> 'type' = 'tag'
    );
  insert into public.post_tags (post_id, tag, is_open)
  select distinct after.id, entity ->> 'tag', after.is_open
  from after
  cross join lateral jsonb_array_elements(after.entities) as entity
  where entity ->> 'type' = 'tag'
  on conflict do nothing;

  delete from public.post_mentions
  using after
  where post_mentions.post_id = after.id
    and post_mentions.profile_id not in (
      select found.profile_id
      from private.mentions_of(after.author_id, after.entities) as found
    );
  insert into public.post_mentions (post_id, profile_id, username)
  select after.id, found.profile_id, found.username
  from after
  cross join lateral private.mentions_of(after.author_id, after.entities) as found
  on conflict (post_id, profile_id) do update
  set username = excluded.username;
  return null;
end;
$$;

comment on function private.posts_annotate_again is 'Notes what edits add and take away.';
revoke all on function private.posts_annotate_again () from public, anon, authenticated, service_role;

create trigger posts_annotate_again
  after update on public.posts
  referencing old table as before new table as after
  for each statement
  execute function private.posts_annotate_again();
