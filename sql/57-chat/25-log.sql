/*
 * log
 *
 * The stream conversation:<id>. Everything that happens in a conversation has the next number:
 * a message, an edit, a deletion, a reaction, a pointer, a change of the group. The number is
 * taken while the conversation's row is locked, so it has no gap and follows commits.
 *
 * A new message is its own entry. Everything else has a row here, which says what changed and
 * not how. The reader's view is made of the tables when somebody reads the log (sync). So a
 * text that is deleted is gone from the log too.
 *
 * An entry is sent to the topic conversation:<id>:<epoch> at once, with what every listener
 * may read. If a listener may read less than that, payload is null, and clients ask sync(). Only
 * a listener who deleted a message for themselves still hears its changes.
 * docs/decisions/0011-chat.md says why.
 */

create type private.conversation_event_kind as enum ('message', 'conversation', 'pointer', 'moved', 'start_over');
comment on type private.conversation_event_kind is 'message: it is new or changed. conversation: its name, rules or members changed. pointer: somebody got or read messages. moved: the topic changed. start_over: many messages changed at once.';
revoke all on type private.conversation_event_kind from public;

create table private.conversation_events (
  conversation_id  bigint                           not null references private.conversations (id) on delete cascade,
  seq              bigint                           not null,
  kind             private.conversation_event_kind  not null,
  subject          bigint,
  user_id          uuid,
  created_at       timestamptz                      not null default now(),

  -- A conversation, in order.
  primary key (conversation_id, seq)
);

comment on table  private.conversation_events is 'What happened in conversations, apart from new messages.';
comment on column private.conversation_events.subject is 'message: which one. Otherwise null.';
comment on column private.conversation_events.user_id is 'pointer: whose. Otherwise null.';
revoke all on private.conversation_events from public, anon, authenticated, service_role;

-- The events that are too old.
create index conversation_events_created_at_idx on private.conversation_events (created_at);
-- The events that are about a message.
create index conversation_events_subject_idx on private.conversation_events (subject) where subject is not null;

-- Topics ---------------------------------------------------------------------

create function private.topic_of(conversation private.conversations)
returns text
language sql
immutable
security invoker
return 'conversation:' || conversation.id || ':' || conversation.epoch;

comment on function private.topic_of is 'The topic of a conversation in its present epoch.';
revoke all on function private.topic_of (private.conversations) from public, anon, authenticated, service_role;

create function private.apart_ids(conversation_id bigint)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = apart_ids.conversation_id and conversation_members.is_apart
    union all
    select former_members.user_id
    from private.former_members
    where former_members.conversation_id = apart_ids.conversation_id and former_members.is_apart
  );
end;
$$;

comment on function private.apart_ids is 'The members of a group who block another member, and the former members who are hidden from a member.';
revoke all on function private.apart_ids (bigint) from public, anon, authenticated, service_role;

create index conversation_members_apart_idx on private.conversation_members (conversation_id, user_id) where is_apart;
-- The members who do not read the whole past.
create index conversation_members_from_seq_idx on private.conversation_members (conversation_id, from_seq)
  where is_accepted and from_seq > 0;

create function private.send_event(
  conversation private.conversations, seq bigint, kind private.conversation_event_kind, payload jsonb
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object('seq', send_event.seq, 'kind', send_event.kind, 'payload', send_event.payload),
    'event', private.topic_of(conversation), true
  );
end;
$$;

comment on function private.send_event is 'Sends an event to everybody who listens to a conversation.';
revoke all on function private.send_event (private.conversations, bigint, private.conversation_event_kind, jsonb)
  from public, anon, authenticated, service_role;

