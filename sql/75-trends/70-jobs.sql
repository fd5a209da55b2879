/*
 * jobs of trends
 *
 * When trends are computed: each minute in which something could change them, by the worker
 * edge-functions/jobs/trends.ts. And when old rows of the history are deleted.
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

-- Sending --------------------------------------------------------------------

-- What a refresh would do something about. The forecast of a term moves with each minute. So a term
-- that could trend, or trends, is always looked at. The empty term, which stands for the network, never trends.
create function private.are_trends_due(at timestamptz)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  -- A trend has at least five people: see private.is_unusual().
  fewest constant integer := 5;
begin
  return (select change.id from private.trend_changes as change order by change.lane, change.id limit 1) is not null
    or are_trends_due.at >= (select trend_state.closed_at from private.trend_state) + interval '1 hour'
    or cardinality(private.aged_trend_voices(are_trends_due.at, 1)) > 0
    or private.have_trend_uses_expired(are_trends_due.at)
    or exists (select from private.trends)
    or exists (
      select
      from unnest(enum_range(null::public.trend_kind)) as every (kind)
      cross join lateral (
        select
        from private.trend_counts
        where trend_counts.kind = every.kind and trend_counts.term <> '' and trend_counts.in_week >= fewest
        limit 1
      ) as busy
    );
end;
$$;

comment on function private.are_trends_due is 'Whether a refresh at this moment could change anything: something changed, an hour ends, somebody leaves a window, or a term could trend.';
revoke all on function private.are_trends_due (timestamptz) from public, anon, authenticated, service_role;

-- So an idle network starts no function. If nothing is due, a refresh would only note its moment. This
-- function notes it then, unless a refresh is running.
create function private.send_trends_if_due(at timestamptz default now())
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if private.are_trends_due(send_trends_if_due.at) then
    perform private.send_job('trends');
    return true;
  end if;
  update private.trend_state
  set refreshed_at = greatest(trend_state.refreshed_at, send_trends_if_due.at)
  where trend_state.only_row in (select free.only_row from private.trend_state as free for update skip locked);
  return false;
end;
$$;

comment on function private.send_trends_if_due is 'Adds a job that computes trends, if a refresh could change anything. Otherwise trends are those of this moment already. Answers whether it is due.';
revoke all on function private.send_trends_if_due (timestamptz) from public, anon, authenticated, service_role;

-- Old rows -------------------------------------------------------------------

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
    perform cron.schedule('send-trends', '* * * * *', 'select private.send_trends_if_due()');
    perform cron.schedule('sweep-trend-history', '*/5 * * * *', 'select private.sweep_trend_history()');
  end if;
end;
$$;
