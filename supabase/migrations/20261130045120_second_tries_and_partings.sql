/*
 * A second try to send a message is answered, also if the sender left the conversation in the
 * meantime. A block waits while a third person adds one of the two to a group, and the other way
 * round, so that neither hears the other.
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

-- All members of groups are looked at, for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

DROP FUNCTION "private"."act_in"(uuid, bigint, text);

DROP FUNCTION "private"."sent_before"(uuid, private.messages, bigint);

CREATE OR REPLACE FUNCTION private.act_in (
  viewer_id       uuid,
  conversation_id bigint,
  action          text,
  newcomer_ids    uuid[] DEFAULT '{}'::uuid[]
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held private.conversations;
begin
  perform private.take_own_turn(act_in.viewer_id);
  perform private.charge(act_in.viewer_id, act_in.action, 1);
  -- Before the lock, so that a stranger cannot keep a conversation busy.
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  perform private.await_partings(act_in.newcomer_ids);
  held := private.hold_conversation(act_in.conversation_id);
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  -- A ban may have come while this request waited.
  perform private.chat_viewer();
  return held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_members (
  conversation_id bigint,
  member_ids      uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(
    viewer_id, add_members.conversation_id, 'membership', add_members.member_ids
  );
  perform private.require_group(conversation);
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  perform private.check_members(viewer_id, add_members.member_ids);
  perform private.add_people(conversation, viewer_id, add_members.member_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_join_request (
  conversation_id bigint,
  profile_id      uuid,
  accepts         boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(
    viewer_id, answer_join_request.conversation_id, 'membership', array[answer_join_request.profile_id]
  );
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id
    and join_requests.user_id = answer_join_request.profile_id
    and join_requests.user_id not in (select private.hidden_ids(viewer_id));
  if not found then
    return false;
  end if;
  if answer_join_request.accepts and exists (
    select from private.hold_person(answer_join_request.profile_id)
  ) then
    perform private.insert_members(
      conversation, array[answer_join_request.profile_id], array[answer_join_request.profile_id]
    );
    conversation := private.after_coming(conversation, array[answer_join_request.profile_id]);
    perform private.add_change(conversation, 'joined', answer_join_request.profile_id);
  end if;
  perform private.append_conversation_event(conversation);
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.await_partings (
  newcomer_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- Postgres has room for some thousand locks. So long lists come one after the other.
  few constant integer := 50;
  most constant integer := 500;
  parting bigint;
begin
  if cardinality(newcomer_ids) > few then
    perform pg_advisory_xact_lock(hashtextextended('many newcomers', 0));
  end if;
  for parting in
    select distinct private.queue_key('parting', newcomer.id)
    from unnest(newcomer_ids[:most]) as newcomer (id)
    where newcomer.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock_shared(parting);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.change_blocks (
  blocker_ids uuid[],
  blocked_ids uuid[],
  are_new     boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  -- A person in each of these conversations.
  conversation_ids bigint[];
  user_ids uuid[];
  held_ids bigint[];
  conversation private.conversations;
  is_shared boolean;
begin
  perform private.take_partings(change_blocks.blocker_ids || change_blocks.blocked_ids);
  select array_agg(concerned.conversation_id), array_agg(concerned.user_id)
  into conversation_ids, user_ids
  from (
    select distinct both_in.id, person.id
    from unnest(change_blocks.blocker_ids, change_blocks.blocked_ids) as block (blocker_id, blocked_id)
    cross join lateral private.shared_conversations(block.blocker_id, block.blocked_id) as both_in (id)
    cross join lateral (values (block.blocker_id), (block.blocked_id)) as person (id)
  ) as concerned (conversation_id, user_id);
  if conversation_ids is null then
    return;
  end if;
  held_ids := array(
    select conversations.id
    from private.conversations
    where conversations.id = any (conversation_ids)
    order by conversations.id
    for no key update
  );
  perform private.set_apart(
    array(
      select conversations.id
      from private.conversations
      where conversations.id = any (held_ids) and conversations.kind = 'group'
    ),
    user_ids
  );
  if change_blocks.are_new then
    for conversation in
      select conversations.*
      from private.conversations
      where conversations.id = any (held_ids) and conversations.kind = 'direct'
      order by conversations.id
    loop
      is_shared := (
        select count(*) > 1
        from private.conversation_members
        where conversation_members.conversation_id = conversation.id
      );
      if is_shared then
        conversation := private.move_conversation(conversation);
      end if;
      -- A deleted account adds this event, too. So the numbers do not tell a block from it.
      perform private.append_event(conversation, 'start_over');
    end loop;
  end if;
  perform private.change_views(conversation_ids, user_ids, cardinality(held_ids) > most);
  if change_blocks.are_new then
    -- A person who left does not listen.
    perform private.move_conversations(array(
      select members.conversation_id
      from unnest(conversation_ids, user_ids) as concerned (conversation_id, user_id)
      join private.conversation_members as members on members.conversation_id = concerned.conversation_id
        and members.user_id = concerned.user_id
      join private.conversations on conversations.id = members.conversation_id and conversations.kind = 'group'
      group by members.conversation_id
      having count(*) > 1
      order by members.conversation_id
    ));
  end if;
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
  perform private.await_partings(create_group.member_ids);

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

CREATE OR REPLACE FUNCTION private.join_by_invite (
  code text
)
  RETURNS public.join_answer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  invite private.group_invites;
  conversation private.conversations;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'membership', 1);
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  perform private.await_partings(array[viewer_id]);
  conversation := private.hold_conversation(invite.conversation_id);
  -- Others used it while this request waited, or a ban came.
  perform private.chat_viewer();
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  if exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  ) then
    return 'joined';
  end if;
  if invite.needs_approval then
    insert into private.join_requests (conversation_id, user_id)
    values (conversation.id, viewer_id)
    on conflict do nothing;
    if found then
      update private.group_invites
      set uses_left = group_invites.uses_left - 1
      where group_invites.code = invite.code;
      perform private.append_conversation_event(conversation);
    end if;
    return 'requested';
  end if;

  update private.group_invites
  set uses_left = group_invites.uses_left - 1
  where group_invites.code = invite.code;
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = viewer_id;
  perform private.insert_members(conversation, array[viewer_id], array[viewer_id]);
  conversation := private.after_coming(conversation, array[viewer_id]);
  perform private.add_change(conversation, 'joined', viewer_id);
  perform private.append_conversation_event(conversation);
  return 'joined';
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
    return private.sent_before(viewer_id, message, send_message.conversation_id, send_message.content);
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

CREATE OR REPLACE FUNCTION private.sent_before (
  viewer_id       uuid,
  message         private.messages,
  conversation_id bigint,
  content         text
)
  RETURNS public.message
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  own private.conversation_members;
  answer public.message;
begin
  if message.conversation_id is distinct from sent_before.conversation_id then
    raise sqlstate 'PT409' using
      message = 'You used this key for a message in another conversation', detail = 'client_id_used';
  end if;
  select conversation_members.* into own
  from private.conversation_members
  where conversation_members.conversation_id = message.conversation_id
    and conversation_members.user_id = sent_before.viewer_id
    and conversation_members.from_seq < message.seq;
  if found then
    select seen.* into answer
    from private.messages_for(own, array[message.id]) as seen;
    return answer;
  end if;

  answer.id := message.id;
  answer.conversation_id := message.conversation_id;
  answer.seq := message.seq;
  answer.sender := private.author_of(sent_before.viewer_id, '{}');
  answer.client_id := message.client_id;
  answer.content := left(coalesce(sent_before.content, ''), 10000);
  answer.entities := private.text_entities(null, answer.content);
  answer.mentions := '{}';
  answer.reactions := '[]';
  answer.is_deleted := false;
  answer.created_at := message.created_at;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_partings (
  people uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  parting bigint;
begin
  for parting in
    select distinct private.queue_key('parting', person.id)
    from unnest(people) as person (id)
    order by 1
  loop
    perform pg_advisory_xact_lock(parting);
  end loop;
end;
$function$;

COMMENT ON FUNCTION "private"."act_in"(uuid, bigint, text, uuid[]) IS 'Lets a member change something, or add newcomers: takes their turn, spends their budget, and locks the conversation. The error PT404 when they are not a member.';

COMMENT ON FUNCTION "private"."await_partings"(uuid[]) IS 'Waits until nobody blocks or unblocks these people, and makes the next ones who do wait. Call it before they come into a group.';

COMMENT ON FUNCTION "private"."queue_key"(text, uuid) IS 'The number of the advisory lock of a person''s queue: turn, blocks, posts or parting. The chance that two people share a number is 1 in 2^64.';

COMMENT ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) IS 'The message that was sent with this key already.';

COMMENT ON FUNCTION "private"."take_partings"(uuid[]) IS 'Waits until nobody adds these people to a group, and makes the next ones who do wait. Call it for a block that begins or ends.';

REVOKE ALL ON FUNCTION "private"."act_in"(uuid, bigint, text, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."act_in"(uuid, bigint, text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."act_in"(uuid, bigint, text, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."await_partings"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."await_partings"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."await_partings"(uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."take_partings"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_partings"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."take_partings"(uuid[]) TO "postgres";

-- A member may be in a group since a moment when somebody else blocked or unblocked them. Then the one
-- who blocks still hears the other.
do $$
declare
  turned bigint[];
begin
  with wrong as (
    select conversations.id, array_agg(own.user_id) as people
    from private.conversations
    join private.conversation_members as own on own.conversation_id = conversations.id
    where conversations.kind = 'group'
      and (own.is_apart or own.user_id in (select blocks.blocker_id from public.blocks))
      and own.is_apart <> exists (
        select from private.conversation_members as others
        join public.blocks on blocks.blocked_id = others.user_id and blocks.blocker_id = own.user_id
        where others.conversation_id = own.conversation_id
      )
    group by conversations.id
  )
  select array_agg(wrong.id order by wrong.id) into turned
  from wrong
  where private.set_apart(array[wrong.id], wrong.people);
  perform
  from private.conversations
  where conversations.id = any (turned)
  order by conversations.id
  for no key update;
  perform private.move_conversations(turned);
end;
$$;
