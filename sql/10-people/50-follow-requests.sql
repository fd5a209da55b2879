/*
 * follow requests
 *
 * Requests to follow a private account. Follows are in 40-follows.sql. A block deletes
 * requests too (blocks_end_follows).
 */

-- Table ----------------------------------------------------------------------

create table public.follow_requests (
  requester_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  target_id     uuid         not null references public.profiles (id) on delete cascade,
  id            bigint       not null default private.new_id(),
  created_at    timestamptz  not null default now(),

  -- It also serves the requests that a person sent.
  primary key (requester_id, target_id)
);

comment on table  public.follow_requests is 'Requests to follow a private account. Insert one to ask, delete it to take it back. The owner of the account calls accept_follow_request() or decline_follow_request().';
comment on column public.follow_requests.requester_id is 'The person who asks. If you leave it out, it is you.';
comment on column public.follow_requests.target_id is 'The private account.';
comment on column public.follow_requests.id is 'Made from the time of the request. Order and page by it.';

-- The requests that a person received, newest first.
create index follow_requests_target_id_id_idx on public.follow_requests (target_id, id desc);

-- Rules ----------------------------------------------------------------------

alter table public.follow_requests enable row level security;

create policy "people read requests that they sent or received"
  on public.follow_requests for select
  to authenticated
  using (requester_id = (select auth.uid()) or target_id = (select auth.uid()));

create policy "people send requests in their own name"
  on public.follow_requests for insert
  to authenticated
  with check (requester_id = (select auth.uid()));

create policy "people take their requests back"
  on public.follow_requests for delete
  to authenticated
  using (requester_id = (select auth.uid()));

revoke all on public.follow_requests from public, anon, authenticated, service_role;
grant select, delete on public.follow_requests to authenticated, service_role;
grant insert (requester_id, target_id) on public.follow_requests to authenticated, service_role;

