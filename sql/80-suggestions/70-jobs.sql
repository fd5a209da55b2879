/*
 * jobs of suggestions
 *
 * How the turns (50-changes.sql) become jobs: one job for one person, which the worker
 * edge-functions/jobs/suggestions.ts does. The queue stays short, because the turns are the long
 * list. So nobody who has just followed somebody waits behind the daily work.
 */

-- With the id of the person as the key, one job of a person waits at most. It waits for a day, while the worker is away. After
-- that, the person is due anyway.
do $$
begin
  perform pgboss.create_queue('suggestions', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5, "retryBackoff": true,
    "expireInSeconds": 60, "retentionSeconds": 86400, "deleteAfterSeconds": 3600
  }');
end;
$$;

-- Sending --------------------------------------------------------------------

/*
 * A run sends at most as many jobs as bring the queue to 100. Those who have changed come first. If
 * fewer than 20 jobs wait, people whose day is over fill it up to 20. So a person who has changed
 * waits for at most 20 of those.
 *
 * A person who is away gets no job. Their list is deleted.
 */
create function private.send_suggestions()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 100;
  most_daily constant integer := 20;
  room integer := most - private.waiting_jobs('suggestions', most);
  room_daily integer := room - (most - most_daily);
  changed_ids uuid[];
  due_ids uuid[];
  away_ids uuid[];
begin
  changed_ids := array(
    select turn.profile_id
    from private.suggestion_turns as turn
    where turn.changed_at <= now()
    order by turn.changed_at
    limit greatest(room, 0)
    for no key update skip locked
  );
  due_ids := array(
    select turn.profile_id
    from private.suggestion_turns as turn
    where turn.due_at <= now() and turn.changed_at is null
    order by turn.due_at
    limit greatest(room_daily - cardinality(changed_ids), 0)
    for no key update skip locked
  );
  away_ids := array(select due.id from unnest(due_ids) as due (id) where private.is_away(due.id));

  update private.suggestion_turns
  set changed_at = null, due_at = now() + interval '1 day',
      sent_at = case when suggestion_turns.profile_id = any (away_ids) then suggestion_turns.sent_at else now() end
  where suggestion_turns.profile_id = any (changed_ids || due_ids);
  if away_ids <> '{}' then
    perform private.rest_suggestions(away_ids);
  end if;

  perform private.send_job('suggestions', jsonb_build_object('profileId', sent.id), sent.id::text)
  from unnest(changed_ids || due_ids) with ordinality as sent (id, place)
  where sent.id <> all (away_ids)
  order by sent.place;
  return cardinality(changed_ids || due_ids) - cardinality(away_ids);
end;
$$;

comment on function private.send_suggestions is 'Sends jobs for people whose list has to be computed, at most 100. Answers how many. Deletes the lists of people who are away.';
revoke all on function private.send_suggestions () from public, anon, authenticated, service_role;

-- Rings at once, because ring-for-waiting-jobs looks only every ten seconds.
create function private.send_suggestions_and_ring()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  sent integer := private.send_suggestions();
begin
  if sent > 0 and exists (select from cron.job where job.jobname = 'ring-for-waiting-jobs') then
    perform private.ring_doorbell('suggestions');
  end if;
  return sent;
end;
$$;

comment on function private.send_suggestions_and_ring is 'What pg_cron calls: send_suggestions(), and a doorbell if it sent something.';
revoke all on function private.send_suggestions_and_ring () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('send-suggestions', '2 seconds', 'select private.send_suggestions_and_ring()');
  end if;
end;
$$;
