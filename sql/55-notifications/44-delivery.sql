/*
 * delivery
 *
 * Looks at what is in the queue, and writes notifications, groups, counts and events. It
 * locks the streams of all recipients first, in the order of their ids.
 */

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
  most_events integer;
begin
  if cardinality(desk.changed) = 1 then
    return private.append_events(desk.stream, 'notification', desk.changed, desk.started);
  elsif cardinality(desk.changed) > 1 then
    most_events := 50;
    if cardinality(desk.changed) > most_events then
      return private.append_events(desk.stream, 'start_over', array[null::bigint]);
    end if;
    -- The order must not tell a block from a deleted account. So it is not the order of work.
    return private.append_events(
      desk.stream, 'notification', array(select unnest(desk.changed) as group_id order by group_id)
    );
  elsif (desk.stream).requests <> before.requests then
    return private.append_events(desk.stream, 'unread', array[null::bigint]);
  elsif (desk.stream).last_id <> before.last_id then
    update private.streams
    set last_id = (desk.stream).last_id, newest_group = (desk.stream).newest_group
    where streams.user_id = before.user_id;
  end if;
  return before.last_seq;
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
 * transaction, and tells of each group once. A withdrawal is not left for these reasons, and a
 * request to follow, which is counted, is not either: they wait for the stream.
 *
 * The 101st change of a transaction is left in any case. So a request can end before it is
 * counted. Then the number of requests would fall below 0: the step down waits for the job, too.
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
      desk := (before, '{}'::bigint[], null::jsonb);
    end if;
    if is_busy then
      insert into private.notice_queue (
        recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left
      )
      values (
        notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
        notice.is_ended, true
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
      if stream.requests >= 0 then
        desk.stream := stream;
      else
        -- The job may meet it before the request, too. Then it is due again later.
        notice.failures := notice.failures + deliver.waits::integer;
        perform private.put_back(array[notice]);
      end if;
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
  stream private.streams;
  leaves text;
  last_seq bigint;
  looked_at integer;
begin
  if new.is_left or current_setting('plaza.leaves_notices', true) = 'yes' then
    return null;
  end if;
  leaves := set_config('plaza.leaves_notices', 'yes', true);

  if not exists (
    select from private.notice_queue as another
    where another.xact = new.xact and another.id > new.id
  ) then
    -- Most transactions have one row, about a stream that is free. Then deliver() has nothing to sort.
    delete from private.notice_queue
    where notice_queue.xact = new.xact and notice_queue.id = new.id;
    select streams.* into stream
    from private.streams
    where streams.user_id = new.recipient_id
      and new.kind is not null and new.requests = 0
      and not private.is_told_enough(streams)
    for no key update skip locked;
    if found then
      last_seq := private.close_desk(private.look_at_one((stream, '{}', null), new), stream);
      return null;
    end if;
    notices := array[new];
  else
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
  end if;
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

-- Without a condition, because Postgres would read and prepare it again for every statement.
create constraint trigger notice_queue_deliver
  after insert on private.notice_queue
  deferrable initially deferred
  for each row
  execute function private.notice_queue_deliver();
