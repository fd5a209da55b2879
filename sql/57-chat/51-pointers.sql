/*
 * pointers
 *
 * How members say what they have got and read. The read pointer is private. It never goes back by
 * itself: only mark_conversation_unread() moves it. The others see another pointer (52-receipts.sql).
 */

-- Definer, here and below, because nobody may write members.
create function private.mark_conversation(conversation_id bigint, seq bigint, is_read boolean)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  before private.conversation_members;
  pointer bigint;
begin
  conversation := private.act_in(viewer_id, mark_conversation.conversation_id, 'mark_read');
  before := private.member_of(viewer_id, conversation.id);
  -- Nobody has read what is not written yet.
  pointer := least(greatest(coalesce(mark_conversation.seq, 0), 0), conversation.last_seq);
  update private.conversation_members
  set delivered_seq = greatest(conversation_members.delivered_seq, pointer),
      read_seq = case
        when mark_conversation.is_read then greatest(conversation_members.read_seq, pointer)
        else conversation_members.read_seq
      end,
      is_marked_unread = conversation_members.is_marked_unread and not mark_conversation.is_read,
      shown_seq = case
        when mark_conversation.is_read and private.shows_receipts(conversation_members)
          then greatest(conversation_members.shown_seq, pointer)
        else conversation_members.shown_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;

  if private.shows_receipts(own) and (own.shown_seq, own.delivered_seq) <> (before.shown_seq, before.delivered_seq) then
    perform private.append_pointer_event(conversation, own);
  end if;
  if (own.read_seq, own.is_marked_unread) <> (before.read_seq, before.is_marked_unread) then
    if not private.is_behind(own) then
      delete from private.unread_conversations
      where unread_conversations.user_id = viewer_id and unread_conversations.conversation_id = conversation.id;
    end if;
    perform private.tell_own_devices(viewer_id, conversation.id);
  end if;
  return private.unread_messages(conversation, own, private.unheard_ids(conversation, own));
end;
$$;

comment on function private.mark_conversation is 'What public.mark_conversation_read() and public.mark_conversation_delivered() do.';
revoke all on function private.mark_conversation (bigint, bigint, boolean) from public, anon, authenticated, service_role;
grant execute on function private.mark_conversation (bigint, bigint, boolean) to authenticated;

create function public.mark_conversation_read(conversation_id bigint, seq bigint)
returns bigint
language sql
volatile
security invoker
return private.mark_conversation(mark_conversation_read.conversation_id, mark_conversation_read.seq, true);

comment on function public.mark_conversation_read is 'You read everything up to this seq. An earlier one changes nothing. Answers how many messages are unread now.';
revoke all on function public.mark_conversation_read (bigint, bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_conversation_read (bigint, bigint) to authenticated;

create function public.mark_conversation_delivered(conversation_id bigint, seq bigint)
returns bigint
language sql
volatile
security invoker
return private.mark_conversation(mark_conversation_delivered.conversation_id, mark_conversation_delivered.seq, false);

comment on function public.mark_conversation_delivered is 'Your device has everything up to this seq. Answers how many messages are unread.';
revoke all on function public.mark_conversation_delivered (bigint, bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_conversation_delivered (bigint, bigint) to authenticated;

-- The pointer goes to just before the newest message of others. What the others saw stays seen.
create function private.mark_conversation_unread(conversation_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  unheard_ids uuid[];
  newest bigint;
begin
  conversation := private.act_in(viewer_id, mark_conversation_unread.conversation_id, 'mark_read');
  own := private.member_of(viewer_id, conversation.id);
  unheard_ids := private.unheard_ids(conversation, own);
  select messages.seq into newest
  from private.messages
  where messages.conversation_id = conversation.id
    and messages.seq > own.from_seq
    and private.is_unread(messages, viewer_id, unheard_ids)
    and not exists (
      select from private.hidden_messages
      where hidden_messages.user_id = viewer_id and hidden_messages.message_id = messages.id
    )
  order by messages.seq desc
  limit 1;
  update private.conversation_members
  set is_marked_unread = true,
      read_seq = least(conversation_members.read_seq, coalesce(newest - 1, conversation_members.read_seq))
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  if private.is_behind(own) then
    insert into private.unread_conversations (user_id, conversation_id)
    values (viewer_id, conversation.id)
    on conflict do nothing;
  end if;
  perform private.tell_own_devices(viewer_id, conversation.id);
  return private.unread_messages(conversation, own, unheard_ids);
end;
$$;

comment on function private.mark_conversation_unread is 'What public.mark_conversation_unread() does.';
revoke all on function private.mark_conversation_unread (bigint) from public, anon, authenticated, service_role;
grant execute on function private.mark_conversation_unread (bigint) to authenticated;

create function public.mark_conversation_unread(conversation_id bigint)
returns bigint
language sql
volatile
security invoker
return private.mark_conversation_unread(mark_conversation_unread.conversation_id);

comment on function public.mark_conversation_unread is 'Marks a conversation as unread: its newest message by somebody else, and all that is unread anyway. Answers how many messages are unread now.';
revoke all on function public.mark_conversation_unread (bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_conversation_unread (bigint) to authenticated;
