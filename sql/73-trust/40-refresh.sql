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
  trust_seeds.profile_id is not null as is_seed,
  profiles.created_at
    <= (select min(oldest.created_at) from public.profiles as oldest) + interval '24 hours' as is_founder
from public.profiles
left join private.trust_seeds on trust_seeds.profile_id = profiles.id
where not exists (select from auth.users where users.id = profiles.id and users.banned_until > now())
order by profiles.created_at, profiles.id;

comment on view   private.trust_people is 'Everybody who can be trusted, the oldest accounts first. A banned account cannot.';
comment on column private.trust_people.is_old is 'Whether the account is at least seven days old.';
comment on column private.trust_people.is_early is 'Whether it may be a seed if nobody named any.';
comment on column private.trust_people.is_seed is 'Whether somebody named it as a seed.';
comment on column private.trust_people.is_founder is 'Whether it came on the first day of the network.';
revoke all on private.trust_people from public, anon, authenticated, service_role;

-- Each view has one row for a person, with the ids of the others one after the other. One row for
-- each pair would cost five times as much. They join nothing: TypeScript puts them together.
create view private.trust_answered
with (security_invoker = on)
as
select interactions.giver_id as profile_id, string_agg(uuid_send(interactions.receiver_id), ''::bytea) as others
from private.interactions
group by interactions.giver_id;

comment on view   private.trust_answered is 'The people that somebody answered, quoted or reposted.';
comment on column private.trust_answered.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_answered from public, anon, authenticated, service_role;

create view private.trust_following
with (security_invoker = on)
as
select follows.follower_id as profile_id, string_agg(uuid_send(follows.followee_id), ''::bytea) as others
from public.follows
group by follows.follower_id;

comment on view   private.trust_following is 'The people that somebody follows.';
comment on column private.trust_following.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_following from public, anon, authenticated, service_role;

create view private.trust_shunned
with (security_invoker = on)
as
select blocks.blocker_id as profile_id, string_agg(uuid_send(blocks.blocked_id), ''::bytea) as others
from public.blocks
group by blocks.blocker_id
union all
select mutes.muter_id, string_agg(uuid_send(mutes.muted_id), ''::bytea)
from public.mutes
where mutes.muted_until is null or mutes.muted_until > now()
group by mutes.muter_id;

comment on view   private.trust_shunned is 'The people that somebody blocks or mutes. They get no trust from this person. Two rows if both.';
comment on column private.trust_shunned.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_shunned from public, anon, authenticated, service_role;

-- Writing --------------------------------------------------------------------

-- Everything was computed without a lock. A ban that came meanwhile is seen here, because
-- users_lose_trust() takes the same lock. Rows that did not change are not written again.
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
