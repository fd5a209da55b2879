/*
 * trust
 *
 * Who counts in trends. Anybody can make accounts, so accounts that nobody real follows must
 * not count. Trust begins at a few accounts, the seeds, and flows along follows: everybody
 * passes it on to the people that they follow. A crowd of made-up accounts only gets what real
 * people pass to it. Five rounds, because trust that flows on and on reaches everybody
 * (SybilRank, Cao et al., NSDI 2012).
 *
 * A crowd that follows itself keeps the trust that it got. So much trust is not enough: two people
 * who are trusted already have to follow somebody. A crowd in which each account has one honest
 * follower never has a first one.
 */

-- Tables ---------------------------------------------------------------------

-- No foreign key: a deletion of an account would wait for refresh_trust(). The next refresh
-- deletes the rows of deleted accounts.
create table private.trust (
  profile_id  uuid         primary key,
  since_at    timestamptz  not null default now()
);

comment on table  private.trust is 'The people who count in trends. refresh_trust() writes it. A ban deletes the row.';
comment on column private.trust.since_at is 'Since when they have counted without a break.';
revoke all on private.trust from public, anon, authenticated, service_role;

-- Computing ------------------------------------------------------------------

create type private.trust_share as (
  profile_id  uuid,
  amount      bigint
);

comment on type private.trust_share is 'How much trust somebody has in a round. The seeds begin with 10^15 together.';

-- A banned account keeps nothing and passes nothing on. The amounts are whole numbers, so that
-- the order of adding changes nothing.
create function private.pass_trust_on(shares private.trust_share[], banned_ids uuid[])
returns private.trust_share[]
language sql
stable
security invoker
begin atomic
  select coalesce(array_agg(row(passed.followee_id, passed.amount)::private.trust_share), '{}')
  from (
    select part.followee_id, sum(part.amount)::bigint as amount
    from (
      select follows.followee_id, share.amount / count(*) over (partition by follows.follower_id) as amount
      from unnest(pass_trust_on.shares) as share
      join public.follows on follows.follower_id = share.profile_id
      where follows.followee_id <> all (pass_trust_on.banned_ids)
    ) as part
    group by part.followee_id
  ) as passed
  where passed.amount > 0;
end;

comment on function private.pass_trust_on is 'One round: everybody passes all their trust on, in equal parts, to the people that they follow.';
revoke all on function private.pass_trust_on (private.trust_share[], uuid[]) from public, anon, authenticated, service_role;

-- People with more trust come first. Those who hold the first 80% together may be trusted. Among
-- equals, older accounts come first.
create function private.best_supported(received private.trust_share[])
returns setof uuid
language sql
stable
security invoker
rows 1000
begin atomic
  select ranked.profile_id
  from (
    select
      profiles.id as profile_id,
      profiles.created_at,
      sum(total.amount) over (order by total.amount desc, profiles.created_at, profiles.id) - total.amount as before,
      sum(total.amount) over () as everything
    from (
      select share.profile_id, sum(share.amount) as amount
      from unnest(best_supported.received) as share
      group by share.profile_id
    ) as total
    join public.profiles on profiles.id = total.profile_id
  ) as ranked
  where ranked.before < ranked.everything * 0.8
    and ranked.created_at <= now() - interval '168 hours';
end;

comment on function private.best_supported is 'The accounts that are at least seven days old among those who received the first 80% of the trust.';
revoke all on function private.best_supported (private.trust_share[]) from public, anon, authenticated, service_role;

-- The rounds are more than the steps from a seed to anybody, as a rule. A round only reads the follows
-- of the people that the last round added. The planner has to know how long the arrays are.
create function private.grow_trust(candidates uuid[], seeds uuid[], seed_votes integer)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  most_rounds constant integer := 20;
  enough_votes constant integer := 2;
  trusted uuid[] := seeds;
  newest uuid[] := seeds;
  votes_of_newest integer := seed_votes;
  votes private.trust_share[] := '{}';
begin
  for round in 1..most_rounds loop
    votes := array(
      select row(vote.profile_id, sum(vote.amount))::private.trust_share
      from (
        select known.profile_id, known.amount
        from unnest(votes) as known
        union all
        select follows.followee_id, votes_of_newest
        from unnest(newest) as voter (id)
        join public.follows on follows.follower_id = voter.id
      ) as vote
      group by vote.profile_id
    );
    newest := array(
      select candidate.id
      from unnest(candidates) as candidate (id)
      join unnest(votes) as vote on vote.profile_id = candidate.id
      where vote.amount >= enough_votes
      except
      select known.id
      from unnest(trusted) as known (id)
    );
    exit when newest = '{}';
    trusted := trusted || newest;
    votes_of_newest := 1;
  end loop;
  return trusted;
