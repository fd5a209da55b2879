/*
 * sync
 *
 * What a client asks to miss nothing: sync() answers what is newer in each stream, and
 * unread() the numbers to compare with. Each answer is from one moment. Broadcasts only tell
 * a client sooner (53-streams). docs/how-to/stay-in-sync.md says how to use them.
 */

-- Sync -----------------------------------------------------------------------

create function private.cursor_of(cursors jsonb, stream text)
returns bigint
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if jsonb_typeof(cursors) is distinct from 'object' or exists (
    select
    from jsonb_each(cursors) as one
    where jsonb_typeof(one.value) <> 'null'
      and (jsonb_typeof(one.value) <> 'number' or one.value #>> '{}' !~ '^[0-9]{1,18}$')
  ) then
    raise sqlstate 'PT400' using
      message = 'Cursors are an object with a whole number, or null, for each stream', detail = 'cursors_format';
  end if;
  return cursors ->> cursor_of.stream;
end;
$$;

comment on function private.cursor_of is 'The cursor of a stream, or null. The error PT400 unless cursors is an object of numbers and nulls.';
revoke all on function private.cursor_of (jsonb, text) from public, anon, authenticated, service_role;

-- Definer, because nobody may read streams.
create function private.sync_user(cursors jsonb, page_size integer)
returns public.stream_page
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  page public.stream_page;
  stream private.streams;
  hidden_ids uuid[];
  group_ids bigint[];
begin
  page.stream := 'user:' || viewer_id;
  page.cursor := private.cursor_of(sync_user.cursors, page.stream);
  page.events := '[]';
  page.has_more := false;
  if sync_user.page_size is null or sync_user.page_size not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A page of events has 1 to 500', detail = 'page_size_range';
  end if;

  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id;
  if not found then
    perform private.refuse_deleted_account();
  end if;

  hidden_ids := array(select private.hidden_ids(viewer_id));
  page.start_over := page.cursor is null or page.cursor > stream.last_seq or page.cursor < stream.last_seq and not exists (
    select from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq = page.cursor + 1
  );
  if page.start_over then
    page.cursor := stream.last_seq;
    group_ids := array(
      select listed.group_id
      from private.notifications_page(null, null, 20, null) as listed
    );
    page.snapshot := jsonb_build_object(
      'notifications', coalesce(
        (
          select jsonb_agg(payloads.payload order by (payloads.payload ->> 'id')::bigint desc)
          from private.group_payloads(stream, hidden_ids, group_ids) as payloads
        ),
        '[]'
      ),
      'unread', private.unread_numbers(stream)
    );
    return page;
  end if;

  -- Several events may be about one group. Each group is made once.
  with newer as materialized (
    select stream_events.seq, stream_events.kind, stream_events.subject
    from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq > page.cursor
    order by stream_events.seq
    limit sync_user.page_size
  ),
  payload as materialized (
    select payloads.group_id, payloads.payload
    from (
      select array_agg(distinct newer.subject) as group_ids
      from newer
      where newer.kind = 'notification'
    ) as changed
    cross join lateral private.group_payloads(stream, hidden_ids, changed.group_ids) as payloads
  )
  select
    coalesce(max(newer.seq), page.cursor),
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'seq', newer.seq,
          'kind', newer.kind,
          'payload', private.event_payload(newer.kind, newer.subject, payload.payload, stream)
        )
        order by newer.seq
      ),
      '[]'
    )
  into page.cursor, page.events
  from newer
  left join payload on payload.group_id = newer.subject and newer.kind = 'notification';
  page.has_more := page.cursor < stream.last_seq;
  return page;
end;
$$;

comment on function private.sync_user is 'The newer events of the viewer''s own stream.';
revoke all on function private.sync_user (jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function private.sync_user (jsonb, integer) to authenticated;

create function public.sync(cursors jsonb default '{}', page_size integer default 200)
returns setof public.stream_page
language sql
stable
security invoker
rows 10
begin atomic
  select own.*
  from private.sync_user(sync.cursors, sync.page_size) as own
  union all
  select named.*
  from private.sync_conversations(sync.cursors, sync.page_size) as named;
end;

comment on function public.sync is 'The newer events of your streams. cursors has the last number that you know of each stream, such as {"user:…": 17}. Name up to 100 conversations. Null asks for a snapshot. Answers a row for your own stream, and for each of these that you may read. page_size is 1 to 500 events of a stream.';
revoke all on function public.sync (jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function public.sync (jsonb, integer) to authenticated;

-- Unread ---------------------------------------------------------------------

create type public.unread_counts as (
  notifications     bigint,
  requests          bigint,
  cursors           jsonb,
  messages          bigint,
  message_requests  bigint
);

comment on type public.unread_counts is 'How many groups of notifications are unread, and how many requests to follow you wait. How many messages are unread in conversations that are neither muted nor archived, and how many requests to write to you have unread messages. cursors has the newest number of your stream.';

-- Definer, because nobody may read streams. Without bitmaps, because they read the messages
-- themselves. Postgres prefers them to the index of unread messages when much was written lately.
-- Most people have no unread message. For them, the first query is all.
create function private.unread()
returns public.unread_counts
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
declare
  viewer_id uuid := private.viewer();
  noted_ids bigint[];
  answer public.unread_counts;
begin
  select
    streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq), 0, 0,
    array(select noted.id from private.noted_conversations(viewer_id) as noted (id))
  into
    answer.notifications, answer.requests, answer.cursors, answer.messages, answer.message_requests, noted_ids
  from private.streams
  where streams.user_id = viewer_id;
  if not found then
    perform private.refuse_deleted_account();
  end if;
  if cardinality(noted_ids) > 0 then
    select totals.messages, totals.message_requests into answer.messages, answer.message_requests
    from private.chat_totals(viewer_id, noted_ids) as totals;
  end if;
  return answer;
end;
$$;

comment on function private.unread is 'What public.unread() answers. The error PT401 when the account is deleted.';
revoke all on function private.unread () from public, anon, authenticated, service_role;
grant execute on function private.unread () to authenticated;

create function public.unread()
returns setof public.unread_counts
language sql
stable
security invoker
rows 1
begin atomic
  select counts.*
  from private.unread() as counts;
end;

comment on function public.unread is 'How much is unread, in one row. It is cheap: ask it once a minute, and call sync() when a cursor is newer than yours.';
revoke all on function public.unread () from public, anon, authenticated, service_role;
grant execute on function public.unread () to authenticated;
