-- Policies and triggers of the services' tables, which postgres does not own:
-- hosted Supabase lets it manage them by the extension supautils (policy_grants,
-- drop_trigger_grants). Here postgres becomes a member of the owning roles for
-- just such a command: before it and until its end, in its transaction, so that
-- nothing else can be done meanwhile and nobody else ever sees it.

create function platform.lend_service_roles() returns event_trigger
language plpgsql
-- Grants as the superuser; as an event trigger it cannot be called.
security definer
set search_path = ''
as $$
declare
  role text;
  caller text := current_setting('role');
begin
  if caller = 'none' then
    caller := session_user;
  end if;
  if caller <> 'postgres' or (select rolsuper from pg_catalog.pg_roles where rolname = caller) then
    return;
  end if;
  foreach role in array array['supabase_auth_admin', 'supabase_realtime_admin', 'supabase_storage_admin']
  loop
    if tg_event = 'ddl_command_start' then
      execute format('grant %I to postgres', role);
    else
      execute format('revoke %I from postgres', role);
    end if;
  end loop;
end
$$;
revoke execute on function platform.lend_service_roles() from public;

create event trigger lend_service_roles on ddl_command_start
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function platform.lend_service_roles();
create event trigger return_service_roles on ddl_command_end
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function platform.lend_service_roles();
