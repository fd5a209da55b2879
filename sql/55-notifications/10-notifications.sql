/*
 * notifications
 *
 * A notification tells somebody (the recipient) that a person (the actor) did something (the
 * kind) with an object: a post, or nothing. There is exactly one for each recipient, kind,
 * actor and object. It lasts until its cause ends or its recipient may no longer see it
 * (30-rules.sql). Then it is withdrawn. If the actor does the same again within a day, the
 * withdrawn notification returns to its old place and notifies nobody. So nobody can notify
 * somebody again and again.
 *
 * Notifications of one kind about one object form a group as long as the group is unread. What
 * happens after that starts a new group.
 *
 * Only 40-desk.sql to 44-delivery.sql and 60-reading.sql write these tables, while they hold the
 * recipient's stream. So the counts are exact. There are no foreign keys: a deleted post or account is
 * looked at in the queue (20-queue.sql).
 */

create table private.notification_groups (
  group_id          bigint                    not null,
  recipient_id      uuid                      not null,
  kind              public.notification_kind  not null,
  object_id         bigint                    not null,
  draft_id          uuid,
  is_quiet          boolean                   not null,
  shown             bigint                    not null default 0 check (shown >= 0),
  latest_id         bigint                    not null,
  place             bigint,
  read_up_to        bigint                    not null default 0,
  is_marked_unread  boolean                   not null default false,

  constraint notification_groups_pkey primary key (recipient_id, group_id)
) with (fillfactor = 70);

comment on table  private.notification_groups is 'The groups in which notifications are listed.';
comment on column private.notification_groups.group_id is 'The id of the first notification of the group.';
comment on column private.notification_groups.object_id is 'The post it is about. 0: none.';
comment on column private.notification_groups.draft_id is 'The draft it is about, or null.';
comment on column private.notification_groups.is_quiet is 'Whether it is not counted as unread.';
comment on column private.notification_groups.shown is 'How many of its notifications are shown: neither withdrawn nor muted.';
comment on column private.notification_groups.latest_id is 'The newest notification that the group ever got. A page lists groups in this order. A group is read when everything up to this id is read.';
comment on column private.notification_groups.place is 'The place of the group in the list. Null: it is not listed. See private.regroup().';
comment on column private.notification_groups.read_up_to is 'Its notifications up to this id are read.';
comment on column private.notification_groups.is_marked_unread is 'Whether the recipient marked it as unread.';
revoke all on private.notification_groups from public, anon, authenticated, service_role;

-- The groups of a kind, as a page lists them.
create index notification_groups_recipient_id_kind_place_idx
  on private.notification_groups (recipient_id, kind, place desc) where place is not null;
-- The newest group about an object.
create index notification_groups_recipient_id_object_id_kind_idx
  on private.notification_groups (recipient_id, object_id, kind, group_id desc);
-- The groups that somebody marked as unread.
create index notification_groups_recipient_id_marked_idx
  on private.notification_groups (recipient_id, latest_id) where is_marked_unread;

create table private.notifications (
  id            bigint                    not null,
  group_id      bigint                    not null,
  recipient_id  uuid                      not null,
  kind          public.notification_kind  not null,
  actor_id      uuid                      not null,
  object_id     bigint                    not null,
  draft_id      uuid,
  is_muted      boolean                   not null default false,
  created_at    timestamptz               not null default now(),
  withdrawn_at  timestamptz,

  constraint notifications_pkey primary key (recipient_id, id),
  -- Also what one person caused for another.
  constraint notifications_once unique nulls not distinct (recipient_id, actor_id, kind, object_id, draft_id)
);

comment on table  private.notifications is 'A row for each thing that somebody did and somebody else is told.';
comment on column private.notifications.id is 'Made of the time. Higher than all earlier ids of the recipient. Others may have the same id.';
comment on column private.notifications.object_id is 'The post it is about. 0: none.';
comment on column private.notifications.draft_id is 'The draft it is about, or null.';
comment on column private.notifications.is_muted is 'Whether the recipient mutes the actor at present, notifications included.';
comment on column private.notifications.withdrawn_at is 'When it was withdrawn, or null.';
revoke all on private.notifications from public, anon, authenticated, service_role;

-- What a group shows, newest first.
create index notifications_group_id_id_shown_idx on private.notifications (recipient_id, group_id, id desc)
  where withdrawn_at is null and not is_muted;
-- The people who were notified of a post.
create index notifications_object_id_recipient_id_idx on private.notifications (object_id, recipient_id)
  where object_id <> 0;
-- Those that were withdrawn, to forget them.
create index notifications_withdrawn_at_idx on private.notifications (withdrawn_at) where withdrawn_at is not null;
