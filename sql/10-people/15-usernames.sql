/*
 * usernames
 *
 * Which usernames somebody can have. A name cannot be had when it belongs to the house, when
 * somebody has it, when it is held after a rename or a deletion, or when a sign-up that waits
 * for confirmation reserved it (14-sign-ups.sql).
 */

-- Names that cannot be had -----------------------------------------------------

create table private.reserved_usernames (
  username  text primary key check (username = lower(username))
);

comment on table private.reserved_usernames is 'Names that nobody may take: people would think that they are the house, or a page of it.';
revoke all on private.reserved_usernames from public, anon, authenticated, service_role;

insert into private.reserved_usernames (username)
values
  ('about'), ('abuse'), ('account'), ('accounts'), ('admin'), ('administrator'), ('admins'), ('all'),
  ('anonymous'), ('anyone'), ('api'), ('app'), ('assets'), ('auth'), ('billing'), ('blog'), ('bookmarks'),
  ('bot'), ('chat'), ('contact'), ('dashboard'), ('deleted'), ('developer'), ('developers'), ('docs'),
  ('edit'), ('email'), ('error'), ('everybody'), ('everyone'), ('explore'), ('faq'), ('feed'), ('feeds'),
  ('follow'), ('followers'), ('following'), ('guest'), ('hashtag'), ('help'), ('here'), ('home'),
  ('hostmaster'), ('info'), ('invite'), ('legal'), ('likes'), ('lists'), ('login'), ('logout'), ('mail'),
  ('media'), ('messages'), ('mod'), ('moderation'), ('moderator'), ('moderators'), ('mods'), ('new'),
  ('news'), ('nobody'), ('noreply'), ('no_reply'), ('notifications'), ('null'), ('official'), ('owner'),
  ('plaza'), ('policy'), ('post'), ('postmaster'), ('posts'), ('press'), ('privacy'), ('profile'),
  ('profiles'), ('public'), ('register'), ('report'), ('reports'), ('root'), ('rules'), ('search'),
  ('security'), ('service'), ('settings'), ('share'), ('signin'), ('signout'), ('signup'), ('sign_in'),
  ('sign_up'), ('staff'), ('static'), ('status'), ('support'), ('sysadmin'), ('system'), ('tag'), ('tags'),
  ('team'), ('terms'), ('trending'), ('trends'), ('trust'), ('undefined'), ('user'), ('username'),
  ('users'), ('verified'), ('verify'), ('webmaster'), ('welcome'), ('www');

create table private.held_usernames (
  username    text         primary key check (username = lower(username)),
  -- Null when the former owner deleted their account.
  profile_id  uuid         references public.profiles (id) on delete set null,
  held_at     timestamptz  not null default now(),
  held_until  timestamptz  not null default now() + interval '30 days'
);

comment on table private.held_usernames is 'Names that people gave up, by a rename or with their account. Until held_until only the former owner can take them back, so that nobody can pass for them.';
revoke all on private.held_usernames from public, anon, authenticated, service_role;

-- When somebody last changed theirs, and which names a deleted account held.
create index held_usernames_profile_id_idx on private.held_usernames (profile_id);
-- The sweep.
create index held_usernames_held_until_idx on private.held_usernames (held_until);

create type private.problem as (status integer, code text, message text);
comment on type private.problem is 'Why something is refused: an HTTP status, a code for programs, a message for people.';

-- One statement reads one snapshot. So a name that somebody gives up at this moment is seen
-- as taken or as held, never as free. Taken, held and reserved have one answer, because
-- nobody may learn which name a deleted account had, or who waits to be confirmed.
-- In PL/pgSQL, because Postgres would plan the tests of an SQL function again for every call.
create function private.username_problem(wanted text, asker uuid)
returns private.problem
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return case
    when wanted !~ '^[A-Za-z0-9_]{3,30}$' then
      (400, 'username_format', 'A username has 3 to 30 letters, digits and underscores')::private.problem
    when exists (
      select from private.reserved_usernames
      where reserved_usernames.username = lower(wanted)
    ) then
      (400, 'username_reserved', format('The username %s is reserved', wanted))::private.problem
    when exists (
      select from public.profiles
      where lower(profiles.username) = lower(wanted) and profiles.id is distinct from asker
    ) or exists (
      select from private.held_usernames
      where held_usernames.username = lower(wanted)
        -- Null is the owner when the account is deleted, and the asker when they are new.
        and coalesce(held_usernames.profile_id <> asker, true)
        and held_usernames.held_until > now()
    ) or exists (
      select from private.sign_ups
      where sign_ups.username = lower(wanted)
        and sign_ups.user_id is distinct from asker
        and sign_ups.reserved_until > now()
    ) then
      (409, 'username_taken', format('The username %s is taken', wanted))::private.problem
  end;
end;
$$;

comment on function private.username_problem is 'Why the asker (null: a newcomer) cannot have this username, or null.';
revoke all on function private.username_problem (text, uuid) from public, anon, authenticated, service_role;

-- Without it, two people who want one name at once would both find it free, and the unique
-- index would refuse the second one in its own words. All names share 1,024 locks. That caps
-- the locks of a statement about many people.
create function private.lock_username(wanted text)
returns void
language sql
volatile
security invoker
begin atomic
  select pg_advisory_xact_lock(2, hashtext(lower(wanted)) & 1023);
end;

comment on function private.lock_username is 'Waits until nobody else is taking this username. Holds until the transaction ends.';
revoke all on function private.lock_username (text) from public, anon, authenticated, service_role;

