/*
 * jobs of chat
 *
 * What happens soon after a message: members of groups hear of it, and streams are told. The job
 * that erases messages is in 74-erasing-job.sql.
 */

-- Bells and tellings ---------------------------------------------------------

-- Only the newest bell is kept. So a conversation that always fails keeps one, and what is written
-- there since.
create function private.put_off_bells(conversation_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  newest bigint;
  failed integer;
begin
  select max(bells.seq), max(bells.failures) + 1 into newest, failed
  from private.conversation_bells as bells
  where bells.conversation_id = put_off_bells.conversation_id;
  delete from private.conversation_bells as bells
  where bells.conversation_id = put_off_bells.conversation_id and bells.seq < newest;
  update private.conversation_bells as bells
  set failures = failed, due_at = private.next_try_at(failed)
  where bells.conversation_id = put_off_bells.conversation_id and bells.seq = newest;
end;
$$;

comment on function private.put_off_bells is 'Notes that the job failed to ring for a conversation. It is due again later.';
revoke all on function private.put_off_bells (bigint) from public, anon, authenticated, service_role;

-- One conversation in a batch, the one that is due longest. The job holds it like everybody who
-- changes something in it (10-conversations.sql). If somebody holds it for long, it waits again
-- behind the others. If it fails, only this is undone, and the others go on.
create function private.ring_batch()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set lock_timeout = '200ms'
as $$
declare
  waiting_id bigint := (
    select conversation_bells.conversation_id
    from private.conversation_bells
    where conversation_bells.due_at <= clock_timestamp()
    order by conversation_bells.due_at
    limit 1
  );
  newest bigint;
begin
  if waiting_id is null then
    return false;
  end if;
  begin
    perform
    from private.conversations
    where conversations.id = waiting_id
    for no key update;
    with taken as (
      delete from private.conversation_bells
      where conversation_bells.conversation_id = waiting_id
      returning conversation_bells.seq
    )
    select max(taken.seq) into newest
    from taken;
    if newest is not null then
      perform private.ring(waiting_id, newest);
    end if;
  exception
    when lock_not_available then
      update private.conversation_bells
      set due_at = clock_timestamp()
      where conversation_bells.conversation_id = waiting_id;
    when others then
      raise warning 'The bell of conversation % failed: % (%)', waiting_id, sqlerrm, sqlstate;
      perform private.put_off_bells(waiting_id);
  end;
  return true;
end;
$$;

comment on function private.ring_batch is 'Rings the bells of one conversation. False when none waits.';
revoke all on function private.ring_batch () from public, anon, authenticated, service_role;

-- Each of these people joins a new topic next. Realtime allows some hundred joins in a second.
-- If it fails for one of them, only this is undone, and the others go on.
create function private.tell_batch()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 20;
  telling record;
  stream private.streams;
  worked boolean := false;
begin
  for telling in
    select
      first.user_id,
      array_agg(first.conversation_id order by first.conversation_id) as ids,
      max(first.failures) + 1 as failures
    from (
      select conversation_tellings.*
      from private.conversation_tellings
      where conversation_tellings.due_at <= clock_timestamp()
      order by conversation_tellings.due_at, conversation_tellings.user_id
      limit most
      for update skip locked
    ) as first
    group by first.user_id
    order by first.user_id
  loop
    worked := true;
    begin
      delete from private.conversation_tellings
      where conversation_tellings.user_id = telling.user_id
        and conversation_tellings.conversation_id = any (telling.ids);
      select streams.* into stream
      from private.streams
      where streams.user_id = telling.user_id
      for no key update;
      if found then
        perform private.append_events(stream, 'conversation', telling.ids);
      end if;
    exception when others then
      raise warning 'Telling % of conversations failed: % (%)', telling.user_id, sqlerrm, sqlstate;
      update private.conversation_tellings
      set failures = telling.failures, due_at = private.next_try_at(telling.failures)
      where conversation_tellings.user_id = telling.user_id
        and conversation_tellings.conversation_id = any (telling.ids);
    end;
  end loop;
  return worked;
end;
$$;

comment on function private.tell_batch is 'Tells up to 20 people about their conversations. False when nothing waits.';
revoke all on function private.tell_batch () from public, anon, authenticated, service_role;

-- Like deliver_waiting_notices() (55-notifications/70-jobs.sql). It tells of moves for half a second, because
-- bells wait meanwhile. It tells at most 80 people in a run, and so in a second. Each kind of work begins with
-- a commit, so that it holds nothing of the work before.
create procedure private.deliver_chat(at_most interval default '5 seconds')
language plpgsql
security invoker
as $$
declare
  the_job constant bigint := pg_catalog.hashtextextended('deliver chat', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
  batches_of_tellings integer := 4;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.ring_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.switch_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  stops_at := pg_catalog.clock_timestamp() + interval '500 milliseconds';
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.move_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  while batches_of_tellings > 0
    and pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.tell_batch()
  loop
    commit;
    batches_of_tellings := batches_of_tellings - 1;
  end loop;
end;
$$;

comment on procedure private.deliver_chat is 'Rings bells, tells of topics that ended, and tells conversations and streams, batch by batch, until nothing is left or the time is over.';
revoke all on procedure private.deliver_chat (interval) from public, anon, authenticated, service_role;

-- Retention ------------------------------------------------------------------

create function private.forget_conversation_events()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  forgotten integer;
begin
  delete from private.conversation_events
  where (conversation_events.conversation_id, conversation_events.seq) in (
    select old.conversation_id, old.seq
    from private.conversation_events as old
    where old.created_at < now() - interval '30 days'
    order by old.created_at
    limit 10000
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function private.forget_conversation_events is 'Deletes up to 10,000 events of conversations that are older than 30 days, and answers how many.';
revoke all on function private.forget_conversation_events () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('deliver-chat', '1 second', 'call private.deliver_chat()');
    perform cron.schedule('erase-expired-messages', '10 seconds', 'call private.erase_messages()');
    perform cron.schedule('forget-conversation-events', '* * * * *', 'select private.forget_conversation_events()');
  end if;
end;
$$;
