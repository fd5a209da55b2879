/*
 * sign-ups
 *
 * Accounts of Auth whose address nobody has confirmed yet. They are nobody: they have no
 * profile, so there is nothing to find, follow, mention or count. 20-accounts.sql makes the
 * profile when the address is confirmed. See docs/decisions/0007-sign-up.md.
 */

-- Table ----------------------------------------------------------------------

create table private.sign_ups (
  user_id         uuid         primary key references auth.users (id) on delete cascade,
  -- Null when the name could not be had, or was given up again.
  username        text         constraint sign_ups_username_key unique check (username = lower(username)),
  reserved_until  timestamptz  not null default now() + interval '1 day',
  mailed_at       timestamptz  not null default now()
);

comment on table private.sign_ups is 'Sign-ups that wait for confirmation. Until reserved_until nobody else can have the username. A week after the last mail the account is deleted.';
revoke all on private.sign_ups from public, anon, authenticated, service_role;

-- The sweep: which accounts wait longest.
create index sign_ups_mailed_at_idx on private.sign_ups (mailed_at);

-- Triggers -------------------------------------------------------------------

/*
 * Auth notes in auth.users when it sent a mail: confirmation_sent_at for the mail of a
 * sign-up, recovery_sent_at for a forgotten password. So this trigger sees each mail.
 *
 * The first mail of a sign-up reserves the username. Auth then refuses another mail to the
 * address for max_frequency, 60 seconds, and nothing tells us about a refused request. The
 * stranger may have been first and the owner refused, so we let Auth believe that the first mail
 * is 55 seconds older. Five seconds are enough for a form that was sent twice.
 *
 * A second mail to an address that is still unconfirmed means: somebody signed up again, or
 * asked for the mail again. Auth keeps the password and metadata of the first sign-up, which
 * may be a stranger's. From here on nobody can tell whose they are, so they go. The mail signs
 * in the owner of the address, who then chooses a password and a username.
 *
 * A later mail changes nothing of an invited account: its metadata is the administrator's, and
 * it has no password before somebody accepts. The invitation itself drops what a sign-up
 * before it chose.
 *
 * Definer, because Auth, which updates the user, has no rights here.
 */
create function private.users_note_mail()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted text := lower(new.raw_user_meta_data ->> 'username');
begin
  if old.confirmation_sent_at is not null then
    update private.sign_ups
    set username = null, mailed_at = now()
    where sign_ups.user_id = new.id;

    if old.invited_at is null then
      if old.encrypted_password <> '' then
        new.encrypted_password := null;
        new.raw_app_meta_data := coalesce(new.raw_app_meta_data, '{}') || '{"needs_password": true}';
      end if;
      new.raw_user_meta_data := '{}';
    end if;
    return new;
  end if;

  -- No sign-up: an administrator made the account.
  if new.confirmation_sent_at is null or new.invited_at is not null then
    return new;
  end if;

  update private.sign_ups
  set username = null
  where sign_ups.username = wanted and sign_ups.reserved_until <= now();

  insert into private.sign_ups (user_id, username)
  values (new.id, case when private.username_problem(wanted, new.id) is null then wanted end)
  on conflict do nothing;

  -- Somebody else reserves the name at this moment, or the account has a row already.
  if not found then
    insert into private.sign_ups (user_id)
    values (new.id)
    on conflict (user_id) do update
    set mailed_at = excluded.mailed_at;
  end if;
  new.confirmation_sent_at := new.confirmation_sent_at - interval '55 seconds';
  return new;
end;
$$;

comment on function private.users_note_mail is 'Reserves the username at the first mail of a sign-up. At a later mail, drops the password and metadata that somebody chose before.';
revoke all on function private.users_note_mail () from public, anon, authenticated, service_role;

create trigger users_note_mail
  before update of confirmation_sent_at, recovery_sent_at on auth.users
  for each row
  when (
    old.confirmed_at is null
    and (
      (new.confirmation_sent_at is not null and new.confirmation_sent_at is distinct from old.confirmation_sent_at)
      or (new.recovery_sent_at is not null and new.recovery_sent_at is distinct from old.recovery_sent_at)
    )
  )
  execute function private.users_note_mail();

create function private.users_note_password()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.raw_app_meta_data := new.raw_app_meta_data - 'needs_password';
  return new;
end;
$$;

comment on function private.users_note_password is 'Takes needs_password away as soon as there is a password.';
revoke all on function private.users_note_password () from public, anon, authenticated, service_role;

create trigger users_note_password
  before update of encrypted_password, raw_app_meta_data on auth.users
  for each row
  when (new.raw_app_meta_data ? 'needs_password' and new.encrypted_password <> '')
  execute function private.users_note_password();

-- Jobs -----------------------------------------------------------------------

-- The index on mailed_at bounds the search. auth.users belongs to Auth: it has no index for
-- this, and we cannot make one. Accounts that Auth works on at this moment are locked; they
-- are skipped, and the next run finds those that are still unconfirmed.
create function private.sweep_sign_ups()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  swept integer;
begin
  delete from auth.users
  where users.id in (
    select waiting.id
    from private.sign_ups
    join auth.users as waiting on waiting.id = sign_ups.user_id
    where sign_ups.mailed_at < now() - interval '7 days' and waiting.confirmed_at is null
    order by sign_ups.mailed_at
    limit 1000
    for update of waiting skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$$;

comment on function private.sweep_sign_ups is 'Deletes up to 1,000 accounts that were not confirmed within a week of their last mail. Returns how many.';
revoke all on function private.sweep_sign_ups () from public, anon, authenticated, service_role;
