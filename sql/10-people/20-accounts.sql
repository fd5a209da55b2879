/*
 * accounts
 *
 * How an account of Auth becomes a person here: its address is confirmed. Before that it is
 * a sign-up (14-sign-ups.sql).
 */

-- Accounts -------------------------------------------------------------------

-- Nothing here may fail for what somebody wrote at sign-up: a failing trigger on auth.users
-- is a 500, and the address could never be confirmed. A username that cannot be had by now
-- becomes a provisional one, which its owner can change at once: nothing was held before.
-- A display name is made to fit, for it may come from elsewhere.
-- Definer, because Auth, which confirms the user, has no rights here.
create function private.users_create_profile()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  username text := new.raw_user_meta_data ->> 'username';
  display_name text := coalesce(new.raw_user_meta_data ->> 'display_name', '');
begin
  if exists (select from public.profiles where profiles.id = new.id) then
    return null;
  end if;

  perform private.lock_username(username);
  while username is null or private.username_problem(username, new.id) is not null loop
    username := 'user_' || left(replace(gen_random_uuid()::text, '-', ''), 12);
  end loop;

  insert into public.profiles (id, username, display_name)
  values (new.id, username, private.to_name(display_name, 50));

  delete from private.sign_ups where sign_ups.user_id = new.id;
  return null;
end;
$$;

comment on function private.users_create_profile is 'Makes the profile of an account when its address is confirmed.';
revoke all on function private.users_create_profile () from public, anon, authenticated, service_role;

create trigger users_create_profile
  after insert or update of email_confirmed_at, phone_confirmed_at on auth.users
  for each row
  when (new.confirmed_at is not null)
  execute function private.users_create_profile();

-- Every access token carries the metadata, and servers refuse a header that is too long.
-- platform/auth/metadata.ts has the same bound for everything that changes metadata.
create function private.metadata_problem(metadata jsonb)
returns private.problem
language sql
immutable
security invoker
return case
  when octet_length(metadata::text) > 4096 then
    (400, 'metadata_size', 'The metadata of an account has at most 4,096 bytes')::private.problem
end;

comment on function private.metadata_problem is 'Why an account cannot have this metadata, or null.';
revoke all on function private.metadata_problem (jsonb) from public, anon, authenticated, service_role;

-- The hook below refuses a sign-up. Auth asks no hook when somebody changes their metadata, so
-- this trigger refuses what no token could carry. Auth itself adds the address and the id to what
-- somebody signs up with. So 4,800 bytes, together with what administrators write, leave room.
create function private.users_check_metadata()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT400' using
    message = 'The metadata of an account has at most 4,096 bytes', detail = 'metadata_size';
end;
$$;

comment on function private.users_check_metadata is 'Refuses to make the metadata of an account larger than a token can carry.';
revoke all on function private.users_check_metadata () from public, anon, authenticated, service_role;

-- Metadata that is too large already may become smaller. Auth adds email_verified when it confirms
-- an address, and a confirmation never fails.
create trigger users_check_metadata
  before update of raw_user_meta_data on auth.users
  for each row
  when (
    octet_length(new.raw_user_meta_data::text) + coalesce(octet_length(new.raw_app_meta_data::text), 0) > 4800
    and octet_length((new.raw_user_meta_data - 'email_verified')::text)
      > coalesce(octet_length((old.raw_user_meta_data - 'email_verified')::text), 0)
  )
  execute function private.users_check_metadata();

-- The Before User Created hook of Auth: metadata that no token can carry, and a name that
-- nobody can have, are refused with words, before there is a user. Auth has no place for
-- our code, so the message ends with it.
-- A taken name is not refused. Auth asks the hook about new addresses only, so the refusal
-- would tell which addresses are registered. Forms ask username_available() first.
-- Definer, because Auth has no rights here.
create function private.before_user_created(event jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  username text := event #>> '{user,user_metadata,username}';
  problem private.problem := coalesce(
    private.metadata_problem(event #> '{user,user_metadata}'), private.username_problem(username, null)
  );
begin
  if problem is null or problem.code = 'username_taken' then
    return '{}';
  end if;
  return jsonb_build_object('error', jsonb_build_object(
    'http_code', problem.status,
    'message', format('%s (%s)', problem.message, problem.code)
  ));
end;
$$;

comment on function private.before_user_created is 'Refuses a sign-up whose metadata is too large, or whose username nobody can have: badly formed, or reserved for the house.';
revoke all on function private.before_user_created (jsonb) from public, anon, authenticated, service_role;
grant usage on schema private to supabase_auth_admin;
grant execute on function private.before_user_created (jsonb) to supabase_auth_admin;

-- Jobs -----------------------------------------------------------------------

-- Every Supabase has pg_cron. A bare Postgres may not; then only the sweeps are missing.
do $$
begin
  if not exists (select from pg_available_extensions where name = 'pg_cron') then
    raise warning 'There is no pg_cron here: schedule private.sweep_sign_ups() and private.sweep_held_usernames() by other means';
    return;
  end if;
  create extension if not exists pg_cron with schema pg_catalog;
  perform cron.schedule('sweep-sign-ups', '3-59/5 * * * *', 'select private.sweep_sign_ups()');
  perform cron.schedule('sweep-held-usernames', '23 * * * *', 'select private.sweep_held_usernames()');
end;
$$;
