/*
 * doorbells
 *
 * How the edge function `jobs` learns that there is work. A doorbell is a request of pg_net, and
 * never the job itself. If a doorbell is lost, the next one rings 10 seconds later. Each has a row here.
 * The function writes into the row when it begins and when it ends. So few work on a queue at
 * once, a request that is sent again does nothing, and we see which ones got no answer.
 */

-- Table ----------------------------------------------------------------------

create table private.doorbells (
  id          uuid         primary key default gen_random_uuid(),
  queue       text         not null,
  rung_at     timestamptz  not null default now(),
  request_id  bigint,
  began_at    timestamptz,
  ended_at    timestamptz,
  done        integer      not null default 0,
  failed      integer      not null default 0
);

comment on table  private.doorbells is 'Requests to the edge function jobs. Kept for a day.';
comment on column private.doorbells.queue is 'The queue to work on. The word maintenance stands for looking after all of them.';
comment on column private.doorbells.request_id is 'The request in the tables of pg_net.';
comment on column private.doorbells.began_at is 'When the function got it.';
comment on column private.doorbells.ended_at is 'When the function had done what it could. Null if it was killed.';
revoke all on private.doorbells from public, anon, authenticated, service_role;

-- The last ones of a queue. Old ones.
create index doorbells_queue_rung_at_idx on private.doorbells (queue, rung_at);
create index doorbells_rung_at_idx on private.doorbells (rung_at);

-- Ringing --------------------------------------------------------------------

-- A function that has not begun within 8 seconds got no request. One that has not ended within 90
-- seconds was killed: its budget is 50 seconds, and then it ends the job that it has.
create function private.is_open(doorbell private.doorbells)
returns boolean
language sql
stable
security invoker
return doorbell.ended_at is null
  and doorbell.rung_at > now() - case when doorbell.began_at is null then interval '8 seconds' else interval '90 seconds' end;

comment on function private.is_open is 'Whether the function still has to answer this doorbell, or works on it.';
revoke all on function private.is_open (private.doorbells) from public, anon, authenticated, service_role;

-- Without the secrets nobody rings. That is right where `npm run worker` does the jobs. Two rings at
-- the same time are one: the second does not see the row of the first, but the lock.
create function private.ring_doorbell(queue text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  url text;
  secret text;
  doorbell_id uuid;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('doorbell of ' || ring_doorbell.queue, 0)) then
    return false;
  end if;
  if exists (
    select
    from private.doorbells
    where doorbells.queue = ring_doorbell.queue
      and doorbells.rung_at > now() - interval '90 seconds'
      and private.is_open(doorbells)
  ) then
    return false;
  end if;

  select decrypted_secrets.decrypted_secret into url
  from vault.decrypted_secrets
  where decrypted_secrets.name = 'jobs_url';
  select decrypted_secrets.decrypted_secret into secret
  from vault.decrypted_secrets
  where decrypted_secrets.name = 'jobs_secret';
  if url is null or secret is null then
    return false;
  end if;

  insert into private.doorbells (queue)
  values (ring_doorbell.queue)
  returning doorbells.id into doorbell_id;
  update private.doorbells
  set request_id = net.http_post(
    url => url,
    body => jsonb_build_object('doorbell', doorbell_id, 'queue', ring_doorbell.queue),
    headers => jsonb_build_object('content-type', 'application/json', 'x-jobs-secret', secret),
    timeout_milliseconds => 5000
  )
  where doorbells.id = doorbell_id;
  return true;
end;
$$;

comment on function private.ring_doorbell is 'Asks the edge function to work on a queue. False if it is asked already, or if Vault does not say where it is.';
revoke all on function private.ring_doorbell (text) from public, anon, authenticated, service_role;

create function private.ring_for_waiting_jobs()
returns integer
language sql
volatile
security invoker
begin atomic
  select count(*) filter (where private.ring_doorbell(queue.name))
  from pgboss.queue
  where queue.name <> 'dead-letters'
    and private.waiting_jobs(queue.name, 1) > 0;
