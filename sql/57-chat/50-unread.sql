/*
 * unread
 *
 * What counts as unread, in one place: messages of others with text, behind the member's own
 * pointer, that the member may read (22-reading.sql). It is counted when somebody asks, so it
 * cannot go wrong. At most 10,000 in a conversation are counted.
 *
 * The read pointer is private. It never goes back by itself: only mark_conversation_unread()
 * moves it. The others see another pointer (52-receipts.sql).
 */

create function private.unread_messages(
  conversation private.conversations, member private.conversation_members, unheard_ids uuid[]
)
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  most constant integer := 10000;
  behind bigint := greatest(member.read_seq, member.from_seq);
begin
  -- Nothing is behind the pointer.
  if conversation.last_seq <= behind then
    return 0;
  end if;
  return (
    select count(*)
    from (
      select
      from private.messages
      where messages.conversation_id = conversation.id
        and messages.seq > behind
        and messages.change is null
        and messages.deleted_at is null
        and (messages.expires_at is null or messages.expires_at > now())
        and messages.sender_id is distinct from member.user_id
        and coalesce(messages.sender_id <> all (unread_messages.unheard_ids), true)
      limit most
    ) as counted
  ) - (
    -- Few people delete a message for themselves before they read it.
    select count(*)
    from (
      select
      from private.hidden_messages
      join private.messages on messages.id = hidden_messages.message_id
      where hidden_messages.user_id = member.user_id
        and messages.conversation_id = conversation.id
        and messages.seq > behind
        and messages.change is null
        and messages.deleted_at is null
        and (messages.expires_at is null or messages.expires_at > now())
        and messages.sender_id is distinct from member.user_id
        and coalesce(messages.sender_id <> all (unread_messages.unheard_ids), true)
      limit most
    ) as hidden
  );
end;
$$;

comment on function private.unread_messages is 'How many messages a member has not read in a conversation. unheard_ids: the people whose text they do not read.';
revoke all on function private.unread_messages (private.conversations, private.conversation_members, uuid[])
  from public, anon, authenticated, service_role;

create function private.unread_mentions(
  conversation private.conversations, member private.conversation_members, unheard_ids uuid[]
)
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return (
    select count(*)
    from private.message_mentions
    join private.messages on messages.id = message_mentions.message_id
    where message_mentions.user_id = member.user_id
      and messages.conversation_id = conversation.id
      and messages.seq > greatest(member.read_seq, member.from_seq)
      and messages.deleted_at is null
      and (messages.expires_at is null or messages.expires_at > now())
      and messages.sender_id is distinct from member.user_id
      and coalesce(messages.sender_id <> all (unread_mentions.unheard_ids), true)
      and not exists (
        select from private.hidden_messages
        where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
      )
  );
end;
$$;

comment on function private.unread_mentions is 'How many unread messages name a member.';
revoke all on function private.unread_mentions (private.conversations, private.conversation_members, uuid[])
  from public, anon, authenticated, service_role;

-- Somebody who is hidden now may be seen again later, so their messages count here.
create function private.is_behind(member private.conversation_members)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return exists (
    select from private.messages
    where messages.conversation_id = member.conversation_id
      and messages.seq > greatest(member.read_seq, member.from_seq)
      and messages.change is null
      and messages.deleted_at is null
      and messages.sender_id is distinct from member.user_id
  );
end;
$$;

comment on function private.is_behind is 'Whether others said something behind the pointer of a member. Some of it may be hidden from the member.';
revoke all on function private.is_behind (private.conversation_members) from public, anon, authenticated, service_role;

-- Its cost depends on the conversations with something unread, and not on all conversations of
-- the person. A muted conversation has its own number, and is in no total. Neither is an
-- archived one.
create function private.chat_totals(viewer_id uuid, out messages bigint, out message_requests bigint)
returns record
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  most constant integer := 200;
  most_bells constant integer := 1000;
  conversation_ids bigint[];
  hidden_ids uuid[];
begin
  messages := 0;
  message_requests := 0;
  conversation_ids := array(
    select unread_conversations.conversation_id
    from private.unread_conversations
    where unread_conversations.user_id = chat_totals.viewer_id
    order by unread_conversations.conversation_id desc
    limit most
  );
  -- The job has not looked at these yet.
  if exists (select from private.conversation_bells) then
    conversation_ids := conversation_ids || array(
      select distinct waiting.conversation_id
      from (select bells.conversation_id from private.conversation_bells as bells limit most_bells) as waiting
      where waiting.conversation_id <> all (conversation_ids) and exists (
        select from private.conversation_members as own
        where own.conversation_id = waiting.conversation_id and own.user_id = chat_totals.viewer_id
      )
    );
  end if;
  if cardinality(conversation_ids) = 0 or private.is_locked_out(chat_totals.viewer_id) then
    return;
  end if;

  hidden_ids := array(select private.hidden_ids(chat_totals.viewer_id));
  select
    coalesce(sum(counted.unread) filter (where own.is_accepted), 0),
    count(*) filter (where not own.is_accepted and counted.unread > 0)
  into messages, message_requests
  from unnest(conversation_ids) as waiting (id)
  join private.conversation_members as own on own.conversation_id = waiting.id
    and own.user_id = chat_totals.viewer_id
  join private.conversations on conversations.id = waiting.id
  cross join lateral private.unread_messages(
    conversations, own,
    case when conversations.kind = 'direct' and own.keeps_deleted then '{}' else hidden_ids end
  ) as counted (unread)
  where not own.is_declined and not own.is_archived
    and (own.muted_until is null or own.muted_until <= now());
end;
$$;

comment on function private.chat_totals is 'How many messages a person has not read, and how many requests have something unread. It looks at up to 200 conversations with unread messages, the youngest ones.';
revoke all on function private.chat_totals (uuid) from public, anon, authenticated, service_role;

-- Pointers -------------------------------------------------------------------

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
    and messages.change is null
    and messages.deleted_at is null
    and (messages.expires_at is null or messages.expires_at > now())
    and messages.sender_id is distinct from viewer_id
    and coalesce(messages.sender_id <> all (unheard_ids), true)
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
