/*
 * a member's own side
 *
 * What members decide about a conversation for themselves: muted, archived, pinned, a draft. Each
 * change is an event of their own stream. So it is in step on all their devices.
 */

-- Definer, because nobody may write members.
create function private.set_conversation(
  conversation_id bigint, muted_until timestamptz, is_archived boolean, is_pinned boolean, shows_receipts boolean,
  keeps_deleted boolean, draft text
)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  before private.conversation_members;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, set_conversation.conversation_id, 'draft');
  before := private.member_of(viewer_id, conversation.id);
  -- The choice counts that was made before the block or the deletion.
  if private.is_frozen(conversation) then
    keeps_deleted := null;
  end if;
  update private.conversation_members
  set muted_until = coalesce(set_conversation.muted_until, conversation_members.muted_until),
      is_archived = coalesce(set_conversation.is_archived, conversation_members.is_archived),
      is_pinned = coalesce(set_conversation.is_pinned, conversation_members.is_pinned),
      shows_receipts = coalesce(set_conversation.shows_receipts, conversation_members.shows_receipts),
      view = conversation_members.view
        + (set_conversation.keeps_deleted is distinct from conversation_members.keeps_deleted)::integer
          * (set_conversation.keeps_deleted is not null)::integer,
      keeps_deleted = coalesce(set_conversation.keeps_deleted, conversation_members.keeps_deleted),
      draft = coalesce(set_conversation.draft, conversation_members.draft)
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  if private.shows_receipts(own) <> private.shows_receipts(before) then
    perform private.append_pointer_event(conversation, own);
    -- It also says whether they see those of others.
    perform private.change_view(conversation.id, array[viewer_id]);
  else
    perform private.tell_own_devices(viewer_id, conversation.id);
  end if;
end;
$$;

comment on function private.set_conversation is 'What public.set_conversation() does.';
revoke all on function private.set_conversation (bigint, timestamptz, boolean, boolean, boolean, boolean, text)
  from public, anon, authenticated, service_role;
grant execute on function private.set_conversation (bigint, timestamptz, boolean, boolean, boolean, boolean, text)
  to authenticated;

create function public.set_conversation(
  conversation_id bigint,
  muted_until timestamptz default null,
  is_archived boolean default null,
  is_pinned boolean default null,
  shows_receipts boolean default null,
  keeps_deleted boolean default null,
  draft text default null
)
returns void
language sql
volatile
security invoker
begin atomic
  select private.set_conversation(
    set_conversation.conversation_id, set_conversation.muted_until, set_conversation.is_archived,
    set_conversation.is_pinned, set_conversation.shows_receipts, set_conversation.keeps_deleted, set_conversation.draft
  );
end;

comment on function public.set_conversation is 'Changes how you keep a conversation. What you leave out stays. muted_until: a time, or infinity. A time in the past ends it. keeps_deleted: the messages of the other stay when they delete their account. draft: what you did not send yet.';
revoke all on function public.set_conversation (bigint, timestamptz, boolean, boolean, boolean, boolean, text)
  from public, anon, authenticated, service_role;
grant execute on function public.set_conversation (bigint, timestamptz, boolean, boolean, boolean, boolean, text)
  to authenticated;
