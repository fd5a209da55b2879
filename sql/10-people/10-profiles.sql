/*
 * profiles
 *
 * Who people are to each other. Usernames are in 15-usernames.sql. 20-accounts.sql makes a
 * profile when an account is confirmed. Who reads it is in 30-blocks.sql.
 */

-- Table ----------------------------------------------------------------------

-- A check cannot look into an array by itself, and calls only what is immutable.
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
  id              uuid         primary key references auth.users (id) on delete cascade,
  username        text         not null,
  display_name    text         not null default '',
  bio             text         not null default '',
  avatar_url      text,
  links           text[]       not null default '{}',
  is_private      boolean      not null default false,
  is_searchable   boolean      not null default true,
  is_discoverable boolean      not null default true,
  shows_likes     boolean      not null default false,
  created_at      timestamptz  not null default now(),

  -- The last guard. Before it, private.username_problem() refuses with words.
  constraint profiles_username_format check (username ~ '^[A-Za-z0-9_]{3,30}$'),
  constraint profiles_display_name_format check (private.rule(
    char_length(display_name) <= 50 and private.is_name(display_name),
    'display_name_format', 'A display name is one line of at most 50 characters, with something to see and without direction marks'
  )),
  constraint profiles_bio_length check (private.rule(
    char_length(bio) <= 500 and (bio = '' or not private.is_blank(bio)),
    'bio_length', 'A bio is empty, or has at most 500 characters, not only blank ones'
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

comment on table  public.profiles is 'People. A profile is made when its account is confirmed, with the username and display_name of the sign-up metadata.';
comment on column public.profiles.id is 'The id of the account.';
comment on column public.profiles.username is '3 to 30 letters, digits and underscores, unique in any case of letters. You can take a new one every 7 days. The old one is held for 30 days, and you can take it back at any time.';
comment on column public.profiles.display_name is 'At most 50 characters, on one line; when it is empty, show the username.';
comment on column public.profiles.bio is 'Plain text, at most 500 characters.';
comment on column public.profiles.avatar_url is 'An https address, or null.';
comment on column public.profiles.links is 'At most 5 https addresses.';
comment on column public.profiles.is_private is 'Whether only followers see their posts, and whether you have to ask before you follow them. Switching it off accepts the requests that wait.';
comment on column public.profiles.is_searchable is 'Whether search_people() finds them and search_posts() their posts. When off, only they themselves do. It hides nothing: anybody who knows the username, or filters profiles or posts, still finds them.';
comment on column public.profiles.is_discoverable is 'Whether they are suggested to others, and whether their posts and likes count in trends and may be shown there. It hides nothing.';
comment on column public.profiles.shows_likes is 'Whether others see what they liked.';

-- The last guard when two people take a name at once; private.lock_username() comes first.
create unique index profiles_username_key on public.profiles (lower(username));
-- The page of a profile, found by the name in its address.
create index profiles_username_idx on public.profiles (username);
-- Which of many people have private accounts (80-suggestions/25-asking-again.sql). Few have one, so the index is small.
create index profiles_id_private_idx on public.profiles (id) where is_private;

-- Rules ----------------------------------------------------------------------

alter table public.profiles enable row level security;

create policy "people change their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- Nobody inserts or deletes a profile, service_role included. It is made when its account is
-- confirmed, and goes with the account (auth.admin.deleteUser).
revoke all on public.profiles from public, anon, authenticated, service_role;
grant select on public.profiles to anon, authenticated, service_role;
grant update (username, display_name, bio, avatar_url, links, is_private, is_searchable, is_discoverable, shows_likes)
  on public.profiles to authenticated, service_role;

-- Somebody as a list shows them, beside what they wrote.
create type public.author as (
  id            uuid,
  username      text,
  display_name  text,
  avatar_url    text
);

comment on type public.author is 'Who wrote something: the part of a profile that a list shows.';
comment on column public.author.avatar_url is 'An https address, or null.';
