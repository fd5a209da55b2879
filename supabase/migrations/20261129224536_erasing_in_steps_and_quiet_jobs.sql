/*
 * A deleted account's messages, and groups without members, are erased in steps. Trends and the
 * maintenance of jobs ask first whether there is anything to do. Ids are unique even if a
 * connection is held up. A page of suggestions and a new notification cost less.
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

ALTER TABLE "private"."former_members"
  DROP CONSTRAINT "former_members_user_id_fkey";

ALTER TABLE "private"."streams"
  DROP CONSTRAINT "streams_last_seq_check";

ALTER TABLE "private"."streams"
  DROP CONSTRAINT "streams_requests_check";

ALTER TABLE "private"."streams"
  DROP CONSTRAINT "streams_unread_check";

DROP FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, private.notification_groups, public.notification_kind, boolean, boolean);

DROP FUNCTION "private"."erase_expired"(integer);

DROP FUNCTION "private"."erase_expired_in"(private.conversations, integer);

DROP FUNCTION "private"."erase_messages_of"(private.conversations, uuid);

DROP FUNCTION "private"."set_apart"(bigint, uuid);

DROP FUNCTION "private"."set_apart_in_groups"(bigint[], uuid[]);

DROP FUNCTION "private"."started_payload"(private.streams, private.notification_groups, uuid);

DROP FUNCTION "private"."suggestible"(uuid, uuid[], smallint[]);

DROP FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[]);

DROP FUNCTION "private"."unsend"(private.messages);

DROP FUNCTION "private"."username_problem"(text, uuid);

DROP FUNCTION "private"."witnessed"(uuid, uuid[], smallint[]);

CREATE TABLE "private"."ended_senders" (
  "conversation_id" bigint                   NOT NULL,
  "user_id"         uuid                     NOT NULL,
  "keeps_text"      boolean                  NOT NULL,
  "due_at"          timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "ended_senders_pkey" PRIMARY KEY (conversation_id, user_id)
);

ALTER TABLE "private"."suggestion_pools"
  SET (toast_tuple_target=4080);

ALTER TYPE "private"."suggestion_candidates" ADD ATTRIBUTE "witness_ids" uuid[] CASCADE;

CREATE OR REPLACE FUNCTION private.add_notification (
  desk         private.desk,
  notice       private.notice_queue,
  actor        public.author,
  known_id     bigint,
  newest       private.notification_groups,
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
  counted_before boolean;
  starts_group boolean;
  new_id bigint := greatest(private.first_id(clock_timestamp()), stream.last_id + 1);
begin
  -- A group that is read gets no more notifications.
  if newest.group_id is null
    or newest.is_quiet <> add_notification.is_quiet
    or newest.draft_id is distinct from notice.draft_id
    or (newest.latest_id <= greatest(newest.read_up_to, stream.read_up_to) and not newest.is_marked_unread)
  then
    starts_group := true;
    insert into private.notification_groups (
      group_id, recipient_id, kind, object_id, draft_id, is_quiet, shown, latest_id, place
    )
    values (
      new_id, stream.user_id, group_kind, notice.object_id, notice.draft_id, add_notification.is_quiet,
      case when starts_muted then 0 else 1 end, new_id, case when not starts_muted then new_id end
    )
    returning notification_groups.* into newest;
  elsif not starts_muted then
    counted_before := private.counts(newest, stream.read_up_to);
    update private.notification_groups
    set shown = notification_groups.shown + 1, latest_id = new_id,
        place = case
          when stream.newest_group = newest.group_id then coalesce(notification_groups.place, new_id)
          else new_id
        end
    where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = newest.group_id
    returning notification_groups.* into newest;
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
  stream.newest_group := case newest.latest_id when new_id then newest.group_id else stream.newest_group end;
  if not starts_muted then
    stream.unread := stream.unread
      + private.counts(newest, stream.read_up_to)::integer - coalesce(counted_before, false)::integer;
    -- look_at_one() has just asked whether the recipient may see this notification.
    desk.started := case when starts_group and cardinality(desk.changed) = 0 then
      private.group_payload(
        new_id, new_id, group_kind, 1, array[actor], notice.object_id, notice.draft_id,
        new_id <= stream.read_up_to, add_notification.is_quiet, now(),
        private.notification_text(group_kind, array[actor], 1)
      )
    end;
    desk.changed := array_append(array_remove(desk.changed, newest.group_id), newest.group_id);
  end if;
  desk.stream := stream;
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.after_coming (
  conversation private.conversations,
  newcomer_ids uuid[]
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moves boolean := exists (
    select from private.groups
    where groups.conversation_id = conversation.id and groups.history <> 'all'
  );
  newcomer uuid;
begin
  for newcomer in
    select coming.id
    from unnest(newcomer_ids) as coming (id)
    where exists (select from private.hidden_ids(coming.id))
  loop
    moves := private.part_from(conversation.id, newcomer) or moves;
  end loop;
  if moves then
    conversation := private.move_conversation(conversation);
  end if;
  return conversation;
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_events (
  stream   private.streams,
  kind     private.event_kind,
  subjects bigint[],
  started  jsonb              DEFAULT NULL::jsonb
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most integer;
  last_seq bigint;
  hidden_ids uuid[];
  listed jsonb;
  sent text;
begin
  with event as (
    insert into private.stream_events (user_id, seq, kind, subject)
    select stream.user_id, stream.last_seq + subject.place, append_events.kind, subject.id
    from unnest(subjects) with ordinality as subject (id, place)
  )
  update private.streams
  set last_seq = stream.last_seq + cardinality(subjects),
      unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group,
      told = cardinality(subjects) + case stream.told_second when this.second then stream.told else 0 end,
      told_second = this.second
  from (select extract(epoch from clock_timestamp())::bigint) as this (second)
  where streams.user_id = stream.user_id;

  -- Most transactions have one event.
  for place in 1..cardinality(subjects) loop
    if append_events.kind = 'notification' and append_events.started is null then
      hidden_ids := coalesce(hidden_ids, array(select hidden.id from private.hidden_from(stream.user_id) as hidden (id)));
      listed := (
        select payloads.payload
        from private.group_payloads(stream, hidden_ids, array[subjects[place]]) as payloads
      );
    end if;
    sent := realtime.send(
      jsonb_build_object(
        'seq', stream.last_seq + place,
        'kind', append_events.kind,
        'payload', case append_events.kind
          when 'notification'
            then private.notification_payload(subjects[place], coalesce(append_events.started, listed), stream)
          else private.event_payload(append_events.kind, subjects[place], null, stream)
        end
      ),
      'event', 'user:' || stream.user_id, true
    );
  end loop;

  last_seq := stream.last_seq + cardinality(subjects);
  most := 10000;
  if last_seq > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= last_seq - most
      and stream_events.seq > stream.last_seq - most;
  end if;
  return last_seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.are_trends_due (
  at timestamp with time zone
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  -- A trend has at least five people: see private.is_unusual().
  fewest constant integer := 5;
begin
  return (select change.id from private.trend_changes as change order by change.lane, change.id limit 1) is not null
    or are_trends_due.at >= (select trend_state.closed_at from private.trend_state) + interval '1 hour'
    or cardinality(private.aged_trend_voices(are_trends_due.at, 1)) > 0
    or private.have_trend_uses_expired(are_trends_due.at)
    or exists (select from private.trends)
    or exists (
      select
      from unnest(enum_range(null::public.trend_kind)) as every (kind)
      cross join lateral (
        select
        from private.trend_counts
        where trend_counts.kind = every.kind and trend_counts.term <> '' and trend_counts.in_week >= fewest
        limit 1
      ) as busy
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocked_ids (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  ROWS 5
  SET search_path TO ''
  AS $function$
begin
  return query
  select blocks.blocked_id
  from public.blocks
  where blocks.blocker_id = blocked_ids.viewer_id;
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

CREATE OR REPLACE FUNCTION private.chat_totals (
  viewer_id        uuid,
  conversation_ids bigint[]
)
  RETURNS TABLE (
    messages         bigint,
    message_requests bigint
  )
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT COALESCE(sum((counted.unread)::integer) FILTER (WHERE counted.is_accepted), (0)::bigint)
  AS "coalesce",
     count(*) FILTER (WHERE ((counted.unread > 0) AND (NOT counted.is_accepted))) AS count
    FROM ( SELECT own.is_accepted,
             (behind.messages -
                 CASE
                     WHEN (EXISTS ( SELECT
                        FROM private.hidden_messages
                       WHERE (hidden_messages.user_id = chat_totals.viewer_id))) THEN private.count_hidden_behind(own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids)
                     ELSE (0)::bigint
                 END) AS unread
            FROM (( SELECT members.conversation_id,
                     members.is_accepted,
                     GREATEST(members.read_seq, members.from_seq) AS pointer,
                         CASE
                             WHEN (members.keeps_deleted OR (EXISTS ( SELECT
                                FROM private.ended_senders
                               WHERE (ended_senders.conversation_id = members.conversation_id)))) THEN private.unheard_in(members.conversation_id, members.user_id)
                             ELSE ARRAY( SELECT hidden.id
                                FROM private.hidden_from(chat_totals.viewer_id) hidden(id))
                         END AS unheard_ids
                    FROM private.conversation_members members
                   WHERE ((members.conversation_id = ANY (chat_totals.conversation_ids)) AND (members.user_id = chat_totals.viewer_id) AND (NOT members.is_declined) AND (NOT members.is_archived) AND ((members.muted_until IS NULL) OR (members.muted_until <= now())) AND (NOT (EXISTS ( SELECT
                            FROM private.bans(chat_totals.viewer_id) bans(bans)))))
                  OFFSET 0) own
              CROSS JOIN LATERAL private.count_behind(own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids) behind(messages))
          OFFSET 0) counted;
END;

CREATE OR REPLACE FUNCTION private.close_desk (
  desk   private.desk,
  before private.streams
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_events integer;
begin
  if cardinality(desk.changed) = 1 then
    return private.append_events(desk.stream, 'notification', desk.changed, desk.started);
  elsif cardinality(desk.changed) > 1 then
    most_events := 50;
    if cardinality(desk.changed) > most_events then
      return private.append_events(desk.stream, 'start_over', array[null::bigint]);
    end if;
    -- The order must not tell a block from a deleted account. So it is not the order of work.
    return private.append_events(
      desk.stream, 'notification', array(select unnest(desk.changed) as group_id order by group_id)
    );
  elsif (desk.stream).requests <> before.requests then
    return private.append_events(desk.stream, 'unread', array[null::bigint]);
  elsif (desk.stream).last_id <> before.last_id then
    update private.streams
    set last_id = (desk.stream).last_id, newest_group = (desk.stream).newest_group
    where streams.user_id = before.user_id;
  end if;
  return before.last_seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.close_empty (
  conversation private.conversations
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if conversation.member_count > 0 then
    return false;
  end if;
  delete from private.group_invites
  where group_invites.conversation_id = conversation.id;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.delete_empty (
  conversation private.conversations,
  most         integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(
    select messages.id
    from private.messages
    where messages.conversation_id = conversation.id
    order by messages.seq
    limit most
  );
  events_left integer := most - cardinality(ids);
begin
  perform private.unsend(conversation.id, ids);
  delete from private.messages
  where messages.id = any (ids);
  delete from private.conversation_events
  where conversation_events.conversation_id = conversation.id
    and conversation_events.seq in (
      select old.seq
      from private.conversation_events as old
      where old.conversation_id = conversation.id
      order by old.seq
      limit events_left
    );
  if found or events_left = 0 then
    return most;
  end if;
  delete from private.conversations
  where conversations.id = conversation.id;
  return cardinality(ids) + 1;
end;
$function$;

CREATE OR REPLACE FUNCTION private.direct_grounds (
  viewer_id    uuid,
  profile_ids  uuid[],
  sources      smallint[],
  followee_ids uuid[],
  follower_ids uuid[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
declare
  followed_by uuid[] := '{}';
  both_follow uuid[] := '{}';
  followers_follow uuid[] := '{}';
  muted_ids uuid[];
begin
  for place in 1..cardinality(direct_grounds.profile_ids) loop
    case direct_grounds.sources[place]
      when 1 then followed_by := followed_by || direct_grounds.profile_ids[place];
      when 3 then both_follow := both_follow || direct_grounds.profile_ids[place];
      when 5 then followers_follow := followers_follow || direct_grounds.profile_ids[place];
      else null;
    end case;
  end loop;

  muted_ids := array(
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = direct_grounds.viewer_id
      and mutes.muted_id = any (direct_grounds.followee_ids || direct_grounds.follower_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
  );

  return query
  select
    array_position(direct_grounds.profile_ids, found.profile_id),
    (array_agg(found.person_id order by found.id desc))[:2],
    greatest(count(*) - 2, 0)::integer,
    null::text
  from (
    select pair.followee_id as profile_id, mine.id as person_id, true as is_followed, pair.id
    from unnest(direct_grounds.followee_ids) as mine (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = any (followed_by)
      limit 200
    ) as pair
    where followed_by <> '{}'
    union all
    select candidate.id as profile_id, pair.followee_id as person_id, true as is_followed, pair.id
    from unnest(both_follow) as candidate (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = any (direct_grounds.followee_ids)
      limit 200
    ) as pair
    union all
    select pair.followee_id as profile_id, mine.id as person_id, false as is_followed, pair.id
    from unnest(direct_grounds.follower_ids) as mine (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = any (followers_follow)
      limit 200
    ) as pair
    where followers_follow <> '{}'
  ) as found
  where (found.is_followed or exists (select from private.lets_in(direct_grounds.viewer_id, found.person_id)))
    and found.person_id <> all (muted_ids)
  group by found.profile_id;
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
  insert into private.former_members (conversation_id, user_id, is_removed)
  values (conversation.id, end_membership.profile_id, end_membership.change = 'removed');
  update private.conversations
  set member_count = conversations.member_count - 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  delete from private.unread_conversations
  where unread_conversations.user_id = end_membership.profile_id
    and unread_conversations.conversation_id = conversation.id;
  perform private.tell(moved.id, array[end_membership.profile_id]);
  if private.close_empty(moved) then
    return;
  end if;
  -- An owner who has not accepted the group may decline it (72-ended-accounts.sql).
  perform private.inherit_group(moved.id);
  perform private.part_from(moved.id, end_membership.profile_id);
  moved := private.move_conversation(moved);
  perform private.add_change(
    moved, end_membership.change, end_membership.actor_id,
    case when end_membership.change = 'removed' then end_membership.profile_id end
  );
  perform private.append_conversation_event(moved);
  perform private.turn_receipts(moved, moved.member_count + 1);
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_batch (
  most integer DEFAULT 500
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  waiting_ids constant bigint[] := array(
    select failed.conversation_id from private.failed_erasures as failed where failed.due_at > now()
  );
  ended private.ended_senders;
  ended_ids bigint[] := '{}';
  due_ids bigint[];
  places bigint[];
  conversation private.conversations;
  ids bigint[];
  erased integer := 0;
begin
  select ended_senders.* into ended
  from private.ended_senders
  where ended_senders.due_at <= clock_timestamp()
  order by ended_senders.due_at
  limit 1;
  if found then
    ended_ids := array(
      select messages.id
      from private.messages
      where messages.sender_id = ended.user_id and messages.conversation_id <> all (waiting_ids)
      limit erase_batch.most
    );
  end if;
  select array_agg(due.id), array_agg(due.conversation_id) into due_ids, places
  from (
    (
      select messages.id, messages.conversation_id
      from private.messages
      where messages.expires_at <= now() and messages.deleted_at is null
        and messages.conversation_id <> all (waiting_ids)
      order by messages.expires_at
      limit erase_batch.most
    )
    union
    select messages.id, messages.conversation_id
    from private.messages
    where messages.id = any (ended_ids)
    union all
    (
      select null, conversations.id
      from private.conversations
      where conversations.member_count = 0 and conversations.id <> all (waiting_ids)
      order by conversations.id
      limit 1
    )
  ) as due;

  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id = any (places)
    order by conversations.id
    for no key update skip locked
  loop
    ids := array(
      select due.id
      from unnest(due_ids, places) as due (id, place)
      where due.place = conversation.id and due.id is not null
    );
    begin
      erased := erased + case
        when conversation.member_count = 0 then private.delete_empty(conversation, erase_batch.most)
        else private.erase_expired_in(conversation, ids)
          + private.erase_ended_in(conversation, ended.user_id, ids)
      end;
      delete from private.failed_erasures
      where failed_erasures.conversation_id = conversation.id;
    exception when others then
      raise warning 'Erasing messages of conversation % failed: % (%)', conversation.id, sqlerrm, sqlstate;
      insert into private.failed_erasures (conversation_id, failures, due_at)
      values (conversation.id, 1, private.next_try_at(1))
      on conflict on constraint failed_erasures_pkey do update
      set failures = failed_erasures.failures + 1, due_at = private.next_try_at(failed_erasures.failures + 1);
    end;
  end loop;

  if ended.user_id is null then
    return erased;
  end if;
  if not exists (select from private.messages where messages.sender_id = ended.user_id) then
    delete from private.ended_senders
    where ended_senders.user_id = ended.user_id;
  elsif cardinality(ended_ids) = 0 then
    -- The other messages are in conversations that failed, and wait.
    update private.ended_senders
    set due_at = clock_timestamp() + interval '1 minute'
    where ended_senders.user_id = ended.user_id;
  else
    update private.ended_senders
    set due_at = clock_timestamp()
    where ended_senders.user_id = ended.user_id and ended_senders.conversation_id = ended.conversation_id;
  end if;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_ended_in (
  conversation private.conversations,
  account_id   uuid,
  message_ids  bigint[]
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(
    select messages.id
    from private.messages
    where messages.id = any (erase_ended_in.message_ids) and messages.sender_id = erase_ended_in.account_id
  );
begin
  if cardinality(ids) = 0 then
    return 0;
  end if;
  if not exists (
    select from private.ended_senders
    where ended_senders.conversation_id = conversation.id
      and ended_senders.user_id = erase_ended_in.account_id
      and ended_senders.keeps_text
  ) then
    perform private.erase_texts(conversation.id, array(
      select messages.id
      from private.messages
      where messages.id = any (ids) and messages.change is null
    ));
  end if;
  update private.messages
  set sender_id = null, client_id = null
  where messages.id = any (ids);
  return cardinality(ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_expired_in (
  conversation private.conversations,
  message_ids  bigint[]
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message private.messages;
  erased integer := 0;
begin
  for message in
    select messages.*
    from private.messages
    where messages.id = any (erase_expired_in.message_ids)
      and messages.expires_at <= now() and messages.deleted_at is null
    order by messages.seq
  loop
    perform private.erase_message(conversation, message);
    erased := erased + 1;
  end loop;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_message (
  conversation private.conversations,
  message      private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  unsent boolean := private.erase_texts(conversation.id, array[message.id]);
begin
  -- Nobody listens to a frozen conversation. An event would tell that the other account is still
  -- there. Only a person who keeps its text reads something else now.
  if private.is_frozen(conversation) then
    perform private.change_view(conversation.id, array(
      select members.user_id
      from private.conversation_members as members
      where members.conversation_id = conversation.id
        and (members.user_id = message.sender_id or members.keeps_deleted)
    ));
    return;
  end if;
  if not unsent then
    conversation := private.move_conversation(conversation);
  end if;
  conversation := private.append_message_event(conversation, message.id);
  perform private.ring_later(conversation.id, conversation.last_seq);
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_texts (
  conversation_id bigint,
  message_ids     bigint[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  update private.messages
  set content = '', entities = '[]', reply_to_id = null, post_id = null, has_reactions = false, edited_at = null,
      deleted_at = coalesce(messages.deleted_at, now())
  where messages.id = any (erase_texts.message_ids);
  delete from private.message_versions
  where message_versions.message_id = any (erase_texts.message_ids);
  delete from private.message_reactions
  where message_reactions.message_id = any (erase_texts.message_ids);
  delete from private.message_mentions
  where message_mentions.message_id = any (erase_texts.message_ids);
  delete from private.message_search
  where message_search.message_id = any (erase_texts.message_ids);
  return private.unsend(erase_texts.conversation_id, erase_texts.message_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.event_payload (
  kind    private.event_kind,
  subject bigint,
  listed  jsonb,
  stream  private.streams
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  if event_payload.kind = 'notification' then
    return private.notification_payload(event_payload.subject, event_payload.listed, stream);
  end if;
  return case event_payload.kind
    when 'read' then jsonb_build_object('up_to', event_payload.subject)
    when 'conversation' then private.conversation_payload(stream.user_id, event_payload.subject)
    else '{}'
  end || jsonb_build_object('unread', private.unread_numbers(stream));
end;
$function$;

CREATE OR REPLACE FUNCTION private.expire_messages (
  conversation_id bigint,
  after_seconds   integer
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  longest constant integer := 31536000;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, expire_messages.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if conversation.kind = 'group' then
    perform private.require_role(own, 'admin');
  end if;
  -- The other person hears of it, as of a message.
  perform private.may_write(conversation, own);
  if expire_messages.after_seconds not between 10 and longest then
    raise sqlstate 'PT400' using
      message = 'Messages disappear after 10 seconds to 365 days', detail = 'expiry_range';
  end if;
  if conversation.expires_after is not distinct from make_interval(secs => expire_messages.after_seconds) then
    return;
  end if;
  update private.conversations
  set expires_after = make_interval(secs => expire_messages.after_seconds)
  where conversations.id = conversation.id
  returning conversations.* into conversation;
  perform private.add_change(
    conversation, 'expiry', viewer_id, null, coalesce(expire_messages.after_seconds::text, '')
  );
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.have_trend_uses_expired (
  at timestamp with time zone
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
RETURN
  (COALESCE(((SELECT min(trend_uses.post_id) AS min FROM private.trend_uses) < private.first_id((at - private.trend_window(4)))), false) OR COALESCE(((SELECT min(post_fans.post_id)
  AS min FROM private.post_fans) < private.first_id((at - private.trend_window(4)))), false));

CREATE OR REPLACE FUNCTION private.keeps_text (
  conversation private.conversations,
  account_id   uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return case conversation.kind
    when 'group' then (
      select groups.keeps_deleted from private.groups where groups.conversation_id = conversation.id
    )
    else exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id <> keeps_text.account_id
        and conversation_members.keeps_deleted
    )
  end;
end;
$function$;

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
  newest private.notification_groups;
  preference public.notification_preferences;
  is_welcome boolean;
  starts_muted boolean;
begin
  select
    notifications.id, notifications.group_id, notifications.is_muted, notifications.withdrawn_at,
    notifications.id is null and not exists (
      select from public.notification_preferences
      where notification_preferences.user_id = notice.recipient_id and notification_preferences.kind = notice.kind
    ) and not exists (
      select from public.mutes
      where mutes.muter_id = notice.recipient_id and mutes.muted_id = notice.actor_id
    ) and not exists (
      select from public.thread_mutes
      where thread_mutes.user_id = notice.recipient_id
    ) as is_plain,
    (
      select notification_groups
      from private.notification_groups
      where notification_groups.recipient_id = notice.recipient_id
        and notification_groups.object_id = notice.object_id
        and notification_groups.kind = notice.kind
      order by notification_groups.group_id desc
      limit 1
    ) as newest,
    (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = notice.actor_id
    ) as actor
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
  elsif not holds or notice.kind in ('reply', 'quote', 'mention', 'post')
    and private.is_told_already(notice.recipient_id, notice.kind, notice.actor_id, notice.object_id)
  then
    return desk;
  elsif known.is_plain then
    -- It is new, and its recipient has no preference, mute or muted thread. So are most.
    return private.add_notification(
      desk, notice, known.actor, null, known.newest, notice.kind, private.default_delivery(notice.kind) = 'quiet', false
    );
  end if;

  preference := private.notification_preference(notice.recipient_id, notice.kind);
  is_welcome := private.comes_from(notice.recipient_id, preference.from_whom, notice.actor_id);
  if preference.delivery = 'off'
    or not is_welcome and notice.kind <> 'follow_request'
    or notice.kind in ('like', 'repost', 'reply', 'quote', 'mention', 'edited')
      and private.mutes_thread_of(notice.recipient_id, notice.object_id)
  then
    return desk;
  end if;
  starts_muted := private.mutes_notifications(notice.recipient_id, notice.actor_id);

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

  if is_welcome then
    newest := known.newest;
  else
    select notification_groups.* into newest
    from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.object_id = notice.object_id
      and notification_groups.kind = 'filtered_requests'
    order by notification_groups.group_id desc
    limit 1;
  end if;
  return private.add_notification(
    desk, notice, known.actor, known.id, newest,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome,
    starts_muted
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_rows (
  viewer_id   uuid,
  nameless    uuid[],
  speechless  uuid[],
  message_ids bigint[]
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  post_ids bigint[] := case when message_rows.viewer_id is not null then array(
    select distinct messages.post_id
    from unnest(message_rows.message_ids) as wanted (id)
    join private.messages on messages.id = wanted.id
    where messages.post_id is not null and private.sees_post(message_rows.viewer_id, messages.post_id)
  ) else '{}' end;
  posts public.card[] := case when cardinality(post_ids) > 0 then array(
    select cards.card
    from private.cards(message_rows.viewer_id, post_ids) as cards
  ) end;
begin
  return query
  select
    messages.id, messages.conversation_id, messages.seq,
    shown.sender,
    case when shown.has_text and (shown.sender).id is not null then messages.client_id end,
    messages.change,
    private.author_of(messages.target_id, message_rows.nameless),
    case when shown.has_text then messages.content else '' end,
    case when shown.has_text then messages.entities else '[]' end,
    case when shown.has_text and messages.entities @> '[{"type": "mention"}]' then array(
      select (
        message_mentions.username, private.author_of(message_mentions.user_id, message_rows.nameless)
      )::public.mention
      from private.message_mentions
      where message_mentions.message_id = messages.id
        and message_mentions.user_id <> all (message_rows.nameless)
      order by message_mentions.username
    ) else '{}' end,
    case when shown.has_text then messages.reply_to_id end,
    case when shown.has_text and message_rows.viewer_id is not null and messages.reply_to_id is not null then (
      select (
        quoted.id, quoted.seq, private.author_of(quoted.sender_id, message_rows.nameless),
        case when of_quoted.has_text then private.cut(quoted.content, 200) else '' end,
        not of_quoted.has_text
      )::public.message_quote
      from private.messages as quoted
      join private.conversation_members on conversation_members.conversation_id = quoted.conversation_id
        and conversation_members.user_id = message_rows.viewer_id
        and conversation_members.from_seq < quoted.seq
      cross join lateral (
        select quoted.deleted_at is null
          and (quoted.expires_at is null or quoted.expires_at > now())
          and coalesce(quoted.sender_id <> all (message_rows.speechless), true)
          and not exists (
            select from private.hidden_messages
            where hidden_messages.user_id = message_rows.viewer_id and hidden_messages.message_id = quoted.id
          ) as has_text
      ) as of_quoted
      where quoted.id = messages.reply_to_id
    ) end,
    case when shown.has_text then messages.post_id end,
    case when shown.has_text and posts is not null then (
      select shared
      from unnest(posts) as shared
      where shared.id = messages.post_id
    ) end,
    case when shown.has_text and messages.has_reactions
      then private.reactions_of(messages.id, message_rows.nameless) else '[]' end,
    messages.change is null and not shown.has_text,
    messages.created_at,
    case when shown.has_text then messages.edited_at end,
    messages.expires_at
  from unnest(message_rows.message_ids) with ordinality as wanted (id, place)
  join private.messages on messages.id = wanted.id
  -- "offset 0" makes Postgres look the sender up once. What a deleted account did to a group stays.
  cross join lateral (
    select
      private.author_of(messages.sender_id, message_rows.nameless) as sender,
      messages.deleted_at is null
        and (messages.expires_at is null or messages.expires_at > now())
        and (
          coalesce(messages.sender_id <> all (message_rows.speechless), true)
          or messages.change is not null
            and not exists (select from public.profiles where profiles.id = messages.sender_id)
        ) as has_text
    offset 0
  ) as shown
  order by wanted.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.more_people (
  viewer_id uuid,
  tags      text[]
)
  RETURNS private.suggestion_candidates
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  language text := private.usual_language(viewer_id);
  followers uuid[] := array(
    select follows.follower_id
    from public.follows
    where follows.followee_id = viewer_id
    order by follows.id desc
    limit 20
  );
  writers uuid[] := array(
    select posts.author_id
    from unnest(more_people.tags[:10]) as wanted (tag)
    cross join lateral (
      select post_tags.post_id
      from public.post_tags
      where post_tags.tag = wanted.tag and post_tags.is_open
      order by post_tags.post_id desc
      limit 50
    ) as tagged
    join public.posts on posts.id = tagged.post_id
    cross join lateral private.trusted(posts.author_id)
    group by posts.author_id
    order by count(distinct wanted.tag) desc, count(*) desc, max(posts.id) desc
    limit 20
  );
  known uuid[] := private.pool_part(8::smallint, language, viewer_id, 20) || private.pool_part(8::smallint, '', viewer_id, 20);
begin
  return (
    followers || writers || known,
    array_fill(2::smallint, array[cardinality(followers)]) || array_fill(6::smallint, array[cardinality(writers)])
      || array_fill(8::smallint, array[cardinality(known)]),
    '{}'
  )::private.suggestion_candidates;
end;
$function$;

CREATE OR REPLACE FUNCTION private.new_id (
  at timestamp with time zone DEFAULT NULL::timestamp WITH time zone
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 1000;
  lowest bigint;
  counter bigint;
  hash bytea;
begin
  for try in 1..most_tries loop
    lowest := private.first_id(coalesce(new_id.at, clock_timestamp()));
    counter := nextval('private.id_counter');
    exit when lowest = private.first_id(coalesce(new_id.at, clock_timestamp()));
  end loop;
  hash := sha256(uuid_send((select id_secret.secret from private.id_secret)) || int8send(lowest));
  return lowest | ((counter + get_byte(hash, 0) * 256 + get_byte(hash, 1)) & 4095);
end;
$function$;

CREATE OR REPLACE FUNCTION private.newcomers (
  viewer_id uuid,
  most      integer
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  anybody uuid[] := private.pool_part(7::smallint, '', viewer_id, most);
begin
  if anybody = '{}' then
    return anybody;
  end if;
  return (
    private.pool_part(7::smallint, private.usual_language(viewer_id), viewer_id, 4) || anybody
  )[:most];
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
  stream private.streams;
  leaves text;
  last_seq bigint;
  looked_at integer;
begin
  if new.is_left or current_setting('plaza.leaves_notices', true) = 'yes' then
    return null;
  end if;
  leaves := set_config('plaza.leaves_notices', 'yes', true);

  if not exists (
    select from private.notice_queue as another
    where another.xact = new.xact and another.id > new.id
  ) then
    -- Most transactions have one row, about a stream that is free. Then deliver() has nothing to sort.
    delete from private.notice_queue
    where notice_queue.xact = new.xact and notice_queue.id = new.id;
    select streams.* into stream
    from private.streams
    where streams.user_id = new.recipient_id
      and new.kind is not null and new.requests = 0
      and not private.is_told_enough(streams)
    for no key update skip locked;
    if found then
      last_seq := private.close_desk(private.look_at_one((stream, '{}', null), new), stream);
      return null;
    end if;
    notices := array[new];
  else
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
  end if;
  if cardinality(notices) = most then
    update private.notice_queue
    set is_left = true
    where notice_queue.xact = new.xact;
  end if;
  looked_at := private.deliver(notices, false);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.notification_payload (
  group_id bigint,
  listed   jsonb,
  stream   private.streams
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN (COALESCE(listed, jsonb_build_object('group_id', group_id, 'count', 0)) || jsonb_build_object('unread', private.unread_numbers(stream)));

CREATE OR REPLACE FUNCTION private.part_from (
  conversation_id bigint,
  person_id       uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  return private.set_apart(array[part_from.conversation_id], array(
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = part_from.conversation_id
      and members.user_id in (select part_from.person_id union all select private.hidden_ids(part_from.person_id))
    union all
    select former.user_id
    from private.former_members as former
    where former.conversation_id = part_from.conversation_id
      and former.user_id in (select part_from.person_id union all select private.hidden_ids(part_from.person_id))
  ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_like (
  profile_id uuid,
  page_size  integer
)
  RETURNS SETOF public.suggestion
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 10
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  batch constant integer := people_like.page_size + 5;
  ids uuid[];
  sources smallint[];
  grounds private.suggestion_ground[];
  page integer[] := '{}';
  asked integer := 0;
begin
  perform private.check_page_size(people_like.page_size);
  if private.hides_suggestions(viewer_id) or not private.looks_into(viewer_id, people_like.profile_id) then
    return;
  end if;
  ids := private.followed_alike(viewer_id, people_like.profile_id);
  sources := array_fill(4::smallint, array[cardinality(ids)]);
  grounds := array_fill((0, array[people_like.profile_id], 0, null)::private.suggestion_ground, array[cardinality(ids)]);
  while asked < cardinality(ids) and cardinality(page) < people_like.page_size loop
    page := page || array(
      select fit.place
      from unnest(private.suggestible(
        viewer_id, ids, sources, '{}', array(select generate_series(asked + 1, least(asked + batch, cardinality(ids))))
      )) with ordinality as fit (place, people, others, tag, turn)
      order by fit.turn
    );
    asked := asked + batch;
  end loop;

  return query
  select shown.*
  from private.suggestion_rows(viewer_id, ids, sources, grounds, page[:people_like.page_size]) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_chat()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  left_id bigint;
  are_many boolean;
  conversation private.conversations;
  was_member boolean;
  was_frozen boolean;
begin
  for left_id, are_many in
    select concerned.id, count(*) over () > most
    from (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = old.id
      union
      -- What the person said is there. Messages may name the person, or have their reactions.
      select former_members.conversation_id
      from private.former_members
      where former_members.user_id = old.id
    ) as concerned (id)
    order by concerned.id
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = left_id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    was_frozen := private.is_frozen(conversation);
    insert into private.ended_senders (conversation_id, user_id, keeps_text)
    select left_id, old.id, private.keeps_text(conversation, old.id)
    where exists (select from private.messages where messages.sender_id = old.id);
    delete from private.former_members
    where former_members.conversation_id = left_id and former_members.user_id = old.id;
    delete from private.conversation_members
    where conversation_members.conversation_id = left_id and conversation_members.user_id = old.id;
    was_member := found;
    update private.conversations
    set member_count = conversations.member_count - was_member::integer
    where conversations.id = left_id
    returning conversations.* into conversation;
    continue when private.close_empty(conversation);
    -- The other person sees nothing else than after the block.
    continue when was_frozen;
    if conversation.kind = 'group' then
      perform private.inherit_group(left_id);
      perform private.part_from(left_id, old.id);
    end if;
    if are_many and conversation.kind = 'group' then
      conversation := private.move_conversation_later(conversation);
    else
      conversation := private.move_conversation(conversation);
    end if;
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

CREATE OR REPLACE FUNCTION private.read_search (
  query text
)
  RETURNS private.search
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  grammars text[] := array(select search_grammars.grammar from private.search_grammars union select '');
  tag_start constant text := '^[#＃]([' || private.tag_characters() || '︎️]+)';
  found private.search := (null, null, null, -9223372036854775808, 9223372036854775807);
  filters text[] := '{}';       -- for every alternative
  alternatives text[] := '{}';
  terms text[] := '{}';         -- in the current alternative
  index_alternatives text[] := '{}';
  index_terms text[] := '{}';   -- the same for the index, which cannot answer all of them
  has_filter boolean := false;  -- the query wants a tag or an author
  has_word boolean := false;    -- the current alternative wants a word
  is_vague boolean := false;    -- an alternative wants no word
  is_nothing boolean := false;  -- nobody has that name, or no post can have that tag
  said record;
  value text;
  author_id uuid;
  words text[];
  asked record;
begin
  if coalesce(char_length(query), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  for said in select * from private.search_pieces(query) loop
    if said.is_quoted then
      words := private.search_words(said.piece);

    elsif lower(said.piece) = 'or' and not said.is_unwanted then
      if cardinality(terms) > 0 then
        alternatives := alternatives || private.all_of(terms);
        index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
        is_vague := is_vague or not has_word;
        terms := '{}';
        index_terms := '{}';
        has_word := false;
      end if;
      continue;

    elsif said.piece ~* '^since:.' and not said.is_unwanted then
      found.since_id := greatest(found.since_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^until:.' and not said.is_unwanted then
      found.until_id := least(found.until_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^from:@?[^@]' then
      -- A hidden person is nobody, like a deleted account.
      select profiles.id into author_id
      from public.profiles
      where lower(profiles.username) = lower(regexp_replace(said.piece, '^from:@?', '', 'i'))
        and profiles.id not in (select private.hidden_ids((select auth.uid())));
      if said.is_unwanted and author_id is not null then
        filters := filters || format('!''from:%s''', author_id);
      elsif not said.is_unwanted then
        has_filter := true;
        is_nothing := is_nothing or author_id is null or coalesce(found.from_id <> author_id, false);
        found.from_id := author_id;
        filters := filters || format('''from:%s''', author_id);
      end if;
      continue;

    else
      -- A tag ends at the first character that it cannot have. The rest is read as words.
      value := (regexp_match(said.piece, tag_start))[1];
      if value is not null then
        value := private.tag_name(value);
        if said.is_unwanted and value is not null then
          filters := filters || format('!''#%s''', value);
        elsif not said.is_unwanted then
          has_filter := true;
          is_nothing := is_nothing or value is null;
          filters := filters || format('''#%s''', value);
        end if;
        said.is_unwanted := false;
      end if;
      words := private.search_words(regexp_replace(said.piece, tag_start, ''));
    end if;

    if cardinality(words) > 0 then
      asked := private.words_query(words, grammars);
      terms := terms || (case when said.is_unwanted then '!' else '' end || asked.exact);
      -- A post may have all pairs of an unwanted phrase, but not the phrase itself. So the
      -- index cannot exclude it.
      if not said.is_unwanted then
        index_terms := index_terms || asked.indexed;
      elsif cardinality(words) = 1 then
        index_terms := index_terms || ('!' || asked.indexed);
      end if;
      has_word := has_word or not said.is_unwanted;
    end if;
  end loop;

  if cardinality(terms) > 0 then
    alternatives := alternatives || private.all_of(terms);
    index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
    is_vague := is_vague or not has_word;
  end if;
  if not has_filter and (is_vague or cardinality(alternatives) = 0) then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  is_nothing := is_nothing or (cardinality(alternatives) > 0 and array_remove(alternatives, null) = '{}');
  if not is_nothing then
    found.wanted := array_to_string(
      case when cardinality(alternatives) = 0 or '' = any (index_alternatives) then filters
      else filters || ('(' || array_to_string(index_alternatives, ' | ') || ')') end,
      ' & '
    )::tsquery;
    if alternatives <> index_alternatives then
      found.exact := array_to_string(alternatives, ' | ')::tsquery;
    end if;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ring_for_maintenance_if_due (
  at timestamp with time zone DEFAULT now()
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  return (
    extract(minute from ring_for_maintenance_if_due.at)::integer % 5 = 3
    or exists (select from pgboss.job where job.state in ('created', 'retry', 'active') and job.name <> 'dead-letters')
    or exists (select from pgboss.queue where queue.queued_count >= 100000 and queue.name <> 'dead-letters')
    or coalesce(
      (
        select last.ended_at is null
        from private.doorbells as last
        where last.queue = 'maintenance'
        order by last.rung_at desc
        limit 1
      ),
      true
    )
  ) and private.ring_doorbell('maintenance');
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_trends_if_due (
  at timestamp with time zone DEFAULT now()
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if private.are_trends_due(send_trends_if_due.at) then
    perform private.send_job('trends');
    return true;
  end if;
  update private.trend_state
  set refreshed_at = greatest(trend_state.refreshed_at, send_trends_if_due.at)
  where trend_state.only_row in (select free.only_row from private.trend_state as free for update skip locked);
  return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_apart (
  group_ids bigint[],
  people    uuid[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  turned boolean;
begin
  with changed as (
    update private.conversation_members as own
    set is_apart = not own.is_apart
    from (
      select person.id, array(select private.blocked_ids(person.id)) as blocked_ids
      from (select distinct unnest(set_apart.people)) as person (id)
    ) as person
    where own.conversation_id = any (set_apart.group_ids)
      and own.user_id = person.id
      and own.is_apart <> exists (
        select from private.conversation_members as others
        where others.conversation_id = own.conversation_id and others.user_id = any (person.blocked_ids)
      )
    returning own.is_apart
  )
  select coalesce(bool_or(changed.is_apart), false) into turned
  from changed;
  update private.former_members as former
  set is_apart = not former.is_apart
  from (
    select person.id, array(select private.hidden_ids(person.id)) as hidden_ids
    from (select distinct unnest(set_apart.people)) as person (id)
  ) as person
  where former.conversation_id = any (set_apart.group_ids)
    and former.user_id = person.id
    and former.is_apart <> exists (
      select from private.conversation_members as members
      where members.conversation_id = former.conversation_id and members.user_id = any (person.hidden_ids)
    );
  return turned;
end;
$function$;

CREATE OR REPLACE FUNCTION private.step_trends (
  moment timestamp with time zone,
  batch  private.trend_batch,
  most   integer
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  aged private.trend_key[];
begin
  aged := private.aged_trend_voices(moment, most);
  perform private.refresh_trend_counts(
    moment,
    private.refresh_trend_people(private.refresh_trend_uses(moment, batch.post_ids, most)) || aged
  );
  perform private.refresh_post_heat(moment, batch.post_ids, batch.fans, most);

  return batch.has_more or cardinality(aged) >= most or private.have_trend_uses_expired(moment);
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestible (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  witness_ids uuid[],
  places      integer[]
)
  RETURNS private.suggestion_ground[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  since_at constant timestamptz := now() - interval '30 days';
  since_id constant bigint := private.first_id(since_at);
  asked_ids constant uuid[] := array(select suggestible.profile_ids[asked.place] from unnest(suggestible.places) as asked (place));
  named_ids constant uuid[] := asked_ids || suggestible.witness_ids;
begin
  return array(
    with known as materialized (
      select
        array(
          select follows.followee_id
          from public.follows
          where follows.follower_id = suggestible.viewer_id and follows.followee_id = any (named_ids)
        ) as followed_ids,
        array(
          select hidden.id
          from private.hidden_from(suggestible.viewer_id) as hidden (id)
          where hidden.id = any (named_ids)
          union all
          select mutes.muted_id
          from public.mutes
          where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = any (named_ids)
            and (mutes.muted_until is null or mutes.muted_until > now())
        ) as hidden_ids,
        array(
          select follow_requests.target_id
          from public.follow_requests
          where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = any (asked_ids)
          union all
          select dismissal.profile_id
          from private.suggestion_dismissals as dismissal
          where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = any (asked_ids)
            and dismissal.dismissed_until > now()
        ) as refused_ids,
        array(
          select profiles.id
          from public.profiles
          where profiles.id = any (suggestible.witness_ids) and profiles.is_private
        ) as private_ids
    )
    select (
      candidate.place,
      case
        when candidate.source = 4
          and alike.id = any (known.followed_ids) and alike.id <> all (known.hidden_ids)
          and one.id <> other.id
          and one.id <> all (known.hidden_ids) and one.id <> all (known.private_ids)
          and other.id <> all (known.hidden_ids) and other.id <> all (known.private_ids)
          and (
            select count(*) from public.follows
            where follows.follower_id in (one.id, other.id) and follows.followee_id in (alike.id, candidate.id)
          ) = 4
        then array[alike.id]
      end,
      0,
      null
    )::private.suggestion_ground
    from known
    cross join unnest(suggestible.places) with ordinality as asked (place, turn)
    cross join lateral (
      select asked.place, suggestible.profile_ids[asked.place] as id, suggestible.sources[asked.place] as source
    ) as candidate
    cross join lateral (select suggestible.witness_ids[3 * asked.place - 2] as id) as alike
    cross join lateral (select suggestible.witness_ids[3 * asked.place - 1] as id) as one
    cross join lateral (select suggestible.witness_ids[3 * asked.place] as id) as other
    cross join lateral (
      select profiles.is_discoverable, profiles.is_private, profiles.created_at
      from public.profiles
      where profiles.id = candidate.id
      limit 1
    ) as profile
    cross join lateral (
      select users.confirmed_at, users.deleted_at, users.banned_until
      from auth.users
      where users.id = candidate.id
      limit 1
    ) as account
    where candidate.id is distinct from suggestible.viewer_id
      and candidate.id <> all (known.followed_ids)
      and candidate.id <> all (known.hidden_ids)
      and candidate.id <> all (known.refused_ids)
      and profile.is_discoverable
      and (profile.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profile.created_at > now() - interval '14 days')
      and account.confirmed_at is not null
      and account.deleted_at is null
      and (account.banned_until is null or account.banned_until <= now())
      and (candidate.source not in (2, 6, 7, 8) or (select true from private.trusted(candidate.id)))
      -- A young account is active. For the others, up to three indexes are asked.
      and (profile.created_at > since_at or (select true from private.activity(candidate.id, since_id)))
    order by asked.turn
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_order (
  viewer_id uuid
)
  RETURNS private.suggestion_candidates
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  today constant date := private.suggestion_day();
  listed private.suggestion_candidates;
  scores real[];
  seen_ids uuid[];
  seen_days smallint[];
  last_days date[];
  -- The places of the list, in the new order.
  places integer[];
begin
  select
    list.profile_ids, list.sources, list.witness_ids, list.scores, view.profile_ids, view.days, view.last_days
  into listed.profile_ids, listed.sources, listed.witness_ids, scores, seen_ids, seen_days, last_days
  from private.suggestion_lists as list
  left join private.suggestion_views as view on view.viewer_id = list.viewer_id
  where list.viewer_id = suggestion_order.viewer_id;
  if not found then
    return ('{}', '{}', '{}')::private.suggestion_candidates;
  end if;
  -- For most viewers, nobody moves down.
  if (5 > all (seen_days)) is not false then
    return listed;
  end if;

  places := array(
    select one.place::integer
    from unnest(listed.profile_ids, scores) with ordinality as one (id, score, place)
    cross join lateral (select array_position(seen_ids, one.id) as place) as seen
    order by
      one.score * 0.5 ^ (coalesce(seen_days[seen.place] - (last_days[seen.place] = today)::integer, 0) / 5) desc,
      one.place
  );
  return (
    array(select listed.profile_ids[one.place] from unnest(places) with ordinality as one (place, turn) order by one.turn),
    array(select listed.sources[one.place] from unnest(places) with ordinality as one (place, turn) order by one.turn),
    array(
      select listed.witness_ids[3 * (one.place - 1) + witness.number]
      from unnest(places) with ordinality as one (place, turn)
      cross join generate_series(1, 3) as witness (number)
      order by one.turn, witness.number
    )
  )::private.suggestion_candidates;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_rows (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  grounds     private.suggestion_ground[],
  places      integer[]
)
  RETURNS SETOF public.suggestion
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
 SELECT ROW(profile.id, profile.username, profile.display_name, profile.avatar_url)::public.author
  AS "row",
     profile.is_private,
     back.follows_you,
     (ARRAY[ROW((( SELECT enum_range(NULL::public.suggestion_kind) AS enum_range))[shown.source],
         CASE
             WHEN (other.id IS NOT NULL) THEN ARRAY[ROW(one.id, one.username, one.display_name, one.avatar_url)::public.author, ROW(other.id, other.username, other.display_name, other.avatar_url)::public.author]
             WHEN (one.id IS NOT NULL) THEN ARRAY[ROW(one.id, one.username, one.display_name, one.avatar_url)::public.author]
             ELSE '{}'::public.author[]
         END, (shown.ground).others, (shown.ground).tag)::public.suggestion_reason] ||
         CASE
             WHEN (back.follows_you AND (shown.source <> 2)) THEN ARRAY[ROW('follows_you'::public.suggestion_kind, '{}'::public.author[], 0, NULL::text)::public.suggestion_reason]
             ELSE NULL::public.suggestion_reason[]
         END)
    FROM (((((unnest(suggestion_rows.places) WITH ORDINALITY asked(place, turn)
      CROSS JOIN LATERAL ( SELECT (suggestion_rows.profile_ids)[asked.place] AS id,
             (suggestion_rows.sources)[asked.place] AS source,
             (suggestion_rows.grounds)[asked.place] AS ground) shown)
      CROSS JOIN LATERAL ( SELECT profiles.id,
             profiles.username,
             profiles.display_name,
             profiles.bio,
             profiles.avatar_url,
             profiles.links,
             profiles.is_private,
             profiles.is_searchable,
             profiles.is_discoverable,
             profiles.shows_likes,
             profiles.created_at
            FROM public.profiles
           WHERE (profiles.id = shown.id)
          LIMIT 1) profile)
      LEFT JOIN LATERAL ( SELECT profiles.id,
             profiles.username,
             profiles.display_name,
             profiles.bio,
             profiles.avatar_url,
             profiles.links,
             profiles.is_private,
             profiles.is_searchable,
             profiles.is_discoverable,
             profiles.shows_likes,
             profiles.created_at
            FROM public.profiles
           WHERE (profiles.id = (shown.ground).people[1])
          LIMIT 1) one ON (true))
      LEFT JOIN LATERAL ( SELECT profiles.id,
             profiles.username,
             profiles.display_name,
             profiles.bio,
             profiles.avatar_url,
             profiles.links,
             profiles.is_private,
             profiles.is_searchable,
             profiles.is_discoverable,
             profiles.shows_likes,
             profiles.created_at
            FROM public.profiles
           WHERE (profiles.id = (shown.ground).people[2])
          LIMIT 1) other ON (true))
      CROSS JOIN LATERAL ( SELECT (count(*) > 0) AS follows_you
            FROM public.follows
           WHERE ((follows.follower_id = shown.id) AND (follows.followee_id = suggestion_rows.viewer_id))) back)
   ORDER BY asked.turn;
END;

CREATE OR REPLACE FUNCTION private.suggestions (
  page_size integer
)
  RETURNS SETOF public.suggestion
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 10
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  explore_at constant integer := mod(private.suggestion_draw(viewer_id), 10);
  people private.suggestion_candidates;
  more private.suggestion_candidates;
  newcomers uuid[];
  listed integer;
  has_more boolean := false;
  -- These two are by place. False also for somebody who has another place before.
  may_show boolean[] := '{}';
  grounds private.suggestion_ground[] := '{}';
  page integer[];
  asked integer[];
  searched integer[];
  ground private.suggestion_ground;
  failed integer;
begin
  perform private.check_page_size(suggestions.page_size);
  if private.hides_suggestions(viewer_id) then
    return;
  end if;
  people := private.suggestion_order(viewer_id);
  listed := cardinality(people.profile_ids);
  newcomers := private.newcomers(viewer_id, 6);
  people.profile_ids := people.profile_ids || newcomers;
  people.sources := people.sources || array_fill(7::smallint, array[cardinality(newcomers)]);
  for place in listed + 1..cardinality(people.profile_ids) loop
    may_show[place] := nullif(array_position(people.profile_ids, people.profile_ids[place]) = place, true);
  end loop;

  loop
    page := private.suggestion_page(
      people.sources, may_show, case when has_more then cardinality(people.profile_ids) else listed end,
      explore_at, suggestions.page_size + 1
    );
    asked := '{}';
    for turn in 1..cardinality(page) loop
      if may_show[page[turn]] is null then
        asked := asked || page[turn];
      end if;
    end loop;
    if asked = '{}' then
      exit when has_more or cardinality(page) >= suggestions.page_size;
      has_more := true;
      more := private.more_people(viewer_id, private.tags_of_interest(viewer_id));
      people.profile_ids := people.profile_ids || more.profile_ids;
      people.sources := people.sources || more.sources;
      for place in cardinality(people.profile_ids) - cardinality(more.profile_ids) + 1..cardinality(people.profile_ids) loop
        may_show[place] := nullif(array_position(people.profile_ids, people.profile_ids[place]) = place, true);
      end loop;
      continue;
    end if;

    for turn in 1..cardinality(asked) loop
      may_show[asked[turn]] := false;
    end loop;
    failed := cardinality(asked);
    searched := '{}';
    foreach ground in array private.suggestible(viewer_id, people.profile_ids, people.sources, people.witness_ids, asked) loop
      if ground.people is null then
        searched := searched || ground.place;
      else
        grounds[ground.place] := ground;
        may_show[ground.place] := true;
        failed := failed - 1;
      end if;
    end loop;
    if searched <> '{}' then
      for ground in
        select found.*
        from private.suggestion_grounds(
          viewer_id,
          array(select people.profile_ids[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number),
          array(select people.sources[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number)
        ) as found
      loop
        grounds[searched[ground.place]] := ground;
        may_show[searched[ground.place]] := true;
        failed := failed - 1;
      end loop;
    end if;
    exit when failed = 0 and cardinality(page) >= suggestions.page_size;
  end loop;

  page := page[:suggestions.page_size];
  return query
  select shown.*
  from private.suggestion_rows(viewer_id, people.profile_ids, people.sources, grounds, page) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unheard_ids (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select hidden.id
    from private.hidden_ids(member.user_id) as hidden (id)
    where not (conversation.kind = 'direct' and member.keeps_deleted)
    union all
    select ended_senders.user_id
    from private.ended_senders
    where ended_senders.conversation_id = conversation.id and not ended_senders.keeps_text
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.unsend (
  conversation_id bigint,
  message_ids     bigint[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  kept constant interval := '4 days';
  sent_at timestamp[] := array(
    select messages.created_at at time zone 'UTC'
    from private.messages
    where messages.id = any (unsend.message_ids) and messages.created_at > now() - kept
    union
    select conversation_events.created_at at time zone 'UTC'
    from private.conversation_events
    where conversation_events.subject = any (unsend.message_ids) and conversation_events.created_at > now() - kept
  );
begin
  delete from realtime.messages
  where messages.inserted_at = any (sent_at)
    and messages.extension = 'broadcast' and messages.private is true
    and starts_with(messages.topic, 'conversation:' || unsend.conversation_id || ':')
    and messages.payload #>> '{payload,id}' = any (unsend.message_ids::text[]);
  return true;
exception when insufficient_privilege then
  return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.username_problem (
  wanted text,
  asker  uuid
)
  RETURNS private.problem
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return case
    when wanted !~ '^[A-Za-z0-9_]{3,30}$' then
      (400, 'username_format', 'A username has 3 to 30 letters, digits and underscores')::private.problem
    when exists (
      select from private.reserved_usernames
      where reserved_usernames.username = lower(wanted)
    ) then
      (400, 'username_reserved', format('The username %s is reserved', wanted))::private.problem
    when exists (
      select from public.profiles
      where lower(profiles.username) = lower(wanted) and profiles.id is distinct from asker
    ) or exists (
      select from private.held_usernames
      where held_usernames.username = lower(wanted)
        -- Null is the owner when the account is deleted, and the asker when they are new.
        and coalesce(held_usernames.profile_id <> asker, true)
        and held_usernames.held_until > now()
    ) or exists (
      select from private.sign_ups
      where sign_ups.username = lower(wanted)
        and sign_ups.user_id is distinct from asker
        and sign_ups.reserved_until > now()
    ) then
      (409, 'username_taken', format('The username %s is taken', wanted))::private.problem
  end;
end;
$function$;

CREATE OR REPLACE PROCEDURE private.erase_messages (
  IN at_most interval DEFAULT '00:00:05'::interval
)
  LANGUAGE plpgsql
  AS $procedure$
declare
  the_job constant bigint := pg_catalog.hashtextextended('erase messages', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.erase_batch() > 0
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$procedure$;

ALTER TABLE "private"."ended_senders"
  ADD CONSTRAINT "ended_senders_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."streams"
  ADD CONSTRAINT "streams_numbers" CHECK ((LEAST(last_seq, unread, requests) >= 0));

CREATE INDEX conversations_empty_idx ON private.conversations USING btree (id)
  WHERE (member_count = 0);

CREATE INDEX ended_senders_due_at_idx ON private.ended_senders USING btree (due_at);

CREATE INDEX ended_senders_user_id_idx ON private.ended_senders USING btree (user_id);

CREATE INDEX profiles_id_private_idx ON public.profiles USING btree (id)
  WHERE is_private;

-- Auth owns the table, so this migration may not drop a trigger of it.
CREATE OR REPLACE TRIGGER users_afford_metadata
  BEFORE UPDATE OF raw_user_meta_data ON auth.users
  FOR EACH ROW
  WHEN (((old.confirmed_at IS NOT NULL) AND (old.raw_user_meta_data IS DISTINCT FROM new.raw_user_meta_data)))
  EXECUTE FUNCTION private.users_afford_metadata();

COMMENT ON COLUMN "private"."ended_senders"."due_at" IS 'From when on the job goes on with this account. The one that is due longest comes first.';

COMMENT ON COLUMN "private"."ended_senders"."keeps_text" IS 'Whether only the name goes, because somebody chose to keep the text.';

COMMENT ON COLUMN "private"."suggestion_lists"."witness_ids" IS 'Three people for each of the first twelve places: somebody the viewer followed, and two people who followed both that person and the one at the place. Null if the source is another one. 25-asking-again.sql asks again whether it is true.';

COMMENT ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, public.author, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  IS 'Writes a new notification and puts it into a group. known_id is the withdrawn one that it replaces, or null. newest is the newest group of this kind about the object, or null. actor is how the actor looks.';

COMMENT ON FUNCTION "private"."are_trends_due"(timestamp with time zone) IS 'Whether a refresh at this moment could change anything: something changed, an hour ends, somebody leaves a window, or a term could trend.';

COMMENT ON FUNCTION "private"."blocked_ids"(uuid) IS 'The people that the viewer blocks.';

COMMENT ON FUNCTION "private"."close_empty"(private.conversations) IS 'Closes a conversation that has no members any more. False: it has some.';

COMMENT ON FUNCTION "private"."delete_empty"(private.conversations, integer) IS 'Deletes up to this many messages and events of a conversation without members, and the conversation when nothing is left of it. Answers how many.';

COMMENT ON FUNCTION "private"."end_membership"(private.conversations, uuid, public.conversation_change, uuid) IS 'Takes a person out of a group, and moves its topic. The job deletes a group without members.';

COMMENT ON FUNCTION "private"."erase_batch"(integer) IS 'Erases messages that nobody may read any more, up to this many of each sort, and answers how many.';

COMMENT ON FUNCTION "private"."erase_ended_in"(private.conversations, uuid, bigint[]) IS 'Erases those of these messages that a deleted account said in a conversation that the caller holds, and answers how many.';

COMMENT ON FUNCTION "private"."erase_expired_in"(private.conversations, bigint[]) IS 'Erases those of these messages whose time is over, in a conversation that the caller holds, and answers how many.';

COMMENT ON FUNCTION "private"."erase_message"(private.conversations, private.messages) IS 'Makes a tombstone of a message, and tells it. The caller holds the conversation.';

COMMENT ON FUNCTION "private"."erase_texts"(bigint, bigint[]) IS 'Makes tombstones of messages of a conversation that the caller holds. False: Realtime still keeps them.';

COMMENT ON FUNCTION "private"."have_trend_uses_expired"(timestamp with time zone) IS 'Whether there are uses or fans of posts that are older than seven days at that time.';

COMMENT ON FUNCTION "private"."keeps_text"(private.conversations, uuid) IS 'Whether somebody keeps what an account said in a conversation when the account is deleted.';

COMMENT ON FUNCTION "private"."new_id"(timestamp with time zone) IS 'A new id for a row that is written at that time, or now. It is greater than the ids of all earlier milliseconds.';

COMMENT ON FUNCTION "private"."newcomers"(uuid, integer) IS 'Newcomers to suggest. They stay the same for a viewer until the day ends or a pool changes.';

COMMENT ON FUNCTION "private"."notification_payload"(bigint, jsonb, private.streams) IS 'What an event of the kind notification says now. listed is the payload of the group, or null.';

COMMENT ON FUNCTION "private"."part_from"(bigint, uuid) IS 'Decides who is apart in a group after a person came or went. True: somebody is apart from now on.';

COMMENT ON FUNCTION "private"."ring_for_maintenance_if_due"(timestamp with time zone) IS 'Rings for the maintenance every fifth minute, and each minute while there are jobs or nobody has ended the last one. Answers whether it rang.';

COMMENT ON FUNCTION "private"."send_trends_if_due"(timestamp with time zone) IS 'Adds a job that computes trends, if a refresh could change anything. Otherwise trends are those of this moment already. Answers whether it is due.';

COMMENT ON FUNCTION "private"."set_apart"(bigint[], uuid[]) IS 'Decides in these groups which of these people are apart. True: one of them is apart from now on, so a topic has to move.';

COMMENT ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[], uuid[], integer[]) IS 'Which of these people, by their places, may be suggested to the viewer now: not the viewer, not followed, requested, blocked either way, muted or dismissed, discoverable, confirmed, not banned, active in the last 30 days. The viewer is null when nobody is signed in. people has who makes the reason followed_alongside, as the list of the viewer knows it. Null if it knows nobody, or if that is not true any more, or not for the viewer to see.';

COMMENT ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[], integer[]) IS 'The rows for the people at these places, in the order given.';

COMMENT ON FUNCTION "private"."unsend"(bigint, bigint[]) IS 'Deletes what Realtime keeps of messages of a conversation. False: it must not.';

COMMENT ON FUNCTION "private"."username_problem"(text, uuid) IS 'Why the asker (null: a newcomer) cannot have this username, or null.';

COMMENT ON PROCEDURE "private"."erase_messages"(interval) IS 'Erases messages that nobody may read any more, batch by batch, until nothing is left or the time is over.';

COMMENT ON TABLE "private"."ended_senders" IS 'The deleted accounts that still have messages in a conversation, until the job has erased them.';

REVOKE ALL
  ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, public.author, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  FROM PUBLIC;

REVOKE ALL
  ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, public.author, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  FROM "postgres";

GRANT EXECUTE
  ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, public.author, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  TO "postgres";

REVOKE ALL ON FUNCTION "private"."are_trends_due"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."are_trends_due"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."are_trends_due"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."blocked_ids"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."blocked_ids"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blocked_ids"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."close_empty"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_empty"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_empty"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_empty"(private.conversations, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."delete_empty"(private.conversations, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_empty"(private.conversations, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_batch"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_batch"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_batch"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_ended_in"(private.conversations, uuid, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_ended_in"(private.conversations, uuid, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_ended_in"(private.conversations, uuid, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_expired_in"(private.conversations, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_expired_in"(private.conversations, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_expired_in"(private.conversations, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_texts"(bigint, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_texts"(bigint, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_texts"(bigint, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."have_trend_uses_expired"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."have_trend_uses_expired"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."have_trend_uses_expired"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keeps_text"(private.conversations, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keeps_text"(private.conversations, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keeps_text"(private.conversations, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."newcomers"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newcomers"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newcomers"(uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notification_payload"(bigint, jsonb, private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notification_payload"(bigint, jsonb, private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notification_payload"(bigint, jsonb, private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."part_from"(bigint, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."part_from"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."part_from"(bigint, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ring_for_maintenance_if_due"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ring_for_maintenance_if_due"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ring_for_maintenance_if_due"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_trends_if_due"(timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."send_trends_if_due"(timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_trends_if_due"(timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_apart"(bigint[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_apart"(bigint[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_apart"(bigint[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[], uuid[], integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[], uuid[], integer[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[], uuid[], integer[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[], integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[], integer[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[], integer[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unsend"(bigint, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unsend"(bigint, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unsend"(bigint, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."username_problem"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."username_problem"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."username_problem"(text, uuid) TO "postgres";

REVOKE ALL ON PROCEDURE "private"."erase_messages"(interval) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."erase_messages"(interval) FROM "postgres";

GRANT EXECUTE ON PROCEDURE "private"."erase_messages"(interval) TO "postgres";

do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('erase-expired-messages', '10 seconds', 'call private.erase_messages()');
    perform cron.schedule('send-heartbeat', '3-59/5 * * * *', 'select private.send_job(''heartbeat'')');
    perform cron.schedule('send-trends', '* * * * *', 'select private.send_trends_if_due()');
    -- Without pg_net or the Vault, nothing rings.
    if exists (select from cron.job where jobname = 'ring-for-maintenance') then
      perform cron.schedule('ring-for-maintenance', '* * * * *', 'select private.ring_for_maintenance_if_due()');
    end if;
  end if;
end;
$$;

-- Who left a conversation by themselves was not always written down. The deletion of an account
-- looks for such people here, and no longer among all messages.
insert into private.former_members (conversation_id, user_id, is_removed)
select distinct messages.conversation_id, messages.sender_id, false
from private.messages
join public.profiles on profiles.id = messages.sender_id
where not exists (
  select from private.conversation_members as members
  where members.conversation_id = messages.conversation_id and members.user_id = messages.sender_id
)
on conflict do nothing;
