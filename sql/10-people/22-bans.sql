/*
 * bans
 *
 * Auth bans an account: users.banned_until. A token that was made before is still good for a while. So
 * a write asks (00-foundations/30-turns.sql), and chat asks before everything (57-chat/10-conversations.sql).
 * A ban also ends what the account hears (57-chat/70-blocks.sql).
 */

-- In SQL and not a definer, so that the planner puts it into the query around it.
create function private.bans(user_id uuid)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  from auth.users
  where users.id = bans.user_id and users.banned_until > now();
end;

comment on function private.bans is 'A row when an account is banned.';
revoke all on function private.bans (uuid) from public, anon, authenticated, service_role;

-- Definer, because nobody may read the accounts of Auth.
create function private.is_locked_out(user_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return exists (select from private.bans(is_locked_out.user_id));
end;
$$;

comment on function private.is_locked_out is 'Whether an account is banned.';
revoke all on function private.is_locked_out (uuid) from public, anon, authenticated, service_role;

create function private.refuse_locked_out()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT403' using message = 'Your account is locked', detail = 'account_locked';
end;
$$;

comment on function private.refuse_locked_out is 'Raises the error PT403.';
revoke all on function private.refuse_locked_out () from public, anon, authenticated, service_role;
