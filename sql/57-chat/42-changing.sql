/*
 * changing messages
 *
 * Editing, deleting and reacting. Each is an event of the conversation. 73-erasing.sql has what
 * happens to a deleted text.
 */

-- The conversation of a message, held. A stranger learns nothing of the message.
create function private.act_on_message(viewer_id uuid, message_id bigint, action text)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  held_id bigint := (
    select messages.conversation_id from private.messages where messages.id = act_on_message.message_id
  );
begin
  if held_id is null or not exists (
    select from private.conversation_members
    where conversation_members.conversation_id = held_id
      and conversation_members.user_id = act_on_message.viewer_id
  ) then
    raise sqlstate 'PT404' using message = 'There is no such message', detail = 'message_not_found';
  end if;
  return private.act_in(act_on_message.viewer_id, held_id, act_on_message.action);
end;
$$;

comment on function private.act_on_message is 'Lets a member change something about a message, and locks its conversation.';
revoke all on function private.act_on_message (uuid, bigint, text) from public, anon, authenticated, service_role;

-- Editing --------------------------------------------------------------------

-- Definer, here and below, because nobody may write messages.
create function private.edit_message(message_id bigint, content text)
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
  conversation := private.act_on_message(viewer_id, edit_message.message_id, 'message_edit');
  own := private.member_of(viewer_id, conversation.id);
  message := private.require_message(own, edit_message.message_id);
  if message.sender_id is distinct from viewer_id then
    raise sqlstate 'PT403' using message = 'Only its sender edits a message', detail = 'not_your_message';
  end if;
  perform private.may_write(conversation, own);
  perform private.check_text(coalesce(edit_message.content, ''), message.post_id is not null);

  if message.content <> coalesce(edit_message.content, '') then
    insert into private.message_versions (message_id, version, content)
    select message.id, coalesce(max(message_versions.version), 0) + 1, message.content
    from private.message_versions
    where message_versions.message_id = message.id;
    update private.messages
    set content = coalesce(edit_message.content, ''),
        entities = private.text_entities(null, coalesce(edit_message.content, '')),
        edited_at = now()
    where messages.id = message.id
    returning messages.* into message;
    perform private.name_members(message);
    perform private.index_message(message);
    conversation := private.append_message_event(conversation, message.id);
    perform private.ring_later(conversation.id, conversation.last_seq);
  end if;
  select seen.* into answer
  from private.messages_for(own, array[message.id]) as seen;
  return answer;
end;
$$;

comment on function private.edit_message is 'What public.edit_message() does.';
revoke all on function private.edit_message (bigint, text) from public, anon, authenticated, service_role;
grant execute on function private.edit_message (bigint, text) to authenticated;

create function public.edit_message(message_id bigint, content text)
returns public.message
language sql
volatile
security invoker
return private.edit_message(edit_message.message_id, edit_message.content);

comment on function public.edit_message is 'Changes the text of your message, as long after as you like, and answers the message. What it said before stays in its versions.';
revoke all on function public.edit_message (bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.edit_message (bigint, text) to authenticated;

-- Deleting -------------------------------------------------------------------

create function private.delete_message(message_id bigint, for_everyone boolean)
returns void
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
begin
  conversation := private.act_on_message(viewer_id, delete_message.message_id, 'message_edit');
  own := private.member_of(viewer_id, conversation.id);
  if not coalesce(delete_message.for_everyone, false) then
    insert into private.hidden_messages (user_id, message_id)
    select viewer_id, messages.id
    from private.messages
    where messages.id = delete_message.message_id and messages.seq > own.from_seq
    on conflict do nothing;
    if found then
      perform private.change_view(conversation.id, array[viewer_id]);
    end if;
    return;
  end if;

  select messages.* into message
  from private.messages
  where messages.id = delete_message.message_id and messages.deleted_at is not null
    and (messages.sender_id = viewer_id or conversation.kind = 'group' and own.role <= 'admin');
  if found then
    return;
  end if;
  -- What a hidden person says looks deleted. An admin who deletes it gets the answer of a deleted message, and
  -- the others do not read it any more. So nobody keeps their words in a group by blocking its admins.
  if conversation.kind = 'group' and own.role <= 'admin' then
    select messages.* into message
    from private.messages
    where messages.id = delete_message.message_id and messages.change is null
      and messages.sender_id = any (private.unheard_ids(conversation, own));
    if found then
      if not exists (
        select from private.conversation_members
        where conversation_members.conversation_id = conversation.id
          and conversation_members.user_id = message.sender_id
          and conversation_members.role <= own.role
      ) then
        perform private.erase_message(conversation, message);
      end if;
      return;
    end if;
  end if;
  message := private.require_message(own, delete_message.message_id);
  -- An admin also deletes what members say in their group.
  if message.sender_id is distinct from viewer_id and not (
    conversation.kind = 'group' and own.role <= 'admin' and not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id = message.sender_id
        and conversation_members.role <= own.role
    )
  ) then
    raise sqlstate 'PT403' using message = 'Only its sender deletes a message', detail = 'not_your_message';
  end if;
  perform private.erase_message(conversation, message);
