/*
 * Streams and notifications: what happens to somebody is written into their stream and into
 * their notifications, in the transaction of what caused it. sync(), unread(),
 * notifications(), preferences, thread mutes, follows.notifies and posts.thread_id.
 *
 * Written by comparing the migrations before it with sql/. The rows that are there get
 * what they need at the end. Nobody is notified of what happened before.
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

DROP TRIGGER "take_turn" ON "public"."follows";

DROP TRIGGER "profiles_welcome_requesters" ON "public"."profiles";

DROP FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint);

DROP FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint);

CREATE TABLE "private"."fan_outs" (
  "id"         bigint                   GENERATED ALWAYS AS IDENTITY NOT NULL,
  "kind"       text                     NOT NULL,
  "actor_id"   uuid                     NOT NULL,
  "object_id"  bigint                   NOT NULL DEFAULT 0,
  "after_id"   uuid                     NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
  "after_post" bigint                   NOT NULL DEFAULT 0,
  "served_at"  timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "fan_outs_kind_check" CHECK ((kind = ANY (ARRAY['post'::text, 'edited'::text, 'object'::text, 'account'::text]))),
  CONSTRAINT "fan_outs_pkey" PRIMARY KEY (id)
);

CREATE TABLE "private"."mute_ends" (
  "muter_id"    uuid                     NOT NULL,
  "muted_id"    uuid                     NOT NULL,
  "muted_until" timestamp with time zone NOT NULL,
  CONSTRAINT "mute_ends_pkey" PRIMARY KEY (muter_id, muted_id)
);

CREATE TABLE "private"."notice_queue" (
  "xact"         xid8   NOT NULL DEFAULT pg_current_xact_id(),
  "id"           bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  "recipient_id" uuid   NOT NULL,
  CONSTRAINT "notice_queue_pkey" PRIMARY KEY (xact, id)
);

CREATE TABLE "private"."notification_groups" (
  "group_id"     bigint NOT NULL,
  "recipient_id" uuid   NOT NULL,
  CONSTRAINT "notification_groups_pkey" PRIMARY KEY (recipient_id, group_id)
);

ALTER TABLE "private"."notification_groups"
  SET (fillfactor=70);

CREATE TABLE "private"."notifications" (
  "id"           bigint NOT NULL,
  "group_id"     bigint NOT NULL,
  "recipient_id" uuid   NOT NULL,
  CONSTRAINT "notifications_pkey" PRIMARY KEY (recipient_id, id)
);

CREATE TABLE "private"."post_keys" (
  "author_id"  uuid                     NOT NULL,
  "client_id"  uuid                     NOT NULL,
  "post_id"    bigint                   NOT NULL,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "post_keys_pkey" PRIMARY KEY (author_id, client_id)
);

CREATE TABLE "private"."stream_events" (
  "user_id" uuid   NOT NULL,
  "seq"     bigint NOT NULL,
  CONSTRAINT "stream_events_pkey" PRIMARY KEY (user_id, seq)
);

CREATE TABLE "private"."streams" (
  "user_id"      uuid    NOT NULL,
  "last_seq"     bigint  NOT NULL DEFAULT 0,
  "unread"       bigint  NOT NULL DEFAULT 0,
  "requests"     bigint  NOT NULL DEFAULT 0,
  "last_id"      bigint  NOT NULL DEFAULT 0,
  "read_up_to"   bigint  NOT NULL DEFAULT 0,
  "newest_group" bigint,
  "told_second"  bigint  NOT NULL DEFAULT 0,
  "told"         integer NOT NULL DEFAULT 0,
  CONSTRAINT "streams_last_seq_check" CHECK ((last_seq >= 0)),
  CONSTRAINT "streams_pkey" PRIMARY KEY (user_id),
  CONSTRAINT "streams_requests_check" CHECK ((requests >= 0)),
  CONSTRAINT "streams_unread_check" CHECK ((unread >= 0))
);

ALTER TABLE "private"."streams"
  SET (fillfactor=50);

CREATE TABLE "public"."notification_preferences" (
  "user_id" uuid NOT NULL DEFAULT auth.uid()
);

ALTER TABLE "public"."notification_preferences"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "anon";

CREATE TABLE "public"."thread_mutes" (
  "post_id"    bigint                   NOT NULL,
  "thread_id"  bigint                   NOT NULL,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  "user_id"    uuid                     NOT NULL DEFAULT auth.uid(),
  CONSTRAINT "thread_mutes_pkey" PRIMARY KEY (user_id, post_id)
);

ALTER TABLE "public"."thread_mutes"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."thread_mutes" FROM "anon";

ALTER TABLE "public"."follows"
  ADD COLUMN "notifies" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."posts"
  ADD COLUMN "thread_id" bigint;

CREATE TYPE "private"."desk" AS (
  "stream"  private.streams,
  "changed" bigint[]
);

CREATE TYPE "private"."event_kind" AS ENUM (
  'notification',
  'read',
  'unread',
  'start_over'
);

ALTER TABLE "private"."stream_events"
  ADD COLUMN "kind" private.event_kind NOT NULL;

ALTER TABLE "private"."stream_events"
  ADD COLUMN "subject" bigint;

ALTER TABLE "private"."stream_events"
  ADD COLUMN "created_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TYPE "public"."limited_action" ADD VALUE 'setting' BEFORE 'search';


SET local check_function_bodies = off;

ALTER TYPE "public"."limited_action" ADD VALUE 'mark_read' BEFORE 'search';


SET local check_function_bodies = off;

CREATE TYPE "public"."notification_actor" AS (
  "id"          bigint,
  "profile"     public.author,
  "happened_at" timestamp WITH time zone
);

CREATE TYPE "public"."notification_delivery" AS ENUM (
  'off',
  'quiet',
  'loud'
);

CREATE TYPE "public"."notification_kind" AS ENUM (
  'follow',
  'follow_request',
  'request_accepted',
  'like',
  'repost',
  'reply',
  'quote',
  'mention',
  'edited',
  'post',
  'draft_published',
  'draft_failed',
  'filtered_requests'
);

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "kind" public.notification_kind;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "actor_id" uuid;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "object_id" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "draft_id" uuid;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "requests" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "is_ended" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "is_left" boolean NOT NULL DEFAULT COALESCE((current_setting('plaza.leaves_notices'::text, true) = 'yes'::text), false);

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "kind" public.notification_kind NOT NULL;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "object_id" bigint NOT NULL;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "draft_id" uuid;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "is_quiet" boolean NOT NULL;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "shown" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "latest_id" bigint NOT NULL;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "place" bigint;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "read_up_to" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."notification_groups"
  ADD COLUMN "is_marked_unread" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."notifications"
  ADD COLUMN "kind" public.notification_kind NOT NULL;

ALTER TABLE "private"."notifications"
  ADD COLUMN "actor_id" uuid NOT NULL;

ALTER TABLE "private"."notifications"
  ADD COLUMN "object_id" bigint NOT NULL;

ALTER TABLE "private"."notifications"
  ADD COLUMN "draft_id" uuid;

ALTER TABLE "private"."notifications"
  ADD COLUMN "is_muted" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."notifications"
  ADD COLUMN "created_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."notifications"
  ADD COLUMN "withdrawn_at" timestamp WITH time zone;

ALTER TABLE "public"."notification_preferences"
  ADD COLUMN "kind" public.notification_kind NOT NULL;

CREATE TYPE "public"."notification_source" AS ENUM (
  'everyone',
  'established',
  'following',
  'nobody'
);

ALTER TABLE "public"."notification_preferences"
  ADD COLUMN "from_whom" public.notification_source NOT NULL DEFAULT 'everyone'::public.notification_source;

ALTER TABLE "public"."notification_preferences"
  ADD COLUMN "delivery" public.notification_delivery NOT NULL DEFAULT 'loud'::public.notification_delivery;

CREATE TYPE "public"."notification" AS (
  "id"          bigint,
  "group_id"    bigint,
  "kind"        public.notification_kind,
  "count"       bigint,
  "actors"      public.author[],
  "post"        public.card,
  "draft_id"    uuid,
  "is_read"     boolean,
  "is_quiet"    boolean,
  "happened_at" timestamp WITH time zone,
  "fallback"    text
);

CREATE TYPE "public"."stream_page" AS (
  "stream"     text,
  "start_over" boolean,
  "cursor"     bigint,
  "has_more"   boolean,
  "events"     jsonb,
  "snapshot"   jsonb
);

CREATE TYPE "public"."unread_counts" AS (
  "notifications" bigint,
  "requests"      bigint,
  "cursors"       jsonb
);

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
  if not starts_muted then
    stream.newest_group := newest.group_id;
    stream.unread := stream.unread
      + private.counts(newest, stream.read_up_to)::integer - counted_before::integer;
    desk.changed := array_append(array_remove(desk.changed, newest.group_id), newest.group_id);
  end if;
  desk.stream := stream;
  return desk;
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
  hidden_ids uuid[] := array(select private.hidden_ids(stream.user_id));
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

CREATE OR REPLACE FUNCTION private.blocks_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, actor_id)
  select concerned.recipient_id, concerned.actor_id
  from blocked
  cross join lateral (
    values (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  ) as concerned (recipient_id, actor_id);
  return null;
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
    return private.append_events(
      stream, 'notification', array(select unnest(desk.changed) as group_id order by group_id)
    );
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

CREATE OR REPLACE FUNCTION private.comes_from (
  user_id   uuid,
  from_whom public.notification_source,
  actor_id  uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return comes_from.from_whom = 'everyone'
    or comes_from.actor_id = comes_from.user_id
    or comes_from.from_whom = 'established' and exists (
      select from public.profiles
      where profiles.id = comes_from.actor_id and profiles.created_at <= now() - interval '7 days'
    )
    or comes_from.from_whom in ('established', 'following') and exists (
      select from public.follows
      where follows.follower_id = comes_from.user_id and follows.followee_id = comes_from.actor_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.continue_fan_out (
  fan_out private.fan_outs,
  most    integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  people uuid[];
  last_post bigint;
begin
  if fan_out.kind = 'account' then
    last_post := private.fan_out_account(fan_out.actor_id, fan_out.after_post, most);
    update private.fan_outs
    set after_post = last_post, served_at = clock_timestamp()
    where fan_outs.id = fan_out.id and last_post is not null;
  else
    people := array(select private.people_of(fan_out, most));
    perform private.queue_people(fan_out, people);
    update private.fan_outs
    set after_id = people[most], served_at = clock_timestamp()
    where fan_outs.id = fan_out.id and cardinality(people) = most;
  end if;
  if not found then
    delete from private.fan_outs
    where fan_outs.id = fan_out.id;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.counts (
  listed     private.notification_groups,
  read_up_to bigint
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
RETURN ((NOT (listed).is_quiet) AND ((listed).shown > 0) AND ((listed).is_marked_unread OR ((listed).latest_id > GREATEST((listed).read_up_to, read_up_to))));

CREATE OR REPLACE FUNCTION private.count_unread (
  user_id    uuid,
  read_up_to bigint
)
  RETURNS bigint
  LANGUAGE sql
  STABLE
RETURN
  ((SELECT count(*) AS count FROM (unnest(enum_range(NULL::public.notification_kind)) every(kind) CROSS JOIN LATERAL (SELECT listed.group_id FROM private.notification_groups listed
  WHERE
  ((listed.recipient_id = count_unread.user_id) AND (listed.kind = every.kind) AND (listed.place > count_unread.read_up_to) AND private.counts(listed.*, count_unread.read_up_to))
  UNION ALL SELECT last_read.group_id FROM
  (SELECT listed.group_id, listed.recipient_id, listed.kind, listed.object_id, listed.draft_id, listed.is_quiet, listed.shown, listed.latest_id, listed.place, listed.read_up_to,
  listed.is_marked_unread FROM private.notification_groups listed
  WHERE ((listed.recipient_id = count_unread.user_id) AND (listed.kind = every.kind) AND (listed.place <= count_unread.read_up_to)) ORDER BY listed.place DESC LIMIT 1) last_read
  WHERE
  ((NOT last_read.is_marked_unread) AND (NOT last_read.is_quiet) AND (last_read.shown > 0) AND (last_read.latest_id > GREATEST(last_read.read_up_to, count_unread.read_up_to))))
  unread)) + (SELECT count(*) AS count FROM private.notification_groups marked
  WHERE
  ((marked.recipient_id = count_unread.user_id) AND marked.is_marked_unread AND (marked.place <= count_unread.read_up_to) AND private.counts(marked.*, count_unread.read_up_to))));

CREATE OR REPLACE FUNCTION private.cursor_of (
  cursors jsonb,
  stream  text
)
  RETURNS bigint
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if jsonb_typeof(cursors) is distinct from 'object' or exists (
    select
    from jsonb_each(cursors) as one
    where jsonb_typeof(one.value) <> 'number' or one.value #>> '{}' !~ '^[0-9]{1,18}$'
  ) then
    raise sqlstate 'PT400' using
      message = 'Cursors are an object with a whole number for each stream', detail = 'cursors_format';
  end if;
  return cursors ->> cursor_of.stream;
end;
$function$;

CREATE OR REPLACE FUNCTION private.default_delivery (
  kind public.notification_kind
)
  RETURNS public.notification_delivery
  LANGUAGE sql
  IMMUTABLE
RETURN (CASE kind WHEN 'edited'::public.notification_kind THEN 'quiet'::text ELSE 'loud'::text END)::public.notification_delivery;

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
      is_busy := not deliver.waits
        and (before.user_id is null or private.is_told_enough(before))
        and not exists (
          select
          from unnest(notices) as looked
          where looked.recipient_id = recipient and (
            looked.kind is null or looked.requests <> 0 or not private.notice_holds(
              looked.recipient_id, looked.kind, looked.actor_id, looked.object_id, looked.draft_id
            )
          )
        );
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

CREATE OR REPLACE FUNCTION private.deliver_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  notices private.notice_queue[];
  waiting private.fan_outs;
begin
  -- What this batch adds to the queue waits for a batch, too.
  perform set_config('plaza.leaves_notices', 'yes', true);

  with ended as (
    delete from private.mute_ends
    where (mute_ends.muter_id, mute_ends.muted_id) in (
      select over.muter_id, over.muted_id
      from private.mute_ends as over
      where over.muted_until <= now()
      order by over.muted_until
      limit most / 2
      for update skip locked
    )
    returning mute_ends.muter_id, mute_ends.muted_id
  )
  insert into private.notice_queue (recipient_id, actor_id)
  select ended.muter_id, ended.muted_id
  from ended;

  select fan_outs.* into waiting
  from private.fan_outs
  order by fan_outs.served_at, fan_outs.id
  limit 1
  for update skip locked;
  if found then
    perform private.continue_fan_out(waiting, most / 2);
  end if;

  with taken as (
    delete from private.notice_queue
    where (notice_queue.xact, notice_queue.id) in (
      select first.xact, first.id
      from private.notice_queue as first
      where first.is_left
      order by first.xact, first.id
      limit most
      for update skip locked
    )
    returning notice_queue.*
  )
  select array_agg(taken) into notices
  from taken;
  notices := private.hold_subjects(notices);
  if notices is not null then
    perform private.deliver(notices, true);
  end if;
  return notices is not null or waiting.id is not null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.drafts_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, draft_id)
  values (old.author_id, 'draft_failed', old.author_id, old.id);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.fan_out (
  kind      text,
  actor_id  uuid,
  object_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  started private.fan_outs;
  people uuid[];
begin
  started.kind := fan_out.kind;
  started.actor_id := fan_out.actor_id;
  started.object_id := fan_out.object_id;
  started.after_id := '00000000-0000-0000-0000-000000000000';
  people := array(select private.people_of(started, most + 1));
  if cardinality(people) > most then
    insert into private.fan_outs (kind, actor_id, object_id)
    values (fan_out.kind, fan_out.actor_id, fan_out.object_id);
  elsif cardinality(people) > 0 then
    perform private.queue_people(started, people);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.fan_out_account (
  account_id uuid,
  after_post bigint,
  most       integer
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  last_post bigint;
  post record;
  seen integer := 0;
begin
  for post in
    select posts.id, posts.repost_of_id
    from public.posts
    where posts.author_id = fan_out_account.account_id and posts.id > fan_out_account.after_post
    order by posts.id
    limit most
  loop
    seen := seen + 1;
    last_post := post.id;
    if post.repost_of_id is null then
      perform private.fan_out('object', fan_out_account.account_id, post.id);
    else
      insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
      select original.author_id, 'repost', fan_out_account.account_id, original.id
      from public.posts as original
      where original.id = post.repost_of_id and original.author_id <> fan_out_account.account_id;
    end if;
  end loop;
  return case when seen = most then last_post end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_requests_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, requests)
  select changed.target_id, 'follow_request', changed.requester_id, case tg_op when 'INSERT' then 1 else -1 end
  from changed;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follows_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if tg_op = 'INSERT' then
    insert into private.notice_queue (recipient_id, kind, actor_id)
    select
      case when changed.followee_id = auth.uid() then changed.follower_id else changed.followee_id end,
      case when changed.followee_id = auth.uid() then 'request_accepted' else 'follow' end::public.notification_kind,
      case when changed.followee_id = auth.uid() then changed.followee_id else changed.follower_id end
    from changed;
  else
    -- The follower may lose sight of posts, too.
    insert into private.notice_queue (recipient_id, kind, actor_id)
    select concerned.recipient_id, concerned.kind, concerned.actor_id
    from changed
    cross join lateral (
      values
        (changed.followee_id, 'follow'::public.notification_kind, changed.follower_id),
        (changed.follower_id, null, changed.followee_id)
    ) as concerned (recipient_id, kind, actor_id);
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_events()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  forgotten integer;
begin
  delete from private.stream_events
  where (stream_events.user_id, stream_events.seq) in (
    select old.user_id, old.seq
    from private.stream_events as old
    where old.created_at < now() - interval '30 days'
    order by old.created_at
    limit 2000
  );
  get diagnostics forgotten = row_count;
  return forgotten;
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

CREATE OR REPLACE FUNCTION private.forget_post_keys()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  forgotten integer;
begin
  with old as (
    select post_keys.author_id, post_keys.client_id
    from private.post_keys
    where post_keys.created_at < now() - interval '30 days'
    order by post_keys.created_at
    limit 10000
    for update skip locked
  )
  delete from private.post_keys
  using old
  where post_keys.author_id = old.author_id and post_keys.client_id = old.client_id;
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_recipient (
  user_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 1000;
  forgotten integer;
  more integer;
begin
  delete from private.streams
  where streams.user_id = forget_recipient.user_id;

  delete from private.stream_events
  where (stream_events.user_id, stream_events.seq) in (
    select old.user_id, old.seq
    from private.stream_events as old
    where old.user_id = forget_recipient.user_id
    limit most
  );
  get diagnostics forgotten = row_count;
  delete from private.notifications
  where (notifications.recipient_id, notifications.id) in (
    select old.recipient_id, old.id
    from private.notifications as old
    where old.recipient_id = forget_recipient.user_id
    limit most
  );
  get diagnostics more = row_count;
  forgotten := greatest(forgotten, more);
  delete from private.notification_groups
  where (notification_groups.recipient_id, notification_groups.group_id) in (
    select old.recipient_id, old.group_id
    from private.notification_groups as old
    where old.recipient_id = forget_recipient.user_id
    limit most
  );
  get diagnostics more = row_count;

  if greatest(forgotten, more) = most then
    insert into private.notice_queue (recipient_id, is_ended)
    values (forget_recipient.user_id, true);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_withdrawn()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 500;
  forgotten integer;
begin
  perform
  from private.streams
  where streams.user_id in (
    select old.recipient_id
    from (
      select notifications.recipient_id
      from private.notifications
      where notifications.withdrawn_at < now() - interval '1 day'
      order by notifications.withdrawn_at
      limit most
    ) as old
  )
  order by streams.user_id
  for no key update;

  with old as (
    delete from private.notifications
    where (notifications.recipient_id, notifications.id) in (
      select withdrawn.recipient_id, withdrawn.id
      from private.notifications as withdrawn
      where withdrawn.withdrawn_at < now() - interval '1 day'
      order by withdrawn.withdrawn_at
      limit most
    )
    returning notifications.recipient_id, notifications.group_id, notifications.id
  ),
  emptied as (
    delete from private.notification_groups
    using old
    where notification_groups.recipient_id = old.recipient_id
      and notification_groups.group_id = old.group_id
      and notification_groups.shown = 0
      and not exists (
        select from private.notifications as left_over
        where left_over.recipient_id = old.recipient_id
          and left_over.group_id = old.group_id
          and (left_over.recipient_id, left_over.id) not in (select old.recipient_id, old.id from old)
      )
  )
  select count(*) into forgotten
  from old;
  return forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_own_stream()
  RETURNS private.streams
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  stream private.streams;
begin
  perform private.charge(viewer_id, 'mark_read', 1);
  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id
  for no key update;
  if not found then
    raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
  end if;
  return stream;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_subjects (
  notices private.notice_queue[]
)
  RETURNS private.notice_queue[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held_posts bigint[] := array(
    select posts.id
    from public.posts
    where posts.id in (select notice.object_id from unnest(notices) as notice where notice.kind is not null)
    for key share skip locked
  );
  held_actors uuid[] := array(
    select profiles.id
    from public.profiles
    where profiles.id in (
      select notice.actor_id from unnest(notices) as notice where notice.kind is not null and notice.object_id <> 0
    )
    for share skip locked
  );
  free private.notice_queue[];
begin
  select array_agg(notice order by notice.xact, notice.id) into free
  from unnest(notices) as notice
  where notice.kind is null or notice.object_id = 0 or not (
    not notice.object_id = any (held_posts)
      and exists (select from public.posts where posts.id = notice.object_id)
    or not notice.actor_id = any (held_actors)
      and exists (select from public.profiles where profiles.id = notice.actor_id)
  );
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended)
  select
    notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
    notice.is_ended
  from unnest(notices) as notice
  where (notice.xact, notice.id) not in (select held.xact, held.id from unnest(free) as held);
  return free;
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_told_already (
  recipient_id uuid,
  kind         public.notification_kind,
  actor_id     uuid,
  object_id    bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return is_told_already.kind in ('reply', 'quote', 'mention', 'post') and exists (
    select from private.notifications
    where notifications.recipient_id = is_told_already.recipient_id
      and notifications.actor_id = is_told_already.actor_id
      and notifications.kind in ('reply', 'quote', 'mention', 'post')
      and notifications.kind <> is_told_already.kind
      and notifications.object_id = is_told_already.object_id
      and notifications.withdrawn_at is null
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_told_enough (
  stream private.streams
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
RETURN (((stream).told >= 10) AND ((stream).told_second = (EXTRACT(epoch FROM statement_timestamp()))::bigint));

CREATE OR REPLACE FUNCTION private.likes_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Nobody waits for the stream of somebody whose post many people like at this moment.
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id, is_left)
  select
    posts.author_id, 'like', changed.user_id, changed.post_id,
    tg_op = 'INSERT' and coalesce(private.is_told_enough(streams), false)
  from changed
  join public.posts on posts.id = changed.post_id
  left join private.streams on streams.user_id = posts.author_id
  where posts.author_id <> changed.user_id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.look_at_many (
  desk   private.desk,
  notice private.notice_queue
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 1000;
  looked_at integer := 0;
  mutes boolean;
  change record;
begin
  for change in
    with looked as (
      select notifications.id
      from private.notifications
      where notifications.recipient_id = notice.recipient_id
        and notifications.actor_id = notice.actor_id
        and notifications.withdrawn_at is null
        and not private.notice_holds(
          notifications.recipient_id, notifications.kind, notifications.actor_id, notifications.object_id,
          notifications.draft_id
        )
      union all
      select notifications.id
      from private.notifications
      where notice.actor_id is null
        and notifications.recipient_id = notice.recipient_id
        and notifications.object_id = notice.object_id and notifications.object_id <> 0
        and notifications.withdrawn_at is null
        and not private.notice_holds(
          notifications.recipient_id, notifications.kind, notifications.actor_id, notifications.object_id,
          notifications.draft_id
        )
      limit most
    ),
    withdrawn as (
      update private.notifications
      set withdrawn_at = now()
      from looked
      where notifications.recipient_id = notice.recipient_id and notifications.id = looked.id
      returning notifications.group_id, notifications.is_muted
    )
    select
      withdrawn.group_id, count(*) as members, count(*) filter (where not withdrawn.is_muted) as shown
    from withdrawn
    group by withdrawn.group_id
    order by withdrawn.group_id
  loop
    looked_at := looked_at + change.members;
    if change.shown > 0 then
      desk := private.regroup(desk, change.group_id, -change.shown);
    end if;
  end loop;

  if notice.actor_id is not null and looked_at < most then
    mutes := private.mutes_notifications(notice.recipient_id, notice.actor_id);
    for change in
      with looked as (
        select notifications.id
        from private.notifications
        where notifications.recipient_id = notice.recipient_id
          and notifications.actor_id = notice.actor_id
          and notifications.is_muted <> mutes
          and notifications.withdrawn_at is null
        limit most
      ),
      turned as (
        update private.notifications
        set is_muted = mutes
        from looked
        where notifications.recipient_id = notice.recipient_id and notifications.id = looked.id
        returning notifications.group_id
      )
      select turned.group_id, count(*) as members
      from turned
      group by turned.group_id
      order by turned.group_id
    loop
      looked_at := looked_at + change.members;
      desk := private.regroup(
        desk, change.group_id, case when mutes then -change.members else change.members end
      );
    end loop;
  end if;

  if looked_at >= most then
    insert into private.notice_queue (recipient_id, actor_id, object_id)
    values (notice.recipient_id, notice.actor_id, notice.object_id);
  end if;
  return desk;
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
  if known.withdrawn_at > now() - interval '1 day' and exists (
    select from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.group_id = known.group_id
  ) then
    update private.notifications
    set withdrawn_at = null, is_muted = starts_muted
    where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
    if not starts_muted then
      desk := private.regroup(desk, known.group_id, 1);
    end if;
    return desk;
  end if;

  return private.add_notification(
    desk, notice, known.id,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome,
    starts_muted
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_group (
  id      bigint,
  is_read boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  stream private.streams := private.hold_own_stream();
  before private.notification_groups;
  after private.notification_groups;
begin
  select notification_groups.* into before
  from private.notification_groups
  where notification_groups.recipient_id = stream.user_id
    and notification_groups.place is not null
    and notification_groups.group_id = coalesce(
      (
        select notifications.group_id
        from private.notifications
        where notifications.recipient_id = stream.user_id and notifications.id = mark_group.id
      ),
      mark_group.id
    );
  if not found then
    return false;
  end if;

  after := before;
  if mark_group.is_read then
    after.is_marked_unread := false;
    after.read_up_to := greatest(before.read_up_to, least(mark_group.id, before.latest_id));
  else
    after.is_marked_unread := true;
  end if;
  if (before.is_marked_unread, before.read_up_to) is distinct from (after.is_marked_unread, after.read_up_to) then
    update private.notification_groups
    set is_marked_unread = after.is_marked_unread, read_up_to = after.read_up_to
    where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = after.group_id;
    stream.unread := stream.unread
      + private.counts(after, stream.read_up_to)::integer - private.counts(before, stream.read_up_to)::integer;
    perform private.append_events(stream, 'notification', array[after.group_id]);
  end if;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_read (
  up_to bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  stream private.streams := private.hold_own_stream();
  -- Nobody has seen what has not happened yet.
  pointer bigint := least(coalesce(mark_read.up_to, 0), stream.last_id);
  was_marked boolean;
begin
  update private.notification_groups
  set is_marked_unread = false
  where notification_groups.recipient_id = stream.user_id
    and notification_groups.is_marked_unread
    and notification_groups.latest_id <= pointer;
  was_marked := found;

  if was_marked or pointer > stream.read_up_to then
    stream.read_up_to := greatest(stream.read_up_to, pointer);
    stream.unread := private.count_unread(stream.user_id, stream.read_up_to);
    perform private.append_events(stream, 'read', array[pointer]);
  end if;
  return stream.unread;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mutes_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if tg_op <> 'INSERT' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (old.muter_id, old.muted_id);
  end if;
  if tg_op <> 'DELETE' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (new.muter_id, new.muted_id);
    if new.muted_until is not null and new.hides_notifications then
      insert into private.mute_ends (muter_id, muted_id, muted_until)
      values (new.muter_id, new.muted_id, new.muted_until)
      on conflict on constraint mute_ends_pkey do update
      set muted_until = excluded.muted_until;
    end if;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mutes_notifications (
  user_id  uuid,
  actor_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.mutes
    where mutes.muter_id = mutes_notifications.user_id
      and mutes.muted_id = mutes_notifications.actor_id
      and mutes.hides_notifications
      and (mutes.muted_until is null or mutes.muted_until > now())
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.mutes_thread_of (
  user_id uuid,
  post_id bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.thread_mutes
    where thread_mutes.user_id = mutes_thread_of.user_id
  ) and exists (
    select
    from public.posts
    left join public.posts as quoted on quoted.id = posts.quote_of_id
    join public.thread_mutes on thread_mutes.user_id = mutes_thread_of.user_id
      and thread_mutes.thread_id in (
        coalesce(posts.thread_id, posts.id), coalesce(quoted.thread_id, quoted.id)
      )
    where posts.id = mutes_thread_of.post_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.notice_holds (
  recipient_id uuid,
  kind         public.notification_kind,
  actor_id     uuid,
  object_id    bigint,
  draft_id     uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  case notice_holds.kind
    when 'like' then
      return exists (
        select from public.likes
        where likes.user_id = notice_holds.actor_id and likes.post_id = notice_holds.object_id
      ) and not exists (
        select from private.block_between(notice_holds.recipient_id, notice_holds.actor_id)
      );
    when 'follow' then
      return exists (
        select from public.follows
        where follows.follower_id = notice_holds.actor_id and follows.followee_id = notice_holds.recipient_id
      );
    when 'follow_request' then
      return exists (
        select from public.follow_requests
        where follow_requests.requester_id = notice_holds.actor_id
          and follow_requests.target_id = notice_holds.recipient_id
      );
    when 'request_accepted' then
      return exists (
        select from public.follows
        where follows.follower_id = notice_holds.recipient_id and follows.followee_id = notice_holds.actor_id
      );
    when 'repost' then
      return exists (
        select from public.posts
        where posts.repost_of_id = notice_holds.object_id and posts.author_id = notice_holds.actor_id
      ) and private.looks_into(notice_holds.recipient_id, notice_holds.actor_id);
    when 'mention' then
      return exists (
        select from public.post_mentions
        where post_mentions.profile_id = notice_holds.recipient_id and post_mentions.post_id = notice_holds.object_id
      ) and private.sees_post(notice_holds.recipient_id, notice_holds.object_id);
    when 'draft_failed' then
      return exists (
        select from public.drafts
        where drafts.id = notice_holds.draft_id and drafts.failed_at is not null
      );
    else
      return private.sees_post(notice_holds.recipient_id, notice_holds.object_id);
  end case;
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

  with taken as (
    delete from private.notice_queue
    where notice_queue.xact = new.xact and notice_queue.id in (
      select first.id
      from private.notice_queue as first
      where first.xact = new.xact
      order by first.id
      limit most
    )
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

CREATE OR REPLACE FUNCTION private.notification_actors (
  group_id  bigint,
  before    bigint,
  page_size integer
)
  RETURNS SETOF public.notification_actor
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
begin
  perform private.check_page_size(notification_actors.page_size);
  return query
  select
    notifications.id,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    notifications.created_at
  from private.notifications
  join public.profiles on profiles.id = notifications.actor_id
  where notifications.recipient_id = viewer_id
    and notifications.group_id = notification_actors.group_id
    and notifications.withdrawn_at is null and not notifications.is_muted
    and notifications.id < coalesce(notification_actors.before, 9223372036854775807)
    and notifications.actor_id <> all (hidden_ids)
    and exists (
      select from private.notification_groups as listed
      where listed.recipient_id = viewer_id
        and listed.group_id = notification_actors.group_id
        and (listed.object_id = 0 or private.sees_post(viewer_id, listed.object_id))
    )
  order by notifications.id desc
  limit notification_actors.page_size;
end;
$function$;

CREATE OR REPLACE FUNCTION private.notification_preference (
  user_id uuid,
  kind    public.notification_kind
)
  RETURNS public.notification_preferences
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  preference public.notification_preferences;
begin
  select notification_preferences.* into preference
  from public.notification_preferences
  where notification_preferences.user_id = notification_preference.user_id
    and notification_preferences.kind = notification_preference.kind;
  if not found then
    preference.user_id := notification_preference.user_id;
    preference.kind := notification_preference.kind;
    preference.from_whom := 'everyone';
    preference.delivery := private.default_delivery(notification_preference.kind);
  end if;
  return preference;
end;
$function$;

CREATE OR REPLACE FUNCTION private.notification_text (
  kind             public.notification_kind,
  actors           public.author[],
  number_of_people bigint
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
RETURN
  (CASE WHEN (kind = ANY (ARRAY['draft_published'::public.notification_kind, 'draft_failed'::public.notification_kind, 'filtered_requests'::public.notification_kind])) THEN
  ''::text ELSE
  (COALESCE(NULLIF((actors)[1].display_name, ''::text), (actors)[1].username) || CASE WHEN (number_of_people = 2) THEN ' and 1 other '::text WHEN (number_of_people > 2) THEN
  ((' and '::text || ((number_of_people - 1))::text) || ' others '::text) ELSE ' '::text END) END || CASE kind WHEN 'follow'::public.notification_kind THEN 'followed you'::text
  WHEN 'follow_request'::public.notification_kind THEN 'asked to follow you'::text WHEN 'request_accepted'::public.notification_kind THEN 'accepted your request to follow'::text
  WHEN 'like'::public.notification_kind THEN 'liked your post'::text WHEN 'repost'::public.notification_kind THEN 'reposted your post'::text WHEN 'reply'::public.notification_kind
  THEN 'replied to you'::text WHEN 'quote'::public.notification_kind THEN 'quoted your post'::text WHEN 'mention'::public.notification_kind THEN 'mentioned you'::text WHEN
  'edited'::public.notification_kind THEN 'edited a post that you took part in'::text WHEN 'post'::public.notification_kind THEN 'wrote a post'::text WHEN
  'draft_published'::public.notification_kind THEN 'Your scheduled post was published'::text WHEN 'draft_failed'::public.notification_kind THEN
  'Your scheduled post could not be published'::text WHEN 'filtered_requests'::public.notification_kind THEN
  (((number_of_people)::text || CASE number_of_people WHEN 1 THEN ' filtered request'::text ELSE ' filtered requests'::text END) || ' to follow you'::text) ELSE
  'did something'::text END);

CREATE OR REPLACE FUNCTION private.listed_groups (
  stream     private.streams,
  hidden_ids uuid[],
  group_ids  bigint[]
)
  RETURNS TABLE (
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
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.latest_id,
     listed.group_id,
     listed.kind,
     listed.shown,
     newest.actors,
     listed.object_id,
     listed.draft_id,
     ((NOT listed.is_marked_unread) AND (listed.latest_id <= GREATEST(listed.read_up_to, (listed_groups.stream).read_up_to))),
     listed.is_quiet,
     newest.happened_at,
     private.notification_text(listed.kind, newest.actors, listed.shown)
  AS notification_text
    FROM ((unnest(listed_groups.group_ids) wanted(id)
      CROSS JOIN LATERAL ( SELECT notification_groups.group_id,
             notification_groups.recipient_id,
             notification_groups.kind,
             notification_groups.object_id,
             notification_groups.draft_id,
             notification_groups.is_quiet,
             notification_groups.shown,
             notification_groups.latest_id,
             notification_groups.place,
             notification_groups.read_up_to,
             notification_groups.is_marked_unread
            FROM private.notification_groups
           WHERE ((notification_groups.recipient_id = (listed_groups.stream).user_id) AND (notification_groups.group_id = wanted.id))
          LIMIT 1) listed)
      CROSS JOIN LATERAL ( SELECT array_agg(ROW(profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author ORDER BY member.id DESC) AS actors,
             max(member.created_at) AS happened_at
            FROM (( SELECT notifications.id,
                     notifications.actor_id,
                     notifications.created_at
                    FROM private.notifications
                   WHERE ((notifications.recipient_id = (listed_groups.stream).user_id) AND (notifications.group_id = listed.group_id) AND (notifications.withdrawn_at IS NULL) AND (NOT notifications.is_muted) AND (notifications.actor_id <> ALL (listed_groups.hidden_ids)))
                   ORDER BY notifications.id DESC
                  LIMIT 3) member
              JOIN public.profiles ON ((profiles.id = member.actor_id)))) newest)
   WHERE ((newest.actors IS NOT NULL) AND ((listed.object_id = 0) OR ((listed.kind = ANY (ARRAY['like'::public.notification_kind, 'repost'::public.notification_kind, 'draft_published'::public.notification_kind])) AND (EXISTS ( SELECT
            FROM public.posts
           WHERE (posts.id = listed.object_id)))) OR ((listed.kind <> ALL (ARRAY['like'::public.notification_kind, 'repost'::public.notification_kind, 'draft_published'::public.notification_kind])) AND private.sees_post((listed_groups.stream).user_id, listed.object_id))));
END;

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
     jsonb_build_object('group_id', listed.group_id, 'id', listed.id, 'kind', listed.kind, 'count', listed.count, 'actors', to_jsonb(listed.actors), 'post_id',
       NULLIF(listed.object_id, 0),
       'draft_id', listed.draft_id, 'is_read', listed.is_read, 'is_quiet', listed.is_quiet, 'happened_at', listed.happened_at, 'fallback', listed.fallback)
  AS jsonb_build_object
    FROM private.listed_groups(group_payloads.stream, group_payloads.hidden_ids, group_payloads.group_ids) listed(id, group_id, kind, count, actors, object_id, draft_id, is_read, is_quiet, happened_at, fallback);
END;

CREATE OR REPLACE FUNCTION private.notifications_page (
  before    bigint,
  after     bigint,
  page_size integer,
  kinds     public.notification_kind[]
)
  RETURNS SETOF public.notification
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  below bigint := coalesce(notifications_page.before, 9223372036854775807);
  above bigint := coalesce(notifications_page.after, 0);
  wanted_kinds public.notification_kind[] := coalesce(
    notifications_page.kinds, enum_range(null::public.notification_kind)
  );
  spare constant integer := 20;
  stream private.streams;
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  group_ids bigint[];
begin
  perform private.check_page_size(notifications_page.page_size);

  group_ids := array(
    select listed.group_id
    from (select distinct unnest(wanted_kinds)) as wanted (kind)
    cross join lateral (
      select notification_groups.group_id, notification_groups.latest_id
      from private.notification_groups
      where notification_groups.recipient_id = viewer_id
        and notification_groups.kind = wanted.kind
        and notification_groups.place < below
        and notification_groups.latest_id < below and notification_groups.latest_id > above
      order by notification_groups.place desc
      limit notifications_page.page_size + spare
    ) as listed
    order by listed.latest_id desc
    limit notifications_page.page_size + spare
  );

  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id;
  return query
  with listed as materialized (
    select groups.*
    from private.listed_groups(stream, hidden_ids, group_ids) as groups
    order by groups.id desc
    limit notifications_page.page_size
  ),
  card as materialized (
    select cards.id, cards.card
    from private.cards(viewer_id, array(select distinct listed.object_id from listed where listed.object_id <> 0)) as cards
  )
  select
    listed.id, listed.group_id, listed.kind, listed.count, listed.actors, card.card, listed.draft_id,
    listed.is_read, listed.is_quiet, listed.happened_at, listed.fallback
  from listed
  left join card on card.id = listed.object_id
  order by listed.id desc;
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_of (
  fan_out private.fan_outs,
  most    integer
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET enable_bitmapscan TO 'off'
  AS $function$
begin
  case fan_out.kind
    when 'post' then
      return query
      select follows.follower_id
      from public.follows
      where follows.followee_id = fan_out.actor_id
        and follows.notifies
        and follows.follower_id > fan_out.after_id
      order by follows.follower_id
      limit most;

    when 'edited' then
      return query
      select distinct author.id
      from (
        (
          select distinct posts.author_id
          from public.posts
          where posts.repost_of_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
        union all
        (
          select distinct posts.author_id
          from public.posts
          where posts.reply_to_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
        union all
        (
          select distinct posts.author_id
          from public.posts
          where posts.quote_of_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
      ) as author (id)
      order by author.id
      limit most;

    when 'object' then
      return query
      with recursive person as (
        (
          select notifications.recipient_id as id
          from private.notifications
          where notifications.object_id = fan_out.object_id
            and notifications.object_id <> 0
            and notifications.recipient_id > fan_out.after_id
          order by notifications.recipient_id
          limit 1
        )
        union all
        select (
          select notifications.recipient_id
          from private.notifications
          where notifications.object_id = fan_out.object_id
            and notifications.object_id <> 0
            and notifications.recipient_id > person.id
          order by notifications.recipient_id
          limit 1
        )
        from person
        where person.id is not null
      )
      select person.id
      from person
      where person.id is not null
      limit most;
  end case;
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_mentions_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select changed.profile_id, 'mention', posts.author_id, posts.id
  from changed
  join public.posts on posts.id = changed.post_id
  where posts.author_id <> changed.profile_id and changed.usernames <> '{}';
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_mentions_cause_end()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, object_id)
  select changed.profile_id, posts.id
  from changed
  join public.posts on posts.id = changed.post_id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  author_id uuid;
  post_id bigint;
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select
    target.author_id,
    reference.kind,
    added.author_id,
    case reference.kind when 'repost' then target.id else added.id end
  from added
  -- A post may answer and quote the same person, who may want to hear only of quotes.
  cross join lateral (
    values
      ('repost'::public.notification_kind, added.repost_of_id),
      ('reply', added.reply_to_id),
      ('quote', added.quote_of_id)
  ) as reference (kind, post_id)
  join public.posts as target on target.id = reference.post_id
  where target.author_id <> added.author_id;

  for author_id, post_id in
    select added.author_id, added.id
    from added
    where added.reply_to_id is null and added.repost_of_id is null
      -- The order makes Postgres use the index. Otherwise it may read all follows, if it
      -- believes that most people follow this author.
      and (
        select true
        from public.follows
        where follows.followee_id = added.author_id and follows.notifies
        order by follows.follower_id
        limit 1
      ) is true
  loop
    perform private.fan_out('post', author_id, post_id);
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_cause_edit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.fan_out('edited', new.author_id, new.id);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_cause_end()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  author_id uuid;
  post_id bigint;
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select original.author_id, 'repost', removed.author_id, original.id
  from removed
  join public.posts as original on original.id = removed.repost_of_id
  where original.author_id <> removed.author_id;

  for author_id, post_id in
    select removed.author_id, removed.id
    from removed
    where removed.repost_of_id is null
  loop
    perform private.fan_out('object', author_id, post_id);
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_prepare()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
  rows_so_far integer;
  room integer;
  answered public.posts;
begin
  -- A person's post spends the budget of its kind (10-people/12-budgets.sql).
  if auth.uid() is not null then
    rows_so_far := set_config('plaza.insert_rows', (current_setting('plaza.insert_rows')::integer + 1)::text, true);
    if rows_so_far > 100 then
      raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
    end if;
    room := private.charge(viewer_id, case
      when new.repost_of_id is not null then 'repost'
      when new.quote_of_id is not null then 'quote'
      when new.reply_to_id is not null then 'reply'
      else 'post'
    end, 1);
  end if;

  -- opens() and posts_limit() ask whether the account is private. So nobody may make it
  -- private or public at this moment: not the author, whose turn it is, and not a trusted
  -- backend, which waits in the queue of posts. A post that a trusted backend writes has no
  -- turn, so it locks the profile.
  if auth.uid() is null then
    perform
    from public.profiles
    where profiles.id = new.author_id
    for share;
  else
    perform pg_advisory_xact_lock(private.queue_key('posts', viewer_id));
  end if;

  if new.reply_to_id is not null then
    answered := private.require_post(viewer_id, new.reply_to_id);
    new.reply_to_id := answered.id;
    new.thread_id := coalesce(answered.thread_id, answered.id);
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.require_open_post(viewer_id, new.quote_of_id, false);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.require_open_post(viewer_id, new.repost_of_id, true);
    if exists (
      select from public.posts
      where posts.repost_of_id = new.repost_of_id and posts.author_id = new.author_id
    ) then
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 200;
  last_post bigint := private.fan_out_account(new.id, 0, most);
begin
  if last_post is not null then
    insert into private.fan_outs (kind, actor_id, after_post)
    values ('account', new.id, last_post);
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_cause_end()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.notice_queue (recipient_id, is_ended)
  values (old.id, true);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_create_stream()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.streams (user_id)
  select created.id from created;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_welcome_requesters()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  with opened as (
    select after_change.id
    from after_change
    join before_change on before_change.id = after_change.id
    where before_change.is_private and not after_change.is_private
  ),
  asking as (
    select follow_requests.requester_id, follow_requests.target_id
    from public.follow_requests
    join public.profiles on profiles.id = follow_requests.requester_id
    where follow_requests.target_id in (select opened.id from opened)
    order by follow_requests.target_id, follow_requests.requester_id
    for update of follow_requests skip locked
    for key share of profiles skip locked
  ),
  accepted as (
    delete from public.follow_requests
    using asking
    where follow_requests.target_id = asking.target_id and follow_requests.requester_id = asking.requester_id
    returning follow_requests.requester_id, follow_requests.target_id
  )
  insert into public.follows (follower_id, followee_id)
  select accepted.requester_id, accepted.target_id
  from accepted
  on conflict do nothing;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_due_draft (
  draft public.drafts,
  OUT   is_published boolean,
  OUT   put_off_until timestamp with time zone
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message text;
  code text;
  state text;
  post_id bigint;
begin
  perform set_config(
    'request.jwt.claims', jsonb_build_object('sub', draft.author_id, 'role', 'authenticated')::text, true
  );
  begin
    perform private.require_active_account(draft.author_id);
    post_id := private.publish(draft);
    insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
    values (draft.author_id, 'draft_published', draft.author_id, post_id);
    is_published := true;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, code = pg_exception_detail;
    is_published := false;
  end;
  perform set_config('request.jwt.claims', '', true);

  if is_published then
    null;
  elsif state = 'PGRST' then
    -- The budget is used up: see refuse_rate().
    put_off_until := message::jsonb ->> 'hint';
  elsif left(state, 2) in ('40', '53', '55', '57', '58') then
    -- The trouble will probably pass: rolled back, out of resources, locked, interrupted,
    -- a broken server.
    put_off_until := now() + interval '1 minute';
  else
    update public.drafts
    set failed_at = now(), failure = case when state like 'PT%' then code else state end
    where drafts.id = draft.id;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_due_drafts()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  author_ids uuid[] := '{}';
  -- The authors who have to wait, and until when.
  put_off jsonb := '{}';
  draft_ids uuid[];
  places text[];
  waiting_id uuid;
  draft public.drafts;
  outcome record;
  published integer := 0;
begin
  perform private.take_turn_without_person();

  for waiting_id in
    select draft_queue.author_id
    from private.draft_queue
    where draft_queue.due_at <= now()
    order by draft_queue.due_at
    limit 100
  loop
    if pg_try_advisory_xact_lock(private.queue_key('turn', waiting_id)) then
      author_ids := author_ids || waiting_id;
    end if;
  end loop;

  draft_ids := array(
    select due.id
    from unnest(author_ids) with ordinality as author (id, place)
    cross join lateral (
      select drafts.id, drafts.publish_at
      from public.drafts
      where drafts.author_id = author.id and drafts.publish_at <= now() and drafts.failed_at is null
      order by drafts.publish_at, drafts.created_at
      limit 100 / nullif(cardinality(author_ids), 0)
    ) as due
    order by author.place, due.publish_at
  );

  perform
  from private.author_counts
  where author_counts.author_id = any (author_ids)
  order by author_counts.author_id
  for no key update;

  with named as (
    select posts.id
    from public.posts
    where posts.id in (
      select coalesce(target.repost_of_id, target.id)
      from public.drafts
      join public.posts as target on target.id in (drafts.reply_to_id, drafts.quote_of_id)
      where drafts.id = any (draft_ids)
    )
    for key share skip locked
  )
  insert into private.post_counts (post_id)
  select named.id
  from named
  order by named.id
  -- This changes nothing. It locks the row.
  on conflict (post_id) do update
  set likes = post_counts.likes;

  -- Which drafts will be limited posts is not known yet. A place that gets none loses its row
  -- at the end.
  places := array(
    select distinct named.place || coalesce(target.repost_of_id, target.id)
    from public.drafts
    cross join lateral (
      values ('reply:', drafts.reply_to_id), ('quote:', drafts.quote_of_id)
    ) as named (place, post_id)
    join public.posts as target on target.id = named.post_id
    where drafts.id = any (draft_ids)
  );
  insert into private.limited_counts (place, amount)
  select place.name, 0
  from unnest(places) as place (name)
  order by place.name
  on conflict (place) do update
  set amount = limited_counts.amount;

  for draft in
    select drafts.*
    from unnest(draft_ids) with ordinality as due (id, place)
    join public.drafts using (id)
    order by due.place
  loop
    continue when put_off ? draft.author_id::text;
    outcome := private.publish_due_draft(draft);
    if outcome.is_published then
      published := published + 1;
    elsif outcome.put_off_until is not null then
      put_off := put_off || jsonb_build_object(draft.author_id, outcome.put_off_until);
    end if;
  end loop;

  delete from private.limited_counts
  where limited_counts.place = any (places) and limited_counts.amount = 0;

  -- An author with more drafts goes to the end of the queue.
  delete from private.draft_queue
  where draft_queue.author_id = any (author_ids);
  insert into private.draft_queue (author_id, due_at)
  select
    drafts.author_id,
    greatest(min(drafts.publish_at), clock_timestamp(), (put_off ->> drafts.author_id::text)::timestamptz)
  from public.drafts
  where drafts.author_id = any (author_ids) and drafts.publish_at is not null and drafts.failed_at is null
  group by drafts.author_id;
  return published;
end;
$function$;

CREATE OR REPLACE FUNCTION private.queue_people (
  fan_out private.fan_outs,
  people  uuid[]
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 INSERT INTO private.notice_queue (recipient_id, kind, actor_id, object_id)  SELECT person.id,
                 CASE
                     WHEN ((queue_people.fan_out).kind <> 'object'::text) THEN ((queue_people.fan_out).kind)::public.notification_kind
                     ELSE NULL::public.notification_kind
                 END
  AS "case",
                 CASE
                     WHEN ((queue_people.fan_out).kind <> 'object'::text) THEN (queue_people.fan_out).actor_id
                     ELSE NULL::uuid
                 END AS "case",
             (queue_people.fan_out).object_id AS object_id
            FROM unnest(queue_people.people) person(id)
           WHERE ((person.id <> (queue_people.fan_out).actor_id) OR ((queue_people.fan_out).kind = 'object'::text));
END;

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
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.restart_streams()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  truncate private.stream_events;
  update private.streams
  set last_seq = streams.last_seq + 1000000;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sync_user (
  cursors   jsonb,
  page_size integer
)
  RETURNS public.stream_page
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  page public.stream_page;
  stream private.streams;
  hidden_ids uuid[];
  group_ids bigint[];
begin
  page.stream := 'user:' || viewer_id;
  page.cursor := private.cursor_of(sync_user.cursors, page.stream);
  page.events := '[]';
  page.has_more := false;
  if sync_user.page_size is null or sync_user.page_size not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A page of events has 1 to 500', detail = 'page_size_range';
  end if;

  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id;
  if not found then
    raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
  end if;

  hidden_ids := array(select private.hidden_ids(viewer_id));
  page.start_over := page.cursor is null or page.cursor > stream.last_seq or page.cursor < stream.last_seq and not exists (
    select from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq = page.cursor + 1
  );
  if page.start_over then
    page.cursor := stream.last_seq;
    group_ids := array(
      select listed.group_id
      from private.notifications_page(null, null, 20, null) as listed
    );
    page.snapshot := jsonb_build_object(
      'notifications', coalesce(
        (
          select jsonb_agg(payloads.payload order by (payloads.payload ->> 'id')::bigint desc)
          from private.group_payloads(stream, hidden_ids, group_ids) as payloads
        ),
        '[]'
      ),
      'unread', private.unread_numbers(stream)
    );
    return page;
  end if;

  -- Several events may be about one group. Each group is made once.
  with newer as materialized (
    select stream_events.seq, stream_events.kind, stream_events.subject
    from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq > page.cursor
    order by stream_events.seq
    limit sync_user.page_size
  ),
  payload as materialized (
    select payloads.group_id, payloads.payload
    from (
      select array_agg(distinct newer.subject) as group_ids
      from newer
      where newer.kind = 'notification'
    ) as changed
    cross join lateral private.group_payloads(stream, hidden_ids, changed.group_ids) as payloads
  )
  select
    coalesce(max(newer.seq), page.cursor),
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'seq', newer.seq,
          'kind', newer.kind,
          'payload', private.event_payload(newer.kind, newer.subject, payload.payload, stream)
        )
        order by newer.seq
      ),
      '[]'
    )
  into page.cursor, page.events
  from newer
  left join payload on payload.group_id = newer.subject and newer.kind = 'notification';
  page.has_more := page.cursor < stream.last_seq;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.thread_mutes_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  post public.posts := private.require_post(coalesce(auth.uid(), new.user_id), new.post_id);
begin
  new.post_id := post.id;
  new.thread_id := coalesce(post.thread_id, post.id);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  return query
  select streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq)
  from private.streams
  where streams.user_id = viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread_numbers (
  stream private.streams
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN jsonb_build_object('notifications', (stream).unread, 'requests', (stream).requests);

CREATE OR REPLACE FUNCTION private.event_payload (
  kind    private.event_kind,
  subject bigint,
  listed  jsonb,
  stream  private.streams
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN
  (CASE kind WHEN 'notification'::private.event_kind THEN COALESCE(listed, jsonb_build_object('group_id', subject, 'count', 0)) WHEN 'read'::private.event_kind THEN
  jsonb_build_object('up_to', subject) ELSE '{}'::jsonb END || jsonb_build_object('unread', private.unread_numbers(stream)));

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

CREATE OR REPLACE FUNCTION public.mark_group_read (
  id bigint
)
  RETURNS boolean
  LANGUAGE sql
RETURN private.mark_group(id, true);

REVOKE ALL ON FUNCTION "public"."mark_group_read"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.mark_group_unread (
  id bigint
)
  RETURNS boolean
  LANGUAGE sql
RETURN private.mark_group(id, false);

REVOKE ALL ON FUNCTION "public"."mark_group_unread"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.mark_read (
  up_to bigint
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.mark_read(up_to);

REVOKE ALL ON FUNCTION "public"."mark_read"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.notification_actors (
  group_id  bigint,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20
)
  RETURNS SETOF public.notification_actor
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.happened_at
    FROM private.notification_actors(notification_actors.group_id, notification_actors.before, notification_actors.page_size) listed(id, profile, happened_at);
END;

REVOKE ALL ON FUNCTION "public"."notification_actors"(bigint, bigint, integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.notifications (
  before    bigint                     DEFAULT NULL::bigint,
  after     bigint                     DEFAULT NULL::bigint,
  page_size integer                    DEFAULT 20,
  kinds     public.notification_kind[] DEFAULT NULL::public.notification_kind[]
)
  RETURNS SETOF public.notification
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.group_id,
     listed.kind,
     listed.count,
     listed.actors,
     listed.post,
     listed.draft_id,
     listed.is_read,
     listed.is_quiet,
     listed.happened_at,
     listed.fallback
    FROM private.notifications_page(notifications.before, notifications.after, notifications.page_size, notifications.kinds)
      listed(id, group_id, kind, count, actors, post, draft_id, is_read, is_quiet, happened_at, fallback);
END;

REVOKE ALL ON FUNCTION "public"."notifications"(bigint, bigint, integer, public.notification_kind[]) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.sync (
  cursors   jsonb   DEFAULT '{}'::jsonb,
  page_size integer DEFAULT 200
)
  RETURNS SETOF public.stream_page
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
 SELECT own.stream,
     own.start_over,
     own.cursor,
     own.has_more,
     own.events,
     own.snapshot
    FROM private.sync_user(sync.cursors, sync.page_size) own(stream, start_over, cursor, has_more, events, snapshot);
END;

REVOKE ALL ON FUNCTION "public"."sync"(jsonb, integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT counts.notifications,
     counts.requests,
     counts.cursors
    FROM private.unread() counts(notifications, requests, cursors);
END;

REVOKE ALL ON FUNCTION "public"."unread"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.write_post (
  content         text            DEFAULT ''::text,
  title           text            DEFAULT ''::text,
  content_warning text            DEFAULT ''::text,
  language        text            DEFAULT NULL::text,
  audience        public.audience DEFAULT 'everyone'::public.audience,
  reply_to_id     bigint          DEFAULT NULL::bigint,
  quote_of_id     bigint          DEFAULT NULL::bigint,
  repost_of_id    bigint          DEFAULT NULL::bigint,
  client_id       uuid            DEFAULT NULL::uuid
)
  RETURNS public.feed_item
  LANGUAGE sql
RETURN private.write_post(content, title, content_warning, LANGUAGE, audience, reply_to_id, quote_of_id, repost_of_id, client_id);

REVOKE ALL ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE PROCEDURE private.deliver_waiting_notices (
  IN at_most interval DEFAULT '00:00:10'::interval
)
  LANGUAGE plpgsql
  AS $procedure$
declare
  the_job constant bigint := pg_catalog.hashtextextended('deliver waiting notices', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.deliver_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$procedure$;

CREATE OR REPLACE PROCEDURE private.forget_old_notices (
  IN at_most interval DEFAULT '00:00:20'::interval
)
  LANGUAGE plpgsql
  AS $procedure$
declare
  the_job constant bigint := pg_catalog.hashtextextended('forget old notices', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.forget_events() + private.forget_withdrawn() > 0
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$procedure$;

ALTER TABLE "private"."notification_groups"
  ADD CONSTRAINT "notification_groups_shown_check" CHECK ((shown >= 0));

ALTER TABLE "private"."notifications"
  ADD CONSTRAINT "notifications_once" UNIQUE NULLS NOT DISTINCT (recipient_id, actor_id, kind, object_id, draft_id);

ALTER TABLE "private"."post_keys"
  ADD CONSTRAINT "post_keys_author_id_fkey" FOREIGN KEY (author_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE INDEX fan_outs_served_at_id_idx ON private.fan_outs USING btree (served_at, id);

CREATE INDEX mute_ends_muted_until_idx ON private.mute_ends USING btree (muted_until);

CREATE INDEX notice_queue_left_idx ON private.notice_queue USING btree (xact, id)
  WHERE is_left;

CREATE INDEX notification_groups_recipient_id_kind_place_idx ON private.notification_groups USING btree (recipient_id, kind, place DESC)
  WHERE (place IS NOT NULL);

CREATE INDEX notification_groups_recipient_id_marked_idx ON private.notification_groups USING btree (recipient_id, latest_id)
  WHERE is_marked_unread;

CREATE INDEX notification_groups_recipient_id_object_id_kind_idx ON private.notification_groups USING btree (recipient_id, object_id, kind, group_id DESC);

CREATE INDEX notifications_group_id_id_shown_idx ON private.notifications USING btree (recipient_id, group_id, id DESC)
  WHERE ((withdrawn_at IS NULL) AND (NOT is_muted));

CREATE INDEX notifications_object_id_recipient_id_idx ON private.notifications USING btree (object_id, recipient_id)
  WHERE (object_id <> 0);

CREATE INDEX notifications_withdrawn_at_idx ON private.notifications USING btree (withdrawn_at)
  WHERE (withdrawn_at IS NOT NULL);

CREATE INDEX post_keys_created_at_idx ON private.post_keys USING btree (created_at);

CREATE INDEX stream_events_created_at_idx ON private.stream_events USING btree (created_at);

CREATE INDEX follows_followee_id_follower_id_notifies_idx ON public.follows USING btree (followee_id, follower_id)
  WHERE notifies;

CREATE CONSTRAINT TRIGGER notice_queue_deliver
  AFTER INSERT ON private.notice_queue DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW
  WHEN ((NOT new.is_left))
  EXECUTE FUNCTION private.notice_queue_deliver();

CREATE TRIGGER blocks_cause
  AFTER INSERT ON public.blocks REFERENCING NEW TABLE AS blocked
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.blocks_cause();

CREATE TRIGGER drafts_cause_end
  AFTER DELETE ON public.drafts
  FOR EACH ROW
  WHEN ((old.failed_at IS NOT NULL))
  EXECUTE FUNCTION private.drafts_cause();

CREATE TRIGGER drafts_cause
  AFTER UPDATE ON public.drafts
  FOR EACH ROW
  WHEN (((old.failed_at IS NULL) <> (new.failed_at IS NULL)))
  EXECUTE FUNCTION private.drafts_cause();

CREATE TRIGGER follow_requests_cause_end
  AFTER DELETE ON public.follow_requests REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follow_requests_cause();

CREATE TRIGGER follow_requests_cause
  AFTER INSERT ON public.follow_requests REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follow_requests_cause();

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.follows
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('follow');

CREATE TRIGGER follows_cause_end
  AFTER DELETE ON public.follows REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_cause();

CREATE TRIGGER follows_cause
  AFTER INSERT ON public.follows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_cause();

CREATE TRIGGER settle_update AFTER UPDATE ON public.follows REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('follow');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.follows
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('follow', 'follow');

CREATE TRIGGER likes_cause_end
  AFTER DELETE ON public.likes REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.likes_cause();

CREATE TRIGGER likes_cause
  AFTER INSERT ON public.likes REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.likes_cause();

CREATE TRIGGER mutes_cause
  AFTER INSERT OR DELETE OR UPDATE ON public.mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.mutes_cause();

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.notification_preferences
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.notification_preferences
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('setting');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.notification_preferences
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('setting');

CREATE TRIGGER settle_insert AFTER INSERT ON public.notification_preferences REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('setting');

CREATE TRIGGER settle_update AFTER UPDATE ON public.notification_preferences REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('setting');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.notification_preferences
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('setting', 'setting');

CREATE TRIGGER post_mentions_cause_end
  AFTER DELETE ON public.post_mentions REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_mentions_cause_end();

CREATE TRIGGER post_mentions_cause
  AFTER INSERT ON public.post_mentions REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_mentions_cause();

CREATE TRIGGER posts_cause_edit
  AFTER UPDATE OF title, content, content_warning ON public.posts
  FOR EACH ROW
  WHEN ((old.title, old.content, old.content_warning) IS DISTINCT FROM (new.title, new.content, new.content_warning))
  EXECUTE FUNCTION private.posts_cause_edit();

CREATE TRIGGER posts_cause_end
  AFTER DELETE ON public.posts REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_cause_end();

CREATE TRIGGER posts_cause
  AFTER INSERT ON public.posts REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_cause();

CREATE TRIGGER profiles_cause_end
  AFTER DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_cause_end();

CREATE TRIGGER profiles_cause
  AFTER UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((new.is_private AND (NOT old.is_private)))
  EXECUTE FUNCTION private.profiles_cause();

CREATE TRIGGER profiles_create_stream
  AFTER INSERT ON public.profiles REFERENCING NEW TABLE AS created
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.profiles_create_stream();

CREATE TRIGGER profiles_welcome_requesters
  AFTER UPDATE ON public.profiles REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.profiles_welcome_requesters();

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.thread_mutes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.thread_mutes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('mute');

CREATE TRIGGER settle_insert AFTER INSERT ON public.thread_mutes REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('mute');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.thread_mutes
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('mute', '');

CREATE TRIGGER thread_mutes_check
  BEFORE INSERT ON public.thread_mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.thread_mutes_check();

CREATE POLICY "people change whether they are notified" ON "public"."follows"
  FOR UPDATE
  TO "authenticated"
  USING ((follower_id = ( SELECT auth.uid() AS uid)))
  WITH CHECK ((follower_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people listen to their own stream" ON "realtime"."messages"
  FOR SELECT
  TO "authenticated"
  USING (((EXTENSION = 'broadcast'::text) AND (( SELECT realtime.topic() AS topic) = ('user:'::text || ( SELECT auth.uid() AS uid)))));

COMMENT ON COLUMN "private"."fan_outs"."after_id" IS 'The people up to this one are found.';

COMMENT ON COLUMN "private"."fan_outs"."after_post" IS 'For an account: its posts up to this one are found.';

COMMENT ON COLUMN "private"."fan_outs"."kind" IS 'post: the followers who are notified of the author''s posts. edited: the authors of reposts, replies and quotes. object: all who were notified of a post. account: all who were notified of the posts of an account.';

COMMENT ON COLUMN "private"."fan_outs"."served_at" IS 'When its last batch was. The others go first.';

COMMENT ON COLUMN "private"."notice_queue"."is_ended" IS 'Whether the account of the recipient is deleted.';

COMMENT ON COLUMN "private"."notice_queue"."is_left" IS 'Whether the job looks at the row, and not the transaction that wrote it. A transaction leaves what it writes during its own delivery.';

COMMENT ON COLUMN "private"."notice_queue"."requests" IS 'By how much the number of waiting requests to follow the recipient changes.';

COMMENT ON COLUMN "private"."notice_queue"."xact" IS 'The transaction that wrote the row.';

COMMENT ON COLUMN "private"."notification_groups"."draft_id" IS 'The draft it is about, or null.';

COMMENT ON COLUMN "private"."notification_groups"."group_id" IS 'The id of the first notification of the group.';

COMMENT ON COLUMN "private"."notification_groups"."is_marked_unread" IS 'Whether the recipient marked it as unread.';

COMMENT ON COLUMN "private"."notification_groups"."is_quiet" IS 'Whether it is not counted as unread.';

COMMENT ON COLUMN "private"."notification_groups"."latest_id" IS 'The newest notification that the group ever got. A page lists groups in this order. A group is read when everything up to this id is read.';

COMMENT ON COLUMN "private"."notification_groups"."object_id" IS 'The post it is about. 0: none.';

COMMENT ON COLUMN "private"."notification_groups"."place" IS 'The place of the group in the list. Null: it is not listed. See private.regroup().';

COMMENT ON COLUMN "private"."notification_groups"."read_up_to" IS 'Its notifications up to this id are read.';

COMMENT ON COLUMN "private"."notification_groups"."shown" IS 'How many of its notifications are shown: neither withdrawn nor muted.';

COMMENT ON COLUMN "private"."notifications"."draft_id" IS 'The draft it is about, or null.';

COMMENT ON COLUMN "private"."notifications"."id" IS 'Made of the time. Higher than all earlier ids of the recipient. Others may have the same id.';

COMMENT ON COLUMN "private"."notifications"."is_muted" IS 'Whether the recipient mutes the actor at present, notifications included.';

COMMENT ON COLUMN "private"."notifications"."object_id" IS 'The post it is about. 0: none.';

COMMENT ON COLUMN "private"."notifications"."withdrawn_at" IS 'When it was withdrawn, or null.';

COMMENT ON COLUMN "private"."post_keys"."post_id" IS 'The post that the first request wrote. It may be deleted by now.';

COMMENT ON COLUMN "private"."stream_events"."subject" IS 'What changed. notification: the group. read: the id up to which all is read.';

COMMENT ON COLUMN "private"."streams"."last_id" IS 'The highest id of a notification of theirs, ever.';

COMMENT ON COLUMN "private"."streams"."newest_group" IS 'The group that a notification was last added to.';

COMMENT ON COLUMN "private"."streams"."read_up_to" IS 'Notifications with this id and lower ones are read.';

COMMENT ON COLUMN "private"."streams"."requests" IS 'How many requests to follow them wait.';

COMMENT ON COLUMN "private"."streams"."told" IS 'How many events it got in this second.';

COMMENT ON COLUMN "private"."streams"."told_second" IS 'The second of the last event, as the number of seconds since 1970.';

COMMENT ON COLUMN "private"."streams"."unread" IS 'How many groups of notifications are unread and counted.';

COMMENT ON COLUMN "public"."follows"."notifies" IS 'Whether the follower is notified of each new post of this person. Only the follower changes it. Everybody who sees the follow sees it.';

COMMENT ON COLUMN "public"."notification_preferences"."delivery" IS 'How it arrives.';

COMMENT ON COLUMN "public"."notification_preferences"."from_whom" IS 'Whose doings notify you. A request to follow you by anybody else waits in the quiet group filtered_requests. A name written by anybody else does not mention you.';

COMMENT ON COLUMN "public"."notification_preferences"."kind" IS 'The kind of notification.';

COMMENT ON COLUMN "public"."posts"."thread_id" IS 'The post at the top of its thread. Null when it answers nothing. That post may be deleted by now, or you may not see it.';

COMMENT ON COLUMN "public"."thread_mutes"."post_id" IS 'A post of the thread. It may be deleted by now.';

COMMENT ON COLUMN "public"."thread_mutes"."thread_id" IS 'The post at the top of the thread.';

COMMENT ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean) IS 'Writes a new notification and puts it into a group. known_id is the withdrawn one that it replaces, or null.';

COMMENT ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[]) IS 'Writes a stream back, adds events about these subjects to it, and sends them. Answers the number of the last one.';

COMMENT ON FUNCTION "private"."blocks_cause"() IS 'Queues the two people of a block for each other.';

COMMENT ON FUNCTION "private"."close_desk"(private.desk, private.streams) IS 'Writes what a delivery changed for its recipient, whose stream was like this before. Answers the number of their last event.';

COMMENT ON FUNCTION "private"."comes_from"(uuid, public.notification_source, uuid) IS 'Whether a person is one of those whose doings notify somebody.';

COMMENT ON FUNCTION "private"."continue_fan_out"(private.fan_outs, integer) IS 'Puts the next people of a fan-out into the queue. Deletes the fan-out after the last of them.';

COMMENT ON FUNCTION "private"."count_unread"(uuid, bigint) IS 'How many groups are unread and counted, if everything up to the pointer is read.';

COMMENT ON FUNCTION "private"."counts"(private.notification_groups, bigint) IS 'Whether a group counts as unread.';

COMMENT ON FUNCTION "private"."cursor_of"(jsonb, text) IS 'The cursor of a stream, or null. The error PT400 unless cursors is an object of numbers.';

COMMENT ON FUNCTION "private"."default_delivery"(public.notification_kind) IS 'How a kind arrives when somebody has no preference for it.';

COMMENT ON FUNCTION "private"."deliver"(private.notice_queue[], boolean) IS 'Looks at these rows of the queue, which the caller has deleted. Answers how many. With waits, it waits for a stream that is locked. Otherwise it leaves the rows about it for the job.';

COMMENT ON FUNCTION "private"."deliver_batch"() IS 'Looks at up to 100 waiting rows of the queue, and finds the next people of a fan-out. False when there was nothing to do.';

COMMENT ON FUNCTION "private"."drafts_cause"() IS 'Queues a draft that could not be published, or that will be tried again or is deleted.';

COMMENT ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) IS 'What an event of a stream says now. listed is the payload of its group, or null.';

COMMENT ON FUNCTION "private"."fan_out"(text, uuid, bigint) IS 'Queues the people that something concerns: now if they are few, otherwise by a job.';

COMMENT ON FUNCTION "private"."fan_out_account"(uuid, bigint, integer) IS 'Lets what others were notified of by the posts of an account be looked at: of the next posts. Answers the last of them, or null when there are no more.';

COMMENT ON FUNCTION "private"."follow_requests_cause"() IS 'Queues requests and ended requests, and counts them.';

COMMENT ON FUNCTION "private"."follows_cause"() IS 'Queues follows, accepted requests and ended follows.';

COMMENT ON FUNCTION "private"."forget_events"() IS 'Deletes up to 2,000 events that are older than 30 days, and answers how many.';

COMMENT ON FUNCTION "private"."forget_object"(private.desk, private.notice_queue) IS 'Deletes what the recipient was notified of a deleted post.';

COMMENT ON FUNCTION "private"."forget_post_keys"() IS 'Deletes up to 10,000 keys that are older than 30 days, and answers how many.';

COMMENT ON FUNCTION "private"."forget_recipient"(uuid) IS 'Deletes the stream and the notifications of a deleted account.';

COMMENT ON FUNCTION "private"."forget_withdrawn"() IS 'Deletes up to 500 notifications that were withdrawn more than a day ago, and answers how many.';

COMMENT ON FUNCTION "private"."group_payloads"(private.streams, uuid[], bigint[]) IS 'Groups as events and snapshots tell them. A group that shows nothing is left out.';

COMMENT ON FUNCTION "private"."hold_own_stream"() IS 'Locks the viewer''s stream until the transaction ends. The error PT401 when the account is deleted.';

COMMENT ON FUNCTION "private"."hold_subjects"(private.notice_queue[]) IS 'Holds the posts and the actors of these rows of the queue until the transaction ends. Answers the rows, without those whose post or actor somebody changes at this moment. Puts these back into the queue.';

COMMENT ON FUNCTION "private"."is_told_already"(uuid, public.notification_kind, uuid, bigint) IS 'Whether the recipient has a notification of another of these kinds about the same post.';

COMMENT ON FUNCTION "private"."is_told_enough"(private.streams) IS 'Whether a stream had 10 events in this second. A job tells of the rest (55-notifications/40-delivery.sql).';

COMMENT ON FUNCTION "private"."likes_cause"() IS 'Queues likes and ended likes for the author of the post.';

COMMENT ON FUNCTION "private"."listed_groups"(private.streams, uuid[], bigint[]) IS 'How these groups look to their recipient. A group that shows nothing is left out.';

COMMENT ON FUNCTION "private"."look_at_many"(private.desk, private.notice_queue) IS 'Withdraws notifications that should not be there: all that an actor caused for the recipient, or all about an object. Hides those of an actor that the recipient mutes, and shows them again after the mute.';

COMMENT ON FUNCTION "private"."look_at_one"(private.desk, private.notice_queue) IS 'Adds a notification that should be there, or withdraws one that should not.';

COMMENT ON FUNCTION "private"."mark_group"(bigint, boolean) IS 'What public.mark_group_read() and public.mark_group_unread() do.';

COMMENT ON FUNCTION "private"."mark_read"(bigint) IS 'What public.mark_read() does.';

COMMENT ON FUNCTION "private"."mutes_cause"() IS 'Queues the notifications of a person who is muted, or no longer muted. Notes when the mute ends by itself.';

COMMENT ON FUNCTION "private"."mutes_notifications"(uuid, uuid) IS 'Whether somebody mutes a person at present, notifications included.';

COMMENT ON FUNCTION "private"."mutes_thread_of"(uuid, bigint) IS 'Whether somebody mutes the thread of a post, or of the post that it quotes.';

COMMENT ON FUNCTION "private"."notice_holds"(uuid, public.notification_kind, uuid, bigint, uuid) IS 'Whether the cause of a notification is there and its recipient may see it.';

COMMENT ON FUNCTION "private"."notice_queue_deliver"() IS 'Looks at up to 100 rows that this transaction wrote to the queue, except those about a stream that is locked.';

COMMENT ON FUNCTION "private"."notification_actors"(bigint, bigint, integer) IS 'What public.notification_actors() answers.';

COMMENT ON FUNCTION "private"."notification_preference"(uuid, public.notification_kind) IS 'The preference of somebody for a kind, or the default.';

COMMENT ON FUNCTION "private"."notification_text"(public.notification_kind, public.author[], bigint) IS 'A sentence that tells what a group of notifications tells.';

COMMENT ON FUNCTION "private"."notifications_page"(bigint, bigint, integer, public.notification_kind[]) IS 'What public.notifications() answers.';

COMMENT ON FUNCTION "private"."people_named"(uuid, text[]) IS 'The people who have these usernames (in lower case) now, without people who are hidden from the author or do not let the author mention them.';

COMMENT ON FUNCTION "private"."people_of"(private.fan_outs, integer) IS 'The next people that a fan-out concerns, in the order of their ids.';

COMMENT ON FUNCTION "private"."post_mentions_cause"() IS 'Queues mentions for the people they mean.';

COMMENT ON FUNCTION "private"."post_mentions_cause_end"() IS 'Queues posts for people who are no longer mentioned in them.';

COMMENT ON FUNCTION "private"."posts_cause"() IS 'Queues replies, quotes and reposts for the authors of the posts they refer to, and new posts for the followers who are notified of them.';

COMMENT ON FUNCTION "private"."posts_cause_edit"() IS 'Queues an edit for the people who reposted, answered or quoted the post.';

COMMENT ON FUNCTION "private"."posts_cause_end"() IS 'Queues deleted posts for everybody who was notified of them, and ended reposts.';

COMMENT ON FUNCTION "private"."profiles_cause"() IS 'Queues what others were notified of by an account that becomes private. After 200 posts, a job does the rest.';

COMMENT ON FUNCTION "private"."profiles_cause_end"() IS 'Queues a deleted account, to delete its stream and its notifications.';

COMMENT ON FUNCTION "private"."profiles_create_stream"() IS 'Starts the stream of a new person.';

COMMENT ON FUNCTION "private"."profiles_welcome_requesters"() IS 'Accepts all waiting requests when accounts become public.';

COMMENT ON FUNCTION "private"."queue_people"(private.fan_outs, uuid[]) IS 'Puts people that a fan-out concerns into the queue.';

COMMENT ON FUNCTION "private"."regroup"(private.desk, bigint, bigint) IS 'Changes by how many notifications a group shows.';

COMMENT ON FUNCTION "private"."restart_streams"() IS 'Makes every client start over. To be called after a backup was restored.';

COMMENT ON FUNCTION "private"."sync_user"(jsonb, integer) IS 'The newer events of the viewer''s own stream.';

COMMENT ON FUNCTION "private"."thread_mutes_check"() IS 'Refuses to mute the thread of a post that the person does not see, and finds the top of the thread.';

COMMENT ON FUNCTION "private"."unread"() IS 'What public.unread() answers.';

COMMENT ON FUNCTION "private"."unread_numbers"(private.streams) IS 'What every event says about unread things.';

COMMENT ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) IS 'What public.write_post() does.';

COMMENT ON FUNCTION "public"."mark_group_read"(bigint) IS 'Marks one group as read, up to the notification with this id. Notifications that were added since stay unread. False when there is no such group.';

COMMENT ON FUNCTION "public"."mark_group_unread"(bigint) IS 'Marks one group as unread, until you mark it or everything as read. False when there is no such group.';

COMMENT ON FUNCTION "public"."mark_read"(bigint) IS 'Marks as read: the group with this id, and all with a lower one. Answers how many are unread now. An earlier id changes nothing.';

COMMENT ON FUNCTION "public"."notification_actors"(bigint, bigint, integer) IS 'The people of a group of your notifications, newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."notifications"(bigint, bigint, integer, public.notification_kind[]) IS 'Your notifications in groups, newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. kinds leaves out the others. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."sync"(jsonb, integer) IS 'The newer events of your streams. cursors has the last number that you know of each stream, such as {"user:…": 17}. Answers a row for each stream that you may read. page_size is 1 to 500 events of a stream.';

COMMENT ON FUNCTION "public"."unread"() IS 'How much is unread, in one row. It is cheap: ask it once a minute, and call sync() when a cursor is newer than yours.';

COMMENT ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) IS 'Writes a post, a reply, a quote or a repost in your name, and answers it as a row of a feed. The arguments are the columns of posts. client_id is a key of your own: a request with the same key within 30 days writes nothing, and answers the post that the first one wrote.';

COMMENT ON PROCEDURE "private"."deliver_waiting_notices"(interval) IS 'Looks at what waits in the queue, batch by batch, until nothing is left or the time is over.';

COMMENT ON PROCEDURE "private"."forget_old_notices"(interval) IS 'Deletes events and withdrawn notifications that are too old, batch by batch, until none is left or the time is over.';

COMMENT ON TABLE "private"."fan_outs" IS 'Things that concern many people, who are not all found yet.';

COMMENT ON TABLE "private"."mute_ends" IS 'Mutes that end by themselves. A job looks at the notifications then (70-jobs.sql).';

COMMENT ON TABLE "private"."notice_queue" IS 'Notifications to look at. With a kind: this notification. With an actor only: all that the actor caused for the recipient. With an object only: all about the object.';

COMMENT ON TABLE "private"."notification_groups" IS 'The groups in which notifications are listed.';

COMMENT ON TABLE "private"."notifications" IS 'A row for each thing that somebody did and somebody else is told.';

COMMENT ON TABLE "private"."post_keys" IS 'The keys that clients gave to their posts, for 30 days.';

COMMENT ON TABLE "private"."stream_events" IS 'The events of all streams.';

COMMENT ON TABLE "private"."streams" IS 'A row for each person: the number of the last event of their stream, and what they have not read.';

COMMENT ON TABLE "public"."notification_preferences" IS 'Your preferences, a row for each kind of notification that you changed. Without a row, a kind is loud and from everyone, but edited is quiet. Delete a row to go back to that. Only you see them.';

COMMENT ON TABLE "public"."thread_mutes" IS 'The threads you mute: a row with any post of the thread. You are not notified of what happens in it. Insert to mute, delete to end it. Only you see your mutes.';

COMMENT ON TYPE "private"."desk" IS 'The stream of a recipient during a delivery, and the groups that the delivery changed so far.';

COMMENT ON TYPE "private"."event_kind" IS 'What an event of a stream tells.';

COMMENT ON TYPE "public"."notification" IS 'A group of notifications: the people who did one thing. count is how many, actors are the newest three. post is the post it is about, or null. is_quiet says that it is not counted as unread. fallback is a sentence for clients that do not know the kind.';

COMMENT ON TYPE "public"."notification_actor" IS 'A person of a group of notifications. id is the cursor.';

COMMENT ON TYPE "public"."notification_delivery" IS 'How a notification arrives. off: not at all. quiet: it is listed and not counted. loud: it is listed and counted.';

COMMENT ON TYPE "public"."notification_kind" IS 'What a notification tells. edited: a post was edited that you reposted, quoted or answered. post: somebody wrote a post whose follow has notifies. draft_published and draft_failed: a scheduled draft of yours. filtered_requests: requests to follow you by people outside your preference.';

COMMENT ON TYPE "public"."notification_source" IS 'Whose doings notify somebody. established: accounts that are at least 7 days old, and the people you follow. following: the people you follow.';

COMMENT ON TYPE "public"."stream_page" IS 'The newer events of a stream. cursor is what to ask with the next time. has_more: ask again at once. start_over: drop what you know of the stream and take the snapshot, because the cursor is missing, too old or unknown here. Otherwise snapshot is null.';

COMMENT ON TYPE "public"."unread_counts" IS 'How many groups of notifications are unread, how many requests to follow you wait, and the newest number of each of your streams.';

REVOKE ALL ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_notification"(private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_events"(private.streams, private.event_kind, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."blocks_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."blocks_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blocks_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."close_desk"(private.desk, private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_desk"(private.desk, private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_desk"(private.desk, private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."comes_from"(uuid, public.notification_source, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."comes_from"(uuid, public.notification_source, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."comes_from"(uuid, public.notification_source, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."continue_fan_out"(private.fan_outs, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."continue_fan_out"(private.fan_outs, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."continue_fan_out"(private.fan_outs, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_unread"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_unread"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_unread"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."counts"(private.notification_groups, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."counts"(private.notification_groups, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."counts"(private.notification_groups, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."cursor_of"(jsonb, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."cursor_of"(jsonb, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."cursor_of"(jsonb, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."default_delivery"(public.notification_kind) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."default_delivery"(public.notification_kind) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."default_delivery"(public.notification_kind) TO "postgres";

REVOKE ALL ON FUNCTION "private"."deliver"(private.notice_queue[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."deliver"(private.notice_queue[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."deliver"(private.notice_queue[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."deliver_batch"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."deliver_batch"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."deliver_batch"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."drafts_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."drafts_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."drafts_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."fan_out"(text, uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fan_out"(text, uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."fan_out"(text, uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."fan_out_account"(uuid, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fan_out_account"(uuid, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."fan_out_account"(uuid, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow_requests_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_requests_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow_requests_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."follows_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follows_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follows_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_events"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_events"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_events"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_object"(private.desk, private.notice_queue) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_object"(private.desk, private.notice_queue) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_object"(private.desk, private.notice_queue) TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_post_keys"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_post_keys"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_post_keys"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_recipient"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_recipient"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_recipient"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_withdrawn"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_withdrawn"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_withdrawn"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."group_payloads"(private.streams, uuid[], bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."group_payloads"(private.streams, uuid[], bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."group_payloads"(private.streams, uuid[], bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_own_stream"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_own_stream"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_own_stream"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_subjects"(private.notice_queue[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_subjects"(private.notice_queue[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_subjects"(private.notice_queue[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_told_already"(uuid, public.notification_kind, uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_told_already"(uuid, public.notification_kind, uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_told_already"(uuid, public.notification_kind, uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_told_enough"(private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_told_enough"(private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_told_enough"(private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."likes_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."likes_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."likes_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."listed_groups"(private.streams, uuid[], bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."listed_groups"(private.streams, uuid[], bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."listed_groups"(private.streams, uuid[], bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."look_at_many"(private.desk, private.notice_queue) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."look_at_many"(private.desk, private.notice_queue) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."look_at_many"(private.desk, private.notice_queue) TO "postgres";

REVOKE ALL ON FUNCTION "private"."look_at_one"(private.desk, private.notice_queue) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."look_at_one"(private.desk, private.notice_queue) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."look_at_one"(private.desk, private.notice_queue) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mark_group"(bigint, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."mark_group"(bigint, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."mark_group"(bigint, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mark_group"(bigint, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mark_read"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."mark_read"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."mark_read"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mark_read"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mutes_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mutes_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mutes_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."mutes_notifications"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mutes_notifications"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mutes_notifications"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mutes_thread_of"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mutes_thread_of"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mutes_thread_of"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notice_holds"(uuid, public.notification_kind, uuid, bigint, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notice_holds"(uuid, public.notification_kind, uuid, bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notice_holds"(uuid, public.notification_kind, uuid, bigint, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notice_queue_deliver"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notice_queue_deliver"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notice_queue_deliver"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."notification_actors"(bigint, bigint, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."notification_actors"(bigint, bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."notification_actors"(bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notification_actors"(bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notification_preference"(uuid, public.notification_kind) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notification_preference"(uuid, public.notification_kind) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notification_preference"(uuid, public.notification_kind) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notification_text"(public.notification_kind, public.author[], bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."notification_text"(public.notification_kind, public.author[], bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notification_text"(public.notification_kind, public.author[], bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."notifications_page"(bigint, bigint, integer, public.notification_kind[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."notifications_page"(bigint, bigint, integer, public.notification_kind[]) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."notifications_page"(bigint, bigint, integer, public.notification_kind[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."notifications_page"(bigint, bigint, integer, public.notification_kind[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."people_of"(private.fan_outs, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."people_of"(private.fan_outs, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."people_of"(private.fan_outs, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."post_mentions_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."post_mentions_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."post_mentions_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."post_mentions_cause_end"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."post_mentions_cause_end"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."post_mentions_cause_end"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_cause_edit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_cause_edit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_cause_edit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_cause_end"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_cause_end"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_cause_end"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_cause"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_cause"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_cause"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_cause_end"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_cause_end"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_cause_end"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_create_stream"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_create_stream"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_create_stream"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."queue_people"(private.fan_outs, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queue_people"(private.fan_outs, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."queue_people"(private.fan_outs, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."regroup"(private.desk, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."regroup"(private.desk, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."regroup"(private.desk, bigint, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."restart_streams"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."restart_streams"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."restart_streams"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."sync_user"(jsonb, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sync_user"(jsonb, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."sync_user"(jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sync_user"(jsonb, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."thread_mutes_check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."thread_mutes_check"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."thread_mutes_check"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."unread"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."unread"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."unread"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unread"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."unread_numbers"(private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unread_numbers"(private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unread_numbers"(private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_group_read"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_group_read"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_group_read"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_group_unread"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_group_unread"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_group_unread"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_read"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_read"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_read"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."notification_actors"(bigint, bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."notification_actors"(bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."notification_actors"(bigint, bigint, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."notifications"(bigint, bigint, integer, public.notification_kind[]) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."notifications"(bigint, bigint, integer, public.notification_kind[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."notifications"(bigint, bigint, integer, public.notification_kind[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."sync"(jsonb, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."sync"(jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."sync"(jsonb, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."unread"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."unread"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."unread"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint, uuid) TO "postgres";

REVOKE ALL ON PROCEDURE "private"."deliver_waiting_notices"(interval) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."deliver_waiting_notices"(interval) FROM "postgres";

GRANT EXECUTE ON PROCEDURE "private"."deliver_waiting_notices"(interval) TO "postgres";

REVOKE ALL ON PROCEDURE "private"."forget_old_notices"(interval) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."forget_old_notices"(interval) FROM "postgres";

GRANT EXECUTE ON PROCEDURE "private"."forget_old_notices"(interval) TO "postgres";

REVOKE ALL ("notifies") ON TABLE "public"."follows" FROM "authenticated";

GRANT INSERT ("notifies"), UPDATE ("notifies") ON TABLE "public"."follows" TO "authenticated";

REVOKE ALL ("notifies") ON TABLE "public"."follows" FROM "service_role";

GRANT INSERT ("notifies"), UPDATE ("notifies") ON TABLE "public"."follows" TO "service_role";

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "authenticated";

REVOKE ALL ("delivery") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("delivery"), UPDATE ("delivery") ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ("from_whom") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("from_whom"), UPDATE ("from_whom") ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."notification_preferences" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ON TABLE "public"."notification_preferences" FROM "service_role";

REVOKE ALL ("delivery") ON TABLE "public"."notification_preferences" FROM "service_role";

GRANT INSERT ("delivery"), UPDATE ("delivery") ON TABLE "public"."notification_preferences" TO "service_role";

REVOKE ALL ("from_whom") ON TABLE "public"."notification_preferences" FROM "service_role";

GRANT INSERT ("from_whom"), UPDATE ("from_whom") ON TABLE "public"."notification_preferences" TO "service_role";

REVOKE ALL ("kind") ON TABLE "public"."notification_preferences" FROM "service_role";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."notification_preferences" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."notification_preferences" TO "service_role";

REVOKE ALL ON TABLE "public"."thread_mutes" FROM "authenticated";

REVOKE ALL ("post_id") ON TABLE "public"."thread_mutes" FROM "authenticated";

GRANT INSERT ("post_id") ON TABLE "public"."thread_mutes" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."thread_mutes" TO "authenticated";

REVOKE ALL ON TABLE "public"."thread_mutes" FROM "service_role";

REVOKE ALL ("post_id") ON TABLE "public"."thread_mutes" FROM "service_role";

GRANT INSERT ("post_id") ON TABLE "public"."thread_mutes" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."thread_mutes" TO "service_role";

REVOKE ALL ON TYPE "private"."desk" FROM PUBLIC;

REVOKE ALL ON TYPE "private"."event_kind" FROM PUBLIC;

CREATE OR REPLACE FUNCTION private.people_named (
  author_id uuid,
  usernames text[]
)
  RETURNS TABLE (
    profile_id uuid,
    username   text
  )
  LANGUAGE sql
  STABLE
  ROWS 2
BEGIN ATOMIC
 SELECT profiles.id,
     lower(profiles.username)
  AS lower
    FROM public.profiles
   WHERE ((lower(profiles.username) = ANY (people_named.usernames)) AND (NOT (profiles.id IN ( SELECT private.hidden_ids(people_named.author_id) AS hidden_ids))) AND (NOT (EXISTS ( SELECT
            FROM public.notification_preferences preference
           WHERE ((preference.user_id = profiles.id) AND (preference.kind = 'mention'::public.notification_kind) AND (NOT private.comes_from(profiles.id, preference.from_whom, people_named.author_id)))))));
END;

ALTER TABLE "public"."notification_preferences"
  ADD CONSTRAINT "notification_preferences_pkey" PRIMARY KEY (user_id, kind);

ALTER TABLE "public"."notification_preferences"
  ADD CONSTRAINT "notification_preferences_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE POLICY "people change their own preferences" ON "public"."notification_preferences"
  FOR UPDATE
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)))
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people delete their own preferences" ON "public"."notification_preferences"
  FOR DELETE
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read their own preferences" ON "public"."notification_preferences"
  FOR SELECT
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people set their own preferences" ON "public"."notification_preferences"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

COMMENT ON COLUMN "public"."notification_preferences"."user_id" IS 'The person. When left out, it is you.';

REVOKE ALL ("user_id") ON TABLE "public"."notification_preferences" FROM "authenticated";

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."notification_preferences" TO "authenticated";

REVOKE ALL ("user_id") ON TABLE "public"."notification_preferences" FROM "service_role";

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."notification_preferences" TO "service_role";

ALTER TABLE "public"."thread_mutes"
  ADD CONSTRAINT "thread_mutes_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE INDEX thread_mutes_user_id_thread_id_idx ON public.thread_mutes USING btree (user_id, thread_id);

CREATE POLICY "people delete their own muted threads" ON "public"."thread_mutes"
  FOR DELETE
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people mute threads in their own name" ON "public"."thread_mutes"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read their own muted threads" ON "public"."thread_mutes"
  FOR SELECT
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

COMMENT ON COLUMN "public"."thread_mutes"."user_id" IS 'The person who mutes. When left out, it is you.';

REVOKE ALL ("user_id") ON TABLE "public"."thread_mutes" FROM "authenticated";

GRANT INSERT ("user_id") ON TABLE "public"."thread_mutes" TO "authenticated";

REVOKE ALL ("user_id") ON TABLE "public"."thread_mutes" FROM "service_role";

GRANT INSERT ("user_id") ON TABLE "public"."thread_mutes" TO "service_role";

ALTER TABLE "public"."notification_preferences"
  ADD CONSTRAINT "notification_preferences_kind"
    CHECK
    (private.rule((kind <> 'filtered_requests'::public.notification_kind), 'preference_kind'::text, 'The preference for follow_request says which requests are filtered'::text));

-- Data -------------------------------------------------------------------------

insert into private.limits (
  action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
)
values
  ('setting',         60,   300,  1000,   60,  300,  1000),
  ('mark_read',      120,  2000, 20000,  120, 2000, 20000);

-- Everybody gets a stream, and their waiting requests are counted.
insert into private.streams (user_id, requests)
select profiles.id, count(follow_requests.target_id)
from public.profiles
left join public.follow_requests on follow_requests.target_id = profiles.id
group by profiles.id;

-- The top of each thread, from the top down. A deleted post keeps its place in the thread.
with recursive link as materialized (
  select posts.id, posts.reply_to_id
  from public.posts
  where posts.reply_to_id is not null
  union all
  select deleted_posts.id, deleted_posts.reply_to_id
  from private.deleted_posts
  where deleted_posts.reply_to_id is not null
),
descent as (
  select link.id, link.reply_to_id as thread_id
  from link
  where not exists (select from link as above where above.id = link.reply_to_id)
  union all
  select link.id, descent.thread_id
  from descent
  join link on link.reply_to_id = descent.id
)
update public.posts
set thread_id = descent.thread_id
from descent
where posts.id = descent.id;

select cron.schedule('forget-post-keys', '*/5 * * * *', 'select private.forget_post_keys()')
where exists (select from pg_extension where extname = 'pg_cron');
select cron.schedule('deliver-waiting-notices', '2 seconds', 'call private.deliver_waiting_notices()')
where exists (select from pg_extension where extname = 'pg_cron');
select cron.schedule('forget-old-notices', '* * * * *', 'call private.forget_old_notices()')
where exists (select from pg_extension where extname = 'pg_cron');
