/*
 * Background work: pg-boss, its queues, the doorbells that ring for them, and job_health. And what
 * the jobs of pg_cron do with something that fails: they undo only this, and try it again later.
 *
 * The first part was written by comparing the migrations before it with sql/. The second part holds
 * the files of sql/70-jobs as they were then, one after the other. They are all new.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Indexes are built for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

DROP INDEX "private"."conversation_bells_id_key";

DROP INDEX "private"."conversation_tellings_id_key";

DROP INDEX "private"."fan_outs_served_at_id_idx";

DROP INDEX "private"."notice_queue_left_idx";

ALTER TABLE "private"."conversation_bells"
  DROP COLUMN "id";

ALTER TABLE "private"."conversation_tellings"
  DROP COLUMN "id";

ALTER TABLE "private"."conversation_bells"
  ADD COLUMN "due_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."conversation_bells"
  ADD COLUMN "failures" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversation_tellings"
  ADD COLUMN "due_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."conversation_tellings"
  ADD COLUMN "failures" integer NOT NULL DEFAULT 0;

-- The fan-outs keep their places.
ALTER TABLE "private"."fan_outs"
  RENAME COLUMN "served_at" TO "due_at";

ALTER TABLE "private"."fan_outs"
  ADD COLUMN "failures" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "due_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."notice_queue"
  ADD COLUMN "failures" integer NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION private.continue_fan_out (
  fan_out private.fan_outs,
  most    integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  people uuid[];
  last_post bigint;
begin
  if fan_out.kind = 'account' then
    last_post := private.fan_out_account(fan_out.actor_id, fan_out.after_post, most);
    update private.fan_outs
    set after_post = last_post, due_at = clock_timestamp(), failures = 0
    where fan_outs.id = fan_out.id and last_post is not null;
  else
    people := array(select private.people_of(fan_out, most));
    perform private.queue_people(fan_out, people);
    update private.fan_outs
    set after_id = people[most], due_at = clock_timestamp(), failures = 0
    where fan_outs.id = fan_out.id and cardinality(people) = most;
  end if;
  if not found then
    delete from private.fan_outs
    where fan_outs.id = fan_out.id;
  end if;
end;
$function$;

create or replace function private.finish_search_switches(most integer default 2000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  waiting integer := (select count(*) from (select from private.search_switches limit 20) as first);
  switched_id uuid;
  finished integer := 0;
begin
  for switched_id in
    select search_switches.author_id
    from private.search_switches
    join public.profiles on profiles.id = search_switches.author_id
    order by search_switches.switched_at
    limit 20
    for share of profiles skip locked
  loop
    begin
      if private.switch_findable(switched_id, most / greatest(waiting, 1)) then
        delete from private.search_switches
        where search_switches.author_id = switched_id;
        finished := finished + 1;
      end if;
    exception when others then
      raise warning 'The search switch of % failed: % (%)', switched_id, sqlerrm, sqlstate;
      update private.search_switches
      set switched_at = clock_timestamp()
      where search_switches.author_id = switched_id;
    end;
  end loop;
  return finished;
end;
$$;

CREATE OR REPLACE FUNCTION private.deliver_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.erase_expired (
  most integer DEFAULT 500
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  conversation private.conversations;
  erased integer := 0;
begin
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id in (
      select due.conversation_id
      from (
        select messages.conversation_id
        from private.messages
        where messages.expires_at <= now() and messages.deleted_at is null
        order by messages.expires_at
        limit erase_expired.most
      ) as due
    )
    order by conversations.id
    for no key update skip locked
  loop
    begin
      erased := erased + private.erase_expired_in(conversation, erase_expired.most);
    exception when others then
      raise warning 'Erasing messages of conversation % failed: % (%)', conversation.id, sqlerrm, sqlstate;
    end;
    exit when erased >= erase_expired.most;
  end loop;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_expired_in (
  conversation private.conversations,
  most         integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message private.messages;
  erased integer := 0;
begin
  for message in
    select messages.*
    from private.messages
    where messages.conversation_id = conversation.id
      and messages.expires_at <= now() and messages.deleted_at is null
    order by messages.seq
    limit most
  loop
    perform private.erase_message(conversation, message);
    erased := erased + 1;
  end loop;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_subjects (
  notices private.notice_queue[]
)
  RETURNS private.notice_queue[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.next_try_at (
  failures integer
)
  RETURNS timestamp WITH time zone
  LANGUAGE sql
RETURN CASE WHEN (failures < 20) THEN (clock_timestamp() + ('00:00:01'::interval * LEAST((3600)::double precision, ((2)::double precision ^ (failures)::double precision)))) ELSE
  'infinity'::timestamp WITH time zone END;

CREATE OR REPLACE FUNCTION private.put_back (
  notices private.notice_queue[]
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 INSERT INTO private.notice_queue (recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left, failures, due_at)  SELECT notice.recipient_id,
             notice.kind,
             notice.actor_id,
             notice.object_id,
             notice.draft_id,
             notice.requests,
             notice.is_ended,
             true,
             notice.failures,
                 CASE
                     WHEN (notice.failures = 0) THEN clock_timestamp()
                     ELSE private.next_try_at(notice.failures)
                 END
  AS next_try_at
            FROM unnest(put_back.notices) notice(xact, id, recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left, due_at, failures);
END;

CREATE OR REPLACE FUNCTION private.put_off_bells (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  newest bigint;
  failed integer;
begin
  select max(bells.seq), max(bells.failures) + 1 into newest, failed
  from private.conversation_bells as bells
  where bells.conversation_id = put_off_bells.conversation_id;
  delete from private.conversation_bells as bells
  where bells.conversation_id = put_off_bells.conversation_id and bells.seq < newest;
  update private.conversation_bells as bells
  set failures = failed, due_at = private.next_try_at(failed)
  where bells.conversation_id = put_off_bells.conversation_id and bells.seq = newest;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ring_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  SET lock_timeout TO '200ms'
  AS $function$
declare
  waiting_id bigint := (
    select conversation_bells.conversation_id
    from private.conversation_bells
    where conversation_bells.due_at <= clock_timestamp()
    order by conversation_bells.due_at
    limit 1
  );
  newest bigint;
begin
  if waiting_id is null then
    return false;
  end if;
  begin
    perform
    from private.conversations
    where conversations.id = waiting_id
    for no key update;
    with taken as (
      delete from private.conversation_bells
      where conversation_bells.conversation_id = waiting_id
      returning conversation_bells.seq
    )
    select max(taken.seq) into newest
    from taken;
    if newest is not null then
      perform private.ring(waiting_id, newest);
    end if;
  exception
    when lock_not_available then
      update private.conversation_bells
      set due_at = clock_timestamp()
      where conversation_bells.conversation_id = waiting_id;
    when others then
      raise warning 'The bell of conversation % failed: % (%)', waiting_id, sqlerrm, sqlstate;
      perform private.put_off_bells(waiting_id);
  end;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell (
  conversation_id bigint,
  user_ids        uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  is_large constant boolean := cardinality(user_ids) > 1 and not private.is_small(tell.conversation_id);
begin
  insert into private.conversation_tellings (user_id, conversation_id, is_left)
  select distinct listener.id, tell.conversation_id, is_large
  from unnest(tell.user_ids) as listener (id)
  order by 1
  on conflict on constraint conversation_tellings_pkey do update
  set due_at = least(conversation_tellings.due_at, excluded.due_at);
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  telling record;
  stream private.streams;
  worked boolean := false;
begin
  for telling in
    select
      first.user_id,
      array_agg(first.conversation_id order by first.conversation_id) as ids,
      max(first.failures) + 1 as failures
    from (
      select conversation_tellings.*
      from private.conversation_tellings
      where conversation_tellings.due_at <= clock_timestamp()
      order by conversation_tellings.due_at, conversation_tellings.user_id
      limit most
      for update skip locked
    ) as first
    group by first.user_id
    order by first.user_id
  loop
    worked := true;
    begin
      delete from private.conversation_tellings
      where conversation_tellings.user_id = telling.user_id
        and conversation_tellings.conversation_id = any (telling.ids);
      select streams.* into stream
      from private.streams
      where streams.user_id = telling.user_id
      for no key update;
      if found then
        perform private.append_events(stream, 'conversation', telling.ids);
      end if;
    exception when others then
      raise warning 'Telling % of conversations failed: % (%)', telling.user_id, sqlerrm, sqlstate;
      update private.conversation_tellings
      set failures = telling.failures, due_at = private.next_try_at(telling.failures)
      where conversation_tellings.user_id = telling.user_id
        and conversation_tellings.conversation_id = any (telling.ids);
    end;
  end loop;
  return worked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_deliver (
  notices private.notice_queue[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.try_fan_out (
  fan_out private.fan_outs,
  most    integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.continue_fan_out(fan_out, most);
exception when others then
  raise warning 'Fan-out % failed: % (%)', fan_out.id, sqlerrm, sqlstate;
  update private.fan_outs
  set failures = fan_out.failures + 1, due_at = private.next_try_at(fan_out.failures + 1)
  where fan_outs.id = fan_out.id;
end;
$function$;

CREATE INDEX conversation_bells_due_at_idx ON private.conversation_bells USING btree (due_at);

CREATE INDEX conversation_tellings_due_at_user_id_idx ON private.conversation_tellings USING btree (due_at, user_id);

CREATE INDEX fan_outs_due_at_id_idx ON private.fan_outs USING btree (due_at, id);

CREATE INDEX notice_queue_left_idx ON private.notice_queue USING btree (due_at, xact, id)
  WHERE is_left;

COMMENT ON COLUMN "private"."conversation_bells"."due_at" IS 'From when on the job rings. Later than now if that failed.';

COMMENT ON COLUMN "private"."conversation_bells"."failures" IS 'How often the job has failed. After 20 times the bell waits for somebody to look at it.';

COMMENT ON COLUMN "private"."conversation_tellings"."due_at" IS 'From when on the job tells it. Later than now if that failed.';

COMMENT ON COLUMN "private"."conversation_tellings"."failures" IS 'How often the job has failed. After 20 times the row waits for somebody to look at it.';

COMMENT ON COLUMN "private"."fan_outs"."due_at" IS 'When it was served last, or when it was due after a failure. The one that is due longest goes first.';

COMMENT ON COLUMN "private"."fan_outs"."failures" IS 'How often it has failed since its last good batch. After 20 times it waits for somebody to look at it.';

COMMENT ON COLUMN "private"."notice_queue"."due_at" IS 'From when on the job looks at the row. Later than now if that failed.';

COMMENT ON COLUMN "private"."notice_queue"."failures" IS 'How often the job has failed to look at the row. After 20 times it waits for somebody to look at it.';

COMMENT ON FUNCTION "private"."erase_expired_in"(private.conversations, integer) IS 'Erases messages of a conversation whose time is over, and answers how many. The caller holds the conversation.';

COMMENT ON FUNCTION "private"."next_try_at"(integer) IS 'When a job tries again what has failed this many times. Infinity after 20 times.';

COMMENT ON FUNCTION "private"."put_back"(private.notice_queue[]) IS 'Puts rows of the queue, which the caller has deleted, back into it. The job looks at them later.';

COMMENT ON FUNCTION "private"."put_off_bells"(bigint) IS 'Notes that the job failed to ring for a conversation. It is due again later.';

COMMENT ON FUNCTION "private"."try_deliver"(private.notice_queue[]) IS 'Looks at these rows of the queue, which the caller has deleted. If that fails for a person, only what it did for this person is undone, and their rows are due again later.';

COMMENT ON FUNCTION "private"."try_fan_out"(private.fan_outs, integer) IS 'Continues a fan-out. If that fails, only this is undone, and it is due again later.';

REVOKE ALL ON FUNCTION "private"."erase_expired_in"(private.conversations, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_expired_in"(private.conversations, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_expired_in"(private.conversations, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."next_try_at"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."next_try_at"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."next_try_at"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."put_back"(private.notice_queue[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."put_back"(private.notice_queue[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."put_back"(private.notice_queue[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."put_off_bells"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."put_off_bells"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."put_off_bells"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_deliver"(private.notice_queue[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_deliver"(private.notice_queue[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_deliver"(private.notice_queue[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_fan_out"(private.fan_outs, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_fan_out"(private.fan_outs, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_fan_out"(private.fan_outs, integer) TO "postgres";

/*
 * pg-boss
 *
 * The tables of the queue. They belong to the package pg-boss, whose version package.json pins.
 * Our own functions write only into pgboss.job (20-queues.sql). Everything else is done by the
 * package: edge-functions/_shared/jobs.ts calls it. `npm run pg-boss` writes the part between
 * the marks. How to change the version: docs/decisions/0012-jobs.md.
 */

