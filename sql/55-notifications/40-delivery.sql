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
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  return not listed.is_quiet and listed.shown > 0
    and (listed.is_marked_unread or listed.latest_id > greatest(listed.read_up_to, counts.read_up_to));
end;
$$;

comment on function private.counts is 'Whether a group counts as unread.';
revoke all on function private.counts (private.notification_groups, bigint) from public, anon, authenticated, service_role;

/*
 * A page lists groups by latest_id. The index has place instead, because a row whose index
 * does not change is much cheaper to update: when a thousand people like a post, its group
 * stays the newest one. As long as it does, its place stays too. Another group that becomes
 * the newest gets a place above the latest_id of this one. So both have the same order.
 */
create function private.regroup(desk private.desk, group_id bigint, step bigint, added_id bigint default null)
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
  if added_id is not null then
    changed.latest_id := added_id;
  end if;
  if changed.shown = 0 then
    changed.place := null;
  elsif changed.place is null or (added_id is not null and stream.newest_group is distinct from regroup.group_id) then
    changed.place := changed.latest_id;
  end if;
  update private.notification_groups
  set shown = changed.shown, latest_id = changed.latest_id, place = changed.place
  where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = regroup.group_id;

  if added_id is not null then
    stream.newest_group := regroup.group_id;
  end if;
  stream.unread := stream.unread
    + private.counts(changed, stream.read_up_to)::integer - counted_before::integer;
  desk.stream := stream;
  desk.changed := array_append(array_remove(desk.changed, regroup.group_id), regroup.group_id);
  return desk;
end;
$$;

comment on function private.regroup is 'Changes by how many notifications a group shows. added_id is a notification that is new in it.';
revoke all on function private.regroup (private.desk, bigint, bigint, bigint) from public, anon, authenticated, service_role;

-- One notification -----------------------------------------------------------

-- Ids follow the order of the recipient's notifications, because a pointer says what is read.
create function private.add_notification(
  desk private.desk, notice private.notice_queue, group_kind public.notification_kind, is_quiet boolean
)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  stream private.streams := desk.stream;
  starts_muted boolean := private.mutes_notifications(stream.user_id, notice.actor_id);
  newest private.notification_groups;
  new_id bigint := greatest(
    floor((extract(epoch from clock_timestamp()) - 1767225600) * 1000)::bigint << 12,
    stream.last_id + 1
  );
begin
  stream.last_id := new_id;
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
    newest.group_id := new_id;
    insert into private.notification_groups (group_id, recipient_id, kind, object_id, draft_id, is_quiet, latest_id)
    values (new_id, stream.user_id, group_kind, notice.object_id, notice.draft_id, add_notification.is_quiet, new_id);
  end if;

  insert into private.notifications as known (
    id, group_id, recipient_id, kind, actor_id, object_id, draft_id, is_muted
  )
  values (
    new_id, newest.group_id, stream.user_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id,
    starts_muted
  )
  on conflict on constraint notifications_once do update
  set id = excluded.id, group_id = excluded.group_id, is_muted = excluded.is_muted,
      created_at = excluded.created_at, withdrawn_at = null;

  desk.stream := stream;
  if not starts_muted then
    desk := private.regroup(desk, newest.group_id, 1, new_id);
  end if;
  return desk;
end;
$$;

comment on function private.add_notification is 'Writes a new notification and puts it into a group.';
revoke all on function private.add_notification (private.desk, private.notice_queue, public.notification_kind, boolean)
  from public, anon, authenticated, service_role;

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
  known private.notifications;
  preference public.notification_preferences;
  is_welcome boolean;
begin
  select notifications.* into known
  from private.notifications
  where notifications.recipient_id = notice.recipient_id
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

  preference := private.notification_preference(notice.recipient_id, notice.kind);
  is_welcome := private.comes_from(notice.recipient_id, preference.from_whom, notice.actor_id);
  if preference.delivery = 'off'
    or not is_welcome and notice.kind <> 'follow_request'
    or private.is_told_already(notice.recipient_id, notice.kind, notice.actor_id, notice.object_id)
    or notice.kind in ('like', 'repost', 'reply', 'quote', 'mention', 'edited')
      and private.mutes_thread_of(notice.recipient_id, notice.object_id)
  then
    return desk;
  end if;

  -- What was withdrawn within a day returns to its old place.
  if known.withdrawn_at > now() - interval '1 day' and exists (
    select from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.group_id = known.group_id
  ) then
    known.is_muted := private.mutes_notifications(notice.recipient_id, notice.actor_id);
    update private.notifications
    set withdrawn_at = null, is_muted = known.is_muted
    where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
    if not known.is_muted then
      desk := private.regroup(desk, known.group_id, 1);
    end if;
    return desk;
  end if;

  return private.add_notification(
    desk, notice,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome
  );
