/*
 * queue
 *
 * Changes that may concern somebody's notifications. Triggers write a row here for each, and
 * 44-delivery.sql looks at it when the transaction commits. So a transaction locks streams
 * last, in the order of their people (00-foundations/30-turns.sql).
 *
 * A row says where to look, and not what to find. The function that looks decides from the
 * tables of that moment. So a row may be looked at late, twice, or after a newer one.
 *
 * A transaction looks at its first 100 rows itself. It leaves the rest, and a job looks at it
 * (70-jobs.sql). So one person who deletes a large account keeps nobody waiting.
 */

create table private.notice_queue (
  xact          xid8                      not null default pg_current_xact_id(),
  id            bigint                    generated always as identity,
  recipient_id  uuid                      not null,
  kind          public.notification_kind,
  actor_id      uuid,
  object_id     bigint                    not null default 0,
  draft_id      uuid,
  requests      integer                   not null default 0,
  is_ended      boolean                   not null default false,
  is_left       boolean                   not null
                default coalesce(current_setting('plaza.leaves_notices', true) = 'yes', false),
  due_at        timestamptz               not null default now(),
  failures      integer                   not null default 0,

  -- The rows of a transaction, in order.
  primary key (xact, id)
);

comment on table  private.notice_queue is 'Notifications to look at. With a kind: this notification. With an actor only: all that the actor caused for the recipient. With an object only: all about the object.';
comment on column private.notice_queue.xact is 'The transaction that wrote the row.';
comment on column private.notice_queue.requests is 'By how much the number of waiting requests to follow the recipient changes.';
comment on column private.notice_queue.is_ended is 'Whether the account of the recipient is deleted.';
comment on column private.notice_queue.is_left is 'Whether the job looks at the row, and not the transaction that wrote it. A transaction leaves what it writes during its own delivery.';
comment on column private.notice_queue.due_at is 'From when on the job looks at the row. Later than now if that failed.';
comment on column private.notice_queue.failures is 'How often the job has failed to look at the row. After 20 times it waits for somebody to look at it.';
revoke all on private.notice_queue from public, anon, authenticated, service_role;

-- What waits for the job. The other rows exist only while their transaction runs. So the job
-- does not read past them, even if a long backup keeps Postgres from removing them.
create index notice_queue_left_idx on private.notice_queue (due_at, xact, id) where is_left;
