/*
 * profiles
 *
 * Who people are to each other. A profile is made in the same transaction as its
 * user, from the metadata given at sign-up, and goes with it. Everything in it is
 * public, but for blocks (15-blocks.sql says who reads it); what is not public
 * does not belong into this table. is_private is about what somebody writes.
 */

-- Table ----------------------------------------------------------------------

-- Immutable, for the check below, which can't look into an array by itself.
create function private.are_links(urls text[])
returns boolean
language sql
immutable
parallel safe
security invoker
return cardinality(urls) <= 5
  and coalesce(array_ndims(urls), 1) = 1
  and not exists (
    select from unnest(urls) as link (url)
    where link.url is null or not private.is_https_url(link.url, 200)
  );

comment on function private.are_links is 'Whether these can be the links of a profile.';
revoke all on function private.are_links (text[]) from public, anon, authenticated, service_role;
grant execute on function private.are_links (text[]) to authenticated, service_role;

create table public.profiles (
  id            uuid         primary key references auth.users (id) on delete cascade,
  username      text         not null,
  display_name  text         not null default '',
  bio           text         not null default '',
  avatar_url    text,
  links         text[]       not null default '{}',
  is_private    boolean      not null default false,
  is_searchable boolean      not null default true,
  shows_likes   boolean      not null default false,
  created_at    timestamptz  not null default now(),

  -- The guard; people hear of private.username_problem() before they get here.
  constraint profiles_username_format check (username ~ '^[A-Za-z0-9_]{3,30}$'),
  constraint profiles_display_name_format check (private.rule(
    char_length(display_name) <= 50 and display_name !~ '[[:cntrl:]]',
    'display_name_format', 'A display name has at most 50 characters, on one line'
  )),
  constraint profiles_bio_length check (private.rule(
    char_length(bio) <= 500,
    'bio_length', 'A bio has at most 500 characters'
  )),
  constraint profiles_avatar_url_format check (private.rule(
    private.is_https_url(avatar_url, 500),
    'avatar_url_format', 'An avatar is an https:// address of at most 500 characters'
  )),
  constraint profiles_links_format check (private.rule(
    private.are_links(links),
    'links_format', 'A profile has at most 5 links, each an https:// address of at most 200 characters'
  ))
);

comment on table  public.profiles is 'People. Made with their account, from the sign-up metadata username and display_name.';
comment on column public.profiles.id is 'The id of the account.';
comment on column public.profiles.username is '3 to 30 letters, digits and underscores, unique whatever the case. A new one can be taken every 7 days; the old one is held back for 30, and its former owner may take it back at any time.';
comment on column public.profiles.display_name is 'At most 50 characters; when empty, show the username.';
comment on column public.profiles.bio is 'Plain text, at most 500 characters.';
comment on column public.profiles.avatar_url is 'An https address, or null.';
comment on column public.profiles.links is 'At most 5 https addresses.';
comment on column public.profiles.is_private is 'Whether only followers see their posts, and only on request does one become a follower. Switching it off accepts the requests that wait.';
comment on column public.profiles.is_searchable is 'Whether search finds them and their posts.';
comment on column public.profiles.shows_likes is 'Whether others see what they liked.';

-- The guard when two people take a name at once.
create unique index profiles_username_key on public.profiles (lower(username));
-- A profile's page, by the name in its address.
create index profiles_username_idx on public.profiles (username);

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

-- Rules ----------------------------------------------------------------------

alter table public.profiles enable row level security;

create policy "people change their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- No insert and no delete, for service_role neither: a profile comes and goes
-- with its account (auth.admin.createUser, auth.admin.deleteUser).
revoke all on public.profiles from public, anon, authenticated, service_role;
grant select on public.profiles to anon, authenticated, service_role;
grant update (username, display_name, bio, avatar_url, links, is_private, is_searchable, shows_likes)
  on public.profiles to authenticated, service_role;

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
  values (new.id, username, left(regexp_replace(display_name, '[[:cntrl:]]+', ' ', 'g'), 50));
  return null;
end;
$$;

comment on function private.users_create_profile is 'Makes the profile of a new account.';
revoke all on function private.users_create_profile () from public, anon, authenticated, service_role;

create trigger users_create_profile
  after insert on auth.users
  for each row
  execute function private.users_create_profile();

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
  problem private.problem := private.username_problem(username, null);
begin
  if username is null or problem is null then
    return '{}';
  end if;
  return jsonb_build_object('error', jsonb_build_object(
    'http_code', problem.status,
    'message', format('%s (%s)', problem.message, problem.code)
  ));
end;
$$;

comment on function private.before_user_created is 'Refuses the sign-up when the username in its metadata cannot be had.';
revoke all on function private.before_user_created (jsonb) from public, anon, authenticated, service_role;
grant usage on schema private to supabase_auth_admin;
grant execute on function private.before_user_created (jsonb) to supabase_auth_admin;

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

-- Somebody as lists show them, beside what they wrote.
create type public.author as (
  id            uuid,
  username      text,
  display_name  text,
  avatar_url    text
);

comment on type public.author is 'Who wrote it: as much of a profile as a list shows.';
