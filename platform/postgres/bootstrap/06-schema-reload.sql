-- Tells the REST service (channel pgrst) that the schema changed, so that it
-- reads it anew. As in supabase/postgres 20260923021047: not for temporary
-- objects, not for the services' own schemas.

create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select
    from pg_catalog.pg_event_trigger_ddl_commands() as command
    left join pg_catalog.pg_trigger as trigger
      on command.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and trigger.oid = command.objid
    left join pg_catalog.pg_class as trigger_table on trigger_table.oid = trigger.tgrelid
    where command.command_tag in (
        'CREATE SCHEMA', 'ALTER SCHEMA',
        'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE',
        'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE',
        'CREATE VIEW', 'ALTER VIEW',
        'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW',
        'CREATE FUNCTION', 'ALTER FUNCTION',
        'CREATE TRIGGER',
        'CREATE TYPE', 'ALTER TYPE',
        'CREATE RULE',
        'COMMENT'
      )
      and coalesce(command.schema_name, trigger_table.relnamespace::pg_catalog.regnamespace::text, '')
        not in ('auth', 'realtime', '_realtime', 'storage', 'pg_temp')
      and coalesce(trigger_table.relpersistence, 'p') <> 't'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select
    from pg_catalog.pg_event_trigger_dropped_objects() as dropped
    where dropped.object_type in (
        'schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'trigger', 'type', 'rule'
      )
      and not dropped.is_temporary
      -- Of a trigger or a rule, the schema of its table.
      and coalesce(dropped.schema_name, dropped.address_names[1], '')
        not in ('auth', 'realtime', '_realtime', 'storage')
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;

create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
