/*
 * A second try to send a message is answered, also if the sender left the conversation in the
 * meantime.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

SET local check_function_bodies = off;

DROP FUNCTION "private"."sent_before"(uuid, private.messages, bigint);

CREATE OR REPLACE FUNCTION private.send_message (
  conversation_id bigint,
  client_id       text,
  content         text,
  reply_to_id     bigint,
  post_id         bigint
)
  RETURNS public.message
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
  answer public.message;
begin
  if coalesce(char_length(send_message.client_id), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using
      message = 'A client makes a key of 1 to 100 characters for each message', detail = 'client_id_format';
  end if;
  perform private.take_own_turn(viewer_id);
  select messages.* into message
  from private.messages
  where messages.sender_id = viewer_id and messages.client_id = send_message.client_id;
  if found then
    return private.sent_before(viewer_id, message, send_message.conversation_id, send_message.content);
  end if;

  conversation := private.act_in(viewer_id, send_message.conversation_id, 'message');
  own := private.member_of(viewer_id, conversation.id);
  perform private.may_write(conversation, own);
  message.content := coalesce(send_message.content, '');
  perform private.check_text(message.content, send_message.post_id is not null);
  if send_message.reply_to_id is not null then
    message.reply_to_id := (private.require_message(own, send_message.reply_to_id)).id;
  end if;
  if send_message.post_id is not null then
    message.post_id := (private.require_post(viewer_id, send_message.post_id)).id;
  end if;
  message.sender_id := viewer_id;
  message.client_id := send_message.client_id;
  message.entities := private.text_entities(null, message.content);

  -- Lists have the conversation from now on, also on the other devices of the sender.
  if conversation.last_id = 0 then
    perform private.tell(conversation.id, array[viewer_id]);
  end if;
  -- A member who answers accepts the request, and has read what is there.
  if not own.is_accepted or own.is_declined then
    conversation := private.accept_member(conversation, own);
    if conversation.kind = 'group' then
      perform private.add_change(conversation, 'joined', viewer_id);
    end if;
  end if;
  message := private.add_message(conversation, message);
  perform private.name_members(message);
  perform private.index_message(message);
  update private.conversation_members
  set read_seq = message.seq, delivered_seq = message.seq, is_marked_unread = false, draft = '', is_archived = false,
      shown_seq = case
        when private.shows_receipts(conversation_members) then message.seq else conversation_members.shown_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  delete from private.unread_conversations
  where unread_conversations.user_id = viewer_id and unread_conversations.conversation_id = conversation.id;
  perform private.announce(conversation, message);

  select seen.* into answer
  from private.messages_for(own, array[message.id]) as seen;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sent_before (
  viewer_id       uuid,
  message         private.messages,
  conversation_id bigint,
  content         text
)
  RETURNS public.message
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  own private.conversation_members;
  answer public.message;
begin
  if message.conversation_id is distinct from sent_before.conversation_id then
    raise sqlstate 'PT409' using
      message = 'You used this key for a message in another conversation', detail = 'client_id_used';
  end if;
  select conversation_members.* into own
  from private.conversation_members
  where conversation_members.conversation_id = message.conversation_id
    and conversation_members.user_id = sent_before.viewer_id
    and conversation_members.from_seq < message.seq;
  if found then
    select seen.* into answer
    from private.messages_for(own, array[message.id]) as seen;
    return answer;
  end if;

  answer.id := message.id;
  answer.conversation_id := message.conversation_id;
  answer.seq := message.seq;
  answer.sender := private.author_of(sent_before.viewer_id, '{}');
  answer.client_id := message.client_id;
  answer.content := left(coalesce(sent_before.content, ''), 10000);
  answer.entities := private.text_entities(null, answer.content);
  answer.mentions := '{}';
  answer.reactions := '[]';
  answer.is_deleted := false;
  answer.created_at := message.created_at;
  return answer;
end;
$function$;

COMMENT ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) IS 'The message that was sent with this key already.';

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) TO "postgres";