end;
$$;

comment on function private.look_at_one is 'Adds a notification that should be there, or withdraws one that should not.';
revoke all on function private.look_at_one (private.desk, private.notice_queue) from public, anon, authenticated, service_role;

-- Many notifications ---------------------------------------------------------

-- What is left over is looked at by a job: no transaction writes more than 1,000 of them.
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

comment on function private.look_at_many is 'Withdraws notifications that should not be there: all that an actor caused for the recipient, or all about an object. Hides or shows those of an actor whom the recipient mutes or no longer mutes.';
revoke all on function private.look_at_many (private.desk, private.notice_queue) from public, anon, authenticated, service_role;

-- The groups go at once. What was in them is in no count any more.
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
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 10000;
  added integer := cardinality(subjects);
  place bigint := stream.last_seq;
  about bigint;
begin
  update private.streams
  set last_seq = stream.last_seq + added, unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group
  where streams.user_id = stream.user_id;

  foreach about in array subjects loop
    place := place + 1;
    insert into private.stream_events (user_id, seq, kind, subject)
    values (stream.user_id, place, append_events.kind, about);
    perform realtime.send(
      jsonb_build_object(
        'seq', place,
        'kind', append_events.kind,
        'payload', private.event_payload(stream.user_id, append_events.kind, about)
      ),
      'event', 'user:' || stream.user_id, true
    );
  end loop;

  if place > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= place - most and stream_events.seq > place - most - added;
  end if;
end;
$$;

comment on function private.append_events is 'Writes a stream back, adds events about these subjects to it, and sends them.';
revoke all on function private.append_events (private.streams, private.event_kind, bigint[])
  from public, anon, authenticated, service_role;

-- Delivery -------------------------------------------------------------------

create function private.deliver(notices private.notice_queue[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_events constant integer := 50;
  notice private.notice_queue;
  desk private.desk;
  before private.streams;
  stream private.streams;
  recipient uuid;
begin
  perform
  from private.streams
  where streams.user_id in (select looked.recipient_id from unnest(notices) as looked)
  order by streams.user_id
  for no key update;

  for recipient in
    select distinct looked.recipient_id
    from unnest(notices) as looked
    order by 1
  loop
    select streams.* into before
    from private.streams
    where streams.user_id = recipient;
    desk := (before, '{}'::bigint[]);

    for notice in
      select looked.*
      from unnest(notices) as looked
      where looked.recipient_id = recipient
      order by looked.is_ended, looked.kind, looked.id
    loop
      if notice.is_ended then
        perform private.forget_recipient(recipient);
        before := null;
      end if;
      -- The account is deleted.
      continue when before.user_id is null;

      stream := desk.stream;
      stream.requests := stream.requests + notice.requests;
      desk.stream := stream;
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
    continue when before.user_id is null;

    stream := desk.stream;
    if cardinality(desk.changed) > most_events then
      perform private.append_events(stream, 'start_over', array[null::bigint]);
    elsif cardinality(desk.changed) > 0 then
      perform private.append_events(stream, 'notification', desk.changed);
    elsif stream.requests <> before.requests then
      perform private.append_events(stream, 'unread', array[null::bigint]);
    elsif stream.last_id <> before.last_id then
      update private.streams
      set last_id = stream.last_id
      where streams.user_id = recipient;
    end if;
  end loop;
end;
$$;

comment on function private.deliver is 'Looks at these rows of the queue, which the caller has deleted.';
revoke all on function private.deliver (private.notice_queue[]) from public, anon, authenticated, service_role;

-- It runs when the transaction commits, once for each row of the queue. The first run does
-- all, and leaves what is too much. Definer, because nobody may write notifications.
create function private.deliver_own_notices()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  most constant integer := 100;
  notices private.notice_queue[];
begin
  if current_setting('plaza.leaves_notices', true) = 'yes' then
    return null;
  end if;
  perform set_config('plaza.leaves_notices', 'yes', true);

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
  perform private.deliver(notices);
  return null;
end;
$$;

comment on function private.deliver_own_notices is 'Looks at up to 100 rows that this transaction wrote to the queue.';
revoke all on function private.deliver_own_notices () from public, anon, authenticated, service_role;

create constraint trigger deliver_own_notices
  after insert on private.notice_queue
  deferrable initially deferred
  for each row
  when (not new.is_left)
  execute function private.deliver_own_notices();
