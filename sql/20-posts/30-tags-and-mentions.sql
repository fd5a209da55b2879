/*
 * tags and mentions
 *
 * The tags of a post and the people it addresses, a row for each. Triggers write the rows
 * when they find tags and mentions in the text (10-text.sql). The policies of the rows are
 * in 36-visibility.sql. The tags that people follow are in 34-tag-follows.sql.
 *
 * An @name means the person who has the name when it is written. It keeps that meaning as
 * long as it stays in the text. The person may take another name later, and somebody else
 * may take this one. So an edit looks up only the names that it adds. A name that nobody
 * had when it was written never means anybody.
 *
 * A reply to few (audience mentioned) also addresses the author of the post it answers,
 * named or not.
 */

-- Tables ---------------------------------------------------------------------

create table public.post_tags (
  post_id  bigint   not null references public.posts (id) on delete cascade,
  tag      text     not null,
  is_open  boolean  not null default false,

  -- The tags of a post.
  primary key (post_id, tag)
);

comment on table  public.post_tags is 'Which posts have which tags. If you can read the post, you can read them.';
comment on column public.post_tags.tag is 'Without the sign, in lower case.';
comment on column public.post_tags.is_open is 'Whether everyone sees the post, as in posts.';

-- A tag's feed, newest first. Limited posts are added from private.limited_posts.
create index post_tags_tag_post_id_idx on public.post_tags (tag, post_id desc) where is_open;

create table public.post_mentions (
  post_id        bigint   not null references public.posts (id) on delete cascade,
  profile_id     uuid     not null references public.profiles (id) on delete cascade,
  usernames      text[]   not null,
  is_answered    boolean  not null default false,
  since_version  integer  not null default 1,

  -- The posts that address somebody, by time. Whether a post addresses somebody.
  primary key (profile_id, post_id)
);

comment on table  public.post_mentions is 'The people that posts address. If you can read the post and see the person, you can read this.';
comment on column public.post_mentions.usernames is 'The names that mean this person, as they stand in the text, in lower case. The person may have another name by now. Empty when a reply addresses them without naming them.';
comment on column public.post_mentions.is_answered is 'Whether the post is a reply to few (audience mentioned) that answers a post of theirs. Then it addresses them even if its text does not name them.';
comment on column public.post_mentions.since_version is 'The first version of the post that addresses them, counted as in post_versions.';

-- The people that a post addresses. It has only the post. If it had the person too, the
-- planner could use it to find the posts that address somebody, and read all of it.
create index post_mentions_post_id_idx on public.post_mentions (post_id);

-- Rules ----------------------------------------------------------------------

alter table public.post_tags enable row level security;
alter table public.post_mentions enable row level security;

revoke all on public.post_tags, public.post_mentions from public, anon, authenticated, service_role;
grant select on public.post_tags, public.post_mentions to anon, authenticated, service_role;

