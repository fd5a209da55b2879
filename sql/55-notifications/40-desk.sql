/*
 * the desk
 *
 * What a delivery changes for one recipient. private.deliver() (44-delivery.sql) works for one
 * recipient after the other. It keeps what changes in a value of the type private.desk, and
 * writes the stream once, at the end.
 */

create type private.desk as (
  stream   private.streams,
  changed  bigint[],
  started  jsonb
);

comment on type   private.desk is 'The stream of a recipient during a delivery, and the groups that the delivery changed so far.';
comment on column private.desk.started is 'How the only group that changed looks, if the delivery started it. Otherwise null.';
revoke all on type private.desk from public;

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
  desk.started := null;
  return desk;
end;
$$;

comment on function private.regroup is 'Changes by how many notifications a group shows.';
revoke all on function private.regroup (private.desk, bigint, bigint) from public, anon, authenticated, service_role;
