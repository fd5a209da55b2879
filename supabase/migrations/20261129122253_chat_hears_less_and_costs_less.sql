/*
 * Chat sends no text that a listener may not read, tells all devices of a person what changed for
 * them, and counts what is unread in one statement. A notification costs less, and the groups of
 * notifications keep their order when a mute ends.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Rows are filled and indexes built for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

CREATE TABLE "private"."former_members" (
  "conversation_id" bigint  NOT NULL,
  "user_id"         uuid    NOT NULL,
  "is_removed"      boolean NOT NULL,
  "is_apart"        boolean NOT NULL DEFAULT false,
  CONSTRAINT "former_members_pkey" PRIMARY KEY (conversation_id, user_id)
);

-- Who was removed stays removed. Who left by themselves was not written down before.
insert into private.former_members (conversation_id, user_id, is_removed)
select group_removals.conversation_id, group_removals.user_id, true
from private.group_removals;

DROP TABLE "private"."group_removals";

CREATE OR REPLACE FUNCTION private.accept_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.accept_member (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.add_people (
  conversation private.conversations,
  actor_id     uuid,
  profile_ids  uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_named constant integer := 20;
  added uuid[] := '{}';
  accepted uuid[] := '{}';
  person uuid;
  settings private.chat_settings;
begin
  for person in
    select distinct wanted.id
    from unnest(profile_ids) as wanted (id)
    where not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id and conversation_members.user_id = wanted.id
    )
    order by 1
  loop
    perform private.require_profile(actor_id, person);
    settings := private.chat_settings_of(person);
    if not private.lets(person, settings.who_adds, actor_id) then
      raise sqlstate 'PT403' using
        message = 'One of these people does not let you add them to groups', detail = 'adding_not_welcome';
    end if;
    added := added || person;
    if private.is_followed(actor_id, person) then
      accepted := accepted || person;
    end if;
  end loop;
  if cardinality(added) = 0 then
    return;
  end if;

  perform private.insert_members(conversation, added, accepted);
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = any (added);
  conversation := private.after_coming(conversation, added);
  if cardinality(added) <= most_named then
    foreach person in array added loop
      perform private.add_change(conversation, 'added', actor_id, person);
    end loop;
  else
    perform private.add_change(conversation, 'added', actor_id, null, cardinality(added)::text);
  end if;
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.apart_ids (
  conversation_id bigint
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.append_events (
  stream   private.streams,
  kind     private.event_kind,
  subjects bigint[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 10000;
  first_seq constant bigint := stream.last_seq + 1;
  this_second constant bigint := extract(epoch from clock_timestamp());
  hidden_ids uuid[];
begin
  stream.last_seq := stream.last_seq + cardinality(subjects);
  stream.told := case stream.told_second when this_second then stream.told else 0 end + cardinality(subjects);
  update private.streams
  set last_seq = stream.last_seq, unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group,
      told_second = this_second, told = stream.told
  where streams.user_id = stream.user_id;

  insert into private.stream_events (user_id, seq, kind, subject)
  select stream.user_id, first_seq + event.place - 1, append_events.kind, event.subject
  from unnest(subjects) with ordinality as event (subject, place);

  if append_events.kind = 'notification' then
    hidden_ids := array(select hidden.id from private.hidden_from(stream.user_id) as hidden (id));
  end if;
  perform realtime.send(
    jsonb_build_object(
      'seq', first_seq + event.place - 1,
      'kind', append_events.kind,
      'payload', private.event_payload(append_events.kind, event.subject, listed.payload, stream)
    ),
    'event', 'user:' || stream.user_id, true
  )
  from unnest(subjects) with ordinality as event (subject, place)
  left join private.group_payloads(
    stream, hidden_ids, case append_events.kind when 'notification' then subjects end
  ) as listed on listed.group_id = event.subject
  order by event.place;

  if stream.last_seq > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= stream.last_seq - most and stream_events.seq >= first_seq - most;
  end if;
  return stream.last_seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_message_event (
  conversation private.conversations,
  message_id   bigint
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.bans (
  user_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
    FROM auth.users
   WHERE ((users.id = bans.user_id) AND (users.banned_until > now()));
END;

CREATE OR REPLACE FUNCTION private.blocks_move_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  shared record;
  conversation private.conversations;
begin
  for shared in
    select
      both_in.id, array_agg(distinct added.blocker_id) as blocker_ids,
      array_agg(added.blocker_id) || array_agg(added.blocked_id) as people
    from added
    cross join lateral private.shared_conversations(added.blocker_id, added.blocked_id) as both_in (id)
    group by both_in.id
    order by both_in.id
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = shared.id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    if conversation.kind = 'group' then
      perform private.set_apart(conversation.id, blocker.id)
      from unnest(shared.blocker_ids) as blocker (id);
    end if;
    -- A person who left does not listen.
    if (
      select count(*) > 1
      from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id = any (shared.people)
    ) then
      conversation := private.move_conversation(conversation);
    end if;
    perform private.change_view(conversation.id, shared.people);
    -- A deleted account adds this event, too. So the numbers do not tell a block from it.
    if conversation.kind = 'direct' then
      perform private.append_event(conversation, 'start_over');
    end if;
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.chat_totals (
  viewer_id uuid,
  OUT       messages bigint,
  OUT       message_requests bigint
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 200;
  most_bells constant integer := 1000;
  conversation_ids bigint[];
  hidden_ids uuid[];
  hides boolean;
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
      select waiting.conversation_id
      from (
        select distinct first.conversation_id
        from (select bells.conversation_id from private.conversation_bells as bells limit most_bells) as first
      ) as waiting
      where waiting.conversation_id <> all (conversation_ids) and exists (
        select from private.conversation_members as members
        where members.conversation_id = waiting.conversation_id and members.user_id = chat_totals.viewer_id
      )
    );
  end if;
  if cardinality(conversation_ids) = 0 or exists (select from private.bans(chat_totals.viewer_id)) then
    return;
  end if;

  hidden_ids := array(select hidden.id from private.hidden_from(chat_totals.viewer_id) as hidden (id));
  hides := exists (select from private.hidden_messages where hidden_messages.user_id = chat_totals.viewer_id);
  -- "offset 0" makes Postgres compute unheard_ids once for each conversation.
  select
    coalesce(sum(counted.unread::integer) filter (where counted.is_accepted), 0),
    count(*) filter (where counted.unread > 0 and not counted.is_accepted)
  into messages, message_requests
  from (
    select
      own.is_accepted,
      behind.messages - case
        when hides
          then private.count_hidden_behind(own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids)
        else 0
      end as unread
    from (
      select
        members.conversation_id, members.is_accepted, greatest(members.read_seq, members.from_seq) as pointer,
        case
          when members.keeps_deleted then private.unheard_in(members.conversation_id, members.user_id)
          else hidden_ids
        end as unheard_ids
      from private.conversation_members as members
      where members.conversation_id = any (conversation_ids)
        and members.user_id = chat_totals.viewer_id
        and not members.is_declined and not members.is_archived
        and (members.muted_until is null or members.muted_until <= now())
      offset 0
    ) as own
    cross join lateral private.count_behind(
      own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids
    ) as behind (messages)
  ) as counted;
end;
$function$;

CREATE OR REPLACE FUNCTION private.close_desk (
  desk   private.desk,
  before private.streams
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_events constant integer := 50;
  stream private.streams := desk.stream;
begin
  if cardinality(desk.changed) > most_events then
    return private.append_events(stream, 'start_over', array[null::bigint]);
  elsif cardinality(desk.changed) > 0 then
    -- The order must not tell a block from a deleted account. So it is not the order of work.
    if cardinality(desk.changed) > 1 then
      desk.changed := array(select unnest(desk.changed) as group_id order by group_id);
    end if;
    return private.append_events(stream, 'notification', desk.changed);
  elsif stream.requests <> before.requests then
    return private.append_events(stream, 'unread', array[null::bigint]);
  elsif stream.last_id <> before.last_id then
    update private.streams
    set last_id = stream.last_id
    where streams.user_id = stream.user_id;
  end if;
  return stream.last_seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.count_hidden_behind (
  conversation_id bigint,
  pointer         bigint,
  member_id       uuid,
  unheard_ids     uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.create_group (
  name       text,
  member_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'conversation', 1);
  perform private.check_members(viewer_id, create_group.member_ids);

  insert into private.conversations (kind, member_count)
  values ('group', 1)
  returning conversations.* into conversation;
  insert into private.groups (conversation_id, name)
  values (conversation.id, coalesce(create_group.name, ''));
  insert into private.conversation_members (conversation_id, user_id, role)
  values (conversation.id, viewer_id, 'owner');
  perform private.tell(conversation.id, array[viewer_id]);
  perform private.add_change(conversation, 'created', viewer_id, null, create_group.name);
  perform private.add_people(conversation, viewer_id, create_group.member_ids);
  return conversation.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.default_delivery (
  kind public.notification_kind
)
  RETURNS public.notification_delivery
  LANGUAGE sql
  IMMUTABLE
RETURN CASE kind WHEN 'edited'::public.notification_kind THEN 'quiet'::public.notification_delivery ELSE 'loud'::public.notification_delivery END;

CREATE OR REPLACE FUNCTION private.deliver (
  notices private.notice_queue[],
  waits   boolean
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  notice private.notice_queue;
  recipient uuid;
  is_busy boolean;
  before private.streams;
  desk private.desk;
  stream private.streams;
  last_seq bigint;
begin
  for notice in
    select looked.*
    from unnest(notices) as looked
    order by looked.recipient_id, looked.is_ended, looked.kind, looked.id
  loop
    if recipient is distinct from notice.recipient_id then
      if before.user_id is not null then
        last_seq := private.close_desk(desk, before);
      end if;
      recipient := notice.recipient_id;
      select streams.* into before
      from private.streams
      where streams.user_id = recipient
      for no key update skip locked;
      is_busy := not deliver.waits and (before.user_id is null or private.is_told_enough(before));
      if is_busy then
        is_busy := not exists (
          select
          from unnest(notices) as looked
          where looked.recipient_id = recipient and (
            looked.kind is null or looked.requests <> 0 or not private.notice_holds(
              looked.recipient_id, looked.kind, looked.actor_id, looked.object_id, looked.draft_id
            )
          )
        );
      end if;
      if before.user_id is null and not is_busy then
        select streams.* into before
        from private.streams
        where streams.user_id = recipient
        for no key update;
      end if;
      desk := (before, '{}'::bigint[]);
    end if;
    if is_busy then
      insert into private.notice_queue (recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended)
      values (
        notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
        notice.is_ended
      );
      continue;
    end if;
    if notice.is_ended then
      perform private.forget_recipient(recipient);
      before := null;
    end if;
    -- The account is deleted.
    continue when before.user_id is null;

    if notice.requests <> 0 then
      stream := desk.stream;
      stream.requests := stream.requests + notice.requests;
      desk.stream := stream;
    end if;
    if notice.kind is not null then
      desk := private.look_at_one(desk, notice);
    elsif notice.actor_id is null and not exists (
      select from public.posts where posts.id = notice.object_id
    ) then
      desk := private.forget_object(desk, notice);
    else
      desk := private.look_at_many(desk, notice);
    end if;
  end loop;
  if before.user_id is not null then
    last_seq := private.close_desk(desk, before);
  end if;
  return cardinality(notices);
end;
$function$;

CREATE OR REPLACE FUNCTION private.direct_conversation (
  profile_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  low uuid := least(viewer_id, direct_conversation.profile_id);
  high uuid := greatest(viewer_id, direct_conversation.profile_id);
  found_id bigint;
  conversation private.conversations;
  own private.conversation_members;
begin
  perform private.take_own_turn(viewer_id);
  if direct_conversation.profile_id is distinct from viewer_id then
    perform private.require_profile(viewer_id, direct_conversation.profile_id);
  end if;
  select conversations.id into found_id
  from private.conversations
  where conversations.low_id = low and conversations.high_id = high;
  if found then
    -- A person who asks for the conversation wants it back.
    if (private.member_of(viewer_id, found_id)).is_declined then
      conversation := private.hold_conversation(found_id);
      own := private.member_of(viewer_id, found_id);
      perform private.accept_member(conversation, own);
    end if;
    return found_id;
  end if;

  perform private.charge(viewer_id, 'conversation', 1);
  perform private.require_welcome(direct_conversation.profile_id, viewer_id);
  insert into private.conversations (kind, low_id, high_id, member_count)
  values ('direct', low, high, case when low = high then 1 else 2 end)
  on conflict (low_id, high_id) where low_id is not null do nothing
  returning conversations.id into found_id;
  if found_id is null then
    select conversations.id into found_id
    from private.conversations
    where conversations.low_id = low and conversations.high_id = high;
    return found_id;
  end if;

  insert into private.conversation_members (conversation_id, user_id, is_accepted)
  select found_id, person.id, person.id = viewer_id or private.is_followed(viewer_id, person.id)
  from (select low as id union select high) as person;
  return found_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_membership (
  conversation private.conversations,
  profile_id   uuid,
  change       public.conversation_change,
  actor_id     uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moved private.conversations;
begin
  delete from private.conversation_members
  where conversation_members.conversation_id = conversation.id
    and conversation_members.user_id = end_membership.profile_id;
  -- An account that is being deleted waits for this conversation. So this must not wait for it.
  insert into private.former_members (conversation_id, user_id, is_removed)
  select conversation.id, end_membership.profile_id, end_membership.change = 'removed'
  from private.hold_person(end_membership.profile_id);
  update private.conversations
  set member_count = conversations.member_count - 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  if moved.member_count = 0 then
    delete from private.conversations
    where conversations.id = conversation.id;
  end if;
  delete from private.unread_conversations
  where unread_conversations.user_id = end_membership.profile_id
    and unread_conversations.conversation_id = conversation.id;
  if moved.member_count = 0 then
    return;
  end if;
  perform private.set_apart(moved.id, end_membership.profile_id);
  moved := private.move_conversation(moved);
  perform private.add_change(
    moved, end_membership.change, end_membership.actor_id,
    case when end_membership.change = 'removed' then end_membership.profile_id end
  );
  perform private.append_conversation_event(moved);
  perform private.tell(moved.id, array[end_membership.profile_id]);
end;
$function$;

CREATE OR REPLACE FUNCTION private.hidden_from (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
 SELECT blocks.blocked_id
    FROM public.blocks
   WHERE (blocks.blocker_id = hidden_from.viewer_id)
 UNION
  SELECT blocks.blocker_id
    FROM public.blocks
   WHERE (blocks.blocked_id = hidden_from.viewer_id);
END;

CREATE OR REPLACE FUNCTION private.hidden_ids (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 5
  SET search_path TO ''
  AS $function$
begin
  return query
  select hidden.id
  from private.hidden_from(hidden_ids.viewer_id) as hidden (id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.insert_members (
  conversation private.conversations,
  profile_ids  uuid[],
  accepted_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 500;
  -- They read nothing until they accept (36-requests.sql).
  nothing_yet constant bigint := 9223372036854775806;
  present private.conversations;
begin
  select conversations.* into present
  from private.conversations
  where conversations.id = conversation.id;
  if present.member_count + cardinality(profile_ids) > most then
    raise sqlstate 'PT400' using message = 'A group has at most 500 members', detail = 'group_full';
  end if;

  insert into private.conversation_members (conversation_id, user_id, is_accepted, from_seq, read_seq)
  select
    present.id, newcomer.id, newcomer.id = any (accepted_ids),
    case
      when groups.history = 'all' then 0
      when groups.history = 'none' and not newcomer.id = any (accepted_ids) then nothing_yet
      else present.last_seq
    end,
    present.last_seq
  from unnest(profile_ids) as newcomer (id)
  join private.groups on groups.conversation_id = present.id;
  delete from private.former_members
  where former_members.conversation_id = present.id and former_members.user_id = any (profile_ids);
  update private.conversations
  set member_count = conversations.member_count + cardinality(profile_ids)
  where conversations.id = present.id;
  perform private.tell(present.id, profile_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_locked_out (
  user_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return exists (select from private.bans(is_locked_out.user_id));
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_unread (
  message     private.messages,
  member_id   uuid,
  unheard_ids uuid[]
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
RETURN
  (((message).change IS NULL) AND ((message).deleted_at IS NULL) AND (((message).expires_at IS NULL) OR ((message).expires_at > now())) AND ((message).sender_id IS DISTINCT FROM
  member_id) AND COALESCE(((message).sender_id <> ALL (unheard_ids)), true));

CREATE OR REPLACE FUNCTION private.count_behind (
  conversation_id bigint,
  pointer         bigint,
  member_id       uuid,
  unheard_ids     uuid[]
)
  RETURNS SETOF bigint
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT count(*)
  AS count
    FROM ( SELECT
            FROM private.messages
           WHERE ((messages.conversation_id = count_behind.conversation_id) AND (messages.seq > count_behind.pointer) AND private.is_unread(messages.*, count_behind.member_id, count_behind.unheard_ids))
          LIMIT 10000) unread;
END;

CREATE OR REPLACE FUNCTION private.look_at_one (
  desk   private.desk,
  notice private.notice_queue
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  holds boolean := private.notice_holds(
    notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id
  );
  known record;
  preference public.notification_preferences;
  is_welcome boolean := true;
  starts_muted boolean;
begin
  -- Most people have no preference, mute or muted thread. Knowing that saves three functions.
  select
    notifications.id, notifications.group_id, notifications.is_muted, notifications.withdrawn_at,
    exists (
      select from public.notification_preferences
      where notification_preferences.user_id = notice.recipient_id and notification_preferences.kind = notice.kind
    ) as has_preference,
    exists (
      select from public.mutes
      where mutes.muter_id = notice.recipient_id and mutes.muted_id = notice.actor_id
    ) as has_mute,
    exists (
      select from public.thread_mutes
      where thread_mutes.user_id = notice.recipient_id
    ) as has_thread_mutes
  into known
  from (select) as always
  left join private.notifications on notifications.recipient_id = notice.recipient_id
    and notifications.actor_id = notice.actor_id
    and notifications.kind = notice.kind
    and notifications.object_id = notice.object_id
    and notifications.draft_id is not distinct from notice.draft_id;

  if known.id is not null and known.withdrawn_at is null then
    if not holds then
      update private.notifications
      set withdrawn_at = now()
      where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
      if not known.is_muted then
        desk := private.regroup(desk, known.group_id, -1);
      end if;
    end if;
    return desk;
  elsif not holds then
    return desk;
  end if;

  if known.has_preference then
    preference := private.notification_preference(notice.recipient_id, notice.kind);
    is_welcome := private.comes_from(notice.recipient_id, preference.from_whom, notice.actor_id);
  else
    preference.delivery := private.default_delivery(notice.kind);
  end if;
  if preference.delivery = 'off'
    or not is_welcome and notice.kind <> 'follow_request'
    or notice.kind in ('reply', 'quote', 'mention', 'post')
      and private.is_told_already(notice.recipient_id, notice.kind, notice.actor_id, notice.object_id)
    or known.has_thread_mutes and notice.kind in ('like', 'repost', 'reply', 'quote', 'mention', 'edited')
      and private.mutes_thread_of(notice.recipient_id, notice.object_id)
  then
    return desk;
  end if;
  starts_muted := known.has_mute and private.mutes_notifications(notice.recipient_id, notice.actor_id);

  -- If it was withdrawn less than a day ago, it returns to its old place.
  if known.withdrawn_at > now() - interval '1 day' then
    perform
    from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.group_id = known.group_id;
    if found then
      update private.notifications
      set withdrawn_at = null, is_muted = starts_muted
      where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
      if not starts_muted then
        desk := private.regroup(desk, known.group_id, 1);
      end if;
      return desk;
    end if;
  end if;

  return private.add_notification(
    desk, notice, known.id,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome,
    starts_muted
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_conversation_unread (
  conversation_id bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
    and private.is_unread(messages, viewer_id, unheard_ids)
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
$function$;

CREATE OR REPLACE FUNCTION private.notice_queue_deliver()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 100;
  notices private.notice_queue[];
  leaves text;
  looked_at integer;
begin
  if current_setting('plaza.leaves_notices', true) = 'yes' then
    return null;
  end if;
  leaves := set_config('plaza.leaves_notices', 'yes', true);

  -- By its ctid, so that Postgres does not look up each row a second time.
  with taken as (
    delete from private.notice_queue
    where notice_queue.ctid = any (array(
      select first.ctid
      from private.notice_queue as first
      where first.xact = new.xact
      order by first.id
      limit most
    ))
    returning notice_queue.*
  )
  select array_agg(taken) into notices
  from taken;
  if cardinality(notices) = most then
    update private.notice_queue
    set is_left = true
    where notice_queue.xact = new.xact;
  end if;
  looked_at := private.deliver(notices, false);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_chat()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  left_id bigint;
  conversation private.conversations;
  was_member boolean;
  was_frozen boolean;
begin
  for left_id in
    select members.conversation_id
    from private.conversation_members as members
    where members.user_id = old.id
    union
    -- Messages there may name the person, or have their reactions.
    select former_members.conversation_id
    from private.former_members
    where former_members.user_id = old.id
    union
    select messages.conversation_id
    from private.messages
    where messages.sender_id = old.id
    order by 1
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = left_id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    was_frozen := private.is_frozen(conversation);
    perform private.erase_messages_of(conversation, old.id);
    delete from private.conversation_members
    where conversation_members.conversation_id = left_id and conversation_members.user_id = old.id;
    was_member := found;
    update private.conversations
    set member_count = conversations.member_count - was_member::integer
    where conversations.id = left_id
    returning conversations.* into conversation;
    if conversation.member_count = 0 then
      delete from private.conversations
      where conversations.id = left_id;
      continue;
    end if;
    -- The other person sees nothing else than after the block.
    continue when was_frozen;
    if conversation.kind = 'group' then
      perform private.inherit_group(left_id);
      perform private.set_apart(left_id, old.id);
    end if;
    conversation := private.move_conversation(conversation);
    if conversation.kind = 'direct' then
      perform private.change_view(left_id, array[conversation.low_id, conversation.high_id]);
    end if;
    if was_member and conversation.kind = 'group' then
      perform private.add_change(conversation, 'left', null);
    end if;
    perform private.append_event(conversation, 'start_over');
  end loop;
  -- Last, because somebody who writes may wait for these rows while they hold a conversation.
  delete from private.unread_conversations
  where unread_conversations.user_id = old.id;
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.queue_key (
  queue     text,
  person_id uuid
)
  RETURNS bigint
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN hashtextextended(((queue || ' of '::text) || (person_id)::text), (0)::bigint);

CREATE OR REPLACE FUNCTION private.remove_member (
  conversation_id bigint,
  profile_id      uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  other private.conversation_members;
begin
  conversation := private.act_in(viewer_id, remove_member.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  perform private.require_role(own, 'admin');
  other := private.require_member(viewer_id, conversation.id, remove_member.profile_id);
  if other.role <= own.role then
    raise sqlstate 'PT403' using
      message = 'Your role in this group does not allow that', detail = 'role_too_low';
  end if;
  perform private.end_membership(conversation, other.user_id, 'removed', viewer_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_message (
  conversation_id bigint,
  client_id       text,
  content         text,
  reply_to_id     bigint,
  post_id         bigint
)
  RETURNS public.message
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
  answer public.message;
begin
  if coalesce(char_length(send_message.client_id), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using
      message = 'A client makes a key of 1 to 100 characters for each message', detail = 'client_id_format';
  end if;
  perform private.take_own_turn(viewer_id);
  select messages.* into message
  from private.messages
  where messages.sender_id = viewer_id and messages.client_id = send_message.client_id;
  if found then
    return private.sent_before(viewer_id, message, send_message.conversation_id);
  end if;

  conversation := private.act_in(viewer_id, send_message.conversation_id, 'message');
  own := private.member_of(viewer_id, conversation.id);
  perform private.may_write(conversation, own);
  message.content := coalesce(send_message.content, '');
  perform private.check_text(message.content, send_message.post_id is not null);
  if send_message.reply_to_id is not null then
    message.reply_to_id := (private.require_message(own, send_message.reply_to_id)).id;
  end if;
  if send_message.post_id is not null then
    message.post_id := (private.require_post(viewer_id, send_message.post_id)).id;
  end if;
  message.sender_id := viewer_id;
  message.client_id := send_message.client_id;
  message.entities := private.text_entities(null, message.content);

  -- Lists have the conversation from now on, also on the other devices of the sender.
  if conversation.last_id = 0 then
    perform private.tell(conversation.id, array[viewer_id]);
  end if;
  -- A member who answers accepts the request, and has read what is there.
  if not own.is_accepted or own.is_declined then
    conversation := private.accept_member(conversation, own);
    if conversation.kind = 'group' then
      perform private.add_change(conversation, 'joined', viewer_id);
    end if;
  end if;
  message := private.add_message(conversation, message);
  perform private.name_members(message);
  perform private.index_message(message);
  update private.conversation_members
  set read_seq = message.seq, delivered_seq = message.seq, is_marked_unread = false, draft = '', is_archived = false,
      shown_seq = case
        when private.shows_receipts(conversation_members) then message.seq else conversation_members.shown_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  delete from private.unread_conversations
  where unread_conversations.user_id = viewer_id and unread_conversations.conversation_id = conversation.id;
  perform private.announce(conversation, message);

  select seen.* into answer
  from private.messages_for(own, array[message.id]) as seen;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_apart (
  conversation_id bigint,
  person_id       uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  affected uuid;
  is_now_apart boolean;
  turned boolean := false;
begin
  for affected in
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = set_apart.conversation_id and (
      members.user_id = set_apart.person_id
      or members.user_id in (select private.hidden_ids(set_apart.person_id))
    )
    order by 1
  loop
    is_now_apart := exists (
      select from private.conversation_members as others
      where others.conversation_id = set_apart.conversation_id
        and others.user_id in (select private.hidden_ids(affected))
        and affected in (select private.blocker_ids(others.user_id))
    );
    update private.conversation_members
    set is_apart = is_now_apart
    where conversation_members.conversation_id = set_apart.conversation_id
      and conversation_members.user_id = affected
      and conversation_members.is_apart <> is_now_apart;
    turned := turned or found and is_now_apart;
  end loop;
  -- Former members do not listen. But somebody may react to what they said.
  update private.former_members
  set is_apart = not former_members.is_apart
  where former_members.conversation_id = set_apart.conversation_id
    and (
      former_members.is_apart
      or former_members.user_id = set_apart.person_id
      or former_members.user_id in (select private.hidden_ids(set_apart.person_id))
    )
    and former_members.is_apart <> exists (
      select from private.conversation_members as members
      where members.conversation_id = set_apart.conversation_id
        and members.user_id in (select private.hidden_ids(former_members.user_id))
    );
  return turned;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_conversation (
  conversation_id bigint,
  muted_until     timestamp with time zone,
  is_archived     boolean,
  is_pinned       boolean,
  shows_receipts  boolean,
  keeps_deleted   boolean,
  draft           text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  before private.conversation_members;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, set_conversation.conversation_id, 'draft');
  before := private.member_of(viewer_id, conversation.id);
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
$function$;

CREATE OR REPLACE FUNCTION private.shared_conversations (
  one_id   uuid,
  other_id uuid
)
  RETURNS SETOF bigint
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
 SELECT own.conversation_id
    FROM (private.conversation_members own
      JOIN private.conversation_members others ON (((others.conversation_id = own.conversation_id) AND (others.user_id = shared_conversations.other_id))))
   WHERE (own.user_id = shared_conversations.one_id)
 UNION ALL
  SELECT own.conversation_id
    FROM (private.conversation_members own
      JOIN private.former_members others ON (((others.conversation_id = own.conversation_id) AND (others.user_id = shared_conversations.other_id))))
   WHERE (own.user_id = shared_conversations.one_id)
 UNION ALL
  SELECT own.conversation_id
    FROM (private.former_members own
      JOIN private.conversation_members others ON (((others.conversation_id = own.conversation_id) AND (others.user_id = shared_conversations.other_id))))
   WHERE (own.user_id = shared_conversations.one_id);
END;

CREATE OR REPLACE FUNCTION private.unheard_in (
  conversation_id bigint,
  user_id         uuid
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return (
    select private.unheard_ids(conversations, members)
    from private.conversations
    join private.conversation_members as members on members.conversation_id = conversations.id
    where conversations.id = unheard_in.conversation_id and members.user_id = unheard_in.user_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread_mentions (
  conversation private.conversations,
  member       private.conversation_members,
  unheard_ids  uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.unread_messages (
  conversation private.conversations,
  member       private.conversation_members,
  unheard_ids  uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.usable_invite (
  viewer_id uuid,
  code      text
)
  RETURNS private.group_invites
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  invite private.group_invites;
begin
  select group_invites.* into invite
  from private.group_invites
  where group_invites.code = usable_invite.code
    and (group_invites.expires_at is null or group_invites.expires_at > now())
    and (group_invites.uses_left is null or group_invites.uses_left > 0)
    and not exists (
      select from private.former_members
      where former_members.conversation_id = group_invites.conversation_id
        and former_members.user_id = usable_invite.viewer_id
        and former_members.is_removed
    )
    and not exists (
      select from private.conversation_members
      cross join lateral private.block_between(usable_invite.viewer_id, conversation_members.user_id)
      where conversation_members.conversation_id = group_invites.conversation_id
        and conversation_members.role = 'owner'
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such invite', detail = 'invite_not_found';
  end if;
  return invite;
end;
$function$;

ALTER TABLE "private"."former_members"
  ADD CONSTRAINT "former_members_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."former_members"
  ADD CONSTRAINT "former_members_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE INDEX conversation_members_from_seq_idx ON private.conversation_members USING btree (conversation_id, from_seq)
  WHERE (is_accepted AND (from_seq > 0));

CREATE INDEX former_members_apart_idx ON private.former_members USING btree (conversation_id, user_id)
  WHERE is_apart;

CREATE INDEX former_members_user_id_idx ON private.former_members USING btree (user_id);

COMMENT ON COLUMN "private"."conversation_members"."view" IS 'It grows when the person sees the past in another way, without an event of the conversation: after a block, or when they delete a message for themselves, accept, or switch receipts on or off. It begins with the time, so that it is another one when the person comes back.';

COMMENT ON COLUMN "private"."former_members"."is_apart" IS 'Whether the person and a member do not read each other, because of a block (70-blocks.sql).';

COMMENT ON COLUMN "private"."former_members"."is_removed" IS 'Whether somebody removed the person. Then no invitation lets them in again.';

COMMENT ON FUNCTION "private"."apart_ids"(bigint) IS 'The members of a group who block another member, and the former members who are hidden from a member.';

COMMENT ON FUNCTION "private"."bans"(uuid) IS 'A row when an account is banned.';

COMMENT ON FUNCTION "private"."count_behind"(bigint, bigint, uuid, uuid[]) IS 'How many messages behind a pointer count as unread, with those that the member deleted for themselves.';

COMMENT ON FUNCTION "private"."count_hidden_behind"(bigint, bigint, uuid, uuid[]) IS 'How many of the messages that count_behind() counts were deleted by the member for themselves.';

COMMENT ON FUNCTION "private"."hidden_from"(uuid) IS 'The people who are hidden from the viewer: those the viewer blocks, and those who block the viewer.';

COMMENT ON FUNCTION "private"."hidden_ids"(uuid) IS 'What hidden_from() answers, for everybody.';

COMMENT ON FUNCTION "private"."is_unread"(private.messages, uuid, uuid[]) IS 'Whether a message counts as unread if it is behind the pointer of a member who did not delete it for themselves. unheard_ids: the people whose text the member does not read.';

COMMENT ON FUNCTION "private"."shared_conversations"(uuid, uuid) IS 'The conversations in which two people are members, or one is and the other was.';

COMMENT ON FUNCTION "private"."unheard_in"(bigint, uuid) IS 'The people whose text a member of a conversation does not read.';

COMMENT ON TABLE "private"."former_members" IS 'The people who left a group or were removed, and did not come back.';

REVOKE ALL ON FUNCTION "private"."bans"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."bans"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."bans"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_behind"(bigint, bigint, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_behind"(bigint, bigint, uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_behind"(bigint, bigint, uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_hidden_behind"(bigint, bigint, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_hidden_behind"(bigint, bigint, uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_hidden_behind"(bigint, bigint, uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hidden_from"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hidden_from"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hidden_from"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_unread"(private.messages, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_unread"(private.messages, uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_unread"(private.messages, uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unheard_in"(bigint, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unheard_in"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unheard_in"(bigint, uuid) TO "postgres";

CREATE OR REPLACE FUNCTION private.add_notification (
  desk         private.desk,
  notice       private.notice_queue,
  known_id     bigint,
  group_kind   public.notification_kind,
  is_quiet     boolean,
  starts_muted boolean
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  stream private.streams := desk.stream;
  newest private.notification_groups;
  counted_before boolean := false;
  new_id bigint := greatest(
    floor((extract(epoch from clock_timestamp()) - 1767225600) * 1000)::bigint << 12,
    stream.last_id + 1
  );
begin
  select notification_groups.* into newest
  from private.notification_groups
  where notification_groups.recipient_id = stream.user_id
    and notification_groups.object_id = notice.object_id
    and notification_groups.kind = add_notification.group_kind
  order by notification_groups.group_id desc
  limit 1;

  -- A group that is read gets no more notifications.
  if newest.group_id is null
    or newest.is_quiet <> add_notification.is_quiet
    or newest.draft_id is distinct from notice.draft_id
    or (newest.latest_id <= greatest(newest.read_up_to, stream.read_up_to) and not newest.is_marked_unread)
  then
    newest := null;
    newest.group_id := new_id;
    newest.is_quiet := add_notification.is_quiet;
    newest.shown := case when starts_muted then 0 else 1 end;
    newest.latest_id := new_id;
    newest.place := case when starts_muted then null else new_id end;
    newest.read_up_to := 0;
    newest.is_marked_unread := false;
    insert into private.notification_groups (
      group_id, recipient_id, kind, object_id, draft_id, is_quiet, shown, latest_id, place
    )
    values (
      new_id, stream.user_id, group_kind, notice.object_id, notice.draft_id, newest.is_quiet, newest.shown, new_id,
      newest.place
    );
  elsif not starts_muted then
    counted_before := private.counts(newest, stream.read_up_to);
    newest.shown := newest.shown + 1;
    newest.latest_id := new_id;
    if newest.place is null or stream.newest_group is distinct from newest.group_id then
      newest.place := new_id;
    end if;
    update private.notification_groups
    set shown = newest.shown, latest_id = newest.latest_id, place = newest.place
    where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = newest.group_id;
  end if;

  -- Nobody else writes the recipient's notifications meanwhile. So known_id decides.
  if known_id is null then
    insert into private.notifications (
      id, group_id, recipient_id, kind, actor_id, object_id, draft_id, is_muted
    )
    values (
      new_id, newest.group_id, stream.user_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id,
      starts_muted
    );
  else
    update private.notifications
    set id = new_id, group_id = newest.group_id, is_muted = starts_muted, created_at = now(), withdrawn_at = null
    where notifications.recipient_id = stream.user_id and notifications.id = known_id;
  end if;

  stream.last_id := new_id;
  -- Also a muted one: when the mute ends, its group is listed by this latest_id.
  if newest.latest_id = new_id then
    stream.newest_group := newest.group_id;
  end if;
  if not starts_muted then
    stream.unread := stream.unread
      + private.counts(newest, stream.read_up_to)::integer - counted_before::integer;
    desk.changed := array_append(array_remove(desk.changed, newest.group_id), newest.group_id);
  end if;
  desk.stream := stream;
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.close_desk (
  desk   private.desk,
  before private.streams
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_events constant integer := 50;
  stream private.streams := desk.stream;
begin
  if cardinality(desk.changed) > most_events then
    return private.append_events(stream, 'start_over', array[null::bigint]);
  elsif cardinality(desk.changed) > 0 then
    -- The order must not tell a block from a deleted account. So it is not the order of work.
    if cardinality(desk.changed) > 1 then
      desk.changed := array(select unnest(desk.changed) as group_id order by group_id);
    end if;
    return private.append_events(stream, 'notification', desk.changed);
  elsif stream.requests <> before.requests then
    return private.append_events(stream, 'unread', array[null::bigint]);
  elsif stream.last_id <> before.last_id then
    update private.streams
    set last_id = stream.last_id, newest_group = stream.newest_group
    where streams.user_id = stream.user_id;
  end if;
  return stream.last_seq;
end;
$function$;

COMMENT ON COLUMN "private"."streams"."newest_group" IS 'The group that has the highest latest_id, listed or not.';
