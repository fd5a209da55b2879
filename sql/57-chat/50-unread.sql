/*
 * unread
 *
 * What counts as unread, in one place: messages of others with text, behind the member's own
 * pointer, that the member may read (22-reading.sql). It is counted when somebody asks, so it
 * cannot go wrong. At most 10,000 in a conversation are counted.
 * 51-pointers.sql has what moves the pointer.
 */

-- In SQL and not a definer, here and below, so that the planner puts it into the query around it.
create function private.is_unread(message private.messages, member_id uuid, unheard_ids uuid[])
returns boolean
language sql
stable
security invoker
return message.change is null
  and message.deleted_at is null
  and (message.expires_at is null or message.expires_at > now())
  and message.sender_id is distinct from is_unread.member_id
  and coalesce(message.sender_id <> all (is_unread.unheard_ids), true);

comment on function private.is_unread is 'Whether a message counts as unread if it is behind the pointer of a member who did not delete it for themselves. unheard_ids: the people whose text the member does not read.';
revoke all on function private.is_unread (private.messages, uuid, uuid[])
  from public, anon, authenticated, service_role;

create function private.count_behind(conversation_id bigint, pointer bigint, member_id uuid, unheard_ids uuid[])
returns setof bigint
language sql
stable
security invoker
rows 1
begin atomic
  select count(*)
  from (
    select
    from private.messages
    where messages.conversation_id = count_behind.conversation_id
      and messages.seq > count_behind.pointer
      and private.is_unread(messages, count_behind.member_id, count_behind.unheard_ids)
    limit 10000
  ) as unread;
end;

comment on function private.count_behind is 'How many messages behind a pointer count as unread, with those that the member deleted for themselves.';
revoke all on function private.count_behind (bigint, bigint, uuid, uuid[])
  from public, anon, authenticated, service_role;

-- Few people delete a message for themselves before they read it. So the index of unread messages
-- has no ids, and these messages are counted apart.
create function private.count_hidden_behind(conversation_id bigint, pointer bigint, member_id uuid, unheard_ids uuid[])
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  most constant integer := 10000;
begin
  return (
    select count(*)
    from (
      select
      from private.hidden_messages
      join private.messages on messages.id = hidden_messages.message_id
      where hidden_messages.user_id = count_hidden_behind.member_id
        and messages.conversation_id = count_hidden_behind.conversation_id
        and messages.seq > count_hidden_behind.pointer
        and private.is_unread(messages, count_hidden_behind.member_id, count_hidden_behind.unheard_ids)
      limit most
    ) as hidden
  );
end;
$$;

comment on function private.count_hidden_behind is 'How many of the messages that count_behind() counts were deleted by the member for themselves.';
revoke all on function private.count_hidden_behind (bigint, bigint, uuid, uuid[])
  from public, anon, authenticated, service_role;

create function private.unread_messages(
  conversation private.conversations, member private.conversation_members, unheard_ids uuid[]
)
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
  pointer bigint := greatest(member.read_seq, member.from_seq);
  counted bigint;
begin
  -- Nothing is behind the pointer.
  if conversation.last_seq <= pointer then
    return 0;
  end if;
  counted := (
    select behind.messages
    from private.count_behind(conversation.id, pointer, member.user_id, unread_messages.unheard_ids) as behind (messages)
  );
  if counted > 0 and exists (select from private.hidden_messages where hidden_messages.user_id = member.user_id) then
    counted := counted
      - private.count_hidden_behind(conversation.id, pointer, member.user_id, unread_messages.unheard_ids);
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
      and private.is_unread(messages, member.user_id, unread_mentions.unheard_ids)
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

-- The job has not looked at the conversations with bells yet. In SQL and not a definer, here and
-- below, so that the planner puts it into the query around it.
create function private.noted_conversations(viewer_id uuid)
returns setof bigint
language sql
stable
security invoker
rows 5
begin atomic
  (
    select noted.conversation_id
    from private.unread_conversations as noted
    where noted.user_id = noted_conversations.viewer_id
    order by noted.conversation_id desc
    limit 200
  )
  union all
  (
    select bells.conversation_id
    from private.conversation_bells as bells
    limit 1000
  );
end;

comment on function private.noted_conversations is 'The conversations that may have something unread for a person: up to 200 that are noted, the youngest ones, and those of anybody that wait for the job.';
revoke all on function private.noted_conversations (uuid) from public, anon, authenticated, service_role;

-- A muted conversation has its own number, and is in no total. Neither is an archived one. "offset 0"
-- makes Postgres compute unheard_ids, and the number, once for each conversation.
create function private.chat_totals(viewer_id uuid, conversation_ids bigint[])
returns table (messages bigint, message_requests bigint)
language sql
stable
security invoker
rows 1
begin atomic
  select
    coalesce(sum(counted.unread::integer) filter (where counted.is_accepted), 0),
    count(*) filter (where counted.unread > 0 and not counted.is_accepted)
  from (
    select
      own.is_accepted,
      behind.messages - case
        when exists (select from private.hidden_messages where hidden_messages.user_id = chat_totals.viewer_id)
          then private.count_hidden_behind(own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids)
        else 0
      end as unread
    from (
      select
        members.conversation_id, members.is_accepted, greatest(members.read_seq, members.from_seq) as pointer,
        case
          when members.keeps_deleted or exists (
            select from private.ended_senders where ended_senders.conversation_id = members.conversation_id
          ) then private.unheard_in(members.conversation_id, members.user_id)
          else array(select hidden.id from private.hidden_from(chat_totals.viewer_id) as hidden (id))
        end as unheard_ids
      from private.conversation_members as members
      where members.conversation_id = any (chat_totals.conversation_ids)
        and members.user_id = chat_totals.viewer_id
        and not members.is_declined and not members.is_archived
        and (members.muted_until is null or members.muted_until <= now())
        and not exists (select from private.bans(chat_totals.viewer_id))
      offset 0
    ) as own
    cross join lateral private.count_behind(
      own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids
    ) as behind (messages)
    offset 0
  ) as counted;
end;

comment on function private.chat_totals is 'How many messages a person has not read in these conversations, and how many of them are requests with something unread.';
revoke all on function private.chat_totals (uuid, bigint[]) from public, anon, authenticated, service_role;
