/*
 * delivery
 *
 * Looks at what is in the queue, and writes notifications, groups, counts and events. It
 * locks the streams of all recipients first, in the order of their ids.
 *
 * private.deliver() works for one recipient after the other. It keeps what changes in a
 * value of the type private.desk, and writes the stream once, at the end.
 */

create type private.desk as (
  stream   private.streams,
  changed  bigint[]
);

comment on type private.desk is 'The stream of a recipient during a delivery, and the groups that the delivery changed so far.';
revoke all on type private.desk from public;

-- Groups ---------------------------------------------------------------------

create function private.counts(listed private.notification_groups, read_up_to bigint)
returns boolean
language sql
immutable
security invoker
return not listed.is_quiet and listed.shown > 0
  and (listed.is_marked_unread or listed.latest_id > greatest(listed.read_up_to, counts.read_up_to));

comment on function private.counts is 'Whether a group counts as unread.';
revoke all on function private.counts (private.notification_groups, bigint) from public, anon, authenticated, service_role;

-- A withdrawn or muted notification takes nothing from latest_id.
create function private.regroup(desk private.desk, group_id bigint, step bigint)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.regroup is 'Changes by how many notifications a group shows.';
revoke all on function private.regroup (private.desk, bigint, bigint) from public, anon, authenticated, service_role;

-- One notification -----------------------------------------------------------

/*
 * Ids follow the order of the recipient's notifications, because a pointer says what is read.
 *
 * A page lists groups by latest_id. The index has place instead, because a row whose index
 * does not change is much cheaper to update: when a thousand people like a post, its group
 * stays the newest one. As long as it does, its place stays too. Another group that becomes
 * the newest gets a place above the latest_id of this one. So both have the same order.
 */
create function private.add_notification(
  desk private.desk, notice private.notice_queue, known_id bigint, group_kind public.notification_kind, is_quiet boolean,
  starts_muted boolean
)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.add_notification is 'Writes a new notification and puts it into a group. known_id is the withdrawn one that it replaces, or null.';
revoke all on function private.add_notification (
  private.desk, private.notice_queue, bigint, public.notification_kind, boolean, boolean
) from public, anon, authenticated, service_role;

create function private.look_at_one(desk private.desk, notice private.notice_queue)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.look_at_one is 'Adds a notification that should be there, or withdraws one that should not.';
revoke all on function private.look_at_one (private.desk, private.notice_queue) from public, anon, authenticated, service_role;

-- Many notifications ---------------------------------------------------------

-- It writes at most 1,000 notifications. A job looks at the rest later.
create function private.look_at_many(desk private.desk, notice private.notice_queue)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.look_at_many is 'Withdraws notifications that should not be there: all that an actor caused for the recipient, or all about an object. Hides those of an actor that the recipient mutes, and shows them again after the mute.';
revoke all on function private.look_at_many (private.desk, private.notice_queue) from public, anon, authenticated, service_role;

-- The groups are deleted at once, so the notifications in them are in no count any more.
create function private.forget_object(desk private.desk, notice private.notice_queue)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.forget_object is 'Deletes what the recipient was notified of a deleted post.';
revoke all on function private.forget_object (private.desk, private.notice_queue) from public, anon, authenticated, service_role;

create function private.forget_recipient(user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.forget_recipient is 'Deletes the stream and the notifications of a deleted account.';
revoke all on function private.forget_recipient (uuid) from public, anon, authenticated, service_role;

-- Events ---------------------------------------------------------------------

-- Also deletes the events that no longer fit. So a stream has at most 10,000.
create function private.append_events(stream private.streams, kind private.event_kind, subjects bigint[])
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
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
$$;

comment on function private.append_events is 'Writes a stream back, adds events about these subjects to it, and sends them. Answers the number of the last one.';
revoke all on function private.append_events (private.streams, private.event_kind, bigint[])
  from public, anon, authenticated, service_role;

-- Delivery -------------------------------------------------------------------

-- Here and below, a function is called by an assignment if it runs for every notification.
-- plpgsql runs an expression much faster than a statement.
create function private.close_desk(desk private.desk, before private.streams)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.close_desk is 'Writes what a delivery changed for its recipient, whose stream was like this before. Answers the number of their last event.';
revoke all on function private.close_desk (private.desk, private.streams) from public, anon, authenticated, service_role;

/*
 * Streams are locked one after the other, in the order of their people.
 *
 * A person whose post becomes popular gets very many notifications. If each took the stream
 * and told their client, everybody who likes the post would wait for the one before, and
 * Realtime would close the channel. So a transaction leaves what it adds for the job if the
 * stream is locked, or had 10 events in this second. The job adds many of them in one
 * transaction, and tells of each group once. A request to follow is counted, so it is never
 * left. A withdrawal is never left. It waits for the stream.
 */
create function private.deliver(notices private.notice_queue[], waits boolean)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
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
$$;

comment on function private.deliver is 'Looks at these rows of the queue, which the caller has deleted. Answers how many. With waits, it waits for a stream that is locked. Otherwise it leaves the rows about it for the job.';
revoke all on function private.deliver (private.notice_queue[], boolean) from public, anon, authenticated, service_role;

-- It runs when the transaction commits, once for each row of the queue. The first run does
-- all, and leaves what is too much. Definer, because nobody may write notifications.
create function private.notice_queue_deliver()
returns trigger
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
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
$$;

comment on function private.notice_queue_deliver is 'Looks at up to 100 rows that this transaction wrote to the queue, except those about a stream that is locked.';
revoke all on function private.notice_queue_deliver () from public, anon, authenticated, service_role;

create constraint trigger notice_queue_deliver
  after insert on private.notice_queue
  deferrable initially deferred
  for each row
  when (not new.is_left)
  execute function private.notice_queue_deliver();
