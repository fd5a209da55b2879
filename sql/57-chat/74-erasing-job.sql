/*
 * the job that erases
 *
 * It erases in steps: texts whose time is over, what deleted accounts said (72-ended-accounts.sql),
 * and groups that their last member left. Nobody reads any of it from the first moment on
 * (22-reading.sql). So a step changes nothing that anybody reads. It tells nothing, except that
 * a time is over.
 */

create table private.failed_erasures (
  conversation_id  bigint       primary key references private.conversations (id) on delete cascade,
  due_at           timestamptz  not null,
  failures         integer      not null
);

comment on table  private.failed_erasures is 'The conversations in which the job could not erase messages.';
comment on column private.failed_erasures.due_at is 'When the job tries again.';
comment on column private.failed_erasures.failures is 'How often the job has failed. After 20 times the row waits for somebody to look at it.';
revoke all on private.failed_erasures from public, anon, authenticated, service_role;

-- Its messages first, because the foreign keys would delete all of them in one statement.
create function private.delete_empty(conversation private.conversations, most integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  ids bigint[] := array(
    select messages.id
    from private.messages
    where messages.conversation_id = conversation.id
    order by messages.seq
    limit most
  );
  events_left integer := most - cardinality(ids);
begin
  perform private.unsend(conversation.id, ids);
  delete from private.messages
  where messages.id = any (ids);
  delete from private.conversation_events
  where conversation_events.conversation_id = conversation.id
    and conversation_events.seq in (
      select old.seq
      from private.conversation_events as old
      where old.conversation_id = conversation.id
      order by old.seq
      limit events_left
    );
  if found or events_left = 0 then
    return most;
  end if;
  delete from private.conversations
  where conversations.id = conversation.id;
  return cardinality(ids) + 1;
end;
$$;

comment on function private.delete_empty is 'Deletes up to this many messages and events of a conversation without members, and the conversation when nothing is left of it. Answers how many.';
revoke all on function private.delete_empty (private.conversations, integer)
  from public, anon, authenticated, service_role;

-- The text goes, and then the name. What the account did to the group stays, without the name.
create function private.erase_ended_in(conversation private.conversations, account_id uuid, message_ids bigint[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  ids bigint[] := array(
    select messages.id
    from private.messages
    where messages.id = any (erase_ended_in.message_ids) and messages.sender_id = erase_ended_in.account_id
  );
begin
  if cardinality(ids) = 0 then
    return 0;
  end if;
  if not exists (
    select from private.ended_senders
    where ended_senders.conversation_id = conversation.id
      and ended_senders.user_id = erase_ended_in.account_id
      and ended_senders.keeps_text
  ) then
    perform private.erase_texts(conversation.id, array(
      select messages.id
      from private.messages
      where messages.id = any (ids) and messages.change is null
    ));
  end if;
  update private.messages
  set sender_id = null, client_id = null
  where messages.id = any (ids);
  return cardinality(ids);
end;
$$;

comment on function private.erase_ended_in is 'Erases those of these messages that a deleted account said in a conversation that the caller holds, and answers how many.';
revoke all on function private.erase_ended_in (private.conversations, uuid, bigint[])
  from public, anon, authenticated, service_role;

create function private.erase_expired_in(conversation private.conversations, message_ids bigint[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  message private.messages;
  erased integer := 0;
begin
  for message in
    select messages.*
    from private.messages
    where messages.id = any (erase_expired_in.message_ids)
      and messages.expires_at <= now() and messages.deleted_at is null
    order by messages.seq
  loop
    perform private.erase_message(conversation, message);
    erased := erased + 1;
  end loop;
  return erased;
end;
$$;

comment on function private.erase_expired_in is 'Erases those of these messages whose time is over, in a conversation that the caller holds, and answers how many.';
revoke all on function private.erase_expired_in (private.conversations, bigint[])
  from public, anon, authenticated, service_role;

/*
 * A step takes three sorts of messages: those whose time is over, those of one deleted account, and
 * those of one conversation without members. It takes up to "most" of each. It skips a conversation
 * that is locked, and finds it the next time. If it fails in one conversation, the messages of this
 * one stay hidden and wait for a later time, and the others go on.
 */
create function private.erase_batch(most integer default 500)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  waiting_ids constant bigint[] := array(
    select failed.conversation_id from private.failed_erasures as failed where failed.due_at > now()
  );
  ended private.ended_senders;
  ended_ids bigint[] := '{}';
  due_ids bigint[];
  places bigint[];
  conversation private.conversations;
  ids bigint[];
  erased integer := 0;
begin
  select ended_senders.* into ended
  from private.ended_senders
  where ended_senders.due_at <= clock_timestamp()
  order by ended_senders.due_at
  limit 1;
  if found then
    ended_ids := array(
      select messages.id
      from private.messages
      where messages.sender_id = ended.user_id and messages.conversation_id <> all (waiting_ids)
      limit erase_batch.most
    );
  end if;
  select array_agg(due.id), array_agg(due.conversation_id) into due_ids, places
  from (
    (
      select messages.id, messages.conversation_id
      from private.messages
      where messages.expires_at <= now() and messages.deleted_at is null
        and messages.conversation_id <> all (waiting_ids)
      order by messages.expires_at
      limit erase_batch.most
    )
    union
    select messages.id, messages.conversation_id
    from private.messages
    where messages.id = any (ended_ids)
    union all
    (
      select null, conversations.id
      from private.conversations
      where conversations.member_count = 0 and conversations.id <> all (waiting_ids)
      order by conversations.id
      limit 1
    )
  ) as due;

  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id = any (places)
    order by conversations.id
    for no key update skip locked
  loop
    ids := array(
      select due.id
      from unnest(due_ids, places) as due (id, place)
      where due.place = conversation.id and due.id is not null
    );
    begin
      erased := erased + case
        when conversation.member_count = 0 then private.delete_empty(conversation, erase_batch.most)
        else private.erase_expired_in(conversation, ids)
          + private.erase_ended_in(conversation, ended.user_id, ids)
      end;
      delete from private.failed_erasures
      where failed_erasures.conversation_id = conversation.id;
    exception when others then
      raise warning 'Erasing messages of conversation % failed: % (%)', conversation.id, sqlerrm, sqlstate;
      insert into private.failed_erasures (conversation_id, failures, due_at)
      values (conversation.id, 1, private.next_try_at(1))
      on conflict on constraint failed_erasures_pkey do update
      set failures = failed_erasures.failures + 1, due_at = private.next_try_at(failed_erasures.failures + 1);
    end;
  end loop;

  if ended.user_id is null then
    return erased;
  end if;
  if not exists (select from private.messages where messages.sender_id = ended.user_id) then
    delete from private.ended_senders
    where ended_senders.user_id = ended.user_id;
  elsif cardinality(ended_ids) = 0 then
    -- The other messages are in conversations that failed, and wait.
    update private.ended_senders
    set due_at = clock_timestamp() + interval '1 minute'
    where ended_senders.user_id = ended.user_id;
  else
    update private.ended_senders
    set due_at = clock_timestamp()
    where ended_senders.user_id = ended.user_id and ended_senders.conversation_id = ended.conversation_id;
  end if;
  return erased;
end;
$$;

comment on function private.erase_batch is 'Erases messages that nobody may read any more, up to this many of each sort, and answers how many.';
revoke all on function private.erase_batch (integer) from public, anon, authenticated, service_role;

create procedure private.erase_messages(at_most interval default '5 seconds')
language plpgsql
security invoker
as $$
declare
  the_job constant bigint := pg_catalog.hashtextextended('erase messages', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.erase_batch() > 0
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$$;

comment on procedure private.erase_messages is 'Erases messages that nobody may read any more, batch by batch, until nothing is left or the time is over.';
revoke all on procedure private.erase_messages (interval) from public, anon, authenticated, service_role;
