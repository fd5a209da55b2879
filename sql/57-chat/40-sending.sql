/*
 * sending
 *
 * A client makes a key for each message, and may send the message again with the same key as
 * often as it likes: it gets the same message. A message writes a fixed number of rows, however
 * many members the group has.
 */

-- Rules ----------------------------------------------------------------------

create function private.require_open(conversation private.conversations)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if private.is_frozen(conversation) then
    raise sqlstate 'PT403' using
      message = 'Nobody can write in this conversation any more', detail = 'conversation_frozen';
  end if;
end;
$$;

comment on function private.require_open is 'The error PT403 when a conversation is frozen.';
revoke all on function private.require_open (private.conversations) from public, anon, authenticated, service_role;

create function private.may_write(conversation private.conversations, member private.conversation_members)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  other_id uuid;
begin
  if conversation.kind = 'group' then
    if member.role = 'member' and exists (
      select from private.groups
      where groups.conversation_id = conversation.id and groups.is_locked
    ) then
      raise sqlstate 'PT403' using message = 'This group is locked', detail = 'conversation_locked';
    end if;
    return;
  end if;

  perform private.require_open(conversation);
  other_id := private.other_of(conversation, member.user_id);
  if exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id
      and conversation_members.user_id = other_id
      and not conversation_members.is_accepted
  ) then
    perform private.require_welcome(other_id, member.user_id);
  end if;
end;
$$;

comment on function private.may_write is 'The error PT403 unless a member may write in a conversation.';
revoke all on function private.may_write (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

create function private.check_text(content text, is_optional boolean)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if char_length(content) > 10000 or not is_optional and private.is_blank(content) then
    raise sqlstate 'PT400' using
      message = 'A message has 1 to 10,000 characters, not only blank ones', detail = 'message_length';
  end if;
end;
$$;

comment on function private.check_text is 'The error PT400 unless a text can be a message.';
revoke all on function private.check_text (text, boolean) from public, anon, authenticated, service_role;

-- The members that a text names. A name of somebody else, or of a hidden person, is only text. A
-- person whose account is being deleted is skipped: the deletion waits for this conversation. A name that stays in
-- an edited text keeps the person that it meant, also if somebody else has the name now.
create function private.name_members(message private.messages)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  kept_names text[] := array(
    select lower(entity.value ->> 'username')
    from jsonb_array_elements(message.entities) as entity
    where entity.value ->> 'type' = 'mention'
  );
begin
  delete from private.message_mentions
  where message_mentions.message_id = message.id and message_mentions.username <> all (kept_names);
  if cardinality(kept_names) = 0 then
    return;
  end if;
  insert into private.message_mentions (message_id, user_id, username)
  select distinct on (profiles.id) message.id, profiles.id, lower(entity.value ->> 'username')
  from jsonb_array_elements(message.entities) as entity
  join public.profiles on lower(profiles.username) = lower(entity.value ->> 'username')
  join private.conversation_members on conversation_members.conversation_id = message.conversation_id
    and conversation_members.user_id = profiles.id
  where entity.value ->> 'type' = 'mention'
    and not exists (
      select from private.message_mentions as kept
      where kept.message_id = message.id
        and (kept.username = lower(entity.value ->> 'username') or kept.user_id = profiles.id)
    )
    and profiles.id not in (select private.hidden_ids(message.sender_id))
    and exists (select from private.hold_person(profiles.id))
  order by profiles.id;
end;
$$;

comment on function private.name_members is 'Finds the members that a message names.';
revoke all on function private.name_members (private.messages) from public, anon, authenticated, service_role;

-- Sending --------------------------------------------------------------------

-- Definer, here and below, because nobody may write messages. The turn of the sender keeps two
-- requests with one key apart.
create function private.send_message(
  conversation_id bigint, client_id text, content text, reply_to_id bigint, post_id bigint
)
returns public.message
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.send_message is 'What public.send_message() does.';
revoke all on function private.send_message (bigint, text, text, bigint, bigint)
  from public, anon, authenticated, service_role;
grant execute on function private.send_message (bigint, text, text, bigint, bigint) to authenticated;

-- The sender may have left in the meantime. Then the answer repeats the text of the request. Only
-- members are told what happened to the message later.
create function private.sent_before(
  viewer_id uuid, message private.messages, conversation_id bigint, content text
)
returns public.message
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.sent_before is 'The message that was sent with this key already.';
revoke all on function private.sent_before (uuid, private.messages, bigint, text)
  from public, anon, authenticated, service_role;

create function public.send_message(
  conversation_id bigint,
  client_id text,
  content text default '',
  reply_to_id bigint default null,
  post_id bigint default null
)
returns public.message
language sql
volatile
security invoker
return private.send_message(
  send_message.conversation_id, send_message.client_id, send_message.content, send_message.reply_to_id,
  send_message.post_id
);

comment on function public.send_message is 'Sends a message and answers it. client_id is a key that your client makes for it, such as a UUID. If you send it again with the same key, you get the same message. reply_to_id is a message of the conversation. post_id is a post to share. Then content may be empty.';
revoke all on function public.send_message (bigint, text, text, bigint, bigint)
  from public, anon, authenticated, service_role;
grant execute on function public.send_message (bigint, text, text, bigint, bigint) to authenticated;
