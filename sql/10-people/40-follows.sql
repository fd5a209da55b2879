/*
 * follows
 *
 * A row for each person who follows another. You follow with an insert, which you may
 * repeat (`upsert(…, { ignoreDuplicates: true })`), and you unfollow with a delete. To
 * follow a private account you ask first (50-follow-requests.sql).
 *
 * Follows decide who may look into a private account. This rule is here (lets_in,
 * looks_into). The counts of followers are in 45-follow-counts.sql.
 */

-- Tables ---------------------------------------------------------------------

create table public.follows (
  follower_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  followee_id  uuid         not null references public.profiles (id) on delete cascade,
  id           bigint       not null default private.new_id(),
  created_at   timestamptz  not null default now(),
  notifies     boolean      not null default false,

  -- The people that somebody follows.
  primary key (follower_id, followee_id),
  constraint follows_not_oneself check (private.rule(
    follower_id <> followee_id,
    'follow_yourself', 'You cannot follow yourself'
  ))
);

comment on table  public.follows is 'A row for each person who follows another. Insert to follow, delete to unfollow. The two people see it, and so does everybody who may look into both accounts. Only its followers may look into a private account.';
comment on column public.follows.follower_id is 'The person who follows. When left out, it is you.';
comment on column public.follows.followee_id is 'The person who is followed.';
comment on column public.follows.id is 'Made of the time of following. Order and page by it.';
comment on column public.follows.notifies is 'Whether the follower is notified of each new post of this person. Only the follower changes it. Everybody who sees the follow sees it.';

-- The followers of somebody, newest first.
create index follows_followee_id_id_idx on public.follows (followee_id, id desc);
-- The people that somebody follows, newest first.
create index follows_follower_id_id_idx on public.follows (follower_id, id desc);
-- The followers who are notified of each new post.
create index follows_followee_id_follower_id_notifies_idx on public.follows (followee_id, follower_id) where notifies;

-- Rules ----------------------------------------------------------------------

-- In SQL and not a definer, so that the planner puts it into the query around it. It says
-- "(select true …) is true" because the planner would turn exists(…) into a join. The join
-- would read everybody that the viewer follows.
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

comment on function private.lets_in is 'One row when the account is the viewer''s own, is public, or is followed by the viewer. It does not ask about blocks.';
revoke all on function private.lets_in (uuid, uuid) from public, anon, authenticated, service_role;

-- Definer, because the viewer may not read the blocks and follows of others.
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

comment on function private.looks_into is 'Whether the viewer sees what an account does. It is their own, it is public, or they follow it, and no block hides the two from each other.';
revoke all on function private.looks_into (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.looks_into (uuid, uuid) to anon, authenticated;

-- Definer, because it asks about the blocks and follows of both accounts.
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

comment on function private.sees_follow is 'Whether the viewer sees that one person follows another. The two people see it, and everybody who may look into both accounts.';
revoke all on function private.sees_follow (uuid, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.sees_follow (uuid, uuid, uuid) to anon, authenticated;

-- Volatile, so that it sees what others committed while the request waited for its turn.
-- A repeated follow passes here, and so does a follow of yourself. The primary key and the
-- check constraint refuse them with their own errors.
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
      message = 'This account is private. Ask to follow it', detail = 'follow_needs_request';
  end if;
  return true;
end;
$$;

comment on function private.consents_to_follow is 'True when the person may follow the account without asking. The error PT403 when it is private.';
revoke all on function private.consents_to_follow (uuid) from public, anon, authenticated, service_role;
grant execute on function private.consents_to_follow (uuid) to authenticated;

alter table public.follows enable row level security;

create policy "the two people, and people who see both accounts, read a follow"
  on public.follows for select
  to anon, authenticated
  using (private.sees_follow((select auth.uid()), follower_id, followee_id));

create policy "people follow public accounts in their own name"
  on public.follows for insert
  to authenticated
  with check (follower_id = (select auth.uid()) and private.consents_to_follow(followee_id));

create policy "people end their own follows"
  on public.follows for delete
  to authenticated
  using (follower_id = (select auth.uid()));

create policy "people change whether they are notified"
  on public.follows for update
  to authenticated
  using (follower_id = (select auth.uid()))
  with check (follower_id = (select auth.uid()));

-- Nobody may update the two people. Another followee is another follow.
revoke all on public.follows from public, anon, authenticated, service_role;
grant select on public.follows to anon, authenticated, service_role;
grant insert (follower_id, followee_id, notifies) on public.follows to authenticated, service_role;
grant update (notifies) on public.follows to authenticated, service_role;
grant delete on public.follows to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- A trusted backend writes the follows of many people and takes no person's turn. So its
-- follows and requests take this lock. Blocks share it.
create function private.follows_without_person()
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended('follows without a person', 0);

comment on function private.follows_without_person is 'The number of the advisory lock that keeps blocks apart from follows that a trusted backend writes.';
revoke all on function private.follows_without_person () from public, anon, authenticated, service_role;

-- A trusted backend that makes an account public accepts its requests. That is one trigger
-- deeper, and needs no lock: a block deletes the request too, so one waits for the other.
-- Definer, because nobody may read the blocks of others.
create function private.follows_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is null and pg_trigger_depth() = 1 then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.find_profile(coalesce(auth.uid(), new.follower_id), new.followee_id);
  return new;
end;
$$;

comment on function private.follows_check is 'Refuses to follow a person who does not exist, or who is hidden.';
revoke all on function private.follows_check () from public, anon, authenticated, service_role;

-- Not when the followee accepts a request. The request was checked when it was made, and a
-- later block would have ended it.
create trigger follows_check
  before insert on public.follows
  for each row
  when (new.followee_id is distinct from auth.uid())
  execute function private.follows_check();

create trigger "Keep_person"
  after insert on public.follows
  for each row
  when (new.followee_id is distinct from auth.uid())
  execute function private.keep_person();

-- Definer, because the row belongs to the follower.
create function private.remove_follower(follower_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
begin
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id and follows.followee_id = viewer_id;
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

comment on function public.remove_follower is 'Ends somebody''s follow of you. False when they did not follow you.';
revoke all on function public.remove_follower (uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_follower (uuid) to authenticated;
