/*
 * news of conversations
 *
 * How members hear of a conversation that they have not joined: on their own topic user:<id>, and
 * by events of their own stream (53-streams). The jobs are in 75-jobs.sql.
 */

-- Small conversations --------------------------------------------------------

-- The members of a small conversation hear of everything when the transaction commits. One row
-- for each member would make a message in a large group slow. So in a large group the
-- transaction writes a fixed number of rows, and a job does the rest (75-jobs.sql).
create function private.is_small(conversation_id bigint)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  most constant integer := 10;
begin
  return not exists (
    select from private.conversations
    where conversations.id = is_small.conversation_id and conversations.member_count > most
  );
end;
$$;

comment on function private.is_small is 'Whether a conversation has up to 10 members.';
revoke all on function private.is_small (bigint) from public, anon, authenticated, service_role;

-- Bells ----------------------------------------------------------------------

-- Each bell has a row of its own. If two messages shared one, a message that commits while the
-- job rings would be missed.
create table private.conversation_bells (
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  seq              bigint       not null,
  due_at           timestamptz  not null default now(),
  failures         integer      not null default 0,

  primary key (conversation_id, seq)
);

comment on table  private.conversation_bells is 'The news of conversations of which the members have not heard yet. The job rings for them.';
comment on column private.conversation_bells.due_at is 'From when on the job rings. Later than now if that failed.';
comment on column private.conversation_bells.failures is 'How often the job has failed. After 20 times the bell waits for somebody to look at it.';
revoke all on private.conversation_bells from public, anon, authenticated, service_role;

-- The one that is due longest. So a group in which people write all the time delays no other.
create index conversation_bells_due_at_idx on private.conversation_bells (due_at);

create table private.unread_conversations (
  user_id          uuid    not null,
  conversation_id  bigint  not null,

  -- The ones of a person.
  primary key (user_id, conversation_id)
);

comment on table private.unread_conversations is 'The conversations in which somebody may have unread messages. A row may be left over. None is missing, unless a bell waits for the job.';
revoke all on private.unread_conversations from public, anon, authenticated, service_role;

