/*
 * runs
 *
 * What pg_cron writes down about its runs. pg_cron itself never deletes anything, and jobs that run
 * every second write 86,400 rows a day.
 */

-- plpgsql, because a bare Postgres may lack pg_cron. It keeps the newest success that is older than an
-- hour. So job_health shows when a daily job last succeeded.
create function private.forget_old_runs()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 10000;
  forgotten integer;
begin
  delete from cron.job_run_details
  where job_run_details.runid in (
    select old.runid
    from cron.job_run_details as old
    left join (
      select run.jobid, max(run.runid) as runid
      from cron.job_run_details as run
      where run.status = 'succeeded' and run.end_time < now() - interval '1 hour'
      group by run.jobid
    ) as kept on kept.jobid = old.jobid
    where old.start_time < now() - interval '3 days'
      or ((old.status = 'succeeded' or old.start_time is null) and old.runid < kept.runid)
    order by old.runid
    limit most
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function private.forget_old_runs is 'Deletes up to 10,000 records of runs: successes that are older than an hour, except the newest of them, and everything that is older than 3 days. Answers how many.';
revoke all on function private.forget_old_runs () from public, anon, authenticated, service_role;
