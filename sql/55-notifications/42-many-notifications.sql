/*
 * many notifications
 *
 * Withdraws or hides what one person caused for the recipient, or all about a post. Deletes what a
 * deleted account was told.
 */

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
