/*
 * follows
 *
 * Who follows whom, and how many do. Following is an insert (to be repeated
 * safely: `upsert(…, { ignoreDuplicates: true })`), unfollowing a delete.
 */

-- Tables ---------------------------------------------------------------------

create table public.follows (
  follower_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  followee_id  uuid         not null references public.profiles (id) on delete cascade,
  created_at   timestamptz  not null default now(),

  -- Whom somebody follows.
  primary key (follower_id, followee_id),
  constraint follows_not_oneself check (private.rule(
    follower_id <> followee_id,
    'follow_yourself', 'You cannot follow yourself'
  ))
);

comment on table  public.follows is 'Who follows whom. Insert to follow, delete to unfollow.';
comment on column public.follows.follower_id is 'Who follows: yourself, when left out.';
comment on column public.follows.followee_id is 'Who is followed.';

-- Who follows somebody.
create index follows_followee_id_follower_id_idx on public.follows (followee_id, follower_id);

-- Beside profiles, not in it: a new follower need not wait for a profile being
-- edited, nor rewrite its bio. Free space in every page keeps the new versions
-- of a row beside the old ones, and the index untouched.
create table public.follow_counts (
  profile_id  uuid    primary key references public.profiles (id) on delete cascade,
  followers   bigint  not null default 0 check (followers >= 0),
  following   bigint  not null default 0 check (following >= 0)
) with (fillfactor = 50);

comment on table  public.follow_counts is 'How many follow somebody, and how many they follow. One row for each profile.';
comment on column public.follow_counts.followers is 'How many follow them.';
comment on column public.follow_counts.following is 'How many they follow.';

-- Rules ----------------------------------------------------------------------

alter table public.follows enable row level security;
alter table public.follow_counts enable row level security;

create policy "anyone reads who follows whom"
  on public.follows for select
  to anon, authenticated
  using (true);

create policy "people follow in their own name"
  on public.follows for insert
  to authenticated
  with check (follower_id = (select auth.uid()));

create policy "people unfollow in their own name"
  on public.follows for delete
  to authenticated
  using (follower_id = (select auth.uid()));

create policy "anyone reads how many follow whom"
  on public.follow_counts for select
  to anon, authenticated
  using (true);

-- No update: another followee is another follow. Counts are the triggers' alone.
revoke all on public.follows, public.follow_counts from public, anon, authenticated, service_role;
grant select on public.follows to anon, authenticated, service_role;
grant insert (follower_id, followee_id) on public.follows to authenticated, service_role;
grant delete on public.follows to authenticated, service_role;
grant select on public.follow_counts to anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * Locks are always taken in this order, so that nobody waits in a circle: one's
 * turn, the profile that goes, follows, the profiles that a follow refers to,
 * follow_counts; rows of one table by their key.
 */

-- One person's requests wait for each other: two that name the same people in
-- another order would wait in a circle, each for a row that the other inserted.
create function private.follows_take_turns()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('follows of ' || auth.uid(), 0));
  return null;
end;
$$;

comment on function private.follows_take_turns is 'Lets one person follow by one request at a time.';
revoke all on function private.follows_take_turns () from public, anon, authenticated, service_role;

create trigger follows_take_turns
  before insert on public.follows
  for each statement
  execute function private.follows_take_turns();

-- Definer, because nobody may write counts.
create function private.profiles_create_follow_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.follow_counts (profile_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_follow_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_follow_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_follow_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_follow_counts();

-- Definer, because nobody may write counts. The rows are locked by one statement
-- and counted by the next, which sees what the first had waited for.
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
  from public.follow_counts
  where follow_counts.profile_id in (
    select changed.follower_id from changed
    union all
    select changed.followee_id from changed
  )
  order by follow_counts.profile_id
  for no key update;

  update public.follow_counts
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

-- Left to the foreign keys, a profile's follows would end in two statements, each
-- with an order of locks of its own. Definer, because they are others' follows too.
create function private.profiles_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id
  order by follows.follower_id, follows.followee_id
  for update;

  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_follows is 'Ends all follows of a profile that goes, in one statement.';
revoke all on function private.profiles_end_follows () from public, anon, authenticated, service_role;

create trigger profiles_end_follows
  before delete on public.profiles
  for each row
  execute function private.profiles_end_follows();
