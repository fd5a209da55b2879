/*
 * reading
 *
 * How people read their notifications: a page of groups, the people of a group, and what
 * they have read. Everything up to a pointer is read. The pointer never goes back. A group
 * can be marked by itself, too.
 */

-- Types ----------------------------------------------------------------------

create type public.notification as (
  id           bigint,
  group_id     bigint,
  kind         public.notification_kind,
  count        bigint,
  actors       public.author[],
  post         public.card,
  draft_id     uuid,
  is_read      boolean,
  is_quiet     boolean,
  happened_at  timestamptz,
  fallback     text
);

comment on type public.notification is 'A group of notifications: the people who did one thing. count is how many, actors are the newest three. post is the post it is about, or null. is_quiet says that it is not counted as unread. fallback is a sentence for clients that do not know the kind.';
comment on column public.notification.id is 'The cursor: the id of the newest notification in the group. It grows when something is added.';
comment on column public.notification.group_id is 'The group. It never changes.';
comment on column public.notification.post is 'The post it is about, or null.';
comment on column public.notification.draft_id is 'The draft it is about, or null.';
comment on column public.notification.happened_at is 'When the newest of them happened.';

create type public.notification_actor as (
  id           bigint,
  profile      public.author,
  happened_at  timestamptz
);

comment on type public.notification_actor is 'A person of a group of notifications. id is the cursor.';

-- Pages ----------------------------------------------------------------------

-- Each kind has its groups in one index, and a page takes the newest of all of them. It reads
-- a few groups more than it shows: the post of one may be hidden by a switch of its author
-- that is not looked at yet (45-fan-outs.sql). Definer, because nobody may read the tables.
create function private.notifications_page(
  before bigint, after bigint, page_size integer, kinds public.notification_kind[]
)
returns setof public.notification
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
rows 20
as $$
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
$$;

comment on function private.notifications_page is 'What public.notifications() answers.';
revoke all on function private.notifications_page (bigint, bigint, integer, public.notification_kind[])
  from public, anon, authenticated, service_role;
grant execute on function private.notifications_page (bigint, bigint, integer, public.notification_kind[]) to authenticated;

create function public.notifications(
  before bigint default null,
  after bigint default null,
  page_size integer default 20,
  kinds public.notification_kind[] default null
)
returns setof public.notification
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.notifications_page(
    notifications.before, notifications.after, notifications.page_size, notifications.kinds
  ) as listed;
end;

comment on function public.notifications is 'Your notifications in groups, newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. kinds leaves out the others. page_size is 1 to 100.';
revoke all on function public.notifications (bigint, bigint, integer, public.notification_kind[])
  from public, anon, authenticated, service_role;
grant execute on function public.notifications (bigint, bigint, integer, public.notification_kind[]) to authenticated;

-- Definer, because nobody may read the tables.
create function private.notification_actors(group_id bigint, before bigint, page_size integer)
returns setof public.notification_actor
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
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
$$;

