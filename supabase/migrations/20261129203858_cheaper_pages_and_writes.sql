/*
 * Feeds look up less for a page. A new notification, a block, the end of an account and a refresh of
 * suggestions cost less. Lists of suggestions keep the people that their reasons name. New:
 * muted_people(), message(), pages of follow_requests(), an id for a draft that the client
 * chooses, newer answers in thread(), and notifies in profile().
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

DROP TRIGGER "notice_queue_deliver" ON "private"."notice_queue";

DROP FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean);

DROP FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[]);

DROP FUNCTION "private"."change_view"(bigint, uuid[], boolean);

DROP FUNCTION "private"."chat_totals"(uuid);

DROP FUNCTION "private"."feed_items"(uuid, bigint[], bigint[]);

DROP FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer, boolean);

DROP FUNCTION "private"."hold_person"(uuid);

DROP FUNCTION "private"."newest_posts"(uuid, uuid[], text[], uuid[], bigint, bigint, integer);

DROP FUNCTION "private"."some_followees"(uuid, integer);

DROP FUNCTION "private"."suggestion_facts"(uuid, bytea);

DROP FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[], uuid[], uuid[], text[]);

DROP FUNCTION "private"."timeline"(uuid, uuid, bigint, bigint, integer);

DROP FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[]);

DROP FUNCTION "public"."thread"(bigint, integer);

DROP FUNCTION "private"."thread"(bigint, integer);

DROP FUNCTION "public"."unread"();

DROP FUNCTION "private"."unread"();

DROP TYPE "private"."suggestion_facts";

ALTER TABLE "private"."suggestion_lists"
  SET (toast_tuple_target=4080);

ALTER TABLE "private"."suggestion_lists"
  ADD COLUMN "witness_ids" uuid[] NOT NULL DEFAULT '{}'::uuid[];

CREATE TYPE "public"."muted_person" AS (
  "id"                  bigint,
  "profile"             public.author,
  "is_private"          boolean,
  "is_following"        boolean,
  "is_requested"        boolean,
  "follows_you"         boolean,
  "muted_until"         timestamp WITH time zone,
  "hides_notifications" boolean
);

ALTER TYPE "private"."desk" ADD ATTRIBUTE "started" jsonb CASCADE;

ALTER TYPE "public"."profile_page" ADD ATTRIBUTE "notifies" boolean CASCADE;

CREATE OR REPLACE FUNCTION private.add_notification (
  desk         private.desk,
  notice       private.notice_queue,
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
  counted_before boolean := false;
  starts_group boolean := false;
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
  if newest.latest_id = new_id then
    stream.newest_group := newest.group_id;
  end if;
  if not starts_muted then
    stream.unread := stream.unread
      + private.counts(newest, stream.read_up_to)::integer - counted_before::integer;
    -- look_at_one() has just asked whether the recipient may see this notification.
    desk.started := case when starts_group and cardinality(desk.changed) = 0 then
      private.started_payload(stream, newest, notice.actor_id)
    end;
    desk.changed := array_append(array_remove(desk.changed, newest.group_id), newest.group_id);
  end if;
  desk.stream := stream;
  return desk;
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
  most constant integer := 10000;
  first_seq constant bigint := stream.last_seq + 1;
  this_second constant bigint := extract(epoch from clock_timestamp());
  hidden_ids uuid[];
  listed jsonb;
  sent text;
begin
  stream.last_seq := stream.last_seq + cardinality(subjects);
  stream.told := case stream.told_second when this_second then stream.told else 0 end + cardinality(subjects);
  update private.streams
  set last_seq = stream.last_seq, unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group,
      told_second = this_second, told = stream.told
  where streams.user_id = stream.user_id;

  if append_events.kind = 'notification' and append_events.started is null then
    hidden_ids := array(select hidden.id from private.hidden_from(stream.user_id) as hidden (id));
  end if;
  -- Most transactions have one event.
  for place in 1..cardinality(subjects) loop
    insert into private.stream_events (user_id, seq, kind, subject)
    values (stream.user_id, first_seq + place - 1, append_events.kind, subjects[place]);
    listed := append_events.started;
    if append_events.kind = 'notification' and listed is null then
      listed := (
        select payloads.payload
        from private.group_payloads(stream, hidden_ids, array[subjects[place]]) as payloads
      );
    end if;
    sent := realtime.send(
      jsonb_build_object(
        'seq', first_seq + place - 1,
        'kind', append_events.kind,
        'payload', private.event_payload(append_events.kind, subjects[place], listed, stream)
      ),
      'event', 'user:' || stream.user_id, true
    );
  end loop;

  if stream.last_seq > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= stream.last_seq - most and stream_events.seq >= first_seq - most;
  end if;
  return stream.last_seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_move_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.change_blocks(
    (select array_agg(added.blocker_id order by added.id) from added),
    (select array_agg(added.blocked_id order by added.id) from added),
    true
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_open_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.change_blocks(
    (select array_agg(removed.blocker_id order by removed.id) from removed),
    (select array_agg(removed.blocked_id order by removed.id) from removed),
    false
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.cards (
  viewer_id uuid,
  post_ids  bigint[]
)
  RETURNS TABLE (
    id   bigint,
    card public.card
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(cards.viewer_id) as hidden (id));
begin
  return query
  select found.id, found.card
  from unnest(cards.post_ids) as wanted (id)
  cross join lateral private.card_of(cards.viewer_id, wanted.id, hidden_ids) as found;
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
  perform private.set_apart_in_groups(
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

CREATE OR REPLACE FUNCTION private.change_view (
  conversation_id bigint,
  user_ids        uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.change_views(
    array_fill(change_view.conversation_id, array[cardinality(user_ids)]), user_ids
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.change_views (
  conversation_ids bigint[],
  user_ids         uuid[],
  is_left          boolean  DEFAULT false
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
                             WHEN members.keeps_deleted THEN private.unheard_in(members.conversation_id, members.user_id)
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
    return private.append_events(
      stream, 'notification', desk.changed, case cardinality(desk.changed) when 1 then desk.started end
    );
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

CREATE OR REPLACE FUNCTION private.conversation_payload (
  user_id         uuid,
  conversation_id bigint
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  seen public.conversation;
begin
  -- In "from", because "(conversation_row(…)).*" would call the function once for each column.
  select shown.* into seen
  from private.conversation_members as own
  join private.conversations on conversations.id = own.conversation_id
  cross join lateral private.conversation_row(conversations, own) as shown
  where own.user_id = conversation_payload.user_id
    and own.conversation_id = conversation_payload.conversation_id
    and not own.is_declined
    and not private.is_locked_out(conversation_payload.user_id);
  return jsonb_build_object(
    'conversation_id', conversation_payload.conversation_id,
    'conversation', case when seen.id is not null then to_jsonb(seen) - 'last_message' end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.count_newer (
  feed  public.feed,
  of    text,
  after bigint
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  viewer_id uuid := case when count_newer.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  page := private.feed_page(
    count_newer.feed, count_newer.of, viewer_id, hidden_ids,
    9223372036854775807, coalesce(count_newer.after, 0), 100, true
  );
  return coalesce(cardinality(page.item_ids), 0);
end;
$function$;

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
  -- Most transactions have one.
  if cardinality(notices) > 1 then
    notices := array(
      select looked
      from unnest(notices) as looked
      order by looked.recipient_id, looked.is_ended, looked.kind, looked.id
    );
  end if;
  foreach notice in array coalesce(notices, '{}') loop
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
      desk := (before, '{}'::bigint[], null::jsonb);
    end if;
    if is_busy then
      insert into private.notice_queue (
        recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left
      )
      values (
        notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
        notice.is_ended, true
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
begin
  for place in 1..cardinality(direct_grounds.profile_ids) loop
    case direct_grounds.sources[place]
      when 1 then followed_by := followed_by || direct_grounds.profile_ids[place];
      when 3 then both_follow := both_follow || direct_grounds.profile_ids[place];
      when 5 then followers_follow := followers_follow || direct_grounds.profile_ids[place];
      else null;
    end case;
  end loop;

  return query
  select
    array_position(direct_grounds.profile_ids, found.profile_id),
    (array_agg(found.person_id order by found.id desc))[:2],
    greatest(count(*) - 2, 0)::integer,
    null::text
  from (
    select candidate.id as profile_id, mine.id as person_id, true as is_followed, pair.id
    from unnest(followed_by) as candidate (id)
    cross join unnest(direct_grounds.followee_ids) as mine (id)
    cross join lateral (
      select follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = candidate.id
      limit 1
    ) as pair
    union all
    select candidate.id as profile_id, mine.id as person_id, true as is_followed, pair.id
    from unnest(both_follow) as candidate (id)
    cross join unnest(direct_grounds.followee_ids) as mine (id)
    cross join lateral (
      select follows.id from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = mine.id
      limit 1
    ) as pair
    union all
    select candidate.id as profile_id, mine.id as person_id, false as is_followed, pair.id
    from unnest(followers_follow) as candidate (id)
    cross join unnest(direct_grounds.follower_ids) as mine (id)
    cross join lateral (
      select follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = candidate.id
      limit 1
    ) as pair
  ) as found
  where (found.is_followed or exists (select from private.lets_in(direct_grounds.viewer_id, found.person_id)))
    and (
      select true from public.mutes
      where mutes.muter_id = direct_grounds.viewer_id and mutes.muted_id = found.person_id
        and (mutes.muted_until is null or mutes.muted_until > now())
    ) is null
  group by found.profile_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.drafts_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- A draft that is there already is inserted again when its answer got lost. It needs no room.
  if not exists (select from public.drafts where drafts.id = new.id and drafts.author_id = new.author_id)
    and (select count(*) from public.drafts where drafts.author_id = new.author_id) >= 100
  then
    raise sqlstate 'PT409' using message = 'You have 100 drafts, and no more fit', detail = 'drafts_full';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed (
  feed      public.feed,
  of        text,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  viewer_id uuid := case when feed.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  perform private.check_page_size(feed.page_size);

  page := private.feed_page(
    feed.feed, feed.of, viewer_id, hidden_ids,
    coalesce(feed.before, 9223372036854775807), coalesce(feed.after, 0), feed.page_size, false
  );
  return query
  select items.*
  from private.feed_items(viewer_id, page.item_ids, page.post_ids, hidden_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed_items (
  viewer_id  uuid,
  item_ids   bigint[],
  post_ids   bigint[],
  hidden_ids uuid[]   DEFAULT NULL::uuid[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  if hidden_ids is null then
    hidden_ids := array(select hidden.id from private.hidden_from(feed_items.viewer_id) as hidden (id));
  end if;

  return query
  with page as materialized (
    select
      item.place, item.id, shown.card, shown.reply_to_id, shown.quote_of_id,
      case when entry.repost_of_id is not null then entry.author_id end as reposter_id
    from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
    join public.posts as entry on entry.id = item.post_id
    cross join lateral private.card_of(
      feed_items.viewer_id, coalesce(entry.repost_of_id, entry.id), feed_items.hidden_ids
    ) as shown
  ),
  quoted as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, array(
      select named.id
      from (select distinct page.quote_of_id from page where page.quote_of_id is not null) as named (id)
      where private.sees_post(feed_items.viewer_id, named.id)
    )) as cards
  )
  select
    page.id,
    page.card,
    case when page.reposter_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = page.reposter_id
    ) end,
    case when page.reply_to_id is not null then (
      select case when parent.author_id <> all (feed_items.hidden_ids) and (
        select true
        from private.is_for(
          feed_items.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
        )
      ) then (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author end
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = page.reply_to_id
    ) end,
    case when page.quote_of_id is not null then (
      select quoted.card from quoted where quoted.id = page.quote_of_id
    ) end
  from page
  order by page.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed_page (
  feed       public.feed,
  of         text,
  viewer_id  uuid,
  hidden_ids uuid[],
  below      bigint,
  above      bigint,
  page_size  integer,
  is_counted boolean,
  OUT        item_ids bigint[],
  OUT        post_ids bigint[]
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  muted_ids uuid[];
  target_id bigint;
  wanted_tag text;
  open_ids bigint[];
  limited_ids bigint[];
  batch bigint[];
begin
  case feed_page.feed
    when 'home' then
      item_ids := private.timeline(feed_page.viewer_id, null, hidden_ids, below, above, page_size);

    when 'list' then
      select private.timeline(feed_page.viewer_id, lists.id, hidden_ids, below, above, page_size) into item_ids
      from public.lists
      where lists.id = feed_page.of::uuid and private.sees_list(feed_page.viewer_id, lists.owner_id, lists.is_private);

    when 'public' then
      muted_ids := array(select muted.id from private.muted_by(feed_page.viewer_id) as muted (id));
      item_ids := array(
        select posts.id
        from public.posts
        where posts.id < below and posts.id > above
          and posts.is_open
          and posts.reply_to_id is null
          and posts.repost_of_id is null
          and posts.author_id <> all (hidden_ids)
          and posts.author_id <> all (muted_ids)
          and not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        order by posts.id desc
        limit page_size
      );

    when 'tag' then
      muted_ids := array(select muted.id from private.muted_by(feed_page.viewer_id) as muted (id));
      wanted_tag := private.tag_name(feed_page.of);
      open_ids := array(
        select post_tags.post_id
        from public.post_tags
        join public.posts on posts.id = post_tags.post_id
        where post_tags.tag = wanted_tag
          and post_tags.is_open
          and post_tags.post_id < below and post_tags.post_id > above
          and posts.author_id <> all (hidden_ids)
          and posts.author_id <> all (muted_ids)
          and not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        order by post_tags.post_id desc
        limit page_size
      );
      -- Some limited posts quote a muted person. Then the page needs more of them.
      limited_ids := '{}';
      above := private.above_page(open_ids, above, page_size, is_counted);
      loop
        batch := array(
          select private.limited_page(
            feed_page.viewer_id, 'tag:' || wanted_tag, below, above, page_size, hidden_ids || muted_ids
          )
        );
        limited_ids := limited_ids || array(
          select posts.id
          from unnest(batch) as limited (id)
          join public.posts on posts.id = limited.id
          where not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        );
        exit when cardinality(limited_ids) >= page_size or cardinality(batch) < page_size;
        below := batch[page_size];
      end loop;

    when 'profile', 'profile_replies' then
      if feed_page.of::uuid = feed_page.viewer_id or exists (
        select from public.follows
        where follows.follower_id = feed_page.viewer_id and follows.followee_id = feed_page.of::uuid
      ) then
        item_ids := array(
          select posts.id
          from public.posts
          where posts.author_id = feed_page.of::uuid
            and posts.id < below and posts.id > above
            and (posts.reply_to_id is null) = (feed_page.feed = 'profile')
            and (posts.is_open or private.sees_post(feed_page.viewer_id, posts.id))
            and (posts.repost_of_id is null or private.sees_post(feed_page.viewer_id, posts.repost_of_id))
          order by posts.id desc
          limit page_size
        );
        post_ids := item_ids;
        return;
      elsif feed_page.of::uuid = any (hidden_ids) then
        return;
      end if;

      open_ids := array(
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is null
            and posts.id < below and posts.id > above
            and (
              posts.repost_of_id is null
              or cardinality(hidden_ids) = 0
              or private.sees_post(feed_page.viewer_id, posts.repost_of_id)
            )
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile_replies'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is not null
            and posts.id < below and posts.id > above
          order by posts.id desc
          limit page_size
        )
      );
      above := private.above_page(open_ids, above, page_size, is_counted);
      limited_ids := array(
        select private.limited_page(
          feed_page.viewer_id,
          case feed_page.feed when 'profile' then 'by:' else 'replies-by:' end || feed_page.of::uuid,
          below, above, page_size, hidden_ids
        )
      );
      if feed_page.feed = 'profile' and private.looks_into(feed_page.viewer_id, feed_page.of::uuid) then
        limited_ids := limited_ids || array(
          select private.limited_page(
            feed_page.viewer_id, 'shown-by:' || feed_page.of::uuid, below, above, page_size, hidden_ids
          )
        );
      end if;

    when 'profile_likes' then
      select array_agg(page.item_id order by page.item_id desc), array_agg(page.post_id order by page.item_id desc)
      into item_ids, post_ids
      from (
        select likes.id as item_id, posts.id as post_id
        from public.likes
        join public.posts on posts.id = likes.post_id
        join public.profiles on profiles.id = likes.user_id
        where likes.user_id = feed_page.of::uuid
          and likes.id < below and likes.id > above
          and private.shows_likes_to(feed_page.viewer_id, profiles.id, profiles.shows_likes)
          and posts.author_id <> all (hidden_ids)
          and exists (
            select from private.is_for(
              feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
            )
          )
        order by likes.id desc
        limit page_size
      ) as page;
      return;

    when 'bookmarks' then
      select array_agg(page.item_id order by page.item_id desc), array_agg(page.post_id order by page.item_id desc)
      into item_ids, post_ids
      from (
        select bookmarks.id as item_id, posts.id as post_id
        from public.bookmarks
        join public.posts on posts.id = bookmarks.post_id
        where bookmarks.user_id = feed_page.viewer_id
          and bookmarks.id < below and bookmarks.id > above
          and posts.author_id <> all (hidden_ids)
          and exists (
            select from private.is_for(
              feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
            )
          )
        order by bookmarks.id desc
        limit page_size
      ) as page;
      return;

    when 'replies', 'quotes' then
      -- For a repost, the replies and quotes of the post that it shows.
      select coalesce(posts.repost_of_id, posts.id) into target_id
      from public.posts
      where posts.id = feed_page.of::bigint and private.sees_post(feed_page.viewer_id, posts.id);
      if target_id is null then
        return;
      end if;

      open_ids := array(
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'replies'
            and posts.reply_to_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'quotes'
            and posts.quote_of_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
      );
      above := private.above_page(open_ids, above, page_size, is_counted);
      limited_ids := array(
        select private.limited_page(
          feed_page.viewer_id,
          case feed_page.feed when 'replies' then 'reply:' else 'quote:' end || target_id,
          below, above, page_size, hidden_ids
        )
      );
  end case;

  if open_ids is not null then
    item_ids := array(
      select found.id
      from unnest(open_ids || limited_ids) as found (id)
      order by found.id desc
      limit page_size
    );
  end if;
  post_ids := item_ids;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_object (
  desk   private.desk,
  notice private.notice_queue
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 1000;
  stream private.streams := desk.stream;
  gone private.notification_groups;
  forgotten integer;
begin
  for gone in
    delete from private.notification_groups
    where notification_groups.recipient_id = stream.user_id
      and notification_groups.object_id = notice.object_id
    returning notification_groups.*
  loop
    stream.unread := stream.unread - private.counts(gone, stream.read_up_to)::integer;
    if gone.shown > 0 then
      desk.changed := desk.changed || gone.group_id;
      desk.started := null;
    end if;
  end loop;
  desk.stream := stream;

  delete from private.notifications
  where notifications.recipient_id = stream.user_id and notifications.id in (
    select old.id
    from private.notifications as old
    where old.recipient_id = stream.user_id and old.object_id = notice.object_id
    limit most
  );
  get diagnostics forgotten = row_count;
  if forgotten = most then
    insert into private.notice_queue (recipient_id, object_id)
    values (notice.recipient_id, notice.object_id);
  end if;
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.group_payload (
  id          bigint,
  group_id    bigint,
  kind        public.notification_kind,
  count       bigint,
  actors      public.author[],
  object_id   bigint,
  draft_id    uuid,
  is_read     boolean,
  is_quiet    boolean,
  happened_at timestamp with time zone,
  fallback    text
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN
  jsonb_build_object('group_id', group_id, 'id', id, 'kind', kind, 'count', count, 'actors', to_jsonb(actors), 'post_id', NULLIF(object_id, 0), 'draft_id', draft_id, 'is_read',
  is_read, 'is_quiet', is_quiet, 'happened_at', happened_at, 'fallback', fallback);

CREATE OR REPLACE FUNCTION private.group_payloads (
  stream     private.streams,
  hidden_ids uuid[],
  group_ids  bigint[]
)
  RETURNS TABLE (
    group_id bigint,
    payload  jsonb
  )
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.group_id,
     private.group_payload(listed.id, listed.group_id, listed.kind, listed.count, listed.actors, listed.object_id, listed.draft_id, listed.is_read, listed.is_quiet,
       listed.happened_at, listed.fallback)
  AS group_payload
    FROM private.listed_groups(group_payloads.stream, group_payloads.hidden_ids, group_payloads.group_ids) listed(id, group_id, kind, count, actors, object_id, draft_id, is_read, is_quiet, happened_at, fallback);
END;

CREATE OR REPLACE FUNCTION private.hold_person (
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE plpgsql
  ROWS 1
  SET search_path TO ''
  AS $function$
begin
  return query
  select true
  from public.profiles
  where profiles.id = hold_person.profile_id
  for key share skip locked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.index_posts (
  post_ids bigint[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  insert into private.post_search (post_id, author_id, is_findable, vector)
  select posts.id, posts.author_id, posts.is_open and profiles.is_searchable, private.post_vector(posts)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  join public.profiles on profiles.id = posts.author_id
  where posts.repost_of_id is null
  order by posts.id
  on conflict (post_id) do update
  set vector = excluded.vector;

  insert into private.search_grammars (grammar)
  select distinct private.grammar_of(posts.language)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  where not exists (
    select from private.search_grammars
    where search_grammars.grammar = private.grammar_of(posts.language)
  )
  order by 1
  on conflict do nothing;
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_seen (
  viewer_id  uuid,
  place      text,
  amount     bigint,
  hidden_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  if viewer_id is null then
    return 0;
  elsif amount > private.few_posts() then
    return private.many_limited_seen(viewer_id, place, hidden_ids);
  end if;
  return (
    select count(*)
    from (
      select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
      from private.limited_posts
      where limited_posts.place collate "C" = limited_seen.place collate "C"
      order by limited_posts.post_id desc
      limit limited_seen.amount
    ) as theirs
    where theirs.author_id <> all (limited_seen.hidden_ids)
      and (
        select true
        from private.is_for(limited_seen.viewer_id, theirs.post_id, theirs.author_id, theirs.audience, false)
      ) is true
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.counts_of (
  viewer_id  uuid,
  post_id    bigint,
  hidden_ids uuid[]
)
  RETURNS SETOF private.post_counts
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT wanted.id,
     (COALESCE(counts.likes, (0)::bigint) -
         CASE
             WHEN ((cardinality(counts_of.hidden_ids) > 0) AND (counts.likes > 0)) THEN ( SELECT count(*) AS count
                FROM public.likes
               WHERE ((likes.post_id = wanted.id) AND (likes.user_id = ANY (counts_of.hidden_ids))))
             ELSE (0)::bigint
         END),
     ((COALESCE(counts.replies, (0)::bigint) -
         CASE
             WHEN ((cardinality(counts_of.hidden_ids) > 0) AND (counts.replies > 0)) THEN ( SELECT count(*) AS count
                FROM public.posts
               WHERE ((posts.reply_to_id = wanted.id) AND (posts.author_id = ANY (counts_of.hidden_ids)) AND posts.is_open))
             ELSE (0)::bigint
         END) -
         CASE
             WHEN (counts.replies > 0) THEN
               COALESCE(( SELECT (limited_counts.amount - private.limited_seen(counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids))
                FROM private.limited_counts
               WHERE (limited_counts.place = ('reply:'::text || wanted.id))), (0)::bigint)
             ELSE (0)::bigint
         END),
     ((COALESCE(counts.reposts, (0)::bigint) -
         CASE
             WHEN ((cardinality(counts_of.hidden_ids) > 0) AND (counts.reposts > 0)) THEN ( SELECT count(*) AS count
                FROM (public.posts
                  JOIN public.profiles ON (((profiles.id = posts.author_id) AND (NOT profiles.is_private))))
               WHERE ((posts.repost_of_id = wanted.id) AND (posts.author_id = ANY (counts_of.hidden_ids))))
             ELSE (0)::bigint
         END) -
         CASE
             WHEN (counts.reposts > 0) THEN
               COALESCE(( SELECT (limited_counts.amount - private.limited_seen(counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids))
                FROM private.limited_counts
               WHERE (limited_counts.place = ('repost:'::text || wanted.id))), (0)::bigint)
             ELSE (0)::bigint
         END),
     ((COALESCE(counts.quotes, (0)::bigint) -
         CASE
             WHEN ((cardinality(counts_of.hidden_ids) > 0) AND (counts.quotes > 0)) THEN ( SELECT count(*) AS count
                FROM public.posts
               WHERE ((posts.quote_of_id = wanted.id) AND (posts.author_id = ANY (counts_of.hidden_ids)) AND posts.is_open))
             ELSE (0)::bigint
         END) -
         CASE
             WHEN (counts.quotes > 0) THEN
               COALESCE(( SELECT (limited_counts.amount - private.limited_seen(counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids))
                FROM private.limited_counts
               WHERE (limited_counts.place = ('quote:'::text || wanted.id))), (0)::bigint)
             ELSE (0)::bigint
         END)
    FROM (( SELECT counts_of.post_id AS post_id) wanted(id)
      LEFT JOIN private.post_counts counts ON ((counts.post_id = wanted.id)))
  OFFSET 0;
END;

CREATE OR REPLACE FUNCTION private.card_of (
  viewer_id  uuid,
  post_id    bigint,
  hidden_ids uuid[]
)
  RETURNS TABLE (
    id          bigint,
    card        public.card,
    reply_to_id bigint,
    quote_of_id bigint
  )
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT posts.id,
     ROW(posts.id, ROW(profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author, posts.title, posts.content, posts.content_warning,
       posts.language, posts.entities,
         CASE
             WHEN ((posts.audience = 'mentioned'::public.audience) OR (posts.entities @> '[{"type": "mention"}]'::jsonb)) THEN
               ARRAY( SELECT ROW(named.username, ROW(mentioned.id, mentioned.username, mentioned.display_name, mentioned.avatar_url)::public.author)::public.mention AS "row"
                FROM ((public.post_mentions
                  JOIN public.profiles mentioned ON ((mentioned.id = post_mentions.profile_id)))
                  CROSS JOIN LATERAL unnest(
                     CASE
                         WHEN (post_mentions.usernames = '{}'::text[]) THEN ARRAY[lower(mentioned.username)]
                         ELSE post_mentions.usernames
                     END) named(username))
               WHERE ((post_mentions.post_id = posts.id) AND (mentioned.id <> ALL (card_of.hidden_ids)))
               ORDER BY named.username)
             ELSE '{}'::public.mention[]
         END, posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at, counts.likes, counts.replies, counts.reposts, counts.quotes,
         CASE
             WHEN (counts.likes > 0) THEN (( SELECT true
                FROM public.likes
               WHERE ((likes.user_id = card_of.viewer_id) AND (likes.post_id = posts.id))) IS TRUE)
             ELSE false
         END,
         CASE
             WHEN ( SELECT true
                FROM public.bookmarks
               WHERE (bookmarks.user_id = card_of.viewer_id)
              LIMIT 1) THEN (( SELECT true
                FROM public.bookmarks
               WHERE ((bookmarks.user_id = card_of.viewer_id) AND (bookmarks.post_id = posts.id))) IS TRUE)
             ELSE false
         END,
         CASE
             WHEN (counts.reposts > 0) THEN (( SELECT true
                FROM public.posts repost
               WHERE ((repost.repost_of_id = posts.id) AND (repost.author_id = card_of.viewer_id))) IS TRUE)
             ELSE false
         END, posts.is_open)::public.card
  AS "row",
     posts.reply_to_id,
     posts.quote_of_id
    FROM ((private.counts_of(card_of.viewer_id, card_of.post_id, card_of.hidden_ids) counts(post_id, likes, replies, reposts, quotes)
      JOIN public.posts ON ((posts.id = counts.post_id)))
      JOIN public.profiles ON ((profiles.id = posts.author_id)));
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
  newest private.notification_groups;
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
    ) as has_thread_mutes,
    (
      select notification_groups
      from private.notification_groups
      where notification_groups.recipient_id = notice.recipient_id
        and notification_groups.object_id = notice.object_id
        and notification_groups.kind = notice.kind
      order by notification_groups.group_id desc
      limit 1
    ) as newest
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
    desk, notice, known.id, newest,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome,
    starts_muted
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.many_limited_seen (
  viewer_id  uuid,
  place      text,
  hidden_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  return (
    select count(*)
    from private.addressed_posts
    where addressed_posts.reader_place = many_limited_seen.place || ' ' || many_limited_seen.viewer_id::text
      and addressed_posts.author_id <> many_limited_seen.viewer_id
      and addressed_posts.author_id <> all (many_limited_seen.hidden_ids)
  ) + (
    select coalesce(sum(theirs.amount), 0)
    from (
      select many_limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = many_limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = many_limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = many_limited_seen.viewer_id)
    ) as theirs
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.message (
  message_id bigint
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
begin
  return query
  select seen.*
  from private.messages as wanted
  join private.conversation_members as own
    on own.conversation_id = wanted.conversation_id and own.user_id = viewer_id
  cross join lateral private.messages_for(
    own, private.message_page(own, wanted.seq - 1, wanted.seq + 1, false, 1)
  ) as seen
  where wanted.id = message.message_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.move_conversation_later (
  conversation private.conversations
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moved private.conversations;
begin
  insert into private.conversation_moves (conversation_id, epoch)
  values (conversation.id, conversation.epoch);
  update private.conversations
  set epoch = conversations.epoch + 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  return moved;
end;
$function$;

CREATE OR REPLACE FUNCTION private.muted_by (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
 SELECT mutes.muted_id
    FROM public.mutes
   WHERE ((mutes.muter_id = muted_by.viewer_id) AND ((mutes.muted_until IS NULL) OR (mutes.muted_until > now())));
END;

CREATE OR REPLACE FUNCTION private.muted_ids (
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
  select muted.id
  from private.muted_by(muted_ids.viewer_id) as muted (id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.muted_people (
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.muted_person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(muted_people.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.muted_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    select mutes.id, mutes.muted_id
    from public.mutes
    where mutes.muter_id = viewer_id
      and mutes.id < coalesce(muted_people.before, 9223372036854775807)
      and mutes.id > coalesce(muted_people.after, 0)
      and (mutes.muted_until is null or mutes.muted_until > now())
      and mutes.muted_id not in (select private.hidden_ids(viewer_id))
    order by mutes.id desc
    limit muted_people.page_size
  ) as listed;
  return query
  select listed.*, mutes.muted_until, mutes.hides_notifications
  from private.people(viewer_id, row_ids, profile_ids) as listed
  join public.mutes on mutes.muter_id = viewer_id and mutes.muted_id = (listed.profile).id
  order by listed.id desc;
end;
$function$;

CREATE OR REPLACE FUNCTION private.newest_posts (
  viewer_id    uuid,
  follower_id  uuid,
  author_ids   uuid[],
  authors      integer,
  tags         text[],
  unwanted_ids uuid[],
  below        bigint,
  above        bigint,
  wanted       integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  room bigint := authors * 12::bigint;
  -- The longer the list, the larger its share.
  reach bigint := case when authors < 2000 then least(authors / 4, 250) else 100 end;
  scanned bigint := 0;
  read_rows bigint;
  lowest_id bigint;
  batch bigint[];
  found bigint[] := '{}';
  scanned_id bigint := below;
  complete boolean := false;
begin
  if authors >= 200 then
    loop
      with recent as materialized (
        select posts.id, posts.author_id
        from public.posts
        where posts.id < scanned_id and posts.id > above
        order by posts.id desc
        limit reach
      )
      select
        counted.amount, counted.lowest_id,
        array(
          select recent.id
          from recent
          where recent.author_id in (
              select follows.followee_id
              from public.follows
              where follows.follower_id = newest_posts.follower_id
                and follows.followee_id = any (array(select recent.author_id from recent))
                and follows.followee_id <> all (unwanted_ids)
              union all
              select unnest(author_ids)
            )
          order by recent.id desc
        )
      into read_rows, lowest_id, batch
      from (select count(*) as amount, min(recent.id) as lowest_id from recent) as counted;
      found := found || batch;
      scanned := scanned + read_rows;
      scanned_id := lowest_id;
      complete := read_rows < reach or cardinality(found) >= wanted;
      exit when complete or cardinality(found) = 0;
      -- A quarter more than it should need.
      reach := (wanted - cardinality(found)) * scanned * 5 / (cardinality(found) * 4) + 10;
      exit when scanned + reach > room;
      if reach >= authors then
        -- More authors than the list has. So now it reads the list, and the posts until it has enough.
        found := found || array(
          select recent.id
          from (
            select posts.id, posts.author_id
            from public.posts
            where posts.id < scanned_id and posts.id > above
            order by posts.id desc
            limit room - scanned
          ) as recent
          -- "is true" makes Postgres ask this of each post in order. Otherwise it would make
          -- a join.
          where (recent.author_id in (
            select follows.followee_id
            from public.follows
            where follows.follower_id = newest_posts.follower_id and follows.followee_id <> all (unwanted_ids)
            union all
            select unnest(author_ids)
          )) is true
          order by recent.id desc
          limit wanted - cardinality(found)
        );
        complete := cardinality(found) >= wanted;
        exit;
      end if;
    end loop;
    found := found[1:wanted];
  end if;

  if not complete then
    with head as materialized (
      select newest.author_id, newest.id
      from (
        select follows.followee_id
        from public.follows
        where follows.follower_id = newest_posts.follower_id and follows.followee_id <> all (unwanted_ids)
        union all
        select unnest(author_ids)
      ) as author (id)
      cross join lateral (
        select posts.author_id, posts.id
        from public.posts
        where posts.author_id = author.id and posts.id < below and posts.id > above
        order by posts.id desc
        limit 1
      ) as newest
      order by newest.id desc
      limit wanted
    )
    select coalesce(array_agg(candidate.id order by candidate.id desc), '{}') into found
    from (
      select theirs.id
      from head
      cross join lateral (
        select posts.id
        from public.posts
        where posts.author_id = head.author_id
          and posts.id <= head.id
          and posts.id > above
          and posts.id >= (
            select case when count(*) = wanted then min(lowest.id) else 0 end
            from head as lowest
          )
        order by posts.id desc
        limit wanted
      ) as theirs
      order by theirs.id desc
      limit wanted
    ) as candidate;
  end if;

  if cardinality(tags) > 0 then
    found := array(
      select tagged.post_id
      from unnest(tags) as followed (tag)
      cross join lateral (
        select post_tags.post_id
        from public.post_tags
        where post_tags.tag = followed.tag
          and post_tags.is_open
          and post_tags.post_id < below
          and post_tags.post_id > private.above_page(found, above, wanted, false)
          -- Not a join, so that Postgres reads the tag in order.
          and (cardinality(unwanted_ids) = 0 or (
            select posts.author_id <> all (unwanted_ids) from public.posts where posts.id = post_tags.post_id
          ))
        order by post_tags.post_id desc
        limit wanted
      ) as tagged
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
    found := array(
      select limited.id
      from unnest(tags) as followed (tag)
      cross join lateral private.limited_page(
        newest_posts.viewer_id, 'tag:' || followed.tag, below,
        private.above_page(found, above, wanted, false), wanted, unwanted_ids
      ) as limited (id)
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.noted_conversations (
  viewer_id uuid
)
  RETURNS SETOF bigint
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
( SELECT noted.conversation_id
    FROM private.unread_conversations noted
   WHERE (noted.user_id = noted_conversations.viewer_id)
   ORDER BY noted.conversation_id DESC
  LIMIT 200)
 UNION ALL
 ( SELECT bells.conversation_id
    FROM private.conversation_bells bells
  LIMIT 1000);
END;

CREATE OR REPLACE FUNCTION private.notice_queue_deliver()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 100;
  notice private.notice_queue;
  notices private.notice_queue[];
  leaves text;
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
    -- Most transactions have one row.
    delete from private.notice_queue
    where notice_queue.xact = new.xact and notice_queue.id = new.id;
    notice := new;
    notices := array[notice];
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
  part uuid[];
  page uuid[] := '{}';
begin
  perform private.check_page_size(people_like.page_size);
  if private.hides_suggestions(viewer_id) or not private.looks_into(viewer_id, people_like.profile_id) then
    return;
  end if;
  ids := private.followed_alike(viewer_id, people_like.profile_id);
  while ids <> '{}' and cardinality(page) < people_like.page_size loop
    part := ids[:batch];
    ids := ids[batch + 1:];
    sources := array_fill(4::smallint, array[cardinality(part)]);
    page := page || array(
      select part[place]
      from unnest(private.suggestible(viewer_id, part, sources)) with ordinality as one (place, number)
      order by number
    );
  end loop;
  page := page[:people_like.page_size];

  return query
  select shown.*
  from private.suggestion_rows(
    viewer_id, page, array_fill(4::smallint, array[cardinality(page)]),
    array_fill((0, array[people_like.profile_id], 0, null)::private.suggestion_ground, array[cardinality(page)])
  ) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_counts_of (
  viewer_id uuid,
  post_ids  bigint[]
)
  RETURNS SETOF private.post_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(post_counts_of.viewer_id) as hidden (id));
begin
  return query
  select counts.*
  from unnest(post_counts_of.post_ids) as wanted (id)
  cross join lateral private.counts_of(post_counts_of.viewer_id, wanted.id, hidden_ids) as counts;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profile (
  username text
)
  RETURNS SETOF public.profile_page
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
begin
  return query
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.shows_likes, profiles.created_at,
    counts.followers, counts.following,
    case when not relation.is_blocked then private.author_posts(viewer_id, profiles.id) end,
    exists (
      select from public.follows
      where follows.follower_id = viewer_id and follows.followee_id = profiles.id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = viewer_id and follow_requests.target_id = profiles.id
    ),
    exists (
      select from public.follows
      where follows.follower_id = profiles.id and follows.followee_id = viewer_id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = profiles.id and follow_requests.target_id = viewer_id
    ),
    relation.is_blocked,
    muted.muted_id is not null,
    muted.muted_until,
    exists (
      select from public.follows
      where follows.follower_id = viewer_id and follows.followee_id = profiles.id and follows.notifies
    )
  from public.profiles
  cross join lateral (
    select exists (
      select from public.blocks
      where blocks.blocker_id = viewer_id and blocks.blocked_id = profiles.id
    ) as is_blocked
  ) as relation
  left join lateral private.follow_counts_of(viewer_id, profiles.id) as counts on not relation.is_blocked
  left join public.mutes as muted
    on not relation.is_blocked
    and muted.muter_id = viewer_id and muted.muted_id = profiles.id
    and (muted.muted_until is null or muted.muted_until > now())
  where profiles.id = private.person_named(profile.username)
    and profiles.id not in (select private.blocker_ids(viewer_id));
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
      -- Messages there may name the person, or have their reactions.
      select former_members.conversation_id
      from private.former_members
      where former_members.user_id = old.id
      union
      select messages.conversation_id
      from private.messages
      where messages.sender_id = old.id
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

CREATE OR REPLACE FUNCTION private.regroup (
  desk     private.desk,
  group_id bigint,
  step     bigint
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  stream private.streams := desk.stream;
  changed private.notification_groups;
  counted_before boolean;
begin
  select notification_groups.* into changed
  from private.notification_groups
  where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = regroup.group_id;
  if not found then
    return desk;
  end if;
  counted_before := private.counts(changed, stream.read_up_to);

  changed.shown := changed.shown + step;
  if changed.shown = 0 then
    changed.place := null;
  else
    changed.place := coalesce(changed.place, changed.latest_id);
  end if;
  update private.notification_groups
  set shown = changed.shown, place = changed.place
  where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = regroup.group_id;

  stream.unread := stream.unread
    + private.counts(changed, stream.read_up_to)::integer - counted_before::integer;
  desk.stream := stream;
  desk.changed := array_append(array_remove(desk.changed, regroup.group_id), regroup.group_id);
  desk.started := null;
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.request_list (
  sent      boolean,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  are_sent boolean := coalesce(request_list.sent, false);
  below bigint := coalesce(request_list.before, 9223372036854775807);
  above bigint := coalesce(request_list.after, 0);
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(request_list.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select asked.id, asked.requester_id
      from public.follow_requests as asked
      where not are_sent
        and asked.target_id = viewer_id
        and asked.id < below and asked.id > above
        and asked.requester_id not in (select private.hidden_ids(viewer_id))
      order by asked.id desc
      limit request_list.page_size
    )
    union all
    (
      select asked.id, asked.target_id
      from public.follow_requests as asked
      where are_sent
        and asked.requester_id = viewer_id
        and asked.id < below and asked.id > above
        and asked.target_id not in (select private.hidden_ids(viewer_id))
      order by asked.id desc
      limit request_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_apart_in_groups (
  group_ids bigint[],
  people    uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  update private.conversation_members as own
  set is_apart = not own.is_apart
  from (
    select
      person.id,
      -- A person who blocks them is hidden from them too.
      array(select private.hidden_ids(person.id) except all select private.blocker_ids(person.id)) as blocked_ids
    from (select distinct unnest(set_apart_in_groups.people)) as person (id)
  ) as person
  where own.conversation_id = any (set_apart_in_groups.group_ids)
    and own.user_id = person.id
    and own.is_apart <> exists (
      select from private.conversation_members as others
      where others.conversation_id = own.conversation_id and others.user_id = any (person.blocked_ids)
    );
  update private.former_members as former
  set is_apart = not former.is_apart
  from (
    select person.id, array(select private.hidden_ids(person.id)) as hidden_ids
    from (select distinct unnest(set_apart_in_groups.people)) as person (id)
  ) as person
  where former.conversation_id = any (set_apart_in_groups.group_ids)
    and former.user_id = person.id
    and former.is_apart <> exists (
      select from private.conversation_members as members
      where members.conversation_id = former.conversation_id and members.user_id = any (person.hidden_ids)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.started_payload (
  stream   private.streams,
  started  private.notification_groups,
  actor_id uuid
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return (
    select private.group_payload(
      started.latest_id, started.group_id, started.kind, 1, first.actors, started.object_id, started.draft_id,
      started.latest_id <= stream.read_up_to, started.is_quiet, now(),
      private.notification_text(started.kind, first.actors, 1)
    )
    from public.profiles
    cross join lateral (
      select array[(profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author]
    ) as first (actors)
    where profiles.id = started_payload.actor_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestible (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[]
)
  RETURNS integer[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  since_at constant timestamptz := now() - interval '30 days';
  since_id constant bigint := private.first_id(since_at);
  left_out uuid[];
begin
  left_out := array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = suggestible.viewer_id and follows.followee_id = any (suggestible.profile_ids)
    union all
    select follow_requests.target_id
    from public.follow_requests
    where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = any (suggestible.profile_ids)
    union all
    select hidden.id
    from private.hidden_from(suggestible.viewer_id) as hidden (id)
    where hidden.id = any (suggestible.profile_ids)
    union all
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = any (suggestible.profile_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
    union all
    select dismissal.profile_id
    from private.suggestion_dismissals as dismissal
    where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = any (suggestible.profile_ids)
      and dismissal.dismissed_until > now()
  );
  return array(
    select candidate.place
    from unnest(suggestible.profile_ids, suggestible.sources) with ordinality as candidate (id, source, place)
    join public.profiles on profiles.id = candidate.id
    join auth.users on users.id = candidate.id
    where candidate.id is distinct from suggestible.viewer_id
      and candidate.id <> all (left_out)
      and profiles.is_discoverable
      and (profiles.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profiles.created_at > now() - interval '14 days')
      and users.confirmed_at is not null
      and users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (candidate.source not in (2, 6, 7, 8) or (select true from private.trusted(candidate.id)))
      -- A young account is active. For the others, up to three indexes are asked.
      and (profiles.created_at > since_at or (select true from private.activity(candidate.id, since_id)))
    order by candidate.place
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_facts (
  viewer_id   uuid,
  profile_ids bytea
)
  RETURNS bytea
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return (
    select string_agg(
      float4send(coalesce(trust.weight, 0)) || int4send(coalesce(follow_counts.following, 0)::integer)
        || int4send(coalesce(follow_counts.followers, 0)::integer)
        || int4send(
          (profiles.is_discoverable is true and (
            select true from public.follows
            where follows.follower_id = suggestion_facts.viewer_id and follows.followee_id = asked.id
          ) is null)::integer + 256 * (profiles.is_private is false)::integer
        ),
      '' order by asked.place
    )
    from (
      select place, encode(substr(suggestion_facts.profile_ids, 1 + 16 * place, 16), 'hex')::uuid as id
      from generate_series(0, length(suggestion_facts.profile_ids) / 16 - 1) as place
      offset 0
    ) as asked
    left join public.profiles on profiles.id = asked.id
    left join private.follow_counts on follow_counts.profile_id = asked.id
    left join private.trust on trust.profile_id = asked.id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_grounds (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
declare
  followee_ids uuid[];
  follower_ids uuid[];
begin
  if suggestion_grounds.sources && '{1,3,4}' then
    followee_ids := private.newest_followees(suggestion_grounds.viewer_id);
  end if;
  if suggestion_grounds.sources && '{5}' then
    follower_ids := private.newest_followers(suggestion_grounds.viewer_id);
  end if;

  if suggestion_grounds.sources && '{1,3,5}' then
    return query
    select found.*
    from private.direct_grounds(
      suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, followee_ids, follower_ids
    ) as found;
  end if;
  if suggestion_grounds.sources && '{4}' then
    return query
    select found.*
    from private.alongside_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, followee_ids) as found;
  end if;
  if suggestion_grounds.sources && '{6}' then
    return query
    select found.*
    from private.tag_grounds(
      suggestion_grounds.profile_ids, suggestion_grounds.sources, private.tags_of_interest(suggestion_grounds.viewer_id)
    ) as found;
  end if;
  if suggestion_grounds.sources && '{2,7,8}' then
    return query
    select found.*
    from private.plain_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources) as found;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_neighbourhood (
  profile_id uuid
)
  RETURNS SETOF private.neighbours
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most_own constant integer := 150;
  most_own_followers constant integer := 100;
  most_followees constant integer := 50;
  most_followers constant integer := 30;
  most_alike constant integer := 150;
  followee_ids uuid[];
  follower_ids uuid[];
begin
  followee_ids := array(
    select follows.followee_id from public.follows
    where follows.follower_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own
  );
  follower_ids := array(
    select follows.follower_id from public.follows
    where follows.followee_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own_followers
  );
  return query
  with followers_of as materialized (
    select
      followee.id,
      array(
        select follows.follower_id from public.follows
        where follows.followee_id = followee.id and follows.follower_id <> suggestion_neighbourhood.profile_id
        order by follows.id desc
        limit most_followers
      ) as member_ids
    from unnest(followee_ids) as followee (id)
  ),
  alike as materialized (
    select member.id
    from followers_of
    cross join unnest(followers_of.member_ids) as member (id)
    group by member.id
    order by count(*) desc, uuid_hash_extended(member.id, 0)
    limit most_alike
  ),
  near as (
    select near.id from unnest(followee_ids) as near (id)
    union
    select near.id from unnest(follower_ids) as near (id)
    union
    select alike.id from alike
  )
  select
    uuid_send(suggestion_neighbourhood.profile_id),
    own.side,
    (select string_agg(uuid_send(member.id), '') from unnest(own.ids) as member (id))
  from (values
    ('followees'::private.follow_side, followee_ids),
    ('followers'::private.follow_side, follower_ids)
  ) as own (side, ids)
  where own.ids <> '{}'
  union all
  select
    uuid_send(followers_of.id),
    'followers'::private.follow_side,
    (select string_agg(uuid_send(member.id), '') from unnest(followers_of.member_ids) as member (id))
  from followers_of
  where followers_of.member_ids <> '{}'
  union all
  select uuid_send(found.id), 'followees'::private.follow_side, found.members
  from (
    select near.id, (
      select string_agg(uuid_send(chosen.followee_id), '')
      from (
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id >= near.first_id
          order by follows.followee_id
          limit most_followees
        )
        union all
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id < near.first_id
          order by follows.followee_id
          limit most_followees
        )
        limit most_followees
      ) as chosen
    ) as members
    -- A sample that begins at a random id favours nobody. It is the same at every call, so lists stay stable.
    from (select near.id, md5(near.id::text)::uuid as first_id from near offset 0) as near
    offset 0
  ) as found
  where found.members is not null;
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
  today date := private.suggestion_day();
  list private.suggestion_lists;
  view private.suggestion_views;
  ordered private.suggestion_candidates;
begin
  select suggestion_lists.* into list
  from private.suggestion_lists
  where suggestion_lists.viewer_id = suggestion_order.viewer_id;
  select suggestion_views.* into view
  from private.suggestion_views
  where suggestion_views.viewer_id = suggestion_order.viewer_id;
  -- For most viewers, nobody moves down.
  if (5 > all (view.days)) is not false then
    return (coalesce(list.profile_ids, '{}'), coalesce(list.sources, '{}'))::private.suggestion_candidates;
  end if;

  select
    array_agg(scored.id order by scored.score desc, scored.place),
    array_agg(scored.source order by scored.score desc, scored.place)
  into ordered
  from (
    select
      listed.id, listed.source, listed.place,
      listed.score * 0.5 ^ (coalesce(view.days[seen.place] - (view.last_days[seen.place] = today)::integer, 0) / 5) as score
    from unnest(list.profile_ids, list.sources, list.scores) with ordinality as listed (id, source, score, place)
    cross join lateral (select array_position(view.profile_ids, listed.id) as place) as seen
  ) as scored;
  return (coalesce(ordered.profile_ids, '{}'), coalesce(ordered.sources, '{}'))::private.suggestion_candidates;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_page (
  sources    smallint[],
  may_show   boolean[],
  last       integer,
  explore_at integer,
  page_size  integer
)
  RETURNS integer[]
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
declare
  is_open boolean[] := suggestion_page.may_show;
  page integer[] := '{}';
  -- Everybody before it is on the page, or may not be.
  start integer := 1;
  barred smallint;
  passed_source smallint;
  -- From start to before it, everybody has passed_source.
  passed integer := 1;
  chosen integer;
begin
  for turn in 0..suggestion_page.page_size - 1 loop
    barred := case when turn >= 2 and sources[page[turn]] = sources[page[turn - 1]] then sources[page[turn]] end;
    chosen := null;
    if mod(turn, 10) = suggestion_page.explore_at and barred is distinct from 7 then
      chosen := array_position(sources, 7::smallint);
      while is_open[chosen] is false loop
        chosen := array_position(sources, 7::smallint, chosen + 1);
      end loop;
    end if;
    if chosen is null then
      while is_open[start] is false loop
        start := start + 1;
      end loop;
      if sources[start] is distinct from barred then
        chosen := start;
      else
        passed := greatest(start, case when passed_source = barred then passed else 1 end);
        passed_source := barred;
        while passed <= suggestion_page.last and (is_open[passed] is false or sources[passed] = barred) loop
          passed := passed + 1;
        end loop;
        chosen := case when passed <= suggestion_page.last then passed else start end;
      end if;
      exit when chosen > suggestion_page.last;
    end if;
    page := page || chosen;
    is_open[chosen] := false;
  end loop;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_rows (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  grounds     private.suggestion_ground[]
)
  RETURNS SETOF public.suggestion
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
declare
  kinds constant public.suggestion_kind[] := enum_range(null::public.suggestion_kind);
begin
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    profiles.is_private,
    back.follows_you,
    array[(
      kinds[shown.source],
      case
        when other.id is not null then array[
          (one.id, one.username, one.display_name, one.avatar_url)::public.author,
          (other.id, other.username, other.display_name, other.avatar_url)::public.author
        ]
        when one.id is not null then array[(one.id, one.username, one.display_name, one.avatar_url)::public.author]
        else '{}'
      end,
      shown.others,
      shown.tag
    )::public.suggestion_reason] || case
      when back.follows_you and shown.source <> 2
        then array[('follows_you', '{}', 0, null)::public.suggestion_reason]
    end
  from unnest(suggestion_rows.profile_ids, suggestion_rows.sources, suggestion_rows.grounds)
    with ordinality as shown (id, source, asked_place, people, others, tag, place)
  join public.profiles on profiles.id = shown.id
  left join public.profiles as one on one.id = shown.people[1]
  left join public.profiles as other on other.id = shown.people[2]
  cross join lateral (
    select (
      select true from public.follows
      where follows.follower_id = shown.id and follows.followee_id = suggestion_rows.viewer_id
    ) is true as follows_you
  ) as back
  order by shown.place;
end;
$function$;

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
  ids uuid[];
  sources smallint[];
  listed integer;
  more private.suggestion_candidates;
  has_more boolean := false;
  -- By place. False also for somebody who has another place before.
  may_show boolean[] := '{}';
  grounds private.suggestion_ground[] := '{}';
  ground private.suggestion_ground;
  page integer[];
  asked integer[];
  fit integer[];
  witnessed uuid[];
  searched integer[];
  failed integer;
begin
  perform private.check_page_size(suggestions.page_size);
  if private.hides_suggestions(viewer_id) then
    return;
  end if;
  select ordered.profile_ids, ordered.sources into ids, sources
  from private.suggestion_order(viewer_id) as ordered;
  listed := cardinality(ids);
  -- Newcomers: first those who write in the viewer's language, then anybody.
  ids := ids || (
    private.pool_part(7::smallint, private.usual_language(viewer_id), viewer_id, 4) || private.pool_part(7::smallint, '', viewer_id, 6)
  )[:6];
  sources := sources || array_fill(7::smallint, array[cardinality(ids) - listed]);
  for place in listed + 1..cardinality(ids) loop
    may_show[place] := nullif(array_position(ids, ids[place]) = place, true);
  end loop;

  loop
    page := private.suggestion_page(
      sources, may_show, case when has_more then cardinality(ids) else listed end, explore_at, suggestions.page_size + 1
    );
    asked := array(
      select one.place from unnest(page) with ordinality as one (place, number)
      where may_show[one.place] is null
      order by one.number
    );
    if asked = '{}' then
      exit when has_more or cardinality(page) >= suggestions.page_size;
      has_more := true;
      more := private.more_people(viewer_id, private.tags_of_interest(viewer_id));
      ids := ids || more.profile_ids;
      sources := sources || more.sources;
      for place in cardinality(ids) - cardinality(more.profile_ids) + 1..cardinality(ids) loop
        may_show[place] := nullif(array_position(ids, ids[place]) = place, true);
      end loop;
      continue;
    end if;

    fit := private.suggestible(
      viewer_id,
      array(select ids[one.place] from unnest(asked) with ordinality as one (place, number) order by one.number),
      array(select sources[one.place] from unnest(asked) with ordinality as one (place, number) order by one.number)
    );
    fit := array(select asked[one.place] from unnest(fit) with ordinality as one (place, number) order by one.number);
    for turn in 1..cardinality(asked) loop
      may_show[asked[turn]] := false;
    end loop;
    failed := cardinality(asked);
    searched := '{}';
    witnessed := private.witnessed(
      viewer_id,
      array(select ids[one.place] from unnest(fit) with ordinality as one (place, number) order by one.number),
      array(select sources[one.place] from unnest(fit) with ordinality as one (place, number) order by one.number)
    );
    for turn in 1..cardinality(fit) loop
      if witnessed[turn] is null then
        searched := searched || fit[turn];
      else
        grounds[fit[turn]] := (turn, array[witnessed[turn]], 0, null)::private.suggestion_ground;
        may_show[fit[turn]] := true;
        failed := failed - 1;
      end if;
    end loop;
    if searched <> '{}' then
      for ground in
        select found.*
        from private.suggestion_grounds(
          viewer_id,
          array(select ids[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number),
          array(select sources[one.place] from unnest(searched) with ordinality as one (place, number) order by one.number)
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
  from private.suggestion_rows(
    viewer_id,
    array(select ids[one.place] from unnest(page) with ordinality as one (place, number) order by one.number),
    array(select sources[one.place] from unnest(page) with ordinality as one (place, number) order by one.number),
    array(select grounds[one.place] from unnest(page) with ordinality as one (place, number) order by one.number)
  ) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.thread (
  post_id   bigint,
  max_depth integer,
  after     bigint
)
  RETURNS SETOF public.thread_post
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 50
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  most_seen integer := 500;
  most_unseen integer := 500;
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  seen_ids bigint[];
  level_ids bigint[];
  level_parents bigint[];
  level_seen_ids bigint[];
  depth integer := 0;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id and private.sees_post(viewer_id, posts.id);
  if root_id is null then
    return;
  end if;

  -- Upwards.
  with recursive ancestor as (
    select posts.id, posts.reply_to_id, 0 as depth
    from public.posts
    where posts.id = root_id
    union all
    select place.id, place.reply_to_id, ancestor.depth - 1
    from ancestor
    cross join lateral (
      select posts.id, posts.reply_to_id
      from public.posts
      where posts.id = ancestor.reply_to_id
      union all
      select deleted_posts.id, deleted_posts.reply_to_id
      from private.deleted_posts
      where deleted_posts.id = ancestor.reply_to_id
    ) as place
    where ancestor.depth > -100
  )
  select array_agg(ancestor.id), array_agg(ancestor.reply_to_id), array_agg(ancestor.depth)
  into ids, parents, depths
  from ancestor;
  seen_ids := array(select above.id from unnest(ids) as above (id) where private.sees_post(viewer_id, above.id));

  -- Downwards, a level at a time.
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and most_seen > 0 loop
    depth := depth + 1;
    with child as materialized (
      select reply.id, parent.id as parent_id, reply.is_seen
      from unnest(level_ids) as parent (id)
      cross join lateral (
        (
          select posts.id, true
          from public.posts
          where posts.reply_to_id = parent.id and posts.is_open and posts.author_id <> all (hidden_ids)
          order by posts.id
          limit most_seen
        )
        union all
        (
          -- Most posts have no limited replies, or few.
          select limited.id, true
          from private.limited_counts
          cross join lateral (
            select limited_posts.post_id
            from private.limited_posts
            where limited_counts.amount <= private.few_posts()
              and limited_posts.place = limited_counts.place
              and limited_posts.author_id <> all (hidden_ids)
              and (
                select true
                from private.is_for(
                  viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                )
              ) is true
            union all
            select page.id
            from private.limited_page(
              viewer_id, limited_counts.place, 9223372036854775807, 0, most_seen, hidden_ids
            ) as page (id)
            where limited_counts.amount > private.few_posts()
          ) as limited (id)
          where limited_counts.place = 'reply:' || parent.id
        )
        union all
        (
          select place.id, false
          from (
            (
              select deleted_posts.id, false
              from private.deleted_posts
              where deleted_posts.reply_to_id = parent.id
              order by deleted_posts.id
              limit most_unseen
            )
            union all
            (
              select
                limited_posts.post_id,
                limited_posts.author_id <> all (hidden_ids) and (
                  select true
                  from private.is_for(
                    viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                  )
                ) is true
              from private.limited_posts
              where limited_posts.place = 'reply:' || parent.id
              order by limited_posts.post_id
              limit 500
            )
            union all
            (
              select posts.id, false
              from public.posts
              where cardinality(hidden_ids) > 0
                and posts.reply_to_id = parent.id
                and posts.author_id = any (hidden_ids)
                and posts.is_open
              limit 500
            )
          ) as place (id, is_seen)
          where not place.is_seen and (
            exists (select from public.posts as reply where reply.reply_to_id = place.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = place.id)
          )
        )
      ) as reply (id, is_seen)
    ),
    kept as (
      (select child.* from child where child.is_seen order by child.id limit most_seen)
      union all
      (select child.* from child where not child.is_seen order by child.id limit most_unseen)
    )
    select
      coalesce(array_agg(kept.id order by kept.id), '{}'),
      coalesce(array_agg(kept.parent_id order by kept.id), '{}'),
      coalesce(array_agg(kept.id) filter (where kept.is_seen), '{}')
    into level_ids, level_parents, level_seen_ids
    from kept;

    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
    seen_ids := seen_ids || level_seen_ids;
    most_seen := most_seen - cardinality(level_seen_ids);
    most_unseen := most_unseen - (cardinality(level_ids) - cardinality(level_seen_ids));
  end loop;

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- The order of reading: each post before its replies, older replies first.
  branch as (
    select place.id, place.reply_to_id, place.depth, array[place.id] as path
    from place
    where place.depth = 0
    union all
    select place.id, place.reply_to_id, place.depth, branch.path || place.id
    from branch
    join place on place.reply_to_id = branch.id and place.depth = branch.depth + 1
  ),
  item as materialized (
    select items.id, items.post, items.reply_to, items.quoted
    from private.feed_items(viewer_id, seen_ids, seen_ids) as items
  ),
  -- A post keeps its place when the viewer sees it, or something below it.
  kept as (
    select distinct ancestor.id
    from branch
    join item on item.id = branch.id
    cross join lateral unnest(branch.path) as ancestor (id)
    union
    select place.id
    from place
    where place.depth < 0
  )
  select place.id, place.reply_to_id, place.depth, item.post, item.reply_to, item.quoted
  from place
  join kept on kept.id = place.id
  left join branch on branch.id = place.id
  left join item on item.id = place.id
  where thread.after is null or place.id > thread.after or item.id is null
  order by least(place.depth, 0), branch.path;
end;
$function$;

CREATE OR REPLACE FUNCTION private.timeline (
  viewer_id  uuid,
  list_id    uuid,
  hidden_ids uuid[],
  below      bigint,
  above      bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  muted_ids uuid[];
  unwanted_ids uuid[];
  -- In home, the viewer. In a list, null.
  reader_id uuid;
  author_ids uuid[];
  authors integer;
  tags text[] := '{}';
  wanted integer := timeline.page_size * 3 / 2 + 1;
  batch bigint[];
  page bigint[] := '{}';
begin
  if timeline.list_id is null then
    reader_id := timeline.viewer_id;
    author_ids := array[timeline.viewer_id];
    select
      array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id)),
      array(select tag_follows.tag from public.tag_follows where tag_follows.user_id = timeline.viewer_id),
      (select counts.following from private.follow_counts as counts where counts.profile_id = timeline.viewer_id)
    into muted_ids, tags, authors;
    unwanted_ids := hidden_ids || muted_ids;
  else
    muted_ids := array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id));
    unwanted_ids := hidden_ids || muted_ids;
    author_ids := array(
      select list_members.profile_id
      from public.list_members
      where list_members.list_id = timeline.list_id
        and list_members.profile_id <> all (unwanted_ids)
        and exists (select from private.lets_in(timeline.viewer_id, list_members.profile_id))
    );
    authors := cardinality(author_ids);
  end if;

  loop
    batch := private.newest_posts(
      timeline.viewer_id, reader_id, author_ids, authors, tags, unwanted_ids, below, above, wanted
    );
    page := page || array(
      select entry.id
      from unnest(batch) with ordinality as candidate (id, place)
      join public.posts as entry on entry.id = candidate.id
      left join public.posts as original on original.id = entry.repost_of_id
      cross join lateral (
        select
          coalesce(original.id, entry.id) as id,
          coalesce(original.author_id, entry.author_id) as author_id,
          coalesce(original.audience, entry.audience) as audience,
          coalesce(original.is_open, entry.is_open) as is_open,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
          coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
      ) as shown
      where shown.author_id <> all (unwanted_ids)
        and (
          select true
          from private.is_for(timeline.viewer_id, shown.id, shown.author_id, shown.audience, shown.is_open)
        ) is true
        and (shown.quote_of_id is null or not private.quotes_muted(timeline.viewer_id, shown.quote_of_id, muted_ids))
        and (
          original.id is null
          or shown.reply_to_id is null
          or not private.quotes_muted(timeline.viewer_id, shown.reply_to_id, muted_ids)
        )
        and (original.id is null) = (
          -- Whether the feed has the post itself. It has every candidate that is not a
          -- repost, except for some replies.
          (
            original.id is null
            or shown.author_id = any (author_ids)
            or (reader_id is not null and (
              select true from public.follows
              where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
            ) is true)
            or (cardinality(tags) > 0 and exists (
              select from public.post_tags
              where post_tags.post_id = shown.id and post_tags.tag = any (tags)
            ))
          )
          and (shown.reply_to_id is null or (
            select parent.author_id = timeline.viewer_id or (
              (
                parent.author_id = any (author_ids)
                or (reader_id is not null and parent.author_id <> all (muted_ids) and (
                  select true from public.follows
                  where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
                ) is true)
              )
              and (
                select true
                from private.is_for(
                  timeline.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
                )
              ) is true
            )
            from public.posts as parent
            where parent.id = shown.reply_to_id
          ) is true)
        )
        -- Whether an earlier repost is shown. It reads the smaller of two: the reposts of
        -- the post, or the set.
        and (original.id is null or not case
          when reader_id is not null and authors > (
            select post_counts.reposts
            from private.post_counts
            where post_counts.post_id = original.id
          ) then exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.id < entry.id
              and earlier.author_id <> all (muted_ids)
              and (earlier.author_id = timeline.viewer_id or (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = earlier.author_id
              ) is true)
          )
          else exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              -- Postgres reads the people that the viewer follows only if it gets here.
              and earlier.author_id = any (author_ids || array(
                select follows.followee_id
                from public.follows
                where follows.follower_id = reader_id and follows.followee_id <> all (muted_ids)
              ))
              and earlier.id < entry.id
          )
        end)
      order by candidate.place
      limit timeline.page_size - cardinality(page)
    );
    exit when cardinality(page) >= timeline.page_size or cardinality(batch) < wanted;
    below := batch[wanted];
    wanted := least(wanted * 2, 1000);
  end loop;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread()
  RETURNS public.unread_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  noted_ids bigint[];
  answer public.unread_counts;
begin
  select
    streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq), 0, 0,
    array(select noted.id from private.noted_conversations(viewer_id) as noted (id))
  into
    answer.notifications, answer.requests, answer.cursors, answer.messages, answer.message_requests, noted_ids
  from private.streams
  where streams.user_id = viewer_id;
  if cardinality(noted_ids) > 0 then
    select totals.messages, totals.message_requests into answer.messages, answer.message_requests
    from private.chat_totals(viewer_id, noted_ids) as totals;
  end if;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.witnessed (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[]
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  listed_ids uuid[];
  witness_ids uuid[];
  followed_ids uuid[];
  left_out uuid[];
  seen_ids uuid[];
begin
  select list.profile_ids, list.witness_ids into listed_ids, witness_ids
  from private.suggestion_lists as list
  where list.viewer_id = witnessed.viewer_id and list.witness_ids <> '{}';
  if not found then
    return '{}';
  end if;
  left_out := array(
    select hidden.id
    from private.hidden_from(witnessed.viewer_id) as hidden (id)
    where hidden.id = any (witness_ids)
    union all
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = witnessed.viewer_id and mutes.muted_id = any (witness_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
  );
  followed_ids := array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = witnessed.viewer_id and follows.followee_id = any (witness_ids)
  );
  seen_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id = any (witness_ids) and profiles.is_private is false
  );

  return array(
    select case when alike.may_be and one_candidate.is_there and other_candidate.is_there and one_alike.is_there and other_alike.is_there then alike.id end
    from (
      select
        candidate.place, candidate.id as candidate_id, listed.id, listed.one_id, listed.other_id,
        candidate.source = 4 and listed.one_id <> listed.other_id and listed.id = any (followed_ids)
          and listed.one_id = any (seen_ids) and listed.other_id = any (seen_ids)
          and listed.id <> all (left_out) and listed.one_id <> all (left_out) and listed.other_id <> all (left_out) as may_be
      from unnest(witnessed.profile_ids, witnessed.sources) with ordinality as candidate (id, source, place)
      cross join lateral (select 3 * array_position(listed_ids, candidate.id) as last) as found
      cross join lateral (
        select witness_ids[found.last - 2] as id, witness_ids[found.last - 1] as one_id, witness_ids[found.last] as other_id
      ) as listed
      offset 0
    ) as alike
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.one_id and follows.followee_id = alike.candidate_id
      limit 1
    ) as one_candidate on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.other_id and follows.followee_id = alike.candidate_id
      limit 1
    ) as other_candidate on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.one_id and follows.followee_id = alike.id
      limit 1
    ) as one_alike on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.other_id and follows.followee_id = alike.id
      limit 1
    ) as other_alike on true
    order by alike.place
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_computed_suggestions (
  worker_id uuid,
  began_at  timestamp with time zone,
  same_ids  uuid[]
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held_ids uuid[];
  written_now integer;
begin
  held_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id in (select computed.viewer_id from pg_temp.computed_suggestions as computed)
    order by profiles.id
    for key share skip locked
  );
  perform
  from private.suggestion_turns
  where suggestion_turns.profile_id = any (held_ids || same_ids)
  order by suggestion_turns.profile_id
  for no key update;

  update private.suggestion_turns
  set due_at = write_computed_suggestions.began_at + interval '1 day'
  where suggestion_turns.profile_id = any (same_ids)
    and suggestion_turns.due_at <= write_computed_suggestions.began_at
    and suggestion_turns.changed_at is null;

  with taken as (
    update private.suggestion_turns
    set due_at = write_computed_suggestions.began_at + interval '1 day', fingerprint = computed.fingerprint
    from pg_temp.computed_suggestions as computed
    where suggestion_turns.profile_id = computed.viewer_id
      and computed.viewer_id = any (held_ids)
      and suggestion_turns.due_at <= write_computed_suggestions.began_at
      and suggestion_turns.changed_at is null
    returning computed.viewer_id, computed.profile_ids, computed.sources, computed.scores, computed.witness_ids
  )
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores, computed_at, witness_ids)
  select taken.viewer_id, taken.profile_ids, taken.sources, taken.scores, now(), taken.witness_ids
  from taken
  order by taken.viewer_id
  on conflict (viewer_id) do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores,
      computed_at = excluded.computed_at, witness_ids = excluded.witness_ids
  where (suggestion_lists.profile_ids, suggestion_lists.sources, suggestion_lists.witness_ids)
    is distinct from (excluded.profile_ids, excluded.sources, excluded.witness_ids);
  get diagnostics written_now = row_count;

  update private.suggestion_pass
  set people = suggestion_pass.people + cardinality(same_ids) + computed.amount,
      written = suggestion_pass.written + written_now,
      leased_until = now() + interval '5 minutes'
  from (select count(*) as amount from pg_temp.computed_suggestions) as computed
  where suggestion_pass.worker_id = write_computed_suggestions.worker_id;
  if not found then
    raise exception 'Another worker has taken the pass' using errcode = 'object_not_in_prerequisite_state';
  end if;
  return written_now;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_post (
  content         text,
  title           text,
  content_warning text,
  language        text,
  audience        public.audience,
  reply_to_id     bigint,
  quote_of_id     bigint,
  repost_of_id    bigint,
  client_id       uuid
)
  RETURNS public.feed_item
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  is_repeated boolean := false;
  item public.feed_item;
begin
  if write_post.client_id is not null then
    -- Two such requests may come at the same moment. The second waits here, and then finds the
    -- key of the first. It spends nothing, so it is answered even if the budget is used up.
    perform private.take_own_turn(viewer_id);
    select post_keys.post_id into new_id
    from private.post_keys
    where post_keys.author_id = viewer_id and post_keys.client_id = write_post.client_id;
    is_repeated := found;
  end if;

  if not is_repeated then
    insert into public.posts (
      author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
    )
    values (
      viewer_id, write_post.title, write_post.content, write_post.content_warning, write_post.language,
      write_post.audience, write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
    )
    returning posts.id into new_id;
    if write_post.client_id is not null then
      insert into private.post_keys (author_id, client_id, post_id)
      values (viewer_id, write_post.client_id, new_id);
    end if;
  end if;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_suggestion_list (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  scores      real[],
  witness_ids uuid[]     DEFAULT '{}'::uuid[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores, witness_ids)
  select
    write_suggestion_list.viewer_id, write_suggestion_list.profile_ids, write_suggestion_list.sources,
    write_suggestion_list.scores, write_suggestion_list.witness_ids
  from private.hold_person(write_suggestion_list.viewer_id)
  on conflict on constraint suggestion_lists_pkey do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores, computed_at = now(),
      witness_ids = excluded.witness_ids
  where (suggestion_lists.profile_ids, suggestion_lists.sources, suggestion_lists.witness_ids)
    is distinct from (excluded.profile_ids, excluded.sources, excluded.witness_ids);
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION public.follow_requests (
  sent      boolean DEFAULT false,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.request_list(follow_requests.sent, follow_requests.before, follow_requests.page_size, follow_requests.after)
      listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."follow_requests"(boolean, bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.message (
  message_id bigint
)
  RETURNS SETOF public.message
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT shown.id,
     shown.conversation_id,
     shown.seq,
     shown.sender,
     shown.client_id,
     shown.change,
     shown.target,
     shown.content,
     shown.entities,
     shown.mentions,
     shown.reply_to_id,
     shown.reply_to,
     shown.post_id,
     shown.post,
     shown.reactions,
     shown.is_deleted,
     shown.created_at,
     shown.edited_at,
     shown.expires_at
    FROM private.message(message.message_id)
      shown(id, conversation_id, seq, sender, client_id, change, target, content, entities, mentions, reply_to_id, reply_to, post_id, post, reactions, is_deleted, created_at,
      edited_at, expires_at);
END;

REVOKE ALL ON FUNCTION "public"."message"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.muted_people (
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.muted_person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you,
     listed.muted_until,
     listed.hides_notifications
    FROM private.muted_people(muted_people.before, muted_people.page_size, muted_people.after)
      listed(id, profile, is_private, is_following, is_requested, follows_you, muted_until, hides_notifications);
END;

REVOKE ALL ON FUNCTION "public"."muted_people"(bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.profile (
  username text
)
  RETURNS SETOF public.profile_page
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT page.id,
     page.username,
     page.display_name,
     page.bio,
     page.avatar_url,
     page.links,
     page.is_private,
     page.shows_likes,
     page.created_at,
     page.followers,
     page.following,
     page.posts,
     page.is_following,
     page.is_requested,
     page.follows_you,
     page.requests_you,
     page.is_blocked,
     page.is_muted,
     page.muted_until,
     page.notifies
    FROM private.profile(profile.username)
      page(id, username, display_name, bio, avatar_url, links, is_private, shows_likes, created_at, followers, following, posts, is_following, is_requested, follows_you,
      requests_you, is_blocked, is_muted, muted_until, notifies);
END;

CREATE OR REPLACE FUNCTION public.thread (
  post_id   bigint,
  max_depth integer DEFAULT 10,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.thread_post
  LANGUAGE sql
  STABLE
  ROWS 50
BEGIN ATOMIC
 SELECT thread.id,
     thread.reply_to_id,
     thread.depth,
     thread.post,
     thread.reply_to,
     thread.quoted
    FROM private.thread(thread.post_id, thread.max_depth, thread.after) thread(id, reply_to_id, depth, post, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."thread"(bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT counts.notifications,
     counts.requests,
     counts.cursors,
     counts.messages,
     counts.message_requests
    FROM private.unread() counts(notifications, requests, cursors, messages, message_requests)
   WHERE (counts.cursors IS NOT NULL);
END;

REVOKE ALL ON FUNCTION "public"."unread"() FROM PUBLIC, "anon", "service_role";

ALTER TABLE "private"."suggestion_lists"
  ADD CONSTRAINT "suggestion_lists_witness_ids" CHECK ((cardinality(witness_ids) <= 36));

CREATE INDEX limited_counts_place_idx ON private.limited_counts USING hash (place);

CREATE INDEX limited_posts_place_post_id_idx ON private.limited_posts USING btree (place COLLATE "C", post_id DESC);

CREATE CONSTRAINT TRIGGER notice_queue_deliver
  AFTER INSERT ON private.notice_queue DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW
  EXECUTE FUNCTION private.notice_queue_deliver();

COMMENT ON COLUMN "private"."suggestion_lists"."witness_ids" IS 'Three people for each of the first twelve places: somebody the viewer followed, and two people who followed both that person and the one at the place. Null if the source is another one. 23-witnesses.sql asks again whether it is true.';

COMMENT ON COLUMN "public"."drafts"."id" IS 'Random. A client may choose it, so that a request that is sent again makes no second draft. The post will have another id.';

COMMENT ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, private.notification_groups, public.notification_kind, boolean, boolean) IS
  'Writes a new notification and puts it into a group. known_id is the withdrawn one that it replaces, or null. newest is the newest group of this kind about the object, or null.';

COMMENT ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[], jsonb) IS 'Writes a stream back, adds events about these subjects to it, and sends them. Answers the number of the last one. started is how the group of the only event looks, if that is known.';

COMMENT ON FUNCTION "private"."card_of"(uuid, bigint, uuid[]) IS 'The card of a post. Give only a post that the viewer sees. hidden_ids: the people who are hidden from the viewer.';

COMMENT ON FUNCTION "private"."change_blocks"(uuid[], uuid[], boolean) IS 'Parts the people of new blocks in the conversations that they share, or lets them hear each other again after blocks that ended. The arrays have a place for each block.';

COMMENT ON FUNCTION "private"."change_view"(bigint, uuid[]) IS 'Makes some members of a conversation read its messages again.';

COMMENT ON FUNCTION "private"."change_views"(bigint[], uuid[], boolean) IS 'Makes members of conversations read their messages again: each of these people in the conversation at the same place of the other array.';

COMMENT ON FUNCTION "private"."chat_totals"(uuid, bigint[]) IS 'How many messages a person has not read in these conversations, and how many of them are requests with something unread.';

COMMENT ON FUNCTION "private"."counts_of"(uuid, bigint, uuid[]) IS 'How many likes, replies, reposts and quotes of a post the viewer may know about. hidden_ids: the people who are hidden from the viewer.';

COMMENT ON FUNCTION "private"."feed_items"(uuid, bigint[], bigint[], uuid[]) IS 'The rows of a feed for these posts and reposts, in the order given. Give only posts that the viewer sees. hidden_ids: the people who are hidden from the viewer. Without it, they are looked up.';

COMMENT ON FUNCTION "private"."feed_page"(public.feed, text, uuid, uuid[], bigint, bigint, integer, boolean) IS 'The ids of a page of a feed, between two ids, newest first: of its rows, and of the posts that they show. hidden_ids: the people who are hidden from the viewer. When is_counted is true, it is only right how many there are.';

COMMENT ON FUNCTION "private"."group_payload"(bigint, bigint, public.notification_kind, bigint, public.author[], bigint, uuid, boolean, boolean, timestamp
  with time zone, text) IS 'A group as events and snapshots tell it.';

COMMENT ON FUNCTION "private"."hold_person"(uuid) IS 'A row when the account exists. Then nobody can delete it until the transaction ends.';

COMMENT ON FUNCTION "private"."many_limited_seen"(uuid, text, uuid[]) IS 'What limited_seen() answers for a place with many limited posts.';

COMMENT ON FUNCTION "private"."message"(bigint) IS 'What public.message() answers.';

COMMENT ON FUNCTION "private"."move_conversation_later"(private.conversations) IS 'Ends the topic of a conversation and begins the next one. The job tells of it.';

COMMENT ON FUNCTION "private"."muted_by"(uuid) IS 'The people that the viewer mutes now.';

COMMENT ON FUNCTION "private"."muted_ids"(uuid) IS 'What muted_by() answers.';

COMMENT ON FUNCTION "private"."muted_people"(bigint, integer, bigint) IS 'What public.muted_people() answers.';

COMMENT ON FUNCTION "private"."newest_posts"(uuid, uuid, uuid[], integer, text[], uuid[], bigint, bigint, integer) IS 'The ids of the newest posts and reposts by the people that follower_id follows, by author_ids, or with these tags, between two ids, newest first. As many as wanted, or all there are. Posts by the followed people and posts with the tags are left out if their authors are among unwanted_ids. Posts with the tags are among them only if the viewer sees them. authors: about how many authors there are.';

COMMENT ON FUNCTION "private"."noted_conversations"(uuid) IS 'The conversations that may have something unread for a person: up to 200 that are noted, the youngest ones, and those of anybody that wait for the job.';

COMMENT ON FUNCTION "private"."request_list"(boolean, bigint, integer, bigint) IS 'What public.follow_requests() answers.';

COMMENT ON FUNCTION "private"."set_apart_in_groups"(bigint[], uuid[]) IS 'Does for many groups, and the people of a new or ended block, what set_apart() does for one.';

COMMENT ON FUNCTION "private"."started_payload"(private.streams, private.notification_groups, uuid) IS 'A group as its first event tells it: one notification is in it, which this transaction added.';

COMMENT ON FUNCTION "private"."suggestion_facts"(uuid, bytea) IS 'What the ranking knows of each of these people besides the follows around the viewer: trust, how many they follow and how many follow them, whether they may be suggested to the viewer, and whether their account is public. 16 bytes for each id, and 16 for the answer. Zeros for somebody whose account has ended.';

COMMENT ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[]) IS 'The grounds of these people, those of each by the source given. Nobody is in it whose reason is not true now, or not for the viewer to see.';

COMMENT ON FUNCTION "private"."suggestion_page"(smallint[], boolean[], integer, integer, integer) IS 'The places of a page, in its order, if everybody who was not asked about yet may be shown. may_show is by place. Null: not asked yet.';

COMMENT ON FUNCTION "private"."thread"(bigint, integer, bigint) IS 'What public.thread() answers.';

COMMENT ON FUNCTION "private"."timeline"(uuid, uuid, uuid[], bigint, bigint, integer) IS 'The ids of a page of home (when list_id is null) or of the feed of a list: posts and reposts between two ids, newest first. hidden_ids: the people who are hidden from the viewer.';

COMMENT ON FUNCTION "private"."unread"() IS 'What public.unread() answers. Null when the account is deleted.';

COMMENT ON FUNCTION "private"."witnessed"(uuid, uuid[], smallint[]) IS 'For each of these people, the person who makes the reason followed_alongside, as the list of the viewer knows it. Null if it is not true any more, or not for the viewer to see. An empty array if the list knows nothing.';

COMMENT ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[], uuid[]) IS 'Replaces the list of somebody, and answers whether it changed. If the people, their order, their sources and the witnesses are the same, or if the account is gone, it writes nothing.';

COMMENT ON FUNCTION "public"."follow_requests"(boolean, bigint, integer, bigint) IS 'The people who ask to follow you, newest first, or with sent the people that you ask. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."message"(bigint) IS 'A message by its id, with its conversation and its seq. messages(around) shows what was said around it. No row when there is no such message, or you cannot see it.';

COMMENT ON FUNCTION "public"."muted_people"(bigint, integer, bigint) IS 'The people you mute now, newest first, and until when. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."thread"(bigint, integer, bigint) IS 'A post, the posts that it answers (up to 100) and the replies below it (up to 500, and max_depth deep, which is 1 to 50), in the order of reading. With after, only the posts with a greater id, and the places of posts that you do not see. No row when there is no such post, or you cannot see it. If a post has more replies than the thread shows, replies() has them all.';

COMMENT ON FUNCTION "public"."unread"() IS 'How much is unread, in one row. It is cheap: ask it once a minute, and call sync() when a cursor is newer than yours.';

COMMENT ON TYPE "public"."muted_person" IS 'A person that you mute, as in other lists of people, and how long you mute them.';

REVOKE ALL ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, private.notification_groups, public.notification_kind, boolean, boolean) FROM PUBLIC;

REVOKE ALL
  ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  FROM "postgres";

GRANT EXECUTE
  ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, private.notification_groups, public.notification_kind, boolean, boolean)
  TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[], jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[], jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[], jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."card_of"(uuid, bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."card_of"(uuid, bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."card_of"(uuid, bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."change_blocks"(uuid[], uuid[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_blocks"(uuid[], uuid[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."change_blocks"(uuid[], uuid[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."change_view"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."change_views"(bigint[], uuid[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_views"(bigint[], uuid[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."change_views"(bigint[], uuid[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."chat_totals"(uuid, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."counts_of"(uuid, bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."counts_of"(uuid, bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."counts_of"(uuid, bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."feed_items"(uuid, bigint[], bigint[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."feed_items"(uuid, bigint[], bigint[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."feed_items"(uuid, bigint[], bigint[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."feed_page"(public.feed, text, uuid, uuid[], bigint, bigint, integer, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."feed_page"(public.feed, text, uuid, uuid[], bigint, bigint, integer, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."feed_page"(public.feed, text, uuid, uuid[], bigint, bigint, integer, boolean) TO "postgres";

REVOKE ALL
  ON FUNCTION "private"."group_payload"(bigint, bigint, public.notification_kind, bigint, public.author[], bigint, uuid, boolean, boolean, timestamp WITH time zone, text)
  FROM PUBLIC;

REVOKE ALL
  ON FUNCTION "private"."group_payload"(bigint, bigint, public.notification_kind, bigint, public.author[], bigint, uuid, boolean, boolean, timestamp WITH time zone, text)
  FROM "postgres";

GRANT EXECUTE
  ON FUNCTION "private"."group_payload"(bigint, bigint, public.notification_kind, bigint, public.author[], bigint, uuid, boolean, boolean, timestamp WITH time zone, text)
  TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_person"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_person"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_person"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."many_limited_seen"(uuid, text, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."many_limited_seen"(uuid, text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."many_limited_seen"(uuid, text, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."message"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."message"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."message"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."message"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."move_conversation_later"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."move_conversation_later"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."move_conversation_later"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."muted_by"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."muted_by"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."muted_by"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."muted_people"(bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."muted_people"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."muted_people"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."muted_people"(bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid, uuid[], integer, text[], uuid[], bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid, uuid[], integer, text[], uuid[], bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newest_posts"(uuid, uuid, uuid[], integer, text[], uuid[], bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."noted_conversations"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."noted_conversations"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."noted_conversations"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."request_list"(boolean, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."request_list"(boolean, bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."request_list"(boolean, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."request_list"(boolean, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_apart_in_groups"(bigint[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_apart_in_groups"(bigint[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_apart_in_groups"(bigint[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."started_payload"(private.streams, private.notification_groups, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."started_payload"(private.streams, private.notification_groups, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."started_payload"(private.streams, private.notification_groups, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_facts"(uuid, bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_facts"(uuid, bytea) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_facts"(uuid, bytea) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_page"(smallint[], boolean[], integer, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_page"(smallint[], boolean[], integer, integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_page"(smallint[], boolean[], integer, integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."thread"(bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."thread"(bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."thread"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."thread"(bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."timeline"(uuid, uuid, uuid[], bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."timeline"(uuid, uuid, uuid[], bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."timeline"(uuid, uuid, uuid[], bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unread"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."unread"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."unread"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unread"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."witnessed"(uuid, uuid[], smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."witnessed"(uuid, uuid[], smallint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."witnessed"(uuid, uuid[], smallint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[], uuid[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."follow_requests"(boolean, bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."follow_requests"(boolean, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."follow_requests"(boolean, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."message"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."message"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."message"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."muted_people"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."muted_people"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."muted_people"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."thread"(bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."thread"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."thread"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."unread"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."unread"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."unread"() TO "postgres";

REVOKE ALL ("id") ON TABLE "public"."drafts" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."drafts" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."drafts" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."drafts" TO "service_role";

ALTER TABLE "public"."mutes"
  ADD COLUMN "id" bigint NOT NULL DEFAULT private.new_id();

-- Mutes of earlier times get ids of their times.
ALTER TABLE "public"."mutes"
  ALTER COLUMN "id" TYPE bigint USING private.new_id(created_at);

CREATE INDEX mutes_muter_id_id_idx ON public.mutes USING btree (muter_id, id DESC);

COMMENT ON COLUMN "public"."mutes"."id" IS 'Made from the time of the mute. muted_people() orders and pages by it.';

-- A list that stays the same is not written again. So all lists count as changed, and the next
-- pass adds the people that their reasons name.
update private.suggestion_turns set fingerprint = null where suggestion_turns.fingerprint is not null;
