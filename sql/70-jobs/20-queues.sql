/*
 * queues
 *
 * The queues, and how SQL puts a job into one. A job is added in the transaction of the change
 * that it belongs to. So there is a job if, and only if, the change was committed. The workers
 * are in edge-functions/jobs/. docs/reference/jobs.md lists all of them.
 */

-- Queues ---------------------------------------------------------------------

-- A job that fails after its last try is copied to dead-letters, where somebody has to look at it.
-- Nobody works on that queue. It keeps a job for 90 days.
do $$
begin
  perform pgboss.create_queue('dead-letters', '{"policy": "standard", "retentionSeconds": 7776000}');

  -- Shows that jobs are done at all. One waits at most.
  perform pgboss.create_queue('heartbeat', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5,
    "expireInSeconds": 60, "retentionSeconds": 3600, "deleteAfterSeconds": 86400
  }');
end;
$$;

-- Sending --------------------------------------------------------------------

-- pgboss.job has defaults of its own, and a row without a policy is bound by none. So every
-- setting of the queue is copied here, as the package does.
create function private.send_job(
  queue text, data jsonb default '{}', key text default null, delay interval default '0'
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- The count is at most a minute old, so a queue may become a little longer.
  longest constant integer := 100000;
  settings pgboss.queue;
  job_id uuid;
begin
  select queue.* into settings
  from pgboss.queue
  where queue.name = send_job.queue;
  if not found then
    raise exception 'There is no queue %', quote_literal(send_job.queue) using errcode = 'undefined_object';
  end if;
  if settings.queued_count >= longest then
    raise exception 'The queue % has % jobs already', quote_literal(send_job.queue), settings.queued_count
      using errcode = 'configuration_limit_exceeded';
  end if;
  if octet_length(send_job.data::text) > 8192 then
    raise exception 'The data of a job has at most 8,192 bytes' using errcode = 'program_limit_exceeded';
  end if;

  insert into pgboss.job (
    name, data, singleton_key, start_after, keep_until, policy, retry_limit, retry_delay, retry_backoff,
    retry_delay_max, expire_seconds, deletion_seconds, dead_letter, heartbeat_seconds
  )
  values (
    settings.name, send_job.data, send_job.key, now() + send_job.delay,
    now() + send_job.delay + make_interval(secs => settings.retention_seconds), settings.policy,
    settings.retry_limit, settings.retry_delay, settings.retry_backoff, settings.retry_delay_max,
    settings.expire_seconds, settings.deletion_seconds, settings.dead_letter, settings.heartbeat_seconds
  )
  on conflict do nothing
  returning id into job_id;
  return job_id;
end;
$$;

comment on function private.send_job is 'Puts a job into a queue, when the transaction commits, and answers its id. Answers null if the policy of the queue has no room for another job with this key.';
revoke all on function private.send_job (text, jsonb, text, interval) from public, anon, authenticated, service_role;

-- The job that would be fetched first has waited longest.
create function private.waiting_jobs(queue text, most integer)
returns integer
language sql
stable
security invoker
return (
  select count(*)
  from (
    select
    from pgboss.job
    where job.name = waiting_jobs.queue
      and job.state < 'active'
      and not job.blocked
      and job.start_after <= now()
    limit waiting_jobs.most
  ) as waiting
);

comment on function private.waiting_jobs is 'How many jobs could be done now. It does not count more than most.';
revoke all on function private.waiting_jobs (text, integer) from public, anon, authenticated, service_role;
