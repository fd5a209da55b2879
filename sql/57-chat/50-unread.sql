/*
 * unread
 *
 * What counts as unread, in one place: messages of others with text, behind the member's own
 * pointer, that the member may read (22-reading.sql). It is counted when somebody asks, so it
 * cannot go wrong. At most 10,000 in a conversation are counted.
 * 51-pointers.sql has what moves the pointer.
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
  counted bigint;
begin
  -- Nothing is behind the pointer.
  if conversation.last_seq <= behind then
    return 0;
  end if;
  counted := (
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
    ) as unread
  );
  -- Few people delete a message for themselves before they read it.
  if counted > 0 and exists (select from private.hidden_messages where hidden_messages.user_id = member.user_id) then
    counted := counted - (
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
  end if;
  return counted;
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
  one_id bigint;
  hidden_ids uuid[];
  conversation private.conversations;
  own private.conversation_members;
  counted bigint;
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
        select from private.conversation_members as members
        where members.conversation_id = waiting.conversation_id and members.user_id = chat_totals.viewer_id
      )
    );
  end if;
  if cardinality(conversation_ids) = 0 or private.is_locked_out(chat_totals.viewer_id) then
    return;
  end if;

  hidden_ids := array(select private.hidden_ids(chat_totals.viewer_id));
  -- One after the other, so that Postgres never reads all conversations of the person.
  foreach one_id in array conversation_ids loop
    select conversation_members.* into own
    from private.conversation_members
    where conversation_members.conversation_id = one_id
      and conversation_members.user_id = chat_totals.viewer_id
      and not conversation_members.is_declined and not conversation_members.is_archived
      and (conversation_members.muted_until is null or conversation_members.muted_until <= now());
    continue when not found;
    select conversations.* into conversation
    from private.conversations
    where conversations.id = own.conversation_id;
    counted := private.unread_messages(
      conversation, own,
      case when conversation.kind = 'direct' and own.keeps_deleted then '{}' else hidden_ids end
    );
    if own.is_accepted then
      messages := messages + counted;
    elsif counted > 0 then
      message_requests := message_requests + 1;
    end if;
  end loop;
end;
$$;

comment on function private.chat_totals is 'How many messages a person has not read, and how many requests have something unread. It looks at up to 200 conversations with unread messages, the youngest ones.';
revoke all on function private.chat_totals (uuid) from public, anon, authenticated, service_role;
