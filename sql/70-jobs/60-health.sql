/*
 * health
 *
 * One view for those who run Plaza: does the background work get done? It has a row for each
 * queue, for their maintenance, for each job of pg_cron, and for the suggestions of the day.
 */

create type public.job_kind as enum ('queue', 'maintenance', 'schedule');
comment on type public.job_kind is 'queue: jobs that workers do. maintenance: takes jobs back from workers that died, and deletes old ones. schedule: SQL that pg_cron runs, and what npm run worker does once a day.';

-- Definer, because nobody may read the queues and the jobs of pg_cron. plpgsql, because a bare Postgres
-- may lack pg_cron.
create function private.job_health()
returns table (
  kind            public.job_kind,
  name            text,
  waiting         bigint,
  running         bigint,
  oldest_at       timestamptz,
  failed          bigint,
  dead            bigint,
  succeeded_at    timestamptz,
  lost_doorbells  bigint
)
language plpgsql
stable
security definer
set search_path = ''
rows 50
as $$
begin
  return query
  select
    'queue'::public.job_kind,
    queue.name,
    count(*) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'active'),
    min(job.start_after) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'failed' and job.completed_on > now() - interval '1 day'),
    (
      select count(*)
      from pgboss.job as dead
      where dead.name = 'dead-letters' and dead.source_name = queue.name and dead.state < 'active'
    ),
    (
      select max(finished.completed_on)
      from pgboss.job as finished
      where finished.name = queue.name and finished.state = 'completed'
    ),
    (
      select count(*)
      from private.doorbells
      where doorbells.queue = queue.name
        and doorbells.rung_at > now() - interval '1 hour'
        and doorbells.ended_at is null
        and not private.is_open(doorbells)
    )
  from pgboss.queue
  -- The states that pgboss.job_common_i14 has: finished jobs are not read.
  left join pgboss.job on job.name = queue.name and job.state in ('created', 'retry', 'active', 'failed')
  where queue.name <> 'dead-letters'
  group by queue.name;

  return query
  select
    'maintenance'::public.job_kind,
    'maintenance',
    0::bigint,
    count(*) filter (where private.is_open(doorbells) and doorbells.began_at is not null),
    null::timestamptz,
    0::bigint,
    0::bigint,
    (select max(queue.monitor_on) from pgboss.queue),
    count(*) filter (where doorbells.ended_at is null and not private.is_open(doorbells))
  from private.doorbells
  where doorbells.queue = 'maintenance'
    and doorbells.rung_at > now() - interval '1 hour';

  return query
  select
    'schedule'::public.job_kind,
    'daily-suggestions',
    due.amount,
    case when pass.leased_until > now() then 1 else 0 end::bigint,
    due.oldest_at,
    pass.failed,
    0::bigint,
    pass.ended_at,
    0::bigint
  from private.suggestion_pass as pass
  cross join (
    select count(*) as amount, min(first.due_at) as oldest_at
    from (
      select turn.due_at
      from private.suggestion_turns as turn
      where turn.due_at <= now()
      order by turn.due_at
      limit 100000
    ) as first
  ) as due;

  if to_regclass('cron.job') is null then
    return;
  end if;
  return query
  select
    'schedule'::public.job_kind,
    job.jobname,
    case job.jobname
      when 'send-suggestions' then
        (select count(*) from private.suggestion_turns as turn where turn.changed_at <= now())
      else 0
    end,
    count(*) filter (where run.status in ('starting', 'running', 'connecting', 'sending')),
    case job.jobname
      when 'send-suggestions' then
        (select min(turn.changed_at) from private.suggestion_turns as turn where turn.changed_at <= now())
    end,
    count(*) filter (where run.status = 'failed' and run.start_time > now() - interval '1 day'),
    case job.jobname
      when 'deliver-waiting-notices' then
        (select count(*) from private.fan_outs where fan_outs.due_at = 'infinity')
        + (select count(*) from private.notice_queue as notice where notice.is_left and notice.due_at = 'infinity')
      when 'deliver-chat' then
        (select count(*) from private.conversation_bells as bell where bell.due_at = 'infinity')
        + (select count(*) from private.conversation_tellings as telling where telling.due_at = 'infinity')
        + (select count(*) from private.conversation_moves as move where move.due_at = 'infinity')
        + (select count(*) from private.receipt_switches as switch where switch.due_at = 'infinity')
      when 'erase-expired-messages' then
        (select count(*) from private.failed_erasures as failed where failed.due_at = 'infinity')
      else 0
    end,
    max(run.end_time) filter (where run.status = 'succeeded'),
    0::bigint
  from cron.job
  left join cron.job_run_details as run on run.jobid = job.jobid
  where job.jobname is not null
  group by job.jobid, job.jobname;
end;
$$;

comment on function private.job_health is 'What the view public.job_health shows.';
revoke all on function private.job_health () from public, anon, authenticated, service_role;
grant execute on function private.job_health () to service_role;

create view public.job_health
with (security_invoker = on)
as
select health.kind, health.name, health.waiting, health.running, health.oldest_at, health.failed, health.dead,
  health.succeeded_at, health.lost_doorbells
from private.job_health() as health;

comment on view   public.job_health is 'Whether background work gets done. Only for the service role. docs/reference/jobs.md explains each row.';
comment on column public.job_health.kind is 'queue, maintenance or schedule.';
comment on column public.job_health.name is 'The name of the queue, or of the job of pg_cron.';
comment on column public.job_health.waiting is 'How many jobs could be done now.';
comment on column public.job_health.running is 'How many jobs workers have at this moment.';
comment on column public.job_health.oldest_at is 'Since when the oldest waiting job could be done. Null if none waits.';
comment on column public.job_health.failed is 'How many jobs, or runs of pg_cron, failed for good in the last 24 hours.';
comment on column public.job_health.dead is 'How many things failed for good and wait for somebody to look at them: jobs in dead-letters, or rows that a job of pg_cron has tried 20 times.';
comment on column public.job_health.succeeded_at is 'When one last succeeded. Null if none did, or if that is so long ago that its row is deleted.';
comment on column public.job_health.lost_doorbells is 'How many requests to the edge function got no answer in the last hour.';
revoke all on public.job_health from public, anon, authenticated, service_role;
grant select on public.job_health to service_role;
