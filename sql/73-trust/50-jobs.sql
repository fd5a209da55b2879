/*
 * jobs of trust
 *
 * When interactions are collected, and when trust is computed: by the worker
 * edge-functions/jobs/trust.ts.
 */

-- One waits at most.
do $$
begin
  perform pgboss.create_queue('trust', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 60,
    "expireInSeconds": 300, "retentionSeconds": 3600, "deleteAfterSeconds": 172800
  }');
end;
$$;

-- In a new network, people should not wait a day until they are trusted. In a large one, one day
-- changes little.
create function private.send_trust_if_due(at timestamptz default now())
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
  if is_large and to_char(send_trust_if_due.at at time zone 'UTC', 'HH24:MI') not between '04:20' and '04:29' then
    return false;
  end if;
  perform private.send_job('trust');
  return true;
end;
$$;

comment on function private.send_trust_if_due is 'Adds a job that computes trust: always if there are at most 10,000 people, otherwise only from 04:20 to 04:29 UTC. Answers whether it is due.';
revoke all on function private.send_trust_if_due (timestamptz) from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('collect-interactions', '1-59/10 * * * *', 'select private.collect_interactions()');
    perform cron.schedule('forget-interactions', '2-59/10 * * * *', 'select private.forget_interactions()');
    perform cron.schedule('send-trust', '3-59/10 * * * *', 'select private.send_trust_if_due()');
  end if;
end;
$$;