comment on function private.notification_actors is 'What public.notification_actors() answers.';
revoke all on function private.notification_actors (bigint, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.notification_actors (bigint, bigint, integer) to authenticated;

create function public.notification_actors(
  group_id bigint,
  before bigint default null,
  page_size integer default 20
)
returns setof public.notification_actor
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.notification_actors(
    notification_actors.group_id, notification_actors.before, notification_actors.page_size
  ) as listed;
end;

comment on function public.notification_actors is 'The people of a group of your notifications, newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';
revoke all on function public.notification_actors (bigint, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.notification_actors (bigint, bigint, integer) to authenticated;

-- Read and unread -------------------------------------------------------------

-- The budget is charged before the stream is locked, as by every other write.
create function private.hold_own_stream()
returns private.streams
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
    perform private.refuse_deleted_account();
  end if;
  return stream;
end;
$$;

comment on function private.hold_own_stream is 'Locks the viewer''s stream until the transaction ends. The error PT401 when the account is deleted.';
revoke all on function private.hold_own_stream () from public, anon, authenticated, service_role;

-- A group whose place is below the pointer may have newer notifications than the pointer:
-- only the first such group of each kind can (private.regroup). So it is looked at too.
create function private.count_unread(user_id uuid, read_up_to bigint)
returns bigint
language sql
stable
security invoker
return (
  select count(*)
  from unnest(enum_range(null::public.notification_kind)) as every (kind)
  cross join lateral (
    (
      select listed.group_id
      from private.notification_groups as listed
      where listed.recipient_id = count_unread.user_id
        and listed.kind = every.kind
        and listed.place > count_unread.read_up_to
        and private.counts(listed, count_unread.read_up_to)
    )
    union all
    (
      select last_read.group_id
      from (
        select listed.*
        from private.notification_groups as listed
        where listed.recipient_id = count_unread.user_id
          and listed.kind = every.kind
          and listed.place <= count_unread.read_up_to
        order by listed.place desc
        limit 1
      ) as last_read
      where not last_read.is_marked_unread
        and not last_read.is_quiet and last_read.shown > 0
        and last_read.latest_id > greatest(last_read.read_up_to, count_unread.read_up_to)
    )
  ) as unread
) + (
  select count(*)
  from private.notification_groups as marked
  where marked.recipient_id = count_unread.user_id
    and marked.is_marked_unread
    and marked.place <= count_unread.read_up_to
    and private.counts(marked, count_unread.read_up_to)
);

comment on function private.count_unread is 'How many groups are unread and counted, if everything up to the pointer is read.';
revoke all on function private.count_unread (uuid, bigint) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write the tables.
create function private.mark_read(up_to bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.mark_read is 'What public.mark_read() does.';
revoke all on function private.mark_read (bigint) from public, anon, authenticated, service_role;
grant execute on function private.mark_read (bigint) to authenticated;

create function public.mark_read(up_to bigint)
returns bigint
language sql
volatile
security invoker
return private.mark_read(mark_read.up_to);

comment on function public.mark_read is 'Marks as read: the group with this id, and all with a lower one. Answers how many are unread now. An earlier id changes nothing.';
revoke all on function public.mark_read (bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_read (bigint) to authenticated;

create function private.mark_group(id bigint, is_read boolean)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
      -- The newest notification of a group may be forgotten, because it was withdrawn. The group keeps its id.
      (
        select newest.group_id
        from unnest(enum_range(null::public.notification_kind)) as every (kind)
        cross join lateral (
          select listed.group_id, listed.latest_id
          from private.notification_groups as listed
          where listed.recipient_id = stream.user_id and listed.kind = every.kind
            and listed.place <= mark_group.id
          order by listed.place desc
          limit 1
        ) as newest
        where newest.latest_id = mark_group.id
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
$$;

comment on function private.mark_group is 'What public.mark_group_read() and public.mark_group_unread() do.';
revoke all on function private.mark_group (bigint, boolean) from public, anon, authenticated, service_role;
grant execute on function private.mark_group (bigint, boolean) to authenticated;

create function public.mark_group_read(id bigint)
returns boolean
language sql
volatile
security invoker
return private.mark_group(mark_group_read.id, true);

comment on function public.mark_group_read is 'Marks one group as read, up to the notification with this id. Notifications that were added since stay unread. False when there is no such group.';
revoke all on function public.mark_group_read (bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_group_read (bigint) to authenticated;

create function public.mark_group_unread(id bigint)
returns boolean
language sql
volatile
security invoker
return private.mark_group(mark_group_unread.id, false);

comment on function public.mark_group_unread is 'Marks one group as unread, until you mark it or everything as read. False when there is no such group.';
revoke all on function public.mark_group_unread (bigint) from public, anon, authenticated, service_role;
grant execute on function public.mark_group_unread (bigint) to authenticated;
