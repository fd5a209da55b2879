/*
 * erasing a message
 *
 * These functions take the text of messages away from the table, its versions, the search, and
 * what Realtime keeps to replay it. A member erases one message at once
 * (42-changing.sql). The job does the rest, in steps (74-erasing-job.sql).
 */

-- Realtime keeps what was sent for three days, to replay it. A message was sent when it was
-- written, and with each of its events, in the same transaction: so the times are equal. If
-- Realtime does not let us delete, the topic moves. Nobody joins an old topic.
create function private.unsend(conversation_id bigint, message_ids bigint[])
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  kept constant interval := '4 days';
  sent_at timestamp[] := array(
    select messages.created_at at time zone 'UTC'
    from private.messages
    where messages.id = any (unsend.message_ids) and messages.created_at > now() - kept
    union
    select conversation_events.created_at at time zone 'UTC'
    from private.conversation_events
    where conversation_events.subject = any (unsend.message_ids) and conversation_events.created_at > now() - kept
  );
begin
  delete from realtime.messages
  where messages.inserted_at = any (sent_at)
    and messages.extension = 'broadcast' and messages.private is true
    and starts_with(messages.topic, 'conversation:' || unsend.conversation_id || ':')
    and messages.payload #>> '{payload,id}' = any (unsend.message_ids::text[]);
  return true;
exception when insufficient_privilege then
  return false;
end;
$$;

comment on function private.unsend is 'Deletes what Realtime keeps of messages of a conversation. False: it must not.';
revoke all on function private.unsend (bigint, bigint[]) from public, anon, authenticated, service_role;

create function private.erase_texts(conversation_id bigint, message_ids bigint[])
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.messages
  set content = '', entities = '[]', reply_to_id = null, post_id = null, has_reactions = false, edited_at = null,
      deleted_at = coalesce(messages.deleted_at, now())
  where messages.id = any (erase_texts.message_ids);
  delete from private.message_versions
  where message_versions.message_id = any (erase_texts.message_ids);
  delete from private.message_reactions
  where message_reactions.message_id = any (erase_texts.message_ids);
  delete from private.message_mentions
  where message_mentions.message_id = any (erase_texts.message_ids);
  delete from private.message_search
  where message_search.message_id = any (erase_texts.message_ids);
  return private.unsend(erase_texts.conversation_id, erase_texts.message_ids);
end;
$$;

comment on function private.erase_texts is 'Makes tombstones of messages of a conversation that the caller holds. False: Realtime still keeps them.';
revoke all on function private.erase_texts (bigint, bigint[]) from public, anon, authenticated, service_role;

create function private.erase_message(conversation private.conversations, message private.messages)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  unsent boolean := private.erase_texts(conversation.id, array[message.id]);
begin
  -- Nobody listens to a frozen conversation. An event would tell that the other account is still
  -- there. Only a person who keeps its text reads something else now.
  if private.is_frozen(conversation) then
    perform private.change_view(conversation.id, array(
      select members.user_id
      from private.conversation_members as members
      where members.conversation_id = conversation.id
        and (members.user_id = message.sender_id or members.keeps_deleted)
    ));
    return;
  end if;
  if not unsent then
    conversation := private.move_conversation(conversation);
  end if;
  conversation := private.append_message_event(conversation, message.id);
  perform private.ring_later(conversation.id, conversation.last_seq);
end;
$$;

comment on function private.erase_message is 'Makes a tombstone of a message, and tells it. The caller holds the conversation.';
revoke all on function private.erase_message (private.conversations, private.messages)
  from public, anon, authenticated, service_role;
