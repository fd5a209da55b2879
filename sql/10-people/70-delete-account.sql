/*
 * delete account
 *
 * You delete your own account. The row in auth.users is deleted. Your profile, everything
 * you wrote, your sessions and your refresh tokens are deleted with it. Your username is
 * held for 30 days (15-usernames.sql).
 *
 * A phone that somebody leaves on a table must not be enough. So the session that asks must
 * be fresh: it began within the last 10 minutes, with a password, a code or a link. To get
 * one, the client signs in again. If the account has a second factor, the session must have
 * used it.
 */

-- Definer, because nobody may read sessions or delete users. The claims are signed by Auth,
-- but a token outlives its session. So the session itself is asked.
create function private.delete_account()
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
begin
  if not exists (
    select from auth.sessions
    where sessions.id::text = auth.jwt() ->> 'session_id'
      and sessions.user_id = viewer_id
      and sessions.created_at > now() - interval '10 minutes'
      and (sessions.aal > 'aal1' or not exists (
        select from auth.mfa_factors
        where mfa_factors.user_id = viewer_id and mfa_factors.status = 'verified'
      ))
  ) then
    raise sqlstate 'PT403' using
      message = 'Sign in again. Then you can delete your account within 10 minutes',
      detail = 'fresh_sign_in_needed';
  end if;

  -- From here on the request does what Auth does when it deletes an account: rows of many
  -- people are deleted, in the turn of statements without a person. If it also had the
  -- person's own turn, a block that waits for this turn could wait in a circle.
  perform set_config('request.jwt.claims', '', true), set_config('request.jwt.claim.sub', '', true);
  delete from auth.users
  where users.id = viewer_id;
end;
$$;

comment on function private.delete_account is 'What public.delete_account() does.';
revoke all on function private.delete_account () from public, anon, authenticated, service_role;
grant execute on function private.delete_account () to authenticated;

-- To delete 20,000 posts took 5 s, and a request of a signed-in person may take 8 s. PostgREST
-- reads the setting of a function before it calls it.
create function public.delete_account()
returns void
language sql
volatile
security invoker
set statement_timeout = '60s'
begin atomic
  select private.delete_account();
end;

comment on function public.delete_account is 'Deletes your account with everything in it, and ends your sessions. You must have signed in within the last 10 minutes.';
revoke all on function public.delete_account () from public, anon, authenticated, service_role;
grant execute on function public.delete_account () to authenticated;
