/*
 * receipts
 *
 * How far the other members got and read messages. Somebody who switched receipts off, for all
 * conversations or for one, shows none and sees none. In a request nobody shows any. In a group
 * of more than 50 there are none.
 *
 * Open screens hear of each change. 53-receipt-switches.sql tells of the switch for all conversations.
 */

create function private.has_receipts(member_count integer)
returns boolean
language sql
immutable
security invoker
return member_count <= 50;

comment on function private.has_receipts is 'Whether a conversation with this number of members has receipts.';
revoke all on function private.has_receipts (integer) from public, anon, authenticated, service_role;

create function private.shows_receipts(member private.conversation_members)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return member.is_accepted and member.shows_receipts
    and coalesce(
      (
        select chat_settings.shows_receipts
        from private.chat_settings
        where chat_settings.user_id = member.user_id
      ),
      true
    )
    and (
      select private.has_receipts(conversations.member_count)
      from private.conversations
      where conversations.id = member.conversation_id
    );
end;
$$;

comment on function private.shows_receipts is 'Whether the others see how far a member read. It also says whether the member sees that of others.';
revoke all on function private.shows_receipts (private.conversation_members) from public, anon, authenticated, service_role;

create function private.pointer_of(member private.conversation_members)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  is_shown constant boolean := private.shows_receipts(member);
begin
  return jsonb_build_object(
    'profile_id', member.user_id,
    'delivered_seq', case when is_shown then member.delivered_seq end,
    'read_seq', case when is_shown then member.shown_seq end
  );
end;
$$;

comment on function private.pointer_of is 'How far a member got and read messages, for others. Nulls: the member does not show it any more.';
revoke all on function private.pointer_of (private.conversation_members) from public, anon, authenticated, service_role;

-- If a member does not see receipts, the topic must not tell them. Then everybody asks sync().
create function private.append_pointer_event(
  conversation private.conversations, member private.conversation_members
)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  all_see boolean := not member.is_apart and not exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id
      and conversation_members.is_accepted
      and not private.shows_receipts(conversation_members)
  );
begin
  -- The number would tell that the other account is still there.
  if private.is_frozen(conversation) then
    return conversation;
  end if;
  return private.append_event(
    conversation, 'pointer', null, member.user_id, case when all_see then private.pointer_of(member) end
  );
end;
$$;

comment on function private.append_pointer_event is 'Tells how far a member got and read messages.';
revoke all on function private.append_pointer_event (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

-- One event for all: receipts appear or vanish, so they read the conversation again.
create function private.turn_receipts(conversation private.conversations, count_before integer)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if private.has_receipts(count_before) <> private.has_receipts(conversation.member_count) then
    perform private.append_event(conversation, 'start_over');
  end if;
end;
$$;

comment on function private.turn_receipts is 'Tells the members of a conversation that has receipts from now on, or no more. count_before: how many members it had.';
revoke all on function private.turn_receipts (private.conversations, integer)
  from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

create type public.receipt as (
  profile        public.author,
  delivered_seq  bigint,
  read_seq       bigint
);

comment on type public.receipt is 'How far a member got and read the messages of a conversation.';

create function private.receipts_seen_by(own private.conversation_members)
returns setof public.receipt
language plpgsql
stable
security invoker
set search_path = ''
rows 50
as $$
begin
  if not private.shows_receipts(own) then
    return;
  end if;
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    others.delivered_seq, others.shown_seq
  from private.conversation_members as others
  join public.profiles on profiles.id = others.user_id
  where others.conversation_id = own.conversation_id
    and others.user_id <> own.user_id
    and private.shows_receipts(others)
    and others.user_id not in (select private.hidden_ids(own.user_id))
  order by others.shown_seq desc, profiles.id;
end;
$$;

comment on function private.receipts_seen_by is 'The receipts of the others, as a member sees them.';
revoke all on function private.receipts_seen_by (private.conversation_members)
  from public, anon, authenticated, service_role;

-- Definer, because nobody may read members.
create function private.receipts(conversation_id bigint)
returns setof public.receipt
language plpgsql
stable
security definer
set search_path = ''
rows 50
as $$
declare
  viewer_id uuid := private.chat_viewer();
begin
  return query
  select listed.*
  from private.receipts_seen_by(private.member_of(viewer_id, receipts.conversation_id)) as listed;
end;
$$;

comment on function private.receipts is 'What public.receipts() answers.';
revoke all on function private.receipts (bigint) from public, anon, authenticated, service_role;
grant execute on function private.receipts (bigint) to authenticated;

create function public.receipts(conversation_id bigint)
returns setof public.receipt
language sql
stable
security invoker
rows 50
begin atomic
  select listed.*
  from private.receipts(receipts.conversation_id) as listed;
end;

comment on function public.receipts is 'How far the other members got and read messages. A message was seen by those whose read_seq is at least its seq. Empty if you switched receipts off, and in groups of more than 50.';
revoke all on function public.receipts (bigint) from public, anon, authenticated, service_role;
grant execute on function public.receipts (bigint) to authenticated;
