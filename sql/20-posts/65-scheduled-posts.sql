/*
 * scheduled posts
 *
 * How drafts become posts at their time. Authors wait in a queue. Each author is in it
 * once. Every run serves the authors who have waited longest. So an author with many
 * drafts that are due delays nobody.
 */

-- Table ----------------------------------------------------------------------

create table private.draft_queue (
  author_id  uuid         primary key references public.profiles (id) on delete cascade,
  due_at     timestamptz  not null
);

comment on table private.draft_queue is 'Authors with scheduled drafts. Each author waits for a run from due_at on.';
revoke all on private.draft_queue from public, anon, authenticated, service_role;

-- The authors who have waited longest.
create index draft_queue_due_at_idx on private.draft_queue (due_at);

-- Triggers -------------------------------------------------------------------

-- With a publish_at in the past, the author waits from now on and overtakes nobody. An
-- author who already waits keeps their place. If an author deletes or delays a draft, the
-- queue does not change: the next run notices it.
-- Definer, because nobody may write the queue.
create function private.drafts_queue()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.draft_queue as waiting (author_id, due_at)
  values (new.author_id, greatest(new.publish_at, now()))
  on conflict (author_id) do update
  set due_at = excluded.due_at
  where waiting.due_at > excluded.due_at;
  return null;
end;
$$;

comment on function private.drafts_queue is 'Puts the author of a scheduled draft into the queue.';
revoke all on function private.drafts_queue () from public, anon, authenticated, service_role;

create trigger drafts_queue
  after insert or update on public.drafts
  for each row
  when (new.publish_at is not null and new.failed_at is null)
  execute function private.drafts_queue();

-- Publishing -----------------------------------------------------------------

create function private.require_active_account(profile_id uuid)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if not exists (
    select from auth.users
    where users.id = require_active_account.profile_id
      and (users.banned_until is null or users.banned_until < now())
      and users.deleted_at is null
      and users.confirmed_at is not null
  ) then
    raise sqlstate 'PT403' using
      message = 'The account is banned, deleted or not confirmed', detail = 'account_inactive';
  end if;
end;
$$;

comment on function private.require_active_account is 'Raises the error PT403 unless the person could sign in now.';
revoke all on function private.require_active_account (uuid) from public, anon, authenticated, service_role;

-- Publishes one draft in the name of its author, so that it spends their budget. If the
-- draft fails, only its own changes are undone.
create function private.publish_due_draft(draft public.drafts, out is_published boolean, out put_off_until timestamptz)
returns record
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  message text;
  code text;
  state text;
  post_id bigint;
begin
  perform set_config(
    'request.jwt.claims', jsonb_build_object('sub', draft.author_id, 'role', 'authenticated')::text, true
  );
  begin
    perform private.require_active_account(draft.author_id);
    post_id := private.publish(draft);
    insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
    values (draft.author_id, 'draft_published', draft.author_id, post_id);
    is_published := true;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, code = pg_exception_detail;
    is_published := false;
  end;
  perform set_config('request.jwt.claims', '', true);

  if is_published then
    null;
  elsif state = 'PGRST' then
    -- The budget is used up: see refuse_rate().
    put_off_until := message::jsonb ->> 'hint';
  elsif left(state, 2) in ('40', '53', '55', '57', '58') then
    -- The trouble will probably pass: rolled back, out of resources, locked, interrupted,
    -- a broken server.
    put_off_until := now() + interval '1 minute';
  else
    update public.drafts
    set failed_at = now(), failure = case when state like 'PT%' then code else state end
    where drafts.id = draft.id;
  end if;
end;
$$;

comment on function private.publish_due_draft is 'Publishes a draft. If it cannot, it notes why, or answers until when the author has to wait.';
revoke all on function private.publish_due_draft (public.drafts) from public, anon, authenticated, service_role;

/*
 * A run serves up to 100 authors and publishes up to 100 drafts, the same number for each
 * author. It takes these locks, in the order of 30-turns.sql:
 *
 *   1. the turn without a person
 *   2. the turns of the authors. It does not wait for them: the next run serves an author
 *      who is writing now
 *   3. before the first post, all counts that the posts will change
 */