-- Generated: begins
CREATE SCHEMA IF NOT EXISTS pgboss;

    CREATE TYPE pgboss.job_state AS ENUM (
      'created',
      'retry',
      'active',
      'completed',
      'cancelled',
      'failed'
    )
  ;

    CREATE FUNCTION pgboss.job_now()
    RETURNS timestamp with time zone AS
    $$
      SELECT pg_catalog.now();
    $$
    LANGUAGE sql STABLE;
  ;

    CREATE TABLE pgboss.version (
      version int primary key,
      cron_on timestamp with time zone,
      bam_on timestamp with time zone,
      flow_on timestamp with time zone,
      reindex_on timestamp with time zone,
      monitor_backoff_on timestamp with time zone
    )
  ;

    CREATE TABLE pgboss.queue (
      name text NOT NULL,
      policy text NOT NULL,
      retry_limit int NOT NULL,
      retry_delay int NOT NULL,
      retry_backoff bool NOT NULL,
      retry_delay_max int,
      expire_seconds int NOT NULL,
      retention_seconds int NOT NULL,
      deletion_seconds int NOT NULL,
      dead_letter text REFERENCES pgboss.queue (name) CHECK (dead_letter IS DISTINCT FROM name),
      partition bool NOT NULL,
      table_name text NOT NULL,
      deferred_count int NOT NULL default 0,
      blocked_count int NOT NULL default 0,
      queued_count int NOT NULL default 0,
      ready_count int NOT NULL default 0,
      warning_queued int NOT NULL default 0,
      active_count int NOT NULL default 0,
      failed_count int NOT NULL default 0,
      total_count int NOT NULL default 0,
      retained_count int,
      retained_on timestamp with time zone,
      created_delta int NOT NULL default 0,
      completed_delta int NOT NULL default 0,
      failed_delta int NOT NULL default 0,
      delta_on timestamp with time zone,
      delta_seconds int,
      wait_bins int[],
      run_bins int[],
      ready_oldest_seconds int,
      ready_history int[] NOT NULL default '{}',
      heartbeat_seconds int,
      notify bool NOT NULL DEFAULT false,
      singletons_active text[],
      monitor_claim_on timestamp with time zone,
      monitor_on timestamp with time zone,
      maintain_on timestamp with time zone,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      PRIMARY KEY (name)
    )
  ;

    CREATE TABLE pgboss.schedule (
      name text REFERENCES pgboss.queue ON DELETE CASCADE,
      key text not null DEFAULT '',
      kind text not null DEFAULT 'cron' CHECK (kind IN ('cron', 'rrule')),
      cron text not null,
      timezone text DEFAULT 'UTC',
      data jsonb,
      options jsonb,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      last_job_id uuid,
      PRIMARY KEY (name, key)
    )
  ;

    CREATE TABLE pgboss.subscription (
      event text not null,
      name text not null REFERENCES pgboss.queue ON DELETE CASCADE,
      created_on timestamp with time zone not null default now(),
      updated_on timestamp with time zone not null default now(),
      PRIMARY KEY(event, name)
    )
  ;

    CREATE TABLE pgboss.bam (
      id uuid PRIMARY KEY default gen_random_uuid(),
      name text NOT NULL,
      version int NOT NULL,
      status text NOT NULL DEFAULT 'pending',
      queue text,
      table_name text NOT NULL,
      command text NOT NULL,
      error text,
      created_on timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
      started_on timestamp with time zone,
      completed_on timestamp with time zone
    )
  ;

    CREATE FUNCTION pgboss.job_table_format(command text, table_name text)
    RETURNS text AS
    $$
      SELECT format(
        regexp_replace(
          regexp_replace(command, '\.job\y', '.%1$I', 'g'),
          '\yjob_i(\d+)', '%1$s_i\1', 'g'
        ),
        table_name
      );
    $$
    LANGUAGE sql IMMUTABLE;
  ;

    CREATE FUNCTION pgboss.job_table_run(command text, tbl_name text DEFAULT NULL, queue_name text DEFAULT NULL)
    RETURNS VOID AS
    $$
    DECLARE
      tbl RECORD;
    BEGIN
      IF queue_name IS NOT NULL THEN
        SELECT table_name INTO tbl_name FROM pgboss.queue WHERE name = queue_name;
      END IF;

      IF tbl_name IS NOT NULL THEN
        EXECUTE pgboss.job_table_format(command, tbl_name);
        RETURN;
      END IF;

      EXECUTE pgboss.job_table_format(command, 'job_common');

      FOR tbl IN SELECT table_name FROM pgboss.queue WHERE partition = true
      LOOP
        EXECUTE pgboss.job_table_format(command, tbl.table_name);
      END LOOP;
    END;
    $$
    LANGUAGE plpgsql;
  ;

    CREATE FUNCTION pgboss.job_table_run_async(command_name text, version int, command text, tbl_name text DEFAULT NULL, queue_name text DEFAULT NULL)
    RETURNS VOID AS
    $$
    BEGIN
      IF queue_name IS NOT NULL THEN
        SELECT table_name INTO tbl_name FROM pgboss.queue WHERE name = queue_name;
      END IF;

      IF tbl_name IS NOT NULL THEN
        INSERT INTO pgboss.bam (name, version, status, queue, table_name, command)
        VALUES (
          command_name,
          version,
          'pending',
          queue_name,
          tbl_name,
          pgboss.job_table_format(command, tbl_name)
        );
        RETURN;
      END IF;

      INSERT INTO pgboss.bam (name, version, status, queue, table_name, command)
      SELECT
        command_name,
        version,
        'pending',
        NULL,
        'job_common',
        pgboss.job_table_format(command, 'job_common')
      UNION ALL
      SELECT
        command_name,
        version,
        'pending',
        queue.name,
        queue.table_name,
        pgboss.job_table_format(command, queue.table_name)
      FROM pgboss.queue
      WHERE partition = true;
    END;
    $$
    LANGUAGE plpgsql;
  ;

    CREATE TABLE pgboss.job (
      id uuid not null default gen_random_uuid(),
      name text not null,
      priority integer not null default(0),
      data jsonb,
      state pgboss.job_state not null default 'created',
      retry_limit integer not null default 2,
      retry_count integer not null default 0,
      retry_delay integer not null default 0,
      retry_backoff boolean not null default false,
      retry_delay_max integer,
      expire_seconds int not null default 900,
      deletion_seconds int not null default 604800,
      singleton_key text,
      singleton_on timestamp without time zone,
      group_id text,
      group_tier text,
      start_after timestamp with time zone not null default now(),
      created_on timestamp with time zone not null default now(),
      started_on timestamp with time zone,
      completed_on timestamp with time zone,
      keep_until timestamp with time zone NOT NULL default now() + interval '1209600',
      output jsonb,
      dead_letter text,
      policy text,
      heartbeat_on timestamp with time zone,
      heartbeat_seconds int,
      blocked boolean not null default false,
      blocking boolean not null default false,
      pending_dependencies int not null default 0,
      source_name text,
      source_id uuid,
      source_created_on timestamp with time zone,
      source_retry_count int,
      source_output jsonb,
      source_root_id uuid,
      trace_context jsonb,
      upsert_by_key bool
    ) PARTITION BY LIST (name)
  ;
