/*
 * jobs of trends
 *
 * When trends are computed: each minute, by the worker edge-functions/jobs/trends.ts. And when old
 * rows of the history are deleted.
 */

-- One waits at most: if the worker was away, the next job does all that is left.
do $$
begin
  perform pgboss.create_queue('trends', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5,
    "expireInSeconds": 60, "retentionSeconds": 3600, "deleteAfterSeconds": 86400
  }');
end;
$$;

create function private.sweep_trend_history()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 5000;
  swept integer;
begin
  delete from private.trend_history
  where (trend_history.kind, trend_history.term, trend_history.period, trend_history.scored_at) in (
    select old.kind, old.term, old.period, old.scored_at
    from private.trend_history as old
    where old.scored_at < now() - interval '90 days'
    order by old.scored_at
    limit most
    for update skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$$;

comment on function private.sweep_trend_history is 'Deletes up to 5,000 rows of the history of trends that are older than 90 days. Answers how many.';
revoke all on function private.sweep_trend_history () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('send-trends', '* * * * *', 'select private.send_job(''trends'')');
    perform cron.schedule('sweep-trend-history', '*/5 * * * *', 'select private.sweep_trend_history()');
  end if;
end;
$$;
