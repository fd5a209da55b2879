/*
 * Suggestions: people to follow, each with a reason. After a day, a trusted newcomer may do as much as
 * everybody else. A ban or a block in many groups takes effect at once, and a job tells the members. Open
 * screens hear when receipts appear or vanish. unread() is one query.
 *
 * Written by comparing the migrations before it with sql/. The data at the end was added.
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

DROP VIEW "private"."allowances";

DROP FUNCTION "private"."change_view"(bigint, uuid[]);

DROP FUNCTION "private"."chat_totals"(uuid);

DROP FUNCTION "private"."tell"(bigint, uuid[]);

CREATE TABLE "private"."conversation_moves" (
  "conversation_id" bigint                   NOT NULL,
  "epoch"           integer                  NOT NULL,
  "due_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "failures"        integer                  NOT NULL DEFAULT 0,
  CONSTRAINT "conversation_moves_pkey" PRIMARY KEY (conversation_id, epoch)
);

CREATE TABLE "private"."failed_erasures" (
  "conversation_id" bigint                   NOT NULL,
  "due_at"          timestamp with time zone NOT NULL,
  "failures"        integer                  NOT NULL,
  CONSTRAINT "failed_erasures_pkey" PRIMARY KEY (conversation_id)
);

CREATE TABLE "private"."receipt_switches" (
  "user_id"  uuid                     NOT NULL,
  "after_id" bigint                   NOT NULL DEFAULT 0,
  "due_at"   timestamp with time zone NOT NULL DEFAULT now(),
  "failures" integer                  NOT NULL DEFAULT 0,
  CONSTRAINT "receipt_switches_pkey" PRIMARY KEY (user_id)
);

CREATE TABLE "private"."suggestion_dismissals" (
  "user_id"         uuid                     NOT NULL,
  "profile_id"      uuid                     NOT NULL,
  "times"           smallint                 NOT NULL,
  "dismissed_until" timestamp with time zone NOT NULL,
  CONSTRAINT "suggestion_dismissals_pkey" PRIMARY KEY (user_id, profile_id)
);

CREATE TABLE "private"."suggestion_lists" (
  "viewer_id"   uuid                     NOT NULL,
  "profile_ids" uuid[]                   NOT NULL,
  "sources"     smallint[]               NOT NULL,
  "scores"      real[]                   NOT NULL,
  "computed_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "suggestion_lists_length"
    CHECK (((cardinality(profile_ids) <= 60) AND (cardinality(sources) = cardinality(profile_ids)) AND (cardinality(scores) = cardinality(profile_ids)))),
  CONSTRAINT "suggestion_lists_pkey" PRIMARY KEY (viewer_id),
  CONSTRAINT "suggestion_lists_scores" CHECK (((0)::double precision <= ALL (scores))),
  CONSTRAINT "suggestion_lists_sources" CHECK ((sources <@ '{1,2,3,4,5,6,7}'::smallint[]))
);

CREATE TABLE "private"."suggestion_pass" (
  "is_only"      boolean                  NOT NULL DEFAULT true,
  "worker_id"    uuid,
  "leased_until" timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp WITH time zone,
  "began_at"     timestamp with time zone,
  "ended_at"     timestamp with time zone,
  "people"       bigint                   NOT NULL DEFAULT 0,
  "written"      bigint                   NOT NULL DEFAULT 0,
  "failed"       bigint                   NOT NULL DEFAULT 0,
  "mutual_share" real,
  CONSTRAINT "suggestion_pass_is_only_check" CHECK (is_only),
  CONSTRAINT "suggestion_pass_pkey" PRIMARY KEY (is_only)
);

CREATE TABLE "private"."suggestion_pools" (
  "source"      smallint NOT NULL,
  "language"    text     NOT NULL,
  "profile_ids" uuid[]   NOT NULL,
  CONSTRAINT "suggestion_pools_pkey" PRIMARY KEY (source, LANGUAGE),
  CONSTRAINT "suggestion_pools_profile_ids_check" CHECK ((cardinality(profile_ids) <= 200)),
  CONSTRAINT "suggestion_pools_source_check" CHECK ((source = ANY (ARRAY[7, 8])))
);

CREATE TABLE "private"."suggestion_turns" (
  "profile_id"  uuid                     NOT NULL,
  "changed_at"  timestamp with time zone,
  "due_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "sent_at"     timestamp with time zone,
  "fingerprint" bigint,
  CONSTRAINT "suggestion_turns_pkey" PRIMARY KEY (profile_id)
);

ALTER TABLE "private"."suggestion_turns"
  SET (fillfactor=50);

CREATE TABLE "private"."suggestion_views" (
  "viewer_id"   uuid       NOT NULL,
  "profile_ids" uuid[]     NOT NULL,
  "days"        smallint[] NOT NULL,
  "last_days"   date[]     NOT NULL,
  CONSTRAINT "suggestion_views_length"
    CHECK (((cardinality(profile_ids) <= 300) AND (cardinality(days) = cardinality(profile_ids)) AND (cardinality(last_days) = cardinality(profile_ids)))),
  CONSTRAINT "suggestion_views_pkey" PRIMARY KEY (viewer_id)
);

CREATE TABLE "public"."suggestions_settings" (
  "hides_suggestions" boolean NOT NULL DEFAULT false,
  "user_id"           uuid    NOT NULL DEFAULT auth.uid(),
  CONSTRAINT "suggestions_settings_pkey" PRIMARY KEY (user_id)
);

ALTER TABLE "public"."suggestions_settings"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."suggestions_settings" FROM "anon";

CREATE TYPE "private"."follow_side" AS ENUM (
  'followees',
  'followers'
);

CREATE TYPE "private"."neighbours" AS (
  "owner_id" bytea,
  "side"     private.follow_side,
  "members"  bytea
);

CREATE TYPE "private"."suggestion_candidates" AS (
  "profile_ids" uuid[],
  "sources"     smallint[]
);

CREATE TYPE "private"."suggestion_facts" AS (
  "place"     bigint,
  "trust"     real,
  "following" integer,
  "followers" integer,
  "may_come"  boolean
);

CREATE TYPE "private"."suggestion_ground" AS (
  "place"  integer,
  "people" uuid[],
  "others" integer,
  "tag"    text
);

ALTER TYPE "public"."limited_action" ADD VALUE 'suggestion' AFTER 'search';


SET local check_function_bodies = off;

CREATE TYPE "public"."suggestion_kind" AS ENUM (
  'followed_by',
  'follows_you',
  'both_follow',
  'followed_alongside',
  'followers_follow',
  'writes_about',
  'new_here',
  'many_follow'
);

CREATE TYPE "public"."suggestion_reason" AS (
  "kind"   public.suggestion_kind,
  "people" public.author[],
  "others" integer,
  "tag"    text
);

CREATE TYPE "public"."suggestion" AS (
  "profile"     public.author,
  "is_private"  boolean,
  "follows_you" boolean,
  "reasons"     public.suggestion_reason[]
);

CREATE OR REPLACE FUNCTION private.activity (
  profile_id uuid,
  since_id   bigint
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
   WHERE ((( SELECT true
            FROM public.posts
           WHERE ((posts.author_id = activity.profile_id) AND (posts.id > activity.since_id))
          LIMIT 1) IS TRUE) OR (( SELECT true
            FROM public.likes
           WHERE ((likes.user_id = activity.profile_id) AND (likes.id > activity.since_id))
          LIMIT 1) IS TRUE) OR (( SELECT true
            FROM public.follows
           WHERE ((follows.follower_id = activity.profile_id) AND (follows.id > activity.since_id))
          LIMIT 1) IS TRUE) OR (( SELECT (profiles.created_at > private.id_time(activity.since_id))
            FROM public.profiles
           WHERE (profiles.id = activity.profile_id)) IS TRUE));
END;

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
  new_id bigint := greatest(private.first_id(clock_timestamp()), stream.last_id + 1);
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
    desk.changed := array_append(array_remove(desk.changed, newest.group_id), newest.group_id);
  end if;
  desk.stream := stream;
  return desk;
end;
$function$;

CREATE OR REPLACE FUNCTION private.alongside_grounds (
  viewer_id    uuid,
  profile_ids  uuid[],
  sources      smallint[],
  followee_ids uuid[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
declare
  -- So many that one person most likely comes twice among them.
  most_pairs constant integer := 8 + cardinality(alongside_grounds.followee_ids) / 5;
  -- Postgres sorts the list for each look at the index. That costs little if it is sorted already.
  sorted_ids uuid[] := array(select mine.id from unnest(alongside_grounds.followee_ids) as mine (id) order by mine.id);
begin
  return query
  select candidate.place::integer, array[alike.person_id], 0, null::text
  from unnest(alongside_grounds.profile_ids, alongside_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral (
    select pair.followee_id
    from (
      select shared.followee_id
      from (
        select follows.follower_id
        from public.follows
        where follows.followee_id = candidate.id
        order by follows.id
        limit 50
      ) as early
      cross join lateral (
        select follows.follower_id, follows.followee_id
        from public.follows
        where follows.follower_id = early.follower_id
          and follows.followee_id = any (sorted_ids)
          and (
            select counts.following <= 1000 from private.follow_counts as counts
            where counts.profile_id = early.follower_id
          )
        -- With a limit, it is not a join: Postgres asks about one follower after the other.
        limit 30
      ) as shared
      where exists (select from private.lets_in(alongside_grounds.viewer_id, shared.follower_id))
        and (select true from private.block_between(alongside_grounds.viewer_id, shared.follower_id) limit 1) is null
        and (
          select true from public.mutes
          where mutes.muter_id = alongside_grounds.viewer_id and mutes.muted_id = shared.followee_id
            and (mutes.muted_until is null or mutes.muted_until > now())
        ) is null
      limit most_pairs
    ) as pair
    group by pair.followee_id
    having count(*) >= 2
    order by count(*) desc, pair.followee_id
    limit 1
  ) as alike (person_id)
  where candidate.source = 4;
end;
$function$;

CREATE OR REPLACE FUNCTION private.are_suggestions_due (
  enough integer
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
RETURN (enough <= (SELECT count(*) AS count FROM (SELECT FROM private.suggestion_turns WHERE (suggestion_turns.due_at <= now()) LIMIT are_suggestions_due.enough) FIRST));

CREATE OR REPLACE FUNCTION private.begin_suggestion_pass (
  worker_id uuid,
  enough    integer
)
  RETURNS timestamp WITH time zone
  LANGUAGE sql
BEGIN ATOMIC
 UPDATE private.suggestion_pass
  SET worker_id = begin_suggestion_pass.worker_id,
    leased_until = (now() + '00:05:00'::interval), began_at = now(), ended_at = NULL::timestamp WITH time zone, people = 0, written = 0, failed = 0
   WHERE ((suggestion_pass.leased_until < now()) AND private.are_suggestions_due(begin_suggestion_pass.enough))
   RETURNING suggestion_pass.began_at;
END;

CREATE OR REPLACE FUNCTION private.blocks_move_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  shared record;
  conversation private.conversations;
  moving bigint[] := '{}';
begin
  for shared in
    select
      both_in.id, array_agg(distinct added.blocker_id) as blocker_ids,
      array_agg(added.blocker_id) || array_agg(added.blocked_id) as people,
      count(*) over () > most as are_many
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
      if conversation.kind = 'direct' then
        conversation := private.move_conversation(conversation);
      else
        moving := moving || conversation.id;
      end if;
    end if;
    perform private.change_view(conversation.id, shared.people, shared.are_many);
    -- A deleted account adds this event, too. So the numbers do not tell a block from it.
    if conversation.kind = 'direct' then
      perform private.append_event(conversation, 'start_over');
    end if;
  end loop;
  perform private.move_conversations(moving);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_open_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  shared record;
  conversation private.conversations;
begin
  for shared in
    select
      both_in.id, array_agg(distinct removed.blocker_id) as blocker_ids,
      array_agg(removed.blocker_id) || array_agg(removed.blocked_id) as people,
      count(*) over () > most as are_many
    from removed
    cross join lateral private.shared_conversations(removed.blocker_id, removed.blocked_id) as both_in (id)
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
    perform private.change_view(conversation.id, shared.people, shared.are_many);
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.change_view (
  conversation_id bigint,
  user_ids        uuid[],
  is_left         boolean DEFAULT false
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  update private.conversation_members
  set view = conversation_members.view + 1
  where conversation_members.conversation_id = change_view.conversation_id
    and conversation_members.user_id = any (change_view.user_ids);
  perform private.tell(change_view.conversation_id, array(
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = change_view.conversation_id and members.user_id = any (change_view.user_ids)
  ), change_view.is_left);
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
    select candidate.id, mine.id, true, (
      select follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = candidate.id
    )
    from unnest(followed_by) as candidate (id)
    cross join unnest(direct_grounds.followee_ids) as mine (id)
    union all
    select candidate.id, mine.id, true, (
      select follows.id from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = mine.id
    )
    from unnest(both_follow) as candidate (id)
    cross join unnest(direct_grounds.followee_ids) as mine (id)
    union all
    select candidate.id, mine.id, false, (
      select follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = candidate.id
    )
    from unnest(followers_follow) as candidate (id)
    cross join unnest(direct_grounds.follower_ids) as mine (id)
    offset 0
  ) as found (profile_id, person_id, is_followed, id)
  where found.id is not null
    and (found.is_followed or exists (select from private.lets_in(direct_grounds.viewer_id, found.person_id)))
    and (
      select true from public.mutes
      where mutes.muter_id = direct_grounds.viewer_id and mutes.muted_id = found.person_id
        and (mutes.muted_until is null or mutes.muted_until > now())
    ) is null
  group by found.profile_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.dismiss_suggestion (
  profile_id uuid
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- 30 days, then 60, 120, … The last is 42 years.
  most_doublings constant integer := 9;
  viewer_id uuid := private.viewer();
  ends_at timestamptz;
begin
  perform private.take_own_turn(viewer_id);
  perform private.require_profile(viewer_id, dismiss_suggestion.profile_id);
  perform private.charge(viewer_id, 'suggestion', 1);

  insert into private.suggestion_dismissals (user_id, profile_id, times, dismissed_until)
  values (viewer_id, dismiss_suggestion.profile_id, 1, now() + interval '30 days')
  on conflict on constraint suggestion_dismissals_pkey do update
  set times = suggestion_dismissals.times + 1,
      dismissed_until = now() + interval '30 days' * 2 ^ least(suggestion_dismissals.times, most_doublings)
  where suggestion_dismissals.dismissed_until <= now();

  select suggestion_dismissals.dismissed_until into ends_at
  from private.suggestion_dismissals
  where suggestion_dismissals.user_id = viewer_id
    and suggestion_dismissals.profile_id = dismiss_suggestion.profile_id;
  return ends_at;
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
  perform private.turn_receipts(moved, moved.member_count + 1);
  perform private.tell(moved.id, array[end_membership.profile_id]);
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_suggestion_pass (
  worker_id uuid
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 UPDATE private.suggestion_pass
  SET worker_id = NULL::uuid, leased_until = '-infinity'::timestamp WITH time zone, ended_at = clock_timestamp()
   WHERE (suggestion_pass.worker_id = end_suggestion_pass.worker_id);
END;

CREATE OR REPLACE FUNCTION private.erase_expired (
  most integer DEFAULT 500
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  conversation private.conversations;
  erased integer := 0;
begin
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id in (
      select due.conversation_id
      from (
        select messages.conversation_id
        from private.messages
        where messages.expires_at <= now() and messages.deleted_at is null
          and messages.conversation_id not in (
            select failed.conversation_id from private.failed_erasures as failed where failed.due_at > now()
          )
        order by messages.expires_at
        limit erase_expired.most
      ) as due
    )
    order by conversations.id
    for no key update skip locked
  loop
    begin
      erased := erased + private.erase_expired_in(conversation, erase_expired.most);
      delete from private.failed_erasures
      where failed_erasures.conversation_id = conversation.id;
    exception when others then
      raise warning 'Erasing messages of conversation % failed: % (%)', conversation.id, sqlerrm, sqlstate;
      insert into private.failed_erasures (conversation_id, failures, due_at)
      values (conversation.id, 1, private.next_try_at(1))
      on conflict on constraint failed_erasures_pkey do update
      set failures = failed_erasures.failures + 1, due_at = private.next_try_at(failed_erasures.failures + 1);
    end;
    exit when erased >= erase_expired.most;
  end loop;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.followed_alike (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    with witness as materialized (
      select early.follower_id as id
      from (
        select follows.follower_id, follows.id
        from public.follows
        where follows.followee_id = followed_alike.profile_id
        order by follows.id
        limit 500
      ) as early
      where (select true from private.trusted(early.follower_id))
        and exists (select from private.lets_in(followed_alike.viewer_id, early.follower_id))
        and (select true from private.block_between(followed_alike.viewer_id, early.follower_id) limit 1) is null
      order by early.id
      limit 100
    ),
    alike as materialized (
      select theirs.followee_id as id, count(*) as common
      from witness
      cross join lateral (
        select follows.followee_id
        from public.follows
        where follows.follower_id = witness.id
        order by follows.id desc
        limit 50
      ) as theirs
      where theirs.followee_id <> followed_alike.profile_id
      group by theirs.followee_id
      having count(*) >= 2
      order by common desc, theirs.followee_id
      limit 200
    )
    select alike.id
    from alike
    join private.follow_counts as counts on counts.profile_id = alike.id
    order by alike.common / sqrt(1 + counts.followers) desc, alike.id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.follows_turn_suggestions()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  follower_ids uuid[];
begin
  follower_ids := array(
    select distinct changed.follower_id from changed
    limit most + 1
  );
  if cardinality(follower_ids) > most then
    return null;
  end if;
  if cardinality(follower_ids) > 1 then
    perform
    from private.suggestion_turns
    where suggestion_turns.profile_id = any (follower_ids)
    order by suggestion_turns.profile_id
    for no key update;
  end if;

  update private.suggestion_turns
  set changed_at = coalesce(suggestion_turns.changed_at, greatest(now(), suggestion_turns.sent_at + interval '10 seconds'))
  where suggestion_turns.profile_id = any (follower_ids);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.has_receipts (
  member_count integer
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
RETURN (member_count <= 50);

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
 UNION ALL
  SELECT blocks.blocker_id
    FROM public.blocks
   WHERE (blocks.blocked_id = hidden_from.viewer_id);
END;

CREATE OR REPLACE FUNCTION private.chat_totals (
  viewer_id uuid
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
                   WHERE ((members.conversation_id = ANY ((ARRAY( SELECT noted.conversation_id
                            FROM private.unread_conversations noted
                           WHERE (noted.user_id = chat_totals.viewer_id)
                           ORDER BY noted.conversation_id DESC
                          LIMIT 200) || ARRAY( SELECT bells.conversation_id
                            FROM private.conversation_bells bells
                          LIMIT 1000)))) AND (members.user_id = chat_totals.viewer_id) AND (NOT members.is_declined) AND (NOT members.is_archived) AND ((members.muted_until IS NULL) OR (members.muted_until <= now())) AND (NOT (EXISTS ( SELECT
                            FROM private.bans(chat_totals.viewer_id) bans(bans)))))
                  OFFSET 0) own
              CROSS JOIN LATERAL private.count_behind(own.conversation_id, own.pointer, chat_totals.viewer_id, own.unheard_ids) behind(messages))
          OFFSET 0) counted;
END;

CREATE OR REPLACE FUNCTION private.hides_suggestions (
  viewer_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.suggestions_settings
    where suggestions_settings.user_id = hides_suggestions.viewer_id and suggestions_settings.hides_suggestions
  );
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
  after private.conversations;
  came_back boolean;
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
  came_back := found;
  update private.conversations
  set member_count = conversations.member_count + cardinality(profile_ids)
  where conversations.id = present.id
  returning conversations.* into after;
  perform private.turn_receipts(after, present.member_count);
  -- Open screens still have the receipts that they had before they left.
  if came_back and private.has_receipts(after.member_count) then
    perform private.append_event(after, 'start_over');
  end if;
  perform private.tell(present.id, profile_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_active (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
RETURN (EXISTS (SELECT FROM private.activity(is_active.profile_id, private.first_id((now() - '30 days'::interval))) activity(activity)));

CREATE OR REPLACE FUNCTION private.is_away (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return not private.is_active(is_away.profile_id) and not exists (
    select from auth.sessions
    where sessions.user_id = is_away.profile_id
      and greatest(sessions.updated_at, sessions.refreshed_at at time zone 'UTC') > now() - interval '30 days'
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_newcomer (
  profile_id uuid,
  created_at timestamp with time zone
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return is_newcomer.created_at > now() - interval '24 hours'
    or (is_newcomer.created_at > now() - interval '168 hours' and private.trust_of(is_newcomer.profile_id) = 0);
end;
$function$;

CREATE OR REPLACE FUNCTION private.job_health()
  RETURNS TABLE (
    kind           public.job_kind,
    name           text,
    waiting        bigint,
    running        bigint,
    oldest_at      timestamp with time zone,
    failed         bigint,
    dead           bigint,
    succeeded_at   timestamp with time zone,
    lost_doorbells bigint
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 50
  SET search_path TO ''
  AS $function$
begin
  return query
  select
    'queue'::public.job_kind,
    queue.name,
    count(*) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'active'),
    min(job.start_after) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'failed' and job.completed_on > now() - interval '1 day'),
    (
      select count(*)
      from pgboss.job as dead
      where dead.name = 'dead-letters' and dead.source_name = queue.name and dead.state < 'active'
    ),
    (
      select max(finished.completed_on)
      from pgboss.job as finished
      where finished.name = queue.name and finished.state = 'completed'
    ),
    (
      select count(*)
      from private.doorbells
      where doorbells.queue = queue.name
        and doorbells.rung_at > now() - interval '1 hour'
        and doorbells.ended_at is null
        and not private.is_open(doorbells)
    )
  from pgboss.queue
  -- The states that pgboss.job_common_i14 has: finished jobs are not read.
  left join pgboss.job on job.name = queue.name and job.state in ('created', 'retry', 'active', 'failed')
  where queue.name <> 'dead-letters'
  group by queue.name;

  return query
  select
    'maintenance'::public.job_kind,
    'maintenance',
    0::bigint,
    count(*) filter (where private.is_open(doorbells) and doorbells.began_at is not null),
    null::timestamptz,
    0::bigint,
    0::bigint,
    (select max(queue.monitor_on) from pgboss.queue),
    count(*) filter (where doorbells.ended_at is null and not private.is_open(doorbells))
  from private.doorbells
  where doorbells.queue = 'maintenance'
    and doorbells.rung_at > now() - interval '1 hour';

  return query
  select
    'schedule'::public.job_kind,
    'daily-suggestions',
    due.amount,
    case when pass.leased_until > now() then 1 else 0 end::bigint,
    due.oldest_at,
    pass.failed,
    0::bigint,
    pass.ended_at,
    0::bigint
  from private.suggestion_pass as pass
  cross join (
    select count(*) as amount, min(first.due_at) as oldest_at
    from (
      select turn.due_at
      from private.suggestion_turns as turn
      where turn.due_at <= now()
      order by turn.due_at
      limit 100000
    ) as first
  ) as due;

  if to_regclass('cron.job') is null then
    return;
  end if;
  return query
  select
    'schedule'::public.job_kind,
    job.jobname,
    case job.jobname
      when 'send-suggestions' then
        (select count(*) from private.suggestion_turns as turn where turn.changed_at <= now())
      else 0
    end,
    count(*) filter (where run.status in ('starting', 'running', 'connecting', 'sending')),
    case job.jobname
      when 'send-suggestions' then
        (select min(turn.changed_at) from private.suggestion_turns as turn where turn.changed_at <= now())
    end,
    count(*) filter (where run.status = 'failed' and run.start_time > now() - interval '1 day'),
    case job.jobname
      when 'deliver-waiting-notices' then
        (select count(*) from private.fan_outs where fan_outs.due_at = 'infinity')
        + (select count(*) from private.notice_queue as notice where notice.is_left and notice.due_at = 'infinity')
      when 'deliver-chat' then
        (select count(*) from private.conversation_bells as bell where bell.due_at = 'infinity')
        + (select count(*) from private.conversation_tellings as telling where telling.due_at = 'infinity')
        + (select count(*) from private.conversation_moves as move where move.due_at = 'infinity')
        + (select count(*) from private.receipt_switches as switch where switch.due_at = 'infinity')
      when 'erase-expired-messages' then
        (select count(*) from private.failed_erasures as failed where failed.due_at = 'infinity')
      else 0
    end,
    max(run.end_time) filter (where run.status = 'succeeded'),
    0::bigint
  from cron.job
  left join cron.job_run_details as run on run.jobid = job.jobid
  where job.jobname is not null
  group by job.jobid, job.jobname;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_conversations (
  before    bigint,
  page_size integer,
  folder    public.conversation_folder
)
  RETURNS SETOF public.conversation
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  folder public.conversation_folder := coalesce(list_conversations.folder, 'inbox');
  listed record;
begin
  perform private.check_page_size(list_conversations.page_size);
  for listed in
    select own, conversations as conversation
    from (
      select conversations.id, conversations.last_id
      from private.conversation_members as own
      join private.conversations on conversations.id = own.conversation_id
      where own.user_id = viewer_id
        and not own.is_declined
        and conversations.last_id > 0
        and (list_conversations.before is null or conversations.last_id < list_conversations.before)
        and case folder
          when 'inbox' then own.is_accepted and not own.is_archived
          when 'requests' then not own.is_accepted
          when 'archived' then own.is_accepted and own.is_archived
          when 'pinned' then own.is_accepted and own.is_pinned
        end
      order by conversations.last_id desc
      limit list_conversations.page_size
    ) as page
    join private.conversations on conversations.id = page.id
    join private.conversation_members as own on own.conversation_id = page.id and own.user_id = viewer_id
    order by page.last_id desc
  loop
    return next private.conversation_row(listed.conversation, listed.own);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.many_grounds (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  SET plan_cache_mode TO 'force_custom_plan'
  AS $function$
begin
  return query
  select candidate.place::integer, '{}'::uuid[], counts.followers::integer, null::text
  from unnest(many_grounds.profile_ids, many_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral private.follow_counts_of(many_grounds.viewer_id, candidate.id) as counts
  where candidate.source = 8 and counts.followers >= 3;
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
      || array_fill(8::smallint, array[cardinality(known)])
  )::private.suggestion_candidates;
end;
$function$;

CREATE OR REPLACE FUNCTION private.move_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  SET lock_timeout TO '200ms'
  AS $function$
declare
  waiting private.conversation_moves;
  conversation private.conversations;
  worked boolean := false;
begin
  for waiting in
    select conversation_moves.*
    from private.conversation_moves
    where conversation_moves.due_at <= clock_timestamp()
    order by conversation_moves.due_at, conversation_moves.conversation_id
    limit 1
  loop
    worked := true;
    begin
      select conversations.* into conversation
      from private.conversations
      where conversations.id = waiting.conversation_id
      for no key update;
      -- Its last member left meanwhile.
      continue when not found;
      delete from private.conversation_moves
      where conversation_moves.conversation_id = waiting.conversation_id
        and conversation_moves.epoch = waiting.epoch;
      perform private.tell_move(conversation, waiting.epoch, conversation.epoch);
    exception
      when lock_not_available then
        update private.conversation_moves
        set due_at = clock_timestamp()
        where conversation_moves.conversation_id = waiting.conversation_id
          and conversation_moves.epoch = waiting.epoch;
      when others then
        raise warning 'Moving conversation % failed: % (%)', waiting.conversation_id, sqlerrm, sqlstate;
        update private.conversation_moves
        set failures = waiting.failures + 1, due_at = private.next_try_at(waiting.failures + 1)
        where conversation_moves.conversation_id = waiting.conversation_id
          and conversation_moves.epoch = waiting.epoch;
    end;
  end loop;
  return worked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.move_conversation (
  conversation private.conversations
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  return private.tell_move(conversation, conversation.epoch, conversation.epoch + 1);
end;
$function$;

CREATE OR REPLACE FUNCTION private.move_conversations (
  conversation_ids bigint[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  conversation private.conversations;
begin
  if cardinality(conversation_ids) > most then
    with moved as (
      update private.conversations
      set epoch = conversations.epoch + 1
      where conversations.id = any (conversation_ids)
      returning conversations.id, conversations.epoch - 1 as epoch
    )
    insert into private.conversation_moves (conversation_id, epoch)
    select moved.id, moved.epoch
    from moved;
    return;
  end if;
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id = any (conversation_ids)
    order by conversations.id
  loop
    perform private.move_conversation(conversation);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mutual_share()
  RETURNS real
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  pages constant float8 := pg_relation_size('public.follows') / current_setting('block_size')::float8;
begin
  return coalesce(
    (select suggestion_pass.mutual_share from private.suggestion_pass),
    (
      select avg((back.is_there is true)::integer)
      from (
        select follows.follower_id, follows.followee_id
        from public.follows tablesample system (100 * least(1, 10 / greatest(pages, 1))) repeatable (1)
        limit 2000
      ) as sample
      cross join lateral (
        select (
          select true from public.follows
          where follows.follower_id = sample.followee_id and follows.followee_id = sample.follower_id
        ) as is_there
      ) as back
    ),
    0
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.newest_followees (
  viewer_id uuid
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = newest_followees.viewer_id
    order by follows.id desc
    limit 200
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.newest_followers (
  viewer_id uuid
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select follows.follower_id
    from public.follows
    where follows.followee_id = newest_followers.viewer_id
    order by follows.id desc
    limit 200
  );
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

CREATE OR REPLACE FUNCTION private.plain_grounds (
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
begin
  return query
  select candidate.place::integer, '{}'::uuid[], 0, null::text
  from unnest(plain_grounds.profile_ids, plain_grounds.sources) with ordinality as candidate (id, source, place)
  where candidate.source = 7
    or candidate.source = 2 and exists (
      select from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = plain_grounds.viewer_id
    );
  if 8 = any (plain_grounds.sources) then
    return query
    select * from private.many_grounds(plain_grounds.viewer_id, plain_grounds.profile_ids, plain_grounds.sources);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.pool_part (
  source    smallint,
  language  text,
  viewer_id uuid,
  most      integer
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  pool uuid[] := (
    select suggestion_pools.profile_ids
    from private.suggestion_pools
    where suggestion_pools.source = pool_part.source and suggestion_pools.language = pool_part.language
  );
  start integer;
begin
  if pool is null then
    return '{}';
  end if;
  start := mod(private.suggestion_draw(viewer_id), cardinality(pool));
  return (pool[start + 1:] || pool[:start])[:most];
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_create_suggestion_turns()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.suggestion_turns (profile_id)
  select created.id from created;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_suggestion_pools()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  since_id bigint := private.first_id(now() - interval '30 days');
  written integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('suggestion pools', 0)) then
    return 0;
  end if;

  with known as materialized (
    select profiles.id, profiles.created_at, coalesce(counts.followers, 0) as followers, trust.weight
    from private.trust
    join public.profiles on profiles.id = trust.profile_id
    left join private.follow_counts as counts on counts.profile_id = profiles.id
    where trust.weight >= 0.05 and profiles.is_discoverable and profiles.is_private is false
  ),
  candidate as (
    (
      select 8 as source, known.id, (known.followers * known.weight)::bigint as rank
      from known
      where known.followers >= 3
      order by rank desc, known.id
      limit 5000
    )
    union all
    (
      select 7, known.id, extract(epoch from known.created_at)::bigint
      from known
      where known.created_at > now() - interval '14 days'
      order by known.created_at desc, known.id
      limit 1000
    )
  ),
  spoken as materialized (
    select candidate.source, candidate.id, candidate.rank, private.usual_language(candidate.id) as language
    from candidate
    join auth.users on users.id = candidate.id
    where users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (select true from private.activity(candidate.id, since_id))
  ),
  ranked as (
    select
      spoken.source, spoken_by.language, spoken.id,
      row_number() over (partition by spoken.source, spoken_by.language order by spoken.rank desc, spoken.id) as place
    from spoken
    cross join lateral (
      select '' as language
      union all
      select spoken.language
      where spoken.language is not null
    ) as spoken_by
  ),
  pool as materialized (
    select ranked.source, ranked.language, array_agg(ranked.id order by ranked.place) as profile_ids
    from ranked
    where ranked.place <= 200
    group by ranked.source, ranked.language
  ),
  ended as (
    delete from private.suggestion_pools
    where not exists (
      select from pool
      where pool.source = suggestion_pools.source and pool.language = suggestion_pools.language
    )
  )
  insert into private.suggestion_pools (source, language, profile_ids)
  select pool.source, pool.language, pool.profile_ids
  from pool
  on conflict on constraint suggestion_pools_pkey do update
  set profile_ids = excluded.profile_ids
  where suggestion_pools.profile_ids <> excluded.profile_ids;
  get diagnostics written = row_count;
  return written;
end;
$function$;

CREATE OR REPLACE FUNCTION private.rest_suggestions (
  profile_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held_ids uuid[];
begin
  held_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id = any (rest_suggestions.profile_ids)
    order by profiles.id
    for key share skip locked
  );
  delete from private.suggestion_lists
  where suggestion_lists.viewer_id = any (held_ids);
  update private.suggestion_turns
  set due_at = now() + interval '30 days'
  where suggestion_turns.profile_id = any (held_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_day (
  day text
)
  RETURNS bigint
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if day !~ '^\d{4}-\d{2}-\d{2}$' then
    raise sqlstate '22007';
  end if;
  return private.first_id((day || 'T00:00:00Z')::timestamptz);
exception when datetime_field_overflow or invalid_datetime_format then
  raise sqlstate 'PT400' using message = 'A date in a search is written YYYY-MM-DD', detail = 'search_date';
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_people (
  query     text,
  page_size integer
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_custom_plan'
  AS $function$
declare
  most constant integer := 150;
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  wanted text := private.folded(regexp_replace(btrim(search_people.query), '^@', ''));
  pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
  characters text[];
  found_ids uuid[];
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(search_people.page_size);
  if coalesce(char_length(wanted), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'Search for a name of 1 to 100 characters', detail = 'search_query';
  end if;
  characters := private.name_characters(wanted);

  select array_agg(distinct candidate.profile_id) into found_ids
  from (
    (
      select names.profile_id
      from public.follows
      join private.names on names.profile_id = follows.followee_id
      where follows.follower_id = viewer_id and names.is_searchable and names.name like '%' || pattern || '%'
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username = wanted
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.display_name like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where char_length(wanted) >= 3
        and names.is_searchable and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where cardinality(characters) > 0
        and names.is_searchable and private.name_characters(names.name) @> characters
        and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.profile_id = viewer_id and names.name like '%' || pattern || '%'
    )
  ) as candidate
  where candidate.profile_id <> all (hidden_ids);

  if char_length(wanted) >= 3 and coalesce(cardinality(found_ids), 0) < search_people.page_size then
    -- Half of the trigrams, as in alise for alice. This cannot be a set clause of the
    -- function: only a superuser may create it, unless the library is loaded already.
    perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
    found_ids := found_ids || array(
      select names.profile_id
      from private.names
      where names.is_searchable
        and wanted operator(extensions.<%) names.name
        and names.profile_id <> all (hidden_ids)
        and names.profile_id <> all (coalesce(found_ids, '{}'))
      limit most
    );
  end if;

  select array_agg(ranked.place order by ranked.place), array_agg(ranked.profile_id order by ranked.place)
  into row_ids, profile_ids
  from (
    select
      names.profile_id,
      row_number() over (
        order by
          names.username = wanted desc,
          names.username like pattern || '%' desc,
          names.name like '%' || pattern || '%' desc,
          case when names.name like '%' || pattern || '%' then 0
          else -round(extensions.word_similarity(wanted, names.name)::numeric, 1) end,
          exists (
            select from public.follows
            where follows.follower_id = viewer_id and follows.followee_id = names.profile_id
          ) desc,
          exists (
            select from public.follows
            where follows.follower_id = names.profile_id and follows.followee_id = viewer_id
          ) desc,
          follow_counts.followers * private.trust_of(names.profile_id) desc,
          follow_counts.followers desc,
          names.profile_id
      ) as place
    from unnest(found_ids) as found (id)
    join private.names on names.profile_id = found.id
    join private.follow_counts on follow_counts.profile_id = found.id
    order by place
    limit search_people.page_size
  ) as ranked;

  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_suggestions()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  most_daily constant integer := 20;
  room integer := most - private.waiting_jobs('suggestions', most);
  room_daily integer := room - (most - most_daily);
  changed_ids uuid[];
  due_ids uuid[];
  away_ids uuid[];
begin
  changed_ids := array(
    select turn.profile_id
    from private.suggestion_turns as turn
    where turn.changed_at <= now()
    order by turn.changed_at
    limit greatest(room, 0)
    for no key update skip locked
  );
  due_ids := array(
    select turn.profile_id
    from private.suggestion_turns as turn
    where turn.due_at <= now() and turn.changed_at is null
    order by turn.due_at
    limit greatest(room_daily - cardinality(changed_ids), 0)
    for no key update skip locked
  );
  away_ids := array(select due.id from unnest(due_ids) as due (id) where private.is_away(due.id));

  update private.suggestion_turns
  set changed_at = null, due_at = now() + interval '1 day',
      sent_at = case when suggestion_turns.profile_id = any (away_ids) then suggestion_turns.sent_at else now() end
  where suggestion_turns.profile_id = any (changed_ids || due_ids);
  if away_ids <> '{}' then
    perform private.rest_suggestions(away_ids);
  end if;

  perform private.send_job('suggestions', jsonb_build_object('profileId', sent.id), sent.id::text)
  from unnest(changed_ids || due_ids) with ordinality as sent (id, place)
  where sent.id <> all (away_ids)
  order by sent.place;
  return cardinality(changed_ids || due_ids) - cardinality(away_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_suggestions_and_ring()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  sent integer := private.send_suggestions();
begin
  if sent > 0 and exists (select from cron.job where job.jobname = 'ring-for-waiting-jobs') then
    perform private.ring_doorbell('suggestions');
  end if;
  return sent;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_chat_settings (
  who_writes     public.who_may,
  who_adds       public.who_may,
  shows_receipts boolean,
  shows_presence boolean
)
  RETURNS public.chat_settings
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.chat_settings;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'setting', 1);
  own := private.chat_settings_of(viewer_id);
  insert into private.chat_settings as known (user_id, who_writes, who_adds, shows_receipts, shows_presence)
  values (
    viewer_id,
    coalesce(set_chat_settings.who_writes, own.who_writes),
    coalesce(set_chat_settings.who_adds, own.who_adds),
    coalesce(set_chat_settings.shows_receipts, own.shows_receipts),
    coalesce(set_chat_settings.shows_presence, own.shows_presence)
  )
  on conflict on constraint chat_settings_pkey do update
  set who_writes = excluded.who_writes, who_adds = excluded.who_adds,
      shows_receipts = excluded.shows_receipts, shows_presence = excluded.shows_presence;
  if set_chat_settings.shows_receipts <> own.shows_receipts then
    perform private.switch_receipts(viewer_id);
  end if;
  return private.my_chat_settings();
end;
$function$;

CREATE OR REPLACE FUNCTION private.shows_receipts (
  member private.conversation_members
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return member.is_accepted and member.shows_receipts
    and coalesce(
      (
        select chat_settings.shows_receipts
        from private.chat_settings
        where chat_settings.user_id = member.user_id
      ),
      true
    )
    and (
      select private.has_receipts(conversations.member_count)
      from private.conversations
      where conversations.id = member.conversation_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.skip_computed_suggestions (
  worker_id  uuid,
  began_at   timestamp with time zone,
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  update private.suggestion_turns
  set due_at = skip_computed_suggestions.began_at + interval '1 day'
  where suggestion_turns.profile_id = skip_computed_suggestions.profile_id;
  update private.suggestion_pass
  set failed = suggestion_pass.failed + 1
  where suggestion_pass.worker_id = skip_computed_suggestions.worker_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.some_followees (
  profile_id uuid,
  most       integer
)
  RETURNS bytea
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  first_id uuid := md5(profile_id::text)::uuid;
begin
  return (
    select string_agg(uuid_send(chosen.followee_id), '')
    from (
      (
        select follows.followee_id from public.follows
        where follows.follower_id = some_followees.profile_id and follows.followee_id >= first_id
        order by follows.followee_id
        limit most
      )
      union all
      (
        select follows.followee_id from public.follows
        where follows.follower_id = some_followees.profile_id and follows.followee_id < first_id
        order by follows.followee_id
        limit most
      )
      limit most
    ) as chosen
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
  since_id bigint := private.first_id(now() - interval '30 days');
begin
  return array(
    select candidate.place
    from unnest(suggestible.profile_ids, suggestible.sources) with ordinality as candidate (id, source, place)
    join public.profiles on profiles.id = candidate.id
    join auth.users on users.id = candidate.id
    where candidate.id is distinct from suggestible.viewer_id
      and profiles.is_discoverable
      and (profiles.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profiles.created_at > now() - interval '14 days')
      and users.confirmed_at is not null
      and users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (
        select true from public.follows
        where follows.follower_id = suggestible.viewer_id and follows.followee_id = candidate.id
      ) is null
      and (
        select true from public.follow_requests
        where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = candidate.id
      ) is null
      and (
        select true from private.block_between(suggestible.viewer_id, candidate.id)
        limit 1
      ) is null
      and (
        select true from public.mutes
        where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = candidate.id
          and (mutes.muted_until is null or mutes.muted_until > now())
      ) is null
      and (
        select true from private.suggestion_dismissals as dismissal
        where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = candidate.id
          and dismissal.dismissed_until > now()
      ) is null
      and (candidate.source not in (2, 6, 7, 8) or (select true from private.trusted(candidate.id)))
      and (select true from private.activity(candidate.id, since_id))
    order by candidate.place
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_day()
  RETURNS date
  LANGUAGE sql
  STABLE
RETURN ((now() AT TIME ZONE 'UTC'::text))::date;

CREATE OR REPLACE FUNCTION private.suggestion_draw (
  viewer_id uuid
)
  RETURNS integer
  LANGUAGE sql
  STABLE
RETURN (hashtext(((viewer_id)::text || (private.suggestion_day())::text)) & 2147483647);

CREATE OR REPLACE FUNCTION private.suggestion_facts (
  viewer_id   uuid,
  profile_ids bytea
)
  RETURNS SETOF private.suggestion_facts
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return query
  select
    asked.place,
    coalesce(trust.weight, 0),
    coalesce(follow_counts.following, 0)::integer,
    coalesce(follow_counts.followers, 0)::integer,
    profiles.is_discoverable and not exists (
      select from public.follows
      where follows.follower_id = suggestion_facts.viewer_id and follows.followee_id = asked.id
    )
  from (
    select place, encode(substr(suggestion_facts.profile_ids, 1 + 16 * place::integer, 16), 'hex')::uuid as id
    from generate_series(0::bigint, length(suggestion_facts.profile_ids) / 16 - 1) as place
  ) as asked
  join public.profiles on profiles.id = asked.id
  left join private.follow_counts on follow_counts.profile_id = asked.id
  left join private.trust on trust.profile_id = asked.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_grounds (
  viewer_id    uuid,
  profile_ids  uuid[],
  sources      smallint[],
  followee_ids uuid[],
  follower_ids uuid[],
  tags         text[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
begin
  return query
  select found.*
  from private.direct_grounds(
    suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources,
    suggestion_grounds.followee_ids, suggestion_grounds.follower_ids
  ) as found
  where suggestion_grounds.sources && '{1,3,5}'
  union all
  select found.*
  from private.alongside_grounds(
    suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources, suggestion_grounds.followee_ids
  ) as found
  where suggestion_grounds.sources && '{4}'
  union all
  select found.*
  from private.tag_grounds(suggestion_grounds.profile_ids, suggestion_grounds.sources, suggestion_grounds.tags) as found
  where suggestion_grounds.sources && '{6}'
  union all
  select found.*
  from private.plain_grounds(suggestion_grounds.viewer_id, suggestion_grounds.profile_ids, suggestion_grounds.sources) as found
  where suggestion_grounds.sources && '{2,7,8}';
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_neighbourhood (
  profile_id uuid
)
  RETURNS SETOF private.neighbours
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
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
    select near.id, private.some_followees(near.id, most_followees) as members
    from near
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
  view private.suggestion_views;
  ordered private.suggestion_candidates;
begin
  select suggestion_views.* into view
  from private.suggestion_views
  where suggestion_views.viewer_id = suggestion_order.viewer_id;

  select
    array_agg(scored.id order by scored.score desc, scored.place),
    array_agg(scored.source order by scored.score desc, scored.place)
  into ordered
  from (
    select
      listed.id, listed.source, listed.place,
      listed.score * 0.5 ^ (coalesce(view.days[seen.place] - (view.last_days[seen.place] = today)::integer, 0) / 5) as score
    from private.suggestion_lists as list
    cross join unnest(list.profile_ids, list.sources, list.scores) with ordinality as listed (id, source, score, place)
    cross join lateral (select array_position(view.profile_ids, listed.id) as place) as seen
    where list.viewer_id = suggestion_order.viewer_id
  ) as scored;
  return (coalesce(ordered.profile_ids, '{}'), coalesce(ordered.sources, '{}'))::private.suggestion_candidates;
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
      array(
        select (person.id, person.username, person.display_name, person.avatar_url)::public.author
        from unnest((suggestion_rows.grounds[shown.place]).people) with ordinality as named (id, place)
        join public.profiles as person on person.id = named.id
        order by named.place
      ),
      (suggestion_rows.grounds[shown.place]).others,
      (suggestion_rows.grounds[shown.place]).tag
    )::public.suggestion_reason] || case
      when back.follows_you and shown.source <> 2
        then array[('follows_you', '{}', 0, null)::public.suggestion_reason]
    end
  from unnest(suggestion_rows.profile_ids, suggestion_rows.sources) with ordinality as shown (id, source, place)
  join public.profiles on profiles.id = shown.id
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
  newcomers uuid[];
  more private.suggestion_candidates;
  has_more boolean := false;
  followee_ids uuid[];
  follower_ids uuid[];
  tags text[];
  -- By place. Null: not asked yet. True: may be shown. False: may not, or is on the page already.
  is_left boolean[] := '{}';
  grounds private.suggestion_ground[] := '{}';
  ground private.suggestion_ground;
  explores boolean;
  barred smallint;
  first_newcomer integer;
  first_allowed integer;
  first_barred integer;
  next integer;
  asked integer[];
  asked_ids uuid[];
  asked_sources smallint[];
  fit integer[];
  page integer[] := '{}';
  filled integer := 0;
  batch integer;
begin
  perform private.check_page_size(suggestions.page_size);
  if private.hides_suggestions(viewer_id) then
    return;
  end if;
  select ordered.profile_ids, ordered.sources into ids, sources
  from private.suggestion_order(viewer_id) as ordered;
  listed := cardinality(ids);
  newcomers := private.pool_part(7::smallint, '', viewer_id, 6);
  ids := ids || newcomers;
  sources := sources || array_fill(7::smallint, array[cardinality(newcomers)]);

  while filled < suggestions.page_size loop
    -- Whose turn is it?
    barred := case when filled >= 2 and sources[page[filled]] = sources[page[filled - 1]] then sources[page[filled]] end;
    explores := mod(filled, 10) = explore_at and barred is distinct from 7;
    first_newcomer := null;
    first_allowed := null;
    first_barred := null;
    for place in 1..cardinality(ids) loop
      continue when is_left[place] is false;
      if explores and sources[place] = 7 then
        first_newcomer := place;
        exit;
      end if;
      continue when place > listed and not has_more;
      if sources[place] is distinct from barred then
        first_allowed := coalesce(first_allowed, place);
        exit when not explores;
      else
        first_barred := coalesce(first_barred, place);
      end if;
    end loop;
    next := coalesce(first_newcomer, first_allowed, first_barred);

    if next is null then
      exit when has_more;
      has_more := true;
      tags := coalesce(tags, private.tags_of_interest(viewer_id));
      more := private.more_people(viewer_id, tags);
      ids := ids || more.profile_ids;
      sources := sources || more.sources;
    elsif is_left[next] then
      page := page || next;
      filled := filled + 1;
      is_left[next] := false;
    else
      -- Ask about this person, and about those who come next: as many as the page needs. Somebody may be
      -- in the list and also among the others: only their first place counts.
      batch := case when first_newcomer is null then least(suggestions.page_size - filled, 20) + 1 else 3 end;
      asked := '{}';
      asked_ids := '{}';
      asked_sources := '{}';
      for place in next..cardinality(ids) loop
        continue when is_left[place] is not null;
        if first_newcomer is not null then
          continue when sources[place] <> 7;
        else
          continue when place > listed and not has_more;
        end if;
        is_left[place] := false;
        if array_position(ids, ids[place]) = place then
          asked := asked || place;
          asked_ids := asked_ids || ids[place];
          asked_sources := asked_sources || sources[place];
          exit when cardinality(asked) = batch;
        end if;
      end loop;

      if followee_ids is null and asked_sources && '{1,3,4}' then
        followee_ids := private.newest_followees(viewer_id);
      end if;
      if follower_ids is null and asked_sources && '{5}' then
        follower_ids := private.newest_followers(viewer_id);
      end if;
      if tags is null and asked_sources && '{6}' then
        tags := private.tags_of_interest(viewer_id);
      end if;
      fit := private.suggestible(viewer_id, asked_ids, asked_sources);
      for ground in
        select found.*
        from private.suggestion_grounds(
          viewer_id,
          array(select asked_ids[place] from unnest(fit) with ordinality as one (place, number) order by number),
          array(select asked_sources[place] from unnest(fit) with ordinality as one (place, number) order by number),
          followee_ids, follower_ids, tags
        ) as found
      loop
        next := asked[fit[ground.place]];
        grounds[next] := ground;
        is_left[next] := true;
      end loop;
    end if;
  end loop;

  return query
  select shown.*
  from private.suggestion_rows(
    viewer_id,
    array(select ids[place] from unnest(page) with ordinality as one (place, number) order by number),
    array(select sources[place] from unnest(page) with ordinality as one (place, number) order by number),
    array(select grounds[place] from unnest(page) with ordinality as one (place, number) order by number)
  ) as shown;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestions_seen (
  profile_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 300;
  most_days constant smallint := 1000;
  person_id uuid := private.viewer();
  today date := private.suggestion_day();
begin
  if cardinality(suggestions_seen.profile_ids) > 100 then
    raise sqlstate 'PT400' using message = 'A request names at most 100 people', detail = 'too_many_ids';
  end if;
  perform private.take_own_turn(person_id);
  perform private.charge(person_id, 'suggestion', 1);

  insert into private.suggestion_views (viewer_id, profile_ids, days, last_days)
  with known as (
    select view.id, view.days, view.last_day, view.place
    from private.suggestion_views
    cross join unnest(suggestion_views.profile_ids, suggestion_views.days, suggestion_views.last_days)
      with ordinality as view (id, days, last_day, place)
    where suggestion_views.viewer_id = person_id
  ),
  seen as (
    select distinct seen.id
    from unnest(suggestions_seen.profile_ids) as seen (id)
    where seen.id is not null
  ),
  merged as (
    select
      coalesce(known.id, seen.id) as id,
      case
        when seen.id is null or known.last_day = today then known.days
        else least(coalesce(known.days, 0) + 1, most_days)
      end as days,
      case when seen.id is null then known.last_day else today end as last_day,
      known.place
    from known
    full join seen on seen.id = known.id
  ),
  kept as (
    select merged.*
    from merged
    order by merged.last_day desc, merged.place desc nulls first, merged.id
    limit most
  )
  select
    person_id,
    coalesce(array_agg(kept.id order by kept.last_day, kept.place nulls last, kept.id), '{}'),
    coalesce(array_agg(kept.days::smallint order by kept.last_day, kept.place nulls last, kept.id), '{}'),
    coalesce(array_agg(kept.last_day order by kept.last_day, kept.place nulls last, kept.id), '{}')
  from kept
  on conflict on constraint suggestion_views_pkey do update
  set profile_ids = excluded.profile_ids, days = excluded.days, last_days = excluded.last_days;
  -- Somebody who was away for long has no list. They are back.
  perform private.wake_suggestions(person_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.switch_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  SET lock_timeout TO '200ms'
  AS $function$
declare
  most constant integer := 20;
  waiting private.receipt_switches;
  ids bigint[];
  next_id bigint;
  conversation private.conversations;
  member private.conversation_members;
begin
  select receipt_switches.* into waiting
  from private.receipt_switches
  where receipt_switches.due_at <= clock_timestamp()
  order by receipt_switches.due_at
  limit 1
  for update skip locked;
  if not found then
    return false;
  end if;
  ids := array(
    select members.conversation_id
    from private.conversation_members as members
    join private.conversations on conversations.id = members.conversation_id
    where members.user_id = waiting.user_id and members.conversation_id > waiting.after_id
      and members.is_accepted and members.shows_receipts and private.has_receipts(conversations.member_count)
    order by members.conversation_id
    limit most
  );
  begin
    foreach next_id in array ids loop
      select conversations.* into conversation
      from private.conversations
      where conversations.id = next_id
      for no key update;
      -- A new query, because it may have waited for the lock.
      select members.* into member
      from private.conversation_members as members
      where members.conversation_id = conversation.id and members.user_id = waiting.user_id;
      -- They left meanwhile.
      continue when not found;
      perform private.append_pointer_event(conversation, member);
    end loop;
    if cardinality(ids) < most then
      delete from private.receipt_switches
      where receipt_switches.user_id = waiting.user_id;
    else
      update private.receipt_switches
      set after_id = ids[most], due_at = clock_timestamp(), failures = 0
      where receipt_switches.user_id = waiting.user_id;
    end if;
  exception
    when lock_not_available then
      update private.receipt_switches
      set due_at = clock_timestamp()
      where receipt_switches.user_id = waiting.user_id;
    when others then
      raise warning 'The switch of receipts of % failed: % (%)', waiting.user_id, sqlerrm, sqlstate;
      update private.receipt_switches
      set failures = waiting.failures + 1, due_at = private.next_try_at(waiting.failures + 1)
      where receipt_switches.user_id = waiting.user_id;
  end;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.switch_receipts (
  user_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  stream private.streams;
begin
  insert into private.receipt_switches (user_id)
  values (switch_receipts.user_id)
  on conflict on constraint receipt_switches_pkey do update
  set after_id = 0, due_at = now(), failures = 0;

  select streams.* into stream
  from private.streams
  where streams.user_id = switch_receipts.user_id
  for no key update;
  if found then
    perform private.append_events(stream, 'start_over', array[null::bigint]);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tag_grounds (
  profile_ids uuid[],
  sources     smallint[],
  tags        text[]
)
  RETURNS SETOF private.suggestion_ground
  LANGUAGE plpgsql
  STABLE
  ROWS 10
  SET search_path TO ''
  AS $function$
begin
  return query
  select candidate.place::integer, '{}'::uuid[], 0, said.tag
  from unnest(tag_grounds.profile_ids, tag_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral (
    select post_tags.tag
    from (
      select posts.id, posts.is_open
      from public.posts
      where posts.author_id = candidate.id
      order by posts.id desc
      limit 50
    ) as written
    join public.post_tags on post_tags.post_id = written.id and post_tags.tag = any (tag_grounds.tags)
    where written.is_open
    group by post_tags.tag
    order by count(*) desc, post_tags.tag
    limit 1
  ) as said
  where candidate.source = 6;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tags_of_interest (
  viewer_id uuid
)
  RETURNS text[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select tag_follows.tag
    from public.tag_follows
    where tag_follows.user_id = tags_of_interest.viewer_id
    union
    select post_tags.tag
    from (
      select posts.id
      from public.posts
      where posts.author_id = tags_of_interest.viewer_id
      order by posts.id desc
      limit 20
    ) as written
    join public.post_tags on post_tags.post_id = written.id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell (
  conversation_id bigint,
  user_ids        uuid[],
  is_left         boolean DEFAULT false
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.tell_move (
  conversation private.conversations,
  old_epoch    integer,
  new_epoch    integer
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moved private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1, epoch = tell_move.new_epoch
  where conversations.id = conversation.id
  returning conversations.* into moved;
  insert into private.conversation_events (conversation_id, seq, kind)
  values (moved.id, moved.last_seq, 'moved');
  conversation.epoch := tell_move.old_epoch;
  perform private.send_event(
    conversation, moved.last_seq, 'moved', jsonb_build_object('topic', private.topic_of(moved))
  );

  perform private.tell(moved.id, array(
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = moved.id
  ));
  return moved;
end;
$function$;

CREATE OR REPLACE FUNCTION private.trusted (
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
    FROM private.trust
   WHERE ((trust.profile_id = trusted.profile_id) AND (trust.weight >= (0.05)::double precision));
END;

CREATE OR REPLACE FUNCTION private.turn_receipts (
  conversation private.conversations,
  count_before integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if private.has_receipts(count_before) <> private.has_receipts(conversation.member_count) then
    perform private.append_event(conversation, 'start_over');
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  return query
  select
    streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq),
    totals.messages, totals.message_requests
  from private.streams
  cross join lateral private.chat_totals(viewer_id) as totals
  where streams.user_id = viewer_id;
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
  SET enable_bitmapscan TO 'off'
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

CREATE OR REPLACE FUNCTION private.users_lock_out()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.move_conversations(array(
    select conversations.id
    from private.conversations
    where conversations.id in (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = new.id
    )
    order by conversations.id
    for no key update
  ));
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.usual_language (
  profile_id uuid
)
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return (
    select mode() within group (order by lower(private.trend_language(written.language)))
    from (
      select posts.language
      from public.posts
      where posts.author_id = usual_language.profile_id
      order by posts.id desc
      limit 20
    ) as written
    where written.language is not null
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.wake_suggestions (
  profile_id uuid
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 UPDATE private.suggestion_turns
  SET changed_at = now()
   WHERE
     ((suggestion_turns.profile_id = wake_suggestions.profile_id) AND (suggestion_turns.changed_at IS NULL) AND ((suggestion_turns.sent_at IS NULL) OR (suggestion_turns.sent_at <
     (now() - '1 day'::interval))) AND (NOT (EXISTS ( SELECT
            FROM private.suggestion_lists
           WHERE (suggestion_lists.viewer_id = wake_suggestions.profile_id)))));
END;

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
    returning computed.viewer_id, computed.profile_ids, computed.sources, computed.scores
  )
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores, computed_at)
  select taken.viewer_id, taken.profile_ids, taken.sources, taken.scores, now()
  from taken
  order by taken.viewer_id
  on conflict (viewer_id) do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores,
      computed_at = excluded.computed_at
  where (suggestion_lists.profile_ids, suggestion_lists.sources) is distinct from (excluded.profile_ids, excluded.sources);
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

CREATE OR REPLACE FUNCTION private.write_suggestion_list (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  scores      real[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores)
  select
    write_suggestion_list.viewer_id, write_suggestion_list.profile_ids, write_suggestion_list.sources,
    write_suggestion_list.scores
  from private.hold_person(write_suggestion_list.viewer_id)
  on conflict on constraint suggestion_lists_pkey do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores, computed_at = now()
  where (suggestion_lists.profile_ids, suggestion_lists.sources) is distinct from (excluded.profile_ids, excluded.sources);
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION public.dismiss_suggestion (
  profile_id uuid
)
  RETURNS timestamp WITH time zone
  LANGUAGE sql
RETURN private.dismiss_suggestion(profile_id);

REVOKE ALL ON FUNCTION "public"."dismiss_suggestion"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.people_like (
  profile_id uuid,
  page_size  integer DEFAULT 10
)
  RETURNS SETOF public.suggestion
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
 SELECT shown.profile,
     shown.is_private,
     shown.follows_you,
     shown.reasons
    FROM private.people_like(people_like.profile_id, people_like.page_size) shown(profile, is_private, follows_you, reasons);
END;

REVOKE ALL ON FUNCTION "public"."people_like"(uuid, integer) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.suggestions (
  page_size integer DEFAULT 10
)
  RETURNS SETOF public.suggestion
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
 SELECT shown.profile,
     shown.is_private,
     shown.follows_you,
     shown.reasons
    FROM private.suggestions(suggestions.page_size) shown(profile, is_private, follows_you, reasons);
END;

REVOKE ALL ON FUNCTION "public"."suggestions"(integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.suggestions_seen (
  profile_ids uuid[]
)
  RETURNS void
  LANGUAGE sql
RETURN private.suggestions_seen(profile_ids);

REVOKE ALL ON FUNCTION "public"."suggestions_seen"(uuid[]) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE PROCEDURE private.deliver_chat (
  IN at_most interval DEFAULT '00:00:05'::interval
)
  LANGUAGE plpgsql
  AS $procedure$
declare
  the_job constant bigint := pg_catalog.hashtextextended('deliver chat', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
  batches_of_tellings integer := 4;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.ring_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.switch_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  stops_at := pg_catalog.clock_timestamp() + interval '500 milliseconds';
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.move_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  commit;
  while batches_of_tellings > 0
    and pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.tell_batch()
  loop
    commit;
    batches_of_tellings := batches_of_tellings - 1;
  end loop;
end;
$procedure$;

ALTER TABLE "private"."conversation_moves"
  ADD CONSTRAINT "conversation_moves_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."failed_erasures"
  ADD CONSTRAINT "failed_erasures_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."receipt_switches"
  ADD CONSTRAINT "receipt_switches_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."suggestion_dismissals"
  ADD CONSTRAINT "suggestion_dismissals_profile_id_fkey" FOREIGN KEY (profile_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."suggestion_dismissals"
  ADD CONSTRAINT "suggestion_dismissals_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."suggestion_lists"
  ADD CONSTRAINT "suggestion_lists_viewer_id_fkey" FOREIGN KEY (viewer_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."suggestion_turns"
  ADD CONSTRAINT "suggestion_turns_profile_id_fkey" FOREIGN KEY (profile_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."suggestion_views"
  ADD CONSTRAINT "suggestion_views_viewer_id_fkey" FOREIGN KEY (viewer_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE VIEW "private"."allowances" WITH (security_invoker=on) AS  SELECT profiles.id AS profile_id,
    limits.action,
    COALESCE(own.per_minute,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_minute
            ELSE limits.per_minute
        END) AS per_minute,
    COALESCE(own.per_hour,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_hour
            ELSE limits.per_hour
        END) AS per_hour,
    COALESCE(own.per_day,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_day
            ELSE limits.per_day
        END) AS per_day
   FROM (((public.profiles
     CROSS JOIN private.limits)
     CROSS JOIN LATERAL ( SELECT private.is_newcomer(profiles.id, profiles.created_at) AS is_newcomer) account(is_new))
     LEFT JOIN private.limit_overrides own ON (((own.profile_id = profiles.id) AND (own.action = limits.action))));

CREATE INDEX conversation_moves_due_at_idx ON private.conversation_moves USING btree (due_at, conversation_id);

CREATE INDEX receipt_switches_due_at_idx ON private.receipt_switches USING btree (due_at);

CREATE INDEX suggestion_dismissals_profile_id_idx ON private.suggestion_dismissals USING btree (profile_id);

CREATE INDEX suggestion_turns_changed_at_idx ON private.suggestion_turns USING btree (changed_at)
  WHERE (changed_at IS NOT NULL);

CREATE INDEX suggestion_turns_due_at_idx ON private.suggestion_turns USING btree (due_at);

CREATE TRIGGER follows_turn_suggestions_deleted
  AFTER DELETE ON public.follows REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_turn_suggestions();

CREATE TRIGGER follows_turn_suggestions_inserted
  AFTER INSERT ON public.follows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_turn_suggestions();

CREATE TRIGGER profiles_create_suggestion_turns
  AFTER INSERT ON public.profiles REFERENCING NEW TABLE AS created
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.profiles_create_suggestion_turns();

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.suggestions_settings
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.suggestions_settings
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('setting');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.suggestions_settings
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('setting');

CREATE TRIGGER settle_insert AFTER INSERT ON public.suggestions_settings REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('setting');

CREATE TRIGGER settle_update AFTER UPDATE ON public.suggestions_settings REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('setting');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.suggestions_settings
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('setting', 'setting');

COMMENT ON COLUMN "private"."conversation_moves"."due_at" IS 'From when on the job tells of it. Later than now if that failed.';

COMMENT ON COLUMN "private"."conversation_moves"."epoch" IS 'The one that ended.';

COMMENT ON COLUMN "private"."conversation_moves"."failures" IS 'How often the job has failed. After 20 times the row waits for somebody to look at it.';

COMMENT ON COLUMN "private"."failed_erasures"."due_at" IS 'When the job tries again.';

COMMENT ON COLUMN "private"."failed_erasures"."failures" IS 'How often the job has failed. After 20 times the row waits for somebody to look at it.';

COMMENT ON COLUMN "private"."receipt_switches"."after_id" IS 'The conversations up to this one heard of it.';

COMMENT ON COLUMN "private"."receipt_switches"."due_at" IS 'From when on the job goes on. Later than now if that failed.';

COMMENT ON COLUMN "private"."receipt_switches"."failures" IS 'How often the job has failed. After 20 times the row waits for somebody to look at it.';

COMMENT ON COLUMN "private"."suggestion_dismissals"."times" IS 'How often this person was dismissed.';

COMMENT ON COLUMN "private"."suggestion_lists"."computed_at" IS 'When the list last changed.';

COMMENT ON COLUMN "private"."suggestion_lists"."sources" IS 'What speaks most for each person: the place in public.suggestion_kind.';

COMMENT ON COLUMN "private"."suggestion_pass"."failed" IS 'How many could not be written. They are tried again the next day.';

COMMENT ON COLUMN "private"."suggestion_pass"."leased_until" IS 'Another worker may take the pass after this. Each batch makes it longer.';

COMMENT ON COLUMN "private"."suggestion_pass"."mutual_share" IS 'The share of follows whose followee follows back, from 0 to 1, as the last pass measured it. Null if no pass ever ran.';

COMMENT ON COLUMN "private"."suggestion_pass"."people" IS 'How many lists the pass has computed.';

COMMENT ON COLUMN "private"."suggestion_pass"."worker_id" IS 'The worker that has the pass. Null if none has.';

COMMENT ON COLUMN "private"."suggestion_pass"."written" IS 'How many of them were new, and were written.';

COMMENT ON COLUMN "private"."suggestion_pools"."language" IS 'Without a region, as trends have it. Empty: the pool for everybody.';

COMMENT ON COLUMN "private"."suggestion_turns"."changed_at" IS 'When the list may be computed because the person followed or unfollowed somebody. Null if that has been done.';

COMMENT ON COLUMN "private"."suggestion_turns"."due_at" IS 'When the list is computed although nothing is known to have changed.';

COMMENT ON COLUMN "private"."suggestion_turns"."fingerprint" IS 'A hash of the people and sources of the list. The workers compare it, and write no list twice.';

COMMENT ON COLUMN "private"."suggestion_turns"."sent_at" IS 'When the last job was sent. The next one is sent ten seconds later at the earliest.';

COMMENT ON COLUMN "private"."suggestion_views"."days" IS 'On how many days each person was seen.';

COMMENT ON COLUMN "private"."suggestion_views"."last_days" IS 'The last of these days.';

COMMENT ON COLUMN "public"."suggestions_settings"."hides_suggestions" IS 'Whether you want no suggestions. Then suggestions() and people_like() answer nothing, and clients leave them out.';

COMMENT ON FUNCTION "private"."activity"(uuid, bigint) IS 'One row when somebody wrote, liked or followed something since the time of this id, or made their account since then.';

COMMENT ON FUNCTION "private"."alongside_grounds"(uuid, uuid[], smallint[], uuid[]) IS 'The grounds of the kind followed_alongside: the person, among these, who shares most followers with the candidate.';

COMMENT ON FUNCTION "private"."are_suggestions_due"(integer) IS 'Whether at least this number of people are due.';

COMMENT ON FUNCTION "private"."begin_suggestion_pass"(uuid, integer) IS 'Takes the pass, if at least this number of people are due and no other worker has it. Answers when it began, or null.';

COMMENT ON FUNCTION "private"."change_view"(bigint, uuid[], boolean) IS 'Makes some members of a conversation read its messages again.';

COMMENT ON FUNCTION "private"."chat_totals"(uuid) IS 'How many messages a person has not read, and how many requests have something unread. It looks at up to 200 conversations with unread messages, the youngest ones.';

COMMENT ON FUNCTION "private"."direct_grounds"(uuid, uuid[], smallint[], uuid[], uuid[]) IS 'The grounds of the kinds followed_by, both_follow and followers_follow. The newest follows are named first. People that the viewer mutes are neither named nor counted.';

COMMENT ON FUNCTION "private"."dismiss_suggestion"(uuid) IS 'What public.dismiss_suggestion() does.';

COMMENT ON FUNCTION "private"."end_suggestion_pass"(uuid) IS 'Gives the pass back.';

COMMENT ON FUNCTION "private"."followed_alike"(uuid, uuid) IS 'At most 200 people that at least two of the followers of somebody follow, the most alike first. Only follows that the viewer may see count.';

COMMENT ON FUNCTION "private"."follows_turn_suggestions"() IS 'Notes who follows or unfollows somebody, so that their list is computed again.';

COMMENT ON FUNCTION "private"."has_receipts"(integer) IS 'Whether a conversation with this number of members has receipts.';

COMMENT ON FUNCTION "private"."hidden_from"(uuid) IS 'The people who are hidden from the viewer: those the viewer blocks, and those who block the viewer. A person may be there twice.';

COMMENT ON FUNCTION "private"."hides_suggestions"(uuid) IS 'Whether the viewer wants no suggestions.';

COMMENT ON FUNCTION "private"."is_active"(uuid) IS 'Whether somebody wrote, liked or followed something in the last 30 days, or made their account in this time.';

COMMENT ON FUNCTION "private"."is_away"(uuid) IS 'Whether somebody has done nothing for 30 days, and had no session. Nobody computes suggestions for them until they come back.';

COMMENT ON FUNCTION "private"."is_newcomer"(uuid, timestamp with time zone) IS 'Whether an account is younger than a day, or younger than seven days and nobody trusted has had to do with it.';

COMMENT ON FUNCTION "private"."is_told_enough"(private.streams) IS 'Whether a stream had 10 events in this second. A job tells of the rest (55-notifications/44-delivery.sql).';

COMMENT ON FUNCTION "private"."many_grounds"(uuid, uuid[], smallint[]) IS 'The grounds of the kind many_follow: how many.';

COMMENT ON FUNCTION "private"."more_people"(uuid, text[]) IS 'At most 80 people to suggest beside a list. tags are those that interest the viewer.';

COMMENT ON FUNCTION "private"."move_batch"() IS 'Tells of one topic that ended. False when none waits.';

COMMENT ON FUNCTION "private"."move_conversations"(bigint[]) IS 'Ends the topics of conversations that the caller holds, and begins the next ones. If they are more than 20, the job tells of it.';

COMMENT ON FUNCTION "private"."mutual_share"() IS 'The share of follows whose followee follows back, from 0 to 1: of the last pass, or of about 1,000 follows.';

COMMENT ON FUNCTION "private"."newest_followees"(uuid) IS 'The newest 200 people that the viewer follows.';

COMMENT ON FUNCTION "private"."newest_followers"(uuid) IS 'The newest 200 followers of the viewer.';

COMMENT ON FUNCTION "private"."people_like"(uuid, integer) IS 'What public.people_like() answers.';

COMMENT ON FUNCTION "private"."plain_grounds"(uuid, uuid[], smallint[]) IS 'The grounds of the kinds follows_you, new_here and many_follow, which name nobody.';

COMMENT ON FUNCTION "private"."pool_part"(smallint, text, uuid, integer) IS 'Some people of a pool. They stay the same for a viewer until the day ends or the pool changes.';

COMMENT ON FUNCTION "private"."profiles_create_suggestion_turns"() IS 'Gives a new profile its turn.';

COMMENT ON FUNCTION "private"."refresh_suggestion_pools"() IS 'Computes the pools, and answers how many changed.';

COMMENT ON FUNCTION "private"."rest_suggestions"(uuid[]) IS 'Deletes the lists of people who are away, and looks at these people again in 30 days.';

COMMENT ON FUNCTION "private"."send_suggestions"() IS 'Sends jobs for people whose list has to be computed, at most 100. Answers how many. Deletes the lists of people who are away.';

COMMENT ON FUNCTION "private"."send_suggestions_and_ring"() IS 'What pg_cron calls: send_suggestions(), and a doorbell if it sent something.';

COMMENT ON FUNCTION "private"."skip_computed_suggestions"(uuid, timestamp with time zone, uuid) IS 'Says that the list of a person could not be written. It is tried again the next day.';

COMMENT ON FUNCTION "private"."some_followees"(uuid, integer) IS 'Up to most people that somebody follows, 16 bytes each, always the same ones.';

COMMENT ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[]) IS 'The places of those who may be suggested to the viewer now: not the viewer, not followed, requested, blocked either way, muted or dismissed, discoverable, confirmed, not banned, active in the last 30 days. The viewer is null when nobody is signed in.';

COMMENT ON FUNCTION "private"."suggestion_day"() IS 'The day for which a page of suggestions stays as it is, in UTC.';

COMMENT ON FUNCTION "private"."suggestion_draw"(uuid) IS 'A number that is different for each viewer and each day.';

COMMENT ON FUNCTION "private"."suggestion_facts"(uuid, bytea) IS 'The facts of each of these people, 16 bytes for each id. Nothing for somebody whose account has ended.';

COMMENT ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[], uuid[], uuid[], text[]) IS 'The grounds of these people, those of each by the source given. Nobody is in it whose reason is not true now, or not for the viewer to see.';

COMMENT ON FUNCTION "private"."suggestion_neighbourhood"(uuid) IS 'The follows around a person, at most 24,750 of them.';

COMMENT ON FUNCTION "private"."suggestion_order"(uuid) IS 'The list of the viewer, with those who were seen on five days or more moved down.';

COMMENT ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[]) IS 'The rows for these people, in the order given.';

COMMENT ON FUNCTION "private"."suggestions"(integer) IS 'What public.suggestions() answers.';

COMMENT ON FUNCTION "private"."suggestions_seen"(uuid[]) IS 'What public.suggestions_seen() does.';

COMMENT ON FUNCTION "private"."switch_batch"() IS 'Tells up to 20 conversations that a member switched receipts off or on. False when nobody waits.';

COMMENT ON FUNCTION "private"."switch_receipts"(uuid) IS 'Tells that somebody switched receipts off or on: their own devices now, and the others soon.';

COMMENT ON FUNCTION "private"."tag_grounds"(uuid[], smallint[], text[]) IS 'The grounds of the kind writes_about: the tag, among these, that is in most of the newest 50 posts.';

COMMENT ON FUNCTION "private"."tags_of_interest"(uuid) IS 'The tags that the viewer follows, and those in the newest 20 posts of the viewer.';

COMMENT ON FUNCTION "private"."tell"(bigint, uuid[], boolean) IS 'The streams of these people get an event about a conversation, when the transaction commits or a little later.';

COMMENT ON FUNCTION "private"."tell_move"(private.conversations, integer, integer) IS 'Tells the topic of one epoch that it ends, and the members that another epoch is the present one.';

COMMENT ON FUNCTION "private"."trusted"(uuid) IS 'One row when somebody is trusted enough to be suggested to strangers: a weight of a twentieth, see private.trust.';

COMMENT ON FUNCTION "private"."turn_receipts"(private.conversations, integer) IS 'Tells the members of a conversation that has receipts from now on, or no more. count_before: how many members it had.';

COMMENT ON FUNCTION "private"."usual_language"(uuid) IS 'The language of most of the newest 20 posts of somebody, without a region. Null if none of them says it.';

COMMENT ON FUNCTION "private"."wake_suggestions"(uuid) IS 'Has the list of somebody computed who is back and has none. At most once a day.';

COMMENT ON FUNCTION "private"."write_computed_suggestions"(uuid, timestamp with time zone, uuid[]) IS 'Writes the lists of a batch, and says that everybody in it had their turn. Answers how many lists were new.';

COMMENT ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[]) IS 'Replaces the list of somebody, and answers whether it changed. If the people, their order and their sources are the same, or if the account is gone, it writes nothing.';

COMMENT ON FUNCTION "public"."dismiss_suggestion"(uuid) IS 'Suggests this person to you no more, and answers until when: for 30 days, and twice as long each time you dismiss them again. While it lasts, a repeated call changes nothing.';

COMMENT ON FUNCTION "public"."people_like"(uuid, integer) IS 'People who are followed by the same people as this person, the most alike first. They are people that suggestions() may show you too. Nobody, if you may not look into the account. page_size is 1 to 100. There are no further pages.';

COMMENT ON FUNCTION "public"."suggestions"(integer) IS 'People that you may want to follow, the best first, each with reasons that are true now. They are the same all day, unless something changes. One in ten is new here. page_size is 1 to 100. There are no further pages.';

COMMENT ON FUNCTION "public"."suggestions_seen"(uuid[]) IS 'Says that you saw these suggestions, at most 100. It counts once a day for each person. Somebody you saw on five days and did not follow comes later in your suggestions from the next day on.';

COMMENT ON PROCEDURE "private"."deliver_chat"(interval) IS 'Rings bells, tells of topics that ended, and tells conversations and streams, batch by batch, until nothing is left or the time is over.';

COMMENT ON TABLE "private"."conversation_moves" IS 'The topics that ended, and whose listeners have not heard of it yet.';

COMMENT ON TABLE "private"."failed_erasures" IS 'The conversations in which the job could not erase messages.';

COMMENT ON TABLE "private"."limits" IS 'How often a person may do each action. The newcomer amounts are for newcomers: see is_newcomer(). A change here reaches everybody within an hour.';

COMMENT ON TABLE "private"."receipt_switches" IS 'The people who switched receipts off or on, and whose conversations have not all heard of it.';

COMMENT ON TABLE "private"."suggestion_dismissals" IS 'The people that somebody does not want to see suggested.';

COMMENT ON TABLE "private"."suggestion_lists" IS 'The people to suggest to somebody, at most 60, the best first. The three arrays belong together.';

COMMENT ON TABLE "private"."suggestion_pass" IS 'The last pass over everybody. One row.';

COMMENT ON TABLE "private"."suggestion_pools" IS 'Newcomers (7) and people that many follow (8), by language. refresh_suggestion_pools() writes it.';

COMMENT ON TABLE "private"."suggestion_turns" IS 'When the list of each person is computed. One row for each profile.';

COMMENT ON TABLE "private"."suggestion_views" IS 'The last 300 people that somebody saw among their suggestions.';

COMMENT ON TABLE "public"."suggestions_settings" IS 'Your settings of suggestions. Without a row, you get suggestions. Only you see it.';

COMMENT ON TYPE "private"."follow_side" IS 'followees: the people that somebody follows. followers: the people who follow them.';

COMMENT ON TYPE "private"."neighbours" IS 'Some of the followees or followers of a person. members has 16 bytes for each id.';

COMMENT ON TYPE "private"."suggestion_candidates" IS 'People, the best first, and the source of each.';

COMMENT ON TYPE "private"."suggestion_facts" IS 'What the ranking of suggestions knows of a person besides the follows around the viewer. place: where the person stands among those who were asked about. following, followers: how many, in the whole network. may_come: the viewer does not follow them, and they let themselves be suggested.';

COMMENT ON TYPE "private"."suggestion_ground" IS 'What a reason says about the person at a place.';

COMMENT ON TYPE "public"."job_kind" IS 'queue: jobs that workers do. maintenance: takes jobs back from workers that died, and deletes old ones. schedule: SQL that pg_cron runs, and what npm run worker does once a day.';

COMMENT ON TYPE "public"."suggestion" IS 'Somebody to follow, as lists of people show them. reasons: why, the strongest first. There is always one.';

COMMENT ON TYPE "public"."suggestion_kind" IS 'Why somebody is suggested. followed_by: people you follow follow them. follows_you: they follow you. both_follow: you both follow the same people. followed_alongside: people who follow somebody also follow them. followers_follow: your followers follow them. writes_about: they write about a tag that you follow or write about. new_here: their account is younger than two weeks. many_follow: many people follow them.';

COMMENT ON TYPE "public"."suggestion_reason" IS 'Why somebody is suggested. people: up to two people that the reason names. others: how many more there are. Only people whose follow you may see are named and counted.';

COMMENT ON VIEW "private"."allowances" IS 'How often each person may do each action: their own amounts, or the amounts for newcomers or for everybody else.';

REVOKE ALL ON FUNCTION "private"."activity"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."activity"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."activity"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."alongside_grounds"(uuid, uuid[], smallint[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."alongside_grounds"(uuid, uuid[], smallint[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."alongside_grounds"(uuid, uuid[], smallint[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."are_suggestions_due"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."are_suggestions_due"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."are_suggestions_due"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."begin_suggestion_pass"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."begin_suggestion_pass"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."begin_suggestion_pass"(uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."change_view"(bigint, uuid[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."chat_totals"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."direct_grounds"(uuid, uuid[], smallint[], uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."direct_grounds"(uuid, uuid[], smallint[], uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."direct_grounds"(uuid, uuid[], smallint[], uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."dismiss_suggestion"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."dismiss_suggestion"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."dismiss_suggestion"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."dismiss_suggestion"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."end_suggestion_pass"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_suggestion_pass"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."end_suggestion_pass"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."followed_alike"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."followed_alike"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."followed_alike"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follows_turn_suggestions"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follows_turn_suggestions"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follows_turn_suggestions"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."has_receipts"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."has_receipts"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."has_receipts"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hides_suggestions"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hides_suggestions"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hides_suggestions"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_active"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_active"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_active"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_away"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_away"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_away"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_newcomer"(uuid, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_newcomer"(uuid, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_newcomer"(uuid, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."many_grounds"(uuid, uuid[], smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."many_grounds"(uuid, uuid[], smallint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."many_grounds"(uuid, uuid[], smallint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."more_people"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."more_people"(uuid, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."more_people"(uuid, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."move_batch"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."move_batch"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."move_batch"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."move_conversations"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."move_conversations"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."move_conversations"(bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mutual_share"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."mutual_share"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mutual_share"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."newest_followees"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newest_followees"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newest_followees"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."newest_followers"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newest_followers"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newest_followers"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."people_like"(uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."people_like"(uuid, integer) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."people_like"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."people_like"(uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."plain_grounds"(uuid, uuid[], smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plain_grounds"(uuid, uuid[], smallint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."plain_grounds"(uuid, uuid[], smallint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."pool_part"(smallint, text, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pool_part"(smallint, text, uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."pool_part"(smallint, text, uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_create_suggestion_turns"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_create_suggestion_turns"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_create_suggestion_turns"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."refresh_suggestion_pools"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_suggestion_pools"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refresh_suggestion_pools"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."rest_suggestions"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."rest_suggestions"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."rest_suggestions"(uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_suggestions"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."send_suggestions"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_suggestions"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_suggestions_and_ring"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."send_suggestions_and_ring"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_suggestions_and_ring"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."skip_computed_suggestions"(uuid, timestamp WITH time zone, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."skip_computed_suggestions"(uuid, timestamp WITH time zone, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."skip_computed_suggestions"(uuid, timestamp WITH time zone, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."some_followees"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."some_followees"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."some_followees"(uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestible"(uuid, uuid[], smallint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_day"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_day"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_day"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_draw"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_draw"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_draw"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_facts"(uuid, bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_facts"(uuid, bytea) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_facts"(uuid, bytea) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[], uuid[], uuid[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[], uuid[], uuid[], text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_grounds"(uuid, uuid[], smallint[], uuid[], uuid[], text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_neighbourhood"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_neighbourhood"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_neighbourhood"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_order"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_order"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_order"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestion_rows"(uuid, uuid[], smallint[], private.suggestion_ground[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestions"(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."suggestions"(integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."suggestions"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestions"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."suggestions_seen"(uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."suggestions_seen"(uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."suggestions_seen"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."suggestions_seen"(uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."switch_batch"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."switch_batch"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."switch_batch"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."switch_receipts"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."switch_receipts"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."switch_receipts"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tag_grounds"(uuid[], smallint[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tag_grounds"(uuid[], smallint[], text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tag_grounds"(uuid[], smallint[], text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tags_of_interest"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tags_of_interest"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tags_of_interest"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell"(bigint, uuid[], boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell"(bigint, uuid[], boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell"(bigint, uuid[], boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell_move"(private.conversations, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_move"(private.conversations, integer, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell_move"(private.conversations, integer, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."trusted"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."trusted"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."trusted"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."turn_receipts"(private.conversations, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."turn_receipts"(private.conversations, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."turn_receipts"(private.conversations, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."usual_language"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."usual_language"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."usual_language"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."wake_suggestions"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."wake_suggestions"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."wake_suggestions"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_computed_suggestions"(uuid, timestamp WITH time zone, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_computed_suggestions"(uuid, timestamp WITH time zone, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_computed_suggestions"(uuid, timestamp WITH time zone, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_suggestion_list"(uuid, uuid[], smallint[], real[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."dismiss_suggestion"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."dismiss_suggestion"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."dismiss_suggestion"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."people_like"(uuid, integer) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."people_like"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."people_like"(uuid, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."suggestions"(integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."suggestions"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."suggestions"(integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."suggestions_seen"(uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."suggestions_seen"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."suggestions_seen"(uuid[]) TO "postgres";

REVOKE ALL ON TABLE "public"."suggestions_settings" FROM "authenticated";

REVOKE ALL ("hides_suggestions") ON TABLE "public"."suggestions_settings" FROM "authenticated";

GRANT INSERT ("hides_suggestions"), UPDATE ("hides_suggestions") ON TABLE "public"."suggestions_settings" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."suggestions_settings" TO "authenticated";

REVOKE ALL ON TABLE "public"."suggestions_settings" FROM "service_role";

REVOKE ALL ("hides_suggestions") ON TABLE "public"."suggestions_settings" FROM "service_role";

GRANT INSERT ("hides_suggestions"), UPDATE ("hides_suggestions") ON TABLE "public"."suggestions_settings" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."suggestions_settings" TO "service_role";

ALTER TABLE "public"."suggestions_settings"
  ADD CONSTRAINT "suggestions_settings_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE POLICY "people change their own settings of suggestions" ON "public"."suggestions_settings"
  FOR UPDATE
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)))
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people delete their own settings of suggestions" ON "public"."suggestions_settings"
  FOR DELETE
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read their own settings of suggestions" ON "public"."suggestions_settings"
  FOR SELECT
  TO "authenticated"
  USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people set their own settings of suggestions" ON "public"."suggestions_settings"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

COMMENT ON COLUMN "public"."suggestions_settings"."user_id" IS 'The person. When left out, it is you.';

REVOKE ALL ("user_id") ON TABLE "public"."suggestions_settings" FROM "authenticated";

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."suggestions_settings" TO "authenticated";

REVOKE ALL ("user_id") ON TABLE "public"."suggestions_settings" FROM "service_role";

GRANT INSERT ("user_id"), UPDATE ("user_id") ON TABLE "public"."suggestions_settings" TO "service_role";

-- Data ------------------------------------------------------------------------

insert into private.limits (
  action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
)
values
  ('suggestion',      60,   600,  3000,   60,  600,  3000);

insert into private.suggestion_pass default values;

insert into private.suggestion_turns (profile_id)
select profiles.id from public.profiles
on conflict do nothing;

do $$
begin
  perform pgboss.create_queue('suggestions', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5, "retryBackoff": true,
    "expireInSeconds": 60, "retentionSeconds": 3600, "deleteAfterSeconds": 3600
  }');
end;
$$;

do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule(
      'refresh-suggestion-pools', '6-59/10 * * * *',
      'set statement_timeout = ''2min''; select private.refresh_suggestion_pools()'
    );
  end if;
end;
$$;

do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('send-suggestions', '2 seconds', 'select private.send_suggestions_and_ring()');
  end if;
end;
$$;