create function private.publish_due_drafts()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  author_ids uuid[] := '{}';
  -- The authors who have to wait, and until when.
  put_off jsonb := '{}';
  draft_ids uuid[];
  places text[];
  waiting_id uuid;
  draft public.drafts;
  outcome record;
  published integer := 0;
begin
  perform private.take_turn_without_person();

  for waiting_id in
    select draft_queue.author_id
    from private.draft_queue
    where draft_queue.due_at <= now()
    order by draft_queue.due_at
    limit 100
  loop
    if pg_try_advisory_xact_lock(private.queue_key('turn', waiting_id)) then
      author_ids := author_ids || waiting_id;
    end if;
  end loop;

  draft_ids := array(
    select due.id
    from unnest(author_ids) with ordinality as author (id, place)
    cross join lateral (
      select drafts.id, drafts.publish_at
      from public.drafts
      where drafts.author_id = author.id and drafts.publish_at <= now() and drafts.failed_at is null
      order by drafts.publish_at, drafts.created_at
      limit 100 / nullif(cardinality(author_ids), 0)
    ) as due
    order by author.place, due.publish_at
  );

  perform
  from private.author_counts
  where author_counts.author_id = any (author_ids)
  order by author_counts.author_id
  for no key update;

  with named as (
    select posts.id
    from public.posts
    where posts.id in (
      select coalesce(target.repost_of_id, target.id)
      from public.drafts
      join public.posts as target on target.id in (drafts.reply_to_id, drafts.quote_of_id)
      where drafts.id = any (draft_ids)
    )
    for key share skip locked
  )
  insert into private.post_counts (post_id)
  select named.id
  from named
  order by named.id
  -- This changes nothing. It locks the row.
  on conflict (post_id) do update
  set likes = post_counts.likes;

  -- Which drafts will be limited posts is not known yet. A place that gets none loses its row
  -- at the end.
  places := array(
    select distinct named.place || coalesce(target.repost_of_id, target.id)
    from public.drafts
    cross join lateral (
      values ('reply:', drafts.reply_to_id), ('quote:', drafts.quote_of_id)
    ) as named (place, post_id)
    join public.posts as target on target.id = named.post_id
    where drafts.id = any (draft_ids)
  );
  insert into private.limited_counts (place, amount)
  select place.name, 0
  from unnest(places) as place (name)
  order by place.name
  on conflict (place) do update
  set amount = limited_counts.amount;

  for draft in
    select drafts.*
    from unnest(draft_ids) with ordinality as due (id, place)
    join public.drafts using (id)
    order by due.place
  loop
    continue when put_off ? draft.author_id::text;
    outcome := private.publish_due_draft(draft);
    if outcome.is_published then
      published := published + 1;
    elsif outcome.put_off_until is not null then
      put_off := put_off || jsonb_build_object(draft.author_id, outcome.put_off_until);
    end if;
  end loop;

  delete from private.limited_counts
  where limited_counts.place = any (places) and limited_counts.amount = 0;

  -- An author with more drafts goes to the end of the queue.
  delete from private.draft_queue
  where draft_queue.author_id = any (author_ids);
  insert into private.draft_queue (author_id, due_at)
  select
    drafts.author_id,
    greatest(min(drafts.publish_at), clock_timestamp(), (put_off ->> drafts.author_id::text)::timestamptz)
  from public.drafts
  where drafts.author_id = any (author_ids) and drafts.publish_at is not null and drafts.failed_at is null
  group by drafts.author_id;
  return published;
end;
$$;

comment on function private.publish_due_drafts is 'Publishes up to 100 drafts that are due, and answers how many it published.';
revoke all on function private.publish_due_drafts () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may lack it. Then everything else still works.
do $$
begin
  if not exists (select from pg_available_extensions where name = 'pg_cron') then
    raise warning 'There is no pg_cron here: schedule private.publish_due_drafts() by other means';
    return;
  end if;
  create extension if not exists pg_cron with schema pg_catalog;
  perform cron.schedule('publish-due-drafts', '10 seconds', 'select private.publish_due_drafts()');
end;
$$;
