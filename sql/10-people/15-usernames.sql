/*
 * usernames
 *
 * Which usernames can be had: not reserved, not taken, not held back for somebody.
 */

-- Usernames that cannot be had -------------------------------------------------

create table private.reserved_usernames (
  username  text primary key check (username = lower(username))
);

comment on table private.reserved_usernames is 'Names that nobody may take: they would pass for the house, or for a page of it.';
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
  profile_id  uuid         not null references public.profiles (id) on delete cascade,
  held_at     timestamptz  not null default now(),
  held_until  timestamptz  not null default now() + interval '30 days'
);

comment on table private.held_usernames is 'Names that people gave up: until held_until only the former owner may take them, so that nobody else is taken for them.';
revoke all on private.held_usernames from public, anon, authenticated, service_role;

-- Whose names: how long ago somebody changed theirs; what goes with an account.
create index held_usernames_profile_id_idx on private.held_usernames (profile_id);

create type private.problem as (status integer, code text, message text);
comment on type private.problem is 'Why something cannot be: an HTTP status, a code for programs, a message for people.';

-- One statement, hence one snapshot: a name that is being given up is seen either
-- as taken or as held, never as free. Held is told as taken, because who had a
-- name before is nobody's business.
create function private.username_problem(wanted text, asker uuid)
returns private.problem
language sql
stable
security invoker
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
      and held_usernames.profile_id is distinct from asker
      and held_usernames.held_until > now()
  ) then
    (409, 'username_taken', format('The username %s is taken', wanted))::private.problem
end;

comment on function private.username_problem is 'Why the asker (null: a newcomer) cannot have this username, or null.';
revoke all on function private.username_problem (text, uuid) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because the names that cannot be had are nobody's to read.
create function private.profiles_check_username()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  problem private.problem := private.username_problem(new.username, new.id);
begin
  if tg_op = 'UPDATE' and new.username = old.username then
    return new;
  end if;
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

-- Definer, because held names are nobody's to write. Taking back a name of one's
-- own costs no waiting, so a mistake can be undone; a name never had before
-- does, so that nobody walks through many and holds them all.
create function private.profiles_hold_username()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  changed_at timestamptz := (
    select max(held_usernames.held_at)
    from private.held_usernames
    where held_usernames.profile_id = new.id
  );
begin
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

  delete from private.held_usernames
  where held_usernames.profile_id = new.id and held_usernames.held_until < now();
  insert into private.held_usernames (username, profile_id)
  values (lower(old.username), old.id)
  on conflict (username) do update
  set profile_id = excluded.profile_id, held_at = excluded.held_at, held_until = excluded.held_until;
  return null;
end;
$$;

comment on function private.profiles_hold_username is 'Holds the old username back for its former owner, and bounds how often one takes a new one.';
revoke all on function private.profiles_hold_username () from public, anon, authenticated, service_role;

create trigger profiles_hold_username
  after update of username on public.profiles
  for each row
  when (lower(old.username) <> lower(new.username))
  execute function private.profiles_hold_username();

-- API ------------------------------------------------------------------------

-- Definer, because the names that cannot be had are nobody's to read.
create function private.username_available(wanted text)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select wanted is not null and private.username_problem(wanted, auth.uid()) is null;
$$;

comment on function private.username_available is 'What public.username_available() answers.';
revoke all on function private.username_available (text) from public, anon, authenticated, service_role;
grant execute on function private.username_available (text) to anon, authenticated;

create function public.username_available(username text)
returns boolean
language sql
stable
security invoker
return private.username_available(username);

comment on function public.username_available is 'Whether you could sign up with this username, or change yours to it.';
revoke all on function public.username_available (text) from public, anon, authenticated, service_role;
grant execute on function public.username_available (text) to anon, authenticated;
