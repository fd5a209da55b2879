/*
 * epochs
 *
 * A conversation moves to its next epoch when somebody may not listen any more. The epoch is a
 * part of the topic, and only the present topic can be joined (28-topics.sql).
 */

-- Moves that the job still has to tell of.
create table private.conversation_moves (
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  epoch            integer      not null,
  due_at           timestamptz  not null default now(),
  failures         integer      not null default 0,

  primary key (conversation_id, epoch)
);

comment on table  private.conversation_moves is 'The topics that ended, and whose listeners have not heard of it yet.';
comment on column private.conversation_moves.epoch is 'The one that ended.';
comment on column private.conversation_moves.due_at is 'From when on the job tells of it. Later than now if that failed.';
comment on column private.conversation_moves.failures is 'How often the job has failed. After 20 times the row waits for somebody to look at it.';
revoke all on private.conversation_moves from public, anon, authenticated, service_role;

-- The ones that are due longest.
create index conversation_moves_due_at_idx on private.conversation_moves (due_at, conversation_id);

-- The old topic hears once more: that it ends, and the name of the next one.
-- A client may hear it just before others see the commit, so the name saves it a wrong answer.
-- Nothing else is sent to the old topic. So a socket that may not listen any more hears nothing,
-- even while Realtime still keeps it joined.
create function private.tell_move(conversation private.conversations, old_epoch integer, new_epoch integer)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  moved private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1, epoch = tell_move.new_epoch
  where conversations.id = conversation.id
  returning conversations.* into moved;
  insert into private.conversation_events (conversation_id, seq, kind)
  values (moved.id, moved.last_seq, 'moved');
  conversation.epoch := tell_move.old_epoch;
  perform private.send_event(
    conversation, moved.last_seq, 'moved', jsonb_build_object('topic', private.topic_of(moved))
  );

  perform private.tell(moved.id, array(
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = moved.id
  ));
  return moved;
end;
$$;

comment on function private.tell_move is 'Tells the topic of one epoch that it ends, and the members that another epoch is the present one.';
revoke all on function private.tell_move (private.conversations, integer, integer)
  from public, anon, authenticated, service_role;

create function private.move_conversation(conversation private.conversations)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  return private.tell_move(conversation, conversation.epoch, conversation.epoch + 1);
end;
$$;

comment on function private.move_conversation is 'Ends the topic of a conversation and begins the next one. Members learn it from their own stream.';
revoke all on function private.move_conversation (private.conversations)
  from public, anon, authenticated, service_role;

-- Everybody who writes in one of many conversations waits until the transaction ends. So it only ends
-- the topics, which takes little time: nothing is sent there any more. The job tells of it. Until then,
-- members hear of new messages on their own topics (26-news.sql).
create function private.move_conversation_later(conversation private.conversations)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  moved private.conversations;
begin
  insert into private.conversation_moves (conversation_id, epoch)
  values (conversation.id, conversation.epoch);
  update private.conversations
  set epoch = conversations.epoch + 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  return moved;
end;
$$;

comment on function private.move_conversation_later is 'Ends the topic of a conversation and begins the next one. The job tells of it.';
revoke all on function private.move_conversation_later (private.conversations)
  from public, anon, authenticated, service_role;

-- move_conversation() for few, and move_conversation_later() for many, in one statement.
create function private.move_conversations(conversation_ids bigint[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 20;
  conversation private.conversations;
begin
  if cardinality(conversation_ids) > most then
    with moved as (
      update private.conversations
      set epoch = conversations.epoch + 1
      where conversations.id = any (conversation_ids)
      returning conversations.id, conversations.epoch - 1 as epoch
    )
    insert into private.conversation_moves (conversation_id, epoch)
    select moved.id, moved.epoch
    from moved;
    return;
  end if;
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id = any (conversation_ids)
    order by conversations.id
  loop
    perform private.move_conversation(conversation);
  end loop;
end;
$$;

comment on function private.move_conversations is 'Ends the topics of conversations that the caller holds, and begins the next ones. If they are more than 20, the job tells of it.';
revoke all on function private.move_conversations (bigint[]) from public, anon, authenticated, service_role;

-- One conversation in a transaction: with a second one, it would wait for a conversation while it holds the
-- streams of the members of the first, and a sender waits the other way round. If somebody holds the conversation
-- for long, it waits again behind the others.
create function private.move_batch()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set lock_timeout = '200ms'
as $$
declare
  waiting private.conversation_moves;
  conversation private.conversations;
  worked boolean := false;
begin
  for waiting in
    select conversation_moves.*
    from private.conversation_moves
    where conversation_moves.due_at <= clock_timestamp()
    order by conversation_moves.due_at, conversation_moves.conversation_id
    limit 1
  loop
    worked := true;
    begin
      select conversations.* into conversation
      from private.conversations
      where conversations.id = waiting.conversation_id
      for no key update;
      -- Its last member left meanwhile.
      continue when not found;
      delete from private.conversation_moves
      where conversation_moves.conversation_id = waiting.conversation_id
        and conversation_moves.epoch = waiting.epoch;
      perform private.tell_move(conversation, waiting.epoch, conversation.epoch);
    exception
      when lock_not_available then
        update private.conversation_moves
        set due_at = clock_timestamp()
        where conversation_moves.conversation_id = waiting.conversation_id
          and conversation_moves.epoch = waiting.epoch;
      when others then
        raise warning 'Moving conversation % failed: % (%)', waiting.conversation_id, sqlerrm, sqlstate;
        update private.conversation_moves
        set failures = waiting.failures + 1, due_at = private.next_try_at(waiting.failures + 1)
        where conversation_moves.conversation_id = waiting.conversation_id
          and conversation_moves.epoch = waiting.epoch;
    end;
  end loop;
  return worked;
end;
$$;

comment on function private.move_batch is 'Tells of one topic that ended. False when none waits.';
revoke all on function private.move_batch () from public, anon, authenticated, service_role;
