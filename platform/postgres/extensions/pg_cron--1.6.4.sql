-- Stand-in for pg_cron 1.6 (github.com/citusdata/pg_cron): its tables, functions
-- and errors, with the rights that hosted Supabase gives after creating it.
-- Nothing here runs a job. A changed job is announced on the channel pg_cron.

create schema cron;

create sequence cron.jobid_seq;
create sequence cron.runid_seq;

-- The original keeps all jobs in the database that cron.database_name names.
create function cron._database() returns text
language sql
stable
set search_path = ''
return coalesce(nullif(current_setting('cron.database_name', true), ''), current_database());

create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default current_setting('port')::integer,
  database text not null default cron._database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');
select pg_catalog.pg_extension_config_dump('cron.job_run_details', '');
select pg_catalog.pg_extension_config_dump('cron.runid_seq', '');

alter table cron.job enable row level security;
alter table cron.job_run_details enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- The caller's own jobs. The functions below change jobs through this view with
-- the caller's rights, so that a job belongs to whom it was scheduled by: inside
-- a security definer function that would no longer be known.
create view cron._own_job as
  select *
  from cron.job
  where username = current_user
with check option;

create function cron.job_cache_invalidate() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  notify pg_cron;
  return null;
end
$$;

create trigger cron_job_cache_invalidate
  after insert or update or delete or truncate on cron.job
  for each statement execute function cron.job_cache_invalidate();

-- One field of a schedule: `*`, a value or a range, each with an optional step
-- where it spans several values, and lists of these. Names count from `low`.
create function cron._is_field(field text, low integer, high integer, names text[]) returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  item text;
  part text[];
  first integer;
  last integer;
begin
  foreach item in array string_to_array(lower(field), ',') loop
    part := regexp_match(item, '^(\*|[a-z]+|\d{1,2})(?:-([a-z]+|\d{1,2}))?(?:/(\d{1,2}))?$');
    if part is null or part[3]::integer = 0 then
      return false;
    end if;
    if part[1] = '*' then
      if part[2] is not null then
        return false;
      end if;
      continue;
    end if;
    first := case when part[1] ~ '^\d' then part[1]::integer else array_position(names, part[1]) - 1 + low end;
    last := case
      when part[2] is null then first
      when part[2] ~ '^\d' then part[2]::integer
      else array_position(names, part[2]) - 1 + low
    end;
    if first is null or last is null or first < low or last > high or first > last then
      return false;
    end if;
    if part[2] is null and part[3] is not null then
      return false;
    end if;
  end loop;
  return true;
end
$$;

