-- The roles of a hosted Supabase project (supabase/postgres, migrations/db and
-- nix/tests/expected/roles.out), for the whole server: a role that exists keeps
-- its attributes and settings, so that a second database changes nothing.
-- Passwords are not here: bootstrap.ts sets them.

do $roles$
declare
  wanted record;
begin
  for wanted in
    select *
    from (
      values
        ('supabase_admin', 'superuser createdb createrole login replication bypassrls'),
        ('postgres', 'nosuperuser createdb createrole login replication bypassrls'),
        ('anon', 'nologin'),
        ('authenticated', 'nologin'),
        ('service_role', 'nologin bypassrls'),
        ('authenticator', 'login noinherit'),
        ('supabase_auth_admin', 'login noinherit'),
        ('supabase_storage_admin', 'login noinherit createrole'),
        ('supabase_realtime_admin', 'login noinherit createrole replication'),
        ('supabase_functions_admin', 'login noinherit createrole'),
        ('supabase_replication_admin', 'login replication'),
        ('supabase_etl_admin', 'login replication'),
        ('supabase_read_only_user', 'login bypassrls'),
        ('supabase_privileged_role', 'nologin'),
        ('dashboard_user', 'nologin createdb createrole replication'),
        ('pgbouncer', 'login')
    ) as role (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.attributes);
    end if;
  end loop;
end
$roles$;

-- Settings, only where a role has none of its own: `alter role anon set
-- statement_timeout` by a migration must survive the next database.
do $settings$
declare
  wanted record;
begin
  for wanted in
    select *
    from (
      values
        ('postgres', 'search_path', '"$user", public, extensions'),
        ('supabase_admin', 'search_path', '"$user", public, auth, extensions'),
        ('supabase_admin', 'log_statement', 'none'),
        ('anon', 'statement_timeout', '''3s'''),
        ('authenticated', 'statement_timeout', '''8s'''),
        ('authenticator', 'statement_timeout', '''8s'''),
        ('authenticator', 'lock_timeout', '''8s'''),
        ('supabase_auth_admin', 'search_path', 'auth'),
        ('supabase_auth_admin', 'idle_in_transaction_session_timeout', '60000'),
        ('supabase_auth_admin', 'log_statement', 'none'),
        ('supabase_storage_admin', 'search_path', 'storage'),
        ('supabase_storage_admin', 'log_statement', 'none'),
        ('supabase_realtime_admin', 'search_path', 'realtime')
    ) as setting (role, name, value)
  loop
    if not exists (
      select
      from pg_catalog.pg_roles as role, unnest(role.rolconfig) as setting
      where role.rolname = wanted.role
        and setting like wanted.name || '=%'
    ) then
      execute format('alter role %I set %s to %s', wanted.role, wanted.name, wanted.value);
    end if;
  end loop;
end
$settings$;

grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role to supabase_realtime_admin;
grant pg_read_all_data to supabase_read_only_user, supabase_etl_admin;

-- With admin option, so that postgres may change their settings and grant them on.
do $postgres$
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres') then
    raise warning 'the role postgres is a superuser of this server: what hosted Supabase refuses it, passes here';
    return;
  end if;
  grant anon, authenticated, authenticator, service_role to postgres with admin option;
  grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
  if current_setting('server_version_num')::integer >= 160000 then
    grant pg_create_subscription to postgres with admin option;
  end if;
  grant supabase_privileged_role to postgres;
  grant execute on function pg_catalog.pg_reload_conf() to postgres;
end
$postgres$;

-- The superuser's settings that hosted Supabase lets postgres change (there by
-- the extension supautils; the server's own means suffice for these).
grant set on parameter
  log_lock_waits,
  log_min_duration_statement,
  log_min_messages,
  log_parameter_max_length,
  log_replication_commands,
  log_statement,
  log_temp_files,
  session_replication_role,
  track_io_timing,
  wal_compression,
  pg_net.batch_size,
  pg_net.ttl,
  pgrst.db_aggregates_enabled,
  pgrst.db_extra_search_path,
  pgrst.db_hoisted_tx_settings,
  pgrst.db_max_rows,
  pgrst.db_plan_enabled,
  pgrst.db_pre_config,
  pgrst.db_pre_request,
  pgrst.db_root_spec,
  pgrst.db_schemas,
  pgrst.db_tx_end,
  pgrst.openapi_mode,
  pgrst.openapi_security_active,
  pgrst.server_cors_allowed_origins,
  pgrst.server_timing_enabled,
  pgrst.server_trace_header
to postgres;

grant set on parameter log_min_messages to supabase_realtime_admin;
