/*
 * author counts
 *
 * How many posts somebody wrote. Triggers keep a total for each audience, which is always
 * equal to a recount. A viewer reads the number of posts that they see.
 */

-- Tables ---------------------------------------------------------------------

-- Beside profiles for the same reasons as follow_counts (10-people/45-follow-counts.sql).
-- One total for each audience, because a viewer who sees some posts of an author may not
-- find out how many others there are.
create table private.author_counts (
  author_id      uuid    primary key references public.profiles (id) on delete cascade,
  for_everyone   bigint  not null default 0 check (for_everyone >= 0),
  for_followers  bigint  not null default 0 check (for_followers >= 0),
  for_mentioned  bigint  not null default 0 check (for_mentioned >= 0)
) with (fillfactor = 50);

comment on table private.author_counts is 'How many posts somebody wrote for each audience, without reposts. One row for each profile.';
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

comment on function private.profiles_create_author_counts is 'Starts the counts of a new profile at zero.';
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

-- Postgres runs triggers in the order of their names. This one comes before
-- posts_count_targets, so author_counts are locked before post_counts.
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

-- Definer, because nobody may read the totals, which also count posts that the viewer does
-- not see.
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
    + case when counts.for_mentioned = 0 or author_posts.viewer_id is null then 0 else (
      select count(*)
      from private.addressed_posts
      where addressed_posts.reader_place in (
        'by:' || author_posts.author_id || ' ' || author_posts.viewer_id,
        'replies-by:' || author_posts.author_id || ' ' || author_posts.viewer_id
      )
    ) end;
end;
$$;

comment on function private.author_posts is 'How many posts of an author the viewer sees, without reposts. Null when the viewer may not look into the account.';
revoke all on function private.author_posts (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.author_posts (uuid, uuid) to anon, authenticated, service_role;

create view public.author_counts
with (security_invoker = on)
as
select profiles.id as author_id, private.author_posts((select auth.uid()), profiles.id) as posts
from public.profiles;

comment on view   public.author_counts is 'How many posts somebody wrote.';
comment on column public.author_counts.posts is 'How many of their posts and replies you see. Null when you may not look into the account.';
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

comment on function public.author_counts is 'Embeds the count in profiles: select=*,author_counts(posts).';
revoke all on function public.author_counts (public.profiles) from public, anon, authenticated, service_role;
grant execute on function public.author_counts (public.profiles) to anon, authenticated, service_role;