ALTER TABLE pgboss.job ADD PRIMARY KEY (name, id);

    CREATE TABLE pgboss.job_common (LIKE pgboss.job INCLUDING GENERATED INCLUDING DEFAULTS);

    SELECT pgboss.job_table_run($cmd$ALTER TABLE pgboss.job ADD PRIMARY KEY (name, id)$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT q_fkey FOREIGN KEY (name) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT dlq_fkey FOREIGN KEY (dead_letter) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i1 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state = 'created' AND policy = 'short'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i2 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state = 'active' AND policy = 'singleton'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i3 ON pgboss.job (name, state, COALESCE(singleton_key, '')) WHERE state <= 'active' AND policy = 'stately'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i6 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state <= 'active' AND policy = 'exclusive'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i8 ON pgboss.job (name, singleton_key) WHERE state IN ('active', 'retry', 'failed') AND policy = 'key_strict_fifo'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i10 ON pgboss.job (name, singleton_key, state DESC, created_on, id) INCLUDE (start_after) WHERE state < 'active' AND NOT blocked AND policy = 'key_strict_fifo'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT job_key_strict_fifo_singleton_key_check CHECK (NOT (policy = 'key_strict_fifo' AND singleton_key IS NULL))$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i4 ON pgboss.job (name, singleton_on, COALESCE(singleton_key, '')) WHERE state <> 'cancelled' AND singleton_on IS NOT NULL$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i11 ON pgboss.job (name, priority DESC, created_on, start_after) WHERE state < 'active' AND NOT blocked$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i7 ON pgboss.job (name, group_id) WHERE state = 'active' AND group_id IS NOT NULL$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i9 ON pgboss.job (name, id) WHERE blocking AND state = 'completed'$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i12 ON pgboss.job (source_root_id) WHERE source_root_id IS NOT NULL$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE UNIQUE INDEX job_i13 ON pgboss.job (name, singleton_key) WHERE state = 'created' AND upsert_by_key$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i14 ON pgboss.job (name, state, blocked, start_after) WHERE state IN ('created', 'retry', 'active', 'failed')$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i15 ON pgboss.job (name, created_on)$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i16 ON pgboss.job (name, completed_on) WHERE completed_on IS NOT NULL$cmd$, 'job_common');
    SELECT pgboss.job_table_run($cmd$CREATE INDEX job_i17 ON pgboss.job (name, singleton_key, created_on) WHERE state < 'active' AND singleton_key IS NOT NULL$cmd$, 'job_common');

    ALTER TABLE pgboss.job ATTACH PARTITION pgboss.job_common DEFAULT;
  ;

    CREATE TABLE pgboss.warning (
      id uuid PRIMARY KEY default gen_random_uuid(),
      type text NOT NULL,
      message text NOT NULL,
      data jsonb,
      created_on timestamp with time zone NOT NULL DEFAULT now()
    )
  ;
