/*
 * follows
 *
 * Who follows whom. How many do is in 45-follow-counts.sql, how a private account is
 * followed in 50-follow-requests.sql.
 */

-- Tables ---------------------------------------------------------------------

create table public.follows (
  follower_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  followee_id  uuid         not null references public.profiles (id) on delete cascade,
  id           bigint       not null default private.new_id(),
  created_at   timestamptz  not null default now(),

  -- Whom somebody follows.
  primary key (follower_id, followee_id),
  constraint follows_not_oneself check (private.rule(
    follower_id <> followee_id,
    'follow_yourself', 'You cannot follow yourself'
  ))
);

comment on table  public.follows is 'Who follows whom. Insert to follow, delete to unfollow. Seen by the two, and by whoever may look into both: what a private account does is for its followers.';
comment on column public.follows.follower_id is 'Who follows: yourself, when left out.';
comment on column public.follows.followee_id is 'Who is followed.';
comment on column public.follows.id is 'Made of the time of following: order and page by it.';

-- Who follows somebody, newest first.
create index follows_followee_id_id_idx on public.follows (followee_id, id desc);
-- Whom somebody follows, newest first.
create index follows_follower_id_id_idx on public.follows (follower_id, id desc);

-- Rules ----------------------------------------------------------------------

-- In SQL and without a definer, so that the planner puts it into the query around
-- it. (select true …) is true, because of exists(…) the planner would make a join
-- and read everybody whom the viewer follows.
create function private.lets_in(viewer_id uuid, profile_id uuid)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  where lets_in.profile_id = lets_in.viewer_id
    or (select not profiles.is_private from public.profiles where profiles.id = lets_in.profile_id)
    or (
      select true from public.follows
      where follows.follower_id = lets_in.viewer_id and follows.followee_id = lets_in.profile_id
    ) is true;
end;

comment on function private.lets_in is 'One row when an account is the viewer''s own, public, or followed by the viewer. Blocks are not asked.';
revoke all on function private.lets_in (uuid, uuid) from public, anon, authenticated, service_role;

-- Definer, because neither blocks nor follows are everybody's to read.
create function private.looks_into(viewer_id uuid, profile_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return exists (select from private.lets_in(looks_into.viewer_id, looks_into.profile_id))
    and not exists (select from private.block_between(looks_into.viewer_id, looks_into.profile_id));
end;
$$;

comment on function private.looks_into is 'Whether the viewer sees what somebody does: their own, a public account''s or, as a follower, a private one''s, and no block between them.';
revoke all on function private.looks_into (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.looks_into (uuid, uuid) to anon, authenticated;

-- Definer, because it asks about both accounts.
create function private.sees_follow(viewer_id uuid, follower_id uuid, followee_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return coalesce(sees_follow.viewer_id in (sees_follow.follower_id, sees_follow.followee_id), false)
    or (
      private.looks_into(sees_follow.viewer_id, sees_follow.follower_id)
      and private.looks_into(sees_follow.viewer_id, sees_follow.followee_id)
    );
end;
$$;

comment on function private.sees_follow is 'Whether the viewer sees that somebody follows somebody: the two do, and people who may look into both accounts.';
revoke all on function private.sees_follow (uuid, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.sees_follow (uuid, uuid, uuid) to anon, authenticated;

-- Volatile, to see what was committed while the request waited for its turn. To
-- repeat a follow is no matter of consent, nor is to follow oneself: both are
-- refused for what they are.
create function private.consents_to_follow(profile_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if exists (
    select from public.profiles
    where profiles.id = consents_to_follow.profile_id and profiles.is_private and profiles.id <> auth.uid()
  ) and not exists (
    select from public.follows
    where follows.follower_id = auth.uid() and follows.followee_id = consents_to_follow.profile_id
  ) then
    raise sqlstate 'PT403' using
      message = 'This account is private: ask to follow it', detail = 'follow_needs_request';
  end if;
  return true;
end;
$$;

comment on function private.consents_to_follow is 'True, or the error PT403 for a private account.';
revoke all on function private.consents_to_follow (uuid) from public, anon, authenticated, service_role;
grant execute on function private.consents_to_follow (uuid) to authenticated;

alter table public.follows enable row level security;

create policy "people who may look into both accounts read a follow"
  on public.follows for select
  to anon, authenticated
  using (private.sees_follow((select auth.uid()), follower_id, followee_id));

create policy "people follow public accounts in their own name"
  on public.follows for insert
  to authenticated
  with check (follower_id = (select auth.uid()) and private.consents_to_follow(followee_id));

create policy "people unfollow in their own name"
  on public.follows for delete
  to authenticated
  using (follower_id = (select auth.uid()));

-- No update: another followee is another follow.
revoke all on public.follows from public, anon, authenticated, service_role;
grant select on public.follows to anon, authenticated, service_role;
grant insert (follower_id, followee_id) on public.follows to authenticated, service_role;
grant delete on public.follows to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because blocks are nobody's to read.
create function private.follows_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_profile(coalesce(auth.uid(), new.follower_id), new.followee_id);
  return new;
end;
$$;

comment on function private.follows_check is 'Refuses to follow whom one cannot see.';
revoke all on function private.follows_check () from public, anon, authenticated, service_role;

-- A request that is accepted, by whoever owns the account, was checked when made,
-- and a block since would have ended it.
create trigger follows_check
  before insert on public.follows
  for each row
  when (new.followee_id is distinct from auth.uid())
  execute function private.follows_check();

-- Definer, because they are others' follows and requests too. The turns of all who are
-- concerned are taken together, so that nobody follows from one side while the other
-- blocks. That is why the block itself waits in a queue of its own, not for a turn. The
-- locks of the server are finite: even the service role blocks at most 1,000 at once.
create function private.blocks_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if (select count(*) from blocked) > 1000 then
    raise sqlstate 'PT400' using message = 'A request blocks at most 1,000 people', detail = 'too_many_rows';
  end if;
  perform private.take_turns(variadic (
    select array_agg(person.id)
    from blocked
    cross join lateral (values (blocked.blocker_id), (blocked.blocked_id)) as person (id)
  ));
  delete from public.follow_requests
  using blocked
  where (follow_requests.requester_id, follow_requests.target_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  delete from public.follows
  using blocked
  where (follows.follower_id, follows.followee_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  return null;
end;
$$;

comment on function private.blocks_end_follows is 'Ends follows and requests, both ways, between those whom a block hides from each other.';
revoke all on function private.blocks_end_follows () from public, anon, authenticated, service_role;

create trigger blocks_end_follows
  after insert on public.blocks
  referencing new table as blocked
  for each statement
  execute function private.blocks_end_follows();

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

-- Definer, because it is the follower's follow.
create function private.remove_follower(follower_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id
    and follows.followee_id = private.viewer();
  return found;
end;
$$;

comment on function private.remove_follower is 'What public.remove_follower() does.';
revoke all on function private.remove_follower (uuid) from public, anon, authenticated, service_role;
grant execute on function private.remove_follower (uuid) to authenticated;

create function public.remove_follower(follower_id uuid)
returns boolean
language sql
volatile
security invoker
return private.remove_follower(remove_follower.follower_id);

comment on function public.remove_follower is 'Makes somebody follow you no longer: false when they did not.';
revoke all on function public.remove_follower (uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_follower (uuid) to authenticated;
