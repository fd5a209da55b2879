/*
 * changes
 *
 * When whose list of suggestions is computed. Everybody has a row here. A trigger on follows notes
 * who has changed, so that their list is computed within seconds. The lists of all others are
 * computed once a day. 70-jobs.sql takes the rows.
 */

-- Table ----------------------------------------------------------------------

-- Half of every page stays free, as in follow_counts.
create table private.suggestion_turns (
  profile_id   uuid         primary key references public.profiles (id) on delete cascade,
  changed_at   timestamptz,
  due_at       timestamptz  not null default now(),
  sent_at      timestamptz,
  fingerprint  bigint
) with (fillfactor = 50);

comment on table  private.suggestion_turns is 'When the list of each person is computed. One row for each profile.';
comment on column private.suggestion_turns.changed_at is 'When the list may be computed because the person followed or unfollowed somebody. Null if that has been done.';
comment on column private.suggestion_turns.due_at is 'When the list is computed although nothing is known to have changed.';
comment on column private.suggestion_turns.sent_at is 'When the last job was sent. The next one is sent ten seconds later at the earliest.';
comment on column private.suggestion_turns.fingerprint is 'A hash of the people and sources of the list. The workers compare it, and write no list twice.';
revoke all on private.suggestion_turns from public, anon, authenticated, service_role;

-- The people who have changed, those who have waited longest first.
create index suggestion_turns_changed_at_idx on private.suggestion_turns (changed_at) where changed_at is not null;
-- The people whose day is over.
create index suggestion_turns_due_at_idx on private.suggestion_turns (due_at);

-- Rules ----------------------------------------------------------------------

-- Sessions show who only reads.
create function private.is_away(profile_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return not private.is_active(is_away.profile_id) and not exists (
    select from auth.sessions
    where sessions.user_id = is_away.profile_id
      and greatest(sessions.updated_at, sessions.refreshed_at at time zone 'UTC') > now() - interval '30 days'
  );
end;
$$;

comment on function private.is_away is 'Whether somebody has done nothing for 30 days, and had no session. Nobody computes suggestions for them until they come back.';
revoke all on function private.is_away (uuid) from public, anon, authenticated, service_role;

-- Going and coming back ------------------------------------------------------

-- An account that is being deleted is left out: its deletion may wait for the turn that the caller holds.
create function private.rest_suggestions(profile_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  held_ids uuid[];
begin
  held_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id = any (rest_suggestions.profile_ids)
    order by profiles.id
    for key share skip locked
  );
  delete from private.suggestion_lists
  where suggestion_lists.viewer_id = any (held_ids);
  update private.suggestion_turns
  set due_at = now() + interval '30 days'
  where suggestion_turns.profile_id = any (held_ids);
end;
$$;

comment on function private.rest_suggestions is 'Deletes the lists of people who are away, and looks at these people again in 30 days.';
revoke all on function private.rest_suggestions (uuid[]) from public, anon, authenticated, service_role;

-- suggestions_seen() calls it. Reading suggestions writes nothing.
create function private.wake_suggestions(profile_id uuid)
returns void
language sql
volatile
security invoker
begin atomic
  update private.suggestion_turns
  set changed_at = now()
  where suggestion_turns.profile_id = wake_suggestions.profile_id
    and suggestion_turns.changed_at is null
    and (suggestion_turns.sent_at is null or suggestion_turns.sent_at < now() - interval '1 day')
    and not exists (
      select from private.suggestion_lists
      where suggestion_lists.viewer_id = wake_suggestions.profile_id
    );
end;

comment on function private.wake_suggestions is 'Has the list of somebody computed who is back and has none. At most once a day.';
revoke all on function private.wake_suggestions (uuid) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write turns. A new person has nobody to base a list on, and gets one
-- within the day. Their first follow makes it sooner.
create function private.profiles_create_suggestion_turns()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.suggestion_turns (profile_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_suggestion_turns is 'Gives a new profile its turn.';
revoke all on function private.profiles_create_suggestion_turns () from public, anon, authenticated, service_role;

create trigger profiles_create_suggestion_turns
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_suggestion_turns();

/*
 * Definer, because nobody may write turns. It runs with every follow, so it touches one row of the
 * follower. It does not touch the person who is followed: a person who follows thousands cannot make
 * work for thousands. If a statement is about more than 100 followers, such as the end of a popular
 * account, nobody is noted: their day comes.
 *
 * The row is written also if the change is noted already, which locks it. So nobody takes it before
 * this follow is committed (skip locked), and no follow is missed. Rows are locked in the order of
 * their ids, like those of follow_counts.
 */
create function private.follows_turn_suggestions()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  most constant integer := 100;
  follower_ids uuid[];
begin
  follower_ids := array(
    select distinct changed.follower_id from changed
    limit most + 1
  );
  if cardinality(follower_ids) > most then
    return null;
  end if;
  if cardinality(follower_ids) > 1 then
    perform
    from private.suggestion_turns
    where suggestion_turns.profile_id = any (follower_ids)
    order by suggestion_turns.profile_id
    for no key update;
  end if;

  update private.suggestion_turns
  set changed_at = coalesce(suggestion_turns.changed_at, greatest(now(), suggestion_turns.sent_at + interval '10 seconds'))
  where suggestion_turns.profile_id = any (follower_ids);
  return null;
end;
$$;

comment on function private.follows_turn_suggestions is 'Notes who follows or unfollows somebody, so that their list is computed again.';
revoke all on function private.follows_turn_suggestions () from public, anon, authenticated, service_role;

create trigger follows_turn_suggestions_inserted
  after insert on public.follows
  referencing new table as changed
  for each statement
  execute function private.follows_turn_suggestions();

create trigger follows_turn_suggestions_deleted
  after delete on public.follows
  referencing old table as changed
  for each statement
  execute function private.follows_turn_suggestions();