-- A deletion of an account deletes what it sees of the person. It does not see the places that a
-- statement adds to a limited post meanwhile (53-addressed-posts.sql). So the statement keeps the
-- accounts. It does not wait for a deletion: that would wait for the places which an edit takes away.
create function private.keep_addressed(post_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if exists (
    select
    from public.post_mentions
    where post_mentions.post_id = keep_addressed.post_id
      and not exists (select from private.hold_person(post_mentions.profile_id))
  ) then
    perform private.refuse_busy_profile();
  end if;
end;
$$;

comment on function private.keep_addressed is 'Nobody can delete the accounts that a post addresses until the transaction ends. The error PT503 when somebody is deleting one of them.';
revoke all on function private.keep_addressed (bigint) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create function private.tags_in(entities jsonb)
returns setof text
language sql
immutable
parallel safe
security invoker
rows 2
begin atomic
  select distinct entity.value ->> 'tag'
  from jsonb_array_elements(tags_in.entities) as entity
  where entity.value ->> 'type' = 'tag';
end;

comment on function private.tags_in is 'The tags among the entities of a text.';
revoke all on function private.tags_in (jsonb) from public, anon, authenticated, service_role;

create function private.usernames_in(entities jsonb)
returns text[]
language sql
immutable
parallel safe
security invoker
return array(
  select distinct lower(entity.value ->> 'username')
  from jsonb_array_elements(usernames_in.entities) as entity
  where entity.value ->> 'type' = 'mention'
);

comment on function private.usernames_in is 'The usernames among the entities of a text, in lower case.';
revoke all on function private.usernames_in (jsonb) from public, anon, authenticated, service_role;

-- A name finds nobody when a block hides the two from each other, or when the person lets
-- only others mention them.
create function private.people_named(author_id uuid, usernames text[])
returns table (profile_id uuid, username text)
language sql
stable
security invoker
rows 2
begin atomic
  select profiles.id, lower(profiles.username)
  from public.profiles
  where lower(profiles.username) = any (people_named.usernames)
    and profiles.id not in (select private.hidden_ids(people_named.author_id))
    and not exists (
      select from public.notification_preferences as preference
      where preference.user_id = profiles.id
        and preference.kind = 'mention'
        and not private.comes_from(profiles.id, preference.from_whom, people_named.author_id)
    );
end;

comment on function private.people_named is 'The people who have these usernames (in lower case) now, without people who are hidden from the author or do not let the author mention them.';
revoke all on function private.people_named (uuid, text[]) from public, anon, authenticated, service_role;

-- Somebody whose account is being deleted at this moment is not mentioned: hold_person()
-- skips them. Definer, because nobody may write tags and mentions. Postgres runs triggers in
-- the order of their names. This one comes before posts_count…, so it locks the people that a post
-- mentions before those triggers lock counts.
create function private.posts_annotate()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.post_tags (post_id, tag, is_open)
  select added.id, tag, added.is_open
  from added
  cross join lateral private.tags_in(added.entities) as tag;

  insert into public.post_mentions (post_id, profile_id, usernames)
  select added.id, found.profile_id, array[found.username]
  from added
  cross join lateral private.people_named(added.author_id, private.usernames_in(added.entities)) as found
  cross join lateral private.hold_person(found.profile_id);

  insert into public.post_mentions (post_id, profile_id, usernames, is_answered)
  select added.id, answered.author_id, '{}', true
  from added
  join public.posts as answered on answered.id = added.reply_to_id
  cross join lateral private.hold_person(answered.author_id)
  where added.audience = 'mentioned'
    and answered.author_id <> added.author_id
    and answered.author_id not in (select private.hidden_ids(added.author_id))
  on conflict (post_id, profile_id) do update
  set is_answered = true;
  return null;
end;
$$;

comment on function private.posts_annotate is 'Stores the tags of new posts and the people they address.';
revoke all on function private.posts_annotate () from public, anon, authenticated, service_role;

create trigger posts_annotate
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_annotate();

-- Definer, because nobody may write tags and mentions. Rows that stay are not written
-- again. Two names in an edited text may mean one person: one name from before a rename
-- and one from after it. So names are added first and removed afterwards. The trigger runs
-- for each row and has a condition, so an update that leaves the text as it is costs
-- nothing here, even for many posts at once.
create function private.posts_annotate_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  kept_names text[] := private.usernames_in(new.entities);
begin
  if not new.is_open then
    perform private.keep_addressed(new.id);
  end if;
  delete from public.post_tags
  where post_tags.post_id = new.id
    and post_tags.tag not in (select private.tags_in(new.entities));
  insert into public.post_tags (post_id, tag, is_open)
  select new.id, tag, new.is_open
  from private.tags_in(new.entities) as tag
  on conflict do nothing;

  -- The version that an edit makes comes after the highest one that is kept.
  insert into public.post_mentions (post_id, profile_id, usernames, since_version)
  select new.id, found.profile_id, array[found.username], (
    select coalesce(max(post_versions.version), 0) + 1
    from public.post_versions
    where post_versions.post_id = new.id
  )
  from private.people_named(new.author_id, array(
    select unnest(kept_names)
    except
    select unnest(private.usernames_in(old.entities))
  )) as found
  cross join lateral private.hold_person(found.profile_id)
  on conflict (post_id, profile_id) do update
  set usernames = post_mentions.usernames || excluded.usernames;

  update public.post_mentions
  set usernames = array(
    select username
    from unnest(post_mentions.usernames) as username
    where username = any (kept_names)
  )
  where post_mentions.post_id = new.id
    and not post_mentions.usernames <@ kept_names;
  delete from public.post_mentions
  where post_mentions.post_id = new.id
    and post_mentions.usernames = '{}'
    and not post_mentions.is_answered;
  return null;
end;
$$;

comment on function private.posts_annotate_again is 'Adds the tags and mentions that an edit adds to the text, and deletes those that it removes.';
revoke all on function private.posts_annotate_again () from public, anon, authenticated, service_role;

create trigger posts_annotate_again
  after update of title, content on public.posts
  for each row
  when ((old.title, old.content) is distinct from (new.title, new.content))
  execute function private.posts_annotate_again();
