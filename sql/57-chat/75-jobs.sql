/*
 * jobs of chat
 *
 * What happens soon after a message: members of groups hear of it, streams are told, and texts
 * whose time is over disappear.
 */

-- Bells and tellings ---------------------------------------------------------

-- One conversation in a batch, the one that waits longest. The job holds it like everybody who
-- changes something in it (10-conversations.sql). If somebody holds it for long, it waits again
-- behind the others.
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
    order by conversation_bells.id
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
  exception when lock_not_available then
    update private.conversation_bells
    set id = default
    where conversation_bells.conversation_id = waiting_id;
    return true;
  end;
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
  return true;
end;
$$;

comment on function private.ring_batch is 'Rings the bells of one conversation. False when none waits.';
revoke all on function private.ring_batch () from public, anon, authenticated, service_role;

-- Each of these people joins a new topic next. Realtime allows some hundred joins in a second.
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
    with taken as (
      delete from private.conversation_tellings
      where (conversation_tellings.user_id, conversation_tellings.conversation_id) in (
        select first.user_id, first.conversation_id
        from private.conversation_tellings as first
        order by first.id
        limit most
        for update skip locked
      )
      returning conversation_tellings.*
    )
    select taken.user_id, array_agg(taken.conversation_id order by taken.conversation_id) as ids
    from taken
    group by taken.user_id
    order by taken.user_id
  loop
    worked := true;
    select streams.* into stream
    from private.streams
    where streams.user_id = telling.user_id
    for no key update;
    if found then
      perform private.append_events(stream, 'conversation', telling.ids);
    end if;
  end loop;
  return worked;
end;
$$;

comment on function private.tell_batch is 'Tells up to 20 people about their conversations. False when nothing waits.';
revoke all on function private.tell_batch () from public, anon, authenticated, service_role;

-- Like deliver_waiting_notices() (55-notifications/70-jobs.sql). It tells at most 80 people in a run,
-- and so in a second.
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
  while batches_of_tellings > 0
    and pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.tell_batch()
  loop
    commit;
    batches_of_tellings := batches_of_tellings - 1;
  end loop;
end;
$$;

comment on procedure private.deliver_chat is 'Rings bells and tells streams about conversations, batch by batch, until nothing is left or the time is over.';
revoke all on procedure private.deliver_chat (interval) from public, anon, authenticated, service_role;

-- Disappearing ---------------------------------------------------------------

-- It skips a conversation that is locked, and finds it the next time.
create function private.erase_expired(most integer default 500)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  conversation private.conversations;
  message private.messages;
  erased integer := 0;
begin
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id in (
      select due.conversation_id
      from (
        select messages.conversation_id
        from private.messages
        where messages.expires_at <= now() and messages.deleted_at is null
        order by messages.expires_at
        limit erase_expired.most
      ) as due
    )
    order by conversations.id
    for no key update skip locked
  loop
    for message in
      select messages.*
      from private.messages
      where messages.conversation_id = conversation.id
        and messages.expires_at <= now() and messages.deleted_at is null
      order by messages.seq
      limit erase_expired.most
    loop
      perform private.erase_message(conversation, message);
      erased := erased + 1;
    end loop;
    exit when erased >= erase_expired.most;
  end loop;
  return erased;
end;
$$;

comment on function private.erase_expired is 'Erases messages whose time is over, about this many at most, and answers how many.';
revoke all on function private.erase_expired (integer) from public, anon, authenticated, service_role;

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
    perform cron.schedule('erase-expired-messages', '10 seconds', 'select private.erase_expired()');
    perform cron.schedule('forget-conversation-events', '* * * * *', 'select private.forget_conversation_events()');
  end if;
end;
$$;