-- What everybody in the topic may read of a message. Null: some listener may read less.
create function private.message_for_all(conversation private.conversations, message private.messages)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  apart uuid[] := private.apart_ids(conversation.id);
begin
  if cardinality(apart) > 0 and (
    message.sender_id = any (apart)
    or message.target_id = any (apart)
    or exists (
      select from private.message_mentions
      where message_mentions.message_id = message.id and message_mentions.user_id = any (apart)
    )
    or exists (
      select from private.message_reactions
      where message_reactions.message_id = message.id and message_reactions.user_id = any (apart)
    )
  ) then
    return null;
  end if;
  return (
    select to_jsonb(seen)
    from private.message_rows(null, '{}', '{}', array[message.id]) as seen
  );
end;
$$;

comment on function private.message_for_all is 'A message as the topic hears it, or null.';
revoke all on function private.message_for_all (private.conversations, private.messages)
  from public, anon, authenticated, service_role;

-- Events ---------------------------------------------------------------------

create function private.append_event(
  conversation private.conversations, kind private.conversation_event_kind, subject bigint default null,
  user_id uuid default null, payload jsonb default '{}'
)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  counted private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1
  where conversations.id = conversation.id
  returning conversations.* into counted;

  insert into private.conversation_events (conversation_id, seq, kind, subject, user_id)
  values (counted.id, counted.last_seq, append_event.kind, append_event.subject, append_event.user_id);
  perform private.send_event(counted, counted.last_seq, append_event.kind, append_event.payload);
  return counted;
end;
$$;

comment on function private.append_event is 'Adds an event to a conversation that the caller holds, and sends it.';
revoke all on function private.append_event (
  private.conversations, private.conversation_event_kind, bigint, uuid, jsonb
) from public, anon, authenticated, service_role;

create function private.append_message_event(conversation private.conversations, message_id bigint)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  message private.messages;
begin
  select messages.* into message
  from private.messages
  where messages.id = append_message_event.message_id;
  -- A newcomer may listen who does not read a message that is this old.
  return private.append_event(
    conversation, 'message', message.id, null, case when not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.is_accepted
        and conversation_members.from_seq > 0 and conversation_members.from_seq >= message.seq
    ) then private.message_for_all(conversation, message) end
  );
end;
$$;

comment on function private.append_message_event is 'Tells that a message changed.';
revoke all on function private.append_message_event (private.conversations, bigint)
  from public, anon, authenticated, service_role;

-- Writes a message with the next number. Definers call it while they hold the conversation.
create function private.add_message(conversation private.conversations, message private.messages)
returns private.messages
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  counted private.conversations;
  added private.messages;
begin
  message.id := private.new_id();
  update private.conversations
  set last_seq = conversations.last_seq + 1,
      -- Somebody set the clock back: lists still go forward.
      last_id = greatest(conversations.last_id, message.id)
  where conversations.id = conversation.id
  returning conversations.* into counted;

  insert into private.messages (
    id, conversation_id, seq, sender_id, client_id, change, target_id, content, entities, reply_to_id, post_id,
    expires_at
  )
  values (
    message.id, counted.id, counted.last_seq, message.sender_id, message.client_id, message.change, message.target_id,
    message.content, message.entities, message.reply_to_id, message.post_id,
    case when message.change is null then now() + counted.expires_after end
  )
  returning messages.* into added;
  return added;
end;
$$;

comment on function private.add_message is 'Writes a message with the next number of a conversation. The caller sends it.';
revoke all on function private.add_message (private.conversations, private.messages)
  from public, anon, authenticated, service_role;

create function private.add_change(
  conversation private.conversations, change public.conversation_change, actor_id uuid, target_id uuid default null,
  content text default ''
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  message private.messages;
begin
  message.sender_id := add_change.actor_id;
  message.change := add_change.change;
  message.target_id := add_change.target_id;
  message.content := add_change.content;
  message.entities := '[]';
  message := private.add_message(conversation, message);
  perform private.announce(conversation, message);
end;
$$;

comment on function private.add_change is 'Writes down what happened to a group.';
revoke all on function private.add_change (private.conversations, public.conversation_change, uuid, uuid, text)
  from public, anon, authenticated, service_role;