CREATE INDEX warning_i1 ON pgboss.warning (created_on DESC);

    CREATE TABLE pgboss.queue_stats (
      id uuid NOT NULL DEFAULT gen_random_uuid(),
      name text NOT NULL,
      deferred_count int NOT NULL DEFAULT 0,
      queued_count   int NOT NULL DEFAULT 0,
      ready_count    int NOT NULL DEFAULT 0,
      active_count   int NOT NULL DEFAULT 0,
      failed_count   int NOT NULL DEFAULT 0,
      total_count    int NOT NULL DEFAULT 0,
      created_delta   int,
      completed_delta int,
      failed_delta    int,
      delta_seconds   int,
      delta_on        timestamptz,
      wait_bins       int[],
      run_bins        int[],
      ready_oldest_seconds int,
      captured_on timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (id, captured_on)
    ) PARTITION BY RANGE (captured_on)
  ;
CREATE INDEX queue_stats_i1 ON pgboss.queue_stats (name, captured_on DESC) INCLUDE (deferred_count, queued_count, ready_count, active_count, failed_count, total_count);
    CREATE TABLE pgboss.job_dependency (
      child_name text NOT NULL,
      child_id uuid NOT NULL,
      parent_name text NOT NULL,
      parent_id uuid NOT NULL,
      PRIMARY KEY (child_name, child_id, parent_name, parent_id)
    )
  ;
