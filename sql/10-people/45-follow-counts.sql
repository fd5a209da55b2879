/*
 * follow counts
 *
 * How many people follow somebody, and how many that person follows. Triggers keep totals
 * that are always equal to a recount. A viewer reads the total without the people that a
 * block hides from them.
 */

-- Beside profiles and not in it. So a new follower does not wait for an owner who edits
-- the profile, and does not rewrite the bio. Half of every page stays free, so that a new
-- version of a row fits beside the old one and no index changes.
create table private.follow_counts (
  profile_id  uuid    primary key references public.profiles (id) on delete cascade,
  followers   bigint  not null default 0 check (followers >= 0),
  following   bigint  not null default 0 check (following >= 0)
) with (fillfactor = 50);

comment on table private.follow_counts is 'How many people follow somebody, and how many that person follows. One row for each profile.';
revoke all on private.follow_counts from public, anon, authenticated, service_role;

-- Definer, because nobody may write counts.
create function private.profiles_create_follow_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.follow_counts (profile_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_follow_counts is 'Starts the counts of a new profile at zero.';
revoke all on function private.profiles_create_follow_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_follow_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_follow_counts();

-- Definer, because nobody may write counts. The first statement locks the rows, and may
-- wait for others. The second one counts, and sees what the others committed.
create function private.follows_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from private.follow_counts
  where follow_counts.profile_id in (
    select changed.follower_id from changed
    union all
    select changed.followee_id from changed
  )
  order by follow_counts.profile_id
  for no key update;

  update private.follow_counts
  set followers = follow_counts.followers + step * change.followers,
      following = follow_counts.following + step * change.following
  from (
    select side.profile_id, sum(side.followers) as followers, sum(side.following) as following
    from (
      select changed.followee_id, 1, 0 from changed
      union all
      select changed.follower_id, 0, 1 from changed
    ) as side (profile_id, followers, following)
    group by side.profile_id
  ) as change
  where follow_counts.profile_id = change.profile_id;
  return null;
end;
$$;

comment on function private.follows_count is 'Keeps follow_counts equal to a count of follows.';
revoke all on function private.follows_count () from public, anon, authenticated, service_role;

create trigger follows_count_inserted
  after insert on public.follows
  referencing new table as changed
  for each statement
  execute function private.follows_count();

create trigger follows_count_deleted
  after delete on public.follows
  referencing old table as changed
  for each statement
  execute function private.follows_count();

-- API ------------------------------------------------------------------------

-- Definer, because it also counts rows that the viewer does not see, such as followers of
-- a private account. It subtracts the people that a block hides from the viewer.
create function private.follow_counts_of(viewer_id uuid, profile_id uuid)
returns table (followers bigint, following bigint)
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(follow_counts_of.viewer_id));
begin
  return query
  select
    counts.followers - case when cardinality(hidden_ids) = 0 then 0 else (
      select count(*)
      from public.follows
      where follows.follower_id = any (hidden_ids) and follows.followee_id = counts.profile_id
    ) end,
    counts.following - case when cardinality(hidden_ids) = 0 then 0 else (
      select count(*)
      from public.follows
      where follows.follower_id = counts.profile_id and follows.followee_id = any (hidden_ids)
    ) end
  from private.follow_counts as counts
  where counts.profile_id = follow_counts_of.profile_id;
end;
$$;

comment on function private.follow_counts_of is 'How many people follow somebody and how many that person follows, without those hidden from the viewer.';
revoke all on function private.follow_counts_of (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.follow_counts_of (uuid, uuid) to anon, authenticated, service_role;

create view public.follow_counts
with (security_invoker = on)
as
select profiles.id as profile_id, counts.followers, counts.following
from public.profiles
cross join lateral private.follow_counts_of((select auth.uid()), profiles.id) as counts;

comment on view   public.follow_counts is 'How many people follow somebody, and how many that person follows. People that a block hides from you are not counted.';
comment on column public.follow_counts.followers is 'How many people follow this person.';
comment on column public.follow_counts.following is 'How many people this person follows.';
revoke all on public.follow_counts from public, anon, authenticated, service_role;
grant select on public.follow_counts to anon, authenticated, service_role;

create function public.follow_counts(profile public.profiles)
returns setof public.follow_counts
language sql
stable
security invoker
rows 1
begin atomic
  select follow_counts.*
  from public.follow_counts
  where follow_counts.profile_id = profile.id;
end;

comment on function public.follow_counts is 'Embeds the counts in profiles: select=*,follow_counts(followers,following).';
revoke all on function public.follow_counts (public.profiles) from public, anon, authenticated, service_role;
grant execute on function public.follow_counts (public.profiles) to anon, authenticated, service_role;
