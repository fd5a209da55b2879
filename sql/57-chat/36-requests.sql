/*
 * requests
 *
 * If you do not follow the person who begins a conversation, it waits among your requests. It is
 * counted apart. Until you accept it, nobody sees your receipts, you do not join its topic, and
 * nobody sees that you are online. If you answer, you accept it.
 */

-- In a group whose newcomers read nothing of the past, the past must not be replayed to them
-- either. So the topic moves.
create function private.accept_member(conversation private.conversations, member private.conversation_members)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  hides_past boolean := exists (
    select from private.groups
    where groups.conversation_id = conversation.id and groups.history = 'none'
  );
  accepted private.conversation_members;
begin
  -- The group had this rule when the person was added, and has it no more: 32-members.sql.
  update private.conversation_members
  set is_accepted = true, is_declined = false,
      from_seq = case
        when hides_past or conversation_members.from_seq > conversation.last_seq then conversation.last_seq
        else conversation_members.from_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = member.user_id
  returning conversation_members.* into accepted;
  -- From now on the person sees the receipts of others. Their other devices learn the topic.
  perform private.change_view(conversation.id, array[member.user_id]);
  if hides_past then
    conversation := private.move_conversation(conversation);
  end if;
  if accepted.delivered_seq > 0 and private.shows_receipts(accepted) then
    conversation := private.append_pointer_event(conversation, accepted);
  end if;
  return conversation;
end;
$$;

comment on function private.accept_member is 'Takes a conversation out of the requests of a member who has not accepted it.';
revoke all on function private.accept_member (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write members.
create function private.accept_conversation(conversation_id bigint)
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
begin
  conversation := private.act_in(viewer_id, accept_conversation.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if own.is_accepted and not own.is_declined then
    return;
  end if;
  conversation := private.accept_member(conversation, own);
  if conversation.kind = 'group' then
    perform private.add_change(conversation, 'joined', viewer_id);
  end if;
end;
$$;

comment on function private.accept_conversation is 'What public.accept_conversation() does.';
revoke all on function private.accept_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function private.accept_conversation (bigint) to authenticated;

create function public.accept_conversation(conversation_id bigint)
returns void
language sql
volatile
security invoker
begin atomic
  select private.accept_conversation(accept_conversation.conversation_id);
end;

comment on function public.accept_conversation is 'Takes a conversation out of your requests. You may repeat it.';
revoke all on function public.accept_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function public.accept_conversation (bigint) to authenticated;

-- The sender of a direct message does not learn that it was declined.
create function private.decline_conversation(conversation_id bigint)
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
begin
  conversation := private.act_in(viewer_id, decline_conversation.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if own.is_accepted then
    raise sqlstate 'PT400' using message = 'You accepted this conversation', detail = 'already_accepted';
  end if;
  if conversation.kind = 'group' then
    perform private.end_membership(conversation, viewer_id, 'left', viewer_id);
    return;
  end if;
  update private.conversation_members
  set is_declined = true
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id;
  perform private.tell_own_devices(viewer_id, conversation.id);
end;
$$;

comment on function private.decline_conversation is 'What public.decline_conversation() does.';
revoke all on function private.decline_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function private.decline_conversation (bigint) to authenticated;

create function public.decline_conversation(conversation_id bigint)
returns void
language sql
volatile
security invoker
begin atomic
  select private.decline_conversation(decline_conversation.conversation_id);
end;

comment on function public.decline_conversation is 'Declines a request. You leave a group. A direct conversation is in no list any more, and its sender does not learn it. direct_conversation() brings it back.';
revoke all on function public.decline_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function public.decline_conversation (bigint) to authenticated;
