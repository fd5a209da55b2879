/*
 * author counts
 *
 * How much somebody wrote.
 */

-- Tables ---------------------------------------------------------------------

-- Beside profiles for the reasons of follow_counts, and by audience, because who
-- may read some of somebody's posts may not know of the others.
create table private.author_counts (
  author_id      uuid    primary key references public.profiles (id) on delete cascade,
  for_everyone   bigint  not null default 0 check (for_everyone >= 0),
  for_followers  bigint  not null default 0 check (for_followers >= 0),
  for_mentioned  bigint  not null default 0 check (for_mentioned >= 0)
) with (fillfactor = 50);

comment on table private.author_counts is 'How many posts somebody wrote, reposts aside, by audience. One row for each profile.';
revoke all on private.author_counts from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write counts.
create function private.profiles_create_author_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.author_counts (author_id)
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

-- API ------------------------------------------------------------------------

-- Definer, because counts are of the rows that the viewer does not see as well.
create function private.author_posts(viewer_id uuid, author_id uuid)
returns bigint
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  counts private.author_counts;
begin
  select author_counts.* into counts
  from private.author_counts
  where author_counts.author_id = author_posts.author_id;

  if author_posts.author_id = author_posts.viewer_id then
    return counts.for_everyone + counts.for_followers + counts.for_mentioned;
  elsif not private.looks_into(author_posts.viewer_id, author_posts.author_id) then
    return null;
  end if;
  return counts.for_everyone
    + case when counts.for_followers > 0 and exists (
      select from public.follows
      where follows.follower_id = author_posts.viewer_id and follows.followee_id = author_posts.author_id
    ) then counts.for_followers else 0 end
    + case when counts.for_mentioned > 0 then (
      select count(*)
      from public.post_mentions
      join public.posts on posts.id = post_mentions.post_id
      where post_mentions.profile_id = author_posts.viewer_id
        and posts.author_id = author_posts.author_id
        and posts.audience = 'mentioned'
    ) else 0 end;
end;
$$;

comment on function private.author_posts is 'How many of somebody''s posts, reposts aside, the viewer sees; null when they may not look into the account.';
revoke all on function private.author_posts (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.author_posts (uuid, uuid) to anon, authenticated, service_role;

create view public.author_counts
with (security_invoker = on)
as
select profiles.id as author_id, private.author_posts((select auth.uid()), profiles.id) as posts
from public.profiles;

comment on view   public.author_counts is 'How much somebody wrote.';
comment on column public.author_counts.posts is 'How many posts and replies of theirs you can see; null when the account is private, and not for you.';
revoke all on public.author_counts from public, anon, authenticated, service_role;
grant select on public.author_counts to anon, authenticated, service_role;

create function public.author_counts(profile public.profiles)
returns setof public.author_counts
language sql
stable
security invoker
rows 1
begin atomic
  select author_counts.*
  from public.author_counts
  where author_counts.author_id = profile.id;
end;

comment on function public.author_counts is 'To embed them in profiles: select=*,author_counts(posts).';
revoke all on function public.author_counts (public.profiles) from public, anon, authenticated, service_role;
grant execute on function public.author_counts (public.profiles) to anon, authenticated, service_role;
