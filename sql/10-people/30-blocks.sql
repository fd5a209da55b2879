/*
 * blocks
 *
 * A block hides two people from each other, everywhere and both ways. Each of them sees
 * the world as it would be without the other, counts included. The blocked person gets the
 * same answers as if the other had deleted their account.
 *
 * This file also has the policy of profiles, because only blocks hide a profile. A block
 * ends follows and requests in 42-blocks-end-follows.sql. A mute, which hides nothing from the muted
 * person, is in 35-mutes.sql.
 */

-- Tables ---------------------------------------------------------------------

create table public.blocks (
  blocker_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  blocked_id  uuid         not null references public.profiles (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- The people that somebody blocks.
  primary key (blocker_id, blocked_id),
  constraint blocks_not_oneself check (private.rule(
    blocker_id <> blocked_id,
    'block_yourself', 'You cannot block yourself'
  ))
);

comment on table  public.blocks is 'The people you block. Insert to block, which ends follows and follow requests both ways. Delete to unblock.';
comment on column public.blocks.blocker_id is 'The person who blocks. When left out, it is you.';
comment on column public.blocks.blocked_id is 'The person who is blocked.';
comment on column public.blocks.id is 'Made of the time of blocking. Order and page by it.';

-- The people who block somebody.
create index blocks_blocked_id_blocker_id_idx on public.blocks (blocked_id, blocker_id);

-- Rules ----------------------------------------------------------------------

-- Definer, here and below, because nobody may read the blocks of others. Plpgsql,
-- because Postgres keeps its plan. It plans a definer in SQL again at every call.
create function private.blocker_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
begin
  return query
  select blocks.blocker_id
  from public.blocks
  where blocks.blocked_id = blocker_ids.viewer_id;
end;
$$;

comment on function private.blocker_ids is 'The people who block the viewer.';
revoke all on function private.blocker_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.blocker_ids (uuid) to authenticated;

create function private.blocked_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = ''
rows 5
as $$
begin
  return query
  select blocks.blocked_id
  from public.blocks
  where blocks.blocker_id = blocked_ids.viewer_id;
end;
$$;

comment on function private.blocked_ids is 'The people that the viewer blocks.';
revoke all on function private.blocked_ids (uuid) from public, anon, authenticated, service_role;

-- In SQL and not a definer, so that the planner puts it into the query around it. A function that
-- runs as its owner saves a call. Two people who block each other are there twice. To leave that
-- out, Postgres would sort, and this runs in almost every request.
create function private.hidden_from(viewer_id uuid)
returns setof uuid
language sql
stable
security invoker
rows 5
begin atomic
  select blocks.blocked_id
  from public.blocks
  where blocks.blocker_id = hidden_from.viewer_id
  union all
  select blocks.blocker_id
  from public.blocks
  where blocks.blocked_id = hidden_from.viewer_id;
end;

comment on function private.hidden_from is 'The people who are hidden from the viewer: those the viewer blocks, and those who block the viewer. A person may be there twice.';
revoke all on function private.hidden_from (uuid) from public, anon, authenticated, service_role;

create function private.hidden_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
begin
  return query
  select hidden.id
  from private.hidden_from(hidden_ids.viewer_id) as hidden (id);
end;
$$;

comment on function private.hidden_ids is 'What hidden_from() answers, for everybody.';
revoke all on function private.hidden_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.hidden_ids (uuid) to anon, authenticated;

-- In SQL and not a definer, so that the planner puts it into the query around it. Nobody
-- blocks themselves, so this is a block in one of the two directions. Postgres looks it up
-- in the primary key. An "or" would need a bitmap, which pages do not use
-- (30-feeds/30-feeds.sql).
create function private.block_between(one_id uuid, other_id uuid)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  from public.blocks
  where blocks.blocker_id in (block_between.one_id, block_between.other_id)
    and blocks.blocked_id in (block_between.one_id, block_between.other_id);
end;

comment on function private.block_between is 'A row for each block between two people. No row when neither blocks the other.';
revoke all on function private.block_between (uuid, uuid) from public, anon, authenticated, service_role;

-- The lock skips an account that is being deleted at this moment. So nobody waits for a
-- deletion while they hold other locks. Plpgsql, because Postgres keeps its plan.
create function private.hold_existing_person(profile_id uuid)
returns setof boolean
language plpgsql
volatile
security invoker
set search_path = ''
rows 1
as $$
begin
  return query
  select true
  from public.profiles
  where profiles.id = hold_existing_person.profile_id
  for key share skip locked;
end;
$$;

comment on function private.hold_existing_person is 'A row when the account exists. Then nobody can delete it until the transaction ends.';
revoke all on function private.hold_existing_person (uuid) from public, anon, authenticated, service_role;

create function private.hold_person(profile_id uuid)
returns setof boolean
language plpgsql
volatile
security invoker
set search_path = ''
rows 1
as $$
declare
  has_share boolean := private.share_queue('kept account', hold_person.profile_id);
begin
  return query
  select held.* from private.hold_existing_person(hold_person.profile_id) as held;
  if found and not has_share then
    perform private.refuse_busy_profile();
  end if;
end;
$$;

comment on function private.hold_person is 'Like hold_existing_person(), for functions, which may hold the account for seconds: see share_queue(). The error PT503 when somebody waits to delete the account.';
revoke all on function private.hold_person (uuid) from public, anon, authenticated, service_role;

create function private.refuse_busy_profile()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT503' using message = 'This account is changing at this moment. Try again', detail = 'profile_busy';
end;
$$;

comment on function private.refuse_busy_profile is 'Raises the error PT503.';
revoke all on function private.refuse_busy_profile () from public, anon, authenticated, service_role;

create function private.refuse_profile()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
end;
$$;

comment on function private.refuse_profile is 'Raises the error PT404.';
revoke all on function private.refuse_profile () from public, anon, authenticated, service_role;

-- A missing person and a hidden person get one answer, in the same words.
create function private.find_profile(viewer_id uuid, profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if not exists (select from public.profiles where profiles.id = find_profile.profile_id)
    or exists (select from private.block_between(find_profile.viewer_id, find_profile.profile_id))
  then
    perform private.refuse_profile();
  end if;
end;
$$;

comment on function private.find_profile is 'The error PT404 unless the person exists and no block hides them from the viewer.';
revoke all on function private.find_profile (uuid, uuid) from public, anon, authenticated, service_role;

create function private.require_profile(viewer_id uuid, profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform private.start_clock(3);
  if not exists (
    select from private.hold_person(require_profile.profile_id)
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    perform private.refuse_profile();
  end if;
end;
$$;

comment on function private.require_profile is 'Like find_profile(), and nobody can delete the account until the transaction ends.';
revoke all on function private.require_profile (uuid, uuid) from public, anon, authenticated, service_role;

/*
 * A new row refers to a person. Nobody may delete the account from now until the transaction ends.
 * If somebody deletes it at this moment, the row is refused. Postgres has a trigger of its own for
 * each foreign key, which would wait for the deletion and answer in other words. These triggers
 * have names that begin with RI, and triggers run in the order of their names. So this one begins
 * with a capital letter before R.
 *
 * Definer, because the person may be hidden.
 */
create function private.keep_person()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  person_id uuid;
begin
  if tg_table_name = 'blocks' then
    person_id := new.blocked_id;
  elsif tg_table_name = 'mutes' then
    person_id := new.muted_id;
  elsif tg_table_name = 'follows' then
    person_id := new.followee_id;
  elsif tg_table_name = 'follow_requests' then
    person_id := new.target_id;
  else
    person_id := new.profile_id;
  end if;
  -- The answer has been read: no share of a queue is needed.
  if not exists (select from private.hold_existing_person(person_id)) then
    perform private.refuse_profile();
  end if;
  return null;
end;
$$;

comment on function private.keep_person is 'Keeps the person that a new row refers to until the transaction ends.';
revoke all on function private.keep_person () from public, anon, authenticated, service_role;

create policy "everybody reads the profiles of people who are not hidden"
  on public.profiles for select
  to anon, authenticated
  using (id not in (select private.hidden_ids((select auth.uid()))));

alter table public.blocks enable row level security;

-- If two people block each other, neither sees their own block. Seeing it would reveal
-- that the other account still exists. They cannot delete it either: the number of rows
-- that a delete counts would reveal the same.
create policy "people read their own blocks of people who do not block them"
  on public.blocks for select
  to authenticated
  using (
    blocker_id = (select auth.uid())
    and blocked_id not in (select private.blocker_ids((select auth.uid())))
  );

create policy "people block others in their own name"
  on public.blocks for insert
  to authenticated
  with check (blocker_id = (select auth.uid()));

create policy "people delete the blocks that they read"
  on public.blocks for delete
  to authenticated
  using (
    blocker_id = (select auth.uid())
    and blocked_id not in (select private.blocker_ids((select auth.uid())))
  );

revoke all on public.blocks from public, anon, authenticated, service_role;
grant select, delete on public.blocks to authenticated, service_role;
grant insert (blocker_id, blocked_id) on public.blocks to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may read the blocks of others. A repeated block passes here. The
-- primary key refuses it with its own error.
create function private.blocks_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := coalesce(auth.uid(), new.blocker_id);
begin
  if new.blocked_id <> viewer_id and not exists (
    select from public.blocks
    where blocks.blocker_id = viewer_id
      and blocks.blocked_id = new.blocked_id
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
  ) then
    perform private.find_profile(viewer_id, new.blocked_id);
  end if;
  return new;
end;
$$;

comment on function private.blocks_check is 'Refuses to block a person who does not exist, or who is hidden.';
revoke all on function private.blocks_check () from public, anon, authenticated, service_role;

create trigger blocks_check
  before insert on public.blocks
  for each row
  execute function private.blocks_check();

create trigger "Keep_person"
  after insert on public.blocks
  for each row
  when (new.blocked_id <> new.blocker_id)
  execute function private.keep_person();
