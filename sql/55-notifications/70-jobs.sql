/*
 * jobs
 *
 * The background work of notifications: the rest of the queue, fan-outs, mutes that end,
 * and what was withdrawn long ago.
 */

-- Waiting notices --------------------------------------------------------------

-- Each row with its number of failures. A row that never failed is due at once.
create function private.put_back(notices private.notice_queue[])
returns void
language sql
volatile
security invoker
begin atomic
  insert into private.notice_queue (
    recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left, failures, due_at
  )
  select
    notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
    notice.is_ended, true, notice.failures,
    case when notice.failures = 0 then clock_timestamp() else private.next_try_at(notice.failures) end
  from unnest(put_back.notices) as notice;
end;

comment on function private.put_back is 'Puts rows of the queue, which the caller has deleted, back into it. The job looks at them later.';
revoke all on function private.put_back (private.notice_queue[]) from public, anon, authenticated, service_role;

/*
 * The deletion of a post looks for the notifications of it, and does not find those that the
 * job adds at this moment. The same is true when an account becomes private. So the job holds
 * the post and the actor's account while it adds something about them. The deletion waits for
 * the job, and then finds all. If the deletion was first, the notice waits for a later batch.
 * The job never waits here, because it may hold the post or the account of somebody else.
 */
create function private.hold_subjects(notices private.notice_queue[])
returns private.notice_queue[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  held_posts bigint[] := array(
    select posts.id
    from public.posts
    where posts.id in (select notice.object_id from unnest(notices) as notice where notice.kind is not null)
    for key share skip locked
  );
  held_actors uuid[] := array(
    select profiles.id
    from public.profiles
    where profiles.id in (
      select notice.actor_id from unnest(notices) as notice where notice.kind is not null and notice.object_id <> 0
    )
    for share skip locked
  );
  free private.notice_queue[];
begin
  select array_agg(notice order by notice.xact, notice.id) into free
  from unnest(notices) as notice
  where notice.kind is null or notice.object_id = 0 or not (
    not notice.object_id = any (held_posts)
      and exists (select from public.posts where posts.id = notice.object_id)
    or not notice.actor_id = any (held_actors)
      and exists (select from public.profiles where profiles.id = notice.actor_id)
  );
  perform private.put_back(array(
    select notice
    from unnest(notices) as notice
    where (notice.xact, notice.id) not in (select held.xact, held.id from unnest(free) as held)
  ));
  return free;
end;
$$;

comment on function private.hold_subjects is 'Holds the posts and the actors of these rows of the queue until the transaction ends. Answers the rows, without those whose post or actor somebody changes at this moment. Puts these back into the queue.';
revoke all on function private.hold_subjects (private.notice_queue[]) from public, anon, authenticated, service_role;

-- If the rows fail together, the job takes one person at a time. So what fails for one person delays
-- nobody else. The order of people is the order of the locks on their streams.
create function private.try_deliver(notices private.notice_queue[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  own private.notice_queue[];
begin
  begin
    perform private.deliver(notices, true);
    return;
  exception when others then
    null;
  end;
  for own in
    select array_agg(notice order by notice.xact, notice.id)
    from unnest(notices) as notice
    group by notice.recipient_id
    order by notice.recipient_id
  loop
    begin
      perform private.deliver(own, true);
    exception when others then
      raise warning 'Notices of % failed: % (%)', own[1].recipient_id, sqlerrm, sqlstate;
      for i in 1..cardinality(own) loop
        own[i].failures := own[i].failures + 1;
      end loop;
      perform private.put_back(own);
    end;
  end loop;
end;
$$;

comment on function private.try_deliver is 'Looks at these rows of the queue, which the caller has deleted. If that fails for a person, only what it did for this person is undone, and their rows are due again later.';
revoke all on function private.try_deliver (private.notice_queue[]) from public, anon, authenticated, service_role;

-- A batch takes rows of the queue, and gives room to one fan-out: the one that is due longest.
-- So a large one does not delay a small one.
create function private.deliver_batch()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 100;
  notices private.notice_queue[];
  waiting private.fan_outs;
begin
  -- What this batch adds to the queue waits for a batch, too.
  perform set_config('plaza.leaves_notices', 'yes', true);

  with ended as (
    delete from private.mute_ends
    where (mute_ends.muter_id, mute_ends.muted_id) in (
      select over.muter_id, over.muted_id
      from private.mute_ends as over
      where over.muted_until <= now()
      order by over.muted_until
      limit most / 2
      for update skip locked
    )
    returning mute_ends.muter_id, mute_ends.muted_id
  )
  insert into private.notice_queue (recipient_id, actor_id)
  select ended.muter_id, ended.muted_id
  from ended;

  select fan_outs.* into waiting
  from private.fan_outs
  where fan_outs.due_at <= clock_timestamp()
  order by fan_outs.due_at, fan_outs.id
  limit 1
  for update skip locked;
  if found then
    perform private.try_fan_out(waiting, most / 2);
  end if;

  with taken as (
    delete from private.notice_queue
    where (notice_queue.xact, notice_queue.id) in (
      select first.xact, first.id
      from private.notice_queue as first
      where first.is_left and first.due_at <= clock_timestamp()
      order by first.due_at, first.xact, first.id
      limit most
      for update skip locked
    )
    returning notice_queue.*
  )
  select array_agg(taken) into notices
  from taken;
  notices := private.hold_subjects(notices);
  if notices is not null then
    perform private.try_deliver(notices);
  end if;
  return notices is not null or waiting.id is not null;
end;
$$;

comment on function private.deliver_batch is 'Looks at up to 100 waiting rows of the queue, and finds the next people of a fan-out. False when there was nothing to do.';
revoke all on function private.deliver_batch () from public, anon, authenticated, service_role;

-- It commits after each batch. So it holds the streams of at most 100 people at a time, and
-- only for a moment. Two runs never work at the same time. A procedure that commits cannot
-- set the search path. So every name has its schema.
create procedure private.deliver_waiting_notices(at_most interval default '10 seconds')
language plpgsql
security invoker
as $$
declare
  the_job constant bigint := pg_catalog.hashtextextended('deliver waiting notices', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.deliver_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$$;

comment on procedure private.deliver_waiting_notices is 'Looks at what waits in the queue, batch by batch, until nothing is left or the time is over.';
revoke all on procedure private.deliver_waiting_notices (interval) from public, anon, authenticated, service_role;

-- Old rows -------------------------------------------------------------------

-- A notification that was withdrawn a day ago cannot return to its place any more. A group
-- that is left with nothing is deleted too.
create function private.forget_withdrawn()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 500;
  forgotten integer;
begin
  perform
  from private.streams
  where streams.user_id in (
    select old.recipient_id
    from (
      select notifications.recipient_id
      from private.notifications
      where notifications.withdrawn_at < now() - interval '1 day'
      order by notifications.withdrawn_at
      limit most
    ) as old
  )
  order by streams.user_id
  for no key update;

  with old as (
    delete from private.notifications
    where (notifications.recipient_id, notifications.id) in (
      select withdrawn.recipient_id, withdrawn.id
      from private.notifications as withdrawn
      where withdrawn.withdrawn_at < now() - interval '1 day'
      order by withdrawn.withdrawn_at
      limit most
    )
    returning notifications.recipient_id, notifications.group_id, notifications.id
  ),
  emptied as (
    delete from private.notification_groups
    using old
    where notification_groups.recipient_id = old.recipient_id
      and notification_groups.group_id = old.group_id
      and notification_groups.shown = 0
      and not exists (
        select from private.notifications as left_over
        where left_over.recipient_id = old.recipient_id
          and left_over.group_id = old.group_id
          and (left_over.recipient_id, left_over.id) not in (select old.recipient_id, old.id from old)
      )
  )
  select count(*) into forgotten
  from old;
  return forgotten;
end;
$$;

comment on function private.forget_withdrawn is 'Deletes up to 500 notifications that were withdrawn more than a day ago, and answers how many.';
revoke all on function private.forget_withdrawn () from public, anon, authenticated, service_role;

-- Like deliver_waiting_notices().
create procedure private.forget_old_notices(at_most interval default '20 seconds')
language plpgsql
security invoker
as $$
declare
  the_job constant bigint := pg_catalog.hashtextextended('forget old notices', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.forget_events() + private.forget_withdrawn() > 0
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
end;
$$;

comment on procedure private.forget_old_notices is 'Deletes events and withdrawn notifications that are too old, batch by batch, until none is left or the time is over.';
revoke all on procedure private.forget_old_notices (interval) from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('deliver-waiting-notices', '2 seconds', 'call private.deliver_waiting_notices()');
    perform cron.schedule('forget-old-notices', '* * * * *', 'call private.forget_old_notices()');
  end if;
end;
$$;
