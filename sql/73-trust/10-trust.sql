/*
 * trust
 *
 * How much each account is trusted. Anybody can make accounts, so an account that nobody real has to
 * do with must not weigh anything. Trust begins at a few accounts (20-seeds.sql) and moves to the
 * people that they have to do with (30-interactions.sql). edge-functions/_shared/trust computes
 * it from what 40-refresh.sql shows, and 50-jobs.sql says when.
 *
 * Nobody reads it, neither their own nor that of others. It decides who counts in trends, who may
 * do more in their first week (10-people/12-budgets.sql), and how followers weigh in the search
 * for people. docs/explanation/trust.md has the rule and its limits.
 */

-- Table ----------------------------------------------------------------------

-- No foreign key: a deletion of an account would wait for write_trust(). The next refresh deletes
-- the rows of deleted accounts.
create table private.trust (
  profile_id  uuid         primary key,
  weight      real         not null default 1 check (weight > 0 and weight <= 1),
  counts      boolean      not null default true,
  since_at    timestamptz  not null default now()
);

comment on table  private.trust is 'The people who are trusted. Everybody else has the weight 0. write_trust() writes it. A ban deletes the row.';
comment on column private.trust.weight is 'How much they are trusted. At most 1.';
comment on column private.trust.counts is 'Whether they count in trends. For this, two people who count have to vouch for them.';
comment on column private.trust.since_at is 'Since when they have been trusted without a break.';
revoke all on private.trust from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

create function private.trust_of(profile_id uuid)
returns real
language sql
stable
security invoker
return coalesce((select trust.weight from private.trust where trust.profile_id = trust_of.profile_id), 0);

comment on function private.trust_of is 'How much somebody is trusted, from 0 to 1.';
revoke all on function private.trust_of (uuid) from public, anon, authenticated, service_role;

create function private.trust_lock()
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended('trust', 0);

comment on function private.trust_lock is 'The number of the advisory lock of those who change private.trust.';
revoke all on function private.trust_lock () from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Trust comes back when it is computed again after the end of the ban. Definer, because Auth has no
-- rights here.
create function private.users_lose_trust()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(private.trust_lock());
  delete from private.trust
  where trust.profile_id = new.id;
  insert into private.trend_changes (lane, profile_id)
  values ('person', new.id);
  return null;
end;
$$;

comment on function private.users_lose_trust is 'Takes the trust of an account away when it is banned. Trends look at its posts after every change of a ban.';
revoke all on function private.users_lose_trust () from public, anon, authenticated, service_role;

create trigger users_lose_trust
  after update of banned_until on auth.users
  for each row
  when (new.banned_until is distinct from old.banned_until)
  execute function private.users_lose_trust();
