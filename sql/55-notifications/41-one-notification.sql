/*
 * one notification
 *
 * Adds a notification that should be there, or withdraws one that should not (30-rules.sql). It
 * goes into a group (10-notifications.sql).
 */

/*
 * Ids follow the order of the recipient's notifications, because a pointer says what is read.
 *
 * A page lists groups by latest_id. The index has place instead, because a row whose index
 * does not change is much cheaper to update: when a thousand people like a post, its group
 * stays the newest one. As long as it does, its place stays too. Another group that becomes
 * the newest gets a place above the latest_id of this one. So both have the same order.
 */
create function private.add_notification(
  desk private.desk, notice private.notice_queue, actor public.author, known_id bigint,
  newest private.notification_groups, group_kind public.notification_kind, is_quiet boolean, starts_muted boolean
)
returns private.desk
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.add_notification is 'Writes a new notification and puts it into a group. known_id is the withdrawn one that it replaces, or null. newest is the newest group of this kind about the object, or null. actor is how the actor looks.';
revoke all on function private.add_notification (
  private.desk, private.notice_queue, public.author, bigint, private.notification_groups, public.notification_kind,
  boolean, boolean
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

  -- If it was withdrawn less than a day ago, it returns to its old place. So nobody can notify somebody again and
  -- again. But a draft fails again only if its author has edited it.
  if known.withdrawn_at > now() - interval '1 day' and notice.kind <> 'draft_failed' then
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
$$;

comment on function private.look_at_one is 'Adds a notification that should be there, or withdraws one that should not.';
revoke all on function private.look_at_one (private.desk, private.notice_queue) from public, anon, authenticated, service_role;