-- A switch of the account, or its deletion, may wait for a lock of the caller. So the caller
-- does not wait for them. It tries again until they end.
create function private.hold_privacy(profile_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 50;
  is_private boolean;
begin
  if not private.share_queue('kept profile', hold_privacy.profile_id) then
    perform private.refuse_busy_profile();
  end if;
  for try in 1..most_tries loop
    select profiles.is_private into is_private
    from public.profiles
    where profiles.id = hold_privacy.profile_id
    for share skip locked;
    if found then
      return is_private;
    end if;
    perform pg_sleep(0.02);
  end loop;
  perform private.refuse_busy_profile();
end;
$$;

comment on function private.hold_privacy is 'Whether an account is private. Its profile does not change until the transaction ends. It tries for about a second. Then the error PT503, if the profile is still changing.';
revoke all on function private.hold_privacy (uuid) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because the requester may not read all blocks.
create function private.follow_requests_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is null then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.find_profile(coalesce(auth.uid(), new.requester_id), new.target_id);

  if new.requester_id = new.target_id then
    raise sqlstate 'PT400' using message = 'You cannot follow yourself', detail = 'follow_yourself';
  end if;
  return new;
end;
$$;

comment on function private.follow_requests_check is 'Refuses a request to a person who does not exist, who is hidden, or who makes it.';
revoke all on function private.follow_requests_check () from public, anon, authenticated, service_role;

create trigger follow_requests_check
  before insert on public.follow_requests
  for each row
  execute function private.follow_requests_check();

create trigger "Keep_person"
  after insert on public.follow_requests
  for each row
  execute function private.keep_person();

-- It holds the account: its owner cannot make it public or accept before this request is
-- written. Definer, because the requester may not read all profiles.
create function private.follow_requests_hold_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is not null then
    perform private.meet_blocks(
      (select array_agg(added.requester_id order by added.requester_id, added.target_id) from added),
      (select array_agg(added.target_id order by added.requester_id, added.target_id) from added)
    );
  end if;
  if exists (select from added where not private.hold_privacy(added.target_id)) then
    raise sqlstate 'PT409' using
      message = 'This account is public: follow it without asking', detail = 'follow_needs_no_request';
  elsif exists (
    select from added
    join public.follows on follows.follower_id = added.requester_id and follows.followee_id = added.target_id
  ) then
    raise sqlstate 'PT409' using message = 'You follow this account', detail = 'already_following';
  end if;
  return null;
end;
$$;

comment on function private.follow_requests_hold_account is 'Refuses a request that its target could not accept: after a block, to a public account, or when the follow is there already.';
revoke all on function private.follow_requests_hold_account () from public, anon, authenticated, service_role;

create trigger follow_requests_hold_account
  after insert on public.follow_requests
  referencing new table as added
  for each statement
  execute function private.follow_requests_hold_account();

-- First the requesters, who may be deleting their accounts: such a deletion takes the requests later.
create function private.try_requests_to(profile_id uuid)
returns boolean
language sql
volatile
security invoker
set search_path = ''
begin atomic
  with asking as materialized (
    select profiles.id
    from public.follow_requests
    join public.profiles on profiles.id = follow_requests.requester_id
    where follow_requests.target_id = try_requests_to.profile_id
    for key share of profiles skip locked
  ),
  held as materialized (
    select
    from public.follow_requests
    where follow_requests.target_id = try_requests_to.profile_id
      and follow_requests.requester_id in (select asking.id from asking)
    for update skip locked
  )
  select (select count(*) from held) = (
    select count(*) from public.follow_requests where follow_requests.target_id = try_requests_to.profile_id
  );
end;

comment on function private.try_requests_to is 'Locks all requests to follow somebody, and the people who ask. False if others hold some of them. Then what it got stays locked.';
revoke all on function private.try_requests_to (uuid) from public, anon, authenticated, service_role;

-- A request ends when its requester takes it back, blocks the account or is deleted. None of these
-- may be undone after the account became public: then the request would wait for ever. The person
-- who does it may wait for a row of somebody else. So the switch never waits for a request. It runs
-- before profiles_open_posts, because its name comes first in the alphabet. Definer, because nobody
-- may lock the requests of others.
create function private.profiles_hold_requests()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not private.keep_trying('private.try_requests_to', new.id, 'kept account') then
    raise sqlstate 'PT503' using
      message = 'Others are changing requests to follow this account at this moment. Try again', detail = 'profile_busy';
  end if;
  return null;
end;
$$;

comment on function private.profiles_hold_requests is 'Locks the requests to follow an account that becomes public. It tries as long as keep_trying(). Then the error PT503, if others still change some of them.';
revoke all on function private.profiles_hold_requests () from public, anon, authenticated, service_role;

create trigger profiles_hold_requests
  after update of is_private on public.profiles
  for each row
  when (old.is_private and not new.is_private)
  execute function private.profiles_hold_requests();

-- This is the last trigger of the switch, because a trigger for each statement comes after all
-- triggers for each row. So the counts of the requesters are locked for a moment only, also if
-- an account has many posts. A trusted backend may switch many accounts at once: all their
-- requests are accepted by one statement, which locks all counts in order. Definer, because the
-- follows belong to the requesters.
create function private.profiles_welcome_requesters()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with opened as (
    select after_change.id
    from after_change
    join before_change on before_change.id = after_change.id
    where before_change.is_private and after_change.is_private is false
  ),
  accepted as (
    delete from public.follow_requests
    where follow_requests.target_id in (select opened.id from opened)
    returning follow_requests.requester_id, follow_requests.target_id
  )
  insert into public.follows (follower_id, followee_id)
  select accepted.requester_id, accepted.target_id
  from accepted
  on conflict do nothing;
  return null;
end;
$$;

comment on function private.profiles_welcome_requesters is 'Accepts all waiting requests when accounts become public.';
revoke all on function private.profiles_welcome_requesters () from public, anon, authenticated, service_role;

create trigger profiles_welcome_requesters
  after update on public.profiles
  referencing old table as before_change new table as after_change
  for each statement
  execute function private.profiles_welcome_requesters();

-- API ------------------------------------------------------------------------

create type public.follow_state as enum ('following', 'requested');
comment on type public.follow_state is 'What follow() did: you follow the account, or you asked to follow it.';

-- Definer, to lock a private account: it may become public after this function has looked
-- and before it writes. A public account is not locked, so its new followers do not wait
-- for each other.
create function private.follow(profile_id uuid)
returns public.follow_state
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  is_private boolean;
begin
  perform private.take_own_turn(viewer_id);
  perform private.require_profile(viewer_id, follow.profile_id);

  select profiles.is_private into is_private
  from public.profiles
  where profiles.id = follow.profile_id;
  if is_private then
    is_private := private.hold_privacy(follow.profile_id);
  end if;

  if exists (
    select from public.follows
    where follows.follower_id = viewer_id and follows.followee_id = follow.profile_id
  ) then
    return 'following';
  elsif is_private and follow.profile_id <> viewer_id then
    insert into public.follow_requests (requester_id, target_id)
    values (viewer_id, follow.profile_id)
    on conflict do nothing;
    return 'requested';
  end if;
  -- The account may have accepted a request of this person a moment ago.
  insert into public.follows (follower_id, followee_id)
  values (viewer_id, follow.profile_id)
  on conflict do nothing;
  return 'following';
end;
$$;

comment on function private.follow is 'What public.follow() does.';
revoke all on function private.follow (uuid) from public, anon, authenticated, service_role;
grant execute on function private.follow (uuid) to authenticated;

create function public.follow(profile_id uuid)
returns public.follow_state
language sql
volatile
security invoker
return private.follow(follow.profile_id);

comment on function public.follow is 'Follows a public account, or sends a request to a private one. Answers following or requested. You may call it again: the second call changes nothing.';
revoke all on function public.follow (uuid) from public, anon, authenticated, service_role;
grant execute on function public.follow (uuid) to authenticated;

-- Definer, because the follow belongs to the requester. It locks the account, so the
-- requester cannot send a second request while its owner accepts this one.
create function private.answer_follow_request(requester_id uuid, accepts boolean)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
begin
  perform private.take_turns(viewer_id);
  perform private.start_clock(3);
  perform
  from public.profiles
  where profiles.id = viewer_id
  for no key update;

  -- The account of the requester may be deleted at this moment, and their request with it.
  if not exists (select from private.hold_person(answer_follow_request.requester_id)) then
    return false;
  end if;
  delete from public.follow_requests
  where follow_requests.requester_id = answer_follow_request.requester_id
    and follow_requests.target_id = viewer_id;
  if found and accepts then
    -- The requester spent for the request. The person who accepts it spends nothing.
    perform set_config('plaza.is_free', 'yes', true);
    insert into public.follows (follower_id, followee_id)
    values (answer_follow_request.requester_id, viewer_id)
    on conflict do nothing;
    perform set_config('plaza.is_free', '', true);
    return true;
  end if;
  return found;
end;
$$;

comment on function private.answer_follow_request is 'What public.accept_follow_request() and public.decline_follow_request() do.';
revoke all on function private.answer_follow_request (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.answer_follow_request (uuid, boolean) to authenticated;

create function public.accept_follow_request(requester_id uuid)
returns boolean
language sql
volatile
security invoker
return private.answer_follow_request(accept_follow_request.requester_id, true);

comment on function public.accept_follow_request is 'Accepts a request to follow you. Answers false if there is none, for example because the requester took it back.';
revoke all on function public.accept_follow_request (uuid) from public, anon, authenticated, service_role;
grant execute on function public.accept_follow_request (uuid) to authenticated;

create function public.decline_follow_request(requester_id uuid)
returns boolean
language sql
volatile
security invoker
return private.answer_follow_request(decline_follow_request.requester_id, false);

comment on function public.decline_follow_request is 'Deletes a request to follow you. Answers false if there is none. The requester may ask again.';
revoke all on function public.decline_follow_request (uuid) from public, anon, authenticated, service_role;
grant execute on function public.decline_follow_request (uuid) to authenticated;
