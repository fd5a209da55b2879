/*
 * news of conversations
 *
 * How members hear of a conversation that they have not joined: on their own topic user:<id>, and
 * by events of their own stream (53-streams). The jobs are in 75-jobs.sql.
 */

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

-- A change of the topic must arrive, so it is an event of the person's own stream. The job writes
-- it, a few people at a time. So a group of 500 does not join its new topic all at once.
create table private.conversation_tellings (
  user_id          uuid    not null,
  conversation_id  bigint  not null,

  primary key (user_id, conversation_id)
);

comment on table private.conversation_tellings is 'Whose stream has to get an event about which conversation.';
revoke all on private.conversation_tellings from public, anon, authenticated, service_role;

-- Telling --------------------------------------------------------------------

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