CREATE INDEX IF NOT EXISTS job_dep_parent_idx ON pgboss.job_dependency (parent_name, parent_id);

    CREATE TABLE pgboss.instance (
      id uuid PRIMARY KEY,
      name text,
      host text NOT NULL,
      pid int NOT NULL,
      version text NOT NULL,
      node_version text NOT NULL,
      application_name text,
      heartbeat_seconds int NOT NULL,
      supervise bool NOT NULL,
      schedule bool NOT NULL,
      migrate bool NOT NULL,
      persist_queue_stats bool NOT NULL,
      persist_warnings bool NOT NULL,
      pool_max int,
      pool_total int,
      pool_idle int,
      pool_waiting int,
      workers jsonb NOT NULL DEFAULT '[]'::jsonb,
      metrics jsonb,
      config jsonb NOT NULL DEFAULT '{}'::jsonb,
      crash_restarts int NOT NULL DEFAULT 0,
      crash_restarts_since timestamptz,
      started_on timestamptz NOT NULL DEFAULT now(),
      heartbeat_on timestamptz NOT NULL DEFAULT now(),
      stopped_on timestamptz
    )
  ;

    CREATE FUNCTION pgboss.create_queue(queue_name text, options jsonb)
    RETURNS VOID AS
    $$
    DECLARE
      tablename varchar := CASE WHEN options->>'partition' = 'true'
                            THEN 'j' || encode(sha224(queue_name::bytea), 'hex')
                            ELSE 'job_common'
                            END;
      queue_created_on timestamptz;
    BEGIN

      WITH q as (
        INSERT INTO pgboss.queue (
          name,
          policy,
          retry_limit,
          retry_delay,
          retry_backoff,
          retry_delay_max,
          expire_seconds,
          retention_seconds,
          deletion_seconds,
          warning_queued,
          dead_letter,
          partition,
          table_name,
          heartbeat_seconds,
          notify,
          created_on,
          updated_on
        )
        VALUES (
          queue_name,
          options->>'policy',
          COALESCE((options->>'retryLimit')::int, 2),
          COALESCE((options->>'retryDelay')::int, 0),
          COALESCE((options->>'retryBackoff')::bool, false),
          (options->>'retryDelayMax')::int,
          COALESCE((options->>'expireInSeconds')::int, 900),
          COALESCE((options->>'retentionSeconds')::int, 1209600),
          COALESCE((options->>'deleteAfterSeconds')::int, 604800),
          COALESCE((options->>'warningQueueSize')::int, 0),
          options->>'deadLetter',
          COALESCE((options->>'partition')::bool, false),
          tablename,
          (options->>'heartbeatSeconds')::int,
          COALESCE((options->>'notify')::bool, false),
          pgboss.job_now(),
          pgboss.job_now()
        )
        ON CONFLICT DO NOTHING
        RETURNING created_on
      )
      SELECT created_on into queue_created_on from q;

      IF queue_created_on IS NULL OR options->>'partition' IS DISTINCT FROM 'true' THEN
        RETURN;
      END IF;

      EXECUTE format('CREATE TABLE pgboss.%I (LIKE pgboss.job INCLUDING DEFAULTS)', tablename);

      EXECUTE pgboss.job_table_format($cmd$ALTER TABLE pgboss.job ADD PRIMARY KEY (name, id)$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT q_fkey FOREIGN KEY (name) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT dlq_fkey FOREIGN KEY (dead_letter) REFERENCES pgboss.queue (name) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED$cmd$, tablename);

      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i11 ON pgboss.job (name, priority DESC, created_on, start_after) WHERE state < 'active' AND NOT blocked$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i4 ON pgboss.job (name, singleton_on, COALESCE(singleton_key, '')) WHERE state <> 'cancelled' AND singleton_on IS NOT NULL$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i7 ON pgboss.job (name, group_id) WHERE state = 'active' AND group_id IS NOT NULL$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i9 ON pgboss.job (name, id) WHERE blocking AND state = 'completed'$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i12 ON pgboss.job (source_root_id) WHERE source_root_id IS NOT NULL$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i13 ON pgboss.job (name, singleton_key) WHERE state = 'created' AND upsert_by_key$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i14 ON pgboss.job (name, state, blocked, start_after) WHERE state IN ('created', 'retry', 'active', 'failed')$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i15 ON pgboss.job (name, created_on)$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i16 ON pgboss.job (name, completed_on) WHERE completed_on IS NOT NULL$cmd$, tablename);
      EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i17 ON pgboss.job (name, singleton_key, created_on) WHERE state < 'active' AND singleton_key IS NOT NULL$cmd$, tablename);

      IF options->>'policy' = 'short' THEN
        EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i1 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state = 'created' AND policy = 'short'$cmd$, tablename);
      ELSIF options->>'policy' = 'singleton' THEN
        EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i2 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state = 'active' AND policy = 'singleton'$cmd$, tablename);
      ELSIF options->>'policy' = 'stately' THEN
        EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i3 ON pgboss.job (name, state, COALESCE(singleton_key, '')) WHERE state <= 'active' AND policy = 'stately'$cmd$, tablename);
      ELSIF options->>'policy' = 'exclusive' THEN
        EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i6 ON pgboss.job (name, COALESCE(singleton_key, '')) WHERE state <= 'active' AND policy = 'exclusive'$cmd$, tablename);
      ELSIF options->>'policy' = 'key_strict_fifo' THEN
        EXECUTE pgboss.job_table_format($cmd$CREATE UNIQUE INDEX job_i8 ON pgboss.job (name, singleton_key) WHERE state IN ('active', 'retry', 'failed') AND policy = 'key_strict_fifo'$cmd$, tablename);
        EXECUTE pgboss.job_table_format($cmd$CREATE INDEX job_i10 ON pgboss.job (name, singleton_key, state DESC, created_on, id) INCLUDE (start_after) WHERE state < 'active' AND NOT blocked AND policy = 'key_strict_fifo'$cmd$, tablename);
        EXECUTE pgboss.job_table_format($cmd$ALTER TABLE pgboss.job ADD CONSTRAINT job_key_strict_fifo_singleton_key_check CHECK (NOT (policy = 'key_strict_fifo' AND singleton_key IS NULL))$cmd$, tablename);
      END IF;

      EXECUTE format('ALTER TABLE pgboss.%I ADD CONSTRAINT cjc CHECK (name=%L)', tablename, queue_name);
      EXECUTE format('ALTER TABLE pgboss.job ATTACH PARTITION pgboss.%I FOR VALUES IN (%L)', tablename, queue_name);
    END;
    $$
    LANGUAGE plpgsql;
  ;

    CREATE FUNCTION pgboss.delete_queue(queue_name text)
    RETURNS VOID AS
    $$
    DECLARE
      v_table varchar;
      v_partition bool;
    BEGIN

      SELECT table_name, partition
      FROM pgboss.queue
      WHERE name = queue_name
      INTO v_table, v_partition;

      IF v_partition THEN
        EXECUTE format('DROP TABLE IF EXISTS pgboss.%I', v_table);
      ELSE
        EXECUTE format('DELETE FROM pgboss.%I WHERE name = %L', v_table, queue_name);
      END IF;

      DELETE FROM pgboss.queue WHERE name = queue_name;
    END;
    $$
    LANGUAGE plpgsql;
  ;