-- Vixie cron's five fields and @names, `$` for the last day of a month, or
-- '[1-59] seconds'.
create function cron._is_schedule(schedule text) returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  field text[] := regexp_split_to_array(trim(schedule, E' \t\n'), '\s+');
begin
  if length(schedule) >= 1000 then
    return false;
  end if;
  if schedule ~* '^\s*([1-9]|[1-5]\d)\s+seconds?\s*$' then
    return true;
  end if;
  if field[1] ~ '^@' then
    return cardinality(field) = 1
      and field[1] in (
        '@reboot', '@restart', '@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'
      );
  end if;
  return cardinality(field) = 5
    and cron._is_field(field[1], 0, 59, '{}')
    and cron._is_field(field[2], 0, 23, '{}')
    and (field[3] = '$' or cron._is_field(field[3], 1, 31, '{}'))
    and cron._is_field(field[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}')
    and cron._is_field(field[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat,sun}');
end
$$;

create function cron._require_schedule(schedule text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not cron._is_schedule(schedule) then
    raise exception 'invalid schedule: %', schedule
      using errcode = 'invalid_parameter_value',
        hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
end
$$;

-- Whether the job may run as this user in this database.
create function cron._require_runnable(database text, username text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = username) then
    raise exception 'role "%" does not exist', username;
  end if;
  if not (select rolcanlogin from pg_catalog.pg_roles where rolname = username) then
    raise exception 'role "%" can not log in', username
      using detail = 'Jobs may only be run by roles that have the LOGIN attribute.';
  end if;
  if not has_database_privilege(username, database, 'connect') then
    raise exception 'User % does not have CONNECT privilege on %', username, database;
  end if;
end
$$;

create function cron.schedule_in_database(
  job_name text,
  schedule text,
  command text,
  database text,
  username text default null,
  active boolean default true
) returns bigint
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  run_as text := coalesce(schedule_in_database.username, current_user);
  id bigint;
begin
  if schedule_in_database.schedule is null then
    raise exception 'schedule can not be NULL';
  end if;
  if schedule_in_database.command is null then
    raise exception 'command can not be NULL';
  end if;
  if run_as <> current_user and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    raise exception 'must be superuser to create a job for another role';
  end if;
  perform cron._require_schedule(schedule_in_database.schedule);
  perform cron._require_runnable(schedule_in_database.database, run_as);
  if run_as = current_user then
    insert into cron._own_job (schedule, command, database, active, jobname)
    values (
      schedule_in_database.schedule,
      schedule_in_database.command,
      schedule_in_database.database,
      schedule_in_database.active,
      job_name
    )
    on conflict (jobname, username) do update
    set schedule = excluded.schedule,
      command = excluded.command,
      database = excluded.database,
      active = excluded.active
    returning jobid into id;
  else
    insert into cron.job (schedule, command, database, active, jobname, username)
    values (
      schedule_in_database.schedule,
      schedule_in_database.command,
      schedule_in_database.database,
      schedule_in_database.active,
      job_name,
      run_as
    )
    on conflict (jobname, username) do update
    set schedule = excluded.schedule,
      command = excluded.command,
      database = excluded.database,
      active = excluded.active
    returning jobid into id;
  end if;
  return id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
language sql
set search_path = ''
return cron.schedule_in_database(null, schedule, command, cron._database());

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql
set search_path = ''
as $$
begin
  if job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  return cron.schedule_in_database(job_name, schedule, command, cron._database());
end
$$;

create function cron.unschedule(job_id bigint) returns boolean
language plpgsql
strict
set search_path = ''
as $$
begin
  if has_table_privilege('cron.job', 'delete') then
    delete from cron.job where jobid = job_id;
  else
    delete from cron._own_job where jobid = job_id;
  end if;
  if not found then
    raise exception 'could not find valid entry for job %', job_id;
  end if;
  return true;
end
$$;

create function cron.unschedule(job_name text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  delete from cron._own_job where jobname = job_name;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  is_superuser boolean := (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
begin
  if job_id is null then
    raise exception 'job_id can not be NULL';
  end if;
  if num_nonnulls(
    alter_job.schedule, alter_job.command, alter_job.database, alter_job.username, alter_job.active
  ) = 0 then
    raise exception 'no updates specified'
      using hint = 'You must specify at least one job attribute to change when calling alter_job';
  end if;
  if alter_job.username is not null and not is_superuser then
    raise exception 'must be superuser to alter username';
  end if;
  if alter_job.schedule is not null then
    perform cron._require_schedule(alter_job.schedule);
  end if;
  if alter_job.database is not null or alter_job.username is not null then
    perform cron._require_runnable(
      coalesce(alter_job.database, cron._database()),
      coalesce(alter_job.username, current_user)
    );
  end if;
  if is_superuser then
    update cron.job
    set schedule = coalesce(alter_job.schedule, schedule),
      command = coalesce(alter_job.command, command),
      database = coalesce(alter_job.database, database),
      username = coalesce(alter_job.username, username),
      active = coalesce(alter_job.active, active)
    where jobid = job_id;
  else
    update cron._own_job
    set schedule = coalesce(alter_job.schedule, schedule),
      command = coalesce(alter_job.command, command),
      database = coalesce(alter_job.database, database),
      active = coalesce(alter_job.active, active)
    where jobid = job_id;
  end if;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id;
  end if;
end
$$;

comment on function cron.schedule(text, text) is 'schedule a pg_cron job';
comment on function cron.schedule(text, text, text) is 'schedule a pg_cron job';
comment on function cron.schedule_in_database(text, text, text, text, text, boolean) is 'schedule a pg_cron job';
comment on function cron.unschedule(bigint) is 'unschedule a pg_cron job';
comment on function cron.unschedule(text) is 'unschedule a pg_cron job';
comment on function cron.alter_job(bigint, text, text, text, text, boolean)
  is 'Alter the job identified by job_id. Any option left as NULL will not be modified.';

grant select on cron.job, cron.job_run_details to public;
grant select, insert, update, delete on cron._own_job to public;
grant usage on sequence cron.jobid_seq to public;

-- As hosted (supabase/postgres, pg_cron/after-create.sql and 20260730000000):
-- jobs are changed by the functions alone, runs may be cleared away.
grant usage on schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant select, insert, update, delete, truncate, references on cron.job_run_details to postgres with grant option;
