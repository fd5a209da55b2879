/*
 * refreshing trust
 *
 * What edge-functions/_shared/trust/refresh.ts reads and writes. It reads each view once, as a whole.
 */

-- Reading --------------------------------------------------------------------

-- An account of the last week cannot be a seed by its age, unless the network itself is new.
create view private.trust_people
with (security_invoker = on)
as
select
  profiles.id,
  profiles.created_at <= now() - interval '168 hours' as is_old,
  profiles.created_at <= greatest(
    now() - interval '168 hours',
    (select min(oldest.created_at) from public.profiles as oldest) + interval '24 hours'
  ) as is_early,
  trust_seeds.profile_id is not null as is_seed
from public.profiles
left join private.trust_seeds on trust_seeds.profile_id = profiles.id
where not exists (select from auth.users where users.id = profiles.id and users.banned_until > now())
order by profiles.created_at, profiles.id;

comment on view   private.trust_people is 'Everybody who can be trusted, the oldest accounts first. A banned account cannot.';
comment on column private.trust_people.is_old is 'Whether the account is at least seven days old.';
comment on column private.trust_people.is_early is 'Whether it may be a seed if nobody named any.';
comment on column private.trust_people.is_seed is 'Whether somebody named it as a seed.';
revoke all on private.trust_people from public, anon, authenticated, service_role;

-- Who answers somebody and then blocks or mutes them does not trust them. A block ends follows.
create view private.trust_gifts
with (security_invoker = on)
as
select given.giver_id, given.receiver_id, given.is_friend
from (
  select interactions.giver_id, interactions.receiver_id, false as is_friend
  from private.interactions
  where not exists (
    select from public.blocks
    where blocks.blocker_id = interactions.giver_id and blocks.blocked_id = interactions.receiver_id
  )
  union all
  select follows.follower_id, follows.followee_id, true
  from public.follows
  join public.follows as returned
    on returned.follower_id = follows.followee_id and returned.followee_id = follows.follower_id
) as given
where not exists (
  select from public.mutes
  where mutes.muter_id = given.giver_id
    and mutes.muted_id = given.receiver_id
    and (mutes.muted_until is null or mutes.muted_until > now())
);

comment on view   private.trust_gifts is 'Whom somebody passes trust on to. Two rows if both reasons hold.';
comment on column private.trust_gifts.is_friend is 'True: the two follow each other. False: the giver answered, quoted or reposted the receiver.';
revoke all on private.trust_gifts from public, anon, authenticated, service_role;

-- Writing --------------------------------------------------------------------

-- Everything was computed without a lock. A ban that came meanwhile is seen here, because
-- users_lose_trust() takes the same lock. What did not change is not written again.
create function private.write_trust(profile_ids uuid[], weights real[], counts boolean[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  written integer;
begin
  perform pg_advisory_xact_lock(private.trust_lock());
  with wanted as materialized (
    select computed.profile_id, computed.weight, computed.counts
    from unnest(write_trust.profile_ids, write_trust.weights, write_trust.counts)
      as computed (profile_id, weight, counts)
    join public.profiles on profiles.id = computed.profile_id
    where not exists (
      select from auth.users
      where users.id = computed.profile_id and users.banned_until > clock_timestamp()
    )
  ),
  compared as materialized (
    select
      coalesce(wanted.profile_id, trust.profile_id) as profile_id, wanted.weight, wanted.counts,
      coalesce(wanted.counts, false) <> coalesce(trust.counts, false) as changes_trends
    from wanted
    full join private.trust on trust.profile_id = wanted.profile_id
    where (wanted.weight, wanted.counts) is distinct from (trust.weight, trust.counts)
  ),
  removed as (
    delete from private.trust
    using compared
    where trust.profile_id = compared.profile_id and compared.weight is null
  ),
  added as (
    insert into private.trust (profile_id, weight, counts)
    select compared.profile_id, compared.weight, compared.counts
    from compared
    where compared.weight is not null
    on conflict (profile_id) do update
    set weight = excluded.weight, counts = excluded.counts
  ),
  noticed as (
    insert into private.trend_changes (lane, profile_id)
    select 'person', compared.profile_id
    from compared
    where compared.changes_trends
  )
  select count(*) into written
  from compared;
  return written;
end;
$$;

comment on function private.write_trust is 'Replaces the trust of everybody: who is not in the arrays is not trusted any more. Answers how many people that changed. Trends look at the posts of those who begin or cease to count.';
revoke all on function private.write_trust (uuid[], real[], boolean[]) from public, anon, authenticated, service_role;