create function private.ring(conversation_id bigint, seq bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  news jsonb := jsonb_build_object('conversation_id', ring.conversation_id, 'last_seq', ring.seq);
begin
  insert into private.unread_conversations (user_id, conversation_id)
  select members.user_id, members.conversation_id
  from private.conversation_members as members
  where members.conversation_id = ring.conversation_id and private.is_behind(members)
  order by members.user_id
  on conflict do nothing;

  perform realtime.send(news, 'news', 'user:' || members.user_id, true)
  from private.conversation_members as members
  where members.conversation_id = ring.conversation_id and not members.is_declined;
end;
$$;

comment on function private.ring is 'Tells all members of a conversation, on their own topics, that there is something new.';
revoke all on function private.ring (bigint, bigint) from public, anon, authenticated, service_role;

create function private.ring_later(conversation_id bigint, seq bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.conversation_bells (conversation_id, seq)
  values (ring_later.conversation_id, ring_later.seq);
end;
$$;

comment on function private.ring_later is 'The job rings for this event within a second.';
revoke all on function private.ring_later (bigint, bigint) from public, anon, authenticated, service_role;

create function private.announce(conversation private.conversations, message private.messages)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform private.send_event(conversation, message.seq, 'message', private.message_for_all(conversation, message));
  if private.is_small(conversation.id) then
    perform private.ring(conversation.id, message.seq);
  else
    perform private.ring_later(conversation.id, message.seq);
  end if;
end;
$$;

comment on function private.announce is 'Sends a new message to its topic, and sees to it that all members hear of it.';
revoke all on function private.announce (private.conversations, private.messages)
  from public, anon, authenticated, service_role;

-- Telling --------------------------------------------------------------------

-- A change of the topic must arrive, so it is an event of the person's own stream.
create table private.conversation_tellings (
  user_id          uuid         not null,
  conversation_id  bigint       not null,
  is_left          boolean      not null default false,
  due_at           timestamptz  not null default now(),
  failures         integer      not null default 0,

  primary key (user_id, conversation_id)
);

comment on table  private.conversation_tellings is 'Whose stream has to get an event about which conversation.';
comment on column private.conversation_tellings.is_left is 'Whether the job tells it, and not the transaction that wrote the row.';
comment on column private.conversation_tellings.due_at is 'From when on the job tells it. Later than now if that failed.';
comment on column private.conversation_tellings.failures is 'How often the job has failed. After 20 times the row waits for somebody to look at it.';
revoke all on private.conversation_tellings from public, anon, authenticated, service_role;

-- Those that are due longest. A row that is told again keeps its place,
-- and is due at once if it failed before.
create index conversation_tellings_due_at_user_id_idx on private.conversation_tellings (due_at, user_id);

-- If a row is there already, this transaction locks it. Otherwise the job could take it now, and
-- tell how the conversation was before. In a large group, the job tells 80 people in a second. So
-- 500 people do not join the new topic at once. A caller who tells of many conversations leaves them
-- to the job, too (is_left).
create function private.tell(conversation_id bigint, user_ids uuid[], is_left boolean default false)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  waits constant boolean := tell.is_left or cardinality(user_ids) > 1 and not private.is_small(tell.conversation_id);
begin
  insert into private.conversation_tellings (user_id, conversation_id, is_left)
  select distinct listener.id, tell.conversation_id, waits
  from unnest(tell.user_ids) as listener (id)
  order by 1
  on conflict on constraint conversation_tellings_pkey do update
  set due_at = least(conversation_tellings.due_at, excluded.due_at);
end;
$$;

comment on function private.tell is 'The streams of these people get an event about a conversation, when the transaction commits or a little later.';
revoke all on function private.tell (bigint, uuid[], boolean) from public, anon, authenticated, service_role;

/*
 * It runs when the transaction commits, once for each row. Streams are the last locks of a
 * transaction, in the order of their people. Notifications take them before or after this. So
 * this one never waits for a stream, and takes none if the transaction also has notices. What it
 * skips is left to the job. Definer, because nobody may write streams.
 */
create function private.conversation_tellings_tell()
returns trigger
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  stream private.streams;
begin
  if not exists (
    select from private.notice_queue
    where notice_queue.xact = pg_current_xact_id() and not notice_queue.is_left
  ) then
    select streams.* into stream
    from private.streams
    where streams.user_id = new.user_id
    for no key update skip locked;
  end if;
  if stream.user_id is null then
    update private.conversation_tellings
    set is_left = true
    where conversation_tellings.user_id = new.user_id
      and conversation_tellings.conversation_id = new.conversation_id;
    return null;
  end if;
  delete from private.conversation_tellings
  where conversation_tellings.user_id = new.user_id
    and conversation_tellings.conversation_id = new.conversation_id;
  perform private.append_events(stream, 'conversation', array[new.conversation_id]);
  return null;
end;
$$;

comment on function private.conversation_tellings_tell is 'Adds the event to the stream, or leaves it to the job if somebody else holds the stream.';
revoke all on function private.conversation_tellings_tell () from public, anon, authenticated, service_role;

create constraint trigger conversation_tellings_tell
  after insert on private.conversation_tellings
  deferrable initially deferred
  for each row
  when (not new.is_left)
  execute function private.conversation_tellings_tell();

-- The log of a conversation is the same for all. So it cannot say that one member sees old
-- messages in another way from now on. Their own stream does.
create function private.change_views(conversation_ids bigint[], user_ids uuid[], is_left boolean default false)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.conversation_members
  set view = conversation_members.view + 1
  from unnest(change_views.conversation_ids, change_views.user_ids) as concerned (conversation_id, user_id)
  where conversation_members.conversation_id = concerned.conversation_id
    and conversation_members.user_id = concerned.user_id;
  -- As tell() does it for one conversation.
  insert into private.conversation_tellings (user_id, conversation_id, is_left)
  select
    members.user_id, members.conversation_id,
    change_views.is_left
      or count(*) over (partition by members.conversation_id) > 1 and not private.is_small(members.conversation_id)
  from unnest(change_views.conversation_ids, change_views.user_ids) as concerned (conversation_id, user_id)
  join private.conversation_members as members on members.conversation_id = concerned.conversation_id
    and members.user_id = concerned.user_id
  order by members.user_id, members.conversation_id
  on conflict on constraint conversation_tellings_pkey do update
  set due_at = least(conversation_tellings.due_at, excluded.due_at);
end;
$$;

comment on function private.change_views is 'Makes members of conversations read their messages again: each of these people in the conversation at the same place of the other array.';
revoke all on function private.change_views (bigint[], uuid[], boolean) from public, anon, authenticated, service_role;

create function private.change_view(conversation_id bigint, user_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform private.change_views(
    array_fill(change_view.conversation_id, array[cardinality(user_ids)]), user_ids
  );
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