create function private.hold_username(username text, owner_id uuid)
returns void
language sql
volatile
security invoker
begin atomic
  insert into private.held_usernames (username, profile_id)
  values (lower(hold_username.username), owner_id)
  on conflict (username) do update
  set profile_id = excluded.profile_id, held_at = excluded.held_at, held_until = excluded.held_until;
end;

comment on function private.hold_username is 'Holds a username for 30 days: for its former owner, or (null) for nobody.';
revoke all on function private.hold_username (text, uuid) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may read which names are held or reserved.
create function private.profiles_check_username()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  problem private.problem;
begin
  if tg_op = 'UPDATE' and new.username = old.username then
    return new;
  end if;
  -- users_create_profile() has the lock already. With a second one, two people could wait in a
  -- circle.
  if tg_op = 'UPDATE' then
    perform private.lock_username(new.username);
    perform private.start_clock(3);
  end if;
  problem := private.username_problem(new.username, new.id);
  if problem is not null then
    raise exception using
      errcode = 'PT' || problem.status, message = problem.message, detail = problem.code;
  end if;
  return new;
end;
$$;

comment on function private.profiles_check_username is 'Refuses a username that cannot be had.';
revoke all on function private.profiles_check_username () from public, anon, authenticated, service_role;

create trigger profiles_check_username
  before insert or update of username on public.profiles
  for each row
  execute function private.profiles_check_username();

-- Definer, because nobody may write held names. You can take back a name that you held
-- at once, so a mistake can be undone. For a name that you never had you wait 7 days, so
-- that nobody takes many names in turn and holds them all. A person who keeps taking names
-- back would hold them for ever. So nobody holds more than the last five.
create function private.profiles_hold_username()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  most constant integer := 5;
  changed_at timestamptz := (
    select max(held_usernames.held_at)
    from private.held_usernames
    where held_usernames.profile_id = new.id
  );
begin
  -- The answer has been read. The same statement may make the account private, which takes longer than the clock.
  perform private.start_clock(8);
  delete from private.held_usernames
  where held_usernames.username = lower(new.username) and held_usernames.profile_id = new.id;

  if not found and changed_at > now() - interval '7 days' then
    raise sqlstate 'PT429' using
      message = 'You changed your username a short while ago',
      detail = 'username_changed_recently',
      hint = to_char(
        (changed_at + interval '7 days') at time zone 'UTC',
        '"A new one can be taken from "YYYY-MM-DD"T"HH24:MI:SS"Z"'
      );
  end if;

  perform private.hold_username(old.username, old.id);
  delete from private.held_usernames
  where held_usernames.username in (
    select held.username
    from private.held_usernames as held
    where held.profile_id = new.id
    order by held.held_at desc
    offset most
  );
  return null;
end;
$$;

comment on function private.profiles_hold_username is 'Holds the old username for its former owner, and bounds how often somebody takes a new one, and how many names they hold.';
revoke all on function private.profiles_hold_username () from public, anon, authenticated, service_role;

create trigger profiles_hold_username
  after update of username on public.profiles
  for each row
  when (lower(old.username) <> lower(new.username))
  execute function private.profiles_hold_username();

-- The names that the account held by then stay held as long as they were. Definer, because
-- nobody may write held names.
create function private.profiles_hold_last_username()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.hold_username(old.username, null);
  return null;
end;
$$;

comment on function private.profiles_hold_last_username is 'Holds the username of a deleted account.';
revoke all on function private.profiles_hold_last_username () from public, anon, authenticated, service_role;

create trigger profiles_hold_last_username
  after delete on public.profiles
  for each row
  execute function private.profiles_hold_last_username();

-- Jobs -----------------------------------------------------------------------

create function private.sweep_held_usernames()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  swept integer;
begin
  delete from private.held_usernames
  where held_usernames.username in (
    select expired.username
    from private.held_usernames as expired
    where expired.held_until <= now()
    order by expired.held_until
    limit 1000
    for update skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$$;

comment on function private.sweep_held_usernames is 'Forgets up to 1,000 names whose time is over. Returns how many.';
revoke all on function private.sweep_held_usernames () from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

create type public.username_refusal as enum ('username_format', 'username_reserved', 'username_taken');
comment on type public.username_refusal is 'Why you cannot have a username: the codes of the errors.';

create type public.username_answer as (
  available  boolean,
  reason     public.username_refusal,
  message    text
);

comment on type   public.username_answer is 'Whether you can have a username. If not, reason says why as a code, and message as a sentence.';
comment on column public.username_answer.reason is 'Null when you can have it.';
comment on column public.username_answer.message is 'Null when you can have it.';

-- Definer, because nobody may read which names are held or reserved.
create function private.username_available(wanted text)
returns public.username_answer
language sql
stable
security definer
set search_path = ''
as $$
  select (problem.code is null, problem.code::public.username_refusal, problem.message)::public.username_answer
  from private.username_problem(coalesce(wanted, ''), auth.uid()) as problem;
$$;

comment on function private.username_available is 'What public.username_available() answers.';
revoke all on function private.username_available (text) from public, anon, authenticated, service_role;
grant execute on function private.username_available (text) to anon, authenticated;

create function public.username_available(username text)
returns public.username_answer
language sql
stable
security invoker
return private.username_available(username);

comment on function public.username_available is 'Whether you can sign up with this username, or change yours to it. If not, it says why.';
revoke all on function public.username_available (text) from public, anon, authenticated, service_role;
grant execute on function public.username_available (text) to anon, authenticated;
