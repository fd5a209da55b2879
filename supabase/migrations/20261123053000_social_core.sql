/*
 * Foundations
 *
 * What every other file stands on: the schema private, which is never exposed;
 * privileges, of which nothing is granted unless a file says so; the way a rule
 * of the product refuses; and the ids of posts.
 */

-- Privileges -----------------------------------------------------------------

-- public is the API, private what the API stands on. Roles of the API may call
-- the private functions granted to them one by one, never through HTTP.
create schema private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- Projects differ in what a new object grants by itself (new ones nothing, old
-- ones everything): here it is nothing. Execute reaches everybody through
-- PUBLIC, and only a default for all schemas takes that away.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

-- For check constraints: a broken rule is told in words, with a code, instead of
-- as the name of a constraint. As with any check, null passes.
create function private.rule(holds boolean, code text, message text)
returns boolean
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
begin
  if not holds then
    raise sqlstate 'PT400' using message = rule.message, detail = rule.code;
  end if;
  return true;
end;
$$;

comment on function private.rule is 'True, or the error PT400 with the message and, as detail, the code.';
revoke all on function private.rule (boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function private.rule (boolean, text, text) to authenticated, service_role;

-- White space, quotes, angle brackets and backslashes have no place in a URL, and
-- a user@host is there to deceive.
create function private.is_https_url(url text, max_length integer)
returns boolean
language sql
immutable
parallel safe
security invoker
return char_length(url) <= max_length and url ~ '^https://[^[:space:][:cntrl:]/?#@"<>\\]+([/?#][^[:space:][:cntrl:]"<>\\]*)?$';

comment on function private.is_https_url is 'Whether it is an https URL that can stand in a page as it is.';
revoke all on function private.is_https_url (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_https_url (text, integer) to authenticated, service_role;

-- Ids ------------------------------------------------------------------------

/*
 * A post's id is the time it was written, so that "newest first" and "older than
 * this one" need no other column, and the index of ids is the timeline:
 *
 *     milliseconds since 2026-01-01 UTC (41 bits)  |  counter (12 bits)
 *
 * 53 bits in all: JSON numbers carry it exactly until September 2095. The counter
 * is a sequence modulo 4096, so two ids are the same only if 4096 ids are taken
 * within one millisecond, or if the clock is set back and meets the same counter
 * again; the primary key then refuses the post, and nothing is lost or replaced.
 * The counter is shifted by a secret amount, another one each millisecond:
 * otherwise two ids would tell how many posts were written between them, those
 * that their reader may not know of included.
 * See docs/decisions/0001-post-ids.md.
 */

create sequence private.id_counter maxvalue 4095 minvalue 0 start 0 cycle cache 1;
revoke all on sequence private.id_counter from public, anon, authenticated, service_role;

create table private.id_secret (
  only_row  boolean primary key default true check (only_row),
  secret    uuid not null default gen_random_uuid()
);

comment on table private.id_secret is 'One row, different in each database: what the counter in ids is shifted by.';
revoke all on private.id_secret from public, anon, authenticated, service_role;

insert into private.id_secret default values;

-- Definer, because nobody may read the secret or move the counter but through it.
create function private.new_id(at timestamptz default clock_timestamp())
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  ms bigint := floor((extract(epoch from new_id.at) - 1767225600) * 1000);
  hash bytea := sha256(uuid_send((select id_secret.secret from private.id_secret)) || int8send(ms));
  shift integer := get_byte(hash, 0) * 256 + get_byte(hash, 1);
begin
  return (ms << 12) | ((nextval('private.id_counter') + shift) & 4095);
end;
$$;

comment on function private.new_id is 'A new id for what is written at that time, greater than those of earlier milliseconds.';
revoke all on function private.new_id (timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.new_id (timestamptz) to authenticated, service_role;
/*
 * profiles
 *
 * Who people are to each other. A profile is made in the same transaction as its
 * user, from the metadata given at sign-up, and goes with it. Everything in it is
 * public; what is not public does not belong into this table.
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

create policy "anyone reads profiles"
  on public.profiles for select
  to anon, authenticated
  using (true);

create policy "people change their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- No insert and no delete, for service_role neither: a profile comes and goes
-- with its account (auth.admin.createUser, auth.admin.deleteUser).
revoke all on public.profiles from public, anon, authenticated, service_role;
grant select on public.profiles to anon, authenticated, service_role;
grant update (username, display_name, bio, avatar_url, links) on public.profiles to authenticated, service_role;

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
/*
 * follows
 *
 * Who follows whom, and how many do. Following is an insert (to be repeated
 * safely: `upsert(…, { ignoreDuplicates: true })`), unfollowing a delete.
 */

-- Tables ---------------------------------------------------------------------

create table public.follows (
  follower_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  followee_id  uuid         not null references public.profiles (id) on delete cascade,
  created_at   timestamptz  not null default now(),

  -- Whom somebody follows.
  primary key (follower_id, followee_id),
  constraint follows_not_oneself check (private.rule(
    follower_id <> followee_id,
    'follow_yourself', 'You cannot follow yourself'
  ))
);

comment on table  public.follows is 'Who follows whom. Insert to follow, delete to unfollow.';
comment on column public.follows.follower_id is 'Who follows: yourself, when left out.';
comment on column public.follows.followee_id is 'Who is followed.';

-- Who follows somebody.
create index follows_followee_id_follower_id_idx on public.follows (followee_id, follower_id);

-- Beside profiles, not in it: a new follower need not wait for a profile being
-- edited, nor rewrite its bio. Free space in every page keeps the new versions
-- of a row beside the old ones, and the index untouched.
create table public.follow_counts (
  profile_id  uuid    primary key references public.profiles (id) on delete cascade,
  followers   bigint  not null default 0 check (followers >= 0),
  following   bigint  not null default 0 check (following >= 0)
) with (fillfactor = 50);

comment on table  public.follow_counts is 'How many follow somebody, and how many they follow. One row for each profile.';
comment on column public.follow_counts.followers is 'How many follow them.';
comment on column public.follow_counts.following is 'How many they follow.';

-- Rules ----------------------------------------------------------------------

alter table public.follows enable row level security;
alter table public.follow_counts enable row level security;

create policy "anyone reads who follows whom"
  on public.follows for select
  to anon, authenticated
  using (true);

create policy "people follow in their own name"
  on public.follows for insert
  to authenticated
  with check (follower_id = (select auth.uid()));

create policy "people unfollow in their own name"
  on public.follows for delete
  to authenticated
  using (follower_id = (select auth.uid()));

create policy "anyone reads how many follow whom"
  on public.follow_counts for select
  to anon, authenticated
  using (true);

-- No update: another followee is another follow. Counts are the triggers' alone.
revoke all on public.follows, public.follow_counts from public, anon, authenticated, service_role;
grant select on public.follows to anon, authenticated, service_role;
grant insert (follower_id, followee_id) on public.follows to authenticated, service_role;
grant delete on public.follows to authenticated, service_role;
grant select on public.follow_counts to anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * Locks are always taken in this order, so that nobody waits in a circle: one's
 * turn, the profile that goes, follows, the profiles that a follow refers to,
 * follow_counts; rows of one table by their key.
 */

-- One person's requests wait for each other: two that name the same people in
-- another order would wait in a circle, each for a row that the other inserted.
create function private.follows_take_turns()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('follows of ' || auth.uid(), 0));
  return null;
end;
$$;

comment on function private.follows_take_turns is 'Lets one person follow by one request at a time.';
revoke all on function private.follows_take_turns () from public, anon, authenticated, service_role;

create trigger follows_take_turns
  before insert on public.follows
  for each statement
  execute function private.follows_take_turns();

-- Definer, because nobody may write counts.
create function private.profiles_create_follow_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.follow_counts (profile_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_follow_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_follow_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_follow_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_follow_counts();

-- Definer, because nobody may write counts. The rows are locked by one statement
-- and counted by the next, which sees what the first had waited for.
create function private.follows_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from public.follow_counts
  where follow_counts.profile_id in (
    select changed.follower_id from changed
    union all
    select changed.followee_id from changed
  )
  order by follow_counts.profile_id
  for no key update;

  update public.follow_counts
  set followers = follow_counts.followers + step * change.followers,
      following = follow_counts.following + step * change.following
  from (
    select side.profile_id, sum(side.followers) as followers, sum(side.following) as following
    from (
      select changed.followee_id, 1, 0 from changed
      union all
      select changed.follower_id, 0, 1 from changed
    ) as side (profile_id, followers, following)
    group by side.profile_id
  ) as change
  where follow_counts.profile_id = change.profile_id;
  return null;
end;
$$;

comment on function private.follows_count is 'Keeps follow_counts equal to a count of follows.';
revoke all on function private.follows_count () from public, anon, authenticated, service_role;

create trigger follows_count_inserted
  after insert on public.follows
  referencing new table as changed
  for each statement
  execute function private.follows_count();

create trigger follows_count_deleted
  after delete on public.follows
  referencing old table as changed
  for each statement
  execute function private.follows_count();

-- Left to the foreign keys, a profile's follows would end in two statements, each
-- with an order of locks of its own. Definer, because they are others' follows too.
create function private.profiles_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id
  order by follows.follower_id, follows.followee_id
  for update;

  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_follows is 'Ends all follows of a profile that goes, in one statement.';
revoke all on function private.profiles_end_follows () from public, anon, authenticated, service_role;

create trigger profiles_end_follows
  before delete on public.profiles
  for each row
  execute function private.profiles_end_follows();
/*
 * posts
 *
 * What people write. A post belongs to its author and goes with their account.
 * Its text is plain text, stored as it came and never HTML: whoever shows it
 * escapes it. What it said before an edit stays readable to whoever can read it.
 */

-- Tables ---------------------------------------------------------------------

create table public.posts (
  id          bigint       primary key default private.new_id(),
  author_id   uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  title       text         not null default '',
  content     text         not null,
  -- As the id, the time of the insert itself and not of its transaction.
  created_at  timestamptz  not null default clock_timestamp(),
  edited_at   timestamptz,

  constraint posts_title_format check (private.rule(
    char_length(title) <= 200 and title !~ '[[:cntrl:]]',
    'title_format', 'A title has at most 200 characters, on one line'
  )),
  constraint posts_content_length check (private.rule(
    char_length(content) between 1 and 10000 and content ~ '[^[:space:]]',
    'content_length', 'A post has 1 to 10,000 characters, not only spaces'
  ))
);

comment on table  public.posts is 'What people write: plain text, to be escaped by whoever shows it. A higher id was written later: order and page by it.';
comment on column public.posts.id is 'Made of the time of writing; a JSON number carries it exactly.';
comment on column public.posts.author_id is 'Who wrote it: yourself, when left out.';
comment on column public.posts.title is 'At most 200 characters, on one line; may be empty.';
comment on column public.posts.content is '1 to 10,000 characters of plain text.';
comment on column public.posts.edited_at is 'When it was last edited, null when never. What it said before is in post_versions.';

-- A profile's posts, newest first, and each followee's part of a home feed.
create index posts_author_id_id_idx on public.posts (author_id, id desc);

create table public.post_versions (
  post_id      bigint       not null references public.posts (id) on delete cascade,
  version      integer      not null,
  title        text         not null,
  content      text         not null,
  created_at   timestamptz  not null,
  replaced_at  timestamptz  not null,

  -- A post's history, in order.
  primary key (post_id, version)
);

comment on table  public.post_versions is 'What posts said before they were edited. Whoever can read the post can read them.';
comment on column public.post_versions.version is '1 is what was first written; the post itself is the one after the highest.';
comment on column public.post_versions.created_at is 'From when the post said this.';
comment on column public.post_versions.replaced_at is 'Until when the post said this.';

-- Beside profiles for the reasons of follow_counts, and apart from that because
-- it is for those who can read somebody's posts, not for those who see them.
create table public.author_counts (
  author_id  uuid    primary key references public.profiles (id) on delete cascade,
  posts      bigint  not null default 0 check (posts >= 0)
) with (fillfactor = 50);

comment on table  public.author_counts is 'How much somebody wrote. One row for each profile.';
comment on column public.author_counts.posts is 'How many posts they wrote and did not delete.';

-- Rules ----------------------------------------------------------------------

alter table public.posts enable row level security;
alter table public.post_versions enable row level security;
alter table public.author_counts enable row level security;

create policy "anyone reads posts"
  on public.posts for select
  to anon, authenticated
  using (true);

create policy "people post in their own name"
  on public.posts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

create policy "authors edit their own posts"
  on public.posts for update
  to authenticated
  using (author_id = (select auth.uid()))
  with check (author_id = (select auth.uid()));

create policy "authors delete their own posts"
  on public.posts for delete
  to authenticated
  using (author_id = (select auth.uid()));

-- The question goes through the rules of posts: whatever they come to be, they
-- hold for earlier versions too.
create policy "whoever reads a post reads its earlier versions"
  on public.post_versions for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_versions.post_id));

create policy "anyone reads how much somebody wrote"
  on public.author_counts for select
  to anon, authenticated
  using (true);

-- The columns that a client may write are the API: id, created_at and edited_at
-- are ours to fill in, and a post never changes its author. Versions and counts
-- are the triggers' alone.
revoke all on public.posts, public.post_versions, public.author_counts from public, anon, authenticated, service_role;
grant select on public.posts, public.post_versions, public.author_counts to anon, authenticated, service_role;
grant insert (author_id, title, content) on public.posts to authenticated, service_role;
grant update (title, content) on public.posts to authenticated, service_role;
grant delete on public.posts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write history. The post's row is locked by now, so
-- its versions are numbered one after the other.
create function private.posts_keep_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
begin
  -- Never before the version it replaces, whatever became of the clock.
  new.edited_at := greatest(clock_timestamp(), written_at);

  insert into public.post_versions (post_id, version, title, content, created_at, replaced_at)
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id;
  return new;
end;
$$;

comment on function private.posts_keep_version is 'Keeps what a post said before an edit.';
revoke all on function private.posts_keep_version () from public, anon, authenticated, service_role;

create trigger posts_keep_version
  before update of title, content on public.posts
  for each row
  when (old.title is distinct from new.title or old.content is distinct from new.content)
  execute function private.posts_keep_version();

-- Definer, because nobody may write counts.
create function private.profiles_create_author_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.author_counts (author_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_author_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_author_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_author_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_author_counts();

-- Definer, because nobody may write counts. Locked and counted as in follows_count().
create function private.posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from public.author_counts
  where author_counts.author_id in (select changed.author_id from changed)
  order by author_counts.author_id
  for no key update;

  update public.author_counts
  set posts = author_counts.posts + step * change.posts
  from (
    select changed.author_id, count(*) as posts
    from changed
    group by changed.author_id
  ) as change
  where author_counts.author_id = change.author_id;
  return null;
end;
$$;

comment on function private.posts_count is 'Keeps author_counts equal to a count of posts.';
revoke all on function private.posts_count () from public, anon, authenticated, service_role;

create trigger posts_count_inserted
  after insert on public.posts
  referencing new table as changed
  for each statement
  execute function private.posts_count();

create trigger posts_count_deleted
  after delete on public.posts
  referencing old table as changed
  for each statement
  execute function private.posts_count();
/*
 * home_feed
 *
 * The newest posts of oneself and of those one follows. Nothing is copied when
 * somebody posts: the feed is read from follows and posts each time, so a
 * follow, an unfollow or a deletion shows on the next read, and a post costs the
 * same whatever its author's audience.
 *
 * The cursor is the id of the last post on a page. Ids never change and the next
 * page holds only lower ones, so no post comes twice; and every post that could
 * be read when the first page was, and that nobody deletes meanwhile, comes once.
 *
 * A post takes its id a moment before its transaction commits. One that commits
 * while somebody turns pages comes on a later page if its id is below their
 * cursor, and otherwise, as nearly always, at the next read from the top.
 */

/*
 * Two phases: (1) of every followee the newest post below the cursor, one probe
 * of the index each, and of those the newest page_size; (2) only their authors
 * can have posts on the page, and none older than the oldest of those heads, if
 * there are as many. The rest of a post is read for what is on the page alone.
 *
 * Definer, because row-level security, asked for every row that is probed, costs
 * more than the feed itself; its conditions are repeated here, and a test proves
 * that the answers are the same. Plpgsql, because its plan is kept.
 */
create function private.home_feed(before bigint, page_size integer)
returns table (
  id          bigint,
  author_id   uuid,
  title       text,
  content     text,
  created_at  timestamptz,
  edited_at   timestamptz,
  author      public.author
)
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
begin
  if viewer_id is null then
    raise sqlstate 'PT401' using message = 'Sign in to read your home feed', detail = 'not_signed_in';
  end if;
  if page_size is null or page_size not between 1 and 100 then
    raise sqlstate 'PT400' using
      message = 'A page has 1 to 100 posts', detail = 'page_size_range';
  end if;

  return query
  with head as materialized (
    select newest.author_id, newest.id
    from (
      select follows.followee_id
      from public.follows
      where follows.follower_id = viewer_id
      union all
      select viewer_id
    ) as source (author_id)
    cross join lateral (
      select posts.author_id, posts.id
      from public.posts
      where posts.author_id = source.author_id
        and posts.id < coalesce(home_feed.before, 9223372036854775807)
      order by posts.id desc
      limit 1
    ) as newest
    order by newest.id desc
    limit page_size
  ),
  page as materialized (
    select candidate.id
    from head
    cross join lateral (
      select posts.id
      from public.posts
      where posts.author_id = head.author_id
        and posts.id <= head.id
        and posts.id >= (
          select case when count(*) = page_size then min(lowest.id) else -9223372036854775808 end
          from head as lowest
        )
      order by posts.id desc
      limit page_size
    ) as candidate
    order by candidate.id desc
    limit page_size
  )
  select
    posts.id, posts.author_id, posts.title, posts.content, posts.created_at, posts.edited_at,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
  from page
  join public.posts on posts.id = page.id
  join public.profiles on profiles.id = posts.author_id
  order by posts.id desc;
end;
$$;

comment on function private.home_feed is 'What public.home_feed() answers.';
revoke all on function private.home_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.home_feed (bigint, integer) to authenticated;

create function public.home_feed(before bigint default null, page_size integer default 20)
returns table (
  id          bigint,
  author_id   uuid,
  title       text,
  content     text,
  created_at  timestamptz,
  edited_at   timestamptz,
  author      public.author
)
language sql
stable
security invoker
rows 20
begin atomic
  select feed.*
  from private.home_feed(home_feed.before, home_feed.page_size) as feed;
end;

comment on function public.home_feed is 'The newest posts of yourself and those you follow, newest first, with their authors. Give the id of the last post as before to turn the page; page_size is 1 to 100.';
revoke all on function public.home_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.home_feed (bigint, integer) to authenticated;