INSERT INTO pgboss.version(version) VALUES ('46');
-- Generated: ends

-- Rights ---------------------------------------------------------------------

-- The package grants nothing, but everybody may call a new function.
revoke all on schema pgboss from public, anon, authenticated, service_role;
revoke all on all tables in schema pgboss from public, anon, authenticated, service_role;
revoke all on all functions in schema pgboss from public, anon, authenticated, service_role;

/*
 * queues
 *
 * The queues, and how SQL puts a job into one. A job is added in the transaction of the change
 * that it belongs to. So there is a job if, and only if, the change was committed. The workers
 * are in edge-functions/jobs/. docs/reference/jobs.md lists all of them.
 */

-- Queues ---------------------------------------------------------------------

-- A job that fails after its last try is copied to dead-letters, where somebody has to look at it.
-- Nobody works on that queue. It keeps a job for 90 days.
do $$
begin
  perform pgboss.create_queue('dead-letters', '{"policy": "standard", "retentionSeconds": 7776000}');

  -- Shows that jobs are done at all. One waits at most.
  perform pgboss.create_queue('heartbeat', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5,
    "expireInSeconds": 60, "retentionSeconds": 3600, "deleteAfterSeconds": 86400
  }');
end;
$$;

-- Sending --------------------------------------------------------------------

