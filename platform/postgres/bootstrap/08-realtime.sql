-- What the Realtime service keeps in the database, as of the tenant schema of
-- supabase/realtime: messages with their partitions, and the functions that
-- triggers and policies call. Who may receive and send is the policies' say, and
-- those are the project's; see 09-service-policies.sql.

set local role supabase_realtime_admin;

create table realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default timezone('utc', now()),
  inserted_at timestamp not null default timezone('utc', now()),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  skip_broadcast boolean not null default false,
  constraint messages_pkey primary key (id, inserted_at),
  constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);

-- Replay: the newest private broadcasts of a topic.
create index messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

-- No policy: nobody receives or sends until the project says who.
alter table realtime.messages enable row level security;

grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant all on realtime.messages to postgres;
grant select, insert on realtime.messages to postgres with grant option;
grant all on realtime.messages to dashboard_user;

-- The topic that a policy is asked about.
create function realtime.topic() returns text
language sql stable
return nullif(current_setting('realtime.topic', true), '');

-- Sends a message to a topic. Runs as its caller, under the insert policies, and
-- never fails it: whatever goes wrong is a warning, and the message is lost.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql
as $$
declare
  message_id uuid := gen_random_uuid();
begin
  execute format('set local realtime.topic to %L', topic);
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (
    message_id,
    case when payload ? 'id' then payload else jsonb_set(payload, '{id}', to_jsonb(message_id)) end,
    event,
    topic,
    private,
    'broadcast'
  );
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  execute format('set local realtime.topic to %L', topic);
  insert into realtime.messages (binary_payload, event, topic, private, extension)
  values (payload, event, topic, private, 'broadcast');
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

-- For row triggers: sends the whole old and new row to a private topic.
create function realtime.broadcast_changes(
  topic_name text,
  event_name text,
  operation text,
  table_name text,
  table_schema text,
  new record,
  old record,
  level text default 'ROW'
) returns void
language plpgsql
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', old,
      'record', new,
      'operation', operation,
      'table', table_name,
      'schema', table_schema
    ),
    event_name,
    topic_name
  );
exception
  when others then
    raise exception 'Failed to process the row: %', sqlerrm;
end
$$;

grant execute on all functions in schema realtime to postgres, dashboard_user;

reset role;
set local role supabase_admin;

-- What the service listens to. supabase_realtime, for changes of tables, is there already.
create publication supabase_realtime_messages_publication for table realtime.messages;

-- Makes the partitions from yesterday to three days ahead, and answers with the
-- names of those that are older than three days, for the service to drop. Made
-- beside the table and then attached: that locks nobody out, and gives up soon.
create function platform.make_message_partitions() returns setof text
language plpgsql
set search_path = ''
set lock_timeout = '500ms'
set timezone = 'UTC'
as $$
declare
  today date := timezone('utc', now());
  day date;
  partition text;
begin
  -- One at a time, whoever else starts.
  perform pg_advisory_xact_lock(hashtextextended('realtime.messages', 0));
  for offset_days in -1..3 loop
    day := today + offset_days;
    partition := format('messages_%s', to_char(day, 'YYYY_MM_DD'));
    if to_regclass(format('realtime.%I', partition)) is null then
      execute format('create table realtime.%I (like realtime.messages including all)', partition);
      execute format('alter table realtime.%I enable row level security', partition);
      execute format('alter table realtime.%I owner to supabase_realtime_admin', partition);
      execute format(
        'alter table realtime.messages attach partition realtime.%I for values from (%L) to (%L)',
        partition, day::timestamp, (day + 1)::timestamp
      );
    end if;
  end loop;
  return query
    select child.relname::text
    from pg_catalog.pg_inherits as link
    join pg_catalog.pg_class as child on child.oid = link.inhrelid
    where link.inhparent = 'realtime.messages'::regclass
      and child.relname ~ '^messages_\d{4}_\d\d_\d\d$'
      and to_date(substr(child.relname, 10), 'YYYY_MM_DD') < timezone('utc', now() - interval '72 hours')::date
    order by 1;
end
$$;
revoke execute on function platform.make_message_partitions() from public;

select platform.make_message_partitions();
