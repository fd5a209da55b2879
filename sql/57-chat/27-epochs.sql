/*
 * epochs
 *
 * A conversation moves to its next epoch when somebody may not listen any more. The epoch is a
 * part of the topic, and only the present topic can be joined (28-topics.sql).
 */

-- The old topic hears once more: that it ends, and the name of the next one.
-- A client may hear it just before others see the commit, so the name saves it a wrong answer.
-- Nothing else is sent to the old topic. So a socket that may not listen any more hears nothing,
-- even while Realtime still keeps it joined.
create function private.move_conversation(conversation private.conversations)
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
  set last_seq = conversations.last_seq + 1, epoch = conversations.epoch + 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  insert into private.conversation_events (conversation_id, seq, kind)
  values (moved.id, moved.last_seq, 'moved');
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

comment on function private.move_conversation is 'Ends the topic of a conversation and begins the next one. Members learn it from their own stream.';
revoke all on function private.move_conversation (private.conversations)
  from public, anon, authenticated, service_role;