-- pgboss.job has defaults of its own, and a row without a policy is bound by none. So every
-- setting of the queue is copied here, as the package does.
create function private.send_job(
  queue text, data jsonb default '{}', key text default null, delay interval default '0'
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- The count is at most a minute old, so a queue may become a little longer.
  longest constant integer := 100000;
  settings pgboss.queue;
  job_id uuid;
begin
  select queue.* into settings
  from pgboss.queue
  where queue.name = send_job.queue;
  if not found then
    raise exception 'There is no queue %', quote_literal(send_job.queue) using errcode = 'undefined_object';
  end if;
  if settings.queued_count >= longest then
    raise exception 'The queue % has % jobs already', quote_literal(send_job.queue), settings.queued_count
      using errcode = 'configuration_limit_exceeded';
  end if;
  if octet_length(send_job.data::text) > 8192 then
    raise exception 'The data of a job has at most 8,192 bytes' using errcode = 'program_limit_exceeded';
  end if;

  insert into pgboss.job (
    name, data, singleton_key, start_after, keep_until, policy, retry_limit, retry_delay, retry_backoff,
    retry_delay_max, expire_seconds, deletion_seconds, dead_letter, heartbeat_seconds
  )
  values (
    settings.name, send_job.data, send_job.key, now() + send_job.delay,
    now() + send_job.delay + make_interval(secs => settings.retention_seconds), settings.policy,
    settings.retry_limit, settings.retry_delay, settings.retry_backoff, settings.retry_delay_max,
    settings.expire_seconds, settings.deletion_seconds, settings.dead_letter, settings.heartbeat_seconds
  )
  on conflict do nothing
  returning id into job_id;
  return job_id;
end;
$$;

comment on function private.send_job is 'Puts a job into a queue, when the transaction commits, and answers its id. Answers null if the policy of the queue has no room for another job with this key.';
revoke all on function private.send_job (text, jsonb, text, interval) from public, anon, authenticated, service_role;

-- The job that would be fetched first has waited longest.
create function private.waiting_jobs(queue text, most integer)
returns integer
language sql
stable
security invoker
return (
  select count(*)
  from (
    select
    from pgboss.job
    where job.name = waiting_jobs.queue
      and job.state < 'active'
      and not job.blocked
      and job.start_after <= now()
    limit waiting_jobs.most
  ) as waiting
);

comment on function private.waiting_jobs is 'How many jobs could be done now. It does not count more than most.';
revoke all on function private.waiting_jobs (text, integer) from public, anon, authenticated, service_role;

/*
 * effects
 *
 * A job may run more than once: its worker is killed, or takes too long, and another one gets it.
 * So each effect has a key. The worker writes the key first, in the transaction of the effect. A
 * second run with the key waits for the first one, and then does nothing.
 */

create table private.job_effects (
  queue    text         not null,
  key      text         not null check (octet_length(key) <= 512),
  done_at  timestamptz  not null default now(),

  primary key (queue, key)
);

comment on table  private.job_effects is 'What jobs have done. Kept for 30 days.';
comment on column private.job_effects.key is 'Names the effect. It is the id of the job, unless the worker chooses another one.';
revoke all on private.job_effects from public, anon, authenticated, service_role;

-- The effects that are too old.
create index job_effects_done_at_idx on private.job_effects (done_at);

create function private.begin_effect(queue text, key text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.job_effects (queue, key)
  values (begin_effect.queue, begin_effect.key)
  on conflict do nothing;
  return found;
end;
$$;

comment on function private.begin_effect is 'Writes the key of an effect down. False if the effect took place already. It waits for a transaction that has the same key.';
revoke all on function private.begin_effect (text, text) from public, anon, authenticated, service_role;

/*
 * doorbells
 *
 * How the edge function `jobs` learns that there is work. A doorbell is a request of pg_net, and
 * never the job itself. If a doorbell is lost, the next one rings 10 seconds later. Each has a row here.
 * The function writes into the row when it begins and when it ends. So few work on a queue at
 * once, a request that is sent again does nothing, and we see which ones got no answer.
 */

-- Table ----------------------------------------------------------------------

create table private.doorbells (
  id          uuid         primary key default gen_random_uuid(),
  queue       text         not null,
  rung_at     timestamptz  not null default now(),
  request_id  bigint,
  began_at    timestamptz,
  ended_at    timestamptz,
  done        integer      not null default 0,
  failed      integer      not null default 0
);

comment on table  private.doorbells is 'Requests to the edge function jobs. Kept for a day.';
comment on column private.doorbells.queue is 'The queue to work on. The word maintenance stands for looking after all of them.';
comment on column private.doorbells.request_id is 'The request in the tables of pg_net.';
comment on column private.doorbells.began_at is 'When the function got it.';
comment on column private.doorbells.ended_at is 'When the function had done what it could. Null if it was killed.';
revoke all on private.doorbells from public, anon, authenticated, service_role;

-- The last ones of a queue. Old ones.
create index doorbells_queue_rung_at_idx on private.doorbells (queue, rung_at);
create index doorbells_rung_at_idx on private.doorbells (rung_at);

-- Ringing --------------------------------------------------------------------

-- A function that has not begun within 8 seconds got no request. One that has not ended within 90
-- seconds was killed: its budget is 50 seconds, and then it ends the job that it has.
create function private.is_open(doorbell private.doorbells)
returns boolean
language sql
stable
security invoker
return doorbell.ended_at is null
  and doorbell.rung_at > now() - case when doorbell.began_at is null then interval '8 seconds' else interval '90 seconds' end;

comment on function private.is_open is 'Whether the function still has to answer this doorbell, or works on it.';
revoke all on function private.is_open (private.doorbells) from public, anon, authenticated, service_role;

-- Without the secrets nobody rings. That is right where `npm run worker` does the jobs. Two rings at
-- the same time are one: the second does not see the row of the first, but the lock.
create function private.ring_doorbell(queue text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  url text;
  secret text;
  doorbell_id uuid;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('doorbell of ' || ring_doorbell.queue, 0)) then
    return false;
  end if;
  if exists (
    select
    from private.doorbells
    where doorbells.queue = ring_doorbell.queue
      and doorbells.rung_at > now() - interval '90 seconds'
      and private.is_open(doorbells)
  ) then
    return false;
  end if;

  select decrypted_secrets.decrypted_secret into url
  from vault.decrypted_secrets
  where decrypted_secrets.name = 'jobs_url';
  select decrypted_secrets.decrypted_secret into secret
  from vault.decrypted_secrets
  where decrypted_secrets.name = 'jobs_secret';
  if url is null or secret is null then
    return false;
  end if;

  insert into private.doorbells (queue)
  values (ring_doorbell.queue)
  returning doorbells.id into doorbell_id;
  update private.doorbells
  set request_id = net.http_post(
    url => url,
    body => jsonb_build_object('doorbell', doorbell_id, 'queue', ring_doorbell.queue),
    headers => jsonb_build_object('content-type', 'application/json', 'x-jobs-secret', secret),
    timeout_milliseconds => 5000
  )
  where doorbells.id = doorbell_id;
  return true;
end;
$$;

comment on function private.ring_doorbell is 'Asks the edge function to work on a queue. False if it is asked already, or if Vault does not say where it is.';
revoke all on function private.ring_doorbell (text) from public, anon, authenticated, service_role;

create function private.ring_for_waiting_jobs()
returns integer
language sql
volatile
security invoker
begin atomic
  select count(*) filter (where private.ring_doorbell(queue.name))
  from pgboss.queue
  where queue.name <> 'dead-letters'
    and private.waiting_jobs(queue.name, 1) > 0;
end;

comment on function private.ring_for_waiting_jobs is 'Rings for every queue with a job that could be done now. Answers for how many.';
revoke all on function private.ring_for_waiting_jobs () from public, anon, authenticated, service_role;

-- Answering ------------------------------------------------------------------

create function private.answer_doorbell(doorbell_id uuid, queue text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.doorbells
  set began_at = clock_timestamp()
  where doorbells.id = answer_doorbell.doorbell_id
    and doorbells.queue = answer_doorbell.queue
    and doorbells.began_at is null;
  return found;
end;
$$;

comment on function private.answer_doorbell is 'The function begins. False if there is no such doorbell, or if it was answered before.';
revoke all on function private.answer_doorbell (uuid, text) from public, anon, authenticated, service_role;

-- If something is left, the next doorbell rings at once. It is a new request with a new budget.
create function private.close_doorbell(doorbell_id uuid, done integer, failed integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  queue text;
  waiting integer;
begin
  update private.doorbells
  set ended_at = clock_timestamp(), done = close_doorbell.done, failed = close_doorbell.failed
  where doorbells.id = close_doorbell.doorbell_id
  returning doorbells.queue into queue;
  waiting := private.waiting_jobs(queue, 1000);
  if waiting > 0 then
    perform private.ring_doorbell(queue);
  end if;
  return waiting;
end;
$$;

comment on function private.close_doorbell is 'The function ends. Answers how many jobs are left, and rings again if there are any. It counts at most 1,000.';
revoke all on function private.close_doorbell (uuid, integer, integer) from public, anon, authenticated, service_role;

-- Old rows -------------------------------------------------------------------

create function private.sweep_jobs()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 5000;
  swept integer;
  swept_effects integer;
begin
  delete from private.doorbells
  where doorbells.id in (
    select old.id
    from private.doorbells as old
    where old.rung_at < now() - interval '1 day'
    order by old.rung_at
    limit most
    for update skip locked
  );
  get diagnostics swept = row_count;
  delete from private.job_effects
  where (job_effects.queue, job_effects.key) in (
    select old.queue, old.key
    from private.job_effects as old
    where old.done_at < now() - interval '30 days'
    order by old.done_at
    limit most
    for update skip locked
  );
  get diagnostics swept_effects = row_count;
  return swept + swept_effects;
end;
$$;

comment on function private.sweep_jobs is 'Deletes up to 5,000 doorbells that are older than a day, and up to 5,000 effects that are older than 30 days. Answers how many.';
revoke all on function private.sweep_jobs () from public, anon, authenticated, service_role;

/*
 * runs
 *
 * What pg_cron writes down about its runs. pg_cron itself never deletes anything, and jobs that run
 * every second write 86,400 rows a day.
 */

-- plpgsql, because a bare Postgres may lack pg_cron. It keeps the newest success that is older than an
-- hour. So job_health shows when a daily job last succeeded.
create function private.forget_old_runs()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 10000;
  forgotten integer;
begin
  delete from cron.job_run_details
  where job_run_details.runid in (
    select old.runid
    from cron.job_run_details as old
    left join (
      select run.jobid, max(run.runid) as runid
      from cron.job_run_details as run
      where run.status = 'succeeded' and run.end_time < now() - interval '1 hour'
      group by run.jobid
    ) as kept on kept.jobid = old.jobid
    where old.start_time < now() - interval '3 days'
      or ((old.status = 'succeeded' or old.start_time is null) and old.runid < kept.runid)
    order by old.runid
    limit most
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function private.forget_old_runs is 'Deletes up to 10,000 records of runs: successes that are older than an hour, except the newest of them, and everything that is older than 3 days. Answers how many.';
revoke all on function private.forget_old_runs () from public, anon, authenticated, service_role;

/*
 * schedules
 *
 * When the doorbells ring. pg_cron never does a job of a queue itself.
 */

-- Every Supabase has these extensions. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_available_extensions where name = 'pg_net') then
    create extension if not exists pg_net with schema extensions;
  end if;
  if exists (select from pg_available_extensions where name = 'supabase_vault') then
    create extension if not exists supabase_vault with schema vault;
  end if;
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null
    or to_regclass('vault.decrypted_secrets') is null
  then
    raise warning 'There is no pg_net or no Vault here: run the jobs with npm run worker';
  elsif exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('ring-for-waiting-jobs', '10 seconds', 'select private.ring_for_waiting_jobs()');
    perform cron.schedule('ring-for-maintenance', '* * * * *', 'select private.ring_doorbell(''maintenance'')');
  end if;

  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('sweep-jobs', '*/5 * * * *', 'select private.sweep_jobs()');
    perform cron.schedule('forget-old-runs', '1-59/5 * * * *', 'select private.forget_old_runs()');
    perform cron.schedule('send-heartbeat', '*/5 * * * *', 'select private.send_job(''heartbeat'')');
  end if;
end;
$$;

/*
 * health
 *
 * One view for those who run Plaza: does the background work get done? It has a row for each
 * queue, for their maintenance, and for each job of pg_cron.
 */

create type public.job_kind as enum ('queue', 'maintenance', 'schedule');
comment on type public.job_kind is 'queue: jobs that workers do. maintenance: takes jobs back from workers that died, and deletes old ones. schedule: SQL that pg_cron runs.';

-- Definer, because nobody may read the queues and the jobs of pg_cron. plpgsql, because a bare Postgres
-- may lack pg_cron.
create function private.job_health()
returns table (
  kind            public.job_kind,
  name            text,
  waiting         bigint,
  running         bigint,
  oldest_at       timestamptz,
  failed          bigint,
  dead            bigint,
  succeeded_at    timestamptz,
  lost_doorbells  bigint
)
language plpgsql
stable
security definer
set search_path = ''
rows 50
as $$
begin
  return query
  select
    'queue'::public.job_kind,
    queue.name,
    count(*) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'active'),
    min(job.start_after) filter (where job.state < 'active' and not job.blocked and job.start_after <= now()),
    count(*) filter (where job.state = 'failed' and job.completed_on > now() - interval '1 day'),
    (
      select count(*)
      from pgboss.job as dead
      where dead.name = 'dead-letters' and dead.source_name = queue.name and dead.state < 'active'
    ),
    (
      select max(finished.completed_on)
      from pgboss.job as finished
      where finished.name = queue.name and finished.state = 'completed'
    ),
    (
      select count(*)
      from private.doorbells
      where doorbells.queue = queue.name
        and doorbells.rung_at > now() - interval '1 hour'
        and doorbells.ended_at is null
        and not private.is_open(doorbells)
    )
  from pgboss.queue
  -- The states that pgboss.job_common_i14 has: finished jobs are not read.
  left join pgboss.job on job.name = queue.name and job.state in ('created', 'retry', 'active', 'failed')
  where queue.name <> 'dead-letters'
  group by queue.name;

  return query
  select
    'maintenance'::public.job_kind,
    'maintenance',
    0::bigint,
    count(*) filter (where private.is_open(doorbells) and doorbells.began_at is not null),
    null::timestamptz,
    0::bigint,
    0::bigint,
    (select max(queue.monitor_on) from pgboss.queue),
    count(*) filter (where doorbells.ended_at is null and not private.is_open(doorbells))
  from private.doorbells
  where doorbells.queue = 'maintenance'
    and doorbells.rung_at > now() - interval '1 hour';

  if to_regclass('cron.job') is null then
    return;
  end if;
  return query
  select
    'schedule'::public.job_kind,
    job.jobname,
    0::bigint,
    count(*) filter (where run.status in ('starting', 'running', 'connecting', 'sending')),
    null::timestamptz,
    count(*) filter (where run.status = 'failed' and run.start_time > now() - interval '1 day'),
    case job.jobname
      when 'deliver-waiting-notices' then
        (select count(*) from private.fan_outs where fan_outs.due_at = 'infinity')
        + (select count(*) from private.notice_queue as notice where notice.is_left and notice.due_at = 'infinity')
      when 'deliver-chat' then
        (select count(*) from private.conversation_bells as bell where bell.due_at = 'infinity')
        + (select count(*) from private.conversation_tellings as telling where telling.due_at = 'infinity')
      else 0
    end,
    max(run.end_time) filter (where run.status = 'succeeded'),
    0::bigint
  from cron.job
  left join cron.job_run_details as run on run.jobid = job.jobid
  where job.jobname is not null
  group by job.jobid, job.jobname;
end;
$$;

comment on function private.job_health is 'What the view public.job_health shows.';
revoke all on function private.job_health () from public, anon, authenticated, service_role;
grant execute on function private.job_health () to service_role;

create view public.job_health
with (security_invoker = on)
as
select health.kind, health.name, health.waiting, health.running, health.oldest_at, health.failed, health.dead,
  health.succeeded_at, health.lost_doorbells
from private.job_health() as health;

comment on view   public.job_health is 'Whether background work gets done. Only for the service role. docs/reference/jobs.md explains each row.';
comment on column public.job_health.kind is 'queue, maintenance or schedule.';
comment on column public.job_health.name is 'The name of the queue, or of the job of pg_cron.';
comment on column public.job_health.waiting is 'How many jobs could be done now.';
comment on column public.job_health.running is 'How many jobs workers have at this moment.';
comment on column public.job_health.oldest_at is 'Since when the oldest waiting job could be done. Null if none waits.';
comment on column public.job_health.failed is 'How many jobs, or runs of pg_cron, failed for good in the last 24 hours.';
comment on column public.job_health.dead is 'How many things failed for good and wait for somebody to look at them: jobs in dead-letters, or rows that a job of pg_cron has tried 20 times.';
comment on column public.job_health.succeeded_at is 'When one last succeeded. Null if none did, or if that is so long ago that its row is deleted.';
comment on column public.job_health.lost_doorbells is 'How many requests to the edge function got no answer in the last hour.';
revoke all on public.job_health from public, anon, authenticated, service_role;
grant select on public.job_health to service_role;
