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
 * may read. If a listener may read less than that, payload is null, and clients ask sync().
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

-- Bells and tellings ---------------------------------------------------------

/*
 * A member who has not joined the topic hears of a message too, on user:<id>. One row per
 * member would make a message in a large group dear. So the message writes one row here, and a
 * job rings at every member within half a second (75-jobs.sql). Many messages make one ring.
 */
create table private.conversation_bells (
  conversation_id  bigint  primary key references private.conversations (id) on delete cascade
);

comment on table private.conversation_bells is 'The groups with a message of which their members have not heard yet.';
revoke all on private.conversation_bells from public, anon, authenticated, service_role;

-- A change of the topic must arrive, so it is an event of the person's own stream. The job writes it, a few people at
-- a time. So a group of 500 does not join its new topic all at once.
create table private.conversation_tellings (
  user_id          uuid    not null,
  conversation_id  bigint  not null,

  primary key (user_id, conversation_id)
);

comment on table private.conversation_tellings is 'Whose stream has to get an event about which conversation.';
revoke all on private.conversation_tellings from public, anon, authenticated, service_role;

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
  );
end;
$$;

comment on function private.apart_ids is 'The members of a group who block another member.';
revoke all on function private.apart_ids (bigint) from public, anon, authenticated, service_role;

create index conversation_members_apart_idx on private.conversation_members (conversation_id, user_id) where is_apart;

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
  if message.sender_id = any (apart) then
    return null;
  end if;
  return (
    select to_jsonb(seen)
    from private.message_rows(null, apart, apart, array[message.id]) as seen
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
  return private.append_event(
    conversation, 'message', message.id, null, private.message_for_all(conversation, message)
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

create function private.announce(conversation private.conversations, message private.messages)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  news jsonb := jsonb_build_object('conversation_id', conversation.id, 'last_seq', message.seq);
  listener uuid;
begin
  perform private.send_event(conversation, message.seq, 'message', private.message_for_all(conversation, message));
  if conversation.kind = 'group' then
    insert into private.conversation_bells (conversation_id)
    values (conversation.id)
    on conflict do nothing;
    return;
  end if;
  for listener in
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = conversation.id and not conversation_members.is_declined
  loop
    perform realtime.send(news, 'news', 'user:' || listener, true);
  end loop;
end;
$$;

comment on function private.announce is 'Sends a new message to its topic, and sees to it that all members hear of it.';
revoke all on function private.announce (private.conversations, private.messages)
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

-- Epochs ---------------------------------------------------------------------

-- The old topic hears once more: that it ends, and the name of the next one.
-- A client may hear it just before others see the commit, so the name saves it a wrong answer.
-- Nothing else is sent to the old topic. So a socket that may not listen any more hears nothing,
-- even while Realtime still keeps it joined.
create function private.move_conversation(conversation private.conversations)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  moved private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1, epoch = conversations.epoch + 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  insert into private.conversation_events (conversation_id, seq, kind)
  values (moved.id, moved.last_seq, 'moved');
  perform private.send_event(
    conversation, moved.last_seq, 'moved', jsonb_build_object('topic', private.topic_of(moved))
  );

  insert into private.conversation_tellings (user_id, conversation_id)
  select conversation_members.user_id, moved.id
  from private.conversation_members
  where conversation_members.conversation_id = moved.id
  order by conversation_members.user_id
  on conflict do nothing;
  return moved;
end;
$$;

comment on function private.move_conversation is 'Ends the topic of a conversation and begins the next one. Members learn it from their own stream.';
revoke all on function private.move_conversation (private.conversations)
  from public, anon, authenticated, service_role;

create function private.tell_later(user_id uuid, conversation_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.conversation_tellings (user_id, conversation_id)
  values (tell_later.user_id, tell_later.conversation_id)
  on conflict do nothing;
end;
$$;

comment on function private.tell_later is 'Soon the stream of a person gets an event about a conversation.';
revoke all on function private.tell_later (uuid, bigint) from public, anon, authenticated, service_role;

-- The log of a conversation is the same for all. So it cannot say that one member sees old
-- messages in another way from now on. Their own stream does.
create function private.change_view(conversation_id bigint, user_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.conversation_members
  set view = conversation_members.view + 1
  where conversation_members.conversation_id = change_view.conversation_id
    and conversation_members.user_id = any (change_view.user_ids);
  insert into private.conversation_tellings (user_id, conversation_id)
  select members.user_id, members.conversation_id
  from private.conversation_members as members
  where members.conversation_id = change_view.conversation_id and members.user_id = any (change_view.user_ids)
  order by members.user_id
  on conflict do nothing;
end;
$$;

comment on function private.change_view is 'Makes some members of a conversation read its messages again.';
revoke all on function private.change_view (bigint, uuid[]) from public, anon, authenticated, service_role;

-- A stream is the last lock of a transaction. So nothing locks a conversation after this.
create function private.tell_own_devices(viewer_id uuid, conversation_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  stream private.streams;
begin
  select streams.* into stream
  from private.streams
  where streams.user_id = tell_own_devices.viewer_id
  for no key update;
  if found then
    perform private.append_events(stream, 'conversation', array[tell_own_devices.conversation_id]);
  end if;
end;
$$;

comment on function private.tell_own_devices is 'Adds an event about a conversation to the stream of a person.';
revoke all on function private.tell_own_devices (uuid, bigint) from public, anon, authenticated, service_role;
