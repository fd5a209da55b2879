/*
 * accounts
 *
 * How an account of Auth becomes a person here.
 */

-- Accounts -------------------------------------------------------------------

-- Definer, because Auth, which inserts the user, has no rights here. An account
-- without a username (created by an administrator, or invited) gets one that
-- says nothing; as nothing was held before, it can be changed at once. A display
-- name is made to fit instead of refused: it may come from elsewhere, and it is
-- changed with one request.
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
  if username is null then
    loop
      username := 'user_' || left(replace(gen_random_uuid()::text, '-', ''), 12);
      exit when private.username_problem(username, new.id) is null;
    end loop;
  end if;

  insert into public.profiles (id, username, display_name)
  values (new.id, username, private.to_name(display_name, 50));
  return null;
end;
$$;

comment on function private.users_create_profile is 'Makes the profile of a new account.';
revoke all on function private.users_create_profile () from public, anon, authenticated, service_role;

create trigger users_create_profile
  after insert on auth.users
  for each row
  execute function private.users_create_profile();

-- Every access token carries the metadata, and servers refuse a header that is too long.
-- platform/auth/metadata.ts has the same bound for all that changes metadata.
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

-- The Before User Created hook of Auth. A failing trigger on auth.users is a 500
-- that says nothing to anybody; here a sign-up is refused with words before
-- there is a user, and the person chooses again. Auth passes on no code of ours,
-- so the message ends with it. Definer, because Auth has no rights here.
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
  if problem is null then
    return '{}';
  end if;
  return jsonb_build_object('error', jsonb_build_object(
    'http_code', problem.status,
    'message', format('%s (%s)', problem.message, problem.code)
  ));
end;
$$;

comment on function private.before_user_created is 'Refuses a sign-up whose metadata is too large, or names a username that cannot be had.';
revoke all on function private.before_user_created (jsonb) from public, anon, authenticated, service_role;
grant usage on schema private to supabase_auth_admin;
grant execute on function private.before_user_created (jsonb) to supabase_auth_admin;