end;

comment on function private.ring_for_waiting_jobs is 'Rings for every queue with a job that could be done now. Answers for how many.';
revoke all on function private.ring_for_waiting_jobs () from public, anon, authenticated, service_role;

-- The maintenance takes jobs back from workers that died, and counts the queues: private.send_job() refuses
-- a job by this count. So while there are jobs, or a queue was full when it was counted, it runs each
-- minute. It also runs again if nobody ended the last one. In an idle network it runs every fifth minute, when
-- the heartbeat starts the function anyway (50-schedules.sql).
create function private.ring_for_maintenance_if_due(at timestamptz default now())
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  return (
    extract(minute from ring_for_maintenance_if_due.at)::integer % 5 = 3
    or exists (select from pgboss.job where job.state in ('created', 'retry', 'active') and job.name <> 'dead-letters')
    or exists (select from pgboss.queue where queue.queued_count >= 100000 and queue.name <> 'dead-letters')
    or coalesce(
      (
        select last.ended_at is null
        from private.doorbells as last
        where last.queue = 'maintenance'
        order by last.rung_at desc
        limit 1
      ),
      true
    )
  ) and private.ring_doorbell('maintenance');
end;
$$;

comment on function private.ring_for_maintenance_if_due is 'Rings for the maintenance every fifth minute, and each minute while there are jobs or nobody has ended the last one. Answers whether it rang.';
revoke all on function private.ring_for_maintenance_if_due (timestamptz) from public, anon, authenticated, service_role;

-- Answering ------------------------------------------------------------------

create function private.answer_doorbell(doorbell_id uuid, queue text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.doorbells
  set began_at = clock_timestamp()
  where doorbells.id = answer_doorbell.doorbell_id
    and doorbells.queue = answer_doorbell.queue
    and doorbells.began_at is null;
  return found;
end;
$$;

comment on function private.answer_doorbell is 'The function begins. False if there is no such doorbell, or if it was answered before.';
revoke all on function private.answer_doorbell (uuid, text) from public, anon, authenticated, service_role;

-- If something is left, the next doorbell rings at once. It is a new request with a new budget.
create function private.close_doorbell(doorbell_id uuid, done integer, failed integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  queue text;
  waiting integer;
begin
  update private.doorbells
  set ended_at = clock_timestamp(), done = close_doorbell.done, failed = close_doorbell.failed
  where doorbells.id = close_doorbell.doorbell_id
  returning doorbells.queue into queue;
  waiting := private.waiting_jobs(queue, 1000);
  if waiting > 0 then
    perform private.ring_doorbell(queue);
  end if;
  return waiting;
end;
$$;

comment on function private.close_doorbell is 'The function ends. Answers how many jobs are left, and rings again if there are any. It counts at most 1,000.';
revoke all on function private.close_doorbell (uuid, integer, integer) from public, anon, authenticated, service_role;

-- Old rows -------------------------------------------------------------------

create function private.sweep_jobs()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 5000;
  swept integer;
  swept_effects integer;
begin
  delete from private.doorbells
  where doorbells.id in (
    select old.id
    from private.doorbells as old
    where old.rung_at < now() - interval '1 day'
    order by old.rung_at
    limit most
    for update skip locked
  );
  get diagnostics swept = row_count;
  delete from private.job_effects
  where (job_effects.queue, job_effects.key) in (
    select old.queue, old.key
    from private.job_effects as old
    where old.done_at < now() - interval '30 days'
    order by old.done_at
    limit most
    for update skip locked
  );
  get diagnostics swept_effects = row_count;
  return swept + swept_effects;
end;
$$;

comment on function private.sweep_jobs is 'Deletes up to 5,000 doorbells that are older than a day, and up to 5,000 effects that are older than 30 days. Answers how many.';
revoke all on function private.sweep_jobs () from public, anon, authenticated, service_role;
