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
    perform cron.schedule('ring-for-maintenance', '* * * * *', 'select private.ring_for_maintenance_if_due()');
  end if;

  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('sweep-jobs', '*/5 * * * *', 'select private.sweep_jobs()');
    perform cron.schedule('forget-old-runs', '1-59/5 * * * *', 'select private.forget_old_runs()');
    -- In the minutes of the maintenance, and of trust. So one start of the function does them together.
    perform cron.schedule('send-heartbeat', '3-59/5 * * * *', 'select private.send_job(''heartbeat'')');
  end if;
end;
$$;
