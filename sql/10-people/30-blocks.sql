/*
 * blocks
 *
 * A block hides two people from each other, everywhere and both ways.
 */

-- Tables ---------------------------------------------------------------------

create table public.blocks (
  blocker_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  blocked_id  uuid         not null references public.profiles (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whom somebody blocks.
  primary key (blocker_id, blocked_id),
  constraint blocks_not_oneself check (private.rule(
    blocker_id <> blocked_id,
    'block_yourself', 'You cannot block yourself'
  ))
);

comment on table  public.blocks is 'Whom one blocks. Insert to block, which ends follows both ways; delete to unblock.';
comment on column public.blocks.blocker_id is 'Who blocks: yourself, when left out.';
comment on column public.blocks.blocked_id is 'Who is blocked.';
comment on column public.blocks.id is 'Made of the time of blocking: order and page by it.';

-- Who blocks somebody.
create index blocks_blocked_id_blocker_id_idx on public.blocks (blocked_id, blocker_id);

-- Rules ----------------------------------------------------------------------

-- Definer, here and below, because who blocks whom is nobody's to read. Plpgsql,
-- because its plan is kept: a definer in SQL is planned anew at every call.
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

comment on function private.blocker_ids is 'Who blocks the viewer.';
revoke all on function private.blocker_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.blocker_ids (uuid) to authenticated;

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
  select blocks.blocked_id
  from public.blocks
  where blocks.blocker_id = hidden_ids.viewer_id
  union
  select blocks.blocker_id
  from public.blocks
  where blocks.blocked_id = hidden_ids.viewer_id;
end;
$$;

comment on function private.hidden_ids is 'Whom the viewer blocks, and who blocks the viewer.';
revoke all on function private.hidden_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.hidden_ids (uuid) to anon, authenticated;

-- In SQL and without a definer, so that the planner puts it into the query around it.
create function private.block_between(one_id uuid, other_id uuid)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  from public.blocks
  where (blocks.blocker_id, blocks.blocked_id) = (block_between.one_id, block_between.other_id)
    or (blocks.blocker_id, blocks.blocked_id) = (block_between.other_id, block_between.one_id);
end;

comment on function private.block_between is 'A row or two when one of two people blocks the other.';
revoke all on function private.block_between (uuid, uuid) from public, anon, authenticated, service_role;

-- Not to exist and to be hidden are one answer, in the same words.
create function private.require_profile(viewer_id uuid, profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if not exists (
    select from public.profiles
    where profiles.id = require_profile.profile_id
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
end;
$$;

comment on function private.require_profile is 'The error PT404 unless the viewer sees that there is such a person.';
revoke all on function private.require_profile (uuid, uuid) from public, anon, authenticated, service_role;

create policy "anyone reads profiles, but for blocks"
  on public.profiles for select
  to anon, authenticated
  using (id not in (select private.hidden_ids((select auth.uid()))));

alter table public.blocks enable row level security;

-- One's block of somebody who blocks one as well is hidden as they are: it would
-- tell that they still exist. What is hidden is not changed either, not even by a
-- request that names no row, whose count would tell.
create policy "people read whom they block"
  on public.blocks for select
  to authenticated
  using (
    blocker_id = (select auth.uid())
    and blocked_id not in (select private.blocker_ids((select auth.uid())))
  );

create policy "people block in their own name"
  on public.blocks for insert
  to authenticated
  with check (blocker_id = (select auth.uid()));

create policy "people unblock in their own name"
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

-- Definer, because who blocks whom is nobody's to read. To block again whom one
-- blocks is a conflict as any; whom one cannot see cannot be blocked.
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
    perform private.require_profile(viewer_id, new.blocked_id);
  end if;
  return new;
end;
$$;

comment on function private.blocks_check is 'Refuses to block whom one cannot see.';
revoke all on function private.blocks_check () from public, anon, authenticated, service_role;

create trigger blocks_check
  before insert on public.blocks
  for each row
  execute function private.blocks_check();
