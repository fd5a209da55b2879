/*
 * streams
 *
 * A stream is a log of what happens to somebody: user:<id>. Its events are numbered 1, 2, 3
 * and so on without a gap, so a client that misses one knows it. The number is taken in the
 * transaction of what the event tells of, while the stream's row is locked. So numbers
 * follow commits.
 *
 * An event says what changed and not how it looks now. Its payload is made of the tables at
 * the moment when it is sent or read (55-notifications/50-groups.sql). So a client may apply
 * it twice, and an old event never shows what is hidden since.
 *
 * A stream is the last lock that a transaction takes: see 55-notifications/20-queue.sql. It
 * keeps its newest 10,000 events, and those for 30 days at most. docs/reference/streams.md
 * describes streams for clients.
 */

-- Tables ---------------------------------------------------------------------

-- There is no foreign key. It would lock the stream of a deleted account too early
-- (55-notifications/42-many-notifications.sql deletes it). Half of every page stays free, so that a
-- new version of a row fits beside the old one.
create table private.streams (
  user_id       uuid    primary key,
  last_seq      bigint  not null default 0,
  unread        bigint  not null default 0,
  requests      bigint  not null default 0,
  last_id       bigint  not null default 0,
  read_up_to    bigint  not null default 0,
  newest_group  bigint,
  told_second   bigint  not null default 0,
  told          integer not null default 0,

  -- One check, because Postgres reads and prepares each one again for every update.
  constraint streams_numbers check (least(last_seq, unread, requests) >= 0)
) with (fillfactor = 50);

comment on table  private.streams is 'A row for each person: the number of the last event of their stream, and what they have not read.';
comment on column private.streams.unread is 'How many groups of notifications are unread and counted.';
comment on column private.streams.requests is 'How many requests to follow them wait.';
comment on column private.streams.last_id is 'The highest id of a notification of theirs, ever.';
comment on column private.streams.read_up_to is 'Notifications with this id and lower ones are read.';
comment on column private.streams.newest_group is 'The group that has the highest latest_id, listed or not.';
comment on column private.streams.told_second is 'The second of the last event, as the number of seconds since 1970.';
comment on column private.streams.told is 'How many events it got in this second.';
revoke all on private.streams from public, anon, authenticated, service_role;

-- The time is that of the statement, so that a query can use it like a column.
create function private.is_told_enough(stream private.streams)
returns boolean
language sql
stable
security invoker
return stream.told >= 10 and stream.told_second = extract(epoch from statement_timestamp())::bigint;

comment on function private.is_told_enough is 'Whether a stream had 10 events in this second. A job tells of the rest (55-notifications/44-delivery.sql).';
revoke all on function private.is_told_enough (private.streams) from public, anon, authenticated, service_role;

create type private.event_kind as enum ('notification', 'read', 'unread', 'start_over', 'conversation');
comment on type private.event_kind is 'What an event of a stream tells.';
revoke all on type private.event_kind from public;

create table private.stream_events (
  user_id     uuid                not null,
  seq         bigint              not null,
  kind        private.event_kind  not null,
  subject     bigint,
  created_at  timestamptz         not null default now(),

  -- A stream, in order.
  primary key (user_id, seq)
);

comment on table  private.stream_events is 'The events of all streams.';
comment on column private.stream_events.subject is 'What changed. notification: the group. read: the id up to which all is read. conversation: which one.';
revoke all on private.stream_events from public, anon, authenticated, service_role;

-- The events that are too old.
create index stream_events_created_at_idx on private.stream_events (created_at);

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write streams.
create function private.profiles_create_stream()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.streams (user_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_stream is 'Starts the stream of a new person.';
revoke all on function private.profiles_create_stream () from public, anon, authenticated, service_role;

create trigger profiles_create_stream
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_stream();

-- Retention ------------------------------------------------------------------

-- A batch. 55-notifications/70-jobs.sql repeats it.
create function private.forget_events()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.forget_events is 'Deletes up to 2,000 events that are older than 30 days, and answers how many.';
revoke all on function private.forget_events () from public, anon, authenticated, service_role;

-- After a restore, a client may know numbers that mean something else by now. So each stream
-- leaves out a million numbers, and keeps no event from before them.
create function private.restart_streams()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  truncate private.stream_events;
  update private.streams
  set last_seq = streams.last_seq + 1000000;
end;
$$;

comment on function private.restart_streams is 'Makes every client start over. To be called after a backup was restored.';
revoke all on function private.restart_streams () from public, anon, authenticated, service_role;
