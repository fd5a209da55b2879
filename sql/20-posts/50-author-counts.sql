/*
 * author counts
 *
 * How much somebody wrote. Triggers keep totals by audience, equal to a recount at
 * every moment. A viewer reads the total of what they may know of.
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

-- Definer, because nobody may write counts.
create function private.posts_count_authors()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from private.author_counts
  where author_counts.author_id in (select changed.author_id from changed where changed.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone + step * change.for_everyone,
      for_followers = author_counts.for_followers + step * change.for_followers,
      for_mentioned = author_counts.for_mentioned + step * change.for_mentioned
  from (
    select
      changed.author_id,
      count(*) filter (where changed.audience = 'everyone') as for_everyone,
      count(*) filter (where changed.audience = 'followers') as for_followers,
      count(*) filter (where changed.audience = 'mentioned') as for_mentioned
    from changed
    where changed.repost_of_id is null
    group by changed.author_id
  ) as change
  where author_counts.author_id = change.author_id;
  return null;
end;
$$;

comment on function private.posts_count_authors is 'Keeps author_counts equal to a count of posts.';
revoke all on function private.posts_count_authors () from public, anon, authenticated, service_role;

-- By its name it runs before posts_count_targets: author_counts are locked before
-- post_counts.
create trigger posts_count_authors_inserted
  after insert on public.posts
  referencing new table as changed
  for each statement
  execute function private.posts_count_authors();

create trigger posts_count_authors_deleted
  after delete on public.posts
  referencing old table as changed
  for each statement
  execute function private.posts_count_authors();

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
    -- By way of the author's posts when these are few, else of the viewer's mentions.
    + case when counts.for_mentioned = 0 or author_posts.viewer_id is null then 0
    when counts.for_mentioned <= 200 then (
      select count(*)
      from public.posts
      where posts.author_id = author_posts.author_id
        and posts.audience = 'mentioned'
        and (
          select true from public.post_mentions
          where post_mentions.post_id = posts.id and post_mentions.profile_id = author_posts.viewer_id
        )
    ) else (
      select count(*)
      from public.post_mentions
      where post_mentions.profile_id = author_posts.viewer_id
        and (
          select posts.author_id = author_posts.author_id and posts.audience = 'mentioned'
          from public.posts
          where posts.id = post_mentions.post_id
        )
    ) end;
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