end;
$$;

comment on function private.delete_message is 'What public.delete_message() does.';
revoke all on function private.delete_message (bigint, boolean) from public, anon, authenticated, service_role;
grant execute on function private.delete_message (bigint, boolean) to authenticated;

create function public.delete_message(message_id bigint, for_everyone boolean default false)
returns void
language sql
volatile
security invoker
begin atomic
  select private.delete_message(delete_message.message_id, delete_message.for_everyone);
end;

comment on function public.delete_message is 'Deletes a message for you, or your own message for everyone. In a group, the owner and admins also delete what members said. You may repeat it.';
revoke all on function public.delete_message (bigint, boolean) from public, anon, authenticated, service_role;
grant execute on function public.delete_message (bigint, boolean) to authenticated;

-- Reacting -------------------------------------------------------------------

-- One cluster of characters. It begins with something that is drawn as a picture (a symbol or a flag), or is a
-- key: a digit, # or * with U+20E3.
create function private.is_emoji(emoji text)
returns boolean
language sql
immutable
security invoker
return char_length(emoji) >= 1 and char_length(emoji) <= 30
  and emoji ~ ('^(?:' || private.grapheme_pattern() || ')$')
  and emoji ~ (
    '^(?:[0-9#*]\uFE0F?\u20E3$|[\u00A9\u00AE\u203C\u2049\u2122\u2139\u2194-\u2199\u21A9\u21AA\u231A\u231B\u2328\u23CF'
    || '\u23E9-\u23F3\u23F8-\u23FA\u24C2\u25AA\u25AB\u25B6\u25C0\u25FB-\u25FE\u2600-\u27BF\u2934\u2935\u2B05-\u2B07\u2B1B'
    || '\u2B1C\u2B50\u2B55\u3030\u303D\u3297\u3299\U0001F000-\U0001FFFD])'
  );

comment on function private.is_emoji is 'Whether a text is one emoji.';
revoke all on function private.is_emoji (text) from public, anon, authenticated, service_role;

create function private.react(message_id bigint, emoji text, is_on boolean)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  most constant integer := 20;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
begin
  conversation := private.act_on_message(viewer_id, react.message_id, 'reaction');
  own := private.member_of(viewer_id, conversation.id);
  message := private.require_message(own, react.message_id);
  perform private.may_write(conversation, own);
  if not react.is_on then
    delete from private.message_reactions
    where message_reactions.message_id = message.id
      and message_reactions.emoji = react.emoji
      and message_reactions.user_id = viewer_id;
    if not found then
      return;
    end if;
  else
    if private.is_emoji(react.emoji) is not true then
      raise sqlstate 'PT400' using message = 'A reaction is one emoji', detail = 'reaction_format';
    end if;
    insert into private.message_reactions (message_id, user_id, emoji)
    values (message.id, viewer_id, react.emoji)
    on conflict do nothing;
    if not found then
      return;
    end if;
    if (
      select count(distinct message_reactions.emoji)
      from private.message_reactions
      where message_reactions.message_id = message.id
    ) > most then
      raise sqlstate 'PT400' using
        message = 'A message has at most 20 kinds of reactions', detail = 'too_many_reactions';
    end if;
    update private.messages
    set has_reactions = true
    where messages.id = message.id and not messages.has_reactions;
  end if;
  perform private.append_message_event(conversation, message.id);
end;
$$;

comment on function private.react is 'What public.react() and public.unreact() do.';
revoke all on function private.react (bigint, text, boolean) from public, anon, authenticated, service_role;
grant execute on function private.react (bigint, text, boolean) to authenticated;

create function public.react(message_id bigint, emoji text)
returns void
language sql
volatile
security invoker
begin atomic
  select private.react(react.message_id, react.emoji, true);
end;

comment on function public.react is 'Reacts to a message with an emoji. You may repeat it.';
revoke all on function public.react (bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.react (bigint, text) to authenticated;

create function public.unreact(message_id bigint, emoji text)
returns void
language sql
volatile
security invoker
begin atomic
  select private.react(unreact.message_id, unreact.emoji, false);
end;

comment on function public.unreact is 'Takes your reaction back. You may repeat it.';
revoke all on function public.unreact (bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.unreact (bigint, text) to authenticated;