end;
$$;

comment on function private.grow_trust is 'The seeds, and the candidates that are followed by two people who are trusted. The follow of a seed counts as seed_votes.';
revoke all on function private.grow_trust (uuid[], uuid[], integer) from public, anon, authenticated, service_role;

create function private.trust_lock()
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended('trust', 0);

comment on function private.trust_lock is 'The number of the advisory lock of those who change private.trust.';
revoke all on function private.trust_lock () from public, anon, authenticated, service_role;

-- The long part reads only, and holds no lock. A ban that came meanwhile is seen at the end,
-- because users_lose_trust() takes the same lock.
create function private.refresh_trust()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  rounds constant integer := 5;
  banned_ids uuid[] := array(select users.id from auth.users where users.banned_until > now());
  seeds uuid[] := array(
    select trust_seeds.profile_id
    from private.trust_seeds
    where trust_seeds.profile_id <> all (banned_ids)
  );
  -- Somebody chose these seeds with care. So the follow of one is enough.
  seed_votes integer := 2;
  shares private.trust_share[];
  received private.trust_share[] := '{}';
  trusted uuid[];
begin
  if not exists (select from private.trust_seeds) then
    seed_votes := 1;
    -- An account of the last week is not a seed, unless the network itself is new. The number of seeds
    -- grows with the network. A hundred seeds among 100,000 people rarely follow the same person, and
    -- trust would end there.
    seeds := array(
      select profiles.id
      from public.profiles
      where profiles.id <> all (banned_ids)
        and profiles.created_at <= greatest(
          now() - interval '168 hours',
          (select min(profiles.created_at) from public.profiles) + interval '24 hours'
        )
      order by profiles.created_at, profiles.id
      limit greatest(100, (select count(*) / 100 from public.profiles))
    );
  end if;

  shares := array(
    select row(seed.id, 1000000000000000 / nullif(cardinality(seeds), 0))::private.trust_share
    from unnest(seeds) as seed (id)
  );
  for round in 1..rounds loop
    shares := private.pass_trust_on(shares, banned_ids);
    received := received || shares;
  end loop;
  trusted := private.grow_trust(array(select private.best_supported(received)), seeds, seed_votes);

  perform pg_advisory_xact_lock(private.trust_lock());
  banned_ids := array(select users.id from auth.users where users.banned_until > now());
  with wanted as materialized (
    select profiles.id
    from unnest(trusted) as person (id)
    join public.profiles on profiles.id = person.id
    where profiles.id <> all (banned_ids)
  ),
  removed as (
    delete from private.trust
    where not exists (select from wanted where wanted.id = trust.profile_id)
    returning trust.profile_id
  ),
  added as (
    insert into private.trust (profile_id)
    select wanted.id
    from wanted
    on conflict do nothing
    returning trust.profile_id
  )
  insert into private.trend_changes (lane, profile_id)
  select 'person', changed.profile_id
  from (table removed union all table added) as changed;
  return (select count(*) from private.trust);
end;
$$;

comment on function private.refresh_trust is 'Computes who is trusted, and answers how many are. Trends look at the posts of those whose trust changed.';
revoke all on function private.refresh_trust () from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- A person whose ban ends is trusted again from the next refresh_trust() on. Definer, because
-- Auth has no rights here.
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

-- Jobs -----------------------------------------------------------------------

-- In a new network, people should not wait a day until they count. In a large one, the work takes
-- long, and one day changes little.
create function private.refresh_trust_if_due(at timestamptz default now())
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  small constant integer := 10000;
  is_large boolean := exists (select from public.profiles offset small);
begin
  if is_large and to_char(refresh_trust_if_due.at at time zone 'UTC', 'HH24:MI') not between '04:20' and '04:29' then
    return false;
  end if;
  perform private.refresh_trust();
  return true;
end;
$$;

comment on function private.refresh_trust_if_due is 'Computes who is trusted: always if there are at most 10,000 people, otherwise only from 04:20 to 04:29 UTC. Answers whether it did.';
revoke all on function private.refresh_trust_if_due (timestamptz) from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule(
      'refresh-trust', '3-59/10 * * * *',
      'set statement_timeout = ''10min''; select private.refresh_trust_if_due()'
    );
  end if;
end;
$$;
